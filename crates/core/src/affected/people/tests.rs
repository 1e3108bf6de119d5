//! Lists and the fates of their rows.

use super::*;
use crate::{
    affected::{Delimiter, Form, Supplied},
    digest::hex,
};

fn categories() -> Vec<Category> {
    ["email", "phone"]
        .map(|id| Category { id: id.to_owned(), words: BTreeMap::new(), consequence: BTreeMap::new() })
        .to_vec()
}

/// Reads `text`; returns a word a row (`planned`, a reason, `refused`) and the tally. It is read twice: once with every
/// row remembered, and once with the suspects alone, which must come to the same.
fn read_with(text: &str, settings: &ListSettings, read_columns: &[&str]) -> (Vec<String>, Tally) {
    let categories = categories();
    let read_columns = read_columns.iter().map(|name| (*name).to_owned()).collect();
    let context = |known| Context {
        file: "l.csv",
        settings,
        categories: Some(&categories),
        languages: None,
        read_columns: &read_columns,
        known,
        duties: None,
    };
    let known = Known::default();
    let suspects = Suspects::find(context(&known), Supplied::new(text.as_bytes()));
    let (fates, tally) = read_in(context(&known), text);
    let known = Known { suspects: Some(suspects.unwrap()), ..Known::default() };
    let (again, with_suspects) = read_in(context(&known), text);
    assert_eq!((&again, &with_suspects.findings), (&fates, &tally.findings), "{text}");
    // Nor does it matter where the list is cut.
    let (_, _, remarkable) = read_remarkable(context(&known), text, 40);
    assert_eq!((&remarkable.findings, &remarkable.counts), (&tally.findings, &tally.counts), "{text}");
    assert_eq!(known.suspects.map(|(_, digest)| digest), Some(tally.digest));
    (fates, tally)
}

fn read_in(context: Context<'_>, text: &str) -> (Vec<String>, Tally) {
    let mut people = People::new(context, Supplied::new(text.as_bytes())).unwrap();
    if context.known.suspects.is_some() {
        people.parts().0.cut_at(1);
    }
    let mut fates = Vec::new();
    while let Some(row) = people.read().unwrap() {
        fates.push(match row.fate {
            Fated::Planned(_) => "planned".to_owned(),
            Fated::Withheld { reason, .. } => reason.reason().to_owned(),
            Fated::Refused => "refused".to_owned(),
        });
    }
    let tally = people.finish().unwrap();
    assert_eq!(
        tally.counts.rows,
        tally.counts.planned + tally.counts.withheld.values().sum::<u64>() + tally.counts.refused
    );
    (fates, tally)
}

proptest::proptest! {
    #[test]
    fn only_suspects_need_be_remembered(
        rows in proptest::collection::vec("[12]?,[aA]\\.?[bB]?@(x|X|bü)\\.de,[PQ]?", 1..30),
        which in 0_usize..3,
    ) {
        let toml = ["", "[people]\nshared_address = \"first-only\"\n", "[people]\nperson_addresses = \"first\"\n"][which];
        let (settings, _) = super::super::read_settings("affected.toml", toml.as_bytes());
        read_with(&format!("id,email,name\n{}\n", rows.join("\n")), &settings.unwrap(), &[]);
    }
}

/// Reads a list as the command does: rows that nobody looks at are only counted. Returns the fates of the others, with
/// what was found in each, and how many are alike.
fn read_remarkable(
    context: Context<'_>,
    text: &str,
    stretch_octets: usize,
) -> (Vec<(Row, Vec<Finding>)>, u64, Tally) {
    let mut people = People::new(context, Supplied::new(text.as_bytes())).unwrap();
    let (list, judge, settling) = people.parts();
    list.cut_at(stretch_octets);
    let (mut rows, mut alike) = (Vec::new(), 0);
    while let Some(stretch) = list.next_stretch().unwrap() {
        let judged = judge.judge(stretch, Wanted::Remarkable);
        settling.count(&judged);
        alike += judged.alike.iter().map(|alike| alike.count).sum::<u64>();
        rows.extend(
            judged
                .rows
                .into_iter()
                .map(|row| settling.settle(judge, row))
                .map(|as_read| (as_read.row, as_read.found)),
        );
    }
    (rows, alike, people.finish().unwrap())
}

#[test]
fn rows_that_nobody_looks_at_are_counted() {
    let text = "id,email,name\n1,a@b.example,Ada\n2,c@b.example,Bo\n2,c@b.example,Bo\n3,broken,Cy\n4,d@gmial.com,Di\n5,e@b.example,Ed\n";
    let (settings, read_columns) = (ListSettings::default(), BTreeSet::new());
    let context = |known| Context {
        file: "l.csv",
        settings: &settings,
        categories: None,
        languages: None,
        read_columns: &read_columns,
        known,
        duties: None,
    };
    let none = Known::default();
    let suspects = Suspects::find(context(&none), Supplied::new(text.as_bytes())).unwrap();
    let known = Known { suspects: Some(suspects), ..Known::default() };
    let (rows, alike, tally) = read_remarkable(context(&known), text, 1_000);
    let found: Vec<_> = rows.iter().map(|(row, found)| (row.row, row.line, found.len())).collect();
    // The first has a new domain, the second and third have one person, the next two have findings.
    assert_eq!((found, alike), (vec![(1, 2, 0), (2, 3, 0), (3, 4, 0), (4, 5, 1), (5, 6, 1)], 1));
    let (fates, every) = read_in(context(&known), text);
    assert_eq!(fates, ["planned", "planned", "duplicate", "refused", "planned", "planned"]);
    assert_eq!((tally.counts, tally.findings), (every.counts, every.findings));
}

fn read(text: &str) -> (Vec<String>, Tally) {
    read_with(text, &ListSettings::default(), &[])
}

fn codes(tally: &Tally) -> Vec<&'static str> {
    tally.findings.iter().map(|f| f.code).filter(|code| *code != "no-control-total").collect()
}

#[test]
fn each_row_has_one_fate() {
    let (fates, tally) = read(
        "id,email,name\n1,a@b.example,Ada\n2,,Bo\n3,jürgen@b.example,Jürgen\n1,a@b.example,Ada\n4,nobody,Cy\n5,c@d.example\n",
    );
    assert_eq!(fates, ["planned", "no-address", "needs-smtputf8", "duplicate", "refused", "refused"]);
    assert_eq!(codes(&tally), ["address-syntax", "cells"]);
    assert_eq!(tally.findings[0].place.row, Some(5));
    assert_eq!(tally.findings[0].place.line, Some(6));
    assert_eq!(tally.findings[0].place.column.as_deref(), Some("email"));
    assert!(tally.findings[0].hint.as_ref().unwrap().contains("fingerprint"));
}

#[test]
fn several_slips_in_one_row_are_all_found() {
    let (fates, tally) =
        read("email,name,country,region,language,data\nx,\"A\r\nBcc: e\",UK,California,english,fax\n");
    assert_eq!(fates, ["refused"]);
    assert_eq!(
        codes(&tally),
        [
            "control-character",
            "country-unknown",
            "region-unknown",
            "language-unknown",
            "data-unknown",
            "address-syntax"
        ]
    );
}

#[test]
fn names_with_controls_are_refused_and_joiners_stay() {
    for (name, expected) in [
        ("Bob\u{0}", "refused"),
        ("Bob\u{85}", "refused"),
        ("Bob\u{2028}", "refused"),
        ("Bob\u{202e}", "refused"),
        ("J\u{fffd}rgen", "refused"),
        ("علی\u{200c}رضا", "planned"),
        ("O\u{2019}Hara 👩\u{200d}🔬", "planned"),
    ] {
        let (fates, _) = read(&format!("email,name\na@b.example,{name}\n"));
        assert_eq!(fates, [expected], "{name:?}");
    }
}

#[test]
fn the_meant_address_is_shown_and_not_used() {
    for cell in ["Ada <a@b.example>", " a@b.example", "a@b.example.", "mailto:a@b.example", "\"a@b.example,\""] {
        let (fates, tally) = read(&format!("email,name\n{cell},Ada\n"));
        assert_eq!(fates, ["refused"], "{cell}");
        assert!(tally.findings[0].hint.as_ref().unwrap().starts_with("is \"a@b.example\" meant?"), "{cell}");
    }
    let two = [
        "a@b.example;c@d.example",
        "\"a@b.example, c@d.example\"",
        "a@b.example c@d.example",
        "A <a@b.example>; C <c@d.example>",
    ];
    for cell in two {
        let (_, tally) = read(&format!("email\n{cell}\n"));
        let hint = tally.findings[0].hint.as_ref().unwrap();
        assert!(hint.starts_with("is \"a@b.example\" or \"c@d.example\" meant?"), "{cell}: {hint}");
    }
    for cell in ["a@b.example;nobody", "a b", "Ada", "<a@b.example>;"] {
        let (_, tally) = read(&format!("email\n{cell}\n"));
        let hint = tally.findings[0].hint.as_ref().unwrap();
        assert!(!hint.contains(" or \""), "{cell}: {hint}");
    }
}

#[test]
fn repeated_rows() {
    for (rows, expected) in [
        ("1,a@b.example,Ada,x\n1,a@B.EXAMPLE,Ada,x\n", ["planned", "duplicate"]),
        ("1,a@b.example,Ada,x\n1,a@b.example,Ada,y\n", ["planned", "duplicate"]),
        ("1,a@b.example,Ada,x\n1,a@b.example,Ida,x\n", ["planned", "refused"]),
        ("1,a@b.example,Ada,x\n2,a@b.example,Ada,x\n", ["planned", "refused"]),
        ("1,a@b.example,Ada,x\n1,c@b.example,Ada,x\n", ["planned", "refused"]),
        ("1,a@b.example,Ada,x\n2,A@b.example,Ada,x\n", ["planned", "refused"]),
        ("1,a@b.example,Ada,x\n1,A@b.example,Ada,x\n", ["planned", "refused"]),
        (",a@b.example,Ada,x\n,a@b.example,Ada,x\n", ["planned", "duplicate"]),
        (",a@b.example,Ada,x\n,c@b.example,Ada,x\n", ["planned", "planned"]),
    ] {
        assert_eq!(read(&format!("id,email,name,source\n{rows}")).0, expected, "{rows}");
    }
    let (fates, tally) =
        read_with("id,email,source\n1,a@b.example,x\n1,a@b.example,y\n", &ListSettings::default(), &["source"]);
    assert_eq!((fates[1].as_str(), codes(&tally)), ("refused", vec!["conflicting-rows"]));
}

#[test]
fn rows_of_one_person_that_differ_in_what_notice_or_law_reads_are_refused() {
    const COLUMNS: [&str; 8] = ["id", "email", "name", "country", "region", "language", "consent", "note"];
    let first = ["1", "a@b.example", "Ada", "US", "CA", "en", "esign", "x"];
    let all = "[people]\nsame_person = \"union-data\"\nshared_address = \"one-notice-each\"\nperson_addresses = \"all\"\n";
    let (settings, _) = super::super::read_settings("affected.toml", all.as_bytes());
    let settings = settings.unwrap();
    for (column, other) in [
        ("name", "Ida"),
        ("country", "GB"),
        ("region", "NY"),
        ("language", "de"),
        ("consent", "ny_express"),
        ("note", "y"),
    ] {
        let mut second = first;
        second[COLUMNS.iter().position(|name| *name == column).unwrap()] = other;
        let list = [COLUMNS, first, second].map(|row| row.join(",")).join("\n");
        let (fates, tally) = read_with(&list, &settings, &["note"]);
        assert_eq!((fates[1].as_str(), codes(&tally)), ("refused", vec!["conflicting-rows"]), "{column}");
        let (fates, _) = read_with(&list, &settings, &[]);
        assert_eq!(fates[1], if column == "note" { "duplicate" } else { "refused" }, "{column}");
    }
}

#[test]
fn a_region_that_its_country_does_not_have_is_refused() {
    for (country, region, expected) in [
        ("US", "CA", "planned"),
        ("US", "pr", "planned"),
        ("US", "CF", "refused"),
        ("US", "QC", "refused"),
        ("CA", "QC", "planned"),
        ("CA", "NY", "refused"),
        ("DE", "BY", "planned"),
        ("DE", "Bayern", "refused"),
    ] {
        let (fates, tally) = read(&format!("email,country,region\na@b.example,{country},{region}\n"));
        let code = if expected == "refused" { vec!["region-unknown"] } else { Vec::new() };
        assert_eq!((fates[0].as_str(), codes(&tally)), (expected, code), "{country} {region}");
    }
    let (_, tally) = read("email,country,region\na@b.example,US,Califronia\nb@b.example,CA,California\n");
    let hints: Vec<_> = tally.findings.iter().filter_map(|f| f.hint.as_deref()).collect();
    assert!(hints[0].starts_with("is `CA` meant?") && !hints[1].contains("meant?"), "{hints:?}");
}

#[test]
fn space_around_a_name_and_the_case_of_a_code_do_not_count_and_other_cells_are_as_they_were_written() {
    let settings = ListSettings::default();
    let (columns, known) = (BTreeSet::new(), Known::default());
    let context = Context {
        file: "l.csv",
        settings: &settings,
        categories: None,
        languages: None,
        read_columns: &columns,
        known: &known,
        duties: None,
    };
    let text = "id,email,name,country,region,note\n 7 ,a@b.example, Ada  L. , us,ca , x \n";
    let mut people = People::new(context, Supplied::new(text.as_bytes())).unwrap();
    let Fated::Planned(ada) = people.read().unwrap().unwrap().fate else { panic!("she is planned") };
    assert_eq!((ada.name.expose().as_str(), ada.residence.code().as_str()), ("Ada  L.", "US-CA"));
    let note = ada.columns.iter().find(|(name, _)| *name == "note").map(|(_, cell)| cell.expose().as_str());
    assert_eq!((ada.id.expose().as_str(), note), (" 7 ", Some(" x ")));
}

#[test]
fn an_unknown_category_is_refused_with_the_nearest_one_and_words_of_the_list_may_stand_for_it() {
    let list = "email,data\na@b.example,emial\nb@b.example,SSN\n";
    let (fates, tally) = read(list);
    assert_eq!(fates, ["refused"; 2]);
    let hints: Vec<_> =
        tally.findings.iter().filter(|f| f.code == "data-unknown").map(|f| f.hint.as_deref()).collect();
    assert!(hints[0].unwrap().starts_with("is `email` meant?"), "{hints:?}");
    assert!(hints[1].unwrap().starts_with("incident.toml lists the categories"), "{hints:?}");
    let (fates, _) = read_toml(list, "[values.data]\nssn = \"phone\"\nEMIAL = \"email\"\n");
    assert_eq!(fates, ["planned"; 2]);
}

/// Reads a list with an affected.toml of this text.
fn read_toml(list: &str, toml: &str) -> (Vec<String>, Tally) {
    let (settings, findings) = super::super::read_settings("affected.toml", toml.as_bytes());
    assert_eq!(findings, [], "{toml}");
    read_with(list, &settings.unwrap(), &[])
}

#[test]
fn decisions_about_repeats() {
    let (each, only) = ("shared_address = \"one-notice-each\"", "shared_address = \"first-only\"");
    let (all, first) = ("person_addresses = \"all\"", "person_addresses = \"first\"");
    for (rows, decision, expected) in [
        ("1,a@b.example,Ada\n2,a@b.example,Ida", each, "planned"),
        ("1,a@b.example,Ada\n2,a@b.example,Ida", only, "duplicate"),
        ("1,a@b.example,Ada\n2,A@b.example,Ida", each, "planned"),
        ("1,a@b.example,Ada\n2,A@b.example,Ida", only, "duplicate"),
        ("1,a@b.example,Ada\n1,A@b.example,Ada", each, "planned"),
        ("1,a@b.example,Ada\n2,a@b.example,Ida", all, "refused"),
        ("1,a@b.example,Ada\n1,c@b.example,Ada", all, "planned"),
        ("1,a@b.example,Ada\n1,c@b.example,Ada", first, "duplicate"),
        ("1,a@b.example,Ada\n1,c@b.example,Ada", each, "refused"),
        ("1,a@b.example,Ada\n2,a@b.example,Ida\n2,a@b.example,Ida", each, "duplicate"),
        ("1,a@b.example,Ada\n2,a@b.example,Ida\n2,a@b.example,Ina", each, "refused"),
        ("1,a@b.example,Ada\n1,c@b.example,Ada\n1,c@b.example,Ada", all, "duplicate"),
    ] {
        let (fates, _) = read_toml(&format!("id,email,name\n{rows}\n"), &format!("[people]\n{decision}\n"));
        assert_eq!(fates.last().unwrap(), expected, "{rows} {decision}");
    }
}

/// Reads a list twice, as is needed to put data together: the data of each planned row, else its note, and the tally.
fn read_united(list: &str, toml: &str) -> (Vec<String>, Tally) {
    let (settings, findings) = super::super::read_settings("affected.toml", toml.as_bytes());
    assert_eq!(findings, [], "{toml}");
    let (settings, categories, read_columns) = (settings.unwrap(), categories(), BTreeSet::new());
    let read = |known: &Known| {
        let context = Context {
            file: "l.csv",
            settings: &settings,
            categories: Some(&categories),
            languages: None,
            read_columns: &read_columns,
            known,
            duties: None,
        };
        let mut people = People::new(context, Supplied::new(list.as_bytes())).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = people.read().unwrap() {
            rows.push(match row.fate {
                Fated::Planned(recipient) => recipient.data.join(";"),
                Fated::Withheld { note, .. } => note,
                Fated::Refused => "refused".to_owned(),
            });
        }
        (rows, people.finish().unwrap())
    };
    let (_, tally) = read(&Known::default());
    read(&Known { unions: Some((tally.unions, tally.digest)), ..Known::default() })
}

#[test]
fn the_data_of_one_person_is_put_together_by_decision() {
    let list = "id,email,name,data\n1,a@b.example,Ada,phone\n2,c@b.example,Bo,phone\n1,a@b.example,Ada,email\n\
                1,a@b.example,Ada,phone\n";
    let (fates, tally) = read(list);
    assert_eq!((fates[2].as_str(), codes(&tally)), ("refused", vec!["conflicting-rows"]));
    assert!(tally.findings[0].hint.as_ref().unwrap().contains("same_person = \"union-data\""), "{tally:?}");
    let toml = "[people]\nsame_person = \"union-data\"\n";
    let (rows, tally) = read_united(list, toml);
    let same = "merged into row 1: the same person at the same address";
    let with_data = format!("{same}, with other data, which its notice names too");
    assert_eq!(rows, ["email;phone", "phone", with_data.as_str(), same]);
    assert_eq!((tally.counts.planned, tally.united, tally.is_refused()), (2, 1, false));
    let other_name = list.replace("Ada,email", "Ida,email");
    let (rows, tally) = read_united(&other_name, toml);
    assert_eq!(
        (rows[2].as_str(), codes(&tally)),
        ("refused", vec!["conflicting-rows"]),
        "only data are put together"
    );
    assert!(!tally.findings[0].hint.as_ref().unwrap().contains("same_person"));
}

#[test]
fn what_the_first_address_of_a_person_stands_for_is_not_lost() {
    let list = "id,email,data\n1,a@b.example,phone\n1,c@b.example,email\n";
    let first = "[people]\nperson_addresses = \"first\"\n";
    let (fates, tally) = read_toml(list, first);
    assert_eq!((fates[1].as_str(), codes(&tally)), ("refused", vec!["conflicting-rows"]));
    let (rows, _) = read_united(list, &format!("{first}same_person = \"union-data\"\n"));
    assert_eq!(rows[0], "email;phone");
    assert!(rows[1].starts_with("merged into row 1: the same person at another address, with other data"));
}

#[test]
fn addresses_that_differ_in_dots_are_noted() {
    let note = |rows: &str| codes(&read(&format!("id,email\n{rows}\n")).1);
    assert_eq!(note("1,a.b@c.example\n2,ab@c.example"), ["near-duplicate"]);
    assert_eq!(note("1,ab@c.example\n2,a.b@c.example"), ["near-duplicate"]);
    assert_eq!(note("1,a.b.c@d.example\n2,ab.c@d.example"), ["near-duplicate"]);
    assert_eq!(note("1,a.b@c.example\n2,ab@d.example"), Vec::<&str>::new());
}

#[test]
fn a_letter_is_due_where_a_column_says_so() {
    let toml = "[people.letter]\ndeceased = [\"Yes\"]\n\"no consent\" = [\"x\"]\n";
    let list = "id,email,Deceased,No consent\n1,a@b.example,yes ,\n2,c@d.example,no,X\n3,e@f.example,,\n4,,yes,\n";
    let (fates, tally) = read_toml(list, toml);
    assert_eq!(fates, ["needs-letter", "needs-letter", "planned", "needs-letter"]);
    assert_eq!(tally.counts.withheld["needs-letter"], 3);
    let (settings, _) = super::super::read_settings("affected.toml", toml.as_bytes());
    let (settings, read_columns) = (settings.unwrap(), BTreeSet::new());
    let context = Context {
        file: "l.csv",
        settings: &settings,
        categories: None,
        languages: None,
        read_columns: &read_columns,
        known: &Known::default(),
        duties: None,
    };
    let Err(RowsError::Refused(findings)) = People::new(context, Supplied::new(&b"email,deceased\n"[..])) else {
        panic!("a column that decides about people is missing");
    };
    assert_eq!(findings[0].code, "no-column");
}

#[test]
fn words_of_the_list_mean_what_affected_toml_says() {
    let toml = "[values.country]\nGermany = \"DE\"\n\n[values.data]\n\"E-Mail\" = \"email\"\n";
    let list = "email,country,data\na@b.example,germany,e-mail;phone\nc@d.example,Germania,email\n";
    let (fates, tally) = read_toml(list, toml);
    assert_eq!(fates, ["planned", "refused"]);
    assert_eq!(codes(&tally), ["country-unknown"]);
    assert!(tally.findings[0].hint.as_ref().unwrap().contains("[values.country] \"Germania\" = "), "{tally:?}");
}

#[test]
fn rows_are_left_out_by_code_with_their_count() {
    let list = "id,email,country\n1,nobody,DE\n2,a@b.example,DE\n3,broken,Atlantis\n4,@,DE\n5,x";
    let line =
        |code: &str, count: u64| format!("{{ code = \"{code}\", count = {count}, reason = \"bad export\" }}");
    let toml = |lines: &[String]| format!("leave_out = [{}]\n", lines.join(", "));
    let (fates, tally) = read_toml(list, &toml(&[line("address-syntax", 2)]));
    assert_eq!(fates, ["left-out", "planned", "refused", "left-out", "refused"]);
    assert_eq!(codes(&tally), ["country-unknown", "address-syntax", "cells"], "what is left out is not refused");
    let (fates, tally) =
        read_toml(list, &toml(&[line("address-syntax", 2), line("country-unknown", 1), line("cells", 1)]));
    assert_eq!((fates[2].as_str(), fates[4].as_str(), tally.is_refused()), ("left-out", "left-out", false));
    let (_, tally) = read_toml(list, &toml(&[line("address-syntax", 3)]));
    assert!(codes(&tally).contains(&"leave-out-count"), "another count is refused");
    let (_, tally) = read_toml("email\n\"x\n", &toml(&[line("unclosed-quote", 1)]));
    assert_eq!(codes(&tally), ["unclosed-quote", "leave-out-count"], "a quote may hold many people");
}

#[test]
fn leaving_out_by_id_and_by_row() {
    let list = "id,email\nC17,a@b.example\nC18,broken\n";
    let toml = "leave_out = [{ id = \"C17\", reason = \"is told by letter\" }, \
        { row = 2, fingerprint = \"FP\", reason = \"cannot be written to\" }]\n";
    let fingerprint = hex(&Digest::of(b"C18,broken").as_bytes()[..4]);
    let settings = |fingerprint: &str| {
        super::super::read_settings("affected.toml", toml.replace("FP", fingerprint).as_bytes()).0.unwrap()
    };
    let (fates, tally) = read_with(list, &settings(&fingerprint), &[]);
    assert_eq!((fates, codes(&tally)), (vec!["left-out".into(), "left-out".into()], vec![]));
    let (fates, tally) = read_with(list, &settings("00000000"), &[]);
    assert_eq!((fates[1].as_str(), codes(&tally)), ("refused", vec!["leave-out-changed"]));
    let (_, tally) = read_with("id,email\nC17,a@b.example\n", &settings(&fingerprint), &[]);
    assert_eq!(codes(&tally), ["leave-out-unused"]);
}

#[test]
fn control_totals() {
    let settings = |rows| ListSettings { expected_rows: Some(rows), ..ListSettings::default() };
    assert_eq!(read_with("email\na@b.example\n", &settings(1), &[]).1.findings, []);
    let (_, tally) = read_with("email\na@b.example\n", &settings(2), &[]);
    assert!(tally.is_refused() && codes(&tally) == ["control-total"]);
    let (_, tally) = read("email\na@b.example\n");
    assert!(!tally.is_refused() && tally.totals["no-control-total"] == 1);
    let (_, tally) = read("email\n");
    assert!(tally.is_refused() && codes(&tally) == ["no-rows"]);
}

#[test]
fn columns_are_mapped_or_missed_with_the_likely_one() {
    let settings = ListSettings {
        columns: BTreeMap::from([("email".to_owned(), "e-mail address".to_owned())]),
        ..ListSettings::default()
    };
    assert_eq!(read_with("E-Mail Address,x\na@b.example,1\n", &settings, &[]).0, ["planned"]);
    let read_columns = BTreeSet::new();
    let settings = ListSettings::default();
    let context = Context {
        file: "l.csv",
        settings: &settings,
        categories: None,
        languages: None,
        read_columns: &read_columns,
        known: &Known::default(),
        duties: None,
    };
    let Err(RowsError::Refused(findings)) = People::new(context, Supplied::new("E-Mail Address\n".as_bytes()))
    else {
        panic!()
    };
    assert_eq!(findings[0].code, "no-email-column");
    assert!(findings[0].hint.as_ref().unwrap().contains("email = \"e-mail address\""));
}

#[test]
fn a_quote_that_swallows_the_rest_is_one_refused_row_at_the_line_of_the_quote() {
    let (fates, tally) = read("email,name\na@b.example,\"Ada\nb@b.example,Bo\nc@b.example,Cy\n");
    assert_eq!(fates, ["refused"]);
    assert!(tally.findings[0].message.contains("line 2"));
}

#[test]
fn a_cell_of_ten_megabytes_is_one_refused_row() {
    let (fates, tally) = read(&format!("email,name\na@b.example,{}\nb@b.example,Bo\n", "x".repeat(10 << 20)));
    assert_eq!((fates, codes(&tally)), (vec!["refused".into(), "planned".into()], vec!["row-too-long"]));
}

#[test]
fn findings_of_one_code_are_kept_up_to_a_limit_and_counted_beyond() {
    let rows = "nobody\n".repeat(1_500);
    let (_, tally) = read(&format!("email\n{rows}"));
    assert_eq!(tally.findings.iter().filter(|f| f.code == "address-syntax").count(), 1_000);
    assert_eq!(tally.totals["address-syntax"], 1_500);
}

#[test]
fn data_is_listed_in_the_order_of_the_incident_and_defaults_to_all() {
    let settings = ListSettings::default();
    let (categories, read_columns) = (categories(), BTreeSet::new());
    let context = Context {
        file: "l",
        settings: &settings,
        categories: Some(&categories),
        languages: None,
        read_columns: &read_columns,
        known: &Known::default(),
        duties: None,
    };
    let mut people = People::new(
        context,
        Supplied::new("email,data\na@b.example,phone; email\nb@b.example,\nc@b.example,phone\n".as_bytes()),
    )
    .unwrap();
    let mut data = Vec::new();
    while let Some(row) = people.read().unwrap() {
        let Fated::Planned(recipient) = row.fate else { panic!() };
        data.push(recipient.data.join(" "));
    }
    assert_eq!(data, ["email phone", "email phone", "phone"]);
}

#[test]
fn a_row_that_swallowed_others_cannot_be_left_out() {
    let list = "email,name\na@b.example,\"Ada\nb@b.example,Bo\nc@b.example,Cy\n";
    let fingerprint = hex(&Digest::of(list.split_once('\n').unwrap().1.as_bytes()).as_bytes()[..4]);
    let toml = format!("leave_out = [{{ row = 1, fingerprint = \"{fingerprint}\", reason = \"x\" }}]\n");
    let settings = super::super::read_settings("affected.toml", toml.as_bytes()).0.unwrap();
    let (fates, tally) = read_with(list, &settings, &[]);
    assert_eq!((fates, codes(&tally)), (vec!["refused".to_owned()], vec!["unclosed-quote"]));
    assert!(!tally.findings[0].hint.as_ref().unwrap().contains("leave_out"));
}

/// A finding's code, line and hint.
type FoundIt = (&'static str, Option<u64>, String);

/// Reads a list of this form: the fate of each row, and what was found.
fn read_form(octets: &[u8], form: Form) -> (Vec<String>, Vec<FoundIt>) {
    let settings = ListSettings { form, expected_rows: None, ..ListSettings::default() };
    let told = |finding: Finding| (finding.code, finding.place.line, finding.hint.unwrap_or_default());
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
        Err(RowsError::Refused(findings)) => return (Vec::new(), findings.into_iter().map(told).collect()),
        Err(error) => panic!("{error}"),
    };
    let mut fates = Vec::new();
    while let Some(row) = people.read().unwrap() {
        fates.push(match row.fate {
            Fated::Planned(recipient) => recipient.name.expose().clone(),
            Fated::Withheld { reason, .. } => reason.reason().to_owned(),
            Fated::Refused => "refused".to_owned(),
        });
    }
    let findings = people.finish().unwrap().findings.into_iter().filter(|f| f.code != "no-control-total");
    (fates, findings.map(told).collect())
}

#[test]
fn a_list_reads_alike_in_every_form() {
    let list = "id;email;name\r\n1;a@b.example;Jürgen, der\r\n2;c@d.example;\"Łu;kasz\"\r\n";
    let names = vec!["Jürgen, der".to_owned(), "Łu;kasz".to_owned()];
    let utf_16: Vec<u8> = list.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let windows_1250 = encoding_rs::WINDOWS_1250.encode(list).0.into_owned();
    let declared = Form { encoding: Some(encoding_rs::WINDOWS_1250), ..Form::default() };
    for (octets, form) in [
        (list.as_bytes(), Form::default()),
        (&utf_16, Form::default()),
        (&windows_1250, declared),
        (list.replace(';', "\t").replace("\"Łu\tkasz\"", "Łu;kasz").as_bytes(), Form::default()),
        (["People of October", "", list].join("\r\n").as_bytes(), Form { header_line: Some(3), ..Form::default() }),
    ] {
        assert_eq!(read_form(octets, form), (names.clone(), Vec::new()));
    }
}

#[test]
fn an_undeclared_encoding_is_named_and_never_used() {
    let list = "id,email,name\n1,a@b.example,Ada\n2,c@d.example,Jürgen Müller\n3,e@f.example,Köln Straße\n";
    let octets = encoding_rs::WINDOWS_1252.encode(list).0.into_owned();
    let (fates, findings) = read_form(&octets, Form::default());
    assert_eq!(fates, ["Ada", "refused", "refused"]);
    let codes: Vec<_> = findings.iter().map(|(code, line, _)| (*code, *line)).collect();
    assert_eq!(codes, [("not-utf8", Some(3)), ("not-utf8", Some(4)), ("encoding-undeclared", Some(3))]);
    assert!(findings[2].2.ends_with("[list] encoding = \"windows-1252\""), "{findings:?}");
    let declared = Form { encoding: Some(encoding_rs::WINDOWS_1252), ..Form::default() };
    assert_eq!(read_form(&octets, declared).0, ["Ada", "Jürgen Müller", "Köln Straße"]);
    let (_, findings) = read_form(&encoding_rs::WINDOWS_1252.encode("email,Größe\n").0, Form::default());
    assert_eq!(findings.iter().map(|f| f.0).collect::<Vec<_>>(), ["not-utf8", "encoding-undeclared"]);
}

#[test]
fn a_wrong_declaration_is_shown_at_its_first_octet() {
    let form = Form { encoding: Some(encoding_rs::SHIFT_JIS), ..Form::default() };
    let (fates, findings) = read_form(b"email,name\na@b.example,\xa0\nc@d.example,Bo\n", form.clone());
    assert_eq!(fates, ["refused", "Bo"]);
    assert_eq!(findings.iter().map(|f| f.0).collect::<Vec<_>>(), ["wrong-encoding", "wrong-encoding"]);
    let (_, findings) = read_form("\u{feff}email\n".as_bytes(), form);
    assert_eq!(findings[0].0, "encoding-contradicts");
}

#[test]
fn lines_above_the_header_are_shown_and_not_skipped() {
    for above in ["sep=;", "People;;", "People, of; October", "\"People\nof October\"", "Datei\temail@x"] {
        let list = format!("{above}\nid;email;name\n1;a@b.example;Ada\n");
        let line = 2 + above.matches('\n').count() as u64;
        let (fates, findings) = read_form(list.as_bytes(), Form::default());
        assert!(fates.is_empty());
        assert_eq!(
            findings,
            [("header-not-first", Some(1), format!("say so in affected.toml: [list] header_line = {line}"))]
        );
        let form = Form { header_line: Some(line), ..Form::default() };
        assert_eq!(read_form(list.as_bytes(), form), (vec!["Ada".to_owned()], Vec::new()));
    }
    let (_, findings) = read_form(b"email\na@b.example\n", Form { header_line: Some(9), ..Form::default() });
    assert_eq!(findings[0].0, "empty-list");
    let (_, findings) = read_form(b"id,e-mail,data\n1,a@b.example,email\n", Form::default());
    assert_eq!(findings[0].0, "no-email-column", "a category of data is no header");
}

#[test]
fn an_unclear_delimiter_is_asked_for() {
    let list = b"name, first;email\nByrne, Ada;a@b.example\n";
    let (_, findings) = read_form(list, Form::default());
    assert_eq!((findings[0].0, findings[0].1), ("delimiter-unclear", Some(1)));
    let form = Form { delimiter: Some(Delimiter::Semicolon), ..Form::default() };
    assert_eq!(read_form(list, form), (vec![String::new()], Vec::new()));
}

#[test]
fn what_is_no_person_is_refused() {
    let list = "id,email,name\n1,a@b.example,Ada\nID, Email ,name\nTotal: 12,,\nTotal,,12\n,,Grand total\n4,,Bo\n,,Count Basie\n";
    let (fates, findings) = read_form(list.as_bytes(), Form::default());
    assert_eq!(fates, ["Ada", "refused", "refused", "refused", "refused", "no-address", "no-address"]);
    let codes: Vec<_> = findings.iter().map(|f| f.0).collect();
    assert_eq!(codes, ["header-again", "footer", "footer", "footer"]);
}

#[test]
fn domains_are_doubted_and_used() {
    let list = "email\nada@gmail.com\nbo@gmial.com\ncy@ymail.com\ndee@gm\u{430}il.com\neve@arnazon.example\n\
                fay@amazon.example\ngus@arnazon.example\nhal@gmial.com\n";
    let (fates, tally) = read(list);
    assert!(fates.iter().all(|fate| fate == "planned"), "{fates:?}");
    let found: Vec<_> = tally.findings.iter().filter(|f| f.place.row.is_some()).collect();
    let told: Vec<_> = found.iter().map(|f| (f.code, f.place.row.unwrap(), f.gravity)).collect();
    let slip = |row| ("misspelt-domain", row, Gravity::Warning);
    let alike = |row| ("look-alike-domain", row, Gravity::Warning);
    assert_eq!(told, [slip(2), alike(4), alike(6), slip(8)]);
    assert!(found[0].message.contains("`gmail.com`") && found[2].message.contains("row 5"), "{found:?}");
}

/// Reads a list that an earlier wave knows: the fates, and the codes of what was found.
fn read_after(notices: &[(&str, &str, Told, &[&str])], list: &str, toml: &str) -> (Vec<String>, Vec<&'static str>) {
    let mut earlier = Earlier::new("../first/out/ledger.sqlite", "first");
    for (id, address, told, data) in notices {
        let data: Vec<_> = data.iter().map(|id| (*id).to_owned()).collect();
        earlier.add(id, address, *told, Some(&data));
    }
    let known = Known { earlier: vec![earlier.finish()], ..Known::default() };
    let settings = super::super::read_settings("affected.toml", toml.as_bytes()).0.unwrap();
    let (categories, read_columns) = (categories(), BTreeSet::new());
    let context = Context {
        file: "l.csv",
        settings: &settings,
        categories: Some(&categories),
        languages: None,
        read_columns: &read_columns,
        known: &known,
        duties: None,
    };
    let mut people = People::new(context, Supplied::new(list.as_bytes())).unwrap();
    let mut fates = Vec::new();
    while let Some(row) = people.read().unwrap() {
        fates.push(match row.fate {
            Fated::Planned(_) => "planned".to_owned(),
            Fated::Withheld { reason, .. } => reason.reason().to_owned(),
            Fated::Refused => "refused".to_owned(),
        });
    }
    (fates, codes(&people.finish().unwrap()))
}

#[test]
fn a_family_at_one_address_is_not_one_person_across_waves() {
    let first: [(&str, &str, Told, &[&str]); 1] = [("1", "a@b.example", Told::Accepted, &["email", "phone"])];
    let list = "id,email\n1,moved@b.example\n2,a@b.example\n,a@b.example\n1,\n";
    let shared = |decision: &str| format!("[people]\nshared_address = \"{decision}\"\n");
    let (fates, found) = read_after(&first, list, "");
    assert_eq!(fates, ["already-told", "refused", "already-told", "already-told"]);
    assert_eq!(found, ["shared-address"]);
    let (fates, _) = read_after(&first, list, &shared("one-notice-each"));
    assert_eq!(fates, ["already-told", "planned", "already-told", "already-told"]);
    let (fates, _) = read_after(&first, list, &shared("first-only"));
    assert_eq!(fates[1], "already-told");
}

#[test]
fn who_was_told_of_less_is_pointed_out() {
    let first: [(&str, &str, Told, &[&str]); 2] =
        [("1", "a@b.example", Told::Accepted, &["email"]), ("2", "c@b.example", Told::Accepted, &["email"])];
    let (fates, found) = read_after(&first, "id,email,data\n1,a@b.example,email\n2,c@b.example,phone;email\n", "");
    assert_eq!((fates, found), (vec!["already-told".to_owned(); 2], vec!["told-of-less"]));
}

#[test]
fn a_language_that_is_not_offered_is_named_with_the_one_that_is_used() {
    let settings = ListSettings::default();
    let languages = Languages { default: "en".to_owned(), offered: ["en", "de-CH"].map(str::to_owned).to_vec() };
    let (columns, known) = (BTreeSet::new(), Known::default());
    let context = Context {
        file: "l.csv",
        settings: &settings,
        categories: None,
        languages: Some(&languages),
        read_columns: &columns,
        known: &known,
        duties: None,
    };
    let text =
        "email,language\na@x.example,it\nb@x.example,de\nc@x.example,\nd@x.example,EN-us\ne@x.example,pt-BR\n";
    let (fates, tally) = read_in(context, text);
    assert_eq!(fates, ["planned"; 5]);
    let missed = tally.findings.iter().filter(|finding| finding.code == "language-not-offered");
    let found: Vec<(Option<u64>, &str)> =
        missed.map(|finding| (finding.place.row, finding.message.as_str())).collect();
    assert_eq!(
        found,
        [
            (Some(1), "the notice is wanted in \"it\", which is not offered; it is written in `en`"),
            (Some(5), "the notice is wanted in \"pt-BR\", which is not offered; it is written in `en`"),
        ]
    );
}

#[test]
fn where_somebody_lives_is_told_whatever_becomes_of_the_row() {
    let text =
        "email,country,region,data\n,US,ca,phone\nnobody,DE,,\na@b.example,Atlantis,XX,cat\nx@y.example,FR\n";
    let categories = categories();
    let context = Context {
        file: "l.csv",
        settings: &ListSettings::default(),
        categories: Some(&categories),
        languages: None,
        read_columns: &BTreeSet::new(),
        known: &Known::default(),
        duties: None,
    };
    let mut people = People::new(context, Supplied::new(text.as_bytes())).unwrap();
    let (list, judge, settling) = people.parts();
    let mut told = Vec::new();
    while let Some(stretch) = list.next_stretch().unwrap() {
        for row in judge.judge(stretch, Wanted::Remarkable).rows {
            let (residence, data) = settling.settle(judge, row).concerned();
            told.push(format!("{} {}", residence.code(), data.join("+")));
        }
    }
    assert_eq!(told, ["US-CA phone", "DE email+phone", "unknown email+phone", "unknown email+phone"]);
}
