//! What every ledger must do, whatever keeps it: the same checks on each.

use crate::desk::{Desk, at, claim, commit, due, entry, tokens, told};
use forthwith_core::{
    notice::{Particulars, Token},
    state::Happening,
};
use forthwith_ledger::{
    Append, Ledger, LedgerError, RunEvent,
    model::{ModelLedger, sample_notice},
};
use std::collections::BTreeMap;

/// A way to a fresh ledger whose plan has this many notices of `sample_notice`.
type Make<'a> = &'a dyn Fn(u64) -> Box<dyn Ledger>;

fn conforms(make: Make<'_>) {
    claims_come_in_keyed_order_and_once(make(5));
    a_claim_beyond_the_plan_is_short(make(2));
    what_is_offered_is_not_claimed_again(make(1));
    a_deferred_notice_waits_and_goes_first(make(3));
    who_waits_is_claimed_by_the_first_offer_though_not_due(make(3));
    who_was_only_lost_is_not_among_them(make(1));
    next_due_is_told_where_little_is_due(make(2));
    what_goes_back_is_claimed_again_with_its_date(make(1));
    only_what_counts_is_counted(make(1));
    the_impossible_is_refused_whole(make(2));
    another_offer_is_refused(make(1));
    what_expired_is_not_claimed_again(make(2));
    events_of_a_run_are_taken(make(1));
}

#[test]
fn the_model_conforms() {
    conforms(&|count| Box::new(ModelLedger::with_plan((1..=count).map(sample_notice))));
}

#[test]
fn sqlite_conforms() {
    let desks = std::cell::RefCell::new(Vec::new());
    conforms(&|count| {
        let desk = Desk::new();
        let ledger = desk.frozen(count, &[]);
        desks.borrow_mut().push(desk);
        Box::new(ledger)
    });
    let desks = desks.into_inner();
    assert!(desks.len() > 10);
    for desk in desks {
        assert_eq!(desk.flaws(), [] as [String; 0]);
    }
}

fn keyed_order(count: u64) -> Vec<Token> {
    let mut notices: Vec<_> = (1..=count).map(sample_notice).collect();
    notices.sort_by_key(|notice| notice.order);
    notices.into_iter().map(|notice| notice.token).collect()
}

fn claims_come_in_keyed_order_and_once(mut ledger: Box<dyn Ledger>) {
    let expected = keyed_order(5);
    let first = claim(&mut ledger, 2, 0);
    assert_eq!(tokens(&first), expected[..2]);
    assert_eq!(tokens(&claim(&mut ledger, 2, 0)), expected[2..4]);
    let claimed = &first[0];
    let row = claimed.recipient.row;
    assert_eq!(claimed.recipient, sample_notice(row).recipient);
    assert_eq!((claimed.content, claimed.date, claimed.due), (sample_notice(row).content, None, None));
    assert_eq!((claimed.deferrals, claimed.requeues), (0, 0));
}

fn a_claim_beyond_the_plan_is_short(mut ledger: Box<dyn Ledger>) {
    let found = ledger.claim(9, at(0)).unwrap();
    assert_eq!((found.notices.len(), found.next_due), (2, None));
    assert_eq!(claim(&mut ledger, 9, 0).len(), 0);
}

fn what_is_offered_is_not_claimed_again(mut ledger: Box<dyn Ledger>) {
    let claimed = claim(&mut ledger, 1, 0);
    commit(&mut ledger, &[entry(&claimed[0], 1, Happening::Offered)]);
    commit(&mut ledger, &[entry(&claimed[0], 2, Happening::Doubted)]);
    assert_eq!(claim(&mut ledger, 1, 100).len(), 0);
}

fn a_deferred_notice_waits_and_goes_first(mut ledger: Box<dyn Ledger>) {
    let expected = keyed_order(3);
    let claimed = claim(&mut ledger, 2, 0);
    for (notice, when) in claimed.iter().zip([60, 30]) {
        let deferred = told(notice, 1, Happening::Deferred, due(when));
        commit(&mut ledger, &[entry(notice, 1, Happening::Offered), deferred]);
    }
    let again = claim(&mut ledger, 3, 60);
    // The longest overdue first, and what was never attempted last.
    assert_eq!(tokens(&again), [expected[1].clone(), expected[0].clone(), expected[2].clone()]);
    assert_eq!((again[0].deferrals, again[0].due), (1, Some(at(30))));
}

fn who_waits_is_claimed_by_the_first_offer_though_not_due(mut ledger: Box<dyn Ledger>) {
    let by = |ledger: &mut Box<dyn Ledger>, want, offered_by| {
        tokens(&ledger.claim_waiting(want, at(offered_by)).unwrap().notices)
    };
    let claimed = claim(&mut ledger, 2, 0);
    for (notice, when) in claimed.iter().zip([90, 80]) {
        let deferred = told(notice, 1, Happening::Deferred, due(when));
        commit(&mut ledger, &[entry(notice, 0, Happening::Offered), deferred]);
    }
    let expected = keyed_order(3);
    assert!(by(&mut ledger, 9, -1).is_empty(), "both were offered at 0");
    assert_eq!(by(&mut ledger, 1, 0), expected[1..2], "the one due first");
    assert_eq!(by(&mut ledger, 9, 0), expected[..1], "the third was never attempted");
    assert!(by(&mut ledger, 9, 0).is_empty(), "what is claimed is not claimed again");
    assert!(claim(&mut ledger, 9, 100).iter().all(|notice| notice.date.is_none()), "by nobody");
    commit(&mut ledger, &[entry(&claimed[1], 2, Happening::Expired)]);
}

fn who_was_only_lost_is_not_among_them(mut ledger: Box<dyn Ledger>) {
    let claimed = claim(&mut ledger, 1, 0);
    let back = [entry(&claimed[0], 0, Happening::Offered), entry(&claimed[0], 1, Happening::Requeued)];
    commit(&mut ledger, &back);
    assert!(ledger.claim_waiting(9, at(500)).unwrap().notices.is_empty());
}

fn next_due_is_told_where_little_is_due(mut ledger: Box<dyn Ledger>) {
    let claimed = claim(&mut ledger, 2, 0);
    let deferred = told(&claimed[0], 1, Happening::Deferred, due(90));
    commit(&mut ledger, &[entry(&claimed[0], 1, Happening::Offered), deferred]);
    let found = ledger.claim(1, at(10)).unwrap();
    assert_eq!((found.notices.len(), found.next_due), (0, Some(at(90))));
    let found = ledger.claim(5, at(90)).unwrap();
    assert_eq!((found.notices.len(), found.next_due), (1, None));
}

fn what_goes_back_is_claimed_again_with_its_date(mut ledger: Box<dyn Ledger>) {
    let claimed = claim(&mut ledger, 1, 0);
    let back = [entry(&claimed[0], 1, Happening::Offered), entry(&claimed[0], 2, Happening::Requeued)];
    commit(&mut ledger, &back);
    let again = claim(&mut ledger, 1, 2);
    assert_eq!(again[0].date, Some(at(0)));
    let deferred = told(&again[0], 3, Happening::Deferred, due(4));
    commit(&mut ledger, &[entry(&again[0], 3, Happening::Offered), deferred]);
    commit(&mut ledger, &[entry(&again[0], 5, Happening::Restored)]);
    assert_eq!(claim(&mut ledger, 1, 5)[0].deferrals, 0);
}

fn only_what_counts_is_counted(mut ledger: Box<dyn Ledger>) {
    for (counts, expected) in [(true, 1), (false, 1), (true, 2)] {
        let claimed = claim(&mut ledger, 1, 0);
        let requeued = told(&claimed[0], 0, Happening::Requeued, Particulars { counts, ..Particulars::default() });
        commit(&mut ledger, &[entry(&claimed[0], 0, Happening::Offered), requeued]);
        let again = claim(&mut ledger, 1, 0);
        assert_eq!(again[0].requeues, expected);
        let back = told(&again[0], 0, Happening::Requeued, Particulars::default());
        commit(&mut ledger, &[entry(&again[0], 0, Happening::Offered), back]);
    }
}

fn the_impossible_is_refused_whole(mut ledger: Box<dyn Ledger>) {
    let claimed = claim(&mut ledger, 2, 0);
    let entries = [entry(&claimed[0], 1, Happening::Offered), entry(&claimed[1], 1, Happening::Accepted)];
    let error = ledger.commit(&entries).unwrap_err();
    assert!(matches!(&error, LedgerError::Impossible { token, .. } if *token == claimed[1].token), "{error}");
    // The offer before it was not written either: it can still be made.
    commit(&mut ledger, &entries[..1]);
}

fn another_offer_is_refused(mut ledger: Box<dyn Ledger>) {
    let claimed = claim(&mut ledger, 1, 0);
    commit(&mut ledger, &[entry(&claimed[0], 1, Happening::Offered), entry(&claimed[0], 1, Happening::Requeued)]);
    let mut again = claim(&mut ledger, 1, 1);
    again[0].token = sample_notice(1).token;
    let Append::Notice(mut other) = entry(&again[0], 2, Happening::Offered) else { unreachable!() };
    other.particulars.offer = Some((at(0), forthwith_core::digest::Digest::of(b"other bytes")));
    let error = ledger.commit(&[Append::Notice(other)]).unwrap_err();
    assert!(matches!(error, LedgerError::WireChanged { .. }), "{error}");
}

fn what_expired_is_not_claimed_again(mut ledger: Box<dyn Ledger>) {
    let claimed = claim(&mut ledger, 2, 0);
    let deferred = told(&claimed[0], 1, Happening::Deferred, due(60));
    commit(&mut ledger, &[entry(&claimed[0], 1, Happening::Offered), deferred]);
    let deferred = claim(&mut ledger, 1, 60).remove(0);
    commit(&mut ledger, &[&deferred, &claimed[1]].map(|notice| entry(notice, 61, Happening::Expired)));
    assert_eq!(claim(&mut ledger, 9, 2_000).len(), 0);
    // Only a person brings it back.
    let error = ledger.commit(&[entry(&claimed[1], 62, Happening::Offered)]).unwrap_err();
    assert!(matches!(error, LedgerError::Impossible { .. }), "{error}");
}

fn events_of_a_run_are_taken(mut ledger: Box<dyn Ledger>) {
    let facts = BTreeMap::from([("relay", "relay.example".to_owned())]);
    let event = RunEvent { at: at(1), kind: "connected", facts, private: Some(b"220 hello".to_vec()) };
    commit(&mut ledger, &[Append::Run(event)]);
    assert_eq!(ledger.stop_requested().unwrap(), None);
}
