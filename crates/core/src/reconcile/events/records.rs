//! Finds the JSON objects in an export, whatever stands between them: line ends, the commas of an array, nothing.
//!
//! It looks at quotes and brackets alone and knows no JSON beyond that. What is broken costs its own line: the
//! search begins again at the next one.

/// Octets of one record: the largest that Firehose takes (1,000 KiB), rounded up.
pub(super) const RECORD_OCTETS_MAX: usize = 1 << 20;
/// Brackets within brackets. An event has about six; `serde_json` itself stops at 128.
const DEPTH_MAX: usize = 64;

/// An object is a value: after a colon, or in an array. Anywhere else it begins the next record.
const NEXT_BEGINS: &str = "it does not end before the next begins";

/// Where something stands in an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: u64,
    /// The octet, from 0.
    pub offset: u64,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// An object, from its first bracket to its last.
    Record(Place, &'a [u8]),
    /// Something that is none, and why.
    Broken(Place, &'static str),
}

/// Finds records in octets that come in pieces.
#[derive(Debug)]
pub(super) struct Records {
    next: Place,
    start: Place,
    record: Vec<u8>,
    depth: usize,
    string: InString,
    /// The last octet outside strings that is no white space.
    last: u8,
    /// Whether the line that is read past was reported.
    is_reported: bool,
    /// Octets that are read past up to the next line, of a line that is broken.
    is_skipping: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InString {
    No,
    Yes,
    Escaped,
}

impl Default for Records {
    fn default() -> Self {
        let start = Place { line: 1, offset: 0 };
        Self {
            next: start,
            start,
            record: Vec::new(),
            depth: 0,
            string: InString::No,
            last: 0,
            is_reported: false,
            is_skipping: false,
        }
    }
}

impl Records {
    /// Takes the next octets, and shows what was found in them.
    pub(super) fn octets(&mut self, octets: &[u8], see: &mut impl FnMut(Found<'_>)) {
        // What is read again, last octet first; each broken record leaves less than there was before it.
        let mut again: Vec<u8> = Vec::new();
        let mut rest = octets.iter();
        while let Some(octet) = again.pop().or_else(|| rest.next().copied()) {
            if let Some(why) = self.octet(octet, see) {
                again.extend(self.give_up(why, see));
            }
        }
    }

    /// Ends the export.
    pub(super) fn finish(mut self, see: &mut impl FnMut(Found<'_>)) {
        // Every turn gives up one line of what is left.
        while self.depth > 0 {
            let mut rest = self.give_up("the export ends in the middle of it", see);
            rest.reverse();
            self.octets(&rest, see);
        }
    }

    /// Takes one octet; returns why the record that it stands in is broken.
    fn octet(&mut self, octet: u8, see: &mut impl FnMut(Found<'_>)) -> Option<&'static str> {
        let place = self.next;
        self.next.offset += 1;
        self.next.line += u64::from(octet == b'\n');
        if self.depth == 0 {
            self.outside(octet, place, see);
            return None;
        }
        self.record.push(octet);
        if self.record.len() > RECORD_OCTETS_MAX {
            return Some("it is longer than any event");
        }
        self.inside(octet, see)
    }

    fn outside(&mut self, octet: u8, place: Place, see: &mut impl FnMut(Found<'_>)) {
        match octet {
            b'\n' => (self.is_skipping, self.is_reported) = (false, false),
            _ if self.is_skipping => {}
            b'{' => {
                self.start = place;
                self.record.push(octet);
                (self.depth, self.last) = (1, octet);
            }
            b'[' | b']' | b',' | b' ' | b'\t' | b'\r' => {}
            // A byte order mark.
            0xef | 0xbb | 0xbf if place.offset < 3 => {}
            _ if !self.is_reported => {
                self.is_reported = true;
                see(Found::Broken(place, "it is no JSON object"));
            }
            _ => {}
        }
    }

    fn inside(&mut self, octet: u8, see: &mut impl FnMut(Found<'_>)) -> Option<&'static str> {
        let why = match self.string {
            InString::No => self.bracket(octet),
            _ if octet == b'\n' => Some("a line ends within one of its strings"),
            string => {
                self.string = match (string, octet) {
                    (InString::Yes, b'\\') => InString::Escaped,
                    (InString::Yes, b'"') => InString::No,
                    _ => InString::Yes,
                };
                None
            }
        };
        if self.depth == 0 {
            see(Found::Record(self.start, &self.record));
            self.record.clear();
        }
        why
    }

    /// Takes an octet outside strings.
    fn bracket(&mut self, octet: u8) -> Option<&'static str> {
        match octet {
            b' ' | b'\t' | b'\r' | b'\n' => return None,
            b'{' if !matches!(self.last, b':' | b',' | b'[') => return Some(NEXT_BEGINS),
            b'{' | b'[' if self.depth == DEPTH_MAX => return Some("it is nested too deep"),
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            b'"' => self.string = InString::Yes,
            _ => {}
        }
        self.last = octet;
        None
    }

    /// Reports the record that is under way, and returns what follows its first line, or the next record that
    /// begins in that line, last octet first: it is read again.
    fn give_up(&mut self, why: &'static str, see: &mut impl FnMut(Found<'_>)) -> Vec<u8> {
        see(Found::Broken(self.start, why));
        let line_end = self.record.iter().position(|octet| *octet == b'\n').map(|end| end + 1);
        let end = line_end.or_else(|| (why == NEXT_BEGINS).then(|| self.record.len() - 1));
        let mut rest = self.record.split_off(end.unwrap_or(self.record.len()));
        let line = self.start.line + u64::from(line_end.is_some());
        self.next = Place { line, offset: self.start.offset + self.record.len() as u64 };
        self.record.clear();
        (self.depth, self.string) = (0, InString::No);
        // A line that has not ended is read past.
        (self.is_skipping, self.is_reported) = (end.is_none(), end.is_none());
        rest.reverse();
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the records, and the place and reason of what is broken, reading `piece` octets at a time.
    fn split(text: &str, piece: usize) -> (Vec<String>, Vec<(u64, u64, &'static str)>) {
        let (mut records, mut broken) = (Vec::new(), Vec::new());
        let mut see = |found: Found<'_>| match found {
            Found::Record(_, octets) => records.push(String::from_utf8(octets.to_vec()).unwrap()),
            Found::Broken(place, why) => broken.push((place.line, place.offset, why)),
        };
        let mut splitter = Records::default();
        for octets in text.as_bytes().chunks(piece) {
            splitter.octets(octets, &mut see);
        }
        splitter.finish(&mut see);
        (records, broken)
    }

    #[track_caller]
    fn finds(text: &str, expected: &[&str], broken: &[(u64, u64, &'static str)]) {
        for piece in [1, 7, text.len().max(1)] {
            let (records, found) = split(text, piece);
            assert_eq!((records.as_slice(), found.as_slice()), (&*owned(expected), broken), "{text:?} by {piece}");
        }
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn whatever_stands_between_objects_they_are_found() {
        let both = [r#"{"a":"}{\"\\"}"#, r#"{"b":[{},{"c":1}]}"#];
        let [a, b] = both;
        for text in [
            format!("{a}\n{b}\n"),
            format!("{a}\r\n\r\n{b}"),
            format!("{a}{b}"),
            format!("[{a},{b}]"),
            format!("[\n  {a},\n  {b}\n]\n"),
            format!("\u{feff}{a} {b}"),
        ] {
            finds(&text, &both, &[]);
        }
        finds("{\n \"a\":\n{\n}\n}", &["{\n \"a\":\n{\n}\n}"], &[]);
        finds("", &[], &[]);
        finds("[]", &[], &[]);
    }

    #[test]
    fn what_is_broken_costs_its_own_line() {
        let next = NEXT_BEGINS;
        finds("{}{\"a\":1{\"b\":1}{}", &["{}", "{\"b\":1}", "{}"], &[(1, 2, next)]);
        finds("{\"a\":{\n{\"b\":1}\n", &["{\"b\":1}"], &[(1, 0, next)]);
        finds("{\"a\":\n{\"b\":1}\n{\"c\":1}\n", &["{\"b\":1}", "{\"c\":1}"], &[(1, 0, next)]);
        let string = "a line ends within one of its strings";
        finds("{\"a\":\"x\n{\"b\":1}\n", &["{\"b\":1}"], &[(1, 0, string)]);
        finds("{}\n{\"a\":\"x\n\n{\"b\":1}", &["{}", "{\"b\":1}"], &[(2, 3, string)]);
        let ends = "the export ends in the middle of it";
        finds("{}\n{\"a\":[1,\n{\"b\":1}", &["{}", "{\"b\":1}"], &[(2, 3, ends)]);
        finds("{}\n{\"a\":[1", &["{}"], &[(2, 3, ends)]);
        let none = "it is no JSON object";
        finds("time,event\n{}\nx y z\n{} x", &["{}", "{}"], &[(1, 0, none), (3, 14, none), (4, 23, none)]);
        let deep = format!("{}{}\n{{}}", "{\"a\":[".repeat(40), "]}".repeat(40));
        finds(&deep, &["{}"], &[(1, 0, "it is nested too deep")]);
    }

    #[test]
    fn a_record_is_bounded() {
        let text = format!("{{\"a\":\"{}\"}}\n{{}}", "x".repeat(RECORD_OCTETS_MAX));
        assert_eq!(split(&text, 1 << 14), (vec!["{}".to_owned()], vec![(1, 0, "it is longer than any event")]));
    }
}
