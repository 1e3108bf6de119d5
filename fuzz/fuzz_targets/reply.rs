//! Octets as replies of a relay. What must hold stands in `crates/sender/src/outside.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| forthwith_sender::outside::replies(octets));
