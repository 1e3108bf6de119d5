//! `cargo xtask bench dry-run`: how fast everybody is read, rendered, digested and frozen, beside a bare loop of Tera
//! and lettre's builder that makes the same messages and nothing else.
//!
//! What the loop does and leaves out stands in `crates/templating/examples/bare_loop.rs`. It has one thread; the dry
//! run has every core, and is judged by what one of them does: once by the clock, once by processor time, which
//! others on the machine disturb less.

use super::{
    folder::Incident,
    measure::{self, Measured, median},
};
use crate::cargo;
use anyhow::{Context as _, ensure};
use std::{num::NonZero, process::Command, thread};

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// How many notices.
    #[arg(long, default_value_t = 100_000)]
    notices: usize,
    /// How often each is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Fail where the ratio of the medians is lower, by processor time.
    #[arg(long, default_value_t = 0.0)]
    at_least: f64,
}

/// The seed of the generated list.
const SEED: u64 = 2020;
/// Messages that the bare loop makes, as its source says.
const BARE_MESSAGES: usize = 100_000;

/// Measures, prints both rates for one core, their ratio and peak memory.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<()> {
    let program = super::subject::built()?;
    let bare_loop = ["build", "--release", "--locked", "-p", "forthwith-templating", "--example", "bare_loop"];
    ensure!(cargo(&bare_loop).status()?.success(), "the bare loop is not built");
    let bare_loop = program.with_file_name("examples").join("bare_loop");
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for round in 1..=settings.rounds {
        bare.push(measure::run(&mut Command::new(&bare_loop), BARE_MESSAGES)?);
        let incident = Incident::new(settings.notices, SEED)?;
        let mut command = Command::new(&program);
        ours.push(measure::run(incident.dry_run(&mut command), incident.planned)?);
        let planned = ours[round - 1].json.as_ref().and_then(|json| json["planned"].as_u64());
        ensure!(planned == u64::try_from(settings.notices).ok(), "the dry run planned {planned:?}");
        let cost = |measured: &Measured, count| micros(measured, count);
        println!(
            "round {round}: bare loop {:6.0}/s, {:5.1} us; dry run {:6.0}/s, {:5.1} us of a processor each",
            bare[round - 1].rate,
            cost(&bare[round - 1], BARE_MESSAGES),
            ours[round - 1].rate,
            cost(&ours[round - 1], settings.notices)
        );
    }
    report(settings, &bare, &ours)
}

/// Returns the processor time of one message, in microseconds.
#[expect(clippy::cast_precision_loss, reason = "a count of messages is far below 2^52")]
fn micros(measured: &Measured, count: usize) -> f64 {
    measured.cpu.as_secs_f64() * 1e6 / count as f64
}

fn report(settings: &Settings, bare: &[Measured], ours: &[Measured]) -> anyhow::Result<()> {
    let cores = f64::from(u32::try_from(thread::available_parallelism().map_or(1, NonZero::get))?);
    let of = |measured: &[Measured], figure: &dyn Fn(&Measured) -> f64| {
        median(&measured.iter().map(figure).collect::<Vec<_>>())
    };
    let rate = |measured: &Measured| measured.rate;
    let used = of(ours, &|measured| measured.cpu.as_secs_f64() / measured.took.as_secs_f64());
    let (theirs, all) = (of(bare, &rate), of(ours, &rate));
    let their_cost = of(bare, &|measured| micros(measured, BARE_MESSAGES));
    let our_cost = of(ours, &|measured| micros(measured, settings.notices));
    let octets = bare.last().and_then(|m| m.json.as_ref()?["octets"].as_u64()).context("the loop said no size")?;
    let peak = ours.iter().map(|m| m.peak_kib).max().unwrap_or(0);
    println!("bare loop    {theirs:8.0} messages/s on one core, {their_cost:.1} us each, {octets} octets");
    println!("dry run      {all:8.0} notices/s on {cores} cores, {our_cost:.1} us of a processor each");
    println!("cores used   {used:8.2} of {cores}");
    println!("ratio        {:8.2} of one core, by the clock", all / cores / theirs);
    println!("ratio        {:8.2} of one core, by processor time", their_cost / our_cost);
    println!("peak memory  {:8.1} MiB", f64::from(peak) / 1024.0);
    ensure!(their_cost / our_cost >= settings.at_least, "the ratio is below {}", settings.at_least);
    Ok(())
}
