//! What a relay's own record settles and reports: doubts, by its lines, and what became of accepted notices.
//!
//! The record is a log or an export of events. A settled doubt is an event of its notice; its lines lie beside the chain. Reports are no states: one event
//! of the run binds them all.

use super::{
    SqliteLedger, append_run_event,
    chain::{Event, Grounds},
    claim::Claims,
    commit::{Recorded, Session, owns, state},
    decide::ResolveError,
    fault::{Fault, damaged},
    pen::{Pen, Salts},
    write,
};
use crate::{LedgerError, RunEvent};
use forthwith_core::{
    digest::{Digest, Hashing},
    notice::{Particulars, Token},
    private::Private,
    reconcile::{Onward, Passage},
    state::{Happening, State},
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::collections::BTreeMap;

/// The kind of the event that a reading of a relay's log leaves.
const READING: &str = "relay-log";

/// A log or an export that was read, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The SHA-256 of the file.
    pub log: Digest,
    /// What it is: `postfix-log`, `events`.
    pub form: &'static str,
    /// Its lines, or the records in it.
    pub lines: u64,
    /// Who read it.
    pub by: &'a str,
    /// When.
    pub at: Timestamp,
}

/// A doubt that a log settles.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The notice.
    pub token: Token,
    /// `ProvedAccepted` or `ProvedNotAccepted`.
    pub happening: Happening,
    /// The relay's queue id, or the provider's id of the message.
    pub queue_id: String,
    /// The lines that prove it.
    pub lines: Private<Vec<u8>>,
}

/// How many accepted notices are known to be where after the relay, by the last reading of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftRelay {
    /// When the log was read.
    pub read_at: Timestamp,
    /// Taken by the next server, or put into a mailbox.
    pub passed_on: u64,
    /// Tried again by the relay.
    pub waiting: u64,
    /// Given up by the relay.
    pub returned: u64,
}

impl LeftRelay {
    pub(crate) fn of(event: &Event) -> Result<Self, Fault> {
        let facts = event.read_facts()?;
        let count = |name: &str| {
            let count = facts.get(name).and_then(|count| count.parse().ok());
            count.ok_or_else(|| damaged("a reading of a log counts nothing"))
        };
        let (passed_on, waiting, returned) = (count("passed-on")?, count("waiting")?, count("returned")?);
        Ok(Self { read_at: event.at, passed_on, waiting, returned })
    }
}

impl SqliteLedger {
    /// Records what `evidence` settles and what it reports of accepted notices, all or nothing, and returns how
    /// many of them are known to be where now.
    ///
    /// Digest and queue id stand in the chain; the lines, which may name people, beside it. A report on a notice
    /// that is not accepted, or not of this plan, is left out.
    pub fn reconcile(
        &mut self,
        settled: &[Settled],
        onward: &BTreeMap<Token, Onward>,
        evidence: &Evidence<'_>,
    ) -> Result<LeftRelay, ResolveError> {
        let Some(plan) = self.plan else { return Err(ResolveError::Ledger(no_plan(&self.path))) };
        let session = Session::new(self.plan, self.has_offer, self.chain.clone());
        let mut recording = Recording { session, claims: &self.claims, evidence, refusal: None };
        let recorded = write(&mut self.connection, |transaction| {
            recording.settle(transaction, &mut self.salts, settled)?;
            recording.report(transaction, &mut self.salts, plan, onward)
        });
        if let Some(refusal) = recording.refusal {
            return Err(refusal);
        }
        let left = recorded.map_err(|fault| fault.at("write", &self.path))?;
        let Session { chain, changed, .. } = recording.session;
        self.chain = chain;
        self.claims.follow(changed);
        Ok(left)
    }
}

fn no_plan(path: &str) -> LedgerError {
    damaged("a doubt has no plan").at("read", path)
}

struct Recording<'a> {
    session: Session,
    claims: &'a Claims,
    evidence: &'a Evidence<'a>,
    refusal: Option<ResolveError>,
}

impl Recording<'_> {
    fn settle(
        &mut self,
        transaction: &Transaction<'_>,
        salts: &mut Salts,
        settled: &[Settled],
    ) -> Result<(), Fault> {
        if !owns(transaction, self.session.chain.run)? {
            return Err(damaged("another run has taken over although the lock is held"));
        }
        let mut pen = Pen::new(transaction, salts)?;
        for settled in settled {
            let token = &settled.token;
            let Some((notice, _, state)) = find(transaction, token)? else {
                self.refusal = Some(ResolveError::Unknown { token: token.clone() });
                return Err(damaged("refused"));
            };
            let is_proof = matches!(settled.happening, Happening::ProvedAccepted | Happening::ProvedNotAccepted);
            if !is_proof || state.next(settled.happening).is_none() {
                self.refusal = Some(ResolveError::NotOpen { token: token.clone(), state });
                return Err(damaged("refused"));
            }
            let recorded = Recorded {
                notice,
                token,
                at: self.evidence.at,
                happening: settled.happening,
                particulars: &Particulars::default(),
                grounds: Grounds { by: Some(self.evidence.by), log: Some((self.evidence.log, &settled.queue_id)) },
                private: Some(settled.lines.expose()),
            };
            self.session.record(&mut pen, self.claims, &recorded)?;
        }
        Ok(())
    }

    fn report(
        &mut self,
        transaction: &Transaction<'_>,
        salts: &mut Salts,
        plan: i64,
        onward: &BTreeMap<Token, Onward>,
    ) -> Result<LeftRelay, Fault> {
        for (token, onward) in onward {
            let Some((notice, of_plan, State::Accepted)) = find(transaction, token)? else { continue };
            if of_plan == plan {
                let mut known = onward_of(transaction, notice)?;
                if let Some(known) = &mut known {
                    known.add(onward.clone());
                }
                let report =
                    serde_json::to_string(known.as_ref().unwrap_or(onward)).expect("a report of strings is JSON");
                let sql = "UPDATE notices SET report = ?2 WHERE notice = ?1";
                transaction.prepare_cached(sql)?.execute(params![notice, report])?;
            }
        }
        let mut counts = [Passage::PassedOn, Passage::Waiting, Passage::Returned].map(|left| (left, 0_u64));
        let digest = for_each_report(transaction, plan, |onward| {
            for (left, count) in &mut counts {
                *count += u64::from(*left == onward.passage);
            }
        })?;
        let [(_, passed_on), (_, waiting), (_, returned)] = counts;
        let Evidence { log, form, lines, by, at } = *self.evidence;
        let facts = BTreeMap::from([
            ("by", by.to_owned()),
            ("form", form.to_owned()),
            ("lines", lines.to_string()),
            ("log", log.hex()),
            ("plan", plan.to_string()),
            ("passed-on", passed_on.to_string()),
            ("returned", returned.to_string()),
            ("waiting", waiting.to_string()),
        ]);
        let private = Some(digest.as_bytes().to_vec());
        let event = RunEvent { at, kind: READING, facts, private };
        append_run_event(&mut Pen::new(transaction, salts)?, &mut self.session.chain, &event)?;
        self.session.close(transaction)?;
        Ok(LeftRelay { read_at: at, passed_on, waiting, returned })
    }
}

/// Returns a notice's number, plan and state.
fn find(transaction: &Transaction<'_>, token: &Token) -> Result<Option<(i64, i64, State)>, Fault> {
    let sql = "SELECT notice, plan, state FROM notices WHERE token = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, u8>(2)?));
    let found = transaction.prepare_cached(sql)?.query_row([token.as_str()], read).optional()?;
    found.map(|(notice, plan, number)| Ok((notice, plan, state(number)?))).transpose()
}

/// Returns the event of the last reading of a relay's log for `plan`.
pub(crate) fn last_reading(connection: &Connection, plan: i64) -> Result<Option<Event>, Fault> {
    // Runs that read logs are few and short: their events are found through their runs.
    let mut statement = connection.prepare_cached(
        "SELECT e.event FROM runs r JOIN events e ON e.event BETWEEN r.run << 32 AND (r.run << 32) + r.length
         WHERE r.command = 'reconcile' AND e.kind = ?1 ORDER BY e.event DESC",
    )?;
    let events = statement.query_map([READING], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    for number in events {
        let event =
            Event::find(connection, number)?.ok_or_else(|| damaged(format!("there is no event {number}")))?;
        if event.read_facts()?.get("plan") == Some(&plan.to_string()) {
            return Ok(Some(event));
        }
    }
    Ok(None)
}

/// Returns the digest over every report of `plan`, in the notices' order.
pub(crate) fn reports_digest(connection: &Connection, plan: i64) -> Result<Digest, Fault> {
    for_each_report(connection, plan, |_| {})
}

/// Returns what became of a notice after the relay.
pub(crate) fn onward_of(connection: &Connection, notice: i64) -> Result<Option<Onward>, Fault> {
    let sql = "SELECT report FROM notices WHERE notice = ?1";
    let text: Option<String> = connection.prepare_cached(sql)?.query_row([notice], |row| row.get(0))?;
    text.map(|text| read(&text)).transpose()
}

fn for_each_report(connection: &Connection, plan: i64, mut see: impl FnMut(&Onward)) -> Result<Digest, Fault> {
    let sql = "SELECT token, report FROM notices WHERE plan = ?1 AND report IS NOT NULL ORDER BY notice";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([plan])?;
    let mut hashing = Hashing::default();
    while let Some(row) = rows.next()? {
        let (token, report): (String, String) = (row.get(0)?, row.get(1)?);
        see(&read(&report)?);
        for field in [token, report] {
            hashing.add(&(field.len() as u64).to_be_bytes());
            hashing.add(field.as_bytes());
        }
    }
    Ok(hashing.finish())
}

fn read(report: &str) -> Result<Onward, Fault> {
    // The cause of a failed reading would quote the person.
    serde_json::from_str(report).map_err(|_| damaged("a report on a notice cannot be read"))
}
