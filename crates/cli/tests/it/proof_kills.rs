//! Kill -9, at random moments and before the calls that matter, and run again: nobody is lost, nobody is told
//! twice but what is shown in doubt. `cargo xtask torture kill` and `syscalls` do the same at full size.

use crate::proof_incident::{FORTHWITH, borrowed, incident, recorder};
use forthwith_testkit::tools;
use forthwith_torture::{
    Settings, kill, seed,
    story::{decide, doubtful, settled},
    syscalls,
};
use std::path::Path;

/// How many runs are killed at random moments.
const KILLS: usize = 300;
/// Before how many calls runs are killed.
const POINTS: usize = 600;
/// People in the incident whose dots get no reply.
const COUNT: usize = 60;
/// Stories at once: a kill waits more than it works.
const LANES: usize = 2;
/// The sink keeps the message and hangs up at the dot.
const NO_REPLY_TO_DOTS: [&str; 2] = ["-q", "."];

#[test]
fn three_hundred_kills_lose_nobody_and_tell_nobody_twice() {
    let settings = Settings { size: KILLS, seed: seed(), lanes: 3 * LANES };
    let Some(sum) = kill::run(Path::new(FORTHWITH), &settings) else { return };
    assert!(sum.blows >= KILLS, "{sum}");
}

#[test]
fn a_kill_before_any_of_six_hundred_calls_loses_nobody_and_tells_nobody_twice() {
    let settings = Settings { size: POINTS, seed: seed(), lanes: LANES };
    let Some(sum) = syscalls::run(Path::new(FORTHWITH), &settings) else { return };
    assert_eq!(sum.blows, POINTS, "{sum}");
    assert!(sum.untouched * 4 <= POINTS, "most points are there again: {sum}");
}

#[test]
fn a_dot_without_a_reply_is_in_doubt_and_told_again_only_by_decision() {
    let Some(program) = tools::require("smtp-sink") else { return };
    let (deaf, sink) = (recorder(&program, &NO_REPLY_TO_DOTS), recorder(&program, &[]));
    let incident = incident(52, COUNT);
    incident.freeze();
    let mut first = incident.to(&deaf.url());
    first.extend(["--limit", "7"].map(str::to_owned));
    incident.run("notify", &borrowed(&first), 5);
    let doubts = incident.doubts().len();
    assert_eq!(doubts, 7);

    let rest = incident.to(&sink.url());
    for _ in 0..2 {
        incident.run("notify", &borrowed(&rest), 5);
        assert_eq!(incident.doubts().len(), doubts, "running again settles no doubt");
    }
    let mut recorded = deaf.recorded().unwrap();
    recorded.extend(sink.recorded().unwrap());
    // Each of the seven cost one line.
    let judgement = settled(&incident, &recorded, &[], doubts);
    assert_eq!((judgement.doubts, recorded.len()), (doubts, COUNT), "{judgement}");

    let resent = doubtful(&incident);
    decide(&incident, &resent);
    incident.run("notify", &borrowed(&rest), 0);
    recorded = deaf.recorded().unwrap();
    recorded.extend(sink.recorded().unwrap());
    let judgement = settled(&incident, &recorded, &resent, doubts);
    assert_eq!(sorted(judgement.copies.clone()), sorted(resent), "they and nobody else: {judgement}");
    assert_eq!(judgement.doubts, 0);
}

fn sorted(mut addresses: Vec<String>) -> Vec<String> {
    addresses.sort();
    addresses
}
