//! Kill -9 before the k-th system call, for every k of the calls that matter: nothing lies between two calls
//! that another program could see, so these are all the moments there are.
//!
//! strace counts for each thread apart, and the first thread that comes to its k-th call ends the program there.
//! A dry run is killed too: whatever it leaves, the next one freezes the plan.

use crate::{
    Settings,
    incident::{Incident, LOG, borrowed, recorder},
    lanes,
    story::{Relays, Tally, left_alone},
};
use forthwith_testkit::{
    judge::unoffered,
    sink::Sink,
    strace::{self, Call, prove_order},
    tools,
};
use std::{
    collections::BTreeMap,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::Output,
};

/// The calls that matter: whatever changes a file or a line, or waits for either.
const KILLED_BEFORE: [&str; 15] = [
    "connect",
    "sendto",
    "recvfrom",
    "write",
    "writev",
    "pwrite64",
    "ftruncate",
    "fdatasync",
    "fsync",
    "openat",
    "rename",
    "renameat",
    "unlink",
    "unlinkat",
    "close",
];
/// People in each incident.
const COUNT: usize = 30;
/// The seed of the people: points are to be the same each time.
const PEOPLE: u64 = 53;
/// What a shell, and `timeout`, make of a death by SIGKILL.
const KILLED: i32 = 128 + 9;

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// `notify --dry-run`, in a folder that was never frozen.
    Freeze,
    /// `notify`, of a frozen plan.
    Notify,
}

/// One moment.
#[derive(Clone, Copy, Debug)]
struct Point {
    act: Act,
    call: &'static str,
    k: usize,
}

/// What the stories of one lane share.
struct Lane {
    strace: PathBuf,
    raw: Incident,
    frozen: Incident,
    relays: Relays,
}

/// Kills `program` at `settings.size` points, evenly spread over all there are and shifted by the seed, or at all
/// of them where that is less; `None` where strace or the sink is not installed, which is said.
///
/// # Panics
///
/// Where anything at all is wrong.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    let (strace, sink) = (tools::require("strace")?, tools::require("smtp-sink")?);
    let lane = || Lane::new(program, &strace, &sink);
    let all = points(&lane());
    let size = settings.size.min(all.len());
    println!("{size} of {} points, shifted by seed {}", all.len(), settings.seed);
    let settings = Settings { size, ..*settings };
    let story = |lane: &mut Lane, seed: u64, _: usize| {
        // Spread evenly; the seed turns the choice on, so that other seeds meet other points.
        let turn = usize::try_from(seed).unwrap() % all.len();
        lane.tell(all[turn * all.len() / size % all.len()])
    };
    let sum = lanes::tell(&settings, 1, lane, story);
    println!("{sum}");
    Some(sum)
}

/// Returns every point: for each act and call, as many as the thread that makes the most makes of it.
fn points(lane: &Lane) -> Vec<Point> {
    let mut points = Vec::new();
    for act in [Act::Freeze, Act::Notify] {
        let (output, calls) = lane.attempt(act, &lane.incident(act), |strace, command| {
            strace::run_and_trace(strace, command, &KILLED_BEFORE.join(",")).unwrap()
        });
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for call in KILLED_BEFORE {
            let most = busiest(&calls, call);
            println!("{act:?} {call} {most}");
            points.extend((1..=most).map(|k| Point { act, call, k }));
        }
    }
    points
}

/// Returns how many calls called `name` the thread that makes the most of them makes: strace counts for each
/// thread apart.
pub(crate) fn busiest(calls: &[Call], name: &str) -> usize {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.name == name) {
        *counts.entry(call.thread).or_default() += 1;
    }
    counts.into_values().max().unwrap_or(0)
}

impl Lane {
    fn new(program: &Path, strace: &Path, sink: &Path) -> Self {
        let raw = Incident::new(program, PEOPLE, COUNT);
        let frozen = raw.copy();
        frozen.freeze();
        let relays = Relays { first: recorder(sink, &[]), last: recorder(sink, &[]) };
        Self { strace: strace.to_owned(), raw, frozen, relays }
    }

    fn incident(&self, act: Act) -> Incident {
        match act {
            Act::Freeze => self.raw.copy(),
            Act::Notify => self.frozen.copy(),
        }
    }

    /// Runs an act under strace, as `run` says.
    fn attempt(
        &self,
        act: Act,
        incident: &Incident,
        run: impl Fn(&Path, &std::process::Command) -> (Output, Vec<Call>),
    ) -> (Output, Vec<Call>) {
        let arguments = match act {
            Act::Freeze => vec!["--dry-run".to_owned()],
            Act::Notify => incident.to(&self.relays.first.url()),
        };
        run(&self.strace, &incident.bare_command("notify", &borrowed(&arguments)))
    }

    /// Kills at one point, and judges what was left and what becomes of it.
    fn tell(&self, point: Point) -> Tally {
        let said = Said(point);
        let incident = self.incident(point.act);
        let fault = format!("{}:signal=KILL:when={}", point.call, point.k);
        let (output, calls) = self.attempt(point.act, &incident, |strace, command| {
            strace::run_with_fault(strace, command, &fault).unwrap()
        });
        let is_killed = output.status.code() == Some(KILLED) || output.status.signal() == Some(9);
        assert!(is_killed || output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut tally = Tally { stories: 1, blows: 1, untouched: usize::from(!is_killed), ..Tally::default() };
        if point.act == Act::Freeze {
            incident.freeze();
        } else {
            tally.unanswered = usize::from(!incident.doubts().is_empty());
            tally.within = usize::from(is_within(&self.relays.first, &incident, &calls));
        }
        tally.doubts = left_alone(&incident, &self.relays, 1).doubts;
        for sink in [&self.relays.first, &self.relays.last] {
            tally.recorded += sink.recorded().unwrap().len();
            sink.forget().unwrap();
        }
        drop(said);
        tally
    }
}

/// Checks that every dot that left has an offer that was synced before, and that whoever was told was offered;
/// returns whether the kill came as notices went out.
fn is_within(sink: &Sink, incident: &Incident, calls: &[Call]) -> bool {
    let order = prove_order(calls, LOG, incident.offer_mark());
    assert_eq!(order.disorders, [], "a dot left before its offer was durable");
    let told = sink.recorded().unwrap();
    assert_eq!(unoffered(&told, &incident.states()), [""; 0], "told, and never offered");
    let counts = incident.ledger().counts().unwrap();
    let has_begun = calls.iter().any(|call| call.name == "sendto");
    has_begun && counts.queued + counts.in_doubt > 0
}

/// Says the point of a story that panics.
struct Said(Point);

impl Drop for Said {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("killed at {:?}", self.0);
        }
    }
}
