//! Octets as all that a relay says while messages are handed over to it. What must hold stands in
//! `crates/sender/src/outside.rs`.
#![no_main]

use tokio::runtime::{Builder, Runtime};

/// A runtime whose clock goes on at once where nothing else does: a relay that is silent costs no time.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime starts")
}

libfuzzer_sys::fuzz_target!(|octets: &[u8]| runtime().block_on(forthwith_sender::outside::dialogue(octets)));
