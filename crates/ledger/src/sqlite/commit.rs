//! How entries become durable: the event and the change of the notice, all in one transaction.

use super::{
    SqliteLedger, append_run_event,
    chain::{Chain, Grounds, NewEvent, digest, facts_of, kind_of, time},
    claim::Claims,
    fault::{Fault, damaged},
    keep_head,
    pen::Pen,
    write,
};
use crate::{Append, Outcome, Standing};
use forthwith_core::{
    notice::{Entry, Particulars, Token},
    state::{Happening, State},
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::BTreeMap;

/// Makes `entries` durable, or says that another run has taken over.
pub(crate) fn commit(ledger: &mut SqliteLedger, entries: &[Append]) -> Result<Vec<Outcome>, Fault> {
    let SqliteLedger { connection, chain, salts, plan, has_offer, claims, .. } = ledger;
    let mut session = Session::new(*plan, *has_offer, chain.clone());
    let owned = write(connection, |transaction| {
        if !owns(transaction, session.chain.run)? {
            return Ok(false);
        }
        let mut pen = Pen::new(transaction, salts)?;
        for append in entries {
            match append {
                Append::Notice(entry) => session.record(&mut pen, claims, &Recorded::of(entry))?,
                Append::Run(event) => drop(append_run_event(&mut pen, &mut session.chain, event)?),
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
    claims.follow(session.changed);
    Ok(vec![Outcome::Durable; entries.len()])
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
    moved: [i64; STATES],
    /// What the transaction leaves of each notice that it changes.
    pub(crate) changed: BTreeMap<i64, Kept>,
}

/// An entry and what a person adds to it.
pub(crate) struct Recorded<'a> {
    pub(crate) notice: i64,
    pub(crate) token: &'a Token,
    pub(crate) at: Timestamp,
    pub(crate) happening: Happening,
    pub(crate) particulars: &'a Particulars,
    /// Who decided, and what shows it.
    pub(crate) grounds: Grounds<'a>,
    /// The raw reply, the person's reason, or the lines of a log.
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
            grounds: Grounds::default(),
            private: entry.particulars.reply.as_ref().map(|reply| reply.raw.as_slice()),
        }
    }
}

impl Session {
    pub(crate) fn new(plan: Option<i64>, has_offer: bool, chain: Chain) -> Self {
        Self { plan, has_offer, chain, moved: [0; STATES], changed: BTreeMap::new() }
    }

    /// Appends the event and changes the notice.
    pub(crate) fn record(
        &mut self,
        pen: &mut Pen<'_>,
        claims: &Claims,
        recorded: &Recorded<'_>,
    ) -> Result<(), Fault> {
        let (notice, token, at, happening) = (recorded.notice, recorded.token, recorded.at, recorded.happening);
        let kept = self.find(pen.transaction, claims, notice)?;
        if self.plan != Some(kept.plan) || kept.token != token.as_str() {
            return Err(damaged(format!("notice {notice} is not {token} of the current plan")));
        }
        let standing = kept.standing.after(token, at, happening, recorded.particulars)?;
        let facts = facts_of(happening, recorded.particulars, recorded.grounds);
        let new = NewEvent {
            at,
            kind: kind_of(happening),
            notice: Some((notice, token, kept.last)),
            facts: &facts,
            private: recorded.private,
        };
        let event = self.chain.append(pen, &new)?;
        let is_offer = happening == Happening::Offered;
        if is_offer && !self.has_offer {
            pen.transaction.execute(
                "UPDATE plans SET first_offer_at = ?2 WHERE plan = ?1",
                params![kept.plan, at.as_microsecond()],
            )?;
            self.has_offer = true;
        }
        self.moved[usize::from(kept.standing.state.number())] -= 1;
        self.moved[usize::from(standing.state.number())] += 1;
        let offered_by = if is_offer { Some(self.chain.run) } else { kept.offered_by };
        let next = Kept { standing, offered_by, last: event, token: kept.token.clone(), ..kept };
        update(pen, notice, &kept, &next)?;
        self.changed.insert(notice, next);
        Ok(())
    }

    /// Returns where a notice stands: as this transaction left it, as this run claimed it, or as the file says.
    fn find(&self, transaction: &Connection, claims: &Claims, notice: i64) -> Result<Kept, Fault> {
        match self.changed.get(&notice).or_else(|| claims.kept(notice)) {
            Some(kept) => Ok(kept.clone()),
            None => Kept::read(transaction, notice),
        }
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
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) plan: i64,
    pub(crate) token: String,
    pub(crate) standing: Standing,
    pub(crate) offered_by: Option<i64>,
    pub(crate) last: i64,
}

impl Kept {
    pub(crate) fn read(connection: &Connection, notice: i64) -> Result<Self, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT notice, plan, token, state, doubted, deferrals, requeues, due, date, wire, offered_by, last
             FROM notices WHERE notice = ?1",
        )?;
        let found = statement.query_row([notice], |row| Ok(Self::of(row))).optional()?;
        let (_, kept) = found.ok_or_else(|| damaged(format!("there is no notice {notice}")))??;
        Ok(kept)
    }

    /// Reads a notice's number and where it stands from the first columns of `row`, which are those of
    /// [`Self::read`].
    pub(crate) fn of(row: &Row<'_>) -> Result<(i64, Self), Fault> {
        let date = row.get::<_, Option<i64>>(8)?.map(time).transpose()?;
        let wire = row.get::<_, Option<Vec<u8>>>(9)?.map(digest).transpose()?;
        let standing = Standing {
            state: state(row.get(3)?)?,
            doubted: row.get(4)?,
            deferrals: row.get(5)?,
            requeues: row.get(6)?,
            due: row.get::<_, Option<i64>>(7)?.map(time).transpose()?,
            offer: date.zip(wire),
        };
        let (plan, token) = (row.get(1)?, row.get(2)?);
        Ok((row.get(0)?, Self { plan, token, standing, offered_by: row.get(10)?, last: row.get(11)? }))
    }
}

/// Changes a notice that stands where `before` says, by its state and its last event.
///
/// Where it stands elsewhere, somebody else has written to the file: what this run remembers of it is void. What
/// stays is not written again: most verdicts change the state alone.
fn update(pen: &mut Pen<'_>, notice: i64, before: &Kept, next: &Kept) -> Result<(), Fault> {
    let standing = &next.standing;
    let (state, then) = (standing.state.number(), before.standing.state.number());
    let is_state_alone = Standing { state: before.standing.state, ..standing.clone() } == before.standing
        && next.offered_by == before.offered_by;
    let changed = if is_state_alone {
        pen.state.execute(params![notice, then, before.last, state, next.last])?
    } else {
        pen.standing.execute(params![
            notice,
            then,
            before.last,
            state,
            next.last,
            standing.doubted,
            standing.deferrals,
            standing.requeues,
            standing.due.map(Timestamp::as_microsecond),
            standing.offer.map(|(date, _)| date.as_microsecond()),
            standing.offer.as_ref().map(|(_, wire)| wire.as_bytes()),
            next.offered_by,
        ])?
    };
    if changed != 1 {
        return Err(damaged(format!("notice {notice} was changed by somebody else while this run held it")));
    }
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
