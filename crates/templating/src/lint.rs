//! What is to be said of a variant's wording, seen as its reader sees it: on a sample with every value filled in.
//!
//! Presence is known from structure: an element that came out with words is there. Nothing is searched for in the
//! text but what may not be said.

use crate::{
    claims::{self, Number, Record},
    clarity::{self, Clarity},
    document::Kind,
    language,
    layout::{Piece, lay_out},
    shipped::{self, Weight},
    source::{INCIDENT, Source},
    text,
};
use forthwith_core::{
    address::Address,
    fact::Fact,
    finding::{Finding, Gravity, Place},
    incident::{Culprits, Incident, known_category},
    private::Private,
    recipient::{Recipient, Residence},
    variant::Variant,
};

/// Steps in a notice: more are not followed (Zou and others, CHI 2019, on actions buried in text).
pub const STEPS_MAX: usize = 7;
/// Flesch reading ease at least: plain English; 97 % of 161 notices of 2018 were harder (Zou and others, CHI 2019).
pub const FLESCH_MIN: f64 = 60.0;
/// Flesch-Kincaid grade at most.
pub const GRADE_MAX: f64 = 8.0;
/// Words in a notice that people still read to the end.
pub const WORDS_MAX: u32 = 400;
/// The element whose items are the steps.
const STEPS: &str = "recommended_steps";
/// The elements that say one fact: their silence is somebody's decision, recorded with its reason.
const OF_ONE_FACT: [&str; 3] = ["date_of_breach", "date_of_discovery", "number_affected"];

/// Returns a person of `variant` who stands for all.
pub(crate) fn sample_recipient<'a>(variant: &Variant, columns: impl Iterator<Item = &'a str>) -> Recipient {
    Recipient {
        row: 1,
        line: 2,
        id: Private::new("sample".to_owned()),
        address: Address::parse("ada@example.com").expect("the sample's address is one"),
        name: Private::new("Ada Example".to_owned()),
        residence: Residence::default(),
        language: variant.language.clone(),
        data: variant.data.clone(),
        consent: Vec::new(),
        columns: columns.map(|column| (column.to_owned(), Private::new("sample".to_owned()))).collect(),
    }
}

/// Returns a person of `variant` whose every value is a name for it in brackets: what the public reads. An address
/// cannot have brackets.
pub(crate) fn public_recipient<'a>(variant: &Variant, columns: impl Iterator<Item = &'a str>) -> Recipient {
    let column = |column: &str| (column.to_owned(), Private::new(format!("[your {column}]")));
    Recipient {
        id: Private::new("[your number]".to_owned()),
        address: Address::parse("your.address@example.com").expect("the public's address is one"),
        name: Private::new("[your name]".to_owned()),
        columns: columns.map(column).collect(),
        ..sample_recipient(variant, std::iter::empty())
    }
}

/// Returns the findings on the sample of `variant`.
pub(crate) fn check(incident: &Incident, variant: &Variant, sources: &[Source], pieces: &[Piece]) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(check_data(incident, variant));
    findings.extend(check_silence(incident, sources, pieces));
    let is_english = language::is_english(&variant.language);
    let record = record(incident, variant);
    for piece in pieces {
        let place = || place(sources, &piece.element);
        let blocks = words_of(std::slice::from_ref(piece));
        if is_english {
            findings.extend(claims::find(&blocks.join("\n"), record).into_iter().map(|claim| Finding {
                place: place(),
                code: claim.code,
                gravity: claim.gravity,
                message: claim.message,
                hint: Some(claim.hint.to_owned()),
            }));
        }
        if &*piece.element == STEPS {
            findings.extend(check_steps(piece, is_english, &place()));
        }
    }
    findings.extend(check_clarity(variant, &words_of(pieces), is_english));
    findings
}

fn place(sources: &[Source], element: &str) -> Place {
    let source = sources.iter().find(|source| &*source.element == element);
    source.map_or_else(|| Place::file(INCIDENT), |source| source.place(None))
}

/// Returns the words of each block on one line.
fn words_of(pieces: &[Piece]) -> Vec<String> {
    lay_out(pieces).iter().map(text::words).collect()
}

fn record(incident: &Incident, variant: &Variant) -> Record {
    // A category that is the incident's own may be a way to reach the person, too.
    let is_contact = |id: &String| known_category(id).is_none_or(|category| category.is_contact);
    Record {
        can_be_reached: variant.data.iter().any(is_contact),
        nothing_else: incident.facts.nothing_else.known().is_some(),
        passwords_safe: incident.facts.passwords_safe.is_some(),
        culprits: match incident.facts.culprits {
            Culprits::One => Number::One,
            Culprits::Several => Number::Several,
            Culprits::Unknown => Number::Unknown,
        },
    }
}

fn check_data(incident: &Incident, variant: &Variant) -> Option<Finding> {
    if variant.data.is_empty() {
        let message = "nothing says which data of these people was exposed";
        return Some(
            Finding::refused("data-missing", Place::file(INCIDENT), message)
                .hint("name the categories in incident.toml, or each person's in the list's `data` column"),
        );
    }
    let id = variant.data.iter().find(|id| incident.category(id).is_none())?;
    let message = format!("the data category `{id}` is not one of the incident's");
    Some(Finding::refused("data-unknown", Place::file(INCIDENT), message))
}

/// Finds expected elements that came out without words.
fn check_silence(incident: &Incident, sources: &[Source], pieces: &[Piece]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        let id = &*source.element;
        let is_expected = shipped::element(id).is_none_or(|element| element.weight == Weight::Expected);
        if !is_expected || pieces.iter().any(|piece| *piece.element == *id) {
            continue;
        }
        let says = shipped::element(id).map_or("", |element| element.says);
        let message = format!("the notice is silent on `{id}`: {says}");
        let gravity = if OF_ONE_FACT.contains(&id) { Gravity::Note } else { Gravity::Warning };
        let hint = format!("write a statement `{id}` in {INCIDENT}");
        let finding = Finding { gravity, ..Finding::warning("element-silent", source.place(None), message) };
        findings.push(if gravity == Gravity::Note { finding } else { finding.hint(hint) });
    }
    if matches!(incident.facts.people_affected, Fact::Known(0)) {
        let message = "nobody is said to be affected, yet people are told";
        findings.push(Finding::refused("people-affected", Place::file(INCIDENT), message));
    }
    findings
}

fn check_steps(piece: &Piece, is_english: bool, place: &Place) -> Vec<Finding> {
    let laid = lay_out(std::slice::from_ref(piece));
    let is_step = |kind: Kind| matches!(kind, Kind::Item { number: Some(_), .. });
    let steps: Vec<String> = laid.iter().filter(|block| is_step(block.kind)).map(text::words).collect();
    let mut findings = Vec::new();
    if steps.is_empty() {
        let message = "what to do is not in numbered steps".to_owned();
        findings.push(Finding::warning("steps-unnumbered", place.clone(), message).hint("begin each with `1. `"));
    }
    if steps.len() > STEPS_MAX {
        let message = format!("{} steps, and people follow at most {STEPS_MAX}", steps.len());
        findings.push(Finding::refused("steps-many", place.clone(), message).hint("keep what matters most"));
    }
    for step in steps.iter().filter(|step| is_english && !begins_with_a_verb(step)) {
        let first = step.split_whitespace().next().unwrap_or_default();
        let message = format!("a step begins with `{first}`, which is not known as a verb");
        let hint = "begin with what to do: change, call, check, ignore";
        findings.push(Finding::warning("step-verb", place.clone(), message).hint(hint));
    }
    findings
}

fn check_clarity(variant: &Variant, blocks: &[String], is_english: bool) -> Vec<Finding> {
    let place = Place::file(INCIDENT);
    if !is_english {
        let message = format!("the wording `{variant}` is not English: nobody has scored how easy it reads");
        return vec![Finding::note("clarity-unscored", place, message)];
    }
    let score: Clarity = clarity::score(&blocks.join("\n\n"));
    let mut findings = Vec::new();
    if score.flesch < FLESCH_MIN || score.grade > GRADE_MAX {
        let message = format!(
            "the wording `{variant}` is hard to read: Flesch {:.0} (at least {FLESCH_MIN}), grade {:.1} (at most {GRADE_MAX})",
            score.flesch, score.grade
        );
        findings.push(Finding::warning("clarity", place.clone(), message).hint(hardest(blocks)));
    }
    if score.words > WORDS_MAX {
        let message = format!("the wording `{variant}` has {} words: at most {WORDS_MAX} are read", score.words);
        findings.push(Finding::warning("long", place, message));
    }
    findings
}

/// Returns a hint that names the sentence with the highest grade.
fn hardest(blocks: &[String]) -> String {
    /// Characters of the sentence that are shown.
    const SHOWN_MAX: usize = 80;
    let sentences = blocks.iter().flat_map(|block| block.split_inclusive(". "));
    let hardest = sentences.max_by(|a, b| clarity::score(a).grade.total_cmp(&clarity::score(b).grade));
    let shown: String = hardest.unwrap_or_default().trim().chars().take(SHOWN_MAX).collect();
    format!("begin with the sentence \"{shown}\"")
}

fn begins_with_a_verb(step: &str) -> bool {
    let mut words = step.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default().to_lowercase();
    let verb = match first.as_str() {
        "do" | "never" | "always" | "please" => words.next().unwrap_or_default().to_lowercase(),
        _ => first,
    };
    VERBS.contains(&verb.as_str()) || (verb == "not" && step.to_lowercase().starts_with("do not"))
}

/// Verbs that steps of notices begin with.
const VERBS: &[&str] = &[
    "add", "agree", "answer", "apply", "ask", "avoid", "back", "be", "beware", "block", "bring", "call", "cancel",
    "change", "check", "choose", "claim", "close", "compare", "contact", "copy", "create", "delete", "deny",
    "dial", "disable", "distrust", "doubt", "download", "enable", "enter", "file", "find", "follow", "forget",
    "forward", "freeze", "get", "give", "go", "hang", "hold", "ignore", "inform", "install", "keep", "learn",
    "leave", "let", "listen", "lock", "log", "look", "make", "mark", "move", "note", "open", "order", "pay",
    "place", "post", "print", "protect", "put", "read", "record", "refuse", "reject", "remember", "remove",
    "renew", "replace", "reply", "report", "request", "reset", "review", "revoke", "save", "search", "see", "send",
    "set", "share", "show", "sign", "speak", "stay", "stop", "store", "switch", "take", "talk", "tell", "think",
    "track", "treat", "trust", "try", "turn", "type", "update", "use", "visit", "wait", "warn", "watch", "write",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_begin_with_verbs() {
        for step in ["Change it.", "Do not answer.", "Never give it.", "do nothing? no: Call us."] {
            assert_eq!(begins_with_a_verb(step), !step.starts_with("do nothing"), "{step}");
        }
        assert!(!begins_with_a_verb("Your password should be changed."));
        assert!(!begins_with_a_verb(""));
    }
}
