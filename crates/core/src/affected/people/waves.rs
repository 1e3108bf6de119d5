//! What becomes of a row whose person an earlier wave knows.

use super::{
    Fated,
    before::{Earlier, Found, Told},
    cells::{Refusal, listed},
    keys::MailboxKey,
    one_row::{Mark, OneRow},
};
use crate::{
    affected::settings::{PendingBefore, SharedAddress},
    finding::Finding,
    notice::Withheld,
};
use std::collections::BTreeSet;

/// How many rows of a list each earlier wave knows, by what it did about them: `Told as usize` is the place.
pub type KnownBefore = [u64; Told::ALL.len()];

impl OneRow<'_, '_> {
    /// Returns the fate of a row whose person an earlier wave told, or may have told; `None` where it did not. `data` is
    /// what the row says was exposed of somebody who can be told.
    pub(super) fn told_before(
        &mut self,
        mailbox: Option<&MailboxKey>,
        data: Option<&[String]>,
    ) -> Result<Option<Fated>, Refusal> {
        let earlier = &self.judge.context.known.earlier;
        let id = self.cell(self.judge.columns.id);
        let found = earlier.iter().enumerate().filter_map(|(i, wave)| Some((i, wave.find(id, mailbox)?)));
        // The same person weighs more than a neighbour, whatever was done; then what was done counts.
        let weight = |(_, found): &(usize, Found)| match found {
            Found::Same { told, .. } => (true, *told),
            Found::Neighbour(told) => (false, *told),
        };
        let Some((i, found)) = found.max_by_key(weight) else { return Ok(None) };
        let wave = &earlier[i];
        let (told, data_there) = match found {
            Found::Same { told, data } => (told, data),
            Found::Neighbour(told) => match self.as_neighbour(told, wave)? {
                Some(told) => (told, None),
                None => return Ok(None),
            },
        };
        self.marks.push(Mark::Known(i, told));
        match told {
            Told::Accepted => {
                self.told_of_less(data, data_there.as_ref(), wave);
                Ok(Some(self.withheld(Withheld::AlreadyTold, format!("by {}: {}", wave.incident, wave.ledger))))
            }
            Told::InDoubt => Err(in_doubt(wave)),
            Told::Pending => match self.judge.context.settings.people.pending_before {
                Some(PendingBefore::TellHere) => Ok(None),
                None => Err(pending(wave)),
            },
            Told::LetStand => {
                let message = format!(
                    "{} may have told this person, and it was decided there not to tell them again; they are told here",
                    wave.incident
                );
                let hint = "leave the row out by name if that decision is to hold here too";
                self.found.push(Finding::warning("let-stand-before", self.place(None), message).hint(hint));
                Ok(None)
            }
            Told::Not => Ok(None),
        }
    }

    /// Returns what counts of somebody else at this row's address.
    fn as_neighbour(&self, told: Told, wave: &Earlier) -> Result<Option<Told>, Refusal> {
        if told <= Told::LetStand {
            return Ok(None);
        }
        match self.judge.context.settings.people.shared_address {
            Some(SharedAddress::OneNoticeEach) => Ok(None),
            Some(SharedAddress::FirstOnly) => Ok(Some(told)),
            None => {
                let message = format!("{} has somebody else at this row's address", wave.incident);
                let hint =
                    "decide in affected.toml: [people] shared_address = \"one-notice-each\" or \"first-only\"";
                Err(Refusal::new("email", "shared-address", message).hint(hint))
            }
        }
    }

    /// Warns where this list says that more data was exposed than the earlier notice named.
    fn told_of_less(&mut self, data: Option<&[String]>, there: Option<&BTreeSet<String>>, wave: &Earlier) {
        let (Some(data), Some(there)) = (data, there) else { return };
        let more: Vec<_> = data.iter().filter(|id| !there.contains(*id)).map(String::as_str).collect();
        if more.is_empty() {
            return;
        }
        let message =
            format!("{} told this person, and not of {}, which this list has", wave.incident, listed(&more));
        let hint = "nobody is told twice by default: tell them of it on another way, or take that ledger out of told_before";
        self.found.push(Finding::warning("told-of-less", self.place(Some("data")), message).hint(hint));
    }
}

fn in_doubt(wave: &Earlier) -> Refusal {
    let message = format!("{} may have told this person: their notice there is in doubt", wave.incident);
    let hint = format!("settle it there first, with `forthwith reconcile` or `forthwith resolve`: {}", wave.ledger);
    Refusal::row("in-doubt-before", message).hint(hint)
}

fn pending(wave: &Earlier) -> Refusal {
    let message = format!("{} has still to tell this person", wave.incident);
    let hint = format!(
        "let that plan come to rest ({}), or decide in affected.toml: [people] pending_before = \"tell-here\"",
        wave.ledger
    );
    Refusal::row("pending-before", message).hint(hint)
}
