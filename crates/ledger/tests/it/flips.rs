//! Flipped bits, one at a time: each is found, or changed nothing that the ledger holds or answers.
//! `FORTHWITH_FLIPS=10000` says how many.
//!
//! Nothing is harmless because of where it lies. What no check found must have left every value of every table as
//! it was, read from the tables themselves, and every answer of the reader.

use crate::{
    damage::{is_noticed, lived_in},
    desk::Desk,
};
use forthwith_core::state::State;
use forthwith_ledger::sqlite::{LedgerReader, Which};
use rusqlite::types::Value;
use std::fs;

/// Where the test is told how many bits to flip.
const FLIPS_GIVEN: &str = "FORTHWITH_FLIPS";
/// How many bits are flipped unless told, evenly spread over the file: an odd step meets every bit of an octet.
const FLIPS: usize = 1_000;
/// Tests of one crate that do the same work at once: this one takes long.
const LANES: usize = 2;

/// How flips ended.
#[derive(Default)]
struct Flips {
    found: usize,
    harmless: usize,
}

#[test]
#[expect(clippy::print_stdout, reason = "how many were found is a figure of docs/guarantees.md")]
fn flipped_bits_are_found_or_change_nothing() {
    let count = std::env::var(FLIPS_GIVEN).map_or(FLIPS, |count| count.parse().unwrap());
    let whole = fs::read(lived_in().path()).unwrap();
    let step = (whole.len() * 8 / count).max(1) | 1;
    let bits: Vec<usize> = (0..count).map(|number| number * step % (whole.len() * 8)).collect();
    let sum = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                let (whole, bits) = (&whole, &bits);
                scope.spawn(move || flip(whole, bits.iter().skip(lane).step_by(LANES).copied()))
            })
            .collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).fold(Flips::default(), |sum, flips| Flips {
            found: sum.found + flips.found,
            harmless: sum.harmless + flips.harmless,
        })
    });
    println!("{} octets: {} flips found, {} harmless", whole.len(), sum.found, sum.harmless);
    assert_eq!(sum.found + sum.harmless, count);
    assert!(sum.found * 10 > count, "too few met anything: {}", sum.found);
}

/// Flips bits one at a time, each in a ledger that is whole but for it.
fn flip(whole: &[u8], bits: impl Iterator<Item = usize>) -> Flips {
    let desk = lived_in();
    fs::write(desk.path(), whole).unwrap();
    let (tables, answers) = (tables(&desk), answers(&desk));
    let mut flips = Flips::default();
    for bit in bits {
        let mut damaged = whole.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        fs::write(desk.path(), &damaged).unwrap();
        if is_noticed(&desk) {
            flips.found += 1;
            continue;
        }
        for (now, then) in self::tables(&desk).iter().zip(&tables) {
            assert_eq!(now, then, "bit {} of octet {} changed a value unseen", bit % 8, bit / 8);
        }
        assert_eq!(self::answers(&desk), answers, "bit {} of octet {} changed an answer", bit % 8, bit / 8);
        flips.harmless += 1;
    }
    flips
}

/// Returns every value of every table, in the order of the tables themselves.
fn tables(desk: &Desk) -> Vec<Vec<Value>> {
    let sql = desk.sql();
    let mut names = sql.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = names.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut found = Vec::new();
    for name in names {
        let mut statement = sql.prepare(&format!("SELECT * FROM {name} NOT INDEXED")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let table = [Value::Text(name.clone())].into_iter();
            found.push(table.chain((0..columns).map(|column| row.get(column).unwrap())).collect());
        }
    }
    found
}

/// Returns what a reader answers: everybody in every state, every row, and the counts.
fn answers(desk: &Desk) -> Vec<String> {
    let reader = LedgerReader::open(&desk.path()).unwrap().unwrap();
    let mut answers = vec![format!("{:?}", reader.counts().unwrap())];
    for state in State::ALL {
        let notices = reader.notices(Which::In(state)).unwrap();
        answers.extend(notices.map(|notice| format!("{state:?} {}", notice.unwrap().token)));
    }
    answers.extend(reader.frozen_rows().map(|row| {
        let row = row.unwrap();
        format!("{} {} {:?}", row.row, row.line, row.fate)
    }));
    answers
}
