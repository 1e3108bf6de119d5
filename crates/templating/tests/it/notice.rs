//! The shipped English notice: what it says for which facts, and how easily it reads.

use crate::model::{by_language, category, email_only, golden, person, statement, words};
use forthwith_core::{
    fact::Fact,
    finding::{Finding, Gravity},
    incident::{CulpritRole, Culprits, Exposure, Incident, KNOWN_CATEGORIES},
    variant::Variant,
};
use forthwith_templating::{STEPS_MAX, clarity};

fn text(incident: &Incident, data: &[&str]) -> String {
    let text = words(incident).parts(&person("Ada Lovelace", data)).unwrap().text;
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn findings(incident: &Incident, data: &[&str]) -> Vec<Finding> {
    words(incident).check(&Variant::of(incident, &person("Ada", data)))
}

/// Asserts what the notice says and what it does not.
fn says(incident: &Incident, data: &[&str], said: &[&str], unsaid: &[&str]) {
    let text = text(incident, data);
    for words in said {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
    for words in unsaid {
        assert!(!text.contains(words), "{words:?} is in: {text}");
    }
}

#[test]
fn golden_text_and_html() {
    let expected = include_str!("golden/email_only.txt");
    let found = golden(&words(&email_only()));
    assert!(found == expected, "the notice changed; see examples/golden.rs\n{found}");
}

#[test]
fn the_notice_is_short_plain_and_without_findings() {
    let score = clarity::score(&words(&email_only()).parts(&person("Ada Lovelace", &["email"])).unwrap().text);
    assert!(score.words <= 180, "{score:?}");
    assert!(score.ease >= 60.0, "{score:?}");
    assert!(score.grade <= 8.0, "{score:?}");
    assert_eq!(findings(&email_only(), &["email"]), []);
    assert_eq!(findings(&email_only(), &["email", "phone"]), []);
}

#[test]
fn everything_that_readers_missed_is_said() {
    let said = [
        "An employee of Larkspur passed on your e-mail address.",
        "It happened between 1 and 14 September 2020.",
        "We found out on 12 October 2020.",
        "It affects 12,481 people.",
        "Exposed: your e-mail address.",
        "Nothing else was exposed.",
        "As far as we know, it is with one seller outside our company.",
        "We told the police on 14 October 2020.",
        "spam, and fake messages in our name",
        "1. Doubt messages in our name",
        "Send fakes to fakes@larkspur.example.",
        "Type larkspur.example into your browser. The same text stands there.",
        "We never ask for passwords, codes or card numbers",
        "Write to help@larkspur.example, or call +44 20 7946 0018 (every day, 8 to 20).",
        "Larkspur Market Ltd 14 Tannery Lane Leeds LS1 4AB",
    ];
    // What counsel has not released, and what nobody determined, is not said.
    says(&email_only(), &["email"], &said, &["authority", "password is safe", "links", "phone number", "code:"]);
}

#[test]
fn each_person_is_told_exactly_what_of_theirs_was_exposed() {
    let incident = email_only();
    let both = ["your e-mail address - your phone number", "they are with", "calls and texts", "Hang up"];
    says(&incident, &["email", "phone"], &both, &[]);
    says(&incident, &["phone"], &["Exposed: your phone number.", "Hang up"], &["your e-mail address", "spam"]);
}

#[test]
fn one_story_for_one_or_several_culprits() {
    let mut incident = email_only();
    for (culprits, role, exposure, sentence) in [
        (Culprits::Several, CulpritRole::Employee, Exposure::Disclosed, "Employees of Larkspur passed on your"),
        (
            Culprits::Unknown,
            CulpritRole::Employee,
            Exposure::Taken,
            "One or more employees of Larkspur took a copy of",
        ),
        (Culprits::One, CulpritRole::Contractor, Exposure::Viewed, "A contractor of Larkspur looked at your"),
        (
            Culprits::One,
            CulpritRole::Outsider,
            Exposure::Taken,
            "Someone from outside Larkspur took a copy of your",
        ),
        (Culprits::Several, CulpritRole::Unknown, Exposure::Unknown, "Several people got access to your"),
        (
            Culprits::Unknown,
            CulpritRole::Unknown,
            Exposure::Lost,
            "Larkspur can no longer find a record that holds",
        ),
    ] {
        incident.facts.culprits = culprits;
        incident.facts.culprit_role = role;
        incident.facts.exposure = exposure;
        says(&incident, &["email"], &[sentence], &[]);
        assert_eq!(findings(&incident, &["email"]), [], "{sentence}");
    }
}

#[test]
fn unknown_is_said_as_unknown_and_not_told_is_silence() {
    let mut incident = email_only();
    incident.facts.holder = Fact::Unknown;
    incident.facts.nothing_else = Fact::Unknown;
    incident.facts.people_affected = Fact::Unknown;
    incident.clock.occurred = Fact::Unknown;
    let unknown = [
        "We do not know yet who has it.",
        "We do not know yet whether anything else was exposed.",
        "We do not know yet how many.",
        "We do not know yet when it happened.",
    ];
    says(&incident, &["email"], &unknown, &["Nothing else", "As far as we know"]);
    let not_told = || Fact::NotTold { reason: "police asked".to_owned() };
    incident.facts.holder = Fact::NotTold { reason: "police asked".to_owned() };
    incident.facts.nothing_else = Fact::NotTold { reason: "police asked".to_owned() };
    incident.facts.people_affected = Fact::NotTold { reason: "police asked".to_owned() };
    incident.clock.occurred = not_told();
    incident.clock.discovered = not_told();
    says(&incident, &["email"], &[], &["know", "else", "affects", "happened b", "found out", "police asked"]);
    let silent = findings(&incident, &["email"]);
    assert_eq!(silent.len(), 3, "{silent:#?}");
    assert!(silent.iter().all(|finding| finding.code == "element-silent" && finding.gravity == Gravity::Note));
}

#[test]
fn a_single_person_is_not_told_of_others() {
    let mut incident = email_only();
    incident.facts.people_affected = Fact::Known(1);
    says(&incident, &["email"], &["It affects nobody else."], &["people"]);
}

#[test]
fn each_step_follows_what_was_exposed() {
    let mut incident = email_only();
    incident.categories = KNOWN_CATEGORIES.iter().map(|known| category(known.id)).collect();
    for (data, step) in [
        (&["password"][..], "Change your password here, and wherever else you use it."),
        (&["security_answer"], "Change your security answers here, and wherever else you use them."),
        (&["password", "security_answer"], "Change your password and your security answers here, and wherever"),
        (&["password", "mailbox_password"], "Change the password to your mailbox first, then your other passwords"),
        (&["payment_card"], "Ask your bank for a new card."),
        (&["payment_card", "account_code"], "Ask your bank for a new card and code."),
        (&["account_code"], "Ask your bank for a new code or PIN."),
        (
            &["bank_account", "health_insurance"],
            "Check your bank statements, and those of your health insurer, and",
        ),
        (&["health_insurance"], "Check the statements of your health insurer, and report what is not yours."),
        (&["ssn"], "Watch for letters about accounts that you did not open."),
    ] {
        says(&incident, data, &[step], &[]);
    }
}

#[test]
fn all_known_categories_together_keep_to_seven_steps() {
    let mut incident = email_only();
    incident.categories = KNOWN_CATEGORIES.iter().map(|known| category(known.id)).collect();
    let all: Vec<&str> = KNOWN_CATEGORIES.iter().map(|known| known.id).collect();
    let findings = findings(&incident, &all);
    assert!(findings.iter().all(|finding| finding.gravity != Gravity::Refused), "{findings:#?}");
    let text = text(&incident, &all);
    assert!(text.contains("7. Send fakes") && !text.contains(&format!(" {}. ", STEPS_MAX + 1)), "{text}");
    for known in KNOWN_CATEGORIES {
        assert_eq!(self::findings(&incident, &[known.id]), [], "{}", known.id);
    }
}

#[test]
fn own_categories_and_own_elements_are_told_in_their_words() {
    let mut incident = email_only();
    incident.categories = vec![category("email"), category("seat")];
    incident.categories[1].words = by_language("the seat you had booked");
    says(&incident, &["email", "seat"], &["your e-mail address and the seat you had booked"], &[]);
    incident.notice.statements.insert("measures_taken".to_owned(), statement("{{ organisation }} **acted**."));
    says(&incident, &["email"], &["What we did ----------- Larkspur acted."], &["We ended it", "*"]);
}
