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
    "au-ndb" "br-lgpd" "ca-pipeda" "ca-qc-law25" "ch-fadp" "eu-gdpr" "in-dpdp" "jp-appi" "kr-pipa" "mx-lfpdppp"
    "nz-privacy" "sg-pdpa" "tr-kvkk" "uk-gdpr" "us-ak" "us-al" "us-ar" "us-az" "us-ca" "us-co" "us-ct" "us-dc"
    "us-de" "us-fl" "us-ftc-hbnr" "us-ga" "us-glba-ftc-safeguards" "us-glba-interagency" "us-hi" "us-hipaa"
    "us-ia" "us-id" "us-il" "us-in" "us-ks" "us-ky" "us-la" "us-ma" "us-md" "us-me" "us-mi" "us-mn" "us-mo"
    "us-ms" "us-mt" "us-nc" "us-nd" "us-ne" "us-nh" "us-nj" "us-nm" "us-nv" "us-ny" "us-oh" "us-ok" "us-or"
    "us-pa" "us-pr" "us-ri" "us-sc" "us-sd" "us-tn" "us-tx" "us-ut" "us-va" "us-vt" "us-wa" "us-wi" "us-wv"
    "us-wy" "za-popia"
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
