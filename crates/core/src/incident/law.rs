//! What the law needs to know of an organisation, and what named people have decided where no program can: the
//! meaning of `[law]` in incident.toml.
//!
//! Which regimes reach whom is worked out in `duty`, and nothing is decided here.

use crate::{
    fact::When,
    finding::Place,
    law::{Answer, Element, ExceptionKind, Forbidden, Kind, Word},
};
use jiff::civil::Date;
use std::{collections::BTreeMap, fmt};

/// What `[law]` says; all of it may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LawSettings {
    /// Whether incident.toml has the table. Without it no law is applied, and packet and report say so.
    pub is_stated: bool,
    /// Whether the organisation that notifies is the one that was breached.
    pub sender_was_source: Answer,
    /// Ids of the categories that were encrypted.
    pub encrypted: Vec<String>,
    /// Whether the key to them was taken. As long as that is not known not to be so, they count as readable.
    pub key_taken: Answer,
    /// The day whose law is applied; without it, the day on which the breach was found.
    pub day: Option<Date>,
    /// Whether the organisation has a relationship with the people, or wrote to them by e-mail before.
    pub relationship: Answer,
    /// Whether e-mail is the primary or customary way between them.
    pub primary_channel: Answer,
    /// Whether the organisation does its business with them mainly over the Internet.
    pub online_business: Answer,
    /// Of which kinds the incident's own categories of data are, for certain.
    pub kinds: BTreeMap<String, Vec<Kind>>,
    /// What becomes of people whom an e-mail alone is not enough to notify.
    pub not_enough: NotEnough,
    /// What people have decided.
    pub decisions: Vec<Decision>,
}

impl Default for LawSettings {
    fn default() -> Self {
        Self {
            is_stated: false,
            sender_was_source: Answer::Unknown,
            encrypted: Vec::new(),
            key_taken: Answer::Unknown,
            day: None,
            relationship: Answer::Unknown,
            primary_channel: Answer::Unknown,
            online_business: Answer::Unknown,
            kinds: BTreeMap::new(),
            not_enough: NotEnough::Letter,
            decisions: Vec::new(),
        }
    }
}

impl LawSettings {
    /// Returns everything that people decided: the questions of `decisions`, and that the e-mail is one way of several.
    pub fn all_decisions(&self) -> impl Iterator<Item = &Decision> {
        let leg = match &self.not_enough {
            NotEnough::Leg(decision) => Some(&**decision),
            NotEnough::Letter => None,
        };
        self.decisions.iter().chain(leg)
    }

    /// Returns what was decided on a question of a regime: the first decision that names it, else the first for all.
    pub fn decided(&self, question: &Question, regime: &str) -> Option<&Decision> {
        let mut on = self.decisions.iter().filter(|decision| decision.question == *question);
        let names = |decision: &&Decision| decision.regimes.iter().any(|id| id == regime);
        on.clone().find(names).or_else(|| on.find(|decision| decision.regimes.is_empty()))
    }
}

/// What becomes of a person for whom an e-mail alone is not enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotEnough {
    /// No e-mail: the row is withheld for a letter.
    Letter,
    /// The e-mail goes out all the same, as one leg of several, where the law knows e-mail as such.
    /// Who decided so is kept, as the answer to [`Question::Leg`].
    Leg(Box<Decision>),
}

/// What a named person decided where no program can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// On what.
    pub question: Question,
    /// For which regimes; empty means all that ask.
    pub regimes: Vec<String>,
    /// Whether it is so.
    pub answer: bool,
    /// Who: name and role.
    pub by: String,
    /// When.
    pub on: When,
    /// Why.
    pub reason: String,
    /// Where it is written.
    pub place: Place,
}

/// A question that only a person answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Does the regime reach the people whom it may reach?
    Reach,
    /// Is its test of harm met?
    Harm,
    /// Does this exception hold?
    Exception(ExceptionKind),
    /// The regime's own question.
    Asked(String),
    /// Is this element said, which one rule asks for and another forbids?
    Clash(Element),
    /// May the notice be silent on this element, which is asked for as far as it is known?
    Silence(Element),
    /// Is the notice free of this matter, which no element says?
    FreeOf(Forbidden),
    /// Is it in plain language?
    PlainLanguage,
    /// Does it look as is asked: size of type, what stands out?
    Form,
    /// Does it come without undue delay?
    Delay,
    /// Does the e-mail go out all the same where it is not enough, as one of several ways? `not_enough` answers it.
    Leg,
}

impl Question {
    /// The kinds of questions, as `decisions` in incident.toml names them, and what `about` is for each; `None` where nothing is.
    pub const KINDS: [(&'static str, Option<&'static str>); 10] = [
        ("reach", None),
        ("harm", None),
        ("exception", Some("the kind of exception, such as encrypted")),
        ("question", Some("the question, word by word as `forthwith check` shows it")),
        ("clash", Some("the element")),
        ("silence", Some("the element")),
        ("free-of", Some("the forbidden matter, such as marketing_content")),
        ("plain-language", None),
        ("form", None),
        ("undue-delay", None),
    ];

    /// Returns its kind and what it is about, as incident.toml writes them.
    pub fn words(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Reach => ("reach", None),
            Self::Harm => ("harm", None),
            Self::Exception(kind) => ("exception", Some(kind.word())),
            Self::Asked(question) => ("question", Some(question)),
            Self::Clash(element) => ("clash", Some(element.word())),
            Self::Silence(element) => ("silence", Some(element.word())),
            Self::FreeOf(matter) => ("free-of", Some(matter.word())),
            Self::PlainLanguage => ("plain-language", None),
            Self::Form => ("form", None),
            Self::Delay => ("undue-delay", None),
            Self::Leg => ("leg", None),
        }
    }

    /// Returns the line of incident.toml that answers it for these regimes, ready to be filled in.
    pub fn line(&self, regimes: &[&str]) -> String {
        if *self == Self::Leg {
            return "not_enough = { way = \"leg\", by = \"…\", on = …, reason = \"…\" }".to_owned();
        }
        let (kind, about) = self.words();
        let about = about.map(|about| format!("about = \"{about}\", ")).unwrap_or_default();
        let regimes = regimes.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(", ");
        format!(
            "{{ kind = \"{kind}\", {about}regimes = [{regimes}], answer = …, by = \"…\", on = …, reason = \"…\" }}"
        )
    }
}

impl fmt::Display for Question {
    /// Writes the question as people ask it, without its mark.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reach => f.write_str("does the law reach these people"),
            Self::Harm => f.write_str("is its test of harm met"),
            Self::Exception(kind) => write!(f, "does the exception `{kind}` hold"),
            Self::Asked(question) => f.write_str(question.trim_end_matches('?')),
            Self::Clash(element) => write!(f, "is `{element}` said, which one rule asks for and another forbids"),
            Self::Silence(element) => write!(f, "may the notice be silent on `{element}`"),
            Self::FreeOf(matter) => write!(f, "is the notice free of this: {}", matter.says()),
            Self::PlainLanguage => f.write_str("is the notice in plain language"),
            Self::Form => f.write_str("does the notice look as the law asks"),
            Self::Delay => f.write_str("does the notice come in time, where the law states no number"),
            Self::Leg => f.write_str(
                "does the e-mail go out where it is not enough, as one of several ways that are all needed",
            ),
        }
    }
}
