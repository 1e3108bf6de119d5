//! Closed vocabularies: a set of words that a regime file may use, each with a variant and what it says.
//!
//! One macro makes the enum, its words and its JSON, so that no word is written twice.

use serde::{Deserialize, Serialize};

/// One word of a closed vocabulary.
pub trait Word: Copy + Eq + 'static {
    /// What a word of this vocabulary is called in a finding: `element`.
    const WHAT: &'static str;
    /// Every word, in the order of its listing.
    const ALL: &'static [Self];

    /// Returns the word as regime files write it.
    fn word(self) -> &'static str;

    /// Returns what it means, as one short clause.
    fn says(self) -> &'static str;

    /// Returns the variant of a word.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.word() == word)
    }
}

/// Makes a closed vocabulary: `Variant = "word", "what it says";`.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident, $what:literal: $($item:ident = $word:literal, $says:literal;)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!($says, ".")] $item,)+
        }

        impl $crate::law::Word for $name {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &[$(Self::$item),+];

            fn word(self) -> &'static str {
                match self { $(Self::$item => $word),+ }
            }

            fn says(self) -> &'static str {
                match self { $(Self::$item => $says),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::law::Word::word(*self))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::law::Word::word(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <String as serde::Deserialize>::deserialize(deserializer)?;
                let unknown = || serde::de::Error::custom(concat!("no known ", $what));
                $crate::law::Word::from_word(&word).ok_or_else(unknown)
            }
        }
    };
}

pub(crate) use vocabulary;

/// What is known of a question: the program never guesses, and asks a person where it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Nobody has said, or only a person can.
    Unknown,
}

impl Answer {
    /// Returns whether both are so; one that is not so settles it.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// Returns whether either is so; one that is so settles it.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Unknown,
        }
    }

    /// Returns whether all are so; of none, yes.
    pub fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        answers.into_iter().fold(Self::Yes, Self::and)
    }

    /// Returns whether any is so; of none, no.
    pub fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        answers.into_iter().fold(Self::No, Self::or)
    }
}

impl From<bool> for Answer {
    fn from(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}

impl std::ops::Not for Answer {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answer::{self, No, Unknown, Yes};

    #[test]
    fn what_is_not_known_is_settled_only_by_what_outweighs_it() {
        assert_eq!(
            (Unknown.and(No), Unknown.and(Yes), Unknown.or(Yes), Unknown.or(No)),
            (No, Unknown, Yes, Unknown)
        );
        assert_eq!((!Yes, !No, !Unknown), (No, Yes, Unknown));
        assert_eq!((Answer::all([]), Answer::any([])), (Yes, No));
        assert_eq!((Answer::all([Yes, Unknown]), Answer::any([No, Unknown])), (Unknown, Unknown));
    }
}
