//! A run has fewer descriptors than it wants, or its files may not grow as far as they would. It hands over over the
//! lines that it gets, or ends and says why; without the limit the next one goes on.

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
/// The most blocks of 512 octets that a file may have: a run to its end writes fewer. The ledger has some 180 when it
/// begins.
const BLOCKS_MAX: u64 = 2_400;
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
        let mut chance = Chance::new(seed);
        let limit = match seed - first {
            0 => format!("-n {DESCRIPTORS_MAX}"),
            odd if odd % 2 == 1 => format!("-f {}", chance.below(BLOCKS_MAX)),
            _ => format!("-n {}", DESCRIPTORS_MIN + chance.below(DESCRIPTORS_MAX - DESCRIPTORS_MIN + 1)),
        };
        tell(program, &sink, seed, &limit)
    };
    let sum = lanes::tell(settings, 1, || (), story);
    println!("{sum}");
    Some(sum)
}

fn tell(program: &Path, sink: &Path, seed: u64, limit: &str) -> Tally {
    let relays = thoughtful_relays(sink);
    let incident = Incident::new(program, seed, COUNT);
    incident.freeze();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit $0 && exec \"$@\"", limit]).arg(program);
    limited.arg("notify").arg(incident.path()).args(borrowed(&incident.to(&relays.first.url())));
    let mut run = limited.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let exit = ended_within(&mut run, HANG_MAX);
    if exit.is_none() {
        kill(&mut run);
    }
    assert!(exit.is_some_and(|exit| ENDS.contains(&exit)), "with `ulimit {limit}` it ends with {exit:?}");
    goes_on(&incident, &relays, usize::from(exit != Some(0)))
}
