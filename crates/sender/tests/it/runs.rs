//! Whole runs: outage, fuse, doubt, canary, pace, stop.

use crate::stand::{MODERN, OLD, SILENCE_MS, plaintext, plan, run, timeouts};
use forthwith_core::{
    delivery::Limit,
    engine::Failure,
    state::{Happening as H, State},
    verdict::Stage,
};
use forthwith_ledger::StopRequest;
use forthwith_sender::{Ended, StopSignal};
use forthwith_testkit::relay::{Act, At, Relay, Script};
use jiff::Timestamp;
use std::{
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use tokio::sync::watch;

#[test]
fn a_relay_that_refuses_the_connection_is_tried_three_times() {
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let server = plaintext(&relay);
    drop(relay);
    let left = run(plan(3), server, |run| run.connections = 8);
    let Ended::RelayUnreachable(Failure { stage: Stage::Connect, .. }) = &left.ended else {
        panic!("{:?}", left.ended)
    };
    assert_eq!((left.facts("relay-failed").len(), left.count(State::Queued)), (3, 3));
}

#[test]
fn a_line_bears_as_many_messages_as_are_allowed_and_another_is_opened() {
    for (allowed, connections) in [(3, 1), (3, 4), (1, 2)] {
        let relay = Relay::start(Script::new(MODERN)).unwrap();
        let mut server = plaintext(&relay);
        server.messages_per_connection = Some(allowed);
        let left = run(plan(20), server, |run| run.connections = connections);
        assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 20));
        let mut by_line = std::collections::BTreeMap::new();
        for message in relay.received() {
            *by_line.entry(message.line).or_insert(0) += 1;
        }
        assert_eq!(by_line.values().sum::<u32>(), 20);
        assert!(by_line.values().all(|messages| *messages <= allowed), "{allowed}: {by_line:?}");
        if connections == 1 {
            let full = by_line.values().filter(|messages| **messages == allowed).count();
            assert!(full + 1 >= by_line.len(), "lines are used to the end: {by_line:?}");
        }
    }
}

#[test]
fn a_relay_that_never_greets_is_given_up() {
    let relay = Relay::start(Script::new(MODERN).always(At::Greeting, Act::Stall)).unwrap();
    let left = run(plan(3), plaintext(&relay), |run| run.timeouts = timeouts(SILENCE_MS));
    assert!(
        matches!(left.ended, Ended::RelayUnreachable(Failure { stage: Stage::Greeting, .. })),
        "{:?}",
        left.ended
    );
    assert_eq!(left.count(State::Queued), 3);
}

#[test]
fn a_relay_that_hangs_up_after_ehlo_is_away_and_not_hammered() {
    let act = Act::Several(vec![Act::say("250 relay.example"), Act::Close]);
    let relay = Relay::start(Script::new(MODERN).always(At::Ehlo, act)).unwrap();
    let left = run(plan(3), plaintext(&relay), |run| run.patience = Duration::from_secs(2));
    assert!(matches!(left.ended, Ended::RelayUnreachable(Failure { stage: Stage::Ehlo, .. })), "{:?}", left.ended);
    // An offer may be under way before the close is seen; it is taken back, and nobody is judged.
    assert_eq!(left.count(State::Queued), 3);
    assert!(left.happened().iter().all(|happened| matches!(happened, H::Offered | H::Requeued)));
    assert!(relay.times(At::Greeting) <= 20, "{} lines", relay.times(At::Greeting));
}

#[test]
fn settings_that_could_end_a_command_open_no_line() {
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    for name in ["", "a b", "x\r\nMAIL FROM:<eve@example.org>"] {
        let left = run(plan(1), plaintext(&relay), |run| run.server.ehlo_name = Some(name.to_owned()));
        assert!(matches!(left.ended, Ended::CannotSetUp { .. }), "{:?}", left.ended);
    }
    assert_eq!(relay.times(At::Connect), 0);
}

#[test]
fn a_relay_that_goes_away_for_a_moment_costs_nobody_anything() {
    let script = Script::new(MODERN).on(|moment| match moment.at {
        At::Mail if moment.times == 5 => Some(Act::say("421 4.3.2 shutting down")),
        At::Greeting if (1..3).contains(&moment.times) => Some(Act::say("421 4.3.2 not yet")),
        _ => None,
    });
    let relay = Relay::start(script).unwrap();
    let left = run(plan(20), plaintext(&relay), |_| ());
    assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 20));
    assert_eq!(relay.received().len(), 20);
    assert!(!left.happened().contains(&H::Deferred), "an outage judges no notice");
}

#[test]
fn a_run_after_the_fuse_delivers_what_it_had_refused() {
    let relay =
        Relay::start(Script::new(MODERN).always(At::Dot, Act::say("554 5.7.1 your content is spam"))).unwrap();
    let mut left = run(plan(60), plaintext(&relay), |run| run.connections = 4);
    let Ended::FuseBlown { likeness, restored, .. } = &left.ended else { panic!("{:?}", left.ended) };
    assert_eq!((likeness.stage, likeness.code), (Stage::Dot, 554));
    assert_eq!(*restored, 20);
    assert_eq!(left.count(State::Queued), 60, "nobody is marked because of a content filter");
    assert!(left.progress.attempts.load(Relaxed) <= 23);
    assert_eq!(left.facts("fuse").len(), 1);
    drop(relay);
    left.ledger.end_run();
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let left = run(left.ledger, plaintext(&relay), |run| run.connections = 4);
    assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 60));
    assert_eq!(relay.received().len(), 60);
}

#[test]
fn a_notice_whose_line_is_lost_six_times_in_a_row_is_deferred() {
    let relay = Relay::start(Script::new(MODERN).always(At::Rcpt, Act::Close)).unwrap();
    let left = run(plan(1), plaintext(&relay), |_| ());
    assert!(matches!(left.ended, Ended::OnlyLaterRetries { .. }), "{:?}", left.ended);
    let mut expected = [H::Offered, H::Requeued].repeat(5);
    expected.extend([H::Offered, H::Deferred]);
    assert_eq!(left.happened(), expected);
    assert_eq!(relay.received().len(), 0);
}

#[test]
fn a_line_closed_at_the_dot_leaves_doubt_and_a_later_run_does_not_send_again() {
    let relay = Relay::start(Script::new(MODERN).first(3, At::Dot, Act::Close)).unwrap();
    let mut left = run(plan(10), plaintext(&relay), |run| run.connections = 2);
    assert_eq!((&left.ended, left.count(State::Offered), left.count(State::Accepted)), (&Ended::Done, 3, 7));
    assert_eq!(left.progress.in_doubt.load(Relaxed), 3);
    left.ledger.end_run();
    let left = run(left.ledger, plaintext(&relay), |_| ());
    assert_eq!((left.ended, relay.received().len()), (Ended::Done, 10));
}

#[test]
fn a_line_that_the_relay_closed_while_idle_costs_the_notice_nothing() {
    // The relay closes each line after its first message, saying so, as a relay with a limit does.
    let act = Act::Several(vec![Act::say("250 2.0.0 taken"), Act::Close]);
    let relay = Relay::start(Script::new(OLD).always(At::Dot, act)).unwrap();
    let left = run(plan(3), plaintext(&relay), |run| {
        run.limits = vec![Limit { attempts: 1, window: Duration::from_secs(2) }];
    });
    assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 3));
    assert!(!left.happened().contains(&H::Requeued));
}

#[test]
fn a_canary_ends_at_its_number() {
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let left = run(plan(50), plaintext(&relay), |run| {
        run.hand_over_at_most = Some(7);
        run.connections = 4;
    });
    assert_eq!((left.ended, relay.received().len()), (Ended::LimitReached, 7));
}

/// Lines of the run whose pace is held: times its pace they would be fifteen in a window.
const LINES: u32 = 3;

#[test]
fn the_pace_holds_at_the_relay_whatever_the_number_of_lines() {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&arrivals);
    let relay = Relay::start(Script::new(MODERN).on(move |moment| {
        if moment.at == At::Mail {
            log.lock().unwrap().push(Instant::now());
        }
        None
    }))
    .unwrap();
    let (window, started) = (Duration::from_millis(300), Instant::now());
    let left = run(plan(25), plaintext(&relay), |run| {
        run.connections = LINES;
        run.limits = vec![Limit { attempts: 5, window }];
    });
    assert_eq!(left.ended, Ended::Done);
    let mut arrivals = arrivals.lock().unwrap().clone();
    arrivals.sort();
    // A busy relay notes an arrival late and never early, at most one for each line: it answers only then.
    for (before, at) in (0_u32..).zip(&arrivals) {
        assert!(at.duration_since(started) >= window * (before / 5), "{before} before it: {arrivals:?}");
    }
    let most = 5 + LINES as usize;
    for arrivals in arrivals.windows(most + 1) {
        assert!(arrivals[most].duration_since(arrivals[0]) >= window, "{arrivals:?}");
    }
}

#[test]
fn a_drain_lets_open_transactions_end() {
    let (stop, signal) = watch::channel(StopSignal::Run);
    let stop = Arc::new(stop);
    let at_relay = Arc::clone(&stop);
    let relay = Relay::start(Script::new(MODERN).on(move |moment| {
        (moment.at == At::Dot && moment.times == 9).then(|| {
            at_relay.send_replace(StopSignal::Drain);
            Act::Several(vec![Act::Wait(Duration::from_millis(50)), Act::say("250 2.0.0 taken")])
        })
    }))
    .unwrap();
    let left = run(plan(500), plaintext(&relay), |run| {
        run.stop = signal;
        run.connections = 2;
    });
    assert_eq!(left.ended, Ended::Stopped);
    let accepted = left.count(State::Accepted);
    assert_eq!((accepted, left.count(State::Offered)), (relay.received().len(), 0));
    assert!((10..400).contains(&accepted), "{accepted}");
}

#[test]
fn stopping_now_leaves_doubt_only_where_the_dot_had_gone_out() {
    for (at, state) in [(At::Dot, State::Offered), (At::Data, State::Queued)] {
        let (stop, signal) = watch::channel(StopSignal::Run);
        let stop = Arc::new(stop);
        let at_relay = Arc::clone(&stop);
        let relay = Relay::start(Script::new(MODERN).on(move |moment| {
            (moment.at == at).then(|| {
                at_relay.send_replace(StopSignal::Now);
                Act::Stall
            })
        }))
        .unwrap();
        let left = run(plan(3), plaintext(&relay), |run| run.stop = signal);
        assert_eq!(
            (&left.ended, left.count(state)),
            (&Ended::Stopped, if at == At::Dot { 1 } else { 3 }),
            "{at:?}"
        );
        assert_eq!(left.count(State::Accepted), 0);
    }
}

#[test]
fn a_request_in_the_ledger_stops_the_run() {
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let mut ledger = plan(100);
    ledger.stop =
        Some(StopRequest { at: Timestamp::UNIX_EPOCH, by: "ada".to_owned(), reason: "wrong list".to_owned() });
    let left = run(ledger, plaintext(&relay), |run| {
        run.limits = vec![Limit { attempts: 1, window: Duration::from_secs(1) }];
    });
    assert_eq!(left.ended, Ended::Stopped);
    assert!(left.count(State::Accepted) < 10);
}

#[test]
fn a_relay_that_serves_two_lines_gets_two() {
    let open = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let script = Script::new(MODERN).on(move |moment| match moment.at {
        At::Greeting => (open.fetch_add(1, Relaxed) >= 2).then(|| {
            open.fetch_sub(1, Relaxed);
            Act::Several(vec![Act::say("421 4.7.0 too many connections"), Act::Close])
        }),
        At::Dot => Some(Act::Several(vec![Act::Wait(Duration::from_millis(2)), Act::say("250 2.0.0 taken")])),
        _ => None,
    });
    let relay = Relay::start(script).unwrap();
    let left = run(plan(200), plaintext(&relay), |run| run.connections = 8);
    assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 200));
    assert!(left.facts("relay-failed").len() <= 8, "it is not hammered");
}

/// Shorter ones than RFC 5321 section 4.5.3.2 has would make doubts of their own, at the dot above all.
#[test]
fn no_stage_has_less_time_than_the_standard_gives_it() {
    let found = forthwith_core::delivery::Timeouts::default();
    for (stage, found, minutes) in [
        ("greeting", found.greeting, 5),
        ("MAIL", found.mail, 5),
        ("RCPT", found.rcpt, 5),
        ("DATA", found.data, 2),
        ("content", found.content, 3),
        ("dot", found.dot, 10),
    ] {
        assert!(found >= std::time::Duration::from_mins(minutes), "{stage}: {found:?}");
    }
}
