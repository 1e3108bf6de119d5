//! `[relay] queue_limit`: the run waits while the relay's own queue is too long, says so, and goes on; against a
//! command that a test writes, and against a real Postfix whose next hop is away.

use crate::harness::{Incident, PATIENCE, Running, count};
use forthwith_testkit::{
    postfix::Postfix,
    relay::{Relay, Script},
    server::wait_until,
    tools,
};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::net::TcpListener;

const PEOPLE: usize = 40;

/// An incident whose relay's queue is what `queue.json` holds, with a limit of ten.
fn incident_with(relay: &str, people: usize) -> Incident {
    let incident = Incident::frozen_with(people);
    let list = incident.file("queue.json");
    queued(&incident, 0);
    incident.write(
        "delivery.toml",
        format!(
            "[relay]\nurl = \"{relay}\"\nqueue_limit = 10\nqueue_command = [\"/bin/cat\", \"{}\"]\n",
            list.display()
        ),
    );
    incident
}

/// Makes the queue hold so many messages.
fn queued(incident: &Incident, messages: usize) {
    // Whole or not at all: a count may read it at any moment.
    incident.write("queue.new", "{\"queue_name\": \"deferred\", \"recipients\": []}\n".repeat(messages));
    std::fs::rename(incident.file("queue.new"), incident.file("queue.json")).unwrap();
}

fn start(incident: &Incident, more: &[&str]) -> Running {
    let planned = incident.json("status", &[]).json()["planned"].to_string();
    incident.start("notify", &[&["--confirm", &planned], more].concat())
}

fn waiting(incident: &Incident) -> Value {
    incident.json("status", &[]).exits(0).json()["waiting"].clone()
}

#[test]
fn a_full_queue_is_waited_for_and_the_run_goes_on_when_it_is_short() {
    let relay = Relay::start(Script::new([])).unwrap();
    let incident = incident_with(&relay.url(), PEOPLE);
    queued(&incident, 5_000);
    let run = start(&incident, &[]);
    assert!(wait_until(PATIENCE, || !waiting(&incident).is_null()));
    let waits = waiting(&incident);
    let facts = &waits["facts"];
    assert_eq!((&waits["kind"], &facts["limit"]), (&json!("queue-full"), &json!("10")), "{waits}");
    assert_eq!((&facts["messages"], &facts["resume-at"]), (&json!("more than 11"), &json!("8")), "{waits}");
    incident.run("status", &[]).says(&["WAITS since", "relay's own queue", "it goes on at 8"]);
    assert_eq!(relay.received().len(), 0, "nothing is handed over before the first count");
    queued(&incident, 8);
    let ended = run.wait().exits(0);
    ended.warns(&["The run waits: at least 11 messages", "The run goes on"]);
    assert_eq!(relay.received().len(), PEOPLE);
    assert_eq!(waiting(&incident), Value::Null);
    incident.run("verify", &[]).exits(0);
}

#[test]
fn a_wait_is_stopped_like_any_run_and_without_waiting_it_ends_incomplete() {
    let relay = Relay::start(Script::new([])).unwrap();
    let incident = incident_with(&relay.url(), PEOPLE);
    queued(&incident, 11);
    let run = start(&incident, &[]);
    assert!(wait_until(PATIENCE, || !waiting(&incident).is_null()));
    run.signal(Signal::INT);
    run.wait().exits(5);
    let run = start(&incident, &[]);
    assert!(wait_until(PATIENCE, || !waiting(&incident).is_null()));
    incident.run("stop", &["--reason", "test"]).exits(0);
    run.wait().exits(5);
    let confirm = PEOPLE.to_string();
    let ended = incident.json("notify", &["--confirm", &confirm, "--no-wait"]).exits(5).json();
    assert_eq!((&ended["ended"], &ended["states"]["queued"]), (&json!("relay-backlog"), &json!(PEOPLE)));
    assert_eq!(relay.received().len(), 0);
    incident.run("verify", &[]).exits(0);
}

#[test]
fn a_queue_that_cannot_be_counted_is_an_error_at_the_start_and_a_wait_later() {
    let relay = Relay::start(Script::new([])).unwrap();
    let incident = incident_with(&relay.url(), PEOPLE);
    let confirm = PEOPLE.to_string();
    incident.write("queue.json", "Mail queue is empty\n");
    let doctor = incident.json("doctor", &["--dns", "127.0.0.1:9"]).exits(7).json();
    let seen =
        doctor["observations"].as_array().unwrap().iter().find(|seen| seen["about"] == "relay.queue").unwrap();
    assert_eq!(seen["mark"], "broken", "{seen}");
    let refused = incident.run("notify", &["--confirm", &confirm]).exits(1).hints();
    refused.warns(&["cannot count the relay's queue", "queue_limit"]);
    assert_eq!(relay.received().len(), 0);
    let last = incident.json("status", &[]).json()["last_run"]["ended"].clone();
    assert_eq!(last, "not begun", "the run did not die");

    queued(&incident, 0);
    let run = start(&incident, &["--rate", "1/s"]);
    assert!(wait_until(PATIENCE, || !relay.received().is_empty()));
    incident.remove("queue.json");
    assert!(wait_until(PATIENCE, || waiting(&incident)["kind"] == "queue-unknown"));
    incident.run("status", &[]).says(&["WAITS since", "cannot be counted", "No such file"]);
    assert!(relay.received().len() < PEOPLE, "it waits before the end");
    run.signal(Signal::TERM);
    run.wait().exits(5).warns(&["The run waits: the relay's queue cannot be counted"]);
    incident.run("verify", &[]).exits(0);
}

#[test]
fn another_relays_queue_is_not_counted() {
    let relay = Relay::start(Script::new([])).unwrap();
    let incident = incident_with("smtps://relay.example.org", 3);
    incident.remove("queue.json");
    incident.tell(&relay.url(), &[]).exits(0);
    incident.run("notify", &["--relay", "inbox"]).exits(0);
}

#[test]
fn a_real_postfix_that_cannot_pass_mail_on_is_not_filled_beyond_the_limit() {
    let Some(program) = tools::require("postfix") else { return };
    if !tools::is_root() {
        return tools::skip("Postfix starts as root alone");
    }
    // The next hop is there and takes nothing: nobody accepts its connections, so each waits at Postfix.
    let away = TcpListener::bind("127.0.0.1:0").unwrap();
    let next = format!("relayhost = [127.0.0.1]:{}", away.local_addr().unwrap().port());
    let settings = [
        "virtual_mailbox_domains =",
        "default_transport = smtp",
        &next,
        "smtp_connect_timeout = 300s",
        "smtp_helo_timeout = 300s",
    ];
    let postfix = Postfix::start(&program, &settings).unwrap();
    let people = 400;
    let incident = Incident::frozen_with(people);
    let queue = postfix.queue_command();
    incident.write(
        "delivery.toml",
        format!(
            "rate = \"30/s\"\n[relay]\nurl = \"{}\"\nqueue_limit = 20\nqueue_command = {queue:?}\n",
            postfix.url()
        ),
    );
    let run = start(&incident, &[]);
    assert!(wait_until(PATIENCE, || waiting(&incident)["kind"] == "queue-full"), "{}", postfix.log().unwrap());
    let accepted = || count(&incident.json("status", &[]).json()["states"]["accepted"]);
    let taken = usize::try_from(accepted()).unwrap();
    assert!((21..people).contains(&taken), "{taken} of {people} before it waited");
    assert_eq!(postfix.queued().unwrap(), taken, "each of them is in the queue");
    // What is taken out of the queue makes room.
    postfix.empty_queue().unwrap();
    assert!(wait_until(PATIENCE, || accepted() > taken as u64));
    run.signal(Signal::INT);
    run.wait().exits(5).warns(&["The run waits: at least 21 messages", "The run goes on"]);
    incident.run("verify", &[]).exits(0);
}
