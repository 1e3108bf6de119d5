//! `cargo xtask torture ...`: the proofs of delivery at full size. The tests run small sizes of the same.
//!
//! docs/guarantees.md holds the figures. It judges nothing itself.

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
}

/// Runs it.
pub(crate) fn run(what: &Torture) -> anyhow::Result<()> {
    match what {
        Torture::Simulation(settings) => simulation::run(settings),
        Torture::Drops => drops(),
    }
}

/// Runs the matrix, which is a test of the sender, and shows its cells.
fn drops() -> anyhow::Result<()> {
    let test = ["test", "--package", "forthwith-sender", "--test", "it", "drops::", "--", "--nocapture"];
    ensure!(cargo(&test).status()?.success(), "a cell of the matrix is not as it must be");
    Ok(())
}
