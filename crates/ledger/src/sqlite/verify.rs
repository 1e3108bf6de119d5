//! Proving a ledger: every digest is made again, and every state is made again from the events.
//!
//! It finds what was changed behind the ledger's back. It cannot find a chain that was rewritten whole: for
//! that, compare the head that a run printed.

use super::{
    chain::{Event, NOTHING, digest, happening_of, particulars_of},
    commit::{Kept, token},
    evidence::{last_reading, reports_digest},
    fault::{Fault, damaged},
    freeze::{line_digest, manifest_value},
    read::{LedgerReader, plan_number},
    row::KeptRow,
    schema,
    story::history,
};
use crate::{LedgerError, Standing};
use forthwith_core::{
    digest::{Digest, hex},
    plan::NoticesDigest,
    state::State,
};
use rusqlite::{Connection, Transaction, params};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Flaws listed: a file with more is of no use, and nobody reads on.
const FLAWS_MAX: usize = 1_000;

/// Something in a ledger that contradicts the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// What, as one sentence without a full stop and without personal data.
    pub what: String,
}

impl LedgerReader {
    /// Verifies the whole ledger and returns what is wrong with it: nothing, for one that was only ever written
    /// by this program.
    ///
    /// It reads everything; memory stays bounded by the number of runs.
    pub fn verify(&self) -> Result<Vec<Flaw>, LedgerError> {
        self.read(|connection| {
            let moment = connection.unchecked_transaction()?;
            let mut verifying = Verifying { moment: &moment, flaws: Vec::new() };
            let checks = [
                Verifying::file,
                Verifying::runs,
                Verifying::plans,
                Verifying::notices,
                Verifying::tallies,
                Verifying::reports,
            ];
            for check in checks {
                match check(&mut verifying) {
                    Ok(()) => {}
                    Err(Fault::Damaged(what)) => verifying.note(what),
                    Err(fault) => match fault.at("read", &self.path) {
                        LedgerError::Damaged { what, .. } => verifying.note(what),
                        error => return Err(error.into()),
                    },
                }
            }
            Ok(verifying.flaws)
        })
    }
}

struct Verifying<'a> {
    moment: &'a Transaction<'a>,
    flaws: Vec<Flaw>,
}

impl Verifying<'_> {
    fn note(&mut self, what: impl Into<String>) {
        if self.flaws.len() < FLAWS_MAX {
            self.flaws.push(Flaw { what: what.into() });
        }
    }

    fn hold(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.note(what());
        }
    }

    /// The pages themselves, as `SQLite` checks them.
    fn file(&mut self) -> Result<(), Fault> {
        let moment = self.moment;
        let mut statement = moment.prepare("PRAGMA integrity_check(100)")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let found: String = row.get(0)?;
            // SQLite names pages, tables and indexes, no values.
            self.hold(found == "ok", || format!("the file is damaged: {found}"));
        }
        for name in schema::differences(moment)? {
            self.note(format!("the definition of {name} was changed"));
        }
        Ok(())
    }

    /// Every run's chain from its first event to its head, and the heads that later runs saw.
    fn runs(&mut self) -> Result<(), Fault> {
        let moment = self.moment;
        let sql = "SELECT count(*) FROM event_private p LEFT JOIN events e USING(event) WHERE e.private IS NULL";
        let strangers: i64 = moment.query_row(sql, (), |row| row.get(0))?;
        self.hold(strangers == 0, || format!("{strangers} private records belong to no event"));
        let mut named = named_heads(moment)?;
        let mut statement = moment.prepare(
            "SELECT run, command, started_at, ended_at, how, length, head, named FROM runs ORDER BY run",
        )?;
        let mut rows = statement.query(())?;
        let mut counted: i64 = 0;
        let mut expected_run = 1;
        while let Some(row) = rows.next()? {
            let run: i64 = row.get(0)?;
            self.hold(run == expected_run, || format!("run {expected_run} is missing"));
            expected_run = run + 1;
            let kept = KeptRun {
                run,
                command: row.get(1)?,
                started_at: row.get(2)?,
                ended: row.get::<_, Option<i64>>(3)?.zip(row.get(4)?),
                length: row.get(5)?,
                head: digest(row.get(6)?)?,
                named: row.get::<_, Option<Vec<u8>>>(7)?.map(|bytes| hex(&bytes)),
            };
            let heads = named.remove(&run).unwrap_or_default();
            if let Some(named) = &kept.named {
                self.hold(heads.contains(named), || format!("no later run names the head of run {run}"));
            }
            counted += self.chain(&kept, heads)?;
        }
        for run in named.keys() {
            self.note(format!("a later run saw run {run}, which is missing"));
        }
        let all: i64 = moment.query_row("SELECT count(*) FROM events", (), |row| row.get(0))?;
        self.hold(all == counted, || format!("{all} events are kept, and the chains have {counted}"));
        Ok(())
    }

    /// One run's chain; returns its length.
    fn chain(&mut self, run: &KeptRun, mut heads: BTreeSet<String>) -> Result<i64, Fault> {
        let moment = self.moment;
        let (number, columns) = (run.run, Event::COLUMNS);
        let mut statement = moment.prepare_cached(&format!(
            "SELECT {columns} FROM events e LEFT JOIN event_private p USING(event)
             WHERE e.event BETWEEN ?1 << 32 AND (?1 << 32) + 4294967295 ORDER BY e.event"
        ))?;
        let mut rows = statement.query([number])?;
        let (mut length, mut head, mut ended) = (0, NOTHING, None);
        while let Some(row) = rows.next()? {
            let event = Event::read(row)?;
            length += 1;
            self.hold(event.seq() == length, || format!("event {length} of run {number} is missing"));
            length = event.seq();
            self.event(&event, &head);
            if length == 1 {
                let facts = event.read_facts()?;
                let is_start = event.kind == "started"
                    && event.at.as_microsecond() == run.started_at
                    && facts.get("command") == Some(&run.command);
                self.hold(is_start, || format!("run {number} did not begin as its line says"));
            }
            if event.kind == "ended" {
                ended = event.read_facts()?.remove("how").map(|how| (event.at.as_microsecond(), how));
            }
            head = event.digest;
            heads.remove(&head.hex());
        }
        self.hold(length == run.length && head == run.head, || format!("the chain of run {number} is cut short"));
        self.hold(ended == run.ended, || format!("run {number} did not end as its line says"));
        self.hold(heads.is_empty(), || format!("a later run saw another run {number}"));
        Ok(length)
    }

    fn event(&mut self, event: &Event, head: &Digest) {
        let name = || format!("event {} of run {}", event.seq(), event.run());
        self.hold(event.previous == *head, || format!("{} does not follow the one before", name()));
        self.hold(event.digest == event.expected_digest(), || format!("{} was changed", name()));
        match (&event.told, event.private) {
            (Some((salt, bytes)), Some(private)) => {
                let made = Digest::of_parts([salt.as_slice(), bytes.expose()]);
                self.hold(made == private, || format!("the words of {} were changed", name()));
            }
            (Some(_), None) => self.note(format!("{} never had words of its own", name())),
            (None, _) => {}
        }
        let concerns = event.token.is_some();
        let complete = concerns == event.notice.is_some() && concerns == event.before.is_some();
        self.hold(complete, || format!("{} names half a notice", name()));
        let is_happening = happening_of(&event.kind).is_some();
        self.hold(concerns == is_happening, || format!("{} is of another kind than it says", name()));
    }

    /// Manifests, and the rows of the plan that stands.
    fn plans(&mut self) -> Result<(), Fault> {
        let moment = self.moment;
        let frozen = plan_facts(moment, "planned")?;
        let superseded = superseded_at(moment)?;
        let mut statement = moment.prepare(
            "SELECT plan, digest, manifest, superseded_at, rows, planned, list_digest, incident, list_name, \
                      frozen_at FROM plans",
        )?;
        let mut rows = statement.query(())?;
        let mut seen = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let plan: i64 = row.get(0)?;
            seen.insert(plan);
            let (kept, manifest) = (digest(row.get(1)?)?, row.get::<_, String>(2)?);
            let is_its = Digest::of(manifest.as_bytes()) == kept;
            self.hold(is_its, || format!("the digest of plan {plan} is not that of its manifest"));
            let list = digest(row.get(6)?)?.to_string();
            let same_list = manifest_value(&manifest, "affected-list") == Some(list.as_str());
            self.hold(same_list, || format!("plan {plan} names another list than its manifest"));
            let facts = frozen.get(&plan);
            let fact = |name: &str| facts.and_then(|facts| facts.get(name)).cloned().unwrap_or_default();
            let numbers: (i64, i64) = (row.get(4)?, row.get(5)?);
            let as_frozen = fact("digest") == kept.hex()
                && fact("rows") == numbers.0.to_string()
                && fact("planned") == numbers.1.to_string();
            self.hold(as_frozen, || format!("plan {plan} is not the one that was frozen"));
            let line = line_digest(&row.get::<_, String>(7)?, &row.get::<_, String>(8)?, row.get(9)?);
            // A ledger that an earlier build froze does not say it.
            let same_line = facts.and_then(|facts| facts.get("line")).is_none_or(|fact| *fact == line.hex());
            self.hold(same_line, || format!("the line of plan {plan} was changed"));
            let superseded_at: Option<i64> = row.get(3)?;
            let agrees = superseded_at == superseded.get(&plan).copied();
            self.hold(agrees, || format!("plan {plan} was not superseded as its line says"));
            if superseded_at.is_none() {
                self.rows(plan, &manifest, &fact("rows-digest"))?;
                self.inputs(plan, facts)?;
            }
        }
        for plan in frozen.keys().filter(|plan| !seen.contains(plan)) {
            self.note(format!("plan {plan} was frozen and is missing"));
        }
        Ok(())
    }

    /// Every row against its salted digest, and all of them against what was frozen.
    fn rows(&mut self, plan: i64, manifest: &str, frozen_rows: &str) -> Result<(), Fault> {
        let moment = self.moment;
        let (columns, tables) = (KeptRow::COLUMNS, KeptRow::TABLES);
        let sql = format!("SELECT {columns} FROM {tables} WHERE r.plan = ?1 ORDER BY r.row");
        let mut statement = moment.prepare(&sql)?;
        let mut rows = statement.query([plan])?;
        let (mut all, mut notices, mut planned) = (Sha256::new(), NoticesDigest::default(), 0_u64);
        while let Some(row) = rows.next()? {
            let (kept, kept_digest) = KeptRow::read(row)?;
            all.update(kept_digest.as_bytes());
            let number = kept.row;
            let made = kept.digest();
            self.hold(made.is_none_or(|made| made == kept_digest), || format!("row {number} was changed"));
            if let Some(notice) = &kept.notice {
                notices.add(number.cast_unsigned(), &token(&notice.token)?, &notice.content);
                planned += 1;
            }
        }
        let all = Digest::from_bytes(all.finalize().into());
        self.hold(all.hex() == frozen_rows, || format!("the rows of plan {plan} are not those frozen"));
        let says = |name: &str| manifest_value(manifest, name).unwrap_or_default().to_owned();
        let made = notices.finish().to_string();
        self.hold(says("notices") == made, || format!("the notices of plan {plan} are not those frozen"));
        self.hold(says("planned") == planned.to_string(), || format!("notices of plan {plan} are missing"));
        Ok(())
    }

    fn inputs(&mut self, plan: i64, facts: Option<&BTreeMap<String, String>>) -> Result<(), Fault> {
        let moment = self.moment;
        let mut statement = moment.prepare("SELECT name, bytes FROM inputs WHERE plan = ?1")?;
        let mut rows = statement.query([plan])?;
        while let Some(row) = rows.next()? {
            let (name, bytes): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let frozen = facts.and_then(|facts| facts.get(&format!("input.{name}")));
            let same = frozen.is_some_and(|frozen| *frozen == Digest::of(&bytes).hex());
            self.hold(same, || format!("the kept input {name} is not the one frozen"));
        }
        Ok(())
    }

    /// Every notice: its place in the order, and its standing made again from its events.
    fn notices(&mut self) -> Result<(), Fault> {
        let moment = self.moment;
        let Some(plan) = plan_number(moment)? else { return Ok(()) };
        let sql = "SELECT notice, position, keyed_order, row FROM notices WHERE plan = ?1 ORDER BY notice";
        let mut statement = moment.prepare(sql)?;
        let mut rows = statement.query([plan])?;
        let (mut position, mut order, mut told, mut first_offer) = (0, (0, 0), 0, None);
        while let Some(row) = rows.next()? {
            let notice: i64 = row.get(0)?;
            position += 1;
            let next = (row.get::<_, i64>(2)?.cast_unsigned(), row.get::<_, i64>(3)?);
            let in_order = row.get::<_, i64>(1)? == position && next >= order;
            self.hold(in_order, || format!("notice {notice} stands out of order"));
            order = next;
            match self.replay(notice) {
                Ok((events, offered)) => {
                    told += events;
                    first_offer = [first_offer, offered].into_iter().flatten().min();
                }
                Err(Fault::Damaged(what)) => self.note(what),
                Err(Fault::Ledger(error)) => self.note(error.to_string()),
                Err(fault) => return Err(fault),
            }
        }
        let sql = "SELECT count(*) FROM events WHERE notice BETWEEN ?1 << 32 AND (?1 << 32) + 4294967295";
        let kept: i64 = moment.query_row(sql, [plan], |row| row.get(0))?;
        self.hold(kept == told, || format!("{kept} events speak of notices, and notices know of {told}"));
        let sql = "SELECT first_offer_at FROM plans WHERE plan = ?1";
        let offered: Option<i64> = moment.query_row(sql, [plan], |row| row.get(0))?;
        let sql = "SELECT at FROM events WHERE event = ?1";
        let first = first_offer.map(|event| moment.query_row(sql, [event], |row| row.get(0))).transpose()?;
        self.hold(offered == first, || "the first offer is not the one recorded".to_owned());
        Ok(())
    }

    /// Returns how many events a notice has, and its first offer.
    fn replay(&mut self, notice: i64) -> Result<(i64, Option<i64>), Fault> {
        let kept = Kept::read(self.moment, notice)?;
        let token = token(&kept.token)?;
        let mut standing = Standing::PLANNED;
        let (mut offered_by, mut first_offer, mut count) = (None, None, 0);
        for (index, event) in history(self.moment, notice, kept.last)?.iter().enumerate() {
            if index == 0 {
                self.hold(event.kind == "planned", || format!("notice {notice} was never planned"));
                continue;
            }
            let speaks = event.notice == Some(notice) && event.token.as_deref() == Some(token.as_str());
            let happening = happening_of(&event.kind).filter(|_| speaks);
            let happening = happening.ok_or_else(|| damaged(format!("notice {notice} has an event of another")))?;
            let particulars = particulars_of(&event.read_facts()?)?;
            standing = standing.after(&token, event.at, happening, &particulars)?;
            if event.kind == "offered" {
                offered_by = Some(event.run());
                first_offer = first_offer.or(Some(event.number));
            }
            count += 1;
        }
        let same = standing == kept.standing && offered_by == kept.offered_by;
        self.hold(same, || format!("notice {notice} does not stand where its events leave it"));
        Ok((count, first_offer))
    }

    fn tallies(&mut self) -> Result<(), Fault> {
        let moment = self.moment;
        let Some(plan) = plan_number(moment)? else { return Ok(()) };
        for state in State::ALL {
            let sql = "SELECT count(*) FROM notices WHERE plan = ?1 AND state = ?2";
            let found: i64 = moment.query_row(sql, params![plan, state.number()], |row| row.get(0))?;
            let sql = "SELECT count FROM tallies WHERE plan = ?1 AND state = ?2";
            let kept: i64 = moment.query_row(sql, params![plan, state.number()], |row| row.get(0))?;
            self.hold(found == kept, || format!("{found} notices are {state:?}, and {kept} are counted"));
        }
        Ok(())
    }
}

impl Verifying<'_> {
    /// What became of notices after the relay, against the digest that the last reading of its log left.
    fn reports(&mut self) -> Result<(), Fault> {
        let moment = self.moment;
        let Some(plan) = plan_number(moment)? else { return Ok(()) };
        let sql = "SELECT count(*) FROM notices WHERE plan = ?1 AND report IS NOT NULL";
        let kept: i64 = moment.query_row(sql, [plan], |row| row.get(0))?;
        let Some(reading) = last_reading(moment, plan)? else {
            self.hold(kept == 0, || format!("{kept} notices have a report that nobody recorded"));
            return Ok(());
        };
        if let Some((_, told)) = &reading.told {
            let made = reports_digest(moment, plan)?;
            self.hold(told.expose() == made.as_bytes(), || "the reports are not those recorded".to_owned());
        }
        Ok(())
    }
}

struct KeptRun {
    run: i64,
    command: String,
    started_at: i64,
    ended: Option<(i64, String)>,
    length: i64,
    head: Digest,
    named: Option<String>,
}

/// Returns the heads that first events name, by run.
fn named_heads(connection: &Connection) -> Result<BTreeMap<i64, BTreeSet<String>>, Fault> {
    let mut statement = connection.prepare(
        "SELECT e.event, e.facts FROM runs r JOIN events e ON e.event = (r.run << 32) + 1 ORDER BY r.run",
    )?;
    let mut rows = statement.query(())?;
    let mut named: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        for (name, value) in facts(row)? {
            if let Some(run) = name.strip_prefix("head.").and_then(|run| run.parse().ok()) {
                named.entry(run).or_default().insert(value);
            }
        }
    }
    Ok(named)
}

/// Returns the facts of the events of `kind`, by the plan that they speak of.
fn plan_facts(connection: &Connection, kind: &str) -> Result<BTreeMap<i64, BTreeMap<String, String>>, Fault> {
    let mut statement = connection
        .prepare_cached("SELECT event, facts FROM events WHERE kind = ?1 AND token IS NULL ORDER BY event")?;
    let mut rows = statement.query([kind])?;
    let mut plans = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let facts = facts(row)?;
        let plan = facts.get("plan").and_then(|plan| plan.parse().ok());
        plans.insert(plan.ok_or_else(|| damaged("an event of a plan names none"))?, facts);
    }
    Ok(plans)
}

/// Returns when each superseded plan was, in microseconds, from the events.
fn superseded_at(connection: &Connection) -> Result<BTreeMap<i64, i64>, Fault> {
    let sql = "SELECT event, facts, at FROM events WHERE kind = 'superseded' AND token IS NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(())?;
    let mut plans = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let plan = facts(row)?.get("plan").and_then(|plan| plan.parse().ok());
        plans.insert(plan.ok_or_else(|| damaged("an event of a plan names none"))?, row.get(2)?);
    }
    Ok(plans)
}

fn facts(row: &rusqlite::Row<'_>) -> Result<BTreeMap<String, String>, Fault> {
    let event: i64 = row.get(0)?;
    serde_json::from_str(&row.get::<_, String>(1)?)
        .map_err(|_| damaged(format!("the facts of event {event} cannot be read")))
}
