//! `forthwith hold`: holds every notice back because law enforcement asked for it.

use crate::{
    args::HoldArgs,
    exit::{CommandError, Exit},
    folder::Folder,
    holding,
    ledgers::{self, Stage},
    secret,
    terminal::Out,
};
use forthwith_ledger::sqlite::{BesideError, LedgerReader, record_hold};
use jiff::Timestamp;
use serde_json::json;

/// Runs the command.
pub fn run(args: &HoldArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let now = Timestamp::now();
    if let Some(until) = args.until.filter(|until| *until <= now) {
        let message = format!("--until {until} has passed: such a hold holds nothing");
        return Err(CommandError::new(Exit::Usage, message).hint("without --until it stands until it is lifted"));
    }
    secret::private_folder(&folder.out())?;
    let ledger = Stage::Real.ledger(&folder);
    let (by, agency) = (args.by.trim(), args.agency.as_deref().map(str::trim));
    let head = record_hold(&ledger, &ledgers::identity("hold", now), by, args.reason.trim(), agency, args.until)
        .map_err(|error| match error {
            BesideError::Open(error) => ledgers::unusable(error),
            BesideError::Ledger(error) => ledgers::failed(error),
            error @ BesideError::NothingRuns => CommandError::new(Exit::Ledger, "nothing was held").because(error),
        })?;
    let reader = LedgerReader::open(&ledger).map_err(ledgers::unusable)?;
    let holds = reader.map(|reader| holding::standing(&reader, Stage::Real, now)).transpose()?.unwrap_or_default();
    out.json(&json!({ "held": true, "holds": holding::json(&holds), "head": head.to_string() }));
    for line in holding::lines(&holds) {
        out.line(line);
    }
    let path = folder.path.display();
    out.line("A notify that goes on begins nothing new, waits for open replies, and ends; a rehearsal goes on.");
    out.line(format!("What it does to dates: forthwith deadlines {path}"));
    out.line(format!("It is lifted by: forthwith release {path} --by NAME --reason TEXT"));
    Ok(Exit::Done)
}
