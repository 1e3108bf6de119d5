//! Two `notify` of one incident start at the same moment: exactly one proceeds, and the other ends before it
//! connects.

use super::{UNUSABLE, goes_on};
use crate::{
    Settings,
    incident::{Incident, borrowed, recorder},
    lanes,
    story::{Relays, Tally},
};
use forthwith_testkit::{
    proxy::{Gate, Proxy},
    strace::{self, Call},
    tools,
};
use std::{path::Path, sync::Barrier};

/// People in each incident: three for each line.
const COUNT: usize = 12;

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
    let relays = Relays { first: recorder(sink, &[]), last: recorder(sink, &[]) };
    let incident = Incident::new(program, seed, COUNT);
    incident.freeze();
    // Whoever proceeds is held at its dots until the other one has ended.
    let (together, gate) = (Barrier::new(2), Gate::default());
    let proxy = Proxy::behind(&gate, relays.first.address()).unwrap();
    let one = || {
        let notify = incident.bare_command("notify", &borrowed(&incident.to(&proxy.url())));
        together.wait();
        let ended = strace::run(strace, &notify).unwrap();
        gate.open();
        ended
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
