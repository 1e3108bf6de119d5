//! TLS: what is trusted, and what is said where it cannot be set up. Hostile handshakes are in `downgrade`.

use crate::stand::{MODERN, SILENCE_MS, plaintext, plan, run, timeouts};
use forthwith_core::{
    delivery::{Security, Server},
    engine::Failure,
    state::State,
    verdict::{Answer, Stage},
};
use forthwith_sender::Ended;
use forthwith_testkit::relay::{
    Protection, Relay, Script,
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
fn a_relay_that_speaks_in_clear_on_a_tls_port_is_told_apart() {
    let relay = Relay::start(Script::new(MODERN)).unwrap();
    let certificate = Certificate::new(Flaw::None);
    let (_folder, ca) = ca_file(&certificate);
    let left =
        run(plan(1), protected(&relay, Security::ImplicitTls, Some(ca)), |run| run.timeouts = timeouts(SILENCE_MS));
    let (_, why) = why(&left.ended);
    assert!(why.contains("smtp+starttls://"), "{why}");
    assert!(!leaked(&relay));
}
