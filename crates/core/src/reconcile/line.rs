//! One line of a system log: its time, host, program and text, in the two forms that mail relays write.
//!
//! `Nov 23 19:43:30 relay postfix/smtpd[9718]: …` (RFC 3164) has neither year nor zone; the other form begins
//! with an ISO 8601 time. What is in neither form is no line of a relay.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

/// How far ahead of the reading a line may be: the clocks of two machines, and nothing more.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Years that are tried for a line without one: 29 February comes after eight years at the latest.
const YEARS_TRIED: i16 = 9;
/// Octets of `Nov 23 19:43:30`.
const SHORT_TIME: usize = 15;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A line of a Postfix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// When; `None` where the hour is one that comes twice, or never, in its zone.
    pub(super) at: Option<Timestamp>,
    pub(super) host: &'a str,
    /// `postfix` in `postfix/submission/smtpd`: queue ids are one instance's.
    pub(super) instance: &'a str,
    /// `smtpd` in `postfix/submission/smtpd`.
    pub(super) program: &'a str,
    /// `postfix/submission/smtpd[9718]`: one process.
    pub(super) process: &'a str,
    pub(super) text: &'a str,
}

impl<'a> Line<'a> {
    /// Reads a line without its line end; `None` where it is no line of a Postfix.
    ///
    /// A line without a year is of the latest year that does not put it after `read_at`.
    pub(super) fn parse(line: &'a str, zone: &TimeZone, read_at: Timestamp) -> Option<Self> {
        let (at, rest) = time(line, zone, read_at)?;
        let (host, rest) = rest.trim_start_matches(' ').split_once(' ')?;
        let (process, text) = rest.split_once(": ")?;
        let (name, number) = process.strip_suffix(']')?.split_once('[')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let (instance, service) = name.split_once('/')?;
        let program = service.rsplit('/').next().unwrap_or(service);
        (is_number && instance.starts_with("postfix")).then_some(Self {
            at,
            host,
            instance,
            program,
            process,
            text,
        })
    }
}

fn time<'a>(line: &'a str, zone: &TimeZone, read_at: Timestamp) -> Option<(Option<Timestamp>, &'a str)> {
    if line.starts_with(|c: char| c.is_ascii_digit()) {
        let (time, rest) = line.split_once(' ')?;
        return Some((Some(time.parse().ok()?), rest));
    }
    let (time, rest) = line.split_at_checked(SHORT_TIME)?;
    let month = MONTHS.iter().position(|month| time.starts_with(month))?;
    let month = i8::try_from(month + 1).ok()?;
    let day = time.get(4..6)?.trim_start().parse().ok()?;
    let clock = time.get(7..)?;
    let mut parts = clock.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let limit = read_at.checked_add(AHEAD_MAX).unwrap_or(Timestamp::MAX);
    let this_year = zone.to_datetime(limit).year();
    let local = |year| civil::DateTime::new(year, month, day, hour, minute, second, 0).ok();
    // The latest moment that an ambiguous hour may mean still has to lie before the limit.
    let fits = |local: &civil::DateTime| zone.to_ambiguous_timestamp(*local).later().is_ok_and(|at| at <= limit);
    let local = (0..YEARS_TRIED).filter_map(|ago| local(this_year - ago)).find(fits)?;
    Some((zone.to_ambiguous_timestamp(local).unambiguous().ok(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn parse<'a>(line: &'a str, zone: &str, read_at: &str) -> Option<Line<'a>> {
        Line::parse(line, &TimeZone::get(zone).unwrap(), at(read_at))
    }

    #[test]
    fn both_forms_are_read() {
        let rest = "relay postfix/submission/smtpd[9718]: connect from x[192.0.2.1]";
        let read_at = "2026-11-24T00:00:00Z";
        let short = format!("Nov  3 19:43:30 {rest}");
        let line = parse(&short, "Europe/Berlin", read_at).unwrap();
        assert_eq!(line.at, Some(at("2026-11-03T18:43:30Z")));
        assert_eq!((line.host, line.instance, line.program), ("relay", "postfix", "smtpd"));
        assert_eq!((line.process, line.text), ("postfix/submission/smtpd[9718]", "connect from x[192.0.2.1]"));
        let long = format!("2026-11-03T19:43:30.123456+01:00 {rest}");
        let expected = Line { at: Some(at("2026-11-03T18:43:30.123456Z")), ..line };
        assert_eq!(parse(&long, "UTC", read_at), Some(expected));
    }

    #[test]
    fn the_year_is_the_latest_that_is_not_to_come() {
        let of = |time: &str, read_at| parse(&format!("{time} h postfix/qmgr[1]: x"), "UTC", read_at).unwrap().at;
        assert_eq!(of("Dec 31 23:59:59", "2027-01-02T00:00:00Z"), Some(at("2026-12-31T23:59:59Z")));
        assert_eq!(of("Jan  1 00:00:01", "2027-01-02T00:00:00Z"), Some(at("2027-01-01T00:00:01Z")));
        // The relay's clock is ahead.
        assert_eq!(of("Jan  1 00:00:01", "2026-12-31T23:59:59Z"), Some(at("2027-01-01T00:00:01Z")));
        assert_eq!(of("Feb 29 12:00:00", "2027-01-02T00:00:00Z"), Some(at("2024-02-29T12:00:00Z")));
    }

    #[test]
    fn an_hour_that_comes_twice_or_never_has_no_time() {
        let of = |time: &str| {
            parse(&format!("{time} h postfix/qmgr[1]: x"), "Europe/Berlin", "2026-11-24T00:00:00Z").unwrap().at
        };
        assert_eq!(of("Oct 25 02:30:00"), None);
        assert_eq!(of("Mar 29 02:30:00"), None);
        assert_eq!(of("Oct 25 03:30:00"), Some(at("2026-10-25T02:30:00Z")));
    }

    #[test]
    fn what_is_no_line_of_a_postfix_is_left_out() {
        for line in [
            "",
            "Nov",
            "Nov 23 19:43:30",
            "Nov 23 19:43:30 ",
            "Nov 23 19:43:30 relay",
            "Nov 23 19:43:30 relay postfix/smtpd: x",
            "Nov 23 19:43:30 relay postfix/smtpd[]: x",
            "Nov 23 19:43:30 relay postfix/smtpd[x]: x",
            "Nov 23 19:43:30 relay sshd[1]: x",
            "Nov 23 19:43:30 relay kernel/x[1]: x",
            "Nov 32 19:43:30 relay postfix/smtpd[1]: x",
            "Foo 23 19:43:30 relay postfix/smtpd[1]: x",
            "Növ 23 19:43:30 relay postfix/smtpd[1]: x",
            "2026-13-23T19:43:30Z relay postfix/smtpd[1]: x",
            "2026-11-23T19:43:30 relay postfix/smtpd[1]: x",
            "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd} relay",
        ] {
            assert_eq!(parse(line, "UTC", "2026-11-24T00:00:00Z"), None, "{line:?}");
        }
    }
}
