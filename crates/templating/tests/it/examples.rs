//! The shipped examples: their words compile, and nothing is to be said of them.

use crate::model::person;
use forthwith_core::{incident, recipient::Residence, variant::Variant};
use forthwith_templating::{Words, clarity};
use std::collections::BTreeMap;

const OCTOBER: &str = include_str!("../../../../examples/amazon-2020-10/incident.toml");
const JANUARY: &str = include_str!("../../../../examples/amazon-2020-01/incident.toml");

/// Returns the text part for someone in `country`, after asserting that nothing was found.
fn text(toml: &str, country: &str, data: &[&str]) -> String {
    let (incident, findings) = incident::read("incident.toml", toml.as_bytes());
    assert_eq!(findings, []);
    let incident = incident.unwrap();
    let (words, findings) = Words::new(&incident, &BTreeMap::new());
    assert_eq!(findings, []);
    let words = words.unwrap();
    let mut reader = person("Ada Lovelace", data);
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
