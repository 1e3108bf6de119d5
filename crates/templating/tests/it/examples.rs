//! The shipped examples: their words compile, and nothing is to be said of them.

use crate::model::person;
use forthwith_core::{incident, recipient::Residence, variant::Variant};
use forthwith_templating::{EASE_MIN, LANGUAGES, LIX_MAX, WORDS_MAX, Words, clarity};
use std::collections::BTreeMap;

const OCTOBER: &str = include_str!("../../../../examples/amazon-2020-10/incident.toml");
const RETAILER: &str = include_str!("../../../../examples/eu-retailer/incident.toml");
const JANUARY: &str = include_str!("../../../../examples/amazon-2020-01/incident.toml");

/// Returns the text part for someone in `country`, after asserting that nothing was found.
fn text(toml: &str, country: &str, data: &[&str]) -> String {
    text_in("en", toml, country, data)
}

fn text_in(language: &str, toml: &str, country: &str, data: &[&str]) -> String {
    let (incident, findings) = incident::read("incident.toml", toml.as_bytes());
    assert_eq!(findings, []);
    let incident = incident.unwrap();
    let (words, findings) = Words::new(&incident, &BTreeMap::new());
    assert_eq!(findings, []);
    let words = words.unwrap();
    let mut reader = person("Ada Lovelace", data);
    language.clone_into(&mut reader.language);
    reader.residence = Residence { country: country.to_owned(), region: String::new() };
    assert_eq!(words.check(&Variant::of(&incident, &reader)), []);
    words.parts(&reader).unwrap().text
}

#[test]
fn october_is_short_and_plain() {
    for country in ["US", "GB"] {
        let text = text(OCTOBER, country, &["email"]);
        let score = clarity::score(&text);
        assert!(score.words <= 180 && score.ease >= 60.0 && score.grade <= 8.0, "{score:?}\n{text}");
    }
}

#[test]
fn january_tells_of_several_and_of_each_persons_data() {
    for data in [&["email"][..], &["phone"], &["email", "phone"]] {
        let text = text(JANUARY, "GB", data);
        assert!(text.contains("Employees of Marten Maps passed on"));
    }
}

#[test]
fn the_retailer_is_plain_in_every_language_and_country() {
    for (language, country) in LANGUAGES.iter().flat_map(|language| ["DE", "GB", "CH"].map(|c| (*language, c))) {
        for data in [&["email", "name"][..], &["email", "name", "phone", "password_hash"]] {
            let text = text_in(language, RETAILER, country, data);
            let score = clarity::score_in(language, &text);
            assert!(score.ease >= EASE_MIN && score.lix <= LIX_MAX, "{language}: {score:?}\n{text}");
            assert!(score.words <= WORDS_MAX + 60, "with three lines in other languages: {score:?}");
        }
    }
}
