//! What a relay's log settles and reports: all or nothing, proved by `verify`, and never a state that is not due.

use crate::desk::{Desk, accept, at, claim, commit, entry};
use forthwith_core::{
    digest::Digest,
    notice::Token,
    private::Private,
    reconcile::{Onward, Passage},
    state::{Happening, State},
};
use forthwith_ledger::{
    model::sample_notice,
    sqlite::{Evidence, LeftRelay, ResolveError, Settled, SqliteLedger, Which},
};
use std::collections::BTreeMap;

fn evidence() -> Evidence<'static> {
    Evidence { log: Digest::of(b"log"), form: "postfix-log", lines: 7, by: "Ada", at: at(9) }
}

fn settled(token: &Token, happening: Happening) -> Settled {
    let lines = Private::new(b"to=<person1@example.org> (queue active)\n".to_vec());
    Settled { token: token.clone(), happening, queue_id: "C32B499011C".to_owned(), lines }
}

fn onward(passage: Passage) -> Onward {
    let reply = Private::new("250 person1@example.org ok".to_owned());
    Onward {
        passage,
        at: Some(at(8)),
        relay: "mx.example.org[192.0.2.7]:25".to_owned(),
        dsn: "2.0.0".to_owned(),
        reply,
        is_complained: false,
        ids: [].into(),
    }
}

/// A ledger of three notices: one accepted, two in doubt; and a run that reads a log.
fn in_doubt() -> (Desk, SqliteLedger, [Token; 3]) {
    let desk = Desk::new();
    let mut ledger = desk.frozen(3, &[]);
    let claimed = claim(&mut ledger, 3, 0);
    accept(&mut ledger, &claimed[0], 1);
    for doubted in &claimed[1..] {
        commit(&mut ledger, &[entry(doubted, 2, Happening::Offered), entry(doubted, 3, Happening::Doubted)]);
    }
    ledger.end(at(4), "done").unwrap();
    let tokens = [0, 1, 2].map(|at: usize| claimed[at].token.clone());
    let ledger = desk.try_open("reconcile").unwrap();
    (desk, ledger, tokens)
}

fn states(desk: &Desk) -> (u64, u64, u64) {
    let counts = desk.reader().counts().unwrap();
    (counts.in_doubt, counts.accepted, counts.queued)
}

#[test]
fn a_doubt_is_settled_with_the_log_the_queue_id_and_the_lines() {
    let (desk, mut ledger, [_, taken, refused]) = in_doubt();
    let both = [settled(&taken, Happening::ProvedAccepted), settled(&refused, Happening::ProvedNotAccepted)];
    ledger.reconcile(&both, &BTreeMap::new(), &evidence()).unwrap();
    assert_eq!(states(&desk), (0, 2, 1));
    let story = desk.reader().stories(taken.as_str()).unwrap().remove(0).notice.unwrap();
    let last = story.events.last().unwrap();
    assert_eq!((last.kind.as_str(), last.facts["by"].as_str()), ("proved-accepted", "Ada"));
    assert_eq!((&last.facts["log"], last.facts["queue-id"].as_str()), (&Digest::of(b"log").hex(), "C32B499011C"));
    assert!(last.told.as_ref().unwrap().expose().contains("(queue active)"));
    assert!(!last.facts.values().any(|fact| fact.contains('@')), "the chain names nobody");
    // What was proved not to be taken is claimed again, once.
    let again = claim(&mut ledger, 9, 10);
    assert_eq!(again.iter().map(|notice| &notice.token).collect::<Vec<_>>(), [&refused]);
    accept(&mut ledger, &again[0], 11);
    drop(ledger);
    assert_eq!((states(&desk), desk.flaws()), ((0, 3, 0), vec![]));
}

#[test]
fn one_that_is_not_in_doubt_settles_none() {
    let (desk, mut ledger, [accepted, doubted, _]) = in_doubt();
    let good = settled(&doubted, Happening::ProvedNotAccepted);
    for bad in [
        settled(&accepted, Happening::ProvedNotAccepted),
        settled(&accepted, Happening::ProvedAccepted),
        settled(&sample_notice(99).token, Happening::ProvedAccepted),
        settled(&doubted, Happening::ResolvedResend),
        settled(&doubted, Happening::ProvedNotAccepted),
    ] {
        let error = ledger.reconcile(&[good.clone(), bad], &BTreeMap::new(), &evidence()).unwrap_err();
        assert!(matches!(error, ResolveError::Unknown { .. } | ResolveError::NotOpen { .. }), "{error}");
        assert_eq!((states(&desk), desk.reader().left_relay().unwrap()), ((2, 1, 0), None));
    }
    ledger.reconcile(&[good], &BTreeMap::new(), &evidence()).unwrap();
    ledger.end(at(9), "done").unwrap();
    assert_eq!((states(&desk), desk.flaws()), ((1, 1, 1), vec![]));
}

#[test]
fn reports_stand_beside_accepted_notices_alone_and_change_no_state() {
    let (desk, mut ledger, [accepted, taken, doubted]) = in_doubt();
    let proofs = [settled(&taken, Happening::ProvedAccepted)];
    let reports = BTreeMap::from([
        (accepted.clone(), onward(Passage::Waiting)),
        (taken.clone(), onward(Passage::PassedOn)),
        (doubted.clone(), onward(Passage::PassedOn)),
        (sample_notice(99).token, onward(Passage::PassedOn)),
    ]);
    let left = ledger.reconcile(&proofs, &reports, &evidence()).unwrap();
    assert_eq!(left, LeftRelay { read_at: at(9), passed_on: 1, waiting: 1, returned: 0 });
    assert_eq!((desk.reader().left_relay().unwrap(), states(&desk)), (Some(left), (1, 2, 0)));
    let report = |token: &Token| desk.reader().stories(token.as_str()).unwrap().remove(0).notice.unwrap().onward;
    assert_eq!((report(&taken), report(&doubted)), (Some(onward(Passage::PassedOn)), None));
    // A later log knows more of one, and nothing of the other: what was known stays.
    let later = BTreeMap::from([(accepted, onward(Passage::Returned))]);
    let left = ledger.reconcile(&[], &later, &evidence()).unwrap();
    assert_eq!((left.passed_on, left.waiting, left.returned), (1, 0, 1));
    // One that was written before it does not make it wait again.
    let earlier = later.keys().map(|token| (token.clone(), Onward { at: Some(at(7)), ..onward(Passage::Waiting) }));
    let left = ledger.reconcile(&[], &earlier.collect(), &evidence()).unwrap();
    assert_eq!((left.passed_on, left.waiting, left.returned), (1, 0, 1));
    assert_eq!(desk.reader().notices(Which::In(State::Accepted)).unwrap().count(), 2);
    ledger.end(at(9), "done").unwrap();
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn a_report_that_was_changed_or_added_is_found() {
    let (desk, mut ledger, [accepted, ..]) = in_doubt();
    let reports = BTreeMap::from([(accepted, onward(Passage::Waiting))]);
    let sql = |text: &str| desk.sql().execute(text, ()).unwrap();
    let found = || desk.flaws().iter().any(|flaw| flaw.contains("report"));
    assert_eq!(sql("UPDATE notices SET report = '{}' WHERE state = 3"), 1);
    assert!(found(), "nobody recorded it");
    assert_eq!(sql("UPDATE notices SET report = NULL"), 3);
    ledger.reconcile(&[], &reports, &evidence()).unwrap();
    assert!(!found());
    assert_eq!(sql("UPDATE notices SET report = replace(report, 'waiting', 'passed_on') WHERE state = 3"), 1);
    assert!(found(), "it was changed");
    assert_eq!(sql("UPDATE notices SET report = NULL"), 3);
    assert!(found(), "it was taken away");
}
