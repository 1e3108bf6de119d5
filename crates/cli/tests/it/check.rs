//! `forthwith check`: its report key by key, what it prints, and what it never does. Bad lists: `bad_input.rs`.

use crate::harness::{Incident, JANUARY, OCTOBER, finding};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_examples_check_clean_and_are_counted() {
    for (example, rows, planned, variants) in [(OCTOBER, 14, 12, 2), (JANUARY, 12, 10, 4)] {
        let incident = Incident::example(example);
        let report = incident.json("check", &[]).exits(0).json();
        let contract =
            ["rows", "planned", "withheld", "refused", "people", "findings", "findings_total", "variants", "law"];
        assert_eq!(keys(&report), contract.into());
        assert_eq!((&report["rows"], &report["planned"]), (&json!(rows), &json!(planned)));
        assert_eq!(report["withheld"], json!({ "duplicate": 1, "no-address": 1 }));
        assert_eq!((&report["findings"], &report["findings_total"]), (&json!([]), &json!({})));
        let listed = report["variants"].as_array().unwrap();
        assert_eq!(listed.len(), variants, "{report}");
        assert_eq!(listed.iter().map(|v| v["count"].as_u64().unwrap()).sum::<u64>(), planned);
        assert!(listed.iter().all(|variant| keys(variant) == ["key", "count"].into()), "{report}");
        assert!(!incident.file("out").exists(), "check writes nothing");
    }
}

#[test]
fn people_read_counts_reasons_and_the_next_step() {
    let incident = Incident::example(OCTOBER);
    let run = incident.run("check", &[]).exits(0).says(&[
        "14 rows in the list",
        "12 people to be told",
        "1 row withheld: duplicate",
        "1 row withheld: no-address",
        "forthwith preview",
    ]);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_finding_names_row_line_column_code_and_gravity() {
    let list = "id,email,name\r\nC1,ada@people.example,\"Ada\r\nByrne\"\r\nC2,not an address,Bo\r\n";
    let incident = Incident::with_list(list);
    let report = incident.json("check", &[]).exits(3).json();
    let found = finding(&report, "address-syntax");
    assert_eq!(keys(found), ["row", "line", "column", "code", "gravity", "message", "file", "hint"].into());
    // The first row spans two lines, so the second starts on the fourth.
    assert_eq!((&found["row"], &found["line"], &found["column"]), (&json!(2), &json!(4), &json!("email")));
    assert_eq!(found["gravity"], "refused");
    assert_eq!(report["findings_total"]["address-syntax"], 1);
    assert!(report["refused"].as_u64().unwrap() >= 1);
    let people = incident.run("check", &[]).exits(3);
    people.says(&["refused[address-syntax]", "affected.csv:4, row 2, column email", "help: ", "Refused. Mend"]);
}

#[test]
fn all_findings_come_in_one_run_and_each_code_is_counted_whole() {
    let mut list = "id,email,country\n".to_owned();
    list.extend((0..1_200).map(|n| format!("C{n},broken{n},US\n")));
    list += "D1,d1@people.example,ZZ\n";
    let incident = Incident::with_list(list);
    incident.append("incident.toml", "\n[colour]\nx = 1\n");
    incident.append("delivery.toml", "\nspeed = 3\n");
    let report = incident.json("check", &[]).exits(3).json();
    assert_eq!(report["findings_total"]["address-syntax"], 1_200);
    let of_code = |code: &str| report["findings"].as_array().unwrap().iter().filter(|f| f["code"] == code).count();
    assert_eq!(of_code("address-syntax"), 1_000);
    assert_eq!(of_code("unknown-key"), 2);
    assert_eq!(of_code("country-unknown"), 1);
    let people = incident.run("check", &[]).exits(3).stdout;
    assert!(people.contains("1,190 more findings") && people.contains("delivery.toml:17:1"), "{people}");
}

#[test]
fn only_equal_rows_are_duplicates() {
    let incident = Incident::with_list("id,email,name\nC1,a@people.example,Ada\nC1,a@people.example,Ada\n");
    assert_eq!(incident.json("check", &[]).exits(0).json()["withheld"], json!({ "duplicate": 1 }));
    incident.write("affected.csv", "id,email,name\nC1,a@people.example,Ada\nC1,a@people.example,Eve\n");
    let report = incident.json("check", &[]).exits(3).json();
    assert_eq!(finding(&report, "conflicting-rows")["gravity"], "refused");
}

#[test]
fn the_control_total_is_held_against_the_list() {
    let incident = Incident::example(OCTOBER);
    incident.replace("affected.toml", "expected_rows = 14", "expected_rows = 15");
    let report = incident.json("check", &[]).exits(3).json();
    assert_eq!(finding(&report, "control-total")["gravity"], "refused");
    incident.run("notify", &["--dry-run"]).exits(3);
    incident.remove("affected.toml");
    let report = incident.json("check", &[]).exits(0).json();
    assert_eq!(finding(&report, "no-control-total")["gravity"], "warning");
}

#[test]
fn the_line_that_leaves_a_row_out_can_be_pasted() {
    let list = "id,email,name\nC1,a@people.example,Ada\nC2,broken,\"Bo, \"\"B\"\"\"\nC3,c@people.example,Cy\n";
    let incident = Incident::with_list(list);
    let printed = incident.run("check", &[]).exits(3).stdout;
    let start = printed.find("leave_out = [{").unwrap();
    let line = &printed[start..start + printed[start..].find("}]").unwrap() + 2];
    incident.write("affected.toml", format!("{line}\n\n[list]\nexpected_rows = 3\n"));
    let report = incident.json("check", &[]).exits(0).json();
    assert_eq!((&report["planned"], &report["withheld"]), (&json!(2), &json!({ "left-out": 1 })));

    // The row changed since: the line no longer fits, and is itself refused.
    incident.replace("affected.csv", "broken", "brokem");
    let report = incident.json("check", &[]).exits(3).json();
    assert_eq!((&report["planned"], &report["refused"]), (&json!(2), &json!(1)));
    assert_eq!(finding(&report, "leave-out-changed")["row"], 2);
}

#[test]
fn several_refused_rows_are_left_out_by_one_line() {
    let incident = Incident::with_list("id,email\nC1,broken\nC2,b@people.example\nC3,c@\nC4,d@people.example,x\n");
    incident.write("affected.toml", "[list]\nexpected_rows = 4\n");
    let printed = incident.run("check", &[]).exits(3).stdout;
    let line = printed.lines().find(|line| line.starts_with("  leave_out = [")).unwrap();
    incident.write("affected.toml", format!("{line}\n[list]\nexpected_rows = 4\n"));
    let report = incident.json("check", &[]).exits(0).json();
    assert_eq!((&report["planned"], &report["withheld"]), (&json!(1), &json!({ "left-out": 3 })));
}

#[test]
fn an_address_that_no_relay_must_take_is_withheld_and_said() {
    let incident = Incident::with_list("id,email\nC1,jürgen@people.example\nC2,b@people.example\nC3,\n");
    let report = incident.json("check", &[]).exits(0).json();
    assert_eq!(report["withheld"], json!({ "needs-smtputf8": 1, "no-address": 1 }));
}

#[test]
fn a_person_is_left_out_by_id() {
    let incident = Incident::example(OCTOBER);
    incident.write(
        "affected.toml",
        "leave_out = [{ id = \"K-1002\", reason = \"told in person\", by = \"R. Okafor\" }]\n",
    );
    let report = incident.json("check", &[]).exits(0).json();
    assert_eq!((&report["planned"], &report["withheld"]["left-out"]), (&json!(11), &json!(1)));
    incident.run("notify", &["--dry-run"]).exits(0);
    incident.run("explain", &["K-1002"]).exits(0).says(&["told in person (decided by R. Okafor)"]);
    incident.write("affected.toml", "leave_out = [{ id = \"K-9999\", reason = \"x\" }]\n");
    incident.run("check", &[]).exits(3).says(&["K-9999"]);
}
