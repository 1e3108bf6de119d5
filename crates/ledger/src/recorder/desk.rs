//! Where appends and claims wait for the writer thread.
//!
//! What somebody waits for wakes the thread. What nobody waits for goes along with the next that is, or alone
//! after a few milliseconds: a verdict needs no sync of its own, since until it is on disk its notice is merely
//! in doubt, and the next offer over its line is appended behind it.

use super::{Answer, RecordingStopped};
use crate::{Append, Claim, Outcome};
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
/// How long what nobody waits for may lie here: longer than a busy line needs until its next offer, and so short
/// that a crash hardly ever finds it.
const UNAWAITED_MAX: Duration = Duration::from_millis(5);

/// A claim that somebody waits for.
pub(super) struct Question {
    pub(super) want: usize,
    pub(super) now: Timestamp,
    pub(super) answer: Answer<Claim>,
}

/// What lay here when the thread looked.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) appends: Vec<Append>,
    pub(super) receipts: Vec<Answer<Outcome>>,
    pub(super) questions: VecDeque<Question>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.questions.is_empty()
    }

    /// Tells everybody in it that nothing is written any more.
    pub(super) fn refuse(&mut self, stopped: &RecordingStopped) {
        self.appends.clear();
        // Whoever no longer waits for an answer has dropped it: nothing to tell.
        self.receipts.drain(..).for_each(|answer| drop(answer.send(Err(stopped.clone()))));
        self.questions.drain(..).for_each(|question| drop(question.answer.send(Err(stopped.clone()))));
    }
}

/// The desk between those who append and the one who writes.
#[derive(Default)]
pub(super) struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    batch: Batch,
    is_awaited: bool,
    /// Since when something lies here that nobody waits for.
    unawaited_since: Option<Instant>,
    sleep: Sleep,
    is_closed: bool,
    is_abandoned: bool,
}

/// Whether the writer sleeps.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Sleep {
    #[default]
    Awake,
    /// It looks again by itself, in time for what nobody waits for.
    Soon,
    /// It has to be woken for everything.
    Long,
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

/// Returns whether a worker waits for `append` to be durable.
pub(super) fn is_awaited(append: &Append) -> bool {
    matches!(append, Append::Notice(entry) if entry.happening == Happening::Offered)
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the desk")
    }

    /// Puts down an append, behind all earlier ones.
    pub(super) fn append(&self, append: Append, answer: Answer<Outcome>) {
        let mut state = self.state();
        if state.is_abandoned {
            return;
        }
        if is_awaited(&append) {
            state.is_awaited = true;
        } else {
            state.unawaited_since.get_or_insert_with(Instant::now);
        }
        state.batch.appends.push(append);
        state.batch.receipts.push(answer);
        self.wake(state);
    }

    /// Puts down a claim, to be answered once all that lies here is durable.
    pub(super) fn ask(&self, question: Question) {
        let mut state = self.state();
        if state.is_abandoned {
            return;
        }
        state.batch.questions.push_back(question);
        state.is_awaited = true;
        self.wake(state);
    }

    /// Says that somebody waits for all that lies here.
    pub(super) fn hurry(&self) {
        let mut state = self.state();
        state.is_awaited |= !state.batch.is_empty();
        self.wake(state);
    }

    /// Says that nobody brings anything any more.
    pub(super) fn close(&self) {
        let mut state = self.state();
        (state.is_closed, state.is_awaited) = (true, true);
        self.wake(state);
    }

    /// Wakes the writer where it would not look in time by itself.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let sleeps = match state.sleep {
            Sleep::Awake => false,
            Sleep::Soon => state.is_awaited,
            Sleep::Long => true,
        };
        if sleeps {
            state.sleep = Sleep::Awake;
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Waits until there is something to write, or for about `limit`.
    pub(super) fn wait(&self, limit: Duration) -> Look {
        let mut state = self.state();
        // Right after a commit verdicts are about to come: they are not to wake anybody.
        let mut sleep = Sleep::Soon;
        loop {
            let age = state.unawaited_since.map(|since| since.elapsed());
            if !state.batch.is_empty() && (state.is_awaited || age.is_some_and(|age| age >= UNAWAITED_MAX)) {
                return Look::Work;
            }
            if state.is_closed {
                return Look::Closed;
            }
            let wait = match (age, sleep) {
                (Some(age), _) => UNAWAITED_MAX.saturating_sub(age),
                (None, Sleep::Long) => limit,
                (None, _) => UNAWAITED_MAX,
            };
            state.sleep = if age.is_some() { Sleep::Soon } else { sleep };
            let slept = self.changed.wait_timeout(state, wait).expect("nothing panics while it holds the desk");
            state = slept.0;
            let slept_long = state.sleep == Sleep::Long;
            state.sleep = Sleep::Awake;
            if slept.1.timed_out() && state.batch.is_empty() {
                if slept_long {
                    return Look::Nothing;
                }
                sleep = Sleep::Long;
            }
        }
    }

    /// Takes what lies here, in order, as far as one commit holds it, into the empty `batch`.
    pub(super) fn take(&self, batch: &mut Batch) {
        let mut state = self.state();
        (state.is_awaited, state.unawaited_since) = (state.is_closed, None);
        mem::swap(&mut state.batch, batch);
        if batch.appends.len() > COMMIT_ENTRIES_MAX {
            state.batch.appends = batch.appends.split_off(COMMIT_ENTRIES_MAX);
            state.batch.receipts = batch.receipts.split_off(COMMIT_ENTRIES_MAX);
            // A claim sees all that was appended before it.
            state.batch.questions = mem::take(&mut batch.questions);
            state.is_awaited = true;
        }
    }

    /// Leaves for good: whoever waits, now or later, hears that the thread has ended.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.is_abandoned = true;
        state.batch = Batch::default();
    }
}
