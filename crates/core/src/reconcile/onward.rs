//! What became of an accepted notice after the relay: evidence beside its state, never a state.

use crate::private::Private;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Characters of the next server's reply that are kept.
pub(super) const REPLY_CHARS_MAX: usize = 512;
/// Names that a provider gave to one notice that are kept: one for each decision to tell again.
const IDS_MAX: usize = 16;
/// What Postfix's delivery agents log, and what it says of the message.
const STATUSES: [(&str, Passage); 4] = [
    ("status=sent", Passage::PassedOn),
    ("status=deferred", Passage::Waiting),
    ("status=bounced", Passage::Returned),
    ("status=expired", Passage::Returned),
];

/// What the relay did with a message that it had accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onward {
    /// What came of it so far.
    pub passage: Passage,
    /// When, by the relay's clock; `None` where the log's time is one that comes twice.
    pub at: Option<Timestamp>,
    /// Where it went: `mx.example.net[192.0.2.7]:25`, `virtual`, `none`.
    pub relay: String,
    /// The enhanced status code: `2.0.0`.
    pub dsn: String,
    /// The next server's words, which may name the person.
    pub reply: Private<String>,
    /// Whether the person, or their provider, complained.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_complained: bool,
    /// The provider's names of the message, where it exports events: two are two copies.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ids: BTreeSet<String>,
}

impl Passage {
    /// Of two of the same time, the higher is what came of it.
    fn rank(self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::PassedOn => 1,
            Self::Returned => 2,
        }
    }
}

/// What came of a message after the relay had accepted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// The next server took it, or it was put into a mailbox.
    PassedOn,
    /// The relay has it, and tries or tries again.
    Waiting,
    /// The relay gave up.
    Returned,
}

impl Onward {
    /// Takes over what `other` tells: what came of it last, whichever was read first.
    pub fn add(&mut self, mut other: Self) {
        let is_later = match (self.at, other.at) {
            (Some(at), Some(other_at)) if at != other_at => other_at > at,
            _ => other.passage.rank() >= self.passage.rank(),
        };
        let is_complained = self.is_complained || other.is_complained;
        let mut ids = std::mem::take(&mut self.ids);
        ids.append(&mut other.ids);
        while ids.len() > IDS_MAX {
            ids.pop_last();
        }
        if is_later {
            *self = other;
        }
        (self.is_complained, self.ids) = (is_complained, ids);
    }

    /// Reads what follows the queue id in a delivery agent's line:
    /// `to=<a@b>, relay=mx[192.0.2.7]:25, delay=0.1, delays=…, dsn=2.0.0, status=sent (250 ok)`.
    pub(super) fn parse(text: &str, at: Option<Timestamp>) -> Option<Self> {
        let mut rest = text.strip_prefix("to=<")?.split_once(">, ")?.1;
        if let Some(original) = rest.strip_prefix("orig_to=<") {
            rest = original.split_once(">, ")?.1;
        }
        let (mut relay, mut dsn) = ("", "");
        // Six fields in the versions that there are; a hostile line has no more turns than commas.
        let status = loop {
            if rest.starts_with("status=") {
                break rest;
            }
            let (field, after) = rest.split_once(", ")?;
            rest = after;
            match field.split_once('=')? {
                ("relay", value) => relay = value,
                ("dsn", value) => dsn = value,
                _ => {}
            }
        };
        let (word, reply) = status.split_once(' ').unwrap_or((status, ""));
        let (_, passage) = STATUSES.into_iter().find(|(status, _)| *status == word)?;
        let reply = reply.strip_prefix('(').and_then(|reply| reply.strip_suffix(')')).unwrap_or(reply);
        let reply = Private::new(reply.chars().take(REPLY_CHARS_MAX).collect());
        Some(Self {
            passage,
            at,
            relay: relay.to_owned(),
            dsn: dsn.to_owned(),
            reply,
            is_complained: false,
            ids: BTreeSet::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Onward> {
        Onward::parse(text, None)
    }

    #[test]
    fn every_way_on_is_read() {
        let sent = parse(
            "to=<b@y.test>, orig_to=<c@y.test>, relay=mx.y.test[192.0.2.7]:25, conn_use=2, delay=0.05, \
             delays=0.03/0.01/0/0, dsn=2.0.0, status=sent (250 2.0.0 ok, status=bounced (no))",
        )
        .unwrap();
        assert_eq!(
            (sent.passage, &*sent.relay, &*sent.dsn),
            (Passage::PassedOn, "mx.y.test[192.0.2.7]:25", "2.0.0")
        );
        assert_eq!(sent.reply.expose(), "250 2.0.0 ok, status=bounced (no)");
        let of = |status: &str| {
            parse(&format!("to=<b@y>, relay=none, dsn=4.4.1, status={status}")).map(|onward| onward.passage)
        };
        assert_eq!(of("deferred (connect timed out)"), Some(Passage::Waiting));
        assert_eq!(of("bounced"), Some(Passage::Returned));
        assert_eq!(of("deliverable (probe)"), None);
        for broken in
            ["", "to=<b@y>", "to=<b@y>, relay=none", "from=<a@b>, status=sent", "to=<b@y>, x, status=sent"]
        {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn what_came_last_stands_whichever_was_read_first() {
        let of = |second: Option<i64>, passage: Passage| {
            let at = second.map(|second| Timestamp::from_second(second).unwrap());
            Onward { passage, ..Onward::parse("to=<b@y>, relay=none, status=deferred", at).unwrap() }
        };
        let both = |one: &Onward, other: &Onward| {
            let added = [(one, other), (other, one)].map(|(first, second)| {
                let mut first = first.clone();
                first.add(second.clone());
                first
            });
            assert_eq!(added[0], added[1]);
            added[0].passage
        };
        assert_eq!(both(&of(Some(1), Passage::PassedOn), &of(Some(2), Passage::Returned)), Passage::Returned);
        assert_eq!(both(&of(Some(2), Passage::PassedOn), &of(Some(1), Passage::Returned)), Passage::PassedOn);
        assert_eq!(both(&of(Some(1), Passage::PassedOn), &of(Some(1), Passage::Waiting)), Passage::PassedOn);
        assert_eq!(both(&of(None, Passage::Waiting), &of(Some(1), Passage::PassedOn)), Passage::PassedOn);
        let complained =
            Onward { is_complained: true, ids: ["a".to_owned()].into(), ..of(Some(1), Passage::PassedOn) };
        let mut later = Onward { ids: ["b".to_owned()].into(), ..of(Some(2), Passage::Returned) };
        later.add(complained);
        assert_eq!((later.passage, later.is_complained, later.ids.len()), (Passage::Returned, true, 2));
    }

    #[test]
    fn the_reply_is_bounded_and_masked() {
        let onward = parse(&format!("to=<b@y>, relay=none, status=sent ({})", "ä".repeat(5_000))).unwrap();
        assert_eq!(onward.reply.expose().chars().count(), REPLY_CHARS_MAX);
        assert!(format!("{onward:?}").contains("<private>"));
    }
}
