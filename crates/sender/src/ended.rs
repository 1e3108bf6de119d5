//! Why a run ended. It says nothing about exit codes.

use forthwith_core::{
    calendar::Rest,
    engine::{Failure, Stop},
    fuse::{Blown, Likeness},
    notice::Token,
    verdict::Reply,
};
use forthwith_ledger::RecordingStopped;
use jiff::Timestamp;

/// Why a run ended. Whatever was accepted is recorded; nothing is in flight any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing of the plan is queued or deferred any more.
    Done,
    /// The operator asked for it.
    Stopped,
    /// As many notices were handed over as were allowed.
    LimitReached,
    /// All that is left is due later.
    OnlyLaterRetries {
        /// When the first of them is due.
        next: Timestamp,
    },
    /// The relay's own queue is too long, or unknown, and the run was not to stay.
    RelayBacklog,
    /// The calendar lets nothing begin before the end of this rest, and the run does not wait.
    Resting(Rest),
    /// The relay could not be reached, or took nothing, for too long; no notice was judged because of it.
    RelayUnreachable(Failure),
    /// The relay refuses us: credentials, sender, TLS, policy. No notice was judged because of it.
    RelayRefuses(Failure),
    /// Too many refusals were alike: they are about us, not about people.
    FuseBlown {
        /// What they had in common.
        likeness: Likeness,
        /// Why the fuse blew.
        blown: Blown,
        /// The last of the replies.
        reply: Reply,
        /// How many refusals were taken back at once.
        restored: usize,
    },
    /// The ledger failed: whatever was offered and not answered is in doubt.
    RecordingStopped(RecordingStopped),
    /// Another run has taken over the ledger.
    Fenced,
    /// The message of this notice is not the one that was planned; it was not offered.
    ContentChanged {
        /// The notice.
        token: Token,
    },
    /// The message of this notice may not go to a socket; it was not offered.
    GateRefused {
        /// The notice.
        token: Token,
        /// Why, quoting nothing of the message.
        why: String,
    },
    /// The message of this notice could not be made; it was not offered.
    RenderFailed {
        /// The notice.
        token: Token,
        /// Why.
        why: String,
    },
    /// TLS could not be set up; no line was opened.
    CannotSetUp {
        /// Why.
        why: String,
    },
}

impl From<Stop> for Ended {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Drained => Self::Stopped,
            Stop::LimitReached => Self::LimitReached,
            Stop::OnlyLaterRetries(next) => Self::OnlyLaterRetries { next },
            Stop::RelayBacklog => Self::RelayBacklog,
            Stop::Resting(rest) => Self::Resting(rest),
            Stop::RelayUnreachable(failure) => Self::RelayUnreachable(failure),
            Stop::RelayRefuses(failure) => Self::RelayRefuses(failure),
            Stop::FuseBlown { likeness, blown, reply, restored } => {
                Self::FuseBlown { likeness, blown, reply, restored }
            }
        }
    }
}
