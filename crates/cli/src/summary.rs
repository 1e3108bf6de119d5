//! Where a plan stands: the same for `status` and for the end of `notify`, for people and for programs.

use crate::{
    exit::{CommandError, Exit},
    holding,
    ledgers::{self, Stage},
    terminal::{counted, grouped},
};
use forthwith_core::{digest::Digest, hold::Hold, notice::Withheld};
use forthwith_ledger::sqlite::{Counts, CurrentPlan, LedgerReader, LeftRelay};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where a plan stands.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Whether people are told, or it is a rehearsal.
    pub stage: Stage,
    /// The plan's digest.
    pub digest: Digest,
    /// Rows of the list.
    pub rows: u64,
    /// Notices owed.
    pub planned: u64,
    /// Rows withheld, by reason.
    pub withheld: BTreeMap<Withheld, u64>,
    /// Notices by state.
    pub counts: Counts,
    /// What is known of them after the relay, where its record was read.
    pub left_relay: Option<LeftRelay>,
    /// The holds that stand.
    pub holds: Vec<Hold>,
}

impl Summary {
    /// Reads where the plan stands.
    pub fn read(reader: &LedgerReader, plan: &CurrentPlan, stage: Stage) -> Result<Self, CommandError> {
        Ok(Self {
            stage,
            digest: plan.frozen.digest,
            rows: plan.rows,
            planned: plan.planned,
            withheld: plan.withheld.clone(),
            counts: reader.counts().map_err(ledgers::failed)?,
            left_relay: reader.left_relay().map_err(ledgers::failed)?,
            holds: holding::standing(reader, stage, Timestamp::now())?,
        })
    }

    /// Returns the object that programs rely on; more keys may be added to it.
    pub fn json(&self) -> Value {
        let counts = &self.counts;
        let withheld: BTreeMap<_, _> =
            self.withheld.iter().map(|(reason, count)| (reason.reason(), count)).collect();
        json!({
            "rehearsal": self.stage == Stage::Rehearsal,
            "digest": self.digest.to_string(),
            "rows": self.rows,
            "planned": self.planned,
            "refused": 0,
            "withheld": withheld,
            "states": {
                "queued": counts.queued, "deferred": counts.deferred, "in_flight": counts.in_flight,
                "in_doubt": counts.in_doubt, "accepted": counts.accepted, "bounced": counts.bounced,
                "expired": counts.expired, "let_stand": counts.let_stand,
            },
            "holds": holding::json(&self.holds),
        })
    }

    /// Returns the lines that people read; a hold comes first, then what is in doubt.
    pub fn lines(&self) -> Vec<String> {
        let counts = &self.counts;
        let mut lines = Vec::new();
        if self.stage == Stage::Rehearsal {
            lines.push("Rehearsal: captured here, nobody was told".to_owned());
        }
        lines.extend(holding::lines(&self.holds));
        if counts.in_doubt > 0 {
            let doubts = counted(counts.in_doubt, "notice");
            lines.push(format!("IN DOUBT  {doubts}: the line broke at the final dot; they may or may not be told"));
        }
        let withheld: u64 = self.withheld.values().sum();
        lines.push(format!("{:>11}  rows in the list", grouped(self.rows)));
        for (reason, count) in &self.withheld {
            lines.push(format!("{:>11}  withheld: {}", grouped(*count), in_words(*reason)));
        }
        debug_assert_eq!(self.rows, self.planned + withheld, "a frozen plan refuses no row");
        lines.push(format!("{:>11}  notices planned", grouped(self.planned)));
        let accepted = match self.stage {
            Stage::Real => "accepted by the relay (not: delivered)",
            Stage::Rehearsal => "accepted by the built-in inbox",
        };
        for (count, words) in [
            (counts.accepted, accepted),
            (counts.queued, "queued"),
            (counts.deferred, "deferred: refused for now, tried again"),
            (counts.in_flight, "in flight"),
            (counts.in_doubt, "in doubt"),
            (counts.bounced, "bounced: the relay refused them for good"),
            (counts.expired, "expired: given up"),
            (counts.let_stand, "let stand by decision"),
        ] {
            if count > 0 || words == accepted {
                lines.push(format!("{:>11}  {words}", grouped(count)));
            }
        }
        if let Some(left) = &self.left_relay {
            lines.push(in_transit(left, counts.accepted));
        }
        lines
    }

    /// Returns what is known of notices after the relay; null where its record was not read.
    pub fn left_relay_json(&self) -> Value {
        json!(self.left_relay.map(|left| json!({
            "passed_on": left.passed_on, "waiting": left.waiting, "returned": left.returned,
            "read_at": left.read_at.to_string(),
        })))
    }

    /// Returns the exit code of a plan that rests like this.
    pub fn exit(&self) -> Exit {
        if self.counts.accepted == self.planned { Exit::Done } else { Exit::Incomplete }
    }

    /// Returns whether nothing is left to attempt.
    pub fn is_at_rest(&self) -> bool {
        self.counts.queued + self.counts.deferred + self.counts.in_flight == 0
    }
}

fn in_transit(left: &LeftRelay, accepted: u64) -> String {
    let others = match (left.waiting, left.returned) {
        (0, 0) => String::new(),
        (waiting, returned) => format!("; {} wait there, {} came back", grouped(waiting), grouped(returned)),
    };
    let (passed_on, accepted) = (grouped(left.passed_on), grouped(accepted));
    format!("Left the relay: {passed_on} of {accepted}{others} (by its own record, read {:.0})", left.read_at)
}

/// Returns why a row has no notice, as people say it.
pub fn in_words(reason: Withheld) -> &'static str {
    match reason {
        Withheld::Duplicate => "duplicate, merged into an earlier row",
        Withheld::LeftOut => "left-out, named in affected.toml",
        Withheld::Suppressed => "suppressed",
        Withheld::NoAddress => "no-address, the row has no e-mail address",
        Withheld::NeedsSmtputf8 => "needs-smtputf8, the address is not ASCII before the @",
        Withheld::NeedsLetter => "needs-letter",
        Withheld::AlreadyTold => "already-told in an earlier wave",
        Withheld::Blocked => "blocked: the login of the mailbox was taken",
    }
}
