//! The plan's key, and everything that derives from it: tokens, order, Message-IDs, boundaries, return paths.
//!
//! The key is made by the command line at the first freeze and never enters ledger or packet. Whoever has
//! the ledger alone cannot forge a return path or tell which token belongs to which row of another plan.

use crate::{
    digest::{Digest, hex},
    notice::Token,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// 32 secret bytes from the system's random source.
#[derive(Clone)]
pub struct PlanKey {
    bytes: [u8; 32],
    /// What every derivation begins with: half of its work.
    mac: Hmac<Sha256>,
}

/// RFC 4648 section 6, lower case: one case only, because some systems fold it.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl PlanKey {
    /// Octets in a key.
    pub const OCTETS: usize = 32;

    /// Takes the bytes of a key.
    pub fn new(bytes: [u8; 32]) -> Self {
        let mac = Hmac::new_from_slice(&bytes).expect("HMAC takes a key of any length");
        Self { bytes, mac }
    }

    /// Returns the bytes, to be kept in a file of mode 0600.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    fn derive(&self, purpose: &str, subject: &[u8]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(subject);
        mac.finalize().into_bytes().into()
    }

    /// Returns the public name of the notice of `row`: 80 bits.
    pub fn token(&self, row: u64) -> Token {
        let text = base32(&self.derive("token", &row.to_be_bytes()), Token::LENGTH);
        Token::parse(&text).expect("16 characters of base 32 are a token")
    }

    /// Returns where `row` stands in the keyed order: sort by it. An order that no list betrays spreads one
    /// provider's share evenly.
    pub fn order(&self, row: u64) -> u64 {
        let bytes = self.derive("order", &row.to_be_bytes());
        u64::from_be_bytes(bytes[..8].try_into().expect("eight bytes are eight bytes"))
    }

    /// Returns the Message-ID without its angle brackets: the same for every attempt.
    pub fn message_id(&self, token: &Token, incident: &str, from_domain: &str) -> String {
        format!("{token}.{incident}@{from_domain}")
    }

    /// Returns the local part of the notice's own return path (VERP): `bounce+TOKEN.MAC`, 40 bits of MAC, so
    /// that a forged report cannot name a notice.
    pub fn return_path(&self, token: &Token) -> String {
        format!("bounce+{token}.{}", base32(&self.derive("return-path", token.as_str().as_bytes()), 8))
    }

    /// Returns the MIME boundary of the notice's message.
    pub fn boundary(&self, token: &Token) -> String {
        format!("forthwith-{}", hex(&self.derive("boundary", token.as_str().as_bytes())[..12]))
    }

    /// Returns what the plan's digest says of the key without giving it away.
    pub fn commitment(&self) -> Digest {
        Digest::from_bytes(self.derive("commitment", b""))
    }
}

impl PartialEq for PlanKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for PlanKey {}

impl fmt::Debug for PlanKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlanKey(<secret>)")
    }
}

fn base32(bytes: &[u8], characters: usize) -> String {
    (0..characters)
        .map(|i| {
            let bit = 5 * i;
            let pair = u16::from_be_bytes([bytes[bit / 8], bytes.get(bit / 8 + 1).copied().unwrap_or(0)]);
            char::from(BASE32[usize::from(pair >> (11 - bit % 8)) & 31])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_rfc_4648() {
        assert_eq!(base32(b"fooba", 8), "mzxw6ytb");
        assert_eq!(base32(b"foobar", 9), "mzxw6ytbo");
    }

    /// Every tenth of a plan has its tenth of each provider, however the list is sorted.
    #[test]
    fn the_order_spreads_one_providers_share_evenly() {
        const ROWS: u64 = 20_000;
        // Sorted by domain: a tenth of the rows is one provider's, and comes last.
        let is_its = |row: &u64| *row > ROWS - ROWS / 10;
        for seed in 1..6 {
            let key = PlanKey::new([seed; 32]);
            let mut rows: Vec<u64> = (1..=ROWS).collect();
            rows.sort_by_key(|row| key.order(*row));
            for (number, part) in rows.chunks(2_000).enumerate() {
                // 200 are expected, and chance alone spreads that by 13: four times that is rarer than this test.
                let its = part.iter().filter(|row| is_its(row)).count();
                assert!((150..=250).contains(&its), "{its} of 2,000 in part {number}, by key {seed}");
            }
            let in_a_row = rows.iter().fold((0, 0), |(most, now), row| {
                let now = if is_its(row) { now + 1 } else { 0 };
                (now.max(most), now)
            });
            assert!(in_a_row.0 <= 9, "{} of it follow one another, by key {seed}", in_a_row.0);
        }
    }

    #[test]
    fn what_derives_is_stable_distinct_and_short_enough() {
        let key = PlanKey::new([7; 32]);
        let token = key.token(1);
        assert_eq!(token, key.token(1));
        assert_ne!(token, key.token(2));
        assert_ne!(token, PlanKey::new([8; 32]).token(1));
        // RFC 5321 section 4.5.3.1.1: a local part has at most 64 octets.
        assert!(key.return_path(&token).len() <= 64);
        // RFC 2046 section 5.1.1: a boundary has at most 70 characters.
        assert!(key.boundary(&token).len() <= 70);
        assert!(!format!("{key:?}").contains('7'));
    }
}
