//! The private part of the packet: real notices, and the people who are told nothing, in full. It is the only part
//! that names anybody.

use super::{
    PacketFacts, PacketWithheld, Pages, Press, findings, means,
    merged::merged_table,
    record::{Record, VariantRecord},
    samples,
    tables::table,
};
use serde::Serialize;
use tera::Context;

/// People that the page of those who are told nothing shows: a second wave may withhold a million. All are in the
/// table.
const WITHHELD_SHOWN_MAX: usize = 1_000;

/// What the templates read of a real notice.
#[derive(Serialize)]
struct ExemplarView<'a> {
    row: u64,
    name: &'a str,
    why: String,
    file: String,
}

/// What the templates read of a wording's real notices.
#[derive(Serialize)]
struct WordingSamples<'a> {
    variant: &'a VariantRecord,
    exemplars: Vec<ExemplarView<'a>>,
}

/// What the templates read of a row without a notice.
#[derive(Serialize)]
struct WithheldView {
    row: u64,
    line: u64,
    means: &'static str,
    note: String,
    id: String,
    address: String,
    name: String,
}

/// Adds the files of the private part.
pub(super) fn add(pages: &mut Pages, press: &Press, facts: &PacketFacts, record: &Record) {
    let mut of_wordings = Vec::new();
    for (variant, of_record) in facts.variants.iter().zip(&record.variants) {
        let mut exemplars = Vec::new();
        for exemplar in &variant.exemplars {
            let file = format!("{}-row-{}", of_record.sample, exemplar.row);
            samples::add(pages, &format!("private/{file}"), &exemplar.notice);
            let why = exemplar.traits.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let name = exemplar.name.expose().as_str();
            exemplars.push(ExemplarView { row: exemplar.row, name, why, file });
        }
        of_wordings.push(WordingSamples { variant: of_record, exemplars });
    }
    let found = findings::rows_table(&facts.findings);
    let mut context = Context::new();
    context.insert("wordings", &of_wordings);
    context.insert("has_findings", &found.is_some());
    pages.insert("private/index.html".to_owned(), press.print("private.html", context));
    pages.extend(found.map(|found| ("private/findings.csv".to_owned(), found)));
    if !facts.withheld.is_empty() {
        pages.insert("private/withheld.html".to_owned(), press.print("withheld.html", withheld(&facts.withheld)));
        pages.insert("private/withheld.csv".to_owned(), withheld_table(&facts.withheld));
    }
    if !facts.merged.is_empty() {
        pages.insert("private/merged.csv".to_owned(), merged_table(&facts.merged));
    }
}

fn withheld(rows: &[PacketWithheld]) -> Context {
    let view = |row: &PacketWithheld| {
        let [id, address, name] = [&row.id, &row.address, &row.name].map(|cell| cell.expose().clone());
        let note = row.note.clone();
        WithheldView { row: row.row, line: row.line, means: means(row.reason), note, id, address, name }
    };
    let shown: Vec<_> = rows.iter().take(WITHHELD_SHOWN_MAX).map(view).collect();
    let mut context = Context::new();
    context.insert("withheld", &shown);
    context.insert("more", &rows.len().saturating_sub(WITHHELD_SHOWN_MAX));
    context
}

fn withheld_table(rows: &[PacketWithheld]) -> Vec<u8> {
    let cells = |row: &PacketWithheld| {
        let [id, address, name] = [&row.id, &row.address, &row.name].map(|cell| cell.expose().clone());
        let reason = row.reason.reason().to_owned();
        [row.row.to_string(), row.line.to_string(), id, address, name, reason, row.note.clone()]
    };
    table(["row", "line", "id", "email", "name", "reason", "note"], rows.iter().map(cells))
}
