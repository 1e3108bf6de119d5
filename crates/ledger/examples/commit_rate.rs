//! Prints how many notices a second go through a recorder: claim, offer, verdict, 16 workers at once.
//!
//! Arguments: notices, workers. The clock stands around claims and commits alone; the plan is frozen before. It judges nothing.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring tool for developers")]

use forthwith_core::{
    digest::Digest,
    notice::{Claimed, Entry, Particulars},
    state::Happening,
    verdict::{Reply, Stage},
};
use forthwith_ledger::{
    Append, Outcome, Recorder,
    model::sample_plan,
    sqlite::{RunIdentity, SqliteLedger},
};
use jiff::Timestamp;
use std::{
    cell::Cell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, mpsc};

const WORKERS: usize = 16;
const WINDOW: usize = 256;

fn main() {
    let count = std::env::args().nth(1).map_or(20_000, |count| count.parse().unwrap());
    let folder = tempfile::Builder::new().prefix("ledger-").tempdir_in(".").unwrap();
    let path = folder.path().join("out/ledger.sqlite");
    let mut ledger = SqliteLedger::open(&path, &identity()).unwrap();
    let (plan, rows) = sample_plan(count, &[]);
    let begun = Instant::now();
    ledger.freeze(&plan, rows.into_iter(), Timestamp::now()).unwrap();
    println!("froze {count} notices in {:.2?}", begun.elapsed());
    let begun = Instant::now();
    let (recorder, thread) = Recorder::start(ledger).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let workers = std::env::args().nth(2).map_or(WORKERS, |workers| workers.parse().unwrap());
    let waited = runtime.block_on(run(recorder, workers));
    let end = thread.join().unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{:.0} notices/s, {} commits, {:.1} entries each, {:.0} us from offer to durable",
        f64::from(u32::try_from(count).unwrap()) / seconds,
        end.commits,
        f64::from(u32::try_from(end.entries).unwrap()) / f64::from(u32::try_from(end.commits).unwrap()),
        waited.as_secs_f64() * 1e6 / f64::from(u32::try_from(count).unwrap()),
    );
}

fn identity() -> RunIdentity {
    RunIdentity {
        command: "notify".to_owned(),
        program: "commit_rate".to_owned(),
        account: "nobody".to_owned(),
        host: "localhost".to_owned(),
        pid: std::process::id(),
        clock_synchronised: None,
        started_at: Timestamp::now(),
    }
}

/// Returns how long all offers together waited until they were durable.
async fn run(recorder: Recorder, count: usize) -> Duration {
    let waited = Rc::new(Cell::new(Duration::ZERO));
    let (give, take) = mpsc::channel::<Claimed>(WINDOW);
    let take = Arc::new(Mutex::new(take));
    let workers = tokio::task::LocalSet::new();
    for connection in 0..count {
        let (recorder, take) = (recorder.clone(), Arc::clone(&take));
        workers.spawn_local(work(recorder, take, connection as u64, Rc::clone(&waited)));
    }
    workers.spawn_local(async move {
        loop {
            let claim = recorder.claim(WINDOW, Timestamp::now()).await.unwrap();
            if claim.notices.is_empty() {
                break;
            }
            for notice in claim.notices {
                give.send(notice).await.unwrap();
            }
        }
    });
    workers.await;
    waited.get()
}

async fn work(
    recorder: Recorder,
    take: Arc<Mutex<mpsc::Receiver<Claimed>>>,
    connection: u64,
    waited: Rc<Cell<Duration>>,
) {
    let mut verdict = None;
    loop {
        let Some(claimed) = take.lock().await.recv().await else { break };
        let at = Timestamp::now();
        let offer = Particulars {
            offer: Some((at, Digest::of(b""))),
            connection: Some(connection),
            ..Particulars::default()
        };
        let begun = Instant::now();
        let receipt = recorder.append(entry(&claimed, Happening::Offered, offer));
        assert_eq!(receipt.await.unwrap(), Outcome::Durable);
        waited.set(waited.get() + begun.elapsed());
        let reply = Reply::new(250, format!("250 2.0.0 Ok: queued as {:010X}\r\n", claimed.notice).into_bytes());
        let accepted = Particulars {
            stage: Some(Stage::Dot),
            reply: Some(reply),
            connection: Some(connection),
            ..Particulars::default()
        };
        verdict = Some(recorder.append(entry(&claimed, Happening::Accepted, accepted)));
    }
    if let Some(verdict) = verdict {
        verdict.await.unwrap();
    }
}

fn entry(claimed: &Claimed, happening: Happening, particulars: Particulars) -> Append {
    let (notice, token) = (claimed.notice, claimed.token.clone());
    Append::Notice(Entry { notice, token, at: Timestamp::now(), happening, particulars })
}
