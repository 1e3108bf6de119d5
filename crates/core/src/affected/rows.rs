//! Turns records into rows of cells under the names of the header.

use super::records::{Fault, Record, Records};
use crate::{
    digest::{Digest, Hashing},
    finding::{Finding, Place},
};
use std::io::{self, BufRead, Read};

/// Columns in a list. Each is a name that templates know.
const COLUMNS_MAX: usize = 500;

/// Why no row of a list can be read.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The input failed; the list was not read to its end.
    #[error("cannot read the list")]
    Input(#[from] io::Error),
    /// The list is refused before its first row.
    #[error("the list is refused")]
    Refused(Vec<Finding>),
}

/// One row: its cells, or what is wrong with its form.
#[derive(Debug, Default)]
pub struct RawRow {
    /// The data row, counted from 1.
    pub row: u64,
    /// The physical line where it starts.
    pub line: u64,
    /// Its bytes without the line end.
    pub bytes: Vec<u8>,
    /// What is wrong with its form; the cells are empty then.
    pub fault: Option<RowFault>,
    /// Its cells, one a column.
    pub cells: csv::StringRecord,
}

/// How a row breaks the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowFault {
    /// The record is malformed.
    Record(Fault),
    /// It has another number of cells than the header.
    Cells {
        /// How many it has.
        found: usize,
    },
}

/// Reads rows. The header is read at once; names are compared without case and surrounding space.
pub struct Rows<R> {
    records: Records<Tap<R>>,
    cells: csv::Reader<Feed>,
    header: Vec<String>,
    record: Record,
    row: u64,
}

impl<R: BufRead> Rows<R> {
    /// Reads the header of the list `file`.
    ///
    /// # Errors
    ///
    /// The input's own, or the findings that refuse the list: empty, or a header that cannot be read.
    pub fn new(file: &str, input: R) -> Result<Self, RowsError> {
        let mut records = Records::new(Tap { input, hashing: Hashing::default() });
        let mut record = Record::default();
        if !records.read(&mut record)? {
            let finding = Finding::refused("empty-list", Place::file(file), "the list is empty: it has no header");
            return Err(RowsError::Refused(vec![
                finding.hint("the first line names the columns; only `email` is required"),
            ]));
        }
        let mut cells = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Feed::default());
        let header = read_header(file, &record, &mut cells)?;
        Ok(Self { records, cells, header, record, row: 0 })
    }

    /// Returns the names of the columns: lower case, without surrounding space.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Returns how many octets were read so far.
    pub fn octets(&self) -> u64 {
        self.records.octets()
    }

    /// Reads the next row; `false` at the end of the list.
    pub fn read(&mut self, row: &mut RawRow) -> io::Result<bool> {
        if !self.records.read(&mut self.record)? {
            return Ok(false);
        }
        self.row += 1;
        row.row = self.row;
        row.line = self.record.line;
        std::mem::swap(&mut row.bytes, &mut self.record.bytes);
        row.cells.clear();
        row.fault = self.record.fault.take().map(RowFault::Record);
        if row.fault.is_none() {
            read_cells(&mut self.cells, &row.bytes, &mut row.cells);
            let found = row.cells.len();
            row.fault = (found != self.header.len()).then_some(RowFault::Cells { found });
        }
        Ok(true)
    }

    /// Reads what is left and returns the SHA-256 of all bytes of the list.
    pub fn digest(self) -> io::Result<Digest> {
        let mut input = self.records.into_input();
        let mut rest = [0; 8192];
        while input.read(&mut rest)? > 0 {}
        Ok(input.hashing.finish())
    }
}

fn read_header(file: &str, record: &Record, cells: &mut csv::Reader<Feed>) -> Result<Vec<String>, RowsError> {
    let place = Place { line: Some(record.line), ..Place::file(file) };
    if let Some(fault) = &record.fault {
        let (code, message, hint) = super::people::describe(fault);
        let finding = Finding::refused(code, place, format!("in the header: {message}"));
        return Err(RowsError::Refused(vec![finding.hint(hint)]));
    }
    let mut names = csv::StringRecord::new();
    read_cells(cells, &record.bytes, &mut names);
    let names: Vec<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
    if names.len() > COLUMNS_MAX {
        let message = format!("the list has {} columns; at most {COLUMNS_MAX}", names.len());
        return Err(RowsError::Refused(vec![Finding::refused("too-many-columns", place, message)]));
    }
    let mut findings = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let place = Place { column: Some(name.clone()), ..place.clone() };
        if name.is_empty() {
            let message = format!("column {} has no name", i + 1);
            findings.push(Finding::refused("unnamed-column", place, message).hint("name it, or delete it"));
        } else if names.iter().take(i).any(|earlier| earlier == name) {
            let message = format!("two columns are named `{name}`");
            findings.push(Finding::refused("column-twice", place, message).hint("rename or delete one of them"));
        }
    }
    if findings.is_empty() { Ok(names) } else { Err(RowsError::Refused(findings)) }
}

/// Takes a well-formed record apart with the csv crate.
fn read_cells(reader: &mut csv::Reader<Feed>, bytes: &[u8], cells: &mut csv::StringRecord) {
    reader.get_mut().give(bytes);
    // The bytes are UTF-8 and end in one line end, both known: what is left to fail is nothing.
    let is_read = reader.read_record(cells).expect("a record that is UTF-8 is read");
    debug_assert!(is_read, "a record that is not empty is read");
}

/// Hands one record at a time to the csv crate, so that it cannot read across records.
#[derive(Default)]
struct Feed {
    bytes: Vec<u8>,
    at: usize,
}

impl Feed {
    fn give(&mut self, bytes: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.bytes.push(b'\n');
        self.at = 0;
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

/// Digests what passes.
struct Tap<R> {
    input: R,
    hashing: Hashing,
}

impl<R: BufRead> Read for Tap<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        self.hashing.add(&buffer[..n]);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Tap<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        // `fill_buf` does not read again while its buffer is not used up.
        if let Ok(buffer) = self.input.fill_buf() {
            self.hashing.add(&buffer[..n]);
        }
        self.input.consume(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u64, u64, Vec<String>, Option<RowFault>)> {
        let mut rows = Rows::new("l.csv", text.as_bytes()).unwrap();
        let (mut row, mut all) = (RawRow::default(), Vec::new());
        while rows.read(&mut row).unwrap() {
            let cells = row.cells.iter().map(str::to_owned).collect();
            all.push((row.row, row.line, cells, row.fault.clone()));
        }
        assert_eq!(rows.digest().unwrap(), Digest::of(text.as_bytes()));
        all
    }

    #[test]
    fn cells_are_exact() {
        let found = rows(" Email ,NAME\r\na@b.c,\"Ada, \"\"the\"\"\r\nfirst\"\r\nc@d.e, x \r\n");
        assert_eq!(found[0], (1, 2, vec!["a@b.c".into(), "Ada, \"the\"\r\nfirst".into()], None));
        assert_eq!(found[1], (2, 4, vec!["c@d.e".into(), " x ".into()], None));
    }

    #[test]
    fn a_row_with_other_cells_is_a_fault_of_that_row_alone() {
        let found = rows("email,name\na@b.c\nc@d.e,x,y\ne@f.g,z\n");
        assert_eq!(found[0].3, Some(RowFault::Cells { found: 1 }));
        assert_eq!(found[1].3, Some(RowFault::Cells { found: 3 }));
        assert_eq!(found[2].3, None);
    }

    #[test]
    fn cells_survive_records_longer_than_any_buffer() {
        let long = "x".repeat(100_000);
        let found = rows(&format!("email,name\na@b.c,{long}\nb@b.c,y\n"));
        assert_eq!(found[0].2[1], long);
        assert_eq!(found[1].2[1], "y");
    }

    #[test]
    fn headers_that_are_refused() {
        for (text, code) in [
            ("", "empty-list"),
            ("\u{feff}\n", "empty-list"),
            ("email,email\n", "column-twice"),
            ("email, Email \n", "column-twice"),
            ("email,\n", "unnamed-column"),
            ("\"email\n", "unclosed-quote"),
        ] {
            let Err(RowsError::Refused(findings)) = Rows::new("l.csv", text.as_bytes()) else { panic!("{text:?}") };
            assert_eq!(findings[0].code, code, "{text:?}");
        }
    }
}
