//! By when the laws that apply want whom told: each obligation with its date, what the date is counted from, and what
//! would move it.
//!
//! Where a law leaves something open, the earlier date is taken and what would make it later is said. What a law asks
//! in words alone ("without undue delay") has no date here, and whether anything was done in time is not judged.
//! Nothing in the regimes was confirmed by counsel unless they say so themselves.

mod about;
mod census;
mod date;
mod decided;
mod hold;
mod holidays;
mod order;
mod period;
mod places;

pub use about::about_deadline;
pub use census::{Census, Counted, Number};
pub use holidays::Holidays;
pub use period::Ends;

use crate::{
    fact::When,
    hold::Hold,
    incident::{Clock, Decision, LawSettings},
    law::{
        Addressee, Answer, ClockEvent, HarmKind, HoldMode, Obligation, Period, Regime, Role, Scope, Source,
        Verified, Word,
    },
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// What deadlines are worked out from.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The events of the incident, and the zone in which its days are meant.
    pub clock: &'a Clock,
    /// When the first notice was handed over, where one was: people were notified from then on.
    pub first_handed_over: Option<Timestamp>,
    /// What the organisation is.
    pub roles: &'a [Role],
    /// Who is concerned.
    pub census: &'a Census,
    /// What people have decided about laws.
    pub law: &'a LawSettings,
    /// Holds of law enforcement, lifted ones too.
    pub holds: &'a [Hold],
    /// The present.
    pub now: Timestamp,
}

/// An obligation with its date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated<'r> {
    /// The regime.
    pub regime: &'r Regime,
    /// The obligation.
    pub obligation: &'r Obligation,
    /// Whether it is owed, by residence, roles, data, the number of people, and what people have decided. What they
    /// have still to decide is not in it.
    pub owed: Answer,
    /// The decision by which it is not owed, where one lifts it.
    pub lifted: Option<Decision>,
    /// Who was counted.
    pub counted: Counted,
    /// Its last moment, where there is one.
    pub due: Option<Moment>,
    /// How its date was counted; `None` where only its order to another obligation gives one.
    pub counting: Option<Counting>,
    /// The facts that its own date waits for.
    pub waits: Option<Waits>,
    /// The obligation to which it is ordered, where that one's date is the earlier.
    pub by_order: Option<&'r Obligation>,
    /// That a hold stands and delays it, and whether it may or must.
    pub held: Option<HoldMode>,
    /// What would move the date, or makes it less sure than it looks.
    pub moves: Vec<String>,
    /// What a person has to decide before it is owed.
    pub asks: Vec<String>,
}

/// A moment, and where it is the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The moment.
    pub at: Timestamp,
    /// The zone whose clocks count.
    pub zone: TimeZone,
    /// The day that it ends, where it ends one.
    pub day: Option<Date>,
}

/// From what a date was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counting {
    /// How long.
    pub period: Period,
    /// From what; `None` for the end of a hold.
    pub event: Option<ClockEvent>,
    /// When that was.
    pub start: When,
    /// Whether from the end of that year.
    pub from_year_end: bool,
    /// By which holidays, where business days were counted and some are known.
    pub holidays: Option<&'static str>,
    /// The holidays that were passed over.
    pub passed_over: Vec<(Date, &'static str)>,
}

/// Facts that a date waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// The events that have not come, or that incident.toml does not tell.
    pub events: Vec<ClockEvent>,
    /// Whether all of them are needed; else one is enough.
    pub needs_all: bool,
}

impl Situation<'_> {
    /// Returns when `event` came.
    pub fn when(&self, event: ClockEvent) -> Option<When> {
        let handed_over = || self.first_handed_over.filter(|_| event == ClockEvent::IndividualsNotified);
        self.clock.when(event).cloned().or_else(|| handed_over().map(When::At))
    }

    /// Returns the day by which regimes are chosen: that of the discovery, or else today.
    fn day_of_law(&self) -> [Date; 2] {
        let today = TimeZone::UTC.to_datetime(self.now).date();
        let discovered = self.clock.when(ClockEvent::Discovered).map(|when| when.first_day(&TimeZone::UTC));
        [discovered.unwrap_or(today), today]
    }
}

/// Returns every obligation of the regimes that come into play, those that are owed or may be first, in the order of
/// their dates. Those that are not owed because too few or too many people are concerned come last.
pub fn deadlines<'r>(regimes: &'r [Regime], situation: &Situation<'_>) -> Vec<Dated<'r>> {
    let days = situation.day_of_law();
    let holds = |regime: &&Regime| days.iter().any(|day| regime.is_in_force(*day));
    let mut all: Vec<_> =
        regimes.iter().filter(holds).flat_map(|regime| of_regime(regime, situation, days)).collect();
    all.sort_by(|a, b| a.rank().cmp(&b.rank()));
    all
}

fn of_regime<'r>(regime: &'r Regime, situation: &Situation<'_>, days: [Date; 2]) -> Vec<Dated<'r>> {
    let applies = decided::applies(regime, situation.law);
    let count = |scope| situation.census.counted(&applies, situation.roles, scope, regime.place.as_ref());
    let in_play = decided::in_play(regime, situation.law, count(Scope::Residents).reaches(None));
    if in_play == Answer::No {
        return Vec::new();
    }
    let mut all: Vec<_> = regime
        .obligations
        .iter()
        .map(|obligation| {
            let counted = count(obligation.threshold.map_or(Scope::Residents, |threshold| threshold.scope));
            let owed = in_play.and(counted.reaches(obligation.threshold));
            let mut dated = date::dated(regime, obligation, situation);
            dated.asks = asks(regime, obligation, &counted, situation.law);
            dated.counted = counted;
            dated.lifted = decided::lifted(regime, obligation, situation).cloned();
            dated.owed = if dated.lifted.is_some() { Answer::No } else { owed };
            let is_old = !days.iter().all(|day| regime.is_in_force(*day));
            if is_old && decided::reach(regime, situation.law).is_none() {
                dated.asks.push("whether it holds for a breach that was discovered then: it is not in force both on that day and now".to_owned());
            }
            hold::delay(&mut dated, situation);
            dated
        })
        .collect();
    order::cap(&mut all, situation);
    all
}

/// Returns what a person decides before the obligation is owed.
fn asks(regime: &Regime, obligation: &Obligation, counted: &Counted, law: &LawSettings) -> Vec<String> {
    let mut asks = Vec::new();
    let harm = regime.harm_for(obligation);
    if harm.kind != HarmKind::Nothing && decided::harm(regime, obligation, law).is_none() {
        asks.push(format!("harm: {}", harm.kind.says()));
    }
    let unsure = counted.number.at_most - counted.number.certain;
    if unsure > 0 {
        let data = if counted.is_data_unsure { "what was exposed of them, " } else { "" };
        asks.push(format!(
            "{unsure} more may count: where they live, {data}or whether they belong to the list is not certain"
        ));
    }
    if counted.is_data_unsure {
        let open = decided::applies(regime, law).data.if_decided.clone();
        asks.extend(open.map(|decided| decided.question));
    }
    asks
}

impl Dated<'_> {
    /// Where it stands in the list: owed before perhaps before not owed; with a date, then waiting for one.
    fn rank(&self) -> (u8, bool, Option<Timestamp>, bool, &str, Addressee) {
        let owed = match self.owed {
            Answer::Yes => 0,
            Answer::Unknown => 1,
            Answer::No => 2,
        };
        let due = self.due.as_ref().map(|due| due.at);
        (owed, due.is_none(), due, self.waits.is_none(), &self.regime.id, self.obligation.to)
    }

    /// Returns whether its date binds now, as far as this is known: it is owed, and no hold delays it.
    pub fn binds(&self) -> bool {
        self.owed == Answer::Yes && self.due.is_some() && self.held.is_none()
    }

    /// Returns who has checked its rule against the law: `unverified`, `read` or `counsel`.
    pub fn verified(&self) -> &'static str {
        match self.regime.verified {
            Verified::Counsel(_) => "counsel",
            Verified::Read(_) if self.obligation.basis.source == Source::Read => "read",
            Verified::Read(_) | Verified::Unverified => "unverified",
        }
    }
}

/// Returns the first of the dates that bind, of all or of one addressee.
pub fn earliest<'d, 'r>(dated: &'d [Dated<'r>], to: Option<Addressee>) -> Option<&'d Dated<'r>> {
    let is_meant = |dated: &&Dated<'_>| dated.binds() && to.is_none_or(|to| dated.obligation.to == to);
    dated.iter().filter(is_meant).min_by_key(|dated| dated.due.as_ref().map(|due| due.at))
}

#[cfg(test)]
mod tests;
