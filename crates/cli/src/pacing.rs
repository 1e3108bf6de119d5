//! The pace in words: until when a run rests, when the last notice goes out, and what that means for the deadline.
//! The same for `notify` and `status`. It gathers and says; what follows is core's.

mod earlier;
pub mod timing;

pub use earlier::attempts as earlier_attempts;

use crate::{
    exit::CommandError,
    ledgers,
    progress::span,
    terminal::{counted, grouped},
};
use forthwith_core::{
    calendar::Rest,
    delivery::{Delivery, Limit, Relay, Server},
    domains::Earlier,
    forecast::{Bound, End, Forecast, Question, Remedy, Standing, forecast},
};
use forthwith_ledger::sqlite::LedgerReader;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// Returns a moment in a zone, with the zone: `2020-10-23 08:00 Europe/Berlin`.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    format!("{} {}", zone.to_datetime(at).strftime("%F %H:%M"), zone.iana_name().unwrap_or("UTC"))
}

/// Returns until when nothing begins, and why.
pub fn resting(rest: &Rest, zone: &TimeZone) -> String {
    format!("Nothing begins until {}: {}", moment(rest.until, zone), rest.why.in_words())
}

/// Returns the same for programs.
pub fn resting_json(rest: &Rest) -> Value {
    json!({ "until": rest.until.to_string(), "why": rest.why.key() })
}

/// The moments that the arithmetic of a plan is about.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    /// When it is worked out.
    pub now: Timestamp,
    /// By when every notice must have been handed over, where that is set.
    pub deadline: Option<Timestamp>,
    /// When the plan's first attempt was made, where one was.
    pub begun: Option<Timestamp>,
}

/// The arithmetic of a plan: what is left, how fast it may go, and when the last of it goes out.
#[derive(Debug)]
pub struct Reckoning {
    now: Timestamp,
    left: u64,
    left_in_groups: Vec<u64>,
    begun: Option<Timestamp>,
    delivery: Delivery,
    deadline: Option<Timestamp>,
    earlier: Vec<Earlier>,
    measured: Option<Limit>,
    forecast: Forecast,
}

impl Reckoning {
    /// Works it out for `left` notices, in a run of this number or a later one.
    ///
    /// `measured` is what the relay was seen to take. Where domains have groups, every notice that is left is
    /// looked at once.
    pub fn new(
        reader: &LedgerReader,
        run: i64,
        left: u64,
        delivery: Delivery,
        measured: Option<Limit>,
        moments: Moments,
    ) -> Result<Self, CommandError> {
        let Moments { now, deadline, begun } = moments;
        let domains = &delivery.domains;
        let mut left_in_groups = vec![0; domains.groups().len()];
        if !left_in_groups.is_empty() {
            for (group, count) in reader.count_left(|domain| domains.group_of(domain)).map_err(ledgers::failed)? {
                left_in_groups[group] = count;
            }
        }
        let earlier = earlier_attempts(reader, run, &delivery, None, now)?;
        let mut reckoning = Self {
            now,
            left,
            left_in_groups,
            begun,
            deadline,
            earlier,
            measured,
            forecast: Forecast { end: End::Beyond, binding: None, standing: Standing::Unknown },
            delivery,
        };
        reckoning.forecast = forecast(&reckoning.question());
        Ok(reckoning)
    }

    fn question(&self) -> Question<'_> {
        Question {
            now: self.now,
            left: self.left,
            left_in_groups: &self.left_in_groups,
            limits: &self.delivery.limits,
            ramp: self.delivery.ramp.map(|ramp| (ramp, self.begun)),
            domains: &self.delivery.domains,
            calendar: &self.delivery.calendar,
            earlier: &self.earlier,
            measured: self.measured,
            deadline: self.deadline,
        }
    }

    /// Returns the arithmetic, a fact a line.
    pub fn lines(&self) -> Vec<String> {
        self.facts().into_iter().map(|(name, what)| format!("  {name:<8} {what}")).collect()
    }

    /// Returns the arithmetic as facts: a short name and what it says.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("left", counted(self.left, "notice")), ("pace", self.pace())];
        facts.extend(self.delivery.ramp.map(|ramp| {
            let every = span(ramp.double_every.as_secs());
            ("ramp", format!("begins slowly, at {}, doubled every {every}", ramp.from))
        }));
        let calendar = self.delivery.calendar.to_string();
        facts.extend((!calendar.is_empty()).then_some(("hours", calendar)));
        for (group, left) in self.delivery.domains.groups().iter().zip(&self.left_in_groups) {
            let names = group.names.join(", ");
            facts.push(("domains", format!("{names}: {} at {}", grouped(*left), listed(&group.limits))));
        }
        facts.push(("lines", self.connections()));
        facts.push(("ends", self.end()));
        facts.extend(self.deadline.map(|deadline| ("deadline", self.against(deadline))));
        if let Some(preset) = self.delivery.preset {
            facts.push(("preset", format!("{}: {}, as known on {}", preset.name, preset.title, preset.known_on())));
            facts.extend(preset.message_id_in_words().map(|words| ("id", words)));
            facts.push(("accepted", format!("does not mean more than that: {}", preset.not_meant)));
        }
        facts
    }

    fn connections(&self) -> String {
        let lines = format!("{} at once", self.delivery.connections);
        match &self.delivery.relay {
            Relay::Server(Server { messages_per_connection: Some(most), .. }) => {
                format!("{lines}, {} on each", counted(u64::from(*most), "message"))
            }
            _ => lines,
        }
    }

    fn pace(&self) -> String {
        let limits = match self.delivery.limits.as_slice() {
            [] => "no limit of its own".to_owned(),
            limits => listed(limits),
        };
        let binding = match self.forecast.binding {
            None => return limits,
            Some(Bound::Run(limit)) if self.delivery.limits.len() == 1 => return limit.to_string(),
            Some(binding) => self.named(&binding),
        };
        format!("{limits}; {binding} sets the end")
    }

    fn named(&self, bound: &Bound) -> String {
        match bound {
            Bound::Run(limit) => limit.to_string(),
            Bound::Group(group, limit) => {
                let group = self.delivery.domains.groups().get(*group);
                format!("{limit} for {}", group.and_then(|group| group.names.first()).map_or("", String::as_str))
            }
            Bound::PerDay(most) => format!("{} a day", grouped(u64::from(*most))),
            Bound::Ramp(ramp) => format!("the ramp from {}", ramp.from),
            Bound::Relay(limit) => format!("what the relay takes now, {limit},"),
        }
    }

    /// Returns when the last notice goes out.
    pub fn end(&self) -> String {
        let zone = &self.delivery.calendar.zone;
        match self.forecast.end {
            End::At(end) => {
                let left = span(seconds(self.now, end));
                format!("{}, in {left}, if the relay keeps up", moment(end, zone))
            }
            End::NotBefore(opening) if opening > self.now => {
                format!("nobody can tell: from {} on, the relay sets the pace", moment(opening, zone))
            }
            End::NotBefore(_) => "nobody can tell: the relay sets the pace".to_owned(),
            End::Beyond => "more than ten years after the first".to_owned(),
        }
    }

    fn against(&self, deadline: Timestamp) -> String {
        let at = moment(deadline, &self.delivery.calendar.zone);
        match &self.forecast.standing {
            Standing::InTime(spare) => format!("{at}: {} to spare", span(spare.as_secs())),
            Standing::NoDeadline | Standing::Unknown => {
                format!("{at}: in {}", span(seconds(self.now, deadline)))
            }
            Standing::Late(Some(by), _) => format!("{at}: missed by {}", span(by.as_secs())),
            Standing::Late(None, _) => format!("{at}: missed by years"),
            Standing::Passed(ago) => format!("{at}: {} ago", span(ago.as_secs())),
        }
    }

    /// Returns why the deadline is not met, where it is not.
    pub fn too_late(&self) -> Option<String> {
        Some(match &self.forecast.standing {
            Standing::NoDeadline | Standing::InTime(_) | Standing::Unknown => return None,
            Standing::Late(by, _) => {
                let by = by.map_or_else(|| "years".to_owned(), |by| span(by.as_secs()));
                format!("at this pace the last notice goes out {by} after the deadline")
            }
            Standing::Passed(ago) => format!("the deadline passed {} ago", span(ago.as_secs())),
        })
    }

    /// Returns whether the deadline lies behind us, so that no pace meets it.
    pub fn has_passed(&self) -> bool {
        matches!(self.forecast.standing, Standing::Passed(_))
    }

    /// Returns what would make the deadline, a step a line.
    pub fn remedies(&self) -> Vec<String> {
        let Standing::Late(_, remedies) = &self.forecast.standing else { return Vec::new() };
        let step = |remedy: &Remedy| match remedy {
            Remedy::Rate(Bound::Run(slow), least) => format!("rate = \"{least}\" instead of {slow} would make it"),
            Remedy::Rate(bound, least) => format!("{least} instead of {} would make it", self.named(bound)),
            Remedy::NoRamp => "no ramp, or a steeper one, would make it".to_owned(),
            Remedy::PerDay(most) => format!("per_day = {most} would make it"),
            Remedy::Calendar => "hours, days and not_before leave no time before the deadline".to_owned(),
        };
        remedies.iter().map(step).collect()
    }

    /// Returns the arithmetic for programs.
    pub fn json(&self) -> Value {
        let limits = |limits: &[Limit]| limits.iter().map(ToString::to_string).collect::<Vec<_>>();
        let groups = self.delivery.domains.groups().iter().zip(&self.left_in_groups);
        let groups: Vec<_> = groups
            .map(|(group, left)| json!({ "names": group.names, "rate": limits(&group.limits), "left": left }))
            .collect();
        let (spare, late) = match &self.forecast.standing {
            Standing::InTime(spare) => (Some(spare.as_secs()), false),
            Standing::NoDeadline | Standing::Unknown => (None, false),
            Standing::Late(..) | Standing::Passed(_) => (None, true),
        };
        let end = match self.forecast.end {
            End::At(end) => Some(end.to_string()),
            End::NotBefore(_) | End::Beyond => None,
        };
        json!({
            "left": self.left,
            "rate": limits(&self.delivery.limits),
            "ramp": self.delivery.ramp.map(|ramp| {
                json!({ "from": ramp.from.to_string(), "double_every_seconds": ramp.double_every.as_secs() })
            }),
            "domains": groups,
            "connections": self.delivery.connections,
            "sets_the_end": self.forecast.binding.map(|bound| self.named(&bound)),
            "end": end,
            "deadline": self.deadline.map(|deadline| deadline.to_string()),
            "seconds_to_spare": spare,
            "late": late,
        })
    }
}

fn listed(limits: &[Limit]) -> String {
    limits.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_second() - from.as_second()).unwrap_or(0)
}
