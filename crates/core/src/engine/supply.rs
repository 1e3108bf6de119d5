//! Decides when the ledger is asked for more notices, and what is known of those that are due later.

use super::WINDOW_MAX;
use jiff::Timestamp;

/// Notices at hand below which more are asked for, so that a claim is answered before the last is taken.
const LOW_WATER: usize = WINDOW_MAX / 4;
/// Notices asked for at once. While the ledger reads them it commits nothing, so that every line soon waits for it:
/// this many take it about as long as a commit.
const CLAIM_MAX: usize = 128;

/// What is known of the notices that were not claimed yet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Supply {
    /// Nothing: there may be more that are due.
    Unknown,
    /// The ledger was asked; `put_back` says whether something became due or queued since.
    Asked { put_back: bool },
    /// None is due; the first of the others is due then.
    Dry { next: Option<Timestamp> },
}

/// When the next unclaimed notice is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextDue {
    /// Not known while a claim is under way.
    Unknown,
    /// There is none.
    Never,
    /// Then.
    At(Timestamp),
}

impl Supply {
    /// Returns how many notices to ask for now, if any.
    pub(super) fn ask(&mut self, now: Timestamp, ready: usize, in_flight: usize) -> Option<usize> {
        let may_have_more = match self {
            Self::Unknown => true,
            Self::Asked { .. } => false,
            Self::Dry { next } => next.is_some_and(|next| next <= now),
        };
        let want = WINDOW_MAX.saturating_sub(ready + in_flight).min(CLAIM_MAX);
        if !may_have_more || ready > LOW_WATER || want == 0 {
            return None;
        }
        *self = Self::Asked { put_back: false };
        Some(want)
    }

    /// Takes the answer. Only an empty one says that none is due.
    pub(super) fn answered(&mut self, is_empty: bool, next_due: Option<Timestamp>) {
        let is_stale = matches!(self, Self::Asked { put_back: true });
        *self = if is_empty && !is_stale { Self::Dry { next: next_due } } else { Self::Unknown };
    }

    /// Takes note that a notice returns to the queue.
    pub(super) fn put_back(&mut self) {
        match self {
            Self::Unknown => {}
            Self::Asked { put_back } => *put_back = true,
            Self::Dry { .. } => *self = Self::Unknown,
        }
    }

    /// Takes note that a notice is due later.
    pub(super) fn due_later(&mut self, due: Option<Timestamp>) {
        match self {
            Self::Unknown => {}
            Self::Asked { put_back } => *put_back = true,
            Self::Dry { next } => *next = [*next, due].into_iter().flatten().min(),
        }
    }

    /// Returns when the next unclaimed notice is due.
    pub(super) fn next_due(&self) -> NextDue {
        match self {
            Self::Unknown | Self::Asked { .. } => NextDue::Unknown,
            Self::Dry { next } => next.map_or(NextDue::Never, NextDue::At),
        }
    }
}
