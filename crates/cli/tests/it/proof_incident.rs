//! The incidents of the proofs, with the program under test: what `cargo xtask torture` uses with any build.

pub use forthwith_torture::incident::{CONNECTIONS, Incident, LOG, assert_exit, borrowed, recorder};

use std::path::Path;

/// The program under test.
pub const FORTHWITH: &str = env!("CARGO_BIN_EXE_forthwith");

/// Makes a folder with `count` people drawn from `seed`. It is removed when dropped.
pub fn incident(seed: u64, count: usize) -> Incident {
    Incident::new(Path::new(FORTHWITH), seed, count)
}
