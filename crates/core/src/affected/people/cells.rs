//! What a cell of a standard column says, or why it refuses its row. Nothing is mended.

use crate::{
    address::{ParseAddressError, Parts, has_unseen, is_unseen},
    affected::{
        likely,
        standards::{is_country, is_language, is_region, is_region_of},
    },
    document::nearest,
    law::{ConsentKind, Word},
    notice::Withheld,
};
use std::collections::BTreeMap;

/// Octets in a name: with its address it stays on few header lines (RFC 5322 section 2.1.1).
const NAME_OCTETS_MAX: usize = 300;
/// The words of such a line.
const FOOTER_WORDS: [&str; 15] = [
    "total", "totals", "grand", "sum", "count", "number", "of", "row", "rows", "record", "records", "end",
    "report", "export", "file",
];
/// Characters of a cell that a finding quotes.
const QUOTED_CHARACTERS_MAX: usize = 60;

/// What refuses a row: one thing that is wrong, and the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) column: Option<&'static str>,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Refusal {
    /// Returns what is wrong with a cell.
    pub(super) fn new(column: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { column: Some(column), ..Self::row(code, message) }
    }

    /// Returns what is wrong with the row as a whole.
    pub(super) fn row(code: &'static str, message: impl Into<String>) -> Self {
        Self { column: None, code, message: message.into(), hint: None }
    }

    /// Adds the next step.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

pub(super) fn checked<T: Default>(refusals: &mut Vec<Refusal>, read: Result<T, Refusal>) -> T {
    read.unwrap_or_else(|refusal| {
        refusals.push(refusal);
        T::default()
    })
}

pub(super) fn read_name(cell: &str) -> Result<&str, Refusal> {
    let is_refused = |c: &char| is_unseen(*c) && !matches!(c, '\u{200c}' | '\u{200d}');
    if has_unseen(cell)
        && let Some(c) = cell.chars().find(is_refused)
    {
        let message = format!("the name has the character U+{:04X}, which cannot be seen", u32::from(c));
        return Err(Refusal::new("name", "control-character", message).hint("correct the name"));
    }
    if !cell.is_ascii() && cell.contains(char::REPLACEMENT_CHARACTER) {
        let message =
            "the name has U+FFFD in the place of a character: a program lost it before the list came here";
        return Err(Refusal::new("name", "replacement-character", message).hint("correct the name from its source"));
    }
    if cell.len() > NAME_OCTETS_MAX {
        let message = format!("the name has {} octets; at most {NAME_OCTETS_MAX}", cell.len());
        return Err(Refusal::new("name", "name-too-long", message));
    }
    Ok(trimmed(cell))
}

/// Returns a cell without surrounding space; most have none.
#[inline]
pub(in crate::affected) fn trimmed(cell: &str) -> &str {
    match cell.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => cell,
        _ => cell.trim(),
    }
}

/// What the list's own words in a column mean.
type Own<'o> = Option<&'o BTreeMap<String, String>>;

/// Refuses what stands in a cell of `column` where a code of `standard` belongs, with what is probably meant.
fn unknown(column: &'static str, cell: &str, standard: &str, likely: Option<String>) -> Refusal {
    let code = match column {
        "country" => "country-unknown",
        "region" => "region-unknown",
        "consent" => "consent-unknown",
        _ => "language-unknown",
    };
    let cell = quoted(cell.trim());
    let line = |meaning: &str| format!("affected.toml, [values.{column}] {cell} = \"{meaning}\"");
    let hint = match likely {
        Some(likely) => format!("is `{likely}` meant? then say so: {}", line(&likely)),
        None => format!("if the list means something by it, say what: {}", line("…")),
    };
    Refusal::new(column, code, format!("{cell} is not {standard}")).hint(hint)
}

/// Reads one kind of consent.
pub(super) fn read_consent(word: &str) -> Result<ConsentKind, Refusal> {
    let known = || ConsentKind::ALL.iter().map(|kind| kind.word());
    ConsentKind::from_word(&word.to_lowercase()).ok_or_else(|| {
        let likely = nearest(word, known()).map(str::to_owned);
        unknown("consent", word, "a kind of consent (docs/law.md lists them)", likely)
    })
}

pub(super) fn read_country(cell: &str, own: Own<'_>) -> Result<String, Refusal> {
    let country = cell.trim().to_ascii_uppercase();
    if country.is_empty() || is_country(&country) {
        return Ok(country);
    }
    let standard = "a country code (ISO 3166-1: GB, DE, US)";
    Err(unknown("country", cell, standard, likely::country(cell.trim(), own)))
}

/// Reads a region of `country`, which is empty where it is not known.
pub(super) fn read_region(cell: &str, country: &str, own: Own<'_>) -> Result<String, Refusal> {
    let region = cell.trim().to_ascii_uppercase();
    if region.is_empty() || is_region_of(country, &region) {
        return Ok(region);
    }
    let likely = likely::region(cell.trim(), own).filter(|likely| is_region_of(country, likely));
    if is_region(&region) {
        return Err(unknown("region", cell, &format!("a region of {country} (ISO 3166-2:{country})"), likely));
    }
    Err(unknown("region", cell, "a region code (ISO 3166-2 without the country: CA, BY)", likely))
}

pub(super) fn read_language(cell: &str, own: Own<'_>) -> Result<String, Refusal> {
    let language = cell.trim();
    if language.is_empty() || is_language(language) {
        return Ok(language.to_owned());
    }
    let standard = "a language tag (BCP 47: en, pt-BR)";
    Err(unknown("language", cell, standard, likely::language(language, own)))
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

pub(super) fn read_address(cell: &str) -> Result<Parts<'_>, AddressCell> {
    Parts::of(cell).map_err(|error| {
        if cell.trim().is_empty() {
            return AddressCell::Withheld(Withheld::NoAddress);
        }
        if error == ParseAddressError::NeedsSmtputf8 {
            return AddressCell::Withheld(Withheld::NeedsSmtputf8);
        }
        let message = format!("{} is not an address that can be written to: {error}", quoted(cell));
        let refusal = Refusal::new("email", "address-syntax", message);
        AddressCell::Refused(match probably_meant(cell) {
            Some(meant) => refusal.hint(format!("is {meant} meant?")),
            None => refusal,
        })
    })
}

/// Returns the address that was probably meant, or the several that stand there. They are shown, never used.
fn probably_meant(cell: &str) -> Option<String> {
    let is_taken = |address: &&str| Parts::of(address).is_ok();
    let all: Vec<&str> = cell.split([',', ';', '/', '\n']).map(bare).filter(|part| !part.is_empty()).collect();
    let several = if all.len() > 1 { all } else { cell.split_whitespace().collect() };
    if several.len() > 1 && several.iter().all(is_taken) {
        return Some(several.into_iter().map(quoted).collect::<Vec<_>>().join(" or "));
    }
    Some(bare(cell)).filter(|bare| *bare != cell).filter(is_taken).map(quoted)
}

/// Returns what is left of an address without what is often put around it.
fn bare(text: &str) -> &str {
    let inner = text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(text, |(inner, _)| inner);
    inner.trim().trim_start_matches("mailto:").trim_end_matches(['.', ',', ';']).trim()
}

/// Returns the beginning of `text` in quotes.
pub(in crate::affected) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED_CHARACTERS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("\"{short}\"")
}

/// Returns `a`, `a and b`, `a, b and c`.
pub(super) fn listed(words: &[&str]) -> String {
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
