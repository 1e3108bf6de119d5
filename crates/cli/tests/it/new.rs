//! `forthwith new`.

use crate::harness::{JANUARY, OCTOBER, run, shipped};
use std::{fs, os::unix::fs::PermissionsExt as _};

const FILES: [&str; 4] = ["affected.csv", "affected.toml", "delivery.toml", "incident.toml"];

#[test]
fn a_new_folder_checks_clean_and_can_be_rehearsed_at_once() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("Acme & Söhne 2026");
    let dir = dir.to_str().unwrap();
    run(&["new", dir]).exits(0).says(&[dir, "forthwith check", "forthwith preview"]);
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, FILES);
    assert_eq!(fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700);
    for file in FILES {
        let mode = fs::metadata(format!("{dir}/{file}")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file} can be read by others");
    }
    let report = run(&["check", dir, "--format", "json"]).exits(0).json();
    assert_eq!((&report["refused"], &report["planned"]), (&0.into(), &2.into()));
    let gravities: Vec<_> = report["findings"].as_array().unwrap().iter().map(|f| &f["gravity"]).collect();
    assert!(!gravities.contains(&&"refused".into()), "{report}");
    assert_eq!(run(&["notify", dir, "--format", "json"]).exits(0).json()["rehearsal"], true);
}

#[test]
fn an_example_comes_as_it_is_shipped() {
    let temp = tempfile::tempdir().unwrap();
    for example in [OCTOBER, JANUARY] {
        let dir = temp.path().join(example);
        let report = run(&["new", dir.to_str().unwrap(), "--from", example, "--format", "json"]).exits(0).json();
        assert_eq!(report["folder"], dir.to_str().unwrap());
        for file in FILES {
            assert_eq!(fs::read(dir.join(file)).unwrap(), fs::read(shipped(example).join(file)).unwrap(), "{file}");
        }
    }
}

#[test]
fn what_is_there_is_never_touched() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().to_str().unwrap();
    run(&["new", dir]).exits(1).warns(&[dir]).hints();
    assert_eq!(fs::read_dir(dir).unwrap().count(), 0);
    let deep = temp.path().join("no/such/folder");
    run(&["new", deep.to_str().unwrap()]).exits(1).warns(&[deep.to_str().unwrap()]);
    run(&["new", dir, "--from", "amazon-2020-11"]).exits(2).warns(&["amazon-2020-1"]).hints();
}
