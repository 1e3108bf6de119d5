//! What is to be said of a variant's wording, seen as its reader sees it: on a sample with every value filled in.
//!
//! Presence is known from structure: an element that came out with words is there. Nothing is searched for in the
//! text but what may not be said.

mod trust;
mod truth;

use crate::{
    claims::{self, Number, Phrasebook, Record},
    clarity::{self, Clarity},
    document::{Block, Kind},
    language,
    layout::{Piece, lay_out},
    sections::Section,
    shipped,
    source::{INCIDENT, Phrases, Source},
    text,
};
use forthwith_core::{
    address::Address,
    arrangement::{Arranged, Arrangement, Need},
    fact::Fact,
    finding::{Finding, Gravity, Place},
    incident::{Culprits, Incident, known_category},
    private::Private,
    recipient::{Recipient, Residence},
    variant::Variant,
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

/// Steps in a notice: more are not followed (Zou and others, CHI 2019, on actions buried in text).
pub const STEPS_MAX: usize = 7;
/// Ease at least, by Flesch's index or the one fitted to the language: plain; 97 % of 161 English notices of 2018
/// were harder (Zou and others, CHI 2019).
pub const EASE_MIN: f64 = 60.0;
/// Flesch-Kincaid grade at most, for English.
pub const GRADE_MAX: f64 = 8.0;
/// LIX at most, for other languages: of middling difficulty, as newspapers are (Björnsson 1968).
pub const LIX_MAX: f64 = 50.0;
/// Words in a notice that people still read to the end.
pub const WORDS_MAX: u32 = 400;
/// The element that has steps of its own in every notice.
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
        residence: variant.by_law.place.as_deref().map_or_else(Residence::default, residence),
        language: variant.language.clone(),
        data: variant.data.clone(),
        consent: Vec::new(),
        columns: columns.map(|column| (column.to_owned(), Private::new("sample".to_owned()))).collect(),
    }
}

/// Returns the residence of a code: `US-MD`.
fn residence(code: &str) -> Residence {
    let (country, region) = code.split_once('-').unwrap_or((code, ""));
    Residence { country: country.to_owned(), region: region.to_owned() }
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

/// A wording as its reader sees it.
pub(crate) struct Seen<'a> {
    pub incident: &'a Incident,
    pub variant: &'a Variant,
    /// Where each element's words come from.
    pub sources: &'a BTreeMap<String, Source>,
    /// What it is to be made of.
    pub arrangement: &'a Arrangement,
    /// The heading of each group.
    pub headings: &'a [Option<Block>],
    /// The elements that another one says too.
    pub said: BTreeSet<&'a str>,
    /// What its language says.
    pub phrases: &'a Phrases,
    /// What may not be said in its language, where that is known.
    pub phrasebook: Option<&'static Phrasebook>,
}

impl Seen<'_> {
    /// Returns what is to be said of a wording that came out as these pieces.
    pub(crate) fn check(&self, pieces: &[Cow<'_, Piece>]) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.extend(self.check_data());
        findings.extend(self.check_silence(pieces));
        findings.extend(self.check_untranslated());
        findings.extend(self.check_sender());
        let record = record(self.incident, self.variant);
        let own = in_own_language(pieces);
        for piece in &own {
            let text = words_of(&[], std::slice::from_ref(piece)).join("\n");
            let of_language = self.phrasebook.map(|book| book.find(&text, record)).unwrap_or_default();
            findings.extend(claims::find_in_any(&text).into_iter().chain(of_language).map(|claim| Finding {
                place: self.place(&piece.element),
                code: claim.code,
                gravity: claim.gravity,
                message: claim.message,
                hint: Some(claim.hint.to_owned()),
            }));
            findings.extend(self.check_domains(piece, &text));
        }
        findings.extend(self.check_steps(pieces));
        findings.extend(check_clarity(self.variant, &words_of(self.headings, &own)));
        findings
    }

    fn place(&self, element: &str) -> Place {
        self.sources.get(element).map_or_else(|| Place::file(INCIDENT), |source| source.place(None))
    }

    /// Finds the elements that the notice is to have and that came out without words.
    fn check_silence(&self, pieces: &[Cow<'_, Piece>]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for Arranged { element: id, need } in &self.arrangement.elements {
            let is_there = pieces.iter().any(|piece| *piece.element == **id) || self.said.contains(id.as_str());
            if *need == Need::Optional || is_there {
                continue;
            }
            let says = shipped::element(id).map_or("", |element| element.says);
            let finding = Finding {
                gravity: match need {
                    Need::Required => Gravity::Refused,
                    _ if OF_ONE_FACT.contains(&id.as_str()) => Gravity::Note,
                    _ => Gravity::Warning,
                },
                ..Finding::warning(
                    "element-silent",
                    self.place(id),
                    format!("the notice is silent on `{id}`: {says}"),
                )
            };
            let hint = format!("write a statement `{id}` in {INCIDENT}");
            findings.push(if finding.gravity == Gravity::Note { finding } else { finding.hint(hint) });
        }
        if matches!(self.incident.facts.people_affected, Fact::Known(0)) {
            let message = "nobody is said to be affected, yet people are told";
            findings.push(Finding::refused("people-affected", Place::file(INCIDENT), message));
        }
        findings
    }

    /// Looks at the steps: the numbered items of the section on what to do.
    fn check_steps(&self, pieces: &[Cow<'_, Piece>]) -> Vec<Finding> {
        let is_of_steps = |piece: &&Cow<'_, Piece>| {
            let element = shipped::element(&piece.element);
            element.is_some_and(|element| element.section == Section::WhatToDo)
        };
        let is_step = |kind: Kind| matches!(kind, Kind::Item { number: Some(_), .. });
        let (mut findings, mut count) = (Vec::new(), 0);
        for piece in pieces.iter().filter(is_of_steps) {
            let laid = lay_out(&[], std::slice::from_ref(piece));
            let steps: Vec<String> = laid.iter().filter(|block| is_step(block.kind)).map(text::words).collect();
            if steps.is_empty() && &*piece.element == STEPS {
                let message = "what to do is not in numbered steps";
                let finding = Finding::warning("steps-unnumbered", self.place(&piece.element), message);
                findings.push(finding.hint("begin each with `1. `"));
            }
            count += steps.len();
            let Some(book) = self.phrasebook else { continue };
            for step in steps.iter().filter(|step| !book.begins_with_a_verb(step)) {
                let first = step.split_whitespace().next().unwrap_or_default();
                let message = format!("a step begins with `{first}`, which is not known as a verb");
                let hint = format!("begin with what to do: {}", book.verbs);
                findings.push(Finding::warning("step-verb", self.place(&piece.element), message).hint(hint));
            }
        }
        if count > STEPS_MAX {
            let message = format!("{count} steps, and people follow at most {STEPS_MAX}");
            findings
                .push(Finding::refused("steps-many", self.place(STEPS), message).hint("keep what matters most"));
        }
        findings
    }
}

/// Returns the words of these pieces that are scored, block by block.
pub(crate) fn own_words(headings: &[Option<Block>], pieces: &[Cow<'_, Piece>]) -> Vec<String> {
    words_of(headings, &in_own_language(pieces))
}

/// Leaves out what is said in another language: it is said to whoever reads that one.
fn in_own_language<'p>(pieces: &[Cow<'p, Piece>]) -> Vec<Cow<'p, Piece>> {
    pieces.iter().filter(|piece| piece.language.is_none()).cloned().collect()
}

/// Returns the words of each block on one line.
fn words_of(headings: &[Option<Block>], pieces: &[Cow<'_, Piece>]) -> Vec<String> {
    lay_out(headings, pieces).iter().map(text::words).collect()
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

fn check_clarity(variant: &Variant, blocks: &[String]) -> Vec<Finding> {
    let place = Place::file(INCIDENT);
    let Some(index) = clarity::index(&variant.language) else {
        let message =
            format!("the wording `{variant}` is in a language that is not scored: nobody knows how easy it reads");
        return vec![Finding::note("clarity-unscored", place, message)];
    };
    let score: Clarity = clarity::score_in(&variant.language, &blocks.join("\n\n"));
    let is_english = language::is_english(&variant.language);
    let (second, is_hard) = if is_english {
        (format!("grade {:.1} (at most {GRADE_MAX})", score.grade), score.grade > GRADE_MAX)
    } else {
        (format!("LIX {:.0} (at most {LIX_MAX})", score.lix), score.lix > LIX_MAX)
    };
    let mut findings = Vec::new();
    if score.ease < EASE_MIN || is_hard {
        let message = format!(
            "the wording `{variant}` is hard to read: {} {:.0} (at least {EASE_MIN}), {second}",
            index.name, score.ease
        );
        let hint = hardest(&variant.language, blocks);
        findings.push(Finding::warning("clarity", place.clone(), message).hint(hint));
    }
    if score.words > WORDS_MAX {
        let message = format!("the wording `{variant}` has {} words: at most {WORDS_MAX} are read", score.words);
        findings.push(Finding::warning("long", place, message));
    }
    findings
}

/// Returns a hint that names the hardest sentence.
fn hardest(language: &str, blocks: &[String]) -> String {
    /// Characters of the sentence that are shown.
    const SHOWN_MAX: usize = 80;
    let sentences = blocks.iter().flat_map(|block| block.split_inclusive(". "));
    let ease = |sentence: &str| clarity::score_in(language, sentence).ease;
    let hardest = sentences.min_by(|a, b| ease(a).total_cmp(&ease(b)));
    let shown: String = hardest.unwrap_or_default().trim().chars().take(SHOWN_MAX).collect();
    format!("begin with the sentence \"{shown}\"")
}
