//! Which notices a run attempts next: found by index, never by reading the plan.
//!
//! Claims live in the memory of the run that holds the lock, so that a crash leaves nothing to repair.

use super::{
    chain::{digest, time},
    fault::{Fault, damaged},
};
use crate::Claim;
use forthwith_core::notice::{Claimed, Token};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;

/// What this run has claimed.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Claimed notices that are still queued or deferred on disk.
    held: BTreeSet<i64>,
    /// Everything never attempted up to this position is claimed: what comes back has a due time.
    fresh_up_to: i64,
}

impl Claims {
    /// Claims up to `want` notices of `plan` that are due at `now`.
    pub(crate) fn claim(
        &mut self,
        connection: &Connection,
        plan: i64,
        want: usize,
        now: Timestamp,
    ) -> Result<Claim, Fault> {
        // One look at the file instead of one for each notice.
        let connection = &*connection.unchecked_transaction()?;
        let mut found = self.find_due(connection, plan, want, now)?;
        let left = want - found.len();
        for (notice, position) in self.find_fresh(connection, plan, left)? {
            self.fresh_up_to = position;
            found.push(notice);
        }
        self.held.extend(&found);
        let next_due = if found.len() < want { self.find_next_due(connection, plan, now)? } else { None };
        let notices = found.into_iter().map(|notice| read(connection, notice)).collect::<Result<_, _>>()?;
        Ok(Claim { notices, next_due })
    }

    /// Forgets a claim: what stands on disk speaks from now on.
    pub(crate) fn release(&mut self, notice: i64) {
        self.held.remove(&notice);
    }

    pub(crate) fn holds(&self, notice: i64) -> bool {
        self.held.contains(&notice)
    }

    /// Returns those that wait for another attempt and are overdue, the longest first.
    fn find_due(&self, connection: &Connection, plan: i64, want: usize, now: Timestamp) -> Result<Vec<i64>, Fault> {
        let mut statement = connection
            .prepare_cached("SELECT notice FROM notices WHERE plan = ?1 AND due <= ?2 ORDER BY due, position")?;
        let rows = statement.query_map(params![plan, now.as_microsecond()], |row| row.get(0))?;
        rows.filter(|notice| notice.as_ref().map_or(true, |notice| !self.holds(*notice)))
            .take(want)
            .map(|notice| Ok(notice?))
            .collect()
    }

    fn find_fresh(&self, connection: &Connection, plan: i64, want: usize) -> Result<Vec<(i64, i64)>, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT notice, position FROM notices
             WHERE plan = ?1 AND state = 0 AND due IS NULL AND position > ?2 ORDER BY position",
        )?;
        let rows = statement.query_map(params![plan, self.fresh_up_to], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.take(want).collect::<Result<_, _>>()?)
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

fn read(connection: &Connection, notice: i64) -> Result<Claimed, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT n.token, n.deferrals, n.requeues, n.due, n.content, n.date, r.person
         FROM notices n JOIN recipients r ON r.plan = n.plan AND r.row = n.row WHERE n.notice = ?1",
    )?;
    let found = statement.query_row([notice], |row| {
        let times: (Option<i64>, Option<i64>) = (row.get(3)?, row.get(5)?);
        let texts: (String, String) = (row.get(0)?, row.get(6)?);
        Ok((texts, (row.get(1)?, row.get(2)?), times, row.get::<_, Vec<u8>>(4)?))
    });
    let found = found.optional()?.ok_or_else(|| damaged(format!("notice {notice} has no recipient")))?;
    let ((token, person), (deferrals, requeues), (due, date), content) = found;
    Ok(Claimed {
        notice,
        token: Token::parse(&token).ok_or_else(|| damaged(format!("notice {notice} has no token")))?,
        deferrals,
        requeues,
        due: due.map(time).transpose()?,
        content: digest(content)?,
        date: date.map(time).transpose()?,
        // The cause would quote the person.
        recipient: serde_json::from_str(&person)
            .map_err(|_| damaged(format!("the recipient of notice {notice} cannot be read")))?,
    })
}
