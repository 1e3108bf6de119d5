//! A stream through every core: fed on one thread, mapped on many, drained in the order in which it was fed.
//!
//! Batches go to the workers in turn and are taken back in turn, so that the order never depends on how many
//! workers there are or which of them is fast; and no more is held than the few batches that wait at each.

use std::{
    num::NonZero,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

/// Items that travel together: enough that handing over costs nothing beside the work.
const BATCH: usize = 256;
/// Batches that wait before and behind each worker: one is enough that none idles while another is late, and a batch
/// whose every row has a finding is ten times the size of its list.
const WAITING_MAX: usize = 1;

/// Nobody takes what is fed any more: the drain has ended.
#[derive(Debug)]
pub struct Gone;

/// Where items are fed.
pub struct Feed<T> {
    workers: Vec<SyncSender<Vec<T>>>,
    next: usize,
    batch: Vec<T>,
}

/// Where mapped items come out, in order.
pub struct Drain<R> {
    workers: Vec<Receiver<Vec<R>>>,
    next: usize,
    batch: std::vec::IntoIter<R>,
}

/// Returns how many workers there are: one for each core that this process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Runs `feed` on a thread of its own, `map` on `workers` threads and `drain` on this one, and returns what the two
/// ends returned. `map` returns an item for each that it is given.
pub fn through<T: Send, R: Send, F: Send, D>(
    workers: usize,
    feed: impl FnOnce(&mut Feed<T>) -> F + Send,
    map: impl Fn(Vec<T>) -> Vec<R> + Sync,
    drain: impl FnOnce(&mut Drain<R>) -> D,
) -> (F, D) {
    thread::scope(|scope| {
        let mut entry = Feed { workers: Vec::new(), next: 0, batch: Vec::with_capacity(BATCH) };
        let mut exit = Drain { workers: Vec::new(), next: 0, batch: Vec::new().into_iter() };
        for _ in 0..workers.max(1) {
            let (give, take) = sync_channel::<Vec<T>>(WAITING_MAX);
            let (give_back, take_back) = sync_channel(WAITING_MAX);
            entry.workers.push(give);
            exit.workers.push(take_back);
            let map = &map;
            // An end that is gone ends the worker, and the worker the other end.
            scope.spawn(move || take.into_iter().map(map).try_for_each(|batch| give_back.send(batch)));
        }
        let feeding = scope.spawn(move || {
            let end = feed(&mut entry);
            let _ = entry.flush();
            end
        });
        let taken = drain(&mut exit);
        drop(exit);
        (feeding.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), taken)
    })
}

impl<T> Feed<T> {
    /// Feeds an item; waits while the workers have enough.
    pub fn give(&mut self, item: T) -> Result<(), Gone> {
        self.batch.push(item);
        if self.batch.len() < BATCH { Ok(()) } else { self.flush() }
    }

    /// Feeds an item that is as much as a batch; waits while the workers have enough.
    pub fn give_at_once(&mut self, item: T) -> Result<(), Gone> {
        self.batch.push(item);
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Gone> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        let worker = self.next % self.workers.len();
        self.next += 1;
        self.workers[worker].send(batch).map_err(|_| Gone)
    }
}

impl<R> Iterator for Drain<R> {
    type Item = R;

    fn next(&mut self) -> Option<R> {
        loop {
            if let Some(item) = self.batch.next() {
                return Some(item);
            }
            // A worker that has no more batch in its turn was fed the last one before: no other has one either.
            let worker = self.next % self.workers.len();
            self.next += 1;
            self.batch = self.workers[worker].recv().ok()?.into_iter();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubled(workers: usize, count: u32) -> Vec<u32> {
        let feed = |feed: &mut Feed<u32>| (0..count).try_for_each(|i| feed.give(i)).is_ok();
        // The first batches are late, so that the others would overtake them.
        let map = |batch: Vec<u32>| {
            let spin = if batch[0] < 600 { 200_000 } else { 0 };
            (0..spin).for_each(|i| _ = std::hint::black_box(i));
            batch.into_iter().map(|i| i * 2).collect()
        };
        let (is_fed, all) = through(workers, feed, map, |drain| drain.collect());
        assert!(is_fed);
        all
    }

    #[test]
    fn the_order_is_that_of_the_feed_for_any_number_of_workers() {
        for count in [0, 1, 255, 256, 257, 5_000] {
            let expected: Vec<_> = (0..count).map(|i| i * 2).collect();
            for workers in [0, 1, 2, 3, 7] {
                assert_eq!(doubled(workers, count), expected, "{workers} workers, {count} items");
            }
        }
    }

    #[test]
    fn a_drain_that_ends_early_ends_the_feed() {
        let feed = |feed: &mut Feed<u64>| (0..1_000_000).find(|i| feed.give(*i).is_err()).unwrap_or(1_000_000);
        let (last, taken) = through(3, feed, |batch| batch, |drain| drain.take(10).count());
        assert_eq!(taken, 10);
        // What waits at each of three workers, what each holds, and what was taken.
        assert!(last < 256 * 3 * 8, "{last} were fed although nobody took them");
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_is_no_end_of_the_stream() {
        let feed = |feed: &mut Feed<u32>| (0..1_000).try_for_each(|i| feed.give(i)).is_ok();
        through(2, feed, |_| -> Vec<u32> { panic!("a worker fails") }, |drain| drain.count());
    }
}
