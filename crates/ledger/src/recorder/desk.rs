//! Where appends and claims wait for the writer thread.
//!
//! An offer wakes the thread once most of the open offers lie here: the lines that still wait for a reply to theirs
//! are about to bring another, and a commit that more of them share costs each less. Fewer wait for company while
//! the relay is busy with their MAIL, RCPT and DATA, by what it took lately. What nobody waits for goes along, or
//! alone after a few milliseconds: a verdict needs no sync of its own, since until it is on disk its notice is
//! merely in doubt, and the next offer over its line is appended behind it. A claim goes along too, and wakes the
//! thread where no offer is open.

use super::{Answer, RecordingStopped, board::Board};
use crate::{Append, Claim};
use forthwith_core::state::Happening;
use jiff::Timestamp;
use std::{
    collections::VecDeque,
    mem,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Entries in one commit: the engine's window of claimed notices, so that no worker waits for two commits.
const COMMIT_ENTRIES_MAX: usize = 4_096;
/// How long an offer may lie here for company, however quick the relay is, and from when somebody waits for it: about
/// as long as a commit takes on a quick disk.
const OFFER_LIES_MIN: Duration = Duration::from_micros(200);
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
    haste: Haste,
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

    /// Puts down an append, which may lie here until `due`.
    fn put_down(&mut self, append: Append, due: Instant) -> u64 {
        match &append {
            Append::Notice(_) if is_awaited(&append) => {
                self.offers += 1;
                self.open += 1;
            }
            // Not every entry ends an offer; the count only says how much company may come.
            Append::Notice(_) => self.open = self.open.saturating_sub(1).max(self.offers),
            Append::Run(_) => {}
        }
        self.is_due(due);
        self.batch.appends.push(append);
        self.appended += 1;
        self.appended
    }

    /// What lies here may lie no longer than until `due`.
    fn is_due(&mut self, due: Instant) {
        self.due = Some(self.due.map_or(due, |first| first.min(due)));
    }
}

/// How soon an offer's receipt was waited for lately, in microseconds: what the relay took from MAIL to 354.
#[derive(Default)]
struct Haste(AtomicU32);

impl Haste {
    /// Takes note of one more. Two that do so at once may forget one of them: it is an estimate.
    fn saw(&self, after: Duration) {
        let so_far = self.0.load(Relaxed);
        self.0.store(lately(so_far, u32::try_from(after.as_micros()).unwrap_or(u32::MAX)), Relaxed);
    }

    /// Returns how long an offer may lie here: half of that, so that the other half is left for the commit.
    fn lies_max(&self) -> Duration {
        Duration::from_micros(u64::from(self.0.load(Relaxed) / 2)).clamp(OFFER_LIES_MIN, UNAWAITED_MAX)
    }
}

/// Returns the estimate after one more: it follows a quick relay at once and a slow one slowly, so that waiting
/// hardly ever costs a line anything.
fn lately(so_far: u32, seen: u32) -> u32 {
    if seen < so_far { so_far - (so_far - seen) / 2 } else { so_far + (seen - so_far) / 16 }
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

    /// Puts down an append at `now`, behind all earlier ones, and returns its number.
    pub(super) fn append(&self, append: Append, now: Instant) -> u64 {
        let mut state = self.state();
        if state.is_abandoned {
            // The board answers it: nothing more is written.
            return u64::MAX;
        }
        let lies_max = if is_awaited(&append) { self.haste.lies_max() } else { UNAWAITED_MAX };
        let number = state.put_down(append, now + lies_max);
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
        if state.open == 0 {
            state.is_hurried = true;
        } else {
            state.is_due(Instant::now() + UNAWAITED_MAX);
        }
        self.wake(state);
    }

    /// Says that from now on somebody waits for the offer with this number, which was put down `after` ago.
    pub(super) fn await_offer(&self, number: u64, after: Duration) {
        if self.haste.lies_max() > OFFER_LIES_MIN {
            let mut state = self.state();
            let taken = state.appended - state.batch.appends.len() as u64;
            if number > taken {
                state.is_due(Instant::now() + OFFER_LIES_MIN);
                self.wake(state);
            }
        }
        self.haste.saw(after);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_lies_for_half_of_what_a_relay_takes_and_within_bounds() {
        let haste = Haste::default();
        let mut lies_max = |took: u64, times: u32| {
            (0..times).for_each(|_| haste.saw(Duration::from_micros(took)));
            haste.lies_max()
        };
        assert_eq!(lies_max(100, 100), OFFER_LIES_MIN);
        let busy = lies_max(4_000, 100);
        assert!((Duration::from_micros(1_900)..=Duration::from_millis(2)).contains(&busy), "{busy:?}");
        assert_eq!(lies_max(50_000, 100), UNAWAITED_MAX);
        assert_eq!(lies_max(u64::MAX / 2, 1_000), UNAWAITED_MAX);
    }

    #[test]
    fn a_quick_relay_is_followed_sooner_than_a_slow_one() {
        let after = |seen: &[u32], so_far| seen.iter().fold(so_far, |so_far, seen| lately(so_far, *seen));
        assert!(after(&[500; 5], 10_000) < 1_000);
        assert!(after(&[10_000; 5], 500) < 4_000);
        assert_eq!((after(&[700], 700), after(&[0], 0), after(&[u32::MAX; 9_999], 0) > u32::MAX / 2), (700, 0, true));
    }
}
