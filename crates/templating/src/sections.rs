//! The sections of a notice: which elements stand together, and under which heading.
//!
//! A heading is a phrase of the notice's language. It is printed where an element of its section has something to
//! say, and not where that element brings a heading of its own.

use crate::{
    document::{Block, Inline, Kind},
    shipped,
    source::Phrases,
};
use forthwith_core::{
    arrangement::{Arranged, Headings},
    law::{Heading, Word as _},
};

/// A section of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Title, date, greeting.
    Opening,
    /// What happened, and when.
    WhatHappened,
    /// Which data, and who has it.
    YourData,
    /// What was and will be done.
    WhatWeDo,
    /// What may follow.
    WhatMayFollow,
    /// What the person can do.
    WhatToDo,
    /// What the person is offered.
    Offer,
    /// Credit files, freezes and bureaus.
    Credit,
    /// What the person may ask of others.
    Rights,
    /// How to know the notice for genuine.
    IsThisReal,
    /// Whom to ask.
    Questions,
    /// Who writes, and from where.
    Closing,
}

/// The phrases of all headings of our own, in the order of [`Section`]; opening and closing have none.
const OWN: [Option<&str>; 12] = [
    None,
    Some("heading_what_happened"),
    Some("heading_your_data"),
    Some("heading_what_we_do"),
    Some("heading_what_may_follow"),
    Some("heading_what_to_do"),
    Some("heading_offer"),
    Some("heading_credit"),
    Some("heading_rights"),
    Some("heading_is_this_real"),
    Some("heading_questions"),
    None,
];

impl Section {
    /// Returns the section under whose prescribed heading this one stands where it has none of its own.
    fn nearest(self) -> Option<Self> {
        match self {
            Self::WhatMayFollow => Some(Self::YourData),
            Self::Offer => Some(Self::WhatWeDo),
            Self::Credit | Self::Rights => Some(Self::WhatToDo),
            Self::IsThisReal => Some(Self::Questions),
            _ => None,
        }
    }
}

/// Returns the name of the phrase for words that a law prescribes: `prescribed_what_happened`.
pub(crate) fn prescribed(words: &str) -> String {
    let letters = words.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    format!("prescribed_{}", letters.collect::<String>())
}

/// Returns the phrases that these headings need, title and all.
pub(crate) fn phrases(headings: &Headings) -> Vec<String> {
    match headings {
        Headings::Own => OWN.iter().flatten().map(|name| (*name).to_owned()).collect(),
        Headings::Prescribed { title, headings } => {
            let headings = headings.iter().map(|heading| &heading.title);
            title.iter().chain(headings).map(|words| prescribed(words)).collect()
        }
    }
}

/// Returns the title that a law prescribes with these headings, as a notice in the language of `phrases` has it.
pub(crate) fn title(headings: &Headings, phrases: &Phrases) -> Option<String> {
    match headings {
        Headings::Own => None,
        Headings::Prescribed { title, .. } => title.as_ref().map(|words| in_both(words, phrases)),
    }
}

/// Returns the heading of each group, by its number.
pub(crate) fn headings(headings: &Headings, phrases: &Phrases) -> Vec<Option<Block>> {
    let block = |words: String| Block { kind: Kind::Heading, inlines: vec![Inline::Text(words)] };
    match headings {
        Headings::Own => {
            let own = |name: Option<&str>| Some(block(phrases.get(name?)?.to_owned()));
            OWN.iter().copied().map(own).collect()
        }
        Headings::Prescribed { headings, .. } => {
            let words = headings.iter().map(|heading| Some(block(in_both(&heading.title, phrases))));
            std::iter::once(None).chain(words).chain([None]).collect()
        }
    }
}

/// Returns the prescribed words, behind their translation where the language is another one: the law names these
/// words, and their reader is to understand them.
fn in_both(words: &str, phrases: &Phrases) -> String {
    match phrases.get(&prescribed(words)) {
        Some(translated) if translated != words => format!("{translated} / {words}"),
        _ => words.to_owned(),
    }
}

/// Returns the elements as they stand in the notice, each with the number of its group.
///
/// A group stands where its first element does; prescribed ones stand in the order of the law. An element that is
/// not shipped belongs to the group of the one before it.
pub(crate) fn grouped<'a>(elements: &'a [Arranged], headings: &Headings) -> Vec<(usize, &'a Arranged)> {
    let mut before = 0;
    let group = |arranged: &'a Arranged| {
        before = match headings {
            Headings::Own => shipped::element(&arranged.element).map_or(before, |element| element.section as usize),
            Headings::Prescribed { headings, .. } => place(&arranged.element, headings).unwrap_or(before),
        };
        (before, arranged)
    };
    let mut grouped: Vec<(usize, &Arranged)> = elements.iter().map(group).collect();
    let order: Vec<usize> = grouped.iter().map(|(group, _)| *group).collect();
    match headings {
        Headings::Own => grouped.sort_by_key(|(group, _)| order.iter().position(|other| other == group)),
        Headings::Prescribed { .. } => grouped.sort_by_key(|(group, _)| *group),
    }
    grouped
}

/// Returns the group of an element under prescribed headings: of the one that names it, else of the one that names
/// another element of its section, or of the nearest section.
fn place(id: &str, headings: &[Heading]) -> Option<usize> {
    let of = |fits: &dyn Fn(&str) -> bool| {
        headings.iter().position(|heading| heading.elements.iter().any(|element| fits(element.word())))
    };
    let mut section = shipped::element(id).map(|element| element.section);
    match section {
        Some(Section::Opening) => return Some(0),
        Some(Section::Closing) => return Some(headings.len() + 1),
        _ => {}
    }
    let mut found = of(&|element| element == id);
    while let (None, Some(wanted)) = (found, section) {
        found = of(&|other| shipped::element(other).is_some_and(|element| element.section == wanted));
        section = wanted.nearest();
    }
    found.map(|position| position + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use forthwith_core::arrangement::Need;

    fn order(elements: &[&str], headings: &Headings) -> Vec<(usize, String)> {
        let arranged = |id: &&str| Arranged { element: (*id).to_owned(), need: Need::Optional };
        let elements: Vec<Arranged> = elements.iter().map(arranged).collect();
        grouped(&elements, headings).into_iter().map(|(group, a)| (group, a.element.clone())).collect()
    }

    #[test]
    fn a_section_stands_once_where_its_first_element_does() {
        let mixed = ["greeting", "closing", "what_happened", "our_own", "specific_elements", "date_of_breach"];
        let names: Vec<String> = order(&mixed, &Headings::Own).into_iter().map(|(_, id)| id).collect();
        let expected = ["greeting", "closing", "what_happened", "our_own", "date_of_breach", "specific_elements"];
        assert_eq!(names, expected);
    }

    #[test]
    fn prescribed_headings_have_the_order_of_the_law_and_take_in_the_rest() {
        let format = forthwith_core::law::regime("us-ca").unwrap().format.clone().unwrap();
        let headings = Headings::Prescribed { title: format.title, headings: format.headings };
        let mixed = [
            "closing",
            "greeting",
            "likely_consequences",
            "authenticity_check",
            "recommended_steps",
            "our_own",
            "measures_taken",
            "nothing_else",
            "what_happened",
        ];
        let expected = [
            (0, "greeting"),
            (1, "what_happened"),
            (2, "likely_consequences"),
            (2, "nothing_else"),
            (3, "measures_taken"),
            (4, "recommended_steps"),
            (4, "our_own"),
            (5, "authenticity_check"),
            (6, "closing"),
        ];
        assert_eq!(order(&mixed, &headings), expected.map(|(group, id)| (group, id.to_owned())));
    }

    #[test]
    fn what_the_law_prescribes_stands_beside_its_translation() {
        let phrases: Phrases = [("prescribed_what_happened", "Qué ha pasado")].into_iter().collect();
        assert_eq!(in_both("What Happened", &phrases), "Qué ha pasado / What Happened");
        assert_eq!(in_both("What You Can Do", &phrases), "What You Can Do");
    }

    #[test]
    fn every_section_has_its_place() {
        assert_eq!(OWN.len(), Section::Closing as usize + 1);
    }
}
