//! One affected person at one address, as parsed from a row of the affected list.

use crate::{address::Address, law::ConsentKind, private::Private};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One affected person at one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The data row, counted from 1.
    pub row: u64,
    /// The physical line where the row starts, counted from 1.
    pub line: u64,
    /// The organisation's own name for the person; empty where the list has none.
    pub id: Private<String>,
    /// Where the notice goes.
    pub address: Address,
    /// What the person is called; empty where the list does not say.
    pub name: Private<String>,
    /// Where the person lives.
    pub residence: Residence,
    /// The language asked for, BCP 47; empty where the list does not say.
    pub language: String,
    /// The ids of the data categories that were exposed of this person, in the incident's order.
    pub data: Vec<String>,
    /// To which electronic notices the person agreed; empty where the list does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consent: Vec<ConsentKind>,
    /// Every other column, by its name in the header.
    pub columns: BTreeMap<String, Private<String>>,
}

/// Where a person lives, as far as the list says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Residence {
    /// ISO 3166-1 alpha-2, upper case; empty where unknown.
    pub country: String,
    /// ISO 3166-2 without the country, upper case; empty where unknown.
    pub region: String,
}

impl Residence {
    /// Returns `CA`, `US-CA`, or `unknown`.
    pub fn code(&self) -> String {
        match (self.country.as_str(), self.region.as_str()) {
            ("", _) => "unknown".to_owned(),
            (country, "") => country.to_owned(),
            (country, region) => format!("{country}-{region}"),
        }
    }

    /// Returns whether `pattern` (`US` or `US-CA`) covers this residence.
    pub fn is_in(&self, pattern: &str) -> bool {
        !self.country.is_empty() && (self.country == pattern || self.code() == pattern)
    }
}
