//! Which days are no business days: weekends, and the holidays of a place, worked out by rule.
//!
//! Only what a law of the whole place makes a holiday stands here: a day too many would make a date too late. What a
//! state, a city or an order for one day adds is counted as a business day.

use crate::law::Area;
use jiff::{
    Span,
    civil::{Date, Weekday},
};

/// The years for which the rules were looked at.
const YEARS: std::ops::RangeInclusive<i16> = 2024..=2030;

/// The holidays of a place.
#[derive(Debug, PartialEq, Eq)]
pub struct Holidays {
    /// What they are called, with the law that makes them.
    pub name: &'static str,
    /// The rule of each.
    days: &'static [(&'static str, Rule)],
    /// Whether one that falls on a weekend is kept on the nearest weekday.
    is_moved: bool,
}

/// On which day of a year a holiday falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Month and day.
    On(i8, i8),
    /// The n-th weekday of a month; the last for -1.
    Nth(i8, Weekday, i8),
    /// So many days from Easter Sunday.
    Easter(i64),
}

use Rule::{Easter, Nth, On};

/// The holidays of the United States: 5 U.S.C. 6103(a). One on a Saturday is kept on the Friday before, by section
/// 6103(b)(1); one on a Sunday on the Monday after, by Executive Order 11582.
const UNITED_STATES: Holidays = Holidays {
    name: "federal holidays of the US, 5 U.S.C. 6103",
    days: &[
        ("New Year's Day", On(1, 1)),
        ("Birthday of Martin Luther King, Jr.", Nth(3, Weekday::Monday, 1)),
        ("Washington's Birthday", Nth(3, Weekday::Monday, 2)),
        ("Memorial Day", Nth(-1, Weekday::Monday, 5)),
        ("Juneteenth", On(6, 19)),
        ("Independence Day", On(7, 4)),
        ("Labor Day", Nth(1, Weekday::Monday, 9)),
        ("Columbus Day", Nth(2, Weekday::Monday, 10)),
        ("Veterans Day", On(11, 11)),
        ("Thanksgiving Day", Nth(4, Weekday::Thursday, 11)),
        ("Christmas Day", On(12, 25)),
    ],
    is_moved: true,
};

/// The national holidays of Brazil: Laws 662/1949, 6.802/1980, 10.607/2002 and 14.759/2023, and Good Friday, which the
/// federal administration's yearly order counts among them. Days off at choice (Carnival, Corpus Christi) are none.
const BRAZIL: Holidays = Holidays {
    name: "national holidays of Brazil, Law 662/1949 and others",
    days: &[
        ("Confraternização Universal", On(1, 1)),
        ("Paixão de Cristo", Easter(-2)),
        ("Tiradentes", On(4, 21)),
        ("Dia do Trabalho", On(5, 1)),
        ("Independência", On(9, 7)),
        ("Nossa Senhora Aparecida", On(10, 12)),
        ("Finados", On(11, 2)),
        ("Proclamação da República", On(11, 15)),
        ("Consciência Negra", On(11, 20)),
        ("Natal", On(12, 25)),
    ],
    is_moved: false,
};

impl Holidays {
    /// Returns the holidays of a place, where they are known.
    pub fn of(place: &Area) -> Option<&'static Self> {
        match place.country() {
            "US" | "PR" => Some(&UNITED_STATES),
            "BR" => Some(&BRAZIL),
            _ => None,
        }
    }

    /// Returns whether the rules were looked at for the year of `day`.
    pub fn know(&self, day: Date) -> bool {
        YEARS.contains(&day.year())
    }

    /// Returns the holiday that is kept on `day`.
    pub fn on(&self, day: Date) -> Option<&'static str> {
        // New Year's Day on a Saturday is kept in the year before.
        let years = [day.year(), day.year().saturating_add(1)];
        let is_kept = |rule: &Rule| years.iter().any(|year| self.kept(*rule, *year) == Some(day));
        self.days.iter().find(|(_, rule)| is_kept(rule)).map(|(name, _)| *name)
    }

    fn kept(&self, rule: Rule, year: i16) -> Option<Date> {
        let day = rule.in_year(year)?;
        match day.weekday() {
            Weekday::Saturday if self.is_moved => day.yesterday().ok(),
            Weekday::Sunday if self.is_moved => day.tomorrow().ok(),
            _ => Some(day),
        }
    }
}

impl Rule {
    fn in_year(self, year: i16) -> Option<Date> {
        match self {
            On(month, day) => Date::new(year, month, day).ok(),
            Nth(n, weekday, month) => Date::new(year, month, 1).ok()?.nth_weekday_of_month(n, weekday).ok(),
            Easter(days) => easter(year)?.checked_add(Span::new().days(days)).ok(),
        }
    }
}

/// Returns Easter Sunday of the Gregorian calendar: the anonymous algorithm (Meeus, Astronomical Algorithms, ch. 8).
fn easter(year: i16) -> Option<Date> {
    let whole = i32::from(year);
    let (golden, century, within) = (whole % 19, whole / 100, whole % 100);
    let epact = (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (within / 4) - epact - within % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let day = epact + weekday - 7 * late + 114;
    Date::new(year, (day / 31).try_into().ok()?, (day % 31 + 1).try_into().ok()?).ok()
}

/// Returns whether `day` is on a weekend.
pub(super) fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn kept(holidays: &Holidays, year: i16) -> Vec<String> {
        let days = date(year, 1, 1).series(Span::new().days(1)).take_while(|day| day.year() == year);
        days.filter(|day| holidays.on(*day).is_some()).map(|day| day.strftime("%m-%d").to_string()).collect()
    }

    /// From the calendars of the Office of Personnel Management (opm.gov, Federal Holidays).
    #[test]
    fn federal_holidays_of_the_us_are_those_of_the_calendar() {
        let calendars = [
            (2024, "01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25"),
            (2025, "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25"),
            // The fourth of July is a Saturday.
            (2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
            // Juneteenth and Christmas are Saturdays, the fourth of July is a Sunday, and so is New Year's Day of 2028
            // a Saturday, kept on the last day of 2027.
            (2027, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
            (2028, "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25"),
        ];
        for (year, days) in calendars {
            assert_eq!(kept(&UNITED_STATES, year).join(" "), days, "{year}");
        }
    }

    /// From the orders of the Ministry of Management for 2024, 2025 and 2026 (Diário Oficial da União): what they call
    /// feriado nacional.
    #[test]
    fn national_holidays_of_brazil_are_those_of_the_yearly_order() {
        for (year, good_friday) in [(2024, "03-29"), (2025, "04-18"), (2026, "04-03")] {
            let days = format!("01-01 {good_friday} 04-21 05-01 09-07 10-12 11-02 11-15 11-20 12-25");
            assert_eq!(kept(&BRAZIL, year).join(" "), days, "{year}");
        }
    }

    /// Dates of Easter from the tables of the US Naval Observatory.
    #[test]
    fn easter_is_where_the_tables_have_it() {
        let tables = [(1999, 4, 4), (2000, 4, 23), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2027, 3, 28)];
        let later = [(2028, 4, 16), (2029, 4, 1), (2030, 4, 21), (2038, 4, 25)];
        for (year, month, day) in tables.into_iter().chain(later) {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
    }

    #[test]
    fn a_place_has_the_holidays_of_its_country() {
        let of = |code: &str| Holidays::of(&Area::parse(code).unwrap()).map(|holidays| holidays.name);
        assert_eq!(of("US-VT"), of("US"));
        assert!(of("US").is_some() && of("BR").is_some());
        assert_eq!(of("DE"), None);
        assert!(UNITED_STATES.know(date(2030, 12, 31)) && !UNITED_STATES.know(date(2031, 1, 1)));
    }
}
