//! Postfix's own sink as the relay, with its faults: the verdicts are those of the scripted relay, and what
//! arrived is what somebody else's program wrote down.

use crate::stand::{Left, SILENCE_MS, plan, run, timeouts};
use forthwith_core::{
    delivery::{Security, Server},
    state::{Happening as H, State},
};
use forthwith_testkit::{
    sink::{Keep, Sink},
    tools,
};

/// One notice to a sink with these switches; how many copies it recorded.
fn told(switches: &[&str]) -> Option<(Left, usize)> {
    let program = tools::require("smtp-sink")?;
    let sink = Sink::start(&program, Keep::Messages, switches).unwrap();
    let server = Server {
        host: "127.0.0.1".to_owned(),
        port: sink.address().port(),
        security: Security::Plaintext,
        allow_plaintext: false,
        ca_file: None,
        login: None,
        ehlo_name: Some("mailer.example".to_owned()),
        messages_per_connection: None,
    };
    let left = run(plan(1), server, |run| run.timeouts = timeouts(SILENCE_MS));
    let copies = sink.recorded().unwrap().len();
    Some((left, copies))
}

#[test]
fn each_fault_of_the_sink_has_its_verdict_and_at_most_one_copy() {
    let in_doubt = [H::Offered, H::Doubted].as_slice();
    let accepted = [H::Offered, H::Accepted].as_slice();
    let (deferred, bounced) = ([H::Offered, H::Deferred].as_slice(), [H::Offered, H::Bounced].as_slice());
    for (switches, happened, state, copies) in [
        // It takes the message and hangs up, or answers too late.
        (["-q", "."].as_slice(), in_doubt, State::Offered, 1),
        (&["-W", ".:6"], in_doubt, State::Offered, 1),
        // It writes a message down before it refuses it.
        (&["-r", "."], deferred, State::Deferred, 1),
        (&["-f", "."], bounced, State::Bounced, 1),
        (&["-Q", "data"], deferred, State::Deferred, 0),
        (&["-r", "data"], deferred, State::Deferred, 0),
        (&["-r", "rcpt"], deferred, State::Deferred, 0),
        (&["-f", "rcpt"], bounced, State::Bounced, 0),
        // It withholds extensions, or reads through a keyhole.
        (&["-p"], accepted, State::Accepted, 1),
        (&["-8", "-E", "-N"], accepted, State::Accepted, 1),
        (&["-T", "1"], accepted, State::Accepted, 1),
    ] {
        let Some((left, found)) = told(switches) else { return };
        assert_eq!(left.happened(), happened, "{switches:?} {:?}", left.ended);
        assert_eq!((left.ledger.notices[&1].standing.state, found), (state, copies), "{switches:?}");
    }
}
