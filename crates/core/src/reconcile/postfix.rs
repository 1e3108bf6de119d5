//! Follows a Postfix's log line by line: queue ids from `client=` to `removed`, sessions from `connect` to
//! `disconnect`.
//!
//! Only what concerns our notices is kept, and lines only of those in doubt. Queue ids come again, so each
//! `client=` begins a new stay.

use super::{
    Found, LINE_OCTETS_MAX, LogReading,
    line::Line,
    onward::Onward,
    session::{Ending, Session, taken},
};
use crate::notice::Token;
use jiff::{Timestamp, tz::TimeZone};
use std::collections::{BTreeMap, BTreeSet};

/// Stays in the queue, and sessions, that are followed at once: a busy relay has thousands under way.
const FOLLOWED_MAX: usize = 200_000;
/// Octets of lines kept for one stay or session: a few dozen lines.
const EVIDENCE_OCTETS_MAX: usize = 16_384;
/// Octets of a queue id; long ones have 20.
const QUEUE_ID_OCTETS_MAX: usize = 32;

/// What is known before a log is read.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The incident's id, as it stands in each Message-ID.
    pub incident: String,
    /// The notices in doubt.
    pub doubts: BTreeSet<Token>,
    /// The zone of the relay's clock, for lines that name none.
    pub zone: TimeZone,
    /// When the log is read: no line is of a later year.
    pub read_at: Timestamp,
}

/// A log that is being read.
#[derive(Debug)]
pub struct PostfixLog {
    settings: LogSettings,
    reading: LogReading,
    /// The stay that a queue id means now, by host, instance and queue id.
    current: BTreeMap<(String, String, String), u64>,
    stays: BTreeMap<u64, Stay>,
    /// The session that a process holds now, by host and process.
    open: BTreeMap<(String, String), u64>,
    sessions: BTreeMap<u64, Tracked>,
    next: u64,
}

#[derive(Debug)]
struct Stay {
    queue_id: String,
    session: Option<u64>,
    owner: Owner,
    is_active: bool,
    lines: Vec<u8>,
    onward: Option<Onward>,
}

/// Whose message it is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    Unknown,
    Ours(Token),
    Other,
}

#[derive(Debug)]
struct Tracked {
    session: Session,
    /// Whether its process still holds it.
    is_open: bool,
    /// Stays that still hold it.
    stays: usize,
}

impl PostfixLog {
    /// Begins a log.
    pub fn new(settings: LogSettings) -> Self {
        let reading = LogReading {
            lines: 0,
            understood: 0,
            span: None,
            others: 0,
            onward: BTreeMap::new(),
            found: BTreeMap::new(),
            ends: BTreeMap::new(),
            is_whole: true,
        };
        Self {
            settings,
            reading,
            current: BTreeMap::new(),
            stays: BTreeMap::new(),
            open: BTreeMap::new(),
            sessions: BTreeMap::new(),
            next: 0,
        }
    }

    /// Reads the next line, without its line end. Octets past [`LINE_OCTETS_MAX`] are not looked at.
    pub fn line(&mut self, octets: &[u8]) {
        self.reading.lines += 1;
        let octets = &octets[..octets.len().min(LINE_OCTETS_MAX)];
        let text = String::from_utf8_lossy(octets);
        let Some(line) = Line::parse(&text, &self.settings.zone, self.settings.read_at) else { return };
        self.reading.understood += 1;
        if let Some(at) = line.at {
            self.note_time(line.host, at);
        }
        match line.program {
            "smtpd" => self.smtpd(&line, octets),
            "cleanup" => self.cleanup(&line, octets),
            "pickup" => self.pickup(&line),
            "qmgr" => self.qmgr(&line, octets),
            _ => self.delivery(&line),
        }
    }

    /// Ends the log.
    pub fn finish(mut self) -> LogReading {
        let stays: Vec<u64> = self.stays.keys().copied().collect();
        for number in stays {
            self.leave(number);
        }
        self.reading
    }

    fn note_time(&mut self, host: &str, at: Timestamp) {
        self.reading.span = Some(self.reading.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        let ends = &mut self.reading.ends;
        if let Some(end) = ends.get_mut(host) {
            *end = at.max(*end);
        } else if ends.len() < FOLLOWED_MAX {
            ends.insert(host.to_owned(), at);
        } else {
            self.reading.is_whole = false;
        }
    }

    fn smtpd(&mut self, line: &Line<'_>, octets: &[u8]) {
        let process = (line.host.to_owned(), line.process.to_owned());
        if line.text.starts_with("connect from ") {
            if let Some(old) = self.open.remove(&process) {
                self.close(old);
            }
            if self.is_full() {
                return;
            }
            let host = line.host.to_owned();
            let session = Session { host, begin: line.at, ending: None, active: 0, lines: evidence(octets) };
            let number = self.number();
            self.sessions.insert(number, Tracked { session, is_open: true, stays: 0 });
            self.open.insert(process, number);
            return;
        }
        let Some(open) = self.open.get(&process).copied() else { return };
        if let Some((queue_id, rest)) = queue_id(line.text) {
            if rest.starts_with("client=") {
                self.begin_stay(line, queue_id, Some(open), octets);
            }
            return;
        }
        let Some(tracked) = self.sessions.get_mut(&open) else { return };
        keep(&mut tracked.session.lines, octets);
        if line.text.starts_with("disconnect from ") {
            tracked.session.ending = line.at.map(|at| Ending { at, taken: taken(line.text) });
            self.open.remove(&process);
            self.close(open);
        }
    }

    fn cleanup(&mut self, line: &Line<'_>, octets: &[u8]) {
        let Some((queue_id, rest)) = queue_id(line.text) else { return };
        let Some(message_id) = rest.strip_prefix("message-id=") else { return };
        let owner = self.token(message_id).map_or(Owner::Other, Owner::Ours);
        self.reading.others += u64::from(owner == Owner::Other);
        let nameless = |number: &u64| self.stays.get(number).is_some_and(|stay| stay.owner == Owner::Unknown);
        // Without one: a message of the relay's own under a queue id that was free again, or one whose beginning
        // is not in the log. What is known of the queue id is then of an earlier stay.
        let found = self.find(line, queue_id).filter(nameless);
        let Some(number) = found.or_else(|| self.begin_stay(line, queue_id, None, b"")) else { return };
        if let Some(stay) = self.stays.get_mut(&number) {
            stay.owner = owner;
            keep(&mut stay.lines, octets);
        }
    }

    /// A message from the relay's own machine begins under a queue id that was free again.
    fn pickup(&mut self, line: &Line<'_>) {
        let Some((queue_id, _)) = queue_id(line.text) else { return };
        if let Some(old) = self.current.remove(&key(line, queue_id)) {
            self.leave(old);
        }
    }

    fn qmgr(&mut self, line: &Line<'_>, octets: &[u8]) {
        let Some((queue_id, rest)) = queue_id(line.text) else { return };
        let Some(number) = self.find(line, queue_id) else { return };
        let Some(stay) = self.stays.get_mut(&number) else { return };
        if rest == "removed" {
            self.current.remove(&key(line, queue_id));
            self.leave(number);
        } else if rest.starts_with("from=<") && rest.ends_with(" (queue active)") {
            keep(&mut stay.lines, octets);
            // What was deferred becomes active again, and counts once.
            let is_first = !std::mem::replace(&mut stay.is_active, true);
            if let Some(tracked) = stay.session.and_then(|session| self.sessions.get_mut(&session)) {
                tracked.session.active += u32::from(is_first);
            }
        }
    }

    fn delivery(&mut self, line: &Line<'_>) {
        let Some((queue_id, rest)) = queue_id(line.text) else { return };
        let Some(number) = self.find(line, queue_id) else { return };
        let Some(stay) = self.stays.get_mut(&number).filter(|stay| matches!(stay.owner, Owner::Ours(_))) else {
            return;
        };
        if let Some(onward) = Onward::parse(rest, line.at) {
            stay.onward = Some(onward);
        }
    }

    /// Reads `<TOKEN.INCIDENT@DOMAIN>`, the Message-ID of a notice of this incident.
    fn token(&self, message_id: &str) -> Option<Token> {
        let inner = message_id.strip_prefix('<')?.strip_suffix('>')?;
        let (local, domain) = inner.split_once('@')?;
        let (token, incident) = local.split_once('.')?;
        let is_domain = !domain.is_empty() && !domain.contains(['@', ' ', '<', '>']);
        if incident != self.settings.incident || !is_domain {
            return None;
        }
        Token::parse(token)
    }

    fn begin_stay(&mut self, line: &Line<'_>, queue_id: &str, session: Option<u64>, octets: &[u8]) -> Option<u64> {
        if let Some(old) = self.current.remove(&key(line, queue_id)) {
            self.leave(old);
        }
        if self.is_full() {
            return None;
        }
        let number = self.number();
        let lines = if octets.is_empty() { Vec::new() } else { evidence(octets) };
        let (queue_id, owner) = (queue_id.to_owned(), Owner::Unknown);
        self.current.insert(key(line, &queue_id), number);
        self.stays.insert(number, Stay { queue_id, session, owner, is_active: false, lines, onward: None });
        if let Some(tracked) = session.and_then(|session| self.sessions.get_mut(&session)) {
            tracked.stays += 1;
        }
        Some(number)
    }

    /// Takes a stay off the list, and keeps what concerns us.
    fn leave(&mut self, number: u64) {
        let Some(stay) = self.stays.remove(&number) else { return };
        let session = stay.session.and_then(|session| self.sessions.get(&session));
        if let Owner::Ours(token) = stay.owner {
            if self.settings.doubts.contains(&token) {
                let mut lines = session.map(|tracked| tracked.session.lines.clone()).unwrap_or_default();
                lines.extend_from_slice(&stay.lines);
                let session = session.map(|tracked| tracked.session.clone());
                let found = Found { queue_id: stay.queue_id, is_active: stay.is_active, lines, session };
                self.reading.found.entry(token.clone()).or_default().push(found);
            }
            if let Some(onward) = stay.onward {
                self.reading.onward.insert(token, onward);
            }
        }
        if let Some(session) = stay.session {
            if let Some(tracked) = self.sessions.get_mut(&session) {
                tracked.stays -= 1;
            }
            self.forget_if_free(session);
        }
    }

    fn close(&mut self, session: u64) {
        if let Some(tracked) = self.sessions.get_mut(&session) {
            tracked.is_open = false;
        }
        self.forget_if_free(session);
    }

    fn forget_if_free(&mut self, session: u64) {
        if self.sessions.get(&session).is_some_and(|tracked| tracked.stays == 0 && !tracked.is_open) {
            self.sessions.remove(&session);
        }
    }

    fn find(&self, line: &Line<'_>, queue_id: &str) -> Option<u64> {
        self.current.get(&key(line, queue_id)).copied()
    }

    fn is_full(&mut self) -> bool {
        let is_full = self.stays.len() + self.sessions.len() >= FOLLOWED_MAX;
        self.reading.is_whole &= !is_full;
        is_full
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

fn key(line: &Line<'_>, queue_id: &str) -> (String, String, String) {
    (line.host.to_owned(), line.instance.to_owned(), queue_id.to_owned())
}

/// Splits `QID: REST`.
fn queue_id(text: &str) -> Option<(&str, &str)> {
    let (queue_id, rest) = text.split_once(": ")?;
    let is_one = (1..=QUEUE_ID_OCTETS_MAX).contains(&queue_id.len())
        && queue_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_one.then_some((queue_id, rest))
}

fn evidence(octets: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    keep(&mut lines, octets);
    lines
}

fn keep(lines: &mut Vec<u8>, octets: &[u8]) {
    if lines.len() + octets.len() < EVIDENCE_OCTETS_MAX {
        lines.extend_from_slice(octets);
        lines.push(b'\n');
    }
}
