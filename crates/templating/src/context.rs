//! The values that all people of a variant share: facts, contacts, data, the offer.
//!
//! A fact that is unknown has a flag of its own; one that is not told has neither value nor flag, so that a template
//! cannot but be silent on it.

use crate::{contacts, language::Language, sections, shipped::ELEMENTS, source::Phrases};
use forthwith_core::{
    arrangement::Arrangement,
    fact::{Fact, When},
    incident::{
        Concerns, Contact, CulpritRole, Culprits, Entity, Exposure, Incident, KNOWN_CATEGORIES, Measure, Misuse,
        Offer, OfferKind,
    },
    law::Word,
    variant::Variant,
};
use std::collections::BTreeSet;
use tera::Context;

/// A language: what it says, and how it writes.
#[derive(Clone, Copy)]
pub(crate) struct Spoken<'a> {
    pub phrases: &'a Phrases,
    pub language: &'a Language,
}

/// Returns the values that all people of `variant` share.
pub(crate) fn of_variant(
    incident: &Incident,
    variant: &Variant,
    spoken: Spoken<'_>,
    arrangement: &Arrangement,
) -> Context {
    let Spoken { phrases, language } = spoken;
    let mut context = Context::new();
    let entity = entity(incident, variant);
    context.insert("language", &variant.language);
    context.insert("in_another_language", &false);
    context.insert("subject", phrases.subject());
    let title = sections::title(&arrangement.headings, phrases);
    context.insert("title", &title.unwrap_or_else(|| phrases.subject().to_owned()));
    context.insert("notice_label", &variant.label(incident));
    insert_entity(&mut context, entity);
    insert_contact(&mut context, &entity.contact, &variant.language);
    insert_facts(&mut context, incident, &variant.language, language);
    insert_asked(&mut context, incident, variant, spoken);
    insert_offer(&mut context, incident.offer.as_ref(), language);
    insert_contacts(&mut context, incident);
    for element in ELEMENTS {
        let is_there = arrangement.elements.iter().any(|arranged| arranged.element == element.id);
        context.insert(format!("with_{}", element.id), &is_there);
    }
    insert_data(&mut context, variant, spoken);
    let advice = incident.notice.advice.get(&variant.language);
    context.insert("advice", advice.map_or(&[][..], Vec::as_slice));
    context
}

/// Returns the entity that writes to the people of `variant`.
pub(crate) fn entity<'a>(incident: &'a Incident, variant: &Variant) -> &'a Entity {
    let elsewhere = variant.entity.checked_sub(1).and_then(|i| incident.elsewhere.get(i));
    elsewhere.map_or(&incident.organisation, |elsewhere| &elsewhere.entity)
}

fn insert_entity(context: &mut Context, entity: &Entity) {
    context.insert("organisation", &entity.known_as);
    context.insert("legal_name", &entity.legal_name);
    context.insert("postal_address", &entity.postal_address);
    context.insert("website", &entity.website);
    context.insert("authority", entity.authority.as_deref().unwrap_or_default());
    context.insert("authority_website", entity.authority_website.as_deref().unwrap_or_default());
    context.insert("parent", entity.parent.as_deref().unwrap_or_default());
    let dpo = entity.dpo.as_ref();
    context.insert("dpo_name", dpo.and_then(|dpo| dpo.name.as_deref()).unwrap_or_default());
    context.insert("dpo_email", dpo.map_or("", |dpo| dpo.email.expose()));
    context.insert("dpo_phone", dpo.and_then(|dpo| dpo.phone.as_deref()).unwrap_or_default());
}

fn insert_contact(context: &mut Context, contact: &Contact, language: &str) {
    context.insert("contact_email", contact.email.expose());
    context.insert("contact_phone", contact.phone.as_deref().unwrap_or_default());
    context.insert("toll_free", contact.toll_free.as_deref().unwrap_or_default());
    context.insert("contact_hours", contact.hours.get(language).map_or("", String::as_str));
    context.insert("report_fakes_to", contact.report_fakes_to.expose());
}

fn insert_facts(context: &mut Context, incident: &Incident, tag: &str, language: &Language) {
    let (clock, facts) = (&incident.clock, &incident.facts);
    context.insert("exposure", exposure(facts.exposure));
    context.insert("culprits", culprits(facts.culprits));
    context.insert("culprit_role", culprit_role(facts.culprit_role));
    let mut fact = |name: &'static str, unknown: &'static str, fact: &Fact<When>| {
        context.insert(name, &fact.known().map_or_else(String::new, |when| language.when(when)));
        context.insert(unknown, &fact.is_unknown());
    };
    fact("occurred", "occurred_unknown", &clock.occurred);
    fact("discovered", "discovered_unknown", &clock.discovered);
    fact("police_told", "police_told_unknown", &facts.police_told);
    fact("authority_told", "authority_told_unknown", &facts.authority_told);
    let when = |when: &Option<When>| when.as_ref().map_or_else(String::new, |when| language.when(when));
    context.insert("determined", &when(&clock.determined));
    context.insert("contained", &when(&clock.contained));
    let people = facts.people_affected.known().copied();
    context.insert("people_affected", &people.map_or_else(String::new, |n| language.number(n)));
    context.insert("people_affected_form", people.map_or("", |n| language.plural(n)));
    context.insert("people_affected_unknown", &facts.people_affected.is_unknown());
    context.insert("only_you", &(people == Some(1)));
    let holder = facts.holder.known().and_then(|words| words.get(tag));
    context.insert("holder", holder.map_or("", String::as_str));
    context.insert("holder_unknown", &facts.holder.is_unknown());
    context.insert("holder_known", &!facts.holder.is_unknown());
    insert_determinations(context, incident, language);
}

/// Puts in what some laws alone ask for.
fn insert_asked(context: &mut Context, incident: &Incident, variant: &Variant, spoken: Spoken<'_>) {
    let (Spoken { phrases, language }, tag) = (spoken, variant.language.as_str());
    let facts = &incident.facts;
    context.insert("notice_date", &incident.notice.date.map_or_else(String::new, |date| language.date(date)));
    let exposed = incident.clock.exposed.as_ref();
    context.insert("exposed", &exposed.map_or_else(String::new, |when| language.span(when)));
    let cause = facts.cause.as_ref().and_then(Fact::known);
    let cause = cause.and_then(|cause| phrases.get(&format!("cause_{}", cause.word())));
    context.insert("cause", cause.unwrap_or_default());
    context.insert("cause_unknown", &facts.cause.as_ref().is_some_and(Fact::is_unknown));
    let place = facts.place.as_ref().and_then(Fact::known).and_then(|words| words.get(tag));
    context.insert("place", place.map_or("", String::as_str));
    context.insert("place_unknown", &facts.place.as_ref().is_some_and(Fact::is_unknown));
    let misuse = match facts.misuse {
        Some(Fact::Known(Misuse::Seen)) => "seen",
        Some(Fact::Known(Misuse::NoneSeen)) => "none_seen",
        Some(Fact::Unknown) => "unknown",
        Some(Fact::NotTold { .. }) | None => "",
    };
    context.insert("misuse", misuse);
    let delayed = facts.delayed_by_police.map_or("", |was_delayed| if was_delayed { "yes" } else { "no" });
    context.insert("delayed_by_police", delayed);
    let spoken =
        [("delay_reason", &facts.delay_reason), ("remedy", &facts.remedy), ("other_matters", &facts.other_matters)];
    for (name, words) in spoken {
        context.insert(name, words.get(tag).map_or("", String::as_str));
    }
    let measures = &incident.measures;
    context.insert("mitigation", &sentences(&measures.mitigation, "mitigation", variant, phrases));
    context.insert("prevention", &sentences(&measures.prevention, "prevention", variant, phrases));
    context.insert("protection", &sentences(&measures.protection, "protection", variant, phrases));
}

/// Returns the sentences of measures: those that concern other data than these people's are left out.
fn sentences<'a, W: Word + Concerns>(
    measures: &'a [Measure<W>],
    what: &str,
    variant: &Variant,
    phrases: &'a Phrases,
) -> Vec<&'a str> {
    let concerns = |word: W| {
        let categories = word.categories();
        categories.is_empty() || variant.data.iter().any(|id| categories.contains(&id.as_str()))
    };
    let sentence = |measure: &'a Measure<W>| match measure {
        Measure::Known(word) if concerns(*word) => phrases.get(&format!("{what}_{}", word.word())),
        Measure::Known(_) => None,
        Measure::Own(words) => words.get(&variant.language).map(String::as_str),
    };
    measures.iter().filter_map(sentence).collect()
}

fn insert_offer(context: &mut Context, offer: Option<&Offer>, language: &Language) {
    let kind = offer.map_or("", |offer| match offer.kind {
        OfferKind::CreditMonitoring => "credit_monitoring",
        OfferKind::IdentityProtection => "identity_protection",
    });
    context.insert("offer_kind", kind);
    context.insert("offer_provider", offer.map_or("", |offer| &offer.provider));
    context.insert("offer_months", &offer.map_or(0, |offer| offer.months));
    let until = offer.and_then(|offer| offer.until);
    context.insert("offer_until", &until.map_or_else(String::new, |day| language.date(day)));
    context.insert("offer_website", offer.and_then(|offer| offer.website.as_deref()).unwrap_or_default());
    context.insert("offer_phone", offer.and_then(|offer| offer.phone.as_deref()).unwrap_or_default());
}

fn insert_contacts(context: &mut Context, incident: &Incident) {
    let contacts = &incident.contacts;
    let bureaus: Vec<String> = contacts.credit_bureaus.iter().map(contacts::with_name).collect();
    context.insert("credit_bureaus", &bureaus);
    let line = |authority: Option<&_>, line: fn(&_) -> String| authority.map(line).unwrap_or_default();
    context.insert("free_report", &line(contacts.free_report.as_ref(), contacts::with_name));
    context.insert("ftc", &line(contacts.ftc.as_ref(), contacts::without_name));
}

fn insert_determinations(context: &mut Context, incident: &Incident, language: &Language) {
    let facts = &incident.facts;
    let nothing_else = facts.nothing_else.known();
    context.insert("nothing_else", &nothing_else.is_some());
    context.insert("nothing_else_by", nothing_else.map_or("", |determination| &determination.by));
    let on = nothing_else.map_or_else(String::new, |determination| language.date(determination.on));
    context.insert("nothing_else_on", &on);
    context.insert("nothing_else_unknown", &facts.nothing_else.is_unknown());
    let passwords = facts.passwords_safe.as_ref();
    context.insert("passwords_safe", &passwords.is_some());
    context.insert("passwords_safe_by", passwords.map_or("", |determination| &determination.by));
    let on = passwords.map_or_else(String::new, |determination| language.date(determination.on));
    context.insert("passwords_safe_on", &on);
}

fn insert_data(context: &mut Context, variant: &Variant, spoken: Spoken<'_>) {
    let words = |what: &str| -> Vec<&str> {
        variant.data.iter().filter_map(|id| spoken.phrases.get(&format!("{what}_{id}"))).collect()
    };
    let data = words("category");
    context.insert("data_list", &spoken.language.list(&data));
    context.insert("data_count", &data.len());
    context.insert("data", &data);
    context.insert("consequences", &words("consequence"));
    let has: BTreeSet<&str> = variant.data.iter().map(String::as_str).collect();
    for category in KNOWN_CATEGORIES {
        context.insert(format!("has_{}", category.id), &has.contains(category.id));
    }
}

fn exposure(exposure: Exposure) -> &'static str {
    match exposure {
        Exposure::Viewed => "viewed",
        Exposure::Disclosed => "disclosed",
        Exposure::Taken => "taken",
        Exposure::Lost => "lost",
        Exposure::Unknown => "unknown",
    }
}

fn culprits(culprits: Culprits) -> &'static str {
    match culprits {
        Culprits::One => "one",
        Culprits::Several => "several",
        Culprits::Unknown => "unknown",
    }
}

fn culprit_role(role: CulpritRole) -> &'static str {
    match role {
        CulpritRole::Employee => "employee",
        CulpritRole::Contractor => "contractor",
        CulpritRole::Outsider => "outsider",
        CulpritRole::Unknown => "unknown",
    }
}
