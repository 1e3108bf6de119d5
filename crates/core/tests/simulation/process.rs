//! One run as a process: the real engine, and workers that do what it says, one small step at a time.
//!
//! The steps and their order are those of the sender's driver, worker and session: the offer is appended as
//! MAIL goes out; content and dot follow 354 and a durable offer; the verdict is appended after the reply.
//! Between any two steps others run, the disk syncs, or everything ends.

use super::{
    Order, World,
    checker::Deed,
    relay::{Mail, lost},
};
use forthwith_core::{
    domains::Earlier,
    engine::{End, Engine, Failure, Line, Next, Settings, Stop},
    notice::{Claimed, Entry, Particulars},
    state::Happening,
    throttle::Change,
    verdict::{Answer, Reply, Stage, Verdict, judge},
};
use jiff::Timestamp;

/// How long a line may be idle, in milliseconds, as in the sender.
const IDLE_MAX: i64 = 5_000;

/// A run.
pub struct Process {
    engine: Engine,
    workers: Vec<Worker>,
    /// Counts what may change the engine's mind.
    changes: u64,
    is_cut: bool,
    stop: Option<Stop>,
}

/// What can be stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Something was done.
    Made,
    /// Everybody waits, until this moment at the earliest.
    WaitUntil(Timestamp),
    /// Everybody waits for somebody else.
    Stuck,
    /// Every worker has left.
    Ended,
}

struct Worker {
    phase: Phase,
    /// The number of its line, and whether nothing was attempted over it yet.
    line: Option<(u64, bool)>,
}

/// An attempt under way, and how many entries must be durable before its dot.
struct Attempt {
    claimed: Claimed,
    offer: usize,
}

enum Phase {
    Asking,
    Waiting { until: Option<Timestamp>, seen: u64 },
    Dialling(u64),
    Claiming { want: usize, after: usize },
    Refilling(Vec<Claimed>, Option<Timestamp>),
    Looking { offered_by: Timestamp, after: usize },
    GivingUp(Vec<Claimed>),
    Preparing(Claimed),
    Hearing(Attempt, Stage),
    Syncing(Attempt),
    HandingOver(Attempt),
    Dotted(Attempt),
    Refused(Attempt, Stage, Answer),
    Judging(Attempt, End),
    Left,
}

impl Process {
    /// Starts a run, which goes on at the pace that was recorded last.
    pub fn start(settings: Settings, earlier: Vec<Earlier>, last_pace: Option<&Change>, now: Timestamp) -> Self {
        let worker = || Worker { phase: Phase::Asking, line: None };
        let workers = (0..settings.connections).map(|_| worker()).collect();
        let mut engine = Engine::new(settings, earlier, now);
        if let Some(last) = last_pace {
            engine.remember_pace(last);
        }
        Self { engine, workers, changes: 0, is_cut: false, stop: None }
    }

    /// Begins nothing new.
    pub fn drain(&mut self) {
        self.engine.drain();
        self.changes += 1;
    }

    /// Ends as soon as it can, cutting its lines.
    pub fn cut(&mut self) {
        self.is_cut = true;
        self.drain();
    }

    /// Returns why it ended before its plan was done, if it did.
    pub fn stop(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Returns how many entries the ledger may take up in the next sync: a claim is answered between two.
    pub fn sync_limit(&self) -> usize {
        let claims = self.workers.iter().filter_map(|worker| match worker.phase {
            Phase::Claiming { after, .. } | Phase::Looking { after, .. } => Some(after),
            _ => None,
        });
        claims.min().unwrap_or(usize::MAX)
    }

    /// Leaves the relay alone with what is on its way when the process dies.
    pub fn die(self, world: &mut World) {
        for worker in self.workers {
            if let Phase::Dotted(attempt) = worker.phase {
                world.relay.abandoned(attempt.claimed.notice, &mut world.chance);
            }
        }
    }

    /// Lets one worker that can, drawn by chance, do one step.
    pub fn step(&mut self, world: &mut World) -> Progress {
        let first = world.chance.index(self.workers.len());
        let count = self.workers.len();
        let able = (0..count).map(|at| (first + at) % count).find(|at| self.can_step(*at, world));
        if let Some(at) = able {
            self.step_worker(at, world);
            return Progress::Made;
        }
        if self.workers.iter().all(|worker| matches!(worker.phase, Phase::Left)) {
            return Progress::Ended;
        }
        let untils = self.workers.iter().filter_map(|worker| match worker.phase {
            Phase::Waiting { until, .. } => until,
            _ => None,
        });
        untils.min().map_or(Progress::Stuck, Progress::WaitUntil)
    }

    /// Closes the lines of those who wait, where they were idle for so long.
    pub fn idle(&mut self, milliseconds: i64) {
        for worker in &mut self.workers {
            let is_idle = milliseconds >= IDLE_MAX && matches!(worker.phase, Phase::Waiting { .. });
            if is_idle && worker.line.take().is_some() {
                self.engine.hung_up();
                self.changes += 1;
            }
        }
    }

    fn can_step(&self, at: usize, world: &World) -> bool {
        let has_failed = world.ledger.has_failed();
        match &self.workers[at].phase {
            Phase::Left => false,
            Phase::Waiting { until, seen } => {
                self.changes > *seen || until.is_some_and(|until| until <= world.clock.shown())
            }
            Phase::Claiming { after, .. } | Phase::Looking { after, .. } => {
                has_failed || world.ledger.is_durable(*after)
            }
            Phase::Syncing(attempt) | Phase::Refused(attempt, ..) => {
                has_failed || self.is_cut || world.order != Order::Right || world.ledger.is_durable(attempt.offer)
            }
            _ => true,
        }
    }

    fn step_worker(&mut self, at: usize, world: &mut World) {
        let phase = std::mem::replace(&mut self.workers[at].phase, Phase::Asking);
        let next = match self.cut_short(phase, world) {
            Phase::Asking | Phase::Waiting { .. } => self.ask(at, world),
            Phase::Dialling(number) => self.dial(at, number, world),
            Phase::Claiming { want, .. } => self.claim(want, world),
            Phase::Refilling(notices, next_due) => {
                self.engine.refilled(notices, next_due);
                self.changes += 1;
                Phase::Asking
            }
            Phase::Looking { offered_by, .. } => self.look_for_given_up(offered_by, world),
            Phase::GivingUp(found) => {
                append(self.engine.given_up(world.clock.shown(), &found), world);
                self.changes += 1;
                Phase::Asking
            }
            Phase::Preparing(claimed) => self.prepare(at, claimed, world),
            Phase::Hearing(attempt, stage) => hear(attempt, stage, world),
            Phase::Syncing(attempt) => synced(attempt, world),
            Phase::HandingOver(attempt) => hand_over(attempt, world),
            Phase::Dotted(attempt) => {
                let answer = world.relay.answer_dot(attempt.claimed.notice, &mut world.chance);
                Phase::Judging(attempt, End::Answered(Stage::Dot, answer))
            }
            Phase::Refused(attempt, stage, answer) => refused(attempt, stage, answer, world),
            Phase::Judging(attempt, end) => self.judge(at, attempt, end, world),
            Phase::Left => Phase::Left,
        };
        self.workers[at].phase = next;
    }

    /// Ends an attempt that is under way when lines are cut. A reply that was read is judged all the same.
    fn cut_short(&self, phase: Phase, world: &mut World) -> Phase {
        if !self.is_cut {
            return phase;
        }
        match phase {
            Phase::Hearing(attempt, stage) | Phase::Refused(attempt, stage, _) => {
                Phase::Judging(attempt, End::CutShort(stage))
            }
            Phase::Syncing(attempt) => Phase::Judging(attempt, End::CutShort(Stage::Data)),
            Phase::HandingOver(attempt) => Phase::Judging(attempt, End::CutShort(Stage::Content)),
            Phase::Dotted(attempt) => {
                world.relay.abandoned(attempt.claimed.notice, &mut world.chance);
                Phase::Judging(attempt, End::CutShort(Stage::Dot))
            }
            other => other,
        }
    }

    fn ask(&mut self, at: usize, world: &mut World) -> Phase {
        let line = if self.workers[at].line.is_some() { Line::Open } else { Line::Closed };
        let next = self.engine.next(world.clock.shown(), line);
        self.record_pace(world);
        match next {
            Next::Attempt(claimed) => {
                world.note(Deed::Granted);
                Phase::Preparing(*claimed)
            }
            Next::Dial(number) => Phase::Dialling(number),
            Next::WaitUntil(until) => Phase::Waiting { until: Some(until), seen: self.changes },
            Next::WaitForReport => Phase::Waiting { until: None, seen: self.changes },
            Next::Refill(want) => Phase::Claiming { want, after: world.ledger.len() },
            Next::GiveUp(offered_by) => Phase::Looking { offered_by, after: world.ledger.len() },
            Next::Record(entries) => {
                append(entries, world);
                Phase::Asking
            }
            Next::Done => self.leave(at, None),
            Next::Stop(stop) => self.leave(at, Some(stop)),
        }
    }

    fn leave(&mut self, at: usize, stop: Option<Stop>) -> Phase {
        self.stop = stop;
        self.hang_up(at);
        Phase::Left
    }

    fn hang_up(&mut self, at: usize) {
        if self.workers[at].line.take().is_some() {
            self.engine.hung_up();
            self.changes += 1;
        }
    }

    fn dial(&mut self, at: usize, number: u64, world: &mut World) -> Phase {
        let now = world.clock.shown();
        let stage = world.chance.one_of(&[Stage::Connect, Stage::Greeting, Stage::Ehlo, Stage::Auth]);
        let answer = if self.is_cut { lost("stopped") } else { world.relay.answer(stage, -1, &mut world.chance) };
        let outcome = match judge(stage, &answer) {
            Verdict::Good => Ok(()),
            _ => Err(Failure::judged(stage, answer)),
        };
        self.workers[at].line = outcome.is_ok().then_some((number, true));
        self.engine.dialled(now, outcome);
        self.changes += 1;
        Phase::Asking
    }

    fn claim(&mut self, want: usize, world: &mut World) -> Phase {
        if world.ledger.has_failed() {
            self.drain();
            return Phase::Asking;
        }
        let (notices, next_due) = world.ledger.claim(want, world.clock.shown());
        Phase::Refilling(notices, next_due)
    }

    fn look_for_given_up(&mut self, offered_by: Timestamp, world: &mut World) -> Phase {
        if world.ledger.has_failed() {
            self.drain();
            return Phase::Asking;
        }
        Phase::GivingUp(world.ledger.claim_waiting(offered_by))
    }

    /// Proves the line, appends the offer and writes MAIL. The sender does it without a pause between, so the
    /// clock stands still here; a crash keeps or loses the entry, whatever the relay has read.
    fn prepare(&mut self, at: usize, mut claimed: Claimed, world: &mut World) -> Phase {
        let (_, is_new) = self.workers[at].line.expect("an attempt is given only to a worker whose line is open");
        if world.relay.is_trouble(&mut world.chance) {
            let failure = || Failure::judged(Stage::Ehlo, lost("closed before anything was attempted"));
            let end = if is_new { End::DeadLine(failure()) } else { End::Untouched };
            self.report(at, claimed, end, world);
            self.hang_up(at);
            return Phase::Asking;
        }
        let now = world.clock.shown();
        let offer = match world.order {
            Order::RecordAfterReply => 0,
            Order::Right | Order::OfferUnsynced => world.ledger.append(offered(&claimed, now)),
        };
        let mail = Mail { elapsed: world.clock.elapsed(), shown: now, notice: claimed.notice };
        world.relay.hear_mail(mail, &mut world.chance);
        self.engine.mail_written(&claimed, now);
        claimed.date.get_or_insert(now);
        self.workers[at].line = self.workers[at].line.map(|(number, _)| (number, false));
        Phase::Hearing(Attempt { claimed, offer }, Stage::Mail)
    }

    /// Reports how an attempt ended, and hangs up where the line is not proven clean.
    fn judge(&mut self, at: usize, attempt: Attempt, end: End, world: &mut World) -> Phase {
        let keeps = match &end {
            End::Answered(_, Answer::Reply(Reply { code, .. })) => *code != 421 && !matches!(code, 354 | 999),
            _ => false,
        };
        if world.order == Order::RecordAfterReply && !matches!(end, End::Unrecorded) {
            append(vec![offered(&attempt.claimed, world.clock.shown())], world);
        }
        self.report(at, attempt.claimed, end, world);
        if !keeps {
            self.hang_up(at);
        }
        Phase::Asking
    }

    fn report(&mut self, at: usize, claimed: Claimed, end: End, world: &mut World) {
        let number = self.workers[at].line.map_or(0, |(number, _)| number);
        let entries = self.engine.report(world.clock.shown(), number, claimed, end);
        append(entries, world);
        self.record_pace(world);
        self.changes += 1;
    }

    fn record_pace(&mut self, world: &mut World) {
        for change in self.engine.pace_changes() {
            world.ledger.append_pace(world.clock.shown(), &change);
            world.note(Deed::Paced(change));
        }
    }
}

fn append(entries: Vec<Entry>, world: &mut World) {
    for entry in entries {
        world.count(entry.happening);
        world.ledger.append(entry);
    }
}

fn offered(claimed: &Claimed, now: Timestamp) -> Entry {
    let particulars = Particulars::default();
    Entry {
        notice: claimed.notice,
        token: claimed.token.clone(),
        at: now,
        happening: Happening::Offered,
        particulars,
    }
}

fn hear(attempt: Attempt, stage: Stage, world: &mut World) -> Phase {
    let answer = world.relay.answer(stage, attempt.claimed.notice, &mut world.chance);
    if judge(stage, &answer) != Verdict::Good {
        return Phase::Refused(attempt, stage, answer);
    }
    match stage {
        Stage::Mail => Phase::Hearing(attempt, Stage::Rcpt),
        Stage::Rcpt => Phase::Hearing(attempt, Stage::Data),
        _ => Phase::Syncing(attempt),
    }
}

/// Reports a refusal once the offer is durable: at most one MAIL of a line is not on record.
fn refused(attempt: Attempt, stage: Stage, answer: Answer, world: &World) -> Phase {
    if world.order == Order::Right && !world.ledger.is_durable(attempt.offer) {
        return Phase::Judging(attempt, End::Unrecorded);
    }
    Phase::Judging(attempt, End::Answered(stage, answer))
}

/// Goes on once the offer is durable, unless the record stopped or the relay hung up meanwhile.
fn synced(attempt: Attempt, world: &mut World) -> Phase {
    if world.order == Order::Right && !world.ledger.is_durable(attempt.offer) {
        return Phase::Judging(attempt, End::Unrecorded);
    }
    if world.relay.is_trouble(&mut world.chance) {
        let end = End::Answered(Stage::Data, lost("the relay spoke or hung up before the content"));
        return Phase::Judging(attempt, end);
    }
    Phase::HandingOver(attempt)
}

/// Writes the content, which the relay may interrupt, and the dot.
fn hand_over(attempt: Attempt, world: &mut World) -> Phase {
    if !world.relay.is_trouble(&mut world.chance) {
        return Phase::Dotted(attempt);
    }
    let answer = world.relay.interrupt(attempt.claimed.notice, &mut world.chance);
    Phase::Judging(attempt, End::Answered(Stage::Content, answer))
}
