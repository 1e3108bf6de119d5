//! Syllables of Spanish words: one for each vowel, but for weak ones that lean on their neighbours.

/// Returns the syllables of a part of a word, in lower case.
pub(super) fn syllables(part: &str) -> u32 {
    let letters: Vec<char> = part.chars().collect();
    let mut count = 0;
    let mut before: Option<char> = None;
    for (i, letter) in letters.iter().enumerate() {
        let is_silent =
            *letter == 'u' && i > 0 && matches!(letters[i - 1], 'q' | 'g') && followed_by_e_or_i(&letters, i);
        let ends_in_y = *letter == 'y' && i + 1 == letters.len();
        let vowel = Some(*letter).filter(|c| ends_in_y || ("aeiouáéíóúü".contains(*c) && !is_silent));
        if let Some(vowel) = vowel {
            count += u32::from(before.is_none_or(|before| is_strong(before) && is_strong(vowel)));
        }
        before = vowel;
    }
    count.max(1)
}

fn followed_by_e_or_i(letters: &[char], i: usize) -> bool {
    letters.get(i + 1).is_some_and(|next| matches!(next, 'e' | 'i' | 'é' | 'í'))
}

/// An i or u with an accent is a syllable of its own beside another vowel: pa-ís.
fn is_strong(vowel: char) -> bool {
    matches!(vowel, 'a' | 'e' | 'o' | 'á' | 'é' | 'ó' | 'í' | 'ú')
}
