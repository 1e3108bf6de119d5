//! `forthwith resolve`: doubts, bounces, and who decided what about them.

use crate::harness::{Incident, OCTOBER};
use forthwith_testkit::relay::{Act, At, Relay, Script};
use serde_json::{Value, json};

/// A relay that hangs up at the first `times` dots without a reply: those notices are in doubt.
fn hangs_up(times: usize) -> (Relay, String) {
    started(Script::new([]).first(times, At::Dot, Act::Close))
}

fn started(script: Script) -> (Relay, String) {
    let relay = Relay::start(script).unwrap();
    let url = format!("smtp://{}", relay.address());
    (relay, url)
}

/// Freezes `people` notices and brings `doubts` of them into doubt; the others are accepted.
fn in_doubt(people: usize, doubts: usize) -> (Incident, Relay, String) {
    let incident = Incident::frozen_with(people);
    let (relay, url) = hangs_up(doubts);
    let report = incident.tell(&url, &["--connections", "1"]).exits(5).json();
    let states = &report["states"];
    assert_eq!((&states["in_doubt"], &states["accepted"]), (&json!(doubts), &json!(people - doubts)), "{report}");
    (incident, relay, url)
}

/// Returns the ids and tokens of those in doubt.
fn doubted(incident: &Incident, people: usize) -> Vec<(String, String)> {
    let stories = (1..=people).map(|n| incident.json("explain", &[&format!("C{n}")]).json()["stories"][0].clone());
    let doubted = stories.filter(|story| story["in_doubt"] == true);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    doubted.map(|story| (text(&story["id"]), text(&story["token"]))).collect()
}

#[test]
fn doubt_stands_first_and_waits_for_a_person() {
    let (incident, relay, url) = in_doubt(4, 1);
    let status = incident.run("status", &[]).exits(0).stdout;
    assert!(status.starts_with("IN DOUBT  1 notice"), "{status}");
    let (id, token) = doubted(&incident, 4).remove(0);
    assert!(status.contains(&token) && status.contains("forthwith resolve"), "{status}");
    assert!(!status.contains("@people.example"), "status names no address: {status}");
    // Another run guesses nothing.
    let handed_over = relay.received().len();
    incident.tell(&url, &[]).exits(5);
    assert_eq!(relay.received().len(), handed_over);
    incident.run("explain", &[&id]).exits(0).says(&["in doubt"]);
}

#[test]
fn doubt_is_held_against_the_deadline() {
    for (deadline, said) in [
        ("2099-10-26T12:00:00Z", "has to be by then, and nobody is told again unless a person decides so"),
        ("2020-10-26T12:00:00Z", "whoever of them was not told is told late"),
    ] {
        let incident = Incident::example(OCTOBER);
        incident.replace("incident.toml", "2020-10-26T12:00:00Z", deadline);
        incident.run("notify", &["--dry-run"]).exits(0);
        let (_relay, url) = hangs_up(1);
        incident.tell(&url, &["--connections", "1"]).exits(5);
        incident.run("status", &[]).exits(0).says(&["The deadline ", said]);
    }
}

#[test]
fn without_ids_the_count_is_shown_and_must_be_confirmed() {
    let (incident, relay, url) = in_doubt(4, 2);
    let asked = incident.run("resolve", &["--resend", "--reason", "not in the log"]).exits(4);
    asked.warns(&["2 notices would be told AGAIN", "--confirm 2"]).hints();
    incident
        .run("resolve", &["--resend", "--reason", "x", "--confirm", "3"])
        .exits(4)
        .warns(&["nothing was settled"]);
    assert_eq!(doubted(&incident, 4).len(), 2);
    let done =
        incident.json("resolve", &["--resend", "--reason", "not in the log", "--confirm", "2"]).exits(0).json();
    assert_eq!(
        (&done["resolved"], &done["states"]["queued"], &done["states"]["in_doubt"]),
        (&json!(2), &json!(2), &json!(0))
    );
    incident.tell(&url, &[]).exits(0);
    // Two were handed over a second time, because somebody decided so.
    assert_eq!(relay.received().len(), 6);
    incident
        .run("resolve", &["--resend", "--reason", "x", "--confirm", "0"])
        .exits(2)
        .warns(&["nothing to settle"]);
}

#[test]
fn a_chosen_few_are_let_stand_by_name_and_with_a_reason() {
    let (incident, relay, url) = in_doubt(5, 3);
    let people = doubted(&incident, 5);
    let ((by_id, _), (_, by_token)) = (&people[0], &people[1]);
    let words = [
        "--let-stand",
        "--id",
        by_id,
        "--id",
        by_token,
        "--reason",
        "the relay's log has them",
        "--by",
        "Ines Okafor",
    ];
    let done = incident.json("resolve", &words).exits(0).json();
    assert_eq!(
        (&done["resolved"], &done["states"]["let_stand"], &done["states"]["in_doubt"]),
        (&json!(2), &json!(2), &json!(1))
    );
    for (id, _) in &people[..2] {
        incident.run("explain", &[id]).exits(0).says(&["let stand", "Ines Okafor", "the relay's log has them"]);
    }
    let address = format!("p{}@people.example", people[2].0.trim_start_matches('C'));
    incident
        .run("resolve", &["--let-stand", "--id", &address, "--reason", "x"])
        .exits(0)
        .says(&["1 notice let stand"]);
    let handed_over = relay.received().len();
    let report = incident.tell(&url, &[]).exits(5).json();
    assert_eq!((&report["states"]["let_stand"], relay.received().len()), (&json!(3), handed_over));
}

#[test]
fn an_id_that_is_not_in_doubt_settles_nothing() {
    let (incident, _relay, _) = in_doubt(3, 1);
    let (id, _) = doubted(&incident, 3).remove(0);
    for stranger in ["C99", "nobody@people.example"] {
        let run = incident.run("resolve", &["--resend", "--id", &id, stranger, "--reason", "x"]).exits(2);
        run.warns(&[stranger]).hints();
    }
    let accepted = if id == "C1" { "C2" } else { "C1" };
    incident.run("resolve", &["--let-stand", "--id", accepted, "--reason", "x"]).exits(2).warns(&[accepted]);
    incident.run("resolve", &["--resend", "--id", &id, "--reason", "  "]).exits(2).warns(&["reason"]);
    assert_eq!(doubted(&incident, 3).len(), 1);
}

#[test]
fn bounced_notices_are_told_again_when_chosen() {
    let incident = Incident::frozen_with(3);
    let (relay, url) = started(Script::new([]).on(|moment| {
        (moment.at == At::Rcpt && moment.command.contains("p2@") && moment.times < 3)
            .then(|| Act::say("550 5.1.1 no such mailbox"))
    }));
    let report = incident.tell(&url, &["--connections", "1"]).exits(5).json();
    assert_eq!((&report["states"]["bounced"], &report["states"]["accepted"]), (&json!(1), &json!(2)));
    incident.run("status", &[]).exits(0).says(&["bounced: the relay refused them for good", "no such mailbox"]);
    incident.run("explain", &["C2"]).exits(0).says(&["bounced", "550", "no such mailbox"]);
    // A bounce is no doubt.
    incident.run("resolve", &["--resend", "--reason", "x", "--confirm", "1"]).exits(2);
    let words = ["--resend", "--state", "bounced", "--reason", "the mailbox was made", "--confirm", "1"];
    incident.run("resolve", &words).exits(0).says(&["1 notice will be told again"]);
    incident.run("explain", &["C2"]).exits(0).says(&["queued", "the mailbox was made"]);
    // The relay refuses the third RCPT at most.
    while relay.times(At::Rcpt) < 3 {
        incident.tell(&url, &[]);
        incident.run("resolve", &words);
    }
    incident.tell(&url, &[]).exits(0);
}

#[test]
fn a_running_notify_keeps_resolve_out() {
    let incident = Incident::frozen_with(30);
    let (relay, url) = started(Script::new([]));
    let run = incident.start("notify", &["--relay", &url, "--confirm", "30", "--rate", "1/s"]);
    assert!(forthwith_testkit::server::wait_until(crate::harness::PATIENCE, || !relay.received().is_empty()));
    incident.run("resolve", &["--resend", "--reason", "x", "--confirm", "1"]).exits(6).hints();
    run.signal(rustix::process::Signal::INT);
    run.wait().exits(5);
}
