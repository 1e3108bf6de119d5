//! Reads a whole incident as `check` does: every finding, the counts, and who gets which variant.
//!
//! The dry run begins in the same way, so that what checks clean is what is frozen.

use crate::{
    exit::CommandError,
    folder::{Folder, INCIDENT},
    inputs::{self, Inputs},
    known,
    lawful::Lawful,
    list::{self, Given},
    terminal::{Out, counted, grouped},
};
use forthwith_core::{
    affected::{Alike, AsRead, Earlier, Fated, KnownBefore, Tally, Told, Wanted},
    deadlines::{Census, Situation, about_deadline, deadlines},
    exemplars::Exemplars,
    finding::{Finding, Gravity, any_refused},
    law,
    recipient::Recipient,
    variant::Variant,
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A folder that was read whole.
pub struct Checked {
    /// What the inputs mean, with the findings about them.
    pub inputs: Inputs,
    /// The list's counts and findings.
    pub tally: Tally,
    /// What laws ask of the notices; `None` where none is applied.
    pub law: Option<Lawful>,
    /// Each variant, how many get it, and the first of them.
    pub variants: BTreeMap<Variant, Reached>,
    /// Everybody who is concerned, by residence and data.
    pub census: Census,
}

/// Who gets a variant.
pub struct Reached {
    /// How many.
    pub count: u64,
    /// The first in the list.
    pub first: Recipient,
    /// How many of them live where, by residence code.
    pub residences: BTreeMap<String, u64>,
    /// Those whose notices counsel looks at, of the rows that were wanted and of the first of those that were not.
    pub exemplars: Exemplars,
    /// What was found in its words.
    pub findings: Vec<Finding>,
}

impl Reached {
    /// Begins with nobody, of whom this one would be the first.
    fn by(first: &Recipient) -> Self {
        let (residences, exemplars, findings) = (BTreeMap::new(), Exemplars::default(), Vec::new());
        Self { count: 0, first: first.clone(), residences, exemplars, findings }
    }

    /// Adds so many people who live where `first` does, and of whom they are the first.
    fn add(&mut self, first: &Recipient, count: u64) {
        self.count += count;
        self.exemplars.see(first);
        *self.residences.entry(first.residence.code()).or_default() += count;
        if first.row < self.first.row {
            self.first = first.clone();
        }
    }
}

/// Reads everything; `each` takes the rows that are wanted.
pub fn check(
    folder: &Folder,
    out: Out,
    wanted: Wanted,
    each: impl FnMut(AsRead<'_>) -> Result<(), CommandError>,
) -> Result<Checked, CommandError> {
    let inputs = inputs(folder, out)?;
    let people = people(folder, &inputs, out, "reading the list", wanted, each)?;
    Ok(Checked::new(inputs, people, Timestamp::now()))
}

/// Reads the settings and the words, and what is known of people before their list is read.
pub fn inputs(folder: &Folder, out: Out) -> Result<Inputs, CommandError> {
    let mut inputs = Inputs::read(inputs::verbatim(folder)?, |settings| list::columns(folder, settings));
    if let Some(list) = &mut inputs.list {
        folder.declare(list);
    }
    // What the words say of a column, they say without knowing the list's name.
    for finding in inputs.findings.iter_mut().filter(|finding| finding.place.file.is_empty()) {
        finding.place.file = folder.list.clone().unwrap_or_default();
    }
    known::gather(folder, &mut inputs, out)?;
    Ok(inputs)
}

/// What the reading of a list tells: its counts and findings, who gets which variant, and who is concerned.
pub type PeopleRead = (Tally, BTreeMap<Variant, Reached>, Census, Option<Lawful>);

/// Reads the list. `each` takes the rows that are wanted.
pub fn people(
    folder: &Folder,
    inputs: &Inputs,
    out: Out,
    doing: &'static str,
    wanted: Wanted,
    mut each: impl FnMut(AsRead<'_>) -> Result<(), CommandError>,
) -> Result<PeopleRead, CommandError> {
    let mut variants: BTreeMap<Variant, Reached> = BTreeMap::new();
    let mut census = Census::default();
    let mut law = inputs.duties.as_ref().map(Lawful::new);
    let mut reach = |first: &Recipient, count: u64| {
        let Some(incident) = &inputs.incident else { return };
        let variant = match &inputs.duties {
            Some(duties) => duties.variant(first),
            None => Variant::of(incident, first),
        };
        if let Some(law) = &mut law {
            law.see(first, &variant, count);
        }
        variants.entry(variant).or_insert_with(|| Reached::by(first)).add(first, count);
    };
    let tally = list::read(folder, inputs, out, doing, wanted, |given| match given {
        Given::Alike(Alike { first, count }) => {
            census.add_told(&first, count);
            reach(&first, count);
            Ok(())
        }
        Given::Row(as_read) => {
            census.add(&as_read.row.fate, || as_read.concerned());
            if let Fated::Planned(recipient) = &as_read.row.fate {
                reach(recipient, 1);
            }
            each(as_read)
        }
    })?;
    if let Some(words) = &inputs.words {
        for (variant, reached) in &mut variants {
            reached.findings = words.check(variant);
        }
    }
    if let (Some(law), Some(incident), Some(words)) = (&mut law, &inputs.incident, &inputs.words) {
        law.judge(incident, words);
    }
    Ok((tally, variants, census, law))
}

impl Checked {
    /// Puts together what was read, and holds the incident's deadline against the dates of laws.
    pub fn new(mut inputs: Inputs, (tally, variants, mut census, law): PeopleRead, now: Timestamp) -> Self {
        if let Some(incident) = &inputs.incident {
            if let Some(people) = incident.facts.people_affected.known() {
                let categories = incident.categories.iter().map(|category| category.id.clone());
                census.reach(*people, categories.collect());
            }
            let situation = Situation {
                clock: &incident.clock,
                first_handed_over: None,
                roles: &incident.roles,
                census: &census,
                law: &incident.law,
                holds: &[],
                now,
            };
            let dated = deadlines(law::shipped(), &situation);
            inputs.findings.extend(about_deadline(INCIDENT, incident, &dated));
        }
        Self { inputs, tally, law, variants, census }
    }

    /// Returns every finding: about settings and words, then about the list. What variants share in words is
    /// said once.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = self.about_settings();
        findings.extend(self.tally.findings.iter().cloned());
        findings
    }

    /// Returns every finding about settings and words.
    pub fn about_settings(&self) -> Vec<Finding> {
        let mut findings = self.inputs.findings.clone();
        for finding in self.variants.values().flat_map(|reached| &reached.findings) {
            if !findings.contains(finding) {
                findings.push(finding.clone());
            }
        }
        findings.extend(self.law.iter().flat_map(|law| law.findings.iter().cloned()));
        findings
    }

    /// Returns how many findings of each code there are.
    pub fn totals(&self) -> BTreeMap<&'static str, u64> {
        let mut totals = self.tally.totals.clone();
        list::add(&mut totals, &crate::findings::totals(&self.about_settings()));
        totals
    }

    /// Returns how many findings of each code there are in the list and in the lists beside it.
    pub fn row_totals(&self) -> BTreeMap<&'static str, u64> {
        let mut totals = self.tally.totals.clone();
        list::add(&mut totals, &crate::findings::totals(&self.inputs.findings));
        totals
    }

    /// Returns what else decided about rows of the list, as people read it: its name, and what it says.
    pub fn beside(&self) -> Vec<(String, String)> {
        let about = |(wave, here): (&Earlier, &KnownBefore)| {
            let of = |told: Told| grouped(here[told as usize]);
            let (told, doubts, pending) = (of(Told::Accepted), of(Told::InDoubt), of(Told::Pending));
            let says =
                format!("told {told} of these rows; {doubts} in doubt there, {pending} still to be told there");
            (format!("{} ({})", wave.incident, wave.ledger), says)
        };
        let waves = self.inputs.known.earlier.iter().zip(&self.tally.before).map(about);
        let lists = self.tally.suppressed.iter().map(|(file, lines, used)| {
            (
                file.clone(),
                format!("{} of its {} name somebody on the list", grouped(*used), counted(*lines, "line")),
            )
        });
        waves.chain(lists).collect()
    }

    /// Returns whether anything refuses the incident.
    pub fn is_refused(&self) -> bool {
        any_refused(&self.about_settings()) || self.tally.is_refused()
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
