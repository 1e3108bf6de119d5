//! What is owed to one person: which laws reach them, what these ask a notice to say and forbid it to hold, and
//! whether an e-mail alone is enough.
//!
//! Requirements of several laws add up, and what one forbids beats what none requires. What one requires and
//! another forbids is settled by a person, and so is every question that a law leaves to judgement: here such a
//! question stays open until incident.toml has the answer. How words are made of it is templating's.

mod channel;
mod findings;
mod judge;
mod reach;
mod situation;
mod words;

pub use channel::{Mail, Way};
pub use findings::{Reader, findings};
pub use judge::{Check, Standing, Test, Verdict};
pub(crate) use reach::trigger;
pub use reach::{Reached, Reaching};
pub use situation::BySituation;
pub use words::Clash;

use crate::{
    incident::Incident,
    law::{Answer, ConsentKind, DataTrigger, Element, Exposed, Kind, Regime},
    recipient::{Recipient, Residence},
    variant::{ByLaw, Variant},
};
use jiff::{civil::Date, tz::TimeZone};
use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

/// Situations kept ready. A list has some hundreds; a hostile one is worked out row by row.
const SITUATIONS_MAX: usize = 1 << 16;

/// Works out what is owed to each person of an incident.
#[derive(Debug)]
pub struct Duties {
    incident: Incident,
    /// The laws that bind an organisation with its roles.
    binding: Vec<Binding>,
    /// The elements of the incident's own notice.
    own: Vec<String>,
    /// The day whose law is applied.
    day: Option<Date>,
    kept: RwLock<BySituation<Arc<Duty>>>,
}

/// A law that binds the organisation.
#[derive(Debug)]
struct Binding {
    regime: &'static Regime,
    /// The data that brings it into play, with what people have decided.
    trigger: DataTrigger,
}

/// What is owed to people who live in one place, whose data was exposed alike, and who agreed to the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Duty {
    /// Where they live.
    pub residence: Residence,
    /// Every law that reaches them or may, in the order of ids.
    pub reached: Vec<Reached>,
    /// Every rule that can be looked at, with what decides it.
    pub checks: Vec<Check>,
    /// How their notice differs from the incident's own.
    pub by_law: ByLaw,
    /// What one rule requires and another forbids, and nobody has settled.
    pub clashes: Vec<Clash>,
    /// Categories of data whose kind nobody has said, where that matters to a law.
    pub unmapped: Vec<String>,
    /// What each law that asks for notice says of e-mail.
    pub mail: Vec<Mail>,
    /// Which way they are told.
    pub way: Way,
}

impl Duties {
    /// Makes them for `incident` under these laws; `own` are the elements of the incident's own notice.
    pub fn new(incident: &Incident, regimes: &'static [Regime], own: Vec<String>) -> Self {
        let law = &incident.law;
        let clock = &incident.clock;
        let found = clock.discovered.known().or(clock.determined.as_ref()).or(clock.occurred.known());
        let bound = regimes.iter().filter(|regime| regime.applies.binds(&incident.roles));
        Self {
            incident: incident.clone(),
            binding: bound.map(|regime| Binding { regime, trigger: reach::trigger(regime, law) }).collect(),
            own,
            day: law
                .day
                .or_else(|| found.map(|when| when.first_day(clock.zone.as_ref().unwrap_or(&TimeZone::UTC)))),
            kept: RwLock::default(),
        }
    }

    /// Returns what is owed to `recipient`, from memory where it was worked out before.
    pub fn of(&self, recipient: &Recipient) -> Arc<Duty> {
        self.due(&recipient.residence, &recipient.data, &recipient.consent)
    }

    /// Returns what is owed to whoever lives there, lost these categories of data and agreed to this, from memory
    /// where it was worked out before.
    pub fn due(&self, residence: &Residence, data: &[String], consent: &[ConsentKind]) -> Arc<Duty> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(duty) = kept.get(residence, data, consent) {
            return Arc::clone(duty);
        }
        drop(kept);
        let duty = Arc::new(self.work_out(residence, data, consent));
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < SITUATIONS_MAX {
            kept.get_or_insert_with(residence, data, consent, || Arc::clone(&duty));
        }
        duty
    }

    /// Returns the one variant of `recipient`.
    pub fn variant(&self, recipient: &Recipient) -> Variant {
        Variant { by_law: self.of(recipient).by_law.clone(), ..Variant::of(&self.incident, recipient) }
    }

    /// Returns every law that reaches somebody who was asked about so far, or may, in the order of ids.
    pub fn used(&self) -> Vec<&'static Regime> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let ids = kept.values().flat_map(|duty| &duty.reached).map(|reached| reached.regime.id.as_str());
        let ids: BTreeSet<&str> = ids.collect();
        self.binding
            .iter()
            .map(|binding| binding.regime)
            .filter(|regime| ids.contains(regime.id.as_str()))
            .collect()
    }

    /// Returns every element that the notice of somebody may have, the incident's own first.
    pub fn possible(&self) -> Vec<String> {
        // What all of the incident's data together does not bring into play, no person's does.
        let all: Vec<String> = self.incident.categories.iter().map(|category| category.id.clone()).collect();
        let may_reach = |binding: &&Binding| binding.trigger.is_met(&self.exposed(&all, false)) != Answer::No;
        let further = self.binding.iter().filter(may_reach).flat_map(|binding| words::of_regime(binding.regime));
        let further: BTreeSet<Element> = further.collect();
        let further = further.iter().map(ToString::to_string).filter(|id| !self.own.contains(id));
        self.own.iter().cloned().chain(further).collect()
    }

    /// Returns every law whose headings somebody's notice may have.
    pub fn prescribing(&self) -> impl Iterator<Item = &'static Regime> {
        self.binding.iter().map(|binding| binding.regime).filter(|regime| words::prescribes(regime))
    }

    /// Returns the kinds of data of these categories; `readable` leaves out what was encrypted and stayed so.
    fn exposed(&self, data: &[String], readable: bool) -> Exposed {
        let law = &self.incident.law;
        let is_safe = |id: &String| law.key_taken == Answer::No && law.encrypted.contains(id);
        let ids = data.iter().filter(|id| !(readable && is_safe(id)));
        Exposed::of_ids_and(ids.map(String::as_str), &law.kinds)
    }

    fn work_out(&self, residence: &Residence, data: &[String], consent: &[ConsentKind]) -> Duty {
        let mut duty = Duty {
            residence: residence.clone(),
            reached: Vec::new(),
            checks: Vec::new(),
            by_law: ByLaw::default(),
            clashes: Vec::new(),
            unmapped: Vec::new(),
            mail: Vec::new(),
            way: Way::Email,
        };
        let mut draft = words::Draft::default();
        for binding in &self.binding {
            let exposed = self.exposed(data, binding.trigger.unless_encrypted);
            let Some(reached) = self.reach(binding, residence, &exposed) else { continue };
            if reached.data == Answer::Unknown {
                let unmapped = exposed.unmapped.iter().filter(|id| !duty.unmapped.contains(id));
                duty.unmapped.extend(unmapped.cloned().collect::<Vec<_>>());
            }
            if reached.standing == Reaching::Owed {
                self.ask(binding, &reached, &exposed, consent, &mut draft, &mut duty);
            }
            duty.reached.push(reached);
        }
        duty.way = self.way(&self.exposed(data, false), &duty);
        self.check_mail(&mut duty);
        self.settle(draft, &mut duty);
        duty
    }

    /// Adds all that a law asks which reaches the person.
    fn ask(
        &self,
        binding: &Binding,
        reached: &Reached,
        exposed: &Exposed,
        consent: &[ConsentKind],
        draft: &mut words::Draft,
        duty: &mut Duty,
    ) {
        let regime = binding.regime;
        self.check_duty(regime, reached, &mut duty.checks);
        let given = self.circumstances(binding, exposed);
        let mail = self.mail(regime, &given, consent);
        if let Some(mail) = &mail {
            draft.take_alternative(regime, mail);
        }
        duty.mail.extend(mail);
        if !reached.content_is_lifted {
            self.check_content(binding, &given, draft, &mut duty.checks);
            self.check_format(regime, draft, &mut duty.checks);
        }
    }
}

impl Duty {
    /// Returns the laws that ask for a notice to these people.
    pub fn owed(&self) -> impl Iterator<Item = &Reached> {
        self.reached.iter().filter(|reached| reached.standing == Reaching::Owed)
    }

    /// Returns whether no law asks for the notice, and none may.
    pub fn is_voluntary(&self) -> bool {
        !self.reached.iter().any(|reached| matches!(reached.standing, Reaching::Owed | Reaching::Open))
    }

    /// Returns how the notice stands in one word: `owed`, `open` where nobody can tell whether a law asks for it,
    /// `voluntary` where none does.
    pub fn word(&self) -> &'static str {
        if self.owed().next().is_some() {
            "owed"
        } else if self.is_voluntary() {
            "voluntary"
        } else {
            "open"
        }
    }
}

/// The kind of data with which a mailbox itself is lost.
const MAILBOX: Kind = Kind::MailboxLogin;

#[cfg(test)]
mod tests;
