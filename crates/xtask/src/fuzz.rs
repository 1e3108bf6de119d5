//! `cargo xtask fuzz` and `cargo xtask test --fuzz`: lets libFuzzer guess at whatever comes from outside, guided by
//! which code it reaches.
//!
//! The targets lie in `fuzz/`, a workspace of its own, and work with `cargo fuzz` too. Here they are built with the
//! stable toolchain and no more than a C++ compiler: what guides the guessing is a part of LLVM that rustc has, and
//! no sanitizer is needed where no code is unsafe. What must hold stands beside the code that it is about.

use crate::{cargo, target_folder, top_level};
use anyhow::{Context as _, ensure};
use clap::Args;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Every target.
const TARGETS: [&str; 7] =
    ["reply", "dialogue", "ledger_events", "message_gate", "recipients", "postfix_log", "ses_events"];
/// What makes LLVM note each branch, each comparison and the places that it lies at, as cargo-fuzz asks for it.
const GUIDED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";
/// Seconds that one input may take before it hangs: a busy machine takes long.
const HANGS_AFTER_SECONDS: u32 = 120;
/// Targets whose executions take long for long inputs, of which they are spared.
const SHORT: [&str; 2] = ["ledger_events", "recipients"];
/// Octets of their inputs at most: several rows, or any value that an event has.
const SHORT_OCTETS_MAX: usize = 1024;
/// Mebibytes that a target may use: what is read is bounded, and so is what it takes.
const MEMORY_MIB: u32 = 1024;

/// What to guess at.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// The targets; all of them unless given.
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
    /// How long each is guessed at.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only this input, of the one target: a crash that was found.
    #[arg(long, requires = "targets")]
    input: Option<PathBuf>,
}

impl Settings {
    /// Returns the settings that guess at every target.
    pub(crate) fn all(seconds: u32) -> Self {
        Self { targets: Vec::new(), seconds, input: None }
    }
}

/// Builds the targets and runs them one after the other; the first crash ends it, and its input is kept.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<()> {
    let all = TARGETS.map(str::to_owned);
    let targets = if settings.targets.is_empty() { &all[..] } else { &settings.targets };
    let folder = target_folder().join("fuzz");
    let programs = build(&folder)?;
    for target in targets {
        let found = folder.join("corpus").join(target);
        let (crashes, scratch) = (folder.join("crashes").join(target), folder.join("scratch"));
        for made in [&found, &crashes, &scratch] {
            fs::create_dir_all(made).with_context(|| format!("cannot make {}", made.display()))?;
        }
        let mut guess = Command::new(programs.join(target));
        guess.env("TMPDIR", &scratch).env("RUST_BACKTRACE", "1");
        guess.args([
            format!("-timeout={HANGS_AFTER_SECONDS}"),
            format!("-rss_limit_mb={MEMORY_MIB}"),
            format!("-artifact_prefix={}/", crashes.display()),
        ]);
        if let Some(input) = &settings.input {
            guess.arg(input);
        } else {
            let ours = top_level().join("fuzz");
            guess
                .arg(format!("-max_total_time={}", settings.seconds))
                .args(["-print_final_stats=1", "-verbosity=0"]);
            if SHORT.contains(&target.as_str()) {
                guess.arg(format!("-max_len={SHORT_OCTETS_MAX}"));
            }
            guess.arg(format!("-dict={}", ours.join(format!("dictionaries/{target}.dict")).display()));
            guess.arg(&found).arg(ours.join("corpus").join(target));
        }
        println!("xtask: fuzz: {target}");
        let status = guess.status().with_context(|| format!("cannot run {target}"))?;
        // What a target left behind, and nobody reads.
        fs::remove_dir_all(&scratch)?;
        let again = format!("cargo xtask fuzz {target} --input {}/NAME", crashes.display());
        ensure!(status.success(), "{target}: what came in is not as it must be; once more: {again}");
    }
    Ok(())
}

/// Builds every target below `folder`, and returns where the programs are.
fn build(folder: &Path) -> anyhow::Result<PathBuf> {
    let host = host()?;
    let manifest = top_level().join("fuzz/Cargo.toml");
    let mut build = cargo(&["build", "--release", "--locked", "--target", &host, "--manifest-path"]);
    // With a target of its own, what runs while it is built is not guided.
    build.arg(&manifest).env("CARGO_TARGET_DIR", folder).env("RUSTFLAGS", GUIDED);
    ensure!(build.status()?.success(), "the fuzz targets are not built");
    Ok(folder.join(host).join("release"))
}

/// Returns the platform that is compiled for.
fn host() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(rustc).args(["--print", "host-tuple"]).output().context("cannot run rustc")?;
    ensure!(told.status.success(), "rustc does not tell its host");
    Ok(String::from_utf8(told.stdout)?.trim().to_owned())
}
