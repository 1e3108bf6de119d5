//! The states of a notice, and the one function that moves between them.
//!
//! Running and recovering use the same function; docs/states.md is its table in prose.

use serde::{Deserialize, Serialize};

/// The state of a notice: what is known of its hand-over to the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing was handed over; attempted again after a crash.
    Queued,
    /// Refused for now (4yz); attempted again when due.
    Deferred,
    /// The final dot may have gone out: in doubt until a person resolves it or the relay's log settles it,
    /// unless the run that made the offer is alive and reads the reply.
    Offered,
    /// The relay answered 250 after the dot and took responsibility. It does not mean delivered.
    Accepted,
    /// The relay refused it for good (5yz).
    Bounced,
    /// May or may not have been told; a person decided not to tell again.
    LetStand,
    /// Queued or deferred past the plan's limit. What is in doubt never expires.
    Expired,
    /// Never attempted; the reason is recorded.
    Withheld,
}

/// Something that happened to a notice, without its particulars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// The offer was appended: once it is durable the dot may follow.
    Offered,
    /// An exact 250 answered the dot.
    Accepted,
    /// A 4yz, or a refusal treated as one.
    Deferred,
    /// A 5yz about this notice.
    Bounced,
    /// The live process knows that the line broke, or the run stopped, before the dot.
    Requeued,
    /// The live process lost the line at or after the dot: the notice rests in doubt.
    Doubted,
    /// The fuse blew on refusals that were about us, not about this person: the verdict is taken back.
    Restored,
    /// A person decided to tell again.
    ResolvedResend,
    /// A person decided to let stand what may or may not have been told.
    ResolvedLetStand,
    /// The plan's limit passed.
    Expired,
    /// The relay's own log shows that it took the message whose reply was never read.
    ProvedAccepted,
    /// The relay's own log shows that it did not take the message.
    ProvedNotAccepted,
}

impl State {
    /// Every state, in the order in which counts are shown.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Deferred,
        Self::Offered,
        Self::Accepted,
        Self::Bounced,
        Self::Expired,
        Self::LetStand,
        Self::Withheld,
    ];

    /// Returns the state after `happening`, or `None` where it cannot happen: on replay that is a damaged
    /// ledger, in a run it is a bug.
    pub fn next(self, happening: Happening) -> Option<Self> {
        use Happening as H;
        match (self, happening) {
            (Self::Queued | Self::Deferred, H::Offered) | (Self::Offered, H::Doubted) => Some(Self::Offered),
            (Self::Offered, H::Accepted | H::ProvedAccepted) => Some(Self::Accepted),
            (Self::Offered, H::Deferred) => Some(Self::Deferred),
            (Self::Offered, H::Bounced) => Some(Self::Bounced),
            (Self::Offered, H::Requeued | H::ProvedNotAccepted)
            | (Self::Deferred | Self::Bounced, H::Restored)
            | (Self::Offered | Self::Bounced | Self::Expired, H::ResolvedResend) => Some(Self::Queued),
            (Self::Offered, H::ResolvedLetStand) => Some(Self::LetStand),
            (Self::Queued | Self::Deferred, H::Expired) => Some(Self::Expired),
            _ => None,
        }
    }

    /// Returns whether the notice stays in this state until a person decides.
    pub fn is_at_rest(self) -> bool {
        !matches!(self, Self::Queued | Self::Deferred)
    }

    /// Returns the number under which the ledger keeps the state. Never renumbered.
    pub fn number(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Deferred => 1,
            Self::Offered => 2,
            Self::Accepted => 3,
            Self::Bounced => 4,
            Self::LetStand => 5,
            Self::Expired => 6,
            Self::Withheld => 7,
        }
    }

    /// Returns the state kept under `number`.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HAPPENINGS: [Happening; 12] = [
        Happening::Offered,
        Happening::Accepted,
        Happening::Deferred,
        Happening::Bounced,
        Happening::Requeued,
        Happening::Doubted,
        Happening::Restored,
        Happening::ResolvedResend,
        Happening::ResolvedLetStand,
        Happening::Expired,
        Happening::ProvedAccepted,
        Happening::ProvedNotAccepted,
    ];

    /// The whole table, a row a state, a letter a happening in the order above; `-` cannot happen.
    const TABLE: [(State, &str); 8] = [
        (State::Queued, "O--------X--"),
        (State::Deferred, "O-----Q--X--"),
        (State::Offered, "-ADBQO-QL-AQ"),
        (State::Accepted, "------------"),
        (State::Bounced, "------QQ----"),
        (State::LetStand, "------------"),
        (State::Expired, "-------Q----"),
        (State::Withheld, "------------"),
    ];

    #[test]
    fn next_is_the_table() {
        for (state, row) in TABLE {
            for (happening, letter) in HAPPENINGS.into_iter().zip(row.chars()) {
                let expected = match letter {
                    'O' => Some(State::Offered),
                    'A' => Some(State::Accepted),
                    'D' => Some(State::Deferred),
                    'B' => Some(State::Bounced),
                    'Q' => Some(State::Queued),
                    'L' => Some(State::LetStand),
                    'X' => Some(State::Expired),
                    _ => None,
                };
                assert_eq!(state.next(happening), expected, "{state:?} {happening:?}");
            }
        }
    }

    #[test]
    fn numbers_are_distinct_and_read_back() {
        for state in State::ALL {
            assert_eq!(State::from_number(state.number()), Some(state));
        }
        assert_eq!(State::from_number(8), None);
    }
}
