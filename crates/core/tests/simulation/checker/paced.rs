//! Holds the recorded changes of pace against each other, and the attempts of a story against them.
//!
//! It knows of the core only how a change is written down, and works the numbers out itself.

use super::Offence;
use forthwith_core::throttle::{Change, Why};

/// The slowest pace there is, in thousandths of an attempt a minute.
const FLOOR: u64 = 1_000;
/// The shortest time in which the pace may be raised by a step, in milliseconds.
const STEP_EVERY: i64 = 60_000;
/// Attempts that lie closer together than this, in milliseconds, may make up for so much.
const BURST: i64 = 100;

/// Something that is about the pace.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A run began.
    RunBegan,
    /// An attempt was granted.
    Granted,
    /// A change was recorded.
    Paced(Change),
    /// So many of the last records were lost in a crash.
    Lost(usize),
}

/// The pace as the records have it.
#[derive(Default)]
struct Records {
    /// The records that are left, and when each was made.
    kept: Vec<(i64, Change)>,
    /// Since when attempts are counted against the last of them, how many there were, and how many may be at once.
    since: i64,
    granted: i64,
    at_once: i64,
}

/// Returns every offence of a story.
pub fn check(deeds: &[(i64, Deed)]) -> Vec<Offence> {
    let mut records = Records::default();
    let mut offences = Vec::new();
    for (at, deed) in deeds {
        match deed {
            Deed::RunBegan => records.count_anew(*at, 1),
            Deed::Lost(count) => records.kept.truncate(records.kept.len() - count),
            Deed::Paced(change) => {
                if !records.lead_to(*at, change) {
                    offences.push(Offence::Change(*at));
                }
                records.kept.push((*at, *change));
                records.count_anew(*at, i64::from(change.why != Why::Asked));
            }
            Deed::Granted => {
                records.granted += 1;
                if records.is_too_soon(*at) {
                    offences.push(Offence::TooSoon(*at));
                }
            }
        }
    }
    offences
}

impl Records {
    fn count_anew(&mut self, at: i64, at_once: i64) {
        (self.since, self.granted, self.at_once) = (at, 0, at_once);
    }

    /// Returns the pace that holds, where one does.
    fn held(&self) -> Option<&Change> {
        self.kept.last().map(|(_, last)| last).filter(|last| last.new < last.full)
    }

    /// Returns whether `change` may follow, whichever run recorded it.
    fn lead_to(&self, at: i64, change: &Change) -> bool {
        let goes_on = self.held().map_or(change.why != Why::Quiet, |last| change.old == last.new);
        goes_on
            && match change.why {
                Why::Asked => change.new.0 <= (change.old.0 / 2).max(FLOOR),
                Why::Quiet => change.new.0 <= self.raised_by(at),
                Why::Quota | Why::QuotaOver => change.new == change.old,
            }
    }

    /// Returns the most that the pace may have become since the relay asked last.
    fn raised_by(&self, at: i64) -> u64 {
        let Some((asked, change)) = self.kept.iter().rev().find(|(_, change)| change.why == Why::Asked) else {
            return 0;
        };
        let mut rate = change.new.0;
        for _ in 0..(at - asked) / STEP_EVERY {
            if rate >= change.full.0 {
                break;
            }
            rate += (change.base.0.max(rate) / 10).max(1);
        }
        rate.min(change.full.0)
    }

    fn is_too_soon(&self, at: i64) -> bool {
        let pauses = self.kept.iter().filter_map(|(made, change)| Some((made, change.at, change.until?)));
        let mut ends = pauses.map(|(made, from, until)| made + until.as_millisecond() - from.as_millisecond());
        if ends.any(|end| at < end) {
            return true;
        }
        let Some(pace) = self.held() else { return false };
        // A minute is 60,000 ms, and a rate counts thousandths.
        let interval = 60_000_000 / i64::try_from(pace.new.0).expect("a pace that holds is a number");
        let made_up = if interval < BURST { BURST } else { 0 };
        let passed = i128::from(at - self.since + made_up) * i128::from(pace.new.0) / 60_000_000;
        i128::from(self.granted - self.at_once) > passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use forthwith_core::throttle::Rate;
    use jiff::Timestamp;

    fn change(why: Why, old: u64, new: u64) -> Deed {
        let [old, new, base, full] = [old, new, 60_000, 60_000].map(Rate);
        let at = Timestamp::UNIX_EPOCH;
        Deed::Paced(Change { at, old, new, base, full, why, cause: None, until: None })
    }

    #[test]
    fn every_doctored_pace_is_seen() {
        let asked = || change(Why::Asked, 60_000, 30_000);
        let none: [Offence; 0] = [];
        // Thirty a minute are one every two seconds.
        let kept = [(0, asked()), (2_000, Deed::Granted), (4_000, Deed::Granted)];
        assert_eq!(check(&kept), none);
        assert_eq!(check(&[(0, asked()), (1_999, Deed::Granted)]), [Offence::TooSoon(1_999)]);
        assert_eq!(check(&[(0, change(Why::Asked, 60_000, 60_000))]), [Offence::Change(0)], "not halved");
        assert_eq!(
            check(&[(0, asked()), (1, change(Why::Asked, 60_000, 30_000))]),
            [Offence::Change(1)],
            "forgotten"
        );
        let raised = || change(Why::Quiet, 30_000, 36_000);
        assert_eq!(check(&[(0, asked()), (60_000, raised())]), none);
        assert_eq!(check(&[(0, asked()), (59_999, raised())]), [Offence::Change(59_999)]);
        let over_a_restart = |at| [(0, asked()), (1, Deed::RunBegan), (2, Deed::Granted), (at, Deed::Granted)];
        assert_eq!(check(&over_a_restart(2_001)), none);
        assert_eq!(check(&over_a_restart(2_000)), [Offence::TooSoon(2_000)]);
        let lost = [(0, asked()), (1, Deed::Lost(1)), (1, Deed::RunBegan), (2, Deed::Granted), (3, Deed::Granted)];
        assert_eq!(check(&lost), none, "nobody knows any more");
    }

    #[test]
    fn nothing_may_begin_while_a_quota_is_used_up() {
        let Deed::Paced(mut quota) = change(Why::Quota, u64::MAX, u64::MAX) else { unreachable!() };
        (quota.full, quota.until) = (quota.new, Some(Timestamp::from_second(3_600).unwrap()));
        let ends = |at| check(&[(5, Deed::Paced(quota)), (6, Deed::RunBegan), (at, Deed::Granted)]);
        assert_eq!(ends(3_600_004), [Offence::TooSoon(3_600_004)]);
        assert!(ends(3_600_005).is_empty());
    }
}
