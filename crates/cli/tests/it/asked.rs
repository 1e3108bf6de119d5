//! What `notify` asks on a terminal before anybody is told: whether people are told although not everything is ready,
//! and how many they are.

use crate::{approving::relay, harness::Incident};
use forthwith_testkit::{relay::At, tools};
use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

const READY: &str = "\n[ready]\nstatement_live = { by = \"Bo Birch, web\", on = 2026-11-01 }\n\
                     help_desk_briefed = { by = \"Cy Cedar, desk\", on = 2026-11-01 }\n";
const IS_READY: &str = "Type yes to tell people all the same";
const HOW_MANY: &str = "Type the number of notices (12)";

/// Runs `notify` on a terminal of its own, types the answers, and returns how it ends and what it shows.
fn typed(script: &Path, incident: &Incident, url: &str, answers: &str) -> (i32, String) {
    let notify = incident.command("notify", &["--relay", url, "--rate", "unlimited"]);
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap());
    let line: Vec<_> = std::iter::once(notify.get_program()).chain(notify.get_args()).map(quoted).collect();
    let mut command = Command::new(script);
    command.args(["--quiet", "--return", "--command", &line.join(" "), "/dev/null"]);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TERM", "xterm");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It is closed at once: whoever reads more than was typed meets an end.
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn what_is_not_ready_is_asked_about_before_the_number() {
    let Some(script) = tools::require("script") else { return };
    let incident = Incident::frozen();
    let (relay, url) = relay();
    for (answers, code, said) in [
        ("no\n", 4, "stopped: not everything is ready"),
        ("\n", 4, "stopped: not everything is ready"),
        // The number is no answer to the first question.
        ("12\n", 4, "stopped: not everything is ready"),
        ("yes\n11\n", 4, "\"11\" is not the number of notices, which is 12"),
    ] {
        let (exit, shown) = typed(&script, &incident, &url, answers);
        assert_eq!(exit, code, "{answers:?}: {shown}");
        assert!(shown.contains("NOT READY  nobody says that a statement stands"), "{shown}");
        assert!(shown.contains(IS_READY) && shown.contains(said), "{answers:?}: {shown}");
        assert_eq!(shown.contains(HOW_MANY), answers.starts_with("yes"), "{answers:?}: {shown}");
    }
    assert_eq!(relay.times(At::Connect), 0);
    let (exit, shown) = typed(&script, &incident, &url, "yes\n12\n");
    assert_eq!((exit, relay.received().len()), (0, 12), "{shown}");
}

#[test]
fn who_is_ready_is_asked_for_the_number_alone_beside_what_it_rests_on() {
    let Some(script) = tools::require("script") else { return };
    let incident = Incident::frozen();
    incident.append("delivery.toml", READY);
    let (relay, url) = relay();
    let (exit, shown) = typed(&script, &incident, &url, "yes\n");
    assert_eq!(exit, 4, "{shown}");
    assert!(shown.contains(HOW_MANY) && !shown.contains("READY  ") && !shown.contains(IS_READY), "{shown}");
    let digest = incident.json("status", &[]).json()["digest"].as_str().unwrap().to_owned();
    let from = "privacy@kestrel-lane.example";
    for said in ["About to tell people.", from, &digest, url.trim_start_matches("smtp://")] {
        assert!(shown.contains(said), "{said:?}: {shown}");
    }
    assert_eq!(relay.times(At::Connect), 0);
    let (exit, shown) = typed(&script, &incident, &url, "12\n");
    assert_eq!((exit, relay.received().len()), (0, 12), "{shown}");
}
