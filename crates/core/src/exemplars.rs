//! Chooses whose real notices counsel looks at: of each variant somebody without a name, the shortest and the
//! longest name, and the first name in each script. It renders nothing, and names nobody to anybody.

use crate::recipient::Recipient;
use std::{collections::BTreeMap, fmt};
use unicode_script::{Script, UnicodeScript as _};

/// Scripts of which one variant shows a name each: more than any list of one language has, and each is a notice
/// that somebody reads.
pub const SCRIPTS_MAX: usize = 24;

/// What a notice is looked at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trait {
    /// The list has no name for the person.
    NoName,
    /// Nobody of the variant has a shorter name.
    ShortestName,
    /// Nobody of the variant has a longer name.
    LongestName,
    /// The first name in this script, by its name in Unicode (UAX #24): `Han`.
    Script(&'static str),
}

impl fmt::Display for Trait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => f.write_str("no name"),
            Self::ShortestName => f.write_str("the shortest name"),
            Self::LongestName => f.write_str("the longest name"),
            Self::Script(script) => write!(f, "a name in {}", script.replace('_', " ")),
        }
    }
}

/// The people of one variant who were chosen so far. Of several the first in the list is taken.
#[derive(Clone, Debug, Default)]
pub struct Exemplars {
    /// Who was chosen for what, and how many characters their name has.
    chosen: BTreeMap<Trait, (usize, Recipient)>,
    scripts: Vec<Script>,
}

impl Exemplars {
    /// Looks at one more person of the variant.
    pub fn see(&mut self, recipient: &Recipient) {
        let name = recipient.name.expose();
        let length = name.chars().count();
        if length == 0 {
            self.choose(Trait::NoName, recipient, length, |_| false);
            return;
        }
        self.choose(Trait::ShortestName, recipient, length, |before| length < before);
        self.choose(Trait::LongestName, recipient, length, |before| length > before);
        for c in name.chars() {
            let script = if c.is_ascii_alphabetic() { Script::Latin } else { c.script() };
            let says_nothing = matches!(script, Script::Common | Script::Inherited | Script::Unknown);
            if says_nothing || self.scripts.contains(&script) || self.scripts.len() == SCRIPTS_MAX {
                continue;
            }
            self.scripts.push(script);
            self.choose(Trait::Script(script.full_name()), recipient, length, |_| false);
        }
    }

    fn choose(&mut self, what: Trait, recipient: &Recipient, length: usize, is_better: impl Fn(usize) -> bool) {
        if self.chosen.get(&what).is_none_or(|(before, _)| is_better(*before)) {
            self.chosen.insert(what, (length, recipient.clone()));
        }
    }

    /// Returns who was chosen, in the order of the list, and all that each of them was chosen for.
    pub fn people(&self) -> Vec<(&Recipient, Vec<Trait>)> {
        let mut people: BTreeMap<u64, (&Recipient, Vec<Trait>)> = BTreeMap::new();
        for (what, (_, recipient)) in &self.chosen {
            people.entry(recipient.row).or_insert((recipient, Vec::new())).1.push(*what);
        }
        people.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{address::Address, private::Private, recipient::Residence};

    fn chosen(names: &[&str]) -> Vec<(u64, Vec<String>)> {
        let mut exemplars = Exemplars::default();
        for (i, name) in names.iter().enumerate() {
            exemplars.see(&Recipient {
                row: i as u64 + 1,
                line: i as u64 + 2,
                id: Private::default(),
                address: Address::parse("a@example.com").unwrap(),
                name: Private::new((*name).to_owned()),
                residence: Residence::default(),
                language: String::new(),
                data: Vec::new(),
                consent: Vec::new(),
                columns: BTreeMap::new(),
            });
        }
        let people = exemplars.people().into_iter();
        people.map(|(person, why)| (person.row, why.iter().map(ToString::to_string).collect())).collect()
    }

    #[test]
    fn the_first_of_each_kind_is_chosen_and_nobody_twice() {
        let names = ["Ada Byrne", "Bo", "", "Jo", "山田 太郎", "Дарья Петрова", "李", "山田 たろう", ""];
        assert_eq!(
            chosen(&names),
            [
                (1, vec!["a name in Latin".to_owned()]),
                (3, vec!["no name".to_owned()]),
                (5, vec!["a name in Han".to_owned()]),
                (6, vec!["the longest name".to_owned(), "a name in Cyrillic".to_owned()]),
                (7, vec!["the shortest name".to_owned()]),
                (8, vec!["a name in Hiragana".to_owned()]),
            ]
        );
    }

    #[test]
    fn signs_and_accents_are_no_scripts_and_there_is_an_end_of_them() {
        let row = |why: &[&str]| vec![(1, why.iter().map(|why| (*why).to_owned()).collect::<Vec<_>>())];
        assert_eq!(chosen(&["7 — ́"]), row(&["the shortest name", "the longest name"]));
        assert_eq!(chosen(&[]), []);
        let many: String = "aБγאعदবகఠಡഗนລབაአᎠᐁᚁᚠខᠠぁァㄅ한中ꀀⴰⵣ".chars().collect();
        assert_eq!(chosen(&[&many])[0].1.len(), SCRIPTS_MAX + 2);
    }
}
