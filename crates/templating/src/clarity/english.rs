//! Syllables of English words: vowel groups, less the silent ones, plus those that are spoken apart.

/// Returns the syllables of a part of a word, in lower case.
pub(super) fn syllables(part: &str) -> u32 {
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
