//! Whether a plan may go to a relay: what `[approval]` asks for, and whether it is there.

use crate::{
    delivery::Relay,
    incident::{ApprovalRule, Incident},
};

/// Why a plan may not go to a relay. Nothing was handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// incident.toml has no `[approval]` table.
    #[error("incident.toml has no [approval] table: nobody is named who may release this plan")]
    NoRule,
    /// Signers are asked for, and this version reads no signatures.
    #[error("[approval] asks for signers, and this version of forthwith does not read signatures yet")]
    SignersAsked,
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
}

/// Returns what releases the plan of `incident` for `relay`, or why nothing does.
pub fn release(incident: &Incident, relay: &Relay) -> Result<Release, NotApproved> {
    if *relay == Relay::Inbox {
        return Ok(Release::Rehearsal);
    }
    match &incident.approval {
        None => Err(NotApproved::NoRule),
        Some(ApprovalRule::Signers) => Err(NotApproved::SignersAsked),
        Some(ApprovalRule::NotNeeded { reason }) => Ok(Release::NotNeeded { reason: reason.clone() }),
    }
}
