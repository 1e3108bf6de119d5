//! Three verdicts on each rule: met, not met, a person decides; with citation and the fact that was used.
//!
//! What only a person can judge is never met by itself: a recorded decision with a name and a time stands beside it.

use super::reach::is_verified;
use crate::{
    incident::{Decision, Question},
    law::{Basis, Element, Regime},
};
use std::collections::BTreeSet;

/// A rule of a law as it stands for people of one situation, before their notice has words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The law.
    pub regime: &'static Regime,
    /// The rule's name within it: `harm`, `content 3`, `email`.
    pub rule: String,
    /// What is asked, as a phrase that goes on from the law's name.
    pub asks: String,
    /// The element that it is about, where it is one.
    pub element: Option<Element>,
    /// Law and section.
    pub cite: &'static str,
    /// Whether somebody with a name has checked the rule against the law.
    pub is_verified: bool,
    /// What decides it.
    pub test: Test,
    /// The fact that is used, where words are none.
    pub fact: String,
    /// What a person is asked, where no program can tell.
    pub question: Option<Question>,
    /// What a person decided.
    pub decision: Option<Decision>,
}

/// What decides a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is met whatever the words are.
    Met,
    /// It is not met whatever the words are.
    NotMet,
    /// A person decides.
    Decide,
    /// Any of these elements has something to say.
    Says(Vec<Element>),
    /// The element has something to say; a person decides on its silence.
    SaysIfKnown(Element),
    /// None of these elements is there.
    Silent(Vec<Element>),
    /// None of these elements is there, or a person decides.
    SilentIfAsked(Vec<Element>),
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// What is asked for is there.
    Met,
    /// It is not.
    NotMet,
    /// A person decides, or has decided.
    Decide,
}

impl Standing {
    /// Returns it as people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::Decide => "a person decides",
        }
    }
}

/// A verdict on a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<'d> {
    /// The rule.
    pub check: &'d Check,
    /// Where it stands.
    pub standing: Standing,
    /// The fact that was used.
    pub fact: String,
}

impl Verdict<'_> {
    /// Returns whether a person has still to decide.
    pub fn is_open(&self) -> bool {
        self.standing == Standing::Decide && self.check.decision.is_none()
    }
}

impl Check {
    pub(super) fn new(
        regime: &'static Regime,
        rule: impl Into<String>,
        basis: &'static Basis,
        asks: String,
    ) -> Self {
        Self {
            regime,
            rule: rule.into(),
            asks,
            element: None,
            cite: &basis.cite,
            is_verified: is_verified(regime, basis),
            test: Test::Decide,
            fact: String::new(),
            question: None,
            decision: None,
        }
    }

    /// Gives it the element that it is about and what decides it.
    pub(super) fn tested(self, element: Option<Element>, test: Test) -> Self {
        Self { element, test, ..self }
    }

    /// Settles it by a fact.
    pub(super) fn settled(self, test: Test, fact: &str) -> Self {
        Self { test, fact: fact.to_owned(), ..self }
    }

    /// Leaves it to a person, who may have decided.
    pub(super) fn open(self, question: Question, decision: Option<&Decision>, fact: &str) -> Self {
        Self { question: Some(question), decision: decision.cloned(), ..self.settled(Test::Decide, fact) }
    }

    /// Judges it by the elements that the notice came out with.
    pub fn judge(&self, said: &BTreeSet<String>) -> Verdict<'_> {
        let first =
            |elements: &[Element]| elements.iter().copied().find(|element| said.contains(&element.to_string()));
        let says = |element: Element| format!("the notice says `{element}`");
        let silent = |elements: &[Element]| {
            let names: Vec<_> = elements.iter().map(|element| format!("`{element}`")).collect();
            format!("the notice is silent on {}", names.join(", "))
        };
        let (standing, fact) = match &self.test {
            Test::Met => (Standing::Met, self.fact.clone()),
            Test::NotMet => (Standing::NotMet, self.fact.clone()),
            Test::Decide => (Standing::Decide, self.decided_fact()),
            Test::Says(elements) => match first(elements) {
                Some(element) => (Standing::Met, says(element)),
                None => (Standing::NotMet, silent(elements)),
            },
            Test::SaysIfKnown(element) => match first(&[*element]) {
                Some(element) => (Standing::Met, says(element)),
                None => (Standing::Decide, silent(&[*element])),
            },
            Test::Silent(elements) => match first(elements) {
                None => (Standing::Met, silent(elements)),
                Some(element) => (Standing::NotMet, says(element)),
            },
            Test::SilentIfAsked(elements) => match first(elements) {
                None => (Standing::Met, silent(elements)),
                Some(element) => (Standing::Decide, says(element)),
            },
        };
        Verdict { check: self, standing, fact }
    }

    fn decided_fact(&self) -> String {
        match &self.decision {
            Some(decision) if decision.answer => "decided: yes".to_owned(),
            Some(_) => "decided: no".to_owned(),
            None => format!("nobody has decided ({})", self.fact),
        }
    }
}
