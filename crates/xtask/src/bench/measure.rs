//! Runs one process with the clock around the whole of it, and watches its memory from outside.

use anyhow::{Context as _, ensure};
use std::{
    fs::{self, File},
    io::{Read as _, Seek as _},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// How often memory is read. The figure is a high-water mark of the kernel's: only its last 20 ms can be missed.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// One measurement.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Messages a second.
    pub(crate) rate: f64,
    /// How long the whole took.
    pub(crate) took: Duration,
    /// The processor time of the process, its own and the kernel's for it.
    pub(crate) cpu: Duration,
    /// The most memory that was resident at once, in KiB.
    pub(crate) peak_kib: u32,
    /// What it printed on stdout, where that is JSON.
    pub(crate) json: Option<serde_json::Value>,
}

/// Runs `command`, which hands over `count` messages, to its end.
pub(crate) fn run(command: &mut Command, count: usize) -> anyhow::Result<Measured> {
    // Into files: a pipe that nobody reads holds 64 KiB, and whoever writes more would wait for ever.
    let (mut printed, mut noted) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(printed.try_clone()?).stderr(noted.try_clone()?);
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let memory = format!("/proc/{}/status", child.id());
    let is_over = AtomicBool::new(false);
    let (cpu, took, peak_kib) = std::thread::scope(|threads| {
        let watcher = threads.spawn(|| watch_memory(&memory, &is_over));
        let cpu = processor_time(&child);
        let took = start.elapsed();
        is_over.store(true, Ordering::Relaxed);
        (cpu, took, watcher.join().expect("the watcher does not panic"))
    });
    let status = child.wait()?;
    let said = read_again(&mut noted)?;
    let said = String::from_utf8_lossy(&said);
    ensure!(status.success(), "{} ended with {status}: {said}", command.get_program().display());
    let count = f64::from(u32::try_from(count).context("too many messages")?);
    let json = serde_json::from_slice(&read_again(&mut printed)?).ok();
    Ok(Measured { rate: count / took.as_secs_f64(), took, cpu: cpu?, peak_kib, json })
}

/// Returns what was written to `file`.
fn read_again(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut octets)?;
    Ok(octets)
}

impl Measured {
    /// Returns the processor time, user and system, in microseconds a message.
    pub(crate) fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / (self.rate * self.took.as_secs_f64())
    }
}

/// Waits for the end of `child` and returns its processor time, while the kernel still knows it.
fn processor_time(child: &std::process::Child) -> anyhow::Result<Duration> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("a process without a number")?;
    waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id()))?;
    let ticks = ticks_of(&stat).context("/proc/PID/stat has another form")?;
    Ok(Duration::from_secs(ticks.into()) / u32::try_from(rustix::param::clock_ticks_per_second())?)
}

/// Returns the fields `utime` and `stime` of /proc/PID/stat (proc(5)), in ticks.
fn ticks_of(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11).map(str::parse::<u32>);
    Some(fields.next()?.ok()? + fields.next()?.ok()?)
}

fn watch_memory(status: &str, is_over: &AtomicBool) -> u32 {
    let mut peak = 0;
    while !is_over.load(Ordering::Relaxed) {
        peak = peak.max(fs::read_to_string(status).ok().and_then(|text| peak_of(&text)).unwrap_or(0));
        std::thread::sleep(LOOK_AGAIN);
    }
    peak
}

/// Returns the line `VmHWM` of /proc/PID/status: the most that was resident, in KiB.
fn peak_of(status: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}

/// Returns the middle one of `rates`, or the mean of the two in the middle.
pub(crate) fn median(rates: &[f64]) -> f64 {
    let mut sorted = rates.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => f64::NAN,
        (count, middle) if count % 2 == 1 => sorted[middle],
        (_, middle) => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn memory_is_read_from_the_kernels_text() {
        assert_eq!(peak_of("Name:\tx\nVmHWM:\t    7020 kB\nVmRSS:\t 1 kB\n"), Some(7020));
        assert_eq!(peak_of("Name:\tx\n"), None);
    }

    #[test]
    fn processor_time_is_read_from_the_kernels_text() {
        assert_eq!(ticks_of("7 (a) b) Z 1 2 3 4 5 6 7 8 9 10 30 12 0 0"), Some(42));
        assert_eq!(ticks_of("7 (a"), None);
    }

    #[test]
    fn a_process_is_measured_and_its_failure_is_an_error() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo '{\"commits\":3}'"]);
        let measured = run(&mut command, 10).unwrap();
        assert!(measured.rate > 0.0);
        assert_eq!(measured.json.unwrap()["commits"], 3);
        let error = run(Command::new("sh").args(["-c", "echo why >&2; exit 3"]), 10).unwrap_err();
        assert!(error.to_string().contains("why"), "{error}");
    }
}
