//! Prints what `tests/it/golden/email_only.txt` must hold; after a deliberate change of words:
//!
//! `cargo run -p forthwith-templating --example golden > crates/templating/tests/it/golden/email_only.txt`

#![expect(clippy::unwrap_used, reason = "it shares the tests' model")]

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/model.rs"]
mod model;

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn main() {
    let words = model::words(&model::email_only());
    print!("{}", model::golden(&words));
}
