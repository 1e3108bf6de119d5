//! The bytes of a notice, and the gate that they pass before anything may be offered.
//!
//! The gate refuses and never repairs: a repaired message would not be the one that counsel released. It
//! stands after building (a bug there is found at plan time) and again before the socket.

use crate::digest::Digest;

/// A message as it goes to the relay.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The envelope's sender: the notice's own return path.
    pub return_path: String,
    /// The message (RFC 5322): ASCII, CRLF line ends, ends in CRLF, not dot-stuffed.
    pub bytes: Vec<u8>,
    /// SHA-256 over `bytes` with the Date value masked.
    pub content: Digest,
}

impl Message {
    /// Returns SHA-256 over all bytes as they go out.
    pub fn wire_digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

/// Octets in a line without its CRLF (RFC 5322 section 2.1.1).
pub const LINE_OCTETS_MAX: usize = 998;

/// Octets that the gate looks at together: a few times as many as every processor compares at once.
const PIECE_OCTETS: usize = 32;
/// Pieces in a row without a line end that no line over [`LINE_OCTETS_MAX`] can do with.
const PIECES_WITHOUT_END_MAX: usize = LINE_OCTETS_MAX / PIECE_OCTETS - 2;

/// The header fields that every message has exactly once.
pub const REQUIRED_FIELDS: [&str; 6] = ["From", "To", "Date", "Message-ID", "Subject", "MIME-Version"];

/// The header fields that no message has: they would show one recipient to another.
pub const FORBIDDEN_FIELDS: [&str; 2] = ["Cc", "Bcc"];

/// Why the gate refuses a message. It quotes nothing of the message, and nothing was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateRefusal {
    /// An octet above 127: some hop would have to re-encode it, and the digest would no longer hold.
    #[error("octet {at} of the message is not ASCII")]
    NotAscii {
        /// Counted from 0.
        at: usize,
    },
    /// A CR without its LF (RFC 5321 section 2.3.8): lenient servers take it for a line end.
    #[error("octet {at} of the message is a CR without its LF")]
    BareCr {
        /// Counted from 0.
        at: usize,
    },
    /// An LF without its CR: dot-stuffing looks only after CRLF, so a dot could follow unstuffed.
    #[error("octet {at} of the message is an LF without its CR")]
    BareLf {
        /// Counted from 0.
        at: usize,
    },
    /// NUL, or another control character but tab.
    #[error("octet {at} of the message is a control character")]
    Control {
        /// Counted from 0.
        at: usize,
    },
    /// A line over [`LINE_OCTETS_MAX`].
    #[error("line {line} of the message has more than {LINE_OCTETS_MAX} octets")]
    LineTooLong {
        /// Counted from 1.
        line: usize,
    },
    /// A line in the header section that is neither a field nor the continuation of one.
    #[error("line {line} of the message is not a header field")]
    NotAField {
        /// Counted from 1.
        line: usize,
    },
    /// No empty line ends the header section.
    #[error("the header section of the message does not end")]
    NoBody,
    /// A field of [`REQUIRED_FIELDS`] is not there.
    #[error("the message has no {0} field")]
    Missing(&'static str),
    /// A field of [`REQUIRED_FIELDS`] is there twice.
    #[error("the message has more than one {0} field")]
    Repeated(&'static str),
    /// A field of [`FORBIDDEN_FIELDS`] is there.
    #[error("the message has a {0} field")]
    Forbidden(&'static str),
    /// The last line has no CRLF.
    #[error("the message does not end in CRLF")]
    NoFinalCrlf,
}

/// Returns whether `bytes` may be offered: ASCII, CRLF alone as line end and at the end, no control characters,
/// lines of at most 998 octets, each required header field once and no forbidden one.
///
/// One glance over all bytes, and one pass over the header section; over the rest only where the glance finds what may
/// have to be refused.
pub fn gate(bytes: &[u8]) -> Result<(), GateRefusal> {
    let all_lines_pass = pass_at_a_glance(bytes);
    let mut header = Some(HeaderSection::default());
    let mut start = 0;
    let mut number = 0;
    while start < bytes.len() {
        number += 1;
        let length = line_length(bytes, start)?;
        if length > LINE_OCTETS_MAX {
            return Err(GateRefusal::LineTooLong { line: number });
        }
        if let Some(section) = header.as_mut() {
            if length == 0 {
                section.finish()?;
                if all_lines_pass {
                    return Ok(());
                }
                header = None;
            } else {
                section.take(&bytes[start..start + length], number)?;
            }
        }
        start += length + 2;
    }
    if header.is_some() { Err(GateRefusal::NoBody) } else { Ok(()) }
}

/// Returns whether all octets, line ends and lengths of lines pass. They may do so where it says no, and not otherwise.
///
/// It looks at a piece at once, without a branch for each octet.
fn pass_at_a_glance(bytes: &[u8]) -> bool {
    let [first, rest @ ..] = bytes else { return false };
    let (pieces, end) = rest.as_chunks::<PIECE_OCTETS>();
    let (before, before_end) = bytes[..rest.len()].as_chunks::<PIECE_OCTETS>();
    let (mut is_odd, mut without_end, mut longest) = (!is_plain(*first) && *first != b'\r', 0, 0);
    for (piece, before) in pieces.iter().zip(before) {
        let (mut odd, mut ends) = (0, 0);
        for (octet, before) in piece.iter().zip(before) {
            odd |= u8::from(is_out_of_place(*octet, *before));
            ends |= u8::from(*octet == b'\n');
        }
        is_odd |= odd != 0;
        without_end = if ends == 0 { without_end + 1 } else { 0 };
        longest = without_end.max(longest);
    }
    is_odd |= end.iter().zip(before_end).any(|(octet, before)| is_out_of_place(*octet, *before));
    !is_odd && longest <= PIECES_WITHOUT_END_MAX && bytes.ends_with(b"\n")
}

/// Returns whether an octet may not follow the one before: it is neither plain nor part of a CRLF.
#[expect(clippy::needless_bitwise_bool, reason = "without a branch, so that a piece is looked at in one step")]
const fn is_out_of_place(octet: u8, before: u8) -> bool {
    let is_end = octet == b'\n';
    !(is_plain(octet) | is_end | (octet == b'\r')) | (is_end ^ (before == b'\r'))
}

/// Returns whether an octet may stand anywhere in a line.
const fn is_plain(octet: u8) -> bool {
    (octet == b'\t') | (octet.wrapping_sub(b' ') <= b'~' - b' ')
}

/// Returns the octets of the line that begins at `start`, without its CRLF.
fn line_length(bytes: &[u8], start: usize) -> Result<usize, GateRefusal> {
    let rest = &bytes[start..];
    let length = rest.iter().position(|byte| !is_plain(*byte)).ok_or(GateRefusal::NoFinalCrlf)?;
    let at = start + length;
    match (rest[length], rest.get(length + 1)) {
        (b'\r', Some(b'\n')) => Ok(length),
        (b'\r', _) => Err(GateRefusal::BareCr { at }),
        (b'\n', _) => Err(GateRefusal::BareLf { at }),
        (128.., _) => Err(GateRefusal::NotAscii { at }),
        _ => Err(GateRefusal::Control { at }),
    }
}

/// What was seen of the header section so far.
#[derive(Default)]
struct HeaderSection {
    seen: [bool; REQUIRED_FIELDS.len()],
    has_field: bool,
}

impl HeaderSection {
    fn take(&mut self, line: &[u8], number: usize) -> Result<(), GateRefusal> {
        if matches!(line[0], b' ' | b'\t') {
            return if self.has_field { Ok(()) } else { Err(GateRefusal::NotAField { line: number }) };
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let name = colon.map(|colon| &line[..colon]).filter(|name| is_field_name(name));
        let name = name.ok_or(GateRefusal::NotAField { line: number })?;
        self.has_field = true;
        let is = |field: &&str| name.eq_ignore_ascii_case(field.as_bytes());
        if let Some(field) = FORBIDDEN_FIELDS.into_iter().find(is) {
            return Err(GateRefusal::Forbidden(field));
        }
        if let Some(i) = REQUIRED_FIELDS.iter().position(is)
            && std::mem::replace(&mut self.seen[i], true)
        {
            return Err(GateRefusal::Repeated(REQUIRED_FIELDS[i]));
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), GateRefusal> {
        let missing = self.seen.iter().position(|seen| !seen);
        missing.map_or(Ok(()), |i| Err(GateRefusal::Missing(REQUIRED_FIELDS[i])))
    }
}

/// RFC 5322 section 2.2: printable ASCII but the colon; at least one.
fn is_field_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| (b'!'..=b'~').contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "From: a@example.org\r\nTo: \"A B\"\r\n <b@example.net>\r\nDate: x\r\nMessage-ID: <1@x>\r\n\
                        Subject: s\r\nMIME-Version: 1.0\r\n\r\nbody\r\n\r\n.\r\nmore\r\n";

    fn check(change: impl Fn(String) -> String, expected: Result<(), GateRefusal>) {
        let text = change(GOOD.to_owned());
        assert_eq!(gate(text.as_bytes()), expected, "{text:?}");
    }

    #[test]
    fn a_good_message_passes() {
        check(|text| text, Ok(()));
        // Field names match without regard to case (RFC 5322 section 1.2.2), and the body may be empty.
        check(|text| text.replace("Subject:", "SUBJECT:"), Ok(()));
        check(|text| text.split_inclusive("\r\n\r\n").next().unwrap_or_default().to_owned(), Ok(()));
        check(|text| text.replace("body", &"x".repeat(998)), Ok(()));
    }

    #[test]
    fn a_glance_passes_nothing_that_a_closer_look_refuses() {
        for octets in 0..3 * PIECE_OCTETS {
            let line = |filling: &str| format!("{}\r\n", filling.repeat(octets));
            let good = [GOOD, &line("x"), GOOD, &line("\t"), &line("x")].concat();
            assert!(pass_at_a_glance(good.as_bytes()), "{octets}");
            for end in ["\r", "\n", "\n\r", "\r\r\n", "\r\n\n", "\0\r\n", "\x7f\r\n", "\u{80}\r\n", " "] {
                let bad = [&good, &line("x"), end].concat();
                assert!(!pass_at_a_glance(bad.as_bytes()), "{octets} before {end:?}");
                let within = [&line("x"), end, &good].concat();
                let is_whole = end == " ";
                assert_eq!(pass_at_a_glance(within.as_bytes()), is_whole, "{end:?} behind {octets}");
            }
        }
        assert!(
            !pass_at_a_glance(b"")
                && !pass_at_a_glance(b"\n")
                && !pass_at_a_glance(b"\r")
                && pass_at_a_glance(b"\r\n")
        );
        let long = |octets| format!("{GOOD}{}\r\n{GOOD}", "x".repeat(octets));
        assert!(
            (LINE_OCTETS_MAX + 1..3 * LINE_OCTETS_MAX).all(|octets| !pass_at_a_glance(long(octets).as_bytes()))
        );
        assert!((0..LINE_OCTETS_MAX - 3 * PIECE_OCTETS).all(|octets| pass_at_a_glance(long(octets).as_bytes())));
    }

    #[test]
    fn every_way_to_fail() {
        use GateRefusal as R;
        let end = GOOD.len();
        check(|text| text.replace("a@", "ä@"), Err(R::NotAscii { at: 6 }));
        check(|text| text + "\ra\r\n", Err(R::BareCr { at: end }));
        check(|text| text + "\r\r\n", Err(R::BareCr { at: end }));
        check(|text| text + "\r", Err(R::BareCr { at: end }));
        check(|text| text + "\n.\r\n", Err(R::BareLf { at: end }));
        check(|text| text + "\0\r\n", Err(R::Control { at: end }));
        check(|text| text + "\x1b[2J\r\n", Err(R::Control { at: end }));
        check(|text| text + "\x7f\r\n", Err(R::Control { at: end }));
        check(|text| text.replace("body", &"x".repeat(999)), Err(R::LineTooLong { line: 9 }));
        check(
            |text| text.replace("Subject: s", &format!("Subject: {}", "s".repeat(990))),
            Err(R::LineTooLong { line: 6 }),
        );
        check(|text| text.replace("Subject: s", "Subject s"), Err(R::NotAField { line: 6 }));
        check(|text| text.replace("Subject: s", "Sub ject: s"), Err(R::NotAField { line: 6 }));
        check(|text| text.replace("Subject: s", ": s"), Err(R::NotAField { line: 6 }));
        check(|text| format!(" {text}"), Err(R::NotAField { line: 1 }));
        check(
            |text| text.split("\r\n\r\n").next().map(|head| format!("{head}\r\n")).unwrap_or_default(),
            Err(R::NoBody),
        );
        check(|_| String::new(), Err(R::NoBody));
        check(|text| text.trim_end().to_owned(), Err(R::NoFinalCrlf));
        for field in REQUIRED_FIELDS {
            check(|text| text.replace(&format!("{field}:"), "X-Other:"), Err(R::Missing(field)));
            check(|text| format!("{field}: again\r\n{text}"), Err(R::Repeated(field)));
        }
        check(|text| format!("cc: c@example.net\r\n{text}"), Err(R::Forbidden("Cc")));
        check(|text| format!("BCC: c@example.net\r\n{text}"), Err(R::Forbidden("Bcc")));
    }

    #[test]
    fn the_wire_digest_is_over_all_bytes() {
        let bytes = GOOD.as_bytes().to_vec();
        let message = Message { return_path: String::new(), content: Digest::of(b""), bytes };
        assert_eq!(message.wire_digest(), Digest::of(GOOD.as_bytes()));
    }
}
