//! The compiled words of one incident, and the way from them to one person's message.
//!
//! What people of a variant share is filled in and parsed once, when the variant first turns up. For each person
//! only the elements that read a personal value go through Tera again, and their Markdown is parsed once for all
//! who differ only in values. No order, clock or chance enters: the same inputs give the same bytes.

mod columns;
mod trial;

use crate::{
    arrange::{Arrange, Chosen},
    claims,
    context::{self, Spoken},
    document::{self, Block, MarkdownRefusal},
    html,
    language::{self, Language},
    layout::{Laid, Piece, lay_out},
    lint,
    mime::{Form, Marks, RenderError, Shared},
    names::{Names, OFFER_CODE, Whose, lacks_code},
    paragraph::Paragraph,
    scan, sections,
    shape::{Encoded, Shapes},
    shipped,
    source::{self, Collected, Phrases, Source},
    text, value,
};
use forthwith_core::{
    arrangement::Arrangement,
    digest::Digest,
    document::nearest,
    finding::{Finding, Place, any_refused},
    incident::{Entity, Incident, Mailbox, OfferCode},
    key::PlanKey,
    message::{Message, gate},
    notice::Token,
    recipient::Recipient,
    variant::Variant,
};
use jiff::Timestamp;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    io::Write,
    sync::{Arc, PoisonError, RwLock},
};
use tera::{Context, Tera};

/// Characters in a subject: more is cut off on a phone.
pub const SUBJECT_CHARACTERS_MAX: usize = 60;
/// Octets that one element may have when it is filled in, values as hex: 64 kB of text.
const FILLED_OCTETS_MAX: usize = 128 * 1024;
/// Variants kept ready: the known categories make millions, but a list has a handful.
const SHEETS_MAX: usize = 1024;
/// Parses of personal elements kept: one for each way that a template's conditions can turn out.
const PARSES_MAX: usize = 4096;

/// The element that stands in the notice in every language offered, its own first.
const IN_EVERY_LANGUAGE: &str = "other_formats";

/// The compiled words of one incident.
pub struct Words {
    incident: Incident,
    arrange: Box<dyn Arrange>,
    names: Names,
    collected: Collected,
    languages: BTreeMap<String, Language>,
    tera: Tera,
    sheets: RwLock<BTreeMap<Variant, Arc<Sheet>>>,
    parses: RwLock<BTreeMap<String, Arc<Vec<Block>>>>,
}

/// The parts of one person's notice, decoded: what a reader sees.
#[derive(Clone, PartialEq, Eq)]
pub struct Parts {
    /// The subject.
    pub subject: String,
    /// From, as `Name <address>`.
    pub from: String,
    /// Reply-To, where one is set.
    pub reply_to: Option<String>,
    /// To, as `Name <address>`.
    pub to: String,
    /// The language, BCP 47.
    pub language: String,
    /// The text part, with CRLF line ends.
    pub text: String,
    /// The HTML part, with CRLF line ends.
    pub html: String,
    /// The words of both, block by block.
    pub paragraphs: Vec<Paragraph>,
    /// Those of them that are in this language, as they are scored: an empty line between two blocks.
    pub own_words: String,
}

/// What the people of one variant share.
struct Sheet {
    subject: String,
    entity: Entity,
    language: String,
    arrangement: Arrangement,
    /// The heading of each group of elements, by its number.
    headings: Vec<Option<Block>>,
    parts: Vec<Part>,
    form: Form,
    shapes: Shapes,
}

impl Sheet {
    fn frame(&self) -> html::Frame<'_> {
        html::Frame {
            language: &self.language,
            direction: language::direction(&self.language),
            title: &self.subject,
        }
    }

    fn lay_out<'a>(&'a self, pieces: &'a [Cow<'_, Piece>]) -> Vec<Laid<'a>> {
        lay_out(&self.headings, pieces)
    }
}

/// An element on a sheet.
struct Part {
    element: String,
    group: usize,
    /// BCP 47, where it is not the notice's language.
    language: Option<Arc<str>>,
    /// Another element of the notice says it too: it is left out, once it is known to have something to say.
    is_said: bool,
    words: PartWords,
}

/// The words of an element on a sheet.
enum PartWords {
    /// The same for everybody.
    Shared(Piece),
    /// To be filled in for each person, over these shared values.
    Personal { names: Vec<String>, context: Context },
}

impl PartWords {
    /// Puts shared words into their group and language.
    fn placed(self, group: usize, language: Option<Arc<str>>) -> Self {
        match self {
            Self::Shared(piece) => Self::Shared(Piece { group, language, ..piece }),
            Self::Personal { .. } => self,
        }
    }
}

impl Words {
    /// Compiles the words of `incident`. `own` are the templates of the incident folder by file name
    /// (`closing.en.md`), replacing or adding. Without words where a finding refuses them.
    pub fn new(incident: &Incident, own: &BTreeMap<String, String>) -> (Option<Self>, Vec<Finding>) {
        Self::with_columns(incident, own, std::iter::empty())
    }

    /// Does what [`Words::new`] does, for a list that has these further columns: each is a name that templates
    /// may use, in lower case and with `_` for what a name cannot have.
    pub fn with_columns<'a>(
        incident: &Incident,
        own: &BTreeMap<String, String>,
        columns: impl IntoIterator<Item = &'a str>,
    ) -> (Option<Self>, Vec<Finding>) {
        Self::arranged(incident, own, columns, Box::new(Chosen::of(incident)))
    }

    /// Does what [`Words::with_columns`] does, where `arrange` decides what the notice of each variant is made of.
    pub fn arranged<'a>(
        incident: &Incident,
        own: &BTreeMap<String, String>,
        columns: impl IntoIterator<Item = &'a str>,
        arrange: Box<dyn Arrange>,
    ) -> (Option<Self>, Vec<Finding>) {
        let (names, hidden) = Names::new(columns);
        let mut collected = source::collect(incident, own, &*arrange);
        let mut findings = std::mem::take(&mut collected.findings);
        let of_offer = offer_column(incident);
        let hidden = hidden.iter().filter(|column| of_offer.is_none_or(|of_offer| of_offer != column.as_str()));
        findings.extend(hidden.map(|column| hidden_column(column)));
        findings.extend(missing_column(incident, &names));
        findings.extend(check_subjects(&collected.phrases));
        let tera = compile(&collected, &names, &mut findings);
        if any_refused(&findings) {
            return (None, findings);
        }
        let language = |(tag, phrases): (&String, &Phrases)| (tag.clone(), Language::new(tag, phrases));
        let languages = collected.phrases.iter().map(language).collect();
        let (sheets, parses) = (RwLock::default(), RwLock::default());
        let incident = incident.clone();
        (Some(Self { incident, arrange, names, collected, languages, tera, sheets, parses }), findings)
    }

    /// Returns the digest of every template used, by name, for the manifest.
    ///
    /// Statements are not among them: they are in incident.toml, which has a digest of its own.
    pub fn sources(&self) -> BTreeMap<String, Digest> {
        self.collected.digests.clone()
    }

    /// Returns the content settings, for the manifest: From, Reply-To and the return path's domain of each
    /// entity, and the subject in each language.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let mut settings = BTreeMap::new();
        let elsewhere = self.incident.elsewhere.iter().map(|elsewhere| &elsewhere.entity);
        for (i, entity) in std::iter::once(&self.incident.organisation).chain(elsewhere).enumerate() {
            let prefix = if i == 0 { String::new() } else { format!("entity{i}.") };
            settings.insert(format!("{prefix}from"), shown(&entity.from));
            let reply_to = entity.reply_to.as_ref().map_or_else(|| "none".to_owned(), shown);
            settings.insert(format!("{prefix}reply-to"), reply_to);
            settings.insert(format!("{prefix}return-path-domain"), entity.return_path_domain.clone());
        }
        for (language, phrases) in &self.collected.phrases {
            settings.insert(format!("subject.{language}"), phrases.subject().to_owned());
        }
        settings
    }

    /// Returns the variant of `recipient`.
    pub fn variant(&self, recipient: &Recipient) -> Variant {
        self.arrange.variant(&self.incident, recipient)
    }

    /// Returns the elements with which the notice of `variant` comes out, those that another one says among them.
    pub fn said_by(&self, variant: &Variant) -> BTreeSet<String> {
        let sample = lint::sample_recipient(variant, self.names.columns());
        let said = self.sheet(variant).and_then(|sheet| {
            let pieces = self.pieces(&sheet, &sample)?;
            let said = self.said(&sheet, &sample)?;
            Ok(pieces
                .iter()
                .map(|piece| piece.element.to_string())
                .chain(said.into_iter().map(str::to_owned))
                .collect())
        });
        // What cannot be rendered has its finding, and says nothing.
        said.unwrap_or_default()
    }

    /// Returns what is to be said of the wording that `variant` gets: steps, clarity, claims, forbidden words.
    pub fn check(&self, variant: &Variant) -> Vec<Finding> {
        let sample = lint::sample_recipient(variant, self.names.columns());
        let sources = self.collected.elements.get(&variant.language);
        let checked = self.sheet(variant).and_then(|sheet| {
            let pieces = self.pieces(&sheet, &sample)?;
            let seen = lint::Seen {
                incident: &self.incident,
                variant,
                sources: sources.ok_or_else(|| RenderError::Language(variant.language.clone()))?,
                arrangement: &sheet.arrangement,
                headings: &sheet.headings,
                said: self.said(&sheet, &sample)?,
                phrases: self.spoken(&variant.language)?.phrases,
                phrasebook: claims::phrasebook(&variant.language),
            };
            Ok(seen.check(&pieces))
        });
        checked.unwrap_or_else(|error| vec![Self::failure(sources, &error)])
    }

    /// Renders the message of one notice.
    ///
    /// Without a date, for the plan, the bytes hold 31 times `x` in its place, which is what the content digest is
    /// made over, and they have passed the gate. With a date, for the offer, they have not: an equal content digest
    /// proves that the plan's did, and the sender asks the gate once more before the socket.
    ///
    /// About 17 µs of one core a message for the plan, 14 µs for the offer; see `examples/render_rate.rs`.
    pub fn render(
        &self,
        key: &PlanKey,
        token: &Token,
        recipient: &Recipient,
        date: Option<Timestamp>,
    ) -> Result<Message, RenderError> {
        let sheet = self.sheet(&self.variant(recipient))?;
        self.render_on(&sheet, key, token, recipient, date)
    }

    fn render_on(
        &self,
        sheet: &Sheet,
        key: &PlanKey,
        token: &Token,
        recipient: &Recipient,
        date: Option<Timestamp>,
    ) -> Result<Message, RenderError> {
        let encoded = self.encoded(sheet, recipient)?;
        let entity = &sheet.entity;
        let marks = Marks {
            token: token.as_str(),
            message_id: &key.message_id(token, &self.incident.id, entity.from.address.domain()),
            boundary: &key.boundary(token),
            to: &to(recipient),
        };
        let masked = sheet.form.fill_in(&encoded, &marks)?;
        let content = Digest::of(&masked.bytes);
        let bytes = match date {
            None => {
                gate(&masked.bytes)?;
                masked.bytes
            }
            Some(date) => masked.dated(date)?,
        };
        let return_path = format!("{}@{}", key.return_path(token), entity.return_path_domain);
        Ok(Message { return_path, bytes, content })
    }

    /// Returns the parts of one person's notice, for preview and packet.
    pub fn parts(&self, recipient: &Recipient) -> Result<Parts, RenderError> {
        let sheet = self.sheet(&self.variant(recipient))?;
        self.parts_of(&sheet, recipient)
    }

    /// Returns the parts of the notice that an invented reader of `variant` would get: it names nobody.
    pub fn sample(&self, variant: &Variant) -> Result<Parts, RenderError> {
        let sheet = self.sheet(variant)?;
        self.parts_of(&sheet, &lint::sample_recipient(variant, self.names.columns()))
    }

    /// Returns the parts of the notice with the names of a reader's values in their place: for the public.
    pub fn public(&self, variant: &Variant) -> Result<Parts, RenderError> {
        let sheet = self.sheet(variant)?;
        self.parts_of(&sheet, &lint::public_recipient(variant, self.names.columns()))
    }

    /// Returns the message that the invented reader would get, without a date. Its token is that of row 0: rows count
    /// from 1, so it is no notice's.
    pub fn sample_message(&self, key: &PlanKey, variant: &Variant) -> Result<Message, RenderError> {
        let sheet = self.sheet(variant)?;
        self.render_on(&sheet, key, &key.token(0), &lint::sample_recipient(variant, self.names.columns()), None)
    }

    fn parts_of(&self, sheet: &Sheet, recipient: &Recipient) -> Result<Parts, RenderError> {
        let pieces = self.pieces(sheet, recipient)?;
        let laid = sheet.lay_out(&pieces);
        Ok(Parts {
            subject: sheet.subject.clone(),
            from: shown(&sheet.entity.from),
            reply_to: sheet.entity.reply_to.as_ref().map(shown),
            to: shown(&to(recipient)),
            language: sheet.language.clone(),
            text: text::write(&laid),
            html: html::write(&sheet.frame(), &laid),
            paragraphs: laid.iter().map(Paragraph::of).collect(),
            own_words: lint::own_words(&sheet.headings, &pieces).join("\n\n"),
        })
    }

    /// Returns what [`Words::parts_of`] does, encoded: text and HTML alone, and from memory where no value enters.
    fn encoded(&self, sheet: &Sheet, recipient: &Recipient) -> Result<Encoded, RenderError> {
        let pieces = self.pieces(sheet, recipient)?;
        let laid = sheet.lay_out(&pieces);
        Ok(sheet.shapes.of(&sheet.frame(), &pieces, &laid).encode(&laid))
    }

    /// Returns the elements of one person's notice: those without words are left out, and those that others say too.
    fn pieces<'s>(&self, sheet: &'s Sheet, recipient: &Recipient) -> Result<Vec<Cow<'s, Piece>>, RenderError> {
        let mut pieces = Vec::with_capacity(sheet.parts.len());
        for part in sheet.parts.iter().filter(|part| !part.is_said) {
            pieces.extend(self.piece(sheet, part, recipient)?);
        }
        Ok(pieces)
    }

    /// Returns the elements that others say too and that have something to say.
    fn said<'s>(&self, sheet: &'s Sheet, recipient: &Recipient) -> Result<BTreeSet<&'s str>, RenderError> {
        let mut said = BTreeSet::new();
        for part in sheet.parts.iter().filter(|part| part.is_said) {
            said.extend(self.piece(sheet, part, recipient)?.map(|_| part.element.as_str()));
        }
        Ok(said)
    }

    /// Returns an element of one person's notice, where it has words.
    fn piece<'s>(
        &self,
        sheet: &'s Sheet,
        part: &'s Part,
        recipient: &Recipient,
    ) -> Result<Option<Cow<'s, Piece>>, RenderError> {
        let piece = match &part.words {
            PartWords::Shared(piece) => Cow::Borrowed(piece),
            PartWords::Personal { names, context } => {
                if names.iter().any(|name| name == OFFER_CODE) && lacks_code(recipient, &self.incident) {
                    return Err(RenderError::OfferCode);
                }
                let mut context = context.clone();
                for name in names {
                    context.insert(name.clone(), &self.names.personal(name, recipient, &self.incident));
                }
                let source = self.source(part.language.as_deref().unwrap_or(&sheet.language), &part.element)?;
                let piece = self.fill_in(source, &context, Whose::Person)?;
                Cow::Owned(Piece { group: part.group, language: part.language.clone(), ..piece })
            }
        };
        Ok(Some(piece).filter(|piece| piece.has_words()))
    }

    fn source(&self, language: &str, element: &str) -> Result<&Source, RenderError> {
        let sources =
            self.collected.elements.get(language).ok_or_else(|| RenderError::Language(language.to_owned()))?;
        sources.get(element).ok_or_else(|| RenderError::Element(element.to_owned()))
    }

    /// Returns what the people of `variant` share, from memory where it was made before.
    fn sheet(&self, variant: &Variant) -> Result<Arc<Sheet>, RenderError> {
        let kept = self.sheets.read().unwrap_or_else(PoisonError::into_inner).get(variant).cloned();
        if let Some(sheet) = kept {
            return Ok(sheet);
        }
        let sheet = Arc::new(self.make_sheet(variant)?);
        let mut sheets = self.sheets.write().unwrap_or_else(PoisonError::into_inner);
        if sheets.len() < SHEETS_MAX {
            sheets.insert(variant.clone(), Arc::clone(&sheet));
        }
        Ok(sheet)
    }

    fn make_sheet(&self, variant: &Variant) -> Result<Sheet, RenderError> {
        let spoken = self.spoken(&variant.language)?;
        let phrases = spoken.phrases;
        let arrangement = self.arrange.arrangement(variant);
        let shared = context::of_variant(&self.incident, variant, spoken, &arrangement);
        let mut parts = Vec::new();
        for (group, arranged) in sections::grouped(&arrangement.elements, &arrangement.headings) {
            let element = &arranged.element;
            let said_by = shipped::element(element).and_then(|element| element.said_by);
            let is_said = said_by.is_some_and(|id| arrangement.elements.iter().any(|other| other.element == id));
            let words = self.part(self.source(&variant.language, element)?, &shared)?;
            let part = |language, words| Part { element: element.clone(), group, language, is_said, words };
            parts.push(part(None, words.placed(group, None)));
            if element == IN_EVERY_LANGUAGE {
                for other in self.incident.languages.offered.iter().filter(|other| **other != variant.language) {
                    let language: Option<Arc<str>> = Some(other.as_str().into());
                    let words = self.part_in(other, element, variant, &arrangement)?;
                    parts.push(part(language.clone(), words.placed(group, language)));
                }
            }
        }
        let entity = context::entity(&self.incident, variant).clone();
        let (subject, language) = (phrases.subject().to_owned(), variant.language.clone());
        let shared = Shared {
            subject: &subject,
            language: &language,
            from: &entity.from,
            reply_to: entity.reply_to.as_ref(),
        };
        let form = Form::new(&shared)?;
        let headings = sections::headings(&arrangement.headings, phrases);
        Ok(Sheet { subject, entity, language, arrangement, headings, parts, form, shapes: Shapes::default() })
    }

    fn spoken(&self, tag: &str) -> Result<Spoken<'_>, RenderError> {
        let spoken = self.collected.phrases.get(tag).zip(self.languages.get(tag));
        let (phrases, language) = spoken.ok_or_else(|| RenderError::Language(tag.to_owned()))?;
        Ok(Spoken { phrases, language })
    }

    /// Returns an element of the notice of `variant` in another language.
    fn part_in(
        &self,
        language: &str,
        element: &str,
        variant: &Variant,
        arrangement: &Arrangement,
    ) -> Result<PartWords, RenderError> {
        let variant = Variant { language: language.to_owned(), ..variant.clone() };
        let mut shared = context::of_variant(&self.incident, &variant, self.spoken(language)?, arrangement);
        shared.insert("in_another_language", &true);
        self.part(self.source(language, element)?, &shared)
    }

    /// Fills in what all people of a variant share of an element, or keeps the values until a person's own are known.
    fn part(&self, source: &Source, shared: &Context) -> Result<PartWords, RenderError> {
        let (used, _) = scan::scan(&source.text, &|name| self.names.kind(name));
        let (names, shared_names): (Vec<_>, Vec<_>) =
            used.into_iter().partition(|name| self.names.is_personal(name));
        let mut context = Context::new();
        for name in shared_names {
            if let Some(value) = shared.get(&name) {
                context.insert_value(name, value.clone());
            }
        }
        Ok(if names.is_empty() {
            PartWords::Shared(self.fill_in(source, &context, Whose::Variant)?)
        } else {
            PartWords::Personal { names, context }
        })
    }

    /// Fills an element in and parses it.
    fn fill_in(&self, source: &Source, context: &Context, whose: Whose) -> Result<Piece, RenderError> {
        let element = || source.element.to_string();
        let mut out = Bounded(Vec::with_capacity(1024));
        let filled = self.tera.render_to(&template_name(source), context, &mut out);
        if out.0.len() > FILLED_OCTETS_MAX {
            return Err(RenderError::TooLong(element()));
        }
        filled.map_err(|_| RenderError::Template(element()))?;
        let filled = String::from_utf8(out.0).map_err(|_| RenderError::Template(element()))?;
        let taken = value::take_out(&filled).ok_or_else(|| RenderError::TooLong(element()))?;
        let blocks = self.parse(taken.markdown).map_err(|why| {
            let why = why.to_string();
            RenderError::Markdown { element: element(), why }
        })?;
        let values = Arc::new(taken.values);
        let element = Arc::clone(&source.element);
        Ok(Piece { element, group: 0, flow: source.flow, language: None, blocks, values, whose })
    }

    /// Parses Markdown, from memory where the same was parsed before.
    fn parse(&self, markdown: String) -> Result<Arc<Vec<Block>>, MarkdownRefusal> {
        let kept = self.parses.read().unwrap_or_else(PoisonError::into_inner).get(&markdown).cloned();
        if let Some(blocks) = kept {
            return Ok(blocks);
        }
        let blocks = Arc::new(document::parse(&markdown)?);
        let mut parses = self.parses.write().unwrap_or_else(PoisonError::into_inner);
        if parses.len() < PARSES_MAX {
            parses.insert(markdown, Arc::clone(&blocks));
        }
        Ok(blocks)
    }

    /// Returns a failure of the sample as a finding, placed at the element that it names.
    fn failure(sources: Option<&BTreeMap<String, Source>>, error: &RenderError) -> Finding {
        let (RenderError::Template(element)
        | RenderError::TooLong(element)
        | RenderError::Element(element)
        | RenderError::Markdown { element, .. }
        | RenderError::Language(element)) = error
        else {
            return Finding::refused("render", Place::file(source::INCIDENT), error.to_string());
        };
        let source = sources.and_then(|sources| sources.get(element));
        let place = source.map_or_else(|| Place::file(source::INCIDENT), |source| source.place(None));
        Finding::refused("render", place, error.to_string())
    }
}

/// Adds every template that passes the scanner to a Tera instance of its own.
fn compile(collected: &Collected, names: &Names, findings: &mut Vec<Finding>) -> Tera {
    let mut tera = Tera::default();
    tera.set_escape_fn(value::escape);
    // Every name ends in the empty suffix: all values are escaped, whatever a template is called.
    tera.autoescape_on([""]);
    for source in collected.elements.values().flat_map(BTreeMap::values) {
        let (_, complaints) = scan::scan(&source.text, &|name| names.kind(name));
        if complaints.is_empty() {
            findings.extend(add_template(&mut tera, source, names));
        }
        for complaint in complaints {
            let name = source.text.get(complaint.at.clone()).unwrap_or_default();
            let near = nearest(name, names.iter()).filter(|_| complaint.code == "template-name");
            let hint = match near {
                Some(near) => format!("is `{near}` meant?"),
                None => "docs/templates.md lists every name; each column of the list is one too".to_owned(),
            };
            findings.push(source.finding(complaint, Some(hint)));
        }
    }
    tera
}

fn add_template(tera: &mut Tera, source: &Source, names: &Names) -> Option<Finding> {
    let name = template_name(source);
    if let Err(error) = tera.add_raw_template(&name, &source.text) {
        let (at, message) = match error.kind() {
            tera::ErrorKind::SyntaxError(report) => (report.span().range.clone(), report.message().to_owned()),
            _ => (0..0, "the template cannot be read".to_owned()),
        };
        let complaint = scan::Complaint { code: "template-syntax", at, message, hint: None };
        return Some(source.finding(complaint, None));
    }
    // The scanner should have seen every name; what Tera sees beyond them is a bug, and must not go out.
    let seen = tera.get_template_variables(&name).unwrap_or_default();
    let unknown = seen.into_iter().filter(|name| names.kind(name).is_none()).min()?;
    let message = format!("`{unknown}` is not a name that a notice knows");
    Some(Finding::refused("template-name", source.place(None), message))
}

fn template_name(source: &Source) -> String {
    format!("{}/{}", source.language, source.element)
}

fn hidden_column(column: &str) -> Finding {
    let place = Place { column: Some(column.to_owned()), ..Place::default() };
    let message = format!("templates cannot use the column `{column}`: its name is taken, or has no letter first");
    Finding::note("column-name", place, message)
}

/// Returns the column that holds each person's code for the offer.
fn offer_column(incident: &Incident) -> Option<&str> {
    match incident.offer.as_ref()?.code.as_ref()? {
        OfferCode::Column(column) => Some(column),
        OfferCode::Shared(_) => None,
    }
}

/// Finds an offer whose codes are in a column that the list does not have.
fn missing_column(incident: &Incident, names: &Names) -> Option<Finding> {
    let column = offer_column(incident)?;
    if names.columns().any(|known| known == column) {
        return None;
    }
    let message =
        format!("the codes of the offer are said to be in the column `{column}`, which the list does not have");
    let finding = Finding::refused("offer-column", Place::file(source::INCIDENT), message);
    let near = nearest(column, names.columns());
    Some(finding.hint(near.map_or_else(
        || "add the column, or write `code` where everybody has the same".to_owned(),
        |near| format!("is `{near}` meant?"),
    )))
}

fn check_subjects(phrases: &BTreeMap<String, Phrases>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (language, phrases) in phrases {
        let subject = phrases.subject();
        let length = subject.chars().count();
        let place = || Place::file(source::INCIDENT);
        if length > SUBJECT_CHARACTERS_MAX {
            let message =
                format!("the subject in `{language}` has {length} characters: at most {SUBJECT_CHARACTERS_MAX}");
            findings
                .push(Finding::refused("subject-long", place(), message).hint("a phone cuts off what is longer"));
        }
        if subject.chars().any(forthwith_core::address::is_unseen) || subject.contains('{') {
            let message = format!("the subject in `{language}` is not plain text on one line");
            findings.push(Finding::refused("subject-form", place(), message));
        }
    }
    findings
}

/// Returns a mailbox as people read it: `Name <address>`.
pub(crate) fn shown(mailbox: &Mailbox) -> String {
    let address = mailbox.address.expose();
    if mailbox.name.is_empty() { address.to_owned() } else { format!("{} <{address}>", mailbox.name) }
}

fn to(recipient: &Recipient) -> Mailbox {
    Mailbox { name: recipient.name.expose().clone(), address: recipient.address.clone() }
}

/// A buffer that takes no more than it should.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        if self.0.len() > FILLED_OCTETS_MAX {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
