//! The cases: what stands at the other end of the line, what it is held against, and what is asked.

use super::reference::{To, commits_per_second, smtp_source};
use anyhow::Context as _;
use forthwith_testkit::{
    delay::Delay,
    postfix::Postfix,
    server::wait_until,
    sink::{Keep, Sink},
    tools,
};
use std::time::Duration;

/// The length of the long line.
const ROUND_TRIP: Duration = Duration::from_millis(50);
/// What Postfix does with what it has taken: nothing.
const DISCARD: [&str; 2] = ["virtual_transport = discard:", "smtpd_client_connection_count_limit = 0"];
/// How long Postfix may take to have done with what it took.
const QUEUE_MAX: Duration = Duration::from_mins(1);

/// One case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Case {
    /// A sink on loopback.
    Sink,
    /// The same over one connection.
    OneLine,
    /// A real Postfix that discards what it takes.
    Postfix,
    /// The same, held against as many addresses as there are people: Postfix looks up each one, and remembers the last.
    PostfixPeople,
    /// A line of 50 ms with PIPELINING.
    Pipelined,
    /// The same without.
    Stepwise,
}

/// What a case is measured with.
pub(crate) struct Terms {
    pub(crate) name: &'static str,
    pub(crate) connections: usize,
    /// About 3 s a round on two cores, and 20 s where the line is long.
    pub(crate) notices: usize,
    /// The ratio that is asked.
    pub(crate) at_least: f64,
}

impl Case {
    pub(crate) const ALL: [Self; 6] =
        [Self::Sink, Self::OneLine, Self::Postfix, Self::PostfixPeople, Self::Pipelined, Self::Stepwise];

    pub(crate) fn terms(self) -> Terms {
        let (name, connections, notices, at_least) = match self {
            Self::Sink => ("sink, 16 connections", 16, 20_000, 0.8),
            Self::OneLine => ("sink, 1 connection", 1, 5_000, 0.9),
            Self::Postfix => ("Postfix, 10 connections", 10, 3_000, 0.95),
            Self::PostfixPeople => ("Postfix, 10, each address", 10, 3_000, 0.95),
            Self::Pipelined => ("50 ms, PIPELINING, 16", 16, 3_200, 0.9),
            Self::Stepwise => ("50 ms, no PIPELINING, 16", 16, 1_600, 0.9),
        };
        Terms { name, connections, notices, at_least }
    }

    /// Returns how many messages a second `notify` is held against.
    pub(crate) fn reference(self, count: usize, size: usize) -> anyhow::Result<f64> {
        let connections = self.terms().connections;
        let lines = f64::from(u32::try_from(connections)?);
        Ok(match self {
            Self::Sink => smtp_source(sink(Keep::Nothing, &[])?.address(), To::One, connections, count, size)?,
            Self::OneLine => {
                let wire = smtp_source(sink(Keep::Nothing, &[])?.address(), To::One, connections, count, size)?;
                // A notice is committed, and then it is handed over.
                1.0 / (1.0 / commits_per_second()? + 1.0 / wire)
            }
            Self::Postfix => smtp_source(postfix()?.address(), To::One, connections, count, size)?,
            Self::PostfixPeople => smtp_source(postfix()?.address(), To::Each, connections, count, size)?,
            Self::Pipelined => lines / (2.0 * ROUND_TRIP.as_secs_f64()),
            Self::Stepwise => lines / (4.0 * ROUND_TRIP.as_secs_f64()),
        })
    }

    /// Starts what takes the notices.
    pub(crate) fn relay(self, keep: Keep) -> anyhow::Result<Relay> {
        let far = |switches: &[&str]| {
            let sink = sink(keep, switches)?;
            anyhow::Ok(Relay::Far(Delay::start(sink.address(), ROUND_TRIP)?, sink))
        };
        match self {
            Self::Sink | Self::OneLine => Ok(Relay::Sink(sink(keep, &[])?)),
            Self::Postfix | Self::PostfixPeople => Ok(Relay::Postfix(postfix()?)),
            Self::Pipelined => far(&[]),
            Self::Stepwise => far(&["-p"]),
        }
    }
}

/// What takes the notices of a case, until it is dropped.
pub(crate) enum Relay {
    Sink(Sink),
    Far(Delay, Sink),
    Postfix(Postfix),
}

impl Relay {
    /// Returns the address as `--relay` takes it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sink(sink) => sink.url(),
            Self::Far(delay, _) => delay.url(),
            Self::Postfix(postfix) => postfix.url(),
        }
    }

    /// Returns how many messages were taken, where they are kept or logged; waits a while for `count`.
    #[cfg_attr(not(test), expect(dead_code, reason = "a measurement has nobody count at the sink"))]
    pub(crate) fn took(&self, count: usize) -> anyhow::Result<usize> {
        match self {
            Self::Sink(sink) | Self::Far(_, sink) => Ok(sink.recorded()?.len()),
            Self::Postfix(postfix) => {
                let discarded = || postfix.log().map(|log| log.matches("relay=none, ").count());
                wait_until(QUEUE_MAX, || discarded().is_ok_and(|done| done >= count));
                Ok(discarded()?)
            }
        }
    }
}

fn sink(keep: Keep, switches: &[&str]) -> anyhow::Result<Sink> {
    let program = tools::find("smtp-sink").context("smtp-sink is missing: cargo xtask test installs it")?;
    Ok(Sink::start(&program, keep, switches)?)
}

fn postfix() -> anyhow::Result<Postfix> {
    let program = tools::find("postfix").context("postfix is missing: cargo xtask test installs it")?;
    Ok(Postfix::start(&program, &DISCARD)?)
}
