//! Gives each row its fate, in the order of the list: what `judge` said of it by itself, and what the rows before it say.
//!
//! Every count is made here, and every finding passes.

use super::{
    Context, Counts, FINDINGS_KEPT_MAX, Fated, KnownBefore, Row, SPREADSHEET_ROWS, Tally,
    cells::Refusal,
    domains::{Domains, Doubt},
    judge::{Judge, Judged, JudgedRow, Verdict},
    kinds::no_email,
    one_row::{Mark, OneRow},
    repeats::{Met, Repeats},
};
use crate::{
    affected::{encoding::Guess, rows::RawRow, source::Source, stretches::Stretches},
    finding::{Finding, Place},
    law::Word as _,
    notice::Withheld,
    recipient::{Recipient, Residence},
};
use std::{collections::BTreeMap, io};

/// What is known of the rows so far.
pub struct Settling<'a> {
    context: Context<'a>,
    repeats: Repeats,
    domains: Domains,
    /// How many rows each line left out.
    left_out: Vec<u64>,
    /// Which lines of suppression lists matched a row.
    suppressions: Vec<bool>,
    united: u64,
    /// How many rows each earlier wave knows, by what it did.
    here: Vec<KnownBefore>,
    counts: Counts,
    findings: Vec<Finding>,
    totals: BTreeMap<&'static str, u64>,
    guess: Guess,
}

/// A row as it was read: its fate, what was found in it, and how it stands in the list.
pub struct AsRead<'r> {
    /// The row.
    pub row: Row,
    /// All that was found in it; the tally keeps no more than the first of each code.
    pub found: Vec<Finding>,
    raw: Option<RawRow>,
    judge: &'r Judge<'r>,
}

impl AsRead<'_> {
    /// Returns the judge of the list, who knows its columns.
    pub fn judge(&self) -> &Judge<'_> {
        self.judge
    }

    /// Returns the cells of the list's own columns; empty ones where they are not known, and of a row that is planned.
    pub fn own_cells(&self) -> impl Iterator<Item = &str> {
        let cell = |(i, _)| self.raw.as_ref().and_then(|raw| raw.cells.get(i)).unwrap_or_default();
        self.judge.own_columns().map(cell)
    }

    /// Returns where the person of the row lives, and the ids of the categories of data that were exposed of them,
    /// whatever became of the row: empty where it does not say where, all where it does not say which.
    pub fn concerned(&self) -> (Residence, Vec<String>) {
        match (&self.row.fate, &self.raw) {
            (Fated::Planned(recipient), _) => (recipient.residence.clone(), recipient.data.clone()),
            (_, Some(raw)) => OneRow::new(self.judge, &raw.view()).concerned(),
            (_, None) => (Residence::default(), Vec::new()),
        }
    }

    /// Returns the row as it was written where its cells are not known, and nothing where they are. What a list of
    /// ours says of such a row, which nobody has mended, is passed on.
    pub fn as_written(&self) -> String {
        let Some(raw) = &self.raw else { return String::new() };
        let kept = self.judge.columns.as_written.and_then(|i| raw.cells.get(i)).unwrap_or_default();
        if kept.is_empty() { raw.as_written() } else { kept.to_owned() }
    }
}

impl<'a> Settling<'a> {
    pub(super) fn new(context: Context<'a>, judge: &Judge<'_>) -> Self {
        Self {
            context,
            repeats: Repeats::default(),
            domains: Domains::default(),
            left_out: vec![0; judge.leaving_out.len()],
            suppressions: vec![false; context.known.suppressed.len()],
            united: 0,
            here: vec![KnownBefore::default(); context.known.earlier.len()],
            counts: Counts::default(),
            findings: Vec::new(),
            totals: BTreeMap::new(),
            guess: Guess::new(),
        }
    }

    /// Counts the rows of a stretch that nobody looks at.
    pub fn count(&mut self, judged: &Judged) {
        let count: u64 = judged.alike.iter().map(|alike| alike.count).sum();
        self.counts.rows += count;
        self.counts.planned += count;
    }

    /// Gives a row its fate; every row comes once, in the order of the list.
    pub fn settle<'r>(&mut self, judge: &'r Judge<'r>, judged: JudgedRow) -> AsRead<'r> {
        let JudgedRow { row, line, verdict, mut found, marks } = judged;
        self.remember(&marks);
        let (fate, raw) = match verdict {
            Verdict::Planned(recipient) => {
                if marks.contains(&Mark::NewDomain)
                    && let Some(alike) = self.alike(&recipient)
                {
                    // What is said of the address comes before what is said of the language.
                    let at = found.iter().position(|f| f.place.column.as_deref() == Some("language"));
                    found.insert(at.unwrap_or(found.len()), alike);
                }
                (Fated::Planned(recipient), None)
            }
            Verdict::Fate(fate, raw) => (fate, Some(raw)),
            Verdict::Open(recipient, raw) => {
                let view = raw.view();
                let mut one = OneRow { found, ..OneRow::new(judge, &view) };
                let fate = self.unless_repeated(&mut one, *recipient);
                let fate = fate.unwrap_or_else(|refusal| one.refuse(vec![refusal]));
                self.remember(&one.marks);
                found = one.found;
                (fate, Some(raw))
            }
        };
        self.counts.rows += 1;
        match &fate {
            Fated::Planned(_) => self.counts.planned += 1,
            Fated::Withheld { reason, .. } => *self.counts.withheld.entry(reason.reason()).or_default() += 1,
            Fated::Refused => self.counts.refused += 1,
        }
        for finding in &found {
            self.report(finding);
        }
        if let Some(raw) = &raw {
            judge.layout.guess(&mut self.guess, raw);
        }
        AsRead { row: Row { row, line, fate }, found, raw, judge }
    }

    fn remember(&mut self, marks: &[Mark]) {
        for mark in marks {
            match *mark {
                Mark::LeftOut(i) => self.left_out[i] += 1,
                Mark::Suppressed(i) => self.suppressions[i] = true,
                Mark::Known(i, told) => self.here[i][told as usize] += 1,
                Mark::NewDomain => {}
            }
        }
    }

    /// Returns the fate of a good row: planned, unless the same person or address came before.
    fn unless_repeated(&mut self, row: &mut OneRow<'_, '_>, mut recipient: Recipient) -> Result<Fated, Refusal> {
        let residence = recipient.residence.code();
        let mut parts = vec![recipient.name.expose().as_str(), &residence, &recipient.language];
        let read = |(name, _): &(&String, _)| self.context.read_columns.contains(*name);
        parts.extend(recipient.consent.iter().map(|kind| kind.word()));
        parts.extend(recipient.columns.iter().filter(read).map(|(_, value)| value.expose().as_str()));
        match self.repeats.meet(&recipient, parts, self.context)? {
            Met::Again(merged) => Ok(row.withheld(Withheld::Duplicate, merged.to_string())),
            Met::New { near, data } => {
                if let Some(near) = near {
                    let message = format!("row {near} has the same address but for dots; both are told");
                    row.found.push(Finding::note("near-duplicate", row.place(Some("email")), message));
                }
                if let Some(data) = data {
                    self.united += 1;
                    recipient.data = data;
                }
                let Recipient { residence, data, consent, .. } = &recipient;
                let by_law = self.context.duties.and_then(|duties| no_email(duties, residence, data, consent));
                if let Some((reason, why)) = by_law {
                    return Ok(row.withheld(reason, why));
                }
                let domain = recipient.address.domain();
                if let Some(doubt) = self.domains.look(domain, recipient.row) {
                    row.found.push(doubt.warning(domain, row.place(Some("email"))));
                }
                row.miss_language(&recipient.language);
                Ok(Fated::Planned(Box::new(recipient)))
            }
        }
    }

    /// Returns the warning about a domain that looks like another one of the list. What is doubtful about it by itself
    /// was said.
    fn alike(&mut self, recipient: &Recipient) -> Option<Finding> {
        let domain = recipient.address.domain();
        let doubt = self.domains.look(domain, recipient.row).filter(|doubt| matches!(doubt, Doubt::Alike(_)))?;
        let (row, line, column) = (Some(recipient.row), Some(recipient.line), Some("email".to_owned()));
        Some(doubt.warning(domain, Place { row, line, column, ..Place::file(self.context.file) }))
    }

    fn report(&mut self, finding: &Finding) {
        let total = self.totals.entry(finding.code).or_default();
        *total += 1;
        if *total <= FINDINGS_KEPT_MAX {
            self.findings.push(finding.clone());
        }
    }

    /// Ends the reading of `list`: the findings about it as a whole, the counts and the digest.
    pub(super) fn finish<R: Source>(mut self, judge: &Judge<'_>, mut list: Stretches<R>) -> io::Result<Tally> {
        let file = self.context.file;
        let mut about_list = self.about_counts();
        about_list.extend(judge.layout.about_form(file, &mut list, &self.guess));
        about_list.extend(judge.leaving_out.unused(&self.left_out));
        let suppressed = self.context.known.suppressed.used(&self.suppressions);
        for (file, lines, used) in suppressed.iter().filter(|(_, lines, used)| used < lines) {
            // It is normal.
            let message = format!("{} of its {lines} lines name nobody on the list", lines - used);
            about_list.push(Finding::note("suppress-unmatched", Place::file(file), message));
        }
        for finding in &about_list {
            self.report(finding);
        }
        let Self { repeats, united, here: before, counts, findings, totals, .. } = self;
        let (digest, unions) = (list.into_text().into_source().digest()?, repeats.into_unions());
        Ok(Tally { counts, findings, totals, about_list, digest, unions, united, before, suppressed })
    }

    /// Returns what there is to say of how many rows the list has.
    fn about_counts(&self) -> Vec<Finding> {
        let (file, rows) = (self.context.file, self.counts.rows);
        let mut found = Vec::new();
        if rows == 0 {
            let finding = Finding::refused("no-rows", Place::file(file), "the list has a header and no rows");
            found.push(finding.hint("an empty list would mean that nobody was affected"));
        }
        match self.context.settings.expected_rows {
            Some(expected) if expected != rows => {
                let message = format!("the list has {rows} rows; affected.toml expects {expected}");
                let hint = format!(
                    "ask the data team which count is right; if it is this one: [list] expected_rows = {rows}"
                );
                found.push(Finding::refused("control-total", Place::file(file), message).hint(hint));
            }
            None if rows > 0 => {
                let message = format!("nothing says how many rows the list must have; it has {rows}");
                let hint = format!("confirm it with the data team: affected.toml, [list] expected_rows = {rows}");
                found.push(Finding::warning("no-control-total", Place::file(file), message).hint(hint));
            }
            _ => {}
        }
        if rows == SPREADSHEET_ROWS {
            let message = "the list ends exactly where a spreadsheet cuts lists off";
            found.push(Finding::warning("spreadsheet-cut", Place::file(file), message));
        }
        found
    }
}
