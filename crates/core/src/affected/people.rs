//! What a row means: a recipient, somebody withheld, or a row that is refused, with every finding.
//!
//! Nothing is mended, guessed or dropped: each row comes out with exactly one fate.

mod before;
mod cells;
mod columns;
mod domains;
mod judge;
mod keys;
mod kinds;
mod known;
mod leaving;
mod names;
mod one_row;
mod remembered;
mod repeats;
mod settle;
mod suppressed;
mod suspects;
mod unions;
mod waves;

pub use before::{Earlier, Told};
pub(super) use cells::{quoted, trimmed};
pub use columns::other_columns;
pub use judge::{Alike, Judge, Judged, JudgedRow, Wanted};
pub use known::Known;
pub use settle::{AsRead, Settling};
pub use suppressed::Suppressed;
pub use suspects::{Names, Naming, Search, Share, Shares, Suspects};
pub use unions::Unions;
pub use waves::KnownBefore;

use super::{
    rows::{Rows, RowsError},
    settings::ListSettings,
    source::Source,
    stretches::Stretches,
};
use crate::{
    digest::Digest,
    duty::Duties,
    finding::{Finding, Gravity},
    incident::{Category, Languages},
    notice::Withheld,
    private::Private,
    recipient::Recipient,
};
use columns::Columns;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

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

impl Counts {
    /// Returns how many rows are withheld for `reason`.
    pub fn withheld_for(&self, reason: Withheld) -> u64 {
        self.withheld.get(reason.reason()).copied().unwrap_or_default()
    }
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
    /// What laws want for each person; `None` where none is applied.
    pub duties: Option<&'a Duties>,
}

/// Reads people, row by row, or by stretches that can be judged at once.
pub struct People<'a, R> {
    list: Stretches<R>,
    judge: Judge<'a>,
    settling: Settling<'a>,
    judged: std::vec::IntoIter<JudgedRow>,
}

impl<'a, R: Source> People<'a, R> {
    /// Reads the header of a list.
    ///
    /// # Errors
    ///
    /// The input's own, or the findings that refuse the list as a whole.
    pub fn new(context: Context<'a>, input: R) -> Result<Self, RowsError> {
        let rows = Rows::new(context.file, &context.settings.form, context.settings.email_column(), input)?;
        let Rows { list, layout, .. } = rows;
        let columns = Columns::find(context, &layout).map_err(RowsError::Refused)?;
        let judge = Judge::new(context, layout, columns);
        let settling = Settling::new(context, &judge);
        Ok(Self { list, judge, settling, judged: Vec::new().into_iter() })
    }

    /// Returns who reads the list, who judges its stretches, and who settles them in their order: for reading with
    /// several threads. Whoever took the parts and settled every stretch may [`finish`](Self::finish).
    pub fn parts(&mut self) -> (&mut Stretches<R>, &Judge<'a>, &mut Settling<'a>) {
        (&mut self.list, &self.judge, &mut self.settling)
    }

    /// Reads the next row; `None` at the end of the list.
    pub fn read(&mut self) -> io::Result<Option<Row>> {
        loop {
            if let Some(judged) = self.judged.next() {
                return Ok(Some(self.settling.settle(&self.judge, judged).row));
            }
            let Some(stretch) = self.list.next_stretch()? else { return Ok(None) };
            self.judged = self.judge.judge(stretch, Wanted::Every).rows.into_iter();
        }
    }

    /// Ends the reading: the findings about the list as a whole, the counts and the digest.
    pub fn finish(self) -> io::Result<Tally> {
        self.settling.finish(&self.judge, self.list)
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
