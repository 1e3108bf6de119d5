//! `forthwith test-send`: a marked sample, to those that delivery.toml names, and to no count.

use crate::{
    approving::relay,
    harness::{Incident, OCTOBER},
};
use forthwith_testkit::relay::{Act, At, Relay, Script};
use serde_json::json;

const VARIANT: &str = "en/email";
const TO: &str = "ada@firm.example";

fn example() -> Incident {
    let incident = Incident::example(OCTOBER);
    incident.append("delivery.toml", &format!("\n[test]\nto = [\"{TO}\"]\n"));
    incident
}

fn send(incident: &Incident, url: &str, to: &str) -> crate::harness::Run {
    incident.run("test-send", &["--variant", VARIANT, "--to", to, "--relay", url])
}

#[test]
fn a_sample_is_marked_and_goes_to_whom_delivery_toml_names() {
    let incident = example();
    let (relay, url) = relay();
    send(&incident, &url, TO).exits(0).says(&["was accepted by", "[TEST]", "Nobody was told"]);
    send(&incident, &url, TO).exits(0);
    let received = relay.received();
    assert_eq!(received.len(), 2);
    let texts: Vec<_> =
        received.iter().map(|message| String::from_utf8_lossy(&message.message).into_owned()).collect();
    for text in &texts {
        assert!(text.contains("Subject: [TEST] ") && text.contains(&format!("To: {TO}")), "{text}");
        assert!(text.matches("TEST - a sample with invented data").count() == 2, "{text}");
    }
    let id = |text: &str| text.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned();
    assert_ne!(id(&texts[0]), id(&texts[1]), "no two samples are one");
    // Neither ledger nor plan knows of it.
    assert!(!incident.file("out").exists());
}

#[test]
fn a_sample_changes_no_count_of_a_frozen_plan() {
    let incident = example();
    incident.run("notify", &["--dry-run"]).exits(0);
    let before = incident.json("status", &[]).json();
    let (relay, url) = relay();
    let report = incident.json("test-send", &["--variant", VARIANT, "--to", TO, "--relay", &url]).exits(0).json();
    assert_eq!((&report["accepted"], &report["variant"]), (&json!(true), &json!(VARIANT)));
    assert_eq!(incident.json("status", &[]).json()["states"], before["states"]);
    assert_eq!(relay.received().len(), 1);
    // No token of the plan is in it.
    let tokens = incident.run("explain", &["1"]).stdout;
    let content = String::from_utf8_lossy(&relay.received()[0].message).into_owned();
    let own = content.lines().find_map(|line| line.strip_prefix("X-Forthwith-ID: ")).unwrap();
    assert!(!tokens.contains(own));
}

#[test]
fn nobody_else_gets_a_sample() {
    let incident = example();
    let (relay, url) = relay();
    send(&incident, &url, "bo@firm.example").exits(4).warns(&["does not let a sample go", "[test] to"]).hints();
    send(&incident, &url, "no address").exits(2);
    incident.run("test-send", &["--variant", "en/none", "--to", TO, "--relay", &url]).exits(2).hints();
    incident.run("test-send", &["--variant", VARIANT, "--to", TO]).exits(2).warns(&["built-in inbox"]).hints();
    incident.run("test-send", &["--variant", VARIANT, "--to", TO, "--relay", "smtps://192.0.2.1"]).exits(3);
    Incident::example(OCTOBER).run("test-send", &["--variant", VARIANT, "--to", TO, "--relay", &url]).exits(4);
    assert_eq!(relay.times(At::Connect), 0);
}

#[test]
fn a_relay_that_refuses_the_sample_is_told_with_its_words() {
    for (at, act, said) in [
        (At::Rcpt, Act::say("550 5.1.1 no such user"), "at RCPT: 550 5.1.1 no such user"),
        (At::Dot, Act::say("554 5.7.1 no"), "554 5.7.1 no"),
        (At::Dot, Act::Close, "may have been taken all the same"),
        (At::Greeting, Act::say("554 no"), "not reached"),
    ] {
        let relay = Relay::start(Script::new([]).always(at, act)).unwrap();
        send(&example(), &format!("smtp://{}", relay.address()), TO).exits(7).warns(&[said]);
    }
}
