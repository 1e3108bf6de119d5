//! Open Document spreadsheets (OASIS ODF 1.3 part 3, section 9), as far as a list has need of them.
//!
//! They hold what each cell shows as text, and that is what is read.

use super::{
    parts::Parts,
    xml::{Element, Met, Xml, damaged},
};
use forthwith_core::affected::{CellFault, Sheet, SheetRow};
use std::{io, ops::RangeInclusive};

/// The part that holds all sheets.
const CONTENT: &str = "content.xml";
/// Columns that a sheet has.
const COLUMNS_MAX: usize = 16_384;
/// Rows that a sheet has.
const ROWS_MAX: u64 = 1_048_576;
/// Merged places that are remembered: one is enough to refuse the list, the others are counted.
const MERGED_MAX: usize = 100_000;
/// What cells show whose formula failed.
const ERRORS: [&str; 8] = ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "Err:"];

/// A workbook, and the sheet that is open.
pub struct Ods {
    parts: Parts,
    names: Vec<String>,
    open: Option<Xml>,
    /// The last row that was read.
    row: u64,
    /// A row that stands there more than once, and how often still.
    repeated: Option<(SheetRow, u64)>,
    columns: u32,
    /// Whether each group that we are in is hidden.
    groups: Vec<bool>,
    hidden: Vec<RangeInclusive<u32>>,
    merged: Vec<(u64, u32)>,
}

impl Ods {
    /// Reads the names of the sheets.
    pub fn new(mut parts: Parts) -> io::Result<Self> {
        refuse_locked(&mut parts)?;
        let mut xml = Xml::new(parts.open(CONTENT)?);
        let mut names = Vec::new();
        loop {
            match xml.next()? {
                Met::Start(element) if element.name == "table" => {
                    names.push(element.get("name").unwrap_or_default().to_owned());
                }
                Met::Done => break,
                _ => {}
            }
        }
        let (open, repeated, groups) = (None, None, Vec::new());
        Ok(Self {
            parts,
            names,
            open,
            row: 0,
            repeated,
            columns: 0,
            groups,
            hidden: Vec::new(),
            merged: Vec::new(),
        })
    }

    /// Returns how many octets of the file were read for the sheet.
    pub fn octets(&self) -> u64 {
        self.open.as_ref().map_or(0, Xml::octets)
    }

    fn is_in_hidden_group(&self) -> bool {
        self.groups.iter().any(|is_hidden| *is_hidden)
    }

    /// Takes the description of a column, or of several.
    fn column(&mut self, element: &Element) -> io::Result<()> {
        let count = element.number("number-columns-repeated")?.unwrap_or(1);
        let count = u32::try_from(count).map_err(|_| damaged("it has too many columns"))?;
        let next = self.columns.saturating_add(count);
        if (is_hidden(element) || self.is_in_hidden_group()) && next > self.columns {
            self.hidden.push(self.columns..=next - 1);
        }
        self.columns = next;
        Ok(())
    }

    /// Reads a row that began; how often it stands there.
    fn row(&mut self, xml: &mut Xml, element: &Element, row: &mut SheetRow) -> io::Result<u64> {
        let count = element.number("number-rows-repeated")?.unwrap_or(1);
        row.number = self.row + 1;
        row.is_hidden = is_hidden(element) || self.is_in_hidden_group();
        row.cells.clear();
        // Empty cells count only where one that is not empty comes behind them.
        let mut empty: usize = 0;
        loop {
            match xml.next()? {
                Met::Start(cell) if matches!(cell.name.as_str(), "table-cell" | "covered-table-cell") => {
                    let times = cell.number("number-columns-repeated")?.unwrap_or(1);
                    let times = usize::try_from(times).map_err(|_| damaged("a row is too long"))?;
                    let column = row.cells.len().saturating_add(empty);
                    self.look_for_span(&cell, row.number, column)?;
                    let shown = shown(xml, &cell)?;
                    if shown.as_ref().is_ok_and(String::is_empty) {
                        empty = empty.saturating_add(times);
                        continue;
                    }
                    if column.saturating_add(times) > COLUMNS_MAX {
                        return Err(damaged("a row is too long"));
                    }
                    row.cells.extend((0..std::mem::take(&mut empty)).map(|_| Ok(String::new())));
                    row.cells.extend((0..times).map(|_| shown.clone()));
                }
                Met::End(name) if name == "table-row" => return Ok(count),
                Met::Done => return Err(damaged("a row has no end")),
                _ => {}
            }
        }
    }

    fn look_for_span(&mut self, cell: &Element, row: u64, column: usize) -> io::Result<()> {
        let spans = ["number-columns-spanned", "number-rows-spanned"].map(|name| cell.number(name));
        for span in spans {
            if span?.unwrap_or(1) > 1 && self.merged.len() < MERGED_MAX {
                self.merged.push((row, u32::try_from(column).unwrap_or(u32::MAX)));
                break;
            }
        }
        Ok(())
    }
}

impl Sheet for Ods {
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn open(&mut self, name: &str) -> io::Result<()> {
        let mut xml = Xml::new(self.parts.open(CONTENT)?);
        loop {
            match xml.next()? {
                Met::Start(element) if element.name == "table" && element.get("name") == Some(name) => break,
                Met::Done => return Err(io::Error::other("there is no such sheet")),
                _ => {}
            }
        }
        self.open = Some(xml);
        Ok(())
    }

    fn read(&mut self, row: &mut SheetRow) -> io::Result<bool> {
        if let Some((again, left)) = &mut self.repeated {
            self.row += 1;
            *left -= 1;
            *row = SheetRow { number: self.row, ..again.clone() };
            if *left == 0 {
                self.repeated = None;
            }
            return Ok(true);
        }
        let Some(mut xml) = self.open.take() else { return Ok(false) };
        loop {
            match xml.next()? {
                Met::Start(element) => match element.name.as_str() {
                    "table-column" => self.column(&element)?,
                    "table-row-group" | "table-column-group" => {
                        self.groups.push(element.get("display") == Some("false"));
                    }
                    "table-row" => {
                        let count = self.row(&mut xml, &element, row)?;
                        if row.cells.is_empty() {
                            self.row = self.row.saturating_add(count);
                            continue;
                        }
                        self.row += 1;
                        if self.row.saturating_add(count) > ROWS_MAX + 1 {
                            return Err(damaged("it has too many rows"));
                        }
                        self.repeated = (count > 1).then(|| (row.clone(), count - 1));
                        self.open = Some(xml);
                        return Ok(true);
                    }
                    "table" => return Err(damaged("a sheet stands within another")),
                    _ => {}
                },
                Met::End(name) => match name.as_str() {
                    "table-row-group" | "table-column-group" => _ = self.groups.pop(),
                    "table" => return Ok(false),
                    _ => {}
                },
                Met::Done => return Err(damaged("a sheet has no end")),
                Met::Text(_) => {}
            }
        }
    }

    fn hidden_columns(&self) -> &[RangeInclusive<u32>] {
        &self.hidden
    }

    fn merged(&self) -> &[(u64, u32)] {
        &self.merged
    }
}

fn is_hidden(element: &Element) -> bool {
    matches!(element.get("visibility"), Some("collapse" | "filter"))
}

fn refuse_locked(parts: &mut Parts) -> io::Result<()> {
    const MANIFEST: &str = "META-INF/manifest.xml";
    if !parts.has(MANIFEST) {
        return Ok(());
    }
    let mut xml = Xml::new(parts.open(MANIFEST)?);
    loop {
        match xml.next()? {
            Met::Start(element) if element.name == "encryption-data" => {
                return Err(io::Error::other("the workbook is locked with a password: save it without"));
            }
            Met::Done => return Ok(()),
            _ => {}
        }
    }
}

/// Reads a cell that began, and returns what it shows.
fn shown(xml: &mut Xml, cell: &Element) -> io::Result<Result<String, CellFault>> {
    let (mut text, mut paragraphs, mut unknown) = (String::new(), 0, None);
    loop {
        match xml.next()? {
            Met::Start(element) if element.name == "p" => {
                if paragraphs > 0 {
                    text.push('\n');
                }
                paragraphs += 1;
                paragraph(xml, &mut text, &mut unknown)?;
            }
            // Notes, drawings and the like lie over the sheet and are not in the cell.
            Met::Start(element) => skip(xml, &element.name)?,
            Met::End(name) if name == cell.name => break,
            Met::Done => return Err(damaged("a cell has no end")),
            Met::End(_) | Met::Text(_) => {}
        }
    }
    let has_formula = cell.get("formula").is_some();
    let is_error = cell.all("value-type").any(|kind| kind == "error")
        || (has_formula && ERRORS.iter().any(|error| text.starts_with(error)));
    let value = ["value", "date-value", "time-value", "boolean-value", "string-value"]
        .iter()
        .find_map(|name| cell.get(name));
    let kind = cell.get("value-type");
    Ok(if is_error {
        Err(CellFault::Error(text))
    } else if let Some(element) = unknown {
        Err(CellFault::NotShown { value: text, format: element })
    } else if has_formula && kind.is_none() && paragraphs == 0 {
        Err(CellFault::NotCalculated)
    } else if paragraphs == 0 && value.is_some_and(|value| !value.is_empty()) {
        let (value, format) = (value.unwrap_or_default().to_owned(), kind.unwrap_or_default().to_owned());
        Err(CellFault::NotShown { value, format })
    } else {
        Ok(text)
    })
}

/// Reads a paragraph that began. By the standard, white space in it is one space, and none at its start or behind a
/// line break (section 6.1.2); `LibreOffice` writes and shows it as it stands, and shows no tabulator and no line break
/// of a paragraph. What is not the same by both is unknown. At the end the section has no space either, and that alone
/// is read as it stands: it is written so for a cell that ends in one.
fn paragraph(xml: &mut Xml, text: &mut String, unknown: &mut Option<String>) -> io::Result<()> {
    let mut is_behind_space = true;
    let mut unsure = |what: &str| {
        unknown.get_or_insert_with(|| what.to_owned());
    };
    loop {
        match xml.next()? {
            Met::Text(more) => {
                for c in more.chars() {
                    let is_space = matches!(c, ' ' | '\t' | '\r' | '\n');
                    if is_space && (is_behind_space || c != ' ') {
                        unsure("white space");
                    }
                    is_behind_space = is_space;
                    text.push(c);
                }
            }
            Met::Start(element) => match element.name.as_str() {
                "s" => {
                    let count = element.number("c")?.unwrap_or(1).min(COLUMNS_MAX as u64);
                    (0..count).for_each(|_| text.push(' '));
                    is_behind_space = false;
                }
                "span" | "a" | "ruby" | "ruby-base" => {}
                "ruby-text" => skip(xml, "ruby-text")?,
                other => unsure(other),
            },
            Met::End(name) if name == "p" => return Ok(()),
            Met::Done => return Err(damaged("a paragraph has no end")),
            Met::End(_) => {}
        }
    }
}

/// Skips to the end of an element that began.
fn skip(xml: &mut Xml, name: &str) -> io::Result<()> {
    let mut depth = 1;
    while depth > 0 {
        match xml.next()? {
            Met::Start(element) if element.name == name => depth += 1,
            Met::End(found) if found == name => depth -= 1,
            Met::Done => return Err(damaged("an element has no end")),
            _ => {}
        }
    }
    Ok(())
}
