//! Decisions about people over the whole program: what is merged, who was told before, who is left out or suppressed.

use crate::{
    harness::{Incident, finding},
    upgrade::with_ledger_of,
};
use forthwith_ledger::sqlite::{RunIdentity, SqliteLedger};
use forthwith_testkit::relay::{Relay, Script};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::PathBuf,
};

/// Two rows of one person that differ in data, and somebody else.
const TWICE: &str = "id,email,name,country,data\nC1,ada@people.example,Ada,US,email\n\
                     C2,bo@people.example,Bo,US,email\nC1,ada@people.example,Ada,US,name\n";

#[test]
fn nobody_merged_leaves_no_table() {
    let incident = Incident::frozen_with(2);
    assert!(!incident.file("out/packet/private/merged.csv").exists());
}

#[test]
fn rows_of_one_person_give_one_notice_with_the_data_of_both() {
    let incident = Incident::with_list(TWICE);
    incident.replace("incident.toml", "categories = [\"email\"]", "categories = [\"name\", \"email\"]");
    let refused = incident.json("check", &[]).exits(3).json();
    assert_eq!(finding(&refused, "conflicting-rows")["row"], 3);
    incident.write("affected.toml", "[people]\nsame_person = \"union-data\"\n");
    let report = incident.json("notify", &["--dry-run"]).exits(0).json();
    assert_eq!((&report["planned"], &report["people"]["united"]), (&json!(2), &json!(1)));
    assert_eq!(report["withheld"], json!({ "duplicate": 1 }));
    let told = incident.json("explain", &["1"]).exits(0).json();
    assert_eq!(told["stories"][0]["data"], json!(["name", "email"]));
    let merged = incident.json("explain", &["3"]).exits(0).json();
    assert!(merged["stories"][0]["note"].as_str().unwrap().starts_with("merged into row 1: "), "{merged}");
    let table = incident.read("out/packet/private/merged.csv");
    let (_, rows) = table.split_once("\r\n").unwrap();
    assert!(
        rows.starts_with("3,4,C1,ada@people.example,Ada,1,2,C1,ada@people.example,Ada,\"the same person"),
        "{rows}"
    );
    assert_eq!(rows.lines().count(), 1);
    let again = incident.json("notify", &["--dry-run"]).exits(0).json();
    assert_eq!(again["digest"], report["digest"], "every reading puts the same together");
    incident.run("notify", &["--relay", "inbox", "--fresh"]).exits(0);
    assert_eq!(incident.inbox().len(), 2);
}

#[test]
fn everybody_who_stands_for_nobody_of_their_own_is_in_the_table_of_the_merged() {
    let list = "id,email,name,data\nA1,a@people.example,Ada,email\nA1,a@people.example,Ada,email\n\
                B1,b@people.example,Bo,email\nB1,b@people.example,Bo,name\n\
                C1,c@people.example,Cy,email\nC2,c@people.example,Di,email\n\
                E1,e@people.example,Eve,email\nE1,eve@people.example,Eve,email\n";
    let incident = Incident::with_list(list);
    incident.replace("incident.toml", "categories = [\"email\"]", "categories = [\"name\", \"email\"]");
    let decided = "same_person = \"union-data\"\nshared_address = \"first-only\"\nperson_addresses = \"first\"\n";
    incident.write("affected.toml", format!("[people]\n{decided}"));
    let report = incident.json("notify", &["--dry-run"]).exits(0).json();
    assert_eq!((&report["planned"], &report["withheld"]), (&json!(4), &json!({ "duplicate": 4 })));
    let table = incident.read("out/packet/private/merged.csv");
    let merged: Vec<_> = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|cells| [cells[0], cells[2], cells[5], cells[7]].join(" "))
        .collect();
    assert_eq!(merged, ["2 A1 1 A1", "4 B1 3 B1", "6 C2 5 C1", "8 E1 7 E1"]);
}

/// Returns a second wave whose list is that of the first one and two more people, and the ledger's name in it.
fn second_wave(first: &Incident, decisions: &str) -> Incident {
    let list = first.read("affected.csv") + "G1,new@people.example,New,US,OR\nG2,other@people.example,Other,GB,\n";
    let second = Incident::with_list(list);
    second.write("affected.toml", format!("[people]\ntold_before = [\"{}\"]\n{decisions}", ledger_of(first)));
    second
}

/// Returns the path of an incident's ledger from another one.
fn ledger_of(incident: &Incident) -> String {
    let folder = incident.path().parent().unwrap().file_name().unwrap().to_str().unwrap();
    format!("../../{folder}/incident/out/ledger.sqlite")
}

/// Returns the codes of what refuses or warns of rows, with the rows.
fn found(report: &Value) -> BTreeSet<(String, u64)> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.filter_map(|f| Some((f["code"].as_str()?.to_owned(), f["row"].as_u64()?))).collect()
}

#[test]
fn whom_an_earlier_wave_told_is_not_told_again() {
    let first = with_ledger_of(1);
    let second = second_wave(&first, "");
    let report = second.json("check", &[]).exits(3).json();
    let expected = [("in-doubt-before", 6), ("let-stand-before", 2), ("pending-before", 3), ("pending-before", 5)];
    assert_eq!(found(&report), expected.map(|(code, row)| (code.to_owned(), row)).into());
    assert_eq!(report["withheld"], json!({ "already-told": 2, "no-address": 1 }));
    assert_eq!(report["planned"], 5, "let stand, bounced, expired and the two new ones");
    let wave = &report["people"]["told_before"][0];
    assert_eq!(wave["there"], json!({ "accepted": 2, "in_doubt": 1, "pending": 2, "let_stand": 1, "not_told": 2 }));
    assert_eq!(wave["here"]["accepted"], 2);
    second.run("check", &[]).exits(3).says(&["told 2 of these rows; 1 in doubt there, 2 still to be told there"]);
    second.run("notify", &["--dry-run"]).exits(3);

    first.run("resolve", &["--let-stand", "--id", "F6", "--reason", "the log shows it"]).exits(0);
    second.append("affected.toml", "pending_before = \"tell-here\"\n");
    let plan = second.json("notify", &["--dry-run"]).exits(0).json();
    assert_eq!((&plan["planned"], &plan["withheld"]["already-told"]), (&json!(8), &json!(2)));
    assert_eq!(second.json("notify", &["--dry-run"]).exits(0).json()["digest"], plan["digest"]);
    let manifest = second.read("out/packet/manifest.txt");
    assert!(manifest.contains(&format!(" {}\n", ledger_of(&first))) && manifest.contains("\ntold-before sha256:"));
    let counts = "told 2 of these rows; 0 in doubt there, 2 still to be told there";
    assert!(second.read("out/packet/index.html").contains(counts));
    assert!(second.read("out/packet/packet.json").contains(counts));
    second.run("notify", &["--dry-run"]).exits(0).says(&[counts, "2 rows withheld: already-told"]);
    let relay = Relay::start(Script::new([])).unwrap();
    second.tell(&format!("smtp://{}", relay.address()), &[]).exits(0);
    let told: BTreeSet<String> = relay.recorded().into_iter().flat_map(|message| message.recipients).collect();
    let expected = ["one", "two", "three", "four", "five", "six", "new", "other"];
    assert_eq!(told, expected.map(|name| format!("{name}@people.example")).into());
    second.run("explain", &["F7"]).exits(0).says(&["already-told", "by "]);
    second.run("verify", &[]).exits(0);
    // What a wave knew of an earlier one, a later one knows by it.
    let third = second_wave(&second, "").json("check", &[]).exits(0).json();
    assert_eq!(
        (&third["planned"], &third["withheld"]),
        (&json!(0), &json!({ "already-told": 12, "no-address": 1 }))
    );
}

#[test]
fn an_earlier_ledger_that_goes_on_is_drift() {
    let first = with_ledger_of(1);
    first.run("resolve", &["--let-stand", "--id", "F6", "--reason", "the log shows it"]).exits(0);
    let second = second_wave(&first, "pending_before = \"tell-here\"\n");
    // With this key F1 is the last to be told, in every run of this test.
    fs::DirBuilder::new().mode(0o700).create(second.file("out")).unwrap();
    fs::write(second.file("out/plan.key"), [1; 32]).unwrap();
    fs::set_permissions(second.file("out/plan.key"), fs::Permissions::from_mode(0o600)).unwrap();
    second.run("notify", &["--dry-run"]).exits(0);
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    // It told F3 in the meantime, whom this plan tells too.
    first.run("notify", &["--relay", &url, "--confirm", "8", "--no-wait", "--rate", "unlimited"]).exits(5);
    let before = relay.received().len();
    second.tell(&url, &[]).exits(4);
    assert_eq!(relay.received().len(), before, "nothing is handed over");
    second.run("notify", &["--relay", &url, "--confirm", "8"]).exits(4).warns(&["told-before ../../"]).hints();
    let again = second.json("notify", &["--dry-run"]).exits(0).json();
    assert_eq!(again["withheld"]["already-told"], 3);
    // Once the second wave has begun, what concerns nobody who is still to be told is passed over.
    second.tell(&url, &["--limit", "1"]).exits(5);
    let told = relay.recorded().pop().unwrap().recipients.remove(0);
    assert_eq!(told, "two@people.example", "the key gives another order");
    first.run("resolve", &["--resend", "--id", "F1", "--state", "bounced", "--reason", "mended"]).exits(0);
    second.tell(&url, &["--limit", "1"]).exits(5);
    // It was decided that who is pending there is told here; it was not decided to tell anybody twice.
    first.run("notify", &["--relay", &url, "--confirm", "8", "--no-wait", "--rate", "unlimited"]).exits(5);
    second.tell(&url, &["--limit", "1"]).exits(4).warns(&["1 notice still queued here"]).hints();
}

#[test]
fn an_earlier_ledger_is_read_beside_its_run_and_never_changed() {
    let first = with_ledger_of(1);
    let path = first.file("out/ledger.sqlite");
    let identity = RunIdentity {
        command: "notify".to_owned(),
        program: "test".to_owned(),
        account: "test".to_owned(),
        host: "test".to_owned(),
        pid: std::process::id(),
        clock_synchronised: None,
        started_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let held = SqliteLedger::open(&path, &identity).unwrap();
    let files = || -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(first.file("out")).unwrap().map(|f| f.unwrap().path()).collect();
        files.sort();
        // The index of the log is shared memory: readers mark in it where they read.
        files
            .into_iter()
            .filter(|p| !p.ends_with("ledger.sqlite-shm"))
            .map(|p| (p.clone(), fs::read(p).unwrap()))
            .collect()
    };
    let before = files();
    let second = second_wave(&first, "");
    second.json("check", &[]).exits(3);
    assert!(files() == before, "another incident's folder was changed");
    drop(held);
    second.json("check", &[]).exits(3);
    first.run("verify", &[]).exits(0);
}

#[test]
fn what_is_no_earlier_wave_is_refused_by_name() {
    let first = with_ledger_of(1);
    first.run("notify", &["--relay", "inbox", "--fresh"]);
    let path = first.file("out/ledger.sqlite");
    let second = Incident::with_list("id,email,name,country\nC1,ada@people.example,Ada,US\n");
    let check = |name: &str, code: &str| {
        second.write("affected.toml", format!("[people]\ntold_before = [\"{name}\"]\n"));
        let report = second.json("check", &[]).exits(3).json();
        let found = finding(&report, code);
        assert_eq!((&found["file"], &found["line"]), (&json!("affected.toml"), &json!(2)), "{found}");
        found["message"].as_str().unwrap().to_owned()
    };
    let ledger = ledger_of(&first);
    check("../nowhere/out/ledger.sqlite", "told-before-gone");
    check(ledger.strip_suffix("/out/ledger.sqlite").unwrap(), "told-before-gone");
    let rehearsal = ledger.replace("out/", "out/rehearsal/");
    assert!(check(&rehearsal, "told-before-rehearsal").contains("nobody was told"));
    second.remove("affected.toml");
    second.run("notify", &["--dry-run"]).exits(0);
    check("out/ledger.sqlite", "told-before-own");
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{beside}", path.display()));
    }
    let mut bytes = fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    assert!(check(&ledger, "told-before-newer").contains("99"));
    bytes.truncate(50);
    fs::write(&path, &bytes).unwrap();
    check(&ledger, "told-before-unreadable");
}

#[test]
fn a_list_says_who_is_left_out_and_who_decided_it() {
    let incident = Incident::with_list(
        TWICE.replace("C1,ada@people.example,Ada,US,name\n", "C3,not an address,Cy,US,email\n"),
    );
    incident.write("affected.toml", "leave_out_file = \"left-out.csv\"\n");
    let report = incident.json("check", &[]).exits(3).json();
    assert_eq!(finding(&report, "no-file")["line"], 1);
    incident.write("left-out.csv", "id,reason,by\nC3,told by telephone,R. Okafor\n");
    let report = incident.json("notify", &["--dry-run"]).exits(0).json();
    assert_eq!((&report["planned"], &report["withheld"]), (&json!(2), &json!({ "left-out": 1 })));
    incident.run("explain", &["C3"]).exits(0).says(&["told by telephone (decided by R. Okafor)"]);
    assert!(incident.read("out/packet/manifest.txt").contains("\nleave-out sha256:"));
    // What was frozen was decided by that list.
    incident.append("left-out.csv", "C2,also by telephone,\n");
    incident
        .run("notify", &["--relay", "smtp://127.0.0.1:9", "--confirm", "2"])
        .exits(4)
        .warns(&["leave-out left-out.csv changed"]);
    incident.write("left-out.csv", "id,reason,by\nC3,told by telephone,R. Okafor\nC9,nobody,\n");
    let report = incident.json("check", &[]).exits(3).json();
    let unused = finding(&report, "leave-out-unused");
    assert_eq!((&unused["file"], &unused["line"]), (&json!("left-out.csv"), &json!(3)));
    for (list, code) in [
        ("id,reason\nC3,x\nC3,y\n", "left-out-twice"),
        ("id,reason\nC3,\n", "empty-value"),
        ("id,raeson\nC3,x\n", "unknown-column"),
        ("id,reason\nC3,x,y\n", "cells"),
        ("id,reason\nC3,\"x\n", "unclosed-quote"),
    ] {
        incident.write("left-out.csv", list);
        let report = incident.json("check", &[]).exits(3).json();
        assert_eq!(finding(&report, code)["file"], "left-out.csv", "{list}");
    }
}

#[test]
fn the_suppressed_are_withheld_with_the_reason() {
    let list = "id,email,name,country\nC1,ada@people.example,Ada,US\nC2,bo@people.example,Bo,US\nC3,,Cy,US\n\
                C4,Dee@people.example,Dee,US\nC5,eve@people.example,Eve,US\n";
    let incident = Incident::with_list(list);
    incident.write("affected.toml", "[people]\nsuppress = [\"suppress.csv\", \"court.csv\"]\n");
    incident.write(
        "suppress.csv",
        "email,id,reason\nADA@PEOPLE.EXAMPLE,,never\nbo@people.example,,deceased\n,C3,deceased\n\
         dee@people.example,,asked\neve@people.example,C9,asked\nno address,,asked\n",
    );
    incident.write("court.csv", "id,reason\nC1,an order of the court\n");
    let report = incident.json("notify", &["--dry-run"]).exits(0).json();
    assert_eq!((&report["planned"], &report["withheld"]), (&json!(2), &json!({ "suppressed": 3 })));
    let expected = [("near-suppressed", 4), ("near-suppressed", 5), ("suppress-address", 6)];
    assert_eq!(found(&report), expected.map(|(code, row)| (code.to_owned(), row)).into());
    assert_eq!(finding(&report, "suppress-unmatched")["message"], "4 of its 6 lines name nobody on the list");
    assert_eq!(
        report["people"]["suppress"],
        json!([{ "file": "suppress.csv", "lines": 6, "matched": 2 }, { "file": "court.csv", "lines": 1, "matched": 1 }])
    );
    incident.run("explain", &["C1"]).exits(0).says(&["suppressed", "an order of the court (court.csv, line 2)"]);
    incident.run("explain", &["C3"]).exits(0).says(&["deceased (suppress.csv, line 4)"]);
    let packet = incident.read("out/packet/index.html");
    assert!(packet.contains("2 of its 6 lines name somebody on the list"));
    for (list, code) in [("reason\nx\n", "suppress-nobody"), ("email\na@b.example\n", "no-column")] {
        incident.write("court.csv", list);
        let report = incident.json("check", &[]).exits(3).json();
        assert_eq!(finding(&report, code)["file"], "court.csv", "{list}");
    }
}

#[test]
fn a_misspelt_domain_is_pointed_out_and_used() {
    let list = "id,email,name,country\nC1,ada@gmial.com,Ada,US\nC2,bo@arnazon.example,Bo,US\n\
                C3,cy@amazon.example,Cy,US\n";
    let report = Incident::with_list(list).json("check", &[]).exits(0).json();
    let expected = [("misspelt-domain", 1), ("look-alike-domain", 3)];
    assert_eq!(found(&report), expected.map(|(code, row)| (code.to_owned(), row)).into());
    assert_eq!(report["planned"], 3);
}
