//! People and addresses that come more than once: what is a duplicate, and what needs a decision.
//!
//! A mailbox is the local part as written, in NFC, and the domain in A-label form. Local parts that differ in
//! case alone are very likely one mailbox, and only its own system can know (RFC 5321 section 2.4): that is asked.

use super::cells::Refusal;
use crate::{
    address::mailbox_key,
    affected::settings::{ListSettings, PersonAddresses, SharedAddress},
    digest::Digest,
    recipient::Recipient,
};
use std::collections::BTreeMap;

/// 128 bits of SHA-256: of a million people no two are taken for one.
type Key = [u8; 16];

/// What is remembered of planned rows, to know them again.
#[derive(Default)]
pub(super) struct Repeats {
    /// By mailbox and id.
    people: BTreeMap<Key, Person>,
    /// By mailbox, without case.
    mailboxes: BTreeMap<Key, Mailbox>,
    /// By id, where there is one.
    ids: BTreeMap<Key, Mailbox>,
    /// By mailbox, without case and dots, where it has dots.
    undotted: BTreeMap<Key, u64>,
}

/// The first row of a person, and all that a notice reads of it.
struct Person {
    row: u64,
    read: Key,
}

/// The first row that has a mailbox.
struct Mailbox {
    row: u64,
    exact: Key,
    folded: Key,
}

/// What becomes of a row that may have come before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// It is planned; the earlier row, where one has the same address but for dots.
    New(Option<u64>),
    /// It is withheld as a duplicate, for this reason.
    Again(String),
}

impl Repeats {
    /// Takes a row that could be planned; `parts` is all that the notice reads of it beside the address.
    pub(super) fn meet<'p>(
        &mut self,
        recipient: &Recipient,
        parts: impl IntoIterator<Item = &'p str>,
        settings: &ListSettings,
    ) -> Result<Met, Refusal> {
        let mailbox = mailbox_key(&recipient.address);
        let folded_mailbox = mailbox.to_lowercase();
        let (exact, folded) = (key([mailbox.as_str()]), key([folded_mailbox.as_str()]));
        let (id, read) = (key([recipient.id.expose().as_str()]), key(parts));
        let person = key([mailbox.as_str(), recipient.id.expose()]);
        let row = recipient.row;
        if let Some(earlier) = self.people.get(&person) {
            let first = earlier.row;
            if earlier.read != read {
                let message = format!("row {first} is the same person at the same address, with other data");
                return Err(Refusal::new("email", "conflicting-rows", message));
            }
            return Ok(Met::Again(format!("repeats row {first}")));
        }
        if let Some(note) =
            self.shared(exact, folded, settings)?.or(self.elsewhere(recipient, id, folded, settings)?)
        {
            return Ok(Met::Again(note));
        }
        self.people.insert(person, Person { row, read });
        let first = || Mailbox { row, exact, folded };
        let is_known = self.mailboxes.contains_key(&folded);
        self.mailboxes.entry(folded).or_insert_with(first);
        if !recipient.id.expose().is_empty() {
            self.ids.entry(id).or_insert_with(first);
        }
        let near = self.near(&folded_mailbox, row);
        Ok(Met::New(near.filter(|_| !is_known)))
    }

    /// Decides on a mailbox that another person has, or that differs from an earlier one in case alone.
    fn shared(&self, exact: Key, folded: Key, settings: &ListSettings) -> Result<Option<String>, Refusal> {
        let Some(first) = self.mailboxes.get(&folded) else { return Ok(None) };
        let what =
            if first.exact == exact { "the same address" } else { "the same address but for capital letters" };
        let message = format!("row {} has {what}", first.row);
        match settings.shared_address {
            Some(SharedAddress::OneNoticeEach) => Ok(None),
            Some(SharedAddress::FirstOnly) => Ok(Some(message)),
            None => Err(Refusal::new("email", "shared-address", message)
                .hint("decide in affected.toml: [people] shared_address = \"one-notice-each\" or \"first-only\"")),
        }
    }

    /// Decides on an id that came with another mailbox.
    fn elsewhere(
        &self,
        recipient: &Recipient,
        id: Key,
        folded: Key,
        settings: &ListSettings,
    ) -> Result<Option<String>, Refusal> {
        let first = self.ids.get(&id).filter(|first| !recipient.id.expose().is_empty() && first.folded != folded);
        let Some(first) = first else { return Ok(None) };
        let message = format!("row {} has the same id with another address", first.row);
        match settings.person_addresses {
            Some(PersonAddresses::All) => Ok(None),
            Some(PersonAddresses::First) => Ok(Some(message)),
            None => Err(Refusal::new("id", "several-addresses", message)
                .hint("decide in affected.toml: [people] person_addresses = \"all\" or \"first\"")),
        }
    }

    /// Returns the earlier row whose mailbox differs in dots alone.
    fn near(&mut self, folded_mailbox: &str, row: u64) -> Option<u64> {
        let (local, domain) = folded_mailbox.rsplit_once('@')?;
        let undotted = key([format!("{}@{domain}", local.replace('.', "")).as_str()]);
        let earlier = self.undotted.get(&undotted).copied();
        if local.contains('.') {
            self.undotted.entry(undotted).or_insert(row);
            return earlier.or_else(|| self.mailboxes.get(&undotted).map(|first| first.row));
        }
        earlier
    }
}

/// Returns 128 bits of SHA-256 over `parts`, each with its length in front.
fn key<'p>(parts: impl IntoIterator<Item = &'p str>) -> Key {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    let mut short = [0; 16];
    short.copy_from_slice(&Digest::of(&bytes).as_bytes()[..16]);
    short
}
