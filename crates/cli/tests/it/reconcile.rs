//! `forthwith reconcile`: what it records, what it leaves alone, and what it says of a log that proves nothing.

use crate::harness::Incident;
use forthwith_testkit::relay::{Act, At, Relay, Script};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// Freezes three notices, of which the first to reach its dot is in doubt; returns its token.
fn in_doubt() -> (Incident, String) {
    let incident = Incident::frozen_with(3);
    let relay = Relay::start(Script::new([]).first(1, At::Dot, Act::Close)).unwrap();
    incident.tell(&format!("smtp://{}", relay.address()), &["--connections", "1"]).exits(5);
    let stories = (1..=3).map(|n| incident.json("explain", &[&format!("C{n}")]).json()["stories"][0].clone());
    let token = stories.into_iter().find(|story| story["in_doubt"] == true).unwrap()["token"].clone();
    (incident, token.as_str().unwrap().to_owned())
}

/// Writes a log whose lines lie so many seconds from now, in the form of rsyslog, and returns its path.
fn log(incident: &Incident, lines: &[(i64, String)]) -> String {
    let now = Timestamp::now();
    let lines = lines.iter().map(|(seconds, line)| {
        let at = now + SignedDuration::from_secs(*seconds);
        format!("{at} relay postfix/{line}\n")
    });
    incident.write("mail.log", lines.collect::<String>());
    incident.file("mail.log").to_str().unwrap().to_owned()
}

fn message_id(incident: &Incident, token: &str) -> String {
    let shown = incident.json("preview", &["--row", "1", "--as", "eml"]).json();
    let eml = shown["eml"].as_str().unwrap().to_owned();
    let own = eml.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().to_owned();
    let (_, rest) = own.split_once('.').unwrap();
    format!("<{token}.{rest}")
}

/// The lines of a message that was cut before its dot, and of a log that goes on.
fn cut(incident: &Incident, token: &str) -> Vec<(i64, String)> {
    let id = message_id(incident, token);
    vec![
        (-20, "smtpd[7]: connect from unknown[127.0.0.1]".to_owned()),
        (-1, "smtpd[7]: C32B499011C: client=unknown[127.0.0.1]".to_owned()),
        (-1, format!("cleanup[8]: C32B499011C: message-id={id}")),
        (0, "smtpd[7]: disconnect from unknown[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4".to_owned()),
        (3_600, "anvil[3]: statistics: max cache size 1".to_owned()),
    ]
}

fn taken(incident: &Incident, token: &str) -> Vec<(i64, String)> {
    let mut lines = cut(incident, token);
    lines[3].1 = lines[3].1.replace("data=0/1", "data=1");
    let person = "to=<p1@people.example>, relay=mx.people.example[192.0.2.7]:25, delay=1, delays=1/0/0/0";
    lines.push((1, "qmgr[9]: C32B499011C: from=<x@y.example>, size=2, nrcpt=1 (queue active)".to_owned()));
    lines
        .push((2, format!("smtp[5]: C32B499011C: {person}, dsn=4.4.1, status=deferred (p1@people.example: busy)")));
    lines
}

fn states(report: &Value) -> (&Value, &Value, &Value) {
    let states = &report["states"];
    (&states["in_doubt"], &states["queued"], &states["accepted"])
}

#[test]
fn what_the_log_shows_is_recorded_with_name_digest_and_lines() {
    let (incident, token) = in_doubt();
    let file = log(&incident, &taken(&incident, &token));
    let words = ["--postfix-log", &file, "--by", "Ines Okafor"];
    let done = incident.json("reconcile", &words).exits(0).json();
    assert_eq!(states(&done), (&json!(0), &json!(0), &json!(3)), "{done}");
    assert_eq!(
        (&done["doubts"][0]["conclusion"], &done["doubts"][0]["token"]),
        (&json!("accepted"), &json!(token))
    );
    let digest = done["log"]["sha256"].as_str().unwrap().to_owned();
    let story = incident.run("explain", &[&token]).exits(0);
    let story = story.says(&["proved-accepted", "Ines Okafor", &digest, "C32B499011C", "(queue active)"]);
    story.says(&["waits at the relay", "mx.people.example", "busy"]);
    let status = incident.run("status", &[]).exits(0).says(&["Left the relay: 0 of 3; 1 wait there, 0 came back"]);
    assert!(!status.stdout.contains('@'), "{}", status.stdout);
    incident.run("verify", &[]).exits(0);
    // The same log again settles nothing more and keeps what it reported.
    let again = incident.json("reconcile", &words).exits(0).json();
    assert_eq!((&again["doubts"], &again["left_relay"]["waiting"]), (&json!([]), &json!(1)));
    incident.run("verify", &[]).exits(0);
}

#[test]
fn what_it_shows_not_to_be_taken_is_queued_again() {
    let (incident, token) = in_doubt();
    let file = log(&incident, &cut(&incident, &token));
    let run = incident.run("reconcile", &["--postfix-log", &file]).exits(0);
    assert!(!run.stdout.contains("@people"), "no address is printed: {}", run.stdout);
    run.says(&["not accepted: C32B499011C", "1 notice will be handed over at the next run"]);
    let relay = Relay::start(Script::new([])).unwrap();
    incident.tell(&format!("smtp://{}", relay.address()), &[]).exits(0);
    assert_eq!(relay.received().len(), 1);
    incident.run("verify", &[]).exits(0);
}

#[test]
fn a_dry_run_concludes_and_records_nothing() {
    let (incident, token) = in_doubt();
    let file = log(&incident, &taken(&incident, &token));
    let said = incident.json("reconcile", &["--postfix-log", &file, "--dry-run"]).exits(0).json();
    assert_eq!((&said["dry_run"], &said["doubts"][0]["conclusion"]), (&json!(true), &json!("accepted")));
    assert_eq!(states(&said), (&json!(1), &json!(0), &json!(2)));
    assert_eq!(incident.json("status", &[]).json()["left_relay"], Value::Null);
    incident.run("reconcile", &["--postfix-log", &file, "--dry-run"]).says(&["nothing was recorded"]);
}

#[test]
fn a_log_that_proves_nothing_leaves_the_doubt_and_says_why() {
    let (incident, token) = in_doubt();
    let lines = cut(&incident, &token);
    let with = |lines: &[(i64, String)], why: &str| {
        let file = log(&incident, lines);
        let report = incident.json("reconcile", &["--postfix-log", &file]).exits(5).json();
        assert_eq!((&report["doubts"][0]["conclusion"], states(&report).0), (&json!("in_doubt"), &json!(1)));
        assert!(report["doubts"][0]["why"].as_str().unwrap().contains(why), "{report}");
        incident.run("reconcile", &["--postfix-log", &file]).exits(5).says(&["stays in doubt", why, "resolve"]);
    };
    with(&[], "no line of the log");
    with(&lines[1..], "from beginning to end");
    with(&lines[..4], "ends too soon");
    with(&[&lines[..3], &lines[4..]].concat(), "from beginning to end");
    let mut counts = lines.clone();
    counts[3].1 = counts[3].1.replace("data=0/1", "data=1");
    with(&counts, "another number");
    assert_eq!(incident.json("explain", &[&token]).json()["stories"][0]["in_doubt"], true);
}

#[test]
fn lines_without_a_zone_are_read_in_the_one_that_is_named() {
    let (incident, token) = in_doubt();
    let zone = TimeZone::get("Asia/Kolkata").unwrap();
    let now = Timestamp::now();
    let lines = cut(&incident, &token).into_iter().map(|(seconds, line)| {
        let local = zone.to_datetime(now + SignedDuration::from_secs(seconds));
        format!("{} relay postfix/{line}\n", local.strftime("%b %e %H:%M:%S"))
    });
    incident.write("mail.log", lines.collect::<String>());
    let file = incident.file("mail.log");
    let words = ["--postfix-log", file.to_str().unwrap(), "--dry-run"];
    incident.run("reconcile", &[&words[..], &["--log-zone", "America/New_York"]].concat()).exits(5);
    incident.run("reconcile", &[&words[..], &["--log-zone", "Asia/Kolkata"]].concat()).exits(0);
    incident.run("reconcile", &[&words[..], &["--log-zone", "Nowhere/Land"]].concat()).exits(2).hints();
}

#[test]
fn what_cannot_be_read_changes_nothing() {
    let (incident, _) = in_doubt();
    let missing = incident.file("missing.log");
    incident.run("reconcile", &["--postfix-log", missing.to_str().unwrap()]).exits(1);
    incident.run("reconcile", &["--postfix-log", "/dev/zero"]).exits(2).hints();
    incident.run("reconcile", &["--postfix-log", "x", "--clock-skew", "0"]).exits(2);
    incident.run("reconcile", &[]).exits(2);
    assert_eq!(states(&incident.json("status", &[]).json()).0, &json!(1));
    incident.run("verify", &[]).exits(0);
}

#[test]
fn a_running_notify_keeps_it_out() {
    let incident = Incident::frozen_with(30);
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    let run = incident.start("notify", &["--relay", &url, "--confirm", "30", "--rate", "1/s"]);
    assert!(forthwith_testkit::server::wait_until(crate::harness::PATIENCE, || !relay.received().is_empty()));
    let file = log(&incident, &[]);
    incident.run("reconcile", &["--postfix-log", &file]).exits(6).hints();
    incident.run("reconcile", &["--postfix-log", &file, "--dry-run"]).exits(0);
    run.signal(rustix::process::Signal::INT);
    run.wait().exits(5);
}
