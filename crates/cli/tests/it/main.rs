//! The tests of the command line, as one program: one file for each command, and what cuts across them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad_input;
mod bad_relay;
mod bounded;
mod canary;
mod check;
mod commands;
mod completions;
mod doctor;
mod dry_run;
mod escapes;
mod explain;
mod golden;
mod harness;
mod lists;
mod man;
mod new;
mod notify;
mod preview;
mod proof_faults;
mod proof_incident;
mod proof_kills;
mod proof_lists;
mod proof_no_network;
mod proof_order;
mod proof_postfix;
mod proof_power;
mod proof_reconcile;
mod proof_second_run;
mod reconcile;
mod release;
mod resolve;
mod status;
mod stop;
mod upgrade;
mod verify;
