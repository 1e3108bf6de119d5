//! Decides everything that forthwith decides: what an incident is, who is told, in which state a notice is,
//! what a reply means, when the next attempt is due, and what exactly was planned.
//!
//! Nothing here touches a file, a socket, a clock, the environment or a random source: bytes and time are
//! arguments, findings and verdicts are results. `clippy.toml` beside this crate holds that wall.

pub mod address;
pub mod affected;
pub mod approval;
pub mod arrangement;
pub mod backlog;
pub mod calendar;
pub mod deadlines;
pub mod delivery;
pub mod digest;
pub mod doctor;
pub mod document;
pub mod domains;
pub mod duty;
pub mod engine;
pub mod exemplars;
pub mod fact;
pub mod finding;
pub mod forecast;
pub mod fuse;
pub mod hold;
pub mod incident;
pub mod key;
pub mod law;
pub mod merged;
pub mod message;
pub mod notice;
pub mod outage;
pub mod pace;
pub mod plan;
pub mod private;
pub mod ramp;
pub mod recipient;
pub mod reconcile;
pub mod retry;
pub mod sample;
pub mod state;
pub mod throttle;
pub mod variant;
pub mod verdict;
pub mod zone;
