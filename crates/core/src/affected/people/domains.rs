//! What there is to point out about the domains of a list: slips of great ones, and pairs that look alike.
//!
//! Nothing is decided and nothing is corrected here: whoever is planned stays planned.

use super::keys::{Key, key};
use crate::{
    address::{disguised, is_great, probably_meant, skeleton},
    finding::{Finding, Place},
};
use std::collections::BTreeMap;

/// The domains met so far: about 100 octets for each one that is not great.
#[derive(Default)]
pub(super) struct Domains {
    /// By domain: the great one that is meant, where it is a slip or a disguise.
    seen: BTreeMap<Key, Option<Doubt>>,
    /// By skeleton: the first domain that has it, and its row.
    skeletons: BTreeMap<Key, (Key, u64)>,
}

/// Why a domain is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is probably a slip of this one.
    Slip(&'static str),
    /// It looks like this one.
    Disguise(&'static str),
    /// It looks like another one of the list, that stands in this row.
    Alike(u64),
}

/// Returns what is doubtful about a domain by itself.
pub(super) fn doubt_by_itself(domain: &str) -> Option<Doubt> {
    if is_great(domain) {
        return None;
    }
    disguised(domain).map(Doubt::Disguise).or_else(|| probably_meant(domain).map(Doubt::Slip))
}

impl Domains {
    /// Returns what is doubtful about the domain of a row. What looks like another one of the list is told once, in
    /// the first row that has it.
    pub(super) fn look(&mut self, domain: &str, row: u64) -> Option<Doubt> {
        if is_great(domain) {
            return None;
        }
        let own = key([domain]);
        if let Some(doubt) = self.seen.get(&own) {
            return *doubt;
        }
        let known = doubt_by_itself(domain);
        self.seen.insert(own, known);
        let (first, first_row) = *self.skeletons.entry(key([skeleton(domain).as_str()])).or_insert((own, row));
        known.or_else(|| (first != own).then_some(Doubt::Alike(first_row)))
    }
}

impl Doubt {
    /// Returns the warning about `domain` in a row.
    pub(super) fn warning(self, domain: &str, place: Place) -> Finding {
        let (code, message) = match self {
            Self::Slip(great) => ("misspelt-domain", format!("the domain `{domain}` is probably `{great}`")),
            Self::Disguise(great) => ("look-alike-domain", format!("the domain `{domain}` looks like `{great}`")),
            Self::Alike(row) => (
                "look-alike-domain",
                format!("the domain `{domain}` looks like the one in row {row}, and is another"),
            ),
        };
        Finding::warning(code, place, message).hint("ask the data team; the address is used as it stands")
    }
}
