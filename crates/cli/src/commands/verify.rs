//! `forthwith verify`: finds what contradicts itself in the record. Whoever can write the file could rebuild all
//! of it; that shows only against a head that was printed earlier.

use crate::{
    args::VerifyArgs,
    exit::{CommandError, Exit},
    folder::Folder,
    ledgers::{self, Stage},
    terminal::{Out, counted},
};
use serde_json::json;

/// Flaws that are shown one by one to a person; JSON lists them all.
const SHOWN_MAX: usize = 20;

/// Runs the command.
pub fn run(args: &VerifyArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let (reader, plan) = ledgers::look(&folder, Stage::of(args.rehearsal))?;
    let flaws = reader.verify().map_err(ledgers::failed)?;
    let head = reader.last_run(None).map_err(ledgers::failed)?.map(|run| run.head.to_string());
    let report = json!({
        "verified": flaws.is_empty(),
        "digest": plan.frozen.digest.to_string(),
        "head": head,
        "flaws": flaws.iter().map(|flaw| &flaw.what).collect::<Vec<_>>(),
    });
    if flaws.is_empty() {
        out.json(&report);
        out.line("Every digest and every state follows from the events: the record is whole.");
        out.line(format!("Plan                {}", plan.frozen.digest));
        if let Some(head) = head {
            out.line(format!("Head of the record  {head}"));
        }
        out.line(
            "A record that was rewritten from its beginning shows only against a head that was printed earlier.",
        );
        return Ok(Exit::Done);
    }
    for flaw in flaws.iter().take(SHOWN_MAX) {
        out.line(&flaw.what);
    }
    let found = counted(flaws.len() as u64, "flaw");
    Err(CommandError::new(Exit::Ledger, format!("the record contradicts itself: {found}"))
        .with_report(report)
        .hint("keep the file as it is; it was changed by something other than forthwith, or the disk is failing"))
}
