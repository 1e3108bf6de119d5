//! One row by itself: what refuses it, what withholds it, or whom it names.

use super::{
    FOOTER_CELLS_MAX, Fated,
    before::Told,
    cells::{AddressCell, Refusal, is_count, quoted, read_address, read_name, trimmed},
    judge::Judge,
    keys::MailboxKey,
    kinds::Kind,
    suppressed::Match,
};
use crate::{
    address::{Address, Parts},
    affected::{
        exported::AS_WRITTEN,
        faults::{describe, describe_sheet},
        records::Fault,
        rows::{Cells, RowFault, RowView},
        settings::Which,
        sheet::SheetFault,
    },
    digest::{Digest, hex},
    finding::{Finding, Place},
    notice::Withheld,
    private::Private,
    recipient::{Recipient, Residence},
};
use std::collections::BTreeSet;

/// Something that a row stands for and that is counted once all rows are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// This line left the row out.
    LeftOut(usize),
    /// This line of a suppression list means its person.
    Suppressed(usize),
    /// This earlier wave did so about its person.
    Known(usize, Told),
    /// Its domain comes for the first time in its stretch.
    NewDomain,
}

/// What a row comes to by itself.
pub(super) enum ByItself<'v> {
    /// Its fate, whatever else the list holds.
    Fate(Fated),
    /// A notice is owed to this person, unless they came before.
    Person(Person<'v>),
}

/// Whom a row names.
pub(super) struct Person<'v> {
    pub(super) id: &'v str,
    name: &'v str,
    pub(super) address: Parts<'v>,
}

/// A row that is looked at, and what was found in it so far.
pub(super) struct OneRow<'j, 'v> {
    pub(super) judge: &'j Judge<'j>,
    pub(super) view: &'v RowView<'v>,
    pub(super) found: Vec<Finding>,
    pub(super) marks: Vec<Mark>,
}

impl<'j, 'v> OneRow<'j, 'v> {
    /// Begins with nothing found.
    #[inline]
    pub(super) fn new(judge: &'j Judge<'j>, view: &'v RowView<'v>) -> Self {
        Self { judge, view, found: Vec::new(), marks: Vec::new() }
    }

    #[inline]
    pub(super) fn cell(&self, place: Option<usize>) -> &'v str {
        place.and_then(|i| self.view.cells.get(i)).unwrap_or_default()
    }

    pub(super) fn place(&self, column: Option<&str>) -> Place {
        Place {
            row: Some(self.view.row),
            line: Some(self.view.line),
            column: column.map(str::to_owned),
            ..Place::file(self.judge.context.file)
        }
    }

    fn fingerprint(&self) -> String {
        hex(&Digest::of(self.view.bytes).as_bytes()[..4])
    }

    /// Returns what the row comes to; `kind` is that of its cells.
    pub(super) fn judge(&mut self, kind: &Kind) -> ByItself<'v> {
        if let Some(fate) = self.left_out() {
            return ByItself::Fate(fate);
        }
        if let Some(fault) = self.broken() {
            return ByItself::Fate(self.refuse_fault(&fault));
        }
        self.judged(kind).unwrap_or_else(|refusals| ByItself::Fate(self.refuse(refusals)))
    }

    /// Returns the fate of a row that affected.toml leaves out, whatever else is wrong with it.
    fn left_out(&mut self) -> Option<Fated> {
        let leaving_out = &self.judge.leaving_out;
        if leaving_out.len() == 0 {
            return None;
        }
        let id = self.view.fault.is_none().then(|| self.cell(self.judge.columns.id));
        let i = leaving_out.named(self.view.row, id)?;
        self.marks.push(Mark::LeftOut(i));
        let line = leaving_out.line(i);
        if let Which::Row { fingerprint, .. } = &line.which
            && *fingerprint != self.fingerprint()
        {
            let now = self.fingerprint();
            let message =
                format!("the row that affected.toml leaves out has changed: its fingerprint is now {now}");
            let hint = "look at the row again, then mend the line in affected.toml";
            self.found.push(Finding::refused("leave-out-changed", self.place(None), message).hint(hint));
            return Some(Fated::Refused);
        }
        if let Some(fault) = self.broken() {
            return Some(self.refuse_fault(&fault));
        }
        Some(self.withheld(Withheld::LeftOut, line.note()))
    }

    /// Returns the fate of a withheld row, with its cells as they stand there.
    pub(super) fn withheld(&self, reason: Withheld, note: String) -> Fated {
        let columns = &self.judge.columns;
        let cell = |place| Private::new(self.cell(place).to_owned());
        Fated::Withheld {
            reason,
            note,
            id: cell(columns.id),
            address: cell(columns.email),
            name: cell(columns.name),
        }
    }

    /// Returns what is broken in the row's form, where its end itself is in doubt.
    fn broken(&self) -> Option<Fault> {
        match &self.view.fault {
            Some(RowFault::Record(Fault::NotUtf8 { .. } | Fault::NotOf(_) | Fault::Nul)) => None,
            Some(RowFault::Record(fault)) => Some(fault.clone()),
            _ => None,
        }
    }

    /// Refuses a row whose form is broken. No line to leave it out is offered: what a quote swallowed may be many
    /// people, and leaving "the row" out would leave all of them out.
    fn refuse_fault(&mut self, fault: &Fault) -> Fated {
        let (code, message, hint) = describe(fault);
        self.found.push(Finding::refused(code, self.place(None), message).hint(hint));
        Fated::Refused
    }

    /// Returns the fate of a row for all that refuses it.
    pub(super) fn refuse(&mut self, refusals: Vec<Refusal>) -> Fated {
        if let Some(i) = self.judge.leaving_out.refused(&refusals) {
            self.marks.push(Mark::LeftOut(i));
            return self.withheld(Withheld::LeftOut, self.judge.leaving_out.line(i).note());
        }
        for refusal in refusals {
            let row = self.view.row;
            let fingerprint = self.fingerprint();
            let paste = format!("leave_out = [{{ row = {row}, fingerprint = \"{fingerprint}\", reason = \"…\" }}]");
            let hint = match refusal.hint {
                Some(hint) => format!("{hint}; or leave it out, at the top of affected.toml: {paste}"),
                None => format!("mend the row, or leave it out, at the top of affected.toml: {paste}"),
            };
            let place = self.place(refusal.column);
            self.found.push(Finding::refused(refusal.code, place, refusal.message).hint(hint));
        }
        Fated::Refused
    }

    /// Judges a row whose form is whole, or returns all that refuses it.
    fn judged(&mut self, kind: &Kind) -> Result<ByItself<'v>, Vec<Refusal>> {
        self.check_form().map_err(|refusal| vec![refusal])?;
        let person = self.person(kind)?;
        let known = &self.judge.context.known;
        let mailbox = match &person {
            Ok(person) if known.suppressed.len() > 0 || !known.earlier.is_empty() => {
                Some(MailboxKey::of(&person.address))
            }
            _ => None,
        };
        let suppressed = self.suppressed(mailbox.as_ref());
        if let Some(column) = self.needs_letter() {
            return Ok(ByItself::Fate(self.withheld(Withheld::NeedsLetter, column)));
        }
        let data = person.is_ok().then_some(kind.data.as_slice());
        if let Some(fate) = self.told_before(mailbox.as_ref(), data).map_err(|refusal| vec![refusal])? {
            return Ok(ByItself::Fate(fate));
        }
        // Whoever is suppressed is owed a letter, unless they were told already.
        if let Some(note) = suppressed {
            return Ok(ByItself::Fate(self.withheld(Withheld::Suppressed, note)));
        }
        Ok(match person {
            Ok(person) => ByItself::Person(person),
            Err(reason) => ByItself::Fate(self.withheld(reason, String::new())),
        })
    }

    /// Returns why a row's person is suppressed, and points out lines that are near it.
    fn suppressed(&mut self, mailbox: Option<&MailboxKey>) -> Option<String> {
        let known = &self.judge.context.known.suppressed;
        if known.len() == 0 {
            return None;
        }
        let found = known.find(self.cell(self.judge.columns.id), mailbox);
        let meant = found.iter().filter(|(_, how)| *how == Match::Meant);
        self.marks.extend(meant.map(|(i, _)| Mark::Suppressed(*i)));
        let (i, how) = *found.first()?;
        let (line, at) = known.line(i);
        let differs = match how {
            Match::Meant => return Some(format!("{} ({at})", line.reason)),
            Match::OtherCase => "has the same address but for capital letters",
            Match::OtherId => "has the same address with another id",
        };
        let message = format!("{at}, {differs}, and does not suppress this person");
        let hint = "if this person is meant there, add a line for them";
        self.found.push(Finding::warning("near-suppressed", self.place(Some("email")), message).hint(hint));
        None
    }

    /// Refuses a row that has no cells of its own to look at.
    fn check_form(&self) -> Result<(), Refusal> {
        let (layout, columns) = (&self.judge.layout, &self.judge.columns);
        match &self.view.fault {
            Some(RowFault::Record(fault)) => {
                let (code, message, hint) = describe(fault);
                return Err(Refusal::row(code, message).hint(hint));
            }
            Some(RowFault::Cells { found }) => {
                let message = format!("the row has {found} cells; the header has {}", layout.header().len());
                let delimiter = layout.delimiter().name();
                let hint = format!("a `{delimiter}` within a cell needs quotes around the cell");
                return Err(Refusal::row("cells", message).hint(hint));
            }
            Some(RowFault::Sheet(fault)) => return Err(self.unsure(fault)),
            None => {}
        }
        if columns.as_written.is_some_and(|i| self.view.cells.get(i).is_some_and(|cell| !cell.is_empty())) {
            let message = format!("the row could not be read, and is not mended: `{AS_WRITTEN}` still holds it");
            let hint = format!("put what it says into its columns, then empty `{AS_WRITTEN}`");
            return Err(Refusal::row("not-mended", message).hint(hint));
        }
        if layout.is_header(&self.view.cells) {
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
        let (code, message, hint) = describe_sheet(fault, self.judge.layout.header());
        Refusal::row(code, message).hint(hint)
    }

    /// Returns the column that says that this person must get a letter and no e-mail.
    fn needs_letter(&self) -> Option<String> {
        let says = |(column, values): &(&String, &BTreeSet<String>)| {
            let cell = self.cell(self.judge.columns.place(column));
            values.contains(&cell.trim().to_lowercase())
        };
        self.judge.context.settings.people.letter.iter().find(says).map(|(column, _)| column.clone())
    }

    /// Returns whether the row counts people rather than being one: without the refusal it would be withheld as
    /// somebody without an address.
    fn is_footer(&self) -> bool {
        if !trimmed(self.cell(self.judge.columns.email)).is_empty() {
            return false;
        }
        let mut filled = self.view.cells.iter().map(str::trim).filter(|cell| !cell.is_empty());
        filled.clone().count() <= FOOTER_CELLS_MAX && filled.next().is_some_and(is_count)
    }

    /// Returns whom the row names or the reason for withholding it, or what refuses it.
    fn person(&self, kind: &Kind) -> Result<Result<Person<'v>, Withheld>, Vec<Refusal>> {
        let columns = &self.judge.columns;
        let name = read_name(self.cell(columns.name));
        let address = read_address(self.cell(columns.email));
        match (name, address) {
            (Ok(name), Ok(address)) if kind.refusals.is_empty() => {
                Ok(Ok(Person { id: self.cell(columns.id), name, address }))
            }
            (name, address) => {
                let mut refusals: Vec<_> = name.err().into_iter().chain(kind.refusals.iter().cloned()).collect();
                match address {
                    Err(AddressCell::Refused(refusal)) => refusals.push(refusal),
                    Err(AddressCell::Withheld(reason)) if refusals.is_empty() => return Ok(Err(reason)),
                    _ => {}
                }
                Err(refusals)
            }
        }
    }

    /// Warns of a language that is wanted and not offered: the person gets another one, and nobody is to be
    /// surprised by it.
    pub(super) fn miss_language(&mut self, language: &str) {
        let Some(languages) = self.judge.context.languages.filter(|languages| !languages.offers(language)) else {
            return;
        };
        let message = format!(
            "the notice is wanted in {}, which is not offered; it is written in `{}`",
            quoted(language),
            languages.default
        );
        let hint = "offer the language under [languages] in incident.toml, with its words in templates/";
        self.found.push(Finding::warning("language-not-offered", self.place(Some("language")), message).hint(hint));
    }

    /// Returns where the person of the row lives, and the ids of the categories of data that were exposed of them,
    /// whatever becomes of the row: empty where it does not say where, all where it does not say which.
    pub(super) fn concerned(&self) -> (Residence, Vec<String>) {
        let cells = if self.view.fault.is_none() { self.view.cells } else { Cells::NONE };
        Kind::of_anybody(cells, &self.judge.columns, self.judge.context)
    }

    /// Returns the recipient that a row's person is.
    pub(super) fn recipient(&self, person: &Person<'_>, kind: &Kind) -> Recipient {
        let column = |(i, name): &(usize, String)| (name.clone(), Private::new(self.cell(Some(*i)).to_owned()));
        Recipient {
            row: self.view.row,
            line: self.view.line,
            id: Private::new(person.id.to_owned()),
            address: Address::from(&person.address),
            name: Private::new(person.name.to_owned()),
            residence: kind.residence.clone(),
            language: kind.language.clone(),
            data: kind.data.clone(),
            consent: kind.consent.clone(),
            columns: self.judge.columns.other.iter().map(column).collect(),
        }
    }
}
