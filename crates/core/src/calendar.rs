//! Decides when a run may begin anything at all: hours, days of the week, an embargo, and so many a calendar day.
//!
//! It is a pure function of time. What counts is what a clock on the wall shows in the zone: where it skips an
//! hour the hours are shorter, and where it repeats one they may open twice. It counts no attempts.

use jiff::{
    Timestamp,
    civil::{DateTime, Time, Weekday},
    tz::TimeZone,
};
use std::fmt;

/// Minutes of a day, and the end of one: 24:00.
pub const MINUTES_OF_DAY: u16 = 1_440;
/// How many boundaries (beginnings, ends, midnights, changes of the clock) are looked at for one that matters:
/// three a day and some changes, over three weeks. A week of closed days is the most that can lie between.
const BOUNDARIES_MAX: usize = 64;

/// When a run may begin attempts. What is begun ends whenever it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// The zone of hours, days and calendar days.
    pub zone: TimeZone,
    /// The hours of each day; `None` for all.
    pub hours: Option<Hours>,
    /// The days of the week, Monday first. At least one. Hours that cross midnight belong to the day in which
    /// they begin.
    pub days: [bool; 7],
    /// Nothing begins before this moment.
    pub not_before: Option<Timestamp>,
    /// At most so many attempts in each calendar day.
    pub per_day: Option<u32>,
}

/// From the first minute to the last, which is not part of it. Where the last is not later, they cross midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Minutes from midnight, below 1,440.
    pub from: u16,
    /// Minutes from midnight, at most 1,440, and not the same.
    pub to: u16,
}

/// Whether attempts may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// They may, until this moment.
    Open(Timestamp),
    /// They may not.
    Rests(Rest),
}

/// A time in which no attempt begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// The first moment at which one may.
    pub until: Timestamp,
    /// Why none may before.
    pub why: Why,
}

/// Why no attempt begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The embargo has not ended.
    NotBefore,
    /// It is not the hour.
    Hours,
    /// It is not the day of the week.
    Days,
    /// As many began today as may.
    PerDay,
}

impl Default for Calendar {
    /// Returns the calendar that is always open.
    fn default() -> Self {
        Self { zone: TimeZone::UTC, hours: None, days: [true; 7], not_before: None, per_day: None }
    }
}

impl Calendar {
    /// Returns whether attempts may begin at `now`, the number of them in a day apart.
    pub fn at(&self, now: Timestamp) -> When {
        if let Some(embargo) = self.not_before.filter(|embargo| now < *embargo) {
            return When::Rests(Rest { until: self.opening(embargo), why: Why::NotBefore });
        }
        if self.is_open(now) {
            return When::Open(self.change(now, false));
        }
        let today = self.zone.to_datetime(now).weekday();
        let why = if self.has(today) { Why::Hours } else { Why::Days };
        When::Rests(Rest { until: self.opening(now), why })
    }

    /// Returns the first moment from `from` on at which attempts may begin.
    pub fn opening(&self, from: Timestamp) -> Timestamp {
        let from = self.not_before.map_or(from, |embargo| embargo.max(from));
        if self.is_open(from) { from } else { self.change(from, true) }
    }

    /// Returns the rest that holds at `now`, when `made_today` attempts were made in its calendar day.
    pub fn rest(&self, now: Timestamp, made_today: u64) -> Option<Rest> {
        match self.at(now) {
            When::Rests(rest) => Some(rest),
            When::Open(_) => {
                let is_full = self.per_day.is_some_and(|most| made_today >= u64::from(most));
                is_full.then(|| self.rest_of_day(now))
            }
        }
    }

    /// Returns the rest that follows when as many attempts were made as may be in the day that `now` lies in.
    pub fn rest_of_day(&self, now: Timestamp) -> Rest {
        Rest { until: self.opening(self.day(now).1), why: Why::PerDay }
    }

    /// Returns where the calendar day of `now` begins and where it ends, the end not part of it.
    ///
    /// Days follow each other without gap or overlap, also where the clock is changed at midnight.
    pub fn day(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let begin = |date: jiff::civil::Date| {
            let start = date.to_zoned_datetime(self.zone.clone()).and_then(|day| day.start_of_day());
            start.map(|start| start.timestamp())
        };
        let date = self.zone.to_datetime(now).date();
        let (yesterday, tomorrow) = (date.yesterday().unwrap_or(date), date.tomorrow().unwrap_or(date));
        let after = tomorrow.tomorrow().unwrap_or(tomorrow);
        let bounds: Vec<_> =
            [yesterday, date, tomorrow, after].into_iter().filter_map(|day| begin(day).ok()).collect();
        let start = bounds.iter().rev().find(|start| **start <= now).copied().unwrap_or(Timestamp::MIN);
        let end = bounds.into_iter().find(|end| *end > now).unwrap_or(Timestamp::MAX);
        (start, end)
    }

    fn has(&self, day: Weekday) -> bool {
        self.days[usize::from(day.to_monday_zero_offset().unsigned_abs())]
    }

    fn is_open(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let today = self.has(local.weekday());
        let Some(Hours { from, to }) = self.hours else { return today };
        let minute = minute_of(local);
        if from < to {
            return today && (from..to).contains(&minute);
        }
        let is_of_yesterday = minute < to && self.has(local.weekday().previous());
        is_of_yesterday || (minute >= from && today)
    }

    /// Returns the first moment after `from` at which it is open, or closed; the last of all times where that
    /// never comes.
    fn change(&self, from: Timestamp, to_open: bool) -> Timestamp {
        let is_always_open = self.hours.is_none() && self.days == [true; 7];
        if is_always_open {
            return Timestamp::MAX;
        }
        let mut at = from;
        for _ in 0..BOUNDARIES_MAX {
            let Some(next) = self.boundary(at) else { break };
            if self.is_open(next) == to_open {
                return next;
            }
            at = next;
        }
        Timestamp::MAX
    }

    /// Returns the first moment after `at` at which anything may change: a beginning, an end, a midnight, or a
    /// change of the clock.
    fn boundary(&self, at: Timestamp) -> Option<Timestamp> {
        // Up to the next change of the clock, local time runs evenly.
        let offset = self.zone.to_offset(at);
        let local = offset.to_datetime(at);
        let hours = self.hours.map(|hours| [hours.from, hours.to % MINUTES_OF_DAY]).into_iter().flatten();
        let minutes = hours.chain([0]);
        let next = minutes.filter_map(|minute| {
            let time = Time::new((minute / 60).try_into().ok()?, (minute % 60).try_into().ok()?, 0, 0).ok()?;
            let today = local.date().to_datetime(time);
            let next = if today > local { today } else { local.date().tomorrow().ok()?.to_datetime(time) };
            offset.to_timestamp(next).ok()
        });
        let changed = self.zone.following(at).next().map(|change| change.timestamp());
        next.chain(changed).filter(|next| *next > at).min()
    }
}

fn minute_of(local: DateTime) -> u16 {
    u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs())
}

impl fmt::Display for Calendar {
    /// Writes what is set, as it stands in delivery.toml; nothing where nothing is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.iana_name().unwrap_or("UTC");
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let days: Vec<_> = names.iter().zip(self.days).filter(|(_, has)| *has).map(|(name, _)| *name).collect();
        let parts = [
            self.hours.map(|hours| format!("{hours} {zone}")),
            (self.days != [true; 7]).then(|| days.join(" ")),
            self.not_before.map(|embargo| format!("not before {embargo}")),
            self.per_day.map(|most| format!("{most} a day")),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

impl Why {
    /// Returns the key of delivery.toml that says so.
    pub fn key(self) -> &'static str {
        match self {
            Self::NotBefore => "not_before",
            Self::Hours => "hours",
            Self::Days => "days",
            Self::PerDay => "per_day",
        }
    }

    /// Returns the reason as people say it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::NotBefore => "nothing goes out before the moment set by `not_before`",
            Self::Hours => "it is not the hour, by `hours`",
            Self::Days => "it is not the day, by `days`",
            Self::PerDay => "as many went out today as `per_day` allows",
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}-{:02}:{:02}", self.from / 60, self.from % 60, self.to / 60, self.to % 60)
    }
}

#[cfg(test)]
mod tests;
