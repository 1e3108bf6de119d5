//! What a relay's greeting, certificate, offers and answers mean for a run.

use super::Observation;
use crate::{
    delivery::{Security, Server},
    engine::Failure,
    verdict::{Answer, Reply, Stage, Verdict, judge},
};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, time::Duration};

/// A certificate that ends sooner is to be renewed before it gets in the way: authorities renew a month ahead.
const EXPIRY_NEAR: SignedDuration = SignedDuration::from_hours(21 * 24);
/// The least that a relay has to take in one message: a long notice in two parts and several languages.
const SIZE_NEEDED: u64 = 256 * 1024;
/// Names of a certificate that are shown.
const NAMES_SHOWN: usize = 5;

/// A certificate, as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// The host names and addresses that it is for.
    pub names: Vec<String>,
    /// The last moment of its validity.
    pub valid_until: Timestamp,
}

/// How a line is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// `TLSv1.3`.
    pub version: String,
    /// What the relay showed, its own first; what cannot be read is left out.
    pub chain: Vec<Certificate>,
}

/// What came of a MAIL and RCPT of the sender to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The domain of the return path that was named in MAIL.
    pub return_path_domain: String,
    /// The domain of the From that was named in RCPT.
    pub from_domain: String,
    /// The answer to MAIL.
    pub mail: Answer,
    /// The answer to RCPT; `None` where MAIL was refused.
    pub rcpt: Option<Answer>,
}

/// What was seen of a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayFacts {
    /// Where it was found: `192.0.2.7:465`.
    pub address: Option<String>,
    /// What it says first.
    pub greeting: Option<Reply>,
    /// How the line is protected; `None` where it is not, or was not reached.
    pub tls: Option<Tls>,
    /// What EHLO offers: keywords in upper case, each with its words. `None` where EHLO was not answered.
    pub offers: Option<BTreeMap<String, Vec<String>>>,
    /// Why no line could be opened; `None` where one was.
    pub failure: Option<Failure>,
    /// Whether the relay took our login.
    pub is_logged_in: bool,
    /// The transactions that were begun and taken back.
    pub probes: Vec<Probe>,
    /// Lines that were open at once.
    pub lines_open: u32,
    /// Why no more were.
    pub line_refused: Option<Failure>,
}

/// Judges what was seen of `server` at `now`, where a run would open `connections` lines and goes on for at most
/// `lasts`.
pub fn relay(
    server: &Server,
    facts: &RelayFacts,
    connections: u32,
    lasts: Duration,
    now: Timestamp,
) -> Vec<Observation> {
    let mut seen = vec![connection(server, facts)];
    seen.extend(protection(server, facts));
    seen.extend(facts.tls.iter().flat_map(|tls| certificates(tls, lasts, now)));
    seen.extend(facts.offers.iter().flat_map(|offers| extensions(server, offers)));
    seen.extend(login(server, facts));
    seen.extend(facts.probes.iter().flat_map(probe));
    seen.extend((facts.lines_open > 0).then(|| lines(facts, connections)));
    seen
}

fn said(answer: &Answer) -> String {
    match answer {
        Answer::Reply(reply) => reply.text(),
        Answer::Lost(why) => why.clone(),
    }
}

fn connection(server: &Server, facts: &RelayFacts) -> Observation {
    let about = "relay.connection";
    let Some(failure) = facts.failure.as_ref().filter(|failure| failure.stage != Stage::Auth) else {
        let address = facts.address.as_deref().unwrap_or("an unknown address");
        return Observation::ok(about, format!("reached at {address}"), "the relay greets us and answers EHLO");
    };
    let found = format!("at {}: {}", failure.stage, said(&failure.answer));
    let to_do = match failure.stage {
        Stage::Connect if matches!(server.security, Security::ImplicitTls) => {
            "look at host, port and certificate; smtps:// is for TLS from the first octet, usually port 465"
        }
        Stage::Connect => "look at host and port in [relay] url, and at firewalls between",
        Stage::Greeting | Stage::Ehlo => "ask the relay's operator whether it serves this machine's address",
        _ => "ask the relay's operator for STARTTLS with a certificate of its name, or use smtps://",
    };
    Observation::broken(about, found, "no line can be opened: `notify` would end with exit 7", to_do)
}

fn protection(server: &Server, facts: &RelayFacts) -> Option<Observation> {
    facts.offers.as_ref()?;
    let about = "relay.tls";
    Some(match (&facts.tls, server.is_loopback()) {
        (Some(tls), _) => Observation::ok(
            about,
            tls.version.clone(),
            "nobody on the way to the relay can read notices or the password",
        ),
        (None, true) => Observation::ok(about, "none, on this machine", "nothing leaves it before the relay does"),
        (None, false) => Observation::look(
            about,
            "none",
            "anybody on the way to the relay can read every notice and address",
            "use smtps:// or smtp+starttls://, and take allow_plaintext out",
        ),
    })
}

fn certificates(tls: &Tls, lasts: Duration, now: Timestamp) -> Vec<Observation> {
    let about = "relay.certificate";
    let Some(own) = tls.chain.first() else {
        return vec![Observation::look(
            about,
            "it is trusted, but cannot be read",
            "when it ends is not known",
            "look at it with another program: openssl s_client",
        )];
    };
    let mut names = own.names.iter().take(NAMES_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if own.names.len() > NAMES_SHOWN {
        names = format!("{names} and {} more", own.names.len() - NAMES_SHOWN);
    }
    let left = own.valid_until.duration_since(now);
    let days = left.as_hours().div_euclid(24);
    let until = own.valid_until.strftime("%Y-%m-%d");
    let found = format!("for {names}; valid until {until} ({days} days left)");
    let lasts = SignedDuration::try_from(lasts).unwrap_or(SignedDuration::MAX);
    let expiry = if left < lasts {
        Observation::look(
            about,
            found,
            "it ends while notices may still be tried: every line after that is refused",
            "have it renewed first",
        )
    } else if left < EXPIRY_NEAR {
        Observation::look(about, found, "it ends soon", "ask whether its renewal is arranged")
    } else {
        Observation::ok(about, found, "it is the relay's, and outlasts the run")
    };
    let issuers: Vec<_> = tls.chain.iter().map(|certificate| certificate.issuer.as_str()).collect();
    let found = format!("issued by {}", issuers.join(", by "));
    vec![expiry, Observation::ok("relay.chain", found, "an authority that this machine trusts stands behind it")]
}

fn extensions(server: &Server, offers: &BTreeMap<String, Vec<String>>) -> Vec<Observation> {
    let mut seen = vec![
        if offers.contains_key("PIPELINING") {
            Observation::ok("relay.pipelining", "PIPELINING is offered", "a notice takes two round trips")
        } else {
            Observation::look(
                "relay.pipelining",
                "PIPELINING is not offered",
                "a notice takes four round trips and not two: the run takes about twice as long where the relay is \
                 far away",
                "nothing, where time allows it; more connections make up for it",
            )
        },
        size(offers),
        if offers.contains_key("DSN") {
            Observation::ok("relay.dsn", "DSN is offered", "reports of what fails later name the notice")
        } else {
            Observation::look(
                "relay.dsn",
                "DSN is not offered",
                "reports cannot be asked for: what fails after the relay comes back in whatever form, or not at all",
                "have the mailbox of the return path read, and ask the relay's operator for its log",
            )
        },
        if offers.contains_key("SMTPUTF8") {
            Observation::ok("relay.smtputf8", "SMTPUTF8 is offered", "it is not used")
        } else {
            Observation::ok("relay.smtputf8", "SMTPUTF8 is not offered", "it is not needed")
        },
    ];
    if let Some(last) = seen.last_mut() {
        last.means += ": who has an address that is not ASCII before the @ is withheld, reason needs-smtputf8";
    }
    if server.security == Security::Plaintext && offers.contains_key("STARTTLS") && !server.is_loopback() {
        seen.push(Observation::look(
            "relay.starttls",
            "STARTTLS is offered, and not used",
            "the line could be protected",
            "write smtp+starttls:// in [relay] url",
        ));
    }
    seen
}

fn size(offers: &BTreeMap<String, Vec<String>>) -> Observation {
    let about = "relay.size";
    let Some(words) = offers.get("SIZE") else {
        return Observation::ok(
            about,
            "SIZE is not offered",
            "a notice that is too long for the relay is refused only after it was handed over",
        );
    };
    match words.first().and_then(|word| word.parse::<u64>().ok()) {
        // 0 stands for no fixed limit (RFC 1870 section 4).
        None | Some(0) => Observation::ok(about, "SIZE is offered without a limit", "length is no concern"),
        Some(limit) if limit < SIZE_NEEDED => Observation::look(
            about,
            format!("messages of at most {limit} octets"),
            "a long notice may be refused: each would be bounced",
            "compare it with the notices in the packet, and ask the relay's operator for more",
        ),
        Some(limit) => Observation::ok(about, format!("messages of at most {limit} octets"), "a notice fits"),
    }
}

fn login(server: &Server, facts: &RelayFacts) -> Option<Observation> {
    let about = "relay.auth";
    if let Some(failure) = facts.failure.as_ref().filter(|failure| failure.stage == Stage::Auth) {
        let found = said(&failure.answer);
        let means = "the relay does not take our login: `notify` would end with exit 7";
        return Some(Observation::broken(about, found, means, "look at user and password; is the account open?"));
    }
    let offers = facts.offers.as_ref()?;
    if facts.is_logged_in {
        return Some(Observation::ok(about, "the login is taken", "the relay knows who we are"));
    }
    if server.login.is_some() {
        let means = "the password could not be read, so the login was not tried";
        return Some(Observation::look(about, "not tried", means, "see the password below"));
    }
    let found = "no login in delivery.toml";
    Some(match offers.get("AUTH") {
        Some(ways) => Observation::look(
            about,
            format!("{found}, and the relay offers AUTH {}", ways.join(" ")),
            "the relay may take mail for strangers from those alone who have logged in",
            "set [relay] user and password_file, unless the relay knows this machine by its address",
        ),
        None => Observation::ok(about, found, "the relay offers none: it knows this machine by its address"),
    })
}

fn probe(probe: &Probe) -> Vec<Observation> {
    let is_good = |stage, answer: &Answer| judge(stage, answer) == Verdict::Good;
    let Probe { return_path_domain, from_domain, mail, rcpt } = probe;
    let found = format!("a return path at {return_path_domain}: {}", said(mail));
    if !is_good(Stage::Mail, mail) {
        let means = "the relay does not let us send in this name: `notify` would end with exit 7";
        let to_do = "have the relay's operator allow the domain, or set return_path_domain to one that is";
        return vec![Observation::broken("relay.mail", found, means, to_do)];
    }
    let mail = Observation::ok("relay.mail", found, "the relay lets us send in this name");
    let Some(rcpt) = rcpt else { return vec![mail] };
    let found = format!("the From's own mailbox at {from_domain}: {}", said(rcpt));
    let about = "relay.rcpt";
    let rcpt = match rcpt {
        _ if is_good(Stage::Rcpt, rcpt) => {
            Observation::ok(about, found, "the relay takes recipients from us; the transaction was taken back")
        }
        Answer::Reply(reply) if reply.code / 100 == 5 => Observation::broken(
            about,
            found,
            "the relay refuses us as a client, or the mailbox that people may answer to is not there",
            "log in, or have this machine allowed; and write to that mailbox yourself",
        ),
        _ => Observation::look(
            about,
            found,
            "the relay refuses it for now; greylisting looks like this",
            "run `forthwith doctor` again in some minutes",
        ),
    };
    vec![mail, rcpt]
}

fn lines(facts: &RelayFacts, connections: u32) -> Observation {
    let about = "relay.connections";
    let open = facts.lines_open;
    if open >= connections {
        let found = format!("{open} of {connections} opened at once");
        return Observation::ok(about, found, "the relay serves as many as delivery.toml asks for");
    }
    let why =
        facts.line_refused.as_ref().map_or_else(String::new, |failure| format!(": {}", said(&failure.answer)));
    Observation::look(
        about,
        format!("{open} of {connections} opened at once{why}"),
        "the relay serves fewer than delivery.toml asks for; a run goes on with those that it gets",
        format!("set connections = {open}"),
    )
}

#[cfg(test)]
mod tests {
    use super::{super::Mark, *};
    use crate::delivery::{Relay, parse_relay};

    const NOW: &str = "2026-11-24T12:00:00Z";

    fn server(url: &str) -> Server {
        let Relay::Server(server) = parse_relay(url).unwrap() else { panic!("{url} is a server") };
        server
    }

    fn reply(text: &str) -> Answer {
        Answer::Reply(Reply::new(text[..3].parse().unwrap(), format!("{text}\r\n").into_bytes()))
    }

    fn offers(lines: &[&str]) -> BTreeMap<String, Vec<String>> {
        let split = |line: &&str| {
            let mut words = line.split(' ').map(str::to_owned);
            (words.next().unwrap(), words.collect())
        };
        lines.iter().map(split).collect()
    }

    fn good() -> RelayFacts {
        let probe = Probe {
            return_path_domain: "bounces.example.org".to_owned(),
            from_domain: "example.org".to_owned(),
            mail: reply("250 2.1.0 ok"),
            rcpt: Some(reply("250 2.1.5 ok")),
        };
        let certificate = Certificate {
            subject: "CN=mail.example.org".to_owned(),
            issuer: "CN=An Authority".to_owned(),
            names: vec!["mail.example.org".to_owned()],
            valid_until: "2027-03-01T00:00:00Z".parse().unwrap(),
        };
        RelayFacts {
            address: Some("192.0.2.7:465".to_owned()),
            greeting: None,
            tls: Some(Tls { version: "TLSv1.3".to_owned(), chain: vec![certificate] }),
            offers: Some(offers(&["PIPELINING", "SIZE 10240000", "DSN", "SMTPUTF8"])),
            failure: None,
            is_logged_in: true,
            probes: vec![probe],
            lines_open: 4,
            line_refused: None,
        }
    }

    fn judged(server: &Server, facts: &RelayFacts) -> Vec<Observation> {
        relay(server, facts, 4, Duration::from_hours(96), NOW.parse().unwrap())
    }

    #[test]
    fn a_good_relay_asks_for_nothing() {
        let seen = judged(&server("smtps://mail.example.org"), &good());
        assert!(seen.iter().all(|seen| seen.mark == Mark::Ok && seen.to_do.is_none()), "{seen:#?}");
        let about: Vec<_> = seen.iter().map(|seen| seen.about).collect();
        assert_eq!(
            about,
            [
                "relay.connection",
                "relay.tls",
                "relay.certificate",
                "relay.chain",
                "relay.pipelining",
                "relay.size",
                "relay.dsn",
                "relay.smtputf8",
                "relay.auth",
                "relay.mail",
                "relay.rcpt",
                "relay.connections"
            ]
        );
        assert!(seen[2].found.contains("mail.example.org; valid until 2027-03-01 (96 days left)"), "{seen:#?}");
        assert!(seen[3].found.contains("An Authority"));
    }

    /// What differs from a good relay, the mark that it gets, and a word of what is found.
    type Row = (&'static str, fn(&mut RelayFacts), Mark, &'static str);

    #[test]
    fn each_fact_has_its_mark() {
        let table: [Row; 15] = [
            ("relay.pipelining", |f| f.offers = Some(offers(&["SIZE"])), Mark::Look, "not offered"),
            ("relay.dsn", |f| f.offers = Some(offers(&["SIZE"])), Mark::Look, "not offered"),
            ("relay.smtputf8", |f| f.offers = Some(offers(&["SIZE"])), Mark::Ok, "not offered"),
            ("relay.size", |f| f.offers = Some(offers(&["SIZE"])), Mark::Ok, "without a limit"),
            ("relay.size", |f| f.offers = Some(offers(&["DSN"])), Mark::Ok, "not offered"),
            ("relay.size", |f| f.offers = Some(offers(&["SIZE 65536"])), Mark::Look, "65536"),
            (
                "relay.certificate",
                |f| f.tls.as_mut().unwrap().chain[0].valid_until = "2026-12-01T00:00:00Z".parse().unwrap(),
                Mark::Look,
                "6 days left",
            ),
            ("relay.certificate", |f| f.tls.as_mut().unwrap().chain.clear(), Mark::Look, "cannot be read"),
            (
                "relay.auth",
                |f| {
                    f.is_logged_in = false;
                    f.failure = Some(Failure::judged(Stage::Auth, reply("535 5.7.8 no")));
                },
                Mark::Broken,
                "535 5.7.8 no",
            ),
            (
                "relay.auth",
                |f| {
                    f.is_logged_in = false;
                    f.offers = Some(offers(&["AUTH PLAIN LOGIN"]));
                },
                Mark::Look,
                "AUTH PLAIN LOGIN",
            ),
            ("relay.auth", |f| f.is_logged_in = false, Mark::Ok, "no login"),
            ("relay.mail", |f| f.probes[0].mail = reply("553 5.7.1 not yours"), Mark::Broken, "553 5.7.1"),
            (
                "relay.rcpt",
                |f| f.probes[0].rcpt = Some(reply("554 5.7.1 relay access denied")),
                Mark::Broken,
                "554",
            ),
            ("relay.rcpt", |f| f.probes[0].rcpt = Some(reply("450 4.2.0 greylisted")), Mark::Look, "450"),
            (
                "relay.connections",
                |f| {
                    f.lines_open = 2;
                    f.line_refused = Some(Failure::judged(Stage::Greeting, reply("421 4.7.0 too many")));
                },
                Mark::Look,
                "2 of 4 opened at once: 421 4.7.0 too many",
            ),
        ];
        for (about, change, mark, found) in table {
            let mut facts = good();
            change(&mut facts);
            let seen = judged(&server("smtps://mail.example.org"), &facts);
            let of_it = seen.iter().find(|seen| seen.about == about).unwrap_or_else(|| panic!("no {about}"));
            assert!(of_it.mark == mark && of_it.found.contains(found), "{about}: {of_it:?}");
            assert_eq!(of_it.to_do.is_some(), mark != Mark::Ok, "what is not ok says what to do: {of_it:?}");
        }
    }

    #[test]
    fn a_line_that_did_not_open_is_all_that_is_said() {
        let nothing = RelayFacts {
            address: None,
            tls: None,
            offers: None,
            failure: Some(Failure::judged(Stage::Connect, Answer::Lost("connection refused".to_owned()))),
            is_logged_in: false,
            probes: Vec::new(),
            lines_open: 0,
            ..good()
        };
        let seen = judged(&server("smtps://mail.example.org"), &nothing);
        assert_eq!(seen.len(), 1);
        assert!(seen[0].mark == Mark::Broken && seen[0].found == "at connect: connection refused", "{seen:?}");
    }

    #[test]
    fn plaintext_is_no_concern_on_this_machine_alone() {
        let facts = RelayFacts { tls: None, offers: Some(offers(&["STARTTLS", "PIPELINING"])), ..good() };
        let marks = |url: &str| {
            let seen = judged(&server(url), &facts);
            let of = |about| seen.iter().find(|seen| seen.about == about).map(|seen| seen.mark);
            (of("relay.tls"), of("relay.starttls"))
        };
        assert_eq!(marks("smtp://127.0.0.1"), (Some(Mark::Ok), None));
        assert_eq!(marks("smtp://mail.example.org"), (Some(Mark::Look), Some(Mark::Look)));
    }
}
