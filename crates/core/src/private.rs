//! Personal data as a type: it prints as a mask, and showing it is a call that can be searched for.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A value that belongs to an affected person.
///
/// It has no `Display`, and `Debug` prints a mask, so that it cannot reach a log, an error or a panic by
/// accident. Serialising it is meant for the ledger alone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Marks `value` as personal data.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value in clear.
    ///
    /// Call it only where the person's own notice is made, where the ledger keeps it, or where an operator
    /// asked to see it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<private>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Private::new("Ada")), "<private>");
    }
}
