//! Proofs over system calls that whatever must not touch the network does not: no socket of the internet
//! families, no `connect`.

use crate::{
    approving::{ADA, BO, CY, NAMESPACE, people, rule},
    proof_incident::{Incident, assert_exit, borrowed, incident, recorder},
};
use forthwith_testkit::{
    signing::Key,
    strace::{self, Call},
    tools,
};
use std::path::Path;

/// A relay that nothing may reach: the port is the one of the discard protocol, where nobody listens.
const RELAY: &str = "smtp://127.0.0.1:9";
/// An address for documentation (RFC 5737), beyond this machine.
const BEYOND: &str = "smtp://192.0.2.1:25";
/// People in the list: each of them is rendered by a dry run.
const COUNT: usize = 40;

/// Runs a command that must end with `exit`, and returns its calls that reach for the network, and its errors.
fn traced(strace: &Path, incident: &Incident, command: &str, arguments: &[&str], exit: i32) -> (Vec<Call>, String) {
    let (output, calls) = strace::run(strace, &incident.command(command, arguments)).unwrap();
    assert_exit(&output, exit);
    assert!(calls.iter().any(|call| call.name == "write"), "the trace shows that the program said something");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (calls.into_iter().filter(Call::is_network).collect(), errors)
}

fn network_calls(strace: &Path, incident: &Incident, command: &str, arguments: &[&str], exit: i32) -> Vec<Call> {
    traced(strace, incident, command, arguments, exit).0
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
    let refused = |arguments: &[&str], exit: i32, why: &str| {
        let (calls, errors) = traced(&strace, &incident, "notify", arguments, exit);
        assert!(errors.contains(why), "{why}: {errors}");
        assert_eq!(calls, [], "{why}");
    };
    refused(&borrowed(&arguments), 4, "there is no plan");
    // Forty an hour apart do not end within the four hours that are left, whenever the test runs.
    replace(&incident, "incident.toml", "deadline = 2020-10-26T12:00:00Z", "deadline = 2999-01-01T12:00:00Z");
    replace(&incident, "delivery.toml", "connections = 4", "not_before = 2999-01-01T08:00:00Z");
    incident.freeze();
    refused(&["--relay", RELAY], 4, "nobody confirmed");
    refused(&["--relay", RELAY, "--confirm", "39"], 4, "is not the number of notices");
    let too_slow = ["--relay", RELAY, "--confirm", "40", "--rate", "1/h"];
    refused(&too_slow, 4, "at this pace the last notice goes out");
    refused(&["--relay", BEYOND, "--confirm", "40", "--rate", "unlimited"], 3, "sample-text");
    let beyond = format!("[relay]\nurl = \"{BEYOND}\"\nallow_plaintext = true\n");
    std::fs::write(incident.path().join("delivery.toml"), beyond).unwrap();
    refused(&["--confirm", "40"], 3, "sample-text");

    let settings = incident.path().join("incident.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let (before, _) = text.split_once("[approval]").unwrap();
    let release = |rule: &str| {
        std::fs::write(&settings, format!("{before}{rule}")).unwrap();
        incident.run("notify", &["--dry-run"], 0);
    };
    release("");
    refused(&borrowed(&arguments), 4, "no [approval] table");
    release(&rule(&people(), "needed = 2\n"));
    refused(&borrowed(&arguments), 4, "0 of 2 releases");
    let signature = incident.path().join("a.sig");
    let sign = |key: Key, namespace: &str, exit: i32| {
        let statement = std::fs::read(incident.path().join("out/packet/statement.txt")).unwrap();
        std::fs::write(&signature, key.sign(namespace, &statement)).unwrap();
        let words = ["--signature", signature.to_str().unwrap()];
        assert_eq!(network_calls(&strace, &incident, "approve", &words, exit), [], "approve opens no socket");
    };
    sign(ADA, "file", 4);
    sign(ADA, NAMESPACE, 0);
    refused(&borrowed(&arguments), 4, "1 of 2 releases");
    sign(BO, NAMESPACE, 0);
    incident.run("approve", &["--withdraw", "--reason", "not sure"], 0);
    refused(&borrowed(&arguments), 4, "it was withdrawn");
    sign(CY, NAMESPACE, 0);
    sign(CY.with_counter(2), NAMESPACE, 0);
    refused(&borrowed(&arguments), 4, "the same person signed again since");
}

#[test]
fn a_released_plan_connects() {
    let (Some(strace), Some(sink)) = (tools::require("strace"), tools::require("smtp-sink")) else { return };
    let incident = incident(74, 10);
    let settings = incident.path().join("incident.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let (before, _) = text.split_once("[approval]").unwrap();
    std::fs::write(&settings, format!("{before}{}", rule(&people(), ""))).unwrap();
    incident.freeze();
    let statement = std::fs::read(incident.path().join("out/packet/statement.txt")).unwrap();
    let signature = incident.path().join("a.sig");
    std::fs::write(&signature, ADA.sign(NAMESPACE, &statement)).unwrap();
    incident.run("approve", &["--signature", signature.to_str().unwrap()], 0);
    let sink = recorder(&sink, &[]);
    let arguments = incident.to(&sink.url());
    let calls = network_calls(&strace, &incident, "notify", &borrowed(&arguments), 0);
    assert!(calls.iter().any(|call| call.name == "connect"), "the proof sees a connection where there is one");
}

/// Replaces text that must be there.
fn replace(incident: &Incident, name: &str, from: &str, to: &str) {
    let file = incident.path().join(name);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{name} has no {from:?}");
    std::fs::write(file, text.replacen(from, to, 1)).unwrap();
}
