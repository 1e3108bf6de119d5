//! Kill -9 at any moment and run again: nobody is lost, nobody is told twice but what is shown in doubt.
//!
//! Fifty kills at random moments over as many small incidents as that takes, judged from what Postfix's sink
//! took. Moments are drawn from a seed; `FORTHWITH_PROOF_SEED` gives it, else the clock does.

use crate::proof_incident::{CONNECTIONS, FORTHWITH, Incident, assert_exit, borrowed, recorder};
use forthwith_ledger::sqlite::{Counts, LedgerReader};
use forthwith_testkit::{
    judge::Judgement, lists::Chance, recorded::Recorded, server::wait_until, sink::Sink, tools,
};
use std::{
    env,
    process::{Child, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How many runs are killed.
const KILLS: usize = 50;
/// People in each incident.
const COUNT: usize = 60;
/// The latest moment of a kill after the start, in milliseconds: a run lasts longer than that for as long as
/// half of its notices are left.
const KILL_WITHIN_MS: u64 = 1_200;
/// How long the run that is left alone may take.
const LAST_RUN_MAX: Duration = Duration::from_mins(2);
/// The sink thinks a second about some dots, and two about some of these: that is when a kill leaves doubt.
const SLOW_DOTS: [&str; 2] = ["-W", ".:1:20"];
/// The sink keeps the message and hangs up at the dot.
const NO_REPLY_TO_DOTS: [&str; 2] = ["-q", "."];

#[test]
fn fifty_kills_lose_nobody_and_tell_nobody_twice() {
    let Some(program) = tools::require("smtp-sink") else { return };
    let seed = seed();
    println!("FORTHWITH_PROOF_SEED={seed} draws the same moments again");
    let mut chance = Chance::new(seed);
    let mut total = Tally::default();
    while total.kills < KILLS {
        let sink = recorder(&program, &SLOW_DOTS);
        let incident = Incident::new(chance.next_bits(), COUNT);
        incident.freeze();
        let tally = kill_until_at_rest(&incident, &sink, &mut chance, KILLS - total.kills);
        let judgement = settled(&incident, &sink.recorded().unwrap(), &[], tally.kills);
        assert!(judgement.copies.is_empty(), "nobody decided anything yet: {judgement}");
        println!("{} kills, {} while notices went out: {judgement}", tally.kills, tally.within);
        total.kills += tally.kills;
        total.within += tally.within;
        total.doubts += judgement.doubts;
        if judgement.doubts > 0 {
            resend(&incident, &sink, tally.kills);
        }
    }
    println!("in all {total:?}");
    assert!(total.within * 3 >= total.kills, "too few kills met notices going out: {total:?}");
    assert!(total.doubts > 0, "no kill met an open dot: the proof has not tried what it is about");
}

#[test]
fn a_dot_without_a_reply_is_in_doubt_and_told_again_only_by_decision() {
    let Some(program) = tools::require("smtp-sink") else { return };
    let (deaf, sink) = (recorder(&program, &NO_REPLY_TO_DOTS), recorder(&program, &[]));
    let incident = Incident::new(52, COUNT);
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

/// What was done to an incident, or to all of them.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Runs killed.
    kills: usize,
    /// Those of them that were between the first MAIL and the last verdict.
    within: usize,
    /// Notices left in doubt.
    doubts: usize,
}

/// Runs `notify` again and again, killing it at random moments at most `most` times, until it ends by itself.
fn kill_until_at_rest(incident: &Incident, sink: &Sink, chance: &mut Chance, most: usize) -> Tally {
    let arguments = incident.to(&sink.url());
    let mut tally = Tally::default();
    loop {
        let before = incident.ledger().counts().unwrap();
        let mut run = incident.command_of(FORTHWITH, "notify", &borrowed(&arguments));
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let moment = Duration::from_millis(chance.below(KILL_WITHIN_MS));
        let limit = if tally.kills < most { moment } else { LAST_RUN_MAX };
        if let Some(exit) = ended_within(&mut run, limit) {
            assert!([0, 5].contains(&exit), "a run that nobody killed ended with {exit}");
            return tally;
        }
        assert!(tally.kills < most, "the last run did not end within {LAST_RUN_MAX:?}");
        run.kill().unwrap();
        run.wait().unwrap();
        tally.kills += 1;
        tally.within += usize::from(was_within(&incident.ledger(), before));
    }
}

/// Returns the exit code of a run that ends in time; `None` where it goes on.
fn ended_within(run: &mut Child, limit: Duration) -> Option<i32> {
    let mut ended = None;
    wait_until(limit, || {
        ended = run.try_wait().unwrap();
        ended.is_some()
    });
    ended.map(|status| status.code().unwrap())
}

/// Returns whether the run that was just killed had offered something, and had something left to offer or to
/// hear of.
fn was_within(ledger: &LedgerReader, before: Counts) -> bool {
    let run = ledger.last_run(Some("notify")).unwrap();
    let Some(run) = run.filter(|run| run.ended.is_none()) else { return false };
    let has_offered = !ledger.attempt_times_since(run.started_at).unwrap().is_empty();
    let after = ledger.counts().unwrap();
    has_offered && (after.queued + after.deferred > 0 || after.in_doubt > before.in_doubt)
}

/// Tells those in doubt again, and judges that nobody else was.
fn resend(incident: &Incident, sink: &Sink, kills: usize) {
    let taken = sink.recorded().unwrap().len();
    let resent = doubtful(incident);
    decide(incident, &resent);
    let run = incident.command("notify", &borrowed(&incident.to(&sink.url()))).output().unwrap();
    assert_exit(&run, 0);
    let recorded = sink.recorded().unwrap();
    let judgement = settled(incident, &recorded, &resent, kills);
    assert_eq!((judgement.doubts, recorded.len() - taken), (0, resent.len()), "{judgement}");
    assert!(judgement.copies.iter().all(|address| resent.contains(address)), "{judgement}");
}

/// Decides that all in doubt are told again.
fn decide(incident: &Incident, doubtful: &[String]) {
    let count = doubtful.len().to_string();
    let arguments = ["--resend", "--confirm", &count, "--by", "Ada", "--reason", "not in the relay's log"];
    incident.run("resolve", &arguments, 0);
}

/// Returns the addresses of those in doubt.
fn doubtful(incident: &Incident) -> Vec<String> {
    incident.states().into_iter().filter(|(_, state)| state == "in_doubt").map(|(address, _)| address).collect()
}

/// Judges, and fails where anything at all is wrong, the ledger's own chain included.
fn settled(incident: &Incident, recorded: &[Recorded], resent: &[String], crashes: usize) -> Judgement {
    let judgement = incident.judge(recorded, resent, crashes);
    assert!(judgement.is_clean(), "{judgement}");
    assert_eq!(judgement.doubts_max, CONNECTIONS * crashes);
    assert_eq!(incident.ledger().verify().unwrap(), []);
    judgement
}

fn sorted(mut addresses: Vec<String>) -> Vec<String> {
    addresses.sort();
    addresses
}

fn seed() -> u64 {
    let given = env::var("FORTHWITH_PROOF_SEED").ok();
    given.map_or_else(
        || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs(),
        |text| text.parse().expect("FORTHWITH_PROOF_SEED is a number"),
    )
}
