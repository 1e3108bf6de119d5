//! What was released goes out and nothing else: each change of an input voids it with the exact difference, and what
//! is no part of a notice voids nothing.

use crate::{
    approving::{ADA, frozen, hand_in, notify, people, relay, rule, with_rule},
    harness::Incident,
};
use forthwith_testkit::relay::{At, Relay};
use std::fs;

/// A released plan, and a relay that nothing may reach.
struct Released {
    incident: Incident,
    relay: Relay,
    url: String,
}

impl Released {
    fn new() -> Self {
        Self::of(frozen(&rule(&people(), "")))
    }

    fn of(incident: Incident) -> Self {
        hand_in(&incident, ADA).exits(0);
        let (relay, url) = relay();
        Self { incident, relay, url }
    }

    /// Expects that nothing goes out, and that each of `said` is told.
    #[track_caller]
    fn holds_back(&self, said: &[&str]) {
        let run = notify(&self.incident, &self.url, &[]).exits(4);
        run.warns(&["the inputs are not those that were frozen"]).warns(said).hints();
        assert_eq!(self.relay.times(At::Connect), 0, "it connected first");
    }
}

#[test]
fn a_statement_a_subject_and_the_sender_are_told_with_their_words() {
    for (from, to, said) in [
        ("told the police.", "told the press.", "told the press."),
        (
            "from = \"Kestrel Lane Books <privacy@kestrel-lane.example>\"",
            "from = \"Kestrel Lane Books <news@kestrel-lane.example>\"",
            "was \"from = \"Kestrel Lane Books <privacy@",
        ),
        (
            "people_affected = 4210",
            "people_affected = 4211",
            "\"people_affected = 4211\" was \"people_affected = 4210\"",
        ),
        ("[statements.en]", "[subject]\nen = \"Read this\"\n\n[statements.en]", "is new: \"en = \"Read this\"\""),
        ("deadline = 2020-10-26T12:00:00Z", "deadline = 2020-10-27T12:00:00Z", "line 10"),
        ("needed = 1", "needed = 1 ", "incident.toml line"),
    ] {
        let released = Released::of(frozen(&rule(&people(), "needed = 1\n")));
        released.incident.replace("incident.toml", from, to);
        released.holds_back(&["incident.toml changed", said]);
    }
}

#[test]
fn a_row_added_removed_changed_or_moved_is_told_by_its_number() {
    let list = Incident::example(crate::harness::OCTOBER).read("affected.csv");
    let lines: Vec<&str> = list.lines().collect();
    let written = |lines: &[&str]| lines.join("\n") + "\n";
    let mut moved = lines.clone();
    moved.swap(1, 2);
    let mut changed = lines.clone();
    let other = lines[1].replacen("K-", "L-", 1);
    changed[1] = &other;
    for (now, said) in [
        (written(&lines) + "K-1014,new@people.example,New,US,OR\n", "affected.csv row 15 is new"),
        (written(&[&lines[..1], &lines[2..]].concat()), "affected.csv row 1 is gone"),
        (written(&changed), "affected.csv row 1 is changed"),
        (written(&moved), "affected.csv rows 1 to 2 stand in another order"),
        (written(&lines).replace('\n', "\r\n"), "affected.csv no row differs: its bytes do"),
        ("no list".to_owned(), "affected.csv"),
    ] {
        assert_ne!(now, list);
        let released = Released::new();
        released.incident.write("affected.csv", now);
        released.holds_back(&["affected.csv changed", said]);
    }
}

/// Every shipped template can be replaced in the folder: as it is frozen there, one octet more or less voids.
#[test]
fn an_octet_in_each_template_is_told_with_its_line() {
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/elements");
    let mut names: Vec<_> = fs::read_dir(&shipped).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert!(names.len() > 10);
    let incident = with_rule(&rule(&people(), ""));
    for name in &names {
        let text = fs::read_to_string(shipped.join(name)).unwrap();
        incident.write(&format!("templates/{}", name.to_str().unwrap()), text);
    }
    incident.run("notify", &["--dry-run"]).exits(0);
    let released = Released::of(incident);
    for name in &names {
        let name = format!("templates/{}", name.to_str().unwrap());
        let before = released.incident.read(&name);
        let last = before.trim_end().char_indices().next_back().unwrap().0;
        released.incident.write(&name, format!("{}~{}", &before[..last], &before[last..]));
        released.holds_back(&[&format!("{name} changed"), &format!("{name} line")]);
        released.incident.write(&name, before);
    }
    released.incident.write("templates/closing.de.md", "Danke.\n");
    released.holds_back(&["templates/closing.de.md is new"]);
    fs::remove_file(released.incident.file("templates/closing.de.md")).unwrap();
    notify(&released.incident, &released.url, &[]).exits(0);
}

#[test]
fn settings_of_the_list_are_told_by_line_alone() {
    let released = Released::new();
    released.incident.append("affected.toml", "leave_out = [{ id = \"K-1001\", reason = \"secret reason\" }]\n");
    let run = notify(&released.incident, &released.url, &[]).exits(4).warns(&["affected.toml line"]);
    assert!(!run.stderr.contains("K-1001") && !run.stderr.contains("secret"), "{}", run.stderr);
    let report = released.incident.json("notify", &["--relay", &released.url, "--confirm", "12"]).exits(4).json();
    assert!(report["differences"][0].as_str().unwrap().contains("affected.toml line"), "{report}");
    assert_eq!(released.relay.times(At::Connect), 0);
}

#[test]
fn what_is_no_part_of_a_notice_voids_nothing() {
    let released = Released::new();
    let settings =
        "connections = 1\nrate = \"100/s\"\nhours = \"00:00-23:59 UTC\"\nrelay = \"smtps://mail.example.org\"\n";
    released.incident.write("delivery.toml", settings);
    released.incident.write("notes.txt", "nobody reads this");
    notify(&released.incident, &released.url, &["--connections", "2", "--rate", "50/s"]).exits(0);
    assert_eq!(released.relay.received().len(), 12);
}

#[test]
fn inputs_that_are_gone_void_nothing() {
    let released = Released::new();
    for file in ["affected.csv", "affected.toml", "incident.toml"] {
        released.incident.remove(file);
    }
    notify(&released.incident, &released.url, &[]).exits(0).warns(&["is gone; going on with it as it was frozen"]);
}
