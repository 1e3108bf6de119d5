//! What a relay says cannot fill our memory, however much it says.
//!
//! The relay itself looks at the peak of the program's memory, between an ordinary notice and what comes after
//! the flood.

use crate::harness::{Incident, count};
use forthwith_testkit::relay::{Act, At, Moment, Relay, Script};
use std::{
    fs,
    sync::{Arc, Mutex, OnceLock},
};

/// Octets of each flood.
const FLOOD: usize = 32 * 1024 * 1024;
/// How far the peak may move while floods are read: no more than one of them held for a moment would.
const GROWTH_MAX_KIB: u64 = 2 * 1024;

/// Returns the peak of a process's resident memory in KiB.
fn peak(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Says what floods each line: one after another at every place, in one line or in many.
fn flood(moment: &Moment<'_>) -> Option<Act> {
    let long = || [b"250 ".as_slice(), &vec![b'x'; FLOOD]].concat();
    let endless = || b"250-more\r\n".repeat(FLOOD / 10);
    let bytes = match (moment.line, moment.at) {
        (0, At::Dot) | (2, At::Rcpt) | (5, At::Ehlo) => long(),
        (1, At::Mail) | (3, At::Dot) | (4, At::Greeting) => endless(),
        _ => return None,
    };
    Some(Act::Write(bytes))
}

#[test]
fn a_flood_of_reply_leaves_memory_where_it_was() {
    let id = Arc::new(OnceLock::new());
    let peaks = Arc::new(Mutex::new(Vec::new()));
    let (for_relay, kept) = (Arc::clone(&id), Arc::clone(&peaks));
    let script = Script::new([]).on(move |moment| {
        if let (0 | 6, At::Mail) = (moment.line, moment.at) {
            kept.lock().unwrap().push(peak(*for_relay.wait()));
        }
        flood(moment)
    });
    let relay = Relay::start(script).unwrap();
    let incident = Incident::frozen_with(4);
    let url = format!("smtp://{}", relay.address());
    let words = ["--confirm", "4", "--relay", &url, "--connections", "1", "--rate", "unlimited"];
    let running = incident.start("notify", &words);
    id.set(running.id()).unwrap();
    running.wait().exits(5);

    let states = &incident.json("status", &[]).json()["states"];
    assert_eq!((count(&states["in_doubt"]), count(&states["accepted"])), (2, 2), "{states}");
    let peaks = peaks.lock().unwrap();
    let grown = peaks.last().unwrap() - peaks[0];
    assert!(grown < GROWTH_MAX_KIB, "{grown} KiB more after six floods of {FLOOD} octets: {peaks:?}");
}
