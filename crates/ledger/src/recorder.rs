//! The asynchronous side of a ledger: a handle whose append is a future, and the one thread that writes.
//!
//! The thread takes everything that is queued, commits it in one transaction and then resolves the
//! receipts, so that many workers share one sync. The first failure is final: nothing is written after it.
//! It decides nothing about notices.

use crate::{Append, Claim, Ledger, LedgerError, Outcome, StopRequest};
use jiff::Timestamp;
use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    task::{Context, Poll},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::{oneshot, watch};

/// Entries in one commit: the engine's window of claimed notices, so that no worker waits for two commits.
const COMMIT_ENTRIES_MAX: usize = 4_096;

/// How often the ledger is asked for a stop request: soon enough for a person, too seldom to cost anything.
const STOP_POLL: Duration = Duration::from_millis(250);

/// A handle to the one writer thread. Clones share the thread; when the last is dropped, it ends.
#[derive(Clone)]
pub struct Recorder {
    commands: mpsc::Sender<Command>,
    stop: watch::Receiver<Option<StopRequest>>,
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
#[must_use = "what is appended is not durable until its receipt resolves"]
pub struct Receipt(oneshot::Receiver<Result<Outcome, RecordingStopped>>);

/// The ledger failed, and nothing was written from then on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger stopped recording: {0}")]
pub struct RecordingStopped(Arc<str>);

type Answer<T> = oneshot::Sender<Result<T, RecordingStopped>>;

enum Command {
    Append(Append, Answer<Outcome>),
    Claim(Question),
}

/// A claim that somebody waits for.
struct Question {
    want: usize,
    now: Timestamp,
    answer: Answer<Claim>,
}

impl Recorder {
    /// Starts the writer thread, which owns `ledger` until it is joined.
    pub fn start<L: Ledger + 'static>(ledger: L) -> (Self, RecorderThread<L>) {
        let (commands, queue) = mpsc::channel();
        let (announce, stop) = watch::channel(None);
        let writer = Writer { ledger, announce, batch: Batch::default(), commits: 0, entries: 0 };
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || writer.run(&queue))
            .expect("the system can start one more thread");
        (Self { commands, stop }, RecorderThread { thread })
    }

    /// Appends; the order of calls is the order in the chain. It does not wait: the receipt resolves once the
    /// entry is durable, or with the failure that stopped the recording.
    pub fn append(&self, append: Append) -> Receipt {
        let (answer, receipt) = oneshot::channel();
        // A writer that is gone has dropped the answer, and the receipt says so.
        let _ = self.commands.send(Command::Append(append, answer));
        Receipt(receipt)
    }

    /// Claims up to `want` notices that are due at `now`, after everything appended so far is durable.
    pub fn claim(
        &self,
        want: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Claim, RecordingStopped>> + use<> {
        let (answer, claim) = oneshot::channel();
        let _ = self.commands.send(Command::Claim(Question { want, now, answer }));
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
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or_else(|_| Err(RecordingStopped::gone())))
    }
}

impl Receipt {
    /// Waits for the receipt on a thread that drives no futures.
    pub fn wait(self) -> Result<Outcome, RecordingStopped> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(RecordingStopped::gone()))
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

/// What was queued when the thread looked.
#[derive(Default)]
struct Batch {
    appends: Vec<Append>,
    receipts: Vec<Answer<Outcome>>,
    questions: VecDeque<Question>,
}

impl Batch {
    fn take(&mut self, command: Command) {
        match command {
            Command::Append(append, answer) => {
                self.appends.push(append);
                self.receipts.push(answer);
            }
            Command::Claim(question) => self.questions.push_back(question),
        }
    }

    fn refuse(&mut self, stopped: &RecordingStopped) {
        self.appends.clear();
        // Whoever no longer waits for an answer has dropped it: nothing to tell, here and below.
        self.receipts.drain(..).for_each(|answer| drop(answer.send(Err(stopped.clone()))));
        self.questions.drain(..).for_each(|question| drop(question.answer.send(Err(stopped.clone()))));
    }
}

/// Passes what a claim found on to whoever asked; a failure goes both there and to the caller.
fn tell(answer: Answer<Claim>, found: Result<Claim, LedgerError>) -> Result<(), LedgerError> {
    match found {
        Ok(found) => drop(answer.send(Ok(found))),
        Err(error) => {
            drop(answer.send(Err(RecordingStopped::by(&error))));
            return Err(error);
        }
    }
    Ok(())
}

/// Whether the thread goes on.
enum On {
    More,
    End,
}

struct Writer<L> {
    ledger: L,
    announce: watch::Sender<Option<StopRequest>>,
    batch: Batch,
    commits: u64,
    entries: u64,
}

impl<L: Ledger> Writer<L> {
    fn run(mut self, queue: &mpsc::Receiver<Command>) -> Result<RecorderEnd<L>, LedgerError> {
        let mut poll_at = Instant::now();
        loop {
            let done = self.poll_stop(&mut poll_at).and_then(|()| match queue.recv_timeout(STOP_POLL) {
                Ok(command) => {
                    self.batch.take(command);
                    // Workers that the last commit answered are about to speak: with them, this one is larger.
                    std::thread::yield_now();
                    self.take_queued(queue);
                    self.write().map(|()| On::More)
                }
                Err(RecvTimeoutError::Timeout) => Ok(On::More),
                Err(RecvTimeoutError::Disconnected) => Ok(On::End),
            });
            match done {
                Ok(On::More) => {}
                Ok(On::End) => break,
                Err(error) => {
                    self.refuse_until_dropped(queue, &RecordingStopped::by(&error));
                    return Err(error);
                }
            }
        }
        Ok(RecorderEnd { ledger: self.ledger, commits: self.commits, entries: self.entries })
    }

    fn take_queued(&mut self, queue: &mpsc::Receiver<Command>) {
        while self.batch.appends.len() < COMMIT_ENTRIES_MAX {
            match queue.try_recv() {
                Ok(command) => self.batch.take(command),
                Err(_) => break,
            }
        }
    }

    /// Commits what was appended, then answers claims: a claim sees what stands before it.
    fn write(&mut self) -> Result<(), LedgerError> {
        if !self.batch.appends.is_empty() {
            let outcomes = self.ledger.commit(&self.batch.appends)?;
            self.commits += 1;
            self.entries += outcomes.iter().filter(|outcome| **outcome == Outcome::Durable).count() as u64;
            self.batch.appends.clear();
            for (answer, outcome) in self.batch.receipts.drain(..).zip(outcomes) {
                drop(answer.send(Ok(outcome)));
            }
        }
        while let Some(question) = self.batch.questions.pop_front() {
            tell(question.answer, self.ledger.claim(question.want, question.now))?;
        }
        Ok(())
    }

    fn poll_stop(&mut self, poll_at: &mut Instant) -> Result<(), LedgerError> {
        let now = Instant::now();
        if now < *poll_at || self.announce.borrow().is_some() {
            return Ok(());
        }
        *poll_at = now + STOP_POLL;
        if let Some(request) = self.ledger.stop_requested()? {
            self.announce.send_replace(Some(request));
        }
        Ok(())
    }

    fn refuse_until_dropped(&mut self, queue: &mpsc::Receiver<Command>, stopped: &RecordingStopped) {
        self.batch.refuse(stopped);
        while let Ok(command) = queue.recv() {
            self.batch.take(command);
            self.batch.refuse(stopped);
        }
    }
}
