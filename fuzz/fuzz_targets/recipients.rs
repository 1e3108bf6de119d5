//! Octets as a list, to recipients and findings. What must hold stands in `crates/core/tests/outside`.
#![no_main]

#[path = "../../crates/core/tests/outside/mod.rs"]
#[expect(dead_code, reason = "each target goes through one of them")]
mod outside;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| outside::list(octets));
