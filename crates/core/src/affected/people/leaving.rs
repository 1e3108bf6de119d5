//! Rows that are left out by name: by affected.toml, and by the list that it names for that. It counts nothing: whoever
//! asks says in the end how often each line was the answer.

use super::{Context, cells::Refusal};
use crate::{
    affected::settings::{LeaveOut, Which},
    finding::Finding,
};
use std::collections::BTreeMap;

/// The lines that leave rows out, found without looking through all of them.
pub(super) struct LeavingOut<'a> {
    lines: Vec<&'a LeaveOut>,
    by_id: BTreeMap<&'a str, usize>,
    by_row: BTreeMap<u64, usize>,
    by_code: BTreeMap<&'a str, usize>,
}

impl<'a> LeavingOut<'a> {
    /// Takes the lines of affected.toml, then those of its list. Of two that name the same rows, the first counts.
    pub(super) fn new(context: Context<'a>) -> Self {
        let lines: Vec<_> = context.settings.leave_out.iter().chain(&context.known.left_out).collect();
        let (mut by_id, mut by_row, mut by_code) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (i, line) in lines.iter().enumerate() {
            match &line.which {
                Which::Id(id) => _ = by_id.entry(id.as_str()).or_insert(i),
                Which::Row { row, .. } => _ = by_row.entry(*row).or_insert(i),
                Which::Code { code, .. } => _ = by_code.entry(code.as_str()).or_insert(i),
            }
        }
        Self { lines, by_id, by_row, by_code }
    }

    /// Returns how many lines there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns a line by its number.
    pub(super) fn line(&self, i: usize) -> &'a LeaveOut {
        self.lines[i]
    }

    /// Returns the number of the line that leaves out a row by its number or by its id, `None` where the id is not
    /// known.
    pub(super) fn named(&self, row: u64, id: Option<&str>) -> Option<usize> {
        let by_id = id.filter(|id| !id.is_empty()).and_then(|id| self.by_id.get(id));
        by_id.into_iter().chain(self.by_row.get(&row)).min().copied()
    }

    /// Returns the number of the line that leaves out rows with all that is wrong with one: the line for the first.
    pub(super) fn refused(&self, refusals: &[Refusal]) -> Option<usize> {
        let lines: Option<Vec<_>> = refusals.iter().map(|refusal| self.by_code.get(refusal.code)).collect();
        lines?.first().map(|first| **first)
    }

    /// Returns what is wrong with lines that left out nobody, or others than they say; `used` is how many rows each
    /// left out.
    pub(super) fn unused(&self, used: &[u64]) -> impl Iterator<Item = Finding> {
        self.lines.iter().zip(used).filter_map(|(line, used)| about(line, *used))
    }
}

fn about(line: &LeaveOut, used: u64) -> Option<Finding> {
    let unused = |which: String| {
        let message = format!("{which}: nobody is left out by this line");
        Finding::refused("leave-out-unused", line.place.clone(), message).hint("mend or delete the line")
    };
    match &line.which {
        Which::Id(id) if used == 0 => Some(unused(format!("no row has the id `{id}`"))),
        Which::Row { row, .. } if used == 0 => Some(unused(format!("there is no row {row}"))),
        Which::Code { code, count } if used != *count => {
            let message =
                format!("{used} rows are refused for `{code}` alone; this line leaves {count} of them out");
            let hint = format!("look at what changed; if it is right, count = {used}");
            Some(Finding::refused("leave-out-count", line.place.clone(), message).hint(hint))
        }
        _ => None,
    }
}
