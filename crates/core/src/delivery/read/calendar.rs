//! Reads when a run may begin attempts: `hours`, `days`, `not_before` and `per_day` of delivery.toml.

use super::ParseSettingError;
use crate::{
    calendar::{Calendar, Hours, MINUTES_OF_DAY},
    document::Table,
    zone,
};
use jiff::tz::TimeZone;

/// Attempts of a calendar day: more than any list has.
const PER_DAY_MAX: u64 = 1_000_000_000;
/// The days of the week as they are written, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads the four keys, and reports what is wrong in each.
pub(super) fn calendar(root: &Table<'_>) -> Option<Calendar> {
    let always = Calendar::default();
    let hours = root.get("hours").map_or(Some((None, always.zone)), |field| {
        let parsed = parse_hours(&field.line()?);
        parsed
            .map(|(hours, zone)| (Some(hours), zone))
            .map_err(|error| field.refuse_with("hours", error.to_string(), HOURS_HINT))
            .ok()
    });
    let days = root.get("days").map_or(Some(always.days), |field| {
        let texts = if field.is_text() { vec![field.line()?] } else { field.lines()? };
        let hint = "write \"mon-fri\", or [\"mon\", \"wed\"]";
        parse_days(&texts).map_err(|error| field.refuse_with("days", error.to_string(), hint)).ok()
    });
    let not_before = root.get("not_before").map_or(Some(None), |field| field.instant().map(Some));
    let per_day = root.get("per_day").map_or(Some(None), |field| {
        let number = field.number()?;
        if !(1..=PER_DAY_MAX).contains(&number) {
            let hint = "leave it out for no limit";
            field.refuse_with("per-day", format!("a day has 1 to {PER_DAY_MAX} attempts"), hint);
            return None;
        }
        Some(u32::try_from(number).ok())
    });
    let (hours, zone) = hours?;
    Some(Calendar { zone, hours, days: days?, not_before: not_before?, per_day: per_day? })
}

const HOURS_HINT: &str = "write hours = \"08:00-18:00 Europe/Berlin\"";

/// Reads `08:00-18:00 Europe/Berlin`; the end may be 24:00.
fn parse_hours(text: &str) -> Result<(Hours, TimeZone), ParseSettingError> {
    let refuse = |why: String| Err(ParseSettingError(why));
    let Some((span, zone)) = text.split_once(char::is_whitespace) else {
        return refuse("hours are two times and the zone that they are meant in".to_owned());
    };
    let Some((Some(from), Some(to))) = span.split_once('-').map(|(from, to)| (minutes(from), minutes(to))) else {
        return refuse(format!("`{span}` is not from one time of a day to another"));
    };
    if from == to || from == MINUTES_OF_DAY {
        return refuse(format!("`{span}` is no time at all: for the whole day, write 00:00-24:00"));
    }
    match zone::named(zone.trim()) {
        Ok(zone) => Ok((Hours { from, to }, zone)),
        Err(why) => refuse(why),
    }
}

/// Reads `08:00` as minutes from midnight, up to 24:00.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let is_digits = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(hours) || !is_digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= MINUTES_OF_DAY).then_some(minute)
}

/// Reads `mon-fri` and single days; `sat-mon` goes over the end of the week.
fn parse_days(texts: &[String]) -> Result<[bool; 7], ParseSettingError> {
    let day = |name: &str| {
        let at = DAYS.iter().position(|day| *day == name.trim());
        at.ok_or_else(|| ParseSettingError(format!("`{name}` is not a day: {}", DAYS.join(", "))))
    };
    let mut days = [false; 7];
    for text in texts {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (day(first)?, day(last)?);
        for step in 0..=(last + DAYS.len() - first) % DAYS.len() {
            days[(first + step) % DAYS.len()] = true;
        }
    }
    if days == [false; 7] {
        return Err(ParseSettingError("no day is left to begin on".to_owned()));
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::read;

    #[test]
    fn hours_days_embargo_and_number_of_a_day() {
        let text = "relay = \"inbox\"\nhours = \"22:00-06:00 Europe/Berlin\"\ndays = \"mon-fri\"\n\
            not_before = 2020-10-22T09:00:00Z\nper_day = 20000\n";
        let (delivery, findings) = read("delivery.toml", text.as_bytes());
        assert_eq!(findings, []);
        let calendar = delivery.unwrap().calendar;
        assert_eq!(calendar.hours, Some(Hours { from: 1_320, to: 360 }));
        assert_eq!(calendar.zone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(calendar.days, [true, true, true, true, true, false, false]);
        assert_eq!(calendar.not_before.unwrap().to_string(), "2020-10-22T09:00:00Z");
        assert_eq!(calendar.per_day, Some(20_000));
        assert_eq!(read("delivery.toml", b"relay = \"inbox\"").0.unwrap().calendar, Calendar::default());
    }

    #[test]
    fn days_in_lists_and_over_the_end_of_the_week() {
        let read = |texts: &[&str]| parse_days(&texts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(read(&["sat-mon"]), Ok([true, false, false, false, false, true, true]));
        assert_eq!(read(&["tue", "thu-fri"]), Ok([false, true, false, true, true, false, false]));
        assert_eq!(read(&["mon-sun"]), Ok([true; 7]));
        assert_eq!(read(&["wed-wed"]), read(&["wed"]));
        assert!(read(&[]).is_err() && read(&["monday"]).is_err() && read(&["mon-"]).is_err());
    }

    #[test]
    fn every_slip_is_a_finding_at_its_place() {
        for (line, code, place) in [
            ("hours = \"08:00-18:00\"", "hours", "\"08:00-18:00\""),
            ("hours = \"8-18 UTC\"", "hours", "\"8-18 UTC\""),
            ("hours = \"08:00-18:60 UTC\"", "hours", "\"08:00-18:60 UTC\""),
            ("hours = \"08:00-24:01 UTC\"", "hours", "\"08:00-24:01 UTC\""),
            ("hours = \"08:00-08:00 UTC\"", "hours", "\"08:00-08:00 UTC\""),
            ("hours = \"24:00-08:00 UTC\"", "hours", "\"24:00-08:00 UTC\""),
            ("hours = \"08:00-18:00 Europe/Berln\"", "hours", "\"08:00-18:00 Europe/Berln\""),
            ("days = []", "days", "[]"),
            ("days = [\"mon\", \"noday\"]", "days", "[\"mon\", \"noday\"]"),
            ("not_before = 2020-10-22", "wrong-type", "2020-10-22"),
            ("not_before = \"2020-10-22T09:00:00Z\"", "wrong-type", "\"2020-10-22T09:00:00Z\""),
            ("per_day = 0", "per-day", "0"),
            ("per_day = 5000000000", "per-day", "5000000000"),
            ("per_day = \"many\"", "wrong-type", "\"many\""),
        ] {
            let text = format!("relay = \"inbox\"\n{line}\n");
            let (delivery, findings) = read("delivery.toml", text.as_bytes());
            assert!(delivery.is_none() && findings.len() == 1, "{line}: {findings:?}");
            assert_eq!((findings[0].code, &text[findings[0].place.span.clone().unwrap()]), (code, place), "{line}");
        }
        let (_, findings) = read("delivery.toml", b"relay = \"inbox\"\nhours = \"08:00-18:00 Europe/Berln\"\n");
        assert!(findings[0].message.contains("is Europe/Berlin meant?"), "{:?}", findings[0]);
    }
}
