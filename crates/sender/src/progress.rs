//! What a run has done so far, to be read by whoever shows it. It is counted here and decided elsewhere.

use forthwith_core::{calendar::Rest, engine::Failure, state::Happening, verdict::Answer};
use jiff::Timestamp;
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// The counters of one run. Each is exact; together they may be a moment apart.
#[derive(Debug, Default)]
pub struct Progress {
    /// Notices that the relay accepted.
    pub accepted: AtomicU64,
    /// Deferrals; one notice may count several times.
    pub deferred: AtomicU64,
    /// Notices refused for good.
    pub bounced: AtomicU64,
    /// Notices in doubt.
    pub in_doubt: AtomicU64,
    /// Notices given up because the plan's limit passed.
    pub expired: AtomicU64,
    /// Refusals that were taken back when the fuse blew; they are counted above too.
    pub restored: AtomicU64,
    /// Notices that went back to the queue.
    pub requeued: AtomicU64,
    /// Transactions whose MAIL was written.
    pub attempts: AtomicU64,
    /// Notices offered and not yet answered.
    pub in_flight: AtomicU64,
    /// Lines open now.
    pub connections: AtomicU64,
    pause: Mutex<Option<Pause>>,
    backlog: Mutex<Option<String>>,
    rest: Mutex<Option<Rest>>,
}

/// A relay that is left alone for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Until when.
    pub until: Timestamp,
    /// What it did last. May hold the relay's own words: escape them before showing them.
    pub why: String,
}

impl Progress {
    /// Returns the pause that holds at `now`.
    pub fn pause(&self, now: Timestamp) -> Option<Pause> {
        let pause = self.pause.lock().expect("nothing panics while it holds the pause");
        pause.clone().filter(|pause| now < pause.until)
    }

    /// Returns why the run waits for the relay's own queue, where it does.
    pub fn backlog(&self) -> Option<String> {
        self.backlog.lock().expect("nothing panics while it holds the reason").clone()
    }

    pub(crate) fn set_backlog(&self, why: Option<String>) {
        *self.backlog.lock().expect("nothing panics while it holds the reason") = why;
    }

    /// Returns the rest that holds at `now`, by the calendar.
    pub fn rest(&self, now: Timestamp) -> Option<Rest> {
        let rest = *self.rest.lock().expect("nothing panics while it holds the rest");
        rest.filter(|rest| now < rest.until)
    }

    pub(crate) fn set_rest(&self, rest: Option<Rest>) {
        *self.rest.lock().expect("nothing panics while it holds the rest") = rest;
    }

    pub(crate) fn count(&self, happening: Happening) {
        let counter = match happening {
            Happening::Accepted => &self.accepted,
            Happening::Deferred => &self.deferred,
            Happening::Bounced => &self.bounced,
            Happening::Doubted => &self.in_doubt,
            Happening::Expired => &self.expired,
            Happening::Restored => &self.restored,
            Happening::Requeued => &self.requeued,
            Happening::Offered
            | Happening::ResolvedResend
            | Happening::ResolvedLetStand
            | Happening::ProvedAccepted
            | Happening::ProvedNotAccepted => return,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn set_pause(&self, pause: Option<(Timestamp, &Failure)>) {
        let pause = pause.map(|(until, failure)| {
            let what = match &failure.answer {
                Answer::Reply(reply) => reply.text(),
                Answer::Lost(why) => why.clone(),
            };
            Pause { until, why: format!("{}: {what}", failure.stage) }
        });
        *self.pause.lock().expect("nothing panics while it holds the pause") = pause;
    }
}
