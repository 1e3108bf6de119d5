//! The chain of a run: what an event is, what its digest is made over, and how one is appended.
//!
//! The digest of an event is SHA-256 over, in this order: the text `forthwith-event-1` and a line feed; run
//! and sequence number, eight octets each; the 32 octets of the digest before (zeros for the first); the time
//! in microseconds since 1970, eight octets; then kind, notice token (empty where none is concerned), facts
//! and the salted digest of what is private (empty where nothing is), each after its length in eight octets.
//! Numbers are big-endian. Facts are one JSON object of strings, its keys in order, as they stand in the table.

use super::fault::{Fault, damaged};
use forthwith_core::{
    digest::Digest,
    notice::{Particulars, Token},
    private::Private,
    state::Happening,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use rustix::rand::{GetRandomFlags, getrandom};
use std::collections::BTreeMap;

/// What stands before the first event of a run.
pub(crate) const NOTHING: Digest = Digest::from_bytes([0; 32]);
/// Octets of salt: nobody tries 2^128 salts to find out which of two replies was given.
pub(crate) const SALT_OCTETS: usize = 16;
/// Octets of salt fetched from the system at a time.
const SALT_STORE: usize = 64 * SALT_OCTETS;
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
    pub(crate) fn append(
        &mut self,
        connection: &Connection,
        salts: &mut Salts,
        new: &NewEvent<'_>,
    ) -> Result<i64, Fault> {
        let seq = self.length + 1;
        let event = (self.run << SEQ_BITS) | seq;
        let salt = new.private.map(|_| salts.next()).transpose()?;
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
        connection
            .prepare_cached(
                "INSERT INTO events(event, previous, digest, at, kind, notice, token, before, facts, private)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
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
            connection
                .prepare_cached("INSERT INTO event_private(event, salt, bytes) VALUES(?1, ?2, ?3)")?
                .execute(params![event, salt, bytes])?;
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

/// Salts from the system's random source, fetched many at a time.
#[derive(Debug, Default)]
pub(crate) struct Salts {
    left: Vec<u8>,
}

impl Salts {
    pub(crate) fn next(&mut self) -> Result<[u8; SALT_OCTETS], Fault> {
        if self.left.len() < SALT_OCTETS {
            let mut store = vec![0; SALT_STORE];
            let mut filled = 0;
            while filled < store.len() {
                filled += getrandom(&mut store[filled..], GetRandomFlags::empty())
                    .map_err(|error| damaged(format!("the system gives no random octets: {error}")))?;
            }
            self.left = store;
        }
        let (rest, salt) = self.left.split_at(self.left.len() - SALT_OCTETS);
        let salt = salt.try_into().expect("the split leaves as many octets as a salt has");
        self.left.truncate(rest.len());
        Ok(salt)
    }
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
const KINDS: [(Happening, &str); 10] = [
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
];

/// Returns the kind of event that records `happening`.
pub(crate) fn kind_of(happening: Happening) -> &'static str {
    KINDS.iter().find(|(listed, _)| *listed == happening).map_or("", |(_, kind)| kind)
}

/// Returns what an event of `kind` records.
pub(crate) fn happening_of(kind: &str) -> Option<Happening> {
    KINDS.iter().find(|(_, listed)| *listed == kind).map(|(happening, _)| *happening)
}

/// Returns the facts of `particulars` as canonical JSON, without what may be personal.
pub(crate) fn facts_of(happening: Happening, particulars: &Particulars, by: Option<&str>) -> String {
    let mut facts = BTreeMap::new();
    if let Some(by) = by {
        facts.insert("by", by.to_owned());
    }
    if let Some(connection) = particulars.connection {
        facts.insert("connection", connection.to_string());
    }
    if happening == Happening::Requeued {
        facts.insert("counts", particulars.counts.to_string());
    }
    if let Some((date, wire)) = particulars.offer.filter(|_| happening == Happening::Offered) {
        facts.insert("date", micros(date));
        facts.insert("wire", wire.hex());
    }
    if let Some(due) = particulars.due {
        facts.insert("due", micros(due));
    }
    if let Some(reply) = &particulars.reply {
        facts.insert("code", reply.code.to_string());
        if let Some(enhanced) = reply.enhanced {
            facts.insert("enhanced", enhanced.to_string());
        }
    }
    if let Some(stage) = particulars.stage {
        facts.insert("stage", stage.to_string());
    }
    if let Some(why) = &particulars.why {
        facts.insert("why", why.clone());
    }
    to_json(&facts)
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

/// Writes a time for facts, as exactly as the ledger keeps it.
pub(crate) fn micros(at: Timestamp) -> String {
    let at = Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at);
    format!("{at:.6}")
}

fn parse_time(text: &str) -> Result<Timestamp, Fault> {
    text.parse().map_err(|_| damaged("a time in facts cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            particulars_of(&serde_json::from_str(&facts_of(happening, &particulars, None)).unwrap()).unwrap()
        };
        let offered = read(Happening::Offered);
        assert_eq!((offered.due, offered.offer), (particulars.due, particulars.offer));
        assert!(read(Happening::Requeued).counts);
        assert!(read(Happening::Deferred).offer.is_none());
    }

    #[test]
    fn no_two_fields_can_run_into_each_other() {
        let digest =
            |kind, token, facts| digest_of(1, 1, &NOTHING, Timestamp::UNIX_EPOCH, kind, token, facts, None);
        assert_ne!(digest("ab", "c", "{}"), digest("a", "bc", "{}"));
        assert_ne!(digest("a", "b{", "}"), digest("a", "b", "{}"));
    }
}
