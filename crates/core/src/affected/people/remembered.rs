//! What was worked out of a few words that come again and again: domains, residences, languages.
//!
//! It remembers some of them, each near the place that its octets lead to, and forgets one where all of those are taken.
//! So it never grows, and what is forgotten is worked out again: only time depends on what it remembers.

use super::names::short_name;

/// Places in which a word may stand.
const NEAR: usize = 8;

/// Some of the words that were met so far, each with what was worked out of it.
pub(super) struct Remembered<T> {
    /// A power of two of them.
    places: Vec<Option<(Vec<u8>, T)>>,
}

impl<T> Remembered<T> {
    /// Begins with nothing, and room for about so many words.
    pub(super) fn new(room: usize) -> Self {
        let places = (4 * room).max(NEAR).next_power_of_two();
        Self { places: std::iter::repeat_with(|| None).take(places).collect() }
    }

    /// Returns what is remembered of `word`, or what `work_out` makes of it.
    #[inline]
    pub(super) fn of(&mut self, word: &[u8], work_out: impl FnOnce() -> T) -> &mut T {
        let mask = self.places.len() - 1;
        let first = usize::try_from(short_name(0, word) & mask as u64).unwrap_or_default();
        let is_its = |place: &Option<(Vec<u8>, T)>| place.as_ref().is_none_or(|(known, _)| known == word);
        let at = (first..first + NEAR).map(|at| at & mask).find(|at| is_its(&self.places[*at]));
        if at.is_none() {
            self.places[first] = None;
        }
        &mut self.places[at.unwrap_or(first)].get_or_insert_with(|| (word.to_vec(), work_out())).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_is_worked_out_again() {
        let mut remembered = Remembered::new(100);
        let mut worked_out = 0;
        for round in 0..3 {
            for number in 0..1_000 {
                let word = format!("{number}");
                let found = *remembered.of(word.as_bytes(), || {
                    worked_out += 1;
                    number
                });
                assert_eq!(found, number, "in round {round}");
            }
        }
        assert!((2_000..=3_000).contains(&worked_out), "{worked_out}");
    }

    #[test]
    fn what_there_is_room_for_is_remembered() {
        let mut remembered = Remembered::new(500);
        let mut worked_out = 0;
        for number in (0..500).cycle().take(5_000) {
            remembered.of(format!("mail{number}.example").as_bytes(), || worked_out += 1);
        }
        assert_eq!(worked_out, 500);
    }
}
