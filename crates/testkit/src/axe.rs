//! axe-core, which finds what keeps people with disabilities from reading a page: a script that is run in the
//! browser. It comes from the npm registry, in one version, and is looked at by its digest.

use crate::tools;
use sha2::{Digest as _, Sha256};
use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// The package in the npm registry.
pub const PACKAGE: &str = "axe-core";
/// Its version.
pub const VERSION: &str = "4.14.1";
/// The script in the package.
pub const SCRIPT: &str = "package/axe.min.js";
/// SHA-256 of the script.
const SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// Returns where `cargo xtask test` puts the script: in the folder that cargo builds in.
pub fn path() -> PathBuf {
    let top_level = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = top_level.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
    target.join("tools").join(format!("{PACKAGE}-{VERSION}.min.js"))
}

/// Returns the script, or an error where it is absent or another one.
pub fn read() -> io::Result<String> {
    let script = fs::read(path())?;
    check(&script)?;
    String::from_utf8(script).map_err(io::Error::other)
}

/// Looks whether these bytes are the script.
pub fn check(script: &[u8]) -> io::Result<()> {
    let mut found = String::new();
    for byte in Sha256::digest(script) {
        write!(found, "{byte:02x}").expect("a string takes everything");
    }
    if found == SHA256 {
        Ok(())
    } else {
        Err(io::Error::other(format!("{PACKAGE} {VERSION} has another digest: {found}")))
    }
}

/// Returns the script, or `None` after saying on stderr that a test is skipped.
///
/// # Panics
///
/// Where the script is absent or another one, and tests may not be skipped.
pub fn require() -> Option<String> {
    let script = read();
    if let Err(error) = &script {
        tools::skip(&format!("{PACKAGE} {VERSION} is not there ({error}): `cargo xtask test` fetches it"));
    }
    script.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_script_is_refused() {
        let error = check(b"alert(1)").unwrap_err();
        assert!(error.to_string().contains("another digest"), "{error}");
    }
}
