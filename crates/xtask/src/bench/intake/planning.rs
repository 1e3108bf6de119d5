//! How fast the dry run freezes a plan into the ledger, without rendering, beside a bare loop of INSERTs.
//!
//! The dry run says itself how long freezing took: reading the list, sealing each row, the tables and the sync. The
//! loop (`crates/ledger/examples/bare_inserts.rs`) puts the rows of that very ledger into tables of the same form.

use crate::{bench::measure::median, cargo};
use anyhow::{Context as _, ensure};
use std::{fs, path::Path, process::Command};

/// How often freezing may take the time of the loop.
pub(super) const RATIO_MAX: f64 = 1.5;

/// Freezes the incident in `folder` and inserts its rows, in turn, and returns the ratio of the medians.
pub(super) fn measure(program: &Path, folder: &Path, rows: usize, rounds: usize) -> anyhow::Result<f64> {
    println!("bench: building the bare loop; {rows} rows are planned");
    let build = ["build", "--release", "--locked", "-p", "forthwith-ledger", "--example", "bare_inserts"];
    ensure!(cargo(&build).status()?.success(), "the build failed");
    let bare_loop = crate::target_folder().join("release/examples/bare_inserts");
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let out = folder.join("out");
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        let (_, said) =
            run(Command::new(program).arg("notify").arg(folder).args(["--dry-run", "--format", "json"]))?;
        let took = said.split_once("frozen in ").and_then(|(_, rest)| rest.split_once(" s")?.0.parse().ok());
        ours.push(took.context("the dry run says not how long freezing took")?);
        let copy = folder.join("bare.sqlite");
        let (report, _) = run(Command::new(&bare_loop).arg(out.join("ledger.sqlite")).arg(&copy))?;
        ensure!(report["rows"].as_u64() == u64::try_from(rows).ok(), "the loop inserted {}", report["rows"]);
        bare.push(report["seconds"].as_f64().context("the loop says no time")?);
        for end in ["", "-wal", "-shm"] {
            // SQLite takes its own files away when it closes.
            let _ = fs::remove_file(folder.join(format!("bare.sqlite{end}")));
        }
        println!("round {round}: bare INSERTs {:7.2} s, freezing {:7.2} s", bare[round - 1], ours[round - 1]);
    }
    Ok(median(&ours) / median(&bare))
}

/// Runs a command to its end, and returns the JSON that it printed and what it said beside.
fn run(command: &mut Command) -> anyhow::Result<(serde_json::Value, String)> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{} ended with {}: {said}", command.get_program().display(), output.status);
    Ok((serde_json::from_slice(&output.stdout).context("no JSON was printed")?, said))
}
