//! `forthwith doctor`: what it finds of relays, names and this machine; that it hands nothing over and writes nothing.

use crate::harness::{Incident, Run, count};
use forthwith_testkit::{
    dns::{DnsServer, Manner, Record},
    relay::{
        Act, At, Protection, Relay, Script,
        certificate::{Certificate, Flaw},
    },
};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

const PASSWORD: &str = "correct horse battery";
const OFFERS: [&str; 5] = ["PIPELINING", "SIZE 10240000", "DSN", "SMTPUTF8", "AUTH PLAIN LOGIN"];

fn txt(text: &str) -> Record {
    Record::Txt(text.to_owned())
}

/// Records as they should be, for both senders of the example.
fn good_records() -> Vec<(&'static str, Record)> {
    let mut records = Vec::new();
    for (path, key, policy) in [
        ("bounces.kestrel-lane.example", "s1._domainkey.kestrel-lane.example", "_dmarc.kestrel-lane.example"),
        (
            "bounces.kestrel-lane-uk.example",
            "s1._domainkey.kestrel-lane-uk.example",
            "_dmarc.kestrel-lane-uk.example",
        ),
    ] {
        records.push((path, txt("v=spf1 include:relay.test -all")));
        records.push((path, Record::Mx(10, "mx.relay.test.".to_owned())));
        records.push((key, txt("v=DKIM1; k=rsa; p=MIIB")));
        records.push((policy, txt("v=DMARC1; p=reject")));
    }
    records
}

/// An example whose folder nobody else reads, and a relay over TLS with a login.
fn incident(relay: &Relay, certificate: &Certificate) -> Incident {
    let incident = Incident::example(crate::harness::OCTOBER);
    incident.write("authority.pem", certificate.authority());
    incident.write("password", format!("{PASSWORD}\n"));
    for name in ["password", "affected.csv"] {
        set_mode(&incident, name, 0o600);
    }
    set_mode(&incident, "", 0o700);
    let path = |name: &str| incident.file(name).display().to_string();
    let port = relay.address().port();
    let (authority, password) = (path("authority.pem"), path("password"));
    incident.write(
        "delivery.toml",
        format!(
            "connections = 3\n[relay]\nurl = \"smtps://localhost:{port}\"\nca_file = \"{authority}\"\nuser = \"u\"\n\
             password_file = \"{password}\"\n"
        ),
    );
    incident
}

fn set_mode(incident: &Incident, name: &str, mode: u32) {
    std::fs::set_permissions(incident.file(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

fn script(certificate: &Certificate) -> Script {
    Script::new(OFFERS).protected(Protection::Implicit(certificate.clone())).login("u", PASSWORD)
}

/// Starts a DNS server that knows nothing, for tests that are not about the DNS.
fn empty_dns() -> (DnsServer, String) {
    let dns = DnsServer::start([], Manner::Answers).unwrap();
    let address = dns.address().to_string();
    (dns, address)
}

fn doctor(incident: &Incident, more: &[&str]) -> Run {
    let run = incident.json("doctor", more);
    assert!(!run.stdout.contains("correct horse") && !run.stderr.contains("correct horse"), "the password is out");
    assert!(!incident.file("out").exists(), "doctor writes nothing");
    run
}

/// Returns the mark of each observation about `about`, and all that is said of them.
#[track_caller]
fn of(report: &Value, about: &str) -> (Vec<String>, String) {
    let seen = report["observations"].as_array().unwrap().iter().filter(|seen| seen["about"] == about);
    let seen: Vec<_> = seen.collect();
    assert!(!seen.is_empty(), "nothing about {about} in {report}");
    let marks = seen.iter().map(|seen| seen["mark"].as_str().unwrap().to_owned()).collect();
    (marks, seen.iter().map(ToString::to_string).collect())
}

#[test]
fn a_relay_that_is_as_it_should_be_gets_no_more_than_a_look() {
    let certificate = Certificate::new(Flaw::None);
    let relay = Relay::start(script(&certificate)).unwrap();
    let dns = DnsServer::start(good_records(), Manner::Answers).unwrap();
    let incident = incident(&relay, &certificate);
    let server = dns.address().to_string();
    let report = doctor(&incident, &["--dns", &server, "--dkim-selector", "s1"]).exits(0).json();
    assert_eq!((&report["broken"], &report["exit"]), (&json!(0), &json!(0)), "{report}");
    let relay_and_dns = report["observations"].as_array().unwrap().iter().filter(|seen| {
        let about = seen["about"].as_str().unwrap();
        about.starts_with("relay.") || about.starts_with("dns.")
    });
    let not_ok: Vec<_> = relay_and_dns.filter(|seen| seen["mark"] != "ok").collect();
    assert!(not_ok.is_empty(), "{not_ok:?}");
    assert!(of(&report, "relay.certificate").1.contains("for localhost, 127.0.0.1; valid until"), "{report}");
    assert!(of(&report, "relay.chain").1.contains("test authority"), "{report}");
    assert!(of(&report, "relay.connections").1.contains("3 of 3"), "{report}");
    assert_eq!(of(&report, "dns.dmarc").0.len(), 2, "both senders are asked for");
    assert!(count(&report["ok"]) > 20, "{report}");

    // What the relay got: nothing in clear, a transaction of each sender to itself, and never DATA.
    let said: Vec<String> =
        relay.protected().iter().map(|octets| String::from_utf8_lossy(octets).into_owned()).collect();
    assert_eq!(said.len(), 3, "one line for each connection of delivery.toml");
    let first = said.iter().find(|said| said.contains("MAIL")).unwrap();
    let commands: Vec<_> =
        first.lines().filter(|line| !line.starts_with("AUTH") && !line.starts_with("EHLO")).collect();
    assert_eq!(
        commands,
        [
            "MAIL FROM:<bounce+doctor@bounces.kestrel-lane.example>",
            "RCPT TO:<privacy@kestrel-lane.example>",
            "RSET",
            "MAIL FROM:<bounce+doctor@bounces.kestrel-lane-uk.example>",
            "RCPT TO:<privacy@kestrel-lane-uk.example>",
            "RSET",
            "QUIT",
        ]
    );
    assert_eq!((relay.times(At::Data), relay.times(At::Mail), relay.received().len()), (0, 2, 0));

    let run = incident.run("doctor", &["--dns", &server, "--dkim-selector", "s1"]).exits(0);
    run.says(&["Relay smtps://localhost", "Domain kestrel-lane.example", "This machine", "  ok      ", "0 broken"]);
}

#[test]
fn what_the_relay_refuses_is_broken_and_exits_7() {
    let refusals: [(At, &str, &str); 5] = [
        (At::Greeting, "554 5.7.1 not from there", "relay.connection"),
        (At::Ehlo, "550 5.7.1 bad name", "relay.connection"),
        (At::Auth, "535 5.7.8 no such login", "relay.auth"),
        (At::Mail, "553 5.7.1 not in that name", "relay.mail"),
        (At::Rcpt, "554 5.7.1 relay access denied", "relay.rcpt"),
    ];
    let certificate = Certificate::new(Flaw::None);
    let (_server, dns) = empty_dns();
    for (at, text, about) in refusals {
        let relay = Relay::start(script(&certificate).always(at, Act::say(text))).unwrap();
        let report = doctor(&incident(&relay, &certificate), &["--dns", &dns]).exits(7).json();
        let (marks, said) = of(&report, about);
        assert!(marks.contains(&"broken".to_owned()) && said.contains(text), "{about}: {report}");
        assert_eq!((relay.times(At::Data), relay.received().len()), (0, 0), "{about}");
    }
}

#[test]
fn a_relay_that_is_not_there_or_not_trusted_exits_7_and_gets_no_password() {
    let certificate = Certificate::new(Flaw::None);
    let (_server, dns) = empty_dns();
    for (flaw, word) in
        [(Flaw::Expired, "has expired"), (Flaw::OtherName, "not for localhost"), (Flaw::SelfSigned, "CA:TRUE")]
    {
        let bad = Certificate::new(flaw);
        let relay = Relay::start(script(&bad)).unwrap();
        let report = doctor(&incident(&relay, &bad), &["--dns", &dns]).exits(7).json();
        assert!(of(&report, "relay.connection").1.contains(word), "{report}");
        assert_eq!(relay.times(At::Auth) + relay.times(At::Mail), 0);
    }
    let relay = Relay::start(script(&certificate)).unwrap();
    let incident = incident(&relay, &certificate);
    drop(relay);
    let run = incident.run("doctor", &["--dns", &dns]).exits(7);
    run.says(&["BROKEN  at connect: ", "would end with exit 7", "next: look at host"]);
}

#[test]
fn what_a_relay_lacks_is_said_with_what_it_means() {
    let certificate = Certificate::new(Flaw::None);
    // It serves two lines, offers nothing, and refuses the sender's mailbox for now.
    let script =
        Script::new([]).protected(Protection::Implicit(certificate.clone())).on(|moment| match moment.at {
            At::Greeting if moment.times >= 2 => Some(Act::say("421 4.7.0 too many connections")),
            At::Rcpt => Some(Act::say("450 4.2.0 greylisted")),
            _ => None,
        });
    let relay = Relay::start(script).unwrap();
    let incident = incident(&relay, &certificate);
    incident.replace("delivery.toml", "user = \"u\"\n", "");
    let text = incident.read("delivery.toml");
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("password_file")).collect();
    incident.write("delivery.toml", lines.join("\n"));
    let dns = DnsServer::start(good_records(), Manner::Answers).unwrap();
    let report = doctor(&incident, &["--dns", &dns.address().to_string()]).exits(0).json();
    for about in ["relay.pipelining", "relay.dsn", "relay.rcpt", "relay.connections"] {
        assert_eq!(of(&report, about).0[0], "look", "{about}: {report}");
    }
    let (_, lines) = of(&report, "relay.connections");
    assert!(
        lines.contains("2 of 3") && lines.contains("421 4.7.0") && lines.contains("set connections = 2"),
        "{lines}"
    );
    assert_eq!(of(&report, "relay.size").0, ["ok"]);
}

#[test]
fn the_dns_is_judged_and_what_is_broken_there_exits_1() {
    let records = [
        ("bounces.kestrel-lane.example", txt("v=spf1 -all")),
        ("bounces.kestrel-lane.example", Record::Mx(0, ".".to_owned())),
        ("_dmarc.kestrel-lane.example", txt("v=DMARC1; p=none")),
        ("s1._domainkey.kestrel-lane.example", txt("v=DKIM1; p=")),
    ];
    let dns = DnsServer::start(records, Manner::Answers).unwrap();
    let incident = Incident::example(crate::harness::OCTOBER);
    let words = ["--dns", &dns.address().to_string(), "--dkim-selector", "s1"];
    let report = doctor(&incident, &words).exits(1).json();
    for (about, marks) in [
        ("dns.spf", ["look", "broken"]),
        ("dns.dkim", ["broken", "broken"]),
        ("dns.dmarc", ["look", "look"]),
        ("dns.bounces", ["broken", "broken"]),
    ] {
        let mut found = of(&report, about).0;
        found.sort_unstable();
        let mut marks = marks.map(str::to_owned);
        marks.sort_unstable();
        assert_eq!(found, marks, "{about}: {report}");
    }
    incident.run("doctor", &["--dns", "nowhere"]).exits(2);
}

#[test]
fn a_rehearsal_has_no_relay_to_look_at_and_the_machine_is_looked_at() {
    let incident = Incident::example(crate::harness::OCTOBER);
    set_mode(&incident, "affected.csv", 0o644);
    let dns = DnsServer::start([], Manner::Fails).unwrap();
    let dns = dns.address().to_string();
    let report = doctor(&incident, &["--dns", &dns]).exits(0).json();
    // A DNS that does not answer is said not to, and is no failure.
    assert_eq!(of(&report, "dns.spf").0, ["look", "look"]);
    assert!(of(&report, "dns.spf").1.contains("the DNS does not answer"), "{report}");
    assert!(of(&report, "relay.inbox").1.contains("nobody is told"), "{report}");
    assert!(of(&report, "machine.files").1.contains("the list has mode 0644"), "{report}");
    for about in ["machine.clock", "machine.disk", "machine.open_files"] {
        of(&report, about);
    }
    // What a run would refuse is broken here, too.
    incident.run("notify", &["--dry-run"]).exits(0);
    set_mode(&incident, "out", 0o755);
    let report = incident.json("doctor", &["--dns", &dns]).exits(1).json();
    assert!(of(&report, "machine.files").0.contains(&"broken".to_owned()), "{report}");
    assert!(of(&report, "machine.files").1.contains("chmod 700"), "{report}");
}

#[test]
fn a_password_that_others_can_read_is_not_used() {
    let certificate = Certificate::new(Flaw::None);
    let relay = Relay::start(script(&certificate)).unwrap();
    let incident = incident(&relay, &certificate);
    set_mode(&incident, "password", 0o640);
    let (_server, dns) = empty_dns();
    let report = doctor(&incident, &["--dns", &dns]).exits(7).json();
    assert!(of(&report, "relay.password").1.contains("chmod 600"), "{report}");
    assert_eq!(of(&report, "relay.auth").0, ["look"]);
    assert_eq!(relay.times(At::Auth), 0);
}

#[test]
fn inputs_that_are_refused_exit_3_and_connect_to_nobody() {
    let certificate = Certificate::new(Flaw::None);
    let relay = Relay::start(script(&certificate)).unwrap();
    let incident = incident(&relay, &certificate);
    let delivery = incident.read("delivery.toml");
    incident.write("delivery.toml", "relay = 7\n");
    doctor(&incident, &[]).exits(3).warns(&["delivery.toml"]);
    incident.remove("delivery.toml");
    doctor(&incident, &[]).exits(3).hints();
    incident.write("delivery.toml", delivery);
    incident.replace("incident.toml", "legal_name = \"Kestrel Lane Books Inc.\"\n", "");
    doctor(&incident, &[]).exits(3).warns(&["incident.toml", "legal_name"]);
    assert_eq!(relay.times(At::Connect), 0);
}
