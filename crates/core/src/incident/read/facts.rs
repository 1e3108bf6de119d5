//! Reads what is known and what is done: `[facts]` and `[measures]`.

use super::{fact, when, words};
use crate::{
    document::{Field, Table},
    fact::{Determination, Fact, When},
    incident::{Cause, CulpritRole, Culprits, Exposure, Facts, Measure, Measures, Misuse},
    law::{Word, word},
};
use std::collections::BTreeMap;

/// Measures of one kind: more is not read.
const MEASURES_MAX: usize = 8;

/// Reads `[facts]`.
pub(super) fn facts(table: &Table<'_>) -> Option<Facts> {
    let exposures = [
        ("viewed", Exposure::Viewed),
        ("disclosed", Exposure::Disclosed),
        ("taken", Exposure::Taken),
        ("lost", Exposure::Lost),
        ("unknown", Exposure::Unknown),
    ];
    let counts = [("one", Culprits::One), ("several", Culprits::Several), ("unknown", Culprits::Unknown)];
    let roles = [
        ("employee", CulpritRole::Employee),
        ("contractor", CulpritRole::Contractor),
        ("outsider", CulpritRole::Outsider),
        ("unknown", CulpritRole::Unknown),
    ];
    let exposure = table.need("exposure", "what happened to the data").and_then(|f| f.one_of(&exposures));
    let culprits = table.need("culprits", "how many did it: one, several, unknown").and_then(|f| f.one_of(&counts));
    let culprit_role = table.need("culprit_role", "what they are to you").and_then(|f| f.one_of(&roles));
    let holder = table.need("holder", "who has the data: { en = \"a seller of lists\" }, or \"unknown\"");
    let holder = holder.and_then(|f| fact(&f, words));
    let people_affected =
        table.need("people_affected", "how many people are concerned").and_then(|f| fact(&f, Field::number));
    let nothing_else = table.need("nothing_else", "who determined that nothing else was exposed: { by, on }");
    let nothing_else = nothing_else.and_then(|f| fact(&f, Determination::read));
    let passwords_safe = table.optional("passwords_safe", Determination::read);
    let more = asked_by_some(table);
    let delayed_by_police = table.optional("delayed_by_police", Field::truth);
    let spoken = |key| Some(table.optional(key, words)?.unwrap_or_default());
    let (delay_reason, remedy, other_matters) = (spoken("delay_reason"), spoken("remedy"), spoken("other_matters"));
    let police_told = table.need("police_told", "when police were told").and_then(|f| told(&f));
    let authority_told = table.need("authority_told", "when the authority was told").and_then(|f| told(&f));
    let (cause, place, misuse) = more?;
    let (delay_reason, remedy, other_matters) = (delay_reason?, remedy?, other_matters?);
    Some(Facts {
        cause,
        place,
        misuse,
        delayed_by_police: delayed_by_police?,
        delay_reason,
        remedy,
        other_matters,
        exposure: exposure?,
        culprits: culprits?,
        culprit_role: culprit_role?,
        holder: holder?,
        people_affected: people_affected?,
        nothing_else: nothing_else?,
        passwords_safe: passwords_safe?,
        police_told: police_told?,
        authority_told: authority_told?,
    })
}

/// Reads when somebody was told. The organisation knows whether it told them: "unknown" is no answer.
fn told(field: &Field<'_>) -> Option<Fact<When>> {
    let fact = fact(field, when)?;
    if fact.is_unknown() {
        let hint = "write the day, or { not_told = \"why the notice does not say it\" }";
        field.refuse_with("wrong-fact", "whom you told, you know", hint);
        return None;
    }
    Some(fact)
}

type AskedBySome = (Option<Fact<Cause>>, Option<Fact<BTreeMap<String, String>>>, Option<Fact<Misuse>>);

/// Reads the facts that some laws ask for, and that an incident may leave out.
fn asked_by_some(table: &Table<'_>) -> Option<AskedBySome> {
    let cause = table.optional("cause", |field| named(field, word::<Cause>));
    let place = table.optional("place", |field| fact(field, words));
    let misuses = [("seen", Misuse::Seen), ("none_seen", Misuse::NoneSeen)];
    let misuse = table.optional("misuse", |field| named(field, |field| field.one_of(&misuses)));
    Some((cause?, place?, misuse?))
}

/// Reads a fact whose value is a word.
fn named<'d, T>(field: &Field<'d>, read: impl Fn(&Field<'d>) -> Option<T>) -> Option<Fact<T>> {
    let is_value = field.is_text() && field.text().is_some_and(|text| text != "unknown");
    if is_value {
        return read(field).map(Fact::Known);
    }
    fact(field, |field| {
        field.refuse_with(
            "wrong-fact",
            "a word belongs here",
            "docs/templates.md lists them; or write \"unknown\"",
        );
        None
    })
}

/// Reads `[measures]`.
pub(super) fn measures(table: &Table<'_>) -> Option<Measures> {
    let mitigation = table.optional("mitigation", list);
    let prevention = table.optional("prevention", list);
    let protection = table.optional("protection", list);
    Some(Measures {
        mitigation: mitigation?.unwrap_or_default(),
        prevention: prevention?.unwrap_or_default(),
        protection: protection?.unwrap_or_default(),
    })
}

/// Reads a list of words of a vocabulary, or of own sentences by language.
fn list<W: Word>(field: &Field<'_>) -> Option<Vec<Measure<W>>> {
    let items = field.items()?;
    if items.len() > MEASURES_MAX {
        field.refuse("too-many", format!("at most {MEASURES_MAX} measures belong here"));
        return None;
    }
    let measure = |field: &Field<'_>| {
        if field.is_table() { words(field).map(Measure::Own) } else { word(field).map(Measure::Known) }
    };
    let read: Vec<_> = items.iter().map(measure).collect();
    read.into_iter().collect()
}
