//! Which rows may have to do with another one: found by a first reading of the list, so that only they are remembered
//! in the second.
//!
//! What is remembered of a row to know its person again is some hundred octets, and most people come once. The first
//! reading keeps a short name of each id and each mailbox with its row, sorts them, and then keeps the rows of those
//! that it met twice. A name that two of them share by chance makes a row suspect that is not, which costs memory and
//! decides nothing: `repeats` decides, over every suspect row, with the full keys.

use super::{
    Context,
    columns::Columns,
    names::{name_of_cell, name_of_id},
};
use crate::{
    affected::{
        rows::{Layout, Rows, RowsError, RowsOf},
        source::Source,
        stretches::{Stretch, Stretches},
    },
    digest::Digest,
};
use std::{io, sync::Arc};

/// Bits of a name by which it finds its share. Each share of a list of ten million people fits into a processor's
/// cache.
const SHARE_BITS: u32 = 10;
/// Bits of a name in all: a share keeps the others. Of the twenty million names of ten million people, about fifty
/// pairs then agree by chance.
const NAME_BITS: u32 = SHARE_BITS + u32::BITS;
/// The rows that are told apart, in the other half of a word: whatever comes behind them is suspect.
const ROWS_MAX: u64 = u32::MAX as u64;

/// The rows of a list whose id or mailbox another one may have.
#[derive(Clone, Default)]
pub struct Suspects {
    /// A bit for each row up to the last of them.
    words: Vec<u64>,
}

/// Looks for suspects: a list that is read for its names alone.
pub struct Search<R> {
    list: Stretches<R>,
    naming: Naming,
    shares: Shares,
}

/// Takes the names out of stretches, on any thread.
pub struct Naming {
    layout: Arc<Layout>,
    id: Option<usize>,
    email: Option<usize>,
}

/// The names of a stretch.
pub struct Names {
    /// Each with its row.
    all: Vec<(u64, u64)>,
    /// Its last row.
    pub row: u64,
    /// How many octets of the file were read to its end.
    pub octets: u64,
}

/// All names of a list, in shares.
pub struct Shares(Vec<Share>);

/// The names that begin alike: of each the other bits, and below them its row.
#[derive(Debug, Default)]
pub struct Share(Vec<u64>);

impl<R: Source> Search<R> {
    /// Reads the header of a list.
    ///
    /// # Errors
    ///
    /// The input's own, or the findings that refuse the list as a whole.
    pub fn new(context: Context<'_>, input: R) -> Result<Self, RowsError> {
        let rows = Rows::new(context.file, &context.settings.form, context.settings.email_column(), input)?;
        let Rows { list, layout, .. } = rows;
        let Columns { id, email, .. } = Columns::find(context, &layout).map_err(RowsError::Refused)?;
        Ok(Self { list, naming: Naming { layout, id, email }, shares: Shares::new() })
    }

    /// Returns who reads the list, who names its rows, and who keeps the names.
    pub fn parts(&mut self) -> (&mut Stretches<R>, &Naming, &mut Shares) {
        (&mut self.list, &self.naming, &mut self.shares)
    }

    /// Ends the reading: the shares of all names, and the digest of the list.
    pub fn finish(self) -> io::Result<(Vec<Share>, Digest)> {
        Ok((self.shares.0, self.list.into_text().into_source().digest()?))
    }
}

impl Naming {
    /// Returns the names of the rows of `stretch`.
    pub fn names(&self, stretch: Stretch) -> Names {
        let mut names = Names { all: Vec::new(), row: 0, octets: stretch.octets };
        let mut rows = RowsOf::new(&self.layout, stretch);
        while let Some(row) = rows.next_row() {
            names.row = row.row;
            let cell = |place: Option<usize>| place.and_then(|i| row.cells.get(i)).unwrap_or_default();
            let both = [name_of_id(cell(self.id)), name_of_cell(cell(self.email))];
            names.all.extend(both.into_iter().flatten().map(|name| (name, row.row)));
        }
        names
    }
}

impl Shares {
    fn new() -> Self {
        Self((0..1 << SHARE_BITS).map(|_| Share::default()).collect())
    }

    /// Keeps the names of a stretch.
    pub fn keep(&mut self, names: &Names) {
        for (name, row) in &names.all {
            let name = name >> (u64::BITS - NAME_BITS);
            let rest = name << u32::BITS;
            // What has no room is suspect anyway.
            self.0[(name >> u32::BITS) as usize].0.push(rest | row.min(&ROWS_MAX));
        }
    }
}

impl Share {
    /// Returns the rows of the names that were met more than once.
    pub fn twice(mut self) -> Vec<u64> {
        self.0.sort_unstable();
        let names = self.0.chunk_by(|one, next| one >> u32::BITS == next >> u32::BITS);
        names.filter(|rows| rows.len() > 1).flatten().map(|name| name & ROWS_MAX).collect()
    }
}

impl FromIterator<u64> for Suspects {
    fn from_iter<I: IntoIterator<Item = u64>>(rows: I) -> Self {
        let mut suspects = Self::default();
        for row in rows {
            let (word, bit) = place(row);
            if word >= suspects.words.len() {
                suspects.words.resize(word + 1, 0);
            }
            suspects.words[word] |= bit;
        }
        suspects
    }
}

/// Returns the word and the bit of a row.
#[inline]
fn place(row: u64) -> (usize, u64) {
    let word = row.min(ROWS_MAX) / u64::from(u64::BITS);
    (usize::try_from(word).unwrap_or_default(), 1 << (row % u64::from(u64::BITS)))
}

impl Suspects {
    /// Reads a list on one thread. Returns the suspects and the digest of the list: they hold for no other one.
    ///
    /// # Errors
    ///
    /// The input's own, or the findings that refuse the list as a whole.
    pub fn find(context: Context<'_>, input: impl Source) -> Result<(Self, Digest), RowsError> {
        let mut search = Search::new(context, input)?;
        let (list, naming, shares) = search.parts();
        while let Some(stretch) = list.next_stretch()? {
            shares.keep(&naming.names(stretch));
        }
        let (shares, digest) = search.finish()?;
        Ok((shares.into_iter().flat_map(Share::twice).collect(), digest))
    }

    /// Returns whether another row may have the id or the mailbox of this one, or one that differs from it in case or
    /// dots alone.
    #[inline]
    pub(super) fn have(&self, row: u64) -> bool {
        let (word, bit) = place(row);
        row >= ROWS_MAX || self.words.get(word).is_some_and(|word| word & bit != 0)
    }
}

impl std::fmt::Debug for Suspects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} rows>", self.words.iter().map(|word| word.count_ones()).sum::<u32>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_whose_names_were_met_twice_are_found() {
        let mut shares = Shares::new();
        let name = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let first = (0..10_000).map(|i| (name(i), i + 1));
        let again = (0..10_000).step_by(100).map(|i| (name(i), 10_001 + i / 100));
        let beyond = [(name(20_000), ROWS_MAX + 7)];
        shares.keep(&Names { all: first.chain(again).chain(beyond).collect(), row: 0, octets: 0 });
        let suspects: Suspects = shares.0.into_iter().flat_map(Share::twice).collect();
        for row in 1..=10_200 {
            let is_again = row > 10_000 && row <= 10_100;
            assert_eq!(suspects.have(row), row % 100 == 1 && row <= 10_000 || is_again, "{row}");
        }
        assert!(!suspects.have(ROWS_MAX - 1) && suspects.have(ROWS_MAX) && suspects.have(ROWS_MAX + 7));
    }
}
