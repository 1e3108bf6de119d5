//! Reads `[law]`: what the organisation is, and what named people have decided.
//!
//! A decision on what no shipped regime asks is a slip and refused. Whether a decision is right is nobody's to say here.

use super::{ENTRIES_MAX, entries, when};
use crate::{
    document::{Field, Table, nearest},
    fact::When,
    finding::Place,
    incident::{Category, Decision, LawSettings, NotEnough, Question},
    law::{self, Answer, Condition, Eligible, Kind, Regime, shipped},
};
use std::collections::BTreeMap;

/// Reads the table; `categories` are the incident's own, as far as they are known.
pub(super) fn law(table: &Table<'_>, categories: Option<&[Category]>) -> Option<LawSettings> {
    let sender_was_source = answer(table, "sender_was_source");
    let encrypted = table.optional("encrypted", |field| ids(field, categories));
    let key_taken = answer(table, "key_taken");
    let day = table.optional("day", Field::date);
    let relationship = answer(table, "relationship");
    let primary_channel = answer(table, "primary_channel");
    let online_business = answer(table, "online_business");
    let kinds = table.optional("kinds", |field| kinds(field, categories));
    let not_enough = table.optional("not_enough", not_enough);
    let decisions = table.optional("decisions", decisions);
    let default = LawSettings::default();
    Some(LawSettings {
        is_stated: true,
        sender_was_source: sender_was_source?,
        encrypted: encrypted?.unwrap_or_default(),
        key_taken: key_taken?,
        day: day?,
        relationship: relationship?,
        primary_channel: primary_channel?,
        online_business: online_business?,
        kinds: kinds?.unwrap_or_default(),
        not_enough: not_enough?.unwrap_or(default.not_enough),
        decisions: decisions?.unwrap_or_default(),
    })
}

/// Reads a fact that is unknown where nothing is said.
fn answer(table: &Table<'_>, key: &str) -> Option<Answer> {
    Some(table.optional(key, Field::truth)?.map_or(Answer::Unknown, Answer::from))
}

fn ids(field: &Field<'_>, categories: Option<&[Category]>) -> Option<Vec<String>> {
    let ids = field.lines()?;
    let wrong = ids.iter().find(|id| !is_category(id, categories));
    if let Some(id) = wrong {
        field.refuse("unknown-category", format!("`{id}` is not among the categories of [data]"));
    }
    wrong.is_none().then_some(ids)
}

/// Returns whether the incident has the category; while its own are refused, nothing is said of others.
fn is_category(id: &str, categories: Option<&[Category]>) -> bool {
    categories.is_none_or(|categories| categories.iter().any(|category| category.id == id))
}

fn kinds(field: &Field<'_>, categories: Option<&[Category]>) -> Option<BTreeMap<String, Vec<Kind>>> {
    entries(&field.table()?, |id, field| {
        if !is_category(id, categories) {
            field.refuse("unknown-category", format!("`{id}` is not among the categories of [data]"));
            return None;
        }
        if crate::law::kinds_of(id).is_some() {
            let message = format!("the kinds of `{id}` are known, and are not changed here");
            field.refuse("known-category", message);
            return None;
        }
        // Nothing that a law names is an answer, too.
        if field.items()?.is_empty() { Some(Vec::new()) } else { law::words(field) }
    })
}

fn not_enough(field: &Field<'_>) -> Option<NotEnough> {
    if field.is_text() {
        return field.one_of(&[("letter", ())]).map(|()| NotEnough::Letter);
    }
    field.read_table(|table| {
        let way = table.need("way", "\"leg\": the e-mail goes out as one of several ways");
        let way = way.and_then(|field| field.one_of(&[("leg", ())]));
        let (by, on, reason) = signed(table);
        way?;
        Some(NotEnough::Leg(Box::new(Decision {
            question: Question::Leg,
            regimes: Vec::new(),
            answer: true,
            by: by?,
            on: on?,
            reason: reason?,
            place: Place::span(field.file(), field.span()),
        })))
    })
}

/// Reads who decided, when, and why.
fn signed(table: &Table<'_>) -> (Option<String>, Option<When>, Option<String>) {
    let by = table.need("by", "who decided: name and role").and_then(|field| field.line());
    let on = table.need("on", "when it was decided").and_then(|field| when(&field));
    let reason = table.need("reason", "why").and_then(|field| field.line());
    (by, on, reason)
}

fn decisions(field: &Field<'_>) -> Option<Vec<Decision>> {
    let items = field.items()?;
    if items.len() > ENTRIES_MAX {
        field.refuse("too-many", format!("at most {ENTRIES_MAX} entries belong here"));
        return None;
    }
    // All are read before any failure is passed on, so that all are reported.
    let read: Vec<_> = items.iter().map(|item| Some((item, decision(item)?))).collect();
    let read: Vec<_> = read.into_iter().collect::<Option<_>>()?;
    let mut decisions: Vec<Decision> = Vec::new();
    for (item, decision) in read {
        let is_same = |other: &&Decision| {
            let shares = |id: &String| other.regimes.contains(id);
            let both = decision.regimes.is_empty() && other.regimes.is_empty();
            other.question == decision.question && (both || decision.regimes.iter().any(shares))
        };
        if let Some(other) = decisions.iter().find(is_same) {
            let message = format!("this was decided already, by {}", other.by);
            item.refuse_with("decided-twice", message, "keep the decision that stands");
            return None;
        }
        decisions.push(decision);
    }
    Some(decisions)
}

fn decision(field: &Field<'_>) -> Option<Decision> {
    field.read_table(|table| {
        let regimes = table.optional("regimes", regimes);
        let question = question(table);
        let answer = table.need("answer", "true or false").and_then(|field| field.truth());
        let (by, on, reason) = signed(table);
        let place = Place::span(field.file(), field.span());
        let regimes = regimes?.unwrap_or_default();
        Some(Decision { question: question?, regimes, answer: answer?, by: by?, on: on?, reason: reason?, place })
    })
}

fn regimes(field: &Field<'_>) -> Option<Vec<String>> {
    let ids = field.lines()?;
    let known = || shipped().iter().map(|regime| regime.id.as_str());
    let wrong = ids.iter().find(|id| !known().any(|known| known == **id));
    if let Some(id) = wrong {
        let message = format!("no regime `{id}` is shipped");
        match nearest(id, known()) {
            Some(near) => field.refuse_with("unknown-regime", message, format!("is `{near}` meant?")),
            None => field.refuse("unknown-regime", message),
        }
    }
    wrong.is_none().then_some(ids)
}

fn question(table: &Table<'_>) -> Option<Question> {
    let kinds = Question::KINDS.map(|(kind, _)| (kind, kind));
    let kind = table.need("kind", "what is decided").and_then(|field| field.one_of(&kinds));
    let about = table.get("about");
    let kind = kind?;
    let (_, wanted) = Question::KINDS.iter().find(|(known, _)| *known == kind)?;
    let about = match (wanted, about) {
        (Some(what), None) => {
            table.refuse("missing-key", format!("`about` is missing: {what}"));
            return None;
        }
        (None, Some(field)) => {
            field.refuse("unknown-key", format!("a decision of the kind `{kind}` is about nothing else"));
            return None;
        }
        (_, about) => about,
    };
    match (kind, about) {
        ("reach", _) => Some(Question::Reach),
        ("harm", _) => Some(Question::Harm),
        ("plain-language", _) => Some(Question::PlainLanguage),
        ("form", _) => Some(Question::Form),
        ("undue-delay", _) => Some(Question::Delay),
        ("exception", Some(about)) => law::word(&about).map(Question::Exception),
        ("clash", Some(about)) => law::word(&about).map(Question::Clash),
        ("silence", Some(about)) => law::word(&about).map(Question::Silence),
        ("free-of", Some(about)) => law::word(&about).map(Question::FreeOf),
        (_, Some(about)) => asked(&about),
        (_, None) => None,
    }
}

fn asked(field: &Field<'_>) -> Option<Question> {
    let text = field.line()?;
    let known: Vec<&str> = shipped().iter().flat_map(questions).collect();
    if !known.contains(&text.as_str()) {
        let message = "no shipped regime asks this question";
        match nearest(&text, known.iter().copied()) {
            Some(near) => field.refuse_with("unknown-question", message, format!("is `{near}` meant?")),
            None => field.refuse("unknown-question", message),
        }
        return None;
    }
    Some(Question::Asked(text))
}

/// Returns every question that a regime asks in words of its own.
fn questions(regime: &Regime) -> Vec<&str> {
    let mut questions = Vec::new();
    questions.extend(regime.applies.data.if_decided.iter().map(|decided| decided.question.as_str()));
    let manner = regime.manner.iter();
    let alternatives =
        manner.clone().flat_map(|manner| &manner.email.allow_if).map(|alternative| &alternative.when);
    for condition in regime.content.iter().map(|rule| &rule.when).chain(alternatives) {
        asked_in(condition, &mut questions);
    }
    for eligible in manner.flat_map(|manner| &manner.substitute).flat_map(|substitute| &substitute.eligible) {
        if let Eligible::Decided(question) = eligible {
            questions.push(question);
        }
    }
    questions
}

fn asked_in<'r>(condition: &'r Condition, questions: &mut Vec<&'r str>) {
    match condition {
        Condition::Decided(question) => questions.push(question),
        Condition::All(all) | Condition::AnyOf(all) => {
            for condition in all {
                asked_in(condition, questions);
            }
        }
        Condition::Not(condition) => asked_in(condition, questions),
        Condition::Always
        | Condition::DataHas(_)
        | Condition::DataOnly(_)
        | Condition::Role(_)
        | Condition::SenderWasSource => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{document, finding::Finding};

    const WHOLE: &str = r#"
sender_was_source = true
encrypted = ["ssn"]
key_taken = false
day = 2026-02-01
relationship = true
primary_channel = true
online_business = false
kinds = { loyalty_number = [] }
not_enough = { way = "leg", by = "A. Ash, counsel", on = 2026-02-03, reason = "letters follow" }
decisions = [
  { kind = "harm", regimes = ["eu-gdpr"], answer = true, by = "A. Ash, counsel", on = 2026-02-03, reason = "fraud" },
  { kind = "clash", about = "what_happened", answer = false, by = "A. Ash, counsel", on = 2026-02-03T10:00:00Z, reason = "c. 93H" },
]
"#;

    fn read(text: &str) -> (Option<LawSettings>, Vec<Finding>) {
        let categories = ["ssn", "loyalty_number"];
        let categories = categories.map(|id| Category {
            id: id.to_owned(),
            words: BTreeMap::new(),
            consequence: BTreeMap::new(),
        });
        document::read("incident.toml", text.as_bytes(), |table| law(table, Some(&categories)))
    }

    #[test]
    fn all_of_it_is_read_and_none_of_it_needed() {
        let (settings, findings) = read(WHOLE);
        assert_eq!(findings, []);
        let settings = settings.unwrap();
        assert_eq!((settings.key_taken, settings.primary_channel), (Answer::No, Answer::Yes));
        assert!(
            matches!(&settings.not_enough, NotEnough::Leg(leg) if leg.question == Question::Leg && leg.by == "A. Ash, counsel")
        );
        assert!(settings.decided(&Question::Harm, "eu-gdpr").unwrap().answer);
        assert_eq!(settings.decided(&Question::Harm, "uk-gdpr"), None);
        let clash = Question::Clash(crate::law::Element::WhatHappened);
        assert!(!settings.decided(&clash, "us-ma").unwrap().answer);
        assert_eq!(read("").0, Some(LawSettings { is_stated: true, ..LawSettings::default() }));
    }

    #[test]
    fn each_slip_is_one_finding() {
        for (from, to, code) in [
            ("encrypted = [\"ssn\"]", "encrypted = [\"ss\"]", "unknown-category"),
            ("loyalty_number = []", "ssn = []", "known-category"),
            ("loyalty_number = []", "loyalty = []", "unknown-category"),
            ("\"eu-gdpr\"", "\"eu-gdrp\"", "unknown-regime"),
            ("kind = \"harm\"", "kind = \"harms\"", "unknown-value"),
            ("kind = \"harm\"", "kind = \"question\"", "missing-key"),
            ("kind = \"harm\"", "kind = \"question\", about = \"Is it?\"", "unknown-question"),
            ("kind = \"harm\"", "kind = \"harm\", about = \"x\"", "unknown-key"),
            (
                "kind = \"clash\", about = \"what_happened\"",
                "kind = \"harm\", regimes = [\"eu-gdpr\"]",
                "decided-twice",
            ),
            ("answer = true, ", "", "missing-key"),
            ("way = \"leg\", by = \"A. Ash, counsel\"", "way = \"leg\"", "missing-key"),
            ("primary_channel", "primary_chanel", "unknown-key"),
        ] {
            assert!(WHOLE.contains(from), "{from}");
            let (settings, findings) = read(&WHOLE.replacen(from, to, 1));
            assert!(findings.iter().any(|finding| finding.code == code), "{to}: {findings:?}");
            assert!(settings.is_none() || code == "unknown-key", "{to}");
        }
    }

    #[test]
    fn a_mistyped_kind_is_told_the_nearest_and_an_invented_one_all_of_them() {
        for (kind, hint) in
            [("clahs", Some("is `clash` meant?")), ("undue_delay", Some("is `undue-delay` meant?")), ("xyz", None)]
        {
            let (_, findings) = read(&WHOLE.replacen("kind = \"clash\"", &format!("kind = \"{kind}\""), 1));
            let [finding] = &findings[..] else { panic!("{findings:?}") };
            assert_eq!((finding.code, finding.hint.as_deref()), ("unknown-value", hint), "{kind}");
            assert!(
                finding.message.contains("`reach`") && finding.message.contains("`undue-delay`"),
                "{finding:?}"
            );
        }
    }

    #[test]
    fn the_line_that_is_offered_is_read_once_it_is_filled_in() {
        for question in [Question::Reach, Question::Silence(crate::law::Element::Cause)] {
            let line = question.line(&["us-ma"]);
            let filled = line.replace("answer = …", "answer = true").replace("on = …", "on = 2026-01-01");
            let (settings, findings) = read(&format!("decisions = [{filled}]"));
            assert_eq!(findings, [], "{line}");
            assert!(settings.unwrap().decided(&question, "us-ma").is_some());
        }
        let (settings, findings) = read(&Question::Leg.line(&["us-ma"]).replace("on = …", "on = 2026-01-01"));
        assert_eq!(findings, []);
        assert_eq!(
            settings.unwrap().all_decisions().map(|decision| &decision.question).collect::<Vec<_>>(),
            [&Question::Leg]
        );
    }
}
