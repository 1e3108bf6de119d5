//! The durable record of an incident: which notice is in which state, and every event that made it so.
//!
//! One trait, batch-shaped and synchronous, on a thread of its own; the asynchronous side holds a
//! `Recorder`. It knows nothing of SMTP, templates or law.

#[cfg(any(test, feature = "model"))]
pub mod model;
mod recorder;
pub mod sqlite;
mod standing;

pub use recorder::{Receipt, Recorder, RecorderEnd, RecorderThread, RecordingStopped};
pub use standing::Standing;

use forthwith_core::{
    notice::{Claimed, Entry, Token},
    state::{Happening, State},
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What a run asks of a durable record.
pub trait Ledger: Send {
    /// Claims up to `want` notices of the current plan that are due at `now`: first those that wait for
    /// another attempt, the longest overdue first, then those never attempted, in keyed order.
    fn claim(&mut self, want: usize, now: Timestamp) -> Result<Claim, LedgerError>;

    /// Claims up to `want` notices of the current plan that wait for another attempt after a relay deferred them, due
    /// or not, and were first offered at `offered_by` or before; first those due first.
    fn claim_waiting(&mut self, want: usize, offered_by: Timestamp) -> Result<Claim, LedgerError>;

    /// Makes `entries` durable in this order, all in one transaction, and says of each whether it stands.
    ///
    /// An error leaves nothing of `entries` behind that a run may rely on: what was offered is in doubt.
    fn commit(&mut self, entries: &[Append]) -> Result<Vec<Outcome>, LedgerError>;

    /// Returns the request that this run stop, once somebody has recorded one.
    fn stop_requested(&mut self) -> Result<Option<StopRequest>, LedgerError>;
}

impl<L: Ledger + ?Sized> Ledger for Box<L> {
    fn claim(&mut self, want: usize, now: Timestamp) -> Result<Claim, LedgerError> {
        (**self).claim(want, now)
    }

    fn claim_waiting(&mut self, want: usize, offered_by: Timestamp) -> Result<Claim, LedgerError> {
        (**self).claim_waiting(want, offered_by)
    }

    fn commit(&mut self, entries: &[Append]) -> Result<Vec<Outcome>, LedgerError> {
        (**self).commit(entries)
    }

    fn stop_requested(&mut self) -> Result<Option<StopRequest>, LedgerError> {
        (**self).stop_requested()
    }
}

/// What a run appends.
#[derive(Clone, Debug)]
pub enum Append {
    /// Something that happened to a notice.
    Notice(Entry),
    /// Something that happened to the run.
    Run(RunEvent),
}

/// Something that happened to a run rather than to a notice.
#[derive(Clone, Debug)]
pub struct RunEvent {
    /// When.
    pub at: Timestamp,
    /// What, as a fixed name: `connected`, `relay-failed`, `unreadable`, `fuse`, `setting`.
    pub kind: &'static str,
    /// The particulars, free of personal data; they enter the chain in clear.
    pub facts: BTreeMap<&'static str, String>,
    /// What may hold personal data (a raw reply): kept beside the chain, which holds its salted digest.
    pub private: Option<Vec<u8>>,
}

/// What `claim` found.
#[derive(Debug, Default)]
pub struct Claim {
    /// The notices, now claimed by this run until an entry puts them at rest or back.
    pub notices: Vec<Claimed>,
    /// When the next unclaimed notice is due, where none is due now.
    pub next_due: Option<Timestamp>,
}

/// Somebody's request, recorded from another process, that a run drain and end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopRequest {
    /// When it was recorded.
    pub at: Timestamp,
    /// Who asked.
    pub by: String,
    /// Why, in the person's words.
    pub reason: String,
}

/// Whether an appended entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on disk.
    Durable,
    /// Another run has taken over; nothing was written, and the notice may not be handed over.
    Fenced,
}

/// Why the record cannot be read or written. Nothing after it was recorded.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A read or write failed: full disk, lost device, permission. The first failure is final.
    #[error("cannot {doing} the ledger {path}")]
    Storage {
        /// `read`, `write`, `open`, `sync`.
        doing: &'static str,
        /// The file.
        path: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What the ledger holds contradicts itself.
    #[error("the ledger {path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: String,
        /// What was found, free of personal data.
        what: String,
    },
    /// A happening that the state of the notice excludes: a bug, or a damaged ledger.
    #[error("notice {token} is {state:?}, so it cannot be {happening:?} now")]
    Impossible {
        /// The notice.
        token: Token,
        /// Its recorded state.
        state: State,
        /// What was to be recorded.
        happening: Happening,
    },
    /// An offer of other bytes than those of the notice's first offer.
    #[error("notice {token} was offered before with other bytes or another date")]
    WireChanged {
        /// The notice.
        token: Token,
    },
}
