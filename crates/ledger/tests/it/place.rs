//! Files, modes, links, the run lock and the version: who may open a ledger, and what is refused.

use crate::desk::{Desk, identity};
use forthwith_ledger::sqlite::{LedgerReader, OpenLedgerError, SqliteLedger};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn refusal(desk: &Desk) -> String {
    match desk.try_open("notify") {
        Err(OpenLedgerError::Unsafe { path, why }) => format!("{path}: {why}"),
        other => panic!("opened or failed otherwise: {other:?}"),
    }
}

#[test]
fn what_is_made_is_for_its_owner_alone() {
    let desk = Desk::new();
    let deep = desk.folder().join("rehearsal/ledger.sqlite");
    let _rehearsal = SqliteLedger::open(&deep, &identity("notify")).unwrap();
    let _ledger = desk.open();
    assert_eq!(mode(&desk.folder()), 0o700);
    assert_eq!(mode(&desk.folder().join("rehearsal")), 0o700);
    let files: Vec<_> = fs::read_dir(desk.folder()).unwrap().map(|found| found.unwrap().path()).collect();
    let plain: Vec<_> = files.iter().filter(|path| path.is_file()).collect();
    assert_eq!(plain.len(), 4, "ledger, -wal, -shm, lock: {plain:?}");
    for file in plain {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
}

#[test]
fn what_others_can_reach_is_refused() {
    let desk = Desk::new();
    drop(desk.open());
    for (path, open, closed) in [
        (desk.folder(), 0o755, 0o700),
        (desk.folder(), 0o710, 0o700),
        (desk.path(), 0o644, 0o600),
        (desk.path(), 0o660, 0o600),
        (desk.folder().join("ledger.lock"), 0o606, 0o600),
    ] {
        set_mode(&path, open);
        assert!(refusal(&desk).contains("chmod"), "{}", path.display());
        set_mode(&path, closed);
    }
    desk.open();
}

#[test]
fn links_are_never_followed() {
    for name in ["ledger.sqlite", "ledger.lock", "ledger.sqlite-wal"] {
        let desk = Desk::new();
        fs::create_dir(desk.folder()).unwrap();
        set_mode(&desk.folder(), 0o700);
        let elsewhere = desk.folder().join("elsewhere");
        symlink(&elsewhere, desk.folder().join(name)).unwrap();
        assert!(refusal(&desk).contains("link"), "{name}");
        assert!(!elsewhere.exists(), "{name}");
    }
    let desk = Desk::new();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), desk.folder()).unwrap();
    assert!(refusal(&desk).contains("link"));
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_second_name_and_a_folder_in_its_place_are_refused() {
    let desk = Desk::new();
    drop(desk.open());
    fs::hard_link(desk.path(), desk.folder().join("copy")).unwrap();
    assert!(refusal(&desk).contains("hard link"));
    let desk = Desk::new();
    fs::create_dir_all(desk.path()).unwrap();
    set_mode(&desk.folder(), 0o700);
    assert!(refusal(&desk).contains("no plain file"));
}

#[test]
fn a_foreign_owner_is_refused() {
    let desk = Desk::new();
    drop(desk.open());
    if std::os::unix::fs::chown(desk.path(), Some(65_534), None).is_err() {
        // Only root can give a file away; without that, the folder above ours belongs to root.
        let path = Path::new("/ledger.sqlite");
        let refused = LedgerReader::open(path).unwrap_err();
        assert!(refused.to_string().contains("another account"), "{refused}");
        return;
    }
    assert!(refusal(&desk).contains("another account"));
}

#[test]
fn one_run_at_a_time_and_the_second_hears_of_the_first() {
    let desk = Desk::new();
    let first = desk.open();
    match desk.try_open("resolve") {
        Err(OpenLedgerError::Locked { command, pid, since, .. }) => {
            assert_eq!((command.as_str(), pid.as_str()), ("notify", "4711"));
            assert_eq!(since, "2023-11-14T22:13:20Z");
        }
        other => panic!("not locked: {other:?}"),
    }
    assert_eq!(desk.reader().living_run().unwrap(), Some(1));
    drop(first);
    assert_eq!(desk.reader().living_run().unwrap(), None);
    let second = desk.open();
    assert_eq!(second.run(), 2);
}

#[test]
fn a_missing_ledger_is_none_to_a_reader_and_a_newer_one_is_refused() {
    let desk = Desk::new();
    assert!(LedgerReader::open(&desk.path()).unwrap().is_none());
    drop(desk.open());
    desk.sql().pragma_update(None, "user_version", 3).unwrap();
    for refused in [desk.try_open("notify").unwrap_err(), LedgerReader::open(&desk.path()).unwrap_err()] {
        assert!(matches!(refused, OpenLedgerError::Newer { found: 3, known: 2, .. }), "{refused}");
    }
}

#[test]
fn a_file_that_is_no_ledger_is_refused_and_left_as_it_is() {
    let noise = [b'x'; 8_192].to_vec();
    let desk = Desk::new();
    drop(desk.open());
    for foreign in [noise, b"SQLite format 3\0 and no more".to_vec()] {
        fs::write(desk.path(), &foreign).unwrap();
        let refused = desk.try_open("notify").unwrap_err();
        assert!(matches!(refused, OpenLedgerError::Damaged { .. }), "{refused}");
        assert_eq!(fs::read(desk.path()).unwrap(), foreign);
    }
    fs::remove_file(desk.path()).unwrap();
    rusqlite::Connection::open(desk.path()).unwrap().execute_batch("CREATE TABLE other(a)").unwrap();
    set_mode(&desk.path(), 0o600);
    let refused = desk.try_open("notify").unwrap_err();
    assert!(refused.to_string().contains("not a ledger of forthwith"), "{refused}");
}
