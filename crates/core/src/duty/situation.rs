//! What is kept for each situation: where somebody lives, what was exposed of them, to what they agreed.
//!
//! Nested, so that looking one up for a row of the list copies nothing.

use crate::{law::ConsentKind, recipient::Residence};
use std::collections::BTreeMap;

type ByConsent<T> = BTreeMap<Vec<ConsentKind>, T>;

/// One value for each situation, in a fixed order.
#[derive(Clone, Debug)]
pub struct BySituation<T> {
    kept: BTreeMap<Residence, BTreeMap<Vec<String>, ByConsent<T>>>,
    len: usize,
}

impl<T> Default for BySituation<T> {
    fn default() -> Self {
        Self { kept: BTreeMap::new(), len: 0 }
    }
}

impl<T> BySituation<T> {
    /// Returns the value for a situation.
    pub fn get(&self, residence: &Residence, data: &[String], consent: &[ConsentKind]) -> Option<&T> {
        self.kept.get(residence)?.get(data)?.get(consent)
    }

    /// Returns the value for a situation, to be changed; where there is none, `make` makes it.
    pub fn get_or_insert_with(
        &mut self,
        residence: &Residence,
        data: &[String],
        consent: &[ConsentKind],
        make: impl FnOnce() -> T,
    ) -> &mut T {
        let by_data = self.kept.entry(residence.clone()).or_default();
        let by_consent = by_data.entry(data.to_vec()).or_default();
        by_consent.entry(consent.to_vec()).or_insert_with(|| {
            self.len += 1;
            make()
        })
    }

    /// Returns how many situations there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns every value.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.kept.values().flat_map(BTreeMap::values).flat_map(BTreeMap::values)
    }
}
