//! The sender against a scripted relay, over real sockets on loopback.
#![expect(clippy::unwrap_used, reason = "a test shows the place")]

mod auth;
mod dialogue;
mod dns;
mod downgrade;
mod drops;
mod hostile;
mod inbox;
mod lettre;
mod order;
mod runs;
mod sink;
mod stand;
mod tls;
mod verdicts;
