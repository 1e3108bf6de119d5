//! What must hold of whatever comes from outside: a message at the gate, a list, a Postfix's log, a provider's events.
//!
//! Each function is given octets, and panics where its invariant does not hold. The mutations of `mutated.rs` and the
//! fuzz targets of `fuzz/` go through the same ones. They know nothing of what the octets are meant to be.

use forthwith_core::{
    address::Address,
    affected::{Context, Fated, Known, ListSettings, People, RowsError, Supplied},
    digest::Digest,
    message::{FORBIDDEN_FIELDS, LINE_OCTETS_MAX, REQUIRED_FIELDS, gate},
    notice::Token,
    reconcile::{Conclusion, Doubt, EventExport, EventReading, LogReading, LogSettings, PostfixLog},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::{
    collections::BTreeSet,
    io::{BufReader, Cursor},
};

/// The notice that logs and events may speak of.
pub const TOKEN: &str = "aaaaaaaaaaaaaaaa";
/// Octets that are read at a time: what is read must not depend on it. One at a time is cut everywhere.
const PIECES: [usize; 2] = [1, 64 * 1024];

/// The gate agrees with its rules said in another way.
pub fn message(octets: &[u8]) {
    assert_eq!(gate(octets).is_ok(), is_sound(octets), "{:?}", gate(octets));
}

/// The gate's rules said once more, in another way: whole lines first, and no early end.
fn is_sound(octets: &[u8]) -> bool {
    let Some(text) = std::str::from_utf8(octets).ok().filter(|text| text.is_ascii()) else { return false };
    let Some(text) = text.strip_suffix("\r\n") else { return false };
    let lines: Vec<&str> = text.split("\r\n").collect();
    let is_plain =
        |line: &&str| line.len() <= LINE_OCTETS_MAX && line.chars().all(|c| c == '\t' || !c.is_control());
    let Some(end) = lines.iter().position(|line| line.is_empty()) else { return false };
    let fields: Vec<&str> = lines[..end].iter().filter(|line| !line.starts_with([' ', '\t'])).copied().collect();
    let names: Vec<String> =
        fields.iter().filter_map(|line| Some(line.split_once(':')?.0.to_ascii_lowercase())).collect();
    let count = |field: &str| names.iter().filter(|name| **name == field.to_ascii_lowercase()).count();
    lines.iter().all(is_plain)
        && !lines[0].starts_with([' ', '\t'])
        && names.len() == fields.len()
        && names.iter().all(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic()))
        && REQUIRED_FIELDS.iter().all(|field| count(field) == 1)
        && FORBIDDEN_FIELDS.iter().all(|field| count(field) == 0)
}

/// Every row of a list has one fate, whatever is read at a time; rows are planned, withheld or refused; an address
/// that is used is one that is read as itself; and the digest is that of the octets.
pub fn list(octets: &[u8]) {
    let [one, whole] = PIECES.map(|piece| fates(octets, piece));
    assert_eq!(one, whole);
}

/// Returns the fate of each row, as words; `None` where the list as a whole is refused.
fn fates(octets: &[u8], piece: usize) -> Option<Vec<String>> {
    let (settings, read_columns, known) = (ListSettings::default(), BTreeSet::new(), Known::default());
    let context = Context {
        file: "l.csv",
        settings: &settings,
        categories: None,
        languages: None,
        read_columns: &read_columns,
        known: &known,
        duties: None,
    };
    let input = BufReader::with_capacity(piece, Cursor::new(octets));
    let mut people = match People::new(context, Supplied::new(input)) {
        Ok(people) => people,
        Err(RowsError::Refused(findings)) => {
            assert!(!findings.is_empty(), "refused without a word");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let (mut fates, mut line) = (Vec::new(), 0);
    while let Some(row) = people.read().unwrap() {
        assert_eq!(row.row, fates.len() as u64 + 1);
        assert!(row.line > line, "row {} begins in line {} after {line}", row.row, row.line);
        line = row.line;
        if let Fated::Planned(recipient) = &row.fate {
            let address = recipient.address.expose();
            assert_eq!(Address::parse(address).unwrap().expose(), address);
        }
        fates.push(format!("{} {:?}", row.line, row.fate));
    }
    let tally = people.finish().unwrap();
    let counts = tally.counts;
    assert_eq!(counts.rows, fates.len() as u64);
    assert_eq!(counts.rows, counts.planned + counts.withheld.values().sum::<u64>() + counts.refused);
    assert_eq!(tally.digest, Digest::of(octets));
    Some(fates)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn token() -> Token {
    Token::parse(TOKEN).unwrap()
}

/// A log settles a doubt only by lines of its own, which name the notice and its queue id; and reads the same twice.
pub fn postfix_log(octets: &[u8]) {
    let (offers, lost_at) = (vec![at("2026-11-23T12:00:01Z")], Some(at("2026-11-23T12:00:02Z")));
    let doubt = Doubt { token: token(), offers, lost_at };
    let conclude = |reading: &LogReading| reading.conclude(&doubt, SignedDuration::from_secs(30));
    let reading = read_log(octets);
    assert!(reading.understood <= reading.lines);
    assert_eq!(conclude(&reading), conclude(&read_log(octets)));
    let (word, proof) = match conclude(&reading) {
        Conclusion::Accepted(proof) => ("(queue active)", proof),
        Conclusion::NotAccepted(proof) => ("disconnect", proof),
        Conclusion::Open(_) => return,
    };
    let lines = String::from_utf8_lossy(proof.lines.expose()).into_owned();
    assert!(lines.contains(word) && lines.contains(TOKEN) && lines.contains(&proof.queue_id), "{lines}");
}

fn read_log(octets: &[u8]) -> LogReading {
    let mut log = PostfixLog::new(LogSettings {
        incident: "acme".to_owned(),
        doubts: [token()].into(),
        zone: TimeZone::UTC,
        read_at: at("2026-11-23T13:00:00Z"),
    });
    octets.split(|octet| *octet == b'\n').for_each(|line| log.line(line));
    log.finish()
}

/// An export shows the same whatever is read at a time, settles a doubt only by octets of its own that name the
/// notice, and counts every record once.
pub fn events(octets: &[u8]) {
    let [one, whole] = PIECES.map(|piece| read_events(octets, piece));
    assert_eq!(format!("{one:?}"), format!("{whole:?}"));
    assert!(whole.events + whole.broken <= whole.records, "{whole:?}");
    let shown: u64 = whole.shown.values().chain(whole.nameless.values()).map(|shown| shown.events).sum();
    assert_eq!(shown + whole.others, whole.events, "every event is somebody's");
    let proof = match whole.conclude(&token()) {
        Conclusion::Accepted(proof) => proof,
        Conclusion::Open(_) => return,
        Conclusion::NotAccepted(_) => panic!("an export never shows that something was not taken"),
    };
    assert!(whole.shown.contains_key(&token()));
    assert!(!proof.lines.expose().is_empty() && !proof.queue_id.is_empty());
}

fn read_events(octets: &[u8], piece: usize) -> EventReading {
    let mut export = EventExport::new([token()].into());
    octets.chunks(piece).for_each(|piece| export.octets(piece));
    export.finish()
}
