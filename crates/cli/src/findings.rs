//! Findings as an operator reads them: file, line, column, the line itself, and the next step.

use crate::terminal::{Out, counted, safe};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use forthwith_core::{
    address::is_unseen,
    finding::{Finding, Gravity},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write as _};

/// Findings of one code that are shown to a person; all are counted, and JSON holds more.
const SHOWN_MAX: usize = 10;

/// Texts of the files that findings point into, by name.
pub type Sources = BTreeMap<String, String>;

/// Returns `findings` for a terminal, the gravest last, where it is read first.
pub fn human(findings: &[Finding], totals: &BTreeMap<&'static str, u64>, sources: &Sources, out: Out) -> String {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.gravity);
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    let mut text = String::new();
    for finding in sorted {
        let count = shown.entry(finding.code).or_default();
        *count += 1;
        if *count <= SHOWN_MAX {
            text.push_str(&one(finding, sources, out));
            text.push('\n');
        }
    }
    for (code, count) in shown {
        let total = totals.get(code).copied().unwrap_or(count as u64);
        if total > SHOWN_MAX as u64 {
            let more = counted(total - SHOWN_MAX as u64, "more finding");
            let _ = write!(
                text,
                "… and {more} `{code}`; --format json lists up to 1,000 of each, --findings FILE all\n\n"
            );
        }
    }
    text
}

fn one(finding: &Finding, sources: &Sources, out: Out) -> String {
    let level = match finding.gravity {
        Gravity::Refused => Level::ERROR.with_name("refused"),
        Gravity::Warning => Level::WARNING,
        Gravity::Note => Level::NOTE,
    };
    let message = safe(&finding.message);
    let title = level.primary_title(message.as_ref()).id(finding.code);
    let hint = finding.hint.as_deref().map(safe);
    let path = place(finding);
    let source = finding.place.span.as_ref().and_then(|span| {
        let source = sources.get(&finding.place.file)?;
        Some((source, span.start.min(source.len())..span.end.min(source.len())))
    });
    let mut group: Group<'_> = match &source {
        Some((source, span)) => title.element(
            Snippet::source(source.as_str())
                .path(finding.place.file.as_str())
                .annotation(AnnotationKind::Primary.span(span.clone())),
        ),
        None => title.element(annotate_snippets::Origin::path(path.as_str())),
    };
    if let Some(hint) = &hint {
        group = group.element(Level::HELP.message(hint.as_ref()));
    }
    let is_plain =
        source.as_ref().is_none_or(|(s, _)| !s.chars().any(|c| is_unseen(c) && !matches!(c, '\n' | '\r' | '\t')));
    if out.has_colours && is_plain {
        format!("{}\n", Renderer::styled().render(&[group]))
    } else {
        format!("{}\n", safe(&Renderer::plain().render(&[group])))
    }
}

/// Returns `affected.csv:12, row 11, column email`.
fn place(finding: &Finding) -> String {
    let place = &finding.place;
    let mut text = place.file.clone();
    if let Some(line) = place.line {
        let _ = write!(text, ":{line}");
    }
    if let Some(row) = place.row {
        let _ = write!(text, ", row {row}");
    }
    if let Some(column) = &place.column {
        let _ = write!(text, ", column {column}");
    }
    safe(&text).into_owned()
}

/// Returns `findings` for programs; those that point into a text get their line and column from it.
pub fn json(findings: &[Finding], sources: &Sources) -> Vec<Value> {
    findings
        .iter()
        .map(|finding| {
            let mut value = json!(finding);
            let start = finding.place.span.as_ref().map(|span| span.start);
            if let (Some(start), Some(source)) = (start, sources.get(&finding.place.file)) {
                let (line, column) = line_and_column(source, start);
                value["line"] = json!(line);
                value["character"] = json!(column);
            }
            value
        })
        .collect()
}

/// Returns the line and the column in characters of an octet, both counted from 1.
pub fn line_and_column(source: &str, octet: usize) -> (usize, usize) {
    let before = source.get(..octet.min(source.len())).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Returns how many findings of each code there are.
pub fn totals(findings: &[Finding]) -> BTreeMap<&'static str, u64> {
    let mut totals = BTreeMap::new();
    for finding in findings {
        *totals.entry(finding.code).or_default() += 1;
    }
    totals
}
