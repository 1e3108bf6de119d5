//! The laws on which a plan stands, beside those of this program: files that are others now, and laws that the plan
//! did not know and that reach somebody who is to be told.
//!
//! What a law asks is core's; what comes of a difference is its caller's matter.

use crate::{exit::CommandError, folder::INCIDENT, ledgers};
use forthwith_core::{
    digest::Digest,
    duty::Duties,
    incident,
    law::{self, Regime},
    plan::{Fate, FrozenPlan, LAW},
    private::Private,
};
use forthwith_ledger::sqlite::LedgerReader;
use std::collections::BTreeSet;

/// The name under which every law is frozen that the program knew, a line each: its id and the digest of its file. It
/// is no part of what is released: of that are only the laws that reach somebody.
pub const KNOWN: &str = "laws that were known";

/// How every difference in a law begins, and no other.
const OF_A_LAW: &str = "the law ";

/// Returns whether a difference is one in a law.
pub fn is_of_a_law(difference: &str) -> bool {
    difference.starts_with(OF_A_LAW)
}

/// Returns what is frozen under [`KNOWN`].
pub fn known() -> Private<Vec<u8>> {
    let line = |(id, text): &(&str, &str)| format!("{id} {}\n", Digest::of(text.as_bytes()));
    Private::new(law::FILES.iter().map(line).collect::<String>().into_bytes())
}

/// Returns the laws of a manifest whose files are others in this program. What was released stood on them.
pub fn changed(manifest: &str, files: &[(&str, &str)]) -> Vec<String> {
    let changed = stood_on(manifest).filter_map(|(id, digest)| {
        let file = files.iter().find(|(known, _)| *known == id);
        match file.map(|(_, text)| Digest::of(text.as_bytes()).to_string()) {
            Some(now) if now == digest => None,
            Some(_) => Some(format!("{OF_A_LAW}{id} changed with the program")),
            None => Some(format!("{OF_A_LAW}{id} is not known to this program")),
        }
    });
    changed.collect()
}

/// Returns each law of a manifest, with the digest of its file.
fn stood_on(manifest: &str) -> impl Iterator<Item = (&str, &str)> {
    manifest.lines().filter_map(|line| line.strip_prefix(LAW)?.split_once(' '))
}

/// Returns the laws that reach somebody who is told by the plan, and that it does not stand on: this program knows
/// them, or knows them otherwise than the one that froze it.
///
/// The people are read from the ledger, and only where this program has such laws at all.
pub fn newly_reaching(plan: &FrozenPlan, reader: &LedgerReader) -> Result<Vec<String>, CommandError> {
    let bytes = plan.inputs.get(INCIDENT).map(Private::expose);
    let incident = bytes.and_then(|bytes| incident::read(INCIDENT, bytes).0);
    let Some(incident) = incident.filter(|incident| incident.law.is_stated) else { return Ok(Vec::new()) };
    let new = unknown(plan, law::FILES);
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let duties = Duties::new(&incident, law::shipped(), Vec::new());
    for row in reader.frozen_rows() {
        if let Fate::Planned(planned) = row.map_err(ledgers::failed)?.fate {
            duties.of(&planned.recipient);
        }
    }
    Ok(told(&duties.used(), &new))
}

/// Returns the ids of laws that the plan neither stands on nor was frozen beside, as they are in `files`.
fn unknown<'f>(plan: &FrozenPlan, files: &[(&'f str, &str)]) -> BTreeSet<&'f str> {
    let known = plan.inputs.get(KNOWN).map(|bytes| String::from_utf8_lossy(bytes.expose()));
    let known = known.unwrap_or_default();
    let known: BTreeSet<&str> = known.lines().collect();
    let stands_on: BTreeSet<&str> = stood_on(&plan.manifest).map(|(id, _)| id).collect();
    let is_new = |(id, text): &&(&str, &str)| {
        let line = format!("{id} {}", Digest::of(text.as_bytes()));
        !stands_on.contains(id) && !known.contains(line.as_str())
    };
    files.iter().filter(is_new).map(|(id, _)| *id).collect()
}

fn told(used: &[&Regime], new: &BTreeSet<&str>) -> Vec<String> {
    let used = used.iter().filter(|regime| new.contains(regime.id.as_str()));
    used.map(|regime| format!("{OF_A_LAW}{} is new in this program and reaches people of this plan", regime.id))
        .collect()
}
