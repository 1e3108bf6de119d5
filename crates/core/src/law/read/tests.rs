//! Tests of reading regime files: the shipped ones, and each kind of slip at its place.

use super::*;
use crate::law::{
    Addressee, Answer, Channel, ClockEvent, Comparator, ConsentKind, Element, Exposed, FILES, Ground, HarmKind,
    HoldMode, Order, Role, Scope, Source, Start, Threshold, Tier, Unit, Word, regime as shipped_regime, shipped,
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

/// The states of the US, the District of Columbia and Puerto Rico, written down a second time by hand: the tier of
/// an e-mail, the days for people, how the regulator's and the bureaus' thresholds compare and with which number.
/// `-` is none stated or nobody to tell, `any` a duty from one person on.
const STATES: &str = "
AL E1 45 >1000 >1000 | AK E2 - - >1000 | AZ E1 45 >1000 >1000 | AR E3 - >1000 - | CA E3 30 >500 -
CO E2 30 >=500 >1000 | CT E3 60 any - | DE E2 60 >500 - | DC E3 - >=50 >1000 | FL E1 30 >=500 >1000
GA E3 - - >10000 | HI E3 - >1000 >1000 | ID E3 - - - | IL E3 - >500 - | IN E1 45 any >1000
IA E2 - >500 - | KS E3 - - >1000 | KY E3 - - >1000 | LA E3 60 any - | ME E3 30 any >1000
MD E2 45 any >=1000 | MA E3 - any any | MI E2 - - >=1000 | MN E2 - - >500 | MS E2 - - -
MO E3 - >1000 >1000 | MT E3 - any - | NE E3 - any - | NV E3 - - >1000 | NH E2 - any >1000
NJ E3 - any >1000 | NM E2 45 >1000 >1000 | NY E4 30 any >5000 | NC E3 - any >1000 | ND E3 - >250 -
OH E2 45 - >1000 | OK E1 - >=500 - | OR E2 45 >250 >1000 | PA E1 - >500 >500 | PR E3 - any -
RI E3 45 >500 >500 | SC E2 - >1000 >1000 | SD E2 60 >250 any | TN E3 45 - >1000 | TX E3 60 >=250 >10000
UT E2 - >=500 >1000 | VT E2 45 any >1000 | VA E1 - any >1000 | WA E3 30 >500 - | WV E3 - - >1000
WI E1 45 - >=1000 | WY E1 - - -
";

#[test]
fn every_state_is_shipped_with_its_tier_its_days_and_its_thresholds() {
    let states: Vec<&str> = STATES.split(['|', '\n']).map(str::trim).filter(|state| !state.is_empty()).collect();
    assert_eq!(states.len(), 52);
    for state in states {
        let [code, tier, days, regulator, bureaus] = state.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{state}")
        };
        let regime = shipped_regime(&format!("us-{}", code.to_lowercase())).unwrap_or_else(|| panic!("{code}"));
        assert_eq!(regime.place.as_ref().map(|place| place.code().to_owned()), Some(format!("US-{code}")));
        assert_eq!(regime.manner.as_ref().unwrap().email.tier.word(), tier, "{code}");
        let within = regime.individual().unwrap().deadline.within.map(|within| within.n.to_string());
        assert_eq!(within.as_deref().unwrap_or("-"), days, "{code}: days");
        let threshold = |to: Addressee| {
            let first = regime.obligations.iter().find(|obligation| obligation.to == to)?;
            let says = |threshold: Threshold| format!("{}{}", threshold.op.word(), threshold.n);
            Some(first.threshold.map_or_else(|| "any".to_owned(), says))
        };
        assert_eq!(threshold(Addressee::Regulator).as_deref().unwrap_or("-"), regulator, "{code}: regulator");
        assert_eq!(threshold(Addressee::CreditBureaus).as_deref().unwrap_or("-"), bureaus, "{code}: bureaus");
    }
}

#[test]
fn what_a_person_reads_of_a_regime_names_no_rule_without_its_place() {
    assert_eq!(shipped().len(), 71);
    for regime in shipped() {
        assert!(regime.rules().iter().all(|rule| !rule.basis.cite.is_empty()), "{}", regime.id);
        let tally = regime.tally();
        assert_eq!((tally.unverified, tally.read + tally.secondary + tally.recalled), (tally.rules, tally.rules));
        assert!(!format!("{regime:?}").to_lowercase().contains("complian"), "{}", regime.id);
    }
}

#[test]
fn the_shipped_ways_are_those_of_their_laws() {
    for (id, tier) in
        [("eu-gdpr", Tier::E1), ("uk-gdpr", Tier::E1), ("us-hipaa", Tier::E5), ("us-ftc-hbnr", Tier::E5)]
    {
        assert_eq!(shipped_regime(id).unwrap().manner.as_ref().unwrap().email.tier, tier, "{id}");
    }
    // The Safeguards Rule asks for no notice to people.
    let safeguards = shipped_regime("us-glba-ftc-safeguards").unwrap();
    assert!(safeguards.manner.is_none() && safeguards.individual().is_none());
    let accompany =
        &shipped_regime("us-ftc-hbnr").unwrap().manner.as_ref().unwrap().email.allow_if[0].must_accompany;
    assert_eq!(accompany.len(), 3, "an e-mail alone is never enough");
    let vermont = shipped_regime("us-vt").unwrap();
    let manner = vermont.manner.as_ref().unwrap();
    assert_eq!(manner.email.allow_if[0].require, [Element::AntiPhishingWarning]);
    assert!(manner.substitute[0].legs.iter().all(|leg| leg.channel != Channel::Email), "no e-mail leg in Vermont");
    assert_eq!(vermont.hold.as_ref().map(|hold| hold.mode), Some(HoldMode::Shall));
    assert_eq!(vermont.obligations[1].sequence.as_ref().map(|sequence| sequence.order), Some(Order::NotLaterThan));
    let penalty = shipped_regime("eu-gdpr").unwrap().penalty.as_ref().unwrap();
    assert_eq!(penalty.basis.source, Source::Recalled);
}
