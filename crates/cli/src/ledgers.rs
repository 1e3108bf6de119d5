//! Which ledger is meant, who opens it, and what its errors mean for the exit code.

use crate::{
    exit::{CommandError, Exit},
    folder::Folder,
};
use forthwith_ledger::{
    LedgerError,
    sqlite::{CurrentPlan, LedgerReader, OpenLedgerError, RunIdentity, SqliteLedger},
};
use jiff::Timestamp;
use std::path::PathBuf;

/// Whether a run tells people, or rehearses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// To a relay.
    Real,
    /// To the built-in inbox; it has a ledger of its own, and never makes a real run think anything.
    Rehearsal,
}

impl Stage {
    /// Returns `Rehearsal` where the flag says so.
    pub fn of(rehearsal: bool) -> Self {
        if rehearsal { Self::Rehearsal } else { Self::Real }
    }

    /// Returns the folder that holds its ledger.
    pub fn folder(self, folder: &Folder) -> PathBuf {
        match self {
            Self::Real => folder.out(),
            Self::Rehearsal => folder.out().join("rehearsal"),
        }
    }

    /// Returns the path of its ledger.
    pub fn ledger(self, folder: &Folder) -> PathBuf {
        self.folder(folder).join("ledger.sqlite")
    }
}

/// Opens the ledger for a run of `command`, and takes its lock.
pub fn open(folder: &Folder, stage: Stage, command: &str, now: Timestamp) -> Result<SqliteLedger, CommandError> {
    crate::secret::private_folder(&folder.out())?;
    crate::secret::private_folder(&stage.folder(folder))?;
    SqliteLedger::open(&stage.ledger(folder), &identity(command, now)).map_err(unusable)
}

/// Opens the ledger for looking at it, and reads the plan that stands.
///
/// # Errors
///
/// Exit 4 where nothing is frozen yet, 6 where the ledger cannot be used.
pub fn look(folder: &Folder, stage: Stage) -> Result<(LedgerReader, CurrentPlan), CommandError> {
    let reader = LedgerReader::open(&stage.ledger(folder)).map_err(unusable)?;
    let plan = match &reader {
        Some(reader) => reader.current_plan().map_err(failed)?,
        None => None,
    };
    reader.zip(plan).ok_or_else(|| no_plan(folder, stage))
}

/// Returns the error of a command that needs a plan where there is none.
pub fn no_plan(folder: &Folder, stage: Stage) -> CommandError {
    let path = folder.path.display();
    let is_there = |stage: Stage| LedgerReader::open(&stage.ledger(folder)).is_ok_and(|reader| reader.is_some());
    match stage {
        Stage::Real => {
            let error = CommandError::new(Exit::NotReleased, "there is no plan: nothing was frozen yet")
                .hint(format!("`forthwith notify {path} --dry-run` renders everybody and freezes it"));
            if is_there(Stage::Rehearsal) {
                error.hint("a rehearsal is there: --rehearsal looks at it")
            } else {
                error
            }
        }
        Stage::Rehearsal => {
            let error = CommandError::new(Exit::NotReleased, "nothing was rehearsed yet")
                .hint(format!("`forthwith notify {path} --relay inbox` rehearses"));
            if is_there(Stage::Real) { error.hint("without --rehearsal the real plan is looked at") } else { error }
        }
    }
}

/// Returns who runs `command`, for the record.
pub fn identity(command: &str, now: Timestamp) -> RunIdentity {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    RunIdentity {
        command: command.to_owned(),
        program: concat!("forthwith ", env!("CARGO_PKG_VERSION")).to_owned(),
        account: account(),
        host,
        pid: std::process::id(),
        clock_synchronised: clock_synchronised(),
        started_at: now,
    }
}

/// Returns whether the system says that its clock is synchronised; `None` where nothing says so or not.
///
/// systemd-timesyncd says so in a file; where it does not run, nothing is claimed.
pub fn clock_synchronised() -> Option<bool> {
    let folder = std::path::Path::new("/run/systemd/timesync");
    folder.exists().then(|| folder.join("synchronized").exists())
}

/// Returns the name of the system account, for the record and as who decides where nobody is named.
pub fn account() -> String {
    let uid = rustix::process::getuid().as_raw();
    let name = std::fs::read_to_string("/etc/passwd").ok().and_then(|accounts| {
        let is_ours = |line: &&str| line.split(':').nth(2).and_then(|id| id.parse().ok()) == Some(uid);
        accounts.lines().find(is_ours).and_then(|line| line.split(':').next().map(str::to_owned))
    });
    name.unwrap_or_else(|| format!("uid {uid}"))
}

/// Returns what a ledger that cannot be opened means.
pub fn unusable(error: OpenLedgerError) -> CommandError {
    let hint = match &error {
        OpenLedgerError::Locked { .. } => {
            "wait for it, or end it with `forthwith stop`; nothing was connected or changed"
        }
        OpenLedgerError::Newer { .. } => "the ledger was not touched",
        OpenLedgerError::Damaged { .. } => "nothing was handed over; keep a copy of the file as it is",
        OpenLedgerError::Storage { .. } => "nothing was handed over; look at the disk and the folder's permissions",
        OpenLedgerError::Unsafe { .. } | OpenLedgerError::Missing { .. } => "nothing was handed over",
    };
    CommandError::new(Exit::Ledger, "the ledger cannot be used").because(error).hint(hint)
}

/// Returns what a ledger that fails while it is used means.
pub fn failed(error: LedgerError) -> CommandError {
    CommandError::new(Exit::Ledger, "the ledger cannot be used")
        .because(error)
        .hint("make room or mend the disk, then run the command again; nothing that was recorded is lost")
}
