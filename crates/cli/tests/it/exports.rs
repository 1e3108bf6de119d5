//! The files that `check` writes when asked: all findings, the refused rows to be mended, and who gets a letter.

use crate::harness::{Incident, finding, run};
use forthwith_testkit::{parsed::parse, tools};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _};

/// A list with cells that a spreadsheet would obey, rows that cannot be taken apart, and two good rows.
const LIST: &str = "id;email;name;note\r\n\
    C1;broken;=cmd|'/C calc'!A0;\"two\r\nlines\"\r\n\
    C2;b@people.example;Bo;\r\n\
    C3;also broken;\"@x; '=2\";\"\t'=1\"\r\n\
    =4;d@;＝1+1;-5\r\n\
    C5;e@people.example;Eve\r\n\
    C6;f@people.example;F;g;h\r\n\
    C7;;Gus;no address\r\n\
    C8;jürgen@people.example;Jürgen;@home\r\n";

/// Reads a table that the program wrote, by a reader of its own.
fn table(incident: &Incident, name: &str, delimiter: char) -> Vec<Vec<String>> {
    let text = incident.read(name);
    let text = text.strip_prefix('\u{feff}').expect("a mark, for spreadsheets");
    let (mut rows, mut row, mut cell, mut is_quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => is_quoted = !is_quoted,
            c if c == delimiter && !is_quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted => assert_eq!(chars.peek(), Some(&'\n')),
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    assert!(cell.is_empty() && row.is_empty(), "the last line ends");
    rows
}

fn mode(incident: &Incident, name: &str) -> u32 {
    fs::metadata(incident.file(name)).unwrap().permissions().mode() & 0o777
}

fn out(incident: &Incident, name: &str) -> String {
    incident.file("out").join(name).to_str().unwrap().to_owned()
}

#[test]
fn every_finding_is_written_and_none_is_counted_only() {
    let mut list = "id,email,country\n".to_owned();
    list.extend((0..1_200).map(|n| format!("C{n},broken{n},US\n")));
    let incident = Incident::with_list(list);
    let line = incident.read("delivery.toml").lines().count() + 2;
    incident.append("delivery.toml", "\nspeed = 3\n");
    for name in ["findings.jsonl", "findings.csv"] {
        let report = incident.json("check", &["--findings", &out(&incident, name)]).exits(3).json();
        let expected: u64 =
            report["findings_total"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert!(expected > 1_200, "{report}");
        let written: Vec<Value> = if name == "findings.csv" {
            let rows = table(&incident, "out/findings.csv", ',');
            let named = |row: &Vec<String>| -> Value {
                json!(
                    rows[0].iter().cloned().zip(row.iter().cloned()).collect::<std::collections::BTreeMap<_, _>>()
                )
            };
            rows[1..].iter().map(named).collect()
        } else {
            incident.read("out/findings.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        assert_eq!(written.len() as u64, expected);
        let of = |code: &str| written.iter().filter(|finding| finding["code"] == code).collect::<Vec<_>>();
        assert_eq!(of("address-syntax").len(), 1_200);
        assert_eq!(of("address-syntax")[1_199]["row"].to_string().trim_matches('"'), "1200");
        let of_settings = of("unknown-key");
        assert_eq!(of_settings.len(), 1);
        assert_eq!(of_settings[0]["line"].to_string().trim_matches('"'), line.to_string());
        assert_eq!(mode(&incident, &format!("out/{name}")), 0o600);
        fs::remove_file(incident.file("out/findings.refused.csv")).unwrap();
    }
}

#[test]
fn refused_rows_are_mended_and_read_back_cell_by_cell() {
    let incident = Incident::with_list(LIST);
    let report = incident.json("check", &["--findings", &out(&incident, "f.jsonl")]).exits(3).json();
    assert_eq!(report["files"]["refused"], out(&incident, "f.refused.csv"));
    assert_eq!(mode(&incident, "out/f.refused.csv"), 0o600);
    let mut rows = table(&incident, "out/f.refused.csv", ';');
    let columns = ["id", "email", "name", "note"];
    let ours =
        ["row", "line", "code", "message", "next_step", "as_written"].map(|name| format!("forthwith_{name}"));
    assert_eq!(rows[0], [columns.map(str::to_owned).to_vec(), ours.to_vec()].concat());
    assert_eq!(rows.len() as u64 - 1, report["refused"].as_u64().unwrap());
    let found: Vec<_> = rows[1..].iter().map(|row| [4, 5, 6].map(|i| row[i].as_str())).collect();
    let expected = [
        ["1", "2", "address-syntax"],
        ["3", "5", "address-syntax"],
        ["4", "6", "address-syntax"],
        ["5", "7", "cells"],
        ["6", "8", "cells"],
    ];
    assert_eq!(found, expected);
    for cell in rows.iter().flatten() {
        let first = cell.trim_start_matches(['\u{feff}', ' ', '"']).chars().next();
        assert!(!first.is_some_and(|c| "=+-@\t\r＝＋－＠".contains(c)), "{cell:?}");
    }
    // Unmended, a row that could not be taken apart is not read as somebody without an address.
    fs::copy(incident.file("out/f.refused.csv"), incident.file("affected.csv")).unwrap();
    let report = incident.json("check", &[]).exits(3).json();
    assert_eq!((&report["rows"], &report["refused"]), (&json!(5), &json!(5)));
    assert_eq!(finding(&report, "not-mended")["row"], 4);

    // Mended: addresses are typed anew, and the two rows are put into their cells.
    for (i, row) in rows.iter_mut().enumerate().skip(1) {
        row[1] = format!("p{i}@people.example");
        if !row[9].is_empty() {
            let cells: Vec<_> = row[9].split(';').map(str::to_owned).collect();
            (row[0], row[2], row[9]) = (cells[0].clone(), cells[2].clone(), String::new());
        }
    }
    let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
    let text: Vec<_> = rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(";")).collect();
    incident.write("affected.csv", text.join("\r\n"));
    let report = incident.json("check", &[]).exits(0).json();
    assert_eq!(report["planned"], 5);
    incident.run("notify", &["--dry-run"]).exits(0);
    for (row, id, name) in
        [(1, "C1", "=cmd|'/C calc'!A0"), (2, "C3", "@x; '=2"), (3, "=4", "＝1+1"), (4, "C5", "Eve"), (5, "C6", "F")]
    {
        let text = incident.run("preview", &["--row", &row.to_string(), "--as", "text"]).exits(0).stdout;
        assert!(text.contains(&format!("Hello {name},")), "{text}");
        incident.run("explain", &[id]).exits(0);
    }
}

#[test]
fn what_nobody_mended_is_read_back_as_it_was_however_it_was_saved() {
    let incident = Incident::with_list(LIST);
    incident.run("check", &["--findings", &out(&incident, "f.jsonl")]).exits(3);
    let first = table(&incident, "out/f.refused.csv", ';');
    let text = incident.read("out/f.refused.csv");
    let unmarked = text.strip_prefix('\u{feff}').unwrap();
    // As spreadsheets save it: as it is, without the mark, in UTF-16, and with other line ends.
    for (number, octets) in (0..).zip([
        text.clone().into_bytes(),
        unmarked.as_bytes().to_vec(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        text.replace("\";\r\n", "\";\n").replace(";\r\n", ";\n").into_bytes(),
    ]) {
        incident.write("affected.csv", octets);
        let name = format!("{number}.jsonl");
        let report = incident.json("check", &["--findings", &out(&incident, &name)]).exits(3).json();
        assert_eq!((&report["rows"], &report["refused"]), (&json!(5), &json!(5)));
        let again = table(&incident, &format!("out/{number}.refused.csv"), ';');
        let own = |rows: &[Vec<String>]| -> Vec<Vec<String>> {
            rows.iter().map(|row| [&row[..4], &row[9..]].concat()).collect()
        };
        assert_eq!(own(&again), own(&first), "{number}");
        let codes: Vec<_> = again[1..].iter().map(|row| row[6].as_str()).collect();
        assert_eq!(codes, ["address-syntax", "address-syntax", "address-syntax", "not-mended", "not-mended"]);
    }
}

#[test]
fn whoever_gets_a_letter_is_listed_with_the_reason() {
    let list = "id,email,name,street,postcode,city,country,deceased\n\
        C1,a@people.example,Ada,1 High St,AB1,Leeds,GB,no\n\
        C2,,Bo,-2 Low St,AB2,York,GB,no\n\
        C3,c@people.example,Cy,3 Mid St,AB3,Hull,GB,YES\n\
        C4,jürgen@people.example,Jürgen,4 End St,AB4,Bath,GB,no\n\
        C1,a@people.example,Ada,1 High St,AB1,Leeds,GB,no\n";
    let incident = Incident::with_list(list);
    incident.write("affected.toml", "[list]\nexpected_rows = 5\n[people.letter]\ndeceased = [\"yes\"]\n");
    let run = incident.run("check", &["--letters", &out(&incident, "letters.csv")]).exits(0);
    run.says(&["letters: 3 in "]);
    let rows = table(&incident, "out/letters.csv", ',');
    assert_eq!(rows[0][8..], ["row", "line", "reason", "note"].map(|name| format!("forthwith_{name}")));
    let found: Vec<_> = rows[1..].iter().map(|row| [0, 2, 3, 5, 6, 8, 10, 11].map(|i| row[i].as_str())).collect();
    let expected = [
        ["C2", "Bo", "'-2 Low St", "York", "GB", "2", "no-address", ""],
        ["C3", "Cy", "3 Mid St", "Hull", "GB", "3", "needs-letter", "deceased"],
        ["C4", "Jürgen", "4 End St", "Bath", "GB", "4", "needs-smtputf8", ""],
    ];
    assert_eq!(found, expected);
    assert_eq!(mode(&incident, "out/letters.csv"), 0o600);
}

#[test]
fn nothing_is_overwritten_unasked_and_nothing_is_left_half() {
    let incident = Incident::with_list(LIST);
    let path = out(&incident, "f.csv");
    incident.run("check", &["--findings", &path]).exits(3);
    incident.write("out/f.csv", "mine");
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(incident.file("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    incident.run("check", &["--findings", &path]).exits(2).hints().warns(&["exists already", "--overwrite"]);
    // The second file of the two is in the way: the first is not written either.
    fs::rename(incident.file("out/f.csv"), incident.file("out/g.csv")).unwrap();
    incident.run("check", &["--findings", &path]).exits(2).hints();
    fs::rename(incident.file("out/g.csv"), incident.file("out/f.csv")).unwrap();
    assert_eq!((names(), incident.read("out/f.csv").as_str()), (before, "mine"));
    incident.run("check", &["--findings", &path, "--overwrite"]).exits(3);
    assert!(incident.read("out/f.csv").contains("address-syntax"));
}

#[test]
fn names_that_cannot_be_meant_are_refused() {
    let incident = Incident::with_list(LIST);
    let here = incident.file("letters.csv");
    incident
        .run("check", &["--letters", here.to_str().unwrap()])
        .exits(2)
        .hints()
        .warns(&["would be taken for a list"]);
    let here = incident.file("f.jsonl");
    incident.run("check", &["--findings", here.to_str().unwrap()]).exits(2).hints();
    for wrong in ["f", "f.xlsx", "f.json"] {
        incident.run("check", &["--findings", &out(&incident, wrong)]).exits(2).hints();
        incident.run("check", &["--letters", &out(&incident, wrong)]).exits(2).hints();
    }
    incident.run("check", &["--findings", "/no/such/folder/f.csv"]).exits(1).hints();
    assert!(fs::read_dir(incident.path()).unwrap().all(|entry| {
        let name = entry.unwrap().file_name();
        !name.to_string_lossy().starts_with(".forthwith-") && name != "f.jsonl"
    }));
    run(&["check", "--help"]).exits(0).says(&["--findings", "--letters"]);
}

/// Names of many scripts, quotes, emoji, and both forms of an accent: none is changed on its way.
const NAMES: [&str; 12] = [
    "Łukasz Żółć",
    "山田 太郎",
    "محمد بن علي",
    "יוסף כהן",
    "Нгуен Ван Ан",
    "อรทัย ใจดี",
    "O'Neill \"Bo\" Ünal",
    "👩‍👩‍👧 Doe",
    "e\u{301}lodie",
    "\u{e9}lodie",
    "क्‍ष शर्मा",
    "X Æ A-12 <b>&amp;</b>",
];

#[test]
fn names_survive_into_text_html_terminal_and_exports_unchanged() {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let rows = (1..).zip(NAMES).map(|(i, name)| format!("C{i},p{i}@people.example,{},yes\n", quoted(name)));
    let list = format!("id,email,name,letter\n{}", rows.collect::<Vec<_>>().concat());
    let incident = Incident::with_list(&list);
    for (i, name) in (1..).zip(NAMES) {
        let row = i.to_string();
        incident.run("preview", &["--row", &row, "--as", "text"]).exits(0).says(&[&format!("Hello {name},")]);
        let html = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let found = incident.run("preview", &["--row", &row, "--as", "html"]).exits(0).stdout;
        let found = found.replace("&quot;", "\"").replace("&#x27;", "'").replace("&#39;", "'");
        assert!(found.contains(&html), "{name}: {found}");
    }
    incident.run("notify", &["--dry-run"]).exits(0);
    for (i, name) in (1..).zip(NAMES) {
        let who = format!("C{i}");
        incident.run("explain", &[&who]).exits(0).says(&[&format!("{who} · {name} · p{i}@people.example")]);
        assert_eq!(incident.json("explain", &[&who]).exits(0).json()["stories"][0]["name"], name);
    }
    incident.write("affected.toml", "[list]\nexpected_rows = 12\n[people.letter]\nletter = [\"yes\"]\n");
    incident.run("check", &["--letters", &out(&incident, "letters.csv")]).exits(0);
    let written: Vec<_> =
        table(&incident, "out/letters.csv", ',').into_iter().skip(1).map(|row| row[2].clone()).collect();
    assert_eq!(written, NAMES);
}

/// Returns the name of a decoded To field.
fn name_in(to: &str) -> String {
    let name = to.rsplit_once('<').map_or("", |(name, _)| name.trim_end());
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => name.to_owned(),
    }
}

#[test]
fn names_survive_into_header_and_json_unchanged_or_are_refused_with_a_code() {
    let long = format!("{}Wolfeschlegelsteinhausenbergerdorff", "Łukasz ".repeat(30));
    let names: Vec<_> = NAMES.into_iter().chain(["", "J.R.", "Ada, Countess", &long]).collect();
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let rows = (1..).zip(&names).map(|(i, name)| format!("C{i},p{i}@people.example,{}\n", quoted(name)));
    let incident = Incident::with_list(format!("id,email,name\n{}", rows.collect::<String>()));
    let messages: Vec<_> = (1..=names.len())
        .map(|row| incident.run("preview", &["--row", &row.to_string(), "--as", "eml"]).exits(0).stdout)
        .collect();
    if let Some(python) = tools::require("python3") {
        let octets: Vec<_> = messages.iter().map(String::as_bytes).collect();
        for (parsed, name) in parse(&python, &octets).unwrap().iter().zip(&names) {
            // A preview leaves the value of Date open.
            let defects: Vec<_> = parsed.defects.iter().filter(|defect| !defect.contains("InvalidDate")).collect();
            assert_eq!((name_in(parsed.header("To").unwrap()).as_str(), defects), (*name, Vec::new()));
        }
    }
    // A name in another column's place is quoted by the finding, in JSON.
    let rows = (1..).zip(NAMES).map(|(i, name)| format!("C{i},p{i}@people.example,{}\n", quoted(name)));
    let incident = Incident::with_list(format!("id,email,country\n{}", rows.collect::<String>()));
    let report = incident.json("check", &[]).exits(3).json();
    let findings = report["findings"].as_array().unwrap().iter();
    let said: Vec<_> = findings.filter(|finding| finding["code"] == "country-unknown").collect();
    assert_eq!(said.len(), NAMES.len());
    for (finding, name) in said.iter().zip(NAMES) {
        assert!(
            finding["message"].as_str().unwrap().starts_with(&format!("\"{name}\" is not a country")),
            "{finding}"
        );
    }
    let too_long = Incident::with_list(format!("email,name\na@people.example,{}\n", "x".repeat(301)));
    finding(&too_long.json("check", &[]).exits(3).json(), "name-too-long");
}
