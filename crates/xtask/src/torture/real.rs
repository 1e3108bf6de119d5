//! `cargo xtask torture kill | syscalls | power | faults`: builds the program, and runs the proofs over it.
//!
//! Here are only sizes; `crates/torture` has the proofs.

use crate::cargo;
use anyhow::{Context as _, ensure};
use clap::Args;
use forthwith_torture::{
    disk::{again_in_own_mounts, has_own_mounts},
    seed,
    story::Tally,
};
use std::path::{Path, PathBuf};

/// How much is done: `SIZE` unless told otherwise.
#[derive(Debug, Args)]
pub(crate) struct Settings<const SIZE: usize> {
    /// How many kills, points or cuts in all; for faults, how often each. Each proof has a number of its own.
    // No default of clap's: it keeps one value for all numbers that this type may have.
    #[arg(long)]
    size: Option<usize>,
    /// The seed of the first story; those after it have the numbers after it. From the clock unless given.
    #[arg(long)]
    seed: Option<u64>,
    /// How many stories go on at once.
    #[arg(long, default_value_t = 4)]
    lanes: usize,
    /// The release build instead of the debug build, whose assertions are on.
    #[arg(long)]
    release: bool,
    /// A build that is there already, which no build beside it changes. Nothing is built then.
    #[arg(long, conflicts_with = "release")]
    program: Option<PathBuf>,
}

impl<const SIZE: usize> Settings<SIZE> {
    fn sizes(&self) -> forthwith_torture::Settings {
        let Self { size, seed: given, lanes, .. } = *self;
        forthwith_torture::Settings { size: size.unwrap_or(SIZE), seed: given.unwrap_or_else(seed), lanes }
    }

    fn program(&self) -> anyhow::Result<PathBuf> {
        if let Some(program) = &self.program {
            return program.canonicalize().with_context(|| format!("no program at {}", program.display()));
        }
        let (profile, folder) = if self.release { ("release", "release") } else { ("dev", "debug") };
        let build = ["build", "--quiet", "--locked", "--package", "forthwith", "--profile", profile];
        ensure!(cargo(&build).status()?.success(), "the build failed");
        Ok(crate::target_folder().join(folder).join("forthwith"))
    }
}

/// Runs a proof, which panics where anything is wrong.
pub(crate) fn run<const SIZE: usize>(
    settings: &Settings<SIZE>,
    proof: fn(&Path, &forthwith_torture::Settings) -> Option<Tally>,
) -> anyhow::Result<()> {
    proof(&settings.program()?, &settings.sizes()).context("a program is missing: cargo xtask test installs it")?;
    Ok(())
}

/// Cuts power, in mounts of our own.
pub(crate) fn power<const SIZE: usize>(settings: &Settings<SIZE>) -> anyhow::Result<()> {
    if has_own_mounts() {
        return run(settings, forthwith_torture::power::run);
    }
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let status = again_in_own_mounts(&arguments).context("power can be cut as root alone")?;
    ensure!(status.success(), "a power cut did harm");
    Ok(())
}
