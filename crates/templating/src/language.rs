//! What differs between languages in numbers, dates and lists.
//!
//! English is shipped. In any other language a date is ISO 8601, a number has no grouping and a list has commas:
//! right everywhere, if plain, until that language's words are written with it.

use forthwith_core::fact::When;
use jiff::{civil::Date, tz::TimeZone};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Returns whether `language` (BCP 47) is English.
pub(crate) fn is_english(language: &str) -> bool {
    language.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case("en"))
}

/// Returns the direction of writing, as HTML names it.
pub(crate) fn direction(language: &str) -> &'static str {
    const RIGHT_TO_LEFT: [&str; 8] = ["ar", "dv", "fa", "he", "ps", "sd", "ur", "yi"];
    let primary = language.split('-').next().unwrap_or_default().to_ascii_lowercase();
    if RIGHT_TO_LEFT.contains(&primary.as_str()) { "rtl" } else { "ltr" }
}

/// Returns `on 12 October 2020` or `between 1 and 14 September 2020`; an instant tells its day in UTC.
pub(crate) fn when(language: &str, when: &When) -> String {
    let (from, to) = match when {
        When::On(day) => (*day, *day),
        When::At(instant) => {
            let day = TimeZone::UTC.to_datetime(*instant).date();
            (day, day)
        }
        When::Between(from, to) => (*from, *to),
    };
    if !is_english(language) {
        return if from == to { from.to_string() } else { format!("{from} – {to}") };
    }
    if from == to {
        format!("on {}", day(from))
    } else {
        format!("between {} and {}", first_day(from, to), day(to))
    }
}

/// Returns `12 October 2020`.
pub(crate) fn date(language: &str, date: Date) -> String {
    if is_english(language) { day(date) } else { date.to_string() }
}

fn day(date: Date) -> String {
    format!("{} {}", day_and_month(date), date.year())
}

fn day_and_month(date: Date) -> String {
    let month = usize::try_from(date.month() - 1).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"");
    format!("{} {month}", date.day())
}

/// Returns the first day of a span without what it has in common with the last.
fn first_day(from: Date, to: Date) -> String {
    match (from.year() == to.year(), from.month() == to.month()) {
        (true, true) => from.day().to_string(),
        (true, false) => day_and_month(from),
        _ => day(from),
    }
}

/// Returns `12,481`.
pub(crate) fn number(language: &str, number: u64) -> String {
    let digits = number.to_string();
    if !is_english(language) {
        return digits;
    }
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns `a, b and c`.
pub(crate) fn list(language: &str, items: &[String]) -> String {
    match items {
        [before @ .., last] if !before.is_empty() && is_english(language) => {
            format!("{} and {last}", before.join(", "))
        }
        _ => items.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as civil;

    #[test]
    fn dates_read_as_people_write_them() {
        let between = |from, to| when("en", &When::Between(from, to));
        assert_eq!(when("en-GB", &When::On(civil(2020, 10, 12))), "on 12 October 2020");
        assert_eq!(when("en", &When::At("2020-10-12T23:59:59Z".parse().unwrap())), "on 12 October 2020");
        assert_eq!(between(civil(2020, 9, 1), civil(2020, 9, 14)), "between 1 and 14 September 2020");
        assert_eq!(between(civil(2020, 8, 28), civil(2020, 9, 3)), "between 28 August and 3 September 2020");
        assert_eq!(between(civil(2019, 12, 30), civil(2020, 1, 2)), "between 30 December 2019 and 2 January 2020");
        assert_eq!(between(civil(2020, 9, 1), civil(2021, 9, 1)), "between 1 September 2020 and 1 September 2021");
        assert_eq!(when("fr", &When::On(civil(2020, 10, 2))), "2020-10-02");
        assert_eq!(date("en", civil(2020, 1, 2)), "2 January 2020");
    }

    #[test]
    fn numbers_and_lists() {
        assert_eq!(number("en", 0), "0");
        assert_eq!(number("en", 999), "999");
        assert_eq!(number("en", 1_000), "1,000");
        assert_eq!(number("en", 12_345_678), "12,345,678");
        assert_eq!(number("de", 12_345), "12345");
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list("en", &items[..1]), "a");
        assert_eq!(list("en", &items[..2]), "a and b");
        assert_eq!(list("en", &items), "a, b and c");
        assert_eq!(list("ja", &items), "a, b, c");
    }
}
