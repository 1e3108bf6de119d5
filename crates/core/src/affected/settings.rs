//! How the list is read: the meaning of affected.toml.

use crate::{
    document::{self, Field, Table},
    finding::Finding,
};
use std::{collections::BTreeMap, ops::Range};

/// What affected.toml says; all of it may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListSettings {
    /// How many rows the list must have: the sender's own count of it.
    pub expected_rows: Option<u64>,
    /// Which header stands for which of our names, in lower case: `email` → `e-mail address`.
    pub columns: BTreeMap<String, String>,
    /// Rows that are left out by name.
    pub leave_out: Vec<LeaveOut>,
}

/// A row that is left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaveOut {
    /// Which.
    pub which: Which,
    /// Why, in the operator's words.
    pub reason: String,
    /// Its bytes in affected.toml.
    pub span: Range<usize>,
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
}

/// The names that a list's columns may have for us.
pub const STANDARD_COLUMNS: [&str; 10] =
    ["id", "email", "name", "country", "region", "language", "data", "street", "postcode", "city"];

/// Reads affected.toml.
pub fn read_settings(file: &str, bytes: &[u8]) -> (Option<ListSettings>, Vec<Finding>) {
    document::read(file, bytes, |root| {
        let expected_rows = match root.get("list") {
            Some(field) => field.table().and_then(|table| {
                let rows = table.get("expected_rows").map_or(Some(None), |field| field.number().map(Some));
                table.finish();
                rows
            }),
            None => Some(None),
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
        Some(ListSettings { expected_rows: expected_rows?, columns: columns?, leave_out: leave_out? })
    })
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

fn leave_out(field: &Field<'_>) -> Option<LeaveOut> {
    let table = field.table()?;
    let reason = table.need("reason", "why the row is left out").and_then(|f| f.line());
    let id = table.get("id").map(|f| f.line());
    let row = table.get("row").map(|f| f.number());
    let fingerprint = table.get("fingerprint").map(|f| f.line());
    table.finish();
    let which = match (id, row, fingerprint) {
        (Some(id), None, None) => Which::Id(id?),
        (None, Some(row), Some(fingerprint)) => Which::Row { row: row?, fingerprint: fingerprint? },
        _ => {
            let hint = "`forthwith check` prints the line ready to paste";
            field.refuse_with("leave-out", "a row is left out by `id`, or by `row` and `fingerprint`", hint);
            return None;
        }
    };
    Some(LeaveOut { which, reason: reason?, span: field.span() })
}
