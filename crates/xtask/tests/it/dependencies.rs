//! What the crates stand on: direct dependencies of the two walled crates, and libraries that no build holds.

use crate::tree::{WALLED, cargo, read, refuse, top_level, try_cargo};
use forthwith_testkit::tools::skip;
use std::collections::BTreeSet;

/// Every direct dependency of core: name, `default` where its default features are on, features.
///
/// jiff's default features read time zones from the disk, and are therefore off.
const CORE: [&str; 20] = [
    "aws-lc-rs aws-lc-sys",
    "base64 default",
    "chardetng default",
    "csv default",
    "encoding_rs default",
    "forthwith-testkit default (dev)",
    "hmac default",
    "idna default",
    "jiff serde std tzdb-bundle-always",
    "memchr default",
    "proptest std (dev)",
    "serde default derive",
    "serde_json default",
    "sha2 default",
    "ssh-key alloc ecdsa",
    "strsim default",
    "thiserror default",
    "toml parse serde std",
    "unicode-normalization default",
    "unicode-script default",
];

/// Every direct dependency of templating.
const TEMPLATING: [&str; 10] = [
    "forthwith-core default",
    "icu compiled_data sync",
    "jiff serde std tzdb-bundle-always",
    "lettre builder",
    "pulldown-cmark",
    "serde default derive",
    "serde_json default",
    "similar std",
    "tera default fast unicode",
    "thiserror default",
];

/// All that is used of lettre: no pool, no TLS, no DKIM, and no tracing, which would write every AUTH line and
/// every notice into a log.
const LETTRE: [&str; 3] = ["builder", "smtp-transport", "tokio1"];

/// Libraries that no lock file of ours names: other TLS and RSA code than rustls with aws-lc-rs, and the
/// clock-reading neighbour of jiff.
const REFUSED: [&str; 5] = ["openssl", "openssl-sys", "native-tls", "rsa", "chrono"];

#[test]
fn the_walled_crates_stand_on_the_written_list() {
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version=1", "--no-deps", "--locked"])).unwrap();
    for (folder, expected) in WALLED.into_iter().zip([&CORE[..], &TEMPLATING[..]]) {
        let manifest = top_level().join(folder).join("Cargo.toml");
        let packages = metadata["packages"].as_array().unwrap();
        let package = packages.iter().find(|p| p["manifest_path"].as_str() == manifest.to_str()).unwrap();
        let mut found: Vec<String> = package["dependencies"].as_array().unwrap().iter().map(describe).collect();
        found.sort();
        assert_eq!(found, expected, "{folder}: a new dependency there is a decision: docs/decisions.md, then here");
    }
}

/// Its version is exact: the tests of the wire (`crates/sender/tests/it/lettre.rs`) are run again on every change.
#[test]
fn of_lettre_only_what_was_looked_at_is_compiled() {
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version=1", "--no-deps", "--locked"])).unwrap();
    let dependencies = metadata["packages"].as_array().unwrap().iter();
    let dependencies = dependencies.flat_map(|package| package["dependencies"].as_array().unwrap());
    let lettre: Vec<_> = dependencies.filter(|dependency| dependency["name"] == "lettre").collect();
    assert!(!lettre.is_empty());
    for dependency in lettre {
        assert!(dependency["req"].as_str().unwrap().starts_with('='), "{dependency}");
        assert_eq!(dependency["uses_default_features"], false);
        let features = dependency["features"].as_array().unwrap();
        let more: Vec<_> = features.iter().filter(|f| !LETTRE.contains(&f.as_str().unwrap())).collect();
        assert!(more.is_empty(), "{more:?}");
    }
}

fn describe(dependency: &serde_json::Value) -> String {
    let mut words = vec![dependency["name"].as_str().unwrap().to_owned()];
    if dependency["uses_default_features"] == true {
        words.push("default".to_owned());
    }
    let mut features: Vec<String> =
        dependency["features"].as_array().unwrap().iter().map(|f| f.as_str().unwrap().to_owned()).collect();
    features.sort();
    words.extend(features);
    words.extend(dependency["kind"].as_str().map(|kind| format!("({kind})")));
    words.join(" ")
}

/// Libraries that guess, and that nothing else is built with.
const OF_FUZZ_ALONE: [&str; 3] = ["forthwith-fuzz", "libfuzzer-sys", "arbitrary"];

/// `fuzz/` has a lock file of its own, and is built with it as it stands: it has to follow ours.
#[test]
fn the_fuzz_targets_stand_on_the_libraries_of_the_workspace() {
    let (ours, theirs) = (read("Cargo.lock"), read("fuzz/Cargo.lock"));
    let named = versions(&ours);
    let others = versions(&theirs).into_iter().filter(|version| !named.contains(version));
    let others: Vec<_> = others.filter(|(name, _)| !OF_FUZZ_ALONE.contains(name)).collect();
    let again = "copy Cargo.lock over fuzz/Cargo.lock, and run cargo metadata in fuzz/";
    assert!(others.is_empty(), "{others:?}: {again}");
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version=1", "--no-deps", "--locked"])).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        let locked = locked(&theirs).into_iter().find(|(name, _)| package["name"] == *name);
        let Some((name, stands_on)) = locked else { continue };
        let declared = package["dependencies"].as_array().unwrap().iter().filter(|one| one["kind"] != "dev");
        let declared: BTreeSet<_> = declared.map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(declared, stands_on.into_iter().collect(), "{name}: {again}");
    }
}

/// Returns the name and the version of each package of a lock file.
fn versions(lock: &str) -> Vec<(&str, &str)> {
    let packages = lock.split("[[package]]").skip(1);
    packages
        .map(|package| {
            let find = |key| package.lines().find_map(|line: &str| line.strip_prefix(key)?.strip_suffix('"'));
            (find("name = \"").unwrap(), find("version = \"").unwrap())
        })
        .collect()
}

/// Returns each package of Cargo.lock: its name, and the lines that name what it depends on.
fn locked(lock: &str) -> Vec<(&str, Vec<&str>)> {
    let packages = lock.split("[[package]]").skip(1);
    packages
        .map(|package| {
            let name = package.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
            let dependencies = package.lines().filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\","));
            (name.unwrap(), dependencies.map(|d| d.split(' ').next().unwrap()).collect())
        })
        .collect()
}

/// Returns what is wrong in a lock file: a refused library, or somebody but webpki who names ring.
///
/// Cargo.lock names ring although nothing compiles it: rustls-webpki has a feature `ring?/alloc`, and a lock
/// holds weak dependencies too.
fn lock_offences(lock: &str) -> Vec<String> {
    let packages = locked(lock);
    let refused = packages.iter().filter(|(name, _)| REFUSED.contains(name)).map(|(name, _)| (*name).to_owned());
    let of_ring = packages.iter().filter(|(name, needs)| needs.contains(&"ring") && *name != "rustls-webpki");
    refused.chain(of_ring.map(|(name, _)| format!("ring, for {name}"))).collect()
}

#[test]
fn the_lock_holds_no_refused_library() {
    let lock = read("Cargo.lock");
    assert!(locked(&lock).len() > 20, "Cargo.lock is not understood");
    let advice =
        "these may not be in Cargo.lock; `cargo tree --target all -e all -i NAME` shows who asks for them:";
    refuse(&lock_offences(&lock), advice);
}

#[test]
fn refused_libraries_are_seen_in_a_lock() {
    let lock = "version = 4\n\n[[package]]\nname = \"rsa\"\nversion = \"0.9.8\"\n\n[[package]]\nname = \"ring\"\n\n\
                [[package]]\nname = \"rustls-webpki\"\ndependencies = [\n \"aws-lc-rs\",\n \"ring\",\n]\n\n\
                [[package]]\nname = \"quinn\"\ndependencies = [\n \"ring 0.17.14\",\n]\n";
    assert_eq!(lock_offences(lock), ["rsa", "ring, for quinn"]);
}

#[test]
fn ring_is_compiled_for_nobody() {
    let call = ["tree", "--workspace", "--target=all", "--edges=all", "--prefix=none", "--locked"];
    let tree = match try_cargo(&call) {
        Ok(tree) => tree,
        // A build fetches what its own platform needs; the tree of every platform needs the rest too.
        Err(error) if error.contains("failed to download") => {
            return skip("libraries of other platforms are not here: `cargo fetch --locked` brings them");
        }
        Err(error) => panic!("cargo {call:?}: {error}"),
    };
    assert!(tree.contains("aws-lc-rs v"), "the tree is not understood");
    let ring = tree.lines().any(|line| line.starts_with("ring v"));
    assert!(!ring, "ring is in the build; `cargo tree --target all -e all -i ring` shows who asks for it");
}

#[test]
fn every_crate_is_described_or_never_published() {
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version=1", "--no-deps", "--locked"])).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        let is_private = package["publish"].as_array().is_some_and(Vec::is_empty);
        assert!(is_private || package["description"].is_string(), "{} needs a description", package["name"]);
        assert_eq!(package["license"], "Apache-2.0 OR MIT", "{}", package["name"]);
    }
}
