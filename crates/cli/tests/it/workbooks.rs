//! Lists that are workbooks: read as a person at the screen sees them, or refused with the place and the reason.

use crate::harness::{Incident, Run, finding};
use serde_json::{Value, json};
use std::{
    io::{Cursor, Write as _},
    path::Path,
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// What `tests/fixtures/workbooks/make.py` writes as names.
const NAMES: [&str; 8] = [
    "Jürgen Müller",
    "山田太郎",
    "=not a formula",
    "four, five",
    " space ",
    "O'Neill \"Bo\" <b>&amp;",
    "محمد",
    "👩‍👩‍👧",
];

fn made(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/workbooks").join(name);
    std::fs::read(path).unwrap()
}

fn incident(name: &str, octets: &[u8], settings: &str) -> Incident {
    let incident = Incident::with_list("email\n");
    incident.remove("affected.csv");
    incident.write(name, octets);
    incident.write("affected.toml", settings);
    incident
}

/// Returns a ZIP file of these parts.
fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Returns an Office Open XML workbook of these sheets: name, and what stands in `worksheet`. Style 1 is a number
/// with five digits, 2 the short date, 3 two decimals, 4 a text format that adds words.
fn xlsx(sheets: &[(&str, &str)]) -> Vec<u8> {
    let names: Vec<_> = (1..)
        .zip(sheets)
        .map(|(i, (name, _))| format!("<sheet name=\"{name}\" sheetId=\"{i}\" r:id=\"r{i}\"/>"))
        .collect();
    let names = names.concat();
    let related: Vec<_> = (1..=sheets.len())
        .map(|i| format!("<Relationship Id=\"r{i}\" Type=\"http://x/worksheet\" Target=\"sheet{i}.xml\"/>"))
        .collect();
    let related = related.concat();
    let book = format!("<workbook xmlns:r=\"r\"><sheets>{names}</sheets></workbook>");
    let related = format!(
        "<Relationships>{related}<Relationship Id=\"s\" Type=\"http://x/styles\" Target=\"styles.xml\"/>\
         <Relationship Id=\"t\" Type=\"http://x/sharedStrings\" Target=\"/xl/texts.xml\"/></Relationships>"
    );
    let bodies: Vec<_> = sheets.iter().map(|(_, body)| format!("<worksheet>{body}</worksheet>")).collect();
    let files: Vec<_> = (1..=sheets.len()).map(|i| format!("xl/sheet{i}.xml")).collect();
    let mut parts = vec![
        ("[Content_Types].xml", "<Types/>"),
        (
            "_rels/.rels",
            "<Relationships><Relationship Id=\"a\" Type=\"http://x/officeDocument\" Target=\"xl/book.xml\"/></Relationships>",
        ),
        ("xl/book.xml", &book),
        ("xl/_rels/book.xml.rels", &related),
        (
            "xl/styles.xml",
            "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"00000\"/><numFmt numFmtId=\"165\" formatCode=\"&quot;Dr &quot;@\"/></numFmts>\
          <cellStyleXfs><xf numFmtId=\"9\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/><xf numFmtId=\"14\"/><xf numFmtId=\"2\"/><xf numFmtId=\"165\"/></cellXfs></styleSheet>",
        ),
        (
            "xl/texts.xml",
            "<sst><si><t>Ada</t></si><si><r><t>Bo </t></r><r><rPr/><t xml:space=\"preserve\">Cy</t></r><rPh><t>spoken</t></rPh></si></sst>",
        ),
    ];
    parts.extend(files.iter().map(String::as_str).zip(bodies.iter().map(String::as_str)));
    zipped(&parts)
}

/// Returns the rows of a list in which everybody must get a letter: the last cell has no place.
fn rows(names: &[&str]) -> String {
    let text = |text: &str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let header: String = ["email", "letter", "note"].map(text).concat();
    let rows = (1..)
        .zip(names)
        .map(|(i, name)| format!("<row>{}{}{name}</row>", text(&format!("p{i}@people.example")), text("yes")));
    format!("<sheetData><row r=\"1\">{header}</row>{}</sheetData>", rows.collect::<String>())
}

const LETTERS: &str = "[people.letter]\nletter = [\"yes\"]\n";

/// Returns what is read of a workbook in which everybody must get a letter: its export without header.
fn letters(incident: &Incident) -> (Run, Vec<String>) {
    let path = incident.file("out/letters.csv");
    let run = incident.json("check", &["--letters", path.to_str().unwrap(), "--overwrite"]);
    let text = incident.read("out/letters.csv").replace("\r\n", "\u{1e}");
    (run, text.split('\u{1e}').skip(1).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn findings(report: &Value) -> Vec<(&str, u64)> {
    let all = report["findings"].as_array().unwrap().iter().filter(|finding| finding["gravity"] == "refused");
    all.map(|finding| (finding["code"].as_str().unwrap(), finding["line"].as_u64().unwrap_or_default())).collect()
}

#[test]
fn workbooks_of_other_programs_are_read_cell_by_cell() {
    let numbers: Vec<_> = (1..=8).map(|i| format!("\"00{i}\"")).collect();
    let settings = format!("[list]\nexpected_rows = 8\n[people.letter]\nnumber = [{}]\n", numbers.join(", "));
    for name in ["people.xlsx", "people.ods"] {
        let incident = incident(name, &made(name), &settings);
        let (run, rows) = letters(&incident);
        let report = run.exits(0).json();
        assert_eq!(
            (&report["withheld"], &report["findings"]),
            (&json!({ "needs-letter": 8 }), &json!([])),
            "{name}"
        );
        for (i, (row, name)) in (1..).zip(rows.iter().zip(NAMES)) {
            let name = if name.starts_with('=') { format!("'{name}") } else { name.to_owned() };
            let quoted = format!("\"{}\"", name.replace('"', "\"\""));
            let name = if name.contains(['"', '\n', ',']) { quoted } else { name };
            // One row in the middle is empty: a row of the list is where the sheet shows it.
            let line = if i > 4 { i + 2 } else { i + 1 };
            let year = 1960 + i;
            let expected = format!(
                "0000{i},p{i}@people.example,{name},{year}-01-0{i},00{i},\"note\n{i}\",{i},{line},needs-letter,number"
            );
            assert_eq!(*row, expected);
        }
        assert_eq!(rows.len(), 8);
    }
}

/// `LibreOffice` says what it shows of each cell (`shown.csv`): nothing is read otherwise.
#[test]
fn nothing_is_read_otherwise_than_a_spreadsheet_shows_it() {
    let office = String::from_utf8(made("shown.csv")).unwrap();
    let rows: Vec<Vec<_>> = office.lines().skip(1).map(|line| line.splitn(3, ',').collect()).collect();
    let incident = incident("shown.xlsx", &made("shown.xlsx"), LETTERS);
    let (run, lines) = letters(&incident);
    let report = run.exits(3).json();
    let mut read = 0;
    for line in &lines {
        let ours: Vec<_> = line.rsplitn(5, ',').collect();
        let number: usize = ours[3].parse().unwrap();
        let shown = ours[4].splitn(3, ',').last().unwrap();
        let shown = shown.strip_prefix('\'').unwrap_or(shown);
        assert_eq!(shown, rows[number - 1][2], "row {number}");
        read += 1;
    }
    let refused = report["refused"].as_u64().unwrap();
    assert_eq!(refused + read, rows.len() as u64);
    assert_eq!(report["findings_total"]["not-shown"], refused);
    assert!(read > 80 && refused > 80, "{read} read, {refused} refused");
}

#[test]
fn a_plan_from_a_workbook_binds_the_file_and_goes_out() {
    for name in ["people.xlsx", "people.ods"] {
        let incident = incident(name, &made(name), "[list]\nexpected_rows = 8\n");
        incident.run("notify", &["--dry-run"]).exits(0);
        let digest = forthwith_core::digest::Digest::of(&made(name));
        assert!(incident.read("out/packet/manifest.txt").contains(&digest.to_string()), "{name}");
        let run = incident.json("notify", &["--relay", "inbox"]).exits(0).json();
        assert_eq!(run["states"]["accepted"], 8);
        incident.run("preview", &["--row", "2", "--as", "text"]).exits(0).says(&["Hello 山田太郎,"]);
        incident.run("explain", &["00003"]).exits(0).says(&["=not a formula"]);
    }
}

#[test]
fn what_a_cell_shows_is_read_or_its_row_is_refused() {
    let v = |attributes: &str, value: &str| format!("<c {attributes}><v>{value}</v></c>");
    for (cell, expected) in [
        (v("t=\"s\"", "0"), Ok("Ada")),
        (v("t=\"s\"", "1"), Ok("Bo Cy")),
        (v("", "7"), Ok("7")),
        (v("s=\"1\"", "7"), Ok("00007")),
        (v("t=\"str\"", "worked out"), Ok("worked out")),
        ("<c t=\"inlineStr\"><is><t>a_x0041_&#233;&lt;</t></is></c>".to_owned(), Ok("aAé<")),
        ("<c s=\"1\"/>".to_owned(), Ok("")),
        ("<c t=\"str\"><f>A1</f><v></v></c>".to_owned(), Ok("")),
        (v("t=\"e\"", "#N/A"), Err("sheet-error")),
        (v("t=\"b\"", "1"), Err("not-shown")),
        (v("", "1.5"), Err("not-shown")),
        (v("", "123456789012"), Err("not-shown")),
        (v("s=\"2\"", "43831"), Err("not-shown")),
        (v("s=\"3\"", "7"), Err("not-shown")),
        (v("s=\"4\" t=\"s\"", "0"), Err("not-shown")),
        (v("t=\"d\"", "2020-01-01"), Err("not-shown")),
        ("<c><f>1+1</f></c>".to_owned(), Err("not-calculated")),
        ("<c><f>1+1</f><v></v></c>".to_owned(), Err("not-calculated")),
    ] {
        let incident =
            incident("l.xlsx", &xlsx(&[("People", &rows(&["<c t=\"s\"><v>0</v></c>", &cell]))]), LETTERS);
        let (run, lines) = letters(&incident);
        let report = run.json();
        match expected {
            Ok(shown) => {
                assert_eq!(lines[1], format!("p2@people.example,yes,{shown},2,3,needs-letter,letter"), "{cell}");
            }
            Err(code) => assert_eq!((findings(&report), lines.len()), (vec![(code, 3)], 1), "{cell}"),
        }
    }
}

#[test]
fn what_is_hidden_or_merged_refuses() {
    let plain = rows(&["<c t=\"s\"><v>0</v></c>", "<c t=\"s\"><v>1</v></c>"]);
    let hide = |what: &str| plain.replacen("<row><c", &format!("<row {what}><c"), 1);
    for (body, expected) in [
        (hide("hidden=\"1\""), vec![("hidden-row", 2)]),
        (hide("ht=\"0\" customHeight=\"1\""), vec![("hidden-row", 2)]),
        (format!("<sheetFormatPr zeroHeight=\"1\"/>{plain}"), vec![("hidden-row", 1)]),
        (format!("<cols><col min=\"2\" max=\"3\" hidden=\"1\"/></cols>{plain}"), vec![("hidden-column", 1); 2]),
        (format!("<cols><col min=\"1\" max=\"1\" width=\"0\"/></cols>{plain}"), vec![("hidden-column", 1)]),
        (format!("<cols><col min=\"9\" max=\"16384\" hidden=\"1\"/></cols>{plain}"), vec![]),
        (format!("{plain}<mergeCells><mergeCell ref=\"C2:C3\"/></mergeCells>"), vec![("merged-cells", 2)]),
        (format!("{plain}<mergeCells><mergeCell ref=\"K2:L3\"/></mergeCells>"), vec![]),
        (plain.replacen("</row></sheetData>", "<c t=\"s\"><v>0</v></c></row></sheetData>", 1), vec![("cells", 3)]),
        (plain.replacen("<row r=\"1\">", "<row r=\"1\" hidden=\"true\">", 1), vec![("hidden-row", 1)]),
    ] {
        let incident = incident("l.xlsx", &xlsx(&[("People", &body)]), "");
        let code = if expected.is_empty() { 0 } else { 3 };
        let run = incident.json("check", &[]);
        assert_eq!((findings(&run.json()), run.code()), (expected, code), "{body}");
    }
}

#[test]
fn the_sheet_is_named_where_there_are_several() {
    let (people, other) = (rows(&["<c t=\"s\"><v>0</v></c>"]), "<sheetData/>");
    let octets = xlsx(&[("Notes", other), ("The \\ people", &people)]);
    let incident = incident("l.xlsx", &octets, "");
    let report = incident.json("check", &[]).exits(3).json();
    let found = finding(&report, "several-sheets");
    assert!(found["message"].as_str().unwrap().contains("\"Notes\", \"The \\ people\""), "{found}");
    incident.write("affected.toml", "[list]\nsheet = \"The \\\\ people\"\n");
    assert_eq!(incident.json("check", &[]).exits(0).json()["planned"], 1);
    for (settings, code) in [
        ("sheet = \"People\"", "no-sheet"),
        ("sheet = \"Notes\"", "empty-list"),
        ("sheet = \"Notes\"\nencoding = \"utf-8\"", "no-text"),
        ("sheet = \"\"", "empty-value"),
    ] {
        incident.write("affected.toml", format!("[list]\n{settings}\n"));
        let report = incident.json("check", &[]).exits(3).json();
        assert!(report["findings_total"].get(code).is_some(), "{settings}: {report}");
    }
    let incident = Incident::with_list("email\na@people.example\n");
    incident.write("affected.toml", "[list]\nsheet = \"People\"\n");
    finding(&incident.json("check", &[]).exits(3).json(), "no-workbook");
}

#[test]
fn lines_above_the_header_are_asked_for() {
    let body = rows(&["<c t=\"s\"><v>0</v></c>"]).replacen(
        "<row r=\"1\">",
        "<row r=\"3\"><c t=\"s\"><v>1</v></c></row><row r=\"5\">",
        1,
    );
    let incident = incident("l.xlsx", &xlsx(&[("People", &body)]), "");
    let report = incident.json("check", &[]).exits(3).json();
    assert!(finding(&report, "header-not-first")["hint"].as_str().unwrap().contains("header_line = 5"));
    incident.write("affected.toml", "[list]\nheader_line = 5\n");
    assert_eq!(incident.json("check", &[]).exits(0).json()["planned"], 1);
}

#[test]
fn what_is_no_whole_workbook_is_an_error_and_no_shorter_list() {
    let whole = made("people.xlsx");
    let sheet = |text: &str| zipped(&[("content.xml", text)]);
    let deep = "<a>".repeat(100);
    let long = format!("<t>{}</t>", "x".repeat(3 << 20));
    for (octets, says) in [
        (whole[..whole.len() - 30].to_vec(), "cannot read"),
        (zipped(&[("a.txt", "x")]), "no workbook"),
        (zipped(&[("[Content_Types].xml", "<Types/>")]), "has no part"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "locked with a password"),
        (sheet("<a><b></a>"), "no XML"),
        (sheet("<a>"), "too early"),
        (sheet("<a>&lol;</a>"), "reference"),
        (sheet("<!DOCTYPE a [<!ENTITY b \"c\">]><a/>"), "document type"),
        (sheet(&deep), "too deep"),
        (sheet(&long), "octets"),
        (xlsx(&[("P", &rows(&["<c t=\"s\"><v>9</v></c>"]))]), "a text that is not there"),
        (xlsx(&[("P", &rows(&["<c s=\"9\"><v>9</v></c>"]))]), "a style that is not there"),
        (xlsx(&[("P", &rows(&["<c r=\"A1\"><v>9</v></c>"]))]), "not in order"),
    ] {
        let incident = incident("l.xlsx", &octets, "");
        incident.run("check", &[]).exits(1).warns(&["cannot read", says]);
    }
    // One octet of a sheet is another: the sum of the ZIP finds it.
    let whole = xlsx(&[("P", &rows(&["<c t=\"s\"><v>0</v></c>"]))]);
    let at = whole.windows(6).position(|octets| octets == b"people").unwrap();
    let mut spoilt = whole;
    spoilt[at] = b'q';
    incident("l.xlsx", &spoilt, "").run("check", &[]).exits(1).warns(&["not whole"]);
}

/// Returns an Open Document workbook of one person who must get a letter: `cell` is the last of three.
fn ods(columns: &str, row: &str, cell: &str) -> Vec<u8> {
    let text = |text: &str| format!("<t:table-cell office:value-type=\"string\"><x:p>{text}</x:p></t:table-cell>");
    let header: String = ["email", "letter", "note"].map(text).concat();
    let first = [text("p@people.example"), text("yes")].concat();
    let body = format!(
        "<o><t:table t:name=\"P\">{columns}<t:table-row>{header}</t:table-row><t:table-row {row}>{first}{cell}\
         </t:table-row><t:table-row t:number-rows-repeated=\"1048574\"><t:table-cell \
         t:number-columns-repeated=\"16384\"/></t:table-row></t:table></o>"
    );
    zipped(&[("content.xml", &body)])
}

#[test]
fn an_open_document_sheet_says_what_it_shows() {
    for (columns, row, cell, expected) in [
        (
            "",
            "",
            "<t:table-cell><x:p><x:s/>a b<x:s x:c=\"2\"/>c <x:span>e</x:span> </x:p></t:table-cell>",
            Ok(" a b  c e "),
        ),
        ("", "", "<t:table-cell><x:p>a</x:p><x:p/><x:p>b </x:p></t:table-cell>", Ok("\"a\n\nb \"")),
        // What LibreOffice shows otherwise than the standard says.
        ("", "", "<t:table-cell><x:p> a</x:p></t:table-cell>", Err("not-shown")),
        ("", "", "<t:table-cell><x:p>a</x:p><x:p> b</x:p></t:table-cell>", Err("not-shown")),
        ("", "", "<t:table-cell><x:p>a  b</x:p></t:table-cell>", Err("not-shown")),
        ("", "", "<t:table-cell><x:p>a <x:span> b</x:span></x:p></t:table-cell>", Err("not-shown")),
        ("", "", "<t:table-cell><x:p>a\nb</x:p></t:table-cell>", Err("not-shown")),
        ("", "", "<t:table-cell><x:p>a<x:tab/>b</x:p></t:table-cell>", Err("not-shown")),
        ("", "", "<t:table-cell><x:p>a<x:line-break/>b</x:p></t:table-cell>", Err("not-shown")),
        (
            "",
            "",
            "<t:table-cell office:value-type=\"float\" office:value=\"1.5\"><x:p>1,50 €</x:p></t:table-cell>",
            Ok("\"1,50 €\""),
        ),
        (
            "",
            "",
            "<t:table-cell><office:annotation><x:p>a note</x:p></office:annotation><x:p>Ada</x:p></t:table-cell>",
            Ok("Ada"),
        ),
        ("", "", "<t:table-cell t:number-columns-repeated=\"9\"/>", Ok("")),
        (
            "",
            "",
            "<t:table-cell><x:p><x:ruby><x:ruby-base>山</x:ruby-base><x:ruby-text>やま</x:ruby-text></x:ruby></x:p></t:table-cell>",
            Ok("山"),
        ),
        ("", "", "<t:table-cell office:value-type=\"float\" office:value=\"1.5\"/>", Err("not-shown")),
        ("", "", "<t:table-cell><x:p><x:date>1</x:date></x:p></t:table-cell>", Err("not-shown")),
        (
            "",
            "",
            "<t:table-cell t:formula=\"of:=NA()\" office:value-type=\"string\" c:value-type=\"error\"><x:p>#N/A</x:p></t:table-cell>",
            Err("sheet-error"),
        ),
        ("", "", "<t:table-cell t:formula=\"of:=1+1\"/>", Err("not-calculated")),
        ("", "t:visibility=\"filter\"", "", Err("hidden-row")),
        ("", "t:visibility=\"collapse\"", "", Err("hidden-row")),
        ("", "", "<t:table-cell t:number-rows-spanned=\"2\"><x:p>Ada</x:p></t:table-cell>", Err("merged-cells")),
        ("<t:table-column/><t:table-column t:visibility=\"collapse\"/>", "", "", Err("hidden-column")),
        ("", "", "<t:table-cell t:number-columns-repeated=\"2\"><x:p>Ada</x:p></t:table-cell>", Err("cells")),
    ] {
        let incident = incident("l.ods", &ods(columns, row, cell), LETTERS);
        let (run, lines) = letters(&incident);
        let report = run.json();
        match expected {
            Ok(shown) => {
                assert_eq!(lines[0], format!("p@people.example,yes,{shown},1,2,needs-letter,letter"), "{cell}");
            }
            Err(code) => {
                let found: Vec<_> = findings(&report).into_iter().map(|(code, _)| code).collect();
                assert_eq!(found, [code], "{columns} {row} {cell}");
            }
        }
    }
}

#[test]
fn a_row_that_stands_there_three_times_is_three_rows() {
    let incident = incident("l.ods", &ods("", "t:number-rows-repeated=\"3\"", ""), LETTERS);
    let (_, lines) = letters(&incident);
    let places: Vec<_> = lines.iter().map(|line| line.split(',').skip(3).take(2).collect::<Vec<_>>()).collect();
    assert_eq!(places, [["1", "2"], ["2", "3"], ["3", "4"]]);
}
