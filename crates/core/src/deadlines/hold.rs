//! What a hold of law enforcement does to a date: as long as it stands, and once it was lifted.
//!
//! Laws delay the notice to people, and with it the one to media. Whether a hold reaches the notice to an authority is
//! counsel's to say: that date stays where it is.

use super::{
    Dated, Holidays, Situation, date,
    period::{Place, ends},
};
use crate::{
    fact::When,
    law::{Addressee, Hold as Rule, Period, Word},
};
use jiff::Timestamp;

/// Marks what a standing hold delays, and moves what ran out while one stood.
pub(super) fn delay(dated: &mut Dated<'_>, situation: &Situation<'_>) {
    if !matches!(dated.obligation.to, Addressee::Individual | Addressee::Media) {
        return;
    }
    let due = dated.due.as_ref().map(|due| due.at);
    // One that began after the time ran out delays nothing any more.
    let overlaps = |begun: Timestamp| due.is_none_or(|due| begun <= due);
    let holds = situation.holds.iter().filter(|hold| overlaps(hold.at));
    let rule = dated.regime.hold.as_ref();
    if let Some(hold) = holds.clone().find(|hold| hold.stands(situation.now)) {
        let since = format!("the hold that stands since {:.0}", hold.at);
        let Some(rule) = rule else {
            dated.moves.push(format!("{since}: no rule of this regime is known by which it delays anything"));
            return;
        };
        dated.held = Some(rule.mode);
        dated.moves.push(format!("{since}: {}{}", rule.mode.says(), in_words(rule)));
        return;
    }
    let ended = holds.filter_map(|hold| hold.ended(situation.now)).max();
    if let (Some(ended), Some(rule)) = (ended, rule) {
        released(dated, rule, ended, situation);
    }
}

/// Moves a date that ran out while a hold stood. One that did not stays: a law that counts anew from the release is
/// said, and is counsel's to apply.
fn released(dated: &mut Dated<'_>, rule: &Rule, ended: Timestamp, situation: &Situation<'_>) {
    let due = dated.due.as_ref().map(|due| due.at);
    let has_run_out = due.is_some_and(|due| due < ended);
    let start = When::At(ended);
    let words = in_words(rule);
    match rule.after_release {
        Some(period) if has_run_out => {
            dated.moves.push(format!("it ran out during a hold, and is counted from its end{words}"));
            dated.due = None;
            date::count(dated, period, (None, start), situation);
        }
        Some(period) => {
            let zone = date::zone(dated.regime, situation);
            let holidays = dated.regime.place.as_ref().and_then(Holidays::of);
            let place = Place { zone: &zone, zone_of_event: &zone, holidays };
            let later = ends(period, &start, false, place).filter(|later| due.is_some_and(|due| due < later.at));
            if let Some(day) = later.and_then(|later| later.day) {
                dated.moves.push(format!("counted from the end of the hold it would be {day}, where counsel says that this replaces the first date{words}"));
            }
        }
        None if has_run_out => {
            dated.moves.push(format!(
                "it ran out during a hold, and no number is stated for what follows: without delay{words}"
            ));
            dated.due = None;
            dated.counting = None;
        }
        None => {}
    }
}

/// Returns what a regime says of holds besides whether they delay.
fn in_words(rule: &Rule) -> String {
    let after = rule
        .after_release
        .map(|Period { n, unit }| format!("; once it is lifted, {n} {}", unit.word().replace('_', " ")));
    let oral = rule.oral_days_max.map(|days| format!("; asked for orally, at most {days} days"));
    let says = rule.says.as_ref().map(|says| format!("; {says}"));
    let parts: String = [after, oral, says].into_iter().flatten().collect();
    format!("{parts} ({})", rule.basis.cite)
}
