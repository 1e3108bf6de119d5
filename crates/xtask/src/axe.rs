//! Fetches axe-core from the npm registry for the tests that look at pages, in its one version and by its digest.
//!
//! Nothing of the package is installed or run here: one file is taken out of its archive.

use anyhow::{Context as _, ensure};
use forthwith_testkit::{axe, tools};
use std::{fs, process::Command};

/// Fetches the script where it is not there. Does nothing, and says so, where it is.
pub(crate) fn fetch_missing() -> anyhow::Result<()> {
    if axe::read().is_ok() {
        println!("xtask: {} {} is there", axe::PACKAGE, axe::VERSION);
        return Ok(());
    }
    println!("xtask: fetching {} {} with npm", axe::PACKAGE, axe::VERSION);
    let folder = tempfile::tempdir()?;
    let mut npm = Command::new(tools::find("npm").context("npm is not installed")?);
    npm.args(["pack", "--silent", &format!("{}@{}", axe::PACKAGE, axe::VERSION)]).current_dir(folder.path());
    ensure!(npm.status().context("cannot run npm")?.success(), "npm cannot fetch {}", axe::PACKAGE);
    let archive = folder.path().join(format!("{}-{}.tgz", axe::PACKAGE, axe::VERSION));
    let script =
        Command::new("tar").arg("-xzOf").arg(&archive).arg(axe::SCRIPT).output().context("cannot run tar")?;
    ensure!(script.status.success(), "{} has no {}", archive.display(), axe::SCRIPT);
    axe::check(&script.stdout)?;
    let path = axe::path();
    fs::create_dir_all(path.parent().context("the script lies in a folder")?)?;
    fs::write(&path, &script.stdout).with_context(|| format!("cannot write {}", path.display()))
}
