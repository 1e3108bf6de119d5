//! How a broken form is told to the operator: code, message and next step.

use super::{
    records::Fault,
    sheet::{CellFault, Letters, SheetFault},
};

/// Returns code, message and next step of a fault in a record's form.
pub(super) fn describe(fault: &Fault) -> (&'static str, String, String) {
    match fault {
        Fault::UnclosedQuote { line } => (
            "unclosed-quote",
            format!("a quote was opened on line {line} and is never closed"),
            format!("close or remove the quote on line {line}; everything behind it was read as one cell"),
        ),
        Fault::StrayQuote { line } => (
            "stray-quote",
            format!("on line {line} a quote stands inside a cell, or text follows a closing quote"),
            "put the whole cell in quotes and double each quote within it (RFC 4180)".to_owned(),
        ),
        Fault::TooLong { quote: Some(line) } => (
            "row-too-long",
            format!("the row is longer than 1 MiB; a quote is open since line {line}"),
            format!("close or remove the quote on line {line}"),
        ),
        Fault::TooLong { quote: None } => (
            "row-too-long",
            "the row is longer than 1 MiB".to_owned(),
            "shorten its cells, or delete columns that no notice needs".to_owned(),
        ),
        Fault::NotUtf8 { octet, byte } => (
            "not-utf8",
            format!("octet {octet} of the row (0x{byte:02X}) is not UTF-8"),
            "save the list as UTF-8, or declare its encoding: affected.toml, [list] encoding".to_owned(),
        ),
        Fault::NotOf(encoding) => (
            "wrong-encoding",
            format!("the row has octets that are not {encoding}"),
            "declare the encoding that the list is in: affected.toml, [list] encoding".to_owned(),
        ),
        Fault::Nul => (
            "nul",
            "there is a NUL character in the row".to_owned(),
            "export the list again as UTF-8 text; it may be UTF-16".to_owned(),
        ),
    }
}

/// Returns code, message and next step of a row of a sheet that does not say plainly what stands in it.
pub(super) fn describe_sheet(fault: &SheetFault, header: &[String]) -> (&'static str, String, String) {
    let SheetFault::Cell { column, fault } = fault else {
        return (
            "hidden-row",
            "the row is hidden in the sheet".to_owned(),
            "show it (a filter hides rows too), or delete it".to_owned(),
        );
    };
    let letters = Letters(*column);
    let place =
        header.get(*column).map_or_else(|| format!("column {letters}"), |name| format!("{letters}, `{name}`,"));
    match fault {
        CellFault::Error(error) => {
            ("sheet-error", format!("the cell in {place} shows {error}"), "put the value itself there".to_owned())
        }
        CellFault::NotShown { value, format } => (
            "not-shown",
            format!("what the cell in {place} shows depends on the computer: {value} in the format {format}"),
            "format the column as text and enter the values again, or save the sheet as CSV".to_owned(),
        ),
        CellFault::NotCalculated => (
            "not-calculated",
            format!("the formula in {place} was never worked out"),
            "open the workbook in a spreadsheet and save it, or put the value itself there".to_owned(),
        ),
    }
}
