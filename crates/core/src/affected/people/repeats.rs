//! People and addresses that come more than once: what is a duplicate, and what needs a decision.
//!
//! A mailbox is the local part as written, in NFC, and the domain in A-label form. Local parts that differ in
//! case alone are very likely one mailbox, and only its own system can know (RFC 5321 section 2.4): that is asked.

use super::{
    Context,
    cells::Refusal,
    keys::{Key, key},
    unions::{Set, Unions},
};
use crate::{
    address::mailbox_key,
    affected::settings::{PersonAddresses, SamePerson, SharedAddress},
    merged::Merged,
    recipient::Recipient,
};
use std::collections::BTreeMap;

/// What is remembered of planned rows, to know them again.
#[derive(Default)]
pub(super) struct Repeats {
    /// By mailbox and id.
    people: BTreeMap<Key, Person>,
    /// By mailbox, without case.
    mailboxes: BTreeMap<Key, Mailbox>,
    /// By id, where there is one.
    ids: BTreeMap<Key, Named>,
    /// By mailbox, without case and dots, where it has dots.
    undotted: BTreeMap<Key, u64>,
    /// The data of those whose rows differ in nothing else.
    unions: Unions,
}

/// The first row of a person, and all that a notice reads of it.
#[derive(Clone, Copy)]
struct Person {
    row: u64,
    /// All but the data.
    read: Key,
    data: Set,
}

/// The first row that has a mailbox.
struct Mailbox {
    row: u64,
    exact: Key,
}

/// The first row that has an id.
struct Named {
    folded: Key,
    /// The key of its person.
    person: Key,
}

/// What becomes of a row that may have come before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// It is planned.
    New {
        /// The earlier row that has the same address but for dots.
        near: Option<u64>,
        /// The data of all rows of the person, where an earlier reading put them together.
        data: Option<Vec<String>>,
    },
    /// It is withheld as a duplicate.
    Again(Merged),
}

impl Repeats {
    /// Takes a row that could be planned; `parts` is all that the notice reads of it beside address and data.
    pub(super) fn meet<'p>(
        &mut self,
        recipient: &Recipient,
        parts: impl IntoIterator<Item = &'p str>,
        context: Context<'_>,
    ) -> Result<Met, Refusal> {
        let mailbox = mailbox_key(&recipient.address.parts());
        let folded_mailbox = mailbox.to_lowercase();
        let (exact, folded) = (key([mailbox.as_str()]), key([folded_mailbox.as_str()]));
        let id = key([recipient.id.expose().as_str()]);
        let person = key([mailbox.as_str(), recipient.id.expose()]);
        let this = Person { row: recipient.row, read: key(parts), data: self.unions.keep(&recipient.data) };
        if let Some(earlier) = self.people.get(&person).copied() {
            return self.again(person, earlier, this, context);
        }
        let shared = self.shared(exact, folded, context)?;
        if let Some(merged) =
            shared.map_or_else(|| self.elsewhere(recipient, id, folded, this, context), |m| Ok(Some(m)))?
        {
            return Ok(Met::Again(merged));
        }
        self.people.insert(person, this);
        let is_known = self.mailboxes.contains_key(&folded);
        self.mailboxes.entry(folded).or_insert(Mailbox { row: this.row, exact });
        if !recipient.id.expose().is_empty() {
            self.ids.entry(id).or_insert(Named { folded, person });
        }
        let near = self.near(&folded_mailbox, this.row).filter(|_| !is_known);
        Ok(Met::New { near, data: context.known.unions.as_ref().and_then(|(unions, _)| unions.of(&person)) })
    }

    /// Returns the data of those whose rows were put together.
    pub(super) fn into_unions(self) -> Unions {
        self.unions
    }

    /// Decides on a row of a person who came before at the same address.
    fn again(&mut self, person: Key, earlier: Person, this: Person, context: Context<'_>) -> Result<Met, Refusal> {
        let into = earlier.row;
        if earlier.read != this.read {
            let message = format!("row {into} is the same person at the same address, with other words");
            let hint =
                "name, residence, language and each column that the notice reads must agree: mend one of the rows";
            return Err(Refusal::new("email", "conflicting-rows", message).hint(hint));
        }
        let same = "the same person at the same address";
        self.merge(person, earlier, this, same, context).map(Met::Again)
    }

    /// Merges a row into the first of its person, with its data if that is decided.
    fn merge(
        &mut self,
        person: Key,
        earlier: Person,
        this: Person,
        same: &str,
        context: Context<'_>,
    ) -> Result<Merged, Refusal> {
        let into = earlier.row;
        if earlier.data == this.data {
            return Ok(Merged { into, why: same.to_owned() });
        }
        match context.settings.people.same_person {
            Some(SamePerson::UnionData) => {
                self.unions.add(person, earlier.data, this.data, context.categories);
                Ok(Merged { into, why: format!("{same}, with other data, which its notice names too") })
            }
            None => Err(Refusal::new("data", "conflicting-rows", format!("row {into} is {same}, with other data"))
                .hint("decide in affected.toml: [people] same_person = \"union-data\"; one notice then names the data of both")),
        }
    }

    /// Decides on a mailbox that another person has, or that differs from an earlier one in case alone.
    fn shared(&self, exact: Key, folded: Key, context: Context<'_>) -> Result<Option<Merged>, Refusal> {
        let Some(first) = self.mailboxes.get(&folded) else { return Ok(None) };
        let what =
            if first.exact == exact { "the same address" } else { "the same address but for capital letters" };
        match context.settings.people.shared_address {
            Some(SharedAddress::OneNoticeEach) => Ok(None),
            Some(SharedAddress::FirstOnly) => {
                Ok(Some(Merged { into: first.row, why: format!("another person at {what}") }))
            }
            None => Err(Refusal::new("email", "shared-address", format!("row {} has {what}", first.row))
                .hint("decide in affected.toml: [people] shared_address = \"one-notice-each\" or \"first-only\"")),
        }
    }

    /// Decides on an id that came with another mailbox.
    fn elsewhere(
        &mut self,
        recipient: &Recipient,
        id: Key,
        folded: Key,
        this: Person,
        context: Context<'_>,
    ) -> Result<Option<Merged>, Refusal> {
        let first = self.ids.get(&id).filter(|first| !recipient.id.expose().is_empty() && first.folded != folded);
        let Some((person, first)) = first.and_then(|first| Some((first.person, *self.people.get(&first.person)?)))
        else {
            return Ok(None);
        };
        match context.settings.people.person_addresses {
            Some(PersonAddresses::All) => Ok(None),
            Some(PersonAddresses::First) => {
                self.merge(person, first, this, "the same person at another address", context).map(Some)
            }
            None => Err(Refusal::new(
                "id",
                "several-addresses",
                format!("row {} has the same id with another address", first.row),
            )
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
