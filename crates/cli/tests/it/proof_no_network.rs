//! Proofs over system calls that whatever must not touch the network does not: no socket of the internet
//! families, no `connect`.

use crate::proof_incident::{Incident, assert_exit, borrowed, incident, recorder};
use forthwith_testkit::{
    strace::{self, Call},
    tools,
};
use std::path::Path;

/// A relay that nothing may reach: the port is the one of the discard protocol, where nobody listens.
const RELAY: &str = "smtp://127.0.0.1:9";
/// People in the list: each of them is rendered by a dry run.
const COUNT: usize = 40;

/// Runs a command that must end with `exit`, and returns its calls that reach for the network.
fn network_calls(strace: &Path, incident: &Incident, command: &str, arguments: &[&str], exit: i32) -> Vec<Call> {
    let (output, calls) = strace::run(strace, &incident.command(command, arguments)).unwrap();
    assert_exit(&output, exit);
    assert!(calls.iter().any(|call| call.name == "write"), "the trace shows that the program said something");
    calls.into_iter().filter(Call::is_network).collect()
}

#[test]
fn looking_and_freezing_open_no_network_socket() {
    let Some(strace) = tools::require("strace") else { return };
    let incident = incident(71, COUNT);
    for (command, arguments) in [
        ("check", &[][..]),
        ("preview", &[]),
        ("preview", &["--row", "3", "--as", "eml"]),
        ("notify", &["--dry-run"]),
        ("notify", &["--dry-run", "--format", "json"]),
    ] {
        assert_eq!(network_calls(&strace, &incident, command, arguments, 0), [], "{command} {arguments:?}");
    }
}

#[test]
fn a_run_connects_and_run_again_at_rest_does_not() {
    let (Some(strace), Some(sink)) = (tools::require("strace"), tools::require("smtp-sink")) else { return };
    let incident = incident(72, 10);
    let first = network_calls(&strace, &incident, "notify", &["--rate", "unlimited"], 0);
    assert!(first.iter().any(|call| call.name == "connect"), "the proof sees a connection where there is one");
    assert_eq!(network_calls(&strace, &incident, "notify", &[], 0), []);

    let sink = recorder(&sink, &[]);
    incident.freeze();
    let arguments = incident.to(&sink.url());
    incident.run("notify", &borrowed(&arguments), 0);
    assert_eq!(network_calls(&strace, &incident, "notify", &borrowed(&arguments), 0), []);
}

#[test]
fn without_plan_release_or_confirmation_nothing_connects() {
    let Some(strace) = tools::require("strace") else { return };
    let incident = incident(73, COUNT);
    let arguments = incident.to(RELAY);
    let refused = |arguments: &[&str], why: &str| {
        assert_eq!(network_calls(&strace, &incident, "notify", arguments, 4), [], "{why}");
    };
    refused(&borrowed(&arguments), "no plan");
    incident.freeze();
    refused(&["--relay", RELAY], "not confirmed");
    refused(&["--relay", RELAY, "--confirm", "39"], "a wrong number");
    refused(&["--relay", RELAY, "--confirm", "40"], "the deadline has passed");

    let settings = incident.path().join("incident.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let (before, _) = text.split_once("[approval]").unwrap();
    for (approval, why) in [("", "no approval table"), ("[approval]\nsigners = [\"counsel\"]\n", "nobody signed")] {
        std::fs::write(&settings, format!("{before}{approval}")).unwrap();
        let dry_run = incident.command("notify", &["--dry-run"]).output().unwrap();
        assert!(dry_run.status.code().is_some_and(|code| [0, 4].contains(&code)), "{why}");
        refused(&borrowed(&arguments), why);
    }
}
