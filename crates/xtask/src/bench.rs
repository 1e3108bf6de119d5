//! `cargo xtask bench delivery`: how fast a frozen plan is handed over, beside a reference measured in turn.
//!
//! The clock is around the whole process: starting, reading the plan, every commit and the summary are in it.
//! The reference of each case is in `bench/case.rs`.

mod case;
pub(crate) mod dry_run;
mod folder;
pub(crate) mod intake;
mod measure;
mod reference;
pub(crate) mod scale;
mod subject;

use anyhow::{Context as _, ensure};
use case::{Case, Relay};
use folder::Incident;
use forthwith_testkit::sink::Keep;
use measure::{Measured, median};
use std::{path::Path, process::Command};
use subject::Subject;

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Which cases; all where none is named.
    #[arg(value_enum)]
    cases: Vec<Case>,
    /// How many notices, instead of each case's own number.
    #[arg(long)]
    notices: Option<usize>,
    /// How often each is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Fail where a case does not reach what is asked of it.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    subject: Subject,
}

/// The seed of the generated list. Any will do; a fixed one makes runs comparable.
const SEED: u64 = 2020;
/// How many messages are looked at for the median size.
const SIZES: usize = 21;

/// Measures each case in turn with its reference, and prints a table of medians.
pub(crate) fn delivery(settings: &Settings) -> anyhow::Result<()> {
    let program = settings.subject.path()?;
    let cases = if settings.cases.is_empty() { &Case::ALL } else { settings.cases.as_slice() };
    let mut lines = Vec::new();
    for case in cases {
        let count = settings.notices.unwrap_or(case.terms().notices);
        println!("bench: {}, {count} notices", case.terms().name);
        lines.push(measure_case(*case, &program, count, settings.rounds)?);
    }
    println!("{HEADER}");
    for line in &lines {
        println!("{}", line.shown());
    }
    let missed = lines.iter().filter(|line| line.ratio() < line.case.terms().at_least).count();
    ensure!(missed == 0 || !settings.strict, "{missed} cases are below what is asked");
    Ok(())
}

/// The medians of one case.
struct Line {
    case: Case,
    reference: f64,
    rate: f64,
    cpu_micros: f64,
    peak_kib: u32,
    commits: u64,
}

const HEADER: &str = "case                       reference/s   notify/s  ratio  asked  CPU µs  peak MiB  commits";

impl Line {
    fn ratio(&self) -> f64 {
        self.rate / self.reference
    }

    fn shown(&self) -> String {
        let terms = self.case.terms();
        let (ratio, memory) = (self.ratio(), f64::from(self.peak_kib) / 1024.0);
        format!(
            "{:<26} {:11.0} {:10.0} {ratio:6.2} {:6.2} {:7.0} {memory:9.1} {:8}",
            terms.name, self.reference, self.rate, terms.at_least, self.cpu_micros, self.commits
        )
    }
}

fn measure_case(case: Case, program: &Path, count: usize, rounds: usize) -> anyhow::Result<Line> {
    let incident = Incident::freeze(program, count, SEED)?;
    let size = incident.median_size(program, SIZES)?;
    let (mut references, mut taken) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        references.push(case.reference(incident.planned, size)?);
        let relay = case.relay(Keep::Nothing)?;
        taken.push(notify(case, &relay, program, &incident)?);
        let (reference, rate) = (references[round - 1], taken[round - 1].rate);
        println!("round {round}: reference {reference:8.0}/s, notify {rate:8.0}/s, messages of {size} octets");
    }
    let of = |value: fn(&Measured) -> f64| median(&taken.iter().map(value).collect::<Vec<_>>());
    let commits = taken.last().and_then(|measured| measured.json.as_ref()?["commits"].as_u64());
    Ok(Line {
        case,
        reference: median(&references),
        rate: of(|measured| measured.rate),
        cpu_micros: of(Measured::cpu_micros),
        peak_kib: taken.iter().map(|measured| measured.peak_kib).max().unwrap_or(0),
        commits: commits.context("notify says not how often it committed")?,
    })
}

/// Hands over a copy of `incident` whole.
fn notify(case: Case, relay: &Relay, program: &Path, incident: &Incident) -> anyhow::Result<Measured> {
    let (folder, count) = (incident.fresh_copy()?, incident.planned);
    let mut command = Command::new(program);
    command.arg("notify").arg(folder.path());
    command.args(["--relay", &relay.url(), "--connections", &case.terms().connections.to_string()]);
    command.args(["--rate", "unlimited", "--confirm", &count.to_string(), "--quiet", "--format", "json"]);
    let measured = measure::run(&mut command, count)?;
    let accepted = measured.json.as_ref().and_then(|json| json["states"]["accepted"].as_u64());
    ensure!(accepted == u64::try_from(count).ok(), "notify accepted {accepted:?} of {count}");
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;
    use forthwith_testkit::tools;

    /// Notices of a case here: several a line.
    const FEW: usize = 40;

    #[test]
    fn every_case_runs_and_its_relay_takes_every_notice() {
        for name in ["smtp-sink", "smtp-source", "postfix"] {
            if tools::require(name).is_none() {
                return;
            }
        }
        assert!(crate::cargo(&["build", "--quiet", "--locked", "-p", "forthwith"]).status().unwrap().success());
        let program = crate::target_folder().join("debug/forthwith");
        let incident = Incident::freeze(&program, FEW, SEED).unwrap();
        for case in Case::ALL {
            if matches!(case, Case::Postfix | Case::PostfixPeople) && !tools::is_root() {
                tools::skip("Postfix starts as root alone");
                continue;
            }
            let reference = case.reference(incident.planned, 4_000).unwrap();
            assert!(reference > 1.0 && reference.is_finite(), "{case:?}: {reference}");
            let relay = case.relay(Keep::Messages).unwrap();
            let measured = notify(case, &relay, &program, &incident).unwrap();
            assert!(measured.cpu_micros() > 0.0 && measured.peak_kib > 0, "{case:?}: {measured:?}");
            assert_eq!(relay.took(incident.planned).unwrap(), incident.planned, "{case:?}");
        }
    }
}
