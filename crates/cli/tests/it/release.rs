//! What stands between `notify` and telling people: a frozen plan, its release, its count, words that are no
//! sample.

use crate::harness::{Incident, JANUARY, OCTOBER};
use forthwith_testkit::relay::{At, Relay, Script};

/// An address for documentation (RFC 5737): nothing answers there, and a connection would hang.
const BEYOND: &str = "smtp://192.0.2.1:25";

fn relay() -> (Relay, String) {
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    (relay, url)
}

#[test]
fn without_a_frozen_plan_nothing_goes_to_a_relay() {
    let (relay, url) = relay();
    let incident = Incident::example(OCTOBER);
    let words = ["--relay", &url, "--confirm", "12"];
    incident.run("notify", &words).exits(4).warns(&["there is no plan", "--dry-run"]).hints();
    incident.run("notify", &[]).exits(0);
    incident.run("notify", &words).exits(4).warns(&["there is no plan"]);
    assert_eq!(relay.times(At::Connect), 0);
}

#[test]
fn a_missing_approval_table_or_signers_end_with_4() {
    let rule = "[approval]\nnone = \"an invented incident: nobody is told\"\n";
    let signers = crate::approving::rule(&crate::approving::people(), "");
    for (instead, said) in [("", "no [approval] table"), (signers.as_str(), "0 of 1 releases")] {
        let (relay, url) = relay();
        let incident = Incident::example(OCTOBER);
        incident.replace("incident.toml", rule, instead);
        incident.run("notify", &["--dry-run"]).exits(0);
        let run = incident.run("notify", &["--relay", &url, "--confirm", "12"]);
        run.exits(4).warns(&[said]).hints();
        assert_eq!(relay.times(At::Connect), 0);
        // A rehearsal needs no release.
        incident.run("notify", &[]).exits(0);
    }
}

#[test]
fn a_reason_in_place_of_signers_is_on_page_one() {
    let incident = Incident::frozen();
    assert!(incident.read("out/packet/index.html").contains("an invented incident: nobody is told"));
}

#[test]
fn what_is_not_ready_is_warned_of_and_holds_nobody_up_who_confirms() {
    let (relay, url) = relay();
    let incident = Incident::frozen();
    let words = ["--relay", &url, "--confirm", "12", "--limit", "1"];
    let run = incident.run("notify", &words).exits(5);
    run.warns(&["NOT READY  nobody says that a statement stands", "[ready] statement_live", "help_desk_briefed"]);
    incident.append("delivery.toml", "\n[ready]\nstatement_live = { by = \"Bo Birch, web\", on = 2026-11-01 }\n");
    let run = incident.run("notify", &words).exits(5).warns(&["help_desk_briefed"]);
    assert!(!run.stderr.contains("statement_live"), "{}", run.stderr);
    incident.append("delivery.toml", "help_desk_briefed = { by = \"Cy Cedar, desk\", on = 2026-11-01 }\n");
    let run = incident.run("notify", &words).exits(5);
    assert!(!run.stderr.contains("NOT READY"), "{}", run.stderr);
    assert_eq!(relay.received().len(), 3);
    // Nobody is told by a rehearsal.
    let run = Incident::example(OCTOBER).run("notify", &["--rate", "unlimited"]).exits(0);
    assert!(!run.stderr.contains("NOT READY"), "{}", run.stderr);
}

#[test]
fn the_count_is_confirmed_or_nothing_goes_out() {
    let (relay, url) = relay();
    let incident = Incident::frozen();
    incident.run("notify", &["--relay", &url]).exits(4).warns(&["nobody confirmed", "--confirm 12"]).hints();
    for wrong in ["0", "11", "14", "13"] {
        let run = incident.run("notify", &["--relay", &url, "--confirm", wrong]).exits(4);
        run.warns(&[&format!("\"{wrong}\" is not the number of notices, which is 12")]).hints();
    }
    assert_eq!(relay.times(At::Connect), 0);
    incident.run("notify", &["--relay", &url, "--confirm", "12", "--limit", "2"]).exits(5);
    // It is the plan's count on every run of it, not what is left.
    incident.run("notify", &["--relay", &url, "--confirm", "10"]).exits(4);
    incident.run("notify", &["--relay", &url, "--confirm", "12"]).exits(0);
    assert_eq!(relay.received().len(), 12);
}

#[test]
fn sample_text_goes_to_no_relay_beyond_loopback() {
    let incident = Incident::example(OCTOBER);
    incident.write("delivery.toml", format!("[relay]\nurl = \"{BEYOND}\"\nallow_plaintext = true\n"));
    incident.run("notify", &["--dry-run"]).exits(0);
    let run = incident.run("notify", &["--confirm", "12"]).exits(3).warns(&["sample-text", "reserved domain"]);
    run.hints();
    let queued = incident.json("status", &[]).json()["states"]["queued"].clone();
    assert_eq!(queued, 12);
}

#[test]
fn plaintext_stays_on_loopback() {
    let incident = Incident::frozen();
    let run = incident.run("notify", &["--relay", BEYOND, "--confirm", "12"]);
    assert!([3, 7].contains(&run.code()), "{}", run.stderr);
}

#[test]
fn before_the_first_offer_a_new_dry_run_replaces_the_plan() {
    let (relay, url) = relay();
    let incident = Incident::frozen();
    let before = incident.json("status", &[]).json()["digest"].as_str().unwrap().to_owned();
    incident.append("affected.csv", "K-1014,new@people.example,New,US,OR\n");
    incident.replace("affected.toml", "14", "15");
    incident.run("notify", &["--dry-run"]).exits(0).says(&["It replaces the plan", &before]);
    let after = incident.json("status", &[]).json();
    assert_eq!(after["planned"], 13);
    assert_ne!(after["digest"], before);
    incident.run("notify", &["--relay", &url, "--confirm", "12"]).exits(4);
    incident.run("notify", &["--relay", &url, "--confirm", "13"]).exits(0);
    assert_eq!(relay.received().len(), 13);
}

#[test]
fn after_the_first_offer_the_plan_stands() {
    let (relay, url) = relay();
    let incident = Incident::frozen();
    incident.run("notify", &["--relay", &url, "--confirm", "12", "--limit", "1"]).exits(5);
    let digest = incident.json("status", &[]).json()["digest"].clone();
    let packet = incident.read("out/packet/manifest.txt");
    // The same inputs freeze the same plan, which stands.
    incident.run("notify", &["--dry-run"]).exits(0).says(&["The plan stands"]);
    incident.append("affected.csv", "K-1014,new@people.example,New,US,OR\n");
    incident.replace("affected.toml", "14", "15");
    let refused = incident.run("notify", &["--dry-run"]).exits(4);
    refused.warns(&["this incident's plan stands", "second wave"]).hints();
    assert_eq!(incident.json("status", &[]).json()["digest"], digest);
    assert_eq!(incident.read("out/packet/manifest.txt"), packet);
    assert_eq!(relay.received().len(), 1);
}

#[test]
fn a_lost_key_ends_with_6() {
    let (relay, url) = relay();
    let incident = Incident::example(JANUARY);
    incident.run("notify", &["--dry-run"]).exits(0);
    incident.run("notify", &["--relay", &url, "--confirm", "10", "--limit", "1"]).exits(5);
    let key = std::fs::read(incident.file("out/plan.key")).unwrap();
    incident.remove("out/plan.key");
    incident.run("notify", &["--relay", &url, "--confirm", "10"]).exits(6).warns(&["plan.key"]).hints();
    incident.write("out/plan.key", &key[1..]);
    incident.run("notify", &["--relay", &url, "--confirm", "10"]).exits(6).warns(&["plan.key"]);
    assert_eq!(relay.received().len(), 1);
}

#[test]
fn another_key_is_not_the_plans() {
    let (relay, url) = relay();
    let incident = Incident::frozen();
    incident.remove("out/plan.key");
    incident.write("out/plan.key", [7; 32]);
    std::fs::set_permissions(incident.file("out/plan.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    let run = incident.run("notify", &["--relay", &url, "--confirm", "12"]);
    assert!([4, 6].contains(&run.code()), "{}", run.stderr);
    assert_eq!(relay.received().len(), 0);
}
