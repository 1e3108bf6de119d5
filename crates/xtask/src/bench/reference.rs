//! What `notify` is held against: Postfix's smtp-source, and how often a second the disk makes something durable.

use super::measure::{self, median};
use anyhow::Context as _;
use forthwith_testkit::tools;
use std::{net::SocketAddrV4, process::Command, time::Instant};

/// Commits that are timed: enough for some tenths of a second on a quick disk.
const COMMITS: u32 = 500;
/// How often they are timed, after once without a clock.
const ROUNDS: u32 = 3;

/// Whom smtp-source writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// One address, again and again: a relay that looks addresses up knows it after the first message.
    One,
    /// Another address with each message.
    Each,
}

/// Returns how many messages a second smtp-source hands over; it renders nothing and records nothing.
pub(crate) fn smtp_source(
    relay: SocketAddrV4,
    to: To,
    connections: usize,
    count: usize,
    size: usize,
) -> anyhow::Result<f64> {
    let source = tools::find("smtp-source").context("smtp-source is missing: cargo xtask test installs it")?;
    let mut command = Command::new(source);
    command.args(["-d", "-s", &connections.to_string(), "-m", &count.to_string()]);
    command.args(["-l", &size.to_string(), "-t", "person@people.example"]);
    if to == To::Each {
        command.arg("-N");
    }
    command.arg(relay.to_string());
    Ok(measure::run(&mut command, count)?.rate)
}

/// Returns how many commits of one row a second `SQLite` makes durable, set up as the ledger is.
///
/// `SQLite` itself is optimised in every profile of this workspace. Its log has its full length before the clock
/// runs, as that of a ledger has after some thousand notices: a log that grows costs more to sync.
pub(crate) fn commits_per_second() -> anyhow::Result<f64> {
    let folder = tempfile::Builder::new().prefix("commits-").tempdir_in(super::folder::parent()?)?;
    let database = rusqlite::Connection::open(folder.path().join("commits"))?;
    database.query_row("PRAGMA journal_mode = WAL", (), |_| Ok(()))?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.execute_batch("CREATE TABLE commits(one INTEGER PRIMARY KEY)")?;
    let mut insert = database.prepare("INSERT INTO commits VALUES(NULL)")?;
    let mut rates = Vec::new();
    for round in 0..=ROUNDS {
        let start = Instant::now();
        for _ in 0..COMMITS {
            insert.execute(())?;
        }
        if round > 0 {
            rates.push(f64::from(COMMITS) / start.elapsed().as_secs_f64());
        }
        // The next round writes over the log that this one has made.
        database.query_row("PRAGMA wal_checkpoint(RESTART)", (), |_| Ok(()))?;
    }
    Ok(median(&rates))
}
