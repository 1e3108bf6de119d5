//! Reading beside a run: stories, lists, pace, and what must not be told in clear.

use crate::desk::{Desk, accept, at, claim, commit, due, entry, reply, told};
use forthwith_core::{
    plan::{Fate, FrozenRow},
    state::Happening,
    state::State,
};
use forthwith_ledger::{
    Append, Ledger, RunEvent,
    model::{sample_notice, sample_withheld},
    sqlite::Which,
};
use std::collections::BTreeMap;

#[test]
fn one_persons_story_is_found_by_id_address_row_and_token() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(3, &[sample_withheld(4)]);
    let claimed = claim(&mut ledger, 1, 0);
    let row = claimed[0].recipient.row;
    let refused = told(&claimed[0], 2, Happening::Deferred, due(60));
    let Append::Notice(mut refused) = refused else { unreachable!() };
    refused.particulars.reply = reply("450 4.2.1 mailbox of person1@example.org is busy").reply;
    commit(&mut ledger, &[entry(&claimed[0], 1, Happening::Offered), Append::Notice(refused)]);
    let again = claim(&mut ledger, 1, 60);
    accept(&mut ledger, &again[0], 61);
    let reader = desk.reader();
    let who = [
        format!("C{row}"),
        format!("PERSON{row}@example.org"),
        row.to_string(),
        claimed[0].token.as_str().to_owned(),
    ];
    for who in who {
        let stories = reader.stories(&who).unwrap();
        assert_eq!(stories.len(), 1, "{who}");
        assert!(matches!(&stories[0].row.fate, Fate::Planned(planned) if *planned == sample_notice(row)));
        let notice = stories[0].notice.as_ref().unwrap();
        assert_eq!((notice.standing.state, notice.position), (State::Accepted, 1));
        let kinds: Vec<_> = notice.events.iter().map(|event| (event.kind.as_str(), event.at)).collect();
        let expected = [
            ("planned", at(0)),
            ("offered", at(1)),
            ("deferred", at(2)),
            ("offered", at(61)),
            ("accepted", at(61)),
        ];
        assert_eq!(kinds, expected);
        let words = notice.events[2].told.as_ref().unwrap().expose();
        assert_eq!(words, "450 4.2.1 mailbox of person1@example.org is busy");
        assert_eq!(notice.events[2].facts["code"], "450");
    }
    let withheld = reader.stories("C4").unwrap();
    assert!(matches!(withheld[0].row.fate, Fate::Withheld { .. }) && withheld[0].notice.is_none());
    assert!(reader.stories("nobody@example.org").unwrap().is_empty());
    assert!(reader.stories("").unwrap().is_empty());
}

#[test]
fn lists_have_what_is_in_a_state_in_keyed_order() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(1_500, &[]);
    let claimed = claim(&mut ledger, 1_200, 0);
    for notice in &claimed {
        let bounced = told(notice, 1, Happening::Bounced, reply("550 5.1.1 unknown"));
        ledger.commit(&[entry(notice, 1, Happening::Offered), bounced]).unwrap();
    }
    let reader = desk.reader();
    let bounced: Vec<_> =
        reader.notices(Which::In(State::Bounced)).unwrap().map(|found| found.unwrap().token).collect();
    assert_eq!(bounced, claimed.iter().map(|notice| notice.token.clone()).collect::<Vec<_>>());
    assert_eq!(reader.notices(Which::In(State::Queued)).unwrap().count(), 300);
}

#[test]
fn a_later_wave_reads_everybody_page_by_page() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(2_050, &[sample_withheld(2_051)]);
    let claimed = claim(&mut ledger, 3, 0);
    accept(&mut ledger, &claimed[0], 1);
    commit(&mut ledger, &[entry(&claimed[1], 1, Happening::Offered)]);
    let doubted = [entry(&claimed[2], 1, Happening::Offered), entry(&claimed[2], 2, Happening::Doubted)];
    commit(&mut ledger, &doubted);
    let reader = desk.reader();
    let standing = || -> Vec<_> {
        let people = reader.people_told().unwrap().map(|person| person.unwrap().unwrap());
        people.map(|person| (person.id.expose().clone(), person.state, person.is_in_flight)).collect()
    };
    let id = |i: usize| format!("C{}", claimed[i].recipient.row);
    let alive = standing();
    assert_eq!(alive.len(), 2_050, "every page, and nobody withheld");
    assert_eq!(alive[0], (id(0), State::Accepted, false));
    assert_eq!(alive[1], (id(1), State::Offered, true), "its run waits for the reply");
    assert_eq!(alive[2], (id(2), State::Offered, false), "its run has lost the line");
    let people = reader.people_told().unwrap().map(|person| person.unwrap().unwrap());
    let first = people.take(1).next().unwrap();
    assert_eq!(first.address.expose(), claimed[0].recipient.address.expose());
    assert_eq!(first.data, claimed[0].recipient.data);
    // Nobody will read the reply once the run is gone.
    drop(ledger);
    assert!(standing().iter().all(|(_, _, is_in_flight)| !is_in_flight));
    assert_eq!(reader.rows_told_before().count(), 0);
    assert!(matches!(reader.frozen_row(2_051).unwrap().unwrap().fate, Fate::Withheld { .. }));
    assert_eq!(reader.frozen_row(2_052).unwrap(), None);
}

#[test]
fn the_deleted_are_known_to_be_deleted() {
    let desk = Desk::new();
    drop(desk.frozen(2, &[]));
    let sql = "DELETE FROM recipients WHERE row = 2";
    rusqlite::Connection::open(desk.path()).unwrap().execute(sql, ()).unwrap();
    let people: Vec<_> = desk.reader().people_told().unwrap().map(Result::unwrap).collect();
    assert_eq!(people.iter().filter(|person| person.is_none()).count(), 1);
}

#[test]
fn pace_is_read_back_whatever_the_clock_did() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(4, &[]);
    let claimed = claim(&mut ledger, 4, 0);
    // The clock goes back after the second.
    for (notice, seconds) in claimed.iter().zip([100, 200, 50, 160]) {
        accept(&mut ledger, notice, seconds);
    }
    let reader = desk.reader();
    assert_eq!(reader.attempt_times_since(at(100)).unwrap(), [at(100), at(160), at(200)]);
    assert_eq!(reader.accepted_since(at(160)).unwrap(), 2);
}

#[test]
fn attempts_are_read_back_with_their_domains_and_what_is_left_is_counted_by_them() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(4, &[sample_withheld(5)]);
    let claimed = claim(&mut ledger, 3, 0);
    accept(&mut ledger, &claimed[0], 100);
    let deferred = told(&claimed[1], 200, Happening::Deferred, reply("450 4.2.1 busy"));
    ledger.commit(&[entry(&claimed[1], 200, Happening::Offered), deferred]).unwrap();
    let reader = desk.reader();
    let mut found = Vec::new();
    let mut note = |at, domain: Option<&str>| found.push((at, domain.map(str::to_owned)));
    reader.attempts_to_domains_since(at(150), &mut note).unwrap();
    reader.attempts_to_domains_since(at(300), &mut note).unwrap();
    assert_eq!(found, [(at(200), Some("example.org".to_owned()))]);
    // One is accepted; one is deferred, and two were never attempted.
    let left = |name: &str| reader.count_left(|domain| (domain == name).then_some(7)).unwrap();
    assert_eq!((left("example.org"), left("example.net")), (BTreeMap::from([(7, 3)]), BTreeMap::new()));
    // Once people are purged, their attempts are still seen, and to nobody.
    rusqlite::Connection::open(desk.path()).unwrap().execute("DELETE FROM recipients", ()).unwrap();
    let mut purged = Vec::new();
    reader.attempts_to_domains_since(at(150), |at, domain| purged.push((at, domain.is_none()))).unwrap();
    assert_eq!(purged, [(at(200), true)]);
}

#[test]
fn events_hold_no_personal_data_in_clear() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(2, &[sample_withheld(3)]);
    let claimed = claim(&mut ledger, 1, 0);
    let bounced = told(&claimed[0], 1, Happening::Bounced, reply("550 no person1@example.org here"));
    let event = RunEvent {
        at: at(1),
        kind: "connected",
        facts: BTreeMap::from([("relay", "relay.example".to_owned())]),
        private: Some(b"220 hello person1@example.org".to_vec()),
    };
    commit(&mut ledger, &[entry(&claimed[0], 1, Happening::Offered), bounced, Append::Run(event)]);
    ledger.end(at(2), "done").unwrap();
    // The note of a row withheld goes with its person, and is there until then.
    let note = |row: FrozenRow| match row.fate {
        Fate::Withheld { note, .. } => note,
        Fate::Planned(_) => unreachable!("only row 3 is withheld"),
    };
    let withheld: Vec<_> = desk.reader().withheld_rows().map(|row| note(row.unwrap())).collect();
    assert_eq!(withheld, ["nobody knows where Person 3 reads"]);
    // As a purge would: the proof stands without the people.
    let sql = desk.sql();
    sql.execute_batch("DELETE FROM recipients; DELETE FROM inputs; DELETE FROM event_private").unwrap();
    for table in ["events", "notices", "rows", "plans", "runs"] {
        let mut statement = sql.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                use rusqlite::types::ValueRef::{Blob, Text};
                let (Text(bytes) | Blob(bytes)) = row.get_ref(column).unwrap() else { continue };
                let text = String::from_utf8_lossy(bytes);
                assert!(!text.contains("example.org") && !text.contains("Person"), "{table}: {text}");
            }
        }
    }
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

#[test]
fn what_is_shown_of_a_ledger_for_developers_masks_people() {
    let desk = Desk::new();
    let ledger = desk.frozen(1, &[sample_withheld(2)]);
    let reader = desk.reader();
    let shown = format!("{:?} {:?}", ledger, reader.stories("C1").unwrap());
    let listed = format!("{:?}", reader.notices(Which::In(State::Queued)).unwrap().collect::<Vec<_>>());
    for shown in [shown, listed] {
        assert!(!shown.contains("person1@") && !shown.contains("Person 1"), "{shown}");
    }
}
