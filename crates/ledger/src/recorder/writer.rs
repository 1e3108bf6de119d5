//! The one thread that writes: it takes all that lies on the desk, commits it in one transaction, and tells
//! everybody. The first failure is final.

use super::{
    Answer, RecorderEnd, RecordingStopped,
    desk::{Batch, Desk, Look, Wanted},
};
use crate::{Claim, Ledger, LedgerError, Outcome, StopRequest};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How often the ledger is asked for a stop request: soon enough for a person, too seldom to cost anything.
const STOP_POLL: Duration = Duration::from_millis(250);

pub(super) struct Writer<L> {
    ledger: L,
    desk: Arc<Desk>,
    announce: watch::Sender<Option<StopRequest>>,
    batch: Batch,
    commits: u64,
    entries: u64,
}

/// Leaves the desk when the thread ends, and where it panics too: nobody waits for ever.
struct Leaving(Arc<Desk>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.abandon();
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

impl<L: Ledger> Writer<L> {
    pub(super) fn new(ledger: L, desk: Arc<Desk>, announce: watch::Sender<Option<StopRequest>>) -> Self {
        Self { ledger, desk, announce, batch: Batch::default(), commits: 0, entries: 0 }
    }

    pub(super) fn run(mut self) -> Result<RecorderEnd<L>, LedgerError> {
        let _leaving = Leaving(Arc::clone(&self.desk));
        let mut poll_at = Instant::now();
        loop {
            let done = self.poll_stop(&mut poll_at).and_then(|()| match self.desk.wait(STOP_POLL) {
                Look::Work => {
                    // Workers that the last commit answered are about to speak: with them, this one is larger.
                    std::thread::yield_now();
                    self.desk.take(&mut self.batch);
                    self.write().map(|()| On::More)
                }
                Look::Nothing => Ok(On::More),
                Look::Closed => Ok(On::End),
            });
            match done {
                Ok(On::More) => {}
                Ok(On::End) => break,
                Err(error) => {
                    self.refuse_until_closed(&RecordingStopped::by(&error));
                    return Err(error);
                }
            }
        }
        Ok(RecorderEnd { ledger: self.ledger, commits: self.commits, entries: self.entries })
    }

    /// Commits what was appended, then answers claims: a claim sees what stands before it.
    fn write(&mut self) -> Result<(), LedgerError> {
        if !self.batch.appends.is_empty() {
            let outcomes = self.ledger.commit(&self.batch.appends)?;
            self.commits += 1;
            self.entries += outcomes.iter().filter(|outcome| **outcome == Outcome::Durable).count() as u64;
            self.batch.appends.clear();
            self.desk.board.post(&outcomes);
        }
        while let Some(question) = self.batch.questions.pop_front() {
            let found = match question.wanted {
                Wanted::DueAt(now) => self.ledger.claim(question.want, now),
                Wanted::OfferedBy(by) => self.ledger.claim_waiting(question.want, by),
            };
            tell(question.answer, found)?;
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

    fn refuse_until_closed(&mut self, stopped: &RecordingStopped) {
        self.desk.board.stop(stopped);
        loop {
            self.batch.refuse(stopped);
            match self.desk.wait(STOP_POLL) {
                Look::Work => self.desk.take(&mut self.batch),
                Look::Nothing => {}
                Look::Closed => return,
            }
        }
    }
}
