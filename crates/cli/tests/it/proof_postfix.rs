//! A real Postfix takes the example of October 2020 and lays every message in a file; Python's `email` reads the
//! files and what was planned, and finds them the same but for the Date.

use crate::proof_incident::{CONNECTIONS, FORTHWITH, Incident};
use forthwith_core::{key::PlanKey, notice::Token};
use forthwith_testkit::{
    parsed::{Parsed, parse},
    postfix::{Postfix, default_setting},
    tools,
};
use std::{collections::BTreeMap, fs, path::Path};

/// Planned notices of the example: 14 rows, of which one repeats another and one has no address.
const PLANNED: usize = 12;
/// The data rows that get none: the one without an address, and the duplicate.
const WITHHELD_ROWS: [usize; 2] = [8, 11];
/// What Postfix puts before a message that it lays in a file, in this order.
const POSTFIX_FIELDS: [&str; 4] = ["Return-Path", "X-Original-To", "Delivered-To", "Received"];
/// The field that names a notice.
const TOKEN_FIELD: &str = "X-Forthwith-ID";

#[test]
fn through_postfix_every_header_and_part_is_as_planned() {
    let (Some(postfix), Some(python)) = (tools::require("postfix"), tools::require("python3")) else { return };
    if !tools::is_root() {
        tools::skip("Postfix starts as root alone");
        return;
    }
    let version = default_setting("mail_version").unwrap();
    let number = |at| version.split('.').nth(at).and_then(|n: &str| n.parse::<u32>().ok());
    assert!((number(0), number(1)) >= (Some(3), Some(7)), "Postfix {version} is too old for the proof");

    let postfix = Postfix::start(&postfix, &[]).unwrap();
    let incident = Incident::example(Path::new(FORTHWITH));
    incident.freeze();
    let connections = CONNECTIONS.to_string();
    let confirmed = PLANNED.to_string();
    let to = ["--relay", &postfix.url(), "--confirm", &confirmed, "--connections", &connections];
    incident.run("notify", &to, 0);

    assert_eq!(postfix.delivered(PLANNED).unwrap().len(), PLANNED, "{}", postfix.log().unwrap());
    let files: Vec<Vec<u8>> = postfix.files().unwrap().iter().map(|file| fs::read(file).unwrap()).collect();
    let delivered = parsed(&python, &files);
    let planned = parsed(&python, &planned(&incident));
    let planned: BTreeMap<&str, &Parsed> = planned.iter().map(|message| (token(message), message)).collect();
    assert_eq!(planned.len(), PLANNED);

    let key = PlanKey::new(fs::read(incident.path().join("out/plan.key")).unwrap().try_into().unwrap());
    let mut senders = Vec::new();
    for message in &delivered {
        compare(message, planned[token(message)]);
        senders.push(return_path(message, &key));
    }
    senders.sort();
    senders.dedup();
    assert_eq!(senders.len(), PLANNED, "each notice has a return path of its own");
}

/// Returns each planned message as `preview` shows it, made with the plan's own key.
fn planned(incident: &Incident) -> Vec<Vec<u8>> {
    (1..=PLANNED + WITHHELD_ROWS.len())
        .filter(|row| !WITHHELD_ROWS.contains(row))
        .map(|row| {
            let arguments = ["--row", &row.to_string(), "--as", "eml", "--format", "json"];
            let shown = incident.run("preview", &arguments, 0).stdout;
            let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
            shown["eml"].as_str().unwrap().as_bytes().to_vec()
        })
        .collect()
}

fn parsed(python: &Path, messages: &[Vec<u8>]) -> Vec<Parsed> {
    parse(python, &messages.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap()
}

fn token(message: &Parsed) -> &str {
    message.header(TOKEN_FIELD).unwrap()
}

/// Compares a delivered message with the planned one: the same fields in the same order and the same parts,
/// after what Postfix put in front.
fn compare(delivered: &Parsed, planned: &Parsed) {
    assert_eq!(delivered.defects, [""; 0]);
    let names = |fields: &[(String, String)]| fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let (added, own) = delivered.headers.split_at(POSTFIX_FIELDS.len());
    assert_eq!(names(added), POSTFIX_FIELDS);
    assert_eq!(names(own), names(&planned.headers));
    for ((name, value), (_, expected)) in own.iter().zip(&planned.headers) {
        if name == "Date" {
            assert_eq!(*expected, "x".repeat(31), "a plan leaves the Date open");
            assert_ne!(value, expected);
        } else {
            assert_eq!(value, expected, "{name}");
        }
    }
    let types: Vec<_> = delivered.parts.iter().map(|part| part.content_type.as_str()).collect();
    assert_eq!(types, ["text/plain", "text/html"]);
    assert_eq!(delivered.parts, planned.parts);
}

/// Returns the envelope's sender, which must be the notice's own return path, in the domain of whoever writes.
fn return_path(message: &Parsed, key: &PlanKey) -> String {
    let token = Token::parse(token(message)).unwrap();
    let from = message.header("From").unwrap();
    let domain = from.rsplit('@').next().unwrap().trim_end_matches('>');
    let sender = message.header("Return-Path").unwrap().to_owned();
    assert_eq!(sender, format!("<{}@bounces.{domain}>", key.return_path(&token)));
    sender
}
