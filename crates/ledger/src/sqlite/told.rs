//! What a plan's people were told, for a later wave that must not tell them again. Read page by page, also while a
//! run writes; it changes nothing.

use super::{
    commit::state,
    fault::{Fault, damaged},
    read::{FrozenRows, LedgerReader, plan_number},
};
use crate::LedgerError;
use forthwith_core::{private::Private, state::State};
use rusqlite::{Connection, params};
use std::collections::VecDeque;

/// Notices read at a time: a page is short enough that no run waits for it.
const PAGE: usize = 1_024;

/// A person of the plan, and what became of their notice.
#[derive(Clone, Debug)]
pub struct PersonTold {
    /// The id column.
    pub id: Private<String>,
    /// Where the notice goes.
    pub address: Private<String>,
    /// The ids of the data that the notice names.
    pub data: Vec<String>,
    /// The state of the notice.
    pub state: State,
    /// Whether a run that is alive waits for the reply: `Offered`, and no doubt yet.
    pub is_in_flight: bool,
}

impl LedgerReader {
    /// Returns everybody to whom the plan owes a notice; `None` for each one whose person was purged.
    pub fn people_told(&self) -> Result<PeopleTold<'_>, LedgerError> {
        let living = self.living_run()?;
        Ok(PeopleTold { reader: self, living, after: 0, page: VecDeque::new(), is_last: false })
    }

    /// Returns every row of the plan that was withheld because an earlier wave had told the person, in row order.
    pub fn rows_told_before(&self) -> FrozenRows<'_> {
        FrozenRows::only(self, "AND r.withheld = 'already-told'")
    }
}

/// Everybody to whom a plan owes a notice, read page by page.
#[derive(Debug)]
pub struct PeopleTold<'r> {
    reader: &'r LedgerReader,
    living: Option<i64>,
    after: i64,
    page: VecDeque<Option<PersonTold>>,
    is_last: bool,
}

impl PeopleTold<'_> {
    fn fetch(&mut self) -> Result<(), LedgerError> {
        let (living, mut after) = (self.living, self.after);
        self.page = self.reader.read(|connection| fetch(connection, living, &mut after))?;
        self.after = after;
        self.is_last = self.page.len() < PAGE;
        Ok(())
    }
}

/// Reads the next page behind the notice `after`, which becomes the last one read.
fn fetch(
    connection: &Connection,
    living: Option<i64>,
    after: &mut i64,
) -> Result<VecDeque<Option<PersonTold>>, Fault> {
    let Some(plan) = plan_number(connection)? else { return Ok(VecDeque::new()) };
    let sql = format!(
        "SELECT n.notice, n.state, n.doubted = 0 AND n.offered_by IS ?3, r.id, r.address,
         json_extract(r.person, '$.data') FROM notices n
         LEFT JOIN recipients r ON r.plan = n.plan AND r.row = n.row
         WHERE n.plan = ?1 AND n.notice > ?2 ORDER BY n.notice LIMIT {PAGE}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![plan, *after, living])?;
    let mut page = VecDeque::new();
    while let Some(row) = rows.next()? {
        *after = row.get(0)?;
        let Some(id) = row.get::<_, Option<String>>(3)? else {
            page.push_back(None);
            continue;
        };
        let data: Option<String> = row.get(5)?;
        let data = data.and_then(|data| serde_json::from_str(&data).ok());
        page.push_back(Some(PersonTold {
            id: Private::new(id),
            address: Private::new(row.get(4)?),
            data: data.ok_or_else(|| damaged("a recipient has no data"))?,
            state: state(row.get(1)?)?,
            is_in_flight: living.is_some() && row.get::<_, bool>(2)?,
        }));
    }
    Ok(page)
}

impl Iterator for PeopleTold<'_> {
    type Item = Result<Option<PersonTold>, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty()
            && !self.is_last
            && let Err(error) = self.fetch()
        {
            self.is_last = true;
            return Some(Err(error));
        }
        self.page.pop_front().map(Ok)
    }
}
