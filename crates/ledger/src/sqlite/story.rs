//! One person's whole story: the row, what became of it, and every event of the notice with its time.

use super::{
    chain::Event,
    commit::{Kept, token},
    evidence::onward_of,
    fault::{Fault, damaged},
    read::{LedgerReader, plan_number, told},
    row::KeptRow,
};
use crate::{LedgerError, Standing};
use forthwith_core::{notice::Token, plan::FrozenRow, private::Private, reconcile::Onward};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet};

/// Rows shown for one search: an address that stands in more is no longer one person.
const STORIES_MAX: i64 = 100;
/// Events of one notice that are followed: far more than any schedule of attempts makes.
const EVENTS_MAX: usize = 10_000;
/// Events of a run among which its wait is looked for: a run that waits appends only what was in flight before.
const WAITING_EVENTS_MAX: i64 = 4_096;

/// The story of one row of the list.
#[derive(Clone, Debug)]
pub struct Story {
    /// The row as it was frozen: planned or withheld.
    pub row: FrozenRow,
    /// Its notice, where one is owed.
    pub notice: Option<NoticeStory>,
}

/// The story of a notice.
#[derive(Clone, Debug)]
pub struct NoticeStory {
    /// Its public name.
    pub token: Token,
    /// Its place in the keyed order, from 1.
    pub position: u64,
    /// Where it stands.
    pub standing: Standing,
    /// What became of it after the relay, where its log was read.
    pub onward: Option<Onward>,
    /// Everything that happened to it, from the freezing on, in order.
    pub events: Vec<EventView>,
}

/// An event as it is told.
#[derive(Clone, Debug)]
pub struct EventView {
    /// The run that recorded it.
    pub run: i64,
    /// Its number in that run, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What: `planned`, `offered`, `accepted`.
    pub kind: String,
    /// The particulars.
    pub facts: BTreeMap<String, String>,
    /// The relay's words, or a person's reason; `None` where there are none, or they were purged.
    pub told: Option<Private<String>>,
}

impl LedgerReader {
    /// Returns the stories of those whom `who` names: a token, a row's number, an id, or an address.
    pub fn stories(&self, who: &str) -> Result<Vec<Story>, LedgerError> {
        self.read(|connection| {
            let moment = connection.unchecked_transaction()?;
            let Some(plan) = plan_number(&moment)? else { return Ok(Vec::new()) };
            let rows = find_rows(&moment, plan, who)?;
            rows.into_iter().map(|row| tell(&moment, plan, row)).collect()
        })
    }
}

/// Why a run waits for the relay's own queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Since when.
    pub since: Timestamp,
    /// `queue-full` or `queue-unknown`.
    pub kind: String,
    /// How long the queue was, its limit, or why it cannot be counted.
    pub facts: BTreeMap<String, String>,
}

impl LedgerReader {
    /// Returns why `run` waits for the relay's own queue; `None` where it does not.
    pub fn waiting(&self, run: i64) -> Result<Option<Waiting>, LedgerError> {
        self.read(|connection| {
            let sql = "SELECT e.event FROM runs r JOIN events e
                       ON e.event BETWEEN max(r.run << 32, (r.run << 32) + r.length - ?2) AND (r.run << 32) + r.length
                       WHERE r.run = ?1 AND e.kind IN ('queue-full', 'queue-unknown', 'queue-goes-on')
                       ORDER BY e.event DESC LIMIT 1";
            let mut statement = connection.prepare_cached(sql)?;
            let last: Option<i64> =
                statement.query_row(params![run, WAITING_EVENTS_MAX], |row| row.get(0)).optional()?;
            let Some(event) = last.map(|last| Event::find(connection, last)).transpose()?.flatten() else {
                return Ok(None);
            };
            let facts = event.read_facts()?;
            let waits = event.kind != "queue-goes-on";
            Ok(waits.then_some(Waiting { since: event.at, kind: event.kind, facts }))
        })
    }

    /// Returns the row of the notice of the plan that stands, by its token; `None` where there is none.
    pub fn row_of(&self, token: &Token) -> Result<Option<u64>, LedgerError> {
        self.read(|connection| {
            let Some(plan) = plan_number(connection)? else { return Ok(None) };
            let sql = "SELECT row FROM notices WHERE plan = ?1 AND token = ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let row: Option<i64> =
                statement.query_row(params![plan, token.as_str()], |row| row.get(0)).optional()?;
            Ok(row.map(i64::cast_unsigned))
        })
    }
}

fn find_rows(connection: &Connection, plan: i64, who: &str) -> Result<BTreeSet<i64>, Fault> {
    let mut rows = BTreeSet::new();
    for sql in [
        "SELECT row FROM notices WHERE plan = ?1 AND token = ?2 LIMIT ?3",
        "SELECT row FROM recipients WHERE plan = ?1 AND id = ?2 AND id <> '' LIMIT ?3",
        "SELECT row FROM recipients WHERE plan = ?1 AND address = ?2 AND address <> '' LIMIT ?3",
    ] {
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_map(params![plan, who, STORIES_MAX], |row| row.get::<_, i64>(0))?;
        for row in found {
            rows.insert(row?);
        }
    }
    if let Ok(number) = who.parse::<i64>() {
        let sql = "SELECT row FROM rows WHERE plan = ?1 AND row = ?2";
        let found = connection.prepare_cached(sql)?.query_row([plan, number], |row| row.get::<_, i64>(0));
        rows.extend(found.optional()?);
    }
    Ok(rows)
}

fn tell(connection: &Connection, plan: i64, row: i64) -> Result<Story, Fault> {
    let (columns, tables) = (KeptRow::COLUMNS, KeptRow::TABLES);
    let sql = format!("SELECT {columns} FROM {tables} WHERE r.plan = ?1 AND r.row = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([plan, row])?;
    let found = rows.next()?.ok_or_else(|| damaged(format!("there is no row {row}")))?;
    let (kept, _) = KeptRow::read(found)?;
    let sql = "SELECT notice, position FROM notices WHERE plan = ?1 AND row = ?2";
    let notice = connection
        .prepare_cached(sql)?
        .query_row([plan, row], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    let notice =
        notice.map(|(notice, position)| tell_notice(connection, notice, position.cast_unsigned())).transpose()?;
    Ok(Story { row: kept.thaw()?, notice })
}

fn tell_notice(connection: &Connection, notice: i64, position: u64) -> Result<NoticeStory, Fault> {
    let kept = Kept::read(connection, notice)?;
    let mut events = Vec::new();
    for event in history(connection, notice, kept.last)? {
        events.push(EventView {
            run: event.run(),
            seq: event.seq(),
            at: event.at,
            facts: event.read_facts()?,
            told: told(&event),
            kind: event.kind,
        });
    }
    let onward = onward_of(connection, notice)?;
    Ok(NoticeStory { token: token(&kept.token)?, position, standing: kept.standing, onward, events })
}

/// Returns the events of a notice in order, found by following each to the one before.
pub(crate) fn history(connection: &Connection, notice: i64, last: i64) -> Result<Vec<Event>, Fault> {
    let mut events = Vec::new();
    let mut next = Some(last);
    while let Some(number) = next {
        let event = Event::find(connection, number)?
            .ok_or_else(|| damaged(format!("notice {notice} has lost its event {number}")))?;
        // Each is older than the one after, so that a damaged pointer cannot lead round in a circle.
        let is_older = event.before.is_none_or(|before| before < number);
        if !is_older || events.len() == EVENTS_MAX {
            return Err(damaged(format!("the events of notice {notice} lead nowhere")));
        }
        next = event.before;
        events.push(event);
    }
    events.reverse();
    Ok(events)
}
