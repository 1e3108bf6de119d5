//! The files that `check` writes when asked: all findings, the refused rows to be mended, and who gets a letter.
//!
//! They are written while the list is read, so that no number of findings fills the memory.

use crate::{
    args::CheckArgs,
    checking::Checked,
    exit::{CommandError, Exit},
    findings,
    folder::Folder,
    whole::{Whole, cannot},
};
use forthwith_core::{
    affected::{AS_WRITTEN, AsRead, Delimiter, Export, Fated, LINE, ROW},
    finding::{Finding, Gravity},
};
use serde_json::{Value, json};
use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The columns of the findings, as JSON names them.
const FINDING_COLUMNS: [&str; 9] =
    ["file", "row", "line", "character", "column", "code", "gravity", "message", "hint"];
/// What the list of refused rows has beside the list's own columns.
const REFUSED_COLUMNS: [&str; 6] =
    [ROW, LINE, "forthwith_code", "forthwith_message", "forthwith_next_step", AS_WRITTEN];
/// What the list of letters has beside the list's own columns.
const LETTER_COLUMNS: [&str; 4] = [ROW, LINE, "forthwith_reason", "forthwith_note"];
/// Between several findings about one row.
const AND: &str = "; ";

/// The files that were asked for.
pub struct Exports {
    findings: Option<(FindingsFile, RowsFile)>,
    letters: Option<RowsFile>,
}

impl Exports {
    /// Begins the files that `args` asks for.
    ///
    /// # Errors
    ///
    /// One of them exists, has no ending that says its form, or cannot be written. Nothing is left behind.
    pub fn begin(args: &CheckArgs, folder: &Folder) -> Result<Self, CommandError> {
        let create = |path: &Path| Whole::create(folder, path, args.overwrite);
        let findings = match &args.findings {
            Some(path) => {
                let file = FindingsFile::begin(path, create)?;
                Some((file, RowsFile::new(create(&refused_beside(path))?, &REFUSED_COLUMNS)))
            }
            None => None,
        };
        let letters = match &args.letters {
            Some(path) if has_ending(path, "csv") => Some(RowsFile::new(create(path)?, &LETTER_COLUMNS)),
            Some(path) => return Err(unclear(path, "a list of letters is a table: name it .csv")),
            None => None,
        };
        Ok(Self { findings, letters })
    }

    /// Writes what there is to say of a row that was just read.
    pub fn row(&mut self, as_read: &AsRead<'_>) -> Result<(), CommandError> {
        let AsRead { row, found, .. } = as_read;
        if let Some((findings, refused)) = &mut self.findings {
            for finding in found {
                findings.write(&json!(finding))?;
            }
            if row.fate == Fated::Refused {
                let all: Vec<_> = found.iter().filter(|found| found.gravity == Gravity::Refused).collect();
                let join = |part: fn(&Finding) -> &str| {
                    all.iter().map(|f| part(f)).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(AND)
                };
                let [code, message] = [join(|finding| finding.code), join(|finding| &finding.message)];
                let next_step = join(|finding| finding.hint.as_deref().unwrap_or_default());
                let [number, line] = [row.row.to_string(), row.line.to_string()];
                let raw = as_read.as_written();
                refused.write(as_read, &[&number, &line, &code, &message, &next_step, &raw])?;
            }
        }
        if let Some(letters) = &mut self.letters
            && let Fated::Withheld { reason, note, .. } = &row.fate
            && reason.needs_letter()
        {
            letters.write(as_read, &[&row.row.to_string(), &row.line.to_string(), reason.reason(), note])?;
        }
        Ok(())
    }

    /// Writes the findings that are about no row, gives every file its name, and returns which there are: what
    /// each holds, its path, and how many lines.
    pub fn end(self, checked: &Checked) -> Result<Vec<(&'static str, PathBuf, u64)>, CommandError> {
        let mut kept = Vec::new();
        if let Some((mut findings, refused)) = self.findings {
            let settings = checked.about_settings();
            for finding in findings::json(&checked.tally.about_list, &checked.inputs.sources)
                .into_iter()
                .chain(findings::json(&settings, &checked.inputs.sources))
            {
                findings.write(&finding)?;
            }
            kept.push(("findings", findings.end()?));
            kept.push(("refused", refused.end()?));
        }
        if let Some(letters) = self.letters {
            kept.push(("letters", letters.end()?));
        }
        // A name is given only once all of them are written to their ends.
        kept.into_iter()
            .map(|(what, (file, count))| {
                let path = file.path().to_owned();
                file.keep().map(|()| (what, path, count))
            })
            .collect()
    }
}

/// Returns the name of the list of refused rows beside the findings: `x.jsonl` → `x.refused.csv`.
fn refused_beside(findings: &Path) -> PathBuf {
    findings.with_extension("refused.csv")
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

fn unclear(path: &Path, hint: &str) -> CommandError {
    let message = format!("the name {} does not say in which form to write", path.display());
    CommandError::new(Exit::Usage, message).hint(hint)
}

/// All findings, one a line.
enum FindingsFile {
    /// As JSON lines.
    Json(Whole, u64),
    /// As a table.
    Csv(Box<Export<Whole>>, PathBuf, u64),
}

impl FindingsFile {
    fn begin(path: &Path, create: impl Fn(&Path) -> Result<Whole, CommandError>) -> Result<Self, CommandError> {
        if has_ending(path, "csv") {
            let export = Export::new(create(path)?, Delimiter::Comma, FINDING_COLUMNS);
            return Ok(Self::Csv(Box::new(export.map_err(|error| cannot(path, error))?), path.to_owned(), 0));
        }
        if has_ending(path, "jsonl") || has_ending(path, "ndjson") {
            return Ok(Self::Json(create(path)?, 0));
        }
        Err(unclear(path, "name it .jsonl for JSON lines, or .csv for a table"))
    }

    fn write(&mut self, finding: &Value) -> Result<(), CommandError> {
        match self {
            Self::Json(file, count) => {
                *count += 1;
                writeln!(file, "{finding}").map_err(|error| cannot(file.path(), error))
            }
            Self::Csv(export, path, count) => {
                *count += 1;
                let cell = |name: &str| match &finding[name] {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    value => value.to_string(),
                };
                let cells = FINDING_COLUMNS.map(cell);
                export.row(cells.iter().map(String::as_str)).map_err(|error| cannot(path, error))
            }
        }
    }

    fn end(self) -> Result<(Whole, u64), CommandError> {
        match self {
            Self::Json(file, count) => Ok((file, count)),
            Self::Csv(export, path, count) => {
                export.finish().map(|file| (file, count)).map_err(|error| cannot(&path, error))
            }
        }
    }
}

/// Rows of the list with its own columns, and further ones behind them.
struct RowsFile {
    state: Begun,
    path: PathBuf,
    further: &'static [&'static str],
    count: u64,
}

/// A table begins with its first row: the list's columns are not known before.
enum Begun {
    No(Whole),
    Yes(Box<Export<Whole>>),
    Failed,
}

impl RowsFile {
    fn new(file: Whole, further: &'static [&'static str]) -> Self {
        Self { path: file.path().to_owned(), state: Begun::No(file), further, count: 0 }
    }

    fn write(&mut self, as_read: &AsRead<'_>, further: &[&str]) -> Result<(), CommandError> {
        self.count += 1;
        let list = as_read.judge();
        let cells = as_read.own_cells().chain(further.iter().copied());
        let header = || list.own_columns().map(|(_, name)| name).chain(self.further.iter().copied());
        let delimiter = list.delimiter();
        let written = match std::mem::replace(&mut self.state, Begun::Failed) {
            Begun::No(file) => Export::new(file, delimiter, header()).map(Box::new),
            Begun::Yes(export) => Ok(export),
            Begun::Failed => Err(io::Error::other("an earlier row could not be written")),
        };
        let written = written.and_then(|mut export| export.row(cells).map(|()| export));
        self.state = Begun::Yes(written.map_err(|error| cannot(&self.path, error))?);
        Ok(())
    }

    fn end(self) -> Result<(Whole, u64), CommandError> {
        let file = match self.state {
            Begun::No(file) => {
                Export::new(file, Delimiter::Comma, self.further.iter().copied()).and_then(Export::finish)
            }
            Begun::Yes(export) => export.finish(),
            Begun::Failed => Err(io::Error::other("a row could not be written")),
        };
        file.map(|file| (file, self.count)).map_err(|error| cannot(&self.path, error))
    }
}
