//! Splits the bytes of a list into records, with exact physical lines.
//!
//! The csv crate's own line numbers are wrong on CRLF files, and it reads a stray quote without a word. This
//! splitter follows RFC 4180 strictly, takes LF, CRLF and CR as line ends, keeps the raw bytes of each record,
//! and says where a record breaks the form. It takes no cells apart: that is the csv crate's work. Its octets are
//! text already, whatever the file's encoding, and whole: `stretches` cuts a list into pieces that end where a
//! record ends.

use super::delimiter::Delimiter;
use memchr::{memchr, memchr_iter, memchr3};

/// Octets in one record: a person's row is far smaller; more is a stray quote or not a list.
pub const RECORD_OCTETS_MAX: usize = 1 << 20;

/// How a record breaks the form of CSV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A quote was opened on this line and never closed.
    UnclosedQuote {
        /// The physical line of the quote.
        line: u64,
    },
    /// Text follows a closing quote, or a quote stands inside a cell that does not begin with one.
    StrayQuote {
        /// The physical line of the quote.
        line: u64,
    },
    /// The record is longer than `RECORD_OCTETS_MAX`; where a quote was open, its line.
    TooLong {
        /// The physical line where the open quote stands.
        quote: Option<u64>,
    },
    /// An octet that is not UTF-8, counted from 1 within the record.
    NotUtf8 {
        /// Its place within the record.
        octet: usize,
        /// The octet.
        byte: u8,
    },
    /// Octets that are not of the encoding of this name, which the list is read in.
    NotOf(&'static str),
    /// A NUL, which no text has.
    Nul,
}

/// One record as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'t> {
    /// The physical line where it starts, counted from 1.
    pub line: u64,
    /// Its bytes without the line end; cut short where it is too long.
    pub bytes: &'t [u8],
    /// Its text, or what is wrong with its form.
    pub text: Result<&'t str, Fault>,
    /// Whether it has a quote.
    pub is_quoted: bool,
}

impl Record<'_> {
    /// Returns how many cells a record has whose form is whole.
    pub fn cells(&self, delimiter: Delimiter) -> usize {
        let mut is_within = false;
        let mut ends = |byte: &u8| {
            is_within ^= *byte == b'"';
            *byte == delimiter.octet() && !is_within
        };
        1 + self.bytes.iter().filter(|byte| ends(byte)).count()
    }
}

/// Reads records from text. Empty lines are no records.
#[derive(Debug)]
pub struct Records {
    text: Text,
    delimiter: u8,
    at: usize,
    line: u64,
    is_at_end: bool,
}

/// Text that may be none.
#[derive(Debug)]
enum Text {
    /// UTF-8 without a NUL, so that no record need be looked at again.
    Sound(String),
    /// Anything.
    Octets(Vec<u8>),
}

impl Text {
    fn new(octets: Vec<u8>) -> Self {
        if memchr(0, &octets).is_some() {
            return Self::Octets(octets);
        }
        String::from_utf8(octets).map_or_else(|error| Self::Octets(error.into_bytes()), Self::Sound)
    }

    fn octets(&self) -> &[u8] {
        match self {
            Self::Sound(text) => text.as_bytes(),
            Self::Octets(octets) => octets,
        }
    }
}

impl Records {
    /// Reads from `text`, which begins with a record on the physical line `line`.
    pub fn new(text: Vec<u8>, delimiter: Delimiter, line: u64) -> Self {
        Self { text: Text::new(text), delimiter: delimiter.octet(), at: 0, line, is_at_end: false }
    }

    /// Returns whether the last record ended with the text rather than with a line end.
    pub fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// Returns the text that was not read, and the physical line on which it begins.
    pub fn into_rest(self) -> (Vec<u8>, u64) {
        let mut octets = match self.text {
            Text::Sound(text) => text.into_bytes(),
            Text::Octets(octets) => octets,
        };
        (octets.split_off(self.at), self.line)
    }

    /// Returns the next record; `None` at the end of the text.
    pub fn next_record(&mut self) -> Option<Record<'_>> {
        let octets = self.text.octets();
        self.at += empty_lines(&octets[self.at..], &mut self.line);
        let rest = octets.get(self.at..).filter(|rest| !rest.is_empty())?;
        let (start, line) = (self.at, self.line);
        let Extent { length, is_quoted, fault } = Extent::of(rest, self.delimiter, line);
        if is_quoted {
            self.line += lines(&rest[..length]);
        }
        let end = line_end(&rest[length..]);
        self.is_at_end = end == 0;
        self.line += u64::from(end > 0);
        self.at += length + end;
        let kept = start..start + length.min(RECORD_OCTETS_MAX);
        let bytes = &octets[kept.clone()];
        let text = match (&self.text, fault) {
            (_, Some(fault)) => Err(fault),
            (Text::Sound(text), None) => Ok(&text[kept]),
            (Text::Octets(_), None) => sound(bytes),
        };
        Some(Record { line, bytes, text, is_quoted })
    }
}

/// Returns how many octets the line ends take at the start of `text`, and counts their lines.
pub(super) fn empty_lines(text: &[u8], line: &mut u64) -> usize {
    let mut at = 0;
    loop {
        let end = line_end(&text[at..]);
        if end == 0 {
            return at;
        }
        at += end;
        *line += 1;
    }
}

/// Returns how many octets the line end takes at the start of `text`: LF, CRLF or CR.
pub(super) fn line_end(text: &[u8]) -> usize {
    match text {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// Returns how many line ends stand in `text`.
pub(super) fn lines(text: &[u8]) -> u64 {
    let all = text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    let both = memchr_iter(b'\r', text).filter(|at| text.get(at + 1) == Some(&b'\n')).count();
    (all - both) as u64
}

/// How far a record goes.
#[derive(Debug)]
pub(super) struct Extent {
    /// Its octets without the line end.
    pub(super) length: usize,
    is_quoted: bool,
    /// What breaks its form, but for octets that are no text.
    fault: Option<Fault>,
}

impl Extent {
    /// Returns how far the record goes that starts at the start of `text`, on this line.
    pub(super) fn of(text: &[u8], delimiter: u8, line: u64) -> Self {
        // Up to its first quote, a record ends where its line ends.
        let (at, is_quoted) = match memchr3(b'\n', b'\r', b'"', text) {
            Some(at) => (at, text[at] == b'"'),
            None => (text.len(), false),
        };
        let scan = is_quoted.then(|| Scan::over(text, at, delimiter));
        let length = scan.as_ref().map_or(at, |scan| scan.at);
        let line_of = |at: usize| line + lines(&text[..at]);
        let fault = if length > RECORD_OCTETS_MAX {
            let quote = is_quoted.then(|| Scan::over(&text[..=RECORD_OCTETS_MAX], at, delimiter).open()).flatten();
            Some(Fault::TooLong { quote: quote.map(line_of) })
        } else if let Some(open) = scan.as_ref().and_then(Scan::open) {
            Some(Fault::UnclosedQuote { line: line_of(open) })
        } else {
            scan.and_then(|scan| scan.stray).map(|stray| Fault::StrayQuote { line: line_of(stray) })
        };
        Self { length, is_quoted, fault }
    }
}

/// Where in a record a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// At the first octet of a cell.
    CellStart,
    /// In a cell without quotes.
    Bare,
    /// In a quoted cell.
    Quoted,
    /// Behind a quote in a quoted cell: it closed the cell, or is the first of two.
    Closed,
}

/// Follows a record with quotes to its end.
#[derive(Debug)]
pub(super) struct Scan {
    delimiter: u8,
    within: Within,
    /// How far it has come.
    at: usize,
    /// Where the cell was opened that is quoted, or was last.
    opened: usize,
    /// Where the first quote is astray.
    stray: Option<usize>,
}

impl Scan {
    /// Begins at the start of a record.
    pub(super) fn new(delimiter: Delimiter) -> Self {
        Self { delimiter: delimiter.octet(), within: Within::CellStart, at: 0, opened: 0, stray: None }
    }

    /// Follows the record at the start of `text`, whose first quote stands at `at`.
    fn over(text: &[u8], at: usize, delimiter: u8) -> Self {
        let is_start = text[..at].last().is_none_or(|byte| *byte == delimiter);
        let within = if is_start { Within::CellStart } else { Within::Bare };
        let mut scan = Self { delimiter, within, at, opened: 0, stray: None };
        scan.follow(text);
        scan
    }

    /// Follows the record through a further piece of its text, and returns where in it the record ends.
    pub(super) fn further(&mut self, piece: &[u8]) -> Option<usize> {
        self.at = 0;
        self.follow(piece);
        (self.at < piece.len()).then_some(self.at)
    }

    /// Goes on to the line end that ends the record, or to the end of `text`.
    fn follow(&mut self, text: &[u8]) {
        use Within as W;
        while let Some(&byte) = text.get(self.at) {
            self.within = match (self.within, byte) {
                (W::Quoted, b'"') => W::Closed,
                (W::Quoted, _) => {
                    self.at += memchr(b'"', &text[self.at..]).unwrap_or(text.len() - self.at);
                    continue;
                }
                (_, b'\n' | b'\r') => return,
                (W::Closed, b'"') => W::Quoted,
                (_, byte) if byte == self.delimiter => W::CellStart,
                (W::CellStart, b'"') => {
                    self.opened = self.at;
                    W::Quoted
                }
                (W::Bare, b'"') | (W::Closed, _) => {
                    self.stray.get_or_insert(self.at);
                    W::Bare
                }
                (W::CellStart | W::Bare, _) => W::Bare,
            };
            self.at += 1;
        }
    }

    /// Returns where the quote stands that is open.
    fn open(&self) -> Option<usize> {
        (self.within == Within::Quoted).then_some(self.opened)
    }
}

/// Returns octets as text, or why they are none.
fn sound(bytes: &[u8]) -> Result<&str, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Fault::NotUtf8 { octet: at + 1, byte: bytes.get(at).copied().unwrap_or_default() }
    })?;
    if memchr(0, bytes).is_some() { Err(Fault::Nul) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(bytes: &[u8]) -> Vec<(u64, String, Option<Fault>)> {
        let mut reader = Records::new(bytes.to_vec(), Delimiter::Comma, 1);
        let mut all = Vec::new();
        while let Some(record) = reader.next_record() {
            assert!(record.text.as_ref().is_ok_and(|text| text.as_bytes() == record.bytes) || record.text.is_err());
            all.push((record.line, String::from_utf8_lossy(record.bytes).into_owned(), record.text.err()));
        }
        all
    }

    #[test]
    fn lines_are_physical_in_every_layout() {
        for end in ["\n", "\r\n", "\r"] {
            for last in ["", end] {
                let text = ["id,note", "1,a", "", "2,\"x", "y\"", "", "", "3,\"\"\"q\"\"\"", "4,"].join(end) + last;
                let expected = [
                    (1, "id,note".to_owned(), None),
                    (2, "1,a".to_owned(), None),
                    (4, format!("2,\"x{end}y\""), None),
                    (8, "3,\"\"\"q\"\"\"".to_owned(), None),
                    (9, "4,".to_owned(), None),
                ];
                assert_eq!(records(text.as_bytes()), expected, "{end:?} {last:?}");
            }
        }
    }

    #[test]
    fn faults_name_their_line() {
        let fault = |text: &str| records(text.as_bytes()).into_iter().find_map(|(_, _, fault)| fault);
        assert_eq!(fault("a,b\n1,\"x\n2,y\n3,z\n"), Some(Fault::UnclosedQuote { line: 2 }));
        assert_eq!(fault("a,b\n1,x\"y\"\n"), Some(Fault::StrayQuote { line: 2 }));
        assert_eq!(fault("a,b\n1,\"x\ny\"z\n"), Some(Fault::StrayQuote { line: 3 }));
        assert_eq!(fault("a,b\n1,\"x\r\ny\"z,\"\r\n"), Some(Fault::UnclosedQuote { line: 3 }));
        assert_eq!(fault("a,b\n1,\0\n"), Some(Fault::Nul));
        assert_eq!(records(b"a\nM\xfcller\n")[1].2, Some(Fault::NotUtf8 { octet: 2, byte: 0xfc }));
        assert_eq!(records(b"a\nM\xfcller\nb\n")[2].2, None);
    }

    #[test]
    fn a_record_that_is_too_long_is_cut_and_the_next_is_read() {
        let long = "x".repeat(RECORD_OCTETS_MAX + 1);
        let found = records(format!("a\n{long}\nb\n").as_bytes());
        assert_eq!(found.len(), 3);
        assert_eq!((found[1].0, &found[1].2), (2, &Some(Fault::TooLong { quote: None })));
        assert_eq!(found[1].1.len(), RECORD_OCTETS_MAX);
        assert_eq!((found[2].0, found[2].1.as_str()), (3, "b"));
        let found = records(format!("a\nb\"\n\"{long}").as_bytes());
        assert_eq!(found[2].2, Some(Fault::TooLong { quote: Some(3) }));
        let found = records(format!("a\n\"{}\",\"\n\"\n\"b\"", &long[3..]).as_bytes());
        assert_eq!(found[1].2, Some(Fault::TooLong { quote: None }), "its quoted cell is closed before");
        assert_eq!((found[2].0, found[2].1.as_str()), (4, "\"b\""));
    }

    #[test]
    fn cells_are_counted_outside_quotes() {
        for (text, delimiter, cells) in [
            ("a,b;c", Delimiter::Comma, 2),
            ("a,b;c", Delimiter::Semicolon, 2),
            ("\"a,b\",c,", Delimiter::Comma, 3),
            ("\"a;\"\";b\";c", Delimiter::Semicolon, 2),
            ("a\t\tb", Delimiter::Tab, 3),
            ("a", Delimiter::Bar, 1),
        ] {
            let mut records = Records::new(text.as_bytes().to_vec(), delimiter, 1);
            assert_eq!(records.next_record().unwrap().cells(delimiter), cells, "{text:?} {delimiter:?}");
        }
    }

    #[test]
    fn nothing_is_no_record() {
        for text in ["", "\n\r\n\r"] {
            assert_eq!(records(text.as_bytes()), []);
        }
    }
}
