//! The clinic: one breach, and laws that want other words of each other. What each reader has, and what nobody has who
//! must not.

use crate::{
    harness::{CLINIC, Incident, RETAILER, finding},
    packet::packet_of,
};
use serde_json::{Value, json};

/// Returns the notice of the person with this id as text.
fn notice(incident: &Incident, id: &str) -> String {
    let shown = incident.run("preview", &["--id", id, "--as", "text"]).exits(0).stdout;
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Holds one text against what it must and must not have.
#[track_caller]
fn has(notice: &str, all: &[&str], none: &[&str]) {
    for words in all {
        assert!(notice.contains(words), "{words:?} is not in: {notice}");
    }
    for words in none {
        assert!(!notice.contains(words), "{words:?} is in: {notice}");
    }
}

const NUMBER: &str = "It affects 19 people.";
const HAPPENED: &str = "took a copy of";
const FREEZE: &str = "You can freeze your credit file. It costs nothing";
const POLICE_REPORT: &str = "You have the right to a police report";
const OFFER: &str = "Lantern Watch will watch your credit file for 24 months.";
const EQUIFAX: &str = "Equifax, P.O. Box 105788";

#[test]
fn california_has_its_title_its_headings_and_whether_the_police_delayed() {
    let incident = Incident::example(CLINIC);
    let ssn = notice(&incident, "P-2001");
    let own_headings = ["What happened", "Your data", "Is this real?"];
    let headings = [
        "Notice of Data Breach",
        "What Happened",
        "What Information Was Involved",
        "What We Are Doing",
        "What You Can Do",
        "For More Information",
        "The police did not delay this notice.",
    ];
    has(&ssn, &headings, &own_headings);
    has(&ssn, &[HAPPENED, OFFER, "Your code is LW-4471-QK", EQUIFAX], &[FREEZE, POLICE_REPORT]);
    let order: Vec<_> = headings[..6].iter().map(|heading| ssn.find(heading).unwrap()).collect();
    assert!(order.is_sorted(), "{order:?}");
    // Without a Social Security number the bureaus and the offer are not asked for; the law's words stand beside ours.
    let spanish = notice(&incident, "P-2002");
    has(
        &spanish,
        &["Qué ha pasado / What Happened", "La policía no ha retrasado este aviso."],
        &[EQUIFAX, "Lantern"],
    );
}

#[test]
fn massachusetts_is_silent_on_what_happened_and_on_numbers() {
    let incident = Incident::example(CLINIC);
    let staff = notice(&incident, "S-3001");
    has(
        &staff,
        &[
            "The breach happened between",
            FREEZE,
            POLICE_REPORT,
            OFFER,
            "belongs to Alder Bay Health Group, Inc., its parent company.",
            // How a freeze is asked for: of whom, with what, and that it is free.
            EQUIFAX,
            "Experian, P.O. Box 9554",
            "TransUnion, P.O. Box 160",
            "your Social Security number, your date of birth",
        ],
        &[HAPPENED, NUMBER, "Harmful software", " 19 "],
    );
    // A patient is one under HIPAA too: counsel decided, and is named.
    let patient = notice(&incident, "P-2004");
    has(&patient, &[HAPPENED, FREEZE, POLICE_REPORT, OFFER], &[NUMBER, "Harmful software"]);
}

#[test]
fn rhode_island_tells_the_number_and_illinois_does_not() {
    let incident = Incident::example(CLINIC);
    for (id, code) in [("P-2010", "LW-4480-GS"), ("S-3002", "LW-4487-NB")] {
        let here = "Attorney General of Rhode Island, 150 South Main Street";
        let told = notice(&incident, id);
        has(&told, &[NUMBER, "Harmful software", here, POLICE_REPORT, EQUIFAX], &[]);
        assert_eq!(told.matches(EQUIFAX).count(), 1, "the bureaus are named once: {told}");
        assert_eq!(
            told.matches(&format!("Your code is {code}")).count(),
            1,
            "what takes up the help is said once: {told}"
        );
    }
    for id in ["P-2011", "S-3003"] {
        let ftc = "The Federal Trade Commission helps against identity theft: 600 Pennsylvania";
        has(&notice(&incident, id), &[HAPPENED, ftc, EQUIFAX], &[NUMBER, "Attorney General", POLICE_REPORT]);
    }
}

#[test]
fn vermont_warns_and_new_york_names_its_own_agencies() {
    let incident = Incident::example(CLINIC);
    let warning = "Give no personal data in reply to messages about a breach, this one included.";
    has(&notice(&incident, "P-2012"), &[warning, "free credit reports for the next two years", NUMBER], &[EQUIFAX]);
    for id in ["P-2001", "P-2004", "P-2006", "P-2008", "P-2013"] {
        has(&notice(&incident, id), &[], &[warning]);
    }
    has(&notice(&incident, "P-2006"), &["Attorney General of New York", "Department of State"], &["Rhode Island,"]);
    has(&notice(&incident, "P-2008"), &["your health insurance number"], &["Attorney General", EQUIFAX, "Lantern"]);
    has(&notice(&incident, "P-2014"), &["Daten", "Ostküstenzeit"], &["Attorney General", "Lantern"]);
}

#[test]
fn who_cannot_be_told_by_email_alone_is_withheld_with_the_law_that_asks_for_more() {
    let incident = Incident::example(CLINIC);
    let report = incident.json("check", &[]).exits(0).json();
    assert_eq!(report["withheld"], json!({ "needs-letter": 3, "no-address": 1 }));
    assert_eq!(report["law"]["ways"], json!({ "blocked": 0, "email": 15, "leg": 0, "letter": 3 }));
    assert_eq!(report["law"]["coverage"]["exactly_one"], 15);
    incident.run("notify", &["--dry-run"]).exits(0);
    for (id, law) in [("P-2003", "us-ca"), ("P-2003", "us-hipaa"), ("P-2007", "us-ny"), ("S-3004", "us-ca")] {
        let why = format!("{law}: an e-mail alone is not enough, tier E");
        incident.run("explain", &[id]).exits(0).says(&["withheld: needs-letter", &why]);
    }
    // Consent to HIPAA's way is enough where no other law asks: of this patient no Social Security number was exposed.
    incident.run("explain", &["P-2005"]).exits(0).says(&["us-hipaa asks for this notice", "way: email"]);
    // As one leg it goes out all the same, and says so.
    let leg = "not_enough = { way = \"leg\", by = \"Imogen Sayre, counsel\", on = 2026-09-21, reason = \"letters follow\" }\ndecisions = [";
    incident.replace("incident.toml", "decisions = [", leg);
    let report = incident.json("check", &[]).exits(0).json();
    assert!(report["law"]["ways"]["leg"].as_u64().unwrap() > 0, "{report}");
    assert!(finding(&report, "law-leg")["message"].as_str().unwrap().contains("statewide_media"));
    // Page one shows who decided so, under the question that was asked.
    let packet = packet_of(&incident);
    let record: Value = serde_json::from_slice(&packet["packet.json"]).unwrap();
    let recorded = record["law"]["decisions"].as_array().unwrap();
    let asked =
        |recorded: &&Value| recorded["decision"]["question"].as_str().unwrap().contains("one of several ways");
    let leg = recorded.iter().find(asked).unwrap_or_else(|| panic!("{recorded:?}"));
    assert_eq!(leg["decision"]["by"], "Imogen Sayre, counsel");
    assert!(leg["regimes"].as_array().unwrap().contains(&json!("us-ca")), "{leg}");
}

/// A language in which nobody on the list is told is named, by `check` and on page one.
#[test]
fn a_wording_that_nobody_gets_is_listed() {
    let incident = Incident::example(RETAILER);
    let unreached = || -> Vec<String> {
        let report = incident.json("check", &[]).exits(0).json();
        serde_json::from_value(report["law"]["coverage"]["unreached"].clone()).unwrap()
    };
    let before = unreached();
    let list = incident.read("affected.csv");
    let reads_french = |line: &str| line.split(',').any(|cell| cell == "fr" || cell.starts_with("fr-"));
    let kept: Vec<_> = list.lines().filter(|line| !reads_french(line)).collect();
    incident.write("affected.csv", kept.join("\n") + "\n");
    incident.write("affected.toml", "");
    let now = unreached();
    let new: Vec<_> = now.iter().filter(|key| !before.contains(key)).collect();
    assert!(!new.is_empty() && new.iter().all(|key| key.ends_with("fr")), "{before:?} {now:?}");
    incident.run("check", &[]).exits(0).says(&["wordings that nobody gets: ", new[0]]);
    let index = String::from_utf8(packet_of(&incident)["index.html"].clone()).unwrap();
    let listed = format!("Offered, and nobody gets it: {}.", now.join(", "));
    assert!(index.contains(&listed), "page one lists them: {listed}");
}

#[test]
fn every_open_question_is_settled_by_a_named_person_and_nothing_is_unmet() {
    for example in [CLINIC, RETAILER] {
        let report = Incident::example(example).json("check", &[]).exits(0).json();
        let verdicts = report["law"]["verdicts"].as_array().unwrap();
        assert!(verdicts.len() > 20);
        for verdict in verdicts {
            assert_ne!(verdict["standing"], "not met", "{verdict}");
            let by = verdict["decision"]["by"].as_str().unwrap_or_default();
            assert!(verdict["standing"] == "met" || by.ends_with(", counsel"), "{verdict}");
        }
    }
}

/// Without counsel's word the plan is refused: the program takes no side.
#[test]
fn the_clash_stands_until_somebody_settles_it() {
    let incident = Incident::example(CLINIC);
    let toml = incident.read("incident.toml");
    let without: Vec<_> = toml.lines().filter(|line| !line.contains("kind = \"clash\"")).collect();
    incident.write("incident.toml", without.join("\n"));
    let report = incident.json("check", &[]).exits(3).json();
    let clash = finding(&report, "law-clash");
    let message = clash["message"].as_str().unwrap();
    assert!(message.contains("45 CFR § 164.404") && message.contains("ch. 93H, § 3(b)"), "{clash}");
    assert!(clash["hint"].as_str().unwrap().contains("kind = \"clash\", about = \"what_happened\""), "{clash}");
    incident.run("notify", &["--dry-run"]).exits(3);
}

/// Nineteen people, so the counts and the decisions alone say who else is to be told.
#[test]
fn the_packet_says_what_else_is_owed_and_by_when() {
    let packet = packet_of(&Incident::example(CLINIC));
    let record: Value = serde_json::from_slice(&packet["packet.json"]).unwrap();
    let owed = record["law"]["owed"].as_array().unwrap();
    let one = |regime: &str, kind: &str, to: &str| {
        let is_it = |owed: &&Value| {
            owed["regime"] == regime && owed["kind"] == kind && owed["to"].as_str().unwrap().contains(to)
        };
        owed.iter().find(is_it).unwrap_or_else(|| panic!("{regime} {kind}: {owed:?}")).clone()
    };
    // Thirty calendar days from 2 September are 2 October; California's end then, seven hours after UTC.
    let california = one("us-ca", "individual", "");
    assert_eq!((&california["by"], &california["owed"]), (&json!("2026-10-03T06:59:59Z"), &json!("yes")));
    assert_eq!(california["by_local"], "end of 2 October 2026, America/Los_Angeles");
    // Fourteen business days from 2 September, Labor Day on the 7th not among them.
    assert_eq!(one("us-vt", "regulator", "Vermont")["by_local"], "end of 23 September 2026, America/New_York");
    // More than 500 residents: not here.
    assert_eq!(one("us-ca", "regulator", "California")["owed"], "no");
    // Fewer than 500 people: at the end of the year, and not with the notices.
    let hhs: Vec<_> =
        owed.iter().filter(|owed| owed["regime"] == "us-hipaa" && owed["kind"] == "regulator").collect();
    assert_eq!(hhs.iter().map(|owed| &owed["owed"]).collect::<Vec<_>>(), [&json!("yes"), &json!("no")]);
    assert_eq!(hhs[0]["by"], "2027-03-02T04:59:59Z");
    let letters = one("us-ny", "letter", "4 people");
    assert_eq!(letters["by"], "2026-10-03T03:59:59Z", "by the first date that binds");
    let index = String::from_utf8(packet["index.html"].clone()).unwrap();
    for said in ["end of 2 October 2026, America/Los_Angeles", "4 people", "Imogen Sayre, counsel", "law-us-ma"] {
        assert!(index.contains(said), "{said}");
    }
}
