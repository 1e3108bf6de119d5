//! Reads a whole incident as `check` does: every finding, the counts, and who gets which variant.
//!
//! The dry run begins in the same way, so that what checks clean is what is frozen.

use crate::{
    exit::CommandError,
    folder::Folder,
    inputs::{self, Inputs},
    list,
    terminal::Out,
};
use forthwith_core::{
    affected::{Fated, Row, Tally},
    finding::{Finding, Gravity},
    recipient::Recipient,
    variant::Variant,
};
use std::collections::BTreeMap;

/// A folder that was read whole.
pub struct Checked {
    /// What the inputs mean, with the findings about them.
    pub inputs: Inputs,
    /// The list's counts and findings.
    pub tally: Tally,
    /// Each variant, how many get it, and the first of them.
    pub variants: BTreeMap<Variant, Reached>,
}

/// Who gets a variant.
pub struct Reached {
    /// How many.
    pub count: u64,
    /// The first in the list.
    pub first: Recipient,
}

/// Reads everything; `each` sees every row.
pub fn check(
    folder: &Folder,
    out: Out,
    mut each: impl FnMut(&Inputs, &Row) -> Result<(), CommandError>,
) -> Result<Checked, CommandError> {
    let mut inputs = Inputs::read(inputs::verbatim(folder)?, |settings| list::columns(folder, settings));
    let mut variants: BTreeMap<Variant, Reached> = BTreeMap::new();
    let tally = list::read(folder, &inputs, out, |row| {
        each(&inputs, &row)?;
        if let (Fated::Planned(recipient), Some(incident)) = (row.fate, &inputs.incident) {
            let reached = variants.entry(Variant::of(incident, &recipient));
            reached.and_modify(|reached| reached.count += 1).or_insert(Reached { count: 1, first: *recipient });
        }
        Ok(())
    })?;
    if let Some(words) = &inputs.words {
        let found: Vec<Finding> = variants.keys().flat_map(|variant| words.check(variant)).collect();
        for finding in found {
            // Variants share their elements: what is wrong with one of them is said once.
            if !inputs.findings.contains(&finding) {
                inputs.findings.push(finding);
            }
        }
    }
    Ok(Checked { inputs, tally, variants })
}

impl Checked {
    /// Returns every finding: about the settings and words, then about the list.
    pub fn findings(&self) -> Vec<Finding> {
        self.inputs.findings.iter().chain(&self.tally.findings).cloned().collect()
    }

    /// Returns how many findings of each code there are.
    pub fn totals(&self) -> BTreeMap<&'static str, u64> {
        let mut totals = self.tally.totals.clone();
        list::add(&mut totals, &crate::findings::totals(&self.inputs.findings));
        totals
    }

    /// Returns whether anything refuses the incident.
    pub fn is_refused(&self) -> bool {
        self.inputs.is_refused() || self.tally.is_refused()
    }

    /// Returns how many findings weigh so much.
    pub fn weighing(&self, gravity: Gravity) -> u64 {
        let totals = self.totals();
        let mut codes: BTreeMap<&str, Gravity> = BTreeMap::new();
        for finding in self.findings() {
            codes.entry(finding.code).or_insert(finding.gravity);
        }
        codes.iter().filter(|(_, g)| **g == gravity).filter_map(|(code, _)| totals.get(code)).sum()
    }
}
