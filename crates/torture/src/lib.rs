//! The proofs of delivery over the real program: it is killed, its disk loses power or fails, its clock jumps;
//! then it is run again until all is at rest, and judged by what an independent recorder took.
//!
//! `cargo xtask torture` runs them at full size, the tests of the command line at small sizes: the same code.
//! The program is only ever run as a process, within bounds. What a story draws comes from its seed, and a
//! story that fails says its seed. Nothing here is published or part of forthwith, and nothing here judges:
//! `testkit::judge` does, from plain files.
#![expect(clippy::unwrap_used, reason = "a proof that cannot go on fails, as a test does")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a proof says how far it came, and its seed")]

pub mod disk;
pub mod faults;
mod halt;
pub mod incident;
pub mod kill;
mod lanes;
mod memory;
pub mod power;
pub mod story;
pub mod syscalls;

use std::time::{SystemTime, UNIX_EPOCH};

/// Where tests are given a seed.
const SEED: &str = "FORTHWITH_PROOF_SEED";

/// Returns the seed that `FORTHWITH_PROOF_SEED` gives, else one that the clock gives: every run of the tests meets
/// other moments, and says its seed.
///
/// # Panics
///
/// Where the variable holds no number.
pub fn seed() -> u64 {
    let given = std::env::var(SEED).ok();
    given.map_or_else(
        || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
        |text| text.parse().expect("FORTHWITH_PROOF_SEED is a number"),
    )
}

/// How much is done, and from which seed.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many kills, points or cuts in all; for faults, how often each that is drawn.
    pub size: usize,
    /// The seed of the first story; the next ones have the numbers after it.
    pub seed: u64,
    /// How many stories go on at once.
    pub lanes: usize,
}
