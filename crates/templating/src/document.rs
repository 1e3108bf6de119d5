//! The parsed form of an element's Markdown: blocks of text with numbered gaps for values.
//!
//! A notice needs headings, paragraphs, flat lists, emphasis and line breaks. All else that Markdown has
//! (links, images, HTML, code, quotes, rules) is refused: it would look different in the two parts, or lead away.

use crate::value::{CLOSE, OPEN};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A heading, a paragraph or an item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub kind: Kind,
    pub inlines: Vec<Inline>,
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The title of the notice.
    Title,
    /// The heading of a section.
    Heading,
    Paragraph,
    /// An item, numbered from 1 in an ordered list.
    Item {
        number: Option<u64>,
        is_last: bool,
    },
}

/// A piece of a block's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inline {
    Text(String),
    /// The value with this number.
    Value(usize),
    StrongStart,
    StrongEnd,
    EmphasisStart,
    EmphasisEnd,
    LineBreak,
}

/// Why Markdown is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MarkdownRefusal {
    #[error("a link or an image: a notice leads nowhere, and its reader types the address")]
    Link,
    #[error("HTML: a notice is written in Markdown alone")]
    Html,
    #[error("code, a quotation, a rule or a table: a notice has headings, paragraphs and lists")]
    Form,
    #[error("a list within a list, or an item of several paragraphs: lists are flat")]
    Nested,
    #[error("a heading below the second level: a notice has one title and its sections")]
    Heading,
    #[error("a gap that no value belongs to")]
    Gap,
}

/// Reads Markdown in which values are numbers between U+E000 and U+E001.
pub(crate) fn parse(markdown: &str) -> Result<Vec<Block>, MarkdownRefusal> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(markdown, Options::empty()) {
        reader.take(event)?;
    }
    Ok(reader.blocks)
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    /// The block being read.
    open: Option<Block>,
    /// Text not yet split at its gaps: the parser may hand one word over in pieces.
    text: String,
    list: List,
}

/// The list being read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum List {
    #[default]
    None,
    Bullets,
    /// With the number of the next item.
    Numbers(u64),
}

impl Reader {
    fn take(&mut self, event: Event<'_>) -> Result<(), MarkdownRefusal> {
        use MarkdownRefusal as R;
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => {
                self.text.push_str(&text);
                Ok(())
            }
            Event::SoftBreak => {
                self.text.push(' ');
                Ok(())
            }
            Event::HardBreak => self.push(Inline::LineBreak),
            Event::Html(_) | Event::InlineHtml(_) => Err(R::Html),
            _ => Err(R::Form),
        }
    }

    fn start(&mut self, tag: &Tag<'_>) -> Result<(), MarkdownRefusal> {
        use MarkdownRefusal as R;
        match tag {
            Tag::Paragraph if self.list != List::None => match self.open.as_ref() {
                Some(item) if item.inlines.is_empty() && self.text.is_empty() => Ok(()),
                _ => Err(R::Nested),
            },
            Tag::Paragraph => self.open(Kind::Paragraph),
            Tag::Heading { level: HeadingLevel::H1, .. } => self.open(Kind::Title),
            Tag::Heading { level: HeadingLevel::H2, .. } => self.open(Kind::Heading),
            Tag::Heading { .. } => Err(R::Heading),
            Tag::List(_) if self.list != List::None => Err(R::Nested),
            Tag::List(first) => {
                self.list = if first.is_some() { List::Numbers(1) } else { List::Bullets };
                Ok(())
            }
            Tag::Item => {
                let mut number = None;
                if let List::Numbers(next) = &mut self.list {
                    number = Some(*next);
                    *next += 1;
                }
                self.open(Kind::Item { number, is_last: false })
            }
            Tag::Strong => self.push(Inline::StrongStart),
            Tag::Emphasis => self.push(Inline::EmphasisStart),
            Tag::Link { .. } | Tag::Image { .. } => Err(R::Link),
            Tag::HtmlBlock => Err(R::Html),
            _ => Err(R::Form),
        }
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), MarkdownRefusal> {
        match tag {
            TagEnd::Strong => self.push(Inline::StrongEnd),
            TagEnd::Emphasis => self.push(Inline::EmphasisEnd),
            TagEnd::Paragraph if self.list != List::None => Ok(()),
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item => {
                self.flush()?;
                self.blocks.extend(self.open.take());
                Ok(())
            }
            TagEnd::List(_) => {
                self.list = List::None;
                if let Some(Block { kind: Kind::Item { is_last, .. }, .. }) = self.blocks.last_mut() {
                    *is_last = true;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, kind: Kind) -> Result<(), MarkdownRefusal> {
        if self.open.is_some() {
            return Err(MarkdownRefusal::Nested);
        }
        self.open = Some(Block { kind, inlines: Vec::new() });
        Ok(())
    }

    fn push(&mut self, inline: Inline) -> Result<(), MarkdownRefusal> {
        self.flush()?;
        self.open.as_mut().ok_or(MarkdownRefusal::Form)?.inlines.push(inline);
        Ok(())
    }

    /// Splits the text that was read at its gaps.
    fn flush(&mut self) -> Result<(), MarkdownRefusal> {
        let text = std::mem::take(&mut self.text);
        let mut rest = text.as_str();
        let Some(block) = self.open.as_mut() else {
            return if rest.is_empty() { Ok(()) } else { Err(MarkdownRefusal::Form) };
        };
        let push_text = |text: &str, inlines: &mut Vec<Inline>| {
            if !text.is_empty() {
                inlines.push(Inline::Text(text.to_owned()));
            }
        };
        while let Some((before, after)) = rest.split_once(OPEN) {
            let (number, after) = after.split_once(CLOSE).ok_or(MarkdownRefusal::Gap)?;
            push_text(before, &mut block.inlines);
            block.inlines.push(Inline::Value(number.parse().map_err(|_| MarkdownRefusal::Gap)?));
            rest = after;
        }
        push_text(rest, &mut block.inlines);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_in_order() {
        let blocks = parse("# T\n\na *b*\nc\\\nd\n\n- x\n- y\n\n1. **\u{e000}0\u{e001}**!\n").unwrap();
        let text = |text: &str| Inline::Text(text.to_owned());
        let expected = [
            Block { kind: Kind::Title, inlines: vec![text("T")] },
            Block {
                kind: Kind::Paragraph,
                inlines: vec![
                    text("a "),
                    Inline::EmphasisStart,
                    text("b"),
                    Inline::EmphasisEnd,
                    text(" c"),
                    Inline::LineBreak,
                    text("d"),
                ],
            },
            Block { kind: Kind::Item { number: None, is_last: false }, inlines: vec![text("x")] },
            Block { kind: Kind::Item { number: None, is_last: true }, inlines: vec![text("y")] },
            Block {
                kind: Kind::Item { number: Some(1), is_last: true },
                inlines: vec![Inline::StrongStart, Inline::Value(0), Inline::StrongEnd, text("!")],
            },
        ];
        assert_eq!(blocks, expected);
    }

    #[test]
    fn what_a_notice_does_not_need_is_refused() {
        use MarkdownRefusal as R;
        for (markdown, refusal) in [
            ("[a](b)", R::Link),
            ("<https://example.org>", R::Link),
            ("![a](b)", R::Link),
            ("[a]\n\n[a]: b", R::Link),
            ("<b>x</b>", R::Html),
            ("<div>\nx\n</div>", R::Html),
            ("<!-- x -->", R::Html),
            ("`x`", R::Form),
            ("    x", R::Form),
            ("> x", R::Form),
            ("---", R::Form),
            ("### x", R::Heading),
            ("- a\n  - b", R::Nested),
            ("- a\n\n  b", R::Nested),
        ] {
            assert_eq!(parse(markdown), Err(refusal), "{markdown:?}");
        }
    }

    #[test]
    fn the_same_emphasis_for_every_name() {
        // With values escaped into the Markdown, a bracket before a CJK word ends the emphasis.
        let blocks = parse("**\u{e000}0\u{e001}**様").unwrap();
        assert_eq!(blocks[0].inlines[..3], [Inline::StrongStart, Inline::Value(0), Inline::StrongEnd]);
    }
}
