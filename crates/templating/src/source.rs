//! Where the words of an incident come from: its own templates, its statements, or what is shipped.
//!
//! For each element and language exactly one source is taken. What is missing, doubled or never used is a
//! finding; whether the words are well chosen is judged in `lint.rs`.

use crate::{
    arrange::Arrange,
    language::AROUND,
    layout::Flow,
    scan::{self, Complaint},
    sections,
    shipped::{self, Weight},
    value,
};
use forthwith_core::{
    address::is_unseen,
    arrangement::Headings,
    digest::Digest,
    document::nearest,
    fact::Fact,
    finding::{Finding, Place},
    incident::{Incident, Measure},
    law::Word,
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

/// The phrases of one language, by name: `subject`, `category_email`, `heading_your_data`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Phrases(BTreeMap<String, String>);

impl Phrases {
    /// Returns a phrase, where the language has it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the subject; without one, nothing is compiled.
    pub(crate) fn subject(&self) -> &str {
        self.get("subject").unwrap_or_default()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Phrases {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a str)>>(phrases: T) -> Self {
        Self(phrases.into_iter().map(|(name, words)| (name.to_owned(), words.to_owned())).collect())
    }
}

/// Everything that notices of an incident are made of.
#[derive(Default)]
pub(crate) struct Collected {
    /// Elements by language and id.
    pub elements: BTreeMap<String, BTreeMap<String, Source>>,
    pub phrases: BTreeMap<String, Phrases>,
    /// The digest of each template, by name.
    pub digests: BTreeMap<String, Digest>,
    pub findings: Vec<Finding>,
}

/// Collects the words of `incident`; `own` are the templates of its folder by file name.
pub(crate) fn collect(incident: &Incident, own: &BTreeMap<String, String>, arrange: &dyn Arrange) -> Collected {
    let mut collector = Collector { incident, own, used: BTreeSet::new(), out: Collected::default() };
    collector.check_chosen();
    let possible = arrange.possible();
    for language in &incident.languages.offered {
        let sources =
            possible.elements.iter().filter_map(|id| Some((id.clone(), collector.element(id, language)?)));
        let sources = sources.collect();
        collector.out.elements.insert(language.clone(), sources);
        let phrases = collector.phrases(language, &possible.headings);
        collector.out.phrases.insert(language.clone(), phrases);
    }
    collector.unused(&possible.elements);
    collector.out
}

struct Collector<'a> {
    incident: &'a Incident,
    own: &'a BTreeMap<String, String>,
    used: BTreeSet<String>,
    out: Collected,
}

impl Collector<'_> {
    /// Looks at the elements that the incident itself chose.
    fn check_chosen(&mut self) {
        let chosen = &self.incident.notice.elements;
        if chosen.is_empty() {
            return;
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
        if origin == Origin::Shipped {
            self.untranslated(id, language);
        }
        let source = Source { element: id.into(), language: language.to_owned(), flow, text, origin };
        if !matches!(source.origin, Origin::Statement(_)) {
            self.note_use(&name, &source.text);
        }
        self.out.findings.extend(unseen_characters(&source));
        Some(source)
    }

    fn no_words(&mut self, id: &str, language: &str) {
        let ids = shipped::ELEMENTS.iter().map(|element| element.id);
        let hint = match nearest(id, ids) {
            Some(nearest) if shipped::element(id).is_none() => format!("is `{nearest}` meant?"),
            _ => format!(
                "write templates/{id}.{language}.md or a statement `{id}` in {INCIDENT}{}",
                self.or(language)
            ),
        };
        let message = format!("there are no words for the element `{id}` in the language `{language}`");
        self.refuse("words-missing", message, &hint);
    }

    /// Returns what else can be done about a language that lacks words.
    fn or(&self, language: &str) -> String {
        let default = &self.incident.languages.default;
        if language == default {
            return String::new();
        }
        format!(
            ", or take `{language}` out of `offered`: those who want it then get `{default}`, and a finding says so"
        )
    }

    /// Says where the incident's own words stand in another language, and the shipped ones are used in this one.
    fn untranslated(&mut self, id: &str, language: &str) {
        let Some((other, statement)) =
            self.incident.notice.statements.get(id).and_then(|by_language| by_language.first_key_value())
        else {
            return;
        };
        let message = format!("`{id}` has words of your own in `{other}`, and in `{language}` the shipped ones");
        let place = Place::span(INCIDENT, statement.span.clone());
        let hint = format!("write the same under [statements.{language}], or people are told different things");
        self.out.findings.push(Finding::warning("statement-untranslated", place, message).hint(hint));
    }

    fn note_use(&mut self, name: &str, text: &str) {
        self.used.insert(name.to_owned());
        self.out.digests.insert(name.to_owned(), Digest::of(text.as_bytes()));
    }

    fn phrases(&mut self, language: &str, headings: &[Headings]) -> Phrases {
        let mut phrases = Phrases::default();
        let mut put =
            |name: &str, words: Option<String>| words.map(|words| phrases.0.insert(name.to_owned(), words));
        let subject = self.incident.notice.subject.get(language).cloned();
        if put("subject", subject.or_else(|| self.phrase("subject", language))).is_none() {
            let message = format!("there is no subject in the language `{language}`");
            self.refuse("subject-missing", message, "add it under `subject` in the notice's table");
        }
        for category in &self.incident.categories {
            let name = format!("category_{}", category.id);
            let own_words = category.words.get(language).cloned();
            if put(&name, own_words.or_else(|| self.phrase(&name, language))).is_none() {
                let message = format!("the category `{}` has no words in the language `{language}`", category.id);
                self.refuse("words-missing", message, "say in the category's `words` what people would call it");
            }
            let name = format!("consequence_{}", category.id);
            let own_words = category.consequence.get(language).cloned();
            put(&name, own_words.or_else(|| self.phrase(&name, language)));
        }
        for name in named_by(self.incident) {
            if put(&name, self.phrase(&name, language)).is_none() {
                let message = format!("`{name}` has no words in the language `{language}`");
                let hint = format!("write templates/{name}.{language}.md{}", self.or(language));
                self.refuse("words-missing", message, &hint);
            }
        }
        let headings = headings.iter().flat_map(sections::phrases);
        for name in headings.chain(AROUND.map(str::to_owned)) {
            put(&name, self.phrase(&name, language));
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
        let gaps: &[&str] = if AROUND.contains(&name) { &["{day}", "{first}", "{last}"] } else { &[] };
        let plain = gaps.iter().fold(words.clone(), |words, gap| words.replacen(gap, "", 1));
        let is_plain = !plain.contains(['{', '}', '*', '_', '<', '\n', '\r']) && !plain.chars().any(is_unseen);
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

/// Returns the phrases of the causes and measures that the incident names.
fn named_by(incident: &Incident) -> Vec<String> {
    fn words<W: Word>(what: &str, measures: &[Measure<W>]) -> Vec<String> {
        let known = measures.iter().filter_map(|measure| match measure {
            Measure::Known(word) => Some(format!("{what}_{}", word.word())),
            Measure::Own(_) => None,
        });
        known.collect()
    }
    let measures = &incident.measures;
    let cause = incident.facts.cause.as_ref().and_then(Fact::known).map(|cause| format!("cause_{}", cause.word()));
    let mut names: Vec<String> = cause.into_iter().collect();
    names.extend(words("mitigation", &measures.mitigation));
    names.extend(words("prevention", &measures.prevention));
    names.extend(words("protection", &measures.protection));
    names
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
