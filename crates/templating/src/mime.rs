//! The bytes of a message, built with lettre: header fields, two parts, 7-bit, and nothing left to clock or chance.
//!
//! lettre fills in a Date, a Message-ID and a boundary of its own where none is given, and panics on line ends in
//! a display name; so all three are given, and names are looked at first.

use crate::shape::Encoded;
use forthwith_core::{
    digest::{DATE_VALUE_OCTETS, NO_DATE},
    incident::Mailbox,
    message::GateRefusal,
};
use jiff::{Timestamp, tz::TimeZone};
use lettre::{
    Address,
    address::Envelope,
    message::{
        Body, Mailbox as LettreMailbox, MessageBuilder, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

/// Why a notice cannot be rendered. Nothing is left behind, and no text of it quotes a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A display name with a control character or a line separator: such rows are refused before.
    #[error("a name holds a control character")]
    Name,
    /// An incident offers a language or an entity that its words were not compiled for.
    #[error("no words were compiled for the language `{0}`")]
    Language(String),
    /// An element's template ends in an error for this person's values.
    #[error("the template of `{0}` cannot be filled in")]
    Template(String),
    /// An element's words are longer than any notice.
    #[error("the element `{0}` is too long when it is filled in")]
    TooLong(String),
    /// An element's words have a form that a notice may not have.
    #[error("the element `{element}` has {why}")]
    Markdown {
        /// The element's id.
        element: String,
        /// What it has.
        why: String,
    },
    /// An instant outside the years 1000 to 9999: its Date would have another length.
    #[error("the date is out of range")]
    Date,
    /// lettre refuses to build the message.
    #[error("the message cannot be built")]
    Build,
    /// The gate refuses the bytes.
    #[error(transparent)]
    Gate(#[from] GateRefusal),
}

/// What a message has beside its parts.
pub(crate) struct Marks<'a> {
    /// The notice's token.
    pub token: &'a str,
    /// Without angle brackets.
    pub message_id: String,
    pub boundary: String,
    pub subject: &'a str,
    /// BCP 47.
    pub language: &'a str,
    pub from: &'a Mailbox,
    pub reply_to: Option<&'a Mailbox>,
    pub to: Mailbox,
}

/// A date that lettre can read while it builds; masked afterwards.
const BUILDING_DATE: &str = "Thu, 01 Jan 1970 00:00:00 +0000";

/// Returns the message with the Date value masked. It has not passed the gate.
pub(crate) fn masked(parts: Encoded, marks: &Marks<'_>) -> Result<Vec<u8>, RenderError> {
    let message = lettre_message(parts, marks)?;
    let mut bytes = message.formatted();
    set_date(&mut bytes, NO_DATE)?;
    Ok(bytes)
}

/// Puts a Date value in the place of the one that is there.
pub(crate) fn set_date(bytes: &mut [u8], value: &str) -> Result<(), RenderError> {
    const FIELD: &[u8] = b"\r\nDate: ";
    let at = bytes.windows(FIELD.len()).position(|window| window == FIELD).ok_or(RenderError::Build)? + FIELD.len();
    let place = bytes.get_mut(at..at + DATE_VALUE_OCTETS).ok_or(RenderError::Build)?;
    if value.len() != DATE_VALUE_OCTETS {
        return Err(RenderError::Date);
    }
    place.copy_from_slice(value.as_bytes());
    Ok(())
}

/// Returns a Date value (RFC 5322 section 3.3): `Mon, 23 Nov 2026 18:00:00 +0000`.
pub(crate) fn date_value(date: Timestamp) -> Result<String, RenderError> {
    let date = TimeZone::UTC.to_datetime(date);
    if !(1000..=9999).contains(&date.year()) {
        return Err(RenderError::Date);
    }
    Ok(date.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
}

fn lettre_message(parts: Encoded, marks: &Marks<'_>) -> Result<lettre::Message, RenderError> {
    let from = mailbox(marks.from)?;
    let to = mailbox(&marks.to)?;
    let envelope =
        Envelope::new(Some(from.email.clone()), vec![to.email.clone()]).map_err(|_| RenderError::Build)?;
    // Given, because lettre would derive it by reading the fields again, and refuses real addresses there.
    let mut builder = MessageBuilder::new().envelope(envelope).from(from);
    if let Some(reply_to) = marks.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    builder = builder.to(to).subject(marks.subject);
    let ready = |name: &'static str, value: String| {
        HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
    };
    for (name, mailbox) in [("From", Some(marks.from)), ("Reply-To", marks.reply_to), ("To", Some(&marks.to))] {
        // The field keeps its place.
        if let Some(value) = mailbox.and_then(quoted) {
            builder = builder.raw_header(ready(name, value));
        }
    }
    builder
        .raw_header(ready("Date", BUILDING_DATE.to_owned()))
        .raw_header(ready("Message-ID", format!("<{}>", marks.message_id)))
        .raw_header(ready("Auto-Submitted", "auto-generated".to_owned()))
        .raw_header(ready("X-Auto-Response-Suppress", "OOF, AutoReply".to_owned()))
        .raw_header(ready("X-Forthwith-ID", marks.token.to_owned()))
        .raw_header(ready("Content-Language", marks.language.to_owned()))
        .multipart(body(parts, &marks.boundary)?)
        .map_err(|_| RenderError::Build)
}

/// Returns the two parts between boundaries.
fn body(parts: Encoded, boundary: &str) -> Result<MultiPart, RenderError> {
    let part = |content_type, encoded| {
        let body = Body::dangerous_pre_encoded(encoded, ContentTransferEncoding::QuotedPrintable);
        SinglePart::builder().header(content_type).body(body)
    };
    let kind = format!("multipart/alternative; boundary=\"{boundary}\"");
    let kind = ContentType::parse(&kind).map_err(|_| RenderError::Build)?;
    let both = MultiPart::builder().header(kind).singlepart(part(ContentType::TEXT_PLAIN, parts.text));
    Ok(both.singlepart(part(ContentType::TEXT_HTML, parts.html)))
}

/// Returns `text` in quoted-printable (RFC 2045 section 6.7), whatever it holds.
pub(crate) fn quoted_printable(text: String) -> Vec<u8> {
    let body = Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable);
    body.expect("any text can be quoted").into_vec()
}

/// Returns a mailbox whose name lettre leaves bare although it has a full stop, which may stand in quotes alone
/// (RFC 5322 section 3.2.5): relays refuse a name that is one.
fn quoted(mailbox: &Mailbox) -> Option<String> {
    let name = mailbox.name.trim();
    let is_bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (is_bare && name.contains('.')).then(|| format!("\"{name}\" <{}>", mailbox.address.expose()))
}

fn mailbox(mailbox: &Mailbox) -> Result<LettreMailbox, RenderError> {
    let is_forbidden = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if mailbox.name.chars().any(is_forbidden) {
        return Err(RenderError::Name);
    }
    // Our own address policy is at once stricter and wider than lettre's, and has been applied.
    let address = Address::new_dangerous(mailbox.address.local_part(), mailbox.address.domain());
    let name = Some(mailbox.name.trim().to_owned()).filter(|name| !name.is_empty());
    Ok(LettreMailbox::new(name, address))
}
