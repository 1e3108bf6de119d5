//! One worker: one line at most, one notice at a time, in a loop of asking the engine and doing what it says.

use crate::{
    dial::LineFacts,
    driver::{Shared, StopSignal},
    ended::Ended,
    envelope::Envelope,
    session::{Session, Transacted},
};
use forthwith_core::{
    engine::{End, Failure, Line, Next},
    message::{Message, gate},
    notice::{Claimed, Entry, Particulars},
    state::Happening,
    verdict::{Answer, Stage},
};
use forthwith_ledger::Append;
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

/// How long a line may be idle: relays close idle lines, and a notice should not be the one to find out.
const IDLE_MAX: Duration = Duration::from_secs(5);
/// The longest wait before the engine is asked again, whatever it said: a clock that is set forward is noticed.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// A worker and its line.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    stop: watch::Receiver<StopSignal>,
    session: Option<Session>,
    idle_since: Instant,
}

impl Worker {
    /// Returns a worker without a line.
    pub(crate) fn new(shared: Arc<Shared>, stop: watch::Receiver<StopSignal>) -> Self {
        Self { shared, stop, session: None, idle_since: Instant::now() }
    }

    /// Works until the engine says that the run is over, and returns why it is.
    pub(crate) async fn run(mut self) -> Ended {
        loop {
            match self.next().await {
                Next::Attempt(claimed) => self.attempt(*claimed).await,
                Next::Dial(number) => self.dial(number).await,
                Next::Refill(want) => self.shared.refill(want).await,
                Next::GiveUp(offered_by) => self.shared.give_up(offered_by).await,
                Next::Record(entries) => self.shared.append_entries(entries),
                Next::WaitUntil(_) | Next::WaitForReport => {}
                Next::Done => return self.leave(Ended::Done).await,
                Next::Stop(stop) => return self.leave(stop.into()).await,
            }
        }
    }

    async fn leave(mut self, ended: Ended) -> Ended {
        self.hang_up().await;
        ended
    }

    fn line(&self) -> Line {
        if self.session.is_some() { Line::Open } else { Line::Closed }
    }

    /// Returns what to do next, having waited where the engine says so. A line that was idle too long is
    /// closed meanwhile.
    async fn next(&mut self) -> Next {
        let next = self.shared.ask(self.line());
        if !is_wait(&next) {
            return next;
        }
        let shared = Arc::clone(&self.shared);
        let mut changed = std::pin::pin!(shared.changed());
        changed.as_mut().enable();
        // Asked again: what changed before the line above would not be heard of.
        let next = self.shared.ask(self.line());
        let wait = match &next {
            Next::WaitUntil(until) => until_then(self.shared.now(), *until),
            Next::WaitForReport => WAIT_MAX,
            _ => return next,
        };
        let idle_left = self.session.as_ref().map(|_| IDLE_MAX.saturating_sub(self.idle_since.elapsed()));
        tokio::select! {
            () = changed => {}
            () = sleep(wait.min(idle_left.unwrap_or(WAIT_MAX))) => {}
        }
        if self.session.is_some() && self.idle_since.elapsed() >= IDLE_MAX {
            self.hang_up().await;
        }
        next
    }

    async fn dial(&mut self, number: u64) {
        let dialled = tokio::select! {
            biased;
            dialled = self.shared.dialer.dial(number) => dialled,
            () = cut(&mut self.stop) => Err(Failure::judged(Stage::Connect, Answer::Lost("stopped".to_owned()))),
        };
        let outcome = match dialled {
            Ok((session, facts)) => {
                self.shared.append_event("connected", self.facts_of(number, &facts), None);
                self.session = Some(session);
                self.idle_since = Instant::now();
                Ok(())
            }
            Err(failure) => {
                self.record_failure(number, &failure);
                Err(failure)
            }
        };
        self.shared.dialled(outcome);
    }

    fn facts_of(&self, number: u64, facts: &LineFacts) -> BTreeMap<&'static str, String> {
        let mut map = BTreeMap::from([
            ("connection", number.to_string()),
            ("relay", self.shared.relay.clone()),
            ("address", facts.address.to_string()),
            ("tls", facts.tls.as_ref().map_or_else(|| "none".to_owned(), |tls| tls.version.clone())),
        ]);
        if let Some(certificate) = facts.tls.as_ref().and_then(|tls| tls.certificate) {
            map.insert("certificate", certificate.to_string());
        }
        map
    }

    fn record_failure(&self, number: u64, failure: &Failure) {
        let mut facts = BTreeMap::from([
            ("connection", number.to_string()),
            ("relay", self.shared.relay.clone()),
            ("stage", failure.stage.to_string()),
        ]);
        let private = match &failure.answer {
            Answer::Reply(reply) => {
                facts.insert("code", reply.code.to_string());
                Some(reply.raw.clone())
            }
            Answer::Lost(why) => {
                facts.insert("why", why.clone());
                None
            }
        };
        self.shared.append_event("relay-failed", facts, private);
    }

    /// Attempts one notice, and reports what came of it.
    async fn attempt(&mut self, mut claimed: Claimed) {
        let mut session = self.session.take().expect("an attempt is given only to a worker whose line is open");
        let connection = session.number();
        if !session.prepare().await {
            // An old line may have been closed for its age; a new one was not.
            let why = Answer::Lost("the relay closed the line before anything was attempted".to_owned());
            let failure = Failure::judged(Stage::Ehlo, why);
            let end = if session.is_new() { End::DeadLine(failure) } else { End::Untouched };
            self.shared.report(connection, claimed, end);
            self.shared.hung_up();
            return;
        }
        let date = claimed.date.unwrap_or_else(|| whole_seconds(self.shared.now()));
        let end = match self.make(&claimed, date) {
            Ok(message) => {
                let end = self.offer(&mut session, &claimed, date, &message).await;
                // From its first offer on, it is given up some day.
                claimed.date = Some(date);
                end
            }
            Err(ended) => {
                self.shared.end(ended);
                End::Untouched
            }
        };
        self.shared.report(connection, claimed, end);
        self.idle_since = Instant::now();
        self.session = Some(session);
        if self.session.as_ref().is_some_and(|session| !session.is_usable() || session.is_worn()) {
            self.hang_up().await;
        }
    }

    /// Makes the message, and refuses one that is not what was planned or may not go to a socket.
    fn make(&self, claimed: &Claimed, date: Timestamp) -> Result<Message, Ended> {
        let token = || claimed.token.clone();
        let message = (self.shared.render)(claimed, date)
            .map_err(|failure| Ended::RenderFailed { token: token(), why: failure.to_string() })?;
        if message.content != claimed.content {
            return Err(Ended::ContentChanged { token: token() });
        }
        gate(&message.bytes).map_err(|refusal| Ended::GateRefused { token: token(), why: refusal.to_string() })?;
        if !envelope(claimed, &message).is_sound() {
            let why = "its return path is not one plain address".to_owned();
            return Err(Ended::GateRefused { token: token(), why });
        }
        Ok(message)
    }

    /// Runs the transaction, and appends the offer as MAIL goes out.
    async fn offer(&mut self, session: &mut Session, claimed: &Claimed, date: Timestamp, message: &Message) -> End {
        let particulars = Particulars {
            offer: Some((date, message.wire_digest())),
            connection: Some(session.number()),
            ..Particulars::default()
        };
        let shared = Arc::clone(&self.shared);
        shared.progress.in_flight.fetch_add(1, Relaxed);
        let offer = || {
            shared.progress.attempts.fetch_add(1, Relaxed);
            let at = shared.now();
            shared.engine().mail_written(claimed, at);
            let (notice, token, happening) = (claimed.notice, claimed.token.clone(), Happening::Offered);
            shared.recorder.append(Append::Notice(Entry { notice, token, at, happening, particulars }))
        };
        let envelope = envelope(claimed, message);
        let transacted = tokio::select! {
            biased;
            transacted = session.transact(&envelope, &message.bytes, offer) => Some(transacted),
            () = cut(&mut self.stop) => None,
        };
        shared.progress.in_flight.fetch_sub(1, Relaxed);
        match transacted {
            Some(Transacted::Answered(stage, answer)) => {
                if let Answer::Lost(why) = &answer {
                    self.record_unreadable(session, claimed, stage, why);
                }
                End::Answered(stage, answer)
            }
            Some(Transacted::Fenced) => {
                shared.end(Ended::Fenced);
                End::Unrecorded
            }
            Some(Transacted::Unrecorded(stopped)) => {
                shared.end(Ended::RecordingStopped(stopped));
                End::Unrecorded
            }
            None => End::CutShort(session.cut_stage()),
        }
    }

    /// Records what came instead of a reply, for whoever has to find out what became of the notice.
    fn record_unreadable(&self, session: &Session, claimed: &Claimed, stage: Stage, why: &str) {
        let unreadable = session.take_unreadable();
        if unreadable.is_empty() {
            return;
        }
        let facts = BTreeMap::from([
            ("connection", session.number().to_string()),
            ("notice", claimed.token.to_string()),
            ("stage", stage.to_string()),
            ("why", why.to_owned()),
        ]);
        self.shared.append_event("unreadable", facts, Some(unreadable));
    }

    async fn hang_up(&mut self) {
        if let Some(session) = self.session.take() {
            session.quit().await;
            self.shared.hung_up();
        }
    }
}

fn envelope<'a>(claimed: &'a Claimed, message: &'a Message) -> Envelope<'a> {
    Envelope {
        return_path: &message.return_path,
        recipient: &claimed.recipient.address,
        token: &claimed.token,
        octets: message.bytes.len(),
    }
}

fn is_wait(next: &Next) -> bool {
    matches!(next, Next::WaitUntil(_) | Next::WaitForReport)
}

/// Resolves when lines are to be cut at once.
async fn cut(stop: &mut watch::Receiver<StopSignal>) {
    if stop.wait_for(|signal| *signal == StopSignal::Now).await.is_err() {
        // Whoever could have stopped the run is gone.
        std::future::pending::<()>().await;
    }
}

fn until_then(now: Timestamp, then: Timestamp) -> Duration {
    // A millisecond more: timers are no finer, and waking early would only ask in vain.
    let left = Duration::try_from(then.duration_since(now)).unwrap_or_default() + Duration::from_millis(1);
    left.min(WAIT_MAX)
}

/// Returns `at` without its fraction of a second: a Date field has none.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
