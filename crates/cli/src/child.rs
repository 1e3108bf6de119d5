//! Waits for the end of a command that was started, as long as it may take. What the command is for is its caller's.

use std::{
    process::{Child, ExitStatus},
    thread,
    time::{Duration, Instant},
};

/// How often the end of the command is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Waits for the end of `child`, and kills it after `deadline`; returns how it ended, where it did of itself.
pub fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(LOOK_EVERY),
            Ok(None) | Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}
