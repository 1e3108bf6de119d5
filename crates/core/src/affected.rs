//! The affected list: bytes to rows, rows to recipients and findings.
//!
//! The seam is kept: `rows` knows bytes and the form of CSV, `people` knows what a row means, `standards`
//! what the values of its columns may be.

mod standards;

pub use standards::{is_country, is_language, is_region};
