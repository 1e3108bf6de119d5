//! Decides what a run does next: which notice is attempted, when a line is opened, how long to wait, when the
//! run is over and why. It turns what came of an attempt into the entries that the ledger gets.
//!
//! It holds a window of claimed notices, never the whole plan, is told the time and does nothing itself. The
//! driver asks [`Engine::next`], does it, and reports.

mod lines;
mod opening;
mod ready;
mod supply;

use crate::{
    calendar::{Calendar, Rest},
    delivery::Limit,
    domains::{Domains, Earlier},
    fuse::{Blown, Fuse, FuseLimits, Likeness},
    notice::{Claimed, Entry, Particulars, Token},
    outage::{Outage, Patience},
    pace::Pace,
    ramp::Ramp,
    retry::{self, GiveUp},
    state::Happening,
    throttle::{self, Ask, Cause, Change, Then, Throttle},
    verdict::{Answer, Reply, Stage, Verdict, judge},
};
use jiff::Timestamp;
use lines::Lines;
use opening::Opening;
use ready::Ready;
use std::time::Duration;
use supply::Supply;

/// Notices that a run holds at once, attempted ones included: bounds memory at any size of plan.
pub const WINDOW_MAX: usize = 4096;
/// How often in a row a notice returns to the queue because its line was lost, before it is deferred.
pub const REQUEUES_MAX: u32 = 5;
/// How often a run looks for notices that are given up although they are not due: margins are hours, and a look
/// reads everybody who waits.
const LOOK_FOR_GIVEN_UP_EVERY: Duration = Duration::from_mins(1);
/// Lost lines in a row, whosever they are, that count as a failure of the relay.
const LOSSES_IN_A_ROW: u32 = 20;

/// What a run is allowed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most lines open at once, at least 1.
    pub connections: u32,
    /// The pace.
    pub limits: Vec<Limit>,
    /// The groups of recipient domains that have a pace of their own.
    pub domains: Domains,
    /// When attempts may begin.
    pub calendar: Calendar,
    /// How the plan begins, and when its first attempt was made, if one was.
    pub ramp: Option<(Ramp, Option<Timestamp>)>,
    /// How long a relay that was reached may be away.
    pub patience: Duration,
    /// At most this many notices are handed over, then the run ends: a canary.
    pub hand_over_at_most: Option<u64>,
    /// Whether the run stays for notices that are due later.
    pub later: Later,
    /// When a notice is given up that a relay refuses for now.
    pub give_up: GiveUp,
    /// What blows the fuse.
    pub fuse: FuseLimits,
}

/// What a run does when all that is left is due later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// It waits.
    Await,
    /// It ends.
    Leave,
}

/// Whether the worker that asks has an open line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It has.
    Open,
    /// It has not.
    Closed,
}

/// What a worker does next.
#[derive(Clone, Debug)]
pub enum Next {
    /// Attempts this notice over its open line.
    Attempt(Box<Claimed>),
    /// Opens a line, which has this number in the run.
    Dial(u64),
    /// Asks again at this time, or when something changed.
    WaitUntil(Timestamp),
    /// Asks again when something changed: a report, a claim, a line.
    WaitForReport,
    /// Claims this many notices and hands them in.
    Refill(usize),
    /// Claims notices that wait for another attempt and were first offered by this time, due or not, up to
    /// [`WINDOW_MAX`], and hands them in as given up.
    GiveUp(Timestamp),
    /// Appends these entries.
    Record(Vec<Entry>),
    /// Leaves: nothing of the plan is queued or deferred any more.
    Done,
    /// Leaves, for this reason.
    Stop(Stop),
}

/// Why a run ends before its plan is done. Nothing is in flight any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The operator asked for it, or the driver did.
    Drained,
    /// As many notices were handed over as were allowed.
    LimitReached,
    /// All that is left is due later; this is when.
    OnlyLaterRetries(Timestamp),
    /// The relay's own queue is too long, or unknown, and the run does not stay for later.
    RelayBacklog,
    /// The calendar lets nothing begin before the end of this rest.
    Resting(Rest),
    /// The relay's quota is used up; this is when it is tried again.
    QuotaUsedUp(Timestamp),
    /// The relay could not be reached, or took nothing, for too long; this came last.
    RelayUnreachable(Failure),
    /// The relay refuses us.
    RelayRefuses(Failure),
    /// The fuse blew; these refusals were taken back.
    FuseBlown {
        /// What they had in common.
        likeness: Likeness,
        /// Why it blew.
        blown: Blown,
        /// The last of the replies.
        reply: Reply,
        /// How many were taken back at once.
        restored: usize,
    },
}

/// Something that went wrong with the relay rather than with a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where in the dialogue.
    pub stage: Stage,
    /// What came.
    pub answer: Answer,
    /// Whether waiting may help.
    pub hope: Hope,
}

/// Whether waiting may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hope {
    /// It may: the run pauses.
    Pause,
    /// It does not: the run stops.
    None,
}

impl Failure {
    /// Returns the failure that `answer` at `stage`, before MAIL, means by the verdict table.
    pub fn judged(stage: Stage, answer: Answer) -> Self {
        let hope = if judge(stage, &answer) == Verdict::StopRun { Hope::None } else { Hope::Pause };
        Self { stage, answer, hope }
    }

    /// Returns a failure that waiting does not mend: a certificate, a missing STARTTLS.
    pub fn hopeless(stage: Stage, why: impl Into<String>) -> Self {
        Self { stage, answer: Answer::Lost(why.into()), hope: Hope::None }
    }
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub enum End {
    /// Nothing was appended and no MAIL was written: the notice is attempted again as if never taken.
    Untouched,
    /// The same, because a line on which nothing was attempted yet was found dead: the relay failed.
    DeadLine(Failure),
    /// The offer was appended, and this ended the attempt.
    Answered(Stage, Answer),
    /// The offer was appended, and we cut the line ourselves, to stop at once.
    CutShort(Stage),
    /// The record stopped: nothing more can be appended.
    Unrecorded,
}

/// The decider of one run.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    pace: Pace,
    opening: Opening,
    throttle: Throttle,
    /// The last attempt of an earlier run.
    attempted: Option<Timestamp>,
    outage: Outage,
    fuse: Fuse,
    lines: Lines,
    supply: Supply,
    ready: Ready,
    in_flight: u32,
    handed_over: u64,
    losses_in_a_row: u32,
    /// When those are looked for next who are given up although they are not due; `None` for at once.
    look_for_given_up: Option<Timestamp>,
    failure: Option<Failure>,
    is_held: bool,
    stop: Option<Stop>,
}

impl Engine {
    /// Returns the engine of a run that begins at `now`. `earlier_attempts`: see [`Pace::new`].
    pub fn new(settings: Settings, earlier_attempts: impl IntoIterator<Item = Earlier>, now: Timestamp) -> Self {
        let earlier: Vec<_> = earlier_attempts.into_iter().collect();
        let of_run = earlier.iter().filter(|attempt| attempt.is_of_run()).map(|attempt| attempt.at);
        let mut pace = Pace::new(&settings.limits, of_run.clone(), now);
        if let Some((ramp, began)) = settings.ramp {
            pace.add_ramp(ramp, began, of_run.clone());
        }
        Self {
            pace,
            opening: Opening::new(settings.calendar.clone(), of_run.clone(), now),
            ready: Ready::new(&settings, &earlier, now),
            throttle: Throttle::new(&settings.limits, now),
            attempted: of_run.max(),
            outage: Outage::new(settings.patience),
            fuse: Fuse::new(settings.fuse),
            lines: Lines::new(settings.connections.max(1)),
            supply: Supply::Unknown,
            in_flight: 0,
            handed_over: 0,
            losses_in_a_row: 0,
            look_for_given_up: None,
            failure: None,
            is_held: false,
            stop: None,
            settings,
        }
    }

    /// Goes on at the pace that an earlier run recorded last. The earlier attempts must reach back as far as one
    /// interval of it.
    pub fn remember_pace(&mut self, last: &Change) {
        self.throttle.remember(last, self.attempted);
    }

    /// Returns what changed of the pace since this was asked last, to be recorded and shown.
    pub fn pace_changes(&mut self) -> Vec<Change> {
        self.throttle.changes()
    }

    /// Returns what a worker whose line is `line` does next.
    pub fn next(&mut self, now: Timestamp, line: Line) -> Next {
        if let Some(stop) = &self.stop {
            return if self.in_flight == 0 { Next::Stop(stop.clone()) } else { Next::WaitForReport };
        }
        if let Some(entries) = self.expire(now) {
            return Next::Record(entries);
        }
        if let Some(offered_by) = self.look_for_given_up(now) {
            return Next::GiveUp(offered_by);
        }
        if let Some(want) = self.supply.ask(now, self.ready.len(), self.in_flight as usize) {
            return Next::Refill(want);
        }
        if let Some(next) = self.without_work() {
            return next;
        }
        if let Some(next) = self.without_opening(now) {
            return next;
        }
        if self.is_held {
            return self.held();
        }
        if let Some(until) = self.outage.pause(now) {
            return Next::WaitUntil(until);
        }
        if self.outage.needs_proof() && (self.in_flight > 0 || self.lines.is_dialling()) {
            return Next::WaitForReport;
        }
        if let Some(next) = self.held_back(now) {
            return next;
        }
        match line {
            Line::Closed => self.dial(now),
            Line::Open => self.attempt(now),
        }
    }

    /// Returns what to do where the relay has asked for less, or `None` where that allows an attempt.
    fn held_back(&mut self, now: Timestamp) -> Option<Next> {
        Some(match self.throttle.gate(now, self.in_flight) {
            throttle::Gate::Open => return None,
            throttle::Gate::QuotaUntil(_) if self.in_flight > 0 => Next::WaitForReport,
            throttle::Gate::QuotaUntil(until) if self.settings.later == Later::Leave => {
                self.end(Stop::QuotaUsedUp(until))
            }
            throttle::Gate::ClosedUntil(until) | throttle::Gate::QuotaUntil(until) => Next::WaitUntil(until),
            throttle::Gate::OneAtATime => Next::WaitForReport,
        })
    }

    /// Returns what to do where nothing is left to begin, or `None` where something is.
    fn without_work(&mut self) -> Option<Next> {
        let at_limit = self
            .settings
            .hand_over_at_most
            .is_some_and(|most| self.handed_over + u64::from(self.in_flight) >= most);
        if self.ready.is_empty() {
            let is_idle = self.in_flight == 0;
            return Some(match self.supply.next_due() {
                supply::NextDue::Never if is_idle => Next::Done,
                supply::NextDue::At(due) if is_idle && self.settings.later == Later::Leave => {
                    self.end(Stop::OnlyLaterRetries(due))
                }
                supply::NextDue::At(due) if !at_limit => Next::WaitUntil(due),
                supply::NextDue::At(_) if is_idle => self.end(Stop::LimitReached),
                _ => Next::WaitForReport,
            });
        }
        at_limit.then(|| match self.in_flight {
            0 => self.end(Stop::LimitReached),
            _ => Next::WaitForReport,
        })
    }

    /// Returns what to do while the relay's own queue is waited for.
    fn held(&mut self) -> Next {
        let leaves = self.settings.later == Later::Leave && self.in_flight == 0;
        if leaves { self.end(Stop::RelayBacklog) } else { Next::WaitForReport }
    }

    /// Returns what to do where the calendar lets nothing begin, or `None` where it does.
    fn without_opening(&mut self, now: Timestamp) -> Option<Next> {
        match self.opening.gate(now) {
            opening::Gate::Open => None,
            opening::Gate::WaitForReport => Some(Next::WaitForReport),
            opening::Gate::Rest(rest) => {
                self.outage.rested(now);
                self.throttle.rested();
                let leaves = self.settings.later == Later::Leave && self.in_flight == 0;
                Some(if leaves { self.end(Stop::Resting(rest)) } else { Next::WaitUntil(rest.until) })
            }
        }
    }

    fn end(&mut self, stop: Stop) -> Next {
        self.stop = Some(stop.clone());
        Next::Stop(stop)
    }

    fn dial(&mut self, now: Timestamp) -> Next {
        let available = usize::try_from(self.pace.available(now)).unwrap_or(usize::MAX);
        if available == 0 {
            let (_, next) = self.pace.grant(now, 1);
            return next.map_or(Next::WaitForReport, Next::WaitUntil);
        }
        let able = self.ready.able(now);
        if able == 0 {
            return self.ready.next(now).map_or(Next::WaitForReport, Next::WaitUntil);
        }
        let work = able.min(available).min(self.opening.available()).min(self.throttle.lines_for());
        self.lines.dial(now, self.in_flight, work)
    }

    fn attempt(&mut self, now: Timestamp) -> Next {
        let (granted, next) = self.pace.grant(now, 1);
        if granted == 0 {
            return next.map_or(Next::WaitForReport, Next::WaitUntil);
        }
        match self.ready.take(now) {
            Ok(claimed) => {
                self.opening.grant();
                self.in_flight += 1;
                self.throttle.begins(now, claimed.notice);
                Next::Attempt(Box::new(claimed))
            }
            Err(next) => {
                self.pace.give_back();
                next.map_or(Next::WaitForReport, Next::WaitUntil)
            }
        }
    }

    /// Gives up those at hand who were refused for longer than is tried.
    fn expire(&mut self, now: Timestamp) -> Option<Vec<Entry>> {
        let expired = self.ready.remove_over(now);
        (!expired.is_empty()).then(|| expired.iter().map(|claimed| expired_entry(claimed, now)).collect())
    }

    /// Returns until when who is given up now was first offered, where it is time to look for them in the ledger:
    /// what was deferred under other settings may be due much later than it is given up.
    fn look_for_given_up(&mut self, now: Timestamp) -> Option<Timestamp> {
        if self.look_for_given_up.is_some_and(|next| now < next) {
            return None;
        }
        self.look_for_given_up = now.checked_add(LOOK_FOR_GIVEN_UP_EVERY).ok();
        self.settings.give_up.offered_by(now)
    }

    /// Takes those whom a look for [`Next::GiveUp`] found, and returns the entries to append.
    pub fn given_up(&mut self, now: Timestamp, found: &[Claimed]) -> Vec<Entry> {
        if found.len() >= WINDOW_MAX {
            self.look_for_given_up = None;
        }
        if !found.is_empty() {
            // What was known to be due next may be among them.
            self.supply.put_back();
        }
        for claimed in found {
            self.fuse.forget(claimed.notice);
        }
        found.iter().map(|claimed| expired_entry(claimed, now)).collect()
    }

    /// Takes what a claim found; `next_due` as in the ledger's claim.
    pub fn refilled(&mut self, notices: Vec<Claimed>, next_due: Option<Timestamp>) {
        self.supply.answered(notices.is_empty(), next_due);
        for claimed in &notices {
            self.fuse.forget(claimed.notice);
        }
        self.ready.extend(notices);
    }

    /// Takes what came of opening a line.
    pub fn dialled(&mut self, now: Timestamp, outcome: Result<(), Failure>) {
        match outcome {
            Ok(()) => {
                self.lines.opened();
                self.outage.reached();
            }
            Err(failure) => {
                let others = self.lines.refused(now);
                // A relay that serves other lines limits their number; it is not away.
                if failure.hope == Hope::None || others == 0 {
                    self.relay_failed(now, failure);
                }
            }
        }
    }

    /// Takes note that a line was closed that had been open, after its attempt was reported.
    pub fn hung_up(&mut self) {
        self.lines.closed();
    }

    /// Takes note that the MAIL of a granted attempt, for `claimed`, was written.
    pub fn mail_written(&mut self, claimed: &Claimed, at: Timestamp) {
        self.pace.spend(at);
        self.opening.spend(at);
        self.ready.spend(claimed, at);
        self.throttle.mail_written(at);
    }

    /// Begins nothing new while `is_held`; see [`crate::backlog`]. The run does not end because of it, unless it
    /// does not stay for later.
    pub fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Begins nothing new; the run ends when nothing is in flight. A reason that stands already stays.
    pub fn drain(&mut self) {
        self.stop.get_or_insert(Stop::Drained);
    }

    /// Returns until when the relay is left alone, and what it did last.
    pub fn pause(&self, now: Timestamp) -> Option<(Timestamp, &Failure)> {
        Some((self.outage.pause(now)?, self.failure.as_ref()?))
    }

    /// Returns the rest that the calendar asks for at `now`, where it does.
    pub fn rest(&mut self, now: Timestamp) -> Option<Rest> {
        match self.opening.gate(now) {
            opening::Gate::Rest(rest) => Some(rest),
            opening::Gate::Open | opening::Gate::WaitForReport => None,
        }
    }

    /// Takes what came of an attempt, and returns the entries to append, in their order.
    ///
    /// The driver appends them before it asks for anything else, so that a later claim sees them.
    pub fn report(&mut self, now: Timestamp, connection: u64, claimed: Claimed, end: End) -> Vec<Entry> {
        self.in_flight -= 1;
        let notice = claimed.notice;
        let entries = self.judged(now, connection, claimed, end);
        self.throttle.ended(notice);
        entries
    }

    fn judged(&mut self, now: Timestamp, connection: u64, claimed: Claimed, end: End) -> Vec<Entry> {
        match end {
            End::Untouched => self.take_back(claimed),
            End::DeadLine(failure) => {
                self.relay_failed(now, failure);
                self.take_back(claimed)
            }
            End::Unrecorded => {
                self.drain();
                Vec::new()
            }
            End::CutShort(Stage::Dot) => {
                let why = Answer::Lost("the run was stopped before the relay answered".to_owned());
                vec![self.doubt(now, &claimed, particulars(Stage::Dot, why, connection))]
            }
            End::CutShort(stage) => {
                let why = Answer::Lost("the run was stopped".to_owned());
                vec![self.put_back(now, &claimed, particulars(stage, why, connection))]
            }
            End::Answered(stage, answer) => self.answered(now, connection, &claimed, stage, answer),
        }
    }

    fn take_back(&mut self, claimed: Claimed) -> Vec<Entry> {
        self.pace.give_back();
        self.opening.give_back();
        self.ready.take_back(claimed);
        Vec::new()
    }

    fn answered(
        &mut self,
        now: Timestamp,
        connection: u64,
        claimed: &Claimed,
        stage: Stage,
        answer: Answer,
    ) -> Vec<Entry> {
        let verdict = judge(stage, &answer);
        let particulars = particulars(stage, answer.clone(), connection);
        if matches!(answer, Answer::Reply(_)) && stage >= Stage::Rcpt {
            self.outage.progressed();
            self.losses_in_a_row = 0;
        }
        if let Answer::Reply(reply) = &answer
            && let Some(ask) = throttle::asks(stage, reply)
        {
            return self.asked(now, claimed, ask, stage, reply.clone(), particulars);
        }
        match verdict {
            Verdict::Good if stage == Stage::Dot => {
                self.handed_over += 1;
                self.throttle.accepted(now, claimed.notice);
                self.fuse.accepted();
                vec![entry(claimed, now, Happening::Accepted, particulars)]
            }
            Verdict::InDoubt => vec![self.doubt(now, claimed, particulars)],
            Verdict::PauseRelay | Verdict::StopRun => {
                let hope = if verdict == Verdict::StopRun { Hope::None } else { Hope::Pause };
                let back = self.put_back(now, claimed, particulars);
                self.relay_failed(now, Failure { stage, answer, hope });
                vec![back]
            }
            Verdict::Good | Verdict::QueuedAgain => vec![self.lost(now, claimed, stage, answer, particulars)],
            Verdict::Deferred => self.refused(now, claimed, Happening::Deferred, particulars),
            Verdict::Bounced => self.refused(now, claimed, Happening::Bounced, particulars),
        }
    }

    /// Slows down, and takes the offer back or defers it: a reply about the pace judges nobody, so the fuse does
    /// not count it. A relay that asks for less and never takes anything refuses us in the end.
    fn asked(
        &mut self,
        now: Timestamp,
        claimed: &Claimed,
        ask: Ask,
        stage: Stage,
        reply: Reply,
        mut particulars: Particulars,
    ) -> Vec<Entry> {
        self.outage.progressed();
        let back = if stage <= Stage::Mail {
            self.put_back(now, claimed, particulars)
        } else {
            particulars.due = Some(self.due(now, claimed, Some(&reply)));
            self.supply.due_later(particulars.due);
            entry(claimed, now, Happening::Deferred, particulars)
        };
        let cause = Cause { stage, code: reply.code, enhanced: reply.enhanced };
        if self.throttle.asked(now, claimed.notice, ask, cause) == Then::GiveUp {
            let failure = Failure { stage, answer: Answer::Reply(reply), hope: Hope::None };
            self.stop.get_or_insert(Stop::RelayRefuses(failure));
        }
        vec![back]
    }

    fn doubt(&mut self, now: Timestamp, claimed: &Claimed, particulars: Particulars) -> Entry {
        self.handed_over += 1;
        entry(claimed, now, Happening::Doubted, particulars)
    }

    /// Takes an offer back for which the notice is not to blame.
    fn put_back(&mut self, now: Timestamp, claimed: &Claimed, particulars: Particulars) -> Entry {
        self.supply.put_back();
        entry(claimed, now, Happening::Requeued, particulars)
    }

    /// Queues a notice again whose line was lost before the dot, or defers it when that happens too often.
    fn lost(
        &mut self,
        now: Timestamp,
        claimed: &Claimed,
        stage: Stage,
        answer: Answer,
        mut particulars: Particulars,
    ) -> Entry {
        self.losses_in_a_row += 1;
        if self.losses_in_a_row >= LOSSES_IN_A_ROW {
            self.losses_in_a_row = 0;
            self.relay_failed(now, Failure { stage, answer, hope: Hope::Pause });
        }
        if claimed.requeues >= REQUEUES_MAX {
            particulars.due = Some(self.due(now, claimed, None));
            self.supply.due_later(particulars.due);
            return entry(claimed, now, Happening::Deferred, particulars);
        }
        particulars.counts = true;
        self.put_back(now, claimed, particulars)
    }

    fn refused(
        &mut self,
        now: Timestamp,
        claimed: &Claimed,
        happening: Happening,
        mut particulars: Particulars,
    ) -> Vec<Entry> {
        let (stage, reply) = (particulars.stage, particulars.reply.clone());
        let (Some(stage), Some(reply)) = (stage, reply) else { unreachable!("only a reply refuses a notice") };
        if happening == Happening::Deferred {
            particulars.due = Some(self.due(now, claimed, Some(&reply)));
            self.supply.due_later(particulars.due);
        }
        let likeness = Likeness::of(stage, &reply);
        let mut entries = vec![entry(claimed, now, happening, particulars)];
        let blown = self.fuse.refused(claimed.notice, &claimed.token, likeness);
        if self.is_blown_on(likeness) || blown.is_some() {
            let trailing = self.fuse.take_trailing();
            let restored = trailing.len();
            entries.extend(trailing.into_iter().map(|(notice, token)| restore(notice, token, now)));
            if let Some(blown) = blown {
                self.stop.get_or_insert(Stop::FuseBlown { likeness, blown, reply, restored });
            }
        }
        entries
    }

    /// Returns whether the fuse blew on refusals like this one: those still in flight then are taken back too.
    fn is_blown_on(&self, likeness: Likeness) -> bool {
        matches!(&self.stop, Some(Stop::FuseBlown { likeness: same, .. }) if *same == likeness)
    }

    fn due(&self, now: Timestamp, claimed: &Claimed, reply: Option<&Reply>) -> Timestamp {
        let delay = retry::delay(claimed.deferrals, &claimed.token, reply);
        let due = now.checked_add(delay).unwrap_or(Timestamp::MAX);
        let limit = claimed.date.and_then(|first_offer| self.settings.give_up.of(first_offer));
        limit.map_or(due, |limit| due.min(limit.max(now)))
    }

    fn relay_failed(&mut self, now: Timestamp, failure: Failure) {
        if failure.hope == Hope::None {
            self.stop.get_or_insert(Stop::RelayRefuses(failure));
            return;
        }
        // Failures of other lines during a pause tell nothing new.
        if self.outage.pause(now).is_none() && self.outage.failed(now) == Patience::GiveUp {
            self.stop.get_or_insert(Stop::RelayUnreachable(failure.clone()));
        }
        self.failure = Some(failure);
    }
}

fn expired_entry(claimed: &Claimed, at: Timestamp) -> Entry {
    entry(claimed, at, Happening::Expired, Particulars::default())
}

fn particulars(stage: Stage, answer: Answer, connection: u64) -> Particulars {
    let (reply, why) = match answer {
        Answer::Reply(reply) => (Some(reply), None),
        Answer::Lost(why) => (None, Some(why)),
    };
    Particulars { stage: Some(stage), reply, why, connection: Some(connection), ..Particulars::default() }
}

fn entry(claimed: &Claimed, at: Timestamp, happening: Happening, particulars: Particulars) -> Entry {
    Entry { notice: claimed.notice, token: claimed.token.clone(), at, happening, particulars }
}

fn restore(notice: i64, token: Token, at: Timestamp) -> Entry {
    let why = Some("the fuse blew: the refusal was about us, not about this person".to_owned());
    Entry {
        notice,
        token,
        at,
        happening: Happening::Restored,
        particulars: Particulars { why, ..Default::default() },
    }
}

#[cfg(test)]
mod tests;
