//! The dates as JSON: docs/deadlines.md has every key.

use super::{Shown, standing};
use crate::holding;
use forthwith_core::{
    deadlines::{Counting, Dated, Moment, Number, earliest},
    fact::When,
    incident::Decision,
    law::{Addressee, Answer},
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Returns the whole report.
pub fn report(shown: &Shown<'_>) -> Value {
    let (incident, all) = (shown.incident, shown.dated);
    let unverified = all.iter().filter(|dated| dated.verified() == "unverified").count();
    let told = shown.record.told.map(|(accepted, planned)| json!({ "accepted": accepted, "planned": planned }));
    let first = |to| earliest(all, to).map(|dated| reference(dated, shown.now));
    json!({
        "incident": incident.id,
        "as_of": shown.now.to_string(),
        "zone": incident.clock.zone.as_ref().and_then(|zone| zone.iana_name()),
        "roles": incident.roles,
        "people": number(shown.checked.census.all()),
        "deadlines": all.iter().map(|dated| deadline(dated, shown.now)).collect::<Vec<_>>(),
        "earliest": {
            "any": first(None),
            "individual": first(Some(Addressee::Individual)),
            "regulator": first(Some(Addressee::Regulator)),
            "credit_bureaus": first(Some(Addressee::CreditBureaus)),
            "media": first(Some(Addressee::Media)),
        },
        "rules": { "used": all.len(), "unverified": unverified },
        "voluntary": all.iter().all(|dated| dated.owed == Answer::No),
        "holds": holding::json(&standing(shown)),
        "first_handed_over": shown.record.first_handed_over.map(|at| at.to_string()),
        "told": told,
    })
}

fn reference(dated: &Dated<'_>, now: Timestamp) -> Value {
    let due = dated.due.as_ref().map(|due| moment(due, now));
    json!({ "regime": dated.regime.id, "obligation": dated.obligation.id, "due": due })
}

fn deadline(dated: &Dated<'_>, now: Timestamp) -> Value {
    let (regime, obligation) = (dated.regime, dated.obligation);
    let waits = dated
        .waits
        .as_ref()
        .map(|waits| json!({ "events": waits.events, "needs": if waits.needs_all { "all" } else { "one" } }));
    let states: Vec<_> =
        dated.counted.states.iter().map(|(code, n)| json!({ "state": code, "people": number(*n) })).collect();
    json!({
        "regime": regime.id,
        "title": regime.title,
        "obligation": obligation.id,
        "to": obligation.to,
        "who": obligation.who,
        "owed": dated.owed,
        "lifted": dated.lifted.as_ref().map(decision),
        "due": dated.due.as_ref().map(|due| moment(due, now)),
        "held": dated.held,
        "waits": waits,
        "counted": dated.counting.as_ref().map(counting),
        "by_order": dated.by_order.map(|other| &other.id),
        "order": obligation.sequence,
        "soft": obligation.deadline.soft,
        "threshold": obligation.threshold,
        "people": number(dated.counted.number),
        "scope": dated.counted.scope,
        "states": states,
        "moves": dated.moves,
        "asks": dated.asks,
        "include": obligation.include,
        "says": obligation.says,
        "cite": obligation.basis.cite,
        "source": obligation.basis.source,
        "verified": dated.verified(),
    })
}

fn decision(decision: &Decision) -> Value {
    json!({ "by": decision.by, "on": decision.on.to_string(), "reason": decision.reason })
}

fn number(number: Number) -> Value {
    json!({ "certain": number.certain, "at_most": number.at_most })
}

fn moment(due: &Moment, now: Timestamp) -> Value {
    json!({
        "at": due.at.to_string(),
        "local": due.zone.to_datetime(due.at).to_string(),
        "zone": due.zone.iana_name().unwrap_or("UTC"),
        "day": due.day.map(|day| day.to_string()),
        "seconds_left": due.at.as_second() - now.as_second(),
    })
}

fn counting(counting: &Counting) -> Value {
    let passed_over: Vec<_> =
        counting.passed_over.iter().map(|(day, name)| json!({ "day": day.to_string(), "name": name })).collect();
    json!({
        "n": counting.period.n,
        "unit": counting.period.unit,
        "event": counting.event,
        "start": when(&counting.start),
        "from_year_end": counting.from_year_end,
        "holidays": counting.holidays,
        "passed_over": passed_over,
    })
}

fn when(when: &When) -> Value {
    match when {
        When::On(day) => json!({ "on": day.to_string() }),
        When::At(at) => json!({ "at": at.to_string() }),
        When::Between(from, to) => json!({ "from": from.to_string(), "to": to.to_string() }),
    }
}
