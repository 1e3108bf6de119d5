//! Tests of the words, over the public interface alone.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod anybody;
mod asked;
mod both_ways;
mod clarity;
mod examples;
mod languages;
mod lawful;
mod lint;
mod message;
mod model;
mod notice;
mod packet;
mod page;
