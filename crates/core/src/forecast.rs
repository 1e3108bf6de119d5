//! Works out when the last notice goes out at the pace that is set, ramp and all, and what would make a deadline.
//!
//! It plays the limits and the calendar through in blocks, so that it is quick whatever the numbers are. It knows
//! nothing of the relay: where no limit is set, no end can be told. What is refused for now comes on top.

mod hours;

pub use hours::{ByHour, by_hour};

use crate::{
    calendar::{Calendar, When},
    delivery::Limit,
    domains::{Domains, Earlier},
    ramp::Ramp,
};
use jiff::{SignedDuration, Timestamp};
use std::{collections::VecDeque, time::Duration};

/// Blocks that one limit is played through in, at most: an error of a twenty-thousandth.
const BLOCKS_MAX: u64 = 20_000;
/// Steps of one play, at most: a few for each block and for each time that the calendar closes.
const STEPS_MAX: u32 = 200_000;
/// How far ahead is looked, from the first moment at which anything may begin: nobody waits that long.
const HORIZON: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The moment at which it is asked.
    pub now: Timestamp,
    /// Notices that are still to be handed over.
    pub left: u64,
    /// How many of them belong to each group of `domains`, in its order.
    pub left_in_groups: &'a [u64],
    /// The limits of the run.
    pub limits: &'a [Limit],
    /// How the plan begins, and when its first attempt was made, if one was.
    pub ramp: Option<(Ramp, Option<Timestamp>)>,
    /// The groups of domains and their limits.
    pub domains: &'a Domains,
    /// When attempts may begin.
    pub calendar: &'a Calendar,
    /// Attempts that limits still count.
    pub earlier: &'a [Earlier],
    /// What the relay was seen to take, where that is known: it holds like a limit.
    pub measured: Option<Limit>,
    /// When every notice must have been handed over.
    pub deadline: Option<Timestamp>,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// When the last notice goes out.
    pub end: End,
    /// What sets that; `None` where nothing does.
    pub binding: Option<Bound>,
    /// What that means for the deadline.
    pub standing: Standing,
}

/// When the last notice goes out, if the relay keeps up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Then.
    At(Timestamp),
    /// The relay sets the pace: nobody knows, and it is not before this.
    NotBefore(Timestamp),
    /// More than ten years after the first one may.
    Beyond,
}

/// One thing that sets the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A limit of the run.
    Run(Limit),
    /// A limit of this group of domains.
    Group(usize, Limit),
    /// So many a calendar day.
    PerDay(u32),
    /// The gentle beginning.
    Ramp(Ramp),
    /// What the relay was seen to take.
    Relay(Limit),
}

/// Where the end stands to the deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is no deadline.
    NoDeadline,
    /// Nothing is left to hand over, or it is done by then, with so much to spare.
    InTime(Duration),
    /// Nobody can tell: the relay sets the pace.
    Unknown,
    /// It comes so much later; `None` where it is years. These changes, together, would make it.
    Late(Option<Duration>, Vec<Remedy>),
    /// It lies behind us by so much.
    Passed(Duration),
}

/// What would make the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// This limit instead of the slower one.
    Rate(Bound, Limit),
    /// At least so many a calendar day.
    PerDay(u64),
    /// No ramp, or a steeper one.
    NoRamp,
    /// Other hours, days or embargo: they leave no time before the deadline.
    Calendar,
}

/// One thing that sets the pace, taken alone: how many notices it is about, and when the last of them goes out.
struct Alone {
    bound: Bound,
    notices: u64,
    end: Timestamp,
}

/// Stands for an end that lies beyond the horizon.
const BEYOND: Timestamp = Timestamp::MAX;

/// Returns when the last notice goes out, and what that means for the deadline.
pub fn forecast(question: &Question<'_>) -> Forecast {
    let bounds = alone(question);
    let opening = question.calendar.opening(question.now);
    // A ramp is the only bound that ends: where there is no other, the relay sets the pace from then on.
    let ramp_ends = question.ramp.map_or(opening, |(ramp, began)| later(began.unwrap_or(opening), ramp.lasts()));
    let is_unbound = question.left > 0 && bounds.iter().all(|alone| matches!(alone.bound, Bound::Ramp(_)));
    let end = match last_of_all(question) {
        end if is_unbound && end >= ramp_ends => End::NotBefore(end),
        end if end == BEYOND => End::Beyond,
        end => End::At(end),
    };
    let binding = bounds.iter().rev().max_by_key(|alone| alone.end).map(|alone| alone.bound);
    let standing = standing(question, end, &bounds);
    Forecast { end, binding, standing }
}

/// Returns when the last notice of all goes out: that of the whole run or of its slowest group.
fn last_of_all(question: &Question<'_>) -> Timestamp {
    let of_run: Vec<_> = question.limits.iter().chain(&question.measured).copied().collect();
    let run = Play::new(question, &of_run, Earlier::is_of_run, question.calendar.per_day).up(question.ramp);
    let groups = question.domains.groups().iter().zip(question.left_in_groups).enumerate();
    let of_group = |(number, (group, left)): (usize, (&crate::domains::DomainGroup, &u64))| {
        Play::new(question, &group.limits, |earlier| earlier.is_of_group(number), None).last(*left)
    };
    groups.map(of_group).fold(run.last(question.left), Timestamp::max)
}

/// Takes everything that sets the pace alone.
fn alone(question: &Question<'_>) -> Vec<Alone> {
    let play = |bound, limits: &[Limit], counts: &dyn Fn(&Earlier) -> bool, per_day, notices| {
        let end = Play::new(question, limits, counts, per_day).last(notices);
        Alone { bound, notices, end }
    };
    let of_run = |bound, limit| play(bound, &[limit], &Earlier::is_of_run, None, question.left);
    let mut all: Vec<_> = question.limits.iter().map(|limit| of_run(Bound::Run(*limit), *limit)).collect();
    all.extend(question.measured.map(|limit| of_run(Bound::Relay(limit), limit)));
    all.extend(question.ramp.map(|(ramp, began)| {
        let play = Play::new(question, &[], Earlier::is_of_run, None).up(Some((ramp, began)));
        Alone { bound: Bound::Ramp(ramp), notices: question.left, end: play.last(question.left) }
    }));
    let groups = question.domains.groups().iter().zip(question.left_in_groups).enumerate();
    for (number, (group, left)) in groups.filter(|(_, (_, left))| **left > 0) {
        let counts = |earlier: &Earlier| earlier.is_of_group(number);
        let bounds = group.limits.iter().map(|limit| (Bound::Group(number, *limit), *limit));
        all.extend(bounds.map(|(bound, limit)| play(bound, &[limit], &counts, None, *left)));
    }
    let per_day = question.calendar.per_day;
    all.extend(per_day.map(|most| play(Bound::PerDay(most), &[], &Earlier::is_of_run, per_day, question.left)));
    all
}

fn standing(question: &Question<'_>, end: End, bounds: &[Alone]) -> Standing {
    let Some(deadline) = question.deadline else { return Standing::NoDeadline };
    if question.left == 0 {
        return Standing::InTime(apart(question.now, deadline));
    }
    if deadline <= question.now {
        return Standing::Passed(apart(deadline, question.now));
    }
    match end {
        End::At(end) if end <= deadline => Standing::InTime(apart(end, deadline)),
        End::NotBefore(opening) if opening < deadline => Standing::Unknown,
        End::At(end) | End::NotBefore(end) => {
            Standing::Late(Some(apart(deadline, end)), remedies(question, deadline, bounds))
        }
        End::Beyond => Standing::Late(None, remedies(question, deadline, bounds)),
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(BEYOND)
}

fn apart(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// Returns a change for each thing that alone misses the deadline; where none does, for the slowest. Without the ramp
/// where that is enough, and without it too where it is not: what it costs depends on the other limits.
fn remedies(question: &Question<'_>, deadline: Timestamp, bounds: &[Alone]) -> Vec<Remedy> {
    if question.ramp.is_some() {
        let without = forecast(&Question { ramp: None, ..*question });
        return match without.standing {
            Standing::Late(_, remedies) => remedies.into_iter().chain([Remedy::NoRamp]).collect(),
            _ => vec![Remedy::NoRamp],
        };
    }
    let (seconds, days) = time_left(question, deadline);
    if seconds == 0 {
        return vec![Remedy::Calendar];
    }
    let slowest = bounds.iter().map(|alone| alone.end).max();
    let misses = |alone: &&Alone| alone.end > deadline || Some(alone.end) == slowest;
    let remedy = |alone: &Alone| match alone.bound {
        Bound::PerDay(_) => Some(Remedy::PerDay(alone.notices.div_ceil(days))),
        Bound::Relay(_) | Bound::Ramp(_) => None,
        bound => Some(Remedy::Rate(bound, least_limit(alone.notices, seconds))),
    };
    bounds.iter().filter(misses).filter_map(remedy).collect()
}

/// Returns the slowest limit by which so many go out in so many open seconds.
fn least_limit(notices: u64, seconds: u64) -> Limit {
    let least =
        |window: u64| u32::try_from((u128::from(notices) * u128::from(window)).div_ceil(u128::from(seconds)));
    let windows = [3_600, 1].into_iter();
    let fits = windows.map(|window| (least(window), window)).find(|(least, window)| {
        *window == 1 || least.is_ok_and(|attempts| attempts <= crate::pace::ATTEMPTS_REMEMBERED_MAX)
    });
    let (attempts, window) = fits.unwrap_or((Ok(u32::MAX), 1));
    Limit { attempts: attempts.unwrap_or(u32::MAX), window: Duration::from_secs(window) }
}

/// Returns how many seconds are open before the deadline, and in how many calendar days.
fn time_left(question: &Question<'_>, deadline: Timestamp) -> (u64, u64) {
    let calendar = question.calendar;
    let first = calendar.opening(question.now);
    let deadline = deadline.min(first.checked_add(HORIZON).unwrap_or(BEYOND));
    let (mut at, mut seconds, mut days) = (first, 0, 0);
    for _ in 0..STEPS_MAX {
        at = calendar.opening(at);
        if at >= deadline {
            break;
        }
        let closes = match calendar.at(at) {
            When::Open(until) => until,
            When::Rests(rest) => rest.until,
        };
        let until = closes.min(calendar.day(at).1).min(deadline);
        seconds += apart(at, until).as_secs();
        // Hours that open twice in a day make no second day.
        days += u64::from(at == first || calendar.opening(calendar.day(at).0) == at);
        at = until;
    }
    (seconds, days.max(1))
}

/// One play of limits and calendar from the moment of the question on.
struct Play<'a> {
    calendar: &'a Calendar,
    now: Timestamp,
    limits: Vec<Limit>,
    earlier: Vec<Timestamp>,
    per_day: Option<u32>,
    ramp: Option<(Ramp, Option<Timestamp>)>,
}

/// A limit while it is played: its blocks are as many of its windows as keeps their number small.
struct Window {
    limit: Limit,
    together: u64,
    length: SignedDuration,
    blocks: VecDeque<(Timestamp, u64)>,
    held: u64,
    slope: Option<Slope>,
}

/// What makes a window rise.
struct Slope {
    ramp: Ramp,
    began: Option<Timestamp>,
}

impl Slope {
    /// Returns how many windows so many notices take at most.
    fn windows(&self, notices: u64) -> u64 {
        let (from, every) = (self.ramp.from, self.ramp.double_every.as_nanos());
        let each = u64::try_from(every.div_ceil(from.window.as_nanos().max(1))).unwrap_or(u64::MAX).max(1);
        let (mut left, mut windows, mut allowed) = (notices, 0_u64, u64::from(from.attempts));
        // No more often than a number of 64 bits can be doubled.
        while left > 0 {
            let these = left.div_ceil(allowed).min(each);
            windows = windows.saturating_add(these);
            left = left.saturating_sub(these.saturating_mul(allowed));
            allowed = allowed.saturating_mul(2);
        }
        windows
    }
}

impl<'a> Play<'a> {
    fn new(
        question: &Question<'a>,
        limits: &[Limit],
        counts: impl Fn(&Earlier) -> bool,
        per_day: Option<u32>,
    ) -> Self {
        let mut earlier: Vec<_> = question.earlier.iter().filter(|earlier| counts(earlier)).collect();
        earlier.sort_unstable_by_key(|earlier| earlier.at);
        let earlier = earlier.into_iter().map(|earlier| earlier.at.min(question.now)).collect();
        Self {
            calendar: question.calendar,
            now: question.now,
            limits: limits.to_vec(),
            earlier,
            per_day,
            ramp: None,
        }
    }

    /// Plays this ramp too.
    fn up(self, ramp: Option<(Ramp, Option<Timestamp>)>) -> Self {
        Self { ramp, ..self }
    }

    /// Returns when the last of so many notices goes out, or `BEYOND`.
    fn last(&self, notices: u64) -> Timestamp {
        self.play(notices, |_, _| {})
    }

    /// Plays limits and calendar through; `granted` is told of every block when it goes out.
    fn play(&self, notices: u64, mut granted: impl FnMut(Timestamp, u64)) -> Timestamp {
        let mut windows: Vec<_> = self.limits.iter().map(|limit| self.window(*limit, notices)).collect();
        windows.extend(self.ramp.map(|(ramp, began)| self.slope(ramp, began, notices)));
        let (mut at, mut left) = (self.calendar.opening(self.now), notices);
        let horizon = at.checked_add(HORIZON).unwrap_or(BEYOND);
        let (mut closes, mut day_end) = (self.now, self.now);
        let mut today = 0;
        for _ in 0..STEPS_MAX {
            if left == 0 || at > horizon {
                break;
            }
            if at >= closes {
                match self.calendar.at(at) {
                    When::Open(until) => closes = until,
                    When::Rests(rest) => {
                        at = rest.until;
                        continue;
                    }
                }
            }
            if at >= day_end {
                let day_begin;
                (day_begin, day_end) = self.calendar.day(at);
                today = self.earlier.iter().filter(|at| **at >= day_begin).count() as u64;
            }
            let of_day = self.per_day.map_or(u64::MAX, |most| u64::from(most).saturating_sub(today));
            if of_day == 0 {
                at = self.calendar.rest_of_day(at).until;
                continue;
            }
            windows.retain_mut(|window| window.rise(at));
            if let Some(free_at) = windows.iter_mut().filter_map(|window| window.full_until(at)).max() {
                at = free_at;
                continue;
            }
            let free = windows.iter().map(|window| window.free(at, closes)).min().unwrap_or(u64::MAX);
            let block = free.min(of_day).min(left);
            for window in &mut windows {
                window.take(at, block);
            }
            granted(at, block);
            (left, today) = (left - block, today + block);
            if left == 0 {
                return windows.iter().map(|window| window.last_of(at, block)).max().unwrap_or(at);
            }
        }
        match left {
            0 => self.now,
            _ if at > horizon => BEYOND,
            _ => self.extrapolate(at, notices, left),
        }
    }

    fn window(&self, limit: Limit, notices: u64) -> Window {
        let windows = notices.div_ceil(u64::from(limit.attempts));
        let skipped = self.earlier.len().saturating_sub(limit.attempts as usize);
        Window::new(limit, windows, &self.earlier[skipped..])
    }

    /// Returns the window of a ramp: what it remembers may be more than it allows at first.
    fn slope(&self, ramp: Ramp, began: Option<Timestamp>, notices: u64) -> Window {
        let limit = Limit { attempts: ramp.from.attempts, window: ramp.from.window };
        let slope = Slope { ramp, began };
        let mut window = Window::new(limit, slope.windows(notices), &self.earlier);
        window.slope = Some(slope);
        window
    }

    /// Goes on as it went, where there were too many steps.
    fn extrapolate(&self, at: Timestamp, notices: u64, left: u64) -> Timestamp {
        let (done, elapsed) = (i128::from(notices - left).max(1), at.duration_since(self.now).as_secs());
        let whole = i128::from(elapsed) * i128::from(notices) / done;
        let whole = i64::try_from(whole).map(SignedDuration::from_secs);
        whole.ok().and_then(|whole| self.now.checked_add(whole).ok()).unwrap_or(BEYOND)
    }
}

impl Window {
    /// Returns the window of a limit, of which `windows` are played, with what was made before.
    fn new(limit: Limit, windows: u64, earlier: &[Timestamp]) -> Self {
        // Several windows together, where there would be too many of them.
        let together = windows.div_ceil(BLOCKS_MAX).max(1);
        let length = SignedDuration::try_from(limit.window).unwrap_or(SignedDuration::MAX);
        let length =
            i32::try_from(together).ok().and_then(|n| length.checked_mul(n)).unwrap_or(SignedDuration::MAX);
        let mut window = Self { limit, together, length, blocks: VecDeque::new(), held: 0, slope: None };
        for at in earlier {
            window.take(*at, 1);
        }
        window
    }

    fn most(&self) -> u64 {
        u64::from(self.limit.attempts).saturating_mul(self.together)
    }

    /// Lets a ramp rise to where it is at `at`; returns whether anything is left to hold back.
    fn rise(&mut self, at: Timestamp) -> bool {
        let Some(Slope { ramp, began: Some(began) }) = &self.slope else { return true };
        let allowed = ramp.attempts(apart(*began, at));
        self.limit.attempts = allowed.unwrap_or(0).max(self.limit.attempts);
        allowed.is_some()
    }

    /// Returns when it rises next, where it does.
    fn rises_at(&self) -> Option<Timestamp> {
        let Slope { ramp, began } = self.slope.as_ref()?;
        ramp.rises_at((*began)?, self.limit.attempts)
    }

    /// Returns until when nothing is free, where nothing is.
    fn full_until(&mut self, at: Timestamp) -> Option<Timestamp> {
        while let Some((oldest, count)) = self.blocks.front().copied() {
            let leaves = oldest.checked_add(self.length).unwrap_or(BEYOND);
            if leaves > at {
                let free_at = self.rises_at().map_or(leaves, |rises_at| rises_at.min(leaves));
                return (self.held >= self.most()).then_some(free_at);
            }
            self.blocks.pop_front();
            self.held -= count;
        }
        None
    }

    /// Returns how many may go from `at` on, before the calendar closes.
    fn free(&self, at: Timestamp, closes: Timestamp) -> u64 {
        let closes = self.rises_at().map_or(closes, |rises_at| rises_at.min(closes));
        let windows = apart(at, closes).as_nanos().div_ceil(self.limit.window.as_nanos().max(1));
        let until_then = u64::try_from(windows).unwrap_or(u64::MAX).saturating_mul(u64::from(self.limit.attempts));
        (self.most() - self.held).min(until_then)
    }

    fn take(&mut self, at: Timestamp, count: u64) {
        if let Some(slope) = &mut self.slope {
            slope.began.get_or_insert(at);
        }
        self.held += count;
        match self.blocks.back_mut() {
            Some((last, together)) if *last == at => *together += count,
            _ => self.blocks.push_back((at, count)),
        }
    }

    /// Returns when the last of a block goes out that began at `at`: its windows follow each other.
    fn last_of(&self, at: Timestamp, block: u64) -> Timestamp {
        let windows = u32::try_from(block.saturating_sub(1) / u64::from(self.limit.attempts)).unwrap_or(u32::MAX);
        at.checked_add(self.limit.window.saturating_mul(windows)).unwrap_or(BEYOND)
    }
}

#[cfg(test)]
mod tests;
