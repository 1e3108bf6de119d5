//! Judges what was seen of a relay, of the sender's domains and of this machine before anybody is told: what each
//! fact means, and what to do about it.
//!
//! Facts are arguments. It looks at nothing itself, and a fact that is not known is said to be not known.

mod domain;
mod machine;
mod preset;
mod relay;

pub use domain::{Domain, Mx, Seen, domain};
pub use machine::{Clock, FileModes, Machine, OCTETS_PER_NOTICE, machine};
pub use preset::preset;
pub use relay::{Certificate, Probe, RelayFacts, Tls, relay};

use serde::Serialize;
use std::fmt;

/// How much an observation weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// A person should look: it may be meant so.
    Look,
    /// Notices would not go out, or not arrive, as it is.
    Broken,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Look => "look",
            Self::Broken => "BROKEN",
        })
    }
}

/// One thing that was seen, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Observation {
    /// A fixed name that other programs may rely on: `relay.pipelining`.
    pub about: &'static str,
    /// How much it weighs.
    pub mark: Mark,
    /// What was found. It may quote the relay or the DNS: escape it before showing it.
    pub found: String,
    /// What that means.
    pub means: String,
    /// What to do, where there is something.
    #[serde(rename = "do")]
    pub to_do: Option<String>,
}

impl Observation {
    /// Returns an observation that asks for nothing.
    pub fn ok(about: &'static str, found: impl Into<String>, means: impl Into<String>) -> Self {
        Self { about, mark: Mark::Ok, found: found.into(), means: means.into(), to_do: None }
    }

    /// Returns an observation that a person should look at.
    pub fn look(
        about: &'static str,
        found: impl Into<String>,
        means: impl Into<String>,
        to_do: impl Into<String>,
    ) -> Self {
        Self { mark: Mark::Look, to_do: Some(to_do.into()), ..Self::ok(about, found, means) }
    }

    /// Returns an observation of something that must be mended first.
    pub fn broken(
        about: &'static str,
        found: impl Into<String>,
        means: impl Into<String>,
        to_do: impl Into<String>,
    ) -> Self {
        Self { mark: Mark::Broken, ..Self::look(about, found, means, to_do) }
    }
}
