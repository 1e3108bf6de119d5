//! What is recorded beside a run that is going on: a request to stop it.
//!
//! It is a short run of its own that takes no lock and writes nothing about notices.

use super::{
    IfEmpty, OpenLedgerError, RunIdentity, append_run_event,
    chain::Event,
    end_run,
    fault::{Fault, damaged},
    open_known,
    pen::{Pen, Salts},
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
    let missing = || OpenLedgerError::Missing { path: path.display().to_string() };
    let place = Place::find(path)?.ok_or_else(missing)?;
    if !place.is_locked()? {
        return Err(BesideError::NothingRuns);
    }
    let name = place.ledger.display().to_string();
    let mut connection = open_known(&place, &name, IfEmpty::Refuse)?;
    let recorded = write(&mut connection, |transaction| {
        let Some(owner) = stoppable_run(transaction)? else { return Ok(None) };
        let mut salts = Salts::default();
        let mut chain = start_run(transaction, &mut salts, identity)?;
        let at = identity.started_at;
        let facts = BTreeMap::from([("by", by.to_owned()), ("run", owner.to_string())]);
        let request = RunEvent { at, kind: "stop-requested", facts, private: Some(reason.as_bytes().to_vec()) };
        let event = append_run_event(&mut Pen::new(transaction, &mut salts)?, &mut chain, &request)?;
        transaction.execute(
            "INSERT INTO stops(run, event) VALUES(?1, ?2) ON CONFLICT(run) DO UPDATE SET event = excluded.event",
            params![owner, event],
        )?;
        end_run(transaction, &mut chain, &mut salts, at, "done")?;
        Ok(Some(chain.head))
    });
    recorded.map_err(|fault| fault.at("write", &name))?.ok_or(BesideError::NothingRuns)
}

/// Returns the run that holds the lock, where it looks for requests: a notify does, and no other command.
fn stoppable_run(connection: &Connection) -> Result<Option<i64>, Fault> {
    let sql = "SELECT r.run FROM owner o JOIN runs r ON r.run = o.run
               WHERE r.command = 'notify' AND r.ended_at IS NULL";
    Ok(connection.query_row(sql, (), |row| row.get(0)).optional()?)
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
