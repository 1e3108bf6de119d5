//! Which encoding a list is in: declared, marked, evident from its NULs, or else UTF-8. Nothing is replaced.
//!
//! Where nothing is declared and the octets are not UTF-8, the likely encoding is named for the operator to
//! declare, and never used.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, X_USER_DEFINED};

/// Octets at the start of a list that its marks and its NULs are looked for in.
pub(super) const START_OCTETS: usize = 4;
/// Octets that are looked at to name a likely encoding: more make no better guess.
const GUESS_OCTETS_MAX: usize = 1 << 16;

/// How the octets of a list become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// The encoding.
    pub(super) encoding: &'static Encoding,
    /// Octets of the byte order mark in front.
    pub(super) mark: usize,
}

/// A list that says one encoding and declares another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) marked: &'static Encoding,
    pub(super) declared: &'static Encoding,
}

/// Returns the encoding that affected.toml names by a label of the Encoding Standard: `utf-8`, `windows-1252`.
pub(super) fn parse(label: &str) -> Option<&'static Encoding> {
    // Two entries of the standard are no encodings of text: they exist to make browsers safe.
    Encoding::for_label(label.as_bytes()).filter(|found| *found != REPLACEMENT && *found != X_USER_DEFINED)
}

/// Returns how a list is read whose first [`START_OCTETS`] octets, or all if it has fewer, are `start`.
pub(super) fn look(start: &[u8], declared: Option<&'static Encoding>) -> Result<Start, Conflict> {
    match (Encoding::for_bom(start), declared) {
        (Some((marked, _)), Some(declared)) if marked != declared => Err(Conflict { marked, declared }),
        (Some((encoding, mark)), _) => Ok(Start { encoding, mark }),
        (None, Some(encoding)) => Ok(Start { encoding, mark: 0 }),
        (None, None) => Ok(Start { encoding: by_nuls(start), mark: 0 }),
    }
}

/// A header begins with a letter, or a quote: in UTF-16 every second octet of it is NUL.
fn by_nuls(start: &[u8]) -> &'static Encoding {
    match start {
        [a, 0, b, 0] if *a != 0 && *b != 0 => UTF_16LE,
        [0, a, 0, b] if *a != 0 && *b != 0 => UTF_16BE,
        _ => UTF_8,
    }
}

/// Where octets stand that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The data row; `None` for the header.
    pub(super) row: Option<u64>,
    /// The physical line.
    pub(super) line: u64,
}

/// Finds the likely encoding of octets that are not UTF-8.
pub(super) struct Guess {
    detector: EncodingDetector,
    octets: usize,
    /// The first record that is not UTF-8.
    first: Option<(Seen, Vec<u8>)>,
}

impl Guess {
    pub(super) fn new() -> Self {
        Self { detector: EncodingDetector::new(Iso2022JpDetection::Deny), octets: 0, first: None }
    }

    /// Looks at a record that is not UTF-8.
    pub(super) fn look_at(&mut self, seen: Seen, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(GUESS_OCTETS_MAX.saturating_sub(self.octets))];
        if bytes.is_empty() {
            return;
        }
        self.octets += bytes.len();
        self.detector.feed(bytes, false);
        self.first.get_or_insert_with(|| (seen, bytes.to_vec()));
    }

    /// Returns the name of the likely encoding, and how the first record that was looked at would read in it.
    pub(super) fn likely(&self) -> Option<(Seen, &'static str, String)> {
        let (seen, bytes) = self.first.as_ref()?;
        let encoding = self.detector.guess(None, Utf8Detection::Deny);
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        Some((*seen, encoding.name(), text.into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::WINDOWS_1252;

    #[test]
    fn a_mark_a_declaration_or_nuls_decide() {
        for (start, declared, encoding, mark) in [
            (&b"id,e"[..], None, UTF_8, 0),
            (b"", None, UTF_8, 0),
            (b"\xef\xbb\xbfi", None, UTF_8, 3),
            (b"\xff\xfei\0", None, UTF_16LE, 2),
            (b"\xfe\xff\0i", None, UTF_16BE, 2),
            (b"i\0d\0", None, UTF_16LE, 0),
            (b"\0i\0d", None, UTF_16BE, 0),
            (b"i\0\0\0", None, UTF_8, 0),
            (b"id,e", Some(WINDOWS_1252), WINDOWS_1252, 0),
            (b"i\0d\0", Some(WINDOWS_1252), WINDOWS_1252, 0),
            (b"\xff\xfei\0", Some(UTF_16LE), UTF_16LE, 2),
        ] {
            assert_eq!(look(start, declared), Ok(Start { encoding, mark }), "{start:?}");
        }
        let conflict = Conflict { marked: UTF_8, declared: WINDOWS_1252 };
        assert_eq!(look(b"\xef\xbb\xbfi", Some(WINDOWS_1252)), Err(conflict));
    }

    #[test]
    fn labels_are_those_of_the_standard() {
        assert_eq!(parse("latin1"), Some(WINDOWS_1252));
        assert_eq!(parse(" UTF-8 "), Some(UTF_8));
        for label in ["", "replacement", "iso-2022-kr", "x-user-defined", "ebcdic"] {
            assert_eq!(parse(label), None, "{label}");
        }
    }

    #[test]
    fn the_likely_encoding_is_named_with_the_line_as_it_would_read() {
        for (text, label) in [
            ("7;Jürgen Müller;Köln", "windows-1252"),
            ("7;Иван Петров;Санкт-Петербург", "windows-1251"),
            ("7;山田太郎;東京都", "Shift_JIS"),
            ("7;Łukasz Żółć;Gdańsk", "windows-1250"),
        ] {
            let encoding = parse(label).unwrap();
            let mut guess = Guess::new();
            let seen = Seen { row: Some(6), line: 7 };
            guess.look_at(seen, &encoding.encode(text).0);
            assert_eq!(guess.likely(), Some((seen, label, text.to_owned())), "{label}");
        }
        assert_eq!(Guess::new().likely(), None);
    }
}
