//! Octets as one value of one event in a ledger that was kept whole: every change is found, whatever it is, and
//! nothing that reads a ledger panics. The files of a ledger, bit by bit, are `flips` in the tests of its crate.
#![no_main]

use forthwith_core::state::State;
use forthwith_ledger::{
    LedgerError,
    sqlite::{LedgerReader, Which},
};
use rusqlite::{Connection, params, types::Value};
use std::{fs, path::PathBuf, sync::OnceLock};

/// A ledger with a notice in every state.
const WHOLE: &[u8] = include_bytes!("../../crates/cli/tests/fixtures/ledger-1/ledger.sqlite");
/// What octets become.
#[derive(Clone, Copy, Debug)]
enum As {
    /// A text, even where they are none.
    Text,
    /// The number that the first eight are.
    Number,
    Octets,
}

/// What an event is made of.
const COLUMNS: [(&str, &str, As); 11] = [
    ("events", "facts", As::Text),
    ("events", "kind", As::Text),
    ("events", "token", As::Text),
    ("events", "at", As::Number),
    ("events", "notice", As::Number),
    ("events", "before", As::Number),
    ("events", "previous", As::Octets),
    ("events", "digest", As::Octets),
    ("events", "private", As::Octets),
    ("event_private", "salt", As::Octets),
    ("event_private", "bytes", As::Octets),
];

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let [event, column, value @ ..] = octets else { return };
    let (table, column, form) = COLUMNS[usize::from(*column) % COLUMNS.len()];
    fs::write(ledger(), WHOLE).unwrap();
    let is_changed = change(u32::from(*event), table, column, form, value);
    let is_noticed = is_noticed();
    assert_eq!(is_noticed, is_changed, "{column} of event {event} becomes {:?}", value.escape_ascii().to_string());
    read_all();
});

/// The ledger of this process, in a folder of its own.
fn ledger() -> &'static PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| tempfile::tempdir().unwrap().keep().join("ledger.sqlite"))
}

/// Puts a value into a column of the n-th event, and returns whether that is another one than before. A value that
/// the table itself refuses changes nothing.
fn change(event: u32, table: &str, column: &str, form: As, octets: &[u8]) -> bool {
    let connection = Connection::open(ledger()).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    let count: u32 = connection.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0)).unwrap();
    let find = format!("SELECT event FROM {table} ORDER BY event LIMIT 1 OFFSET {}", event % count);
    let event: i64 = connection.query_row(&find, (), |row| row.get(0)).unwrap();
    let read = || -> Value {
        // As it is kept, whatever it calls itself.
        let sql = format!("SELECT CAST({column} AS BLOB) FROM {table} WHERE event = ?1");
        connection.query_row(&sql, [event], |row| row.get(0)).unwrap()
    };
    let before = read();
    let (value, sql) = match form {
        As::Text => (Value::Blob(octets.to_vec()), "CAST(?1 AS TEXT)"),
        As::Octets => (Value::Blob(octets.to_vec()), "?1"),
        As::Number => {
            (Value::Integer(octets.iter().take(8).fold(0, |number, octet| number << 8 | i64::from(*octet))), "?1")
        }
    };
    let update = format!("UPDATE {table} SET {column} = {sql} WHERE event = ?2");
    let is_kept = connection.execute(&update, params![value, event]).is_ok();
    is_kept && read() != before
}

/// Returns whether the ledger is refused or its flaws are found.
fn is_noticed() -> bool {
    match LedgerReader::open(ledger()).map(|reader| reader.unwrap().verify()) {
        Err(_) | Ok(Err(LedgerError::Damaged { .. })) => true,
        Ok(Err(error)) => panic!("not seen as damage: {error}: {:?}", std::error::Error::source(&error)),
        Ok(Ok(flaws)) => !flaws.is_empty(),
    }
}

/// Reads what commands read. Errors are answers, panics are none.
fn read_all() {
    let Ok(Some(reader)) = LedgerReader::open(ledger()) else { return };
    let _ = (reader.counts(), reader.current_plan(), reader.left_relay(), reader.living_run());
    let _ = (reader.last_run(None), reader.last_run(Some("notify")), reader.last_event("pace"));
    let _ = reader.attempt_times_since(jiff::Timestamp::UNIX_EPOCH);
    for state in State::ALL {
        let _ = reader.notices(Which::In(state)).map(Iterator::count);
    }
    for number in 1..=9 {
        let _ = reader.stories(&format!("F{number}"));
    }
    for run in 1..=6 {
        let _ = (reader.waiting(run), reader.starts_after_kills(run));
    }
}
