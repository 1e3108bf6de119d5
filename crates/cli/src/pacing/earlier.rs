//! What earlier runs attempted, as far as the limits still count it. The limits themselves are core's.

use crate::{exit::CommandError, ledgers};
use forthwith_core::{
    delivery::Delivery,
    domains::{Against, Earlier},
    throttle::Change,
};
use forthwith_ledger::sqlite::LedgerReader;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Returns the attempts of runs before `run` that the limits still count at `now`, and as far back as one interval
/// of the pace that the relay asked for, where it was `slowed`.
///
/// A run that was killed may have written a MAIL for each connection that its record does not hold yet: they
/// are counted as made when the run after it began, and by every later run too.
pub fn attempts(
    reader: &LedgerReader,
    run: i64,
    delivery: &Delivery,
    slowed: Option<&Change>,
    now: Timestamp,
) -> Result<Vec<Earlier>, CommandError> {
    let today = delivery.calendar.per_day.map(|_| delivery.calendar.day(now).0);
    let ramp = delivery.ramp.iter().map(|ramp| &ramp.from);
    let windows = delivery.limits.iter().chain(ramp).map(|limit| before(now, limit.window));
    let slowed = slowed.filter(|slowed| slowed.new < slowed.full).map(|slowed| before(now, slowed.new.interval()));
    let of_run = windows.chain(today).chain(slowed).min();
    let of_groups = delivery.domains.longest_window().map(|window| before(now, window));
    let mut attempts = Vec::new();
    if let Some(since) = of_run {
        let times = reader.attempt_times_since(since).map_err(ledgers::failed)?;
        attempts.extend(times.into_iter().map(|at| Earlier { at, against: Against::Run }));
    }
    if let Some(since) = of_groups {
        let note = |at, domain: Option<&str>| attempts.extend(delivery.domains.earlier(at, domain));
        reader.attempts_to_domains_since(since, note).map_err(ledgers::failed)?;
    }
    if let Some(since) = of_run.into_iter().chain(of_groups).min() {
        let starts = reader.starts_after_kills(run).map_err(ledgers::failed)?;
        let counted = starts.into_iter().filter(|start| *start >= since);
        attempts.extend(counted.flat_map(|start| Earlier::unrecorded(start, delivery.connections)));
    }
    Ok(attempts)
}

fn before(now: Timestamp, window: Duration) -> Timestamp {
    let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
    now.checked_sub(window).unwrap_or(Timestamp::MIN)
}
