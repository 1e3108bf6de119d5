//! Variants: the wording that a group of recipients is due, and its key.

use crate::{digest::Digest, incident::Incident, law::Element, recipient::Recipient};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The wording that a group of recipients is due: who writes, in which language, about which data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Variant {
    /// The entity that writes: 0 is the organisation, 1 the first of `elsewhere`.
    pub entity: usize,
    /// The language, one of those offered.
    pub language: String,
    /// The ids of the data categories concerned, in the incident's order.
    pub data: Vec<String>,
    /// How the law that reaches them changes the incident's own notice.
    pub by_law: ByLaw,
}

/// How a notice differs from the incident's own because of the law: all that its wording depends on, so that people
/// of several laws who are due the same words share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct ByLaw {
    /// The elements that it has besides, in the order of their listing.
    pub added: Vec<Element>,
    /// The elements that it lacks.
    pub dropped: Vec<Element>,
    /// The id of the law under whose headings it stands.
    pub headings: Option<String>,
    /// Where its readers live, where its words depend on that.
    pub place: Option<String>,
}

impl ByLaw {
    /// Returns whether the notice is the incident's own.
    pub fn is_own(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for ByLaw {
    /// Writes what differs: `us-ca/+credit_bureau_contacts-cause`; nothing for the incident's own notice.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = |part: &Option<String>| part.as_ref().map(|part| format!("{part}/")).unwrap_or_default();
        write!(f, "{}{}", slash(&self.headings), slash(&self.place))?;
        self.added.iter().try_for_each(|element| write!(f, "+{element}"))?;
        self.dropped.iter().try_for_each(|element| write!(f, "-{element}"))
    }
}

impl Variant {
    /// Returns the variant of `recipient` where no law changes the notice.
    pub fn of(incident: &Incident, recipient: &Recipient) -> Self {
        Self {
            entity: incident.entity_for(&recipient.residence).0,
            language: incident.language_for(&recipient.language).to_owned(),
            data: recipient.data.clone(),
            by_law: ByLaw::default(),
        }
    }

    /// Returns a short label that no other variant of `incident` has: `B-4`. It is printed in the notice, so that
    /// a person who calls, and counsel who dictates a change, can say which wording is meant.
    ///
    /// The letter stands for who writes in which language, in the incident's order. The number is a sum: 1 for the
    /// incident's first category of data, 2 for the second, 4 for the third. So it depends on the incident alone,
    /// and not on who else is on the list.
    pub fn label(&self, incident: &Incident) -> String {
        // Every field: one that is added and not read here would give two wordings one label.
        let Self { entity, language, data, by_law } = self;
        let languages = &incident.languages.offered;
        let spoken = languages.iter().position(|offered| offered == language).unwrap_or_default();
        let letters = letters(entity * languages.len() + spoken);
        let bit = |id: &String| incident.categories.iter().position(|category| category.id == *id);
        let number: u128 =
            data.iter().filter_map(bit).filter_map(|bit| 1_u128.checked_shl(u32::try_from(bit).ok()?)).sum();
        format!("{letters}-{number}{}", by_law.label())
    }
}

/// Letters that stand for what the law changes: of the wordings that one label tells apart no list has more than some
/// dozen, and of 280,000 names two of them have the same once in some thousand lists.
const BY_LAW_LETTERS: usize = 4;

impl ByLaw {
    /// Returns what a label says of it: nothing for the incident's own notice, else letters drawn from what differs.
    fn label(&self) -> String {
        if self.is_own() {
            return String::new();
        }
        let digest = Digest::of(self.to_string().as_bytes());
        let letter = |octet: &u8| char::from(LETTERS[usize::from(*octet) % LETTERS.len()]);
        std::iter::once('-').chain(digest.as_bytes().iter().take(BY_LAW_LETTERS).map(letter)).collect()
    }
}

/// Letters of labels: without I, O and Q, which are taken for figures.
const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";

/// Returns the letters that stand for a number, from 0: `A`, ..., `Z`, `AA`.
fn letters(mut number: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(LETTERS[number % LETTERS.len()]));
        if number < LETTERS.len() {
            break;
        }
        number = number / LETTERS.len() - 1;
    }
    letters.iter().rev().collect()
}

impl fmt::Display for Variant {
    /// Writes the key: `en/email+phone`, with the entity's number in front where it is not the organisation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entity > 0 {
            write!(f, "entity{}/", self.entity)?;
        }
        write!(f, "{}/{}", self.language, self.data.join("+"))?;
        if self.by_law.is_own() { Ok(()) } else { write!(f, "/{}", self.by_law) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const INCIDENT: &str = r#"
[incident]
id = "x"
occurred = "unknown"
discovered = "unknown"
[organisation]
legal_name = "X Ltd"
known_as = "X"
from = "a@x.example"
postal_address = ["X"]
website = "x.example"
[contact]
email = "a@x.example"
report_fakes_to = "a@x.example"
[facts]
exposure = "taken"
culprits = "unknown"
culprit_role = "outsider"
holder = "unknown"
people_affected = "unknown"
nothing_else = "unknown"
police_told = 2020-10-12
authority_told = 2020-10-12
[data]
categories = ["email", "phone", "name"]
[languages]
default = "en"
offered = ["en", "de", "fr"]
"#;

    #[test]
    fn no_two_variants_have_one_label() {
        assert_eq!([0, 1, 22, 23, 24, 552].map(letters), ["A", "B", "Z", "AA", "AB", "AAA"]);
        let incident = crate::incident::read("incident.toml", INCIDENT.as_bytes()).0.unwrap();
        let mut labels = BTreeSet::new();
        for entity in 0..3 {
            for language in ["en", "de", "fr"] {
                for set in 0_u32..8 {
                    let chosen = incident.categories.iter().enumerate().filter(|(i, _)| set & (1 << i) != 0);
                    let data = chosen.map(|(_, category)| category.id.clone()).collect();
                    let variant = Variant { entity, language: language.to_owned(), data, by_law: ByLaw::default() };
                    let label = variant.label(&incident);
                    assert!(label.len() <= 4, "{label}");
                    assert!(labels.insert(label), "{variant}");
                }
            }
        }
        let mut variant = Variant {
            entity: 0,
            language: "de".to_owned(),
            data: vec!["name".to_owned()],
            by_law: ByLaw::default(),
        };
        assert_eq!(variant.label(&incident), "B-4");
        assert_eq!(variant.to_string(), "de/name");
        let mut labels = BTreeSet::new();
        for added in [vec![Element::Cause], vec![Element::AgContact, Element::Cause]] {
            for place in [None, Some("US-MA".to_owned())] {
                variant.by_law = ByLaw { added: added.clone(), place, ..ByLaw::default() };
                let label = variant.label(&incident);
                assert!(label.starts_with("B-4-") && label.len() == 8 && labels.insert(label), "{variant}");
            }
        }
        assert_eq!(variant.to_string(), "de/name/US-MA/+ag_contact+cause");
    }
}
