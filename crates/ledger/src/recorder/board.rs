//! Where the writer thread posts how far it has come, and where receipts wait for it.
//!
//! A commit answers many receipts, and waking a task from another thread costs a system call each time. So the
//! writer wakes one of those who wait, and that one, on its own thread, wakes the rest.

use super::RecordingStopped;
use crate::Outcome;
use std::{
    mem,
    sync::{Mutex, MutexGuard},
    task::{Poll, Waker},
};

/// The board of one recorder.
#[derive(Default)]
pub(super) struct Board(Mutex<Posted>);

/// What is posted. Appends are numbered from 1.
#[derive(Default)]
struct Posted {
    /// The last append that was answered: all before it were, too.
    answered: u64,
    /// The first append that was fenced: whoever took over stays.
    fenced_from: Option<u64>,
    /// Why no further append will be answered.
    stopped: Option<RecordingStopped>,
    /// Who waits for which append: one for each receipt, so one for each open line.
    waiting: Vec<(u64, Waker)>,
}

impl Posted {
    fn answer_to(&self, number: u64) -> Option<Result<Outcome, RecordingStopped>> {
        if number > self.answered {
            return self.stopped.clone().map(Err);
        }
        let is_fenced = self.fenced_from.is_some_and(|from| number >= from);
        Some(Ok(if is_fenced { Outcome::Fenced } else { Outcome::Durable }))
    }

    /// Takes one of those out who wait for what was answered.
    fn take_answered(&mut self) -> Option<Waker> {
        let at = self.waiting.iter().position(|(number, _)| *number <= self.answered)?;
        Some(self.waiting.swap_remove(at).1)
    }

    /// Takes all of them out.
    fn take_all_answered(&mut self) -> Vec<Waker> {
        std::iter::from_fn(|| self.take_answered()).collect()
    }
}

impl Board {
    fn posted(&self) -> MutexGuard<'_, Posted> {
        self.0.lock().expect("nothing panics while it holds the board")
    }

    /// Posts what came of the next appends, in their order, and wakes one of those who wait for them.
    pub(super) fn post(&self, outcomes: &[Outcome]) {
        let mut posted = self.posted();
        if let Some(at) = outcomes.iter().position(|outcome| *outcome == Outcome::Fenced) {
            let first = posted.answered + 1 + at as u64;
            posted.fenced_from.get_or_insert(first);
        }
        posted.answered += outcomes.len() as u64;
        let woken = posted.take_answered();
        drop(posted);
        if let Some(woken) = woken {
            woken.wake();
        }
    }

    /// Posts that nothing more is answered, and wakes everybody. The first reason stays.
    pub(super) fn stop(&self, why: &RecordingStopped) {
        let mut posted = self.posted();
        posted.stopped.get_or_insert_with(|| why.clone());
        let waiting = mem::take(&mut posted.waiting);
        drop(posted);
        for (_, waker) in waiting {
            waker.wake();
        }
    }

    /// Returns what came of append `number`, or keeps `waker`. Whoever finds an answer wakes the others that the
    /// same commit answered.
    pub(super) fn look(&self, number: u64, waker: &Waker) -> Poll<Result<Outcome, RecordingStopped>> {
        let mut posted = self.posted();
        let Some(answer) = posted.answer_to(number) else {
            match posted.waiting.iter_mut().find(|(waiting, _)| *waiting == number) {
                Some((_, kept)) => kept.clone_from(waker),
                None => posted.waiting.push((number, waker.clone())),
            }
            return Poll::Pending;
        };
        posted.waiting.retain(|(waiting, _)| *waiting != number);
        let others = posted.take_all_answered();
        drop(posted);
        for other in others {
            other.wake();
        }
        Poll::Ready(answer)
    }

    /// Forgets whoever waited for append `number`. It may have been woken for others too: they are woken here.
    pub(super) fn leave(&self, number: u64) {
        let mut posted = self.posted();
        posted.waiting.retain(|(waiting, _)| *waiting != number);
        let others = posted.take_all_answered();
        drop(posted);
        for other in others {
            other.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering::Relaxed},
        },
        task::Wake,
    };

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    /// A board where three wait, and how often each was woken.
    fn three() -> (Board, [Arc<Woken>; 3]) {
        let (board, woken) = (Board::default(), [(); 3].map(|()| Arc::<Woken>::default()));
        for (number, woken) in (1..).zip(&woken) {
            assert!(board.look(number, &Arc::clone(woken).into()).is_pending());
        }
        (board, woken)
    }

    fn counts(woken: &[Arc<Woken>; 3]) -> [u32; 3] {
        woken.each_ref().map(|woken| woken.0.load(Relaxed))
    }

    #[test]
    fn one_is_woken_and_wakes_those_that_the_same_commit_answered() {
        let (board, woken) = three();
        board.post(&[Outcome::Durable; 2]);
        assert_eq!(counts(&woken), [1, 0, 0]);
        assert_eq!(board.look(1, Waker::noop()), Poll::Ready(Ok(Outcome::Durable)));
        assert_eq!(counts(&woken), [1, 1, 0]);
        assert_eq!(board.look(2, Waker::noop()), Poll::Ready(Ok(Outcome::Durable)));
        board.post(&[Outcome::Fenced]);
        assert_eq!(counts(&woken), [1, 1, 1]);
        assert_eq!(board.look(3, Waker::noop()), Poll::Ready(Ok(Outcome::Fenced)));
    }

    #[test]
    fn whoever_leaves_after_it_was_woken_wakes_the_others() {
        let (board, woken) = three();
        board.post(&[Outcome::Durable; 3]);
        board.leave(1);
        assert_eq!(counts(&woken), [1, 1, 1]);
    }

    #[test]
    fn a_stop_wakes_everybody_and_answers_what_was_not_answered() {
        let (board, woken) = three();
        board.post(&[Outcome::Durable]);
        board.stop(&RecordingStopped("full".into()));
        board.stop(&RecordingStopped::gone());
        assert_eq!(counts(&woken), [1, 1, 1]);
        assert_eq!(board.look(1, Waker::noop()), Poll::Ready(Ok(Outcome::Durable)));
        for number in [2, 3, 4] {
            assert_eq!(board.look(number, Waker::noop()), Poll::Ready(Err(RecordingStopped("full".into()))));
        }
    }
}
