//! What the laws that reach a person ask a notice to say and forbid it to hold, put together.
//!
//! Presence is a matter of structure: an element says what its id says. Which words it has is not known here.

use super::{
    Binding, Duties, Duty,
    channel::Mail,
    judge::{Check, Test},
};
use crate::{
    incident::{Decision, Question},
    law::{Answer, Circumstances, Condition, ContentRule, Effect, Element, Exposed, Forbidden, Regime, Word},
};
use std::collections::{BTreeMap, BTreeSet};

/// The elements whose words depend on where the person lives.
const OF_A_PLACE: [Element; 2] = [Element::AgContact, Element::StateAgencyContacts];

/// What one rule requires and another forbids, for the same person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clash {
    /// The element.
    pub element: Element,
    /// The law that requires it, and its citation.
    pub required: (&'static str, &'static str),
    /// The law that forbids what it says, and its citation.
    pub forbidden: (&'static str, &'static str),
}

/// All that laws ask of one notice, as it is gathered.
#[derive(Debug, Default)]
pub(super) struct Draft {
    wanted: Vec<(Element, &'static str, &'static str)>,
    /// Of each group one is enough.
    any_of: Vec<(Vec<Element>, &'static str, &'static str)>,
    barred: Vec<(Element, &'static str, &'static str)>,
    /// The laws that prescribe headings.
    prescribing: Vec<&'static Regime>,
}

/// Returns whether a law prescribes headings.
pub(super) fn prescribes(regime: &Regime) -> bool {
    regime.format.as_ref().is_some_and(|format| !format.headings.is_empty())
}

/// Returns every element that a law may ask for.
pub(super) fn of_regime(regime: &Regime) -> Vec<Element> {
    let mut elements = Vec::new();
    for rule in &regime.content {
        match &rule.effect {
            Effect::Require(all)
            | Effect::IfKnown(all)
            | Effect::PerRecipient(all)
            | Effect::OneOf(all)
            | Effect::ReplaceWith(all) => elements.extend(all),
            Effect::CreditMonitoring { .. } => elements.push(Element::CreditMonitoringOffer),
            Effect::Advise(_) | Effect::Forbid(_) => {}
        }
    }
    let alternatives = regime.manner.iter().flat_map(|manner| &manner.email.allow_if);
    elements.extend(alternatives.flat_map(|alternative| &alternative.require));
    elements
}

impl Draft {
    /// Takes what the way by e-mail asks of its message.
    pub(super) fn take_alternative(&mut self, regime: &'static Regime, mail: &Mail) {
        let Some(alternative) = mail.by else { return };
        let cite = mail.cite;
        self.wanted.extend(alternative.require.iter().map(|element| (*element, regime.id.as_str(), cite)));
        let barred = alternative.forbid.iter().flat_map(|matter| matter.elements());
        self.barred.extend(barred.map(|element| (*element, regime.id.as_str(), cite)));
    }
}

impl Duties {
    /// Returns what the conditions of a law are judged by.
    pub(super) fn circumstances<'a>(&'a self, binding: &'a Binding, exposed: &'a Exposed) -> Circumstances<'a> {
        let law = &self.incident.law;
        let sender_was_source = law.sender_was_source;
        Circumstances { trigger: &binding.trigger, exposed, roles: &self.incident.roles, sender_was_source }
    }

    /// Returns whether a condition of a law holds, with what people have decided, and the first question in it that
    /// nobody has answered.
    pub(super) fn holds(
        &self,
        condition: &Condition,
        regime: &Regime,
        given: &Circumstances<'_>,
    ) -> (Answer, Option<Question>) {
        let each = |all: &[Condition]| -> Vec<(Answer, Option<Question>)> {
            all.iter().map(|condition| self.holds(condition, regime, given)).collect()
        };
        let joined = |parts: Vec<(Answer, Option<Question>)>, answer: Answer| {
            let mut open = parts.into_iter().filter(|_| answer == Answer::Unknown);
            (answer, open.find_map(|(_, question)| question))
        };
        match condition {
            Condition::Decided(asked) => {
                let question = Question::Asked(asked.clone());
                match self.incident.law.decided(&question, &regime.id) {
                    Some(decision) => (decision.answer.into(), None),
                    None => (Answer::Unknown, Some(question)),
                }
            }
            Condition::All(all) => {
                let parts = each(all);
                let answer = Answer::all(parts.iter().map(|(answer, _)| *answer));
                joined(parts, answer)
            }
            Condition::AnyOf(any) => {
                let parts = each(any);
                let answer = Answer::any(parts.iter().map(|(answer, _)| *answer));
                joined(parts, answer)
            }
            Condition::Not(condition) => {
                let (answer, question) = self.holds(condition, regime, given);
                (!answer, question)
            }
            _ => (condition.holds(given), None),
        }
    }

    /// Returns the first decision that a condition was judged by.
    fn answered(&self, condition: &Condition, regime: &Regime) -> Option<&Decision> {
        match condition {
            Condition::Decided(asked) => self.incident.law.decided(&Question::Asked(asked.clone()), &regime.id),
            Condition::All(all) | Condition::AnyOf(all) => all.iter().find_map(|one| self.answered(one, regime)),
            Condition::Not(condition) => self.answered(condition, regime),
            _ => None,
        }
    }

    /// Adds what a law asks of the words.
    pub(super) fn check_content(
        &self,
        binding: &Binding,
        given: &Circumstances<'_>,
        draft: &mut Draft,
        checks: &mut Vec<Check>,
    ) {
        let regime = binding.regime;
        let replaced = regime.content.iter().any(|rule| {
            matches!(rule.effect, Effect::ReplaceWith(_)) && self.holds(&rule.when, regime, given).0 == Answer::Yes
        });
        for (i, rule) in regime.content.iter().enumerate() {
            let (answer, question) = self.holds(&rule.when, regime, given);
            let is_replaced = replaced
                && matches!(
                    rule.effect,
                    Effect::Require(_) | Effect::IfKnown(_) | Effect::PerRecipient(_) | Effect::OneOf(_)
                );
            if answer == Answer::No || is_replaced {
                continue;
            }
            let decision = self.answered(&rule.when, regime).filter(|_| answer == Answer::Yes).cloned();
            let rule =
                Rule { regime, content: rule, name: format!("content {}", i + 1), answer, question, decision };
            self.check_rule(&rule, draft, checks);
        }
    }

    fn check_rule(&self, rule: &Rule, draft: &mut Draft, checks: &mut Vec<Check>) {
        let id = rule.regime.id.as_str();
        let cite = rule.content.basis.cite.as_str();
        let is_sure = rule.answer == Answer::Yes;
        match &rule.content.effect {
            Effect::Require(elements) | Effect::PerRecipient(elements) | Effect::ReplaceWith(elements) => {
                for element in elements {
                    if is_sure {
                        draft.wanted.push((*element, id, cite));
                        checks.push(rule.check(*element).tested(Some(*element), Test::Says(vec![*element])));
                    } else {
                        checks.push(rule.if_asked(*element));
                    }
                }
            }
            Effect::IfKnown(elements) => {
                for element in elements {
                    if is_sure {
                        draft.wanted.push((*element, id, cite));
                    }
                    let question = Question::Silence(*element);
                    let decision = self.incident.law.decided(&question, id).cloned();
                    let test = Test::SaysIfKnown(*element);
                    checks.push(Check {
                        question: Some(question),
                        decision,
                        ..rule.check(*element).tested(Some(*element), test)
                    });
                }
            }
            Effect::OneOf(elements) => {
                if is_sure {
                    draft.any_of.push((elements.clone(), id, cite));
                }
                let says: Vec<_> = elements.iter().map(|element| element.says()).collect();
                let check = rule.said(format!("says one of these: {}", says.join("; ")));
                checks.push(check.tested(None, if is_sure { Test::Says(elements.clone()) } else { Test::Decide }));
            }
            Effect::CreditMonitoring { months } => self.check_monitoring(rule, *months, draft, checks),
            Effect::Forbid(matters) => {
                for matter in matters {
                    self.check_forbidden(rule, *matter, draft, checks);
                }
            }
            Effect::Advise(_) => {}
        }
    }

    fn check_monitoring(&self, rule: &Rule, months: u32, draft: &mut Draft, checks: &mut Vec<Check>) {
        let element = Element::CreditMonitoringOffer;
        let check = rule.said(format!("offers a free service against identity theft for at least {months} months"));
        let check = Check { element: Some(element), ..check };
        if rule.answer != Answer::Yes {
            checks.push(check.settled(Test::Decide, &rule.unsure()));
            return;
        }
        draft.wanted.push((element, &rule.regime.id, &rule.content.basis.cite));
        let offered = self.incident.offer.as_ref().map(|offer| offer.months);
        let fact = offered.map(|offered| format!("{offered} months are offered"));
        checks.push(match offered {
            Some(offered) if offered >= months => check.tested(Some(element), Test::Says(vec![element])),
            offered => {
                let fact = fact.unwrap_or_else(|| "nobody has said for how many months it is offered".to_owned());
                let test = if offered.is_some() { Test::NotMet } else { Test::Decide };
                Check { decision: None, ..check.settled(test, &fact) }
            }
        });
    }

    fn check_forbidden(&self, rule: &Rule, matter: Forbidden, draft: &mut Draft, checks: &mut Vec<Check>) {
        let id = rule.regime.id.as_str();
        let elements = matter.elements();
        let check = rule.said(format!("holds nothing of this: {}", matter.says()));
        if elements.is_empty() {
            let question = Question::FreeOf(matter);
            let decision = self.incident.law.decided(&question, id);
            checks.push(check.open(question, decision, "no element says it; words may"));
        } else if rule.answer == Answer::Yes {
            draft.barred.extend(elements.iter().map(|element| (*element, id, rule.content.basis.cite.as_str())));
            checks.push(check.clone().tested(None, Test::Silent(elements.to_vec())));
            // What an element says is known; what somebody wrote in words of their own is not.
            if !self.incident.notice.statements.is_empty() {
                let question = Question::FreeOf(matter);
                let decision = self.incident.law.decided(&question, id);
                checks.push(check.open(question, decision, "words of your own may say it"));
            }
        } else {
            let test = Test::SilentIfAsked(elements.to_vec());
            checks.push(Check { question: rule.question.clone(), ..check.tested(None, test) });
        }
    }

    /// Adds what a law asks of the looks.
    pub(super) fn check_format(&self, regime: &'static Regime, draft: &mut Draft, checks: &mut Vec<Check>) {
        let Some(format) = &regime.format else { return };
        let mut ask = |question: Question, asks: &str, fact: &str| {
            let decision = self.incident.law.decided(&question, &regime.id);
            checks
                .push(Check::new(regime, "format", &format.basis, asks.to_owned()).open(question, decision, fact));
        };
        if format.plain_language {
            ask(Question::PlainLanguage, "asks for plain language", "a score is no judgement");
        }
        if format.conspicuous || format.min_points.is_some() {
            let size = format.min_points.map(|points| format!(", in type of at least {points} points"));
            let asks = format!("asks that it stands out{}", size.unwrap_or_default());
            ask(Question::Form, &asks, "how it looks is the reader's program's");
        }
        if format.dedicated {
            let check = Check::new(regime, "format", &format.basis, "asks for a message of its own".to_owned());
            checks.push(check.settled(Test::Met, "the message is the notice and nothing else"));
        }
        if prescribes(regime) {
            draft.prescribing.push(regime);
        }
    }

    /// Puts together what was gathered: what the notice has besides its own elements, and which of them it lacks.
    pub(super) fn settle(&self, draft: Draft, duty: &mut Duty) {
        let barred: BTreeMap<Element, (&str, &str)> =
            draft.barred.iter().map(|(element, id, cite)| (*element, (*id, *cite))).collect();
        let mut said: BTreeSet<Element> = BTreeSet::new();
        let mut wanted = draft.wanted;
        for (group, id, cite) in &draft.any_of {
            let free = |element: &&Element| !barred.contains_key(*element);
            let is_own = |element: &&Element| self.own.contains(&element.to_string());
            let chosen = group.iter().filter(free).find(is_own).or_else(|| group.iter().find(free));
            wanted.extend(chosen.or(group.first()).map(|element| (*element, *id, *cite)));
        }
        for (element, id, cite) in wanted {
            let Some(forbidden) = barred.get(&element) else {
                said.insert(element);
                continue;
            };
            let question = Question::Clash(element);
            let decide = |id: &str| self.incident.law.decided(&question, id).cloned();
            let decision = decide(id).or_else(|| decide(forbidden.0));
            if decision.as_ref().is_some_and(|decision| decision.answer) {
                said.insert(element);
            }
            if decision.is_none() {
                duty.clashes.push(Clash { element, required: (id, cite), forbidden: *forbidden });
            }
            settle_checks(&mut duty.checks, element, &question, decision.as_ref());
        }
        duty.clashes.sort();
        duty.clashes.dedup();
        let is_own = |element: &Element| self.own.contains(&element.to_string());
        let dropped = barred.keys().filter(|element| !said.contains(element));
        duty.by_law.dropped = dropped.filter(|element| is_own(element)).copied().collect();
        let depends = OF_A_PLACE.iter().any(|element| said.contains(element));
        duty.by_law.place = depends.then(|| duty.residence.code());
        duty.by_law.added = said.into_iter().filter(|element| !is_own(element)).collect();
        self.settle_headings(&draft.prescribing, duty);
    }

    /// Gives the notice the headings of the law that alone prescribes any.
    fn settle_headings(&self, prescribing: &[&'static Regime], duty: &mut Duty) {
        if let [only] = prescribing {
            duty.by_law.headings = Some(only.id.clone());
        }
        for regime in prescribing {
            let Some(format) = &regime.format else { continue };
            let check = Check::new(regime, "headings", &format.basis, "prescribes title and headings".to_owned());
            duty.checks.push(if prescribing.len() == 1 {
                check.settled(Test::Met, "the notice stands under them, in their order")
            } else {
                let decision = self.incident.law.decided(&Question::Form, &regime.id);
                check.open(Question::Form, decision, "several laws prescribe headings, and the notice has its own")
            });
        }
    }
}

/// A rule on what a notice says, with whether it holds.
struct Rule {
    regime: &'static Regime,
    content: &'static ContentRule,
    name: String,
    answer: Answer,
    question: Option<Question>,
    /// What a person decided on its condition.
    decision: Option<Decision>,
}

impl Rule {
    fn said(&self, asks: String) -> Check {
        let check = Check::new(self.regime, self.name.clone(), &self.content.basis, asks);
        Check { decision: self.decision.clone(), ..check }
    }

    fn check(&self, element: Element) -> Check {
        self.said(format!("says {}", element.says()))
    }

    /// Returns the check of an element that is asked for where a person says so.
    fn if_asked(&self, element: Element) -> Check {
        let check = self.check(element).tested(Some(element), Test::SaysIfKnown(element));
        Check { question: self.question.clone(), fact: self.unsure(), ..check }
    }

    fn unsure(&self) -> String {
        match &self.question {
            Some(question) => format!("{question}?"),
            None => "incident.toml does not say whether its condition holds".to_owned(),
        }
    }
}

/// Puts a clash into the checks of both sides: with a decision it is settled, and without one neither is met.
fn settle_checks(checks: &mut [Check], element: Element, question: &Question, decision: Option<&Decision>) {
    for check in checks {
        let is_about = match &check.test {
            Test::Says(elements) => elements.as_slice() == [element],
            Test::SaysIfKnown(about) => *about == element,
            Test::Silent(elements) => elements.contains(&element),
            _ => false,
        };
        // The side that the decision takes is met as it stands.
        let loses = decision.is_none_or(|decision| decision.answer == matches!(check.test, Test::Silent(_)));
        if is_about && loses {
            check.test = if decision.is_some() { Test::Decide } else { Test::NotMet };
            "one law requires it and another forbids it".clone_into(&mut check.fact);
            check.question = Some(question.clone());
            check.decision = decision.cloned();
        }
    }
}
