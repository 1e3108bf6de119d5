//! What differs between languages in dates, numbers, lists and plurals, by the data of Unicode's CLDR.
//!
//! A date is of the Gregorian calendar and its digits are Latin, unless the language's tag says otherwise
//! (`fa-u-ca-persian`). Which words stand around a date is a phrase of the language; without one, none do.

use crate::{shipped, source::Phrases};
use forthwith_core::fact::When;
use icu::{
    calendar::{Date as IcuDate, Iso},
    datetime::{
        DateTimeFormatter,
        fieldsets::{MD, YMD},
    },
    decimal::{DecimalFormatter, input::Decimal, options::DecimalFormatterOptions},
    list::{ListFormatter, options::ListFormatterOptions},
    locale::{
        Locale,
        extensions::unicode::{key, value},
        locale,
    },
    plurals::{PluralCategory, PluralRules},
};
use jiff::{civil::Date, tz::TimeZone};
use std::sync::LazyLock;

/// How one language writes dates, numbers and lists: made once for each language.
pub(crate) struct Language {
    is_french: bool,
    day_and_month: DateTimeFormatter<MD>,
    date: DateTimeFormatter<YMD>,
    number: DecimalFormatter,
    list: ListFormatter,
    plurals: PluralRules,
    /// What stands around a day, around two between which it was, and around the first and last of a time.
    around: [String; 3],
}

/// English, in which the packet is written.
pub(crate) static ENGLISH: LazyLock<Language> = LazyLock::new(|| {
    let phrases = AROUND.iter().filter_map(|name| Some((*name, shipped::phrase(name, "en")?)));
    Language::new("en", &phrases.collect())
});

/// The phrases of what stands around dates.
pub(crate) const AROUND: [&str; 3] = ["when_on", "when_between", "when_from"];

/// Returns whether `language` (BCP 47) is English.
pub(crate) fn is_english(language: &str) -> bool {
    primary(language) == "en"
}

/// Returns the language alone of a tag (BCP 47), in lower case: `pt` of `pt-BR`.
pub(crate) fn primary(language: &str) -> String {
    language.split('-').next().unwrap_or_default().to_ascii_lowercase()
}

/// Returns the direction of writing, as HTML names it.
pub(crate) fn direction(language: &str) -> &'static str {
    const RIGHT_TO_LEFT: [&str; 8] = ["ar", "dv", "fa", "he", "ps", "sd", "ur", "yi"];
    if RIGHT_TO_LEFT.contains(&primary(language).as_str()) { "rtl" } else { "ltr" }
}

/// Returns the locale by which `language` is written.
///
/// English without a region is that of the world and not of the US (CLDR's `en-001`): `12 October` is read
/// rightly by everybody, and stays what it is where a list has no regions.
fn locale_of(language: &str) -> Locale {
    let mut locale = if language.eq_ignore_ascii_case("en") {
        locale!("en-001")
    } else {
        language.parse().unwrap_or(Locale::UNKNOWN)
    };
    let keywords = &mut locale.extensions.unicode.keywords;
    for (key, value) in [(key!("ca"), value!("gregory")), (key!("nu"), value!("latn"))] {
        if !keywords.contains_key(&key) {
            keywords.set(key, value);
        }
    }
    locale
}

/// ICU4X falls back to the root locale, which is compiled in: it fails for data alone that is not there.
const COMPILED_IN: &str = "the data of the root locale is compiled in";

impl Language {
    /// Returns how `language` (BCP 47) is written; the phrases are its own.
    pub(crate) fn new(language: &str, phrases: &Phrases) -> Self {
        let locale = locale_of(language);
        let phrase = |name: &str, plain: &str| phrases.get(name).unwrap_or(plain).to_owned();
        Self {
            is_french: primary(language) == "fr",
            day_and_month: DateTimeFormatter::try_new((&locale).into(), MD::long()).expect(COMPILED_IN),
            date: DateTimeFormatter::try_new((&locale).into(), YMD::long()).expect(COMPILED_IN),
            number: DecimalFormatter::try_new((&locale).into(), DecimalFormatterOptions::default())
                .expect(COMPILED_IN),
            list: ListFormatter::try_new_and((&locale).into(), ListFormatterOptions::default()).expect(COMPILED_IN),
            plurals: PluralRules::try_new_cardinal((&locale).into()).expect(COMPILED_IN),
            around: [
                phrase("when_on", "{day}"),
                phrase("when_between", "{first} – {last}"),
                phrase("when_from", "{first} – {last}"),
            ],
        }
    }

    /// Returns `on 12 October 2020` or `between 1 and 14 September 2020`; an instant tells its day in UTC.
    pub(crate) fn when(&self, when: &When) -> String {
        self.put(when, &self.around[1])
    }

    /// Returns `from 1 to 14 September 2020`: the time that something lasted.
    pub(crate) fn span(&self, when: &When) -> String {
        self.put(when, &self.around[2])
    }

    fn put(&self, when: &When, around: &str) -> String {
        let (from, to) = match when {
            When::On(day) => (*day, *day),
            When::At(instant) => {
                let day = TimeZone::UTC.to_datetime(*instant).date();
                (day, day)
            }
            When::Between(from, to) => (*from, *to),
        };
        if from == to {
            return self.around[0].replace("{day}", &self.date(from));
        }
        around.replace("{first}", &self.first_day(from, to)).replace("{last}", &self.date(to))
    }

    /// Returns `12 October 2020`.
    pub(crate) fn date(&self, date: Date) -> String {
        self.ordinal(date, self.date.format(&icu_date(date)).to_string())
    }

    /// Returns the first day of a time without the words that it ends in like the last: `1`, `28 August`.
    fn first_day(&self, from: Date, to: Date) -> String {
        if from.year() != to.year() {
            return self.date(from);
        }
        let [first, last] = [from, to].map(|day| self.day_and_month.format(&icu_date(day)).to_string());
        let words: Vec<&str> = first.split(' ').collect();
        let ends = words.iter().rev().zip(last.split(' ').rev());
        let shared = ends.take_while(|(first, last)| *first == last).count();
        self.ordinal(from, words[..words.len() - shared].join(" "))
    }

    /// Writes the first of a month as French does, and CLDR does not.
    fn ordinal(&self, date: Date, shown: String) -> String {
        match shown.strip_prefix('1').filter(|_| self.is_french && date.day() == 1) {
            Some(rest) => format!("1er{rest}"),
            None => shown,
        }
    }

    /// Returns `12,481`.
    pub(crate) fn number(&self, number: u64) -> String {
        self.number.format(&Decimal::from(number)).to_string()
    }

    /// Returns the name of the form that a counted noun takes after `number`, as CLDR names it: `one`, `other`.
    pub(crate) fn plural(&self, number: u64) -> &'static str {
        match self.plurals.category_for(number) {
            PluralCategory::Zero => "zero",
            PluralCategory::One => "one",
            PluralCategory::Two => "two",
            PluralCategory::Few => "few",
            PluralCategory::Many => "many",
            PluralCategory::Other => "other",
        }
    }

    /// Returns `a, b and c`.
    pub(crate) fn list(&self, items: &[&str]) -> String {
        self.list.format(items.iter()).to_string()
    }
}

fn icu_date(date: Date) -> IcuDate<Iso> {
    let part = |number: i8| u8::try_from(number).unwrap_or(1);
    IcuDate::try_new_iso(i32::from(date.year()), part(date.month()), part(date.day()))
        .expect("a day of jiff's calendar is one of ICU's")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as civil;

    fn language(tag: &str) -> Language {
        let phrases = AROUND.iter().filter_map(|name| Some((*name, shipped::phrase(name, tag)?)));
        Language::new(tag, &phrases.collect())
    }

    #[test]
    fn dates_read_as_people_write_them() {
        let october = When::On(civil(2020, 10, 12));
        let first = When::At("2020-03-01T23:59:59Z".parse().unwrap());
        let month = When::Between(civil(2020, 9, 1), civil(2020, 9, 14));
        let months = When::Between(civil(2020, 8, 28), civil(2020, 9, 3));
        let years = When::Between(civil(2019, 12, 30), civil(2020, 1, 2));
        let whole_year = When::Between(civil(2020, 9, 1), civil(2021, 9, 1));
        for (tag, when, expected) in [
            ("en", &october, "on 12 October 2020"),
            ("en-GB", &october, "on 12 October 2020"),
            ("en-US", &october, "on October 12, 2020"),
            ("en", &first, "on 1 March 2020"),
            ("en", &month, "between 1 and 14 September 2020"),
            ("en-US", &month, "between September 1 and September 14, 2020"),
            ("en", &months, "between 28 August and 3 September 2020"),
            ("en", &years, "between 30 December 2019 and 2 January 2020"),
            ("en", &whole_year, "between 1 September 2020 and 1 September 2021"),
            ("de", &october, "am 12. Oktober 2020"),
            ("de-CH", &month, "zwischen dem 1. und dem 14. September 2020"),
            ("de", &months, "zwischen dem 28. August und dem 3. September 2020"),
            ("fr", &first, "le 1er mars 2020"),
            ("fr", &month, "entre le 1er et le 14 septembre 2020"),
            ("fr", &years, "entre le 30 décembre 2019 et le 2 janvier 2020"),
            ("es", &october, "el 12 de octubre de 2020"),
            ("es", &month, "entre el 1 y el 14 de septiembre de 2020"),
            ("it", &october, "12 ottobre 2020"),
            ("it", &month, "1 – 14 settembre 2020"),
        ] {
            assert_eq!(language(tag).when(when), expected, "{tag}");
        }
        assert_eq!(language("en").span(&month), "from 1 to 14 September 2020");
        assert_eq!(language("de").span(&month), "vom 1. bis zum 14. September 2020");
        assert_eq!(language("fr").span(&months), "du 28 août au 3 septembre 2020");
        assert_eq!(language("es").span(&october), "el 12 de octubre de 2020");
    }

    /// Without more, ICU4X writes Persian, Thai and Egyptian dates in calendars and digits of their own.
    #[test]
    fn dates_are_gregorian_and_digits_latin_unless_the_tag_says_otherwise() {
        let day = civil(2020, 10, 12);
        for tag in ["fa", "th", "ar-EG", "my", "ne"] {
            let date = language(tag).date(day);
            assert!(date.contains("12") && date.contains("2020"), "{tag}: {date}");
            assert!(language(tag).number(12_481).starts_with("12"), "{tag}");
        }
        assert_eq!(language("fa-u-ca-persian-nu-latn").date(day), "21 مهر 1399");
        assert!(language("th-u-ca-buddhist").date(day).contains("2563"));
    }

    #[test]
    fn numbers_lists_and_plurals() {
        for (tag, number, expected) in [
            ("en", 0, "0"),
            ("en", 999, "999"),
            ("en", 1_000, "1,000"),
            ("en-US", 12_345_678, "12,345,678"),
            ("de", 12_345, "12.345"),
            ("de-CH", 12_345, "12'345"),
            ("fr", 12_345, "12\u{202f}345"),
            ("es", 4_210, "4210"),
            ("es", 12_345, "12.345"),
        ] {
            assert_eq!(language(tag).number(number), expected, "{tag}");
        }
        for (tag, items, expected) in [
            ("en", &["a"][..], "a"),
            ("en", &["a", "b"], "a and b"),
            ("en", &["a", "b", "c"], "a, b and c"),
            ("en-US", &["a", "b", "c"], "a, b, and c"),
            ("de", &["a", "b", "c"], "a, b und c"),
            ("fr", &["a", "b", "c"], "a, b et c"),
            ("es", &["a", "b", "c"], "a, b y c"),
            ("es", &["Ana", "Inés"], "Ana e Inés"),
            ("ja", &["a", "b", "c"], "a、b、c"),
        ] {
            assert_eq!(language(tag).list(items), expected, "{tag}");
        }
        for (tag, number, expected) in
            [("en", 1, "one"), ("en", 2, "other"), ("fr", 0, "one"), ("fr", 1_000_000, "many"), ("pl", 3, "few")]
        {
            assert_eq!(language(tag).plural(number), expected, "{tag} {number}");
        }
    }
}
