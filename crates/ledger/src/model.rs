//! A ledger in memory, for tests: the same promises as the one on disk, but for durability.
//!
//! It can be told to fail, to be fenced or to have been asked to stop.

use crate::{Append, Claim, Ledger, LedgerError, Outcome, Standing, StopRequest};
use forthwith_core::{
    address::Address,
    digest::Digest,
    notice::{Claimed, Token, Withheld},
    plan::{Fate, FrozenPlan, FrozenRow, Manifest, NoticesDigest, Planned},
    private::Private,
    recipient::{Recipient, Residence},
    state::State,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A ledger in memory.
#[derive(Debug, Default)]
pub struct ModelLedger {
    /// The notices, by the number under which they are claimed, in keyed order.
    pub notices: BTreeMap<i64, ModelNotice>,
    /// Everything committed, in order.
    pub events: Vec<Append>,
    /// How many more commits succeed; `None` for all.
    pub commits_left: Option<usize>,
    /// Whether another run has taken over.
    pub fenced: bool,
    /// What `stop_requested` returns.
    pub stop: Option<StopRequest>,
    claimed: BTreeSet<i64>,
}

/// A notice of a [`ModelLedger`].
#[derive(Clone, Debug)]
pub struct ModelNotice {
    /// What the plan says of it.
    pub planned: Planned,
    /// Where it stands.
    pub standing: Standing,
}

impl ModelLedger {
    /// Returns a ledger whose current plan is `planned`.
    pub fn with_plan(planned: impl IntoIterator<Item = Planned>) -> Self {
        let mut planned: Vec<_> = planned.into_iter().collect();
        planned.sort_by_key(|notice| notice.order);
        let notices = (1..)
            .zip(planned)
            .map(|(notice, planned)| (notice, ModelNotice { planned, standing: Standing::PLANNED }))
            .collect();
        Self { notices, ..Self::default() }
    }

    /// Ends the run: a crash or an end leaves the same, and the next run claims again.
    pub fn end_run(&mut self) {
        self.claimed.clear();
        self.stop = None;
    }

    /// Returns how many notices are in `state`.
    pub fn count(&self, state: State) -> usize {
        self.notices.values().filter(|notice| notice.standing.state == state).count()
    }

    fn failure(doing: &'static str) -> LedgerError {
        LedgerError::Storage { doing, path: "model".to_owned(), source: "no space left".into() }
    }

    fn waiting(&self) -> impl Iterator<Item = (i64, &ModelNotice)> {
        let waits = |state| matches!(state, State::Queued | State::Deferred);
        let notices = self.notices.iter().map(|(number, notice)| (*number, notice));
        notices.filter(move |(number, notice)| waits(notice.standing.state) && !self.claimed.contains(number))
    }
}

impl Ledger for ModelLedger {
    fn claim(&mut self, want: usize, now: Timestamp) -> Result<Claim, LedgerError> {
        let (mut again, mut fresh, mut next_due) = (Vec::new(), Vec::new(), None::<Timestamp>);
        for (number, notice) in self.waiting() {
            match notice.standing.due {
                None => fresh.push(number),
                Some(due) if due <= now => again.push((due, number)),
                Some(due) => next_due = Some(next_due.map_or(due, |next| next.min(due))),
            }
        }
        again.sort_unstable();
        let found = again.into_iter().map(|(_, number)| number).chain(fresh).take(want);
        let notices: Vec<_> = found.map(|number| claimed(number, &self.notices[&number])).collect();
        self.claimed.extend(notices.iter().map(|notice| notice.notice));
        let next_due = next_due.filter(|_| notices.len() < want);
        Ok(Claim { notices, next_due })
    }

    fn claim_waiting(&mut self, want: usize, offered_by: Timestamp) -> Result<Claim, LedgerError> {
        let is_over = |notice: &ModelNotice| {
            let Standing { due, deferrals, offer, .. } = &notice.standing;
            due.is_some() && *deferrals > 0 && offer.is_some_and(|(date, _)| date <= offered_by)
        };
        let mut found: Vec<_> = self.waiting().filter(|(_, notice)| is_over(notice)).collect();
        found.sort_by_key(|(number, notice)| (notice.standing.due, *number));
        let notices: Vec<_> =
            found.into_iter().take(want).map(|(number, notice)| claimed(number, notice)).collect();
        self.claimed.extend(notices.iter().map(|notice| notice.notice));
        Ok(Claim { notices, next_due: None })
    }

    fn commit(&mut self, entries: &[Append]) -> Result<Vec<Outcome>, LedgerError> {
        if self.fenced {
            return Ok(vec![Outcome::Fenced; entries.len()]);
        }
        if self.commits_left == Some(0) {
            return Err(Self::failure("write"));
        }
        let mut changed = BTreeMap::new();
        for append in entries {
            let Append::Notice(entry) = append else { continue };
            let notice = self.notices.get(&entry.notice).ok_or_else(|| Self::failure("read"))?;
            let standing = changed.get(&entry.notice).unwrap_or(&notice.standing);
            let next = standing.after(&entry.token, entry.at, entry.happening, &entry.particulars)?;
            changed.insert(entry.notice, next);
        }
        for (number, standing) in changed {
            self.claimed.remove(&number);
            self.notices.entry(number).and_modify(|notice| notice.standing = standing);
        }
        self.events.extend_from_slice(entries);
        self.commits_left = self.commits_left.map(|left| left - 1);
        Ok(vec![Outcome::Durable; entries.len()])
    }

    fn stop_requested(&mut self) -> Result<Option<StopRequest>, LedgerError> {
        Ok(self.stop.clone())
    }
}

fn claimed(number: i64, notice: &ModelNotice) -> Claimed {
    Claimed {
        notice: number,
        token: notice.planned.token.clone(),
        deferrals: notice.standing.deferrals,
        requeues: notice.standing.requeues,
        due: notice.standing.due,
        content: notice.planned.content,
        date: notice.standing.offer.map(|(date, _)| date),
        recipient: notice.planned.recipient.clone(),
    }
}

/// Returns a plan of `count` notices of [`sample_notice`] and the withheld rows given, with a manifest that fits.
pub fn sample_plan(count: u64, withheld: &[FrozenRow]) -> (FrozenPlan, Vec<FrozenRow>) {
    let planned = (1..=count).map(|row| FrozenRow { row, line: row + 1, fate: Fate::Planned(sample_notice(row)) });
    let mut rows: Vec<_> = planned.chain(withheld.iter().cloned()).collect();
    rows.sort_by_key(|row| row.row);
    let mut notices = NoticesDigest::default();
    let mut reasons = BTreeMap::new();
    for row in &rows {
        match &row.fate {
            Fate::Planned(planned) => notices.add(row.row, &planned.token, &planned.content),
            Fate::Withheld { reason, .. } => *reasons.entry(reason.reason()).or_default() += 1,
        }
    }
    let incident = b"name = \"sample\"".to_vec();
    let manifest = Manifest {
        incident_id: "sample".to_owned(),
        incident: Digest::of(&incident),
        list_settings: None,
        list: Digest::of(b"list"),
        beside: Vec::new(),
        templates: BTreeMap::new(),
        law: BTreeMap::new(),
        settings: BTreeMap::new(),
        deadline: None,
        rows: rows.len() as u64,
        planned: count,
        withheld: reasons,
        key: Digest::of(b"key"),
        notices: notices.finish(),
    };
    let plan = FrozenPlan {
        digest: manifest.digest(),
        manifest: manifest.text(),
        frozen_at: Timestamp::UNIX_EPOCH,
        incident: "sample".to_owned(),
        inputs: BTreeMap::from([("incident.toml".to_owned(), Private::new(incident))]),
        list: ("affected.csv".to_owned(), Digest::of(b"list")),
    };
    (plan, rows)
}

/// Returns a row without an address, withheld for that.
pub fn sample_withheld(row: u64) -> FrozenRow {
    let fate = Fate::Withheld {
        reason: Withheld::NoAddress,
        note: format!("nobody knows where Person {row} reads"),
        id: Private::new(format!("C{row}")),
        address: Private::new(String::new()),
        name: Private::new(format!("Person {row}")),
    };
    FrozenRow { row, line: row + 1, fate }
}

/// Returns the notice owed to an invented person of data row `row`, with a token and an order made from it.
pub fn sample_notice(row: u64) -> Planned {
    let spread = Digest::of(&row.to_be_bytes());
    let token: String = spread.as_bytes()[..Token::LENGTH]
        .iter()
        .map(|byte| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(byte & 31)]))
        .collect();
    let address = Address::parse(&format!("person{row}@example.org")).expect("the address is well formed");
    Planned {
        recipient: Recipient {
            row,
            line: row + 1,
            id: Private::new(format!("C{row}")),
            address,
            name: Private::new(format!("Person {row}")),
            residence: Residence { country: "CA".to_owned(), region: String::new() },
            language: "en".to_owned(),
            data: vec!["email".to_owned()],
            consent: Vec::new(),
            columns: BTreeMap::new(),
        },
        token: Token::parse(&token).expect("16 characters of base 32 are a token"),
        order: u64::from_be_bytes(spread.as_bytes()[24..].try_into().expect("eight bytes are eight bytes")),
        variant: "en/email".to_owned(),
        content: spread,
    }
}
