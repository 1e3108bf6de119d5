//! Holds that law enforcement asked for, as they are shown and as they end a run. The rule is core's.

use crate::{
    exit::{CommandError, Exit},
    folder::Folder,
    ledgers::{self, Stage},
};
use forthwith_core::hold::{self, Hold};
use forthwith_ledger::sqlite::LedgerReader;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Returns the holds that stand at `now`. A rehearsal tells nobody, so that none stands there.
pub fn standing(reader: &LedgerReader, stage: Stage, now: Timestamp) -> Result<Vec<Hold>, CommandError> {
    match stage {
        Stage::Real => Ok(hold::standing(&reader.holds().map_err(ledgers::failed)?, now)),
        Stage::Rehearsal => Ok(Vec::new()),
    }
}

/// Returns the error of a notify that a hold ends. It says who and when, and not why: standard error often ends in a
/// log.
pub fn refusal(holds: &[Hold], folder: &Folder) -> Option<CommandError> {
    let first = holds.first()?;
    let others = match holds.len() - 1 {
        0 => String::new(),
        1 => ", and one hold more".to_owned(),
        more => format!(", and {more} holds more"),
    };
    let message = format!("on hold {}{others}: nobody is told while it stands", since(first));
    let path = folder.path.display();
    let error = CommandError::new(Exit::NotReleased, message)
        .hint(format!("`forthwith status {path}` says why"))
        .hint(format!("`forthwith release {path} --by NAME --reason TEXT` lifts it; an approval stays as it is"));
    Some(error.with_report(json!({ "holds": json(holds) })))
}

/// Returns the lines that people read of the holds that stand.
pub fn lines(holds: &[Hold]) -> impl Iterator<Item = String> {
    holds.iter().map(|hold| {
        let reason = hold.reason.expose();
        let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        format!("ON HOLD  {}{why}. Nobody is told while it stands.", since(hold))
    })
}

/// Returns what programs get of holds.
pub fn json(holds: &[Hold]) -> Value {
    let json = |hold: &Hold| {
        json!({
            "number": hold.number, "at": hold.at.to_string(), "by": hold.by, "agency": hold.agency,
            "until": hold.until.map(|until| until.to_string()), "reason": hold.reason.expose(),
        })
    };
    holds.iter().map(json).collect()
}

/// Returns since when, by whom, for whom and until when.
pub fn since(hold: &Hold) -> String {
    let agency = hold.agency.as_ref().map(|agency| format!(" for {agency}")).unwrap_or_default();
    let until = hold.until.map(|until| format!(", until {until:.0}")).unwrap_or_default();
    format!("since {:.0} by {}{agency}{until}", hold.at, hold.by)
}
