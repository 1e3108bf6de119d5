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
    "greeting" Opening Own Optional "the person's name, where the list has it";
    "what_happened" WhatHappened Own Expected "who did what to which data, and that we are sorry";
    "date_of_breach" WhatHappened RunsOn Expected "when it happened, or that we do not know";
    "date_of_discovery" WhatHappened RunsOn Expected "when we found out, or that we do not know";
    "number_affected" WhatHappened RunsOn Expected "how many people are affected, or that we do not know";
    "specific_elements" YourData Own Expected "exactly which data of this person was exposed";
    "third_party_recipient_identity" YourData RunsOn Optional "who has the data now, as far as known";
    "nothing_else" YourData RunsOn Optional "that nothing else was exposed, where that is recorded";
    "measures_taken" WhatWeDo Own Expected "what we did";
    "regulator_notified_statement" WhatWeDo RunsOn Optional "that the data protection authority was told";
    "likely_consequences" WhatMayFollow Own Expected "what may follow from this person's data";
    "password_reset_direction" WhatToDo Own Optional "to change passwords and security answers, here and elsewhere";
    "recommended_steps" WhatToDo RunsOn Expected "what to do, in numbered steps";
    "authenticity_check" IsThisReal Own Expected "how to see that the notice is genuine, without a link";
    "future_contact_statement" IsThisReal RunsOn Expected "what we will never ask";
    "contact_point" Questions Own Expected "whom to ask";
    "other_formats" Questions RunsOn Expected "in each language offered, how to get the notice in it, in large print, or read aloud";
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
    fn what_says_an_element_too_is_an_element() {
        for element in ELEMENTS {
            assert!(element.said_by.is_none_or(|id| self::element(id).is_some()), "{}", element.id);
        }
    }
}
