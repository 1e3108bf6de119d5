//! What pages say: one title each, only files that exist, every crate, and the exit codes as they are.

use crate::tree::{File, files, pages, paths, read, refuse, top_level};
use std::path::Path;

/// Folders at the top level: a path in a page that begins with one must exist.
const FOLDERS: [&str; 7] = ["crates/", "docs/", "templates/", "examples/", "fuzz/", ".ci/", ".cargo/"];

#[test]
fn a_page_has_one_title() {
    let titles = |file: &File| outside_fences(&file.text).filter(|line| line.starts_with("# ")).count();
    let offences: Vec<String> = pages().iter().filter(|f| titles(f) != 1).map(|f| f.path.clone()).collect();
    refuse(&offences, "these must have exactly one title:");
}

#[test]
fn what_a_page_names_exists() {
    let everything = [paths("crates"), paths("docs"), paths("templates"), paths("examples")].concat();
    let mut offences = Vec::new();
    for page in pages() {
        let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for name in in_backticks(&page.text).filter(|name| !exists(name, &everything)) {
            offences.push(format!("{}: `{name}`", page.path));
        }
        for target in links(&page.text).filter(|target| !top_level().join(folder).join(target).exists()) {
            offences.push(format!("{}: ({target})", page.path));
        }
    }
    refuse(&offences, "these pages name files that do not exist:");
}

/// Returns whether a name in backticks is no path, or one that exists. What runs make is not looked for.
fn exists(name: &str, everything: &[String]) -> bool {
    let is_made = name.contains("/out") || name.contains(['*', '<', '{', ' ']);
    let is_path = FOLDERS.iter().any(|folder| name.starts_with(folder));
    let is_source = Path::new(name).extension().is_some_and(|extension| extension == "rs");
    if is_made || !(is_path || is_source) {
        return true;
    }
    top_level().join(name).exists() || is_source && everything.iter().any(|p| p.ends_with(&format!("/{name}")))
}

fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    outside_fences(text).flat_map(|line| line.split('`').skip(1).step_by(2))
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets =
        outside_fences(text).flat_map(|line| line.split("](").skip(1).filter_map(|t| t.split(')').next()));
    targets.filter(|t| !t.contains("://") && !t.starts_with(['#', '<'])).map(|t| t.split('#').next().unwrap())
}

fn outside_fences(text: &str) -> impl Iterator<Item = &str> {
    let mut is_in_fence = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_in_fence ^= is_fence;
        !is_in_fence && !is_fence
    })
}

#[test]
fn the_architecture_names_every_crate() {
    let page = read("docs/architecture.md");
    let crates = files("crates", "/Cargo.toml").into_iter().map(|file| file.path.replace("/Cargo.toml", ""));
    let missing: Vec<String> = crates.filter(|name| !page.contains(&format!("`{name}`"))).collect();
    refuse(&missing, "docs/architecture.md must say what these are for:");
}

/// Every direct dependency has its reason written down.
#[test]
fn every_dependency_has_its_reason() {
    let (manifest, page) = (read("Cargo.toml"), read("docs/decisions.md"));
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap();
    let table = table.split("\n[").next().unwrap();
    let names = table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let missing: Vec<String> = names
        .map(|(name, _)| name.to_owned())
        .filter(|name| !name.starts_with("forthwith-") && !page.contains(&format!("`{name}`")))
        .collect();
    refuse(&missing, "docs/decisions.md must say why these, and not their neighbours:");
}

/// No page and no template promises what only counsel can say.
#[test]
fn nothing_calls_itself_compliant() {
    let others = ["templates", "examples", "crates/core/law"].map(|folder| files(folder, ""));
    let offences: Vec<String> = pages()
        .into_iter()
        .chain(others.into_iter().flatten())
        .filter(|file| file.text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|w| w == "compliant"))
        .map(|file| file.path)
        .collect();
    refuse(&offences, "no program can say that; name the rule instead:");
}

/// `exit.rs` is the source; the table in README.md says the same in the same words.
#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_program() {
    let source = top_level().join("crates/cli/src/exit.rs");
    if !source.exists() || !top_level().join("README.md").exists() {
        return;
    }
    let program = codes_of_source(&read("crates/cli/src/exit.rs"));
    assert!(program.len() > 1, "crates/cli/src/exit.rs is to have variants `Name = 1,` below their meaning");
    assert_eq!(codes_of_page(&read("README.md")), program, "the table of exit codes in README.md");
}

/// Returns code and meaning of each variant: the first paragraph of its doc comment, without its full stop.
fn codes_of_source(source: &str) -> Vec<(u8, String)> {
    let (mut found, mut meaning, mut is_over) = (Vec::new(), String::new(), false);
    for line in source.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("///") {
            is_over |= comment.is_empty();
            if !is_over {
                meaning.push_str(comment);
            }
            continue;
        }
        let code = line.strip_suffix(',').and_then(|line| line.split_once(" = ")?.1.parse().ok());
        if let Some(code) = code {
            found.push((code, plain(&meaning)));
        }
        (meaning, is_over) = (String::new(), false);
    }
    found
}

/// Returns code and meaning of each row `| 3 | meaning |` of the page.
fn codes_of_page(page: &str) -> Vec<(u8, String)> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    cells
        .filter_map(|(code, meaning)| Some((code.trim_matches('`').trim().parse().ok()?, plain(meaning))))
        .collect()
}

fn plain(text: &str) -> String {
    let words = text.replace('`', "").split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    words.trim_end_matches('.').to_owned()
}

#[test]
fn exit_codes_are_read_from_both() {
    let source = "pub enum Exit {\n    /// Done; for `notify`: all\n    /// accepted.\n    ///\n    /// More.\n    Done = 0,\n    /// Wrong usage.\n    Usage = 2,\n}\n";
    let page = "| code | meaning |\n|---|---|\n| 0 | done; for `notify`: all accepted |\n| 2 | wrong usage |\n";
    assert_eq!(codes_of_source(source), codes_of_page(page));
    assert_eq!(codes_of_page(page)[1], (2, "wrong usage".to_owned()));
}
