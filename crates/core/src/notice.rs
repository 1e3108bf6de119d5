//! A notice as the ledger keeps it and a run attempts it: its token, what is claimed, what is recorded.

use crate::{
    digest::Digest,
    recipient::Recipient,
    state::Happening,
    verdict::{Reply, Stage},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The public name of a notice: 16 lower-case base-32 characters derived from the plan's key and the row.
///
/// It stands in Message-ID, return path and `X-Forthwith-ID`, says nothing of the person, and is the only
/// name by which events speak of a notice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Token(String);

impl Token {
    /// Characters in a token.
    pub const LENGTH: usize = 16;

    /// Reads a token; `None` where it is not 16 characters of `a-z2-7`.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == Self::LENGTH && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
        fits.then(|| Self(text.to_owned()))
    }

    /// Returns the characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A notice that a run has claimed for an attempt.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The notice's row in the ledger.
    pub notice: i64,
    /// Its public name.
    pub token: Token,
    /// How often a relay has judged it so far (deferrals).
    pub deferrals: u32,
    /// How often in a row its line was lost before the dot.
    pub requeues: u32,
    /// When it is due; `None` means at once.
    pub due: Option<Timestamp>,
    /// SHA-256 over its message with the Date value masked, as it was planned.
    pub content: Digest,
    /// The Date that its first offer fixed, if it was ever offered.
    pub date: Option<Timestamp>,
    /// The person it is for.
    pub recipient: Recipient,
}

/// What a run appends to the ledger about one notice.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The notice's row in the ledger.
    pub notice: i64,
    /// Its public name.
    pub token: Token,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub happening: Happening,
    /// The particulars.
    pub particulars: Particulars,
}

/// The particulars of what happened to a notice.
#[derive(Clone, Debug, Default)]
pub struct Particulars {
    /// Where in the dialogue it happened.
    pub stage: Option<Stage>,
    /// What the relay said.
    pub reply: Option<Reply>,
    /// Why, where no reply says it: `connection reset`, `no reply within 600 s`.
    pub why: Option<String>,
    /// When the notice is due again.
    pub due: Option<Timestamp>,
    /// With an offer: the Date of the message, and the digest of all its bytes as they go out.
    pub offer: Option<(Timestamp, Digest)>,
    /// The connection, by its number in this run.
    pub connection: Option<u64>,
    /// Whether a requeue counts towards the limit of requeues in a row.
    pub counts: bool,
}

/// Why a row of the list has no notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Withheld {
    /// The same person at the same address stands in an earlier row, equal in all that a notice reads.
    Duplicate,
    /// `leave_out` in affected.toml names the row, with a reason.
    LeftOut,
    /// On a suppression list.
    Suppressed,
    /// The row has no e-mail address.
    NoAddress,
    /// The local part of the address is not ASCII, and a plan may not depend on what the network offers.
    NeedsSmtputf8,
    /// E-mail is not enough for this person.
    NeedsLetter,
    /// Accepted in an earlier wave.
    AlreadyTold,
    /// The login of the mailbox was taken: whoever has it would read the notice.
    Blocked,
}

impl Withheld {
    /// Returns the reason as programs know it: `no-address`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::LeftOut => "left-out",
            Self::Suppressed => "suppressed",
            Self::NoAddress => "no-address",
            Self::NeedsSmtputf8 => "needs-smtputf8",
            Self::NeedsLetter => "needs-letter",
            Self::AlreadyTold => "already-told",
            Self::Blocked => "blocked",
        }
    }

    /// Returns whether this person is owed the notice all the same, in another way than by e-mail.
    pub fn needs_letter(self) -> bool {
        match self {
            Self::Suppressed | Self::NoAddress | Self::NeedsSmtputf8 | Self::NeedsLetter | Self::Blocked => true,
            Self::Duplicate | Self::LeftOut | Self::AlreadyTold => false,
        }
    }
}
