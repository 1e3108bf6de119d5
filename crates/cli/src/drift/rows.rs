//! Which rows differ between the list as it is and as it was frozen. No row is quoted: rows are people.

use crate::{checking, exit::CommandError, folder::Folder, ledgers, list, terminal::Out};
use forthwith_core::{
    affected::Fated,
    digest::Digest,
    plan::{Fate, Planned},
    recipient::Recipient,
};
use forthwith_ledger::sqlite::LedgerReader;
use std::collections::BTreeMap;

/// Rows that are named one by one.
const NAMED_MAX: usize = 10;

/// Reads both lists and returns what differs, a line each.
///
/// Memory: 8 octets for each row of both.
pub fn between(folder: &Folder, reader: &LedgerReader, out: Out) -> Result<Vec<String>, CommandError> {
    let mut before = Vec::new();
    for row in reader.frozen_rows() {
        let row = row.map_err(ledgers::failed)?;
        before.push(mark_of_frozen(&row.fate));
    }
    let inputs = checking::inputs(folder, out)?;
    let mut now = Vec::new();
    list::read(folder, &inputs, out, "comparing", |row, _| {
        now.push(mark_of(&row.fate));
        Ok(())
    })?;
    Ok(tell(&before, &now))
}

fn mark(parts: &[&str]) -> u64 {
    let lengths = parts.iter().map(|part| part.len().to_string()).collect::<Vec<_>>().join(",");
    let digest =
        Digest::of_parts(std::iter::once(lengths.as_bytes()).chain(parts.iter().map(|part| part.as_bytes())));
    digest.as_bytes().iter().take(8).fold(0, |mark, byte| (mark << 8) | u64::from(*byte))
}

/// The row's own number and line say nothing of its person.
fn mark_of_recipient(recipient: &Recipient) -> u64 {
    let nameless = Recipient { row: 0, line: 0, ..recipient.clone() };
    mark(&["planned", &serde_json::to_string(&nameless).unwrap_or_default()])
}

fn mark_of_frozen(fate: &Fate) -> u64 {
    match fate {
        Fate::Planned(Planned { recipient, .. }) => mark_of_recipient(recipient),
        Fate::Withheld { reason, id, address, name, .. } => {
            mark(&[reason.reason(), id.expose(), address.expose(), name.expose()])
        }
    }
}

fn mark_of(fate: &Fated) -> u64 {
    match fate {
        Fated::Planned(recipient) => mark_of_recipient(recipient),
        Fated::Withheld { reason, id, address, name, .. } => {
            mark(&[reason.reason(), id.expose(), address.expose(), name.expose()])
        }
        Fated::Refused => mark(&["refused"]),
    }
}

/// Tells which rows are gone, new, changed or moved, from what marks them.
fn tell(before: &[u64], now: &[u64]) -> Vec<String> {
    let (gone, new) = (only_in(before, now), only_in(now, before));
    let mut told = Vec::new();
    let is_in_place = before.len() == now.len() && gone == new;
    if is_in_place && !gone.is_empty() {
        told.push(format!("{} changed", named(&gone)));
    } else {
        told.extend((!gone.is_empty()).then(|| format!("{} gone", named(&gone))));
        told.extend((!new.is_empty()).then(|| format!("{} new", named(&new))));
    }
    let (stayed, stay) = (without(before, &gone), without(now, &new));
    let moved: Vec<_> =
        stay.iter().zip(&stayed).filter(|((_, a), (_, b))| a != b).map(|((row, _), _)| *row).collect();
    if let (Some(first), Some(last)) = (moved.first(), moved.last()) {
        told.push(format!("rows {first} to {last} stand in another order"));
    }
    if told.is_empty() {
        told.push("no row differs: its bytes do, in line ends, quotes or columns that nobody reads".to_owned());
    }
    told
}

/// Returns the rows of `rows` that have no counterpart in `others`, counted from 1.
fn only_in(rows: &[u64], others: &[u64]) -> Vec<usize> {
    let mut left: BTreeMap<u64, usize> = BTreeMap::new();
    for mark in others {
        *left.entry(*mark).or_default() += 1;
    }
    let mut has_none = |mark: &u64| match left.get_mut(mark) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    (1..).zip(rows).filter(|(_, mark)| has_none(mark)).map(|(row, _)| row).collect()
}

fn without(rows: &[u64], left_out: &[usize]) -> Vec<(usize, u64)> {
    let mut left_out = left_out.iter().peekable();
    let stays = |(row, _): &(usize, &u64)| left_out.next_if(|next| *next == row).is_none();
    (1..).zip(rows).filter(stays).map(|(row, mark)| (row, *mark)).collect()
}

/// Returns `row 7 is`, `rows 3, 9 and 2 more are`.
fn named(rows: &[usize]) -> String {
    let numbers = rows.iter().take(NAMED_MAX).map(usize::to_string).collect::<Vec<_>>().join(", ");
    match rows.len() {
        1 => format!("row {numbers} is"),
        many if many > NAMED_MAX => format!("rows {numbers} and {} more are", many - NAMED_MAX),
        _ => format!("rows {numbers} are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_gone_new_changed_or_moved() {
        for (now, told) in [
            (
                vec![1, 2, 3, 4, 5],
                vec!["no row differs: its bytes do, in line ends, quotes or columns that nobody reads"],
            ),
            (vec![1, 2, 3, 4, 5, 6], vec!["row 6 is new"]),
            (vec![0, 1, 2, 3, 4, 5], vec!["row 1 is new"]),
            (vec![1, 2, 4, 5], vec!["row 3 is gone"]),
            (vec![1, 2, 9, 4, 5], vec!["row 3 is changed"]),
            (vec![9, 2, 3, 4, 8], vec!["rows 1, 5 are changed"]),
            (vec![1, 3, 2, 4, 5], vec!["rows 2 to 3 stand in another order"]),
            (vec![5, 2, 3, 4, 1, 6], vec!["row 6 is new", "rows 1 to 5 stand in another order"]),
            (vec![1, 2, 3, 4, 5, 5], vec!["row 6 is new"]),
            (vec![], vec!["rows 1, 2, 3, 4, 5 are gone"]),
        ] {
            assert_eq!(tell(&[1, 2, 3, 4, 5], &now), told, "{now:?}");
        }
        let many: Vec<u64> = (0..100).collect();
        assert_eq!(tell(&[], &many), ["rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 90 more are new"]);
    }
}
