//! A case as plain files, so that the judge can be a program of its own and anybody can judge again.
//!
//! `affected.csv` is the list as it was supplied, `ledger.jsonl` what the ledger says of each row, `recorded/`
//! what recorders took, in the form of `smtp-sink -d`, and `story.json` what was done on the way.

use super::{Case, Content, Judgement, Planned, judge};
use crate::recorded::Recorded;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, io, path::Path};

/// The one domain of generated lists that stands in an envelope otherwise than in the list (RFC 5891).
const UNICODE_DOMAIN: (&str, &str) = ("@bücher.example", "@xn--bcher-kva.example");
/// The column of the list that holds addresses.
const ADDRESS_COLUMN: &str = "email";

/// What the ledger says of one row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The row, counted from 1.
    pub row: u64,
    /// The address that the envelope names.
    pub address: String,
    /// The notice's state as JSON has it: `in_doubt`.
    pub state: String,
    /// The SHA-256, in hex, of the frozen words with the value of Date as 31 `x`.
    pub content: String,
}

/// What was done on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// How many connections a run had.
    pub connections: usize,
    /// How often a run was killed or its lines were cut.
    pub crashes: usize,
    /// Addresses to which a person decided to tell again, once for each decision.
    pub resent: Vec<String>,
}

/// Writes a case into `folder`, which must be there and be empty.
pub fn write(folder: &Path, list: &str, facts: &[Fact], recorded: &[Recorded], told: &Told) -> io::Result<()> {
    fs::write(folder.join("affected.csv"), list)?;
    let lines = facts.iter().map(|fact| Ok(serde_json::to_string(fact)? + "\n"));
    fs::write(folder.join("ledger.jsonl"), lines.collect::<io::Result<String>>()?)?;
    fs::write(folder.join("story.json"), serde_json::to_string(told)?)?;
    fs::create_dir(folder.join("recorded"))?;
    for (number, message) in recorded.iter().enumerate() {
        fs::write(folder.join(format!("recorded/m.{number:06}")), message.to_dump()?)?;
    }
    Ok(())
}

/// Judges the case in `folder`, from its files alone.
pub fn judge_folder(folder: &Path) -> io::Result<Judgement> {
    let facts = fs::read_to_string(folder.join("ledger.jsonl"))?;
    let facts: Vec<Fact> = facts.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let told: Told = serde_json::from_slice(&fs::read(folder.join("story.json"))?)?;
    let planned = planned(&fs::read_to_string(folder.join("affected.csv"))?, &facts)?;
    let mut files: Vec<_> =
        fs::read_dir(folder.join("recorded"))?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.sort();
    let recorded: Vec<Recorded> =
        files.iter().map(|file| Recorded::from_dump(&fs::read_to_string(file)?)).collect::<io::Result<_>>()?;
    let states: Vec<(String, String)> = facts.into_iter().map(|fact| (fact.address, fact.state)).collect();
    Ok(judge(&Case {
        planned: &planned,
        recorded: &recorded,
        states: &states,
        resent: &told.resent,
        connections: told.connections,
        crashes: told.crashes,
    }))
}

/// Returns what is owed: the address of each row of the list, with the words that were frozen for that row.
fn planned(list: &str, facts: &[Fact]) -> io::Result<Vec<Planned>> {
    let contents: BTreeMap<u64, &str> = facts.iter().map(|fact| (fact.row, fact.content.as_str())).collect();
    let mut reader = csv::Reader::from_reader(list.as_bytes());
    let at = reader.headers()?.iter().position(|name| name == ADDRESS_COLUMN);
    let at = at.ok_or_else(|| io::Error::other("the list has no column of addresses"))?;
    let rows = (1..).zip(reader.records());
    rows.map(|(row, record)| {
        let address = record?.get(at).unwrap_or_default().replace(UNICODE_DOMAIN.0, UNICODE_DOMAIN.1);
        // A row that the ledger does not know has no frozen words; it is lost, and is found to be.
        let content = contents.get(&row).map_or(Ok(Content::Any), |hex| digest(hex).map(Content::Masked));
        Ok(Planned { address, content: content? })
    })
    .collect()
}

fn digest(hex: &str) -> io::Result<[u8; 32]> {
    let wrong = || io::Error::other(format!("no SHA-256 in hex: {hex}"));
    let octet = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    let octets: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(octet).collect();
    octets.and_then(|octets| octets.try_into().ok()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::{csv, people};
    use sha2::{Digest as _, Sha256};

    /// A recording, and what goes with it, that can be doctored.
    struct Doctored {
        list: String,
        facts: Vec<Fact>,
        recorded: Vec<Recorded>,
        told: Told,
    }

    impl Doctored {
        fn new() -> Self {
            let people = people(5, 12, "email");
            let address = |row: usize| people[row].email.replace(UNICODE_DOMAIN.0, UNICODE_DOMAIN.1);
            let message = |row: usize| format!("Date: {}\r\nTo: {}\r\n\r\nhi\r\n", "x".repeat(31), address(row));
            let fact = |row: usize| {
                let octets = Sha256::digest(message(row));
                let content: Vec<_> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
                let content = content.concat();
                Fact { row: row as u64 + 1, address: address(row), state: "accepted".to_owned(), content }
            };
            let recorded = |row: usize| Recorded {
                mail_from: "bounce@example.org".to_owned(),
                recipients: vec![address(row)],
                message: message(row).replace(&"x".repeat(31), "Mon, 23 Nov 2026 18:00:00 +0000").into_bytes(),
            };
            let (facts, recorded) = ((0..12).map(fact).collect(), (0..12).map(recorded).collect());
            Self { list: csv(&people), facts, recorded, told: Told { connections: 1, ..Told::default() } }
        }

        fn judge(&self) -> Judgement {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), &self.list, &self.facts, &self.recorded, &self.told).unwrap();
            judge_folder(folder.path()).unwrap()
        }
    }

    type Doctor = fn(&mut Doctored);

    #[test]
    fn a_good_recording_is_clean_and_each_doctored_one_is_seen() {
        let judgement = Doctored::new().judge();
        assert!(judgement.is_clean(), "{judgement}");
        let doctors: [(&str, Doctor); 8] = [
            ("lost 1", |case| {
                case.recorded.remove(3);
                case.facts[3].state = "queued".to_owned();
            }),
            ("lost 1, misstated 1", |case| {
                case.recorded.remove(3);
                case.facts.remove(3);
            }),
            ("unflagged copies 1", |case| case.recorded.push(case.recorded[4].clone())),
            // Whoever the ledger calls accepted and nobody was told is lost as well.
            ("lost 1, phantom acceptances 1", |case| drop(case.recorded.remove(5))),
            ("strangers 1", |case| {
                let recipients = vec!["eve@example.org".to_owned()];
                case.recorded.push(Recorded { recipients, ..case.recorded[0].clone() });
            }),
            ("wrong bodies 1", |case| case.recorded[6].message.splice(40..40, *b"x").for_each(drop)),
            ("wrong bodies 2", |case| {
                // One person's words in another's envelope, and the other way round.
                let first = case.recorded[0].message.clone();
                case.recorded[0].message = std::mem::replace(&mut case.recorded[1].message, first);
            }),
            ("", |case| {
                case.facts[7].state = "in_doubt".to_owned();
                case.facts[8].state = "in_doubt".to_owned();
                case.told.crashes = 1;
            }),
        ];
        for (expected, doctor) in doctors {
            let mut case = Doctored::new();
            doctor(&mut case);
            let judgement = case.judge();
            assert!(!judgement.is_clean(), "{expected}: {judgement}");
            let offences = judgement.offences().into_iter().filter(|(_, addresses)| !addresses.is_empty());
            let found: Vec<_> = offences.map(|(name, addresses)| format!("{name} {}", addresses.len())).collect();
            assert_eq!(found.join(", "), expected, "this and nothing else: {judgement}");
            let is_too_many = judgement.doubts > judgement.doubts_max;
            assert_eq!(is_too_many, expected.is_empty(), "{judgement}");
        }
    }

    #[test]
    fn a_copy_that_was_decided_is_none_of_ours() {
        let mut case = Doctored::new();
        case.recorded.push(case.recorded[4].clone());
        case.told.resent = case.recorded[4].recipients.clone();
        assert!(case.judge().is_clean());
    }
}
