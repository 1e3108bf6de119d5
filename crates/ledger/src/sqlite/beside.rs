//! What is recorded beside a run that is going on: a request to stop it, and whatever else ends it.
//!
//! It is a short run of its own that takes no lock and writes nothing about notices.

use super::{
    IfEmpty, OpenLedgerError, RunIdentity, append_run_event,
    chain::{Event, Salts},
    end_run,
    fault::{Fault, damaged},
    open_known,
    place::Place,
    start_run, write,
};
use crate::{LedgerError, RunEvent, StopRequest};
use forthwith_core::digest::Digest;
use rusqlite::{Connection, OptionalExtension, params};
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
    /// No notify is going on. Other commands never look for a request, and are short.
    #[error("no run is going on that can be stopped")]
    NothingRuns,
}

/// Records a request that the notify which is going on drain and end; returns the head of the request's chain.
pub fn request_stop(path: &Path, identity: &RunIdentity, by: &str, reason: &str) -> Result<Digest, BesideError> {
    let place = find(path)?;
    if !place.is_locked()? {
        return Err(BesideError::NothingRuns);
    }
    let request = |owner: Option<i64>| {
        let facts = BTreeMap::from([("by", by.to_owned()), ("run", owner?.to_string())]);
        let private = Some(reason.as_bytes().to_vec());
        Some(RunEvent { at: identity.started_at, kind: "stop-requested", facts, private })
    };
    record(&place, identity, request, Drains::Running)?.ok_or(BesideError::NothingRuns)
}

/// Finds a ledger that is there already.
pub(crate) fn find(path: &Path) -> Result<Place, OpenLedgerError> {
    Place::find(path)?.ok_or_else(|| OpenLedgerError::Missing { path: path.display().to_string() })
}

/// What a record beside a run does to the notify that is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drains {
    /// It drains and ends.
    Running,
    /// It goes on.
    Nothing,
}

/// Records the event that `event` makes of the number of the notify that is going on, where one is; returns the head
/// of its chain, or nothing where it makes none.
///
/// The event is the second of a run of its own, between its start and its end.
pub(crate) fn record(
    place: &Place,
    identity: &RunIdentity,
    event: impl FnOnce(Option<i64>) -> Option<RunEvent>,
    drains: Drains,
) -> Result<Option<Digest>, BesideError> {
    let name = place.ledger.display().to_string();
    let mut connection = open_known(place, &name, IfEmpty::Refuse)?;
    let recorded = write(&mut connection, |transaction| {
        let owner = stoppable_run(transaction)?;
        let Some(event) = event(owner) else { return Ok(None) };
        let mut salts = Salts::default();
        let mut chain = start_run(transaction, &mut salts, identity)?;
        let number = append_run_event(transaction, &mut chain, &mut salts, &event)?;
        if let (Drains::Running, Some(owner)) = (drains, owner) {
            keep_request(transaction, owner, number)?;
        }
        end_run(transaction, &mut chain, &mut salts, identity.started_at, "done")?;
        Ok(Some(chain.head))
    });
    Ok(recorded.map_err(|fault| fault.at("write", &name))?)
}

/// Returns the run that may write about notices, where it looks for requests: a notify does, and no other command.
/// One that was killed looks for nothing any more.
pub(super) fn stoppable_run(connection: &Connection) -> Result<Option<i64>, Fault> {
    let sql = "SELECT r.run FROM owner o JOIN runs r ON r.run = o.run
               WHERE r.command = 'notify' AND r.ended_at IS NULL";
    Ok(connection.query_row(sql, (), |row| row.get(0)).optional()?)
}

/// Keeps `event` as the request that `run` stop.
pub(super) fn keep_request(connection: &Connection, run: i64, event: i64) -> Result<(), Fault> {
    let sql = "INSERT INTO stops(run, event) VALUES(?1, ?2) ON CONFLICT(run) DO UPDATE SET event = excluded.event";
    connection.execute(sql, params![run, event])?;
    Ok(())
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
