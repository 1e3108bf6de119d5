//! The k-th write, sync or opening fails while a plan is frozen, for want of room or with an error of the disk:
//! the dry run says so and ends, and whatever it leaves, the next one freezes the plan and everybody is told once.

use super::thoughtful_relays;
use crate::{
    Settings,
    incident::Incident,
    lanes,
    story::{Tally, left_alone},
    syscalls::busiest,
};
use forthwith_testkit::{strace, tools};
use std::path::{Path, PathBuf};

/// The calls by which the ledger, the packet and the plan's key are made.
const CALLS: [&str; 8] = ["pwrite64", "write", "fdatasync", "fsync", "ftruncate", "rename", "openat", "mkdir"];
/// What they fail with.
const ERRORS: [&str; 2] = ["ENOSPC", "EIO"];
/// How a dry run may end: well, where the call was of no matter; unable to write; or without its ledger.
const ENDS: [i32; 3] = [0, 1, 6];
/// People in each incident.
const COUNT: usize = 12;
/// The seed of the people: points are to be the same each time.
const PEOPLE: u64 = 67;

/// One failure.
#[derive(Clone, Copy, Debug)]
struct Point {
    call: &'static str,
    error: &'static str,
    k: usize,
}

struct Lane {
    strace: PathBuf,
    raw: Incident,
    sink: PathBuf,
}

/// Fails `settings.size` points of each call and error, evenly spread over all there are and turned by the seed,
/// or all of them where that is less; `None` where strace or the sink is not installed, which is said.
///
/// # Panics
///
/// Where anything at all is wrong, and where no failure ended a dry run.
pub fn run(program: &Path, settings: &Settings) -> Option<Tally> {
    let (strace, sink) = (tools::require("strace")?, tools::require("smtp-sink")?);
    let lane = || Lane { strace: strace.clone(), raw: Incident::new(program, PEOPLE, COUNT), sink: sink.clone() };
    let points = points(&lane(), settings);
    let settings = Settings { size: points.len(), ..*settings };
    let first = settings.seed;
    let story = |lane: &mut Lane, seed: u64, _: usize| {
        let turn = usize::try_from(seed - first).unwrap();
        points.get(turn).map_or_else(Tally::default, |point| lane.tell(*point))
    };
    let sum = lanes::tell(&settings, 1, lane, story);
    println!("{sum}");
    assert!(sum.untouched < sum.blows, "no failure ended a dry run: {sum}");
    Some(sum)
}

fn points(lane: &Lane, settings: &Settings) -> Vec<Point> {
    let incident = lane.raw.copy();
    let (output, calls) =
        strace::run_and_trace(&lane.strace, &incident.bare_command("notify", &["--dry-run"]), &CALLS.join(","))
            .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut points = Vec::new();
    for call in CALLS {
        let most = busiest(&calls, call);
        println!("{call} {most}");
        let size = settings.size.min(most);
        let turn = usize::try_from(settings.seed % most.max(1) as u64).unwrap();
        for error in ERRORS {
            points.extend((0..size).map(|n| Point { call, error, k: 1 + (turn + n * most / size) % most }));
        }
    }
    points
}

impl Lane {
    /// Lets one call fail, freezes again, tells everybody, and judges.
    fn tell(&self, point: Point) -> Tally {
        let said = Said(point);
        let incident = self.raw.copy();
        let fault = format!("{}:error={}:when={}", point.call, point.error, point.k);
        let dry_run = incident.bare_command("notify", &["--dry-run"]);
        let (output, _) = strace::run_with_fault(&self.strace, &dry_run, &fault).unwrap();
        let exit = output.status.code();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(exit.is_some_and(|exit| ENDS.contains(&exit)), "it ends with {exit:?}: {errors}");
        assert!(exit == Some(0) || errors.contains("error") || point.call == "write", "it says nothing: {errors}");
        incident.freeze();
        let relays = thoughtful_relays(&self.sink);
        let judgement = left_alone(&incident, &relays, 0);
        drop(said);
        Tally {
            stories: 1,
            blows: 1,
            untouched: usize::from(exit == Some(0)),
            doubts: judgement.doubts,
            recorded: relays.recorded().len(),
            ..Tally::default()
        }
    }
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
