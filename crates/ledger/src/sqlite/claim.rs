//! Which notices a run attempts next: found by index, never by reading the plan.
//!
//! Claims live in the memory of the run that holds the lock, so that a crash leaves nothing to repair.

use super::{
    chain::{digest, time},
    commit::Kept,
    fault::{Fault, damaged},
    freeze::first_of,
};
use crate::Claim;
use forthwith_core::{
    notice::{Claimed, Token},
    state::State,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, Rows, params};
use std::collections::BTreeMap;

/// What this run has claimed.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Where the claimed notices stand, from claim to rest: so that recording needs no look at the file.
    held: BTreeMap<i64, Kept>,
    /// Everything never attempted up to this notice is claimed: what comes back has a due time.
    fresh_up_to: i64,
}

/// What a claim reads of a notice and its person; `notices n LEFT JOIN recipients r` follows.
const COLUMNS: &str = "SELECT n.notice, n.plan, n.token, n.state, n.doubted, n.deferrals, n.requeues, n.due, n.date, \
     n.wire, n.offered_by, n.last, n.content, r.person";

/// The longest, in microseconds, that the record of a plan's first offer may be behind the Date of that offer.
const DATED_BEFORE_OFFER_MAX: i64 = 60_000_000;

impl Claims {
    /// Claims up to `want` notices of `plan` that are due at `now`.
    pub(crate) fn claim(
        &mut self,
        connection: &Connection,
        plan: i64,
        want: usize,
        now: Timestamp,
    ) -> Result<Claim, Fault> {
        // One look at the file instead of one for each statement.
        let connection = &*connection.unchecked_transaction()?;
        let mut found = self.read_due(connection, plan, want, now)?;
        let due = found.len();
        self.read_fresh(connection, plan, want, &mut found)?;
        let next_due = if found.len() < want { self.find_next_due(connection, plan, now)? } else { None };
        if let Some((last, _)) = found[due..].last() {
            self.fresh_up_to = last.notice;
        }
        Ok(Claim { notices: self.hold(found), next_due })
    }

    /// Claims up to `want` notices of `plan` that a relay deferred and that were first offered by then. It reads
    /// everybody who waits, and nobody where the plan was begun later (the Date of an offer is fixed just before it).
    pub(crate) fn claim_waiting(
        &mut self,
        connection: &Connection,
        plan: i64,
        want: usize,
        offered_by: Timestamp,
    ) -> Result<Claim, Fault> {
        let mut statement = connection.prepare_cached(&format!(
            "{COLUMNS} FROM notices n LEFT JOIN recipients r ON r.plan = n.plan AND r.row = n.row
             WHERE n.plan = ?1 AND n.due IS NOT NULL AND n.deferrals > 0 AND n.date <= ?2
               AND (SELECT first_offer_at FROM plans WHERE plan = ?1) <= ?2 + {DATED_BEFORE_OFFER_MAX}
             ORDER BY n.due, n.position"
        ))?;
        let rows = statement.query(params![plan, offered_by.as_microsecond()])?;
        let found = self.read_unclaimed(rows, want)?;
        Ok(Claim { notices: self.hold(found), next_due: None })
    }

    /// Holds what was found, and returns the notices.
    fn hold(&mut self, found: Vec<(Claimed, Kept)>) -> Vec<Claimed> {
        let mut notices = Vec::with_capacity(found.len());
        for (claimed, kept) in found {
            self.held.insert(claimed.notice, kept);
            notices.push(claimed);
        }
        notices
    }

    /// Takes over what a transaction left of the notices that it changed.
    ///
    /// What waits for its reply stays here; for the rest, the file speaks from now on.
    pub(crate) fn follow(&mut self, changed: BTreeMap<i64, Kept>) {
        for (notice, kept) in changed {
            let awaits_reply = kept.standing.state == State::Offered && !kept.standing.doubted;
            if awaits_reply {
                self.held.insert(notice, kept);
            } else {
                self.held.remove(&notice);
            }
        }
    }

    pub(crate) fn holds(&self, notice: i64) -> bool {
        self.held.contains_key(&notice)
    }

    /// Returns where a claimed notice stands.
    pub(crate) fn kept(&self, notice: i64) -> Option<&Kept> {
        self.held.get(&notice)
    }

    /// Returns those that wait for another attempt and are overdue, the longest first.
    fn read_due(
        &self,
        connection: &Connection,
        plan: i64,
        want: usize,
        now: Timestamp,
    ) -> Result<Vec<(Claimed, Kept)>, Fault> {
        let mut statement = connection.prepare_cached(&format!(
            "{COLUMNS} FROM notices n LEFT JOIN recipients r ON r.plan = n.plan AND r.row = n.row
             WHERE n.plan = ?1 AND n.due <= ?2 ORDER BY n.due, n.position"
        ))?;
        let rows = statement.query(params![plan, now.as_microsecond()])?;
        self.read_unclaimed(rows, want)
    }

    /// Reads the first `want` of `rows` that are not claimed.
    fn read_unclaimed(&self, mut rows: Rows<'_>, want: usize) -> Result<Vec<(Claimed, Kept)>, Fault> {
        let mut found = Vec::new();
        while found.len() < want {
            let Some(row) = rows.next()? else { break };
            if !self.holds(row.get(0)?) {
                found.push(read(row)?);
            }
        }
        Ok(found)
    }

    /// Adds those never attempted, in keyed order, until there are `want`.
    fn read_fresh(
        &self,
        connection: &Connection,
        plan: i64,
        want: usize,
        found: &mut Vec<(Claimed, Kept)>,
    ) -> Result<(), Fault> {
        let mut statement = connection.prepare_cached(&format!(
            "{COLUMNS} FROM notices n LEFT JOIN recipients r ON r.plan = n.plan AND r.row = n.row
             WHERE n.notice > ?1 AND n.notice < ?2 AND n.state = 0 AND n.due IS NULL ORDER BY n.notice"
        ))?;
        let first = self.fresh_up_to.max(first_of(plan));
        let mut rows = statement.query([first, first_of(plan + 1)])?;
        while found.len() < want {
            let Some(row) = rows.next()? else { break };
            found.push(read(row)?);
        }
        Ok(())
    }

    fn find_next_due(
        &self,
        connection: &Connection,
        plan: i64,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT notice, due FROM notices WHERE plan = ?1 AND due > ?2 ORDER BY due, position",
        )?;
        let mut rows = statement.query(params![plan, now.as_microsecond()])?;
        while let Some(row) = rows.next()? {
            if !self.holds(row.get(0)?) {
                return Ok(Some(time(row.get(1)?)?));
            }
        }
        Ok(None)
    }
}

/// Reads a notice and its person from [`COLUMNS`].
fn read(row: &Row<'_>) -> Result<(Claimed, Kept), Fault> {
    let (notice, kept) = Kept::of(row)?;
    let person = row.get_ref(13)?.as_str().map_err(|_| damaged(format!("notice {notice} has no recipient")))?;
    let claimed = Claimed {
        notice,
        token: Token::parse(&kept.token).ok_or_else(|| damaged(format!("notice {notice} has no token")))?,
        deferrals: kept.standing.deferrals,
        requeues: kept.standing.requeues,
        due: kept.standing.due,
        content: digest(row.get(12)?)?,
        date: kept.standing.offer.map(|(date, _)| date),
        // The cause would quote the person.
        recipient: serde_json::from_str(person)
            .map_err(|_| damaged(format!("the recipient of notice {notice} cannot be read")))?,
    };
    Ok((claimed, kept))
}
