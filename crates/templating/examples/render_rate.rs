//! Measures how long one message takes to render, with everything: words, parts, lettre, gate, digest.
//!
//! `cargo run --release -p forthwith-templating --example render_rate`

#![expect(clippy::unwrap_used, reason = "it shares the tests' model")]

#[path = "../tests/it/model.rs"]
mod model;

use std::time::Instant;

/// Messages in a round: enough for a stable median on a busy machine.
const MESSAGES: u64 = 20_000;
const ROUNDS: usize = 5;

fn main() {
    let incident = model::email_only();
    let words = model::words(&incident);
    let key = model::key();
    let mut octets = 0;
    let mut micros: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for row in 0..MESSAGES {
                let person = model::person(&format!("Zoë Nº {row}"), &["email"]);
                let message = words.render(&key, &key.token(row), &person, None);
                octets = message.map_or(0, |message| message.bytes.len());
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(MESSAGES).unwrap_or(u32::MAX))
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    eprintln!("{:.1} µs a message (median of {ROUNDS} rounds), {octets} octets", micros[ROUNDS / 2]);
}
