//! The date of one obligation by its own period: what starts it, and when it ends.

use super::{
    Counted, Counting, Dated, Moment, Number, Situation, Waits,
    holidays::Holidays,
    period::{Ends, Place, ends, moved},
    places::zone_of,
};
use crate::{
    fact::When,
    law::{Answer, ClockEvent, Obligation, Period, Regime, Scope, Start, Unit, Word},
};
use jiff::tz::TimeZone;

/// Returns the obligation with its own date; who is counted and whether it is owed are the caller's.
pub(super) fn dated<'r>(regime: &'r Regime, obligation: &'r Obligation, situation: &Situation<'_>) -> Dated<'r> {
    let mut dated = Dated {
        regime,
        obligation,
        owed: Answer::Unknown,
        lifted: None,
        counted: Counted {
            scope: Scope::Residents,
            number: Number::default(),
            states: Vec::new(),
            is_data_unsure: false,
        },
        due: None,
        counting: None,
        waits: None,
        by_order: None,
        held: None,
        moves: Vec::new(),
        asks: Vec::new(),
    };
    let deadline = &obligation.deadline;
    if let (Some(period), Some(start)) = (deadline.within, &deadline.start) {
        match began(start, situation, &zone(regime, situation)) {
            Err(waits) => dated.waits = Some(waits),
            Ok((event, when)) => count(&mut dated, period, (Some(event), when), situation),
        }
    }
    dated.moves.extend(deadline.extensions.iter().map(|words| format!("longer: {words}")));
    if deadline.phased {
        dated.moves.push("what is not known by then may follow later".to_owned());
    }
    dated
}

/// Returns the zone in which days end for a regime: that of its place, or else the one that the incident's days are
/// meant in, or else UTC.
pub(super) fn zone(regime: &Regime, situation: &Situation<'_>) -> TimeZone {
    let place = regime.place.as_ref().and_then(zone_of);
    place.or_else(|| situation.clock.zone.clone()).unwrap_or(TimeZone::UTC)
}

/// Counts `period` from an event, or from the end of a hold, and sets the date.
pub(super) fn count(
    dated: &mut Dated<'_>,
    period: Period,
    (event, start): (Option<ClockEvent>, When),
    situation: &Situation<'_>,
) {
    let zone = zone(dated.regime, situation);
    let zone_of_event = situation.clock.zone.clone().unwrap_or_else(|| zone.clone());
    let holidays = dated.regime.place.as_ref().and_then(Holidays::of);
    let place = Place { zone: &zone, zone_of_event: &zone_of_event, holidays };
    let from_year_end = event.is_some() && dated.obligation.deadline.from_year_end;
    let Some(ends) = ends(period, &start, from_year_end, place) else {
        dated.moves.push("its date lies beyond what can be counted".to_owned());
        return;
    };
    doubts(dated, period, &start, &ends, situation);
    let is_business = period.unit == Unit::BusinessDays;
    dated.counting = Some(Counting {
        period,
        event,
        start,
        from_year_end,
        holidays: holidays.filter(|_| is_business).map(|holidays| holidays.name),
        passed_over: ends.passed_over,
    });
    dated.due = Some(Moment { at: ends.at, zone, day: ends.day });
}

/// Says what makes a date less sure than it looks.
fn doubts(dated: &mut Dated<'_>, period: Period, start: &When, ends: &Ends, situation: &Situation<'_>) {
    let mut say = |text: String| dated.moves.push(text);
    if let When::Between(first, last) = start {
        say(format!("counted from the first of several days, {first}; it would end later from {last}"));
    } else if period.unit == Unit::Hours && matches!(start, When::On(_)) {
        say("counted from the first minute of the day: the hour would make it up to 24 hours later".to_owned());
    }
    if dated.regime.place.as_ref().and_then(zone_of).is_none() && situation.clock.zone.is_none() {
        let is_by_day = ends.day.is_some() || !matches!(start, When::At(_));
        if is_by_day {
            say("its days are counted in UTC: `zone` under [incident] says in which zone they are meant".to_owned());
        }
    }
    if ends.is_unsure {
        say("holidays are not known here for its place or its years: only weekends are passed over, and it may end later".to_owned());
    }
    let holidays = dated.regime.place.as_ref().and_then(Holidays::of);
    if let Some((next, why)) = ends.day.and_then(|day| moved(day, holidays)) {
        say(format!("its last day is {why}: where a law moves such an end, and counsel says so, it is {next}"));
    }
}

/// Returns what started the clock and when, or what it waits for.
fn began(start: &Start, situation: &Situation<'_>, zone: &TimeZone) -> Result<(ClockEvent, When), Waits> {
    let (events, needs_all) = match start {
        Start::At(event) => (std::slice::from_ref(event), true),
        Start::EarliestOf(events) => (events.as_slice(), false),
        Start::LatestOf(events) => (events.as_slice(), true),
    };
    let came: Vec<_> = events.iter().filter_map(|event| Some((*event, situation.when(*event)?))).collect();
    let missing: Vec<_> = events.iter().filter(|event| !came.iter().any(|(e, _)| e == *event)).copied().collect();
    if came.is_empty() || (needs_all && !missing.is_empty()) {
        return Err(Waits { events: missing, needs_all });
    }
    let zone = situation.clock.zone.as_ref().unwrap_or(zone);
    let first = |(_, when): &(ClockEvent, When)| when.bounds(Some(zone)).map(|(first, _)| first);
    let chosen = if needs_all { came.into_iter().max_by_key(first) } else { came.into_iter().min_by_key(first) };
    chosen.ok_or(Waits { events: missing, needs_all })
}

impl Waits {
    /// Returns the facts as people read them: `confirmed` and `scope_identified`, with what each means.
    pub fn in_words(&self) -> String {
        let names: Vec<_> = self.events.iter().map(|event| format!("`{event}` ({})", event.says())).collect();
        names.join(if self.needs_all { " and " } else { " or " })
    }
}
