//! The note on a row that was merged into another one: written and read here alone, so that a report of who was
//! merged into whom can be made from a frozen plan.

use std::fmt;

/// What the note begins with.
const BEGINNING: &str = "merged into row ";

/// A row that gets no notice of its own, because another row's notice stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The data row whose notice stands for it.
    pub into: u64,
    /// What the two rows have in common, and in what they differ.
    pub why: String,
}

impl Merged {
    /// Reads a note; `None` where it is about something else.
    pub fn read(note: &str) -> Option<Self> {
        let (into, why) = note.strip_prefix(BEGINNING)?.split_once(": ")?;
        Some(Self { into: into.parse().ok()?, why: why.to_owned() })
    }
}

impl fmt::Display for Merged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BEGINNING}{}: {}", self.into, self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_reads_as_it_was_written() {
        let merged = Merged { into: 12, why: "the same person: twice".to_owned() };
        assert_eq!(Merged::read(&merged.to_string()), Some(merged));
        for other in ["", "merged into row x: y", "merged into row 3", "is told by telephone"] {
            assert_eq!(Merged::read(other), None, "{other}");
        }
    }
}
