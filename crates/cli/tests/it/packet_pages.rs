//! The packet in a real browser: every page loads without a complaint and asks for nothing, every link leads
//! somewhere, it prints on both papers, is read on a telephone, and keeps nobody out.

use crate::{
    harness::{CLINIC, Incident, JANUARY, OCTOBER, RETAILER},
    packet::{files, packet_of},
};
use forthwith_core::{
    digest::Digest,
    finding::{Finding, Place},
    incident::{self, Incident as Facts},
    law::Answer,
    notice::Withheld,
    private::Private,
    variant::Variant,
};
use forthwith_templating::{
    Words,
    packet::{
        Before, PacketAside, PacketCoverage, PacketDecision, PacketFacts, PacketHour, PacketLaw, PacketNotice,
        PacketOwed, PacketRecorded, PacketRegime, PacketRule, PacketStanding, PacketTiming, PacketVariant,
        PacketWithheld, approvals, pages, pages_beside,
    },
};
use forthwith_testkit::{
    axe,
    browser::{self, Browser, Paper, pages_of},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};
use tempfile::TempDir;

/// The packet with everything in it.
const LARGE: &str = "large";
/// Width of a small telephone.
const PHONE: u32 = 360;
/// Sheets that page one of an example prints on, every rule of two laws included: what somebody reads at night.
const SHEETS_MAX: usize = 15;
/// Sheets of a large packet: a dozen wordings in full and ten laws, or two hundred residences.
const LARGE_SHEETS_MAX: usize = 46;

/// Writes a packet into a folder of its own, which stays until the next run: whoever wonders looks at it.
fn written(name: &str, files: &BTreeMap<String, Vec<u8>>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packets").join(name);
    let _ = fs::remove_dir_all(&folder);
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// Returns every page of a packet, those of notices too.
fn html(folder: &Path) -> Vec<PathBuf> {
    let is_page = |name: &String| Path::new(name).extension().is_some_and(|extension| extension == "html");
    files(folder).into_keys().filter(is_page).map(|name| folder.join(name)).collect()
}

/// Returns the packets that are looked at: every example, and a large one with everything in it.
fn packets() -> &'static [(&'static str, PathBuf)] {
    static PACKETS: OnceLock<[(&str, PathBuf); 5]> = OnceLock::new();
    PACKETS.get_or_init(|| {
        let example = |name| (name, written(name, &packet_of(&Incident::example(name))));
        [example(OCTOBER), example(JANUARY), example(CLINIC), example(RETAILER), (LARGE, written(LARGE, &large()))]
    })
}

#[test]
fn every_link_leads_to_a_file_and_a_place_in_it() {
    let mut followed = 0;
    for (name, folder) in packets() {
        for page in html(folder) {
            let text = fs::read_to_string(&page).unwrap();
            for link in text.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                let (file, place) = link.split_once('#').unwrap_or((link, ""));
                let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
                assert!(target.is_file(), "{name}: {} links to {link}", page.display());
                let has_place = || fs::read_to_string(&target).unwrap().contains(&format!(" id=\"{place}\""));
                assert!(place.is_empty() || has_place(), "{name}: {} links to {link}", page.display());
                followed += 1;
            }
        }
    }
    assert!(followed > 200, "links are found: {followed}");
}

#[test]
fn every_page_loads_without_a_complaint_and_asks_for_nothing() {
    let Some(program) = browser::require() else { return };
    let mut browser = Browser::start(&program).unwrap();
    for (name, folder) in packets() {
        for page in html(folder) {
            let visit = browser.open(&page).unwrap();
            assert_eq!(visit, browser::Visit::default(), "{name}: {}", page.display());
            assert_ne!(browser.evaluate("document.title").unwrap(), "", "{name}: {}", page.display());
        }
    }
    // A page that does complain and ask is seen to.
    let wrong = TempDir::new().unwrap();
    let page = wrong.path().join("wrong.html");
    fs::write(&page, "<title>x</title><img src=\"absent.png\"><script>console.error('no')</script>").unwrap();
    let visit = browser.open(&page).unwrap();
    assert!(visit.complaints.iter().any(|complaint| complaint.contains("no")), "{visit:?}");
    assert!(visit.requests.iter().any(|request| request.ends_with("absent.png")), "{visit:?}");
}

#[test]
fn page_one_prints_on_a_bounded_number_of_sheets_of_either_paper() {
    let Some(program) = browser::require() else { return };
    let mut browser = Browser::start(&program).unwrap();
    for (name, folder) in packets() {
        let most = if [LARGE, CLINIC, RETAILER].contains(name) { LARGE_SHEETS_MAX } else { SHEETS_MAX };
        for (page, papers) in [
            ("index.html", &[Paper::A4, Paper::Letter][..]),
            ("wording-01.html", &[Paper::A4]),
            ("changes.html", &[Paper::Letter]),
        ] {
            browser.open(&folder.join(page)).unwrap();
            for paper in papers {
                let sheets = pages_of(&browser.print(*paper).unwrap());
                assert!((1..=most).contains(&sheets), "{name}: {page} prints on {sheets} sheets of {paper:?}");
            }
        }
        browser.open(&folder.join("index.html")).unwrap();
        assert!(pages_of(&browser.print(Paper::A4).unwrap()) > 2, "{name}: the last page is one of its own");
    }
}

#[test]
fn no_page_is_wider_than_a_telephone() {
    let Some(program) = browser::require() else { return };
    let mut browser = Browser::start(&program).unwrap();
    browser.resize(PHONE, 640).unwrap();
    for (name, folder) in packets() {
        for page in html(folder) {
            browser.open(&page).unwrap();
            let width = browser.evaluate("document.documentElement.scrollWidth").unwrap();
            assert_eq!(width, PHONE, "{name}: {}", page.display());
        }
    }
}

/// Whoever sits at a desk at night sees every column of every table, and prints it.
#[test]
fn nothing_on_a_page_goes_on_beyond_its_edge_on_a_desk() {
    let Some(program) = browser::require() else { return };
    let mut browser = Browser::start(&program).unwrap();
    browser.resize(1_000, 800).unwrap();
    let beyond = "[...document.querySelectorAll('body *')].filter(e => e.scrollWidth > e.clientWidth + 1 && \
                  getComputedStyle(e).overflowX !== 'visible').map(e => e.outerHTML.slice(0, 120))";
    for (name, folder) in packets() {
        for page in html(folder) {
            browser.open(&page).unwrap();
            let found = browser.evaluate(beyond).unwrap();
            assert_eq!(found, serde_json::json!([]), "{name}: {}", page.display());
        }
    }
}

#[test]
fn nothing_keeps_anybody_from_reading_a_page() {
    let Some(program) = browser::require() else { return };
    let Some(axe) = axe::require() else { return };
    let mut browser = Browser::start(&program).unwrap();
    // The frames show notices, which are looked at as files; a frame without scripts cannot be asked.
    let run = "axe.run(document, { iframes: false, resultTypes: ['violations'] }).then(found => \
               found.violations.map(v => v.impact + ' ' + v.id + ' ' + v.nodes[0].html.slice(0, 200)))";
    let mut looked_at = 0;
    for page in packets().iter().flat_map(|(_, folder)| html(folder)) {
        browser.open(&page).unwrap();
        browser.evaluate(&axe).unwrap();
        // On a telephone one page of each kind: the others are printed from the same template.
        let is_one =
            !page.file_name().unwrap().to_str().unwrap().contains("-0") || page.ends_with("wording-02.html");
        let widths = if is_one { &[1_000, PHONE][..] } else { &[1_000] };
        for width in widths {
            browser.resize(*width, 800).unwrap();
            let found = browser.evaluate(run).unwrap();
            assert_eq!(found, serde_json::json!([]), "{} at {width} pixels", page.display());
            looked_at += 1;
        }
    }
    assert!(looked_at > 100, "{looked_at}");
    let wrong = TempDir::new().unwrap();
    let page = wrong.path().join("wrong.html");
    fs::write(&page, "<html><p style=\"color:#eee\">pale</p><img src=\"data:,\"></html>").unwrap();
    browser.open(&page).unwrap();
    browser.evaluate(&axe).unwrap();
    let found = browser.evaluate(run).unwrap().to_string();
    assert!(found.contains("color-contrast") && found.contains("image-alt"), "{found}");
}

/// Returns a packet with all that a packet may have, and much of it.
fn large() -> BTreeMap<String, Vec<u8>> {
    let facts = large_facts();
    let mut files = pages(&facts);
    let mut earlier = large_facts();
    earlier.variants.remove(0);
    "forthwith-manifest 1\nsetting.from <b>\n".clone_into(&mut earlier.manifest);
    earlier.digest = Digest::of(earlier.manifest.as_bytes());
    let before = pages(&earlier).remove("packet.json").unwrap();
    files.extend(pages_beside(&facts, &large_timing(), Before::Record(&before)));
    files.insert("approvals.html".to_owned(), approvals(&facts.incident, &facts.digest, None));
    files
}

/// Returns the incident of January with ten categories of data and Arabic words of its own.
fn large_incident() -> Facts {
    let example = Incident::example(JANUARY);
    example.replace(
        "incident.toml",
        "categories = [\"email\", \"phone\"]",
        "categories = [\"email\", \"phone\", \"name\", \"postal_address\"]",
    );
    example.replace(
        "incident.toml",
        "holder = \"unknown\"",
        "holder = { not_told = \"the police ask us not to\" }",
    );
    let (facts, findings) = incident::read("incident.toml", example.read("incident.toml").as_bytes());
    facts.unwrap_or_else(|| panic!("{findings:?}"))
}

fn large_facts() -> PacketFacts {
    let incident = large_incident();
    let words = Words::new(&incident, &BTreeMap::new()).0.unwrap();
    let manifest = "forthwith-manifest 1\nsetting.from <i>\n".to_owned();
    let categories: Vec<String> = incident.categories.iter().map(|category| category.id.clone()).collect();
    let variants: Vec<_> = (1..=12_usize)
        .map(|bits| {
            let data = categories.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
            let data = data.map(|(_, id)| id.clone()).collect();
            large_variant(
                &words,
                &Variant {
                    entity: bits % 2,
                    language: "en".to_owned(),
                    data,
                    by_law: forthwith_core::variant::ByLaw::default(),
                },
                bits,
            )
        })
        .collect();
    let planned = variants.iter().map(|variant| variant.count).sum();
    PacketFacts {
        digest: Digest::of(manifest.as_bytes()),
        manifest,
        list_name: "a-list-with-a-name-that-goes-on-and-on-and-says-very-little-2026-11-27-final.csv.gz".to_owned(),
        rows: planned + 150,
        planned,
        variants,
        withheld: (1..=150).map(large_withheld).collect(),
        merged: Vec::new(),
        beside: vec![("first-wave (../first/out/ledger.sqlite)".to_owned(), "told 3 of these rows".to_owned())],
        findings: large_findings(),
        totals: BTreeMap::from([("misspelt-domain", 12_345)]),
        statement: "forthwith approval statement 1\n".to_owned(),
        law: Some(large_law()),
        incident,
    }
}

fn large_variant(words: &Words, variant: &Variant, number: usize) -> PacketVariant {
    let residence =
        |i: usize| (format!("US-{}{}", char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i % 26]), i), 7 * i as u64 + 1);
    let residences: BTreeMap<String, u64> = (0..200).filter(|i| i % number == 0).map(residence).collect();
    let notice = || PacketNotice { parts: words.sample(variant).unwrap(), message: b"Date: x\r\n\r\n".to_vec() };
    PacketVariant {
        variant: variant.clone(),
        count: residences.values().sum(),
        residences,
        sample: notice(),
        public: words.public(variant).unwrap(),
        exemplars: Vec::new(),
        findings: words.check(variant),
    }
}

fn large_withheld(row: u64) -> PacketWithheld {
    let cell = |text: String| Private::new(text);
    PacketWithheld {
        row,
        line: row + 1,
        reason: if row.is_multiple_of(3) { Withheld::LeftOut } else { Withheld::NoAddress },
        note: "an order of the court".to_owned(),
        id: cell(format!("C{row}")),
        address: cell(format!("a-very-long-local-part-{row}@a-domain-that-does-not-end-soon.example")),
        name: cell("山田 太郎 الاسم الطويل".to_owned()),
    }
}

fn large_findings() -> Vec<Finding> {
    let place =
        Place { row: Some(9), line: Some(10), column: Some("email".to_owned()), ..Place::file("affected.csv") };
    vec![
        Finding::warning("misspelt-domain", place, "the domain is probably another one"),
        Finding::warning(
            "no-control-total",
            Place::file("affected.csv"),
            "nothing says how many rows there must be",
        )
        .hint("affected.toml, [list] expected_rows"),
    ]
}

fn large_law() -> PacketLaw {
    let rule = |i: usize| PacketRule {
        asks: format!("says what somebody can do about it, number {i}, in words that take more than one line"),
        element: Some("recommended_steps".to_owned()),
        variants: vec!["entity1/en/email".to_owned()],
        citation: "Code of a State, Title 1, section 1798.82(d)(2)(E), as amended on 2026-01-01".to_owned(),
        standing: [PacketStanding::Met, PacketStanding::NotMet, PacketStanding::Decide][i % 3],
        fact: "facts.culprits = several".to_owned(),
        is_verified: i.is_multiple_of(2),
        decision: (i == 5).then(|| PacketDecision {
            question: "is its test of harm met".to_owned(),
            by: "Tomas Leduc".to_owned(),
            on: "2020-01-08".to_owned(),
            reason: "no harm is likely".to_owned(),
        }),
    };
    let aside = PacketAside {
        id: "us-99".to_owned(),
        title: "State number 99, Civil Code 1798.99".to_owned(),
        people: 3,
        is_open: true,
        why: "residence US, data that it names".to_owned(),
    };
    let regime = |i: usize| PacketRegime {
        id: format!("us-{i}"),
        title: format!("State number {i}, Civil Code 1798.{i}"),
        people: 100,
        duty: rule(2),
        channel: Some(rule(5)),
        elements: (0..6).map(rule).collect(),
    };
    let owed = |i: usize| PacketOwed {
        regime: format!("us-{i}"),
        kind: ["regulator", "media", "credit_bureaus"][i % 3].to_owned(),
        owed: [Answer::Yes, Answer::Unknown, Answer::No][i % 3],
        counted: if i == 4 { 0 } else { 501 },
        by_local: i.is_multiple_of(2).then(|| "end of 1 February 2020, America/New_York".to_owned()),
        soft: Some("without unreasonable delay".to_owned()),
        says: Some("on a form of its own".to_owned()),
        waits: (i == 3).then(|| "`aware`".to_owned()),
        asks: vec!["whether harm is likely".to_owned()],
        moves: vec!["longer: what law enforcement needs".to_owned()],
        to: format!("Attorney General of state number {i}"),
        what: "a sample of the notice, and the number of residents".to_owned(),
        by: i.is_multiple_of(2).then(|| "2020-02-01T23:59:00Z".to_owned()),
        fact: "more than 500 residents".to_owned(),
        citation: "Civil Code 1798.82(f)".to_owned(),
        is_verified: false,
    };
    PacketLaw {
        rules_of: "2026-11-23".to_owned(),
        rules: 80,
        unverified: 79,
        coverage: PacketCoverage {
            rows: 4_000,
            exactly_one: 3_999,
            none: 1,
            several: 0,
            unreached: vec!["fr/email".to_owned()],
        },
        regimes: (1..=10).map(regime).collect(),
        aside: vec![aside],
        decisions: rule(5)
            .decision
            .map(|decision| PacketRecorded { decision, regimes: Vec::new() })
            .into_iter()
            .collect(),
        owed: (1..=8).map(owed).collect(),
    }
}

fn large_timing() -> PacketTiming {
    let hour = |i: i64| PacketHour {
        from: jiff::Timestamp::from_second(1_603_500_000 + 3_600 * i).unwrap(),
        from_local: format!("2020-10-24 {i:02}:00"),
        notices: 5_000,
    };
    PacketTiming {
        as_of: "2020-10-24T08:00:00Z".parse().unwrap(),
        as_of_local: "2020-10-24 08:00 UTC".to_owned(),
        lines: vec![("Pace".to_owned(), "5000/h; 5000/h sets the end".to_owned())],
        end: None,
        deadline: None,
        seconds_to_spare: None,
        late: Some("at this pace the last notice goes out 3 d after the deadline".to_owned()),
        remedies: vec!["rate = \"9000/h\" instead of 5000/h would make it".to_owned()],
        unknown: None,
        hours: (0..24).map(hour).collect(),
        after: 70_000,
    }
}

#[test]
fn pages_have_names_of_their_own() {
    for (name, folder) in packets() {
        let mut titles = BTreeSet::new();
        for page in html(folder).iter().filter(|page| !page.to_str().unwrap().contains("/samples/")) {
            let text = fs::read_to_string(page).unwrap();
            let (_, rest) = text.split_once("<title>").unwrap();
            let (title, _) = rest.split_once("</title>").unwrap();
            assert!(titles.insert(title.to_owned()), "{name}: two pages are called {title}");
        }
    }
}
