//! What is owed beside the notices of a list, as the packet shows it: to authorities, bureaus, media, and by letter;
//! and by when people must be told.
//!
//! The packet is bound by a digest: the dates are worked out as of the day of the rules, without the ledger, so that
//! the same inputs give the same words on any day. A hold is not in them; `forthwith deadlines` has it. What is due
//! when is core's.

use crate::{
    checking::Checked,
    dated::{counted_from, decided, people},
    terminal::{self, grouped},
};
use forthwith_core::{
    deadlines::{Dated, Moment, Situation, Waits, deadlines, earliest},
    law::{self, Addressee, Answer, Word as _},
    notice::Withheld,
};
use forthwith_templating::packet::PacketOwed;
use jiff::{Timestamp, tz::TimeZone};

/// The kind of what goes to people by letter.
const LETTER: &str = "letter";

/// Returns all of it: what is owed or may be, by date, and then what is not owed by these counts and decisions.
pub fn owed(checked: &Checked) -> Vec<PacketOwed> {
    let Some(incident) = &checked.inputs.incident else { return Vec::new() };
    let situation = Situation {
        clock: &incident.clock,
        first_handed_over: None,
        roles: &incident.roles,
        census: &checked.census,
        law: &incident.law,
        holds: &[],
        now: day_of_rules(),
    };
    let dated = deadlines(law::shipped(), &situation);
    let mut owed: Vec<PacketOwed> = letters(checked, &dated).into_iter().collect();
    owed.extend(dated.iter().map(entry));
    owed
}

/// Returns the day of the newest rule that is shipped: the same for everybody who has this program.
fn day_of_rules() -> Timestamp {
    let newest = law::shipped().iter().map(|regime| regime.revision).max();
    let moment = newest.and_then(|day| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok());
    moment.unwrap_or(Timestamp::UNIX_EPOCH)
}

fn entry(dated: &Dated<'_>) -> PacketOwed {
    let obligation = dated.obligation;
    let is_open = dated.owed != Answer::No;
    let who = match obligation.to {
        // Of its people the law alone says who they are.
        Addressee::Individual => dated.regime.title.clone(),
        to if obligation.who.is_empty() => to.says().to_owned(),
        _ => obligation.who.join("; "),
    };
    let mut facts: Vec<String> =
        dated.counting.as_ref().filter(|_| is_open).map(counted_from).into_iter().collect();
    facts.extend(dated.by_order.map(|other| format!("because of `{}`, which is due then", other.id)));
    facts.push(dated.lifted.as_ref().map_or_else(|| people(dated), decided));
    let due = dated.due.as_ref().filter(|_| is_open);
    PacketOwed {
        regime: dated.regime.id.clone(),
        kind: obligation.to.word().to_owned(),
        to: who,
        what: obligation.include.join("; "),
        owed: dated.owed,
        counted: dated.counted.number.certain,
        by: due.map(|due| due.at.to_string()),
        by_local: due.map(local),
        soft: obligation.deadline.soft.clone(),
        says: obligation.says.clone(),
        waits: dated.waits.as_ref().filter(|_| is_open).map(Waits::in_words),
        fact: facts.join("; "),
        asks: if is_open { dated.asks.clone() } else { Vec::new() },
        moves: if is_open { dated.moves.clone() } else { Vec::new() },
        citation: obligation.basis.cite.clone(),
        is_verified: dated.verified() != "unverified",
    }
}

/// Returns a moment where it counts.
fn local(due: &Moment) -> String {
    let zone = due.zone.iana_name().unwrap_or("UTC");
    match due.day {
        Some(day) => format!("end of {}, {zone}", day.strftime("%-d %B %Y")),
        None => format!("{}, {zone}", due.zone.to_datetime(due.at).strftime("%-d %B %Y, %H:%M")),
    }
}

/// Returns what goes by letter, by the first date that binds for people.
fn letters(checked: &Checked, dated: &[Dated<'_>]) -> Option<PacketOwed> {
    let counts = &checked.tally.counts;
    let (not_enough, no_address) =
        (counts.withheld_for(Withheld::NeedsLetter), counts.withheld_for(Withheld::NoAddress));
    let people = not_enough + no_address;
    if people == 0 {
        return None;
    }
    let first = earliest(dated, Some(Addressee::Individual));
    let due = first.and_then(|first| first.due.as_ref());
    Some(PacketOwed {
        regime: first.map(|first| first.regime.id.clone()).unwrap_or_default(),
        kind: LETTER.to_owned(),
        to: terminal::people(people),
        what: "the same notice on paper; who they are stands in the private part".to_owned(),
        owed: Answer::Yes,
        counted: people,
        by: due.map(|due| due.at.to_string()),
        by_local: due.map(local),
        soft: None,
        says: None,
        waits: None,
        fact: format!(
            "{} whom an e-mail alone does not notify, {} without an address for one; by the first date that binds",
            grouped(not_enough),
            grouped(no_address)
        ),
        asks: Vec::new(),
        moves: Vec::new(),
        citation: first.map(|first| first.obligation.basis.cite.clone()).unwrap_or_default(),
        is_verified: first.is_some_and(|first| first.verified() != "unverified"),
    })
}
