//! The incident folder: which files are in it, and how they are read without being led astray.

use crate::{
    args::ReadingArgs,
    exit::{CommandError, Exit},
};
use forthwith_core::{
    affected::{BESIDE_OCTETS_MAX, Form, ListSettings, NamedFile, lists_beside},
    document::DOCUMENT_OCTETS_MAX,
};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Names of the settings files, beside the list.
pub const INCIDENT: &str = "incident.toml";
/// How the list is read.
pub const AFFECTED: &str = "affected.toml";
/// How notices go out.
pub const DELIVERY: &str = "delivery.toml";
/// Templates in a folder: named so that a wrong folder is not read for ever.
const TEMPLATES_MAX: usize = 500;

/// An incident folder, and which list in it is meant.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// The list's name in the folder; `None` where there is none.
    pub list: Option<String>,
    /// The label of its encoding, where the command line declares it.
    pub encoding: Option<String>,
}

impl Folder {
    /// Takes what the command line says of the list.
    pub fn declared(self, reading: &ReadingArgs) -> Result<Self, CommandError> {
        match &reading.encoding {
            Some(label) if !Form::default().declare(label) => {
                Err(CommandError::new(Exit::Usage, format!("there is no encoding `{label}`")).hint(
                    "https://encoding.spec.whatwg.org/#names-and-labels has all: utf-8, windows-1252, shift_jis",
                ))
            }
            encoding => Ok(Self { encoding: encoding.clone(), ..self }),
        }
    }

    /// Takes what the command line says into what affected.toml says.
    pub fn declare(&self, settings: &mut ListSettings) {
        if let Some(label) = &self.encoding {
            settings.form.declare(label);
        }
    }

    /// Finds the folder and list that INCIDENT names: the folder, or a list in it.
    pub fn find(incident: &Path) -> Result<Self, CommandError> {
        let shown = incident.display();
        let kind = fs::metadata(incident).map_err(|error| {
            CommandError::new(Exit::Cannot, format!("cannot open {shown}"))
                .because(error)
                .hint("INCIDENT is an incident folder, or the list in it; `forthwith new DIR` makes one")
        })?;
        if kind.is_dir() {
            return Ok(Self { list: find_list(incident)?, path: incident.to_owned(), encoding: None });
        }
        let name = incident.file_name().and_then(|name| name.to_str());
        let parent = incident
            .parent()
            .map_or_else(|| Path::new("."), |p| if p == Path::new("") { Path::new(".") } else { p });
        match name {
            Some(name) if kind.is_file() && is_list(name) => {
                Ok(Self { path: parent.to_owned(), list: Some(name.to_owned()), encoding: None })
            }
            _ => Err(CommandError::new(
                Exit::Usage,
                format!(
                    "{shown} is neither an incident folder nor a list (.csv or .tsv, as it is or as .gz or .zst; .xlsx, .ods)"
                ),
            )),
        }
    }

    /// Returns the path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns whether a file of this name in `parent` would be taken for a list of this incident.
    pub fn would_hold_as_list(&self, parent: &Path, file: &Path) -> bool {
        let is_here = match (parent.canonicalize(), self.path.canonicalize()) {
            (Ok(parent), Ok(folder)) => parent == folder,
            _ => false,
        };
        is_here && file.file_name().and_then(|name| name.to_str()).is_some_and(is_list)
    }

    /// Returns the folder of what forthwith makes.
    pub fn out(&self) -> PathBuf {
        self.path.join("out")
    }

    /// Reads a settings file; `None` where it does not exist.
    pub fn read_settings(&self, name: &str) -> Result<Option<Vec<u8>>, CommandError> {
        read_small(&self.file(name))
    }

    /// Reads a list beside the affected list; `None` where it does not exist.
    pub fn read_beside(&self, file: &NamedFile) -> Result<Option<Vec<u8>>, CommandError> {
        read_file(&self.file(&file.name), BESIDE_OCTETS_MAX)
    }

    /// Reads the folder's own templates, by file name.
    pub fn read_templates(&self) -> Result<BTreeMap<String, Vec<u8>>, CommandError> {
        let folder = self.file("templates");
        let cannot =
            |error| CommandError::new(Exit::Cannot, format!("cannot read {}", folder.display())).because(error);
        let mut templates = BTreeMap::new();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(templates),
            entries => entries.map_err(cannot)?,
        };
        for entry in entries {
            let entry = entry.map_err(cannot)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // An editor's leavings are not templates.
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            if let Some(bytes) = read_small(&entry.path())? {
                templates.insert(name, bytes);
            }
            if templates.len() > TEMPLATES_MAX {
                let message = format!("{} holds more than {TEMPLATES_MAX} templates", folder.display());
                return Err(CommandError::new(Exit::Refused, message));
            }
        }
        Ok(templates)
    }
}

/// Returns whether a file is a list by its name: `.csv` or `.tsv`, compressed `.gz` or `.zst`, or a workbook.
fn is_list(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let unpacked = [".gz", ".zst"].iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    let ends = |name: &str, ending: &&str| name.strip_suffix(*ending).is_some_and(|stem| !stem.is_empty());
    // A spreadsheet that has a workbook open keeps a file beside it whose name begins so.
    let is_workbook = !name.starts_with("~$") && [".xlsx", ".ods"].iter().any(|ending| ends(&name, ending));
    is_workbook || [".csv", ".tsv"].iter().any(|ending| ends(unpacked, ending))
}

fn find_list(folder: &Path) -> Result<Option<String>, CommandError> {
    let cannot =
        |error| CommandError::new(Exit::Cannot, format!("cannot read {}", folder.display())).because(error);
    let mut lists = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        lists.extend(name.into_string().ok().filter(|name| is_list(name)));
    }
    if lists.len() > 1 {
        let settings = read_small(&folder.join(AFFECTED))?.unwrap_or_default();
        let beside = lists_beside(&settings);
        lists.retain(|name| !beside.contains(name));
    }
    lists.sort();
    match lists.as_slice() {
        [] => Ok(None),
        [list] => Ok(Some(list.clone())),
        [first, ..] => {
            let message = format!("{} holds several lists: {}", folder.display(), lists.join(", "));
            let hint = format!("name the list that is meant: {}", folder.join(first).display());
            Err(CommandError::new(Exit::Usage, message).hint(hint))
        }
    }
}

/// Reads a settings file or template; `None` where it does not exist.
fn read_small(path: &Path) -> Result<Option<Vec<u8>>, CommandError> {
    read_file(path, DOCUMENT_OCTETS_MAX)
}

/// Reads a regular file, and no more than one octet over `octets_max`; `None` where it does not exist.
fn read_file(path: &Path, octets_max: usize) -> Result<Option<Vec<u8>>, CommandError> {
    let cannot = |error| {
        CommandError::new(Exit::Cannot, format!("cannot read {}", path.display()))
            .because(error)
            .hint("put it there as a file that this account can read")
    };
    let file = match open_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(cannot)?,
    };
    let mut bytes = Vec::new();
    // One octet over the limit is read, so that whoever reads the document sees that it is too long.
    file.take(octets_max as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(Some(bytes))
}

/// Opens a regular file; a device or pipe could be read for ever.
pub fn open_file(path: &Path) -> io::Result<fs::File> {
    let kind = fs::metadata(path)?;
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    fs::File::open(path)
}
