//! The tests of the command line, as one program: one file for each command, and what cuts across them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod proof_faults;
mod proof_incident;
mod proof_kills;
mod proof_no_network;
mod proof_order;
mod proof_postfix;
mod proof_second_run;
