//! Tests of reading regime files: the shipped ones, and each kind of slip at its place.

use super::*;
use crate::law::{
    Answer, Channel, ClockEvent, Comparator, ConsentKind, Element, Exposed, FILES, Ground, HarmKind, HoldMode,
    Order, Role, Scope, Source, Start, Threshold, Tier, Unit, regime as shipped_regime, shipped,
};
use crate::recipient::Residence;

const WHOLE: &str = r#"
id = "xx-test"
title = "Test"
citation = "Test Act"
revision = 2026-11-23
effective = { from = 2020-01-01, to = 2030-12-31 }
verified = { read = "A. Ash, paralegal", on = 2026-11-24 }
place = "US-VT"

[applies]
residence = ["US-VT", "EEA"]
residence_except = ["FR"]
roles = ["owner"]
roles_except = ["bank"]
act = "access"
harm = { kind = "misuse_likely", says = "asked of a person" }
data = { any_of = [["name", "ssn"]], unless_encrypted = true }
cite = "s. 1"
source = "read"

[[obligation]]
id = "individual"
to = "individual"
within = { n = 45, unit = "calendar_days" }
clock = { latest_of = ["confirmed", "scope_identified"] }
cite = "s. 2"
source = "recalled"

[[obligation]]
id = "ag"
to = "regulator"
who = ["Attorney General"]
threshold = { scope = "residents", op = ">=", n = 500 }
sequence = { before = "individual" }
harm = "none"
cite = "s. 3"
source = "secondary"

[[content]]
require = ["what_happened"]
cite = "s. 4"
source = "read"

[[content]]
when = { all = [{ data_has = [["ssn"]] }, { not = { role = "bank" } }] }
forbid = ["waiver_of_rights"]
cite = "s. 4"
source = "read"

[manner.email]
tier = "E3"
allow_if = [{ consent = "esign", log_each = true, must_accompany = ["sms"] }]
cite = "s. 5"
source = "read"

[[manner.substitute]]
cost_over = 5000
legs = ["email", { channel = "website", days = 30 }, "local_media"]
legs_needed = 2
cite = "s. 6"
source = "read"

[[exception]]
kind = "good_faith"
lifts = "individual_notice"
keeps = ["ag"]
says = "in good faith"
cite = "s. 7"
source = "read"
"#;

#[test]
fn a_whole_regime_is_read() {
    let (regime, findings) = read("law/xx-test.toml", WHOLE.as_bytes());
    assert_eq!(findings, []);
    let regime = regime.unwrap();
    let individual = regime.individual().unwrap();
    let period = individual.deadline.within.unwrap();
    assert_eq!((period.n, period.unit), (45, Unit::CalendarDays));
    let events = vec![ClockEvent::Confirmed, ClockEvent::ScopeIdentified];
    assert_eq!(individual.deadline.start, Some(Start::LatestOf(events)));
    let ag = &regime.obligations[1];
    assert_eq!(ag.threshold, Some(Threshold { scope: Scope::Residents, op: Comparator::AtLeast, n: 500 }));
    assert_eq!(ag.sequence.as_ref().map(|sequence| sequence.order), Some(Order::Before));
    assert_eq!(
        (regime.harm_for(ag).kind, regime.harm_for(individual).kind),
        (HarmKind::Nothing, HarmKind::MisuseLikely)
    );
    let manner = regime.manner.as_ref().unwrap();
    assert_eq!(manner.email.allow_if[0].grounds, [Ground::Consent(ConsentKind::Esign)]);
    assert_eq!((manner.substitute[0].legs_needed, manner.substitute[0].legs.len()), (2, 3));
    let tally = regime.tally();
    assert_eq!((tally.rules, tally.read, tally.secondary, tally.recalled, tally.unverified), (8, 6, 1, 1, 2));
    let [before, last] = [jiff::civil::date(2019, 12, 31), jiff::civil::date(2030, 12, 31)];
    assert!(!regime.is_in_force(before) && regime.is_in_force(last));
}

#[test]
fn a_regime_reaches_whom_residence_role_and_data_bring_into_it() {
    let regime = read("xx-test.toml", WHOLE.as_bytes()).0.unwrap();
    let lives = |country: &str, region: &str| Residence { country: country.into(), region: region.into() };
    let exposed = Exposed::of_ids(["name", "ssn"]);
    let reaches = |residence, roles: &[Role]| regime.applies.reaches(&residence, roles, &exposed);
    assert_eq!(reaches(lives("US", "VT"), &[Role::Owner]), Answer::Yes);
    assert_eq!(reaches(lives("US", ""), &[Role::Owner]), Answer::Unknown);
    assert_eq!(reaches(lives("FR", ""), &[Role::Owner]), Answer::No);
    assert_eq!(reaches(lives("US", "VT"), &[Role::Owner, Role::Bank]), Answer::No);
    assert_eq!(reaches(lives("US", "VT"), &[Role::Maintainer]), Answer::No);
}

#[test]
fn each_slip_is_one_finding_at_its_place() {
    for (from, to, code, at) in [
        ("id = \"xx-test\"", "id = \"xx-toast\"", "regime-id", "\"xx-toast\""),
        ("2020-01-01", "2031-01-01", "dates-reversed", "{ from"),
        ("revision = 2026-11-23", "revision = \"today\"", "wrong-type", "\"today\""),
        ("read = \"A. Ash, paralegal\", ", "", "one-of-these", "{ on"),
        ("{ read = \"A. Ash, paralegal\", on = 2026-11-24 }", "\"counsel\"", "unknown-value", "\"counsel\""),
        ("\"US-VT\"\n", "\"US-Vermont\"\n", "unknown-value", "\"US-Vermont\""),
        ("\"EEA\"", "\"EU\"", "unknown-residence", "\"EU\""),
        ("\"owner\"", "\"ownr\"", "unknown-word", "\"ownr\""),
        ("[[\"name\", \"ssn\"]]", "[]", "wrong-length", "[]"),
        ("[[\"name\", \"ssn\"]]", "[[\"name\", \"name\"]]", "twice", "\"name\""),
        ("clock = { latest_of", "clock = { last_of", "one-of-these", "{ last_of"),
        ("clock = { latest_of = [\"confirmed\", \"scope_identified\"] }\n", "", "missing-key", "[[obligation]]"),
        ("who = [\"Attorney General\"]\n", "", "missing-key", "[[obligation]]"),
        ("op = \">=\"", "op = \"=\"", "unknown-word", "\"=\""),
        ("before = \"individual\"", "before = \"ag\"", "unknown-obligation", ""),
        ("id = \"ag\"", "id = \"individual\"", "twice", ""),
        ("require = [\"what_happened\"]", "require = [\"what_hapened\"]", "unknown-word", "\"what_hapened\""),
        (
            "require = [\"what_happened\"]",
            "advise = [\"cause\"]\nrequire = [\"cause\"]",
            "one-of-these",
            "[[content]]",
        ),
        ("\"waiver_of_rights\"", "\"what_happened\"", "unknown-word", "\"what_happened\""),
        ("role = \"bank\"", "roll = \"bank\"", "unknown-key", "roll"),
        ("consent = \"esign\"", "consent = \"none\"", "unknown-word", "\"none\""),
        ("consent = \"esign\", ", "", "missing-key", "{ log_each"),
        ("legs_needed = 2", "legs_needed = 4", "unknown-value", "4"),
        ("cost_over = 5000\n", "", "missing-key", "[[manner.substitute]]"),
        ("keeps = [\"ag\"]", "keeps = [\"agg\"]", "unknown-obligation", ""),
        ("source = \"recalled\"", "source = \"heard\"", "unknown-word", "\"heard\""),
        ("cite = \"s. 5\"\n", "", "missing-key", "[manner.email]"),
        ("when = { all", "when = { always", "one-of-these", "{ always"),
    ] {
        assert!(WHOLE.contains(from), "{from}");
        let text = WHOLE.replacen(from, to, 1);
        let (regime, findings) = read("xx-test.toml", text.as_bytes());
        assert_eq!(regime, None, "{to}");
        let finding = findings.iter().find(|f| f.code == code).unwrap_or_else(|| panic!("{to}: {findings:?}"));
        assert!(text[finding.place.span.clone().unwrap()].starts_with(at), "{to}: {finding:?}");
    }
}

#[test]
fn a_slip_of_the_hand_is_told_the_nearest_word() {
    let text = WHOLE.replacen("\"what_happened\"", "\"what_hapened\"", 1).replacen("tier =", "teir =", 1);
    let hints: Vec<_> = read("xx-test.toml", text.as_bytes()).1.into_iter().filter_map(|f| f.hint).collect();
    assert_eq!(hints, ["is `what_happened` meant?", "is `tier` meant?"]);
}

#[test]
fn what_a_regime_always_requires_and_forbids_at_once_is_refused() {
    let always =
        WHOLE.replacen("when = { all = [{ data_has = [[\"ssn\"]] }, { not = { role = \"bank\" } }] }\n", "", 1);
    let clash = always.replacen("waiver_of_rights", "nature_of_breach", 1);
    assert!(read("xx-test.toml", always.as_bytes()).0.is_some());
    let (_, findings) = read("xx-test.toml", clash.as_bytes());
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["clash"]);
    let sometimes = WHOLE.replacen("waiver_of_rights", "nature_of_breach", 1);
    assert!(read("xx-test.toml", sometimes.as_bytes()).0.is_some(), "a person may settle that");
}

#[test]
fn conditions_stand_only_so_deep_in_each_other() {
    let nested = |depth: usize| {
        let when = format!("{}{{ role = \"bank\" }}{}", "{ not = ".repeat(depth - 1), " }".repeat(depth - 1));
        let text = WHOLE.replacen("{ not = { role = \"bank\" } }", &when, 1);
        read("xx-test.toml", text.as_bytes()).1.into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!((nested(3), nested(4)), (vec![], vec!["too-deep"]), "`all` around them is one more");
}

#[test]
fn every_shipped_regime_is_read_without_a_finding() {
    for (id, text) in FILES {
        let (regime, findings) = read(&format!("{id}.toml"), text.as_bytes());
        assert_eq!(findings, [], "{id}");
        let regime = regime.unwrap();
        let tally = regime.tally();
        assert_eq!(tally.rules, tally.read + tally.secondary + tally.recalled, "{id}");
        assert!(tally.unverified > 0 || regime.verified != Verified::Unverified, "{id}");
    }
    assert_eq!(shipped().len(), FILES.len());
    assert!(FILES.iter().map(|(id, _)| id).is_sorted());
    assert_eq!(shipped_regime("xx-test"), None);
}

/// A rule says what was read, and never that a notice meets the law.
#[test]
fn no_shipped_regime_speaks_as_counsel_would() {
    for (id, text) in FILES {
        assert!(!text.to_lowercase().contains("compli"), "{id}");
    }
}

fn asked_of(id: &str, when: impl Fn(&Condition) -> bool) -> Vec<Element> {
    let rules = shipped_regime(id).unwrap().content.iter().filter(|rule| when(&rule.when));
    let elements = rules.filter_map(|rule| match &rule.effect {
        Effect::Require(elements) | Effect::IfKnown(elements) | Effect::PerRecipient(elements) => Some(elements),
        _ => None,
    });
    elements.flatten().copied().collect()
}

#[test]
fn the_states_ask_for_what_the_others_forbid() {
    let always = |when: &Condition| *when == Condition::Always;
    assert!(asked_of("us-ri", always).contains(&Element::NumberAffected));
    assert!(asked_of("us-ca", always).contains(&Element::WhatHappened));
    let massachusetts = shipped_regime("us-ma").unwrap();
    let forbidden: Vec<Element> = massachusetts
        .content
        .iter()
        .filter_map(|rule| if let Effect::Forbid(forbidden) = &rule.effect { Some(forbidden) } else { None })
        .flatten()
        .flat_map(|forbidden| forbidden.elements().iter().copied())
        .collect();
    assert!(forbidden.contains(&Element::WhatHappened) && forbidden.contains(&Element::NumberAffected));
    assert!(!asked_of("us-ma", |_| true).iter().any(|element| forbidden.contains(element)));
}

#[test]
fn the_shipped_deadlines_are_those_of_their_laws() {
    // Regime, obligation, period; the source stands in each file as the obligation's `cite`.
    for (id, obligation, period) in [
        ("us-ca", "individual", Some((30, Unit::CalendarDays))),
        ("us-ca", "ag", Some((15, Unit::CalendarDays))),
        ("us-ma", "individual", None),
        ("us-ri", "individual", Some((45, Unit::CalendarDays))),
        ("us-vt", "individual", Some((45, Unit::CalendarDays))),
        ("us-vt", "regulator", Some((14, Unit::BusinessDays))),
        ("us-ny", "individual", Some((30, Unit::CalendarDays))),
        ("us-ny", "ag-after-hhs", Some((5, Unit::BusinessDays))),
        ("eu-gdpr", "individual", None),
        ("eu-gdpr", "authority", Some((72, Unit::Hours))),
        ("uk-gdpr", "authority", Some((72, Unit::Hours))),
        ("us-hipaa", "individual", Some((60, Unit::CalendarDays))),
        ("us-hipaa", "hhs-yearly", Some((60, Unit::CalendarDays))),
    ] {
        let regime = shipped_regime(id).unwrap();
        let found = regime.obligations.iter().find(|known| known.id == obligation).unwrap();
        assert_eq!(found.deadline.within.map(|within| (within.n, within.unit)), period, "{id} {obligation}");
    }
    let op = |id: &str, obligation: &str| {
        let found = shipped_regime(id).unwrap().obligations.iter().find(|known| known.id == obligation).unwrap();
        found.threshold.map(|threshold| (threshold.op, threshold.n))
    };
    assert_eq!(op("us-ca", "ag"), Some((Comparator::MoreThan, 500)));
    assert_eq!(op("us-hipaa", "hhs"), Some((Comparator::AtLeast, 500)));
    assert_eq!(op("us-hipaa", "media"), Some((Comparator::MoreThan, 500)));
}

#[test]
fn the_shipped_ways_are_those_of_their_laws() {
    let tiers = shipped().iter().map(|regime| regime.manner.as_ref().unwrap().email.tier);
    let expected = [Tier::E1, Tier::E1, Tier::E3, Tier::E5, Tier::E3, Tier::E4, Tier::E3, Tier::E2]; // in the order of ids
    assert_eq!(tiers.collect::<Vec<_>>(), expected);
    let vermont = shipped_regime("us-vt").unwrap();
    let manner = vermont.manner.as_ref().unwrap();
    assert_eq!(manner.email.allow_if[0].require, [Element::AntiPhishingWarning]);
    assert!(manner.substitute[0].legs.iter().all(|leg| leg.channel != Channel::Email), "no e-mail leg in Vermont");
    assert_eq!(vermont.hold.as_ref().map(|hold| hold.mode), Some(HoldMode::Shall));
    assert_eq!(vermont.obligations[1].sequence.as_ref().map(|sequence| sequence.order), Some(Order::NotLaterThan));
    let penalty = shipped_regime("eu-gdpr").unwrap().penalty.as_ref().unwrap();
    assert_eq!(penalty.basis.source, Source::Recalled);
}
