//! Lists that forthwith writes itself, so that people can mend them in a spreadsheet: their own columns, and cells
//! that no spreadsheet takes for a formula. They are read back as they were.
//!
//! A spreadsheet reads a cell that begins with one of a few characters as a formula, which can send the list away
//! or start a program. Such a cell gets an apostrophe in front; so does one that looks as if it had got one, and so
//! the way back is exact. A plain list is never changed so: an apostrophe there is the list's own.

use super::{delimiter::Delimiter, rows::RawRow};
use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
};

/// How the columns begin that we add. A list that has [`ROW`] is one that we wrote.
pub(super) const OWN: &str = "forthwith_";
/// The data row in the list that was read.
pub const ROW: &str = "forthwith_row";
/// The physical line in the list that was read.
pub const LINE: &str = "forthwith_line";
/// A row that could not be taken apart, as it was written: whoever mends it fills the cells and empties this one.
pub const AS_WRITTEN: &str = "forthwith_as_written";

/// The byte order mark: without it, spreadsheets take UTF-8 for something else.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Returns whether a cell may be taken for a formula: by its first character behind what spreadsheets skip, in any
/// of the forms that they know.
fn is_armed(cell: &str) -> bool {
    let is_sign =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '−' | '\t' | '\r' | '\n');
    let is_skipped = |c: char| {
        matches!(c, '\u{feff}' | '\0' | '"' | '\'' | '‘' | '’' | '“' | '”' | ',' | ';' | '|')
            || (c.is_whitespace() && !is_sign(c))
    };
    cell.chars().find(|c| !is_skipped(*c)).is_some_and(is_sign)
}

/// Returns a cell as a spreadsheet may be given it.
pub fn disarmed(cell: &str) -> Cow<'_, str> {
    if is_armed(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// Returns the cell that [`disarmed`] made this one of.
pub(super) fn rearmed(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|cell| is_armed(cell)).unwrap_or(cell)
}

/// Writes a list for a spreadsheet: UTF-8 with its mark, CRLF, every cell disarmed.
pub struct Export<W: Write> {
    rows: csv::Writer<W>,
}

impl<W: Write> Export<W> {
    /// Begins with the names of the columns.
    ///
    /// # Errors
    ///
    /// What the output says; part of the list may be written then.
    pub fn new<'c>(
        mut out: W,
        delimiter: Delimiter,
        header: impl IntoIterator<Item = &'c str>,
    ) -> io::Result<Self> {
        out.write_all(MARK)?;
        let mut builder = csv::WriterBuilder::new();
        builder.flexible(true).delimiter(delimiter.octet()).terminator(csv::Terminator::CRLF);
        let mut export = Self { rows: builder.from_writer(out) };
        export.row(header)?;
        Ok(export)
    }

    /// Writes a row.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) -> io::Result<()> {
        for cell in cells {
            self.rows.write_field(disarmed(cell).as_ref()).map_err(io::Error::from)?;
        }
        self.rows.write_record(None::<&[u8]>).map_err(io::Error::from)
    }

    /// Ends, and returns the output.
    pub fn finish(self) -> io::Result<W> {
        self.rows.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

impl RawRow {
    /// Returns the row as it was written where its cells are not known, and nothing where they are. Octets that are
    /// no text are spelled out.
    pub fn as_written(&self) -> String {
        if self.fault.is_none() {
            return String::new();
        }
        let mut text = String::with_capacity(self.bytes.len());
        for chunk in self.bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for octet in chunk.invalid() {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\x{octet:02X}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affected::{Form, RowFault, Rows, Supplied, records::Fault};
    use proptest::prelude::*;

    /// Returns what reading `octets` gives: the header and the cells of each row.
    fn read(octets: &[u8]) -> (Vec<String>, Vec<Vec<String>>) {
        let mut rows = Rows::new("l.csv", &Form::default(), "email", Supplied::new(octets)).unwrap();
        let (mut row, mut all) = (RawRow::default(), Vec::new());
        while rows.read(&mut row).unwrap() {
            assert_eq!(row.fault, None::<RowFault>);
            all.push(row.cells.iter().map(str::to_owned).collect());
        }
        (rows.header().to_vec(), all)
    }

    #[test]
    fn formulas_of_every_form_are_disarmed() {
        for cell in [
            "=cmd|'/C calc'!A0",
            "+1-2",
            "-5",
            "@SUM(1+1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            ";=1",
            " =1",
            "\u{feff}=1",
            "\"=1",
            "'=1",
            "''=1",
            "\u{a0}=1",
            "’=1",
            ",=1",
            "|=1",
            "\0=1",
            "−5",
        ] {
            let safe = disarmed(cell);
            assert!(safe.starts_with('\'') && safe.len() == cell.len() + 1, "{cell:?} {safe:?}");
            assert_eq!(rearmed(&safe), cell);
        }
        for cell in ["", "Ada", "'t Hooft", "O'Neill", "'", "5", "a=b", "ada@people.example", "'quoted'"] {
            assert_eq!(disarmed(cell), cell);
            assert_eq!(rearmed(cell), cell);
        }
    }

    proptest! {
        #[test]
        fn every_cell_comes_back(
            cells in prop::collection::vec("['=+@\\-\t\r\n\"; ,|＝\u{feff}]{0,6}\\PC{0,12}", 1..40),
            which in 0_usize..4,
        ) {
            let header = ["email", "name", ROW];
            let rows: Vec<Vec<String>> = cells.iter().enumerate()
                .map(|(i, cell)| vec![cell.clone(), format!("={cell}"), (i + 1).to_string()])
                .collect();
            let mut export = Export::new(Vec::new(), Delimiter::ALL[which], header).unwrap();
            for row in &rows {
                export.row(row.iter().map(String::as_str)).unwrap();
            }
            let octets = export.finish().unwrap();
            let mut plain = csv::ReaderBuilder::new();
            plain.has_headers(false).delimiter(Delimiter::ALL[which].octet());
            for record in plain.from_reader(&octets[MARK.len()..]).records() {
                for cell in &record.unwrap() {
                    prop_assert!(cell.starts_with('\'') || !is_armed(cell), "{:?}", cell);
                }
            }
            prop_assert_eq!(read(&octets), (header.map(str::to_owned).to_vec(), rows));
        }
    }

    #[test]
    fn an_apostrophe_of_a_plain_list_is_its_own() {
        assert_eq!(read(b"email,name\na@b.c,'=1\n").1, [["a@b.c", "'=1"]]);
    }

    #[test]
    fn what_is_no_text_is_spelled_out() {
        let fault = Some(RowFault::Record(Fault::Nul));
        let row = RawRow { bytes: b"a,M\xfcller".to_vec(), fault, ..RawRow::default() };
        assert_eq!(row.as_written(), "a,M\\xFCller");
        assert_eq!(RawRow { bytes: b"a".to_vec(), ..RawRow::default() }.as_written(), "");
    }
}
