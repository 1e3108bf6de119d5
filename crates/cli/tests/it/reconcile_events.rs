//! `forthwith reconcile --events`: what a provider's export settles and reports, and what it says of the rest.

use crate::harness::Incident;
use forthwith_testkit::relay::{Act, At, Relay, Script};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A relay that names what it takes as Amazon SES does, and exports what it took.
struct Provider {
    relay: Relay,
}

impl Provider {
    /// Starts one that loses the line at the first final dot.
    fn start() -> Self {
        let decide = |moment: &forthwith_testkit::relay::Moment<'_>| match moment.at {
            At::Dot if moment.times == 0 => Some(Act::Close),
            At::Dot => Some(Act::Say(format!("250 Ok {}", id(moment.times)))),
            _ => None,
        };
        Self { relay: Relay::start(Script::new([]).on(decide)).unwrap() }
    }

    fn url(&self) -> String {
        format!("smtp://{}", self.relay.address())
    }

    /// Returns an event for everything that it took, in order; `with_headers` as the operator has chosen there.
    fn export(&self, kind: &str, with_headers: bool) -> Vec<Value> {
        let part = kind[..1].to_lowercase() + &kind[1..];
        let received = self.relay.received();
        let events = received.iter().enumerate().map(|(at, message)| {
            let text = String::from_utf8_lossy(&message.message).into_owned();
            let (head, _) = text.split_once("\r\n\r\n").unwrap();
            let headers = head.split("\r\n").filter_map(|line| line.split_once(": "));
            let headers: Vec<_> = headers.map(|(name, value)| json!({ "name": name, "value": value })).collect();
            json!({
                "eventType": kind,
                "mail": {
                    "timestamp": "2026-11-23T12:00:00Z", "messageId": id(at), "destination": [message.rcpt],
                    "headers": if with_headers { json!(headers) } else { Value::Null },
                },
                part.as_str(): { "timestamp": "2026-11-23T12:00:05Z", "smtpResponse": "250 2.6.0 kept" },
            })
        });
        events.collect()
    }
}

fn id(number: usize) -> String {
    format!("0100018f3c2a1b2c-{number:08}-000000")
}

/// Three people, of whom the first to be handed over is in doubt; returns that token.
fn in_doubt() -> (Incident, Provider, String) {
    let incident = Incident::frozen_with(3);
    let provider = Provider::start();
    incident.tell(&provider.url(), &["--connections", "1"]).exits(5);
    let stories = (1..=3).map(|n| incident.json("explain", &[&format!("C{n}")]).json()["stories"][0].clone());
    let token = stories.into_iter().find(|story| story["in_doubt"] == true).unwrap()["token"].clone();
    (incident, provider, token.as_str().unwrap().to_owned())
}

fn write(incident: &Incident, text: &str) -> String {
    incident.write("events.json", text);
    incident.file("events.json").to_str().unwrap().to_owned()
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| event.to_string() + "\n").collect()
}

#[test]
fn an_event_settles_the_doubt_and_each_tells_what_became_of_its_notice() {
    let (incident, provider, token) = in_doubt();
    let mut events = provider.export("Send", true);
    events.extend(provider.export("Delivery", true));
    events.reverse();
    let file = write(&incident, &lines(&events));
    let words = ["--events", &file, "--by", "Ines Okafor"];
    let said = incident.json("reconcile", &[&words[..], &["--dry-run"]].concat()).exits(0).json();
    assert_eq!((&said["states"]["in_doubt"], &said["doubts"][0]["conclusion"]), (&json!(1), &json!("accepted")));
    let done = incident.json("reconcile", &words).exits(0);
    assert!(!done.stdout.contains('@'), "no address is printed: {}", done.stdout);
    let done = done.json();
    assert_eq!((&done["states"]["in_doubt"], &done["states"]["accepted"]), (&json!(0), &json!(3)), "{done}");
    let doubt = &done["doubts"][0];
    assert_eq!((&doubt["token"], &doubt["queue_id"]), (&json!(token), &json!(id(0))));
    assert_eq!((&done["log"]["form"], &done["log"]["events"]), (&json!("events"), &json!(6)));
    assert_eq!(done["left_relay"]["passed_on"], 3);
    let story = incident.run("explain", &[&token]).exits(0);
    story.says(&["proved-accepted", "Ines Okafor", &id(0), "left the relay", "2.6.0", "250 2.6.0 kept"]);
    incident.run("status", &[]).says(&["Left the relay: 3 of 3"]);
    incident.run("verify", &[]).exits(0);
    // The earlier events, read later, take nothing back.
    let file = write(&incident, &json!(provider.export("Send", true)).to_string());
    let again = incident.json("reconcile", &["--events", &file]).exits(0).json();
    assert_eq!((&again["log"]["waiting"], &again["left_relay"]["passed_on"]), (&json!(3), &json!(3)));
    incident.run("verify", &[]).exits(0);
}

#[test]
fn what_an_export_does_not_show_stays_in_doubt() {
    let (incident, provider, token) = in_doubt();
    let others = provider.export("Delivery", true)[1..].to_vec();
    for export in [String::new(), "[]".to_owned(), lines(&others)] {
        let file = write(&incident, &export);
        let report = incident.json("reconcile", &["--events", &file]).exits(5).json();
        assert_eq!((&report["states"]["in_doubt"], &report["states"]["queued"]), (&json!(1), &json!(0)));
        assert!(report["doubts"][0]["why"].as_str().unwrap().contains("proves nothing"), "{report}");
    }
    // Headers left out: the doubt has no reply that names it, and its address is not looked at.
    let file = write(&incident, &lines(&provider.export("Bounce", false)));
    let run = incident.run("reconcile", &["--events", &file]).exits(5);
    run.says(&["1 event of other mail", "stays in doubt", "forthwith resolve"]);
    assert_eq!(incident.json("explain", &[&token]).json()["stories"][0]["in_doubt"], true);
    // Those whose 250 named the provider's id are known by it.
    assert_eq!(incident.json("status", &[]).json()["left_relay"]["returned"], 2);
    incident.run("verify", &[]).exits(0);
}

#[test]
fn two_copies_of_one_notice_are_said_loudly() {
    let (incident, provider, token) = in_doubt();
    let words = ["--resend", "--reason", "nobody called us", "--confirm", "1"];
    incident.run("resolve", &words).exits(0);
    incident.tell(&provider.url(), &[]).exits(0);
    let file = write(&incident, &lines(&provider.export("Delivery", true)));
    let run = incident.run("reconcile", &["--events", &file]).exits(0);
    run.says(&["TWICE", &token, &id(0), &id(3), "the person gets each copy"]);
    let copies = incident.json("reconcile", &["--events", &file]).exits(0).json()["log"]["copies"].clone();
    assert_eq!((&copies[0]["token"], &copies[0]["ids"]), (&json!(token), &json!([id(0), id(3)])));
    incident.run("explain", &[&token]).says(&["TAKEN 2 TIMES by the provider"]);
}

#[test]
fn complaints_and_bounces_stand_beside_the_state() {
    let (incident, provider, token) = in_doubt();
    let mut events = provider.export("Bounce", true);
    events[1] = provider.export("Complaint", true)[1].clone();
    let file = write(&incident, &lines(&events));
    let done = incident.json("reconcile", &["--events", &file]).exits(0).json();
    assert_eq!((&done["states"]["accepted"], &done["states"]["bounced"]), (&json!(3), &json!(0)));
    assert_eq!((&done["left_relay"]["returned"], &done["log"]["complaints"]), (&json!(2), &json!(1)));
    incident.run("reconcile", &["--events", &file]).says(&["1 complaint about notices of this plan"]);
    incident.run("explain", &[&token]).says(&["the relay gave up"]);
    let told: BTreeMap<_, _> = (1..=3)
        .map(|n| (n, incident.run("explain", &[&format!("C{n}")]).stdout.contains("somebody complained")))
        .collect();
    assert_eq!(told.values().filter(|is_told| **is_told).count(), 1, "{told:?}");
}

#[test]
fn broken_records_are_counted_with_their_place_and_others_read() {
    let (incident, provider, _) = in_doubt();
    let good = provider.export("Send", true);
    let export = format!("{}\n{{\"eventType\":\n\u{1b}[2J nonsense\n{}", good[1], lines(&[good[0].clone()]));
    let file = write(&incident, &export);
    let run = incident.run("reconcile", &["--events", &file]).exits(0);
    run.says(&["2 records cannot be read", "line 2, octet ", "line 3, octet ", "it is no JSON object"]);
    let report = incident.json("reconcile", &["--events", &file]).exits(0).json();
    assert_eq!((&report["log"]["broken"], &report["log"]["flaws"][0]["line"]), (&json!(2), &json!(2)));
}

#[test]
fn what_cannot_be_read_changes_nothing() {
    let (incident, ..) = in_doubt();
    incident.run("reconcile", &["--events", "/nowhere/events.json"]).exits(1);
    incident.run("reconcile", &["--events", "/dev/zero"]).exits(2).hints();
    incident.run("reconcile", &["--events", "x", "--postfix-log", "y"]).exits(2);
    incident.run("reconcile", &["--events", "x", "--log-zone", "UTC"]).exits(2);
    assert_eq!(incident.json("status", &[]).json()["states"]["in_doubt"], 1);
}
