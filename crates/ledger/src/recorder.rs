//! The asynchronous side of a ledger: a handle whose append is a future, and the one thread that writes.
//!
//! The thread takes everything that is queued, commits it in one transaction and then resolves the
//! receipts, so that many workers share one sync. The first failure is final: nothing is written after it.
//! It decides nothing about notices.

mod board;
mod desk;
mod writer;

use crate::{Append, Claim, Ledger, LedgerError, Outcome, StopRequest};
use desk::{Desk, Question, Wanted, is_awaited};
use jiff::Timestamp;
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{JoinHandle, Thread},
};
use tokio::sync::{oneshot, watch};
use writer::Writer;

/// A handle to the one writer thread. Clones share the thread; when the last is dropped, it ends.
#[derive(Clone)]
pub struct Recorder {
    hand: Arc<Hand>,
    stop: watch::Receiver<Option<StopRequest>>,
}

/// What clones of a recorder share; the last one closes the desk.
struct Hand(Arc<Desk>);

impl Drop for Hand {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The writer thread, to be joined when every [`Recorder`] is dropped.
pub struct RecorderThread<L = Box<dyn Ledger>> {
    thread: JoinHandle<Result<RecorderEnd<L>, LedgerError>>,
}

/// What a writer thread gives back.
#[derive(Debug)]
pub struct RecorderEnd<L = Box<dyn Ledger>> {
    /// The ledger, as it was after the last commit.
    pub ledger: L,
    /// Transactions committed.
    pub commits: u64,
    /// Entries committed.
    pub entries: u64,
}

/// Resolves once an append is durable. Dropping it does not take the append back.
///
/// An offer is committed within a fraction of a millisecond. Anything else may wait some milliseconds for company,
/// unless its receipt is waited for. Who is woken for a receipt polls or drops it: it passes the word on to others.
#[must_use = "what is appended is not durable until its receipt resolves"]
pub struct Receipt {
    desk: Arc<Desk>,
    number: u64,
    /// Whether the desk is to be told that somebody waits, until it was.
    is_to_hurry: bool,
    is_waiting: bool,
}

/// The ledger failed, and nothing was written from then on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger stopped recording: {0}")]
pub struct RecordingStopped(Arc<str>);

type Answer<T> = oneshot::Sender<Result<T, RecordingStopped>>;

impl Recorder {
    /// Starts the writer thread, which owns `ledger` until it is joined.
    ///
    /// # Errors
    ///
    /// The system starts no more threads; the ledger is closed, and nothing was written.
    pub fn start<L: Ledger + 'static>(ledger: L) -> io::Result<(Self, RecorderThread<L>)> {
        let (announce, stop) = watch::channel(None);
        let desk = Arc::new(Desk::default());
        let writer = Writer::new(ledger, Arc::clone(&desk), announce);
        let thread = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || writer.run())?;
        Ok((Self { hand: Arc::new(Hand(desk)), stop }, RecorderThread { thread }))
    }

    /// Appends; the order of calls is the order in the chain. It does not wait: the receipt resolves once the
    /// entry is durable, or with the failure that stopped the recording.
    pub fn append(&self, append: Append) -> Receipt {
        let (desk, is_to_hurry) = (Arc::clone(&self.hand.0), !is_awaited(&append));
        let number = desk.append(append);
        Receipt { desk, number, is_to_hurry, is_waiting: false }
    }

    /// Claims up to `want` notices that are due at `now`, after everything appended so far is durable.
    pub fn claim(
        &self,
        want: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Claim, RecordingStopped>> + use<> {
        self.ask(want, Wanted::DueAt(now))
    }

    /// Claims up to `want` notices that a relay deferred and that were first offered at `offered_by` or before, after
    /// everything appended so far is durable.
    pub fn claim_waiting(
        &self,
        want: usize,
        offered_by: Timestamp,
    ) -> impl Future<Output = Result<Claim, RecordingStopped>> + use<> {
        self.ask(want, Wanted::OfferedBy(offered_by))
    }

    fn ask(&self, want: usize, wanted: Wanted) -> impl Future<Output = Result<Claim, RecordingStopped>> + use<> {
        let (answer, claim) = oneshot::channel();
        self.hand.0.ask(Question { want, wanted, answer });
        async { claim.await.unwrap_or_else(|_| Err(RecordingStopped::gone())) }
    }

    /// Returns where a request to stop this run appears, within a quarter of a second of being recorded.
    pub fn stop_requested(&self) -> watch::Receiver<Option<StopRequest>> {
        self.stop.clone()
    }
}

impl<L> RecorderThread<L> {
    /// Waits for the thread, which ends when every [`Recorder`] is dropped, and gives the ledger back.
    ///
    /// The error is the first failure: everything before it is durable, and nothing after it was written.
    pub fn join(self) -> Result<RecorderEnd<L>, LedgerError> {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Future for Receipt {
    type Output = Result<Outcome, RecordingStopped>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.desk.board.look(self.number, context.waker());
        self.is_waiting = polled.is_pending();
        if self.is_waiting && std::mem::take(&mut self.is_to_hurry) {
            self.desk.hurry();
        }
        polled
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if self.is_waiting {
            self.desk.board.leave(self.number);
        }
    }
}

impl Receipt {
    /// Waits for the receipt on a thread that drives no futures.
    pub fn wait(mut self) -> Result<Outcome, RecordingStopped> {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match Pin::new(&mut self).poll(&mut context) {
                Poll::Ready(outcome) => return outcome,
                Poll::Pending => std::thread::park(),
            }
        }
    }
}

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl RecordingStopped {
    fn by(error: &LedgerError) -> Self {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(deeper) = cause {
            text = format!("{text}: {deeper}");
            cause = deeper.source();
        }
        Self(text.into())
    }

    fn gone() -> Self {
        Self("its thread has ended".into())
    }
}
