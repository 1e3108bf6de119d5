//! What a log proves, in the words of a real Postfix 3.7: cut before the dot, at it, and every way to be unsure.

use super::*;
use jiff::tz::TimeZone;

const TOKEN: &str = "aaaaaaaaaaaaaaaa";
const OTHER: &str = "bbbbbbbbbbbbbbbb";
const SKEW: SignedDuration = SignedDuration::from_secs(30);
/// The message was cut before its dot; `message-id=` comes last, as measured.
const BEFORE_DOT: &str = "\
12:00:00 smtpd[7]: connect from unknown[127.0.0.1]
12:00:01 smtpd[7]: C32B499011C: client=unknown[127.0.0.1]
12:00:02 smtpd[7]: lost connection after DATA (79 bytes) from unknown[127.0.0.1]
12:00:02 smtpd[7]: disconnect from unknown[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4
12:00:02 cleanup[8]: C32B499011C: message-id=<aaaaaaaaaaaaaaaa.acme@example.org>
";
const AT_DOT: &str = "\
12:00:00 smtpd[7]: connect from unknown[127.0.0.1]
12:00:01 smtpd[7]: C56F699011D: client=unknown[127.0.0.1]
12:00:01 cleanup[8]: C56F699011D: message-id=<aaaaaaaaaaaaaaaa.acme@example.org>
12:00:01 qmgr[9]: C56F699011D: from=<bounce+x@example.org>, size=288, nrcpt=1 (queue active)
12:00:01 smtpd[7]: disconnect from unknown[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 commands=4
12:00:01 virtual[5]: C56F699011D: to=<b@y.test>, relay=virtual, delay=0.02, delays=0.01/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)
12:00:01 qmgr[9]: C56F699011D: removed
";
const GOES_ON: &str = "12:05:00 anvil[3]: statistics: max connection rate 1/60s\n";

fn at(text: &str) -> Timestamp {
    format!("2026-11-23T{text}Z").parse().unwrap()
}

fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}

/// Reads a log whose lines lack day, host and `postfix/`.
fn read(log: &str) -> LogReading {
    let full = log.lines().map(|line| {
        let (time, rest) = line.split_once(' ').unwrap();
        format!("Nov 23 {time} relay postfix/{rest}\n")
    });
    read_as_it_is(full.collect::<String>().as_bytes())
}

fn read_as_it_is(log: &[u8]) -> LogReading {
    let mut reading = PostfixLog::new(LogSettings {
        incident: "acme".to_owned(),
        doubts: [token(TOKEN)].into(),
        zone: TimeZone::UTC,
        read_at: at("13:00:00"),
    });
    log.split(|octet| *octet == b'\n').for_each(|line| reading.line(line));
    reading.finish()
}

fn doubt() -> Doubt {
    Doubt { token: token(TOKEN), offers: vec![at("12:00:01")], lost_at: Some(at("12:00:02")) }
}

fn conclude(log: &str) -> Conclusion {
    read(log).conclude(&doubt(), SKEW)
}

/// Returns `log` without the lines that hold `word`.
fn without(log: &str, word: &str) -> String {
    log.split_inclusive('\n').filter(|line| !line.contains(word)).collect()
}

#[track_caller]
fn stays(log: &str, why: WhyOpen) {
    assert_eq!(conclude(log), Conclusion::Open(why), "{log}");
}

#[test]
fn what_became_active_was_accepted_and_went_on() {
    let reading = read(AT_DOT);
    let Conclusion::Accepted(proof) = reading.conclude(&doubt(), SKEW) else { panic!("it was accepted") };
    assert_eq!(proof.queue_id, "C56F699011D");
    let lines = String::from_utf8(proof.lines.expose().clone()).unwrap();
    assert!(lines.contains("(queue active)") && lines.contains("message-id=") && lines.contains("disconnect"));
    assert!(!format!("{proof:?}").contains("active"), "lines may name people");
    let onward = &reading.onward[&token(TOKEN)];
    assert_eq!((onward.passage, &*onward.relay, onward.at), (Passage::PassedOn, "virtual", Some(at("12:00:01"))));
    // Acceptance needs nothing but its own lines: neither the session nor what follows.
    assert!(matches!(conclude(&without(AT_DOT, "smtpd")), Conclusion::Accepted(_)));
}

#[test]
fn a_message_id_without_queue_active_is_no_acceptance() {
    let log = BEFORE_DOT.to_owned() + GOES_ON;
    let Conclusion::NotAccepted(proof) = conclude(&log) else { panic!("{:?}", conclude(&log)) };
    assert_eq!(proof.queue_id, "C32B499011C");
    assert_eq!(String::from_utf8(proof.lines.expose().clone()).unwrap().lines().count(), 5);
    // Nobody noted when the run was killed: the session's end is enough.
    let killed = Doubt { lost_at: None, ..doubt() };
    assert!(matches!(read(&log).conclude(&killed, SKEW), Conclusion::NotAccepted(_)));
}

#[test]
fn earlier_messages_of_the_session_are_counted() {
    let before = format!(
        "12:00:00 smtpd[7]: 111: client=u[127.0.0.1]\n\
         12:00:00 cleanup[8]: 111: message-id=<{OTHER}.acme@example.org>\n\
         12:00:00 qmgr[9]: 111: from=<x@y>, size=2, nrcpt=1 (queue active)\n\
         12:00:00 qmgr[9]: 111: removed\n"
    );
    let (connect, rest) = BEFORE_DOT.split_once('\n').unwrap();
    let log = format!("{connect}\n{before}{rest}{GOES_ON}");
    stays(&log, WhyOpen::CountsDiffer);
    let counted = log.replace("data=0/1", "data=1/2");
    assert!(matches!(conclude(&counted), Conclusion::NotAccepted(_)));
    // Its line is lost, as a log that drops lines in a rush does.
    stays(&counted.replace("(queue active)", "(dropped)"), WhyOpen::CountsDiffer);
}

#[test]
fn what_the_log_does_not_show_whole_stays_in_doubt() {
    let log = BEFORE_DOT.to_owned() + GOES_ON;
    let without = |word| without(&log, word);
    stays("", WhyOpen::NoTrace);
    stays(&without("message-id="), WhyOpen::NoTrace);
    stays(&log.replace("acme@", "other@"), WhyOpen::NoTrace);
    stays(BEFORE_DOT, WhyOpen::EndsTooSoon);
    stays(&log.replace("12:05:00", "12:00:31"), WhyOpen::EndsTooSoon);
    stays(&without(" connect from"), WhyOpen::SessionOpen);
    stays(&without("client="), WhyOpen::SessionOpen);
    stays(&without("disconnect from"), WhyOpen::SessionOpen);
    stays(&log.replace(" ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4", ""), WhyOpen::NotCounted);
    // The relay took it, and the line that says so is lost: or it is on hold.
    stays(&log.replace("data=0/1", "data=1"), WhyOpen::CountsDiffer);
    // Another host goes on.
    let elsewhere = read_as_it_is(
        (BEFORE_DOT.lines())
            .map(|line| line.split_once(' ').unwrap())
            .map(|(time, rest)| format!("Nov 23 {time} relay postfix/{rest}\n"))
            .chain(["Nov 23 12:05:00 other postfix/anvil[1]: x\n".to_owned()])
            .collect::<String>()
            .as_bytes(),
    );
    assert_eq!(elsewhere.conclude(&doubt(), SKEW), Conclusion::Open(WhyOpen::EndsTooSoon));
}

#[test]
fn the_session_must_be_that_of_the_last_offer() {
    let reading = read(&(BEFORE_DOT.to_owned() + GOES_ON));
    let offered = |offers: &[&str]| {
        let offers = offers.iter().map(|offer| at(offer)).collect();
        reading.conclude(&Doubt { offers, lost_at: None, ..doubt() }, SKEW)
    };
    assert_eq!(offered(&["12:03:00"]), Conclusion::Open(WhyOpen::OtherTime));
    assert_eq!(offered(&["11:50:00"]), Conclusion::Open(WhyOpen::OtherTime));
    assert_eq!(offered(&[]), Conclusion::Open(WhyOpen::OtherTime));
    // Two offers at about that time, and one session: which of them is it?
    assert_eq!(offered(&["12:00:00", "12:00:01"]), Conclusion::Open(WhyOpen::OtherOffer));
    assert!(matches!(offered(&["11:00:00", "12:00:01"]), Conclusion::NotAccepted(_)));
}

#[test]
fn a_queue_id_that_comes_again_is_another_message() {
    let active = "12:01:00 qmgr[9]: C32B499011C: from=<x@y>, size=2, nrcpt=1 (queue active)\n";
    for begin in [
        "12:01:00 smtpd[7]: connect from u[::1]\n12:01:00 smtpd[7]: C32B499011C: client=u[::1]\n",
        "12:01:00 pickup[6]: C32B499011C: uid=0 from=<root>\n",
        "12:01:00 cleanup[8]: C32B499011C: message-id=<20261123@relay>\n",
    ] {
        let log = format!("{BEFORE_DOT}{begin}{active}{GOES_ON}");
        assert!(matches!(conclude(&log), Conclusion::NotAccepted(_)), "{log}");
    }
}

#[test]
fn a_message_cannot_say_that_it_was_accepted() {
    for forged in [
        "12:01:00 cleanup[8]: C32B499011C: warning: header Subject: x: from=<x@y>, size=2, nrcpt=1 (queue active)\n",
        "12:01:00 smtpd[8]: C32B499011C: from=<x@y>, size=2, nrcpt=1 (queue active)\n",
        "12:01:00 qmgr[9]: C32B499011C: from=<(queue active)>, status=expired, returned to sender\n",
        "12:01:00 qmgr[9]: 77: message-id=<aaaaaaaaaaaaaaaa.acme@example.org>\n",
    ] {
        let log = format!("{BEFORE_DOT}{forged}{GOES_ON}");
        assert!(!matches!(conclude(&log), Conclusion::Accepted(_)), "{log}");
    }
    let other = AT_DOT.replace(
        "message-id=<aaaaaaaaaaaaaaaa.acme@example.org>",
        "message-id=<aaaaaaaaaaaaaaaa.acme@example.org> and <x@y>",
    );
    stays(&other, WhyOpen::NoTrace);
}

#[test]
fn the_last_stay_tells_what_became_of_a_message() {
    let again = AT_DOT
        .replace("C56F699011D", "D00")
        .replace("12:00", "12:10")
        .replace("status=sent (delivered to maildir)", "status=bounced (user unknown)");
    let reading = read(&(AT_DOT.to_owned() + &again));
    assert_eq!(reading.onward[&token(TOKEN)].passage, Passage::Returned);
}

#[test]
fn hostile_octets_are_read_over() {
    let good = BEFORE_DOT.lines().map(|line| {
        let (time, rest) = line.split_once(' ').unwrap();
        format!("Nov 23 {time} relay postfix/{rest}\n")
    });
    let mut log = b"\xff\xfe\0\x1b[2J\r\nNov 23 12:00:00 relay postfix/smtpd[7]: \xff\n".to_vec();
    log.extend(std::iter::repeat_n(b'x', 3 * LINE_OCTETS_MAX));
    log.push(b'\n');
    log.extend(good.collect::<String>().as_bytes());
    log.extend("Nov 23 12:09:00 relay postfix/smtpd[9]: \u{202e}\n: : :\n[]: \n".as_bytes());
    let reading = read_as_it_is(&log);
    assert!(matches!(reading.conclude(&doubt(), SKEW), Conclusion::NotAccepted(_)));
}

proptest::proptest! {
    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        read_as_it_is(&octets);
    }

    /// However lines are lost, what a session did not take is never called accepted, nor the other way round.
    #[test]
    fn lost_lines_never_turn_a_conclusion(lost in proptest::collection::vec(proptest::bool::ANY, 8)) {
        let left = |log: &str| -> String {
            let lines = log.split_inclusive('\n').zip(&lost).filter(|(_, lost)| !**lost);
            lines.map(|(line, _)| line).collect::<String>() + GOES_ON
        };
        let is_accepted = matches!(conclude(&left(BEFORE_DOT)), Conclusion::Accepted(_));
        let is_refused = matches!(conclude(&left(AT_DOT)), Conclusion::NotAccepted(_));
        proptest::prop_assert!(!is_accepted && !is_refused);
    }
}
