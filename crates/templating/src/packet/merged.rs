//! The table of who was merged into whom, for a spreadsheet. It names people: it lies in the packet's private part.

use forthwith_core::{
    affected::{Delimiter, Export},
    merged::Merged,
    private::Private,
};

/// A row that gets no notice of its own, because another row's notice stands for it.
pub struct PacketMerged {
    /// Whose row it is.
    pub person: PacketPerson,
    /// Whose notice stands for it.
    pub into: PacketPerson,
    /// Why: what the note on the row says.
    pub merged: Merged,
}

/// A person as the list has them.
pub struct PacketPerson {
    /// The data row, counted from 1.
    pub row: u64,
    /// The physical line where the row starts.
    pub line: u64,
    /// The id column.
    pub id: Private<String>,
    /// The address.
    pub address: Private<String>,
    /// The name column.
    pub name: Private<String>,
}

/// The columns of the table.
const COLUMNS: [&str; 11] =
    ["row", "line", "id", "email", "name", "into_row", "into_line", "into_id", "into_email", "into_name", "why"];

/// Returns the table, UTF-8 with its mark and CRLF.
pub(super) fn table(rows: &[PacketMerged]) -> Vec<u8> {
    let written = Export::new(Vec::new(), Delimiter::Comma, COLUMNS).and_then(|mut export| {
        for PacketMerged { person, into, merged } in rows {
            let numbers = [person.row, person.line, into.row, into.line].map(|number| number.to_string());
            let [row, line, into_row, into_line] = &numbers;
            export.row([
                row,
                line,
                person.id.expose().as_str(),
                person.address.expose(),
                person.name.expose(),
                into_row,
                into_line,
                into.id.expose(),
                into.address.expose(),
                into.name.expose(),
                &merged.why,
            ])?;
        }
        export.finish()
    });
    written.expect("memory takes every octet")
}
