//! Whole stories of a plan, from the first run to the last notice at rest, each made from one seed: the real
//! engine, states, pace, retry, fuse, outage and verdict between models of ledger, disk, relay and clock.
//!
//! Everything happens in one thread. At every step something may go wrong: the process dies, a sync fails, the
//! clock jumps or stands still, the relay refuses or loses the line or a reply, an operator stops the run.

mod chance;
pub mod checker;
mod clock;
mod ledger;
mod process;
mod relay;

use chance::Chance;
use checker::{Case, Deed, Offence, check};
use clock::Clock;
use forthwith_core::{
    address::Address,
    calendar::Calendar,
    delivery::Limit,
    digest::Digest,
    domains::{Against, DomainGroup, Domains, Earlier},
    engine::{Later, Settings, Stop},
    fuse::FuseLimits,
    notice::{Claimed, Entry, Particulars, Token},
    private::Private,
    ramp::Ramp,
    recipient::{Recipient, Residence},
    retry::GiveUp,
    state::{Happening, State},
    throttle::Why,
};
use jiff::Timestamp;
use ledger::Ledger;
use process::{Process, Progress};
use relay::Relay;
use std::{collections::BTreeMap, time::Duration};

/// Steps after which a story that is not over counts as one that never ends: the longest take a tenth.
const STEPS_MAX: u64 = 50_000;
/// Steps in which things may go wrong, at most; then the relay, the disk and the clock are well, and the plan
/// must come to rest.
const TROUBLE_STEPS_MAX: u64 = 500;

/// In which order offer, dot and record follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Offer appended, durable, content and dot, reply, verdict appended: what the sender does.
    Right,
    /// The same without waiting for the sync.
    OfferUnsynced,
    /// Nothing is recorded before the reply.
    RecordAfterReply,
}

/// What surrounds a process and outlives it.
pub struct World {
    chance: Chance,
    clock: Clock,
    ledger: Ledger,
    relay: Relay,
    order: Order,
    told: Told,
    /// What is about the pace, in order, and in milliseconds of elapsed time.
    deeds: Vec<(i64, Deed)>,
}

/// How often each thing happened, so that it can be seen that it did, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// What may never be.
    pub offences: Vec<Offence>,
    /// Why the story was broken off, where it was.
    pub broken_off: Option<String>,
    /// Steps of all actors.
    pub steps: u64,
    /// Runs.
    pub runs: usize,
    /// Runs that ended without notice.
    pub crashes: usize,
    /// Runs that ended because a sync failed.
    pub failed_syncs: usize,
    /// Runs whose lines an operator cut.
    pub cuts: usize,
    /// Fuses blown.
    pub fuses: usize,
    /// Acceptances, deferrals, refusals, requeues, doubts, restorals and expiries, as they were appended.
    pub happened: [usize; 7],
    /// Doubts that a person settled.
    pub settled: usize,
    /// How often the pace was halved, raised, paused for a quota and freed after one, as it was recorded.
    pub paces: [usize; 4],
    /// Runs that began at a pace which an earlier one recorded.
    pub remembered: usize,
    /// Runs that ended because the relay asked for less and took nothing, for hours.
    pub starved: usize,
}

/// What [`Told::paces`] counts, in its order.
const PACED: [Why; 4] = [Why::Asked, Why::Quiet, Why::Quota, Why::QuotaOver];

/// What [`Told::happened`] counts, in its order.
pub const COUNTED: [Happening; 7] = [
    Happening::Accepted,
    Happening::Deferred,
    Happening::Bounced,
    Happening::Requeued,
    Happening::Doubted,
    Happening::Restored,
    Happening::Expired,
];

impl World {
    fn count(&mut self, happening: Happening) {
        if let Some(at) = COUNTED.iter().position(|counted| *counted == happening) {
            self.told.happened[at] += 1;
        }
    }

    fn note(&mut self, deed: Deed) {
        if let Deed::Paced(change) = &deed
            && let Some(at) = PACED.iter().position(|counted| *counted == change.why)
        {
            self.told.paces[at] += 1;
        }
        self.deeds.push((self.clock.elapsed(), deed));
    }
}

/// How one run ended.
enum RunEnd {
    /// As the engine says, and all is durable.
    Clean(Option<Stop>),
    /// Without a last word in the ledger.
    Killed,
}

struct Story {
    world: World,
    settings: Settings,
    owed: usize,
    trouble_steps: u64,
    /// Of every thousand steps, how many end in a crash, fail a sync and disturb the clock.
    dangers: [u64; 3],
    /// Of every thousand steps, how many are the disk's: a slow one leaves more unsynced.
    disk_speed: u64,
    was_killed: bool,
    /// When each run began that followed a killed one.
    after_kills: Vec<Timestamp>,
}

/// Tells the story of `seed`, and returns what was found.
pub fn tell(seed: u64, order: Order) -> Told {
    let mut story = Story::new(seed, order);
    while !story.is_over() {
        story.run();
        if story.world.told.broken_off.is_none() {
            story.between_runs();
        }
    }
    story.judged()
}

impl Story {
    fn new(seed: u64, order: Order) -> Self {
        let mut chance = Chance::new(seed);
        let owed = 1 + chance.index(16);
        let notices = (0..owed).map(notice).collect();
        let clock = Clock::new();
        let mut settings = settings(&mut chance);
        let (ledger, mut relay) = (Ledger::new(notices), Relay::new(&mut chance));
        // From a sequence of its own: most stories are about something else, and stay as they are.
        let mut ways = Chance::new(!seed);
        slow_down(&mut settings, clock.shown(), &mut ways);
        // Days with few attempts, or runs that leave, would try such a relay for ever.
        let may_starve = settings.later == Later::Await && settings.calendar.per_day.is_none();
        relay.bind(may_starve, &mut ways);
        let trouble_steps = 50 + chance.below(TROUBLE_STEPS_MAX);
        let mut dangers = [chance.one_of(&[5, 15, 30]), chance.one_of(&[0, 0, 10]), chance.one_of(&[0, 5, 20])];
        if settings.ramp.is_some() || relay.is_bound() {
            // Less is under way at once, so that more must go wrong for the same to be seen.
            dangers[0] = 40;
        }
        let disk_speed = chance.one_of(&[10, 30, 150]);
        let world = World { chance, clock, ledger, relay, order, told: Told::default(), deeds: Vec::new() };
        Self {
            world,
            settings,
            owed,
            trouble_steps,
            dangers,
            disk_speed,
            was_killed: false,
            after_kills: Vec::new(),
        }
    }

    fn is_over(&self) -> bool {
        self.world.told.broken_off.is_some() || (self.is_calm() && self.world.ledger.is_at_rest())
    }

    fn is_calm(&self) -> bool {
        self.world.told.steps >= self.trouble_steps
    }

    fn break_off(&mut self, why: &str) {
        self.world.told.broken_off.get_or_insert_with(|| why.to_owned());
    }

    /// Runs until the run ends, one way or another.
    fn run(&mut self) {
        self.world.told.runs += 1;
        let earlier = self.earlier_attempts();
        let mut settings = self.settings.clone();
        let first = self.world.ledger.durable().iter().find(|entry| entry.happening == Happening::Offered);
        settings.ramp = settings.ramp.map(|(ramp, _)| (ramp, first.map(|offer| offer.at)));
        let last_pace = self.world.ledger.last_pace();
        self.world.told.remembered += usize::from(last_pace.is_some_and(|last| last.new < last.full));
        self.world.note(Deed::RunBegan);
        let mut process = Process::start(settings, earlier, last_pace.as_ref(), self.world.clock.shown());
        let end = self.run_process(&mut process);
        match end {
            RunEnd::Killed => {
                process.die(&mut self.world);
                let World { ledger, chance, .. } = &mut self.world;
                let lost = ledger.crash(chance);
                self.world.note(Deed::Lost(lost));
                self.was_killed = true;
            }
            RunEnd::Clean(stop) => {
                self.world.ledger.open();
                self.was_killed = false;
                self.world.told.fuses += usize::from(matches!(stop, Some(Stop::FuseBlown { .. })));
                match stop {
                    Some(Stop::OnlyLaterRetries(due)) => self.world.clock.pass_until(due),
                    Some(Stop::Resting(rest)) => self.world.clock.pass_until(rest.until),
                    Some(Stop::QuotaUsedUp(until)) => self.world.clock.pass_until(until),
                    Some(Stop::RelayRefuses(_)) if self.is_calm() && self.world.relay.takes_nothing() => {
                        self.world.told.starved += 1;
                        self.world.relay.relent();
                    }
                    _ => {}
                }
            }
        }
        if let Some(what) = self.world.ledger.impossible() {
            let what = format!("the ledger refused {what}");
            self.break_off(&what);
        }
    }

    fn run_process(&mut self, process: &mut Process) -> RunEnd {
        let mut syncing = None;
        loop {
            self.world.told.steps += 1;
            if self.world.told.steps > STEPS_MAX {
                self.break_off("it never ends");
                return RunEnd::Killed;
            }
            if self.is_disturbed(process) {
                self.world.told.crashes += 1;
                return RunEnd::Killed;
            }
            let takes = self.world.chance.below(40);
            self.world.clock.pass(i64::try_from(takes).expect("a few milliseconds fit"));
            if self.world.chance.hits(self.disk_speed) && self.step_disk(process, &mut syncing) {
                continue;
            }
            match process.step(&mut self.world) {
                Progress::Made => {}
                Progress::Ended if self.settle(process, &mut syncing) => {
                    return RunEnd::Clean(process.stop().cloned());
                }
                Progress::Ended => {
                    self.world.told.failed_syncs += 1;
                    return RunEnd::Killed;
                }
                _ if self.step_disk(process, &mut syncing) => {}
                Progress::WaitUntil(until) => self.wait(process, until),
                Progress::Stuck => {
                    self.break_off("everybody waits for somebody else");
                    return RunEnd::Killed;
                }
            }
        }
    }

    fn wait(&mut self, process: &mut Process, until: Timestamp) {
        let before = self.world.clock.elapsed();
        self.world.clock.pass_until(until);
        process.idle(self.world.clock.elapsed() - before);
    }

    /// Lets something go wrong, perhaps, and returns whether that was the end of the process.
    fn is_disturbed(&mut self, process: &mut Process) -> bool {
        let [crash, _, clock] = self.dangers;
        let is_calm = self.is_calm();
        let World { chance, relay, clock: shown, told, .. } = &mut self.world;
        if is_calm {
            relay.calm_down();
            return false;
        }
        if chance.hits(clock) {
            match chance.below(4) {
                0 => shown.jump(1 + i64::try_from(chance.below(7_200_000)).expect("two hours fit")),
                1 => shown.jump(-1 - i64::try_from(chance.below(7_200_000)).expect("two hours fit")),
                2 => shown.jump(-1 - i64::try_from(chance.below(1_500)).expect("a second fits")),
                _ => shown.freeze(i64::try_from(chance.below(60_000)).expect("a minute fits")),
            }
        }
        if chance.hits(2) {
            if chance.hits(500) {
                process.drain();
            } else {
                process.cut();
                told.cuts += 1;
            }
        }
        chance.hits(crash)
    }

    /// Begins a sync or ends the one that runs, and returns whether there was anything to do.
    fn step_disk(&mut self, process: &Process, syncing: &mut Option<usize>) -> bool {
        let ledger = &mut self.world.ledger;
        if ledger.has_failed() {
            return false;
        }
        let Some(count) = syncing.take() else {
            let count = ledger.len().min(process.sync_limit());
            *syncing = (!ledger.is_durable(count)).then_some(count);
            return syncing.is_some();
        };
        let fails = self.world.told.steps < self.trouble_steps && self.world.chance.hits(self.dangers[1]);
        if fails {
            ledger.fail();
        } else {
            ledger.sync(count);
        }
        true
    }

    /// Waits until all that was appended is durable, and returns whether it is.
    fn settle(&mut self, process: &Process, syncing: &mut Option<usize>) -> bool {
        while self.step_disk(process, syncing) {}
        !self.world.ledger.has_failed()
    }

    /// Returns when attempts were made that the pace still counts, as the command finds them in the ledger.
    fn earlier_attempts(&mut self) -> Vec<Earlier> {
        if self.was_killed {
            self.after_kills.push(self.world.clock.shown());
        }
        let entries = self.world.ledger.durable();
        let offers = entries.iter().filter(|entry| entry.happening == Happening::Offered);
        let Settings { connections, domains, .. } = &self.settings;
        let unrecorded = self.after_kills.iter().flat_map(|at| Earlier::unrecorded(*at, *connections));
        let of_group = |entry: &Entry| domains.earlier(entry.at, Some(&domain(entry.notice)));
        let of_run = offers.clone().map(|entry| Earlier { at: entry.at, against: Against::Run });
        of_run.chain(offers.filter_map(of_group)).chain(unrecorded).collect()
    }

    /// Lets time pass, and a person settle some doubts.
    fn between_runs(&mut self) {
        let World { chance, clock, ledger, told, .. } = &mut self.world;
        clock.pass(i64::try_from(chance.below(3_000)).expect("seconds fit"));
        let mut decisions = Vec::new();
        for state in [State::Offered, State::Bounced, State::Expired] {
            for claimed in ledger.in_state(state) {
                let happening = match chance.below(20) {
                    0 => Happening::ResolvedResend,
                    1 if state == State::Offered => Happening::ResolvedLetStand,
                    _ => continue,
                };
                told.settled += usize::from(state == State::Offered);
                let (token, particulars) = (claimed.token.clone(), Particulars::default());
                let at = clock.shown();
                decisions.push(Entry { notice: claimed.notice, token, at, happening, particulars });
            }
        }
        for decision in decisions {
            let count = ledger.append(decision);
            ledger.sync(count);
        }
    }

    fn judged(self) -> Told {
        let World { ledger, relay, clock, deeds, mut told, .. } = self.world;
        let owed = i64::try_from(self.owed).expect("a story has few notices");
        let members = |group: &DomainGroup| (0..owed).filter(|of| group.names.contains(&domain(*of))).collect();
        let groups = self.settings.domains.groups().iter().map(|group| (members(group), group.limits.clone()));
        let groups: Vec<_> = groups.collect();
        told.offences = check(&Case {
            owed: self.owed,
            took: &relay.took,
            refused: &relay.refused,
            mails: &relay.mails,
            spoiled_dots: relay.spoiled_dots,
            entries: ledger.durable(),
            limits: &self.settings.limits,
            groups: &groups,
            ramp: self.settings.ramp.map(|(ramp, _)| ramp),
            per_day: self.settings.calendar.per_day,
            turned_back: clock.turned_back(),
            deeds: &deeds,
            connections: self.settings.connections as usize,
            crashes: told.crashes + told.failed_syncs + told.cuts,
        });
        told
    }
}

impl Told {
    /// Returns whether anything was found.
    pub fn is_broken(&self) -> bool {
        !self.offences.is_empty() || self.broken_off.is_some()
    }

    /// Adds what another story counted.
    pub fn add(&mut self, other: &Self) {
        self.steps = self.steps.saturating_add(other.steps);
        self.runs += other.runs;
        self.crashes += other.crashes;
        self.failed_syncs += other.failed_syncs;
        self.cuts += other.cuts;
        self.fuses += other.fuses;
        self.settled += other.settled;
        self.remembered += other.remembered;
        self.starved += other.starved;
        self.paces.iter_mut().zip(other.paces).for_each(|(sum, count)| *sum += count);
        self.happened.iter_mut().zip(other.happened).for_each(|(sum, count)| *sum += count);
    }
}

fn settings(chance: &mut Chance) -> Settings {
    let small = |chance: &mut Chance, most| u32::try_from(1 + chance.below(most)).expect("a small number fits");
    let limits = |chance: &mut Chance| {
        let windows = [1, 20].map(|window| chance.hits(500).then_some(window)).into_iter().flatten();
        let limit = |window| Limit { attempts: small(chance, 6), window: Duration::from_secs(window) };
        windows.map(limit).collect::<Vec<_>>()
    };
    let of_run = limits(chance);
    let groups = [vec![domain(0), domain(1)], vec![domain(2)]].map(|names| {
        let limits = limits(chance);
        chance.hits(500).then_some(DomainGroup { names, limits })
    });
    let give_up = chance.one_of(&[None, None, None, None, Some(300), Some(4 * 3600)]);
    Settings {
        connections: small(chance, 4),
        limits: of_run,
        domains: Domains::new(groups.into_iter().flatten().collect()),
        calendar: Calendar { per_day: chance.hits(200).then(|| small(chance, 9)), ..Calendar::default() },
        patience: Duration::from_mins(15),
        hand_over_at_most: chance.hits(200).then(|| 1 + chance.below(5)),
        later: chance.one_of(&[Later::Await, Later::Leave]),
        ramp: None,
        give_up: GiveUp { after: give_up.map(Duration::from_secs), at: None },
        fuse: chance.one_of(&[FuseLimits::default(), FuseLimits { in_a_row: 4, in_the_last_thousand: 6 }]),
    }
}

/// Lets the plan begin gently, and gives up in time for a deadline, perhaps.
fn slow_down(settings: &mut Settings, now: Timestamp, chance: &mut Chance) {
    let draw = |chance: &mut Chance, end| u32::try_from(1 + chance.below(end)).expect("a small number fits");
    if chance.hits(60) {
        let window = Duration::from_secs(chance.one_of(&[1, 20, 60]));
        let from = Limit { attempts: draw(chance, 3), window };
        settings.ramp =
            Some((Ramp { from, double_every: Duration::from_secs(chance.one_of(&[2, 30, 600])) }, None));
    }
    if chance.hits(60) {
        let after = Duration::from_secs(chance.below(8 * 3600));
        settings.give_up.at = now.checked_add(after).ok();
    }
}

/// Returns the domain of the person whom a notice is for: one of four.
fn domain(notice: i64) -> String {
    format!("d{}.example", notice % 4)
}

fn notice(number: usize) -> Claimed {
    let letter = |at: usize| char::from(b'a' + u8::try_from(number >> at & 1).expect("a bit fits"));
    let token: String = (0..Token::LENGTH).map(letter).collect();
    let notice = i64::try_from(number).expect("a story has few notices");
    let address = format!("ada@{}", domain(notice));
    Claimed {
        notice,
        token: Token::parse(&token).expect("sixteen letters are a token"),
        deferrals: 0,
        requeues: 0,
        due: None,
        content: Digest::of(b""),
        date: None,
        recipient: Recipient {
            row: 1,
            line: 2,
            id: Private::default(),
            address: Address::parse(&address).expect("the address is well formed"),
            name: Private::default(),
            residence: Residence::default(),
            language: String::new(),
            data: Vec::new(),
            consent: Vec::new(),
            columns: BTreeMap::new(),
        },
    }
}
