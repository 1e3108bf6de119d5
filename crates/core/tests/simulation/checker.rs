//! Holds what the relay took against the list and the final ledger. It sees nothing else of a story: no engine,
//! no worker, no fault.
//!
//! It reads the ledger's entries itself, and takes from the core only which state follows which. What the recorded
//! changes of pace allow is worked out in `paced`.

mod paced;

pub use paced::Deed;

use super::{clock::day_of, relay::Mail};
use forthwith_core::{
    delivery::Limit,
    notice::Entry,
    ramp::Ramp,
    state::{Happening, State},
};
use std::collections::BTreeMap;

/// Everything that the checker is given.
pub struct Case<'a> {
    /// How many notices were owed, numbered from 0.
    pub owed: usize,
    /// What the relay took, a notice each time.
    pub took: &'a [i64],
    /// Whom the relay refused for good.
    pub refused: &'a [i64],
    /// Every MAIL that arrived.
    pub mails: &'a [Mail],
    /// How often the relay left a dot without a whole reply.
    pub spoiled_dots: usize,
    /// The ledger in the end.
    pub entries: &'a [Entry],
    /// The pace that was promised.
    pub limits: &'a [Limit],
    /// The pace that was promised for some of the notices: which, and at most how many.
    pub groups: &'a [(Vec<i64>, Vec<Limit>)],
    /// How the plan was to begin.
    pub ramp: Option<Ramp>,
    /// At most so many MAILs a calendar day of UTC.
    pub per_day: Option<u32>,
    /// The days that a step of the clock back over a midnight touched: each step gives a day its number once more.
    pub turned_back: &'a [i64],
    /// What was recorded and done about the pace, in order, and when.
    pub deeds: &'a [(i64, Deed)],
    /// The most connections of a run.
    pub connections: usize,
    /// How often a run ended without notice, or its disk failed, or its lines were cut.
    pub crashes: usize,
}

/// Something that may never be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offence {
    /// Owed, not taken, and in no state that shows it to a person.
    Lost(i64),
    /// Taken more often than owed and decided by a person together.
    Copy(i64),
    /// Taken, and the ledger neither accepts nor doubts it: the next run tells again.
    Unrecorded(i64),
    /// Accepted in the ledger more often than taken.
    Phantom(i64),
    /// An entry that the state before it excludes.
    Impossible(i64),
    /// More doubts than lost replies and connections x crashes explain.
    Doubts(usize),
    /// More MAILs within a window than its limit.
    Pace(usize),
    /// The same, of one group of notices.
    GroupPace(usize),
    /// More MAILs within a window than the ramp allowed so long after the first, at this millisecond.
    Ramp(i64),
    /// More MAILs in this calendar day than its number.
    Day(i64),
    /// A recorded change of pace that the one before does not lead to, at this millisecond.
    Change(i64),
    /// An attempt sooner than the recorded pace allows, at this millisecond.
    TooSoon(i64),
}

/// What the ledger says of one notice.
struct Account {
    state: State,
    accepted: usize,
    doubts_settled: usize,
    resent: usize,
}

/// Returns every offence.
pub fn check(case: &Case<'_>) -> Vec<Offence> {
    let mut offences = Vec::new();
    let mut doubts = 0;
    for notice in 0..i64::try_from(case.owed).expect("a story has few notices") {
        let Some(account) = account(case.entries, notice) else {
            offences.push(Offence::Impossible(notice));
            continue;
        };
        let is_doubt = account.state == State::Offered;
        doubts += usize::from(is_doubt) + account.doubts_settled;
        let times = |list: &[i64]| list.iter().filter(|of| **of == notice).count();
        let taken = times(case.took);
        if taken > 1 + account.resent {
            offences.push(Offence::Copy(notice));
        }
        if account.accepted > taken {
            offences.push(Offence::Phantom(notice));
        }
        if taken > account.accepted + account.doubts_settled + usize::from(is_doubt) {
            offences.push(Offence::Unrecorded(notice));
        }
        let is_shown = match account.state {
            State::Offered | State::LetStand | State::Expired => true,
            State::Bounced => times(case.refused) > 0,
            State::Accepted | State::Queued | State::Deferred | State::Withheld => false,
        };
        if taken == 0 && !is_shown {
            offences.push(Offence::Lost(notice));
        }
    }
    if doubts > case.spoiled_dots + case.connections * case.crashes {
        offences.push(Offence::Doubts(doubts));
    }
    let times: Vec<_> = case.mails.iter().map(|mail| mail.elapsed).collect();
    let is_too_fast = |limit: &&Limit| exceeds(&times, limit);
    offences.extend(case.limits.iter().filter(is_too_fast).map(|limit| Offence::Pace(limit.attempts as usize)));
    for (members, limits) in case.groups {
        let of_group = case.mails.iter().filter(|mail| members.contains(&mail.notice));
        let times: Vec<_> = of_group.map(|mail| mail.elapsed).collect();
        let is_too_fast = |limit: &&Limit| exceeds(&times, limit);
        let offence = |limit: &Limit| Offence::GroupPace(limit.attempts as usize);
        offences.extend(limits.iter().filter(is_too_fast).map(offence));
    }
    offences.extend(case.ramp.and_then(|ramp| climbs_too_fast(&times, ramp)).map(Offence::Ramp));
    offences.extend(case.per_day.and_then(|most| overfull_day(case, most)).map(Offence::Day));
    offences.extend(paced::check(case.deeds));
    offences
}

/// Returns when a window of the ramp held more MAILs than it might so long after the first of all.
fn climbs_too_fast(mails: &[i64], ramp: Ramp) -> Option<i64> {
    let [window, double_every] =
        [ramp.from.window, ramp.double_every].map(|time| i64::try_from(time.as_millis()).expect("it is short"));
    let first = mails.first()?;
    let is_too_much = |(number, at): &(usize, &i64)| {
        let doublings = u32::try_from((*at - first) / double_every).unwrap_or(u32::MAX);
        let most = u64::from(ramp.from.attempts).checked_mul(1_u64.checked_shl(doublings).unwrap_or(u64::MAX));
        let inside = mails[..=*number].iter().rev().take_while(|mail| **at - **mail < window).count();
        most.is_some_and(|most| inside as u64 > most)
    };
    mails.iter().enumerate().find(is_too_much).map(|(_, at)| *at)
}

fn overfull_day(case: &Case<'_>, most: u32) -> Option<i64> {
    let mut days = BTreeMap::<i64, usize>::new();
    for mail in case.mails {
        *days.entry(day_of(mail.shown.as_millisecond())).or_default() += 1;
    }
    let times = |day: i64| 1 + case.turned_back.iter().filter(|turned| **turned == day).count();
    days.into_iter().find(|(day, made)| *made > most as usize * times(*day)).map(|(day, _)| day)
}

fn account(entries: &[Entry], notice: i64) -> Option<Account> {
    let mut account = Account { state: State::Queued, accepted: 0, doubts_settled: 0, resent: 0 };
    for entry in entries.iter().filter(|entry| entry.notice == notice) {
        let before = account.state;
        account.state = before.next(entry.happening)?;
        account.accepted += usize::from(entry.happening == Happening::Accepted);
        if before == State::Offered {
            let is_resent = entry.happening == Happening::ResolvedResend;
            account.resent += usize::from(is_resent);
            account.doubts_settled += usize::from(is_resent || entry.happening == Happening::ResolvedLetStand);
        }
    }
    Some(account)
}

/// Returns whether some half-open window of the limit holds more MAILs than it may.
fn exceeds(mails: &[i64], limit: &Limit) -> bool {
    let window = i64::try_from(limit.window.as_millis()).expect("a window is shorter than an age");
    // The n-th after a MAIL must lie a whole window behind it.
    mails.iter().zip(mails.iter().skip(limit.attempts as usize)).any(|(first, last)| last - first < window)
}

#[cfg(test)]
mod tests {
    use super::*;
    use forthwith_core::notice::{Particulars, Token};
    use jiff::Timestamp;
    use std::time::Duration;

    fn judged(took: &[i64], happenings: &[Happening], mails: &[i64]) -> Vec<Offence> {
        let entry = |happening: &Happening| Entry {
            notice: 0,
            token: Token::parse("aaaaaaaaaaaaaaaa").unwrap(),
            at: Timestamp::UNIX_EPOCH,
            happening: *happening,
            particulars: Particulars::default(),
        };
        let entries: Vec<_> = happenings.iter().map(entry).collect();
        let limits = [Limit { attempts: 2, window: Duration::from_millis(100) }];
        let (refused, spoiled_dots, connections, crashes) = (&[], 0, 1, 1);
        // Every second MAIL is for somebody of the group.
        let mail = |(elapsed, notice)| Mail {
            elapsed,
            shown: Timestamp::from_millisecond(86_400_000 - 150 + elapsed).unwrap(),
            notice,
        };
        let mails: Vec<_> = mails.iter().copied().zip([0, 1].into_iter().cycle()).map(mail).collect();
        let groups = [(vec![1], vec![Limit { attempts: 1, window: Duration::from_millis(150) }])];
        check(&Case {
            owed: 1,
            took,
            refused,
            mails: &mails,
            spoiled_dots,
            entries: &entries,
            limits: &limits,
            groups: &groups,
            ramp: Some(Ramp {
                from: Limit { attempts: 2, window: Duration::from_millis(50) },
                double_every: Duration::from_millis(200),
            }),
            per_day: Some(4),
            turned_back: &[],
            deeds: &[],
            connections,
            crashes,
        })
    }

    #[test]
    fn every_doctored_record_is_seen() {
        use Happening as H;
        let none: [Offence; 0] = [];
        assert_eq!(judged(&[0], &[H::Offered, H::Accepted], &[0, 0, 100]), none);
        assert_eq!(judged(&[0], &[H::Offered], &[]), none, "one doubt for one crash");
        assert_eq!(judged(&[0, 0], &[H::Offered, H::ResolvedResend, H::Offered, H::Accepted], &[]), none);
        assert_eq!(judged(&[], &[], &[]), [Offence::Lost(0)]);
        assert_eq!(judged(&[], &[H::Offered, H::Bounced], &[]), [Offence::Lost(0)], "the relay never said so");
        assert_eq!(judged(&[0], &[], &[]), [Offence::Unrecorded(0)]);
        assert_eq!(judged(&[0, 0], &[H::Offered, H::Accepted], &[]), [Offence::Copy(0), Offence::Unrecorded(0)]);
        assert_eq!(judged(&[], &[H::Offered, H::Accepted], &[]), [Offence::Phantom(0), Offence::Lost(0)]);
        assert_eq!(judged(&[0], &[H::Accepted], &[]), [Offence::Impossible(0)]);
        let twice = [H::Offered, H::ResolvedResend, H::Offered];
        assert_eq!(judged(&[0], &twice, &[]), [Offence::Doubts(2)]);
        assert_eq!(judged(&[0], &[H::Offered, H::Accepted], &[0, 1, 100]), none);
        assert_eq!(judged(&[0], &[H::Offered, H::Accepted], &[0, 1, 99]), [Offence::Pace(2)]);
        assert_eq!(judged(&[0], &[H::Offered, H::Accepted], &[0, 0, 100, 150]), none);
        assert_eq!(judged(&[0], &[H::Offered, H::Accepted], &[0, 1, 100, 150]), [Offence::GroupPace(1)]);
        let limited = judged(&[0], &[H::Offered, H::Accepted], &[0, 10, 20]);
        assert_eq!(limited, [Offence::Pace(2), Offence::Ramp(20)]);
        assert_eq!(judged(&[0], &[H::Offered, H::Accepted], &[150, 400, 650, 900]), none);
        let day = judged(&[0], &[H::Offered, H::Accepted], &[150, 400, 650, 900, 1_150]);
        assert_eq!(day, [Offence::Day(1)]);
    }
}
