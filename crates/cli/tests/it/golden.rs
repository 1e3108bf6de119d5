//! Golden messages and packets: the bytes of every notice and every page of the examples, under a key that is no
//! secret.
//!
//! `FORTHWITH_BLESS=1 cargo test -p forthwith golden` writes them anew; the difference is then read like code.

use crate::{
    harness::{CLINIC, Incident, JANUARY, OCTOBER, RETAILER, shipped},
    packet::{files, packet_of},
};
use forthwith_core::{
    affected::{Context, Fated, Known, People, Supplied, other_columns, read_settings},
    duty::Duties,
    incident,
    key::PlanKey,
    law,
};
use forthwith_templating::{ByDuty, Words, own_elements};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
};

/// Set, it makes the test write what it would compare.
const BLESS: &str = "FORTHWITH_BLESS";
/// The key of the golden messages.
const KEY: [u8; 32] = [0x42; 32];

/// Returns every message of `incident` by file name, without a date.
pub(crate) fn messages(incident: &Incident, date: Option<Timestamp>) -> BTreeMap<String, Vec<u8>> {
    let (facts, _) = incident::read("incident.toml", incident.read("incident.toml").as_bytes());
    let (settings, _) = read_settings("affected.toml", incident.read("affected.toml").as_bytes());
    let (facts, settings) = (facts.unwrap(), settings.unwrap());
    let list = incident.read("affected.csv");
    let columns = other_columns(&settings, Supplied::new(list.as_bytes()));
    let duties = Arc::new(Duties::new(&facts, law::shipped(), own_elements(&facts)));
    let arrange = Box::new(ByDuty::new(&facts, Arc::clone(&duties)));
    let (words, _) = Words::arranged(&facts, &BTreeMap::new(), columns.iter().map(String::as_str), arrange);
    let words = words.unwrap();
    let context = Context {
        file: "affected.csv",
        settings: &settings,
        categories: Some(&facts.categories),
        languages: Some(&facts.languages),
        read_columns: &BTreeSet::new(),
        known: &Known::default(),
        duties: Some(&duties),
    };
    let mut people = People::new(context, Supplied::new(list.as_bytes()))
        .unwrap_or_else(|_| panic!("the example's list is read"));
    let key = PlanKey::new(KEY);
    let mut messages = BTreeMap::new();
    while let Some(row) = people.read().unwrap() {
        if let Fated::Planned(recipient) = row.fate {
            let message = words.render(&key, &key.token(row.row), &recipient, date).unwrap();
            messages.insert(format!("{:02}-{}.eml", row.row, recipient.id.expose()), message.bytes);
        }
    }
    messages
}

/// Holds the files below `folder` in an example against those made now.
fn keeps(example: &str, folder: &str, made: &BTreeMap<String, Vec<u8>>) {
    let path = shipped(example).join(folder);
    if std::env::var_os(BLESS).is_some_and(|value| value == "1") {
        let _ = fs::remove_dir_all(&path);
        for (name, bytes) in made {
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
    }
    let kept = files(&path);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&kept), names(made), "{example}: other files; if that is meant: {BLESS}=1");
    for (name, bytes) in made {
        let golden = &kept[name];
        let differs = golden.split_inclusive(|b| *b == b'\n').zip(bytes.split_inclusive(|b| *b == b'\n'));
        if let Some((before, now)) = differs.clone().find(|(before, now)| before != now) {
            let [before, now] = [before, now].map(String::from_utf8_lossy);
            panic!("{example}/{name} changed:\n- {before}+ {now}if that is meant: {BLESS}=1");
        }
        assert_eq!(golden.len(), bytes.len(), "{example}/{name} has another length; if that is meant: {BLESS}=1");
    }
}

#[test]
fn the_notices_of_october_are_as_they_were() {
    keeps(OCTOBER, "expected", &messages(&Incident::example(OCTOBER), None));
}

#[test]
fn the_notices_of_january_are_as_they_were() {
    keeps(JANUARY, "expected", &messages(&Incident::example(JANUARY), None));
}

#[test]
fn the_packet_of_october_is_as_it_was() {
    keeps(OCTOBER, "expected-packet", &packet_of(&Incident::example(OCTOBER)));
}

#[test]
fn the_packet_of_january_is_as_it_was() {
    keeps(JANUARY, "expected-packet", &packet_of(&Incident::example(JANUARY)));
}

#[test]
fn the_notices_of_the_retailer_are_as_they_were() {
    keeps(RETAILER, "expected", &messages(&Incident::example(RETAILER), None));
}

#[test]
fn the_packet_of_the_retailer_is_as_it_was() {
    keeps(RETAILER, "expected-packet", &packet_of(&Incident::example(RETAILER)));
}

#[test]
fn the_notices_of_the_clinic_are_as_they_were() {
    keeps(CLINIC, "expected", &messages(&Incident::example(CLINIC), None));
}

#[test]
fn the_packet_of_the_clinic_is_as_it_was() {
    keeps(CLINIC, "expected-packet", &packet_of(&Incident::example(CLINIC)));
}
