//! How the list is read: the meaning of affected.toml.

mod people;

pub use people::{Decisions, NamedFile, PendingBefore, PersonAddresses, SamePerson, SharedAddress};

use super::{delimiter::Delimiter, encoding, rows::Form};
use crate::{
    document::{self, Field, Table},
    finding::{Finding, Place},
};
use std::collections::{BTreeMap, BTreeSet};

/// What affected.toml says; all of it may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListSettings {
    /// How many rows the list must have: the sender's own count of it.
    pub expected_rows: Option<u64>,
    /// How the file is laid out.
    pub form: Form,
    /// Which header stands for which of our names, in lower case: `email` → `e-mail address`.
    pub columns: BTreeMap<String, String>,
    /// Rows that are left out by name.
    pub leave_out: Vec<LeaveOut>,
    /// A list of more of them.
    pub leave_out_file: Option<NamedFile>,
    /// What is decided about people.
    pub people: Decisions,
    /// What the list's own words in a column mean: column → word in lower case → value.
    pub values: BTreeMap<&'static str, BTreeMap<String, String>>,
}

impl ListSettings {
    /// Returns the name of the column that holds addresses, in lower case.
    pub fn email_column(&self) -> &str {
        self.columns.get("email").map_or("email", String::as_str)
    }

    /// Returns what `word` means in `column`: itself, unless `[values]` says otherwise.
    pub fn meant<'a>(&'a self, column: &str, word: &'a str) -> &'a str {
        let Some(values) = self.values.get(column) else { return word };
        values.get(&word.to_lowercase()).map_or(word, String::as_str)
    }
}

/// A row that is left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaveOut {
    /// Which.
    pub which: Which,
    /// Why, in the operator's words.
    pub reason: String,
    /// Who decided it, where that is said.
    pub by: Option<String>,
    /// Where that is written: in affected.toml, or in the list that it names.
    pub place: Place,
}

impl LeaveOut {
    /// Returns the reason and who gave it.
    pub fn note(&self) -> String {
        match &self.by {
            Some(by) => format!("{} (decided by {by})", self.reason),
            None => self.reason.clone(),
        }
    }
}

/// Which row is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every row with this id.
    Id(String),
    /// The row of this number, whose raw bytes have this fingerprint.
    Row {
        /// Counted from 1.
        row: u64,
        /// The first 8 hex digits of SHA-256 of its raw bytes.
        fingerprint: String,
    },
    /// Every row that is refused for this code and nothing else that is not left out too.
    Code {
        /// The code of the finding: `address-syntax`.
        code: String,
        /// How many rows that must be.
        count: u64,
    },
}

/// The names that a list's columns may have for us.
pub const STANDARD_COLUMNS: [&str; 11] =
    ["id", "email", "name", "country", "region", "language", "data", "consent", "street", "postcode", "city"];

/// Reads affected.toml.
pub fn read_settings(file: &str, bytes: &[u8]) -> (Option<ListSettings>, Vec<Finding>) {
    document::read(file, bytes, |root| {
        let list = match root.get("list") {
            Some(field) => field.table().and_then(|table| list(&table)),
            None => Some((None, Form::default())),
        };
        let columns = match root.get("columns") {
            Some(field) => field.table().and_then(|table| columns(&table)),
            None => Some(BTreeMap::new()),
        };
        let leave_out = match root.get("leave_out") {
            Some(field) => field.items().and_then(|items| {
                // All are read before any failure is passed on, so that all are reported.
                let read: Vec<_> = items.iter().map(leave_out).collect();
                read.into_iter().collect()
            }),
            None => Some(Vec::new()),
        };
        let leave_out_file = root.get("leave_out_file").map_or(Some(None), |field| people::file(&field).map(Some));
        let people = match root.get("people") {
            Some(field) => field.table().and_then(|table| people::read(&table)),
            None => Some(Decisions::default()),
        };
        let values = match root.get("values") {
            Some(field) => field.table().and_then(|table| values(&table)),
            None => Some(BTreeMap::new()),
        };
        let (expected_rows, form) = list?;
        Some(ListSettings {
            expected_rows,
            form,
            people: people?,
            values: values?,
            columns: columns?,
            leave_out: leave_out?,
            leave_out_file: leave_out_file?,
        })
    })
}

/// Returns the names of the lists that affected.toml names beside the affected list, whatever else is wrong with it.
pub fn lists_beside(bytes: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    // Findings are for whoever reads the file for its own sake.
    let _ = document::read("", bytes, |root| {
        let people = root.get("people").filter(Field::is_table).and_then(|field| field.table());
        let suppress = people.and_then(|people| people.get("suppress")).and_then(|field| field.items());
        let files = suppress.into_iter().flatten().chain(root.get("leave_out_file"));
        names.extend(files.filter_map(|file| Some(file.line()?.trim_start_matches("./").to_owned())));
        Some(())
    });
    names
}

/// Reads how many rows the list must have, and its form.
fn list(table: &Table<'_>) -> Option<(Option<u64>, Form)> {
    // All are read before any failure is passed on, so that all are reported.
    let expected_rows = table.get("expected_rows").map_or(Some(None), |field| field.number().map(Some));
    let encoding = table.get("encoding").map_or(Some(None), |field| encoding_of(&field).map(Some));
    let delimiter = table.get("delimiter").map_or(Some(None), |field| delimiter_of(&field).map(Some));
    let header_line = table.get("header_line").map_or(Some(None), |field| line_of(&field).map(Some));
    let sheet = table.get("sheet").map_or(Some(None), |field| field.line().map(Some));
    table.finish();
    let form = Form { encoding: encoding?, delimiter: delimiter?, header_line: header_line?, sheet: sheet? };
    Some((expected_rows?, form))
}

fn encoding_of(field: &Field<'_>) -> Option<&'static encoding_rs::Encoding> {
    let label = field.line()?;
    let found = encoding::parse(&label);
    if found.is_none() {
        let hint = "name it as the Encoding Standard does: utf-8, utf-16le, windows-1252, shift_jis";
        field.refuse_with("encoding-unknown", format!("`{label}` is no encoding that is known here"), hint);
    }
    found
}

fn delimiter_of(field: &Field<'_>) -> Option<Delimiter> {
    // A tabulator may stand there itself, which is no line of text.
    let text = field.text()?;
    let found = Delimiter::parse(&text);
    if found.is_none() {
        let names: Vec<_> = Delimiter::ALL.iter().map(|delimiter| format!("\"{}\"", delimiter.name())).collect();
        let message = "no list is separated by that";
        field.refuse_with("delimiter-unknown", message, format!("it is one of {}", names.join(", ")));
    }
    found
}

fn line_of(field: &Field<'_>) -> Option<u64> {
    let line = field.number()?;
    if line == 0 {
        field.refuse("wrong-value", "lines are counted from 1");
        return None;
    }
    Some(line)
}

fn columns(table: &Table<'_>) -> Option<BTreeMap<String, String>> {
    let mut columns = BTreeMap::new();
    for name in STANDARD_COLUMNS {
        if let Some(field) = table.get(name) {
            columns.insert(name.to_owned(), field.line()?.to_lowercase());
        }
    }
    table.finish();
    Some(columns)
}

fn values(table: &Table<'_>) -> Option<BTreeMap<&'static str, BTreeMap<String, String>>> {
    let mut all = BTreeMap::new();
    for column in ["country", "region", "language", "data", "consent"] {
        if let Some(field) = table.get(column) {
            let table = field.table()?;
            let read =
                table.entries().into_iter().map(|(word, _, field)| Some((word.to_lowercase(), field.line()?)));
            let read: Vec<_> = read.collect();
            all.insert(column, read.into_iter().collect::<Option<_>>()?);
        }
    }
    table.finish();
    Some(all)
}

fn leave_out(field: &Field<'_>) -> Option<LeaveOut> {
    let table = field.table()?;
    let reason = table.need("reason", "why the row is left out").and_then(|f| f.line());
    let by = table.get("by").map_or(Some(None), |f| f.line().map(Some));
    let id = table.get("id").map(|f| f.line());
    let row = table.get("row").map(|f| f.number());
    let fingerprint = table.get("fingerprint").map(|f| f.line());
    let code = table.get("code").map(|f| f.line());
    let count = table.get("count").map(|f| f.number());
    table.finish();
    let which = match (id, row, fingerprint, code, count) {
        (Some(id), None, None, None, None) => Which::Id(id?),
        (None, Some(row), Some(fingerprint), None, None) => Which::Row { row: row?, fingerprint: fingerprint? },
        (None, None, None, Some(code), Some(count)) => Which::Code { code: code?, count: count? },
        _ => {
            let message = "rows are left out by `id`, by `row` and `fingerprint`, or by `code` and `count`";
            field.refuse_with("leave-out", message, "`forthwith check` prints the line ready to paste");
            return None;
        }
    };
    Some(LeaveOut { which, reason: reason?, by: by?, place: Place::span(field.file(), field.span()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_list_is_declared() {
        let text = b"[list]\nencoding = \"latin1\"\ndelimiter = \"tab\"\nheader_line = 4\nexpected_rows = 12\n";
        let (settings, findings) = read_settings("affected.toml", text);
        assert_eq!(findings, []);
        let settings = settings.unwrap();
        let form = Form {
            encoding: Some(encoding_rs::WINDOWS_1252),
            delimiter: Some(Delimiter::Tab),
            header_line: Some(4),
            sheet: None,
        };
        assert_eq!((settings.form, settings.expected_rows), (form, Some(12)));
    }

    #[test]
    fn a_wrong_form_is_refused_whole() {
        let text = b"[list]\nencoding = \"ebcdic\"\ndelimiter = \"#\"\nheader_line = 0\nexpected_rows = -1\n";
        let (settings, findings) = read_settings("affected.toml", text);
        let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!(settings, None);
        assert_eq!(codes, ["encoding-unknown", "delimiter-unknown", "wrong-value", "wrong-type"]);
    }
}
