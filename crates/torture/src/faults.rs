//! Faults.

use crate::{Settings, story::Tally};
use std::path::Path;

/// Not yet.
pub fn run(_program: &Path, _settings: &Settings) -> Option<Tally> {
    None
}
