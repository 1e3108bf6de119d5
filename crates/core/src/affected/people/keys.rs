//! Short names for people and mailboxes, so that a list of a million can be remembered.

use crate::{
    address::{Parts, mailbox_key},
    digest::Digest,
};

/// 128 bits of SHA-256: of a million people no two are taken for one.
pub(in crate::affected) type Key = [u8; 16];

/// Returns 128 bits of SHA-256 over `parts`, each with its length in front.
pub(in crate::affected) fn key<'p>(parts: impl IntoIterator<Item = &'p str>) -> Key {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    let mut short = [0; 16];
    short.copy_from_slice(&Digest::of(&bytes).as_bytes()[..16]);
    short
}

/// A mailbox, and what it has in common with those that differ from it in case alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::affected) struct MailboxKey {
    pub(in crate::affected) exact: Key,
    pub(in crate::affected) folded: Key,
}

impl MailboxKey {
    /// Returns the key of the mailbox of an address.
    pub(in crate::affected) fn of(address: &Parts<'_>) -> Self {
        let mailbox = mailbox_key(address);
        Self { exact: key([mailbox.as_str()]), folded: key([mailbox.to_lowercase().as_str()]) }
    }
}
