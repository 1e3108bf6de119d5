//! Pace, expected end and time left of a plan, reckoned from one moment: what delivery.toml and the clock say, and
//! the plan does not. Nothing is reckoned here.

use jiff::Timestamp;
use serde::Serialize;

/// What is reckoned from one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PacketTiming {
    /// The moment.
    pub as_of: Timestamp,
    /// The moment in the zone of the calendar, with the zone: `2020-10-23 08:00 Europe/Berlin`.
    pub as_of_local: String,
    /// What `notify` says before it begins: a name and words each.
    pub lines: Vec<(String, String)>,
    /// When the last notice goes out, where it can be told.
    pub end: Option<Timestamp>,
    /// When every notice must have been handed over.
    pub deadline: Option<Timestamp>,
    /// Seconds from the last notice to the deadline, where both are known and it is met.
    pub seconds_to_spare: Option<u64>,
    /// Why the deadline is not met, where it is not.
    pub late: Option<String>,
    /// What would make it, a step each.
    pub remedies: Vec<String>,
    /// Why nothing can be reckoned, where it cannot.
    pub unknown: Option<String>,
    /// Notices by hour, those in which any go out, as far as they can be told.
    pub hours: Vec<PacketHour>,
    /// How many go out after the last of these hours.
    pub after: u64,
}

/// The notices that go out in one hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PacketHour {
    /// When it begins.
    pub from: Timestamp,
    /// The same in the zone of the calendar: `2020-10-23 08:00`.
    pub from_local: String,
    /// How many.
    pub notices: u64,
}
