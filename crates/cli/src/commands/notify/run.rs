//! The run itself: password, signals, progress, delivery, and the end of the record.

use super::{Ready, backlog, ending};
use crate::{
    approvals,
    args::NotifyArgs,
    course,
    exit::{CommandError, Exit},
    folder::Folder,
    ledgers::{self, Stage},
    pacing::{self, Reckoning},
    password,
    progress::Counting,
    summary::Summary,
    terminal::{Out, counted, without_addresses},
};
use forthwith_core::{
    backlog::Messages,
    delivery::{Delivery, Relay, Security, Server},
    domains::Earlier,
    engine::Later,
    fuse::FuseLimits,
    notice::Claimed,
    private::Private,
    retry::GiveUp,
    throttle::Change,
};
use forthwith_ledger::{
    Recorder,
    sqlite::{CurrentPlan, LedgerReader, SqliteLedger},
};
use forthwith_sender::{Clock, Ended, Inbox, Progress, Render, RenderFailure, Run, StopSignal, deliver};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How often the progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Hands over what the plan still owes.
pub fn run(
    args: &NotifyArgs,
    folder: &Folder,
    ready: Ready,
    (delivery, queue): (Delivery, Option<Messages>),
    ledger: SqliteLedger,
    out: Out,
) -> Result<Exit, CommandError> {
    let reader = ledger.reader().map_err(ledgers::unusable)?;
    let (plan, stage) = (ready.plan.clone(), ready.stage);
    let before = Summary::read(&reader, &plan, stage)?;
    let forecast = ready.reckoning.as_ref().map_or(Value::Null, Reckoning::json);
    if before.is_at_rest() {
        let head = ledger.end(Timestamp::now(), "nothing to do").map_err(ledgers::failed)?;
        let done = ending::Done {
            ended: &Ended::Done,
            head,
            commits: 0,
            attempts: 0,
            seconds: 0.0,
            was_at_rest: true,
            forecast,
            withdrawn: None,
        };
        return Ok(ending::tell(&before, &done, folder, &delivery.calendar.zone, out));
    }
    let run = ledger.run();
    let begun = Course::read(&reader, &plan, run, &delivery)
        .and_then(|course| Ok((course, password::read(&delivery.relay)?, message_of(ready)?)));
    let (course, password, message) = match begun {
        Ok(begun) => begun,
        Err(error) => return Err(super::not_begun(ledger, error)),
    };
    let started = Instant::now();
    let (recorder, thread) = Recorder::start(ledger).map_err(|error| {
        let cannot =
            CommandError::new(Exit::Cannot, "cannot start the thread that keeps the record").because(error);
        cannot.hint("let the process have more memory and threads (ulimit -v and -u); nothing was handed over")
    })?;
    let progress = Arc::new(Progress::default());
    let zone = delivery.calendar.zone.clone();
    let job = Job { args, folder, delivery, queue, course, password, message, before: &before, out };
    let ended = job.deliver(recorder, Arc::clone(&progress));
    // The recorder is gone with the job: the thread ends, and what it says weighs more than how the job ended.
    let end = thread.join().map_err(ending::recording_failed)?;
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => return Err(super::not_begun(end.ledger, error)),
    };
    let seconds = started.elapsed().as_secs_f64();
    let attempts = progress.attempts.load(Relaxed);
    let mut done = ending::Done {
        ended: &ended,
        head: end.ledger.head(),
        commits: end.commits,
        attempts,
        seconds,
        was_at_rest: false,
        forecast,
        withdrawn: approvals::withdrawn_after(&reader, plan.number, run)?,
    };
    done.head = end.ledger.end(Timestamp::now(), done.in_short()).map_err(ledgers::failed)?;
    let after = Summary::read(&reader, &plan, stage)?;
    Ok(ending::tell(&after, &done, folder, &zone, out))
}

/// What an earlier run and the plan say of this one's course.
struct Course {
    earlier_attempts: Vec<Earlier>,
    last_pace: Option<Change>,
    first_attempt: Option<Timestamp>,
    give_up_at: Option<Timestamp>,
}

impl Course {
    fn read(
        reader: &LedgerReader,
        plan: &CurrentPlan,
        run: i64,
        delivery: &Delivery,
    ) -> Result<Self, CommandError> {
        let last_pace = course::last_pace(reader)?.filter(|(_, relay)| *relay == delivery.relay.to_string());
        let last_pace = last_pace.map(|(change, _)| change);
        Ok(Self {
            earlier_attempts: pacing::earlier_attempts(
                reader,
                run,
                delivery,
                last_pace.as_ref(),
                Timestamp::now(),
            )?,
            last_pace,
            first_attempt: plan.first_offer_at,
            give_up_at: plan.frozen.deadline().map(|deadline| delivery.give_up_at(deadline)),
        })
    }
}

/// What a delivery needs from this side.
struct Job<'a> {
    args: &'a NotifyArgs,
    folder: &'a Folder,
    delivery: Delivery,
    /// The first count of the relay's own queue.
    queue: Option<Messages>,
    course: Course,
    password: Option<Private<String>>,
    message: Render,
    before: &'a Summary,
    out: Out,
}

impl Job<'_> {
    /// Delivers until the run ends, on a runtime of its own: this thread drives every line, and the ledger's
    /// thread writes. More threads would only wake each other.
    fn deliver(self, recorder: Recorder, progress: Arc<Progress>) -> Result<Ended, CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CommandError::new(Exit::Cannot, "cannot start the runtime").because(error))?;
        let ended = runtime.block_on(self.converse(recorder, progress));
        // Whatever still waits for a relay or a signal is not waited for.
        runtime.shutdown_background();
        ended
    }

    async fn converse(self, recorder: Recorder, progress: Arc<Progress>) -> Result<Ended, CommandError> {
        let inbox = open_inbox(self.before.stage, self.folder).await?;
        let server = match (&inbox, self.delivery.relay) {
            (Some(inbox), _) => inbox_server(inbox),
            (None, Relay::Server(server)) => server,
            (None, Relay::Inbox) => return Err(CommandError::new(Exit::Cannot, "the built-in inbox did not open")),
        };
        let zone = self.delivery.calendar.zone.clone();
        let (stop, stopped) = watch::channel(StopSignal::Run);
        tokio::spawn(signals(stop));
        let run = Run {
            server,
            password: self.password,
            connections: self.delivery.connections,
            limits: self.delivery.limits,
            domains: self.delivery.domains,
            calendar: self.delivery.calendar,
            ramp: self.delivery.ramp.map(|ramp| (ramp, self.course.first_attempt)),
            last_pace: self.course.last_pace,
            earlier_attempts: self.course.earlier_attempts,
            patience: self.delivery.patience,
            timeouts: self.delivery.timeouts,
            hand_over_at_most: self.args.limit,
            later: if self.args.no_wait { Later::Leave } else { Later::Await },
            give_up: GiveUp { after: Some(self.delivery.give_up_after), at: self.course.give_up_at },
            fuse: FuseLimits::default(),
            queue: self.delivery.queue.zip(self.queue).map(|(queue, first)| backlog::watch(queue, first)),
            render: self.message,
            recorder,
            clock: Arc::new(Timestamp::now) as Clock,
            stop: stopped,
            progress: Arc::clone(&progress),
        };
        let ended = shown(deliver(run), &progress, self.before, zone, self.out).await;
        if let Some(inbox) = inbox {
            inbox.close().await;
        }
        Ok(ended)
    }
}

/// Returns the function from a claimed notice to its message.
fn message_of(ready: Ready) -> Result<Render, CommandError> {
    let Ready { inputs, key, .. } = ready;
    let words = inputs.words.ok_or_else(|| CommandError::new(Exit::NotReleased, "the plan has no words"))?;
    Ok(Arc::new(move |claimed: &Claimed, date: Timestamp| {
        words
            .render(&key, &claimed.token, &claimed.recipient, Some(date))
            .map_err(|error| RenderFailure(error.to_string()))
    }))
}

async fn open_inbox(stage: Stage, folder: &Folder) -> Result<Option<Inbox>, CommandError> {
    if stage == Stage::Real {
        return Ok(None);
    }
    let path = stage.folder(folder).join("inbox");
    crate::secret::private_folder(&path)?;
    let inbox = Inbox::open(&path).await;
    let cannot = |error| CommandError::new(Exit::Cannot, "cannot open the built-in inbox").because(error);
    inbox.map(Some).map_err(cannot)
}

fn inbox_server(inbox: &Inbox) -> Server {
    let address = inbox.address();
    Server {
        host: address.ip().to_string(),
        port: address.port(),
        security: Security::Plaintext,
        allow_plaintext: false,
        ca_file: None,
        login: None,
        ehlo_name: None,
        messages_per_connection: None,
    }
}

/// Turns signals into wishes: the first drains, the second stops now.
async fn signals(stop: watch::Sender<StopSignal>) {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).ok();
    let (mut interrupt, mut terminate, mut hangup) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()), listen(SignalKind::hangup()));
    loop {
        tokio::select! {
            () = next(&mut interrupt) => {}
            () = next(&mut terminate) => {}
            () = next(&mut hangup) => {}
        }
        let is_first = *stop.borrow() == StopSignal::Run;
        if is_first {
            crate::terminal::note("\nStopping: open replies are waited for. Again to stop now, leaving doubt.");
        }
        stop.send_replace(if is_first { StopSignal::Drain } else { StopSignal::Now });
    }
}

async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => _ = signal.recv().await,
        None => std::future::pending().await,
    }
}

/// What is shown while a run goes on, and what of it was said already.
struct Shown {
    counting: Counting,
    /// Notices at rest when the run began.
    rest: u64,
    /// The zone in which moments are shown.
    zone: TimeZone,
    /// The ends of the pause and of the rest that were told last.
    told: [Option<Timestamp>; 2],
    /// Why the run waits for the relay's own queue, as it was told last.
    waits: Option<String>,
}

/// Waits for the run and shows how it goes on.
async fn shown(
    run: impl Future<Output = Ended>,
    progress: &Progress,
    before: &Summary,
    zone: TimeZone,
    out: Out,
) -> Ended {
    let rest = before.planned - before.counts.queued - before.counts.deferred;
    let counting = Counting::start(out, "delivering", rest, before.planned);
    let mut shown = Shown { counting, rest, zone, told: [None; 2], waits: None };
    let mut run = std::pin::pin!(run);
    loop {
        if let Ok(ended) = tokio::time::timeout(LOOK_EVERY, &mut run).await {
            // What changed since the last look is said too.
            shown.look_at_queue(progress.backlog());
            shown.counting.end();
            return ended;
        }
        shown.look(progress, Timestamp::now());
    }
}

impl Shown {
    fn look(&mut self, progress: &Progress, now: Timestamp) {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Relaxed);
        let done = self.rest + count(&progress.accepted) + count(&progress.bounced) + count(&progress.in_doubt);
        let remarks = [
            (count(&progress.deferred), "deferrals"),
            (count(&progress.bounced), "bounced"),
            (count(&progress.in_doubt), "IN DOUBT"),
        ];
        let mut remarks: Vec<_> =
            remarks.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        remarks.extend(progress.pace().filter(|pace| pace.holds(now)).map(|pace| pace.told()));
        self.counting.at(done, &remarks.join(", "));
        let (pause, rest) = (progress.pause(now), progress.rest(now));
        let ends = [pause.as_ref().map(|pause| pause.until), rest.map(|rest| rest.until)];
        if let Some(pause) = pause.filter(|pause| self.told[0] != Some(pause.until)) {
            let why = without_addresses(&pause.why);
            self.counting.say(&format!("The relay is left alone until {:.0}: {why}", pause.until));
        }
        if let Some(rest) = rest.filter(|rest| self.told[1] != Some(rest.until)) {
            self.counting.say(&pacing::resting(&rest, &self.zone));
        }
        self.told = ends;
        self.look_at_queue(progress.backlog());
    }

    fn look_at_queue(&mut self, why: Option<String>) {
        if why == self.waits {
            return;
        }
        match &why {
            Some(why) => self.counting.say(&format!("The run waits: {}", without_addresses(why))),
            None => self.counting.say("The run goes on: the relay's own queue is short enough again"),
        }
        self.waits = why;
    }
}

/// Returns how many notices are still to be attempted, as people say it.
pub fn left(summary: &Summary) -> String {
    counted(summary.counts.queued + summary.counts.deferred, "notice")
}
