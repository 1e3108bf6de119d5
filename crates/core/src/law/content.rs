//! What a regime wants a notice to say, and what it forbids: rules with typed conditions.
//!
//! How rules of several regimes stand together, and what comes of a clash, is not decided here.

use super::{
    Basis,
    applies::Role,
    data::{DataTrigger, Exposed, Kind},
    element::{Element, Forbidden},
    word::Answer,
};
use serde::Serialize;

/// One rule on what a notice says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContentRule {
    /// When it holds.
    pub when: Condition,
    /// What it wants.
    pub effect: Effect,
    /// What a person must know besides.
    pub says: Option<String>,
    /// Where it stands.
    pub basis: Basis,
}

/// What a rule wants of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// These elements.
    Require(Vec<Element>),
    /// These elements, as far as they are known or can be found out: what is not known is said to be unknown, or
    /// left out by a person's decision, never by silence.
    IfKnown(Vec<Element>),
    /// These elements, whose value is this very person's.
    PerRecipient(Vec<Element>),
    /// At least one of these.
    OneOf(Vec<Element>),
    /// These alone, instead of everything else that the regime requires.
    ReplaceWith(Vec<Element>),
    /// These are named by the law and not required.
    Advise(Vec<Element>),
    /// The offer of a free service against identity theft, for at least so many months.
    CreditMonitoring {
        /// The least number of months.
        months: u32,
    },
    /// None of this.
    Forbid(Vec<Forbidden>),
}

/// When a rule holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Always.
    Always,
    /// Where any of these sets of kinds was exposed.
    DataHas(Vec<Vec<Kind>>),
    /// Where, of the data that brings the regime into play, nothing but these kinds was exposed.
    DataOnly(Vec<Kind>),
    /// Where the organisation has this role.
    Role(Role),
    /// Where the organisation that notifies is the one that was breached.
    SenderWasSource,
    /// Where a person says so: this is the question.
    Decided(String),
    /// Where all of these hold.
    All(Vec<Condition>),
    /// Where any of these holds.
    AnyOf(Vec<Condition>),
    /// Where this does not hold.
    Not(Box<Condition>),
}

/// What conditions are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The data that brings the regime into play.
    pub trigger: &'a DataTrigger,
    /// What was exposed of the person.
    pub exposed: &'a Exposed,
    /// What the organisation is.
    pub roles: &'a [Role],
    /// Whether the organisation that notifies is the one that was breached.
    pub sender_was_source: Answer,
}

impl Condition {
    /// Returns whether it holds; a question that is a person's is unknown.
    pub fn holds(&self, given: &Circumstances<'_>) -> Answer {
        match self {
            Self::Always => Answer::Yes,
            Self::DataHas(sets) => Answer::any(sets.iter().map(|set| given.exposed.has_all(set))),
            Self::DataOnly(kinds) => given.trigger.is_met_only_by(given.exposed, kinds),
            Self::Role(role) => given.roles.contains(role).into(),
            Self::SenderWasSource => given.sender_was_source,
            Self::Decided(_) => Answer::Unknown,
            Self::All(all) => Answer::all(all.iter().map(|condition| condition.holds(given))),
            Self::AnyOf(any) => Answer::any(any.iter().map(|condition| condition.holds(given))),
            Self::Not(condition) => !condition.holds(given),
        }
    }
}

/// How a notice is to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Format {
    /// The prescribed title.
    pub title: Option<String>,
    /// The prescribed headings, in order.
    pub headings: Vec<Heading>,
    /// The least size of type, in points.
    pub min_points: Option<u32>,
    /// Whether plain language is asked for. A person decides whether a notice is in it.
    pub plain_language: bool,
    /// Whether the notice, or its title and headings, must stand out.
    pub conspicuous: bool,
    /// Whether the message must hold the notice alone.
    pub dedicated: bool,
    /// What a person must know besides.
    pub says: Option<String>,
    /// Where this stands.
    pub basis: Basis,
}

/// A prescribed heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Heading {
    /// Its words.
    pub title: String,
    /// The elements that stand under it. Where the law does not say, they are ours.
    pub elements: Vec<Element>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use Answer::{No, Unknown, Yes};

    #[test]
    fn each_condition_holds_where_its_fact_does() {
        let ssn = vec![Kind::Ssn];
        let trigger = DataTrigger {
            any_of: vec![vec![Kind::Name, Kind::Ssn], vec![Kind::Credentials]],
            if_decided: None,
            unless_encrypted: true,
        };
        let login = Exposed::of_ids(["email", "password"]);
        let given = Circumstances {
            trigger: &trigger,
            exposed: &login,
            roles: &[Role::Owner, Role::CreditBureau],
            sender_was_source: Unknown,
        };
        let decided = || Condition::Decided("is it fitting?".into());
        for (condition, answer) in [
            (Condition::Always, Yes),
            (Condition::DataHas(vec![ssn.clone(), vec![Kind::Password]]), Yes),
            (Condition::DataHas(vec![ssn]), No),
            (Condition::DataOnly(vec![Kind::Credentials]), Yes),
            (Condition::Role(Role::CreditBureau), Yes),
            (Condition::Role(Role::Bank), No),
            (Condition::SenderWasSource, Unknown),
            (decided(), Unknown),
            (Condition::All(vec![decided(), Condition::Role(Role::Bank)]), No),
            (Condition::AnyOf(vec![decided(), Condition::Role(Role::Owner)]), Yes),
            (Condition::Not(Box::new(Condition::Role(Role::Bank))), Yes),
        ] {
            assert_eq!(condition.holds(&given), answer, "{condition:?}");
        }
    }
}
