//! What the dates of laws say of the incident's own deadline, by which the pace of a run is kept.

use super::{Dated, earliest};
use crate::{
    finding::{Finding, Place},
    incident::Incident,
    law::Addressee,
};

/// Returns a warning where people must be told before the incident's own deadline, or where it has none.
pub fn about_deadline(file: &str, incident: &Incident, dated: &[Dated<'_>]) -> Option<Finding> {
    let first = earliest(dated, Some(Addressee::Individual))?;
    let due = first.due.as_ref()?.at;
    let (regime, cite) = (&first.regime.id, &first.obligation.basis.cite);
    let by = format!("{regime} wants people told by {due} ({cite}; {})", first.verified());
    let hint =
        format!("where counsel agrees, [incident] deadline = {due}; `forthwith deadlines` shows how it is counted");
    match incident.deadline {
        None => {
            let message = format!("no deadline is set, and {by}: no pace is held to it");
            Some(Finding::warning("deadline-missing", Place::file(file), message).hint(hint))
        }
        Some(deadline) if due < deadline => {
            let message = format!("the deadline {deadline} is too late: {by}");
            Some(Finding::warning("deadline-late", Place::file(file), message).hint(hint))
        }
        Some(_) => None,
    }
}
