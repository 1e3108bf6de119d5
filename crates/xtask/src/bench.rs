//! `cargo xtask bench delivery`: how fast a frozen plan is handed over, beside Postfix's own smtp-source.
//!
//! Both write to a fresh smtp-sink, in turn, and the clock is around the whole process: starting, reading the
//! plan, every commit and the summary are in it. smtp-source renders nothing and records nothing.

pub(crate) mod dry_run;
mod folder;
mod measure;
pub(crate) mod scale;

use crate::cargo;
use anyhow::{Context as _, ensure};
use folder::Incident;
use forthwith_testkit::{
    sink::{Keep, Sink},
    tools,
};
use measure::{Measured, median};
use std::{path::Path, process::Command};

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// How many notices.
    #[arg(long, default_value_t = 20_000)]
    notices: usize,
    /// How many connections, for both.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How often each is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Fail where the ratio of the medians is lower.
    #[arg(long, default_value_t = 0.0)]
    at_least: f64,
}

/// The seed of the generated list. Any will do; a fixed one makes runs comparable.
const SEED: u64 = 2020;
/// How many messages are looked at for the median size.
const SIZES: usize = 21;

/// Measures, prints both rates, their ratio, peak memory and commits.
pub(crate) fn delivery(settings: &Settings) -> anyhow::Result<()> {
    let sink = tools::find("smtp-sink").context("smtp-sink is missing: cargo xtask test installs it")?;
    let source = tools::find("smtp-source").context("smtp-source is missing: cargo xtask test installs it")?;
    println!("bench: building the release binary");
    ensure!(cargo(&["build", "--release", "--locked", "-p", "forthwith"]).status()?.success(), "the build failed");
    let program = crate::target_folder().join("release/forthwith");

    println!("bench: freezing a plan of {} notices", settings.notices);
    let incident = Incident::freeze(&program, settings.notices, SEED)?;
    let size = incident.median_size(&program, SIZES)?;
    println!("bench: {} notices, median message {size} octets", incident.planned);

    let (mut sources, mut notifies) = (Vec::new(), Vec::new());
    for round in 1..=settings.rounds {
        sources.push(measure_source(&sink, &source, settings, incident.planned, size)?);
        notifies.push(measure_notify(&sink, &program, settings, &incident)?);
        let (theirs, ours) = (&sources[round - 1], &notifies[round - 1]);
        println!("round {round}: smtp-source {:6.0}/s, notify {:6.0}/s", theirs.rate, ours.rate);
    }
    report(settings, &sources, &notifies)
}

fn measure_source(
    sink: &Path,
    source: &Path,
    settings: &Settings,
    count: usize,
    size: usize,
) -> anyhow::Result<Measured> {
    let sink = Sink::start(sink, Keep::Nothing, &[])?;
    let mut command = Command::new(source);
    command.args(["-d", "-s", &settings.connections.to_string(), "-m", &count.to_string()]);
    command.args(["-l", &size.to_string(), &sink.address().to_string()]);
    measure::run(&mut command, count)
}

fn measure_notify(
    sink: &Path,
    program: &Path,
    settings: &Settings,
    incident: &Incident,
) -> anyhow::Result<Measured> {
    let sink = Sink::start(sink, Keep::Nothing, &[])?;
    let folder = incident.fresh_copy()?;
    let count = incident.planned;
    let mut command = Command::new(program);
    command.arg("notify").arg(folder.path());
    command.args(["--relay", &sink.url(), "--connections", &settings.connections.to_string()]);
    command.args(["--rate", "unlimited", "--confirm", &count.to_string(), "--quiet", "--format", "json"]);
    let measured = measure::run(&mut command, count)?;
    let accepted = measured.json.as_ref().and_then(|json| json["states"]["accepted"].as_u64());
    ensure!(accepted == u64::try_from(count).ok(), "notify accepted {accepted:?} of {count}");
    Ok(measured)
}

fn report(settings: &Settings, sources: &[Measured], notifies: &[Measured]) -> anyhow::Result<()> {
    let rates = |measured: &[Measured]| measured.iter().map(|m| m.rate).collect::<Vec<f64>>();
    let (theirs, ours) = (median(&rates(sources)), median(&rates(notifies)));
    let ratio = ours / theirs;
    let memory = notifies.iter().map(|m| m.peak_kib).max().unwrap_or(0);
    let commits = notifies.last().and_then(|m| m.json.as_ref()?["commits"].as_u64());
    println!("smtp-source  {theirs:8.0} messages/s, median of {}", settings.rounds);
    println!("notify       {ours:8.0} notices/s, median of {}", settings.rounds);
    println!("ratio        {ratio:8.2}");
    println!("peak memory  {:8.1} MiB", f64::from(memory) / 1024.0);
    match commits {
        Some(commits) => println!("commits      {commits:8}"),
        None => println!("commits      not reported by notify"),
    }
    ensure!(ratio >= settings.at_least, "the ratio is below {}", settings.at_least);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smtp_source_is_measured_against_a_fresh_sink() {
        let (Some(sink), Some(source)) = (tools::require("smtp-sink"), tools::require("smtp-source")) else {
            return;
        };
        let settings = Settings { notices: 200, connections: 4, rounds: 1, at_least: 0.0 };
        let measured = measure_source(&sink, &source, &settings, 200, 4_000).unwrap();
        assert!(measured.rate > 1.0 && measured.rate.is_finite());
    }
}
