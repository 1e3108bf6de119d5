//! A fact that the public asks for: a value, `unknown`, or not told for a stated reason. Never prose.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A fact about the incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact<T> {
    /// We know it and say it.
    Known(T),
    /// We do not know it, and say so.
    Unknown,
    /// We know it and do not say it; the reason is for counsel.
    NotTold {
        /// Why it is not said.
        reason: String,
    },
}

impl<T> Fact<T> {
    /// Returns the value where it is known and told.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown | Self::NotTold { .. } => None,
        }
    }

    /// Returns whether we say that we do not know.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// When something happened, as exactly as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// On a day.
    On(Date),
    /// At an instant; notices tell the day alone.
    At(Timestamp),
    /// From one day to another, both included.
    Between(Date, Date),
}

impl When {
    /// Returns its first day; that of a moment in UTC.
    pub fn day(&self) -> Date {
        match self {
            Self::On(day) | Self::Between(day, _) => *day,
            Self::At(at) => jiff::tz::TimeZone::UTC.to_datetime(*at).date(),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(day) => write!(f, "{day}"),
            Self::At(at) => write!(f, "{at}"),
            Self::Between(from, to) => write!(f, "{from} to {to}"),
        }
    }
}

/// Who determined something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Determination {
    /// The person's name and role.
    pub by: String,
    /// The day of the finding.
    pub on: Date,
}
