//! What this machine brings to a run, as facts: clock, disk, file modes, limits.

use crate::{
    folder::Folder,
    ledgers::{self, Stage},
};
use forthwith_core::{
    delivery::Delivery,
    doctor::{Clock, FileModes, Machine},
};
use jiff::Timestamp;
use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

/// Looks at this machine; `greeting` is what the relay said first at `now`.
pub fn look(folder: &Folder, delivery: &Delivery, greeting: Option<String>, now: Timestamp) -> Machine {
    let planned = ledgers::look(folder, Stage::Real).map(|(_, plan)| plan.planned);
    Machine {
        clock: Clock { is_synchronised: ledgers::clock_synchronised(), now, greeting },
        free: free(&folder.out()).or_else(|| free(&folder.path)),
        notices: planned.unwrap_or_else(|_| rows(folder).unwrap_or_default()),
        files: files(folder),
        open_files: rustix::process::getrlimit(rustix::process::Resource::Nofile).current,
        connections: delivery.connections,
    }
}

/// Returns the octets that are free for us where `path` lies.
fn free(path: &Path) -> Option<u64> {
    let room = rustix::fs::statvfs(path).ok()?;
    room.f_bavail.checked_mul(room.f_frsize)
}

/// Returns the lines of the list, of which there are at least as many as rows.
fn rows(folder: &Folder) -> Option<u64> {
    let mut list = BufReader::new(File::open(folder.file(folder.list.as_deref()?)).ok()?);
    let mut lines = 0;
    loop {
        let piece = list.fill_buf().ok()?;
        if piece.is_empty() {
            return Some(lines);
        }
        lines = piece.iter().fold(lines, |lines, octet| lines + u64::from(*octet == b'\n'));
        let length = piece.len();
        list.consume(length);
    }
}

/// Returns the modes of what holds personal data, as far as it is there.
fn files(folder: &Folder) -> Vec<FileModes> {
    let list = folder.list.as_ref().map(|list| ("the list", folder.file(list), false));
    let known = [
        ("the incident folder", folder.path.clone(), false),
        ("the folder out/", folder.out(), true),
        ("the plan's key", folder.out().join("plan.key"), true),
        ("the ledger", Stage::Real.ledger(folder), true),
    ];
    known
        .into_iter()
        .chain(list)
        .filter_map(|(what, path, is_refused)| {
            let found = std::fs::metadata(&path).ok()?;
            Some(FileModes {
                what: what.to_owned(),
                path: path.display().to_string(),
                mode: found.mode(),
                is_refused,
                is_folder: found.is_dir(),
            })
        })
        .collect()
}
