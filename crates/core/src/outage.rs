//! Decides how long to wait while the relay cannot be reached or takes nothing, and when to give up.
//!
//! No notice is judged because of an outage: whatever waited goes on waiting.

use jiff::Timestamp;
use std::time::Duration;

/// Pauses between tries while the relay was never reached in this run: three tries in 10 s.
const FIRST_PAUSES: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(6)];
/// The first pause after a relay that was reached went away.
const PAUSE_LEAST: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MOST: Duration = Duration::from_mins(1);

/// Whether the relay is there.
#[derive(Debug)]
pub struct Outage {
    patience: Duration,
    was_reached: bool,
    failures: u32,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// What follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Nothing may be tried before this moment; then one try at a time.
    PauseUntil(Timestamp),
    /// The run ends.
    GiveUp,
}

impl Outage {
    /// Returns a relay that was not yet reached; once it was, it may be away for `patience`.
    pub fn new(patience: Duration) -> Self {
        Self { patience, was_reached: false, failures: 0, since: None, until: None }
    }

    /// Takes note that a dialogue was opened: the relay exists. It does not end an outage, since a relay may
    /// greet us and take nothing.
    pub fn reached(&mut self) {
        self.was_reached = true;
    }

    /// Takes note that the relay judged a recipient or a message: an outage is over.
    pub fn progressed(&mut self) {
        self.was_reached = true;
        (self.failures, self.since, self.until) = (0, None, None);
    }

    /// Takes note that nothing is tried until after `now` for a reason of our own: that time is no outage.
    pub fn rested(&mut self, now: Timestamp) {
        self.since = self.since.map(|since| since.max(now));
    }

    /// Takes note of a failure, and returns what follows.
    pub fn failed(&mut self, now: Timestamp) -> Patience {
        let since = *self.since.get_or_insert(now);
        self.failures = self.failures.saturating_add(1);
        let pause = if self.was_reached { self.later_pause(since, now) } else { self.first_pause() };
        let Some(pause) = pause else { return Patience::GiveUp };
        let until = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        self.until = Some(until);
        Patience::PauseUntil(until)
    }

    fn first_pause(&self) -> Option<Duration> {
        FIRST_PAUSES.get(self.failures as usize - 1).copied()
    }

    fn later_pause(&self, since: Timestamp, now: Timestamp) -> Option<Duration> {
        let away = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        let left = self.patience.checked_sub(away).filter(|left| !left.is_zero())?;
        // Six doublings of a second pass the longest pause.
        let doubled = PAUSE_LEAST * 2_u32.pow((self.failures - 1).min(6));
        Some(doubled.min(PAUSE_MOST).min(left))
    }

    /// Returns whether nothing may be tried at `now`, and until when.
    pub fn pause(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| now < *until)
    }

    /// Returns whether the relay is away or was never reached, so that one try at a time is enough.
    pub fn needs_proof(&self) -> bool {
        self.since.is_some() || !self.was_reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_600_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_relay_never_reached_gets_three_tries_in_ten_seconds() {
        let mut outage = Outage::new(Duration::from_mins(15));
        assert!(outage.needs_proof());
        assert_eq!(outage.failed(at(0)), Patience::PauseUntil(at(3)));
        assert_eq!(outage.pause(at(2)), Some(at(3)));
        assert_eq!(outage.pause(at(3)), None);
        assert_eq!(outage.failed(at(3)), Patience::PauseUntil(at(9)));
        assert_eq!(outage.failed(at(9)), Patience::GiveUp);
    }

    #[test]
    fn a_relay_that_was_reached_gets_pauses_that_double_until_patience_ends() {
        let mut outage = Outage::new(Duration::from_mins(15));
        outage.reached();
        assert!(!outage.needs_proof());
        let (mut now, mut pauses) = (0, Vec::new());
        while let Patience::PauseUntil(until) = outage.failed(at(now)) {
            let next = until.as_second() - 1_600_000_000;
            pauses.push(next - now);
            now = next;
            assert!(pauses.len() < 100, "it gives up");
        }
        assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(now, 900, "the last pause ends with the patience");
    }

    #[test]
    fn only_progress_ends_an_outage() {
        let mut outage = Outage::new(Duration::from_mins(15));
        outage.progressed();
        outage.failed(at(0));
        outage.reached();
        assert!(outage.needs_proof());
        assert_eq!(outage.failed(at(1)), Patience::PauseUntil(at(3)));
        outage.progressed();
        assert!(!outage.needs_proof());
        assert_eq!(outage.failed(at(1000)), Patience::PauseUntil(at(1001)));
    }
}
