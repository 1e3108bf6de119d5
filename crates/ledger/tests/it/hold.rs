//! Holds and releases: beside a run, before there is one, and read back.

use crate::desk::{Desk, accept, at, claim, identity};
use forthwith_core::hold::{Hold, standing};
use forthwith_ledger::{
    Ledger,
    sqlite::{LedgerReader, record_hold, record_release},
};
use jiff::Timestamp;

fn hold(desk: &Desk, second: i64, agency: Option<&str>, until: Option<Timestamp>) {
    let identity = forthwith_ledger::sqlite::RunIdentity { started_at: at(second), ..identity("hold") };
    record_hold(&desk.path(), &identity, "Ada", "asked in writing", agency, until).unwrap();
}

fn release(desk: &Desk, second: i64, numbers: &[i64]) {
    let identity = forthwith_ledger::sqlite::RunIdentity { started_at: at(second), ..identity("release") };
    record_release(&desk.path(), &identity, numbers, "Ben", "written release").unwrap();
}

fn holds(desk: &Desk) -> Vec<Hold> {
    desk.reader().holds().unwrap()
}

#[test]
fn a_hold_can_be_recorded_before_anything_is_frozen() {
    let desk = Desk::new();
    hold(&desk, 1, Some("State Police"), Some(at(99)));
    let found = &holds(&desk)[0];
    assert_eq!((found.at, found.by.as_str(), found.agency.as_deref()), (at(1), "Ada", Some("State Police")));
    assert_eq!((found.until, found.reason.expose().as_str()), (Some(at(99)), "asked in writing"));
    assert_eq!(LedgerReader::open(&desk.path()).unwrap().unwrap().current_plan().unwrap(), None);
    let mut ledger = desk.frozen(1, &[]);
    assert_eq!(ledger.stop_requested().unwrap(), None, "it began after the hold, and looks for itself");
    assert_eq!(standing(&holds(&desk), at(2)).len(), 1, "freezing lifts nothing");
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn a_hold_drains_the_notify_that_goes_on_and_a_release_nothing() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(2, &[]);
    hold(&desk, 1, None, None);
    let stop = ledger.stop_requested().unwrap().unwrap();
    assert_eq!((stop.at, stop.by.as_str(), stop.reason.as_str()), (at(1), "Ada", "asked in writing"));
    // The run goes on writing what was open.
    let claimed = claim(&mut ledger, 1, 0);
    accept(&mut ledger, &claimed[0], 1);
    ledger.end(at(2), "stopped").unwrap();
    let number = holds(&desk)[0].number;
    release(&desk, 3, &[number]);
    let found = &holds(&desk)[0];
    let lifted = found.lifted.as_ref().unwrap();
    assert_eq!((lifted.at, lifted.by.as_str(), lifted.reason.expose().as_str()), (at(3), "Ben", "written release"));
    let mut ledger = desk.open();
    release(&desk, 4, &[number]);
    assert_eq!(ledger.stop_requested().unwrap(), None);
    assert_eq!(holds(&desk)[0].lifted.as_ref().unwrap().at, at(3), "the first release counts");
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn a_release_lifts_the_holds_that_it_names_and_no_other() {
    let desk = Desk::new();
    drop(desk.frozen(1, &[]));
    for (second, agency) in (1..).zip(["A", "B", "C"]) {
        hold(&desk, second, Some(agency), None);
    }
    let numbers: Vec<_> = holds(&desk).iter().map(|hold| hold.number).collect();
    release(&desk, 9, &[numbers[0], numbers[2]]);
    let left = standing(&holds(&desk), at(9));
    assert_eq!(left.iter().map(|hold| hold.agency.as_deref()).collect::<Vec<_>>(), [Some("B")]);
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn a_hold_that_was_changed_behind_the_ledgers_back_is_found() {
    let desk = Desk::new();
    drop(desk.frozen(1, &[]));
    hold(&desk, 1, Some("State Police"), None);
    desk.sql().execute("UPDATE events SET facts = replace(facts, 'Ada', 'Eve') WHERE kind = 'held'", ()).unwrap();
    assert_eq!(desk.flaws().len(), 1, "{:?}", desk.flaws());
}
