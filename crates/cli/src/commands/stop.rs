//! `forthwith stop`: makes a running notify drain and end, from another terminal.

use crate::{
    args::StopArgs,
    exit::{CommandError, Exit},
    folder::Folder,
    ledgers::{self, Stage},
    terminal::Out,
};
use forthwith_ledger::sqlite::{BesideError, OpenLedgerError, request_stop};
use jiff::Timestamp;

/// Runs the command.
pub fn run(args: &StopArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let now = Timestamp::now();
    let by = args.by.clone().unwrap_or_else(ledgers::account);
    let stage = Stage::of(args.rehearsal);
    let identity = ledgers::identity("stop", now);
    let head = request_stop(&stage.ledger(&folder), &identity, &by, &args.reason).map_err(|error| match error {
        BesideError::Open(OpenLedgerError::Missing { .. }) => ledgers::no_plan(&folder, stage),
        BesideError::Open(error) => ledgers::unusable(error),
        error => CommandError::new(Exit::NotReleased, "nothing was stopped").because(error),
    })?;
    out.json(&serde_json::json!({ "stop_requested": true, "by": by, "head": head.to_string() }));
    out.line("The running notify was asked to stop: it begins nothing new, waits for open replies, and ends.");
    out.line(format!("See how it ended: forthwith status {}", folder.path.display()));
    Ok(Exit::Done)
}
