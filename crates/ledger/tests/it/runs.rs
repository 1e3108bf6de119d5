//! Runs, crashes, takeovers, decisions, and what is recorded beside a run.

use crate::desk::{Desk, accept, at, claim, commit, entry, identity, tokens, told};
use forthwith_core::{notice::Particulars, state::Happening, state::State};
use forthwith_ledger::{
    Ledger, Outcome,
    model::{sample_notice, sample_plan},
    sqlite::{BesideError, Counts, Decision, ResolveError, Which, request_stop},
};

#[test]
fn a_crash_leaves_nothing_to_repair() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(4, &[]);
    let claimed = claim(&mut ledger, 3, 0);
    accept(&mut ledger, &claimed[0], 1);
    commit(&mut ledger, &[entry(&claimed[1], 2, Happening::Offered)]);
    let reader = desk.reader();
    let living = Counts { queued: 2, in_flight: 1, accepted: 1, ..Counts::default() };
    assert_eq!(reader.counts().unwrap(), living);
    assert!(reader.notices(Which::InDoubt).unwrap().next().is_none());
    drop(ledger);
    let crashed = Counts { in_flight: 0, in_doubt: 1, ..living };
    assert_eq!(reader.counts().unwrap(), crashed);
    let last = reader.last_run(Some("notify")).unwrap().unwrap();
    assert_eq!((last.run, last.ended, last.is_alive), (1, None, false));
    let mut ledger = desk.open();
    assert_eq!(reader.counts().unwrap(), crashed);
    assert_eq!(tokens(&claim(&mut ledger, 9, 3))[0], claimed[2].token);
    let head = ledger.end(at(9), "done").unwrap();
    let last = reader.last_run(None).unwrap().unwrap();
    assert_eq!((last.run, last.ended, last.head), (2, Some((at(9), "done".to_owned())), head));
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn every_start_after_a_killed_run_is_found() {
    let desk = Desk::new();
    drop(desk.frozen(1, &[]));
    let after = |run| desk.reader().starts_after_kills(run).unwrap().len();
    let starts = |expected: usize| {
        let last = desk.reader().last_run(Some("notify")).unwrap().unwrap();
        assert_eq!(after(last.run), expected, "run {}", last.run);
    };
    starts(0);
    desk.open().end(at(1), "done").unwrap();
    starts(1);
    drop(desk.open());
    starts(1);
    drop(desk.open());
    starts(2);
    assert_eq!(after(2), 1, "runs after the one that asks do not count");
}

#[test]
fn a_run_that_was_taken_over_writes_nothing() {
    let desk = Desk::new();
    let mut first = desk.frozen(2, &[]);
    let claimed = claim(&mut first, 2, 0);
    accept(&mut first, &claimed[0], 1);
    // Somebody removes the lock file, and starts again.
    std::fs::remove_file(desk.folder().join("ledger.lock")).unwrap();
    let mut second = desk.open();
    let outcomes = first.commit(&[entry(&claimed[1], 2, Happening::Offered)]).unwrap();
    assert_eq!(outcomes, [Outcome::Fenced]);
    let again = claim(&mut second, 9, 2);
    assert_eq!(tokens(&again), [claimed[1].token.clone()]);
    accept(&mut second, &again[0], 3);
    let (plan, rows) = sample_plan(3, &[]);
    assert!(first.freeze(&plan, rows.into_iter(), at(9)).is_err());
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn doubt_is_settled_by_a_person_and_all_at_once_or_not_at_all() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(4, &[]);
    let claimed = claim(&mut ledger, 4, 0);
    for notice in &claimed[..3] {
        commit(&mut ledger, &[entry(notice, 1, Happening::Offered)]);
    }
    let why = Particulars { why: Some("connection reset".to_owned()), ..Particulars::default() };
    commit(&mut ledger, &[told(&claimed[0], 2, Happening::Doubted, why)]);
    commit(&mut ledger, &[entry(&claimed[2], 2, Happening::Bounced)]);
    drop(ledger);
    let mut ledger = desk.try_open("resolve").unwrap();
    let doubts: Vec<_> = desk.reader().notices(Which::InDoubt).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(doubts.iter().map(|doubt| doubt.token.clone()).collect::<Vec<_>>(), tokens(&claimed[..2]));
    assert_eq!(doubts[0].why.as_ref().unwrap().expose(), "connection reset");
    assert_eq!((doubts[0].since, doubts[1].since), (at(2), at(1)));
    assert_eq!(doubts[1].recipient.as_ref(), Some(&claimed[1].recipient));

    let mut all = tokens(&claimed);
    let refused = ledger.resolve(&all, Decision::Resend, "Ada", "told by phone", at(9)).unwrap_err();
    assert!(matches!(&refused, ResolveError::NotOpen { state: State::Queued, .. }), "{refused}");
    let unknown = ledger.resolve(&[sample_notice(99).token], Decision::Resend, "Ada", "x", at(9)).unwrap_err();
    assert!(matches!(unknown, ResolveError::Unknown { .. }), "{unknown}");
    assert_eq!(desk.reader().counts().unwrap().in_doubt + desk.reader().counts().unwrap().in_flight, 2);

    all.pop();
    let resent = all.split_off(1);
    assert_eq!(ledger.resolve(&resent, Decision::Resend, "Ada", "told by phone", at(9)).unwrap(), 2);
    assert_eq!(ledger.resolve(&all, Decision::LetStand, "Ada", "answered us", at(9)).unwrap(), 1);
    let counts = Counts { queued: 3, let_stand: 1, ..Counts::default() };
    assert_eq!(desk.reader().counts().unwrap(), counts);
    drop(ledger);
    let mut ledger = desk.open();
    let mut again = tokens(&claim(&mut ledger, 9, 9));
    again.sort();
    let mut expected = tokens(&claimed[1..]);
    expected.sort();
    assert_eq!(again, expected);
    let story = &desk.reader().stories(all[0].as_str()).unwrap()[0];
    let last = story.notice.as_ref().unwrap().events.last().unwrap();
    assert_eq!((last.kind.as_str(), last.facts["by"].as_str()), ("resolved-let-stand", "Ada"));
    assert_eq!(last.told.as_ref().unwrap().expose(), "answered us");
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn a_stop_request_reaches_the_living_run_alone() {
    let desk = Desk::new();
    let missing = request_stop(&desk.path(), &identity("stop"), "Ada", "wrong list").unwrap_err();
    assert!(missing.to_string().contains("no ledger"), "{missing}");
    let mut first = desk.frozen(1, &[]);
    assert_eq!(first.stop_requested().unwrap(), None);
    request_stop(&desk.path(), &identity("stop"), "Ada", "wrong list").unwrap();
    let stop = first.stop_requested().unwrap().unwrap();
    assert_eq!((stop.by.as_str(), stop.reason.as_str(), stop.at), ("Ada", "wrong list", at(0)));
    // The run goes on writing: it decides itself how it drains.
    let claimed = claim(&mut first, 1, 0);
    accept(&mut first, &claimed[0], 1);
    first.end(at(2), "stopped").unwrap();
    let refused = request_stop(&desk.path(), &identity("stop"), "Ada", "wrong list").unwrap_err();
    assert!(matches!(refused, BesideError::NothingRuns), "{refused}");
    assert_eq!(desk.open().stop_requested().unwrap(), None);
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn only_a_notify_can_be_stopped() {
    let desk = Desk::new();
    // A notify that was killed has left its run without an end.
    drop(desk.frozen(1, &[]));
    for command in ["resolve", "dry-run"] {
        let other = desk.try_open(command).unwrap();
        let refused = request_stop(&desk.path(), &identity("stop"), "Ada", "wrong list").unwrap_err();
        assert!(matches!(refused, BesideError::NothingRuns), "{command}: {refused}");
        let runs: i64 = desk.sql().query_row("SELECT count(*) FROM runs", (), |row| row.get(0)).unwrap();
        assert_eq!(runs, other.run(), "the refusal left a run");
    }
    let mut notify = desk.open();
    request_stop(&desk.path(), &identity("stop"), "Ada", "wrong list").unwrap();
    assert!(notify.stop_requested().unwrap().is_some());
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn each_head_is_named_by_the_run_after_it_and_only_once() {
    let desk = Desk::new();
    let heads: Vec<_> = (0..3).map(|second| desk.open().end(at(second), "done").unwrap().hex()).collect();
    let named = |run: i64| {
        let sql = "SELECT facts FROM events WHERE run = ?1 AND kind = 'started'";
        desk.sql().query_row(sql, [run], |row| row.get::<_, String>(0)).unwrap()
    };
    assert!(!named(1).contains("head."));
    assert!(named(2).contains(&heads[0]) && !named(2).contains(&heads[1]));
    assert!(named(3).contains(&heads[1]) && !named(3).contains(&heads[0]));
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn whatever_a_power_cut_leaves_of_the_log_is_a_true_beginning() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(6, &[]);
    let claimed = claim(&mut ledger, 6, 0);
    let before = std::fs::metadata(wal(&desk)).unwrap().len();
    for notice in &claimed {
        commit(&mut ledger, &[entry(notice, 1, Happening::Offered)]);
        commit(&mut ledger, &[entry(notice, 1, Happening::Accepted)]);
    }
    let log = std::fs::read(wal(&desk)).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    // Steps that fall into, before and after the frames of the log (24 octets and a page of 4,096).
    for length in (usize::try_from(before).unwrap()..log.len()).step_by(1_777).chain([log.len()]) {
        let cut = Desk::new();
        drop(cut.open());
        std::fs::copy(desk.path(), cut.path()).unwrap();
        std::fs::write(wal(&cut), &log[..length]).unwrap();
        std::fs::set_permissions(wal(&cut), std::fs::metadata(desk.path()).unwrap().permissions()).unwrap();
        let counts = cut.reader().counts().unwrap();
        assert_eq!((counts.sum(), cut.flaws()), (6, Vec::new()), "{length} octets of the log");
        seen.insert((counts.accepted, counts.in_doubt));
        // And the next run goes on from there: all that was neither offered nor accepted is claimed.
        let mut next = cut.open();
        assert_eq!(claim(&mut next, 9, 2).len() as u64, counts.queued);
    }
    let every: Vec<_> = (0..=6).flat_map(|done| [(done, 0), (done, 1)]).take(13).collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), every);
}

fn wal(desk: &Desk) -> std::path::PathBuf {
    desk.folder().join("ledger.sqlite-wal")
}
