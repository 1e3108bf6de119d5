//! Parts for tests: real servers kept on loopback, generated lists, traces of system calls, and a judge that
//! believes none of our own records.
//!
//! Nothing here depends on another crate of forthwith: what judges the program must not share its mistakes.
//! It is never published and never part of the binary.

pub mod axe;
pub mod browser;
pub mod delay;
pub mod dns;
pub mod foreign;
pub mod judge;
pub mod lists;
pub mod office;
pub mod parsed;
pub mod postfix;
pub mod proxy;
pub mod recorded;
pub mod relay;
pub mod server;
pub mod settings;
pub mod signing;
pub mod sink;
pub mod strace;
pub mod tools;
