//! How entries become durable: the event and the change of the notice, all in one transaction.

use super::{
    SqliteLedger, append_run_event,
    chain::{Chain, NewEvent, Salts, digest, facts_of, kind_of, time},
    fault::{Fault, damaged},
    keep_head, write,
};
use crate::{Append, LedgerError, Outcome, Standing};
use forthwith_core::{
    notice::{Entry, Particulars, Token},
    state::{Happening, State},
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// Notices given up in one transaction, so that a million of them need neither memory nor a giant log.
const EXPIRE_AT_ONCE: usize = 4_096;

/// Makes `entries` durable, or says that another run has taken over.
pub(crate) fn commit(ledger: &mut SqliteLedger, entries: &[Append]) -> Result<Vec<Outcome>, Fault> {
    let SqliteLedger { connection, chain, salts, plan, has_offer, claims, .. } = ledger;
    let mut session = Session { plan: *plan, has_offer: *has_offer, chain: chain.clone(), moved: [0; STATES] };
    let owned = write(connection, |transaction| {
        if !owns(transaction, session.chain.run)? {
            return Ok(false);
        }
        for append in entries {
            match append {
                Append::Notice(entry) => session.record(transaction, salts, &Recorded::of(entry))?,
                Append::Run(event) => drop(append_run_event(transaction, &mut session.chain, salts, event)?),
            }
        }
        session.close(transaction)?;
        Ok(true)
    })?;
    if !owned {
        return Ok(vec![Outcome::Fenced; entries.len()]);
    }
    *chain = session.chain;
    *has_offer = session.has_offer;
    for append in entries {
        if let Append::Notice(entry) = append {
            claims.release(entry.notice);
        }
    }
    Ok(vec![Outcome::Durable; entries.len()])
}

/// Gives up all that is queued or deferred and not claimed.
pub(crate) fn expire(ledger: &mut SqliteLedger, now: Timestamp) -> Result<u64, LedgerError> {
    let mut expired = 0;
    loop {
        let entries = expirable(ledger, now).map_err(|fault| fault.at("read", &ledger.path))?;
        if entries.is_empty() {
            return Ok(expired);
        }
        let outcomes = commit(ledger, &entries).map_err(|fault| fault.at("write", &ledger.path))?;
        if outcomes.contains(&Outcome::Fenced) {
            return Ok(expired);
        }
        expired += entries.len() as u64;
    }
}

fn expirable(ledger: &SqliteLedger, now: Timestamp) -> Result<Vec<Append>, Fault> {
    let fresh = "SELECT notice, token FROM notices WHERE plan = ?1 AND state = 0 AND due IS NULL
                 ORDER BY position";
    let waiting = "SELECT notice, token FROM notices WHERE plan = ?1 AND due IS NOT NULL ORDER BY due, position";
    let mut entries = Vec::new();
    for sql in [waiting, fresh] {
        let mut statement = ledger.connection.prepare_cached(sql)?;
        let mut rows = statement.query([ledger.plan])?;
        while entries.len() < EXPIRE_AT_ONCE {
            let Some(row) = rows.next()? else { break };
            let notice = row.get(0)?;
            if !ledger.claims.holds(notice) {
                let token = token(&row.get::<_, String>(1)?)?;
                let (happening, particulars) = (Happening::Expired, Particulars::default());
                entries.push(Append::Notice(Entry { notice, token, at: now, happening, particulars }));
            }
        }
    }
    Ok(entries)
}

/// Returns whether `run` is the one that may write about notices.
pub(crate) fn owns(transaction: &Transaction<'_>, run: i64) -> Result<bool, Fault> {
    let owner: i64 =
        transaction.prepare_cached("SELECT run FROM owner WHERE one = 1")?.query_row((), |row| row.get(0))?;
    Ok(owner == run)
}

const STATES: usize = State::ALL.len();

/// One transaction's view of what it changes; taken over only once it is durable.
pub(crate) struct Session {
    pub(crate) plan: Option<i64>,
    pub(crate) has_offer: bool,
    pub(crate) chain: Chain,
    /// How many notices entered each state, less those that left it, by the state's number.
    pub(crate) moved: [i64; STATES],
}

/// An entry and what a person adds to it.
pub(crate) struct Recorded<'a> {
    pub(crate) notice: i64,
    pub(crate) token: &'a Token,
    pub(crate) at: Timestamp,
    pub(crate) happening: Happening,
    pub(crate) particulars: &'a Particulars,
    /// Who decided, where a person did.
    pub(crate) by: Option<&'a str>,
    /// The raw reply, or the person's reason.
    pub(crate) private: Option<&'a [u8]>,
}

impl<'a> Recorded<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            notice: entry.notice,
            token: &entry.token,
            at: entry.at,
            happening: entry.happening,
            particulars: &entry.particulars,
            by: None,
            private: entry.particulars.reply.as_ref().map(|reply| reply.raw.as_slice()),
        }
    }
}

impl Session {
    /// Appends the event and changes the notice.
    pub(crate) fn record(
        &mut self,
        transaction: &Transaction<'_>,
        salts: &mut Salts,
        recorded: &Recorded<'_>,
    ) -> Result<(), Fault> {
        let (notice, token, at, happening) = (recorded.notice, recorded.token, recorded.at, recorded.happening);
        let kept = Kept::read(transaction, notice)?;
        if self.plan != Some(kept.plan) || kept.token != token.as_str() {
            return Err(damaged(format!("notice {notice} is not {token} of the current plan")));
        }
        let next = kept.standing.after(token, at, happening, recorded.particulars)?;
        let facts = facts_of(happening, recorded.particulars, recorded.by);
        let event = self.chain.append(
            transaction,
            salts,
            &NewEvent {
                at,
                kind: kind_of(happening),
                notice: Some((notice, token, kept.last)),
                facts: &facts,
                private: recorded.private,
            },
        )?;
        let is_offer = happening == Happening::Offered;
        if is_offer && !self.has_offer {
            transaction.execute(
                "UPDATE plans SET first_offer_at = ?2 WHERE plan = ?1",
                params![kept.plan, at.as_microsecond()],
            )?;
            self.has_offer = true;
        }
        self.moved[usize::from(kept.standing.state.number())] -= 1;
        self.moved[usize::from(next.state.number())] += 1;
        let offered_by = if is_offer { Some(self.chain.run) } else { kept.offered_by };
        update(transaction, notice, &next, offered_by, event)
    }

    /// Writes what the transaction's events have in common: the tallies and the head.
    pub(crate) fn close(&self, transaction: &Transaction<'_>) -> Result<(), Fault> {
        for state in State::ALL {
            let moved = self.moved[usize::from(state.number())];
            if moved != 0 {
                transaction
                    .prepare_cached("UPDATE tallies SET count = count + ?3 WHERE plan = ?1 AND state = ?2")?
                    .execute(params![self.plan, state.number(), moved])?;
            }
        }
        keep_head(transaction, &self.chain)
    }
}

/// What is kept of a notice when something happens to it.
pub(crate) struct Kept {
    plan: i64,
    pub(crate) token: String,
    pub(crate) standing: Standing,
    pub(crate) offered_by: Option<i64>,
    pub(crate) last: i64,
}

impl Kept {
    pub(crate) fn read(connection: &Connection, notice: i64) -> Result<Self, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT plan, token, state, doubted, deferrals, requeues, due, date, wire, offered_by, last
             FROM notices WHERE notice = ?1",
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            let (state, due): (u8, Option<i64>) = (row.get(2)?, row.get(6)?);
            let (date, wire): (Option<i64>, Option<Vec<u8>>) = (row.get(7)?, row.get(8)?);
            let standing = Standing {
                state: State::Queued,
                doubted: row.get(3)?,
                deferrals: row.get(4)?,
                requeues: row.get(5)?,
                due: None,
                offer: None,
            };
            let kept = Self {
                plan: row.get(0)?,
                token: row.get(1)?,
                standing,
                offered_by: row.get(9)?,
                last: row.get(10)?,
            };
            Ok((kept, state, due, date.zip(wire)))
        };
        let found = statement.query_row([notice], read).optional()?;
        let (mut kept, state, due, offer) = found.ok_or_else(|| damaged(format!("there is no notice {notice}")))?;
        kept.standing.state = self::state(state)?;
        kept.standing.due = due.map(time).transpose()?;
        kept.standing.offer = offer.map(|(date, wire)| Ok::<_, Fault>((time(date)?, digest(wire)?))).transpose()?;
        Ok(kept)
    }
}

fn update(
    transaction: &Transaction<'_>,
    notice: i64,
    next: &Standing,
    offered_by: Option<i64>,
    last: i64,
) -> Result<(), Fault> {
    transaction
        .prepare_cached(
            "UPDATE notices SET state = ?2, doubted = ?3, deferrals = ?4, requeues = ?5, due = ?6, date = ?7,
             wire = ?8, offered_by = ?9, last = ?10 WHERE notice = ?1",
        )?
        .execute(params![
            notice,
            next.state.number(),
            next.doubted,
            next.deferrals,
            next.requeues,
            next.due.map(Timestamp::as_microsecond),
            next.offer.map(|(date, _)| date.as_microsecond()),
            next.offer.as_ref().map(|(_, wire)| wire.as_bytes()),
            offered_by,
            last,
        ])?;
    Ok(())
}

/// Reads a state from its number.
pub(crate) fn state(number: u8) -> Result<State, Fault> {
    State::from_number(number).ok_or_else(|| damaged(format!("there is no state {number}")))
}

/// Reads a token from a column.
pub(crate) fn token(text: &str) -> Result<Token, Fault> {
    Token::parse(text).ok_or_else(|| damaged("a token is not one"))
}
