//! Earlier waves: the ledgers that affected.toml names are read, beside a run that may hold them, and never changed.

use crate::{
    exit::CommandError,
    folder::Folder,
    ledgers::{self, Stage},
};
use forthwith_core::{
    affected::{Earlier, ListSettings, NamedFile, Told},
    digest::Digest,
    finding::{Finding, Place},
    plan::Beside,
    state::State,
};
use forthwith_ledger::{
    LedgerError,
    sqlite::{CurrentPlan, LedgerReader, OpenLedgerError, PersonTold, Which},
};
use std::path::Path;

/// What such a source is called in the manifest.
pub const TOLD_BEFORE: &str = "told-before";

/// An earlier wave, and where its record stood.
pub struct Wave {
    /// Whom it told.
    pub earlier: Earlier,
    /// The head of its record when it was read.
    pub head: Digest,
}

impl Wave {
    /// Returns what the manifest names of it: whom it told, and not where its record stands.
    pub fn beside(&self) -> Beside {
        beside(&self.earlier.ledger, self.earlier.digest())
    }
}

/// Returns a ledger as the manifest names it.
pub fn beside(name: &str, digest: Digest) -> Beside {
    Beside { kind: TOLD_BEFORE, name: name.to_owned(), digest }
}

/// Reads the ledger that affected.toml names.
///
/// # Errors
///
/// A finding, where it is gone, not the ledger of another incident's run, or cannot be read.
pub fn read(folder: &Folder, file: &NamedFile) -> Result<Wave, Box<Finding>> {
    let path = folder.file(&file.name);
    check_path(folder, file, &path)?;
    let gone = || {
        let hint = "name the ledger of an earlier incident: its folder, then out/ledger.sqlite";
        refused(file, "told-before-gone", format!("there is no ledger at `{}`", file.name)).hint(hint)
    };
    let reader = LedgerReader::open(&path).map_err(|error| unusable(file, &error))?.ok_or_else(gone)?;
    let plan = reader.current_plan().map_err(|error| unreadable(file, &error))?.ok_or_else(|| {
        refused(file, "told-before-gone", format!("`{}` has no plan: nothing was frozen there yet", file.name))
    })?;
    let head = reader.last_run(None).map_err(|error| unreadable(file, &error))?;
    let head = head.map_or_else(|| Digest::of(b""), |run| run.head);
    Ok(Wave { earlier: people(&reader, &plan, file)?, head })
}

fn check_path(folder: &Folder, file: &NamedFile, path: &Path) -> Result<(), Box<Finding>> {
    if path.is_dir() {
        let hint = format!("name its ledger: {}/out/ledger.sqlite", file.name.trim_end_matches('/'));
        return Err(refused(file, "told-before-gone", format!("`{}` is a folder", file.name)).hint(hint).into());
    }
    let Ok(found) = path.canonicalize() else { return Ok(()) };
    let parent = found.parent().unwrap_or(Path::new(""));
    if parent.file_name().is_some_and(|name| name == "rehearsal") || parent.join("inbox").is_dir() {
        let message = format!("`{}` is the ledger of a rehearsal: nobody was told", file.name);
        return Err(refused(file, "told-before-rehearsal", message)
            .hint("name the ledger one folder above it")
            .into());
    }
    let own = Stage::Real.ledger(folder).canonicalize();
    if own.is_ok_and(|own| own == found) {
        let message = format!("`{}` is this incident's own ledger", file.name);
        let hint = "a run goes on by itself where an earlier run stopped";
        return Err(refused(file, "told-before-own", message).hint(hint).into());
    }
    Ok(())
}

fn people(reader: &LedgerReader, plan: &CurrentPlan, file: &NamedFile) -> Result<Earlier, Box<Finding>> {
    let failed = |error: LedgerError| unreadable(file, &error);
    let mut earlier = Earlier::new(&file.name, &plan.frozen.incident);
    for person in reader.people_told().map_err(failed)? {
        let Some(person) = person.map_err(failed)? else {
            let message = format!("the people of `{}` were deleted: nobody can be known again", file.name);
            return Err(refused(file, "told-before-purged", message).into());
        };
        earlier.add(person.id.expose(), person.address.expose(), told(&person), Some(&person.data));
    }
    // Whom a still earlier wave told, it did not tell itself: it knew that they were told.
    for row in reader.rows_told_before() {
        if let forthwith_core::plan::Fate::Withheld { id, address, .. } = row.map_err(failed)?.fate {
            earlier.add(id.expose(), address.expose(), Told::Accepted, None);
        }
    }
    Ok(earlier.finish())
}

fn told(person: &PersonTold) -> Told {
    match person.state {
        State::Accepted => Told::Accepted,
        State::Offered if person.is_in_flight => Told::Pending,
        State::Offered => Told::InDoubt,
        State::Queued | State::Deferred => Told::Pending,
        State::LetStand => Told::LetStand,
        State::Bounced | State::Expired | State::Withheld => Told::Not,
    }
}

/// Returns how many of those who are still to be told here are no longer to be told: an earlier wave has told them
/// since, or may have.
pub fn concerned(folder: &Folder, settings: &ListSettings, reader: &LedgerReader) -> Result<u64, CommandError> {
    let waves = settings.people.told_before.iter().filter_map(|file| read(folder, file).ok());
    let waves: Vec<Wave> = waves.collect();
    let mut concerned = 0;
    for state in [State::Queued, State::Deferred] {
        for notice in reader.notices(Which::In(state)).map_err(ledgers::failed)? {
            let Some(recipient) = notice.map_err(ledgers::failed)?.recipient else { continue };
            concerned += u64::from(waves.iter().any(|wave| wave.earlier.concerns(&recipient, &settings.people)));
        }
    }
    Ok(concerned)
}

fn refused(file: &NamedFile, code: &'static str, message: String) -> Finding {
    Finding::refused(code, Place::span(crate::folder::AFFECTED, file.span.clone()), message)
}

fn unusable(file: &NamedFile, error: &OpenLedgerError) -> Finding {
    match error {
        OpenLedgerError::Newer { .. } => refused(file, "told-before-newer", error.to_string()),
        OpenLedgerError::Missing { .. } => refused(file, "told-before-gone", error.to_string()),
        _ => refused(file, "told-before-unreadable", caused(error)),
    }
}

fn unreadable(file: &NamedFile, error: &LedgerError) -> Finding {
    refused(file, "told-before-unreadable", caused(error))
}

/// Returns an error with its causes on one line.
fn caused(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
