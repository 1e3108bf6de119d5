//! A disk that is full, or read-only. A run on it stops, and says why; with room again the next one goes on.
//!
//! Both are a small tmpfs, which only root can mount.

use super::{UNUSABLE, goes_on, notify};
use crate::{
    Settings,
    disk::SmallDisk,
    incident::{Incident, assert_exit, recorder},
    lanes,
    story::{Relays, Tally},
};
use forthwith_testkit::{
    judge::unoffered,
    lists::Chance,
    strace::{self, Call},
    tools,
};
use std::{fs, path::Path};

/// People in each incident.
const COUNT: usize = 60;
/// The most room that a full disk has left: enough for a run to end well.
const ROOM_OCTETS_MAX: u64 = 320 * 1024;

/// Fills `settings.size` disks, each up to a room that is drawn, and makes one read-only; `None` where strace or
/// the sink is not installed or nobody may mount, which is said.
///
/// # Panics
///
/// Where anything at all is wrong, and where no disk was full in the middle of a run.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    let (strace, sink) = (tools::require("strace")?, tools::require("smtp-sink")?);
    // Asked for here, so that a machine that cannot says so once.
    drop(SmallDisk::mount()?);
    let story = |(): &mut (), seed: u64, _: usize| fill(program, &sink, seed);
    let mut sum = lanes::tell(settings, 1, || (), story);
    assert!(sum.within > 0, "no disk was full in the middle of a run: {sum}");
    sum.add(&read_only(program, &strace, &sink, settings.seed));
    println!("{sum}");
    Some(sum)
}

fn fill(program: &Path, sink: &Path, seed: u64) -> Tally {
    let mut chance = Chance::new(seed);
    let disk = SmallDisk::mount().unwrap();
    let relays = Relays { first: recorder(sink, &[]), last: recorder(sink, &[]) };
    let incident = Incident::within(disk.folder(), program, chance.next_bits(), COUNT);
    incident.freeze();
    let filler = disk.fill_but(chance.below(ROOM_OCTETS_MAX));
    let run = notify(&incident, &relays).output().unwrap();
    let is_full = run.status.code() != Some(0);
    let recorded = relays.first.recorded().unwrap();
    if is_full {
        assert_exit(&run, UNUSABLE);
        let told = String::from_utf8_lossy(&run.stderr);
        // With no room at all SQLite speaks of its shared memory and an error of the disk.
        assert!(told.contains("is full") || told.contains("look at the disk"), "it names the cause: {told}");
        // Still full: it ends again, and whoever it tells more had room for an offer.
        assert_exit(&notify(&incident, &relays).output().unwrap(), UNUSABLE);
    }
    fs::remove_file(filler).unwrap();
    let again = relays.first.recorded().unwrap();
    assert_eq!(unoffered(&again, &incident.states()), [""; 0], "told, and never offered");
    assert!(!is_full || again.len() < COUNT, "{} and then {} went out", recorded.len(), again.len());
    goes_on(&incident, &relays, if is_full { 2 } else { 0 })
}

/// A ledger that cannot be written ends the run before it connects.
fn read_only(program: &Path, strace: &Path, sink: &Path, seed: u64) -> Tally {
    let disk = SmallDisk::mount().unwrap();
    let relays = Relays { first: recorder(sink, &[]), last: recorder(sink, &[]) };
    let incident = Incident::within(disk.folder(), program, seed, COUNT);
    incident.freeze();
    disk.remount("ro");
    let (output, calls) = strace::run(strace, &notify(&incident, &relays)).unwrap();
    assert_exit(&output, UNUSABLE);
    assert!(!calls.iter().any(Call::is_network), "it connects with a ledger that it cannot write");
    disk.remount("rw");
    goes_on(&incident, &relays, 1)
}
