//! Tables for a spreadsheet: UTF-8 with its mark, CRLF, and no cell that a spreadsheet would run.

use forthwith_core::affected::{Delimiter, Export};

/// Returns a table with these columns.
pub(super) fn table<const N: usize>(columns: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Vec<u8> {
    let written = Export::new(Vec::new(), Delimiter::Comma, columns).and_then(|mut export| {
        for row in rows {
            export.row(row.iter().map(String::as_str))?;
        }
        export.finish()
    });
    written.expect("memory takes every octet")
}
