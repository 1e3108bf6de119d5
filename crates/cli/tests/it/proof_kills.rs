//! Kill -9 at any moment and run again: nobody is lost, nobody is told twice but what is shown in doubt.
//!
//! Fifty kills at random moments over as many small incidents as that takes, judged from what Postfix's sink
//! took. Moments are drawn from a seed; `FORTHWITH_PROOF_SEED` gives it, else the clock does.

use crate::proof_incident::{CONNECTIONS, Incident, borrowed, recorder};
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
/// The most kills in one incident: with more of them most notices would be in doubt, and few left to go out.
const KILLS_EACH: usize = 5;
/// How long the run that is left alone may take.
const LAST_RUN_MAX: Duration = Duration::from_mins(2);
/// The relays of the incidents in turn: switches of the sink, and the latest moment of a kill after the start in
/// milliseconds. The sink thinks a second or more about a fifth of dots, of DATAs and of RCPTs, so that kills
/// meet offers before, between and after those; the last is as fast as it can be, and so are kills. A sink that
/// delays RCPT must not offer PIPELINING: it would answer the DATA behind it first.
const RELAYS: [(&[&str], u64); 4] =
    [(&["-W", ".:1:20"], 900), (&["-W", "DATA:1:20"], 900), (&["-p", "-W", "RCPT:1:20"], 900), (&[], 300)];
/// The sink keeps the message and hangs up at the dot.
const NO_REPLY_TO_DOTS: [&str; 2] = ["-q", "."];

#[expect(clippy::print_stdout, reason = "the harness shows it where the test fails: the seed, and how far it came")]
#[test]
fn fifty_kills_lose_nobody_and_tell_nobody_twice() {
    let Some(program) = tools::require("smtp-sink") else { return };
    let seed = seed();
    println!("FORTHWITH_PROOF_SEED={seed} draws the same moments again");
    let mut chance = Chance::new(seed);
    let mut total = Tally::default();
    for (switches, within_ms) in RELAYS.iter().cycle() {
        let relays = Relays { killed: recorder(&program, switches), last: recorder(&program, &[]) };
        let incident = Incident::new(chance.next_bits(), COUNT);
        incident.freeze();
        let most = KILLS_EACH.min(KILLS - total.kills);
        let tally = kill_until_at_rest(&incident, &relays, || chance.below(*within_ms), most);
        let judgement = settled(&incident, &relays.recorded(), &[], tally.kills);
        assert!(judgement.copies.is_empty(), "nobody decided anything yet: {judgement}");
        println!("{switches:?}: {} kills, {} as notices went out: {judgement}", tally.kills, tally.within);
        total.kills += tally.kills;
        total.within += tally.within;
        total.doubts += judgement.doubts;
        if judgement.doubts > 0 {
            resend(&incident, &relays, tally.kills);
        }
        if total.kills == KILLS {
            break;
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

/// Where the notices of one incident go.
struct Relays {
    /// While runs are killed.
    killed: Sink,
    /// In the run that is left alone, and after a decision.
    last: Sink,
}

impl Relays {
    /// Returns all that either took.
    fn recorded(&self) -> Vec<Recorded> {
        [self.killed.recorded().unwrap(), self.last.recorded().unwrap()].concat()
    }
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

/// Runs `notify` again and again and kills it at the drawn moments, `most` times, then lets a last run end.
fn kill_until_at_rest(incident: &Incident, relays: &Relays, mut moment: impl FnMut() -> u64, most: usize) -> Tally {
    let mut tally = Tally::default();
    loop {
        let is_last = tally.kills == most;
        let relay = if is_last { &relays.last } else { &relays.killed };
        let before = incident.ledger().counts().unwrap();
        let mut run = incident.bare_command("notify", &borrowed(&incident.to(&relay.url())));
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let limit = if is_last { LAST_RUN_MAX } else { Duration::from_millis(moment()) };
        if let Some(exit) = ended_within(&mut run, limit) {
            assert!([0, 5].contains(&exit), "a run that nobody killed ended with {exit}");
            return tally;
        }
        run.kill().unwrap();
        run.wait().unwrap();
        assert!(!is_last, "the last run did not end within {LAST_RUN_MAX:?}");
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
fn resend(incident: &Incident, relays: &Relays, kills: usize) {
    let taken = relays.recorded().len();
    let resent = doubtful(incident);
    decide(incident, &resent);
    incident.run("notify", &borrowed(&incident.to(&relays.last.url())), 0);
    let recorded = relays.recorded();
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
    let refused = incident.states().into_iter().find(|(_, state)| !["accepted", "in_doubt"].contains(&&**state));
    assert_eq!(refused, None, "the relay refuses nobody, and nothing is left to attempt");
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
