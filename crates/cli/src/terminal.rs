//! What reaches the terminal: nothing that a list or a relay says is obeyed there.

use forthwith_core::address::is_unseen;
use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, IsTerminal, Write},
};

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs: one JSON document, alone on standard output.
    Json,
}

/// Where a command writes: results to standard output, progress and messages to standard error.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    /// How results are written.
    pub format: Format,
    /// Whether progress and messages are left out; errors are not.
    pub is_quiet: bool,
    /// Whether standard output takes colours.
    pub has_colours: bool,
    /// Whether standard error is a terminal.
    pub is_interactive: bool,
}

impl Out {
    /// Looks at the terminal: colours only on one, and not where `NO_COLOR` is set.
    pub fn new(format: Format, is_quiet: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let has_colours = io::stdout().is_terminal() && !no_color;
        Self { format, is_quiet, has_colours, is_interactive: io::stderr().is_terminal() }
    }

    /// Returns the same for text that goes to standard error.
    pub fn on_stderr(mut self) -> Self {
        self.has_colours = self.has_colours && self.is_interactive;
        self
    }

    /// Writes a line of the result for people. Does nothing where the result is JSON.
    pub fn line(self, text: impl AsRef<str>) {
        if self.format == Format::Human {
            write_or_exit(&mut io::stdout().lock(), &format!("{}\n", safe(text.as_ref())));
        }
    }

    /// Writes text for people that is already safe for a terminal, as it is.
    pub fn verbatim(self, text: &str) {
        if self.format == Format::Human {
            write_or_exit(&mut io::stdout().lock(), text);
        }
    }

    /// Writes text in a form of its own, for a program to read, as it is.
    #[expect(clippy::unused_self, reason = "everything that is written goes by the same door")]
    pub fn raw(self, text: &str) {
        write_or_exit(&mut io::stdout().lock(), text);
    }

    /// Writes the result for programs. Does nothing where it is for people.
    pub fn json(self, value: &serde_json::Value) {
        if self.format == Format::Json {
            write_or_exit(&mut io::stdout().lock(), &format!("{}\n", safe_json(&value.to_string())));
        }
    }

    /// Writes a message beside the result.
    pub fn message(self, text: impl AsRef<str>) {
        if !self.is_quiet {
            note(text.as_ref());
        }
    }
}

/// Writes a line to standard error, whatever was asked to be quiet.
pub fn note(text: &str) {
    // Nothing can be done about a standard error that is gone.
    let _ = writeln!(io::stderr().lock(), "{}", safe(text));
}

/// Writes to standard output; where the reader has gone, the program ends quietly as others do.
fn write_or_exit(out: &mut impl Write, text: &str) {
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(i32::from(crate::exit::Exit::Cannot as u8));
    }
}

/// Returns `text` with every character that a terminal would obey, or that nobody can see, spelled out:
/// `\u{1b}`, `\u{202e}`. Line ends stay, and the joiners that some scripts need.
pub fn safe(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut spelled = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_plain(c) {
            spelled.push(c);
        } else {
            spelled.extend(c.escape_unicode());
        }
    }
    Cow::Owned(spelled)
}

/// Returns the JSON `text` with the characters that [`safe`] spells out as JSON escapes: the value stays, and a
/// terminal that shows it obeys nothing.
fn safe_json(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_plain(c) {
            escaped.push(c);
        } else {
            // Such a character stands within a string: outside, JSON is ASCII.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(escaped)
}

fn is_plain(c: char) -> bool {
    c == '\n' || matches!(c, '\u{200c}' | '\u{200d}') || !is_unseen(c)
}

/// Returns what a relay said without the addresses that it quotes: standard error often ends in a log.
pub fn without_addresses(text: &str) -> String {
    let words = text.split_whitespace().map(|word| if word.contains('@') { "<address>" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Returns `number` with its thousands apart: `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns `count` and the word, in the plural where it is not one.
pub fn counted(count: u64, word: &str) -> String {
    format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Returns `1 person`, `2 people`.
pub fn people(count: u64) -> String {
    format!("{} {}", grouped(count), if count == 1 { "person" } else { "people" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_obeyed_and_nothing_is_dropped() {
        assert_eq!(safe("plain – Ångström 中文\nنص"), "plain – Ångström 中文\nنص");
        assert_eq!(safe("a\u{1b}[2Jb\rc\u{7}"), "a\\u{1b}[2Jb\\u{d}c\\u{7}");
        assert_eq!(safe("\u{9b}31m \u{202e}x\u{200b}"), "\\u{9b}31m \\u{202e}x\\u{200b}");
        assert_eq!(safe("علی\u{200c}رضا"), "علی\u{200c}رضا");
    }

    #[test]
    fn programs_get_the_value_and_a_terminal_nothing_to_obey() {
        let value = serde_json::json!("a\u{1b}\u{9b}\u{202e}\u{e0041} Ångström 中文 علی\u{200c}رضا");
        let text = value.to_string();
        let escaped = safe_json(&text);
        assert_eq!(escaped, "\"a\\u001b\\u009b\\u202e\\udb40\\udc41 Ångström 中文 علی\u{200c}رضا\"");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).ok(), Some(value));
        assert_eq!(safe_json("{\"rows\":1}"), "{\"rows\":1}");
    }

    #[test]
    fn a_relay_that_quotes_an_address_does_not_bring_it_into_a_log() {
        let said = without_addresses("RCPT: 421 4.7.0 <ada@mailbox.example>: too many for ada@mailbox.example");
        assert_eq!(said, "RCPT: 421 4.7.0 <address> too many for <address>");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            (grouped(0), grouped(999), grouped(1_000), grouped(1_234_567)),
            ("0".into(), "999".into(), "1,000".into(), "1,234,567".into())
        );
        assert_eq!((counted(1, "row"), counted(2, "row")), ("1 row".into(), "2 rows".into()));
    }
}
