//! The tests of the ledger, as one program.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod conformance;
mod damage;
mod desk;
mod evidence;
mod flips;
mod hold;
mod place;
mod plan;
mod reading;
mod recorder;
mod runs;
