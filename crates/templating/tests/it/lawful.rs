//! What laws make of the words: a person's notice tells of that person's data and of nothing else, holds no element that
//! it was to leave out, and lacks none that is asked for without a finding.
//!
//! Every set of data of the clinic's, everywhere, in every language: nothing is left to chance.

use crate::model::person;
use forthwith_core::{
    duty::{Duties, Reader, Standing, Way, findings},
    finding::Gravity,
    incident::{self, Incident},
    law::{self, ConsentKind, Word as _},
    private::Private,
    recipient::{Recipient, Residence},
};
use forthwith_templating::{ByDuty, Paragraph, ParagraphKind, Parts, Words, own_elements};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const CLINIC: &str = include_str!("../../../../examples/clinic-ransomware/incident.toml");
const PHRASES: [(&str, &str); 3] = [
    ("en", include_str!("../../../../templates/phrases/en.md")),
    ("es", include_str!("../../../../templates/phrases/es.md")),
    ("de", include_str!("../../../../templates/phrases/de.md")),
];
const CATEGORIES: [&str; 5] = ["name", "date_of_birth", "health", "health_insurance", "ssn"];
const RESIDENCES: [&str; 14] = [
    "US-CA", "US-MA", "US-NY", "US-TX", "US-RI", "US-IL", "US-VT", "US-MD", "US-WA", "US", "CA-ON", "DE", "JP", "",
];

struct Clinic {
    incident: Incident,
    duties: Arc<Duties>,
    words: Words,
}

fn clinic() -> Clinic {
    let incident = incident::read("incident.toml", CLINIC.as_bytes()).0.unwrap();
    let duties = Arc::new(Duties::new(&incident, law::shipped(), own_elements(&incident)));
    let arrange = Box::new(ByDuty::new(&incident, Arc::clone(&duties)));
    let (words, findings) = Words::arranged(&incident, &BTreeMap::new(), ["offer_code"], arrange);
    assert_eq!(findings, []);
    Clinic { words: words.unwrap(), incident, duties }
}

fn phrase(language: &str, name: &str) -> &'static str {
    let (_, phrases) = PHRASES.iter().find(|(known, _)| *known == language).unwrap();
    let mut lines = phrases.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name}")).1
}

/// Returns one person for each residence, language and set of data.
fn everybody() -> impl Iterator<Item = Recipient> {
    let sets = 1_usize..1 << CATEGORIES.len();
    let readers = RESIDENCES.into_iter().flat_map(|residence| PHRASES.map(|(language, _)| (residence, language)));
    readers.flat_map(move |(residence, language)| {
        sets.clone().map(move |set| {
            let data: Vec<&str> =
                (0..CATEGORIES.len()).filter(|i| set >> i & 1 == 1).map(|i| CATEGORIES[i]).collect();
            let mut reader = person("Ada Lovelace", &data);
            let (country, region) = residence.split_once('-').unwrap_or((residence, ""));
            reader.residence = Residence { country: country.to_owned(), region: region.to_owned() };
            language.clone_into(&mut reader.language);
            reader.consent = ConsentKind::ALL[1..].to_vec();
            reader.columns = BTreeMap::from([("offer_code".to_owned(), Private::new("LW-1".to_owned()))]);
            reader
        })
    })
}

/// Returns the words of the blocks of one kind in which an element stands.
fn said<'a>(parts: &'a Parts, element: &'a str, kind: ParagraphKind) -> impl Iterator<Item = &'a str> {
    let of =
        move |paragraph: &&Paragraph| paragraph.kind == kind && paragraph.elements.iter().any(|id| id == element);
    parts.paragraphs.iter().filter(of).map(|paragraph| paragraph.text.as_str())
}

#[test]
fn a_notice_lists_the_data_of_its_own_row_and_says_what_follows_from_it() {
    let Clinic { incident, words, .. } = clinic();
    for reader in everybody() {
        let variant = words.variant(&reader);
        let row: BTreeSet<&String> = reader.data.iter().collect();
        assert_eq!((variant.data.iter().collect::<BTreeSet<_>>(), variant.data.len()), (row, reader.data.len()));
        let parts = words.parts(&reader).unwrap();
        let language = parts.language.as_str();
        let own = CATEGORIES.iter().filter(|id| reader.data.iter().any(|data| data == *id));
        let expected: Vec<&str> = own.map(|id| phrase(language, &format!("category_{id}"))).collect();
        let items: Vec<&str> = said(&parts, "specific_elements", ParagraphKind::Item).collect();
        if expected.len() > 1 {
            assert_eq!(items, expected);
        } else {
            let lines: String = said(&parts, "specific_elements", ParagraphKind::Text).collect();
            assert!(items.is_empty() && lines.contains(expected[0]), "{lines}");
        }
        let follows: String = said(&parts, "likely_consequences", ParagraphKind::Text).collect();
        for category in &incident.categories {
            let consequence = phrase(language, &format!("consequence_{}", category.id));
            assert_eq!(follows.contains(consequence), reader.data.contains(&category.id), "{follows}");
        }
    }
}

#[test]
fn a_notice_has_no_element_that_it_leaves_out_and_lacks_none_that_is_asked_for_without_a_finding() {
    let Clinic { incident, duties, words } = clinic();
    let (mut dropped, mut asked) = (0, 0);
    for reader in everybody() {
        let duty = duties.of(&reader);
        assert!(matches!(duty.way, Way::Email | Way::Letter));
        let parts = words.parts(&reader).unwrap();
        let elements: BTreeSet<&str> =
            parts.paragraphs.iter().flat_map(|paragraph| &paragraph.elements).map(String::as_str).collect();
        for element in &duty.by_law.dropped {
            assert!(!elements.contains(element.word()), "{element}");
            dropped += 1;
        }
        let variant = words.variant(&reader);
        let said = words.said_by(&variant);
        let reading = Reader { duty: &duty, language: &variant.language, said: &said, people: 1 };
        let found = findings(&incident, &[reading]);
        for verdict in duty.checks.iter().map(|check| check.judge(&said)) {
            let is_found = || {
                let refused = found.iter().filter(|finding| finding.gravity == Gravity::Refused);
                refused.into_iter().any(|finding| finding.message.contains(verdict.check.cite))
            };
            assert!(verdict.standing != Standing::NotMet || is_found(), "{}: {}", verdict.check.asks, verdict.fact);
            asked += 1;
        }
        assert_eq!(words.variant(&reader), variant, "the same person, the same one notice");
    }
    assert!(dropped > 50 && asked > 10_000, "{dropped} {asked}");
}
