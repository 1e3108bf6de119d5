//! Lists beside the affected list: who is left out, and who is suppressed. They are small tables with columns of
//! ours, read as strictly as the affected list itself: a line that is not understood refuses the whole of it.

use super::{
    people::quoted,
    rows::{Form, RawRow, RowFault, Rows, RowsError},
    settings::{LeaveOut, Which},
    source::Supplied,
};
use crate::{
    document::nearest,
    finding::{Finding, Place},
};
use std::collections::BTreeMap;

/// Octets in such a list: a million lines of addresses and reasons.
pub const BESIDE_OCTETS_MAX: usize = 1 << 26;

/// A column of such a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) need: Need,
}

/// What must stand in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The column must be there, and no cell of it may be empty.
    Filled,
    /// Neither must be.
    Nothing,
}

/// A line: where it is, and the cells in the order of the columns asked for, trimmed.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) place: Place,
    pub(super) cells: Vec<String>,
}

/// Reads a list beside the affected list, with these columns and no others.
pub(super) fn lines(file: &str, bytes: &[u8], columns: &[Column]) -> Result<Vec<Line>, Vec<Finding>> {
    if bytes.len() > BESIDE_OCTETS_MAX {
        let message = format!("the file has {} octets; at most {BESIDE_OCTETS_MAX}", bytes.len());
        return Err(vec![Finding::refused("too-long", Place::file(file), message)]);
    }
    let key = columns.first().map_or("", |column| column.name);
    let mut rows = Rows::new(file, &Form::default(), key, Supplied::new(bytes)).map_err(|error| match error {
        RowsError::Refused(findings) => findings,
        RowsError::Input(_) => unreachable!("bytes in memory are read"),
    })?;
    let places = places(file, &rows, columns)?;
    let (mut row, mut lines, mut findings) = (RawRow::default(), Vec::new(), Vec::new());
    // Bytes in memory are read without fail.
    while rows.read(&mut row).unwrap_or(false) {
        let place = Place { row: Some(row.row), line: Some(row.line), ..Place::file(file) };
        match line(&place, &row, columns, &places, rows.header().len()) {
            Ok(cells) => lines.push(Line { place, cells }),
            Err(finding) => findings.push(*finding),
        }
    }
    if findings.is_empty() { Ok(lines) } else { Err(findings) }
}

/// Returns where each column stands in the header.
fn places(
    file: &str,
    rows: &Rows<Supplied<&[u8]>>,
    columns: &[Column],
) -> Result<Vec<Option<usize>>, Vec<Finding>> {
    let header = rows.header();
    let place = |name: &str| Place {
        line: Some(rows.layout().header_line()),
        column: Some(name.to_owned()),
        ..Place::file(file)
    };
    let known = columns.iter().map(|column| column.name);
    let names = || known.clone().collect::<Vec<_>>().join(", ");
    let is_unknown = |name: &&String| !known.clone().any(|known| known == **name);
    let mut findings: Vec<Finding> = header
        .iter()
        .filter(is_unknown)
        .map(|name| {
            let message = format!("{} is not a column that is known here", quoted(name));
            let hint = nearest(name, known.clone())
                .map_or_else(|| format!("its columns are {}", names()), |near| format!("is `{near}` meant?"));
            Finding::refused("unknown-column", place(name), message).hint(hint)
        })
        .collect();
    let found = columns.iter().map(|column| header.iter().position(|name| name == column.name));
    let found: Vec<_> = found.collect();
    for (column, _) in columns.iter().zip(&found).filter(|(c, found)| c.need == Need::Filled && found.is_none()) {
        let message = format!("there is no column `{}`", column.name);
        findings.push(
            Finding::refused("no-column", place(column.name), message).hint(format!("its columns are {}", names())),
        );
    }
    if findings.is_empty() { Ok(found) } else { Err(findings) }
}

/// Returns the cells of a line, in the order of `columns`.
fn line(
    place: &Place,
    row: &RawRow,
    columns: &[Column],
    places: &[Option<usize>],
    width: usize,
) -> Result<Vec<String>, Box<Finding>> {
    let refused =
        |code, message: String, hint: String| Box::new(Finding::refused(code, place.clone(), message).hint(hint));
    match &row.fault {
        Some(RowFault::Record(fault)) => {
            let (code, message, hint) = super::faults::describe(fault);
            return Err(refused(code, message, hint));
        }
        Some(RowFault::Cells { found }) => {
            let message = format!("the line has {found} cells; the header has {width}");
            return Err(refused(
                "cells",
                message,
                "a delimiter within a cell needs quotes around the cell".to_owned(),
            ));
        }
        Some(RowFault::Sheet(fault)) => {
            let (code, message, hint) = super::faults::describe_sheet(fault, &[]);
            return Err(refused(code, message, hint));
        }
        None => {}
    }
    let cells: Vec<_> =
        places.iter().map(|at| at.and_then(|at| row.cells.get(at)).unwrap_or_default().trim().to_owned()).collect();
    for (column, cell) in columns.iter().zip(&cells) {
        if column.need == Need::Filled && cell.is_empty() {
            return Err(refused(
                "empty-value",
                format!("`{}` is empty", column.name),
                "fill it, or delete the line".to_owned(),
            ));
        }
        if let Some(c) = cell.chars().find(|c| c.is_control()) {
            let message = format!("`{}` has the character U+{:04X}", column.name, u32::from(c));
            return Err(refused("control-character", message, "write it on one line".to_owned()));
        }
    }
    Ok(cells)
}

/// Reads a list of who is left out: `id`, `reason` and, if it has one, `by`.
pub fn read_left_out(file: &str, bytes: &[u8]) -> Result<Vec<LeaveOut>, Vec<Finding>> {
    let columns = [("id", Need::Filled), ("reason", Need::Filled), ("by", Need::Nothing)];
    let lines = lines(file, bytes, &columns.map(|(name, need)| Column { name, need }))?;
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let (mut left_out, mut findings) = (Vec::new(), Vec::new());
    for Line { place, cells } in lines {
        let [id, reason, by] = <[String; 3]>::try_from(cells).unwrap_or_default();
        let number = place.line.unwrap_or_default();
        if let Some(first) = seen.insert(id.clone(), number) {
            let message = format!("the id {} stands in line {first} already", quoted(&id));
            findings.push(Finding::refused("left-out-twice", place, message).hint("delete one of the lines"));
            continue;
        }
        let by = (!by.is_empty()).then_some(by);
        left_out.push(LeaveOut { which: Which::Id(id), reason, by, place });
    }
    if findings.is_empty() { Ok(left_out) } else { Err(findings) }
}
