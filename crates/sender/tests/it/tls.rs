//! TLS: what is trusted, what is refused, what is said about it, and that nothing goes out in clear.

use crate::stand::{MODERN, plaintext, plan, run, timeouts};
use forthwith_core::{
    delivery::{Login, PasswordSource, Security, Server},
    engine::Failure,
    private::Private,
    state::State,
    verdict::{Answer, Stage},
};
use forthwith_sender::Ended;
use forthwith_testkit::relay::{
    Act, At, Protection, Relay, Script,
    certificate::{Certificate, Flaw},
};
use std::path::PathBuf;

/// A file with the authority's certificate, as long as the folder lives.
fn ca_file(certificate: &Certificate) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, certificate.authority()).unwrap();
    (folder, path)
}

fn protected(relay: &Relay, security: Security, ca_file: Option<PathBuf>) -> Server {
    Server { host: "localhost".to_owned(), security, ca_file, ..plaintext(relay) }
}

fn why(ended: &Ended) -> (Stage, &str) {
    match ended {
        Ended::RelayRefuses(Failure { stage, answer: Answer::Lost(why), .. }) => (*stage, why),
        other => panic!("{other:?}"),
    }
}

/// Returns whether a relay saw anything of a notice or a login in clear.
fn leaked(relay: &Relay) -> bool {
    relay.clear().iter().any(|said| {
        let said = String::from_utf8_lossy(said).to_ascii_uppercase();
        let words = ["AUTH", "MAIL", "RCPT", "DATA", "FROM", "TO:", "SUBJECT"];
        said.lines().any(|line| words.iter().any(|word| line.starts_with(word)))
    })
}

#[test]
fn a_trusted_relay_is_used_by_either_way_and_its_certificate_is_recorded() {
    let certificate = Certificate::new(Flaw::None);
    let (_folder, ca) = ca_file(&certificate);
    for (security, protection) in [
        (Security::ImplicitTls, Protection::Implicit(certificate.clone())),
        (Security::StartTls, Protection::StartTls(certificate.clone())),
    ] {
        let relay = Relay::start(Script::new(MODERN).protected(protection)).unwrap();
        let left = run(plan(20), protected(&relay, security, Some(ca.clone())), |run| run.connections = 3);
        assert_eq!((&left.ended, left.count(State::Accepted)), (&Ended::Done, 20));
        assert_eq!(relay.received().len(), 20);
        assert!(!leaked(&relay));
        let facts = &left.facts("connected")[0];
        assert_eq!(facts["tls"], "TLSv1.3");
        assert!(facts["certificate"].starts_with("sha256:"));
    }
}

#[test]
fn a_certificate_that_is_not_good_ends_the_run_and_says_what_to_do() {
    for (flaw, words) in
        [(Flaw::Expired, "has expired"), (Flaw::OtherName, "is not for localhost"), (Flaw::SelfSigned, "CA:TRUE")]
    {
        let certificate = Certificate::new(flaw);
        let (_folder, ca) = ca_file(&certificate);
        for (security, protection, stage) in [
            (Security::ImplicitTls, Protection::Implicit(certificate.clone()), Stage::Connect),
            (Security::StartTls, Protection::StartTls(certificate.clone()), Stage::StartTls),
        ] {
            let relay = Relay::start(Script::new(MODERN).protected(protection)).unwrap();
            let left = run(plan(3), protected(&relay, security, Some(ca.clone())), |_| ());
            let (at, why) = why(&left.ended);
            assert_eq!(at, stage, "{flaw:?}");
            assert!(why.contains(words), "{flaw:?}: {why}");
            assert_eq!((left.count(State::Queued), left.happened().len()), (3, 0), "no notice is touched");
            assert!(!leaked(&relay) && relay.received().is_empty());
        }
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_and_ca_file_mends_it() {
    let (one, other) = (Certificate::new(Flaw::None), Certificate::new(Flaw::None));
    let (_folder, ca) = ca_file(&one);
    let (_other_folder, other_ca) = ca_file(&other);
    let relay = Relay::start(Script::new(MODERN).protected(Protection::Implicit(one))).unwrap();
    let left = run(plan(1), protected(&relay, Security::ImplicitTls, Some(other_ca)), |_| ());
    let (_, why) = why(&left.ended);
    assert!(why.contains("ca_file"), "{why}");
    let left = run(left.ledger, protected(&relay, Security::ImplicitTls, Some(ca)), |_| ());
    assert_eq!(left.ended, Ended::Done);
}

#[test]
fn a_ca_file_that_is_not_there_or_not_pem_is_named() {
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    for path in [folder.path().join("missing.pem"), empty] {
        let left = run(plan(1), protected(&relay, Security::ImplicitTls, Some(path.clone())), |_| ());
        let Ended::CannotSetUp { why } = &left.ended else { panic!("{:?}", left.ended) };
        assert!(why.contains(path.to_str().unwrap()), "{why}");
    }
}

#[test]
fn a_stripped_starttls_ends_the_run_with_nothing_in_clear() {
    let certificate = Certificate::new(Flaw::None);
    let (_folder, ca) = ca_file(&certificate);
    for script in [
        // Not offered, refused, or refused for now.
        Script::new(MODERN),
        Script::new(["STARTTLS"]).always(At::StartTls, Act::say("502 5.5.1 no such command")),
    ] {
        let relay = Relay::start(script).unwrap();
        let left = run(plan(2), protected(&relay, Security::StartTls, Some(ca.clone())), |run| {
            run.server.login =
                Some(Login { user: "tim".to_owned(), password: PasswordSource::File(PathBuf::new()) });
            run.password = Some(Private::new("secret".to_owned()));
        });
        assert!(
            matches!(left.ended, Ended::RelayRefuses(Failure { stage: Stage::StartTls, .. })),
            "{:?}",
            left.ended
        );
        assert!(!leaked(&relay));
        assert_eq!(left.count(State::Queued), 2);
    }
}

#[test]
fn octets_injected_after_starttls_are_refused() {
    let certificate = Certificate::new(Flaw::None);
    let (_folder, ca) = ca_file(&certificate);
    let injected = Act::Write(b"220 2.0.0 go on\r\n250-INJECTED\r\n250 AUTH PLAIN\r\n".to_vec());
    let script = Script::new(MODERN).protected(Protection::StartTls(certificate)).always(At::StartTls, injected);
    let relay = Relay::start(script).unwrap();
    let left = run(plan(2), protected(&relay, Security::StartTls, Some(ca)), |_| ());
    let (stage, why) = why(&left.ended);
    assert_eq!(stage, Stage::StartTls);
    assert!(why.contains("somebody on the way"), "{why}");
    assert!(!leaked(&relay) && relay.protected().iter().all(Vec::is_empty));
}

#[test]
fn a_relay_that_speaks_in_clear_on_a_tls_port_is_told_apart() {
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let certificate = Certificate::new(Flaw::None);
    let (_folder, ca) = ca_file(&certificate);
    let left =
        run(plan(1), protected(&relay, Security::ImplicitTls, Some(ca)), |run| run.timeouts = timeouts(2000));
    let (_, why) = why(&left.ended);
    assert!(why.contains("smtp+starttls://"), "{why}");
    assert!(!leaked(&relay));
}
