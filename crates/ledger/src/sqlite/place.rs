//! Where a ledger lies, who may read it, and who may run on it: folder, file modes and the run lock.
//!
//! Nothing is followed, and what others could read or replace is refused with what to do about it. It does
//! not look into the ledger.

use super::OpenLedgerError;
use jiff::Timestamp;
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};
use std::{
    fs::{DirBuilder, File, Metadata, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    time::Duration,
};

/// Bits of a mode that give others anything.
const OTHERS: u32 = 0o077;
/// How often the lock is tried: a reader that looks whether a run is alive holds it for microseconds, and a folder
/// is thrown away by a person.
const LOCK_TRIES: u32 = 5;
/// How long to wait between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// Octets read of a lock file: it is three short lines.
const LOCK_OCTETS_MAX: u64 = 512;

/// The files of one ledger, in a folder that is no link and belongs to us alone.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The ledger itself; its folder's path holds no link.
    pub(crate) ledger: PathBuf,
    lock: PathBuf,
}

impl Place {
    /// Finds the ledger at `path` and checks folder and file; `None` where either is missing.
    pub(crate) fn find(path: &Path) -> Result<Option<Self>, OpenLedgerError> {
        match Self::of(path)? {
            Some(place) if check_file(&place.ledger)? => Ok(Some(place)),
            _ => Ok(None),
        }
    }

    /// Finds where the ledger at `path` is or will be, and makes its folder with mode 0700 where it is missing.
    fn make(path: &Path) -> Result<Self, OpenLedgerError> {
        let folder = folder_of(path);
        if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(folder) {
            return Err(storage("create the folder of", path, error));
        }
        let gone = || storage("find the folder of", path, std::io::ErrorKind::NotFound.into());
        Self::of(path)?.ok_or_else(gone)
    }

    /// Makes an empty ledger file with mode 0600 where there is none, and checks the one that is there.
    pub(crate) fn make_file(&self) -> Result<(), OpenLedgerError> {
        if !check_file(&self.ledger)? {
            // SQLite takes an empty file for an empty database, and gives its side files the mode of this one.
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            rustix::fs::open(&self.ledger, flags, Mode::RUSR | Mode::WUSR)
                .map_err(|error| storage("create", &self.ledger, error.into()))?;
        }
        Ok(())
    }

    /// Makes the names of the ledger and its log durable: a synced offer in a file without a name is lost.
    ///
    /// `SQLite` syncs the folder too when it makes the log, and passes over a failure.
    pub(crate) fn sync_folder(&self) -> Result<(), OpenLedgerError> {
        let folder = folder_of(&self.ledger);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::open(folder, flags, Mode::empty())
            .and_then(rustix::fs::fsync)
            .map_err(|error| storage("sync", folder, error.into()))
    }

    fn of(path: &Path) -> Result<Option<Self>, OpenLedgerError> {
        let folder = folder_of(path);
        let Some(found) = look(folder)? else { return Ok(None) };
        if !found.is_dir() {
            return Err(unsafe_place(folder, "it must be a folder and no link: put a folder of your own there"));
        }
        check_owner_and_mode(folder, &found, "0700")?;
        let folder = folder.canonicalize().map_err(|error| storage("find", path, error))?;
        let name = path.file_name().ok_or_else(|| unsafe_place(path, "it names no file"))?;
        let place = Self { ledger: folder.join(name), lock: folder.join(Path::new(name).with_extension("lock")) };
        for beside in ["-wal", "-shm"] {
            let mut side = place.ledger.clone().into_os_string();
            side.push(beside);
            check_file(Path::new(&side))?;
        }
        Ok(Some(place))
    }

    /// Takes the run lock of the ledger at `path`, whose folder is made where it is missing, or says who holds it.
    pub(crate) fn take(
        path: &Path,
        command: &str,
        pid: u32,
        at: Timestamp,
    ) -> Result<(Self, RunLock), OpenLedgerError> {
        let (place, mut file) = lock(|| {
            let place = Self::make(path)?;
            let file = place.open_lock(OFlags::CREATE)?;
            Ok((place, file))
        })?;
        let note = format!("pid {pid}\nsince {at}\ncommand {command}\n");
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(note.as_bytes()))
            .map_err(|error| storage("write", &place.lock, error))?;
        Ok((place, RunLock { _file: file }))
    }

    /// Returns whether `file` is still the lock file that others will find.
    fn has_lock(&self, file: &File) -> Result<bool, OpenLedgerError> {
        let held = file.metadata().map_err(|error| storage("look at", &self.lock, error))?;
        Ok(look(&self.lock)?.is_some_and(|found| (found.dev(), found.ino()) == (held.dev(), held.ino())))
    }

    /// Returns whether a run holds the lock.
    pub(crate) fn is_locked(&self) -> Result<bool, OpenLedgerError> {
        if look(&self.lock)?.is_none() {
            return Ok(false);
        }
        match self.open_lock(OFlags::empty())?.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(storage("lock", &self.lock, error)),
        }
    }

    fn open_lock(&self, more: OFlags) -> Result<File, OpenLedgerError> {
        check_file(&self.lock)?;
        let flags = more | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::open(&self.lock, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => Ok(File::from(file)),
            Err(Errno::LOOP) => Err(unsafe_place(&self.lock, "it is a link: remove it")),
            Err(error) => Err(storage("lock", &self.lock, error.into())),
        }
    }

    fn locked_by(&self, file: &mut File) -> OpenLedgerError {
        let mut note = String::new();
        // An unreadable note is an empty one: the lock itself is what counts.
        let _ = file.take(LOCK_OCTETS_MAX).read_to_string(&mut note);
        let line = |name: &str| {
            let found = note.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            found.map_or_else(|| "unknown".to_owned(), |text| text.replace(|c: char| c.is_control(), "?"))
        };
        OpenLedgerError::Locked {
            path: self.ledger.display().to_string(),
            command: line("command"),
            pid: line("pid"),
            since: line("since"),
        }
    }
}

/// The run lock; given up when dropped, or by the system when the process ends in any way.
#[derive(Debug)]
pub(crate) struct RunLock {
    _file: File,
}

/// Locks the file that `open` gives; it is opened anew for every try.
fn lock(
    mut open: impl FnMut() -> Result<(Place, File), OpenLedgerError>,
) -> Result<(Place, File), OpenLedgerError> {
    let mut tries = 0;
    loop {
        let (place, mut file) = open()?;
        tries += 1;
        match file.try_lock() {
            Ok(()) if place.has_lock(&file)? => return Ok((place, file)),
            // Whoever held the lock has thrown the folder away: what is locked here, nobody else will find.
            Ok(()) if tries < LOCK_TRIES => {}
            Ok(()) => {
                let gone = std::io::Error::new(std::io::ErrorKind::NotFound, "it is removed again and again");
                return Err(storage("lock", &place.lock, gone));
            }
            Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Err(place.locked_by(&mut file)),
            Err(TryLockError::Error(error)) => return Err(storage("lock", &place.lock, error)),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn look(path: &Path) -> Result<Option<Metadata>, OpenLedgerError> {
    match path.symlink_metadata() {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(storage("look at", path, error)),
    }
}

/// Returns whether `file` is there; refuses what is no plain file of our own.
///
/// It is not opened: closing a second descriptor would drop the locks of a connection in this process.
fn check_file(file: &Path) -> Result<bool, OpenLedgerError> {
    let Some(found) = look(file)? else { return Ok(false) };
    if !found.is_file() {
        return Err(unsafe_place(file, "it is a link or no plain file: put the file itself there"));
    }
    if found.nlink() > 1 {
        return Err(unsafe_place(file, "it has a second name (hard link): remove the other name"));
    }
    check_owner_and_mode(file, &found, "0600")?;
    Ok(true)
}

fn check_owner_and_mode(path: &Path, found: &Metadata, wanted: &str) -> Result<(), OpenLedgerError> {
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(unsafe_place(path, "it belongs to another account: run as that account, or give it to yours"));
    }
    if found.mode() & OTHERS != 0 {
        let mode = found.mode() & 0o7777;
        let why = format!("its mode is {mode:04o}, so others can reach personal data: chmod {wanted} it");
        return Err(unsafe_place(path, &why));
    }
    Ok(())
}

fn unsafe_place(path: &Path, why: &str) -> OpenLedgerError {
    OpenLedgerError::Unsafe { path: path.display().to_string(), why: why.to_owned() }
}

fn storage(doing: &'static str, path: &Path, source: std::io::Error) -> OpenLedgerError {
    OpenLedgerError::Storage { doing, path: path.display().to_string(), source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens the lock file of `path`, and throws its folder away at once where `is_removed` says so of this try.
    fn opening(
        path: &Path,
        is_removed: impl Fn(u32) -> bool,
        tries: &mut u32,
    ) -> impl FnMut() -> Result<(Place, File), OpenLedgerError> {
        move || {
            *tries += 1;
            let place = Place::make(path)?;
            let file = place.open_lock(OFlags::CREATE)?;
            if is_removed(*tries) {
                std::fs::remove_dir_all(folder_of(path)).unwrap();
            }
            Ok((place, file))
        }
    }

    #[test]
    fn a_lock_that_nobody_else_finds_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out/ledger.sqlite");
        let mut tries = 0;
        let (place, held) = lock(opening(&path, |tries| tries < 3, &mut tries)).unwrap();
        assert!(place.has_lock(&held).unwrap() && place.is_locked().unwrap());
        assert_eq!(tries, 3);
        // Removed and made again by somebody else: another file under the same name.
        std::fs::remove_file(&place.lock).unwrap();
        assert!(!place.has_lock(&held).unwrap());
        let _other = place.open_lock(OFlags::CREATE).unwrap();
        assert!(!place.has_lock(&held).unwrap());
    }

    #[test]
    fn a_folder_that_cannot_be_synced_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out/ledger.sqlite");
        let place = Place::make(&path).unwrap();
        place.sync_folder().unwrap();
        std::fs::remove_dir(folder_of(&path)).unwrap();
        let error = place.sync_folder().unwrap_err();
        assert!(matches!(error, OpenLedgerError::Storage { doing: "sync", .. }), "{error}");
    }

    #[test]
    fn a_lock_that_is_removed_again_and_again_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out/ledger.sqlite");
        let mut tries = 0;
        let error = lock(opening(&path, |_| true, &mut tries)).unwrap_err();
        assert!(matches!(error, OpenLedgerError::Storage { doing: "lock", .. }), "{error}");
        assert_eq!(tries, LOCK_TRIES);
    }
}
