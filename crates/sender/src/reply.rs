//! Reads replies from the bytes of a relay, however strange, within limits.
//!
//! It keeps the raw bytes, since a reply is evidence, and concludes nothing from them.

use forthwith_core::verdict::Reply;

/// Octets of one reply line that are kept. RFC 5321 section 4.5.3.1.5 allows 512; what is longer is cut.
pub(crate) const LINE_KEPT_MAX: usize = 4 * 1024;
/// Octets of one reply, cut ones included: a relay that sends more is not sane.
pub(crate) const REPLY_OCTETS_MAX: usize = 64 * 1024;
/// Lines of one reply: EHLO answers of real relays have fewer than 30.
pub(crate) const REPLY_LINES_MAX: usize = 128;

/// Why what a relay sent is not a reply, or not one that we may read. The line is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// A line does not begin with three digits and a space, a hyphen or its end.
    #[error("the relay sent something that is not an SMTP reply")]
    NotAReply,
    /// The lines of one reply have different codes (RFC 5321 section 4.2.1).
    #[error("the lines of one reply have different codes")]
    CodesDiffer,
    /// More than [`REPLY_OCTETS_MAX`].
    #[error("a reply of the relay is longer than 64 KiB")]
    TooLong,
    /// More than [`REPLY_LINES_MAX`].
    #[error("a reply of the relay has more than 128 lines")]
    TooManyLines,
    /// A reply to nothing that we said: from here on every answer would be taken for another.
    #[error("the relay spoke before it was asked")]
    Unasked,
}

/// One line of a reply.
#[derive(Debug)]
pub(crate) struct Line {
    /// The digits.
    pub(crate) code: u16,
    /// The whole reply, where this line ends it.
    pub(crate) reply: Option<Reply>,
}

/// Puts replies together from bytes as they come.
#[derive(Debug, Default)]
pub(crate) struct ReplyReader {
    raw: Vec<u8>,
    line_start: usize,
    octets: usize,
    lines: usize,
    code: Option<u16>,
}

impl ReplyReader {
    /// Returns whether a reply has begun and not ended.
    pub(crate) fn is_inside(&self) -> bool {
        self.octets > 0
    }

    /// Returns what came of a reply that has not ended, or that a fault has ended, as far as it is kept.
    pub(crate) fn unfinished(&self) -> &[u8] {
        &self.raw
    }

    /// Takes bytes up to and including the next line end, and returns how many, and the line if it ended.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(usize, Option<Line>), Fault> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(bytes.len(), |end| end + 1);
        self.octets += taken;
        if self.octets > REPLY_OCTETS_MAX {
            return Err(Fault::TooLong);
        }
        let room = LINE_KEPT_MAX.saturating_sub(self.raw.len() - self.line_start);
        self.raw.extend_from_slice(&bytes[..taken.min(room)]);
        if end.is_none() {
            return Ok((taken, None));
        }
        if taken > room {
            self.raw.push(b'\n');
        }
        self.end_line().map(|line| (taken, Some(line)))
    }

    /// Reads the line that has just ended. A code alone is a line too (RFC 5321 section 4.2).
    fn end_line(&mut self) -> Result<Line, Fault> {
        self.lines += 1;
        if self.lines > REPLY_LINES_MAX {
            return Err(Fault::TooManyLines);
        }
        let line = self.raw[self.line_start..].trim_ascii_end();
        let (digits, rest) = line.split_at_checked(3).ok_or(Fault::NotAReply)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(Fault::NotAReply);
        }
        let code = digits.iter().fold(0, |code, digit| 10 * code + u16::from(digit - b'0'));
        let is_last = match rest.first() {
            None | Some(b' ' | b'\t') => true,
            Some(b'-') => false,
            Some(_) => return Err(Fault::NotAReply),
        };
        if self.code.is_some_and(|first| first != code) {
            return Err(Fault::CodesDiffer);
        }
        self.code = Some(code);
        self.line_start = self.raw.len();
        let reply = is_last.then(|| {
            let raw = std::mem::take(self).raw;
            Reply::new(code, raw)
        });
        Ok(Line { code, reply })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `bytes` in pieces of `size`; what is not a reply ends the reading.
    fn read(bytes: &[u8], size: usize) -> Result<Vec<Reply>, Fault> {
        let (mut reader, mut replies) = (ReplyReader::default(), Vec::new());
        for mut piece in bytes.chunks(size) {
            while !piece.is_empty() {
                let (taken, line) = reader.take(piece)?;
                replies.extend(line.and_then(|line| line.reply));
                piece = &piece[taken..];
            }
        }
        Ok(replies)
    }

    #[test]
    fn replies_are_read_however_they_are_cut() {
        let bytes = b"220 hello\r\n250-one\r\n250 two\r\n250\r\n571 no\n550 5.1.1 inconnu \xe9\r\n999 what\r\n";
        for size in [1, 2, 3, 7, 1000] {
            let replies = read(bytes, size).unwrap();
            let codes: Vec<_> = replies.iter().map(|reply| reply.code).collect();
            assert_eq!(codes, [220, 250, 250, 571, 550, 999], "in pieces of {size}");
            assert_eq!(replies[1].raw, b"250-one\r\n250 two\r\n");
            assert_eq!(replies[4].raw, b"550 5.1.1 inconnu \xe9\r\n");
        }
    }

    #[test]
    fn what_is_not_a_reply_is_a_fault() {
        for (bytes, fault) in [
            (b"hello\r\n".as_slice(), Fault::NotAReply),
            (b"\r\n", Fault::NotAReply),
            (b"25\r\n", Fault::NotAReply),
            (b"2500 ok\r\n", Fault::NotAReply),
            (b"250_ok\r\n", Fault::NotAReply),
            (b"\x16\x03\x01\n", Fault::NotAReply),
            (b"250-one\r\n550 two\r\n", Fault::CodesDiffer),
        ] {
            assert_eq!(read(bytes, 100).unwrap_err(), fault);
        }
    }

    #[test]
    fn a_long_line_is_cut_and_still_a_verdict() {
        let mut bytes = b"550 5.1.1 ".to_vec();
        bytes.resize(50_000, b'x');
        bytes.extend_from_slice(b"\r\n");
        let reply = read(&bytes, 1000).unwrap().remove(0);
        assert_eq!((reply.code, reply.raw.len()), (550, LINE_KEPT_MAX + 1));
        assert!(reply.enhanced.is_some());
    }

    #[test]
    fn what_does_not_end_is_a_fault_in_bounded_memory() {
        let mut reader = ReplyReader::default();
        let endless = std::iter::repeat_with(|| reader.take(&[b'2'; 1000]).map(|_| reader.raw.len()));
        let (kept, fault) = endless.take(100).fold((0, None), |(kept, fault), taken| match taken {
            Ok(now) => (now, fault),
            Err(error) => (kept, fault.or(Some(error))),
        });
        assert_eq!((kept, fault), (LINE_KEPT_MAX, Some(Fault::TooLong)));
        let lines = b"250-x\r\n".repeat(REPLY_LINES_MAX + 1);
        assert_eq!(read(&lines, 64).unwrap_err(), Fault::TooManyLines);
    }
}
