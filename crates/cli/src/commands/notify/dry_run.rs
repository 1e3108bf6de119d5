//! `notify --dry-run`: renders everybody, freezes the plan and writes the packet; touches no network.

use crate::{
    commands::{check_report, check_summary},
    exit::{CommandError, Exit},
    folder::Folder,
    freezing,
    ledgers::{self, Stage},
    pacing::timing,
    packet, secret, stopping,
    terminal::Out,
};
use forthwith_core::approval::{ApprovalRule, plain_words};
use forthwith_ledger::sqlite::{Freeze, SqliteLedger};
use jiff::Timestamp;
use serde_json::json;
use std::time::Instant;

/// Runs the dry run.
pub fn run(folder: &Folder, as_of: Option<Timestamp>, out: Out) -> Result<Exit, CommandError> {
    stopping::listen();
    let now = Timestamp::now();
    secret::private_folder(&folder.out())?;
    let mut ledger = ledgers::open(folder, Stage::Real, "dry-run", now)?;
    let outcome = freeze(folder, &mut ledger, (now, as_of.unwrap_or(now)), out);
    let how = match &outcome {
        Ok(_) => "done",
        Err(_) if stopping::is_asked() => "stopped",
        Err(_) => "refused",
    };
    ledger.end(Timestamp::now(), how).map_err(ledgers::failed)?;
    outcome
}

fn freeze(
    folder: &Folder,
    ledger: &mut SqliteLedger,
    (now, as_of): (Timestamp, Timestamp),
    out: Out,
) -> Result<Exit, CommandError> {
    let key = secret::load_or_make(folder)?;
    let begun = Instant::now();
    let prepared = freezing::prepare(folder, &key, out, now)?;
    let rendered = Instant::now();
    let frozen = freezing::freeze(&prepared, folder, &key, ledger, out, now)?;
    let [rendering, freezing] = [rendered - begun, rendered.elapsed()].map(|took| took.as_secs_f64());
    out.message(format!("Read and rendered in {rendering:.2} s, frozen in {freezing:.2} s."));
    let reader = ledger.reader().map_err(ledgers::unusable)?;
    let timing = timing::reckon(folder, &prepared.plan, &reader, ledger.run(), as_of)?;
    let path = packet::write(folder, &prepared, &key, &reader, &timing)?;
    let digest = prepared.plan.digest;
    let mut report = check_report(&prepared.checked);
    report["digest"] = json!(digest.to_string());
    report["packet"] = json!(path.to_string_lossy());
    report["statement"] = json!(path.join("statement.txt").to_string_lossy());
    report["words"] = json!(plain_words(&digest));
    out.json(&report);
    for line in check_summary(&prepared.checked) {
        out.line(line);
    }
    out.line(match frozen {
        Freeze::Unchanged => "\nThe plan stands as it was frozen before.".to_owned(),
        Freeze::Frozen { superseded: Some(before) } => {
            format!("\nFrozen. It replaces the plan {before}; a release of that one is void.")
        }
        Freeze::Frozen { superseded: None } => "\nFrozen. Nobody was told, and no network was touched.".to_owned(),
    });
    out.line(format!("Plan    {digest}\nWords   {}", plain_words(&digest)));
    out.line(format!("Packet  {}", path.join("index.html").display()));
    let incident = prepared.checked.inputs.incident.as_ref();
    let is_signed =
        matches!(incident.and_then(|incident| incident.approval.as_ref()), Some(ApprovalRule::Asked(_)));
    let next = if is_signed { "have its statement signed: forthwith approve" } else { "forthwith notify" };
    out.line(format!("\nNext: read the packet; then {next} {}", folder.path.display()));
    Ok(Exit::Done)
}
