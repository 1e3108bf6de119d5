//! The tests of the ledger, as one program.

mod recorder;
