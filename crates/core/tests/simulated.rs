//! Small sizes of the simulation, for every run of the tests; `cargo xtask torture simulation` runs large ones.
//!
//! The order that the sender keeps must break no seed; each order turned round must break many, or the
//! simulation sees nothing.

mod simulation;

use simulation::{Order, Told, tell};

/// Stories that each order is told.
const SEEDS: u64 = 20_000;
/// How many of them an order turned round must break at least.
const BROKEN_LEAST: usize = 2_000;
/// How often each thing that can go wrong must have happened in all of them.
const RARE_LEAST: usize = 500;
/// How many stories must have a relay that asks for less and takes nothing: the longest of all, so there are few.
const STARVED_LEAST: usize = 50;

#[test]
fn no_seed_breaks_the_order_that_the_sender_keeps() {
    let mut all = Told::default();
    for seed in 0..SEEDS {
        let told = tell(seed, Order::Right);
        assert!(!told.is_broken(), "seed {seed}: {:?} {:?}", told.offences, told.broken_off);
        all.add(&told);
    }
    // What never happens is not proven harmless.
    let rare = [all.crashes, all.failed_syncs, all.cuts, all.fuses, all.settled];
    assert!(rare.iter().chain(&all.happened).all(|count| *count >= RARE_LEAST), "{all:?}");
    let slow = [all.remembered, all.paces[0], all.paces[1], all.paces[2], all.paces[3]];
    assert!(slow.iter().all(|count| *count >= RARE_LEAST) && all.starved >= STARVED_LEAST, "{all:?}");
}

#[test]
fn an_offer_that_is_not_durable_breaks_many_seeds() {
    let broken = broken(Order::OfferUnsynced);
    assert!(broken >= BROKEN_LEAST, "{broken}");
}

#[test]
fn a_record_after_the_reply_breaks_many_seeds() {
    let broken = broken(Order::RecordAfterReply);
    assert!(broken >= BROKEN_LEAST, "{broken}");
}

fn broken(order: Order) -> usize {
    (0..SEEDS).filter(|seed| tell(*seed, order).is_broken()).count()
}
