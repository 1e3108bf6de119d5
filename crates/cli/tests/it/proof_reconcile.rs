//! A real Postfix, with a proxy before it that cuts the line before the dot, within it, at it, and after its reply: its
//! log settles each doubt, and its mailbox holds exactly one copy of every notice in the end.

use crate::proof_incident::{CONNECTIONS, Incident, borrowed, incident};
use forthwith_testkit::{
    judge::Judgement,
    postfix::Postfix,
    proxy::{Cut, Proxy},
    server::wait_until,
    tools,
};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};

/// Generated people.
const PEOPLE: usize = 12;
/// Which final dots are cut, counted over all lines, and where.
const CUTS: [(usize, Cut); 4] = [(0, Cut::BeforeDot), (3, Cut::AtDot), (5, Cut::AfterReply), (8, Cut::HalfDot)];
/// How long Postfix's log may take until it goes on for a second after the last cut.
const LOG_MAX: Duration = Duration::from_secs(30);

/// Everybody was offered a notice through the proxy; the doubts that the cuts made stand.
struct Cuts {
    postfix: Postfix,
    incident: Incident,
}

impl Cuts {
    fn make() -> Option<Self> {
        let program = tools::require("postfix")?;
        if !tools::is_root() {
            tools::skip("Postfix starts as root alone");
            return None;
        }
        let postfix = Postfix::start(&program, &[]).unwrap();
        let cut = |dots| CUTS.iter().find(|(at, _)| *at == dots).map(|(_, cut)| *cut);
        let proxy = Proxy::start(postfix.address(), cut).unwrap();
        let incident = incident(31, PEOPLE);
        incident.freeze();
        incident.run("notify", &borrowed(&incident.to(&proxy.url())), 5);
        assert_eq!(incident.doubts().len(), CUTS.len());
        Some(Self { postfix, incident })
    }

    fn log(&self) -> PathBuf {
        self.postfix.log_file()
    }

    fn reconcile(&self, more: &[&str], exit: i32) -> Value {
        let log = self.log();
        let words = ["--postfix-log", log.to_str().unwrap(), "--clock-skew", "1", "--format", "json"];
        let output = self.incident.run("reconcile", &[&words[..], more].concat(), exit);
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(!out.contains('@'), "no address is printed: {out}");
        serde_json::from_str(&out).unwrap()
    }

    /// Waits until the log shows that it goes on after the last cut: each call leaves lines in it.
    fn wait_for_the_log(&self) {
        let (log, folder) = (self.log(), self.incident.path());
        let words = ["--postfix-log", log.to_str().unwrap(), "--clock-skew", "1", "--dry-run"];
        let is_covered = || {
            self.postfix.knock().unwrap();
            self.incident.command("reconcile", &words).output().unwrap().status.success()
        };
        assert!(wait_until(LOG_MAX, is_covered), "{}: {}", folder.display(), self.postfix.log().unwrap());
    }

    fn judge(&self, delivered: usize) -> Judgement {
        let recorded = self.postfix.delivered(delivered).unwrap();
        self.incident.judge(&recorded, &[], CUTS.len().div_ceil(CONNECTIONS))
    }
}

fn count(report: &Value, conclusion: &str) -> usize {
    report["doubts"].as_array().unwrap().iter().filter(|doubt| doubt["conclusion"] == conclusion).count()
}

#[test]
fn its_log_settles_every_cut_and_everybody_is_told_once() {
    let Some(cuts) = Cuts::make() else { return };
    let before = cuts.incident.states();
    cuts.wait_for_the_log();
    assert_eq!(cuts.incident.states(), before, "a dry run records nothing");

    let report = cuts.reconcile(&["--by", "Ines Okafor"], 0);
    let unread = CUTS.iter().filter(|(_, cut)| matches!(cut, Cut::AtDot | Cut::AfterReply)).count();
    assert_eq!(
        (count(&report, "accepted"), count(&report, "not_accepted")),
        (unread, CUTS.len() - unread),
        "{report}"
    );
    let states = &report["states"];
    let accepted = PEOPLE - (CUTS.len() - unread);
    assert_eq!((&states["in_doubt"], &states["accepted"]), (&json!(0), &json!(accepted)), "{report}");
    assert_eq!(states["queued"], CUTS.len() - unread);
    let judged = cuts.judge(accepted);
    assert!(judged.phantoms.is_empty() && judged.copies.is_empty(), "accepted is what is in the mailbox: {judged}");

    // Those that were proved not to be taken are handed over once; nobody else is.
    let url = cuts.postfix.url();
    cuts.incident.run("notify", &borrowed(&cuts.incident.to(&url)), 0);
    let judged = cuts.judge(PEOPLE);
    assert!(judged.is_clean() && judged.copies.is_empty() && judged.doubts == 0, "{judged}");

    let left = || cuts.reconcile(&[], 0)["left_relay"]["passed_on"] == PEOPLE;
    assert!(wait_until(LOG_MAX, left), "{}", cuts.postfix.log().unwrap());
    let told = cuts.incident.run("status", &[], 0);
    assert!(String::from_utf8(told.stdout).unwrap().contains(&format!("Left the relay: {PEOPLE} of {PEOPLE} ")));
    cuts.incident.run("verify", &[], 0);
}

#[test]
fn a_log_that_lacks_lines_or_ends_too_soon_settles_less_and_nothing_wrongly() {
    let Some(cuts) = Cuts::make() else { return };
    cuts.wait_for_the_log();
    let whole = cuts.postfix.log().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail.log");
    let settled_within = |log: &str, skew: &str| {
        std::fs::write(&file, log).unwrap();
        let words =
            ["--postfix-log", file.to_str().unwrap(), "--clock-skew", skew, "--dry-run", "--format", "json"];
        let output = cuts.incident.command("reconcile", &words).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (count(&report, "accepted"), count(&report, "not_accepted"))
    };
    let settled = |log: &str| settled_within(log, "1");
    let without =
        |word: &str| -> String { whole.split_inclusive('\n').filter(|line| !line.contains(word)).collect() };
    assert_eq!(settled(&whole), (2, 2));
    assert_eq!(settled(&without("message-id=")), (0, 0));
    // Every session that took something is short of a line now.
    let (accepted, refused) = settled(&without("(queue active)"));
    assert!(accepted == 0 && refused <= 2, "{accepted} {refused}");
    assert_eq!(settled(&without("disconnect from")), (2, 0));
    // Were the clocks an hour apart, the log would have to go on for an hour.
    assert_eq!(settled_within(&whole, "3600"), (2, 0));
    assert_eq!(settled(""), (0, 0));
}
