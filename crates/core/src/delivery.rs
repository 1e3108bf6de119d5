//! How notices go out: the meaning of delivery.toml. `delivery/read.rs` is how it is read.

mod preset;
mod read;

pub use preset::{Figure, Host, MessageId, PRESETS, Preset};
pub(crate) use read::parse_duration;
pub use read::{parse_rate, parse_relay, read};

use crate::{address::Address, calendar::Calendar, domains::Domains, fact::Determination, ramp::Ramp};
use jiff::Timestamp;
use std::{path::PathBuf, time::Duration};

/// What delivery.toml says, with its defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The server that we submit to.
    pub relay: Relay,
    /// The relay's own queue, where the run waits for it.
    pub queue: Option<Queue>,
    /// What is known of the relay, where the operator named it.
    pub preset: Option<&'static Preset>,
    /// How many connections are open at once, 1 to 256.
    pub connections: u32,
    /// At most this many attempts in every window of this length; empty means unlimited.
    pub limits: Vec<Limit>,
    /// The groups of recipient domains that have limits of their own, which hold beside those.
    pub domains: Domains,
    /// When attempts may begin.
    pub calendar: Calendar,
    /// How long a relay that was reached may be away before the run ends with exit 7.
    pub patience: Duration,
    /// How long each stage may take.
    pub timeouts: Timeouts,
    /// How the plan begins.
    pub ramp: Option<Ramp>,
    /// How long a notice that is refused for now is tried, from its own first offer: 4 days.
    pub give_up_after: Duration,
    /// How long before the incident's deadline it is given up at the latest: 12 h, a night and a morning in which
    /// letters can still be made and posted.
    pub margin: Duration,
    /// What must be in place before people ask.
    pub ready: Readiness,
    /// Who may get a marked sample: nobody, where nobody is named.
    pub test_to: Vec<Address>,
}

impl Default for Delivery {
    /// Returns what holds where nobody says otherwise: a rehearsal, gently.
    fn default() -> Self {
        Self {
            relay: Relay::Inbox,
            queue: None,
            preset: None,
            connections: read::CONNECTIONS_DEFAULT,
            limits: Vec::new(),
            domains: Domains::default(),
            calendar: Calendar::default(),
            patience: read::PATIENCE_DEFAULT,
            timeouts: Timeouts::default(),
            ramp: None,
            give_up_after: read::GIVE_UP_DEFAULT,
            margin: read::MARGIN_DEFAULT,
            ready: Readiness::default(),
            test_to: Vec::new(),
        }
    }
}

/// What must be in place before the first notice goes out, and who says that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// The public statement stands on the organisation's own site: people look there whether a notice is genuine.
    pub statement_live: Option<Determination>,
    /// Those who answer questions have read what is said: people ask them within the hour.
    pub help_desk_briefed: Option<Determination>,
}

impl Readiness {
    /// Returns what nobody says to be in place: the key of `[ready]`, and why it matters.
    pub fn missing(&self) -> Vec<(&'static str, &'static str)> {
        let statement = "nobody says that a statement stands on the organisation's own site, where people look whether a notice is genuine";
        let help_desk = "nobody says that the help desk is briefed, which people ask within the hour";
        [
            ("statement_live", statement, &self.statement_live),
            ("help_desk_briefed", help_desk, &self.help_desk_briefed),
        ]
        .into_iter()
        .filter(|(.., said)| said.is_none())
        .map(|(key, why, _)| (key, why))
        .collect()
    }
}

impl Delivery {
    /// Returns when every notice is given up that a relay refuses for now, so that its person can still be told in
    /// another way before `deadline`.
    pub fn give_up_at(&self, deadline: Timestamp) -> Timestamp {
        deadline.checked_sub(self.margin).unwrap_or(Timestamp::MIN)
    }
}

/// The server that we submit to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relay {
    /// The built-in inbox on loopback: a rehearsal.
    Inbox,
    /// An SMTP server.
    Server(Server),
}

/// An SMTP server, and how we speak to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Host name or IP address. A name is what its certificate must bear.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the line is protected.
    pub security: Security,
    /// Whether plaintext is allowed beyond loopback.
    pub allow_plaintext: bool,
    /// A PEM file of further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// Who we are to the relay.
    pub login: Option<Login>,
    /// The name that we give in EHLO; `localhost` literal of our address where it is not given.
    pub ehlo_name: Option<String>,
    /// After how many messages a line is closed and another opened; `None` leaves it to the sender.
    pub messages_per_connection: Option<u32>,
}

/// A relay's own queue: accepted by a relay that waits for the next is not yet on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The run waits while more messages than this are in it.
    pub limit: u64,
    /// What lists it, a JSON object on a line for each message, as `postqueue -j` does: the program and its
    /// arguments, run without a shell.
    pub command: Vec<String>,
}

/// How the line to a relay is protected. There is no opportunistic mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first octet (RFC 8314 section 3.3).
    ImplicitTls,
    /// STARTTLS, required (RFC 3207).
    StartTls,
    /// None.
    Plaintext,
}

/// A user name and where its password is found. The password itself is never part of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user name.
    pub user: String,
    /// Where the password is.
    pub password: PasswordSource,
}

/// Where a password is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// In a file that only its owner can read.
    File(PathBuf),
    /// On the first line of what a command prints: the program and its arguments, run without a shell.
    Command(Vec<String>),
}

/// At most `attempts` in every half-open window of `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub attempts: u32,
    /// In how long.
    pub window: Duration,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = match self.window.as_secs() {
            1 => "s",
            60 => "min",
            3_600 => "h",
            86_400 => "d",
            _ => return write!(f, "{} in {:?}", self.attempts, self.window),
        };
        write!(f, "{}/{unit}", self.attempts)
    }
}

/// How long each stage may take. Defaults are the minima of RFC 5321 section 4.5.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP and TLS handshake: 30 s (the RFC names none).
    pub connect: Duration,
    /// Greeting and EHLO: 5 min (4.5.3.2.1).
    pub greeting: Duration,
    /// STARTTLS and AUTH: 5 min, as for a command.
    pub auth: Duration,
    /// MAIL: 5 min (4.5.3.2.2).
    pub mail: Duration,
    /// RCPT: 5 min (4.5.3.2.3).
    pub rcpt: Duration,
    /// DATA to 354: 2 min (4.5.3.2.4).
    pub data: Duration,
    /// Each block of content: 3 min (4.5.3.2.5).
    pub content: Duration,
    /// The final dot to its reply: 10 min (4.5.3.2.6). A shorter one manufactures doubt.
    pub dot: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Self {
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            auth: minutes(5),
            mail: minutes(5),
            rcpt: minutes(5),
            data: minutes(2),
            content: minutes(3),
            dot: minutes(10),
        }
    }
}

impl Relay {
    /// Returns the host that we submit to; `None` for the built-in inbox.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Inbox => None,
            Self::Server(server) => Some(&server.host),
        }
    }
}

impl Server {
    /// Returns whether the host is this machine by its very form: a loopback literal or `localhost`.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl std::fmt::Display for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Server(server) = self else { return f.write_str("inbox") };
        let scheme = match server.security {
            Security::ImplicitTls => "smtps",
            Security::StartTls => "smtp+starttls",
            Security::Plaintext => "smtp",
        };
        let brackets = if server.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{scheme}://{}{}{}:{}", brackets.0, server.host, brackets.1, server.port)
    }
}
