//! The clock of the simulated machine: it can jump, go back and stand still.
//!
//! Beside what it shows it counts how far it was ever put or ran forward. That is the time in which rate
//! limits are judged: a clock that goes back counts as standing still, and nobody can know of a jump forward
//! that it was one.

use jiff::Timestamp;

/// What the clock shows when a story begins, in milliseconds.
const START: i64 = 1_600_000_000_000;

/// A clock that shows milliseconds.
#[derive(Debug)]
pub struct Clock {
    shown: i64,
    elapsed: i64,
    frozen_for: i64,
    /// The calendar days of UTC that a step back over a midnight touched, once for each step.
    turned_back: Vec<i64>,
}

impl Clock {
    /// Returns a clock that runs well.
    pub fn new() -> Self {
        Self { shown: START, elapsed: 0, frozen_for: 0, turned_back: Vec::new() }
    }

    /// Returns what the clock shows.
    pub fn shown(&self) -> Timestamp {
        Timestamp::from_millisecond(self.shown).expect("the story does not leave the calendar")
    }

    /// Returns how many milliseconds the clock went forward since the beginning, backward steps left out.
    pub fn elapsed(&self) -> i64 {
        self.elapsed
    }

    /// Lets `milliseconds` pass.
    pub fn pass(&mut self, milliseconds: i64) {
        let still = self.frozen_for.min(milliseconds);
        self.frozen_for -= still;
        self.put_on(milliseconds - still);
    }

    /// Lets time pass until the clock shows `then`, where that lies ahead.
    pub fn pass_until(&mut self, then: Timestamp) {
        self.frozen_for = 0;
        self.put_on((then.as_millisecond() + 1 - self.shown).max(0));
    }

    /// Puts the clock forward, or back by a negative number.
    pub fn jump(&mut self, milliseconds: i64) {
        if milliseconds >= 0 {
            self.put_on(milliseconds);
            return;
        }
        let before = day_of(self.shown);
        self.shown += milliseconds;
        let after = day_of(self.shown);
        self.turned_back.extend((after..=before).filter(|_| after < before));
    }

    /// Returns the calendar days of UTC that a step back over a midnight touched, once for each step.
    pub fn turned_back(&self) -> &[i64] {
        &self.turned_back
    }

    /// Lets the clock stand still while `milliseconds` pass.
    pub fn freeze(&mut self, milliseconds: i64) {
        self.frozen_for = milliseconds;
    }

    fn put_on(&mut self, milliseconds: i64) {
        self.shown += milliseconds;
        self.elapsed += milliseconds;
    }
}

/// Returns the calendar day of UTC that a time, in milliseconds, lies in.
pub fn day_of(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(86_400_000)
}
