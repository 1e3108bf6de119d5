//! Findings on words: each with its place, and the shipped words with none.

use crate::model::{category, email_only, person, statement, words};
use forthwith_core::{
    finding::{Finding, Gravity},
    incident::Incident,
    variant::Variant,
};
use forthwith_templating::Words;
use std::collections::BTreeMap;

fn own(name: &str, text: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(name.to_owned(), text.to_owned())])
}

fn compile_findings(incident: &Incident, own: &BTreeMap<String, String>) -> Vec<Finding> {
    let (words, findings) = Words::new(incident, own);
    let is_refused = findings.iter().any(|finding| finding.gravity == Gravity::Refused);
    assert_eq!(words.is_none(), is_refused, "{findings:#?}");
    findings
}

fn check_findings(incident: &Incident, own: &BTreeMap<String, String>) -> Vec<Finding> {
    let words = Words::new(incident, own).0.unwrap();
    words.check(&Variant::of(incident, &person("Ada", &["email"])))
}

#[test]
fn a_typo_is_found_with_file_line_column_and_the_nearest_name() {
    let findings =
        compile_findings(&email_only(), &own("closing.en.md", "Yours,\n{% if legal_nme %}x{% endif %}\n"));
    let [finding] = &findings[..] else { panic!("{findings:#?}") };
    assert_eq!((finding.code, finding.gravity), ("template-name", Gravity::Refused));
    assert_eq!(finding.place.file, "templates/closing.en.md");
    assert_eq!((finding.place.line, finding.place.span.clone()), (Some(2), Some(13..22)));
    assert_eq!(finding.message, "`legal_nme` is not a name that a notice knows (column 7)");
    assert_eq!(finding.hint.as_deref(), Some("is `legal_name` meant?"));
}

#[test]
fn a_typo_in_a_statement_is_found_at_its_place_in_incident_toml() {
    let mut incident = email_only();
    incident.notice.statements.insert("closing".to_owned(), statement("{{ __tera_context }}"));
    let findings = compile_findings(&incident, &BTreeMap::new());
    let [finding] = &findings[..] else { panic!("{findings:#?}") };
    assert_eq!((finding.code, finding.place.file.as_str()), ("template-name", "incident.toml"));
    assert_eq!(finding.place.span, Some(100..200));
    assert!(finding.message.ends_with("(line 1, column 4 of the statement `closing`)"), "{}", finding.message);
}

#[test]
fn forbidden_tags_bad_syntax_and_unseen_characters_are_refused() {
    for (text, code) in [
        ("{% include \"/etc/passwd\" %}", "template-tag"),
        ("{{ name | safe }}", "template-tag"),
        ("{% if name %}x", "template-syntax"),
        ("a\u{202e}b", "template-character"),
        ("a\u{e000}b", "template-character"),
        ("a\u{200b}b", "template-character"),
    ] {
        let findings = compile_findings(&email_only(), &own("closing.en.md", text));
        assert!(findings.iter().any(|finding| finding.code == code), "{text}: {findings:#?}");
    }
    assert_eq!(compile_findings(&email_only(), &own("closing.en.md", "پیامی\u{200c}ها")), []);
}

#[test]
fn markdown_that_a_notice_may_not_have_is_refused_in_the_sample() {
    for text in ["[us](x)", "<b>x</b>", "> x", "{{ website }}\n\n---"] {
        let findings = check_findings(&email_only(), &own("closing.en.md", text));
        let [finding] = &findings[..] else { panic!("{findings:#?}") };
        assert_eq!((finding.code, finding.gravity), ("render", Gravity::Refused), "{text}");
        assert_eq!(finding.place.file, "templates/closing.en.md");
    }
}

#[test]
fn claims_in_statements_are_refused_unless_recorded() {
    let mut incident = email_only();
    incident.notice.statements.insert(
        "contact_point".to_owned(),
        statement("There is no need for you to take any action. Your password is safe. See https://x.example"),
    );
    let codes: Vec<&str> = check_findings(&incident, &BTreeMap::new())
        .iter()
        .map(|finding| {
            assert_eq!((finding.gravity, finding.place.span.clone()), (Gravity::Refused, Some(100..200)));
            finding.code
        })
        .collect();
    assert_eq!(codes, ["word-address", "claim-nothing-to-do", "claim-password"]);
}

#[test]
fn advice_becomes_steps_and_is_held_to_their_form() {
    let mut incident = email_only();
    let advice = |count: usize| vec!["Your bank will help you.".to_owned(); count];
    incident.notice.advice.insert("en".to_owned(), advice(1));
    let findings = check_findings(&incident, &BTreeMap::new());
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["step-verb"]);
    incident.notice.advice.insert("en".to_owned(), advice(6));
    let findings = check_findings(&incident, &BTreeMap::new());
    assert!(findings.iter().any(|finding| finding.code == "steps-many" && finding.gravity == Gravity::Refused));
}

#[test]
fn subjects_are_short_and_plain() {
    let mut incident = email_only();
    for (subject, codes) in [
        ("x".repeat(60), vec![]),
        ("x".repeat(61), vec!["subject-long"]),
        ("a\r\nBcc: x".to_owned(), vec!["subject-form"]),
    ] {
        incident.notice.subject.insert("en".to_owned(), subject);
        let found = compile_findings(&incident, &BTreeMap::new());
        assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), codes);
    }
}

#[test]
fn what_is_missing_doubled_or_never_used_is_found() {
    let mut incident = email_only();
    incident.notice.elements = vec!["greeting".to_owned(), "greting".to_owned(), "greeting".to_owned()];
    let findings = compile_findings(&incident, &own("nobody.en.md", "x"));
    let mut codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    codes.dedup();
    assert_eq!(codes, ["element-repeated", "element-left-out", "words-missing", "template-unused"]);
    let missing = findings.iter().find(|finding| finding.code == "words-missing").unwrap();
    assert_eq!(missing.hint.as_deref(), Some("is `greeting` meant?"));

    let mut incident = email_only();
    incident.languages.offered.push("it".to_owned());
    incident.categories.push(category("shoe_size"));
    let findings = compile_findings(&incident, &BTreeMap::new());
    let messages = |part: &str| findings.iter().filter(|finding| finding.message.contains(part)).count();
    assert!(messages("element `what_happened` in the language `it`") == 1, "{findings:#?}");
    assert!(messages("category `shoe_size` has no words") == 2 && messages("no subject") == 1, "{findings:#?}");
}

#[test]
fn an_own_language_needs_nothing_but_its_words() {
    let mut incident = email_only();
    incident.languages.offered.push("it".to_owned());
    incident.notice.elements = vec!["what_happened".to_owned()];
    incident.notice.subject.insert("it".to_owned(), "I suoi dati".to_owned());
    let own: BTreeMap<String, String> = [
        ("what_happened.it.md", "I suoi dati, {{ occurred }}, {{ people_affected }}: {{ data_list }}."),
        ("category_email.it.md", "indirizzo e-mail"),
        ("category_phone.it.md", "telefono"),
        ("when_between.it.md", "tra il {first} e il {last}"),
        ("heading_what_happened.it.md", "Che cosa è successo"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    let (words, findings) = Words::new(&incident, &own);
    assert!(findings.iter().all(|finding| finding.code == "element-left-out"), "{findings:#?}");
    let words = words.unwrap();
    let mut reader = person("Zoé", &["email", "phone"]);
    reader.language = "it-CH".to_owned();
    let parts = words.parts(&reader).unwrap();
    assert_eq!(parts.subject, "I suoi dati");
    let said = "Che cosa è successo\r\n-------------------\r\nI suoi dati, tra il 1 e il 14 settembre 2020, 12.481: indirizzo e-mail e\r\ntelefono.\r\n";
    assert_eq!(parts.text, said);
    let codes: Vec<&str> =
        words.check(&Variant::of(&incident, &reader)).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["fact-untranslated", "fact-untranslated", "clarity-unscored"]);
}

#[test]
fn manifest_lines_name_templates_and_settings() {
    let words = words(&email_only());
    let settings: Vec<(String, String)> = words.settings().into_iter().collect();
    let expected = [
        ("from", "Larkspur <notice@larkspur.example>"),
        ("reply-to", "Larkspur help <help@larkspur.example>"),
        ("return-path-domain", "bounces.larkspur.example"),
        ("subject.en", "Notice of data breach"),
    ];
    assert_eq!(settings, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let names: Vec<String> = words.sources().into_keys().collect();
    assert!(
        ["greeting.en.md", "category_email.en.md", "consequence_phone.en.md", "subject.en.md"]
            .iter()
            .all(|name| names.contains(&(*name).to_owned()))
    );
    assert!(!names.contains(&"category_health.en.md".to_owned()));
}

#[test]
fn a_column_is_a_name_unless_another_value_has_it() {
    let incident = email_only();
    let template = own("closing.en.md", "{{ loyalty_tier }}");
    assert!(Words::new(&incident, &template).0.is_none());
    let (words, findings) = Words::with_columns(&incident, &template, ["Loyalty-Tier", "Website", "2nd"]);
    assert!(words.is_some());
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["column-name"; 2]);
}

#[test]
fn hard_words_are_a_warning_that_names_the_sentence() {
    let mut incident = email_only();
    let hard = "Notwithstanding the aforementioned considerations, organisational representatives \
                endeavour to communicate individually regarding circumstances necessitating clarification. ";
    incident.notice.statements.insert("contact_point".to_owned(), statement(&hard.repeat(8)));
    let findings = check_findings(&incident, &BTreeMap::new());
    let [finding] = &findings[..] else { panic!("{findings:#?}") };
    assert_eq!((finding.code, finding.gravity), ("clarity", Gravity::Warning));
    assert!(finding.hint.as_deref().unwrap().contains("Notwithstanding"), "{finding:#?}");
}

#[test]
fn people_without_known_data_are_refused() {
    let words = words(&email_only());
    let codes = |data: &[&str]| -> Vec<&str> {
        let findings = words.check(&Variant::of(&email_only(), &person("Ada", data)));
        findings.iter().filter(|finding| finding.gravity == Gravity::Refused).map(|finding| finding.code).collect()
    };
    assert_eq!(codes(&[]), ["data-missing"]);
    assert_eq!(codes(&["health"]), ["data-unknown"]);
}
