//! How the date of a law is told in words: from what it was counted, and who counts for it.
//!
//! What is due when is core's; how dates are listed is their pages'.

use crate::terminal::{self, counted, grouped};
use forthwith_core::{
    deadlines::{Counting, Dated, Number},
    fact::When,
    incident::Decision,
    law::{Threshold, Word as _},
};

/// Returns how long from what: `30 calendar days from `discovered`, 2026-09-02`.
pub fn counted_from(counting: &Counting) -> String {
    let start = match &counting.start {
        When::On(day) => day.to_string(),
        When::At(at) => at.to_string(),
        When::Between(from, to) => format!("{from} to {to}"),
    };
    let event = counting.event.map_or("the end of the hold".to_owned(), |event| format!("`{event}`"));
    let year = if counting.from_year_end { "the end of the year of " } else { "" };
    let mut text = format!("{} from {year}{event}, {start}", period(counting));
    if let Some(holidays) = counting.holidays {
        let days: Vec<_> = counting.passed_over.iter().map(|(day, name)| format!("{day} {name}")).collect();
        let days = if days.is_empty() { "none on the way".to_owned() } else { days.join(", ") };
        text = format!("{text}; without weekends and the {holidays}: {days}");
    }
    text
}

/// Returns how many count, and from how many on the rule holds.
pub fn people(dated: &Dated<'_>) -> String {
    let people = number(dated.counted.number);
    let Some(threshold) = dated.obligation.threshold else { return format!("{people} counted") };
    let states = dated.counted.states_that_reach(threshold);
    let states = if states.is_empty() { String::new() } else { format!(", in {}", states.join(", ")) };
    let Threshold { scope, op, n } = threshold;
    format!("{people} counted{states}; the rule is for {} {}: {}", op.says(), grouped(n), scope.says())
}

/// Returns a number of people, or between which two it lies.
pub fn number(Number { certain, at_most }: Number) -> String {
    if certain == at_most {
        return terminal::people(certain);
    }
    format!("{} to {} people", grouped(certain), grouped(at_most))
}

/// Returns by whose decision something is not owed.
pub fn decided(decision: &Decision) -> String {
    format!("decided by {}, {}: {}", decision.by, decision.on, decision.reason)
}

/// Returns `72 hours`, `1 business day`.
pub fn period(counting: &Counting) -> String {
    let word = counting.period.unit.word().replace('_', " ");
    counted(counting.period.n.into(), word.strip_suffix('s').unwrap_or(&word))
}
