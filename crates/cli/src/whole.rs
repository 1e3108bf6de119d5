//! A file that a command writes when asked: for this account alone, whole or not at all, and never over another.

use crate::{
    exit::{CommandError, Exit},
    folder::Folder,
    secret,
};
use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// How the name of a file begins that is not whole yet.
const HALF: &str = ".forthwith-";

/// A file that is being written. It has its name once [`Whole::keep`] has been called, and leaves nothing before.
pub struct Whole {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
    is_overwriting: bool,
}

impl Whole {
    /// Begins to write what will be `path`, whose folder exists or is the folder of what forthwith makes.
    ///
    /// # Errors
    ///
    /// The file exists and may not be overwritten, it would be taken for a list of the incident, or it cannot be
    /// written. Nothing is left behind.
    pub fn create(folder: &Folder, path: &Path, is_overwriting: bool) -> Result<Self, CommandError> {
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        if parent == folder.out() {
            secret::private_folder(parent)?;
        }
        if folder.would_hold_as_list(parent, path) {
            let out = folder.out().join(path.file_name().unwrap_or_default());
            let message = format!("{} would be taken for a list of this incident", path.display());
            return Err(CommandError::new(Exit::Usage, message).hint(format!("write {} instead", out.display())));
        }
        if !is_overwriting && path.symlink_metadata().is_ok() {
            return Err(exists(path));
        }
        // A temporary file can be read by its account alone, and keeps that under its new name.
        let file = tempfile::Builder::new().prefix(HALF).tempfile_in(parent).map_err(|e| cannot(path, e))?;
        Ok(Self { file: BufWriter::new(file), path: path.to_owned(), is_overwriting })
    }

    /// Returns the name that it will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name, once all of it is on the disk.
    ///
    /// # Errors
    ///
    /// It cannot be written to its end, or another file has taken the name since. Nothing is left behind.
    pub fn keep(self) -> Result<(), CommandError> {
        let Self { file, path, is_overwriting } = self;
        let file = file.into_inner().map_err(|error| cannot(&path, error.into_error()))?;
        file.as_file().sync_all().map_err(|error| cannot(&path, error))?;
        let kept = if is_overwriting { file.persist(&path) } else { file.persist_noclobber(&path) };
        match kept {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&path)),
            Err(error) => Err(cannot(&path, error.error)),
        }
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn exists(path: &Path) -> CommandError {
    CommandError::new(Exit::Usage, format!("{} exists already", path.display()))
        .hint("name another file, or let it be replaced: --overwrite")
}

/// Returns the error of a file that cannot be written.
pub fn cannot(path: &Path, error: io::Error) -> CommandError {
    CommandError::new(Exit::Cannot, format!("cannot write {}", path.display()))
        .because(error)
        .hint("name a file in a folder that is there and has room")
}
