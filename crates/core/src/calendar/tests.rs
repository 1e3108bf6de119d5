//! Dates worked out by hand, and a search minute by minute.

use super::*;
use jiff::tz::TimeZoneDatabase;
use proptest::prelude::*;

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Hours in Berlin: two ahead of UTC in summer, one in winter.
fn berlin(from: u16, to: u16) -> Calendar {
    Calendar { zone: zone("Europe/Berlin"), hours: Some(Hours { from, to }), ..Calendar::default() }
}

const MON_FRI: [bool; 7] = [true, true, true, true, true, false, false];

/// Until when it is open, or until when it rests and why.
type Expected<'t> = Result<&'t str, (&'t str, Why)>;

/// Checks what holds at the first moment of each pair, and when that changes.
fn holds(calendar: &Calendar, table: &[(&str, Expected<'_>)]) {
    for (now, expected) in table {
        let expected = match expected {
            Ok(until) => When::Open(at(until)),
            Err((until, why)) => When::Rests(Rest { until: at(until), why: *why }),
        };
        assert_eq!(calendar.at(at(now)), expected, "{now}");
    }
}

#[test]
fn hours_are_those_of_the_wall_in_summer_and_winter() {
    holds(
        &berlin(8 * 60, 18 * 60),
        &[
            ("2020-10-22T05:59:59.999999999Z", Err(("2020-10-22T06:00:00Z", Why::Hours))),
            ("2020-10-22T06:00:00Z", Ok("2020-10-22T16:00:00Z")),
            ("2020-10-22T15:59:59.999999999Z", Ok("2020-10-22T16:00:00Z")),
            ("2020-10-22T16:00:00Z", Err(("2020-10-23T06:00:00Z", Why::Hours))),
            // The clock goes back in the night to Sunday, 25 October.
            ("2020-10-24T20:00:00Z", Err(("2020-10-25T07:00:00Z", Why::Hours))),
            // And forward in the night to Sunday, 29 March.
            ("2020-03-28T20:00:00Z", Err(("2020-03-29T06:00:00Z", Why::Hours))),
        ],
    );
}

#[test]
fn hours_that_begin_or_end_in_a_skipped_hour_begin_or_end_with_it() {
    // On 29 March 2020 the wall shows 01:59:59, then 03:00, at 01:00 UTC.
    holds(
        &berlin(2 * 60 + 30, 5 * 60),
        &[
            ("2020-03-29T00:59:59Z", Err(("2020-03-29T01:00:00Z", Why::Hours))),
            ("2020-03-29T01:00:00Z", Ok("2020-03-29T03:00:00Z")),
        ],
    );
    holds(&berlin(0, 2 * 60 + 30), &[("2020-03-28T23:00:00Z", Ok("2020-03-29T01:00:00Z"))]);
    // Hours within the skipped one do not come that day.
    let within = berlin(2 * 60 + 10, 2 * 60 + 50);
    holds(&within, &[("2020-03-28T12:00:00Z", Err(("2020-03-30T00:10:00Z", Why::Hours)))]);
}

#[test]
fn hours_that_end_in_a_repeated_hour_open_twice() {
    // On 25 October 2020 the wall shows 02:59:59, then 02:00 again, at 01:00 UTC.
    holds(
        &berlin(60, 2 * 60 + 30),
        &[
            ("2020-10-24T23:00:00Z", Ok("2020-10-25T00:30:00Z")),
            ("2020-10-25T00:30:00Z", Err(("2020-10-25T01:00:00Z", Why::Hours))),
            ("2020-10-25T01:00:00Z", Ok("2020-10-25T01:30:00Z")),
            ("2020-10-25T01:30:00Z", Err(("2020-10-26T00:00:00Z", Why::Hours))),
        ],
    );
    // Across it they are an hour longer.
    holds(&berlin(60, 4 * 60), &[("2020-10-24T23:00:00Z", Ok("2020-10-25T03:00:00Z"))]);
}

#[test]
fn hours_across_midnight_belong_to_the_day_in_which_they_begin() {
    let nights = Calendar { days: MON_FRI, ..berlin(22 * 60, 6 * 60) };
    holds(
        &nights,
        &[
            // Friday evening to Saturday morning, then not before Monday evening, in winter by then.
            ("2020-10-23T19:59:00Z", Err(("2020-10-23T20:00:00Z", Why::Hours))),
            ("2020-10-23T20:00:00Z", Ok("2020-10-24T04:00:00Z")),
            ("2020-10-24T04:00:00Z", Err(("2020-10-26T21:00:00Z", Why::Days))),
            // The small hours of Monday belong to Sunday.
            ("2020-10-26T01:00:00Z", Err(("2020-10-26T21:00:00Z", Why::Hours))),
        ],
    );
}

#[test]
fn days_weekends_and_the_end_of_a_year() {
    let utc = Calendar { hours: Some(Hours { from: 480, to: 1_080 }), days: MON_FRI, ..Calendar::default() };
    holds(
        &utc,
        &[
            // 31 December 2020 is a Thursday, 1 January a Friday.
            ("2020-12-31T18:00:00Z", Err(("2021-01-01T08:00:00Z", Why::Hours))),
            ("2021-01-01T18:00:00Z", Err(("2021-01-04T08:00:00Z", Why::Hours))),
            ("2021-01-02T12:00:00Z", Err(("2021-01-04T08:00:00Z", Why::Days))),
        ],
    );
    let whole_days = Calendar { days: MON_FRI, ..Calendar::default() };
    holds(
        &whole_days,
        &[
            ("2021-01-01T12:00:00Z", Ok("2021-01-02T00:00:00Z")),
            ("2021-01-02T00:00:00Z", Err(("2021-01-04T00:00:00Z", Why::Days))),
        ],
    );
    let to_midnight = Calendar { hours: Some(Hours { from: 1_200, to: MINUTES_OF_DAY }), ..Calendar::default() };
    holds(&to_midnight, &[("2020-02-29T20:00:00Z", Ok("2020-03-01T00:00:00Z"))]);
    // Samoa had no 30 December 2011, which would have been a Friday.
    let fridays = [false, false, false, false, true, false, false];
    let samoa = Calendar { zone: zone("Pacific/Apia"), days: fridays, ..Calendar::default() };
    holds(&samoa, &[("2011-12-24T12:00:00Z", Err(("2012-01-05T10:00:00Z", Why::Days)))]);
}

#[test]
fn an_embargo_ends_at_its_moment_or_when_the_hours_begin_after_it() {
    let embargo = Some(at("2020-10-22T09:00:00Z"));
    let always = Calendar { not_before: embargo, ..Calendar::default() };
    holds(
        &always,
        &[
            ("2020-10-22T08:59:59.999999999Z", Err(("2020-10-22T09:00:00Z", Why::NotBefore))),
            ("2020-10-22T09:00:00Z", Ok("9999-12-30T22:00:00.999999999Z")),
        ],
    );
    let evenings = Calendar { not_before: embargo, ..berlin(20 * 60, 22 * 60) };
    holds(&evenings, &[("2020-10-22T08:00:00Z", Err(("2020-10-22T18:00:00Z", Why::NotBefore)))]);
    assert_eq!(evenings.opening(at("2020-01-01T00:00:00Z")), at("2020-10-22T18:00:00Z"));
}

#[test]
fn calendar_days_have_23_24_or_25_hours_and_follow_each_other() {
    let day = |zone_name: &str, now: &str| {
        let calendar = Calendar { zone: zone(zone_name), ..Calendar::default() };
        let (begin, end) = calendar.day(at(now));
        (begin.to_string(), end.to_string())
    };
    for (zone, now, begin, end) in [
        ("Europe/Berlin", "2020-10-25T12:00:00Z", "2020-10-24T22:00:00Z", "2020-10-25T23:00:00Z"),
        ("Europe/Berlin", "2020-03-29T12:00:00Z", "2020-03-28T23:00:00Z", "2020-03-29T22:00:00Z"),
        ("Europe/Berlin", "2020-12-31T23:00:00Z", "2020-12-31T23:00:00Z", "2021-01-01T23:00:00Z"),
        ("UTC", "2020-12-31T23:59:59.9Z", "2020-12-31T00:00:00Z", "2021-01-01T00:00:00Z"),
        // Beirut skips midnight: 29 March 2020 begins at 01:00 there.
        ("Asia/Beirut", "2020-03-29T12:00:00Z", "2020-03-28T22:00:00Z", "2020-03-29T21:00:00Z"),
        // Havana repeats the hour after midnight: 1 November 2020 begins with the first of them.
        ("America/Havana", "2020-11-01T05:30:00Z", "2020-11-01T04:00:00Z", "2020-11-02T05:00:00Z"),
    ] {
        assert_eq!(day(zone, now), (begin.to_owned(), end.to_owned()), "{zone} {now}");
    }
}

#[test]
fn the_rest_of_a_full_day_ends_when_the_next_one_opens() {
    let calendar = Calendar { days: MON_FRI, ..berlin(8 * 60, 18 * 60) };
    let friday = calendar.rest_of_day(at("2020-10-23T10:00:00Z"));
    assert_eq!(friday, Rest { until: at("2020-10-26T07:00:00Z"), why: Why::PerDay });
    let nights = berlin(22 * 60, 6 * 60);
    // A new day begins within the hours.
    assert_eq!(nights.rest_of_day(at("2020-10-22T20:30:00Z")).until, at("2020-10-22T22:00:00Z"));
}

proptest! {
    /// What is said to hold until a moment holds until then, and no longer.
    #[test]
    fn a_walk_minute_by_minute_finds_the_same_change(
        zone_name in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut"]),
        (from, to) in (0_u16..1_440, 1_u16..=1_440).prop_filter("hours are not empty", |(from, to)| from != to),
        days in prop::array::uniform7(prop::bool::weighted(0.7)),
        minutes in 0_i64..2_200_000,
    ) {
        prop_assume!(days.contains(&true));
        let calendar = Calendar { zone: zone(zone_name), hours: Some(Hours { from, to }), days, ..Calendar::default() };
        let start = Timestamp::from_second(1_577_836_800 + 60 * minutes).unwrap();
        let (is_open, until) = match calendar.at(start) {
            When::Open(until) => (true, until),
            When::Rests(rest) => (false, rest.until),
        };
        prop_assert!(until > start);
        let mut now = start;
        while now < until.min(start + jiff::SignedDuration::from_hours(24 * 12)) {
            prop_assert_eq!(calendar.is_open(now), is_open, "{}", now);
            now += jiff::SignedDuration::from_mins(1);
        }
        if until < Timestamp::MAX {
            prop_assert_eq!(calendar.is_open(until), !is_open, "{}", until);
        }
        let (begin, end) = calendar.day(start);
        prop_assert!(begin <= start && start < end);
        prop_assert_eq!(calendar.day(end).0, end);
        prop_assert_eq!(calendar.day(begin), (begin, end));
    }
}
