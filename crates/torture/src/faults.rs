//! Faults from outside: failing writes and syncs, of a run or as its plan is frozen, a full or read-only disk, a clock
//! that is changed, a second program at once, too few descriptors, too little memory, files that may not grow, signals.
//!
//! Each kind is a story of its own in `faults/`, and says what must hold. All end alike: run again until at rest,
//! and judged from what Postfix's sink took.

pub mod calls;
pub mod clock;
pub mod freezing;
pub mod limits;
pub mod pairs;
pub mod room;
pub mod signals;

use crate::{
    Settings,
    incident::{Incident, borrowed, recorder},
    story::{Relays, Tally, left_alone},
};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

/// A sink that thinks a second about a fifth of dots, so that faults meet open ones.
const THOUGHTFUL: [&str; 2] = ["-W", ".:1:20"];
/// The exit of a run whose ledger is not usable.
const UNUSABLE: i32 = 6;

/// A kind of fault: what it is called, and its proof.
type Kind = (&'static str, fn(&Path, &Settings) -> Option<Tally>);

/// Every kind.
const KINDS: [Kind; 7] = [
    ("failing writes and syncs", calls::run),
    ("failures while a plan is frozen", freezing::run),
    ("full and read-only disks", room::run),
    ("changed clocks", clock::run),
    ("two programs at once", pairs::run),
    ("too few descriptors, too little memory, and files that may not grow", limits::run),
    ("signals", signals::run),
];

/// Runs every kind, each `settings.size` times; `None` where no kind can be run here, which is said.
///
/// # Panics
///
/// Where anything at all is wrong.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    println!("faults, from seed {}", settings.seed);
    let mut sum = None;
    for (name, tell) in KINDS {
        println!("{name}:");
        let Some(tally) = tell(program, settings) else { continue };
        sum.get_or_insert_with(Tally::default).add(&tally);
    }
    if let Some(sum) = sum {
        println!("{sum}");
    }
    sum
}

/// Starts two relays: one that thinks a second about some dots, and one for the run that is left alone.
fn thoughtful_relays(sink: &Path) -> Relays {
    Relays { first: recorder(sink, &THOUGHTFUL), last: recorder(sink, &[]) }
}

/// Starts a run of which only the end is looked at.
fn start(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Returns the command that hands over to the relay that faults meet.
fn notify(incident: &Incident, relays: &Relays) -> Command {
    incident.bare_command("notify", &borrowed(&incident.to(&relays.first.url())))
}

/// Runs once more, undisturbed, and returns what one fault came to that ended `ended` runs.
fn goes_on(incident: &Incident, relays: &Relays, ended: usize) -> Tally {
    let is_touched = ended > 0;
    let unanswered = usize::from(!incident.doubts().is_empty());
    let within = usize::from(is_touched && !relays.first.recorded().unwrap().is_empty());
    let judgement = left_alone(incident, relays, ended);
    Tally {
        stories: 1,
        blows: 1,
        within,
        unanswered,
        untouched: usize::from(!is_touched),
        doubts: judgement.doubts,
        recorded: relays.recorded().len(),
        ..Tally::default()
    }
}
