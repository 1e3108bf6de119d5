//! Relays that ask for less: judged by what they received, and by the events of the record.

use crate::stand::{MODERN, plaintext, plan, run};
use forthwith_core::{
    delivery::Limit,
    ramp::Ramp,
    state::{Happening, State},
};
use forthwith_sender::Ended;
use forthwith_testkit::{
    relay::{Act, At, Relay, Script},
    server::HANG_MAX,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    sync::{Arc, Condvar, Mutex, OnceLock},
    time::{Duration, Instant},
};

/// When the runs here begin, as their clocks show it.
const T0: Timestamp = Timestamp::constant(1_790_000_000, 0);
/// How many lines ask at once, and how many of them are told to ask less.
const LINES: usize = 16;
const REFUSED: usize = 6;

/// Lets RCPTs wait until every line has asked, refuses the last of them, and takes everybody else: all were begun
/// before anybody could hear of it, however busy the machine is.
fn refuses_some_of_the_first(all_asked: Arc<OnceLock<Instant>>) -> Script {
    let asked = (Mutex::new(0), Condvar::new());
    Script::new(MODERN).on(move |moment| {
        if moment.at != At::Rcpt || moment.times >= LINES {
            return None;
        }
        let mut count = asked.0.lock().unwrap();
        *count += 1;
        asked.1.notify_all();
        drop(asked.1.wait_timeout_while(count, HANG_MAX, |count| *count < LINES).unwrap());
        all_asked.get_or_init(Instant::now);
        let is_taken = moment.times < LINES - REFUSED;
        (!is_taken).then(|| Act::say("454 Throttling failure: Maximum sending rate exceeded."))
    })
}

/// Returns how long ago that was, or nothing where it was not yet.
fn since(moment: &OnceLock<Instant>) -> SignedDuration {
    moment.get().map_or(SignedDuration::ZERO, |moment| SignedDuration::try_from(moment.elapsed()).unwrap())
}

#[test]
fn a_relay_that_throttles_gets_fewer_and_everybody_is_told() {
    let all_asked = Arc::new(OnceLock::new());
    let relay = Relay::start(refuses_some_of_the_first(Arc::clone(&all_asked))).unwrap();
    let mut left = run(plan(40), plaintext(&relay), |run| {
        run.connections = u32::try_from(LINES).unwrap();
        // The pace is measured over a second at least: sixteen within it are 960 a minute, and half of that is an
        // attempt every 125 ms. So the clock stands still until all have asked.
        run.clock = Arc::new(move || T0 + since(&all_asked));
    });
    assert!(matches!(left.ended, Ended::OnlyLaterRetries { .. }), "{:?}", left.ended);
    let changes = left.facts("pace");
    assert_eq!(changes.len(), 1, "those under way halve it once: {changes:?}");
    assert_eq!((changes[0]["why"].as_str(), changes[0]["reply"].as_str()), ("asked", "RCPT 454"));
    let refused = left.happened().iter().filter(|happened| **happened == Happening::Deferred).count();
    assert_eq!((refused, relay.received().len()), (REFUSED, 40 - REFUSED));
    // An hour later the rest is due, and the pace is the full one again.
    left.ledger.end_run();
    let left = run(left.ledger, plaintext(&relay), |run| {
        run.clock = Arc::new(|| T0 + SignedDuration::from_hours(1));
    });
    assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 40));
    assert_eq!(relay.received().len(), 40);
}

#[test]
fn a_quota_ends_a_run_that_does_not_wait_and_judges_nobody() {
    for at in [At::Mail, At::Rcpt, At::Dot] {
        let script = Script::new(MODERN).on(move |moment| {
            (moment.at == at && moment.times >= 5).then(|| Act::say("550 5.4.5 Daily user sending limit exceeded"))
        });
        let relay = Relay::start(script).unwrap();
        let left = run(plan(100), plaintext(&relay), |run| run.connections = 2);
        assert!(matches!(left.ended, Ended::QuotaUsedUp { .. }), "{at:?}: {:?}", left.ended);
        assert_eq!((left.count(State::Accepted), left.count(State::Bounced)), (5, 0), "{at:?}");
        assert!(relay.times(at) <= 7, "{at:?}: {}", relay.times(at));
        let changes = left.facts("pace");
        assert_eq!((changes.len(), changes[0]["why"].as_str()), (1, "quota"), "{at:?}");
    }
}

#[test]
fn a_ramp_holds_at_the_relay_and_goes_on_after_a_restart() {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&arrivals);
    let relay = Relay::start(Script::new(MODERN).on(move |moment| {
        if moment.at == At::Mail {
            log.lock().unwrap().push(Instant::now());
        }
        None
    }))
    .unwrap();
    // One an hour at first: the run ends only because that rises.
    let (from, double_every) = (Limit { attempts: 1, window: Duration::from_hours(1) }, Duration::from_millis(100));
    let started = Instant::now();
    let left = run(plan(24), plaintext(&relay), |run| {
        run.connections = 4;
        run.ramp = Some((Ramp { from, double_every }, None));
    });
    assert_eq!(left.ended, Ended::Done);
    let mut times = arrivals.lock().unwrap().clone();
    times.sort();
    // Whoever comes late is on time: a busy machine makes arrivals later, and never earlier.
    for (before, at) in (0_u32..).zip(&times) {
        let doublings = u32::BITS - before.leading_zeros();
        assert!(at.duration_since(started) >= double_every * doublings, "{before} before it: {times:?}");
    }
    // A plan whose first attempt was long ago is past its ramp: else this would take a day.
    let (double_every, long_ago) = (Duration::from_mins(1), Timestamp::now() - SignedDuration::from_hours(1));
    let left =
        run(plan(24), plaintext(&relay), |run| run.ramp = Some((Ramp { from, double_every }, Some(long_ago))));
    assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 24));
}
