//! Required TLS stays required: whatever a relay, or somebody on the way to it, does to the handshake, no octet
//! of a login or a notice goes out in clear. The judge is what the relay's socket received.

use crate::stand::{MODERN, plaintext, plan, run};
use forthwith_core::{
    delivery::{Login, PasswordSource, Security, Server},
    engine::Failure,
    private::Private,
    state::State,
    verdict::{Answer, Stage},
};
use forthwith_ledger::model::sample_notice;
use forthwith_sender::{Ended, Run};
use forthwith_testkit::relay::{
    Act, At, Protection, Relay, Script,
    certificate::{Certificate, Flaw},
};
use std::{path::PathBuf, time::Duration};

/// All that may go out in clear before TLS.
const PREAMBLE: &[u8] = b"EHLO mailer.example\r\nSTARTTLS\r\n";
/// The ways to protect a line, and where a flaw of the handshake shows in each.
const WAYS: [(Security, Stage); 2] =
    [(Security::ImplicitTls, Stage::Connect), (Security::StartTls, Stage::StartTls)];
const USER: &str = "canary-user";
const PASSWORD: &str = "canary-password";
/// User and password as AUTH PLAIN and AUTH LOGIN write them (RFC 4616, RFC 4648 section 4).
const ENCODED: [&str; 3] = ["AGNhbmFyeS11c2VyAGNhbmFyeS1wYXNzd29yZA==", "Y2FuYXJ5LXVzZXI=", "Y2FuYXJ5LXBhc3N3b3Jk"];

/// A `ServerHello` of TLS 1.1 as `openssl s_server -tls1_1` of OpenSSL 3.0.19 answers a client that offers
/// newer versions; rustls can serve none.
const SERVER_HELLO_TLS_1_1: &[u8] = b"\x16\x03\x02\x00\x45\x02\x00\x00\x41\x03\x02\
    \xe6\x94\x90\xba\xd0\x54\x26\xab\xe4\x72\xb7\xe6\x62\xc6\xf0\x08\
    \x7c\x39\x33\xb5\xc7\xa5\xc3\xf4\xc4\xd1\xa2\xb1\x1d\xa5\x77\x8a\
    \x00\xc0\x14\x00\x00\x19\xff\x01\x00\x01\x00\x00\x0b\x00\x04\x03\x00\x01\x02\
    \x00\x23\x00\x00\x00\x16\x00\x00\x00\x17\x00\x00";
/// The fatal alerts `protocol_version` and `handshake_failure` (RFC 5246 section 7.2), in records of TLS 1.1.
const ALERTS: [&[u8]; 2] = [b"\x15\x03\x02\x00\x02\x02\x46", b"\x15\x03\x02\x00\x02\x02\x28"];

/// A relay that a run is held against.
struct Case {
    name: String,
    script: Box<dyn Fn() -> Script>,
    security: Security,
    ca: Option<Certificate>,
    stage: Stage,
    /// What the operator is told.
    says: &'static str,
}

impl Case {
    /// Runs it without and with a login, and holds that nobody is touched and nothing told.
    fn hold(&self) {
        for has_login in [false, true] {
            let name = format!("{}, {:?}, login {has_login}", self.name, self.security);
            let relay = Relay::start((self.script)()).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let server = server(&relay, self.security, self.ca.as_ref(), folder.path());
            let left = run(plan(3), server, |run| log_in(run, has_login));
            let Ended::RelayRefuses(Failure { stage, answer, .. }) = &left.ended else {
                panic!("{name}: {:?}", left.ended)
            };
            let said = match answer {
                Answer::Lost(why) => why.clone(),
                Answer::Reply(reply) => String::from_utf8_lossy(&reply.raw).into_owned(),
            };
            assert_eq!(*stage, self.stage, "{name}: {said}");
            assert!(said.contains(self.says), "{name}: {said}");
            assert_eq!((left.count(State::Queued), left.happened().len()), (3, 0), "{name}");
            let clear = leaks(&relay);
            assert!(clear.is_empty(), "{name}: in clear went {clear:?}");
            assert!(relay.protected().iter().all(Vec::is_empty), "{name}: something was told under TLS");
        }
    }
}

fn server(relay: &Relay, security: Security, ca: Option<&Certificate>, folder: &std::path::Path) -> Server {
    let ca_file = ca.map(|certificate| {
        let path = folder.join("ca.pem");
        std::fs::write(&path, certificate.authority()).unwrap();
        path
    });
    Server { host: "localhost".to_owned(), security, ca_file, ..plaintext(relay) }
}

fn log_in(run: &mut Run, has_login: bool) {
    if has_login {
        let password = PasswordSource::File(PathBuf::new());
        run.server.login = Some(Login { user: USER.to_owned(), password });
        run.password = Some(Private::new(PASSWORD.to_owned()));
    }
}

/// Returns what a relay's socket received beside the permitted commands and whole TLS records, and every trace
/// of a login or a notice in all of it.
fn leaks(relay: &Relay) -> Vec<String> {
    let mut found = Vec::new();
    let secrets: Vec<String> = (1..=3)
        .flat_map(|notice| [sample_notice(notice).token.as_str().to_owned(), format!("person{notice}@")])
        .chain([USER, PASSWORD, "AUTH", "MAIL FROM", "RCPT TO", "Subject:"].map(str::to_owned))
        .chain(ENCODED.map(str::to_owned))
        .collect();
    for wire in relay.wire() {
        let text = String::from_utf8_lossy(&wire);
        found.extend(secrets.iter().filter(|secret| text.contains(secret.as_str())).cloned());
        let rest = after_records(after_preamble(&wire));
        if !rest.is_empty() {
            found.push(String::from_utf8_lossy(rest).into_owned());
        }
    }
    found
}

/// Skips the longest beginning of [`PREAMBLE`].
fn after_preamble(wire: &[u8]) -> &[u8] {
    let common = wire.iter().zip(PREAMBLE).take_while(|(written, allowed)| written == allowed).count();
    &wire[common..]
}

/// Skips whole TLS records: type, version 3.x, length, as many octets (RFC 8446 section 5.1).
fn after_records(mut rest: &[u8]) -> &[u8] {
    while let [20..=23, 3, 0..=4, high, low, more @ ..] = rest {
        let Some(next) = more.get(usize::from(u16::from_be_bytes([*high, *low]))..) else { break };
        rest = next;
    }
    rest
}

fn protection(security: Security, certificate: &Certificate) -> Protection {
    match security {
        Security::StartTls => Protection::StartTls(certificate.clone()),
        _ => Protection::Implicit(certificate.clone()),
    }
}

fn offering() -> Script {
    Script::new(MODERN.into_iter().chain(["AUTH PLAIN LOGIN"])).login(USER, PASSWORD)
}

#[test]
fn a_certificate_with_any_flaw_gets_nothing() {
    for (flaw, says) in [
        (Flaw::Expired, "has expired"),
        (Flaw::NotYet, "check the clock"),
        (Flaw::OtherName, "is not for localhost"),
        (Flaw::OtherUsage, "another use than a server's"),
        (Flaw::SelfSigned, "CA:TRUE"),
    ] {
        let certificate = Certificate::new(flaw);
        for (security, stage) in WAYS {
            let protection = protection(security, &certificate);
            let script = Box::new(move || offering().protected(protection.clone()));
            let ca = Some(certificate.clone());
            Case { name: format!("{flaw:?}"), script, security, ca, stage, says }.hold();
        }
    }
}

/// Of an unknown authority, or signed by itself: refused with the name of what mends it, and mended by it.
#[test]
fn what_nobody_vouches_for_gets_nothing_until_ca_file_names_it() {
    for flaw in [Flaw::None, Flaw::SelfSignedLeaf] {
        let (certificate, other) = (Certificate::new(flaw), Certificate::new(Flaw::None));
        for (security, stage) in WAYS {
            let protection = protection(security, &certificate);
            let script = move || offering().protected(protection.clone());
            let ca = Some(other.clone());
            let boxed = Box::new(script.clone());
            Case { name: format!("{flaw:?}"), script: boxed, security, ca, stage, says: "in ca_file" }.hold();

            let (relay, folder) = (Relay::start(script()).unwrap(), tempfile::tempdir().unwrap());
            let server = server(&relay, security, Some(&certificate), folder.path());
            let left = run(plan(3), server, |run| log_in(run, true));
            assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 3), "{flaw:?}");
            assert_eq!((relay.received().len(), leaks(&relay)), (3, Vec::new()));
        }
    }
}

#[test]
fn versions_before_tls_1_2_get_nothing() {
    let certificate = Certificate::new(Flaw::None);
    for (octets, says) in [SERVER_HELLO_TLS_1_1, ALERTS[0], ALERTS[1]].map(|octets| (octets, "not safe")) {
        for (security, stage) in WAYS {
            let protection = protection(security, &certificate);
            let script = Box::new(move || offering().protected(protection.clone()).misanswering(octets));
            let ca = Some(certificate.clone());
            Case { name: format!("TLS 1.1 {octets:x?}"), script, security, ca, stage, says }.hold();
        }
    }
}

/// What a relay answers to STARTTLS when it, or somebody before it, does not want TLS.
#[test]
fn a_starttls_that_is_not_kept_gets_nothing() {
    const INJECTED: &[u8] = b"220 2.0.0 go on\r\n250-INJECTED\r\n250 AUTH PLAIN\r\n";
    let certificate = Certificate::new(Flaw::None);
    let twice = Act::Write(b"220 2.0.0 go on\r\n220 2.0.0 go on\r\n".to_vec());
    let twice_slowly = Act::Several(vec![
        Act::say("220 2.0.0 go on"),
        Act::Wait(Duration::from_millis(50)),
        Act::say("220 2.0.0 go on"),
    ]);
    let half_a_line = Act::Write(b"220 2.0.0 go on\r\n2".to_vec());
    for (name, act, says) in [
        ("refused", Act::say("502 5.5.1 no such command"), "502"),
        ("refused for good", Act::say("554 5.7.0 not for you"), "554"),
        ("answered with extra octets", Act::Write(INJECTED.to_vec()), "somebody on the way"),
        ("answered twice", twice, "somebody on the way"),
        ("answered twice, the second time late", twice_slowly, "somebody on the way"),
        ("answered with an octet too many", half_a_line, "somebody on the way"),
    ] {
        let protection = Protection::StartTls(certificate.clone());
        let script = Box::new(move || offering().protected(protection.clone()).always(At::StartTls, act.clone()));
        let (security, ca) = (Security::StartTls, Some(certificate.clone()));
        Case { name: name.to_owned(), script, security, ca, stage: Stage::StartTls, says }.hold();
    }
}

#[test]
fn a_starttls_that_is_not_offered_gets_nothing() {
    let (security, stage, says) = (Security::StartTls, Stage::StartTls, "does not offer STARTTLS");
    let name = "missing".to_owned();
    Case { name, script: Box::new(offering), security, ca: None, stage, says }.hold();
}

/// A refusal for now is tried again, and again with TLS or not at all.
#[test]
fn a_starttls_refused_for_now_is_tried_again_under_tls() {
    let certificate = Certificate::new(Flaw::None);
    let refused = Act::say("454 4.7.0 not just now");
    let script = offering().protected(Protection::StartTls(certificate.clone())).first(1, At::StartTls, refused);
    let (relay, folder) = (Relay::start(script).unwrap(), tempfile::tempdir().unwrap());
    let server = server(&relay, Security::StartTls, Some(&certificate), folder.path());
    let left = run(plan(3), server, |run| log_in(run, true));
    assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 3));
    assert_eq!((relay.times(At::StartTls), relay.received().len(), leaks(&relay)), (2, 3, Vec::new()));
}

/// The judge sees what it looks for: over a line that is not protected, all of it.
#[test]
fn a_run_in_clear_is_seen_as_one() {
    let relay = Relay::start(offering()).unwrap();
    let left = run(plan(3), plaintext(&relay), |run| log_in(run, true));
    assert_eq!(left.ended, Ended::Done);
    let clear = leaks(&relay);
    for secret in [ENCODED[0], "AUTH", "MAIL FROM", "RCPT TO", "Subject:", "person2@"] {
        assert!(clear.iter().any(|found| found == secret), "{secret} was not seen: {clear:?}");
    }
}
