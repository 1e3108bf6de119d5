//! The order of obligations: who is told before, with, or no later than somebody else, whatever their own time allows.

use super::{Dated, Moment, Situation, date};
use crate::law::{Addressee, ClockEvent, Order, Word};

/// Brings every date forward to that of the obligation which it must not come after, through chains of them too.
pub(super) fn cap(all: &mut [Dated<'_>], situation: &Situation<'_>) {
    // Each pass carries a date one step along a chain, and dates only ever move forward: no circle goes on.
    for _ in 0..all.len() {
        for index in 0..all.len() {
            let Some(sequence) = &all[index].obligation.sequence else { continue };
            if sequence.order == Order::After {
                continue;
            }
            let Some(other) = all.iter().find(|other| other.obligation.id == sequence.other) else { continue };
            let latest =
                [other.due.clone(), notified(other, situation)].into_iter().flatten().min_by_key(|due| due.at);
            let other = other.obligation;
            let Some(latest) = latest else { continue };
            let dated = &mut all[index];
            if dated.due.as_ref().is_none_or(|due| latest.at < due.at) {
                dated.due = Some(latest);
                dated.by_order = Some(other);
            }
        }
    }
    for dated in all {
        let Some(sequence) = &dated.obligation.sequence else { continue };
        dated.moves.push(format!("order: {} (`{}`)", sequence.order.says(), sequence.other));
    }
}

/// Returns when the affected people were notified, for the obligation that says so: what must come before is late
/// from then on.
fn notified(other: &Dated<'_>, situation: &Situation<'_>) -> Option<Moment> {
    if other.obligation.to != Addressee::Individual {
        return None;
    }
    let zone = date::zone(other.regime, situation);
    let (first, _) = situation.when(ClockEvent::IndividualsNotified)?.bounds(Some(&zone))?;
    Some(Moment { at: first, zone, day: None })
}
