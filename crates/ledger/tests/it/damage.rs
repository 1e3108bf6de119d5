//! A ledger that was changed behind our back: every such change is found.

use crate::desk::{Desk, accept, at, claim, commit, due, entry, identity, reply, told};
use forthwith_core::state::Happening;
use forthwith_ledger::{
    Ledger, LedgerError, Recorder,
    model::sample_withheld,
    sqlite::{LedgerReader, request_stop},
};
use std::fs;

/// A ledger with a bit of everything, at rest, all in its one file.
pub(crate) fn lived_in() -> Desk {
    let desk = Desk::new();
    let mut ledger = desk.frozen(6, &[sample_withheld(7)]);
    let claimed = claim(&mut ledger, 5, 0);
    accept(&mut ledger, &claimed[0], 1);
    commit(&mut ledger, &[entry(&claimed[1], 2, Happening::Offered)]);
    let bounced = told(&claimed[2], 3, Happening::Bounced, reply("550 5.1.1 unknown"));
    commit(&mut ledger, &[entry(&claimed[2], 3, Happening::Offered), bounced]);
    let deferred = told(&claimed[3], 3, Happening::Deferred, due(60));
    commit(&mut ledger, &[entry(&claimed[3], 3, Happening::Offered), deferred]);
    request_stop(&desk.path(), &identity("stop"), "Ada", "wrong list").unwrap();
    ledger.end(at(5), "stopped").unwrap();
    let mut ledger = desk.open();
    let claimed = claim(&mut ledger, 1, 9);
    accept(&mut ledger, &claimed[0], 9);
    ledger.end(at(9), "done").unwrap();
    assert_eq!(desk.flaws(), [] as [String; 0]);
    desk
}

#[test]
fn every_change_of_a_row_is_found() {
    let desk = lived_in();
    let whole = fs::read(desk.path()).unwrap();
    for change in [
        "UPDATE events SET kind = 'bounced' WHERE kind = 'accepted'",
        "UPDATE events SET at = at + 1 WHERE seq = 3 AND run = 1",
        "UPDATE events SET facts = replace(facts, '550', '551')",
        "UPDATE events SET token = 'aaaaaaaaaaaaaaaa' WHERE kind = 'bounced'",
        "UPDATE events SET previous = zeroblob(32) WHERE seq = 4",
        "UPDATE events SET private = NULL WHERE kind = 'bounced'",
        "UPDATE events SET before = before - 1 WHERE kind = 'bounced'",
        "UPDATE events SET notice = notice + 1 WHERE kind = 'bounced'",
        "DELETE FROM events WHERE run = 1 AND seq = (SELECT length FROM runs WHERE run = 1)",
        "DELETE FROM events WHERE run = 3",
        "DELETE FROM runs WHERE run = 2",
        "UPDATE runs SET head = zeroblob(32) WHERE run = 3",
        "UPDATE runs SET how = 'done' WHERE run = 1",
        "UPDATE runs SET started_at = 0 WHERE run = 1",
        "UPDATE runs SET named = zeroblob(32) WHERE run = 1",
        "UPDATE event_private SET bytes = x'00' WHERE event = (SELECT max(event) FROM event_private)",
        "UPDATE event_private SET salt = zeroblob(16)",
        "UPDATE notices SET state = 3 WHERE state = 4",
        "UPDATE notices SET state = 0 WHERE state = 2",
        "UPDATE notices SET doubted = 1 WHERE state = 2",
        "UPDATE notices SET deferrals = 0 WHERE state = 1",
        "UPDATE notices SET due = 5 WHERE state = 0",
        "UPDATE notices SET wire = zeroblob(32) WHERE wire IS NOT NULL",
        "UPDATE notices SET offered_by = 3 WHERE offered_by = 1",
        "UPDATE notices SET content = zeroblob(32) WHERE position = 1",
        "UPDATE notices SET variant = 'fr/email' WHERE position = 2",
        "UPDATE notices SET position = 70 WHERE position = 6",
        "UPDATE notices SET last = last - 1 WHERE state = 3",
        "DELETE FROM notices WHERE position = 6",
        "UPDATE tallies SET count = count + 1 WHERE state = 3",
        "UPDATE plans SET manifest = replace(manifest, 'rows 7', 'rows 8')",
        "UPDATE plans SET digest = zeroblob(32)",
        "UPDATE plans SET superseded_at = 5",
        "UPDATE plans SET first_offer_at = NULL",
        "UPDATE rows SET withheld = 'blocked' WHERE row = 7",
        "UPDATE rows SET line = 3 WHERE row = 1",
        "UPDATE rows SET digest = zeroblob(32) WHERE row = 2",
        "DELETE FROM rows WHERE row = 7",
        "UPDATE recipients SET address = 'eve@example.org' WHERE row = 1",
        "UPDATE recipients SET person = replace(person, 'person1@', 'eve@')",
        "UPDATE recipients SET id = 'C9' WHERE row = 2",
        "UPDATE recipients SET person = replace(person, 'nobody', 'everybody') WHERE row = 7",
        "UPDATE inputs SET bytes = x'00'",
    ] {
        let changed = desk.sql().execute(change, ()).unwrap();
        assert!(changed > 0, "{change}");
        assert_ne!(desk.flaws(), [] as [String; 0], "{change}");
        fs::write(desk.path(), &whole).unwrap();
    }
    assert_eq!(desk.flaws(), [] as [String; 0]);
}

/// Returns whether a ledger is refused or its flaws are found.
pub(crate) fn is_noticed(desk: &Desk) -> bool {
    match LedgerReader::open(&desk.path()) {
        Err(_) => true,
        Ok(None) => false,
        Ok(Some(reader)) => match reader.verify() {
            Err(LedgerError::Damaged { .. }) => true,
            Err(error) => panic!("not seen as damage: {error}: {:?}", std::error::Error::source(&error)),
            Ok(flaws) => !flaws.is_empty(),
        },
    }
}

#[test]
fn a_truncated_file_is_found_at_every_page() {
    let desk = lived_in();
    let whole = fs::read(desk.path()).unwrap();
    for length in (1..whole.len()).step_by(4_096) {
        fs::write(desk.path(), &whole[..length]).unwrap();
        assert!(is_noticed(&desk), "cut to {length} octets");
    }
}

#[test]
fn a_flipped_bit_in_what_is_recorded_is_found() {
    let desk = lived_in();
    let whole = fs::read(desk.path()).unwrap();
    let mut flipped = 0;
    // Each of these stands in the file as it is: a token, a kind, facts, an address, a line of the manifest.
    for mark in [&b"accepted"[..], b"\"code\":\"550\"", b"person3@example.org", b"planned 6", b"no-address"] {
        for found in whole.windows(mark.len()).enumerate().filter(|(_, bytes)| *bytes == mark) {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[found.0 + mark.len() / 2] ^= 1 << bit;
                fs::write(desk.path(), &damaged).unwrap();
                assert!(is_noticed(&desk), "bit {bit} at {} of {}", found.0, String::from_utf8_lossy(mark));
                flipped += 1;
            }
        }
    }
    assert!(flipped > 40, "{flipped}");
}

#[test]
fn a_full_disk_is_the_end_of_recording_and_leaves_what_stood() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(40, &[]);
    let claimed = claim(&mut ledger, 40, 0);
    ledger.limit_growth(32).unwrap();
    let (recorder, thread) = Recorder::start(ledger).unwrap();
    let mut durable = 0;
    for notice in &claimed {
        let mut filler = told(notice, 1, Happening::Bounced, reply("550 5.1.1 unknown"));
        if let forthwith_ledger::Append::Notice(filler) = &mut filler {
            filler.particulars.why = Some("x".repeat(8_192));
        }
        let offered = recorder.append(entry(notice, 1, Happening::Offered)).wait();
        let judged = recorder.append(filler).wait();
        match (offered, judged) {
            (Ok(_), Ok(_)) => durable += 1,
            (_, Err(stopped)) => {
                assert!(stopped.to_string().contains("full"), "{stopped}");
                break;
            }
            (Err(stopped), Ok(_)) => panic!("written after {stopped}"),
        }
    }
    assert!(durable < 40);
    drop(recorder);
    assert!(matches!(thread.join().unwrap_err(), LedgerError::Storage { doing: "write", .. }));
    assert_eq!(desk.reader().counts().unwrap().bounced, durable);
    assert_eq!(desk.flaws(), [] as [String; 0]);
    let mut ledger = desk.open();
    assert!(ledger.claim(99, at(2)).unwrap().notices.len() as u64 >= 39 - durable);
}

#[test]
fn nothing_is_written_over_what_somebody_else_changed() {
    for change in [
        "UPDATE notices SET state = 3 WHERE state = 0",
        "UPDATE notices SET last = last - 1",
        "DELETE FROM notices",
    ] {
        let desk = Desk::new();
        let mut ledger = desk.frozen(2, &[]);
        let claimed = claim(&mut ledger, 2, 0);
        commit(&mut ledger, &[entry(&claimed[0], 1, Happening::Offered)]);
        desk.sql().execute(change, ()).unwrap();
        let error = ledger.commit(&[entry(&claimed[1], 2, Happening::Offered)]).unwrap_err();
        assert!(matches!(&error, LedgerError::Damaged { .. }), "{change}: {error}");
        assert!(error.to_string().contains("changed by somebody else"), "{change}: {error}");
        let offers: i64 = desk
            .sql()
            .query_row("SELECT count(*) FROM events WHERE kind = 'offered'", (), |row| row.get(0))
            .unwrap();
        assert_eq!(offers, 1, "{change}");
    }
}

#[test]
fn a_notice_whose_person_is_gone_is_not_passed_over() {
    let desk = Desk::new();
    let mut ledger = desk.frozen(2, &[]);
    desk.sql().execute("DELETE FROM recipients WHERE row = 1", ()).unwrap();
    let error = ledger.claim(9, at(0)).unwrap_err();
    assert!(error.to_string().contains("has no recipient"), "{error}");
}
