//! Whether a wording can be told from a fake: the domains that it comes from and names.
//!
//! What a notice cannot have (attachments, links, images, several recipients) is not looked for: no template can
//! bring it in.

use super::Seen;
use crate::{context, layout::Piece, source::INCIDENT};
use forthwith_core::{
    address::Address,
    finding::{Finding, Place},
    incident::{Authority, Entity, Incident},
};

impl Seen<'_> {
    /// Looks at who writes: people compare the sender with the website that they know.
    pub(super) fn check_sender(&self) -> Vec<Finding> {
        let entity = context::entity(self.incident, self.variant);
        let mut findings = Vec::new();
        let (from, website) = (entity.from.address.domain(), host(&entity.website));
        if !is_within(from, website) && !is_within(website, from) {
            let message = format!("the notice comes from `{from}` and points to `{website}`: fakes look so");
            let hint = "write from the domain that people know the organisation by";
            findings.push(Finding::warning("from-domain", Place::file(INCIDENT), message).hint(hint));
        }
        if entity.contact.phone.is_none() && entity.contact.toll_free.is_none() {
            let message = format!(
                "people cannot call {}: a notice without a telephone number is hard to check",
                entity.known_as
            );
            findings.push(
                Finding::note("contact-phone", Place::file(INCIDENT), message).hint("add `phone` to the contact"),
            );
        }
        findings
    }

    /// Looks for domains in an element's words that are neither the organisation's nor those of whom it names.
    pub(super) fn check_domains(&self, piece: &Piece, text: &str) -> Option<Finding> {
        let entity = context::entity(self.incident, self.variant);
        let known = known_domains(self.incident, entity);
        let strange = domains(text).find(|domain| !known.iter().any(|known| is_within(domain, known)))?;
        let message = format!("`{strange}` is no domain of the organisation, and mail readers make it a link");
        let hint = "name websites of your own, or say in words whom you mean";
        Some(Finding::warning("word-domain", self.place(&piece.element), message).hint(hint))
    }
}

/// Returns the domains of the organisation, and of everybody whom notices name.
fn known_domains<'a>(incident: &'a Incident, entity: &'a Entity) -> Vec<&'a str> {
    let contacts = &incident.contacts;
    let authorities = contacts.credit_bureaus.iter().chain(&contacts.free_report).chain(&contacts.ftc);
    let authorities = authorities.chain(contacts.attorneys_general.values());
    let authorities = authorities.chain(contacts.state_agencies.values().flatten());
    let offer = incident.offer.as_ref().and_then(|offer| offer.website.as_deref());
    let contact = &entity.contact;
    let mailboxes = [&entity.from.address, &contact.email, &contact.report_fakes_to];
    let websites = authorities.map(|Authority { website, .. }| website.as_str());
    websites
        .chain([entity.website.as_str()])
        .chain(entity.authority_website.as_deref())
        .chain(offer)
        .map(host)
        .chain(mailboxes.map(Address::domain))
        .chain(entity.reply_to.as_ref().map(|mailbox| mailbox.address.domain()))
        .chain(entity.dpo.as_ref().map(|dpo| dpo.email.domain()))
        .collect()
}

/// Returns the domain of a website as people type it.
fn host(website: &str) -> &str {
    website.split('/').next().unwrap_or(website)
}

/// Returns whether a domain is `of` or one below it.
fn is_within(domain: &str, of: &str) -> bool {
    domain.strip_suffix(of).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Returns what mail readers take for domains: labels of letters, digits and hyphens, the last of letters alone.
fn domains(text: &str) -> impl Iterator<Item = String> {
    let words = text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words.filter_map(|word| {
        let word = word.rsplit('@').next().unwrap_or(word).to_lowercase();
        let domain = host(&word);
        let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
        let (before, last) = domain.rsplit_once('.')?;
        let is_domain = last.len() >= 2 && last.chars().all(char::is_alphabetic) && before.split('.').all(is_label);
        is_domain.then(|| domain.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_found_and_abbreviations_are_not() {
        let text = "Ask P.O. Box 1, e.g. help@a.example, or (type b.example/x). It cost 1.50. See U.S.A. Then xn--c-lka.example!";
        assert_eq!(domains(text).collect::<Vec<_>>(), ["a.example", "b.example", "xn--c-lka.example"]);
    }

    #[test]
    fn a_domain_is_within_itself_and_those_above() {
        assert!(is_within("mail.a.example", "a.example") && is_within("a.example", "a.example"));
        assert!(!is_within("bad-a.example", "a.example") && !is_within("a.example", "mail.a.example"));
    }
}
