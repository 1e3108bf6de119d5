//! Incidents and people for the tests, built by hand: the reader of incident.toml is another crate's story.
//! The examples use a part of this file too.

use forthwith_core::{
    address::Address,
    fact::{Determination, Fact, When},
    incident::{
        Category, Clock, Contact, Contacts, CulpritRole, Culprits, Entity, Exposure, Facts, Incident, Languages,
        Mailbox, Measures, NoticeSettings, Statement,
    },
    key::PlanKey,
    law::Role,
    notice::Token,
    private::Private,
    recipient::{Recipient, Residence},
};
use forthwith_templating::Words;
use jiff::civil::date;
use std::collections::BTreeMap;

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(crate) fn by_language(words: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("en".to_owned(), words.to_owned())])
}

pub(crate) fn statement(text: &str) -> BTreeMap<String, Statement> {
    BTreeMap::from([("en".to_owned(), Statement { text: text.to_owned(), span: 100..200 })])
}

/// An employee passed on e-mail addresses, and nothing else: the shape of October 2020.
pub(crate) fn email_only() -> Incident {
    let nothing_else = Determination { by: "R. Okafor, head of security".to_owned(), on: date(2020, 10, 20) };
    Incident {
        id: "larkspur-2020-10".to_owned(),
        clock: Clock {
            occurred: Fact::Known(When::Between(date(2020, 9, 1), date(2020, 9, 14))),
            discovered: Fact::Known(When::On(date(2020, 10, 12))),
            determined: None,
            contained: Some(When::On(date(2020, 10, 12))),
            exposed: None,
            further: BTreeMap::new(),
            zone: None,
        },
        organisation: entity(),
        elsewhere: Vec::new(),
        roles: vec![Role::Owner],
        facts: Facts {
            exposure: Exposure::Disclosed,
            culprits: Culprits::One,
            culprit_role: CulpritRole::Employee,
            holder: Fact::Known(by_language("one seller outside our company")),
            cause: None,
            place: None,
            misuse: None,
            delayed_by_police: None,
            delay_reason: BTreeMap::new(),
            remedy: BTreeMap::new(),
            other_matters: BTreeMap::new(),
            people_affected: Fact::Known(12_481),
            nothing_else: Fact::Known(nothing_else),
            passwords_safe: None,
            police_told: Fact::Known(When::On(date(2020, 10, 14))),
            authority_told: Fact::NotTold { reason: "counsel has not released it".to_owned() },
        },
        measures: Measures::default(),
        offer: None,
        contacts: Contacts::shipped().clone(),
        categories: vec![category("email"), category("phone")],
        languages: Languages { default: "en".to_owned(), offered: vec!["en".to_owned()] },
        notice: NoticeSettings {
            elements: Vec::new(),
            date: None,
            subject: BTreeMap::new(),
            statements: BTreeMap::new(),
            advice: BTreeMap::new(),
        },
        approval: None,
        deadline: None,
        law: forthwith_core::incident::LawSettings::default(),
    }
}

pub(crate) fn entity() -> Entity {
    Entity {
        legal_name: "Larkspur Market Ltd".to_owned(),
        known_as: "Larkspur".to_owned(),
        from: Mailbox { name: "Larkspur".to_owned(), address: address("notice@larkspur.example") },
        reply_to: Some(Mailbox { name: "Larkspur help".to_owned(), address: address("help@larkspur.example") }),
        return_path_domain: "bounces.larkspur.example".to_owned(),
        postal_address: vec!["14 Tannery Lane".to_owned(), "Leeds LS1 4AB".to_owned()],
        website: "larkspur.example".to_owned(),
        authority: None,
        authority_website: None,
        parent: None,
        dpo: None,
        contact: contact(),
    }
}

pub(crate) fn category(id: &str) -> Category {
    Category { id: id.to_owned(), words: BTreeMap::new(), consequence: BTreeMap::new() }
}

pub(crate) fn person(name: &str, data: &[&str]) -> Recipient {
    Recipient {
        row: 1,
        line: 2,
        id: Private::new("C1".to_owned()),
        address: address("ada@example.com"),
        name: Private::new(name.to_owned()),
        residence: Residence::default(),
        language: "en".to_owned(),
        data: data.iter().map(|id| (*id).to_owned()).collect(),
        consent: Vec::new(),
        columns: BTreeMap::new(),
    }
}

pub(crate) fn key() -> PlanKey {
    PlanKey::new([7; 32])
}

pub(crate) fn token() -> Token {
    key().token(1)
}

/// Compiles the words of an incident whose words are all good.
pub(crate) fn words(incident: &Incident) -> Words {
    let (words, findings) = Words::new(incident, &BTreeMap::new());
    words.unwrap_or_else(|| panic!("{findings:#?}"))
}

/// Returns both parts of one notice with LF line ends, for the golden file.
pub(crate) fn golden(words: &Words) -> String {
    let parts = words.parts(&person("Ada Lovelace", &["email"])).unwrap();
    format!("{}\n{}", parts.text, parts.html).replace("\r\n", "\n")
}

fn contact() -> Contact {
    Contact {
        email: address("help@larkspur.example"),
        phone: Some("+44 20 7946 0018".to_owned()),
        toll_free: None,
        hours: by_language("every day, 8 to 20"),
        report_fakes_to: address("fakes@larkspur.example"),
    }
}
