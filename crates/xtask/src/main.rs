//! Developer commands: `cargo xtask test`, `bench ...`, `torture ...`, `fuzz` and `fixture ledger`.
//!
//! Nothing here is part of forthwith. What keeps the tree tidy is a test beside this program, so that a plain
//! `cargo test` runs it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer command talks on the terminal")]

mod axe;
mod bench;
mod fixture;
mod fuzz;
mod packages;
mod test;
mod torture;

use clap::{Parser, Subcommand};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Developer commands of forthwith.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Installs the Debian packages that the tests need where they are missing, and runs everything.
    Test(test::Settings),
    /// Measures.
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
    /// Guesses at what comes from outside, guided by the code that it reaches.
    Fuzz(fuzz::Settings),
    /// Makes anew what tests keep of a version.
    Fixture {
        #[command(subcommand)]
        what: fixture::Fixture,
    },
    /// Proves what delivery promises, in sizes that the tests have no time for.
    Torture {
        #[command(subcommand)]
        what: torture::Torture,
    },
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Holds `notify` against Postfix's smtp-source, the disk, and the length of the line.
    Delivery(bench::Settings),
    /// Holds the dry run against a bare loop of Tera and lettre.
    DryRun(bench::dry_run::Settings),
    /// Holds the reading of lists against `DuckDB`.
    Intake(bench::intake::Settings),
    /// Holds an incident of a million people against one of ten thousand, and kills it half way.
    Scale(bench::scale::Settings),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test(settings) => test::run(&settings),
        Command::Fuzz(settings) => fuzz::run(&settings),
        Command::Bench { what: Bench::Delivery(settings) } => bench::delivery(&settings),
        Command::Fixture { what } => fixture::run(&what),
        Command::Bench { what: Bench::DryRun(settings) } => bench::dry_run::run(&settings),
        Command::Bench { what: Bench::Intake(settings) } => bench::intake::run(&settings),
        Command::Bench { what: Bench::Scale(settings) } => bench::scale::run(&settings),
        Command::Torture { what } => torture::run(&what),
    };
    if let Err(error) = result {
        eprintln!("xtask: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Returns the top level of the repository.
fn top_level() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("xtask lies two folders below the top level").to_path_buf()
}

/// Returns the folder that cargo builds in.
fn target_folder() -> PathBuf {
    top_level().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Returns a call of the cargo that runs us, at the top level.
fn cargo(arguments: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(top_level());
    command
}
