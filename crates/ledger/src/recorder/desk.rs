//! Where appends and claims wait for the writer thread.
//!
//! A claim wakes the thread. So does an offer, once most of the open offers lie here: the lines that still wait
//! for a reply to theirs are about to bring another, and a commit that more of them share costs each less. What
//! nobody waits for goes along, or alone after a few milliseconds: a verdict needs no sync of its own, since until
//! it is on disk its notice is merely in doubt, and the next offer over its line is appended behind it.

use super::{Answer, RecordingStopped, board::Board};
use crate::{Append, Claim};
use forthwith_core::state::Happening;
use jiff::Timestamp;
use std::{
    collections::VecDeque,
    mem,
    sync::{Condvar, Mutex, MutexGuard},
    time::{Duration, Instant},
};

/// Entries in one commit: the engine's window of claimed notices, so that no worker waits for two commits.
const COMMIT_ENTRIES_MAX: usize = 4_096;
/// How long an offer may lie here for company: about as long as a commit takes on a quick disk.
const OFFER_LIES_MAX: Duration = Duration::from_micros(200);
/// How long what nobody waits for may lie here: longer than a busy line needs until its next offer, and so short
/// that a crash hardly ever finds it.
const UNAWAITED_MAX: Duration = Duration::from_millis(5);

/// A claim that somebody waits for.
pub(super) struct Question {
    pub(super) want: usize,
    pub(super) wanted: Wanted,
    pub(super) answer: Answer<Claim>,
}

/// Which notices a claim wants.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// Those due at this time.
    DueAt(Timestamp),
    /// Those that wait, and were first offered by this time.
    OfferedBy(Timestamp),
}

/// What lay here when the thread looked.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) appends: Vec<Append>,
    pub(super) questions: VecDeque<Question>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.questions.is_empty()
    }

    /// Tells who asked that nothing is written any more.
    pub(super) fn refuse(&mut self, stopped: &RecordingStopped) {
        self.appends.clear();
        // Whoever no longer waits for an answer has dropped it: nothing to tell.
        self.questions.drain(..).for_each(|question| drop(question.answer.send(Err(stopped.clone()))));
    }
}

/// The desk between those who append and the one who writes.
#[derive(Default)]
pub(super) struct Desk {
    state: Mutex<State>,
    changed: Condvar,
    /// Where the writer posts what came of the appends.
    pub(super) board: Board,
}

#[derive(Default)]
struct State {
    batch: Batch,
    /// How many appends were ever put down.
    appended: u64,
    /// Offers that lie here.
    offers: usize,
    /// Offers of whose end nothing was put down yet, those that lie here included.
    open: usize,
    /// Whether somebody waits for all that lies here, whatever company may come.
    is_hurried: bool,
    /// When the first of what lies here has waited long enough.
    due: Option<Instant>,
    /// Until when the writer sleeps, where it does.
    asleep_until: Option<Instant>,
    is_closed: bool,
    is_abandoned: bool,
}

impl State {
    /// Returns whether what lies here is to be written at once.
    ///
    /// With two thirds of the open offers a commit is well shared, and the other lines keep the relay busy.
    fn is_urgent(&self) -> bool {
        self.is_hurried || (self.offers > 0 && 3 * self.offers >= 2 * self.open)
    }

    fn put_down(&mut self, append: Append) -> u64 {
        let mut lies_max = UNAWAITED_MAX;
        match &append {
            Append::Notice(_) if is_awaited(&append) => {
                self.offers += 1;
                self.open += 1;
                lies_max = OFFER_LIES_MAX;
            }
            // Not every entry ends an offer; the count only says how much company may come.
            Append::Notice(_) => self.open = self.open.saturating_sub(1).max(self.offers),
            Append::Run(_) => {}
        }
        let due = Instant::now() + lies_max;
        self.due = Some(self.due.map_or(due, |first| first.min(due)));
        self.batch.appends.push(append);
        self.appended += 1;
        self.appended
    }
}

/// Returns whether a worker waits for `append` to be durable.
pub(super) fn is_awaited(append: &Append) -> bool {
    matches!(append, Append::Notice(entry) if entry.happening == Happening::Offered)
}

/// What the writer finds.
pub(super) enum Look {
    /// Something to write or to answer.
    Work,
    /// Nothing for as long as it was willing to wait.
    Nothing,
    /// Nothing, and nobody is left to bring anything.
    Closed,
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the desk")
    }

    /// Puts down an append, behind all earlier ones, and returns its number.
    pub(super) fn append(&self, append: Append) -> u64 {
        let mut state = self.state();
        if state.is_abandoned {
            // The board answers it: nothing more is written.
            return u64::MAX;
        }
        let number = state.put_down(append);
        self.wake(state);
        number
    }

    /// Puts down a claim, to be answered once all that lies here is durable.
    pub(super) fn ask(&self, question: Question) {
        let mut state = self.state();
        if state.is_abandoned {
            return;
        }
        state.batch.questions.push_back(question);
        state.is_hurried = true;
        self.wake(state);
    }

    /// Says that somebody waits for all that lies here.
    pub(super) fn hurry(&self) {
        let mut state = self.state();
        state.is_hurried |= !state.batch.is_empty();
        self.wake(state);
    }

    /// Says that nobody brings anything any more.
    pub(super) fn close(&self) {
        let mut state = self.state();
        (state.is_closed, state.is_hurried) = (true, true);
        self.wake(state);
    }

    /// Wakes the writer where it would not look in time by itself.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let Some(until) = state.asleep_until else { return };
        if state.is_urgent() || state.due.is_some_and(|due| due < until) {
            state.asleep_until = None;
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Waits until there is something to write, or for about `limit`.
    pub(super) fn wait(&self, limit: Duration) -> Look {
        let mut state = self.state();
        // Right after a commit verdicts are about to come: they are not to wake anybody.
        let mut idle_max = UNAWAITED_MAX;
        loop {
            let now = Instant::now();
            if !state.batch.is_empty() && (state.is_urgent() || state.due.is_none_or(|due| due <= now)) {
                return Look::Work;
            }
            if state.is_closed {
                return Look::Closed;
            }
            let until = state.due.unwrap_or(now + idle_max);
            state.asleep_until = Some(until);
            let slept = self.changed.wait_timeout(state, until - now);
            let (woken, timeout) = slept.expect("nothing panics while it holds the desk");
            state = woken;
            state.asleep_until = None;
            if timeout.timed_out() && state.batch.is_empty() {
                if idle_max == limit {
                    return Look::Nothing;
                }
                idle_max = limit;
            }
        }
    }

    /// Takes what lies here, in order, as far as one commit holds it, into the empty `batch`.
    pub(super) fn take(&self, batch: &mut Batch) {
        let mut state = self.state();
        (state.is_hurried, state.due, state.offers) = (state.is_closed, None, 0);
        mem::swap(&mut state.batch, batch);
        if batch.appends.len() > COMMIT_ENTRIES_MAX {
            state.batch.appends = batch.appends.split_off(COMMIT_ENTRIES_MAX);
            // A claim sees all that was appended before it.
            state.batch.questions = mem::take(&mut batch.questions);
            state.is_hurried = true;
        }
    }

    /// Leaves for good: whoever waits, now or later, hears that the thread has ended.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.is_abandoned = true;
        state.batch = Batch::default();
        drop(state);
        self.board.stop(&RecordingStopped::gone());
    }
}
