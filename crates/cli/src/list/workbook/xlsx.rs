//! Office Open XML workbooks (ECMA-376 part 1, section 18), as far as a list has need of them.

use super::{
    parts::Parts,
    xml::{Element, Met, Xml, damaged},
};
use forthwith_core::affected::{CellFault, Sheet, SheetRow, shown};
use std::{collections::BTreeMap, io, ops::RangeInclusive};

/// Columns that a sheet has.
const COLUMNS_MAX: u32 = 16_384;
/// Rows that a sheet has.
const ROWS_MAX: u64 = 1_048_576;
/// Octets of all texts of a workbook, which it holds apart from its cells: they are held while it is read.
const TEXTS_OCTETS_MAX: usize = 256 << 20;
/// Formats, and ways of showing cells, of a workbook: spreadsheets themselves have no more (64,000).
const FORMATS_MAX: usize = 65_536;
/// Merged places that are remembered: one is enough to refuse the list, the others are counted.
const MERGED_MAX: usize = 100_000;

/// A workbook, and the sheet that is open.
pub struct Xlsx {
    parts: Parts,
    /// The name of each sheet, and its part.
    sheets: Vec<(String, String)>,
    is_1904: bool,
    texts: Texts,
    /// The format of each style of cells.
    formats: Vec<String>,
    open: Option<Xml>,
    row: u64,
    rows_are_hidden: bool,
    hidden: Vec<RangeInclusive<u32>>,
    merged: Vec<(u64, u32)>,
}

/// The texts of a workbook, one behind the other.
#[derive(Default)]
struct Texts {
    all: String,
    ends: Vec<usize>,
}

impl Texts {
    fn get(&self, index: usize) -> Option<&str> {
        let start = index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.all.get(start..*self.ends.get(index)?)
    }
}

/// A relationship: its type's last word, and the part that it names.
type Related = BTreeMap<String, (String, String)>;

impl Xlsx {
    /// Reads what a workbook holds beside its sheets.
    pub fn new(mut parts: Parts) -> io::Result<Self> {
        let root = related(&mut parts, "")?;
        let book = root.values().find(|(kind, _)| kind == "officeDocument").map(|(_, part)| part.clone());
        let book = book.ok_or_else(|| damaged("it names no workbook"))?;
        let related = related(&mut parts, &book)?;
        let (sheets, is_1904) = sheets(&mut parts, &book, &related)?;
        let part_of = |kind: &str| related.values().find(|(found, _)| found == kind).map(|(_, part)| part.clone());
        let texts = part_of("sharedStrings").map_or(Ok(Texts::default()), |part| texts(&mut parts, &part))?;
        let formats = part_of("styles").map_or(Ok(Vec::new()), |part| formats(&mut parts, &part))?;
        let (hidden, merged) = (Vec::new(), Vec::new());
        let rows_are_hidden = false;
        Ok(Self { parts, sheets, is_1904, texts, formats, open: None, row: 0, rows_are_hidden, hidden, merged })
    }

    /// Returns how many octets of the file were read for the sheet.
    pub fn octets(&self) -> u64 {
        self.open.as_ref().map_or(0, Xml::octets)
    }

    /// Takes an element before or behind the rows.
    fn beside(&mut self, element: &Element) -> io::Result<()> {
        let is_zero = |name| element.get(name).is_some_and(|value| value.parse() == Ok(0.0_f32));
        match element.name.as_str() {
            "sheetFormatPr" => self.rows_are_hidden = element.is("zeroHeight"),
            "col" if element.is("hidden") || is_zero("width") => {
                let bound = |name| {
                    let number = element.number(name)?.and_then(|number| u32::try_from(number).ok());
                    number.and_then(|number| number.checked_sub(1)).ok_or_else(|| damaged("a column has no place"))
                };
                self.hidden.push(bound("min")?..=bound("max")?);
            }
            "mergeCell" if self.merged.len() < MERGED_MAX => {
                let first = element.get("ref").and_then(|cells| cells.split(':').next()).and_then(place);
                let (column, row) = first.ok_or_else(|| damaged("merged cells have no place"))?;
                self.merged.push((row, column));
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads the cells of a row that began.
    fn cells(&mut self, xml: &mut Xml, row: &mut SheetRow) -> io::Result<()> {
        loop {
            match xml.next()? {
                Met::Start(element) if element.name == "c" => {
                    let next = u32::try_from(row.cells.len()).unwrap_or(COLUMNS_MAX);
                    let column = match element.get("r") {
                        Some(cell) => place(cell).ok_or_else(|| damaged("a cell has no place"))?.0,
                        None => next,
                    };
                    if column < next || column >= COLUMNS_MAX {
                        return Err(damaged("the cells of a row are not in order"));
                    }
                    row.cells.extend((next..column).map(|_| Ok(String::new())));
                    row.cells.push(self.cell(xml, &element)?);
                }
                Met::End(name) if name == "row" => return Ok(()),
                Met::Done => return Err(damaged("a row has no end")),
                _ => {}
            }
        }
    }

    /// Reads a cell that began, and says what it shows.
    fn cell(&self, xml: &mut Xml, cell: &Element) -> io::Result<Result<String, CellFault>> {
        let (mut value, mut text, mut has_formula) = (None, None, false);
        loop {
            match xml.next()? {
                Met::Start(element) => match element.name.as_str() {
                    "v" => value = Some(text_of(xml, "v")?),
                    "is" => text = Some(rich_text(xml, "is")?),
                    "f" => has_formula = true,
                    _ => {}
                },
                Met::End(name) if name == "c" => break,
                Met::Done => return Err(damaged("a cell has no end")),
                _ => {}
            }
        }
        let style = cell.number("s")?.unwrap_or_default();
        let format = usize::try_from(style).ok().and_then(|style| self.formats.get(style));
        let format = match format {
            Some(format) => format,
            None if style == 0 => "General",
            None => return Err(damaged("a cell has a style that is not there")),
        };
        let as_text = |text: String| {
            let unsure = || CellFault::NotShown { value: text.clone(), format: format.to_owned() };
            if shown::shows_text(format) || text.is_empty() { Ok(text) } else { Err(unsure()) }
        };
        let not_shown = |value: String, format: &str| Err(CellFault::NotShown { value, format: format.to_owned() });
        Ok(match (cell.get("t").unwrap_or("n"), value) {
            ("inlineStr", _) => as_text(unescaped(&text.unwrap_or_default())),
            ("s", Some(index)) => {
                let text = index.trim().parse().ok().and_then(|index| self.texts.get(index));
                as_text(text.ok_or_else(|| damaged("a cell has a text that is not there"))?.to_owned())
            }
            ("str", Some(value)) => as_text(unescaped(&value)),
            ("e", Some(error)) => Err(CellFault::Error(error)),
            // Words for yes and no are in the language of the computer.
            ("b", Some(value)) => not_shown(value, "a truth value"),
            ("n", Some(value)) if !value.trim().is_empty() => {
                let number: f64 = value.trim().parse().map_err(|_| damaged("a number is none"))?;
                shown::number(number, format, self.is_1904)
                    .ok_or_else(|| CellFault::NotShown { value, format: format.to_owned() })
            }
            (_, None) | ("n", Some(_)) if has_formula => Err(CellFault::NotCalculated),
            (_, None) | ("n", Some(_)) => Ok(String::new()),
            (_, Some(value)) => not_shown(value, format),
        })
    }
}

impl Sheet for Xlsx {
    fn names(&self) -> Vec<String> {
        self.sheets.iter().map(|(name, _)| name.clone()).collect()
    }

    fn open(&mut self, name: &str) -> io::Result<()> {
        let part = self.sheets.iter().find(|(found, _)| found == name).map(|(_, part)| part.clone());
        let part = part.ok_or_else(|| io::Error::other("there is no such sheet"))?;
        self.open = Some(Xml::new(self.parts.open(&part)?));
        Ok(())
    }

    fn read(&mut self, row: &mut SheetRow) -> io::Result<bool> {
        let Some(mut xml) = self.open.take() else { return Ok(false) };
        loop {
            match xml.next()? {
                Met::Start(element) if element.name == "row" => {
                    let number = element.number("r")?.unwrap_or(self.row + 1);
                    if number <= self.row || number > ROWS_MAX {
                        return Err(damaged("its rows are not in order"));
                    }
                    self.row = number;
                    row.number = number;
                    let is_zero = element.get("ht").is_some_and(|height| height.parse() == Ok(0.0_f32));
                    let by_default = self.rows_are_hidden && element.get("hidden").is_none();
                    row.is_hidden = element.is("hidden") || is_zero || by_default;
                    row.cells.clear();
                    self.cells(&mut xml, row)?;
                    if row.cells.iter().any(|cell| cell.as_ref().map_or(true, |text| !text.is_empty())) {
                        self.open = Some(xml);
                        return Ok(true);
                    }
                }
                Met::Start(element) => self.beside(&element)?,
                Met::Done => {
                    self.open = Some(xml);
                    return Ok(false);
                }
                Met::End(_) | Met::Text(_) => {}
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

/// Returns column, from 0, and row, from 1, of a place such as `AB12`.
fn place(cell: &str) -> Option<(u32, u64)> {
    let digits = cell.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = cell.split_at(digits);
    let mut column: u32 = 0;
    for letter in letters.bytes() {
        let letter = letter.is_ascii_uppercase().then(|| u32::from(letter - b'A') + 1)?;
        column = column.checked_mul(26)?.checked_add(letter)?;
    }
    Some((column.checked_sub(1)?, row.parse().ok().filter(|row| *row > 0)?))
}

/// Reads the relationships of a part; of the whole file where it has no name.
fn related(parts: &mut Parts, part: &str) -> io::Result<Related> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let within = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let mut xml = Xml::new(parts.open(&within(&format!("_rels/{name}.rels")))?);
    let mut related = Related::new();
    loop {
        match xml.next()? {
            Met::Start(element) if element.name == "Relationship" => {
                let [id, kind, target] = ["Id", "Type", "Target"].map(|name| element.get(name).unwrap_or_default());
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                if element.get("TargetMode") != Some("External") {
                    let target = target.strip_prefix('/').map_or_else(|| within(target), str::to_owned);
                    related.insert(id.to_owned(), (kind, target));
                }
            }
            Met::Done => return Ok(related),
            _ => {}
        }
    }
}

/// Reads the names of the sheets with their parts, and whether days are counted from 1904.
fn sheets(parts: &mut Parts, book: &str, related: &Related) -> io::Result<(Vec<(String, String)>, bool)> {
    let mut xml = Xml::new(parts.open(book)?);
    let (mut sheets, mut is_1904) = (Vec::new(), false);
    loop {
        match xml.next()? {
            Met::Start(element) if element.name == "sheet" => {
                let found = element.get("id").and_then(|id| related.get(id));
                let (kind, part) = found.ok_or_else(|| damaged("a sheet is not there"))?;
                // Diagrams have sheets of their own, and no rows.
                if kind == "worksheet" {
                    sheets.push((element.get("name").unwrap_or_default().to_owned(), part.clone()));
                }
            }
            Met::Start(element) if element.name == "workbookPr" => is_1904 = element.is("date1904"),
            Met::Done => return Ok((sheets, is_1904)),
            _ => {}
        }
    }
}

fn texts(parts: &mut Parts, part: &str) -> io::Result<Texts> {
    let mut xml = Xml::new(parts.open(part)?);
    let mut texts = Texts::default();
    loop {
        match xml.next()? {
            Met::Start(element) if element.name == "si" => {
                texts.all.push_str(&unescaped(&rich_text(&mut xml, "si")?));
                texts.ends.push(texts.all.len());
                if texts.all.len() + texts.ends.len() > TEXTS_OCTETS_MAX {
                    let message =
                        format!("its texts have more than {TEXTS_OCTETS_MAX} octets; save the sheet as CSV");
                    return Err(io::Error::other(message));
                }
            }
            Met::Done => return Ok(texts),
            _ => {}
        }
    }
}

/// Reads the format of each style of cells.
fn formats(parts: &mut Parts, part: &str) -> io::Result<Vec<String>> {
    let mut xml = Xml::new(parts.open(part)?);
    let (mut own, mut formats, mut is_in_cells) = (BTreeMap::new(), Vec::new(), false);
    loop {
        match xml.next()? {
            Met::Start(element) => match element.name.as_str() {
                "numFmt" => {
                    let id = element.number("numFmtId")?.unwrap_or_default();
                    own.insert(id, element.get("formatCode").unwrap_or_default().to_owned());
                }
                "cellXfs" => is_in_cells = true,
                "xf" if is_in_cells => {
                    let id = element.number("numFmtId")?.unwrap_or_default();
                    formats.push(own.get(&id).cloned().unwrap_or_else(|| built_in(id)));
                }
                _ => {}
            },
            Met::End(name) if name == "cellXfs" => is_in_cells = false,
            Met::Done => return Ok(formats),
            _ => {}
        }
        if own.len().max(formats.len()) > FORMATS_MAX {
            return Err(damaged("it has too many formats"));
        }
    }
}

/// Returns a format that workbooks do not write out (ECMA-376 part 1, section 18.8.30). All but these depend on the
/// computer, and are named so that nothing shows them.
fn built_in(id: u64) -> String {
    match id {
        0 => "General".to_owned(),
        1 => "0".to_owned(),
        49 => "@".to_owned(),
        14 => "short date of the computer".to_owned(),
        other => format!("number {other} of the spreadsheet's own"),
    }
}

/// Reads the text of the element `name`, which began.
fn text_of(xml: &mut Xml, name: &str) -> io::Result<String> {
    let mut text = String::new();
    loop {
        match xml.next()? {
            Met::Text(more) => text.push_str(&more),
            Met::End(found) if found == name => return Ok(text),
            Met::Done => return Err(damaged("a text has no end")),
            _ => {}
        }
    }
}

/// Reads the text of the element `name`, which began, without the marks on how to speak it.
fn rich_text(xml: &mut Xml, name: &str) -> io::Result<String> {
    let (mut text, mut is_spoken) = (String::new(), false);
    loop {
        match xml.next()? {
            Met::Start(element) if element.name == "t" => {
                let more = text_of(xml, "t")?;
                if !is_spoken {
                    text.push_str(&more);
                }
            }
            Met::Start(element) if element.name == "rPh" => is_spoken = true,
            Met::End(found) if found == "rPh" => is_spoken = false,
            Met::End(found) if found == name => return Ok(text),
            Met::Done => return Err(damaged("a text has no end")),
            _ => {}
        }
    }
}

/// Returns a text with the characters that XML cannot hold (`_x000D_`; ECMA-376 part 1, section 22.9.2.19).
fn unescaped(text: &str) -> String {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("_x") {
        plain.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        let code = code.filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        if let Some(c) = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            plain.push(c);
            rest = &rest[at + 7..];
        } else {
            plain.push_str("_x");
            rest = &rest[at + 2..];
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_a_column_and_a_row() {
        for (cell, expected) in [
            ("A1", Some((0, 1))),
            ("Z9", Some((25, 9))),
            ("AA10", Some((26, 10))),
            ("XFD1048576", Some((16_383, 1_048_576))),
            ("A0", None),
            ("1", None),
            ("A", None),
            ("a1", None),
            ("ZZZZZZZZZZ1", None),
            ("", None),
        ] {
            assert_eq!(place(cell), expected, "{cell}");
        }
    }

    #[test]
    fn characters_that_xml_cannot_hold_are_written_out() {
        for (text, plain) in [
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_x00", "_x00"),
            ("_xyz_", "_xyz_"),
            ("_xD800_", "_xD800_"),
            ("x_xä000_", "x_xä000_"),
            ("_x_x0041_", "_xA"),
        ] {
            assert_eq!(unescaped(text), plain, "{text}");
        }
    }
}
