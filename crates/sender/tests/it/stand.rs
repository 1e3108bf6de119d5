//! What every test here stands on: a plan of invented notices in a ledger in memory, and a run over it.

use forthwith_core::{
    calendar::Calendar,
    delivery::{Security, Server, Timeouts},
    domains::Domains,
    engine::Later,
    fuse::FuseLimits,
    message::Message,
    retry::GiveUp,
    state::{Happening, State},
};
use forthwith_ledger::{
    Append, Ledger, Recorder,
    model::{ModelLedger, sample_notice},
};
use forthwith_sender::{Ended, Progress, Render, Run, StopSignal, deliver};
use forthwith_testkit::{relay::Relay, server::HANG_MAX};
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// How long a stage may take in a test in which the relay falls silent: what each silence costs. An answer that does
/// come has as long, which a machine with twenty other things to do keeps.
pub(crate) const SILENCE_MS: u64 = 3_000;
/// How long a stage may take where nothing is silent.
const STAGE_MS: u64 = 120_000;

/// What a modern relay offers.
pub(crate) const MODERN: [&str; 4] = ["PIPELINING", "SIZE 10240000", "DSN", "ENHANCEDSTATUSCODES"];
/// What an old relay offers.
pub(crate) const OLD: [&str; 1] = ["HELP"];

pub(crate) fn plan(notices: u64) -> ModelLedger {
    ModelLedger::with_plan((1..=notices).map(sample_notice))
}

pub(crate) fn plaintext(relay: &Relay) -> Server {
    Server {
        host: "127.0.0.1".to_owned(),
        port: relay.address().port(),
        security: Security::Plaintext,
        allow_plaintext: false,
        ca_file: None,
        login: None,
        ehlo_name: Some("mailer.example".to_owned()),
        messages_per_connection: None,
    }
}

/// Every stage may take this long.
pub(crate) fn timeouts(milliseconds: u64) -> Timeouts {
    let limit = Duration::from_millis(milliseconds);
    Timeouts {
        connect: limit,
        greeting: limit,
        auth: limit,
        mail: limit,
        rcpt: limit,
        data: limit,
        content: limit,
        dot: limit,
    }
}

/// Renders a message that has what the gate asks for, and a body with lines that need dot-stuffing.
pub(crate) fn render() -> Render {
    Arc::new(|claimed, date| {
        let date = date.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let (to, token) = (claimed.recipient.address.expose(), &claimed.token);
        let text = format!(
            "From: Security <security@example.org>\r\nTo: {to}\r\nDate: {date}\r\n\
             Message-ID: <{token}.x@example.org>\r\nSubject: Notice of data breach\r\nMIME-Version: 1.0\r\n\
             X-Forthwith-ID: {token}\r\n\r\nHello,\r\n.\r\n..two\r\n.hidden\r\nbye\r\n"
        );
        let return_path = format!("bounce+{token}@bounces.example.org");
        Ok(Message { return_path, bytes: text.into_bytes(), content: claimed.content })
    })
}

/// What a run left.
pub(crate) struct Left {
    pub(crate) ended: Ended,
    pub(crate) ledger: ModelLedger,
    pub(crate) progress: Arc<Progress>,
}

impl Left {
    pub(crate) fn count(&self, state: State) -> usize {
        self.ledger.count(state)
    }

    /// Returns what happened to notices, in order.
    pub(crate) fn happened(&self) -> Vec<Happening> {
        let entry = |append: &Append| match append {
            Append::Notice(entry) => Some(entry.happening),
            Append::Run(_) => None,
        };
        self.ledger.events.iter().filter_map(entry).collect()
    }

    /// Returns the facts of the run's events of `kind`.
    pub(crate) fn facts(&self, kind: &str) -> Vec<std::collections::BTreeMap<&'static str, String>> {
        let facts = |append: &Append| match append {
            Append::Run(event) if event.kind == kind => Some(event.facts.clone()),
            _ => None,
        };
        self.ledger.events.iter().filter_map(facts).collect()
    }
}

/// Runs `ledger` against `server` on one line, as far as `tweak` changes nothing.
pub(crate) fn run(ledger: ModelLedger, server: Server, tweak: impl FnOnce(&mut Run)) -> Left {
    let (ended, progress, end) = run_over(ledger, server, tweak);
    Left { ended, ledger: end.expect("the ledger did not fail"), progress }
}

/// The same over any ledger, which may fail.
pub(crate) fn run_over<L: Ledger + 'static>(
    ledger: L,
    server: Server,
    tweak: impl FnOnce(&mut Run),
) -> (Ended, Arc<Progress>, Result<L, forthwith_ledger::LedgerError>) {
    let (recorder, thread) = Recorder::start(ledger).unwrap();
    let (_stop, signal) = watch::channel(StopSignal::Run);
    let progress = Arc::new(Progress::default());
    let mut run = Run {
        server,
        password: None,
        connections: 1,
        limits: Vec::new(),
        domains: Domains::default(),
        calendar: Calendar::default(),
        ramp: None,
        last_pace: None,
        earlier_attempts: Vec::new(),
        patience: Duration::from_mins(15),
        timeouts: timeouts(STAGE_MS),
        hand_over_at_most: None,
        later: Later::Leave,
        give_up: GiveUp::default(),
        fuse: FuseLimits::default(),
        queue: None,
        render: render(),
        recorder,
        clock: Arc::new(Timestamp::now),
        stop: signal,
        progress: Arc::clone(&progress),
    };
    tweak(&mut run);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let ended = runtime
        .block_on(async { tokio::time::timeout(HANG_MAX, deliver(run)).await })
        .expect("the run ends in time");
    drop(runtime);
    (ended, progress, thread.join().map(|end| end.ledger))
}
