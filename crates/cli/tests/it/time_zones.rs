//! The machine's time zone, by TZ or by the file that /etc/localtime stands for, changes between runs and under one:
//! pace, hours, the number of a day, retries and deadlines stay what they are. Zones are named in delivery.toml.
//!
//! Runs are in the year 2999, so that nothing here depends on the day on which it is tested.

use crate::harness::{Incident, Run, Running, list_of, program};
use forthwith_testkit::{
    relay::{Act, At, Moment, Relay, Script},
    tools,
};
use jiff::Timestamp;
use serde_json::json;
use std::{fs, path::Path, process::Command};

/// Zones of the machine, up to a day apart (POSIX: hours west of UTC); where no file is, the system takes UTC.
const ZONES: [&str; 4] = ["EAST-14", "WEST8", "MID-5:30", ":/nowhere/localtime"];

/// Five people on a list, whose delivery.toml names `relay` and ends with `more`.
fn incident(relay: &Relay, more: &str) -> Incident {
    let incident = Incident::with_list(list_of(5));
    incident.replace("incident.toml", "deadline = 2020-10-26T12:00:00Z", "deadline = 2999-06-05T12:00:00Z");
    incident.write("delivery.toml", format!("connections = 1\nrelay = \"{}\"\n{more}", relay.url()));
    incident.run("notify", &["--dry-run"]).exits(0);
    incident
}

/// Returns the program under a clock that shows `at` now, on a machine whose zone is `zone`.
fn there(faketime: &Path, at: &str, zone: &str, incident: &Incident, words: &[&str]) -> Command {
    let at: Timestamp = at.parse().unwrap();
    let ahead = at.as_second() - Timestamp::now().as_second();
    let (own, mut command) = (program(), Command::new(faketime));
    // An offset means the same in every zone.
    command.args(["-f", &format!("+{ahead}s")]).arg(own.get_program()).arg(words[0]).arg(incident.path());
    command.args(&words[1..]).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TZ", zone);
    command
}

/// Returns the file of a zone that is `hours` ahead of UTC (RFC 8536, version 1: one type of local time).
fn zone_file(hours: i32) -> Vec<u8> {
    let counts = [0_u32, 0, 0, 0, 1, 4].map(u32::to_be_bytes).concat();
    let offset = (hours * 3_600).to_be_bytes();
    [b"TZif", &[0; 16][..], &counts, &offset, &[0, 0], b"FAR\0"].concat()
}

#[test]
fn between_runs_it_changes_no_limit_no_hour_and_no_deadline() {
    let Some(faketime) = tools::require("faketime") else { return };
    let refused = |moment: &Moment<'_>| {
        (moment.at == At::Rcpt && moment.command.contains("<p1@")).then(|| Act::say("450 4.2.1 mailbox busy"))
    };
    let relay = Relay::start(Script::new(["PIPELINING"]).on(refused)).unwrap();
    let incident = incident(&relay, "hours = \"08:00-18:00 Europe/Berlin\"\nper_day = 3\nrate = \"3/h\"\n");
    let said = |at: &str, zone: &str, words: &[&str], exit: i32| {
        Run::of(there(&faketime, at, zone, &incident, words).output().unwrap(), words).exits(exit).json()
    };
    let notify = ["notify", "--confirm", "5", "--no-wait", "--format", "json"];
    let rests = |at: &str, zone: &str, until: &str, mails: usize| {
        let report = said(at, zone, &notify, 5);
        assert_eq!((&report["rests"]["until"], relay.times(At::Mail)), (&json!(until), mails), "{zone}: {report}");
        report["forecast"]["end"].clone()
    };
    // Closed: it is half past seven in Berlin, and evening, night or noon elsewhere.
    for zone in ZONES {
        rests("2999-06-03T05:30:00Z", zone, "2999-06-03T06:00:00Z", 0);
    }
    // Berlin's day has three, and ends when it ends in Berlin.
    rests("2999-06-03T06:10:00Z", ZONES[0], "2999-06-04T06:00:00Z", 3);
    let ends = ZONES.map(|zone| rests("2999-06-03T12:30:00Z", zone, "2999-06-04T06:00:00Z", 3));
    assert!(ends[0].is_string() && ends.iter().all(|end| *end == ends[0]), "{ends:?}");
    // A retry, a limit and the deadline's margin are moments.
    let stories = ZONES.map(|zone| said("2999-06-03T12:30:00Z", zone, &["explain", "C1", "--format", "json"], 0));
    assert!(stories.iter().all(|story| *story == stories[0]), "{stories:?}");
    let give_up_at = ZONES
        .map(|zone| said("2999-06-03T12:30:00Z", zone, &["status", "--format", "json"], 0)["give_up_at"].clone());
    assert_eq!(give_up_at, [(); 4].map(|()| json!("2999-06-05T00:00:00Z")), "twelve hours before the deadline");
}

#[test]
fn under_a_run_it_changes_nothing() {
    let Some(faketime) = tools::require("faketime") else { return };
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    let incident = incident(&relay, "hours = \"08:00-18:00 Europe/Berlin\"\n");
    let folder = tempfile::tempdir().unwrap();
    let localtime = folder.path().join("localtime");
    let moved_to = |hours: i32| {
        let next = folder.path().join("next");
        fs::write(&next, zone_file(hours)).unwrap();
        fs::rename(&next, &localtime).unwrap();
    };
    // It is afternoon there already; in Berlin the hours begin in two seconds.
    moved_to(9);
    let zone = format!(":{}", localtime.display());
    let words = ["notify", "--confirm", "5", "--format", "json"];
    let running = Running::start(there(&faketime, "2999-06-03T05:59:58Z", &zone, &incident, &words), &words);
    running.has_warned("Nothing begins until 2999-06-03 08:00 Europe/Berlin");
    assert_eq!(relay.times(At::Mail), 0);
    // And now it is night.
    moved_to(-8);
    running.wait().exits(0);
    assert_eq!(relay.received().len(), 5);
}
