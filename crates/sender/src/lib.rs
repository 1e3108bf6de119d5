//! Hands notices over to a relay by SMTP, and takes them in a rehearsal.
//!
//! `driver` runs workers that ask the engine of the core what to do; `dial` opens a line, `session` attempts
//! one notice over it, `wire` is the stream beneath lettre, `tls` protects it. `inspect` and `dns` look at a relay and
//! at a sender's domains before anything is handed over. It knows no templates, law or lists: it is given a function
//! from notice to message, and a recorder that makes offers durable.

mod auth;
mod backlog;
mod certificate;
mod dial;
mod dns;
mod driver;
mod ended;
mod envelope;
mod extensions;
mod inbox;
mod inspect;
#[cfg(any(test, feature = "outside"))]
pub mod outside;
mod progress;
mod reply;
mod session;
mod tls;
mod trial;
mod wire;
mod worker;

pub use backlog::RelayQueue;
pub use dns::{Dns, SenderDomains};
pub use driver::{Clock, Render, RenderFailure, Run, StopSignal, deliver};
pub use ended::Ended;
pub use inbox::{FilesError, Inbox, OpenInboxError};
pub use inspect::{Looked, inspect};
pub use progress::{Pause, Progress};
pub use trial::{Trial, TrialFailure, try_out};
