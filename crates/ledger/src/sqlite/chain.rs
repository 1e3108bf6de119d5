//! The chain of a run: what an event is, what its digest is made over, and how one is appended.
//!
//! The digest of an event is SHA-256 over, in this order: the text `forthwith-event-1` and a line feed; run
//! and sequence number, eight octets each; the 32 octets of the digest before (zeros for the first); the time
//! in microseconds since 1970, eight octets; then kind, notice token (empty where none is concerned), facts
//! and the salted digest of what is private (empty where nothing is), each after its length in eight octets.
//! Numbers are big-endian. Facts are one JSON object of strings, its keys in order, as they stand in the table.

use super::{
    fault::{Fault, damaged},
    pen::Pen,
};
use forthwith_core::{
    digest::Digest,
    notice::{Particulars, Token},
    private::Private,
    state::Happening,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

/// What stands before the first event of a run.
pub(crate) const NOTHING: Digest = Digest::from_bytes([0; 32]);
/// Octets that the facts of an offer take, so that their text is not moved while it grows.
const FACTS_OCTETS: usize = 192;
/// Bits of an event's number that count within its run.
const SEQ_BITS: u32 = 32;

/// Particulars in clear, by name.
pub(crate) type Facts = BTreeMap<String, String>;

/// An event to be appended.
pub(crate) struct NewEvent<'a> {
    pub(crate) at: Timestamp,
    pub(crate) kind: &'a str,
    pub(crate) notice: Option<(i64, &'a Token, i64)>,
    pub(crate) facts: &'a str,
    pub(crate) private: Option<&'a [u8]>,
}

/// An event as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) number: i64,
    pub(crate) previous: Digest,
    pub(crate) digest: Digest,
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
    pub(crate) notice: Option<i64>,
    pub(crate) token: Option<String>,
    pub(crate) before: Option<i64>,
    pub(crate) facts: String,
    pub(crate) private: Option<Digest>,
    /// Salt and bytes of what is private, where it was not purged.
    pub(crate) told: Option<(Vec<u8>, Private<Vec<u8>>)>,
}

impl Event {
    /// The columns that [`Self::read`] takes, of `events e LEFT JOIN event_private p USING(event)`.
    pub(crate) const COLUMNS: &'static str = "e.event, e.previous, e.digest, e.at, e.kind, e.notice, e.token, \
         e.before, e.facts, e.private, p.salt, p.bytes";

    pub(crate) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let told = match (row.get(10)?, row.get(11)?) {
            (Some(salt), Some(bytes)) => Some((salt, Private::new(bytes))),
            _ => None,
        };
        Ok(Self {
            number: row.get(0)?,
            previous: digest(row.get(1)?)?,
            digest: digest(row.get(2)?)?,
            at: time(row.get(3)?)?,
            kind: row.get(4)?,
            notice: row.get(5)?,
            token: row.get(6)?,
            before: row.get(7)?,
            facts: row.get(8)?,
            private: row.get::<_, Option<Vec<u8>>>(9)?.map(digest).transpose()?,
            told,
        })
    }

    pub(crate) fn find(connection: &Connection, event: i64) -> Result<Option<Self>, Fault> {
        let columns = Self::COLUMNS;
        let sql = format!("SELECT {columns} FROM events e LEFT JOIN event_private p USING(event) WHERE event = ?1");
        connection.prepare_cached(&sql)?.query_row([event], |row| Ok(Self::read(row))).optional()?.transpose()
    }

    pub(crate) fn run(&self) -> i64 {
        self.number >> SEQ_BITS
    }

    pub(crate) fn seq(&self) -> i64 {
        self.number & ((1 << SEQ_BITS) - 1)
    }

    /// Returns the digest that the event ought to have.
    pub(crate) fn expected_digest(&self) -> Digest {
        let (run, seq) = (self.run(), self.seq());
        let token = self.token.as_deref().unwrap_or_default();
        digest_of(run, seq, &self.previous, self.at, &self.kind, token, &self.facts, self.private.as_ref())
    }

    pub(crate) fn read_facts(&self) -> Result<Facts, Fault> {
        serde_json::from_str(&self.facts)
            .map_err(|_| damaged(format!("the facts of event {} cannot be read", self.number)))
    }
}

/// The end of a run's chain, where events are appended.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) run: i64,
    pub(crate) length: i64,
    pub(crate) head: Digest,
}

impl Chain {
    /// Appends an event and returns its number. The caller commits, and keeps the chain only if that succeeds.
    pub(crate) fn append(&mut self, pen: &mut Pen<'_>, new: &NewEvent<'_>) -> Result<i64, Fault> {
        let seq = self.length + 1;
        let event = (self.run << SEQ_BITS) | seq;
        let salt = new.private.map(|_| pen.salts.next()).transpose()?;
        let private =
            salt.as_ref().zip(new.private).map(|(salt, bytes)| Digest::of_parts([salt.as_slice(), bytes]));
        let token = new.notice.map(|(_, token, _)| token.as_str());
        let digest = digest_of(
            self.run,
            seq,
            &self.head,
            new.at,
            new.kind,
            token.unwrap_or_default(),
            new.facts,
            private.as_ref(),
        );
        pen.event.execute(params![
            event,
            self.head.as_bytes(),
            digest.as_bytes(),
            new.at.as_microsecond(),
            new.kind,
            new.notice.map(|(notice, ..)| notice),
            token,
            new.notice.map(|(.., before)| before),
            new.facts,
            private.as_ref().map(Digest::as_bytes),
        ])?;
        if let (Some(salt), Some(bytes)) = (salt, new.private) {
            pen.words.execute(params![event, salt, bytes])?;
        }
        self.length = seq;
        self.head = digest;
        Ok(event)
    }
}

#[expect(clippy::too_many_arguments, reason = "it is the list of what the digest binds")]
fn digest_of(
    run: i64,
    seq: i64,
    previous: &Digest,
    at: Timestamp,
    kind: &str,
    token: &str,
    facts: &str,
    private: Option<&Digest>,
) -> Digest {
    let private = private.map_or(&[] as &[u8], |digest| digest.as_bytes());
    let length = |field: &[u8]| (field.len() as u64).to_be_bytes();
    Digest::of_parts([
        b"forthwith-event-1\n" as &[u8],
        &run.to_be_bytes(),
        &seq.to_be_bytes(),
        previous.as_bytes(),
        &at.as_microsecond().to_be_bytes(),
        &length(kind.as_bytes()),
        kind.as_bytes(),
        &length(token.as_bytes()),
        token.as_bytes(),
        &length(facts.as_bytes()),
        facts.as_bytes(),
        &length(private),
        private,
    ])
}

/// Reads a digest from a column.
pub(crate) fn digest(bytes: Vec<u8>) -> Result<Digest, Fault> {
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| damaged("a digest has not 32 octets"))?;
    Ok(Digest::from_bytes(bytes))
}

/// Reads a time from a column of microseconds.
pub(crate) fn time(microseconds: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_microsecond(microseconds).map_err(|_| damaged("a time is out of range"))
}

/// The names of happenings in the ledger. Never renamed.
const KINDS: [(Happening, &str); 12] = [
    (Happening::Offered, "offered"),
    (Happening::Accepted, "accepted"),
    (Happening::Deferred, "deferred"),
    (Happening::Bounced, "bounced"),
    (Happening::Requeued, "requeued"),
    (Happening::Doubted, "doubted"),
    (Happening::Restored, "restored"),
    (Happening::ResolvedResend, "resolved-resend"),
    (Happening::ResolvedLetStand, "resolved-let-stand"),
    (Happening::Expired, "expired"),
    (Happening::ProvedAccepted, "proved-accepted"),
    (Happening::ProvedNotAccepted, "proved-not-accepted"),
];

/// Returns the kind of event that records `happening`.
pub(crate) fn kind_of(happening: Happening) -> &'static str {
    KINDS.iter().find(|(listed, _)| *listed == happening).map_or("", |(_, kind)| kind)
}

/// Returns what an event of `kind` records.
pub(crate) fn happening_of(kind: &str) -> Option<Happening> {
    KINDS.iter().find(|(_, listed)| *listed == kind).map(|(happening, _)| *happening)
}

/// What a happening rests on, where it is not a run's own: who decided, and the evidence.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Grounds<'a> {
    pub(crate) by: Option<&'a str>,
    /// The SHA-256 of the relay's log, and the queue id that it shows.
    pub(crate) log: Option<(Digest, &'a str)>,
}

/// Returns the facts of `particulars` as canonical JSON, without what may be personal.
///
/// It is what [`to_json`] makes of the same facts, without a map: two events a notice are written.
pub(crate) fn facts_of(happening: Happening, particulars: &Particulars, grounds: Grounds<'_>) -> String {
    let (reply, offer) = (particulars.reply.as_ref(), particulars.offer);
    let offer = offer.filter(|_| happening == Happening::Offered);
    let mut facts = FactsText::default();
    if let Some(by) = grounds.by {
        facts.add_words("by", by);
    }
    if let Some(reply) = reply {
        facts.add("code", reply.code);
    }
    if let Some(connection) = particulars.connection {
        facts.add("connection", connection);
    }
    if happening == Happening::Requeued {
        facts.add("counts", particulars.counts);
    }
    if let Some((date, _)) = offer {
        facts.add("date", format_args!("{:.6}", as_kept(date)));
    }
    if let Some(due) = particulars.due {
        facts.add("due", format_args!("{:.6}", as_kept(due)));
    }
    if let Some(enhanced) = reply.and_then(|reply| reply.enhanced) {
        facts.add("enhanced", enhanced);
    }
    if let Some((log, queue_id)) = grounds.log {
        facts.add("log", log.hex());
        facts.add_words("queue-id", queue_id);
    }
    if let Some(stage) = particulars.stage {
        facts.add("stage", stage);
    }
    if let Some(why) = &particulars.why {
        facts.add_words("why", why);
    }
    if let Some((_, wire)) = offer {
        facts.add("wire", wire.hex());
    }
    facts.finish()
}

/// Canonical JSON under way: names must come in order.
#[derive(Default)]
struct FactsText(String);

impl FactsText {
    /// Adds a value that is the same in JSON as it is shown: numbers, times, hex digits.
    fn add(&mut self, name: &str, value: impl fmt::Display) {
        self.begin(name);
        // Writing to a string does not fail.
        let _ = write!(self.0, "\"{value}\"");
    }

    /// Adds a value in anybody's words.
    fn add_words(&mut self, name: &str, words: &str) {
        self.begin(name);
        self.0.push_str(&serde_json::to_string(words).expect("a string is JSON"));
    }

    fn begin(&mut self, name: &str) {
        if self.0.is_empty() {
            self.0.reserve(FACTS_OCTETS);
        }
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        let _ = write!(self.0, "\"{name}\":");
    }

    fn finish(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }
}

/// Returns the particulars that decide where a notice stands, read back from facts.
pub(crate) fn particulars_of(facts: &Facts) -> Result<Particulars, Fault> {
    let time_of = |name: &str| facts.get(name).map(|text| parse_time(text)).transpose();
    let wire = facts.get("wire").map(|text| Digest::parse(text).ok_or_else(|| damaged("a wire digest is not one")));
    Ok(Particulars {
        due: time_of("due")?,
        offer: time_of("date")?.zip(wire.transpose()?),
        counts: facts.get("counts").is_some_and(|counts| counts == "true"),
        ..Particulars::default()
    })
}

/// Returns canonical JSON: an object of strings, its keys in order.
pub(crate) fn to_json(facts: &BTreeMap<&str, String>) -> String {
    serde_json::to_string(facts).expect("a map of strings is JSON")
}

/// Returns a time as exactly as the ledger keeps it.
fn as_kept(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

fn parse_time(text: &str) -> Result<Timestamp, Fault> {
    text.parse().map_err(|_| damaged("a time in facts cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use forthwith_core::verdict::{Reply, Stage};

    #[test]
    fn happenings_have_distinct_kinds_that_read_back() {
        for (happening, kind) in KINDS {
            assert_eq!((kind_of(happening), happening_of(kind)), (kind, Some(happening)));
        }
    }

    #[test]
    fn facts_decide_the_same_as_the_particulars_they_were_made_of() {
        let at = Timestamp::from_microsecond(1_700_000_000_123_456).unwrap();
        let particulars = Particulars {
            due: Some(at),
            offer: Some((at, Digest::of(b"wire"))),
            counts: true,
            connection: Some(3),
            why: Some("connection reset".to_owned()),
            ..Particulars::default()
        };
        let read = |happening| {
            particulars_of(&serde_json::from_str(&facts_of(happening, &particulars, Grounds::default())).unwrap())
                .unwrap()
        };
        let offered = read(Happening::Offered);
        assert_eq!((offered.due, offered.offer), (particulars.due, particulars.offer));
        assert!(read(Happening::Requeued).counts);
        assert!(read(Happening::Deferred).offer.is_none());
    }

    #[test]
    fn facts_are_canonical_json() {
        let at = Timestamp::from_microsecond(1_700_000_000_000_000).unwrap();
        let particulars = Particulars {
            stage: Some(Stage::Dot),
            reply: Some(Reply::new(451, b"451 4.3.0 \"no\"\r\n".to_vec())),
            why: Some("said \"no\"\n\u{1}".to_owned()),
            due: Some(at),
            offer: Some((at, Digest::of(b"wire"))),
            connection: Some(3),
            counts: true,
        };
        let grounds = Grounds { by: Some("Ada \\ \"B\""), log: Some((Digest::of(b"log"), "C32B\"499")) };
        for (happening, _) in KINDS {
            let made = facts_of(happening, &particulars, grounds);
            let facts: BTreeMap<String, String> = serde_json::from_str(&made).unwrap();
            assert_eq!(serde_json::to_string(&facts).unwrap(), made);
            let names: Vec<_> = facts.keys().map(String::as_str).collect();
            let expected = match happening {
                Happening::Offered => "by code connection date due enhanced log queue-id stage why wire",
                Happening::Requeued => "by code connection counts due enhanced log queue-id stage why",
                _ => "by code connection due enhanced log queue-id stage why",
            };
            assert_eq!(names.join(" "), expected);
            assert_eq!((&facts["log"], facts["queue-id"].as_str()), (&Digest::of(b"log").hex(), "C32B\"499"));
            assert_eq!(facts["due"], "2023-11-14T22:13:20.000000Z");
            assert_eq!((facts["code"].as_str(), facts["enhanced"].as_str()), ("451", "4.3.0"));
            assert_eq!((&facts["why"], facts["by"].as_str()), (&particulars.why.clone().unwrap(), "Ada \\ \"B\""));
        }
        assert_eq!(facts_of(Happening::Expired, &Particulars::default(), Grounds::default()), "{}");
    }

    #[test]
    fn no_two_fields_can_run_into_each_other() {
        let digest =
            |kind, token, facts| digest_of(1, 1, &NOTHING, Timestamp::UNIX_EPOCH, kind, token, facts, None);
        assert_ne!(digest("ab", "c", "{}"), digest("a", "bc", "{}"));
        assert_ne!(digest("a", "b{", "}"), digest("a", "b", "{}"));
    }
}
