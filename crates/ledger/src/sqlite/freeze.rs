//! Freezing: a plan and all its rows enter the ledger in one transaction, or nothing does.
//!
//! Until the first offer a new plan replaces the one before; after it, the plan stands.

use super::{
    SqliteLedger,
    chain::{NewEvent, digest, to_json},
    claim::Claims,
    commit::{Session, owns, token},
    fault::{Fault, damaged},
    pen::{Pen, Salts},
    row::{CHANNEL, KeptNotice, PURPOSE, SealedRow, withheld},
    schema, write,
};
use crate::LedgerError;
use forthwith_core::{
    digest::Digest,
    notice::Token,
    plan::{FrozenPlan, FrozenRow, NoticesDigest},
    state::State,
};
use jiff::Timestamp;
use rusqlite::{Transaction, params};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Bits of a notice's number that are its position: more than any list has rows.
const POSITION_BITS: u32 = 32;

/// Returns the number below which no notice of `plan` is.
pub(crate) fn first_of(plan: i64) -> i64 {
    plan << POSITION_BITS
}

/// What freezing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freeze {
    /// The plan is in the ledger now.
    Frozen {
        /// The plan that it replaced.
        superseded: Option<Digest>,
    },
    /// The plan that stands has the same digest; nothing was written.
    Unchanged,
}

/// Why nothing was frozen. The ledger is as it was.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// Somebody may have been told under another plan already.
    #[error("notices of the plan {standing} were offered already, so that plan stands")]
    Offered {
        /// The plan that stands.
        standing: Digest,
    },
    /// The manifest does not describe the rows.
    #[error("the plan contradicts itself: {what}")]
    Contradiction {
        /// What does not fit.
        what: String,
    },
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl SqliteLedger {
    /// Freezes `plan` with `rows`, which come in row order and each of which is kept whole.
    pub fn freeze(
        &mut self,
        plan: &FrozenPlan,
        rows: impl Iterator<Item = FrozenRow>,
        now: Timestamp,
    ) -> Result<Freeze, FreezeError> {
        self.freeze_sealed(plan, rows.flat_map(|row| SealedRow::seal([row])), now)
    }

    /// Does what [`SqliteLedger::freeze`] does, with rows that were sealed before.
    ///
    /// Memory: about 80 octets a notice, for putting them into keyed order.
    pub fn freeze_sealed(
        &mut self,
        plan: &FrozenPlan,
        rows: impl Iterator<Item = SealedRow>,
        now: Timestamp,
    ) -> Result<Freeze, FreezeError> {
        let standing = self.standing_plan().map_err(|fault| fault.at("read", &self.path))?;
        match standing {
            Some((_, digest)) if digest == plan.digest => return Ok(Freeze::Unchanged),
            Some((_, standing)) if self.has_offer => return Err(FreezeError::Offered { standing }),
            _ => {}
        }
        if Digest::of(plan.manifest.as_bytes()) != plan.digest {
            return Err(contradiction("the digest is not that of the manifest"));
        }
        let mut freezing = Freezing { session: Session::new(None, false, self.chain.clone()), contradiction: None };
        let frozen = schema::with_room(&mut self.connection, |connection| {
            write(connection, |transaction| freezing.run(transaction, &mut self.salts, standing, plan, rows, now))
        });
        if let Some(what) = freezing.contradiction {
            return Err(contradiction(what));
        }
        self.plan = Some(frozen.map_err(|fault| fault.at("write", &self.path))?);
        self.has_offer = false;
        self.chain = freezing.session.chain;
        self.claims = Claims::default();
        Ok(Freeze::Frozen { superseded: standing.map(|(_, digest)| digest) })
    }

    fn standing_plan(&self) -> Result<Option<(i64, Digest)>, Fault> {
        let Some(plan) = self.plan else { return Ok(None) };
        let bytes = self.connection.query_row("SELECT digest FROM plans WHERE plan = ?1", [plan], |r| r.get(0))?;
        Ok(Some((plan, digest(bytes)?)))
    }
}

fn contradiction(what: impl Into<String>) -> FreezeError {
    FreezeError::Contradiction { what: what.into() }
}

/// One freezing under way.
struct Freezing {
    session: Session,
    contradiction: Option<String>,
}

/// A notice on its way into keyed order.
struct Placed {
    order: u64,
    row: i64,
    token: [u8; Token::LENGTH],
    content: Digest,
    /// Index into the variants met so far: there are few.
    variant: usize,
}

/// What reading the rows found.
#[derive(Default)]
struct Read {
    rows: u64,
    withheld: BTreeMap<&'static str, u64>,
    notices: Vec<Placed>,
    variants: BTreeMap<String, usize>,
    notices_digest: NoticesDigest,
    rows_digest: Sha256,
}

impl Freezing {
    fn run(
        &mut self,
        transaction: &Transaction<'_>,
        salts: &mut Salts,
        standing: Option<(i64, Digest)>,
        plan: &FrozenPlan,
        rows: impl Iterator<Item = SealedRow>,
        now: Timestamp,
    ) -> Result<i64, Fault> {
        let chain = &mut self.session.chain;
        if !owns(transaction, chain.run)? {
            return Err(damaged("another run has taken over although the lock is held"));
        }
        if let Some((standing, digest)) = standing {
            supersede(transaction, standing, now)?;
            let facts = to_json(&BTreeMap::from([("digest", digest.hex()), ("plan", standing.to_string())]));
            chain.append(&mut Pen::new(transaction, salts)?, &event(now, "superseded", &facts))?;
        }
        let sql = "SELECT coalesce(max(plan), 0) + 1 FROM plans";
        let number: i64 = transaction.query_row(sql, (), |row| row.get(0))?;
        let mut read = Read::default();
        for row in rows {
            read.keep(transaction, number, row)?;
        }
        let rows_digest = Digest::from_bytes(std::mem::take(&mut read.rows_digest).finalize().into());
        self.contradiction = read.contradiction(&plan.manifest);
        if let Some(what) = &self.contradiction {
            return Err(damaged(what));
        }
        insert_plan(transaction, number, plan, read.rows, read.notices.len() as u64)?;
        let facts = planned_facts(number, plan, &read, rows_digest);
        let planned = chain.append(&mut Pen::new(transaction, salts)?, &event(now, "planned", &facts))?;
        insert_notices(transaction, number, planned, read)?;
        self.session.plan = Some(number);
        self.session.close(transaction)?;
        Ok(number)
    }
}

impl Read {
    /// Keeps one row and its person, and remembers its notice.
    fn keep(&mut self, transaction: &Transaction<'_>, plan: i64, row: SealedRow) -> Result<(), Fault> {
        let (kept, digest) = row.0?;
        let person = kept.person.ok_or_else(|| damaged("a row just made has no person"))?;
        transaction
            .prepare_cached("INSERT INTO rows(plan, row, line, withheld, digest) VALUES(?1, ?2, ?3, ?4, ?5)")?
            .execute(params![plan, kept.row, kept.line, kept.withheld, digest.as_bytes()])?;
        transaction
            .prepare_cached(
                "INSERT INTO recipients(plan, row, id, address, person, salt) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![plan, kept.row, person.id, person.address, person.person, person.salt])?;
        self.rows += 1;
        self.rows_digest.update(digest.as_bytes());
        match (kept.notice, kept.withheld) {
            (Some(notice), None) => self.place(kept.row, notice)?,
            (None, Some(reason)) => *self.withheld.entry(withheld(&reason)?.reason()).or_default() += 1,
            _ => return Err(damaged("a row just made is neither planned nor withheld")),
        }
        Ok(())
    }

    fn place(&mut self, row: i64, notice: KeptNotice) -> Result<(), Fault> {
        let KeptNotice { token: name, order, variant, content } = notice;
        self.notices_digest.add(row.cast_unsigned(), &token(&name)?, &content);
        let next = self.variants.len();
        let variant = match self.variants.get(&variant) {
            Some(variant) => *variant,
            None => *self.variants.entry(variant).or_insert(next),
        };
        let token = <[u8; Token::LENGTH]>::try_from(name.as_bytes()).map_err(|_| damaged("a token is too long"))?;
        self.notices.push(Placed { order: order.cast_unsigned(), row, token, content, variant });
        Ok(())
    }

    /// Returns what the manifest says otherwise than the rows.
    fn contradiction(&mut self, manifest: &str) -> Option<String> {
        let notices = std::mem::take(&mut self.notices_digest).finish();
        let mut expected = vec![
            ("rows".to_owned(), self.rows.to_string()),
            ("planned".to_owned(), self.notices.len().to_string()),
            ("notices".to_owned(), notices.to_string()),
        ];
        let withheld = self.withheld.iter();
        expected.extend(withheld.map(|(reason, count)| (format!("withheld.{reason}"), count.to_string())));
        expected.into_iter().find_map(|(name, counted)| {
            let said = manifest_value(manifest, &name).unwrap_or("nothing");
            (said != counted).then(|| format!("the manifest says {name} {said}, and the rows make {counted}"))
        })
    }
}

/// Returns the value of one line of a manifest.
pub(crate) fn manifest_value<'m>(manifest: &'m str, name: &str) -> Option<&'m str> {
    manifest.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

fn event<'a>(at: Timestamp, kind: &'a str, facts: &'a str) -> NewEvent<'a> {
    NewEvent { at, kind, notice: None, facts, private: None }
}

/// Returns the digest of what the line of a plan says and its manifest need not: incident, name of the list, time of
/// freezing in microseconds.
pub(crate) fn line_digest(incident: &str, list_name: &str, frozen_at: i64) -> Digest {
    let lengths = [incident.len(), list_name.len()];
    Digest::of(format!("forthwith-plan-line-1\n{lengths:?}\n{incident}{list_name}{frozen_at}").as_bytes())
}

fn planned_facts(number: i64, plan: &FrozenPlan, read: &Read, rows_digest: Digest) -> String {
    let mut facts = BTreeMap::from([
        ("digest".to_owned(), plan.digest.hex()),
        ("plan".to_owned(), number.to_string()),
        ("planned".to_owned(), read.notices.len().to_string()),
        ("rows".to_owned(), read.rows.to_string()),
        ("line".to_owned(), line_digest(&plan.incident, &plan.list.0, plan.frozen_at.as_microsecond()).hex()),
        ("rows-digest".to_owned(), rows_digest.hex()),
    ]);
    facts.extend(read.withheld.iter().map(|(reason, count)| (format!("withheld.{reason}"), count.to_string())));
    let inputs = plan.inputs.iter();
    facts.extend(inputs.map(|(name, bytes)| (format!("input.{name}"), Digest::of(bytes.expose()).hex())));
    serde_json::to_string(&facts).expect("a map of strings is JSON")
}

/// Closes the plan that stood and deletes its people: nobody was offered anything under it.
fn supersede(transaction: &Transaction<'_>, plan: i64, now: Timestamp) -> Result<(), Fault> {
    transaction
        .execute("UPDATE plans SET superseded_at = ?2 WHERE plan = ?1", params![plan, now.as_microsecond()])?;
    for table in ["inputs", "recipients", "rows", "notices", "tallies"] {
        // Without a condition, because no other plan has any: SQLite then drops whole pages.
        transaction.execute(&format!("DELETE FROM {table}"), ())?;
    }
    Ok(())
}

fn insert_plan(
    transaction: &Transaction<'_>,
    number: i64,
    plan: &FrozenPlan,
    rows: u64,
    planned: u64,
) -> Result<(), Fault> {
    transaction.execute(
        "INSERT INTO plans(plan, digest, manifest, frozen_at, incident, list_name, list_digest, rows, planned)
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            number,
            plan.digest.as_bytes(),
            plan.manifest,
            plan.frozen_at.as_microsecond(),
            plan.incident,
            plan.list.0,
            plan.list.1.as_bytes(),
            rows.cast_signed(),
            planned.cast_signed(),
        ],
    )?;
    for (name, bytes) in &plan.inputs {
        transaction
            .prepare_cached("INSERT INTO inputs(plan, name, bytes) VALUES(?1, ?2, ?3)")?
            .execute(params![number, name, bytes.expose()])?;
    }
    for state in State::ALL {
        let count = if state == State::Queued { planned.cast_signed() } else { 0 };
        transaction.execute(
            "INSERT INTO tallies(plan, state, count) VALUES(?1, ?2, ?3)",
            params![number, state.number(), count],
        )?;
    }
    Ok(())
}

/// Inserts the notices in keyed order, so that what is attempted together lies together.
fn insert_notices(transaction: &Transaction<'_>, plan: i64, planned: i64, mut read: Read) -> Result<(), Fault> {
    let mut variants: Vec<_> = read.variants.into_iter().collect();
    variants.sort_unstable_by_key(|(_, index)| *index);
    read.notices.sort_unstable_by_key(|notice| (notice.order, notice.row));
    let mut insert = transaction.prepare(
        "INSERT INTO notices(notice, plan, row, channel, purpose, token, position, keyed_order, variant, content,
         state, doubted, deferrals, requeues, last) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, 0, 0, 0, ?11)",
    )?;
    for (position, notice) in (1_i64..).zip(&read.notices) {
        insert.execute(params![
            (plan << POSITION_BITS) | position,
            plan,
            notice.row,
            CHANNEL,
            PURPOSE,
            std::str::from_utf8(&notice.token).map_err(|_| damaged("a token is no text"))?,
            position,
            notice.order.cast_signed(),
            variants[notice.variant].0,
            notice.content.as_bytes(),
            planned,
        ])?;
    }
    Ok(())
}
