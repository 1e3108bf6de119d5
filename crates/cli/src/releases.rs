//! The folder of what was signed, `out/approvals/`: for each plan its statement, who may sign, and every signature, so
//! that `ssh-keygen -Y verify` can go over it without us. What counts is read from the ledger, and never from here.

use crate::{approvals::Gathered, exit::CommandError, folder::Folder, secret, whole::Whole};
use forthwith_core::{
    approval::{Act, ApprovalRule, Signature},
    document::DOCUMENT_OCTETS_MAX,
};
use forthwith_ledger::sqlite::CurrentPlan;
use jiff::Timestamp;
use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

/// Hex digits of a digest that name a folder or a file: enough for what one incident has.
const NAME_DIGITS: usize = 16;
/// Folders that are looked into: plans that were signed and replaced.
const FOLDERS_MAX: usize = 1_000;
/// The statement's name in each of them.
const STATEMENT: &str = "statement.txt";

fn all(folder: &Folder) -> PathBuf {
    folder.out().join("approvals")
}

/// Keeps what `act` is about: the statement, who may sign it, and the signature or what is known of the paper.
///
/// Files that are there already hold the same, and are left.
pub fn keep(
    folder: &Folder,
    plan: &CurrentPlan,
    rule: &ApprovalRule,
    act: &Act,
    gathered: &Gathered,
    now: Timestamp,
) -> Result<(), CommandError> {
    let own = all(folder).join(&plan.frozen.digest.hex()[..NAME_DIGITS]);
    secret::private_folder(&folder.out())?;
    secret::private_folder(&all(folder))?;
    secret::private_folder(&own)?;
    write(folder, &own.join(STATEMENT), &gathered.statement)?;
    write(folder, &own.join("allowed_signers"), gathered.grounds(now).allowed_signers(rule).as_bytes())?;
    match act {
        Act::Signed { signature, .. } => {
            let trace = Signature::read(signature.as_bytes()).map(|read| read.trace().hex()).unwrap_or_default();
            let name = format!("{}.sig", trace.get(..NAME_DIGITS).unwrap_or_default());
            write(folder, &own.join(name), signature.as_bytes())
        }
        Act::Witnessed { document, .. } => {
            let name = format!("{}.json", &document.hex()[..NAME_DIGITS]);
            write(folder, &own.join(name), &[act.private(), b"\n".to_vec()].concat())
        }
        // It makes all of that void, and is an event of the ledger alone.
        Act::Withdrawn { .. } => Ok(()),
    }
}

fn write(folder: &Folder, path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let mut file = Whole::create(folder, path, true)?;
    file.write_all(bytes).map_err(|error| crate::whole::cannot(path, error))?;
    file.keep()
}

/// Returns the statements of all plans that were ever signed here, with how their digests begin. What cannot be read
/// is left out: they only explain a refusal.
pub fn statements(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let folders = fs::read_dir(all(folder)).into_iter().flatten().flatten().take(FOLDERS_MAX);
    let statement = |entry: fs::DirEntry| {
        let file = crate::folder::open_file(&entry.path().join(STATEMENT)).ok()?;
        let mut bytes = Vec::new();
        file.take(DOCUMENT_OCTETS_MAX as u64).read_to_end(&mut bytes).ok()?;
        Some((entry.file_name().to_string_lossy().into_owned(), bytes))
    };
    folders.filter_map(statement).collect()
}
