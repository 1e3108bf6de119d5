//! Decides how many attempts may begin now, so that no window of any limit ever holds more than its number.
//!
//! It is exact: attempts are counted one by one in half-open windows (t−T, t], at the moment in which their
//! MAIL was written. A ramp is one of the limits, which rises. It is told the time and does not wait; whoever
//! asks waits.

use crate::{
    delivery::Limit,
    ramp::{Climb, Ramp},
};
use jiff::Timestamp;
use std::{collections::VecDeque, time::Duration};

/// The most attempts that one window remembers: 16 MB a limit. A limit with a larger number is held as a
/// smaller one in a shorter window, which is stricter at every moment.
pub const ATTEMPTS_REMEMBERED_MAX: u32 = 1_000_000;

/// The limits of a run, and the attempts that count against them.
///
/// A grant reserves an attempt, which counts as if it were made now until [`Pace::spend`] says when it was
/// made or [`Pace::give_back`] that it was not. So a delay between grant and MAIL never lets two windows'
/// worth of attempts meet.
#[derive(Debug)]
pub struct Pace {
    windows: Vec<Window>,
    /// The way up the ramp, whose window is the last.
    climb: Option<Climb>,
    reserved: u32,
    latest: Timestamp,
}

#[derive(Debug)]
struct Window {
    attempts: usize,
    length: Duration,
    times: VecDeque<Timestamp>,
}

impl Pace {
    /// Returns the pace of `limits` at `now`, primed with the times of earlier attempts, in any order.
    ///
    /// No limits means no pace: everything is granted. Earlier attempts that seem to lie in the future (the
    /// clock was put back between two runs) count as made now. After an unclean end of the run before, the
    /// caller adds as many attempts at `now` as that run had connections: each may have written a MAIL whose
    /// offer was not yet recorded.
    pub fn new(limits: &[Limit], earlier_attempts: impl IntoIterator<Item = Timestamp>, now: Timestamp) -> Self {
        let mut earlier: Vec<_> = earlier_attempts.into_iter().map(|at| at.min(now)).collect();
        earlier.sort_unstable();
        let windows = limits.iter().map(|limit| Window::new(*limit, &earlier)).collect();
        Self { windows, climb: None, reserved: 0, latest: now }
    }

    /// Adds the ramp of a plan whose first attempt was made at `began`, if one was; else the first one begins it. The
    /// earlier attempts are the same as those of [`Pace::new`]: it remembers more of them than it allows now.
    pub fn add_ramp(
        &mut self,
        ramp: Ramp,
        began: Option<Timestamp>,
        earlier_attempts: impl IntoIterator<Item = Timestamp>,
    ) {
        let (climb, limit) = Climb::new(ramp, began);
        let mut earlier: Vec<_> = earlier_attempts.into_iter().map(|at| at.min(self.latest)).collect();
        earlier.sort_unstable();
        let remembered = earlier.len().saturating_sub(ATTEMPTS_REMEMBERED_MAX as usize);
        let times = earlier[remembered..].iter().copied().collect();
        self.windows.push(Window { times, ..Window::new(limit, &[]) });
        self.climb = Some(climb);
    }

    /// Reserves up to `want` attempts, and returns how many; where they are fewer, also when the next may be
    /// granted, or `None` where that depends on attempts that are reserved and not yet made.
    ///
    /// A clock that went back counts as standing still.
    pub fn grant(&mut self, now: Timestamp, want: u32) -> (u32, Option<Timestamp>) {
        let now = self.stand(now);
        let reserved = self.reserved as usize;
        let free = self.windows.iter_mut().map(|window| window.free(now, reserved)).min();
        let granted = free.map_or(want, |free| u32::try_from(free).unwrap_or(want).min(want));
        self.reserved += granted;
        if granted == want {
            return (granted, None);
        }
        let reserved = self.reserved as usize;
        let is_short = |window: &Window| window.times.len() + reserved >= window.attempts;
        let short = self.windows.iter().enumerate().filter(|(_, window)| is_short(window));
        // Every full window must let go of its oldest attempt, or rise; one full of reservations says nothing yet.
        let rises_at = self.climb.as_ref().and_then(Climb::rises_at);
        let next = |(number, window): (usize, &Window)| {
            let rises = rises_at.filter(|_| number + 1 == self.windows.len());
            window.next().map(|leaves| rises.map_or(leaves, |rises| rises.min(leaves)))
        };
        let next = short.map(next).try_fold(now, |latest, next| Some(latest.max(next?)));
        (granted, next)
    }

    /// Returns how many attempts `grant` would grant now.
    pub fn available(&mut self, now: Timestamp) -> u32 {
        let now = self.stand(now);
        let reserved = self.reserved as usize;
        let free = self.windows.iter_mut().map(|window| window.free(now, reserved)).min();
        free.map_or(u32::MAX, |free| u32::try_from(free).unwrap_or(u32::MAX))
    }

    /// Records that a reserved attempt was made `at` this moment: its MAIL was written.
    pub fn spend(&mut self, at: Timestamp) {
        let at = self.stand(at);
        if let Some(climb) = &mut self.climb {
            climb.begins(at);
        }
        self.reserved = self.reserved.saturating_sub(1);
        for window in &mut self.windows {
            window.times.push_back(at);
        }
    }

    /// Takes a reserved attempt back that was not made.
    pub fn give_back(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
    }

    /// Lets the clock go on, never back, and the ramp rise with it.
    fn stand(&mut self, now: Timestamp) -> Timestamp {
        self.latest = self.latest.max(now);
        match self.climb.as_mut().and_then(|climb| climb.rise(self.latest)) {
            None => {}
            Some(Some(attempts)) => {
                if let Some(window) = self.windows.last_mut() {
                    window.attempts = attempts as usize;
                }
            }
            Some(None) => {
                self.climb = None;
                self.windows.pop();
            }
        }
        self.latest
    }
}

impl Window {
    fn new(limit: Limit, earlier: &[Timestamp]) -> Self {
        // At most N/k in every T/k implies at most N in every T.
        let parts = limit.attempts.div_ceil(ATTEMPTS_REMEMBERED_MAX).max(1);
        let attempts = (limit.attempts / parts).max(1) as usize;
        let length = match parts {
            1 => limit.window,
            _ => limit.window / parts + Duration::from_nanos(1),
        };
        let times = earlier[earlier.len().saturating_sub(attempts)..].iter().copied().collect();
        Self { attempts, length, times }
    }

    fn free(&mut self, now: Timestamp, reserved: usize) -> usize {
        while self.leaves(0).is_some_and(|leaves| leaves <= now) {
            self.times.pop_front();
        }
        self.attempts.saturating_sub(self.times.len() + reserved)
    }

    /// Returns when the window, full as it is, has room again by what was made.
    fn next(&self) -> Option<Timestamp> {
        self.leaves(self.times.len().saturating_sub(self.attempts))
    }

    fn leaves(&self, at: usize) -> Option<Timestamp> {
        self.times.get(at).map(|made| made.checked_add(self.length).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limit(attempts: u32, milliseconds: u64) -> Limit {
        Limit { attempts, window: Duration::from_millis(milliseconds) }
    }

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_600_000_000_000 + milliseconds).unwrap()
    }

    fn take(pace: &mut Pace, now: Timestamp, want: u32) -> (u32, Option<Timestamp>) {
        let granted = pace.grant(now, want).0;
        (0..granted).for_each(|_| pace.spend(now));
        let next = if granted < want { pace.grant(now, 1).1 } else { None };
        (granted, next)
    }

    #[test]
    fn a_window_is_half_open() {
        let mut pace = Pace::new(&[limit(2, 1000)], [], at(0));
        assert_eq!(take(&mut pace, at(0), 1), (1, None));
        assert_eq!(take(&mut pace, at(400), 5), (1, Some(at(1000))));
        assert_eq!(take(&mut pace, at(999), 1), (0, Some(at(1000))));
        assert_eq!(take(&mut pace, at(1000), 2), (1, Some(at(1400))));
    }

    #[test]
    fn several_limits_hold_at_once() {
        let mut pace = Pace::new(&[limit(2, 1000), limit(3, 60_000)], [], at(0));
        assert_eq!(take(&mut pace, at(0), 9), (2, Some(at(1000))));
        assert_eq!(take(&mut pace, at(1000), 9), (1, Some(at(60_000))));
    }

    #[test]
    fn a_ramp_rises_and_still_knows_what_was_made_before() {
        let mut pace = Pace::new(&[], [], at(0));
        let ramp = Ramp { from: limit(1, 1000), double_every: Duration::from_millis(300) };
        pace.add_ramp(ramp, Some(at(-30)), [at(-10), at(-30), at(-20)]);
        assert_eq!(take(&mut pace, at(0), 1), (0, Some(at(270))), "then it allows two, and three were made");
        assert_eq!(take(&mut pace, at(270), 1), (0, Some(at(570))));
        assert_eq!(take(&mut pace, at(570), 2), (1, Some(at(870))), "four were made in the last second");
        assert_eq!(take(&mut pace, at(870), 9), (4, Some(at(970))), "four more, and the next leaves sooner");
        assert_eq!(take(&mut pace, at(9_000), 9), (9, None));
    }

    #[test]
    fn a_ramp_begins_with_the_first_attempt_and_ends() {
        let mut pace = Pace::new(&[limit(100, 1)], [], at(0));
        pace.add_ramp(Ramp { from: limit(1, 1000), double_every: Duration::from_millis(100) }, None, []);
        assert_eq!(pace.grant(at(5_000), 2), (1, None), "nobody knows yet when it begins");
        pace.spend(at(6_000));
        assert_eq!(take(&mut pace, at(6_000), 1), (0, Some(at(6_100))));
        assert_eq!(take(&mut pace, at(6_100), 9), (1, Some(at(6_200))));
        // Twenty doublings later nothing is left of it.
        assert_eq!(take(&mut pace, at(8_000), u32::MAX), (100, Some(at(8_001))));
        assert!(pace.climb.is_none());
    }

    #[test]
    fn no_limit_grants_everything() {
        assert_eq!(Pace::new(&[], [], at(0)).grant(at(0), 4096), (4096, None));
    }

    #[test]
    fn what_is_reserved_counts_until_it_is_spent_or_given_back() {
        let mut pace = Pace::new(&[limit(1, 1000)], [], at(0));
        assert_eq!(pace.grant(at(0), 1), (1, None));
        assert_eq!(pace.grant(at(5000), 1), (0, None), "nobody knows yet when the reserved one is made");
        pace.spend(at(5000));
        assert_eq!(pace.grant(at(5999), 1), (0, Some(at(6000))));
        assert_eq!(pace.grant(at(6000), 1), (1, None));
        pace.give_back();
        assert_eq!(pace.available(at(6000)), 1);
    }

    #[test]
    fn a_clock_that_went_back_stands_still() {
        let mut pace = Pace::new(&[limit(1, 1000)], [], at(0));
        assert_eq!(take(&mut pace, at(5000), 1).0, 1);
        assert_eq!(take(&mut pace, at(0), 1), (0, Some(at(6000))));
        assert_eq!(take(&mut pace, at(6000), 1).0, 1);
    }

    #[test]
    fn a_restart_remembers() {
        let mut pace = Pace::new(&[limit(3, 1000)], [at(100), at(50), at(900_000)], at(200));
        assert_eq!(take(&mut pace, at(200), 1), (0, Some(at(1050))), "the one from the future counts as now");
        assert_eq!(take(&mut pace, at(1200), 9).0, 3);
    }

    #[test]
    fn a_limit_beyond_memory_becomes_stricter() {
        let mut pace = Pace::new(&[limit(3 * ATTEMPTS_REMEMBERED_MAX, 3000)], [], at(0));
        assert_eq!(take(&mut pace, at(0), u32::MAX).0, ATTEMPTS_REMEMBERED_MAX);
        assert_eq!(take(&mut pace, at(1001), u32::MAX).0, ATTEMPTS_REMEMBERED_MAX);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Clock(i64),
        Ask(u32),
        Spend,
        GiveBack,
        /// The run is killed, and another one reads when attempts were made.
        Restart,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (-300_i64..900).prop_map(Step::Clock),
            (1_u32..6).prop_map(Step::Ask),
            Just(Step::Spend),
            Just(Step::Spend),
            Just(Step::GiveBack),
            Just(Step::Restart),
        ]
    }

    /// Counts every window again that ends with an attempt from the `from`-th on.
    fn recount(limits: &[Limit], made: &[i64], from: usize) -> Result<(), TestCaseError> {
        for limit in limits {
            let length = i64::try_from(limit.window.as_millis()).unwrap();
            for end in &made[from..] {
                let inside = made.iter().filter(|t| **t > end - length && *t <= end).count();
                prop_assert!(inside <= limit.attempts as usize, "{inside} in the window that ends at {end}");
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn a_recount_never_finds_a_window_too_full(
            limits in prop::collection::vec((1_u32..8, 1_u64..2000), 1..4),
            steps in prop::collection::vec(step(), 1..300),
        ) {
            let limits: Vec<_> = limits.into_iter().map(|(n, t)| limit(n, t)).collect();
            let mut pace = Pace::new(&limits, [], at(0));
            // `seen` is the clock as far as it was told, had it never gone back: what the promise is about.
            let (mut clock, mut seen, mut open) = (0_i64, 0_i64, 0_u32);
            let mut made: Vec<i64> = Vec::new();
            // Those of the run that goes on.
            let mut from = 0;
            for step in steps {
                match step {
                    Step::Clock(by) => clock += by,
                    Step::Ask(want) => {
                        let (granted, next) = pace.grant(at(clock), want);
                        seen = seen.max(clock);
                        open += granted;
                        if granted < want && open == 0 {
                            let next = next.expect("nothing is reserved, so the next moment is known");
                            prop_assert!(next > at(seen));
                        }
                    }
                    Step::Spend if open > 0 => {
                        open -= 1;
                        pace.spend(at(clock));
                        seen = seen.max(clock);
                        made.push(seen);
                    }
                    Step::GiveBack if open > 0 => {
                        open -= 1;
                        pace.give_back();
                    }
                    Step::Restart => {
                        recount(&limits, &made, from)?;
                        // What the new run's clock says is to come was made just now, for all that it can know.
                        (seen, open) = (clock, 0);
                        for at in &mut made {
                            *at = seen.min(*at);
                        }
                        pace = Pace::new(&limits, made.iter().map(|made| at(*made)), at(clock));
                        from = made.len();
                    }
                    Step::Spend | Step::GiveBack => {}
                }
            }
            recount(&limits, &made, from)?;
        }

        #[test]
        fn what_may_be_granted_is_granted(
            attempts in 1_u32..8, length in 1_u64..2000, gaps in prop::collection::vec(0_i64..900, 1..200),
        ) {
            let mut pace = Pace::new(&[limit(attempts, length)], [], at(0));
            let (mut clock, mut made) = (0, Vec::<i64>::new());
            let window = i64::try_from(length).unwrap();
            for gap in gaps {
                clock += gap;
                let inside = made.iter().filter(|t| **t > clock - window).count();
                let granted = take(&mut pace, at(clock), 1).0;
                prop_assert_eq!(granted == 1, inside < attempts as usize);
                made.extend((granted == 1).then_some(clock));
            }
        }
    }
}
