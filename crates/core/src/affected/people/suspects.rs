//! Which rows may have to do with another one: found by a first reading of the list, so that only they are remembered
//! in the second.
//!
//! What is remembered of a row to know its person again is some hundred octets, and most people come once. The first
//! reading keeps a short name of each id and each mailbox, sorts them, and then keeps those that it met twice. A name
//! that two of them share by chance makes a row suspect that is not, which costs memory and decides nothing: `repeats`
//! decides, over every suspect row, with the full keys.

use super::{
    Context,
    columns::Columns,
    names::{name_of_cell, name_of_id, name_of_mailbox},
};
use crate::{
    address::Parts,
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
/// Bits of the filter before the names that were met twice, for each of those.
const FILTER_BITS: usize = 64;
/// Bits of it at least.
const FILTER_BITS_MIN: usize = 1 << 10;

/// The short names of ids and mailboxes that a list has more than once.
#[derive(Clone, Debug)]
pub struct Suspects {
    /// Sorted.
    names: Vec<u64>,
    filter: Bits,
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
    all: Vec<u64>,
    /// Its last row.
    pub row: u64,
    /// How many octets of the file were read to its end.
    pub octets: u64,
}

/// All names of a list, in shares.
pub struct Shares(Vec<Share>);

/// The names that begin alike.
#[derive(Debug, Default)]
pub struct Share {
    start: u64,
    rests: Vec<u32>,
}

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
            names.all.extend(name_of_id(cell(self.id)));
            names.all.extend(name_of_cell(cell(self.email)));
        }
        names
    }
}

impl Shares {
    fn new() -> Self {
        let share = |start: u64| Share { start: start << u32::BITS, rests: Vec::new() };
        Self((0_u64..1 << SHARE_BITS).map(share).collect())
    }

    /// Keeps the names of a stretch.
    pub fn keep(&mut self, names: &Names) {
        for name in &names.all {
            let name = name >> (u64::BITS - NAME_BITS);
            // Both halves are as long as their types.
            let rest = u32::try_from(name & u64::from(u32::MAX)).unwrap_or_default();
            self.0[(name >> u32::BITS) as usize].rests.push(rest);
        }
    }
}

impl Share {
    /// Returns the names that were met more than once, in order.
    pub fn twice(mut self) -> Vec<u64> {
        self.rests.sort_unstable();
        let pairs = self.rests.windows(2).filter(|pair| pair[0] == pair[1]);
        let mut twice: Vec<_> = pairs.map(|pair| self.start | u64::from(pair[0])).collect();
        twice.dedup();
        twice
    }
}

impl Suspects {
    /// Takes the names that each share met twice, in the order of the shares.
    pub fn of(names: Vec<u64>) -> Self {
        let mut filter = Bits::new((names.len() * FILTER_BITS).next_power_of_two().max(FILTER_BITS_MIN));
        for name in &names {
            filter.set(*name);
        }
        Self { names, filter }
    }

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
        Ok((Self::of(shares.into_iter().flat_map(Share::twice).collect()), digest))
    }

    /// Returns whether another row may have this id or this mailbox, or one that differs from it in case or dots alone.
    pub(super) fn have(&self, id: &str, address: &Parts<'_>) -> bool {
        let names = [name_of_id(id), Some(name_of_mailbox(address.local, &address.domain))];
        let names = names.into_iter().flatten().map(|name| name >> (u64::BITS - NAME_BITS));
        names.into_iter().any(|name| self.filter.is_set(name) && self.names.binary_search(&name).is_ok())
    }
}

/// A power of two of bits.
#[derive(Clone)]
struct Bits(Vec<u64>);

impl std::fmt::Debug for Bits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} bits>", self.0.len() * 64)
    }
}

impl Bits {
    fn new(count: usize) -> Self {
        Self(vec![0; count / 64])
    }

    /// Returns the word and the bit of a name.
    #[inline]
    fn place(&self, name: u64) -> (usize, u64) {
        let word = name / 64 % self.0.len() as u64;
        (word as usize, 1 << (name % 64))
    }

    fn set(&mut self, name: u64) {
        let (word, bit) = self.place(name);
        self.0[word] |= bit;
    }

    #[inline]
    fn is_set(&self, name: u64) -> bool {
        let (word, bit) = self.place(name);
        self.0[word] & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_were_met_twice_are_found() {
        let mut shares = Shares::new();
        let name = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let names = (0..10_000).map(name).chain((0..10_000).step_by(100).map(name)).collect();
        shares.keep(&Names { all: names, row: 0, octets: 0 });
        let twice: Vec<_> = shares.0.into_iter().flat_map(Share::twice).collect();
        let mut expected: Vec<_> = (0..10_000).step_by(100).map(|i| name(i) >> (u64::BITS - NAME_BITS)).collect();
        expected.sort_unstable();
        assert_eq!(twice, expected);
        let suspects = Suspects::of(twice);
        assert!(expected.iter().all(|name| suspects.filter.is_set(*name)));
    }
}
