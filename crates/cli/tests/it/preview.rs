//! `forthwith preview`.

use crate::harness::{Incident, JANUARY, OCTOBER, Run, count, program};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt as _};

#[test]
fn without_a_choice_the_variants_are_listed() {
    let incident = Incident::example(OCTOBER);
    let report = incident.json("preview", &[]).exits(0).json();
    let variants = report["variants"].as_array().unwrap();
    assert_eq!(variants.iter().map(|v| count(&v["count"])).sum::<u64>(), 12);
    assert_eq!(variants[0], json!({ "key": "en/email", "label": "A-1", "count": 11, "first_row": 1 }));
    incident.run("preview", &[]).exits(0).says(&["en/email  11 notices, first in row 1", "forthwith preview"]);
    assert!(!incident.file("out").exists(), "preview writes nothing");
}

#[test]
fn one_person_is_shown_what_is_theirs() {
    let incident = Incident::example(JANUARY);
    let both =
        incident.run("preview", &["--row", "1"]).exits(0).says(&["To: Ada Byrne <ada.byrne@mailbox.example>"]);
    let only = incident.run("preview", &["--id", "M-202"]).exits(0).says(&["Subject: ", "From: Marten Maps"]);
    assert!(
        both.stdout.to_lowercase().contains("telephone") || both.stdout.to_lowercase().contains("phone number")
    );
    assert!(!only.stdout.to_lowercase().contains("phone number"), "{}", only.stdout);
    let named = incident.json("preview", &["--variant", "en/email"]).exits(0).json();
    assert_eq!((&named["row"], &named["variant"]), (&json!(2), &json!("en/email")));
    assert_eq!(named["subject"], "Notice of data breach");
    let html = incident.run("preview", &["--row", "1", "--as", "html"]).exits(0).stdout;
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("lang=\"en\""), "{html}");
}

#[test]
fn two_processes_build_the_same_bytes_and_so_does_the_plan() {
    let incident = Incident::example(OCTOBER);
    incident.run("notify", &["--dry-run"]).exits(0);
    let show = || incident.json("preview", &["--row", "6", "--as", "eml"]).exits(0).json()["eml"].clone();
    let message = show();
    assert_eq!(message, show());
    let text = message.as_str().unwrap();
    assert!(text.replace("\r\n", "").bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)), "{text}");
    assert!(text.contains(&format!("\r\nDate: {}\r\n", "x".repeat(31))) || text.starts_with("Date: x"), "{text}");
    let printed = incident.run("preview", &["--row", "6", "--as", "eml"]).exits(0).stdout;
    assert_eq!(printed, text, "what is printed is the message, byte for byte");
    // What goes out is what was shown, but for its Date.
    incident.run("notify", &[]).exits(0);
    let sent: Vec<_> = incident.inbox().into_iter().map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect();
    let undated = |text: &str| -> Vec<String> {
        text.split("\r\n").filter(|line| !line.starts_with("Date: ")).map(str::to_owned).collect()
    };
    assert!(sent.iter().any(|message| undated(message) == undated(text)), "{text}");
}

#[test]
fn somebody_withheld_has_no_notice_and_the_reason_is_said() {
    let incident = Incident::example(OCTOBER);
    incident.run("preview", &["--row", "8"]).exits(3).warns(&["no-address"]);
    incident.run("preview", &["--row", "11"]).exits(3).warns(&["duplicate", "row 1"]);
    incident.write("affected.csv", "id,email\n");
    incident.remove("affected.toml");
    incident.run("preview", &[]).exits(3).warns(&["no-rows"]);
}

#[test]
fn a_page_is_opened_from_where_nobody_else_reads_it() {
    let incident = Incident::example(OCTOBER);
    let desk = tempfile::tempdir().unwrap();
    let opener = desk.path().join("xdg-open");
    fs::write(&opener, "#!/bin/sh\n/bin/cp -p \"$1\" \"$(/usr/bin/dirname \"$0\")/seen.html\"\n").unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let output = program()
        .args(["preview", incident.path().to_str().unwrap(), "--row", "4", "--open"])
        .env("PATH", desk.path())
        .env("TMPDIR", desk.path())
        .output()
        .unwrap();
    Run::of(output, &["preview --open"]).exits(0).says(&["row 4"]);
    let seen = desk.path().join("seen.html");
    assert!(fs::read_to_string(&seen).unwrap().contains("山田 太郎"));
    assert_eq!(fs::metadata(&seen).unwrap().permissions().mode() & 0o077, 0);
}
