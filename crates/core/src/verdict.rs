//! What we conclude from a relay's answer, or from its silence, at each stage of the dialogue.
//!
//! This is the table of docs/states.md as one function. It does not act: the engine does what it says.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How far a dialogue had got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Opening the TCP connection, and TLS where it comes first.
    Connect,
    /// Waiting for the relay's first reply.
    Greeting,
    /// EHLO.
    Ehlo,
    /// STARTTLS and the handshake after it.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, up to its 354.
    Data,
    /// The message, up to but without the final dot.
    Content,
    /// From the first octet of the final dot to the end of its reply.
    Dot,
}

impl Stage {
    /// Every stage, in the order of the dialogue.
    pub const ALL: [Self; 10] = [
        Self::Connect,
        Self::Greeting,
        Self::Ehlo,
        Self::StartTls,
        Self::Auth,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Content,
        Self::Dot,
    ];
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Content => "content",
            Self::Dot => "final dot",
        })
    }
}

/// An enhanced mail system status code (RFC 3463): class, subject, detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Enhanced(pub u8, pub u16, pub u16);

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A complete reply of the relay.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits as they were sent: 0 to 999.
    pub code: u16,
    /// The enhanced code of its last line, where there is one.
    pub enhanced: Option<Enhanced>,
    /// The raw bytes, line ends included, cut at a named limit by the sender. May hold personal data.
    pub raw: Vec<u8>,
}

impl Reply {
    /// Returns the reply made of `raw` bytes whose last line begins with `code`.
    ///
    /// The enhanced code is read from the text after the digits (RFC 2034 section 4) where its class is
    /// that of the code.
    pub fn new(code: u16, raw: Vec<u8>) -> Self {
        let enhanced = last_line_text(&raw).and_then(parse_enhanced).filter(|e| u16::from(e.0) == code / 100);
        Self { code, enhanced, raw }
    }

    /// Returns the raw bytes as text for people: one line, the code first. Not yet safe for a terminal.
    pub fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.raw);
        text.lines().map(str::trim_end).collect::<Vec<_>>().join(" / ")
    }
}

impl fmt::Debug for Reply {
    /// Shows the digits alone: a reply often quotes the recipient's address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        f.write_str(")")
    }
}

fn last_line_text(raw: &[u8]) -> Option<&str> {
    let line = raw.split(|b| *b == b'\n').rfind(|line| !line.is_empty())?;
    // The enhanced code is ASCII; text after it need not be, and is not looked at.
    let end = line.iter().position(|b| !b.is_ascii()).unwrap_or(line.len());
    std::str::from_utf8(line.get(4..end)?).ok()
}

fn parse_enhanced(text: &str) -> Option<Enhanced> {
    let word = text.split_whitespace().next()?;
    let mut numbers = word.split('.');
    let (class, subject, detail) = (numbers.next()?, numbers.next()?, numbers.next()?);
    if numbers.next().is_some() || !matches!(class, "2" | "4" | "5") {
        return None;
    }
    // RFC 3463 section 2: subject and detail have one to three digits.
    let number = |text: &str| (text.len() <= 3).then(|| text.parse().ok()).flatten();
    Some(Enhanced(class.parse().ok()?, number(subject)?, number(detail)?))
}

/// What came back from the relay at some stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A complete reply.
    Reply(Reply),
    /// The line was closed, reset or silent beyond its limit, or what came is not a reply. The text says which.
    Lost(String),
}

/// What we conclude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The reply is the one that the stage waits for: the dialogue goes on; at the dot, the notice is accepted.
    Good,
    /// The relay cannot take anything now: no notice was judged, the run pauses.
    PauseRelay,
    /// The relay refuses us, not a person: no notice was judged, the run stops with exit 7.
    StopRun,
    /// Nothing was handed over: back to the queue.
    QueuedAgain,
    /// Refused for now: attempted again when due.
    Deferred,
    /// Refused for good.
    Bounced,
    /// The truth is unknown (RFC 1047).
    InDoubt,
}

/// Returns what `answer` at `stage` means.
///
/// At the stages before MAIL, `Good` is any 2yz (and 3yz to AUTH); from MAIL on, exactly the codes of
/// RFC 5321 section 4.3.2: 250; 250 or 251; 354; 250. Any other positive reply there means that the
/// dialogue is out of step, and counts as a lost line.
pub fn judge(stage: Stage, answer: &Answer) -> Verdict {
    let reply = match answer {
        Answer::Lost(_) => return lost(stage),
        Answer::Reply(reply) => reply,
    };
    match reply.code {
        400..=499 => transient(stage),
        500..=599 => permanent(stage, reply),
        code if is_expected(stage, code) => Verdict::Good,
        _ => lost(stage),
    }
}

fn is_expected(stage: Stage, code: u16) -> bool {
    match stage {
        Stage::Connect | Stage::Greeting | Stage::Ehlo | Stage::StartTls => code / 100 == 2,
        Stage::Auth => matches!(code / 100, 2 | 3),
        Stage::Mail | Stage::Dot => code == 250,
        Stage::Rcpt => matches!(code, 250 | 251),
        Stage::Data => code == 354,
        Stage::Content => false,
    }
}

fn lost(stage: Stage) -> Verdict {
    match stage {
        Stage::Connect | Stage::Greeting | Stage::Ehlo | Stage::StartTls | Stage::Auth => Verdict::PauseRelay,
        Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Content => Verdict::QueuedAgain,
        Stage::Dot => Verdict::InDoubt,
    }
}

fn transient(stage: Stage) -> Verdict {
    if stage <= Stage::Mail { Verdict::PauseRelay } else { Verdict::Deferred }
}

fn permanent(stage: Stage, reply: &Reply) -> Verdict {
    if stage <= Stage::Mail {
        return Verdict::StopRun;
    }
    let is_policy = reply.enhanced.is_some_and(|enhanced| enhanced.1 == 7);
    // At RCPT a bare code other than these three says nothing of the mailbox (RFC 5321 section 4.2.3).
    let is_vague = stage == Stage::Rcpt && reply.enhanced.is_none() && !matches!(reply.code, 550 | 551 | 553);
    // 552 at RCPT is to be treated as temporary (RFC 5321 section 4.5.3.1.10).
    let is_full = stage == Stage::Rcpt && reply.code == 552;
    // A complaint about the dialogue itself says nothing of the person (RFC 5321 section 4.2.2, RFC 3463 X.5).
    let is_protocol = (500..=504).contains(&reply.code) && reply.enhanced.is_some_and(|enhanced| enhanced.1 == 5);
    if is_policy || is_vague || is_full || is_protocol { Verdict::Deferred } else { Verdict::Bounced }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Answer {
        Answer::Reply(Reply::new(text[..3].parse().unwrap(), format!("{text}\r\n").into_bytes()))
    }

    #[test]
    fn every_cell_of_the_table() {
        use Stage as S;
        use Verdict as V;
        let lost = Answer::Lost("reset".to_owned());
        for stage in [S::Connect, S::Greeting, S::Ehlo, S::StartTls, S::Auth] {
            for transient in ["421 later", "450 busy", "454 4.7.0 no TLS now"] {
                assert_eq!(judge(stage, &reply(transient)), V::PauseRelay, "{stage}");
            }
            assert_eq!(judge(stage, &reply("535 5.7.8 no")), V::StopRun, "{stage}");
            assert_eq!(judge(stage, &reply("554 no")), V::StopRun, "{stage}");
            assert_eq!(judge(stage, &lost), V::PauseRelay, "{stage}");
            assert_eq!(judge(stage, &reply("220 hi")), V::Good, "{stage}");
        }
        for (stage, text, expected) in [
            (S::Mail, "250 ok", V::Good),
            (S::Mail, "421 bye", V::PauseRelay),
            (S::Mail, "451 later", V::PauseRelay),
            (S::Mail, "550 5.7.1 not you", V::StopRun),
            (S::Mail, "354 go", V::QueuedAgain),
            (S::Rcpt, "250 ok", V::Good),
            (S::Rcpt, "251 will forward", V::Good),
            (S::Rcpt, "252 cannot verify", V::QueuedAgain),
            (S::Rcpt, "421 bye", V::Deferred),
            (S::Rcpt, "450 4.2.1 busy", V::Deferred),
            (S::Rcpt, "550 no such user", V::Bounced),
            (S::Rcpt, "550 5.1.1 no such user", V::Bounced),
            (S::Rcpt, "551 not local", V::Bounced),
            (S::Rcpt, "553 bad name", V::Bounced),
            (S::Rcpt, "552 too many", V::Deferred),
            (S::Rcpt, "552 5.2.2 full", V::Deferred),
            (S::Rcpt, "554 go away", V::Deferred),
            (S::Rcpt, "571 go away", V::Deferred),
            (S::Rcpt, "550 5.7.1 policy", V::Deferred),
            (S::Rcpt, "503 5.5.1 bad sequence", V::Deferred),
            (S::Rcpt, "501 5.1.3 bad address", V::Bounced),
            (S::Rcpt, "550 5.5.0 mailbox unavailable", V::Bounced),
            (S::Dot, "500 5.5.2 syntax", V::Deferred),
            (S::Data, "354 go", V::Good),
            (S::Data, "250 ok", V::QueuedAgain),
            (S::Data, "421 bye", V::Deferred),
            (S::Data, "451 later", V::Deferred),
            (S::Data, "554 no", V::Bounced),
            (S::Data, "554 5.7.1 no", V::Deferred),
            (S::Content, "421 bye", V::Deferred),
            (S::Content, "451 later", V::Deferred),
            (S::Content, "552 5.3.4 too big", V::Bounced),
            (S::Content, "554 5.7.1 spam", V::Deferred),
            (S::Content, "250 ok", V::QueuedAgain),
            (S::Dot, "250 2.0.0 queued", V::Good),
            (S::Dot, "421 bye", V::Deferred),
            (S::Dot, "451 4.3.0 later", V::Deferred),
            (S::Dot, "552 5.3.4 too big", V::Bounced),
            (S::Dot, "554 5.7.1 spam", V::Deferred),
            (S::Dot, "251 hm", V::InDoubt),
            (S::Dot, "354 go", V::InDoubt),
            (S::Dot, "999 hm", V::InDoubt),
        ] {
            assert_eq!(judge(stage, &reply(text)), expected, "{stage}: {text}");
        }
        for stage in [S::Mail, S::Rcpt, S::Data, S::Content] {
            assert_eq!(judge(stage, &lost), V::QueuedAgain, "{stage}");
        }
        assert_eq!(judge(S::Dot, &lost), V::InDoubt);
    }

    #[test]
    fn enhanced_codes_are_read_from_the_last_line_and_must_fit_the_code() {
        let enhanced = |raw: &str| Reply::new(raw[..3].parse().unwrap(), raw.as_bytes().to_vec()).enhanced;
        assert_eq!(enhanced("550 5.1.1 no\r\n"), Some(Enhanced(5, 1, 1)));
        assert_eq!(enhanced("550-5.1.1 first\r\n550 5.7.26 last\r\n"), Some(Enhanced(5, 7, 26)));
        assert_eq!(enhanced("550 5.1.1\r\n"), Some(Enhanced(5, 1, 1)));
        assert_eq!(enhanced("450 5.1.1 mixed\r\n"), None);
        assert_eq!(enhanced("550\r\n"), None);
        assert_eq!(enhanced("550 5.1 short\r\n"), None);
        assert_eq!(enhanced("550 1.2.3.4 an address\r\n"), None);
        let latin = Reply::new(550, b"550 5.1.1 inconnu \xe9\r\n".to_vec());
        assert_eq!(latin.enhanced, Some(Enhanced(5, 1, 1)));
        assert!(!format!("{latin:?}").contains("inconnu"));
    }
}
