//! One event of Amazon SES: which message, what became of it. It knows no other provider.
//!
//! Read as Amazon documents them ("Examples of event data that Amazon SES publishes", "Notification contents"):
//! event publishing names the kind `eventType`, a notification `notificationType`, and SNS puts either as text
//! into the `Message` of an envelope.

use super::super::onward::{Onward, Passage, REPLY_CHARS_MAX};
use crate::{notice::Token, private::Private};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// The header that every notice bears, and providers leave alone.
const TOKEN_HEADER: &str = "X-Forthwith-ID";
/// Octets of a message id of the provider's: real ones have about 60.
const ID_OCTETS_MAX: usize = 256;
/// Characters of an address of the next server.
const SERVER_CHARS_MAX: usize = 64;

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// An event that shows that the provider took a message.
    Event(Box<Event>),
    /// One that is well-formed and shows nothing of the kind: an opened message, a confirmed subscription.
    Silent,
}

/// An event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The provider's name of the message.
    pub(super) id: String,
    pub(super) whose: Whose,
    pub(super) onward: Onward,
}

/// Whose message an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Ours: its header shows this token.
    Ours(Token),
    /// Another's: its headers are shown, and ours is not among them.
    Others,
    /// Its headers are not shown, or cut off, or contradict each other.
    Unknown,
}

/// Reads a record, or says why it is none.
pub(super) fn read(octets: &[u8]) -> Result<Record, &'static str> {
    let value: Value = serde_json::from_slice(octets).map_err(|_| "it is no JSON")?;
    match value.get("Message") {
        // The envelope of SNS; also what it says of itself.
        Some(Value::String(inner)) if value.get("Type").is_some() => {
            if !inner.trim_start().starts_with('{') {
                return Ok(Record::Silent);
            }
            event(&serde_json::from_str(inner).map_err(|_| "the Message in it is no JSON")?)
        }
        _ => event(&value),
    }
}

fn event(value: &Value) -> Result<Record, &'static str> {
    let kind = text(value, "eventType").or_else(|| text(value, "notificationType"));
    let kind = kind.ok_or("it has no eventType and no notificationType")?;
    let mail = value.get("mail").ok_or("it has no mail")?;
    let id = text(mail, "messageId").filter(|id| (1..=ID_OCTETS_MAX).contains(&id.len()));
    let id = id.ok_or("its mail has no messageId")?;
    let Some(onward) = onward(kind, value, mail) else { return Ok(Record::Silent) };
    Ok(Record::Event(Box::new(Event { id: id.to_owned(), whose: whose(mail), onward })))
}

/// Returns what `kind` says of a message that the provider took; `None` where it says nothing.
///
/// A rejected message was taken first: SES answered its dot, and found a virus afterwards. That a message could
/// not be rendered says nothing of ours, which come rendered.
fn onward(kind: &str, value: &Value, mail: &Value) -> Option<Onward> {
    let (part, people, passage) = match kind {
        "Send" => ("send", "", Passage::Waiting),
        "Delivery" => ("delivery", "", Passage::PassedOn),
        "DeliveryDelay" => ("deliveryDelay", "delayedRecipients", Passage::Waiting),
        "Bounce" => ("bounce", "bouncedRecipients", Passage::Returned),
        "Complaint" => ("complaint", "", Passage::PassedOn),
        "Reject" => ("reject", "", Passage::Returned),
        _ => return None,
    };
    let part = value.get(part).unwrap_or(&Value::Null);
    let person = part.get(people).and_then(|people| people.get(0)).unwrap_or(&Value::Null);
    let reply = ["smtpResponse", "reason", "complaintFeedbackType"].iter().find_map(|name| text(part, name));
    let reply = text(person, "diagnosticCode").or(reply).unwrap_or_default();
    let at = text(part, "timestamp").or_else(|| text(mail, "timestamp"));
    Some(Onward {
        passage,
        at: at.and_then(|at| at.parse::<Timestamp>().ok()),
        relay: bounded(text(part, "remoteMtaIp").unwrap_or_default(), SERVER_CHARS_MAX),
        dsn: enhanced(text(person, "status").unwrap_or(reply)).unwrap_or_default().to_owned(),
        reply: Private::new(bounded(reply, REPLY_CHARS_MAX)),
        is_complained: kind == "Complaint",
        ids: BTreeSet::new(),
    })
}

fn whose(mail: &Value) -> Whose {
    let Some(headers) = mail.get("headers").and_then(Value::as_array) else { return Whose::Unknown };
    let ours = headers.iter().filter(|h| text(h, "name").is_some_and(|n| n.eq_ignore_ascii_case(TOKEN_HEADER)));
    let tokens: BTreeSet<Option<Token>> =
        ours.map(|header| text(header, "value").and_then(|value| Token::parse(value.trim()))).collect();
    let is_whole = mail.get("headersTruncated") != Some(&Value::Bool(true));
    match (tokens.len(), tokens.into_iter().next().flatten()) {
        (0, _) if is_whole => Whose::Others,
        (1, Some(token)) => Whose::Ours(token),
        _ => Whose::Unknown,
    }
}

/// Returns the first word that is an enhanced status code (RFC 3463 section 2).
fn enhanced(text: &str) -> Option<&str> {
    let is_code = |word: &&str| {
        let mut parts = word.split('.');
        let is_class = matches!(parts.next(), Some("2" | "4" | "5"));
        let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        is_class && parts.by_ref().take(2).filter(|part| is_number(part)).count() == 2 && parts.next().is_none()
    };
    text.split([' ', '-']).find(is_code)
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

fn bounded(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TOKEN: &str = "aaaaaaaaaaaaaaaa";

    fn mail() -> Value {
        json!({
            "timestamp": "2026-11-23T12:00:00.000Z", "messageId": "0100018f-aa", "destination": ["a@y.test"],
            "headers": [{ "name": "Subject", "value": "x" }, { "name": "x-forthwith-id", "value": TOKEN }],
        })
    }

    fn read_value(value: &Value) -> Result<Record, &'static str> {
        read(value.to_string().as_bytes())
    }

    fn of(kind: &str, part: &str, inner: &Value) -> Event {
        let Ok(Record::Event(event)) = read_value(&json!({ "eventType": kind, "mail": mail(), part: inner }))
        else {
            panic!("{kind} is an event")
        };
        *event
    }

    #[test]
    fn every_kind_says_what_became_of_the_message() {
        let at = "2026-11-23T12:00:09.5Z";
        let people = json!([{ "emailAddress": "a@y.test", "status": "5.1.1", "diagnosticCode": "smtp; 550 no" }]);
        for (kind, part, inner, passage, dsn, reply) in [
            ("Send", "send", json!({}), Passage::Waiting, "", ""),
            (
                "Delivery",
                "delivery",
                json!({ "timestamp": at, "smtpResponse": "250 2.6.0 kept" }),
                Passage::PassedOn,
                "2.6.0",
                "250 2.6.0 kept",
            ),
            (
                "DeliveryDelay",
                "deliveryDelay",
                json!({ "timestamp": at, "delayedRecipients": people }),
                Passage::Waiting,
                "5.1.1",
                "smtp; 550 no",
            ),
            (
                "Bounce",
                "bounce",
                json!({ "timestamp": at, "bouncedRecipients": people }),
                Passage::Returned,
                "5.1.1",
                "smtp; 550 no",
            ),
            (
                "Complaint",
                "complaint",
                json!({ "timestamp": at, "complaintFeedbackType": "abuse" }),
                Passage::PassedOn,
                "",
                "abuse",
            ),
            ("Reject", "reject", json!({ "reason": "Bad content" }), Passage::Returned, "", "Bad content"),
        ] {
            let event = of(kind, part, &inner);
            assert_eq!(
                (event.id.as_str(), event.whose),
                ("0100018f-aa", Whose::Ours(Token::parse(TOKEN).unwrap()))
            );
            let onward = event.onward;
            assert_eq!(
                (onward.passage, onward.dsn.as_str(), onward.reply.expose().as_str()),
                (passage, dsn, reply),
                "{kind}"
            );
            assert_eq!(onward.is_complained, kind == "Complaint");
            let expected = if inner.get("timestamp").is_some() { at } else { "2026-11-23T12:00:00Z" };
            assert_eq!(onward.at, Some(expected.parse().unwrap()));
        }
    }

    #[test]
    fn a_notification_and_the_envelope_of_sns_are_read() {
        let inner = json!({ "notificationType": "Delivery", "mail": mail(), "delivery": {} });
        let envelope = json!({ "Type": "Notification", "MessageId": "m", "Message": inner.to_string() });
        assert_eq!(read_value(&inner), read_value(&envelope));
        assert!(matches!(read_value(&inner), Ok(Record::Event(_))));
        for silent in [
            json!({ "Type": "Notification", "Message": "Successfully validated SNS topic" }),
            json!({ "Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe" }),
            json!({ "eventType": "Open", "mail": mail(), "open": {} }),
            json!({ "eventType": "Rendering Failure", "mail": mail(), "failure": {} }),
        ] {
            assert_eq!(read_value(&silent), Ok(Record::Silent), "{silent}");
        }
    }

    #[test]
    fn what_is_no_event_says_why() {
        for (value, why) in [
            (json!({}), "it has no eventType and no notificationType"),
            (json!({ "eventType": 1, "mail": mail() }), "it has no eventType and no notificationType"),
            (json!({ "eventType": "Send" }), "it has no mail"),
            (json!({ "eventType": "Send", "mail": {} }), "its mail has no messageId"),
            (json!({ "eventType": "Send", "mail": { "messageId": "x".repeat(300) } }), "its mail has no messageId"),
            (json!({ "Type": "Notification", "Message": "{" }), "the Message in it is no JSON"),
        ] {
            assert_eq!(read_value(&value), Err(why), "{value}");
        }
        assert_eq!(read(b"{\"a\":}"), Err("it is no JSON"));
    }

    #[test]
    fn a_token_is_shown_once_and_whole_or_not_at_all() {
        let with = |values: &[&str]| {
            let headers: Vec<_> = values.iter().map(|v| json!({ "name": "X-Forthwith-ID", "value": v })).collect();
            whose(&json!({ "headers": headers }))
        };
        let ours = Whose::Ours(Token::parse(TOKEN).unwrap());
        assert_eq!((with(&[" aaaaaaaaaaaaaaaa "]), with(&[TOKEN, TOKEN])), (ours.clone(), ours));
        for unknown in [&["AAAAAAAAAAAAAAAA"][..], &["aaaa"], &[TOKEN, "bbbbbbbbbbbbbbbb"], &[TOKEN, ""]] {
            assert_eq!(with(unknown), Whose::Unknown, "{unknown:?}");
        }
        assert_eq!(with(&[]), Whose::Others);
        assert_eq!(whose(&json!({ "headers": [], "headersTruncated": true })), Whose::Unknown);
        assert_eq!(whose(&json!({ "headers": "x" })), Whose::Unknown);
    }

    #[test]
    fn an_enhanced_code_is_found_where_it_stands_alone() {
        assert_eq!(enhanced("smtp; 550-5.1.1 no such user"), Some("5.1.1"));
        assert_eq!(enhanced("250 ok 10.0.0.1 12.1.1"), None);
        assert_eq!(enhanced("4.4.1234 4.4 4.4.7.1"), None);
    }
}
