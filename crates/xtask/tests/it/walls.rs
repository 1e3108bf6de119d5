//! The wall of core and templating: no file, socket, clock, environment or random source.
//!
//! Clippy holds it, by the clippy.toml of each of the two crates. These tests hold clippy to it.

use crate::tree::{WALLED, files, read, refuse};

#[test]
fn nobody_turns_the_wall_off() {
    let mut offences = Vec::new();
    for crate_folder in WALLED {
        for file in files(crate_folder, ".rs") {
            for (number, line) in file.text.lines().enumerate() {
                let is_attribute = line.trim_start().starts_with("#[") || line.trim_start().starts_with("#![");
                // `disallowed_` alone: an attribute may run over several lines.
                if line.contains("disallowed_") || is_attribute && line.contains("clippy::all") {
                    offences.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
                }
            }
        }
    }
    refuse(&offences, "core and templating may not turn the wall's lints off; take the value as an argument:");
}

#[test]
fn both_crates_have_the_same_wall() {
    let [core, templating] = WALLED.map(|folder| read(&format!("{folder}/clippy.toml")));
    assert!(core == templating, "crates/core/clippy.toml and crates/templating/clippy.toml must be equal");
    for name in
        ["std::fs::File", "std::net::TcpStream", "std::time::Instant::now", "std::env::var", "jiff::Timestamp::now"]
    {
        assert!(core.contains(&format!("\"{name}\"")), "the wall no longer names {name}");
    }
}

#[test]
fn the_lints_are_denied_in_every_crate() {
    let workspace = read("Cargo.toml");
    for lint in ["disallowed_methods = \"deny\"", "disallowed_types = \"deny\"", "unsafe_code = \"forbid\""] {
        assert!(workspace.lines().any(|line| line == lint), "Cargo.toml must say {lint}");
    }
    let manifests = files("crates", "/Cargo.toml");
    let open: Vec<String> = manifests
        .iter()
        .filter(|m| !m.text.contains("[lints]\nworkspace = true\n"))
        .map(|m| m.path.clone())
        .collect();
    refuse(&open, "these must say `[lints]` and `workspace = true`:");
}
