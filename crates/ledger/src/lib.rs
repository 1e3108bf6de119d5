//! The durable record of an incident: which notice is in which state, and every event that made it so.
//!
//! One trait, batch-shaped and synchronous, on a thread of its own; the asynchronous side holds a
//! `Recorder`. It knows nothing of SMTP, templates or law.

use forthwith_core::notice::{Claimed, Entry};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What a run asks of a durable record.
pub trait Ledger: Send {
    /// Returns up to `want` notices that are due at `now` and not claimed by this run, in keyed order.
    fn claim(&mut self, want: usize, now: Timestamp) -> Result<Claim, LedgerError>;

    /// Makes `entries` durable in this order, all in one transaction, and says of each whether it stands.
    fn commit(&mut self, entries: &[Append]) -> Result<Vec<Outcome>, LedgerError>;
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
    /// What, as a fixed name: `connected`, `relay-failed`, `fuse`, `setting`.
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
}
