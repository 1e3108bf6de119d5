//! The writer thread: order, group commit, and the first failure being final.

use forthwith_core::{
    digest::Digest,
    notice::{Claimed, Entry, Particulars},
    state::{Happening, State},
};
use forthwith_ledger::{
    Append, Claim, Ledger, LedgerError, Outcome, Recorder, StopRequest,
    model::{ModelLedger, sample_notice},
};
use jiff::Timestamp;
use std::{
    sync::mpsc::{Receiver, Sender, channel},
    task::{Context, Poll, Waker},
};

fn offer(claimed: &Claimed) -> Append {
    entry(claimed, Happening::Offered)
}

fn entry(claimed: &Claimed, happening: Happening) -> Append {
    let at = Timestamp::UNIX_EPOCH;
    let particulars = Particulars { offer: Some((at, Digest::of(b""))), ..Particulars::default() };
    let (notice, token) = (claimed.notice, claimed.token.clone());
    Append::Notice(Entry { notice, token, at, happening, particulars })
}

/// A ledger whose every commit waits for a word and says how many entries it has.
struct Gated {
    ledger: ModelLedger,
    go: Receiver<()>,
    began: Sender<usize>,
}

impl Ledger for Gated {
    fn claim(&mut self, want: usize, now: Timestamp) -> Result<Claim, LedgerError> {
        self.ledger.claim(want, now)
    }

    fn claim_waiting(&mut self, want: usize, offered_by: Timestamp) -> Result<Claim, LedgerError> {
        self.ledger.claim_waiting(want, offered_by)
    }
    fn commit(&mut self, entries: &[Append]) -> Result<Vec<Outcome>, LedgerError> {
        self.began.send(entries.len()).unwrap();
        self.go.recv().unwrap();
        self.ledger.commit(entries)
    }
    fn stop_requested(&mut self) -> Result<Option<StopRequest>, LedgerError> {
        self.ledger.stop_requested()
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn claim_all(recorder: &Recorder) -> Vec<Claimed> {
    block_on(recorder.claim(1_000, Timestamp::UNIX_EPOCH)).unwrap().notices
}

#[test]
fn what_is_queued_during_a_commit_shares_the_next_and_keeps_its_order() {
    let ((word, go), (began, batches)) = (channel(), channel());
    let ledger = ModelLedger::with_plan((1..=10).map(sample_notice));
    let (recorder, thread) = Recorder::start(Gated { ledger, go, began }).unwrap();
    let claimed = claim_all(&recorder);
    let first = recorder.append(offer(&claimed[0]));
    assert_eq!(batches.recv().unwrap(), 1);
    let mut rest: Vec<_> = claimed[1..].iter().map(|notice| recorder.append(offer(notice))).collect();
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(std::pin::pin!(&mut rest[0]).poll(&mut context), Poll::Pending));
    word.send(()).unwrap();
    assert_eq!(first.wait(), Ok(Outcome::Durable));
    assert_eq!(batches.recv().unwrap(), 9);
    word.send(()).unwrap();
    for receipt in rest {
        assert_eq!(receipt.wait(), Ok(Outcome::Durable));
    }
    drop(recorder);
    let end = thread.join().unwrap();
    assert_eq!((end.commits, end.entries), (2, 10));
    let order: Vec<_> = end
        .ledger
        .ledger
        .events
        .iter()
        .map(|event| match event {
            Append::Notice(entry) => entry.notice,
            Append::Run(_) => 0,
        })
        .collect();
    assert_eq!(order, (1..=10).collect::<Vec<_>>());
}

#[test]
fn the_first_failure_is_final_and_everybody_hears_of_it() {
    let mut ledger = ModelLedger::with_plan((1..=3).map(sample_notice));
    ledger.commits_left = Some(1);
    let (recorder, thread) = Recorder::start(ledger).unwrap();
    let claimed = claim_all(&recorder);
    assert_eq!(recorder.append(offer(&claimed[0])).wait(), Ok(Outcome::Durable));
    let stopped = recorder.append(entry(&claimed[0], Happening::Accepted)).wait().unwrap_err();
    assert_eq!(stopped.to_string(), "the ledger stopped recording: cannot write the ledger model: no space left");
    assert_eq!(recorder.clone().append(offer(&claimed[1])).wait().unwrap_err(), stopped);
    assert_eq!(block_on(recorder.claim(1, Timestamp::UNIX_EPOCH)).unwrap_err(), stopped);
    drop(recorder);
    assert!(matches!(thread.join().unwrap_err(), LedgerError::Storage { doing: "write", .. }));
}

/// A ledger that cannot be read, and could be written.
struct Unreadable(ModelLedger);

impl Ledger for Unreadable {
    fn claim(&mut self, _: usize, _: Timestamp) -> Result<Claim, LedgerError> {
        Err(LedgerError::Damaged { path: "model".to_owned(), what: "a page is gone".to_owned() })
    }

    fn claim_waiting(&mut self, want: usize, offered_by: Timestamp) -> Result<Claim, LedgerError> {
        self.claim(want, offered_by)
    }

    fn commit(&mut self, entries: &[Append]) -> Result<Vec<Outcome>, LedgerError> {
        self.0.commit(entries)
    }
    fn stop_requested(&mut self) -> Result<Option<StopRequest>, LedgerError> {
        Ok(None)
    }
}

#[test]
fn nothing_is_written_after_a_claim_that_failed() {
    let mut ledger = ModelLedger::with_plan([sample_notice(1)]);
    let claimed = ledger.claim(1, Timestamp::UNIX_EPOCH).unwrap().notices;
    let (recorder, thread) = Recorder::start(Unreadable(ledger)).unwrap();
    let stopped = block_on(recorder.claim(1, Timestamp::UNIX_EPOCH)).unwrap_err();
    assert!(stopped.to_string().contains("a page is gone"), "{stopped}");
    assert_eq!(recorder.append(offer(&claimed[0])).wait().unwrap_err(), stopped);
    drop(recorder);
    assert!(thread.join().is_err());
}

#[test]
fn an_impossible_happening_stops_the_recording() {
    let (recorder, thread) = Recorder::start(ModelLedger::with_plan([sample_notice(1)])).unwrap();
    let claimed = claim_all(&recorder);
    let stopped = recorder.append(entry(&claimed[0], Happening::Accepted)).wait().unwrap_err();
    assert!(stopped.to_string().contains("is Queued, so it cannot be Accepted now"), "{stopped}");
    drop(recorder);
    assert!(thread.join().is_err());
}

#[test]
fn a_dropped_receipt_takes_nothing_back_and_a_claim_sees_what_stands_before_it() {
    let (recorder, thread) = Recorder::start(ModelLedger::with_plan((1..=2).map(sample_notice))).unwrap();
    let claimed = claim_all(&recorder);
    drop(recorder.append(offer(&claimed[0])));
    drop(recorder.append(entry(&claimed[0], Happening::Requeued)));
    let again = claim_all(&recorder);
    assert_eq!(again.iter().map(|notice| notice.notice).collect::<Vec<_>>(), [claimed[0].notice]);
    drop(recorder);
    let ledger = thread.join().unwrap().ledger;
    assert_eq!(ledger.count(State::Queued), 2);
}

#[test]
fn a_boxed_ledger_is_a_ledger_and_a_fenced_one_says_so() {
    let mut ledger = ModelLedger::with_plan([sample_notice(1)]);
    ledger.fenced = true;
    let boxed: Box<dyn Ledger> = Box::new(ledger);
    let (recorder, thread) = Recorder::start(boxed).unwrap();
    let claimed = claim_all(&recorder);
    assert_eq!(recorder.append(offer(&claimed[0])).wait(), Ok(Outcome::Fenced));
    drop(recorder);
    assert_eq!(thread.join().unwrap().entries, 0);
}

#[test]
fn a_stop_request_reaches_whoever_watches() {
    let mut ledger = ModelLedger::with_plan([sample_notice(1)]);
    let request = StopRequest { at: Timestamp::UNIX_EPOCH, by: "ada".to_owned(), reason: "wrong list".to_owned() };
    ledger.stop = Some(request.clone());
    let (recorder, thread) = Recorder::start(ledger).unwrap();
    let mut stop = recorder.stop_requested();
    let seen = block_on(async { stop.wait_for(Option::is_some).await.unwrap().clone() });
    assert_eq!(seen, Some(request));
    drop(recorder);
    thread.join().unwrap();
}
