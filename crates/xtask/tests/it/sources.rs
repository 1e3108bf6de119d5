//! How sources look: what opens a file, how long a function is, which names and words there are none of.

use crate::tree::{File, paths, refuse, sources};

/// Lines of a function, signature and closing brace included: what fits a screen.
const FUNCTION_LINES_MAX: usize = 70;
/// Longer functions there are, with their length: they may become shorter, and leave the list, never longer.
const LONGER: [(&str, &str, usize); 0] = [];
/// File names that say nothing of what is in them.
const EMPTY_NAMES: [&str; 9] = ["util", "utils", "helper", "helpers", "error", "errors", "types", "common", "misc"];
/// Words with which other programs name what design calls incident, affected list and plan.
const FOREIGN_WORDS: [&str; 3] = ["campaign", "roster", "blast"];

#[test]
fn every_source_opens_with_what_it_decides() {
    let offences: Vec<String> =
        sources().into_iter().filter(|file| !file.text.starts_with("//! ")).map(|file| file.path).collect();
    refuse(&offences, "these must open with `//!`: what the file decides or does, then what it does not:");
}

#[test]
fn functions_fit_a_screen() {
    let mut offences = Vec::new();
    for file in sources() {
        for (name, line, length) in functions(&file.text) {
            let listed = LONGER.iter().find(|(path, function, _)| *path == file.path && *function == name);
            let limit = listed.map_or(FUNCTION_LINES_MAX, |(_, _, length)| *length);
            if length > limit {
                offences.push(format!("{}:{line}: {name} has {length} lines, {limit} are allowed", file.path));
            }
        }
    }
    refuse(&offences, "these functions do not fit a screen:");
}

/// Returns each function of a formatted source: its name, its first line, its length in lines.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let Some(name) = function_name(line.trim_start()) else { continue };
        // rustfmt puts the closing brace of a function that has lines under its first letter.
        let end = lines[at..].iter().position(|line| *line == format!("{indent}}}"));
        let is_one_line = line.trim_end().ends_with(['}', ';']);
        if let Some(end) = end.filter(|_| !is_one_line) {
            found.push((name.to_owned(), at + 1, end + 1));
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let mut rest = line;
    for word in ["pub(crate) ", "pub(super) ", "pub ", "const ", "async "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let name = rest.strip_prefix("fn ")?;
    name.split(['(', '<']).next()
}

#[test]
fn functions_are_measured() {
    let text = "impl X {\n    pub const fn a(&self) -> u8 {\n        1\n    }\n\n    fn b() {}\n}\n\nfn c<T>(\n    t: T,\n) {\n}\n";
    assert_eq!(functions(text), [("a".to_owned(), 2, 3), ("c".to_owned(), 9, 4)]);
}

#[test]
fn no_file_is_named_after_nothing() {
    let stem = |path: &str| path.rsplit('/').next().unwrap().trim_end_matches(".rs").to_owned();
    let offences: Vec<String> =
        paths("crates").into_iter().filter(|path| EMPTY_NAMES.contains(&stem(path).as_str())).collect();
    refuse(&offences, "name these after the noun that they hold:");
}

#[test]
fn a_lint_is_expected_with_a_reason_never_allowed() {
    // Put together, so that this line is not itself an offence.
    let attributes = ["#[", "#!["].map(|open| format!("{open}{}(", "allow"));
    let offences = places(&sources(), |line| attributes.iter().any(|attribute| line.contains(attribute.as_str())));
    refuse(&offences, "use `#[expect(LINT, reason = \"...\")]`, which says when it is no longer needed:");
}

#[test]
fn what_is_to_be_done_names_its_issue() {
    let marks = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME"];
    let offences = places(&sources(), |line| {
        marks.iter().any(|mark| line.contains(mark.as_str()) && !line.contains(&format!("{mark}(#")))
    });
    refuse(&offences, "say which issue it waits for, as in `(#12)` behind the word, or do it:");
}

#[test]
fn sources_speak_of_incidents_lists_and_plans() {
    let ours: Vec<File> = sources().into_iter().filter(|file| !file.path.starts_with("crates/xtask/")).collect();
    let offences = places(&ours, |line| words(line).any(|word| FOREIGN_WORDS.contains(&word.as_str())));
    refuse(&offences, "the words of docs/architecture.md are incident, affected list and plan:");
}

/// "Accepted" is what a relay says; "sent" and "delivered" are what nobody here can know.
#[test]
fn sent_is_no_status() {
    let products = ["core", "templating", "ledger", "sender", "cli"].map(|name| format!("crates/{name}/src/"));
    let ours: Vec<File> =
        sources().into_iter().filter(|file| products.iter().any(|folder| file.path.starts_with(folder))).collect();
    let statuses = ["\"sent\"", "\"delivered\"", "Self::Sent", "State::Sent", "State::Delivered"];
    let offences = places(&ours, |line| statuses.iter().any(|status| line.contains(status)));
    refuse(&offences, "the relay accepted it: that is all that is known:");
}

fn words(line: &str) -> impl Iterator<Item = String> {
    let separated = line.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    separated.map(|word| word.strip_suffix('s').unwrap_or(&word).to_owned())
}

fn places(files: &[File], is_offence: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate().filter(|(_, line)| is_offence(line)) {
            found.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
        }
    }
    found
}

/// A tool that a test asks for and that `cargo xtask test` does not install would be skipped for ever.
#[test]
fn tools_that_tests_ask_for_are_installed_and_no_others() {
    use forthwith_testkit::tools::{FULL_TOOLS, TOOLS};
    let asked: Vec<String> = sources()
        .iter()
        .filter(|file| !file.path.ends_with("sources.rs"))
        .flat_map(|file| {
            file.text.split("tools::require(\"").chain(file.text.split("tools::find(\"")).map(first_name)
        })
        .flatten()
        .collect();
    let all = TOOLS.iter().chain(&FULL_TOOLS);
    let unused: Vec<String> =
        all.map(|tool| tool.program.to_owned()).filter(|program| !asked.contains(program)).collect();
    refuse(&unused, "no test asks for these; take them out of `TOOLS`:");
}

fn first_name(text: &str) -> Option<String> {
    text.split_once('"').map(|(name, _)| name.to_owned())
}
