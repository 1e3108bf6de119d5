//! The notice as a sequence of elements, laid out once for both parts: what stands under what, and which
//! paragraphs run on.

use crate::{
    context::Whose,
    document::{Block, Inline, Kind},
};
use std::{borrow::Borrow, sync::Arc};

/// One element of one person's notice: its parsed words and the values for their gaps.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// The element's id.
    pub element: Arc<str>,
    pub flow: Flow,
    /// A heading above the blocks that is not among them.
    pub heading: Option<Arc<Block>>,
    pub blocks: Arc<Vec<Block>>,
    pub values: Arc<Vec<String>>,
    /// Whose the values are.
    pub whose: Whose,
}

/// How an element stands to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It begins a paragraph of its own.
    Own,
    /// Its first paragraph goes on where the last one of the element before it ended.
    RunsOn,
    /// It stands apart at the end: who writes, and from where.
    Apart,
}

/// A block as it is written: the inlines of one or more elements that run on.
pub(crate) struct Laid<'a> {
    pub kind: Kind,
    pub flow: Flow,
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

/// Lays the pieces out.
pub(crate) fn lay_out<P: Borrow<Piece>>(pieces: &[P]) -> Vec<Laid<'_>> {
    let mut laid: Vec<Laid<'_>> = Vec::with_capacity(2 * pieces.len());
    for piece in pieces.iter().map(Borrow::borrow) {
        if let Some(heading) = &piece.heading {
            let run =
                Run { element: &piece.element, inlines: &heading.inlines, values: &[], whose: Whose::Variant };
            laid.push(Laid { kind: heading.kind, flow: piece.flow, runs: vec![run] });
        }
        for (i, block) in piece.blocks.iter().enumerate() {
            let run =
                Run { element: &piece.element, inlines: &block.inlines, values: &piece.values, whose: piece.whose };
            let runs_on = i == 0 && piece.flow == Flow::RunsOn && block.kind == Kind::Paragraph;
            match laid.last_mut() {
                Some(last) if runs_on && last.kind == Kind::Paragraph => last.runs.push(run),
                _ => laid.push(Laid { kind: block.kind, flow: piece.flow, runs: vec![run] }),
            }
        }
    }
    laid
}
