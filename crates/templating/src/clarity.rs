//! How easy a text is to read, by the index of its language and by LIX.
//!
//! All count words, sentences, syllables or letters and nothing else: a text that scores well can still say nothing.
//! Sources, as far as they could be named; none of the figures was confirmed with their authors:
//!
//! * English: R. Flesch, "A new readability yardstick", Journal of Applied Psychology 32 (1948), and the grade of
//!   J. P. Kincaid and others, Research Branch Report 8-75, Chief of Naval Technical Training (1975).
//! * German: T. Amstad, "Wie verständlich sind unsere Zeitungen?" (Zürich 1978): Flesch, fitted to German.
//! * French: L. Kandel and A. Moles, "Application de l'indice de Flesch à la langue française" (1958).
//! * Spanish: J. Fernández Huerta, "Medidas sencillas de lecturabilidad" (1959), with words in a sentence, which
//!   his formula must mean: longer sentences would else make a text easier.
//! * LIX: C. H. Björnsson, "Läsbarhet" (Stockholm 1968): words in a sentence, and per cent of words of more than six
//!   letters. Up to 40 a text is easy, up to 50 of middling difficulty, as newspapers are.

mod english;
mod french;
mod german;
mod spanish;

use crate::language;

/// What was counted in a text, and its scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clarity {
    /// Words: runs of characters between spaces that have a letter or a digit.
    pub words: u32,
    /// Sentences: what ends in `.`, `!`, `?` or at the end of a paragraph, heading or item.
    pub sentences: u32,
    /// Syllables; a figure or an abbreviation without vowels counts as one.
    pub syllables: u32,
    /// Words of more than six letters.
    pub long_words: u32,
    /// The ease by the index of the language, from 0 to 100: 60 and more is plain. By Flesch's, where the language
    /// has none here.
    pub ease: f64,
    /// Flesch-Kincaid grade: years of school in the US. It means something for English alone.
    pub grade: f64,
    /// LIX.
    pub lix: f64,
}

/// The index of ease of a language.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Index {
    /// What it is called.
    pub name: &'static str,
    /// What is left of ease when no word has a syllable.
    base: f64,
    /// What each word of a mean sentence takes away.
    length: f64,
    /// What each syllable of a mean word takes away.
    weight: f64,
}

const FLESCH: Index = Index { name: "Flesch", base: 206.835, length: 1.015, weight: 84.6 };
const AMSTAD: Index = Index { name: "Flesch-Amstad", base: 180.0, length: 1.0, weight: 58.5 };
const KANDEL_MOLES: Index = Index { name: "Kandel-Moles", base: 207.0, length: 1.015, weight: 73.6 };
const FERNANDEZ_HUERTA: Index = Index { name: "Fernández Huerta", base: 206.84, length: 1.02, weight: 60.0 };

/// Returns the index of ease of a language (BCP 47), where it has one here.
pub fn index(language: &str) -> Option<Index> {
    match language::primary(language).as_str() {
        "en" => Some(FLESCH),
        "de" => Some(AMSTAD),
        "fr" => Some(KANDEL_MOLES),
        "es" => Some(FERNANDEZ_HUERTA),
        _ => None,
    }
}

/// Letters that a word has at most without being long for LIX.
const SHORT_LETTERS_MAX: usize = 6;

/// Returns the clarity of an English text.
pub fn score(text: &str) -> Clarity {
    score_in("en", text)
}

/// Returns the clarity of `text` in `language` (BCP 47). An empty line ends a sentence, and so does the beginning of
/// a list item.
pub fn score_in(language: &str, text: &str) -> Clarity {
    let primary = language::primary(language);
    let (mut words, mut sentences, mut syllable_count, mut long_words) = (0_u32, 0_u32, 0_u32, 0_u32);
    let mut is_open = false;
    let mut close = |is_open: &mut bool| {
        sentences += u32::from(std::mem::take(is_open));
    };
    for line in text.lines() {
        let line = line.trim();
        let item = item_text(line);
        if item.is_some() || is_boundary(line) {
            close(&mut is_open);
        }
        for token in item.unwrap_or(line).split_whitespace().filter(|token| token.contains(char::is_alphanumeric)) {
            words += 1;
            syllable_count += syllables_in(&primary, token);
            long_words += u32::from(token.chars().filter(|c| c.is_alphabetic()).count() > SHORT_LETTERS_MAX);
            is_open = true;
            if ends_sentence(&primary, token) {
                close(&mut is_open);
            }
        }
    }
    close(&mut is_open);
    let per = |a: u32, b: u32| f64::from(a) / f64::from(b.max(1));
    let (length, weight) = (per(words, sentences), per(syllable_count, words));
    let Index { base, length: per_word, weight: per_syllable, .. } = index(language).unwrap_or(FLESCH);
    Clarity {
        words,
        sentences,
        syllables: syllable_count,
        long_words,
        ease: base - per_word * length - per_syllable * weight,
        grade: 0.39 * length + 11.8 * weight - 15.59,
        lix: length + 100.0 * per(long_words, words),
    }
}

/// Returns whether a sentence ends with this word. German writes the days of a month with a full stop, and
/// abbreviations have one.
fn ends_sentence(primary: &str, token: &str) -> bool {
    let token = token.trim_end_matches(['"', '\'', ')', '*', '’', '”', '»', '\u{a0}']);
    let Some(stem) = token.strip_suffix('.') else { return token.ends_with(['!', '?']) };
    let is_day = primary == "de" && stem.len() <= 2 && stem.bytes().all(|b| b.is_ascii_digit());
    let is_abbreviation =
        stem.split('.').all(|part| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_uppercase()));
    !is_day && !is_abbreviation
}

/// Returns whether a line is empty or only underlines a heading.
fn is_boundary(line: &str) -> bool {
    !line.contains(char::is_alphanumeric)
}

/// Returns what follows `1. ` or `- ` at the start of a line.
fn item_text(line: &str) -> Option<&str> {
    let (marker, text) = line.split_once(' ')?;
    let digits = marker.strip_suffix('.').unwrap_or_default();
    let is_number = !digits.is_empty() && digits.len() <= 2 && digits.bytes().all(|b| b.is_ascii_digit());
    (marker == "-" || is_number).then_some(text)
}

/// Returns the syllables of an English word.
pub fn syllables(word: &str) -> u32 {
    syllables_in("en", word)
}

/// Returns the syllables of a word in `language` (BCP 47). Its parts between hyphens, dots and other signs count on
/// their own; a part without letters, or without vowels, is one (Flesch counts figures and abbreviations so).
pub fn syllables_in(language: &str, word: &str) -> u32 {
    if !word.contains(char::is_alphabetic) {
        return 1;
    }
    let count: fn(&str) -> u32 = match language::primary(language).as_str() {
        "de" => german::syllables,
        "fr" => french::syllables,
        "es" => spanish::syllables,
        _ => english::syllables,
    };
    let parts = word.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'));
    let parts = parts.filter(|part| part.contains(char::is_alphanumeric));
    parts.map(|part| count(&part.to_lowercase().replace('’', "'"))).sum::<u32>().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_and_words_are_counted_as_readers_see_them() {
        let text =
            "Notice\n------\n\nWe ended it. We told\nthe police (yes).\n\n1. Ask 12,481 people.\n2. Go\n- on";
        let score = score(text);
        assert_eq!((score.words, score.sentences), (1 + 3 + 5 + 3 + 1 + 1, 6));
    }

    #[test]
    fn the_formulas_are_the_published_ones() {
        // 5 words, 1 sentence, 6 syllables.
        let score = score("The cat sat down again.");
        assert_eq!((score.words, score.sentences, score.syllables), (5, 1, 6));
        assert!((score.ease - (206.835 - 1.015 * 5.0 - 84.6 * 1.2)).abs() < 1e-9);
        assert!((score.grade - (0.39 * 5.0 + 11.8 * 1.2 - 15.59)).abs() < 1e-9);
        assert_eq!(super::score("").words, 0);
        assert!(super::score("").ease.is_finite());
    }

    #[test]
    fn figures_and_abbreviations_count_as_one() {
        for (word, count) in
            [("12,481", 1), ("+44", 1), ("ltd", 1), ("e-mail", 2), ("larkspur.example", 5), ("don't", 1)]
        {
            assert_eq!(syllables(word), count, "{word}");
        }
    }

    /// Counted by hand, as the words are spoken with care.
    const COUNTED: [(&str, &str); 3] = [
        (
            "de",
            "die 1 Sie 1 Passwort 2 Daten 2 Adresse 3 Telefonnummer 5 Nachrichten 3 melden 2 Kontoauszüge 5 ist 1 \
             geschehen 3 weitergegeben 5 arbeiten 3 Theater 3 Euro 2 Häuser 2 Quelle 2 Bäume 2 neue 2 Polizei 3 \
             Datenschutz 3 Oktober 3 September 3 zwischen 2 überall 3 Browser 2 heißt 1 leicht 1 Fremde 2 \
             versuchen 3 Gesundheit 3 Sicherheitsfrage 5 See 1 Boot 1 Aktion 3 Information 5 Kopie 2",
        ),
        (
            "fr",
            "le 1 vous 1 données 2 adresse 2 téléphone 3 travaille 2 personne 2 message 2 banque 1 compte 1 \
             quelqu'un 2 mot 1 passe 1 changez 2 utilisez 4 demandent 2 argent 2 souvent 2 exposées 3 octobre 2 \
             créer 2 naïf 2 question 2 information 4 entreprise 3 déclaration 4 famille 2 santé 2 numéro 3 \
             identité 4 connaissance 3 maintenant 3 recevoir 3 gros 1 caractères 3 voix 1 haute 1 police 2 \
             l'autorité 4 impôts 2",
        ),
        (
            "es",
            "su 1 datos 2 correo 3 electrónico 5 teléfono 4 contraseña 4 persona 3 trabaja 3 país 2 cuenta 2 banco 2 \
             dinero 3 mensaje 3 autoridad 5 policía 4 guía 2 qué 1 quien 1 siguiente 3 usted 2 hoy 1 ley 1 cambie 2 \
             aquí 2 sitios 2 todavía 4 envíe 3 aviso 3 septiembre 3 octubre 3 seguridad 4 números 3 habido 3 aún 2 \
             poeta 3 ciudad 2 averiguar 4 después 2 identidad 4 impuestos 3",
        ),
    ];

    #[test]
    fn syllables_of_other_languages_are_counted_within_three_per_cent() {
        for (language, counted) in COUNTED {
            let tokens: Vec<&str> = counted.split_whitespace().collect();
            let pairs: Vec<(&str, u32)> =
                tokens.chunks(2).map(|pair| (pair[0], pair[1].parse().unwrap())).collect();
            let expected: u32 = pairs.iter().map(|(_, count)| count).sum();
            let wrong: Vec<String> = pairs
                .iter()
                .map(|(word, count)| (word, count, syllables_in(language, word)))
                .filter(|(_, count, found)| *count != found)
                .map(|(word, count, found)| format!("{word} {count} found {found}"))
                .collect();
            let found: u32 = pairs.iter().map(|(word, _)| syllables_in(language, word)).sum();
            let off = f64::from(found.abs_diff(expected)) / f64::from(expected);
            assert!(
                off <= 0.03 && wrong.len() * 20 <= pairs.len(),
                "{language}: {found} for {expected}; {wrong:?}"
            );
        }
    }

    #[test]
    fn days_and_abbreviations_end_no_sentence() {
        assert_eq!(score_in("de", "Es geschah am 12. Oktober 2020. Wir haben es bemerkt.").sentences, 2);
        assert_eq!(score_in("en", "It was on 12. Then we wrote to P.O. Box 1.").sentences, 2);
        assert_eq!(score_in("es", "Vive en EE. UU. desde hoy.").sentences, 1);
    }

    #[test]
    fn each_language_has_its_formula() {
        // 4 words, 1 sentence, 8 syllables, 1 long word.
        let german = score_in("de-AT", "Wir haben Daten weitergegeben.");
        assert_eq!((german.words, german.syllables, german.long_words), (4, 10, 1));
        assert!((german.ease - (180.0 - 4.0 - 58.5 * 2.5)).abs() < 1e-9);
        assert!((german.lix - 29.0).abs() < 1e-9);
        assert_eq!(index("fr-CA").map(|index| index.name), Some("Kandel-Moles"));
        assert_eq!(index("it"), None);
    }
}
