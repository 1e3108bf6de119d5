//! Every unit against dates that were worked out by hand, the source beside each; and what holds for all of them.

use super::*;
use crate::law::Area;
use jiff::civil::date;
use proptest::prelude::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn holidays(place: &str) -> Option<&'static Holidays> {
    Holidays::of(&Area::parse(place).unwrap())
}

fn count(n: u32, unit: Unit, start: &When, (zone_name, place): (&str, &str)) -> Ends {
    let zone = zone(zone_name);
    let place = Place { zone: &zone, zone_of_event: &zone, holidays: holidays(place) };
    ends(Period { n, unit }, start, false, place).unwrap()
}

fn last_day(n: u32, unit: Unit, start: &When, place: (&str, &str)) -> String {
    count(n, unit, start, place).day.unwrap().strftime("%a %d %b %Y").to_string()
}

fn on(year: i16, month: i8, day: i8) -> When {
    When::On(date(year, month, day))
}

fn at(text: &str) -> When {
    When::At(text.parse().unwrap())
}

const NEW_YORK: (&str, &str) = ("America/New_York", "US-NY");
const MONTPELIER: (&str, &str) = ("America/New_York", "US-VT");
const BRASILIA: (&str, &str) = ("America/Sao_Paulo", "BR");
const BRUSSELS: (&str, &str) = ("Europe/Brussels", "BE");

/// The guidelines of the supervisory authorities (WP250 rev.01, 9/2022) count 72 hours through nights and weekends.
#[test]
fn hours_run_through_midnight_the_weekend_and_the_change_of_clocks() {
    let ends = |n, start: &str| count(n, Unit::Hours, &at(start), BRUSSELS).at.to_string();
    // Friday 30 January 2026, five in the afternoon: Monday at the same time.
    assert_eq!(ends(72, "2026-01-30T17:00:00+01:00"), "2026-02-02T16:00:00Z");
    // Over New Year's Eve.
    assert_eq!(ends(72, "2026-12-30T23:30:00+01:00"), "2027-01-02T22:30:00Z");
    // The clocks go forward on 29 March 2026 at 02:00: Friday 12:00 is followed by Monday 13:00.
    assert_eq!(
        ends(72, "2026-03-27T12:00:00+01:00"),
        "2026-03-30T13:00:00+02:00".parse::<Timestamp>().unwrap().to_string()
    );
    // And back on 25 October 2026 at 03:00: Friday 12:00 is followed by Monday 11:00.
    assert_eq!(
        ends(72, "2026-10-23T12:00:00+02:00"),
        "2026-10-26T11:00:00+01:00".parse::<Timestamp>().unwrap().to_string()
    );
    assert_eq!(ends(48, "2028-02-28T09:00:00Z"), "2028-03-01T09:00:00Z", "2028 has a 29 February");
}

#[test]
fn hours_from_a_day_are_counted_from_its_first_minute_where_the_day_is_meant() {
    let (berlin, utc) = (zone("Europe/Berlin"), TimeZone::UTC);
    let place = Place { zone: &utc, zone_of_event: &berlin, holidays: None };
    let hours = Period { n: 72, unit: Unit::Hours };
    let from = |start: &When| ends(hours, start, false, place).unwrap().at.to_string();
    assert_eq!(from(&on(2026, 1, 30)), "2026-02-01T23:00:00Z");
    assert_eq!(from(&When::Between(date(2026, 1, 30), date(2026, 1, 31))), "2026-02-01T23:00:00Z");
}

/// The day of the event is not counted: Cal. Civ. Code § 10, N.Y. Gen. Constr. Law § 20.
#[test]
fn days_of_the_calendar_leave_out_the_first_and_end_with_the_last() {
    let ends = |n, start: &When| count(n, Unit::CalendarDays, start, NEW_YORK);
    // 30 days from 1 January: the 31st. It ends in New York, five hours after UTC.
    assert_eq!(ends(30, &on(2026, 1, 1)).day, Some(date(2026, 1, 31)));
    assert_eq!(ends(30, &on(2026, 1, 1)).at.to_string(), "2026-02-01T04:59:59Z");
    // 45 days from 20 December 2026: eleven in December, 31 in January, three in February.
    assert_eq!(last_day(45, Unit::CalendarDays, &on(2026, 12, 20), NEW_YORK), "Wed 03 Feb 2027");
    // 60 days from 31 December 2027: 31 and 29.
    assert_eq!(last_day(60, Unit::CalendarDays, &on(2027, 12, 31), NEW_YORK), "Tue 29 Feb 2028");
    // An end on a Saturday stays there.
    assert_eq!(last_day(30, Unit::CalendarDays, &on(2026, 9, 3), NEW_YORK), "Sat 03 Oct 2026");
    // Of several days the first counts.
    let several = When::Between(date(2026, 1, 1), date(2026, 1, 9));
    assert_eq!(ends(30, &several).day, Some(date(2026, 1, 31)));
}

#[test]
fn the_first_day_is_the_one_that_the_clocks_of_the_place_show() {
    // Half past eleven in the evening of the 31st in New York is the 1st in UTC.
    let late = at("2026-02-01T04:30:00Z");
    assert_eq!(last_day(30, Unit::CalendarDays, &late, NEW_YORK), "Mon 02 Mar 2026");
    assert_eq!(last_day(30, Unit::CalendarDays, &late, ("UTC", "DE")), "Tue 03 Mar 2026");
}

#[test]
fn a_last_day_ends_where_the_clocks_are_changed_too() {
    // The clocks of New York go back on 1 November 2026: the day has 25 hours.
    let ends = count(30, Unit::CalendarDays, &on(2026, 10, 2), NEW_YORK);
    assert_eq!((ends.day, ends.at.to_string()), (Some(date(2026, 11, 1)), "2026-11-02T04:59:59Z".into()));
    // In Beirut they went forward at midnight: the day of 24 March 2024 began at one, and its last second is unmoved.
    let beirut = zone("Asia/Beirut");
    assert_eq!(end_of(date(2024, 3, 30), &beirut).unwrap().to_string(), "2024-03-30T21:59:59Z");
}

/// 9 V.S.A. § 2435(b)(3): 14 business days. Counted by the calendar of the Office of Personnel Management.
#[test]
fn business_days_pass_over_weekends_and_holidays() {
    let ends = count(14, Unit::BusinessDays, &on(2026, 11, 3), MONTPELIER);
    // From Tuesday 3 November: 4, 5, 6 · 9, 10, 12, 13 (the 11th is Veterans Day) · 16 to 20 · 23, 24.
    assert_eq!(ends.day, Some(date(2026, 11, 24)));
    assert_eq!(ends.passed_over, [(date(2026, 11, 11), "Veterans Day")]);
    assert!(!ends.is_unsure);
    // Thanksgiving, Christmas and New Year: 25 and 27 November · 30 to 4 · 7 to 11 · 14 to 18 · 21 to 24 · 28 to 31 · 4.
    assert_eq!(last_day(26, Unit::BusinessDays, &on(2026, 11, 24), MONTPELIER), "Mon 04 Jan 2027");
    // The fourth of July 2026 is a Saturday: its Friday is no business day (5 U.S.C. 6103(b)).
    assert_eq!(last_day(1, Unit::BusinessDays, &on(2026, 7, 2), MONTPELIER), "Mon 06 Jul 2026");
    // New Year's Day 2028 is a Saturday, kept on Friday 31 December 2027.
    assert_eq!(last_day(1, Unit::BusinessDays, &on(2027, 12, 30), MONTPELIER), "Mon 03 Jan 2028");
    // From a Saturday, the first business day is the Monday.
    assert_eq!(last_day(1, Unit::BusinessDays, &on(2026, 10, 3), MONTPELIER), "Mon 05 Oct 2026");
}

/// Resolution CD/ANPD 15/2024: three and twenty business days. By the yearly order of the Ministry of Management.
#[test]
fn business_days_of_brazil_pass_over_easter_and_november() {
    // From Wednesday 1 April 2026: the 2nd, not the 3rd (Paixão de Cristo), then 6 and 7.
    assert_eq!(last_day(3, Unit::BusinessDays, &on(2026, 4, 1), BRASILIA), "Tue 07 Apr 2026");
    // From Thursday 30 October 2025: 31, 3 and 4 November; the 2nd is a Sunday, and is not moved.
    assert_eq!(last_day(3, Unit::BusinessDays, &on(2025, 10, 30), BRASILIA), "Tue 04 Nov 2025");
    // From 3 November 2025, twenty: 4 to 7 · 10 to 14 · 17, 18, 19, 21 (not the 20th) · 24 to 28 · 1, 2.
    assert_eq!(last_day(20, Unit::BusinessDays, &on(2025, 11, 3), BRASILIA), "Tue 02 Dec 2025");
}

#[test]
fn where_holidays_are_not_known_only_weekends_are_passed_over_and_it_is_said() {
    let ends = count(3, Unit::BusinessDays, &on(2026, 12, 24), BRUSSELS);
    assert_eq!((ends.day, ends.is_unsure), (Some(date(2026, 12, 29)), true));
    let beyond = count(3, Unit::BusinessDays, &on(2030, 12, 30), MONTPELIER);
    assert!(beyond.is_unsure, "the year 2031 was not looked at");
}

#[test]
fn a_month_ends_on_the_same_day_or_on_the_last() {
    assert_eq!(last_day(1, Unit::Months, &on(2026, 1, 15), NEW_YORK), "Sun 15 Feb 2026");
    assert_eq!(last_day(1, Unit::Months, &on(2027, 1, 31), NEW_YORK), "Sun 28 Feb 2027");
    assert_eq!(last_day(3, Unit::Months, &on(2026, 11, 30), NEW_YORK), "Sun 28 Feb 2027");
}

/// 45 CFR 164.408(c): 60 days after the end of the calendar year. HHS and its commentators gave 29 February 2024 for
/// 2023, and 1 March 2023 for 2022.
#[test]
fn a_period_from_the_end_of_a_year_begins_there() {
    let washington = zone("America/New_York");
    let place = Place { zone: &washington, zone_of_event: &washington, holidays: holidays("US") };
    let day = |start: &When, unit| ends(Period { n: 60, unit }, start, true, place).unwrap();
    assert_eq!(day(&on(2023, 7, 9), Unit::CalendarDays).day, Some(date(2024, 2, 29)));
    assert_eq!(day(&on(2022, 1, 1), Unit::CalendarDays).day, Some(date(2023, 3, 1)));
    // The last evening of 2022 in Washington is 2023 in UTC.
    assert_eq!(day(&at("2023-01-01T03:00:00Z"), Unit::CalendarDays).day, Some(date(2023, 3, 1)));
    assert_eq!(day(&on(2022, 1, 1), Unit::Hours).at.to_string(), "2023-01-03T17:00:00Z");
}

#[test]
fn an_end_on_a_day_of_rest_names_the_next_business_day() {
    let moved = |day| moved(day, holidays("US")).map(|(next, why)| format!("{next} {why}"));
    assert_eq!(moved(date(2026, 10, 3)), Some("2026-10-05 a Saturday".into()));
    assert_eq!(moved(date(2026, 11, 11)), Some("2026-11-12 Veterans Day".into()));
    assert_eq!(moved(date(2026, 7, 4)), Some("2026-07-06 a Saturday".into()));
    assert_eq!(moved(date(2026, 11, 12)), None);
}

#[test]
fn no_number_in_a_file_makes_the_counting_long_or_wrong() {
    let utc = TimeZone::UTC;
    let place = Place { zone: &utc, zone_of_event: &utc, holidays: None };
    for unit in [Unit::Hours, Unit::CalendarDays, Unit::BusinessDays, Unit::Months] {
        assert_eq!(ends(Period { n: u32::MAX, unit }, &on(2026, 1, 1), false, place), None, "{unit}");
        assert_eq!(ends(Period { n: 1, unit }, &When::On(Date::MAX), false, place), None, "{unit}");
    }
}

fn any_day() -> impl Strategy<Value = Date> {
    (0..2_200_i64).prop_map(|days| date(2024, 1, 1).checked_add(Span::new().days(days)).unwrap())
}

proptest! {
    #[test]
    fn a_business_day_is_never_a_day_of_rest(start in any_day(), n in 1_u32..200, is_brazil: bool) {
        let place = if is_brazil { BRASILIA } else { MONTPELIER };
        let ends = count(n, Unit::BusinessDays, &When::On(start), place);
        let day = ends.day.unwrap();
        prop_assert!(!is_weekend(day) && holidays(place.1).unwrap().on(day).is_none());
        // Between them lie the weekends, what was passed over, and n business days.
        let between = start.tomorrow().unwrap().series(Span::new().days(1)).take_while(|d| *d <= day);
        let working = between.filter(|d| !is_weekend(*d)).count();
        prop_assert_eq!(working, n as usize + ends.passed_over.len());
    }

    #[test]
    fn a_longer_period_ends_later_and_a_later_start_not_earlier(
        start in any_day(), n in 1_u32..200, more in 1_u32..50, unit in 0..4_usize,
    ) {
        let unit = [Unit::Hours, Unit::CalendarDays, Unit::BusinessDays, Unit::Months][unit];
        let from = When::On(start);
        let ends = |n, start: &When| count(n, unit, start, NEW_YORK).at;
        prop_assert!(ends(n, &from) < ends(n + more, &from));
        let later = When::On(start.checked_add(Span::new().days(more)).unwrap());
        prop_assert!(ends(n, &from) <= ends(n, &later));
    }
}
