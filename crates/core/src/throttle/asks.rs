//! Decides whether a reply is about the pace: the relay asks for less, or has taken enough for today.
//!
//! When one notice is due again is decided in `retry`.

use crate::{
    retry::{is_throttle, is_throttle_by_itself},
    verdict::{Enhanced, Reply, Stage},
};
use std::time::Duration;

/// The longest pause that a reply may ask for: a quota is one of a day.
pub(super) const STATED_MOST: Duration = Duration::from_hours(24);
/// The shortest: a relay that says "in 0 seconds" is not asked at once.
const STATED_LEAST: Duration = Duration::from_mins(1);

/// Words that speak of a day.
const DAY: [&str; 5] = ["daily", "per day", "24 hour", "24-hour", "for today"];
/// Words that speak of a bound.
const BOUND: [&str; 3] = ["quota", "limit", "exceeded"];

/// What a reply asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Fewer attempts.
    Slower,
    /// None for this long, where the reply states it: the quota of a day is used up.
    Pause(Option<Duration>),
}

/// Returns what `reply` at `stage` asks of our pace; `None` where it speaks of something else.
///
/// Before MAIL it is about the number of lines. At MAIL, 421 alone or x.3.* means that the relay is away. Greylisting asks
/// for patience with one recipient. A quota is one however it is coded: Google says 550 5.4.5.
pub fn asks(stage: Stage, reply: &Reply) -> Option<Ask> {
    if stage < Stage::Mail || !(400..=599).contains(&reply.code) {
        return None;
    }
    // Of a mailbox or an address (RFC 3463, X.1 and X.2), and not of us.
    let is_theirs = matches!(reply.enhanced, Some(Enhanced(_, 1, _) | Enhanced(_, 2, 2 | 3)));
    let text = reply.text().to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if is_theirs || text.contains("greylist") || text.contains("graylist") {
        return None;
    }
    if has(&DAY) && has(&BOUND) {
        return Some(Ask::Pause(stated(&text)));
    }
    // A relay that takes nothing from anybody now (RFC 3463, X.3) is away; 432 is Exchange's limit on one client.
    let is_away = reply.code != 432 && reply.enhanced.is_some_and(|enhanced| enhanced.1 == 3);
    let is_slower =
        if stage == Stage::Mail { is_throttle_by_itself(reply) && !is_away } else { is_throttle(reply) };
    is_slower.then_some(Ask::Slower)
}

/// Returns the time in `in 3600 seconds` or `after 2 hours`.
fn stated(text: &str) -> Option<Duration> {
    let words: Vec<_> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.windows(3).find_map(|three| {
        let number: u64 = three[1].parse().ok().filter(|_| matches!(three[0], "in" | "after"))?;
        let seconds = match three[2] {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3600,
            _ => return None,
        };
        Some(Duration::from_secs(number.saturating_mul(seconds)).clamp(STATED_LEAST, STATED_MOST))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(stage: Stage, text: &str) -> Option<Ask> {
        asks(stage, &Reply::new(text[..3].parse().unwrap(), format!("{text}\r\n").into_bytes()))
    }

    #[test]
    fn relays_ask_for_less_in_many_words() {
        for text in [
            "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail",
            "421 4.7.0 [TS01] Messages from 192.0.2.1 temporarily deferred",
            "451 4.7.500 Server busy. Please try again later (AS761)",
            "451 4.7.699 Server busy",
            "454 Throttling failure: Maximum sending rate exceeded.",
            "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
            "432 4.3.2 Concurrent connections limit exceeded",
            "450 4.2.1 Peak SMTP relay limit exceeded",
            "450 4.7.1 Error: too much mail from 192.0.2.1",
            "421 bye",
        ] {
            assert_eq!(asked(Stage::Rcpt, text), Some(Ask::Slower), "{text}");
            assert_eq!(asked(Stage::Dot, text), Some(Ask::Slower), "{text}");
        }
        assert_eq!(asked(Stage::Mail, "450 4.7.1 Error: too much mail from 192.0.2.1"), Some(Ask::Slower));
    }

    #[test]
    fn what_is_about_a_mailbox_the_line_or_the_relay_asks_for_nothing() {
        for (stage, text) in [
            (Stage::Mail, "421 4.3.2 shutting down"),
            (Stage::Mail, "421 bye"),
            (Stage::Mail, "451 4.3.2 busy"),
            (Stage::Greeting, "421 4.7.0 too many connections"),
            (Stage::Rcpt, "450 4.7.1 greylisted, come back"),
            (Stage::Rcpt, "452 4.2.2 mailbox full, daily quota exceeded"),
            (Stage::Rcpt, "451 4.3.0 local error"),
            (Stage::Dot, "554 5.7.1 spam"),
            (Stage::Dot, "250 2.0.0 daily limit not exceeded"),
        ] {
            assert_eq!(asked(stage, text), None, "{stage} {text}");
        }
    }

    #[test]
    fn a_quota_pauses_for_the_stated_time_within_bounds() {
        for (text, seconds) in [
            ("454 Throttling failure: Daily message quota exceeded.", None),
            ("550 5.4.5 Daily user sending limit exceeded. For more information", None),
            ("452 4.5.3 limit of 10000 per day exceeded, try again in 2 hours", Some(7200)),
            ("421 24-hour limit exceeded, retry after 900 seconds", Some(900)),
            ("421 daily limit, try again in 0 seconds", Some(60)),
            ("421 daily limit, try again in 99999999999999999 hours", Some(86_400)),
        ] {
            assert_eq!(asked(Stage::Dot, text), Some(Ask::Pause(seconds.map(Duration::from_secs))), "{text}");
        }
    }
}
