//! Signals at random moments: a run drains and ends with 5, leaves no doubt where the relay answers, and the next
//! one goes on. A broken pipe is none of its concern.

use super::{start, thoughtful_relays};
use crate::{
    Settings,
    halt::signal,
    incident::{Incident, borrowed},
    kill::BLOWS_EACH,
    lanes,
    story::{Ended, Tally, ended_before_blow, ended_within, kill, until_at_rest},
};
use forthwith_testkit::{lists::Chance, server::HANG_MAX, tools};
use rustix::process::Signal;
use std::path::Path;

/// The signals, in turn.
const SIGNALS: [Signal; 4] = [Signal::TERM, Signal::INT, Signal::HUP, Signal::PIPE];
/// People in each incident.
const COUNT: usize = 60;
/// The latest moment of a signal in milliseconds, after the start and after the first offer.
const WITHIN_MS: (u64, u64) = (900, 800);
/// The exit of a run that drained.
const DRAINED: i32 = 5;

/// Sends `settings.size` runs a signal; `None` where the sink is not installed, which is said.
///
/// # Panics
///
/// Where anything at all is wrong, and where no run was drained as notices went out.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    let sink = tools::require("smtp-sink")?;
    let story = |(): &mut (), seed, most| tell(program, &sink, seed, most);
    let sum = lanes::tell(settings, BLOWS_EACH, || (), story);
    println!("{sum}");
    assert!(sum.within > 0, "no run was drained as notices went out: {sum}");
    Some(sum)
}

fn tell(program: &Path, sink: &Path, seed: u64, most: usize) -> Tally {
    let mut chance = Chance::new(seed);
    let relays = thoughtful_relays(sink);
    let incident = Incident::new(program, chance.next_bits(), COUNT);
    incident.freeze();
    let (mut number, mut within) = (usize::try_from(seed).unwrap(), 0);
    let mut tally = until_at_rest(&incident, &relays, most, false, |arguments| {
        number += 1;
        let which = SIGNALS[number % SIGNALS.len()];
        let before = incident.ledger().counts().unwrap();
        let mut run = start(incident.bare_command("notify", &borrowed(arguments)));
        if let Some(exit) = ended_before_blow(&mut run, &incident, &mut chance, WITHIN_MS) {
            return Ended::Alone(exit);
        }
        signal(&run, which);
        let exit = ended_within(&mut run, HANG_MAX);
        if exit.is_none() {
            kill(&mut run);
        }
        let exit = exit.unwrap_or_else(|| panic!("it goes on after {which:?}"));
        let after = incident.ledger().counts().unwrap();
        within += usize::from(exit == DRAINED && after.accepted > before.accepted);
        if exit == 128 + which.as_raw() {
            // It came before the program listened, and therefore before it offered anything.
            assert_eq!(after, before, "{which:?} ended it in the middle");
        } else {
            let ends: &[i32] = if which == Signal::PIPE { &[0] } else { &[0, DRAINED] };
            assert!(ends.contains(&exit), "after {which:?} it ends with {exit}");
        }
        if exit == 0 { Ended::Alone(0) } else { Ended::Interrupted }
    });
    assert_eq!(tally.doubts, 0, "the relay answered every dot");
    tally.within = within;
    tally
}
