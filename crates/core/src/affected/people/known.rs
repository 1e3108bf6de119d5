//! What is known of people before their list is read.
//!
//! It is gathered once and holds for every reading of the list, so that all of them decide alike.

use super::{before::Earlier, suppressed::Suppressed, suspects::Suspects, unions::Unions};
use crate::{affected::settings::LeaveOut, digest::Digest};

/// What is known of people before their list is read; all of it may be missing.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The rows that may have to do with another one, and the digest of the list that was read to find them. Without
    /// it, all may.
    pub suspects: Option<(Suspects, Digest)>,
    /// What an earlier reading put together, and the digest of the list that it read. Without it, each notice names
    /// its own row's data.
    pub unions: Option<(Unions, Digest)>,
    /// Earlier waves, in the order of affected.toml.
    pub earlier: Vec<Earlier>,
    /// Who is left out by a list.
    pub left_out: Vec<LeaveOut>,
    /// Who is on a suppression list.
    pub suppressed: Suppressed,
}
