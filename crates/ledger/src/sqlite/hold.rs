//! Holds and their release: recorded beside a run or before there is one, and read back.
//!
//! They stand in the ledger and not in the plan, so that lifting one changes nothing that was approved. Whether one
//! stands is core's to say.

use super::{
    BesideError, OpenLedgerError, RunIdentity, SqliteLedger,
    beside::{Drains, find, record},
    chain::Event,
    fault::{Fault, damaged},
    read::{LedgerReader, told},
};
use crate::{Append, Ledger, LedgerError, RunEvent};
use forthwith_core::{
    digest::Digest,
    hold::{Hold, Lifted},
};
use jiff::Timestamp;
use rusqlite::Connection;
use std::{collections::BTreeMap, path::Path};

/// The command of a run that records a hold, and the kind of its event.
const HOLD: (&str, &str) = ("hold", "held");
/// The command of a run that records a release, and the kind of its event.
const RELEASE: (&str, &str) = ("release", "released");
/// Holds and releases that are read: each is a person's deed, and a ledger with more is not ours.
const DEEDS_MAX: usize = 10_000;

/// Records a hold. A notify that is going on drains and ends; one that begins later finds the hold.
///
/// An agency may ask before anything is frozen: where there is no ledger yet, one is made. Returns the head of the
/// record's chain.
pub fn record_hold(
    path: &Path,
    identity: &RunIdentity,
    by: &str,
    reason: &str,
    agency: Option<&str>,
    until: Option<Timestamp>,
) -> Result<Digest, BesideError> {
    let mut facts = BTreeMap::from([("by", by.to_owned())]);
    facts.extend(agency.map(|agency| ("agency", agency.to_owned())));
    facts.extend(until.map(|until| ("until", until.to_string())));
    let identity = RunIdentity { command: HOLD.0.to_owned(), ..identity.clone() };
    let event = event(&identity, HOLD.1, facts, reason);
    let beside = find(path).map_err(BesideError::from);
    match beside.and_then(|place| record(&place, &identity, |_| Some(event.clone()), Drains::Running)) {
        Ok(head) => Ok(head.expect("the event was made")),
        Err(BesideError::Open(OpenLedgerError::Missing { .. })) => record_alone(path, &identity, event),
        Err(error) => Err(error),
    }
}

/// Records that the holds with these numbers are lifted. Returns the head of the record's chain.
pub fn record_release(
    path: &Path,
    identity: &RunIdentity,
    holds: &[i64],
    by: &str,
    reason: &str,
) -> Result<Digest, BesideError> {
    let numbers = holds.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    let facts = BTreeMap::from([("by", by.to_owned()), ("holds", numbers)]);
    let identity = RunIdentity { command: RELEASE.0.to_owned(), ..identity.clone() };
    let event = event(&identity, RELEASE.1, facts, reason);
    let head = record(&find(path)?, &identity, |_| Some(event), Drains::Nothing)?;
    Ok(head.expect("the event was made"))
}

fn event(identity: &RunIdentity, kind: &'static str, facts: BTreeMap<&'static str, String>, why: &str) -> RunEvent {
    RunEvent { at: identity.started_at, kind, facts, private: Some(why.as_bytes().to_vec()) }
}

/// Records an event as the second of a run that makes the ledger.
fn record_alone(path: &Path, identity: &RunIdentity, event: RunEvent) -> Result<Digest, BesideError> {
    let mut ledger = SqliteLedger::open(path, identity)?;
    ledger.commit(&[Append::Run(event)])?;
    Ok(ledger.end(identity.started_at, "done")?)
}

impl LedgerReader {
    /// Returns every hold that was ever recorded, in the order of their recording.
    pub fn holds(&self) -> Result<Vec<Hold>, LedgerError> {
        self.read(|connection| {
            let mut holds: Vec<Hold> = Vec::new();
            for event in deeds(connection)? {
                let mut facts = event.read_facts()?;
                let by = facts.remove("by").ok_or_else(|| damaged("a hold names nobody"))?;
                let reason = told(&event).unwrap_or_default();
                if event.kind == HOLD.1 {
                    let until = facts.remove("until").map(|until| until.parse());
                    let until = until.transpose().map_err(|_| damaged("a hold has no end that can be read"))?;
                    let (number, agency) = (event.run(), facts.remove("agency"));
                    holds.push(Hold { number, at: event.at, by, agency, until, reason, lifted: None });
                    continue;
                }
                let numbers = facts.remove("holds").unwrap_or_default();
                let names = |hold: &Hold| numbers.split(' ').any(|number| number == hold.number.to_string());
                for hold in holds.iter_mut().filter(|hold| hold.lifted.is_none() && names(hold)) {
                    hold.lifted = Some(Lifted { at: event.at, by: by.clone(), reason: reason.clone() });
                }
            }
            Ok(holds)
        })
    }
}

/// Returns the events of holds and releases in order. They are found by the runs that recorded them: a ledger has
/// few runs, and millions of events.
fn deeds(connection: &Connection) -> Result<Vec<Event>, Fault> {
    let columns = Event::COLUMNS;
    let sql = format!(
        "SELECT {columns} FROM runs r JOIN events e ON e.event = (r.run << 32) + 2
         LEFT JOIN event_private p USING(event)
         WHERE (r.command = ?1 AND e.kind = ?2) OR (r.command = ?3 AND e.kind = ?4) ORDER BY r.run"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([HOLD.0, HOLD.1, RELEASE.0, RELEASE.1])?;
    let mut deeds = Vec::new();
    while let Some(row) = rows.next()? {
        if deeds.len() == DEEDS_MAX {
            return Err(damaged(format!("it has more than {DEEDS_MAX} holds and releases")));
        }
        deeds.push(Event::read(row)?);
    }
    Ok(deeds)
}
