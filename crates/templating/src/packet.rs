//! The packet: the plan made readable for the person who releases it, as pages that need nothing but a browser.
//!
//! Self-contained, without scripts, with a policy that lets the browser fetch nothing. The same facts give the
//! same bytes: no clock, no order but the given one. Approvals are not decided here, only shown.

mod facts;
mod merged;

pub use merged::{PacketMerged, PacketPerson};

use crate::{
    clarity,
    language::{self, ENGLISH},
    words::Parts,
};
use facts::{FactView, fact_views};
use forthwith_core::{
    digest::Digest,
    finding::{Finding, Gravity, Place},
    incident::{ApprovalRule, Incident},
    notice::Withheld,
    private::Private,
    variant::Variant,
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write as _};
use tera::{Context, Tera};

/// What the packet shows, as plain data.
pub struct PacketFacts {
    /// The manifest, byte for byte.
    pub manifest: String,
    /// SHA-256 of the manifest.
    pub digest: Digest,
    /// The incident as it was read.
    pub incident: Incident,
    /// The name of the affected list.
    pub list_name: String,
    /// Rows of the list.
    pub rows: u64,
    /// Notices owed.
    pub planned: u64,
    /// Every wording, in the order in which it is shown.
    pub variants: Vec<PacketVariant>,
    /// Every row without a notice, in row order.
    pub withheld: Vec<PacketWithheld>,
    /// Every row that was merged into another one, in row order; they are among `withheld` too.
    pub merged: Vec<PacketMerged>,
    /// What else decided about people, and what it says: a name and words each.
    pub beside: Vec<(String, String)>,
    /// What was found in incident, list and words, apart from single wordings.
    pub findings: Vec<Finding>,
}

/// One wording of the plan.
pub struct PacketVariant {
    /// What it depends on.
    pub variant: Variant,
    /// How many people get it.
    pub count: u64,
    /// How many of them live where, by residence code.
    pub residences: BTreeMap<String, u64>,
    /// Its notice to an invented reader ([`crate::Words::sample`]): the packet is passed on, and names nobody.
    pub sample: Parts,
    /// What was found in it.
    pub findings: Vec<Finding>,
}

/// One row without a notice.
pub struct PacketWithheld {
    /// The data row, counted from 1.
    pub row: u64,
    /// The physical line where the row starts.
    pub line: u64,
    /// Why.
    pub reason: Withheld,
    /// More words on it.
    pub note: String,
    /// The id column.
    pub id: Private<String>,
    /// The address column as it was written.
    pub address: Private<String>,
    /// The name column.
    pub name: Private<String>,
}

const TEMPLATES: [(&str, &str); 4] = [
    ("base.html", include_str!("../../../templates/packet/base.html")),
    ("index.html", include_str!("../../../templates/packet/index.html")),
    ("variant.html", include_str!("../../../templates/packet/variant.html")),
    ("withheld.html", include_str!("../../../templates/packet/withheld.html")),
];

/// Rows without a notice that page one shows: a second wave may withhold a million, and they are all in the private
/// part.
const WITHHELD_SHOWN_MAX: usize = 1_000;
/// Width of the frame that shows a notice as on a computer: with the phone's beside it, the width of the page.
const WIDE_PIXELS: u32 = 600;

/// Returns the pages of the packet by their path in `out/packet`: `manifest.txt`, `index.html`, one page for each
/// wording, `private/withheld.html` with the names of those who are told nothing, and `private/merged.csv` with
/// those whom another row's notice stands for.
pub fn pages(facts: &PacketFacts) -> BTreeMap<String, Vec<u8>> {
    let mut tera = Tera::default();
    tera.add_raw_templates(TEMPLATES).expect("the packet's own templates are sound");
    let mut pages = BTreeMap::from([("manifest.txt".to_owned(), facts.manifest.clone().into_bytes())]);
    let mut add = |path: String, template: &str, context: &Context| {
        let page = tera.render(template, context).expect("the packet's own templates know their names");
        pages.insert(path, page.into_bytes());
    };
    let common = common(facts);
    let variants: Vec<VariantView> =
        facts.variants.iter().enumerate().map(|(i, variant)| VariantView::new(facts, i, variant)).collect();
    let withheld: Vec<WithheldView> = facts.withheld.iter().map(WithheldView::new).collect();
    add("index.html".to_owned(), "index.html", &index(facts, &common, &variants, &withheld));
    for (i, (variant, view)) in facts.variants.iter().zip(&variants).enumerate() {
        add(view.path.clone(), "variant.html", &variant_page(facts, &common, i, variant, view));
    }
    if !withheld.is_empty() {
        let mut context = common.clone();
        context.insert("withheld", &withheld);
        add("private/withheld.html".to_owned(), "withheld.html", &context);
    }
    if !facts.merged.is_empty() {
        pages.insert("private/merged.csv".to_owned(), merged::table(&facts.merged));
    }
    pages
}

fn common(facts: &PacketFacts) -> Context {
    let mut context = Context::new();
    context.insert("incident_id", &facts.incident.id);
    context.insert("organisation", &facts.incident.organisation.legal_name);
    context.insert("digest", &facts.digest.to_string());
    context
}

fn index(facts: &PacketFacts, common: &Context, variants: &[VariantView], withheld: &[WithheldView]) -> Context {
    let mut context = common.clone();
    let withheld_total = facts.withheld.len() as u64;
    let told: u64 = facts.variants.iter().map(|variant| variant.count).sum();
    context.insert("is_complete", &(facts.rows == facts.planned + withheld_total && told == facts.planned));
    context.insert("list_name", &facts.list_name);
    context.insert("rows", &number(facts.rows));
    context.insert("planned", &number(facts.planned));
    context.insert("planned_count", &facts.planned);
    context.insert("withheld_total", &number(withheld_total));
    context.insert("reasons", &reasons(facts));
    let beside: Vec<_> = facts.beside.iter().map(|(name, says)| BesideView { name, says }).collect();
    context.insert("beside", &beside);
    context.insert("merged_count", &facts.merged.len());
    context.insert("merged", &number(facts.merged.len() as u64));
    let (class, approval) = approval(facts.incident.approval.as_ref());
    context.insert("approval_class", class);
    context.insert("approval", &approval);
    let deadline = facts.incident.deadline;
    let deadline = deadline.map_or_else(
        || "None is set.".to_owned(),
        |at| format!("Every notice must have been handed over by {at} (UTC)."),
    );
    context.insert("deadline", &deadline);
    context.insert("variants", variants);
    context.insert("findings", &finding_views(&facts.findings));
    let views: Vec<FactView> = fact_views(&facts.incident);
    context.insert("facts", &views);
    context.insert("withheld", &withheld[..withheld.len().min(WITHHELD_SHOWN_MAX)]);
    context.insert("withheld_more", &withheld.len().saturating_sub(WITHHELD_SHOWN_MAX));
    context
}

fn approval(rule: Option<&ApprovalRule>) -> (&'static str, String) {
    match rule {
        Some(ApprovalRule::NotNeeded { reason }) => {
            ("look", format!("Nobody has to release this plan. The reason given: {reason}"))
        }
        Some(ApprovalRule::Signers) => (
            "stop",
            "Signers are named. This version cannot read their signatures, and hands nothing over.".to_owned(),
        ),
        None => (
            "stop",
            "Nobody has said who releases this plan: incident.toml has no [approval]. Nothing can be handed over."
                .to_owned(),
        ),
    }
}

fn variant_page(
    facts: &PacketFacts,
    common: &Context,
    i: usize,
    variant: &PacketVariant,
    view: &VariantView,
) -> Context {
    let mut context = common.clone();
    context.insert("home", "index.html");
    context.insert("number", &(i + 1));
    context.insert("total", &facts.variants.len());
    context.insert("variant", view);
    context.insert("findings", &finding_views(&variant.findings));
    context.insert("sample", &SampleView::new(&variant.sample));
    context.insert("wide", &WIDE_PIXELS);
    context.insert("wide_height", &frame_height(&variant.sample.text, 62));
    context.insert("phone_height", &frame_height(&variant.sample.text, 27));
    context
}

/// Returns the height in pixels of a frame that holds the notice where a line takes `columns` characters: a page
/// without scripts cannot measure its frames. Rather too high than cut off.
fn frame_height(text: &str, columns: usize) -> usize {
    const LINE: usize = 26;
    const BETWEEN: usize = 15;
    const AROUND: usize = 120;
    let mut height = AROUND;
    let mut paragraph = 0;
    for line in text.lines().chain(std::iter::once("")) {
        let is_break =
            line.is_empty() || !line.contains(char::is_alphanumeric) || line.starts_with(char::is_numeric);
        if is_break {
            height += usize::div_ceil(paragraph, columns) * LINE + BETWEEN;
            paragraph = 0;
        }
        paragraph += if line.contains(char::is_alphanumeric) { line.chars().count() + 1 } else { 0 };
    }
    height
}

/// What the templates read of a wording.
#[derive(Serialize)]
struct VariantView {
    key: String,
    label: String,
    path: String,
    entity: String,
    language: String,
    data: String,
    residences: String,
    count: String,
    is_one: bool,
    clarity: String,
}

impl VariantView {
    fn new(facts: &PacketFacts, i: usize, variant: &PacketVariant) -> Self {
        let residences = variant.residences.iter().map(|(code, count)| format!("{code} {}", number(*count)));
        Self {
            key: variant.variant.to_string(),
            label: variant.variant.label(&facts.incident),
            path: format!("wording-{:02}.html", i + 1),
            entity: crate::context::entity(&facts.incident, &variant.variant).legal_name.clone(),
            language: variant.variant.language.clone(),
            data: variant.variant.data.join(", "),
            residences: residences.collect::<Vec<_>>().join(", "),
            count: number(variant.count),
            is_one: variant.count == 1,
            clarity: clarity_line(&variant.sample),
        }
    }
}

fn clarity_line(sample: &Parts) -> String {
    let score = clarity::score_in(&sample.language, &sample.text);
    match clarity::index(&sample.language) {
        Some(index) if language::is_english(&sample.language) => format!(
            "{} words; {} reading ease {:.0} (60 and more is plain English); school grade {:.1}",
            score.words, index.name, score.ease, score.grade
        ),
        Some(index) => format!(
            "{} words; {} reading ease {:.0} (60 and more is plain); LIX {:.0} (50 is a newspaper)",
            score.words, index.name, score.ease, score.lix
        ),
        None => format!("{} words; ease is not scored in this language", score.words),
    }
}

/// What the templates read of a sample.
#[derive(Serialize)]
struct SampleView<'a> {
    subject: &'a str,
    from: &'a str,
    reply_to: &'a str,
    text: String,
    html: &'a str,
}

impl<'a> SampleView<'a> {
    fn new(parts: &'a Parts) -> Self {
        Self {
            subject: &parts.subject,
            from: &parts.from,
            reply_to: parts.reply_to.as_deref().unwrap_or(&parts.from),
            text: parts.text.replace("\r\n", "\n"),
            html: &parts.html,
        }
    }
}

/// What the templates read of a row without a notice.
#[derive(Serialize)]
struct WithheldView<'a> {
    row: u64,
    line: u64,
    means: &'static str,
    note: &'a str,
    masked: String,
    id: &'a str,
    address: &'a str,
    name: &'a str,
}

impl<'a> WithheldView<'a> {
    fn new(row: &'a PacketWithheld) -> Self {
        Self {
            row: row.row,
            line: row.line,
            means: means(row.reason),
            note: &row.note,
            masked: masked(row.address.expose()),
            id: row.id.expose(),
            address: row.address.expose(),
            name: row.name.expose(),
        }
    }
}

/// Returns an address with the first character of each side alone: enough to find it, too little to use it.
fn masked(address: &str) -> String {
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}…@{}…", first(local), first(domain)),
        None if address.trim().is_empty() => "none".to_owned(),
        None => format!("{}…", first(address)),
    }
}

fn means(reason: Withheld) -> &'static str {
    match reason {
        Withheld::Duplicate => "merged into an earlier row, whose notice stands for it",
        Withheld::LeftOut => "left out by name",
        Withheld::Suppressed => "on a suppression list",
        Withheld::NoAddress => "no e-mail address",
        Withheld::NeedsSmtputf8 => "an address that not every relay can deliver to",
        Withheld::NeedsLetter => "e-mail is not enough, a letter is due",
        Withheld::AlreadyTold => "told in an earlier wave",
        Withheld::Blocked => "the law or a person forbids it",
    }
}

/// What the templates read of a source beside the list.
#[derive(Serialize)]
struct BesideView<'a> {
    name: &'a str,
    says: &'a str,
}

/// How many rows a reason withholds.
#[derive(Serialize)]
struct ReasonView {
    reason: &'static str,
    means: &'static str,
    count: String,
}

fn reasons(facts: &PacketFacts) -> Vec<ReasonView> {
    let mut counts: BTreeMap<Withheld, u64> = BTreeMap::new();
    for row in &facts.withheld {
        *counts.entry(row.reason).or_default() += 1;
    }
    let view = |(reason, count): (Withheld, u64)| ReasonView {
        reason: reason.reason(),
        means: means(reason),
        count: number(count),
    };
    counts.into_iter().map(view).collect()
}

/// What the templates read of a finding.
#[derive(Serialize)]
struct FindingView<'a> {
    gravity: &'static str,
    place: String,
    message: &'a str,
    hint: &'a str,
    code: &'static str,
}

/// Returns the findings, the gravest first.
fn finding_views(findings: &[Finding]) -> Vec<FindingView<'_>> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.gravity));
    let view = |finding: &&'_ Finding| -> (String, &'static str) {
        let gravity = match finding.gravity {
            Gravity::Refused => "refused",
            Gravity::Warning => "warning",
            Gravity::Note => "note",
        };
        (place(&finding.place), gravity)
    };
    let views = sorted.iter().map(|finding| {
        let (place, gravity) = view(finding);
        let hint = finding.hint.as_deref().unwrap_or_default();
        FindingView { gravity, place, message: &finding.message, hint, code: finding.code }
    });
    views.collect()
}

fn place(place: &Place) -> String {
    let mut out = place.file.clone();
    if let Some(line) = place.line {
        let _ = write!(out, ":{line}");
    }
    if let Some(row) = place.row {
        let _ = write!(out, " row {row}");
    }
    if let Some(column) = &place.column {
        let _ = write!(out, " {column}");
    }
    out
}

fn number(count: u64) -> String {
    ENGLISH.number(count)
}
