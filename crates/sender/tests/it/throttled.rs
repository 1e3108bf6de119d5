//! Relays that ask for less: judged by what they received, and by the events of the record.

use crate::stand::{MODERN, plaintext, plan, run};
use forthwith_core::{
    delivery::Limit,
    ramp::Ramp,
    state::{Happening, State},
};
use forthwith_sender::Ended;
use forthwith_testkit::relay::{Act, At, Relay, Script};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Takes `most` in every window, and asks for less beyond.
fn stingy(most: usize, window: Duration) -> Script {
    let taken = Mutex::new(VecDeque::<Instant>::new());
    Script::new(MODERN).on(move |moment| {
        if moment.at != At::Rcpt {
            return None;
        }
        let mut taken = taken.lock().unwrap();
        let now = Instant::now();
        while taken.front().is_some_and(|first| now.duration_since(*first) >= window) {
            taken.pop_front();
        }
        if taken.len() >= most {
            return Some(Act::say("454 Throttling failure: Maximum sending rate exceeded."));
        }
        taken.push_back(now);
        None
    })
}

#[test]
fn a_relay_that_throttles_gets_fewer_and_everybody_is_told() {
    // Ten in 200 ms: sixteen lines at once are too many, and half of that pace is not.
    let relay = Relay::start(stingy(10, Duration::from_millis(200))).unwrap();
    let mut left = run(plan(40), plaintext(&relay), |run| run.connections = 16);
    assert!(matches!(left.ended, Ended::OnlyLaterRetries { .. }), "{:?}", left.ended);
    let changes = left.facts("pace");
    assert!((1..=2).contains(&changes.len()), "those under way halve it once: {changes:?}");
    assert_eq!((changes[0]["why"].as_str(), changes[0]["reply"].as_str()), ("asked", "RCPT 454"));
    let refused = left.happened().iter().filter(|happened| **happened == Happening::Deferred).count();
    assert!((1..=30).contains(&refused), "{refused}");
    assert_eq!(relay.received().len(), 40 - refused);
    // An hour later the rest is due, and the pace is the full one again.
    left.ledger.end_run();
    let left = run(left.ledger, plaintext(&relay), |run| {
        run.clock = Arc::new(|| Timestamp::now() + SignedDuration::from_hours(1));
        run.limits = vec![Limit { attempts: 5, window: Duration::from_millis(200) }];
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
    let window = Duration::from_millis(200);
    let ramp = Ramp { from: Limit { attempts: 2, window }, double_every: Duration::from_millis(800) };
    let left = run(plan(24), plaintext(&relay), |run| {
        run.connections = 4;
        run.ramp = Some((ramp, None));
    });
    assert_eq!(left.ended, Ended::Done);
    let mut times = arrivals.lock().unwrap().clone();
    times.sort();
    let within =
        |limit: u64| times.iter().filter(|at| at.duration_since(times[0]).as_millis() < u128::from(limit)).count();
    assert!(within(750) <= 8, "two in 200 ms at first: {}", within(750));
    assert!(times[23].duration_since(times[0]) < Duration::from_millis(2_300), "it never rose");
    // A plan whose first attempt was long ago is past its ramp.
    let started = Instant::now();
    let long_ago = Timestamp::now() - SignedDuration::from_hours(1);
    let left = run(plan(24), plaintext(&relay), |run| run.ramp = Some((ramp, Some(long_ago))));
    assert_eq!(left.ended, Ended::Done);
    assert!(started.elapsed() < Duration::from_millis(1_500));
}
