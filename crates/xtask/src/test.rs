//! `cargo xtask test`: the packages, then everything that must hold, ending with `cargo test`; with `--full`, the tests
//! behind it that ask for more; with `--fuzz`, a minute for each fuzz target after it.
//!
//! The first step that fails ends the run. In the tests a program that is absent is a failure, never a skip.

use crate::{axe, cargo, fuzz, packages};
use anyhow::{Context as _, ensure};
use clap::Args;
use forthwith_testkit::tools::{FULL_TOOLS, REQUIRE_TOOLS, TOOLS};

/// What is run beside the tests.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Also runs the tests that are too heavy for every run: those that ask for `LibreOffice`.
    #[arg(long)]
    full: bool,
    /// Guesses at what comes from outside, once all else holds.
    #[arg(long)]
    fuzz: bool,
    /// How long each fuzz target is guessed at.
    #[arg(long, default_value_t = 60, requires = "fuzz")]
    seconds: u32,
}

/// One call of cargo that must succeed before the tests run.
struct Check {
    name: &'static str,
    arguments: &'static [&'static str],
    rustdoc_flags: &'static str,
}

/// What comes before the tests.
const CHECKS: [Check; 4] = [
    // A build fetches what its own platform needs; a test looks at the libraries of every platform.
    Check { name: "libraries", arguments: &["fetch", "--locked"], rustdoc_flags: "" },
    Check { name: "format", arguments: &["fmt", "--all", "--check"], rustdoc_flags: "" },
    Check {
        name: "lints",
        arguments: &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        rustdoc_flags: "",
    },
    Check {
        name: "documentation",
        arguments: &["doc", "--workspace", "--no-deps", "--locked"],
        rustdoc_flags: "-D warnings",
    },
];

/// The parts of the toolchain that the checks need: the subcommand, and its rustup component.
const COMPONENTS: [(&str, &str); 2] = [("fmt", "rustfmt"), ("clippy", "clippy")];

/// Runs everything.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<()> {
    for (subcommand, component) in COMPONENTS {
        let asked = cargo(&[subcommand, "--version"]).output().context("cannot run cargo")?;
        ensure!(asked.status.success(), "cargo {subcommand} is missing: rustup component add {component}");
    }
    packages::install_missing(&TOOLS)?;
    if settings.full {
        packages::install_missing(&FULL_TOOLS)?;
    }
    axe::fetch_missing()?;
    for check in CHECKS {
        println!("xtask: {}: cargo {}", check.name, check.arguments.join(" "));
        let mut command = cargo(check.arguments);
        command.env("RUSTDOCFLAGS", check.rustdoc_flags);
        ensure!(command.status()?.success(), "{}: not as it must be", check.name);
    }
    println!("xtask: tests: cargo test --workspace");
    let mut tests = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    ensure!(tests.env(REQUIRE_TOOLS, "1").status()?.success(), "tests failed");
    if settings.full {
        println!("xtask: tests that ask for more: cargo test --workspace -- --ignored");
        let mut tests = cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--tests"]);
        tests.args(["--", "--ignored"]);
        ensure!(tests.env(REQUIRE_TOOLS, "1").status()?.success(), "tests failed");
    }
    if settings.fuzz {
        fuzz::run(&fuzz::Settings::all(settings.seconds))?;
    }
    Ok(())
}
