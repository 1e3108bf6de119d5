//! The dates as people read them: what is owed by date, what waits for a fact, what has no number, what may be owed,
//! and what is not owed by these counts.

use super::{Shown, hold_lines};
use crate::{
    dated::{counted_from, decided, number, people},
    pacing::moment,
    progress::span,
    terminal::{counted, grouped},
};
use forthwith_core::{
    deadlines::{Dated, Moment, earliest},
    law::{Addressee, Answer, HoldMode, Word as _},
};
use jiff::Timestamp;

/// Returns every line.
pub fn lines(shown: &Shown<'_>) -> Vec<String> {
    let mut lines = heading(shown);
    let of = |owed: Answer| shown.dated.iter().filter(move |dated| dated.owed == owed);
    let (dated, open): (Vec<_>, Vec<_>) = of(Answer::Yes).partition(|dated| dated.due.is_some());
    let (waiting, in_words): (Vec<_>, Vec<_>) = open.into_iter().partition(|dated| dated.waits.is_some());
    let sections = [
        ("By date", dated),
        ("Waiting for a fact", waiting),
        ("No number is stated, or it ran out during a hold: a person decides", in_words),
        ("Perhaps owed: how many count is not certain", of(Answer::Unknown).collect()),
    ];
    for (title, dated) in sections.into_iter().filter(|(_, dated)| !dated.is_empty()) {
        lines.push(format!("\n{title}:"));
        lines.extend(dated.into_iter().flat_map(|dated| entry(dated, shown.now)));
    }
    let not_owed: Vec<_> = of(Answer::No).map(not_owed).collect();
    if !not_owed.is_empty() {
        lines.push("\nNot owed by these counts:".to_owned());
        lines.extend(not_owed);
    }
    lines.extend(closing(shown));
    lines
}

fn heading(shown: &Shown<'_>) -> Vec<String> {
    let roles: Vec<_> = shown.incident.roles.iter().map(|role| role.word()).collect();
    let utc = jiff::tz::TimeZone::UTC;
    let zone = shown.incident.clock.zone.as_ref().unwrap_or(&utc);
    let people = number(shown.checked.census.all());
    let mut lines = vec![
        format!("Deadlines of {}, as of {}", shown.incident.id, moment(shown.now, zone)),
        format!("{people} concerned, as the list counts; roles: {}", roles.join(", ")),
    ];
    if shown.checked.tally.counts.refused > 0 {
        let refused = counted(shown.checked.tally.counts.refused, "row");
        lines.push(format!("{refused} of the list refused: who stands there may count, and is not certain to"));
    }
    if let Some((accepted, planned)) = shown.record.told {
        let first = shown.record.first_handed_over.map(|at| format!(", the first handed over {at:.0}"));
        let first = first.unwrap_or_default();
        lines.push(format!("{} of {} accepted by the relay{first}", grouped(accepted), counted(planned, "notice")));
    }
    lines.extend(hold_lines(shown));
    lines
}

fn closing(shown: &Shown<'_>) -> Vec<String> {
    let all = shown.dated;
    let mut lines = vec![String::new()];
    if all.iter().all(|dated| dated.owed == Answer::No) {
        let regimes = forthwith_core::law::shipped().len();
        lines.push(format!(
            "None of the {regimes} regimes that are known here asks for a notice: it would be voluntary."
        ));
        return lines;
    }
    for (to, what) in
        [(None, "The earliest date that binds"), (Some(Addressee::Individual), "The earliest for people")]
    {
        lines.push(match earliest(all, to).and_then(|dated| Some((dated, dated.due.as_ref()?))) {
            Some((dated, due)) => format!("{what}: {} ({})", told(due, shown.now), name(dated)),
            None => format!("{what}: none is known"),
        });
    }
    lines.push("? a person decides before it is owed; ~ would move the date, or makes it less sure".to_owned());
    let unverified = all.iter().filter(|dated| dated.verified() == "unverified").count();
    lines.push(format!(
        "{unverified} of the {} behind these dates are verified by nobody.",
        counted(all.len() as u64, "rule")
    ));
    lines
}

fn entry(dated: &Dated<'_>, now: Timestamp) -> Vec<String> {
    let obligation = dated.obligation;
    let who = if obligation.who.is_empty() { obligation.to.says().to_owned() } else { obligation.who.join("; ") };
    let held = match dated.held {
        Some(HoldMode::May) => "ON HOLD, which may delay it: ",
        Some(HoldMode::Shall) => "ON HOLD, which must delay it: ",
        None => "",
    };
    let mut lines = Vec::new();
    match &dated.due {
        Some(due) => {
            lines.push(format!("  {held}{}", told(due, now)));
            lines.push(format!("    {}: {who}", to(dated)));
        }
        None => lines.push(format!("  {held}{}: {who}", to(dated))),
    }
    lines.push(format!("    {} · {} · {}", name(dated), obligation.basis.cite, dated.verified()));
    lines.extend(dated.counting.as_ref().map(|counting| format!("    {}", counted_from(counting))));
    lines.extend(dated.by_order.map(|other| format!("    because of `{}`, which is due then", other.id)));
    lines.extend(dated.waits.as_ref().map(|waits| format!("    waits for {}", waits.in_words())));
    lines.extend(obligation.deadline.soft.as_ref().map(|soft| format!("    underneath: {soft}; a person decides")));
    lines.push(format!("    {}", people(dated)));
    lines.extend(dated.asks.iter().map(|ask| format!("    ? {ask}")));
    lines.extend(dated.moves.iter().map(|text| format!("    ~ {text}")));
    lines
}

fn to(dated: &Dated<'_>) -> String {
    dated.obligation.to.word().replace('_', " ")
}

fn name(dated: &Dated<'_>) -> String {
    format!("{} {}", dated.regime.id, dated.obligation.id)
}

/// Returns a moment where it counts, in UTC, and how far away it is.
fn told(due: &Moment, now: Timestamp) -> String {
    let weekday = due.zone.to_datetime(due.at).strftime("%a").to_string();
    let seconds = due.at.as_second() - now.as_second();
    let apart = span(seconds.unsigned_abs());
    let left = if seconds >= 0 { format!("{apart} left") } else { format!("{apart} AGO") };
    format!("{weekday} {} = {} · {left}", moment(due.at, &due.zone), due.at)
}

fn not_owed(dated: &Dated<'_>) -> String {
    let why = dated.lifted.as_ref().map_or_else(|| people(dated), decided);
    format!("  {} · {}: {why}", to(dated), name(dated))
}
