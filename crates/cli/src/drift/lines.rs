//! What differs between two texts, line by line: which line was changed, from what to what.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Differences of one text that are told: more are looked at with a tool for it.
const TOLD_MAX: usize = 10;
/// Lines that are compared: more are no text that a person wrote, and comparing them takes the square of their number.
const LINES_MAX: usize = 10_000;
/// Characters that are shown of a line, from a little before the first difference.
const SHOWN_MAX: usize = 120;
/// Characters that are shown before the first difference.
const BEFORE_MAX: usize = 30;

/// Returns the differences between two texts, a line each; the words themselves only where `shows_words`.
pub fn between(before: &str, now: &str, shows_words: bool) -> Vec<String> {
    let (before, now): (Vec<_>, Vec<_>) = (before.split('\n').collect(), now.split('\n').collect());
    if before.len().max(now.len()) > LINES_MAX {
        return vec![format!("has {} lines now, and had {}", now.len(), before.len())];
    }
    let mut told = Vec::new();
    for step in capture_diff_slices(Algorithm::Myers, &before, &now) {
        let (old, new) = match step {
            DiffOp::Equal { .. } => continue,
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                (step.old_range(), step.new_range())
            }
        };
        for nth in 0..old.len().max(new.len()) {
            let (old, new) = (old.clone().nth(nth), new.clone().nth(nth));
            let lines = (old.map(|at| (at + 1, before[at])), new.map(|at| (at + 1, now[at])));
            told.push(tell(lines, shows_words));
        }
    }
    let more = told.len().saturating_sub(TOLD_MAX);
    told.truncate(TOLD_MAX);
    told.extend((more > 0).then(|| format!("and {more} more differences")));
    told
}

/// A line and its number, counted from 1.
type Line<'a> = (usize, &'a str);

fn tell(lines: (Option<Line<'_>>, Option<Line<'_>>), shows_words: bool) -> String {
    match lines {
        (Some((_, old)), Some((number, new))) if shows_words => {
            let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
            format!("line {number}: \"{}\" was \"{}\"", shown(new, same), shown(old, same))
        }
        (_, Some((number, new))) if shows_words => format!("line {number} is new: \"{}\"", shown(new, 0)),
        (Some((number, old)), None) if shows_words => format!("line {number} is gone: \"{}\"", shown(old, 0)),
        (Some(_), Some((number, _))) => format!("line {number} changed"),
        (None, Some((number, _))) => format!("line {number} is new"),
        (Some((number, _)), None) => format!("line {number} is gone"),
        (None, None) => String::new(),
    }
}

/// Returns a line from a little before its character `same` on.
fn shown(line: &str, same: usize) -> String {
    let from = same.saturating_sub(BEFORE_MAX);
    let mut text: String = line.chars().skip(from).take(SHOWN_MAX).collect();
    if from > 0 {
        text.insert(0, '…');
    }
    if line.chars().count() > from + SHOWN_MAX {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_is_told_with_its_line_and_its_words() {
        let before = "a\nfrom = \"x\"\nb\nc\nd\n";
        for (now, told) in [
            (before, vec![]),
            ("a\nfrom = \"y\"\nb\nc\nd\n", vec!["line 2: \"from = \"y\"\" was \"from = \"x\"\""]),
            ("a\nfrom = \"x\"\nb\nd\n", vec!["line 4 is gone: \"c\""]),
            ("a\nfrom = \"x\"\nb\nc\nnew\nd\n", vec!["line 5 is new: \"new\""]),
            ("A\nfrom = \"x\"\nb\nc\nD\n", vec!["line 1: \"A\" was \"a\"", "line 5: \"D\" was \"d\""]),
            ("a\nfrom = \"x\"\nb\nc\nd", vec!["line 6 is gone: \"\""]),
            ("a\r\nfrom = \"x\"\nb\nc\nd\n", vec!["line 1: \"a\r\" was \"a\""]),
            ("x\ny\nb\nc\nd\n", vec!["line 1: \"x\" was \"a\"", "line 2: \"y\" was \"from = \"x\"\""]),
        ] {
            assert_eq!(between(before, now, true), told, "{now:?}");
        }
        assert_eq!(between("id = 7\n", "id = 8\n", false), ["line 1 changed"]);
    }

    #[test]
    fn what_is_told_is_bounded() {
        let long = |word: &str| format!("{}{word}{}", "a".repeat(500), "b".repeat(500));
        let told = between(&long("x"), &long("y"), true);
        assert_eq!(told.len(), 1);
        assert!(told[0].chars().count() < 350 && told[0].contains("ay") && told[0].contains("ax"), "{told:?}");
        let many = |word: &str| (0..100).map(|n| format!("{word}{n}\n")).collect::<Vec<_>>().concat();
        assert_eq!(between(&many("x"), &many("y"), true).len(), TOLD_MAX + 1);
        let huge = "x\n".repeat(LINES_MAX);
        assert_eq!(between(&huge, "y", true), ["has 1 lines now, and had 10001"]);
    }
}
