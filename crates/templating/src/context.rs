//! The names that templates may use and their values: flat, each a text, a number, a flag or a list of texts.
//!
//! Flat because the tag scanner can then know every name. A fact that is unknown has a flag of its own; one that
//! is not told has neither value nor flag, so that a template cannot but be silent on it.

use crate::{language::Language, scan::Kind, sections, source::Phrases};
use forthwith_core::{
    arrangement::Headings,
    fact::{Fact, When},
    incident::{Contact, CulpritRole, Culprits, Entity, Exposure, Incident, KNOWN_CATEGORIES},
    recipient::Recipient,
    variant::Variant,
};
use std::collections::{BTreeMap, BTreeSet};
use tera::Context;

/// Whose a value is: decides whether words can be made once for a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The same for all people of a variant.
    Variant,
    /// The person's own.
    Person,
}

/// A name that every template may use.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    /// The name.
    pub name: &'static str,
    /// What it stands for.
    pub kind: Kind,
    /// Whose value it is.
    pub whose: Whose,
    /// What its value is.
    pub means: &'static str,
}

macro_rules! names {
    ($($name:literal $kind:ident $whose:ident $means:literal;)*) => {
        /// Every name but those of the list's own columns and the flags `has_CATEGORY`.
        pub const NAMES: &[Name] =
            &[$(Name { name: $name, kind: Kind::$kind, whose: Whose::$whose, means: $means }),*];
    };
}

names! {
    "name" Text Person "what the person is called; empty where the list does not say";
    "address" Text Person "the person's e-mail address";
    "person_id" Text Person "the organisation's own name for the person";
    "country" Text Person "where the person lives, as the list says: `GB`";
    "region" Text Person "the region there: `CA`";
    "language" Text Variant "the language of the notice: `en`";
    "in_another_language" Flag Variant "that these words stand in a notice of another language: `other_formats` alone does";
    "subject" Text Variant "the subject of the message";
    "title" Text Variant "the title of the notice: the subject, or the one that a law prescribes";
    "notice_label" Text Variant "the label of this wording: `B-4`";
    "organisation" Text Variant "the name that people know the organisation by";
    "legal_name" Text Variant "its registered name";
    "postal_address" List Variant "its postal address, line by line";
    "website" Text Variant "its website, as people type it";
    "authority" Text Variant "the data protection authority that supervises it, without an article";
    "contact_email" Text Variant "where questions go";
    "contact_phone" Text Variant "the telephone number for questions";
    "contact_hours" Text Variant "when it is answered";
    "report_fakes_to" Text Variant "where a fake message is to be sent";
    "exposure" Text Variant "`viewed`, `disclosed`, `taken`, `lost` or `unknown`";
    "culprits" Text Variant "`one`, `several` or `unknown`";
    "culprit_role" Text Variant "`employee`, `contractor`, `outsider` or `unknown`";
    "occurred" Text Variant "when it happened: `on 12 October 2020`, `between 1 and 14 September 2020`";
    "occurred_unknown" Flag Variant "that we do not know when it happened";
    "discovered" Text Variant "when we found out";
    "discovered_unknown" Flag Variant "that we do not know when";
    "determined" Text Variant "when we determined that personal data was concerned";
    "contained" Text Variant "when it was ended";
    "people_affected" Text Variant "how many people are affected: `12,481`";
    "people_affected_form" Text Variant "the form that a noun takes after that number, as CLDR names it: `one`, `few`, `many`, `other`";
    "people_affected_unknown" Flag Variant "that we do not know how many";
    "only_you" Flag Variant "that exactly one person is affected";
    "holder" Text Variant "who has the data now";
    "holder_unknown" Flag Variant "that we do not know who has it";
    "nothing_else" Flag Variant "that nothing else was exposed, as somebody determined";
    "nothing_else_by" Text Variant "who determined it";
    "nothing_else_on" Text Variant "the day of that: `12 October 2020`";
    "nothing_else_unknown" Flag Variant "that we do not know whether anything else was exposed";
    "passwords_safe" Flag Variant "that passwords need not be changed, as somebody determined";
    "passwords_safe_by" Text Variant "who determined it";
    "passwords_safe_on" Text Variant "the day of that";
    "police_told" Text Variant "when the police were told";
    "police_told_unknown" Flag Variant "that we do not know whether the police were told";
    "authority_told" Text Variant "when the data protection authority was told";
    "authority_told_unknown" Flag Variant "that we do not know whether the authority was told";
    "data" List Variant "what was exposed of this person, in words";
    "data_list" Text Variant "the same as one phrase: `your e-mail address and your phone number`";
    "data_count" Number Variant "how many categories of data that is";
    "consequences" List Variant "what may follow from this data, a sentence each";
    "advice" List Variant "the incident's further advice, a step each";
}

/// The names that the templates of one incident may use.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    names: BTreeMap<String, (Kind, Whose)>,
    /// The name of each column as the header has it, by the name that templates use.
    columns: BTreeMap<String, String>,
}

impl Names {
    /// Returns the names where the list has these further columns. A column whose name another value has
    /// already cannot be used, and is returned.
    pub(crate) fn new<'a>(columns: impl IntoIterator<Item = &'a str>) -> (Self, Vec<String>) {
        let mut names: BTreeMap<_, _> =
            NAMES.iter().map(|name| (name.name.to_owned(), (name.kind, name.whose))).collect();
        for category in KNOWN_CATEGORIES {
            names.insert(format!("has_{}", category.id), (Kind::Flag, Whose::Variant));
        }
        let mut by_name = BTreeMap::new();
        let mut hidden = Vec::new();
        for column in columns {
            let name = column_name(column);
            if name.is_empty() || names.contains_key(&name) {
                hidden.push(column.to_owned());
                continue;
            }
            names.insert(name.clone(), (Kind::Text, Whose::Person));
            by_name.insert(name, column.to_owned());
        }
        (Self { names, columns: by_name }, hidden)
    }

    /// Returns what `name` stands for.
    pub(crate) fn kind(&self, name: &str) -> Option<Kind> {
        self.names.get(name).map(|(kind, _)| *kind)
    }

    /// Returns whether the value of `name` is a person's own.
    pub(crate) fn is_personal(&self, name: &str) -> bool {
        self.names.get(name).is_some_and(|(_, whose)| *whose == Whose::Person)
    }

    /// Returns every name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Returns the columns, as the header has them.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.values().map(String::as_str)
    }

    /// Returns the column that `name` stands for, as the header has it.
    pub(crate) fn column(&self, name: &str) -> Option<&str> {
        self.columns.get(name).map(String::as_str)
    }

    /// Returns the person's value of a personal name; empty where the row has none.
    pub(crate) fn personal<'a>(&self, name: &str, recipient: &'a Recipient) -> &'a str {
        match name {
            "name" => recipient.name.expose(),
            "address" => recipient.address.expose(),
            "person_id" => recipient.id.expose(),
            "country" => &recipient.residence.country,
            "region" => &recipient.residence.region,
            _ => {
                let column = self.columns.get(name).and_then(|column| recipient.columns.get(column));
                column.map_or("", |value| value.expose())
            }
        }
    }
}

/// Returns the name under which templates know a column: lower case, with `_` for what a name cannot have.
pub(crate) fn column_name(column: &str) -> String {
    let name: String = column
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { String::new() }
}

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
    headings: &Headings,
) -> Context {
    let Spoken { phrases, language } = spoken;
    let mut context = Context::new();
    let entity = entity(incident, variant);
    context.insert("language", &variant.language);
    context.insert("in_another_language", &false);
    context.insert("subject", phrases.subject());
    let title = sections::title(headings, phrases);
    context.insert("title", &title.unwrap_or_else(|| phrases.subject().to_owned()));
    context.insert("notice_label", &variant.label(incident));
    insert_entity(&mut context, entity);
    insert_contact(&mut context, &entity.contact, &variant.language);
    insert_facts(&mut context, incident, &variant.language, language);
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
}

fn insert_contact(context: &mut Context, contact: &Contact, language: &str) {
    context.insert("contact_email", contact.email.expose());
    context.insert("contact_phone", contact.phone.as_deref().unwrap_or_default());
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
    insert_determinations(context, incident, language);
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
