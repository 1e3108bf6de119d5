//! Decisions about people over the whole program: what is merged, who was told before, who is left out or suppressed.

use crate::harness::{Incident, finding};
use serde_json::json;

/// Two rows of one person that differ in data, and somebody else.
const TWICE: &str = "id,email,name,country,data\nC1,ada@people.example,Ada,US,email\n\
                     C2,bo@people.example,Bo,US,email\nC1,ada@people.example,Ada,US,name\n";

#[test]
fn nobody_merged_leaves_no_table() {
    let incident = Incident::frozen_with(2);
    assert!(!incident.file("out/packet/private").exists());
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
