//! Suppression lists: who must not get an e-mail, whatever the affected list says.
//!
//! A line names a person by id, by address, or by both. An address alone means everybody at it; with an id it means
//! that person, and another one at the same address is only pointed out.

use super::keys::{Key, MailboxKey, key};
use crate::{
    address::Parts,
    affected::beside::{self, Column, Line, Need},
    finding::{Finding, Place},
};
use std::collections::BTreeMap;

/// The suppression lists of an incident.
#[derive(Clone, Debug, Default)]
pub struct Suppressed {
    /// Their names, in the order of affected.toml.
    files: Vec<String>,
    lines: Vec<Suppression>,
    by_id: BTreeMap<Key, Vec<u32>>,
    by_mailbox: BTreeMap<Key, Vec<u32>>,
}

/// A line of a suppression list.
#[derive(Clone, Debug)]
pub(super) struct Suppression {
    /// Which file.
    file: usize,
    line: u64,
    pub(super) reason: String,
    id: Option<Key>,
    mailbox: Option<MailboxKey>,
}

/// How a line matches a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Match {
    /// The person is meant.
    Meant,
    /// The address is the same but for capital letters.
    OtherCase,
    /// Somebody with another id is meant, at the same address.
    OtherId,
}

impl Suppressed {
    /// Adds the list `file`, and returns what there is to point out.
    ///
    /// # Errors
    ///
    /// The findings that refuse it; nothing of it is added.
    pub fn add(&mut self, file: &str, bytes: &[u8]) -> Result<Vec<Finding>, Vec<Finding>> {
        let columns = [("reason", Need::Filled), ("email", Need::Nothing), ("id", Need::Nothing)];
        let lines = beside::lines(file, bytes, &columns.map(|(name, need)| Column { name, need }))?;
        let is_empty = |line: &&Line| line.cells[1].is_empty() && line.cells[2].is_empty();
        let findings: Vec<_> = lines.iter().filter(is_empty).map(|line| nobody(&line.place)).collect();
        if !findings.is_empty() {
            return Err(findings);
        }
        self.files.push(file.to_owned());
        Ok(lines.into_iter().filter_map(|line| self.add_line(line)).collect())
    }

    fn add_line(&mut self, Line { place, cells }: Line) -> Option<Finding> {
        let [reason, email, id] = <[String; 3]>::try_from(cells).unwrap_or_default();
        let place_in = |map: &mut BTreeMap<Key, Vec<u32>>, key: Key, i: u32| map.entry(key).or_default().push(i);
        let i = u32::try_from(self.lines.len()).expect("such a list has fewer lines than octets");
        let id = (!id.is_empty()).then(|| key([id.as_str()]));
        let mailbox = Parts::of(&email).ok().map(|address| MailboxKey::of(&address));
        if let Some(id) = id {
            place_in(&mut self.by_id, id, i);
        }
        if let Some(mailbox) = mailbox {
            place_in(&mut self.by_mailbox, mailbox.folded, i);
        }
        let line = place.line.unwrap_or_default();
        self.lines.push(Suppression { file: self.files.len() - 1, line, reason, id, mailbox });
        let is_strange = mailbox.is_none() && !email.is_empty();
        is_strange.then(|| {
            let message = "this address cannot be written to, so no row has it".to_owned();
            let place = Place { column: Some("email".to_owned()), ..place };
            Finding::warning("suppress-address", place, message).hint("mend it if somebody is meant by it")
        })
    }

    /// Returns the lines that match a row, those that mean its person first.
    pub(super) fn find(&self, id: &str, mailbox: Option<&MailboxKey>) -> Vec<(usize, Match)> {
        let own = (!id.is_empty()).then(|| key([id]));
        let named = own.and_then(|own| self.by_id.get(&own)).into_iter().flatten();
        let mut found: Vec<_> = named.map(|i| (*i as usize, Match::Meant)).collect();
        if let Some(mailbox) = mailbox {
            let here = self.by_mailbox.get(&mailbox.folded).into_iter().flatten().map(|i| *i as usize);
            let here = here.filter(|i| own.is_none() || self.lines[*i].id != own);
            found.extend(here.map(|i| (i, self.lines[i].matches(own, mailbox))));
        }
        found.sort_by_key(|(i, how)| (*how, *i));
        found
    }

    /// Returns a line, and where it stands.
    pub(super) fn line(&self, i: usize) -> (&Suppression, String) {
        let line = &self.lines[i];
        (line, format!("{}, line {}", self.files[line.file], line.line))
    }

    /// Returns the name of each list, how many lines it has, and how many of those are among `used`.
    pub(super) fn used(&self, used: &[bool]) -> Vec<(String, u64, u64)> {
        let mut counts: Vec<_> = self.files.iter().map(|file| (file.clone(), 0, 0)).collect();
        for (line, used) in self.lines.iter().zip(used) {
            counts[line.file].1 += 1;
            counts[line.file].2 += u64::from(*used);
        }
        counts
    }

    /// Returns how many lines there are in all.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }
}

impl Suppression {
    /// Returns how the line matches a row whose mailbox is the same but for case.
    fn matches(&self, id: Option<Key>, mailbox: &MailboxKey) -> Match {
        if self.id.is_some() && id.is_some() {
            Match::OtherId
        } else if self.mailbox.is_some_and(|own| own.exact == mailbox.exact) {
            Match::Meant
        } else {
            Match::OtherCase
        }
    }
}

fn nobody(place: &Place) -> Finding {
    Finding::refused("suppress-nobody", place.clone(), "the line has neither `email` nor `id`")
        .hint("say who is meant, or delete the line")
}
