//! What must hold of whatever a relay says: a reply is read the same in any pieces, and no words of a relay let a
//! message out that was not offered, or make one accepted that it did not take.
//!
//! Each function is given octets, and panics where its invariant does not hold. The tests below and the fuzz targets
//! of `fuzz/` go through the same ones. The relay lies in memory, so that a silence costs nothing: whoever calls
//! gives a runtime whose clock is paused.

use crate::{
    dial::Dialer,
    envelope::Envelope,
    extensions::Extensions,
    reply::{Fault, LINE_KEPT_MAX, REPLY_OCTETS_MAX, ReplyReader},
    session::{Session, Transacted},
};
use forthwith_core::{
    address::Address,
    delivery::{Login, PasswordSource, Security, Server, Timeouts},
    digest::Digest,
    message::gate,
    notice::{Entry, Particulars, Token},
    private::Private,
    state::Happening,
    verdict::{Answer, Reply, Stage, Verdict, judge},
};
use forthwith_ledger::{Append, Claim, Ledger, LedgerError, Outcome, Receipt, Recorder, StopRequest};
use jiff::Timestamp;
use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

/// Ends what a relay says before we have spoken again: no octet of UTF-8, and so of no sane relay.
pub const TURN: u8 = 0xf8;
/// At the end: the relay falls silent instead of hanging up.
pub const SILENCE: u8 = 0xf9;
/// Of the first octet: another run has taken over, the ledger has failed, we log in.
const FENCED: u8 = 1;
const UNRECORDED: u8 = 2;
const LOGS_IN: u8 = 4;
/// Messages that are tried over one line.
const MESSAGES: usize = 3;
/// How long a dialogue may take at most: every stage of every message to its limit, and more than once for RSET.
const DIALOGUE_MAX: Duration = Duration::from_hours(3);

/// What is handed over, and how it goes out: dots that begin a line doubled, and the final one.
const MESSAGE: &str = "From: a@example.org\r\nTo: b@example.net\r\nDate: x\r\nMessage-ID: <1@x>\r\nSubject: s\r\n\
                       MIME-Version: 1.0\r\n\r\nHello\r\n.\r\n.two\r\n";
const ON_THE_WIRE: &str = "From: a@example.org\r\nTo: b@example.net\r\nDate: x\r\nMessage-ID: <1@x>\r\nSubject: s\r\n\
                           MIME-Version: 1.0\r\n\r\nHello\r\n..\r\n..two\r\n.\r\n";

/// Reads replies from `octets`, the first of which says how many are read at a time.
pub fn replies(octets: &[u8]) {
    let Some((first, octets)) = octets.split_first() else { return };
    let (whole, fault) = read(octets, usize::MAX);
    let (pieces, fault_in_pieces) = read(octets, usize::from(*first) + 1);
    assert_eq!((&whole, fault), (&pieces, fault_in_pieces));
    let mut at = 0;
    for reply in &whole {
        let digits: String = reply.raw.iter().take(3).copied().map(char::from).collect();
        assert_eq!(digits.parse(), Ok(reply.code));
        assert!(reply.raw.len() <= REPLY_OCTETS_MAX);
        for stage in Stage::ALL {
            let verdict = judge(stage, &Answer::Reply(reply.clone()));
            assert!(verdict != Verdict::Good || stage != Stage::Dot || reply.code == 250);
        }
        let _ = (Extensions::read(reply), reply.text());
        // What is kept is what came, but for lines that are cut.
        if octets[at..].starts_with(&reply.raw) {
            at += reply.raw.len();
        } else {
            assert!(reply.raw.len() > LINE_KEPT_MAX, "{:?} is not what came", reply.raw.escape_ascii().to_string());
            return;
        }
    }
}

fn read(octets: &[u8], piece: usize) -> (Vec<Reply>, Option<Fault>) {
    let (mut reader, mut replies) = (ReplyReader::default(), Vec::new());
    for mut piece in octets.chunks(piece.min(octets.len().max(1))) {
        while !piece.is_empty() {
            match reader.take(piece) {
                Ok((taken, line)) => {
                    replies.extend(line.and_then(|line| line.reply));
                    piece = &piece[taken..];
                }
                Err(fault) => return (replies, Some(fault)),
            }
            assert!(reader.unfinished().len() <= REPLY_OCTETS_MAX + 1);
        }
    }
    (replies, None)
}

/// Speaks with a relay that says `octets`: the first is what goes wrong on our side, the others its turns.
pub async fn dialogue(octets: &[u8]) {
    let Some((flags, says)) = octets.split_first() else { return };
    let began = Instant::now();
    let (line, heard) = Line::new(says);
    let dialer = Dialer::new(server(), password(*flags), Timeouts::default()).expect("the settings are sound");
    if let Ok(mut session) = dialer.converse(line, SocketAddr::from((Ipv4Addr::LOCALHOST, 25))).await {
        for _ in 0..MESSAGES {
            if !session.is_usable() || !session.prepare().await {
                break;
            }
            hand_over(&mut session, *flags, &heard).await;
        }
        session.quit().await;
    }
    for exchange in &heard.lock().made {
        let is_command =
            ["EHLO ", "AUTH ", "MAIL FROM:<", "RCPT TO:<", "DATA\r\n", "RSET\r\n", "QUIT\r\n", "dGlt", "dGFu"]
                .iter()
                .any(|verb| exchange.said.starts_with(verb.as_bytes()));
        assert!(is_command || exchange.said == ON_THE_WIRE.as_bytes(), "{:?}", exchange.said.escape_ascii());
    }
    assert!(began.elapsed() <= DIALOGUE_MAX, "a dialogue outlasts its deadlines");
}

/// Hands one message over, and checks what came of it against what went over the line.
async fn hand_over(session: &mut Session, flags: u8, heard: &Heard) {
    let (address, token) = (Address::parse("b@example.net").expect("it is one"), token());
    let envelope =
        Envelope { return_path: "bounce+x@example.org", recipient: &address, token: &token, octets: MESSAGE.len() };
    assert_eq!(gate(MESSAGE.as_bytes()), Ok(()));
    let before = heard.lock().made.len();
    let offer = || {
        // A MAIL counts in the pace of the next run by the time of its offer, which must not lie before it.
        let heard = heard.lock();
        assert!(heard.made[before..].iter().any(|exchange| exchange.said.starts_with(b"MAIL ")), "no MAIL yet");
        receipt(flags)
    };
    let transacted = session.transact(&envelope, MESSAGE.as_bytes(), offer).await;
    let heard = heard.lock();
    let exchanges = &heard.made[before..];
    let dots: Vec<usize> =
        (0..exchanges.len()).filter(|at| exchanges[*at].said == ON_THE_WIRE.as_bytes()).collect();
    let Transacted::Answered(stage, answer) = transacted else {
        assert!(flags & (FENCED | UNRECORDED) != 0 && dots.is_empty(), "a dot without an offer");
        return;
    };
    assert_eq!(flags & (FENCED | UNRECORDED), 0, "an offer that is not durable goes unnoticed");
    assert_eq!(dots.len(), usize::from(stage == Stage::Dot), "{stage:?} {answer:?}");
    if let Some(dot) = dots.first() {
        let before: Vec<u8> = exchanges[..*dot].iter().flat_map(|exchange| exchange.heard.clone()).collect();
        assert!(has_code(&before, b"354"), "a dot without a 354: {:?}", before.escape_ascii().to_string());
    }
    if let Answer::Reply(reply) = &answer {
        let since: Vec<u8> = exchanges.iter().flat_map(|exchange| exchange.heard.clone()).collect();
        let came = since.windows(reply.raw.len()).any(|window| window == reply.raw);
        assert!(came || reply.raw.len() > LINE_KEPT_MAX, "the reply never came: {reply:?}");
    }
    if stage == Stage::Dot && judge(stage, &answer) == Verdict::Good {
        let after = &exchanges[dots[0]].heard;
        assert!(has_code(after, b"250"), "accepted without a 250: {:?}", after.escape_ascii().to_string());
    }
}

/// Returns whether a line begins with `code` and does not go on with a fourth digit.
fn has_code(octets: &[u8], code: &[u8]) -> bool {
    let is_it =
        |line: &[u8]| line.strip_prefix(code).is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_digit));
    octets.split(|octet| *octet == b'\n').any(is_it)
}

fn token() -> Token {
    Token::parse("aaaaaaaaaaaaaaaa").expect("it is one")
}

fn server() -> Server {
    Server {
        host: "127.0.0.1".to_owned(),
        port: 25,
        security: Security::Plaintext,
        allow_plaintext: false,
        ca_file: None,
        login: Some(Login { user: "tim".to_owned(), password: PasswordSource::File(PathBuf::new()) }),
        ehlo_name: Some("mailer.example".to_owned()),
        messages_per_connection: None,
    }
}

fn password(flags: u8) -> Option<Private<String>> {
    (flags & LOGS_IN != 0).then(|| Private::new("tanstaaftanstaaf".to_owned()))
}

/// A ledger that answers all appends alike.
struct Answers(Option<Outcome>);

impl Ledger for Answers {
    fn claim(&mut self, _: usize, _: Timestamp) -> Result<Claim, LedgerError> {
        Ok(Claim::default())
    }

    fn claim_waiting(&mut self, _: usize, _: Timestamp) -> Result<Claim, LedgerError> {
        Ok(Claim::default())
    }

    fn commit(&mut self, entries: &[Append]) -> Result<Vec<Outcome>, LedgerError> {
        let failed =
            || LedgerError::Storage { doing: "write", path: "model".to_owned(), source: "no space left".into() };
        self.0.map(|outcome| vec![outcome; entries.len()]).ok_or_else(failed)
    }

    fn stop_requested(&mut self) -> Result<Option<StopRequest>, LedgerError> {
        Ok(None)
    }
}

/// Appends an offer to the ledger that `flags` asks for. The three live as long as the process.
fn receipt(flags: u8) -> Receipt {
    static RECORDERS: OnceLock<[Recorder; 3]> = OnceLock::new();
    let start = |answers| Recorder::start(Answers(answers)).expect("one more thread can be started").0;
    let all = RECORDERS.get_or_init(|| [Some(Outcome::Durable), Some(Outcome::Fenced), None].map(start));
    let which = if flags & UNRECORDED != 0 { 2 } else { usize::from(flags & FENCED) };
    all[which].append(Append::Notice(Entry {
        notice: 1,
        token: token(),
        at: Timestamp::UNIX_EPOCH,
        happening: Happening::Offered,
        particulars: Particulars {
            offer: Some((Timestamp::UNIX_EPOCH, Digest::of(b"x"))),
            ..Particulars::default()
        },
    }))
}

/// What was said and heard on a line.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Exchanges>>);

#[derive(Default)]
struct Exchanges {
    made: Vec<Exchange>,
    turns: VecDeque<Vec<u8>>,
    due: VecDeque<u8>,
    is_silent: bool,
    waits: Option<Waker>,
}

/// What we said in one go, and what we heard until we spoke again.
#[derive(Default)]
struct Exchange {
    said: Vec<u8>,
    heard: Vec<u8>,
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, Exchanges> {
        self.0.lock().expect("nothing panics while it holds the line")
    }
}

/// A line to a relay that says its turns, whatever it hears.
struct Line {
    heard: Heard,
    saying: Vec<u8>,
}

impl Line {
    fn new(says: &[u8]) -> (Self, Heard) {
        let (says, is_silent) = says.strip_suffix(&[SILENCE]).map_or((says, false), |says| (says, true));
        let mut turns: VecDeque<Vec<u8>> = says.split(|octet| *octet == TURN).map(<[u8]>::to_vec).collect();
        let due = turns.pop_front().unwrap_or_default().into();
        let exchanges = Exchanges { turns, due, is_silent, ..Exchanges::default() };
        let heard = Heard(Arc::new(Mutex::new(exchanges)));
        (Self { heard: heard.clone(), saying: Vec::new() }, heard)
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut line = self.heard.lock();
        if line.due.is_empty() {
            if line.turns.is_empty() && !line.is_silent {
                return Poll::Ready(Ok(()));
            }
            line.waits = Some(context.waker().clone());
            return Poll::Pending;
        }
        let count = line.due.len().min(buffer.remaining());
        let octets: Vec<u8> = line.due.drain(..count).collect();
        buffer.put_slice(&octets);
        if let Some(last) = line.made.last_mut() {
            last.heard.extend(octets);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().saying.extend_from_slice(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let said = std::mem::take(&mut this.saying);
        if !said.is_empty() {
            let mut line = this.heard.lock();
            let turn = line.turns.pop_front().unwrap_or_default();
            line.due.extend(turn);
            line.made.push(Exchange { said, heard: Vec::new() });
            if let Some(waker) = line.waits.take() {
                waker.wake();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPELINED: &[u8] =
        b"\x00220 hi\r\n\xf8250-relay\r\n250-PIPELINING\r\n250 DSN\r\n\xf8250 ok\r\n250 ok\r\n354 go\r\n\
                               \xf8250 taken\r\n\xf8250 ok\r\n550 no\r\n503 no\r\n\xf8250 reset\r\n\xf8250 ok\r\n\
                               250 ok\r\n354 go\r\n\xf8451 later\r\n\xf8221 bye\r\n";
    const ONE_BY_ONE: &[u8] = b"\x04220-hi\r\n220 there\r\n\xf8250-relay\r\n250 AUTH LOGIN\r\n\xf8334 x\r\n\xf8334 y\r\n\
                                \xf8235 ok\r\n\xf8250 ok\r\n\xf8251 ok\r\n\xf8354 go\r\n\xf8554 no\r\n\xf8250 ok\r\n\
                                \xf8250 ok\r\n\xf8354 go\r\n\xf8250 2.0.0 taken\r\n\xf9";

    fn told(octets: &[u8]) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(dialogue(octets));
    }

    fn with_flags(flags: u8, octets: &[u8]) -> Vec<u8> {
        [&[octets[0] | flags], &octets[1..]].concat()
    }

    #[test]
    fn a_dialogue_cut_anywhere_and_spoilt_anywhere_lets_nothing_out() {
        for sample in [PIPELINED, ONE_BY_ONE] {
            told(&with_flags(FENCED, sample));
            told(&with_flags(UNRECORDED, sample));
            for at in 1..sample.len() {
                told(&sample[..at]);
                told(&[&sample[..at], &[SILENCE]].concat());
                for octet in [b'2', b'5', b'\n', TURN] {
                    let mut spoilt = sample.to_vec();
                    spoilt[at] = octet;
                    told(&spoilt);
                }
            }
        }
    }

    #[test]
    fn a_message_that_a_relay_takes_is_accepted() {
        let (line, heard) = Line::new(&PIPELINED[1..]);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let accepted = runtime.block_on(async {
            let dialer = Dialer::new(server(), None, Timeouts::default()).unwrap();
            let mut session = dialer.converse(line, SocketAddr::from((Ipv4Addr::LOCALHOST, 25))).await.unwrap();
            assert!(session.prepare().await);
            hand_over(&mut session, 0, &heard).await;
            let exchanges = &heard.lock().made;
            exchanges.last().is_some_and(|last| last.heard == b"250 taken\r\n")
        });
        assert!(accepted, "the sample reaches a dot");
    }

    #[test]
    fn replies_cut_and_spoilt_anywhere_are_read_alike() {
        let sample =
            b"\x02220 hello\r\n250-one\r\n250 two\r\n250\r\n571 no\n550 5.1.1 inconnu \xe9\r\n999 what\r\n";
        for at in 1..sample.len() {
            replies(&sample[..at]);
            for octet in *b"2-\n\r \0" {
                let mut spoilt = sample.to_vec();
                spoilt[at] = octet;
                replies(&spoilt);
            }
        }
        replies(&[b"\x40550 ".as_slice(), &vec![b'x'; 70_000], b"\r\n"].concat());
        replies(&[b"\x40".as_slice(), &b"250-x\r\n".repeat(200)].concat());
    }
}
