//! The data of one person in several rows, put together.
//!
//! The notice goes with the first of the rows, and the others come later: the list is read once to put them
//! together and once more to plan. What is remembered grows with the people whose rows differ, and with the
//! different sets of data that the list has, never with the list alone.

use super::keys::Key;
use crate::incident::Category;
use std::collections::{BTreeMap, BTreeSet};

/// What separates the ids of a set, as in the list itself.
const SEPARATOR: &str = ";";

/// What the rows of each person say together, of those people whose rows differ in data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unions {
    sets: Sets,
    people: BTreeMap<Key, Set>,
}

/// A set of data, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set(u32);

/// The different sets of data: a list has few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sets {
    numbers: BTreeMap<String, u32>,
    texts: Vec<String>,
}

impl Unions {
    /// Remembers a set of data.
    pub(super) fn keep(&mut self, data: &[String]) -> Set {
        self.sets.number(data.join(SEPARATOR))
    }

    /// Adds `data` to what `person` has, whose first row has `first`. Ids stand in the order of `categories`.
    pub(super) fn add(&mut self, person: Key, first: Set, data: Set, categories: Option<&[Category]>) {
        let before = self.people.get(&person).copied().unwrap_or(first);
        let ids: BTreeSet<&str> = [before, data].into_iter().flat_map(|set| self.sets.ids(set)).collect();
        let union: Vec<&str> = match categories {
            Some(all) => all.iter().map(|category| category.id.as_str()).filter(|id| ids.contains(id)).collect(),
            None => ids.into_iter().collect(),
        };
        let union = union.join(SEPARATOR);
        let union = self.sets.number(union);
        self.people.insert(person, union);
    }

    /// Returns all data of `person`, where several rows have it.
    pub(super) fn of(&self, person: &Key) -> Option<Vec<String>> {
        self.people.get(person).map(|set| self.sets.ids(*set).map(str::to_owned).collect())
    }
}

impl Sets {
    fn number(&mut self, text: String) -> Set {
        if let Some(number) = self.numbers.get(&text) {
            return Set(*number);
        }
        // A list of more than four thousand million rows would be needed for more.
        let number = u32::try_from(self.texts.len()).expect("there are fewer sets of data than rows");
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        Set(number)
    }

    fn ids(&self, set: Set) -> impl Iterator<Item = &str> {
        let text = self.texts.get(set.0 as usize).map_or("", String::as_str);
        text.split(SEPARATOR).filter(|id| !id.is_empty())
    }
}
