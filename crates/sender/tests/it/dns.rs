//! The DNS as a sender's domains see it: records, no records, no name, no answer, and an answer that says nothing.

use forthwith_core::doctor::{Domain, Mx, Seen};
use forthwith_sender::{Dns, SenderDomains};
use forthwith_testkit::dns::{DnsServer, Manner, Record};

fn look_up(server: &DnsServer, from: &str, selectors: &[&str]) -> Domain {
    let sender = SenderDomains { from: from.to_owned(), return_path: format!("bounces.{from}") };
    let selectors: Vec<_> = selectors.iter().map(|&selector| selector.to_owned()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let dns = Dns::new(Some(server.address()));
    runtime.block_on(dns.look_up(&sender, &selectors))
}

fn txt(text: &str) -> Record {
    Record::Txt(text.to_owned())
}

#[test]
fn records_are_read_whole_and_the_next_policy_is_found() {
    let long = format!("v=DKIM1; p={}", "A".repeat(700));
    let records = [
        ("bounces.news.example.org", txt("v=spf1 include:relay.test -all")),
        ("bounces.news.example.org", Record::Mx(20, "mx2.example.org.".to_owned())),
        ("bounces.news.example.org", Record::Mx(10, "mx1.example.org.".to_owned())),
        ("s1._domainkey.news.example.org", txt(&long)),
        ("_dmarc.example.org", txt("v=DMARC1; p=reject")),
        ("example.org", Record::A("192.0.2.7".parse().unwrap())),
    ];
    let server = DnsServer::start(records, Manner::Answers).unwrap();
    let seen = look_up(&server, "news.example.org", &["s1", "s2"]);
    assert_eq!(seen.spf, Seen::Found(vec!["v=spf1 include:relay.test -all".to_owned()]));
    assert_eq!(
        seen.keys,
        [("s1".to_owned(), Seen::Found(vec![long])), ("s2".to_owned(), Seen::NoName)],
        "a key of several strings is one text"
    );
    assert_eq!(seen.keys_exist, Seen::Nothing, "there is a name below it");
    let policy = |text: &str| Seen::Found(vec![text.to_owned()]);
    assert_eq!(
        seen.policies,
        [
            ("_dmarc.news.example.org".to_owned(), Seen::NoName),
            ("_dmarc.example.org".to_owned(), policy("v=DMARC1; p=reject"))
        ]
    );
    let mx = |preference, host: &str| Mx { preference, host: host.to_owned() };
    assert_eq!(seen.exchangers, Seen::Found(vec![mx(20, "mx2.example.org"), mx(10, "mx1.example.org")]));
    assert_eq!(seen.address, Seen::Nothing);
    assert!(!server.asked().iter().any(|asked| asked.starts_with("_dmarc.org.")), "a registry is not asked");
}

#[test]
fn a_null_mx_and_an_address_are_told_apart_and_no_name_is_no_record() {
    let records = [
        ("bounces.example.org", Record::Mx(0, ".".to_owned())),
        ("bounces.example.org", Record::A("192.0.2.7".parse().unwrap())),
    ];
    let server = DnsServer::start(records, Manner::Answers).unwrap();
    let seen = look_up(&server, "example.org", &[]);
    assert_eq!(seen.exchangers, Seen::Found(vec![Mx { preference: 0, host: String::new() }]));
    assert_eq!((seen.address, seen.spf), (Seen::Found(()), Seen::Nothing));
    assert_eq!(seen.keys_exist, Seen::NoName);
    let other = look_up(&server, "example.net", &[]);
    assert_eq!((other.exchangers, other.address), (Seen::NoName, Seen::NoName));
}

#[test]
fn a_server_that_fails_or_is_silent_settles_nothing() {
    let record = [("bounces.example.org", txt("v=spf1 -all"))];
    let fails = DnsServer::start(record.clone(), Manner::Fails).unwrap();
    let Seen::Silent(why) = look_up(&fails, "example.org", &[]).spf else { panic!("SERVFAIL settles nothing") };
    assert!(why.contains("SERVFAIL"), "{why}");
    let silent = DnsServer::start(record, Manner::Silent).unwrap();
    let seen = look_up(&silent, "example.org", &["s1"]);
    for seen in [&seen.spf, &seen.keys[0].1, &seen.policies[0].1] {
        assert!(matches!(seen, Seen::Silent(why) if why.contains("nobody answers at 127.0.0.1")), "{seen:?}");
    }
    assert!(matches!(seen.exchangers, Seen::Silent(_)) && matches!(seen.address, Seen::Silent(_)));
    // Silence is waited for once, and not for every record.
    assert_eq!(silent.asked().len(), 2, "one question, asked twice: {:?}", silent.asked());
}
