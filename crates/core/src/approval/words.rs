//! A digest as eight plain words, for people who compare it on paper.
//!
//! The list is our own: 2,048 words of four to seven letters, told apart by their first four and by more than one
//! letter. It never changes, or what was signed on paper would say something else.

use crate::digest::Digest;

/// The words in order, one a line.
const LIST: &str = include_str!("words.txt");
/// Words that stand for a digest.
pub const PLAIN_WORDS: usize = 8;
/// Bits that one word of 2,048 carries.
const BITS: usize = 11;

/// Returns the first 88 bits of `digest` as eight words, the highest bits first.
///
/// To find another plan with the words of a given one takes 2^88 tries; to make two plans that share their words
/// takes 2^44, so what is signed with a key is the whole digest.
pub fn plain_words(digest: &Digest) -> String {
    let bits = digest.as_bytes()[..PLAIN_WORDS * BITS / 8]
        .iter()
        .fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    let list: Vec<&str> = LIST.lines().collect();
    let word = |nth: usize| list[(bits >> (BITS * (PLAIN_WORDS - 1 - nth))) as usize % (1 << BITS)];
    (0..PLAIN_WORDS).map(word).collect::<Vec<_>>().join(" ")
}

/// Returns whether `typed` is the words of `digest`, however they are separated and capitalised.
pub fn are_plain_words_of(typed: &str, digest: &Digest) -> bool {
    let typed = typed.to_lowercase();
    let words = typed.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.eq(plain_words(digest).split(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn the_list_is_2048_short_words_that_are_told_apart() {
        let list: Vec<&str> = LIST.lines().collect();
        assert_eq!(list.len(), 1 << BITS);
        assert!(list.is_sorted());
        assert!(list.iter().all(|word| (4..=7).contains(&word.len())));
        assert!(list.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
        assert_eq!(list.iter().map(|word| &word[..4]).collect::<BTreeSet<_>>().len(), list.len());
        // Words that a slip leads from one to the other are the same without some letter of theirs.
        let mut shortened: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for word in &list {
            let without = |at| word[..at].to_owned() + &word[at + 1..];
            for short in (0..word.len()).map(without).chain([(*word).to_owned()]) {
                shortened.entry(short).or_default().push(word);
            }
        }
        for alike in shortened.values() {
            let near = |a: &&str, b: &&str| a != b && strsim::osa_distance(a, b) < 2;
            assert!(!alike.iter().any(|a| alike.iter().any(|b| near(a, b))), "{alike:?}");
        }
    }

    #[test]
    fn words_are_the_first_bits_in_order() {
        let list: Vec<&str> = LIST.lines().collect();
        let mut bytes = [0; 32];
        assert_eq!(plain_words(&Digest::from_bytes(bytes)), [list[0]; 8].join(" "));
        bytes = [255; 32];
        assert_eq!(plain_words(&Digest::from_bytes(bytes)), [list[2047]; 8].join(" "));
        bytes = [0; 32];
        // The eleventh bit is the last of the first word, the 88th the last of the eighth.
        (bytes[1], bytes[10]) = (0b0010_0000, 1);
        let words = plain_words(&Digest::from_bytes(bytes));
        assert_eq!(words.split(' ').next(), Some(list[1]));
        assert_eq!(words.split(' ').next_back(), Some(list[1]));
        bytes[11] = 255;
        assert_eq!(plain_words(&Digest::from_bytes(bytes)), words, "no bit beyond the 88th");
    }

    #[test]
    fn words_are_compared_as_people_write_them() {
        let digest = Digest::of(b"a plan");
        let words = plain_words(&digest);
        assert!(are_plain_words_of(&words, &digest));
        assert!(are_plain_words_of(&format!(" {}\n", words.to_uppercase().replace(' ', ", ")), &digest));
        assert!(!are_plain_words_of(words.rsplit_once(' ').unwrap().0, &digest));
        assert!(!are_plain_words_of(&format!("{words} {}", LIST.lines().next().unwrap()), &digest));
        assert!(!are_plain_words_of("", &digest));
    }
}
