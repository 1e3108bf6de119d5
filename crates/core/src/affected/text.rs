//! The octets of a list as UTF-8 text, read once and in order, with a look ahead at its start.
//!
//! It removes a byte order mark, and decodes what is in another encoding. Octets that the encoding does not have come out as one octet that UTF-8 does not have either, so
//! that the record which holds them is refused and every other one is read. It knows no records.

use super::{
    encoding::{self, Conflict, START_OCTETS, Start},
    source::Source,
};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};
use std::io::{self, BufRead, Read};

/// An octet that stands in no UTF-8 text: it takes the place of octets that are not of the list's encoding.
const WRONG: u8 = 0xff;
/// Octets decoded at once.
const PIECE_OCTETS: usize = 1 << 16;
/// Octets before the current one that are remembered: a malformed sequence is reported a few octets late.
const RECENT_OCTETS: usize = 8;

/// A list as text.
pub(super) struct Text<R> {
    input: R,
    encoding: &'static Encoding,
    /// What decodes; `None` where the octets are UTF-8 and pass as they are.
    decoder: Option<Decoder>,
    /// Text that was looked at or decoded and not read yet, from `at` on.
    held: Vec<u8>,
    at: usize,
    /// Octets decoded so far, a mark included, and the last few of them.
    passed: u64,
    recent: Vec<u8>,
    wrong: Option<(u64, u8)>,
}

impl<R: Source> Text<R> {
    /// Looks at the start of `input`, declared to be in `declared`, or not declared.
    ///
    /// # Errors
    ///
    /// What the input says, or that its mark contradicts the declaration.
    pub(super) fn new(mut input: R, declared: Option<&'static Encoding>) -> io::Result<Result<Self, Conflict>> {
        let mut start = Vec::new();
        while start.len() < START_OCTETS {
            let Some(octet) = input.fill_buf()?.first().copied() else { break };
            start.push(octet);
            input.consume(1);
        }
        let Start { encoding, mark } = match encoding::look(&start, declared) {
            Ok(found) => found,
            Err(conflict) => return Ok(Err(conflict)),
        };
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling());
        let (held, recent, passed) = (Vec::new(), Vec::new(), mark as u64);
        let mut text = Self { input, encoding, decoder, held, at: 0, passed, recent, wrong: None };
        text.hold(&start[mark..]);
        Ok(Ok(text))
    }

    /// Returns the encoding that the octets are read in.
    pub(super) fn encoding(&self) -> &'static Encoding {
        self.encoding
    }

    /// Returns where its octets come from.
    pub(super) fn source(&self) -> &R {
        &self.input
    }

    /// Returns where its octets come from.
    pub(super) fn source_mut(&mut self) -> &mut R {
        &mut self.input
    }

    /// Returns the first octet that is not of the encoding, and its place among all octets, counted from 1. UTF-8 is
    /// checked by whoever reads the text.
    pub(super) fn first_wrong(&self) -> Option<(u64, u8)> {
        self.wrong
    }

    /// Returns at least `octets` octets of the text that comes next, or all that is left, and whether it is all.
    pub(super) fn peek(&mut self, octets: usize) -> io::Result<(&[u8], bool)> {
        let mut is_all = false;
        while self.held.len() - self.at < octets && !is_all {
            is_all = !self.pull()?;
        }
        Ok((&self.held[self.at..], is_all))
    }

    /// Skips lines up to the beginning of the physical line `line`, counted from 1; `false` where there is none.
    pub(super) fn skip_to_line(&mut self, line: u64) -> io::Result<bool> {
        let (mut at, mut after_cr) = (1, false);
        loop {
            let Some(octet) = self.fill_buf()?.first().copied() else { return Ok(false) };
            let is_second = std::mem::replace(&mut after_cr, octet == b'\r') && octet == b'\n';
            if at == line && !is_second {
                return Ok(true);
            }
            at += u64::from(matches!(octet, b'\n' | b'\r') && !is_second);
            self.consume(1);
        }
    }

    /// Returns the source, wherever it is.
    pub(super) fn into_source(self) -> R {
        self.input
    }

    /// Holds more text; `false` where there is none.
    fn pull(&mut self) -> io::Result<bool> {
        if self.at > 0 {
            self.held.drain(..std::mem::take(&mut self.at));
        }
        let piece = self.input.fill_buf()?;
        let length = piece.len().min(PIECE_OCTETS);
        if length == 0 {
            // The decoder may still hold half a character.
            return Ok(self.end());
        }
        let piece = piece[..length].to_vec();
        self.input.consume(length);
        self.hold(&piece);
        Ok(true)
    }

    /// Holds `octets` as text.
    fn hold(&mut self, octets: &[u8]) {
        if self.decoder.is_some() {
            self.decode(octets, false);
        } else {
            self.held.extend_from_slice(octets);
        }
    }

    fn end(&mut self) -> bool {
        let before = self.held.len();
        if self.decoder.is_some() {
            self.decode(&[], true);
            self.decoder = None;
        }
        self.held.len() > before
    }

    fn decode(&mut self, octets: &[u8], is_last: bool) {
        let Some(decoder) = &mut self.decoder else { return };
        self.passed += octets.len() as u64;
        let mut read = 0;
        loop {
            let rest = &octets[read..];
            let room = decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(PIECE_OCTETS);
            let length = self.held.len();
            self.held.resize(length + room, 0);
            let (result, took, wrote) =
                decoder.decode_to_utf8_without_replacement(rest, &mut self.held[length..], is_last);
            self.held.truncate(length + wrote);
            read += took;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(malformed, after) => {
                    self.held.push(WRONG);
                    if self.wrong.is_none() {
                        let behind = octets.len() - read + usize::from(malformed) + usize::from(after);
                        let seen = [&self.recent[..], octets].concat();
                        let octet = seen.len().checked_sub(behind).and_then(|at| seen.get(at)).copied();
                        let place = (self.passed + 1).saturating_sub(behind as u64);
                        self.wrong = Some((place, octet.unwrap_or_default()));
                    }
                }
            }
        }
        self.recent.extend_from_slice(&octets[octets.len().saturating_sub(RECENT_OCTETS)..]);
        self.recent.drain(..self.recent.len().saturating_sub(RECENT_OCTETS));
    }
}

impl<R: Source> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let text = self.fill_buf()?;
        let length = text.len().min(buffer.len());
        buffer[..length].copy_from_slice(&text[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: Source> BufRead for Text<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.held.len() && self.decoder.is_none() {
            return self.input.fill_buf();
        }
        // A piece may decode to nothing: half a character.
        while self.at == self.held.len() && self.pull()? {}
        Ok(&self.held[self.at..])
    }

    fn consume(&mut self, octets: usize) {
        if self.at < self.held.len() {
            self.at += octets;
            return;
        }
        self.input.consume(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{affected::source::Supplied, digest::Digest};
    use encoding_rs::{SHIFT_JIS, UTF_16BE, UTF_16LE};
    use proptest::prelude::*;
    use std::io::BufReader;

    fn text(octets: &[u8], piece: usize, declared: Option<&'static Encoding>) -> Text<impl Source> {
        Text::new(Supplied::new(BufReader::with_capacity(piece, octets)), declared).unwrap().unwrap()
    }

    fn all(octets: &[u8], piece: usize, declared: Option<&'static Encoding>) -> (Vec<u8>, Option<(u64, u8)>) {
        let mut text = text(octets, piece, declared);
        let mut read = Vec::new();
        text.read_to_end(&mut read).unwrap();
        let wrong = text.first_wrong();
        assert_eq!(text.source().octets(), octets.len() as u64);
        assert_eq!(text.into_source().digest().unwrap(), Digest::of(octets));
        (read, wrong)
    }

    fn utf_16(text: &str, is_big: bool, has_mark: bool) -> Vec<u8> {
        let mark = has_mark.then_some(0xfeff);
        let units = mark.into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    proptest! {
        #[test]
        fn every_encoding_gives_the_same_text(text in "id,[a-z]{0,9}\\PC{0,40}(\r\n|\n)\\PC{0,40}", piece in 1_usize..9) {
            for (octets, declared) in [
                (text.clone().into_bytes(), None),
                (["\u{feff}", &text].concat().into_bytes(), None),
                (utf_16(&text, false, true), None),
                (utf_16(&text, true, true), None),
                (utf_16(&text, false, false), None),
                (utf_16(&text, true, false), None),
                (utf_16(&text, true, false), Some(UTF_16BE)),
                (utf_16(&text, false, false), Some(UTF_16LE)),
            ] {
                prop_assert_eq!(all(&octets, piece, declared), (text.clone().into_bytes(), None));
            }
        }
    }

    #[test]
    fn wrong_octets_are_marked_and_the_first_is_placed() {
        let mut octets = SHIFT_JIS.encode("id,山\n").0.into_owned();
        let place = octets.len() as u64 + 1;
        octets.extend_from_slice(b"\xa0,x\n\xa0\n");
        for piece in 1..9 {
            let expected = (b"id,\xe5\xb1\xb1\n\xff,x\n\xff\n".to_vec(), Some((place, 0xa0)));
            assert_eq!(all(&octets, piece, Some(SHIFT_JIS)), expected, "{piece}");
        }
        let cut = utf_16("id", false, true);
        for piece in 1..9 {
            assert_eq!(all(&cut[..5], piece, None), (b"i\xff".to_vec(), Some((5, b'd'))), "{piece}");
        }
    }

    #[test]
    fn what_only_begins_like_a_mark_is_kept() {
        for piece in 1..4 {
            assert_eq!(all("\u{ff45},x\n".as_bytes(), piece, None).0, "\u{ff45},x\n".as_bytes());
            assert_eq!(all(b"\xef\xbb", piece, None).0, b"\xef\xbb");
        }
    }

    #[test]
    fn a_look_ahead_takes_nothing_away() {
        for octets in [&b"id,email\n1,a\n"[..], &utf_16("id,email\n1,a\n", false, true)] {
            for piece in 1..9 {
                let mut text = text(octets, piece, None);
                let (start, is_all) = text.peek(5).unwrap();
                assert!(start.starts_with(b"id,em") && !is_all);
                let (start, is_all) = text.peek(1_000).unwrap();
                assert_eq!((start, is_all), (&b"id,email\n1,a\n"[..], true));
                let mut read = Vec::new();
                text.read_to_end(&mut read).unwrap();
                assert_eq!(read, b"id,email\n1,a\n");
            }
        }
    }

    #[test]
    fn lines_are_skipped_in_every_layout() {
        for end in ["\n", "\r\n", "\r"] {
            let list = ["title", "", "id", "1"].join(end);
            for (line, expected) in [(1, Some("title")), (2, Some(end)), (3, Some("id")), (4, Some("1")), (5, None)]
            {
                for piece in 1..4 {
                    let mut text = text(list.as_bytes(), piece, None);
                    assert_eq!(text.skip_to_line(line).unwrap(), expected.is_some(), "{end:?} {line}");
                    let (rest, _) = text.peek(100).unwrap();
                    assert!(rest.starts_with(expected.unwrap_or_default().as_bytes()), "{end:?} {line} {rest:?}");
                }
            }
        }
    }
}
