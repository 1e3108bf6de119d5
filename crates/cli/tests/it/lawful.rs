//! What laws make of a list: who is owed a notice, which way, and what refuses a plan.

use crate::{
    harness::{CLINIC, Incident, JANUARY, OCTOBER, RETAILER, finding, run},
    packet::files,
};
use forthwith_testkit::settings::{without_law, without_table};
use serde_json::{Value, json};

/// An incident with Social Security numbers; nothing is decided.
fn with(list: &str, law: &str) -> Incident {
    let incident = Incident::example(OCTOBER);
    incident.write("affected.csv", list);
    incident.write("affected.toml", "");
    let toml = without_table(&without_law(&incident.read("incident.toml")), "approval");
    let toml = format!("{toml}\n[law]\n{law}\n\n[approval]\nnone = \"a test\"\n");
    let toml = toml
        .replace("categories = [\"email\"]", "categories = [\"email\", \"name\", \"ssn\", \"mailbox_password\"]");
    incident.write("incident.toml", toml.replace("2020-10-19\ndetermined", "2026-10-19\ndetermined"));
    incident
}

fn check(incident: &Incident, code: i32) -> Value {
    incident.json("check", &[]).exits(code).json()
}

#[test]
fn the_examples_are_voluntary_in_the_united_states_and_owed_in_europe() {
    let incident = Incident::example(OCTOBER);
    let report = check(&incident, 0);
    let law = &report["law"];
    assert_eq!(law["people"], json!({ "owed": 6, "open": 0, "voluntary": 6 }));
    assert_eq!(law["coverage"]["exactly_one"], 12);
    assert_eq!(law["ways"], json!({ "blocked": 0, "email": 12, "leg": 0, "letter": 0 }));
    let verdicts = law["verdicts"].as_array().unwrap();
    assert!(verdicts.iter().any(|v| v["regime"] == "uk-gdpr" && v["standing"] == "met"), "{law}");
    for verdict in verdicts {
        let is_cited = verdict["citation"].as_str().is_some_and(|cite| !cite.is_empty());
        assert!(is_cited && !verdict["fact"].as_str().unwrap().is_empty(), "{verdict}");
        if verdict["standing"] == "a person decides" {
            assert!(verdict["decision"]["by"].as_str().unwrap().contains("counsel"), "{verdict}");
        }
    }
    incident.run("check", &[]).exits(0).says(&["told voluntarily", "No missing element found", "unverified"]);
}

#[test]
fn a_plan_is_bound_to_the_laws_of_those_alone_whom_it_may_tell() {
    let incident = Incident::example(OCTOBER);
    incident.append("affected.csv", "K-9001,left.out@post.example,Kim Minjun,KR,\n");
    incident.write("affected.toml", "leave_out = [{ id = \"K-9001\", reason = \"told in person\" }]\n");
    incident.run("notify", &["--dry-run"]).exits(0);
    let manifest = incident.read("out/packet/manifest.txt");
    assert!(manifest.contains("\nlaw.uk-gdpr sha256:") && !manifest.contains("law.kr-"), "{manifest}");
}

#[test]
fn who_did_not_agree_gets_a_letter_and_a_taken_mailbox_nothing() {
    let list = "id,email,country,region,data,consent\n\
                A,a@post.example,US,MA,name;ssn,\n\
                B,b@post.example,US,CA,mailbox_password,esign\n\
                C,c@post.example,US,CA,email,\n\
                D,d@post.example,,,email,\n";
    let report = check(&with(list, ""), 0);
    assert_eq!(report["withheld"], json!({ "blocked": 1, "needs-letter": 1 }));
    assert_eq!(report["planned"], 2);
    assert_eq!(report["law"]["people"], json!({ "owed": 0, "open": 1, "voluntary": 1 }));
    assert!(finding(&report, "law-residence")["message"].as_str().unwrap().contains("unknown"));
}

#[test]
fn a_wrong_consent_and_a_wrong_region_are_refused_in_their_rows() {
    let list = "id,email,country,region,consent\nA,a@post.example,US,XYZW,\nB,b@post.example,US,CA,esing\n";
    let report = check(&with(list, ""), 3);
    assert!(finding(&report, "consent-unknown")["hint"].as_str().unwrap().contains("esign"), "{report}");
    assert_eq!(report["refused"], 2);
}

#[test]
fn the_notice_leaves_out_what_the_readers_law_forbids() {
    let list = "id,email,country,region,data,consent\nA,a@post.example,US,MA,name;ssn,esign\n";
    let law = "sender_was_source = true";
    let incident = with(list, law);
    let report = check(&incident, 3);
    let missing = finding(&report, "law-not-met")["message"].as_str().unwrap();
    assert!(missing.contains("93H") && missing.contains("us-ma"), "{missing}");
    for element in
        ["right_to_police_report", "security_freeze_howto", "credit_monitoring_offer", "enrollment_instructions"]
    {
        incident.write(&format!("templates/{element}.en.md"), "Call us, and we help you with this.");
    }
    let report = check(&incident, 0);
    let key = report["variants"][0]["key"].as_str().unwrap();
    assert!(key.contains("-what_happened") && key.contains("+right_to_police_report"), "{key}");
    let notice = incident.run("preview", &["--row", "1"]).exits(0).stdout;
    assert!(notice.contains("we help you with this") && notice.contains("The breach happened between"), "{notice}");
    assert!(!notice.contains("passed on"), "{notice}");
    // What somebody wrote in words of their own, no program can tell.
    let own = report["findings"].as_array().unwrap().iter().find(|finding| {
        let says = finding["message"].as_str().unwrap();
        finding["code"] == "law-open" && says.contains("what kind of breach it was")
    });
    assert!(own.is_some(), "{report}");
    let frozen = incident.json("notify", &["--dry-run"]).exits(0).json();
    assert!(frozen["digest"].as_str().unwrap().starts_with("sha256:"));
    let manifest = incident.read("out/packet/manifest.txt");
    assert!(manifest.contains("\nlaw.us-ma sha256:"), "{manifest}");
    incident.run("explain", &["A"]).exits(0).says(&["us-ma asks for this notice", "way: email"]);
    assert_eq!(incident.json("explain", &["A"]).exits(0).json()["stories"][0]["law"]["duty"], "owed");
}

#[test]
fn a_clash_refuses_the_plan_until_a_person_settles_it() {
    let list = "id,email,country,region,data,consent\nA,a@post.example,US,MA,name;ssn,esign;hipaa_agreement\n";
    let incident = with(list, "sender_was_source = true\n");
    let toml = incident.read("incident.toml").replace("\"ssn\", \"mailbox", "\"ssn\", \"health\", \"mailbox");
    let roles = "[organisation]\nroles = [\"owner\", \"covered_entity\"]";
    let toml = toml.replacen("[organisation]", roles, 1);
    incident.write("incident.toml", &toml);
    incident.write("affected.csv", list.replace("name;ssn", "name;ssn;health"));
    let report = check(&incident, 3);
    let clash = finding(&report, "law-clash");
    let message = clash["message"].as_str().unwrap();
    assert!(
        message.contains("us-hipaa") && message.contains("us-ma") && message.contains("what_happened"),
        "{clash}"
    );
    let line = r#"decisions = [{ kind = "clash", about = "what_happened", answer = true, by = "N. Castellan, counsel", on = 2026-10-22, reason = "x" }]"#;
    incident.write(
        "incident.toml",
        toml.replace("sender_was_source = true", &format!("sender_was_source = true\n{line}")),
    );
    let settled = check(&incident, 3);
    let clashes = settled["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == "law-clash");
    assert!(
        clashes.clone().all(|clash| !clash["message"].as_str().unwrap().contains("`what_happened`")),
        "{settled}"
    );
}

/// No program and no page says that a notice keeps the law: every page and every output is read.
#[test]
fn nothing_says_that_a_law_is_kept() {
    let mut read = 0;
    let mut look = |what: &str, said: &str| {
        let said = said.to_lowercase();
        for word in ["compliant", "compliance", "complies", "keeps the law", "lawful notice"] {
            assert!(!said.contains(word), "{what} says {word}");
        }
        read += 1;
    };
    for example in [OCTOBER, JANUARY, RETAILER, CLINIC] {
        let incident = Incident::example(example);
        let commands: [(&str, &[&str]); 7] = [
            ("check", &[]),
            ("preview", &[]),
            ("notify", &["--dry-run"]),
            ("notify", &[]),
            ("status", &[]),
            ("explain", &["1"]),
            ("deadlines", &[]),
        ];
        for (command, more) in commands {
            let both = [incident.run(command, more), incident.json(command, more)];
            for run in both {
                look(command, &run.stdout);
                look(command, &run.stderr);
            }
        }
        for (name, bytes) in files(&incident.file("out/packet")) {
            look(&format!("{example}: {name}"), &String::from_utf8_lossy(&bytes));
        }
        for (name, bytes) in incident.inbox() {
            look(&name, &String::from_utf8_lossy(&bytes));
        }
    }
    for id in ["us-ca", "us-ma", "us-hipaa", "eu-gdpr", "za-popia"] {
        look(id, &run(&["law", id]).exits(0).stdout);
    }
    look("law", &run(&["law"]).exits(0).stdout);
    look("help", &run(&["--help"]).exits(0).stdout);
    look("man", &run(&["man"]).exits(0).stdout);
    assert!(read > 300, "{read}");
}

/// A person of whom no country is known, and a region that is none: the first is shown and not applied, the second is
/// refused in its row.
#[test]
fn a_residence_that_is_missing_or_wrong_is_said() {
    let report = check(&with("id,email,data\nA,a@post.example,name;ssn\n", ""), 0);
    let residence = finding(&report, "law-residence");
    assert!(residence["hint"].as_str().unwrap().contains("complete country and region"), "{residence}");
    let list = "id,email,country,region,data\nA,a@post.example,US,ZZZZ,name;ssn\n";
    let report = check(&with(list, ""), 3);
    assert_eq!((report["refused"].as_u64(), report["planned"].as_u64()), (Some(1), Some(0)));
}

/// A date that waits for an event says for which, and is no guess.
#[test]
fn a_date_whose_event_is_missing_waits_for_it() {
    let incident = Incident::example(CLINIC);
    let toml = incident.read("incident.toml");
    let kept = |line: &&str| !line.starts_with("confirmed") && !line.starts_with("scope_identified");
    incident.write("incident.toml", toml.lines().filter(kept).collect::<Vec<_>>().join("\n"));
    let dates = incident.json("deadlines", &[]).exits(0).json();
    let is_it = |date: &&Value| date["regime"] == "us-ri" && date["obligation"] == "individual";
    let waits = dates["deadlines"].as_array().unwrap().iter().find(is_it).unwrap().clone();
    assert_eq!(waits["due"], Value::Null);
    assert_eq!(waits["waits"], json!({ "events": ["confirmed", "scope_identified"], "needs": "all" }));
}
