//! How many people are concerned, by where they live and what was exposed of them: what thresholds are held against.
//!
//! A count has two ends: those who count for certain, and those who may count besides. It is never rounded to either.

use crate::{
    affected::Fated,
    law::{Answer, Applies, Area, Comparator, Exposed, Role, Scope, Threshold},
    notice::Withheld,
    recipient::{Recipient, Residence},
};
use std::{collections::BTreeMap, ops::AddAssign};

/// The people of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// By residence, then by the ids of the categories of data.
    groups: BTreeMap<Residence, BTreeMap<Vec<String>, Number>>,
    /// People of whom the incident speaks and the list does not, and the categories of data that they may share in.
    beyond: (u64, Vec<String>),
}

/// A number of people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// Who counts for certain.
    pub certain: u64,
    /// Who counts at most.
    pub at_most: u64,
}

impl AddAssign for Number {
    fn add_assign(&mut self, other: Self) {
        self.certain += other.certain;
        self.at_most += other.at_most;
    }
}

/// The people that a threshold is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Which people.
    pub scope: Scope,
    /// How many; of states, in the one that has most.
    pub number: Number,
    /// By state, where those of one state are counted; of those whose state is not known, under `""`.
    pub states: Vec<(String, Number)>,
    /// Whether it is not certain of somebody that the data is of the kind that counts.
    pub is_data_unsure: bool,
}

impl Census {
    /// Counts a row of the list: whoever is told, and whoever is owed the notice in another way. A row that repeats
    /// another is nobody else; one that is refused or was left out may be somebody.
    ///
    /// `concerned` tells where the person of the row lives and what was exposed of them; it is asked for those who
    /// are not told by e-mail.
    pub fn add(&mut self, fate: &Fated, concerned: impl FnOnce() -> (Residence, Vec<String>)) {
        let is_certain = match fate {
            Fated::Planned(recipient) => return self.count(&recipient.residence, &recipient.data, true),
            Fated::Withheld { reason: Withheld::Duplicate, .. } => return,
            Fated::Withheld { reason: Withheld::LeftOut, .. } | Fated::Refused => false,
            Fated::Withheld { .. } => true,
        };
        let (lives, data) = concerned();
        self.count(&lives, &data, is_certain);
    }

    /// Counts so many who are told, alike in residence and data.
    pub fn add_told(&mut self, first: &Recipient, count: u64) {
        self.count_many(&first.residence, &first.data, Number { certain: count, at_most: count });
    }

    fn count(&mut self, lives: &Residence, data: &[String], is_certain: bool) {
        self.count_many(lives, data, Number { certain: u64::from(is_certain), at_most: 1 });
    }

    fn count_many(&mut self, lives: &Residence, data: &[String], people: Number) {
        // Keys are copied for the first of their kind alone.
        if let Some(number) = self.groups.get_mut(lives).and_then(|groups| groups.get_mut(data)) {
            *number += people;
            return;
        }
        *self.groups.entry(lives.clone()).or_default().entry(data.to_vec()).or_default() += people;
    }

    /// Counts in the people of whom the incident speaks and the list does not: they may live anywhere, and any of the
    /// incident's categories of data may have been exposed of them.
    pub fn reach(&mut self, people_affected: u64, categories: Vec<String>) {
        self.beyond = (people_affected.saturating_sub(self.all().certain), categories);
    }

    /// Returns how many people there are in all.
    pub fn all(&self) -> Number {
        let mut all = Number { certain: 0, at_most: self.beyond.0 };
        self.groups().for_each(|(_, _, number)| all += number);
        all
    }

    fn groups(&self) -> impl Iterator<Item = (&Residence, &[String], Number)> {
        self.groups
            .iter()
            .flat_map(|(lives, groups)| groups.iter().map(move |(data, number)| (lives, data.as_slice(), *number)))
    }

    /// Counts the people of `scope` for a regime: those whose residence and data bring it into play for an
    /// organisation with these roles. `place` is where the regime holds.
    pub fn counted(&self, applies: &Applies, roles: &[Role], scope: Scope, place: Option<&Area>) -> Counted {
        let is_everywhere = matches!(scope, Scope::Everyone | Scope::EveryoneAtOneTime | Scope::Unreachable);
        let binds = applies.binds(roles);
        let mut number = Number::default();
        let mut states: BTreeMap<String, Number> = BTreeMap::new();
        let mut is_data_unsure = false;
        for (lives, data, people) in self.groups() {
            let exposed = Exposed::of_ids(data.iter().map(String::as_str));
            let covers = if is_everywhere { Answer::Yes } else { applies.covers(lives) };
            let is_met = applies.data.is_met(&exposed);
            let counts = match covers.and(is_met).and(binds.into()) {
                Answer::No => continue,
                // Whether somebody can be reached is not for a list to say.
                Answer::Yes if scope != Scope::Unreachable => people,
                Answer::Yes | Answer::Unknown => Number { certain: 0, ..people },
            };
            number += counts;
            is_data_unsure |= is_met == Answer::Unknown;
            if let Some(state) = state_of(lives, place) {
                *states.entry(state).or_default() += counts;
            }
        }
        let (beyond, data) = &self.beyond;
        let exposed = Exposed::of_ids(data.iter().map(String::as_str));
        let may_count = binds && applies.data.is_met(&exposed) != Answer::No;
        let beyond = Number { certain: 0, at_most: if may_count { *beyond } else { 0 } };
        number += beyond;
        if scope != Scope::ResidentsOfOneState {
            return Counted { scope, number, states: Vec::new(), is_data_unsure };
        }
        *states.entry(String::new()).or_default() += beyond;
        let unknown = states.remove("").unwrap_or_default();
        // Those of whom no state is known may all live in any one of them.
        let anywhere = Number { certain: 0, at_most: unknown.at_most };
        let mut states: Vec<_> = states
            .into_iter()
            .map(|(state, mut number)| {
                number += anywhere;
                (state, number)
            })
            .collect();
        if anywhere.at_most > 0 {
            states.push((String::new(), anywhere));
        }
        let most = |of: fn(&Number) -> u64| states.iter().map(|(_, number)| of(number)).max().unwrap_or(0);
        let number = Number { certain: most(|number| number.certain), at_most: most(|number| number.at_most) };
        Counted { scope, number, states, is_data_unsure }
    }
}

/// Returns the state of a residence within the country of `place`, `""` where it may lie in one that is not known, and
/// nothing for another country.
fn state_of(lives: &Residence, place: Option<&Area>) -> Option<String> {
    let is_there = place.is_none_or(|place| place.country() == lives.country);
    match (lives.country.as_str(), lives.region.as_str()) {
        ("", _) => Some(String::new()),
        _ if !is_there => None,
        (_, "") => Some(String::new()),
        _ => Some(lives.code()),
    }
}

impl Counted {
    /// Returns whether so many people reach `threshold`; without one, somebody is enough.
    pub fn reaches(&self, threshold: Option<Threshold>) -> Answer {
        let Number { certain, at_most } = self.number;
        let Some(threshold) = threshold else {
            return if certain > 0 {
                Answer::Yes
            } else if at_most > 0 {
                Answer::Unknown
            } else {
                Answer::No
            };
        };
        let ends = [certain, at_most].map(|count| threshold.is_reached(count));
        match (threshold.op, ends) {
            (_, [true, true]) => Answer::Yes,
            (Comparator::FewerThan, [true, false]) | (_, [false, true]) => Answer::Unknown,
            _ => Answer::No,
        }
    }

    /// Returns the states that reach `threshold` for certain, or may.
    pub fn states_that_reach(&self, threshold: Threshold) -> Vec<&str> {
        let reach = |(_, number): &&(String, Number)| threshold.is_reached(number.at_most);
        self.states
            .iter()
            .filter(reach)
            .map(|(state, _)| state.as_str())
            .filter(|state| !state.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        law::{Word as _, regime},
        private::Private,
    };

    fn lives(code: &str) -> Residence {
        let (country, region) = code.split_once('-').unwrap_or((code, ""));
        Residence { country: country.into(), region: region.into() }
    }

    fn withheld(reason: Withheld) -> Fated {
        let empty = || Private::new(String::new());
        Fated::Withheld { reason, note: String::new(), id: empty(), address: empty(), name: empty() }
    }

    fn census(people: &[(&str, &[&str], u64)]) -> Census {
        let mut census = Census::default();
        for (code, data, count) in people {
            let data: Vec<_> = data.iter().map(|id| (*id).to_owned()).collect();
            (0..*count).for_each(|_| census.add(&withheld(Withheld::NeedsLetter), || (lives(code), data.clone())));
        }
        census
    }

    const SSN: &[&str] = &["name", "ssn"];

    fn counted(census: &Census, id: &str, scope: Scope) -> Counted {
        let regime = regime(id).unwrap();
        census.counted(&regime.applies, &[Role::Owner, Role::CoveredEntity], scope, regime.place.as_ref())
    }

    fn number(census: &Census, id: &str, scope: Scope) -> (u64, u64) {
        let number = counted(census, id, scope).number;
        (number.certain, number.at_most)
    }

    #[test]
    fn people_count_by_residence_and_data_and_what_is_not_known_counts_perhaps() {
        let mut census = census(&[
            ("US-CA", SSN, 3),
            ("US-CA", &["email"], 5),
            ("US-CA", &["loyalty_number"], 2),
            ("US", SSN, 7),
            ("", SSN, 11),
            ("US-VT", SSN, 13),
            ("DE", SSN, 17),
        ]);
        // The own category may be anything, the 7 may live in California, the 11 anywhere.
        assert_eq!(number(&census, "us-ca", Scope::Residents), (3, 3 + 2 + 7 + 11));
        assert_eq!(number(&census, "us-vt", Scope::ResidentsAtOneTime), (13, 13 + 7 + 11));
        assert_eq!(number(&census, "us-ca", Scope::Everyone), (3 + 7 + 11 + 13 + 17, 53));
        assert_eq!(number(&census, "eu-gdpr", Scope::Residents), (17, 28));
        assert_eq!(number(&census, "us-ca", Scope::Unreachable), (0, 53));
        let categories = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        census.reach(100, categories(&["email"]));
        assert_eq!(number(&census, "us-ca", Scope::Residents), (3, 23), "of nobody was more exposed than of all");
        census.reach(100, categories(SSN));
        assert_eq!((census.all().certain, census.all().at_most), (58, 100));
        assert_eq!(number(&census, "us-ca", Scope::Residents), (3, 23 + 42));
        // Whom the regime does not bind has nobody to count.
        let regime = regime("us-hipaa").unwrap();
        let none = census.counted(&regime.applies, &[Role::Owner], Scope::Everyone, None).number;
        assert_eq!((none.certain, none.at_most), (0, 0));
    }

    #[test]
    fn who_is_not_told_by_e_mail_counts_and_who_is_the_same_person_does_not() {
        let mut census = Census::default();
        let data = ["name".to_owned(), "ssn".to_owned()];
        for reason in [
            Withheld::Duplicate,
            Withheld::LeftOut,
            Withheld::Suppressed,
            Withheld::NoAddress,
            Withheld::NeedsSmtputf8,
            Withheld::NeedsLetter,
            Withheld::AlreadyTold,
            Withheld::Blocked,
        ] {
            census.add(&withheld(reason), || (lives("US-CA"), data.to_vec()));
        }
        census.add(&Fated::Refused, || (lives(""), data.to_vec()));
        assert_eq!(number(&census, "us-ca", Scope::Residents), (6, 8));
    }

    #[test]
    fn of_states_the_one_that_has_most_counts() {
        let health: &[&str] = &["name", "health"];
        let people = [("US-CA", health, 3), ("US-TX", health, 5), ("US", health, 2), ("DE", health, 9)];
        let counted = counted(&census(&people), "us-hipaa", Scope::ResidentsOfOneState);
        let states: Vec<_> = counted.states.iter().map(|(s, n)| (s.as_str(), n.certain, n.at_most)).collect();
        assert_eq!(states, [("US-CA", 3, 5), ("US-TX", 5, 7), ("", 0, 2)]);
        assert_eq!((counted.number.certain, counted.number.at_most), (5, 7));
        let threshold = Threshold { scope: Scope::ResidentsOfOneState, op: Comparator::MoreThan, n: 5 };
        assert_eq!(counted.reaches(Some(threshold)), Answer::Unknown);
        assert_eq!(counted.states_that_reach(threshold), ["US-TX"]);
    }

    fn counted_as(number: Number) -> Counted {
        Counted { scope: Scope::Residents, number, states: Vec::new(), is_data_unsure: false }
    }

    #[test]
    fn a_threshold_is_exact_on_both_sides_and_open_in_between() {
        use Answer::{No, Unknown, Yes};
        let reaches = |op, certain, at_most| {
            let number = Number { certain, at_most };
            let counted = counted_as(number);
            counted.reaches(Some(Threshold { scope: Scope::Residents, op, n: 500 }))
        };
        for (op, at_499, at_500, at_501) in [
            (Comparator::MoreThan, No, No, Yes),
            (Comparator::AtLeast, No, Yes, Yes),
            (Comparator::FewerThan, Yes, No, No),
        ] {
            let sides = [499, 500, 501].map(|count| reaches(op, count, count));
            assert_eq!(sides, [at_499, at_500, at_501], "{}", op.word());
            assert_eq!(reaches(op, 400, 600), Unknown, "{}", op.word());
        }
        let somebody = |certain, at_most| counted_as(Number { certain, at_most }).reaches(None);
        assert_eq!([somebody(1, 1), somebody(0, 1), somebody(0, 0)], [Yes, Unknown, No]);
    }
}
