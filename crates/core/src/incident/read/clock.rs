//! Reads when what happened: the events from which laws count, and the zone in which their days are meant.
//!
//! What lies in an order that cannot be is pointed at, and a person looks. Nothing is put in order here.

use super::{fact, when};
use crate::{
    document::{Field, Table},
    fact::When,
    incident::Clock,
    law::{ClockEvent, Word},
    zone,
};
use jiff::tz::TimeZone;

/// The events that `occurred`, `discovered` and `determined` do not tell, as the keys of their names.
const FURTHER: [ClockEvent; 10] = [
    ClockEvent::Detected,
    ClockEvent::Suspicion,
    ClockEvent::NotifiedByVendor,
    ClockEvent::ReasonToBelieve,
    ClockEvent::Aware,
    ClockEvent::Confirmed,
    ClockEvent::ScopeIdentified,
    ClockEvent::PersonalDataKnownAffected,
    ClockEvent::IndividualsNotified,
    ClockEvent::RegulatorNotified,
];

/// Which event cannot come before which. Laws define them differently, so that only what holds under all of them
/// stands here.
const ORDER: [(ClockEvent, &[ClockEvent]); 4] = [
    (
        ClockEvent::Occurred,
        &[
            ClockEvent::Detected,
            ClockEvent::Suspicion,
            ClockEvent::Discovered,
            ClockEvent::NotifiedByVendor,
            ClockEvent::ReasonToBelieve,
            ClockEvent::Aware,
            ClockEvent::Determined,
            ClockEvent::Confirmed,
            ClockEvent::ScopeIdentified,
            ClockEvent::PersonalDataKnownAffected,
            ClockEvent::IndividualsNotified,
            ClockEvent::RegulatorNotified,
        ],
    ),
    (
        ClockEvent::Detected,
        &[ClockEvent::Discovered, ClockEvent::Aware, ClockEvent::Determined, ClockEvent::Confirmed],
    ),
    (ClockEvent::Suspicion, &[ClockEvent::Aware, ClockEvent::Determined, ClockEvent::Confirmed]),
    (
        ClockEvent::Discovered,
        &[
            ClockEvent::Determined,
            ClockEvent::Confirmed,
            ClockEvent::ScopeIdentified,
            ClockEvent::IndividualsNotified,
            ClockEvent::RegulatorNotified,
        ],
    ),
];

/// Reads the events and the zone.
pub(super) fn clock(table: &Table<'_>) -> Option<Clock> {
    let occurred = table.need("occurred", "when the data got out, or \"unknown\"").and_then(|f| fact(&f, when));
    let discovered = table.need("discovered", "when it was found, or \"unknown\"").and_then(|f| fact(&f, when));
    let determined = table.optional("determined", when);
    let exposed = table.optional("exposed", when);
    let contained = table.optional("contained", when);
    let further: Vec<_> = FURTHER.iter().map(|event| Some((*event, table.optional(event.word(), when)?))).collect();
    let further: Option<Vec<_>> = further.into_iter().collect();
    let zone = table.optional("zone", read_zone);
    let clock = Clock {
        occurred: occurred?,
        discovered: discovered?,
        determined: determined?,
        exposed: exposed?,
        contained: contained?,
        further: further?.into_iter().filter_map(|(event, when)| Some((event, when?))).collect(),
        zone: zone?,
    };
    check_order(table, &clock);
    Some(clock)
}

fn read_zone(field: &Field<'_>) -> Option<TimeZone> {
    let name = field.line()?;
    let hint = "names are those of the IANA: Europe/Berlin, America/New_York, UTC";
    zone::named(&name).map_err(|why| field.refuse_with("unknown-zone", why, hint)).ok()
}

/// Points at every event that lies before one that it cannot precede, as far as the days are told exactly enough.
fn check_order(table: &Table<'_>, clock: &Clock) {
    let check = |first: &str, earlier: Option<&When>, then: &str, later: Option<&When>| {
        let is_before = earlier.zip(later).is_some_and(|(earlier, later)| lies_before(later, earlier, clock));
        if let Some(field) = table.get(then).filter(|_| is_before) {
            let message = format!("`{then}` lies before `{first}`");
            field.warn("clock-order", message, "look at both: the deadlines of laws are counted from them");
        }
    };
    for (first, then) in ORDER {
        for then in then {
            check(first.word(), clock.when(first), then.word(), clock.when(*then));
        }
    }
    check(ClockEvent::Occurred.word(), clock.when(ClockEvent::Occurred), "contained", clock.contained.as_ref());
}

/// Returns whether all that `one` may mean lies before all that `other` may mean. Two days are days of one place.
fn lies_before(one: &When, other: &When, clock: &Clock) -> bool {
    if let (Some((_, last)), Some((first, _))) = (one.days(), other.days()) {
        return last < first;
    }
    let zone = clock.zone.as_ref();
    one.bounds(zone).zip(other.bounds(zone)).is_some_and(|((_, last), (first, _))| last < first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{document, finding::Finding};

    fn read(text: &str) -> (Option<Clock>, Vec<Finding>) {
        document::read("incident.toml", text.as_bytes(), clock)
    }

    #[test]
    fn every_event_of_a_law_has_its_key() {
        let days = FURTHER.iter().map(|event| format!("{event} = 2026-01-03\n")).collect::<Vec<_>>().concat();
        let text = format!("occurred = 2026-01-01\ndiscovered = 2026-01-03\ndetermined = 2026-01-03\n{days}");
        let (clock, findings) = read(&text);
        assert_eq!(findings, []);
        let clock = clock.unwrap();
        let missing: Vec<_> = ClockEvent::ALL.iter().filter(|event| clock.when(**event).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let (clock, _) = read("occurred = \"unknown\"\ndiscovered = { not_told = \"counsel\" }\n");
        let clock = clock.unwrap();
        assert!(ClockEvent::ALL.iter().all(|event| clock.when(*event).is_none()));
    }

    #[test]
    fn a_later_event_before_an_earlier_one_is_pointed_at() {
        let text =
            "occurred = 2026-01-05\ndiscovered = 2026-01-03\ndetermined = 2026-01-02\ncontained = 2026-01-04\n";
        let (clock, findings) = read(text);
        assert!(clock.is_some(), "a person looks, and the reading goes on");
        let told: Vec<_> = findings.iter().map(|f| (f.code, &text[f.place.span.clone().unwrap()])).collect();
        let at = |day| ("clock-order", day);
        // Each before `occurred`, and `determined` before `discovered` too.
        assert_eq!(told, [at("2026-01-03"), at("2026-01-02"), at("2026-01-02"), at("2026-01-04")], "{findings:?}");
    }

    #[test]
    fn a_moment_is_before_a_day_where_it_is_so_everywhere_or_in_the_zone() {
        let text = "occurred = 2026-01-05\ndiscovered = 2026-01-04T22:00:00Z\n";
        assert_eq!(read(text).1, [], "in Sydney that is the fifth");
        assert_eq!(read(&format!("{text}zone = \"Europe/Berlin\"\n")).1.len(), 1);
        assert_eq!(read(&format!("{text}zone = \"Australia/Sydney\"\n")).1, []);
        assert_eq!(read(&text.replace("04T22", "03T22")).1.len(), 1);
    }

    #[test]
    fn the_same_day_is_no_wrong_order() {
        let same = "zone = \"UTC\"\noccurred = 2026-01-05T23:00:00Z\ndiscovered = 2026-01-05\naware = 2026-01-06T00:00:00Z\n";
        assert_eq!(read(same).1, []);
    }

    #[test]
    fn an_unknown_zone_is_refused_with_the_nearest() {
        let (clock, findings) = read("occurred = \"unknown\"\ndiscovered = 2026-01-01\nzone = \"Europe/Berlyn\"\n");
        assert!(clock.is_none());
        assert_eq!((findings[0].code, findings[0].message.contains("Europe/Berlin")), ("unknown-zone", true));
    }
}
