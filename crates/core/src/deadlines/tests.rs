//! Whole deadlines against dates that were worked out by hand; holds, orders, counts and what is missing.

use super::*;
use crate::{
    affected::Fated,
    fact::Fact,
    incident::Question,
    law::{Deadline, ExceptionKind, Hold as Rule, Order, Sequence, Start, Unit, regime, shipped},
    notice::Withheld,
    private::Private,
    recipient::Residence,
};
use jiff::civil::date;
use std::collections::BTreeMap;

const SSN: &[&str] = &["name", "ssn"];
const HEALTH: &[&str] = &["name", "health"];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An incident that was discovered on 3 November 2026.
fn clock(events: &[(ClockEvent, When)]) -> Clock {
    Clock {
        occurred: Fact::Unknown,
        discovered: Fact::Known(When::On(date(2026, 11, 3))),
        determined: None,
        contained: None,
        exposed: None,
        further: events.iter().cloned().collect(),
        zone: None,
    }
}

fn census(people: &[(&str, &[&str], u64)]) -> Census {
    let mut census = Census::default();
    for (code, data, count) in people {
        let (country, region) = code.split_once('-').unwrap_or((code, ""));
        let lives = Residence { country: country.into(), region: region.into() };
        let data: Vec<_> = data.iter().map(|id| (*id).to_owned()).collect();
        let empty = || Private::new(String::new());
        let (note, reason) = (String::new(), Withheld::NeedsLetter);
        let fate = Fated::Withheld { reason, note, id: empty(), address: empty(), name: empty() };
        (0..*count).for_each(|_| census.add(&fate, || (lives.clone(), data.clone())));
    }
    census
}

/// What the incident is like on the day after its discovery, for an organisation under HIPAA.
struct Case {
    clock: Clock,
    census: Census,
    roles: Vec<Role>,
    holds: Vec<Hold>,
    now: Timestamp,
    first_handed_over: Option<Timestamp>,
    law: LawSettings,
}

impl Case {
    fn new(events: &[(ClockEvent, When)], people: &[(&str, &[&str], u64)]) -> Self {
        let roles = vec![Role::Owner, Role::CoveredEntity];
        let now = at("2026-11-04T12:00:00Z");
        Self {
            clock: clock(events),
            census: census(people),
            roles,
            holds: Vec::new(),
            now,
            first_handed_over: None,
            law: LawSettings::default(),
        }
    }

    fn of<'r>(&self, regimes: &'r [Regime]) -> Vec<Dated<'r>> {
        let situation = Situation {
            clock: &self.clock,
            first_handed_over: self.first_handed_over,
            roles: &self.roles,
            census: &self.census,
            law: &self.law,
            holds: &self.holds,
            now: self.now,
        };
        deadlines(regimes, &situation)
    }
}

fn one<'d, 'r>(dated: &'d [Dated<'r>], regime: &str, obligation: &str) -> &'d Dated<'r> {
    let is_it = |dated: &&Dated<'_>| dated.regime.id == regime && dated.obligation.id == obligation;
    dated.iter().find(is_it).unwrap_or_else(|| panic!("no {regime} {obligation}"))
}

fn due(dated: &Dated<'_>) -> String {
    dated.due.as_ref().map(|due| due.at.to_string()).unwrap_or_default()
}

fn says(dated: &Dated<'_>, words: &str) -> bool {
    dated.moves.iter().any(|text| text.contains(words))
}

/// Thirty days from 3 November are 3 December, and end in California eight hours after UTC. More than 500 residents
/// bring the Attorney General in, 15 days after people were notified: Cal. Civ. Code 1798.82(a), (f).
#[test]
fn california_counts_days_for_people_and_heads_for_its_attorney_general() {
    for (people, owed) in [(500, Answer::No), (501, Answer::Yes)] {
        let case = Case::new(&[], &[("US-CA", SSN, people)]);
        let dated = case.of(shipped());
        let individual = one(&dated, "us-ca", "individual");
        assert_eq!((individual.owed, due(individual).as_str()), (Answer::Yes, "2026-12-04T07:59:59Z"));
        assert_eq!(individual.due.as_ref().unwrap().day, Some(date(2026, 12, 3)));
        let ag = one(&dated, "us-ca", "ag");
        assert_eq!((ag.owed, ag.due.is_none(), ag.counted.number.certain), (owed, true, people));
        let waits = ag.waits.as_ref().unwrap();
        assert_eq!(waits.events, [ClockEvent::IndividualsNotified], "it waits for a fact, and guesses none");
        assert!(waits.in_words().contains("`individuals_notified` (the affected people were notified)"));
    }
    let mut case = Case::new(&[], &[("US-CA", SSN, 501)]);
    // The first notice went out on the evening of 20 November in Sacramento.
    case.first_handed_over = Some(at("2026-11-21T05:00:00Z"));
    assert_eq!(due(one(&case.of(shipped()), "us-ca", "ag")), "2026-12-06T07:59:59Z");
    let told = (ClockEvent::IndividualsNotified, When::On(date(2026, 11, 19)));
    case.clock = clock(&[told]);
    assert_eq!(due(one(&case.of(shipped()), "us-ca", "ag")), "2026-12-05T07:59:59Z", "incident.toml comes first");
}

/// 45 days from 3 November are 18 December; 14 business days are 24 November, or the notice to people where that is
/// sooner: 9 V.S.A. § 2435(b)(1), (3).
#[test]
fn vermont_tells_its_attorney_general_no_later_than_people() {
    let mut case = Case::new(&[], &[("US-VT", SSN, 1)]);
    let dated = case.of(shipped());
    assert_eq!(due(one(&dated, "us-vt", "individual")), "2026-12-19T04:59:59Z");
    let regulator = one(&dated, "us-vt", "regulator");
    assert_eq!((due(regulator).as_str(), regulator.by_order), ("2026-11-25T04:59:59Z", None));
    assert_eq!(regulator.counting.as_ref().unwrap().passed_over, [(date(2026, 11, 11), "Veterans Day")]);
    assert!(says(regulator, "no later than the other"));
    case.first_handed_over = Some(at("2026-11-20T14:00:00Z"));
    let dated = case.of(shipped());
    let regulator = one(&dated, "us-vt", "regulator");
    let by = regulator.by_order.map(|obligation| obligation.id.as_str());
    assert_eq!((due(regulator).as_str(), by), ("2026-11-20T14:00:00Z", Some("individual")));
}

/// 45 CFR 164.404, .406, .408: 60 days for people, for the Secretary from 500 on, for media in a state with more than
/// 500; below, 60 days from the end of the year. From 3 November: 2 January 2027, a Saturday; 1 March 2027.
#[test]
fn hipaa_changes_its_addressees_at_five_hundred() {
    for (people, secretary, yearly, media) in [
        (499, Answer::No, Answer::Yes, Answer::No),
        (500, Answer::Yes, Answer::No, Answer::No),
        (501, Answer::Yes, Answer::No, Answer::Yes),
    ] {
        let dated = Case::new(&[], &[("US-OR", HEALTH, people)]).of(shipped());
        let of = |id| one(&dated, "us-hipaa", id);
        assert_eq!(
            (of("hhs").owed, of("hhs-yearly").owed, of("media").owed),
            (secretary, yearly, media),
            "{people}"
        );
        assert_eq!(due(of("individual")), "2027-01-03T04:59:59Z");
        assert_eq!(due(of("hhs-yearly")), "2027-03-02T04:59:59Z");
        assert!(says(of("individual"), "its last day is a Saturday"));
        assert!(says(of("individual"), "2027-01-04"));
    }
    let asks = |data: &[&str], words: &str| {
        let dated = Case::new(&[], &[("US-OR", data, 9)]).of(shipped());
        one(&dated, "us-hipaa", "individual").asks.iter().any(|text| text.contains(words))
    };
    assert!(asks(&["email"], "protected health information") && !asks(HEALTH, "protected health information"));
    let spread = Case::new(&[], &[("US-OR", HEALTH, 400), ("US-WA", HEALTH, 400), ("US", HEALTH, 101)]);
    let media = spread.of(shipped());
    let media = one(&media, "us-hipaa", "media");
    assert_eq!(media.owed, Answer::Unknown, "those without a state may all live in one");
    assert!(media.asks.iter().any(|text| text.contains("101 more may count")), "{:?}", media.asks);
    let mut elsewhere = Case::new(&[], &[("US-OR", HEALTH, 900)]);
    elsewhere.roles = vec![Role::Owner];
    assert!(elsewhere.of(shipped()).iter().all(|dated| dated.regime.id != "us-hipaa"));
}

/// GDPR Art. 33(1): 72 hours from awareness; Art. 34(1) has no number.
#[test]
fn a_duty_in_words_has_no_date_and_a_missing_event_is_waited_for() {
    let people: &[(&str, &[&str], u64)] = &[("DE", &["email"], 3)];
    let dated = Case::new(&[], people).of(shipped());
    let authority = one(&dated, "eu-gdpr", "authority");
    assert_eq!(
        (due(authority).as_str(), &authority.waits.as_ref().unwrap().events[..]),
        ("", &[ClockEvent::Aware][..])
    );
    let individual = one(&dated, "eu-gdpr", "individual");
    assert!(individual.due.is_none() && individual.waits.is_none());
    assert_eq!(individual.obligation.deadline.soft.as_deref(), Some("without undue delay"));
    assert!(individual.asks.iter().any(|text| text.contains("high risk")));
    let aware = [(ClockEvent::Aware, When::At(at("2026-11-06T17:30:00Z")))];
    let dated = Case::new(&aware, people).of(shipped());
    assert_eq!(due(one(&dated, "eu-gdpr", "authority")), "2026-11-09T17:30:00Z");
    // By the day alone, and in the zone in which it is meant.
    let mut case = Case::new(&[(ClockEvent::Aware, When::On(date(2026, 11, 6)))], people);
    let dated = case.of(shipped());
    let authority = one(&dated, "eu-gdpr", "authority");
    assert_eq!(due(authority), "2026-11-09T00:00:00Z");
    assert!(says(authority, "first minute of the day") && says(authority, "counted in UTC"));
    case.clock.zone = Some(TimeZone::get("Europe/Berlin").unwrap());
    let dated = case.of(shipped());
    let authority = one(&dated, "eu-gdpr", "authority");
    assert_eq!(due(authority), "2026-11-08T23:00:00Z");
    assert!(!says(authority, "counted in UTC"));
}

/// R.I. Gen. Laws § 11-49.3-4: 45 days from confirmation and the ability to ascertain, whichever is later. From 10
/// November that is Christmas Day.
#[test]
fn a_clock_that_two_events_start_waits_for_both() {
    let people: &[(&str, &[&str], u64)] = &[("US-RI", SSN, 1)];
    let confirmed = (ClockEvent::Confirmed, When::On(date(2026, 11, 5)));
    let scope = (ClockEvent::ScopeIdentified, When::On(date(2026, 11, 10)));
    let waits = |events: &[(ClockEvent, When)]| {
        let dated = Case::new(events, people).of(shipped());
        one(&dated, "us-ri", "individual").waits.clone()
    };
    let waiting = waits(&[]).unwrap();
    assert_eq!((waiting.events.len(), waiting.needs_all), (2, true));
    assert!(waiting.in_words().contains(" and "));
    assert_eq!(waits(std::slice::from_ref(&confirmed)).unwrap().events, [ClockEvent::ScopeIdentified]);
    let dated = Case::new(&[confirmed, scope], people).of(shipped());
    let individual = one(&dated, "us-ri", "individual");
    assert_eq!((due(individual).as_str(), individual.waits.is_none()), ("2026-12-26T04:59:59Z", true));
    assert!(says(individual, "Christmas Day") && says(individual, "2026-12-28"));
}

#[test]
fn of_two_events_of_which_one_is_enough_the_first_counts() {
    let people: &[(&str, &[&str], u64)] = &[("US-CA", SSN, 1)];
    let vendor = (ClockEvent::NotifiedByVendor, When::On(date(2026, 11, 1)));
    let dated = Case::new(&[vendor], people).of(shipped());
    let counting = one(&dated, "us-ca", "individual").counting.as_ref().unwrap();
    assert_eq!(
        (counting.event, &counting.start),
        (Some(ClockEvent::NotifiedByVendor), &When::On(date(2026, 11, 1)))
    );
    let mut case = Case::new(&[], people);
    case.clock.discovered = Fact::NotTold { reason: "counsel".into() };
    let dated = case.of(shipped());
    let waits = one(&dated, "us-ca", "individual").waits.as_ref().unwrap();
    assert_eq!((waits.events.len(), waits.needs_all), (2, false));
    assert!(waits.in_words().contains(" or "));
}

/// A regime of Vermont with these obligations.
fn made(obligations: Vec<Obligation>) -> Vec<Regime> {
    vec![Regime { obligations, ..regime("us-vt").unwrap().clone() }]
}

fn obligation(id: &str, to: Addressee, days: Option<u32>, order: Option<(Order, &str)>) -> Obligation {
    Obligation {
        id: id.into(),
        to,
        threshold: None,
        deadline: Deadline {
            within: days.map(|n| Period { n, unit: Unit::CalendarDays }),
            start: Some(Start::At(ClockEvent::Discovered)),
            ..Deadline::default()
        },
        sequence: order.map(|(order, other)| Sequence { order, other: other.into() }),
        ..regime("us-vt").unwrap().obligations[0].clone()
    }
}

fn days_of(regimes: &[Regime]) -> BTreeMap<String, Option<i8>> {
    let dated = Case::new(&[], &[("US-VT", SSN, 1)]).of(regimes);
    dated.iter().map(|d| (d.obligation.id.clone(), d.due.as_ref().and_then(|due| due.day).map(Date::day))).collect()
}

#[test]
fn an_order_brings_a_date_forward_and_never_back() {
    let individual = || obligation("individual", Addressee::Individual, Some(10), None);
    let regulator = |days, order| obligation("ag", Addressee::Regulator, days, Some((order, "individual")));
    for order in [Order::Before, Order::NotLaterThan, Order::With] {
        // Ten days from the third are the 13th; three are the 6th.
        for (own, expected) in [(Some(20), 13), (None, 13), (Some(3), 6)] {
            let days = days_of(&made(vec![regulator(own, order), individual()]));
            assert_eq!((days["ag"], days["individual"]), (Some(expected), Some(13)), "{} {own:?}", order.word());
        }
    }
    let days = days_of(&made(vec![regulator(Some(20), Order::After), individual()]));
    assert_eq!(days["ag"], Some(23), "what comes after has its own time");
}

#[test]
fn an_order_holds_through_a_chain_and_a_circle_ends() {
    let chain = |last| {
        made(vec![
            obligation("bureaus", Addressee::CreditBureaus, None, Some((Order::With, "ag"))),
            obligation("ag", Addressee::Regulator, Some(20), Some((Order::NotLaterThan, "individual"))),
            obligation("individual", Addressee::Individual, Some(10), last),
        ])
    };
    assert_eq!(days_of(&chain(None))["bureaus"], Some(13));
    let days = days_of(&chain(Some((Order::Before, "bureaus"))));
    assert_eq!(days.values().collect::<Vec<_>>(), [&Some(13); 3]);
}

fn hold(begun: &str, lifted: Option<&str>) -> Hold {
    let lifted =
        lifted.map(|text| crate::hold::Lifted { at: at(text), by: "Ben".into(), reason: Private::default() });
    Hold {
        number: 2,
        at: at(begun),
        by: "Ada".into(),
        agency: None,
        until: None,
        reason: Private::default(),
        lifted,
    }
}

/// A regime whose people must be told by 13 November, and what a hold does to it.
fn held(rule: Option<Rule>, hold: Hold, now: &str) -> (Vec<Regime>, Case) {
    let individual = obligation("individual", Addressee::Individual, Some(10), None);
    let regulator = obligation("ag", Addressee::Regulator, Some(10), None);
    let mut regimes = made(vec![individual, regulator]);
    regimes[0].hold = rule;
    let mut case = Case::new(&[], &[("US-VT", SSN, 1)]);
    (case.holds, case.now) = (vec![hold], at(now));
    (regimes, case)
}

fn rule(after_release: Option<Period>) -> Rule {
    Rule { after_release, ..regime("us-vt").unwrap().hold.clone().unwrap() }
}

#[test]
fn a_standing_hold_delays_people_and_no_authority() {
    let (regimes, case) = held(Some(rule(None)), hold("2026-11-05T00:00:00Z", None), "2026-11-20T00:00:00Z");
    let dated = case.of(&regimes);
    let (people, authority) = (one(&dated, "us-vt", "individual"), one(&dated, "us-vt", "ag"));
    assert_eq!((people.held, people.binds(), authority.held), (Some(HoldMode::Shall), false, None));
    assert!(says(people, "must be delayed") && says(people, "in writing"));
    assert_eq!(earliest(&dated, None).map(|d| d.obligation.id.as_str()), Some("ag"));
    // Without a rule of the regime, nothing is delayed, and that is said.
    let (regimes, case) = held(None, hold("2026-11-05T00:00:00Z", None), "2026-11-20T00:00:00Z");
    let dated = case.of(&regimes);
    let people = one(&dated, "us-vt", "individual");
    assert_eq!((people.held, people.binds()), (None, true));
    assert!(says(people, "no rule of this regime is known"));
    // One that began when the time had run out delays nothing.
    let (regimes, case) = held(Some(rule(None)), hold("2026-11-15T00:00:00Z", None), "2026-11-20T00:00:00Z");
    assert_eq!(one(&case.of(&regimes), "us-vt", "individual").held, None);
}

/// C.R.S. 6-1-716(2)(c): thirty days after the release; Md. Com. Law 14-3504: the first date, or seven days after the
/// release where that has passed.
#[test]
fn after_a_release_the_first_date_stays_unless_it_has_passed() {
    let seven = Period { n: 7, unit: Unit::CalendarDays };
    let people = |regimes: &[Regime], case: &Case| {
        let dated = case.of(regimes);
        let people = one(&dated, "us-vt", "individual");
        (due(people), people.moves.clone())
    };
    // Lifted before the 13th: it stays, and what the release would give is said.
    let early = hold("2026-11-05T00:00:00Z", Some("2026-11-10T12:00:00Z"));
    let (regimes, case) = held(Some(rule(Some(seven))), early.clone(), "2026-11-11T00:00:00Z");
    let (date, moves) = people(&regimes, &case);
    assert_eq!(date, "2026-11-14T04:59:59Z");
    assert!(moves.iter().any(|text| text.contains("2026-11-17")), "{moves:?}");
    // Lifted after the 13th: seven days from the 16th.
    let late = hold("2026-11-05T00:00:00Z", Some("2026-11-16T12:00:00Z"));
    let (regimes, case) = held(Some(rule(Some(seven))), late.clone(), "2026-11-17T00:00:00Z");
    let (date, moves) = people(&regimes, &case);
    assert_eq!(date, "2026-11-24T04:59:59Z");
    assert!(moves.iter().any(|text| text.contains("ran out during a hold")), "{moves:?}");
    // Where the law states no number for it, there is no date, and that is said.
    let (regimes, case) = held(Some(rule(None)), late, "2026-11-17T00:00:00Z");
    let (date, moves) = people(&regimes, &case);
    assert_eq!(date, "");
    assert!(moves.iter().any(|text| text.contains("without delay")), "{moves:?}");
    let (regimes, case) = held(Some(rule(None)), early, "2026-11-11T00:00:00Z");
    assert_eq!(people(&regimes, &case).0, "2026-11-14T04:59:59Z");
}

#[test]
fn what_nobody_asks_for_has_no_deadline_and_what_is_perhaps_owed_does_not_bind() {
    // An address alone is no personal information in the states of the US.
    let mut case = Case::new(&[], &[("US-CA", &["email"], 9)]);
    case.roles = vec![Role::Owner];
    assert!(case.of(shipped()).is_empty());
    assert!(Case::new(&[], &[]).of(shipped()).is_empty());
    let dated = Case::new(&[], &[("US", SSN, 9)]).of(shipped());
    assert!(!dated.is_empty() && dated.iter().all(|dated| dated.owed != Answer::Yes), "no state is known");
    assert_eq!(earliest(&dated, None), None);
    assert!(one(&dated, "us-ca", "individual").due.is_some(), "its date is shown all the same");
}

#[test]
fn dates_come_in_order_and_what_is_not_owed_comes_last() {
    let aware = [(ClockEvent::Aware, When::At(at("2026-11-03T09:00:00Z")))];
    let people: &[(&str, &[&str], u64)] =
        &[("US-CA", HEALTH, 9), ("DE", HEALTH, 2), ("US-VT", SSN, 3), ("US", SSN, 1)];
    let dated = Case::new(&aware, people).of(shipped());
    let owed: Vec<_> = dated.iter().map(|dated| dated.owed).collect();
    let rank = |answer: &Answer| [Answer::Yes, Answer::Unknown, Answer::No].iter().position(|a| a == answer);
    assert!(owed.is_sorted_by_key(rank));
    let due: Vec<_> =
        dated.iter().filter(|d| d.owed == Answer::Yes).filter_map(|d| d.due.as_ref()).map(|d| d.at).collect();
    assert!(due.is_sorted() && due.len() > 4);
    let first = earliest(&dated, None).unwrap();
    assert_eq!((first.regime.id.as_str(), first.obligation.id.as_str()), ("eu-gdpr", "authority"));
    let first = earliest(&dated, Some(Addressee::Individual)).unwrap();
    assert_eq!((first.regime.id.as_str(), first.verified()), ("us-ca", "unverified"));
}

#[test]
fn a_regime_counts_where_it_is_in_force_on_either_day_and_a_doubt_is_asked() {
    let mut regimes = made(vec![obligation("individual", Addressee::Individual, Some(10), None)]);
    let asks = |regimes: &[Regime]| {
        let dated = Case::new(&[], &[("US-VT", SSN, 1)]).of(regimes);
        dated.first().map(|dated| dated.asks.iter().any(|text| text.contains("in force")))
    };
    assert_eq!(asks(&regimes), Some(false));
    // Between the discovery on the third and now, the fourth.
    regimes[0].effective.from = Some(date(2026, 11, 4));
    assert_eq!(asks(&regimes), Some(true));
    regimes[0].effective.from = Some(date(2026, 11, 5));
    assert_eq!(asks(&regimes), None);
}

#[test]
fn every_shipped_regime_that_counts_business_days_has_holidays() {
    for regime in shipped() {
        let after_release = regime.hold.as_ref().and_then(|hold| hold.after_release);
        let periods = regime.obligations.iter().filter_map(|obligation| obligation.deadline.within);
        if periods.chain(after_release).any(|period| period.unit == Unit::BusinessDays) {
            let known = regime.place.as_ref().and_then(Holidays::of);
            assert!(known.is_some(), "{} counts business days, and no holidays are known there", regime.id);
        }
    }
}

#[test]
fn the_incidents_own_deadline_is_held_against_the_first_that_binds_people() {
    let sample = include_bytes!("../../../../examples/amazon-2020-10/incident.toml");
    let mut incident = crate::incident::read("incident.toml", sample).0.unwrap();
    let dated = Case::new(&[], &[("US-CA", SSN, 1)]);
    let dated = dated.of(shipped());
    let mut about = |deadline: Option<&str>| {
        incident.deadline = deadline.map(at);
        about_deadline("incident.toml", &incident, &dated).map(|finding| (finding.code, finding.hint.unwrap()))
    };
    let (code, hint) = about(None).unwrap();
    assert!(hint.contains("deadline = 2026-12-04T07:59:59Z"), "{hint}");
    assert_eq!((code, about(Some("2026-12-04T07:59:59Z"))), ("deadline-missing", None));
    assert_eq!(about(Some("2026-12-04T08:00:00Z")).unwrap().0, "deadline-late");
    assert_eq!(about_deadline("incident.toml", &incident, &[]), None, "no date binds");
}

/// What a person decided about a law moves its dates: it holds for authorities as for people.
#[test]
fn a_decision_lifts_what_it_is_about_and_nothing_else() {
    let decision = |question, answer| Decision {
        question,
        regimes: Vec::new(),
        answer,
        by: "A. Ash, counsel".to_owned(),
        on: When::On(date(2026, 11, 4)),
        reason: "x".to_owned(),
        place: crate::finding::Place::file("incident.toml"),
    };
    let lifted = |question: Question, answer, regime: &str| -> Vec<String> {
        let mut case = Case::new(&[], &[("US-VT", SSN, 2), ("US-MA", SSN, 2)]);
        case.law.decisions = vec![decision(question, answer)];
        let dated = case.of(shipped());
        let lifted = dated.iter().filter(|dated| dated.regime.id == regime && dated.lifted.is_some());
        assert!(dated.iter().all(|dated| dated.lifted.is_none() || dated.owed == Answer::No));
        lifted.map(|dated| dated.obligation.id.clone()).collect()
    };
    let all = ["bureaus", "individual", "regulator"];
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(lifted(Question::Reach, false, "us-vt")), all);
    assert_eq!(sorted(lifted(Question::Harm, false, "us-vt")), all);
    assert_eq!(lifted(Question::Harm, true, "us-vt"), [""; 0]);
    // The Attorney General is told why: 9 V.S.A. 2435(d)(1).
    assert_eq!(lifted(Question::Exception(ExceptionKind::HarmRuledOut), true, "us-vt"), ["individual"]);
    // Notice under procedures of federal law: chapter 93H, section 5, keeps the regulators.
    assert_eq!(lifted(Question::Exception(ExceptionKind::OtherLaw), true, "us-ma"), ["individual"]);
    assert_eq!(lifted(Question::Exception(ExceptionKind::OtherLaw), false, "us-ma"), [""; 0]);
}

#[test]
fn an_answered_question_is_asked_no_more() {
    let asked = |law: LawSettings| {
        let mut case = Case::new(&[], &[("US-TX", HEALTH, 300)]);
        case.law = law;
        let dated = case.of(shipped());
        let texas = one(&dated, "us-tx", "ag");
        (texas.owed, texas.asks.len())
    };
    assert_eq!(asked(LawSettings::default()), (Answer::Unknown, 2));
    let answer = |answer| {
        let question = regime("us-tx").unwrap().applies.data.if_decided.clone().unwrap().question;
        let decision = Decision {
            question: Question::Asked(question),
            regimes: vec!["us-tx".to_owned()],
            answer,
            by: "A. Ash, counsel".to_owned(),
            on: When::On(date(2026, 11, 4)),
            reason: "x".to_owned(),
            place: crate::finding::Place::file("incident.toml"),
        };
        LawSettings { decisions: vec![decision], ..LawSettings::default() }
    };
    assert_eq!(asked(answer(true)), (Answer::Yes, 0));
}
