//! How easy a text is to read: Flesch reading ease and the Flesch-Kincaid grade, for English.
//!
//! Both count words, sentences and syllables and nothing else: a text that scores well can still say nothing.
//! Sources: R. Flesch, "A new readability yardstick", Journal of Applied Psychology 32 (1948); J. P. Kincaid and
//! others, Research Branch Report 8-75, Chief of Naval Technical Training (1975).

/// What was counted in a text, and the two scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clarity {
    /// Words: runs of characters between spaces that have a letter or a digit.
    pub words: u32,
    /// Sentences: what ends in `.`, `!`, `?` or at the end of a paragraph, heading or item.
    pub sentences: u32,
    /// Syllables; a figure or an abbreviation without vowels counts as one.
    pub syllables: u32,
    /// Flesch reading ease: 60 and more is plain English.
    pub flesch: f64,
    /// Flesch-Kincaid grade: years of school in the US.
    pub grade: f64,
}

/// Returns the clarity of `text`. An empty line ends a sentence, and so does the beginning of a list item.
pub fn score(text: &str) -> Clarity {
    let (mut words, mut sentences, mut syllable_count) = (0_u32, 0_u32, 0_u32);
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
            syllable_count += syllables(token);
            is_open = true;
            if token.trim_end_matches(['"', '\'', ')', '*', '’', '”']).ends_with(['.', '!', '?']) {
                close(&mut is_open);
            }
        }
    }
    close(&mut is_open);
    let per = |a: u32, b: u32| f64::from(a) / f64::from(b.max(1));
    let (length, weight) = (per(words, sentences), per(syllable_count, words));
    Clarity {
        words,
        sentences,
        syllables: syllable_count,
        flesch: 206.835 - 1.015 * length - 84.6 * weight,
        grade: 0.39 * length + 11.8 * weight - 15.59,
    }
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

/// Returns the syllables of a word. Its parts between hyphens, dots and other signs count on their own; a part
/// without letters, or without vowels, is one (Flesch counts figures and abbreviations so).
pub fn syllables(word: &str) -> u32 {
    let parts = word.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'));
    let parts = parts.filter(|part| part.contains(char::is_alphanumeric));
    let has_letters = word.contains(char::is_alphabetic);
    if !has_letters {
        return 1;
    }
    parts.map(|part| part_syllables(&part.to_lowercase())).sum::<u32>().max(1)
}

/// Vowel groups, less the silent ones, plus those that are spoken apart.
fn part_syllables(part: &str) -> u32 {
    let part = part.replace('’', "'");
    let stem = part.strip_suffix("'s").unwrap_or(&part).replace('\'', "");
    if let Some((_, count)) = EXCEPTIONS.iter().find(|(word, _)| *word == stem) {
        return *count;
    }
    let letters: Vec<char> = stem.chars().collect();
    let mut count = vowel_groups(&letters) + spoken_apart(&stem);
    count -= silent(&letters, &stem).min(count);
    count.max(1)
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y') || (!c.is_ascii() && c.is_alphabetic())
}

fn vowel_groups(letters: &[char]) -> u32 {
    let mut count = 0;
    let mut was_vowel = false;
    for (i, letter) in letters.iter().enumerate() {
        // A y before a vowel opens a syllable: yes, beyond.
        let is_glide = *letter == 'y' && letters.get(i + 1).is_some_and(|next| is_vowel(*next));
        let vowel = is_vowel(*letter) && !is_glide;
        count += u32::from(vowel && !was_vowel);
        was_vowel = vowel;
    }
    count
}

/// Vowels that stand together and are spoken apart: i-dea, cre-ate, me-di-um.
fn spoken_apart(stem: &str) -> u32 {
    const APART: [&str; 15] = [
        "ia", "io", "iu", "eo", "eate", "iet", "ien", "ying", "uing", "eing", "oing", "uous", "ual", "iest", "ier",
    ];
    const TOGETHER: [&str; 17] = [
        "llion", "tion", "sion", "cial", "tial", "cian", "gion", "cious", "tious", "xious", "gious", "people",
        "ciou", "cien", "tien", "shion", "friend",
    ];
    let count = |patterns: &[&str]| patterns.iter().map(|pattern| stem.matches(pattern).count()).sum::<usize>();
    u32::try_from(count(&APART).saturating_sub(count(&TOGETHER))).unwrap_or(0)
}

/// A last e, and the e of -es and -ed, where nothing makes them heard.
fn silent(letters: &[char], stem: &str) -> u32 {
    const SUFFIXES: [&str; 7] = ["eful", "ement", "ements", "eless", "ely", "eness", "ething"];
    let n = letters.len();
    let before = |back: usize| n.checked_sub(back).and_then(|i| letters.get(i)).copied().unwrap_or(' ');
    let ends = |ending: &str| stem.ends_with(ending);
    if ends("e") && n > 2 && !is_vowel(before(2)) {
        // ta-ble, lit-tle: the l makes a syllable.
        return u32::from(before(2) != 'l' || is_vowel(before(3)));
    }
    if ends("es") && n > 3 && !is_vowel(before(3)) {
        let is_heard = matches!(before(3), 's' | 'z' | 'x' | 'c' | 'g')
            || ends("ches")
            || ends("shes")
            || (before(3) == 'l' && !is_vowel(before(4)));
        return u32::from(!is_heard);
    }
    if ends("ed") && n > 3 && !is_vowel(before(3)) {
        let is_heard =
            matches!(before(3), 't' | 'd') || (before(3) == 'l' && !is_vowel(before(4)) && before(4) != 'l');
        return u32::from(!is_heard);
    }
    // An e inside that a suffix leaves silent: care-ful, state-ment, home-less, safe-ly.
    u32::from(SUFFIXES.iter().any(|suffix| ends(suffix) && n > suffix.len() + 2))
}

/// Common words that the rules get wrong.
const EXCEPTIONS: &[(&str, u32)] = &[
    ("area", 3),
    ("business", 2),
    ("evening", 2),
    ("everybody", 4),
    ("everyone", 3),
    ("everything", 3),
    ("several", 2),
    ("someone", 2),
];

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
        assert!((score.flesch - (206.835 - 1.015 * 5.0 - 84.6 * 1.2)).abs() < 1e-9);
        assert!((score.grade - (0.39 * 5.0 + 11.8 * 1.2 - 15.59)).abs() < 1e-9);
        assert_eq!(super::score("").words, 0);
        assert!(super::score("").flesch.is_finite());
    }

    #[test]
    fn figures_and_abbreviations_count_as_one() {
        for (word, count) in
            [("12,481", 1), ("+44", 1), ("ltd", 1), ("e-mail", 2), ("larkspur.example", 5), ("don't", 1)]
        {
            assert_eq!(syllables(word), count, "{word}");
        }
    }
}
