//! Reads the log of a Postfix for `reconcile`. What its lines prove is core's to say.

use super::{Judged, Read, of_this_plan, pieces};
use crate::{
    args::ReconcileArgs,
    exit::{CommandError, Exit},
    terminal::counted,
};
use forthwith_core::{
    delivery::{MessageId, Preset},
    digest::Digest,
    reconcile::{Conclusion, Doubt, LINE_OCTETS_MAX, LogReading, LogSettings, PostfixLog},
};
use forthwith_ledger::sqlite::LedgerReader;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;
use std::path::Path;

/// Returns the zone of lines that name none.
pub fn zone(args: &ReconcileArgs) -> Result<TimeZone, CommandError> {
    let Some(name) = &args.log_zone else { return Ok(TimeZone::system()) };
    TimeZone::get(name).map_err(|error| {
        CommandError::new(Exit::Usage, format!("there is no time zone \"{name}\""))
            .because(error)
            .hint("names are those of the IANA: Europe/Berlin, UTC")
    })
}

/// Reads the log at `path`, and judges each doubt by it.
pub fn judge(
    args: &ReconcileArgs,
    path: &Path,
    incident: &str,
    zone: TimeZone,
    doubts: Vec<(u64, Doubt)>,
    reader: &LedgerReader,
    preset: Option<&Preset>,
    now: Timestamp,
) -> Result<Read, CommandError> {
    let settings = LogSettings {
        incident: incident.to_owned(),
        doubts: doubts.iter().map(|(_, doubt)| doubt.token.clone()).collect(),
        zone,
        read_at: now,
    };
    let (mut log, digest) = read(path, PostfixLog::new(settings))?;
    let (onward, others) = of_this_plan(reader, std::mem::take(&mut log.onward))?;
    let onward = onward.into_iter().map(|(_, token, onward)| (token, onward)).collect();
    let unmatched = log.others + others.len() as u64;
    let skew = SignedDuration::from_secs(i64::from(args.clock_skew));
    let judged = doubts.into_iter().map(|(row, doubt)| {
        let conclusion = log.conclude(&doubt, skew);
        Judged { row, token: doubt.token, in_words: in_words(&conclusion), conclusion }
    });
    let mut remarks = Vec::new();
    if let Some(preset) = preset.filter(|preset| preset.message_id != MessageId::Kept) {
        let remark = "does not keep Message-ID for certain, by which this log is read";
        remarks.push(format!(
            "delivery.toml names {}, which {remark}: it shows a Postfix's part alone.",
            preset.title
        ));
    }
    if log.understood == 0 {
        remarks.push("No line of it is Postfix's.".to_owned());
    }
    if unmatched > 0 {
        remarks.push(format!("{} of other mail: not of this plan", counted(unmatched, "message")));
    }
    Ok(Read {
        form: "postfix-log",
        digest,
        records: log.lines,
        counted: counted(log.lines, "line"),
        judged: judged.collect(),
        remarks,
        about: json!({
            "lines": log.lines,
            "understood": log.understood,
            "first": log.span.map(|(first, _)| first.to_string()),
            "last": log.span.map(|(_, last)| last.to_string()),
            "unmatched": unmatched,
        }),
        onward,
    })
}

fn read(path: &Path, mut log: PostfixLog) -> Result<(LogReading, Digest), CommandError> {
    let mut line = Vec::new();
    let digest = pieces(path, "give the relay's mail log, not packed", |piece| {
        for part in piece.split_inclusive(|octet| *octet == b'\n') {
            let (text, is_whole) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            let room = LINE_OCTETS_MAX.saturating_sub(line.len());
            line.extend_from_slice(&text[..text.len().min(room)]);
            if is_whole {
                log.line(&line);
                line.clear();
            }
        }
    })?;
    // A last line without its end is still being written, and is left out: it may be cut short.
    Ok((log.finish(), digest))
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
