//! What people do about the release of a plan: recorded beside whatever run goes on, and read back.
//!
//! What it means is not known here: it is a kind, facts in clear, and octets beside the chain. A withdrawal is one
//! more thing: a request that a notify which goes on drain and end.

use super::{
    BesideError, IfEmpty, LedgerReader, OpenLedgerError, RunIdentity, append_run_event, beside,
    chain::{Event, Salts, digest, time},
    current_plan, end_run,
    fault::{Fault, damaged},
    open_known,
    place::Place,
    start_run, write,
};
use crate::{LedgerError, RunEvent};
use forthwith_core::{digest::Digest, private::Private};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::{collections::BTreeMap, path::Path};

/// Acts that are read: a plan has a handful, and an incident some plans.
const ACTS_MAX: usize = 10_000;

/// Something that somebody does about the release of a plan.
#[derive(Clone, Debug)]
pub struct NewAct {
    /// The digest of the plan that it is about.
    pub plan: Digest,
    /// What, as a fixed name.
    pub kind: &'static str,
    /// The particulars, naming nobody; they enter the chain in clear.
    pub facts: BTreeMap<&'static str, String>,
    /// The whole of it; kept beside the chain.
    pub private: Vec<u8>,
    /// Whether a notify that goes on is to drain and end.
    pub ends_run: bool,
}

/// An act as it was recorded.
#[derive(Clone, Debug)]
pub struct ActView {
    /// The run that recorded it, and its number in that run, from 1.
    pub event: (i64, i64),
    /// The number of the plan that it is about.
    pub plan: i64,
    /// When.
    pub at: Timestamp,
    /// The latest time that the ledger knows of since.
    pub seen: Timestamp,
    /// What.
    pub kind: String,
    /// The whole of it; `None` once purged.
    pub private: Option<Private<Vec<u8>>>,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The ledger cannot be opened, or failed.
    #[error(transparent)]
    Beside(#[from] BesideError),
    /// Another plan stands by now.
    #[error("another plan has been frozen meanwhile")]
    OtherPlan,
}

/// Records `act` on the plan that stands, and returns the head of its chain.
///
/// It takes no lock, and is a short run of its own: a run that goes on is not held up.
pub fn record_act(path: &Path, identity: &RunIdentity, act: &NewAct) -> Result<Digest, ActError> {
    let missing = || OpenLedgerError::Missing { path: path.display().to_string() };
    let place = Place::find(path).map_err(BesideError::Open)?.ok_or_else(missing).map_err(BesideError::Open)?;
    let name = place.ledger.display().to_string();
    let mut connection = open_known(&place, &name, IfEmpty::Refuse).map_err(BesideError::Open)?;
    let recorded = write(&mut connection, |transaction| {
        let Some((plan, _)) = current_plan(transaction)? else { return Ok(None) };
        let standing =
            transaction.query_row("SELECT digest FROM plans WHERE plan = ?1", [plan], |row| row.get(0))?;
        if digest(standing)? != act.plan {
            return Ok(None);
        }
        let mut salts = Salts::default();
        let mut chain = start_run(transaction, &mut salts, identity)?;
        let at = identity.started_at;
        let mut facts = act.facts.clone();
        facts.extend([("digest", act.plan.hex()), ("plan", plan.to_string())]);
        let event = RunEvent { at, kind: act.kind, facts, private: Some(act.private.clone()) };
        let event = append_run_event(transaction, &mut chain, &mut salts, &event)?;
        if act.ends_run
            && let Some(run) = beside::stoppable_run(transaction)?
        {
            beside::keep_request(transaction, run, event)?;
        }
        end_run(transaction, &mut chain, &mut salts, at, "done")?;
        Ok(Some(chain.head))
    });
    let recorded = recorded.map_err(|fault| BesideError::Ledger(fault.at("write", &name)))?;
    recorded.ok_or(ActError::OtherPlan)
}

impl LedgerReader {
    /// Returns every act on the release of any plan of this ledger, in the order of recording; `kinds` are the names
    /// of their events.
    pub fn acts(&self, kinds: &[&str]) -> Result<Vec<ActView>, LedgerError> {
        self.read(|connection| {
            // Runs that record acts are few and short: their events are found through their runs.
            let mut statement = connection.prepare_cached(
                "SELECT e.event FROM runs r JOIN events e ON e.event BETWEEN r.run << 32 AND (r.run << 32) + r.length
                 WHERE r.command = 'approve' ORDER BY e.event",
            )?;
            let events = statement.query_map((), |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
            let mut acts = Vec::new();
            for number in events {
                let event = Event::find(connection, number)?;
                let event = event.ok_or_else(|| damaged(format!("there is no event {number}")))?;
                if kinds.contains(&event.kind.as_str()) && acts.len() < ACTS_MAX {
                    acts.push(view(connection, event)?);
                }
            }
            Ok(acts)
        })
    }
}

fn view(connection: &Connection, event: Event) -> Result<ActView, Fault> {
    let plan = event.read_facts()?.get("plan").and_then(|plan| plan.parse().ok());
    let plan = plan.ok_or_else(|| damaged(format!("event {} names no plan", event.number)))?;
    let seen = seen_since(connection, event.run())?;
    Ok(ActView {
        event: (event.run(), event.seq()),
        plan,
        at: event.at,
        seen: seen.max(event.at),
        kind: event.kind,
        private: event.told.map(|(_, bytes)| bytes),
    })
}

/// Returns the latest time of the runs from `run` on: when they began, ended, or last offered something.
fn seen_since(connection: &Connection, run: i64) -> Result<Timestamp, Fault> {
    let sql = "SELECT max(max(started_at, coalesce(ended_at, started_at))) FROM runs WHERE run >= ?1";
    let runs: i64 = connection.prepare_cached(sql)?.query_row([run], |row| row.get(0))?;
    // Read from the end of the index of what pace reads.
    let sql = "SELECT at FROM events WHERE kind = 'offered' AND event >= ?1 << 32 ORDER BY at DESC LIMIT 1";
    let offered: Option<i64> =
        connection.prepare_cached(sql)?.query_row(params![run], |row| row.get(0)).optional()?;
    time(runs.max(offered.unwrap_or(runs)))
}
