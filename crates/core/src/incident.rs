//! The incident: what happened, who says so, and what is said.
//!
//! The types here are the meaning of incident.toml; `incident/read.rs` is how they are read from it.

mod categories;
mod cause;
mod contacts;
mod law;
mod offer;
mod read;

pub use categories::{KNOWN_CATEGORIES, KnownCategory, known_category};
pub use cause::{Cause, Concerns, Measure, Measures, Misuse, Mitigation, Prevention, Protection};
pub use contacts::{Authority, Contacts};
pub use law::{Decision, LawSettings, NotEnough, Question};
pub use offer::{Offer, OfferCode, OfferKind};
pub use read::read;

use crate::{
    address::Address,
    approval::ApprovalRule,
    fact::{Determination, Fact, When},
    law::{ClockEvent, Role},
    recipient::Residence,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::collections::BTreeMap;

/// What incident.toml says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// A short name for identifiers, `a-z 0-9 -`, at most 32 characters: stands in every Message-ID.
    pub id: String,
    /// When what happened when.
    pub clock: Clock,
    /// The organisation that is responsible and writes.
    pub organisation: Entity,
    /// Entities that write to people of other residences; the first that covers a residence writes.
    pub elsewhere: Vec<Elsewhere>,
    /// What the organisation is in the eyes of laws; the owner of the data where nothing is said.
    pub roles: Vec<Role>,
    /// What is known, typed.
    pub facts: Facts,
    /// What is done about it.
    pub measures: Measures,
    /// What people are offered.
    pub offer: Option<Offer>,
    /// Whom notices name besides the organisation: the incident's own, and the shipped ones.
    pub contacts: Contacts,
    /// The categories of data concerned, in the order in which notices list them.
    pub categories: Vec<Category>,
    /// The languages that notices are written in, and the one that is used where a person's is not among them.
    pub languages: Languages,
    /// The notice: its own elements and its subjects.
    pub notice: NoticeSettings,
    /// Who must release the plan; `None` where the table is missing.
    pub approval: Option<ApprovalRule>,
    /// When every notice must have been handed over, where a deadline is known.
    pub deadline: Option<Timestamp>,
    /// What the law needs to know of the organisation, and what people have decided about it.
    pub law: LawSettings,
}

/// When what happened. GDPR Art. 33(3) and the state laws of the US ask for different ones of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// When the data got out.
    pub occurred: Fact<When>,
    /// When the organisation found out that something happened.
    pub discovered: Fact<When>,
    /// When it determined that personal data was concerned.
    pub determined: Option<When>,
    /// When it was ended.
    pub contained: Option<When>,
    /// From when to when the data was exposed.
    pub exposed: Option<When>,
    /// Further events from which laws count. They stand in no notice.
    pub further: BTreeMap<ClockEvent, When>,
    /// The zone in which days are meant, where it is said.
    pub zone: Option<TimeZone>,
}

impl Clock {
    /// Returns when `event` came, as far as incident.toml says it.
    pub fn when(&self, event: ClockEvent) -> Option<&When> {
        match event {
            ClockEvent::Occurred => self.occurred.known(),
            ClockEvent::Discovered => self.discovered.known(),
            ClockEvent::Determined => self.determined.as_ref(),
            _ => self.further.get(&event),
        }
    }
}

/// A legal entity that writes to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its registered name.
    pub legal_name: String,
    /// The name that people know it by.
    pub known_as: String,
    /// The one mailbox in From: display name and address.
    pub from: Mailbox,
    /// Where answers go, if not to From.
    pub reply_to: Option<Mailbox>,
    /// The domain of the return path, `bounces.example.org`; From's own domain where it is not given.
    pub return_path_domain: String,
    /// Its postal address, one line each.
    pub postal_address: Vec<String>,
    /// Its website as people type it: `example.org`, without a scheme.
    pub website: String,
    /// The data protection authority that supervises it, where one does; named without an article.
    pub authority: Option<String>,
    /// The authority's website, as people type it.
    pub authority_website: Option<String>,
    /// The company that it belongs to.
    pub parent: Option<String>,
    /// Who looks after data protection in it, where somebody is named.
    pub dpo: Option<Dpo>,
    /// Where the people that it writes to turn.
    pub contact: Contact,
}

/// Who looks after data protection in an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dpo {
    /// The person's name, where it is to be told.
    pub name: Option<String>,
    /// The mailbox.
    pub email: Address,
    /// The telephone number.
    pub phone: Option<String>,
}

/// An entity for people who live elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Country codes (`GB`) or country and region (`US-CA`).
    pub residence: Vec<String>,
    /// Who writes to them.
    pub entity: Entity,
}

/// A display name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name; may be empty.
    pub name: String,
    /// The address.
    pub address: Address,
}

/// What happened to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Somebody looked at it.
    Viewed,
    /// Somebody passed it on.
    Disclosed,
    /// Somebody took a copy.
    Taken,
    /// It can no longer be found.
    Lost,
    /// Not known yet.
    Unknown,
}

/// How many did it: drives every singular and plural.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprits {
    /// One person.
    One,
    /// More than one person.
    Several,
    /// Not known.
    Unknown,
}

/// The typed facts that the public asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What happened to the data.
    pub exposure: Exposure,
    /// How many did it.
    pub culprits: Culprits,
    /// Who did it, in a word that takes a plural by language: `employee`, `contractor`, `outsider`.
    pub culprit_role: CulpritRole,
    /// Who has the data now: id of a holder with words per language in `statements`, or unknown.
    pub holder: Fact<BTreeMap<String, String>>,
    /// How it came about; `None` where nothing is said of it, and of those below.
    pub cause: Option<Fact<Cause>>,
    /// Where the data lay, in words by language.
    pub place: Option<Fact<BTreeMap<String, String>>>,
    /// Whether the data has been misused.
    pub misuse: Option<Fact<Misuse>>,
    /// Whether law enforcement had the notice wait.
    pub delayed_by_police: Option<bool>,
    /// Why the notice comes late, as a sentence by language.
    pub delay_reason: BTreeMap<String, String>,
    /// How to get help, report damage and seek compensation, by language.
    pub remedy: BTreeMap<String, String>,
    /// Whatever else people should know, by language.
    pub other_matters: BTreeMap<String, String>,
    /// How many people are concerned.
    pub people_affected: Fact<u64>,
    /// That nothing else was exposed: who determined it, and when.
    pub nothing_else: Fact<Determination>,
    /// That passwords need not be changed: who determined it, and when.
    pub passwords_safe: Option<Determination>,
    /// That police or prosecutors were told, and when.
    pub police_told: Fact<When>,
    /// That the data protection authority was told, and when.
    pub authority_told: Fact<When>,
}

/// What the culprits are to the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CulpritRole {
    /// Employed by it.
    Employee,
    /// Works for it under contract, or for a supplier of its.
    Contractor,
    /// From outside.
    Outsider,
    /// Not known.
    Unknown,
}

/// A category of personal data that was exposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its id, as the list's `data` column names it.
    pub id: String,
    /// What it is called in a notice, by language; empty for known ids, whose words are shipped.
    pub words: BTreeMap<String, String>,
    /// What may follow from it, as a sentence by language; empty for known ids, whose words are shipped.
    pub consequence: BTreeMap<String, String>,
}

/// The languages of the notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Languages {
    /// The language of people whose own is not offered, BCP 47.
    pub default: String,
    /// Every language offered, the default among them.
    pub offered: Vec<String>,
}

/// Where people turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The mailbox for questions.
    pub email: Address,
    /// A telephone number that people find on the organisation's website too.
    pub phone: Option<String>,
    /// A telephone number that costs the caller nothing.
    pub toll_free: Option<String>,
    /// When it is answered, by language.
    pub hours: BTreeMap<String, String>,
    /// Where a fake message is to be sent.
    pub report_fakes_to: Address,
}

/// The notice's own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeSettings {
    /// The elements, in order; empty means the shipped order.
    pub elements: Vec<String>,
    /// The date that the notice bears.
    pub date: Option<Date>,
    /// The subject by language.
    pub subject: BTreeMap<String, String>,
    /// Statements in the organisation's words: element id → language → Markdown with placeholders.
    pub statements: BTreeMap<String, BTreeMap<String, Statement>>,
    /// Further advice, by language: each item begins with a verb.
    pub advice: BTreeMap<String, Vec<String>>,
}

/// Words from incident.toml, with the place they came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The Markdown.
    pub text: String,
    /// Its bytes in incident.toml.
    pub span: std::ops::Range<usize>,
}

impl Languages {
    /// Returns what is offered to somebody who wants this language: itself, the language without its region, or the
    /// same language of another region.
    pub fn of(&self, wanted: &str) -> Option<&str> {
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let first =
            |fits: &dyn Fn(&str) -> bool| self.offered.iter().map(String::as_str).find(|offered| fits(offered));
        first(&|offered| offered.eq_ignore_ascii_case(wanted))
            .or_else(|| first(&|offered| offered.eq_ignore_ascii_case(&primary(wanted))))
            .or_else(|| first(&|offered| primary(offered) == primary(wanted)))
    }

    /// Returns whether somebody who wants this language gets it. Who names none is content with the default.
    pub fn offers(&self, wanted: &str) -> bool {
        wanted.is_empty() || self.of(wanted).is_some()
    }
}

impl Incident {
    /// Returns the entity that writes to people who live in `residence`, and its position: 0 is the
    /// organisation itself, 1 the first of `elsewhere`.
    pub fn entity_for(&self, residence: &Residence) -> (usize, &Entity) {
        let found = self
            .elsewhere
            .iter()
            .enumerate()
            .find(|(_, e)| e.residence.iter().any(|pattern| residence.is_in(pattern)));
        found.map_or((0, &self.organisation), |(i, e)| (i + 1, &e.entity))
    }

    /// Returns the offered language for `wanted`: [`Languages::of`], or the default.
    pub fn language_for<'a>(&'a self, wanted: &str) -> &'a str {
        self.languages.of(wanted).unwrap_or(&self.languages.default)
    }

    /// Returns the category with this id.
    pub fn category(&self, id: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.id == id)
    }
}
