//! Power cuts: a disk loses what was not synced, and comes back; what was accepted before is still accepted, and
//! nobody is lost or told twice.
//!
//! The recorders and the lists that they are judged by lie elsewhere. An acceptance counts as read before the cut
//! only if it was read from the ledger before the cut began. The plan is frozen on the same disk without a sync of
//! ours: once the dry run has ended well, the plan must survive too.

use crate::{
    Settings,
    disk::PoweredDisk,
    halt::{Still, halt, signal},
    incident::{Incident, borrowed},
    kill::{BLOWS_EACH, COUNT, met_enough, relays},
    lanes,
    story::{Ended, Tally, ended_before_blow, ended_within, kill, until_at_rest},
};
use forthwith_core::state::State;
use forthwith_ledger::sqlite::Which;
use forthwith_testkit::{lists::Chance, server::HANG_MAX, tools};
use rustix::process::Signal;
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The latest moment of a cut in a dry run, in milliseconds: about when it ends.
const FREEZE_WITHIN_MS: u64 = 150;
/// The exit of a run whose ledger is not usable.
const UNUSABLE: i32 = 6;

/// Cuts the power under `settings.size` runs of `program`; `None` where this machine cannot, which is said. The
/// caller has mounts of its own: [`crate::disk::again_in_own_mounts`].
///
/// # Panics
///
/// Where anything at all is wrong, and where the cuts met too little.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    let sink = tools::require("smtp-sink")?;
    // Asked for here, so that a machine that cannot says so once.
    drop(PoweredDisk::mount()?);
    println!("power cuts, from seed {}", settings.seed);
    let lane = || PoweredDisk::mount().unwrap();
    let story = |disk: &mut PoweredDisk, seed, most| tell(program, &sink, disk, seed, most);
    let sum = lanes::tell(settings, BLOWS_EACH, lane, story);
    println!("{sum}");
    met_enough(&sum);
    assert!(sum.blows < 100 || sum.read_before > sum.blows, "too few acceptances were read before a cut: {sum}");
    Some(sum)
}

fn tell(program: &Path, sink: &Path, disk: &mut PoweredDisk, seed: u64, most: usize) -> Tally {
    let mut chance = Chance::new(seed);
    let (relays, within_ms) = relays(sink, seed);
    let incident = Incident::within(&disk.root(), program, chance.next_bits(), COUNT);
    disk.sync();
    let mut tally = freeze(&incident, disk, &mut chance);
    let most = most.saturating_sub(tally.blows);
    let mut read_before = 0;
    let told = until_at_rest(&incident, &relays, most, true, |arguments| {
        let mut run = start(incident.bare_command("notify", &borrowed(arguments)));
        if let Some(exit) = ended_before_blow(&mut run, &incident, &mut chance, within_ms) {
            return Ended::Alone(exit);
        }
        let (ended, read) = cut(&incident, disk, run, chance.below(4) == 0);
        read_before += read;
        ended
    });
    tally.add(&told);
    tally.read_before = read_before;
    fs::remove_dir_all(incident.path()).unwrap();
    tally
}

/// Freezes the plan; the power is cut on the way in one story of four, and after it in another.
fn freeze(incident: &Incident, disk: &mut PoweredDisk, chance: &mut Chance) -> Tally {
    let mut tally = Tally::default();
    let mut run = start(incident.bare_command("notify", &["--dry-run"]));
    let (limit, is_cut) = match chance.below(4) {
        0 => (Duration::from_millis(chance.below(FREEZE_WITHIN_MS)), true),
        1 => (HANG_MAX, true),
        _ => (HANG_MAX, false),
    };
    let ended = ended_within(&mut run, limit);
    if is_cut {
        if ended.is_none() {
            halt(&run, Still::Anywhere);
        }
        disk.cut();
        if ended.is_none() {
            kill(&mut run);
        }
        disk.restore();
        tally.blows = 1;
    }
    match ended {
        Some(exit) => assert_eq!(exit, 0, "the dry run"),
        None => incident.freeze(),
    }
    assert_eq!(incident.ledger().counts().unwrap().queued, COUNT as u64, "a plan that was frozen is there");
    tally
}

/// Cuts the power under a run, gives it back, and checks that what was accepted before is accepted still. The run
/// is killed, or sees by itself that its ledger is gone.
fn cut(incident: &Incident, disk: &mut PoweredDisk, mut run: Child, sees_it: bool) -> (Ended, usize) {
    // Read while it runs: a program that stands still may hold the lock that a reader waits for.
    let before = accepted(incident);
    // A power cut ends program and disk at once. Here a sync that is under way while ext4 shuts down may return 0
    // although nothing is kept, so the program stands still before.
    if !halt(&run, if sees_it { Still::OutsideCalls } else { Still::Anywhere }) {
        return (Ended::Alone(ended_within(&mut run, HANG_MAX).unwrap()), 0);
    }
    disk.cut();
    if sees_it {
        signal(&run, Signal::CONT);
        let exit = ended_within(&mut run, HANG_MAX);
        assert!(
            exit.is_some_and(|exit| [0, 5, UNUSABLE, 1].contains(&exit)),
            "without its disk it ends with {exit:?}"
        );
    } else {
        kill(&mut run);
    }
    disk.restore();
    let after = accepted(incident);
    let gone: Vec<&String> = before.difference(&after).collect();
    assert!(gone.is_empty(), "accepted before the cut, and not after: {gone:?}");
    (Ended::Interrupted, before.len())
}

/// Returns the names of those that the ledger says were accepted.
fn accepted(incident: &Incident) -> BTreeSet<String> {
    let ledger = incident.ledger();
    let accepted = ledger.notices(Which::In(State::Accepted)).unwrap();
    accepted.map(|notice| notice.unwrap().token.as_str().to_owned()).collect()
}

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
