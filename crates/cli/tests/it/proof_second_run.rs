//! While one `notify` runs, a second one and a `resolve` end before they connect or change anything; whatever
//! only looks goes on working.

use crate::proof_incident::{assert_exit, borrowed, incident, recorder};
use forthwith_testkit::{
    proxy::{Gate, Proxy},
    server::{HANG_MAX, wait_until},
    strace::{self, Call},
    tools,
};

/// People in the list.
const COUNT: usize = 40;

#[test]
fn a_second_run_ends_before_it_connects_and_looking_goes_on() {
    let (Some(strace), Some(sink)) = (tools::require("strace"), tools::require("smtp-sink")) else { return };
    let sink = recorder(&sink, &[]);
    let gate = Gate::default();
    let proxy = Proxy::behind(&gate, sink.address()).unwrap();
    let incident = incident(41, COUNT);
    incident.freeze();
    let arguments = incident.to(&proxy.url());
    let mut first = incident.command("notify", &borrowed(&arguments)).spawn().unwrap();
    let ledger = incident.ledger();
    assert!(wait_until(HANG_MAX, || ledger.counts().unwrap().in_flight > 0), "the first run offers something");

    let settle = ["--resend", "--reason", "a second hand at the wheel"];
    for (command, arguments) in
        [("notify", &borrowed(&arguments)[..]), ("resolve", &settle), ("notify", &["--dry-run"])]
    {
        let (output, calls) = strace::run(&strace, &incident.command(command, arguments)).unwrap();
        assert_exit(&output, 6);
        assert!(String::from_utf8_lossy(&output.stderr).contains("in use by notify"), "{command}");
        assert!(!calls.iter().any(Call::is_network), "{command} connects to nothing");
        assert!(!calls.iter().any(|call| call.target().is_some_and(|file| file.ends_with("-wal"))));
    }

    let running: serde_json::Value =
        serde_json::from_slice(&incident.run("status", &["--format", "json"], 0).stdout).unwrap();
    assert_eq!(running["running"], true);
    let states = running["states"].as_object().unwrap();
    assert_eq!(states.values().map(|count| count.as_u64().unwrap()).sum::<u64>(), COUNT as u64);
    assert_eq!(states["in_doubt"], 0, "what the living run has offered is in flight, not in doubt");
    incident.run("explain", &["C1"], 0);
    incident.run("preview", &["--row", "1"], 0);
    incident.run("check", &[], 0);
    assert!(first.try_wait().unwrap().is_none(), "all of that was while the first run went on");

    gate.open();
    assert_exit(&first.wait_with_output().unwrap(), 0);
    let judgement = incident.judge(&sink.recorded().unwrap(), &[], 0);
    assert!(judgement.is_clean(), "{judgement}");
    assert!(judgement.copies.is_empty() && judgement.doubts == 0, "{judgement}");
}
