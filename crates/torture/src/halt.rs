//! Halts a whole program, as a power cut does: not one of its threads does anything more.

use forthwith_testkit::server::{HANG_MAX, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, process::Child};

/// What a thread may be doing while its program stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Still {
    /// Nothing at all: every call that it was in has returned.
    OutsideCalls,
    /// A call to a disk that goes on in the kernel. The thread will not come back from it.
    Anywhere,
}

/// Sends `run` a signal.
pub(crate) fn signal(run: &Child, signal: Signal) {
    let process = Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap();
    // One that has ended is waited for by its owner alone, and so its number is still its own.
    kill_process(process, signal).unwrap();
}

/// Halts `run` until it is told to go on or killed, and waits until all its threads stand still; returns whether
/// it had not ended before.
pub(crate) fn halt(run: &Child, still: Still) -> bool {
    signal(run, Signal::STOP);
    let mut states = String::new();
    let stands = wait_until(HANG_MAX, || {
        states = thread_states(run.id());
        states.chars().all(|state| state == 'T' || state == 'D' && still == Still::Anywhere || state == 'Z')
    });
    assert!(stands, "a thread does not stand still: {states}");
    states.contains(['T', 'D'])
}

/// Returns a letter for each thread of a process, from /proc/PID/task/TID/stat (proc(5)).
fn thread_states(process: u32) -> String {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return String::new() };
    let stats = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok());
    // The name stands in parentheses and may hold anything.
    stats.filter_map(|stat| stat.rsplit_once(") ")?.1.chars().next()).collect()
}
