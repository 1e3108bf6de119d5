//! `cargo xtask bench scale`: what a notice costs in a large incident and in a small one, how much memory each command
//! takes, and how soon a large one goes on after it was killed half way.
//!
//! The messages go to a fresh smtp-sink; the first one after the kill goes to the scripted relay, which notes when
//! MAIL and the final dot arrived. Everything is measured around whole processes.

use super::{
    folder::Incident,
    measure::{self, Measured, median},
    subject::Subject,
};
use anyhow::{Context as _, ensure};
use forthwith_testkit::{
    relay::{At, Relay, Script},
    server::wait_until,
    sink::{Keep, Sink},
    tools,
};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// How many people the large incident has.
    #[arg(long, default_value_t = 1_000_000)]
    notices: usize,
    /// How many the small one has.
    #[arg(long, default_value_t = 10_000)]
    against: usize,
    /// How often the small one is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many connections.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Fail where a notice of the large incident costs more than this many times as much processor time.
    #[arg(long, default_value_t = f64::INFINITY)]
    at_most: f64,
    #[command(flatten)]
    subject: Subject,
}

/// The seed of the generated lists.
const SEED: u64 = 2020;
/// How often the run that will be killed is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The longest that half of a million notices take on a busy machine.
const HALF_MAX: Duration = Duration::from_mins(20);
/// The longest that is waited for the first notice after the kill.
const FIRST_MAX: Duration = Duration::from_mins(1);

/// Measures, and prints costs, memory and times.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<()> {
    let bench = Bench::new(&settings.subject, settings.connections)?;
    let small = Incident::freeze(&bench.program, settings.against, SEED)?;
    let mut costs = Vec::new();
    for round in 1..=settings.rounds {
        let folder = small.fresh_copy()?;
        let (cost, _) = bench.deliver(folder.path(), settings.against)?;
        println!("round {round}: {} notices, {cost:.1} us of a processor each", settings.against);
        costs.push(cost);
    }
    println!("bench: {} people", settings.notices);
    let large = Incident::new(settings.notices, SEED)?;
    bench.measure("check", [OsStr::new("check"), large.path().as_os_str()], settings.notices)?;
    let mut dry_run = Command::new(&bench.program);
    bench.show("dry run", &measure::run(large.dry_run(&mut dry_run), settings.notices)?, settings.notices);
    println!("ledger       {:8.1} MiB as frozen", mebibytes(ledger_octets(large.path())?));
    let whole = large.fresh_copy()?;
    let (cost, _) = bench.deliver(whole.path(), settings.notices)?;
    println!("ledger       {:8.1} MiB at rest", mebibytes(ledger_octets(whole.path())?));
    for command in ["status", "verify"] {
        bench.measure(command, [OsStr::new(command), whole.path().as_os_str()], settings.notices)?;
    }
    drop(whole);
    bench.kill_half_way(large.path(), settings.notices)?;
    let small = median(&costs);
    println!("cost         {small:8.1} us a notice of {}, {cost:.1} us of {}", settings.against, settings.notices);
    println!("ratio        {:8.2}", cost / small);
    ensure!(cost / small <= settings.at_most, "the ratio is above {}", settings.at_most);
    Ok(())
}

/// The programs that are measured.
struct Bench {
    program: PathBuf,
    sink: PathBuf,
    connections: String,
}

impl Bench {
    fn new(subject: &Subject, connections: usize) -> anyhow::Result<Self> {
        let sink = tools::find("smtp-sink").context("smtp-sink is missing: cargo xtask test installs it")?;
        Ok(Self { program: subject.path()?, sink, connections: connections.to_string() })
    }

    fn measure<'a>(
        &self,
        name: &str,
        arguments: impl IntoIterator<Item = &'a OsStr>,
        count: usize,
    ) -> anyhow::Result<()> {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--quiet", "--format", "json"]);
        self.show(name, &measure::run(&mut command, count)?, count);
        Ok(())
    }

    /// Prints what one command took, and returns its processor time for each notice in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "a count of notices is far below 2^52")]
    #[expect(clippy::unused_self, reason = "it reads as the others do")]
    fn show(&self, name: &str, measured: &Measured, count: usize) -> f64 {
        let cost = measured.cpu.as_secs_f64() * 1e6 / count as f64;
        let (seconds, memory) = (measured.took.as_secs_f64(), f64::from(measured.peak_kib) / 1024.0);
        println!("{name:<12} {seconds:8.2} s, {cost:.1} us of a processor for each, peak memory {memory:.1} MiB");
        cost
    }

    fn notify(&self, folder: &Path, relay: &str, count: usize) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("notify").arg(folder);
        command.args(["--relay", relay, "--connections", &self.connections, "--rate", "unlimited"]);
        command.args(["--confirm", &count.to_string(), "--quiet", "--format", "json"]);
        command
    }

    /// Delivers everything, and returns the processor time of a notice in microseconds.
    fn deliver(&self, folder: &Path, count: usize) -> anyhow::Result<(f64, Measured)> {
        let sink = Sink::start(&self.sink, Keep::Nothing, &[])?;
        let measured = measure::run(&mut self.notify(folder, &sink.url(), count), count)?;
        let accepted = measured.json.as_ref().and_then(|json| json["states"]["accepted"].as_u64());
        ensure!(accepted == u64::try_from(count).ok(), "notify accepted {accepted:?} of {count}");
        Ok((self.show("notify", &measured, count), measured))
    }

    /// Kills a run half way, and prints how long the next one takes to its first notice.
    fn kill_half_way(&self, folder: &Path, count: usize) -> anyhow::Result<()> {
        let sink = Sink::start(&self.sink, Keep::Nothing, &[])?;
        let mut run = Killed(self.notify(folder, &sink.url(), count).stdout(Stdio::null()).spawn()?);
        let half = u64::try_from(count / 2)?;
        let deadline = Instant::now() + HALF_MAX;
        while self.accepted(folder)? < half {
            ensure!(run.0.try_wait()?.is_none(), "notify ended before it was killed");
            ensure!(Instant::now() < deadline, "half of the notices take too long");
            std::thread::sleep(LOOK_AGAIN);
        }
        run.0.kill()?;
        run.0.wait()?;
        println!("killed       {:8} of {count} were accepted", self.accepted(folder)?);
        println!("ledger       {:8.1} MiB as killed", mebibytes(ledger_octets(folder)?));
        self.measure("status", [OsStr::new("status"), folder.as_os_str()], count)?;
        self.go_on(folder, count)
    }

    /// Starts again, to a relay that notes the time, and ends once the first notice has arrived.
    fn go_on(&self, folder: &Path, count: usize) -> anyhow::Result<()> {
        let times = Arc::new(Mutex::new((None, None)));
        let noted = Arc::clone(&times);
        let script = Script::new(["PIPELINING"]).on(move |moment| {
            let mut times = noted.lock().unwrap_or_else(PoisonError::into_inner);
            match moment.at {
                At::Mail => _ = times.0.get_or_insert_with(Instant::now),
                At::Dot => _ = times.1.get_or_insert_with(Instant::now),
                _ => {}
            }
            None
        });
        let relay = Relay::start(script)?;
        let url = format!("smtp://{}", relay.address());
        let begun = Instant::now();
        let run = Killed(self.notify(folder, &url, count).stdout(Stdio::null()).spawn()?);
        let read = || *times.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(wait_until(FIRST_MAX, || read().1.is_some()), "no notice came within a minute");
        drop(run);
        let (mail, dot) = read();
        let seconds = |at: Option<Instant>| at.map_or(f64::NAN, |at| (at - begun).as_secs_f64());
        println!("going on     {:8.2} s to the first MAIL, {:.2} s to the first dot", seconds(mail), seconds(dot));
        Ok(())
    }

    fn accepted(&self, folder: &Path) -> anyhow::Result<u64> {
        let output = Command::new(&self.program).arg("status").arg(folder).args(["--format", "json"]).output()?;
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).context("status printed no JSON")?;
        status["states"]["accepted"].as_u64().context("status says not how many were accepted")
    }
}

/// A run that does not outlive what watches it.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the octets of the ledger and its log.
fn ledger_octets(folder: &Path) -> anyhow::Result<u64> {
    let octets = ["ledger.sqlite", "ledger.sqlite-wal"].map(|name| folder.join("out").join(name).metadata());
    octets.into_iter().map(|found| Ok(found.map_or(0, |found| found.len()))).sum()
}

#[expect(clippy::cast_precision_loss, reason = "a size is shown with one digit behind the point")]
fn mebibytes(octets: u64) -> f64 {
    octets as f64 / f64::from(1 << 20)
}
