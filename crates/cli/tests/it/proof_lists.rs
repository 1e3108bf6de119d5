//! Proof: no list is read otherwise than an independent reader reads it, unless it is refused.
//!
//! Python's `csv` writes tables in every form and reads them again; the same with one damage each. Where nothing
//! refuses a list, every cell must be the same: a difference would be somebody else's data in a notice, or a
//! person who is never told. Where a row is refused, it is where Python finds it.

use forthwith_core::{
    affected::{
        Context, Delimiter, Fault, Form, Known, ListSettings, People, RawRow, RowFault, Rows, RowsError, Supplied,
        read_settings,
    },
    finding::Finding,
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
    let is_needed = !list.encoding.starts_with("utf");
    let settings = is_needed.then(|| read_settings("affected.toml", toml.as_bytes()).0);
    Form { delimiter, ..settings.flatten().unwrap_or_default().form }
}

/// What refuses a list: what was found before its first row, or its first row that cannot be taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refused {
    List(Vec<Finding>),
    Row { line: u64, fault: RowFault, delimiter: Delimiter },
}

/// Returns every row as cells, the header first, or what refuses the list.
fn cells(octets: &[u8], form: &Form) -> Result<Vec<Vec<String>>, Refused> {
    let mut rows = match Rows::new("l.csv", form, "email", Supplied::new(octets)) {
        Ok(rows) => rows,
        Err(RowsError::Refused(findings)) => {
            assert!(!findings.is_empty(), "a refusal says why");
            return Err(Refused::List(findings));
        }
        Err(RowsError::Input(error)) => panic!("{error}"),
    };
    let mut all = vec![rows.header().to_vec()];
    let mut row = RawRow::default();
    while rows.read(&mut row).unwrap() {
        if let Some(fault) = row.fault.take() {
            return Err(Refused::Row { line: row.line, fault, delimiter: rows.layout().delimiter() });
        }
        all.push(row.cells.iter().map(str::to_owned).collect());
    }
    Ok(all)
}

/// Returns whether Python, too, finds the row that is refused, and what is wrong, on these lines; `None` where it
/// cannot say, because it has no text of the file or was told another delimiter than the file has now.
fn is_found_too(list: &Foreign, refused: &Refused) -> Option<bool> {
    let Refused::Row { line, fault, delimiter } = refused else { return None };
    if list.starts.is_empty() || Delimiter::parse(&list.delimiter) != Some(*delimiter) {
        return None;
    }
    let other = list.rows.iter().position(|row| row.len() != list.rows[0].len());
    let has_quote = |quote: &u64| line <= quote && list.quotes.contains(quote);
    let is_found = match fault {
        RowFault::Cells { .. } => other.map(|row| list.starts[row]) == Some(*line),
        RowFault::Record(Fault::StrayQuote { line: quote }) => {
            has_quote(quote) && list.refused_on.is_none_or(|on| *quote <= on)
        }
        RowFault::Record(Fault::UnclosedQuote { line: quote }) => has_quote(quote) && !list.is_whole,
        RowFault::Record(Fault::Nul) => list.nuls.iter().any(|nul| line <= nul),
        _ => return None,
    };
    Some(is_found && list.starts.contains(line))
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
    let mut encodings = BTreeSet::new();
    for list in foreign::lists(&python, SEED, WHOLE, false).unwrap() {
        let delimiter = Delimiter::parse(&list.delimiter);
        assert!(delimiter.is_some());
        for form in [form(&list, None), form(&list, delimiter)] {
            let found = cells(&list.octets(), &form);
            assert_eq!(found.as_ref(), Ok(&list.rows), "{} {:?}", list.encoding, list.delimiter);
        }
        encodings.insert(list.encoding);
    }
    assert!(encodings.len() >= 29, "{encodings:?}");
}

#[test]
#[expect(clippy::print_stdout, reason = "the figure is for whoever runs the proof")]
fn no_spoilt_list_is_read_otherwise_in_silence() {
    let Some(python) = tools::require("python3") else { return };
    let (mut refused, mut alike, mut placed, mut kinds) = (0, 0, 0, BTreeMap::<String, usize>::new());
    let (mut silent, mut misplaced) = (Vec::new(), Vec::new());
    for list in foreign::lists(&python, SEED, SPOILT, true).unwrap() {
        *kinds.entry(list.damage.clone()).or_default() += 1;
        let form = form(&list, None);
        let found = cells(&list.octets(), &form);
        match found.as_ref().err().and_then(|refused| is_found_too(&list, refused)) {
            Some(true) => placed += 1,
            Some(false) => misplaced.push((list.clone(), found.clone())),
            None => {}
        }
        match found {
            Ok(found) if list.is_whole && found == with_names(list.rows.clone()) => alike += 1,
            Ok(found) if !is_refused(&list.octets(), form.clone()) => silent.push((list.damage, found, list.rows)),
            _ => refused += 1,
        }
    }
    assert!(kinds.len() >= 50 && kinds.values().all(|count| *count > SPOILT / 200), "{kinds:?}");
    println!(
        "{} kinds of damage: {refused} refused, {placed} of them at the row where Python finds it; \
         {alike} read alike; {} silent differences",
        kinds.len(),
        silent.len()
    );
    assert!(refused > SPOILT / 4 && alike > SPOILT / 10, "neither refuses everything nor nothing");
    assert!(silent.is_empty(), "{} silent differences: {:#?}", silent.len(), &silent[..silent.len().min(5)]);
    assert!(misplaced.is_empty(), "{} misplaced: {:#?}", misplaced.len(), &misplaced[..misplaced.len().min(5)]);
    assert!(placed > SPOILT / 10, "{placed} rows are refused for their form");
}
