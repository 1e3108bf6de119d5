//! Runs one process with the clock around the whole of it, and watches its memory from outside.

use anyhow::{Context as _, ensure};
use std::{
    fs,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// How often memory is read. The figure is a high-water mark of the kernel's: only its last 20 ms can be missed.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The unit in which Linux tells processes of processor time, on every machine that forthwith is built for.
const TICK: Duration = Duration::from_millis(10);

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
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (start, cpu_before) = (Instant::now(), childrens_cpu()?);
    let child = command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let status = format!("/proc/{}/status", child.id());
    let is_over = AtomicBool::new(false);
    let (output, took, peak_kib) = std::thread::scope(|threads| {
        let watcher = threads.spawn(|| watch_memory(&status, &is_over));
        let output = child.wait_with_output();
        let took = start.elapsed();
        is_over.store(true, Ordering::Relaxed);
        (output, took, watcher.join().expect("the watcher does not panic"))
    });
    let output = output?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} ended with {}: {said}", command.get_program().display(), output.status);
    let cpu = childrens_cpu()?.saturating_sub(cpu_before);
    let count = f64::from(u32::try_from(count).context("too many messages")?);
    let json = serde_json::from_slice(&output.stdout).ok();
    Ok(Measured { rate: count / took.as_secs_f64(), took, cpu, peak_kib, json })
}

/// Returns the processor time of all children that ended, from /proc/self/stat: fields 16 and 17, in ticks.
fn childrens_cpu() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field is a name in brackets, which may hold anything.
    let fields = stat.rsplit_once(')').context("/proc/self/stat has no name")?.1;
    let ticks = fields.split_whitespace().skip(13).take(2).map(str::parse::<u64>);
    Ok(TICK * u32::try_from(ticks.sum::<Result<u64, _>>()?)?)
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
