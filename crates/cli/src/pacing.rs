//! The pace in words: until when a run rests and why. The same for `notify` and `status`; it decides nothing.

use forthwith_core::calendar::Rest;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// Returns a moment in a zone, with the zone: `2020-10-23 08:00 Europe/Berlin`.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    format!("{} {}", zone.to_datetime(at).strftime("%F %H:%M"), zone.iana_name().unwrap_or("UTC"))
}

/// Returns until when nothing begins, and why.
pub fn resting(rest: &Rest, zone: &TimeZone) -> String {
    format!("Nothing begins until {}: {}", moment(rest.until, zone), rest.why.in_words())
}

/// Returns the same for programs.
pub fn resting_json(rest: &Rest) -> Value {
    json!({ "until": rest.until.to_string(), "why": rest.why.key() })
}
