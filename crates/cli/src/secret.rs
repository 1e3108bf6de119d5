//! The plan's key as a file: made once from the system's random source, readable by its owner alone.

use crate::{
    exit::{CommandError, Exit},
    folder::Folder,
    ledgers::{self, Stage},
};
use forthwith_core::key::PlanKey;
use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

fn path(folder: &Folder) -> PathBuf {
    folder.out().join("plan.key")
}

/// Makes a folder that only its owner enters, unless it is there; one that others may enter is refused.
pub fn private_folder(path: &Path) -> Result<(), CommandError> {
    let shown = path.display();
    let cannot = |error| {
        CommandError::new(Exit::Cannot, format!("cannot make the folder {shown}"))
            .because(error)
            .hint("let this account write into the incident folder; nothing was handed over")
    };
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(cannot(error)),
        _ => {}
    }
    let found = fs::symlink_metadata(path).map_err(cannot)?;
    if !found.is_dir() {
        return Err(CommandError::new(Exit::Cannot, format!("{shown} is not a folder"))
            .hint("move it away: what forthwith makes stands in a folder of its own, and no link is followed"));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(CommandError::new(Exit::Cannot, format!("the folder {shown} belongs to somebody else"))
            .hint("work as the account that made it, or in an incident folder of your own"));
    }
    if found.mode() & 0o077 != 0 {
        return Err(CommandError::new(Exit::Cannot, format!("the folder {shown} can be read by others"))
            .hint(format!("it holds personal data: chmod 700 {shown}")));
    }
    Ok(())
}

/// Returns the plan's key, if it was made.
///
/// # Errors
///
/// Exit 6 where the file is not 32 octets, or others may read it.
pub fn load(folder: &Folder) -> Result<Option<PlanKey>, CommandError> {
    let path = path(folder);
    let unusable = |why: &str| CommandError::new(Exit::Ledger, format!("the plan's key {} {why}", path.display()));
    let cannot = |error| {
        unusable("cannot be read")
            .because(error)
            .hint("it is a file of its own, and no link is followed; put it back from your backup")
    };
    // A pipe that nobody writes into is not waited for.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(cannot)?,
    };
    if file.metadata().map_err(cannot)?.mode() & 0o077 != 0 {
        return Err(unusable("can be read by others").hint(format!("chmod 600 {}", path.display())));
    }
    let mut bytes = Vec::new();
    file.take(PlanKey::OCTETS as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
    let bytes: [u8; PlanKey::OCTETS] = bytes.try_into().map_err(|_| {
        unusable("is damaged: it must have 32 octets").hint("put it back from your backup; no other key will do")
    })?;
    Ok(Some(PlanKey::new(bytes)))
}

/// Returns the plan's key, made now if it was not.
///
/// # Errors
///
/// Exit 6 where notices were offered under a key that is gone: a new one in its place would only hide that.
pub fn load_or_make(folder: &Folder) -> Result<PlanKey, CommandError> {
    if let Some(key) = load(folder)? {
        return Ok(key);
    }
    if let Ok((_, plan)) = ledgers::look(folder, Stage::Real)
        && plan.first_offer_at.is_some()
    {
        return Err(gone());
    }
    private_folder(&folder.out())?;
    let path = path(folder);
    let cannot = |error| CommandError::new(Exit::Cannot, format!("cannot write {}", path.display())).because(error);
    let mut bytes = [0; PlanKey::OCTETS];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| CommandError::new(Exit::Cannot, "the system gives no random octets").because(error))?;
    let mut file = tempfile::NamedTempFile::new_in(folder.out()).map_err(cannot)?;
    file.write_all(&bytes).map_err(cannot)?;
    file.as_file().sync_all().map_err(cannot)?;
    // Two first freezes at once: the one that comes second takes the key of the first.
    match file.persist_noclobber(&path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(cannot(error.error)),
    }
    sync_folder(&folder.out()).map_err(cannot)?;
    load(folder)?.ok_or_else(|| CommandError::new(Exit::Ledger, "the plan's key vanished while it was made"))
}

/// Returns the error of a plan whose key is gone.
pub fn gone() -> CommandError {
    CommandError::new(Exit::Ledger, "the plan's key out/plan.key is gone")
        .hint("its notices cannot be made again without it; put it back from your backup")
}

/// Returns the plan's key, or a stand-in for a look at a message before anything is frozen.
pub fn load_or_default(folder: &Folder) -> Result<PlanKey, CommandError> {
    Ok(load(folder)?.unwrap_or_else(|| PlanKey::new([0; PlanKey::OCTETS])))
}

/// Makes the names in a folder durable.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}
