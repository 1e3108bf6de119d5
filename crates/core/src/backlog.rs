//! Decides whether a run waits for the relay's own queue: above a limit it hands nothing over, until the queue is
//! well below it again.
//!
//! What a relay has accepted and cannot pass on is not yet on its way to anybody. It counts nothing itself.

/// The run goes on when the queue holds at most this share of the limit: at the limit itself it would stop and go.
const RESUME_PERCENT: u64 = 80;

/// What is known of the relay's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It holds so many messages.
    Messages(Messages),
    /// It could not be counted, for this reason.
    Nothing(String),
}

/// Messages in a relay's queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// All that were counted.
    pub all: u64,
    /// Those of them that the relay tried already and tries again later.
    pub deferred: u64,
    /// Whether there are more: a count ends above the limit.
    pub has_more: bool,
}

/// Why the run waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The queue is too long.
    Full(Messages),
    /// Nobody knows how long it is.
    Unknown(String),
}

/// What changed with a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The run waits from now on.
    Waits(Wait),
    /// The run goes on.
    GoesOn(Messages),
}

/// The decider about one relay's queue.
#[derive(Debug)]
pub struct Backlog {
    limit: u64,
    is_full: bool,
    is_unknown: bool,
}

impl Backlog {
    /// Returns the decider for a queue that may hold `limit` messages.
    pub fn new(limit: u64) -> Self {
        Self { limit, is_full: false, is_unknown: false }
    }

    /// Takes a count, and returns what changed with it.
    ///
    /// A count that failed makes the run wait: the operator asked that it hand nothing over beyond a limit, and
    /// nobody knows whether it is passed.
    pub fn counted(&mut self, known: Known) -> Option<Change> {
        let did_wait = self.waits();
        let messages = match known {
            Known::Nothing(why) => {
                let is_news = !self.is_unknown;
                self.is_unknown = true;
                return is_news.then_some(Change::Waits(Wait::Unknown(why)));
            }
            Known::Messages(messages) => messages,
        };
        let was_unknown = std::mem::take(&mut self.is_unknown);
        let was_full = self.is_full;
        let most = if was_full { self.resume_at() } else { self.limit };
        self.is_full = messages.all > most;
        match (did_wait, self.is_full) {
            (true, false) => Some(Change::GoesOn(messages)),
            (_, true) if was_unknown || !was_full => Some(Change::Waits(Wait::Full(messages))),
            _ => None,
        }
    }

    /// Returns whether nothing may be handed over now.
    pub fn waits(&self) -> bool {
        self.is_full || self.is_unknown
    }

    /// Returns at how many messages the run goes on.
    pub fn resume_at(&self) -> u64 {
        // In parts, so that no limit overflows.
        self.limit / 100 * RESUME_PERCENT + self.limit % 100 * RESUME_PERCENT / 100
    }

    /// Returns how many messages the queue may hold.
    pub fn limit(&self) -> u64 {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: u64) -> Messages {
        Messages { all, ..Messages::default() }
    }

    fn unknown() -> Known {
        Known::Nothing("no such file".to_owned())
    }

    #[test]
    fn it_waits_above_the_limit_and_goes_on_well_below() {
        let mut backlog = Backlog::new(100);
        for (all, change) in [
            (0, None),
            (100, None),
            (101, Some(Change::Waits(Wait::Full(of(101))))),
            (101, None),
            (81, None),
            (80, Some(Change::GoesOn(of(80)))),
            (100, None),
            (5_000, Some(Change::Waits(Wait::Full(of(5_000))))),
        ] {
            assert_eq!(backlog.counted(Known::Messages(of(all))), change, "{all}");
        }
    }

    #[test]
    fn a_count_that_fails_makes_it_wait_and_is_said_once() {
        let mut backlog = Backlog::new(100);
        assert!(matches!(backlog.counted(unknown()), Some(Change::Waits(Wait::Unknown(_)))));
        assert_eq!((backlog.counted(unknown()), backlog.waits()), (None, true));
        // It was not too long before, so that the limit itself is enough.
        assert_eq!(backlog.counted(Known::Messages(of(100))), Some(Change::GoesOn(of(100))));
        backlog.counted(Known::Messages(of(101)));
        assert!(matches!(backlog.counted(unknown()), Some(Change::Waits(Wait::Unknown(_)))));
        // It was: and is, until it is well below.
        assert_eq!(backlog.counted(Known::Messages(of(90))), Some(Change::Waits(Wait::Full(of(90)))));
        assert_eq!(backlog.counted(Known::Messages(of(80))), Some(Change::GoesOn(of(80))));
    }

    #[test]
    fn small_and_huge_limits_are_reckoned_right() {
        assert_eq!([0, 1, 4, 5, 5_000].map(|limit| Backlog::new(limit).resume_at()), [0, 0, 3, 4, 4_000]);
        assert!(Backlog::new(u64::MAX).resume_at() < u64::MAX);
    }
}
