//! What is known of well-known relays, as dated data: how many lines and messages each takes, whether it rewrites
//! Message-ID, and what its acceptance does not mean.
//!
//! A preset holds only where delivery.toml names it, and whatever is set beside it wins. `docs/relays.md` is the
//! same for people; a test holds them together.

use super::{Limit, Relay};
use std::time::Duration;

/// What is known of one relay.
#[derive(Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name in delivery.toml.
    pub name: &'static str,
    /// Its name among people.
    pub title: &'static str,
    /// The names that its hosts have.
    pub hosts: &'static [Host],
    /// Lines at once; `None` where nothing better is known than what holds without a preset.
    pub connections: Option<u32>,
    /// Messages over one line.
    pub messages_per_connection: Option<u32>,
    /// The pace that it allows.
    pub limits: &'static [Limit],
    /// Whether the pace is the account's own, so that nobody else can know it.
    pub has_own_rate: bool,
    /// The most people that it is fit for.
    pub recipients_max: Option<u64>,
    /// What it does to Message-ID.
    pub message_id: MessageId,
    /// What a 250 of it does not mean.
    pub not_meant: &'static str,
    /// Where the figures are from.
    pub figures: &'static [Figure],
}

/// A host name of a relay.
#[derive(Debug, PartialEq, Eq)]
pub enum Host {
    /// This one.
    Is(&'static str),
    /// Every one that begins and ends so.
    Between(&'static str, &'static str),
}

/// What a relay does to the Message-ID of what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageId {
    /// It leaves it alone.
    Kept,
    /// It puts one of its own there.
    Rewritten,
    /// Nobody has looked: nothing may rest on it.
    Unknown,
}

/// Something that a relay's operator, or a measurement, says.
#[derive(Debug, PartialEq, Eq)]
pub struct Figure {
    /// What.
    pub what: &'static str,
    /// Where it stands.
    pub source: &'static str,
    /// The day on which it stood there: `2026-11-25`.
    pub seen_on: &'static str,
}

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// Every preset.
pub const PRESETS: [Preset; 5] = [
    Preset {
        name: "postfix",
        title: "a Postfix of your own",
        hosts: &[],
        connections: Some(8),
        messages_per_connection: None,
        limits: &[],
        has_own_rate: false,
        recipients_max: None,
        message_id: MessageId::Kept,
        not_meant: "the message lies in its queue, and may lie there for days; queue_limit makes the run wait for it, \
                    and `forthwith reconcile --postfix-log` tells what left it",
        figures: &[
            Figure {
                what: "594 messages a second over 1 line, 853 over 8, 473 over 32, on two processors",
                source: "measured with Postfix 3.7.11",
                seen_on: "2026-11-23",
            },
            Figure {
                what: "at most 50 lines from one client (smtpd_client_connection_count_limit)",
                source: "https://www.postfix.org/postconf.5.html",
                seen_on: "2026-11-23",
            },
        ],
    },
    Preset {
        name: "ses",
        title: "Amazon SES",
        hosts: &[
            Host::Between("email-smtp.", ".amazonaws.com"),
            Host::Between("email-smtp-fips.", ".amazonaws.com"),
        ],
        connections: None,
        messages_per_connection: None,
        limits: &[],
        has_own_rate: true,
        recipients_max: None,
        message_id: MessageId::Rewritten,
        not_meant: "SES has not looked at it yet: it may still reject it, or return it; `forthwith reconcile --events` \
                    tells what became of it",
        figures: &[
            Figure {
                what: "a rate per second and a quota per 24 hours for each account; 454 beyond them, and nothing is \
                       kept for later",
                source: "https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html",
                seen_on: "2026-11-23",
            },
            Figure {
                what: "Message-ID and Date are overwritten",
                source: "https://docs.aws.amazon.com/ses/latest/dg/header-fields.html",
                seen_on: "2026-11-23",
            },
        ],
    },
    Preset {
        name: "sendgrid",
        title: "Twilio SendGrid",
        hosts: &[Host::Is("smtp.sendgrid.net"), Host::Is("smtp.eu.sendgrid.net")],
        connections: None,
        messages_per_connection: None,
        limits: &[],
        has_own_rate: false,
        recipients_max: None,
        message_id: MessageId::Unknown,
        not_meant: "SendGrid has not tried it yet, and tells what became of it in its own event webhook alone, which \
                    forthwith does not read",
        figures: &[Figure {
            what: "up to 5,000 messages for one line, more than is handed over on one here",
            source: "https://www.twilio.com/docs/sendgrid/for-developers/sending-email/integrating-with-the-smtp-api",
            seen_on: "2026-11-25",
        }],
    },
    Preset {
        name: "mailgun",
        title: "Mailgun",
        hosts: &[Host::Is("smtp.mailgun.org"), Host::Is("smtp.mailgun.com"), Host::Is("smtp.eu.mailgun.org")],
        connections: Some(32),
        messages_per_connection: Some(3),
        limits: &[],
        has_own_rate: false,
        recipients_max: None,
        message_id: MessageId::Unknown,
        not_meant: "Mailgun has not tried it yet, and tells what became of it in its own events alone, which forthwith \
                    does not read",
        figures: &[Figure {
            what: "3 messages over one line, up to 7,000 lines; 32 make up for the short lines",
            source: "KumoMTA, assets/policy-extras/shaping.toml: \"provided directly from Mailgun\"",
            seen_on: "2026-08-04",
        }],
    },
    Preset {
        name: "exchange-online",
        title: "Exchange Online, client submission",
        hosts: &[Host::Is("smtp.office365.com")],
        connections: Some(3),
        messages_per_connection: None,
        limits: &[Limit { attempts: 30, window: MINUTE }, Limit { attempts: 10_000, window: DAY }],
        has_own_rate: false,
        recipients_max: Some(10_000),
        message_id: MessageId::Unknown,
        not_meant: "it lies in the sender's mailbox, and what Exchange makes of it later comes as mail to the return \
                    path, if at all",
        figures: &[Figure {
            what: "3 lines at once, 30 messages a minute, 10,000 recipients a day for one mailbox",
            source: "https://learn.microsoft.com/en-us/exchange/troubleshoot/send-emails/smtp-submission-improvements",
            seen_on: "2026-11-25",
        }],
    },
];

impl Preset {
    /// Returns what it does to Message-ID, where that is not nothing.
    pub fn message_id_in_words(&self) -> Option<String> {
        match self.message_id {
            MessageId::Kept => None,
            MessageId::Rewritten => Some(format!("{} puts a Message-ID of its own into every message", self.title)),
            MessageId::Unknown => Some(format!("whether {} keeps Message-ID is not known", self.title)),
        }
    }

    /// Returns the latest day on which one of its figures stood where it is from: `2026-11-25`.
    pub fn known_on(&self) -> &'static str {
        self.figures.iter().map(|figure| figure.seen_on).max().unwrap_or_default()
    }

    /// Returns the preset of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// Returns the preset of the provider whose host `relay` is by its name. It is to be suggested, not applied.
    pub fn of_host(relay: &Relay) -> Option<&'static Self> {
        let host = relay.host()?.to_ascii_lowercase();
        PRESETS.iter().find(|preset| preset.hosts.iter().any(|name| name.is(&host)))
    }

    /// Returns why it is not fit to tell `people`; `None` where it is.
    pub fn unfit(&self, people: u64) -> Option<String> {
        let most = self.recipients_max.filter(|most| people > *most)?;
        let days = people.div_ceil(most);
        Some(format!("{} takes at most {most} recipients a day: {people} notices take {days} days", self.title))
    }
}

impl Host {
    fn is(&self, host: &str) -> bool {
        match self {
            Self::Is(name) => *name == host,
            Self::Between(begin, end) => host
                .strip_prefix(begin)
                .and_then(|rest| rest.strip_suffix(end))
                .is_some_and(|rest| !rest.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::parse_relay;
    use jiff::civil::Date;

    #[test]
    fn every_preset_is_whole_and_every_figure_has_a_source_and_a_day() {
        let mut names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PRESETS.len());
        for preset in &PRESETS {
            let name = preset.name;
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
            assert!(
                !preset.title.is_empty() && !preset.not_meant.is_empty() && !preset.figures.is_empty(),
                "{name}"
            );
            assert!(preset.connections.is_none_or(|n| (1..=256).contains(&n)), "{name}");
            assert!(preset.messages_per_connection.is_none_or(|n| n > 0), "{name}");
            for figure in preset.figures {
                let day: Date = figure.seen_on.parse().unwrap();
                assert!(
                    day.year() >= 2026 && !figure.what.is_empty() && figure.source.len() > 10,
                    "{name}: {figure:?}"
                );
            }
            for host in preset.hosts {
                let (Host::Is(text) | Host::Between(text, _)) = host;
                assert_eq!(text.to_ascii_lowercase(), **text);
            }
        }
    }

    #[test]
    fn a_provider_is_known_by_its_hosts_name_alone() {
        let of = |url: &str| Preset::of_host(&parse_relay(url).unwrap()).map(|preset| preset.name);
        assert_eq!(of("smtps://email-smtp.eu-west-1.amazonaws.com"), Some("ses"));
        assert_eq!(of("smtp+starttls://SMTP.Office365.com"), Some("exchange-online"));
        assert_eq!(of("smtps://smtp.mailgun.org"), Some("mailgun"));
        for other in [
            "smtps://email-smtp..amazonaws.com.example.org",
            "smtps://smtp.sendgrid.net.example.org",
            "smtps://amazonaws.com",
            "smtp://127.0.0.1",
            "inbox",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_too_many_is_said() {
        let exchange = Preset::named("exchange-online").unwrap();
        assert_eq!(exchange.unfit(10_000), None);
        assert!(exchange.unfit(10_001).unwrap().contains("2 days"));
        assert_eq!(Preset::named("ses").unwrap().unfit(u64::MAX), None);
        assert_eq!(Preset::named("gmail"), None);
    }
}
