//! Drives the engine in simulated time against a ledger of a few lines that refuses impossible entries.

use super::*;
use crate::{
    address::Address,
    digest::Digest,
    domains::{Against, DomainGroup},
    private::Private,
    recipient::Recipient,
    state::State,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_600_000_000 + seconds).unwrap()
}

fn settings() -> Settings {
    Settings {
        connections: 4,
        limits: Vec::new(),
        domains: Domains::default(),
        calendar: Calendar::default(),
        patience: Duration::from_mins(15),
        hand_over_at_most: None,
        later: Later::Leave,
        ramp: None,
        give_up: GiveUp::default(),
        fuse: FuseLimits::default(),
    }
}

fn after_hours(hours: u64) -> GiveUp {
    GiveUp { after: Some(Duration::from_hours(hours)), at: None }
}

fn reply(text: &str) -> Answer {
    Answer::Reply(Reply::new(text[..3].parse().unwrap(), format!("{text}\r\n").into_bytes()))
}

fn lost() -> Answer {
    Answer::Lost("reset".to_owned())
}

fn claimed(notice: i64) -> Claimed {
    let text: String = (0..16).map(|i| char::from(b'a' + u8::try_from(notice >> i & 1).unwrap())).collect();
    Claimed {
        notice,
        token: Token::parse(&text).unwrap(),
        deferrals: 0,
        requeues: 0,
        due: None,
        content: Digest::of(b""),
        date: None,
        recipient: Recipient {
            row: 1,
            line: 2,
            id: Private::default(),
            address: Address::parse("ada@example.org").unwrap(),
            name: Private::default(),
            residence: crate::recipient::Residence::default(),
            language: String::new(),
            data: Vec::new(),
            consent: Vec::new(),
            columns: BTreeMap::new(),
        },
    }
}

/// A ledger and a clock in memory. It plays one worker with one line.
struct World {
    now: Timestamp,
    notices: Vec<(Claimed, State, bool)>,
    happened: Vec<Happening>,
    attempts: usize,
}

impl World {
    fn new(count: i64) -> Self {
        let notices = (0..count).map(|n| (claimed(n), State::Queued, false)).collect();
        Self { now: at(0), notices, happened: Vec::new(), attempts: 0 }
    }

    fn claim(&mut self, want: usize) -> (Vec<Claimed>, Option<Timestamp>) {
        let now = self.now;
        let open = self.notices.iter_mut().filter(|(_, state, is_claimed)| !state.is_at_rest() && !is_claimed);
        let (due, later): (Vec<_>, Vec<_>) = open.partition(|(c, _, _)| c.due.is_none_or(|due| due <= now));
        let next = later.iter().filter_map(|(c, _, _)| c.due).min();
        let taken: Vec<_> = due
            .into_iter()
            .take(want)
            .map(|(claimed, _, is_claimed)| {
                *is_claimed = true;
                claimed.clone()
            })
            .collect();
        (taken, next)
    }

    fn claim_waiting(&mut self, offered_by: Timestamp) -> Vec<Claimed> {
        let waits = |(claimed, state, is_claimed): &&mut (Claimed, State, bool)| {
            let was_refused = claimed.deferrals > 0 && claimed.date.is_some_and(|date| date <= offered_by);
            !state.is_at_rest() && !*is_claimed && was_refused
        };
        let found = self.notices.iter_mut().filter(waits).take(WINDOW_MAX);
        found
            .map(|(claimed, _, is_claimed)| {
                *is_claimed = true;
                claimed.clone()
            })
            .collect()
    }

    fn apply(&mut self, entry: &Entry) {
        let (claimed, state, is_claimed) = &mut self.notices[usize::try_from(entry.notice).unwrap()];
        *state = state.next(entry.happening).unwrap_or_else(|| panic!("{:?} in {state:?}", entry.happening));
        claimed.due = entry.particulars.due;
        match entry.happening {
            Happening::Deferred => (claimed.deferrals, claimed.requeues) = (claimed.deferrals + 1, 0),
            Happening::Requeued => claimed.requeues += u32::from(entry.particulars.counts),
            Happening::Offered => _ = claimed.date.get_or_insert(entry.at),
            _ => claimed.requeues = 0,
        }
        *is_claimed = entry.happening == Happening::Offered;
        self.happened.push(entry.happening);
    }

    /// Runs the engine to its end; `relay` says what comes of each attempt, `door` of each new line.
    fn run(
        &mut self,
        settings: Settings,
        mut door: impl FnMut() -> Result<(), Failure>,
        mut relay: impl FnMut(&Claimed) -> End,
    ) -> Option<Stop> {
        let mut engine = Engine::new(settings, [], self.now);
        self.notices.iter_mut().for_each(|(_, _, is_claimed)| *is_claimed = false);
        let mut line = Line::Closed;
        for _ in 0..100_000 {
            match engine.next(self.now, line) {
                Next::Attempt(mut claimed) => {
                    self.attempts += 1;
                    let end = relay(&claimed);
                    let is_offered = !matches!(end, End::Untouched | End::DeadLine(_));
                    if is_offered {
                        engine.mail_written(&claimed, self.now);
                        self.apply(&entry(&claimed, self.now, Happening::Offered, Particulars::default()));
                        claimed.date.get_or_insert(self.now);
                    }
                    if !is_offered || matches!(&end, End::Answered(_, Answer::Lost(_))) {
                        line = Line::Closed;
                    }
                    for entry in engine.report(self.now, 1, *claimed, end) {
                        self.apply(&entry);
                    }
                    if line == Line::Closed {
                        engine.hung_up();
                    }
                }
                Next::Dial(_) => {
                    let outcome = door();
                    line = if outcome.is_ok() { Line::Open } else { Line::Closed };
                    engine.dialled(self.now, outcome);
                }
                Next::WaitUntil(until) => {
                    assert!(until > self.now, "waiting brings the time forward");
                    // A worker asks again within a minute, whatever it is told.
                    self.now = until.min(self.now + Duration::from_mins(1));
                }
                Next::WaitForReport => panic!("one worker has nobody to wait for"),
                Next::Refill(want) => {
                    let (notices, next) = self.claim(want);
                    engine.refilled(notices, next);
                }
                Next::GiveUp(offered_by) => {
                    let found = self.claim_waiting(offered_by);
                    engine.given_up(self.now, &found).iter().for_each(|entry| self.apply(entry));
                }
                Next::Record(entries) => entries.iter().for_each(|entry| self.apply(entry)),
                Next::Done => return None,
                Next::Stop(stop) => return Some(stop),
            }
        }
        panic!("the run does not end");
    }

    fn count(&self, state: State) -> usize {
        self.notices.iter().filter(|(_, s, _)| *s == state).count()
    }

    fn seconds(&self) -> i64 {
        self.now.as_second() - at(0).as_second()
    }
}

fn accept(_: &Claimed) -> End {
    End::Answered(Stage::Dot, reply("250 2.0.0 queued"))
}

#[test]
fn every_notice_is_accepted_and_the_window_is_bounded() {
    let mut world = World::new(10_000);
    let mut engine = Engine::new(settings(), [], world.now);
    let Next::Refill(want) = engine.next(world.now, Line::Closed) else { panic!("a run begins with a claim") };
    assert_eq!(want, WINDOW_MAX);
    assert_eq!(world.run(settings(), || Ok(()), accept), None);
    assert_eq!((world.count(State::Accepted), world.attempts), (10_000, 10_000));
}

#[test]
fn every_cell_of_the_verdict_table_has_its_effect() {
    use Happening as H;
    // What ends the first attempt; what is recorded after its offer; how the run ends when the relay then
    // accepts everything. `None`: the notice is accepted in the same run.
    let queued = || Some(H::Requeued);
    let (deferred, bounced, doubted) = (|| Some(H::Deferred), || Some(H::Bounced), || Some(H::Doubted));
    let cells: [(Stage, Answer, Option<Happening>, State); 20] = [
        (Stage::Mail, reply("451 later"), queued(), State::Accepted),
        (Stage::Mail, reply("421 bye"), queued(), State::Accepted),
        (Stage::Mail, reply("550 5.7.1 not you"), queued(), State::Queued),
        (Stage::Mail, lost(), queued(), State::Accepted),
        (Stage::Rcpt, reply("450 busy"), deferred(), State::Deferred),
        (Stage::Rcpt, reply("421 bye"), deferred(), State::Deferred),
        (Stage::Rcpt, reply("550 5.1.1 gone"), bounced(), State::Bounced),
        (Stage::Rcpt, reply("552 full"), deferred(), State::Deferred),
        (Stage::Rcpt, reply("550 5.7.1 policy"), deferred(), State::Deferred),
        (Stage::Rcpt, lost(), queued(), State::Accepted),
        (Stage::Data, reply("451 later"), deferred(), State::Deferred),
        (Stage::Data, reply("554 no"), bounced(), State::Bounced),
        (Stage::Data, lost(), queued(), State::Accepted),
        (Stage::Content, reply("552 5.3.4 big"), bounced(), State::Bounced),
        (Stage::Content, lost(), queued(), State::Accepted),
        (Stage::Dot, reply("421 bye"), deferred(), State::Deferred),
        (Stage::Dot, reply("554 5.7.1 spam"), deferred(), State::Deferred),
        (Stage::Dot, reply("554 5.6.0 form"), bounced(), State::Bounced),
        (Stage::Dot, lost(), doubted(), State::Offered),
        (Stage::Dot, reply("354 what"), doubted(), State::Offered),
    ];
    for (stage, answer, recorded, state) in cells {
        let mut world = World::new(1);
        let mut first = Some(End::Answered(stage, answer.clone()));
        let stop = world.run(settings(), || Ok(()), |c| first.take().unwrap_or_else(|| accept(c)));
        assert_eq!(world.happened.get(1).copied(), recorded, "{stage} {answer:?}");
        assert_eq!(world.notices[0].1, state, "{stage} {answer:?}");
        let ends_as_expected = match state {
            State::Queued => matches!(stop, Some(Stop::RelayRefuses(_))),
            State::Deferred => matches!(stop, Some(Stop::OnlyLaterRetries(_))),
            _ => stop.is_none(),
        };
        assert!(ends_as_expected, "{stage} {answer:?}: {stop:?}");
    }
}

#[test]
fn a_relay_failure_before_mail_touches_no_notice() {
    for stage in [Stage::Connect, Stage::Greeting, Stage::Ehlo, Stage::StartTls, Stage::Auth] {
        let mut world = World::new(3);
        let stop = world.run(settings(), || Err(Failure::judged(stage, reply("535 5.7.8 no"))), accept);
        assert!(matches!(stop, Some(Stop::RelayRefuses(failure)) if failure.stage == stage));
        let mut tries = 0;
        let door = || {
            tries += 1;
            Err(Failure::judged(stage, lost()))
        };
        let stop = world.run(settings(), door, accept);
        assert!(matches!(stop, Some(Stop::RelayUnreachable(failure)) if failure.stage == stage));
        assert_eq!((tries, world.seconds()), (3, 9), "three tries in ten seconds");
        assert_eq!((world.happened.len(), world.count(State::Queued)), (0, 3));
    }
}

#[test]
fn a_relay_that_was_reached_is_awaited_for_its_patience() {
    let mut world = World::new(2);
    let mut lines = 0;
    let door = || {
        lines += 1;
        if lines == 1 { Ok(()) } else { Err(Failure::judged(Stage::Connect, lost())) }
    };
    let mut first = true;
    let relay = |c: &Claimed| {
        if std::mem::take(&mut first) { accept(c) } else { End::Answered(Stage::Mail, lost()) }
    };
    let stop = world.run(settings(), door, relay);
    assert!(matches!(stop, Some(Stop::RelayUnreachable(_))), "{stop:?}");
    assert_eq!((world.count(State::Accepted), world.count(State::Queued)), (1, 1));
    assert_eq!(world.seconds(), 900);
}

#[test]
fn a_relay_that_greets_and_takes_nothing_is_away_too() {
    let mut world = World::new(2);
    let stop = world.run(settings(), || Ok(()), |_| End::Answered(Stage::Mail, reply("451 4.3.2 busy")));
    assert!(matches!(stop, Some(Stop::RelayUnreachable(_))), "{stop:?}");
    assert_eq!((world.count(State::Queued), world.seconds()), (2, 900));
    assert!(world.attempts < 40, "{} attempts", world.attempts);
}

#[test]
fn a_lost_line_queues_again_five_times_in_a_row_and_then_defers() {
    let mut world = World::new(1);
    let stop = world.run(settings(), || Ok(()), |_| End::Answered(Stage::Rcpt, lost()));
    assert!(matches!(stop, Some(Stop::OnlyLaterRetries(_))), "{stop:?}");
    assert_eq!(world.attempts, 6);
    let requeued = world.happened.iter().filter(|h| **h == Happening::Requeued).count();
    assert_eq!((requeued, world.happened.last()), (5, Some(&Happening::Deferred)));
}

#[test]
fn lines_lost_again_and_again_pause_the_relay() {
    let mut world = World::new(1000);
    let stop = world.run(settings(), || Ok(()), |_| End::Answered(Stage::Rcpt, lost()));
    assert!(matches!(stop, Some(Stop::RelayUnreachable(_))), "{stop:?}");
    assert!(world.attempts < 600, "{} attempts", world.attempts);
}

#[test]
fn the_fuse_takes_back_what_it_blew_on_and_a_later_run_delivers_it() {
    let mut world = World::new(100);
    let refuse = |_: &Claimed| End::Answered(Stage::Dot, reply("554 5.7.1 content rejected"));
    let stop = world.run(settings(), || Ok(()), refuse);
    let Some(Stop::FuseBlown { blown: Blown::InARow(20), restored: 20, .. }) = stop else { panic!("{stop:?}") };
    assert_eq!((world.attempts, world.count(State::Queued)), (20, 100));
    assert_eq!(world.run(settings(), || Ok(()), accept), None);
    assert_eq!(world.count(State::Accepted), 100);
}

#[test]
fn refusals_in_flight_when_the_fuse_blows_are_taken_back_too() {
    let mut engine = Engine::new(Settings { connections: 30, ..settings() }, [], at(0));
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Refill(_)));
    engine.refilled((0..30).map(claimed).collect(), None);
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Refill(_)));
    engine.refilled(Vec::new(), None);
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Dial(1)));
    engine.dialled(at(0), Ok(()));
    let taken: Vec<_> = (0..25)
        .map(|_| match engine.next(at(0), Line::Open) {
            Next::Attempt(claimed) => *claimed,
            other => panic!("{other:?}"),
        })
        .collect();
    let mut happened = Vec::new();
    for claimed in taken {
        let end = End::Answered(Stage::Rcpt, reply("550 5.1.0 no"));
        happened.extend(engine.report(at(1), 1, claimed, end).into_iter().map(|entry| entry.happening));
    }
    let restored = happened.iter().filter(|h| **h == Happening::Restored).count();
    assert_eq!((happened.len(), restored), (50, 25));
    assert!(matches!(engine.next(at(1), Line::Open), Next::Stop(Stop::FuseBlown { .. })));
}

#[test]
fn a_canary_hands_over_exactly_as_many_as_it_may() {
    let mut world = World::new(50);
    let mut count = 0;
    let relay = |c: &Claimed| {
        count += 1;
        match count % 3 {
            0 => End::Answered(Stage::Rcpt, reply("550 5.1.1 gone")),
            1 => End::Answered(Stage::Dot, lost()),
            _ => accept(c),
        }
    };
    let stop = world.run(Settings { hand_over_at_most: Some(7), ..settings() }, || Ok(()), relay);
    assert_eq!(stop, Some(Stop::LimitReached));
    assert_eq!(world.count(State::Accepted) + world.count(State::Offered), 7, "what is in doubt counts");
}

#[test]
fn a_canary_as_large_as_the_plan_is_done() {
    let mut world = World::new(5);
    assert_eq!(world.run(Settings { hand_over_at_most: Some(5), ..settings() }, || Ok(()), accept), None);
}

#[test]
fn deferred_notices_are_awaited_and_come_back_when_due() {
    let mut world = World::new(3);
    let mut count = 0;
    let relay = |c: &Claimed| {
        count += 1;
        if count <= 3 { End::Answered(Stage::Rcpt, reply("450 4.2.1 busy")) } else { accept(c) }
    };
    assert_eq!(world.run(Settings { later: Later::Await, ..settings() }, || Ok(()), relay), None);
    assert_eq!(world.count(State::Accepted), 3);
    assert!((300..=360).contains(&world.seconds()), "{}", world.seconds());
}

#[test]
fn what_is_still_deferred_at_the_limit_expires() {
    let mut world = World::new(3);
    let give_up = after_hours(4);
    let mut count = 0;
    let relay = |c: &Claimed| {
        count += 1;
        if count == 2 { accept(c) } else { End::Answered(Stage::Rcpt, reply("450 4.2.1 busy")) }
    };
    let settings = Settings { later: Later::Await, give_up, ..settings() };
    assert_eq!(world.run(settings, || Ok(()), relay), None);
    assert_eq!((world.count(State::Expired), world.count(State::Accepted)), (2, 1));
    assert_eq!(world.seconds(), 4 * 3600);
}

#[test]
fn who_is_refused_once_expires_at_the_limit_and_not_when_due() {
    let relay = |_: &Claimed| End::Answered(Stage::Rcpt, reply("450 4.2.1 busy"));
    for give_up in [
        GiveUp { after: Some(Duration::from_mins(1)), at: None },
        GiveUp { after: Some(Duration::from_hours(96)), at: Some(at(60)) },
    ] {
        let mut world = World::new(3);
        let settings = Settings { later: Later::Await, give_up, ..settings() };
        assert_eq!(world.run(settings, || Ok(()), relay), None);
        assert_eq!((world.count(State::Expired), world.attempts, world.seconds()), (3, 3, 60));
    }
}

/// What was deferred under a long patience is due later than a short one ends: the next run gives it up as it
/// begins, and what is not over yet within a minute of its end, though the pace lets nobody out and lines are down.
#[test]
fn a_run_gives_up_who_is_over_although_nobody_is_due() {
    let refuses = |_: &Claimed| End::Answered(Stage::Rcpt, reply("450 4.2.1 busy"));
    let mut world = World::new(2);
    let stop = world.run(Settings { give_up: after_hours(96), ..settings() }, || Ok(()), refuses);
    assert!(matches!(stop, Some(Stop::OnlyLaterRetries(_))), "{stop:?}");
    assert!(world.notices.iter().all(|(claimed, ..)| claimed.due.unwrap() >= at(300)));
    world.now = at(20);
    world.notices[1].0.date = Some(at(10));
    let give_up = GiveUp { after: Some(Duration::from_secs(20)), at: None };
    let unreached = || panic!("nobody is due: no line is opened");
    let mut one = Engine::new(Settings { later: Later::Await, give_up, ..settings() }, [], world.now);
    world.notices.iter_mut().for_each(|(_, _, is_claimed)| *is_claimed = false);
    let Next::GiveUp(offered_by) = one.next(world.now, Line::Closed) else { panic!("it looks before all else") };
    assert_eq!(world.claim_waiting(offered_by).len(), 1, "the second is not over yet");
    let stop = world.run(Settings { later: Later::Await, give_up, ..settings() }, unreached, refuses);
    assert_eq!((stop, world.count(State::Expired)), (None, 2));
    assert!((30..=80).contains(&world.seconds()), "{}", world.seconds());
}

#[test]
fn who_is_over_is_given_up_at_night_too() {
    let mut world = World::new(1);
    let relay = |_: &Claimed| End::Answered(Stage::Rcpt, reply("450 4.2.1 busy"));
    let settings = Settings { calendar: a_minute(), later: Later::Await, give_up: after_hours(3), ..settings() };
    assert_eq!(world.run(settings, || Ok(()), relay), None);
    assert_eq!((world.count(State::Expired), world.attempts), (1, 1));
    assert!((3 * 3600..=3 * 3600 + 60).contains(&world.seconds()), "{}", world.seconds());
}

#[test]
fn who_is_over_is_given_up_behind_those_whom_the_pace_holds_back() {
    let limits = vec![Limit { attempts: 1, window: Duration::from_hours(1) }];
    let mut engine = Engine::new(Settings { limits, give_up: after_hours(2), ..settings() }, [], at(0));
    assert!(matches!(engine.next(at(0), Line::Closed), Next::GiveUp(_)));
    assert!(engine.given_up(at(0), &[]).is_empty());
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Refill(_)));
    let refused = Claimed { deferrals: 1, date: Some(at(-3600)), due: Some(at(0)), ..claimed(9) };
    engine.refilled((0..5).map(claimed).chain([refused]).collect(), None);
    for seconds in [0, 3599] {
        let next = engine.next(at(seconds), Line::Closed);
        assert!(!matches!(next, Next::Record(_)), "{next:?}");
    }
    let Next::Record(entries) = engine.next(at(3600), Line::Closed) else { panic!("its time is over") };
    let happened: Vec<_> = entries.iter().map(|entry| (entry.notice, entry.happening)).collect();
    assert_eq!(happened, [(9, Happening::Expired)]);
}

#[test]
fn whoever_was_never_attempted_does_not_expire_however_slow_the_pace() {
    let mut world = World::new(20);
    let limits = vec![Limit { attempts: 1, window: Duration::from_hours(1) }];
    let give_up = after_hours(1);
    assert_eq!(world.run(Settings { limits, give_up, ..settings() }, || Ok(()), accept), None);
    assert_eq!((world.count(State::Accepted), world.seconds()), (20, 19 * 3600));
}

#[test]
fn whom_a_person_decided_to_tell_again_is_attempted_past_the_limit() {
    let mut world = World::new(1);
    // What a resend leaves: the Date of long ago, and no deferrals.
    world.notices[0].0.date = Some(at(-1_000_000));
    let give_up = after_hours(1);
    assert_eq!(world.run(Settings { give_up, ..settings() }, || Ok(()), accept), None);
    assert_eq!(world.count(State::Accepted), 1);
}

#[test]
fn a_few_people_refused_again_and_again_do_not_blow_the_fuse() {
    let mut world = World::new(4);
    let busy = |_: &Claimed| End::Answered(Stage::Rcpt, reply("451 4.7.1 greylisted"));
    let give_up = after_hours(96);
    let settings = Settings { later: Later::Await, give_up, ..settings() };
    assert_eq!(world.run(settings, || Ok(()), busy), None);
    assert_eq!(world.count(State::Expired), 4);
    assert!(world.attempts > 4 * 20, "{} attempts", world.attempts);
}

#[test]
fn the_fuse_takes_back_no_refusal_of_a_notice_that_is_attempted_again() {
    let mut world = World::new(24);
    let mut count = 0;
    // Nineteen are refused alike, five accepted, and in the next round everybody is refused: `apply` would not
    // let a notice be restored that is offered, accepted or restored already.
    let relay = |_: &Claimed| {
        count += 1;
        let text = if (20..25).contains(&count) { "250 2.0.0 queued" } else { "451 4.7.1 greylisted" };
        End::Answered(if text.starts_with('2') { Stage::Dot } else { Stage::Rcpt }, reply(text))
    };
    let give_up = after_hours(24);
    let stop = world.run(Settings { later: Later::Await, give_up, ..settings() }, || Ok(()), relay);
    assert_eq!((stop, world.count(State::Accepted), world.count(State::Expired)), (None, 5, 19));
}

#[test]
fn the_pace_holds_over_the_whole_run() {
    let limits = vec![Limit { attempts: 2, window: Duration::from_secs(1) }];
    let mut world = World::new(20);
    assert_eq!(world.run(Settings { limits, ..settings() }, || Ok(()), accept), None);
    assert_eq!(world.seconds(), 9);
}

#[test]
fn draining_begins_nothing_new_and_waits_for_what_is_in_flight() {
    let mut engine = Engine::new(settings(), [], at(0));
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Refill(_)));
    engine.refilled((0..2).map(claimed).collect(), None);
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Refill(_)));
    engine.refilled(Vec::new(), None);
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Dial(1)));
    assert!(matches!(engine.next(at(0), Line::Closed), Next::WaitForReport), "one proves that the relay is there");
    engine.dialled(at(0), Ok(()));
    let Next::Attempt(taken) = engine.next(at(0), Line::Open) else { panic!("a notice is ready") };
    engine.drain();
    assert!(matches!(engine.next(at(0), Line::Open), Next::WaitForReport));
    let entries = engine.report(at(1), 1, *taken, End::CutShort(Stage::Dot));
    assert_eq!(entries[0].happening, Happening::Doubted);
    assert!(matches!(engine.next(at(1), Line::Open), Next::Stop(Stop::Drained)));
}

#[test]
fn a_relay_that_serves_few_lines_is_not_away() {
    let mut engine = Engine::new(settings(), [], at(0));
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Refill(_)));
    engine.refilled((0..2000).map(claimed).collect(), None);
    for _ in 0..2 {
        assert!(matches!(engine.next(at(0), Line::Closed), Next::Dial(_)));
        engine.dialled(at(0), Ok(()));
        assert!(matches!(engine.next(at(0), Line::Open), Next::Attempt(_)));
    }
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Dial(3)));
    engine.dialled(at(0), Err(Failure::judged(Stage::Greeting, reply("421 4.7.0 too many connections"))));
    assert_eq!(engine.pause(at(0)).map(|(until, _)| until), None);
    let Next::WaitUntil(until) = engine.next(at(0), Line::Closed) else { panic!("two lines are what it serves") };
    assert_eq!(until, at(60));
    assert!(matches!(engine.next(until, Line::Closed), Next::Dial(4)));
}

#[test]
fn a_new_line_found_dead_pauses_the_relay() {
    let mut world = World::new(3);
    let dead = |_: &Claimed| End::DeadLine(Failure::judged(Stage::Ehlo, lost()));
    let stop = world.run(settings(), || Ok(()), dead);
    assert!(matches!(stop, Some(Stop::RelayUnreachable(_))), "{stop:?}");
    assert_eq!((world.count(State::Queued), world.seconds()), (3, 900));
    assert!(world.attempts < 40, "{} attempts", world.attempts);
}

#[test]
fn a_stale_line_costs_the_notice_nothing() {
    let mut engine = Engine::new(settings(), [], at(0));
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Refill(_)));
    engine.refilled((0..1500).map(claimed).collect(), None);
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Dial(_)));
    engine.dialled(at(0), Ok(()));
    let Next::Attempt(taken) = engine.next(at(0), Line::Open) else { panic!("a notice is ready") };
    let number = taken.notice;
    assert!(engine.report(at(0), 1, *taken, End::Untouched).is_empty());
    let Next::Attempt(again) = engine.next(at(0), Line::Open) else { panic!("a notice is ready") };
    assert_eq!(again.notice, number);
}

/// Two groups and everybody else; notice n goes to the n-th of four domains, in turn.
fn grouped() -> Domains {
    let limit = |attempts, seconds| Limit { attempts, window: Duration::from_secs(seconds) };
    let group = |name: &str, limit| DomainGroup { names: vec![name.to_owned()], limits: vec![limit] };
    Domains::new(vec![group("d0.example", limit(1, 10)), group("d1.example", limit(2, 60))])
}

fn to_domains(count: i64) -> Vec<Claimed> {
    let to = |notice: i64| Address::parse(&format!("ada@d{}.example", notice % 4)).unwrap();
    let mut notices: Vec<_> = (0..count).map(claimed).collect();
    for claimed in &mut notices {
        claimed.recipient.address = to(claimed.notice);
    }
    notices
}

/// Returns an engine with `count` notices at hand, nothing to claim, and a line open.
fn at_hand(settings: Settings, count: i64) -> Engine {
    let mut engine = Engine::new(settings, [], at(0));
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Refill(_)));
    engine.refilled(to_domains(count), None);
    engine.supply.answered(true, None);
    assert!(matches!(engine.next(at(0), Line::Closed), Next::Dial(1)));
    engine.dialled(at(0), Ok(()));
    engine
}

/// Attempts all that may go at `now`, and returns their numbers and what the engine said then.
fn attempt_all(engine: &mut Engine, now: Timestamp) -> (Vec<i64>, Next) {
    let mut attempted = Vec::new();
    loop {
        match engine.next(now, Line::Open) {
            Next::Attempt(claimed) => {
                attempted.push(claimed.notice);
                engine.mail_written(&claimed, now);
                engine.report(now, 1, *claimed, End::Answered(Stage::Dot, reply("250 2.0.0 ok")));
            }
            other => return (attempted, other),
        }
    }
}

#[test]
fn a_group_that_used_up_its_pace_holds_nobody_back_and_the_rest_keep_their_order() {
    let mut engine = at_hand(Settings { domains: grouped(), ..settings() }, 12);
    let (attempted, next) = attempt_all(&mut engine, at(0));
    assert_eq!(attempted, [0, 1, 2, 3, 5, 6, 7, 10, 11], "4 and 8 wait for their group, 9 for its");
    assert!(matches!(next, Next::WaitUntil(until) if until == at(10)), "{next:?}");
    assert!(
        matches!(engine.next(at(9), Line::Closed), Next::WaitUntil(until) if until == at(10)),
        "no line in vain"
    );
    assert_eq!(attempt_all(&mut engine, at(10)).0, [4]);
    assert_eq!(attempt_all(&mut engine, at(20)).0, [8]);
    assert!(attempt_all(&mut engine, at(59)).0.is_empty());
    let (attempted, next) = attempt_all(&mut engine, at(60));
    assert_eq!(attempted, [9]);
    assert!(matches!(next, Next::Done), "{next:?}");
}

#[test]
fn the_limits_of_the_run_hold_for_groups_too() {
    let limits = vec![Limit { attempts: 3, window: Duration::from_secs(1) }];
    let mut engine = at_hand(Settings { limits, domains: grouped(), ..settings() }, 8);
    assert_eq!(attempt_all(&mut engine, at(0)).0, [0, 1, 2]);
    assert_eq!(attempt_all(&mut engine, at(1)).0, [3, 5, 6]);
    let (attempted, next) = attempt_all(&mut engine, at(2));
    assert_eq!(attempted, [7]);
    assert!(matches!(next, Next::WaitUntil(until) if until == at(10)), "{next:?}");
}

#[test]
fn a_notice_taken_back_is_the_first_of_all_and_its_group_may_go_again() {
    let mut engine = at_hand(Settings { domains: grouped(), ..settings() }, 4);
    let Next::Attempt(first) = engine.next(at(0), Line::Open) else { panic!() };
    let Next::Attempt(second) = engine.next(at(0), Line::Open) else { panic!() };
    engine.report(at(0), 1, *second, End::Untouched);
    engine.report(at(0), 1, *first, End::Untouched);
    assert_eq!(attempt_all(&mut engine, at(0)).0, [0, 1, 2, 3]);
}

#[test]
fn lines_are_opened_for_what_groups_allow() {
    let mut engine = at_hand(Settings { domains: grouped(), connections: 9, ..settings() }, 40);
    assert_eq!(attempt_all(&mut engine, at(0)).0.len(), 23);
    // A minute later three may go: one of d0 and two of d1. One line is open.
    for _ in 0..2 {
        assert!(matches!(engine.next(at(60), Line::Closed), Next::Dial(_)));
    }
    assert!(matches!(engine.next(at(60), Line::Closed), Next::WaitForReport));
}

#[test]
fn earlier_attempts_count_against_their_group_and_unknown_ones_against_every() {
    let domains = grouped();
    let earlier = [domains.earlier(at(-1), Some("d0.example")), domains.earlier(at(-1), Some("d3.example"))];
    let earlier: Vec<_> = earlier.into_iter().flatten().chain(Earlier::unrecorded(at(-2), 1)).collect();
    let mut engine = Engine::new(Settings { domains, ..settings() }, earlier, at(0));
    engine.next(at(0), Line::Closed);
    engine.refilled(to_domains(8), None);
    engine.supply.answered(true, None);
    engine.next(at(0), Line::Closed);
    engine.dialled(at(0), Ok(()));
    assert_eq!(attempt_all(&mut engine, at(0)).0, [1, 2, 3, 6, 7], "one of d1 was reserved for the killed run");
    assert_eq!(attempt_all(&mut engine, at(9)).0, [0], "ten seconds after the attempt at -1");
}

/// Half a minute of each day, around the beginning of these tests' time: 12:26:40 UTC.
fn a_minute() -> Calendar {
    let hours = crate::calendar::Hours { from: 12 * 60 + 26, to: 12 * 60 + 27 };
    Calendar { hours: Some(hours), ..Calendar::default() }
}

#[test]
fn outside_hours_nothing_begins_and_what_was_begun_ends() {
    let settings = Settings { calendar: a_minute(), later: Later::Await, ..settings() };
    let mut engine = at_hand(settings, 4);
    let Next::Attempt(claimed) = engine.next(at(19), Line::Open) else { panic!() };
    engine.mail_written(&claimed, at(19));
    let tomorrow = at(86_400 - 40);
    for now in [20, 100] {
        let next = engine.next(at(now), Line::Closed);
        assert!(matches!(next, Next::WaitUntil(until) if until == tomorrow), "{next:?}");
    }
    assert_eq!(engine.rest(at(20)).unwrap().until, tomorrow);
    let entries = engine.report(at(25), 1, *claimed, End::Answered(Stage::Dot, reply("250 2.0.0 ok")));
    assert_eq!(entries[0].happening, Happening::Accepted);
    assert!(matches!(engine.next(tomorrow, Line::Open), Next::Attempt(_)));
}

#[test]
fn a_run_that_does_not_wait_leaves_when_its_hours_end_and_nothing_is_in_flight() {
    let mut engine = at_hand(Settings { calendar: a_minute(), ..settings() }, 4);
    let Next::Attempt(claimed) = engine.next(at(19), Line::Open) else { panic!() };
    engine.mail_written(&claimed, at(19));
    assert!(matches!(engine.next(at(20), Line::Closed), Next::WaitUntil(_)));
    engine.report(at(25), 1, *claimed, End::Answered(Stage::Dot, reply("250 2.0.0 ok")));
    let next = engine.next(at(25), Line::Open);
    assert!(matches!(next, Next::Stop(Stop::Resting(rest)) if rest.until == at(86_400 - 40)), "{next:?}");
}

#[test]
fn a_night_does_not_count_as_a_relay_that_is_away() {
    let settings = Settings { calendar: a_minute(), later: Later::Await, ..settings() };
    let mut engine = at_hand(settings, 4);
    let Next::Attempt(claimed) = engine.next(at(19), Line::Open) else { panic!() };
    engine.mail_written(&claimed, at(19));
    engine.report(at(19), 1, *claimed, End::Answered(Stage::Mail, reply("451 4.3.2 busy")));
    assert!(matches!(engine.next(at(19), Line::Open), Next::Refill(_)));
    engine.refilled(Vec::new(), None);
    let tomorrow = at(86_400 - 40);
    assert!(matches!(engine.next(at(30), Line::Open), Next::WaitUntil(until) if until == tomorrow));
    engine.next(at(86_400 - 60), Line::Open);
    let Next::Attempt(claimed) = engine.next(tomorrow, Line::Open) else { panic!() };
    engine.mail_written(&claimed, tomorrow);
    engine.report(tomorrow, 1, *claimed, End::Answered(Stage::Mail, reply("451 4.3.2 busy")));
    assert!(matches!(engine.next(tomorrow, Line::Open), Next::Refill(_)), "it pauses and does not give up");
}

#[test]
fn a_day_ends_at_its_number_and_goes_on_at_midnight() {
    let calendar = Calendar { per_day: Some(3), ..Calendar::default() };
    let mut engine = at_hand(Settings { calendar, later: Later::Await, ..settings() }, 5);
    let (attempted, next) = attempt_all(&mut engine, at(0));
    let midnight = at(86_400 - 44_800);
    assert_eq!(attempted, [0, 1, 2]);
    assert!(matches!(next, Next::WaitUntil(until) if until == midnight), "{next:?}");
    assert_eq!(attempt_all(&mut engine, midnight).0, [3, 4]);
}

/// What an operator may write, and what a run does with it.
fn group_limits() -> impl Strategy<Value = Vec<Vec<Limit>>> {
    let limit = (1_u32..5, 1_u64..40).prop_map(|(attempts, s)| Limit { attempts, window: Duration::from_secs(s) });
    prop::collection::vec(prop::collection::vec(limit, 0..3), 4)
}

proptest! {
    /// However the clock goes, a recount of what was attempted finds no window too full, of a group or of the
    /// run, and nothing waits that might have gone.
    #[test]
    fn a_recount_finds_no_window_of_any_group_too_full(
        limits in group_limits(),
        gaps in prop::collection::vec(-20_i64..30, 1..60),
        earlier in prop::collection::vec((0_usize..3, 0_i64..40), 0..20),
        count in 1_i64..60,
    ) {
        let group = |n: usize| DomainGroup { names: vec![format!("d{n}.example")], limits: limits[n].clone() };
        let domains = Domains::new((0..3).map(group).collect());
        let mut made: Vec<(i64, i64)> = Vec::new();
        let mut before = Vec::new();
        for (domain, ago) in earlier {
            let name = format!("d{domain}.example");
            before.extend(domains.earlier(at(-ago), Some(&name)));
            before.push(Earlier { at: at(-ago), against: Against::Run });
            made.push((-ago, i64::try_from(domain).unwrap()));
        }
        // Only what keeps to the limits was ever made.
        let count_in = |made: &[(i64, i64)], of: Option<i64>, end: i64, limit: &Limit| {
            let length = i64::try_from(limit.window.as_secs()).unwrap();
            let inside = |(at, domain): &&(i64, i64)| {
                *at > end - length && *at <= end && of.is_none_or(|of| *domain == of)
            };
            u32::try_from(made.iter().filter(inside).count()).unwrap()
        };
        made.sort_unstable();
        let new_from = made.len();
        let settings = Settings { limits: limits[3].clone(), domains, ..settings() };
        let mut engine = Engine::new(settings, before, at(0));
        engine.next(at(0), Line::Closed);
        engine.refilled(to_domains(count), None);
        engine.supply.answered(true, None);
        engine.lines.dial(at(0), 0, 1);
        engine.dialled(at(0), Ok(()));
        let (mut clock, mut seen) = (0, 0);
        let mut left: Vec<i64> = (0..count).collect();
        for gap in gaps {
            clock += gap;
            seen = seen.max(clock);
            let (attempted, next) = attempt_all(&mut engine, at(clock));
            made.extend(attempted.iter().map(|notice| (seen, notice % 4)));
            left.retain(|notice| !attempted.contains(notice));
            for (number, of) in [(0, Some(0)), (1, Some(1)), (2, Some(2)), (3, None)] {
                for limit in &limits[number] {
                    for (end, domain) in &made[new_from..] {
                        if of.is_none_or(|of| of == *domain) {
                            prop_assert!(count_in(&made, of, *end, limit) <= limit.attempts.max(
                                count_in(&made[..new_from], of, *end, limit)));
                        }
                    }
                }
            }
            let is_full = |limits: &[Limit], of| limits.iter().any(|l| count_in(&made, of, seen, l) >= l.attempts);
            for notice in &left {
                let domain = notice % 4;
                let of_group = usize::try_from(domain).unwrap();
                let waits = is_full(&limits[3], None) || (domain < 3 && is_full(&limits[of_group], Some(domain)));
                prop_assert!(waits, "{notice} might have gone at {seen}");
            }
            match next {
                Next::WaitUntil(until) => prop_assert!(until > at(seen)),
                Next::Done => prop_assert!(left.is_empty()),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}

#[test]
fn a_held_run_begins_nothing_and_does_not_end_unless_it_does_not_stay() {
    let ready = |later| {
        let mut engine = Engine::new(Settings { later, ..settings() }, [], at(0));
        assert!(matches!(engine.next(at(0), Line::Closed), Next::Refill(_)));
        engine.refilled(vec![claimed(0), claimed(1)], None);
        engine.refilled(Vec::new(), None);
        engine
    };
    let mut engine = ready(Later::Await);
    engine.hold(true);
    for seconds in [0, 1, 1_000_000] {
        for line in [Line::Open, Line::Closed] {
            assert!(matches!(engine.next(at(seconds), line), Next::WaitForReport));
        }
    }
    engine.hold(false);
    let Next::Attempt(first) = engine.next(at(1_000_001), Line::Open) else { panic!("it goes on") };
    engine.hold(true);
    engine.drain();
    engine.report(at(1_000_002), 1, *first, End::Answered(Stage::Dot, reply("250 ok")));
    assert!(matches!(engine.next(at(1_000_002), Line::Open), Next::Stop(Stop::Drained)));

    let mut engine = ready(Later::Leave);
    let Next::Attempt(first) = engine.next(at(0), Line::Open) else { panic!("it is not held yet") };
    engine.hold(true);
    assert!(matches!(engine.next(at(0), Line::Open), Next::WaitForReport), "one is in flight");
    engine.report(at(1), 1, *first, End::Answered(Stage::Dot, reply("250 ok")));
    assert!(matches!(engine.next(at(1), Line::Open), Next::Stop(Stop::RelayBacklog)));
}

#[test]
fn a_relay_that_throttles_everybody_for_a_while_neither_blows_the_fuse_nor_ends_the_run() {
    let mut world = World::new(40);
    let mut answers = 0;
    let relay = |_: &Claimed| {
        answers += 1;
        let text = if answers <= 30 { "421 4.7.0 [TS01] deferred" } else { "250 2.0.0 taken" };
        let stage = if answers <= 30 { Stage::Rcpt } else { Stage::Dot };
        End::Answered(stage, reply(text))
    };
    assert_eq!(world.run(Settings { later: Later::Await, ..settings() }, || Ok(()), relay), None);
    assert_eq!(world.count(State::Accepted), 40);
}

#[test]
fn a_relay_that_throttles_everybody_for_ever_stops_the_run() {
    let mut world = World::new(40);
    let relay = |_: &Claimed| End::Answered(Stage::Mail, reply("450 4.7.1 too much mail"));
    let stop = world.run(Settings { later: Later::Await, ..settings() }, || Ok(()), relay);
    assert!(matches!(stop, Some(Stop::RelayRefuses(_))), "{stop:?}");
    assert_eq!(world.count(State::Queued), 40);
    assert!(
        (21_600..22_000).contains(&world.seconds()) && world.attempts < 400,
        "{} {}",
        world.seconds(),
        world.attempts
    );
}

#[test]
fn the_deadline_gives_up_who_is_refused_for_now_and_nobody_else() {
    let mut world = World::new(3);
    let give_up = GiveUp { at: Some(at(3 * 3600)), ..GiveUp::default() };
    let relay = |claimed: &Claimed| match claimed.notice {
        0 => End::Answered(Stage::Rcpt, reply("450 4.2.1 mailbox busy")),
        _ => accept(claimed),
    };
    let settings = Settings { later: Later::Await, give_up, limits: Vec::new(), ..settings() };
    assert_eq!(world.run(settings.clone(), || Ok(()), relay), None);
    assert_eq!((world.count(State::Expired), world.count(State::Accepted)), (1, 2));
    assert_eq!(world.seconds(), 3 * 3600);
    // Who is offered first after that moment is late anyway, and is tried.
    let mut late = World::new(1);
    late.now = at(4 * 3600);
    let mut refusals = 0;
    let relay = |claimed: &Claimed| {
        refusals += 1;
        if refusals < 3 { End::Answered(Stage::Rcpt, reply("450 4.2.1 mailbox busy")) } else { accept(claimed) }
    };
    assert_eq!(late.run(settings, || Ok(()), relay), None);
    assert_eq!(late.count(State::Accepted), 1);
}
