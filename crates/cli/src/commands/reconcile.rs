//! `forthwith reconcile`: settles doubts from the relay's own log or a provider's events, and records what the relay
//! did afterwards.

mod events;
mod postfix;

use crate::{
    args::ReconcileArgs,
    exit::{CommandError, Exit},
    folder::Folder,
    inputs,
    ledgers::{self, Stage},
    summary::Summary,
    terminal::{Out, counted},
};
use forthwith_core::{
    digest::{Digest, Hashing},
    notice::Token,
    reconcile::{Conclusion, Doubt, Onward, Passage},
    state::Happening,
};
use forthwith_ledger::sqlite::{CurrentPlan, Evidence, LedgerReader, ResolveError, Settled, SqliteLedger, Which};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

/// Octets of a file that are read at a time.
const PIECE_OCTETS: usize = 1 << 18;
/// Doubts that are shown one by one; JSON lists them all.
const SHOWN_MAX: usize = 100;
/// Doubts that are settled at once: at most one for each line of each run that broke, so far fewer.
const DOUBTS_MAX: usize = 100_000;

/// A doubt, and what the file says of it.
struct Judged {
    row: u64,
    token: Token,
    conclusion: Conclusion,
    in_words: String,
}

/// A file that was read whole.
struct Read {
    /// What it is.
    form: &'static str,
    digest: Digest,
    records: u64,
    /// The same with their name: `12 lines`.
    counted: String,
    judged: Vec<Judged>,
    onward: BTreeMap<Token, Onward>,
    /// What else is to be said of it.
    remarks: Vec<String>,
    about: Value,
}

/// Runs the command.
pub fn run(args: &ReconcileArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let zone = postfix::zone(args)?;
    let now = Timestamp::now();
    let (reader, plan) = ledgers::look(&folder, Stage::Real)?;
    if args.dry_run {
        let read = judge(args, &folder, &reader, &plan, zone, now)?;
        return report(args, &folder, &reader, &plan, &read, out);
    }
    // The lock is held from reading to recording: what the file is read for is what is settled.
    let mut ledger = ledgers::open(&folder, Stage::Real, "reconcile", now)?;
    let done = judge(args, &folder, &reader, &plan, zone, now).and_then(|read| {
        record(args, &mut ledger, &read, now)?;
        Ok(read)
    });
    let how = if done.is_ok() { "done" } else { "refused" };
    ledger.end(Timestamp::now(), how).map_err(ledgers::failed)?;
    report(args, &folder, &reader, &plan, &done?, out)
}

fn judge(
    args: &ReconcileArgs,
    folder: &Folder,
    reader: &LedgerReader,
    plan: &CurrentPlan,
    zone: TimeZone,
    now: Timestamp,
) -> Result<Read, CommandError> {
    let doubts = doubts(reader)?;
    match (&args.source.postfix_log, &args.source.events) {
        (Some(log), _) => {
            // A folder whose settings are gone or refused has a ledger still.
            let preset = inputs::delivery(folder)?.0.and_then(|delivery| delivery.preset);
            postfix::judge(args, log, &plan.frozen.incident, zone, doubts, reader, preset, now)
        }
        (None, Some(export)) => events::judge(export, doubts, reader),
        (None, None) => Err(CommandError::new(Exit::Usage, "name the log or the export to read")),
    }
}

/// Returns the notices in doubt with the row of each.
fn doubts(reader: &LedgerReader) -> Result<Vec<(u64, Doubt)>, CommandError> {
    let mut doubts = Vec::new();
    for notice in reader.notices(Which::InDoubt).map_err(ledgers::failed)?.take(DOUBTS_MAX) {
        let notice = notice.map_err(ledgers::failed)?;
        let stories = reader.stories(notice.token.as_str()).map_err(ledgers::failed)?;
        let events = stories.into_iter().filter_map(|story| story.notice).find(|n| n.token == notice.token);
        let events = events.map(|story| story.events).unwrap_or_default();
        let of = |kind: &'static str| events.iter().filter(move |event| event.kind == kind).map(|event| event.at);
        let lost_at = notice.standing.doubted.then(|| of("doubted").next_back()).flatten();
        doubts.push((notice.row, Doubt { token: notice.token, offers: of("offered").collect(), lost_at }));
    }
    Ok(doubts)
}

/// Parts what is said of tokens into that of this plan's notices, with the row of each, and the rest: who knows the
/// incident's id can make up a name for a notice, and no token of this plan.
fn of_this_plan<T>(
    reader: &LedgerReader,
    shown: BTreeMap<Token, T>,
) -> Result<(Vec<(u64, Token, T)>, Vec<T>), CommandError> {
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for (token, what) in shown {
        match reader.row_of(&token).map_err(ledgers::failed)? {
            Some(row) => ours.push((row, token, what)),
            None => others.push(what),
        }
    }
    Ok((ours, others))
}

/// Shows the octets of the file at `path` to `see`, as long as it was when it was opened; returns its digest.
fn pieces(path: &Path, what: &str, mut see: impl FnMut(&[u8])) -> Result<Digest, CommandError> {
    let cannot = |error| CommandError::new(Exit::Cannot, format!("cannot read {}", path.display())).because(error);
    let data = std::fs::metadata(path).map_err(cannot)?;
    if !data.is_file() {
        return Err(CommandError::new(Exit::Usage, format!("{} is no file", path.display())).hint(what));
    }
    let mut file = BufReader::with_capacity(PIECE_OCTETS, File::open(path).map_err(cannot)?).take(data.len());
    let mut hashing = Hashing::default();
    loop {
        let piece = file.fill_buf().map_err(cannot)?;
        if piece.is_empty() {
            return Ok(hashing.finish());
        }
        hashing.add(piece);
        see(piece);
        let octets = piece.len();
        file.consume(octets);
    }
}

fn record(
    args: &ReconcileArgs,
    ledger: &mut SqliteLedger,
    read: &Read,
    now: Timestamp,
) -> Result<(), CommandError> {
    let settled: Vec<Settled> = (read.judged.iter())
        .filter_map(|judged| {
            let (happening, proof) = match &judged.conclusion {
                Conclusion::Accepted(proof) => (Happening::ProvedAccepted, proof),
                Conclusion::NotAccepted(proof) => (Happening::ProvedNotAccepted, proof),
                Conclusion::Open(_) => return None,
            };
            let (token, queue_id, lines) = (judged.token.clone(), proof.queue_id.clone(), proof.lines.clone());
            Some(Settled { token, happening, queue_id, lines })
        })
        .collect();
    let by = args.by.clone().unwrap_or_else(ledgers::account);
    let evidence = Evidence { log: read.digest, form: read.form, lines: read.records, by: &by, at: now };
    ledger.reconcile(&settled, &read.onward, &evidence).map_err(|error| match error {
        ResolveError::Ledger(error) => ledgers::failed(error),
        error => CommandError::new(Exit::Ledger, "nothing was settled").because(error),
    })?;
    Ok(())
}

fn report(
    args: &ReconcileArgs,
    folder: &Folder,
    reader: &LedgerReader,
    plan: &CurrentPlan,
    read: &Read,
    out: Out,
) -> Result<Exit, CommandError> {
    let summary = Summary::read(reader, plan, Stage::Real)?;
    let mut value = summary.json();
    value["dry_run"] = json!(args.dry_run);
    value["log"] = about(read);
    value["doubts"] = read.judged.iter().map(as_json).collect();
    value["left_relay"] = summary.left_relay_json();
    out.json(&value);
    let judged = &read.judged;
    let path = args.source.postfix_log.as_ref().or(args.source.events.as_ref());
    let path = path.map(|path| path.display().to_string()).unwrap_or_default();
    out.line(format!("{path}: {}, {}", read.counted, read.digest));
    for remark in &read.remarks {
        out.line(remark);
    }
    for judged in judged.iter().take(SHOWN_MAX) {
        out.line(format!("  row {} {}: {}", judged.row, judged.token, judged.in_words));
    }
    if judged.len() > SHOWN_MAX {
        out.line(format!("  … and {} more; --format json lists them all", judged.len() - SHOWN_MAX));
    }
    let count = |is: fn(&Conclusion) -> bool| judged.iter().filter(|judged| is(&judged.conclusion)).count() as u64;
    let accepted = count(|conclusion| matches!(conclusion, Conclusion::Accepted(_)));
    let not_accepted = count(|conclusion| matches!(conclusion, Conclusion::NotAccepted(_)));
    let open = judged.len() as u64 - accepted - not_accepted;
    out.line(format!(
        "In doubt before: {}; proved accepted: {accepted}; proved not accepted: {not_accepted}; still in doubt: {open}",
        judged.len()
    ));
    next_steps(args, folder, not_accepted, open, out);
    for line in summary.lines() {
        out.line(line);
    }
    Ok(if open == 0 { Exit::Done } else { Exit::Incomplete })
}

fn next_steps(args: &ReconcileArgs, folder: &Folder, not_accepted: u64, open: u64, out: Out) {
    let path = folder.path.display();
    if args.dry_run {
        out.line("Dry run: nothing was recorded.");
    } else if not_accepted > 0 {
        let notices = counted(not_accepted, "notice");
        out.line(format!("{notices} will be handed over at the next run: forthwith notify {path}"));
    }
    if open > 0 {
        out.line(format!("What stays in doubt waits for a person: forthwith resolve {path}"));
    }
}

fn about(read: &Read) -> Value {
    let count = |left: Passage| read.onward.values().filter(|onward| onward.passage == left).count();
    let mut about = read.about.clone();
    about["form"] = json!(read.form);
    about["sha256"] = json!(read.digest.hex());
    about["passed_on"] = json!(count(Passage::PassedOn));
    about["waiting"] = json!(count(Passage::Waiting));
    about["returned"] = json!(count(Passage::Returned));
    about
}

fn as_json(judged: &Judged) -> Value {
    let (conclusion, queue_id, why) = match &judged.conclusion {
        Conclusion::Accepted(proof) => ("accepted", Some(&proof.queue_id), None),
        Conclusion::NotAccepted(proof) => ("not_accepted", Some(&proof.queue_id), None),
        Conclusion::Open(why) => ("in_doubt", None, Some(why.to_string())),
    };
    json!({
        "row": judged.row, "token": judged.token.as_str(), "conclusion": conclusion,
        "queue_id": queue_id, "why": why,
    })
}
