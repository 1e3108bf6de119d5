//! What the notice of a variant is made of: its elements in order, how much each weighs, and whose headings they
//! stand under.
//!
//! Who decides it is the law that applies to a recipient, or the incident's own list. What an element says, and
//! where it stands among the others, is templating's.

use crate::law::Heading;

/// What the notice of a variant is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrangement {
    /// The elements in order. Those of one section stand together, where the first of them stands.
    pub elements: Vec<Arranged>,
    /// Whose headings they stand under.
    pub headings: Headings,
}

/// An element of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arranged {
    /// Its id: `what_happened`.
    pub element: String,
    /// What it means when it has nothing to say.
    pub need: Need,
}

/// What it means when an element of a notice has nothing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// It may be silent.
    Optional,
    /// Readers and regulators ask for it: its silence is a warning.
    Expected,
    /// A rule asks for it: its silence refuses the notice.
    Required,
}

/// Whose headings the elements stand under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Headings {
    /// Ours, one for each section.
    Own,
    /// Those that a law prescribes, in its order.
    Prescribed {
        /// The title, where it prescribes one.
        title: Option<String>,
        /// The headings, each with the elements that stand under it. Others stand under the nearest.
        headings: Vec<Heading>,
    },
}
