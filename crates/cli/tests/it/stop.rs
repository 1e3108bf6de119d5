//! `forthwith stop`, and the signals that do the same.

use crate::harness::{Incident, OCTOBER, PATIENCE, Running, count};
use forthwith_testkit::{
    relay::{Act, At, Relay, Script},
    server::wait_until,
};
use rustix::process::Signal;
use serde_json::json;
use std::collections::BTreeSet;

const PEOPLE: usize = 40;

fn slow_run(incident: &Incident, relay: &Relay) -> Running {
    let url = format!("smtp://{}", relay.address());
    let words = ["--relay", &url, "--confirm", "40", "--rate", "1/s", "--format", "json"];
    let run = incident.start("notify", &words);
    assert!(wait_until(PATIENCE, || !relay.received().is_empty()));
    run
}

/// Goes on, and looks that everybody was told once.
fn goes_on(incident: &Incident, relay: &Relay) {
    incident.tell(&format!("smtp://{}", relay.address()), &[]).exits(0);
    let told: BTreeSet<_> = relay.received().into_iter().map(|message| message.rcpt).collect();
    assert_eq!((told.len(), relay.received().len()), (PEOPLE, PEOPLE));
}

#[test]
fn a_run_is_stopped_from_another_terminal_and_goes_on_later() {
    let incident = Incident::frozen_with(PEOPLE);
    let relay = Relay::start(Script::new([])).unwrap();
    let run = slow_run(&incident, &relay);
    let stop =
        incident.json("stop", &["--reason", "wrong telephone number", "--by", "Ines Okafor"]).exits(0).json();
    assert_eq!((&stop["stop_requested"], &stop["by"]), (&json!(true), &json!("Ines Okafor")));
    let report = run.wait().exits(5).json();
    assert_eq!((&report["ended"], &report["exit"]), (&json!("stopped"), &json!(5)));
    assert_eq!(count(&report["states"]["in_doubt"]) + count(&report["states"]["in_flight"]), 0, "{report}");
    assert!(count(&report["states"]["queued"]) > 0, "{report}");
    // The wish does not stop the next run.
    goes_on(&incident, &relay);
}

#[test]
fn without_a_run_there_is_nothing_to_stop() {
    let incident = Incident::example(OCTOBER);
    incident.run("stop", &["--reason", "x"]).exits(4).warns(&["error: "]).hints();
    assert!(!incident.file("out").exists(), "stop makes no ledger");
    incident.run("notify", &["--dry-run"]).exits(0);
    incident.run("stop", &["--reason", "x"]).exits(4).warns(&["nothing was stopped"]);
    let report = incident.json("notify", &["--rate", "unlimited"]).exits(0).json();
    assert_eq!(report["states"]["accepted"], 12);
}

#[test]
fn a_rehearsal_is_stopped_apart() {
    let incident = Incident::with_list(crate::harness::list_of(PEOPLE));
    let run = incident.start("notify", &["--rate", "1/s"]);
    let inbox = incident.file("out/rehearsal/inbox");
    let has_begun = || std::fs::read_dir(&inbox).is_ok_and(|mut entries| entries.next().is_some());
    assert!(wait_until(PATIENCE, has_begun));
    incident.run("stop", &["--reason", "x"]).exits(4);
    incident.run("stop", &["--reason", "x", "--rehearsal"]).exits(0).says(&["asked to stop", "forthwith status"]);
    run.wait().exits(5).says(&["Stopped. ", "goes on with"]);
}

#[test]
fn signals_drain() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let incident = Incident::frozen_with(PEOPLE);
        let relay = Relay::start(Script::new([])).unwrap();
        let run = slow_run(&incident, &relay);
        run.signal(signal);
        let ended = run.wait().exits(5).warns(&["Stopping: open replies are waited for"]);
        let report = ended.json();
        assert_eq!((&report["ended"], &report["states"]["in_doubt"]), (&json!("stopped"), &json!(0)));
        if signal == Signal::INT {
            goes_on(&incident, &relay);
        }
    }
}

#[test]
fn a_first_signal_waits_for_an_open_reply_and_a_second_leaves_it_in_doubt() {
    let incident = Incident::frozen_with(2);
    let relay = Relay::start(Script::new([]).always(At::Dot, Act::Stall)).unwrap();
    let url = format!("smtp://{}", relay.address());
    let words = ["--relay", &url, "--confirm", "2", "--connections", "1", "--format", "json"];
    let run = incident.start("notify", &words);
    assert!(wait_until(PATIENCE, || relay.times(At::Dot) == 1));
    run.signal(Signal::INT);
    run.has_warned("Stopping: open replies are waited for");
    assert_eq!(incident.json("status", &[]).json()["running"], true);
    run.signal(Signal::INT);
    let report = run.wait().exits(5).json();
    assert_eq!(report["states"]["in_doubt"], 1, "{report}");
    assert_eq!((relay.received().len(), &report["states"]["queued"]), (1, &json!(1)));
}
