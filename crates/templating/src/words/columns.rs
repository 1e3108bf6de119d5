//! Which columns of the list the words read: two rows that differ in one of these are not the same notice.

use super::Words;
use crate::{names::OFFER_CODE, scan};
use forthwith_core::incident::OfferCode;
use std::collections::BTreeSet;

impl Words {
    /// Returns the list's further columns that any template or statement reads, as the header has them.
    pub fn columns_read(&self) -> BTreeSet<String> {
        let sources = self.collected.elements.values().flat_map(|sources| sources.values());
        let used = sources.flat_map(|source| scan::scan(&source.text, &|name| self.names.kind(name)).0);
        used.filter_map(|name| self.column_of(&name).map(str::to_owned)).collect()
    }

    fn column_of(&self, name: &str) -> Option<&str> {
        match self.incident.offer.as_ref().and_then(|offer| offer.code.as_ref()) {
            Some(OfferCode::Column(column)) if name == OFFER_CODE => Some(column),
            _ => self.names.column(name),
        }
    }
}
