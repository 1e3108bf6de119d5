//! `forthwith hold` and `release`: what a hold ends, what shows it, and what lifts it.

use crate::harness::{Incident, OCTOBER, PATIENCE, count};
use forthwith_testkit::{
    relay::{At, Relay, Script},
    server::wait_until,
};
use serde_json::json;

const ASKED: [&str; 4] = ["--by", "Ines Okafor", "--reason", "written request of 3 November"];
const LIFTED: [&str; 4] = ["--by", "Ben Ode", "--reason", "written release"];

fn relay() -> (Relay, String) {
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    (relay, url)
}

#[test]
fn while_a_hold_stands_nobody_is_told_and_lifting_it_voids_nothing() {
    let incident = Incident::frozen();
    let (relay, url) = relay();
    let report = incident.json("hold", &[&ASKED[..], &["--agency", "State Police"]].concat()).exits(0).json();
    assert_eq!((&report["held"], &report["holds"][0]["agency"]), (&json!(true), &json!("State Police")));
    let refused = incident.tell(&url, &[]).exits(4).warns(&["on hold since ", "by Ines Okafor for State Police"]);
    assert!(!refused.stderr.contains("3 November"), "a log gets no reason: {}", refused.stderr);
    let refused = refused.hints().json();
    assert_eq!((&refused["exit"], &refused["holds"][0]["by"]), (&json!(4), &json!("Ines Okafor")));
    assert_eq!(relay.times(At::Connect), 0);

    let shown = ["ON HOLD  since ", "by Ines Okafor for State Police", "written request of 3 November"];
    incident.run("status", &[]).exits(0).says(&shown);
    incident.run("explain", &["1"]).exits(0).says(&shown);
    let status = incident.json("status", &[]).json();
    assert_eq!(status["holds"][0]["reason"], "written request of 3 November");

    // The plan that was frozen before the hold is the one that goes out after it.
    incident.run("release", &LIFTED).exits(0).says(&["Lifted: the hold since ", "forthwith notify"]);
    let done = incident.tell(&url, &[]).exits(0).json();
    assert_eq!((&done["digest"], &done["holds"]), (&status["digest"], &json!([])));
    assert_eq!(incident.run("status", &[]).exits(0).stdout.matches("ON HOLD").count(), 0);
    incident.run("verify", &[]).exits(0);
}

#[test]
fn a_hold_drains_a_run_that_goes_on_and_ends_it_with_4() {
    let incident = Incident::frozen_with(40);
    let (relay, url) = relay();
    let words = ["--relay", &url, "--confirm", "40", "--rate", "2/s", "--format", "json"];
    let run = incident.start("notify", &words);
    assert!(wait_until(PATIENCE, || !relay.received().is_empty()));
    incident.run("hold", &ASKED).exits(0).says(&["waits for open replies, and ends"]);
    let ended = run.wait().exits(4).warns(&["on hold since ", "by Ines Okafor", "forthwith release"]);
    let report = ended.json();
    assert_eq!((&report["ended"], &report["exit"]), (&json!("stopped"), &json!(4)));
    assert_eq!(count(&report["states"]["in_doubt"]) + count(&report["states"]["in_flight"]), 0, "{report}");
    assert!(count(&report["states"]["queued"]) > 0, "{report}");
    incident.run("release", &LIFTED).exits(0);
    incident.tell(&url, &[]).exits(0);
    assert_eq!(relay.received().len(), 40);
}

#[test]
fn a_rehearsal_is_not_held_and_a_hold_can_come_before_everything() {
    let incident = Incident::example(OCTOBER);
    incident.run("hold", &ASKED).exits(0).says(&["a rehearsal goes on"]);
    let report = incident.json("notify", &["--rate", "unlimited"]).exits(0).json();
    assert_eq!((&report["rehearsal"], &report["holds"]), (&json!(true), &json!([])));
    incident.run("notify", &["--dry-run"]).exits(0);
    let (relay, url) = relay();
    incident.tell(&url, &[]).exits(4).warns(&["on hold since "]);
    assert_eq!(relay.times(At::Connect), 0);
}

#[test]
fn of_several_holds_the_one_that_is_lifted_is_named() {
    let incident = Incident::frozen();
    incident.run("release", &LIFTED).exits(4).warns(&["no hold stands"]);
    for agency in ["FBI", "State Police"] {
        incident.run("hold", &[&ASKED[..], &["--agency", agency]].concat()).exits(0);
    }
    incident.run("release", &LIFTED).exits(4).warns(&["2 holds stand", "--agency"]);
    incident.run("release", &[&LIFTED[..], &["--agency", "IRS"]].concat()).exits(4).warns(&["no hold for IRS"]);
    let report = incident.json("release", &[&LIFTED[..], &["--agency", "FBI"]].concat()).exits(0).json();
    assert_eq!(
        (&report["released"][0]["agency"], &report["holds"][0]["agency"]),
        (&json!("FBI"), &json!("State Police"))
    );
    incident.run("release", &LIFTED).exits(0);
}

#[test]
fn a_hold_has_a_name_a_reason_and_an_end_that_lies_ahead() {
    let incident = Incident::frozen();
    incident.run("hold", &["--by", "Ines Okafor"]).exits(2).warns(&["--reason"]);
    incident.run("hold", &["--reason", "x"]).exits(2).warns(&["--by"]);
    incident.run("hold", &["--by", "", "--reason", "x"]).exits(2);
    let past = [&ASKED[..], &["--until", "2020-01-01T00:00:00Z"]].concat();
    incident.run("hold", &past).exits(2).warns(&["has passed"]).hints();
    incident.run("hold", &[&ASKED[..], &["--until", "2020-01-01"]].concat()).exits(2).warns(&["write a moment"]);
    let report = incident.json("hold", &[&ASKED[..], &["--until", "2999-01-01T00:00[Europe/Berlin]"]].concat());
    assert_eq!(report.exits(0).json()["holds"][0]["until"], "2998-12-31T23:00:00Z");
    assert_eq!(incident.json("status", &[]).json()["holds"].as_array().unwrap().len(), 1);
}
