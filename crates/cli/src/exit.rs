//! How a command ends: the exit codes that other programs rely on, and the error that leads to each.

use std::{error::Error, fmt, process::ExitCode};

/// The exit codes. README.md has the same table; a test compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// done; for `notify`: every planned notice accepted
    Done = 0,
    /// cannot read, write or connect; or a bug
    Cannot = 1,
    /// wrong usage
    Usage = 2,
    /// inputs refused: there are findings of gravity `refused`
    Refused = 3,
    /// no plan, not approved or not confirmed, on hold, or the approval is for another digest
    NotReleased = 4,
    /// at rest but incomplete: some bounced, expired, let stand or in doubt; or ended by `--limit`, `--no-wait`, `stop` or a signal
    Incomplete = 5,
    /// ledger unusable: locked by a running notify, damaged, key lost, or of a newer version
    Ledger = 6,
    /// relay refuses us (credentials, sender, TLS, policy) or cannot be reached; what rests stays, everything else is queued
    Relay = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do what it was asked: shown as `error: …`, its causes, and the next step.
#[derive(Debug)]
pub struct CommandError {
    /// The exit code.
    pub exit: Exit,
    /// What could not be done, lower case, without a full stop.
    pub message: String,
    /// What lies beneath.
    pub source: Option<Box<dyn Error + Send + Sync>>,
    /// The next steps.
    pub hints: Vec<String>,
    /// What programs get beside the error: an object.
    pub report: serde_json::Map<String, serde_json::Value>,
}

impl CommandError {
    /// Returns an error with nothing beneath it.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), source: None, hints: Vec::new(), report: serde_json::Map::new() }
    }

    /// Adds what lies beneath.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds a next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what programs get beside the error; anything but an object adds nothing.
    #[must_use]
    pub fn with_report(mut self, report: serde_json::Value) -> Self {
        if let serde_json::Value::Object(report) = report {
            self.report = report;
        }
        self
    }

    /// Returns the chain of causes as one line: `cannot read x: permission denied`.
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut source: Option<&(dyn Error + 'static)> = self.source.as_ref().map(|s| &**s as _);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        text
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain())
    }
}

impl Error for CommandError {}
