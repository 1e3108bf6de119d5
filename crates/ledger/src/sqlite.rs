//! The ledger as one `SQLite` file: a run opens it, holds its lock, and appends.
//!
//! Every change of a notice and the event that says so are one transaction, synced before it is reported
//! (write-ahead log, `synchronous=FULL`). Decisions about notices are core's.

mod approvals;
mod beside;
mod chain;
mod claim;
mod commit;
mod decide;
mod evidence;
mod fault;
mod freeze;
mod hold;
mod place;
mod read;
mod row;
mod schema;
mod story;
mod told;
mod verify;

pub use approvals::{ActError, ActView, NewAct, record_act};
pub use beside::{BesideError, request_stop};
pub use decide::{Decision, ResolveError};
pub use evidence::{Evidence, LeftRelay, Settled};
pub use freeze::{Freeze, FreezeError};
pub use hold::{record_hold, record_release};
pub use read::{Counts, CurrentPlan, DatedFacts, FrozenRows, LedgerReader, NoticeView, Notices, RunView, Which};
pub use row::SealedRow;
pub use story::{EventView, NoticeStory, Story, Waiting};
pub use told::{PeopleTold, PersonTold};
pub use verify::Flaw;

use crate::{Append, Claim, Ledger, LedgerError, Outcome, RunEvent, StopRequest};
use chain::{Chain, NOTHING, NewEvent, Salts, to_json};
use claim::Claims;
use fault::Fault;
use forthwith_core::digest::{Digest, hex};
use jiff::Timestamp;
use place::{Place, RunLock};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use schema::Version;
use std::{collections::BTreeMap, path::Path};

/// Who runs, as the first event of a run records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunIdentity {
    /// The command: `notify`.
    pub command: String,
    /// The program and its version.
    pub program: String,
    /// The system account.
    pub account: String,
    /// The host's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Whether the system says that its clock is synchronised; `None` where it does not say.
    pub clock_synchronised: Option<bool>,
    /// When the run started.
    pub started_at: Timestamp,
}

/// Why a ledger cannot be opened. Nothing was written but, at most, an empty ledger and its lock file.
#[derive(Debug, thiserror::Error)]
pub enum OpenLedgerError {
    /// Another run holds the lock.
    #[error("the ledger {path} is in use by {command}, process {pid}, since {since}")]
    Locked {
        /// The ledger.
        path: String,
        /// What holds it.
        command: String,
        /// Its process.
        pid: String,
        /// When it took the lock.
        since: String,
    },
    /// The path is a link, or others could read or replace what is there.
    #[error("{path} is not safe: {why}")]
    Unsafe {
        /// The file or folder.
        path: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A newer program wrote it.
    #[error("the ledger {path} has version {found}, and this program knows up to {known}: use a newer program")]
    Newer {
        /// The ledger.
        path: String,
        /// Its version.
        found: i32,
        /// The newest version that this program knows.
        known: i32,
    },
    /// There is no ledger, and the operation does not make one.
    #[error("there is no ledger at {path}: nothing was frozen here yet")]
    Missing {
        /// Where it was looked for.
        path: String,
    },
    /// It is no ledger, or contradicts itself.
    #[error("the ledger {path} is damaged: {what}")]
    Damaged {
        /// The ledger.
        path: String,
        /// What was found.
        what: String,
    },
    /// A read or write failed.
    #[error("cannot {doing} {path}")]
    Storage {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<LedgerError> for OpenLedgerError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Storage { doing, path, source } => Self::Storage { doing, path, source },
            LedgerError::Damaged { path, what } => Self::Damaged { path, what },
            other => Self::Damaged { path: String::new(), what: other.to_string() },
        }
    }
}

/// A ledger that a run holds: nobody else writes about notices until it is dropped.
#[derive(Debug)]
pub struct SqliteLedger {
    connection: Connection,
    path: String,
    chain: Chain,
    salts: Salts,
    plan: Option<i64>,
    has_offer: bool,
    claims: Claims,
    /// Last, so that the lock is given up after the connection is closed.
    _lock: RunLock,
}

impl SqliteLedger {
    /// Opens the ledger at `path` for a run, making it where there is none, and records that the run started.
    ///
    /// The lock is taken before anything else and held until the ledger is dropped.
    pub fn open(path: &Path, identity: &RunIdentity) -> Result<Self, OpenLedgerError> {
        let (place, lock) = Place::take(path, &identity.command, identity.pid, identity.started_at)?;
        place.make_file()?;
        let name = place.ledger.display().to_string();
        let mut connection = open_known(&place, &name, IfEmpty::Create)?;
        // The log is made by now.
        place.sync_folder()?;
        let mut salts = Salts::default();
        let opened = begin(&mut connection, &mut salts, identity).map_err(|fault| fault.at("write", &name))?;
        let (chain, plan, has_offer) = opened;
        let claims = Claims::default();
        Ok(Self { connection, path: name, chain, salts, plan, has_offer, claims, _lock: lock })
    }

    /// Returns the digest of this run's last event: who keeps it can tell later whether the run was rewritten.
    pub fn head(&self) -> Digest {
        self.chain.head
    }

    /// Returns the number of this run.
    pub fn run(&self) -> i64 {
        self.chain.run
    }

    /// Records that the run ends, and how: `done`, `stopped`, `failed`. Returns the head of its chain.
    pub fn end(mut self, at: Timestamp, how: &str) -> Result<Digest, LedgerError> {
        let mut chain = self.chain.clone();
        let ended =
            write(&mut self.connection, |transaction| end_run(transaction, &mut chain, &mut self.salts, at, how));
        ended.map_err(|fault| fault.at("write", &self.path))?;
        Ok(chain.head)
    }

    /// Returns a reader of the same ledger, which need not outlive the run.
    pub fn reader(&self) -> Result<LedgerReader, OpenLedgerError> {
        LedgerReader::open(Path::new(&self.path))?
            .ok_or_else(|| OpenLedgerError::Missing { path: self.path.clone() })
    }

    /// Lets the file grow by `pages` more pages of 4 KiB and no further, as a full disk would.
    #[cfg(any(test, feature = "model"))]
    pub fn limit_growth(&mut self, pages: u32) -> Result<(), LedgerError> {
        let limit = || {
            let count: u32 = self.connection.query_row("PRAGMA page_count", (), |row| row.get(0))?;
            self.connection.pragma_update(None, "max_page_count", count + pages)
        };
        limit().map_err(|error| Fault::from(error).at("limit", &self.path))
    }
}

impl Ledger for SqliteLedger {
    fn claim(&mut self, want: usize, now: Timestamp) -> Result<Claim, LedgerError> {
        let Some(plan) = self.plan else { return Ok(Claim::default()) };
        self.claims.claim(&self.connection, plan, want, now).map_err(|fault| fault.at("read", &self.path))
    }

    fn claim_waiting(&mut self, want: usize, offered_by: Timestamp) -> Result<Claim, LedgerError> {
        let Some(plan) = self.plan else { return Ok(Claim::default()) };
        let claimed = self.claims.claim_waiting(&self.connection, plan, want, offered_by);
        claimed.map_err(|fault| fault.at("read", &self.path))
    }

    fn commit(&mut self, entries: &[Append]) -> Result<Vec<Outcome>, LedgerError> {
        commit::commit(self, entries).map_err(|fault| fault.at("write", &self.path))
    }

    fn stop_requested(&mut self) -> Result<Option<StopRequest>, LedgerError> {
        beside::find_stop(&self.connection, self.chain.run).map_err(|fault| fault.at("read", &self.path))
    }
}

/// What opening does with a file that holds nothing yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IfEmpty {
    Create,
    Refuse,
}

fn open_known(place: &Place, name: &str, if_empty: IfEmpty) -> Result<Connection, OpenLedgerError> {
    let fault = |fault: Fault| OpenLedgerError::from(fault.at("open", name));
    let mut connection = schema::open_to_write(&place.ledger).map_err(fault)?;
    match schema::version(&connection, &place.ledger).map_err(fault)? {
        Version::Known => {}
        Version::Older(from) => schema::upgrade(&mut connection, from).map_err(fault)?,
        Version::Empty if if_empty == IfEmpty::Create => schema::create(&mut connection).map_err(fault)?,
        Version::Empty => return Err(OpenLedgerError::Missing { path: name.to_owned() }),
        Version::Newer(found) => return Err(newer(name, found)),
    }
    Ok(connection)
}

fn newer(name: &str, found: i32) -> OpenLedgerError {
    OpenLedgerError::Newer { path: name.to_owned(), found, known: schema::SCHEMA_VERSION }
}

/// Runs `work` in one transaction that no other writer can break into.
fn write<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

/// Begins a run that may write about notices.
fn begin(
    connection: &mut Connection,
    salts: &mut Salts,
    identity: &RunIdentity,
) -> Result<(Chain, Option<i64>, bool), Fault> {
    write(connection, |transaction| {
        let chain = start_run(transaction, salts, identity)?;
        transaction.execute(
            "INSERT INTO owner(one, run) VALUES(1, ?1) ON CONFLICT(one) DO UPDATE SET run = excluded.run",
            [chain.run],
        )?;
        let plan = current_plan(transaction)?;
        Ok((chain, plan.map(|(plan, _)| plan), plan.is_some_and(|(_, has_offer)| has_offer)))
    })
}

/// Returns the number of the plan that stands, and whether anything of it was ever offered.
fn current_plan(connection: &Connection) -> Result<Option<(i64, bool)>, Fault> {
    let sql = "SELECT plan, first_offer_at IS NOT NULL FROM plans WHERE superseded_at IS NULL
               ORDER BY plan DESC LIMIT 1";
    Ok(connection.prepare_cached(sql)?.query_row((), |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// Records a new run and its first event, which names the heads that no earlier run has named.
fn start_run(transaction: &Transaction<'_>, salts: &mut Salts, identity: &RunIdentity) -> Result<Chain, Fault> {
    let run: i64 = transaction.query_row("SELECT coalesce(max(run), 0) + 1 FROM runs", (), |row| row.get(0))?;
    let clock = identity.clock_synchronised.map_or("unknown", |is| if is { "synchronised" } else { "free" });
    let mut facts = BTreeMap::from([
        ("account".to_owned(), identity.account.clone()),
        ("clock".to_owned(), clock.to_owned()),
        ("command".to_owned(), identity.command.clone()),
        ("host".to_owned(), identity.host.clone()),
        ("pid".to_owned(), identity.pid.to_string()),
        ("program".to_owned(), identity.program.clone()),
    ]);
    facts.extend(unnamed_heads(transaction)?);
    let facts = serde_json::to_string(&facts).expect("a map of strings is JSON");
    let mut chain = Chain { run, length: 0, head: NOTHING };
    let at = identity.started_at;
    transaction.execute(
        "INSERT INTO runs(run, command, started_at, length, head) VALUES(?1, ?2, ?3, 0, ?4)",
        params![run, identity.command, at.as_microsecond(), NOTHING.as_bytes()],
    )?;
    let started = NewEvent { at, kind: "started", notice: None, facts: &facts, private: None };
    chain.append(transaction, salts, &started)?;
    keep_head(transaction, &chain)?;
    Ok(chain)
}

/// Returns the heads of earlier runs as facts, and marks them as named: each is named once, by the next run,
/// which is itself named by the one after.
fn unnamed_heads(transaction: &Transaction<'_>) -> Result<Vec<(String, String)>, Fault> {
    let mut statement = transaction.prepare("SELECT run, head FROM runs WHERE named IS NOT head ORDER BY run")?;
    let mut heads = Vec::new();
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let (run, head): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        heads.push((format!("head.{run}"), hex(&head)));
    }
    drop(rows);
    transaction.execute("UPDATE runs SET named = head WHERE named IS NOT head", ())?;
    Ok(heads)
}

/// Keeps the end of the chain beside the run, so that a chain cut short is seen.
fn keep_head(transaction: &Transaction<'_>, chain: &Chain) -> Result<(), Fault> {
    transaction.prepare_cached("UPDATE runs SET length = ?2, head = ?3 WHERE run = ?1")?.execute(params![
        chain.run,
        chain.length,
        chain.head.as_bytes()
    ])?;
    Ok(())
}

fn end_run(
    transaction: &Transaction<'_>,
    chain: &mut Chain,
    salts: &mut Salts,
    at: Timestamp,
    how: &str,
) -> Result<(), Fault> {
    let facts = to_json(&BTreeMap::from([("how", how.to_owned())]));
    let ended = NewEvent { at, kind: "ended", notice: None, facts: &facts, private: None };
    chain.append(transaction, salts, &ended)?;
    transaction.execute(
        "UPDATE runs SET ended_at = ?2, how = ?3 WHERE run = ?1",
        params![chain.run, at.as_microsecond(), how],
    )?;
    keep_head(transaction, chain)
}

/// Appends what happened to the run itself.
fn append_run_event(
    transaction: &Transaction<'_>,
    chain: &mut Chain,
    salts: &mut Salts,
    event: &RunEvent,
) -> Result<i64, Fault> {
    let facts = to_json(&event.facts);
    let new =
        NewEvent { at: event.at, kind: event.kind, notice: None, facts: &facts, private: event.private.as_deref() };
    chain.append(transaction, salts, &new)
}
