//! Tests of the words, over the public interface alone.

mod model;
mod notice;
