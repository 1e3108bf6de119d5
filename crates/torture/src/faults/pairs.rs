//! Two `notify` of one incident start at the same moment: exactly one proceeds, and the other ends before it
//! connects.

use super::{UNUSABLE, goes_on, notify};
use crate::{
    Settings,
    incident::{Incident, recorder},
    lanes,
    story::{Relays, Tally},
};
use forthwith_testkit::{
    strace::{self, Call},
    tools,
};
use std::{path::Path, sync::Barrier};

/// People in each incident: three for each line, so that whoever proceeds is at it for three seconds.
const COUNT: usize = 12;
/// A sink that thinks a second about every dot.
const SLOW: [&str; 2] = ["-W", ".:1"];

/// Starts `settings.size` pairs; `None` where strace or the sink is not installed, which is said.
///
/// # Panics
///
/// Where anything at all is wrong.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    let (strace, sink) = (tools::require("strace")?, tools::require("smtp-sink")?);
    let story = |(): &mut (), seed: u64, _: usize| tell(program, &strace, &sink, seed);
    let sum = lanes::tell(settings, 1, || (), story);
    println!("{sum}");
    assert_eq!(sum.doubts, 0, "{sum}");
    Some(sum)
}

fn tell(program: &Path, strace: &Path, sink: &Path, seed: u64) -> Tally {
    let relays = Relays { first: recorder(sink, &SLOW), last: recorder(sink, &[]) };
    let incident = Incident::new(program, seed, COUNT);
    incident.freeze();
    let (together, notify) = (Barrier::new(2), || notify(&incident, &relays));
    let one = || {
        together.wait();
        strace::run(strace, &notify()).unwrap()
    };
    let mut ends = std::thread::scope(|scope| {
        let both = [scope.spawn(one), scope.spawn(one)];
        both.map(|run| run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    ends.sort_by_key(|(output, _)| output.status.code());
    let exits = ends.each_ref().map(|(output, _)| output.status.code());
    let said = ends.each_ref().map(|(output, _)| String::from_utf8_lossy(&output.stderr));
    assert_eq!(exits, [Some(0), Some(UNUSABLE)], "one proceeds, and one is told why not: {said:?}");
    assert!(said[1].contains("in use by notify"), "{}", said[1]);
    assert!(!ends[1].1.iter().any(Call::is_network), "the one that ends connects to nothing");
    assert_eq!(relays.first.recorded().unwrap().len(), COUNT);
    goes_on(&incident, &relays, 1)
}
