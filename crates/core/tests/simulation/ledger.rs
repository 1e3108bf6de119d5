//! The model of a ledger and its disk: a durable prefix, an unsynced tail, and a sync that may fail for good.
//!
//! A crash keeps any prefix of the tail. What is claimed dies with the process. Which state follows which is
//! the core's own function.

use super::chance::Chance;
use forthwith_core::{
    notice::{Claimed, Entry},
    state::{Happening, State},
    throttle::Change,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Where a notice stands by what is durable.
#[derive(Clone, Debug)]
struct Standing {
    claimed: Claimed,
    state: State,
}

/// A ledger of one plan.
#[derive(Debug)]
pub struct Ledger {
    entries: Vec<Entry>,
    durable: usize,
    standings: Vec<Standing>,
    taken: BTreeSet<i64>,
    has_failed: bool,
    impossible: Option<String>,
    /// Changes of pace: after how many entries each was appended, the time of its event, and its facts.
    paces: Vec<(usize, Timestamp, BTreeMap<String, String>)>,
    /// How many of them no crash can take away any more.
    paces_kept: usize,
}

impl Ledger {
    /// Returns the ledger of a plan of `notices`, numbered from 0.
    pub fn new(notices: Vec<Claimed>) -> Self {
        let queued = |claimed| Standing { claimed, state: State::Queued };
        Self {
            entries: Vec::new(),
            durable: 0,
            standings: notices.into_iter().map(queued).collect(),
            taken: BTreeSet::new(),
            has_failed: false,
            impossible: None,
            paces: Vec::new(),
            paces_kept: 0,
        }
    }

    /// Appends a change of pace, as its facts alone.
    pub fn append_pace(&mut self, at: Timestamp, change: &Change) {
        let facts = change.facts().into_iter().map(|(name, value)| (name.to_owned(), value));
        self.paces.push((self.entries.len(), at, facts.collect()));
    }

    /// Reads the last change of pace, as the command does for the next run.
    pub fn last_pace(&self) -> Option<Change> {
        let (_, at, facts) = self.paces.last()?;
        Change::read(*at, facts)
    }

    /// Appends without waiting, and returns how many entries must be durable for this one to be.
    pub fn append(&mut self, entry: Entry) -> usize {
        self.entries.push(entry);
        self.entries.len()
    }

    /// Returns how many entries there are, durable or not.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether the first `count` entries are durable.
    pub fn is_durable(&self, count: usize) -> bool {
        self.durable >= count
    }

    /// Returns whether a sync failed. Nothing is written from then on.
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Makes the first `count` entries durable together.
    pub fn sync(&mut self, count: usize) {
        if !self.has_failed {
            self.keep(count.min(self.entries.len()));
        }
    }

    /// Fails the sync. What of the tail reached the disk is known only after the next start.
    pub fn fail(&mut self) {
        self.has_failed = true;
    }

    /// Ends the process without notice: any prefix of the tail survives. Returns how many changes of pace did not.
    pub fn crash(&mut self, chance: &mut Chance) -> usize {
        let survives = self.durable + chance.index(self.entries.len() - self.durable + 1);
        self.entries.truncate(survives);
        self.keep(survives);
        let paces = self.paces.len();
        // Those at the very end of what survives may be part of it or not.
        let before = self.paces.iter().filter(|(after, ..)| *after < survives).count().max(self.paces_kept);
        let at_end = self.paces[before..].iter().filter(|(after, ..)| *after == survives).count();
        let kept = if at_end > 0 { before + chance.index(at_end + 1) } else { before };
        self.paces.truncate(kept);
        self.open();
        paces - kept
    }

    /// Begins a run: nothing is claimed, and the disk works.
    pub fn open(&mut self) {
        self.taken.clear();
        self.has_failed = false;
        self.paces_kept = self.paces.len();
    }

    fn keep(&mut self, count: usize) {
        for at in self.durable..count {
            self.apply(at);
        }
        self.durable = self.durable.max(count);
    }

    fn apply(&mut self, at: usize) {
        let Entry { notice, happening, particulars, at: when, .. } = &self.entries[at];
        let standing = &mut self.standings[usize::try_from(*notice).expect("notices are numbered from 0")];
        let Some(next) = standing.state.next(*happening) else {
            self.impossible.get_or_insert(format!("{happening:?} of notice {notice} in {:?}", standing.state));
            // A real ledger refuses the entry, and the run ends.
            self.has_failed = true;
            return;
        };
        let before = std::mem::replace(&mut standing.state, next);
        let claimed = &mut standing.claimed;
        claimed.due = None;
        match happening {
            Happening::Deferred => {
                (claimed.deferrals, claimed.requeues) = (claimed.deferrals + 1, 0);
                claimed.due = Some(particulars.due.unwrap_or(*when));
            }
            Happening::Requeued => {
                claimed.requeues += u32::from(particulars.counts);
                claimed.due = Some(*when);
            }
            Happening::Restored => {
                claimed.deferrals = claimed.deferrals.saturating_sub(u32::from(before == State::Deferred));
                claimed.due = Some(*when);
            }
            Happening::Offered => claimed.date = claimed.date.or(Some(*when)),
            _ => claimed.requeues = 0,
        }
        self.taken.remove(notice);
    }

    /// Claims up to `want` notices due at `now`, and says when the next of the others is.
    pub fn claim(&mut self, want: usize, now: Timestamp) -> (Vec<Claimed>, Option<Timestamp>) {
        let (mut found, mut next) = (Vec::new(), None::<Timestamp>);
        for standing in &self.standings {
            let claimed = &standing.claimed;
            if standing.state.is_at_rest() || self.taken.contains(&claimed.notice) {
                continue;
            }
            match claimed.due {
                Some(due) if due > now => next = Some(next.map_or(due, |next| next.min(due))),
                _ if found.len() < want => found.push(claimed.clone()),
                _ => {}
            }
        }
        self.taken.extend(found.iter().map(|claimed| claimed.notice));
        let next = next.filter(|_| found.len() < want);
        (found, next)
    }

    /// Claims those that a relay deferred and that were first offered by then, due or not.
    pub fn claim_waiting(&mut self, offered_by: Timestamp) -> Vec<Claimed> {
        let waits = |standing: &&Standing| {
            let claimed = &standing.claimed;
            let was_refused = claimed.deferrals > 0 && claimed.date.is_some_and(|date| date <= offered_by);
            was_refused && !standing.state.is_at_rest() && !self.taken.contains(&claimed.notice)
        };
        let found: Vec<_> = self.standings.iter().filter(waits).map(|standing| standing.claimed.clone()).collect();
        self.taken.extend(found.iter().map(|claimed| claimed.notice));
        found
    }

    /// Returns the notices in `state`, and their tokens through their claims.
    pub fn in_state(&self, state: State) -> impl Iterator<Item = &Claimed> {
        self.standings.iter().filter(move |standing| standing.state == state).map(|standing| &standing.claimed)
    }

    /// Returns whether every notice is at rest by what is durable.
    pub fn is_at_rest(&self) -> bool {
        self.standings.iter().all(|standing| standing.state.is_at_rest())
    }

    /// Returns every durable entry, in order.
    pub fn durable(&self) -> &[Entry] {
        &self.entries[..self.durable]
    }

    /// Returns the first entry that no state allowed.
    pub fn impossible(&self) -> Option<&str> {
        self.impossible.as_deref()
    }
}
