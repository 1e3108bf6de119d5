//! Cuts a list into stretches of whole records, each of which can be judged apart from all others, on any thread.
//!
//! It knows where records end and lines begin, counts both, and nothing else: what a record says is `records`' and
//! `rows`' work. A stretch without a quote, the usual case, is cut at its last line end and counted without being
//! looked through record by record.

use super::{
    delimiter::Delimiter,
    records::{Extent, RECORD_OCTETS_MAX, Record, Records, Scan, empty_lines, line_end, lines},
    rows::{RawRow, SheetRows},
    source::Source,
    text::Text,
};
use memchr::{memchr, memrchr2};
use std::io::{self, BufRead as _};

/// Octets of a stretch: thousands of rows, so that handing it over costs nothing beside reading it.
const STRETCH_OCTETS: usize = 1 << 20;
/// Rows of a stretch of a workbook.
const SHEET_ROWS: usize = 1_000;

/// Records of a list that follow each other.
#[derive(Debug)]
pub struct Stretch {
    /// The number of its first record: 0 is the header, 1 the first row.
    pub(super) number: u64,
    /// How many octets of the file were read to its end.
    pub octets: u64,
    pub(super) what: What,
}

/// What a stretch consists of.
#[derive(Debug)]
pub(super) enum What {
    Records(Records),
    Sheet(std::vec::IntoIter<RawRow>),
}

impl Stretch {
    /// Takes the first record off, which is the list's header; `None` where the stretch has none.
    pub(super) fn header(&mut self) -> Option<Record<'_>> {
        let What::Records(records) = &mut self.what else { return None };
        self.number += 1;
        records.next_record()
    }
}

/// Reads the stretches of a list.
pub struct Stretches<R> {
    text: Text<R>,
    /// Where the list is a workbook: how its rows are read.
    sheet: Option<SheetRows>,
    delimiter: Delimiter,
    /// Text that was read and not given out, from the start of a record on.
    held: Vec<u8>,
    is_at_end: bool,
    number: u64,
    line: u64,
    stretch_octets: usize,
}

impl<R: Source> Stretches<R> {
    /// Reads `text`, which stands at the start of the physical line `line`.
    pub(super) fn new(text: Text<R>, delimiter: Delimiter, line: u64) -> Self {
        let held = Vec::new();
        let (sheet, is_at_end, number, stretch_octets) = (None, false, 0, STRETCH_OCTETS);
        Self { text, sheet, delimiter, held, is_at_end, number, line, stretch_octets }
    }

    /// Reads the rows of a workbook, behind its header.
    pub(super) fn of_sheet(text: Text<R>, rows: SheetRows) -> Self {
        Self { sheet: Some(rows), number: 1, ..Self::new(text, Delimiter::default(), 1) }
    }

    /// Returns where the octets come from.
    pub(super) fn text_mut(&mut self) -> &mut Text<R> {
        &mut self.text
    }

    /// Returns where the octets come from.
    pub(super) fn into_text(self) -> Text<R> {
        self.text
    }

    /// Cuts stretches of about so many octets from now on.
    pub fn cut_at(&mut self, octets: usize) {
        self.stretch_octets = octets;
    }

    /// Takes back what is left of the stretch that was given out last.
    pub(super) fn take_back(&mut self, stretch: Stretch) {
        if let What::Records(records) = stretch.what {
            let (mut rest, line) = records.into_rest();
            rest.append(&mut self.held);
            (self.held, self.number, self.line) = (rest, stretch.number, line);
        }
    }

    /// Returns how many octets of the file were read so far.
    pub fn octets(&self) -> u64 {
        self.text.source().octets()
    }

    /// Reads the next stretch; `None` at the end of the list.
    ///
    /// # Errors
    ///
    /// What the input says; the list was not read to its end then.
    pub fn next_stretch(&mut self) -> io::Result<Option<Stretch>> {
        if let Some(rows) = &self.sheet {
            let rows = rows.next(&mut self.text, self.number, SHEET_ROWS)?;
            let stretch =
                (!rows.is_empty()).then(|| self.stretch(rows.len() as u64, What::Sheet(rows.into_iter())));
            return Ok(stretch);
        }
        let mut wanted = self.stretch_octets;
        loop {
            self.fill(wanted)?;
            if self.held.is_empty() {
                return Ok(None);
            }
            let whole = Whole::of(&self.held, self.delimiter, self.is_at_end);
            if whole.octets > 0 {
                let text = self.take(whole.octets);
                let records = Records::new(text, self.delimiter, self.line);
                self.line += whole.lines;
                return Ok(Some(self.stretch(whole.records, What::Records(records))));
            }
            if self.held.len() > RECORD_OCTETS_MAX {
                return self.too_long().map(Some);
            }
            wanted += self.stretch_octets;
        }
    }

    fn stretch(&mut self, records: u64, what: What) -> Stretch {
        let stretch = Stretch { number: self.number, octets: self.octets(), what };
        self.number += records;
        stretch
    }

    /// Holds at least so many octets, and no half of a CRLF, or all that are left.
    fn fill(&mut self, octets: usize) -> io::Result<()> {
        while !self.is_at_end && (self.held.len() < octets || self.held.last() == Some(&b'\r')) {
            let piece = self.text.fill_buf()?;
            let length = piece.len();
            self.is_at_end = length == 0;
            self.held.extend_from_slice(piece);
            self.text.consume(length);
        }
        Ok(())
    }

    /// Takes so many octets from the start of what is held.
    fn take(&mut self, octets: usize) -> Vec<u8> {
        let mut rest = Vec::with_capacity(self.held.len());
        rest.extend_from_slice(&self.held[octets..]);
        self.held.truncate(octets);
        std::mem::replace(&mut self.held, rest)
    }

    /// Gives out the start of a record that is longer than any may be, by which it is known as such, and passes over
    /// the rest of it.
    fn too_long(&mut self) -> io::Result<Stretch> {
        let records = Records::new(self.held[..=RECORD_OCTETS_MAX].to_vec(), self.delimiter, self.line);
        let mut scan = Scan::new(self.delimiter);
        while !self.held.is_empty() {
            let end = scan.further(&self.held);
            let length = end.unwrap_or(self.held.len());
            self.line += lines(&self.held[..length]);
            let end = line_end(&self.held[length..]);
            self.line += u64::from(end > 0);
            self.held.drain(..length + end);
            if end > 0 {
                break;
            }
            self.fill(self.stretch_octets)?;
        }
        Ok(self.stretch(1, What::Records(records)))
    }
}

/// What of a text are whole records.
#[derive(Debug, Default, PartialEq, Eq)]
struct Whole {
    octets: usize,
    records: u64,
    lines: u64,
}

impl Whole {
    /// Returns how much of `text`, which begins with a record, is whole; `is_all` where nothing follows.
    fn of(text: &[u8], delimiter: Delimiter, is_all: bool) -> Self {
        if memchr(b'"', text).is_some() {
            return Self::followed(text, delimiter, is_all);
        }
        let octets = if is_all { text.len() } else { memrchr2(b'\n', b'\r', text).map_or(0, |at| at + 1) };
        Self::counted(&text[..octets])
    }

    /// Counts the records and lines of a text without quotes, which ends where a record ends: many octets at a time,
    /// since nothing is asked of an octet but which one stands before it.
    #[expect(clippy::needless_bitwise_bool, reason = "without a branch, many octets are counted at a time")]
    fn counted(text: &[u8]) -> Self {
        let (mut records, mut lines) = (0, 0);
        if let [first, others @ ..] = text {
            records += u64::from(!is_line_end(*first));
            lines += u64::from(is_line_end(*first));
            for (before, piece) in text.chunks(COUNTED_OCTETS).zip(others.chunks(COUNTED_OCTETS)) {
                let (mut starts, mut ends) = (0_u8, 0_u8);
                for (before, byte) in before.iter().zip(piece) {
                    let is_second = (*before == b'\r') & (*byte == b'\n');
                    starts = starts.wrapping_add(u8::from(is_line_end(*before) & !is_line_end(*byte)));
                    ends = ends.wrapping_add(u8::from(is_line_end(*byte) & !is_second));
                }
                records += u64::from(starts);
                lines += u64::from(ends);
            }
        }
        Self { octets: text.len(), records, lines }
    }

    /// Follows the records of a text one by one.
    fn followed(text: &[u8], delimiter: Delimiter, is_all: bool) -> Self {
        let mut whole = Self::default();
        loop {
            whole.octets += empty_lines(&text[whole.octets..], &mut whole.lines);
            let rest = &text[whole.octets..];
            let length = Extent::of(rest, delimiter.octet(), 0).length;
            let end = line_end(&rest[length..]);
            if rest.is_empty() || end == 0 && !is_all {
                return whole;
            }
            whole.records += 1;
            whole.lines += lines(&rest[..length]) + u64::from(end > 0);
            whole.octets += length + end;
        }
    }
}

/// Octets that are counted in one octet.
const COUNTED_OCTETS: usize = 255;

#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "without a branch, many octets are looked at at a time")]
fn is_line_end(byte: u8) -> bool {
    (byte == b'\n') | (byte == b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affected::{records::Fault, source::Supplied};
    use proptest::prelude::*;
    use std::io::BufReader;

    /// What a record says of itself.
    type Said = (u64, u64, Vec<u8>, Option<Fault>);

    /// Returns the records of a list that comes in pieces and is cut into stretches of these sizes, each with its number.
    fn read(list: &[u8], piece: usize, stretch_octets: usize) -> Vec<Said> {
        let input = Supplied::new(BufReader::with_capacity(piece, list));
        let text = Text::new(input, None).unwrap().unwrap();
        let mut stretches = Stretches { stretch_octets, ..Stretches::new(text, Delimiter::Comma, 1) };
        let mut all = Vec::new();
        while let Some(stretch) = stretches.next_stretch().unwrap() {
            let What::Records(mut records) = stretch.what else { panic!("no workbook") };
            let mut number = stretch.number;
            while let Some(record) = records.next_record() {
                all.push((number, record.line, record.bytes.to_vec(), record.text.err()));
                number += 1;
            }
            assert_eq!(number, stretches.number, "the records of a stretch are counted before they are read");
        }
        all
    }

    /// Reads a list octet by octet.
    fn model(list: &[u8]) -> Vec<Said> {
        let (mut all, mut bytes): (Vec<Said>, _) = (Vec::new(), Vec::new());
        let (mut state, mut line, mut start, mut opened, mut stray) = ("start", 1, 1, 0, None);
        let mut before = 0;
        for byte in list.iter().copied().chain(*b"\n") {
            let is_second = std::mem::replace(&mut before, byte) == b'\r' && byte == b'\n';
            let is_end = matches!(byte, b'\n' | b'\r') && !is_second;
            if matches!(byte, b'\n' | b'\r') && state != "quoted" {
                if !bytes.is_empty() {
                    let fault = std::mem::take(&mut stray).map(|line| Fault::StrayQuote { line });
                    all.push((all.len() as u64, start, std::mem::take(&mut bytes), fault));
                }
                line += u64::from(is_end);
                (state, start) = ("start", line);
                continue;
            }
            state = match (state, byte) {
                ("start", b'"') => {
                    opened = line;
                    "quoted"
                }
                ("quoted", b'"') => "closed",
                ("quoted", _) | ("closed", b'"') => "quoted",
                (_, b',') => "start",
                ("bare", b'"') | ("closed", _) => {
                    stray.get_or_insert(line);
                    "bare"
                }
                _ => "bare",
            };
            bytes.push(byte);
            line += u64::from(is_end);
        }
        if bytes.pop().is_some() {
            all.push((all.len() as u64, start, bytes, Some(Fault::UnclosedQuote { line: opened })));
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn a_list_has_the_same_records_however_it_is_cut(
            list in prop_oneof![3 => "([a,]{0,4}[\"\n\r]{0,2}){0,12}", 1 => "([a,]{0,9}[\n\r]{0,3}){0,12}"],
            piece in 1_usize..9,
            stretch_octets in 1_usize..24,
        ) {
            let expected = model(list.as_bytes());
            prop_assert_eq!(read(list.as_bytes(), piece, stretch_octets), &expected[..]);
            prop_assert_eq!(read(list.as_bytes(), 64, STRETCH_OCTETS), expected);
        }
    }

    #[test]
    fn a_record_longer_than_any_stretch_is_cut_and_the_next_is_read() {
        let long = "x".repeat(3 * RECORD_OCTETS_MAX);
        for (list, quote, next) in [
            (format!("a\n{long}\nb\n"), None, 3),
            (format!("a\n{long}\r\nb\n"), None, 3),
            (format!("a\n\"{long}\n{long}\"\"\"\nb"), Some(2), 4),
            (format!("a\n\"\r\n\",\"{long}\r\n\r\n\"\nb"), Some(3), 6),
        ] {
            let found = read(list.as_bytes(), 1 << 16, STRETCH_OCTETS);
            let said: Vec<_> =
                found.iter().map(|(number, line, _, fault)| (*number, *line, fault.clone())).collect();
            let expected = [(0, 1, None), (1, 2, Some(Fault::TooLong { quote })), (2, next, None)];
            assert_eq!(said, expected);
            assert_eq!((found[1].2.len(), &found[2].2[..]), (RECORD_OCTETS_MAX, &b"b"[..]));
        }
        let open = read(format!("a\n\"{long}\nb\n").as_bytes(), 1 << 18, STRETCH_OCTETS);
        assert_eq!(open.len(), 2, "an open quote swallows what is behind it");
    }
}
