//! Where the words of an incident come from: its own templates, its statements, or what is shipped.
//!
//! For each element and language exactly one source is taken. What is missing, doubled or never used is a
//! finding; whether the words are well chosen is judged in `lint.rs`.

use crate::{
    document::{Block, Inline, Kind},
    layout::Flow,
    scan::{self, Complaint},
    shipped::{self, Weight},
    value,
};
use forthwith_core::{
    address::is_unseen,
    digest::Digest,
    document::nearest,
    finding::{Finding, Place},
    incident::Incident,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

/// Elements in a notice: the law vocabulary has 58, and nobody reads more.
const ELEMENTS_MAX: usize = 64;
/// Octets in a phrase.
const PHRASE_OCTETS_MAX: usize = 200;

/// The words of one element in one language.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub element: Arc<str>,
    pub language: String,
    pub flow: Flow,
    pub text: String,
    /// The heading that a statement without one stands under.
    pub heading: Option<Arc<Block>>,
    pub origin: Origin,
}

/// Where words come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Shipped,
    /// A file in the incident folder's `templates/`.
    Own,
    /// A statement, at these octets of incident.toml.
    Statement(Range<usize>),
}

impl Source {
    /// Returns the file's name: `closing.en.md`.
    pub(crate) fn file_name(&self) -> String {
        format!("{}.{}.md", self.element, self.language)
    }

    /// Returns where these words stand, or some octets of them.
    pub(crate) fn place(&self, at: Option<Range<usize>>) -> Place {
        match &self.origin {
            Origin::Statement(span) => Place::span(INCIDENT, span.clone()),
            Origin::Own | Origin::Shipped => {
                let line = at.as_ref().map(|at| scan::line_and_column(&self.text, at.start).0);
                let span = at.filter(|_| self.origin == Origin::Own);
                Place { line, span, ..Place::file(format!("templates/{}", self.file_name())) }
            }
        }
    }

    /// Returns a complaint about this source as a finding, with line and column in its words.
    pub(crate) fn finding(&self, complaint: Complaint, hint: Option<String>) -> Finding {
        let (line, column) = scan::line_and_column(&self.text, complaint.at.start);
        let place = self.place(Some(complaint.at));
        let message = match self.origin {
            Origin::Statement(_) => {
                format!("{} (line {line}, column {column} of the statement `{}`)", complaint.message, self.element)
            }
            _ => format!("{} (column {column})", complaint.message),
        };
        let finding = Finding::refused(complaint.code, place, message);
        match complaint.hint.or(hint) {
            Some(hint) => finding.hint(hint),
            None => finding,
        }
    }
}

/// The name of the incident's file.
pub(crate) const INCIDENT: &str = "incident.toml";

/// The phrases of one language.
#[derive(Clone, Debug, Default)]
pub(crate) struct LanguagePhrases {
    pub subject: String,
    pub categories: BTreeMap<String, String>,
    pub consequences: BTreeMap<String, String>,
}

/// Everything that notices of an incident are made of.
#[derive(Default)]
pub(crate) struct Collected {
    /// Elements in order, by language.
    pub elements: BTreeMap<String, Vec<Source>>,
    pub phrases: BTreeMap<String, LanguagePhrases>,
    /// The digest of each template, by name.
    pub digests: BTreeMap<String, Digest>,
    pub findings: Vec<Finding>,
}

/// Collects the words of `incident`; `own` are the templates of its folder by file name.
/// What laws may ask for besides the notice's own elements is taken where there are words for it.
pub(crate) fn collect(incident: &Incident, own: &BTreeMap<String, String>, further: &[String]) -> Collected {
    let mut collector = Collector { incident, own, used: BTreeSet::new(), out: Collected::default() };
    let mut order = collector.order();
    for language in &incident.languages.offered {
        let asked = further.iter().filter(|id| !order.contains(id) && collector.has_words(id, language));
        let order = with_further(&order, asked);
        let sources = order.iter().filter_map(|id| collector.element(id, language)).collect();
        collector.out.elements.insert(language.clone(), sources);
        let phrases = collector.phrases(language);
        collector.out.phrases.insert(language.clone(), phrases);
    }
    order.extend(further.iter().cloned());
    collector.unused(&order);
    collector.out
}

/// Puts what laws ask for where the steps end, before what closes the notice.
fn with_further<'a>(order: &'a [String], further: impl Iterator<Item = &'a String>) -> Vec<String> {
    let before =
        order.iter().position(|id| matches!(id.as_str(), "authenticity_check" | "contact_point" | "closing"));
    let (first, rest) = order.split_at(before.unwrap_or(order.len()));
    first.iter().chain(further).chain(rest).cloned().collect()
}

/// Returns the elements of the incident's own notice, in order.
pub fn own_elements(incident: &Incident) -> Vec<String> {
    let chosen = &incident.notice.elements;
    if chosen.is_empty() {
        return shipped::ELEMENTS.iter().map(|element| element.id.to_owned()).collect();
    }
    chosen.clone()
}

struct Collector<'a> {
    incident: &'a Incident,
    own: &'a BTreeMap<String, String>,
    used: BTreeSet<String>,
    out: Collected,
}

impl Collector<'_> {
    /// Returns the ids of the notice's elements in order, each once.
    fn order(&mut self) -> Vec<String> {
        let chosen = &self.incident.notice.elements;
        if chosen.is_empty() {
            return shipped::ELEMENTS.iter().map(|element| element.id.to_owned()).collect();
        }
        let mut seen = BTreeSet::new();
        for id in chosen {
            if !seen.insert(id) {
                self.refuse("element-repeated", format!("the notice has the element `{id}` twice"), "name it once");
            }
        }
        if chosen.len() > ELEMENTS_MAX {
            let message = format!("the notice has more than {ELEMENTS_MAX} elements");
            self.refuse("element-count", message, "leave out what its reader does not need");
        }
        for element in shipped::ELEMENTS.iter().filter(|element| element.weight == Weight::Expected) {
            if !chosen.iter().any(|id| id == element.id) {
                let message = format!("the notice leaves out `{}`: {}", element.id, element.says);
                let place = Place::file(INCIDENT);
                self.out.findings.push(
                    Finding::warning("element-left-out", place, message)
                        .hint("add it to `elements`, or be ready to say why it is not there"),
                );
            }
        }
        chosen.clone()
    }

    fn refuse(&mut self, code: &'static str, message: String, hint: &str) {
        self.out.findings.push(Finding::refused(code, Place::file(INCIDENT), message).hint(hint));
    }

    fn element(&mut self, id: &str, language: &str) -> Option<Source> {
        let name = format!("{id}.{language}.md");
        let own = self.own.get(&name);
        let statement = self.incident.notice.statements.get(id).and_then(|by_language| by_language.get(language));
        if own.is_some() && statement.is_some() {
            let message = format!("`{id}` has words both in templates/{name} and as a statement");
            self.refuse("words-twice", message, "keep one of the two");
        }
        let (text, origin) = match (own, statement, shipped::words(id, language)) {
            (Some(text), _, _) => (text.clone(), Origin::Own),
            (None, Some(statement), _) => (statement.text.clone(), Origin::Statement(statement.span.clone())),
            (None, None, Some(text)) => (text.to_owned(), Origin::Shipped),
            (None, None, None) => {
                self.no_words(id, language);
                return None;
            }
        };
        let flow = shipped::element(id).map_or(Flow::Own, |element| element.flow);
        let heading = match origin {
            Origin::Statement(_) if !text.lines().any(|line| line.starts_with('#')) => heading(id, language),
            _ => None,
        };
        let source = Source { element: id.into(), language: language.to_owned(), flow, text, heading, origin };
        if !matches!(source.origin, Origin::Statement(_)) {
            self.note_use(&name, &source.text);
        }
        self.out.findings.extend(unseen_characters(&source));
        Some(source)
    }

    fn has_words(&self, id: &str, language: &str) -> bool {
        let statement = self.incident.notice.statements.get(id).and_then(|by_language| by_language.get(language));
        self.own.contains_key(&format!("{id}.{language}.md"))
            || statement.is_some()
            || shipped::words(id, language).is_some()
    }

    fn no_words(&mut self, id: &str, language: &str) {
        let ids = shipped::ELEMENTS.iter().map(|element| element.id);
        let hint = match nearest(id, ids) {
            Some(nearest) if shipped::element(id).is_none() => format!("is `{nearest}` meant?"),
            _ => format!("write templates/{id}.{language}.md, or a statement `{id}` in {INCIDENT}"),
        };
        let message = format!("there are no words for the element `{id}` in the language `{language}`");
        self.refuse("words-missing", message, &hint);
    }

    fn note_use(&mut self, name: &str, text: &str) {
        self.used.insert(name.to_owned());
        self.out.digests.insert(name.to_owned(), Digest::of(text.as_bytes()));
    }

    fn phrases(&mut self, language: &str) -> LanguagePhrases {
        let mut phrases = LanguagePhrases::default();
        let subject = self.incident.notice.subject.get(language).cloned();
        if let Some(subject) = subject.or_else(|| self.phrase("subject", language)) {
            phrases.subject = subject;
        } else {
            let message = format!("there is no subject in the language `{language}`");
            self.refuse("subject-missing", message, "add it under `subject` in the notice's table");
        }
        for category in &self.incident.categories {
            let own_words = category.words.get(language).cloned();
            let words = own_words.or_else(|| self.phrase(&format!("category_{}", category.id), language));
            if let Some(words) = words {
                phrases.categories.insert(category.id.clone(), words);
            } else {
                let message = format!("the category `{}` has no words in the language `{language}`", category.id);
                self.refuse("words-missing", message, "say in the category's `words` what people would call it");
            }
            if let Some(words) = self.phrase(&format!("consequence_{}", category.id), language) {
                phrases.consequences.insert(category.id.clone(), words);
            }
        }
        phrases
    }

    /// Returns a phrase from the incident's folder, or the shipped one: plain words on one line.
    fn phrase(&mut self, name: &str, language: &str) -> Option<String> {
        let file = format!("{name}.{language}.md");
        let words = match self.own.get(&file) {
            Some(words) => words.trim().to_owned(),
            None => shipped::phrase(name, language)?.to_owned(),
        };
        self.note_use(&file, &words);
        let is_plain = !words.contains(['{', '}', '*', '_', '<', '\n', '\r']) && !words.chars().any(is_unseen);
        if words.is_empty() || words.len() > PHRASE_OCTETS_MAX || !is_plain {
            let message = format!("a phrase is plain words on one line, at most {PHRASE_OCTETS_MAX} octets");
            let place = Place::file(format!("templates/{file}"));
            self.out.findings.push(Finding::refused("phrase", place, message));
        }
        Some(words)
    }

    fn unused(&mut self, order: &[String]) {
        for name in self.own.keys().filter(|name| !self.used.contains(*name)) {
            let message = "no notice of this incident uses this template".to_owned();
            let hint = format!("name it ELEMENT.LANGUAGE.md, and its element in `elements` of {INCIDENT}");
            let place = Place::file(format!("templates/{name}"));
            self.out.findings.push(Finding::warning("template-unused", place, message).hint(hint));
        }
        for (id, by_language) in &self.incident.notice.statements {
            for (language, statement) in by_language {
                let is_used = order.contains(id) && self.incident.languages.offered.contains(language);
                if !is_used {
                    let message = format!("no notice uses the statement `{id}` in the language `{language}`");
                    let place = Place::span(INCIDENT, statement.span.clone());
                    self.out.findings.push(Finding::warning("statement-unused", place, message));
                }
            }
        }
    }
}

fn heading(id: &str, language: &str) -> Option<Arc<Block>> {
    let words = shipped::heading(id, language)?.to_owned();
    Some(Arc::new(Block { kind: Kind::Heading, inlines: vec![Inline::Text(words)] }))
}

/// Finds characters that cannot be seen, or that mark values. Joiners inside words stay: some scripts need them.
fn unseen_characters(source: &Source) -> Option<Finding> {
    let is_allowed = |c: char| matches!(c, '\n' | '\r' | '\t' | '\u{200c}' | '\u{200d}');
    let is_bad = |c: char| (is_unseen(c) && !is_allowed(c)) || matches!(c, value::OPEN | value::CLOSE);
    let (at, c) = source.text.char_indices().find(|(_, c)| is_bad(*c))?;
    let message =
        format!("the character U+{:04X} cannot be seen, or changes how its neighbours read", u32::from(c));
    let complaint = Complaint { code: "template-character", at: at..at + c.len_utf8(), message, hint: None };
    Some(source.finding(complaint, Some("remove it".to_owned())))
}
