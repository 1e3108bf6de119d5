//! The exact octets of a dialogue, both with an old relay and with a modern one.

use crate::stand::{MODERN, OLD, plaintext, plan, render, run};
use forthwith_core::state::State;
use forthwith_ledger::model::sample_notice;
use forthwith_sender::Ended;
use forthwith_testkit::relay::{Act, At, Relay, Script};
use jiff::Timestamp;
use std::sync::Arc;

const DATE: i64 = 1_790_000_000;

/// Returns the message of the first sample notice as it stands on the wire, dots stuffed, with the final dot.
fn wire_message() -> (String, usize, String) {
    let token = sample_notice(1).token;
    let date = Timestamp::from_second(DATE).unwrap().strftime("%a, %d %b %Y %H:%M:%S +0000");
    let head = format!(
        "From: Security <security@example.org>\r\nTo: person1@example.org\r\nDate: {date}\r\n\
         Message-ID: <{token}.x@example.org>\r\nSubject: Notice of data breach\r\nMIME-Version: 1.0\r\n\
         X-Forthwith-ID: {token}\r\n\r\n"
    );
    let octets = head.len() + "Hello,\r\n.\r\n..two\r\n.hidden\r\nbye\r\n".len();
    (format!("{head}Hello,\r\n..\r\n...two\r\n..hidden\r\nbye\r\n.\r\n"), octets, token.as_str().to_owned())
}

#[test]
fn an_old_relay_gets_one_command_at_a_time_and_nothing_it_does_not_offer() {
    let relay = Relay::start(Script::new(OLD)).unwrap();
    let left = run(plan(1), plaintext(&relay), |run| {
        run.clock = Arc::new(|| Timestamp::from_second(DATE).unwrap());
    });
    assert_eq!(left.ended, Ended::Done);
    let (message, _, token) = wire_message();
    let expected = format!(
        "EHLO mailer.example\r\nMAIL FROM:<bounce+{token}@bounces.example.org>\r\n\
         RCPT TO:<person1@example.org>\r\nDATA\r\n{message}QUIT\r\n"
    );
    assert_eq!(String::from_utf8_lossy(&relay.clear()[0]), expected);
}

#[test]
fn a_modern_relay_gets_grouped_commands_with_size_and_delivery_reports() {
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let left = run(plan(1), plaintext(&relay), |run| {
        run.clock = Arc::new(|| Timestamp::from_second(DATE).unwrap());
    });
    assert_eq!(left.ended, Ended::Done);
    let (message, octets, token) = wire_message();
    let expected = format!(
        "EHLO mailer.example\r\nMAIL FROM:<bounce+{token}@bounces.example.org> SIZE={octets} RET=HDRS ENVID={token}\r\n\
         RCPT TO:<person1@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;person1@example.org\r\nDATA\r\n{message}QUIT\r\n"
    );
    assert_eq!(String::from_utf8_lossy(&relay.clear()[0]), expected);
}

#[test]
fn commands_are_grouped_only_where_that_is_offered() {
    for (offers, held_back) in [(MODERN.as_slice(), false), (OLD.as_slice(), true)] {
        // The relay looks at what has come before it answers MAIL.
        let relay = Relay::start(Script::new(offers.iter().copied()).always(
            At::Mail,
            Act::Several(vec![Act::Wait(std::time::Duration::from_millis(50)), Act::say("550 5.7.1 not you")]),
        ))
        .unwrap();
        run(plan(1), plaintext(&relay), |_| ());
        let said = String::from_utf8_lossy(&relay.clear()[0]).into_owned();
        assert_eq!(said.contains("RCPT"), !held_back, "{said}");
    }
}

#[test]
fn many_notices_over_several_lines_arrive_once_each_and_byte_for_byte() {
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let left = run(plan(500), plaintext(&relay), |run| run.connections = 8);
    assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 500));
    let mut received: Vec<_> = relay.received().into_iter().map(|received| received.rcpt).collect();
    assert_eq!(received.len(), 500);
    received.sort();
    received.dedup();
    assert_eq!(received.len(), 500, "nobody is told twice");
    let lines = relay.times(At::Greeting);
    assert!((2..=8).contains(&lines), "{lines} lines");
    assert_eq!(left.facts("connected").len(), lines);
    assert_eq!(left.facts("connected")[0]["tls"], "none");
    assert_eq!(relay.times(At::Rset), 0, "RSET only after a refusal");
}

#[test]
fn the_date_of_the_first_offer_is_that_of_every_later_one() {
    let relay = Relay::start(Script::new(MODERN).first(1, At::Dot, Act::say("451 4.3.0 later"))).unwrap();
    let at = |seconds: i64| -> forthwith_sender::Clock {
        Arc::new(move || Timestamp::from_second(DATE + seconds).unwrap())
    };
    let mut left = run(plan(1), plaintext(&relay), |run| run.clock = at(0));
    assert!(matches!(left.ended, Ended::OnlyLaterRetries { .. }), "{:?}", left.ended);
    left.ledger.end_run();
    let left = run(left.ledger, plaintext(&relay), |run| run.clock = at(3600));
    assert_eq!(left.ended, Ended::Done);
    let received = relay.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].message, received[1].message);
}

#[test]
fn a_message_that_is_not_the_planned_one_is_never_offered() {
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let left = run(plan(3), plaintext(&relay), |run| {
        let planned = render();
        run.render = Arc::new(move |claimed, date| {
            let mut message = planned(claimed, date)?;
            message.content = forthwith_core::digest::Digest::of(b"something else");
            Ok(message)
        });
    });
    assert!(matches!(left.ended, Ended::ContentChanged { .. }), "{:?}", left.ended);
    assert_eq!((left.happened().len(), relay.times(At::Mail), left.count(State::Queued)), (0, 0, 3));
}

#[test]
fn no_end_of_data_can_be_smuggled_past_the_gate() {
    let ends = [
        "\n.\n",
        "\n.\r",
        "\r.\n",
        "\r.\r",
        "\n.\r\n",
        "\r.\r\n",
        "\r\n\0.\r\n",
        "\r\n.\r\r\n",
        "\r\r\n.\r\r\n",
        "\r\n.\n",
        "\r\n.\r",
    ];
    for end in ends {
        let relay = Relay::start(Script::new(MODERN)).unwrap();
        let left = run(plan(1), plaintext(&relay), |run| {
            let planned = render();
            run.render = Arc::new(move |claimed, date| {
                let mut message = planned(claimed, date)?;
                message.bytes.extend_from_slice(format!("x{end}MAIL FROM:<e@example.org>\r\n").as_bytes());
                Ok(message)
            });
        });
        assert!(matches!(left.ended, Ended::GateRefused { .. }), "{end:?}: {:?}", left.ended);
        assert_eq!((relay.times(At::Mail), relay.received().len()), (0, 0), "{end:?}");
    }
}

#[test]
fn a_return_path_that_ends_the_command_is_never_offered() {
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let left = run(plan(1), plaintext(&relay), |run| {
        let planned = render();
        run.render = Arc::new(move |claimed, date| {
            let mut message = planned(claimed, date)?;
            message.return_path = "a@example.org>\r\nRCPT TO:<eve@example.org".to_owned();
            Ok(message)
        });
    });
    assert!(matches!(left.ended, Ended::GateRefused { .. }), "{:?}", left.ended);
    assert_eq!(relay.times(At::Mail), 0);
}
