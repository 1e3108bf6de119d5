//! What is recorded beside a run that may be going on: a request to stop it, an approval and its withdrawal.
//!
//! Each is a short run of its own that takes no lock and writes nothing about notices.

use super::{
    IfEmpty, OpenLedgerError, RunIdentity, append_run_event,
    chain::{Chain, Event, Salts, digest},
    current_plan, end_run,
    fault::{Fault, damaged},
    open_known,
    place::Place,
    start_run, write,
};
use crate::{LedgerError, RunEvent, StopRequest};
use forthwith_core::digest::Digest;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::{collections::BTreeMap, path::Path};

/// Why nothing was recorded beside the run.
#[derive(Debug, thiserror::Error)]
pub enum BesideError {
    /// The ledger cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenLedgerError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is nothing to stop.
    #[error("no run is going on, so there is nothing to stop")]
    NothingRuns,
    /// The plan that stands is another one.
    #[error("the plan that stands is {standing}, not {approved}")]
    OtherPlan {
        /// The plan in the ledger.
        standing: Digest,
        /// The plan that was named.
        approved: Digest,
    },
    /// Nothing was frozen yet.
    #[error("there is no frozen plan")]
    NoPlan,
}

/// Records a request that the run which holds the lock drain and end; returns the head of the request's chain.
pub fn request_stop(path: &Path, identity: &RunIdentity, by: &str, reason: &str) -> Result<Digest, BesideError> {
    let place = find(path)?;
    if !place.is_locked()? {
        return Err(BesideError::NothingRuns);
    }
    record(&place, identity, |beside| {
        let owner: i64 =
            beside.transaction.query_row("SELECT run FROM owner WHERE one = 1", (), |row| row.get(0))?;
        let facts = BTreeMap::from([("by", by.to_owned()), ("run", owner.to_string())]);
        let event = beside.append("stop-requested", facts, Some(reason))?;
        beside.transaction.execute(
            "INSERT INTO stops(run, event) VALUES(?1, ?2) ON CONFLICT(run) DO UPDATE SET event = excluded.event",
            params![owner, event],
        )?;
        Ok(Ok(()))
    })
}

/// Records that `by` releases the plan with this digest, and why; returns the head of the approval's chain.
pub fn approve(
    path: &Path,
    identity: &RunIdentity,
    plan: Digest,
    by: &str,
    reason: &str,
) -> Result<Digest, BesideError> {
    decide(path, identity, "approved", plan, by, reason)
}

/// Records that `by` takes the release of the plan with this digest back.
pub fn withdraw_approval(
    path: &Path,
    identity: &RunIdentity,
    plan: Digest,
    by: &str,
    reason: &str,
) -> Result<Digest, BesideError> {
    decide(path, identity, "approval-withdrawn", plan, by, reason)
}

fn decide(
    path: &Path,
    identity: &RunIdentity,
    kind: &'static str,
    approved: Digest,
    by: &str,
    reason: &str,
) -> Result<Digest, BesideError> {
    record(&find(path)?, identity, |beside| {
        let Some((number, _)) = current_plan(beside.transaction)? else { return Ok(Err(BesideError::NoPlan)) };
        let sql = "SELECT digest FROM plans WHERE plan = ?1";
        let standing = digest(beside.transaction.query_row(sql, [number], |row| row.get(0))?)?;
        if standing != approved {
            return Ok(Err(BesideError::OtherPlan { standing, approved }));
        }
        let facts =
            BTreeMap::from([("by", by.to_owned()), ("digest", approved.hex()), ("plan", number.to_string())]);
        beside.append(kind, facts, Some(reason))?;
        Ok(Ok(()))
    })
}

/// Returns the request that `run` stop.
pub(crate) fn find_stop(connection: &Connection, run: i64) -> Result<Option<StopRequest>, Fault> {
    let mut statement = connection.prepare_cached("SELECT event FROM stops WHERE run = ?1")?;
    let Some(number) = statement.query_row([run], |row| row.get(0)).optional()? else { return Ok(None) };
    let event = Event::find(connection, number)?.ok_or_else(|| damaged(format!("there is no event {number}")))?;
    let reason = event.told.as_ref().map(|(_, bytes)| String::from_utf8_lossy(bytes.expose()).into_owned());
    let by = event.read_facts()?.remove("by");
    Ok(Some(StopRequest { at: event.at, by: by.unwrap_or_default(), reason: reason.unwrap_or_default() }))
}

fn find(path: &Path) -> Result<Place, OpenLedgerError> {
    Place::find(path)?.ok_or_else(|| OpenLedgerError::Missing { path: path.display().to_string() })
}

/// A short run under way.
struct Beside<'a> {
    transaction: &'a Transaction<'a>,
    chain: Chain,
    salts: Salts,
    identity: &'a RunIdentity,
}

impl Beside<'_> {
    fn append(
        &mut self,
        kind: &'static str,
        facts: BTreeMap<&'static str, String>,
        reason: Option<&str>,
    ) -> Result<i64, Fault> {
        let private = reason.map(|reason| reason.as_bytes().to_vec());
        let event = RunEvent { at: self.identity.started_at, kind, facts, private };
        append_run_event(self.transaction, &mut self.chain, &mut self.salts, &event)
    }
}

/// Records a whole run in one transaction: its start, what `work` appends, its end.
fn record(
    place: &Place,
    identity: &RunIdentity,
    work: impl FnOnce(&mut Beside<'_>) -> Result<Result<(), BesideError>, Fault>,
) -> Result<Digest, BesideError> {
    let name = place.ledger.display().to_string();
    let mut connection = open_known(place, &name, IfEmpty::Refuse)?;
    let mut refusal = None;
    let recorded = write(&mut connection, |transaction| {
        let mut salts = Salts::default();
        let chain = start_run(transaction, &mut salts, identity)?;
        let mut beside = Beside { transaction, chain, salts, identity };
        if let Err(refused) = work(&mut beside)? {
            refusal = Some(refused);
            return Err(damaged("refused"));
        }
        end_run(transaction, &mut beside.chain, &mut beside.salts, identity.started_at, "done")?;
        Ok(beside.chain.head)
    });
    match refusal {
        Some(refused) => Err(refused),
        None => Ok(recorded.map_err(|fault| fault.at("write", &name))?),
    }
}
