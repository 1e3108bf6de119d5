//! The HTML part: semantic, self-contained, styled inline, with nothing to fetch and nothing to press.
//!
//! Colours have a contrast of at least 4.5 to 1 (WCAG 2.2, criterion 1.4.3) in both schemes. Styles stand on the
//! elements because many mail readers drop the `style` element; that one only adds the dark scheme.

use crate::{
    document::{Inline, Kind},
    language,
    layout::{Flow, Laid},
};

/// What stands around the words of an element, apart from them.
pub(crate) struct Frame<'a> {
    /// BCP 47.
    pub language: &'a str,
    /// `ltr` or `rtl`.
    pub direction: &'a str,
    /// The subject, as the document's title.
    pub title: &'a str,
}

const FONT: &str = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
/// The dark scheme, for the readers that know `style`.
const DARK: &str = "@media (prefers-color-scheme:dark){.page{background:#15181c!important}\
    .sheet{background:#1e2227!important;border-color:#343a42!important}\
    .ink{color:#e6e8eb!important}.soft{color:#a9b1bb!important;border-color:#343a42!important}}";

/// What the blocks before mean for the next one.
#[derive(Clone, Copy, Default)]
pub(crate) struct Open {
    /// Who writes, and from where, is being said.
    is_apart: bool,
    /// The list that is open.
    list: Option<&'static str>,
}

/// Returns the HTML part, with CRLF line ends.
pub(crate) fn write(frame: &Frame<'_>, laid: &[Laid<'_>]) -> String {
    let mut out = String::with_capacity(6144);
    let mut open = Open::default();
    begin(&mut out, frame);
    for block in laid {
        write_block(&mut out, block, &mut open);
    }
    end(&mut out, open);
    out
}

/// Writes a block; what is written ends in CRLF.
pub(crate) fn write_block(out: &mut String, block: &Laid<'_>, open: &mut Open) {
    if block.flow == Flow::Apart && !open.is_apart {
        open.is_apart = true;
        out.push_str(
            "<footer class=\"soft\" style=\"margin:32px 0 0;padding:16px 0 0;border-top:1px solid #d9dde3;\
            font-size:14px;color:#57606a\">\r\n",
        );
    }
    write_in_list(out, block, open);
}

/// Writes what stands after the last block.
pub(crate) fn end(out: &mut String, open: Open) {
    if open.is_apart {
        out.push_str("</footer>\r\n");
    }
    out.push_str("</main>\r\n</div>\r\n</body>\r\n</html>\r\n");
}

/// Writes what stands before the first block.
pub(crate) fn begin(out: &mut String, frame: &Frame<'_>) {
    out.push_str("<!DOCTYPE html>\r\n<html lang=\"");
    escape(out, frame.language);
    out.push_str("\" dir=\"");
    escape(out, frame.direction);
    out.push_str(
        "\">\r\n<head>\r\n<meta charset=\"utf-8\">\r\n\
        <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\r\n\
        <meta name=\"color-scheme\" content=\"light dark\">\r\n<title>",
    );
    escape(out, frame.title);
    out.push_str("</title>\r\n<style>");
    out.push_str(DARK);
    out.push_str(
        "</style>\r\n</head>\r\n<body class=\"page\" style=\"margin:0;padding:0;background:#f2f4f7\">\r\n\
        <div class=\"page\" style=\"padding:16px 8px;background:#f2f4f7\">\r\n\
        <main class=\"sheet ink\" style=\"max-width:600px;margin:0 auto;padding:28px 24px;background:#ffffff;\
        border:1px solid #e1e5ea;border-radius:8px;",
    );
    out.push_str(FONT);
    out.push_str(";font-size:17px;line-height:1.5;color:#1f2328;overflow-wrap:break-word\">\r\n");
}

fn write_in_list(out: &mut String, block: &Laid<'_>, open: &mut Open) {
    let (tag, style) = match block.kind {
        Kind::Title => ("h1", "margin:0 0 20px;font-size:26px;line-height:1.25"),
        Kind::Heading => ("h2", "margin:28px 0 8px;font-size:19px;line-height:1.3"),
        Kind::Paragraph if open.is_apart => ("p", "margin:0 0 8px"),
        Kind::Paragraph => ("p", "margin:0 0 12px"),
        Kind::Item { .. } => ("li", "margin:0 0 8px"),
    };
    if let (Kind::Item { number, .. }, None) = (block.kind, open.list) {
        let list = if number.is_some() { "ol" } else { "ul" };
        out.push('<');
        out.push_str(list);
        out.push_str(" style=\"margin:0 0 12px;padding:0 0 0 26px\">\r\n");
        open.list = Some(list);
    }
    for piece in ["<", tag, " style=\"", style, "\""] {
        out.push_str(piece);
    }
    if let Some(language) = block.language {
        out.push_str(" lang=\"");
        escape(out, language);
        out.push_str("\" dir=\"");
        out.push_str(language::direction(language));
        out.push('"');
    }
    out.push('>');
    write_runs(out, block);
    for piece in ["</", tag, ">\r\n"] {
        out.push_str(piece);
    }
    if let (Kind::Item { is_last: true, .. }, Some(list)) = (block.kind, open.list) {
        out.push_str("</");
        out.push_str(list);
        out.push_str(">\r\n");
        open.list = None;
    }
}

fn write_runs(out: &mut String, block: &Laid<'_>) {
    for (i, run) in block.runs.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        for inline in run.inlines {
            match inline {
                Inline::Text(words) => escape(out, words),
                Inline::Value(number) => escape(out, run.value(*number)),
                Inline::StrongStart => out.push_str("<strong>"),
                Inline::StrongEnd => out.push_str("</strong>"),
                Inline::EmphasisStart => out.push_str("<em>"),
                Inline::EmphasisEnd => out.push_str("</em>"),
                Inline::LineBreak => out.push_str("<br>\r\n"),
            }
        }
    }
}

/// Writes `text` so that HTML reads it as text, in content and in double-quoted attributes.
pub(crate) fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_leaves_no_markup() {
        let mut out = String::new();
        escape(&mut out, "<b a=\"c\" d='e'>&amp;</b>é");
        assert_eq!(out, "&lt;b a=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;&lt;/b&gt;é");
    }
}
