//! Syllables of German words: one for each vowel or diphthong.

/// Vowels that are one sound, and so one syllable. `ie` is one, as in `die`; of `Familie` it makes one too few.
const TOGETHER: [&str; 12] = ["ai", "au", "ay", "ei", "eu", "ey", "ie", "oi", "äu", "aa", "ee", "oo"];

/// Returns the syllables of a part of a word, in lower case.
pub(super) fn syllables(part: &str) -> u32 {
    let letters: Vec<char> = part.chars().collect();
    let is_vowel = |i: usize| {
        let is_glide = letters[i] == 'u' && i > 0 && letters[i - 1] == 'q';
        matches!(letters[i], 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'ä' | 'ö' | 'ü') && !is_glide
    };
    let (mut count, mut i) = (0, 0);
    while i < letters.len() {
        if !is_vowel(i) {
            i += 1;
            continue;
        }
        count += 1;
        let pair: String = letters[i..letters.len().min(i + 2)].iter().collect();
        i += if TOGETHER.contains(&pair.as_str()) { 2 } else { 1 };
    }
    count.max(1)
}
