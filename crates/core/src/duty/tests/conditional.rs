//! Every rule on content that has a condition: somebody meets it and gets what it asks, somebody else does not.
//!
//! The people are made from the regimes' own files, so that a new rule is tested the day it is written down.

use super::*;
use crate::{
    incident::KNOWN_CATEGORIES,
    law::{Condition, ContentRule, Pattern, Role, kinds_of},
};

/// Returns the categories of our own that are of these kinds.
pub(super) fn categories(kinds: &[Kind]) -> BTreeSet<&'static str> {
    let of = |kind: &Kind| -> Vec<&'static str> {
        let is_of = |id: &str| kinds_of(id).is_some_and(|(certain, _)| certain.contains(kind));
        match kind {
            Kind::Any => vec!["email"],
            Kind::Credentials => vec!["email", "password"],
            _ => KNOWN_CATEGORIES.iter().map(|category| category.id).find(|id| is_of(id)).into_iter().collect(),
        }
    };
    kinds.iter().flat_map(of).collect()
}

/// What a condition speaks of.
#[derive(Default)]
pub(super) struct Spoken {
    data: Vec<Vec<Kind>>,
    roles: BTreeSet<Role>,
    pub(super) questions: Vec<String>,
}

impl Spoken {
    fn of(rule: &ContentRule, regime: &Regime) -> Self {
        let mut spoken = Self::default();
        spoken.hear(&rule.when);
        spoken.questions.extend(regime.applies.data.if_decided.iter().map(|decided| decided.question.clone()));
        spoken
    }

    pub(super) fn hear(&mut self, condition: &Condition) {
        match condition {
            Condition::DataHas(sets) => self.data.extend(sets.iter().cloned()),
            Condition::DataOnly(kinds) => self.data.push(kinds.clone()),
            Condition::Role(role) => _ = self.roles.insert(*role),
            Condition::Decided(question) => self.questions.push(question.clone()),
            Condition::All(all) | Condition::AnyOf(all) => all.iter().for_each(|condition| self.hear(condition)),
            Condition::Not(condition) => self.hear(condition),
            Condition::Always | Condition::SenderWasSource => {}
        }
    }
}

/// Returns sets of categories that may bring a regime into play, with and without what the rule speaks of.
pub(super) fn exposed(regime: &Regime, spoken: &Spoken) -> BTreeSet<Vec<&'static str>> {
    let data = &regime.applies.data;
    let triggers = data.any_of.iter().chain(data.if_decided.iter().flat_map(|decided| &decided.any_of));
    let more = || std::iter::once(&[][..]).chain(spoken.data.iter().map(Vec::as_slice));
    let sets =
        triggers.flat_map(|trigger| more().map(|more| categories(trigger).into_iter().chain(categories(more))));
    sets.map(|set| set.collect::<BTreeSet<_>>().into_iter().collect()).collect()
}

/// Returns a place where the regime holds for certain.
pub(super) fn somewhere(regime: &Regime) -> &str {
    match regime.applies.residence.first() {
        // Another law holds in Quebec, so that the country alone is not enough.
        Some(Pattern::Area(area)) if area.code() == "CA" => "CA-ON",
        Some(Pattern::Area(area)) => area.code(),
        Some(Pattern::In(_)) => "DE",
        _ => "US-CA",
    }
}

/// Returns an organisation that the regime binds, with or without the roles of which the rule speaks.
pub(super) fn organisation(regime: &Regime, spoken: &Spoken, has_roles: bool, answer: bool) -> Incident {
    organisation_with(regime, spoken, has_roles, answer, "")
}

/// Does what [`organisation`] does, with more of what the law needs to know.
pub(super) fn organisation_with(
    regime: &Regime,
    spoken: &Spoken,
    has_roles: bool,
    answer: bool,
    more_law: &str,
) -> Incident {
    let binding = regime.applies.roles.first().copied().unwrap_or(Role::Owner);
    let more = spoken.roles.iter().copied().filter(|role| has_roles && *role != binding);
    let roles: Vec<_> = std::iter::once(binding).chain(more).map(|role| format!("\"{role}\"")).collect();
    let decision = |question: &String| {
        let id = &regime.id;
        format!(
            "{{ kind = \"question\", about = \"{question}\", regimes = [\"{id}\"], answer = {answer}, by = \"A. Ash, counsel\", on = 2026-03-04, reason = \"x\" }}"
        )
    };
    let decisions: BTreeSet<String> = spoken.questions.iter().map(decision).collect();
    let decisions: Vec<String> = decisions.into_iter().collect();
    let law = format!(
        "roles = [{}]\nsender_was_source = {answer}\nday = 2027-06-01\n{more_law}\ndecisions = [{}]",
        roles.join(", "),
        decisions.join(", ")
    );
    let categories = KNOWN_CATEGORIES.map(|category| category.id);
    incident_with(&categories, &law)
}

/// Whether the rule is among those that are looked at for a person, for certain; `None` where its law does not ask.
fn is_asked(regime: &Regime, number: usize, duty: &Duty) -> Option<bool> {
    duty.owed().find(|reached| reached.regime.id == regime.id)?;
    let name = format!("content {number}");
    let of_rule = duty.checks.iter().filter(|check| check.regime.id == regime.id && check.rule == name);
    let is_sure = |check: &Check| match check.test {
        Test::SilentIfAsked(_) => false,
        // For how many months something is offered is open here, not whether the law asks for it.
        Test::Decide => check.fact.contains("months"),
        _ => true,
    };
    Some(of_rule.into_iter().any(is_sure))
}

/// Returns whether the notice has what the rule asks for, or lacks what it forbids.
fn is_followed(rule: &ContentRule, duty: &Duty) -> bool {
    let by_law = &duty.by_law;
    let has = |element: &Element| {
        let is_own = OWN.contains(&element.word()) && !by_law.dropped.contains(element);
        is_own || by_law.added.contains(element) || duty.clashes.iter().any(|clash| clash.element == *element)
    };
    match &rule.effect {
        Effect::Require(all) | Effect::IfKnown(all) | Effect::PerRecipient(all) | Effect::ReplaceWith(all) => {
            all.iter().all(has)
        }
        Effect::OneOf(any) => any.iter().any(has),
        Effect::CreditMonitoring { .. } => has(&Element::CreditMonitoringOffer),
        Effect::Forbid(matters) => !matters.iter().flat_map(|matter| matter.elements()).any(has),
        Effect::Advise(_) => true,
    }
}

#[test]
fn every_conditional_rule_has_somebody_who_meets_it_and_somebody_who_does_not() {
    let mut looked_at = 0;
    for regime in shipped().iter().filter(|regime| regime.individual().is_some()) {
        let conditional = regime.content.iter().enumerate();
        let conditional = conditional
            .filter(|(_, rule)| rule.when != Condition::Always && !matches!(rule.effect, Effect::Advise(_)));
        for (i, rule) in conditional {
            let (mut met, mut unmet) = (false, false);
            let spoken = Spoken::of(rule, regime);
            for (has_roles, answer) in [(true, true), (false, true), (true, false), (false, false)] {
                let incident = organisation(regime, &spoken, has_roles, answer);
                let duties = Duties::new(&incident, shipped(), OWN.map(str::to_owned).to_vec());
                for data in exposed(regime, &spoken) {
                    let duty = duties.of(&person(somewhere(regime), &data, &[ConsentKind::Esign]));
                    match is_asked(regime, i + 1, &duty) {
                        Some(true) => {
                            assert!(is_followed(rule, &duty), "{} content {}: {data:?} {duty:?}", regime.id, i + 1);
                            met = true;
                        }
                        Some(false) => unmet = true,
                        None => {}
                    }
                }
            }
            assert!(met, "{}: nobody meets content {}", regime.id, i + 1);
            assert!(unmet, "{}: everybody meets content {}", regime.id, i + 1);
            looked_at += 1;
        }
    }
    assert!(looked_at > 20, "{looked_at}");
}
