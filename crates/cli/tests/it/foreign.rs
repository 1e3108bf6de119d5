//! What relays record of other mail: real bounces of other senders, and forgeries with the right address and a wrong
//! token, Message-ID or id. None of it moves a notice or its report, and each is counted as unmatched.
//!
//! The program reads no bounce; the relay's log and a provider's events are all that it reads from outside.

use crate::harness::Incident;
use forthwith_testkit::relay::{Act, At, Moment, Relay, Script};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The person whose notice is in doubt, and everybody.
const PEOPLE: [&str; 3] = ["C1", "C2", "C3"];
/// A token that no plan gives away.
const STRANGER: &str = "zzzzzzzzzzzzzzzz";

/// Three people, of whom C1 is in doubt and the others are accepted; the relay names its own id in each 250.
fn in_doubt() -> (Incident, Relay) {
    let decide = |moment: &Moment<'_>| {
        let is_first = moment.message.windows(4).any(|octets| octets == b"<p1@");
        (moment.at == At::Dot && is_first).then_some(Act::Close)
    };
    let relay = Relay::start(Script::new([]).on(decide)).unwrap();
    let incident = Incident::frozen_with(PEOPLE.len());
    incident.tell(&relay.url(), &["--connections", "1"]).exits(5);
    (incident, relay)
}

/// Returns each person's whole story.
fn stories(incident: &Incident) -> Vec<Value> {
    let story = |who: &&str| incident.json("explain", &[who]).exits(0).json()["stories"][0].clone();
    PEOPLE.iter().map(story).collect()
}

/// Reads a record and expects that it changes nothing and that `unmatched` of it are counted as other mail.
#[track_caller]
fn changes_nothing(incident: &Incident, words: &[&str], unmatched: u64, said: &str) {
    let before = (stories(incident), incident.json("status", &[]).json()["states"].clone());
    let report = incident.json("reconcile", words).exits(5).json();
    assert_eq!(report["log"]["unmatched"], unmatched, "{report}");
    assert_eq!(report["doubts"][0]["conclusion"], "in_doubt", "{report}");
    for passage in ["passed_on", "waiting", "returned"] {
        assert_eq!(report["log"][passage], 0, "{report}");
    }
    assert_eq!((stories(incident), incident.json("status", &[]).json()["states"].clone()), before);
    incident.run("reconcile", words).exits(5).says(&[said, "stays in doubt"]);
    assert_eq!((stories(incident), incident.json("status", &[]).json()["states"].clone()), before);
    incident.run("verify", &[]).exits(0);
}

/// Returns the header of that name of the message that C1 may have got.
fn header(relay: &Relay, name: &str) -> String {
    let received = relay.received();
    let message = received.iter().find(|message| message.rcpt.contains("<p1@")).unwrap();
    let text = String::from_utf8_lossy(&message.message).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap().trim().to_owned()
}

/// The lines of a message that the relay took, tried to deliver to C1 and returned, as Postfix 3.7 writes them.
fn returned(queue_id: &str, from: &str, message_id: &str) -> String {
    let person = "to=<p1@people.example>, relay=mx.people.example[192.0.2.7]:25, delay=1, delays=1/0/0/0";
    let lines = [
        "smtpd[7]: connect from unknown[127.0.0.1]".to_owned(),
        format!("smtpd[7]: {queue_id}: client=unknown[127.0.0.1]"),
        format!("cleanup[8]: {queue_id}: message-id={message_id}"),
        format!("qmgr[9]: {queue_id}: from=<{from}>, size=288, nrcpt=1 (queue active)"),
        "smtpd[7]: disconnect from unknown[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 commands=4".to_owned(),
        format!("smtp[5]: {queue_id}: {person}, dsn=5.1.1, status=bounced (host said: 550 5.1.1 no such user)"),
        format!("bounce[6]: {queue_id}: sender non-delivery notification: {queue_id}B"),
        format!("cleanup[8]: {queue_id}B: message-id=<20261123.{queue_id}B@relay.example>"),
        format!("qmgr[9]: {queue_id}B: from=<>, size=2288, nrcpt=1 (queue active)"),
        format!("local[4]: {queue_id}B: to=<{from}>, relay=local, dsn=2.0.0, status=sent (delivered to mailbox)"),
        format!("qmgr[9]: {queue_id}B: removed"),
        format!("qmgr[9]: {queue_id}: removed"),
    ];
    let at = Timestamp::now();
    lines.iter().map(|line| format!("{at} relay postfix/{line}\n")).collect()
}

#[test]
fn bounces_of_others_and_forgeries_in_a_log_change_nothing() {
    let (incident, relay) = in_doubt();
    let own = header(&relay, "Message-ID");
    let (token, rest) = own.trim_start_matches('<').split_once('.').unwrap();
    let (name, domain) = rest.split_once('@').unwrap();
    let ours = "bounce+zzzzzzzzzzzzzzzz.aaaaaaaa@bounces.kestrel-lane.example";
    let forged = [
        // Another sender's bounce, from another sender's address and from our return path's domain.
        ("other@shop.example", "<20261123.1@shop.example>".to_owned()),
        (ours, "<CAF-1@mail.example>".to_owned()),
        // Our address and our incident, and tokens that are not of the plan.
        (ours, format!("<{STRANGER}.{rest}")),
        (ours, format!("<{}.{rest}", token.to_uppercase())),
        (ours, format!("<{}.{rest}", &token[1..])),
        (ours, format!("<{token}{token}.{rest}")),
        // The right token, and another incident, no domain, or more than a Message-ID.
        (ours, format!("<{token}.other@{domain}")),
        (ours, format!("<{token}.{name}@>")),
        (ours, format!("<{token}.{name}>")),
        (ours, format!("<x{own}")),
        (ours, format!("{own} {own}")),
    ];
    for message_id in forged.iter().map(|(_, id)| id) {
        assert_ne!(*message_id, own);
    }
    let log = forged.iter().enumerate().map(|(number, (from, id))| returned(&format!("4C{number:05}"), from, id));
    incident.write("mail.log", log.collect::<String>());
    let file = incident.file("mail.log");
    let words = ["--postfix-log", file.to_str().unwrap()];
    // Each of them, and the bounce that the relay sent for it.
    let unmatched = 2 * forged.len() as u64;
    changes_nothing(&incident, &words, unmatched, &format!("{unmatched} messages of other mail"));
    // The same lines with the notice's own Message-ID are what would have moved it.
    incident.write("mail.log", returned("4CFFFFF", ours, &own));
    let moved = incident.json("reconcile", &words).exits(0).json();
    assert_eq!((&moved["log"]["unmatched"], &moved["log"]["returned"]), (&json!(1), &json!(1)), "{moved}");
}

/// An event of Amazon SES about C1's address.
fn event(kind: &str, id: &str, headers: &[(&str, &str)]) -> Value {
    let named = |(name, value): &(&str, &str)| json!({ "name": name, "value": value });
    let person = json!([{ "emailAddress": "p1@people.example", "status": "5.1.1", "diagnosticCode": "550 no" }]);
    json!({
        "eventType": kind,
        "mail": {
            "timestamp": "2026-11-23T12:00:00Z", "messageId": id, "destination": ["p1@people.example"],
            "headers": headers.iter().map(named).collect::<Vec<_>>(),
        },
        kind.to_lowercase(): { "timestamp": "2026-11-23T12:00:05Z", "bouncedRecipients": person },
    })
}

#[test]
fn events_of_others_and_forgeries_change_nothing() {
    let (incident, relay) = in_doubt();
    let (own, token) = (header(&relay, "Message-ID"), header(&relay, "X-Forthwith-ID"));
    let id = |number: usize| format!("0100018f3c2a1b2c-{number:08}-000000");
    let upper = token.to_uppercase();
    let twice = format!("{token} {token}");
    let forged: Vec<Vec<(&str, &str)>> = vec![
        // Another sender's bounce.
        vec![("Message-ID", "<1@shop.example>"), ("Subject", "Your order")],
        // Our Message-ID, which SES rewrites and anybody may write, and our token in a header of another name.
        vec![("Message-ID", &own)],
        vec![("Message-ID", &own), ("X-Forthwith-IDs", &token)],
        vec![("Subject", &token), ("To", "p1@people.example")],
        // Tokens that are not of the plan, or are none.
        vec![("X-Forthwith-ID", STRANGER)],
        vec![("X-Forthwith-ID", &upper)],
        vec![("X-Forthwith-ID", &token[1..])],
        vec![("X-Forthwith-ID", &twice)],
        // Two tokens name nobody.
        vec![("X-Forthwith-ID", &token), ("X-Forthwith-ID", STRANGER)],
    ];
    let mut events = Vec::new();
    for kind in ["Bounce", "Complaint", "Delivery"] {
        events.extend(forged.iter().enumerate().map(|(number, headers)| event(kind, &id(number), headers)));
    }
    let text: String = events.iter().map(|event| event.to_string() + "\n").collect();
    incident.write("events.json", text);
    let file = incident.file("events.json");
    let words = ["--events", file.to_str().unwrap()];
    changes_nothing(&incident, &words, events.len() as u64, &format!("{} events of other mail", events.len()));
    // The right token is what would have moved it.
    incident.write("events.json", event("Bounce", &id(0), &[("X-Forthwith-ID", &token)]).to_string());
    let moved = incident.json("reconcile", &words).exits(0).json();
    assert_eq!((&moved["log"]["unmatched"], &moved["log"]["returned"]), (&json!(0), &json!(1)), "{moved}");
}
