//! `cargo xtask torture simulation`: tells many seeds their stories, on every core, and prints those that break.
//!
//! The stories are the tests of core; here are only numbers.

#[path = "../../../core/tests/simulation/mod.rs"]
mod stories;

use anyhow::ensure;
use clap::{Args, ValueEnum};
use std::{
    ops::Range,
    time::{Duration, Instant},
};
use stories::{COUNTED, Order, Told, tell};

/// Broken seeds that are printed one by one; the count goes on.
const PRINTED_MAX: usize = 20;

/// What to tell.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// How many seeds, from 0 on.
    #[arg(long, default_value_t = 1_000_000)]
    seeds: u64,
    /// This seed alone.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Which order offer, dot and record keep.
    #[arg(long, value_enum, default_value_t = Kept::Right)]
    order: Kept,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kept {
    /// What the sender does: no seed may break.
    Right,
    /// The dot does not wait for the sync: many seeds must break.
    OfferUnsynced,
    /// Nothing is recorded before the reply: many seeds must break.
    RecordAfterReply,
}

impl Kept {
    fn order(self) -> Order {
        match self {
            Self::Right => Order::Right,
            Self::OfferUnsynced => Order::OfferUnsynced,
            Self::RecordAfterReply => Order::RecordAfterReply,
        }
    }
}

/// What many seeds came to.
#[derive(Default)]
struct Sum {
    all: Told,
    broken: Vec<(u64, Told)>,
}

/// Tells the seeds, and fails where one breaks the right order or too few break another.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<()> {
    let seeds = settings.seed.map_or(0..settings.seeds, |seed| seed..seed.saturating_add(1));
    let (order, count, started) = (settings.order.order(), seeds.end - seeds.start, Instant::now());
    let sum = tell_all(seeds, order);
    print(&sum, count, started.elapsed());
    if order == Order::Right {
        ensure!(sum.broken.is_empty(), "{} of {count} seeds break", sum.broken.len());
    } else if settings.seed.is_none() {
        let least = count / 10;
        ensure!(sum.broken.len() as u64 >= least, "{} of {count} seeds break, not {least}", sum.broken.len());
    }
    Ok(())
}

fn tell_all(seeds: Range<u64>, order: Order) -> Sum {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let tell_share = |first: u64| {
        let mut sum = Sum::default();
        for seed in seeds.clone().skip(usize::try_from(first).unwrap_or(usize::MAX)).step_by(threads) {
            let told = tell(seed, order);
            sum.all.add(&told);
            if told.is_broken() {
                sum.broken.push((seed, told));
            }
        }
        sum
    };
    std::thread::scope(|scope| {
        let shares: Vec<_> = (0..threads as u64).map(|first| scope.spawn(move || tell_share(first))).collect();
        let mut sum = Sum::default();
        for share in shares {
            let share = share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            sum.all.add(&share.all);
            sum.broken.extend(share.broken);
        }
        sum.broken.sort_by_key(|(seed, _)| *seed);
        sum
    })
}

fn print(sum: &Sum, count: u64, took: Duration) {
    for (seed, told) in sum.broken.iter().take(PRINTED_MAX) {
        println!("seed {seed}: {:?} {}", told.offences, told.broken_off.as_deref().unwrap_or_default());
    }
    let all = &sum.all;
    println!("{count} seeds in {:.0} s, {} broken", took.as_secs_f64(), sum.broken.len());
    println!("steps {}, runs {}, crashes {}", all.steps, all.runs, all.crashes);
    println!("syncs failed {}, lines cut {}, fuses blown {}", all.failed_syncs, all.cuts, all.fuses);
    for (happening, times) in COUNTED.iter().zip(all.happened) {
        println!("{happening:?} {times}");
    }
    println!("doubts settled {}", all.settled);
}
