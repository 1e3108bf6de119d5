//! Freezing: once, replaced until the first offer, and kept whole.

use crate::desk::{Desk, at, claim, commit, entry};
use forthwith_core::{notice::Withheld, plan::FrozenRow, state::Happening};
use forthwith_ledger::{
    Ledger,
    model::{sample_plan, sample_withheld},
    sqlite::{Freeze, FreezeError},
};
use std::collections::BTreeMap;

#[test]
fn what_was_frozen_comes_back_whole() {
    let desk = Desk::new();
    let (plan, rows) = sample_plan(2_500, &[sample_withheld(2_501), sample_withheld(2_502)]);
    let mut ledger = desk.open();
    let frozen = ledger.freeze(&plan, rows.clone().into_iter(), at(0)).unwrap();
    assert_eq!(frozen, Freeze::Frozen { superseded: None });
    let reader = desk.reader();
    let current = reader.current_plan().unwrap().unwrap();
    assert_eq!((&current.frozen, current.number), (&plan, 1));
    assert_eq!((current.rows, current.planned, current.first_offer_at), (2_502, 2_500, None));
    assert_eq!(current.withheld, BTreeMap::from([(Withheld::NoAddress, 2)]));
    assert_eq!(reader.frozen_rows().collect::<Result<Vec<_>, _>>().unwrap(), rows);
    assert_eq!(reader.withheld_rows().collect::<Result<Vec<_>, _>>().unwrap(), rows[2_500..]);
    assert_eq!(reader.counts().unwrap().queued, 2_500);
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn the_same_plan_is_frozen_once() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(3, &[]);
    let (plan, rows) = sample_plan(3, &[]);
    let head = ledger.head();
    assert_eq!(ledger.freeze(&plan, rows.into_iter(), at(9)).unwrap(), Freeze::Unchanged);
    assert_eq!(ledger.head(), head);
}

#[test]
fn a_new_plan_replaces_one_that_nobody_was_offered() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(3, &[sample_withheld(4)]);
    claim(&mut ledger, 2, 0);
    let (old, (plan, rows)) = (sample_plan(3, &[sample_withheld(4)]).0, sample_plan(5, &[]));
    let frozen = ledger.freeze(&plan, rows.clone().into_iter(), at(1)).unwrap();
    assert_eq!(frozen, Freeze::Frozen { superseded: Some(old.digest) });
    // Claims on the old plan are void with it.
    assert_eq!(claim(&mut ledger, 9, 1).len(), 5);
    let reader = desk.reader();
    assert_eq!(reader.current_plan().unwrap().unwrap().frozen, plan);
    assert_eq!(reader.frozen_rows().collect::<Result<Vec<_>, _>>().unwrap(), rows);
    assert_eq!((reader.counts().unwrap().sum(), desk.flaws()), (5, Vec::new()));
}

#[test]
fn after_the_first_offer_the_plan_stands() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(3, &[]);
    let claimed = claim(&mut ledger, 1, 0);
    commit(&mut ledger, &[entry(&claimed[0], 7, Happening::Offered), entry(&claimed[0], 8, Happening::Requeued)]);
    assert_eq!(desk.reader().current_plan().unwrap().unwrap().first_offer_at, Some(at(7)));
    drop(ledger);
    let mut ledger = desk.open();
    let (other, rows) = sample_plan(4, &[]);
    let refused = ledger.freeze(&other, rows.into_iter(), at(9)).unwrap_err();
    let (same, rows) = sample_plan(3, &[]);
    assert!(matches!(refused, FreezeError::Offered { standing } if standing == same.digest), "{refused}");
    assert_eq!(ledger.freeze(&same, rows.into_iter(), at(9)).unwrap(), Freeze::Unchanged);
}

#[test]
fn rows_that_the_manifest_does_not_describe_are_not_frozen() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let (plan, rows) = sample_plan(3, &[sample_withheld(4)]);
    let without = |left_out: usize| {
        let kept = rows.iter().enumerate().filter(move |(index, _)| *index != left_out);
        kept.map(|(_, row)| row.clone()).collect::<Vec<FrozenRow>>()
    };
    for (rows, expected) in [(without(0), "rows 4"), (without(3), "rows 4")] {
        let refused = ledger.freeze(&plan, rows.into_iter(), at(0)).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    let mut swapped = rows.clone();
    swapped[0] = FrozenRow { row: 1, ..sample_plan(9, &[]).1[8].clone() };
    let refused = ledger.freeze(&plan, swapped.into_iter(), at(0)).unwrap_err().to_string();
    assert!(refused.contains("manifest says notices"), "{refused}");
    let mut forged = plan.clone();
    forged.manifest.push_str("more 1\n");
    assert!(ledger.freeze(&forged, rows.clone().into_iter(), at(0)).is_err());
    assert!(desk.reader().current_plan().unwrap().is_none());
    assert_eq!(ledger.claim(9, at(0)).unwrap().notices.len(), 0);
    ledger.freeze(&plan, rows.into_iter(), at(0)).unwrap();
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn a_hundred_thousand_notices_are_claimed_without_a_sort() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(100_000, &[]);
    drop(desk.reader());
    let plan = |sql: &str| {
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let connection = desk.sql();
        let mut statement = connection.prepare(&sql).unwrap();
        let lines = statement.query_map((), |row| row.get::<_, String>(3)).unwrap();
        lines.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
    };
    let fresh = "SELECT notice FROM notices WHERE notice > 7 AND notice < 70 AND state = 0 AND due IS NULL
                 ORDER BY notice";
    assert!(plan(fresh).contains("PRIMARY KEY (rowid>? AND rowid<?)"), "{}", plan(fresh));
    assert!(!plan(fresh).contains("TEMP"), "{}", plan(fresh));
    let waiting = "SELECT notice FROM notices WHERE plan = 1 AND due <= 7 ORDER BY due, position";
    assert!(plan(waiting).contains("notices_due") && !plan(waiting).contains("TEMP"), "{}", plan(waiting));
    let pace = "SELECT at FROM events WHERE kind = 'offered' AND at >= 7 ORDER BY at";
    assert!(plan(pace).contains("COVERING INDEX events_pace") && !plan(pace).contains("TEMP"), "{}", plan(pace));
    let claims = (0..100).map(|_| claim(&mut ledger, 1_000, 0).len());
    assert_eq!(claims.collect::<Vec<_>>(), [1_000; 100]);
    assert_eq!(claim(&mut ledger, 1_000, 0).len(), 0);
}
