//! Faults from outside: the run stops or drains, nothing leaves after it but what was offered, and a later run goes
//! on cleanly. `cargo xtask torture faults` does the same at full size.

use crate::proof_incident::FORTHWITH;
use forthwith_torture::{
    Settings,
    faults::{calls, clock, freezing, limits, pairs, room, signals},
    seed,
    story::Tally,
};
use std::path::Path;

/// Stories at once: most of them wait more than they work.
const LANES: usize = 2;

/// Runs a proof with each fault `size` times; `None` where this machine cannot, which is said.
fn prove(proof: fn(&Path, &Settings) -> Option<Tally>, size: usize) -> Option<Tally> {
    proof(Path::new(FORTHWITH), &Settings { size, seed: seed(), lanes: LANES })
}

#[test]
fn the_first_write_or_sync_that_fails_is_final() {
    let Some(sum) = prove(calls::run, 4) else { return };
    // With two errors: four writes, four syncs, the one sync of the folder, and for each one past all that there are.
    assert_eq!(sum.blows, 24, "{sum}");
    // Commits are shared as they come: a run may make half as many calls as the one before.
    assert!((6..16).contains(&sum.untouched), "the early points are there again: {sum}");
}

#[test]
fn a_plan_that_could_not_be_frozen_is_frozen_by_the_next_dry_run() {
    let Some(sum) = prove(freezing::run, 3) else { return };
    assert!(sum.blows >= 30 && sum.doubts == 0, "{sum}");
}

#[test]
fn a_full_disk_stops_the_run_and_room_lets_it_go_on() {
    let Some(sum) = prove(room::run, 5) else { return };
    assert_eq!(sum.blows, 6, "{sum}");
}

#[test]
fn a_changed_clock_loses_nobody_and_tells_nobody_twice() {
    let Some(sum) = prove(clock::run, 12) else { return };
    assert_eq!(sum.blows, 12, "{sum}");
}

#[test]
fn of_two_programs_at_once_one_ends_before_it_connects() {
    let Some(sum) = prove(pairs::run, 8) else { return };
    assert_eq!((sum.blows, sum.doubts), (8, 0), "{sum}");
}

#[test]
fn too_few_descriptors_too_little_memory_and_files_that_may_not_grow_lose_nobody() {
    let Some(sum) = prove(limits::run, 15) else { return };
    assert_eq!(sum.blows, 15, "{sum}");
}

#[test]
fn signals_drain_and_leave_no_doubt() {
    let Some(sum) = prove(signals::run, 20) else { return };
    assert_eq!(sum.doubts, 0, "{sum}");
}
