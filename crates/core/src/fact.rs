//! A fact that the public asks for: a value, `unknown`, or not told for a stated reason. Never prose.

use crate::document::Field;
use jiff::{
    Timestamp,
    civil::Date,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A fact about the incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact<T> {
    /// We know it and say it.
    Known(T),
    /// We do not know it, and say so.
    Unknown,
    /// We know it and do not say it; the reason is for counsel.
    NotTold {
        /// Why it is not said.
        reason: String,
    },
}

impl<T> Fact<T> {
    /// Returns the value where it is known and told.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown | Self::NotTold { .. } => None,
        }
    }

    /// Returns whether we say that we do not know.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// When something happened, as exactly as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// On a day.
    On(Date),
    /// At an instant; notices tell the day alone.
    At(Timestamp),
    /// From one day to another, both included.
    Between(Date, Date),
}

/// Hours by which the first place on earth where a day begins is before UTC, and the last where it ends behind it.
const FIRST_AND_LAST_OFFSET: (i8, i8) = (14, -12);

impl When {
    /// Returns the first day that it may mean, for a clock that shows the time in `zone`.
    pub fn first_day(&self, zone: &TimeZone) -> Date {
        match self {
            Self::On(day) | Self::Between(day, _) => *day,
            Self::At(at) => zone.to_datetime(*at).date(),
        }
    }

    /// Returns the first and the last day that it may mean, where it is known by the day alone.
    pub fn days(&self) -> Option<(Date, Date)> {
        match self {
            Self::On(day) => Some((*day, *day)),
            Self::Between(from, to) => Some((*from, *to)),
            Self::At(_) => None,
        }
    }

    /// Returns the first and the last moment that it may mean. Days are those of `zone`, and without one those of
    /// any place on earth. `None` where time ends before.
    pub fn bounds(&self, zone: Option<&TimeZone>) -> Option<(Timestamp, Timestamp)> {
        if let Self::At(at) = self {
            return Some((*at, *at));
        }
        let (from, to) = self.days()?;
        let (first, last) = FIRST_AND_LAST_OFFSET;
        let somewhere = |hours: i8| Some(TimeZone::fixed(Offset::from_hours(hours).ok()?));
        let zone_or = |hours| zone.cloned().or_else(|| somewhere(hours));
        let start = |day: Date, hours: i8| {
            Some(day.to_zoned_datetime(zone_or(hours)?).ok()?.start_of_day().ok()?.timestamp())
        };
        let after = start(to.tomorrow().ok()?, last)?;
        Some((start(from, first)?, Timestamp::from_second(after.as_second() - 1).ok()?))
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(day) => write!(f, "{day}"),
            Self::At(at) => write!(f, "{at}"),
            Self::Between(from, to) => write!(f, "{from} to {to}"),
        }
    }
}

/// Who determined something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Determination {
    /// The person's name and role.
    pub by: String,
    /// The day of the finding.
    pub on: Date,
}

impl Determination {
    /// Reads `{ by = "name and role", on = 2026-01-31 }`.
    pub(crate) fn read(field: &Field<'_>) -> Option<Self> {
        field.read_table(|table| {
            let by = table.need("by", "who says so: name and role").and_then(|field| field.line());
            let on = table.need("on", "the day on which they do").and_then(|field| field.date());
            Some(Self { by: by?, on: on? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_is_as_long_as_its_zone_makes_it_and_without_one_as_long_as_anywhere() {
        let bounds = |when: When, zone: Option<&str>| {
            let zone = zone.map(|name| TimeZone::get(name).unwrap());
            let (first, last) = when.bounds(zone.as_ref()).unwrap();
            format!("{first} {last}")
        };
        let day = When::On(date(2026, 3, 29));
        // The clocks of Berlin go forward that day: it has 23 hours.
        assert_eq!(bounds(day.clone(), Some("Europe/Berlin")), "2026-03-28T23:00:00Z 2026-03-29T21:59:59Z");
        assert_eq!(bounds(day, None), "2026-03-28T10:00:00Z 2026-03-30T11:59:59Z");
        let days = When::Between(date(2025, 12, 31), date(2026, 1, 1));
        assert_eq!(bounds(days, Some("UTC")), "2025-12-31T00:00:00Z 2026-01-01T23:59:59Z");
        let at = When::At("2026-01-01T00:30:00Z".parse().unwrap());
        assert_eq!(at.first_day(&TimeZone::get("America/New_York").unwrap()), date(2025, 12, 31));
        assert_eq!(bounds(at, None), "2026-01-01T00:30:00Z 2026-01-01T00:30:00Z");
        assert_eq!(When::On(Date::MAX).bounds(None), None);
    }
}
