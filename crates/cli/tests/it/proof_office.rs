//! Proof: what `LibreOffice` saves is read cell by cell, as a workbook and as CSV in several encodings and delimiters.
//!
//! No line of a cell begins with a space or has two of them, but in a cell of one line: `.ods` cells with such lines are
//! refused, since `LibreOffice` does not write them as the standard has them (`workbooks.rs`).
//! It is asked for by `cargo xtask test --full` alone. A tabulator, a CR and a NUL are in no cell here: `LibreOffice` drops
//! or changes them when it reads a table.

use crate::{harness::Incident, proof_lists::cells};
use forthwith_core::affected::Form;
use forthwith_testkit::{lists::Chance, office, tools};
use std::{fs, path::PathBuf};

const SEED: u64 = 2020;
/// Tables in each form.
const TABLES: usize = 16;
/// Rows of a table.
const ROWS: usize = 12;

/// Cells that quotes, numbers, dates, formulas or space are in.
const COMMON: [&str; 28] = [
    "",
    " ",
    " x ",
    "x, y",
    "a;b",
    "p|q",
    "say \"hi\"",
    "\"starts",
    "ends\"",
    "'single'",
    "'",
    "\\",
    "=1+1",
    "-5",
    "+49 170",
    "@home",
    "#note",
    "0042",
    "1E5",
    "3.50",
    "1,234",
    "2020-10-19",
    "1/2/2020",
    "10:30",
    "TRUE",
    "#N/A",
    "null",
    "Ada  L.",
];
const WESTERN: [&str; 4] = ["Jürgen Müller", "Zoë", "“smart”", "€ 5"];
const UNICODE: [&str; 14] = [
    "Jürgen Müller",
    "Łukasz Żółć",
    "山田 太郎",
    "王小明",
    "김민준",
    "Иван Жуков",
    "Ελένη",
    "יוסף כהן",
    "محمد بن علي",
    "อรทัย",
    "क्‍ष शर्मा",
    "👩‍👩‍👧 Doe",
    "e\u{301}lodie",
    "\u{e9}lodie",
];

/// Forms that `LibreOffice` saves: ending and filter, the encoding that affected.toml has to name, and words within it. Of
/// a CSV filter the numbers are the delimiter, the quote and the encoding; `true` behind them quotes every text.
const FORMS: [(&str, Option<&str>, &[&str]); 12] = [
    ("xlsx", None, &UNICODE),
    ("ods", None, &UNICODE),
    ("csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true", None, &UNICODE),
    ("csv:Text - txt - csv (StarCalc):59,34,76,1,,0,true,true", None, &UNICODE),
    ("csv:Text - txt - csv (StarCalc):9,34,65535,1,,0,false,true", None, &UNICODE),
    ("csv:Text - txt - csv (StarCalc):124,34,65535,1,,0,true,true", None, &UNICODE),
    ("csv:Text - txt - csv (StarCalc):59,34,1,1,,0,false,true", Some("windows-1252"), &WESTERN),
    ("csv:Text - txt - csv (StarCalc):44,34,33,1,,0,false,true", Some("windows-1250"), &["Łukasz Żółć", "Dvořák"]),
    ("csv:Text - txt - csv (StarCalc):9,34,34,1,,0,true,true", Some("windows-1251"), &["Иван Жуков", "Ёлка № 5"]),
    ("csv:Text - txt - csv (StarCalc):59,34,74,1,,0,false,true", Some("koi8-r"), &["Иван Жуков"]),
    ("csv:Text - txt - csv (StarCalc):44,34,64,1,,0,false,true", Some("shift_jis"), &["山田 太郎", "ﾔﾏﾀﾞ", "表示"]),
    ("csv:Text - txt - csv (StarCalc):44,34,85,1,,0,true,true", Some("gb18030"), &["王小明", "김민준", "Łukasz"]),
];

/// Returns a table of people who all must get a letter: only the last column may have line ends in its cells.
fn table(chance: &mut Chance, own: &[&str]) -> Vec<Vec<String>> {
    let mut word = || (*if chance.below(2) == 0 { chance.pick(own) } else { chance.pick(&COMMON) }).to_owned();
    let header = ["id", "email", "letter", "name", "note"].map(str::to_owned).to_vec();
    let rows = (1..=ROWS).map(|row| {
        let (first, last) = (word(), word());
        let note =
            if row % 2 == 0 { format!("{}\n\n{}\n", one_space(&first), one_space(&last)) } else { first + &last };
        vec![format!("{row:05}"), format!("p{row}@people.example"), "yes".to_owned(), word(), note]
    });
    std::iter::once(header).chain(rows).collect()
}

fn one_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a table as `LibreOffice` is given it.
fn csv(rows: &[Vec<String>]) -> String {
    let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
    rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n").collect()
}

/// Returns what the program reads in a list in which everybody must get a letter: the list's own cells.
fn read(file: &PathBuf, encoding: Option<&str>) -> Vec<Vec<String>> {
    let incident = Incident::with_list("email\n");
    incident.remove("affected.csv");
    incident.write(file.file_name().unwrap().to_str().unwrap(), fs::read(file).unwrap());
    let declared = encoding.map(|encoding| format!("encoding = \"{encoding}\"\n")).unwrap_or_default();
    let settings = format!("[list]\nexpected_rows = {ROWS}\n{declared}[people.letter]\nletter = [\"yes\"]\n");
    incident.write("affected.toml", settings);
    let letters = incident.file("out/letters.csv");
    incident.run("check", &["--letters", letters.to_str().unwrap()]).exits(0);
    let rows = cells(&fs::read(letters).unwrap(), &Form::default()).unwrap();
    rows.into_iter().map(|row| row[..5].to_vec()).collect()
}

#[test]
#[ignore = "asks for LibreOffice: cargo xtask test --full"]
fn every_table_that_libreoffice_saves_comes_back_cell_by_cell() {
    let Some(soffice) = tools::require("soffice") else { return };
    let mut chance = Chance::new(SEED);
    for (to, encoding, own) in FORMS {
        let folder = tempfile::tempdir().unwrap();
        let tables: Vec<_> = (0..TABLES).map(|_| table(&mut chance, own)).collect();
        let given: Vec<_> = (0..TABLES).map(|number| folder.path().join(format!("given/{number}.csv"))).collect();
        fs::create_dir(folder.path().join("given")).unwrap();
        for (path, rows) in given.iter().zip(&tables) {
            fs::write(path, csv(rows)).unwrap();
        }
        let saved = office::save_as(&soffice, &given, to, folder.path()).unwrap();
        for (file, rows) in saved.iter().zip(&tables) {
            assert_eq!(read(file, encoding), *rows, "{to}");
        }
    }
}
