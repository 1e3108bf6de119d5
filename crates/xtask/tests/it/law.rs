//! The regimes that core ships are the files of crates/core/law, no more and no fewer.

use crate::tree::{paths, refuse};
use forthwith_core::law::FILES;

#[test]
fn every_regime_file_is_shipped() {
    let files = paths("crates/core/law");
    let is_listed = |path: &String| {
        let id = path.strip_prefix("crates/core/law/").and_then(|name| name.strip_suffix(".toml"));
        FILES.iter().any(|(listed, _)| Some(*listed) == id)
    };
    let missing: Vec<String> = files.iter().filter(|path| !is_listed(path)).cloned().collect();
    refuse(&missing, "name these in crates/core/src/law/shipped.rs:");
    assert_eq!(files.len(), FILES.len(), "crates/core/src/law/shipped.rs names a file twice");
}
