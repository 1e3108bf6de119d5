//! Which character separates the cells of a list: found from its header and confirmed by its first rows.
//!
//! It guesses nothing: where two characters fit, it names both.

use super::records::Records;

/// Rows that must agree with the header. A list whose first hundred rows fit two characters fits them for good.
const ROWS_LOOKED_AT_MAX: usize = 100;

/// What separates the cells of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delimiter {
    /// `,` (RFC 4180 section 2).
    #[default]
    Comma,
    /// `;`, which spreadsheets write where the comma is the decimal sign.
    Semicolon,
    /// The tabulator.
    Tab,
    /// `|`.
    Bar,
}

impl Delimiter {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Bar];

    /// Returns the octet.
    pub fn octet(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Bar => b'|',
        }
    }

    /// Returns it as it is written in affected.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Tab => "tab",
            Self::Bar => "|",
        }
    }

    /// Returns the delimiter that is written so in affected.toml: the character, or `tab`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|delimiter| delimiter.name() == text).or((text == "\t").then_some(Self::Tab))
    }
}

/// Returns the delimiter of the list that begins with `start`, or all that fit equally well.
///
/// `is_whole` says that the list ends where `start` ends; otherwise its last record may be cut and does not count.
/// A header without any of them is a list of one column, for which a comma is as good as any.
pub(super) fn find(start: &[u8], is_whole: bool) -> Result<Delimiter, Vec<Delimiter>> {
    let parts = |delimiter: &Delimiter| cells(start, *delimiter, is_whole).next().is_some_and(|cells| cells > 1);
    let candidates: Vec<_> = Delimiter::ALL.into_iter().filter(parts).collect();
    match candidates[..] {
        [] => Ok(Delimiter::default()),
        [only] => Ok(only),
        _ => {
            let fitting: Vec<_> = candidates.iter().copied().filter(|one| fits(start, *one, is_whole)).collect();
            match fitting[..] {
                [only] => Ok(only),
                [] => Err(candidates),
                _ => Err(fitting),
            }
        }
    }
}

/// Returns whether the first rows have as many cells as the header.
fn fits(start: &[u8], delimiter: Delimiter, is_whole: bool) -> bool {
    let mut records = cells(start, delimiter, is_whole);
    let header = records.next();
    records.take(ROWS_LOOKED_AT_MAX).all(|cells| Some(cells) == header)
}

/// Returns how many cells each record has; 0 for one that is malformed.
fn cells(start: &[u8], delimiter: Delimiter, is_whole: bool) -> impl Iterator<Item = usize> {
    let mut records = Records::new(start.to_vec(), delimiter, 1);
    std::iter::from_fn(move || {
        let record = records.next_record()?;
        let cells = if record.text.is_ok() { record.cells(delimiter) } else { 0 };
        let is_cut = !is_whole && records.is_at_end();
        (!is_cut).then_some(cells)
    })
}

#[cfg(test)]
mod tests {
    use super::Delimiter::{Bar, Comma, Semicolon, Tab};
    use super::*;

    #[test]
    fn the_header_decides_and_the_rows_confirm() {
        for (list, expected) in [
            ("id,email,data\n1,a@b.example,email;phone\n", Ok(Comma)),
            ("id;email;note\n1;a@b.example;one, two\n", Ok(Semicolon)),
            ("id\temail\n1\ta@b.example\n", Ok(Tab)),
            ("id|email\n1|a@b.example\n", Ok(Bar)),
            ("email\na@b.example\n", Ok(Comma)),
            ("name, first;email\nByrne, Ada, Dr;a@b.example\n", Ok(Semicolon)),
            ("\"name, first\";email\n\"Byrne, Ada\";a@b.example\n", Ok(Semicolon)),
            ("name, first;email\nByrne, Ada;a@b.example\n", Err(vec![Comma, Semicolon])),
            ("name, first;email\n", Err(vec![Comma, Semicolon])),
            ("a,b;c\n1\n", Err(vec![Comma, Semicolon])),
        ] {
            assert_eq!(find(list.as_bytes(), true), expected, "{list:?}");
        }
    }

    #[test]
    fn a_record_that_is_cut_does_not_count() {
        let list = "name, first;email\nByrne, Ada, Dr;a@b.example\nByrne, A";
        assert_eq!(find(list.as_bytes(), false), Ok(Semicolon));
        assert_eq!(find(list.as_bytes(), true), Err(vec![Comma, Semicolon]));
    }

    #[test]
    fn each_is_written_as_it_is_read() {
        for delimiter in Delimiter::ALL {
            assert_eq!(Delimiter::parse(delimiter.name()), Some(delimiter));
        }
        assert_eq!((Delimiter::parse("\t"), Delimiter::parse("#")), (Some(Tab), None));
    }
}
