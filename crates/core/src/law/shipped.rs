//! The regimes that are shipped, compiled in.
//!
//! A test of the tree holds this list equal to the files of `crates/core/law`.

use super::{Regime, read};
use std::sync::LazyLock;

macro_rules! regimes {
    ($($id:literal)*) => {
        /// Every shipped regime file: its id and its text.
        pub const FILES: &[(&str, &str)] =
            &[$(($id, include_str!(concat!("../../law/", $id, ".toml")))),*];
    };
}

regimes! {
    "eu-gdpr" "uk-gdpr" "us-ca" "us-hipaa" "us-ma" "us-ny" "us-ri" "us-vt"
}

/// Returns every shipped regime, in the order of their ids. They are read once.
pub fn shipped() -> &'static [Regime] {
    static REGIMES: LazyLock<Vec<Regime>> = LazyLock::new(|| {
        let read = |(id, text): &(&str, &str)| {
            let (regime, findings) = read(&format!("{id}.toml"), text.as_bytes());
            regime.unwrap_or_else(|| panic!("a shipped regime is refused: {findings:?}"))
        };
        FILES.iter().map(read).collect()
    });
    &REGIMES
}

/// Returns the shipped regime with this id.
pub fn regime(id: &str) -> Option<&'static Regime> {
    shipped().iter().find(|regime| regime.id == id)
}
