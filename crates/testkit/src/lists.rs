//! Affected lists drawn from a seed: people of several scripts, each with an address of their own.
//!
//! The same seed and count give the same bytes on every machine. Addresses lie in reserved domains alone.

use std::fmt::Write as _;

/// One generated person, as the columns of a list without `[columns]` in affected.toml have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// `C1`, `C2`, ...
    pub id: String,
    /// Unlike everybody else's in the list.
    pub email: String,
    /// A given and a family name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// ISO 3166-2 without the country; may be empty.
    pub region: &'static str,
    /// BCP 47.
    pub language: &'static str,
    /// Category ids, separated by `;`.
    pub data: String,
}

/// Names as they are written in several scripts, with where such a person may live and what they read. Some
/// hold what a list must quote, or a template escape.
const NAMES: [(&str, &str, &str, &str); 16] = [
    ("Ada Lovelace", "GB", "", "en"),
    ("Grace O'Hara", "US", "CA", "en"),
    ("Jürgen Müller", "DE", "BY", "de"),
    ("Zoë Brontë-Nguyễn", "US", "NY", "en-US"),
    ("Łukasz Żółć", "PL", "", "pl"),
    ("Ольга Иванова", "KZ", "", "ru"),
    ("Γιώργος Παπαδόπουλος", "GR", "", "el"),
    ("山田 太郎", "JP", "", "ja"),
    ("김 민준", "KR", "", "ko"),
    ("王小明", "SG", "", "zh"),
    ("محمد العلي", "AE", "", "ar"),
    ("שרה לוי", "IL", "", "he"),
    ("अनिता शर्मा", "IN", "", "hi"),
    ("สมชาย ใจดี", "TH", "", "th"),
    ("Smith, John \"Jack\"", "US", "TX", "en"),
    ("<b>Bobby</b> & Sons", "IE", "", "en"),
];

/// Domains that can never be anybody's (RFC 2606, RFC 6761); one is an A-label's U-form.
const DOMAINS: [&str; 5] = ["example.org", "example.com", "mail.example.net", "inbox.test", "bücher.example"];

/// A generator of numbers: xorshift64* (Vigna 2016). Good enough to mix names, not to keep secrets.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Starts at `seed`.
    pub fn new(seed: u64) -> Self {
        // Zero is the one state that xorshift never leaves; a mixed seed keeps neighbours apart.
        Self((seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1)
    }

    /// Returns the next 64 bits.
    pub fn next_bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below `bound`.
    ///
    /// # Panics
    ///
    /// Where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next_bits() % bound
    }

    /// Returns one of `choices`.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let count = u64::try_from(choices.len()).expect("a slice is counted in 64 bits");
        let at = usize::try_from(self.below(count)).expect("it is below a usize");
        &choices[at]
    }
}

/// Returns `count` people drawn from `seed`, everyone with the categories `data`: `email` or `email;phone`.
pub fn people(seed: u64, count: usize, data: &str) -> Vec<Person> {
    let mut chance = Chance::new(seed);
    (1..=count)
        .map(|number| {
            let &(name, country, region, language) = chance.pick(&NAMES);
            let tag = chance.below(1 << 20);
            Person {
                id: format!("C{number}"),
                email: format!("p{number}.{tag:05x}@{}", chance.pick(&DOMAINS)),
                name: name.to_owned(),
                country,
                region,
                language,
                data: data.to_owned(),
            }
        })
        .collect()
}

/// Returns `people` as a list: UTF-8, a header, LF line ends, RFC 4180 quotes where a value needs them.
pub fn csv(people: &[Person]) -> String {
    let mut text = String::from("id,email,name,country,region,language,data\n");
    for person in people {
        let values =
            [&person.id, &person.email, &person.name, person.country, person.region, person.language, &person.data];
        let quoted = values.map(quote);
        writeln!(text, "{}", quoted.join(",")).expect("a string takes every text");
    }
    text
}

fn quote(value: &str) -> String {
    if value.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_gives_the_same_list_and_another_seed_another() {
        let list = csv(&people(7, 200, "email"));
        assert_eq!(list, csv(&people(7, 200, "email")));
        assert_ne!(list, csv(&people(8, 200, "email")));
        assert_ne!(Chance::new(0).next_bits(), 0);
    }

    #[test]
    fn addresses_are_unique_and_reserved_and_names_of_every_script() {
        let people = people(1, 5_000, "email");
        let addresses: BTreeSet<_> = people.iter().map(|person| &person.email).collect();
        assert_eq!(addresses.len(), people.len());
        let names: BTreeSet<_> = people.iter().map(|person| &person.name).collect();
        assert_eq!(names.len(), NAMES.len());
        for address in addresses {
            assert!(DOMAINS.iter().any(|domain| address.ends_with(&format!("@{domain}"))), "{address}");
        }
    }

    #[test]
    fn values_are_quoted_where_they_must_be() {
        let mut person = people(1, 1, "email;phone").remove(0);
        person.name = "Smith, John \"Jack\"".to_owned();
        let list = csv(&[person]);
        assert_eq!(list.lines().count(), 2);
        assert!(list.contains(",\"Smith, John \"\"Jack\"\"\","), "{list}");
        assert!(list.ends_with(",email;phone\n"));
    }
}
