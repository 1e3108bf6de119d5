//! Turns records into rows of cells under the names of the header.

mod sheets;

use super::{
    delimiter::{self, Delimiter},
    encoding::{self, Conflict, Guess, Seen},
    exported::{self, rearmed},
    faults::describe,
    people::{quoted, trimmed},
    records::{Fault, Record, Records},
    sheet::SheetFault,
    source::Source,
    stretches::{Stretch, Stretches, What},
    text::Text,
};
use crate::{
    address::is_unseen,
    digest::Digest,
    finding::{Finding, Place},
};
use encoding_rs::{Encoding, UTF_8};
use memchr::memchr_iter;
pub(super) use sheets::SheetRows;
use std::{
    io::{self, Read},
    sync::Arc,
};

/// Octets at the start of a list that are looked at before it is read: its header and some hundred rows.
const LOOK_OCTETS: usize = 1 << 16;
/// Lines among which the header is looked for where it does not come first.
const HEADER_LINES_MAX: usize = 50;
/// Columns in a list. Each is a name that templates know.
const COLUMNS_MAX: usize = 500;

/// Why no row of a list can be read.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The input failed; the list was not read to its end.
    #[error("cannot read the list")]
    Input(#[from] io::Error),
    /// The list is refused before its first row.
    #[error("the list is refused")]
    Refused(Vec<Finding>),
}

/// One row: its cells, or what is wrong with its form.
#[derive(Debug, Default)]
pub struct RawRow {
    /// The data row, counted from 1.
    pub row: u64,
    /// The physical line where it starts.
    pub line: u64,
    /// Its bytes without the line end.
    pub bytes: Vec<u8>,
    /// What is wrong with its form; the cells are empty then.
    pub fault: Option<RowFault>,
    /// Its cells, one a column.
    pub cells: csv::StringRecord,
}

/// How a row breaks the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowFault {
    /// The record is malformed.
    Record(Fault),
    /// It has another number of cells than the header.
    Cells {
        /// How many it has.
        found: usize,
    },
    /// It does not say plainly what stands in it.
    Sheet(SheetFault),
}

/// How a list is laid out, as far as affected.toml says it. What it does not say is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Its encoding.
    pub encoding: Option<&'static Encoding>,
    /// What separates its cells.
    pub delimiter: Option<Delimiter>,
    /// The physical line of its header, where other lines stand above it.
    pub header_line: Option<u64>,
    /// Its sheet, where it is a workbook with several.
    pub sheet: Option<String>,
}

/// How the rows of one list are taken apart: what its header says, and what was declared or found before its rows.
#[derive(Debug)]
pub struct Layout {
    header: Vec<String>,
    header_line: u64,
    delimiter: Delimiter,
    encoding: &'static Encoding,
    is_declared: bool,
    /// Whether we wrote this list ourselves.
    is_ours: bool,
}

impl Layout {
    /// Returns the physical line of the header.
    pub fn header_line(&self) -> u64 {
        self.header_line
    }

    /// Returns what separates the cells.
    pub fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    /// Returns the names of the columns: lower case, without surrounding space.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Returns whether these are the cells of the header once more.
    pub(super) fn is_header(&self, cells: &Cells<'_>) -> bool {
        cells.len() == self.header.len() && cells.iter().zip(&self.header).all(|(cell, name)| is_name(cell, name))
    }

    /// Returns what is wrong with the form of a record, in terms of the list's own encoding.
    fn fault(&self, fault: Fault) -> Fault {
        match fault {
            Fault::NotUtf8 { .. } if self.encoding != UTF_8 => Fault::NotOf(self.encoding.name()),
            fault => fault,
        }
    }

    /// Looks at a row whose octets are not UTF-8 where nobody said what they are.
    pub(super) fn guess(&self, guess: &mut Guess, row: &RawRow) {
        if !self.is_declared && matches!(row.fault, Some(RowFault::Record(Fault::NotUtf8 { .. }))) {
            guess.look_at(Seen { row: Some(row.row), line: row.line }, &row.bytes);
        }
    }

    /// Returns what there is to say of the list's form, once it was read.
    pub(super) fn about_form<R: Source>(&self, file: &str, list: &mut Stretches<R>, guess: &Guess) -> Vec<Finding> {
        let text = list.text_mut();
        match text.source_mut().sheet() {
            Some(sheet) => sheets::merged(file, sheet, self.header.len(), self.header_line).into_iter().collect(),
            None => self.about_encoding(file, text, guess).into_iter().collect(),
        }
    }

    fn about_encoding<R: Source>(&self, file: &str, text: &Text<R>, guess: &Guess) -> Option<Finding> {
        if let Some((octet, byte)) = text.first_wrong() {
            let name = text.encoding().name();
            let message = format!("octet {octet} of the list (0x{byte:02X}) is not {name}");
            let hint = if self.is_declared {
                "declare the encoding that the list is in: affected.toml, [list] encoding"
            } else {
                "export the list again; its start says that it is in this encoding"
            };
            return Some(Finding::refused("wrong-encoding", Place::file(file), message).hint(hint));
        }
        undeclared(file, guess)
    }
}

/// The rows of a stretch, one after the other.
pub(super) struct RowsOf {
    layout: Arc<Layout>,
    what: What,
    number: u64,
    sheet_row: RawRow,
    quoted: csv::Reader<Feed>,
    cells: csv::StringRecord,
    ends: Vec<usize>,
}

impl RowsOf {
    /// Begins with the first row of `stretch`.
    pub(super) fn new(layout: &Arc<Layout>, stretch: Stretch) -> Self {
        let Stretch { number, what, .. } = stretch;
        let (sheet_row, quoted) = (RawRow::default(), reader(layout.delimiter));
        let layout = Arc::clone(layout);
        Self { layout, what, number, sheet_row, quoted, cells: csv::StringRecord::new(), ends: Vec::new() }
    }

    /// Returns the next row; `None` at the end of the stretch.
    pub(super) fn next_row(&mut self) -> Option<RowView<'_>> {
        let number = self.number;
        self.number += 1;
        match &mut self.what {
            What::Records(records) => {
                let record = records.next_record()?;
                let (cells, fault) =
                    take_apart(&self.layout, &record, &mut self.quoted, &mut self.cells, &mut self.ends);
                Some(RowView { row: number, line: record.line, bytes: record.bytes, fault, cells })
            }
            What::Sheet(rows) => {
                self.sheet_row = rows.next()?;
                let RawRow { line, bytes, fault, cells, .. } = &mut self.sheet_row;
                if self.layout.is_ours {
                    *cells = cells.iter().map(rearmed).collect();
                }
                Some(RowView { row: number, line: *line, bytes, fault: fault.clone(), cells: Cells::Taken(cells) })
            }
        }
    }
}

/// A row as it stands in its stretch.
#[derive(Clone, Debug)]
pub(super) struct RowView<'v> {
    /// The data row, counted from 1.
    pub(super) row: u64,
    /// The physical line where it starts.
    pub(super) line: u64,
    /// Its bytes without the line end.
    pub(super) bytes: &'v [u8],
    /// What is wrong with its form.
    pub(super) fault: Option<RowFault>,
    /// Its cells; none where the form of the record is broken.
    pub(super) cells: Cells<'v>,
}

impl RawRow {
    /// Returns the row as it was looked at when it was kept.
    pub(super) fn view(&self) -> RowView<'_> {
        let Self { row, line, bytes, fault, cells } = self;
        RowView { row: *row, line: *line, bytes, fault: fault.clone(), cells: Cells::Taken(cells) }
    }
}

impl RowView<'_> {
    /// Returns the row as something that can be kept.
    pub(super) fn keep(&self) -> RawRow {
        let cells = if self.fault.is_none() { self.cells.iter().collect() } else { csv::StringRecord::new() };
        RawRow { row: self.row, line: self.line, bytes: self.bytes.to_vec(), fault: self.fault.clone(), cells }
    }
}

/// The cells of a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cells<'v> {
    /// Those of a record without quotes: where each ends, at its delimiter or with the record.
    Split { text: &'v str, ends: &'v [usize] },
    /// Those of any other.
    Taken(&'v csv::StringRecord),
}

impl<'v> Cells<'v> {
    pub(super) const NONE: Self = Self::Split { text: "", ends: &[] };

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Split { ends, .. } => ends.len(),
            Self::Taken(cells) => cells.len(),
        }
    }

    #[inline]
    pub(super) fn get(&self, i: usize) -> Option<&'v str> {
        match self {
            Self::Split { text, ends } => text.get(start_of(ends, i)?..*ends.get(i)?),
            Self::Taken(cells) => cells.get(i),
        }
    }

    /// Returns the cells from one to another as they are written, where they were split from a text.
    #[inline]
    pub(super) fn written(&self, first: usize, last: usize) -> Option<&'v str> {
        let Self::Split { text, ends } = self else { return None };
        text.get(start_of(ends, first)?..*ends.get(last)?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'v str> + Clone {
        let cells = *self;
        (0..cells.len()).filter_map(move |i| cells.get(i))
    }
}

/// Returns where a cell starts: behind the end of the one before it.
#[inline]
fn start_of(ends: &[usize], cell: usize) -> Option<usize> {
    cell.checked_sub(1).map_or(Some(0), |before| ends.get(before).map(|end| end + 1))
}

/// Takes a record apart, and returns its cells and what is wrong with its form: one that has a quote with the csv
/// crate, and any other at its delimiters.
fn take_apart<'v>(
    layout: &Layout,
    record: &Record<'v>,
    quoted: &mut csv::Reader<Feed>,
    taken: &'v mut csv::StringRecord,
    ends: &'v mut Vec<usize>,
) -> (Cells<'v>, Option<RowFault>) {
    let text = match &record.text {
        Ok(text) => *text,
        Err(fault) => return (Cells::NONE, Some(RowFault::Record(layout.fault(fault.clone())))),
    };
    let cells = if record.is_quoted || layout.is_ours {
        taken.clear();
        read_cells(quoted, record.bytes, taken);
        if layout.is_ours {
            *taken = taken.iter().map(rearmed).collect();
        }
        Cells::Taken(taken)
    } else {
        split(text, layout.delimiter, ends)
    };
    let found = cells.len();
    (cells, (found != layout.header.len()).then_some(RowFault::Cells { found }))
}

/// Takes a record without quotes apart.
fn split<'v>(text: &'v str, delimiter: Delimiter, ends: &'v mut Vec<usize>) -> Cells<'v> {
    ends.clear();
    ends.extend(memchr_iter(delimiter.octet(), text.as_bytes()));
    ends.push(text.len());
    Cells::Split { text, ends }
}

impl Form {
    /// Declares the encoding by a label of the Encoding Standard; `false` where it has none of that name.
    pub fn declare(&mut self, label: &str) -> bool {
        let found = encoding::parse(label);
        self.encoding = found.or(self.encoding);
        found.is_some()
    }
}

/// Reads rows, one after the other. The header is read at once; names are compared without case and surrounding
/// space.
pub struct Rows<R> {
    pub(super) list: Stretches<R>,
    pub(super) layout: Arc<Layout>,
    current: Option<RowsOf>,
}

impl<R: Source> Rows<R> {
    /// Reads the header of the list `file`, in which the column `key` must be.
    ///
    /// # Errors
    ///
    /// The input's own, or the findings that refuse the list: empty, in another encoding than is declared,
    /// with an unclear delimiter, with other lines above its header, or with one that cannot be read.
    pub fn new(file: &str, form: &Form, key: &str, mut input: R) -> Result<Self, RowsError> {
        let refused = |finding| RowsError::Refused(vec![finding]);
        if let Some(sheet) = input.sheet() {
            let (header, header_line) = sheets::begin(file, form, key, sheet)?;
            return Self::over(input, header, header_line);
        }
        if form.sheet.is_some() {
            return Err(refused(sheets::no_workbook(file)));
        }
        let mut text = Text::new(input, form.encoding)?.map_err(|conflict| refused(contradicts(file, conflict)))?;
        let line = form.header_line.unwrap_or(1);
        if !text.skip_to_line(line)? {
            return Err(refused(nothing(file, form.header_line)));
        }
        let (start, is_whole) = text.peek(LOOK_OCTETS)?;
        let start = start.to_vec();
        if let Some(found) = line_naming(key, &start, line) {
            return Err(refused(not_first(file, line, found)));
        }
        let delimiter = match form.delimiter {
            Some(delimiter) => delimiter,
            None => delimiter::find(&start, is_whole).map_err(|several| refused(unclear(file, line, &several)))?,
        };
        let (encoding, is_declared) = (text.encoding(), form.encoding.is_some());
        let mut list = Stretches::new(text, delimiter, line);
        while let Some(mut stretch) = list.next_stretch()? {
            let Some(record) = stretch.header() else { continue };
            let header = read_header(file, &record, delimiter).map_err(|mut findings| {
                if matches!(record.text, Err(Fault::NotUtf8 { .. })) && !is_declared {
                    let mut guess = Guess::new();
                    guess.look_at(Seen { row: None, line }, &start);
                    findings.extend(undeclared(file, &guess));
                }
                RowsError::Refused(findings)
            })?;
            let (header_line, is_ours) = (record.line, is_ours(&header));
            let layout = Arc::new(Layout { header, header_line, delimiter, encoding, is_declared, is_ours });
            list.take_back(stretch);
            return Ok(Self { list, layout, current: None });
        }
        Err(refused(nothing(file, form.header_line)))
    }

    /// Reads the rows of a workbook whose header was read.
    fn over(input: R, header: Vec<String>, header_line: u64) -> Result<Self, RowsError> {
        let text = Text::new(input, Some(UTF_8))?.map_err(|_| io::Error::other("a workbook has no text"))?;
        let list = Stretches::of_sheet(text, SheetRows { width: header.len() });
        let (delimiter, is_ours) = (Delimiter::default(), is_ours(&header));
        let layout = Layout { header, header_line, delimiter, encoding: UTF_8, is_declared: true, is_ours };
        Ok(Self { list, layout: Arc::new(layout), current: None })
    }

    /// Returns how the list is laid out.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Returns the names of the columns: lower case, without surrounding space.
    pub fn header(&self) -> &[String] {
        &self.layout.header
    }

    /// Reads the next row; `false` at the end of the list.
    pub fn read(&mut self, row: &mut RawRow) -> io::Result<bool> {
        loop {
            if let Some(view) = self.current.as_mut().and_then(RowsOf::next_row) {
                *row = view.keep();
                return Ok(true);
            }
            let Some(stretch) = self.list.next_stretch()? else { return Ok(false) };
            self.current = Some(RowsOf::new(&self.layout, stretch));
        }
    }

    /// Reads what is left and returns the SHA-256 of all bytes of the list.
    pub fn digest(self) -> io::Result<Digest> {
        self.list.into_text().into_source().digest()
    }
}

/// Returns whether a list with these columns is one that we wrote.
fn is_ours(header: &[String]) -> bool {
    header.iter().any(|name| name == exported::ROW)
}

fn nothing(file: &str, header_line: Option<u64>) -> Finding {
    match header_line {
        Some(line) => {
            let message = format!("the list has no line {line}, where affected.toml says its header is");
            Finding::refused("empty-list", Place::file(file), message)
                .hint("mend or delete [list] header_line in affected.toml")
        }
        None => Finding::refused("empty-list", Place::file(file), "the list is empty: it has no header")
            .hint("the first line names the columns; only `email` is required"),
    }
}

fn contradicts(file: &str, Conflict { marked, declared }: Conflict) -> Finding {
    let (marked, declared) = (marked.name(), declared.name());
    let message = format!("the list begins with the mark of {marked}; affected.toml says that it is {declared}");
    Finding::refused("encoding-contradicts", Place::file(file), message)
        .hint("delete [list] encoding from affected.toml: the mark is enough")
}

fn unclear(file: &str, line: u64, several: &[Delimiter]) -> Finding {
    let names: Vec<_> = several.iter().map(|delimiter| format!("`{}`", delimiter.name())).collect();
    let message = format!("the cells may be separated by {}: the header has each of them", names.join(" or "));
    let place = Place { line: Some(line), ..Place::file(file) };
    Finding::refused("delimiter-unclear", place, message)
        .hint(format!("say which in affected.toml: [list] delimiter = \"{}\"", several[0].name()))
}

/// Says what a list is likely to be in that declares nothing and is not UTF-8.
fn undeclared(file: &str, guess: &Guess) -> Option<Finding> {
    let (Seen { row, line }, likely, text) = guess.likely()?;
    let text = quoted(text.lines().next().unwrap_or_default());
    let message = format!("the list is not UTF-8; it is likely {likely}: line {line} would then read {text}");
    // With its row, the finding quotes the row on a terminal alone.
    let place = Place { row, line: Some(line), ..Place::file(file) };
    let hint =
        format!("if that reads well, say so in affected.toml: [list] encoding = \"{}\"", likely.to_lowercase());
    Some(Finding::refused("encoding-undeclared", place, message).hint(hint))
}

/// Returns the line of the first record that names `key` as a header does, where that is not the first record
/// of `start`, which begins on `line`.
fn line_naming(key: &str, start: &[u8], line: u64) -> Option<u64> {
    let mut found: Option<(usize, u64)> = None;
    for delimiter in Delimiter::ALL {
        let mut records = Records::new(start.to_vec(), delimiter, line);
        // To make a reader costs more than to look for the word, which hardly any record has.
        let (mut cells, mut names) = (None, csv::StringRecord::new());
        for number in 0..HEADER_LINES_MAX {
            if found.is_some_and(|(before, _)| before <= number) {
                break;
            }
            let Some(record) = records.next_record() else { break };
            if !record.text.as_ref().is_ok_and(|text| may_name(key, text)) {
                continue;
            }
            names.clear();
            read_cells(cells.get_or_insert_with(|| reader(delimiter)), record.bytes, &mut names);
            // A row of people may hold the word too, as a category of data, but then an address as well.
            if names.iter().any(|cell| normal(cell) == key) && !names.iter().any(|cell| cell.contains('@')) {
                found = Some((number, record.line));
            }
        }
    }
    found.filter(|(number, _)| *number > 0).map(|(_, line)| line)
}

/// Returns whether a cell of a record may say `key` as names are compared. Within quotes a quote is written twice.
fn may_name(key: &str, record: &str) -> bool {
    key.contains('"') || record.to_lowercase().contains(key)
}

fn not_first(file: &str, line: u64, found: u64) -> Finding {
    let message = format!("other lines stand above the header: line {found} looks like it");
    Finding::refused("header-not-first", Place { line: Some(line), ..Place::file(file) }, message)
        .hint(format!("say so in affected.toml: [list] header_line = {found}"))
}

/// Returns a name of the header as names are compared.
fn normal(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Returns whether a cell says the name, which is in lower case, as names are compared. Every row comes here.
fn is_name(cell: &str, name: &str) -> bool {
    let cell = trimmed(cell);
    if cell.is_ascii() { cell.eq_ignore_ascii_case(name) } else { cell.to_lowercase() == name }
}

fn reader(delimiter: Delimiter) -> csv::Reader<Feed> {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter.octet());
    let mut reader = builder.from_reader(Feed::default());
    // The crate throws a byte order mark away in the first record that it sees. Ours was taken off already, and
    // another one is text: the crate is shown a record without any.
    read_cells(&mut reader, b"-", &mut csv::StringRecord::new());
    reader
}

fn read_header(file: &str, record: &Record<'_>, delimiter: Delimiter) -> Result<Vec<String>, Vec<Finding>> {
    let place = Place { line: Some(record.line), ..Place::file(file) };
    if let Err(fault) = &record.text {
        let (code, message, hint) = describe(fault);
        let finding = Finding::refused(code, place, format!("in the header: {message}"));
        return Err(vec![finding.hint(hint)]);
    }
    let mut names = csv::StringRecord::new();
    read_cells(&mut reader(delimiter), record.bytes, &mut names);
    let is_ours = names.iter().any(|name| normal(name) == exported::ROW);
    let names = names.iter().map(|name| normal(if is_ours { rearmed(name) } else { name })).collect();
    check_names(names, &place)
}

/// Returns the names of a header, or all that is wrong with them.
fn check_names(names: Vec<String>, place: &Place) -> Result<Vec<String>, Vec<Finding>> {
    if names.len() > COLUMNS_MAX {
        let message = format!("the list has {} columns; at most {COLUMNS_MAX}", names.len());
        return Err(vec![Finding::refused("too-many-columns", place.clone(), message)]);
    }
    let mut findings = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let place = Place { column: Some(name.clone()), ..place.clone() };
        if name.is_empty() {
            let message = format!("column {} has no name", i + 1);
            findings.push(Finding::refused("unnamed-column", place, message).hint("name it, or delete it"));
        } else if let Some(c) = name.chars().find(|c| is_unseen(*c)) {
            let message = format!(
                "the name of column {} has the character U+{:04X}, which cannot be seen",
                i + 1,
                u32::from(c)
            );
            findings.push(Finding::refused("unseen-character", place, message).hint("type the name anew"));
        } else if names.iter().take(i).any(|earlier| earlier == name) {
            let message = format!("two columns are named `{name}`");
            findings.push(Finding::refused("column-twice", place, message).hint("rename or delete one of them"));
        }
    }
    if findings.is_empty() { Ok(names) } else { Err(findings) }
}

/// Takes a well-formed record apart with the csv crate.
fn read_cells(reader: &mut csv::Reader<Feed>, bytes: &[u8], cells: &mut csv::StringRecord) {
    reader.get_mut().give(bytes);
    // The bytes are UTF-8 and end in one line end, both known: what is left to fail is nothing.
    let is_read = reader.read_record(cells).expect("a record that is UTF-8 is read");
    debug_assert!(is_read, "a record that is not empty is read");
}

/// Hands one record at a time to the csv crate, so that it cannot read across records.
#[derive(Default)]
struct Feed {
    bytes: Vec<u8>,
    at: usize,
}

impl Feed {
    fn give(&mut self, bytes: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.bytes.push(b'\n');
        self.at = 0;
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affected::Supplied;

    fn rows(text: &str) -> Vec<(u64, u64, Vec<String>, Option<RowFault>)> {
        let mut rows = Rows::new("l.csv", &Form::default(), "email", Supplied::new(text.as_bytes())).unwrap();
        let (mut row, mut all) = (RawRow::default(), Vec::new());
        while rows.read(&mut row).unwrap() {
            let cells = row.cells.iter().map(str::to_owned).collect();
            all.push((row.row, row.line, cells, row.fault.clone()));
        }
        assert_eq!(rows.digest().unwrap(), Digest::of(text.as_bytes()));
        all
    }

    #[test]
    fn cells_are_exact() {
        let found = rows(" Email ,NAME\r\na@b.c,\"Ada, \"\"the\"\"\r\nfirst\"\r\nc@d.e, x \r\n");
        assert_eq!(found[0], (1, 2, vec!["a@b.c".into(), "Ada, \"the\"\r\nfirst".into()], None));
        assert_eq!(found[1], (2, 4, vec!["c@d.e".into(), " x ".into()], None));
    }

    proptest::proptest! {
        #[test]
        fn both_ways_of_taking_a_record_apart_agree(text in "[ a\u{e9},;\t|']{1,20}", which in 0_usize..4) {
            let delimiter = Delimiter::ALL[which];
            let (mut ends, mut cells) = (Vec::new(), csv::StringRecord::new());
            let ours: csv::StringRecord = split(&text, delimiter, &mut ends).iter().collect();
            read_cells(&mut reader(delimiter), text.as_bytes(), &mut cells);
            proptest::prop_assert_eq!(ours, cells);
        }
    }

    #[test]
    fn a_row_with_other_cells_is_a_fault_of_that_row_alone() {
        let found = rows("email,name\na@b.c\nc@d.e,x,y\ne@f.g,z\n");
        assert_eq!(found[0].3, Some(RowFault::Cells { found: 1 }));
        assert_eq!(found[1].3, Some(RowFault::Cells { found: 3 }));
        assert_eq!(found[2].3, None);
    }

    #[test]
    fn cells_survive_records_longer_than_any_buffer() {
        let long = "x".repeat(100_000);
        let found = rows(&format!("email,name\na@b.c,{long}\nb@b.c,y\n"));
        assert_eq!(found[0].2[1], long);
        assert_eq!(found[1].2[1], "y");
    }

    #[test]
    fn headers_that_are_refused() {
        for (text, code) in [
            ("", "empty-list"),
            ("\u{feff}\n", "empty-list"),
            ("email,email\n", "column-twice"),
            ("email, Email \n", "column-twice"),
            ("email,\n", "unnamed-column"),
            ("\"email\n", "unclosed-quote"),
            ("email,na\u{200b}me\n", "unseen-character"),
            ("\u{feff}\u{feff}id,email\n", "unseen-character"),
        ] {
            let Err(RowsError::Refused(findings)) =
                Rows::new("l.csv", &Form::default(), "email", Supplied::new(text.as_bytes()))
            else {
                panic!("{text:?}")
            };
            assert_eq!(findings[0].code, code, "{text:?}");
        }
    }
}
