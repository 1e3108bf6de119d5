//! Runs a plan against a relay: one worker a line, one engine for all, one recorder.
//!
//! It does what the engine says and appends what the engine returns, in that order, under one lock. It
//! decides nothing about notices.

use crate::{
    backlog::{RelayQueue, Watched},
    dial::Dialer,
    ended::Ended,
    progress::Progress,
    worker::Worker,
};
use forthwith_core::{
    calendar::Calendar,
    delivery::{Limit, Server, Timeouts},
    domains::{Domains, Earlier},
    engine::{End, Engine, Failure, Later, Line, Next, Settings, WINDOW_MAX},
    fuse::FuseLimits,
    message::Message,
    notice::{Claimed, Entry},
    private::Private,
    ramp::Ramp,
    retry::GiveUp,
    throttle::Change,
};
use forthwith_ledger::{Append, Outcome, Receipt, Recorder, RunEvent};
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Makes the message of a notice with this Date. Called once for each attempt, from any worker.
pub type Render = Arc<dyn Fn(&Claimed, Timestamp) -> Result<Message, RenderFailure> + Send + Sync>;

/// Why a message could not be made. It quotes no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RenderFailure(pub String);

/// What the operator wants of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum StopSignal {
    /// That it goes on.
    #[default]
    Run,
    /// That it begins nothing new and ends when open transactions have ended.
    Drain,
    /// That it ends at once: lines are cut, and a notice whose dot had gone out is in doubt.
    Now,
}

/// Everything that a run needs.
pub struct Run {
    /// The relay.
    pub server: Server,
    /// The password of the server's login.
    pub password: Option<Private<String>>,
    /// The most lines open at once, at least 1.
    pub connections: u32,
    /// The pace; empty means unlimited.
    pub limits: Vec<Limit>,
    /// The groups of recipient domains that have a pace of their own.
    pub domains: Domains,
    /// When attempts may begin.
    pub calendar: Calendar,
    /// How the plan begins, and when its first attempt was made, if one was.
    pub ramp: Option<(Ramp, Option<Timestamp>)>,
    /// The last change of pace that an earlier run over this relay recorded.
    pub last_pace: Option<Change>,
    /// Attempts of earlier runs that the limits still count: see `forthwith_core::pace::Pace::new`.
    pub earlier_attempts: Vec<Earlier>,
    /// How long a relay that was reached may be away.
    pub patience: Duration,
    /// How long each stage may take.
    pub timeouts: Timeouts,
    /// At most this many notices are handed over, then the run ends.
    pub hand_over_at_most: Option<u64>,
    /// Whether the run stays for notices that are due later.
    pub later: Later,
    /// When a notice is given up that the relay refuses for now.
    pub give_up: GiveUp,
    /// What blows the fuse.
    pub fuse: FuseLimits,
    /// From notice to message.
    pub render: Render,
    /// The ledger's handle.
    pub recorder: Recorder,
    /// The relay's own queue, where the run waits for it.
    pub queue: Option<RelayQueue>,
    /// The clock.
    pub clock: Clock,
    /// What the operator wants. A request in the ledger drains the run too.
    pub stop: watch::Receiver<StopSignal>,
    /// Counts what happens.
    pub progress: Arc<Progress>,
}

/// What the workers of a run share.
pub(crate) struct Shared {
    engine: Mutex<Engine>,
    changed: Notify,
    fatal: Mutex<Option<Ended>>,
    last_receipt: Mutex<Option<Receipt>>,
    pub(crate) recorder: Recorder,
    pub(crate) dialer: Dialer,
    pub(crate) relay: String,
    pub(crate) render: Render,
    pub(crate) clock: Clock,
    pub(crate) progress: Arc<Progress>,
}

/// Hands over what the ledger holds, until it is done or must end. Nothing is in flight afterwards, and all
/// that happened is durable or the end says that it is not.
///
/// It needs a tokio runtime with time and I/O. Dropping the future cuts every line at once and leaves doubt.
pub async fn deliver(run: Run) -> Ended {
    let relay = forthwith_core::delivery::Relay::Server(run.server.clone()).to_string();
    let dialer = match Dialer::new(run.server, run.password, run.timeouts) {
        Ok(dialer) => dialer,
        Err(error) => return Ended::CannotSetUp { why: error.to_string() },
    };
    let settings = Settings {
        connections: run.connections.max(1),
        limits: run.limits,
        domains: run.domains,
        calendar: run.calendar,
        ramp: run.ramp,
        patience: run.patience,
        hand_over_at_most: run.hand_over_at_most,
        later: run.later,
        give_up: run.give_up,
        fuse: run.fuse,
    };
    let workers = settings.connections;
    let mut engine = Engine::new(settings, run.earlier_attempts, (run.clock)());
    if let Some(last) = &run.last_pace {
        engine.remember_pace(last);
        run.progress.set_pace(last);
    }
    let shared = Arc::new(Shared {
        engine: Mutex::new(engine),
        changed: Notify::new(),
        fatal: Mutex::new(None),
        last_receipt: Mutex::new(None),
        recorder: run.recorder,
        dialer,
        relay,
        render: run.render,
        clock: run.clock,
        progress: run.progress,
    });
    let ended = work(&shared, workers, &run.stop, run.queue).await;
    settle(&shared, ended).await
}

/// Runs the workers, and returns what the engine told the last of them.
async fn work(
    shared: &Arc<Shared>,
    workers: u32,
    stop: &watch::Receiver<StopSignal>,
    queue: Option<RelayQueue>,
) -> Ended {
    let watched = queue.map(|queue| Watched::begin(shared, queue));
    let mut queue = std::pin::pin!(Watched::watch(watched, shared));
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        tasks.spawn(Worker::new(Arc::clone(shared), stop.clone()).run());
    }
    let mut watching = std::pin::pin!(watch_for_stop(shared, stop.clone()));
    let mut ended = Ended::Stopped;
    loop {
        tokio::select! {
            biased;
            () = &mut queue => unreachable!("the watch over a queue has no end"),
            () = &mut watching => unreachable!("the watch for a stop has no end"),
            joined = tasks.join_next() => match joined {
                Some(Ok(end)) => ended = end,
                Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
                None => return ended,
            },
        }
    }
}

/// Drains the run once the operator wants it, here or through the ledger.
async fn watch_for_stop(shared: &Shared, mut stop: watch::Receiver<StopSignal>) {
    let mut requests = shared.recorder.stop_requested();
    tokio::select! {
        Ok(_) = stop.wait_for(|signal| *signal != StopSignal::Run) => {}
        Ok(_) = requests.wait_for(Option::is_some) => {}
        else => {}
    }
    if *stop.borrow() != StopSignal::Run || requests.borrow().is_some() {
        shared.engine().drain();
        shared.changed.notify_waiters();
    }
    std::future::pending::<()>().await;
}

/// Waits until all that was appended is durable, and returns the gravest reason for the end.
async fn settle(shared: &Shared, ended: Ended) -> Ended {
    let ended = shared.fatal.lock().expect("nothing panics while it holds the end").take().unwrap_or(ended);
    if let Ended::FuseBlown { likeness, restored, .. } = &ended {
        let facts = BTreeMap::from([
            ("stage", likeness.stage.to_string()),
            ("code", likeness.code.to_string()),
            ("enhanced", likeness.enhanced.map_or_else(String::new, |enhanced| enhanced.to_string())),
            ("restored", restored.to_string()),
        ]);
        shared.append_event("fuse", facts, None);
    }
    let last = shared.last_receipt.lock().expect("nothing panics while it holds the receipt").take();
    match last {
        None => ended,
        Some(receipt) => match receipt.await {
            Ok(Outcome::Durable) => ended,
            Ok(Outcome::Fenced) => Ended::Fenced,
            Err(stopped) => Ended::RecordingStopped(stopped),
        },
    }
}

impl Shared {
    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().expect("the engine does not panic")
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Resolves when something changed that the engine may answer differently to.
    pub(crate) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    pub(crate) fn ask(&self, line: Line) -> Next {
        let now = self.now();
        let mut engine = self.engine();
        let next = engine.next(now, line);
        if matches!(next, Next::WaitUntil(_)) {
            self.progress.set_rest(engine.rest(now));
        }
        self.record_pace(&mut engine);
        next
    }

    /// Records what changed of the pace: for the evidence, and for the next run to go on from.
    fn record_pace(&self, engine: &mut Engine) {
        for change in engine.pace_changes() {
            self.progress.set_pace(&change);
            let mut facts = change.facts();
            facts.insert("relay", self.relay.clone());
            self.append_event(Change::KIND, facts, None);
        }
    }

    /// Claims notices for the window.
    pub(crate) async fn refill(&self, want: usize) {
        match self.recorder.claim(want, self.now()).await {
            Ok(claim) => self.engine().refilled(claim.notices, claim.next_due),
            Err(stopped) => {
                self.end(Ended::RecordingStopped(stopped));
            }
        }
        self.changed.notify_waiters();
    }

    /// Gives up those who wait for another attempt and were first offered by then, due or not.
    pub(crate) async fn give_up(&self, offered_by: Timestamp) {
        match self.recorder.claim_waiting(WINDOW_MAX, offered_by).await {
            Ok(claim) => {
                let now = self.now();
                let mut engine = self.engine();
                let entries = engine.given_up(now, &claim.notices);
                self.append_entries(entries);
            }
            Err(stopped) => self.end(Ended::RecordingStopped(stopped)),
        }
        self.changed.notify_waiters();
    }

    /// Reports what came of an attempt, and appends what follows from it before anybody can claim again.
    pub(crate) fn report(&self, connection: u64, claimed: Claimed, end: End) {
        let now = self.now();
        let mut engine = self.engine();
        let entries = engine.report(now, connection, claimed, end);
        self.append_entries(entries);
        self.record_pace(&mut engine);
        self.progress.set_pause(engine.pause(now));
        drop(engine);
        self.changed.notify_waiters();
    }

    pub(crate) fn dialled(&self, outcome: Result<(), Failure>) {
        let now = self.now();
        if outcome.is_ok() {
            self.progress.connections.fetch_add(1, Relaxed);
        }
        let mut engine = self.engine();
        engine.dialled(now, outcome);
        self.progress.set_pause(engine.pause(now));
        drop(engine);
        self.changed.notify_waiters();
    }

    pub(crate) fn hung_up(&self) {
        self.progress.connections.fetch_sub(1, Relaxed);
        self.engine().hung_up();
        self.changed.notify_waiters();
    }

    /// Holds the run, or lets it go on; `why` is what it waits for.
    pub(crate) fn hold(&self, why: Option<String>) {
        self.engine().hold(why.is_some());
        self.progress.set_backlog(why);
        self.changed.notify_waiters();
    }

    /// Ends the run for a reason that the engine cannot know. The first one stays.
    pub(crate) fn end(&self, ended: Ended) {
        self.fatal.lock().expect("nothing panics while it holds the end").get_or_insert(ended);
        self.engine().drain();
        self.changed.notify_waiters();
    }

    /// Appends entries without waiting for them: only an offer is waited for.
    pub(crate) fn append_entries(&self, entries: Vec<Entry>) {
        for entry in entries {
            self.progress.count(entry.happening);
            self.keep(self.recorder.append(Append::Notice(entry)));
        }
    }

    pub(crate) fn append_event(
        &self,
        kind: &'static str,
        facts: BTreeMap<&'static str, String>,
        private: Option<Vec<u8>>,
    ) {
        let event = RunEvent { at: self.now(), kind, facts, private };
        self.keep(self.recorder.append(Append::Run(event)));
    }

    /// Keeps the receipt of what was appended last: when it resolves, so has every earlier one.
    fn keep(&self, receipt: Receipt) {
        *self.last_receipt.lock().expect("nothing panics while it holds the receipt") = Some(receipt);
    }
}
