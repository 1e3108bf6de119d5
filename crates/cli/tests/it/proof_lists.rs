//! Proof: no list is read otherwise than an independent reader reads it, unless it is refused.
//!
//! Python's `csv` writes tables in every form and reads them again; the same with one damage each. Where nothing
//! refuses a list, every cell must be the same: a difference would be somebody else's data in a notice, or a
//! person who is never told.

use forthwith_core::affected::{
    Context, Delimiter, Form, Known, ListSettings, People, RawRow, Rows, RowsError, Supplied,
};
use forthwith_testkit::{
    foreign::{self, Foreign},
    tools,
};
use std::collections::{BTreeMap, BTreeSet};

const SEED: u64 = 2020;
const WHOLE: usize = 600;
const SPOILT: usize = 6_000;

/// Returns the form of a list of which only the encoding is declared, as far as it must be.
fn form(list: &Foreign, delimiter: Option<Delimiter>) -> Form {
    let toml = format!("[list]\nencoding = \"{}\"\n", list.encoding);
    let is_needed = list.encoding == "windows-1252";
    let settings = is_needed.then(|| forthwith_core::affected::read_settings("affected.toml", toml.as_bytes()).0);
    Form { delimiter, ..settings.flatten().unwrap_or_default().form }
}

/// Returns every row as cells, the header first, or what refuses the list.
fn cells(octets: &[u8], form: &Form) -> Result<Vec<Vec<String>>, String> {
    let mut rows = match Rows::new("l.csv", form, "email", Supplied::new(octets)) {
        Ok(rows) => rows,
        Err(RowsError::Refused(findings)) => {
            assert!(!findings.is_empty(), "a refusal says why");
            return Err(format!("{findings:?}"));
        }
        Err(RowsError::Input(error)) => panic!("{error}"),
    };
    let mut all = vec![rows.header().to_vec()];
    let mut row = RawRow::default();
    while rows.read(&mut row).unwrap() {
        if let Some(fault) = &row.fault {
            return Err(format!("line {}: {fault:?}", row.line));
        }
        all.push(row.cells.iter().map(str::to_owned).collect());
    }
    Ok(all)
}

/// Returns the rows with the header as names are compared: without case and surrounding space.
fn with_names(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    for name in rows.first_mut().into_iter().flatten() {
        *name = name.trim().to_lowercase();
    }
    rows
}

/// Returns whether anything refuses the people of a list.
fn is_refused(octets: &[u8], form: Form) -> bool {
    let settings = ListSettings { form, ..ListSettings::default() };
    let read_columns = BTreeSet::new();
    let context = Context {
        file: "l.csv",
        settings: &settings,
        categories: None,
        languages: None,
        read_columns: &read_columns,
        known: &Known::default(),
        duties: None,
    };
    let Ok(mut people) = People::new(context, Supplied::new(octets)) else { return true };
    while people.read().unwrap().is_some() {}
    people.finish().unwrap().is_refused()
}

#[test]
fn every_table_comes_back_cell_by_cell() {
    let Some(python) = tools::require("python3") else { return };
    for list in foreign::lists(&python, SEED, WHOLE, false).unwrap() {
        let expected = list.rows.clone().unwrap();
        let delimiter = Delimiter::parse(&list.delimiter);
        assert!(delimiter.is_some());
        for form in [form(&list, None), form(&list, delimiter)] {
            let found = cells(&list.octets(), &form);
            assert_eq!(found.as_ref(), Ok(&expected), "{} {:?}", list.encoding, list.delimiter);
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figure is for whoever runs the proof")]
fn no_spoilt_list_is_read_otherwise_in_silence() {
    let Some(python) = tools::require("python3") else { return };
    let (mut refused, mut alike, mut kinds) = (0, 0, BTreeMap::<String, usize>::new());
    let mut silent = Vec::new();
    for list in foreign::lists(&python, SEED, SPOILT, true).unwrap() {
        *kinds.entry(list.damage.clone()).or_default() += 1;
        let form = form(&list, None);
        match cells(&list.octets(), &form) {
            Ok(found) if Some(&found) == list.rows.clone().map(with_names).as_ref() => alike += 1,
            Ok(found) if !is_refused(&list.octets(), form.clone()) => silent.push((list.damage, found, list.rows)),
            _ => refused += 1,
        }
    }
    assert!(kinds.len() >= 50 && kinds.values().all(|count| *count > SPOILT / 200), "{kinds:?}");
    println!("{} kinds of damage: {refused} refused, {alike} read alike, {} silent", kinds.len(), silent.len());
    assert!(refused > SPOILT / 4 && alike > SPOILT / 10, "neither refuses everything nor nothing");
    assert!(silent.is_empty(), "{} silent differences: {:#?}", silent.len(), &silent[..silent.len().min(5)]);
}
