//! Kill -9 at any moment and run again: nobody is lost, nobody is told twice but what is shown in doubt.
//!
//! Kills come at random moments over as many small incidents as that takes, judged from what Postfix's sink
//! took.

use crate::{
    Settings,
    incident::{Incident, borrowed, recorder},
    lanes,
    story::{Ended, Relays, Tally, ended_before_blow, kill, until_at_rest},
};
use forthwith_testkit::{lists::Chance, tools};
use std::{path::Path, process::Stdio};

/// People in each incident.
pub(crate) const COUNT: usize = 60;
/// The most blows in one incident: with more of them most notices would be in doubt, and few left to go out.
pub(crate) const BLOWS_EACH: usize = 5;
/// The relays of the incidents in turn: switches of the sink, and the latest moment of a blow in milliseconds, after
/// the start and after the first offer. The sink thinks a second or more about a fifth of dots, of DATAs and of RCPTs, so that blows
/// meet offers before, between and after those; the last is as fast as it can be, and so are blows. A sink that
/// delays RCPT must not offer PIPELINING: it would answer the DATA behind it first.
const RELAYS: [(&[&str], (u64, u64)); 4] = [
    (&["-W", ".:1:20"], (900, 800)),
    (&["-W", "DATA:1:20"], (900, 800)),
    (&["-p", "-W", "RCPT:1:20"], (900, 800)),
    (&[], (300, 40)),
];
/// Fewer blows than this prove nothing by their shares.
const SHARES_FROM: usize = 40;

/// Kills `settings.size` runs of `program`; `None` where the sink is not installed, which is said.
///
/// # Panics
///
/// Where anything at all is wrong, and where the kills met too little.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    let sink = tools::require("smtp-sink")?;
    println!("kills, from seed {}", settings.seed);
    let story = |(): &mut (), seed, most| tell(program, &sink, seed, most);
    let sum = lanes::tell(settings, BLOWS_EACH, || (), story);
    println!("{sum}");
    met_enough(&sum);
    Some(sum)
}

fn tell(program: &Path, sink: &Path, seed: u64, most: usize) -> Tally {
    let mut chance = Chance::new(seed);
    let (relays, within_ms) = relays(sink, seed);
    let incident = Incident::new(program, chance.next_bits(), COUNT);
    incident.freeze();
    until_at_rest(&incident, &relays, most, true, |arguments| {
        let mut run = incident.bare_command("notify", &borrowed(arguments));
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let ended = ended_before_blow(&mut run, &incident, &mut chance, within_ms);
        ended.map_or_else(
            || {
                kill(&mut run);
                Ended::Interrupted
            },
            Ended::Alone,
        )
    })
}

/// Starts the relays of a story, and returns the latest moments of a blow.
pub(crate) fn relays(sink: &Path, seed: u64) -> (Relays, (u64, u64)) {
    let (switches, within_ms) = RELAYS[usize::try_from(seed % 4).unwrap()];
    (Relays { first: recorder(sink, switches), last: recorder(sink, &[]) }, within_ms)
}

/// Checks that a third of the blows came between the first MAIL and the last verdict, and that one in ten left an
/// offer unanswered: else the proof has not tried what it is about.
pub(crate) fn met_enough(sum: &Tally) {
    if sum.blows >= SHARES_FROM {
        assert!(sum.within * 3 >= sum.blows, "too few met notices going out: {sum}");
        assert!(sum.unanswered * 10 >= sum.blows, "too few met an open dot: {sum}");
    }
}
