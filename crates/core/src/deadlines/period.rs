//! When a period ends: hours, days of the calendar, business days and months, from an event and in a zone.
//!
//! What a law leaves open is counted so that the date comes out no later than it can be meant: the day of the event
//! is not counted, the last day ends at its midnight, and an end on a day of rest is not moved.

use super::holidays::{Holidays, is_weekend};
use crate::{
    fact::When,
    law::{Period, Unit},
};
use jiff::{SignedDuration, Span, Timestamp, civil::Date, tz::TimeZone};

/// Business days that are counted: more than any law allows, and no number in a file makes the counting long.
const BUSINESS_DAYS_MAX: u32 = 5_000;

/// When a period ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Its last moment; of a last day, that day's last second.
    pub at: Timestamp,
    /// Its last day, where it is counted in days.
    pub day: Option<Date>,
    /// The holidays that were passed over on the way.
    pub passed_over: Vec<(Date, &'static str)>,
    /// Whether a holiday may have been missed: none are known for the place, or not for all of the years.
    pub is_unsure: bool,
}

/// In which zones and by which holidays is counted.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Where its days end.
    pub zone: &'a TimeZone,
    /// Where the days of the event are meant, for a period in hours.
    pub zone_of_event: &'a TimeZone,
    /// Its holidays, where they are known.
    pub holidays: Option<&'static Holidays>,
}

/// Returns when `period` from `start` ends; `None` where that lies beyond all time.
///
/// Where `start` is known by the day alone, hours are counted from its first minute.
pub fn ends(period: Period, start: &When, from_year_end: bool, place: Place<'_>) -> Option<Ends> {
    let first = start.first_day(place.zone);
    let first = if from_year_end { Date::new(first.year(), 12, 31).ok()? } else { first };
    let plain = |at, day| Some(Ends { at, day, passed_over: Vec::new(), is_unsure: false });
    let last = match period.unit {
        Unit::Hours => {
            let begin = if from_year_end {
                start_of(first.tomorrow().ok()?, place.zone)?
            } else {
                start.bounds(Some(place.zone_of_event))?.0
            };
            return plain(begin.checked_add(SignedDuration::from_hours(period.n.into())).ok()?, None);
        }
        Unit::CalendarDays => first.checked_add(Span::new().try_days(period.n).ok()?).ok()?,
        Unit::Months => first.checked_add(Span::new().try_months(period.n).ok()?).ok()?,
        Unit::BusinessDays => return business_days(period.n, first, place),
    };
    plain(end_of(last, place.zone)?, Some(last))
}

fn business_days(n: u32, first: Date, place: Place<'_>) -> Option<Ends> {
    let (mut day, mut left) = (first, Some(n).filter(|n| *n <= BUSINESS_DAYS_MAX)?);
    let mut passed_over = Vec::new();
    let mut is_unsure = false;
    while left > 0 {
        day = day.tomorrow().ok()?;
        is_unsure |= !place.holidays.is_some_and(|holidays| holidays.know(day));
        if is_weekend(day) {
            continue;
        }
        match place.holidays.and_then(|holidays| holidays.on(day)) {
            Some(name) => passed_over.push((day, name)),
            None => left -= 1,
        }
    }
    Some(Ends { at: end_of(day, place.zone)?, day: Some(day), passed_over, is_unsure })
}

/// Returns the first business day from `day` on, and why `day` is none; `None` where it is one.
pub(super) fn moved(day: Date, holidays: Option<&'static Holidays>) -> Option<(Date, String)> {
    let rests = |day: Date| match holidays.and_then(|holidays| holidays.on(day)) {
        Some(name) => Some(name.to_owned()),
        None => is_weekend(day).then(|| day.strftime("a %A").to_string()),
    };
    let why = rests(day)?;
    let next = day.series(Span::new().days(1)).find(|day| rests(*day).is_none())?;
    Some((next, why))
}

fn start_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    Some(day.to_zoned_datetime(zone.clone()).ok()?.start_of_day().ok()?.timestamp())
}

/// Returns the last second of a day, which need not be 24 hours after the last of the day before.
pub(super) fn end_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    start_of(day.tomorrow().ok()?, zone)?.checked_sub(SignedDuration::from_secs(1)).ok()
}

#[cfg(test)]
mod tests;
