//! What the ledger keeps of a notice beyond its plan, and how each happening changes it.
//!
//! Writing and verifying use this one function; which state follows which is decided in core.

use crate::LedgerError;
use forthwith_core::{
    digest::Digest,
    notice::{Particulars, Token},
    state::{Happening, State},
};
use jiff::Timestamp;

/// Where a notice stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is known of its hand-over.
    pub state: State,
    /// Whether the run that offered it lost the line at or after the dot.
    pub doubted: bool,
    /// How often a relay has deferred it, since it was planned or since a person decided to tell again.
    pub deferrals: u32,
    /// How often in a row its line was lost before the dot.
    pub requeues: u32,
    /// When it is due; `None` for at once, or for a notice at rest.
    pub due: Option<Timestamp>,
    /// The Date of the message, and the digest of all its bytes: fixed by the first offer.
    pub offer: Option<(Timestamp, Digest)>,
}

impl Standing {
    /// The standing of a notice that was just planned.
    pub const PLANNED: Self =
        Self { state: State::Queued, doubted: false, deferrals: 0, requeues: 0, due: None, offer: None };

    /// Returns the standing after `happening` at `at`.
    ///
    /// The error is a happening that the state excludes, or an offer of other bytes than the first.
    pub fn after(
        &self,
        token: &Token,
        at: Timestamp,
        happening: Happening,
        particulars: &Particulars,
    ) -> Result<Self, LedgerError> {
        let state = self.state.next(happening).ok_or_else(|| LedgerError::Impossible {
            token: token.clone(),
            state: self.state,
            happening,
        })?;
        let mut next = Self { state, due: None, ..self.clone() };
        // What goes back is due by a time, even where that is now: so it is found without a search among
        // those never attempted.
        let again = Some(particulars.due.unwrap_or(at));
        match happening {
            Happening::Offered => {
                next.doubted = false;
                next.offer = Some(self.same_offer(token, particulars)?);
            }
            Happening::Deferred => {
                next.deferrals = self.deferrals.saturating_add(1);
                next.requeues = 0;
                next.due = again;
            }
            Happening::Requeued => {
                next.requeues = self.requeues.saturating_add(u32::from(particulars.counts));
                next.due = again;
            }
            Happening::Restored => {
                next.deferrals = self.deferrals.saturating_sub(u32::from(self.state == State::Deferred));
                next.due = again;
            }
            Happening::Doubted => {
                next.doubted = true;
                next.requeues = 0;
            }
            Happening::ResolvedResend | Happening::ProvedNotAccepted => {
                // It begins again: what was tried before uses up nothing of the new patience.
                next.doubted = false;
                next.deferrals = 0;
                next.requeues = 0;
                next.due = again;
            }
            Happening::Accepted | Happening::Bounced | Happening::ResolvedLetStand | Happening::ProvedAccepted => {
                next.doubted = false;
                next.requeues = 0;
            }
            Happening::Expired => {}
        }
        Ok(next)
    }

    /// Returns the offer, which every later attempt repeats byte for byte.
    fn same_offer(&self, token: &Token, particulars: &Particulars) -> Result<(Timestamp, Digest), LedgerError> {
        match (self.offer, particulars.offer) {
            (None, Some(first)) => Ok(first),
            // The message shows whole seconds, and the ledger keeps microseconds.
            (Some(first), Some(again)) if first.1 == again.1 && first.0.as_second() == again.0.as_second() => {
                Ok(first)
            }
            _ => Err(LedgerError::WireChanged { token: token.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happen(standing: &Standing, happening: Happening, particulars: &Particulars) -> Standing {
        let token = Token::parse("aaaaaaaaaaaaaaaa").unwrap();
        standing.after(&token, Timestamp::UNIX_EPOCH, happening, particulars).unwrap()
    }

    fn offer(bytes: &[u8]) -> Particulars {
        Particulars { offer: Some((Timestamp::UNIX_EPOCH, Digest::of(bytes))), ..Particulars::default() }
    }

    fn later() -> Particulars {
        Particulars { due: Some(Timestamp::MAX), counts: true, ..Particulars::default() }
    }

    #[test]
    fn deferrals_count_and_are_undone() {
        let offered = happen(&Standing::PLANNED, Happening::Offered, &offer(b"a"));
        let deferred = happen(&offered, Happening::Deferred, &later());
        assert_eq!((deferred.state, deferred.deferrals, deferred.due), (State::Deferred, 1, Some(Timestamp::MAX)));
        let restored = happen(&deferred, Happening::Restored, &Particulars::default());
        assert_eq!((restored.state, restored.deferrals), (State::Queued, 0));
        assert_eq!(restored.due, Some(Timestamp::UNIX_EPOCH));
        let bounced = happen(&happen(&deferred, Happening::Offered, &offer(b"a")), Happening::Bounced, &later());
        assert_eq!(happen(&bounced, Happening::Restored, &later()).deferrals, 1);
    }

    #[test]
    fn requeues_count_in_a_row_and_only_where_they_count() {
        let offered = happen(&Standing::PLANNED, Happening::Offered, &offer(b"a"));
        let requeued = happen(&offered, Happening::Requeued, &later());
        let again = happen(&happen(&requeued, Happening::Offered, &offer(b"a")), Happening::Requeued, &later());
        assert_eq!((requeued.requeues, again.requeues), (1, 2));
        let free =
            happen(&happen(&again, Happening::Offered, &offer(b"a")), Happening::Requeued, &Particulars::default());
        assert_eq!(free.requeues, 2);
        let judged = happen(&happen(&free, Happening::Offered, &offer(b"a")), Happening::Deferred, &later());
        assert_eq!((judged.requeues, judged.deferrals), (0, 1));
    }

    #[test]
    fn every_later_offer_repeats_the_first() {
        let token = Token::parse("aaaaaaaaaaaaaaaa").unwrap();
        let offered = happen(&Standing::PLANNED, Happening::Offered, &offer(b"a"));
        let again = happen(&offered, Happening::Requeued, &later());
        for other in [offer(b"b"), Particulars::default()] {
            let error = again.after(&token, Timestamp::UNIX_EPOCH, Happening::Offered, &other).unwrap_err();
            assert!(matches!(error, LedgerError::WireChanged { .. }), "{error}");
        }
        let error = offered.after(&token, Timestamp::UNIX_EPOCH, Happening::Offered, &offer(b"a")).unwrap_err();
        assert!(matches!(error, LedgerError::Impossible { .. }), "{error}");
    }

    #[test]
    fn who_decides_to_tell_again_begins_again() {
        let offered = happen(&Standing::PLANNED, Happening::Offered, &offer(b"a"));
        let deferred = happen(&offered, Happening::Deferred, &later());
        let requeued = happen(&happen(&deferred, Happening::Offered, &offer(b"a")), Happening::Requeued, &later());
        assert_eq!((requeued.deferrals, requeued.requeues), (1, 1));
        let expired = happen(&requeued, Happening::Expired, &Particulars::default());
        let bounced = happen(&happen(&requeued, Happening::Offered, &offer(b"a")), Happening::Bounced, &later());
        for rests in [expired, bounced] {
            let again = happen(&rests, Happening::ResolvedResend, &Particulars::default());
            assert_eq!((again.state, again.deferrals, again.requeues), (State::Queued, 0, 0));
            // The message stays the one that was offered.
            assert_eq!(again.offer, rests.offer);
        }
    }

    #[test]
    fn doubt_is_marked_and_a_decision_ends_it() {
        let offered = happen(&Standing::PLANNED, Happening::Offered, &offer(b"a"));
        let doubted = happen(&offered, Happening::Doubted, &Particulars::default());
        assert!(doubted.doubted && doubted.state == State::Offered);
        for decision in [
            Happening::ResolvedResend,
            Happening::ResolvedLetStand,
            Happening::ProvedAccepted,
            Happening::ProvedNotAccepted,
        ] {
            assert!(!happen(&doubted, decision, &Particulars::default()).doubted);
        }
    }
}
