//! What a row means: a recipient, somebody withheld, or a row that is refused, with every finding.
//!
//! Nothing is mended, guessed or dropped: each row comes out with exactly one fate.

mod before;
mod cells;
mod columns;
mod domains;
mod keys;
mod known;
mod leaving;
mod repeats;
mod suppressed;
mod suspects;
mod unions;
mod waves;

pub use before::{Earlier, Told};
pub(super) use cells::quoted;
pub use columns::other_columns;
pub use known::Known;
pub use suppressed::Suppressed;
pub use suspects::Suspects;
pub use unions::Unions;
pub use waves::KnownBefore;

use super::{
    exported::AS_WRITTEN,
    faults::{describe, describe_sheet},
    records::Fault,
    rows::{RawRow, RowFault, Rows, RowsError},
    settings::{ListSettings, Which},
    sheet::SheetFault,
    source::Source,
};
use crate::{
    digest::{Digest, hex},
    document::nearest,
    finding::{Finding, Gravity, Place},
    incident::{Category, Languages},
    notice::Withheld,
    private::Private,
    recipient::{Recipient, Residence},
};
use cells::{
    AddressCell, Refusal, checked, is_count, read_address, read_country, read_language, read_name, read_region,
};
use columns::Columns;
use domains::Domains;
use keys::MailboxKey;
use leaving::LeavingOut;
use repeats::{Met, Repeats};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};
use suppressed::Match;

/// Findings of one code that are kept whole; more are counted.
pub const FINDINGS_KEPT_MAX: u64 = 1_000;
/// Rows at which a spreadsheet cuts a list: 1,048,576 lines less the header.
const SPREADSHEET_ROWS: u64 = 1_048_575;
/// Filled cells of a line that an export closes with: a word and a number.
const FOOTER_CELLS_MAX: usize = 2;

/// One row and its fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The data row, counted from 1.
    pub row: u64,
    /// The physical line where it starts, counted from 1.
    pub line: u64,
    /// What becomes of it.
    pub fate: Fated,
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fated {
    /// A notice is owed.
    Planned(Box<Recipient>),
    /// No notice, for this reason; the cells are as they were written.
    Withheld {
        /// The reason that programs know.
        reason: Withheld,
        /// More words.
        note: String,
        /// The id column.
        id: Private<String>,
        /// The address column.
        address: Private<String>,
        /// The name column.
        name: Private<String>,
    },
    /// The row must be mended or left out by name.
    Refused,
}

/// How many rows have which fate: `rows = planned + withheld + refused`, always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of the list.
    pub rows: u64,
    /// Notices owed.
    pub planned: u64,
    /// Rows withheld, by reason.
    pub withheld: BTreeMap<&'static str, u64>,
    /// Rows refused.
    pub refused: u64,
}

/// What is known once a list was read to its end.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The counts.
    pub counts: Counts,
    /// The first `FINDINGS_KEPT_MAX` findings of each code, in the order of the list.
    pub findings: Vec<Finding>,
    /// How many findings of each code there are.
    pub totals: BTreeMap<&'static str, u64>,
    /// All findings about the list as a whole, those among `findings` too.
    pub about_list: Vec<Finding>,
    /// SHA-256 of the list's bytes.
    pub digest: Digest,
    /// The data of people whose rows differ in nothing else, for the next reading.
    pub unions: Unions,
    /// Notices that name the data of several rows.
    pub united: u64,
    /// How many rows each earlier wave knows, in the order of affected.toml.
    pub before: Vec<KnownBefore>,
    /// Each suppression list: its name, its lines, and how many of them name somebody on the list.
    pub suppressed: Vec<(String, u64, u64)>,
}

/// What a list is read against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The list's name in the incident folder.
    pub file: &'a str,
    /// affected.toml.
    pub settings: &'a ListSettings,
    /// The incident's categories of data; `None` while the incident itself is refused.
    pub categories: Option<&'a [Category]>,
    /// The languages that notices are written in; `None` while the incident itself is refused.
    pub languages: Option<&'a Languages>,
    /// The other columns that the notice's words read: two rows that differ in one of them are not duplicates.
    pub read_columns: &'a BTreeSet<String>,
    /// What is known of people from elsewhere.
    pub known: &'a Known,
}

/// Reads people, row by row.
pub struct People<'a, R> {
    context: Context<'a>,
    rows: Rows<R>,
    raw: RawRow,
    columns: Columns,
    repeats: Repeats,
    domains: Domains,
    leaving_out: LeavingOut<'a>,
    /// Which lines of suppression lists matched a row.
    suppressions: Vec<bool>,
    united: u64,
    /// How many rows each earlier wave knows, by what it did.
    here: Vec<KnownBefore>,
    counts: Counts,
    findings: Vec<Finding>,
    totals: BTreeMap<&'static str, u64>,
    /// What was found in the row that was read last.
    found: Vec<Finding>,
}

impl<'a, R: Source> People<'a, R> {
    /// Reads the header of a list.
    ///
    /// # Errors
    ///
    /// The input's own, or the findings that refuse the list as a whole.
    pub fn new(context: Context<'a>, input: R) -> Result<Self, RowsError> {
        let rows = Rows::new(context.file, &context.settings.form, context.settings.email_column(), input)?;
        let columns = Columns::find(context, &rows).map_err(RowsError::Refused)?;
        Ok(Self {
            context,
            rows,
            raw: RawRow::default(),
            columns,
            repeats: Repeats::default(),
            domains: Domains::default(),
            leaving_out: LeavingOut::new(context),
            suppressions: vec![false; context.known.suppressed.len()],
            united: 0,
            here: vec![KnownBefore::default(); context.known.earlier.len()],
            counts: Counts::default(),
            findings: Vec::new(),
            totals: BTreeMap::new(),
            found: Vec::new(),
        })
    }

    /// Returns how many octets of the list were read so far.
    pub fn octets(&self) -> u64 {
        self.rows.octets()
    }

    /// Returns the rows as they stand in the list.
    pub fn rows(&self) -> &Rows<R> {
        &self.rows
    }

    /// Returns the list's own columns, in its order: the place and the name of each.
    pub fn own_columns(&self) -> Vec<(usize, &str)> {
        let header = self.rows.header().iter().enumerate();
        header.filter(|(i, _)| !self.columns.ours.contains(i)).map(|(i, name)| (i, name.as_str())).collect()
    }

    /// Returns the row that was read last, as it stands in the list.
    pub fn raw(&self) -> &RawRow {
        &self.raw
    }

    /// Returns all that was found in the row that was read last; the tally keeps no more than the first of each
    /// code.
    pub fn found(&self) -> &[Finding] {
        &self.found
    }

    /// Returns where the person of the row that was read last lives, and the ids of the categories of data that were
    /// exposed of them, whatever became of the row: empty where it does not say where, all where it does not say which.
    pub fn concerned(&self) -> (Residence, Vec<String>) {
        let cell = |column| if self.raw.fault.is_none() { self.value(column) } else { "" };
        let country = read_country(cell("country")).unwrap_or_default();
        let region = read_region(cell("region")).ok().filter(|_| !country.is_empty()).unwrap_or_default();
        let all = || self.context.categories.iter().flat_map(|all| all.iter()).map(|category| category.id.clone());
        let data = if self.raw.fault.is_none() { self.read_data().ok() } else { None };
        (Residence { country, region }, data.unwrap_or_else(|| all().collect()))
    }

    /// Reads the next row; `None` at the end of the list.
    pub fn read(&mut self) -> io::Result<Option<Row>> {
        self.found.clear();
        let mut raw = std::mem::take(&mut self.raw);
        let is_row = self.rows.read(&mut raw)?;
        self.raw = raw;
        if !is_row {
            return Ok(None);
        }
        let fate = match self.left_out() {
            Some(fate) => fate,
            None => self.fate(),
        };
        self.counts.rows += 1;
        match &fate {
            Fated::Planned(_) => self.counts.planned += 1,
            Fated::Withheld { reason, .. } => *self.counts.withheld.entry(reason.reason()).or_default() += 1,
            Fated::Refused => self.counts.refused += 1,
        }
        Ok(Some(Row { row: self.raw.row, line: self.raw.line, fate }))
    }

    /// Ends the reading: the findings about the list as a whole, the counts and the digest.
    pub fn finish(mut self) -> io::Result<Tally> {
        let file = self.context.file.to_owned();
        let rows = self.counts.rows;
        self.found.clear();
        if rows == 0 {
            let finding = Finding::refused("no-rows", Place::file(&file), "the list has a header and no rows");
            self.report(finding.hint("an empty list would mean that nobody was affected"));
        }
        match self.context.settings.expected_rows {
            Some(expected) if expected != rows => {
                let message = format!("the list has {rows} rows; affected.toml expects {expected}");
                let hint = format!(
                    "ask the data team which count is right; if it is this one: [list] expected_rows = {rows}"
                );
                self.report(Finding::refused("control-total", Place::file(&file), message).hint(hint));
            }
            None if rows > 0 => {
                let message = format!("nothing says how many rows the list must have; it has {rows}");
                let hint = format!("confirm it with the data team: affected.toml, [list] expected_rows = {rows}");
                self.report(Finding::warning("no-control-total", Place::file(&file), message).hint(hint));
            }
            _ => {}
        }
        if rows == SPREADSHEET_ROWS {
            let message = "the list ends exactly where a spreadsheet cuts lists off";
            self.report(Finding::warning("spreadsheet-cut", Place::file(&file), message));
        }
        for finding in self.rows.about_form(&file) {
            self.report(finding);
        }
        for finding in self.leaving_out.unused().collect::<Vec<_>>() {
            self.report(finding);
        }
        let suppressed = self.report_suppressed();
        let Self { rows, repeats, united, here: before, counts, findings, totals, found, .. } = self;
        let (digest, unions) = (rows.digest()?, repeats.into_unions());
        Ok(Tally { counts, findings, totals, about_list: found, digest, unions, united, before, suppressed })
    }

    fn report(&mut self, finding: Finding) {
        let total = self.totals.entry(finding.code).or_default();
        *total += 1;
        if *total <= FINDINGS_KEPT_MAX {
            self.findings.push(finding.clone());
        }
        self.found.push(finding);
    }

    fn place(&self, column: Option<&str>) -> Place {
        Place {
            row: Some(self.raw.row),
            line: Some(self.raw.line),
            column: column.map(str::to_owned),
            ..Place::file(self.context.file)
        }
    }

    fn cell(&self, column: &str) -> &str {
        self.columns.standard.get(column).and_then(|i| self.raw.cells.get(*i)).unwrap_or_default()
    }

    /// Returns what a cell means by affected.toml.
    fn value(&self, column: &str) -> &str {
        self.context.settings.meant(column, self.cell(column).trim())
    }

    fn fingerprint(&self) -> String {
        hex(&Digest::of(&self.raw.bytes).as_bytes()[..4])
    }

    /// Returns the fate of a row that affected.toml leaves out, whatever else is wrong with it.
    fn left_out(&mut self) -> Option<Fated> {
        let id = self.cell("id").to_owned();
        let id = self.raw.fault.is_none().then_some(id.as_str());
        let line = self.leaving_out.named(self.raw.row, id)?;
        if let Which::Row { fingerprint, .. } = &line.which
            && *fingerprint != self.fingerprint()
        {
            let now = self.fingerprint();
            let message =
                format!("the row that affected.toml leaves out has changed: its fingerprint is now {now}");
            let hint = "look at the row again, then mend the line in affected.toml";
            self.report(Finding::refused("leave-out-changed", self.place(None), message).hint(hint));
            return Some(Fated::Refused);
        }
        if let Some(fault) = self.broken() {
            return Some(self.refuse_fault(&fault));
        }
        Some(self.withheld(Withheld::LeftOut, line.note()))
    }

    fn withheld(&self, reason: Withheld, note: String) -> Fated {
        let cell = |column| Private::new(self.cell(column).to_owned());
        Fated::Withheld { reason, note, id: cell("id"), address: cell("email"), name: cell("name") }
    }

    /// Returns what is broken in the row's form, where its end itself is in doubt.
    fn broken(&self) -> Option<Fault> {
        match &self.raw.fault {
            Some(RowFault::Record(Fault::NotUtf8 { .. } | Fault::NotOf(_) | Fault::Nul)) => None,
            Some(RowFault::Record(fault)) => Some(fault.clone()),
            _ => None,
        }
    }

    /// Refuses a row whose form is broken. No line to leave it out is offered: what a quote swallowed may be many
    /// people, and leaving "the row" out would leave all of them out.
    fn refuse_fault(&mut self, fault: &Fault) -> Fated {
        let (code, message, hint) = describe(fault);
        self.report(Finding::refused(code, self.place(None), message).hint(hint));
        Fated::Refused
    }

    fn refuse(&mut self, refusal: Refusal) {
        let row = self.raw.row;
        let paste =
            format!("leave_out = [{{ row = {row}, fingerprint = \"{}\", reason = \"…\" }}]", self.fingerprint());
        let hint = match refusal.hint {
            Some(hint) => format!("{hint}; or leave it out, at the top of affected.toml: {paste}"),
            None => format!("mend the row, or leave it out, at the top of affected.toml: {paste}"),
        };
        self.report(Finding::refused(refusal.code, self.place(refusal.column), refusal.message).hint(hint));
    }

    fn fate(&mut self) -> Fated {
        if let Some(fault) = self.broken() {
            return self.refuse_fault(&fault);
        }
        let refusals = match self.judged() {
            Ok(fate) => return fate,
            Err(refusals) => refusals,
        };
        if let Some(line) = self.leaving_out.refused(&refusals) {
            return self.withheld(Withheld::LeftOut, line.note());
        }
        for refusal in refusals {
            self.refuse(refusal);
        }
        Fated::Refused
    }

    /// Returns the fate of a row whose form is whole, or all that refuses it.
    fn judged(&mut self) -> Result<Fated, Vec<Refusal>> {
        self.check_form().map_err(|refusal| vec![refusal])?;
        let (recipient, refusals) = self.recipient();
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let suppressed = self.suppressed(recipient.as_ref().ok());
        if let Some(column) = self.needs_letter() {
            return Ok(self.withheld(Withheld::NeedsLetter, column));
        }
        if let Some(fate) = self.told_before(recipient.as_ref().ok()).map_err(|refusal| vec![refusal])? {
            return Ok(fate);
        }
        // Whoever is suppressed is owed a letter, unless they were told already.
        if let Some(note) = suppressed {
            return Ok(self.withheld(Withheld::Suppressed, note));
        }
        match recipient {
            Ok(recipient) => self.unless_repeated(recipient).map_err(|refusal| vec![refusal]),
            Err(reason) => Ok(self.withheld(reason, String::new())),
        }
    }

    /// Returns why a row's person is suppressed, and points out lines that are near it.
    fn suppressed(&mut self, recipient: Option<&Recipient>) -> Option<String> {
        let known = &self.context.known.suppressed;
        if self.suppressions.is_empty() {
            return None;
        }
        let mailbox = recipient.map(|recipient| MailboxKey::of(&recipient.address));
        let found = known.find(self.cell("id"), mailbox.as_ref());
        for (i, _) in found.iter().filter(|(_, how)| *how == Match::Meant) {
            self.suppressions[*i] = true;
        }
        let (i, how) = *found.first()?;
        let (line, at) = known.line(i);
        let differs = match how {
            Match::Meant => return Some(format!("{} ({at})", line.reason)),
            Match::OtherCase => "has the same address but for capital letters",
            Match::OtherId => "has the same address with another id",
        };
        let message = format!("{at}, {differs}, and does not suppress this person");
        let hint = "if this person is meant there, add a line for them";
        self.report(Finding::warning("near-suppressed", self.place(Some("email")), message).hint(hint));
        None
    }

    /// Returns what each suppression list did, and notes those with lines that matched nobody, which is normal.
    fn report_suppressed(&mut self) -> Vec<(String, u64, u64)> {
        let counts = self.context.known.suppressed.used(&self.suppressions);
        for (file, lines, used) in counts.iter().filter(|(_, lines, used)| used < lines) {
            let message = format!("{} of its {lines} lines name nobody on the list", lines - used);
            self.report(Finding::note("suppress-unmatched", Place::file(file), message));
        }
        counts
    }

    /// Refuses a row that has no cells of its own to look at.
    fn check_form(&self) -> Result<(), Refusal> {
        match &self.raw.fault {
            Some(RowFault::Record(fault)) => {
                let (code, message, hint) = describe(fault);
                return Err(Refusal::row(code, message).hint(hint));
            }
            Some(RowFault::Cells { found }) => {
                let message = format!("the row has {found} cells; the header has {}", self.rows.header().len());
                let delimiter = self.rows.delimiter().name();
                let hint = format!("a `{delimiter}` within a cell needs quotes around the cell");
                return Err(Refusal::row("cells", message).hint(hint));
            }
            Some(RowFault::Sheet(fault)) => return Err(self.unsure(fault)),
            None => {}
        }
        if self.columns.as_written.is_some_and(|i| self.raw.cells.get(i).is_some_and(|cell| !cell.is_empty())) {
            let message = format!("the row could not be read, and is not mended: `{AS_WRITTEN}` still holds it");
            let hint = format!("put what it says into its columns, then empty `{AS_WRITTEN}`");
            return Err(Refusal::row("not-mended", message).hint(hint));
        }
        if self.rows.is_header(&self.raw.cells) {
            return Err(Refusal::row("header-again", "the header stands here once more"));
        }
        if self.is_footer() {
            let message = "the row looks like the closing line of an export, and not like a person";
            return Err(Refusal::row("footer", message).hint("delete it from the list"));
        }
        Ok(())
    }

    /// Refuses a row of a sheet that does not say plainly what stands in it.
    fn unsure(&self, fault: &SheetFault) -> Refusal {
        let (code, message, hint) = describe_sheet(fault, self.rows.header());
        Refusal::row(code, message).hint(hint)
    }

    /// Returns the column that says that this person must get a letter and no e-mail.
    fn needs_letter(&self) -> Option<String> {
        let says = |(column, values): &(&String, &BTreeSet<String>)| {
            let cell = self.columns.place(column).and_then(|i| self.raw.cells.get(i)).unwrap_or_default();
            values.contains(&cell.trim().to_lowercase())
        };
        self.context.settings.people.letter.iter().find(says).map(|(column, _)| column.clone())
    }

    /// Returns whether the row counts people rather than being one: without the refusal it would be withheld as
    /// somebody without an address.
    fn is_footer(&self) -> bool {
        let mut filled = self.raw.cells.iter().map(str::trim).filter(|cell| !cell.is_empty());
        self.cell("email").trim().is_empty()
            && filled.clone().count() <= FOOTER_CELLS_MAX
            && filled.next().is_some_and(is_count)
    }

    /// Reads the cells: a recipient or the reason for withholding one, and what refuses the row.
    fn recipient(&self) -> (Result<Recipient, Withheld>, Vec<Refusal>) {
        let mut refusals = Vec::new();
        let name = checked(&mut refusals, read_name(self.cell("name")));
        let country = checked(&mut refusals, read_country(self.value("country")));
        let region = checked(&mut refusals, read_region(self.value("region")));
        let language = checked(&mut refusals, read_language(self.value("language")));
        let data = checked(&mut refusals, self.read_data());
        if !region.is_empty() && country.is_empty() {
            let message = "a region is given without its country".to_owned();
            refusals.push(Refusal::new("region", "region-without-country", message));
        }
        let address = match read_address(self.cell("email")) {
            Ok(address) => address,
            Err(AddressCell::Withheld(reason)) => return (Err(reason), refusals),
            Err(AddressCell::Refused(refusal)) => {
                refusals.push(refusal);
                // Refused: what is withheld instead is never looked at.
                return (Err(Withheld::NoAddress), refusals);
            }
        };
        let recipient = Recipient {
            row: self.raw.row,
            line: self.raw.line,
            id: Private::new(self.cell("id").to_owned()),
            address,
            name: Private::new(name),
            residence: Residence { country, region },
            language,
            data,
            columns: self
                .columns
                .other
                .iter()
                .map(|(i, name)| {
                    (name.clone(), Private::new(self.raw.cells.get(*i).unwrap_or_default().to_owned()))
                })
                .collect(),
        };
        (Ok(recipient), refusals)
    }

    fn read_data(&self) -> Result<Vec<String>, Refusal> {
        let cell = self.cell("data");
        let ids = cell.split(';').map(|id| self.context.settings.meant("data", id.trim()));
        let ids: BTreeSet<&str> = ids.filter(|id| !id.is_empty()).collect();
        let Some(categories) = self.context.categories else {
            return Ok(ids.into_iter().map(str::to_owned).collect());
        };
        let known = || categories.iter().map(|category| category.id.as_str());
        if ids.is_empty() {
            return Ok(known().map(str::to_owned).collect());
        }
        if let Some(unknown) = ids.iter().find(|id| !known().any(|known| known == **id)) {
            let message = format!("{} is not a category of this incident", quoted(unknown));
            let hint = match nearest(unknown, known()) {
                Some(near) => format!("is `{near}` meant?"),
                None => "incident.toml lists the categories under [data]".to_owned(),
            };
            return Err(Refusal::new("data", "data-unknown", message).hint(hint));
        }
        Ok(known().filter(|id| ids.contains(id)).map(str::to_owned).collect())
    }

    /// Returns the fate of a good row: planned, unless the same person or address came before.
    fn unless_repeated(&mut self, mut recipient: Recipient) -> Result<Fated, Refusal> {
        if self.context.known.suspects.as_ref().is_some_and(|(suspects, _)| !suspects.has(&recipient)) {
            self.doubt_domain(&recipient);
            self.miss_language(&recipient);
            return Ok(Fated::Planned(Box::new(recipient)));
        }
        let residence = recipient.residence.code();
        let mut parts = vec![recipient.name.expose().as_str(), &residence, &recipient.language];
        let read = |(name, _): &(&String, _)| self.context.read_columns.contains(*name);
        parts.extend(recipient.columns.iter().filter(read).map(|(_, value)| value.expose().as_str()));
        match self.repeats.meet(&recipient, parts, self.context)? {
            Met::Again(merged) => Ok(self.withheld(Withheld::Duplicate, merged.to_string())),
            Met::New { near, data } => {
                if let Some(row) = near {
                    let message = format!("row {row} has the same address but for dots; both are told");
                    self.report(Finding::note("near-duplicate", self.place(Some("email")), message));
                }
                self.doubt_domain(&recipient);
                self.miss_language(&recipient);
                if let Some(data) = data {
                    self.united += 1;
                    recipient.data = data;
                }
                Ok(Fated::Planned(Box::new(recipient)))
            }
        }
    }

    /// Warns of a language that is wanted and not offered: the person gets another one, and nobody is to be
    /// surprised by it.
    fn miss_language(&mut self, recipient: &Recipient) {
        let Some(languages) = self.context.languages.filter(|languages| !languages.offers(&recipient.language))
        else {
            return;
        };
        let message = format!(
            "the notice is wanted in {}, which is not offered; it is written in `{}`",
            quoted(&recipient.language),
            languages.default
        );
        let hint = "offer the language under [languages] in incident.toml, with its words in templates/";
        self.report(Finding::warning("language-not-offered", self.place(Some("language")), message).hint(hint));
    }

    /// Warns of a domain that is probably a slip, or that looks like another one.
    fn doubt_domain(&mut self, recipient: &Recipient) {
        let domain = recipient.address.domain();
        let Some(doubt) = self.domains.look(domain, recipient.row) else { return };
        let (code, message) = doubt.told(domain);
        let hint = "ask the data team; the address is used as it stands";
        self.report(Finding::warning(code, self.place(Some("email")), message).hint(hint));
    }
}

impl Tally {
    /// Returns the tally of a list of which nothing was read.
    pub fn empty() -> Self {
        Self {
            counts: Counts::default(),
            findings: Vec::new(),
            totals: BTreeMap::new(),
            about_list: Vec::new(),
            digest: Digest::of(b""),
            unions: Unions::default(),
            united: 0,
            before: Vec::new(),
            suppressed: Vec::new(),
        }
    }

    /// Returns whether anything refuses the list.
    pub fn is_refused(&self) -> bool {
        self.counts.refused > 0 || self.findings.iter().any(|finding| finding.gravity == Gravity::Refused)
    }
}

#[cfg(test)]
mod combined;
#[cfg(test)]
mod tests;
