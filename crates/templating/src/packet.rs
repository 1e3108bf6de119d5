//! The packet: the plan made readable for the person who releases it, as pages that need nothing but a browser.
//!
//! Self-contained, without scripts, with a policy that lets the browser fetch nothing. The same facts give the
//! same bytes: no clock, no order but the given one. Nobody's data stands outside `private/`. Approvals are not
//! decided here, only shown.

mod approvals;
mod changes;
mod compared;
mod facts;
mod findings;
mod help_desk;
mod index;
mod law;
mod merged;
mod open;
mod private;
mod record;
mod rules;
mod samples;
mod tables;
mod timing;
mod word_diff;
mod wording;

pub use approvals::approvals;
pub use changes::Before;
pub use law::{
    PacketAside, PacketCoverage, PacketDecision, PacketLaw, PacketOwed, PacketRecorded, PacketRegime, PacketRule,
    PacketStanding,
};
pub use merged::{PacketMerged, PacketPerson};
pub use record::RECORD_FORMAT;
pub use samples::{PacketExemplar, PacketNotice};
pub use timing::{PacketHour, PacketTiming};

use crate::Parts;

use forthwith_core::{
    digest::Digest, finding::Finding, incident::Incident, notice::Withheld, private::Private, variant::Variant,
};
use record::Record;
use std::collections::BTreeMap;
use tera::{Context, Kwargs, State, Tera};

/// What the packet shows, as plain data.
pub struct PacketFacts {
    /// The manifest, byte for byte.
    pub manifest: String,
    /// SHA-256 of the manifest.
    pub digest: Digest,
    /// The statement to sign, byte for byte.
    pub statement: String,
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
    /// How many findings of each code there are in the list: of very many, `findings` has the first.
    pub totals: BTreeMap<&'static str, u64>,
    /// What the rules of law ask for; `None` where none was applied.
    pub law: Option<PacketLaw>,
}

/// One wording of the plan.
pub struct PacketVariant {
    /// What it depends on.
    pub variant: Variant,
    /// How many people get it.
    pub count: u64,
    /// How many of them live where, by residence code.
    pub residences: BTreeMap<String, u64>,
    /// Its notice to an invented reader: the packet is passed on, and names nobody.
    pub sample: PacketNotice,
    /// Its notice with the names of values in their place, for the public.
    pub public: Parts,
    /// Real notices, for the private part.
    pub exemplars: Vec<PacketExemplar>,
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

const TEMPLATES: [(&str, &str); 17] = [
    ("approvals.html", include_str!("../../../templates/packet/approvals.html")),
    ("base.html", include_str!("../../../templates/packet/base.html")),
    ("changed.html", include_str!("../../../templates/packet/changed.html")),
    ("changes.html", include_str!("../../../templates/packet/changes.html")),
    ("findings.html", include_str!("../../../templates/packet/findings.html")),
    ("help-desk.html", include_str!("../../../templates/packet/help-desk.html")),
    ("index.html", include_str!("../../../templates/packet/index.html")),
    ("law.html", include_str!("../../../templates/packet/law.html")),
    ("private.html", include_str!("../../../templates/packet/private.html")),
    ("rule.html", include_str!("../../../templates/packet/rule.html")),
    ("rules.html", include_str!("../../../templates/packet/rules.html")),
    ("sign.html", include_str!("../../../templates/packet/sign.html")),
    ("statement.txt", include_str!("../../../templates/packet/statement.txt")),
    ("timing.html", include_str!("../../../templates/packet/timing.html")),
    ("withheld.html", include_str!("../../../templates/packet/withheld.html")),
    ("wording.html", include_str!("../../../templates/packet/wording.html")),
    ("words.html", include_str!("../../../templates/packet/words.html")),
];

/// Files of the packet by their path in `out/packet`.
pub type Pages = BTreeMap<String, Vec<u8>>;

/// The record of a packet: what the next one is compared with.
pub const RECORD: &str = "packet.json";

/// Returns the files of the packet that the same facts give byte for byte.
///
/// `manifest.txt`, `statement.txt`, `index.html`, `packet.json`, one page for each wording with its notice without personal data below
/// `samples/`, and the statement for the public; in `private/` real notices, and everybody who is told nothing or in
/// whose row something was found.
pub fn pages(facts: &PacketFacts) -> Pages {
    let record = Record::of(facts);
    let press = Press::new(&record);
    let text = |name: &str, text: &str| (name.to_owned(), text.to_owned().into_bytes());
    let mut pages = Pages::from([text("manifest.txt", &facts.manifest), text("statement.txt", &facts.statement)]);
    pages.insert("index.html".to_owned(), press.print("index.html", index::context(&record)));
    pages.insert(RECORD.to_owned(), record::json(&record));
    for (variant, of_record) in facts.variants.iter().zip(&record.variants) {
        let context = wording::context(variant, &record, of_record);
        pages.insert(of_record.page.clone(), press.print("wording.html", context));
        samples::add(&mut pages, &of_record.sample, &variant.sample);
    }
    let statement = press.print("statement.txt", help_desk::statement(facts, &record));
    pages.insert("public/statement.txt".to_owned(), statement);
    private::add(&mut pages, &press, facts, &record);
    pages
}

/// Returns the files that lie beside those: what changed since the packet before, and what is reckoned from a moment.
/// They are no part of what is signed.
pub fn pages_beside(facts: &PacketFacts, timing: &PacketTiming, before: Before<'_>) -> Pages {
    let record = Record::of(facts);
    let press = Press::new(&record);
    let changes = changes::changes(before, &record);
    let one = |name: &str, value: &dyn Fn(&mut Context)| {
        let mut context = Context::new();
        value(&mut context);
        press.print(name, context)
    };
    Pages::from([
        ("changes.html".to_owned(), one("changes.html", &|context| context.insert("changes", &changes))),
        ("changes.json".to_owned(), record::json(&changes)),
        ("timing.html".to_owned(), one("timing.html", &|context| context.insert("timing", timing))),
        ("timing.json".to_owned(), record::json(timing)),
        ("help-desk.html".to_owned(), press.print("help-desk.html", help_desk::context(facts, &record, timing))),
    ])
}

/// Makes pages of templates.
struct Press {
    tera: Tera,
    common: Context,
}

impl Press {
    fn new(record: &Record) -> Self {
        let tera = tera();
        let mut common = Context::new();
        common.insert("record", record);
        Self { tera, common }
    }

    /// Prints a page: `context`, and the record.
    fn print(&self, template: &str, mut context: Context) -> Vec<u8> {
        context.extend(self.common.clone());
        let page = self.tera.render(template, &context).expect("the packet's own templates know their names");
        page.into_bytes()
    }
}

/// Returns the packet's templates, ready to be printed.
fn tera() -> Tera {
    let mut tera = Tera::default();
    tera.register_filter("number", |count: u64, _: Kwargs, _: &State| number(count));
    tera.register_filter("language", |tag: String, _: Kwargs, _: &State| language_name(&tag));
    tera.register_filter("plain", |ids: Vec<String>, _: Kwargs, _: &State| {
        ids.iter().map(|id| plain(id)).collect::<Vec<_>>()
    });
    tera.register_filter("moment", |at: String, _: Kwargs, _: &State| moment(&at));
    tera.add_raw_templates(TEMPLATES).expect("the packet's own templates are sound");
    tera
}

/// Returns what a reason for withholding means.
fn means(reason: Withheld) -> &'static str {
    match reason {
        Withheld::Duplicate => "merged into an earlier row, whose notice stands for it",
        Withheld::LeftOut => "left out by name",
        Withheld::Suppressed => "on a suppression list",
        Withheld::NoAddress => "no e-mail address",
        Withheld::NeedsSmtputf8 => "an address that not every relay can deliver to",
        Withheld::NeedsLetter => "e-mail is not enough, a letter is due",
        Withheld::AlreadyTold => "told in an earlier wave",
        Withheld::Blocked => "the login of the mailbox was taken: whoever has it would read the notice",
    }
}

/// Returns what a language is called in English, where its words are shipped; else its tag.
fn language_name(tag: &str) -> String {
    let name = match tag.split('-').next().unwrap_or_default() {
        "en" => "English",
        "de" => "German",
        "fr" => "French",
        "es" => "Spanish",
        _ => return tag.to_owned(),
    };
    if tag.contains('-') { format!("{name} ({tag})") } else { name.to_owned() }
}

/// Returns an id as people read it: `date of birth`.
fn plain(id: &str) -> String {
    if id == "ssn" { "Social Security number".to_owned() } else { id.replace('_', " ") }
}

fn number(count: u64) -> String {
    crate::language::ENGLISH.number(count)
}

/// Returns a moment as people read it, in UTC: `26 October 2020, 12:00 UTC`. What is no moment stays as it is.
fn moment(at: &str) -> String {
    let Ok(at) = at.parse::<jiff::Timestamp>() else { return at.to_owned() };
    let at = jiff::tz::TimeZone::UTC.to_datetime(at);
    let seconds = if at.second() == 0 { String::new() } else { format!(":{:02}", at.second()) };
    let date = crate::language::ENGLISH.date(at.date());
    format!("{date}, {:02}:{:02}{seconds} UTC", at.hour(), at.minute())
}
