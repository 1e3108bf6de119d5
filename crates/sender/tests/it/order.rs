//! The order that never changes: the offer is durable before any octet of the final dot goes out.

use crate::stand::{MODERN, OLD, plaintext, plan, run, run_over};
use forthwith_core::state::{Happening, State};
use forthwith_ledger::{Append, Claim, Ledger, LedgerError, Outcome, StopRequest, model::ModelLedger};
use forthwith_sender::Ended;
use forthwith_testkit::relay::{At, Relay, Script};
use jiff::Timestamp;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

/// A ledger whose commits take a while, and that says when an offer is durable.
struct Slow {
    inner: ModelLedger,
    durable: Arc<Mutex<BTreeSet<String>>>,
}

impl Ledger for Slow {
    fn claim(&mut self, want: usize, now: Timestamp) -> Result<Claim, LedgerError> {
        self.inner.claim(want, now)
    }

    fn claim_waiting(&mut self, want: usize, offered_by: Timestamp) -> Result<Claim, LedgerError> {
        self.inner.claim_waiting(want, offered_by)
    }

    fn commit(&mut self, entries: &[Append]) -> Result<Vec<Outcome>, LedgerError> {
        let outcomes = self.inner.commit(entries)?;
        // The sync: longer than a relay on loopback takes to answer DATA.
        std::thread::sleep(Duration::from_millis(10));
        for entry in entries {
            if let Append::Notice(entry) = entry
                && entry.happening == Happening::Offered
            {
                self.durable.lock().expect("no test panics while it holds the log").insert(entry.token.to_string());
            }
        }
        Ok(outcomes)
    }

    fn stop_requested(&mut self) -> Result<Option<StopRequest>, LedgerError> {
        self.inner.stop_requested()
    }
}

#[test]
fn no_dot_arrives_before_its_offer_is_durable() {
    for offers in [MODERN.as_slice(), OLD.as_slice()] {
        let durable = Arc::new(Mutex::new(BTreeSet::new()));
        let (seen, early) = (Arc::clone(&durable), Arc::new(Mutex::new(Vec::new())));
        let too_early = Arc::clone(&early);
        // Content may not begin either: it leaves together with its dot.
        let relay = Relay::start(Script::new(offers.iter().copied()).on(move |moment| {
            if moment.at == At::Dot {
                let text = String::from_utf8_lossy(moment.message).into_owned();
                let (_, rest) = text.split_once("X-Forthwith-ID: ").unwrap();
                let token = rest[..16].to_owned();
                if !seen.lock().unwrap().contains(&token) {
                    too_early.lock().unwrap().push(token);
                }
            }
            None
        }))
        .unwrap();
        let ledger = Slow { inner: plan(100), durable };
        let (ended, _, ledger) = run_over(ledger, plaintext(&relay), |run| run.connections = 8);
        assert_eq!((ended, relay.received().len()), (Ended::Done, 100));
        assert_eq!(ledger.unwrap().inner.count(State::Accepted), 100);
        assert!(early.lock().unwrap().is_empty(), "{:?}", early.lock().unwrap());
    }
}

#[test]
fn a_ledger_that_fails_stops_the_run_before_any_further_dot() {
    // The first commit holds the connection's event; the tenth fails.
    let mut ledger = plan(100);
    ledger.commits_left = Some(10);
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let (ended, _, failed) = run_over(ledger, plaintext(&relay), |run| run.connections = 4);
    assert!(matches!(ended, Ended::RecordingStopped(_)), "{ended:?}");
    assert!(failed.is_err());
    let dots = relay.received().len();
    assert!((1..40).contains(&dots), "{dots} dots were all offered durably");
}

#[test]
fn a_ledger_that_fails_at_once_lets_no_dot_out() {
    let mut ledger = plan(20);
    ledger.commits_left = Some(0);
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let (ended, _, _) = run_over(ledger, plaintext(&relay), |run| run.connections = 4);
    assert!(matches!(ended, Ended::RecordingStopped(_)), "{ended:?}");
    assert_eq!(relay.received().len(), 0);
    for said in relay.clear() {
        assert!(!String::from_utf8_lossy(&said).contains("Subject"), "no content either");
    }
}

#[test]
fn a_fenced_run_lets_no_dot_out() {
    let mut ledger = plan(20);
    ledger.fenced = true;
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let left = run(ledger, plaintext(&relay), |run| run.connections = 4);
    assert_eq!((left.ended, relay.received().len()), (Ended::Fenced, 0));
}
