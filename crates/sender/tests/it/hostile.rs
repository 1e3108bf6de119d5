//! Replies that no sane relay gives: each gets the verdict that its digits or its silence deserve, and what came
//! is kept, within bounds. How much memory that takes is measured in the tests of the command line.

use crate::stand::{Left, MODERN, OLD, SILENCE_MS, plaintext, plan, run, timeouts};
use forthwith_core::{
    engine::Failure,
    state::{Happening as H, State},
    verdict::{Answer, Stage},
};
use forthwith_ledger::Append;
use forthwith_sender::Ended;
use forthwith_testkit::relay::{Act, At, Relay, Script};
use std::time::Duration;

/// Octets of one line that are kept, and the line feed that ends a cut one.
const LINE_KEPT: usize = 4 * 1024 + 1;
/// Octets kept of what is no whole reply.
const UNREADABLE_KEPT: usize = 4 * 1024;
/// Each place in a transaction where the relay answers.
const PLACES: [At; 4] = [At::Mail, At::Rcpt, At::Data, At::Dot];

/// One notice. The relay answers with `act` the first time at `at`, and then as it should.
fn answered(offers: &[&str], at: At, act: Act) -> (Left, Relay) {
    let relay = Relay::start(Script::new(offers.iter().copied()).first(1, at, act)).unwrap();
    let left = run(plan(1), plaintext(&relay), |run| run.timeouts = timeouts(SILENCE_MS));
    (left, relay)
}

/// Returns the raw replies that the events of a notice keep.
fn replies(left: &Left) -> Vec<Vec<u8>> {
    let raw = |append: &Append| match append {
        Append::Notice(entry) => entry.particulars.reply.as_ref().map(|reply| reply.raw.clone()),
        Append::Run(_) => None,
    };
    left.ledger.events.iter().filter_map(raw).collect()
}

/// Returns what is kept of answers that are no whole reply.
fn unreadable(left: &Left) -> Vec<Vec<u8>> {
    let raw = |append: &Append| match append {
        Append::Run(event) if event.kind == "unreadable" => event.private.clone(),
        _ => None,
    };
    left.ledger.events.iter().filter_map(raw).collect()
}

/// What an answer that is no refusal and not the awaited one makes of the notice at `at`.
fn out_of_step(at: At) -> (Vec<H>, State) {
    match at {
        At::Dot => (vec![H::Offered, H::Doubted], State::Offered),
        _ => (vec![H::Offered, H::Requeued, H::Offered, H::Accepted], State::Accepted),
    }
}

#[test]
fn a_refusal_however_it_is_written_is_a_verdict_and_kept_as_it_came() {
    let long = [b"550 5.1.1 ".as_slice(), &vec![b'x'; 30_000], b"\r\n"].concat();
    for offers in [MODERN.as_slice(), OLD.as_slice()] {
        for (bytes, state) in [
            // Without text, with a bare LF, in another coding, with NULs, in several lines, very long.
            (b"550\r\n".as_slice(), State::Bounced),
            (b"550 \r\n", State::Bounced),
            (b"550 5.1.1 gone\n", State::Bounced),
            (b"550 5.1.1 inconnu \xe9\xff\r\n", State::Bounced),
            (b"550 5.1.1 \0no\0body\0\r\n", State::Bounced),
            (b"550-5.1.1 no\n550 5.1.1 body\r\n", State::Bounced),
            (b"550-\r\n550\r\n", State::Bounced),
            (&long, State::Bounced),
            // A code that no RFC has, of a class that all have.
            (b"571 go away\r\n", State::Deferred),
            (b"599\r\n", State::Deferred),
            (b"499 what\r\n", State::Deferred),
        ] {
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
            let (left, relay) = answered(offers, At::Rcpt, Act::Write(bytes.to_vec()));
            assert_eq!(left.ledger.notices[&1].standing.state, state, "{shown:?}");
            assert_eq!(relay.received().len(), 0, "{shown:?}");
            let kept = &replies(&left)[0];
            let as_it_came =
                if bytes.len() > LINE_KEPT { [&bytes[..LINE_KEPT - 1], b"\n"].concat() } else { bytes.to_vec() };
            assert_eq!(*kept, as_it_came, "{shown:?}");
        }
    }
}

/// A reply that is whole and says something else than was asked: 354 to MAIL, 250 to DATA, 999 to anything.
#[test]
fn a_reply_to_another_question_is_no_answer() {
    for offers in [MODERN.as_slice(), OLD.as_slice()] {
        for (at, text) in [
            (At::Mail, "354 go on"),
            (At::Rcpt, "354 go on"),
            (At::Data, "250 2.0.0 ok"),
            (At::Data, "221 2.0.0 bye"),
            (At::Dot, "354 go on"),
            (At::Dot, "200 ok"),
            (At::Mail, "999 what"),
            (At::Rcpt, "999 what"),
            (At::Data, "999 what"),
            (At::Dot, "999 what"),
            (At::Mail, "000 what"),
            (At::Dot, "150 what"),
        ] {
            let (left, relay) = answered(offers, at, Act::say(text));
            let (happened, state) = out_of_step(at);
            assert_eq!(left.happened(), happened, "{at:?} {text}");
            assert_eq!(left.ledger.notices[&1].standing.state, state, "{at:?} {text}");
            assert_eq!(replies(&left)[0], format!("{text}\r\n").into_bytes(), "{at:?}");
            assert_eq!(relay.received().len(), 1, "{at:?} {text}: one copy, whoever has it");
        }
    }
}

#[test]
fn what_is_no_reply_at_all_is_a_lost_line_and_its_beginning_is_kept() {
    let endless = b"250-more\r\n".repeat(10_000);
    let long = [b"250 ".as_slice(), &vec![b'x'; 10 * 1024 * 1024]].concat();
    let web = b"HTTP/1.1 400 Bad Request\r\n".as_slice();
    for offers in [MODERN.as_slice(), OLD.as_slice()] {
        for bytes in [
            &endless,
            &long,
            web,
            b"\0\0\0\0\r\n",
            b"\x00250 ok\r\n",
            b"\r\n",
            b"250-a\r\n550 b\r\n",
            b"2500 ok\r\n",
        ] {
            for at in PLACES {
                let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(20)]).into_owned();
                let act = Act::Several(vec![Act::Write(bytes.to_vec()), Act::Close]);
                let relay = Relay::start(Script::new(offers.iter().copied()).first(1, at, act)).unwrap();
                let left = run(plan(1), plaintext(&relay), |_| ());
                let (happened, state) = out_of_step(at);
                assert_eq!(left.happened(), happened, "{at:?} {shown:?}");
                assert_eq!(left.ledger.notices[&1].standing.state, state, "{at:?} {shown:?}");
                assert_eq!(relay.received().len(), 1, "{at:?} {shown:?}: one copy, whoever has it");
                let kept = &unreadable(&left)[0];
                assert!(kept.len() <= UNREADABLE_KEPT && !kept.is_empty(), "{at:?} {shown:?}: {}", kept.len());
                assert!(bytes.starts_with(kept), "{at:?} {shown:?}");
            }
        }
    }
}

/// A line that breaks within a reply leaves its digits as evidence, and never as a verdict.
#[test]
fn half_a_reply_is_kept_and_is_no_verdict() {
    for half in [b"25".as_slice(), b"250", b"250 2.0.0 take", b"250-2.0.0 taken\r\n", b"550-5.1.1 no\r\n550"] {
        for end in [Act::Close, Act::Stall] {
            let (left, _relay) = answered(&MODERN, At::Dot, Act::Several(vec![Act::Write(half.to_vec()), end]));
            assert_eq!(left.happened(), [H::Offered, H::Doubted], "{half:?}");
            assert_eq!(unreadable(&left), [half.to_vec()]);
        }
    }
}

/// Two replies in one packet: the first is the answer, and the line is not used again.
#[test]
fn a_reply_too_many_spoils_the_line_and_no_other_notice() {
    let surplus = |first: &str| Act::Write(format!("{first}\r\n554 5.6.0 and this\r\n").into_bytes());
    for offers in [MODERN.as_slice(), OLD.as_slice()] {
        let script = Script::new(offers.iter().copied()).first(1, At::Dot, surplus("250 2.0.0 taken"));
        let relay = Relay::start(script).unwrap();
        let left = run(plan(3), plaintext(&relay), |_| ());
        assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 3));
        assert_eq!((relay.received().len(), relay.times(At::Greeting)), (3, 2), "nobody twice, and a new line");

        for (at, first) in [(At::Mail, "250 2.1.0 ok"), (At::Rcpt, "250 2.1.5 ok"), (At::Data, "354 go on")] {
            let (left, relay) = answered(offers, at, surplus(first));
            assert_eq!(left.count(State::Accepted) + left.count(State::Bounced), 1, "{at:?}");
            assert_eq!(relay.received().len(), left.count(State::Accepted), "{at:?}: one copy at most");
        }
    }
}

/// A relay that answers before it is asked is not believed, at the dot least of all.
#[test]
fn an_answer_to_the_dot_before_the_content_is_not_believed() {
    for offers in [MODERN.as_slice(), OLD.as_slice()] {
        let early = Act::Write(b"354 go on\r\n250 2.0.0 taken\r\n".to_vec());
        let (left, relay) = answered(offers, At::Data, early);
        assert_eq!(left.happened(), [H::Offered, H::Requeued, H::Offered, H::Accepted]);
        assert_eq!(relay.received().len(), 1);
        assert!(!String::from_utf8_lossy(&relay.clear()[0]).contains("Subject"), "no content on that line");
    }
}

/// One octet in 30 s, some hundred times faster, as are the deadlines: the time is for the whole reply.
#[test]
fn a_slow_reply_has_the_time_of_its_stage_and_no_more() {
    let each = Duration::from_millis(30);
    let too_many = usize::try_from(2 * SILENCE_MS).unwrap() / 30;
    let slow = |text: &str| Act::Trickle(text.as_bytes().to_vec(), each);
    let at_each = |at| {
        let code = if at == At::Data { "354" } else { "250" };
        let (left, _relay) = answered(&OLD, at, slow(&format!("{code} {}\r\n", "x".repeat(too_many))));
        let (happened, state) = out_of_step(at);
        assert_eq!(left.happened(), happened, "{at:?}");
        assert_eq!(left.ledger.notices[&1].standing.state, state, "{at:?}");
        let (left, _relay) = answered(&OLD, at, slow(&format!("{code}\r\n")));
        assert_eq!(left.happened(), [H::Offered, H::Accepted], "{at:?}");
    };
    // Each waits and hardly works.
    std::thread::scope(|scope| {
        PLACES.map(|at| scope.spawn(move || at_each(at))).map(|place| place.join().unwrap())
    });
}

/// Before there is a notice to judge, nonsense is the relay's matter: it is tried again, and nobody is touched.
#[test]
fn nonsense_before_the_first_notice_touches_nobody() {
    for (at, bytes) in [
        (At::Greeting, b"220 hello\r\n250 early\r\n".as_slice()),
        (At::Greeting, b"SSH-2.0-OpenSSH_9.2\r\n"),
        (At::Ehlo, b"250-a\r\n250 b\r\n250 early\r\n"),
        (At::Ehlo, b"\0\0\0\r\n"),
    ] {
        let relay = Relay::start(Script::new(MODERN).first(1, at, Act::Write(bytes.to_vec()))).unwrap();
        let left = run(plan(1), plaintext(&relay), |_| ());
        assert_eq!(left.ended, Ended::Done, "{at:?}");
        assert_eq!(left.happened(), [H::Offered, H::Accepted], "{at:?}");
    }
    for (at, stage) in [(At::Greeting, Stage::Greeting), (At::Ehlo, Stage::Ehlo)] {
        for text in ["571 go away", "554"] {
            let relay = Relay::start(Script::new(MODERN).always(at, Act::say(text))).unwrap();
            let left = run(plan(1), plaintext(&relay), |_| ());
            let Ended::RelayRefuses(Failure { stage: found, answer: Answer::Reply(reply), .. }) = &left.ended
            else {
                panic!("{at:?} {text}: {:?}", left.ended)
            };
            assert_eq!((*found, &reply.raw), (stage, &format!("{text}\r\n").into_bytes()));
            assert_eq!(left.count(State::Queued), 1);
        }
    }
}
