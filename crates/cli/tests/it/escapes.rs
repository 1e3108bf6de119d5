//! Nothing that a list or a relay says is obeyed by a terminal, and nobody's data reaches standard error.
//!
//! `harness::Run` looks at every octet of both streams; here the words are the worst that can be said.

use crate::harness::{Incident, OCTOBER, run};
use forthwith_testkit::relay::{Act, At, Relay, Script};
use std::fs;

/// A reply that would colour, erase and reverse.
const REPLY: &str = "\u{1b}[31m\u{1b}]0;title\u{7} \u{9b}2J \u{202e}desrever\u{2069} \u{200b}";

#[test]
fn what_a_list_says_is_spelled_out() {
    let list =
        "id,email,name\nC1\u{1b}[2J,broken\u{9b}31m\u{202e}@,Ada\nC2,b@people.example,\"Bo \u{1b}]0;x\u{7}\"\n";
    let incident = Incident::with_list(list);
    let check = incident.run("check", &[]).exits(3).stdout;
    assert!(check.contains("U+001B") || check.contains("\\u{1b}"), "{check}");
    incident.json("check", &[]).exits(3).json();
    incident.run("notify", &[]).exits(3);
    incident.run("preview", &["--id", "x\u{1b}[2J"]).exits(2).warns(&["x\\u{1b}[2J"]);
    incident.write("templates/gr\u{202e}eeting.en.md", "{{ nmae\u{9b} }}\u{1b}[2J\n");
    incident.run("check", &[]).exits(3);
    incident.json("check", &[]).exits(3);
    incident.append("incident.toml", "\n[\"col\\u202eour\"]\n\"\u{202e}\u{9b}\" = 1\n");
    incident.run("check", &[]).exits(3);
    incident.json("check", &[]).exits(3);
}

#[test]
fn a_header_and_an_id_that_would_be_obeyed() {
    let list = "id,email,na\u{1b}[2Jme,\u{202e}x\nC1\u{1b}[2J\u{202e},ada@people.example,Ada,\u{9b}\n";
    let incident = Incident::with_list(list);
    incident.run("check", &[]);
    incident.json("check", &[]);
    incident.run("notify", &[]);
    for format in ["human", "json"] {
        incident.run("explain", &["1", "--rehearsal", "--format", format]);
        incident.run("preview", &["--row", "1", "--format", format]);
    }
}

#[test]
fn what_a_relay_says_is_spelled_out() {
    let incident = Incident::frozen_with(3);
    let bounce = Script::new([]).on(|moment| {
        let is_second = moment.command.contains("p2@");
        (moment.at == At::Rcpt && is_second).then(|| Act::Write(format!("550 5.1.1 {REPLY}\r\n").into_bytes()))
    });
    let relay = Relay::start(bounce).unwrap();
    let url = format!("smtp://{}", relay.address());
    incident.tell(&url, &[]).exits(5);
    for format in ["human", "json"] {
        let told = incident.run("explain", &["C2", "--format", format]).exits(0).stdout;
        assert!(told.contains("desrever"), "{told}");
        incident.run("status", &["--format", format]).exits(0);
    }
    let words = ["--resend", "--state", "bounced", "--reason", "\u{1b}[2J\u{202e}"];
    incident.run("resolve", &words).exits(4).warns(&["desrever"]);
    incident.run("resolve", &[&words[..], &["--confirm", "1", "--by", "\u{9b}31m"]].concat()).exits(0);
    for format in ["human", "json"] {
        incident.run("explain", &["C2", "--format", format]).exits(0);
    }
}

#[test]
fn a_relay_that_refuses_us_is_spelled_out_too() {
    for at in [At::Greeting, At::Ehlo, At::Mail] {
        let incident = Incident::frozen_with(1);
        let reply = Act::Write(format!("554 5.7.0 {REPLY}\r\n").into_bytes());
        let relay = Relay::start(Script::new([]).always(at, reply)).unwrap();
        let url = format!("smtp://{}", relay.address());
        for format in ["human", "json"] {
            let run = incident.run("notify", &["--relay", &url, "--confirm", "1", "--format", format]);
            run.exits(7).warns(&["desrever"]);
        }
    }
}

/// Characters that a terminal obeys, or that nobody sees: each is spelled out wherever it came from.
const OBEYED: [&str; 12] = [
    "\u{1b}]52;c;eA==\u{7}",
    "\u{1b}[2J",
    "\u{9b}31m",
    "\u{1b}]8;;http://e.example\u{1b}\\",
    "over\rwritten",
    "\u{202e}desrever",
    "\u{2066}isolated",
    "in\u{200b}visible",
    "\u{7f}deleted",
    "\u{8}\u{8}back",
    "\u{feff}marked",
    "\u{e0041}tagged",
];

fn has_unseen(said: &str) -> bool {
    said.chars().any(|c| matches!(c, '\u{200b}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'))
}

#[test]
fn what_was_typed_is_spelled_out() {
    for typed in OBEYED {
        let word = &*format!("x{typed}");
        for words in [
            &[word][..],
            &["check", word],
            &["check", ".", &*format!("--{word}")],
            &["check", ".", "--format", word],
            &["explain", ".", word],
            &["notify", ".", "--rate", word],
            &["notify", ".", "--relay", word, "--confirm", "1"],
            &["notify", ".", "--confirm", word],
            &["new", "/nowhere/at/all", "--from", word],
        ] {
            let run = run(words);
            assert!(run.code() > 0, "{words:?}");
            assert!(!has_unseen(&run.stderr) && !has_unseen(&run.stdout), "{words:?}: {}", run.stderr);
        }
    }
}

/// Columns that are nobody's but the templates' may hold anything, and files may be called anything.
#[test]
fn what_only_templates_read_and_names_of_files_are_spelled_out() {
    let rows = OBEYED.iter().enumerate().map(|(n, note)| format!("C{n},p{n}@people.example,Ada,\"{note}\"\n"));
    let incident = Incident::with_list("id,email,name,note\n".to_owned() + &rows.collect::<String>());
    incident.write("templates/greeting.en.md", "Hello {{ name }}, {{ note }}.\n");
    incident.run("notify", &[]).exits(0);
    for row in 1..=OBEYED.len() {
        let row = row.to_string();
        for more in [&["--as", "text"][..], &["--as", "html"], &["--as", "eml"], &["--format", "json"]] {
            let shown = incident.run("preview", &[&["--row", &row], more].concat()).exits(0).stdout;
            assert!(!has_unseen(&shown), "{row} {more:?}: {shown}");
        }
        incident.run("explain", &[&row, "--rehearsal"]).exits(0);
    }
    for name in OBEYED {
        let incident = Incident::example(OCTOBER);
        fs::rename(incident.file("affected.csv"), incident.file(&format!("{name}.csv").replace('/', ""))).unwrap();
        incident.write(&format!("templates/{}.md", name.replace('/', "")), "x\n");
        incident.write("templates/greeting.en.md", format!("{{{{ {name} }}}} {name}\n"));
        incident.append("incident.toml", "\n[colour]\n");
        for format in ["human", "json"] {
            let run = incident.run("check", &["--format", format]).exits(3);
            assert!(!has_unseen(&run.stdout) && !has_unseen(&run.stderr), "{name:?}: {}", run.stdout);
        }
    }
}

/// Words that stand in the list and nowhere else.
const CANARIES: [&str; 4] = ["canary.address", "Canaryname", "CANARYID", "canarydomain"];

fn canaries(people: usize) -> String {
    let rows =
        (0..people).map(|n| format!("CANARYID{n},canary.address{n}@canarydomain.example,Canaryname {n},US,OR\n"));
    "id,email,name,country,region\n".to_owned() + &rows.collect::<String>()
}

fn is_silent_about_people(said: &str) {
    for canary in CANARIES {
        assert!(!said.to_lowercase().contains(&canary.to_lowercase()), "{canary} is in: {said}");
    }
}

#[test]
fn nobodys_data_is_on_standard_error() {
    let incident = Incident::with_list(canaries(30));
    is_silent_about_people(&incident.run("notify", &["--dry-run"]).exits(0).stderr);
    is_silent_about_people(&incident.run("notify", &[]).exits(0).stderr);
    // Relays like to quote the address that they refuse.
    let echo = |at: At, code: &'static str| {
        Relay::start(Script::new([]).on(move |moment| {
            let path = moment.command.split_once(':').map_or("", |(_, path)| path);
            (moment.at == at).then(|| Act::Say(format!("{code} {path} is not liked here")))
        }))
        .unwrap()
    };
    for relay in [echo(At::Rcpt, "450 4.2.0"), echo(At::Rcpt, "550 5.1.1"), echo(At::Rcpt, "550 5.7.1")] {
        let url = format!("smtp://{}", relay.address());
        let words = ["--relay", &url, "--confirm", "30", "--rate", "unlimited", "--no-wait"];
        is_silent_about_people(&incident.run("notify", &words).stderr);
        assert!(relay.times(At::Rcpt) > 0);
    }
}

#[test]
fn a_refused_row_is_pointed_at_and_not_quoted_on_standard_error() {
    let list = canaries(2) + "CANARYID9,canary.address@@canarydomain,Canaryname,US,OR\n";
    let incident = Incident::with_list(list);
    for more in [&[][..], &["--dry-run"]] {
        let run = incident.run("notify", more).exits(3).warns(&["affected.csv:4, row 3"]);
        is_silent_about_people(&run.stderr);
    }
}
