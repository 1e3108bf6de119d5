//! Counts the notices that go out in each hour: what a help desk is staffed by.
//!
//! It plays the same limits and calendar through as the forecast of the end, and is as exact.

use super::{Play, Question, alone};
use crate::domains::Earlier;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How many notices go out when, by the hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByHour {
    /// The hours in which any go out: when each begins on a clock in the calendar's zone, and how many.
    pub hours: Vec<(Timestamp, u64)>,
    /// How many go out after these.
    pub after: u64,
}

/// Returns how many notices go out in which hour, in the first `most` hours in which any do; `None` where the relay
/// sets the pace. It counts by blocks, as the forecast of the end does.
pub fn by_hour(question: &Question<'_>, most: usize) -> Option<ByHour> {
    if alone(question).is_empty() {
        return None;
    }
    let of_run: Vec<_> = question.limits.iter().chain(&question.measured).copied().collect();
    let run = Play::new(question, &of_run, Earlier::is_of_run, question.calendar.per_day);
    let run = run.up(question.ramp).by_hour(question.left);
    let in_groups: u64 = question.left_in_groups.iter().sum();
    let mut groups: BTreeMap<Timestamp, u64> = BTreeMap::new();
    for (number, (group, left)) in question.domains.groups().iter().zip(question.left_in_groups).enumerate() {
        let play = Play::new(question, &group.limits, |earlier| earlier.is_of_group(number), None);
        for (hour, count) in play.by_hour(*left) {
            *groups.entry(hour).or_default() += count;
        }
    }
    // By each hour so many are gone as both the run and the groups let go.
    let (mut by_run, mut by_groups, mut gone) = (0, question.left.saturating_sub(in_groups), 0);
    let mut hours = ByHour { after: question.left, ..ByHour::default() };
    for hour in run.keys().chain(groups.keys()).copied().collect::<BTreeSet<_>>() {
        by_run += run.get(&hour).copied().unwrap_or_default();
        by_groups += groups.get(&hour).copied().unwrap_or_default();
        let now = by_run.min(by_groups);
        if now > gone && hours.hours.len() < most {
            hours.hours.push((hour, now - gone));
            hours.after = question.left.saturating_sub(now);
            gone = now;
        }
    }
    Some(hours)
}

impl Play<'_> {
    /// Returns how many of so many notices go out in which hour, as far as is looked.
    fn by_hour(&self, notices: u64) -> BTreeMap<Timestamp, u64> {
        let mut hours = BTreeMap::new();
        let hour = |at: Timestamp| {
            let clock = self.calendar.zone.to_datetime(at);
            let since = SignedDuration::new(
                i64::from(clock.minute()) * 60 + i64::from(clock.second()),
                clock.subsec_nanosecond(),
            );
            at.checked_sub(since).unwrap_or(at)
        };
        self.play(notices, |at, block| *hours.entry(hour(at)).or_default() += block);
        hours
    }
}
