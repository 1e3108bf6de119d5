//! The shipped words, compiled in: elements in the shipped order, and the phrases that they are made of.
//!
//! Each is there in every language of [`LANGUAGES`]. An incident folder adds or replaces any of them, in any
//! language.

use crate::{layout::Flow, sections::Section};
use forthwith_core::arrangement::{Arranged, Arrangement, Headings, Need};

/// An element whose words are shipped.
#[derive(Clone, Copy, Debug)]
pub struct ShippedElement {
    /// Its id.
    pub id: &'static str,
    /// The section that it stands in.
    pub section: Section,
    /// How it stands to the element before it.
    pub flow: Flow,
    /// When a notice has it.
    pub weight: Weight,
    /// The element that says the same and more: where both are to be there, this one alone is.
    pub said_by: Option<&'static str>,
    /// What it says.
    pub says: &'static str,
    words: [&'static str; LANGUAGES.len()],
}

/// When a notice has an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// In every notice: one without it, or in which it is silent, gets a warning.
    Expected,
    /// In every notice, and silent where its fact is not told.
    Optional,
    /// Only where a rule or the incident asks for it.
    Asked,
}

/// The languages that words are shipped in.
pub const LANGUAGES: [&str; 4] = ["en", "de", "fr", "es"];

macro_rules! elements {
    ($($id:literal $section:ident $flow:ident $weight:ident $says:literal $(, $said_by:literal)?;)*) => {
        /// Every element whose words are shipped, in the shipped order.
        pub const ELEMENTS: &[ShippedElement] = &[$(ShippedElement {
            id: $id,
            section: Section::$section,
            flow: Flow::$flow,
            weight: Weight::$weight,
            said_by: elements!(@said_by $($said_by)?),
            says: $says,
            words: [
                include_str!(concat!("../../../templates/elements/", $id, ".en.md")),
                include_str!(concat!("../../../templates/elements/", $id, ".de.md")),
                include_str!(concat!("../../../templates/elements/", $id, ".fr.md")),
                include_str!(concat!("../../../templates/elements/", $id, ".es.md")),
            ],
        }),*];
    };
    (@said_by) => { None };
    (@said_by $said_by:literal) => { Some($said_by) };
}

elements! {
    "notice_title" Opening Own Expected "the subject, as the title";
    "date_of_notice" Opening Own Asked "the date that the notice bears";
    "greeting" Opening Own Optional "the person's name, where the list has it";
    "entity_name" WhatHappened Own Asked "who gives the notice", "closing";
    "what_happened" WhatHappened Own Expected "who did what to which data, and that we are sorry";
    "knowledge_statement" WhatHappened RunsOn Asked "that we know that somebody got the person's data";
    "cause" WhatHappened RunsOn Asked "how it came about, or that we do not know";
    "location_extent" WhatHappened RunsOn Asked "where the data lay";
    "date_of_breach" WhatHappened RunsOn Expected "when it happened, or that we do not know";
    "date_of_discovery" WhatHappened RunsOn Expected "when we found out, or that we do not know";
    "timeframe_of_exposure" WhatHappened RunsOn Asked "from when to when the data was exposed";
    "number_affected" WhatHappened RunsOn Expected "how many people are affected, or that we do not know";
    "police_delay_statement" WhatHappened RunsOn Asked "whether the police delayed the notice";
    "delay_reason" WhatHappened RunsOn Asked "why the notice comes late";
    "categories_of_data" YourData Own Asked "the kinds of data concerned", "specific_elements";
    "specific_elements" YourData Own Expected "exactly which data of this person was exposed";
    "third_party_recipient_identity" YourData RunsOn Optional "who has the data now, as far as known";
    "holder_known_statement" YourData RunsOn Asked "whether we know who has the data, without a name";
    "nothing_else" YourData RunsOn Optional "that nothing else was exposed, where that is recorded";
    "security_measures_in_place" WhatWeDo Own Asked "how the data was protected";
    "measures_taken" WhatWeDo Own Expected "what we did";
    "mitigation_measures" WhatWeDo RunsOn Asked "what we do for the people affected";
    "prevention_measures" WhatWeDo RunsOn Asked "what we do so that it does not happen again";
    "regulator_notified_statement" WhatWeDo RunsOn Optional "that the data protection authority was told";
    "likely_consequences" WhatMayFollow Own Expected "what may follow from this person's data";
    "secondary_harm" WhatMayFollow RunsOn Asked "whether the data has been misused, as far as known";
    "password_reset_direction" WhatToDo Own Optional "to change passwords and security answers, here and elsewhere";
    "recommended_steps" WhatToDo RunsOn Expected "what to do, in numbered steps";
    "advise_vigilance" WhatToDo RunsOn Asked "to check account statements and credit reports";
    "biometric_revocation_instructions" WhatToDo Own Asked "to have others stop trusting data of the body";
    "credit_monitoring_offer" Offer Own Asked "the service that is offered, from whom and for how long";
    "enrollment_instructions" Offer Own Asked "how to take up the offer, with which code, and until when";
    "remediation_services" Offer RunsOn Asked "who helps at no cost, how to reach them, and the person's code where nothing else says it";
    "fraud_alert_freeze_statement" Credit Own Asked "who tells of fraud alerts and security freezes";
    "security_freeze_howto" Credit RunsOn Asked "how to freeze a credit file, that it costs nothing, and the credit bureaus where no other element names them";
    "free_credit_report" Credit RunsOn Asked "where to get credit reports free of charge";
    "credit_bureau_contacts" Credit Own Asked "the credit bureaus: addresses, telephone numbers, websites";
    "right_to_police_report" Rights Own Asked "the right to a police report";
    "report_idtheft_advice" Rights Own Asked "to report the misuse of an identity, and to whom";
    "fcra_rights" Rights Own Asked "the rights under the Fair Credit Reporting Act";
    "data_held_inquiry" Rights Own Asked "how to learn which data we hold";
    "regulator_complaint_right" Rights Own Asked "the right to complain to the data protection authority";
    "remedy_procedure" Rights Own Asked "how to get help, report damage and seek compensation";
    "authenticity_check" IsThisReal Own Expected "how to see that the notice is genuine, without a link";
    "future_contact_statement" IsThisReal RunsOn Expected "what we will never ask";
    "anti_phishing_warning" IsThisReal RunsOn Asked "to give no personal data in reply to messages about a breach";
    "contact_point" Questions Own Expected "whom to ask";
    "phone_number" Questions RunsOn Asked "our telephone number", "contact_point";
    "toll_free_number" Questions RunsOn Asked "our telephone number that costs nothing";
    "other_formats" Questions RunsOn Expected "in each language offered, how to get the notice in it, in large print, or read aloud";
    "entity_contact" Questions Own Asked "our address, mailbox and telephone number", "contact_point";
    "dpo_contact" Questions Own Asked "who looks after data protection here";
    "idtheft_info_statement" Questions Own Asked "who tells how to guard against identity theft";
    "ftc_contact" Questions Own Asked "the Federal Trade Commission: address, telephone number, website";
    "ag_contact" Questions Own Asked "the Attorney General of the person's own state";
    "state_agency_contacts" Questions Own Asked "the agencies that help against identity theft";
    "other_reference_matters" Questions Own Asked "whatever else the person should know";
    "parent_company_name" Closing Apart Asked "the company that ours belongs to";
    "closing" Closing Apart Expected "who writes, with a postal address";
    "notice_label" Closing Apart Expected "the label by which this wording can be told from the others, by telephone too";
}

/// The shipped phrases of each language, in the order of [`LANGUAGES`].
const PHRASES: [&str; LANGUAGES.len()] = [
    include_str!("../../../templates/phrases/en.md"),
    include_str!("../../../templates/phrases/de.md"),
    include_str!("../../../templates/phrases/fr.md"),
    include_str!("../../../templates/phrases/es.md"),
];

/// Returns the shipped element with this id.
pub(crate) fn element(id: &str) -> Option<&'static ShippedElement> {
    ELEMENTS.iter().find(|element| element.id == id)
}

/// Returns what a notice is made of where nothing else is asked for.
pub(crate) fn arrangement() -> Arrangement {
    let elements = ELEMENTS.iter().filter(|element| element.weight != Weight::Asked);
    let elements = elements.map(|element| Arranged { element: element.id.to_owned(), need: need(element.id) });
    Arrangement { elements: elements.collect(), headings: Headings::Own }
}

/// Returns what the silence of an element means that no rule asks for.
pub(crate) fn need(id: &str) -> Need {
    let is_optional = element(id).is_some_and(|element| element.weight == Weight::Optional);
    if is_optional { Need::Optional } else { Need::Expected }
}

/// Returns the shipped words of an element in `language`; those of a language serve all of its regions.
pub(crate) fn words(id: &str, language: &str) -> Option<&'static str> {
    element(id)?.words.get(position(language)?).copied()
}

/// Returns the shipped phrase in `language`.
pub(crate) fn phrase(name: &str, language: &str) -> Option<&'static str> {
    let lines = PHRASES.get(position(language)?)?.lines();
    lines.filter_map(|line| line.split_once(": ")).find(|(known, _)| *known == name).map(|(_, words)| words.trim())
}

fn position(language: &str) -> Option<usize> {
    let primary = language.split('-').next().unwrap_or_default();
    LANGUAGES.iter().position(|shipped| shipped.eq_ignore_ascii_case(primary))
}

#[cfg(test)]
mod tests {
    use super::*;
    use forthwith_core::incident::KNOWN_CATEGORIES;
    use std::collections::BTreeSet;

    #[test]
    fn every_known_category_has_its_words_and_what_follows_from_it() {
        for (category, language) in KNOWN_CATEGORIES.iter().flat_map(|category| LANGUAGES.map(|l| (category, l))) {
            for name in [format!("category_{}", category.id), format!("consequence_{}", category.id)] {
                assert!(phrase(&name, language).is_some(), "{name} in {language}");
            }
        }
        assert_eq!(phrase("category_email", "ja"), None);
        assert_eq!(words("greeting", "ja"), None);
        assert_eq!(words("greeting", "EN-gb"), words("greeting", "en"));
    }

    #[test]
    fn every_language_has_the_same_phrases_each_once() {
        let names = |text: &'static str| -> Vec<&str> {
            let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
            lines.map(|line| line.split_once(": ").unwrap_or_else(|| panic!("no phrase: {line}")).0).collect()
        };
        let english = names(PHRASES[0]);
        assert_eq!(english.iter().collect::<BTreeSet<_>>().len(), english.len());
        for (language, text) in LANGUAGES.iter().zip(PHRASES) {
            assert_eq!(names(text), english, "{language}");
        }
    }

    /// The English of prescribed headings is in the law data; here it is repeated for those who translate it.
    #[test]
    fn every_prescribed_heading_has_its_phrase_in_every_language() {
        let mut checked = 0;
        for format in forthwith_core::law::shipped().iter().filter_map(|regime| regime.format.as_ref()) {
            let headings = format.headings.iter().map(|heading| &heading.title);
            for words in format.title.iter().chain(headings) {
                let name = crate::sections::prescribed(words);
                assert_eq!(phrase(&name, "en"), Some(words.as_str()), "{name}");
                checked += LANGUAGES.iter().filter(|language| phrase(&name, language).is_some()).count();
            }
        }
        assert!(checked >= 6 * LANGUAGES.len(), "{checked}");
    }

    #[test]
    fn every_element_of_the_law_has_words() {
        use forthwith_core::law::{Element, Word as _};
        let missing: Vec<&str> =
            Element::ALL.iter().map(|element| element.word()).filter(|id| element(id).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_word_for_causes_and_measures_has_its_sentence() {
        use forthwith_core::{
            incident::{Cause, Mitigation, Prevention, Protection},
            law::Word,
        };
        fn names<W: Word>(what: &'static str) -> impl Iterator<Item = String> {
            W::ALL.iter().map(move |word| format!("{what}_{}", word.word()))
        }
        let all = names::<Cause>("cause").chain(names::<Mitigation>("mitigation"));
        let all = all.chain(names::<Prevention>("prevention")).chain(names::<Protection>("protection"));
        for (name, language) in all.flat_map(|name| LANGUAGES.map(|language| (name.clone(), language))) {
            assert!(phrase(&name, language).is_some_and(|words| words.ends_with('.')), "{name} in {language}");
        }
    }

    #[test]
    fn what_says_an_element_too_is_an_element() {
        for element in ELEMENTS {
            assert!(element.said_by.is_none_or(|id| self::element(id).is_some()), "{}", element.id);
        }
    }
}
