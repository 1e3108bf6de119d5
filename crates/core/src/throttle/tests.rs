//! The throttle in simulated time.

use super::*;
use crate::verdict::Stage;
use proptest::prelude::*;

const CAUSE: Cause = Cause { stage: Stage::Rcpt, code: 421, enhanced: None };

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_600_000_000_000 + milliseconds).unwrap()
}

fn limit(attempts: u32, seconds: u64) -> Limit {
    Limit { attempts, window: Duration::from_secs(seconds) }
}

/// Returns a throttle that was halved at 0 from 600 a minute, which were set and kept.
fn halved() -> Throttle {
    let mut throttle = Throttle::new(&[limit(10, 1)], at(-10_000));
    (-100..0).for_each(|tenth| throttle.mail_written(at(tenth * 100)));
    assert_eq!(throttle.asked(at(0), 1, Ask::Slower, CAUSE), Then::GoOn);
    throttle
}

fn attempt(throttle: &mut Throttle, now: Timestamp, notice: i64) {
    assert_eq!(throttle.gate(now, 0), Gate::Open);
    throttle.begins(now, notice);
    throttle.mail_written(now);
}

fn rates(throttle: &mut Throttle) -> Vec<u64> {
    throttle.changes().iter().map(|change| change.new.0 / 1000).collect()
}

#[test]
fn a_run_that_nobody_slows_is_held_back_by_nothing() {
    let mut throttle = Throttle::new(&[], at(0));
    for now in 0..1000 {
        assert_eq!(throttle.gate(at(now), 9), Gate::Open);
        throttle.begins(at(now), now);
        throttle.mail_written(at(now));
        throttle.accepted(at(now), now);
    }
    assert_eq!((throttle.changes(), throttle.lines_for()), (Vec::new(), usize::MAX));
}

#[test]
fn a_burst_of_replies_that_were_under_way_halves_once() {
    let mut throttle = halved();
    (2..17).for_each(|notice| _ = throttle.asked(at(notice), notice, Ask::Slower, CAUSE));
    assert_eq!(rates(&mut throttle), [300]);
    assert_eq!(throttle.gate(at(0), 0), Gate::ClosedUntil(at(200)));
    attempt(&mut throttle, at(200), 20);
    throttle.asked(at(201), 20, Ask::Slower, CAUSE);
    assert_eq!(rates(&mut throttle), [150]);
}

#[test]
fn without_a_limit_the_pace_before_the_reply_is_halved() {
    let mut throttle = Throttle::new(&[], at(0));
    (0..30_000).for_each(|now| throttle.mail_written(at(now)));
    throttle.asked(at(30_000), 1, Ask::Slower, CAUSE);
    // Of the tenth second nothing was written yet.
    assert_eq!(rates(&mut throttle), [30_000]);
    let mut short = Throttle::new(&[], at(0));
    (0..8).for_each(|now| short.mail_written(at(now)));
    short.asked(at(50), 1, Ask::Slower, CAUSE);
    assert_eq!(rates(&mut short), [240], "eight in the first second, and not in 50 ms");
}

#[test]
fn it_comes_back_by_a_tenth_a_minute_once_the_relay_takes_something() {
    let mut throttle = halved();
    throttle.changes();
    assert_eq!(throttle.gate(at(3_600_000), 0), Gate::Open);
    assert_eq!(rates(&mut throttle), [0; 0], "silence proves nothing");
    attempt(&mut throttle, at(3_600_000), 2);
    throttle.accepted(at(3_600_000), 2);
    for minute in 1..=5 {
        throttle.gate(at(3_600_000 + minute * 60_000 - 1), 0);
        throttle.gate(at(3_600_000 + minute * 60_000), 0);
    }
    assert_eq!(rates(&mut throttle), [360, 420, 480, 540, 600]);
    assert_eq!((throttle.gate(at(9_000_000), 5), throttle.lines_for()), (Gate::Open, usize::MAX));
}

#[test]
fn a_quota_pauses_longer_each_time_and_is_tried_with_one() {
    let mut throttle = Throttle::new(&[], at(0));
    let mut now = at(0);
    for hours in [1, 2, 4, 4] {
        throttle.asked(now, 1, Ask::Pause(None), CAUSE);
        throttle.asked(now, 2, Ask::Pause(None), CAUSE);
        let until = later(now, Duration::from_hours(hours));
        assert_eq!(throttle.gate(now, 0), Gate::QuotaUntil(until));
        now = until;
        assert_eq!((throttle.gate(now, 1), throttle.gate(now, 0)), (Gate::OneAtATime, Gate::Open));
    }
    throttle.accepted(now, 1);
    assert_eq!(throttle.gate(now, 9), Gate::Open);
    let whys: Vec<_> = throttle.changes().iter().map(|change| change.why).collect();
    assert_eq!(whys, [Why::Quota, Why::Quota, Why::Quota, Why::Quota, Why::QuotaOver]);
}

#[test]
fn a_relay_that_asks_and_takes_nothing_refuses_us_in_the_end() {
    let mut throttle = halved();
    let (mut now, mut then) = (at(0), Then::GoOn);
    let mut tries = 0;
    while then == Then::GoOn {
        match throttle.gate(now, 0) {
            Gate::Open => {
                attempt(&mut throttle, now, 7);
                then = throttle.asked(now, 7, Ask::Slower, CAUSE);
                tries += 1;
            }
            Gate::ClosedUntil(until) => now = until,
            other => panic!("{other:?}"),
        }
    }
    assert!(now >= later(at(0), STARVED_MOST) && tries < 400, "{now} {tries}");
    assert_eq!(rates(&mut throttle).last(), Some(&1));
}

#[test]
fn a_restart_goes_on_where_the_last_change_left_it() {
    let last = *halved().changes().last().unwrap();
    let facts = last.facts().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let read = Change::read(last.at, &facts).unwrap();
    assert_eq!(Change { cause: Some(CAUSE), ..read }, last);
    for (minutes, expected) in [(0, None), (1, Some(360)), (4, Some(540)), (60, Some(600))] {
        let now = at(minutes * 60_000);
        let mut throttle = Throttle::new(&[limit(10, 1)], now);
        throttle.remember(&read, None);
        throttle.gate(now, 0);
        assert_eq!(rates(&mut throttle).last().copied(), expected);
        assert_eq!(throttle.lines_for() == 1, minutes < 60);
    }
    let quota = Change { until: Some(at(3_600_000)), new: Rate::FREE, full: Rate::FREE, ..read };
    let mut throttle = Throttle::new(&[], at(60_000));
    throttle.remember(&quota, None);
    assert_eq!(throttle.gate(at(60_000), 0), Gate::QuotaUntil(at(3_600_000)));
}

#[test]
fn a_restart_makes_no_attempt_come_sooner() {
    let slowest =
        Change { new: FLOOR, base: FLOOR, full: Rate(100 * FLOOR.0), ..*halved().changes().last().unwrap() };
    for (restarted, attempted, opens) in [
        // A minute after the change that slowed it; after the last attempt; by a clock that was put back since.
        (30, None, 60),
        (30, Some(20), 80),
        (30, Some(30), 90),
        (30, Some(900), 90),
        // Ten quiet minutes raised the pace tenfold by tenths of it, and a restart is no reason for one more.
        (600, Some(60), 600),
        (600, Some(600), 624),
    ] {
        let seconds = |seconds: i64| at(1000 * seconds);
        let mut now = seconds(restarted);
        let mut throttle = Throttle::new(&[], now);
        throttle.remember(&slowest, attempted.map(seconds));
        while let Gate::ClosedUntil(until) = throttle.gate(now, 0) {
            now = until;
        }
        let found = now.duration_since(at(0)).as_secs_f64();
        assert!((found - f64::from(opens)).abs() < 1.0, "{restarted} {attempted:?}: {found}");
    }
}

#[test]
fn a_pause_is_remembered_whatever_was_recorded_after_it_began() {
    let mut throttle = Throttle::new(&[], at(0));
    throttle.asked(at(0), 1, Ask::Pause(None), CAUSE);
    throttle.asked(at(10), 2, Ask::Slower, CAUSE);
    let last = throttle.changes().pop().unwrap();
    assert_eq!((last.why, last.until), (Why::Asked, Some(at(3_600_000))));
    let mut next = Throttle::new(&[], at(20));
    next.remember(&last, None);
    assert_eq!(next.gate(at(3_599_999), 0), Gate::QuotaUntil(at(3_600_000)));
}

#[test]
fn rates_are_read_as_they_are_written() {
    for (rate, text) in
        [(Rate(1000), "1/min"), (Rate(1500), "1.5/min"), (Rate(66_050), "66.05/min"), (Rate::FREE, "free")]
    {
        assert_eq!((rate.to_string().as_str(), Rate::parse(text)), (text, Some(rate)));
    }
    for bad in ["", "1", "x/min", "99999999999999999999/min", "1.é/min"] {
        assert_eq!(Rate::parse(bad), None, "{bad}");
    }
}

proptest! {
    /// Whatever the relay answers and however the clock behaves, attempts keep to the pace that holds, which is
    /// never below the floor, is raised only after a quiet minute, and in the end is the full one again.
    #[test]
    fn the_pace_is_never_above_the_halved_one_before_its_time(
        steps in proptest::collection::vec((0_i64..5_000, 0_u8..10), 1..300),
    ) {
        let mut throttle = halved();
        let (mut now, mut notice) = (0, 100);
        let (mut rate, mut asked, mut raises, mut previous) = (Rate(300_000), 0, 0, None::<i64>);
        throttle.changes();
        for (passed, answer) in steps {
            now += passed;
            let gate = throttle.gate(at(now), 0);
            for change in throttle.changes() {
                raises += 1;
                prop_assert!(now - asked >= 60_000 * raises, "raise {raises} after {} ms", now - asked);
                prop_assert!(change.new > rate);
                rate = change.new;
            }
            if gate != Gate::Open { continue; }
            if let Some(previous) = previous && rate < Rate(600_000) {
                let interval = i64::try_from(rate.interval().as_millis()).unwrap();
                prop_assert!(now - previous >= interval.min(100) - 100 && (interval < 100 || now - previous >= interval));
            }
            notice += 1;
            throttle.begins(at(now), notice);
            throttle.mail_written(at(now));
            previous = Some(now);
            match answer {
                0..=2 => { throttle.asked(at(now), notice, Ask::Slower, CAUSE); }
                3..=7 => throttle.accepted(at(now), notice),
                _ => throttle.ended(notice),
            }
            for change in throttle.changes() {
                prop_assert!(change.new >= FLOOR && change.new <= change.old.max(FLOOR));
                (rate, asked, raises) = (change.new, now, 0);
            }
        }
        // A well relay from now on.
        for _ in 0..500 {
            now += 60_001;
            if throttle.gate(at(now), 0) == Gate::Open {
                notice += 1;
                throttle.begins(at(now), notice);
                throttle.accepted(at(now), notice);
            }
        }
        prop_assert_eq!(throttle.lines_for(), usize::MAX);
    }
}
