//! Several stories at once: each has a number, and what it draws comes from that number alone.

use crate::{Settings, story::Tally};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// How often it is said how far the stories came.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Tells stories on `settings.lanes` threads until they add up to `settings.size` blows, and returns their sum.
///
/// Each thread makes itself a `lane`, which its stories share. A story is told its seed and how many blows it
/// may take, `each` at most; one that panics ends the proof, and says how to tell it again.
pub fn tell<L>(
    settings: &Settings,
    each: usize,
    lane: impl Fn() -> L + Sync,
    story: impl Fn(&mut L, u64, usize) -> Tally + Sync,
) -> Tally {
    let (next, all) = (AtomicU64::new(settings.seed), Mutex::new(Progress::new()));
    let tell_some = || {
        let mut lane = lane();
        loop {
            // What others have under way may come to less; whoever has it goes on then.
            let most = all.lock().unwrap().take(each, settings.size);
            if most == 0 {
                break;
            }
            let seed = next.fetch_add(1, Relaxed);
            let said = Said(seed);
            let tally = story(&mut lane, seed, most);
            drop(said);
            all.lock().unwrap().add(&tally, most, settings.size);
        }
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..settings.lanes.max(1)).map(|_| scope.spawn(tell_some)).collect();
        for lane in lanes {
            lane.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    all.into_inner().unwrap().sum
}

/// Says the seed of a story that panics.
struct Said(u64);

impl Drop for Said {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("this story alone: --seed {}", self.0);
        }
    }
}

/// How far all lanes came.
struct Progress {
    sum: Tally,
    under_way: usize,
    started: Instant,
    said: Instant,
}

impl Progress {
    fn new() -> Self {
        Self { sum: Tally::default(), under_way: 0, started: Instant::now(), said: Instant::now() }
    }

    /// Returns how many blows the next story may take.
    fn take(&mut self, each: usize, size: usize) -> usize {
        let most = size.saturating_sub(self.sum.blows + self.under_way).min(each);
        self.under_way += most;
        most
    }

    fn add(&mut self, tally: &Tally, most: usize, size: usize) {
        self.under_way -= most;
        self.sum.add(tally);
        if self.said.elapsed() < SAY_EVERY || self.sum.blows == 0 {
            return;
        }
        self.said = Instant::now();
        let (done, took) = (self.sum.blows, self.started.elapsed());
        let per_blow = took / u32::try_from(done).unwrap_or(u32::MAX);
        let left = per_blow * u32::try_from(size.saturating_sub(done)).unwrap_or(u32::MAX);
        eprintln!("{done} of {size}, about {} s left", left.as_secs());
    }
}
