//! The k-th write or sync of the ledger fails, for want of room or with an error of the disk, for every k until a
//! run ends untouched. The first failure is final: nothing is written or synced after it, and no dot leaves but
//! after an offer that was synced.

use super::{UNUSABLE, goes_on, notify};
use crate::{
    Settings,
    incident::{Incident, LOG, assert_exit, recorder},
    lanes,
    story::{Relays, Tally},
    syscalls::busiest,
};
use forthwith_testkit::{
    judge::unoffered,
    strace::{self, Call, prove_order},
    tools,
};
use std::path::{Path, PathBuf};

/// The calls by which a ledger reaches its disk.
const WRITES_AND_SYNCS: [&str; 3] = ["pwrite64", "fdatasync", "fsync"];
/// What they fail with.
const ERRORS: [&str; 2] = ["ENOSPC", "EIO"];
/// People in each incident.
const COUNT: usize = 20;
/// How many runs are looked at for the number of calls.
const LOOKS: usize = 3;
/// The seed of the people: points are to be the same each time.
const PEOPLE: u64 = 61;
/// How the files of the ledger are called, the folder that they are made in, and the memory that its readers
/// share: that is not durable, and made anew after a failure.
const LEDGER: [&str; 4] = ["/ledger.sqlite", "/ledger.sqlite-wal", "/out", SHARED_MEMORY];
const SHARED_MEMORY: &str = "/ledger.sqlite-shm";

/// One failure.
#[derive(Clone, Copy, Debug)]
struct Point {
    call: &'static str,
    error: &'static str,
    k: usize,
    is_last: bool,
}

struct Lane {
    strace: PathBuf,
    frozen: Incident,
    relays: Relays,
}

/// Fails `settings.size` points of each call and error, evenly spread over all there are and turned by the seed,
/// or all of them where that is less; `None` where strace or the sink is not installed, which is said.
///
/// # Panics
///
/// Where anything at all is wrong, and where a run still fails at the last point.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    let (strace, sink) = (tools::require("strace")?, tools::require("smtp-sink")?);
    let lane = || Lane::new(program, &strace, &sink);
    let points = points(&lane(), settings);
    let settings = Settings { size: points.len(), ..*settings };
    let first = settings.seed;
    let story = |lane: &mut Lane, seed: u64, _: usize| {
        let turn = usize::try_from(seed - first).unwrap();
        points.get(turn).map_or_else(Tally::default, |point| lane.tell(*point))
    };
    let sum = lanes::tell(&settings, 1, lane, story);
    println!("{sum}");
    assert!(sum.within > 0, "every failure came before the first dot: {sum}");
    Some(sum)
}

/// Returns the points: of each call and error up to `settings.size`, and always the one past all that a run makes.
///
/// Commits are shared as they come, so that no two runs make equally many calls: what the leanest of some makes,
/// the next one nearly always makes too, and none makes twice as many as the busiest.
fn points(lane: &Lane, settings: &Settings) -> Vec<Point> {
    let undisturbed: Vec<_> = (0..LOOKS).map(|_| lane.undisturbed()).collect();
    let mut points = Vec::new();
    for call in WRITES_AND_SYNCS {
        let counts = || undisturbed.iter().map(|calls| busiest(calls, call));
        let least = counts().min().unwrap();
        let beyond = 2 * counts().max().unwrap() + 8;
        println!("{call} {:?}", counts().collect::<Vec<_>>());
        let size = settings.size.min(least);
        let turn = usize::try_from(settings.seed % least as u64).unwrap();
        for error in ERRORS {
            let spread = (0..size).map(|number| 1 + (turn + number * least / size) % least);
            let some = spread.map(|k| Point { call, error, k, is_last: false });
            points.extend(some.chain([Point { call, error, k: beyond, is_last: true }]));
        }
    }
    points
}

impl Lane {
    fn new(program: &Path, strace: &Path, sink: &Path) -> Self {
        let frozen = Incident::new(program, PEOPLE, COUNT);
        frozen.freeze();
        let relays = Relays { first: recorder(sink, &[]), last: recorder(sink, &[]) };
        Self { strace: strace.to_owned(), frozen, relays }
    }

    /// Returns the calls of a run in which nothing fails.
    fn undisturbed(&self) -> Vec<Call> {
        let (output, calls) = strace::run(&self.strace, &notify(&self.frozen.copy(), &self.relays)).unwrap();
        assert_exit(&output, 0);
        self.relays.first.forget().unwrap();
        calls
    }

    /// Lets one call fail, and judges what was left and what becomes of it.
    fn tell(&self, point: Point) -> Tally {
        let said = Said(point);
        let incident = self.frozen.copy();
        let fault = format!("{}:error={}:when={}", point.call, point.error, point.k);
        let (output, calls) =
            strace::run_with_fault(&self.strace, &notify(&incident, &self.relays), &fault).unwrap();
        let has_failed = |call: &&Call| call.name == point.call && call.result == Some(-1);
        let failed = calls.iter().filter(has_failed).find(|call| !is_sqlites_of_the_folder(call));
        assert!(failed.is_none() || !point.is_last, "there are more calls than were tried");
        assert_exit(&output, if failed.is_some() { UNUSABLE } else { 0 });
        if let Some(failed) = failed {
            is_final(failed, &calls);
        }
        let order = prove_order(&calls, LOG, incident.offer_mark());
        assert_eq!(order.disorders, [], "a dot left before its offer was durable");
        let told = self.relays.first.recorded().unwrap();
        assert_eq!(unoffered(&told, &incident.states()), [""; 0], "told, and never offered");
        let tally = goes_on(&incident, &self.relays, usize::from(failed.is_some()));
        for sink in [&self.relays.first, &self.relays.last] {
            sink.forget().unwrap();
        }
        drop(said);
        tally
    }
}

/// Returns whether a call is `SQLite`'s own sync of the folder, which passes its failure over. It comes after ours,
/// which is an `fsync` and does not, and adds nothing to it.
fn is_sqlites_of_the_folder(call: &Call) -> bool {
    call.name == "fdatasync" && call.target().is_some_and(|folder| folder.ends_with("/out"))
}

/// Checks that the call that failed was the ledger's, and that the ledger was not written or synced after it.
fn is_final(failed: &Call, calls: &[Call]) {
    let is_of = |call: &Call, name: &str| call.target().is_some_and(|file| file.ends_with(name));
    let is_ledgers = |call: &Call| LEDGER.iter().any(|name| is_of(call, name));
    assert!(is_ledgers(failed), "another file: {:?}", failed.target());
    let later = calls.iter().filter(|call| call.begun > failed.ended);
    let later: Vec<_> = later
        .filter(|call| WRITES_AND_SYNCS.contains(&&*call.name) && is_ledgers(call) && !is_of(call, SHARED_MEMORY))
        .map(|call| (&call.name, call.target()))
        .collect();
    assert_eq!(later, [], "after a failure at {:?}", failed.target());
}

/// Says the point of a story that panics.
struct Said(Point);

impl Drop for Said {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("failed at {:?}", self.0);
        }
    }
}
