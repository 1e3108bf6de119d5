//! Groups of recipient domains that have limits of their own, beside those of the whole run.
//!
//! It says to which group a domain belongs, and which attempts of earlier runs count against which group. It
//! holds no pace: each run gives every group one.

use crate::delivery::Limit;
use jiff::Timestamp;
use std::{collections::BTreeMap, time::Duration};

/// Recipient domains that one receiver serves, and how fast it may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainGroup {
    /// The domains, in A-label form and lower case; at least one.
    pub names: Vec<String>,
    /// At most so many attempts to all of them together; at least one limit.
    pub limits: Vec<Limit>,
}

/// The groups of domains of a run, numbered from 0. A domain that no group names has no limits of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Domains {
    groups: Vec<DomainGroup>,
    index: BTreeMap<String, usize>,
}

/// An attempt of an earlier run, and against what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// When it was made.
    pub at: Timestamp,
    /// Which limits it counts against.
    pub against: Against,
}

/// Which limits an attempt counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Those of the run.
    Run,
    /// Those of this group.
    Group(usize),
    /// Those of every group: nobody knows any more to whom the attempt was.
    EveryGroup,
    /// Those of the run and of every group: nobody knows whether the attempt was made, and to whom.
    All,
}

impl Domains {
    /// Returns `groups` with their names at hand. Where two name one domain, the first has it.
    pub fn new(groups: Vec<DomainGroup>) -> Self {
        let mut index = BTreeMap::new();
        for (number, group) in groups.iter().enumerate() {
            for name in &group.names {
                index.entry(name.clone()).or_insert(number);
            }
        }
        Self { groups, index }
    }

    /// Returns the groups, in their order.
    pub fn groups(&self) -> &[DomainGroup] {
        &self.groups
    }

    /// Returns the number of the group that `domain`, in A-label form and lower case, belongs to.
    pub fn group_of(&self, domain: &str) -> Option<usize> {
        self.index.get(domain).copied()
    }

    /// Returns the longest window of any group: how far back attempts count. `None` where there is no group.
    pub fn longest_window(&self) -> Option<Duration> {
        self.groups.iter().flat_map(|group| &group.limits).map(|limit| limit.window).max()
    }

    /// Returns against which group an attempt of an earlier run counts, or `None` where it counts against none.
    ///
    /// Where its domain is not known any more, because the people were purged, it counts against every group.
    pub fn earlier(&self, at: Timestamp, domain: Option<&str>) -> Option<Earlier> {
        let against = match domain {
            None => Against::EveryGroup,
            Some(domain) => Against::Group(self.group_of(domain)?),
        };
        Some(Earlier { at, against })
    }
}

impl Earlier {
    /// Returns the attempts that nobody recorded: after a run that was killed, each of its `connections` may have
    /// written a MAIL, to anybody, whose offer was lost. They count as made when the run after it began.
    pub fn unrecorded(began: Timestamp, connections: u32) -> impl Iterator<Item = Self> {
        std::iter::repeat_n(Self { at: began, against: Against::All }, connections as usize)
    }

    /// Returns whether it counts against the limits of the run.
    pub fn is_of_run(&self) -> bool {
        matches!(self.against, Against::Run | Against::All)
    }

    /// Returns whether it counts against the limits of `group`.
    pub fn is_of_group(&self, group: usize) -> bool {
        match self.against {
            Against::Run => false,
            Against::Group(of) => of == group,
            Against::EveryGroup | Against::All => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_belongs_to_the_group_that_names_it_and_to_no_other() {
        let limits = vec![Limit { attempts: 1, window: Duration::from_hours(1) }];
        let group = |names: &[&str]| DomainGroup {
            names: names.iter().map(ToString::to_string).collect(),
            limits: limits.clone(),
        };
        let domains = Domains::new(vec![group(&["gmail.com", "googlemail.com"]), group(&["web.de"])]);
        for (domain, expected) in [
            ("gmail.com", Some(0)),
            ("googlemail.com", Some(0)),
            ("web.de", Some(1)),
            ("mail.web.de", None),
            ("eb.de", None),
            ("", None),
        ] {
            assert_eq!(domains.group_of(domain), expected, "{domain}");
        }
        assert_eq!(domains.longest_window(), Some(Duration::from_hours(1)));
        assert_eq!(Domains::default().longest_window(), None);
    }

    #[test]
    fn what_nobody_knows_counts_against_everybody() {
        let domains = Domains::new(vec![DomainGroup { names: vec!["web.de".to_owned()], limits: Vec::new() }]);
        let at = Timestamp::UNIX_EPOCH;
        let against = |domain| domains.earlier(at, domain).map(|earlier| earlier.against);
        assert_eq!(against(Some("web.de")), Some(Against::Group(0)));
        assert_eq!(against(Some("gmx.de")), None);
        assert_eq!(against(None), Some(Against::EveryGroup));
        let unrecorded: Vec<_> = Earlier::unrecorded(at, 3).collect();
        assert_eq!(unrecorded.len(), 3);
        assert!(unrecorded.iter().all(|one| one.is_of_run() && one.is_of_group(0) && one.is_of_group(7)));
    }
}
