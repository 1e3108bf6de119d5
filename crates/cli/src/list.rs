//! The affected list as a file: opened with care, read row by row, with progress.

mod unpacked;
mod workbook;

use crate::{
    exit::{CommandError, Exit},
    folder::{Folder, open_file},
    inputs::Inputs,
    progress::Reading,
    terminal::Out,
};
use forthwith_core::{
    affected::{self, Context, ListSettings, People, Row, RowsError, Suspects, Tally},
    digest::Digest,
    finding::{Finding, Place},
};
use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    path::{Path, PathBuf},
};
use unpacked::Unpacked;

/// What a packed list may have more octets than its file: people's lists are packed to a tenth.
const PACKED: u64 = 10;
/// Octets read at a time.
const PIECE_OCTETS: usize = 1 << 18;

/// A list that is being read: what stands in the row that was read last, and all that was found there.
pub type List<'a> = People<'a, Unpacked>;

/// Reads the rows of a list, one after the other.
pub struct Reader<'a> {
    people: List<'a>,
    progress: Reading,
    path: PathBuf,
}

impl Reader<'_> {
    /// Reads the next row; `None` at the end of the list.
    pub fn read(&mut self) -> Result<Option<Row>, CommandError> {
        let row = self.people.read().map_err(|error| cannot(&self.path, error))?;
        if let Some(row) = &row {
            self.progress.at(row.row, self.people.octets());
        }
        Ok(row)
    }

    /// Ends the reading: the findings about the list as a whole, the counts and the digest.
    pub fn finish(self) -> Result<Tally, CommandError> {
        self.progress.end();
        let Self { people, path, .. } = self;
        people.finish().map_err(|error| cannot(&path, error))
    }
}

/// Opens the list, to be shown as `doing`; the findings where it is refused before its first row.
///
/// # Errors
///
/// There is no list, or the file cannot be read.
pub fn open<'a>(
    folder: &'a Folder,
    inputs: &'a Inputs,
    out: Out,
    doing: &'static str,
) -> Result<Result<Reader<'a>, Vec<Finding>>, CommandError> {
    let Some(name) = folder.list.as_deref() else {
        let finding = Finding::refused("no-list", Place::file("affected.csv"), "there is no list in the folder");
        return Ok(Err(vec![finding.hint("put the affected list there as affected.csv")]));
    };
    let Some(settings) = &inputs.list else { return Ok(Err(Vec::new())) };
    let (path, source, octets) = unpack(folder, name)?;
    match People::new(context(name, settings, inputs), source) {
        Ok(people) => Ok(Ok(Reader { people, progress: Reading::start(out, doing, octets), path })),
        Err(RowsError::Refused(findings)) => Ok(Err(findings)),
        Err(RowsError::Input(error)) => Err(cannot(&path, error)),
    }
}

/// Opens the file `name` of the folder: its path, what is in it, and how many octets it has as it was supplied.
fn unpack(folder: &Folder, name: &str) -> Result<(PathBuf, Unpacked, u64), CommandError> {
    let path = folder.file(name);
    let file = open_file(&path).map_err(|error| cannot(&path, error))?;
    let octets = file.metadata().map_err(|error| cannot(&path, error))?.len();
    let source = Unpacked::new(file).map_err(|error| cannot(&path, error))?;
    Ok((path, source, octets))
}

fn context<'a>(name: &'a str, settings: &'a ListSettings, inputs: &'a Inputs) -> Context<'a> {
    Context {
        file: name,
        settings,
        categories: inputs.incident.as_ref().map(|incident| incident.categories.as_slice()),
        languages: inputs.incident.as_ref().map(|incident| &incident.languages),
        read_columns: &inputs.read_columns,
        known: &inputs.known,
    }
}

/// Reads the list once to find the rows that may have to do with another one; nothing where it is refused before its
/// first row, which reading it says.
pub fn suspects(folder: &Folder, inputs: &Inputs, out: Out) -> Result<Option<(Suspects, Digest)>, CommandError> {
    let (Some(name), Some(settings)) = (folder.list.as_deref(), &inputs.list) else { return Ok(None) };
    let (path, source, octets) = unpack(folder, name)?;
    let progress = Reading::start(out, "looking for repeats", octets);
    let size = if matches!(source, Unpacked::Plain(_)) { octets } else { octets.saturating_mul(PACKED) };
    let found =
        Suspects::find(context(name, settings, inputs), source, size, |row, octets| progress.at(row, octets));
    progress.end();
    match found {
        Ok(found) => Ok(Some(found)),
        Err(RowsError::Refused(_)) => Ok(None),
        Err(RowsError::Input(error)) => Err(cannot(&path, error)),
    }
}

/// Reads the whole list, handing each row to `each` with the list where it stands, and returns the tally.
///
/// A list that is refused before its first row has a tally with no rows.
///
/// # Errors
///
/// The file cannot be read to its end, or `each` fails. Rows handed over so far are the caller's to forget.
pub fn read(
    folder: &Folder,
    inputs: &Inputs,
    out: Out,
    doing: &'static str,
    mut each: impl FnMut(Row, &List<'_>) -> Result<(), CommandError>,
) -> Result<Tally, CommandError> {
    let mut list = match open(folder, inputs, out, doing)? {
        Ok(list) => list,
        Err(findings) => {
            let totals = crate::findings::totals(&findings);
            return Ok(Tally { about_list: findings.clone(), findings, totals, ..Tally::empty() });
        }
    };
    while let Some(row) = list.read()? {
        each(row, &list.people)?;
    }
    let tally = list.finish()?;
    let known = &inputs.known;
    let before =
        known.unions.iter().map(|(_, digest)| digest).chain(known.suspects.iter().map(|(_, digest)| digest));
    if before.into_iter().any(|digest| *digest != tally.digest) { Err(changed()) } else { Ok(tally) }
}

/// Returns the error of a command that reads a list more than once, and finds another one.
pub fn changed() -> CommandError {
    CommandError::new(Exit::Cannot, "the list changed while it was read").hint("nothing was frozen: run it again")
}

/// Returns the names of the list's columns that are not forthwith's own. A list that cannot be read has none:
/// reading it says why.
pub fn columns(folder: &Folder, settings: &ListSettings) -> Vec<String> {
    let Some(file) = folder.list.as_deref().and_then(|name| open_file(&folder.file(name)).ok()) else {
        return Vec::new();
    };
    Unpacked::new(file).map_or_else(|_| Vec::new(), |source| affected::other_columns(settings, source))
}

/// Returns the SHA-256 of the list as it is now; `None` where it is gone.
pub fn digest(folder: &Folder, name: &str) -> Result<Option<Digest>, CommandError> {
    let path = folder.file(name);
    let mut file = match open_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|error| cannot(&path, error))?,
    };
    let mut hashing = forthwith_core::digest::Hashing::default();
    let mut piece = vec![0; PIECE_OCTETS];
    loop {
        let n = file.read(&mut piece).map_err(|error| cannot(&path, error))?;
        if n == 0 {
            return Ok(Some(hashing.finish()));
        }
        hashing.add(&piece[..n]);
    }
}

fn cannot(path: &Path, error: io::Error) -> CommandError {
    CommandError::new(Exit::Cannot, format!("cannot read {}", path.display()))
        .because(error)
        .hint("the list is a file that this account can read; put it there as one")
}

/// Adds two sets of totals.
pub fn add(totals: &mut BTreeMap<&'static str, u64>, more: &BTreeMap<&'static str, u64>) {
    for (code, count) in more {
        *totals.entry(code).or_default() += count;
    }
}
