//! Measures how fast notices are handed over, with a trivial message and a ledger in memory.
//!
//! Start a sink first: `smtp-sink -u nobody 127.0.0.1:2599 1024`, then
//! `cargo run --release -p forthwith-sender --example throughput -- 127.0.0.1:2599 20000 16`
//! and, to compare, `time smtp-source -d -s 16 -m 20000 -l 4096 127.0.0.1:2599`.
#![expect(clippy::print_stdout, reason = "a measurement is printed")]

use forthwith_core::{
    calendar::Calendar,
    delivery::{Security, Server, Timeouts},
    domains::Domains,
    engine::Later,
    fuse::FuseLimits,
    message::Message,
    retry::GiveUp,
    state::State,
};
use forthwith_ledger::{
    Recorder,
    model::{ModelLedger, sample_notice},
};
use forthwith_sender::{Progress, Render, Run, StopSignal, deliver};
use jiff::Timestamp;
use std::{error::Error, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Octets in the body of each message, so that a message has about 4 KiB.
const BODY_OCTETS: usize = 3_700;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let relay: std::net::SocketAddr = arguments.next().as_deref().unwrap_or("127.0.0.1:2599").parse()?;
    let notices: u64 = arguments.next().as_deref().unwrap_or("20000").parse()?;
    let connections: u32 = arguments.next().as_deref().unwrap_or("16").parse()?;
    let threads: usize = arguments.next().as_deref().unwrap_or("2").parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let (recorder, thread) = Recorder::start(ModelLedger::with_plan((1..=notices).map(sample_notice)))?;
    let (_stop, signal) = watch::channel(StopSignal::Run);
    let run = Run {
        server: Server {
            host: relay.ip().to_string(),
            port: relay.port(),
            security: Security::Plaintext,
            allow_plaintext: false,
            ca_file: None,
            login: None,
            ehlo_name: None,
            messages_per_connection: None,
        },
        password: None,
        connections,
        limits: Vec::new(),
        domains: Domains::default(),
        calendar: Calendar::default(),
        ramp: None,
        last_pace: None,
        earlier_attempts: Vec::new(),
        patience: Duration::from_mins(1),
        timeouts: Timeouts::default(),
        hand_over_at_most: None,
        later: Later::Leave,
        give_up: GiveUp::default(),
        fuse: FuseLimits::default(),
        queue: None,
        render: render(),
        recorder,
        clock: Arc::new(Timestamp::now),
        stop: signal,
        progress: Arc::new(Progress::default()),
    };
    let started = std::time::Instant::now();
    let ended = runtime.block_on(deliver(run));
    let seconds = started.elapsed().as_secs_f64();
    let end = thread.join()?;
    let accepted = end.ledger.count(State::Accepted);
    #[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
    let rate = accepted as f64 / seconds;
    println!("{ended:?}: {accepted} accepted in {seconds:.2} s, {rate:.0}/s, {} commits", end.commits);
    Ok(())
}

fn render() -> Render {
    let line = format!("{}\r\n", "x".repeat(72));
    let body = line.repeat(BODY_OCTETS / line.len());
    Arc::new(move |claimed, date| {
        let bytes = format!(
            "From: Security <security@example.org>\r\nTo: {}\r\nDate: {date}\r\nSubject: Notice\r\n\
             Message-ID: <{}@example.org>\r\nX-Forthwith-ID: {1}\r\nMIME-Version: 1.0\r\n\r\n{body}",
            claimed.recipient.address.expose(),
            claimed.token,
        )
        .into_bytes();
        let return_path = format!("bounce+{}@bounces.example.org", claimed.token);
        Ok(Message { return_path, bytes, content: claimed.content })
    })
}
