//! No program and no page says that a notice keeps the law: whatever any command writes, every page of a packet and
//! every notice is read for such words. What may be said is how much was found, and how much nobody confirmed.

use crate::{
    approving::{ADA, hand_in, people, rule, with_rule},
    commands,
    harness::{CLINIC, Incident, JANUARY, OCTOBER, RETAILER, Run, run},
    packet::files,
};
use forthwith_core::law;
use forthwith_testkit::relay::{Act, At, Relay, Script};
use std::collections::BTreeSet;

/// Words that only counsel may say.
const NEVER: [&str; 6] = ["compliant", "compliance", "complies", "comply with", "keeps the law", "lawful notice"];

/// What was read, and by which commands it was written.
#[derive(Default)]
struct Reading {
    read: usize,
    commands: BTreeSet<String>,
}

impl Reading {
    fn look(&mut self, what: &str, said: &str) {
        let said = said.to_lowercase();
        for words in NEVER {
            assert!(!said.contains(words), "{what} says {words}");
        }
        self.read += 1;
    }

    fn look_at(&mut self, words: &[&str], run: &Run) {
        assert_ne!(run.code(), 2, "{words:?} is no usage: {}", run.stderr);
        self.commands.insert(words[0].to_owned());
        let what = words.join(" ");
        self.look(&what, &run.stdout);
        self.look(&what, &run.stderr);
    }

    /// Runs a command in both forms, whatever it ends with.
    fn run(&mut self, incident: &Incident, words: &[&str]) {
        let (command, more) = (words[0], &words[1..]);
        self.look_at(words, &incident.run(command, more));
        self.look_at(words, &incident.json(command, more));
    }

    fn files(&mut self, incident: &Incident, folder: &str) {
        for (name, bytes) in files(&incident.file(folder)) {
            self.look(&format!("{folder}/{name}"), &String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn no_page_and_no_notice_of_any_example_says_that_a_law_is_kept() {
    let mut reading = Reading::default();
    for example in [OCTOBER, JANUARY, RETAILER, CLINIC] {
        let incident = Incident::example(example);
        for words in [
            &["check"][..],
            &["preview"],
            &["deadlines"],
            &["notify", "--dry-run"],
            &["notify"],
            &["notify", "--relay", "inbox"],
            &["status"],
            &["explain", "1"],
        ] {
            reading.run(&incident, words);
        }
        reading.files(&incident, "out/packet");
        reading.files(&incident, "out/rehearsal/inbox");
    }
    assert!(reading.read > 300, "{}", reading.read);
}

/// From the release to what is settled afterwards, and every other command.
#[test]
fn no_command_says_that_a_law_is_kept() {
    let mut reading = Reading::default();
    let incident = with_rule(&rule(&people(), ""));
    incident.append("delivery.toml", "\n[test]\nto = [\"ada@firm.example\"]\n");
    let relay = Relay::start(Script::new([]).first(1, At::Dot, Act::Close)).unwrap();
    let url = format!("smtp://{}", relay.address());
    let tell = ["notify", "--relay", &url, "--confirm", "12", "--rate", "unlimited", "--limit", "3"];
    let by = ["--by", "Ines Okafor", "--agency", "State Police", "--reason", "a written request"];
    incident.run("notify", &["--dry-run"]).exits(0);
    reading.run(&incident, &["approve"]);
    reading.run(&incident, &tell);
    hand_in(&incident, ADA).exits(0);
    reading.run(&incident, &["approve"]);
    reading.run(&incident, &[&["hold"][..], &by].concat());
    reading.run(&incident, &tell);
    reading.run(&incident, &["status"]);
    reading.run(&incident, &[&["release"][..], &by].concat());
    let told = incident.run(tell[0], &tell[1..]).exits(5);
    reading.look_at(&tell, &told);
    reading.run(&incident, &["status"]);
    reading.run(&incident, &["resolve", "--let-stand", "--reason", "asked by telephone"]);
    let settle = ["resolve", "--let-stand", "--reason", "asked by telephone", "--confirm", "1"];
    let settled = incident.run(settle[0], &settle[1..]).exits(0);
    reading.look_at(&settle, &settled);
    incident.write("mail.log", "Nov 28 05:00:00 mx postfix/smtpd[1]: connect from unknown[127.0.0.1]\n");
    let log = incident.file("mail.log");
    reading.run(&incident, &["reconcile", "--postfix-log", log.to_str().unwrap()]);
    let sample = ["test-send", "--variant", "en/email", "--to", "ada@firm.example", "--relay", &url];
    reading.run(&incident, &sample);
    reading.run(&incident, &["doctor", "--relay", &url]);
    for words in [&["explain", "1"][..], &["verify"], &["check"], &["preview"], &["deadlines"]] {
        reading.run(&incident, words);
    }
    reading.run(&incident, &["approve", "--withdraw", "--reason", "a wrong number"]);
    reading.run(&incident, &tell);
    reading.run(&incident, &["stop", "--reason", "enough"]);
    reading.files(&incident, "out/packet");
    let fresh = incident.file("fresh");
    for words in [&["new", fresh.to_str().unwrap()][..], &["completions", "bash"], &["man"], &["law"]] {
        reading.look_at(words, &run(words));
    }
    for (id, _) in law::FILES {
        reading.look_at(&["law", id], &run(&["law", id]).exits(0));
        reading.look_at(&["law", id], &run(&["law", id, "--format", "json"]).exits(0));
    }
    let all = commands::all();
    for command in &all {
        reading.look_at(&[command], &run(&[command, "--help"]).exits(0));
    }
    assert_eq!(reading.commands, all.into_iter().collect(), "every command was read");
    assert!(reading.read > 2 * (2 * law::FILES.len() + 30), "{}", reading.read);
}
