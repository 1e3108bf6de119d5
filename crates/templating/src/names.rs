//! The names that templates may use: flat, each a text, a number, a flag or a list of texts.
//!
//! Flat because the tag scanner can then know every name. Values that all people of a variant share are made in
//! `context.rs`; a person's own are looked up here.

use crate::{contacts, scan::Kind, shipped::ELEMENTS};
use forthwith_core::{
    incident::{Incident, KNOWN_CATEGORIES, OfferCode},
    recipient::Recipient,
};
use serde::Serialize;
use std::{borrow::Cow, collections::BTreeMap};

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
        /// Every name but those of the list's own columns and the flags `has_CATEGORY` and `with_ELEMENT`.
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
    "notice_date" Text Variant "the date that the notice bears";
    "organisation" Text Variant "the name that people know the organisation by";
    "legal_name" Text Variant "its registered name";
    "postal_address" List Variant "its postal address, line by line";
    "website" Text Variant "its website, as people type it";
    "authority" Text Variant "the data protection authority that supervises it, without an article";
    "authority_website" Text Variant "its website";
    "parent" Text Variant "the company that the organisation belongs to";
    "dpo_name" Text Variant "who looks after data protection";
    "dpo_email" Text Variant "that person's mailbox";
    "dpo_phone" Text Variant "that person's telephone number";
    "contact_email" Text Variant "where questions go";
    "contact_phone" Text Variant "the telephone number for questions";
    "toll_free" Text Variant "the telephone number that costs nothing";
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
    "exposed" Text Variant "how long the data was exposed: `from 1 to 14 September 2020`";
    "cause" Text Variant "how it came about, a sentence";
    "cause_unknown" Flag Variant "that we do not know how";
    "place" Text Variant "where the data lay";
    "place_unknown" Flag Variant "that we do not know where";
    "misuse" Text Variant "`seen`, `none_seen` or `unknown`";
    "delayed_by_police" Text Variant "`yes` or `no`";
    "delay_reason" Text Variant "why the notice comes late, a sentence";
    "remedy" Text Variant "how to get help, report damage and seek compensation";
    "other_matters" Text Variant "whatever else people should know";
    "mitigation" List Variant "what we do for the people affected, a sentence each";
    "prevention" List Variant "what we do so that it does not happen again, a sentence each";
    "protection" List Variant "how the data was protected, a sentence each";
    "people_affected" Text Variant "how many people are affected: `12,481`";
    "people_affected_form" Text Variant "the form that a noun takes after that number, as CLDR names it: `one`, `few`, `many`, `other`";
    "people_affected_unknown" Flag Variant "that we do not know how many";
    "only_you" Flag Variant "that exactly one person is affected";
    "holder" Text Variant "who has the data now";
    "holder_unknown" Flag Variant "that we do not know who has it";
    "holder_known" Flag Variant "that we know who has it, whether or not it is said";
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
    "offer_kind" Text Variant "`credit_monitoring` or `identity_protection`";
    "offer_provider" Text Variant "who gives the offered service";
    "offer_months" Number Variant "for how many months";
    "offer_until" Text Variant "the last day to take it up: `12 October 2020`";
    "offer_website" Text Variant "the website to take it up at";
    "offer_phone" Text Variant "the telephone number to take it up by";
    "offer_code" Text Person "the code to take it up with";
    "credit_bureaus" List Variant "the credit bureaus, each on one line";
    "free_report" Text Variant "where credit reports are free of charge, on one line";
    "ftc" Text Variant "address, telephone number and website of the Federal Trade Commission";
    "attorney_general" Text Person "the Attorney General of the person's own state, on one line";
    "state_agencies" List Person "the agencies that help people of that state, each on one line";
    "advice" List Variant "the incident's further advice, a step each";
}

/// The names that the templates of one incident may use.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// What each is, and whose.
    known: BTreeMap<String, (Kind, Whose)>,
    /// The name of each column as the header has it, by the name that templates use.
    columns: BTreeMap<String, String>,
    /// Every further column, as the header has it.
    header: Vec<String>,
}

impl Names {
    /// Returns the names where the list has these further columns. A column whose name another value has
    /// already cannot be used, and is returned.
    pub(crate) fn new<'a>(columns: impl IntoIterator<Item = &'a str>) -> (Self, Vec<String>) {
        let mut names: BTreeMap<_, _> =
            NAMES.iter().map(|name| (name.name.to_owned(), (name.kind, name.whose))).collect();
        let has = KNOWN_CATEGORIES.iter().map(|category| format!("has_{}", category.id));
        let with = ELEMENTS.iter().map(|element| format!("with_{}", element.id));
        names.extend(has.chain(with).map(|name| (name, (Kind::Flag, Whose::Variant))));
        let mut by_name = BTreeMap::new();
        let (mut hidden, mut header) = (Vec::new(), Vec::new());
        for column in columns {
            header.push(column.to_owned());
            let name = column_name(column);
            if name.is_empty() || names.contains_key(&name) {
                hidden.push(column.to_owned());
                continue;
            }
            names.insert(name.clone(), (Kind::Text, Whose::Person));
            by_name.insert(name, column.to_owned());
        }
        (Self { known: names, columns: by_name, header }, hidden)
    }

    /// Returns what `name` stands for.
    pub(crate) fn kind(&self, name: &str) -> Option<Kind> {
        self.known.get(name).map(|(kind, _)| *kind)
    }

    /// Returns whether the value of `name` is a person's own.
    pub(crate) fn is_personal(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(|(_, whose)| *whose == Whose::Person)
    }

    /// Returns every name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// Returns every further column, as the header has it.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.header.iter().map(String::as_str)
    }

    /// Returns the column that `name` stands for, as the header has it.
    pub(crate) fn column(&self, name: &str) -> Option<&str> {
        self.columns.get(name).map(String::as_str)
    }

    /// Returns the person's value of a personal name; empty where there is none.
    pub(crate) fn personal<'a>(
        &self,
        name: &str,
        recipient: &'a Recipient,
        incident: &'a Incident,
    ) -> PersonalValue<'a> {
        let text = |text: &'a str| PersonalValue::Text(Cow::Borrowed(text));
        match name {
            "name" => text(recipient.name.expose()),
            "address" => text(recipient.address.expose()),
            "person_id" => text(recipient.id.expose()),
            "country" => text(&recipient.residence.country),
            "region" => text(&recipient.residence.region),
            OFFER_CODE => text(offer_code(recipient, incident)),
            "attorney_general" => {
                let office = incident.contacts.attorney_general(&recipient.residence);
                PersonalValue::Text(Cow::Owned(office.map(contacts::with_name).unwrap_or_default()))
            }
            "state_agencies" => PersonalValue::List(contacts::agencies(&incident.contacts, &recipient.residence)),
            _ => {
                let column = self.columns.get(name).and_then(|column| recipient.columns.get(column));
                text(column.map_or("", |value| value.expose()))
            }
        }
    }
}

/// The name of a person's code for the offer.
pub(crate) const OFFER_CODE: &str = "offer_code";

/// Returns whether codes are each person's own, and this one has none.
pub(crate) fn lacks_code(recipient: &Recipient, incident: &Incident) -> bool {
    let code = incident.offer.as_ref().and_then(|offer| offer.code.as_ref());
    matches!(code, Some(OfferCode::Column(_))) && offer_code(recipient, incident).is_empty()
}

/// Returns the code with which this person takes up the offer.
fn offer_code<'a>(recipient: &'a Recipient, incident: &'a Incident) -> &'a str {
    match incident.offer.as_ref().and_then(|offer| offer.code.as_ref()) {
        Some(OfferCode::Shared(code)) => code,
        Some(OfferCode::Column(column)) => recipient.columns.get(column).map_or("", |value| value.expose().trim()),
        None => "",
    }
}

/// A person's own value.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum PersonalValue<'a> {
    Text(Cow<'a, str>),
    List(Vec<String>),
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
