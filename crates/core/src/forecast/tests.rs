//! Ends worked out by hand, the real pace played through one by one, and numbers that must not take long.

use super::*;
use crate::{
    calendar::Hours,
    domains::{Against, DomainGroup},
    pace::Pace,
};
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn limit(attempts: u32, seconds: u64) -> Limit {
    Limit { attempts, window: Duration::from_secs(seconds) }
}

/// Everything that a question borrows.
struct Case {
    left: u64,
    groups: Vec<(u64, Vec<Limit>)>,
    limits: Vec<Limit>,
    ramp: Option<(Ramp, Option<Timestamp>)>,
    calendar: Calendar,
    earlier: Vec<Earlier>,
    deadline: Option<Timestamp>,
}

impl Case {
    fn new(left: u64, limits: &[Limit]) -> Self {
        let (groups, earlier) = (Vec::new(), Vec::new());
        let (limits, calendar) = (limits.to_vec(), Calendar::default());
        Self { left, groups, limits, ramp: None, calendar, earlier, deadline: None }
    }

    fn ask(&self, now: &str) -> Forecast {
        let mut found = None;
        self.with_question(now, |question| found = Some(forecast(&question)));
        found.unwrap()
    }

    fn with_question(&self, now: &str, mut ask: impl FnMut(Question<'_>)) {
        let group = |(n, (_, limits)): (usize, &(u64, Vec<Limit>))| DomainGroup {
            names: vec![format!("d{n}.example")],
            limits: limits.clone(),
        };
        let domains = Domains::new(self.groups.iter().enumerate().map(group).collect());
        let left_in_groups: Vec<_> = self.groups.iter().map(|(left, _)| *left).collect();
        ask(Question {
            now: at(now),
            left: self.left,
            left_in_groups: &left_in_groups,
            limits: &self.limits,
            ramp: self.ramp,
            domains: &domains,
            calendar: &self.calendar,
            earlier: &self.earlier,
            measured: None,
            deadline: self.deadline,
        });
    }
}

const NOON: &str = "2020-10-22T12:00:00Z";

#[test]
fn ends_worked_out_by_hand() {
    let office = Calendar { hours: Some(Hours { from: 480, to: 1_080 }), ..Calendar::default() };
    let weekdays = Calendar { days: [true, true, true, true, true, false, false], ..office.clone() };
    let end = |case: Case| case.ask(NOON).end;
    for (left, limits, calendar, expected) in [
        (0, vec![limit(1, 1)], Calendar::default(), NOON),
        (20, vec![limit(20, 1)], Calendar::default(), NOON),
        (21, vec![limit(20, 1)], Calendar::default(), "2020-10-22T12:00:01Z"),
        // 5,000 in the first 250 s, then each hour; the last 1 at the beginning of the third.
        (10_001, vec![limit(20, 1), limit(5_000, 3_600)], Calendar::default(), "2020-10-22T14:00:00Z"),
        (10_000, vec![limit(20, 1), limit(5_000, 3_600)], Calendar::default(), "2020-10-22T13:04:09Z"),
        // Six hours are left today, ten tomorrow: 6,000 and 1,000 more.
        (7_000, vec![limit(1_000, 3_600)], office.clone(), "2020-10-23T08:00:00Z"),
        // The weekend lies between: 6,000 on Thursday, 10,000 on Friday.
        (16_001, vec![limit(1_000, 3_600)], weekdays, "2020-10-26T08:00:00Z"),
        // 300 a day, and 300 in the first hour of each.
        (700, vec![limit(1_000, 3_600)], Calendar { per_day: Some(300), ..office }, "2020-10-24T08:00:00Z"),
    ] {
        let case = Case { calendar, ..Case::new(left, &limits) };
        assert_eq!(end(case), End::At(at(expected)), "{left} by {limits:?}");
    }
}

#[test]
fn what_was_attempted_before_still_counts() {
    let earlier = Earlier { at: at("2020-10-22T11:00:00Z"), against: Against::Run };
    let case = Case { earlier: vec![earlier; 50], ..Case::new(50, &[limit(60, 86_400)]) };
    assert_eq!(case.ask(NOON).end, End::At(at("2020-10-23T11:00:00Z")));
    let calendar = Calendar { per_day: Some(60), ..Calendar::default() };
    let case = Case { earlier: vec![earlier; 50], calendar, ..Case::new(11, &[]) };
    assert_eq!(case.ask(NOON).end, End::At(at("2020-10-23T00:00:00Z")));
}

#[test]
fn the_slowest_sets_the_end_and_is_named() {
    let groups = vec![(100, vec![limit(10, 3_600)]), (5, vec![limit(1, 3_600)]), (0, vec![limit(1, 86_400)])];
    let case = Case { groups, ..Case::new(1_000, &[limit(100, 1), limit(500, 3_600)]) };
    let told = case.ask(NOON);
    assert_eq!(told.end, End::At(at("2020-10-22T21:00:00Z")));
    assert_eq!(told.binding, Some(Bound::Group(0, limit(10, 3_600))));
    let told = Case::new(1_000, &[limit(100, 1), limit(500, 3_600)]).ask(NOON);
    assert_eq!(told.binding, Some(Bound::Run(limit(500, 3_600))));
}

#[test]
fn without_a_limit_no_end_is_told() {
    assert_eq!(Case::new(5, &[]).ask(NOON).end, End::NotBefore(at(NOON)));
    let calendar = Calendar { not_before: Some(at("2020-10-23T09:00:00Z")), ..Calendar::default() };
    let deadline = Some(at("2020-10-23T08:00:00Z"));
    let told = Case { calendar: calendar.clone(), deadline, ..Case::new(5, &[]) }.ask(NOON);
    assert_eq!(told.end, End::NotBefore(at("2020-10-23T09:00:00Z")));
    assert_eq!(told.standing, Standing::Late(Some(Duration::from_hours(1)), vec![Remedy::Calendar]));
    let deadline = Some(at("2020-10-23T10:00:00Z"));
    assert_eq!(Case { calendar, deadline, ..Case::new(5, &[]) }.ask(NOON).standing, Standing::Unknown);
}

#[test]
fn a_deadline_is_met_missed_or_past() {
    let by = |deadline: &str, left| Case { deadline: Some(at(deadline)), ..Case::new(left, &[limit(100, 3_600)]) };
    let hours = Duration::from_hours;
    assert_eq!(by("2020-10-22T15:00:00Z", 201).ask(NOON).standing, Standing::InTime(hours(1)));
    assert_eq!(by("2020-10-22T14:00:00Z", 201).ask(NOON).standing, Standing::InTime(hours(0)));
    let least = Remedy::Rate(Bound::Run(limit(100, 3_600)), limit(334, 3_600));
    assert_eq!(by("2020-10-22T15:00:00Z", 1_001).ask(NOON).standing, Standing::Late(Some(hours(7)), vec![least]));
    assert_eq!(by("2020-10-22T09:00:00Z", 1).ask(NOON).standing, Standing::Passed(hours(3)));
    assert!(matches!(by("2020-10-22T09:00:00Z", 0).ask(NOON).standing, Standing::InTime(_)));
    assert_eq!(Case::new(1, &[]).ask(NOON).standing, Standing::NoDeadline);
}

fn ramp(from: Limit, double_every: u64) -> Ramp {
    Ramp { from, double_every: Duration::from_secs(double_every) }
}

#[test]
fn a_ramp_counts() {
    let gentle = ramp(limit(1, 60), 3_600);
    for (left, limits, began, expected) in [
        // 60 in the first hour, 120 in the second, 240 in the third.
        (60, vec![], None, End::At(at("2020-10-22T12:59:00Z"))),
        (61, vec![], None, End::At(at("2020-10-22T13:00:00Z"))),
        (421, vec![], None, End::At(at("2020-10-22T15:00:00Z"))),
        // What was attempted first two hours ago is two doublings further.
        (240, vec![], Some("2020-10-22T10:00:00Z"), End::At(at("2020-10-22T12:59:00Z"))),
        // Once the ramp allows more than the limit, that one sets the pace: 180 in two hours, then 120 each.
        (421, vec![limit(2, 60)], None, End::At(at("2020-10-22T16:00:00Z"))),
        // After twenty doublings nobody is held back, and the relay sets the pace.
        (u64::from(u32::MAX), vec![], None, End::NotBefore(at("2020-10-23T08:00:00Z"))),
        (5, vec![], Some("2020-01-01T00:00:00Z"), End::NotBefore(at(NOON))),
    ] {
        let case = Case { ramp: Some((gentle, began.map(at))), ..Case::new(left, &limits) };
        assert_eq!(case.ask(NOON).end, expected, "{left} by {limits:?} from {began:?}");
    }
    let case = Case { ramp: Some((gentle, None)), ..Case::new(421, &[limit(100, 1)]) };
    assert_eq!(case.ask(NOON).binding, Some(Bound::Ramp(gentle)));
    // The night is part of it: the plan began yesterday at four.
    let office = Calendar { hours: Some(Hours { from: 480, to: 1_080 }), ..Calendar::default() };
    let case = Case { ramp: Some((gentle, None)), calendar: office, ..Case::new(181, &[limit(2, 60)]) };
    assert_eq!(case.ask("2020-10-22T16:00:00Z").end, End::At(at("2020-10-23T08:00:00Z")));
}

#[test]
fn a_ramp_that_misses_the_deadline_is_said_to() {
    let ramp = Some((ramp(limit(1, 60), 3_600), None));
    let by = |deadline: &str, limits: &[Limit]| {
        Case { ramp, deadline: Some(at(deadline)), ..Case::new(421, limits) }.ask(NOON).standing
    };
    assert_eq!(by("2020-10-22T15:00:00Z", &[limit(9, 60)]), Standing::InTime(Duration::ZERO));
    let late = |remedies| Standing::Late(Some(Duration::from_hours(1)), remedies);
    assert_eq!(by("2020-10-22T14:00:00Z", &[limit(9, 60)]), late(vec![Remedy::NoRamp]));
    // Neither makes it, and the ramp would spoil what a better rate gives.
    let faster = Remedy::Rate(Bound::Run(limit(1, 60)), limit(422, 3_600));
    let Standing::Late(_, remedies) = by("2020-10-22T12:59:55Z", &[limit(1, 60)]) else { panic!("it is late") };
    assert_eq!(remedies, [faster, Remedy::NoRamp]);
}

#[test]
fn what_is_advised_makes_the_deadline() {
    let office = Calendar { hours: Some(Hours { from: 480, to: 1_080 }), ..Calendar::default() };
    let per_day = Calendar { per_day: Some(10), ..office.clone() };
    for (left, limits, calendar, deadline) in [
        (100_000, vec![limit(100, 3_600)], Calendar::default(), "2020-10-26T12:00:00Z"),
        (100_000, vec![limit(10, 1)], Calendar::default(), "2020-10-26T12:00:00Z"),
        (100_000, vec![limit(1, 1), limit(100, 3_600)], office.clone(), "2020-10-26T12:00:00Z"),
        (7, vec![limit(1, 86_400)], office, "2020-10-22T12:30:00Z"),
        (5_000, vec![limit(1_000, 1)], per_day, "2020-10-24T12:00:00Z"),
    ] {
        let ramp = Some((ramp(limit(1, 60), 86_400), None));
        let mut case = Case { ramp, calendar, deadline: Some(at(deadline)), ..Case::new(left, &limits) };
        let Standing::Late(_, remedies) = case.ask(NOON).standing else { panic!("{left}") };
        assert!(!remedies.is_empty());
        for remedy in remedies {
            match remedy {
                Remedy::NoRamp => case.ramp = None,
                Remedy::Rate(Bound::Run(slow), fast) => {
                    case.limits.iter_mut().filter(|limit| **limit == slow).for_each(|limit| *limit = fast);
                }
                Remedy::PerDay(most) => case.calendar.per_day = u32::try_from(most).ok(),
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(case.ask(NOON).standing, Standing::InTime(_)), "{left}: {:?}", case.limits);
    }
}

#[test]
fn no_number_takes_long() {
    let millions = 10_000_000;
    for limits in [
        vec![limit(1, 1)],
        vec![limit(1, 86_400)],
        vec![limit(10, 1), limit(1, 60)],
        vec![limit(7, 1), limit(1_000, 86_400)],
    ] {
        let calendar = Calendar { hours: Some(Hours { from: 480, to: 485 }), ..Calendar::default() };
        let gentle = Some((ramp(limit(1, 1), 86_400), None));
        Case { ramp: gentle, calendar: calendar.clone(), ..Case::new(millions, &limits) }.ask(NOON);
        Case { ramp: gentle, ..Case::new(millions, &limits) }.ask(NOON);
        Case { calendar, ..Case::new(millions, &limits) }.ask(NOON);
        Case::new(u64::MAX, &limits).ask(NOON);
    }
    // 115 days, 17 hours, 46 minutes and 39 seconds, at one a second.
    assert_eq!(Case::new(millions, &[limit(1, 1)]).ask(NOON).end, End::At(at("2021-02-15T05:46:39Z")));
    assert_eq!(Case::new(millions, &[limit(1, 86_400)]).ask(NOON).end, End::Beyond);
    assert_eq!(
        Case { calendar: Calendar { per_day: Some(1), ..Calendar::default() }, ..Case::new(millions, &[]) }
            .ask(NOON)
            .end,
        End::Beyond
    );
}

proptest! {
    /// The forecast is the moment at which the real pace, asked again and again, grants the last.
    #[test]
    fn the_real_pace_ends_when_the_forecast_says(
        left in 1_u64..300,
        limits in prop::collection::vec((1_u32..30, 1_u64..90), 1..4),
        steep in prop::option::of((1_u32..5, 1_u64..90, 1_u64..200, prop::option::of(100_i64..300))),
        earlier in prop::collection::vec(0_i64..100, 0..20),
    ) {
        let limits: Vec<_> = limits.into_iter().map(|(attempts, seconds)| limit(attempts, seconds)).collect();
        let now = at(NOON);
        let earlier: Vec<_> = earlier.into_iter().map(|ago| now - SignedDuration::from_secs(ago)).collect();
        let mut pace = Pace::new(&limits, earlier.iter().copied(), now);
        // What was attempted before began it, if anything was.
        let ramp = steep.map(|(attempts, window, every, ago)| {
            let ago = ago.or((!earlier.is_empty()).then_some(100));
            let began = ago.map(|ago| now - SignedDuration::from_secs(ago));
            (ramp(limit(attempts, window), every), began)
        });
        if let Some((ramp, began)) = ramp {
            pace.add_ramp(ramp, began, earlier.iter().copied());
        }
        let (mut clock, mut to_go) = (now, left);
        while to_go > 0 {
            let (granted, next) = pace.grant(clock, u32::try_from(to_go).unwrap());
            (0..granted).for_each(|_| pace.spend(clock));
            to_go -= u64::from(granted);
            if to_go > 0 {
                clock = match next {
                    Some(next) => next,
                    None => pace.grant(clock, 1).1.expect("nothing is reserved"),
                };
            }
        }
        let earlier = earlier.into_iter().map(|at| Earlier { at, against: Against::Run }).collect();
        prop_assert_eq!(Case { ramp, earlier, ..Case::new(left, &limits) }.ask(NOON).end, End::At(clock));
    }
}

impl Case {
    fn by_hour(&self, now: &str, most: usize) -> Option<Vec<(String, u64)>> {
        let mut found = None;
        self.with_question(now, |question| found = by_hour(&question, most));
        let ByHour { hours, after } = found?;
        let mut shown: Vec<_> = hours.iter().map(|(from, count)| (from.to_string(), *count)).collect();
        shown.push(("after".to_owned(), after));
        Some(shown)
    }
}

fn hours(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(from, count)| ((*from).to_owned(), *count)).collect()
}

#[test]
fn notices_are_counted_by_the_hour_in_which_they_go_out() {
    let now = "2020-10-22T12:20:00Z";
    let slow = [limit(1_000, 3_600)];
    assert_eq!(
        Case::new(2_500, &slow).by_hour(now, 9),
        Some(hours(&[
            ("2020-10-22T12:00:00Z", 1_000),
            ("2020-10-22T13:00:00Z", 1_000),
            ("2020-10-22T14:00:00Z", 500),
            ("after", 0)
        ]))
    );
    assert_eq!(
        Case::new(2_500, &slow).by_hour(now, 1),
        Some(hours(&[("2020-10-22T12:00:00Z", 1_000), ("after", 1_500)]))
    );
    // An hour begins when the clock in the zone says so: here half an hour after UTC's.
    let zone = jiff::tz::TimeZone::get("Asia/Kolkata").unwrap();
    let here = Case { calendar: Calendar { zone, ..Calendar::default() }, ..Case::new(1, &slow) };
    assert_eq!(here.by_hour(now, 9), Some(hours(&[("2020-10-22T11:30:00Z", 1), ("after", 0)])));
    assert_eq!(Case::new(9, &[]).by_hour(now, 9), None, "the relay sets the pace");
    assert_eq!(Case::new(0, &slow).by_hour(now, 9), Some(hours(&[("after", 0)])));
}

#[test]
fn a_slow_group_holds_back_its_own_notices_alone() {
    let case = Case { groups: vec![(300, vec![limit(100, 3_600)])], ..Case::new(1_000, &[limit(500, 3_600)]) };
    assert_eq!(
        case.by_hour(NOON, 9),
        Some(hours(&[
            ("2020-10-22T12:00:00Z", 500),
            // All 700 others and 200 of the group, which the run's own pace would let go at once.
            ("2020-10-22T13:00:00Z", 400),
            ("2020-10-22T14:00:00Z", 100),
            ("after", 0)
        ]))
    );
}
