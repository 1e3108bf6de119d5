//! Which rows differ between the list as it is and as it was frozen. No row is quoted: rows are people.

use crate::{
    checking,
    exit::CommandError,
    folder::Folder,
    ledgers,
    list::{self, Given},
    terminal::Out,
};
use forthwith_core::{
    affected::{Fated, Wanted},
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
    list::read(folder, &inputs, out, "comparing", Wanted::Every, |given| {
        if let Given::Row(as_read) = given {
            now.push(mark_of(&as_read.row.fate));
        }
        Ok(())
    })?;
    Ok(tell(&before, &now))
}

/// What marks a row: whose it is, and all that its notice is made of; nothing where no notice is owed, because that may
/// be another row's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    who: u64,
    all: Option<u64>,
}

fn mark(parts: &[&str]) -> u64 {
    let lengths = parts.iter().map(|part| part.len().to_string()).collect::<Vec<_>>().join(",");
    let parts = parts.iter().map(|part| part.as_bytes());
    let digest = Digest::of_parts(std::iter::once(lengths.as_bytes()).chain(parts));
    digest.as_bytes().iter().take(8).fold(0, |mark, byte| (mark << 8) | u64::from(*byte))
}

fn mark_of_recipient(recipient: &Recipient) -> Mark {
    // The row's own number and line say nothing of its person.
    let nameless = Recipient { row: 0, line: 0, ..recipient.clone() };
    Mark {
        who: mark(&[recipient.id.expose(), recipient.address.expose(), recipient.name.expose()]),
        all: Some(mark(&[&serde_json::to_string(&nameless).unwrap_or_default()])),
    }
}

fn mark_of_frozen(fate: &Fate) -> Mark {
    match fate {
        Fate::Planned(Planned { recipient, .. }) => mark_of_recipient(recipient),
        Fate::Withheld { id, address, name, .. } => {
            Mark { who: mark(&[id.expose(), address.expose(), name.expose()]), all: None }
        }
    }
}

fn mark_of(fate: &Fated) -> Mark {
    match fate {
        Fated::Planned(recipient) => mark_of_recipient(recipient),
        Fated::Withheld { id, address, name, .. } => {
            Mark { who: mark(&[id.expose(), address.expose(), name.expose()]), all: None }
        }
        Fated::Refused => Mark { who: mark(&["refused"]), all: None },
    }
}

/// Tells which rows are gone, new, changed or moved, from what marks them.
fn tell(before: &[Mark], now: &[Mark]) -> Vec<String> {
    let (gone, new) = gone_and_new(before, now);
    let (stayed, stay) = (without(before, &gone), without(now, &new));
    let is_in_place = before.len() == now.len() && gone == new;
    let mut changed = if is_in_place { gone.clone() } else { Vec::new() };
    let pairs = || stay.iter().zip(&stayed).map(|((row, now), (_, before))| (*row, now, before));
    let differ = |now: &Mark, before: &Mark| now.all.zip(before.all).is_some_and(|(now, before)| now != before);
    changed.extend(
        pairs().filter(|(_, now, before)| now.who == before.who && differ(now, before)).map(|(row, ..)| row),
    );
    changed.sort_unstable();
    let mut told = Vec::new();
    for (rows, what) in [(&changed, "changed"), (&gone, "gone"), (&new, "new")] {
        if !rows.is_empty() && (what == "changed" || !is_in_place) {
            // A row that is gone has the number of then, every other one that of now.
            let then = if what == "gone" { "frozen " } else { "" };
            told.push(format!("{then}{} {what}", named(rows)));
        }
    }
    let moved: Vec<_> = pairs().filter(|(_, now, before)| now.who != before.who).map(|(row, ..)| row).collect();
    if let (Some(first), Some(last)) = (moved.first(), moved.last()) {
        told.push(format!("rows {first} to {last} stand in another order"));
    }
    if told.is_empty() {
        told.push("no row differs: its bytes do, in line ends, quotes or columns that nobody reads".to_owned());
    }
    told
}

/// Returns which rows of both have no counterpart in the other, counted from 1. Rows that repeat another are matched in
/// their place where they have kept it.
fn gone_and_new(before: &[Mark], now: &[Mark]) -> (Vec<usize>, Vec<usize>) {
    let same = |(a, b): &(&Mark, &Mark)| a.who == b.who;
    let head = before.iter().zip(now).take_while(same).count();
    let tail = before[head..].iter().rev().zip(now[head..].iter().rev()).take_while(same).count();
    let (old, new) = (&before[head..before.len() - tail], &now[head..now.len() - tail]);
    let rows = |rows: Vec<usize>| rows.into_iter().map(|row| head + row).collect();
    (rows(only_in(old, new)), rows(only_in(new, old)))
}

/// Returns the rows of `rows` that have no counterpart in `others`, counted from 1.
fn only_in(rows: &[Mark], others: &[Mark]) -> Vec<usize> {
    let mut left: BTreeMap<u64, usize> = BTreeMap::new();
    for mark in others {
        *left.entry(mark.who).or_default() += 1;
    }
    let mut has_none = |mark: &Mark| match left.get_mut(&mark.who) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    (1..).zip(rows).filter(|(_, mark)| has_none(mark)).map(|(row, _)| row).collect()
}

fn without(rows: &[Mark], left_out: &[usize]) -> Vec<(usize, Mark)> {
    let mut left_out = left_out.iter().peekable();
    let stays = |(row, _): &(usize, &Mark)| left_out.next_if(|next| *next == row).is_none();
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

    /// Rows of people, each with as much of a notice.
    fn rows(people: &[(u64, u64)]) -> Vec<Mark> {
        people.iter().map(|(who, all)| Mark { who: *who, all: Some(*all) }).collect()
    }

    fn plain(people: &[u64]) -> Vec<Mark> {
        people.iter().map(|who| Mark { who: *who, all: None }).collect()
    }

    #[test]
    fn rows_are_gone_new_changed_or_moved() {
        const NOTHING: &str = "no row differs: its bytes do, in line ends, quotes or columns that nobody reads";
        for (now, told) in [
            (vec![1, 2, 3, 4, 5], vec![NOTHING]),
            (vec![1, 2, 3, 4, 5, 6], vec!["row 6 is new"]),
            (vec![0, 1, 2, 3, 4, 5], vec!["row 1 is new"]),
            (vec![1, 2, 4, 5], vec!["frozen row 3 is gone"]),
            (vec![1, 2, 9, 4, 5], vec!["row 3 is changed"]),
            (vec![9, 2, 3, 4, 8], vec!["rows 1, 5 are changed"]),
            (vec![1, 3, 2, 4, 5], vec!["rows 2 to 3 stand in another order"]),
            (vec![5, 2, 3, 4, 1, 6], vec!["row 6 is new", "rows 1 to 5 stand in another order"]),
            (vec![1, 2, 3, 4, 5, 5], vec!["row 6 is new"]),
            (vec![2, 3, 4, 5, 1], vec!["rows 1 to 5 stand in another order"]),
            (vec![], vec!["frozen rows 1, 2, 3, 4, 5 are gone"]),
        ] {
            assert_eq!(tell(&plain(&[1, 2, 3, 4, 5]), &plain(&now)), told, "{now:?}");
        }
        let many: Vec<u64> = (0..100).collect();
        assert_eq!(tell(&[], &plain(&many)), ["rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 90 more are new"]);
    }

    #[test]
    fn of_two_rows_that_are_alike_the_one_is_gone_that_is() {
        assert_eq!(tell(&plain(&[1, 2, 3, 1, 4]), &plain(&[2, 3, 1, 4])), ["frozen row 1 is gone"]);
        assert_eq!(tell(&plain(&[1, 2, 3, 1, 4]), &plain(&[1, 2, 3, 4])), ["frozen row 4 is gone"]);
    }

    #[test]
    fn a_row_whose_notice_differs_is_changed_and_one_that_another_row_turned_is_not() {
        let before = rows(&[(1, 1), (2, 2), (3, 3)]);
        assert_eq!(tell(&before, &rows(&[(1, 1), (2, 9), (3, 3)])), ["row 2 is changed"]);
        assert_eq!(tell(&before, &rows(&[(1, 1), (3, 9)])), ["row 2 is changed", "frozen row 2 is gone"]);
        // Row 3 repeats row 1, and is withheld until that one is gone.
        let before = [rows(&[(1, 1), (2, 2)]), plain(&[3])].concat();
        assert_eq!(tell(&before, &rows(&[(2, 2), (3, 3)])), ["frozen row 1 is gone"]);
    }
}
