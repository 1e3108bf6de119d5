//! `LibreOffice` as a writer of lists: it reads a table as text, and saves it in another form.
//!
//! A process for each form, with a profile of its own that ends with the folder. What it writes is judged elsewhere.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// How `LibreOffice` is told to read a table that [`save_as`] is given: commas, quotes, UTF-8, from its first line, and
/// each of five columns as text, so that it takes nothing for a number or a date.
const READ_AS_TEXT: &str = "CSV:44,34,76,1,1/2/2/2/3/2/4/2/5/2,0,true,false";

/// Saves every table of `tables` (CSV in UTF-8, at most five columns) in the form `to`, an ending and the filter behind
/// it as `soffice --convert-to` has them, into `folder`, and returns the files that it wrote, in the same order.
///
/// # Errors
///
/// `soffice` cannot be run, says that it failed, or wrote no file for one of the tables.
pub fn save_as(soffice: &Path, tables: &[PathBuf], to: &str, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let mut command = Command::new(soffice);
    command.arg(profile).args(["--headless", "--norestore", &format!("--infilter={READ_AS_TEXT}")]);
    command.args(["--convert-to", to, "--outdir"]).arg(folder).args(tables);
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let ending = to.split(':').next().unwrap_or_default();
    let written =
        tables.iter().map(|table| folder.join(table.file_name().unwrap_or_default()).with_extension(ending));
    let written: Vec<_> = written.collect();
    match written.iter().find(|file| !file.is_file()) {
        Some(missing) => Err(io::Error::other(format!("{} was not written", missing.display()))),
        None => Ok(written),
    }
}
