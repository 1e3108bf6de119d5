//! Syllables of French words as they are spoken: one for each group of vowels, without the mute e at the end.

/// Vowels that stand together and are spoken apart: na-ïf, cré-a-tion.
const APART: [&str; 9] = ["éa", "éo", "éi", "éu", "aï", "oï", "oë", "éé", "ao"];
/// Endings that are mute, where the word has other vowels.
const MUTE: [&str; 3] = ["e", "es", "ent"];
/// Endings in -ent that are heard; elsewhere it is taken for that of a verb.
const HEARD: [&str; 7] = ["ment", "cent", "gent", "souvent", "présent", "absent", "accident"];

/// Returns the syllables of a part of a word, in lower case. What an apostrophe cuts off counts with what is left of
/// it: nothing in `l'adresse`, one in `quelqu'un`.
pub(super) fn syllables(part: &str) -> u32 {
    let (elided, whole) = part.rsplit_once('\'').unwrap_or(("", part));
    let heard = vowel_groups(whole) - u32::from(ends_mute(whole) && vowel_groups(whole) > 0);
    vowel_groups(elided) + heard.max(1)
}

fn vowel_groups(word: &str) -> u32 {
    let letters: Vec<char> = word.chars().collect();
    let mut count = 0;
    let mut was_vowel = false;
    for (i, letter) in letters.iter().enumerate() {
        let is_glide = *letter == 'u' && i > 0 && matches!(letters[i - 1], 'q' | 'g');
        let vowel = is_vowel(*letter) && !is_glide;
        let pair: String = letters[i.saturating_sub(1)..=i].iter().collect();
        // cré-er, but donnée and données.
        let is_before_consonant = letters.get(i + 1).is_some_and(|next| *next != 's');
        let is_apart = APART.contains(&pair.as_str()) || (pair == "ée" && is_before_consonant);
        count += u32::from(vowel && (!was_vowel || is_apart));
        was_vowel = vowel;
    }
    count
}

/// Returns whether a word ends in a mute syllable that was counted: after a vowel it was counted with that one.
fn ends_mute(word: &str) -> bool {
    let Some(ending) = MUTE.iter().find(|ending| word.ends_with(*ending)) else { return false };
    let stem = word.strip_suffix(ending).unwrap_or_default();
    let is_heard = *ending == "ent" && HEARD.iter().any(|ending| word.ends_with(ending));
    let after_consonant = stem.ends_with("qu") || stem.ends_with("gu") || !stem.ends_with(is_vowel);
    !is_heard && !stem.is_empty() && after_consonant
}

fn is_vowel(c: char) -> bool {
    "aeiouyàâäéèêëîïôöùûüœæ".contains(c)
}
