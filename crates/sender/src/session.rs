//! One open line to a relay, and one transaction at a time over it.
//!
//! The order that never changes: the offer is appended as MAIL goes out; content and dot leave only when 354
//! was read and the offer is durable. It concludes nothing but where a transaction ended; the core judges.

use crate::{envelope::Envelope, extensions::Extensions, wire::Tap};
use forthwith_core::{
    delivery::Timeouts,
    verdict::{Answer, Reply, Stage, Verdict, judge},
};
use forthwith_ledger::{Outcome, Receipt, RecordingStopped};
use lettre::transport::smtp::{Error, client::AsyncSmtpConnection, response::Response};
use std::{error::Error as _, fmt, future::Future, pin::pin, task::Poll, time::Duration};
use tokio::time::{Instant, timeout};

/// Messages over one line where nobody says: bounds what a relay that leaks per message may cost it, and spreads load anew.
const MESSAGES_MAX: u32 = 1_000;
/// How old a line may become: relays and firewalls close older ones at moments of their choice.
const AGE_MAX: Duration = Duration::from_mins(5);
/// What follows a message that ends in CRLF, and ends the transaction.
const FINAL_DOT: &str = ".\r\n";
/// How long a relay may take for RSET; it has nothing to do for it.
const RSET_LIMIT: Duration = Duration::from_secs(20);
/// How long input is read after a failed write: what the relay said is there already, or is lost.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// An open line.
pub(crate) struct Session {
    connection: AsyncSmtpConnection,
    tap: Tap,
    offers: Extensions,
    timeouts: Timeouts,
    number: u64,
    opened: Instant,
    messages: u32,
    messages_max: u32,
    stage: Stage,
    cleanliness: Cleanliness,
}

/// Whether the next transaction may begin. From MAIL on a line is unusable until it is proven clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cleanliness {
    Clean,
    /// A transaction was refused: RSET clears it.
    NeedsReset,
    Unusable,
}

/// Where a transaction ended.
#[derive(Debug)]
pub(crate) enum Transacted {
    /// At this stage, with this answer.
    Answered(Stage, Answer),
    /// Another run has taken over: the dot was not written.
    Fenced,
    /// The offer could not be made durable: the dot was not written.
    Unrecorded(RecordingStopped),
}

/// A command as it goes out, CRLF included. Grouped commands are one.
struct Raw<'a>(&'a str);

impl fmt::Display for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Session {
    /// Returns the session of a line whose EHLO has been answered.
    pub(crate) fn new(
        connection: AsyncSmtpConnection,
        tap: Tap,
        offers: Extensions,
        timeouts: Timeouts,
        number: u64,
        messages_max: Option<u32>,
    ) -> Self {
        Self {
            connection,
            tap,
            offers,
            timeouts,
            number,
            opened: Instant::now(),
            messages: 0,
            messages_max: messages_max.unwrap_or(MESSAGES_MAX),
            stage: Stage::Ehlo,
            cleanliness: Cleanliness::Clean,
        }
    }

    /// Returns the number of the line in its run.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Returns what the relay offers.
    pub(crate) fn offers(&self) -> Extensions {
        self.offers
    }

    /// Returns whether nothing was attempted over the line yet.
    pub(crate) fn is_new(&self) -> bool {
        self.messages == 0
    }

    /// Returns whether the line has served long enough.
    pub(crate) fn is_worn(&self) -> bool {
        self.messages >= self.messages_max || self.opened.elapsed() >= AGE_MAX
    }

    /// Returns whether the last transaction left the line in a state from which another may begin.
    pub(crate) fn is_usable(&self) -> bool {
        self.cleanliness != Cleanliness::Unusable
    }

    /// Proves the line clean, with RSET only after a refused transaction: relays count it as junk.
    ///
    /// A relay that closed the line while it was idle is found out here, before anything is offered.
    pub(crate) async fn prepare(&mut self) -> bool {
        if self.cleanliness == Cleanliness::NeedsReset {
            let answer = self.say(Raw("RSET\r\n"), RSET_LIMIT).await;
            let is_reset = matches!(answer, Answer::Reply(reply) if reply.code == 250);
            self.cleanliness = if is_reset { Cleanliness::Clean } else { Cleanliness::Unusable };
        }
        self.cleanliness == Cleanliness::Clean && self.is_quiet().await
    }

    /// Returns whether the relay has said nothing unasked and not hung up, without waiting.
    async fn is_quiet(&mut self) -> bool {
        let is_silent = poll_once(self.connection.read_response()).await.is_none();
        is_silent && self.tap.is_quiet()
    }

    /// Attempts one notice. `offer` is called once, when MAIL has gone out: it appends the offer, and its receipt
    /// resolves when that is durable. So the time of an offer is never before that of its MAIL, which the limits of
    /// the next run count.
    ///
    /// Dropping the future leaves the line unusable; [`Session::cut_stage`] says how far it had got.
    pub(crate) async fn transact(
        &mut self,
        envelope: &Envelope<'_>,
        message: &[u8],
        offer: impl FnOnce() -> Receipt,
    ) -> Transacted {
        self.cleanliness = Cleanliness::Unusable;
        self.messages += 1;
        let mut receipt = None;
        let announced = self.announce(envelope, || receipt = Some(offer())).await;
        let receipt = receipt.expect("MAIL is said first, whatever comes of it");
        // After a refusal too: a crash then hides at most one MAIL a line from the pace of the next run.
        match receipt.await {
            Ok(Outcome::Durable) => {}
            Ok(Outcome::Fenced) => return Transacted::Fenced,
            Err(stopped) => return Transacted::Unrecorded(stopped),
        }
        if let Err((stage, answer)) = announced {
            return Transacted::Answered(stage, answer);
        }
        // While the offer was synced the relay had nothing to say; if it did, its reply to the dot is another's.
        if !self.is_quiet().await {
            let why = self
                .tap
                .fault()
                .map_or("the relay spoke or hung up before the content".to_owned(), |f| f.to_string());
            return Transacted::Answered(Stage::Data, Answer::Lost(why));
        }
        let (stage, answer) = self.hand_over(message).await;
        Transacted::Answered(stage, answer)
    }

    /// Attempts one message that is no notice: nothing is offered, so that nothing is in doubt afterwards.
    pub(crate) async fn try_out(&mut self, envelope: &Envelope<'_>, message: &[u8]) -> (Stage, Answer) {
        self.cleanliness = Cleanliness::Unusable;
        self.messages += 1;
        match self.announce(envelope, || {}).await {
            Ok(()) => self.hand_over(message).await,
            Err(refused) => refused,
        }
    }

    /// Takes what the relay said last that is no whole reply to anything: evidence, where an answer was lost.
    pub(crate) fn take_unreadable(&self) -> Vec<u8> {
        self.tap.take_unreadable()
    }

    /// Returns the stage at which a transaction stood whose future was dropped.
    pub(crate) fn cut_stage(&self) -> Stage {
        if self.tap.is_dot_out() { Stage::Dot } else { self.stage }
    }

    /// Sends MAIL, RCPT and DATA, grouped where that is offered, up to the 354. The error says where they
    /// were refused or the line was lost.
    async fn announce(
        &mut self,
        envelope: &Envelope<'_>,
        mail_written: impl FnOnce(),
    ) -> Result<(), (Stage, Answer)> {
        let (mail, rcpt) = (envelope.mail(self.offers), envelope.rcpt(self.offers));
        let limits = [
            (Stage::Mail, self.timeouts.mail),
            (Stage::Rcpt, self.timeouts.rcpt),
            (Stage::Data, self.timeouts.data),
        ];
        let is_grouped = self.offers.pipelining;
        let mut mail_written = Some(mail_written);
        for ((stage, limit), command) in limits.into_iter().zip([&mail, &rcpt, "DATA\r\n"]) {
            self.stage = stage;
            let answer = match (stage, is_grouped) {
                (Stage::Mail, true) => {
                    self.tap.expect(3);
                    let group = [&mail, &rcpt, "DATA\r\n"].concat();
                    self.say_and_tell(Raw(&group), limit, mail_written.take()).await
                }
                (_, true) => self.hear(limit).await,
                (_, false) => {
                    self.tap.expect(1);
                    self.say_and_tell(Raw(command), limit, mail_written.take()).await
                }
            };
            if judge(stage, &answer) != Verdict::Good {
                self.settle_refusal(stage, &answer, is_grouped).await;
                return Err((stage, answer));
            }
        }
        Ok(())
    }

    /// Reads what is still due after a refusal at `stage`, and decides whether the line can be used again.
    ///
    /// Where DATA got its 354 although MAIL or RCPT was refused, the only way on is a dot that nobody has
    /// offered: the line is closed instead.
    async fn settle_refusal(&mut self, stage: Stage, answer: &Answer, is_grouped: bool) {
        let mut all_refused = is_plain_refusal(answer);
        if is_grouped {
            for (later, limit) in [(Stage::Rcpt, self.timeouts.rcpt), (Stage::Data, self.timeouts.data)] {
                if later > stage && all_refused {
                    let answer = self.hear(limit).await;
                    all_refused = match later {
                        Stage::Rcpt => matches!(&answer, Answer::Reply(reply) if reply.code != 421),
                        _ => is_plain_refusal(&answer),
                    };
                }
            }
        }
        if all_refused {
            self.cleanliness = Cleanliness::NeedsReset;
        }
    }

    /// Sends content and dot and waits for the reply, and returns where it ended.
    async fn hand_over(&mut self, message: &[u8]) -> (Stage, Answer) {
        self.stage = Stage::Content;
        let content = with_dot(message);
        self.tap.begin_message(content.len() - FINAL_DOT.len());
        self.tap.expect(1);
        let answer = self.send_content(Raw(&content)).await;
        let stage = if self.tap.is_dot_out() { Stage::Dot } else { Stage::Content };
        self.tap.end_message();
        if stage == Stage::Dot && is_final(&answer) {
            // The reply to the dot ends the transaction, whatever it says (RFC 5321 section 4.1.1.4).
            self.cleanliness = Cleanliness::Clean;
        }
        (stage, answer)
    }

    /// Sends content and dot as lettre sends a command, which is exactly what it is given.
    async fn send_content(&mut self, content: Raw<'_>) -> Answer {
        let (content_limit, dot_limit) = (self.timeouts.content, self.timeouts.dot);
        let sent = {
            let mut sending = pin!(self.connection.command(content));
            // What fits into the socket's buffer leaves now, and the time for the dot begins.
            let mut sent = poll_once(sending.as_mut()).await;
            while sent.is_none() {
                let (written, is_dot_out) = (self.tap.written(), self.tap.is_dot_out());
                let limit = if is_dot_out { dot_limit } else { content_limit };
                sent = timeout(limit, sending.as_mut()).await.ok();
                // A block went out in time, or the dot did: the next wait begins.
                if sent.is_none() && self.tap.written() == written {
                    break;
                }
            }
            sent
        };
        let limit = if self.tap.is_dot_out() { dot_limit } else { content_limit };
        self.answer(sent, limit).await
    }

    /// Ends the dialogue politely without waiting for an answer.
    pub(crate) async fn quit(mut self) {
        if self.cleanliness != Cleanliness::Unusable {
            let _ = poll_once(self.connection.command(Raw("QUIT\r\n"))).await;
        }
    }

    /// Sends one command and returns its answer.
    pub(crate) async fn ask(&mut self, command: &str, limit: Duration) -> Answer {
        self.say(Raw(command), limit).await
    }

    async fn say(&mut self, command: Raw<'_>, limit: Duration) -> Answer {
        self.tap.expect(1);
        self.say_and_tell(command, limit, None::<fn()>).await
    }

    /// Sends `command`, calls `written` once it has gone out, and returns the first answer to it.
    async fn say_and_tell(&mut self, command: Raw<'_>, limit: Duration, written: Option<impl FnOnce()>) -> Answer {
        let said = {
            let mut saying = pin!(self.connection.command(command));
            // A command fits into the socket's buffer, so the first poll writes it.
            let first = poll_once(saying.as_mut()).await;
            if let Some(written) = written {
                written();
            }
            match first {
                Some(said) => Some(said),
                None => timeout(limit, saying).await.ok(),
            }
        };
        self.answer(said, limit).await
    }

    /// Returns the next reply to what has been sent already.
    async fn hear(&mut self, limit: Duration) -> Answer {
        if let Some(reply) = self.tap.take_reply() {
            // lettre has not been told of it yet, and its reading must keep step.
            let _ = poll_once(self.connection.read_response()).await;
            return Answer::Reply(reply);
        }
        let heard = timeout(limit, self.connection.read_response()).await.ok();
        self.answer(heard, limit).await
    }

    /// Returns the answer that the wire has seen; `step` is what lettre made of it, `None` where time ran out.
    ///
    /// After a failed write the input is drained: a relay that refuses a message in its middle says so before
    /// it closes.
    async fn answer(&mut self, step: Option<Result<Response, Error>>, limit: Duration) -> Answer {
        if let Some(reply) = self.tap.take_reply() {
            return Answer::Reply(reply);
        }
        let Some(step) = step else {
            return Answer::Lost(format!("no reply within {} s", limit.as_secs_f64()));
        };
        if let Some(fault) = self.tap.fault() {
            return Answer::Lost(fault.to_string());
        }
        let _ = timeout(DRAIN_LIMIT.min(limit), self.connection.read_response()).await;
        match self.tap.take_reply() {
            Some(reply) if reply.code >= 400 => Answer::Reply(reply),
            _ => Answer::Lost(
                self.tap.fault().map_or_else(|| why_lost(step.err().as_ref()), |fault| fault.to_string()),
            ),
        }
    }
}

/// Returns `message` as it goes out: a dot that begins a line is doubled (RFC 5321 section 4.5.2), and the final
/// one follows.
fn with_dot(message: &[u8]) -> String {
    const LINE_WITH_DOT: &str = "\r\n.";
    let message = str::from_utf8(message).expect("the gate passes ASCII alone");
    let mut content = String::with_capacity(message.len() + FINAL_DOT.len());
    if message.starts_with('.') {
        content.push('.');
    }
    // Few messages have such a line, and whether one has is found many octets at a time.
    if message.contains(LINE_WITH_DOT) {
        for piece in message.split_inclusive(LINE_WITH_DOT) {
            content.push_str(piece);
            if piece.ends_with(LINE_WITH_DOT) {
                content.push('.');
            }
        }
    } else {
        content.push_str(message);
    }
    content.push_str(FINAL_DOT);
    content
}

/// Returns why lettre gave up, in words that hold nothing of what was sent.
fn why_lost(error: Option<&Error>) -> String {
    match error.and_then(|error| error.source()).and_then(|source| source.downcast_ref::<std::io::Error>()) {
        Some(cause) => format!("the line broke: {}", cause.kind()),
        None => "the relay closed the line".to_owned(),
    }
}

/// Returns whether `answer` refuses and leaves the line open.
fn is_plain_refusal(answer: &Answer) -> bool {
    matches!(answer, Answer::Reply(reply) if (400..600).contains(&reply.code) && reply.code != 421)
}

/// Returns whether `answer` to the dot ends the transaction and leaves the line open.
fn is_final(answer: &Answer) -> bool {
    matches!(answer, Answer::Reply(Reply { code: 250, .. })) || is_plain_refusal(answer)
}

/// Polls `future` once, and returns its output if it has one already.
async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_that_begins_a_line_is_doubled_and_no_other() {
        for (message, sent) in [
            ("a\r\n", "a\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("a.\r\n.b.\r\n..\r\n\r\n.\r\nc\r\n", "a.\r\n..b.\r\n...\r\n\r\n..\r\nc\r\n.\r\n"),
            (".\r\n.\r\n.\r\n", "..\r\n..\r\n..\r\n.\r\n"),
        ] {
            assert_eq!(with_dot(message.as_bytes()), sent);
        }
    }
}
