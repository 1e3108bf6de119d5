//! The clarity score against published counts.

use forthwith_templating::clarity::syllables;

const PUBLISHED: &str = include_str!("syllables.txt");

fn published() -> impl Iterator<Item = (&'static str, u32)> {
    let lines = PUBLISHED.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let (word, count) = line.split_once(' ').unwrap();
        (word, count.parse().unwrap())
    })
}

#[test]
fn the_syllables_of_500_words_are_the_published_ones_within_3_percent() {
    assert_eq!(published().count(), 500);
    let total: u32 = published().map(|(_, count)| count).sum();
    let ours: u32 = published().map(|(word, _)| syllables(word)).sum();
    let wrong: Vec<_> = published()
        .filter(|(word, count)| syllables(word) != *count)
        .map(|(word, count)| format!("{word} {} for {count}", syllables(word)))
        .collect();
    assert!(ours.abs_diff(total) * 100 <= total * 3, "{ours} syllables for {total}");
    // A total could be right by errors that cancel out.
    assert!(wrong.len() <= 25, "{} words differ: {wrong:?}", wrong.len());
}
