//! Whether a plan may go to a relay: what `[approval]` asks for, what was signed, and whether that is enough.
//!
//! A release is an SSH signature over the plan's statement, or a signature on paper that somebody witnesses. All of it
//! is decided here, from bytes and with the time as an argument; who asks and who records is others' matter.

mod act;
mod judge;
mod rule;
mod signature;
mod signers;
mod statement;
#[cfg(test)]
mod tests;
mod words;

pub use act::{APPROVED, Act, Recorded, WITHDRAWN};
pub use judge::{Counted, How, Judgement, Lacking, NotCounted, Question, SetAside, judge};
pub(crate) use rule::read as read_rule;
pub use rule::{ApprovalRule, Asked, span};
pub use signature::{SIGNATURE_OCTETS_MAX, Signature, SignatureRefused};
pub use signers::{NAMESPACE, SIGNERS_MAX, Signer, SignerKey, is_role, read_signers};
pub use statement::statement;
pub use words::{are_plain_words_of, plain_words};

use crate::{delivery::Relay, incident::Incident};
use jiff::Timestamp;

/// Why a plan may not go to a relay. Nothing was handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// incident.toml has no `[approval]` table.
    #[error("incident.toml has no [approval] table: nobody is named who may release this plan")]
    NoRule,
    /// What was recorded is not enough.
    #[error("the plan is not released: {}", told(&.0.lacking))]
    Lacking(Judgement),
}

fn told(lacking: &[Lacking]) -> String {
    lacking.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What stands in packet and summary about the release of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// A rehearsal tells nobody and needs no release.
    Rehearsal,
    /// `[approval] none` says why nobody had to release it.
    NotNeeded {
        /// The reason, as written.
        reason: String,
    },
    /// These people released it.
    Approved(Judgement),
}

/// What a release is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// Signers that are kept outside the incident folder, where there are any.
    pub outside: Option<&'a [Signer]>,
    /// The statement of the plan.
    pub statement: &'a [u8],
    /// The plan's number in the ledger.
    pub plan: i64,
    /// What was recorded, of every plan.
    pub records: &'a [Recorded],
    /// The time.
    pub now: Timestamp,
}

impl Grounds<'_> {
    /// Returns everybody whose key counts by `rule`, a line for each as `ssh-keygen -Y verify` reads it.
    pub fn allowed_signers(&self, rule: &ApprovalRule) -> String {
        let inside = match rule {
            ApprovalRule::Asked(asked) => asked.signers.as_slice(),
            ApprovalRule::NotNeeded { .. } => &[],
        };
        let signers = judge::effective_signers(inside, self.outside);
        signers.iter().flat_map(|(signer, _)| [signer.line.as_str(), "\n"]).collect()
    }

    /// Judges what was recorded by what `rule` asks for; `None` where nobody has to release the plan.
    ///
    /// Signers that are kept outside are asked even where the folder says that nobody has to.
    pub fn judge(&self, rule: &ApprovalRule) -> Option<Judgement> {
        let of_one = Asked::of_one();
        let asked = match (rule, self.outside) {
            (ApprovalRule::Asked(asked), _) => asked,
            (ApprovalRule::NotNeeded { .. }, Some(_)) => &of_one,
            (ApprovalRule::NotNeeded { .. }, None) => return None,
        };
        let Self { outside, statement, plan, records, now } = *self;
        Some(judge(&Question { asked, outside, statement, plan, now }, records))
    }
}

/// Returns what releases the plan of `incident` for `relay`, or why nothing does.
pub fn release(incident: &Incident, relay: &Relay, grounds: &Grounds<'_>) -> Result<Release, NotApproved> {
    if *relay == Relay::Inbox {
        return Ok(Release::Rehearsal);
    }
    let rule = incident.approval.as_ref().ok_or(NotApproved::NoRule)?;
    match (grounds.judge(rule), rule) {
        (Some(judgement), _) if judgement.is_released() => Ok(Release::Approved(judgement)),
        (Some(judgement), _) => Err(NotApproved::Lacking(judgement)),
        (None, ApprovalRule::NotNeeded { reason }) => Ok(Release::NotNeeded { reason: reason.clone() }),
        (None, ApprovalRule::Asked(_)) => unreachable!("a rule that asks for people is judged"),
    }
}
