//! How pages show the rules of law: what is open first, and those rules of a law that stand alike on one line.
//!
//! It arranges what the record says, and judges nothing.

use super::{
    law::{PacketDecision, PacketOwed, PacketRegime, PacketRule, PacketStanding},
    record::{Record, VariantRecord},
};
use forthwith_core::law::Answer;
use serde::Serialize;
use std::collections::BTreeSet;

/// To whom something is owed, in the order in which pages list them, and the heading of each.
const KINDS: [(&str, &str); 6] = [
    ("individual", "People"),
    ("letter", "By letter"),
    ("regulator", "Authorities"),
    ("credit_bureaus", "Credit bureaus"),
    ("media", "Media"),
    ("other", "Others"),
];

/// What page one shows of the law.
#[derive(Serialize)]
pub(super) struct LawView<'a> {
    /// Laws with a rule that is not met or that waits for a person, and those rules.
    open: Vec<RegimeView<'a>>,
    regimes: Vec<RegimeView<'a>>,
    owed: Vec<OwedView<'a>>,
    not_owed: Vec<&'a PacketOwed>,
    /// Laws of places where nobody on the list lives, and perhaps some of those who are not on it.
    elsewhere: Vec<&'a str>,
}

/// A law whose rules are shown.
#[derive(Serialize)]
pub(super) struct RegimeView<'a> {
    id: &'a str,
    title: &'a str,
    people: u64,
    /// Its wordings, as people read them: `2, 5`.
    wordings: String,
    met: usize,
    not_met: usize,
    decided: usize,
    undecided: usize,
    groups: Vec<RuleGroup<'a>>,
}

/// Rules of one place in a law that stand alike.
#[derive(Serialize)]
struct RuleGroup<'a> {
    asks: Vec<Ask<'a>>,
    /// The wordings that they are about; empty where that is all of the law's.
    wordings: String,
    standing: PacketStanding,
    fact: String,
    citation: &'a str,
    is_verified: bool,
    decision: Option<&'a PacketDecision>,
    #[serde(skip)]
    first: &'a PacketRule,
    #[serde(skip)]
    facts: Vec<&'a str>,
}

#[derive(PartialEq, Serialize)]
struct Ask<'a> {
    says: &'a str,
    element: Option<&'a str>,
}

/// What is owed to recipients of one kind.
#[derive(Serialize)]
struct OwedView<'a> {
    title: &'static str,
    owed: Vec<&'a PacketOwed>,
}

/// Returns what page one shows; `None` where no law was applied.
pub(super) fn on_page_one(record: &Record) -> Option<LawView<'_>> {
    let law = record.law.as_ref()?;
    let number = |key: &str| number(&record.variants, key);
    let open = law.regimes.iter().map(|regime| regime_view(regime, &number, &is_open));
    let regimes = law.regimes.iter().map(|regime| regime_view(regime, &number, &|_| true));
    let of_kind = |(kind, title): &(&'static str, &'static str)| OwedView {
        title,
        owed: law.owed.iter().filter(|owed| owed.kind == *kind && is_shown(owed)).collect(),
    };
    let elsewhere = law.owed.iter().filter(|owed| owed.owed == Answer::Unknown && owed.counted == 0);
    let elsewhere: BTreeSet<&str> = elsewhere.map(|owed| owed.regime.as_str()).collect();
    Some(LawView {
        open: open.filter(|view| !view.groups.is_empty()).collect(),
        regimes: regimes.collect(),
        owed: KINDS.iter().map(of_kind).filter(|view| !view.owed.is_empty()).collect(),
        not_owed: law.owed.iter().filter(|owed| owed.owed == Answer::No && owed.counted > 0).collect(),
        elsewhere: elsewhere.into_iter().collect(),
    })
}

/// Returns the laws with a rule about this wording, and those rules.
pub(super) fn of_wording<'a>(record: &'a Record, key: &str) -> Vec<RegimeView<'a>> {
    let regimes = record.law.iter().flat_map(|law| &law.regimes);
    let is_about = |rule: &PacketRule| rule.variants.iter().any(|variant| variant == key);
    let view = |regime| regime_view(regime, &|_| None, &is_about);
    regimes.map(view).filter(|view| !view.groups.is_empty()).collect()
}

/// Returns whether something stands in a line of its own: it is owed, or may be because of people on the list.
fn is_shown(owed: &PacketOwed) -> bool {
    owed.owed == Answer::Yes || owed.owed == Answer::Unknown && owed.counted > 0
}

fn number(variants: &[VariantRecord], key: &str) -> Option<usize> {
    variants.iter().find(|variant| variant.key == key).map(|variant| variant.number)
}

fn is_open(rule: &PacketRule) -> bool {
    rule.standing == PacketStanding::NotMet || rule.is_open()
}

/// Returns the rules of a law that are wanted; `number` tells the number of a wording by its key.
fn regime_view<'a>(
    regime: &'a PacketRegime,
    number: &dyn Fn(&str) -> Option<usize>,
    wanted: &dyn Fn(&PacketRule) -> bool,
) -> RegimeView<'a> {
    let rules: Vec<&PacketRule> = regime.rules().filter(|rule| wanted(rule)).collect();
    let all = numbers(regime.rules(), number);
    let mut groups: Vec<RuleGroup<'a>> = Vec::new();
    for rule in &rules {
        add(&mut groups, rule);
    }
    for group in &mut groups {
        let of_group = numbers([group.first], number);
        group.wordings = if of_group == all { String::new() } else { listed(&of_group) };
        group.fact = group.fact();
    }
    let stand = |standing| rules.iter().filter(|rule| rule.standing == standing).count();
    let undecided = rules.iter().filter(|rule| rule.is_open()).count();
    RegimeView {
        id: &regime.id,
        title: &regime.title,
        people: regime.people,
        wordings: listed(&all),
        met: stand(PacketStanding::Met),
        not_met: stand(PacketStanding::NotMet),
        decided: stand(PacketStanding::Decide) - undecided,
        undecided,
        groups,
    }
}

impl RuleGroup<'_> {
    /// Returns the facts as one. That the notice says the very element that a rule names is said once for all.
    fn fact(&self) -> String {
        let named: Vec<String> =
            self.asks.iter().filter_map(|ask| Some(format!("the notice says `{}`", ask.element?))).collect();
        let (own, others): (Vec<&str>, Vec<&str>) =
            self.facts.iter().partition(|fact| named.iter().any(|named| named == *fact));
        let so = (!own.is_empty()).then(|| "the notice says so".to_owned());
        let others = (!others.is_empty()).then(|| facts(&others));
        so.into_iter().chain(others).collect::<Vec<_>>().join("; ")
    }
}

/// Adds a rule to those that stand alike, or begins with it.
fn add<'a>(groups: &mut Vec<RuleGroup<'a>>, rule: &'a PacketRule) {
    let ask = Ask { says: &rule.asks, element: rule.element.as_deref() };
    let is_alike = |group: &&mut RuleGroup<'a>| {
        let PacketRule { variants, citation, standing, is_verified, decision, .. } = group.first;
        (variants, citation, standing, is_verified, decision)
            == (&rule.variants, &rule.citation, &rule.standing, &rule.is_verified, &rule.decision)
    };
    if let Some(group) = groups.iter_mut().find(is_alike) {
        if !group.asks.contains(&ask) {
            group.asks.push(ask);
        }
        if !group.facts.contains(&rule.fact.as_str()) {
            group.facts.push(&rule.fact);
        }
        return;
    }
    groups.push(RuleGroup {
        asks: vec![ask],
        wordings: String::new(),
        standing: rule.standing,
        fact: String::new(),
        citation: &rule.citation,
        is_verified: rule.is_verified,
        decision: rule.decision.as_ref(),
        first: rule,
        facts: vec![&rule.fact],
    });
}

/// Returns facts as one: those that begin alike share their beginning.
fn facts(facts: &[&str]) -> String {
    for beginning in ["the notice says ", "the notice is silent on "] {
        let rest: Option<Vec<&str>> = facts.iter().map(|fact| fact.strip_prefix(beginning)).collect();
        if let Some(rest) = rest {
            return format!("{beginning}{}", rest.join(", "));
        }
    }
    facts.join("; ")
}

/// Returns the numbers of the wordings that rules are about, in order.
fn numbers<'a>(
    rules: impl IntoIterator<Item = &'a PacketRule>,
    number: &dyn Fn(&str) -> Option<usize>,
) -> Vec<usize> {
    let keys = rules.into_iter().flat_map(|rule| &rule.variants);
    let mut numbers: Vec<usize> = keys.filter_map(|key| number(key)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn listed(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_that_begin_alike_share_their_beginning() {
        assert_eq!(facts(&["the notice says `a`", "the notice says `b`"]), "the notice says `a`, `b`");
        assert_eq!(
            facts(&["the notice says `a`", "24 months are offered"]),
            "the notice says `a`; 24 months are offered"
        );
    }

    #[test]
    fn rules_of_one_place_that_stand_alike_are_one_line() {
        let rule = |asks: &str, standing| PacketRule {
            asks: asks.to_owned(),
            element: None,
            variants: vec!["en/email".to_owned()],
            citation: "s. 1".to_owned(),
            standing,
            fact: "the notice says `x`".to_owned(),
            is_verified: false,
            decision: None,
        };
        let regime = PacketRegime {
            id: "us-xx".to_owned(),
            title: "X".to_owned(),
            people: 3,
            duty: rule("asks for it", PacketStanding::Met),
            channel: None,
            elements: vec![
                rule("says a", PacketStanding::Met),
                rule("says b", PacketStanding::NotMet),
                PacketRule { variants: vec!["de/email".to_owned()], ..rule("says c", PacketStanding::Met) },
                rule("says d", PacketStanding::Decide),
            ],
        };
        let number = |key: &str| Some(if key == "en/email" { 1 } else { 2 });
        let view = regime_view(&regime, &number, &|_| true);
        let lines: Vec<_> = view.groups.iter().map(|group| (group.asks.len(), group.wordings.as_str())).collect();
        assert_eq!(lines, [(2, "1"), (1, "1"), (1, "2"), (1, "1")]);
        assert_eq!((view.met, view.not_met, view.decided, view.undecided), (3, 1, 0, 1));
        assert_eq!((view.wordings.as_str(), regime_view(&regime, &number, &is_open).groups.len()), ("1, 2", 2));
    }
}
