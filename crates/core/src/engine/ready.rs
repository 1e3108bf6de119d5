//! Decides which of the notices at hand goes next: the first whose group of domains may be attempted now.
//!
//! Each group has a queue and a pace, and everybody else one queue without a pace. So a group that has used up
//! its pace holds nobody back, and no call looks through the window, unless somebody in it is given up. The pace
//! of the run is decided elsewhere.

use super::Settings;
use crate::{
    domains::{Domains, Earlier},
    notice::Claimed,
    pace::Pace,
    retry::GiveUp,
};
use jiff::Timestamp;
use std::collections::VecDeque;

/// The notices at hand.
#[derive(Debug)]
pub(super) struct Ready {
    domains: Domains,
    /// A queue for each group, then one for everybody else.
    queues: Vec<Queue>,
    /// The numbers of the first notice at hand and of the next to come: the order among queues.
    numbers: (i64, i64),
    len: usize,
    give_up: GiveUp,
    /// When the first of those at hand is given up, or earlier.
    first_over: Option<Timestamp>,
}

/// Returns when `claimed` is given up, and never before a relay refused it since a person last decided. Who was never
/// attempted never expires, however slow the pace.
fn limit(give_up: GiveUp, claimed: &Claimed) -> Option<Timestamp> {
    give_up.of(claimed.date.filter(|_| claimed.deferrals > 0)?)
}

#[derive(Debug)]
struct Queue {
    pace: Pace,
    notices: VecDeque<(i64, Claimed)>,
}

impl Queue {
    fn first(&self) -> Option<i64> {
        self.notices.front().map(|(number, _)| *number)
    }
}

impl Ready {
    pub(super) fn new(settings: &Settings, earlier: &[Earlier], now: Timestamp) -> Self {
        let domains = settings.domains.clone();
        let of_group = |(number, group): (usize, &crate::domains::DomainGroup)| {
            let earlier = earlier.iter().filter(|attempt| attempt.is_of_group(number)).map(|attempt| attempt.at);
            Pace::new(&group.limits, earlier, now)
        };
        let paces = domains.groups().iter().enumerate().map(of_group).chain([Pace::new(&[], [], now)]);
        let queues = paces.map(|pace| Queue { pace, notices: VecDeque::new() }).collect();
        Self { domains, queues, numbers: (0, 0), len: 0, give_up: settings.give_up, first_over: None }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds notices behind all others.
    pub(super) fn extend(&mut self, notices: Vec<Claimed>) {
        for claimed in notices {
            let number = self.numbers.1;
            self.numbers.1 += 1;
            self.len += 1;
            self.first_over = [self.first_over, limit(self.give_up, &claimed)].into_iter().flatten().min();
            self.queue_of(&claimed).notices.push_back((number, claimed));
        }
    }

    /// Takes back a notice that was taken and not attempted; it comes before all others.
    pub(super) fn take_back(&mut self, claimed: Claimed) {
        self.numbers.0 -= 1;
        let number = self.numbers.0;
        self.len += 1;
        self.first_over = [self.first_over, limit(self.give_up, &claimed)].into_iter().flatten().min();
        let queue = self.queue_of(&claimed);
        queue.pace.give_back();
        queue.notices.push_front((number, claimed));
    }

    /// Takes the first notice whose group may be attempted now; where there is none, returns when there may be,
    /// or `None` where that depends on attempts under way.
    pub(super) fn take(&mut self, now: Timestamp) -> Result<Claimed, Option<Timestamp>> {
        let mut first: Option<(i64, &mut Queue)> = None;
        for queue in &mut self.queues {
            let Some(number) = queue.first() else { continue };
            if first.as_ref().is_none_or(|(least, _)| number < *least) && queue.pace.available(now) > 0 {
                first = Some((number, queue));
            }
        }
        let taken = first.and_then(|(_, queue)| {
            queue.pace.grant(now, 1);
            queue.notices.pop_front()
        });
        match taken {
            Some((_, claimed)) => {
                self.len -= 1;
                Ok(claimed)
            }
            None => Err(self.next(now)),
        }
    }

    /// Returns how many notices may be attempted now, by what the groups allow.
    pub(super) fn able(&mut self, now: Timestamp) -> usize {
        let able = |queue: &mut Queue| {
            let available = usize::try_from(queue.pace.available(now)).unwrap_or(usize::MAX);
            queue.notices.len().min(available)
        };
        self.queues.iter_mut().map(able).sum()
    }

    /// Returns when the first of the groups that have notices and may not go now may go.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Timestamp> {
        let waiting = self.queues.iter_mut().filter(|queue| !queue.notices.is_empty());
        let full = waiting.filter_map(|queue| (queue.pace.available(now) == 0).then_some(&mut queue.pace));
        full.filter_map(|pace| pace.grant(now, 1).1).min()
    }

    /// Takes note that the MAIL of a notice that was taken was written.
    pub(super) fn spend(&mut self, claimed: &Claimed, at: Timestamp) {
        self.queue_of(claimed).pace.spend(at);
    }

    /// Removes those that are given up at `now`, wherever they stand: who is behind a slow pace is given up too.
    pub(super) fn remove_over(&mut self, now: Timestamp) -> Vec<Claimed> {
        if self.first_over.is_none_or(|first| first > now) {
            return Vec::new();
        }
        let (give_up, mut removed, mut first_over) = (self.give_up, Vec::new(), None);
        for queue in &mut self.queues {
            queue.notices.retain(|(_, claimed)| match limit(give_up, claimed) {
                Some(limit) if limit <= now => {
                    removed.push(claimed.clone());
                    false
                }
                later => {
                    first_over = [first_over, later].into_iter().flatten().min();
                    true
                }
            });
        }
        self.first_over = first_over;
        self.len -= removed.len();
        removed
    }

    fn queue_of(&mut self, claimed: &Claimed) -> &mut Queue {
        let everybody_else = self.domains.groups().len();
        let group = match everybody_else {
            0 => None,
            _ => self.domains.group_of(claimed.recipient.address.domain()),
        };
        &mut self.queues[group.unwrap_or(everybody_else)]
    }
}
