//! Which columns a list has: the standard ones by their names, and those that only templates read.

use super::{Context, Known, cells::quoted};
use crate::{
    affected::{
        exported::{AS_WRITTEN, OWN, ROW},
        rows::{Layout, Rows},
        settings::{ListSettings, STANDARD_COLUMNS},
        source::Source,
    },
    document::nearest,
    finding::{Finding, Place},
};
use std::collections::{BTreeMap, BTreeSet};

/// The place of each standard column in the header, and the names of the others.
pub(super) struct Columns {
    standard: BTreeMap<&'static str, usize>,
    /// The place of what every row is asked for.
    pub(super) id: Option<usize>,
    pub(super) email: Option<usize>,
    pub(super) name: Option<usize>,
    pub(super) country: Option<usize>,
    pub(super) region: Option<usize>,
    pub(super) language: Option<usize>,
    pub(super) data: Option<usize>,
    pub(super) consent: Option<usize>,
    /// The places from the first to the last of country, region, language, data and consent, where no other column
    /// stands among them.
    pub(super) together: Option<(usize, usize)>,
    pub(super) other: Vec<(usize, String)>,
    /// In a list that we wrote: the columns that we added.
    pub(super) ours: BTreeSet<usize>,
    /// Among them the column of rows that could not be taken apart.
    pub(super) as_written: Option<usize>,
}

/// Returns the names of a list's columns that are not forthwith's own, which templates may read. A list whose
/// header is refused has none.
pub fn other_columns(settings: &ListSettings, input: impl Source) -> Vec<String> {
    let (read_columns, known) = (BTreeSet::new(), Known::default());
    let context = Context {
        file: "",
        settings,
        categories: None,
        languages: None,
        read_columns: &read_columns,
        known: &known,
        duties: None,
    };
    let Ok(rows) = Rows::new(context.file, &settings.form, settings.email_column(), input) else {
        return Vec::new();
    };
    let columns = Columns::find(context, rows.layout());
    columns.map_or_else(|_| Vec::new(), |columns| columns.other.into_iter().map(|(_, name)| name).collect())
}

impl Columns {
    /// Returns the place of a column, standard or not, by its name in the list.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        let other = self.other.iter().find(|(_, other)| other == name).map(|(i, _)| *i);
        other.or_else(|| self.standard.get(name).copied())
    }

    pub(super) fn find(context: Context<'_>, layout: &Layout) -> Result<Self, Vec<Finding>> {
        let header = layout.header();
        let mut findings = Vec::new();
        let mut standard = BTreeMap::new();
        for name in STANDARD_COLUMNS {
            let mapped = context.settings.columns.get(name);
            let wanted = mapped.map_or(name, String::as_str);
            match header.iter().position(|column| column == wanted) {
                Some(i) => _ = standard.insert(name, i),
                None if mapped.is_some() || name == "email" => {
                    findings.push(missing(context, layout, name, wanted));
                }
                None => {}
            }
        }
        for name in context.settings.people.letter.keys() {
            if !header.contains(name) {
                findings.push(missing(context, layout, name, name));
            }
        }
        let added = header.iter().enumerate().filter(|(_, name)| name.starts_with(OWN)).map(|(i, _)| i);
        let ours: BTreeSet<usize> = if header.iter().any(|name| name == ROW) { added.collect() } else { [].into() };
        let as_written = ours.iter().copied().find(|i| header[*i] == AS_WRITTEN);
        let is_other = |(i, _): &(usize, &String)| !standard.values().any(|used| used == i) && !ours.contains(i);
        let other = header.iter().enumerate().filter(is_other).map(|(i, name)| (i, name.clone())).collect();
        let at = |name| standard.get(name).copied();
        let [id, email, name, country] = ["id", "email", "name", "country"].map(at);
        let [region, language, data, consent] = ["region", "language", "data", "consent"].map(at);
        let columns = Self {
            standard,
            id,
            email,
            name,
            country,
            region,
            language,
            data,
            consent,
            together: together([country, region, language, data, consent]),
            other,
            ours,
            as_written,
        };
        if findings.is_empty() { Ok(columns) } else { Err(findings) }
    }
}

/// Returns the first and the last of these places where they follow each other, in whatever order.
fn together(places: [Option<usize>; 5]) -> Option<(usize, usize)> {
    let places: BTreeSet<usize> = places.into_iter().flatten().collect();
    let (first, last) = (*places.first()?, *places.last()?);
    (last - first + 1 == places.len()).then_some((first, last))
}

fn missing(context: Context<'_>, layout: &Layout, name: &str, wanted: &str) -> Finding {
    let header = layout.header();
    let place =
        Place { line: Some(layout.header_line()), column: Some(name.to_owned()), ..Place::file(context.file) };
    let code = if name == "email" { "no-email-column" } else { "no-column" };
    let names = header.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let finding = Finding::refused(code, place, format!("the list has no column `{wanted}`; it has {names}"));
    let likely = nearest(wanted, header.iter().map(String::as_str))
        .or_else(|| header.iter().map(String::as_str).find(|column| column.contains("mail")));
    finding.hint(match likely {
        Some(likely) => format!("say so in affected.toml: [columns] {name} = \"{likely}\""),
        None => "the first line of the list names its columns".to_owned(),
    })
}
