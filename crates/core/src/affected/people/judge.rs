//! Judges the rows of a stretch by themselves: all that can be said of a row without any other one.
//!
//! It is the same for every stretch and changes nothing, so that stretches are judged on every core at once. What
//! needs the rows before (a person who comes again, a domain that looks like another one) and every count is
//! `settle`'s, which takes the stretches in their order.

use super::{
    Context, Fated,
    columns::Columns,
    domains::{Doubt, doubt_by_itself},
    kinds::{Kind, Kinds},
    leaving::LeavingOut,
    one_row::{ByItself, Mark, OneRow, Person},
    remembered::Remembered,
};
use crate::{
    address::is_great,
    affected::{
        delimiter::Delimiter,
        rows::{Layout, RawRow, RowView, RowsOf},
        stretches::Stretch,
    },
    finding::Finding,
    recipient::Recipient,
};
use std::sync::Arc;

/// Domains that are remembered: in a stretch, not many more come often.
const DOMAINS: usize = 1 << 10;

/// Which rows of a list somebody looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Every one.
    Every,
    /// Those with more to say of them than that they are planned; others are counted by kind.
    Remarkable,
}

/// Judges rows by themselves.
pub struct Judge<'a> {
    pub(super) context: Context<'a>,
    pub(super) layout: Arc<Layout>,
    pub(super) columns: Columns,
    pub(super) leaving_out: LeavingOut<'a>,
}

/// What the rows of a stretch come to by themselves.
pub struct Judged {
    /// Rows that are planned whatever else the list holds and nobody looks at, by kind.
    pub alike: Vec<Alike>,
    /// All others, in the order of the list.
    pub rows: Vec<JudgedRow>,
    /// The last row.
    pub row: u64,
    /// How many octets of the file were read to its end.
    pub octets: u64,
}

/// Planned rows that are alike in residence, language and data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// The first of them.
    pub first: Recipient,
    /// How many they are.
    pub count: u64,
}

/// A row on its way to its fate.
pub struct JudgedRow {
    pub(super) row: u64,
    pub(super) line: u64,
    pub(super) verdict: Verdict,
    pub(super) found: Vec<Finding>,
    pub(super) marks: Vec<Mark>,
}

/// What is decided of a row, and the row as it stands in the list where somebody may need it.
pub(super) enum Verdict {
    /// It is planned, whatever else the list holds.
    Planned(Box<Recipient>),
    /// It is not, whatever else the list holds.
    Fate(Fated, RawRow),
    /// It is planned, unless its person came before.
    Open(Box<Recipient>, RawRow),
}

impl<'a> Judge<'a> {
    pub(super) fn new(context: Context<'a>, layout: Arc<Layout>, columns: Columns) -> Self {
        Self { context, layout, columns, leaving_out: LeavingOut::new(context) }
    }

    /// Returns the list's own columns, in its order: the place and the name of each.
    pub fn own_columns(&self) -> impl Iterator<Item = (usize, &str)> {
        let header = self.layout.header().iter().enumerate();
        header.filter(|(i, _)| !self.columns.ours.contains(i)).map(|(i, name)| (i, name.as_str()))
    }

    /// Returns what separates the cells.
    pub fn delimiter(&self) -> Delimiter {
        self.layout.delimiter()
    }

    /// Returns whether another row may have to do with the person of this one.
    fn may_come_again(&self, row: u64) -> bool {
        self.context.known.suspects.as_ref().is_none_or(|(suspects, _)| suspects.have(row))
    }

    /// Judges the rows of `stretch`, each by itself.
    pub fn judge(&self, stretch: Stretch, wanted: Wanted) -> Judged {
        let octets = stretch.octets;
        let mut rows = RowsOf::new(&self.layout, stretch);
        let mut judging = Judging {
            judge: self,
            wanted,
            kinds: Kinds::new(),
            domains: Remembered::new(DOMAINS),
            judged: Judged { alike: Vec::new(), rows: Vec::new(), row: 0, octets },
        };
        while let Some(view) = rows.next_row() {
            judging.add(&view);
        }
        judging.judged
    }
}

/// A stretch that is being judged.
struct Judging<'j> {
    judge: &'j Judge<'j>,
    wanted: Wanted,
    kinds: Kinds,
    /// Domains that were met in this stretch, with what is doubtful about each by itself.
    domains: Remembered<Met>,
    judged: Judged,
}

/// A domain that was met.
struct Met {
    doubt: Option<Doubt>,
    /// Whether it has still to be held against the other domains of the list.
    is_new: bool,
}

impl Judging<'_> {
    fn add(&mut self, view: &RowView<'_>) {
        self.judged.row = view.row;
        let mut row = OneRow::new(self.judge, view);
        let kind = self.kinds.of(view.cells, &self.judge.columns, self.judge.context);
        let verdict = match row.judge(kind) {
            ByItself::Fate(fate) => Verdict::Fate(fate, view.keep()),
            ByItself::Person(person) if self.judge.may_come_again(view.row) => {
                Verdict::Open(Box::new(row.recipient(&person, kind)), view.keep())
            }
            ByItself::Person(_) if let Some((reason, why)) = kind.no_email(self.judge.context) => {
                Verdict::Fate(row.withheld(*reason, why.clone()), view.keep())
            }
            ByItself::Person(person) => {
                look_at_domain(&mut self.domains, &person, &mut row);
                row.miss_language(&kind.language);
                if self.wanted == Wanted::Remarkable && row.found.is_empty() && row.marks.is_empty() {
                    return count(&mut self.judged.alike, &row, &person, kind);
                }
                Verdict::Planned(Box::new(row.recipient(&person, kind)))
            }
        };
        let OneRow { found, marks, .. } = row;
        self.judged.rows.push(JudgedRow { row: view.row, line: view.line, verdict, found, marks });
    }
}

/// Warns of a domain that is doubtful by itself, and marks the first row of the stretch that has it.
fn look_at_domain(domains: &mut Remembered<Met>, person: &Person<'_>, row: &mut OneRow<'_, '_>) {
    let domain: &str = &person.address.domain;
    let met = domains.of(domain.as_bytes(), || Met { doubt: doubt_by_itself(domain), is_new: !is_great(domain) });
    if let Some(doubt) = met.doubt {
        row.found.push(doubt.warning(domain, row.place(Some("email"))));
    }
    if std::mem::take(&mut met.is_new) {
        row.marks.push(Mark::NewDomain);
    }
}

/// Counts a planned row among those that are alike.
fn count(alike: &mut Vec<Alike>, row: &OneRow<'_, '_>, person: &Person<'_>, kind: &mut Kind) {
    if let Some(group) = kind.group {
        alike[group].count += 1;
    } else {
        kind.group = Some(alike.len());
        alike.push(Alike { first: row.recipient(person, kind), count: 1 });
    }
}
