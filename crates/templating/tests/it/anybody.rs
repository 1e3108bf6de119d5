//! A list drawn by chance, always the same: people of every place of which a law speaks, with any data, any language and
//! any consent. Every row has exactly one wording or one reason for none; no wording holds what a law forbids or lacks
//! what it requires without a finding that refuses the plan; and a notice lists the data of its own row.
//!
//! What a law asks is judged anew here from its file, with nothing decided, and not from what was worked out.

use forthwith_core::{
    affected::{Context, Fated, Known, ListSettings, People, Supplied},
    duty::{Duties, Duty, Reader, Way, findings},
    finding::{Finding, Gravity},
    incident::{self, Incident, KNOWN_CATEGORIES},
    law::{self, Answer, Circumstances, ConsentKind, Effect, Element, Exposed, Pattern, Regime, Word as _},
    notice::Withheld,
    recipient::Recipient,
};
use forthwith_templating::{ByDuty, ParagraphKind, Words, own_elements};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

const CLINIC: &str = include_str!("../../../../examples/clinic-ransomware/incident.toml");
const PHRASES: [(&str, &str); 4] = [
    ("en", include_str!("../../../../templates/phrases/en.md")),
    ("de", include_str!("../../../../templates/phrases/de.md")),
    ("fr", include_str!("../../../../templates/phrases/fr.md")),
    ("es", include_str!("../../../../templates/phrases/es.md")),
];
const ROWS: usize = 500;
/// The places whose laws forbid what others require: they come up more often than chance would have it.
const FORBIDDING: [&str; 2] = ["US-MA", "US-IL"];
/// What organisations are: who reaches whom depends on it.
const ROLES: [&str; 4] = [
    "\"owner\"",
    "\"owner\", \"covered_entity\"",
    "\"owner\", \"phr_vendor\"",
    "\"owner\", \"bank\", \"credit_bureau\"",
];

/// Marsaglia's xorshift: the same numbers everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }

    fn some<'a>(&mut self, of: &[&'a str], most: usize) -> Vec<&'a str> {
        let mut chosen: Vec<&str> = (0..=self.below(most)).map(|_| of[self.below(of.len())]).collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }
}

/// Returns every place of which a law speaks, and some of which none does.
fn places() -> Vec<String> {
    let patterns = law::shipped().iter().flat_map(|regime| &regime.applies.residence);
    let of = |pattern: &Pattern| -> Vec<String> {
        match pattern {
            Pattern::Any => Vec::new(),
            Pattern::In(group) => group.countries().map(str::to_owned).collect(),
            Pattern::Area(area) => vec![area.code().to_owned()],
        }
    };
    let places: BTreeSet<String> =
        patterns.flat_map(of).chain(["", "US", "CA", "AR", "TV"].map(str::to_owned)).collect();
    places.into_iter().collect()
}

fn list(chance: &mut Chance) -> String {
    let (places, categories) = (places(), KNOWN_CATEGORIES.map(|category| category.id));
    let consents: Vec<&str> = ConsentKind::ALL.iter().map(|kind| kind.word()).collect();
    let mut list = "id,email,name,country,region,language,data,consent,offer_code\n".to_owned();
    for row in 1..=ROWS {
        // Each place at least once.
        let place = match chance.below(6) {
            0 => FORBIDDING[chance.below(2)].to_owned(),
            _ => places[chance.below(places.len())].clone(),
        };
        let place = places.get(row).cloned().unwrap_or(place);
        let (country, region) = place.split_once('-').unwrap_or((&place, ""));
        let language = ["en", "de", "fr", "es", "", "nl", "de-AT"][chance.below(7)];
        let mut data = chance.some(&categories, 6);
        if FORBIDDING.contains(&place.as_str()) {
            data.extend(["name", "ssn"].iter().filter(|id| !data.contains(id)).copied().collect::<Vec<_>>());
        }
        let data = data.join(";");
        let consent = chance.some(&consents[1..], 3).join(";");
        let consent = if chance.below(3) == 0 { String::new() } else { consent };
        let _ = writeln!(
            list,
            "C{row},p{row}@people.example,Ada {row},{country},{region},{language},{data},{consent},LW-{row}"
        );
    }
    list
}

/// Returns the clinic's incident, with any data, four languages, another kind of organisation, and nothing decided.
fn incident(roles: &str) -> Incident {
    let (before, rest) = CLINIC.split_once("decisions = [").unwrap();
    let (_, after) = rest.split_once("\n]\n").unwrap();
    let categories = KNOWN_CATEGORIES.map(|category| format!("\"{}\"", category.id)).join(", ");
    let text = format!("{before}{after}")
        .replace("\"name\", \"date_of_birth\", \"health\", \"health_insurance\", \"ssn\"", &categories)
        .replace("offered = [\"en\", \"es\", \"de\"]", "offered = [\"en\", \"de\", \"fr\", \"es\"]")
        .replace("roles = [\"owner\", \"covered_entity\"]", &format!("roles = [{roles}]"));
    let (incident, findings) = incident::read("incident.toml", text.as_bytes());
    let incident = incident.unwrap_or_else(|| panic!("{findings:#?}"));
    assert_eq!((incident.categories.len(), incident.law.decisions.len()), (KNOWN_CATEGORIES.len(), 0));
    incident
}

fn phrase(language: &str, name: &str) -> &'static str {
    let (_, phrases) = PHRASES.iter().find(|(known, _)| *known == language).unwrap();
    let mut lines = phrases.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name}")).1
}

/// Expects that the notice lists the data of this row, all of it and nothing else, and says what follows from it alone.
fn tells_of_its_own_data(words: &Words, reader: &Recipient) {
    let parts = words.parts(reader).unwrap();
    let said = |element: &str, kind| -> Vec<&str> {
        let is_it =
            |of: &&forthwith_templating::Paragraph| of.kind == kind && of.elements.iter().any(|id| id == element);
        parts.paragraphs.iter().filter(is_it).map(|paragraph| paragraph.text.as_str()).collect()
    };
    let is_own = |id: &str| reader.data.iter().any(|own| own == id);
    let own = KNOWN_CATEGORIES.iter().filter(|category| is_own(category.id));
    let expected: Vec<&str> =
        own.map(|category| phrase(&parts.language, &format!("category_{}", category.id))).collect();
    match said("specific_elements", ParagraphKind::Item) {
        items if expected.len() > 1 => assert_eq!(items, expected, "row {}", reader.row),
        items => {
            let line = said("specific_elements", ParagraphKind::Text).concat();
            assert!(items.is_empty() && line.contains(expected[0]), "row {}: {line}", reader.row);
        }
    }
    let follows = said("likely_consequences", ParagraphKind::Text).concat();
    for category in KNOWN_CATEGORIES {
        let consequence = phrase(&parts.language, &format!("consequence_{}", category.id));
        // Two kinds of data may have one consequence.
        let is_due = KNOWN_CATEGORIES.iter().any(|other| {
            is_own(other.id) && phrase(&parts.language, &format!("consequence_{}", other.id)) == consequence
        });
        assert_eq!(follows.contains(consequence), is_due, "row {}: {} in {follows}", reader.row, category.id);
    }
}

/// What was looked at, so that nothing passes because nothing was.
#[derive(Debug, Default)]
struct Looked {
    required: usize,
    forbidden: usize,
    refused: usize,
}

/// Judges one notice by the files of the laws that ask for it.
fn judge(incident: &Incident, reader: &Recipient, duty: &Duty, said: &BTreeSet<String>, looked: &mut Looked) {
    let reading = Reader { duty, language: "en", said, people: 1 };
    let found = findings(incident, &[reading]);
    for reached in duty.owed() {
        let regime = reached.regime;
        let exposed = Exposed::of_ids(reader.data.iter().map(String::as_str));
        let given = Circumstances {
            trigger: &regime.applies.data,
            exposed: &exposed,
            roles: &incident.roles,
            sender_was_source: incident.law.sender_was_source,
        };
        let holds: Vec<Answer> = regime.content.iter().map(|rule| rule.when.holds(&given)).collect();
        let replaces = |(rule, answer): (&law::ContentRule, &Answer)| {
            matches!(rule.effect, Effect::ReplaceWith(_)) && *answer == Answer::Yes
        };
        let is_replaced = regime.content.iter().zip(&holds).any(replaces);
        for (rule, answer) in regime.content.iter().zip(&holds).filter(|(_, answer)| **answer != Answer::No) {
            let is_sure = *answer == Answer::Yes;
            match &rule.effect {
                Effect::ReplaceWith(elements) | Effect::Require(elements) | Effect::PerRecipient(elements)
                    if is_sure && is_replaced == matches!(rule.effect, Effect::ReplaceWith(_)) =>
                {
                    for element in elements {
                        required(regime, *element, said, &found, looked);
                    }
                }
                Effect::OneOf(elements) if is_sure && !is_replaced => {
                    let has_one = elements.iter().any(|element| said.contains(element.word()));
                    assert!(has_one || is_refused(&found, elements[0], regime), "{}: {elements:?}", regime.id);
                }
                Effect::Forbid(matters) => {
                    for element in matters.iter().flat_map(|matter| matter.elements().iter().copied()) {
                        looked.forbidden += 1;
                        let open = format!("{}: ", regime.id);
                        let refused = is_refused(&found, element, regime)
                            || found.iter().any(|finding| {
                                finding.code == "law-may-forbid" && finding.message.starts_with(&open)
                            });
                        assert!(
                            !said.contains(element.word()) || refused,
                            "{} forbids {element} to row {}",
                            regime.id,
                            reader.row
                        );
                    }
                }
                _ => {}
            }
        }
    }
}

fn required(regime: &Regime, element: Element, said: &BTreeSet<String>, found: &[Finding], looked: &mut Looked) {
    looked.required += 1;
    if !said.contains(element.word()) {
        looked.refused += 1;
        assert!(
            is_refused(found, element, regime),
            "{} asks for {element}, and nothing is found: {found:#?}",
            regime.id
        );
    }
}

/// Returns whether the plan is refused because of this element and this law.
fn is_refused(found: &[Finding], element: Element, regime: &Regime) -> bool {
    found.iter().any(|finding| {
        let says = &finding.message;
        finding.gravity == Gravity::Refused && says.contains(&regime.id) && says.contains(&format!("`{element}`"))
    })
}

#[test]
fn everybody_has_one_wording_which_holds_what_laws_ask_and_tells_of_that_person_alone() {
    let mut looked = Looked::default();
    let mut reasons: BTreeMap<Withheld, usize> = BTreeMap::new();
    let mut variants = BTreeSet::new();
    for (seed, roles) in ROLES.iter().enumerate() {
        let incident = incident(roles);
        let duties = Arc::new(Duties::new(&incident, law::shipped(), own_elements(&incident)));
        let arrange = Box::new(ByDuty::new(&incident, Arc::clone(&duties)));
        let (words, findings) = Words::arranged(&incident, &BTreeMap::new(), ["offer_code"], arrange);
        let words = words.unwrap_or_else(|| panic!("{findings:#?}"));
        let list = list(&mut Chance(0x2545_F491_4F6C_DD1D ^ seed as u64));
        let settings = ListSettings::default();
        let read_columns = words.columns_read();
        let context = Context {
            file: "affected.csv",
            settings: &settings,
            categories: Some(&incident.categories),
            languages: Some(&incident.languages),
            read_columns: &read_columns,
            known: &Known::default(),
            duties: Some(&duties),
        };
        let mut people =
            People::new(context, Supplied::new(list.as_bytes())).unwrap_or_else(|_| panic!("it is read"));
        let mut rows = 0;
        while let Some(row) = people.read().unwrap() {
            rows += 1;
            assert_eq!(row.row, rows, "no row is left out or comes twice");
            match row.fate {
                Fated::Planned(reader) => {
                    let duty = duties.of(&reader);
                    assert_eq!(duty.way, Way::Email);
                    let variant = words.variant(&reader);
                    assert_eq!(words.variant(&reader), variant, "row {rows} has one wording");
                    judge(&incident, &reader, &duty, &words.said_by(&variant), &mut looked);
                    tells_of_its_own_data(&words, &reader);
                    variants.insert(variant);
                }
                Fated::Withheld { reason, .. } => *reasons.entry(reason).or_default() += 1,
                Fated::Refused => panic!("row {rows} is refused"),
            }
        }
        assert_eq!(rows, ROWS as u64);
        let counts = people.finish().unwrap().counts;
        assert_eq!((counts.rows, counts.refused), (rows, 0));
        assert_eq!(counts.planned + counts.withheld.values().sum::<u64>(), rows);
    }
    // Letters and blocked mailboxes, hundreds of wordings, and rules of both kinds: nothing was skipped.
    assert_eq!(reasons.keys().collect::<Vec<_>>(), [&Withheld::NeedsLetter, &Withheld::Blocked]);
    assert!(reasons.values().all(|people| *people > 100), "{reasons:?}");
    assert!(variants.len() > 500, "{}", variants.len());
    assert!(looked.required > 1_000 && looked.forbidden > 20 && looked.refused > 0, "{looked:?}");
}
