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
mod tests;
