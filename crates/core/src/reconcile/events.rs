//! Settles doubts from the events that a provider exports, and gathers what became of accepted notices.
//!
//! An export shows what the provider took, and need not be whole: what it does not show proves nothing. Events
//! are matched by the token in the message's own header, or by the id in the relay's 250; never by an address.

mod records;
mod ses;

pub use records::Place;

use super::{Conclusion, Onward, Proof, WhyOpen};
use crate::{notice::Token, private::Private};
use jiff::Timestamp;
use records::{Found, Records};
use ses::{Event, Record, Whose};
use std::collections::{BTreeMap, BTreeSet};

/// Records that are shown with their place, of those that cannot be read.
const FLAWS_SHOWN_MAX: usize = 5;
/// Messages whose headers are not shown that are kept until their id is looked for: those of a large account's day.
const NAMELESS_MAX: usize = 1_000_000;
/// Octets of an id that is looked for among the words of a reply: shorter ones would be found by chance.
const ID_OCTETS_MIN: usize = 16;

/// A record that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Where it begins.
    pub place: Place,
    /// Why.
    pub why: &'static str,
}

/// What an export shows of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its events.
    pub events: u64,
    /// What became of it.
    pub onward: Onward,
}

/// What an export shows.
#[derive(Clone, Debug, Default)]
pub struct EventReading {
    /// Records found, broken ones included.
    pub records: u64,
    /// Of them, events that show that the provider took a message.
    pub events: u64,
    /// Of them, records that could not be read.
    pub broken: u64,
    /// The first of those.
    pub flaws: Vec<Flaw>,
    /// The time of the earliest and the latest event.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What it shows of the messages that bear a token.
    pub shown: BTreeMap<Token, Shown>,
    /// The same by the provider's own id, where events do not show the message's headers.
    pub nameless: BTreeMap<String, Shown>,
    /// Events of other people's mail, and those left out because the headers of too many messages are not shown.
    pub others: u64,
    proofs: BTreeMap<Token, Proof>,
}

/// An export that is being read.
#[derive(Debug)]
pub struct EventExport {
    doubts: BTreeSet<Token>,
    records: Records,
    reading: EventReading,
}

impl EventExport {
    /// Begins an export; `doubts` are the notices in doubt.
    pub fn new(doubts: BTreeSet<Token>) -> Self {
        Self { doubts, records: Records::default(), reading: EventReading::default() }
    }

    /// Reads the next octets.
    pub fn octets(&mut self, octets: &[u8]) {
        let Self { doubts, records, reading } = self;
        records.octets(octets, &mut |found| reading.take(doubts, found));
    }

    /// Ends the export.
    pub fn finish(self) -> EventReading {
        let Self { doubts, records, mut reading } = self;
        records.finish(&mut |found| reading.take(&doubts, found));
        reading
    }
}

impl EventReading {
    /// Returns what the export proves of a notice in doubt: that it was accepted, or nothing.
    pub fn conclude(&self, token: &Token) -> Conclusion {
        let proof = self.proofs.get(token).cloned();
        proof.map_or(Conclusion::Open(WhyOpen::NoEvent), Conclusion::Accepted)
    }

    /// Counts what bears no token to the notice whose 250 named it, by each `(notice, reply)`.
    ///
    /// An id that two replies name is nobody's.
    pub fn name_by_replies<E>(
        &mut self,
        replies: impl IntoIterator<Item = Result<(Token, Private<String>), E>>,
    ) -> Result<(), E> {
        let mut named: BTreeMap<String, Option<Token>> = BTreeMap::new();
        for reply in replies {
            let (token, reply) = reply?;
            for word in reply.expose().split([' ', '<', '>', '=']).filter(|word| word.len() >= ID_OCTETS_MIN) {
                if self.nameless.contains_key(word) {
                    let other = named.insert(word.to_owned(), Some(token.clone()));
                    if other.is_some_and(|other| other.as_ref() != Some(&token)) {
                        named.insert(word.to_owned(), None);
                    }
                }
            }
        }
        for (id, token) in named {
            let Some(token) = token else { continue };
            if let Some(shown) = self.nameless.remove(&id) {
                self.show(token, shown);
            }
        }
        Ok(())
    }

    fn take(&mut self, doubts: &BTreeSet<Token>, found: Found<'_>) {
        self.records += 1;
        let (place, octets) = match found {
            Found::Record(place, octets) => (place, octets),
            Found::Broken(place, why) => return self.flaw(place, why),
        };
        match ses::read(octets) {
            Ok(Record::Event(event)) => self.event(doubts, *event, octets),
            Ok(Record::Silent) => {}
            Err(why) => self.flaw(place, why),
        }
    }

    fn flaw(&mut self, place: Place, why: &'static str) {
        self.broken += 1;
        if self.flaws.len() < FLAWS_SHOWN_MAX {
            self.flaws.push(Flaw { place, why });
        }
    }

    fn event(&mut self, doubts: &BTreeSet<Token>, event: Event, octets: &[u8]) {
        let Event { id, whose, mut onward } = event;
        self.events += 1;
        if let Some(at) = onward.at {
            self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        }
        onward.ids.insert(id.clone());
        let shown = Shown { events: 1, onward };
        if let Whose::Ours(token) = whose {
            if doubts.contains(&token) && !self.proofs.contains_key(&token) {
                let lines = Private::new([octets, b"\n"].concat());
                self.proofs.insert(token.clone(), Proof { queue_id: id, lines });
            }
            self.show(token, shown);
        } else if whose == Whose::Others {
            self.others += 1;
        } else if let Some(known) = self.nameless.get_mut(&id) {
            known.add(shown);
        } else if self.nameless.len() < NAMELESS_MAX {
            self.nameless.insert(id, shown);
        } else {
            self.others += 1;
        }
    }

    fn show(&mut self, token: Token, shown: Shown) {
        if let Some(known) = self.shown.get_mut(&token) {
            known.add(shown);
        } else {
            self.shown.insert(token, shown);
        }
    }
}

impl Shown {
    fn add(&mut self, other: Self) {
        self.events += other.events;
        self.onward.add(other.onward);
    }
}

#[cfg(test)]
mod tests;
