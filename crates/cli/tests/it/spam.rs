//! What a filter of unwanted mail makes of the notices: `SpamAssassin`'s own rules, without the network.

use crate::{
    golden::messages,
    harness::{CLINIC, Incident, JANUARY, OCTOBER, RETAILER},
};
use forthwith_testkit::tools;
use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// Points that a notice may have. `SpamAssassin` calls 5 spam; large providers are said to begin to doubt at 2.
const POINTS_MAX: f64 = 2.0;

#[test]
fn no_notice_of_an_example_looks_like_unwanted_mail() {
    let Some(spamassassin) = tools::require("spamassassin") else { return };
    let date = "2026-11-23T18:00:00Z".parse().unwrap();
    for example in [OCTOBER, JANUARY, RETAILER, CLINIC] {
        let messages = messages(&Incident::example(example), Some(date));
        let points = judged(&spamassassin, messages.values());
        assert_eq!(points.len(), messages.len(), "{example}: not every message was judged");
        for (name, (points, rules)) in messages.keys().zip(points) {
            assert!(points < POINTS_MAX, "{example}/{name} has {points} points: {rules}");
        }
    }
}

#[test]
fn what_is_unwanted_is_seen_as_such() {
    let Some(spamassassin) = tools::require("spamassassin") else { return };
    // The test line that every SpamAssassin knows: https://spamassassin.apache.org/gtube/
    let test = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
    let message = format!("From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n\r\n{test}\r\n");
    let points = judged(&spamassassin, [&message.into_bytes()]);
    assert!(points[0].0 > 100.0, "{points:?}");
}

/// Returns the points of each message and the rules that gave them, from one run over all of them.
fn judged<'a>(spamassassin: &Path, messages: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<(f64, String)> {
    let home = tempfile::tempdir().unwrap();
    let mut mbox = Vec::new();
    for message in messages {
        mbox.extend_from_slice(b"From a@example.org Mon Nov 23 18:00:00 2026\n");
        mbox.extend(String::from_utf8(message.clone()).unwrap().replace("\r\n", "\n").into_bytes());
        mbox.push(b'\n');
    }
    let mut child = Command::new(spamassassin)
        .args(["--local", "--nocreate-prefs", "--mbox"])
        .env("HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(&mbox));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).replace("\n\t", " ");
    let statuses = text.lines().filter_map(|line| line.strip_prefix("X-Spam-Status: "));
    let points = |status: &str| status.split("score=").nth(1)?.split(' ').next()?.parse().ok();
    statuses.map(|status| (points(status).unwrap(), status.to_owned())).collect()
}
