//! The tests of the ledger, as one program.

mod conformance;
mod damage;
mod desk;
mod place;
mod plan;
mod reading;
mod recorder;
mod runs;
