//! What changed since the packet before: counts, settings, facts, rules, and every wording word by word.
//!
//! It compares two records, and is no part of what is signed: who decides what an approval covers is not asked here.

use super::{
    compared::{Line, marked},
    record::{Record, VariantRecord},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What the packet before was.
#[derive(Clone, Copy, Debug)]
pub enum Before<'a> {
    /// There was none.
    None,
    /// It was this: its `packet.json`.
    Record(&'a [u8]),
}

/// What changed.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Changes {
    /// `first`, `unreadable` where nothing can be said of the packet before, or `compared`.
    pub state: &'static str,
    /// The digest of the packet before.
    pub before: Option<String>,
    pub digest: String,
    pub counts: Vec<Changed>,
    /// How many people live where.
    pub residences: Vec<Changed>,
    pub settings: Vec<Changed>,
    pub facts: Vec<Changed>,
    pub rules: Vec<Changed>,
    pub added: Vec<Wording>,
    pub removed: Vec<Wording>,
    pub changed: Vec<Wording>,
    /// How many wordings say what they said.
    pub unchanged: usize,
    /// Whether nothing at all changed.
    pub is_same: bool,
}

/// One value before and now; empty where there was or is none.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Changed {
    pub name: String,
    pub before: String,
    pub now: String,
}

/// One wording that changed.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Wording {
    pub key: String,
    /// Its page in this packet; empty where it has none.
    pub page: String,
    pub label: String,
    pub direction: String,
    pub language: String,
    pub people: u64,
    /// Subject, From and Reply-To where they changed.
    pub settings: Vec<Changed>,
    /// Its words, where they changed.
    pub words: Vec<Line>,
}

/// Returns what changed from the packet before to this one.
pub(super) fn changes(before: Before<'_>, now: &Record) -> Changes {
    let digest = now.digest.clone();
    let before = match before {
        Before::None => return Changes { state: "first", digest, ..Changes::default() },
        Before::Record(json) => match Record::read(json) {
            Some(before) => before,
            None => return Changes { state: "unreadable", digest, ..Changes::default() },
        },
    };
    let mut changes = Changes {
        state: "compared",
        before: Some(before.digest.clone()),
        digest,
        counts: changed(&counts(&before), &counts(now)),
        residences: changed(&residences(&before), &residences(now)),
        settings: changed(&settings(&before), &settings(now)),
        facts: changed(&facts(&before), &facts(now)),
        rules: changed(&rules(&before), &rules(now)),
        ..Changes::default()
    };
    wordings(&before, now, &mut changes);
    changes.is_same = before.digest == now.digest
        && [&changes.counts, &changes.settings, &changes.facts, &changes.rules].iter().all(|list| list.is_empty())
        && [&changes.added, &changes.removed, &changes.changed].iter().all(|list| list.is_empty());
    changes
}

type Values = BTreeMap<String, String>;

/// Returns the values that differ, by name.
fn changed(before: &Values, now: &Values) -> Vec<Changed> {
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let of = |values: &Values, name: &String| values.get(name).cloned().unwrap_or_default();
    let all =
        names.into_iter().map(|name| Changed { name: name.clone(), before: of(before, name), now: of(now, name) });
    all.filter(|changed| changed.before != changed.now).collect()
}

fn counts(record: &Record) -> Values {
    let list = &record.list;
    let mut counts = BTreeMap::from([
        ("rows".to_owned(), list.rows),
        ("notices planned".to_owned(), list.planned),
        ("merged rows".to_owned(), list.merged),
        ("wordings".to_owned(), record.variants.len() as u64),
    ]);
    counts.extend(list.reasons.iter().map(|reason| (format!("withheld: {}", reason.reason), reason.rows)));
    counts
        .extend(record.variants.iter().map(|variant| (format!("people who get {}", variant.key), variant.people)));
    counts.into_iter().map(|(name, count)| (name, super::number(count))).collect()
}

fn residences(record: &Record) -> Values {
    record.residences.iter().map(|of| (of.residence.clone(), super::number(of.people))).collect()
}

/// Returns what the manifest says but for counts, and for digests over all notices, which change with anything.
fn settings(record: &Record) -> Values {
    let is_count = |name: &str| matches!(name, "rows" | "planned" | "notices") || name.starts_with("withheld.");
    let lines = record.manifest.iter().filter(|line| !is_count(&line.name));
    let mut settings: Values = lines.map(|line| (line.name.clone(), line.value.clone())).collect();
    settings.insert("approval".to_owned(), record.approval.says.clone());
    settings
}

fn facts(record: &Record) -> Values {
    let says = |fact: &super::facts::FactRecord| match fact.state.as_str() {
        "known" => fact.value.clone(),
        state => format!("{}: {}", state.replace('-', " "), fact.value),
    };
    record.facts.iter().map(|fact| (fact.name.clone(), says(fact))).collect()
}

fn rules(record: &Record) -> Values {
    let mut rules = Values::new();
    for regime in record.law.iter().flat_map(|law| &law.regimes) {
        for rule in regime.rules() {
            let standing = match (rule.standing, &rule.decision) {
                (super::law::PacketStanding::Met, _) => "met".to_owned(),
                (super::law::PacketStanding::NotMet, _) => "not met".to_owned(),
                (super::law::PacketStanding::Decide, None) => "a person decides".to_owned(),
                (super::law::PacketStanding::Decide, Some(decision)) => format!("decided by {}", decision.by),
            };
            let of =
                if rule.variants.is_empty() { String::new() } else { format!(" ({})", rule.variants.join(", ")) };
            rules.insert(format!("{}: {}{of}", regime.id, rule.asks), standing);
        }
    }
    rules
}

fn wordings(before: &Record, now: &Record, changes: &mut Changes) {
    let by_key = |record: &'_ Record| -> BTreeMap<String, VariantRecord> {
        record.variants.iter().map(|variant| (variant.key.clone(), variant.clone())).collect()
    };
    let (old, new) = (by_key(before), by_key(now));
    for (key, variant) in &new {
        let Some(earlier) = old.get(key) else {
            changes.added.push(wording(variant, &variant.page, Vec::new(), Vec::new()));
            continue;
        };
        let words = marked(earlier, variant);
        let settings = changed(&headers(earlier), &headers(variant));
        if words.is_some() || !settings.is_empty() {
            changes.changed.push(wording(variant, &variant.page, settings, words.unwrap_or_default()));
        } else {
            changes.unchanged += 1;
        }
    }
    let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
    changes.removed = gone.map(|(_, variant)| wording(variant, "", Vec::new(), Vec::new())).collect();
}

fn wording(variant: &VariantRecord, page: &str, settings: Vec<Changed>, words: Vec<Line>) -> Wording {
    Wording {
        key: variant.key.clone(),
        page: page.to_owned(),
        label: variant.label.clone(),
        direction: variant.direction.clone(),
        language: variant.language.clone(),
        people: variant.people,
        settings,
        words,
    }
}

fn headers(variant: &VariantRecord) -> Values {
    let reply_to = variant.reply_to.clone().unwrap_or_default();
    let named = [("Subject", &variant.subject), ("From", &variant.from), ("Reply-To", &reply_to)];
    named.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
}
