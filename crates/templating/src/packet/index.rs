//! Page one of the packet: what is open, what happened, who is told what and that the counts add up, every wording in
//! full, and the last page, which is signed by hand.
//!
//! It arranges the record; what it says of a wording beside it, is in what its words differ from another one's.

use super::{
    compared::{Line, marked, plain},
    record::{Record, ResidenceRecord, VariantRecord},
    rules,
};
use serde::Serialize;
use tera::Context;

/// Wordings that stand in full on page one: more are read on their own pages.
const IN_FULL_MAX: usize = 40;
/// Residences that page one lists: all regions of one country, and then some. The rest are summed up.
const RESIDENCES_SHOWN_MAX: usize = 120;

/// What the templates read of a wording on page one.
#[derive(Serialize)]
struct WordingView<'a> {
    variant: &'a VariantRecord,
    /// The number of the wording that it is compared with; 0 where it is read on its own.
    compared_with: usize,
    /// Whether it says the same.
    is_equal: bool,
    /// Its words, with what differs from the other wording.
    words: Vec<Line>,
}

/// Returns what the page shows beside the record.
pub(super) fn context(record: &Record) -> Context {
    let mut context = Context::new();
    let in_full = record.variants.iter().take(IN_FULL_MAX);
    context.insert("wordings", &in_full.map(|variant| wording(record, variant)).collect::<Vec<_>>());
    context.insert("more_wordings", &record.variants.iter().skip(IN_FULL_MAX).collect::<Vec<_>>());
    let (shown, more) = record.residences.split_at(record.residences.len().min(RESIDENCES_SHOWN_MAX));
    context.insert("residences", shown);
    context.insert("more_residences", &more.len());
    context.insert("more_people", &more.iter().map(|residence: &ResidenceRecord| residence.people).sum::<u64>());
    context.insert("law", &rules::on_page_one(record));
    let is_silent = |variant: &VariantRecord| variant.findings.is_empty();
    let nothing_found = record.findings.is_empty() && record.findings_in_rows.is_empty();
    context.insert("nothing_found", &(nothing_found && record.variants.iter().all(is_silent)));
    context
}

/// Returns a wording beside the first one of its language: whoever has read that one reads what differs.
fn wording<'a>(record: &Record, variant: &'a VariantRecord) -> WordingView<'a> {
    let first = record.variants.iter().find(|other| other.language == variant.language);
    let Some(first) = first.filter(|first| first.number != variant.number) else {
        return WordingView { variant, compared_with: 0, is_equal: false, words: plain(variant) };
    };
    let words = marked(first, variant);
    WordingView {
        variant,
        compared_with: first.number,
        is_equal: words.is_none(),
        words: words.unwrap_or_default(),
    }
}
