//! The text part: lines of at most 72 characters, headings underlined, items hung under their numbers.

use crate::{
    document::{Inline, Kind},
    layout::Laid,
};

/// Characters in a line: what RFC 5322 section 2.1.1 advises (78), less room for quoting in answers.
const LINE_CHARACTERS_MAX: usize = 72;

/// Returns the text part, with CRLF line ends.
pub(crate) fn write(laid: &[Laid<'_>]) -> String {
    let mut out = String::with_capacity(2048);
    let mut before: Option<Kind> = None;
    for block in laid {
        write_block(&mut out, block, before);
        before = Some(block.kind);
    }
    out
}

/// Returns the words of a block on one line.
pub(crate) fn words(block: &Laid<'_>) -> String {
    let text = plain(block);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes a block that stands after one of the kind `before`; what is written ends in CRLF.
pub(crate) fn write_block(out: &mut String, block: &Laid<'_>, before: Option<Kind>) {
    if let Some(before) = before {
        let is_in_list = matches!(before, Kind::Item { is_last: false, .. });
        out.push_str(if is_in_list || before == Kind::Heading { "" } else { "\r\n" });
    }
    let text = plain(block);
    match block.kind {
        Kind::Title | Kind::Heading => underlined(out, &text),
        Kind::Paragraph => wrap(out, &text, "", ""),
        Kind::Item { number: Some(number), .. } => wrap(out, &text, &format!("{number}. "), "   "),
        Kind::Item { number: None, .. } => wrap(out, &text, "- ", "  "),
    }
}

/// Returns the text of a block; a line break is `\n`.
pub(crate) fn plain(block: &Laid<'_>) -> String {
    let mut text = String::with_capacity(256);
    for (i, run) in block.runs.iter().enumerate() {
        if i > 0 {
            text.push(' ');
        }
        for inline in run.inlines {
            match inline {
                Inline::Text(words) => text.push_str(words),
                Inline::Value(number) => text.push_str(run.value(*number)),
                Inline::LineBreak => text.push('\n'),
                Inline::StrongStart | Inline::StrongEnd | Inline::EmphasisStart | Inline::EmphasisEnd => {}
            }
        }
    }
    text
}

fn underlined(out: &mut String, text: &str) {
    let start = out.len();
    wrap(out, text, "", "");
    let longest = out[start..].lines().map(|line| line.chars().count()).max().unwrap_or(0);
    out.extend(std::iter::repeat_n('-', longest));
    out.push_str("\r\n");
}

/// Writes `text` broken at its spaces; a word longer than a line stands on a line of its own.
fn wrap(out: &mut String, text: &str, first_indent: &str, indent: &str) {
    let mut lead = first_indent;
    for line in text.split('\n') {
        out.push_str(lead);
        let mut column = lead.chars().count();
        let mut is_first = true;
        for word in line.split([' ', '\t', '\r']).filter(|word| !word.is_empty()) {
            let length = word.chars().count();
            if !is_first && column + 1 + length > LINE_CHARACTERS_MAX {
                out.push_str("\r\n");
                out.push_str(indent);
                column = indent.len();
                is_first = true;
            }
            if !is_first {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
            is_first = false;
        }
        out.push_str("\r\n");
        lead = indent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        document::parse,
        layout::{Flow, Piece, lay_out},
        names::Whose,
    };
    use std::sync::Arc;

    fn piece(flow: Flow, markdown: &str, values: &[&str]) -> Piece {
        Piece {
            element: "x".into(),
            group: 0,
            flow,
            language: None,
            blocks: Arc::new(parse(markdown).unwrap()),
            values: Arc::new(values.iter().map(|value| (*value).to_owned()).collect()),
            whose: Whose::Person,
        }
    }

    #[test]
    fn the_form_of_the_text_part() {
        let long = "word ".repeat(20);
        let pieces = [
            piece(Flow::Own, "# Title\n\nHello \u{e000}0\u{e001},", &["**A**"]),
            piece(Flow::Own, &format!("## Head\n\n{long}"), &[]),
            piece(Flow::RunsOn, "more.", &[]),
            piece(Flow::Own, &format!("1. {long}\n2. b\n\n- c"), &[]),
            piece(Flow::Apart, "a\\\nb", &[]),
        ];
        let line = "word ".repeat(14).trim_end().to_owned() + "\r\n";
        let item = "1. ".to_owned() + "word ".repeat(14).trim_end() + "\r\n   " + "word ".repeat(6).trim_end();
        let expected = format!(
            "Title\r\n-----\r\n\r\nHello **A**,\r\n\r\nHead\r\n----\r\n{line}{}more.\r\n\r\n\
             {item}\r\n2. b\r\n\r\n- c\r\n\r\na\r\nb\r\n",
            "word ".repeat(6)
        );
        assert_eq!(write(&lay_out(&[], &pieces)), expected);
    }
}
