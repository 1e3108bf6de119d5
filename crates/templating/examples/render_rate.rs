//! Renders 100,000 messages with everything: words, parts, lettre, gate, digest. This crate may not read a clock,
//! so the clock stands outside; ten microseconds a message are one second of user time:
//!
//! `cargo build --release -p forthwith-templating --example render_rate && time target/release/examples/render_rate`

#![expect(clippy::unwrap_used, reason = "it shares the tests' model")]

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/model.rs"]
mod model;

use jiff::Timestamp;

/// Enough to leave the first renderings of each variant out of account.
const MESSAGES: u64 = 100_000;

/// None is as for a plan. A date is as for an offer: without the gate, some 3 µs less.
const DATE: Option<Timestamp> = None;

fn main() {
    let incident = model::email_only();
    let words = model::words(&incident);
    let key = model::key();
    for row in 0..MESSAGES {
        let person = model::person(&format!("Zoë Nº {row}"), &["email"]);
        let message = words.render(&key, &key.token(row), &person, DATE).unwrap();
        std::hint::black_box(message);
    }
}
