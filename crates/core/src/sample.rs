//! What still stands in an incident from a sample: reserved domains and text to be replaced.
//!
//! While any of it does, nothing goes to a relay beyond loopback.

use crate::{
    address::is_reserved_domain,
    finding::{Finding, Place},
    incident::{Entity, Incident},
};

/// What marks text in the sample that is to be replaced.
pub const MARK: &str = "[replace";

/// Returns a finding `sample-text` for each thing that still stands in `incident` from a sample.
pub fn leftovers(incident: &Incident) -> Vec<Finding> {
    let mut found = Vec::new();
    entity("[organisation]", &incident.organisation, &mut found);
    for elsewhere in &incident.elsewhere {
        entity("[[organisation.elsewhere]]", &elsewhere.entity, &mut found);
    }
    let statements = incident.notice.statements.iter().flat_map(|(element, by_language)| {
        by_language
            .iter()
            .map(move |(language, statement)| (format!("[statements.{language}] {element}"), &statement.text))
    });
    found.extend(
        statements.filter(|(_, text)| is_marked(text)).map(|(name, _)| format!("{name} is untouched sample text")),
    );
    let advice = incident.notice.advice.values().flatten();
    found.extend(advice.filter(|text| is_marked(text)).map(|_| "[advice] has untouched sample text".to_owned()));
    let finding = |message| {
        Finding::refused("sample-text", Place::file("incident.toml"), message)
            .hint("put in what is true of your organisation; a rehearsal goes on without it")
    };
    found.into_iter().map(finding).collect()
}

fn entity(table: &str, entity: &Entity, found: &mut Vec<String>) {
    let reserved = [
        ("from", Some(entity.from.address.domain())),
        ("reply_to", entity.reply_to.as_ref().map(|mailbox| mailbox.address.domain())),
        ("return_path_domain", Some(entity.return_path_domain.as_str())),
        ("website", entity.website.split('/').next()),
    ];
    for (name, domain) in reserved {
        if domain.is_some_and(is_reserved_domain) {
            found.push(format!("{table} {name} is at a reserved domain"));
        }
    }
    let contact = &entity.contact;
    for (name, address) in [("email", &contact.email), ("report_fakes_to", &contact.report_fakes_to)] {
        if address.is_reserved() {
            found.push(format!("the contact of {table}: {name} is at a reserved domain"));
        }
    }
    let texts = [("legal_name", &entity.legal_name), ("known_as", &entity.known_as)];
    let lines = entity.postal_address.iter().map(|line| ("postal_address", line));
    for (name, text) in texts.into_iter().chain(lines) {
        if is_marked(text) {
            found.push(format!("{table} {name} is untouched sample text"));
        }
    }
}

fn is_marked(text: &str) -> bool {
    text.to_lowercase().contains(MARK)
}
