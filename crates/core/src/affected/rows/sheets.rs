//! Rows of a workbook: which sheet is meant, its header, and what is hidden or merged in it.
//!
//! Whoever looks at the sheet must see the same people as are read: what is hidden is refused, and so is what is
//! merged, since it belongs to several rows.

use super::{Form, HEADER_LINES_MAX, RawRow, RowFault, RowsError, check_names, normal, not_first, nothing, quoted};
use crate::{
    affected::{
        exported::{self, rearmed},
        faults::describe_sheet,
        sheet::{Letters, Sheet, SheetFault, SheetRow},
        source::Source,
        text::Text,
    },
    finding::{Finding, Place},
};
use std::io;

/// Opens the sheet that is meant and reads its header: the names and the row.
pub(super) fn begin(
    file: &str,
    form: &Form,
    key: &str,
    sheet: &mut dyn Sheet,
) -> Result<(Vec<String>, u64), RowsError> {
    let refused = |finding| RowsError::Refused(vec![finding]);
    if form.encoding.is_some() || form.delimiter.is_some() {
        let message = "the list is a workbook; affected.toml gives it an encoding or a delimiter";
        let finding = Finding::refused("no-text", Place::file(file), message);
        return Err(refused(finding.hint("delete [list] encoding and delimiter from affected.toml")));
    }
    let name = choose(file, form.sheet.as_deref(), &sheet.names()).map_err(|finding| refused(*finding))?;
    sheet.open(&name)?;
    let mut row = SheetRow::default();
    loop {
        if !sheet.read(&mut row)? {
            return Err(refused(nothing(file, form.header_line)));
        }
        if form.header_line.is_none_or(|line| row.number >= line) {
            break;
        }
    }
    if form.header_line.is_some_and(|line| row.number != line) {
        return Err(refused(nothing(file, form.header_line)));
    }
    let place = Place { line: Some(row.number), ..Place::file(file) };
    let (line, names) = (row.number, header(file, &row, sheet)?);
    if !names.iter().any(|name| name == key)
        && let Some(found) = line_naming(key, sheet)?
    {
        return Err(refused(not_first(file, line, found)));
    }
    Ok((check_names(names, &place).map_err(RowsError::Refused)?, line))
}

/// Returns the sheet that is meant: the named one, or the only one.
fn choose(file: &str, wanted: Option<&str>, names: &[String]) -> Result<String, Box<Finding>> {
    let all = || names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let refused = |code, message: String, hint: String| {
        Err(Box::new(Finding::refused(code, Place::file(file), message).hint(hint)))
    };
    let say = |name: &str| format!("say which in affected.toml: [list] sheet = {}", toml_string(name));
    match (wanted, names) {
        (Some(name), _) if names.iter().any(|found| found == name) => Ok(name.to_owned()),
        (Some(name), [first, ..]) => {
            let message = format!("the workbook has no sheet {}; it has {}", quoted(name), all());
            refused("no-sheet", message, say(first))
        }
        (None, [only]) => Ok(only.clone()),
        (None, [first, _, ..]) => {
            refused("several-sheets", format!("the workbook has several sheets: {}", all()), say(first))
        }
        (_, []) => refused("no-sheet", "the workbook has no sheet".to_owned(), "save it again".to_owned()),
    }
}

/// Returns a basic string of TOML (version 1.0, section "String").
fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Says that a sheet is named and the list has none.
pub(super) fn no_workbook(file: &str) -> Finding {
    let message = "affected.toml names a sheet, and the list is no workbook";
    Finding::refused("no-workbook", Place::file(file), message).hint("delete [list] sheet from affected.toml")
}

/// Returns the names in a row that is the header.
fn header(file: &str, row: &SheetRow, sheet: &dyn Sheet) -> Result<Vec<String>, RowsError> {
    let place = Place { line: Some(row.number), ..Place::file(file) };
    let mut names = Vec::new();
    let mut findings = Vec::new();
    for (column, cell) in row.cells.iter().enumerate() {
        let name = cell.as_ref().map_or("", String::as_str);
        if let Err(fault) = cell {
            let fault = SheetFault::Cell { column, fault: fault.clone() };
            let (code, message, hint) = describe_sheet(&fault, &[]);
            findings.push(Finding::refused(code, place.clone(), format!("in the header: {message}")).hint(hint));
        }
        if sheet.hidden_columns().iter().any(|hidden| u32::try_from(column).is_ok_and(|at| hidden.contains(&at))) {
            let message = format!("column {} ({}) is hidden in the sheet", Letters(column), quoted(name));
            let finding = Finding::refused("hidden-column", place.clone(), message);
            findings.push(finding.hint("show it, or delete it"));
        }
        names.push(name.to_owned());
    }
    if row.is_hidden {
        let (code, message, hint) = describe_sheet(&SheetFault::Hidden, &[]);
        findings.push(Finding::refused(code, place, format!("in the header: {message}")).hint(hint));
    }
    if !findings.is_empty() {
        return Err(RowsError::Refused(findings));
    }
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    let is_ours = names.iter().any(|name| normal(name) == exported::ROW);
    Ok(names.iter().map(|name| normal(if is_ours { rearmed(name) } else { name })).collect())
}

/// Returns the next row that names `key` as a header does.
fn line_naming(key: &str, sheet: &mut dyn Sheet) -> io::Result<Option<u64>> {
    let mut row = SheetRow::default();
    for _ in 1..HEADER_LINES_MAX {
        if !sheet.read(&mut row)? {
            break;
        }
        let mut cells = row.cells.iter().flatten();
        if cells.clone().any(|cell| normal(cell) == key) && !cells.any(|cell| cell.contains('@')) {
            return Ok(Some(row.number));
        }
    }
    Ok(None)
}

/// Reads the rows of a sheet.
pub(in crate::affected) struct SheetRows {
    /// How many columns the header has.
    pub(in crate::affected) width: usize,
}

impl SheetRows {
    /// Returns the next rows, at most so many, of which the first has this number.
    pub(in crate::affected) fn next<R: Source>(
        &self,
        text: &mut Text<R>,
        number: u64,
        rows_max: usize,
    ) -> io::Result<Vec<RawRow>> {
        let mut rows = Vec::new();
        let Some(sheet) = text.source_mut().sheet() else { return Ok(rows) };
        for row in (number..).take(rows_max) {
            let mut raw = RawRow { row, ..RawRow::default() };
            if !read(sheet, self.width, &mut raw)? {
                break;
            }
            rows.push(raw);
        }
        Ok(rows)
    }
}

/// Reads the next row, of so many columns; its number is the caller's.
fn read(sheet: &mut dyn Sheet, width: usize, raw: &mut RawRow) -> io::Result<bool> {
    let mut row = SheetRow::default();
    if !sheet.read(&mut row)? {
        return Ok(false);
    }
    while row.cells.last().is_some_and(|cell| cell.as_ref().is_ok_and(String::is_empty)) {
        row.cells.pop();
    }
    raw.line = row.number;
    raw.cells.clear();
    raw.fault = fault(&row, width);
    for i in 0..width.max(row.cells.len()) {
        raw.cells.push_field(row.cells.get(i).and_then(|cell| cell.as_ref().ok()).map_or("", String::as_str));
    }
    // The row as CSV has it, for its fingerprint and for whoever must mend it.
    raw.bytes.clear();
    for cell in &row.cells {
        let cell = match cell {
            Ok(cell) => cell.replace('"', "\"\""),
            Err(fault) => format!("{fault:?}").replace('"', "\"\""),
        };
        let comma = if raw.bytes.is_empty() { "" } else { "," };
        raw.bytes.extend_from_slice(format!("{comma}\"{cell}\"").as_bytes());
    }
    if raw.fault.is_some() {
        raw.cells.clear();
    }
    Ok(true)
}

fn fault(row: &SheetRow, width: usize) -> Option<RowFault> {
    if row.is_hidden {
        return Some(RowFault::Sheet(SheetFault::Hidden));
    }
    for (column, cell) in row.cells.iter().enumerate() {
        if let Err(fault) = cell {
            return Some(RowFault::Sheet(SheetFault::Cell { column, fault: fault.clone() }));
        }
    }
    (row.cells.len() > width).then_some(RowFault::Cells { found: row.cells.len() })
}

/// Says which cells are merged, once the sheet was read to its end: the first of them that stand in the list.
pub(super) fn merged(file: &str, sheet: &mut dyn Sheet, width: usize, header_line: u64) -> Option<Finding> {
    let in_list = |(row, column): &&(u64, u32)| {
        *row >= header_line && usize::try_from(*column).is_ok_and(|column| column < width)
    };
    let merged: Vec<_> = sheet.merged().iter().filter(in_list).collect();
    let (row, column) = merged.first()?;
    let count = merged.len();
    let cell = format!("{}{row}", Letters(usize::try_from(*column).unwrap_or_default()));
    let message = format!("cells are merged in {count} places of the sheet, first from {cell} on");
    let place = Place { line: Some(*row), ..Place::file(file) };
    Some(
        Finding::refused("merged-cells", place, message)
            .hint("take them apart and fill each cell: the spreadsheet shows their value once"),
    )
}
