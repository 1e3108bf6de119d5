//! What a cell of a workbook shows that holds a number: only where it is certain on every computer.
//!
//! Formats are those of ECMA-376 part 1 section 18.8.31. Decimal points, groups of thousands, names of months and
//! the short date depend on the computer that shows them, and rounding on its arithmetic: all of these are refused,
//! and so is what is not known here. The width of the column is not looked at.

use jiff::civil::Date;
use std::fmt::Write as _;

/// From here on, General shows a number by its exponent.
const GENERAL_END: i64 = 100_000_000_000;
/// From here on, a spreadsheet does not hold every whole number (15 digits).
const EXACT_END: i64 = 1_000_000_000_000_000;
/// The first day that both ways of counting days from 1900 agree on: one of them knows a 29 February 1900.
const FIRST_SURE_DAY: i64 = 61;
/// The last day that spreadsheets know: 31 December 9999.
const LAST_DAY: i64 = 2_958_465;

/// Returns what a number shows in a cell of this format; `None` where that is not certain. Days are counted from
/// 1904 where `is_1904`.
pub fn number(value: f64, format: &str, is_1904: bool) -> Option<String> {
    let whole = whole(value)?;
    let format = format.strip_suffix(";@").unwrap_or(format);
    let format = without_language(format)?;
    if format.eq_ignore_ascii_case("general") || format == "@" {
        return (whole.abs() < GENERAL_END).then(|| whole.to_string());
    }
    let parts = parts(format)?;
    if parts.iter().any(|part| matches!(part, Part::Date(..))) {
        return date(whole, &parts, is_1904);
    }
    padded(whole, &parts)
}

/// Returns whether a cell of this format shows a text as it is.
pub fn shows_text(format: &str) -> bool {
    let mut sections = format.split(';');
    match (sections.clone().count(), format.contains('"') || format.contains('\\')) {
        // A semicolon within quotes is no end of a section; such a format is asked about.
        (4.., true) => false,
        (4.., false) => sections.nth(3).is_some_and(|text| text == "@" || text.eq_ignore_ascii_case("general")),
        _ => (format.ends_with(";@") && !format.contains("\\;")) || format == "@" || !format.contains('@'),
    }
}

/// Returns the whole number that a value is.
#[expect(clippy::cast_possible_truncation, reason = "its size was looked at")]
fn whole(value: f64) -> Option<i64> {
    let is_sure = value.fract() == 0.0 && value.abs() < 1e15;
    is_sure.then_some(value as i64).filter(|whole| whole.abs() < EXACT_END)
}

/// Takes a language off (`[$-409]`); `None` where there is more in brackets than that.
fn without_language(format: &str) -> Option<&str> {
    let Some(rest) = format.strip_prefix('[') else {
        return (!format.contains('[')).then_some(format);
    };
    let (inner, rest) = rest.split_once(']')?;
    // More than four digits choose other numerals or another calendar.
    let digits = inner.strip_prefix("$-")?;
    let is_language = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    (is_language && !rest.contains('[')).then_some(rest)
}

/// A part of a format.
enum Part {
    /// Shown as it stands.
    Literal(char),
    /// So many digits at least.
    Digits(usize),
    /// Days, months or years, in so many letters.
    Date(char, usize),
}

/// Takes a format apart; `None` where it has a part that is not known here.
fn parts(format: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => parts.push(Part::Literal(chars.next()?)),
            '"' => loop {
                match chars.next()? {
                    '"' => break,
                    inner => parts.push(Part::Literal(inner)),
                }
            },
            '0' | '#' | 'y' | 'Y' | 'm' | 'M' | 'd' | 'D' => {
                let mut count = 1;
                while chars.next_if(|next| next.eq_ignore_ascii_case(&c)).is_some() {
                    count += 1;
                }
                parts.push(match c {
                    '0' => Part::Digits(count),
                    // A lone `#` shows every digit, and nothing for 0.
                    '#' if count == 1 && chars.next_if_eq(&'0').is_some() => {
                        while chars.next_if_eq(&'0').is_some() {
                            count += 1;
                        }
                        Part::Digits(count)
                    }
                    '#' => return None,
                    letter => Part::Date(letter.to_ascii_lowercase(), count),
                });
            }
            '-' | ' ' | '(' | ')' | '+' => parts.push(Part::Literal(c)),
            _ => return None,
        }
    }
    Some(parts)
}

/// Returns a number with leading zeros, between literals.
fn padded(whole: i64, parts: &[Part]) -> Option<String> {
    let is_plain = matches!(parts, [Part::Digits(_)]);
    let digits = parts.iter().filter(|part| matches!(part, Part::Digits(_))).count();
    // Where a sign goes beside literals is not certain.
    if digits != 1 || (whole < 0 && !is_plain) {
        return None;
    }
    let sign = if whole < 0 { "-" } else { "" };
    let mut text = String::from(sign);
    for part in parts {
        match part {
            Part::Literal(c) => text.push(*c),
            Part::Digits(width) => _ = write!(text, "{:0width$}", whole.abs(), width = *width),
            Part::Date(..) => return None,
        }
    }
    Some(text)
}

/// Returns a day in figures.
fn date(day: i64, parts: &[Part], is_1904: bool) -> Option<String> {
    let day = if is_1904 { day + 1_462 } else { day };
    if !(FIRST_SURE_DAY..=LAST_DAY).contains(&day) {
        return None;
    }
    let date = Date::new(1899, 12, 30).ok()?.checked_add(jiff::Span::new().try_days(day).ok()?).ok()?;
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(c) => text.push(*c),
            Part::Date('y', 4) => _ = write!(text, "{:04}", date.year()),
            Part::Date('m', 2) => _ = write!(text, "{:02}", date.month()),
            Part::Date('m', 1) => text.push_str(&date.month().to_string()),
            Part::Date('d', 2) => _ = write!(text, "{:02}", date.day()),
            Part::Date('d', 1) => text.push_str(&date.day().to_string()),
            // Names of days and months are in the language of the computer; two digits of a year are its taste.
            Part::Date(..) | Part::Digits(_) => return None,
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_as_they_are_where_that_is_certain() {
        for (value, format, shown) in [
            (7.0, "General", "7"),
            (-7.0, "General", "-7"),
            (0.0, "General", "0"),
            (99_999_999_999.0, "GENERAL", "99999999999"),
            (7.0, "@", "7"),
            (7.0, "0", "7"),
            (7.0, "00000", "00007"),
            (-7.0, "00000", "-00007"),
            (123_456.0, "00000", "123456"),
            (999_999_999_999_999.0, "0", "999999999999999"),
            (7.0, "#0", "7"),
            (7.0, "\"K-\"0000", "K-0007"),
            (7.0, "\\K\\-000", "K-007"),
            (43_831.0, "yyyy\\-mm\\-dd", "2020-01-01"),
            (43_831.0, "yyyy-mm-dd;@", "2020-01-01"),
            (44_119.0, "[$-407]d\\.m\\.yyyy", "15.10.2020"),
            (61.0, "YYYY-MM-DD", "1900-03-01"),
        ] {
            assert_eq!(number(value, format, false).as_deref(), Some(shown), "{value} {format}");
        }
        assert_eq!(number(42_369.0, "yyyy-mm-dd", true).as_deref(), Some("2020-01-01"));
    }

    #[test]
    fn what_depends_on_the_computer_is_not_certain() {
        for (value, format) in [
            (1.5, "General"),
            (0.1, "0.0"),
            (1.0, "0.00"),
            (1e11, "General"),
            (1e15, "0"),
            (f64::NAN, "General"),
            (f64::INFINITY, "0"),
            (1_204.0, "#,##0"),
            (0.0, "#"),
            (5.0, "0%"),
            (5.0, "0.00E+00"),
            (5.0, "# ?/?"),
            (5.0, "[Red]0"),
            (5.0, "[$-2000000]0"),
            (5.0, "0;;"),
            (5.0, ""),
            (5.0, "0_)"),
            (5.0, "000-000"),
            (-5.0, "\"K-\"0"),
            (43_831.0, "m/d/yy"),
            (43_831.0, "dd/mm/yyyy"),
            (43_831.0, "d-mmm-yy"),
            (43_831.0, "yy-mm-dd"),
            (43_831.0, "yyyy-mm-dd h:mm"),
            (43_831.5, "yyyy-mm-dd"),
            (60.0, "yyyy-mm-dd"),
            (0.0, "yyyy-mm-dd"),
            (-1.0, "yyyy-mm-dd"),
            (2_958_466.0, "yyyy-mm-dd"),
        ] {
            assert_eq!(number(value, format, false), None, "{value} {format}");
        }
    }

    #[test]
    fn text_shows_as_it_is_unless_its_format_changes_it() {
        for format in ["General", "@", "0", "yyyy-mm-dd;@", "0;-0;0;@", "#,##0.00"] {
            assert!(shows_text(format), "{format}");
        }
        for format in [";;;", "0;-0;0;", "0;-0;0;\"x\"@", "\"Dr \"@", "\\;@", "@@", "0;0;0;x"] {
            assert!(!shows_text(format), "{format}");
        }
    }
}
