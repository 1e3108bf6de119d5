//! Which rows may have to do with another one: found by a first reading of the list, so that only they are remembered
//! in the second.
//!
//! What is remembered of a row to know its person again is some hundred octets, and most people come once. The first
//! reading keeps one bit for each id and each mailbox, and the short names of those that it met twice. A name that two
//! of them share by chance makes a row suspect that is not, which costs memory and decides nothing: `repeats` decides,
//! over every suspect row, with the full keys.

use super::{Context, columns::Columns};
use crate::{
    address::Address,
    affected::{
        rows::{RawRow, Rows, RowsError},
        source::Source,
    },
    digest::Digest,
    recipient::Recipient,
};

/// Bits that are kept at most: 128 MiB. Of the twenty million names of a list of ten million people, one in fifty
/// then meets a bit that another one has set.
const BITS_MAX: u64 = 1 << 30;
/// Bits that are kept at least.
const BITS_MIN: u64 = 1 << 16;
/// Bits of the filter before the names that were met twice: it fits into a processor's cache.
const FILTER_BITS: u64 = 1 << 24;

/// The short names of ids and mailboxes that a list may have more than once.
#[derive(Clone, Debug)]
pub struct Suspects {
    /// Sorted.
    names: Vec<u64>,
    filter: Bits,
}

impl Suspects {
    /// Reads a list of about so many octets; `at` is told each row's number and how many octets were read. Returns the
    /// suspects and the digest of the list: they hold for no other one.
    ///
    /// # Errors
    ///
    /// The input's own, or the findings that refuse the list as a whole.
    pub fn find(
        context: Context<'_>,
        input: impl Source,
        octets: u64,
        mut at: impl FnMut(u64, u64),
    ) -> Result<(Self, Digest), RowsError> {
        let mut rows = Rows::new(context.file, &context.settings.form, context.settings.email_column(), input)?;
        let columns = Columns::find(context, &rows).map_err(RowsError::Refused)?;
        let place = |name| columns.standard.get(name).copied();
        let (id, email) = (place("id"), place("email"));
        let mut seen = Bits::new(octets.next_power_of_two().clamp(BITS_MIN, BITS_MAX));
        let mut names = Vec::new();
        let mut meet = |name: u64| {
            if seen.set(name) {
                names.push(name);
            }
        };
        let mut raw = RawRow::default();
        while rows.read(&mut raw)? {
            at(raw.row, rows.octets());
            let cell = |place: Option<usize>| place.and_then(|i| raw.cells.get(i)).unwrap_or_default();
            name_of_id(cell(id)).map(&mut meet);
            name_of_cell(cell(email)).map(&mut meet);
        }
        names.sort_unstable();
        names.dedup();
        let mut filter = Bits::new(FILTER_BITS);
        for name in &names {
            filter.set(*name);
        }
        Ok((Self { names, filter }, rows.digest()?))
    }

    /// Returns whether another row may have the id or the mailbox of this one, or a mailbox that differs from it in
    /// case or dots alone.
    pub(super) fn has(&self, recipient: &Recipient) -> bool {
        let address = &recipient.address;
        let names =
            [name_of_id(recipient.id.expose()), Some(name_of_mailbox(address.local_part(), address.domain()))];
        names.into_iter().flatten().any(|name| self.filter.is_set(name) && self.names.binary_search(&name).is_ok())
    }
}

/// Returns the short name of an id; nobody has the empty one.
fn name_of_id(id: &str) -> Option<u64> {
    (!id.is_empty()).then(|| finish(id.bytes().fold(Mixing::new(1), Mixing::add)))
}

/// Returns the short name of the mailbox in a cell; a cell without an address that can be written to has none.
fn name_of_cell(cell: &str) -> Option<u64> {
    match cell.rsplit_once('@') {
        // Where all is ASCII and no label is encoded, reading the address changes nothing but the case of its domain.
        Some((local, domain)) if cell.is_ascii() && !domain.contains("--") => Some(name_of_mailbox(local, domain)),
        _ => Address::parse(cell).ok().map(|address| name_of_mailbox(address.local_part(), address.domain())),
    }
}

/// Returns the short name of a mailbox: the same for all that differ in case or dots alone. An address that is written
/// to is ASCII.
fn name_of_mailbox(local: &str, domain: &str) -> u64 {
    let local = local.bytes().filter(|byte| *byte != b'.').map(|byte| byte.to_ascii_lowercase());
    let mixed = local.fold(Mixing::new(2), Mixing::add).add(b'@');
    finish(domain.bytes().map(|byte| byte.to_ascii_lowercase()).fold(mixed, Mixing::add))
}

/// Octets on their way to a short name, eight at a time.
#[derive(Clone, Copy)]
struct Mixing {
    state: u64,
    word: u64,
    count: u32,
}

impl Mixing {
    fn new(kind: u64) -> Self {
        Self { state: kind, word: 0, count: 0 }
    }

    #[inline]
    fn add(self, byte: u8) -> Self {
        let word = self.word << 8 | u64::from(byte);
        let count = self.count + 1;
        if count.is_multiple_of(8) {
            Self { state: mixed(self.state ^ word), word: 0, count }
        } else {
            Self { word, count, ..self }
        }
    }
}

/// Returns the short name of what was mixed.
fn finish(mixing: Mixing) -> u64 {
    mixed(mixed(mixing.state ^ mixing.word) ^ u64::from(mixing.count))
}

/// The finishing step of `splitmix64` (Steele, Lea and Flood, 2014): every bit of what goes in moves half of the bits
/// that come out.
fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

/// A power of two of bits.
#[derive(Clone)]
struct Bits {
    words: Vec<u64>,
    mask: u64,
}

impl std::fmt::Debug for Bits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} bits>", self.words.len() * 64)
    }
}

impl Bits {
    fn new(count: u64) -> Self {
        let words = usize::try_from(count / 64).expect("there is memory for so many bits");
        Self { words: vec![0; words], mask: count - 1 }
    }

    /// Returns the word and the bit of a name.
    fn place(&self, name: u64) -> (usize, u64) {
        let bit = name & self.mask;
        // The mask is shorter than the memory is long.
        (usize::try_from(bit / 64).unwrap_or_default(), 1 << (bit % 64))
    }

    /// Sets the bit of a name, and returns whether it was set.
    fn set(&mut self, name: u64) -> bool {
        let (word, bit) = self.place(name);
        let was = self.words[word] & bit != 0;
        self.words[word] |= bit;
        was
    }

    fn is_set(&self, name: u64) -> bool {
        let (word, bit) = self.place(name);
        self.words[word] & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mailbox_has_one_name_however_it_is_written() {
        let name = name_of_cell("jo.doe@xn--bcher-kva.example");
        assert!(name.is_some());
        for cell in ["JO.DOE@bücher.example", "jodoe@BÜCHER.example", "j.o.d.o.e@XN--BCHER-KVA.example"] {
            assert_eq!(name_of_cell(cell), name, "{cell}");
            let read = Address::parse(cell).unwrap();
            assert_eq!(Some(name_of_mailbox(read.local_part(), read.domain())), name, "{cell}");
        }
        for cell in ["jo.doe@bucher.example", "jo@doe@xn--bcher-kva.example", "", "jodoe", "jürgen@x.example"] {
            assert_ne!(name_of_cell(cell), name, "{cell}");
        }
        assert_ne!(name_of_id("jodoe@x.example"), name_of_cell("jodoe@x.example"));
    }

    proptest! {
        #[test]
        fn a_cell_and_its_address_have_one_name(cell in "[!-~]{1,9}@([!-~]{1,9}|[a-zA-Z0-9.-]{1,12}\\.Ab)") {
            if let Ok(read) = Address::parse(&cell) {
                prop_assert_eq!(name_of_cell(&cell), Some(name_of_mailbox(read.local_part(), read.domain())));
            }
        }
    }

    #[test]
    fn names_differ() {
        let names: std::collections::BTreeSet<_> =
            (0..100_000).filter_map(|i| name_of_id(&format!("C{i}"))).collect();
        assert_eq!(names.len(), 100_000);
        let ones = ["a", "aa", "aaaaaaaa", "aaaaaaaaa", "aaaaaaaaaaaaaaaa", "\0", "\0\0"];
        let names: std::collections::BTreeSet<_> = ones.iter().filter_map(|id| name_of_id(id)).collect();
        assert_eq!(names.len(), ones.len());
    }
}
