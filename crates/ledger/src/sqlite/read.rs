//! Reading a ledger: the plan, its rows, counts and lists, also while a run writes.
//!
//! A reader takes no lock and no long transaction; lists come in pages. It changes nothing.

use super::{
    OpenLedgerError,
    chain::{Event, digest, time},
    commit::{Kept, token},
    evidence::{LeftRelay, last_reading},
    fault::{Fault, damaged},
    newer,
    place::Place,
    row::{KeptRow, withheld},
    schema::{self, Version},
};
use crate::{LedgerError, Standing};
use forthwith_core::{
    digest::Digest,
    notice::{Token, Withheld},
    plan::{FrozenPlan, FrozenRow},
    private::Private,
    recipient::Recipient,
    state::State,
    verdict::Reply,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
};

/// Rows read at a time: a page is short enough that no run waits for it.
const PAGE: usize = 1_024;

/// A reader of a ledger.
#[derive(Debug)]
pub struct LedgerReader {
    pub(crate) connection: Connection,
    pub(crate) path: String,
    place: Place,
}

/// The plan that stands, and what is counted of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentPlan {
    /// The plan as it was frozen.
    pub frozen: FrozenPlan,
    /// Its number in this ledger, from 1.
    pub number: i64,
    /// Rows of the list.
    pub rows: u64,
    /// Notices owed.
    pub planned: u64,
    /// Rows withheld, by reason.
    pub withheld: BTreeMap<Withheld, u64>,
    /// When the first notice of it was offered.
    pub first_offer_at: Option<Timestamp>,
}

/// How many notices of the plan are in each state; their sum is the number of notices owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Nothing handed over yet.
    pub queued: u64,
    /// Refused for now.
    pub deferred: u64,
    /// Offered by the run that holds the lock, which still waits for the reply.
    pub in_flight: u64,
    /// Offered, and nobody will read the reply.
    pub in_doubt: u64,
    /// The relay took responsibility.
    pub accepted: u64,
    /// Refused for good.
    pub bounced: u64,
    /// Given up.
    pub expired: u64,
    /// A person decided not to tell again.
    pub let_stand: u64,
}

impl Counts {
    /// Returns the number of notices in all states together.
    pub fn sum(&self) -> u64 {
        self.queued
            + self.deferred
            + self.in_flight
            + self.in_doubt
            + self.accepted
            + self.bounced
            + self.expired
            + self.let_stand
    }
}

/// Which notices a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those offered whose reply nobody will read.
    InDoubt,
    /// Those in a state; `Offered` has those in flight too.
    In(State),
}

/// A notice in a list.
#[derive(Clone, Debug)]
pub struct NoticeView {
    /// Its row in the ledger.
    pub notice: i64,
    /// Its public name.
    pub token: Token,
    /// The data row of its person.
    pub row: u64,
    /// The key of its variant.
    pub variant: String,
    /// Where it stands.
    pub standing: Standing,
    /// The person; `None` once purged.
    pub recipient: Option<Recipient>,
    /// When it came to stand there.
    pub since: Timestamp,
    /// Why: what the relay said, or how the line was lost.
    pub why: Option<Private<String>>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunView {
    /// Its number, from 1.
    pub run: i64,
    /// The command: `notify`.
    pub command: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended and how; `None` while it runs, and for good after a crash.
    pub ended: Option<(Timestamp, String)>,
    /// Whether it holds the lock now.
    pub is_alive: bool,
    /// The digest of its last event.
    pub head: Digest,
}

/// When an event of a run happened, and its facts.
pub type DatedFacts = (Timestamp, BTreeMap<String, String>);

impl LedgerReader {
    /// Opens the ledger at `path`; `None` where there is none yet.
    pub fn open(path: &Path) -> Result<Option<Self>, OpenLedgerError> {
        let Some(place) = Place::find(path)? else { return Ok(None) };
        let name = place.ledger.display().to_string();
        let fault = |fault: Fault| OpenLedgerError::from(fault.at("open", &name));
        let connection = schema::open_to_read(&place.ledger).map_err(fault)?;
        match schema::version(&connection, &place.ledger).map_err(fault)? {
            Version::Known | Version::Older(_) => {}
            Version::Empty => return Ok(None),
            Version::Newer(found) => return Err(newer(&name, found)),
        }
        Ok(Some(Self { connection, path: name, place }))
    }

    /// Returns the plan that stands.
    pub fn current_plan(&self) -> Result<Option<CurrentPlan>, LedgerError> {
        self.read(|connection| {
            let Some(plan) = plan_number(connection)? else { return Ok(None) };
            read_plan(connection, plan).map(Some)
        })
    }

    /// Counts the notices of the plan by state.
    pub fn counts(&self) -> Result<Counts, LedgerError> {
        let living = self.living_run()?;
        self.read(|connection| {
            // One look at one moment, so that the sum is right while a run goes on.
            let moment = connection.unchecked_transaction()?;
            let Some(plan) = plan_number(&moment)? else { return Ok(Counts::default()) };
            count(&moment, plan, living)
        })
    }

    /// Lists the notices of the plan in keyed order.
    pub fn notices(&self, which: Which) -> Result<Notices<'_>, LedgerError> {
        let living = self.living_run()?;
        Ok(Notices { reader: self, which, living, after: 0, page: VecDeque::new(), is_last: false })
    }

    /// Returns every row of the plan in row order, as it was frozen.
    pub fn frozen_rows(&self) -> FrozenRows<'_> {
        FrozenRows::only(self, "")
    }

    /// Returns every row of the plan that is withheld, in row order.
    pub fn withheld_rows(&self) -> FrozenRows<'_> {
        FrozenRows::only(self, "AND r.withheld IS NOT NULL")
    }

    /// Returns one row of the plan, as it was frozen; `None` where it has no such row.
    pub fn frozen_row(&self, row: u64) -> Result<Option<FrozenRow>, LedgerError> {
        self.read(|connection| {
            let Some(plan) = plan_number(connection)? else { return Ok(None) };
            let (columns, tables) = (KeptRow::COLUMNS, KeptRow::TABLES);
            let sql = format!("SELECT {columns} FROM {tables} WHERE r.plan = ?1 AND r.row = ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![plan, row.cast_signed()])?;
            rows.next()?.map(|row| KeptRow::read(row)?.0.thaw()).transpose()
        })
    }

    /// Counts the acceptances since `since`.
    pub fn accepted_since(&self, since: Timestamp) -> Result<u64, LedgerError> {
        self.read(|connection| {
            let sql = "SELECT count(*) FROM events WHERE kind = 'accepted' AND at >= ?1";
            let count: i64 =
                connection.prepare_cached(sql)?.query_row([since.as_microsecond()], |row| row.get(0))?;
            Ok(count.cast_unsigned())
        })
    }

    /// Returns when attempts were made since `since`, in order of time: what pace must still respect.
    pub fn attempt_times_since(&self, since: Timestamp) -> Result<Vec<Timestamp>, LedgerError> {
        self.read(|connection| {
            let sql = "SELECT at FROM events WHERE kind = 'offered' AND at >= ?1 ORDER BY at";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([since.as_microsecond()])?;
            let mut times = Vec::new();
            while let Some(row) = rows.next()? {
                times.push(time(row.get(0)?)?);
            }
            Ok(times)
        })
    }

    /// Hands over when each attempt since `since` was made and to which domain, in no order: what the pace of a
    /// group of domains must still respect. `None` where the person was purged.
    ///
    /// It looks at every one of them: ask only where there are groups, and no further back than they count.
    pub fn attempts_to_domains_since(
        &self,
        since: Timestamp,
        mut each: impl FnMut(Timestamp, Option<&str>),
    ) -> Result<(), LedgerError> {
        self.read(|connection| {
            let sql = "SELECT e.at, r.address FROM events e LEFT JOIN notices n ON n.notice = e.notice
                       LEFT JOIN recipients r ON r.plan = n.plan AND r.row = n.row
                       WHERE e.kind = 'offered' AND e.at >= ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([since.as_microsecond()])?;
            while let Some(row) = rows.next()? {
                let address: Option<&str> = row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
                each(time(row.get(0)?)?, address.and_then(domain));
            }
            Ok(())
        })
    }

    /// Counts the notices of the plan that are still to be attempted, by what `group_of` says of their domains;
    /// those of which it says nothing are left out.
    ///
    /// It looks at every one of them: some seconds for a million, so ask only where there are groups.
    pub fn count_left(
        &self,
        group_of: impl Fn(&str) -> Option<usize>,
    ) -> Result<BTreeMap<usize, u64>, LedgerError> {
        self.read(|connection| {
            let mut counts = BTreeMap::new();
            let Some(plan) = plan_number(connection)? else { return Ok(counts) };
            let sql = "SELECT r.address FROM notices n JOIN recipients r ON r.plan = n.plan AND r.row = n.row
                       WHERE n.plan = ?1 AND (n.state = ?2 OR n.state = ?3)";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![plan, State::Queued.number(), State::Deferred.number()])?;
            while let Some(row) = rows.next()? {
                let address = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                if let Some(group) = domain(address).and_then(&group_of) {
                    *counts.entry(group).or_default() += 1;
                }
            }
            Ok(counts)
        })
    }

    /// Returns when the last run event of `kind` happened and its facts.
    pub fn last_event(&self, kind: &str) -> Result<Option<DatedFacts>, LedgerError> {
        self.read(|connection| {
            let sql = "SELECT event FROM events WHERE kind = ?1 AND notice IS NULL ORDER BY event DESC LIMIT 1";
            let mut found = connection.prepare_cached(sql)?;
            let event: Option<i64> = found.query_row([kind], |row| row.get(0)).optional()?;
            let event = event.map(|event| Event::find(connection, event)).transpose()?.flatten();
            event.map(|event| Ok((event.at, event.read_facts()?))).transpose()
        })
    }

    /// Returns the last run, or the last of one command.
    pub fn last_run(&self, command: Option<&str>) -> Result<Option<RunView>, LedgerError> {
        let living = self.living_run()?;
        self.read(|connection| {
            let sql = "SELECT run, command, started_at, ended_at, how, head FROM runs
                       WHERE ?1 IS NULL OR command = ?1 ORDER BY run DESC LIMIT 1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([command])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let run = row.get(0)?;
            let ended: Option<(i64, String)> = row.get::<_, Option<i64>>(3)?.zip(row.get(4)?);
            Ok(Some(RunView {
                run,
                command: row.get(1)?,
                started_at: time(row.get(2)?)?,
                ended: ended.map(|(at, how)| Ok::<_, Fault>((time(at)?, how))).transpose()?,
                is_alive: living == Some(run),
                head: digest(row.get(5)?)?,
            }))
        })
    }

    /// Returns when a notify began, up to `run`, that followed one which did not end: killed, or with the machine.
    pub fn starts_after_kills(&self, run: i64) -> Result<Vec<Timestamp>, LedgerError> {
        self.read(|connection| {
            let sql = "SELECT started_at FROM
                       (SELECT run, started_at, lag(ended_at) OVER before AS ended_at, lag(run) OVER before AS last
                        FROM runs WHERE command = 'notify' AND run <= ?1 WINDOW before AS (ORDER BY run))
                       WHERE last IS NOT NULL AND ended_at IS NULL ORDER BY run";
            let mut statement = connection.prepare_cached(sql)?;
            let starts = statement.query_map([run], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
            starts.into_iter().map(time).collect()
        })
    }

    /// Returns what is known of notices after the relay, from its own log; `None` where none was read.
    pub fn left_relay(&self) -> Result<Option<LeftRelay>, LedgerError> {
        self.read(|connection| {
            let Some(plan) = plan_number(connection)? else { return Ok(None) };
            last_reading(connection, plan)?.as_ref().map(LeftRelay::of).transpose()
        })
    }

    /// Returns the run that holds the lock.
    pub fn living_run(&self) -> Result<Option<i64>, LedgerError> {
        let is_locked = self.place.is_locked().map_err(|error| LedgerError::Storage {
            doing: "look at the lock of",
            path: self.path.clone(),
            source: error.into(),
        })?;
        if !is_locked {
            return Ok(None);
        }
        let sql = "SELECT run FROM owner WHERE one = 1";
        self.read(|connection| Ok(connection.query_row(sql, (), |row| row.get(0)).optional()?))
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, LedgerError> {
        read(&self.connection).map_err(|fault| fault.at("read", &self.path))
    }
}

pub(crate) fn plan_number(connection: &Connection) -> Result<Option<i64>, Fault> {
    Ok(super::current_plan(connection)?.map(|(plan, _)| plan))
}

/// Returns the domain of an address as it is kept; `None` where there is none any more.
fn domain(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

fn read_plan(connection: &Connection, plan: i64) -> Result<CurrentPlan, Fault> {
    let sql = "SELECT digest, manifest, frozen_at, incident, list_name, list_digest, rows, planned,
               first_offer_at FROM plans WHERE plan = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([plan])?;
    let row = rows.next()?.ok_or_else(|| damaged(format!("there is no plan {plan}")))?;
    let frozen = FrozenPlan {
        digest: digest(row.get(0)?)?,
        manifest: row.get(1)?,
        frozen_at: time(row.get(2)?)?,
        incident: row.get(3)?,
        inputs: read_inputs(connection, plan)?,
        list: (row.get(4)?, digest(row.get(5)?)?),
    };
    let count = |number: i64| u64::try_from(number).map_err(|_| damaged("a count is negative"));
    Ok(CurrentPlan {
        frozen,
        number: plan,
        rows: count(row.get(6)?)?,
        planned: count(row.get(7)?)?,
        withheld: count_withheld(connection, plan)?,
        first_offer_at: row.get::<_, Option<i64>>(8)?.map(time).transpose()?,
    })
}

fn read_inputs(connection: &Connection, plan: i64) -> Result<BTreeMap<String, Private<Vec<u8>>>, Fault> {
    let mut statement = connection.prepare_cached("SELECT name, bytes FROM inputs WHERE plan = ?1")?;
    let inputs = statement.query_map([plan], |row| Ok((row.get(0)?, Private::new(row.get(1)?))))?;
    Ok(inputs.collect::<Result<_, _>>()?)
}

fn count_withheld(connection: &Connection, plan: i64) -> Result<BTreeMap<Withheld, u64>, Fault> {
    let sql = "SELECT withheld, count(*) FROM rows WHERE plan = ?1 AND withheld IS NOT NULL GROUP BY withheld";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([plan])?;
    let mut counts = BTreeMap::new();
    while let Some(row) = rows.next()? {
        counts.insert(withheld(&row.get::<_, String>(0)?)?, row.get::<_, i64>(1)?.cast_unsigned());
    }
    Ok(counts)
}

fn count(connection: &Connection, plan: i64, living: Option<i64>) -> Result<Counts, Fault> {
    let mut counts = Counts::default();
    let mut statement = connection.prepare_cached("SELECT state, count FROM tallies WHERE plan = ?1")?;
    let mut rows = statement.query([plan])?;
    while let Some(row) = rows.next()? {
        let number = u64::try_from(row.get::<_, i64>(1)?).map_err(|_| damaged("a count is negative"))?;
        match super::commit::state(row.get(0)?)? {
            State::Queued => counts.queued = number,
            State::Deferred => counts.deferred = number,
            State::Offered => counts.in_doubt = number,
            State::Accepted => counts.accepted = number,
            State::Bounced => counts.bounced = number,
            State::LetStand => counts.let_stand = number,
            State::Expired => counts.expired = number,
            State::Withheld => {}
        }
    }
    let sql = "SELECT count(*) FROM notices WHERE plan = ?1 AND state = 2 AND doubted = 0 AND offered_by = ?2";
    let in_flight: i64 = connection.prepare_cached(sql)?.query_row(params![plan, living], |row| row.get(0))?;
    counts.in_flight = in_flight.cast_unsigned();
    counts.in_doubt = counts
        .in_doubt
        .checked_sub(counts.in_flight)
        .ok_or_else(|| damaged("more notices are in flight than were offered"))?;
    Ok(counts)
}

/// Returns what is private of an event as text on one line.
pub(crate) fn told(event: &Event) -> Option<Private<String>> {
    let (_, bytes) = event.told.as_ref()?;
    Some(Private::new(Reply { code: 0, enhanced: None, raw: bytes.expose().clone() }.text()))
}

/// The notices of a list, read page by page.
#[derive(Debug)]
pub struct Notices<'r> {
    reader: &'r LedgerReader,
    which: Which,
    living: Option<i64>,
    after: i64,
    page: VecDeque<NoticeView>,
    is_last: bool,
}

impl Notices<'_> {
    fn fetch(&self, connection: &Connection) -> Result<VecDeque<NoticeView>, Fault> {
        let Some(plan) = plan_number(connection)? else { return Ok(VecDeque::new()) };
        let (state, doubted) = match self.which {
            Which::InDoubt => (State::Offered, "AND (n.doubted = 1 OR n.offered_by IS NOT ?3)"),
            Which::In(state) => (state, "AND (?3 IS NULL OR ?3 IS NOT NULL)"),
        };
        // The state stands in the text, so that its index is found.
        let sql = format!(
            "SELECT n.notice, n.row, n.variant, r.person FROM notices n
             LEFT JOIN recipients r ON r.plan = n.plan AND r.row = n.row
             WHERE n.plan = ?1 AND n.state = {} AND n.notice > ?2 {doubted}
             ORDER BY n.position LIMIT {PAGE}",
            state.number()
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![plan, self.after, self.living])?;
        let mut page = VecDeque::new();
        while let Some(row) = rows.next()? {
            page.push_back(view(connection, row)?);
        }
        Ok(page)
    }
}

fn view(connection: &Connection, row: &rusqlite::Row<'_>) -> Result<NoticeView, Fault> {
    let notice: i64 = row.get(0)?;
    let kept = Kept::read(connection, notice)?;
    let event = Event::find(connection, kept.last)?
        .ok_or_else(|| damaged(format!("notice {notice} has lost its last event")))?;
    let why = told(&event).or(event.read_facts()?.remove("why").map(Private::new));
    let person: Option<String> = row.get(3)?;
    let unreadable = |_| damaged(format!("the recipient of notice {notice} cannot be read"));
    Ok(NoticeView {
        notice,
        token: token(&kept.token)?,
        row: row.get::<_, i64>(1)?.cast_unsigned(),
        variant: row.get(2)?,
        standing: kept.standing,
        recipient: person.map(|person| serde_json::from_str(&person).map_err(unreadable)).transpose()?,
        since: event.at,
        why,
    })
}

impl Iterator for Notices<'_> {
    type Item = Result<NoticeView, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() && !self.is_last {
            match self.reader.read(|connection| self.fetch(connection)) {
                Ok(page) => self.page = page,
                Err(error) => {
                    self.is_last = true;
                    return Some(Err(error));
                }
            }
            self.is_last = self.page.len() < PAGE;
        }
        let next = self.page.pop_front()?;
        self.after = next.notice;
        Some(Ok(next))
    }
}

/// The rows of a plan, read page by page.
#[derive(Debug)]
pub struct FrozenRows<'r> {
    reader: &'r LedgerReader,
    only: &'static str,
    after: i64,
    page: VecDeque<FrozenRow>,
    is_last: bool,
}

impl<'r> FrozenRows<'r> {
    /// Returns the rows that a further condition leaves.
    pub(super) fn only(reader: &'r LedgerReader, only: &'static str) -> Self {
        Self { reader, only, after: 0, page: VecDeque::new(), is_last: false }
    }
}

impl FrozenRows<'_> {
    fn fetch(&self, connection: &Connection) -> Result<VecDeque<FrozenRow>, Fault> {
        let Some(plan) = plan_number(connection)? else { return Ok(VecDeque::new()) };
        let (columns, tables, only) = (KeptRow::COLUMNS, KeptRow::TABLES, self.only);
        let sql = format!(
            "SELECT {columns} FROM {tables} WHERE r.plan = ?1 AND r.row > ?2 {only} ORDER BY r.row LIMIT {PAGE}"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![plan, self.after])?;
        let mut page = VecDeque::new();
        while let Some(row) = rows.next()? {
            let (kept, _) = KeptRow::read(row)?;
            page.push_back(kept.thaw()?);
        }
        Ok(page)
    }
}

impl Iterator for FrozenRows<'_> {
    type Item = Result<FrozenRow, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() && !self.is_last {
            match self.reader.read(|connection| self.fetch(connection)) {
                Ok(page) => self.page = page,
                Err(error) => {
                    self.is_last = true;
                    return Some(Err(error));
                }
            }
            self.is_last = self.page.len() < PAGE;
        }
        let next = self.page.pop_front()?;
        self.after = next.row.cast_signed();
        Some(Ok(next))
    }
}
