//! Variants: the wording that a group of recipients is due, and its key.

use crate::{incident::Incident, recipient::Recipient};
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
}

impl Variant {
    /// Returns the variant of `recipient`.
    pub fn of(incident: &Incident, recipient: &Recipient) -> Self {
        Self {
            entity: incident.entity_for(&recipient.residence).0,
            language: incident.language_for(&recipient.language).to_owned(),
            data: recipient.data.clone(),
        }
    }
}

impl fmt::Display for Variant {
    /// Writes the key: `en/email+phone`, with the entity's number in front where it is not the organisation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entity > 0 {
            write!(f, "entity{}/", self.entity)?;
        }
        write!(f, "{}/{}", self.language, self.data.join("+"))
    }
}
