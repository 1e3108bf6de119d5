//! A ledger of each version is kept, and opened as it was: `cargo xtask fixture ledger` makes that of today. A
//! ledger of a version to come is refused and not touched.

use crate::harness::{Incident, OCTOBER, count};
use forthwith_testkit::tools;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
};

/// Where the version of the tables stands in the file (`SQLite` file format, section 1.3.16, "user version").
const USER_VERSION_AT: usize = 60;
/// The exit code for a ledger that cannot be used.
const LEDGER: i32 = 6;

fn kept(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/ledger-{version}"))
}

/// Returns an incident with a copy of the ledger kept of `version`.
pub fn with_ledger_of(version: u32) -> Incident {
    let incident = Incident::example(OCTOBER);
    fs::DirBuilder::new().mode(0o700).create(incident.file("out")).unwrap();
    incident.remove("affected.toml");
    for (name, at) in [
        ("incident.toml", "incident.toml"),
        ("affected.csv", "affected.csv"),
        ("delivery.toml", "delivery.toml"),
        ("plan.key", "out/plan.key"),
        ("ledger.sqlite", "out/ledger.sqlite"),
    ] {
        fs::copy(kept(version).join(name), incident.file(at)).unwrap();
        fs::set_permissions(incident.file(at), fs::Permissions::from_mode(0o600)).unwrap();
    }
    incident
}

/// Every version that is kept; the last is that of today.
const KEPT: [u32; 2] = [1, 2];

#[test]
fn the_ledger_of_every_version_is_opened_with_every_state_in_it() {
    KEPT.into_iter().for_each(is_opened_with_every_state_in_it);
}

fn is_opened_with_every_state_in_it(version: u32) {
    let incident = with_ledger_of(version);
    let states = fs::read_to_string(kept(version).join("states.txt")).unwrap();
    let states: BTreeMap<&str, &str> = states.lines().map(|line| line.split_once(' ').unwrap()).collect();

    let whole = incident.json("verify", &[]).exits(0).json();
    assert_eq!((&whole["verified"], &whole["flaws"]), (&json!(true), &json!([])));

    let report = incident.json("status", &[]).exits(0).json();
    assert_eq!((&report["rows"], &report["planned"]), (&json!(9), &json!(8)));
    assert_eq!(report["withheld"], json!({"no-address": 1}));
    for (state, expected) in [
        ("queued", 1),
        ("deferred", 1),
        ("in_flight", 0),
        ("in_doubt", 1),
        ("accepted", 2),
        ("bounced", 1),
        ("expired", 1),
        ("let_stand", 1),
    ] {
        assert_eq!(count(&report["states"][state]), expected, "{state}: {}", report["states"]);
    }

    for (id, state) in states {
        let story = incident.json("explain", &[id]).exits(0).json()["stories"][0].clone();
        let found = match (&story["in_doubt"], &story["state"]) {
            (json!(true), _) => "in-doubt",
            (_, found) => found.as_str().unwrap_or("withheld"),
        };
        assert_eq!(found, state, "{id}");
        let kinds = story["events"].as_array().map_or(0, Vec::len);
        assert!(kinds > 0 || ["withheld", "queued"].contains(&state), "{id}: {story}");
    }
}

/// What was begun goes on: the doubt is settled, and who is left is told, once.
#[test]
fn a_run_goes_on_from_the_ledger_of_every_version() {
    KEPT.into_iter().for_each(goes_on);
}

fn goes_on(version: u32) {
    use forthwith_testkit::relay::{Relay, Script};
    let incident = with_ledger_of(version);
    let Some(python) = tools::require("python3") else { return };
    assert_eq!(version_of(&incident, &python), version, "it was kept as it was");
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    let words = ["--relay", &url, "--confirm", "8", "--no-wait", "--rate", "unlimited"];
    incident.run("notify", &words).exits(5);
    assert_eq!(relay.received().len(), 1, "the one that was queued");
    let report = incident.json("status", &[]).exits(0).json();
    assert_eq!((&report["states"]["accepted"], &report["states"]["queued"]), (&json!(3), &json!(0)));
    incident.run("verify", &[]).exits(0);
    assert_eq!(version_of(&incident, &python), *KEPT.last().unwrap(), "a run brings it up");
}

/// Returns the version of the tables, which may stand in the log beside the file.
fn version_of(incident: &Incident, python: &Path) -> u32 {
    let script =
        "import sqlite3, sys\nprint(*sqlite3.connect(sys.argv[1]).execute('pragma user_version').fetchone())";
    let said = Command::new(python).args(["-c", script]).arg(incident.file("out/ledger.sqlite")).output().unwrap();
    str::from_utf8(&said.stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn a_ledger_of_a_newer_version_is_refused_by_every_command_and_not_touched() {
    let incident = Incident::frozen();
    let path = incident.file("out/ledger.sqlite");
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{beside}", path.display()));
    }
    let mut bytes = fs::read(&path).unwrap();
    bytes[USER_VERSION_AT..USER_VERSION_AT + 4].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    for (command, more) in [
        ("status", &[][..]),
        ("explain", &["1"]),
        ("verify", &[]),
        ("notify", &["--dry-run"]),
        ("notify", &["--relay", "smtp://127.0.0.1:9", "--confirm", "12"]),
        ("resolve", &["--resend", "--reason", "no"]),
    ] {
        incident.run(command, more).exits(LEDGER).warns(&["99"]).hints();
        assert_eq!(incident.json(command, more).exits(LEDGER).json()["exit"], LEDGER, "{command}");
    }
    assert!(fs::read(&path).unwrap() == bytes, "the file was touched");
}
