//! Short names of 64 bits for ids and mailboxes, by which a whole list is looked through for repeats.
//!
//! They prove nothing: two names that differ are two people, and two that agree are looked at again with full keys.

use crate::address::Parts;

/// Octets of an address whose name is taken on the way, without memory of its own: more than any has.
const MAILBOX_OCTETS: usize = 256;
/// What keeps names of ids and of mailboxes apart.
const ID: u64 = 1;
const MAILBOX: u64 = 2;

/// Returns the short name of an id; nobody has the empty one.
#[inline]
pub(super) fn name_of_id(id: &str) -> Option<u64> {
    (!id.is_empty()).then(|| short_name(ID, id.as_bytes()))
}

/// Returns the short name of the mailbox in a cell; a cell without an address that can be written to may have none.
#[inline]
pub(super) fn name_of_cell(cell: &str) -> Option<u64> {
    // Where all is ASCII and no label is encoded, reading the address changes nothing but the case of its domain.
    if cell.len() <= MAILBOX_OCTETS
        && cell.is_ascii()
        && let Some(at) = cell.bytes().rposition(|byte| byte == b'@')
        && !cell.as_bytes()[at..].windows(2).any(|pair| pair == b"--")
    {
        return Some(name_of_mailbox(&cell[..at], &cell[at + 1..]));
    }
    Parts::of(cell).ok().map(|parts| name_of_mailbox(parts.local, &parts.domain))
}

/// Returns the short name of a mailbox: the same for all that differ in case or dots alone. An address that is written
/// to is ASCII.
#[inline]
pub(super) fn name_of_mailbox(local: &str, domain: &str) -> u64 {
    let mut octets = [0; MAILBOX_OCTETS];
    if local.len() + 1 + domain.len() > MAILBOX_OCTETS {
        // No address: it is refused.
        return short_name(MAILBOX, domain.as_bytes());
    }
    let mut kept = 0;
    for byte in local.bytes() {
        octets[kept] = byte.to_ascii_lowercase();
        kept += usize::from(byte != b'.');
    }
    octets[kept] = b'@';
    let mailbox = &mut octets[..kept + 1 + domain.len()];
    mailbox[kept + 1..].copy_from_slice(domain.as_bytes());
    mailbox[kept + 1..].make_ascii_lowercase();
    short_name(MAILBOX, mailbox)
}

/// Returns a short name of these octets, of a kind.
#[inline]
pub(super) fn short_name(kind: u64, octets: &[u8]) -> u64 {
    let (words, rest) = octets.as_chunks::<8>();
    let state = words.iter().fold(kind, |state, word| folded(state ^ u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mixed(folded(state ^ u64::from_le_bytes(last)) ^ octets.len() as u64)
}

/// Multiplies, and folds the upper half of the product onto the lower one, as `wyhash` does (Wang Yi, 2019).
#[inline]
fn folded(word: u64) -> u64 {
    let product = u128::from(word ^ 0xa076_1d64_78bd_642f) * u128::from(0xe703_7ed1_a0b4_28db_u64);
    let [low, high] = [product, product >> 64].map(|half| half & u128::from(u64::MAX));
    u64::try_from(low ^ high).unwrap_or_default()
}

/// The finishing step of `splitmix64` (Steele, Lea and Flood, 2014): every bit of what goes in moves half of the bits
/// that come out.
#[inline]
fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
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
