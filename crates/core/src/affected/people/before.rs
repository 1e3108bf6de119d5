//! Whom an earlier wave told: what its ledger says of each person, and who of this list they are.
//!
//! A person is known by id. Where one of the two sides has none, by the mailbox; two ids at one mailbox are two
//! people, and what that means is decided as within one list.

use super::keys::{Key, MailboxKey, key};
use crate::{
    address::Parts,
    affected::settings::Decisions,
    digest::{Digest, Hashing},
    recipient::Recipient,
};
use std::collections::BTreeSet;

/// What an earlier wave did about a person, the weightiest last: of several notices to one person that one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// Their notice bounced or expired: nobody told them.
    Not,
    /// They may have been told, and somebody decided not to tell them again.
    LetStand,
    /// They are still to be told.
    Pending,
    /// They may have been told, and nobody has settled it.
    InDoubt,
    /// The relay took their notice.
    Accepted,
}

impl Told {
    /// Every standing, in order.
    pub const ALL: [Self; 5] = [Self::Not, Self::LetStand, Self::Pending, Self::InDoubt, Self::Accepted];

    /// Returns the standing as programs know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Not => "not_told",
            Self::LetStand => "let_stand",
            Self::Pending => "pending",
            Self::InDoubt => "in_doubt",
            Self::Accepted => "accepted",
        }
    }
}

/// An earlier wave, as far as it matters to this list: about 80 octets a person.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    /// The ledger's name, as affected.toml has it.
    pub ledger: String,
    /// The incident's short name.
    pub incident: String,
    people: Vec<Person>,
    /// Places in `people`, in the order of their ids and of their mailboxes.
    by_id: Vec<u32>,
    by_mailbox: Vec<u32>,
    sets: Vec<BTreeSet<String>>,
    counts: [u64; 5],
}

#[derive(Clone, Debug)]
struct Person {
    id: Option<Key>,
    mailbox: Option<MailboxKey>,
    told: Told,
    /// The data that their notice named, where that is known.
    data: Option<u32>,
}

/// What an earlier wave knows of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This very person.
    Same {
        told: Told,
        /// The data that they were told of, where that is known.
        data: Option<BTreeSet<String>>,
    },
    /// Somebody else at the same mailbox, or at one that differs in case alone.
    Neighbour(Told),
}

impl Earlier {
    /// Begins with nobody.
    pub fn new(ledger: &str, incident: &str) -> Self {
        Self { ledger: ledger.to_owned(), incident: incident.to_owned(), ..Self::default() }
    }

    /// Adds somebody: id and address as that list has them, and the data that the notice names, where it is known.
    pub fn add(&mut self, id: &str, address: &str, told: Told, data: Option<&[String]>) {
        self.counts[told as usize] += 1;
        if told == Told::Not {
            return;
        }
        let data = data.map(|data| self.set(data.iter().cloned().collect()));
        let id = (!id.is_empty()).then(|| key([id]));
        let mailbox = Parts::of(address).ok().map(|address| MailboxKey::of(&address));
        self.people.push(Person { id, mailbox, told, data });
    }

    fn set(&mut self, data: BTreeSet<String>) -> u32 {
        let found = self.sets.iter().position(|set| *set == data);
        let place = found.unwrap_or_else(|| {
            self.sets.push(data);
            self.sets.len() - 1
        });
        u32::try_from(place).expect("there are fewer sets of data than people")
    }

    /// Ends the adding: nobody is found before.
    #[must_use]
    pub fn finish(mut self) -> Self {
        let mut places: Vec<u32> = (0..).take(self.people.len()).collect();
        let (people, person) = (&self.people, |place: &u32| &self.people[*place as usize]);
        // The order is that of the keys, and not of the ledger: what is made of it is the same for every reading.
        places.sort_unstable_by_key(|place| {
            let Person { id, mailbox, told, data } = &people[*place as usize];
            (*id, mailbox.map(|mailbox| (mailbox.folded, mailbox.exact)), *told, *data)
        });
        self.by_id = places.iter().copied().filter(|place| person(place).id.is_some()).collect();
        places.sort_by_key(|place| person(place).mailbox.map(|mailbox| mailbox.folded));
        self.by_mailbox = places.into_iter().filter(|place| person(place).mailbox.is_some()).collect();
        self
    }

    /// Returns how many people are known to have this standing, there.
    pub fn count(&self, told: Told) -> u64 {
        self.counts[told as usize]
    }

    /// Returns SHA-256 over all that this list is held against: another digest means that the earlier wave went on.
    pub fn digest(&self) -> Digest {
        let mut hashing = Hashing::default();
        for place in self.by_mailbox.iter().chain(self.by_id.iter()) {
            let Person { id, mailbox, told, data } = &self.people[*place as usize];
            hashing.add(told.name().as_bytes());
            hashing.add(&id.unwrap_or_default());
            let mailbox = mailbox.map_or([Key::default(); 2], |mailbox| [mailbox.exact, mailbox.folded]);
            for part in &mailbox {
                hashing.add(part);
            }
            let data = data.and_then(|data| self.sets.get(data as usize));
            let data: Vec<&str> = data.into_iter().flatten().map(String::as_str).collect();
            hashing.add(data.join(";").as_bytes());
            hashing.add(b"\n");
        }
        hashing.finish()
    }

    /// Returns whether somebody who is to be told here was told there, may have been, or still will be without a
    /// decision about that.
    pub fn concerns(&self, recipient: &Recipient, decisions: &Decisions) -> bool {
        let mailbox = MailboxKey::of(&recipient.address.parts());
        match self.find(recipient.id.expose(), Some(&mailbox)) {
            Some(Found::Same { told: Told::Pending, .. }) => decisions.pending_before.is_none(),
            Some(Found::Same { told, .. }) => told > Told::Pending,
            _ => false,
        }
    }

    /// Returns what is known of the person with this id and mailbox.
    pub(super) fn find(&self, id: &str, mailbox: Option<&MailboxKey>) -> Option<Found> {
        let own = (!id.is_empty()).then(|| key([id]));
        if let Some(own) = own {
            let start = self.by_id.partition_point(|place| self.people[*place as usize].id < Some(own));
            let named = self.people_at(&self.by_id[start..]).take_while(|person| person.id == Some(own));
            if let Some(found) = self.same(named) {
                return Some(found);
            }
        }
        let mailbox = mailbox?;
        let folded = |person: &Person| person.mailbox.map(|mailbox| mailbox.folded);
        let start = self.by_mailbox.partition_point(|p| folded(&self.people[*p as usize]) < Some(mailbox.folded));
        let here = || {
            let rest = self.people_at(&self.by_mailbox[start..]);
            rest.take_while(|person| folded(person) == Some(mailbox.folded))
        };
        let is_same = |person: &&Person| {
            (own.is_none() || person.id.is_none())
                && person.mailbox.is_some_and(|found| found.exact == mailbox.exact)
        };
        let neighbour = || here().map(|person| person.told).max().map(Found::Neighbour);
        self.same(here().filter(is_same)).or_else(neighbour)
    }

    fn people_at<'e>(&'e self, places: &'e [u32]) -> impl Iterator<Item = &'e Person> {
        places.iter().map(|place| &self.people[*place as usize])
    }

    /// Returns what several notices to one person come to.
    fn same<'e>(&self, notices: impl Iterator<Item = &'e Person>) -> Option<Found> {
        let notices: Vec<_> = notices.collect();
        let told = notices.iter().map(|person| person.told).max()?;
        let counted = notices.iter().filter(|person| person.told == told);
        // Where one of them is not known, nothing can be said of the data.
        let sets: Option<Vec<_>> = counted.map(|person| self.sets.get(person.data? as usize)).collect();
        let data = sets.map(|sets| sets.into_iter().flatten().cloned().collect());
        Some(Found::Same { told, data })
    }
}
