//! The pace as an operator sets it: groups of domains, over runs and kills. The relay is the judge.

use crate::harness::{Incident, PATIENCE};
use forthwith_testkit::{
    relay::{At, Relay, Script},
    server::wait_until,
};
use rustix::process::Signal;
use serde_json::json;

const PLAIN: [&str; 5] = ["--confirm", "8", "--connections", "1", "--quiet"];

/// Four people at each of two domains, and a plan.
fn two_domains() -> Incident {
    let rows = (1..=8).map(|n| {
        let domain = if n <= 4 { "slow.example" } else { "quick.example" };
        format!("C{n},p{n}@{domain},Person {n},US,OR\n")
    });
    let incident = Incident::with_list("id,email,name,country,region\n".to_owned() + &rows.collect::<String>());
    incident.run("notify", &["--dry-run"]).exits(0);
    incident
}

fn took(relay: &Relay, domain: &str) -> usize {
    relay.received().iter().filter(|message| message.rcpt.contains(&format!("@{domain}>"))).count()
}

#[test]
fn a_group_of_domains_holds_its_pace_over_runs_and_kills_and_stops_nobody_else() {
    let incident = two_domains();
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    let settings = |rate: &str| {
        let group = format!("[[domains]]\nnames = [\"slow.example\"]\nrate = \"{rate}\"\n");
        incident.write("delivery.toml", format!("relay = \"smtp://{}\"\n{group}", relay.address()));
    };
    settings("2/d");
    let running = incident.start("notify", &PLAIN);
    let is_recorded = || incident.json("status", &[]).json()["states"]["accepted"] == 6;
    assert!(wait_until(PATIENCE, is_recorded), "{:?}", relay.received().len());
    running.signal(Signal::KILL);
    drop(running);
    assert_eq!((took(&relay, "slow.example"), took(&relay, "quick.example")), (2, 4));
    // Two were attempted, and the killed run may have attempted one more over its one line.
    settings("4/d");
    let running = incident.start("notify", &PLAIN);
    assert!(wait_until(PATIENCE, || relay.received().len() == 7));
    running.signal(Signal::TERM);
    running.wait().exits(5);
    assert_eq!((took(&relay, "slow.example"), took(&relay, "quick.example")), (3, 4));
    settings("5/d");
    incident.run("notify", &PLAIN).exits(0);
    assert_eq!((took(&relay, "slow.example"), took(&relay, "quick.example")), (4, 4));
}

#[test]
fn before_an_embargo_ends_nothing_is_connected_and_everybody_says_until_when() {
    let incident = two_domains();
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    let embargo = "not_before = 2999-01-01T09:00:00Z\nhours = \"12:00-13:00 Europe/Berlin\"\n";
    incident.write("delivery.toml", format!("{embargo}relay = \"smtp://{}\"\n", relay.address()));
    let rests = json!({ "until": "2999-01-01T11:00:00Z", "why": "not_before" });
    let report = incident.json("notify", &["--confirm", "8", "--no-wait"]).exits(5).json();
    assert_eq!((&report["ended"], &report["rests"]), (&json!("resting"), &rests));
    incident.run("notify", &["--confirm", "8", "--no-wait"]).exits(5).says(&[
        "Nothing begins until 2999-01-01 12:00 Europe/Berlin",
        "not_before",
        "8 notices",
    ]);
    assert_eq!(incident.json("status", &[]).exits(0).json()["rests"], rests);
    incident.run("status", &[]).exits(0).says(&["Nothing begins until 2999-01-01 12:00 Europe/Berlin"]);
    // One that waits is stopped like any other.
    let running = incident.start("notify", &["--confirm", "8"]);
    assert!(wait_until(PATIENCE, || incident.json("status", &[]).json()["running"] == json!(true)));
    incident.run("stop", &["--reason", "it waits for long"]).exits(0);
    running.wait().exits(5);
    assert_eq!(relay.times(At::Connect), 0);
    // A rehearsal tells nobody, so it does not wait.
    incident.run("notify", &["--relay", "inbox"]).exits(0);
}

#[test]
fn a_calendar_day_holds_its_number_over_runs() {
    let incident = two_domains();
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    // A zone whose midnight is far, whenever the test runs.
    let hour = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).hour();
    let zone = if (6..18).contains(&hour) { "UTC" } else { "Etc/GMT+12" };
    let settings = |most: u32| {
        let day = format!("per_day = {most}\nhours = \"00:00-24:00 {zone}\"\n");
        incident.write("delivery.toml", format!("{day}relay = \"smtp://{}\"\n", relay.address()));
    };
    settings(3);
    let first = incident.json("notify", &["--confirm", "8", "--no-wait", "--connections", "4"]).exits(5).json();
    assert_eq!((&first["rests"]["why"], relay.received().len()), (&json!("per_day"), 3));
    assert_eq!(incident.json("status", &[]).json()["rests"], first["rests"]);
    settings(5);
    incident.run("notify", &["--confirm", "8", "--no-wait"]).exits(5);
    assert_eq!(relay.received().len(), 5);
    incident.run("notify", &["--confirm", "8", "--no-wait"]).exits(5);
    assert_eq!(relay.received().len(), 5);
}
