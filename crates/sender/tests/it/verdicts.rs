//! Every cell of the verdict table, through the wire: what the relay does, and what is recorded. Replies that no
//! sane relay gives are in `hostile`.

use crate::stand::{MODERN, OLD, SILENCE_MS, plaintext, plan, run, timeouts};
use forthwith_core::state::{Happening, State};
use forthwith_sender::Ended;
use forthwith_testkit::relay::{Act, At, Relay, Script};

/// One notice; the relay does `act` the first time at `at`, then accepts. What happens after the offer, and
/// where the notice rests.
fn cell(offers: &[&str], at: At, act: Act) -> (Vec<Happening>, State, Ended, Relay) {
    let relay = Relay::start(Script::new(offers.iter().copied()).first(1, at, act)).unwrap();
    let left = run(plan(1), plaintext(&relay), |run| run.timeouts = timeouts(SILENCE_MS));
    let mut happened = left.happened();
    assert_eq!(happened.remove(0), Happening::Offered);
    let state = left.ledger.notices[&1].standing.state;
    (happened, state, left.ended, relay)
}

fn then_accepted(first: Happening) -> Vec<Happening> {
    vec![first, Happening::Offered, Happening::Accepted]
}

#[test]
fn a_refusal_at_each_stage_is_recorded_as_the_table_says() {
    use Happening as H;
    for offers in [MODERN.as_slice(), OLD.as_slice()] {
        for (at, text, expected, state) in [
            (At::Mail, "421 4.3.2 bye", then_accepted(H::Requeued), State::Accepted),
            (At::Mail, "451 4.3.0 later", then_accepted(H::Requeued), State::Accepted),
            (At::Mail, "550 5.7.1 not you", vec![H::Requeued], State::Queued),
            (At::Rcpt, "450 4.2.1 busy", vec![H::Deferred], State::Deferred),
            (At::Rcpt, "421 4.3.2 bye", vec![H::Deferred], State::Deferred),
            (At::Rcpt, "550 5.1.1 gone", vec![H::Bounced], State::Bounced),
            (At::Rcpt, "550 gone", vec![H::Bounced], State::Bounced),
            (At::Rcpt, "552 5.2.2 full", vec![H::Deferred], State::Deferred),
            (At::Rcpt, "550 5.7.1 policy", vec![H::Deferred], State::Deferred),
            (At::Rcpt, "554 go away", vec![H::Deferred], State::Deferred),
            (At::Rcpt, "571 go away", vec![H::Deferred], State::Deferred),
            (At::Rcpt, "252 cannot verify", then_accepted(H::Requeued), State::Accepted),
            (At::Data, "451 4.3.0 later", vec![H::Deferred], State::Deferred),
            (At::Data, "554 5.5.0 no", vec![H::Bounced], State::Bounced),
            (At::Data, "250 what", then_accepted(H::Requeued), State::Accepted),
            (At::Dot, "421 4.3.2 bye", vec![H::Deferred], State::Deferred),
            (At::Dot, "451 4.3.0 later", vec![H::Deferred], State::Deferred),
            (At::Dot, "552 5.3.4 too big", vec![H::Bounced], State::Bounced),
            (At::Dot, "554 5.7.1 spam", vec![H::Deferred], State::Deferred),
            (At::Dot, "354 what", vec![H::Doubted], State::Offered),
            (At::Dot, "251 what", vec![H::Doubted], State::Offered),
            (At::Dot, "999 what", vec![H::Doubted], State::Offered),
        ] {
            let (happened, rests, ended, _) = cell(offers, at, Act::say(text));
            assert_eq!((happened, rests), (expected, state), "{at:?} {text}");
            match state {
                State::Queued => assert!(matches!(ended, Ended::RelayRefuses(_)), "{at:?} {text}: {ended:?}"),
                State::Deferred => {
                    assert!(matches!(ended, Ended::OnlyLaterRetries { .. }), "{at:?} {text}: {ended:?}");
                }
                _ => assert_eq!(ended, Ended::Done, "{at:?} {text}"),
            }
        }
    }
}

#[test]
fn a_lost_or_silent_line_is_a_requeue_before_the_dot_and_doubt_after_it() {
    use Happening as H;
    for offers in [MODERN.as_slice(), OLD.as_slice()] {
        for act in [Act::Close, Act::Reset, Act::Stall, Act::say("hello there"), Act::Write(b"\0\0\0\n".to_vec())] {
            for at in [At::Mail, At::Rcpt, At::Data] {
                let (happened, state, ended, relay) = cell(offers, at, act.clone());
                assert_eq!((happened, state), (then_accepted(H::Requeued), State::Accepted), "{at:?} {act:?}");
                assert_eq!((ended, relay.received().len()), (Ended::Done, 1));
            }
            let (happened, state, ended, relay) = cell(offers, At::Dot, act.clone());
            assert_eq!((happened, state), (vec![H::Doubted], State::Offered), "{act:?}");
            assert_eq!((ended, relay.received().len()), (Ended::Done, 1), "it was received, and not sent again");
        }
    }
}

#[test]
fn half_a_reply_to_the_dot_is_doubt() {
    let act = Act::Several(vec![Act::Write(b"250 2.0".to_vec()), Act::Close]);
    let (happened, state, ..) = cell(&MODERN, At::Dot, act);
    assert_eq!((happened, state), (vec![Happening::Doubted], State::Offered));
}

#[test]
fn a_refusal_in_the_middle_of_content_is_a_verdict() {
    for (text, state) in [("552 5.3.4 too big", State::Bounced), ("451 4.3.0 later", State::Deferred)] {
        let act = Act::Several(vec![Act::say(text), Act::Close]);
        let (_, rests, ..) = cell(&MODERN, At::Content, act);
        assert_eq!(rests, state, "{text}");
    }
}

#[test]
fn a_354_to_a_refused_recipient_closes_the_line_without_a_dot() {
    let script = Script::new(MODERN).on(|moment| match moment.at {
        At::Rcpt => Some(Act::say("550 5.1.1 gone")),
        At::Data => Some(Act::say("354 go on all the same")),
        _ => None,
    });
    let relay = Relay::start(script).unwrap();
    let left = run(plan(3), plaintext(&relay), |_| ());
    assert_eq!((&left.ended, left.count(State::Bounced)), (&Ended::Done, 3));
    assert_eq!((relay.received().len(), relay.times(At::Greeting)), (0, 3), "no dot, and a new line each time");
    for said in relay.clear() {
        assert!(said.ends_with(b"DATA\r\n"), "nothing follows DATA: {}", String::from_utf8_lossy(&said));
    }
}

#[test]
fn a_refused_transaction_is_reset_and_the_line_goes_on() {
    for offers in [MODERN.as_slice(), OLD.as_slice()] {
        let script = Script::new(offers.iter().copied()).first(3, At::Rcpt, Act::say("550 5.1.1 gone"));
        let relay = Relay::start(script).unwrap();
        let left = run(plan(6), plaintext(&relay), |_| ());
        assert_eq!((left.count(State::Bounced), left.count(State::Accepted)), (3, 3));
        assert_eq!((relay.times(At::Greeting), relay.times(At::Rset)), (1, 3));
    }
}

#[test]
fn a_refused_dot_needs_no_reset() {
    let relay = Relay::start(Script::new(MODERN).first(3, At::Dot, Act::say("554 5.6.0 form"))).unwrap();
    let left = run(plan(6), plaintext(&relay), |_| ());
    assert_eq!((left.count(State::Bounced), left.count(State::Accepted)), (3, 3));
    assert_eq!((relay.times(At::Greeting), relay.times(At::Rset)), (1, 0));
}
