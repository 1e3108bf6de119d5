//! `forthwith release`: lifts a hold. What was approved stays approved.

use crate::{
    args::ReleaseArgs,
    exit::{CommandError, Exit},
    folder::Folder,
    holding,
    ledgers::{self, Stage},
    terminal::Out,
};
use forthwith_core::hold::Hold;
use forthwith_ledger::sqlite::{BesideError, LedgerReader, record_release};
use jiff::Timestamp;
use serde_json::json;

/// Runs the command.
pub fn run(args: &ReleaseArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let now = Timestamp::now();
    let ledger = Stage::Real.ledger(&folder);
    let reader = LedgerReader::open(&ledger).map_err(ledgers::unusable)?;
    let standing = reader.as_ref().map(|reader| holding::standing(reader, Stage::Real, now)).transpose()?;
    let lifted = chosen(standing.unwrap_or_default(), args.agency.as_deref())?;
    let numbers: Vec<_> = lifted.iter().map(|hold| hold.number).collect();
    let (by, reason) = (args.by.trim(), args.reason.trim());
    let head =
        record_release(&ledger, &ledgers::identity("release", now), &numbers, by, reason).map_err(|error| {
            match error {
                BesideError::Open(error) => ledgers::unusable(error),
                BesideError::Ledger(error) => ledgers::failed(error),
                error @ BesideError::NothingRuns => {
                    CommandError::new(Exit::Ledger, "nothing was lifted").because(error)
                }
            }
        })?;
    let left = reader.map(|reader| holding::standing(&reader, Stage::Real, now)).transpose()?.unwrap_or_default();
    out.json(&json!({
        "released": holding::json(&lifted), "by": by, "holds": holding::json(&left), "head": head.to_string(),
    }));
    for hold in &lifted {
        out.line(format!("Lifted: the hold {}", holding::since(hold)));
    }
    for line in holding::lines(&left) {
        out.line(line);
    }
    let path = folder.path.display();
    if left.is_empty() {
        out.line(format!("What is due now: forthwith deadlines {path}"));
        out.line(format!("To go on: forthwith notify {path}"));
    }
    Ok(Exit::Done)
}

/// Returns the holds that are meant: those of the agency, or the only one.
fn chosen(standing: Vec<Hold>, agency: Option<&str>) -> Result<Vec<Hold>, CommandError> {
    let names = || standing.iter().map(holding::since).collect::<Vec<_>>().join("; ");
    let nothing = |why: String| CommandError::new(Exit::NotReleased, format!("nothing was lifted: {why}"));
    match agency {
        _ if standing.is_empty() => Err(nothing("no hold stands".to_owned())),
        Some(agency) => {
            let is_its = |hold: &&Hold| hold.agency.as_deref() == Some(agency.trim());
            let its: Vec<_> = standing.iter().filter(is_its).cloned().collect();
            if its.is_empty() {
                return Err(
                    nothing(format!("no hold for {agency} stands")).hint(format!("what stands: {}", names()))
                );
            }
            Ok(its)
        }
        None if standing.len() > 1 => {
            let error =
                nothing(format!("{} holds stand", standing.len())).hint(format!("what stands: {}", names()));
            Err(error.hint("say whose is lifted: --agency NAME"))
        }
        None => Ok(standing),
    }
}
