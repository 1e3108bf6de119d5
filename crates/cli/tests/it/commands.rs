//! What holds for every command: a test file, help with an example, usage errors, where results go.

use crate::harness::{Incident, OCTOBER, run};
use std::path::Path;

/// Returns the commands that the program's help lists.
pub fn all() -> Vec<String> {
    let help = run(&["--help"]).exits(0).stdout;
    let listed = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0.to_owned();
    // A command's line begins two blanks in; what continues it begins further in.
    let names =
        listed.lines().filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_has_a_test_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    let all = all();
    assert_eq!(all.len(), 16, "{all:?}");
    for command in all {
        let file = folder.join(format!("{command}.rs"));
        assert!(std::fs::read_to_string(file).is_ok_and(|text| text.contains("#[test]")), "{command} has no tests");
        assert!(main.contains(&format!("mod {command};")), "{command}.rs is not run");
    }
}

#[test]
fn every_command_helps_with_an_example_that_it_understands() {
    for command in all() {
        let help = run(&[&command, "--help"]).exits(0).stdout;
        let example = help.split_once("Example").unwrap_or_else(|| panic!("{command} has no example: {help}")).1;
        assert!(example.contains(&format!("forthwith {command}")), "{help}");
        assert_eq!(run(&["help", &command]).exits(0).stdout, help);
    }
    run(&["--version"]).exits(0).says(&[env!("CARGO_PKG_VERSION")]);
}

#[test]
fn wrong_usage_ends_with_2_and_says_nothing_on_stdout() {
    let incident = Incident::example(OCTOBER);
    let path = incident.path().to_str().unwrap();
    for words in [
        vec![],
        vec!["tell"],
        vec!["notify"],
        vec!["notify", path, "--bogus"],
        vec!["notify", path, "--connections", "0"],
        vec!["notify", path, "--connections", "257"],
        vec!["notify", path, "--rate", "fast"],
        vec!["notify", path, "--rate", "0/s"],
        vec!["notify", path, "--relay", "mail.example.org"],
        vec!["notify", path, "--relay", "smtp://user:secret@127.0.0.1"],
        vec!["notify", path, "--confirm", "many"],
        vec!["notify", path, "--limit", "-1"],
        vec!["notify", path, "--dry-run", "--fresh"],
        vec!["notify", path, "--fresh", "--relay", "smtp://127.0.0.1:9"],
        vec!["preview", path, "--row", "1", "--id", "K-1001"],
        vec!["preview", path, "--as", "pdf"],
        vec!["preview", path, "--row", "99"],
        vec!["preview", path, "--id", "nobody"],
        vec!["preview", path, "--variant", "xx/none"],
        vec!["explain", path],
        vec!["resolve", path, "--reason", "x"],
        vec!["resolve", path, "--resend", "--let-stand", "--reason", "x"],
        vec!["resolve", path, "--resend"],
        vec!["resolve", path, "--let-stand", "--state", "bounced", "--reason", "x"],
        vec!["stop", path],
        vec!["new"],
        vec!["new", "somewhere", "--from", "amazon-2019"],
        vec!["completions", "cmd"],
        vec!["check", path, "--format", "xml"],
        vec!["check", "/dev/null"],
    ] {
        let run = run(&words).exits(2);
        assert_eq!(run.stdout, "", "{words:?}");
        assert!(run.stderr.lines().count() > 0, "{words:?} says nothing");
    }
    assert!(!incident.file("out").exists(), "wrong usage leaves nothing behind");
}

#[test]
fn errors_are_json_too_where_json_was_asked_for() {
    let incident = Incident::example(OCTOBER);
    for (command, more, exit) in [
        ("status", &[][..], 4),
        ("explain", &["K-1001"], 4),
        ("resolve", &["--resend", "--reason", "x"], 4),
        ("stop", &["--reason", "x"], 4),
        ("notify", &["--relay", "smtp://127.0.0.1:9", "--confirm", "12"], 4),
        ("preview", &["--row", "8"], 3),
    ] {
        let report = incident.json(command, more).exits(exit).warns(&["error: "]).json();
        assert_eq!(report["exit"], exit, "{command}: {report}");
        assert!(report["error"].as_str().is_some_and(|error| !error.is_empty()), "{command}: {report}");
        assert!(report["hints"].is_array(), "{command}: {report}");
    }
}

#[test]
fn quiet_leaves_results_and_errors_alone_to_be_read() {
    let incident = Incident::example(OCTOBER);
    let loud = incident.run("check", &[]).exits(0);
    let quiet = incident.run("check", &["--quiet"]).exits(0);
    assert_eq!((&quiet.stdout, quiet.stderr.as_str()), (&loud.stdout, ""));
    let notify = incident.run("notify", &["-q"]).exits(0).says(&["Rehearsal: captured here, nobody was told"]);
    assert_eq!(notify.stderr, "");
    incident.run("status", &["--quiet"]).exits(4).warns(&["error: "]).hints();
    incident.remove("affected.csv");
    assert_eq!(incident.run("notify", &["--quiet"]).exits(0).stderr, "");
    incident.run("notify", &[]).exits(0).warns(&["affected.csv is gone"]);
}

#[test]
fn the_folder_is_found_by_its_list_and_several_lists_need_one_named() {
    let incident = Incident::example(OCTOBER);
    let list = incident.file("affected.csv");
    let by_list = run(&["check", list.to_str().unwrap(), "--format", "json"]).exits(0);
    assert_eq!(by_list.stdout, incident.json("check", &[]).stdout);
    incident.write("second.csv", "email\na@people.example\n");
    incident.run("check", &[]).exits(2).warns(&["affected.csv, second.csv"]).hints();
    let second = incident.file("second.csv");
    incident.remove("affected.toml");
    assert_eq!(run(&["check", second.to_str().unwrap(), "--format", "json"]).exits(0).json()["rows"], 1);
}
