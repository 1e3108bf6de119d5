//! The pace as an operator sets it: groups of domains, over runs and kills. The relay is the judge.

use crate::harness::{Incident, PATIENCE};
use forthwith_testkit::{
    relay::{Relay, Script},
    server::wait_until,
};
use rustix::process::Signal;

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
