//! Who we are to the relay, and that a wrong password is nobody's bounce.

use crate::stand::{plaintext, plan, run};
use forthwith_core::{
    delivery::{Login, PasswordSource},
    engine::Failure,
    private::Private,
    state::State,
    verdict::{Answer, Stage},
};
use forthwith_sender::{Ended, Run};
use forthwith_testkit::relay::{Act, At, Relay, Script};
use std::path::PathBuf;

fn as_tim(password: &str) -> impl FnOnce(&mut Run) {
    let password = Private::new(password.to_owned());
    move |run| {
        run.server.login = Some(Login { user: "tim".to_owned(), password: PasswordSource::File(PathBuf::new()) });
        run.password = Some(password);
    }
}

#[test]
fn plain_and_login_are_spoken() {
    for offer in ["AUTH PLAIN LOGIN", "AUTH LOGIN", "auth=login plain"] {
        let relay = Relay::start(Script::new(["PIPELINING", offer]).login("tim", "tanstaaftanstaaf")).unwrap();
        let left = run(plan(3), plaintext(&relay), as_tim("tanstaaftanstaaf"));
        assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 3), "{offer}");
    }
}

#[test]
fn a_wrong_password_ends_the_run_and_touches_no_notice() {
    for offer in ["AUTH PLAIN", "AUTH LOGIN"] {
        let relay = Relay::start(Script::new(["PIPELINING", offer]).login("tim", "tanstaaftanstaaf")).unwrap();
        let left = run(plan(50), plaintext(&relay), as_tim("wrong"));
        let Ended::RelayRefuses(Failure { stage: Stage::Auth, answer: Answer::Reply(reply), .. }) = &left.ended
        else {
            panic!("{:?}", left.ended)
        };
        assert_eq!(reply.code, 535);
        assert_eq!((left.count(State::Queued), left.happened().len()), (50, 0));
        assert_eq!((relay.times(At::Mail), relay.times(At::Greeting)), (0, 1), "it is not tried again");
        assert_eq!(left.facts("relay-failed")[0]["stage"], "AUTH");
    }
}

#[test]
fn a_relay_that_offers_no_login_is_refused_with_a_reason() {
    let relay = Relay::start(Script::new(["PIPELINING", "AUTH CRAM-MD5"])).unwrap();
    let left = run(plan(1), plaintext(&relay), as_tim("x"));
    let Ended::RelayRefuses(Failure { stage: Stage::Auth, answer: Answer::Lost(why), .. }) = &left.ended else {
        panic!("{:?}", left.ended)
    };
    assert!(why.contains("AUTH PLAIN"), "{why}");
}

#[test]
fn a_login_that_is_refused_for_now_is_tried_again() {
    let script = Script::new(["PIPELINING", "AUTH PLAIN"]).login("tim", "x").first(
        1,
        At::Auth,
        Act::say("454 4.7.0 not now"),
    );
    let relay = Relay::start(script).unwrap();
    let left = run(plan(1), plaintext(&relay), as_tim("x"));
    assert_eq!((&left.ended, relay.times(At::Auth)), (&Ended::Done, 2));
}
