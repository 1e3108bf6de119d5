//! Relays that ask for less, as the operator sees it: what is said meanwhile and afterwards, what the next run
//! remembers, and what delivery.toml may say of it. The relay is the judge.

use crate::harness::{Incident, PATIENCE, finding};
use forthwith_testkit::{
    relay::{Act, At, Moment, Relay, Script},
    server::wait_until,
};
use serde_json::json;

const SLOWER: &str = "454 4.7.0 Throttling failure: Maximum sending rate exceeded.";

/// A relay that answers the RCPTs that `is_refused` says with `reply`, and takes everything else.
fn relay(reply: &'static str, is_refused: impl Fn(&Moment<'_>) -> bool + Send + Sync + 'static) -> Relay {
    let script = Script::new(["PIPELINING"]);
    let decide = move |moment: &Moment<'_>| (moment.at == At::Rcpt && is_refused(moment)).then(|| Act::say(reply));
    Relay::start(script.on(decide)).unwrap()
}

/// A frozen incident of so many people whose delivery.toml names the relay and begins with `more`.
fn incident(people: usize, relay: &Relay, more: &str) -> Incident {
    let incident = Incident::frozen_with(people);
    incident.write("delivery.toml", format!("connections = 1\n{more}relay = \"{}\"\n", relay.url()));
    incident
}

#[test]
fn a_pace_that_the_relay_asked_for_is_shown_and_the_next_run_begins_with_it() {
    // The pace of the first second, 180 a minute, is halved.
    let relay = relay(SLOWER, |moment| moment.times == 2);
    let incident = incident(30, &relay, "");
    let running = incident.start("notify", &["--confirm", "30"]);
    let pace = || incident.json("status", &[]).json()["pace"].clone();
    assert!(wait_until(PATIENCE, || pace().is_object()));
    let (running_says, told) = (pace(), incident.run("status", &[]).exits(0));
    assert_eq!(running_says["why"], json!("asked"), "{running_says}");
    told.says(&["The relay asked for less at", "slowed to", "(it was"]);
    incident.stop_run();
    running.wait().exits(5);
    let taken = relay.times(At::Mail);
    // The next run is held back from its first attempt on, where nothing else would hold it back from making all.
    let running = incident.start("notify", &["--confirm", "30"]);
    running.has_warned("delivering ");
    incident.stop_run();
    running.wait().exits(5);
    assert!(relay.times(At::Mail) < 30, "{} and {taken} before", relay.times(At::Mail));
    assert!(incident.json("status", &[]).json()["give_up_at"].is_string());
}

#[test]
fn a_quota_that_is_used_up_ends_a_run_that_does_not_wait() {
    let says = "452 4.5.3 limit of messages per day exceeded, try again in 2 hours";
    let relay = relay(says, |moment| moment.times >= 2);
    let incident = incident(5, &relay, "");
    let words = ["--confirm", "5", "--no-wait"];
    let report = incident.json("notify", &words).exits(5).json();
    assert_eq!((&report["ended"], &report["states"]["accepted"]), (&json!("quota-used-up"), &json!(2)));
    let mails = relay.times(At::Mail);
    let until = incident.json("status", &[]).json()["pace"]["until"].clone();
    // The next run remembers, attempts nothing, and says until when.
    let until = until.as_str().unwrap().get(..16).unwrap().to_owned();
    incident.run("notify", &words).exits(5).says(&["The relay's quota is used up, probably until", &until]);
    assert_eq!(relay.times(At::Mail), mails);
    incident.run("status", &[]).exits(0).says(&["the relay's quota is used up, waiting until"]);
}

#[test]
fn explain_says_when_somebody_is_given_up() {
    let relay = relay("450 4.2.1 mailbox busy", |_| true);
    let incident = incident(1, &relay, "");
    incident.run("notify", &["--confirm", "1", "--no-wait"]).exits(5);
    incident.run("explain", &["C1"]).exits(0).says(&["it is given up"]);
    let story = incident.json("explain", &["C1"]).json()["stories"][0].clone();
    assert_eq!(story["state"], "deferred", "{story}");
    assert!(story["give_up_at"].is_string(), "{story}");
}

#[test]
fn what_delivery_toml_says_of_it_is_looked_at() {
    let incident = Incident::frozen_with(1);
    for (settings, code, line) in [
        ("ramp = { from = \"1/s\", double_every = \"10 min\" }\n[retry]\nmargin = \"2 d\"\n", None, 0),
        ("ramp = { from = \"100/h\" }\n[retry]\ngive_up_after = \"1 d\"\nmargin = \"6 h\"\n", None, 0),
        ("ramp = { double_every = \"10 min\" }\n", Some("missing-key"), 2),
        ("ramp = { from = \"unlimited\" }\n", Some("rate"), 2),
        ("ramp = { from = \"1/s\", double_every = \"soon\" }\n", Some("duration"), 2),
        ("[retry]\nmargin = \"soon\"\n", Some("duration"), 3),
        ("[retry]\nmargins = \"1 h\"\n", Some("unknown-key"), 3),
    ] {
        incident.write("delivery.toml", format!("relay = \"inbox\"\n{settings}"));
        let checked = incident.json("check", &[]);
        let Some(code) = code else {
            checked.exits(0);
            continue;
        };
        let report = checked.exits(3).json();
        let found = finding(&report, code);
        assert_eq!(found["line"], line, "{settings}: {found}");
        assert!(found["character"].is_u64(), "{found}");
        incident.run("check", &[]).exits(3).says(&[&format!("delivery.toml:{line}")]);
    }
}

#[test]
fn a_plan_with_a_ramp_begins_slowly_and_says_so() {
    let relay = relay(SLOWER, |_| false);
    let incident = incident(5, &relay, "ramp = { from = \"2/h\", double_every = \"1 d\" }\n");
    let running = incident.start("notify", &["--confirm", "5"]);
    assert!(wait_until(PATIENCE, || relay.received().len() == 2));
    incident.stop_run();
    running.wait().exits(5).warns(&["begins slowly, at 2/h, doubled every 1 d"]);
    // A restart begins no ramp anew.
    let running = incident.start("notify", &["--confirm", "5"]);
    incident.stop_run();
    running.wait().exits(5);
    assert_eq!(relay.times(At::Mail), 2);
}
