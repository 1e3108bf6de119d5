//! Power cuts under a run: what was accepted before survives, and nobody is lost or told twice.
//! `cargo xtask torture power` does the same at full size.

use crate::{
    approving::{ADA, hand_in, notify, people, relay, rule, ruled},
    harness::{Incident, OCTOBER},
    proof_incident::FORTHWITH,
};
use forthwith_torture::{
    Settings,
    disk::{PoweredDisk, again_in_own_mounts, has_own_mounts},
    power, seed,
};
use std::path::Path;

/// How often the power is cut.
const CUTS: usize = 200;
/// Stories at once, each on a disk of its own: a cut waits more than it works.
const LANES: usize = 4;

/// Returns whether this process may mount; else runs the test `this` again in one that may, where the machine has it.
fn is_among_own_mounts(this: &str) -> bool {
    if has_own_mounts() {
        return true;
    }
    let status = again_in_own_mounts(&[&format!("proof_power::{this}"), "--exact", "--nocapture"]);
    assert!(status.is_none_or(|status| status.success()), "see above");
    false
}

#[test]
fn two_hundred_power_cuts_lose_no_acceptance_and_tell_nobody_twice() {
    if !is_among_own_mounts("two_hundred_power_cuts_lose_no_acceptance_and_tell_nobody_twice") {
        return;
    }
    let settings = Settings { size: CUTS, seed: seed(), lanes: LANES };
    let Some(sum) = power::run(Path::new(FORTHWITH), &settings) else { return };
    assert!(sum.blows >= CUTS && sum.read_before > 0, "{sum}");
}

/// Who released a plan, and who took that back, is on disk once the command has said so.
#[test]
fn a_release_and_its_withdrawal_survive_a_cut() {
    if !is_among_own_mounts("a_release_and_its_withdrawal_survive_a_cut") {
        return;
    }
    let Some(mut disk) = PoweredDisk::mount() else { return };
    let incident = ruled(Incident::example_in(&disk.root(), OCTOBER), &rule(&people(), ""));
    disk.sync();
    incident.run("notify", &["--dry-run"]).exits(0);
    let (relay, url) = relay();
    let mut cut = || {
        disk.cut();
        disk.restore();
    };
    hand_in(&incident, ADA).exits(0);
    cut();
    notify(&incident, &url, &["--limit", "2"]).exits(5);
    assert_eq!(relay.received().len(), 2);
    incident.run("approve", &["--withdraw", "--reason", "not sure", "--by", "Bo"]).exits(0);
    cut();
    notify(&incident, &url, &[]).exits(4).warns(&["withdrawn", "by Bo"]);
    assert_eq!(relay.received().len(), 2);
    incident.run("verify", &[]).exits(0);
}
