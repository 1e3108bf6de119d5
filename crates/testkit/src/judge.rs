//! The independent judge of a run: who was told, how often, with which words, and whether the ledger says so.
//!
//! It is given three things as plain data, or as plain files (`judge/folder.rs`): what was planned, what a recorder took that is not ours, and what
//! the ledger says in the end. It compares them by address and never asks the program for its own opinion.

pub mod folder;

use crate::recorded::Recorded;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A notice that was owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The address that the envelope must name.
    pub address: String,
    /// What must stand in it.
    pub content: Content,
}

/// What a recorded message must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Exactly these bytes, but for the value of its Date field.
    Message(Vec<u8>),
    /// Bytes whose SHA-256 is this, once the value of the Date field is 31 `x`.
    Masked([u8; 32]),
    /// It is not looked at.
    Any,
}

/// Everything that the judge is given.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Every notice that was owed, from the affected list.
    pub planned: &'a [Planned],
    /// Every message that the recorder took responsibility for, over all runs.
    pub recorded: &'a [Recorded],
    /// Every notice's final state as the ledger tells it: address, and state as in JSON (`in_doubt`).
    pub states: &'a [(String, String)],
    /// Addresses to which a person decided to tell again, once for each decision.
    pub resent: &'a [String],
    /// How many connections a run had.
    pub connections: usize,
    /// How often a run was killed or its lines were cut.
    pub crashes: usize,
}

/// What the judge found. Addresses appear once for each offence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Owed, not recorded, and in no state that shows it to a person.
    pub lost: Vec<String>,
    /// Recorded more often than owed, decided or not.
    pub copies: Vec<String>,
    /// Recorded more often than owed and decided together.
    pub unflagged_copies: Vec<String>,
    /// Accepted by the ledger, never recorded.
    pub phantoms: Vec<String>,
    /// Recorded, never owed.
    pub strangers: Vec<String>,
    /// Recorded with other words than planned.
    pub wrong_bodies: Vec<String>,
    /// Recorded in a message with more than one recipient.
    pub shared: Vec<String>,
    /// The ledger has more or fewer notices for the address than were owed, or a state that does not exist.
    pub misstated: Vec<String>,
    /// Notices in doubt.
    pub doubts: usize,
    /// The most doubts that so many crashes of so many connections can leave.
    pub doubts_max: usize,
}

/// Octets of a date as messages have it: `Mon, 23 Nov 2026 18:00:00 +0000`.
const DATE_OCTETS: usize = 31;
/// States in which the ledger shows a person that somebody may not have been told.
const SHOWN: [&str; 5] = ["in_doubt", "offered", "bounced", "expired", "let_stand"];
/// States that are reached through an offer alone.
const OFFERED: [&str; 4] = ["in_flight", "in_doubt", "offered", "accepted"];
/// Every state there is, as JSON and ledger name them.
const STATES: [&str; 9] =
    ["queued", "deferred", "in_flight", "in_doubt", "offered", "accepted", "bounced", "expired", "let_stand"];

/// Compares what was owed, what was recorded and what the ledger says.
pub fn judge(case: &Case<'_>) -> Judgement {
    let owed = group(case.planned.iter().map(|planned| (planned.address.as_str(), planned)));
    let taken = group(case.recorded.iter().flat_map(|r| r.recipients.iter().map(move |to| (to.as_str(), r))));
    let states = group(case.states.iter().map(|(address, state)| (address.as_str(), state.as_str())));
    let resent = group(case.resent.iter().map(|address| (address.as_str(), ())));

    let mut found = Judgement { doubts_max: case.connections * case.crashes, ..Judgement::default() };
    let everybody: BTreeSet<&str> = owed.keys().chain(taken.keys()).chain(states.keys()).copied().collect();
    for address in everybody {
        let of = Account {
            address,
            owed: owed.get(address).map_or(&[], Vec::as_slice),
            taken: taken.get(address).map_or(&[], Vec::as_slice),
            states: states.get(address).map_or(&[], Vec::as_slice),
            resent: resent.get(address).map_or(0, Vec::len),
        };
        of.judge(&mut found);
    }
    found
}

/// Returns whoever was told although the ledger, right after a crash, says that nothing was offered to them: an
/// offer that was not durable before its dot.
///
/// It is for stories in which the relay refuses nobody and nobody decided to tell again.
pub fn unoffered(recorded: &[Recorded], states: &[(String, String)]) -> Vec<String> {
    let offered: BTreeSet<&str> = states
        .iter()
        .filter(|(_, state)| OFFERED.contains(&state.as_str()))
        .map(|(address, _)| &**address)
        .collect();
    let told = recorded.iter().flat_map(|message| &message.recipients);
    told.filter(|address| !offered.contains(address.as_str())).cloned().collect()
}

/// All that concerns one address.
struct Account<'a> {
    address: &'a str,
    owed: &'a [&'a Planned],
    taken: &'a [&'a Recorded],
    states: &'a [&'a str],
    resent: usize,
}

impl Account<'_> {
    fn judge(&self, found: &mut Judgement) {
        let count = |names: &[&str]| self.states.iter().filter(|state| names.contains(state)).count();
        let (owed, taken) = (self.owed.len(), self.taken.len());
        found.doubts += count(&["in_doubt", "offered"]);
        if self.states.len() != owed || count(&STATES) != self.states.len() {
            self.note(1, &mut found.misstated);
        }
        if owed == 0 {
            self.note(taken, &mut found.strangers);
            return;
        }
        self.note(owed.saturating_sub(taken + count(&SHOWN)), &mut found.lost);
        self.note(taken.saturating_sub(owed), &mut found.copies);
        self.note(taken.saturating_sub(owed + self.resent), &mut found.unflagged_copies);
        self.note(count(&["accepted"]).saturating_sub(taken), &mut found.phantoms);
        self.note(self.taken.iter().filter(|r| !self.is_planned(r)).count(), &mut found.wrong_bodies);
        self.note(self.taken.iter().filter(|r| r.recipients.len() != 1).count(), &mut found.shared);
    }

    fn note(&self, times: usize, list: &mut Vec<String>) {
        list.extend(std::iter::repeat_n(self.address.to_owned(), times));
    }

    fn is_planned(&self, recorded: &Recorded) -> bool {
        self.owed.iter().any(|planned| match &planned.content {
            Content::Any => true,
            Content::Message(message) => with_date(message, b"") == with_date(&recorded.message, b""),
            Content::Masked(digest) => {
                Sha256::digest(with_date(&recorded.message, &[b'x'; DATE_OCTETS]))[..] == digest[..]
            }
        })
    }
}

impl Judgement {
    /// Returns whether nothing at all is wrong: nobody lost, no copy that nobody decided, no claim without a
    /// message, and no more doubts than the crashes explain.
    pub fn is_clean(&self) -> bool {
        self.offences().iter().all(|(_, addresses)| addresses.is_empty()) && self.doubts <= self.doubts_max
    }

    fn offences(&self) -> [(&'static str, &[String]); 7] {
        [
            ("lost", &self.lost),
            ("unflagged copies", &self.unflagged_copies),
            ("phantom acceptances", &self.phantoms),
            ("strangers", &self.strangers),
            ("wrong bodies", &self.wrong_bodies),
            ("shared messages", &self.shared),
            ("misstated", &self.misstated),
        ]
    }
}

impl fmt::Display for Judgement {
    /// Writes one line: each offence with its count and its first address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, addresses) in self.offences() {
            write!(f, "{name} {}", addresses.len())?;
            if let Some(first) = addresses.first() {
                write!(f, " (first {first})")?;
            }
            f.write_str(", ")?;
        }
        write!(f, "copies {}, in doubt {} of at most {}", self.copies.len(), self.doubts, self.doubts_max)
    }
}

fn group<'a, T>(pairs: impl Iterator<Item = (&'a str, T)>) -> BTreeMap<&'a str, Vec<T>> {
    let mut groups: BTreeMap<&str, Vec<T>> = BTreeMap::new();
    for (address, value) in pairs {
        groups.entry(address).or_default().push(value);
    }
    groups
}

/// Returns `message` with another value of its Date field, the one thing that a plan leaves open.
fn with_date(message: &[u8], date: &[u8]) -> Vec<u8> {
    let head_end = find(message, b"\r\n\r\n").unwrap_or(message.len());
    let field = if message.starts_with(b"Date: ") { Some(0) } else { find(&message[..head_end], b"\r\nDate: ") };
    let Some(start) = field else { return message.to_vec() };
    let value = start + find(&message[start..], b": ").map_or(0, |at| at + 2);
    let end = value + find(&message[value..], b"\r\n").unwrap_or(message.len() - value);
    [&message[..value], date, &message[end..]].concat()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEOPLE: [&str; 4] = ["ada@example.org", "ben@example.org", "cho@example.org", "dee@example.org"];

    fn message(address: &str, date: &str) -> Vec<u8> {
        format!("Date: {date}\r\nTo: {address}\r\n\r\nDate: stays\r\n").into_bytes()
    }

    fn recorded(address: &str) -> Recorded {
        let message = message(address, "Mon, 23 Nov 2026 18:00:00 +0000");
        Recorded { mail_from: "bounce@example.org".to_owned(), recipients: vec![address.to_owned()], message }
    }

    /// A run in which everything went well: what each test doctors.
    struct Story {
        planned: Vec<Planned>,
        recorded: Vec<Recorded>,
        states: Vec<(String, String)>,
        resent: Vec<String>,
    }

    impl Story {
        fn new() -> Self {
            let plan = |a: &&str| Planned { address: (*a).into(), content: Content::Message(message(a, "xxx")) };
            Self {
                planned: PEOPLE.iter().map(plan).collect(),
                recorded: PEOPLE.iter().map(|address| recorded(address)).collect(),
                states: PEOPLE.iter().map(|a| ((*a).to_owned(), "accepted".to_owned())).collect(),
                resent: vec![],
            }
        }

        fn judge(&self, crashes: usize) -> Judgement {
            let Self { planned, recorded, states, resent } = self;
            judge(&Case { planned, recorded, states, resent, connections: 1, crashes })
        }
    }

    #[test]
    fn a_good_run_is_clean() {
        let judgement = Story::new().judge(0);
        assert!(judgement.is_clean(), "{judgement}");
        assert_eq!(judgement, Judgement::default());
    }

    #[test]
    fn one_lost() {
        let mut story = Story::new();
        story.recorded.remove(1);
        story.states[1].1 = "queued".to_owned();
        let judgement = story.judge(0);
        assert_eq!(judgement.lost, ["ben@example.org"]);
        assert!(!judgement.is_clean() && judgement.phantoms.is_empty());
    }

    #[test]
    fn one_forgotten_by_the_ledger_too() {
        let mut story = Story::new();
        story.recorded.remove(1);
        story.states.remove(1);
        let judgement = story.judge(0);
        assert_eq!(judgement.lost, ["ben@example.org"]);
        assert_eq!(judgement.misstated, ["ben@example.org"]);
    }

    #[test]
    fn one_copy_that_nobody_decided_and_one_that_somebody_did() {
        let mut story = Story::new();
        story.recorded.push(recorded("cho@example.org"));
        let judgement = story.judge(0);
        assert_eq!(judgement.unflagged_copies, ["cho@example.org"]);
        assert!(!judgement.is_clean());
        story.resent.push("cho@example.org".to_owned());
        let judgement = story.judge(0);
        assert_eq!(judgement.copies, ["cho@example.org"]);
        assert!(judgement.is_clean(), "{judgement}");
    }

    #[test]
    fn one_stranger() {
        let mut story = Story::new();
        story.recorded.push(recorded("eve@example.org"));
        let judgement = story.judge(0);
        assert_eq!(judgement.strangers, ["eve@example.org"]);
        assert!(!judgement.is_clean());
    }

    #[test]
    fn one_phantom_acceptance() {
        let mut story = Story::new();
        story.recorded.remove(3);
        let judgement = story.judge(0);
        assert_eq!(judgement.phantoms, ["dee@example.org"]);
        assert_eq!(judgement.lost, ["dee@example.org"]);
    }

    #[test]
    fn one_wrong_body_and_one_message_for_two() {
        let mut story = Story::new();
        story.recorded[0].message = message("ben@example.org", "Mon, 23 Nov 2026 18:00:00 +0000");
        story.recorded[1].recipients.push("cho@example.org".to_owned());
        story.recorded.remove(2);
        let judgement = story.judge(0);
        assert_eq!(judgement.wrong_bodies, ["ada@example.org", "cho@example.org"]);
        assert_eq!(judgement.shared, ["ben@example.org", "cho@example.org"]);
        assert!(!judgement.is_clean());
    }

    #[test]
    fn a_digest_over_the_masked_message_tells_words_apart_and_dates_not() {
        let mut story = Story::new();
        let masked = Sha256::digest(message("ada@example.org", &"x".repeat(31)));
        story.planned[0].content = Content::Masked(masked.into());
        let judgement = story.judge(0);
        assert!(judgement.is_clean(), "{judgement}");
        story.recorded[0].message.push(b' ');
        assert_eq!(story.judge(0).wrong_bodies, ["ada@example.org"]);
    }

    #[test]
    fn doubts_are_shown_and_bounded_by_the_crashes() {
        let mut story = Story::new();
        story.states[0].1 = "in_doubt".to_owned();
        story.recorded.remove(2);
        story.states[2].1 = "in_doubt".to_owned();
        let judgement = story.judge(2);
        assert!(judgement.is_clean(), "{judgement}");
        assert_eq!((judgement.doubts, judgement.doubts_max), (2, 2));
        assert!(!story.judge(1).is_clean());
    }

    #[test]
    fn a_state_that_does_not_exist() {
        let mut story = Story::new();
        story.states[0].1 = "sent".to_owned();
        assert_eq!(story.judge(0).misstated, ["ada@example.org"]);
    }

    #[test]
    fn one_told_without_an_offer() {
        let mut story = Story::new();
        story.states[0].1 = "in_doubt".to_owned();
        assert_eq!(unoffered(&story.recorded, &story.states), [""; 0]);
        story.states[1].1 = "queued".to_owned();
        assert_eq!(unoffered(&story.recorded, &story.states), ["ben@example.org"]);
    }

    #[test]
    fn two_notices_to_one_address() {
        let mut story = Story::new();
        story.planned.push(story.planned[0].clone());
        story.states.push(story.states[0].clone());
        let judgement = story.judge(0);
        assert_eq!(judgement.phantoms, ["ada@example.org"]);
        story.recorded.push(recorded("ada@example.org"));
        assert!(story.judge(0).is_clean());
    }
}
