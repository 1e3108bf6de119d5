//! The packet's pages.

use crate::model::{email_only, person, words};
use forthwith_core::{
    approval::{ApprovalRule, Asked, Judgement, Lacking, plain_words},
    digest::Digest,
    exemplars::Trait,
    fact::Fact,
    finding::{Finding, Place},
    incident::Incident,
    law::Answer,
    merged::Merged,
    notice::Withheld,
    private::Private,
    variant::Variant,
};
use forthwith_templating::{
    Parts,
    packet::{
        Before, PacketCoverage, PacketDecision, PacketExemplar, PacketFacts, PacketHour, PacketLaw, PacketMerged,
        PacketNotice, PacketOwed, PacketPerson, PacketRecorded, PacketRegime, PacketRule, PacketStanding,
        PacketTiming, PacketVariant, PacketWithheld, Pages, approvals, pages, pages_beside,
    },
};
use serde_json::Value;
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

fn notice(parts: Parts) -> PacketNotice {
    PacketNotice { parts, message: b"Date: xxx\r\n\r\n".to_vec() }
}

fn variant(incident: &Incident, name: &str, data: &[&str], residences: &[(&str, u64)]) -> PacketVariant {
    let words = words(incident);
    let person = person(name, data);
    let variant = Variant::of(incident, &person);
    let real = notice(words.parts(&person).unwrap());
    PacketVariant {
        findings: words.check(&variant),
        sample: notice(words.sample(&variant).unwrap()),
        public: words.public(&variant).unwrap(),
        exemplars: vec![PacketExemplar {
            row: 4,
            name: person.name.clone(),
            traits: vec![Trait::ShortestName, Trait::Script("Latin")],
            notice: real,
        }],
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
        statement: "forthwith approval statement 1\n".to_owned(),
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
            Finding::warning(
                "misspelt-domain",
                Place {
                    row: Some(9),
                    line: Some(10),
                    column: Some("email".to_owned()),
                    ..Place::file("affected.csv")
                },
                "the domain `gmial.example` is probably `gmail.example`",
            ),
        ],
        totals: BTreeMap::from([("misspelt-domain", 2_048), ("column-name", 1)]),
        law: None,
    }
}

fn timing() -> PacketTiming {
    let at = |text: &str| text.parse().unwrap();
    PacketTiming {
        as_of: at("2020-10-24T08:00:00Z"),
        as_of_local: "2020-10-24 10:00 Europe/Berlin".to_owned(),
        lines: vec![("Pace".to_owned(), "5000/h".to_owned())],
        end: Some(at("2020-10-24T10:29:00Z")),
        deadline: Some(at("2020-10-26T18:00:00Z")),
        seconds_to_spare: Some(200_000),
        late: None,
        remedies: Vec::new(),
        unknown: None,
        hours: vec![PacketHour {
            from: at("2020-10-24T08:00:00Z"),
            from_local: "2020-10-24 10:00".to_owned(),
            notices: 5_000,
        }],
        after: 7_479,
    }
}

fn rule(asks: &str, standing: PacketStanding) -> PacketRule {
    PacketRule {
        asks: asks.to_owned(),
        element: Some("date_of_breach".to_owned()),
        variants: vec!["en/email".to_owned()],
        citation: "Code 1 section 2, of 2020-01-01".to_owned(),
        standing,
        fact: "occurred = 2020-10-12".to_owned(),
        is_verified: false,
        decision: None,
    }
}

fn law() -> PacketLaw {
    let decision = PacketDecision {
        question: "is its test of harm met".to_owned(),
        by: "R. Okafor".to_owned(),
        on: "20 October 2020".to_owned(),
        reason: "no <harm> is likely".to_owned(),
    };
    PacketLaw {
        rules_of: "2026-11-23".to_owned(),
        rules: 40,
        unverified: 38,
        coverage: PacketCoverage {
            rows: 12_479,
            exactly_one: 12_479,
            none: 0,
            several: 0,
            unreached: vec!["fr/email".to_owned()],
        },
        aside: Vec::new(),
        decisions: vec![PacketRecorded { decision: decision.clone(), regimes: vec!["us-xx".to_owned()] }],
        regimes: vec![PacketRegime {
            id: "us-xx".to_owned(),
            title: "State of X, Code 1".to_owned(),
            people: 1_020,
            duty: PacketRule { decision: Some(decision), ..rule("asks for a notice", PacketStanding::Decide) },
            channel: Some(rule("lets e-mail carry it", PacketStanding::Decide)),
            elements: vec![
                rule("says when it happened", PacketStanding::Met),
                rule("says how to freeze credit", PacketStanding::NotMet),
            ],
        }],
        owed: vec![PacketOwed {
            regime: "us-xx".to_owned(),
            kind: "regulator".to_owned(),
            owed: Answer::Yes,
            counted: 1_020,
            by_local: Some("end of 18 November 2020, America/New_York".to_owned()),
            soft: None,
            says: None,
            waits: None,
            asks: Vec::new(),
            moves: Vec::new(),
            to: "Attorney General of X".to_owned(),
            what: "a sample of the notice".to_owned(),
            by: Some("2020-11-18T23:59:00Z".to_owned()),
            fact: "1,020 residents, more than 500".to_owned(),
            citation: "Code 1 section 3".to_owned(),
            is_verified: true,
        }],
    }
}

fn page(pages: &Pages, path: &str) -> String {
    String::from_utf8(pages[path].clone()).unwrap()
}

fn beside(facts: &PacketFacts, before: Before<'_>) -> Pages {
    pages_beside(facts, &timing(), before)
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
            "packet.json",
            "private/findings.csv",
            "private/index.html",
            "private/merged.csv",
            "private/samples/wording-01-row-4.eml",
            "private/samples/wording-01-row-4.html",
            "private/samples/wording-01-row-4.txt",
            "private/samples/wording-02-row-4.eml",
            "private/samples/wording-02-row-4.html",
            "private/samples/wording-02-row-4.txt",
            "private/withheld.csv",
            "private/withheld.html",
            "public/statement.txt",
            "samples/wording-01.eml",
            "samples/wording-01.html",
            "samples/wording-01.txt",
            "samples/wording-02.eml",
            "samples/wording-02.html",
            "samples/wording-02.txt",
            "statement.txt",
            "wording-01.html",
            "wording-02.html"
        ]
    );
    assert_eq!(
        page(&pages, "private/merged.csv"),
        "\u{feff}row,line,id,email,name,into_row,into_line,into_id,into_email,into_name,why\r\n\
         7,8,C7,zoe@example.net,'=Zoë <b>,3,4,C3,zoe@example.net,Zoë,the same person\r\n"
    );
    assert_eq!(
        page(&pages, "private/findings.csv"),
        "\u{feff}row,line,column,gravity,code,message,hint\r\n9,10,email,warning,misspelt-domain,the domain \
         `gmial.example` is probably `gmail.example`,\r\n"
    );
    assert!(page(&pages, "index.html").contains("1 row was merged into an earlier one"));
    assert_eq!(page(&pages, "manifest.txt"), facts().manifest);
    assert_eq!(pages["samples/wording-01.eml"], b"Date: xxx\r\n\r\n");
}

#[test]
fn page_one_says_first_what_is_open() {
    let index = page(&pages(&facts()), "index.html");
    for said in [
        &facts().digest.to_string(),
        "Nobody has to release this plan. The reason given: a drill of the press office",
        "handed over by 26 October 2020, 18:00 UTC",
        "1 fact is unknown; the notices say so.",
        "1 person is told nothing because somebody decided so.",
        "2,048 warnings about single rows.",
        "the domain of an address is probably misspelt",
        "No rule of law was applied.",
        "<b>12,482</b>",
        "<b>12,479</b>",
        "Determined by R. Okafor, head of security, 20 October 2020",
        "write `expected_rows` under [list]",
        "told 3 of &lt;these&gt; rows",
        "Wording 1: 7,004, Wording 2: 4,450",
        "to be read out or compared by eye",
    ] {
        assert!(index.contains(said), "{said:?} is not in the index");
    }
    assert!(!index.contains("do not add up"));
    // The gravest finding comes first, and what is open before everything else.
    assert!(index.find("control-total") < index.find("column-name"));
    assert!(index.find("these are open") < index.find("What is on record"));
}

/// A packet and the warnings in it count words alike: those of the reader's own language.
#[test]
fn the_figures_of_a_wording_are_those_of_its_warnings() {
    let mut facts = facts();
    let mut incident = facts.incident.clone();
    let long = "We are sorry. ".repeat(160);
    incident.notice.statements.insert("closing".to_owned(), crate::model::statement(&long));
    facts.variants = vec![variant(&incident, "Ada", &["email"], &[("GB", 4_450)])];
    let record: serde_json::Value = serde_json::from_slice(&pages(&facts)["packet.json"]).unwrap();
    let wording = &record["variants"][0];
    let words = format!("has {} words", wording["clarity"]["words"]);
    let findings = wording["findings"].as_array().unwrap();
    assert!(
        findings.iter().any(|finding| finding["message"].as_str().unwrap().contains(&words)),
        "{words}: {findings:#?}"
    );
}

#[test]
fn page_one_says_truly_why_people_get_no_email() {
    let mut facts = facts();
    for (reason, says) in [
        (Withheld::LeftOut, "1 person is told nothing because somebody decided so."),
        (Withheld::Suppressed, "1 person gets no e-mail because the address stands on a list"),
        (Withheld::Blocked, "1 person gets no e-mail because the login of the mailbox was taken"),
        (Withheld::NeedsSmtputf8, "1 person gets no e-mail because not every server takes mail"),
    ] {
        facts.withheld = vec![withheld(4_242, reason, "", "名前", "a@b.example")];
        let index = page(&pages(&facts), "index.html");
        assert!(index.contains(says), "{reason:?}");
        let decided = index.contains("because somebody decided so");
        assert_eq!(decided, reason == Withheld::LeftOut, "{reason:?}: nobody decided this");
    }
}

#[test]
fn a_wording_is_marked_where_it_differs_from_the_first_of_its_language() {
    let index = page(&pages(&facts()), "index.html");
    assert!(index.contains("Compared with wording 1."));
    assert!(index.contains("<ins>"), "the second wording says more");
    let mut same = facts();
    same.variants[1] = variant(&same.incident, "Ada", &["email"], &[("GB", 4_450), ("unknown", 1)]);
    let index = page(&pages(&same), "index.html");
    assert!(index.contains("It says word for word what wording 1 says."));
}

#[test]
fn counts_that_do_not_add_up_are_shown_as_such() {
    let mut rows = facts();
    rows.rows += 1;
    let mut told = facts();
    told.variants[0].count -= 1;
    for facts in [rows, told] {
        assert!(page(&pages(&facts), "index.html").contains("These counts do not add up"));
    }
}

#[test]
fn page_one_says_who_releases_the_plan_and_what_is_signed() {
    for (approval, said) in [
        (None, "Nothing can be handed over."),
        (Some(ApprovalRule::Asked(Asked::of_one())), "To release this plan: 1 person, with a key;"),
    ] {
        let mut facts = facts();
        facts.incident.approval = approval;
        let pages = pages(&facts);
        let index = page(&pages, "index.html");
        assert!(index.contains(said), "{index}");
        assert!(index.contains("href=\"statement.txt\"") && index.contains("href=\"approvals.html\""));
        assert_eq!(page(&pages, "statement.txt"), facts.statement);
    }
}

#[test]
fn the_last_page_has_the_digest_in_words() {
    let facts = facts();
    let index = page(&pages(&facts), "index.html");
    for (nth, word) in (1..).zip(plain_words(&facts.digest).split(' ')) {
        assert!(index.contains(&format!("{nth}. {word}</span>")), "{word}");
    }
}

#[test]
fn the_page_of_who_released_it_says_what_is_lacking() {
    let incident = Incident { approval: Some(ApprovalRule::Asked(Asked::of_one())), ..email_only() };
    let digest = Digest::of(b"plan");
    let shown =
        |judgement: Option<&Judgement>| String::from_utf8(approvals(&incident, &digest, judgement)).unwrap();
    let lacking = Judgement { lacking: vec![Lacking::People { have: 0, needed: 1 }], ..Judgement::default() };
    let page = shown(Some(&lacking));
    for said in [
        "not released",
        "0 of 1 releases",
        "Nobody has signed it yet.",
        "1 person, with a key",
        &plain_words(&digest),
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!shown(None).contains("signed it yet"), "where nobody is asked nobody is missed");
}

#[test]
fn rules_are_shown_with_where_they_stand_and_what_is_open_counts_them() {
    let mut facts = facts();
    facts.law = Some(law());
    let pages = pages(&facts);
    let index = page(&pages, "index.html");
    for said in [
        "1 rule is not met as the wordings stand.",
        "1 rule waits for a person&#39;s decision",
        "Nobody has confirmed 38 of 40 rules against their source.",
        "State of X, Code 1",
        "Of 12,479 people who are told, 12,479 have exactly one wording, 0 have none",
        "Offered, and nobody gets it: fr/email.",
        "no &lt;harm&gt; is likely",
        "R. Okafor, 20 October 2020",
        "is its test of harm met?",
        "end of 18 November 2020, America/New_York",
        "18 November 2020, 23:59 UTC",
        "1 duty stands beside these notices: to authorities",
        "(verified)",
        "not met",
    ] {
        assert!(index.contains(said), "{said:?} is not in the index: {index}");
    }
    assert!(!index.contains("No rule of law was applied"));
    let wording = page(&pages, "wording-01.html");
    assert!(wording.contains("says how to freeze credit") && wording.contains("What the law asks of this wording"));
    assert!(!page(&pages, "wording-02.html").contains("What the law asks of this wording"));
    let json: Value = serde_json::from_slice(&pages["packet.json"]).unwrap();
    assert_eq!(json["law"]["regimes"][0]["elements"][1]["standing"], "not-met");
}

#[test]
fn the_private_page_stays_readable_where_very_many_are_withheld() {
    let mut facts = facts();
    facts.withheld =
        (1..=1_200).map(|row| withheld(row, Withheld::AlreadyTold, "", "Ada", "a@b.example")).collect();
    let pages = pages(&facts);
    let shown = page(&pages, "private/withheld.html");
    assert!(shown.contains("And 200 more,") && !shown.contains(">C1200<"));
    assert!(page(&pages, "private/withheld.csv").contains("1200,1201,C1200,a@b.example,Ada,already-told,"));
}

#[test]
fn names_and_addresses_stand_under_private_alone() {
    let facts = facts();
    let mut all = pages(&facts);
    all.extend(beside(&facts, Before::Record(&all["packet.json"].clone())));
    let mut found = 0;
    for (path, bytes) in &all {
        let page = String::from_utf8(bytes.clone()).unwrap();
        let personal = [
            "zoe@example.net",
            "Zo\u{eb}",
            "Maria Silva",
            "名前",
            "a@b.example",
            "gmial",
            "Ada Lovelace",
            "asked us not to write",
            "alert(1)",
        ];
        for personal in personal.into_iter().filter(|personal| page.contains(personal)) {
            assert!(path.starts_with("private/"), "{personal} in {path}");
            found += 1;
        }
    }
    assert!(found > 15, "the private part has them: {found}");
}

#[test]
fn pages_run_nothing_fetch_nothing_and_escape_everything() {
    let facts = facts();
    let mut all = pages(&facts);
    all.extend(beside(&facts, Before::None));
    for (path, bytes) in &all {
        let page = String::from_utf8(bytes.clone()).unwrap();
        let ending = path.rsplit('.').next().unwrap();
        let is_text = ["txt", "csv"].contains(&ending);
        assert!(is_text || !page.contains("<script"), "{path}");
        assert!(!page.contains("http://") && !page.contains("https://"), "{path}");
        let is_page = ending == "html" && !path.contains("samples/");
        let policy = "content=\"default-src 'none'; style-src 'unsafe-inline';";
        assert_eq!(page.contains(policy), is_page, "{path}");
    }
    let wording = page(&all, "wording-02.html");
    assert!(wording.contains("iframe sandbox=\"\"") && wording.contains("srcdoc=\"&lt;!DOCTYPE html&gt;"));
    assert!(page(&all, "private/index.html").contains("<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>"));
    assert!(wording.contains("Flesch reading ease"));
}

#[test]
fn programs_read_all_that_the_pages_say() {
    let json: Value = serde_json::from_slice(&pages(&facts())["packet.json"]).unwrap();
    assert_eq!(json["forthwith_packet"], 1);
    assert_eq!(json["digest"], facts().digest.to_string());
    assert_eq!((&json["list"]["rows"], &json["list"]["adds_up"]), (&12_482.into(), &true.into()));
    assert_eq!(json["list"]["reasons"][0]["reason"], "duplicate");
    assert_eq!(json["variants"][0]["key"], "en/email");
    assert_eq!(json["variants"][0]["paragraphs"][0]["elements"][0], "notice_title");
    assert_eq!(json["residences"][0]["residence"], "GB");
    assert_eq!(json["residences"][0]["people"], 11_454);
    assert_eq!(json["law"], Value::Null);
}

#[test]
fn the_first_packet_says_that_it_is_the_first() {
    let beside = beside(&facts(), Before::None);
    assert!(page(&beside, "changes.html").contains("This is the first packet"));
    let json: Value = serde_json::from_slice(&beside["changes.json"]).unwrap();
    assert_eq!(json["state"], "first");
}

#[test]
fn what_changed_since_the_packet_before_is_shown_word_by_word() {
    let before = facts();
    let record = pages(&before)["packet.json"].clone();
    let mut now = facts();
    now.manifest = "forthwith-manifest 1\nsetting.from A <a@example.org>\n".to_owned();
    now.digest = Digest::of(now.manifest.as_bytes());
    (now.rows, now.planned) = (12_481, 12_478);
    now.incident.facts.people_affected = Fact::Known(7);
    now.variants[0] = variant(&now.incident, "Ada", &["email"], &[("DE", 3), ("GB", 7_004), ("US-CA", 1_020)]);
    now.variants[1] = variant(&now.incident, "Ada", &["phone"], &[("GB", 4_450), ("unknown", 1)]);
    let page = page(&beside(&now, Before::Record(&record)), "changes.html");
    for said in [
        "<th scope=\"row\">rows</th><td data-is=\"Before\">12,482</td><td data-is=\"Now\">12,481</td>",
        "<th scope=\"row\">DE</th><td data-is=\"Before\">4</td><td data-is=\"Now\">3</td>",
        "<th scope=\"row\">setting.from</th>",
        "<th scope=\"row\">People affected</th>",
        "<h3>New</h3>",
        "<h3>Gone</h3>",
        "<ins>7 </ins>",
        &before.digest.to_string(),
    ] {
        assert!(page.contains(said), "{said:?} is not there: {page}");
    }
    let same = beside(&before, Before::Record(&record));
    assert!(String::from_utf8_lossy(&same["changes.html"]).contains("Nothing changed."));
}

#[test]
fn a_record_of_another_form_is_not_compared() {
    let record = String::from_utf8(pages(&facts())["packet.json"].clone()).unwrap();
    let newer = record.replace("\"forthwith_packet\": 1", "\"forthwith_packet\": 2");
    for spoilt in ["", "{}", &record[..record.len() / 2], &newer] {
        let beside = beside(&facts(), Before::Record(spoilt.as_bytes()));
        assert!(page(&beside, "changes.html").contains("The packet before cannot be read."), "{spoilt}");
    }
}

#[test]
fn the_statement_says_how_to_check_and_what_is_said_word_for_word() {
    let statement = page(&pages(&facts()), "public/statement.txt");
    for said in [
        "Hello [your name],",
        "Number of messages: 12,479",
        "It comes from",
        "into your browser",
        "Wording 2 (A-3) of 2",
    ] {
        assert!(statement.contains(said), "{said:?} is not there: {statement}");
    }
    // Who lets nobody know how many people are affected does not publish a number either.
    let mut silent = facts();
    silent.incident.facts.people_affected = Fact::NotTold { reason: "the police ask us not to".to_owned() };
    let statement = page(&pages(&silent), "public/statement.txt");
    assert!(!statement.contains("12,479") && !statement.contains("ask us not to"), "{statement}");
}

#[test]
fn the_help_desk_has_answers_texts_and_the_hours_in_which_people_call() {
    let page = page(&beside(&facts(), Before::None), "help-desk.html");
    for said in [
        "Is this message genuine?",
        "Am I the only one?",
        "Who has my data now?",
        "What should I do now?",
        "Why did I get no message?",
        "<th scope=\"row\">2020-10-24 10:00</th><td class=\"n\">5,000</td><td class=\"n\">50</td>",
        "That is not known.",
        "Wording 2 (A-3): English; email, phone",
    ] {
        assert!(page.contains(said), "{said:?} is not there");
    }
}

#[test]
fn what_is_reckoned_from_a_moment_stands_on_its_own_page() {
    let facts = facts();
    let mut late = timing();
    late.late = Some("at this pace the last notice goes out 2 h after the deadline".to_owned());
    late.remedies = vec!["rate = \"9000/h\" would make it".to_owned()];
    let pages_of = |timing: &PacketTiming| page(&pages_beside(&facts, timing, Before::None), "timing.html");
    assert!(pages_of(&timing()).contains("2020-10-24 10:00 Europe/Berlin"));
    assert!(!pages_of(&timing()).contains("deadline is not met"));
    let late = pages_of(&late);
    assert!(late.contains("The deadline is not met.") && late.contains("9000/h"));
    let index = page(&pages(&facts), "index.html");
    assert!(!index.contains("Europe/Berlin") && index.contains("href=\"timing.html\""));
}

#[test]
fn a_sample_names_nobody() {
    let incident = email_only();
    let variant = Variant::of(&incident, &person("Ada Lovelace", &["email"]));
    let sample = words(&incident).sample(&variant).unwrap();
    assert_eq!(sample.to, "Ada Example <ada@example.com>");
    let public = words(&incident).public(&variant).unwrap();
    assert_eq!(public.to, "[your name] <your.address@example.com>");
}
