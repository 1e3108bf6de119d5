//! Notices as files: the words as text, the HTML part, and the message byte for byte.

use super::Pages;
use crate::Parts;
use forthwith_core::{exemplars::Trait, private::Private};

/// One notice: what its reader sees, and the bytes of its message.
pub struct PacketNotice {
    /// What its reader sees.
    pub parts: Parts,
    /// The message as the plan has it: in the place of the date stand 31 times `x`, so that its SHA-256 is the
    /// content digest.
    pub message: Vec<u8>,
}

/// A real notice of a wording, for the private part.
pub struct PacketExemplar {
    /// The data row, counted from 1.
    pub row: u64,
    /// What the person is called.
    pub name: Private<String>,
    /// What it is looked at for.
    pub traits: Vec<Trait>,
    /// The notice.
    pub notice: PacketNotice,
}

/// Adds a notice as `STEM.txt`, `STEM.html` and `STEM.eml`. Line ends are LF but for those of the message.
pub(super) fn add(pages: &mut Pages, stem: &str, notice: &PacketNotice) {
    let parts = &notice.parts;
    let reply_to = parts.reply_to.as_ref().map(|reply_to| format!("Reply-To: {reply_to}\n")).unwrap_or_default();
    let (from, to, subject) = (&parts.from, &parts.to, &parts.subject);
    let text = format!("From: {from}\n{reply_to}To: {to}\nSubject: {subject}\n\n{}", with_lf(&parts.text));
    pages.insert(format!("{stem}.txt"), text.into_bytes());
    pages.insert(format!("{stem}.html"), with_lf(&parts.html).into_bytes());
    pages.insert(format!("{stem}.eml"), notice.message.clone());
}

/// Returns a text with LF line ends.
pub(super) fn with_lf(text: &str) -> String {
    text.replace("\r\n", "\n")
}
