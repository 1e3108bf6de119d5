//! Values on their way through Tera and Markdown: written as hex between two private characters, so that
//! neither language can read anything in them, and put in after both have been parsed.
//!
//! Escaping a value into Markdown cannot do this: `**{{ name }}**` before a CJK word loses its emphasis for a
//! name that begins with a bracket. Between U+E000 and U+E001 every value looks like the same plain word.

use forthwith_core::digest::hex;
use std::io::Write;

/// Opens a value. Both are private-use characters: no template may contain them, and in a value they are hex.
pub(crate) const OPEN: char = '\u{e000}';
/// Closes a value.
pub(crate) const CLOSE: char = '\u{e001}';

/// Values in one element: the longest list, several times over.
const VALUES_MAX: usize = 512;

/// Writes `value` as Tera's escape function does.
pub(crate) fn escape(value: &str, out: &mut dyn Write) -> std::io::Result<()> {
    write!(out, "{OPEN}{}{CLOSE}", hex(value.as_bytes()))
}

/// What Tera wrote, with every value taken out: equal for all people whose notices have the same structure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TakenOut {
    /// The Markdown; where a value stood, its number between [`OPEN`] and [`CLOSE`].
    pub markdown: String,
    /// The values, by number.
    pub values: Vec<String>,
}

/// Takes the values out of what Tera wrote; `None` where it holds a value that [`escape`] did not write, or too
/// many.
pub(crate) fn take_out(rendered: &str) -> Option<TakenOut> {
    let mut markdown = String::with_capacity(rendered.len());
    let mut values = Vec::new();
    let mut rest = rendered;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (hex, after) = after.split_once(CLOSE)?;
        markdown.push_str(before);
        markdown.push(OPEN);
        markdown.push_str(&values.len().to_string());
        markdown.push(CLOSE);
        values.push(from_hex(hex)?);
        rest = after;
        if values.len() > VALUES_MAX {
            return None;
        }
    }
    if rest.contains(CLOSE) {
        return None;
    }
    markdown.push_str(rest);
    Some(TakenOut { markdown, values })
}

fn from_hex(hex: &str) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = hex.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(value: &str) -> String {
        let mut out = Vec::new();
        escape(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_value_comes_back_and_leaves_no_trace_in_the_markdown() {
        for value in ["", "Ada", "**x**", "{{ name }}", "\u{e000}00\u{e001}", "\u{e001}", "名前", "a\r\nb\0"] {
            let out = take_out(&format!("Dear {}!", escaped(value))).unwrap();
            assert_eq!(out.markdown, "Dear \u{e000}0\u{e001}!");
            assert_eq!(out.values, [value]);
        }
    }

    #[test]
    fn what_escape_did_not_write_is_refused() {
        for text in ["\u{e000}zz\u{e001}", "\u{e000}4", "\u{e000}4\u{e001}", "\u{e001}", "\u{e000}ff\u{e001}"] {
            assert_eq!(take_out(text), None, "{text:?}");
        }
    }
}
