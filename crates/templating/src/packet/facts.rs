//! The incident's facts as counsel reviews them: each with its state, and the reason where it is not told.

use crate::language::ENGLISH;
use forthwith_core::{
    fact::{Determination, Fact, When},
    incident::{CulpritRole, Culprits, Exposure, Incident},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fact with its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FactRecord {
    pub name: String,
    /// `known`, `unknown`, `not-told` or `not-recorded`.
    pub state: String,
    /// The value, or why there is none.
    pub value: String,
}

impl FactRecord {
    fn new(name: &str, state: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), state: state.to_owned(), value: value.into() }
    }

    fn known(name: &str, value: impl Into<String>) -> Self {
        Self::new(name, "known", value)
    }

    fn unknown(name: &str) -> Self {
        Self::new(name, "unknown", "The notices say so.")
    }

    fn of<T>(name: &str, fact: &Fact<T>, show: impl Fn(&T) -> String) -> Self {
        match fact {
            Fact::Known(value) => Self::known(name, show(value)),
            Fact::Unknown => Self::unknown(name),
            Fact::NotTold { reason } => Self::new(name, "not-told", reason.as_str()),
        }
    }

    fn of_record<T>(name: &str, record: Option<&T>, show: impl Fn(&T) -> String) -> Self {
        let none = || Self::new(name, "not-recorded", "No notice claims it.");
        record.map_or_else(none, |value| Self::known(name, show(value)))
    }
}

/// Returns every fact, in the order in which people ask.
pub(super) fn fact_records(incident: &Incident) -> Vec<FactRecord> {
    let (clock, facts) = (&incident.clock, &incident.facts);
    vec![
        FactRecord::of("When it happened", &clock.occurred, when),
        FactRecord::of("When it was found", &clock.discovered, when),
        FactRecord::of_record("When personal data was seen to be concerned", clock.determined.as_ref(), when),
        FactRecord::of_record("When it was ended", clock.contained.as_ref(), when),
        exposure(facts.exposure),
        culprits(facts.culprits, facts.culprit_role),
        FactRecord::of("Who has the data now", &facts.holder, holder),
        FactRecord::of("People affected", &facts.people_affected, |people| ENGLISH.number(*people)),
        FactRecord::of("Nothing else was exposed", &facts.nothing_else, determination),
        FactRecord::of_record("Passwords need not be changed", facts.passwords_safe.as_ref(), determination),
        FactRecord::of("Police told", &facts.police_told, when),
        FactRecord::of("Data protection authority told", &facts.authority_told, when),
    ]
}

fn when(when: &When) -> String {
    match when {
        When::At(instant) => format!("{}; notices tell the day alone", super::moment(&instant.to_string())),
        When::On(_) | When::Between(..) => ENGLISH.when(when),
    }
}

fn determination(determination: &Determination) -> String {
    format!("Determined by {}, {}", determination.by, ENGLISH.date(determination.on))
}

fn holder(words: &BTreeMap<String, String>) -> String {
    words.iter().map(|(language, words)| format!("{language}: {words}")).collect::<Vec<_>>().join("; ")
}

fn exposure(exposure: Exposure) -> FactRecord {
    const NAME: &str = "What became of the data";
    match exposure {
        Exposure::Viewed => FactRecord::known(NAME, "Somebody looked at it"),
        Exposure::Disclosed => FactRecord::known(NAME, "Somebody passed it on"),
        Exposure::Taken => FactRecord::known(NAME, "Somebody took a copy"),
        Exposure::Lost => FactRecord::known(NAME, "It can no longer be found"),
        Exposure::Unknown => FactRecord::unknown(NAME),
    }
}

fn culprits(culprits: Culprits, role: CulpritRole) -> FactRecord {
    const NAME: &str = "Who did it";
    let role = match role {
        CulpritRole::Employee => "employee",
        CulpritRole::Contractor => "contractor",
        CulpritRole::Outsider => "outsider",
        CulpritRole::Unknown => "person whose role is unknown",
    };
    match culprits {
        Culprits::One => FactRecord::known(NAME, format!("One {role}")),
        Culprits::Several => FactRecord::known(NAME, format!("More than one {role}")),
        Culprits::Unknown => FactRecord::known(NAME, format!("One {role} or more: how many is unknown")),
    }
}
