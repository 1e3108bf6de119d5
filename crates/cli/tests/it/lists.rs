//! Lists in every form that files come in: encodings, delimiters, compression, lines around the rows.

use crate::harness::{Incident, OCTOBER, count, finding};
use forthwith_testkit::relay::{At, Relay, Script};
use serde_json::json;
use std::io::Write as _;

const LIST: &str = "id;email;name;note\r\n1;ada@people.example;Jürgen Müller;\"two\r\nlines\"\r\n\
                    2;bo@people.example;\"Bo; the first\";\r\n";
const TABBED: &str = "id\temail\tname\tnote\n1\tada@people.example\tJürgen Müller\t\n\
                      2\tbo@people.example\tBo; the first\t\n";
const COUNTED: &str = "[list]\nexpected_rows = 2\n";
const DECLARED: &str = "[list]\nexpected_rows = 2\nencoding = \"windows-1252\"\ndelimiter = \";\"\n";

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

fn utf_16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// Returns an incident whose list is this file and no other.
fn incident(name: &str, octets: &[u8], settings: &str) -> Incident {
    let incident = Incident::with_list("email\n");
    incident.remove("affected.csv");
    incident.write(name, octets);
    incident.write("affected.toml", settings);
    incident
}

#[test]
fn a_list_is_read_alike_in_every_form() {
    for (name, octets, settings) in [
        ("affected.csv", LIST.as_bytes().to_vec(), COUNTED),
        ("affected.csv", utf_16(LIST), COUNTED),
        ("affected.csv", windows_1252(LIST), DECLARED),
        ("affected.tsv", TABBED.as_bytes().to_vec(), COUNTED),
        ("affected.csv.gz", gzip(LIST.as_bytes()), COUNTED),
        ("AFFECTED.CSV.ZST", zstd::encode_all(LIST.as_bytes(), 3).unwrap(), COUNTED),
    ] {
        let incident = incident(name, &octets, settings);
        let report = incident.json("check", &[]).exits(0).json();
        assert_eq!((&report["planned"], &report["findings"]), (&json!(2), &json!([])), "{name} {settings}");
        incident.run("preview", &["--row", "1", "--as", "text"]).exits(0).says(&["Hello Jürgen Müller,"]);
        incident.run("preview", &["--row", "2", "--as", "text"]).exits(0).says(&["Hello Bo; the first,"]);
    }
}

#[test]
fn the_digest_of_a_compressed_list_is_that_of_the_file() {
    let octets = gzip(LIST.as_bytes());
    let incident = incident("affected.csv.gz", &octets, COUNTED);
    incident.run("notify", &["--dry-run"]).exits(0);
    let digest = forthwith_core::digest::Digest::of(&octets);
    assert!(incident.read("out/packet/manifest.txt").contains(&digest.hex()), "as sha256sum has it");
    incident.write("affected.csv.gz", &octets[..octets.len() - 1]);
    let cut = incident.json("check", &[]).exits(1);
    assert!(cut.stderr.contains("affected.csv.gz"), "{}", cut.stderr);
}

#[test]
fn what_is_unclear_is_asked_for_with_the_line_that_answers() {
    let windows = windows_1252(LIST);
    let unclear = "name, first;email\r\nByrne, Ada;ada@people.example\r\n";
    let titled = format!("People of October\r\n\r\n{LIST}");
    for (octets, code, line, answer) in [
        (&windows[..], "encoding-undeclared", 2, "[list] encoding = \"windows-1252\""),
        (unclear.as_bytes(), "delimiter-unclear", 1, "[list] delimiter = \",\""),
        (titled.as_bytes(), "header-not-first", 1, "[list] header_line = 3"),
    ] {
        let report = incident("affected.csv", octets, "").json("check", &[]).exits(3).json();
        let found = finding(&report, code);
        assert_eq!((&found["line"], &found["gravity"]), (&json!(line), &json!("refused")));
        assert!(found["hint"].as_str().unwrap().contains(answer), "{found}");
    }
    let read = incident("affected.csv", &windows, "").json("check", &[]).exits(3).json();
    let message = finding(&read, "encoding-undeclared")["message"].as_str().unwrap();
    assert!(message.contains("Jürgen Müller"), "as it would read: {message}");
}

#[test]
fn an_encoding_on_the_command_line_reads_the_list_and_binds_the_plan() {
    let incident = incident("affected.csv", &windows_1252(LIST), COUNTED);
    let declared = ["--encoding", "windows-1252"];
    let with = |more: &[&'static str]| [&declared[..], more].concat();
    finding(&incident.json("check", &[]).exits(3).json(), "encoding-undeclared");
    assert_eq!(incident.json("check", &declared).exits(0).json()["findings"], json!([]));
    incident.run("check", &["--encoding", "ebcdic"]).exits(2).hints();
    let preview = with(&["--row", "1", "--as", "text"]);
    incident.run("preview", &preview).exits(0).says(&["Hello Jürgen Müller,"]);
    incident.run("notify", &["--dry-run"]).exits(3);
    incident.run("notify", &with(&["--dry-run"])).exits(0);
    let manifest = incident.read("out/packet/manifest.txt");
    let line = manifest.lines().find(|line| line.starts_with("encoding ")).unwrap();
    assert!(line.ends_with(" windows-1252"), "{line}");
    let told = incident.json("notify", &with(&["--relay", "inbox"])).exits(0).json();
    assert_eq!(told["states"]["accepted"], 2);
    // In the plan everybody is text already: it goes on without the flag, and says so.
    let again = incident.run("notify", &["--relay", "inbox"]).exits(0);
    assert!(again.stderr.contains("encoding windows-1252 is gone"), "{}", again.stderr);
}

#[test]
fn a_word_in_place_of_a_code_is_refused_with_the_line_that_gives_it_its_meaning() {
    let list = "email,country,region,language\na@people.example,USA,California,english\n";
    let incident = incident("affected.csv", list.as_bytes(), "[list]\nexpected_rows = 1\n");
    let report = incident.json("check", &[]).exits(3).json();
    let mut settings = String::new();
    for (column, word, code) in
        [("country", "USA", "US"), ("region", "California", "CA"), ("language", "english", "en")]
    {
        let hint = finding(&report, &format!("{column}-unknown"))["hint"].as_str().unwrap().to_owned();
        let line = format!("[values.{column}] \"{word}\" = \"{code}\"");
        assert!(hint.contains(&line), "{hint}");
        settings += &line.replace("] ", "]\n");
        settings.push('\n');
    }
    incident.append("affected.toml", &settings);
    let report = incident.json("check", &[]).exits(0).json();
    assert_eq!((&report["planned"], &report["findings"]), (&json!(1), &json!([])));
}

#[test]
fn a_wrong_form_is_shown_in_its_file() {
    let incident = Incident::example(OCTOBER);
    incident.write("affected.toml", "[list]\nexpected_rows = 14\nencoding = \"ebcdic\"\ndelimiter = \"#\"\n");
    incident.run("check", &[]).exits(3).says(&[
        "refused[encoding-unknown]",
        "affected.toml:3",
        "refused[delimiter-unknown]",
        "affected.toml:4",
    ]);
}

// What people who used other mailers lost, and were not told of.

#[test]
fn a_mark_in_front_is_no_part_of_the_first_column() {
    for header in ["email;name", "\"email\";\"name\""] {
        let list = format!("\u{feff}{header}\r\nada@people.example;Ada\r\n");
        let incident = incident("affected.csv", list.as_bytes(), "[list]\nexpected_rows = 1\n");
        let report = incident.json("check", &[]).exits(0).json();
        assert_eq!((&report["planned"], &report["findings"]), (&json!(1), &json!([])), "{header}");
    }
}

#[test]
fn a_space_around_a_name_of_the_header_is_no_part_of_it() {
    let incident = Incident::with_list("email ,name, number \nada@people.example,Ada,0042\n");
    incident.write("templates/greeting.en.md", "Hello {{ name }}, your number is {{ number }}.\n");
    incident.run("preview", &["--row", "1", "--as", "text"]).exits(0).says(&["Hello Ada, your number is 0042."]);
}

#[test]
fn names_that_are_not_utf8_are_refused_row_by_row_and_none_vanishes() {
    let names = ["Ada", "Jürgen", "Zoë", "Bo", "Søren", "André"];
    let rows = (1..).zip(names).map(|(row, name)| format!("{row},p{row}@people.example,{name}\n"));
    let list = "id,email,name\n".to_owned() + &rows.collect::<String>();
    let incident = incident("affected.csv", &windows_1252(&list), "");
    let report = incident.json("check", &[]).exits(3).json();
    assert_eq!((&report["rows"], &report["planned"], &report["refused"]), (&json!(6), &json!(2), &json!(4)));
    let findings = report["findings"].as_array().unwrap().iter().filter(|found| found["code"] == "not-utf8");
    assert_eq!(findings.map(|found| count(&found["line"])).collect::<Vec<_>>(), [3, 4, 6, 7]);
    // As the encoding that it is not: the first octet that this one does not have is shown.
    incident.write("affected.toml", "[list]\nencoding = \"euc-kr\"\n");
    let report = incident.json("check", &[]).exits(3).json();
    let about_list =
        report["findings"].as_array().unwrap().iter().find(|found| {
            found.get("row").is_none_or(serde_json::Value::is_null) && found["code"] == "wrong-encoding"
        });
    let message = about_list.unwrap()["message"].as_str().unwrap();
    let octet = windows_1252(&list).iter().position(|octet| *octet > 127).unwrap() + 1;
    assert!(message.contains(&format!("octet {octet} ")) && message.contains("(0xFC) is not EUC-KR"), "{message}");
}

#[test]
fn each_of_the_rows_that_a_spreadsheet_spoilt_is_told_with_its_line() {
    let row = |row: usize| match row % 64 {
        5 => format!("{row};p{row}@people.example;Ada;Countess\r\n"),
        _ => format!("{row};p{row}@people.example;Ada, Countess\r\n"),
    };
    let list = "id;email;name\r\n".to_owned() + &(1..=635).map(row).collect::<String>();
    let report = Incident::with_list(list).json("check", &[]).exits(3).json();
    assert_eq!((&report["rows"], &report["planned"], &report["refused"]), (&json!(635), &json!(625), &json!(10)));
    let findings = report["findings"].as_array().unwrap().iter().filter(|found| found["code"] == "cells");
    let lines: Vec<_> = findings.map(|found| (count(&found["row"]), count(&found["line"]))).collect();
    assert_eq!(lines, (0..10).map(|time| (64 * time + 5, 64 * time + 6)).collect::<Vec<_>>());
}

#[test]
fn a_list_of_which_nobody_can_be_told_says_why_of_each_row() {
    let rows = (1..=29).map(|row| format!("{row},p{row} at people.example\n"));
    let incident = Incident::with_list("id,email\n".to_owned() + &rows.collect::<String>());
    let report = incident.json("check", &[]).exits(3).json();
    assert_eq!((&report["rows"], &report["planned"], &report["refused"]), (&json!(29), &json!(0), &json!(29)));
    for (row, found) in
        (1..=29).zip(report["findings"].as_array().unwrap().iter().filter(|f| f["code"] == "address-syntax"))
    {
        assert_eq!(found["row"], row);
        assert!(found["message"].as_str().unwrap().contains(&format!("\"p{row} at people.example\"")), "{found}");
    }
    assert_eq!(report["findings_total"]["address-syntax"], 29);
}

#[test]
fn one_bad_address_is_said_before_anything_is_handed_over() {
    let incident = Incident::with_list("id,email\n1,ada@people.example\n2,bo@people\n");
    let relay = Relay::start(Script::new([])).unwrap();
    for words in [&["--dry-run"][..], &["--relay", &relay.url(), "--confirm", "1"]] {
        let run = incident.run("notify", words);
        assert!([3, 4].contains(&run.code()), "{}", run.stderr);
    }
    incident.run("check", &[]).exits(3).says(&["refused[address-syntax]", "affected.csv:3", "bo@people"]);
    assert_eq!(relay.times(At::Connect), 0);
}
