//! Reads what every part of a regime file shares: words of a vocabulary, lists, and where a rule stands.

use crate::{
    document::{Field, Table, nearest},
    law::{Basis, Kind, Word},
};

/// Entries of one list: the longest that a law has is a few dozen.
const ENTRIES_MAX: usize = 100;
/// Words of a vocabulary that a finding lists in full; of a longer one it names the nearest.
const LISTED_MAX: usize = 12;

/// Reads a word of a vocabulary.
pub(crate) fn word<W: Word>(field: &Field<'_>) -> Option<W> {
    let text = field.line()?;
    let found = W::from_word(&text);
    if found.is_none() {
        let known = || W::ALL.iter().map(|word| word.word());
        let message = format!("`{text}` is no known {}", W::WHAT);
        match nearest(&text, known()) {
            Some(near) => field.refuse_with("unknown-word", message, format!("is `{near}` meant?")),
            None if W::ALL.len() <= LISTED_MAX => {
                let known = known().collect::<Vec<_>>().join(", ");
                field.refuse_with("unknown-word", message, format!("known here: {known}"));
            }
            None => field.refuse("unknown-word", message),
        }
    }
    found
}

/// Reads a list of words of a vocabulary, none of them twice.
pub(crate) fn words<W: Word>(field: &Field<'_>) -> Option<Vec<W>> {
    let read = each(field, |item| Some((item.clone(), word::<W>(item)?)))?;
    let mut words = Vec::new();
    for (item, word) in read {
        if words.contains(&word) {
            item.refuse("twice", format!("the {} `{}` stands twice", W::WHAT, word.word()));
        }
        words.push(word);
    }
    Some(words)
}

/// Reads a list of sets of kinds that come together.
pub(super) fn kinds(field: &Field<'_>) -> Option<Vec<Vec<Kind>>> {
    each(field, words)
}

/// Reads each item of a list, which has at least one; all are read before any failure is passed on.
pub(super) fn each<'d, T>(field: &Field<'d>, read: impl Fn(&Field<'d>) -> Option<T>) -> Option<Vec<T>> {
    let items = field.items()?;
    if items.is_empty() || items.len() > ENTRIES_MAX {
        field.refuse("wrong-length", format!("from 1 to {ENTRIES_MAX} entries belong here"));
        return None;
    }
    let read: Vec<_> = items.iter().map(read).collect();
    read.into_iter().collect()
}

/// Reads a truth value that is false where it is missing.
pub(super) fn flag(table: &Table<'_>, key: &str) -> Option<bool> {
    Some(table.optional(key, Field::truth)?.unwrap_or(false))
}

/// Reads a number that fits 32 bits.
pub(super) fn small(field: &Field<'_>) -> Option<u32> {
    let number = u32::try_from(field.number()?).ok();
    if number.is_none() {
        field.refuse("unknown-value", "the number is too large");
    }
    number
}

/// Reads where the rule of this table stands.
pub(super) fn basis(table: &Table<'_>) -> Option<Basis> {
    let cite = table.need("cite", "law and section of the rule").and_then(|field| field.line());
    let source = table.need("source", "what the rule was written down from: read, secondary or recalled");
    let source = source.and_then(|field| word(&field));
    Some(Basis { cite: cite?, source: source? })
}

/// Returns the one key of `keys` that the table has; reports none and several.
pub(super) fn one_key<'d, 'k>(table: &Table<'d>, keys: &[&'k str]) -> Option<(&'k str, Field<'d>)> {
    let mut found: Vec<_> = keys.iter().filter_map(|key| Some((*key, table.get(key)?))).collect();
    if found.len() != 1 {
        table.refuse("one-of-these", format!("exactly one of these belongs here: {}", keys.join(", ")));
        return None;
    }
    found.pop()
}
