//! What differs between two texts, word by word.
//!
//! The comparison is the `similar` crate's; what a word is, is decided here. Scripts that are written without spaces
//! are compared character by character.

use serde::Serialize;
use similar::{Algorithm, DiffTag, capture_diff_slices_by_key};

/// Words of a text that are compared: a notice has some hundreds. A longer text is shown as replaced.
const WORDS_COMPARED_MAX: usize = 5_000;
/// From here on scripts are written without spaces: CJK radicals and what follows them in Unicode.
const UNSPACED: char = '\u{2e80}';

/// Words that are in both texts, or in one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Segment {
    /// `same`, `added` or `removed`.
    pub change: &'static str,
    pub text: String,
}

/// Returns both texts as one, what was removed before what was added in its place.
pub(super) fn compare(before: &str, after: &str) -> Vec<Segment> {
    let (old, new) = (words(before), words(after));
    let mut segments = Vec::new();
    if old.len().max(new.len()) > WORDS_COMPARED_MAX {
        push(&mut segments, "removed", &[before]);
        push(&mut segments, "added", &[after]);
        return segments;
    }
    // The space behind a word is no part of it.
    let key = |word: &&str| word.trim_end_matches(' ').to_owned();
    for op in capture_diff_slices_by_key(Algorithm::Myers, &old, &new, key) {
        let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
        match op.tag() {
            DiffTag::Equal => push(&mut segments, "same", new),
            DiffTag::Delete => push(&mut segments, "removed", old),
            DiffTag::Insert => push(&mut segments, "added", new),
            DiffTag::Replace => {
                push(&mut segments, "removed", old);
                push(&mut segments, "added", new);
            }
        }
    }
    segments
}

/// Returns whether anything differs.
pub(super) fn differs(segments: &[Segment]) -> bool {
    segments.iter().any(|segment| segment.change != "same")
}

fn push(segments: &mut Vec<Segment>, change: &'static str, words: &[&str]) {
    let text = words.concat();
    match segments.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.change == change => last.text.push_str(&text),
        _ => segments.push(Segment { change, text }),
    }
}

/// Returns the words of a text, each with the spaces behind it; a line end is a word.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        let begins = match before {
            None => false,
            Some('\n') => true,
            Some(_) if c == '\n' => true,
            Some(' ') => c != ' ',
            Some(before) => c != ' ' && (before >= UNSPACED || c >= UNSPACED),
        };
        if begins {
            words.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> String {
        let sign = |change| match change {
            "added" => "+",
            "removed" => "-",
            _ => "",
        };
        let segments = compare(before, after).into_iter();
        segments.flat_map(|segment| [sign(segment.change), "[", &segment.text, "]"].map(str::to_owned)).collect()
    }

    #[test]
    fn words_are_compared_and_not_lines() {
        assert_eq!(shown("We are sorry.", "We are sorry."), "[We are sorry.]");
        assert_eq!(
            shown("We fired this person.\nCall us.", "We warned this person twice.\nCall us."),
            "[We ]-[fired ]+[warned ][this ]-[person.]+[person twice.][\nCall us.]"
        );
        assert_eq!(shown("", "new"), "+[new]");
        assert_eq!(shown("a b", "a b c"), "[a b ]+[c]");
        assert!(!differs(&compare("a b", "a b")) && differs(&compare("a", "b")));
    }

    #[test]
    fn scripts_without_spaces_are_compared_by_character() {
        assert_eq!(shown("漏洩しました。", "流出しました。"), "-[漏洩]+[流出][しました。]");
    }

    #[test]
    fn a_text_that_is_too_long_is_shown_as_replaced() {
        let long = "word ".repeat(WORDS_COMPARED_MAX + 1);
        let segments = compare(&long, "short");
        assert_eq!(segments.iter().map(|s| s.change).collect::<Vec<_>>(), ["removed", "added"]);
        assert_eq!(segments[0].text, long);
    }
}
