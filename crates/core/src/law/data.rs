//! Which data brings a regime into play: the kinds that laws name, and what our categories are among them.
//!
//! A category of the incident's own has no kind that is known here: a person says what it is.

use super::word::{Answer, vocabulary};
use crate::incident::Category;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

vocabulary! {
    /// A kind of data that laws name.
    Kind, "kind of data":
    Any = "any", "any personal data";
    Name = "name", "a name, or the initial with the last name";
    Email = "email", "an e-mail address";
    Phone = "phone", "a telephone number";
    PostalAddress = "postal_address", "a postal address";
    UserName = "user_name", "a user name";
    Password = "password", "a password that opens an account";
    SecurityAnswer = "security_answer", "the answer to a security question";
    Credentials = "credentials", "user name or e-mail address, with password or security answer";
    MailboxLogin = "mailbox_login", "the login of the person's mailbox";
    DateOfBirth = "date_of_birth", "a date of birth";
    Ssn = "ssn", "a US Social Security number";
    DriverLicence = "driver_licence", "a number of a driver's licence or a state's identity card";
    Passport = "passport", "a passport number";
    GovernmentId = "government_id", "another number given by a government: military, tribal, student";
    TaxId = "tax_id", "a taxpayer's number";
    NationalId = "national_id", "a national identity number";
    Account = "account", "a number of a bank account or payment card";
    AccountCode = "account_code", "the code, PIN or password that opens a financial account";
    Medical = "medical", "medical data: history, condition, treatment, diagnosis";
    HealthInsurance = "health_insurance", "a number or record of health insurance";
    Biometric = "biometric", "biometric data";
    Genetic = "genetic", "genetic data";
    LicencePlate = "licence_plate", "data of automatic readers of licence plates";
    Location = "location", "where somebody has been";
}

/// The data that was exposed of one person, in the kinds that laws name.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Exposed {
    /// What it is for certain; [`Kind::Any`] is always among it, unless nothing was exposed.
    pub certain: BTreeSet<Kind>,
    /// What it may be besides: a national number may be the one that a law means.
    pub possible: BTreeSet<Kind>,
    /// Ids of the categories whose kind is not known here: with one, no absence of a kind is certain.
    pub unmapped: Vec<String>,
}

/// What a shipped category of data is among the kinds, for certain and perhaps. `None` for an id that is not shipped.
pub fn kinds_of(category: &str) -> Option<(&'static [Kind], &'static [Kind])> {
    Some(match category {
        "name" => (&[Kind::Name], &[]),
        "email" => (&[Kind::Email], &[]),
        "phone" => (&[Kind::Phone], &[]),
        "postal_address" => (&[Kind::PostalAddress], &[]),
        "username" => (&[Kind::UserName], &[]),
        "password" => (&[Kind::Password], &[]),
        // Whether a scrambled password opens an account depends on how it was scrambled.
        "password_hash" => (&[], &[Kind::Password]),
        "security_answer" => (&[Kind::SecurityAnswer], &[]),
        "mailbox_password" => (&[Kind::MailboxLogin, Kind::Credentials], &[]),
        "date_of_birth" => (&[Kind::DateOfBirth], &[]),
        "ssn" => (&[Kind::Ssn], &[]),
        "driver_licence" => (&[Kind::DriverLicence], &[]),
        "passport" => (&[Kind::Passport], &[]),
        "government_id" => (&[Kind::GovernmentId], &[]),
        "tax_id" => (&[Kind::TaxId], &[]),
        "national_id" => (&[Kind::NationalId], &[Kind::Ssn, Kind::TaxId, Kind::DriverLicence, Kind::GovernmentId]),
        "payment_card" | "bank_account" => (&[Kind::Account], &[]),
        "account_code" => (&[Kind::AccountCode], &[]),
        "health" => (&[Kind::Medical], &[]),
        "health_insurance" => (&[Kind::HealthInsurance], &[]),
        "biometric" => (&[Kind::Biometric], &[]),
        "genetic" => (&[Kind::Genetic], &[]),
        "licence_plate" => (&[Kind::LicencePlate], &[]),
        "location" => (&[Kind::Location], &[]),
        "order_history" => (&[], &[]),
        _ => return None,
    })
}

impl Exposed {
    /// Returns the kinds of these categories, known and own.
    pub fn of<'a>(categories: impl IntoIterator<Item = &'a Category>) -> Self {
        Self::of_ids(categories.into_iter().map(|category| category.id.as_str()))
    }

    /// Returns the kinds of the categories with these ids.
    pub fn of_ids<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of_ids_and(ids, &BTreeMap::new())
    }

    /// Returns the kinds of the categories with these ids; `own` says what those that are not shipped are.
    pub fn of_ids_and<'a>(ids: impl IntoIterator<Item = &'a str>, own: &BTreeMap<String, Vec<Kind>>) -> Self {
        let mut exposed = Self::default();
        for id in ids {
            exposed.certain.insert(Kind::Any);
            match kinds_of(id).or_else(|| own.get(id).map(|kinds| (kinds.as_slice(), &[][..]))) {
                Some((certain, possible)) => {
                    exposed.certain.extend(certain);
                    exposed.possible.extend(possible);
                }
                None => exposed.unmapped.push(id.to_owned()),
            }
        }
        let login = Answer::any([exposed.has(Kind::UserName), exposed.has(Kind::Email)]);
        let secret = Answer::any([exposed.has(Kind::Password), exposed.has(Kind::SecurityAnswer)]);
        let together = match login.and(secret) {
            Answer::Yes => &mut exposed.certain,
            Answer::Unknown => &mut exposed.possible,
            Answer::No => return exposed,
        };
        together.insert(Kind::Credentials);
        exposed
    }

    /// Returns whether data of this kind was exposed.
    pub fn has(&self, kind: Kind) -> Answer {
        if self.certain.contains(&kind) {
            Answer::Yes
        } else if self.possible.contains(&kind) || !self.unmapped.is_empty() {
            Answer::Unknown
        } else {
            Answer::No
        }
    }

    /// Returns whether all of these kinds were exposed.
    pub fn has_all(&self, kinds: &[Kind]) -> Answer {
        Answer::all(kinds.iter().map(|kind| self.has(*kind)))
    }
}

/// The data that brings a regime into play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataTrigger {
    /// Any of these, each a set of kinds that come together.
    pub any_of: Vec<Vec<Kind>>,
    /// Any of these too, where a person says so.
    pub if_decided: Option<Decided>,
    /// Whether data that was encrypted, and whose key was not taken, does not count.
    pub unless_encrypted: bool,
}

/// Sets of kinds that count only where a person says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The question that the person answers.
    pub question: String,
    /// The sets.
    pub any_of: Vec<Vec<Kind>>,
}

impl DataTrigger {
    /// Returns whether this data brings the regime into play. Encryption is not looked at: the incident says
    /// whether the data could be read.
    pub fn is_met(&self, exposed: &Exposed) -> Answer {
        self.met(exposed, |_| true)
    }

    /// Returns whether, of what brings the regime into play, nothing but `kinds` was exposed. Other data, which
    /// this regime does not name, does not matter.
    pub fn is_met_only_by(&self, exposed: &Exposed, kinds: &[Kind]) -> Answer {
        let is_among = |set: &[Kind]| set.iter().all(|kind| kinds.contains(kind));
        self.met(exposed, is_among).and(!self.met(exposed, |set| !is_among(set)))
    }

    fn met(&self, exposed: &Exposed, counts: impl Fn(&[Kind]) -> bool) -> Answer {
        let held = |set: &Vec<Kind>| if counts(set) { exposed.has_all(set) } else { Answer::No };
        let certain = Answer::any(self.any_of.iter().map(held));
        let decided = self.if_decided.iter().flat_map(|decided| &decided.any_of);
        certain.or(Answer::any(decided.map(|set| held(set).and(Answer::Unknown))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{incident::KNOWN_CATEGORIES, law::Word};

    fn trigger() -> DataTrigger {
        DataTrigger {
            any_of: vec![vec![Kind::Name, Kind::Ssn], vec![Kind::Credentials]],
            if_decided: Some(Decided { question: "is it usable?".into(), any_of: vec![vec![Kind::Account]] }),
            unless_encrypted: true,
        }
    }

    fn met(ids: &[&str]) -> Answer {
        trigger().is_met(&Exposed::of_ids(ids.iter().copied()))
    }

    #[test]
    fn every_shipped_category_has_its_kinds_and_every_kind_a_category() {
        let mut reached: BTreeSet<Kind> = [Kind::Any, Kind::Credentials].into();
        for category in KNOWN_CATEGORIES {
            let (certain, possible) = kinds_of(category.id).unwrap_or_else(|| panic!("{}", category.id));
            reached.extend(certain.iter().chain(possible));
        }
        let unreached: Vec<_> = Kind::ALL.iter().filter(|kind| !reached.contains(kind)).collect();
        assert!(unreached.is_empty(), "no category is of these kinds: {unreached:?}");
    }

    #[test]
    fn kinds_that_come_together_bring_a_regime_into_play_and_one_of_them_does_not() {
        assert_eq!((met(&["name", "ssn"]), met(&["name"]), met(&["ssn"])), (Answer::Yes, Answer::No, Answer::No));
        assert_eq!((met(&["email", "password"]), met(&["email"])), (Answer::Yes, Answer::No));
        assert_eq!(
            (met(&["mailbox_password"]), met(&["order_history"]), met(&[])),
            (Answer::Yes, Answer::No, Answer::No)
        );
    }

    #[test]
    fn what_only_a_person_knows_stays_open() {
        assert_eq!(met(&["bank_account"]), Answer::Unknown, "the question is a person's");
        assert_eq!(met(&["email", "password_hash"]), Answer::Unknown);
        assert_eq!(met(&["name", "national_id"]), Answer::Unknown);
        assert_eq!(met(&["loyalty_number"]), Answer::Unknown, "nobody has said what it is");
        assert_eq!(met(&["loyalty_number", "name", "ssn"]), Answer::Yes);
    }

    #[test]
    fn credentials_alone_are_alone_beside_data_that_the_regime_does_not_name() {
        let only =
            |ids: &[&str]| trigger().is_met_only_by(&Exposed::of_ids(ids.iter().copied()), &[Kind::Credentials]);
        assert_eq!(only(&["email", "password", "order_history"]), Answer::Yes);
        assert_eq!(only(&["email", "password", "name", "ssn"]), Answer::No);
        assert_eq!(only(&["name", "ssn"]), Answer::No);
        assert_eq!(only(&["email", "password", "bank_account"]), Answer::Unknown);
    }
}
