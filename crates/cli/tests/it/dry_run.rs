//! `forthwith notify --dry-run`: what it reports, freezes and writes.

use crate::harness::{Incident, JANUARY, OCTOBER};
use serde_json::json;
use std::fs;

#[test]
fn its_report_is_the_one_of_check_with_digest_and_packet() {
    let incident = Incident::example(OCTOBER);
    let checked = incident.json("check", &[]).exits(0).json();
    let mut frozen = incident.json("notify", &["--dry-run"]).exits(0).json();
    let digest = frozen["digest"].as_str().unwrap().to_owned();
    assert!(digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64), "{digest}");
    let packet = std::path::PathBuf::from(frozen["packet"].as_str().unwrap());
    let manifest = fs::read(packet.join("manifest.txt")).unwrap();
    assert_eq!(forthwith_core::digest::Digest::of(&manifest).to_string(), digest);
    let report = frozen.as_object_mut().unwrap();
    for key in ["digest", "packet", "statement", "words"] {
        assert!(report.remove(key).is_some_and(|value| value.is_string()), "{key}");
    }
    assert_eq!(frozen, checked);
}

#[test]
fn the_same_inputs_freeze_the_same_plan() {
    let incident = Incident::example(OCTOBER);
    let first = incident.json("notify", &["--dry-run"]).exits(0).json();
    assert_eq!(incident.json("notify", &["--dry-run"]).exits(0).json(), first);
    incident.run("notify", &["--dry-run"]).exits(0).says(&["The plan stands as it was frozen before."]);
    let status = incident.json("status", &[]).exits(0).json();
    assert_eq!((&status["digest"], &status["states"]["queued"]), (&first["digest"], &json!(12)));
}

#[test]
fn the_packet_counts_everybody_and_shows_every_wording() {
    let incident = Incident::example(JANUARY);
    let report = incident.json("notify", &["--dry-run"]).exits(0).json();
    let page = incident.read("out/packet/index.html");
    let names = fs::read_dir(incident.file("out/packet")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let wordings: Vec<String> = names.filter(|name| name.starts_with("wording-")).collect();
    let variants = report["variants"].as_array().unwrap();
    assert_eq!(wordings.len(), variants.len());
    for variant in variants {
        let key = format!(">{}<", variant["key"].as_str().unwrap());
        let own: Vec<_> =
            wordings.iter().filter(|name| incident.read(&format!("out/packet/{name}")).contains(&key)).collect();
        assert_eq!(own.len(), 1, "{variant} has one page");
        assert!(page.contains(&format!("href=\"{}\"", own[0])), "{variant} is not on page one");
    }
    let withheld = incident.read("out/packet/private/withheld.html");
    assert!(
        withheld.contains("M-208") && withheld.contains("Ruth Adeyemi") && withheld.contains("merged into row 2")
    );
    let manifest = incident.read("out/packet/manifest.txt");
    for line in ["rows 12\n", "planned 10\n"] {
        assert!(manifest.contains(line), "{manifest}");
    }
    let key = fs::read(incident.file("out/plan.key")).unwrap();
    let hex = forthwith_core::digest::hex(&key);
    assert!(!manifest.contains(&hex) && !page.contains(&hex), "the key is in the packet");
}

#[test]
fn a_refused_row_freezes_nothing() {
    let incident = Incident::example(OCTOBER);
    incident.replace("affected.csv", "t.yamada@yubin.example", "t.yamada");
    incident.run("notify", &["--dry-run"]).exits(3).warns(&["affected.csv:5, row 4", "1 finding"]).hints();
    incident.run("status", &[]).exits(4).warns(&["nothing was frozen"]);
    assert!(!incident.file("out/packet").exists());
    // Programs get the findings too.
    let report = incident.json("notify", &["--dry-run"]).exits(3).json();
    assert_eq!((&report["refused"], &report["planned"], &report["exit"]), (&json!(1), &json!(11), &json!(3)));
    assert_eq!(report["findings_total"]["address-syntax"], 1);
    assert!(report.get("digest").is_none() && report.get("packet").is_none(), "{report}");
}

#[test]
fn a_refused_dry_run_leaves_the_earlier_plan_and_packet() {
    let incident = Incident::frozen();
    let before = (incident.read("out/packet/manifest.txt"), incident.json("status", &[]).json()["digest"].clone());
    incident.append("affected.csv", "K-1,broken,X,US,OR\n");
    incident.run("notify", &["--dry-run"]).exits(3);
    let after = (incident.read("out/packet/manifest.txt"), incident.json("status", &[]).json()["digest"].clone());
    assert_eq!(after, before);
}
