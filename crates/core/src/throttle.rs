//! Decides how far a run slows down where the relay asks for it, and how it comes back: halved at once, raised
//! slowly, paused where a daily quota is used up.
//!
//! It is told the time, the MAILs and the replies. A run of which nobody asked anything only counts its MAILs.
//! The limits that the operator set are not held here.

mod asks;
mod change;

pub use asks::{Ask, asks};
pub use change::{Cause, Change, Rate, Why};

use crate::delivery::Limit;
use jiff::Timestamp;
use std::{collections::BTreeSet, time::Duration};

/// The slowest pace: one attempt a minute costs a relay nothing and shows when it has recovered.
pub const FLOOR: Rate = Rate(1000);
/// How long the relay must have taken notices and asked for nothing before the pace is raised by a step.
const RAISE_EVERY: Duration = Duration::from_mins(1);
/// A step is this part of the pace that was good before, or of the present one where that is more.
const STEP: u64 = 10;
/// Seconds over which the pace before a reply is measured.
const MEASURED: usize = 10;
/// What may be made up for after waking late, where attempts lie closer together than this.
const BURST: Duration = Duration::from_millis(100);
/// The first pause for a quota whose end nobody states. Each further one is twice as long.
const QUOTA_PAUSE: Duration = Duration::from_hours(1);
/// The longest pause for a quota whose end nobody states: one that covers 24 h frees a part of itself by then.
const QUOTA_PAUSE_MOST: Duration = Duration::from_hours(4);
/// How long a relay may ask everybody to slow down and take nothing: longer than the hours for which relays
/// suspend a client. Then it refuses us.
const STARVED_MOST: Duration = Duration::from_hours(6);
/// The same for a quota: a day, and half a day for a relay that counts days in another zone.
const QUOTA_STARVED_MOST: Duration = Duration::from_hours(36);

/// Whether an attempt may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It may, as far as this goes.
    Open,
    /// Not before this moment.
    ClosedUntil(Timestamp),
    /// Not before this moment: the relay's quota is used up.
    QuotaUntil(Timestamp),
    /// Not before the one under way has ended: it shows whether the quota is free again.
    OneAtATime,
}

/// What follows from a reply that asks for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The run goes on, slower.
    GoOn,
    /// The run ends: the relay has asked for less and taken nothing for too long.
    GiveUp,
}

/// The pace that a relay has asked for.
#[derive(Debug)]
pub struct Throttle {
    most: Option<Rate>,
    recent: Recent,
    slowed: Option<Slowed>,
    quota: Option<Quota>,
    /// Since when the relay asks and takes nothing.
    asks_since: Option<Timestamp>,
    latest: Timestamp,
    changes: Vec<Change>,
}

#[derive(Debug)]
struct Slowed {
    rate: Rate,
    /// The pace before the relay asked; a step is a part of it.
    base: Rate,
    /// The pace at which nothing is held back any more.
    full: Rate,
    next_at: Timestamp,
    raise_at: Option<Timestamp>,
    was_raised: bool,
    /// The attempts under way that began at this pace or a later one: only they tell how the relay likes it.
    told: BTreeSet<i64>,
}

#[derive(Debug)]
struct Quota {
    until: Timestamp,
    pauses: u32,
}

impl Throttle {
    /// Returns the throttle of a run at `now` whose operator set `limits`; it holds nothing back.
    pub fn new(limits: &[Limit], now: Timestamp) -> Self {
        let most = limits.iter().map(Rate::of).min();
        let recent = Recent::default();
        Self { most, recent, slowed: None, quota: None, asks_since: None, latest: now, changes: Vec::new() }
    }

    /// Goes on from the last change that an earlier run recorded, and from the last attempt that any made, where one
    /// is known. Time that passed since counts as quiet, and a restart makes no attempt come sooner.
    pub fn remember(&mut self, last: &Change, attempted: Option<Timestamp>) {
        // A record from the future: the clock was put back between the runs.
        let at = last.at.min(self.latest);
        if let Some(until) = last.until {
            let until = until.min(later(self.latest, asks::STATED_MOST));
            self.quota = (self.latest < until).then_some(Quota { until, pauses: 1 });
        }
        if last.new < last.full {
            let attempted = attempted.map_or(at, |attempted| attempted.min(self.latest).max(at));
            let next_at = later(attempted, last.new.interval());
            let raise_at = Some(later(at, RAISE_EVERY));
            let (rate, base, full) = (last.new.max(FLOOR), last.base, last.full);
            let told = BTreeSet::new();
            self.slowed = Some(Slowed { rate, base, full, next_at, raise_at, was_raised: false, told });
        }
    }

    /// Returns whether an attempt may begin now, while `in_flight` others are under way.
    pub fn gate(&mut self, now: Timestamp, in_flight: u32) -> Gate {
        if self.slowed.is_none() && self.quota.is_none() {
            return Gate::Open;
        }
        let now = self.stand(now);
        if let Some(quota) = &self.quota {
            if now < quota.until {
                return Gate::QuotaUntil(quota.until);
            }
            if in_flight > 0 {
                return Gate::OneAtATime;
            }
        }
        self.raise(now);
        let Some(slowed) = &self.slowed else { return Gate::Open };
        let opens = slowed.opens();
        match slowed.raise_at {
            _ if opens <= now => Gate::Open,
            Some(raise_at) => Gate::ClosedUntil(opens.min(raise_at)),
            None => Gate::ClosedUntil(opens),
        }
    }

    /// Returns how many attempts a line may be opened for at once.
    pub fn lines_for(&self) -> usize {
        if self.slowed.is_some() || self.quota.is_some() { 1 } else { usize::MAX }
    }

    /// Takes note that an attempt of `notice` begins, which the gate was open for.
    pub fn begins(&mut self, now: Timestamp, notice: i64) {
        if self.slowed.is_none() {
            return;
        }
        let now = self.stand(now);
        if let Some(slowed) = &mut self.slowed {
            slowed.next_at = later(slowed.next_at.max(now), slowed.rate.interval());
            slowed.told.insert(notice);
        }
    }

    /// Takes note that the MAIL of an attempt was written.
    pub fn mail_written(&mut self, at: Timestamp) {
        self.recent.count(at);
        // Slow attempts lie a whole interval apart as the relay sees them, however long a line took to open.
        if let Some(slowed) = &mut self.slowed
            && slowed.rate.interval() >= BURST
        {
            slowed.next_at = slowed.next_at.max(later(at.max(self.latest), slowed.rate.interval()));
        }
    }

    /// Takes note that the attempt of `notice` ended in a way that says nothing of the pace.
    pub fn ended(&mut self, notice: i64) {
        if let Some(slowed) = &mut self.slowed {
            slowed.told.remove(&notice);
        }
    }

    /// Takes note that the relay accepted `notice`.
    pub fn accepted(&mut self, now: Timestamp, notice: i64) {
        if self.slowed.is_none() && self.quota.is_none() {
            return;
        }
        let now = self.stand(now);
        self.asks_since = None;
        if let Some(slowed) = &mut self.slowed
            && slowed.told.remove(&notice)
        {
            slowed.raise_at.get_or_insert_with(|| later(now, RAISE_EVERY));
        }
        if self.quota.take_if(|quota| quota.until <= now).is_some() {
            self.change(now, None, Why::QuotaOver, None, None);
        }
    }

    /// Takes note that the relay answered the attempt of `notice` with a reply that asks for less.
    pub fn asked(&mut self, now: Timestamp, notice: i64, ask: Ask, cause: Cause) -> Then {
        let now = self.stand(now);
        let since = *self.asks_since.get_or_insert(now);
        let most = match ask {
            Ask::Slower => STARVED_MOST,
            Ask::Pause(_) => QUOTA_STARVED_MOST,
        };
        match ask {
            Ask::Slower => self.halve(now, notice, cause),
            Ask::Pause(stated) => self.pause(now, stated, cause),
        }
        if Duration::try_from(now.duration_since(since)).unwrap_or_default() >= most {
            return Then::GiveUp;
        }
        Then::GoOn
    }

    /// Takes note that the run rests: nobody can take anything meanwhile, so that time counts against nobody.
    pub fn rested(&mut self) {
        self.asks_since = None;
    }

    /// Returns what changed since it was asked last, oldest first, to be recorded and shown.
    pub fn changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    fn halve(&mut self, now: Timestamp, notice: i64, cause: Cause) {
        let (old, base, full) = match &self.slowed {
            // It began before the pace was halved, and says nothing of what holds now.
            Some(slowed) if !slowed.told.contains(&notice) => return,
            // The pace was raised and is too much: it is the one to be careful with from now on.
            Some(slowed) if slowed.was_raised => (slowed.rate, slowed.rate, slowed.full),
            Some(slowed) => (slowed.rate, slowed.base, slowed.full),
            None => {
                let measured = self.recent.rate(now);
                let old = self.most.map_or(measured, |most| most.min(measured)).max(FLOOR);
                (old, old, old)
            }
        };
        let rate = Rate(old.0 / 2).max(FLOOR);
        // At the floor already there is nothing to come back to but more than the floor.
        let full = full.max(Rate(2 * FLOOR.0));
        let next_at = later(now, rate.interval());
        let told = BTreeSet::new();
        self.slowed = Some(Slowed { rate, base, full, next_at, raise_at: None, was_raised: false, told });
        self.change(now, Some(old), Why::Asked, Some(cause), None);
    }

    fn pause(&mut self, now: Timestamp, stated: Option<Duration>, cause: Cause) {
        // Replies to what was under way when the pause began.
        if self.quota.as_ref().is_some_and(|quota| now < quota.until) {
            return;
        }
        let pauses = self.quota.as_ref().map_or(0, |quota| quota.pauses);
        let doubled = (QUOTA_PAUSE * 2_u32.pow(pauses.min(8))).min(QUOTA_PAUSE_MOST);
        let until = later(now, stated.unwrap_or(doubled));
        self.quota = Some(Quota { until, pauses: pauses.saturating_add(1) });
        self.change(now, None, Why::Quota, Some(cause), Some(until));
    }

    /// Raises the pace by the steps that are due.
    fn raise(&mut self, now: Timestamp) {
        let Some(slowed) = &mut self.slowed else { return };
        let old = slowed.rate;
        // It ends: a step is a tenth at least, and the full pace is a number of 64 bits.
        while let Some(at) = slowed.raise_at.filter(|at| *at <= now && slowed.rate < slowed.full) {
            let step = (slowed.base.max(slowed.rate).0 / STEP).max(1);
            slowed.rate = Rate(slowed.rate.0.saturating_add(step)).min(slowed.full);
            slowed.raise_at = Some(later(at, RAISE_EVERY));
            slowed.was_raised = true;
        }
        if slowed.rate == old {
            return;
        }
        slowed.next_at = slowed.next_at.min(later(now, slowed.rate.interval()));
        self.change(now, Some(old), Why::Quiet, None, None);
        self.slowed.take_if(|slowed| slowed.rate >= slowed.full);
    }

    /// Remembers a change for the record. A pace of which nothing is known is not invented.
    fn change(
        &mut self,
        at: Timestamp,
        old: Option<Rate>,
        why: Why,
        cause: Option<Cause>,
        until: Option<Timestamp>,
    ) {
        // The next run reads the last change alone: a pause that goes on is part of each.
        let until = until.or(self.quota.as_ref().map(|quota| quota.until).filter(|until| at < *until));
        let (new, base, full) = match &self.slowed {
            Some(slowed) => (slowed.rate, slowed.base, slowed.full),
            None => (Rate::FREE, Rate::FREE, Rate::FREE),
        };
        self.changes.push(Change { at, old: old.unwrap_or(new), new, base, full, why, cause, until });
    }

    /// A clock that went back counts as standing still.
    fn stand(&mut self, now: Timestamp) -> Timestamp {
        self.latest = self.latest.max(now);
        self.latest
    }
}

impl Slowed {
    fn opens(&self) -> Timestamp {
        if self.rate.interval() >= BURST {
            return self.next_at;
        }
        self.next_at.checked_sub(BURST).unwrap_or(self.next_at)
    }
}

/// The MAILs of the last seconds, a number for each second.
#[derive(Debug, Default)]
struct Recent {
    counts: [u32; MEASURED],
    second: i64,
    first: Option<Timestamp>,
}

impl Recent {
    fn count(&mut self, at: Timestamp) {
        self.first.get_or_insert(at);
        self.advance(at.as_second());
        self.counts[slot(self.second)] += 1;
    }

    fn advance(&mut self, second: i64) {
        if second <= self.second {
            return;
        }
        let passed = usize::try_from(second - self.second).unwrap_or(MEASURED).min(MEASURED);
        for back in 0..i64::try_from(passed).expect("a few seconds fit") {
            self.counts[slot(second - back)] = 0;
        }
        self.second = second;
    }

    fn rate(&mut self, now: Timestamp) -> Rate {
        self.advance(now.as_second());
        let count: u64 = self.counts.iter().map(|count| u64::from(*count)).sum();
        let remembered = i64::try_from(MEASURED).expect("a few seconds fit") - 1;
        let oldest = Timestamp::from_second(self.second - remembered).unwrap_or(now);
        let since = self.first.map_or(oldest, |first| first.max(oldest));
        // Shorter than a second says little, and would make a few attempts a flood.
        let over = u64::try_from(now.duration_since(since).as_millis()).unwrap_or(0).max(1000);
        Rate(count * 60_000_000 / over)
    }
}

fn slot(second: i64) -> usize {
    usize::try_from(second.rem_euclid(i64::try_from(MEASURED).expect("a few seconds fit"))).expect("it is positive")
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
