//! What the law finds in a plan: rules that are not met, clashes, and every question that waits for a person.
//!
//! Each is said once for all whom it concerns, with how many they are.

use super::{
    Duty, Reaching, Way,
    judge::{Standing, Test},
};
use crate::{
    finding::{Finding, Place},
    incident::{Incident, Question},
    law::Element,
};
use std::collections::{BTreeMap, BTreeSet};

/// The name of the file that answers.
const INCIDENT: &str = "incident.toml";

/// People of one situation who get one wording.
pub struct Reader<'a> {
    /// What is owed to them.
    pub duty: &'a Duty,
    /// The language of their notice.
    pub language: &'a str,
    /// The elements that their notice came out with.
    pub said: &'a BTreeSet<String>,
    /// How many they are.
    pub people: u64,
}

/// Returns what the law finds, for all readers of a plan.
pub fn findings(incident: &Incident, readers: &[Reader<'_>]) -> Vec<Finding> {
    let mut found = Found::default();
    for reader in readers {
        found.see(reader);
    }
    let mut findings = found.told();
    findings.extend(unused(incident, &found.asked));
    findings
}

/// What was found, each with the people whom it concerns.
#[derive(Default)]
struct Found {
    clashes: BTreeMap<(super::Clash, String), u64>,
    unmet: BTreeMap<(String, String), u64>,
    open: BTreeMap<Question, (BTreeSet<&'static str>, u64)>,
    unsaid: BTreeMap<(&'static str, String), u64>,
    barred: BTreeMap<(Question, &'static str), u64>,
    residences: BTreeMap<String, (BTreeSet<&'static str>, u64)>,
    unmapped: BTreeMap<String, u64>,
    legs: BTreeMap<Vec<String>, u64>,
    /// Every question that some law asks, open or not.
    asked: BTreeSet<Question>,
}

impl Found {
    fn see(&mut self, reader: &Reader<'_>) {
        let Reader { duty, language, people, .. } = reader;
        for clash in &duty.clashes {
            self.asked.insert(Question::Clash(clash.element));
            let line = Question::Clash(clash.element).line(&[clash.required.0, clash.forbidden.0]);
            *self.clashes.entry((clash.clone(), line)).or_default() += people;
        }
        for reached in &duty.reached {
            self.asked.insert(Question::Reach);
            if reached.standing == Reaching::Open {
                let (regimes, count) = self.residences.entry(duty.residence.code()).or_default();
                // A person is counted once, whatever the number of laws.
                *count = if regimes.is_empty() { *people } else { (*count).max(*people) };
                regimes.insert(&reached.regime.id);
            }
            if let Some(decision) = &reached.decision {
                self.asked.insert(decision.question.clone());
            }
        }
        for category in &duty.unmapped {
            *self.unmapped.entry(category.clone()).or_default() += people;
        }
        if let Way::Leg { others } = &duty.way {
            *self.legs.entry(others.iter().map(ToString::to_string).collect()).or_default() += people;
        }
        self.judge(reader, language);
    }

    fn judge(&mut self, reader: &Reader<'_>, language: &str) {
        let people = reader.people;
        let clashing = |element| reader.duty.clashes.iter().any(|clash| Some(clash.element) == element);
        let mut opened = BTreeSet::new();
        for check in &reader.duty.checks {
            self.asked.extend(check.question.clone());
            self.asked.extend(check.decision.iter().map(|decision| decision.question.clone()));
            let verdict = check.judge(reader.said);
            let regime = check.regime.id.as_str();
            // A clash is said on its own.
            if matches!(check.question, Some(Question::Clash(_))) || clashing(check.element) {
                continue;
            }
            if verdict.standing == Standing::NotMet {
                let says =
                    format!("{regime} asks that the notice {}, and {} ({})", check.asks, verdict.fact, check.cite);
                *self.unmet.entry((says, mend(check.element, language))).or_default() += people;
            }
            if !verdict.is_open() {
                continue;
            }
            let Some(question) = &check.question else {
                let says = format!("{}, and {} ({})", check.asks, verdict.fact, check.cite);
                *self.unsaid.entry((regime, says)).or_default() += people;
                continue;
            };
            if matches!(check.test, Test::SilentIfAsked(_)) {
                *self.barred.entry((question.clone(), regime)).or_default() += people;
                continue;
            }
            let (regimes, count) = self.open.entry(question.clone()).or_default();
            regimes.insert(regime);
            *count += if opened.insert(question) { people } else { 0 };
        }
    }

    fn told(&self) -> Vec<Finding> {
        let place = || Place::file(INCIDENT);
        let mut findings = Vec::new();
        for ((clash, line), people) in &self.clashes {
            let super::Clash { element, required, forbidden } = clash;
            let message = format!(
                "{} requires `{element}` ({}), and {} forbids what it says ({}): {}",
                required.0,
                required.1,
                forbidden.0,
                forbidden.1,
                told(*people)
            );
            let hint = format!("a person settles it in {INCIDENT}, [law] decisions: {line}");
            findings.push(Finding::refused("law-clash", place(), message).hint(hint));
        }
        for ((says, hint), people) in &self.unmet {
            let message = format!("{says}: {}", told(*people));
            findings.push(Finding::refused("law-not-met", place(), message).hint(hint.clone()));
        }
        for ((question, regime), people) in &self.barred {
            let message = format!(
                "{regime}: {question}? As long as nobody has said so, the notice may hold what it forbids: {}",
                told(*people)
            );
            findings.push(Finding::refused("law-may-forbid", place(), message).hint(decide(question, &[regime])));
        }
        findings.extend(self.waiting());
        findings
    }

    /// Returns what waits for a person, and what is worth knowing.
    fn waiting(&self) -> Vec<Finding> {
        let place = || Place::file(INCIDENT);
        let mut findings = Vec::new();
        for (residence, (regimes, people)) in &self.residences {
            let regimes: Vec<_> = regimes.iter().copied().collect();
            let message = format!(
                "residence {residence}: whether these laws reach {} nobody can tell: {}",
                told(*people),
                regimes.join(", ")
            );
            let hint =
                format!("complete country and region in the list; or {}", decide(&Question::Reach, &regimes));
            findings.push(Finding::warning("law-residence", place(), message).hint(hint));
        }
        for (category, people) in &self.unmapped {
            let message =
                format!("nobody has said of which kind the data `{category}` is, and laws ask: {}", told(*people));
            let hint = format!("say in {INCIDENT}, [law.kinds]: {category} = [\"…\"], or [] where no law names it");
            findings.push(Finding::warning("law-kinds", place(), message).hint(hint));
        }
        for (question, (regimes, people)) in &self.open {
            let regimes: Vec<_> = regimes.iter().copied().collect();
            let message = format!("{}: {question}? Nobody has decided: {}", regimes.join(", "), told(*people));
            findings.push(Finding::warning("law-open", place(), message).hint(decide(question, &regimes)));
        }
        for ((regime, says), people) in &self.unsaid {
            let message = format!("{regime} asks that the notice {says}: {}", told(*people));
            findings
                .push(Finding::warning("law-open", place(), message).hint(format!("say so in {INCIDENT}, [law]")));
        }
        for (others, people) in &self.legs {
            let message = format!(
                "for {} the e-mail is one of several ways that are all needed: {}",
                told(*people),
                others.join(", ")
            );
            findings.push(Finding::note("law-leg", place(), message));
        }
        findings
    }
}

/// Returns how a rule can be met that is not.
fn mend(element: Option<Element>, language: &str) -> String {
    match element {
        Some(element) => {
            format!("write templates/{element}.{language}.md, or a statement `{element}` in {INCIDENT}")
        }
        None => "change the notice, or settle it with counsel".to_owned(),
    }
}

fn decide(question: &Question, regimes: &[&str]) -> String {
    format!("a person decides in {INCIDENT}, [law] decisions: {}", question.line(regimes))
}

fn told(people: u64) -> String {
    if people == 1 { "1 person".to_owned() } else { format!("{people} people") }
}

/// Returns the decisions that no law asked for.
fn unused(incident: &Incident, asked: &BTreeSet<Question>) -> Vec<Finding> {
    let is_asked = |question: &Question| {
        asked.contains(question) || matches!(question, Question::Exception(_) | Question::Harm | Question::Asked(_))
    };
    let unused = incident.law.all_decisions().filter(|decision| !is_asked(&decision.question));
    let finding = |decision: &crate::incident::Decision| {
        let message = format!("no law asks for this decision of anybody on the list: {}", decision.question);
        Finding::note("law-decision-unused", decision.place.clone(), message)
    };
    unused.map(finding).collect()
}
