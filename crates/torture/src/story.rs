//! One story: a frozen incident, runs that are interrupted, a last one that is left alone, and the judgement.
//!
//! What interrupts a run is told from outside: a kill, a power cut, a fault. The rest is the same for all.

use crate::incident::{CONNECTIONS, Incident, borrowed};
use forthwith_ledger::sqlite::{Counts, LedgerReader};
use forthwith_testkit::{
    judge::Judgement,
    lists::Chance,
    recorded::Recorded,
    server::{HANG_MAX, wait_until},
    sink::Sink,
};
use std::{
    fmt,
    process::{Child, Stdio},
    time::Duration,
};

/// Where the notices of one story go.
pub struct Relays {
    /// While runs are interrupted.
    pub first: Sink,
    /// In the run that is left alone, and after a decision.
    pub last: Sink,
}

impl Relays {
    /// Returns all that either took.
    pub fn recorded(&self) -> Vec<Recorded> {
        [self.first.recorded().unwrap(), self.last.recorded().unwrap()].concat()
    }
}

/// What was done to one story, or to many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Stories told.
    pub stories: usize,
    /// Runs interrupted.
    pub blows: usize,
    /// Those of them that were between the first MAIL and the last verdict.
    pub within: usize,
    /// Those of them that left an offer without an answer.
    pub unanswered: usize,
    /// Runs that ended by themselves before they could be interrupted.
    pub untouched: usize,
    /// Notices left in doubt.
    pub doubts: usize,
    /// Messages that recorders took.
    pub recorded: usize,
    /// Acceptances that were read before a cut, and had to survive it.
    pub read_before: usize,
}

impl Tally {
    /// Adds what another story came to.
    pub fn add(&mut self, other: &Self) {
        let Self { stories, blows, within, unanswered, untouched, doubts, recorded, read_before } = self;
        *stories += other.stories;
        *blows += other.blows;
        *within += other.within;
        *unanswered += other.unanswered;
        *untouched += other.untouched;
        *doubts += other.doubts;
        *recorded += other.recorded;
        *read_before += other.read_before;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stories, blows, within, unanswered, untouched, doubts, recorded, read_before } = self;
        write!(
            f,
            "{blows} interrupted in {stories} stories: {within} as notices went out, {unanswered} with an unanswered \
             offer; {untouched} ended before; {doubts} in doubt of {recorded} recorded"
        )?;
        if *read_before > 0 {
            write!(f, "; {read_before} acceptances read before a cut survived it")?;
        }
        Ok(())
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this exit.
    Alone(i32),
    /// By what interrupted it.
    Interrupted,
}

/// Lets `attempt` run `notify` again and again until it interrupted `most` runs or one ended by itself; then a
/// last run is left alone and all is judged. Whoever is in doubt is told again at the end where `resends`.
///
/// # Panics
///
/// Where anything at all is wrong.
pub fn until_at_rest(
    incident: &Incident,
    relays: &Relays,
    most: usize,
    resends: bool,
    mut attempt: impl FnMut(&[String]) -> Ended,
) -> Tally {
    let mut tally = Tally { stories: 1, ..Tally::default() };
    while tally.blows < most {
        let before = incident.ledger().counts().unwrap();
        match attempt(&incident.to(&relays.first.url())) {
            Ended::Alone(exit) => {
                assert!([0, 5].contains(&exit), "a run that nobody interrupted ended with {exit}");
                tally.untouched += 1;
                break;
            }
            Ended::Interrupted => tally.blows += 1,
        }
        let (ledger, after) = (incident.ledger(), incident.ledger().counts().unwrap());
        tally.within += usize::from(was_within(&ledger, before, after));
        tally.unanswered += usize::from(after.in_doubt > before.in_doubt);
    }
    let judgement = left_alone(incident, relays, tally.blows);
    tally.doubts = judgement.doubts;
    tally.recorded = relays.recorded().len();
    if resends && judgement.doubts > 0 {
        resend(incident, relays, tally.blows);
    }
    tally
}

/// Runs once more, undisturbed, and judges: nobody decided anything, so there is no copy at all.
pub fn left_alone(incident: &Incident, relays: &Relays, crashes: usize) -> Judgement {
    let mut run = incident.bare_command("notify", &borrowed(&incident.to(&relays.last.url())));
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let exit = ended_within(&mut run, HANG_MAX);
    if exit.is_none() {
        kill(&mut run);
    }
    assert!(exit.is_some_and(|exit| [0, 5].contains(&exit)), "the last run ended with {exit:?}");
    let judgement = settled(incident, &relays.recorded(), &[], crashes);
    assert!(judgement.copies.is_empty(), "nobody decided anything yet: {judgement}");
    judgement
}

/// Returns the exit code of a run that ends before its blow is due; `None` where it goes on.
///
/// Two blows of three are due `within_ms.1` at most after the run's first offer, so that a machine on which programs
/// start late is met as often; the third one `within_ms.0` at most after the start.
pub fn ended_before_blow(
    run: &mut Child,
    incident: &Incident,
    chance: &mut Chance,
    within_ms: (u64, u64),
) -> Option<i32> {
    let is_from_start = chance.below(3) == 0;
    let moment = Duration::from_millis(chance.below(if is_from_start { within_ms.0 } else { within_ms.1 }));
    let ended = if is_from_start { None } else { ended_before_offering(run, incident) };
    ended.or_else(|| ended_within(run, moment))
}

/// Waits until a run has offered something, or returns its exit code.
fn ended_before_offering(run: &mut Child, incident: &Incident) -> Option<i32> {
    let ledger = incident.ledger();
    let before = ledger.counts().unwrap().accepted;
    let mut ended = None;
    wait_until(HANG_MAX, || {
        ended = ended_within(run, Duration::ZERO);
        let now = ledger.counts().unwrap();
        ended.is_some() || now.in_flight > 0 || now.accepted > before
    });
    ended
}

/// Returns the exit code of a run that ends in time, 128 and the signal for one that died; `None` where it goes
/// on.
pub fn ended_within(run: &mut Child, limit: Duration) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    let mut ended = None;
    wait_until(limit, || {
        ended = run.try_wait().unwrap();
        ended.is_some()
    });
    ended.map(|status| status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
}

/// Kills a run that goes on, and waits until it is gone.
pub fn kill(run: &mut Child) {
    run.kill().unwrap();
    run.wait().unwrap();
}

/// Returns whether the run that was just interrupted had offered something, and had something left to offer or
/// to hear of.
fn was_within(ledger: &LedgerReader, before: Counts, after: Counts) -> bool {
    let run = ledger.last_run(Some("notify")).unwrap();
    let Some(run) = run.filter(|run| run.ended.is_none()) else { return false };
    let has_offered = !ledger.attempt_times_since(run.started_at).unwrap().is_empty();
    has_offered && (after.queued + after.deferred > 0 || after.in_doubt > before.in_doubt)
}

/// Tells those in doubt again, and judges that nobody else was.
fn resend(incident: &Incident, relays: &Relays, crashes: usize) {
    let taken = relays.recorded().len();
    let resent = doubtful(incident);
    decide(incident, &resent);
    incident.run("notify", &borrowed(&incident.to(&relays.last.url())), 0);
    let recorded = relays.recorded();
    let judgement = settled(incident, &recorded, &resent, crashes);
    assert_eq!((judgement.doubts, recorded.len() - taken), (0, resent.len()), "{judgement}");
    assert!(judgement.copies.iter().all(|address| resent.contains(address)), "{judgement}");
}

/// Decides that all in doubt are told again.
pub fn decide(incident: &Incident, doubtful: &[String]) {
    let count = doubtful.len().to_string();
    let arguments = ["--resend", "--confirm", &count, "--by", "Ada", "--reason", "not in the relay's log"];
    incident.run("resolve", &arguments, 0);
}

/// Returns the addresses of those in doubt.
pub fn doubtful(incident: &Incident) -> Vec<String> {
    incident.states().into_iter().filter(|(_, state)| state == "in_doubt").map(|(address, _)| address).collect()
}

/// Judges, and fails where anything at all is wrong, the ledger's own chain included.
pub fn settled(incident: &Incident, recorded: &[Recorded], resent: &[String], crashes: usize) -> Judgement {
    let judgement = incident.judge(recorded, resent, crashes);
    assert!(judgement.is_clean(), "{judgement}");
    assert_eq!(judgement.doubts_max, CONNECTIONS * crashes);
    let refused = incident.states().into_iter().find(|(_, state)| !["accepted", "in_doubt"].contains(&&**state));
    assert_eq!(refused, None, "the relay refuses nobody, and nothing is left to attempt");
    assert_eq!(incident.ledger().verify().unwrap(), []);
    judgement
}
