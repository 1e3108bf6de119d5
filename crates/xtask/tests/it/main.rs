//! What keeps the tree tidy: rules that a reader relies on, run by `cargo test`.
//!
//! Each module holds one kind of rule. A failure lists every place at once and says what to do. A rule that
//! nothing runs is a wish, and does not stand in docs/architecture.md.

#![expect(clippy::unwrap_used, reason = "a tidy test that cannot read the tree has failed")]

mod dependencies;
mod law;
mod lists;
mod pages;
mod relays;
mod sources;
mod states;
mod tree;
mod walls;
