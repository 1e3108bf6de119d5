//! The bytes of a notice, and the gate that they pass before anything may be offered.

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
