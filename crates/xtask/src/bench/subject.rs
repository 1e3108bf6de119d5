//! Which program is measured: the release build, or one that is there already, so that two can be measured in turn.

use crate::{cargo, target_folder};
use anyhow::{Context as _, ensure};
use clap::Args;
use std::path::PathBuf;

/// The program that is measured.
#[derive(Debug, Args)]
pub(super) struct Subject {
    /// A build that is there already, to be held against another. Nothing is built then.
    #[arg(long)]
    program: Option<PathBuf>,
}

impl Subject {
    /// Returns where the program is, and builds it first unless it was given.
    pub(super) fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.program {
            Some(program) => program.canonicalize().with_context(|| format!("no program at {}", program.display())),
            None => built(),
        }
    }
}

/// Makes the release build, and returns where it is.
pub(super) fn built() -> anyhow::Result<PathBuf> {
    println!("bench: building the release binary");
    ensure!(cargo(&["build", "--release", "--locked", "-p", "forthwith"]).status()?.success(), "the build failed");
    Ok(target_folder().join("release/forthwith"))
}
