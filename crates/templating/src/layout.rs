//! The notice as a sequence of elements, laid out once for both parts: what stands under what, and which
//! paragraphs run on.

use crate::document::{Block, Inline, Kind};
use std::sync::Arc;

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

/// Inlines of one element, with its values.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub inlines: &'a [Inline],
    pub values: &'a [String],
}

impl<'a> Run<'a> {
    /// Returns the value with this number. The parser made the number from the values, so it is there.
    pub(crate) fn value(&self, number: usize) -> &'a str {
        self.values.get(number).map_or("", String::as_str)
    }
}

/// Lays the pieces out.
pub(crate) fn lay_out(pieces: &[Piece]) -> Vec<Laid<'_>> {
    let mut laid: Vec<Laid<'_>> = Vec::with_capacity(2 * pieces.len());
    for piece in pieces {
        if let Some(heading) = &piece.heading {
            let run = Run { inlines: &heading.inlines, values: &[] };
            laid.push(Laid { kind: heading.kind, flow: piece.flow, runs: vec![run] });
        }
        for (i, block) in piece.blocks.iter().enumerate() {
            let run = Run { inlines: &block.inlines, values: &piece.values };
            let runs_on = i == 0 && piece.flow == Flow::RunsOn && block.kind == Kind::Paragraph;
            match laid.last_mut() {
                Some(last) if runs_on && last.kind == Kind::Paragraph => last.runs.push(run),
                _ => laid.push(Laid { kind: block.kind, flow: piece.flow, runs: vec![run] }),
            }
        }
    }
    laid
}
