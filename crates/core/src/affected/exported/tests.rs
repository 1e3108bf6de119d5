//! What is written is read back as it was: our own tables with their apostrophes, and any other one as it stands, in
//! every encoding, with every delimiter and line end.

use super::*;
use crate::affected::{Form, RowFault, Rows, Supplied, records::Fault};
use csv::QuoteStyle;
use encoding_rs::{self as e, Encoding};
use proptest::prelude::*;

/// A table: its header, and the cells of each row.
type Table = (Vec<String>, Vec<Vec<String>>);

/// Every encoding of the Encoding Standard but the two that are none of text.
const ENCODINGS: [&Encoding; 38] = [
    e::UTF_8,
    e::UTF_16LE,
    e::UTF_16BE,
    e::BIG5,
    e::EUC_JP,
    e::EUC_KR,
    e::GB18030,
    e::GBK,
    e::IBM866,
    e::ISO_2022_JP,
    e::ISO_8859_2,
    e::ISO_8859_3,
    e::ISO_8859_4,
    e::ISO_8859_5,
    e::ISO_8859_6,
    e::ISO_8859_7,
    e::ISO_8859_8,
    e::ISO_8859_8_I,
    e::ISO_8859_10,
    e::ISO_8859_13,
    e::ISO_8859_14,
    e::ISO_8859_15,
    e::ISO_8859_16,
    e::KOI8_R,
    e::KOI8_U,
    e::MACINTOSH,
    e::SHIFT_JIS,
    e::WINDOWS_874,
    e::WINDOWS_1250,
    e::WINDOWS_1251,
    e::WINDOWS_1252,
    e::WINDOWS_1253,
    e::WINDOWS_1254,
    e::WINDOWS_1255,
    e::WINDOWS_1256,
    e::WINDOWS_1257,
    e::WINDOWS_1258,
    e::X_MAC_CYRILLIC,
];
const LINE_ENDS: [&str; 3] = ["\n", "\r\n", "\r"];
const QUOTE_STYLES: [QuoteStyle; 3] = [QuoteStyle::Necessary, QuoteStyle::Always, QuoteStyle::NonNumeric];
/// Words of which every encoding has some, and what tables have to quote.
const WORDS: [&str; 14] = [
    "Jürgen Müller",
    "Łukasz Żółć",
    "Иван Жуков",
    "Ελένη",
    "יוסף",
    "محمد",
    "สมชาย",
    "山田太郎",
    "王小明",
    "김민준",
    "Nguyễn",
    "a,b;c\td|e",
    "say \"hi\", \"\"",
    "two\r\nlines\rand\nmore",
];

/// Returns what reading `octets` gives.
fn read(octets: &[u8]) -> Table {
    read_as(octets, None)
}

/// Returns what reading `octets` gives where their encoding is declared, or not.
fn read_as(octets: &[u8], encoding: Option<&'static Encoding>) -> Table {
    let form = Form { encoding, ..Form::default() };
    let mut rows = Rows::new("l.csv", &form, "email", Supplied::new(octets)).unwrap();
    let (mut row, mut all) = (RawRow::default(), Vec::new());
    while rows.read(&mut row).unwrap() {
        assert_eq!(row.fault, None::<RowFault>);
        all.push(row.cells.iter().map(str::to_owned).collect());
    }
    (rows.header().to_vec(), all)
}

#[test]
fn formulas_of_every_form_are_disarmed() {
    for cell in [
        "=cmd|'/C calc'!A0",
        "+1-2",
        "-5",
        "@SUM(1+1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        ";=1",
        " =1",
        "\u{feff}=1",
        "\"=1",
        "'=1",
        "''=1",
        "\u{a0}=1",
        "’=1",
        ",=1",
        "|=1",
        "\0=1",
        "−5",
    ] {
        let safe = disarmed(cell);
        assert!(safe.starts_with('\'') && safe.len() == cell.len() + 1, "{cell:?} {safe:?}");
        assert_eq!(rearmed(&safe), cell);
    }
    for cell in ["", "Ada", "'t Hooft", "O'Neill", "'", "5", "a=b", "ada@people.example", "'quoted'"] {
        assert_eq!(disarmed(cell), cell);
        assert_eq!(rearmed(cell), cell);
    }
}

proptest! {
    #[test]
    fn every_cell_comes_back(
        cells in prop::collection::vec("['=+@\\-\t\r\n\"; ,|＝\u{feff}]{0,6}\\PC{0,12}", 1..40),
        which in 0_usize..4,
    ) {
        let header = ["email", "name", ROW];
        let rows: Vec<Vec<String>> = cells.iter().enumerate()
            .map(|(i, cell)| vec![cell.clone(), format!("={cell}"), (i + 1).to_string()])
            .collect();
        let mut export = Export::new(Vec::new(), Delimiter::ALL[which], header).unwrap();
        for row in &rows {
            export.row(row.iter().map(String::as_str)).unwrap();
        }
        let octets = export.finish().unwrap();
        let mut plain = csv::ReaderBuilder::new();
        plain.has_headers(false).delimiter(Delimiter::ALL[which].octet());
        for record in plain.from_reader(&octets[MARK.len()..]).records() {
            for cell in &record.unwrap() {
                prop_assert!(cell.starts_with('\'') || !is_armed(cell), "{:?}", cell);
            }
        }
        prop_assert_eq!(read(&octets), (header.map(str::to_owned).to_vec(), rows));
    }
}

#[test]
fn an_apostrophe_of_a_plain_list_is_its_own() {
    assert_eq!(read(b"email,name\na@b.c,'=1\n").1, [["a@b.c", "'=1"]]);
}

#[test]
fn what_is_no_text_is_spelled_out() {
    let fault = Some(RowFault::Record(Fault::Nul));
    let row = RawRow { bytes: b"a,M\xfcller".to_vec(), fault, ..RawRow::default() };
    assert_eq!(row.as_written(), "a,M\\xFCller");
    assert_eq!(RawRow { bytes: b"a".to_vec(), ..RawRow::default() }.as_written(), "");
}

/// Returns a text as a file in this encoding.
fn written_in(encoding: &'static Encoding, has_mark: bool, text: &str) -> Vec<u8> {
    let text = if has_mark { format!("\u{feff}{text}") } else { text.to_owned() };
    if encoding == e::UTF_16LE {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    } else if encoding == e::UTF_16BE {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    } else {
        encoding.encode(&text).0.into_owned()
    }
}

/// Returns what of a cell there is in an encoding.
fn within(encoding: &'static Encoding, cell: &str) -> String {
    let is_there = |c: &char| {
        let octets = written_in(encoding, false, c.encode_utf8(&mut [0; 4]));
        let text = encoding.decode_without_bom_handling_and_without_replacement(&octets);
        text.is_some_and(|text| text.chars().eq([*c]))
    };
    cell.chars().filter(is_there).collect()
}

/// Returns a table in other line ends than CRLF: those within quotes belong to their cells.
fn with_ends(text: &str, end: &str) -> String {
    let pieces = text.split('"').enumerate();
    let ended = pieces.map(|(i, piece)| if i % 2 == 0 { piece.replace("\r\n", end) } else { piece.to_owned() });
    ended.collect::<Vec<_>>().join("\"")
}

/// Returns a table as we write it, or as any other program does.
fn written((header, rows): &Table, delimiter: Delimiter, quotes: Option<QuoteStyle>) -> String {
    let octets = if let Some(quotes) = quotes {
        let mut table = csv::WriterBuilder::new();
        table.delimiter(delimiter.octet()).terminator(csv::Terminator::CRLF).quote_style(quotes);
        let mut table = table.from_writer(Vec::new());
        table.write_record(header).unwrap();
        for row in rows {
            table.write_record(row).unwrap();
        }
        table.into_inner().unwrap()
    } else {
        let mut export = Export::new(Vec::new(), delimiter, header.iter().map(String::as_str)).unwrap();
        for row in rows {
            export.row(row.iter().map(String::as_str)).unwrap();
        }
        export.finish().unwrap().split_off(MARK.len())
    };
    String::from_utf8(octets).unwrap()
}

fn cell() -> impl Strategy<Value = String> {
    let any = "['=+@\\-\t\r\n\"; ,|＝\u{feff}]{0,6}\\PC{0,12}";
    prop_oneof![any, prop::sample::select(&WORDS[..]).prop_map(str::to_owned)]
}

proptest! {
    // One case is a thousand tables.
    #![proptest_config(ProptestConfig { cases: 1, ..ProptestConfig::default() })]

    #[test]
    fn every_table_comes_back_in_every_encoding_delimiter_and_line_end(
        cells in prop::collection::vec(cell(), 1..4),
        which in 0_usize..3,
    ) {
        for encoding in ENCODINGS {
            let cells: Vec<_> = cells.iter().chain([&WORDS.concat()]).map(|cell| within(encoding, cell)).collect();
            for (i, delimiter) in Delimiter::ALL.into_iter().enumerate() {
                for (quotes, last) in [(None, ROW), (Some(QUOTE_STYLES[(which + i) % 3]), "note")] {
                    let header = ["email", "name", last].map(str::to_owned).to_vec();
                    let row = |cell: &String| vec![cell.clone(), format!("'={cell}"), "0042".to_owned()];
                    let table = (header, cells.iter().map(row).collect());
                    let text = written(&table, delimiter, quotes);
                    for end in LINE_ENDS {
                        let text = with_ends(&text, end);
                        for (declared, has_mark) in ways(encoding) {
                            let octets = written_in(encoding, has_mark, &text);
                            let name = encoding.name();
                            prop_assert_eq!(&read_as(&octets, declared), &table, "{} {:?} {:?}", name, delimiter, end);
                        }
                    }
                }
            }
        }
    }
}

/// Returns how a list in this encoding may come: declared or evident, and with its mark or without.
fn ways(encoding: &'static Encoding) -> Vec<(Option<&'static Encoding>, bool)> {
    let declared = (Some(encoding), false);
    let is_evident = [e::UTF_8, e::UTF_16LE, e::UTF_16BE].contains(&encoding);
    if is_evident { vec![declared, (Some(encoding), true), (None, true), (None, false)] } else { vec![declared] }
}
