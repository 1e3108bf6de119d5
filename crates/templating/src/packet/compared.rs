//! The words of a wording, line by line as its readers see them, with what differs from another wording or from what
//! it said before.

use super::{
    record::VariantRecord,
    word_diff::{Segment, compare, differs},
};
use crate::ParagraphKind;
use serde::Serialize;

/// One line of a wording: a heading, a paragraph, an item, a line of an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    pub kind: ParagraphKind,
    pub segments: Vec<Segment>,
}

/// Returns the words of a wording; nothing is marked.
pub(super) fn plain(variant: &VariantRecord) -> Vec<Line> {
    lines(variant, vec![Segment { change: "same", text: text(variant) }])
}

/// Returns the words of a wording with what differs from another one; `None` where nothing does.
pub(super) fn marked(other: &VariantRecord, variant: &VariantRecord) -> Option<Vec<Line>> {
    let segments = compare(&text(other), &text(variant));
    differs(&segments).then(|| lines(variant, segments))
}

/// Returns the words of a wording, each paragraph from a line of its own.
fn text(variant: &VariantRecord) -> String {
    variant.paragraphs.iter().map(|paragraph| paragraph.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// Breaks segments where the lines of the wording end; a line end that is gone breaks nothing.
fn lines(variant: &VariantRecord, segments: Vec<Segment>) -> Vec<Line> {
    let of_paragraph = |paragraph: &crate::Paragraph| {
        let count = paragraph.text.split('\n').count();
        std::iter::repeat_n(paragraph.kind, count)
    };
    let mut kinds = variant.paragraphs.iter().flat_map(of_paragraph);
    let mut begin = || Line { kind: kinds.next().unwrap_or(ParagraphKind::Text), segments: Vec::new() };
    let mut lines = Vec::new();
    let mut line = begin();
    for Segment { change, text } in segments {
        if change == "removed" {
            line.segments.push(Segment { change, text });
            continue;
        }
        for (i, part) in text.split('\n').enumerate() {
            if i > 0 {
                lines.push(std::mem::replace(&mut line, begin()));
            }
            if !part.is_empty() {
                line.segments.push(Segment { change, text: part.to_owned() });
            }
        }
    }
    lines.push(line);
    lines
}
