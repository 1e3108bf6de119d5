//! The affected list: bytes to rows, rows to recipients and findings.
//!
//! The seam is kept: `source` counts and digests octets as they were supplied, `text` makes text of the file's
//! octets, `encoding` says in which encoding they are; `stretches` cuts text where records end, so that several can
//! be judged at once; `records` knows lines and quotes, `delimiter` what separates cells; `rows` turns records into
//! cells by way of the csv crate; `people` knows what a row means; `standards` what the values of its columns may be,
//! and `likely` what other words there mean; `settings` is affected.toml; `sheet` stands for a workbook's rows in the
//! place of text, and `shown` says what its numbers look like; `exported` is the form of lists that we write
//! ourselves, `beside` how lists beside the affected one are read. Everything streams: a list of a million rows is
//! never held whole.

mod beside;
mod delimiter;
mod encoding;
mod exported;
mod faults;
mod likely;
mod people;
mod records;
mod rows;
mod settings;
mod sheet;
pub mod shown;
mod source;
mod standards;
mod stretches;
mod text;

pub use beside::{BESIDE_OCTETS_MAX, read_left_out};
pub use delimiter::Delimiter;
pub use exported::{AS_WRITTEN, Export, LINE, ROW};
pub use people::{
    Alike, AsRead, Context, Counts, Earlier, Fated, Judge, Judged, JudgedRow, Known, KnownBefore, Names, Naming,
    People, Row, Search, Settling, Share, Shares, Suppressed, Suspects, Tally, Told, Unions, Wanted, other_columns,
};
pub use records::Fault;
pub use rows::{Form, Layout, RawRow, RowFault, Rows, RowsError};
pub use settings::{
    Decisions, LeaveOut, ListSettings, NamedFile, PendingBefore, PersonAddresses, SamePerson, SharedAddress, Which,
    lists_beside, read_settings,
};
pub use sheet::{CellFault, Letters, Sheet, SheetFault, SheetRow};
pub use source::{Source, Supplied};
pub use standards::{is_country, is_language, is_region};
pub use stretches::{Stretch, Stretches};
