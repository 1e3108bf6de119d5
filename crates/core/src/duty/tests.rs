//! Who is reached by which law, and what comes of it.

mod conditional;
mod ways;

use super::*;
use crate::{
    address::Address,
    finding::{Finding, Gravity},
    incident::Question,
    law::{Effect, Word, shipped},
    private::Private,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The elements of a plain notice.
const OWN: [&str; 9] = [
    "greeting",
    "what_happened",
    "date_of_breach",
    "categories_of_data",
    "specific_elements",
    "likely_consequences",
    "measures_taken",
    "recommended_steps",
    "contact_point",
];

const CATEGORIES: [&str; 9] =
    ["email", "name", "password", "ssn", "health", "bank_account", "account_code", "mailbox_password", "loyalty"];

fn incident(law: &str) -> Incident {
    incident_with(&CATEGORIES, law)
}

fn incident_with(categories: &[&str], law: &str) -> Incident {
    // The roles are the organisation's, and stand in its table.
    let (roles, law) = law.split_once('\n').filter(|(first, _)| first.starts_with("roles")).unwrap_or(("", law));
    let text = format!(
        r#"
[incident]
id = "x"
occurred = "unknown"
discovered = 2026-03-02
[organisation]
legal_name = "X Ltd"
known_as = "X"
from = "a@x.example"
postal_address = ["X"]
website = "x.example"
{roles}
[contact]
email = "a@x.example"
report_fakes_to = "a@x.example"
[facts]
exposure = "taken"
culprits = "unknown"
culprit_role = "outsider"
holder = "unknown"
people_affected = "unknown"
nothing_else = "unknown"
police_told = 2026-03-12
authority_told = 2026-03-12
[data]
categories = {categories:?}
[data.words.loyalty]
en = "your loyalty number"
[law]
{law}
"#
    );
    let (incident, findings) = crate::incident::read("incident.toml", text.as_bytes());
    incident.unwrap_or_else(|| panic!("{findings:?}"))
}

fn duties(law: &str) -> Duties {
    Duties::new(&incident(law), shipped(), OWN.map(str::to_owned).to_vec())
}

fn person(residence: &str, data: &[&str], consent: &[ConsentKind]) -> Recipient {
    let (country, region) = residence.split_once('-').unwrap_or((residence, ""));
    Recipient {
        row: 1,
        line: 2,
        id: Private::default(),
        address: Address::parse("ada@example.org").unwrap(),
        name: Private::default(),
        residence: Residence { country: country.to_owned(), region: region.to_owned() },
        language: String::new(),
        data: data.iter().map(|id| (*id).to_owned()).collect(),
        consent: consent.to_vec(),
        columns: BTreeMap::new(),
    }
}

fn found(law: &str, person: &Recipient, said: &[&str]) -> Vec<Finding> {
    let duties = duties(law);
    let said = said.iter().map(|id| (*id).to_owned()).collect();
    let reader = Reader { duty: &duties.of(person), language: "en", said: &said, people: 1 };
    findings(&duties.incident, &[reader])
}

fn codes(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

const SSN: [&str; 3] = ["email", "name", "ssn"];

#[test]
fn a_bare_address_is_voluntary_in_the_united_states_and_owed_in_europe() {
    let duties = duties("");
    for (residence, word) in [
        ("US-CA", "voluntary"),
        ("US-MA", "voluntary"),
        ("DE", "owed"),
        ("GB", "owed"),
        ("US", "voluntary"),
        ("", "open"),
    ] {
        assert_eq!(duties.of(&person(residence, &["email"], &[])).word(), word, "{residence}");
    }
    let nobody_tells = duties.of(&person("US", &SSN, &[]));
    assert_eq!((nobody_tells.word(), nobody_tells.owed().count()), ("open", 0), "a country without its region");
    assert!(nobody_tells.reached.iter().any(|reached| reached.regime.id == "us-ca"));
    assert!(nobody_tells.by_law.is_own() && nobody_tells.way == Way::Email);
}

#[test]
fn massachusetts_silences_the_nature_of_the_breach_and_asks_for_rights() {
    let duties = duties("");
    let duty = duties.of(&person("US-MA", &SSN, &[ConsentKind::Esign]));
    assert_eq!(duty.by_law.dropped, [Element::WhatHappened]);
    assert!(duty.by_law.added.contains(&Element::RightToPoliceReport), "{:?}", duty.by_law);
    assert_eq!(duty.clashes, []);
    let california = duties.of(&person("US-CA", &SSN, &[ConsentKind::Esign]));
    assert_eq!(california.by_law.headings.as_deref(), Some("us-ca"));
    assert_eq!(california.by_law.dropped, []);
}

/// A patient in Massachusetts: HIPAA requires what its law forbids.
#[test]
fn a_clash_is_settled_by_a_person_alone() {
    let roles = "roles = [\"owner\", \"covered_entity\"]\n";
    let patient = person("US-MA", &["name", "ssn", "health"], &[ConsentKind::Esign, ConsentKind::HipaaAgreement]);
    let said: Vec<&str> = Element::ALL.iter().map(|element| element.word()).collect();
    let open = found(roles, &patient, &said);
    let clash = open.iter().find(|finding| finding.code == "law-clash").unwrap();
    assert_eq!(clash.gravity, Gravity::Refused);
    assert!(clash.message.contains("93H") && clash.message.contains("164.404"), "{clash:?}");
    for (answer, is_said) in [("true", true), ("false", false)] {
        let law = format!(
            "{roles}decisions = [{{ kind = \"clash\", about = \"what_happened\", answer = {answer}, by = \"A. Ash, counsel\", on = 2026-03-04, reason = \"x\" }}]"
        );
        let duties = duties(&law);
        let duty = duties.of(&patient);
        assert!(!duty.clashes.iter().any(|clash| clash.element == Element::WhatHappened));
        assert_eq!(duty.by_law.dropped.contains(&Element::WhatHappened), !is_said);
        let said = if is_said { BTreeSet::from(["what_happened".to_owned()]) } else { BTreeSet::new() };
        let about = |verdict: &Verdict<'_>| verdict.check.question == Some(Question::Clash(Element::WhatHappened));
        let verdicts: Vec<_> = duty.checks.iter().map(|check| check.judge(&said)).filter(about).collect();
        assert!(!verdicts.is_empty() && verdicts.iter().all(|v| v.standing == Standing::Decide && !v.is_open()));
    }
}

#[test]
fn an_email_needs_what_the_tier_asks_for() {
    let letter = |law: &str, person: &Recipient| duties(law).of(person).way.name();
    for (residence, consent, way) in [
        ("US-MA", vec![], "letter"),
        ("US-MA", vec![ConsentKind::ElectronicGeneral], "letter"),
        ("US-MA", vec![ConsentKind::Esign], "email"),
        ("US-NY", vec![ConsentKind::Esign], "letter"),
        ("US-NY", vec![ConsentKind::NyExpress], "email"),
        ("DE", vec![], "email"),
        ("US-OR", vec![], "letter"),
    ] {
        assert_eq!(letter("", &person(residence, &SSN, &consent)), way, "{residence} {consent:?}");
    }
    let leg = "not_enough = { way = \"leg\", by = \"A. Ash, counsel\", on = 2026-03-04, reason = \"x\" }";
    assert_eq!(letter(leg, &person("US-MA", &SSN, &[])), "leg");
    // What was decided is shown as what it is, and not as an answer to another question.
    let as_leg = duties(leg).of(&person("US-MA", &SSN, &[]));
    let email = as_leg.checks.iter().find(|check| check.rule == "email").unwrap();
    let decision = email.decision.as_ref().unwrap();
    assert_eq!((&decision.question, decision.by.as_str()), (&Question::Leg, "A. Ash, counsel"));
    assert!(decision.question.to_string().contains("one of several ways"));
    assert_eq!(codes(&found(leg, &person("US-OR", &["email"], &[]), &[])), ["law-decision-unused"].into());
    let duty = duties("").of(&person("US-MA", &SSN, &[]));
    assert!(
        duty.why_not_email().contains("us-ma") && duty.why_not_email().contains("93H"),
        "{}",
        duty.why_not_email()
    );
}

#[test]
fn a_mailbox_whose_login_was_taken_gets_nothing_whatever_is_decided() {
    let leg = "not_enough = { way = \"leg\", by = \"A. Ash, counsel\", on = 2026-03-04, reason = \"x\" }";
    for residence in ["US-CA", "DE", "US-OR", ""] {
        for law in ["", leg] {
            let duty = duties(law).of(&person(residence, &["email", "mailbox_password"], &[ConsentKind::Esign]));
            assert_eq!(duty.way, Way::Blocked, "{residence}");
        }
    }
}

#[test]
fn what_only_a_person_can_judge_is_never_met_by_itself() {
    let german = person("DE", &["email"], &[]);
    let said = ["what_happened", "likely_consequences", "measures_taken", "contact_point"];
    let open = found("", &german, &said);
    assert_eq!(codes(&open), ["law-open"].into(), "{open:?}");
    let decided = |kind: &str| {
        format!(
            "{{ kind = {kind}, answer = true, by = \"A. Ash, counsel\", on = 2026-03-04T09:00:00Z, reason = \"x\" }}"
        )
    };
    let kinds = [
        "\"harm\"",
        "\"undue-delay\"",
        "\"plain-language\"",
        "\"free-of\", about = \"marketing_content\"",
        "\"question\", about = \"Are measures fitting that lessen what the breach can do to the person?\"",
    ];
    assert_eq!(open.len(), kinds.len(), "{open:?}");
    let law = format!("decisions = [{}]", kinds.map(decided).join(", "));
    let with = [&said[..], &["mitigation_measures"]].concat();
    assert_eq!(found(&law, &german, &with), []);
    assert_eq!(
        codes(&found(&law, &german, &said)),
        ["law-not-met"].into(),
        "the measures are owed now, and silent"
    );
    let no_harm = law.replacen("answer = true", "answer = false", 1);
    assert!(duties(&no_harm).of(&german).is_voluntary());
}

#[test]
fn data_that_stayed_encrypted_does_not_count() {
    let encrypted = "encrypted = [\"ssn\"]\n";
    let resident = person("US-MA", &SSN, &[]);
    for (law, word) in [
        (encrypted.to_owned(), "owed"),
        (format!("{encrypted}key_taken = true"), "owed"),
        (format!("{encrypted}key_taken = false"), "voluntary"),
    ] {
        assert_eq!(duties(&law).of(&resident).word(), word, "{law}");
    }
}

#[test]
fn a_category_of_ones_own_is_asked_for() {
    let resident = person("US-CA", &["loyalty"], &[]);
    assert!(codes(&found("", &resident, &[])).contains("law-kinds"));
    assert!(duties("kinds = { loyalty = [] }").of(&resident).is_voluntary());
    assert_eq!(duties("kinds = { loyalty = [\"name\", \"ssn\"] }").of(&resident).word(), "owed");
}

#[test]
fn a_text_that_did_not_hold_yet_is_a_persons_to_decide() {
    let resident = person("US-CA", &SSN, &[ConsentKind::Esign]);
    let early = duties("day = 2024-05-01").of(&resident);
    assert_eq!(early.word(), "owed");
    assert!(early.reached[0].is_open && early.reached[0].why.contains("2026-01-01"), "{:?}", early.reached[0].why);
    let left_out = "day = 2024-05-01\ndecisions = [{ kind = \"reach\", regimes = [\"us-ca\"], answer = false, by = \"A. Ash, counsel\", on = 2024-05-04, reason = \"x\" }]";
    assert!(duties(left_out).of(&resident).is_voluntary());
}

#[test]
fn a_decision_that_nobody_asked_for_is_pointed_at() {
    let law = "decisions = [{ kind = \"clash\", about = \"cause\", answer = true, by = \"A. Ash, counsel\", on = 2026-03-04, reason = \"x\" }]";
    assert_eq!(codes(&found(law, &person("US-OR", &["email"], &[]), &[])), ["law-decision-unused"].into());
}

prop_compose! {
    fn anybody()(
        residence in prop::sample::select(vec!["", "US", "US-CA", "US-MA", "US-NY", "US-RI", "US-VT", "US-OR", "GB", "DE", "JP"]),
        data in prop::sample::subsequence(CATEGORIES.to_vec(), 1..=CATEGORIES.len()),
        consent in prop::sample::subsequence(ConsentKind::ALL[1..].to_vec(), 0..3),
    ) -> Recipient {
        person(residence, &data, &consent)
    }
}

proptest! {
    #[test]
    fn no_notice_holds_what_is_forbidden_or_lacks_what_is_required_without_a_finding(
        person in anybody(),
        roles in prop::sample::select(vec!["owner", "covered_entity", "credit_bureau", "phr_vendor"]),
        own in prop::sample::subsequence(OWN.to_vec(), 0..=OWN.len()),
        silent in prop::sample::subsequence(Element::ALL.to_vec(), 0..4),
    ) {
        let incident = incident(&format!("roles = [\"owner\", \"{roles}\"]\n").replace("\"owner\", \"owner\"", "\"owner\""));
        let own: Vec<String> = own.into_iter().map(str::to_owned).collect();
        let duties = Duties::new(&incident, shipped(), own.clone());
        let duty = duties.of(&person);
        let by_law = &duty.by_law;
        prop_assert!(by_law.added.iter().all(|element| !by_law.dropped.contains(element)));
        prop_assert!(by_law.dropped.iter().all(|element| own.contains(&element.to_string())));
        let mut said: BTreeSet<String> = own.iter().cloned().chain(by_law.added.iter().map(ToString::to_string)).collect();
        for element in by_law.dropped.iter().chain(&silent) {
            said.remove(&element.to_string());
        }
        let findings = findings(&incident, &[Reader { duty: &duty, language: "en", said: &said, people: 1 }]);
        // Judged anew from the files, and not from what was worked out.
        for reached in duty.owed().filter(|reached| !reached.content_is_lifted) {
            let replaced = reached.regime.content.iter().any(|rule| matches!(rule.effect, Effect::ReplaceWith(_)));
            for rule in reached.regime.content.iter().filter(|rule| rule.when == crate::law::Condition::Always) {
                let about = |element: &Element| findings.iter().any(|finding| {
                    finding.gravity == Gravity::Refused && finding.message.contains(&format!("`{element}`"))
                });
                match &rule.effect {
                    Effect::Require(elements) if !replaced => for element in elements {
                        prop_assert!(said.contains(&element.to_string()) || about(element), "{element} {findings:?}");
                    },
                    Effect::Forbid(matters) => for element in matters.iter().flat_map(|matter| matter.elements()) {
                        prop_assert!(!said.contains(&element.to_string()), "{element}");
                    },
                    _ => {}
                }
            }
        }
        let variant = duties.variant(&person);
        prop_assert_eq!(&variant.by_law, by_law);
        prop_assert_eq!(duties.variant(&person), variant, "the same person, the same one variant");
    }
}
