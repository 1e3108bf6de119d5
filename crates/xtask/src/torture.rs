//! `cargo xtask torture ...`: the proofs of delivery at full size. The tests run small sizes of the same.
//!
//! docs/guarantees.md holds the figures. It judges nothing itself.

mod real;
mod simulation;

use crate::cargo;
use anyhow::ensure;
use clap::Subcommand;

/// A proof.
#[derive(Debug, Subcommand)]
pub(crate) enum Torture {
    /// Tells whole stories with the real engine, and faults at every step, each from a seed.
    Simulation(simulation::Settings),
    /// Breaks the dialogue with a relay at each place in each way, with the real sender.
    Drops,
    /// Kills runs at random moments, and runs again until all is at rest.
    Kill(real::Settings<10_000>),
    /// Kills runs before the k-th system call, for every k of the calls that matter.
    Syscalls(real::Settings<1_000_000>),
    /// Cuts the power of the disk under runs. As root, on a machine that has loop devices.
    Power(real::Settings<10_000>),
    /// Lets writes, syncs, clocks and limits fail, and sends signals.
    Faults(real::Settings<200>),
}

/// Runs it.
pub(crate) fn run(what: &Torture) -> anyhow::Result<()> {
    match what {
        Torture::Simulation(settings) => simulation::run(settings),
        Torture::Drops => drops(),
        Torture::Kill(settings) => real::run(settings, forthwith_torture::kill::run),
        Torture::Syscalls(settings) => real::run(settings, forthwith_torture::syscalls::run),
        Torture::Power(settings) => real::power(settings),
        Torture::Faults(settings) => real::run(settings, forthwith_torture::faults::run),
    }
}

/// Runs the matrix, which is a test of the sender, and shows its cells.
fn drops() -> anyhow::Result<()> {
    let test = ["test", "--package", "forthwith-sender", "--test", "it", "drops::", "--", "--nocapture"];
    ensure!(cargo(&test).status()?.success(), "a cell of the matrix is not as it must be");
    Ok(())
}
