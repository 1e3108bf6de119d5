//! Ctrl-C while a list is read and frozen: the first asks the dry run to end, the second ends the program.
//!
//! Freezing is one transaction, so that either way nothing of it is left; being asked, it can say so, and write down
//! how it ended. A run that delivers has its own way with signals: it has replies to wait for.

use crate::exit::{CommandError, Exit};
use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Whether the program was asked to end. One process has one set of signals.
static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens for SIGINT and SIGTERM from now on, on a thread of its own. Where that cannot be had, a signal ends the
/// program as it does any other.
pub fn listen() {
    thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(wait());
        }
    });
}

async fn wait() {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else { return };
    next(&mut interrupt, &mut terminate).await;
    ASKED.store(true, Relaxed);
    crate::terminal::note("\nStopping. Again to stop at once; nothing is half frozen either way.");
    next(&mut interrupt, &mut terminate).await;
    std::process::exit(i32::from(Exit::Incomplete as u8));
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Returns whether the program was asked to end.
pub fn is_asked() -> bool {
    ASKED.load(Relaxed)
}

/// Goes on unless the program was asked to end.
///
/// # Errors
///
/// Exit 5 once it was asked: nothing was frozen.
pub fn look() -> Result<(), CommandError> {
    if !is_asked() {
        return Ok(());
    }
    let error = CommandError::new(Exit::Incomplete, "stopped: nothing was frozen, and a plan that stood stands");
    Err(error.hint("run it again: it begins anew"))
}
