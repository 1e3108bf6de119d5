//! What a relay offers, read from its answer to EHLO.
//!
//! lettre drops most keywords and compares case, so it is read here from the raw reply (RFC 5321 section
//! 4.1.1.1). It decides nothing about how an offer is used.

use forthwith_core::verdict::Reply;
use std::collections::BTreeMap;

/// What a relay offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each keyword is offered or not, alone")]
pub(crate) struct Extensions {
    /// Commands may be sent in groups (RFC 2920).
    pub(crate) pipelining: bool,
    /// Delivery reports may be asked for (RFC 3461).
    pub(crate) dsn: bool,
    /// The size of a message may be told (RFC 1870).
    pub(crate) size: bool,
    /// TLS may be started (RFC 3207).
    pub(crate) starttls: bool,
    /// AUTH PLAIN (RFC 4616).
    pub(crate) auth_plain: bool,
    /// AUTH LOGIN, which no RFC describes and old relays want.
    pub(crate) auth_login: bool,
}

impl Extensions {
    /// Reads the answer to EHLO; its first line is the relay's name.
    pub(crate) fn read(ehlo: &Reply) -> Self {
        let mut offers = Self::default();
        for (keyword, words) in keywords(ehlo) {
            match keyword.as_str() {
                "PIPELINING" => offers.pipelining = true,
                "DSN" => offers.dsn = true,
                "SIZE" => offers.size = true,
                "STARTTLS" => offers.starttls = true,
                "AUTH" => {
                    for mechanism in words {
                        offers.auth_plain |= mechanism.eq_ignore_ascii_case("PLAIN");
                        offers.auth_login |= mechanism.eq_ignore_ascii_case("LOGIN");
                    }
                }
                _ => {}
            }
        }
        offers
    }
}

/// Returns the keywords of the answer to EHLO, in upper case, each with its words; its first line is the relay's
/// name. A keyword on two lines has the words of both.
pub(crate) fn keywords(ehlo: &Reply) -> BTreeMap<String, Vec<String>> {
    let text = String::from_utf8_lossy(&ehlo.raw);
    let mut keywords: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines().skip(1).filter_map(|line| line.get(4..)) {
        // `AUTH=PLAIN` is an old form that some relays still send beside the right one.
        let mut words = line.split([' ', '=', '\t']).filter(|word| !word.is_empty());
        let Some(keyword) = words.next() else { continue };
        keywords.entry(keyword.to_ascii_uppercase()).or_default().extend(words.map(str::to_owned));
    }
    keywords
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Extensions {
        Extensions::read(&Reply::new(250, text.as_bytes().to_vec()))
    }

    #[test]
    fn keywords_are_read_whatever_their_case() {
        let all = read(
            "250-relay.example\r\n250-Pipelining\r\n250-SIZE 10240000\r\n250-dsn\r\n250-STARTTLS\r\n\
             250-AUTH CRAM-MD5 plain\r\n250-AUTH=LOGIN\r\n250 HELP\r\n",
        );
        let every = Extensions {
            pipelining: true,
            dsn: true,
            size: true,
            starttls: true,
            auth_plain: true,
            auth_login: true,
        };
        assert_eq!(all, every);
    }

    #[test]
    fn a_name_is_not_an_offer_and_words_are_not_keywords() {
        assert_eq!(read("250 PIPELINING\r\n"), Extensions::default());
        assert_eq!(read("250-x\r\n250-XPIPELINING\r\n250-8BITMIME DSN\r\n250\r\n"), Extensions::default());
    }
}
