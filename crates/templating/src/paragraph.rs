//! The words of a notice block by block, each with the elements that it comes from: what is reviewed and compared.
//!
//! A reader sees the same words in the text part and in the HTML part; how they are written there is not kept.

use crate::{document::Kind, layout::Laid, text};
use serde::{Deserialize, Serialize};

/// One block of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paragraph {
    /// What it is.
    pub kind: ParagraphKind,
    /// The elements whose words it has, in their order.
    pub elements: Vec<String>,
    /// Its words; a break in an address is a line end.
    pub text: String,
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParagraphKind {
    /// The title.
    Title,
    /// A heading.
    Heading,
    /// A paragraph.
    Text,
    /// An item of a list.
    Item,
    /// An item of a numbered list: a step.
    Step,
}

impl Paragraph {
    pub(crate) fn of(block: &Laid<'_>) -> Self {
        let kind = match block.kind {
            Kind::Title => ParagraphKind::Title,
            Kind::Heading => ParagraphKind::Heading,
            Kind::Paragraph => ParagraphKind::Text,
            Kind::Item { number: None, .. } => ParagraphKind::Item,
            Kind::Item { number: Some(_), .. } => ParagraphKind::Step,
        };
        let mut elements: Vec<String> = Vec::new();
        for run in &block.runs {
            if elements.last().is_none_or(|last| last != run.element) {
                elements.push(run.element.to_owned());
            }
        }
        let written = text::plain(block);
        let number = match block.kind {
            Kind::Item { number: Some(number), .. } => format!("{number}. "),
            _ => String::new(),
        };
        // Spaces are what the text part takes for spaces: one that does not break is part of a word.
        let words =
            |line: &str| line.split([' ', '\t', '\r']).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
        let lines: Vec<_> = written.split('\n').map(words).collect();
        Self { kind, elements, text: number + &lines.join("\n") }
    }
}
