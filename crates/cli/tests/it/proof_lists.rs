//! Proof: no list is read otherwise than an independent reader reads it, unless it is refused.
//!
//! Python's `csv` writes tables in every form and reads them again; the same with one damage each. Where nothing
//! refuses a list, every cell must be the same: a difference would be somebody else's data in a notice, or a
//! person who is never told. Where a list is refused, it is at the row where Python finds it, or where it was spoilt.

use forthwith_core::{
    affected::{
        Context, Delimiter, Fault, Form, Known, ListSettings, People, RawRow, RowFault, Rows, RowsError, Supplied,
        read_settings,
    },
    finding::{Finding, Gravity},
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
pub enum Refused {
    List(Vec<Finding>),
    Row { line: u64, fault: RowFault, delimiter: Delimiter },
}

/// Returns every row as cells, the header first, or what refuses the list.
pub fn cells(octets: &[u8], form: &Form) -> Result<Vec<Vec<String>>, Refused> {
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

/// Returns the first thing that refuses a list or one of its rows, in the order of the list.
fn first_refusal(octets: &[u8], form: &Form) -> Option<Finding> {
    let settings = ListSettings { form: form.clone(), ..ListSettings::default() };
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
    let mut people = match People::new(context, Supplied::new(octets)) {
        Ok(people) => people,
        Err(RowsError::Refused(findings)) => return findings.into_iter().next(),
        Err(RowsError::Input(error)) => panic!("{error}"),
    };
    while people.read().unwrap().is_some() {}
    let findings = people.finish().unwrap().findings;
    findings.into_iter().find(|finding| finding.gravity == Gravity::Refused)
}

/// Returns whether a refusal stands where the list was spoilt: at a line of the damage, or at the start of the record
/// that it is in.
fn is_where_it_was_spoilt(list: &Foreign, refusal: &Finding) -> bool {
    let (from, to) = list.spoilt;
    let Some(line) = refusal.place.line else {
        return match refusal.code {
            // What is about no line: a list that has no rows any more, and a start that says another encoding.
            "empty-list" | "no-rows" => list.rows.len() < 2,
            "encoding-contradicts" => from == 1,
            _ => false,
        };
    };
    // Rows are held against the header: where that was spoilt, it is the first row that does not fit.
    let is_first_row = from == 1 && refusal.place.row == Some(1);
    // Of two rows that do not go together the second is refused, which names the first.
    let other = refusal.message.strip_prefix("row ").and_then(|rest| rest.split(' ').next()?.parse().ok());
    let other = other.and_then(|row: usize| list.starts.get(row));
    let is_spoilt = |line: &u64| (from..=to).contains(line);
    is_spoilt(&line) || is_first_row || other.is_some_and(is_spoilt)
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
    let (mut found_too, mut where_spoilt, mut alike) = (0, 0, 0);
    let (mut kinds, mut silent, mut misplaced) = (BTreeMap::<String, usize>::new(), Vec::new(), Vec::new());
    for list in foreign::lists(&python, SEED, SPOILT, true).unwrap() {
        *kinds.entry(list.damage.clone()).or_default() += 1;
        let form = form(&list, None);
        let found = cells(&list.octets(), &form);
        if list.is_whole && found.as_ref().is_ok_and(|found| *found == with_names(list.rows.clone())) {
            alike += 1;
            continue;
        }
        let Some(refusal) = first_refusal(&list.octets(), &form) else {
            silent.push((list.damage, found, list.rows));
            continue;
        };
        match found.err().and_then(|refused| is_found_too(&list, &refused)) {
            Some(true) => found_too += 1,
            None if is_where_it_was_spoilt(&list, &refusal) => where_spoilt += 1,
            _ => misplaced.push((list, refusal)),
        }
    }
    assert!(kinds.len() >= 50 && kinds.values().all(|count| *count > SPOILT / 200), "{kinds:?}");
    println!(
        "{} kinds of damage: {} refused, {found_too} of them at the row where Python finds it and {where_spoilt} where \
         the damage was done; {alike} read alike; {} silent differences",
        kinds.len(),
        found_too + where_spoilt + misplaced.len(),
        silent.len()
    );
    assert!(silent.is_empty(), "{} silent differences: {:#?}", silent.len(), &silent[..silent.len().min(5)]);
    assert!(misplaced.is_empty(), "{} misplaced: {:#?}", misplaced.len(), &misplaced[..misplaced.len().min(5)]);
    let least = SPOILT / 10;
    assert!(found_too > least && where_spoilt > least && alike > least, "neither refuses everything nor nothing");
}
