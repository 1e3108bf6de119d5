//! Inserts the rows of a frozen plan into fresh tables of the same form, in one transaction, and prints how long that
//! took as JSON: what `cargo xtask bench intake` holds the freezing of a plan against.
//!
//! Arguments: a ledger with a frozen plan, and a file to make. The rows are in memory before the clock starts. It makes
//! nothing of them: no digest, no token, no order; and it has the ledger's own settings of `SQLite`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring tool for developers")]

use rusqlite::{Connection, OpenFlags, params_from_iter, types::Value};
use std::{env, time::Instant};

/// The tables that hold a plan's people.
const TABLES: [&str; 3] = ["rows", "recipients", "notices"];
/// What the ledger has while it freezes.
const SETTINGS: [(&str, &str); 4] =
    [("journal_mode", "WAL"), ("synchronous", "FULL"), ("wal_autocheckpoint", "4096"), ("cache_size", "-131072")];

fn main() {
    let [from, to] = [1, 2].map(|i| env::args().nth(i).unwrap());
    let ledger = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let tables = TABLES.map(|table| (table, rows(&ledger, table)));
    let mut copy = Connection::open(to).unwrap();
    for (name, value) in SETTINGS {
        copy.pragma_update(None, name, value).unwrap();
    }
    for sql in schema(&ledger) {
        copy.execute(&sql, ()).unwrap();
    }
    let begun = Instant::now();
    let transaction = copy.transaction().unwrap();
    for (table, rows) in &tables {
        let width = rows.first().map_or(1, Vec::len);
        let values = vec!["?"; width].join(", ");
        let mut insert = transaction.prepare(&format!("INSERT INTO {table} VALUES({values})")).unwrap();
        for row in rows {
            insert.execute(params_from_iter(row)).unwrap();
        }
    }
    transaction.commit().unwrap();
    println!("{{\"seconds\":{:.3},\"rows\":{}}}", begun.elapsed().as_secs_f64(), tables[0].1.len());
}

/// Returns every row of a table, in the order of its key.
fn rows(ledger: &Connection, table: &str) -> Vec<Vec<Value>> {
    let mut all = ledger.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let width = all.column_count();
    let read = all.query_map((), |row| (0..width).map(|i| row.get(i)).collect()).unwrap();
    read.map(Result::unwrap).collect()
}

/// Returns what makes the tables and their indexes.
fn schema(ledger: &Connection) -> Vec<String> {
    let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid";
    let mut all = ledger.prepare(sql).unwrap();
    let read = all.query_map((), |row| row.get::<_, String>(0)).unwrap();
    read.map(Result::unwrap).filter(|sql| TABLES.iter().any(|table| sql.contains(&format!(" {table}(")))).collect()
}
