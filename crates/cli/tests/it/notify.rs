//! `forthwith notify`: rehearsal, going on, drift, limits. Release and confirmation: `release.rs`.

use crate::harness::{Incident, JANUARY, OCTOBER, OCTOBER_PLANNED, count};
use forthwith_testkit::relay::{Act, At, Relay, Script};
use serde_json::json;
use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _};

#[test]
fn both_examples_are_rehearsed_and_a_second_run_opens_no_connection() {
    for (example, planned) in [(OCTOBER, OCTOBER_PLANNED), (JANUARY, 10)] {
        let incident = Incident::example(example);
        let report = incident.json("notify", &[]).exits(0).json();
        assert_eq!((&report["rehearsal"], &report["ended"]), (&json!(true), &json!("done")));
        assert_eq!((&report["states"]["accepted"], &report["attempts"]), (&json!(planned), &json!(planned)));
        assert!(report["digest"].as_str().unwrap().starts_with("sha256:"));
        let inbox = incident.inbox();
        let again = incident.json("notify", &[]).exits(0).json();
        assert_eq!((&again["attempts"], &again["commits"]), (&json!(0), &json!(0)));
        assert_eq!((&again["states"], &again["digest"]), (&report["states"], &report["digest"]));
        incident.run("notify", &[]).exits(0).says(&[
            "Rehearsal: captured here, nobody was told",
            "All are accepted already: no connection was opened.",
            "rehearsal/inbox",
            "Next: ",
        ]);
        assert_eq!(incident.inbox(), inbox);
    }
}

#[test]
fn the_inbox_holds_one_message_for_each_notice_and_nothing_else() {
    let incident = Incident::example(OCTOBER);
    incident.run("notify", &[]).exits(0);
    let inbox = incident.inbox();
    assert_eq!(inbox.len() as u64, OCTOBER_PLANNED);
    let mut tokens = BTreeSet::new();
    for (i, (name, bytes)) in inbox.iter().enumerate() {
        let (sequence, token) = name.strip_suffix(".eml").unwrap().split_once('-').unwrap();
        assert_eq!(sequence.parse::<usize>().unwrap(), i + 1, "{name}");
        let text = std::str::from_utf8(bytes).unwrap();
        assert!(text.contains(&format!("\r\nX-Forthwith-ID: {token}\r\n")), "{name}: {text}");
        let told = incident.json("explain", &[token, "--rehearsal"]).exits(0).json();
        assert_eq!(told["stories"][0]["state"], "accepted");
        tokens.insert(token.to_owned());
    }
    assert_eq!(tokens.len(), inbox.len());
}

#[test]
fn what_is_made_is_for_its_owner_alone() {
    let incident = Incident::frozen();
    incident.run("notify", &[]).exits(0);
    let mut folders = vec![incident.file("out")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
            }
        }
    }
    assert!(files > 15, "{files}");
}

#[test]
fn a_rehearsal_tells_a_real_run_nothing() {
    let incident = Incident::frozen();
    incident.run("notify", &[]).exits(0);
    let real = incident.json("status", &[]).exits(0).json();
    assert_eq!((&real["rehearsal"], &real["states"]["queued"]), (&json!(false), &json!(OCTOBER_PLANNED)));
    let relay = Relay::start(Script::new([])).unwrap();
    let report = incident.tell(&format!("smtp://{}", relay.address()), &[]).exits(0).json();
    assert_eq!((&report["rehearsal"], &report["exit"]), (&json!(false), &json!(0)));
    assert_eq!(relay.received().len() as u64, OCTOBER_PLANNED);
}

#[test]
fn a_finished_plan_opens_no_connection_to_a_relay() {
    let incident = Incident::frozen();
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    let url = format!("smtp://{}", relay.address());
    incident.tell(&url, &[]).exits(0);
    let connected = relay.times(At::Connect);
    let again = incident.tell(&url, &[]).exits(0).json();
    assert_eq!((&again["attempts"], relay.times(At::Connect)), (&json!(0), connected));
    assert_eq!(relay.received().len() as u64, OCTOBER_PLANNED);
    // Even then, a wrong number is a wrong number.
    incident.run("notify", &["--relay", &url, "--confirm", "11"]).exits(4).warns(&["\"11\""]);
}

#[test]
fn each_envelope_names_one_person_and_no_two_notices_share_one() {
    let incident = Incident::frozen();
    let relay = Relay::start(Script::new(["PIPELINING", "DSN"])).unwrap();
    incident.tell(&format!("smtp://{}", relay.address()), &["--connections", "3"]).exits(0);
    let received = relay.received();
    let recipients: BTreeSet<_> = received.iter().map(|message| message.rcpt.clone()).collect();
    let senders: BTreeSet<_> = received.iter().map(|message| message.mail.clone()).collect();
    assert_eq!((recipients.len(), senders.len()), (received.len(), received.len()));
    assert!(
        recipients.iter().any(|rcpt| rcpt.contains("<info@xn--bcher-mwe-s4a9g.example>") || rcpt.contains("@xn--")),
        "{recipients:?}"
    );
    assert!(relay.times(At::Connect) <= 3);
}

#[test]
fn a_drifted_input_ends_with_4_and_is_named() {
    for (name, change) in [
        ("affected.csv", "K-2000,new@people.example,New,US,OR\n"),
        ("incident.toml", "\n# a remark\n"),
        ("affected.toml", "\n# a remark\n"),
        ("templates/greeting.en.md", "Hello,\n"),
    ] {
        let incident = Incident::frozen();
        incident.run("notify", &[]).exits(0);
        if name.starts_with("templates") {
            incident.write(name, change);
        } else {
            incident.append(name, change);
        }
        let relay = Relay::start(Script::new([])).unwrap();
        let url = format!("smtp://{}", relay.address());
        let real = ["--relay", &url, "--confirm", "12"];
        incident.run("notify", &real).exits(4).warns(&[name, "not those that were frozen"]).hints();
        incident.run("notify", &[]).exits(4).warns(&[name, "--fresh"]);
        assert_eq!(relay.times(At::Connect), 0, "{name}");
    }
}

#[test]
fn delivery_settings_are_no_drift() {
    let incident = Incident::frozen();
    incident.append("delivery.toml", "\n# other hours\n");
    let relay = Relay::start(Script::new([])).unwrap();
    incident.tell(&format!("smtp://{}", relay.address()), &[]).exits(0);
}

#[test]
fn a_rehearsal_begins_anew_when_told_to() {
    let incident = Incident::example(OCTOBER);
    let before = incident.json("notify", &[]).exits(0).json();
    incident.append("incident.toml", "\n# a remark\n");
    incident.run("notify", &[]).exits(4);
    let after = incident.json("notify", &["--fresh"]).exits(0).json();
    assert_eq!((&after["states"]["accepted"], &after["attempts"]), (&json!(12), &json!(12)));
    assert_ne!(before["digest"], after["digest"]);
    assert_eq!(incident.inbox().len(), 12);
}

#[test]
fn a_rehearsal_that_offered_nothing_follows_its_inputs() {
    let incident = Incident::example(OCTOBER);
    let before = incident.json("notify", &["--limit", "0"]).exits(5).json();
    incident.append("incident.toml", "\n# a remark\n");
    let after = incident.json("notify", &[]).exits(0).json();
    assert_ne!(before["digest"], after["digest"]);
}

#[test]
fn when_every_input_is_gone_the_ledger_goes_on() {
    let incident = Incident::frozen();
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    incident.tell(&url, &["--limit", "5"]).exits(5);
    for file in ["incident.toml", "affected.toml", "affected.csv", "delivery.toml"] {
        incident.remove(file);
    }
    let run = incident.tell(&url, &[]).exits(0);
    for file in ["incident.toml", "affected.toml", "affected.csv"] {
        assert!(run.stderr.contains(&format!("{file} is gone")), "{}", run.stderr);
    }
    let recipients: BTreeSet<_> = relay.received().iter().map(|message| message.rcpt.clone()).collect();
    assert_eq!((recipients.len(), relay.received().len()), (12, 12));
    incident.run("status", &[]).exits(0).says(&["12  accepted by the relay"]);
    incident.run("explain", &["K-1004"]).exits(0).says(&["山田 太郎", "accepted"]);
}

#[test]
fn a_canary_goes_first_and_the_rest_follows() {
    let incident = Incident::frozen();
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    let canary = incident.tell(&url, &["--limit", "3"]).exits(5).json();
    assert_eq!((&canary["ended"], &canary["exit"]), (&json!("limit-reached"), &json!(5)));
    assert_eq!((count(&canary["states"]["accepted"]), count(&canary["states"]["queued"])), (3, 9));
    assert_eq!(relay.received().len(), 3);
    let rest = incident.tell(&url, &[]).exits(0).json();
    assert_eq!(rest["attempts"], 9);
    let recipients: BTreeSet<_> = relay.received().iter().map(|message| message.rcpt.clone()).collect();
    assert_eq!((recipients.len(), relay.received().len()), (12, 12));
}

#[test]
fn later_retries_are_left_where_nobody_waits_for_them() {
    let incident = Incident::frozen();
    let script = Script::new([]).on(|moment| {
        let is_ada = moment.command.contains("<ada.byrne@");
        (moment.at == At::Rcpt && is_ada).then(|| Act::say("450 4.2.1 try later"))
    });
    let relay = Relay::start(script).unwrap();
    let url = format!("smtp://{}", relay.address());
    let report = incident.tell(&url, &["--no-wait"]).exits(5).json();
    assert_eq!((&report["ended"], &report["states"]["deferred"]), (&json!("only-later-retries"), &json!(1)));
    assert_eq!(report["states"]["accepted"], 11);
    incident.run("explain", &["K-1001"]).exits(0).says(&["deferred", "450", "4.2.1", "try later"]);
    // It is not due yet: nothing is attempted again so soon.
    let again = incident.tell(&url, &["--no-wait"]).exits(5).json();
    assert_eq!((&again["attempts"], &again["states"]), (&json!(0), &report["states"]));
}

#[test]
fn a_second_notify_ends_with_6_before_it_connects() {
    let incident = Incident::frozen_with(60);
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    let first = incident.start("notify", &["--relay", &url, "--confirm", "60", "--rate", "1/s"]);
    assert!(forthwith_testkit::server::wait_until(crate::harness::PATIENCE, || !relay.received().is_empty()));
    let other = Relay::start(Script::new([])).unwrap();
    let second = incident.run("notify", &["--relay", &format!("smtp://{}", other.address()), "--confirm", "60"]);
    second.exits(6).warns(&["the ledger cannot be used"]).hints();
    assert_eq!(other.times(At::Connect), 0);
    first.signal(rustix::process::Signal::INT);
    first.wait().exits(5);
}

#[test]
fn without_a_terminal_progress_is_plain_lines_with_rate_and_time_left() {
    let incident = Incident::with_list(crate::harness::list_of(24));
    let run = incident.start("notify", &["--rate", "2/s"]);
    let quiet = Incident::with_list(crate::harness::list_of(24));
    let quiet = quiet.start("notify", &["--rate", "2/s", "--quiet"]);
    let said = run.wait().exits(0).stderr;
    let is_whole = |line: &str| {
        line.starts_with("delivering ") && [" of 24 · ", "/s · ", " left"].iter().all(|part| line.contains(part))
    };
    assert!(said.lines().any(is_whole), "{said}");
    assert_eq!(quiet.wait().exits(0).stderr, "");
}

#[test]
fn a_rate_is_kept_and_remembered_by_the_next_run() {
    let incident = Incident::frozen_with(6);
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    incident.run("notify", &["--relay", &url, "--confirm", "6", "--rate", "3/s", "--limit", "3"]).exits(5);
    let words = ["--relay", &url, "--confirm", "6", "--rate", "3/h", "--no-wait", "--format", "json"];
    let run = incident.start("notify", &words);
    // The hour's three were spent by the run before.
    run.has_warned("delivering ");
    incident.stop_run();
    assert_eq!(run.wait().exits(5).json()["attempts"], 0);
}
