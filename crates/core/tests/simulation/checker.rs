//! Holds what the relay took against the list and the final ledger. It sees nothing else of a story: no engine,
//! no worker, no fault.
//!
//! It reads the ledger's entries itself, and takes from the core only which state follows which.

use forthwith_core::{
    delivery::Limit,
    notice::Entry,
    state::{Happening, State},
};

/// Everything that the checker is given.
pub struct Case<'a> {
    /// How many notices were owed, numbered from 0.
    pub owed: usize,
    /// What the relay took, a notice each time.
    pub took: &'a [i64],
    /// Whom the relay refused for good.
    pub refused: &'a [i64],
    /// When each MAIL arrived, in milliseconds, and for which notice.
    pub mails: &'a [(i64, i64)],
    /// How often the relay left a dot without a whole reply.
    pub spoiled_dots: usize,
    /// The ledger in the end.
    pub entries: &'a [Entry],
    /// The pace that was promised.
    pub limits: &'a [Limit],
    /// The pace that was promised for some of the notices: which, and at most how many.
    pub groups: &'a [(Vec<i64>, Vec<Limit>)],
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
    let times: Vec<_> = case.mails.iter().map(|(at, _)| *at).collect();
    let is_too_fast = |limit: &&Limit| exceeds(&times, limit);
    offences.extend(case.limits.iter().filter(is_too_fast).map(|limit| Offence::Pace(limit.attempts as usize)));
    for (members, limits) in case.groups {
        let of_group = case.mails.iter().filter(|(_, notice)| members.contains(notice));
        let times: Vec<_> = of_group.map(|(at, _)| *at).collect();
        let is_too_fast = |limit: &&Limit| exceeds(&times, limit);
        let offence = |limit: &Limit| Offence::GroupPace(limit.attempts as usize);
        offences.extend(limits.iter().filter(is_too_fast).map(offence));
    }
    offences
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
        let mails: Vec<_> = mails.iter().copied().zip([0, 1].into_iter().cycle()).collect();
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
    }
}
