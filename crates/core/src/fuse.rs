//! Decides when refusals are about us rather than about the people refused, so that the run must stop.
//!
//! A wrong password or a content filter must never mark ten thousand people bounced. It only counts; the
//! engine takes the verdicts back.

use crate::{
    notice::Token,
    verdict::{Enhanced, Reply, Stage},
};
use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
};

/// How much a run takes before the fuse blows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuseLimits {
    /// Refusals in a row, 4yz or 5yz, with equal stage, code and enhanced code: 20.
    pub in_a_row: u32,
    /// Permanent refusals (5yz) among the last 1,000 judged notices: 50, which is 5 %.
    pub in_the_last_thousand: u32,
}

impl Default for FuseLimits {
    fn default() -> Self {
        Self { in_a_row: 20, in_the_last_thousand: 50 }
    }
}

/// Judged notices that the second limit looks at.
const LAST: usize = 1000;
/// Refusals that are remembered to be taken back: more than any sensible `in_a_row`.
const TRAILING_MAX: usize = 1000;

/// What makes two refusals equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// Where in the dialogue.
    pub stage: Stage,
    /// The digits.
    pub code: u16,
    /// The enhanced code, where there is one.
    pub enhanced: Option<Enhanced>,
}

impl Likeness {
    /// Returns what matters of `reply` at `stage`.
    pub fn of(stage: Stage, reply: &Reply) -> Self {
        Self { stage, code: reply.code, enhanced: reply.enhanced }
    }
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.stage, self.code)?;
        self.enhanced.map_or(Ok(()), |enhanced| write!(f, " {enhanced}"))
    }
}

/// Why the fuse blew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blown {
    /// This many refusals in a row were equal.
    InARow(u32),
    /// This many of the last 1,000 were refused for good.
    OfTheLastThousand(u32),
}

/// The refusals of a run so far.
#[derive(Debug)]
pub struct Fuse {
    limits: FuseLimits,
    likeness: Option<Likeness>,
    /// The notices refused alike since the last that was not; one that is refused again counts once.
    trailing: BTreeMap<i64, Token>,
    last: VecDeque<bool>,
    permanent: u32,
}

impl Fuse {
    /// Returns a fuse that has seen nothing.
    pub fn new(limits: FuseLimits) -> Self {
        let (trailing, last) = (BTreeMap::new(), VecDeque::with_capacity(LAST));
        Self { limits, likeness: None, trailing, last, permanent: 0 }
    }

    /// Takes note of an accepted notice.
    pub fn accepted(&mut self) {
        self.likeness = None;
        self.trailing.clear();
        self.count(false);
    }

    /// Forgets the refusal of a notice that is claimed again: it stands in another state soon, and there is nothing
    /// left to take back.
    pub fn forget(&mut self, notice: i64) {
        self.trailing.remove(&notice);
    }

    /// Takes note of a refusal at RCPT or later, and returns whether the fuse blew.
    pub fn refused(&mut self, notice: i64, token: &Token, likeness: Likeness) -> Option<Blown> {
        if self.likeness != Some(likeness) {
            self.likeness = Some(likeness);
            self.trailing.clear();
        }
        if self.trailing.len() == TRAILING_MAX {
            self.trailing.pop_first();
        }
        self.trailing.insert(notice, token.clone());
        self.count(likeness.code >= 500);
        let in_a_row = u32::try_from(self.trailing.len()).unwrap_or(u32::MAX);
        if in_a_row >= self.limits.in_a_row {
            return Some(Blown::InARow(in_a_row));
        }
        (self.permanent >= self.limits.in_the_last_thousand).then_some(Blown::OfTheLastThousand(self.permanent))
    }

    /// Returns the notices of the last refusals that were equal, and forgets them.
    pub fn take_trailing(&mut self) -> Vec<(i64, Token)> {
        std::mem::take(&mut self.trailing).into_iter().collect()
    }

    fn count(&mut self, is_permanent: bool) {
        if self.last.len() == LAST && self.last.pop_front() == Some(true) {
            self.permanent -= 1;
        }
        self.last.push_back(is_permanent);
        self.permanent += u32::from(is_permanent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token::parse("aaaaaaaaaaaaaaaa").unwrap()
    }

    fn like(stage: Stage, text: &str) -> Likeness {
        Likeness::of(stage, &Reply::new(text[..3].parse().unwrap(), format!("{text}\r\n").into_bytes()))
    }

    #[test]
    fn twenty_equal_refusals_in_a_row_blow_it_and_can_be_taken_back() {
        let mut fuse = Fuse::new(FuseLimits::default());
        let spam = like(Stage::Dot, "554 5.7.1 spam");
        assert_eq!(fuse.refused(0, &token(), like(Stage::Rcpt, "550 5.1.1 gone")), None);
        for notice in 1..20 {
            assert_eq!(fuse.refused(notice, &token(), spam), None, "{notice}");
        }
        assert_eq!(fuse.refused(20, &token(), spam), Some(Blown::InARow(20)));
        let taken: Vec<_> = fuse.take_trailing().into_iter().map(|(notice, _)| notice).collect();
        assert_eq!(taken, (1..=20).collect::<Vec<_>>());
    }

    #[test]
    fn deferrals_in_a_row_blow_it_too() {
        let mut fuse = Fuse::new(FuseLimits::default());
        let busy = like(Stage::Rcpt, "451 4.3.0 no disk");
        let blown: Vec<_> = (0..20).filter_map(|notice| fuse.refused(notice, &token(), busy)).collect();
        assert_eq!(blown, [Blown::InARow(20)]);
    }

    #[test]
    fn another_stage_code_or_enhanced_code_begins_anew_and_so_does_an_acceptance() {
        let all = [
            like(Stage::Rcpt, "550 5.7.1 no"),
            like(Stage::Data, "550 5.7.1 no"),
            like(Stage::Data, "554 5.7.1 no"),
            like(Stage::Data, "554 5.7.26 no"),
            like(Stage::Data, "554 no"),
        ];
        let limits = FuseLimits { in_the_last_thousand: u32::MAX, ..FuseLimits::default() };
        let mut fuse = Fuse::new(limits);
        for notice in 0..100 {
            let likeness = all[usize::try_from(notice).unwrap() / 19 % all.len()];
            assert_eq!(fuse.refused(notice, &token(), likeness), None, "{notice}");
        }
        for notice in 0..100 {
            if notice % 19 == 0 {
                fuse.accepted();
            }
            assert_eq!(fuse.refused(notice, &token(), all[0]), None, "{notice}");
        }
    }

    #[test]
    fn one_in_twenty_of_the_last_thousand_blows_it() {
        let mut fuse = Fuse::new(FuseLimits::default());
        let gone = like(Stage::Rcpt, "550 5.1.1 gone");
        // 4.9 % for ever is borne, and deferrals do not count.
        for notice in 0..10_000 {
            if notice % 1000 < 49 {
                assert_eq!(fuse.refused(notice, &token(), gone), None, "{notice}");
            } else if notice % 10 == 0 {
                assert_eq!(fuse.refused(notice, &token(), like(Stage::Rcpt, "450 4.2.1 busy")), None);
            }
            fuse.accepted();
        }
        let blown = (0..60).find_map(|notice| {
            let blown = fuse.refused(notice, &token(), gone);
            fuse.accepted();
            blown
        });
        assert_eq!(blown, Some(Blown::OfTheLastThousand(50)));
    }
}
