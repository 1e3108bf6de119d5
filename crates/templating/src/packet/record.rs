//! All that the masked pages of a packet say, as one record: the pages are printed from it, programs read it as
//! `packet.json`, and the next packet is compared with it. It names nobody.

use super::{
    PacketFacts, PacketVariant,
    facts::{FactRecord, fact_records},
    findings::{FindingRecord, RowsRecord, about_nobody, about_rows},
    law::PacketLaw,
    means,
    open::{OpenRecord, open},
};
use crate::{Paragraph, Parts, clarity, language};
use forthwith_core::{
    approval::{ApprovalRule, plain_words},
    incident::{Entity, Incident},
    notice::Withheld,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the record's form. A change of the form is a new number, never a new meaning of an old one.
pub const RECORD_FORMAT: u32 = 1;

/// All that the masked pages say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub forthwith_packet: u32,
    pub incident: String,
    pub organisation: String,
    pub digest: String,
    /// The digest in words: what somebody compares who signs by hand.
    pub digest_words: Vec<String>,
    pub approval: ApprovalRecord,
    pub deadline: Option<String>,
    pub list: ListRecord,
    /// Who writes: the organisation, and each entity for people elsewhere.
    pub senders: Vec<SenderRecord>,
    pub open: Vec<OpenRecord>,
    pub facts: Vec<FactRecord>,
    pub residences: Vec<ResidenceRecord>,
    pub variants: Vec<VariantRecord>,
    pub findings: Vec<FindingRecord>,
    pub findings_in_rows: Vec<RowsRecord>,
    pub law: Option<PacketLaw>,
    pub manifest: Vec<LineRecord>,
}

/// Who releases the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ApprovalRecord {
    /// `not-needed`, `signers` or `missing`.
    pub state: String,
    pub says: String,
}

/// What becomes of the rows of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ListRecord {
    pub name: String,
    pub rows: u64,
    pub planned: u64,
    pub withheld: u64,
    pub reasons: Vec<ReasonRecord>,
    /// Rows that were merged into another one; they are among those withheld.
    pub merged: u64,
    /// Whether rows = planned + withheld, and the wordings' people are all that are planned.
    pub adds_up: bool,
    /// What else decided about these rows.
    pub beside: Vec<BesideRecord>,
}

/// How many rows a reason withholds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ReasonRecord {
    pub reason: String,
    pub means: String,
    pub rows: u64,
}

/// A source beside the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct BesideRecord {
    pub name: String,
    pub says: String,
}

/// An entity that writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SenderRecord {
    pub legal_name: String,
    pub known_as: String,
    pub from: String,
    pub reply_to: Option<String>,
    pub website: String,
    pub email: String,
    pub phone: Option<String>,
    pub hours: BTreeMap<String, String>,
    pub report_fakes_to: String,
    /// How many people it writes to.
    pub people: u64,
}

/// People of one residence, and which wordings they get.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ResidenceRecord {
    pub residence: String,
    pub people: u64,
    pub variants: Vec<ShareRecord>,
}

/// How many people get a wording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ShareRecord {
    /// The wording's number.
    pub variant: usize,
    pub people: u64,
}

/// One wording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct VariantRecord {
    /// Its place among all, counted from 1.
    pub number: usize,
    pub key: String,
    /// What people call it: `Wording 1`.
    pub label: String,
    /// Its page.
    pub page: String,
    /// How its sample files are called, without an ending: `samples/wording-01`.
    pub sample: String,
    pub entity: String,
    pub language: String,
    /// How its language is written: `ltr` or `rtl`.
    pub direction: String,
    pub data: Vec<String>,
    pub people: u64,
    /// Who lives where: a list, because a map has no order in a template.
    pub residences: Vec<PeopleRecord>,
    pub subject: String,
    pub from: String,
    pub reply_to: Option<String>,
    pub clarity: ClarityRecord,
    pub findings: Vec<FindingRecord>,
    pub paragraphs: Vec<Paragraph>,
}

/// How many readers of a wording live somewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PeopleRecord {
    pub residence: String,
    pub people: u64,
}

/// How easy a wording is to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ClarityRecord {
    pub words: u32,
    pub words_max: u32,
    /// The index of ease of its language, where it has one here.
    pub index: Option<String>,
    /// The ease by that index, to a tenth.
    pub ease: Option<f64>,
    pub ease_min: f64,
    /// Flesch-Kincaid grade, to a tenth: of English alone.
    pub grade: Option<f64>,
    pub grade_max: f64,
    /// LIX, to a tenth: of every other language that has an index.
    pub lix: Option<f64>,
    pub lix_max: f64,
}

/// A line of the manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LineRecord {
    pub name: String,
    pub value: String,
}

impl Record {
    /// Returns the record of a packet.
    pub(super) fn of(facts: &PacketFacts) -> Self {
        let variants: Vec<_> =
            facts.variants.iter().enumerate().map(|(i, variant)| variant_record(facts, i + 1, variant)).collect();
        let mut record = Self {
            forthwith_packet: RECORD_FORMAT,
            incident: facts.incident.id.clone(),
            organisation: facts.incident.organisation.legal_name.clone(),
            digest: facts.digest.to_string(),
            digest_words: plain_words(&facts.digest).split(' ').map(str::to_owned).collect(),
            approval: approval(facts.incident.approval.as_ref()),
            deadline: facts.incident.deadline.map(|at| at.to_string()),
            list: list(facts),
            senders: senders(facts),
            open: Vec::new(),
            facts: fact_records(&facts.incident),
            residences: residences(facts),
            variants,
            findings: about_nobody(&facts.findings),
            findings_in_rows: about_rows(&facts.findings, &facts.totals),
            law: facts.law.clone(),
            manifest: facts.manifest.lines().map(line).collect(),
        };
        record.open = open(&record);
        record
    }

    /// Reads a record that an earlier packet has; `None` where it is none, or of another form.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        let record: Self = serde_json::from_slice(json).ok()?;
        (record.forthwith_packet == RECORD_FORMAT).then_some(record)
    }
}

/// Returns what programs read.
pub(super) fn json(record: &impl Serialize) -> Vec<u8> {
    let mut json = serde_json::to_vec_pretty(record).expect("texts, numbers and lists of them become JSON");
    json.push(b'\n');
    json
}

fn line(line: &str) -> LineRecord {
    let (name, value) = line.split_once(' ').unwrap_or((line, ""));
    LineRecord { name: name.to_owned(), value: value.to_owned() }
}

pub(super) fn approval(rule: Option<&ApprovalRule>) -> ApprovalRecord {
    let (state, says) = match rule {
        Some(ApprovalRule::NotNeeded { reason }) => {
            ("not-needed", format!("Nobody has to release this plan. The reason given: {reason}"))
        }
        Some(ApprovalRule::Asked(asked)) => ("signers", format!("To release this plan: {}.", asked.told())),
        None => (
            "missing",
            "Nobody has said who releases this plan: incident.toml has no [approval]. Nothing can be handed over."
                .to_owned(),
        ),
    };
    ApprovalRecord { state: state.to_owned(), says }
}

fn list(facts: &PacketFacts) -> ListRecord {
    let mut reasons: BTreeMap<Withheld, u64> = BTreeMap::new();
    for row in &facts.withheld {
        *reasons.entry(row.reason).or_default() += 1;
    }
    let reason = |(reason, rows): (Withheld, u64)| ReasonRecord {
        reason: reason.reason().to_owned(),
        means: means(reason).to_owned(),
        rows,
    };
    let withheld = facts.withheld.len() as u64;
    let told: u64 = facts.variants.iter().map(|variant| variant.count).sum();
    let beside = |(name, says): &(String, String)| BesideRecord { name: name.clone(), says: says.clone() };
    ListRecord {
        name: facts.list_name.clone(),
        rows: facts.rows,
        planned: facts.planned,
        withheld,
        reasons: reasons.into_iter().map(reason).collect(),
        merged: facts.merged.len() as u64,
        adds_up: facts.rows == facts.planned + withheld && told == facts.planned,
        beside: facts.beside.iter().map(beside).collect(),
    }
}

fn senders(facts: &PacketFacts) -> Vec<SenderRecord> {
    let Incident { organisation, elsewhere, .. } = &facts.incident;
    let entities = std::iter::once(organisation).chain(elsewhere.iter().map(|elsewhere| &elsewhere.entity));
    let people =
        |i| facts.variants.iter().filter(move |variant| variant.variant.entity == i).map(|v| v.count).sum();
    entities.enumerate().map(|(i, entity)| sender(entity, people(i))).collect()
}

fn sender(entity: &Entity, people: u64) -> SenderRecord {
    SenderRecord {
        legal_name: entity.legal_name.clone(),
        known_as: entity.known_as.clone(),
        from: crate::words::shown(&entity.from),
        reply_to: entity.reply_to.as_ref().map(crate::words::shown),
        website: entity.website.clone(),
        email: entity.contact.email.expose().to_owned(),
        phone: entity.contact.phone.clone(),
        hours: entity.contact.hours.clone(),
        report_fakes_to: entity.contact.report_fakes_to.expose().to_owned(),
        people,
    }
}

/// Returns who lives where, most people first.
fn residences(facts: &PacketFacts) -> Vec<ResidenceRecord> {
    let mut by_code: BTreeMap<&str, Vec<ShareRecord>> = BTreeMap::new();
    for (i, variant) in facts.variants.iter().enumerate() {
        for (code, people) in &variant.residences {
            by_code.entry(code).or_default().push(ShareRecord { variant: i + 1, people: *people });
        }
    }
    let record = |(code, variants): (&str, Vec<ShareRecord>)| ResidenceRecord {
        residence: code.to_owned(),
        people: variants.iter().map(|share| share.people).sum(),
        variants,
    };
    let mut residences: Vec<_> = by_code.into_iter().map(record).collect();
    residences.sort_by_key(|residence| std::cmp::Reverse(residence.people));
    residences
}

fn variant_record(facts: &PacketFacts, number: usize, variant: &PacketVariant) -> VariantRecord {
    let parts = &variant.sample.parts;
    VariantRecord {
        number,
        key: variant.variant.to_string(),
        label: format!("Wording {number} ({})", variant.variant.label(&facts.incident)),
        page: format!("wording-{number:02}.html"),
        sample: format!("samples/wording-{number:02}"),
        entity: crate::context::entity(&facts.incident, &variant.variant).legal_name.clone(),
        language: variant.variant.language.clone(),
        direction: language::direction(&variant.variant.language).to_owned(),
        data: variant.variant.data.clone(),
        people: variant.count,
        residences: where_they_live(variant),
        subject: parts.subject.clone(),
        from: parts.from.clone(),
        reply_to: parts.reply_to.clone(),
        clarity: clarity_record(parts),
        findings: about_nobody(&variant.findings),
        paragraphs: parts.paragraphs.clone(),
    }
}

/// Returns where the readers of a wording live, most people first.
fn where_they_live(variant: &PacketVariant) -> Vec<PeopleRecord> {
    let people =
        |(residence, people): (&String, &u64)| PeopleRecord { residence: residence.clone(), people: *people };
    let mut all: Vec<_> = variant.residences.iter().map(people).collect();
    all.sort_by_key(|residence| std::cmp::Reverse(residence.people));
    all
}

fn clarity_record(sample: &Parts) -> ClarityRecord {
    let score = clarity::score_in(&sample.language, &sample.own_words);
    let index = clarity::index(&sample.language);
    let is_english = language::is_english(&sample.language);
    let scored = |is_scored: bool, value: f64| is_scored.then(|| (value * 10.0).round() / 10.0);
    ClarityRecord {
        words: score.words,
        words_max: crate::WORDS_MAX,
        index: index.map(|index| index.name.to_owned()),
        ease: scored(index.is_some(), score.ease),
        ease_min: crate::EASE_MIN,
        grade: scored(is_english, score.grade),
        grade_max: crate::GRADE_MAX,
        lix: scored(index.is_some() && !is_english, score.lix),
        lix_max: crate::LIX_MAX,
    }
}
