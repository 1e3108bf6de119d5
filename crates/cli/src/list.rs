//! The affected list as a file: opened with care, read once from its start to its end on every core, with progress.

mod unpacked;
mod workbook;

use crate::{
    exit::{CommandError, Exit},
    folder::{Folder, open_file},
    inputs::Inputs,
    ordered::{self, Feed, Gone},
    progress::Reading,
    terminal::Out,
};
use forthwith_core::{
    affected::{
        self, Alike, AsRead, Context, Judged, ListSettings, Names, People, RowsError, Search, Share, Stretch,
        Stretches, Suspects, Tally, Wanted,
    },
    digest::Digest,
    finding::{Finding, Place},
};
use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    path::{Path, PathBuf},
};
use unpacked::Unpacked;

/// Octets read at a time.
const PIECE_OCTETS: usize = 1 << 18;

/// Threads that judge what one thread reads: more would wait for it.
const JUDGES_MAX: usize = 8;

/// Octets of a stretch whose every row is kept: some hundred octets of memory each.
const KEPT_OCTETS: usize = 1 << 17;

/// What comes out of a list, in its order.
pub enum Given<'r> {
    /// A row that was wanted.
    Row(AsRead<'r>),
    /// Rows that were not.
    Alike(Alike),
}

/// Opens the list; the findings where it is refused before its first row.
fn open<'a>(
    folder: &'a Folder,
    inputs: &'a Inputs,
) -> Result<Result<Opened<People<'a, Unpacked>>, Vec<Finding>>, CommandError> {
    let Some(name) = folder.list.as_deref() else {
        let finding = Finding::refused("no-list", Place::file("affected.csv"), "there is no list in the folder");
        return Ok(Err(vec![finding.hint("put the affected list there as affected.csv")]));
    };
    let Some(settings) = &inputs.list else { return Ok(Err(Vec::new())) };
    let (path, source, octets) = unpack(folder, name)?;
    match People::new(context(name, settings, inputs), source) {
        Ok(list) => Ok(Ok(Opened { list, path, octets })),
        Err(RowsError::Refused(findings)) => Ok(Err(findings)),
        Err(RowsError::Input(error)) => Err(cannot(&path, error)),
    }
}

/// A list whose header was read.
struct Opened<L> {
    list: L,
    path: PathBuf,
    /// Octets of the file as it was supplied.
    octets: u64,
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
        duties: inputs.duties.as_deref(),
    }
}

/// Reads the list once to find the rows that may have to do with another one; nothing where it is refused before its
/// first row, which reading it says.
pub fn suspects(folder: &Folder, inputs: &Inputs, out: Out) -> Result<Option<(Suspects, Digest)>, CommandError> {
    let (Some(name), Some(settings)) = (folder.list.as_deref(), &inputs.list) else { return Ok(None) };
    let (path, source, octets) = unpack(folder, name)?;
    let mut search = match Search::new(context(name, settings, inputs), source) {
        Ok(search) => search,
        Err(RowsError::Refused(_)) => return Ok(None),
        Err(RowsError::Input(error)) => return Err(cannot(&path, error)),
    };
    let progress = Reading::start(out, "looking for repeats", octets);
    let (list, naming, shares) = search.parts();
    let keep = |names: Names| {
        shares.keep(&names);
        progress.at(names.row, names.octets);
        Ok(())
    };
    through_stretches(ordered::cores(), list, &path, |stretch| naming.names(stretch), keep)?;
    let (shares, digest) = search.finish().map_err(|error| cannot(&path, error))?;
    let twice = |batch: Vec<Share>| batch.into_iter().map(Share::twice).collect();
    let ((), suspects) = ordered::through(
        ordered::cores(),
        // Nobody ends the drain before.
        |feed| shares.into_iter().for_each(|share| _ = feed.give_at_once(share)),
        twice,
        |drain| drain.flatten().collect(),
    );
    progress.end();
    Ok(Some((suspects, digest)))
}

/// Reads the whole list, handing what comes out of it to `each`, in order, and returns the tally.
///
/// A list that is refused before its first row has a tally with no rows.
///
/// # Errors
///
/// The file cannot be read to its end, or `each` fails. What was handed over so far is the caller's to forget.
pub fn read(
    folder: &Folder,
    inputs: &Inputs,
    out: Out,
    doing: &'static str,
    wanted: Wanted,
    each: impl FnMut(Given<'_>) -> Result<(), CommandError>,
) -> Result<Tally, CommandError> {
    read_on(ordered::cores(), folder, inputs, out, doing, wanted, each)
}

/// Does what [`read`] does with so many judges: how many there are changes nothing of what comes out.
fn read_on(
    judges: usize,
    folder: &Folder,
    inputs: &Inputs,
    out: Out,
    doing: &'static str,
    wanted: Wanted,
    each: impl FnMut(Given<'_>) -> Result<(), CommandError>,
) -> Result<Tally, CommandError> {
    let Opened { mut list, path, octets } = match open(folder, inputs)? {
        Ok(opened) => opened,
        Err(findings) => {
            let totals = crate::findings::totals(&findings);
            return Ok(Tally { about_list: findings.clone(), findings, totals, ..Tally::empty() });
        }
    };
    let progress = Reading::start(out, doing, octets);
    judge(judges, &mut list, &path, &progress, wanted, each)?;
    progress.end();
    let tally = list.finish().map_err(|error| cannot(&path, error))?;
    let known = &inputs.known;
    let before =
        known.unions.iter().map(|(_, digest)| digest).chain(known.suspects.iter().map(|(_, digest)| digest));
    if before.into_iter().any(|digest| *digest != tally.digest) { Err(changed()) } else { Ok(tally) }
}

/// Judges the rows of a list on many threads, and settles them in order.
fn judge(
    judges: usize,
    list: &mut People<'_, Unpacked>,
    path: &Path,
    progress: &Reading,
    wanted: Wanted,
    mut each: impl FnMut(Given<'_>) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let (list, judge, settling) = list.parts();
    if wanted == Wanted::Every {
        list.cut_at(KEPT_OCTETS);
    }
    through_stretches(
        judges,
        list,
        path,
        |stretch| judge.judge(stretch, wanted),
        |judged: Judged| {
            settling.count(&judged);
            let Judged { alike, rows, row, octets } = judged;
            alike.into_iter().try_for_each(|alike| each(Given::Alike(alike)))?;
            rows.into_iter().try_for_each(|row| each(Given::Row(settling.settle(judge, row))))?;
            progress.at(row, octets);
            Ok(())
        },
    )
}

/// Reads a list on one thread, lets `map` look at its stretches on several, and hands what comes of them to `each` on
/// this one, in the order of the list.
fn through_stretches<T: Send>(
    judges: usize,
    list: &mut Stretches<Unpacked>,
    path: &Path,
    map: impl Fn(Stretch) -> T + Sync,
    each: impl FnMut(T) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let feed = |feed: &mut Feed<Stretch>| -> io::Result<()> {
        while let Some(stretch) = list.next_stretch()? {
            if let Err(Gone) = feed.give_at_once(stretch) {
                // Whoever drains says why.
                break;
            }
        }
        Ok(())
    };
    let map = |batch: Vec<Stretch>| batch.into_iter().map(&map).collect();
    let (read, drained) = ordered::through(judges.min(JUDGES_MAX), feed, map, |drain| drain.try_for_each(each));
    drained?;
    read.map_err(|error| cannot(path, error))
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
    let mut settings = settings.clone();
    folder.declare(&mut settings);
    Unpacked::new(file).map_or_else(|_| Vec::new(), |source| affected::other_columns(&settings, source))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Format;
    use forthwith_core::affected::{Fated, Known, Row};
    use std::{collections::BTreeSet, fmt::Write as _};

    /// A list of several stretches, with everything in it that one row has to do with another.
    fn folder() -> (tempfile::TempDir, Folder) {
        let home = tempfile::tempdir().unwrap();
        let mut list = "id,email,name,note\n".to_owned();
        for row in 0..14_000 {
            let person = if row % 500 == 499 { row - 400 } else { row };
            let domain =
                ["people.example", "peop1e.example", "gmial.com", "broken"][[0, 0, 0, 0, 1, 2, 3][row % 7]];
            let quote = if row % 90 == 0 { "\"" } else { "" };
            let note = "x".repeat(200);
            let _ = writeln!(list, "C{person},p{person}.{}@{domain},{quote}Ada, {quote},{note}", person % 2);
        }
        std::fs::write(home.path().join("affected.csv"), list.replace(", ,", ",")).unwrap();
        let folder = Folder::find(home.path()).unwrap();
        (home, folder)
    }

    /// Reads the list, and returns what came out of it row by row, how many rows were alike, and the tally.
    fn outcome(judges: usize, folder: &Folder, inputs: &Inputs, wanted: Wanted) -> (Vec<(Row, usize)>, u64, Tally) {
        let (mut rows, mut alike) = (Vec::new(), 0);
        let out = Out::new(Format::Human, true);
        let tally = read_on(judges, folder, inputs, out, "reading", wanted, |given| {
            match given {
                Given::Row(as_read) => rows.push((as_read.row, as_read.found.len())),
                Given::Alike(more) => alike += more.count,
            }
            Ok(())
        });
        (rows, alike, tally.unwrap())
    }

    #[test]
    fn a_list_is_the_same_for_any_number_of_judges() {
        let (_home, folder) = folder();
        let mut inputs = Inputs::read(crate::inputs::verbatim(&folder).unwrap(), |_| Vec::new());
        let out = Out::new(Format::Human, true);
        inputs.known = Known { suspects: suspects(&folder, &inputs, out).unwrap(), ..Known::default() };
        let (every, none, tally) = outcome(1, &folder, &inputs, Wanted::Every);
        assert_eq!((every.len() as u64, none), (tally.counts.rows, 0));
        let codes: BTreeSet<_> = tally.totals.keys().copied().collect();
        let expected = ["address-syntax", "look-alike-domain", "misspelt-domain", "several-addresses"];
        assert!(expected.iter().all(|code| codes.contains(code)), "{codes:?}");
        for (judges, wanted) in [(3, Wanted::Every), (1, Wanted::Remarkable), (5, Wanted::Remarkable)] {
            let (rows, alike, again) = outcome(judges, &folder, &inputs, wanted);
            assert_eq!(rows.len() as u64 + alike, tally.counts.rows);
            let is_wanted = |row: &&(Row, usize)| rows.binary_search_by_key(&row.0.row, |(row, _)| row.row).is_ok();
            assert_eq!(rows, every.iter().filter(is_wanted).cloned().collect::<Vec<_>>(), "{judges} {wanted:?}");
            let is_plain = |row: &(Row, usize)| matches!(row.0.fate, Fated::Planned(_)) && row.1 == 0;
            assert!(every.iter().filter(|row| !is_wanted(row)).all(is_plain), "{judges} {wanted:?}");
            assert_eq!((&again.counts, &again.totals, again.digest), (&tally.counts, &tally.totals, tally.digest));
            assert_eq!((&again.findings, &again.about_list), (&tally.findings, &tally.about_list));
        }
    }
}
