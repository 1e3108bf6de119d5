//! Splits the bytes of a list into records, with exact physical lines.
//!
//! The csv crate's own line numbers are wrong on CRLF files, and it reads a stray quote without a word. This
//! splitter follows RFC 4180 strictly, takes LF, CRLF and CR as line ends, keeps the raw bytes of each record,
//! and says where a record breaks the form. It counts cells and does not take them apart: that is the csv
//! crate's work. Its octets are text already, whatever the file's encoding.

use super::delimiter::Delimiter;
use std::io::{self, BufRead};

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The physical line where it starts, counted from 1.
    pub line: u64,
    /// Its bytes without the line end; cut short where it is too long.
    pub bytes: Vec<u8>,
    /// How many cells it has.
    pub cells: usize,
    /// What is wrong with its form.
    pub fault: Option<Fault>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
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

/// Reads records from text. Empty lines are no records.
pub struct Records<R> {
    input: R,
    delimiter: u8,
    line: u64,
    /// The octet before was a CR: an LF now belongs to it.
    after_cr: bool,
    is_at_end: bool,
}

impl<R> Records<R> {
    /// Returns the input, wherever it is.
    pub fn input(&self) -> &R {
        &self.input
    }

    /// Returns the input, wherever it is.
    pub fn input_mut(&mut self) -> &mut R {
        &mut self.input
    }

    /// Returns the input, wherever it is.
    pub fn into_input(self) -> R {
        self.input
    }

    /// Returns whether the last record ended with the input rather than with a line end.
    pub fn is_at_end(&self) -> bool {
        self.is_at_end
    }
}

impl<R: BufRead> Records<R> {
    /// Reads from `input`, which begins on the physical line `line` and is read once, in order.
    pub fn new(input: R, delimiter: Delimiter, line: u64) -> Self {
        Self { input, delimiter: delimiter.octet(), line, after_cr: false, is_at_end: false }
    }

    /// Reads the next record into `record`; `false` at the end of the input.
    ///
    /// # Errors
    ///
    /// What the input says; the list was not read to its end then.
    pub fn read(&mut self, record: &mut Record) -> io::Result<bool> {
        loop {
            record.bytes.clear();
            record.cells = 1;
            record.fault = None;
            record.line = self.line;
            let is_more = self.read_one(record)?;
            if !record.bytes.is_empty() || record.fault.is_some() {
                check_text(record);
                return Ok(true);
            }
            if !is_more {
                return Ok(false);
            }
        }
    }

    /// Reads up to the next line end outside quotes; `false` at the end of the input.
    fn read_one(&mut self, record: &mut Record) -> io::Result<bool> {
        let mut scan = Scan { within: Within::CellStart, quote_line: self.line, delimiter: self.delimiter };
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                if scan.within == Within::Quoted && !matches!(record.fault, Some(Fault::TooLong { .. })) {
                    record.fault = Some(Fault::UnclosedQuote { line: scan.quote_line });
                }
                self.is_at_end = true;
                return Ok(false);
            }
            let mut used = 0;
            let mut is_end = false;
            while let Some(&byte) = buffer.get(used) {
                // Octets that end nothing are taken at once.
                let plain = scan.plain(record, &buffer[used..], self.after_cr);
                if plain > 0 {
                    used += plain;
                    continue;
                }
                used += 1;
                if std::mem::take(&mut self.after_cr) && byte == b'\n' {
                    if scan.within == Within::Quoted {
                        scan.keep(record, byte);
                    }
                    if record.bytes.is_empty() {
                        record.line = self.line;
                    }
                    continue;
                }
                let is_line_end = matches!(byte, b'\n' | b'\r');
                if is_line_end && scan.within != Within::Quoted {
                    self.line += 1;
                    self.after_cr = byte == b'\r';
                    is_end = true;
                    break;
                }
                scan.take(record, byte, self.line);
                if is_line_end {
                    self.line += 1;
                    self.after_cr = byte == b'\r';
                }
            }
            self.input.consume(used);
            if is_end {
                return Ok(true);
            }
        }
    }
}

/// Where in a record the reader is.
struct Scan {
    within: Within,
    quote_line: u64,
    delimiter: u8,
}

impl Scan {
    /// Takes the octets at the start of `octets` that change nothing but the record's length, and returns how many they
    /// are. It may leave any to be taken one by one.
    fn plain(&self, record: &mut Record, octets: &[u8], after_cr: bool) -> usize {
        let room = RECORD_OCTETS_MAX.saturating_sub(record.bytes.len());
        if self.within != Within::Bare || after_cr || room == 0 {
            return 0;
        }
        let octets = &octets[..octets.len().min(room)];
        let is_special = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'"') || *byte == self.delimiter;
        let count = octets.iter().position(is_special).unwrap_or(octets.len());
        record.bytes.extend_from_slice(&octets[..count]);
        count
    }

    fn take(&mut self, record: &mut Record, byte: u8, line: u64) {
        use Within as W;
        self.within = match (self.within, byte) {
            (W::CellStart, b'"') => {
                self.quote_line = line;
                W::Quoted
            }
            (W::CellStart | W::Bare | W::Closed, byte) if byte == self.delimiter => {
                record.cells += 1;
                W::CellStart
            }
            (W::Quoted, b'"') => W::Closed,
            (W::Closed, b'"') | (W::Quoted, _) => W::Quoted,
            (W::Bare, b'"') | (W::Closed, _) => {
                record.fault.get_or_insert(Fault::StrayQuote { line });
                W::Bare
            }
            (W::CellStart | W::Bare, _) => W::Bare,
        };
        self.keep(record, byte);
    }

    fn keep(&self, record: &mut Record, byte: u8) {
        if record.bytes.len() < RECORD_OCTETS_MAX {
            record.bytes.push(byte);
        } else if !matches!(record.fault, Some(Fault::TooLong { .. })) {
            let quote = (self.within == Within::Quoted).then_some(self.quote_line);
            record.fault = Some(Fault::TooLong { quote });
        }
    }
}

fn check_text(record: &mut Record) {
    if record.fault.is_some() {
        return;
    }
    if let Err(error) = std::str::from_utf8(&record.bytes) {
        let at = error.valid_up_to();
        let byte = record.bytes.get(at).copied().unwrap_or_default();
        record.fault = Some(Fault::NotUtf8 { octet: at + 1, byte });
    } else if record.bytes.contains(&0) {
        record.fault = Some(Fault::Nul);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn records(bytes: &[u8], piece: usize) -> Vec<(u64, String, Option<Fault>)> {
        let mut reader = Records::new(BufReader::with_capacity(piece, bytes), Delimiter::Comma, 1);
        let (mut record, mut all) = (Record::default(), Vec::new());
        while reader.read(&mut record).unwrap() {
            all.push((record.line, String::from_utf8_lossy(&record.bytes).into_owned(), record.fault.clone()));
        }
        all
    }

    #[test]
    fn lines_are_physical_in_every_layout_and_for_every_size_of_piece() {
        for end in ["\n", "\r\n", "\r"] {
            for last in ["", end] {
                let text = ["id,note", "1,a", "", "2,\"x", "y\"", "", "", "3,\"\"\"q\"\"\"", "4,"].join(end) + last;
                for piece in 1..8 {
                    let found = records(text.as_bytes(), piece);
                    let expected = [
                        (1, "id,note".to_owned()),
                        (2, "1,a".to_owned()),
                        (4, format!("2,\"x{end}y\"")),
                        (8, "3,\"\"\"q\"\"\"".to_owned()),
                        (9, "4,".to_owned()),
                    ];
                    let found: Vec<_> = found
                        .into_iter()
                        .map(|(line, text, fault)| {
                            assert_eq!(fault, None);
                            (line, text)
                        })
                        .collect();
                    assert_eq!(found, expected, "{end:?} {last:?} {piece}");
                }
            }
        }
    }

    #[test]
    fn faults_name_their_line() {
        let fault = |text: &str| records(text.as_bytes(), 64).into_iter().find_map(|(_, _, fault)| fault);
        assert_eq!(fault("a,b\n1,\"x\n2,y\n3,z\n"), Some(Fault::UnclosedQuote { line: 2 }));
        assert_eq!(fault("a,b\n1,x\"y\"\n"), Some(Fault::StrayQuote { line: 2 }));
        assert_eq!(fault("a,b\n1,\"x\ny\"z\n"), Some(Fault::StrayQuote { line: 3 }));
        assert_eq!(fault("a,b\n1,\0\n"), Some(Fault::Nul));
        assert_eq!(records(b"a\nM\xfcller\n", 64)[1].2, Some(Fault::NotUtf8 { octet: 2, byte: 0xfc }));
    }

    #[test]
    fn a_record_without_end_is_cut_and_the_next_is_read() {
        let long = "x".repeat(RECORD_OCTETS_MAX + 1);
        let found = records(format!("a\n{long}\nb\n").as_bytes(), 4096);
        assert_eq!(found.len(), 3);
        assert_eq!((found[1].0, &found[1].2), (2, &Some(Fault::TooLong { quote: None })));
        assert_eq!(found[1].1.len(), RECORD_OCTETS_MAX);
        assert_eq!((found[2].0, found[2].1.as_str()), (3, "b"));
        let found = records(format!("a\n\"{long}").as_bytes(), 4096);
        assert_eq!(found[1].2, Some(Fault::TooLong { quote: Some(2) }));
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
            let mut record = Record::default();
            assert!(Records::new(text.as_bytes(), delimiter, 1).read(&mut record).unwrap());
            assert_eq!(record.cells, cells, "{text:?} {delimiter:?}");
        }
    }

    #[test]
    fn nothing_is_no_record() {
        for text in ["", "\n\r\n\r"] {
            assert_eq!(records(text.as_bytes(), 1), []);
        }
    }
}
