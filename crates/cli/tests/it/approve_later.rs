//! What becomes of a release later: withdrawn, lapsed, renewed, looked at by a clock that was set back, and killed in
//! between.

use crate::{
    approving::{
        ADA, BO, KeyFiles, NAMESPACE, at_another_time, frozen, hand_in, hand_in_text, line, notify, people, relay,
        rule, statement,
    },
    harness::{Incident, PATIENCE, count, list_of},
};
use forthwith_testkit::{
    relay::{Act, At, Relay, Script},
    server::wait_until,
    signing::{Key, Kind},
    tools,
};
use serde_json::json;
use std::collections::BTreeSet;

const PEOPLE: usize = 40;

/// Freezes the plan of `PEOPLE` people, which Ada, Bo or Cy releases.
fn frozen_with_people() -> Incident {
    let incident = crate::approving::with_rule(&rule(&people(), ""));
    incident.write("affected.csv", list_of(PEOPLE));
    incident.remove("affected.toml");
    incident.run("notify", &["--dry-run"]).exits(0);
    incident
}

#[test]
fn a_withdrawal_drains_a_run_that_goes_on_and_holds_until_somebody_signs_again() {
    let incident = frozen_with_people();
    hand_in(&incident, ADA).exits(0);
    let (relay, url) = relay();
    let words = ["--relay", &url, "--confirm", "40", "--rate", "2/s", "--format", "json"];
    let run = incident.start("notify", &words);
    assert!(wait_until(PATIENCE, || !relay.received().is_empty()));
    let withdraw = ["--withdraw", "--by", "Ada Ash", "--reason", "wrong telephone number"];
    incident.run("approve", &withdraw).exits(0).says(&["Withdrawn", "ends with exit 4"]);
    let ended = run.wait().exits(4).warns(&["the release was withdrawn by Ada Ash: wrong telephone number"]);
    let report = ended.json();
    assert_eq!((&report["ended"], &report["exit"]), (&json!("withdrawn"), &json!(4)));
    assert_eq!(count(&report["states"]["in_doubt"]) + count(&report["states"]["in_flight"]), 0, "{report}");
    let told = relay.received().len();
    assert!(told < PEOPLE);

    let go_on = || incident.run("notify", &["--relay", &url, "--confirm", "40", "--rate", "unlimited"]);
    go_on().exits(4).warns(&["0 of 1 releases", "it was withdrawn at", "by Ada Ash"]);
    assert!(incident.read("out/packet/approvals.html").contains("withdrawn"));
    // The signature that was withdrawn does not come back, another person's does.
    let old = ADA.sign(NAMESPACE, &statement(&incident));
    hand_in_text(&incident, &old).exits(4).warns(&["recorded before"]);
    hand_in(&incident, BO).exits(0).says(&["Released"]);
    go_on().exits(0);
    let rcpts: BTreeSet<_> = relay.received().into_iter().map(|message| message.rcpt).collect();
    assert_eq!((rcpts.len(), relay.received().len()), (PEOPLE, PEOPLE));
    incident.run("verify", &[]).exits(0);
}

#[test]
fn a_withdrawal_needs_a_reason_and_no_run() {
    let incident = frozen(&rule(&people(), ""));
    incident.run("approve", &["--withdraw"]).exits(2);
    incident.run("approve", &["--withdraw", "--reason", " "]).exits(2);
    incident.run("approve", &["--withdraw", "--reason", "not sure"]).exits(0);
    hand_in(&incident, ADA).exits(0);
    incident.run("approve", &["--withdraw", "--by", "Bo", "--reason", "not sure"]).exits(0);
    let (relay, url) = relay();
    notify(&incident, &url, &[]).exits(4).warns(&["withdrawn", "by Bo"]);
    assert_eq!(relay.times(At::Connect), 0);
}

#[test]
fn a_release_lapses_and_a_new_signature_renews_it() {
    let (Some(faketime), Some(ssh_keygen)) = (tools::require("faketime"), tools::require("ssh-keygen")) else {
        return;
    };
    let keys = KeyFiles::new(&ssh_keygen);
    let (key, public) = keys.make("ada", &["ed25519"], "");
    let key = key.to_str().unwrap();
    let incident = frozen(&rule(&[line("ada", &public)], "valid_for = \"2 d\"\n"));
    let (relay, url) = relay();
    incident.run("approve", &["--key", key]).exits(0);
    let words = ["notify", "--relay", &url, "--confirm", "12", "--rate", "unlimited", "--limit", "2"];
    at_another_time(&faketime, "+1d", &incident, &words).exits(5);
    let lapsed = at_another_time(&faketime, "+3d", &incident, &words).exits(4);
    lapsed.warns(&["0 of 1 releases", "it counted until"]).hints();
    assert_eq!(relay.received().len(), 2);
    // The clock goes back: the ledger has seen a later day.
    notify(&incident, &url, &[]).exits(4).warns(&["the clock was set back"]);
    let sets_back = ["approve", "--key", key];
    at_another_time(&faketime, "+3d", &incident, &sets_back).exits(0);
    at_another_time(&faketime, "+4d", &incident, &words).exits(5);
    assert_eq!(relay.received().len(), 4);
}

#[test]
fn a_key_counts_in_its_own_time() {
    let Some(faketime) = tools::require("faketime") else { return };
    let key = format!("valid-before=\"20991231Z\" {}", ADA.public());
    let incident = frozen(&rule(&[line("ada", &key)], "valid_for = \"30 d\"\n"));
    let (relay, url) = relay();
    hand_in(&incident, ADA).exits(0);
    let words = ["notify", "--relay", &url, "--confirm", "12"];
    at_another_time(&faketime, "@2100-01-01 00:00:00", &incident, &words)
        .exits(4)
        .warns(&["the key of ada counted until 2099-12-31"]);
    let early = frozen(&rule(&[line("ada", &format!("valid-after=\"20991231Z\" {}", ADA.public()))], ""));
    hand_in(&early, ADA).exits(4).warns(&["the key of ada counts from 2099-12-31"]);
    let late = frozen(&rule(&[line("ada", &format!("valid-before=\"20200101Z\" {}", ADA.public()))], ""));
    hand_in(&late, ADA).exits(4).warns(&["the key of ada counted until 2020-01-01"]);
    assert_eq!(relay.times(At::Connect), 0);
}

/// A key is revoked where its owner's organisation keeps its signers: what it signed counts no longer, whatever the
/// folder says of it.
#[test]
fn a_key_that_is_revoked_outside_takes_its_signature_with_it() {
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("signers");
    let path = file.to_str().unwrap();
    let ida = Key::with(Kind::Ed25519, 8);
    let own = line("ida@group.example", &ida.public());
    let say = |lines: &[&str]| std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    say(&[&own]);
    let incident = frozen(&rule(&people(), "needed = 2\n"));
    let (relay, url) = relay();
    for (name, key) in [("ada.sig", ADA), ("ida.sig", ida)] {
        incident.write(name, key.sign(NAMESPACE, &statement(&incident)));
        let signature = incident.file(name);
        incident.run("approve", &["--signers", path, "--signature", signature.to_str().unwrap()]);
    }
    incident.run("status", &["--signers", path]).exits(0).says(&["Released"]);
    let with = || notify(&incident, &url, &["--signers", path, "--limit", "1"]);
    // Ada's key is good in the folder, and has ended outside it.
    let ended = line("ada@firm.example", &format!("valid-before=\"20200101Z\" {}", ADA.public()));
    say(&[&own, &ended]);
    with().exits(4).warns(&["1 of 2 releases", "the key of ada@firm.example counted until 2020-01-01"]).hints();
    // Ida's line is gone.
    say(&[&line("jo@group.example", &Key::with(Kind::Ed25519, 7).public())]);
    with().exits(4).warns(&["1 of 2 releases", "nobody who is named has the key"]);
    assert_eq!(relay.times(At::Connect), 0);
    say(&[&own]);
    with().exits(5);
    assert_eq!(relay.received().len(), 1);
}

/// Kills a run when `is_there` says so, and lets another one end it.
fn killed_and_ended(script: Script, is_there: impl Fn(&Relay) -> bool) {
    let incident = frozen(&rule(&people(), ""));
    hand_in(&incident, ADA).exits(0);
    let slow = Relay::start(script).unwrap();
    let url = format!("smtp://{}", slow.address());
    let run = incident.start("notify", &["--relay", &url, "--confirm", "12", "--connections", "1"]);
    assert!(wait_until(PATIENCE, || is_there(&slow)));
    run.signal(rustix::process::Signal::KILL);
    drop(run);
    let (relay, url) = relay();
    let status = incident.json("status", &[]).json();
    let doubts = count(&status["states"]["in_doubt"]);
    assert_eq!(status["approval"]["released"], true);
    let code = notify(&incident, &url, &[]).code();
    assert_eq!(code, if doubts == 0 { 0 } else { 5 });
    // Whoever is in doubt was told, or was not: the kill may come between an offer and its content.
    let told = (slow.received().len() + relay.received().len()) as u64;
    assert!((12 - doubts..=12).contains(&told), "everybody once but for {doubts} in doubt: {told}");
    incident.run("verify", &[]).exits(0);
}

#[test]
fn a_kill_before_the_first_offer_leaves_the_release_for_the_next_run() {
    killed_and_ended(Script::new([]).always(At::Greeting, Act::Stall), |relay| relay.times(At::Greeting) > 0);
}

#[test]
fn a_kill_at_the_first_dot_leaves_the_release_for_the_next_run() {
    killed_and_ended(Script::new([]).always(At::Dot, Act::Stall), |relay| relay.times(At::Dot) > 0);
}

#[test]
fn a_kill_in_the_middle_leaves_the_release_for_the_next_run() {
    let slow = Script::new([]).always(
        At::Mail,
        Act::Several(vec![Act::Wait(std::time::Duration::from_millis(20)), Act::say("250 2.1.0 ok")]),
    );
    killed_and_ended(slow, |relay| relay.received().len() > 4);
}
