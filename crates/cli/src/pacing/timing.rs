//! The same arithmetic for the packet, reckoned from a moment that is given: what a run would say if it began then.
//!
//! It asks the ledger and delivery.toml, and no relay. Where delivery.toml does not tell, it says so.

use super::{Moments, Reckoning, moment};
use crate::{
    exit::CommandError,
    folder::{DELIVERY, Folder},
    inputs, ledgers,
};
use forthwith_core::{
    delivery::Delivery,
    forecast::{End, Standing, by_hour},
    plan::FrozenPlan,
};
use forthwith_ledger::sqlite::LedgerReader;
use forthwith_templating::packet::{PacketHour, PacketTiming};
use jiff::{Timestamp, tz::TimeZone};

/// Hours that the packet lists: four days round the clock, for a page that somebody reads.
const HOURS_MAX: usize = 96;

/// Reckons the plan that was just frozen from `as_of`, for a run of this number or a later one.
pub fn reckon(
    folder: &Folder,
    plan: &FrozenPlan,
    reader: &LedgerReader,
    run: i64,
    as_of: Timestamp,
) -> Result<PacketTiming, CommandError> {
    let (delivery, findings, _) = inputs::delivery(folder)?;
    let Some(delivery) = delivery.filter(|_| findings.is_empty()) else {
        let why = if findings.is_empty() {
            format!("there is no {DELIVERY}, which says how fast notices may go out")
        } else {
            format!("{DELIVERY} is refused: `forthwith check` says where")
        };
        return Ok(unknown(plan, as_of, why));
    };
    let counts = reader.counts().map_err(ledgers::failed)?;
    let left = counts.queued + counts.deferred;
    let reckoning = Reckoning::new(
        reader,
        run,
        left,
        delivery,
        None,
        Moments { now: as_of, deadline: plan.deadline(), begun: None },
    )?;
    Ok(reckoning.timing())
}

fn unknown(plan: &FrozenPlan, as_of: Timestamp, why: String) -> PacketTiming {
    let zone = TimeZone::UTC;
    PacketTiming {
        as_of,
        as_of_local: moment(as_of, &zone),
        lines: plan.deadline().map(|at| ("Deadline".to_owned(), moment(at, &zone))).into_iter().collect(),
        end: None,
        deadline: plan.deadline(),
        seconds_to_spare: None,
        late: None,
        remedies: Vec::new(),
        unknown: Some(why),
        hours: Vec::new(),
        after: 0,
    }
}

impl Reckoning {
    /// Returns what the packet shows of it.
    fn timing(&self) -> PacketTiming {
        let Delivery { calendar, .. } = &self.delivery;
        let hours = by_hour(&self.question(), HOURS_MAX).unwrap_or_default();
        let hour = |(from, notices): &(Timestamp, u64)| PacketHour {
            from: *from,
            from_local: calendar.zone.to_datetime(*from).strftime("%F %H:%M").to_string(),
            notices: *notices,
        };
        PacketTiming {
            as_of: self.now,
            as_of_local: moment(self.now, &calendar.zone),
            lines: self.facts().into_iter().map(|(name, what)| (in_words(name).to_owned(), what)).collect(),
            end: match self.forecast.end {
                End::At(end) => Some(end),
                End::NotBefore(_) | End::Beyond => None,
            },
            deadline: self.deadline,
            seconds_to_spare: match &self.forecast.standing {
                Standing::InTime(spare) => Some(spare.as_secs()),
                Standing::NoDeadline | Standing::Unknown | Standing::Late(..) | Standing::Passed(_) => None,
            },
            late: self.too_late(),
            remedies: self.remedies(),
            unknown: None,
            hours: hours.hours.iter().map(hour).collect(),
            after: hours.after,
        }
    }
}

/// Returns the name of a fact as a page has it.
fn in_words(name: &'static str) -> &'static str {
    match name {
        "left" => "Still to be handed over",
        "pace" => "Pace",
        "ramp" => "Beginning",
        "hours" => "Hours",
        "domains" => "Domains with a pace of their own",
        "lines" => "Connections",
        "ends" => "The last notice goes out",
        "deadline" => "Deadline",
        "preset" => "What is known of the relay",
        "id" => "Message-ID",
        "accepted" => "Accepted by it",
        other => other,
    }
}
