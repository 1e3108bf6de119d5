//! The words that people of a variant share, written and encoded once, with gaps for the blocks that hold a
//! person's own value.
//!
//! Two notices of a variant have the same shape when their elements have equal blocks: they then differ in
//! personal values alone. Quoted-printable goes line by line, and every block ends in CRLF, so that a part's
//! encoding is that of its blocks, one after the other. What a notice says is decided in `layout.rs`, how it is
//! written in `text.rs` and `html.rs`: here is only memory.

use crate::{
    document::{Block, Kind},
    html,
    layout::{Laid, Piece},
    mime, text,
};
use std::{
    borrow::Cow,
    sync::{Arc, PoisonError, RwLock},
};

/// Octets of encoded words that one variant keeps: a dozen shapes of a usual notice. With all variants that are
/// kept, 64 MB at the very most.
const VARIANT_OCTETS_MAX: usize = 64 * 1024;

/// The two parts of a message in quoted-printable.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub text: Vec<u8>,
    pub html: Vec<u8>,
}

/// The shapes of one variant's notices.
#[derive(Default)]
pub(crate) struct Shapes {
    kept: RwLock<Vec<Arc<Shape>>>,
}

impl Shapes {
    /// Returns the shape of a notice that is laid out like this, from memory where it was made before.
    ///
    /// All pieces must be of this variant: the values that they share are not compared.
    pub(crate) fn of(&self, frame: &html::Frame<'_>, pieces: &[Cow<'_, Piece>], laid: &[Laid<'_>]) -> Arc<Shape> {
        let find = |kept: &[Arc<Shape>]| kept.iter().find(|shape| shape.fits(pieces)).cloned();
        if let Some(shape) = find(&self.kept.read().unwrap_or_else(PoisonError::into_inner)) {
            return shape;
        }
        let shape = Arc::new(Shape::new(frame, pieces, laid));
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let octets: usize = kept.iter().map(|shape| shape.octets()).sum();
        if octets + shape.octets() <= VARIANT_OCTETS_MAX && find(&kept).is_none() {
            kept.push(Arc::clone(&shape));
        }
        shape
    }
}

/// What all notices with the same elements and blocks have in common.
pub(crate) struct Shape {
    /// The element and the blocks of each piece.
    pieces: Vec<(Arc<str>, Arc<Vec<Block>>)>,
    chunks: Vec<Chunk>,
}

enum Chunk {
    /// Blocks without a person's value, encoded.
    Shared(Encoded),
    /// The block with this number, and what the ones before it mean for it.
    Personal { number: usize, before: Option<Kind>, open: html::Open },
}

impl Shape {
    fn new(frame: &html::Frame<'_>, pieces: &[Cow<'_, Piece>], laid: &[Laid<'_>]) -> Self {
        let mut chunks = Vec::new();
        let mut written = Written::default();
        let (mut before, mut open) = (None, html::Open::default());
        html::begin(&mut written.html, frame);
        for (number, block) in laid.iter().enumerate() {
            if block.is_personal() {
                chunks.push(Chunk::Shared(std::mem::take(&mut written).encode()));
                chunks.push(Chunk::Personal { number, before, open });
                // For what it leaves open.
                html::write_block(&mut String::new(), block, &mut open);
            } else {
                written.add(block, before, &mut open);
            }
            before = Some(block.kind);
        }
        html::end(&mut written.html, open);
        chunks.push(Chunk::Shared(written.encode()));
        let pieces = pieces.iter().map(|piece| (Arc::clone(&piece.element), Arc::clone(&piece.blocks)));
        Self { pieces: pieces.collect(), chunks }
    }

    /// Returns the two parts of a notice of this shape; `laid` are all of its blocks.
    pub(crate) fn encode(&self, laid: &[Laid<'_>]) -> Encoded {
        let mut out = Encoded { text: Vec::with_capacity(4 * 1024), html: Vec::with_capacity(8 * 1024) };
        for chunk in &self.chunks {
            match chunk {
                Chunk::Shared(encoded) => out.extend(encoded),
                Chunk::Personal { number, before, open } => {
                    let mut written = Written::default();
                    written.add(&laid[*number], *before, &mut open.clone());
                    out.extend(&written.encode());
                }
            }
        }
        out
    }

    /// Returns whether these pieces differ from the shape's in values at most. Equal blocks are mostly one and
    /// the same in memory, and `Arc` compares the place first.
    fn fits(&self, pieces: &[Cow<'_, Piece>]) -> bool {
        self.pieces.len() == pieces.len()
            && self
                .pieces
                .iter()
                .zip(pieces)
                .all(|((element, blocks), piece)| *element == piece.element && *blocks == piece.blocks)
    }

    fn octets(&self) -> usize {
        let octets = |chunk: &Chunk| match chunk {
            Chunk::Shared(encoded) => encoded.text.len() + encoded.html.len(),
            Chunk::Personal { .. } => 0,
        };
        self.chunks.iter().map(octets).sum()
    }
}

impl Encoded {
    fn extend(&mut self, next: &Self) {
        self.text.extend_from_slice(&next.text);
        self.html.extend_from_slice(&next.html);
    }
}

/// Blocks that are written and not yet encoded.
#[derive(Default)]
struct Written {
    text: String,
    html: String,
}

impl Written {
    fn add(&mut self, block: &Laid<'_>, before: Option<Kind>, open: &mut html::Open) {
        text::write_block(&mut self.text, block, before);
        html::write_block(&mut self.html, block, open);
    }

    fn encode(self) -> Encoded {
        Encoded { text: mime::quoted_printable(self.text), html: mime::quoted_printable(self.html) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        document::parse,
        layout::{Flow, lay_out},
        names::Whose,
    };

    /// Values on which quoted-printable, wrapping and HTML do something.
    const VALUES: [&str; 16] = [
        "Ada",
        "",
        "=",
        "a=\r\nb",
        "\r",
        "\n",
        "\n\n.\n",
        "x \r\n\ty\t",
        " \t ",
        "é ",
        "名前 太郎",
        "<b>&\"'",
        "\u{e000}0\u{e001}",
        "word word word word word word word word word word word word word word word word ",
        "\u{1f469}\u{200d}\u{1f680}\u{1f469}\u{200d}\u{1f680}\u{1f469}\u{200d}\u{1f680}\u{1f469}\u{200d}\u{1f680}",
        "oooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo",
    ];

    fn piece(element: &str, flow: Flow, markdown: &str, whose: Whose, value: &str) -> Cow<'static, Piece> {
        let blocks = Arc::new(parse(markdown).unwrap());
        let values = Arc::new(vec![value.to_owned()]);
        Cow::Owned(Piece { element: element.into(), group: 0, flow, language: None, blocks, values, whose })
    }

    /// A notice in which a value stands wherever one can; where `is_long`, in one more block.
    fn notice(value: &str, is_long: bool) -> Vec<Cow<'static, Piece>> {
        let gap = "\u{e000}0\u{e001}";
        let person = |element, flow, markdown: &str| piece(element, flow, markdown, Whose::Person, value);
        let shared = |element, flow, markdown: &str| piece(element, flow, markdown, Whose::Variant, "of & all");
        let more = if is_long { format!("\n\nMore {gap}.") } else { String::new() };
        vec![
            person("a", Flow::Own, &format!("# {gap}\n\nHello **{gap}**,{more}")),
            shared("b", Flow::Own, &format!("## Shared\n\nIt is {gap}.")),
            person("c", Flow::RunsOn, &format!("Runs on {gap}\\\nand breaks.")),
            shared("d", Flow::RunsOn, "And on."),
            person("e", Flow::Own, &format!("1. {gap}\n2. fixed\n3. x {gap}\n\n- fixed\n- {gap}")),
            shared("f", Flow::Apart, "Somebody\\\nSomewhere"),
            person("g", Flow::Apart, &format!("## {gap}\n\n{gap}")),
        ]
    }

    fn frame() -> html::Frame<'static> {
        html::Frame { language: "en", direction: "ltr", title: "A title" }
    }

    fn check(shapes: &Shapes, pieces: &[Cow<'_, Piece>]) {
        let laid = lay_out(&[], pieces);
        let encoded = shapes.of(&frame(), pieces, &laid).encode(&laid);
        let text = mime::quoted_printable(text::write(&laid));
        let html = mime::quoted_printable(html::write(&frame(), &laid));
        assert_eq!(String::from_utf8(encoded.text), String::from_utf8(text));
        assert_eq!(String::from_utf8(encoded.html), String::from_utf8(html));
    }

    #[test]
    fn the_encoded_chunks_are_the_encoded_whole() {
        let shapes = Shapes::default();
        for value in VALUES.iter().chain(VALUES.iter().rev()) {
            check(&shapes, &notice(value, false));
            check(&shapes, &notice(value, true));
        }
        assert_eq!(shapes.kept.read().unwrap().len(), 2);
    }

    #[test]
    fn equal_blocks_of_another_element_are_another_shape() {
        let shapes = Shapes::default();
        for (element, flow) in [("a", Flow::Own), ("b", Flow::RunsOn), ("c", Flow::Apart)] {
            let first = piece("first", Flow::Own, "First.", Whose::Variant, "");
            check(&shapes, &[first, piece(element, flow, "Words.", Whose::Person, "Ada")]);
        }
        assert_eq!(shapes.kept.read().unwrap().len(), 3);
    }

    #[test]
    fn memory_is_bounded_and_what_is_not_kept_is_right_all_the_same() {
        let shapes = Shapes::default();
        for number in 0..100 {
            let words = format!("Words {number} for {}\u{e000}0\u{e001}.\n\nAnd for all.", "many ".repeat(number));
            check(&shapes, &[piece("a", Flow::Own, &words, Whose::Person, "Ada")]);
        }
        let kept = shapes.kept.read().unwrap();
        let octets: usize = kept.iter().map(|shape| shape.octets()).sum();
        assert!((10..100).contains(&kept.len()) && octets <= VARIANT_OCTETS_MAX, "{} {octets}", kept.len());
    }
}
