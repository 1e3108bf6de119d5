//! Decides whether the calendar lets an attempt begin, and counts the attempts of a calendar day.
//!
//! A granted attempt counts from its grant on, so that a day never holds more than its number whenever the
//! MAIL is written. A clock that went back counts as standing still for the number of a day; hours, days and
//! embargo are asked for the time that it shows.

use crate::calendar::{Calendar, Rest, When};
use jiff::Timestamp;

/// The calendar of a run, and what was done of today's number.
#[derive(Debug)]
pub(super) struct Opening {
    calendar: Calendar,
    /// From when to when the calendar's last answer holds.
    known: Option<(Timestamp, Timestamp, When)>,
    /// When the day ends, and the attempts made in it.
    day_end: Timestamp,
    made: u32,
    granted: u32,
    latest: Timestamp,
}

/// Whether an attempt may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// It may.
    Open,
    /// It may not, until then.
    Rest(Rest),
    /// That depends on attempts that are granted and not yet made.
    WaitForReport,
}

impl Opening {
    /// Returns the calendar at `now`, after attempts of earlier runs at these times.
    pub(super) fn new(calendar: Calendar, earlier: impl Iterator<Item = Timestamp>, now: Timestamp) -> Self {
        let (day_begin, day_end) = calendar.day(now);
        // An attempt that seems to lie in the future counts as made now.
        let made = earlier.filter(|at| *at >= day_begin).count();
        let made = u32::try_from(made).unwrap_or(u32::MAX);
        Self { calendar, known: None, day_end, made, granted: 0, latest: now }
    }

    /// Returns whether an attempt may begin at `now`.
    pub(super) fn gate(&mut self, now: Timestamp) -> Gate {
        if let When::Rests(rest) = self.when(now) {
            return Gate::Rest(rest);
        }
        let Some(most) = self.calendar.per_day else { return Gate::Open };
        self.turn(now);
        if self.made >= most {
            return Gate::Rest(self.calendar.rest_of_day(self.latest));
        }
        if self.made.saturating_add(self.granted) >= most { Gate::WaitForReport } else { Gate::Open }
    }

    /// Returns how many attempts may begin at `now`, where one may.
    pub(super) fn available(&self) -> usize {
        let most = self.calendar.per_day.map(|most| most.saturating_sub(self.made.saturating_add(self.granted)));
        most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX))
    }

    /// Takes note that an attempt was granted.
    pub(super) fn grant(&mut self) {
        self.granted += 1;
    }

    /// Takes note that a granted attempt was made.
    pub(super) fn spend(&mut self, at: Timestamp) {
        self.turn(at);
        self.give_back();
        self.made = self.made.saturating_add(1);
    }

    /// Takes note that a granted attempt was not made.
    pub(super) fn give_back(&mut self) {
        self.granted = self.granted.saturating_sub(1);
    }

    /// Begins the day of `now`, where the one before has ended.
    fn turn(&mut self, now: Timestamp) {
        self.latest = self.latest.max(now);
        if self.latest >= self.day_end {
            self.day_end = self.calendar.day(self.latest).1;
            self.made = 0;
        }
    }

    /// Asks the calendar, unless its last answer still holds: this is asked for every attempt.
    fn when(&mut self, now: Timestamp) -> When {
        if let Some((from, until, when)) = self.known
            && (from..until).contains(&now)
        {
            return when;
        }
        let when = self.calendar.at(now);
        let until = match when {
            When::Open(until) => until,
            When::Rests(rest) => rest.until,
        };
        self.known = Some((now, until, when));
        when
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Hours, Why};
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn take(opening: &mut Opening, now: Timestamp) -> Gate {
        let gate = opening.gate(now);
        if gate == Gate::Open {
            opening.grant();
            opening.spend(now);
        }
        gate
    }

    #[test]
    fn a_day_holds_its_number_and_the_next_one_begins_at_midnight() {
        let calendar = Calendar { per_day: Some(2), ..Calendar::default() };
        let earlier = [at("2020-10-21T23:59:59Z"), at("2020-10-22T00:00:00Z")];
        let now = at("2020-10-22T10:00:00Z");
        let mut opening = Opening::new(calendar, earlier.into_iter(), now);
        assert_eq!((opening.available(), take(&mut opening, now)), (1, Gate::Open));
        let full = Gate::Rest(Rest { until: at("2020-10-23T00:00:00Z"), why: Why::PerDay });
        assert_eq!(take(&mut opening, now), full);
        // The clock goes back a day: it counts as standing still.
        assert_eq!(take(&mut opening, at("2020-10-21T12:00:00Z")), full);
        for expected in [Gate::Open, Gate::Open] {
            assert_eq!(take(&mut opening, at("2020-10-23T00:00:00Z")), expected);
        }
        assert!(matches!(take(&mut opening, at("2020-10-23T00:00:00Z")), Gate::Rest(_)));
    }

    #[test]
    fn an_attempt_granted_before_midnight_and_made_after_counts_in_both_days() {
        let mut opening = Opening::new(
            Calendar { per_day: Some(1), ..Calendar::default() },
            [].into_iter(),
            at("2020-10-22T12:00:00Z"),
        );
        opening.grant();
        assert_eq!(opening.gate(at("2020-10-22T23:59:59Z")), Gate::WaitForReport);
        assert_eq!(opening.gate(at("2020-10-23T00:00:01Z")), Gate::WaitForReport);
        opening.spend(at("2020-10-23T00:00:02Z"));
        assert!(matches!(opening.gate(at("2020-10-23T00:00:03Z")), Gate::Rest(_)));
        opening.give_back();
    }

    #[test]
    fn an_answer_that_is_kept_is_the_one_that_would_be_given() {
        let hours = Some(Hours { from: 480, to: 1_080 });
        let calendar = Calendar { hours, ..Calendar::default() };
        let mut opening = Opening::new(calendar.clone(), [].into_iter(), at("2020-10-22T12:00:00Z"));
        for now in [
            "2020-10-22T12:00:00Z",
            "2020-10-22T17:59:59Z",
            "2020-10-22T18:00:00Z",
            "2020-10-22T11:00:00Z",
            "2020-10-22T07:00:00Z",
            "2020-10-22T08:00:00Z",
        ] {
            assert_eq!(opening.when(at(now)), calendar.at(at(now)), "{now}");
        }
    }

    proptest! {
        /// Counted again, no calendar day holds more than its number, however grants and clock go.
        #[test]
        fn a_recount_finds_no_day_too_full(
            most in 1_u32..4,
            steps in prop::collection::vec((-20_i64..30, 0_u8..4), 1..200),
        ) {
            let berlin = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
            let calendar = Calendar { zone: berlin, per_day: Some(most), ..Calendar::default() };
            let start = at("2020-10-24T12:00:00Z");
            let mut opening = Opening::new(calendar.clone(), [].into_iter(), start);
            let (mut clock, mut seen, mut open) = (start, start, 0);
            let mut made = Vec::new();
            for (hours, what) in steps {
                clock += jiff::SignedDuration::from_hours(hours);
                match what {
                    0 | 1 => {
                        seen = seen.max(clock);
                        if opening.gate(clock) == Gate::Open {
                            opening.grant();
                            open += 1;
                        }
                    }
                    2 if open > 0 => {
                        open -= 1;
                        opening.spend(clock);
                        seen = seen.max(clock);
                        made.push(seen);
                    }
                    3 if open > 0 => {
                        open -= 1;
                        opening.give_back();
                    }
                    _ => {}
                }
                for one in &made {
                    let (begin, end) = calendar.day(*one);
                    let inside = made.iter().filter(|at| (begin..end).contains(at)).count();
                    prop_assert!(inside <= most as usize);
                }
            }
        }
    }
}
