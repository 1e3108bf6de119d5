//! Notices that a relay keeps refusing for now: given up at the plan's limit, or in time for another way before the
//! deadline, whichever is first. In a run when that time comes, and else as the next one begins.
//!
//! The relay is scripted, and counts what reaches it. Runs at another time have another clock; nobody waits for hours.

use crate::{
    approving::at_another_time,
    harness::{Incident, Run, list_of},
};
use forthwith_testkit::{
    relay::{Act, At, Moment, Relay, Script},
    tools,
};
use serde_json::{Value, json};
use std::path::Path;

/// People on the list.
const PEOPLE: usize = 3;

/// A relay that refuses p1 for now, loses the line at p2's dot and takes p3.
fn relay() -> Relay {
    let decide = |moment: &Moment<'_>| match moment.at {
        At::Rcpt if moment.command.contains("<p1@") => Some(Act::say("450 4.2.1 mailbox busy")),
        At::Dot if moment.message.windows(4).any(|octets| octets == b"<p2@") => Some(Act::Close),
        _ => None,
    };
    Relay::start(Script::new(["PIPELINING"]).on(decide)).unwrap()
}

/// Three people, this deadline, and a delivery.toml that names the relay and ends with `retry`; frozen.
fn incident(relay: &Relay, deadline: &str, retry: &str) -> Incident {
    let incident = Incident::with_list(list_of(PEOPLE));
    incident.replace("incident.toml", "deadline = 2020-10-26T12:00:00Z", &format!("deadline = {deadline}"));
    patience(&incident, relay, retry);
    incident.run("notify", &["--dry-run"]).exits(0);
    incident
}

fn patience(incident: &Incident, relay: &Relay, retry: &str) {
    incident.write("delivery.toml", format!("connections = 1\nrelay = \"{}\"\n[retry]\n{retry}", relay.url()));
}

/// The words of a run that does not stay for later retries.
const WORDS: [&str; 6] = ["notify", "--confirm", "3", "--no-wait", "--format", "json"];

/// Expects how many are deferred and expired; one is accepted and one in doubt, whatever happens.
#[track_caller]
fn stand(run: Run, deferred: u64, expired: u64) -> Value {
    let report = run.exits(5).json();
    let states = &report["states"];
    assert_eq!((&states["deferred"], &states["expired"]), (&json!(deferred), &json!(expired)), "{report}");
    assert_eq!((&states["accepted"], &states["in_doubt"]), (&json!(1), &json!(1)), "{report}");
    report
}

/// Expects a run that ended by itself, and did not wait for a retry: those are due after five minutes.
#[track_caller]
fn at_once(report: &Value) {
    assert_eq!(report["ended"], "done", "{report}");
    assert!(report["seconds"].as_f64().unwrap() < 120.0, "{report}");
}

#[test]
fn at_the_plans_limit_a_run_gives_up_and_ends_by_itself() {
    let relay = relay();
    let incident = incident(&relay, "2999-06-01T12:00:00Z", "give_up_after = \"1 s\"\n");
    let running = incident.start("notify", &["--confirm", "3", "--format", "json"]);
    let report = stand(running.wait(), 0, 1);
    at_once(&report);
    assert_eq!(relay.times(At::Rcpt), PEOPLE, "the first retry would have been due minutes later");
    incident.run("explain", &["C1"]).exits(0).says(&["expired"]);
}

#[test]
fn at_the_start_of_a_run_who_is_past_the_plans_limit_is_given_up_and_not_attempted() {
    let Some(faketime) = tools::require("faketime") else { return };
    let relay = relay();
    let incident = incident(&relay, "2999-06-01T12:00:00Z", "");
    let at = |clock: &str| at_another_time(&faketime, clock, &incident, &WORDS);
    let first = stand(at("@2999-05-01 12:00:00"), 1, 0);
    assert_eq!(first["ended"], "only-later-retries", "{first}");
    let lines = relay.times(At::Connect);
    // The first retry is due after five minutes. What the operator sets meanwhile holds at once.
    patience(&incident, &relay, "give_up_after = \"1 min\"\n");
    stand(at("@2999-05-01 12:00:30"), 1, 0);
    let over = stand(at("@2999-05-01 12:01:02"), 0, 1);
    at_once(&over);
    assert_eq!((relay.times(At::Rcpt), relay.times(At::Connect)), (PEOPLE, lines), "nobody is tried again");
    incident.run("verify", &[]).exits(0);
}

#[test]
fn four_days_are_the_limit_where_nobody_says_otherwise_and_doubt_never_expires() {
    let Some(faketime) = tools::require("faketime") else { return };
    let relay = relay();
    let incident = incident(&relay, "2999-06-01T12:00:00Z", "");
    let at = |clock: &str| at_another_time(&faketime, clock, &incident, &WORDS);
    stand(at("@2999-05-01 12:00:00"), 1, 0);
    stand(at("@2999-05-05 11:59:00"), 1, 0);
    assert_eq!(relay.times(At::Rcpt), PEOPLE + 1, "it was due long ago, and is tried again until then");
    stand(at("@2999-05-05 12:00:02"), 0, 1);
    assert_eq!(relay.times(At::Rcpt), PEOPLE + 1);
}

#[test]
fn in_time_for_the_deadline_whoever_is_refused_is_given_up() {
    let Some(faketime) = tools::require("faketime") else { return };
    let relay = relay();
    // The margin is 12 h: it ends as the last day of May does.
    let incident = incident(&relay, "2999-06-01T12:00:00Z", "");
    let at = |clock: &str| at_another_time(&faketime, clock, &incident, &WORDS);
    stand(at("@2999-05-31 23:58:00"), 1, 0);
    stand(at("@2999-05-31 23:59:30"), 1, 0);
    assert_eq!(relay.times(At::Rcpt), PEOPLE, "its retry is due later");
    let over = stand(at("@2999-06-01 00:00:01"), 0, 1);
    at_once(&over);
    assert_eq!(relay.times(At::Rcpt), PEOPLE);
}

#[test]
fn a_run_gives_up_when_the_margin_before_the_deadline_begins() {
    let Some(faketime) = tools::require("faketime") else { return };
    let relay = relay();
    let incident = incident(&relay, "2999-06-01T12:00:00Z", "margin = \"1 h\"\n");
    let words = ["notify", "--confirm", "3", "--format", "json"];
    let report = stand(at_another_time(&faketime, "@2999-06-01 10:59:58", &incident, &words), 0, 1);
    at_once(&report);
    assert_eq!(relay.times(At::Rcpt), PEOPLE);
    assert_eq!(at_rest(&faketime, &incident)["attempts"], 0);
}

/// Runs once more after the deadline, and returns the report.
fn at_rest(faketime: &Path, incident: &Incident) -> Value {
    stand(at_another_time(faketime, "@2999-06-02 12:00:00", incident, &WORDS), 0, 1)
}
