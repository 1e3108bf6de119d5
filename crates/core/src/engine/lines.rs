//! Decides how many lines to the relay are open: no more than work needs, than the operator allows, and than
//! the relay serves.

use super::Next;
use jiff::Timestamp;
use std::time::Duration;

/// How long a number of lines that the relay did not exceed is kept before one more is tried.
const WIDEN_AFTER: Duration = Duration::from_mins(1);

/// The lines of a run.
#[derive(Debug)]
pub(super) struct Lines {
    allowed: u32,
    served: u32,
    widen_at: Option<Timestamp>,
    open: u32,
    dialling: u32,
    numbered: u64,
}

impl Lines {
    pub(super) fn new(allowed: u32) -> Self {
        Self { allowed, served: allowed, widen_at: None, open: 0, dialling: 0, numbered: 0 }
    }

    pub(super) fn is_dialling(&self) -> bool {
        self.dialling > 0
    }

    /// Returns `Dial` where one more line is of use for `work` notices that may begin now.
    pub(super) fn dial(&mut self, now: Timestamp, in_flight: u32, work: usize) -> Next {
        if self.widen_at.is_some_and(|at| at <= now) {
            self.served = (self.served + 1).min(self.allowed);
            self.widen_at = (self.served < self.allowed).then(|| later(now));
        }
        let idle = self.open.saturating_sub(in_flight) + self.dialling;
        if usize::try_from(idle).unwrap_or(usize::MAX) >= work {
            return Next::WaitForReport;
        }
        if self.open + self.dialling >= self.served {
            return self.widen_at.map_or(Next::WaitForReport, Next::WaitUntil);
        }
        self.dialling += 1;
        self.numbered += 1;
        Next::Dial(self.numbered)
    }

    pub(super) fn opened(&mut self) {
        self.dialling -= 1;
        self.open += 1;
    }

    /// Takes note that a line was not opened, and returns how many others are open: the relay serves those.
    pub(super) fn refused(&mut self, now: Timestamp) -> u32 {
        self.dialling -= 1;
        if self.open > 0 {
            self.served = self.open;
            self.widen_at = Some(later(now));
        }
        self.open
    }

    pub(super) fn closed(&mut self) {
        self.open -= 1;
    }
}

fn later(now: Timestamp) -> Timestamp {
    now.checked_add(WIDEN_AFTER).unwrap_or(Timestamp::MAX)
}
