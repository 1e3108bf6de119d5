//! What laws ask of the notices of one list: who is reached, which verdict each rule gets, which way people are told,
//! and that everybody gets exactly one wording. As `check` reports it and the packet shows it.
//!
//! It counts and words; what a law asks is core's.

mod owed;

use crate::{
    checking::Checked,
    dated::decided,
    terminal::{grouped, people},
};
use forthwith_core::{
    digest::Digest,
    duty::{BySituation, Duties, Duty, Reached, Reaching, Reader, Standing, Verdict, Way, findings},
    finding::Finding,
    incident::{Decision, Incident},
    law::{self, Regime},
    notice::Withheld,
    recipient::Recipient,
    variant::Variant,
};
use forthwith_templating::{
    Words,
    packet::{
        PacketAside, PacketCoverage, PacketDecision, PacketLaw, PacketRecorded, PacketRegime, PacketRule,
        PacketStanding,
    },
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What laws ask of the people of a list.
pub struct Lawful {
    situations: BySituation<Situation>,
    /// The elements with which each variant came out.
    said: BTreeMap<Variant, BTreeSet<String>>,
    /// The laws that reach somebody, those among them who are withheld too.
    used: Vec<&'static Regime>,
    duties: Arc<Duties>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// The people of one situation who are told by e-mail.
struct Situation {
    duty: Arc<Duty>,
    readers: BTreeMap<Variant, u64>,
}

/// Verdicts on one rule, together: for which variants, and where it stands.
type Judged<'a> = (Verdict<'a>, Vec<&'a Variant>);

impl Lawful {
    /// Begins with nobody.
    pub fn new(duties: &Arc<Duties>) -> Self {
        Self {
            situations: BySituation::default(),
            said: BTreeMap::new(),
            used: Vec::new(),
            duties: Arc::clone(duties),
            findings: Vec::new(),
        }
    }

    /// Takes so many people of one situation who get `variant`.
    pub fn see(&mut self, recipient: &Recipient, variant: &Variant, people: u64) {
        let Recipient { residence, data, consent, .. } = recipient;
        let begin = || Situation { duty: self.duties.of(recipient), readers: BTreeMap::new() };
        let situation = self.situations.get_or_insert_with(residence, data, consent, begin);
        match situation.readers.get_mut(variant) {
            Some(count) => *count += people,
            None => _ = situation.readers.insert(variant.clone(), people),
        }
    }

    /// Judges every rule by the words, once all people were seen.
    pub fn judge(&mut self, incident: &Incident, words: &Words) {
        let variants = self.situations.values().flat_map(|situation| situation.readers.keys());
        let variants: BTreeSet<&Variant> = variants.collect();
        self.said = variants.into_iter().map(|variant| (variant.clone(), words.said_by(variant))).collect();
        self.used = self.duties.used();
        let readers = self.readers().map(|(duty, variant, people)| Reader {
            duty,
            language: &variant.language,
            said: &self.said[variant],
            people,
        });
        self.findings = findings(incident, &readers.collect::<Vec<_>>());
    }

    /// Returns people of one situation with one variant, group by group.
    fn readers(&self) -> impl Iterator<Item = (&Duty, &Variant, u64)> {
        self.situations.values().flat_map(|situation| {
            situation.readers.iter().map(|(variant, count)| (&*situation.duty, variant, *count))
        })
    }

    /// Returns the digest of the file of each law that reaches somebody, by its id.
    pub fn digests(&self) -> BTreeMap<String, Digest> {
        let is_used = |id: &str| self.used.iter().any(|regime| regime.id == id);
        let files = law::FILES.iter().filter(|(id, _)| is_used(id));
        files.map(|(id, text)| ((*id).to_owned(), Digest::of(text.as_bytes()))).collect()
    }

    /// Returns how many people there are by a word of their duty.
    fn count(&self, counts: impl Fn(&Duty) -> bool) -> u64 {
        self.readers().filter(|(duty, _, _)| counts(duty)).map(|(_, _, people)| people).sum()
    }

    /// Returns every rule that was looked at, and how many of them nobody has checked against the law.
    fn tally(&self) -> (u64, u64) {
        let checks = self.readers().flat_map(|(duty, _, _)| &duty.checks);
        let rules: BTreeMap<(&str, &str), bool> =
            checks.map(|check| ((check.regime.id.as_str(), check.rule.as_str()), check.is_verified)).collect();
        let unverified = rules.values().filter(|is_verified| !**is_verified).count();
        (rules.len() as u64, unverified as u64)
    }

    /// Returns the verdicts, those of one rule that agree together, in the order of laws and rules.
    fn judged(&self) -> Vec<Judged<'_>> {
        let mut judged: Vec<Judged<'_>> = Vec::new();
        for (duty, variant, _) in self.readers() {
            // Without words, which were refused, there is nothing to judge.
            let Some(said) = self.said.get(variant) else { continue };
            for check in &duty.checks {
                let verdict = check.judge(said);
                match judged.iter_mut().find(|(other, _)| is_same(other, &verdict)) {
                    Some((_, variants)) if variants.contains(&variant) => {}
                    Some((_, variants)) => variants.push(variant),
                    None => judged.push((verdict, vec![variant])),
                }
            }
        }
        judged.sort_by(|(a, _), (b, _)| a.check.regime.id.cmp(&b.check.regime.id));
        judged
    }

    /// Returns the report for programs.
    pub fn report(&self, checked: &Checked) -> Value {
        let (rules, unverified) = self.tally();
        let coverage = coverage(checked);
        let verdict = |(verdict, variants): &Judged<'_>| {
            let Verdict { check, standing, fact } = verdict;
            json!({
                "regime": check.regime.id, "rule": check.rule, "asks": check.asks,
                "element": check.element, "citation": check.cite, "verified": check.is_verified,
                "standing": standing.words(), "fact": fact,
                "decision": check.decision.as_ref().map(|decision| json!({
                    "answer": decision.answer, "by": decision.by, "on": decision.on.to_string(), "reason": decision.reason,
                })),
                "variants": variants.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        };
        json!({
            "people": {
                "owed": self.count(|duty| duty.word() == "owed"), "open": self.count(|duty| duty.word() == "open"),
                "voluntary": self.count(Duty::is_voluntary),
            },
            "ways": self.ways(checked),
            "coverage": {
                "rows": coverage.rows, "exactly_one": coverage.exactly_one, "none": coverage.none,
                "several": coverage.several, "unreached": coverage.unreached,
            },
            "rules": rules, "unverified": unverified,
            "verdicts": self.judged().iter().map(verdict).collect::<Vec<_>>(),
        })
    }

    /// Returns how many people are told which way.
    fn ways(&self, checked: &Checked) -> BTreeMap<&'static str, u64> {
        let leg = self.count(|duty| matches!(duty.way, Way::Leg { .. }));
        let email = self.count(|duty| duty.way == Way::Email);
        let counts = &checked.tally.counts;
        let (letter, blocked) =
            (counts.withheld_for(Withheld::NeedsLetter), counts.withheld_for(Withheld::Blocked));
        [("email", email), ("leg", leg), ("letter", letter), ("blocked", blocked)].into()
    }

    /// Returns what people read of it.
    pub fn summary(&self, checked: &Checked) -> Vec<String> {
        let mut lines = vec!["Law:".to_owned()];
        let (owed, open) = (self.count(|duty| duty.word() == "owed"), self.count(|duty| duty.word() == "open"));
        let voluntary = self.count(Duty::is_voluntary);
        for (count, says) in [
            (owed, "owed a notice by a law that is known here"),
            (voluntary, "told voluntarily: no law that is known here asks for it"),
            (open, "of whom nobody can tell whether a law asks for their notice"),
        ] {
            if count > 0 {
                lines.push(format!("  {} {says}", people(count)));
            }
        }
        let ways = self.ways(checked);
        let ways: Vec<_> = ways.iter().map(|(way, count)| format!("{way} {}", grouped(*count))).collect();
        lines.push(format!("  ways: {}", ways.join(", ")));
        let judged = self.judged();
        let standing = |standing| judged.iter().filter(|(verdict, _)| verdict.standing == standing).count() as u64;
        let open = judged.iter().filter(|(verdict, _)| verdict.is_open()).count() as u64;
        let (rules, unverified) = self.tally();
        if rules > 0 {
            let (met, decide) = (grouped(standing(Standing::Met)), grouped(standing(Standing::Decide)));
            let unmet = standing(Standing::NotMet);
            lines.push(format!(
                "  verdicts: {met} met, {} not met, {decide} a person decides ({} undecided)",
                grouped(unmet),
                grouped(open)
            ));
            let of = format!("{} of {} unverified", grouped(unverified), grouped(rules));
            lines.push(match unmet {
                0 => format!("  No missing element found for the rules checked ({of})"),
                _ => format!("  Rules checked: {of}"),
            });
        }
        let coverage = coverage(checked);
        lines.push(format!(
            "  coverage: {} of {} have exactly one wording, {} none, {} several",
            grouped(coverage.exactly_one),
            people(coverage.rows),
            grouped(coverage.none),
            grouped(coverage.several)
        ));
        if !coverage.unreached.is_empty() {
            lines.push(format!("  wordings that nobody gets: {}", coverage.unreached.join(", ")));
        }
        lines
    }

    /// Returns the laws that ask for no notice, or may: each with how many people and the facts that decided.
    fn aside(&self) -> Vec<PacketAside> {
        let mut aside: BTreeMap<(&str, bool, &str), PacketAside> = BTreeMap::new();
        for (duty, _, people) in self.readers() {
            for reached in duty.reached.iter().filter(|reached| reached.standing != Reaching::Owed) {
                let is_open = reached.standing == Reaching::Open;
                let key = (reached.regime.id.as_str(), is_open, reached.why.as_str());
                let entry = aside.entry(key).or_insert_with(|| PacketAside {
                    id: reached.regime.id.clone(),
                    title: reached.regime.title.clone(),
                    people: 0,
                    is_open,
                    why: why(reached),
                });
                entry.people += people;
            }
        }
        aside.into_values().collect()
    }

    /// Returns what the packet shows.
    pub fn packet(&self, checked: &Checked) -> PacketLaw {
        let (rules, unverified) = self.tally();
        let judged = self.judged();
        let regimes: BTreeSet<&str> = judged.iter().map(|(verdict, _)| verdict.check.regime.id.as_str()).collect();
        let of_regime = |id: &&str| {
            let rules: Vec<_> = judged.iter().filter(|(verdict, _)| verdict.check.regime.id == **id).collect();
            let named = |name: &str| {
                rules.iter().find(|(verdict, _)| verdict.check.rule == name).map(|rule| packet_rule(rule))
            };
            let regime = rules.first()?.0.check.regime;
            let others =
                rules.iter().filter(|(verdict, _)| !matches!(verdict.check.rule.as_str(), "applies" | "email"));
            Some(PacketRegime {
                id: regime.id.clone(),
                title: regime.title.clone(),
                people: self.count(|duty| duty.owed().any(|reached| reached.regime.id == regime.id)),
                duty: named("applies")?,
                channel: named("email"),
                elements: others.map(|rule| packet_rule(rule)).collect(),
            })
        };
        let newest = self.used.iter().map(|regime| regime.revision).max();
        PacketLaw {
            rules_of: newest.map_or_else(|| "none".to_owned(), |day| day.to_string()),
            rules,
            unverified,
            coverage: coverage(checked),
            regimes: regimes.iter().filter_map(of_regime).collect(),
            aside: self.aside(),
            decisions: checked.inputs.incident.iter().flat_map(|incident| recorded(incident, &judged)).collect(),
            owed: owed::owed(checked),
        }
    }
}

/// Returns every decision that is recorded, with the laws that it names or that asked.
fn recorded(incident: &Incident, judged: &[Judged<'_>]) -> Vec<PacketRecorded> {
    let asked = |decision: &Decision| {
        let is_it = |verdict: &&Judged<'_>| verdict.0.check.decision.as_ref() == Some(decision);
        let ids: BTreeSet<&str> = judged.iter().filter(is_it).map(|(v, _)| v.check.regime.id.as_str()).collect();
        ids.into_iter().map(str::to_owned).collect()
    };
    let record = |decision: &Decision| PacketRecorded {
        decision: packet_decision(decision),
        regimes: if decision.regimes.is_empty() { asked(decision) } else { decision.regimes.clone() },
    };
    incident.law.decisions.iter().map(record).collect()
}

fn packet_decision(decision: &Decision) -> PacketDecision {
    PacketDecision {
        question: decision.question.to_string(),
        by: decision.by.clone(),
        on: decision.on.to_string(),
        reason: format!("{}: {}", if decision.answer { "yes" } else { "no" }, decision.reason),
    }
}

fn is_same(one: &Verdict<'_>, other: &Verdict<'_>) -> bool {
    fn key<'a>(verdict: &'a Verdict<'_>) -> impl PartialEq + use<'a> {
        let Verdict { check, standing, fact } = verdict;
        (&check.regime.id, &check.rule, &check.asks, *standing, fact, &check.decision)
    }
    key(one) == key(other)
}

fn packet_rule((verdict, variants): &Judged<'_>) -> PacketRule {
    let check = verdict.check;
    PacketRule {
        asks: check.asks.clone(),
        element: check.element.map(|element| element.to_string()),
        variants: variants.iter().map(ToString::to_string).collect(),
        citation: check.cite.to_owned(),
        standing: match verdict.standing {
            Standing::Met => PacketStanding::Met,
            Standing::NotMet => PacketStanding::NotMet,
            Standing::Decide => PacketStanding::Decide,
        },
        fact: verdict.fact.clone(),
        is_verified: check.is_verified,
        decision: check.decision.as_ref().map(packet_decision),
    }
}

/// Returns that everybody has exactly one wording, counted and not assumed.
fn coverage(checked: &Checked) -> PacketCoverage {
    let planned = checked.tally.counts.planned;
    let one: u64 = checked.variants.values().map(|reached| reached.count).sum();
    PacketCoverage {
        rows: planned,
        exactly_one: one.min(planned),
        none: planned.saturating_sub(one),
        several: one.saturating_sub(planned),
        unreached: unreached(checked),
    }
}

/// Returns the languages of each writing entity that nobody gets.
fn unreached(checked: &Checked) -> Vec<String> {
    let Some(incident) = &checked.inputs.incident else { return Vec::new() };
    let mut unreached = Vec::new();
    for entity in 0..=incident.elsewhere.len() {
        for language in &incident.languages.offered {
            let is_got =
                checked.variants.keys().any(|variant| variant.entity == entity && variant.language == *language);
            if !is_got {
                let of = if entity == 0 { String::new() } else { format!("entity{entity}/") };
                unreached.push(format!("{of}{language}"));
            }
        }
    }
    unreached
}

/// Returns the facts that decided whether a law reaches somebody, and who decided where a person did.
fn why(reached: &Reached) -> String {
    std::iter::once(reached.why.clone())
        .chain(reached.decision.as_ref().map(decided))
        .collect::<Vec<_>>()
        .join("; ")
}

/// Returns what laws ask for one person, as lines for people.
pub fn about(duty: &Duty) -> Vec<String> {
    let law = |reached: &Reached| {
        let stands = match reached.standing {
            Reaching::Owed if reached.is_open => "taken to ask for this notice, until a person decides",
            Reaching::Owed => "asks for this notice",
            Reaching::Open => "may reach this person: nobody can tell",
            Reaching::Lifted => "does not ask for this notice",
        };
        format!("  {} {stands} ({})", reached.regime.id, why(reached))
    };
    let mut lines: Vec<_> = duty.reached.iter().map(law).collect();
    lines.push(match &duty.way {
        _ if duty.is_voluntary() => "  no law that is known here asks for this notice: it is voluntary".to_owned(),
        Way::Leg { others } => {
            let others: Vec<_> = others.iter().map(ToString::to_string).collect();
            format!("  the e-mail is one of several ways that are all needed: {}", others.join(", "))
        }
        way => format!("  way: {}", way.name()),
    });
    lines
}

/// Returns what laws ask for one person, for programs.
pub fn about_report(duty: &Duty) -> Value {
    let law = |reached: &Reached| {
        let standing = match reached.standing {
            Reaching::Owed => "owed",
            Reaching::Open => "open",
            Reaching::Lifted => "lifted",
        };
        json!({ "regime": reached.regime.id, "standing": standing, "undecided": reached.is_open, "why": reached.why })
    };
    json!({ "duty": duty.word(), "way": duty.way.name(), "regimes": duty.reached.iter().map(law).collect::<Vec<_>>() })
}
