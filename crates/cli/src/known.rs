//! What is known of people before their list is read: gathered once, for every reading of it.
//!
//! Each source is named with its digest in the manifest and in the frozen plan, so that a change of one is drift.

pub mod waves;

use crate::{
    exit::CommandError,
    folder::{AFFECTED, Folder},
    inputs::{Inputs, Verbatim},
    list,
    terminal::Out,
};
use forthwith_core::{
    affected::{ListSettings, NamedFile, SamePerson, Wanted, read_left_out},
    digest::Digest,
    finding::{Finding, Place},
    plan::Beside,
    private::Private,
};
use std::fmt::Write as _;

/// The name under which the heads of earlier ledgers are frozen: where their records stood. It is no part of the
/// comparison for drift, because a record grows by things that concern nobody here.
pub const HEADS: &str = "heads of earlier ledgers";

/// What the list of who is left out is called in the manifest.
const LEAVE_OUT: &str = "leave-out";
/// What an encoding is called there that the command line declares.
const ENCODING: &str = "encoding";
/// What a suppression list is called there.
const SUPPRESS: &str = "suppress";

/// Gathers what affected.toml asks for. What refuses it is found in `inputs`.
///
/// # Errors
///
/// The list cannot be read.
pub fn gather(folder: &Folder, inputs: &mut Inputs, out: Out) -> Result<(), CommandError> {
    let Some(settings) = inputs.list.clone() else { return Ok(()) };
    inputs.beside.extend(declared(folder));
    inputs.known.suspects = list::suspects(folder, inputs, out)?;
    for file in &settings.people.told_before {
        match waves::read(folder, file) {
            Ok(wave) => {
                inputs.beside.push(wave.beside());
                // Writing to a string cannot fail.
                let _ = writeln!(inputs.heads, "{} {}", wave.head, file.name);
                inputs.known.earlier.push(wave.earlier);
            }
            Err(finding) => inputs.findings.push(*finding),
        }
    }
    gather_lists(folder, inputs, &settings)?;
    if settings.people.same_person == Some(SamePerson::UnionData) {
        // Last, because who is planned at all is known by now.
        let tally = list::read(folder, inputs, out, "putting rows together", Wanted::Remarkable, |_| Ok(()))?;
        inputs.known.unions = Some((tally.unions, tally.digest));
    }
    Ok(())
}

/// Reads who is left out and who is suppressed, by lists beside the affected one.
fn gather_lists(folder: &Folder, inputs: &mut Inputs, settings: &ListSettings) -> Result<(), CommandError> {
    for (kind, file) in lists(settings) {
        let Some(bytes) = folder.read_beside(file)? else {
            let place = Place::span(AFFECTED, file.span.clone());
            let finding = Finding::refused("no-file", place, format!("there is no file `{}`", file.name));
            inputs.findings.push(finding.hint("put it into the incident folder, or delete the line"));
            continue;
        };
        let read = if kind == LEAVE_OUT {
            read_left_out(&file.name, &bytes).map(|left_out| {
                inputs.known.left_out = left_out;
                Vec::new()
            })
        } else {
            inputs.known.suppressed.add(&file.name, &bytes)
        };
        inputs.findings.extend(read.unwrap_or_else(|findings| findings));
        inputs.beside.push(beside(kind, file, &bytes));
    }
    Ok(())
}

fn lists(settings: &ListSettings) -> impl Iterator<Item = (&'static str, &NamedFile)> {
    let suppress = settings.people.suppress.iter().map(|file| (SUPPRESS, file));
    settings.leave_out_file.iter().map(|file| (LEAVE_OUT, file)).chain(suppress)
}

/// Returns what the command line declares of the list: a plan is bound to it as to a file.
fn declared(folder: &Folder) -> Option<Beside> {
    let label = folder.encoding.as_ref()?;
    Some(Beside { kind: ENCODING, name: label.clone(), digest: Digest::of(label.as_bytes()) })
}

fn beside(kind: &'static str, file: &NamedFile, bytes: &[u8]) -> Beside {
    Beside { kind, name: file.name.clone(), digest: Digest::of(bytes) }
}

/// Returns what a plan keeps of its sources, by name.
pub fn frozen(inputs: &Inputs) -> Verbatim {
    let mut frozen: Verbatim = inputs.beside.iter().map(entry).collect();
    if !inputs.heads.is_empty() {
        frozen.insert(HEADS.to_owned(), Private::new(inputs.heads.clone().into_bytes()));
    }
    frozen
}

/// Returns the sources as they are now, to be compared with those of a plan. What is gone is left out; what can no
/// longer be read is there, and differs.
pub fn now(folder: &Folder, settings: &ListSettings) -> Result<Verbatim, CommandError> {
    let wave = |file| match waves::read(folder, file) {
        Ok(wave) => wave.beside(),
        Err(finding) => waves::beside(&file.name, Digest::of(finding.message.as_bytes())),
    };
    let told_before = settings.people.told_before.iter();
    let mut now: Verbatim =
        told_before.filter(|file| folder.file(&file.name).exists()).map(|file| entry(&wave(file))).collect();
    now.extend(declared(folder).as_ref().map(entry));
    for (kind, file) in lists(settings) {
        now.extend(folder.read_beside(file)?.map(|bytes| entry(&beside(kind, file, &bytes))));
    }
    Ok(now)
}

fn entry(beside: &Beside) -> (String, Private<Vec<u8>>) {
    (format!("{} {}", beside.kind, beside.name), Private::new(beside.digest.to_string().into_bytes()))
}
