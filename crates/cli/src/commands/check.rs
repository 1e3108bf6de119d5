//! `forthwith check`: reads everything, lists every finding, and writes nothing but the files that are asked for.

mod exports;

use crate::{
    args::CheckArgs,
    checking::{self, Checked},
    exit::{CommandError, Exit},
    findings::{self, Sources},
    folder::Folder,
    inputs,
    terminal::{Out, counted, grouped, people},
};
use exports::Exports;
use forthwith_core::{
    affected::{Earlier, KnownBefore, Told, Wanted},
    finding::{Finding, Gravity, any_refused},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Refused rows that one line is offered for: more have a common cause, and are mended.
const PASTED_ROWS_MAX: usize = 50;

/// Runs the command.
pub fn run(args: &CheckArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?.declared(&args.reading)?;
    let mut exports = Exports::begin(args, &folder)?;
    let mut checked = checking::check(&folder, out, Wanted::Remarkable, |as_read| exports.row(&as_read))?;
    // delivery.toml is no part of a plan, but the operator wants to know now.
    let (_, more, sources) = inputs::delivery(&folder)?;
    let is_refused = checked.is_refused() || any_refused(&more);
    checked.inputs.findings.extend(more);
    checked.inputs.sources.extend(sources);
    let written = exports.end(&checked)?;
    let mut report = report(&checked);
    if !written.is_empty() {
        let files: Map<_, _> = written.iter().map(|(what, path, _)| ((*what).to_owned(), json!(path))).collect();
        report["files"] = json!(files);
    }
    out.json(&report);
    out.verbatim(&findings::human(&checked.findings(), &checked.totals(), &checked.inputs.sources, out));
    for line in summary(&checked).into_iter().chain(leave_out(&checked)) {
        out.line(line);
    }
    for (what, path, count) in written {
        out.line(format!("{}: {} in {}", what, grouped(count), path.display()));
    }
    out.line(next_step(&folder, is_refused));
    Ok(if is_refused { Exit::Refused } else { Exit::Done })
}

/// Returns the report for programs.
pub fn report(checked: &Checked) -> Value {
    let counts = &checked.tally.counts;
    let variants = checked
        .variants
        .iter()
        .map(|(variant, reached)| json!({ "key": variant.to_string(), "count": reached.count }));
    json!({
        "rows": counts.rows,
        "planned": counts.planned,
        "withheld": counts.withheld,
        "refused": counts.refused,
        "people": {
            "united": checked.tally.united, "told_before": told_before(checked), "suppress": suppress(checked),
        },
        "findings": findings::json(&checked.findings(), &checked.inputs.sources),
        "findings_total": checked.totals(),
        "variants": variants.collect::<Vec<_>>(),
        "law": checked.law.as_ref().map(|law| law.report(checked)),
    })
}

/// Returns what each suppression list did.
fn suppress(checked: &Checked) -> Vec<Value> {
    let report =
        |(file, lines, used): &(String, u64, u64)| json!({ "file": file, "lines": lines, "matched": used });
    checked.tally.suppressed.iter().map(report).collect()
}

/// Returns what earlier waves did about their own people, and about the rows of this list.
fn told_before(checked: &Checked) -> Vec<Value> {
    let by_name = |count: &dyn Fn(Told) -> u64| -> BTreeMap<&str, u64> {
        Told::ALL.iter().map(|told| (told.name(), count(*told))).collect()
    };
    let waves = checked.inputs.known.earlier.iter().zip(&checked.tally.before);
    let report = |(wave, here): (&Earlier, &KnownBefore)| {
        let there = by_name(&|told| wave.count(told));
        let here = by_name(&|told| here[told as usize]);
        json!({ "ledger": wave.ledger, "incident": wave.incident, "there": there, "here": here })
    };
    waves.map(report).collect()
}

/// Returns the counts, as lines for people.
pub fn summary(checked: &Checked) -> Vec<String> {
    let counts = &checked.tally.counts;
    if checked.inputs.list.is_none() {
        return vec!["The list was not read: affected.toml, which says how, is refused.".to_owned()];
    }
    let mut lines = vec![format!("{} in the list", counted(counts.rows, "row"))];
    lines.push(format!("  {} to be told", people(counts.planned)));
    if checked.tally.united > 0 {
        let united = counted(checked.tally.united, "notice");
        lines.push(format!("  {united} of them with the data of several rows of one person"));
    }
    for (reason, count) in &counts.withheld {
        lines.push(format!("  {} withheld: {reason}", counted(*count, "row")));
    }
    lines.extend(checked.beside().into_iter().map(|(name, says)| format!("  {name}: {says}")));
    if counts.refused > 0 {
        lines.push(format!("  {} refused: must be mended, or left out by name", counted(counts.refused, "row")));
    }
    if checked.variants.len() > 1 {
        lines.push(format!("{} of the notice:", counted(checked.variants.len() as u64, "variant")));
        for (variant, reached) in &checked.variants {
            lines.push(format!("  {variant}: {}", counted(reached.count, "notice")));
        }
    }
    lines.extend(checked.law.iter().flat_map(|law| law.summary(checked)));
    lines
}

/// Returns the line that leaves out every refused row that is shown, where there are several: a key stands in
/// a TOML file once, so their own lines do not go together.
fn leave_out(checked: &Checked) -> Option<String> {
    let findings = checked.findings();
    let rows = findings.iter().filter_map(|finding| {
        let line = finding.hint.as_deref()?.split_once("leave_out = [{")?.1;
        Some((finding.place.row?, line.split_once("}]")?.0.trim()))
    });
    let rows: BTreeMap<_, _> = rows.collect();
    if rows.len() < 2 || rows.len() > PASTED_ROWS_MAX {
        return None;
    }
    let rows: Vec<_> = rows.values().map(|row| format!("{{ {row} }}")).collect();
    let line = format!("leave_out = [{}]", rows.join(", "));
    Some(format!("\nTo leave all of them out, at the top of affected.toml, with the reasons:\n  {line}"))
}

fn next_step(folder: &Folder, is_refused: bool) -> String {
    let path = folder.path.display();
    if is_refused {
        format!("\nRefused. Mend what is marked `refused` above, then run `forthwith check {path}` again.")
    } else {
        format!("\nNothing is refused. Look at a notice: forthwith preview {path} --open")
    }
}

/// Returns the error that a command ends with where the inputs are refused, after showing the findings.
///
/// They go to standard error, which is often kept: what is found in a row is pointed at there and not quoted.
pub fn refuse(checked: &Checked, out: Out, folder: &Folder) -> CommandError {
    let findings: Vec<_> = checked.findings().iter().map(unquoted).collect();
    eprint_verbatim(&findings::human(&findings, &checked.totals(), &checked.inputs.sources, out.on_stderr()));
    let count = counted(checked.weighing(Gravity::Refused), "finding");
    CommandError::new(Exit::Refused, format!("the inputs are refused: {count} of gravity `refused`"))
        .hint(format!("`forthwith check {}` lists them all, with what stands there", folder.path.display()))
        .with_report(report(checked))
}

/// Returns `finding` without what it quotes of a row: code and place remain.
fn unquoted(finding: &Finding) -> Finding {
    if finding.place.row.is_none() {
        return finding.clone();
    }
    let what = if finding.gravity == Gravity::Refused { "this row is refused" } else { "look at this row" };
    Finding { message: what.to_owned(), hint: None, ..finding.clone() }
}

/// Shows findings about settings alone, and returns the error that a command ends with because of them.
pub fn refuse_settings(findings: &[Finding], sources: &Sources, out: Out) -> CommandError {
    eprint_verbatim(&findings::human(findings, &findings::totals(findings), sources, out.on_stderr()));
    CommandError::new(Exit::Refused, "the settings are refused").hint("mend what is marked `refused` above")
}

fn eprint_verbatim(text: &str) {
    use std::io::Write as _;
    // Nothing can be done about a standard error that is gone.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
