//! Octets as one value of one event in a ledger that was kept whole: every change is found, whatever it is, and
//! nothing that reads a ledger panics. The files of a ledger, bit by bit, are `flips` in the tests of its crate.
#![no_main]

use forthwith_core::state::State;
use forthwith_ledger::{
    LedgerError,
    sqlite::{LedgerReader, Which},
};
use rusqlite::{Connection, params, types::Value};
use std::{
    fs::{OpenOptions, Permissions, set_permissions},
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::PathBuf,
};

/// A ledger of this version, with a notice in every state.
const WHOLE: &[u8] = include_bytes!("../../crates/cli/tests/fixtures/ledger-2/ledger.sqlite");
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
    DESK.with(|desk| {
        let before = desk.change(u32::from(*event), table, column, form, value);
        let is_noticed = desk.read_all();
        let says = value.escape_ascii();
        assert_eq!(is_noticed, before.is_some(), "{column} of event {event} becomes \"{says}\"");
        if let Some((event, before)) = before {
            desk.put_back(table, column, event, &before);
        }
    });
});

thread_local! {
    /// Made once for each process: to write the file anew and to open it cost most of an execution.
    static DESK: Desk = Desk::new();
}

/// The ledger of this process, in a folder of its own.
struct Desk {
    path: PathBuf,
    /// Stays open, so that the log beside the ledger is not made anew for each value.
    hand: Connection,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        let path = folder.join("ledger.sqlite");
        // One that others can reach is refused unread, and every change would be noticed for nothing.
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path).unwrap();
        file.write_all(WHOLE).unwrap();
        let hand = Connection::open(&path).unwrap();
        hand.pragma_update(None, "synchronous", "OFF").unwrap();
        let desk = Self { path, hand };
        assert!(!desk.read_all(), "what nobody changed is whole");
        desk
    }

    /// Puts a value into a column of the n-th event, and returns that event and what stood there, where that is
    /// something else. A value that the table itself refuses changes nothing.
    fn change(&self, event: u32, table: &str, column: &str, form: As, octets: &[u8]) -> Option<(i64, Value)> {
        let count = format!("SELECT count(*) FROM {table}");
        let count: u32 = self.hand.prepare_cached(&count).unwrap().query_row((), |row| row.get(0)).unwrap();
        let find = format!("SELECT event FROM {table} ORDER BY event LIMIT 1 OFFSET ?1");
        let event: i64 =
            self.hand.prepare_cached(&find).unwrap().query_row([event % count], |row| row.get(0)).unwrap();
        // As it is, and as it is kept, whatever it calls itself.
        let read = |what: &str| -> Value {
            let sql = format!("SELECT {what} FROM {table} WHERE event = ?1");
            self.hand.prepare_cached(&sql).unwrap().query_row([event], |row| row.get(0)).unwrap()
        };
        let kept = format!("CAST({column} AS BLOB)");
        let (before, kept_before) = (read(column), read(&kept));
        let (value, sql) = match form {
            As::Text => (Value::Blob(octets.to_vec()), "CAST(?1 AS TEXT)"),
            As::Octets => (Value::Blob(octets.to_vec()), "?1"),
            As::Number => {
                let number = octets.iter().take(8).fold(0, |number, octet| number << 8 | i64::from(*octet));
                (Value::Integer(number), "?1")
            }
        };
        let update = format!("UPDATE {table} SET {column} = {sql} WHERE event = ?2");
        let is_kept = self.hand.prepare_cached(&update).unwrap().execute(params![value, event]).is_ok();
        (is_kept && read(&kept) != kept_before).then_some((event, before))
    }

    fn put_back(&self, table: &str, column: &str, event: i64, before: &Value) {
        let update = format!("UPDATE {table} SET {column} = ?1 WHERE event = ?2");
        self.hand.prepare_cached(&update).unwrap().execute(params![before, event]).unwrap();
    }

    /// Reads what commands read, and returns whether the ledger is refused or its flaws are found. Other errors are
    /// answers too, panics are none.
    fn read_all(&self) -> bool {
        let Ok(Some(reader)) = LedgerReader::open(&self.path) else { return true };
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
        match reader.verify() {
            Err(LedgerError::Damaged { .. }) => true,
            Err(error) => panic!("not seen as damage: {error}: {:?}", std::error::Error::source(&error)),
            Ok(flaws) => !flaws.is_empty(),
        }
    }
}
