//! The tables of a ledger, its version, and how a connection is set up.
//!
//! Personal data lies in `recipients`, `inputs` and `event_private` alone: a purge empties them, and what is
//! left still proves itself.

use super::fault::{Fault, damaged};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};
use std::{collections::BTreeSet, path::Path, time::Duration};

/// `FWTH`: the file is a ledger of forthwith.
const APPLICATION_ID: i32 = 0x4657_5448;
/// The version of the tables. A change of them is a new number, and a step of [`upgrade`].
pub(crate) const SCHEMA_VERSION: i32 = 2;
/// How long a writer waits for another short write (`stop`) to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Octets of the header of a database file (`SQLite` file format, section 1.3).
const HEADER_OCTETS: u64 = 100;
/// Prepared statements kept; there are fewer in all.
const STATEMENTS_MAX: usize = 64;
/// Pages of 4 KiB in the log before they are copied to the file: 16 MiB, so that a copy is rare while notices go out.
const CHECKPOINT_PAGES: i32 = 4_096;
/// Memory for pages, in KiB, while notices go out: what is due lies together, and every commit looks through it all.
const CACHE_KIB: i32 = 4 * 1_024;
/// Memory for pages, in KiB, while a plan is frozen: tokens and addresses come in no order.
const FREEZE_CACHE_KIB: i32 = 128 * 1_024;

/// How much is synced, as a name and as the number that `SQLite` answers. NORMAL would sync only at checkpoints,
/// and lose offers with the power.
#[cfg(not(feature = "unsynced"))]
const SYNCHRONOUS: (&str, i32) = ("FULL", 2);
/// Nothing is synced: this is the build that the order proof must be seen to refuse.
#[cfg(feature = "unsynced")]
const SYNCHRONOUS: (&str, i32) = ("OFF", 0);
#[cfg(all(feature = "unsynced", not(debug_assertions)))]
compile_error!("the feature `unsynced` loses offers with the power: it exists for one test and is never released");

/// The tables of version 1. Times are microseconds since 1970 in UTC, digests 32 bytes.
const TABLES: &str = "
-- One line a freezing. Only the plan that is not superseded has rows, notices and inputs.
CREATE TABLE plans(
  plan INTEGER PRIMARY KEY,
  digest BLOB NOT NULL,
  manifest TEXT NOT NULL,
  frozen_at INTEGER NOT NULL,
  incident TEXT NOT NULL,
  list_name TEXT NOT NULL,
  list_digest BLOB NOT NULL,
  rows INTEGER NOT NULL,
  planned INTEGER NOT NULL,
  first_offer_at INTEGER,
  superseded_at INTEGER
) STRICT;
-- What was read, verbatim.
CREATE TABLE inputs(
  plan INTEGER NOT NULL,
  name TEXT NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY(plan, name)
) STRICT, WITHOUT ROWID;
-- Every row of the affected list; `digest` is salted and binds the whole row.
CREATE TABLE rows(
  plan INTEGER NOT NULL,
  row INTEGER NOT NULL,
  line INTEGER NOT NULL,
  withheld TEXT,
  digest BLOB NOT NULL,
  PRIMARY KEY(plan, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX rows_withheld ON rows(plan, withheld, row) WHERE withheld IS NOT NULL;
-- The person of a row. `person` is JSON: the whole recipient, or name and note of a person withheld.
CREATE TABLE recipients(
  plan INTEGER NOT NULL,
  row INTEGER NOT NULL,
  id TEXT NOT NULL,
  address TEXT NOT NULL COLLATE NOCASE,
  person TEXT NOT NULL,
  salt BLOB NOT NULL,
  PRIMARY KEY(plan, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX recipients_id ON recipients(plan, id) WHERE id <> '';
CREATE INDEX recipients_address ON recipients(plan, address) WHERE address <> '';
-- What is owed, numbered in keyed order.
CREATE TABLE notices(
  notice INTEGER PRIMARY KEY,
  plan INTEGER NOT NULL,
  row INTEGER NOT NULL,
  channel TEXT NOT NULL,
  purpose TEXT NOT NULL,
  token TEXT NOT NULL UNIQUE,
  position INTEGER NOT NULL,
  keyed_order INTEGER NOT NULL,
  variant TEXT NOT NULL,
  content BLOB NOT NULL,
  state INTEGER NOT NULL,
  doubted INTEGER NOT NULL,
  deferrals INTEGER NOT NULL,
  requeues INTEGER NOT NULL,
  due INTEGER,
  date INTEGER,
  wire BLOB,
  offered_by INTEGER,
  last INTEGER NOT NULL,
  report TEXT,
  UNIQUE(plan, row, channel, purpose)
) STRICT;
-- What a claim reads first: those that wait for another attempt. Those never attempted are read by number,
-- which is in keyed order: an index of them would be written with every offer.
CREATE INDEX notices_due ON notices(plan, due, position) WHERE due IS NOT NULL;
-- What a person may have to look at: offered, bounced, let stand, expired. (IN would build a table at every update.)
CREATE INDEX notices_rest ON notices(plan, state, position)
  WHERE state = 2 OR state = 4 OR state = 5 OR state = 6;
-- How many notices are in each state: kept with every change, so that nobody counts a million.
CREATE TABLE tallies(
  plan INTEGER NOT NULL,
  state INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY(plan, state)
) STRICT, WITHOUT ROWID;
-- One line a run. `named` is the head that a later run's first event has named.
CREATE TABLE runs(
  run INTEGER PRIMARY KEY,
  command TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  how TEXT,
  length INTEGER NOT NULL,
  head BLOB NOT NULL,
  named BLOB
) STRICT;
-- The run that may write about notices.
CREATE TABLE owner(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  run INTEGER NOT NULL
) STRICT;
-- Append only. A chain a run: `digest` is over the event and `previous`. `before` is the same notice's event before.
CREATE TABLE events(
  event INTEGER PRIMARY KEY,
  run INTEGER GENERATED ALWAYS AS (event >> 32) VIRTUAL,
  seq INTEGER GENERATED ALWAYS AS (event & 4294967295) VIRTUAL,
  previous BLOB NOT NULL,
  digest BLOB NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  notice INTEGER,
  token TEXT,
  before INTEGER,
  facts TEXT NOT NULL,
  private BLOB
) STRICT;
-- What pace reads. Time comes first, so that it grows at its end alone.
CREATE INDEX events_pace ON events(at, kind) WHERE kind = 'offered' OR kind = 'accepted';
-- What an event says in words that may be personal; the event holds its salted digest.
CREATE TABLE event_private(
  event INTEGER PRIMARY KEY,
  salt BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
-- Requests that a run end.
CREATE TABLE stops(
  run INTEGER PRIMARY KEY,
  event INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What version 2 adds.
const SINCE_2: &str = "
-- What happened to runs, by its kind: the last of one is found without a look at what happened to notices.
CREATE INDEX events_of_runs ON events(kind) WHERE notice IS NULL;
";

/// What the version of a file says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Empty,
    Known,
    /// It can be read as it is, and is written once it was brought up.
    Older(i32),
    Newer(i32),
}

/// Opens the file for reading and writing, with every commit synced before it is reported.
pub(crate) fn open_to_write(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let connection = open(path, flags)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
    let (level, number) = SYNCHRONOUS;
    connection.pragma_update(None, "synchronous", level)?;
    let synchronous: i32 = connection.query_row("PRAGMA synchronous", (), |row| row.get(0))?;
    if mode != "wal" || synchronous != number {
        return Err(damaged(format!("it cannot be made durable: journal {mode}, synchronous {synchronous}")));
    }
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}

/// Runs `work` with the memory that freezing needs, and gives it back.
pub(crate) fn with_room<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    connection.pragma_update(None, "cache_size", -FREEZE_CACHE_KIB)?;
    let done = work(connection);
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    done
}

/// Opens the file for reading, beside a run that writes.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection, Fault> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, Fault> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A statement keeps its plan: without this, SQLite prepares some again for every value bound to them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Temporary tables and sorts hold personal data too: never in a file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Reads what kind of file this is; damage where it is no ledger at all.
pub(crate) fn version(connection: &Connection, path: &Path) -> Result<Version, Fault> {
    // SQLite takes less than a header for an empty file.
    let length = path.metadata().map_or(0, |found| found.len());
    if (1..HEADER_OCTETS).contains(&length) {
        return Err(damaged("it ends within its header"));
    }
    let id: i32 = connection.query_row("PRAGMA application_id", (), |row| row.get(0))?;
    let version: i32 = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    match (id, version) {
        (0, 0) if tables == 0 => Ok(Version::Empty),
        (APPLICATION_ID, SCHEMA_VERSION) => Ok(Version::Known),
        (APPLICATION_ID, older) if (1..SCHEMA_VERSION).contains(&older) => Ok(Version::Older(older)),
        (APPLICATION_ID, newer) if newer > SCHEMA_VERSION => Ok(Version::Newer(newer)),
        _ => Err(damaged("it is not a ledger of forthwith")),
    }
}

/// Returns the names of what the file defines otherwise than this program would: tables, indexes, triggers.
pub(crate) fn differences(connection: &Connection) -> Result<Vec<String>, Fault> {
    let fresh = Connection::open_in_memory()?;
    let version: i32 = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    fresh.execute_batch(TABLES)?;
    fresh.execute_batch(&steps(1, version))?;
    let (found, expected) = (definitions(connection)?, definitions(&fresh)?);
    Ok(found.symmetric_difference(&expected).map(|(name, _)| name.clone()).collect())
}

fn definitions(connection: &Connection) -> Result<BTreeSet<(String, Option<String>)>, Fault> {
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema")?;
    let definitions = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(definitions.collect::<Result<_, _>>()?)
}

/// Returns what leads from the tables of one version to those of a later one.
fn steps(from: i32, to: i32) -> String {
    [(2, SINCE_2)].iter().filter(|(version, _)| (from + 1..=to).contains(version)).map(|(_, step)| *step).collect()
}

/// Brings a file of the version `from` up to the version of this program, or leaves it as it is.
pub(crate) fn upgrade(connection: &mut Connection, from: i32) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i32 = transaction.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    // A request to stop takes no lock: somebody else may have been quicker.
    if found == from {
        transaction.execute_batch(&steps(from, SCHEMA_VERSION))?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    Ok(transaction.commit()?)
}

/// Makes the tables in an empty file.
pub(crate) fn create(connection: &mut Connection) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLES)?;
    transaction.execute_batch(&steps(1, SCHEMA_VERSION))?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    Ok(transaction.commit()?)
}
