//! Settles doubts from a relay's own record, the lines of a Postfix or the events of a provider: one conclusion for
//! each notice in doubt, and what became of accepted notices after the relay.
//!
//! It concludes only what the record proves, and says of the rest why it stays in doubt. It reads no file and no
//! clock: the octets, the relay's time zone and the time of reading are arguments.

mod events;
mod line;
mod onward;
mod postfix;
mod session;

pub use events::{EventExport, EventReading, Flaw, Place, Shown};
pub use onward::{Onward, Passage};
pub use postfix::{LogSettings, PostfixLog};

use crate::{digest::Digest, notice::Token, private::Private};
use jiff::{SignedDuration, Timestamp};
use session::{Ending, Session};
use std::{collections::BTreeMap, fmt};

/// Octets of a line that are read; Postfix itself cuts what it logs at 2,000 characters.
pub const LINE_OCTETS_MAX: usize = 8_192;

/// A notice in doubt, as the ledger knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The notice's public name.
    pub token: Token,
    /// When it was offered, in order; the last offer is the one in doubt.
    pub offers: Vec<Timestamp>,
    /// When its line was lost; `None` where the run was killed and nobody noted it.
    pub lost_at: Option<Timestamp>,
}

/// What the record says of one doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// The relay took the message.
    Accepted(Proof),
    /// The relay did not take it.
    NotAccepted(Proof),
    /// Nothing is proved: the notice stays in doubt.
    Open(WhyOpen),
}

/// The lines that prove a conclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The relay's queue id, or the provider's id of the message.
    pub queue_id: String,
    /// The lines of that queue id and its session, or the event, verbatim, each ended by LF.
    pub lines: Private<Vec<u8>>,
}

impl Proof {
    /// Returns the digest of the lines.
    pub fn digest(&self) -> Digest {
        Digest::of(self.lines.expose())
    }
}

/// Why a notice stays in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhyOpen {
    /// No line bears its Message-ID.
    NoTrace,
    /// Fewer sessions bear its Message-ID than offers were made within the time that clocks may differ.
    OtherOffer,
    /// The lines that bear its Message-ID are not of the last offer's time.
    OtherTime,
    /// The session's begin or end is missing, or its time cannot be told.
    SessionOpen,
    /// The session's last line does not count its commands, as Postfix before 3.0.
    NotCounted,
    /// The session took another number of messages than became active: lines are missing, or messages are held.
    CountsDiffer,
    /// The log ends too soon after the line was lost.
    EndsTooSoon,
    /// More was under way in the log than is kept in memory.
    TooMuch,
    /// No event bears its token.
    NoEvent,
}

impl fmt::Display for WhyOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoTrace => "no line of the log bears its Message-ID",
            Self::OtherOffer => "it was offered more than once at about that time, and the log shows fewer lines",
            Self::OtherTime => "the log shows its Message-ID, but not at the time of the last offer",
            Self::SessionOpen => "the log does not show its connection from beginning to end",
            Self::NotCounted => "the relay's last line about its connection does not count what it took",
            Self::CountsDiffer => "the relay took another number of messages than the log shows to be queued",
            Self::EndsTooSoon => "the log ends too soon after the line was lost",
            Self::TooMuch => "too much was under way in the log at once to be followed",
            Self::NoEvent => "no event shows it, which proves nothing: an export need not be whole",
        })
    }
}

/// What a log says.
#[derive(Clone, Debug)]
pub struct LogReading {
    /// The lines read.
    pub lines: u64,
    /// The lines that were understood as Postfix's.
    pub understood: u64,
    /// The time of the first and the last understood line.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Messages that bear no Message-ID of this incident's: other mail, and bounces of it.
    pub others: u64,
    /// What became of our notices after the relay, by their latest queue id.
    pub onward: BTreeMap<Token, Onward>,
    found: BTreeMap<Token, Vec<Found>>,
    ends: BTreeMap<String, Timestamp>,
    is_whole: bool,
}

/// One stay of a message in the relay's queue, with our Message-ID.
#[derive(Clone, Debug)]
struct Found {
    queue_id: String,
    is_active: bool,
    lines: Vec<u8>,
    session: Option<Session>,
}

impl Found {
    fn proof(&self) -> Proof {
        Proof { queue_id: self.queue_id.clone(), lines: Private::new(self.lines.clone()) }
    }
}

impl LogReading {
    /// Returns what the log proves of `doubt`, where the relay's clock and ours differ by less than `skew`.
    ///
    /// Acceptance is proved by `(queue active)` alone. Non-acceptance is proved by the whole of the session that
    /// bore the message: it ended, and it took exactly the messages that became active, of which ours is none.
    pub fn conclude(&self, doubt: &Doubt, skew: SignedDuration) -> Conclusion {
        let Some(found) = self.found.get(&doubt.token).filter(|found| !found.is_empty()) else {
            return Conclusion::Open(if self.is_whole { WhyOpen::NoTrace } else { WhyOpen::TooMuch });
        };
        if let Some(active) = found.iter().find(|found| found.is_active) {
            return Conclusion::Accepted(active.proof());
        }
        match self.refused(doubt, found, skew) {
            Ok(proof) => Conclusion::NotAccepted(proof),
            Err(why) => Conclusion::Open(why),
        }
    }

    fn refused(&self, doubt: &Doubt, found: &[Found], skew: SignedDuration) -> Result<Proof, WhyOpen> {
        if !self.is_whole {
            return Err(WhyOpen::TooMuch);
        }
        let Some(offer) = doubt.offers.last().copied() else { return Err(WhyOpen::OtherTime) };
        let mut bearing = Vec::new();
        for found in found {
            let session = found.session.as_ref().ok_or(WhyOpen::SessionOpen)?;
            let Some((begin, ending)) = session.whole() else { return Err(WhyOpen::SessionOpen) };
            if begin <= later(offer, skew) && later(ending.at, skew) >= offer {
                bearing.push((found, session, ending));
            }
        }
        let Some((last, ..)) = bearing.last() else { return Err(WhyOpen::OtherTime) };
        let since = later(offer, -(skew + skew));
        if bearing.len() < doubt.offers.iter().filter(|at| **at >= since).count() {
            return Err(WhyOpen::OtherOffer);
        }
        for (_, session, ending) in &bearing {
            self.accounted(doubt, session, ending, skew)?;
        }
        Ok(last.proof())
    }

    /// Holds that the log shows all that the session took, and goes on after it.
    fn accounted(
        &self,
        doubt: &Doubt,
        session: &Session,
        ending: &Ending,
        skew: SignedDuration,
    ) -> Result<(), WhyOpen> {
        let taken = ending.taken.ok_or(WhyOpen::NotCounted)?;
        if taken != session.active {
            return Err(WhyOpen::CountsDiffer);
        }
        let lost = doubt.lost_at.map_or(ending.at, |lost| lost.max(ending.at));
        let goes_on = self.ends.get(&session.host).is_some_and(|end| *end > later(lost, skew));
        if goes_on { Ok(()) } else { Err(WhyOpen::EndsTooSoon) }
    }
}

/// Returns the moment `by` after `at`, at most the last that there is.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests;
