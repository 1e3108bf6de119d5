//! What is kept for each situation: where somebody lives, what was exposed of them, to what they agreed.
//!
//! Nested, so that looking one up for a row of the list copies nothing.

use crate::{
    law::ConsentKind,
    recipient::{Recipient, Residence},
};
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

    /// Returns the value for the situation of `recipient`, to be changed.
    pub fn get_mut(&mut self, recipient: &Recipient) -> Option<&mut T> {
        self.kept.get_mut(&recipient.residence)?.get_mut(&recipient.data)?.get_mut(&recipient.consent)
    }

    /// Keeps a value for a situation.
    pub fn insert(&mut self, residence: &Residence, data: &[String], consent: &[ConsentKind], value: T) {
        let by_data = self.kept.entry(residence.clone()).or_default();
        let by_consent = by_data.entry(data.to_vec()).or_default();
        if by_consent.insert(consent.to_vec(), value).is_none() {
            self.len += 1;
        }
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
