//! Words that a notice may not say, and claims that need a record behind them. English only.
//!
//! Each rule looks at one sentence. It finds what is commonly written, not all that could be: a lawyer still reads
//! the packet.

use forthwith_core::finding::Gravity;

/// What the incident has on record: which claims may be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    /// Data was exposed by which a stranger can reach the person, or we cannot tell.
    pub can_be_reached: bool,
    /// Somebody determined that nothing else was exposed.
    pub nothing_else: bool,
    /// Somebody determined that passwords need not be changed.
    pub passwords_safe: bool,
    /// More than one person did it, or exactly one.
    pub culprits: Number,
}

/// How many did it, as far as words depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    One,
    Several,
    Unknown,
}

/// A sentence that may not stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub code: &'static str,
    pub gravity: Gravity,
    pub message: String,
    pub hint: &'static str,
}

/// A rule: sentences with one of the phrases may not stand while it applies.
struct Rule {
    code: &'static str,
    gravity: Gravity,
    applies: fn(Record) -> bool,
    phrases: &'static [&'static str],
    why: &'static str,
    hint: &'static str,
}

const ALWAYS: fn(Record) -> bool = |_| true;

/// Phrases are lower case, without signs but apostrophes; a phrase matches whole words.
const RULES: &[Rule] = &[
    Rule {
        code: "claim-nothing-to-do",
        gravity: Gravity::Refused,
        applies: |record| record.can_be_reached,
        phrases: &[
            "nothing to do",
            "nothing you need to do",
            "nothing you have to do",
            "not need to do anything",
            "not have to do anything",
            "need not do anything",
            "need do nothing",
            "no need to do anything",
            "no need to take any action",
            "no need for you to take any action",
            "not need to take any action",
            "not need to take any other action",
            "need not take any action",
            "no action is needed",
            "no action is required",
            "no action needed",
            "no action required",
            "no further action",
            "no cause for concern",
            "no reason to worry",
        ],
        why: "strangers can now reach the person, so there is something to do",
        hint: "say what to look out for",
    },
    Rule {
        code: "claim-nothing-else",
        gravity: Gravity::Refused,
        applies: |record| !record.nothing_else,
        phrases: &[
            "nothing else",
            "no other information",
            "no other data",
            "no other personal",
            "no further data",
            "no further information",
            "nothing more was",
            "no passwords were",
            "no password was",
            "no payment data was",
        ],
        why: "nobody has put on record that nothing else was exposed",
        hint: "record who determined it and when in `nothing_else`, or leave the sentence out",
    },
    Rule {
        code: "claim-password",
        gravity: Gravity::Refused,
        applies: |record| !record.passwords_safe,
        phrases: &[
            "not need to change your password",
            "no need to change your password",
            "no need for you to change your password",
            "need not change your password",
            "not have to change your password",
            "your password is safe",
            "your password is secure",
            "passwords are safe",
            "passwords are secure",
        ],
        why: "nobody has put on record that passwords need not be changed",
        hint: "record who determined it and when in `passwords_safe`, or leave the sentence out",
    },
    Rule {
        code: "claim-no-links",
        gravity: Gravity::Refused,
        applies: ALWAYS,
        phrases: &[
            "no links",
            "no link",
            "not contain links",
            "not contain any links",
            "not contain a link",
            "without links",
            "without a link",
            "free of links",
            "no attachments or links",
        ],
        why: "mail readers make links of addresses and dates themselves, and the claim turns false",
        hint: "say how to check the notice instead",
    },
    Rule {
        code: "claim-compliant",
        gravity: Gravity::Refused,
        applies: ALWAYS,
        phrases: &["compliant", "in compliance with", "complies with", "in full compliance"],
        why: "whether a law is kept is not for a notice to say",
        hint: "say what you did",
    },
    Rule {
        code: "word-click",
        gravity: Gravity::Refused,
        applies: ALWAYS,
        phrases: &[
            "click",
            "tap here",
            "follow this link",
            "follow the link",
            "verify your account",
            "confirm your account",
        ],
        why: "that is what fakes ask for",
        hint: "let people type an address that they know",
    },
    Rule {
        code: "word-no-evidence",
        gravity: Gravity::Warning,
        applies: ALWAYS,
        phrases: &["no evidence", "no indication", "no sign of misuse", "not aware of any misuse"],
        why: "that nothing was seen does not mean that nothing happened, and readers know it",
        hint: "say what is known and what is not",
    },
    Rule {
        code: "word-urgent",
        gravity: Gravity::Warning,
        applies: ALWAYS,
        phrases: &["urgent", "urgently", "act now", "immediately", "at once", "without delay", "final notice"],
        why: "fakes hurry people, a notice does not",
        hint: "say by when, if there is a date",
    },
    Rule {
        code: "word-belittles",
        gravity: Gravity::Warning,
        applies: ALWAYS,
        phrases: &[
            "out of an abundance of caution",
            "takes the security",
            "take the security",
            "takes your privacy",
            "take your privacy",
            "valued customer",
            "any inconvenience",
            "security of your data is our",
        ],
        why: "readers of such notices know the phrase, and stop reading",
        hint: "leave it out",
    },
    Rule {
        code: "culprits-disagree",
        gravity: Gravity::Warning,
        applies: |record| record.culprits == Number::Several,
        phrases: &[
            "the employee",
            "an employee",
            "the contractor",
            "a contractor",
            "one of our employees",
            "the individual responsible",
            "the person responsible",
        ],
        why: "the facts say that several people did it",
        hint: "tell one story: use the plural, or correct `culprits`",
    },
    Rule {
        code: "culprits-disagree",
        gravity: Gravity::Warning,
        applies: |record| record.culprits == Number::One,
        phrases: &[
            "the employees",
            "employees were",
            "the contractors",
            "some of our employees",
            "the individuals responsible",
            "the people responsible",
        ],
        why: "the facts say that one person did it",
        hint: "tell one story: use the singular, or correct `culprits`",
    },
];

/// Schemes and prefixes of addresses that mail readers make into links.
const SCHEMES: [&str; 5] = ["http://", "https://", "mailto:", "ftp://", "www."];

const HEDGES: [&str; 7] = ["may", "might", "could", "possibly", "potentially", "perhaps", "probably"];
const AFFECTED: [&str; 12] = [
    "accessed",
    "acquired",
    "affected",
    "compromised",
    "copied",
    "disclosed",
    "exposed",
    "impacted",
    "involved",
    "leaked",
    "stolen",
    "viewed",
];
/// Words between a hedge and what it hedges: `may possibly have been directly affected`.
const HEDGE_REACH: usize = 5;

/// Returns what may not be said in `text`, a sentence at a time.
pub(crate) fn find(text: &str, record: Record) -> Vec<Claim> {
    let mut claims = Vec::new();
    let lower = text.to_lowercase();
    if let Some(scheme) = SCHEMES.iter().find(|scheme| lower.contains(*scheme)) {
        claims.push(Claim {
            code: "word-address",
            gravity: Gravity::Refused,
            message: format!("`{scheme}` makes a link in most mail readers"),
            hint: "write the address as people type it: example.org",
        });
    }
    for sentence in lower.split_inclusive(['.', '!', '?', '\n']) {
        let words = plain_words(sentence);
        claims.extend(RULES.iter().filter_map(|rule| rule.claim(&words, record)));
        claims.extend(hedge(&words));
    }
    claims
}

impl Rule {
    fn claim(&self, words: &[String], record: Record) -> Option<Claim> {
        if !(self.applies)(record) {
            return None;
        }
        let phrase = self.phrases.iter().find(|phrase| contains(words, phrase))?;
        let message = format!("`{phrase}`: {}", self.why);
        Some(Claim { code: self.code, gravity: self.gravity, message, hint: self.hint })
    }
}

fn contains(words: &[String], phrase: &str) -> bool {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words.windows(phrase.len()).any(|window| window.iter().zip(&phrase).all(|(word, part)| word == part))
}

fn plain_words(sentence: &str) -> Vec<String> {
    let expanded =
        sentence.replace('’', "'").replace("n't", " not").replace("'re", " are").replace("there's", "there is");
    let words = expanded.split(|c: char| !c.is_alphanumeric() && c != '\'');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn hedge(words: &[String]) -> Option<Claim> {
    let at = words.iter().position(|word| HEDGES.contains(&word.as_str()))?;
    let reach = words.iter().skip(at + 1).take(HEDGE_REACH);
    let hedged = reach.into_iter().find(|word| AFFECTED.contains(&word.as_str()))?;
    Some(Claim {
        code: "word-hedge",
        gravity: Gravity::Warning,
        message: format!("`{} … {hedged}` leaves open whether the person is affected", words[at]),
        hint: "the person is on the list: say so, or say what you do not know",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_RECORD: Record =
        Record { can_be_reached: true, nothing_else: false, passwords_safe: false, culprits: Number::Several };
    const RECORD: Record =
        Record { can_be_reached: false, nothing_else: true, passwords_safe: true, culprits: Number::Unknown };

    fn codes(text: &str, record: Record) -> Vec<&'static str> {
        find(text, record).into_iter().map(|claim| claim.code).collect()
    }

    #[test]
    fn claims_without_a_record_are_found_and_with_one_are_not() {
        for (text, code) in [
            ("There is no need for you to take any action.", "claim-nothing-to-do"),
            ("You don't need to do anything.", "claim-nothing-to-do"),
            ("You don’t need to do anything.", "claim-nothing-to-do"),
            ("No other information related to your account was shared.", "claim-nothing-else"),
            ("There is no need to change your password.", "claim-password"),
            ("The employee has been fired.", "culprits-disagree"),
        ] {
            assert_eq!(codes(text, NO_RECORD), [code], "{text}");
            assert_eq!(codes(text, RECORD), [""; 0], "{text}");
        }
        let one = Record { culprits: Number::One, ..RECORD };
        assert_eq!(codes("The individuals responsible have been fired.", one), ["culprits-disagree"]);
        assert_eq!(codes("The individual responsible has been fired.", one), [""; 0]);
    }

    #[test]
    fn some_words_never_stand() {
        for (text, code) in [
            ("This message contains no links.", "claim-no-links"),
            ("It does not contain any links.", "claim-no-links"),
            ("We are fully GDPR compliant.", "claim-compliant"),
            ("Click below.", "word-click"),
            ("See https://example.org/x", "word-address"),
            ("Your data may have been affected.", "word-hedge"),
            ("Your name could potentially have been exposed.", "word-hedge"),
            ("We have no evidence of misuse.", "word-no-evidence"),
            ("Act now!", "word-urgent"),
            ("We apologise for any inconvenience.", "word-belittles"),
        ] {
            assert_eq!(codes(text, RECORD), [code], "{text}");
        }
        for text in ["Strangers may write to you.", "We are sorry.", "You may ask us. You were affected."] {
            assert_eq!(codes(text, RECORD), [""; 0], "{text}");
        }
    }
}
