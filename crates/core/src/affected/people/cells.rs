//! What a cell of a standard column says, or why it refuses its row. Nothing is mended.

use crate::{
    address::{Address, ParseAddressError, is_unseen},
    affected::standards::is_language,
    notice::Withheld,
};

/// Octets in a name: with its address it stays on few header lines (RFC 5322 section 2.1.1).
const NAME_OCTETS_MAX: usize = 300;
/// The words of such a line.
const FOOTER_WORDS: [&str; 15] = [
    "total", "totals", "grand", "sum", "count", "number", "of", "row", "rows", "record", "records", "end",
    "report", "export", "file",
];
/// Characters of a cell that a finding quotes.
const QUOTED_CHARACTERS_MAX: usize = 60;

/// What is wrong with a cell: column, code, message, next step.
pub(super) struct Refusal(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) String,
    pub(super) Option<String>,
);

pub(super) fn checked<T: Default>(refusals: &mut Vec<Refusal>, read: Result<T, Refusal>) -> T {
    read.unwrap_or_else(|refusal| {
        refusals.push(refusal);
        T::default()
    })
}

pub(super) fn read_name(cell: &str) -> Result<String, Refusal> {
    if let Some(c) = cell.chars().find(|c| is_unseen(*c) && !matches!(c, '\u{200c}' | '\u{200d}')) {
        let message = format!("the name has the character U+{:04X}, which cannot be seen", u32::from(c));
        return Err(Refusal("name", "control-character", message, Some("correct the name".to_owned())));
    }
    if cell.len() > NAME_OCTETS_MAX {
        let message = format!("the name has {} octets; at most {NAME_OCTETS_MAX}", cell.len());
        return Err(Refusal("name", "name-too-long", message, None));
    }
    Ok(cell.trim().to_owned())
}

pub(super) fn read_code(column: &'static str, cell: &str, fits: impl Fn(&str) -> bool) -> Result<String, Refusal> {
    let code = cell.trim().to_ascii_uppercase();
    if code.is_empty() || fits(&code) {
        return Ok(code);
    }
    let (standard, code_name) = match column {
        "country" => ("a country code (ISO 3166-1: GB, DE, US)", "country-unknown"),
        _ => ("a region code (ISO 3166-2 without the country: CA, BY)", "region-unknown"),
    };
    Err(Refusal(column, code_name, format!("{} is not {standard}", quoted(cell)), None))
}

pub(super) fn read_language(cell: &str) -> Result<String, Refusal> {
    let tag = cell.trim();
    if tag.is_empty() || is_language(tag) {
        return Ok(tag.to_owned());
    }
    let message = format!("{} is not a language tag (BCP 47: en, pt-BR)", quoted(cell));
    Err(Refusal("language", "language-unknown", message, None))
}

/// Returns whether a cell says `Total: 12`, `Grand total` or the like.
pub(super) fn is_count(cell: &str) -> bool {
    let lower = cell.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).peekable();
    words.peek().is_some() && words.all(|word| FOOTER_WORDS.contains(&word))
}

/// Why a cell holds no address to write to.
pub(super) enum AddressCell {
    Withheld(Withheld),
    Refused(Refusal),
}

pub(super) fn read_address(cell: &str) -> Result<Address, AddressCell> {
    if cell.trim().is_empty() {
        return Err(AddressCell::Withheld(Withheld::NoAddress));
    }
    Address::parse(cell).map_err(|error| {
        if error == ParseAddressError::NeedsSmtputf8 {
            return AddressCell::Withheld(Withheld::NeedsSmtputf8);
        }
        let hint = probably_meant(cell).map(|meant| format!("is {} meant?", quoted(meant)));
        let message = format!("{} is not an address that can be written to: {error}", quoted(cell));
        AddressCell::Refused(Refusal("email", "address-syntax", message, hint))
    })
}

/// Returns the address that was probably meant. It is shown, never used.
fn probably_meant(cell: &str) -> Option<&str> {
    let inner = cell.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(cell, |(inner, _)| inner);
    let inner = inner.trim().trim_start_matches("mailto:").trim_end_matches(['.', ',', ';']).trim();
    (inner != cell && Address::parse(inner).is_ok()).then_some(inner)
}

/// Returns the beginning of `text` in quotes.
pub(in crate::affected) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED_CHARACTERS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("\"{short}\"")
}
