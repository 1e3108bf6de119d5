//! A run has fewer descriptors than it wants. It hands over over the lines that it gets, or ends and says why;
//! with enough of them the next one goes on.

use super::{goes_on, thoughtful_relays};
use crate::{
    Settings,
    incident::{Incident, borrowed},
    lanes,
    story::{Tally, ended_within, kill},
};
use forthwith_testkit::{lists::Chance, server::HANG_MAX, tools};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// People in each incident.
const COUNT: usize = 40;
/// The most descriptors that a run has. The first story of a seed has as many.
const DESCRIPTORS_MAX: u64 = 16;
/// With fewer the loader of the system itself starts no program.
const DESCRIPTORS_MIN: u64 = 4;
/// How a run may end: done, incomplete, unable to open something, without its ledger, or without a relay. A panic
/// (101) and a signal are no such end.
const ENDS: [i32; 5] = [0, 1, 5, 6, 7];

/// Limits `settings.size` runs; `None` where the sink is not installed, which is said.
///
/// # Panics
///
/// Where anything at all is wrong.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    let sink = tools::require("smtp-sink")?;
    let first = settings.seed;
    let story = |(): &mut (), seed: u64, _: usize| {
        let drawn = DESCRIPTORS_MIN + Chance::new(seed).below(DESCRIPTORS_MAX - DESCRIPTORS_MIN + 1);
        tell(program, &sink, seed, if seed == first { DESCRIPTORS_MAX } else { drawn })
    };
    let sum = lanes::tell(settings, 1, || (), story);
    println!("{sum}");
    Some(sum)
}

fn tell(program: &Path, sink: &Path, seed: u64, descriptors: u64) -> Tally {
    let relays = thoughtful_relays(sink);
    let incident = Incident::new(program, seed, COUNT);
    incident.freeze();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &descriptors.to_string()]).arg(program);
    limited.arg("notify").arg(incident.path()).args(borrowed(&incident.to(&relays.first.url())));
    let mut run = limited.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let exit = ended_within(&mut run, HANG_MAX);
    if exit.is_none() {
        kill(&mut run);
    }
    assert!(exit.is_some_and(|exit| ENDS.contains(&exit)), "with {descriptors} descriptors it ends with {exit:?}");
    goes_on(&incident, &relays, usize::from(exit != Some(0)))
}
