//! `forthwith reconcile`: settles doubts from the relay's own log, and records what the relay did afterwards.

use crate::{
    args::ReconcileArgs,
    exit::{CommandError, Exit},
    folder::Folder,
    ledgers::{self, Stage},
    summary::Summary,
    terminal::{Out, counted},
};
use forthwith_core::{
    digest::{Digest, Hashing},
    reconcile::{Conclusion, Doubt, LINE_OCTETS_MAX, LogReading, LogSettings, Passage, PostfixLog},
    state::Happening,
};
use forthwith_ledger::sqlite::{CurrentPlan, Evidence, LedgerReader, ResolveError, Settled, SqliteLedger, Which};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

/// Octets of the log that are read at a time.
const PIECE_OCTETS: usize = 1 << 18;
/// Doubts that are shown one by one; JSON lists them all.
const SHOWN_MAX: usize = 100;
/// Doubts that are settled at once: at most one for each line of each run that broke, so far fewer.
const DOUBTS_MAX: usize = 100_000;

/// A doubt, and what the log says of it.
struct Judged {
    row: u64,
    doubt: Doubt,
    conclusion: Conclusion,
}

/// A log that was read whole.
struct Log {
    reading: LogReading,
    digest: Digest,
}

/// Runs the command.
pub fn run(args: &ReconcileArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let zone = zone(args)?;
    let now = Timestamp::now();
    let (reader, plan) = ledgers::look(&folder, Stage::Real)?;
    let skew = SignedDuration::from_secs(i64::from(args.clock_skew));
    if args.dry_run {
        let (judged, log) = judge(args, &reader, &plan, zone, skew, now)?;
        return report(args, &folder, &reader, &plan, &judged, &log, out);
    }
    // The lock is held from reading to recording: what the log is read for is what is settled.
    let mut ledger = ledgers::open(&folder, Stage::Real, "reconcile", now)?;
    let done = judge(args, &reader, &plan, zone, skew, now).and_then(|(judged, log)| {
        record(args, &mut ledger, &judged, &log, now)?;
        Ok((judged, log))
    });
    let how = if done.is_ok() { "done" } else { "refused" };
    ledger.end(Timestamp::now(), how).map_err(ledgers::failed)?;
    let (judged, log) = done?;
    report(args, &folder, &reader, &plan, &judged, &log, out)
}

fn zone(args: &ReconcileArgs) -> Result<TimeZone, CommandError> {
    let Some(name) = &args.log_zone else { return Ok(TimeZone::system()) };
    TimeZone::get(name).map_err(|error| {
        CommandError::new(Exit::Usage, format!("there is no time zone \"{name}\""))
            .because(error)
            .hint("names are those of the IANA: Europe/Berlin, UTC")
    })
}

fn judge(
    args: &ReconcileArgs,
    reader: &LedgerReader,
    plan: &CurrentPlan,
    zone: TimeZone,
    skew: SignedDuration,
    now: Timestamp,
) -> Result<(Vec<Judged>, Log), CommandError> {
    let doubts = doubts(reader)?;
    let settings = LogSettings {
        incident: plan.frozen.incident.clone(),
        doubts: doubts.iter().map(|(_, doubt)| doubt.token.clone()).collect(),
        zone,
        read_at: now,
    };
    let log = read(&args.postfix_log, PostfixLog::new(settings))?;
    let judged = doubts.into_iter().map(|(row, doubt)| {
        let conclusion = log.reading.conclude(&doubt, skew);
        Judged { row, doubt, conclusion }
    });
    Ok((judged.collect(), log))
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

/// Reads the log, as long as it was when it was opened.
fn read(path: &Path, mut log: PostfixLog) -> Result<Log, CommandError> {
    let cannot = |error| CommandError::new(Exit::Cannot, format!("cannot read {}", path.display())).because(error);
    let data = std::fs::metadata(path).map_err(cannot)?;
    if !data.is_file() {
        let message = format!("{} is no file", path.display());
        return Err(CommandError::new(Exit::Usage, message).hint("give the relay's mail log, not packed"));
    }
    let mut file = BufReader::with_capacity(PIECE_OCTETS, File::open(path).map_err(cannot)?).take(data.len());
    let (mut hashing, mut line) = (Hashing::default(), Vec::new());
    loop {
        let piece = file.fill_buf().map_err(cannot)?;
        if piece.is_empty() {
            break;
        }
        let end = piece.iter().position(|octet| *octet == b'\n');
        let (part, used) = end.map_or((piece, piece.len()), |end| (&piece[..end], end + 1));
        let room = LINE_OCTETS_MAX.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        hashing.add(&piece[..used]);
        file.consume(used);
        if end.is_some() {
            log.line(&line);
            line.clear();
        }
    }
    // A last line without its end is still being written, and is left out: it may be cut short.
    Ok(Log { reading: log.finish(), digest: hashing.finish() })
}

fn record(
    args: &ReconcileArgs,
    ledger: &mut SqliteLedger,
    judged: &[Judged],
    log: &Log,
    now: Timestamp,
) -> Result<(), CommandError> {
    let settled: Vec<Settled> = judged
        .iter()
        .filter_map(|judged| {
            let (happening, proof) = match &judged.conclusion {
                Conclusion::Accepted(proof) => (Happening::ProvedAccepted, proof),
                Conclusion::NotAccepted(proof) => (Happening::ProvedNotAccepted, proof),
                Conclusion::Open(_) => return None,
            };
            let (token, queue_id, lines) =
                (judged.doubt.token.clone(), proof.queue_id.clone(), proof.lines.clone());
            Some(Settled { token, happening, queue_id, lines })
        })
        .collect();
    let by = args.by.clone().unwrap_or_else(ledgers::account);
    let evidence = Evidence { log: log.digest, lines: log.reading.lines, by: &by, at: now };
    ledger.reconcile(&settled, &log.reading.onward, &evidence).map_err(|error| match error {
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
    judged: &[Judged],
    log: &Log,
    out: Out,
) -> Result<Exit, CommandError> {
    let summary = Summary::read(reader, plan, Stage::Real)?;
    let mut value = summary.json();
    value["dry_run"] = json!(args.dry_run);
    value["log"] = about(log);
    value["doubts"] = judged.iter().map(as_json).collect();
    value["left_relay"] = summary.left_relay_json();
    out.json(&value);
    let lines = counted(log.reading.lines, "line");
    out.line(format!("{}: {lines}, {}", args.postfix_log.display(), log.digest));
    if log.reading.understood == 0 {
        out.line("No line of it is Postfix's.");
    }
    for judged in judged.iter().take(SHOWN_MAX) {
        out.line(format!("  row {} {}: {}", judged.row, judged.doubt.token, in_words(&judged.conclusion)));
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

fn about(log: &Log) -> Value {
    let count = |left: Passage| log.reading.onward.values().filter(|onward| onward.passage == left).count();
    json!({
        "sha256": log.digest.hex(),
        "lines": log.reading.lines,
        "understood": log.reading.understood,
        "first": log.reading.span.map(|(first, _)| first.to_string()),
        "last": log.reading.span.map(|(_, last)| last.to_string()),
        "passed_on": count(Passage::PassedOn), "waiting": count(Passage::Waiting), "returned": count(Passage::Returned),
    })
}

fn as_json(judged: &Judged) -> Value {
    let (conclusion, queue_id, why) = match &judged.conclusion {
        Conclusion::Accepted(proof) => ("accepted", Some(&proof.queue_id), None),
        Conclusion::NotAccepted(proof) => ("not_accepted", Some(&proof.queue_id), None),
        Conclusion::Open(why) => ("in_doubt", None, Some(why.to_string())),
    };
    json!({
        "row": judged.row, "token": judged.doubt.token.as_str(), "conclusion": conclusion,
        "queue_id": queue_id, "why": why,
    })
}

fn in_words(conclusion: &Conclusion) -> String {
    match conclusion {
        Conclusion::Accepted(proof) => format!("accepted: {} became active in the relay's queue", proof.queue_id),
        Conclusion::NotAccepted(proof) => {
            format!("not accepted: {} never became active, and its connection is in the log whole", proof.queue_id)
        }
        Conclusion::Open(why) => format!("stays in doubt: {why}"),
    }
}
