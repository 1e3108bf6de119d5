//! Reads the files of the repository: those that people write, without what is built or run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Folders that hold nothing that people write.
const SKIPPED: [&str; 3] = ["target", "out", ".git"];
/// The two crates behind the wall.
pub(crate) const WALLED: [&str; 2] = ["crates/core", "crates/templating"];

/// A file of the repository.
pub(crate) struct File {
    /// Its path from the top level, with `/`.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) text: String,
}

/// Returns the top level of the repository.
pub(crate) fn top_level() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// Returns the text of one file.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(top_level().join(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
}

/// Returns every file below the folder `under` whose name ends with `ending`, in order.
pub(crate) fn files(under: &str, ending: &str) -> Vec<File> {
    let read = |path: String| File { text: read(&path), path };
    paths(under)
        .into_iter()
        .filter(|path| path.ends_with(ending) && top_level().join(path).is_file())
        .map(read)
        .collect()
}

/// Returns the path of every file and folder below the folder `under`, in order. Empty where it is absent.
pub(crate) fn paths(under: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![top_level().join(under)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if SKIPPED.contains(&name) {
                continue;
            }
            found.push(path.strip_prefix(top_level()).unwrap().to_str().unwrap().to_owned());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Returns every Rust source that people write.
pub(crate) fn sources() -> Vec<File> {
    ["crates", "fuzz"].into_iter().flat_map(|folder| files(folder, ".rs")).collect()
}

/// Returns every page for people, Markdown that is no template of a notice and no expected output.
pub(crate) fn pages() -> Vec<File> {
    let mut pages = files("docs", ".md");
    pages.extend(files("examples", "README.md"));
    for name in ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"] {
        if top_level().join(name).exists() {
            pages.push(File { path: name.to_owned(), text: read(name) });
        }
    }
    pages
}

/// Returns what cargo prints, run at the top level without the network.
pub(crate) fn cargo(arguments: &[&str]) -> String {
    try_cargo(arguments).unwrap_or_else(|error| panic!("cargo {arguments:?}: {error}"))
}

/// Returns what cargo prints, or what it says where it fails, run at the top level without the network.
pub(crate) fn try_cargo(arguments: &[&str]) -> Result<String, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).arg("--offline").current_dir(top_level()).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8(output.stdout).unwrap())
}

/// Fails with every offence on a line of its own, and what to do about them.
pub(crate) fn refuse(offences: &[String], advice: &str) {
    assert!(offences.is_empty(), "{advice}\n  {}\n", offences.join("\n  "));
}
