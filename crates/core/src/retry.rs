//! Decides when a deferred notice is due again.
//!
//! Delays follow RFC 5321 section 4.5.4.1: two attempts in the first hour, then one every two or three hours.
//! It also says when a notice that is refused for now is given up; that it was refused is for the caller to know.

use crate::{
    digest::Digest,
    notice::Token,
    verdict::{Enhanced, Reply},
};
use jiff::Timestamp;
use std::time::Duration;

/// The delays after the first deferrals, in minutes.
const FIRST_DELAYS: [u64; 4] = [5, 15, 30, 60];
/// Every further delay, in minutes.
const LATER_DELAY: u64 = 120;
/// A delay grows by up to this share of itself, so that what was deferred together does not return together.
const JITTER_PER_MILLE: u64 = 200;
/// The shortest and the longest delay after a reply that asks us to slow down, in seconds.
const THROTTLE_SECONDS: (u64, u64) = (60, 600);

/// What relays write when they ask us to slow down and give no enhanced code that says so.
const THROTTLE_WORDS: [&str; 6] =
    ["throttl", "rate limit", "sending rate", "too many", "slow down", "limit exceeded"];

/// Returns how long to wait after a deferral, the notice having been deferred `deferrals` times before.
///
/// The same notice and count give the same delay in every run: the jitter comes from the token.
pub fn delay(deferrals: u32, token: &Token, reply: Option<&Reply>) -> Duration {
    let jitter = jitter_per_mille(deferrals, token);
    if reply.is_some_and(is_throttle) {
        let (least, most) = THROTTLE_SECONDS;
        return Duration::from_secs(least + (most - least) * jitter / 1000);
    }
    let index = usize::try_from(deferrals).unwrap_or(usize::MAX);
    let seconds = 60 * FIRST_DELAYS.get(index).copied().unwrap_or(LATER_DELAY);
    Duration::from_secs(seconds + seconds * jitter * JITTER_PER_MILLE / 1_000_000)
}

/// When a notice is given up that is refused for now.
#[derive(Clone, Copy, Debug, Default)]
pub struct GiveUp {
    /// So long after its first offer; `None` for never.
    pub after: Option<Duration>,
    /// At this moment, which leaves time for another way before the deadline; `None` for never. A notice first offered
    /// at this moment or later is late anyway, and only its age counts.
    pub at: Option<Timestamp>,
}

impl GiveUp {
    /// Returns when a notice first offered at `first_offer` is given up, if ever: whichever is first.
    pub fn of(self, first_offer: Timestamp) -> Option<Timestamp> {
        let by_age = self.after.map(|after| first_offer.checked_add(after).unwrap_or(Timestamp::MAX));
        let by_deadline = self.at.filter(|at| first_offer < *at);
        [by_age, by_deadline].into_iter().flatten().min()
    }

    /// Returns by when a notice must have been first offered to be given up at `now`; `None` where none is.
    pub fn offered_by(self, now: Timestamp) -> Option<Timestamp> {
        let by_age = self.after.and_then(|after| now.checked_sub(after).ok());
        let just_before = |at: Timestamp| at.checked_sub(Duration::from_nanos(1)).ok();
        let by_deadline = self.at.filter(|at| *at <= now).and_then(just_before);
        [by_age, by_deadline].into_iter().flatten().max()
    }
}

/// Returns whether `reply` asks us to slow down rather than speaks of one recipient.
///
/// That is 421, and 432, 450, 451, 452 and 454 with an enhanced code of RFC 3463 for congestion, limits or policy
/// (x.3.2, x.4.5, x.5.3, x.7.*), or with words to that effect.
pub fn is_throttle(reply: &Reply) -> bool {
    reply.code == 421 || is_throttle_by_itself(reply)
}

/// The same where 421 alone does not say it: a relay that shuts down says 421 too (RFC 5321 section 3.8).
pub(crate) fn is_throttle_by_itself(reply: &Reply) -> bool {
    if !matches!(reply.code, 421 | 432 | 450 | 451 | 452 | 454) {
        return false;
    }
    let by_code = matches!(
        reply.enhanced,
        Some(Enhanced(_, 3, 2) | Enhanced(_, 4, 5) | Enhanced(_, 5, 3) | Enhanced(_, 7, _))
    );
    by_code || {
        let text = reply.text().to_ascii_lowercase();
        THROTTLE_WORDS.iter().any(|word| text.contains(word))
    }
}

/// Returns a number from 0 to 1000 that looks random and depends on the arguments alone.
fn jitter_per_mille(deferrals: u32, token: &Token) -> u64 {
    let digest = Digest::of_parts([token.as_str().as_bytes(), &deferrals.to_be_bytes()]);
    let [a, b, ..] = *digest.as_bytes();
    u64::from(u16::from_be_bytes([a, b])) * 1000 / u64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(text: &str) -> Token {
        Token::parse(text).unwrap()
    }

    fn reply(text: &str) -> Reply {
        Reply::new(text[..3].parse().unwrap(), format!("{text}\r\n").into_bytes())
    }

    #[test]
    fn delays_grow_to_two_hours_and_stay_there() {
        let token = token("aaaaaaaaaaaaaaaa");
        for (deferrals, minutes) in [(0, 5), (1, 15), (2, 30), (3, 60), (4, 120), (5, 120), (u32::MAX, 120)] {
            let seconds = delay(deferrals, &token, Some(&reply("451 4.3.0 later"))).as_secs();
            let least = 60 * minutes;
            assert!((least..=least + least / 5).contains(&seconds), "{deferrals}: {seconds}");
        }
    }

    #[test]
    fn a_notice_keeps_its_jitter_and_two_notices_differ() {
        let (one, two) = (token("aaaaaaaaaaaaaaaa"), token("bbbbbbbbbbbbbbbb"));
        assert_eq!(delay(0, &one, None), delay(0, &one, None));
        assert_ne!(delay(0, &one, None), delay(0, &two, None));
    }

    #[test]
    fn a_throttled_notice_returns_within_ten_minutes() {
        for name in ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc", "7777777777777777"] {
            let seconds = delay(9, &token(name), Some(&reply("454 Throttling failure"))).as_secs();
            assert!((60..=600).contains(&seconds), "{seconds}");
        }
    }

    #[test]
    fn a_notice_is_given_up_by_its_age_or_in_time_for_the_deadline() {
        let at = |hours: i64| Timestamp::from_second(1_600_000_000 + 3600 * hours).unwrap();
        let after = Some(Duration::from_hours(96));
        for (first, deadline, expected) in [
            (0, None, 96),
            (0, Some(50), 50),
            (0, Some(200), 96),
            (49, Some(50), 50),
            (50, Some(50), 146),
            (60, Some(50), 156),
        ] {
            let give_up = GiveUp { after, at: deadline.map(at) };
            assert_eq!(give_up.of(at(first)), Some(at(expected)), "{first} {deadline:?}");
        }
        let by_deadline = GiveUp { after: None, at: Some(at(5)) };
        assert_eq!((by_deadline.of(at(0)), by_deadline.of(at(6))), (Some(at(5)), None));
    }

    proptest! {
        #[test]
        fn who_is_given_up_is_told_by_the_first_offer_alone(
            first in -300_i64..300,
            now in -300_i64..300,
            after in prop::option::of(0_u64..400),
            deadline in prop::option::of(-300_i64..300),
        ) {
            let at = |seconds: i64| Timestamp::from_second(1_600_000_000 + seconds).unwrap();
            let give_up = GiveUp { after: after.map(Duration::from_secs), at: deadline.map(at) };
            let is_over = give_up.of(at(first)).is_some_and(|limit| limit <= at(now));
            prop_assert_eq!(is_over, give_up.offered_by(at(now)).is_some_and(|by| at(first) <= by));
        }
    }

    #[test]
    fn throttles_are_told_from_other_deferrals() {
        for text in [
            "421 bye",
            "450 4.7.1 greylisted",
            "451 4.3.2 shutting down",
            "452 4.5.3 too many recipients",
            "451 4.4.5 busy",
            "454 Throttling failure: Maximum sending rate exceeded",
            "450 too many connections",
        ] {
            assert!(is_throttle(&reply(text)), "{text}");
        }
        for text in ["450 4.2.1 mailbox busy", "451 4.3.0 local error", "452 4.2.2 full", "550 5.7.1 too many"] {
            assert!(!is_throttle(&reply(text)), "{text}");
        }
    }
}
