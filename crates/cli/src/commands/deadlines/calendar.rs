//! The dates as a calendar (RFC 5545), for the calendars of those who must keep them.
//!
//! It names laws and authorities and no person. Every time is in UTC, so that it needs no zones; the name of an entry
//! stays the same when its date moves, and a calendar that reads the file again moves it too.

use super::Shown;
use crate::dated::period;
use forthwith_core::{
    deadlines::{Dated, Moment},
    digest::Digest,
    law::{Answer, Word as _},
};
use jiff::{Timestamp, tz::TimeZone};

/// Octets in a line, its end not counted (RFC 5545 section 3.1).
const LINE_OCTETS_MAX: usize = 75;
/// How long before the last moment a calendar reminds: a day, and four hours.
const ALARMS: [&str; 2] = ["-P1D", "-PT4H"];

/// Returns what stands in the calendar: what is owed or may be, and has a date.
pub fn dates<'a>(shown: &'a Shown<'a>) -> impl Iterator<Item = (&'a Dated<'a>, &'a Moment)> {
    let owed = shown.dated.iter().filter(|dated| dated.owed != Answer::No);
    owed.filter_map(|dated| Some((dated, dated.due.as_ref()?)))
}

/// Returns the calendar.
pub fn text(shown: &Shown<'_>) -> String {
    let mut text = Text(String::new());
    text.line("BEGIN:VCALENDAR");
    text.line("VERSION:2.0");
    text.line(concat!("PRODID:-//forthwith//forthwith ", env!("CARGO_PKG_VERSION"), "//EN"));
    for (dated, due) in dates(shown) {
        event(&mut text, shown, dated, due);
    }
    text.line("END:VCALENDAR");
    text.0
}

fn event(text: &mut Text, shown: &Shown<'_>, dated: &Dated<'_>, due: &Moment) {
    let summary = summary(dated);
    text.line("BEGIN:VEVENT");
    text.line(&format!("UID:{}", uid(shown, dated)));
    text.line(&format!("DTSTAMP:{}", utc(shown.now)));
    text.line(&format!("DTSTART:{}", utc(due.at)));
    text.value("SUMMARY", &summary);
    text.value("DESCRIPTION", &description(dated, due));
    text.line("CLASS:CONFIDENTIAL");
    text.line("TRANSP:TRANSPARENT");
    for trigger in ALARMS {
        text.line("BEGIN:VALARM");
        text.line("ACTION:DISPLAY");
        text.line(&format!("TRIGGER:{trigger}"));
        text.value("DESCRIPTION", &summary);
        text.line("END:VALARM");
    }
    text.line("END:VEVENT");
}

fn summary(dated: &Dated<'_>) -> String {
    let perhaps = if dated.owed == Answer::Yes { "" } else { "perhaps " };
    let held = if dated.held.is_some() { "on hold: " } else { "" };
    let to = dated.obligation.to.word().replace('_', " ");
    format!("{held}{perhaps}last moment to tell {to} ({} {})", dated.regime.id, dated.obligation.id)
}

fn description(dated: &Dated<'_>, due: &Moment) -> String {
    let local = due.zone.to_datetime(due.at).strftime("%a %F %H:%M:%S").to_string();
    let mut lines = vec![
        format!("{local} {}", due.zone.iana_name().unwrap_or("UTC")),
        format!("{}: {}", dated.obligation.to.says(), dated.obligation.who.join("; ")),
        format!("{} ({})", dated.obligation.basis.cite, dated.verified()),
    ];
    lines.extend(dated.counting.as_ref().map(|counting| {
        let event = counting.event.map_or("the end of the hold", |event| event.word());
        format!("{} from {event}", period(counting))
    }));
    lines.extend(dated.moves.iter().cloned());
    lines.push("Not confirmed by counsel unless it says so.".to_owned());
    lines.join("\n")
}

/// Returns the name of an entry: of the incident and the obligation, and of neither date nor law's version.
fn uid(shown: &Shown<'_>, dated: &Dated<'_>) -> String {
    let domain = shown.incident.organisation.from.address.domain();
    let of = [&shown.incident.id, domain, &dated.regime.id, &dated.obligation.id].join("\n");
    format!("{}@forthwith", &Digest::of(of.as_bytes()).hex()[..32])
}

fn utc(at: Timestamp) -> String {
    TimeZone::UTC.to_datetime(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Content lines, folded, each ended by CR and LF.
struct Text(String);

impl Text {
    /// Writes a property whose value is text.
    fn value(&mut self, name: &str, value: &str) {
        let value = value.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n");
        self.line(&format!("{name}:{value}"));
    }

    /// Writes a line in pieces that fit, each after the first behind a space. A character is never cut.
    fn line(&mut self, line: &str) {
        let mut octets = 0;
        for c in line.chars() {
            if octets + c.len_utf8() > LINE_OCTETS_MAX {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(c);
            octets += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_folded_where_it_is_full_and_no_character_is_cut() {
        let mut text = Text(String::new());
        text.value("SUMMARY", &format!("{}§§ a;b,c\\d\ne", "x".repeat(66)));
        let lines: Vec<_> = text.0.split("\r\n").collect();
        assert_eq!(lines[0].len(), 74, "the paragraph sign has two octets and does not fit");
        assert_eq!(lines[1..], [" §§ a\\;b\\,c\\\\d\\ne", ""]);
        let mut text = Text(String::new());
        text.line(&"y".repeat(75 + 74 + 1));
        assert_eq!(text.0.split("\r\n").map(str::len).collect::<Vec<_>>(), [75, 75, 2, 0]);
    }
}
