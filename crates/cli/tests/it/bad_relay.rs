//! Relays that refuse, hang or are not who they should be: exit 7, nobody judged, and the next run goes on.

use crate::harness::{Incident, Run, count};
use forthwith_testkit::{
    relay::{
        Act, At, Protection, Relay, Script,
        certificate::{Certificate, Flaw},
    },
    server::free_port,
};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt as _};

/// Starts a relay and an incident of `people` whose delivery.toml has `more` in `[relay]`.
fn set_up(people: usize, script: Script, scheme: &str, more: &str) -> (Incident, Relay) {
    let relay = Relay::start(script).unwrap();
    let incident = Incident::frozen_with(people);
    let url = format!("{scheme}://{}", relay.address());
    incident.write("delivery.toml", format!("connections = 1\n[relay]\nurl = \"{url}\"\n{more}"));
    (incident, relay)
}

fn notify(incident: &Incident, people: usize) -> Run {
    incident.run("notify", &["--confirm", &people.to_string()])
}

/// Looks that a run ended with 7, said `said` and a next step, and judged nobody.
fn judges_nobody(incident: &Incident, people: usize, said: &[&str]) {
    notify(incident, people).exits(7).warns(&["error: "]).warns(said).hints();
    assert_eq!(incident.json("status", &[]).json()["states"]["queued"], people);
}

fn authority(incident: &Incident, certificate: &Certificate) {
    incident.write("ca.pem", certificate.authority());
    let path = incident.file("ca.pem");
    incident.append("delivery.toml", &format!("ca_file = \"{}\"\n", path.display()));
}

fn password(incident: &Incident, password: &str) {
    incident.write("password", format!("{password}\n"));
    let path = incident.file("password");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    incident.append("delivery.toml", &format!("user = \"tim\"\npassword_file = \"{}\"\n", path.display()));
}

#[test]
fn nobody_listens() {
    let incident = Incident::frozen_with(3);
    incident.write("delivery.toml", format!("relay = \"smtp://127.0.0.1:{}\"\n", free_port().unwrap()));
    judges_nobody(&incident, 3, &["the relay cannot be reached", "connect", "refused"]);
    let report = incident.json("status", &[]).json();
    assert_eq!(report["last_run"]["ended"], "relay-unreachable");
}

#[test]
fn a_relay_that_never_answers() {
    let script = Script::new([]).always(At::Greeting, Act::Stall);
    let (incident, relay) = set_up(3, script, "smtp", "[timeouts]\ngreeting = \"200 ms\"\n");
    judges_nobody(&incident, 3, &["the relay cannot be reached", "greeting"]);
    assert_eq!(relay.times(At::Mail), 0);
}

#[test]
fn a_wrong_password_then_the_right_one() {
    let certificate = Certificate::new(Flaw::None);
    let script = Script::new(["AUTH PLAIN LOGIN"]).login("tim", "correct horse");
    let (incident, relay) = set_up(3, script.protected(Protection::Implicit(certificate.clone())), "smtps", "");
    authority(&incident, &certificate);
    password(&incident, "wrong-battery");
    let run = notify(&incident, 3).exits(7).warns(&["the relay refuses us", "AUTH", "535"]).hints();
    assert!(!run.stderr.contains("wrong-battery") && !run.stdout.contains("wrong-battery"));
    assert_eq!((relay.times(At::Mail), relay.times(At::Greeting)), (0, 1), "it is not tried again");
    for entry in fs::read_dir(incident.file("out")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap_or_default();
        let is_kept = |secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!is_kept(b"wrong-battery") && !is_kept(b"AHRpbQB3cm9uZy1iYXR0ZXJ5"), "the password was kept");
    }
    assert_eq!(incident.json("status", &[]).json()["states"]["queued"], 3);
    incident.write("password", "correct horse\n");
    notify(&incident, 3).exits(0);
    assert_eq!(relay.received().len(), 3);
}

#[test]
fn passwords_that_cannot_be_had() {
    let script = || Script::new(["AUTH PLAIN"]).login("tim", "x");
    let (incident, relay) = set_up(1, script(), "smtp", "");
    password(&incident, "x");
    let path = incident.file("password");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    judges_nobody(&incident, 1, &["others can read the password file", "chmod 600"]);
    incident.write("password", "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    judges_nobody(&incident, 1, &["the password is empty"]);
    incident.remove("password");
    judges_nobody(&incident, 1, &["cannot read the password file"]);
    assert_eq!(relay.times(At::Connect), 0);
    let (incident, relay) = set_up(1, script(), "smtp", "user = \"tim\"\npassword_command = [\"false\"]\n");
    judges_nobody(&incident, 1, &["the password command `false` ended with"]);
    assert_eq!(relay.times(At::Connect), 0);
    // Nothing was begun: it does not look like a run that was killed, and reserves no attempts.
    assert_eq!(incident.json("status", &[]).json()["last_run"]["ended"], "not begun");
    incident.replace("delivery.toml", "[\"false\"]", "[\"echo\", \"x\"]");
    notify(&incident, 1).exits(0);
}

#[test]
fn certificates_that_prove_nothing() {
    for (flaw, said) in [(Flaw::Expired, "xpired"), (Flaw::OtherName, "ame")] {
        let certificate = Certificate::new(flaw);
        for (protection, scheme) in [
            (Protection::Implicit(certificate.clone()), "smtps"),
            (Protection::StartTls(certificate.clone()), "smtp+starttls"),
        ] {
            let (incident, relay) = set_up(2, Script::new([]).protected(protection), scheme, "");
            authority(&incident, &certificate);
            judges_nobody(&incident, 2, &["the relay refuses us", said]);
            assert_eq!(relay.times(At::Mail), 0);
        }
    }
    // No authority of the system issued it.
    let certificate = Certificate::new(Flaw::None);
    let (incident, relay) = set_up(2, Script::new([]).protected(Protection::Implicit(certificate)), "smtps", "");
    judges_nobody(&incident, 2, &["the relay refuses us"]);
    assert_eq!(relay.times(At::Mail), 0);
    incident.append("delivery.toml", "ca_file = \"/nowhere/ca.pem\"\n");
    judges_nobody(&incident, 2, &["/nowhere/ca.pem"]);
}

#[test]
fn starttls_is_required_and_not_wished_for() {
    let (incident, relay) = set_up(2, Script::new([]), "smtp+starttls", "");
    judges_nobody(&incident, 2, &["STARTTLS"]);
    assert_eq!((relay.times(At::Mail), relay.times(At::StartTls)), (0, 0));
}

#[test]
fn a_sender_that_is_refused_judges_nobody() {
    let script = Script::new([]).first(1, At::Mail, Act::say("553 5.7.1 not your domain"));
    let (incident, relay) = set_up(5, script, "smtp", "");
    judges_nobody(&incident, 5, &["the relay refuses us", "MAIL", "not your domain"]);
    notify(&incident, 5).exits(0);
    assert_eq!(relay.received().len(), 5);
}

#[test]
fn refusals_that_are_all_alike_stop_the_run_and_bounce_nobody() {
    let script = Script::new([]).first(20, At::Rcpt, Act::say("550 5.1.1 no such mailbox"));
    let (incident, relay) = set_up(40, script, "smtp", "");
    let run = notify(&incident, 40).exits(7).warns(&["too many refusals were alike", "20 refused notices"]);
    run.hints();
    let report = incident.json("status", &[]).json();
    assert_eq!((&report["states"]["queued"], &report["states"]["bounced"]), (&json!(40), &json!(0)));
    notify(&incident, 40).exits(0);
    assert_eq!(relay.received().len(), 40);
}

#[test]
fn silence_after_the_dot_is_doubt_and_after_rcpt_is_none() {
    let script = Script::new([]).first(1, At::Dot, Act::Stall);
    let (incident, _relay) = set_up(2, script, "smtp", "[timeouts]\ndot = \"3 s\"\n");
    notify(&incident, 2).exits(5).says(&["IN DOUBT  1 notice"]);
    let report = incident.json("status", &[]).json();
    assert_eq!((&report["states"]["in_doubt"], &report["states"]["accepted"]), (&json!(1), &json!(1)));

    let script = Script::new([]).first(1, At::Rcpt, Act::Stall);
    let (incident, relay) = set_up(2, script, "smtp", "[timeouts]\nrcpt = \"3 s\"\n");
    notify(&incident, 2).exits(0);
    assert_eq!(relay.received().len(), 2);
}

#[test]
fn a_relay_that_falls_silent_for_good_at_rcpt_leaves_everybody_to_be_told() {
    let script = Script::new([]).always(At::Rcpt, Act::Stall);
    let (incident, relay) = set_up(1, script, "smtp", "patience = \"3 s\"\n[timeouts]\nrcpt = \"100 ms\"\n");
    let run = incident.run("notify", &["--confirm", "1", "--no-wait"]);
    assert!([5, 7].contains(&run.code()), "{}", run.stderr);
    let states = incident.json("status", &[]).json()["states"].clone();
    assert_eq!(count(&states["queued"]) + count(&states["deferred"]), 1, "{states}");
    assert_eq!(relay.times(At::Data), 0);
}
