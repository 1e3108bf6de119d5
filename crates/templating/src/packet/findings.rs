//! Findings as counsel reads them. What was found in single rows may quote a person's cells: outside the private
//! part it is counted and said in words of ours.

use super::tables::table;
use forthwith_core::finding::{Finding, Gravity, Place};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// A finding that is about nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FindingRecord {
    pub gravity: String,
    pub code: String,
    pub place: String,
    pub message: String,
    pub hint: Option<String>,
}

/// All findings of one code in the rows of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RowsRecord {
    pub gravity: String,
    pub code: String,
    /// What the code means.
    pub says: String,
    pub rows: u64,
}

/// Returns the findings that are about no single row, the gravest first.
pub(super) fn about_nobody(findings: &[Finding]) -> Vec<FindingRecord> {
    let mut sorted: Vec<&Finding> = findings.iter().filter(|finding| !is_about_a_row(finding)).collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.gravity));
    let record = |finding: &Finding| FindingRecord {
        gravity: weight(finding.gravity).to_owned(),
        code: finding.code.to_owned(),
        place: place(&finding.place),
        message: finding.message.clone(),
        hint: finding.hint.clone(),
    };
    sorted.into_iter().map(record).collect()
}

/// Returns the findings in single rows, counted by code, the gravest first.
pub(super) fn about_rows(findings: &[Finding], totals: &BTreeMap<&'static str, u64>) -> Vec<RowsRecord> {
    let rows = findings.iter().filter(|finding| is_about_a_row(finding));
    let codes: BTreeSet<_> = rows.map(|finding| (std::cmp::Reverse(finding.gravity), finding.code)).collect();
    let record = |(gravity, code): (std::cmp::Reverse<Gravity>, &str)| RowsRecord {
        gravity: weight(gravity.0).to_owned(),
        code: code.to_owned(),
        says: says(code).to_owned(),
        rows: totals.get(code).copied().unwrap_or_default(),
    };
    codes.into_iter().map(record).collect()
}

/// Returns every finding in single rows as a table, as it was found: it may quote people's cells.
pub(super) fn rows_table(findings: &[Finding]) -> Option<Vec<u8>> {
    let cells = |finding: &Finding| {
        let count = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
        [
            count(finding.place.row),
            count(finding.place.line),
            finding.place.column.clone().unwrap_or_default(),
            weight(finding.gravity).to_owned(),
            finding.code.to_owned(),
            finding.message.clone(),
            finding.hint.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = findings.iter().filter(|finding| is_about_a_row(finding)).map(cells).collect();
    (!rows.is_empty()).then(|| table(["row", "line", "column", "gravity", "code", "message", "hint"], rows))
}

/// Returns whether a finding is about a row or line of a list, and not about a list, settings or words.
fn is_about_a_row(finding: &Finding) -> bool {
    finding.place.row.is_some() || finding.place.column.is_some() && finding.place.line.is_some()
}

/// Returns what a code means, without what was found.
fn says(code: &str) -> &'static str {
    match code {
        "misspelt-domain" => "the domain of an address is probably misspelt; the address is used as it stands",
        "look-alike-domain" => "the domain of an address looks like another one; the address is used as it stands",
        "near-duplicate" => "an earlier row has the same address but for dots; both people are told",
        "near-suppressed" => "a suppression list names somebody else at the same address; this person is told",
        "suppress-address" => "a line of a suppression list has an address that nobody can be written to at",
        "let-stand-before" => "an earlier wave may have told this person; they are told here",
        "told-of-less" => "an earlier wave told this person of less data than this list has",
        _ => "what was found in these rows stands in the private part",
    }
}

fn weight(gravity: Gravity) -> &'static str {
    match gravity {
        Gravity::Refused => "refused",
        Gravity::Warning => "warning",
        Gravity::Note => "note",
    }
}

fn place(place: &Place) -> String {
    let mut out = place.file.clone();
    if let Some(line) = place.line {
        let _ = write!(out, ":{line}");
    }
    if let Some(column) = &place.column {
        let _ = write!(out, " {column}");
    }
    out
}
