//! Reads a provider's event export for `reconcile`. What its events prove is core's to say.

use super::{Judged, Read, SHOWN_MAX, of_this_plan, pieces};
use crate::{
    exit::CommandError,
    ledgers,
    terminal::{counted, grouped},
};
use forthwith_core::{
    notice::Token,
    reconcile::{Conclusion, Doubt, EventExport, EventReading, Onward},
    state::State,
};
use forthwith_ledger::sqlite::{LedgerReader, Which};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};

/// What an export shows, apart from what concerns this plan.
struct Export {
    reading: EventReading,
    /// What became of this plan's notices.
    onward: BTreeMap<Token, Onward>,
    /// Notices that the provider took more than once, with the row of each.
    copies: Vec<(u64, Token, Vec<String>)>,
    /// Events of messages that are not of this plan, or cannot be matched.
    unmatched: u64,
}

/// Reads the export at `path`, and judges each doubt by it.
pub fn judge(path: &Path, doubts: Vec<(u64, Doubt)>, reader: &LedgerReader) -> Result<Read, CommandError> {
    let mut export = EventExport::new(doubts.iter().map(|(_, doubt)| doubt.token.clone()).collect());
    let digest = pieces(path, "give the exported events as JSON, not packed", |piece| export.octets(piece))?;
    let export = match_with(export.finish(), reader)?;
    let judged = doubts.into_iter().map(|(row, doubt)| {
        let conclusion = export.reading.conclude(&doubt.token);
        Judged { row, token: doubt.token, in_words: in_words(&conclusion), conclusion }
    });
    Ok(Read {
        form: "events",
        digest,
        records: export.reading.records,
        counted: counted(export.reading.records, "record"),
        judged: judged.collect(),
        remarks: remarks(&export),
        about: about(&export),
        onward: export.onward,
    })
}

/// Keeps what the export shows of this plan's notices apart from the rest of the account's mail.
fn match_with(mut reading: EventReading, reader: &LedgerReader) -> Result<Export, CommandError> {
    if !reading.nameless.is_empty() {
        let accepted = reader.notices(Which::In(State::Accepted)).map_err(ledgers::failed)?;
        let replies = accepted.map(|notice| notice.map(|n| (n.token, n.why.unwrap_or_default())));
        reading.name_by_replies(replies).map_err(ledgers::failed)?;
    }
    let (mut onward, mut copies) = (BTreeMap::new(), Vec::new());
    let (ours, others) = of_this_plan(reader, std::mem::take(&mut reading.shown))?;
    let unmatched = others.iter().chain(reading.nameless.values()).map(|shown| shown.events).sum::<u64>();
    let unmatched = unmatched + reading.others;
    for (row, token, shown) in ours {
        if shown.onward.ids.len() > 1 {
            copies.push((row, token.clone(), shown.onward.ids.iter().cloned().collect()));
        }
        onward.insert(token, shown.onward);
    }
    Ok(Export { reading, onward, copies, unmatched })
}

fn remarks(export: &Export) -> Vec<String> {
    let reading = &export.reading;
    let mut lines = Vec::new();
    for (row, token, ids) in export.copies.iter().take(SHOWN_MAX) {
        let ids = ids.join(", ");
        lines.push(format!("  TWICE  row {row} {token}: the provider took it as {ids}; the person gets each copy"));
    }
    if export.copies.len() > SHOWN_MAX {
        let more = export.copies.len() - SHOWN_MAX;
        lines.push(format!("  TWICE  … and {more} more; --format json lists them all"));
    }
    if reading.events == 0 {
        lines.push("No record of it is an event that shows a message to be taken.".to_owned());
    }
    if export.unmatched > 0 {
        let events = counted(export.unmatched, "event");
        lines.push(format!("{events} of other mail: not of this plan, or showing nothing that says so"));
    }
    let complaints = export.onward.values().filter(|onward| onward.is_complained).count() as u64;
    if complaints > 0 {
        lines.push(format!("{} about notices of this plan", counted(complaints, "complaint")));
    }
    if reading.broken > 0 {
        lines.push(format!("{} cannot be read:", counted(reading.broken, "record")));
        let flaws = reading.flaws.iter();
        lines.extend(flaws.map(|f| format!("  line {}, octet {}: {}", f.place.line, f.place.offset, f.why)));
        if reading.broken > reading.flaws.len() as u64 {
            lines.push(format!("  … and {} more", grouped(reading.broken - reading.flaws.len() as u64)));
        }
    }
    lines
}

fn about(export: &Export) -> Value {
    let reading = &export.reading;
    let flaws = reading.flaws.iter();
    json!({
        "records": reading.records,
        "events": reading.events,
        "first": reading.span.map(|(first, _)| first.to_string()),
        "last": reading.span.map(|(_, last)| last.to_string()),
        "unmatched": export.unmatched,
        "complaints": export.onward.values().filter(|onward| onward.is_complained).count(),
        "copies": export.copies.iter().map(|(row, token, ids)| json!({
            "row": row, "token": token.as_str(), "ids": ids,
        })).collect::<Vec<_>>(),
        "broken": reading.broken,
        "flaws": flaws.map(|flaw| json!({
            "line": flaw.place.line, "offset": flaw.place.offset, "why": flaw.why,
        })).collect::<Vec<_>>(),
    })
}

fn in_words(conclusion: &Conclusion) -> String {
    match conclusion {
        Conclusion::Accepted(proof) => format!("accepted: the provider took it as {}", proof.queue_id),
        Conclusion::NotAccepted(proof) => format!("not accepted: {}", proof.queue_id),
        Conclusion::Open(why) => format!("stays in doubt: {why}"),
    }
}
