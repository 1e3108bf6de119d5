//! Power cuts under a run: what was accepted before survives, and nobody is lost or told twice.
//! `cargo xtask torture power` does the same at full size.

use crate::proof_incident::FORTHWITH;
use forthwith_torture::{
    Settings,
    disk::{again_in_own_mounts, has_own_mounts},
    power, seed,
};
use std::path::Path;

/// How often the power is cut.
const CUTS: usize = 200;
/// Stories at once, each on a disk of its own: a cut waits more than it works.
const LANES: usize = 4;

#[test]
fn two_hundred_power_cuts_lose_no_acceptance_and_tell_nobody_twice() {
    if !has_own_mounts() {
        let this = "proof_power::two_hundred_power_cuts_lose_no_acceptance_and_tell_nobody_twice";
        let Some(status) = again_in_own_mounts(&[this, "--exact", "--nocapture"]) else { return };
        assert!(status.success(), "see above");
        return;
    }
    let settings = Settings { size: CUTS, seed: seed(), lanes: LANES };
    let Some(sum) = power::run(Path::new(FORTHWITH), &settings) else { return };
    assert!(sum.blows >= CUTS && sum.read_before > 0, "{sum}");
}
