//! The rules of a regime, one by one, and how many of them nobody has verified.
//!
//! What a rule says is in its own type; here is its name, and where it stands.

use super::{Basis, Regime, Source, Verified};
use serde::Serialize;

/// One rule: what it is called within its regime, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule<'r> {
    /// Its name: `applies`, `obligation ag`, `content 3`.
    pub name: String,
    /// Where it stands.
    pub basis: &'r Basis,
}

/// How far the rules of a regime were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// All rules.
    pub rules: usize,
    /// Those that nobody who gives a name has checked against the law: all of an unverified regime; of one that
    /// was read, those that were not written from the law; of one that counsel checked, none.
    pub unverified: usize,
    /// Those written down from the law itself.
    pub read: usize,
    /// Those written down from what others write about it.
    pub secondary: usize,
    /// Those written down from memory.
    pub recalled: usize,
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            rules: self.rules + other.rules,
            unverified: self.unverified + other.unverified,
            read: self.read + other.read,
            secondary: self.secondary + other.secondary,
            recalled: self.recalled + other.recalled,
        }
    }
}

impl Regime {
    /// Returns every rule, in the order of the file's sections.
    pub fn rules(&self) -> Vec<Rule<'_>> {
        let mut rules = Vec::new();
        let mut add = |name: String, basis| rules.push(Rule { name, basis });
        add("applies".to_owned(), &self.applies.basis);
        for obligation in &self.obligations {
            add(format!("obligation {}", obligation.id), &obligation.basis);
        }
        for (i, rule) in self.content.iter().enumerate() {
            add(format!("content {}", i + 1), &rule.basis);
        }
        let manner = self.manner.iter();
        let single = [
            ("format", self.format.as_ref().map(|format| &format.basis)),
            ("email", self.manner.as_ref().map(|manner| &manner.email.basis)),
            ("mailbox", manner.clone().find_map(|manner| Some(&manner.mailbox.as_ref()?.basis))),
            ("hold", self.hold.as_ref().map(|hold| &hold.basis)),
            ("language", self.language.as_ref().map(|language| &language.basis)),
            ("records", self.records.as_ref().map(|records| &records.basis)),
            ("penalty", self.penalty.as_ref().map(|penalty| &penalty.basis)),
        ];
        for (name, basis) in single {
            if let Some(basis) = basis {
                add(name.to_owned(), basis);
            }
        }
        for (i, substitute) in manner.flat_map(|manner| &manner.substitute).enumerate() {
            add(format!("substitute {}", i + 1), &substitute.basis);
        }
        for (i, exception) in self.exceptions.iter().enumerate() {
            add(format!("exception {}", i + 1), &exception.basis);
        }
        rules
    }

    /// Returns how far its rules were read.
    pub fn tally(&self) -> Tally {
        let rules = self.rules();
        let from = |source| rules.iter().filter(|rule| rule.basis.source == source).count();
        let (read, secondary, recalled) = (from(Source::Read), from(Source::Secondary), from(Source::Recalled));
        let unverified = match self.verified {
            Verified::Unverified => rules.len(),
            Verified::Read(_) => secondary + recalled,
            Verified::Counsel(_) => 0,
        };
        Tally { rules: rules.len(), unverified, read, secondary, recalled }
    }
}
