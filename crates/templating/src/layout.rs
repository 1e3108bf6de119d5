//! The notice as a sequence of elements, laid out once for both parts: what stands under what, and which
//! paragraphs run on.

use crate::{
    document::{Block, Inline, Kind},
    names::Whose,
};
use std::{borrow::Borrow, sync::Arc};

/// One element of one person's notice: its parsed words and the values for their gaps.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// The element's id.
    pub element: Arc<str>,
    /// The number of its group: what stands under one heading.
    pub group: usize,
    pub flow: Flow,
    /// BCP 47, where it is not the notice's language.
    pub language: Option<Arc<str>>,
    pub blocks: Arc<Vec<Block>>,
    pub values: Arc<Vec<String>>,
    /// Whose the values are.
    pub whose: Whose,
}

impl Piece {
    /// Returns whether it says anything: a value alone, and an empty one, are no words.
    pub(crate) fn has_words(&self) -> bool {
        let says = |inline: &Inline| match inline {
            Inline::Text(text) => !text.trim().is_empty(),
            Inline::Value(number) => self.values.get(*number).is_some_and(|value| !value.is_empty()),
            _ => false,
        };
        self.blocks.iter().any(|block| block.inlines.iter().any(says))
    }
}

/// How an element stands to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It begins a paragraph of its own.
    Own,
    /// Its first paragraph goes on where the last one of the element before it ended, and so do its numbers.
    RunsOn,
    /// It stands apart at the end: who writes, and from where.
    Apart,
}

/// A block as it is written: the inlines of one or more elements that run on.
pub(crate) struct Laid<'a> {
    pub kind: Kind,
    pub flow: Flow,
    /// BCP 47, where it is not the notice's language.
    pub language: Option<&'a str>,
    pub runs: Vec<Run<'a>>,
}

impl Laid<'_> {
    /// Returns whether a person's own value stands in it: if not, it is the same for all people of a variant
    /// whose notices have the same shape.
    pub(crate) fn is_personal(&self) -> bool {
        let has_value = |run: &Run<'_>| run.inlines.iter().any(|inline| matches!(inline, Inline::Value(_)));
        self.runs.iter().any(|run| run.whose == Whose::Person && has_value(run))
    }
}

/// Inlines of one element, with its values.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    /// The element's id.
    pub element: &'a str,
    pub inlines: &'a [Inline],
    pub values: &'a [String],
    /// Whose the values are.
    pub whose: Whose,
}

impl<'a> Run<'a> {
    /// Returns the value with this number. The parser made the number from the values, so it is there.
    pub(crate) fn value(&self, number: usize) -> &'a str {
        self.values.get(number).map_or("", String::as_str)
    }
}

/// Lays the pieces out; `headings` by the number of their group.
pub(crate) fn lay_out<'a, P: Borrow<Piece>>(headings: &'a [Option<Block>], pieces: &'a [P]) -> Vec<Laid<'a>> {
    let mut laid: Vec<Laid<'a>> = Vec::with_capacity(2 * pieces.len());
    let mut group = None;
    for piece in pieces.iter().map(Borrow::borrow) {
        let begins = group.replace(piece.group) != Some(piece.group);
        let brings_heading = piece.blocks.first().is_some_and(|block| block.kind == Kind::Heading);
        if let Some(Some(heading)) = headings.get(piece.group).filter(|_| begins && !brings_heading) {
            let run =
                Run { element: &piece.element, inlines: &heading.inlines, values: &[], whose: Whose::Variant };
            laid.push(Laid { kind: heading.kind, flow: piece.flow, language: None, runs: vec![run] });
        }
        for (i, block) in piece.blocks.iter().enumerate() {
            let run =
                Run { element: &piece.element, inlines: &block.inlines, values: &piece.values, whose: piece.whose };
            let runs_on = i == 0 && piece.flow == Flow::RunsOn;
            let language = piece.language.as_deref();
            match laid.last_mut() {
                Some(last) if runs_on && last.joins(block.kind, language) => last.runs.push(run),
                _ => laid.push(Laid { kind: block.kind, flow: piece.flow, language, runs: vec![run] }),
            }
        }
    }
    number_on(&mut laid);
    laid
}

impl Laid<'_> {
    /// Returns whether a paragraph that runs on goes on in this block.
    fn joins(&self, kind: Kind, language: Option<&str>) -> bool {
        self.kind == Kind::Paragraph && kind == Kind::Paragraph && self.language == language
    }
}

/// Makes one list of numbered items that follow each other: the steps of several elements are one to their reader.
fn number_on(laid: &mut [Laid<'_>]) {
    for at in 1..laid.len() {
        let (before, after) = laid.split_at_mut(at);
        let (Some(last), Some(next)) = (before.last_mut(), after.first_mut()) else { continue };
        if let (Kind::Item { number: Some(number), is_last }, Kind::Item { number: Some(following), .. }) =
            (&mut last.kind, &mut next.kind)
        {
            *is_last = false;
            *following = *number + 1;
        }
    }
}
