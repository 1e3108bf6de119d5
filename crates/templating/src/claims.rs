//! Words that a notice may not say, and claims that need a record behind them.
//!
//! Each rule looks at one sentence, with a list of phrases for each shipped language. It finds what is commonly
//! written, not all that could be: a lawyer still reads the packet.

mod english;
mod french;
mod german;
mod spanish;

use crate::language;
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

/// What one language says of what the rules are about. Phrases are lower case, without signs but apostrophes; a
/// phrase matches whole words.
pub(crate) struct Phrasebook {
    nothing_to_do: &'static [&'static str],
    nothing_else: &'static [&'static str],
    password_safe: &'static [&'static str],
    no_links: &'static [&'static str],
    /// That a law is kept.
    keeps_the_law: &'static [&'static str],
    click: &'static [&'static str],
    /// That the reader is to hand over data.
    request: &'static [&'static str],
    marketing: &'static [&'static str],
    no_evidence: &'static [&'static str],
    /// What has to stand beside that.
    caveat: &'static [&'static str],
    urgent: &'static [&'static str],
    belittles: &'static [&'static str],
    one_culprit: &'static [&'static str],
    several_culprits: &'static [&'static str],
    /// Words that leave something open.
    hedges: &'static [&'static str],
    /// What may not be left open.
    affected: &'static [&'static str],
    /// Contractions, and what they are read as.
    spelt_out: &'static [(&'static str, &'static str)],
    /// Whether a step begins with what to do.
    begins_with_a_verb: fn(&[String]) -> bool,
    /// How a step may begin.
    pub verbs: &'static str,
}

/// Returns the phrases of a language, where they are shipped.
pub(crate) fn phrasebook(language: &str) -> Option<&'static Phrasebook> {
    match language::primary(language).as_str() {
        "en" => Some(&english::PHRASES),
        "de" => Some(&german::PHRASES),
        "fr" => Some(&french::PHRASES),
        "es" => Some(&spanish::PHRASES),
        _ => None,
    }
}

/// A rule: sentences with one of the phrases may not stand while it applies.
struct Rule {
    code: &'static str,
    gravity: Gravity,
    applies: fn(Record) -> bool,
    phrases: fn(&Phrasebook) -> &'static [&'static str],
    why: &'static str,
    hint: &'static str,
}

const ALWAYS: fn(Record) -> bool = |_| true;

/// The code of the rule that a caveat lifts.
const NO_EVIDENCE: &str = "word-no-evidence";

const RULES: &[Rule] = &[
    Rule {
        code: "claim-nothing-to-do",
        gravity: Gravity::Refused,
        applies: |record| record.can_be_reached,
        phrases: |book| book.nothing_to_do,
        why: "strangers can now reach the person, so there is something to do",
        hint: "say what to look out for",
    },
    Rule {
        code: "claim-nothing-else",
        gravity: Gravity::Refused,
        applies: |record| !record.nothing_else,
        phrases: |book| book.nothing_else,
        why: "nobody has put on record that nothing else was exposed",
        hint: "record who determined it and when in `nothing_else`, or leave the sentence out",
    },
    Rule {
        code: "claim-password",
        gravity: Gravity::Refused,
        applies: |record| !record.passwords_safe,
        phrases: |book| book.password_safe,
        why: "nobody has put on record that passwords need not be changed",
        hint: "record who determined it and when in `passwords_safe`, or leave the sentence out",
    },
    Rule {
        code: "claim-no-links",
        gravity: Gravity::Refused,
        applies: ALWAYS,
        phrases: |book| book.no_links,
        why: "mail readers make links of addresses and dates themselves, and the claim turns false",
        hint: "say how to check the notice instead",
    },
    Rule {
        code: "claim-compliant",
        gravity: Gravity::Refused,
        applies: ALWAYS,
        phrases: |book| book.keeps_the_law,
        why: "whether a law is kept is not for a notice to say",
        hint: "say what you did",
    },
    Rule {
        code: "word-click",
        gravity: Gravity::Refused,
        applies: ALWAYS,
        phrases: |book| book.click,
        why: "that is what fakes ask for",
        hint: "let people type an address that they know",
    },
    Rule {
        code: "word-request",
        gravity: Gravity::Refused,
        applies: ALWAYS,
        phrases: |book| book.request,
        why: "a notice asks for no data: that is what fakes do",
        hint: "say whom to turn to, and let people do so by a way that they know",
    },
    Rule {
        code: "word-marketing",
        gravity: Gravity::Refused,
        applies: ALWAYS,
        phrases: |book| book.marketing,
        why: "a notice stands alone, without advertising or other news",
        hint: "leave it out",
    },
    Rule {
        code: NO_EVIDENCE,
        gravity: Gravity::Warning,
        applies: ALWAYS,
        phrases: |book| book.no_evidence,
        why: "that nothing was seen does not mean that nothing happened, and readers know it",
        hint: "say beside it that this does not mean that there was none",
    },
    Rule {
        code: "word-urgent",
        gravity: Gravity::Warning,
        applies: ALWAYS,
        phrases: |book| book.urgent,
        why: "fakes hurry people, a notice does not",
        hint: "say by when, if there is a date",
    },
    Rule {
        code: "word-belittles",
        gravity: Gravity::Warning,
        applies: ALWAYS,
        phrases: |book| book.belittles,
        why: "readers of such notices know the phrase, and stop reading",
        hint: "leave it out",
    },
    Rule {
        code: "culprits-disagree",
        gravity: Gravity::Warning,
        applies: |record| record.culprits == Number::Several,
        phrases: |book| book.one_culprit,
        why: "the facts say that several people did it",
        hint: "tell one story: use the plural, or correct `culprits`",
    },
    Rule {
        code: "culprits-disagree",
        gravity: Gravity::Warning,
        applies: |record| record.culprits == Number::One,
        phrases: |book| book.several_culprits,
        why: "the facts say that one person did it",
        hint: "tell one story: use the singular, or correct `culprits`",
    },
];

/// Schemes and prefixes of addresses that mail readers make into links.
const SCHEMES: [&str; 5] = ["http://", "https://", "mailto:", "ftp://", "www."];

/// Words between a hedge and what it hedges, in either order: `may possibly have been directly affected`.
const HEDGE_REACH: usize = 5;

/// Returns what may not be said in `text` whatever its language is.
pub(crate) fn find_in_any(text: &str) -> Option<Claim> {
    let lower = text.to_lowercase();
    let scheme = SCHEMES.iter().find(|scheme| lower.contains(*scheme))?;
    Some(Claim {
        code: "word-address",
        gravity: Gravity::Refused,
        message: format!("`{scheme}` makes a link in most mail readers"),
        hint: "write the address as people type it: example.org",
    })
}

impl Phrasebook {
    /// Returns what may not be said in `text`, a sentence at a time.
    pub(crate) fn find(&self, text: &str, record: Record) -> Vec<Claim> {
        let lower = text.to_lowercase();
        let has_caveat = self.caveat.iter().any(|phrase| contains(&self.words(&lower), phrase));
        let mut claims = Vec::new();
        for sentence in lower.split_inclusive(['.', '!', '?', '\n']) {
            let words = self.words(sentence);
            let broken = RULES.iter().filter(|rule| rule.code != NO_EVIDENCE || !has_caveat);
            claims.extend(broken.filter_map(|rule| rule.claim(self, &words, record)));
            claims.extend(self.hedge(&words));
        }
        claims
    }

    /// Returns whether a step begins with what to do.
    pub(crate) fn begins_with_a_verb(&self, step: &str) -> bool {
        (self.begins_with_a_verb)(&self.words(&step.to_lowercase()))
    }

    fn words(&self, sentence: &str) -> Vec<String> {
        let mut spelt = sentence.replace('’', "'");
        for (short, long) in self.spelt_out {
            spelt = spelt.replace(short, long);
        }
        let words = spelt.split(|c: char| !c.is_alphanumeric() && c != '\'');
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    fn hedge(&self, words: &[String]) -> Option<Claim> {
        let positions = |of: &[&str]| -> Vec<usize> {
            let is_one = |(i, word): (usize, &String)| of.contains(&word.as_str()).then_some(i);
            words.iter().enumerate().filter_map(is_one).collect()
        };
        let affected = positions(self.affected);
        let (hedge, hedged) = positions(self.hedges).into_iter().find_map(|hedge| {
            affected.iter().find(|at| at.abs_diff(hedge) <= HEDGE_REACH).map(|at| (hedge, *at))
        })?;
        Some(Claim {
            code: "word-hedge",
            gravity: Gravity::Warning,
            message: format!("`{} … {}` leaves open whether the person is affected", words[hedge], words[hedged]),
            hint: "the person is on the list: say so, or say what you do not know",
        })
    }
}

impl Rule {
    fn claim(&self, book: &Phrasebook, words: &[String], record: Record) -> Option<Claim> {
        if !(self.applies)(record) {
            return None;
        }
        let phrase = (self.phrases)(book).iter().find(|phrase| contains(words, phrase))?;
        let message = format!("`{phrase}`: {}", self.why);
        Some(Claim { code: self.code, gravity: self.gravity, message, hint: self.hint })
    }
}

fn contains(words: &[String], phrase: &str) -> bool {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words.windows(phrase.len()).any(|window| window.iter().zip(&phrase).all(|(word, part)| word == part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_RECORD: Record =
        Record { can_be_reached: true, nothing_else: false, passwords_safe: false, culprits: Number::Several };
    const RECORD: Record =
        Record { can_be_reached: false, nothing_else: true, passwords_safe: true, culprits: Number::Unknown };

    fn codes_in(language: &str, text: &str, record: Record) -> Vec<&'static str> {
        let book = phrasebook(language).unwrap();
        find_in_any(text).into_iter().chain(book.find(text, record)).map(|claim| claim.code).collect()
    }

    fn codes(text: &str, record: Record) -> Vec<&'static str> {
        codes_in("en", text, record)
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

    #[test]
    fn every_language_knows_what_may_not_be_said() {
        for (language, text, code) in [
            ("de", "Sie müssen nichts tun.", "claim-nothing-to-do"),
            ("fr", "Vous n’avez rien à faire.", "claim-nothing-to-do"),
            ("es", "Usted no tiene que hacer nada.", "claim-nothing-to-do"),
            ("de", "Sonst ist nichts nach außen gelangt.", "claim-nothing-else"),
            ("fr", "Rien d’autre n’a été exposé.", "claim-nothing-else"),
            ("es", "No ha quedado expuesto nada más.", "claim-nothing-else"),
            ("de", "Ihr Passwort ist sicher.", "claim-password"),
            ("fr", "Votre mot de passe est sûr.", "claim-password"),
            ("es", "Su contraseña está a salvo.", "claim-password"),
            ("de", "Klicken Sie unten.", "word-click"),
            ("fr", "Cliquez ci-dessous.", "word-click"),
            ("es", "Haga clic abajo.", "word-click"),
            ("de", "Schicken Sie uns Ihr Geburtsdatum.", "word-request"),
            ("fr", "Envoyez-nous votre adresse.", "word-request"),
            ("es", "Envíenos su dirección.", "word-request"),
            ("en", "Please confirm your identity.", "word-request"),
            ("de", "Ihre Daten könnten betroffen sein.", "word-hedge"),
            ("fr", "Vos données pourraient avoir été exposées.", "word-hedge"),
            ("es", "Sus datos podrían estar afectados.", "word-hedge"),
            ("de", "Wir haben keine Anhaltspunkte für Missbrauch.", "word-no-evidence"),
            ("fr", "Nous n’avons aucune preuve d’abus.", "word-no-evidence"),
            ("es", "No tenemos constancia de un mal uso.", "word-no-evidence"),
            ("de", "Handeln Sie sofort.", "word-urgent"),
            ("fr", "Agissez sans délai.", "word-urgent"),
            ("es", "Actúe de inmediato.", "word-urgent"),
            ("de", "Wir sind DSGVO-konform.", "claim-compliant"),
            ("fr", "Nous sommes conformes au RGPD.", "claim-compliant"),
            ("es", "Lo hacemos conforme al RGPD.", "claim-compliant"),
            ("de", "Abonnieren Sie unseren Newsletter.", "word-marketing"),
        ] {
            let record = if code.starts_with("claim-") { NO_RECORD } else { RECORD };
            assert_eq!(codes_in(language, text, record), [code], "{text}");
        }
    }

    #[test]
    fn no_evidence_stands_beside_its_caveat_alone() {
        for (language, text) in [
            ("en", "We have no evidence of misuse. That does not mean that there is none."),
            ("de", "Missbrauch haben wir bisher nicht gesehen. Das heißt nicht, dass es keinen gibt."),
            ("fr", "Nous n’avons vu aucun abus jusqu’ici. Cela ne veut pas dire qu’il n’y en a pas."),
            ("es", "Hasta ahora no hemos visto ningún mal uso. Eso no significa que no lo haya."),
        ] {
            assert_eq!(codes_in(language, text, RECORD), [""; 0], "{text}");
            let (bare, _) = text.split_once(". ").unwrap();
            assert_eq!(codes_in(language, bare, RECORD), ["word-no-evidence"], "{bare}");
        }
    }

    #[test]
    fn steps_begin_with_verbs() {
        for (language, step, is_verb) in [
            ("en", "Change it.", true),
            ("en", "Do not answer.", true),
            ("en", "Never give it.", true),
            ("en", "Your password should be changed.", false),
            ("en", "", false),
            ("de", "Ändern Sie Ihr Passwort.", true),
            ("de", "Bitte rufen Sie uns an.", true),
            ("de", "Ihr Passwort sollte geändert werden.", false),
            ("fr", "Méfiez-vous de tels messages.", true),
            ("fr", "Ne répondez pas.", true),
            ("fr", "N’ouvrez rien.", true),
            ("fr", "Votre banque vous aide.", false),
            ("es", "Desconfíe de tales mensajes.", true),
            ("es", "No responda.", true),
            ("es", "Su banco le ayuda.", false),
        ] {
            assert_eq!(phrasebook(language).unwrap().begins_with_a_verb(step), is_verb, "{step}");
        }
    }
}
