//! What comes from outside, mutated: real samples of messages, lists, logs and exports, changed at random from a seed,
//! go through the gate, the reading of lists and the reading of what relays record.
//!
//! Nothing panics, and each reader's own invariant holds: those are in `outside/`. Samples unchanged come first. Not
//! guided by coverage: the fuzz targets of `fuzz/` are. The wall holds here too: seed and size are constants, and
//! every run tries the same.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on fails, and says at what")]

mod outside;

/// From where mutations are drawn.
const SEED: u64 = 7;
/// Mutations of a message, a list, a log and an export: each takes a few seconds in a debug build.
const MUTATIONS: [u64; 4] = [30_000, 700, 1_000, 1_000];
/// The most changes to one sample.
const CHANGES_MAX: u64 = 8;
/// The most octets of one mutation: long lines are reached by repeating.
const OCTETS_MAX: usize = 8_192;

const MESSAGES: [&str; 2] = [
    "From: a@example.org\r\nTo: \"A B\"\r\n <b@example.net>\r\nDate: x\r\nMessage-ID: <1@x>\r\nSubject: s\r\n\
     MIME-Version: 1.0\r\n\r\nbody\r\n\r\n.\r\nmore\r\n",
    "Date: x\r\nFROM: a@b.test\r\nto: c@d.test\r\nMessage-ID: <2@x>\r\nSubject: a\r\n\tb\r\nMIME-Version: 1.0\r\nX: y\r\n\r\n",
];
const LISTS: [&str; 3] = [
    "id,email,name,country,region,data\n1,ada@example.org,\"Ada, L.\",US,CA,email;phone\n2,,Ben,GB,,\n",
    "\u{feff}id;email;name\r\n1;a@b.example;Jürgen, der\r\n2;c@d.example;\"Łu;\"\"kasz\"\r\n\r\n",
    "email\njo@bücher.example\njo@bücher.example\nnot an address\n",
];
const LOGS: [&str; 2] = [
    "Nov 23 12:00:00 relay postfix/smtpd[7]: connect from unknown[127.0.0.1]\n\
     Nov 23 12:00:01 relay postfix/smtpd[7]: C56F699011D: client=unknown[127.0.0.1]\n\
     Nov 23 12:00:01 relay postfix/cleanup[8]: C56F699011D: message-id=<aaaaaaaaaaaaaaaa.acme@example.org>\n\
     Nov 23 12:00:01 relay postfix/qmgr[9]: C56F699011D: from=<b+x@example.org>, size=288, nrcpt=1 (queue active)\n\
     Nov 23 12:00:01 relay postfix/smtpd[7]: disconnect from unknown[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 commands=4\n\
     Nov 23 12:00:01 relay postfix/qmgr[9]: C56F699011D: removed\n",
    "Nov 23 12:00:00 relay postfix/smtpd[7]: connect from unknown[127.0.0.1]\n\
     Nov 23 12:00:01 relay postfix/smtpd[7]: C32B499011C: client=unknown[127.0.0.1]\n\
     2026-11-23T12:00:02+00:00 relay postfix/smtpd[7]: lost connection after DATA (79 bytes) from unknown[127.0.0.1]\n\
     Nov 23 12:00:02 relay postfix/smtpd[7]: disconnect from unknown[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4\n\
     Nov 23 12:00:02 relay postfix/cleanup[8]: C32B499011C: message-id=<aaaaaaaaaaaaaaaa.acme@example.org>\n\
     Nov 23 12:05:00 relay postfix/anvil[3]: statistics: max connection rate 1/60s\n",
];
const EXPORTS: [&str; 2] = [
    "{\"eventType\":\"Send\",\"mail\":{\"timestamp\":\"2026-11-23T12:00:00Z\",\"messageId\":\"0100018f3c2a-aaaaaaaa-000000\",\
     \"headers\":[{\"name\":\"X-Forthwith-ID\",\"value\":\"aaaaaaaaaaaaaaaa\"}]},\"send\":{}}\n\
     {\"eventType\":\"Bounce\",\"mail\":{\"timestamp\":\"2026-11-23T12:00:00Z\",\"messageId\":\"0100018f3c2a-aaaaaaaa-000000\",\
     \"headers\":[{\"name\":\"X-Forthwith-ID\",\"value\":\"aaaaaaaaaaaaaaaa\"}]},\"bounce\":{\"bounceType\":\"Permanent\",\
     \"timestamp\":\"2026-11-23T12:00:05Z\",\"bouncedRecipients\":[{\"diagnosticCode\":\"smtp; 550 5.1.1 gone\"}]}}\n",
    "[{\"Type\":\"Notification\",\"Message\":\"{\\\"notificationType\\\":\\\"Delivery\\\",\\\"mail\\\":{\\\"messageId\\\":\
     \\\"0100018f3c2a-bbbbbbbb-000000\\\"},\\\"delivery\\\":{\\\"timestamp\\\":\\\"2026-11-23T12:00:03Z\\\"}}\"}]",
];
/// Pieces that mean something to one of the targets.
const PIECES: [&[u8]; 20] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n.\r\n",
    b"\0",
    b"\"",
    b"\"\"",
    b",",
    b";",
    b"\xff",
    b"\xef\xbb\xbf",
    b"Cc: x@y.test\r\n",
    b"To: z@y.test\r\n",
    b": ",
    b"(queue active)",
    b"C56F699011D: ",
    b"\\\"",
    b"{\"mail\":",
    b"]}",
    b"\"eventType\":\"Complaint\",",
];

/// xorshift64* (Vigna 2016): a seed gives the same mutations everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit.max(1)).unwrap()
    }

    fn place(&mut self, octets: &[u8]) -> usize {
        self.below(octets.len() as u64 + 1)
    }

    /// Flips a bit, or puts in, takes out, repeats or moves a piece.
    fn change(&mut self, octets: &mut Vec<u8>) {
        let (one, other) = (self.place(octets), self.place(octets));
        let (start, end) = (one.min(other), one.max(other).min(one.min(other) + 64));
        match self.below(6) {
            0 if start < octets.len() => octets[start] ^= 1 << self.below(8),
            // At the begin of a line, where there is one more: that is where pieces mean most.
            1 => {
                let start =
                    octets[start..].iter().position(|octet| *octet == b'\n').map_or(start, |at| start + at + 1);
                drop(octets.splice(start..start, PIECES[self.below(PIECES.len() as u64)].to_vec()));
            }
            2 => drop(octets.drain(start..end)),
            3 => {
                let piece = octets[start..end].repeat(1 + self.below(20));
                drop(octets.splice(other.min(octets.len())..other.min(octets.len()), piece));
            }
            4 => octets.truncate(one.max(other)),
            _ => octets.extend_from_slice(&b"x".repeat(self.below(1_100))),
        }
        octets.truncate(OCTETS_MAX);
    }
}

/// Tries each sample as it is, and then mutations of them; what fails is said as it is.
fn mutate(count: u64, samples: &[&str], target: impl Fn(&[u8])) {
    let mut chance = Chance(SEED);
    for sample in samples {
        target(sample.as_bytes());
    }
    for number in 0..count {
        let mut octets = samples[chance.below(samples.len() as u64)].as_bytes().to_vec();
        for _ in 0..=chance.below(CHANGES_MAX) {
            chance.change(&mut octets);
        }
        let said = Said(number, &octets);
        target(&octets);
        drop(said);
    }
}

/// Says the mutation at which a target panics.
struct Said<'a>(u64, &'a [u8]);

impl Drop for Said<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("mutation {}: {}", self.0, self.1.escape_ascii());
        }
    }
}

#[test]
fn a_mutated_message_is_judged_as_the_rules_say() {
    mutate(MUTATIONS[0], &MESSAGES, outside::message);
}

#[test]
fn every_row_of_a_mutated_list_has_one_fate_and_always_the_same() {
    mutate(MUTATIONS[1], &LISTS, outside::list);
}

#[test]
fn a_mutated_log_proves_only_what_its_own_lines_say() {
    mutate(MUTATIONS[2], &LOGS, outside::postfix_log);
}

#[test]
fn a_mutated_export_proves_only_what_its_own_events_say() {
    mutate(MUTATIONS[3], &EXPORTS, outside::events);
}
