//! The order proof: every offer is written and synced before its final dot leaves, over system calls as they
//! were made; and a build that leaves the sync out fails it.
//!
//! The relay is Postfix's sink. What is proven is the order within the program and its kernel, not the disk.

use crate::proof_incident::{FORTHWITH, Incident, LOG, assert_exit, borrowed, recorder};
use forthwith_testkit::{
    strace::{self, Disorder, Order, prove_order},
    tools,
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Notices handed over in each proof.
const COUNT: usize = 100;
/// Hands 100 notices over with `program` under strace, and returns what the trace shows.
fn order_of(program: &Path, strace: &Path, sink: &Path) -> Order {
    let sink = recorder(sink, &[]);
    let incident = Incident::new(program, 91, COUNT);
    incident.freeze();
    let notify = incident.command("notify", &borrowed(&incident.to(&sink.url())));
    let (output, calls) = strace::run(strace, &notify).unwrap();
    assert_exit(&output, 0);
    let judgement = incident.judge(&sink.recorded().unwrap(), &[], 0);
    assert!(judgement.is_clean(), "{judgement}");
    prove_order(&calls, LOG, incident.offer_mark())
}

#[test]
fn offer_then_sync_then_dot_100_of_100() {
    let (Some(strace), Some(sink)) = (tools::require("strace"), tools::require("smtp-sink")) else { return };
    let order = order_of(Path::new(FORTHWITH), &strace, &sink);
    let shown: Vec<_> = order.disorders.iter().map(|(at, why)| format!("{}: {why}", at.token)).collect();
    assert_eq!(shown, [""; 0]);
    let mut tokens: Vec<_> = order.hand_overs.iter().map(|hand_over| &hand_over.token).collect();
    tokens.sort();
    tokens.dedup();
    assert_eq!((order.hand_overs.len(), tokens.len()), (COUNT, COUNT));
}

#[test]
fn the_same_proof_fails_on_a_build_without_the_sync() {
    let (Some(strace), Some(sink)) = (tools::require("strace"), tools::require("smtp-sink")) else { return };
    let order = order_of(&unsynced_build(), &strace, &sink);
    assert_eq!(order.hand_overs.len(), COUNT);
    let unsynced = order.disorders.iter().filter(|(_, why)| *why == Disorder::NotSynced).count();
    assert_eq!(unsynced, COUNT, "every offer is written, and none is synced");
}

#[test]
fn no_build_lacks_the_sync_unless_it_is_asked_for() {
    let metadata = cargo().args(["metadata", "--no-deps", "--locked", "--format-version=1"]).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut holders = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let asks = |features: &serde_json::Value| features.to_string().contains("unsynced");
        assert!(!asks(&package["features"]["default"]), "{} has it by default", package["name"]);
        let dependencies = package["dependencies"].as_array().unwrap();
        assert!(!dependencies.iter().any(|d| asks(&d["features"])), "{} asks for it", package["name"]);
        holders.extend(asks(&package["features"]).then(|| package["name"].as_str().unwrap().to_owned()));
    }
    holders.sort();
    assert_eq!(holders, ["forthwith", "forthwith-ledger"]);
}

/// Builds the program without the sync, beside the one under test: everything that does not depend on the
/// feature is shared with it, and only the finished program lies in a folder of its own.
fn unsynced_build() -> PathBuf {
    let target = Path::new(FORTHWITH).ancestors().nth(2).unwrap();
    let folder = target.join("unsynced");
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--package", "forthwith", "--features", "unsynced"]);
    build.arg("--target-dir").arg(&folder).env("CARGO_BUILD_BUILD_DIR", target);
    let output = build.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.join("debug/forthwith")
}

fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo
}
