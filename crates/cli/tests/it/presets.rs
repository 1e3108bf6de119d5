//! `[relay] preset`: what it fills in, what wins over it, and where an operator is told of it.

use crate::harness::{Incident, OCTOBER, finding, list_of};
use forthwith_testkit::relay::{At, Relay, Script};
use serde_json::json;
use std::collections::BTreeMap;

#[test]
fn a_preset_bounds_the_messages_on_a_line_and_what_is_set_beside_it_wins() {
    for (more, most) in [("", 3), ("messages_per_connection = 5\n", 5)] {
        let incident = Incident::frozen_with(17);
        let relay = Relay::start(Script::new([])).unwrap();
        let url = relay.url();
        incident.write(
            "delivery.toml",
            format!("connections = 1\n[relay]\nurl = \"{url}\"\npreset = \"mailgun\"\n{more}"),
        );
        incident.run("notify", &["--confirm", "17"]).exits(0);
        let mut lines: BTreeMap<usize, usize> = BTreeMap::new();
        for message in relay.received() {
            *lines.entry(message.line).or_default() += 1;
        }
        assert_eq!(lines.values().max(), Some(&most), "{lines:?}");
        assert_eq!(lines.values().sum::<usize>(), 17);
    }
}

#[test]
fn a_providers_host_is_noticed_and_its_preset_suggested_only() {
    let incident = Incident::example(OCTOBER);
    incident.write("delivery.toml", "relay = \"smtps://email-smtp.eu-west-1.amazonaws.com\"\n");
    let report = incident.json("check", &[]).exits(0).json();
    let noted = finding(&report, "relay-preset");
    assert_eq!(noted["gravity"], "note");
    incident.run("check", &[]).says(&["this is Amazon SES", "preset = \"ses\""]);
    incident.write(
        "delivery.toml",
        "[relay]\nurl = \"smtps://email-smtp.eu-west-1.amazonaws.com\"\npreset = \"ses\"\n",
    );
    let report = incident.json("check", &[]).exits(0).json();
    assert!(!report.to_string().contains("relay-preset"), "{report}");
    incident.write("delivery.toml", "[relay]\nurl = \"smtps://smtp.example.org\"\npreset = \"gmail\"\n");
    incident.run("check", &[]).exits(3).says(&["`relay.preset` is one of", "`exchange-online`"]);
}

#[test]
fn a_relay_that_is_unfit_for_so_many_is_said_before_the_start() {
    let incident = Incident::with_list(list_of(10_001));
    incident.run("notify", &["--dry-run"]).exits(0);
    let relay = Relay::start(Script::new([])).unwrap();
    let url = relay.url();
    incident.write(
        "delivery.toml",
        format!("connections = 1\nrate = \"unlimited\"\n[relay]\nurl = \"{url}\"\npreset = \"exchange-online\"\n"),
    );
    let run = incident.run("notify", &["--confirm", "10001", "--limit", "1"]).exits(5);
    run.warns(&["UNFIT", "at most 10000 recipients a day", "2 days", "forthwith doctor"]);
    let doctor = incident.json("doctor", &["--dns", "127.0.0.1:9"]).exits(7).json();
    let seen = doctor["observations"].as_array().unwrap();
    let of = |about: &str| seen.iter().find(|seen| seen["about"] == about).unwrap_or_else(|| panic!("no {about}"));
    assert_eq!(of("relay.unfit")["mark"], "broken");
    assert_eq!(of("relay.preset-rate")["mark"], "look");
    assert!(of("relay.acceptance")["means"].as_str().unwrap().starts_with("accepted does not mean more"));
    assert_eq!(of("relay.message-id")["mark"], json!("ok"));
}

#[test]
fn whatever_a_preset_says_is_shown_before_the_start() {
    for (name, shown) in [
        ("postfix", &["  lines    8 at once", "a Postfix of your own, as known on 2026-"][..]),
        (
            "ses",
            &["Amazon SES, as known on", "  id       Amazon SES puts a Message-ID of its own into every message"],
        ),
        ("sendgrid", &["  id       whether Twilio SendGrid keeps Message-ID is not known"]),
        ("mailgun", &["3 messages on each"]),
        ("exchange-online", &["  lines    3 at once", "  pace     30/min, 10000/d"]),
    ] {
        let incident = Incident::frozen_with(2);
        let relay = Relay::start(Script::new([])).unwrap();
        let settings = format!("[relay]\nurl = \"{}\"\npreset = \"{name}\"\n", relay.url());
        incident.write("delivery.toml", format!("not_before = 2999-01-01T08:00:00Z\n{settings}"));
        let run = incident.run("notify", &["--confirm", "2", "--no-wait"]).exits(5);
        run.warns(&[&format!("  preset   {name}: "), "  accepted does not mean more than that: "]).warns(shown);
        assert_eq!(relay.times(At::Connect), 0, "it is said before anything begins");
    }
}
