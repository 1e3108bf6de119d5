//! A hold that law enforcement asked for: while it stands, nobody is told by way of a relay.
//!
//! What a hold does to a date that a law sets is decided with the deadlines. Whether an agency may ask for it, and in
//! which form, is counsel's to say: here stands only that a named person recorded it.

use crate::private::Private;
use jiff::Timestamp;

/// A hold as a person recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its number in the ledger, by which a release names it.
    pub number: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who recorded it.
    pub by: String,
    /// Which agency asked for it, where that was said.
    pub agency: Option<String>,
    /// When it ends by itself, where the agency said so.
    pub until: Option<Timestamp>,
    /// Why, in the person's words; empty once purged.
    pub reason: Private<String>,
    /// Who lifted it, where somebody did.
    pub lifted: Option<Lifted>,
}

/// That a hold was lifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifted {
    /// When.
    pub at: Timestamp,
    /// Who lifted it.
    pub by: String,
    /// Why, in the person's words; empty once purged.
    pub reason: Private<String>,
}

impl Hold {
    /// Returns whether it stands at `now`. One that was lifted stands no longer, whatever the clock says.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.lifted.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// Returns when it ended, for one that no longer stands at `now`.
    pub fn ended(&self, now: Timestamp) -> Option<Timestamp> {
        let lapsed = self.until.filter(|until| *until <= now);
        [self.lifted.as_ref().map(|lifted| lifted.at), lapsed].into_iter().flatten().min()
    }
}

/// Returns those of `holds` that stand at `now`.
pub fn standing(holds: &[Hold], now: Timestamp) -> Vec<Hold> {
    holds.iter().filter(|hold| hold.stands(now)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn hold(until: Option<i64>, lifted: Option<i64>) -> Hold {
        Hold {
            number: 2,
            at: at(10),
            by: "Ada".to_owned(),
            agency: None,
            until: until.map(at),
            reason: Private::default(),
            lifted: lifted.map(|second| Lifted {
                at: at(second),
                by: "Ben".to_owned(),
                reason: Private::default(),
            }),
        }
    }

    #[test]
    fn a_hold_stands_until_it_is_lifted_or_lapses() {
        let open = hold(None, None);
        assert!(open.stands(at(10)) && open.stands(Timestamp::MAX));
        assert_eq!(open.ended(Timestamp::MAX), None);
        let lapses = hold(Some(20), None);
        assert!(lapses.stands(at(19)) && !lapses.stands(at(20)));
        assert_eq!((lapses.ended(at(19)), lapses.ended(at(20))), (None, Some(at(20))));
        // Where the clock went back since, the release counts all the same.
        let lifted = hold(Some(30), Some(20));
        assert!(!lifted.stands(at(15)));
        assert_eq!((lifted.ended(at(15)), lifted.ended(at(99))), (Some(at(20)), Some(at(20))));
        assert_eq!(standing(&[lapses.clone(), lifted, open.clone()], at(15)), [lapses, open]);
    }
}
