//! Decides how fast a plan may begin: a gentle rate that doubles, counted from the plan's first attempt, so that
//! a relay and its providers get to know the sender before the flood.
//!
//! It is one more limit beside those of `rate`, as exact as they are; `pace` holds it.

use crate::{delivery::Limit, pace::ATTEMPTS_REMEMBERED_MAX};
use jiff::Timestamp;
use std::time::Duration;

/// How a plan begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp {
    /// The first rate.
    pub from: Limit,
    /// How long each rate holds before it doubles.
    pub double_every: Duration,
}

impl Ramp {
    /// Returns how many attempts the window of `from` may hold so long after the first one; `None` once that is
    /// more than a window remembers: the ramp is over.
    pub fn attempts(&self, after: Duration) -> Option<u32> {
        let doublings = after.as_nanos() / self.double_every.as_nanos().max(1);
        let factor = 1_u32.checked_shl(u32::try_from(doublings).ok()?)?;
        self.from.attempts.checked_mul(factor).filter(|attempts| *attempts < ATTEMPTS_REMEMBERED_MAX)
    }

    /// Returns how long after its beginning a ramp is over.
    pub fn lasts(&self) -> Duration {
        let doublings = (0..u32::BITS).find(|n| self.attempts(self.double_every.saturating_mul(*n)).is_none());
        self.double_every.saturating_mul(doublings.unwrap_or(u32::BITS))
    }

    /// Returns when a ramp that began at `began` allows more than `attempts`.
    pub(crate) fn rises_at(&self, began: Timestamp, attempts: u32) -> Option<Timestamp> {
        let doublings = 1 + (attempts / self.from.attempts.max(1)).max(1).ilog2();
        began.checked_add(self.double_every.checked_mul(doublings)?).ok()
    }
}

/// A run's way up a ramp.
#[derive(Debug)]
pub(crate) struct Climb {
    ramp: Ramp,
    began: Option<Timestamp>,
    allowed: u32,
}

impl Climb {
    /// Returns the way of a plan whose first attempt was made at `began`, if one was, and the limit it begins with.
    pub(crate) fn new(ramp: Ramp, began: Option<Timestamp>) -> (Self, Limit) {
        (Self { ramp, began, allowed: ramp.from.attempts }, ramp.from)
    }

    /// Takes note of an attempt: the first one begins the ramp.
    pub(crate) fn begins(&mut self, at: Timestamp) {
        self.began.get_or_insert(at);
    }

    /// Returns when the ramp rises next; `None` while nothing was attempted.
    pub(crate) fn rises_at(&self) -> Option<Timestamp> {
        self.ramp.rises_at(self.began?, self.allowed)
    }

    /// Returns what the ramp's window may hold from now on, where that is more than before: `Some(None)` once
    /// there is no bound.
    pub(crate) fn rise(&mut self, now: Timestamp) -> Option<Option<u32>> {
        let after = Duration::try_from(now.duration_since(self.began?)).unwrap_or_default();
        let allowed = self.ramp.attempts(after);
        // A clock that went back lowers nothing: the window holds what was allowed then.
        if allowed.is_some_and(|allowed| allowed <= self.allowed) {
            return None;
        }
        self.allowed = allowed.unwrap_or(u32::MAX);
        Some(allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_doubles_until_nothing_is_left_to_hold_back() {
        let from = Limit { attempts: 3, window: Duration::from_secs(1) };
        let ramp = Ramp { from, double_every: Duration::from_mins(10) };
        let after = |seconds| ramp.attempts(Duration::from_secs(seconds));
        assert_eq!((after(0), after(599), after(600), after(1800)), (Some(3), Some(3), Some(6), Some(24)));
        assert_eq!((after(18 * 600), after(19 * 600), after(u64::MAX)), (Some(786_432), None, None));
        assert_eq!(ramp.lasts(), Duration::from_mins(190));
    }

    #[test]
    fn a_climb_waits_for_the_first_attempt_and_never_goes_down() {
        let at = |seconds: i64| Timestamp::from_second(1_600_000_000 + seconds).unwrap();
        let from = Limit { attempts: 1, window: Duration::from_secs(1) };
        let (mut climb, _) = Climb::new(Ramp { from, double_every: Duration::from_mins(1) }, None);
        assert_eq!(climb.rise(at(9_999)), None);
        climb.begins(at(10_000));
        climb.begins(at(10_100));
        assert_eq!((climb.rise(at(10_059)), climb.rise(at(10_120))), (None, Some(Some(4))));
        assert_eq!((climb.rise(at(10_060)), climb.rise(at(10_000))), (None, None));
        assert_eq!(climb.rises_at(), Some(at(10_180)));
        assert_eq!(climb.rise(at(99_999)), Some(None));
    }
}
