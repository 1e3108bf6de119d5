//! Who was merged into whom. It names people: the table lies in the packet's private part.

use super::tables::table;
use forthwith_core::{merged::Merged, private::Private};

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

/// Returns the table.
pub(super) fn merged_table(rows: &[PacketMerged]) -> Vec<u8> {
    let cells = |PacketMerged { person, into, merged }: &PacketMerged| {
        let [row, line, id, address, name] = person.cells();
        let [into_row, into_line, into_id, into_address, into_name] = into.cells();
        let why = merged.why.clone();
        [row, line, id, address, name, into_row, into_line, into_id, into_address, into_name, why]
    };
    table(COLUMNS, rows.iter().map(cells))
}

impl PacketPerson {
    fn cells(&self) -> [String; 5] {
        let [id, address, name] = [&self.id, &self.address, &self.name].map(|cell| cell.expose().clone());
        [self.row.to_string(), self.line.to_string(), id, address, name]
    }
}
