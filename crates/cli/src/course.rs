//! The course of a plan as the record and delivery.toml have it: the pace that the relay asked for, and when
//! notices are given up. The rules are core's.

use crate::{exit::CommandError, folder::Folder, inputs, ledgers};
use forthwith_core::{delivery::Delivery, throttle::Change};
use forthwith_ledger::sqlite::{CurrentPlan, LedgerReader};
use jiff::Timestamp;

/// Returns the last change of pace and the relay that it is about, where one was recorded.
pub fn last_pace(reader: &LedgerReader) -> Result<Option<(Change, String)>, CommandError> {
    let Some((at, facts)) = reader.last_event(Change::KIND).map_err(ledgers::failed)? else { return Ok(None) };
    Ok(Change::read(at, &facts).map(|change| (change, facts.get("relay").cloned().unwrap_or_default())))
}

/// Returns when notices are given up because of the deadline, where the plan has one.
///
/// Where delivery.toml is gone or refused its defaults count: a run would not begin without it.
pub fn give_up_at(folder: &Folder, plan: &CurrentPlan) -> Option<Timestamp> {
    Some(settings(folder).give_up_at(plan.frozen.deadline()?))
}

/// Returns what delivery.toml says, or its defaults.
pub fn settings(folder: &Folder) -> Delivery {
    inputs::delivery(folder).ok().and_then(|(delivery, ..)| delivery).unwrap_or_default()
}
