//! What `[people]` of affected.toml decides: who is one person, who shares a mailbox, and who gets a letter.
//!
//! It says what was decided; what follows for a row is in `people`.

use crate::document::{Field, Table};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// Earlier ledgers, or suppression lists, that one list is held against: each is read for every plan.
const FILES_MAX: usize = 50;

/// What is decided about people; all of it may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// What is done about rows of one person that differ in `data`; nobody decided where it is `None`.
    pub same_person: Option<SamePerson>,
    /// What is done about several people at one address; nobody decided where it is `None`.
    pub shared_address: Option<SharedAddress>,
    /// What is done about one person at several addresses; nobody decided where it is `None`.
    pub person_addresses: Option<PersonAddresses>,
    /// The columns and their values, in lower case, that say that a person must get a letter.
    pub letter: BTreeMap<String, BTreeSet<String>>,
    /// The ledgers of earlier waves, whose people are not told again.
    pub told_before: Vec<NamedFile>,
    /// What is done about people whom an earlier wave has still to tell; nobody decided where it is `None`.
    pub pending_before: Option<PendingBefore>,
}

/// A file that affected.toml names, by its path from the incident folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// The path as it was written.
    pub name: String,
    /// Its bytes in affected.toml.
    pub span: Range<usize>,
}

/// What is done about people whom an earlier wave has still to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingBefore {
    /// They are told here; somebody sees to it that the earlier wave goes no further.
    TellHere,
}

/// What is done about rows of one person that differ in nothing but `data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamePerson {
    /// One notice, which names the data of all of them.
    UnionData,
}

/// What is done about several people at one address, or at addresses that differ in case alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedAddress {
    /// Each of them is told.
    OneNoticeEach,
    /// The first is told; the others are withheld as duplicates.
    FirstOnly,
}

/// What is done about one person, by id, at several addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonAddresses {
    /// All of them are written to.
    All,
    /// The first is written to; the others are withheld as duplicates.
    First,
}

/// Reads `[people]`.
pub(super) fn read(table: &Table<'_>) -> Option<Decisions> {
    const SAME: [(&str, SamePerson); 1] = [("union-data", SamePerson::UnionData)];
    const PENDING: [(&str, PendingBefore); 1] = [("tell-here", PendingBefore::TellHere)];
    const SHARED: [(&str, SharedAddress); 2] =
        [("one-notice-each", SharedAddress::OneNoticeEach), ("first-only", SharedAddress::FirstOnly)];
    const SEVERAL: [(&str, PersonAddresses); 2] =
        [("all", PersonAddresses::All), ("first", PersonAddresses::First)];
    let same = table.get("same_person").map_or(Some(None), |field| one_of(&field, &SAME).map(Some));
    let shared = table.get("shared_address").map_or(Some(None), |field| one_of(&field, &SHARED).map(Some));
    let several = table.get("person_addresses").map_or(Some(None), |field| one_of(&field, &SEVERAL).map(Some));
    let pending = table.get("pending_before").map_or(Some(None), |field| one_of(&field, &PENDING).map(Some));
    let told_before = table.get("told_before").map_or(Some(Vec::new()), |field| files(&field));
    let letter = match table.get("letter") {
        Some(field) => field.table().and_then(|table| letter(&table)),
        None => Some(BTreeMap::new()),
    };
    table.finish();
    Some(Decisions {
        same_person: same?,
        shared_address: shared?,
        person_addresses: several?,
        letter: letter?,
        told_before: told_before?,
        pending_before: pending?,
    })
}

/// Reads a list of files.
fn files(field: &Field<'_>) -> Option<Vec<NamedFile>> {
    let items = field.items()?;
    if items.len() > FILES_MAX {
        field.refuse("too-many", format!("there are {} files; at most {FILES_MAX}", items.len()));
        return None;
    }
    let read = items.iter().map(|item| Some(NamedFile { name: item.line()?, span: item.span() }));
    // All are read before any failure is passed on, so that all are reported.
    let read: Vec<_> = read.collect();
    let files: Vec<NamedFile> = read.into_iter().collect::<Option<_>>()?;
    for (i, file) in files.iter().enumerate() {
        if files[..i].iter().any(|earlier| earlier.name == file.name) {
            items[i].refuse("named-twice", format!("`{}` is named twice", file.name));
        }
    }
    Some(files)
}

fn one_of<T: Copy>(field: &Field<'_>, choices: &[(&str, T)]) -> Option<T> {
    let text = field.line()?;
    let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
    if found.is_none() {
        let names: Vec<_> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        field.refuse("wrong-value", format!("it is {}", names.join(" or ")));
    }
    found
}

fn letter(table: &Table<'_>) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let read = table.entries().into_iter().map(|(column, _, field)| {
        let values = field.lines()?.into_iter().map(|value| value.to_lowercase()).collect();
        Some((column.to_lowercase(), values))
    });
    // All are read before any failure is passed on, so that all are reported.
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}
