//! The bytes of a message, built with lettre: header fields, two parts, 7-bit, and nothing left to clock or chance.
//!
//! lettre builds one message for each variant; here it is cut where the messages of two people differ, and filled
//! in for each. lettre fills in a Date, a Message-ID and a boundary of its own where none is given, and panics on
//! line ends in a display name; so all three are given, and names are looked at first.

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
        Body, Mailbox as LettreMailbox, Mailboxes, MessageBuilder, MultiPart, SinglePart,
        header::{self, ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers},
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
    /// A variant is to have an element that no words were compiled for.
    #[error("no words were compiled for the element `{0}`")]
    Element(String),
    /// The offer is taken up with a code of one's own, and the person's row has none.
    #[error("the row has no code for the offer")]
    OfferCode,
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

/// What the messages of a variant have in common beside their parts.
pub(crate) struct Shared<'a> {
    pub subject: &'a str,
    /// BCP 47.
    pub language: &'a str,
    pub from: &'a Mailbox,
    pub reply_to: Option<&'a Mailbox>,
}

/// What a message has beside its parts that no other one has.
pub(crate) struct Marks<'a> {
    /// The notice's token.
    pub token: &'a str,
    /// Without angle brackets.
    pub message_id: &'a str,
    /// [`BOUNDARY_OCTETS`] long.
    pub boundary: &'a str,
    pub to: &'a Mailbox,
}

/// Octets in a boundary: where lettre folds its field depends on them.
const BOUNDARY_OCTETS: usize = 34;

/// A message whose Date value is masked.
pub(crate) struct Masked {
    pub bytes: Vec<u8>,
    date_at: usize,
}

/// A message of a variant, cut where the messages of two people differ.
pub(crate) struct Form {
    /// Up to the To field.
    head: Vec<u8>,
    /// What follows the To field, and each thing behind it.
    rest: Vec<(Vec<u8>, Gap)>,
    /// Where the Date value stands behind the To field.
    date_at: usize,
}

/// What is to be filled in.
#[derive(Clone, Copy)]
enum Gap {
    MessageId,
    Token,
    Boundary,
    Text,
    Html,
    Nothing,
}

impl Form {
    /// The gaps behind the To field, in their order, and what lettre is given in their place: control characters,
    /// which no other field has, and a boundary as long as every other.
    const GAPS: [(Gap, &'static str); 8] = [
        (Gap::MessageId, "\u{1}"),
        (Gap::Token, "\u{2}"),
        (Gap::Boundary, "forthwith-000000000000000000000000"),
        (Gap::Boundary, "forthwith-000000000000000000000000"),
        (Gap::Text, "\u{3}"),
        (Gap::Boundary, "forthwith-000000000000000000000000"),
        (Gap::Html, "\u{4}"),
        (Gap::Boundary, "forthwith-000000000000000000000000"),
    ];

    /// Has lettre build a message to nobody, and cuts it.
    pub(crate) fn new(shared: &Shared<'_>) -> Result<Self, RenderError> {
        let [(_, message_id), (_, token), (_, boundary), _, (_, text), _, (_, html), _] = Self::GAPS;
        let address =
            forthwith_core::address::Address::parse("nobody@example.org").map_err(|_| RenderError::Build)?;
        let nobody = Mailbox { name: String::new(), address };
        let parts = Encoded { text: text.into(), html: html.into() };
        let built = lettre_message(parts, shared, &nobody, [token, message_id, boundary])?.formatted();
        let to_at = find(&built, b"\r\nTo: ")? + b"\r\n".len();
        let to_end = to_at + find(&built[to_at..], b"\r\n")? + b"\r\n".len();
        let mut left = &built[to_end..];
        let date_at = find(left, b"\r\nDate: ")? + b"\r\nDate: ".len();
        let mut rest = Vec::with_capacity(Self::GAPS.len() + 1);
        for (gap, stands_for_it) in Self::GAPS {
            let at = find(left, stands_for_it.as_bytes())?;
            rest.push((left[..at].to_vec(), gap));
            left = &left[at + stands_for_it.len()..];
        }
        rest.push((left.to_vec(), Gap::Nothing));
        let mut form = Self { head: built[..to_at].to_vec(), rest, date_at };
        set_date(form.rest.first_mut().map(|(first, _)| first), date_at, NO_DATE)?;
        Ok(form)
    }

    /// Returns the message with the Date value masked. It has not passed the gate.
    pub(crate) fn fill_in(&self, parts: &Encoded, marks: &Marks<'_>) -> Result<Masked, RenderError> {
        let mut headers = Headers::new();
        headers.set(header::To::from(Mailboxes::from(mailbox(marks.to)?)));
        if let Some(value) = quoted(marks.to) {
            headers.insert_raw(ready("To", value));
        }
        let to = headers.to_string();
        if marks.boundary.len() != BOUNDARY_OCTETS {
            return Err(RenderError::Build);
        }
        let fixed: usize = self.rest.iter().map(|(fixed, _)| fixed.len()).sum();
        let personal = to.len() + parts.text.len() + parts.html.len() + 4 * BOUNDARY_OCTETS;
        let room = self.head.len() + fixed + personal + marks.message_id.len() + marks.token.len();
        let mut bytes = Vec::with_capacity(room);
        bytes.extend_from_slice(&self.head);
        bytes.extend_from_slice(to.as_bytes());
        let date_at = bytes.len() + self.date_at;
        for (fixed, gap) in &self.rest {
            bytes.extend_from_slice(fixed);
            bytes.extend_from_slice(match gap {
                Gap::MessageId => marks.message_id.as_bytes(),
                Gap::Token => marks.token.as_bytes(),
                Gap::Boundary => marks.boundary.as_bytes(),
                Gap::Text => &parts.text,
                Gap::Html => &parts.html,
                Gap::Nothing => &[],
            });
        }
        Ok(Masked { bytes, date_at })
    }
}

impl Masked {
    /// Returns the message with this Date value.
    pub(crate) fn dated(mut self, date: Timestamp) -> Result<Vec<u8>, RenderError> {
        set_date(Some(&mut self.bytes), self.date_at, &date_value(date)?)?;
        Ok(self.bytes)
    }
}

/// A date that lettre can read while it builds; masked afterwards.
const BUILDING_DATE: &str = "Thu, 01 Jan 1970 00:00:00 +0000";

fn find(bytes: &[u8], what: &[u8]) -> Result<usize, RenderError> {
    bytes.windows(what.len()).position(|window| window == what).ok_or(RenderError::Build)
}

/// Puts a Date value in the place of the one that is there.
fn set_date(bytes: Option<&mut Vec<u8>>, at: usize, value: &str) -> Result<(), RenderError> {
    let place = bytes.and_then(|bytes| bytes.get_mut(at..at + DATE_VALUE_OCTETS)).ok_or(RenderError::Build)?;
    if value.len() != DATE_VALUE_OCTETS {
        return Err(RenderError::Date);
    }
    place.copy_from_slice(value.as_bytes());
    Ok(())
}

/// Returns a Date value (RFC 5322 section 3.3): `Mon, 23 Nov 2026 18:00:00 +0000`.
fn date_value(date: Timestamp) -> Result<String, RenderError> {
    let date = TimeZone::UTC.to_datetime(date);
    if !(1000..=9999).contains(&date.year()) {
        return Err(RenderError::Date);
    }
    Ok(date.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
}

fn lettre_message(
    parts: Encoded,
    shared: &Shared<'_>,
    to: &Mailbox,
    [token, message_id, boundary]: [&str; 3],
) -> Result<lettre::Message, RenderError> {
    let (from, to_whom) = (mailbox(shared.from)?, mailbox(to)?);
    let envelope =
        Envelope::new(Some(from.email.clone()), vec![to_whom.email.clone()]).map_err(|_| RenderError::Build)?;
    // Given, because lettre would derive it by reading the fields again, and refuses real addresses there.
    let mut builder = MessageBuilder::new().envelope(envelope).from(from);
    if let Some(reply_to) = shared.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    builder = builder.to(to_whom).subject(shared.subject);
    for (name, mailbox) in [("From", Some(shared.from)), ("Reply-To", shared.reply_to), ("To", Some(to))] {
        // The field keeps its place.
        if let Some(value) = mailbox.and_then(quoted) {
            builder = builder.raw_header(ready(name, value));
        }
    }
    builder
        .raw_header(ready("Date", BUILDING_DATE.to_owned()))
        .raw_header(ready("Message-ID", format!("<{message_id}>")))
        .raw_header(ready("Auto-Submitted", "auto-generated".to_owned()))
        .raw_header(ready("X-Auto-Response-Suppress", "OOF, AutoReply".to_owned()))
        .raw_header(ready("X-Forthwith-ID", token.to_owned()))
        .raw_header(ready("Content-Language", shared.language.to_owned()))
        .multipart(body(parts, boundary)?)
        .map_err(|_| RenderError::Build)
}

/// Returns a field whose value is written as it is.
fn ready(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
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

#[cfg(test)]
mod tests {
    use super::*;
    use forthwith_core::{address::Address as CoreAddress, key::PlanKey};

    fn person(name: &str, address: &str) -> Mailbox {
        Mailbox { name: name.to_owned(), address: CoreAddress::parse(address).unwrap() }
    }

    /// Returns what lettre builds for this person alone, with the Date value masked.
    fn built(parts: Encoded, shared: &Shared<'_>, marks: &Marks<'_>) -> String {
        let to = marks.to;
        let marks = [marks.token, marks.message_id, marks.boundary];
        let bytes = lettre_message(parts, shared, to, marks).unwrap().formatted();
        String::from_utf8(bytes).unwrap().replace(BUILDING_DATE, NO_DATE)
    }

    #[test]
    fn a_form_that_is_filled_in_is_what_lettre_builds() {
        let key = PlanKey::new([7; 32]);
        let long = "Name ".repeat(60);
        let names = [
            "",
            "Ada",
            "J.",
            ".J.R.",
            "Smith, John \"Jack\"",
            "<b>Bobby</b>",
            "\u{540d}\u{524d}",
            "To: x",
            "Zo\u{eb} Bront\u{eb}",
            &long,
        ];
        let addresses = ["a@example.org", &format!("{}@{}.example", "x".repeat(60), "y".repeat(60))];
        let (from, reply_to) = (person("Bo\u{e9} To: forthwith-", "from@example.org"), person("", "r@example.org"));
        for (subject, reply_to) in
            [("S", None), ("Datenschutz \u{fc}ber alles \u{3}", Some(&reply_to)), (&long, Some(&from))]
        {
            let shared = Shared { subject, language: "en", from: &from, reply_to };
            let form = Form::new(&shared).unwrap();
            for (name, address) in
                names.iter().flat_map(|name| addresses.map(|address| (*name, address.to_owned())))
            {
                let token = key.token(address.len() as u64);
                let (boundary, to) = (key.boundary(&token), person(name, &address));
                let marks =
                    Marks { token: token.as_str(), message_id: "1.x@example.org", boundary: &boundary, to: &to };
                let parts = || Encoded { text: b"text\r\n".to_vec(), html: b"<p>\r\n".to_vec() };
                let filled_in = form.fill_in(&parts(), &marks).unwrap().bytes;
                assert_eq!(String::from_utf8(filled_in).unwrap(), built(parts(), &shared, &marks), "{name}");
            }
        }
    }
}
