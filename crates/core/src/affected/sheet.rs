//! A sheet of a workbook as rows of cells: what a reader of workbooks gives, and how it is told where a sheet does
//! not say plainly what stands in it.
//!
//! What a person at the screen sees is what is read. Where that is not certain, the cell refuses its row, or the
//! sheet refuses the list; it knows no file.

use std::{fmt, io};

/// A workbook, and the sheet in it that is read.
pub trait Sheet {
    /// Returns the names of the sheets, those that are hidden too.
    fn names(&self) -> Vec<String>;

    /// Begins with the sheet of this name.
    ///
    /// # Errors
    ///
    /// The workbook cannot be read, or has no such sheet.
    fn open(&mut self, name: &str) -> io::Result<()>;

    /// Reads the next row that has anything in it, hidden ones too; `false` at the end of the sheet.
    fn read(&mut self, row: &mut SheetRow) -> io::Result<bool>;

    /// Returns the columns that are hidden, counted from 0, as far as they were met.
    fn hidden_columns(&self) -> &[std::ops::RangeInclusive<u32>];

    /// Returns the first cell of each group of merged ones, as far as they were met: row from 1, column from 0.
    fn merged(&self) -> &[(u64, u32)];
}

/// A row of a sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SheetRow {
    /// Its number as the sheet shows it, from 1.
    pub number: u64,
    /// Whether it is hidden, by hand or by a filter.
    pub is_hidden: bool,
    /// Its cells from column A on, as the sheet shows them. Behind the last one everything is empty.
    pub cells: Vec<Result<String, CellFault>>,
}

/// Why it is not certain what a cell shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellFault {
    /// It shows an error of the spreadsheet: `#N/A`.
    Error(String),
    /// It has a value and a format, and only the spreadsheet knows how they show.
    NotShown {
        /// The value as the file holds it.
        value: String,
        /// The format as the file holds it.
        format: String,
    },
    /// It has a formula that was never worked out.
    NotCalculated,
}

/// What is wrong with a row of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SheetFault {
    /// The row is hidden.
    Hidden,
    /// A cell is not certain.
    Cell {
        /// Its column, from 0.
        column: usize,
        /// Why.
        fault: CellFault,
    },
}

/// Shows a column as sheets do: `A`, `Z`, `AA`.
#[derive(Clone, Copy, Debug)]
pub struct Letters(pub usize);

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 26 {
            write!(f, "{}", Self(self.0 / 26 - 1))?;
        }
        let letter = u8::try_from(self.0 % 26).map_or('?', |i| char::from(b'A' + i));
        write!(f, "{letter}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        for (column, letters) in
            [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
        {
            assert_eq!(Letters(column).to_string(), letters);
        }
    }
}
