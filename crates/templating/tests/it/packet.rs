//! The packet's pages.

use crate::model::{email_only, person, words};
use forthwith_core::{
    digest::Digest,
    fact::Fact,
    finding::{Finding, Place},
    incident::{ApprovalRule, Incident},
    merged::Merged,
    notice::Withheld,
    private::Private,
    variant::Variant,
};
use forthwith_templating::packet::{PacketFacts, PacketMerged, PacketPerson, PacketVariant, PacketWithheld, pages};
use std::collections::BTreeMap;

fn withheld(row: u64, reason: Withheld, note: &str, name: &str, address: &str) -> PacketWithheld {
    PacketWithheld {
        row,
        line: row + 1,
        reason,
        note: note.to_owned(),
        id: Private::new(format!("C{row}")),
        address: Private::new(address.to_owned()),
        name: Private::new(name.to_owned()),
    }
}

fn variant(incident: &Incident, name: &str, data: &[&str], residences: &[(&str, u64)]) -> PacketVariant {
    let words = words(incident);
    let person = person(name, data);
    let variant = Variant::of(incident, &person);
    PacketVariant {
        findings: words.check(&variant),
        sample: words.parts(&person).unwrap(),
        count: residences.iter().map(|(_, count)| count).sum(),
        residences: residences.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect(),
        variant,
    }
}

fn merged_person(row: u64, name: &str, address: &str) -> PacketPerson {
    let [id, address, name] = [&format!("C{row}"), address, name].map(|cell| Private::new(cell.to_owned()));
    PacketPerson { row, line: row + 1, id, address, name }
}

fn facts() -> PacketFacts {
    let mut incident = email_only();
    incident.approval = Some(ApprovalRule::NotNeeded { reason: "a drill of the press office".to_owned() });
    incident.deadline = Some("2020-10-26T18:00:00Z".parse().unwrap());
    incident.facts.holder = Fact::Unknown;
    let manifest = "forthwith-manifest 1\n".to_owned();
    PacketFacts {
        digest: Digest::of(manifest.as_bytes()),
        manifest,
        variants: vec![
            variant(&incident, "Ada Lovelace", &["email"], &[("DE", 4), ("GB", 7_004), ("US-CA", 1_020)]),
            variant(&incident, "<script>alert(1)</script>", &["email", "phone"], &[("GB", 4_450), ("unknown", 1)]),
        ],
        incident,
        list_name: "affected.csv".to_owned(),
        rows: 12_482,
        planned: 12_479,
        withheld: vec![
            withheld(7, Withheld::Duplicate, "merged into row 3: the same person", "Zoë <b>", "zoe@example.net"),
            withheld(19, Withheld::NoAddress, "", "Maria Silva", ""),
            withheld(4_242, Withheld::LeftOut, "asked us not to write; told by phone", "名前", "a@b.example"),
        ],
        merged: vec![PacketMerged {
            person: merged_person(7, "=Zoë <b>", "zoe@example.net"),
            into: merged_person(3, "Zoë", "zoe@example.net"),
            merged: Merged { into: 3, why: "the same person".to_owned() },
        }],
        beside: vec![("first-wave (../first/out/ledger.sqlite)".to_owned(), "told 3 of <these> rows".to_owned())],
        findings: vec![
            Finding::note("column-name", Place::file("affected.csv"), "templates cannot use the column `name`"),
            Finding::warning("control-total", Place::file("affected.toml"), "no count of rows is expected")
                .hint("write `expected_rows` under [list]"),
        ],
    }
}

fn page(pages: &BTreeMap<String, Vec<u8>>, path: &str) -> String {
    String::from_utf8(pages[path].clone()).unwrap()
}

#[test]
fn the_same_facts_give_the_same_pages() {
    let pages = pages(&facts());
    assert!(pages == forthwith_templating::packet::pages(&facts()));
    let paths: Vec<&str> = pages.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "index.html",
            "manifest.txt",
            "private/merged.csv",
            "private/withheld.html",
            "wording-01.html",
            "wording-02.html"
        ]
    );
    assert_eq!(
        page(&pages, "private/merged.csv"),
        "\u{feff}row,line,id,email,name,into_row,into_line,into_id,into_email,into_name,why\r\n\
         7,8,C7,zoe@example.net,'=Zoë <b>,3,4,C3,zoe@example.net,Zoë,the same person\r\n"
    );
    assert!(page(&pages, "index.html").contains("1 row was merged into an earlier one."));
    assert_eq!(page(&pages, "manifest.txt"), facts().manifest);
}

#[test]
fn page_one_shows_digest_approval_deadline_counts_facts_and_findings() {
    let index = page(&pages(&facts()), "index.html");
    for said in [
        &facts().digest.to_string(),
        "Nobody has to release this plan. The reason given: a drill of the press office",
        "handed over by 2020-10-26T18:00:00Z",
        "<b>12,482</b>",
        "<b>12,479</b>",
        "GB 7,004, US-CA 1,020",
        "counsel has not released it",
        "Determined by R. Okafor, head of security, 20 October 2020",
        "write `expected_rows` under [list]",
        "asked us not to write; told by phone",
        "told 3 of &lt;these&gt; rows",
        "z…@e…",
    ] {
        assert!(index.contains(said), "{said:?} is not in the index");
    }
    assert!(!index.contains("do not add up"));
    // The gravest finding comes first.
    assert!(index.find("control-total") < index.find("column-name"));
}

#[test]
fn counts_that_do_not_add_up_are_shown_as_such() {
    let mut rows = facts();
    rows.rows += 1;
    let mut told = facts();
    told.variants[0].count -= 1;
    for facts in [rows, told] {
        assert!(page(&pages(&facts), "index.html").contains("These counts do not add up."));
    }
}

#[test]
fn plans_that_cannot_be_handed_over_say_so() {
    for (approval, said) in
        [(None, "Nothing can be handed over."), (Some(ApprovalRule::Signers), "hands nothing over.")]
    {
        let mut facts = facts();
        facts.incident.approval = approval;
        assert!(page(&pages(&facts), "index.html").contains(said));
    }
}

#[test]
fn names_and_addresses_stand_under_private_alone() {
    let pages = pages(&facts());
    for (path, bytes) in &pages {
        let page = String::from_utf8(bytes.clone()).unwrap();
        let is_private = path.starts_with("private/");
        for personal in ["zoe@example.net", "Zo\u{eb} &lt;b&gt;", "Maria Silva", "名前", "a@b.example"] {
            // The table has those alone who were merged.
            let is_there = path != "private/merged.csv" || personal == "zoe@example.net";
            assert_eq!(page.contains(personal), is_private && is_there, "{personal} in {path}");
        }
    }
}

#[test]
fn pages_run_nothing_fetch_nothing_and_escape_everything() {
    for (path, bytes) in &pages(&facts()) {
        let page = String::from_utf8(bytes.clone()).unwrap();
        if ["manifest.txt", "private/merged.csv"].contains(&path.as_str()) {
            continue;
        }
        assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline';"), "{path}");
        assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"), "{path}");
    }
    let wording = page(&pages(&facts()), "wording-02.html");
    assert!(wording.contains("iframe sandbox=\"\"") && wording.contains("srcdoc=\"&lt;!DOCTYPE html&gt;"));
    assert!(wording.contains("Hello &lt;script&gt;alert(1)&lt;/script&gt;,"));
    assert!(wording.contains("Flesch reading ease"));
}

#[test]
fn a_sample_names_nobody() {
    let incident = email_only();
    let variant = Variant::of(&incident, &person("Ada Lovelace", &["email"]));
    let sample = words(&incident).sample(&variant).unwrap();
    assert_eq!(sample.to, "Ada Example <ada@example.com>");
}
