//! The incident's facts as counsel reviews them: each with its state, and the reason where it is not told.

use crate::language::ENGLISH;
use forthwith_core::{
    fact::{Determination, Fact, When},
    incident::{CulpritRole, Culprits, Exposure, Incident},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A fact with its state.
#[derive(Serialize)]
pub(super) struct FactView {
    name: &'static str,
    state: &'static str,
    class: &'static str,
    value: String,
}

impl FactView {
    fn known(name: &'static str, value: String) -> Self {
        Self { name, state: "known", class: "known", value }
    }

    fn unknown(name: &'static str) -> Self {
        Self { name, state: "unknown", class: "unknown", value: "The notices say so.".to_owned() }
    }

    fn of<T>(name: &'static str, fact: &Fact<T>, show: impl Fn(&T) -> String) -> Self {
        match fact {
            Fact::Known(value) => Self::known(name, show(value)),
            Fact::Unknown => Self::unknown(name),
            Fact::NotTold { reason } => Self { name, state: "not told", class: "silent", value: reason.clone() },
        }
    }

    fn of_record<T>(name: &'static str, record: Option<&T>, show: impl Fn(&T) -> String) -> Self {
        let none =
            || Self { name, state: "not recorded", class: "silent", value: "No notice claims it.".to_owned() };
        record.map_or_else(none, |value| Self::known(name, show(value)))
    }
}

/// Returns every fact, in the order in which people ask.
pub(super) fn fact_views(incident: &Incident) -> Vec<FactView> {
    let (clock, facts) = (&incident.clock, &incident.facts);
    vec![
        FactView::of("When it happened", &clock.occurred, when),
        FactView::of("When it was found", &clock.discovered, when),
        FactView::of_record("When personal data was seen to be concerned", clock.determined.as_ref(), when),
        FactView::of_record("When it was ended", clock.contained.as_ref(), when),
        exposure(facts.exposure),
        culprits(facts.culprits, facts.culprit_role),
        FactView::of("Who has the data now", &facts.holder, holder),
        FactView::of("People affected", &facts.people_affected, |people| ENGLISH.number(*people)),
        FactView::of("Nothing else was exposed", &facts.nothing_else, determination),
        FactView::of_record("Passwords need not be changed", facts.passwords_safe.as_ref(), determination),
        FactView::of("Police told", &facts.police_told, when),
        FactView::of("Data protection authority told", &facts.authority_told, when),
    ]
}

fn when(when: &When) -> String {
    match when {
        When::At(instant) => format!("{instant} (UTC; notices tell the day alone)"),
        When::On(_) | When::Between(..) => ENGLISH.when(when),
    }
}

fn determination(determination: &Determination) -> String {
    format!("Determined by {}, {}", determination.by, ENGLISH.date(determination.on))
}

fn holder(words: &BTreeMap<String, String>) -> String {
    words.iter().map(|(language, words)| format!("{language}: {words}")).collect::<Vec<_>>().join("; ")
}

fn exposure(exposure: Exposure) -> FactView {
    const NAME: &str = "What became of the data";
    match exposure {
        Exposure::Viewed => FactView::known(NAME, "Somebody looked at it".to_owned()),
        Exposure::Disclosed => FactView::known(NAME, "Somebody passed it on".to_owned()),
        Exposure::Taken => FactView::known(NAME, "Somebody took a copy".to_owned()),
        Exposure::Lost => FactView::known(NAME, "It can no longer be found".to_owned()),
        Exposure::Unknown => FactView::unknown(NAME),
    }
}

fn culprits(culprits: Culprits, role: CulpritRole) -> FactView {
    const NAME: &str = "Who did it";
    let role = match role {
        CulpritRole::Employee => "employee",
        CulpritRole::Contractor => "contractor",
        CulpritRole::Outsider => "outsider",
        CulpritRole::Unknown => "person whose role is unknown",
    };
    match culprits {
        Culprits::One => FactView::known(NAME, format!("One {role}")),
        Culprits::Several => FactView::known(NAME, format!("More than one {role}")),
        Culprits::Unknown => FactView::known(NAME, format!("One {role} or more: how many is unknown")),
    }
}
