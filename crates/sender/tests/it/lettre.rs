//! Where lettre's own connection goes wrong, and we must not: run these again on every change of its version.

use crate::stand::{MODERN, OLD, SILENCE_MS, plaintext, plan, run, timeouts};
use forthwith_core::state::{Happening as H, State};
use forthwith_sender::Ended;
use forthwith_testkit::relay::{Act, At, Relay, Script};
use std::time::Duration;

/// lettre 1027: its timeout covers the connection alone.
#[test]
fn a_silent_relay_does_not_hang_the_run() {
    let relay = Relay::start(Script::new(MODERN).first(1, At::Dot, Act::Stall)).unwrap();
    let left = run(plan(2), plaintext(&relay), |run| run.timeouts = timeouts(SILENCE_MS));
    assert_eq!((left.count(State::Offered), left.count(State::Accepted)), (1, 1));
}

/// A reply that came too late must never answer the next message.
#[test]
fn a_late_reply_is_never_taken_for_the_next_one() {
    let late = Act::Several(vec![Act::Wait(Duration::from_millis(2 * SILENCE_MS)), Act::say("250 2.0.0 late")]);
    let script = Script::new(MODERN).on(move |moment| match (moment.at, moment.times) {
        (At::Dot, 0) => Some(late.clone()),
        (At::Dot, _) => Some(Act::say("554 5.6.0 refused")),
        _ => None,
    });
    let relay = Relay::start(script).unwrap();
    let left = run(plan(4), plaintext(&relay), |run| run.timeouts = timeouts(SILENCE_MS));
    assert_eq!((left.count(State::Offered), left.count(State::Bounced)), (1, 3));
    assert_eq!(left.count(State::Accepted), 0);
}

/// lettre takes any positive reply for success, at any stage.
#[test]
fn a_positive_reply_that_is_not_the_expected_one_is_no_success() {
    let relay = Relay::start(Script::new(MODERN).always(At::Dot, Act::say("354 go on"))).unwrap();
    let left = run(plan(2), plaintext(&relay), |_| ());
    assert_eq!((left.count(State::Accepted), left.count(State::Offered)), (0, 2));
    assert_eq!(relay.times(At::Greeting), 2, "a line out of step is not used again");
}

/// A reply nobody asked for means that every later one answers another command.
#[test]
fn a_relay_that_speaks_unasked_is_out_of_step() {
    let act = Act::Write(b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n250 2.0.0 taken\r\n".to_vec());
    let script = Script::new(MODERN).on(move |moment| match (moment.at, moment.line) {
        (At::Mail, 0) => Some(act.clone()),
        // The other replies of the group would come after the dot.
        (At::Rcpt | At::Data, 0) => Some(Act::Stall),
        _ => None,
    });
    let relay = Relay::start(script).unwrap();
    let left = run(plan(1), plaintext(&relay), |run| run.timeouts = timeouts(SILENCE_MS));
    assert_eq!(left.happened(), [H::Offered, H::Requeued, H::Offered, H::Accepted]);
    let said = relay.clear();
    assert!(said[0].ends_with(b"DATA\r\n"), "no content on the line that was out of step");
}

/// The same where commands go one by one: a 354 that came too early is not the answer to DATA.
#[test]
fn an_answer_before_its_command_is_never_used() {
    let script = Script::new(OLD).on(move |moment| match (moment.at, moment.line) {
        (At::Rcpt, 0) => Some(Act::Write(b"250 2.1.5 ok\r\n354 go on\r\n".to_vec())),
        (At::Data, 0) => Some(Act::Stall),
        _ => None,
    });
    let relay = Relay::start(script).unwrap();
    let left = run(plan(1), plaintext(&relay), |run| run.timeouts = timeouts(SILENCE_MS));
    assert_eq!(left.happened(), [H::Offered, H::Requeued, H::Offered, H::Accepted]);
    assert!(!String::from_utf8_lossy(&relay.clear()[0]).contains("Subject"), "no content on that line");
}

/// lettre's parser refuses a code alone, a bare LF, codes like 571 and anything that is not UTF-8.
#[test]
fn replies_that_lettre_cannot_parse_are_read() {
    for bytes in [b"250\r\n".as_slice(), b"250 \r\n", b"250 ok\n", b"250 merci \xe9\r\n", b"250-a\r\n250 b\r\n"] {
        for at in [At::Mail, At::Rcpt, At::Dot] {
            let relay = Relay::start(Script::new(MODERN).always(at, Act::Write(bytes.to_vec()))).unwrap();
            let left = run(plan(2), plaintext(&relay), |_| ());
            assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 2), "{at:?} {bytes:?}");
        }
    }
    for at in [At::Greeting, At::Ehlo] {
        let code: &[u8] = if at == At::Greeting { b"220\r\n" } else { b"250\r\n" };
        let relay = Relay::start(Script::new(MODERN).always(at, Act::Write(code.to_vec()))).unwrap();
        assert_eq!(run(plan(1), plaintext(&relay), |_| ()).ended, Ended::Done, "{at:?}");
    }
}

/// lettre hangs up at every refused recipient.
#[test]
fn refused_recipients_do_not_cost_a_line_each() {
    let script = Script::new(MODERN)
        .on(|moment| (moment.at == At::Rcpt && moment.times % 2 == 0).then(|| Act::say("550 5.1.1 gone")));
    let relay = Relay::start(script).unwrap();
    let left = run(plan(20), plaintext(&relay), |_| ());
    assert_eq!((left.count(State::Bounced), left.count(State::Accepted)), (10, 10));
    assert_eq!(relay.times(At::Greeting), 1);
}

/// lettre compares keywords by their case and forgets all but four (RFC 5321 section 2.4: case means nothing).
#[test]
fn extensions_are_known_in_any_case() {
    let dialogue = |offers: [&str; 4]| {
        let relay = Relay::start(Script::new(offers)).unwrap();
        let clock = || jiff::Timestamp::from_second(1_790_000_000).unwrap();
        let left = run(plan(3), plaintext(&relay), |run| run.clock = std::sync::Arc::new(clock));
        assert_eq!(left.count(State::Accepted), 3);
        relay.clear()
    };
    let lower = MODERN.map(str::to_ascii_lowercase);
    let said = dialogue(MODERN);
    assert_eq!(dialogue([&lower[0], &lower[1], &lower[2], &lower[3]]), said);
    let said = String::from_utf8_lossy(&said[0]).into_owned();
    for word in [" SIZE=", " RET=HDRS", " NOTIFY="] {
        assert_eq!(said.matches(word).count(), 3, "{word}");
    }
}

/// lettre waits for the answer to QUIT without any limit.
#[test]
fn nobody_waits_for_the_answer_to_quit() {
    let relay = Relay::start(Script::new(MODERN).always(At::Quit, Act::Stall)).unwrap();
    let left = run(plan(3), plaintext(&relay), |run| run.timeouts = timeouts(SILENCE_MS));
    assert_eq!((&left.ended, left.count(State::Accepted), relay.times(At::Quit)), (&Ended::Done, 3, 1));
}
