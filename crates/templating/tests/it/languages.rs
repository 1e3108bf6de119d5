//! The shipped notice in every language: golden, plain, without findings, and true to each person's data.

use crate::model::{category, email_only, person};
use forthwith_core::{
    fact::Fact,
    incident::{CulpritRole, Culprits, Exposure, Incident, KNOWN_CATEGORIES},
    recipient::Recipient,
    variant::Variant,
};
use forthwith_templating::{EASE_MIN, GRADE_MAX, LANGUAGES, LIX_MAX, Words, clarity};
use std::collections::BTreeMap;

/// An employee passed on e-mail addresses and telephone numbers, told in four languages.
fn incident() -> Incident {
    let mut incident = email_only();
    incident.languages.offered = LANGUAGES.map(str::to_owned).to_vec();
    let holder = [
        ("en", "one seller outside our company"),
        ("de", "ein Händler außerhalb unseres Hauses"),
        ("fr", "un vendeur extérieur à notre entreprise"),
        ("es", "un vendedor ajeno a nuestra empresa"),
    ];
    let by = |words: [(&str, &str); 4]| words.map(|(l, w)| (l.to_owned(), w.to_owned())).into();
    incident.facts.holder = Fact::Known(by(holder));
    incident.organisation.contact.hours = by([
        ("en", "every day, 8 to 20"),
        ("de", "täglich 8 bis 20 Uhr"),
        ("fr", "tous les jours de 8 h à 20 h"),
        ("es", "todos los días de 8 a 20"),
    ]);
    incident
}

fn reader(language: &str, data: &[&str]) -> Recipient {
    Recipient { language: language.to_owned(), ..person("Ada Lovelace", data) }
}

fn words(incident: &Incident) -> Words {
    let (words, findings) = Words::new(incident, &BTreeMap::new());
    assert_eq!(findings, []);
    words.unwrap()
}

/// One notice in each language, text and HTML. Where one changes, the failure prints the whole of it.
const GOLDEN: [(&str, &str); 4] = [
    ("de", include_str!("golden/de.txt")),
    ("en", include_str!("golden/en.txt")),
    ("es", include_str!("golden/es.txt")),
    ("fr", include_str!("golden/fr.txt")),
];
/// The phrases of each language.
const PHRASES: [(&str, &str); 4] = [
    ("de", include_str!("../../../../templates/phrases/de.md")),
    ("en", include_str!("../../../../templates/phrases/en.md")),
    ("es", include_str!("../../../../templates/phrases/es.md")),
    ("fr", include_str!("../../../../templates/phrases/fr.md")),
];

#[test]
fn golden_notices() {
    let words = words(&incident());
    assert!(LANGUAGES.iter().all(|language| GOLDEN.iter().any(|(known, _)| known == language)));
    for (language, expected) in GOLDEN {
        let parts = words.parts(&reader(language, &["email", "phone"])).unwrap();
        let found = format!("{}\n{}", parts.text, parts.html).replace("\r\n", "\n");
        assert!(found == expected, "golden/{language}.txt changed; it is now:\n{found}");
    }
}

#[test]
fn every_language_is_plain_and_without_findings() {
    let incident = incident();
    let words = words(&incident);
    for language in LANGUAGES {
        for data in [&["email"][..], &["phone"], &["email", "phone"]] {
            let reader = reader(language, data);
            assert_eq!(words.check(&Variant::of(&incident, &reader)), [], "{language}");
            let score = clarity::score_in(language, &words.parts(&reader).unwrap().text);
            assert!(score.ease >= EASE_MIN && score.words <= 320, "{language}: {score:?}");
            assert!(if language == "en" { score.grade <= GRADE_MAX } else { score.lix <= LIX_MAX }, "{score:?}");
        }
    }
}

/// Every known category alone, in every language: its words and its consequence are there, and nobody else's.
#[test]
fn each_persons_data_is_said_and_no_other() {
    let mut incident = incident();
    incident.categories = KNOWN_CATEGORIES.iter().map(|known| category(known.id)).collect();
    let words = words(&incident);
    for language in LANGUAGES {
        for known in KNOWN_CATEGORIES {
            let reader = reader(language, &[known.id]);
            assert_eq!(words.check(&Variant::of(&incident, &reader)), [], "{language} {}", known.id);
            let parts = words.parts(&reader).unwrap();
            let (text, html) = (flat(&parts.text), parts.html.replace("&#39;", "'"));
            for other in KNOWN_CATEGORIES {
                let name = format!("<strong>{}</strong>", phrase(language, &format!("category_{}", other.id)));
                let is_own = other.id == known.id;
                assert_eq!(html.contains(&name), is_own, "{language}: {name} in {html}");
                let follows = phrase(language, &format!("consequence_{}", other.id));
                let is_said = text.contains(&follows);
                let is_shared = follows == phrase(language, &format!("consequence_{}", known.id));
                assert_eq!(is_said, is_own || is_shared, "{language}: {follows}");
            }
        }
    }
}

/// For any set of data, the list in the notice is that of the row, in the incident's order.
#[test]
fn any_set_of_data_is_listed_exactly() {
    let mut incident = incident();
    incident.categories = KNOWN_CATEGORIES.iter().map(|known| category(known.id)).collect();
    let words = words(&incident);
    // xorshift (Marsaglia 2003): the same sets in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..200 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let is_drawn = |bit: usize| state >> (bit + 8) & 1 == 1;
        let set: Vec<&str> = KNOWN_CATEGORIES
            .iter()
            .enumerate()
            .filter(|(bit, _)| is_drawn(*bit))
            .map(|(_, known)| known.id)
            .collect();
        let language = LANGUAGES[round % LANGUAGES.len()];
        if set.len() < 2 {
            continue;
        }
        let html = words.parts(&reader(language, &set)).unwrap().html.replace("&#39;", "'");
        // The first list of a notice is that of the data.
        let list = html.split("<ul").nth(1).unwrap().split("</ul>").next().unwrap();
        let items: Vec<&str> = list
            .split("<li")
            .skip(1)
            .map(|item| item.split_once('>').unwrap().1.split("</li>").next().unwrap())
            .collect();
        let expected: Vec<String> = set.iter().map(|id| phrase(language, &format!("category_{id}"))).collect();
        assert_eq!(items, expected, "{language} {set:?}");
        for known in KNOWN_CATEGORIES {
            let follows = phrase(language, &format!("consequence_{}", known.id));
            let is_due = set.iter().any(|id| phrase(language, &format!("consequence_{id}")) == follows);
            assert_eq!(html.contains(&follows), is_due, "{language} {set:?}: {follows}");
        }
    }
}

fn phrase(language: &str, name: &str) -> String {
    let (_, phrases) = PHRASES.into_iter().find(|(known, _)| *known == language).unwrap();
    phrases.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap().to_owned()
}

#[test]
fn one_story_for_every_count_role_and_exposure() {
    let mut incident = incident();
    let counts = [Culprits::One, Culprits::Several, Culprits::Unknown];
    let roles = [CulpritRole::Employee, CulpritRole::Contractor, CulpritRole::Outsider, CulpritRole::Unknown];
    let exposures = [Exposure::Viewed, Exposure::Disclosed, Exposure::Taken, Exposure::Lost, Exposure::Unknown];
    for (count, role) in counts.iter().flat_map(|count| roles.iter().map(move |role| (*count, *role))) {
        for exposure in exposures {
            incident.facts.culprits = count;
            incident.facts.culprit_role = role;
            incident.facts.exposure = exposure;
            let words = words(&incident);
            for language in LANGUAGES {
                let reader = reader(language, &["email"]);
                assert_eq!(words.check(&Variant::of(&incident, &reader)), [], "{language} {count:?} {role:?}");
                let text = words.parts(&reader).unwrap().text.replace("   ", "");
                assert!(!text.contains("  ") && !text.contains(" ."), "{language}: {text}");
            }
        }
    }
}

#[test]
fn the_notice_says_in_every_offered_language_how_to_get_it() {
    let words = words(&incident());
    let english = words.parts(&reader("en", &["email"])).unwrap();
    for said in [
        "Diese Nachricht auf Deutsch",
        "Pour recevoir ce message en français",
        "Para recibir este aviso en español",
    ] {
        assert!(flat(&english.text).contains(said), "{}", english.text);
    }
    assert!(english.html.contains("lang=\"de\" dir=\"ltr\">Diese Nachricht"), "{}", english.html);
    let german = words.parts(&reader("de", &["email"])).unwrap();
    assert!(flat(&german.text).contains("For this notice in English, in large print or read aloud, call +44"));
    // Alone, it says it once.
    let alone = crate::model::words(&email_only()).parts(&reader("en", &["email"])).unwrap();
    assert!(flat(&alone.text).contains("Also in large print or aloud.") && !alone.text.contains("Deutsch"));
}

#[test]
fn a_statement_in_one_language_alone_is_pointed_out() {
    let mut incident = incident();
    incident.notice.statements.insert("measures_taken".to_owned(), crate::model::statement("We **acted**."));
    let (_, findings) = Words::new(&incident, &BTreeMap::new());
    let untranslated: Vec<&str> =
        findings.iter().filter(|f| f.code == "statement-untranslated").map(|f| f.message.as_str()).collect();
    assert_eq!(untranslated.len(), 3, "{findings:#?}");
    assert_eq!(untranslated[0], "`measures_taken` has words of your own in `en`, and in `de` the shipped ones");
}

#[test]
fn a_language_without_words_is_refused_and_the_fallback_named() {
    let mut incident = incident();
    incident.languages.offered.push("pt".to_owned());
    let (words, findings) = Words::new(&incident, &BTreeMap::new());
    assert!(words.is_none());
    let missing = findings.iter().find(|finding| finding.code == "words-missing").unwrap();
    assert!(missing.hint.as_deref().unwrap().contains("those who want it then get `en`"), "{missing:?}");
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
