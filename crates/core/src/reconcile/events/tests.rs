//! What an export shows: in every form, in any order, broken in the middle; and what it never proves.

use super::*;
use crate::reconcile::Passage;
use serde_json::{Value, json};

const OURS: &str = "aaaaaaaaaaaaaaaa";
const OTHER: &str = "bbbbbbbbbbbbbbbb";
const ID: &str = "0100018f3c2a-aaaaaaaa-000000";

fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}

fn event(kind: &str, id: &str, token: Option<&str>, second: u32) -> Value {
    let at = format!("2026-11-23T12:00:{second:02}Z");
    let headers = token.map(|token| json!([{ "name": "X-Forthwith-ID", "value": token }]));
    let mail = json!({
        "timestamp": "2026-11-23T12:00:00Z", "messageId": id, "destination": ["ada@people.example"],
        "headers": headers,
    });
    let part = kind[..1].to_lowercase() + &kind[1..];
    json!({ "eventType": kind, "mail": mail, part: { "timestamp": at } })
}

fn read(export: &[u8]) -> EventReading {
    let mut reading = EventExport::new([token(OURS)].into());
    export.chunks(11).for_each(|piece| reading.octets(piece));
    reading.finish()
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| event.to_string() + "\n").collect()
}

#[test]
fn every_form_of_an_export_shows_the_same() {
    let events = [event("Send", ID, Some(OURS), 1), event("Delivery", ID, Some(OURS), 2)];
    let envelopes = events.clone().map(|event| json!({ "Type": "Notification", "Message": event.to_string() }));
    let text = |events: &[Value]| events.iter().map(Value::to_string).collect::<String>();
    for export in [
        lines(&events),
        text(&events),
        json!(events).to_string(),
        serde_json::to_string_pretty(&events).unwrap(),
        lines(&envelopes),
        json!(envelopes).to_string(),
    ] {
        let reading = read(export.as_bytes());
        assert_eq!((reading.records, reading.events, reading.broken), (2, 2, 0), "{export}");
        let shown = &reading.shown[&token(OURS)];
        assert_eq!((shown.events, shown.onward.passage), (2, Passage::PassedOn), "{export}");
        let Conclusion::Accepted(proof) = reading.conclude(&token(OURS)) else { panic!("{export}") };
        assert_eq!(proof.queue_id, ID);
        assert!(!format!("{proof:?}").contains("ada"), "events name people");
    }
}

#[test]
fn any_event_proves_acceptance_and_none_proves_nothing() {
    for kind in ["Send", "Delivery", "DeliveryDelay", "Bounce", "Complaint", "Reject"] {
        let reading = read(lines(&[event(kind, ID, Some(OURS), 1)]).as_bytes());
        assert!(matches!(reading.conclude(&token(OURS)), Conclusion::Accepted(_)), "{kind}");
        assert_eq!(reading.shown[&token(OURS)].onward.is_complained, kind == "Complaint");
    }
    for silent in ["Open", "Click", "Subscription", "Rendering Failure"] {
        let reading = read(lines(&[event(silent, ID, Some(OURS), 1)]).as_bytes());
        assert_eq!(reading.conclude(&token(OURS)), Conclusion::Open(WhyOpen::NoEvent), "{silent}");
        assert_eq!((reading.records, reading.events, reading.broken), (1, 0, 0));
    }
    let mut foreign = event("Send", ID, None, 1);
    foreign["mail"]["headers"] = json!([{ "name": "Subject", "value": OURS }]);
    let others = [event("Send", ID, Some(OTHER), 1), event("Send", ID, None, 1), foreign];
    let others = read(lines(&others).as_bytes());
    assert_eq!((others.shown.len(), others.nameless.len(), others.others), (1, 1, 1));
    assert_eq!(others.conclude(&token(OURS)), Conclusion::Open(WhyOpen::NoEvent));
    assert_eq!(read(b"").conclude(&token(OURS)), Conclusion::Open(WhyOpen::NoEvent));
}

#[test]
fn the_order_of_the_file_is_of_no_matter() {
    let kinds = ["Send", "DeliveryDelay", "Delivery", "Bounce"];
    let mut events: Vec<_> =
        kinds.iter().zip(1..).map(|(kind, second)| event(kind, ID, Some(OURS), second)).collect();
    for _ in 0..events.len() {
        events.rotate_left(1);
        let reading = read(lines(&events).as_bytes());
        assert_eq!(reading.shown[&token(OURS)].onward.passage, Passage::Returned);
        let (first, last) = reading.span.unwrap();
        assert_eq!(last.duration_since(first).as_secs(), 3);
    }
}

#[test]
fn two_ids_of_one_notice_are_two_copies() {
    let reading = read(lines(&[event("Send", ID, Some(OURS), 1), event("Delivery", ID, Some(OURS), 2)]).as_bytes());
    assert_eq!(reading.shown[&token(OURS)].onward.ids.len(), 1);
    let twice = [event("Send", ID, Some(OURS), 1), event("Send", "another-id-of-it", Some(OURS), 2)];
    let reading = read(lines(&twice).as_bytes());
    assert_eq!(reading.shown[&token(OURS)].onward.ids.len(), 2);
}

#[test]
fn an_id_is_known_by_the_reply_that_named_it_and_by_one_alone() {
    let reply = |token_text: &str, words: &str| Ok::<_, ()>((token(token_text), Private::new(words.to_owned())));
    let export = lines(&[event("Bounce", ID, None, 1), event("Send", "short", None, 1)]);
    let mut reading = read(export.as_bytes());
    reading.name_by_replies([reply(OTHER, &format!("250 Ok {ID}")), reply(OURS, "250 Ok short")]).unwrap();
    assert_eq!(reading.shown[&token(OTHER)].onward.passage, Passage::Returned);
    assert_eq!((reading.shown.len(), reading.nameless.len()), (1, 1));
    // Two replies that name the same id: nobody can say whose it is.
    let mut reading = read(export.as_bytes());
    let both = [OURS, OTHER, OURS].map(|token| reply(token, &format!("250 Ok {ID}")));
    reading.name_by_replies(both).unwrap();
    assert_eq!((reading.shown.len(), reading.nameless.len()), (0, 2));
    // Only part of a longer word is nothing.
    let mut reading = read(export.as_bytes());
    reading.name_by_replies([reply(OURS, &format!("250 Ok {ID}1"))]).unwrap();
    assert!(reading.shown.is_empty());
}

#[test]
fn what_is_broken_is_counted_with_its_place_and_the_rest_is_read() {
    let good = event("Send", ID, Some(OURS), 1).to_string();
    let export = format!("{good}\n{{\"eventType\":\"Se\n{{\"a\":1}}\n{{\"a\":}}\n\nnonsense\n{good}\n{{\"x");
    let reading = read(export.as_bytes());
    assert_eq!((reading.records, reading.events, reading.broken), (7, 2, 5));
    let places: Vec<_> = reading.flaws.iter().map(|flaw| flaw.place.line).collect();
    assert_eq!(places, [2, 3, 4, 6, 8]);
    let many = read("x\n".repeat(100).as_bytes());
    assert_eq!((many.broken, many.flaws.len()), (100, FLAWS_SHOWN_MAX));
}

proptest::proptest! {
    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        read(&octets);
    }

    /// The same of octets that look like an export, whole events among them.
    #[test]
    fn no_brackets_make_it_panic_or_lose_a_line(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "{", "}", "[", "]", "\"", "\\", ",", ":", "\n", "1", " ", "{\"a\":", "\"Message\"", "\"mail\":{}",
        ]), 0..60)
    ) {
        let good = event("Send", ID, Some(OURS), 1);
        // Each broken line costs itself at most: the event on the last line is always read.
        let export = format!("{}\n{good}\n", pieces.concat());
        let reading = read(export.as_bytes());
        proptest::prop_assert!(reading.shown.contains_key(&token(OURS)), "{export}");
    }
}
