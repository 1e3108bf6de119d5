//! Whom a regime wants told, from how many people on, by when, and in which order.
//!
//! What date that makes is not worked out here.

use super::{Basis, applies::Harm, clock::ClockEvent, word::vocabulary};
use serde::Serialize;

vocabulary! {
    /// Who is to be told.
    Addressee, "addressee":
    Individual = "individual", "the affected person";
    Regulator = "regulator", "an authority";
    CreditBureaus = "credit_bureaus", "the nationwide consumer reporting agencies";
    Media = "media", "media that reach the people of the area";
    Other = "other", "somebody else, who is named";
}

/// A duty to tell somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Obligation {
    /// Its name within the regime: `individual`, `ag`.
    pub id: String,
    /// Who is to be told.
    pub to: Addressee,
    /// Their names, where they have any; all of them are told, unless [`Obligation::says`] says otherwise.
    pub who: Vec<String>,
    /// From how many affected people on; `None` where one is enough.
    pub threshold: Option<Threshold>,
    /// By when.
    pub deadline: Deadline,
    /// When in relation to another obligation of the regime.
    pub sequence: Option<Sequence>,
    /// Its own test of harm, where it is not the regime's.
    pub harm: Option<Harm>,
    /// What is to be told besides what a notice says.
    pub include: Vec<String>,
    /// What a person must know besides.
    pub says: Option<String>,
    /// Where this stands.
    pub basis: Basis,
}

vocabulary! {
    /// Which people are counted.
    Scope, "scope":
    Residents = "residents", "people who live where the regime holds";
    ResidentsAtOneTime = "residents_at_one_time", "people who live where the regime holds and are notified at one time";
    ResidentsOfOneState = "residents_of_one_state", "people who live in one and the same state";
    Everyone = "everyone", "all affected people";
    EveryoneAtOneTime = "everyone_at_one_time", "all people who are notified at one time";
    Unreachable = "unreachable", "people whose contact data is missing, out of date or wrong";
}

vocabulary! {
    /// How a count is compared.
    Comparator, "comparator":
    MoreThan = ">", "more than";
    AtLeast = ">=", "at least";
    FewerThan = "<", "fewer than";
}

/// A number of people from which on something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Threshold {
    /// Which people are counted.
    pub scope: Scope,
    /// How the count is compared.
    pub op: Comparator,
    /// With which number.
    pub n: u64,
}

impl Threshold {
    /// Returns whether `count` people of its scope reach it.
    pub fn is_reached(&self, count: u64) -> bool {
        match self.op {
            Comparator::MoreThan => count > self.n,
            Comparator::AtLeast => count >= self.n,
            Comparator::FewerThan => count < self.n,
        }
    }
}

vocabulary! {
    /// In what a period is counted.
    Unit, "unit":
    Hours = "hours", "hours, nights and days of rest included";
    CalendarDays = "calendar_days", "days of the calendar";
    BusinessDays = "business_days", "days that are neither a weekend's nor a holiday";
    Months = "months", "months of the calendar";
}

/// A period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Period {
    /// How many.
    pub n: u32,
    /// Of what.
    pub unit: Unit,
}

/// What starts a clock: one event, or several of which the first or the last counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// This event.
    At(ClockEvent),
    /// Whichever of these comes first; an event that has not come does not hold it up.
    EarliestOf(Vec<ClockEvent>),
    /// Whichever of these comes last: all must have come.
    LatestOf(Vec<ClockEvent>),
}

/// By when an obligation is to be met. Where it holds neither a period nor an order, nothing is stated.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Deadline {
    /// The longest time; `None` where no number is stated.
    pub within: Option<Period>,
    /// What starts the clock.
    pub start: Option<Start>,
    /// Whether the period runs from the end of the calendar year in which the clock started.
    pub from_year_end: bool,
    /// The duty that runs underneath, as the law words it: "without undue delay". A person decides on it.
    pub soft: Option<String>,
    /// What lengthens it, in words. A person decides on it.
    pub extensions: Vec<String>,
    /// Whether what is not known yet may follow later.
    pub phased: bool,
}

vocabulary! {
    /// How an obligation stands in time to another.
    Order, "order":
    Before = "before", "before the other is met";
    NotLaterThan = "not_later_than", "no later than the other is met, whatever its own period allows";
    With = "with", "together with the other";
    After = "after", "after the other is met";
}

/// The order of two obligations of one regime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sequence {
    /// How this one stands to the other.
    pub order: Order,
    /// The id of the other.
    pub other: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparator_is_exact_at_its_number() {
        let reached = |op| {
            let threshold = Threshold { scope: Scope::Residents, op, n: 500 };
            [499, 500, 501].map(|count| threshold.is_reached(count))
        };
        assert_eq!(reached(Comparator::MoreThan), [false, false, true]);
        assert_eq!(reached(Comparator::AtLeast), [false, true, true]);
        assert_eq!(reached(Comparator::FewerThan), [true, false, false]);
    }
}
