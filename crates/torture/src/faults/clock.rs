//! The clock is put forward or back, or stands still, in the middle of runs: nobody is lost or told twice, and
//! later runs go on under the right time.
//!
//! libfaketime stands between the program and the clock of the day. The clock that only counts goes on, as it does
//! when somebody sets a machine's time.

use super::{start, thoughtful_relays};
use crate::{
    Settings,
    incident::{Incident, borrowed},
    lanes,
    story::{Ended, Tally, ended_before_blow, ended_within, kill, until_at_rest},
};
use forthwith_testkit::{lists::Chance, server::HANG_MAX, tools};
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// What the clock does, as libfaketime is told: relative to the right time, or standing still at one.
/// The last three are where other programs' clocks begin, run over and end.
const CHANGES: [&str; 9] = [
    "+1d",
    "-1d",
    "+3653d",
    "-3653d",
    "2031-05-06 07:08:09",
    "2011-05-06 07:08:09",
    "1970-01-02 00:00:00",
    "2038-01-19 03:14:07",
    "9998-12-31 00:00:00",
];
/// People in each incident.
const COUNT: usize = 60;
/// How many notices a run whose clock is changed hands over: two such runs leave some for the last one.
const LIMIT: &str = "20";
/// Runs of one story whose clock is changed.
const RUNS: usize = 2;
/// The latest moment of a change in milliseconds, after the start and after the first offer.
const WITHIN_MS: (u64, u64) = (1_200, 1_000);
/// How the day and the clock are marked as right.
const RIGHT: &str = "+0d";

/// Changes the clock under `settings.size` runs, each change in turn; `None` where faketime or the sink is not
/// installed, which is said.
///
/// # Panics
///
/// Where anything at all is wrong, and where no message tells of a changed clock.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    let (faketime, sink) = (tools::require("faketime")?, tools::require("smtp-sink")?);
    let library = library(&faketime);
    let seen = AtomicUsize::new(0);
    let story = |(): &mut (), seed: u64, most: usize| {
        let (tally, is_seen) = tell(program, &sink, &library, seed, most);
        seen.fetch_add(usize::from(is_seen), Relaxed);
        tally
    };
    let sum = lanes::tell(settings, RUNS, || (), story);
    let seen = seen.into_inner();
    println!("{sum}; {seen} stories have messages of several years");
    assert!(seen > 0, "the clock was changed, and no message shows it");
    Some(sum)
}

/// Returns the library, as the wrapper that comes with it names it to the programs that it starts.
fn library(faketime: &Path) -> String {
    let told = Command::new(faketime).args(["-m", "-f", RIGHT, "printenv", "LD_PRELOAD"]).output().unwrap();
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

/// Tells one story, and says whether its messages are of several years.
fn tell(program: &Path, sink: &Path, library: &str, seed: u64, most: usize) -> (Tally, bool) {
    let mut chance = Chance::new(seed);
    let relays = thoughtful_relays(sink);
    let incident = Incident::new(program, chance.next_bits(), COUNT);
    incident.freeze();
    let folder = tempfile::tempdir().unwrap();
    let mut turn = usize::try_from(seed).unwrap();
    let sum = until_at_rest(&incident, &relays, most, false, |arguments| {
        turn += 1;
        let clock = folder.path().join("time");
        tell_time(&clock, RIGHT);
        let mut notify = incident.bare_command("notify", &borrowed(arguments));
        notify.args(["--limit", LIMIT]).env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", &clock);
        notify.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let mut run = start(notify);
        if let Some(exit) = ended_before_blow(&mut run, &incident, &mut chance, WITHIN_MS) {
            return ended(exit);
        }
        tell_time(&clock, CHANGES[turn % CHANGES.len()]);
        let exit = ended_within(&mut run, HANG_MAX);
        if exit.is_none() {
            kill(&mut run);
        }
        ended(exit.expect("a run ends although its clock was changed"))
    });
    assert_eq!(sum.doubts, 0, "the relay answered every dot");
    let recorded = relays.recorded();
    let years: BTreeSet<String> = recorded.iter().filter_map(|message| year(&message.header("Date")?)).collect();
    (sum, years.len() > 1)
}

/// A run that came to its limit is one that was interrupted: there is more to do.
fn ended(exit: i32) -> Ended {
    if exit == 5 { Ended::Interrupted } else { Ended::Alone(exit) }
}

/// Tells the library the time, whole or not at all.
fn tell_time(file: &Path, time: &str) {
    let next = file.with_extension("next");
    fs::write(&next, format!("{time}\n")).unwrap();
    fs::rename(next, file).unwrap();
}

/// Returns the year of a date as messages have it: `Mon, 23 Nov 2026 18:00:00 +0000`.
fn year(date: &str) -> Option<String> {
    date.split(' ').nth(3).map(str::to_owned)
}
