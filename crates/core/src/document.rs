//! Reads a TOML file as a person wrote it: every wrong key, type, date and missing fact is a finding with
//! its place, all of them in one reading.
//!
//! serde stops at the first error; here each getter reports its own and goes on. What a table offers is
//! known from what was asked of it, so an unknown key names its nearest neighbour.

use crate::finding::{Finding, Place};
use jiff::{Timestamp, civil};
use std::{cell::RefCell, collections::BTreeSet, ops::Range};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The findings of one file, gathered while its tables are read.
#[derive(Debug)]
pub struct Report {
    file: String,
    findings: RefCell<Vec<Finding>>,
}

/// A table of the document, which remembers what was asked of it.
pub struct Table<'d> {
    report: &'d Report,
    keys: &'d DeTable<'d>,
    span: Range<usize>,
    path: String,
    known: RefCell<BTreeSet<String>>,
}

/// A value of the document and its place.
#[derive(Clone)]
pub struct Field<'d> {
    report: &'d Report,
    value: &'d Spanned<DeValue<'d>>,
    name: String,
}

/// Octets in a settings file: far more than a person writes, far less than a machine can hurt with.
pub const DOCUMENT_OCTETS_MAX: usize = 1 << 20;
/// How unlike a known name an unknown one may be to be taken for a slip of it.
const SLIP_SIMILARITY_MIN: f64 = 0.6;

/// Reads `bytes` as the TOML file `file` and hands its root table to `read`, which may report more.
///
/// Returns what `read` made of it, unless anything refuses the file, and every finding in the order of the
/// file. Places count octets after a byte order mark, if there is one.
pub fn read<T>(file: &str, bytes: &[u8], read: impl FnOnce(&Table<'_>) -> Option<T>) -> (Option<T>, Vec<Finding>) {
    let report = Report { file: file.to_owned(), findings: RefCell::default() };
    let result = text_of(&report, bytes).and_then(|text| {
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            report.refuse("toml-syntax", error.span().unwrap_or(0..0), error.message());
        }
        if !errors.is_empty() {
            return None;
        }
        let table = Table::new(&report, root.get_ref(), 0..0, String::new());
        let result = read(&table);
        table.finish();
        result
    });
    let mut findings = report.findings.into_inner();
    findings.sort_by_key(|finding| finding.place.span.as_ref().map_or(0, |span| span.start));
    let result = result.filter(|_| !crate::finding::any_refused(&findings));
    (result, findings)
}

fn text_of<'b>(report: &Report, bytes: &'b [u8]) -> Option<&'b str> {
    if bytes.len() > DOCUMENT_OCTETS_MAX {
        report.refuse(
            "too-long",
            0..0,
            format!("the file has {} octets; at most {DOCUMENT_OCTETS_MAX}", bytes.len()),
        );
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes)
        .map_err(|e| {
            let at = e.valid_up_to();
            report.refuse("not-utf8", at..at, format!("octet {} of the file is not UTF-8", at + 1));
        })
        .ok()
}

impl Report {
    fn refuse(&self, code: &'static str, span: Range<usize>, message: impl Into<String>) {
        self.push(Finding::refused(code, Place::span(&self.file, span), message));
    }

    fn push(&self, finding: Finding) {
        self.findings.borrow_mut().push(finding);
    }
}

impl<'d> Table<'d> {
    fn new(report: &'d Report, keys: &'d DeTable<'d>, span: Range<usize>, path: String) -> Self {
        Self { report, keys, span, path, known: RefCell::default() }
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Returns the value of `key`, where there is one.
    pub fn get(&self, key: &str) -> Option<Field<'d>> {
        self.known.borrow_mut().insert(key.to_owned());
        let value = self.keys.iter().find(|(k, _)| k.get_ref() == key)?.1;
        Some(Field { report: self.report, value, name: self.name(key) })
    }

    /// Returns the value of `key`, and reports where it is missing; `what` says what belongs there.
    pub fn need(&self, key: &str, what: &str) -> Option<Field<'d>> {
        let field = self.get(key);
        if field.is_none() {
            let message = format!("`{}` is missing: {what}", self.name(key));
            self.report.refuse("missing-key", self.span.clone(), message);
        }
        field
    }

    /// Reads a key that may be missing: `Some(None)` where it is, `None` where it is there and wrong.
    pub fn optional<T>(&self, key: &str, read: impl FnOnce(&Field<'d>) -> Option<T>) -> Option<Option<T>> {
        match self.get(key) {
            Some(field) => read(&field).map(Some),
            None => Some(None),
        }
    }

    /// Returns every entry: its key, the place of the key, its value. No key of this table is unknown then.
    pub fn entries(&self) -> Vec<(String, Range<usize>, Field<'d>)> {
        let entry = |(key, value): (&'d Spanned<_>, _)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            self.known.borrow_mut().insert(name.to_string());
            (name.to_string(), key.span(), Field { report: self.report, value, name: self.name(name) })
        };
        self.keys.iter().map(entry).collect()
    }

    /// Returns whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Reports a refusal that concerns the table as a whole.
    pub fn refuse(&self, code: &'static str, message: impl Into<String>) {
        self.report.refuse(code, self.span.clone(), message);
    }

    /// Reports every key that nobody asked for. To be called once all getters were.
    pub fn finish(&self) {
        let known = self.known.borrow();
        for (key, _) in self.keys {
            let name: &str = key.get_ref();
            if known.contains(name) {
                continue;
            }
            let message = format!("`{}` is not a key that is known here", self.name(name));
            let finding = Finding::refused("unknown-key", Place::span(&self.report.file, key.span()), message);
            self.report.push(match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => finding.hint(format!("is `{near}` meant?")),
                None => finding.hint(format!("known here: {}", listed(&known))),
            });
        }
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Returns the name of `known` that `name` is most likely a slip of.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity >= SLIP_SIMILARITY_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

impl<'d> Field<'d> {
    /// Returns its bytes in the file.
    pub fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// Returns the name of the file it stands in.
    pub fn file(&self) -> &str {
        &self.report.file
    }

    /// Reports a refusal at this value.
    pub fn refuse(&self, code: &'static str, message: impl Into<String>) {
        self.report.refuse(code, self.span(), message);
    }

    /// Reports a refusal at this value, with the next step.
    pub fn refuse_with(&self, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.report.push(Finding::refused(code, Place::span(&self.report.file, self.span()), message).hint(hint));
    }

    /// Reports a warning at this value, with the next step.
    pub fn warn(&self, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.report.push(Finding::warning(code, Place::span(&self.report.file, self.span()), message).hint(hint));
    }

    /// Reports something worth knowing at this value, with what can be done.
    pub fn note(&self, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.report.push(Finding::note(code, Place::span(&self.report.file, self.span()), message).hint(hint));
    }

    fn wrong_type(&self, expected: &str) {
        let found = self.value.get_ref().type_str();
        self.refuse("wrong-type", format!("`{}` has the type {found}; {expected} belongs here", self.name));
    }

    /// Returns whether the value is text.
    pub fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    /// Returns whether the value is a table.
    pub fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// Returns the text, which may be empty and may have several lines.
    pub fn text(&self) -> Option<String> {
        let text = self.value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type("text in quotes");
        }
        text.map(str::to_owned)
    }

    /// Returns the text, which must be one line, not blank, without control characters.
    pub fn line(&self) -> Option<String> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.refuse("empty-value", format!("`{}` is empty", self.name));
            return None;
        }
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            self.refuse(
                "control-character",
                format!("`{}` must be one line without control characters", self.name),
            );
            return None;
        }
        Some(text.trim().to_owned())
    }

    /// Returns one of `choices` by its name.
    pub fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.line()?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let names = choices.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let message = format!("`{}` is one of {names}", self.name);
            match nearest(&text, choices.iter().map(|(name, _)| *name)) {
                Some(near) => self.refuse_with("unknown-value", message, format!("is `{near}` meant?")),
                None => self.refuse("unknown-value", message),
            }
        }
        found
    }

    /// Returns the whole number, at least 0.
    pub fn number(&self) -> Option<u64> {
        let number =
            self.value.get_ref().as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        if number.is_none() {
            self.wrong_type("a whole number, 0 or more,");
        }
        number
    }

    /// Returns the truth value.
    pub fn truth(&self) -> Option<bool> {
        let truth = self.value.get_ref().as_bool();
        if truth.is_none() {
            self.wrong_type("true or false");
        }
        truth
    }

    /// Returns the day: `2020-10-12`.
    pub fn date(&self) -> Option<civil::Date> {
        let date = match self.value.get_ref() {
            DeValue::Datetime(toml::value::Datetime { date: Some(date), time: None, offset: None }) => {
                civil_date(*date)
            }
            _ => None,
        };
        if date.is_none() {
            self.wrong_type("a day such as 2020-10-12, without quotes,");
        }
        date
    }

    /// Returns the instant: `2020-10-12T09:00:00Z`, with its offset from UTC.
    pub fn instant(&self) -> Option<Timestamp> {
        let instant = self.value.get_ref().as_datetime().and_then(|at| at.to_string().parse().ok());
        if instant.is_none() {
            self.wrong_type("an instant such as 2020-10-12T09:00:00Z, with its offset, without quotes,");
        }
        instant
    }

    /// Returns whether the value is a date or an instant.
    pub fn is_datetime(&self) -> bool {
        self.value.get_ref().is_datetime()
    }

    /// Returns whether the value is an instant: a date, a time and an offset.
    pub fn is_instant(&self) -> bool {
        self.value.get_ref().as_datetime().is_some_and(|at| at.time.is_some())
    }

    /// Returns the items of the list.
    pub fn items(&self) -> Option<Vec<Field<'d>>> {
        let Some(array) = self.value.get_ref().as_array() else {
            self.wrong_type("a list in square brackets");
            return None;
        };
        let item = |(i, value)| Field { report: self.report, value, name: format!("{}[{}]", self.name, i + 1) };
        Some(array.iter().enumerate().map(item).collect())
    }

    /// Returns the lines of a list of lines. Items that are not lines are reported.
    pub fn lines(&self) -> Option<Vec<String>> {
        self.items()?.iter().map(Field::line).collect()
    }

    /// Returns the table. The caller finishes it.
    pub fn table(&self) -> Option<Table<'d>> {
        let Some(table) = self.value.get_ref().as_table() else {
            self.wrong_type("a table");
            return None;
        };
        Some(Table::new(self.report, table, self.span(), self.name.clone()))
    }

    /// Reads the table by `read`, and reports every key that it did not ask for.
    pub fn read_table<T>(&self, read: impl FnOnce(&Table<'d>) -> Option<T>) -> Option<T> {
        let table = self.table()?;
        let result = read(&table);
        table.finish();
        result
    }
}

fn civil_date(date: toml::value::Date) -> Option<civil::Date> {
    let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    civil::Date::new(i16::try_from(date.year).ok()?, month, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_comes_in_one_reading_in_the_order_of_the_file() {
        let text = "zulu = 1\nname = 2\nday = \"2020-10-12\"\n[more]\ncontakt = 1\n";
        let (result, findings) = read("x.toml", text.as_bytes(), |root| {
            let name = root.need("name", "what it is called").and_then(|f| f.line());
            let day = root.get("day").and_then(|f| f.date());
            let missing = root.need("missing", "the thing").and_then(|f| f.line());
            let more = root.get("more").and_then(|f| f.table());
            if let Some(more) = &more {
                more.get("contact");
                more.finish();
            }
            Some((name?, day?, missing?))
        });
        assert_eq!(result, None);
        let codes: Vec<_> = findings.iter().map(|f| f.code).collect();
        assert_eq!(codes, ["missing-key", "unknown-key", "wrong-type", "wrong-type", "unknown-key"]);
        let spans: Vec<_> = findings.iter().map(|f| &text[f.place.span.clone().unwrap()]).collect();
        assert_eq!(spans, ["", "zulu", "2", "\"2020-10-12\"", "contakt"]);
        assert_eq!(findings[4].hint.as_deref(), Some("is `contact` meant?"));
    }

    #[test]
    fn syntax_errors_and_foreign_bytes_are_findings() {
        for (bytes, code) in [
            (b"a = ".as_slice(), "toml-syntax"),
            (b"a = 1\na = 2\n", "toml-syntax"),
            (b"d = 2020-13-40\n", "toml-syntax"),
            (b"a = \"\xe9\"\n", "not-utf8"),
        ] {
            let (result, findings) = read("x.toml", bytes, |root| root.get("a").map(|_| ()));
            assert_eq!((result, findings.first().map(|f| f.code)), (None, Some(code)), "{bytes:?}");
        }
        let long = vec![b'#'; DOCUMENT_OCTETS_MAX + 1];
        assert_eq!(read("x.toml", &long, |_| Some(())).1[0].code, "too-long");
    }

    #[test]
    fn days_and_instants() {
        let text = b"day = 2020-02-29\nat = 2020-10-12T09:00:00+02:00\n";
        let (result, findings) =
            read("x.toml", text, |root| Some((root.get("day")?.date()?, root.get("at")?.instant()?)));
        assert_eq!(findings, []);
        let (day, at) = result.unwrap();
        assert_eq!((day.to_string(), at.to_string()), ("2020-02-29".into(), "2020-10-12T07:00:00Z".into()));
    }
}
