//! `forthwith status`, at rest and while a run goes on.

use crate::harness::{Incident, OCTOBER, PATIENCE, count};
use forthwith_testkit::{
    relay::{Relay, Script},
    server::wait_until,
};
use serde_json::json;

#[test]
fn its_report_has_every_key_of_the_contract() {
    let incident = Incident::frozen();
    let report = incident.json("status", &[]).exits(0).json();
    for key in ["digest", "rows", "planned", "refused", "withheld", "states"] {
        assert!(report.get(key).is_some(), "no {key} in {report}");
    }
    assert_eq!((&report["rows"], &report["planned"], &report["refused"]), (&json!(14), &json!(12), &json!(0)));
    assert_eq!(report["withheld"], json!({ "duplicate": 1, "no-address": 1 }));
    assert_eq!((&report["rehearsal"], &report["running"]), (&json!(false), &json!(false)));
}

#[test]
fn people_read_counts_deadline_and_the_last_run() {
    let incident = Incident::example(OCTOBER);
    incident.run("status", &[]).exits(4).warns(&["nothing was frozen", "--dry-run"]).hints();
    incident.run("status", &["--rehearsal"]).exits(4).warns(&["nothing was rehearsed"]).hints();
    assert!(!incident.file("out").exists(), "status writes nothing");
    incident.run("notify", &[]).exits(0);
    incident.run("status", &["--rehearsal"]).exits(0).says(&[
        "Rehearsal: captured here, nobody was told",
        "14  rows in the list",
        "12  notices planned",
        "12  accepted",
        "Deadline 2020-10-26T12:00:00Z",
        "Last run 1",
        "Head of its record: sha256:",
    ]);
}

#[test]
fn a_run_is_watched_while_it_goes_on() {
    let incident = Incident::frozen_with(60);
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    let run = incident.start("notify", &["--relay", &url, "--confirm", "60", "--rate", "1/s"]);
    // A verdict is recorded a moment after the relay has the message: it is waited for where it is shown.
    let is_shown = || count(&incident.json("status", &[]).exits(0).json()["states"]["accepted"]) > 0;
    assert!(wait_until(PATIENCE, is_shown));
    let report = incident.json("status", &[]).exits(0).json();
    assert_eq!((&report["running"], &report["last_run"]["ended"]), (&json!(true), &json!(null)));
    assert!(count(&report["states"]["accepted"]) > 0, "{report}");
    incident.run("status", &[]).exits(0).says(&["A run goes on: ", "in the last minute", " left", "goes on"]);
    // Looking at people is not kept from anybody either.
    incident.run("explain", &["C1"]).exits(0).says(&["p1@people.example"]);
    run.signal(rustix::process::Signal::TERM);
    run.wait().exits(5);
    let report = incident.json("status", &[]).exits(0).json();
    assert_eq!((&report["running"], &report["last_run"]["ended"]), (&json!(false), &json!("stopped")));
    incident.run("status", &[]).exits(0).says(&["No run goes on; ", "`forthwith notify` goes on"]);
}

#[test]
fn a_killed_run_is_said_to_be_killed() {
    let incident = Incident::frozen_with(60);
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    let run = incident.start("notify", &["--relay", &url, "--confirm", "60", "--rate", "1/s"]);
    assert!(wait_until(PATIENCE, || !relay.received().is_empty()));
    drop(run);
    incident.run("status", &[]).exits(0).says(&["did not end: it was killed"]);
}
