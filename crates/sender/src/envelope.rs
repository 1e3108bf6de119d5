//! The envelope of one notice: its MAIL and RCPT commands, with what the relay offers.
//!
//! One recipient, and a return path of its own, never the null one: it would forbid bounces (RFC 5321 section
//! 4.5.5). It writes no header.

use crate::extensions::Extensions;
use forthwith_core::{
    address::Address,
    message::Message,
    notice::{Claimed, Token},
};
use std::fmt::Write as _;

/// Octets in a path (RFC 5321 section 4.5.3.1.3), less its angle brackets.
const PATH_OCTETS_MAX: usize = 254;

/// The envelope of one notice.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'a> {
    /// The notice's own return path.
    pub(crate) return_path: &'a str,
    /// Where it goes.
    pub(crate) recipient: &'a Address,
    /// The notice's public name, which a delivery report gives back as its envelope id.
    pub(crate) token: &'a Token,
    /// Octets in the message.
    pub(crate) octets: usize,
}

impl<'a> Envelope<'a> {
    /// Returns the envelope in which `message` goes out.
    pub(crate) fn of(claimed: &'a Claimed, message: &'a Message) -> Self {
        Self {
            return_path: &message.return_path,
            recipient: &claimed.recipient.address,
            token: &claimed.token,
            octets: message.bytes.len(),
        }
    }

    /// Returns whether the return path can stand in a command: one plain address, nothing that ends a line.
    pub(crate) fn is_sound(&self) -> bool {
        let path = self.return_path;
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b'\\');
        path.bytes().all(is_plain) && path.matches('@').count() == 1 && path.len() <= PATH_OCTETS_MAX
    }

    /// Returns the MAIL command, CRLF included.
    ///
    /// `RET=HDRS` keeps the words of the notice out of bounces (RFC 3461 section 4.3).
    pub(crate) fn mail(&self, offers: Extensions) -> String {
        let mut command = format!("MAIL FROM:<{}>", self.return_path);
        if offers.size {
            let _ = write!(command, " SIZE={}", self.octets);
        }
        if offers.dsn {
            let _ = write!(command, " RET=HDRS ENVID={}", self.token);
        }
        command.push_str("\r\n");
        command
    }

    /// Returns the RCPT command, CRLF included.
    pub(crate) fn rcpt(&self, offers: Extensions) -> String {
        let address = self.recipient.expose();
        let mut command = format!("RCPT TO:<{address}>");
        if offers.dsn {
            let _ = write!(command, " NOTIFY=FAILURE,DELAY ORCPT=rfc822;{}", xtext(address));
        }
        command.push_str("\r\n");
        command
    }
}

/// Returns `text` as xtext (RFC 3461 section 4).
fn xtext(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'!'..=b'~' if byte != b'+' && byte != b'=' => out.push(char::from(byte)),
            _ => _ = write!(out, "+{byte:02X}"),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_carry_what_is_offered_and_nothing_else() {
        let recipient = Address::parse("\"a b\"+x=1@example.org").err();
        assert!(recipient.is_some(), "quotes stand alone");
        let recipient = Address::parse("ada+x=1@example.org").unwrap();
        let token = Token::parse("abcdefghijklmnop").unwrap();
        let envelope = Envelope {
            return_path: "bounce+t.m@bounces.example.org",
            recipient: &recipient,
            token: &token,
            octets: 99,
        };
        let none = Extensions::default();
        assert_eq!(envelope.mail(none), "MAIL FROM:<bounce+t.m@bounces.example.org>\r\n");
        assert_eq!(envelope.rcpt(none), "RCPT TO:<ada+x=1@example.org>\r\n");
        let all = Extensions { dsn: true, size: true, ..none };
        assert_eq!(
            envelope.mail(all),
            "MAIL FROM:<bounce+t.m@bounces.example.org> SIZE=99 RET=HDRS ENVID=abcdefghijklmnop\r\n"
        );
        assert_eq!(
            envelope.rcpt(all),
            "RCPT TO:<ada+x=1@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ada+2Bx+3D1@example.org\r\n"
        );
    }

    #[test]
    fn a_return_path_that_could_end_the_command_is_unsound() {
        let recipient = Address::parse("ada@example.org").unwrap();
        let token = Token::parse("abcdefghijklmnop").unwrap();
        for (return_path, is_sound) in [
            ("bounce+t.m@bounces.example.org", true),
            ("", false),
            ("no-domain", false),
            ("a b@example.org", false),
            ("a@example.org>\r\nRCPT TO:<eve@example.org", false),
            ("a@example.org\r\n", false),
        ] {
            let envelope = Envelope { return_path, recipient: &recipient, token: &token, octets: 0 };
            assert_eq!(envelope.is_sound(), is_sound, "{return_path:?}");
        }
    }

    #[test]
    fn xtext_hides_plus_equals_and_spaces() {
        assert_eq!(xtext("a+b=c d"), "a+2Bb+3Dc+20d");
    }
}
