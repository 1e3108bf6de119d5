//! The elements that laws ask for: each with a fact that makes it speak and without one, in every shipped language.

use crate::model::{by_language, category, email_only, person};
use forthwith_core::{
    arrangement::{Arranged, Arrangement, Headings, Need},
    fact::{Fact, When},
    finding::Gravity,
    incident::{
        Cause, Dpo, Incident, Measure, Measures, Misuse, Mitigation, Offer, OfferCode, OfferKind, Prevention,
        Protection,
    },
    private::Private,
    recipient::{Recipient, Residence},
    variant::Variant,
};
use forthwith_templating::{Arrange, ELEMENTS, LANGUAGES, Possible, RenderError, Weight, Words};
use jiff::civil::date;
use std::collections::BTreeMap;

/// Everybody's notice is made of this.
struct Fixed(Arrangement);

impl Arrange for Fixed {
    fn possible(&self) -> Possible {
        let elements = self.0.elements.iter().map(|arranged| arranged.element.clone());
        Possible { elements: elements.collect(), headings: vec![self.0.headings.clone()] }
    }

    fn arrangement(&self, _: &Variant) -> Arrangement {
        self.0.clone()
    }
}

fn fixed(elements: &[&str], need: Need, headings: Headings) -> Box<dyn Arrange> {
    let elements = elements.iter().map(|id| Arranged { element: (*id).to_owned(), need });
    Box::new(Fixed(Arrangement { elements: elements.collect(), headings }))
}

fn in_all(words: &str) -> BTreeMap<String, String> {
    LANGUAGES.iter().map(|language| ((*language).to_owned(), words.to_owned())).collect()
}

/// An incident in which every fact is told.
fn told() -> Incident {
    let mut incident = email_only();
    incident.languages.offered = LANGUAGES.map(str::to_owned).to_vec();
    incident.categories = ["email", "ssn", "biometric"].map(category).to_vec();
    incident.facts.holder = Fact::Known(in_all("one seller"));
    incident.organisation.contact.hours = in_all("8-20");
    incident.clock.exposed = Some(When::Between(date(2020, 9, 1), date(2020, 9, 14)));
    incident.notice.date = Some(date(2020, 10, 23));
    let entity = &mut incident.organisation;
    entity.parent = Some("Heath Group plc".to_owned());
    entity.authority = Some("Information Commissioner's Office".to_owned());
    entity.contact.toll_free = Some("0800 555 0100".to_owned());
    let email = entity.contact.email.clone();
    entity.dpo = Some(Dpo { name: Some("R. Ahmadi".to_owned()), email, phone: None });
    let facts = &mut incident.facts;
    facts.cause = Some(Fact::Known(Cause::StolenLogin));
    facts.place = Some(Fact::Known(in_all("Leeds")));
    facts.misuse = Some(Fact::Known(Misuse::NoneSeen));
    facts.delayed_by_police = Some(false);
    facts.authority_told = Fact::Known(When::On(date(2020, 10, 14)));
    facts.delay_reason = in_all("It took time.");
    facts.remedy = in_all("Write to us.");
    facts.other_matters = in_all("Nothing more.");
    incident.measures = Measures {
        mitigation: vec![Measure::Known(Mitigation::SessionsEnded), Measure::Own(in_all("We call you."))],
        prevention: vec![Measure::Known(Prevention::SecondFactor)],
        protection: vec![Measure::Known(Protection::Encrypted)],
    };
    incident.offer = Some(Offer {
        kind: OfferKind::CreditMonitoring,
        provider: "Dunlin Watch".to_owned(),
        months: 24,
        until: Some(date(2021, 1, 31)),
        website: Some("dunlin-watch.example".to_owned()),
        phone: Some("1-800-555-0199".to_owned()),
        code: Some(OfferCode::Shared("MARSH-7".to_owned())),
    });
    incident
}

/// The same with every fact taken away that may be missing.
fn silent() -> Incident {
    let mut incident = told();
    let bare = email_only();
    incident.clock.exposed = None;
    incident.notice.date = None;
    incident.organisation = bare.organisation.clone();
    incident.organisation.contact.phone = None;
    incident.measures = Measures::default();
    incident.offer = None;
    incident.facts = bare.facts;
    let not_told = || Fact::NotTold { reason: "the police asked".to_owned() };
    incident.facts.holder = Fact::NotTold { reason: "the police asked".to_owned() };
    incident.facts.nothing_else = Fact::NotTold { reason: "the police asked".to_owned() };
    incident.facts.people_affected = Fact::NotTold { reason: "the police asked".to_owned() };
    incident.facts.exposure = forthwith_core::incident::Exposure::Viewed;
    incident.facts.police_told = not_told();
    incident.clock.occurred = not_told();
    incident.clock.discovered = not_told();
    incident.clock.contained = None;
    incident.contacts = forthwith_core::incident::Contacts::default();
    incident
}

fn marylander(language: &str) -> Recipient {
    let residence = Residence { country: "US".to_owned(), region: "MD".to_owned() };
    Recipient { language: language.to_owned(), residence, ..person("Ada", &["email", "ssn", "biometric"]) }
}

/// Returns the text of one element alone.
fn alone(incident: &Incident, id: &str, reader: &Recipient) -> String {
    let arrange = fixed(&[id], Need::Optional, Headings::Own);
    let (words, findings) = Words::arranged(incident, &BTreeMap::new(), [], arrange);
    let words = words.unwrap_or_else(|| panic!("{id}: {findings:#?}"));
    words.parts(reader).unwrap().text
}

#[test]
fn every_element_speaks_in_every_language_and_no_two_alike() {
    let incident = told();
    for element in ELEMENTS {
        // The password's steps have their own test: nothing of the kind was exposed here.
        if ["password_reset_direction"].contains(&element.id) {
            continue;
        }
        let said: Vec<String> =
            LANGUAGES.iter().map(|language| alone(&incident, element.id, &marylander(language))).collect();
        for (language, text) in LANGUAGES.iter().zip(&said) {
            assert!(!text.trim().is_empty(), "{} is silent in {language}", element.id);
            assert!(!text.contains(" ,") && !text.contains(", .") && !text.contains(": ."), "{language}: {text}");
        }
        // What has no words of its own is the same in all.
        let is_bare = ["closing", "delay_reason", "remedy_procedure", "other_reference_matters"];
        if !is_bare.contains(&element.id) {
            let different: std::collections::BTreeSet<&String> = said.iter().collect();
            assert_eq!(different.len(), LANGUAGES.len(), "{}: {said:?}", element.id);
        }
    }
}

#[test]
fn an_element_without_its_fact_is_silent_and_refused_where_a_rule_requires_it() {
    let silent = silent();
    let fed = [
        "date_of_notice",
        "cause",
        "location_extent",
        "timeframe_of_exposure",
        "police_delay_statement",
        "delay_reason",
        "secondary_harm",
        "knowledge_statement",
        "mitigation_measures",
        "prevention_measures",
        "security_measures_in_place",
        "phone_number",
        "toll_free_number",
        "dpo_contact",
        "credit_bureau_contacts",
        "ftc_contact",
        "ag_contact",
        "state_agency_contacts",
        "credit_monitoring_offer",
        "enrollment_instructions",
        "remediation_services",
        "free_credit_report",
        "regulator_complaint_right",
        "remedy_procedure",
        "other_reference_matters",
        "parent_company_name",
        "number_affected",
        "date_of_breach",
    ];
    for (id, language) in fed.iter().flat_map(|id| LANGUAGES.map(|language| (*id, language))) {
        assert_eq!(alone(&silent, id, &marylander(language)), "", "{id} in {language}");
    }
    let (words, _) = Words::arranged(&silent, &BTreeMap::new(), [], fixed(&fed, Need::Required, Headings::Own));
    let findings = words.unwrap().check(&Variant::of(&silent, &marylander("fr")));
    let refused: Vec<&str> =
        findings.iter().filter(|f| f.gravity == Gravity::Refused).map(|f| f.message.as_str()).collect();
    for id in fed {
        let said = format!("the notice is silent on `{id}`");
        assert!(refused.iter().any(|message| message.starts_with(&said)), "{id}: {refused:#?}");
    }
}

#[test]
fn each_person_is_told_of_the_attorney_general_of_their_own_state() {
    let incident = told();
    let mut reader = marylander("en");
    let text = |reader: &Recipient| {
        alone(&incident, "ag_contact", reader).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(text(&reader).contains("Attorney General of Maryland, 200 St. Paul Place, Baltimore"));
    reader.residence.region = "NC".to_owned();
    assert!(text(&reader).contains("Attorney General of North Carolina"));
    for (country, region) in [("US", ""), ("US", "GU"), ("CA", "MD"), ("DE", "")] {
        reader.residence = Residence { country: country.to_owned(), region: region.to_owned() };
        assert_eq!(text(&reader), "", "{country} {region}");
    }
}

#[test]
fn a_code_of_ones_own_is_told_and_its_lack_is_an_error() {
    let mut incident = told();
    if let Some(offer) = &mut incident.offer {
        offer.code = Some(OfferCode::Column("Offer code".to_owned()));
    }
    let arrange = || fixed(&["enrollment_instructions"], Need::Required, Headings::Own);
    let (words, findings) = Words::arranged(&incident, &BTreeMap::new(), ["offer_cod"], arrange());
    assert!(words.is_none());
    let finding = findings.iter().find(|finding| finding.code == "offer-column").unwrap();
    assert_eq!(finding.hint.as_deref(), Some("is `offer_cod` meant?"));
    let (words, _) = Words::arranged(&incident, &BTreeMap::new(), ["Offer code"], arrange());
    let words = words.unwrap();
    assert!(words.columns_read().contains("Offer code"), "two rows that differ in it are not one notice");
    let mut reader = marylander("en");
    assert_eq!(words.parts(&reader).err(), Some(RenderError::OfferCode));
    reader.columns.insert("Offer code".to_owned(), Private::new("HERON-12".to_owned()));
    assert!(words.parts(&reader).unwrap().text.contains("Your code is HERON-12."));
}

#[test]
fn steps_of_several_elements_are_one_list_of_at_most_seven() {
    let mut incident = told();
    let all =
        ["email", "phone", "password", "payment_card", "bank_account", "ssn", "health_insurance", "biometric"];
    incident.categories = all.map(category).to_vec();
    let elements =
        ["password_reset_direction", "recommended_steps", "advise_vigilance", "biometric_revocation_instructions"];
    for language in LANGUAGES {
        let arrange = fixed(&elements, Need::Optional, Headings::Own);
        let words = Words::arranged(&incident, &BTreeMap::new(), [], arrange).0.unwrap();
        let reader = Recipient { language: language.to_owned(), ..person("Ada", &all) };
        let text = words.parts(&reader).unwrap().text;
        let numbers: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split_once(". "))
            .map(|(n, _)| n)
            .filter(|n| n.len() == 1)
            .collect();
        assert_eq!(numbers, ["1", "2", "3", "4", "5", "6", "7"], "{language}: {text}");
        let findings = words.check(&Variant::of(&incident, &reader));
        assert!(findings.iter().all(|f| !f.code.starts_with("step")), "{language}: {findings:#?}");
    }
}

#[test]
fn what_an_element_says_too_is_not_said_twice() {
    let incident = told();
    let arrange = fixed(&["categories_of_data", "specific_elements"], Need::Required, Headings::Own);
    let words = Words::arranged(&incident, &BTreeMap::new(), [], arrange).0.unwrap();
    let text = words.parts(&marylander("en")).unwrap().text;
    assert_eq!(text.matches("your e-mail address").count(), 1, "{text}");
    let findings = words.check(&Variant::of(&incident, &marylander("en")));
    assert!(findings.iter().all(|finding| finding.code != "element-silent"), "{findings:#?}");
    // A telephone number that is required and missing is found, although `contact_point` is there.
    let arrange = fixed(&["contact_point", "phone_number"], Need::Required, Headings::Own);
    let silent = silent();
    let words = Words::arranged(&silent, &BTreeMap::new(), [], arrange).0.unwrap();
    let findings = words.check(&Variant::of(&silent, &marylander("en")));
    assert!(findings.iter().any(|finding| finding.message.starts_with("the notice is silent on `phone_number`")));
}

#[test]
fn californias_title_and_headings_stand_in_its_order_and_in_the_readers_language() {
    let incident = told();
    let format = forthwith_core::law::regime("us-ca").unwrap().format.clone().unwrap();
    let headings = Headings::Prescribed { title: format.title, headings: format.headings };
    let elements: Vec<&str> =
        ELEMENTS.iter().filter(|element| element.weight != Weight::Asked).map(|element| element.id).collect();
    let words =
        Words::arranged(&incident, &BTreeMap::new(), [], fixed(&elements, Need::Optional, headings)).0.unwrap();
    let prescribed = [
        "Notice of Data Breach",
        "What Happened",
        "What Information Was Involved",
        "What We Are Doing",
        "What You Can Do",
        "For More Information",
    ];
    let english = words.parts(&marylander("en")).unwrap().html;
    let found: Vec<&str> = english
        .split("<h")
        .skip(1)
        .filter_map(|rest| rest.split_once('>')?.1.split_once("</h"))
        .map(|(t, _)| t)
        .collect();
    // The document's own head comes first.
    assert!(found.ends_with(&prescribed), "{found:?}");
    let spanish = words.parts(&marylander("es")).unwrap().text;
    let at: Vec<usize> = prescribed.iter().map(|words| spanish.find(words).unwrap()).collect();
    assert!(at.is_sorted() && spanish.contains("Qué ha pasado / What Happened"), "{spanish}");
}

#[test]
fn measures_that_concern_other_data_are_not_told() {
    let mut incident = told();
    incident.categories = ["email", "password"].map(category).to_vec();
    incident.measures.mitigation =
        [Mitigation::PasswordsReset, Mitigation::MisuseWatched].map(Measure::Known).to_vec();
    let text = |data: &[&str]| alone(&incident, "mitigation_measures", &person("Ada", data));
    assert!(text(&["email", "password"]).contains("We reset your password"));
    assert_eq!(text(&["email"]), "What we did\r\n-----------\r\nWe watch for misuse of the data.\r\n");
}

#[test]
fn facts_without_words_in_a_language_are_pointed_out() {
    let mut incident = told();
    incident.facts.holder = Fact::Known(by_language("one seller"));
    incident.facts.place = Some(Fact::Known(by_language("Leeds")));
    incident.measures.mitigation = vec![Measure::Own(by_language("We call you."))];
    incident.notice.advice.insert("en".to_owned(), vec!["Ask us.".to_owned()]);
    let words = Words::new(&incident, &BTreeMap::new()).0.unwrap();
    let untranslated = |language: &str| -> Vec<String> {
        let findings = words.check(&Variant::of(&incident, &marylander(language)));
        findings.into_iter().filter(|f| f.code == "fact-untranslated").map(|f| f.message).collect()
    };
    assert_eq!(untranslated("en"), [""; 0]);
    let german = untranslated("de");
    for name in ["`facts.holder`", "`facts.place`", "`measures.mitigation`", "`advice`"] {
        assert!(german.iter().any(|message| message.starts_with(name)), "{name}: {german:?}");
    }
    assert_eq!(german.len(), 4);
}

#[test]
fn a_category_of_ones_own_needs_its_consequence() {
    let mut incident = told();
    incident.categories = vec![category("seat")];
    incident.categories[0].words = in_all("your seat");
    let codes = |incident: &Incident| -> Vec<&str> {
        let words = Words::new(incident, &BTreeMap::new()).0.unwrap();
        let reader = Recipient { language: "en".to_owned(), ..person("Ada", &["seat"]) };
        let findings = words.check(&Variant::of(incident, &reader));
        findings.iter().map(|f| f.code).filter(|code| *code == "consequence-missing").collect()
    };
    assert_eq!(codes(&incident), ["consequence-missing"]);
    incident.categories[0].consequence = in_all("Strangers can sit there.");
    assert_eq!(codes(&incident), [""; 0]);
}

#[test]
fn strange_domains_and_senders_are_pointed_out() {
    let mut incident = told();
    let codes = |incident: &Incident| -> Vec<&str> {
        let words = Words::new(incident, &BTreeMap::new()).0.unwrap();
        let findings = words.check(&Variant::of(incident, &marylander("en")));
        findings.iter().map(|finding| finding.code).filter(|code| code.ends_with("domain")).collect()
    };
    assert_eq!(codes(&incident), [""; 0]);
    incident.notice.statements.insert(
        "contact_point".to_owned(),
        crate::model::statement("See help.larkspur.example or answers.example."),
    );
    assert_eq!(codes(&incident), ["word-domain"]);
    incident.organisation.website = "larkspur-help.example".to_owned();
    assert!(codes(&incident).contains(&"from-domain"));
}
