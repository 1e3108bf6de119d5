//! A change of pace as it is recorded, shown and read back: no personal data, and none of the relay's words.

use crate::{
    delivery::Limit,
    verdict::{Enhanced, Stage},
};
use jiff::Timestamp;
use std::{collections::BTreeMap, fmt, time::Duration};

/// Attempts in time: thousandths of an attempt a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(pub u64);

impl Rate {
    /// Nothing is held back.
    pub const FREE: Self = Self(u64::MAX);

    /// Returns the pace that `limit` allows on average.
    pub fn of(limit: &Limit) -> Self {
        let milliseconds = u64::try_from(limit.window.as_millis()).unwrap_or(u64::MAX).max(1);
        Self(u64::from(limit.attempts) * 60_000_000 / milliseconds)
    }

    /// Returns the time from one attempt to the next.
    pub fn interval(self) -> Duration {
        // A minute is 60,000,000,000 ns, and a rate counts thousandths.
        Duration::from_nanos(60_000_000_000_000_u64.div_ceil(self.0.max(1)))
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "free" {
            return Some(Self::FREE);
        }
        let number = text.strip_suffix("/min")?;
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let whole: u64 = whole.parse().ok()?;
        let thousandths: u64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
        Some(Self(whole.checked_mul(1000)?.checked_add(thousandths)?))
    }
}

impl fmt::Display for Rate {
    /// Writes `90/min`, `1.5/min`, or `free` where nothing is held back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::FREE {
            return f.write_str("free");
        }
        let (whole, part) = (self.0 / 1000, format!(".{:03}", self.0 % 1000));
        let part = part.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{whole}{part}/min")
    }
}

/// Why a pace changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The relay asked for fewer attempts.
    Asked,
    /// The relay took notices for a minute and asked for nothing.
    Quiet,
    /// The quota of a day is used up.
    Quota,
    /// The relay takes notices again after a quota.
    QuotaOver,
}

impl Why {
    const ALL: [Self; 4] = [Self::Asked, Self::Quiet, Self::Quota, Self::QuotaOver];

    /// Returns the word for programs and the record.
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Quiet => "quiet",
            Self::Quota => "quota",
            Self::QuotaOver => "quota-over",
        }
    }
}

/// The reply that changed a pace, without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Where in the dialogue.
    pub stage: Stage,
    /// The digits.
    pub code: u16,
    /// The enhanced code, where there is one.
    pub enhanced: Option<Enhanced>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.stage, self.code)?;
        self.enhanced.map_or(Ok(()), |enhanced| write!(f, " {enhanced}"))
    }
}

/// A change of pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// The pace before.
    pub old: Rate,
    /// The pace from now on; at `full` nothing is held back.
    pub new: Rate,
    /// The pace of which a step is a tenth.
    pub base: Rate,
    /// The pace that it comes back to.
    pub full: Rate,
    /// Why.
    pub why: Why,
    /// The reply, where one is the reason. It is not read back.
    pub cause: Option<Cause>,
    /// Until when nothing is attempted: a quota is used up.
    pub until: Option<Timestamp>,
}

impl Change {
    /// The kind of run event that a change is recorded as.
    pub const KIND: &'static str = "pace";

    /// Returns the facts of its event.
    pub fn facts(&self) -> BTreeMap<&'static str, String> {
        let mut facts = BTreeMap::from([
            ("old", self.old.to_string()),
            ("new", self.new.to_string()),
            ("base", self.base.to_string()),
            ("full", self.full.to_string()),
            ("why", self.why.word().to_owned()),
        ]);
        facts.extend(self.cause.map(|cause| ("reply", cause.to_string())));
        facts.extend(self.until.map(|until| ("until", until.to_string())));
        facts
    }

    /// Reads the facts of an event of `at`; `None` where they are of another form.
    pub fn read(at: Timestamp, facts: &BTreeMap<String, String>) -> Option<Self> {
        let rate = |name| facts.get(name).and_then(|text| Rate::parse(text));
        let why = facts.get("why")?;
        Some(Self {
            at,
            old: rate("old")?,
            new: rate("new")?,
            base: rate("base")?,
            full: rate("full")?,
            why: Why::ALL.into_iter().find(|known| known.word() == why)?,
            cause: None,
            until: facts.get("until").map(|until| until.parse()).transpose().ok()?,
        })
    }

    /// Returns whether the pace is held back at `now` by this change, nothing having changed since.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.new < self.full || self.until.is_some_and(|until| now < until)
    }

    /// Returns the change in words: `slowed to 30/min (it was 60/min): RCPT 421 4.7.0`.
    pub fn told(&self) -> String {
        let cause = self.cause.map(|cause| format!(": {cause}")).unwrap_or_default();
        match (self.why, self.until) {
            (Why::Asked, _) => format!("slowed to {} (it was {}){cause}", self.new, self.old),
            (Why::Quiet, _) if self.new >= self.full => "back to full pace".to_owned(),
            (Why::Quiet, _) => format!("raised to {} (it was {})", self.new, self.old),
            (Why::Quota, Some(until)) => format!("the relay's quota is used up, waiting until {until:.0}{cause}"),
            (Why::Quota, None) => format!("the relay's quota is used up{cause}"),
            (Why::QuotaOver, _) => "the relay's quota is free again".to_owned(),
        }
    }
}
