//! `forthwith deadlines`: the table, the JSON, the calendar, and what they stand on.

use crate::harness::{Incident, OCTOBER, finding};
use forthwith_testkit::{
    relay::{Relay, Script},
    tools,
};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Command, Stdio},
};

/// The day after the discovery.
const AS_OF: [&str; 2] = ["--as-of", "2026-11-04T12:00:00Z"];

/// People with a Social Security number each in California, in Vermont, and somewhere in the US.
fn list(california: usize, vermont: usize, somewhere: usize) -> String {
    let places = [("US,CA", california), ("US,VT", vermont), ("US,", somewhere)];
    let all = places.iter().flat_map(|(place, count)| std::iter::repeat_n(*place, *count));
    let rows = all.enumerate().map(|(i, place)| format!("C{i},p{i}@people.example,Person {i},{place},name;ssn\n"));
    "id,email,name,country,region,data\n".to_owned() + &rows.collect::<String>()
}

/// An incident that was discovered on 3 November 2026, without a deadline of its own.
fn incident(list: &str) -> Incident {
    let incident = Incident::with_list(list);
    incident.replace("incident.toml", "categories = [\"email\"]", "categories = [\"name\", \"ssn\", \"email\"]");
    incident.replace("incident.toml", "people_affected = 4210", "people_affected = \"unknown\"");
    let text = incident.read("incident.toml");
    let kept = text.lines().filter(|line| {
        !["occurred =", "discovered =", "determined =", "contained =", "deadline ="]
            .iter()
            .any(|key| line.starts_with(key))
    });
    let text = kept.collect::<Vec<_>>().join("\n");
    incident.write("incident.toml", text + "\n");
    events(&incident, "id = \"kestrel-2020-10\"", "occurred = \"unknown\"\ndiscovered = 2026-11-03");
    incident
}

/// Adds lines to [incident], after `line`.
fn events(incident: &Incident, line: &str, more: &str) {
    incident.replace("incident.toml", line, &format!("{line}\n{more}"));
}

fn report(incident: &Incident) -> Value {
    incident.json("deadlines", &AS_OF).exits(0).json()
}

#[track_caller]
fn of<'a>(report: &'a Value, regime: &str, obligation: &str) -> &'a Value {
    let all = report["deadlines"].as_array().unwrap();
    all.iter()
        .find(|dated| dated["regime"] == regime && dated["obligation"] == obligation)
        .unwrap_or_else(|| panic!("no {regime} {obligation}"))
}

#[test]
fn each_deadline_says_when_for_whom_by_which_rule_and_from_which_count() {
    let incident = incident(&list(501, 2, 3));
    let report = report(&incident);
    assert_eq!(
        (&report["as_of"], &report["incident"]),
        (&json!("2026-11-04T12:00:00Z"), &json!("kestrel-2020-10"))
    );
    assert_eq!(report["people"], json!({ "certain": 506, "at_most": 506 }));
    let people = of(&report, "us-ca", "individual");
    assert_eq!(people["due"]["at"], "2026-12-04T07:59:59Z");
    assert_eq!(
        (&people["due"]["local"], &people["due"]["day"]),
        (&json!("2026-12-03T23:59:59"), &json!("2026-12-03"))
    );
    // From noon on 4 November in UTC: 29 days and 20 hours, less a second.
    assert_eq!(people["due"]["seconds_left"], (29 * 24 + 20) * 3600 - 1);
    assert_eq!(
        (&people["owed"], &people["verified"], &people["to"]),
        (&json!("yes"), &json!("unverified"), &json!("individual"))
    );
    assert_eq!(people["counted"]["start"], json!({ "on": "2026-11-03" }));
    let ag = of(&report, "us-ca", "ag");
    assert_eq!(ag["people"], json!({ "certain": 501, "at_most": 504 }));
    assert_eq!(ag["threshold"], json!({ "scope": "residents", "op": ">", "n": 500 }));
    assert_eq!(ag["waits"], json!({ "events": ["individuals_notified"], "needs": "all" }));
    let regulator = of(&report, "us-vt", "regulator");
    assert_eq!(regulator["due"]["at"], "2026-11-25T04:59:59Z");
    assert_eq!(regulator["counted"]["passed_over"], json!([{ "day": "2026-11-11", "name": "Veterans Day" }]));
    assert_eq!(report["earliest"]["any"]["obligation"], "regulator");
    assert_eq!(report["earliest"]["individual"]["regime"], "us-ca");
    assert_eq!((&report["earliest"]["media"], &report["voluntary"]), (&json!(null), &json!(false)));

    let shown = incident.run("deadlines", &AS_OF).exits(0).says(&[
        "as of 2026-11-04 12:00 UTC",
        "Thu 2026-12-03 23:59 America/Los_Angeles = 2026-12-04T07:59:59Z · 29 d 19 h left",
        "us-ca individual · Cal. Civ. Code § 1798.82(a)",
        "30 calendar days from `discovered`, 2026-11-03",
        "14 business days from `discovered`, 2026-11-03; without weekends and the federal holidays",
        "2026-11-11 Veterans Day",
        "501 to 504 people counted; the rule is for more than 500: people who live where the regime holds",
        "waits for `individuals_notified` (the affected people were notified)",
        "Attorney General of California",
        "The earliest date that binds: Tue 2026-11-24",
        "are verified by nobody",
    ]);
    assert!(!shown.stdout.contains("complian") && !shown.stdout.contains("complies"));
    assert!(!shown.stdout.contains("people.example"), "no address is shown");
}

#[test]
fn a_count_at_the_threshold_is_not_owed_and_one_that_may_pass_it_is_a_question() {
    let owed = |list: String| of(&report(&incident(&list)), "us-ca", "ag")["owed"].clone();
    assert_eq!(owed(list(500, 0, 0)), "no");
    assert_eq!(owed(list(501, 0, 0)), "yes");
    assert_eq!(owed(list(500, 0, 1)), "unknown");
    // A row that is refused may be one more; so may one that was left out by name.
    let refused = list(500, 0, 0) + "C9,nobody,Person,US,CA,name;ssn\n";
    assert_eq!(owed(refused.clone()), "unknown");
    incident(&refused).run("deadlines", &AS_OF).exits(0).says(&["1 row of the list refused", "Perhaps owed"]);
    // Whoever gets a letter counts like everybody.
    assert_eq!(owed(list(500, 0, 0) + "C9,,Person,US,CA,name;ssn\n"), "yes");
    incident(&list(500, 0, 0))
        .run("deadlines", &AS_OF)
        .says(&["Not owed by these counts:\n  regulator · us-ca ag: 500 people"]);
}

#[test]
fn what_the_record_knows_starts_a_clock_too() {
    let incident = incident(&list(501, 0, 0));
    incident.run("notify", &["--dry-run"]).exits(0);
    let relay = Relay::start(Script::new([])).unwrap();
    incident.tell(&format!("smtp://{}", relay.address()), &[]).exits(0);
    let report = report(&incident);
    let ag = of(&report, "us-ca", "ag");
    assert_eq!((&ag["waits"], &ag["counted"]["event"]), (&json!(null), &json!("individuals_notified")));
    assert_eq!(ag["counted"]["start"]["at"], report["first_handed_over"]);
    assert_eq!(report["told"], json!({ "accepted": 501, "planned": 501 }));
    incident.run("deadlines", &AS_OF).says(&["501 of 501 notices accepted by the relay, the first handed over "]);
}

#[test]
fn a_hold_is_shown_with_what_it_does_to_each_date() {
    let incident = incident(&list(0, 2, 0));
    incident
        .run("hold", &["--by", "Ines Okafor", "--agency", "State Police", "--reason", "written request"])
        .exits(0);
    // The hold is recorded now, and the incident lies where the test put it: only one that overlaps delays.
    let later = ["--as-of", "2999-01-01T00:00:00Z"];
    incident.replace("incident.toml", "discovered = 2026-11-03", "discovered = 2998-12-03");
    let report = incident.json("deadlines", &later).exits(0).json();
    assert_eq!(
        (&of(&report, "us-vt", "individual")["held"], &report["holds"][0]["by"]),
        (&json!("shall"), &json!("Ines Okafor"))
    );
    assert_eq!(of(&report, "us-vt", "regulator")["held"], json!(null));
    incident.run("deadlines", &later).says(&[
        "ON HOLD  since ",
        "ON HOLD, which must delay it",
        "the notice must be delayed",
    ]);
    incident.run("release", &["--by", "Ines Okafor", "--reason", "written release"]).exits(0);
    let report = incident.json("deadlines", &later).exits(0).json();
    assert_eq!((&of(&report, "us-vt", "individual")["held"], &report["holds"]), (&json!(null), &json!([])));
}

#[test]
fn a_notice_that_nobody_asks_for_is_voluntary() {
    let incident = Incident::with_list("email,country,region\na@people.example,US,OR\n");
    // The list has one person and the incident speaks of 4,210: who knows where the others live.
    let europe = of(&report(&incident), "eu-gdpr", "authority").clone();
    assert_eq!(
        (&europe["owed"], &europe["people"]),
        (&json!("unknown"), &json!({ "certain": 0, "at_most": 4209 }))
    );
    incident.replace("incident.toml", "people_affected = 4210", "people_affected = 1");
    let report = report(&incident);
    assert_eq!((&report["voluntary"], &report["deadlines"]), (&json!(true), &json!([])));
    incident.run("deadlines", &AS_OF).exits(0).says(&["it would be voluntary"]);
}

#[test]
fn check_warns_where_the_incidents_own_deadline_is_missing_or_too_late() {
    let incident = incident(&list(1, 0, 0));
    let report = incident.json("check", &[]).exits(0).json();
    let missing = finding(&report, "deadline-missing");
    assert_eq!(missing["gravity"], "warning");
    assert!(missing["hint"].as_str().unwrap().contains("deadline = 2026-12-04T07:59:59Z"), "{missing}");
    incident.run("notify", &["--dry-run"]).exits(0);
    events(&incident, "discovered = 2026-11-03", "deadline = 2026-12-31T00:00:00Z");
    finding(&incident.json("check", &[]).exits(0).json(), "deadline-late");
    incident.replace("incident.toml", "2026-12-31T00:00:00Z", "2026-11-30T00:00:00Z");
    let report = incident.json("check", &[]).exits(0).json();
    assert!(
        report["findings_total"].as_object().unwrap().keys().all(|code| !code.starts_with("deadline-")),
        "{report}"
    );
}

#[test]
fn bad_input_ends_with_its_code_and_a_next_step() {
    let good = incident(&list(1, 0, 0));
    good.run("deadlines", &["--as-of", "yesterday"]).exits(2).warns(&["write a moment with its offset"]);
    good.run("deadlines", &["--ics", "-", "--format", "json"]).exits(2).hints();
    good.run("deadlines", &["--overwrite"]).exits(2);
    good.replace("incident.toml", "discovered = 2026-11-03", "discovered = \"soon\"");
    let refused = good.json("deadlines", &AS_OF).exits(3).hints().json();
    assert_eq!(refused["exit"], 3);
    let empty = Incident::example(OCTOBER);
    empty.remove("affected.csv");
    empty.run("deadlines", &AS_OF).exits(3).hints();
    // What is refused elsewhere than in the facts and the list's head does not keep the dates back.
    let words = incident(&list(1, 0, 0));
    words.replace("incident.toml", "We fired this person", "We fired {{ nobody }}");
    words.run("check", &[]).exits(3);
    words.run("deadlines", &AS_OF).exits(0);
}

fn calendar(incident: &Incident) -> String {
    incident.run("deadlines", &[&AS_OF[..], &["--ics", "-"]].concat()).exits(0).stdout
}

/// The content lines, unfolded, after what RFC 5545 section 3.1 says of lines was looked at.
fn unfolded(text: &str) -> Vec<String> {
    assert!(text.ends_with("\r\n") && text.replace("\r\n", "").find(['\r', '\n']).is_none());
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim_end_matches("\r\n").split("\r\n") {
        assert!(line.len() <= 75 && !line.is_empty(), "{line:?}");
        match line.strip_prefix(' ') {
            Some(more) => lines.last_mut().unwrap().push_str(more),
            None => lines.push(line.to_owned()),
        }
    }
    lines
}

#[test]
fn the_calendar_is_one_by_the_letter_and_names_nobody() {
    let incident = incident(&list(501, 2, 3));
    let text = calendar(&incident);
    let lines = unfolded(&text);
    assert_eq!((lines[0].as_str(), lines[1].as_str()), ("BEGIN:VCALENDAR", "VERSION:2.0"));
    assert_eq!(lines.last().unwrap(), "END:VCALENDAR");
    let mut open = Vec::new();
    for line in &lines {
        let (name, value) = line.split_once(':').unwrap();
        match name {
            "BEGIN" => open.push(value),
            "END" => assert_eq!(open.pop(), Some(value)),
            _ => assert!(!open.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase()), "{line}"),
        }
    }
    assert!(open.is_empty());
    let values = |name: &str| -> Vec<&str> {
        lines.iter().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':')).collect()
    };
    assert!(values("DTSTART").contains(&"20261204T075959Z") && values("DTSTART").contains(&"20261125T045959Z"));
    assert!(values("DTSTAMP").iter().all(|at| *at == "20261104T120000Z"));
    assert!(values("CLASS").iter().all(|class| *class == "CONFIDENTIAL"));
    assert_eq!(values("TRIGGER").len(), 2 * values("UID").len());
    let mut uids = values("UID");
    uids.sort_unstable();
    uids.dedup();
    assert_eq!(uids.len(), values("DTSTART").len(), "each has a name of its own");
    assert!(!text.contains("people.example") && !text.contains("Person "), "it names nobody");
    // The date moves, and the names stay.
    incident.replace("incident.toml", "discovered = 2026-11-03", "discovered = 2026-11-02");
    let moved = calendar(&incident);
    let mut again: Vec<String> =
        unfolded(&moved).iter().filter_map(|line| line.strip_prefix("UID:").map(str::to_owned)).collect();
    again.sort_unstable();
    assert_eq!(again, uids);
    assert!(moved.contains("DTSTART:20261203T075959Z"));
}

#[test]
fn the_calendar_is_a_file_of_its_owner_and_replaces_none_unasked() {
    let incident = incident(&list(1, 0, 0));
    let path = incident.file("out/deadlines.ics");
    let words = [&AS_OF[..], &["--ics", path.to_str().unwrap()]].concat();
    incident.run("deadlines", &words).exits(0).says(&["1 date in ", "deadlines.ics", "By date:"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&path).unwrap(), calendar(&incident));
    incident.run("deadlines", &words).exits(2).warns(&["exists already"]).hints();
    incident.run("deadlines", &[&words[..], &["--overwrite"]].concat()).exits(0);
}

/// Reads the calendar by a library that is not ours, and prints what it found.
const READER: &str = r#"
import json, sys
from icalendar import Calendar
calendar = Calendar.from_ical(sys.stdin.buffer.read())
events = [component for component in calendar.walk() if component.name == "VEVENT"]
print(json.dumps([{
    "uid": str(event["UID"]), "start": event["DTSTART"].dt.isoformat(), "summary": str(event["SUMMARY"]),
    "description": str(event["DESCRIPTION"]), "errors": list(map(str, event.errors)),
    "alarms": [str(a["TRIGGER"].dt) for a in event.subcomponents if a.name == "VALARM"],
} for event in events]))
"#;

#[test]
fn an_independent_library_reads_the_calendar() {
    let Some(program) = tools::require("icalendar") else { return };
    // The library belongs to the Python that its program names.
    let first = fs::read_to_string(program).unwrap().lines().next().unwrap().trim_start_matches("#!").to_owned();
    let incident = incident(&list(501, 2, 3));
    let mut python = Command::new(PathBuf::from(first))
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(calendar(&incident).as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let events: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let report = report(&incident);
    let dated = report["deadlines"].as_array().unwrap().iter().filter(|d| d["owed"] != "no" && !d["due"].is_null());
    let mut expected: Vec<_> = dated.map(|d| d["due"]["at"].as_str().unwrap().replace('Z', "+00:00")).collect();
    let mut found: Vec<_> = events.iter().map(|event| event["start"].as_str().unwrap().to_owned()).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert!(
        events.iter().all(|event| event["errors"] == json!([]) && event["alarms"].as_array().unwrap().len() == 2)
    );
    let ca = events.iter().find(|event| event["summary"].as_str().unwrap().contains("us-ca individual")).unwrap();
    let description = ca["description"].as_str().unwrap();
    assert!(description.starts_with("Thu 2026-12-03 23:59:59 America/Los_Angeles\n"), "{description}");
    assert!(
        description.contains("30 calendar days from discovered") && description.contains("§ 1798.82"),
        "{description}"
    );
}

#[test]
fn every_key_of_the_report_stands_in_the_page() {
    let page = fs::read_to_string(crate::harness::shipped("../docs/deadlines.md")).unwrap();
    let report = report(&incident(&list(501, 2, 3)));
    let mut keys = Vec::new();
    collect(&report, &mut keys);
    let missing: Vec<_> = keys.iter().filter(|key| !page.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "docs/deadlines.md does not name {missing:?}");
}

fn collect(value: &Value, keys: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if !keys.contains(key) {
                    keys.push(key.clone());
                }
                collect(value, keys);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
        _ => {}
    }
}
