//! Reads incident.toml into an `Incident`.
//!
//! Each part reads all of its keys before it is put together, so that one reading shows every finding.

mod clock;
mod decisions;
mod facts;
mod offer;

use super::{
    Category, Clock, Contact, Contacts, Dpo, Elsewhere, Entity, Incident, Languages, LawSettings, Mailbox,
    Measures, NoticeSettings, Statement, contacts, known_category,
};
use crate::{
    address::Address,
    approval,
    document::{self, Field, Table},
    fact::{Fact, When},
    finding::Finding,
    law::{self, Role},
};
use clock::clock;
use std::collections::BTreeMap;

/// Characters in an incident's id: it stands in every Message-ID, whose line may have 76.
const ID_CHARACTERS_MAX: usize = 32;
/// Characters in a subject: more is cut off in a telephone's list of messages.
const SUBJECT_CHARACTERS_MAX: usize = 60;
/// Octets in a display name: with its address it stays on few header lines (RFC 5322 section 2.1.1).
const DISPLAY_NAME_OCTETS_MAX: usize = 120;
/// Categories of data: more cannot be read in one notice, and each is a bit of a wording's label.
const CATEGORIES_MAX: usize = 64;
/// Entities, languages, statements: named so that a slip of the hand is not an endless list.
const ENTRIES_MAX: usize = 200;

/// Reads incident.toml.
///
/// Returns the incident, unless anything refuses the file, and every finding in the order of the file.
pub fn read(file: &str, bytes: &[u8]) -> (Option<Incident>, Vec<Finding>) {
    document::read(file, bytes, incident)
}

fn incident(root: &Table<'_>) -> Option<Incident> {
    let about = section(root, "incident", "what happened when", read_about);
    let contact = section(root, "contact", "where people turn", contact);
    let organisation =
        section(root, "organisation", "who writes", |table| Some(organisation(table, contact.as_ref())));
    let facts = section(root, "facts", "what is known", facts::facts);
    let measures = root.optional("measures", |field| field.read_table(facts::measures));
    let offer = root.optional("offer", |field| field.read_table(offer::offer));
    let contacts = root.optional("contacts", |field| field.read_table(contacts::read));
    let categories = section(root, "data", "which data is concerned", categories);
    let languages = match root.get("languages") {
        Some(field) => field.read_table(languages),
        None => Some(Languages { default: "en".to_owned(), offered: vec!["en".to_owned()] }),
    };
    let notice = read_notice(root, languages.as_ref());
    let approval = match root.get("approval") {
        Some(field) => Some(field.read_table(approval::read_rule)?),
        None => None,
    };
    let law = match root.get("law") {
        Some(field) => field.read_table(|table| decisions::law(table, categories.as_deref())),
        None => Some(LawSettings::default()),
    };
    let (id, clock, deadline) = about?;
    contact?;
    let (organisation, elsewhere, roles) = organisation??;
    let (facts, categories, languages, notice, law) = (facts?, categories?, languages?, notice?, law?);
    Some(Incident {
        id,
        clock,
        organisation,
        elsewhere,
        facts,
        measures: measures?.unwrap_or_else(Measures::default),
        offer: offer?,
        contacts: contacts?.unwrap_or_default().or(Contacts::shipped()),
        roles,
        categories,
        languages,
        notice,
        approval,
        deadline,
        law,
    })
}

fn section<T>(root: &Table<'_>, key: &str, what: &str, read: impl Fn(&Table<'_>) -> Option<T>) -> Option<T> {
    root.need(key, &format!("a table that says {what}"))?.read_table(read)
}

type About = (String, Clock, Option<jiff::Timestamp>);

fn read_about(table: &Table<'_>) -> Option<About> {
    let id = table.need("id", "a short name, a-z 0-9 -, for identifiers").and_then(|field| {
        let id = field.line()?;
        let fits = id.len() <= ID_CHARACTERS_MAX
            && !id.starts_with('-')
            && !id.ends_with('-')
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fits {
            field.refuse("incident-id", format!("an id has at most {ID_CHARACTERS_MAX} characters of a-z 0-9 -"));
        }
        fits.then_some(id)
    });
    let clock = clock(table);
    let deadline = table.optional("deadline", Field::instant);
    Some((id?, clock?, deadline?))
}

/// Reads a value, `"unknown"`, or `{ not_told = "reason" }`.
fn fact<'d, T>(field: &Field<'d>, read: impl Fn(&Field<'d>) -> Option<T>) -> Option<Fact<T>> {
    if field.is_text() {
        if field.text().as_deref() == Some("unknown") {
            return Some(Fact::Unknown);
        }
        field.refuse_with(
            "wrong-fact",
            "text is not a fact",
            "write a value, \"unknown\", or { not_told = \"why\" }",
        );
        return None;
    }
    if field.is_table() {
        let table = field.table()?;
        if let Some(reason) = table.get("not_told") {
            table.finish();
            return Some(Fact::NotTold { reason: reason.line()? });
        }
    }
    read(field).map(Fact::Known)
}

fn when(field: &Field<'_>) -> Option<When> {
    if field.is_instant() {
        return field.instant().map(When::At);
    }
    if field.is_datetime() || !field.is_table() {
        return field.date().map(When::On);
    }
    let table = field.table()?;
    let from = table.need("from", "the first day").and_then(|f| f.date());
    let to = table.need("to", "the last day").and_then(|f| f.date());
    table.finish();
    let (from, to) = (from?, to?);
    if from > to {
        field.refuse("dates-reversed", "`from` is later than `to`");
        return None;
    }
    Some(if from == to { When::On(from) } else { When::Between(from, to) })
}

fn organisation(table: &Table<'_>, contact: Option<&Contact>) -> Option<(Entity, Vec<Elsewhere>, Vec<Role>)> {
    let main = entity(table, contact.cloned());
    let roles = table.optional("roles", law::words);
    let elsewhere = match table.get("elsewhere") {
        Some(field) => field.items().and_then(|items| items.iter().map(|e| read_elsewhere(e, contact)).collect()),
        None => Some(Vec::new()),
    };
    Some((main?, elsewhere?, roles?.unwrap_or_else(|| vec![Role::Owner])))
}

fn read_elsewhere(field: &Field<'_>, main: Option<&Contact>) -> Option<Elsewhere> {
    field.read_table(|table| {
        let residence = table.need("residence", "countries, such as [\"GB\", \"US-CA\"]").and_then(|field| {
            let codes = field.lines()?;
            let fits = |code: &String| {
                let (country, region) = code.split_once('-').unwrap_or((code, "0"));
                crate::affected::is_country(country) && crate::affected::is_region(region)
            };
            let wrong = codes.iter().find(|code| !fits(code));
            if let Some(code) = wrong {
                let message = format!("`{code}` is not a country (ISO 3166-1, GB) or country and region (US-CA)");
                field.refuse("unknown-value", message);
            }
            wrong.is_none().then_some(codes)
        });
        // An entity without contact of its own shares that of the organisation.
        let own = match table.get("contact") {
            Some(field) => field.read_table(contact),
            None => main.cloned(),
        };
        let entity = entity(table, own);
        Some(Elsewhere { residence: residence?, entity: entity? })
    })
}

fn entity(table: &Table<'_>, contact: Option<Contact>) -> Option<Entity> {
    let legal_name = table.need("legal_name", "the registered name").and_then(|f| f.line());
    let known_as = table.need("known_as", "the name that people know").and_then(|f| f.line());
    let from = table.need("from", "the mailbox that writes: \"Name <privacy@example.org>\"");
    let from = from.and_then(|field| writing_mailbox(&field));
    let reply_to = table.optional("reply_to", writing_mailbox);
    let return_path_domain = table.optional("return_path_domain", |field| domain(field));
    let postal_address =
        table.need("postal_address", "the postal address, a list of lines").and_then(|f| f.lines());
    let website = table.need("website", "the website as people type it: \"example.org\"").and_then(|f| website(&f));
    let authority = table.optional("authority", Field::line);
    let authority_website = table.optional("authority_website", self::website);
    let parent = table.optional("parent", Field::line);
    let dpo = table.optional("dpo", |field| field.read_table(dpo));
    let from = from?;
    let return_path_domain = return_path_domain?.unwrap_or_else(|| from.address.domain().to_owned());
    Some(Entity {
        legal_name: legal_name?,
        known_as: known_as?,
        from,
        reply_to: reply_to?,
        return_path_domain,
        postal_address: postal_address?,
        website: website?,
        authority: authority?,
        authority_website: authority_website?,
        parent: parent?,
        dpo: dpo?,
        contact: contact?,
    })
}

fn dpo(table: &Table<'_>) -> Option<Dpo> {
    let name = table.optional("name", Field::line);
    let email = table.need("email", "the mailbox for questions on data protection").and_then(|f| bare_address(&f));
    let phone = table.optional("phone", Field::line);
    Some(Dpo { name: name?, email: email?, phone: phone? })
}

/// Reads `Name <local@domain>` or a bare address that people may answer to.
fn writing_mailbox(field: &Field<'_>) -> Option<Mailbox> {
    let mailbox = mailbox(field)?;
    let plain: String =
        mailbox.address.local_part().to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    if plain.contains("noreply") || plain.contains("donotreply") {
        let message = "people must be able to answer a notice; a `noreply` mailbox is refused";
        field.refuse_with("noreply", message, "name a mailbox that somebody reads");
        return None;
    }
    Some(mailbox)
}

fn mailbox(field: &Field<'_>) -> Option<Mailbox> {
    let text = field.line()?;
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => {
            (name.trim().trim_matches('"').to_owned(), rest.strip_suffix('>').unwrap_or(rest).to_owned())
        }
        None => (String::new(), text),
    };
    if name.len() > DISPLAY_NAME_OCTETS_MAX {
        field.refuse("too-long", format!("a display name has at most {DISPLAY_NAME_OCTETS_MAX} octets"));
        return None;
    }
    parse_address(field, &address).map(|address| Mailbox { name, address })
}

fn parse_address(field: &Field<'_>, text: &str) -> Option<Address> {
    Address::parse(text).map_err(|error| field.refuse("address-syntax", error.to_string())).ok()
}

fn domain(field: &Field<'_>) -> Option<String> {
    let text = field.line()?;
    parse_address(field, &format!("x@{text}")).map(|address| address.domain().to_owned())
}

/// Reads a website as people type it, without a scheme.
pub(super) fn website(field: &Field<'_>) -> Option<String> {
    let text = field.line()?;
    if text.contains("://") || text.contains(char::is_whitespace) {
        let hint = "write it as people type it: \"example.org\" or \"example.org/notice\"";
        field.refuse_with("website", "a website is named without its scheme", hint);
        return None;
    }
    parse_address(field, &format!("x@{}", text.split('/').next().unwrap_or_default())).map(|_| text)
}

/// Reads words by language: `{ en = "…", de = "…" }`.
fn words(field: &Field<'_>) -> Option<BTreeMap<String, String>> {
    entries(&field.table()?, |key, field| {
        is_language_or_refuse(field, key)?;
        field.line()
    })
}

fn entries<'d, T>(table: &Table<'d>, read: impl Fn(&str, &Field<'d>) -> Option<T>) -> Option<BTreeMap<String, T>> {
    let entries = table.entries();
    if entries.len() > ENTRIES_MAX {
        table.refuse("too-many", format!("at most {ENTRIES_MAX} entries belong here"));
        return None;
    }
    // All are read before any failure is passed on, so that all are reported.
    let read: Vec<_> = entries.into_iter().map(|(key, _, field)| (read(&key, &field), key)).collect();
    read.into_iter().map(|(value, key)| Some((key, value?))).collect()
}

fn is_language_or_refuse(field: &Field<'_>, tag: &str) -> Option<()> {
    if crate::affected::is_language(tag) {
        return Some(());
    }
    field.refuse("unknown-value", format!("`{tag}` is not a language tag (BCP 47), such as en or pt-BR"));
    None
}

fn categories(table: &Table<'_>) -> Option<Vec<Category>> {
    let by_id =
        |key| Some(table.optional(key, |field| entries(&field.table()?, |_, f| words(f)))?.unwrap_or_default());
    let (own, consequences) = (by_id("words"), by_id("consequences"));
    let ids = table.need("categories", "ids of the data concerned, such as [\"email\", \"phone\"]")?;
    let (own, consequences) = (own?, consequences?);
    let mut categories: Vec<Category> = Vec::new();
    let mut is_good = true;
    for field in ids.items()? {
        let Some(id) = field.line() else { continue };
        let words = own.get(&id).cloned().unwrap_or_default();
        if words.is_empty() && known_category(&id).is_none() {
            let hint = format!("say what it is called: [data.words.{id}] en = \"your …\"");
            field.refuse_with("unknown-category", format!("no words are known for the category `{id}`"), hint);
            is_good = false;
        } else if categories.iter().any(|category| category.id == id) {
            field.refuse("twice", format!("the category `{id}` stands twice"));
            is_good = false;
        }
        let consequence = consequences.get(&id).cloned().unwrap_or_default();
        categories.push(Category { id, words, consequence });
    }
    if categories.len() > CATEGORIES_MAX {
        ids.refuse("too-many", format!("at most {CATEGORIES_MAX} categories belong here"));
        is_good = false;
    }
    if categories.is_empty() {
        ids.refuse("empty-value", "at least one category of data is concerned");
        is_good = false;
    }
    is_good.then_some(categories)
}

fn languages(table: &Table<'_>) -> Option<Languages> {
    let default = table.need("default", "the language for people whose own is not offered").and_then(|field| {
        let tag = field.line()?;
        is_language_or_refuse(&field, &tag).map(|()| tag)
    });
    let offered = table.optional("offered", |field| {
        let tags = field.lines()?;
        tags.iter().map(|tag| is_language_or_refuse(field, tag)).collect::<Option<()>>()?;
        Some(tags)
    });
    let (default, offered) = (default?, offered?);
    let mut offered = offered.unwrap_or_default();
    if !offered.contains(&default) {
        offered.insert(0, default.clone());
    }
    Some(Languages { default, offered })
}

fn contact(table: &Table<'_>) -> Option<Contact> {
    let email = table.need("email", "the mailbox for questions").and_then(|f| bare_address(&f));
    let phone = table.optional("phone", Field::line);
    let toll_free = table.optional("toll_free", Field::line);
    let hours = match table.get("hours") {
        Some(field) => words(&field),
        None => Some(BTreeMap::new()),
    };
    let fakes = table.need("report_fakes_to", "the mailbox for fake messages in your name");
    let fakes = fakes.and_then(|f| bare_address(&f));
    Some(Contact { email: email?, phone: phone?, toll_free: toll_free?, hours: hours?, report_fakes_to: fakes? })
}

fn bare_address(field: &Field<'_>) -> Option<Address> {
    let text = field.line()?;
    parse_address(field, &text)
}

fn read_notice(root: &Table<'_>, languages: Option<&Languages>) -> Option<NoticeSettings> {
    let (elements, date, subject) = match root.get("notice") {
        Some(field) => field.read_table(|table| {
            let elements = table.optional("elements", Field::lines);
            let date = table.optional("date", Field::date);
            let subject = table.optional("subject", subjects);
            Some((elements?.unwrap_or_default(), date?, subject?.unwrap_or_default()))
        })?,
        None => Default::default(),
    };
    let statements = match root.get("statements") {
        Some(field) => field.table().and_then(|table| statements(&table, languages)),
        None => Some(BTreeMap::new()),
    };
    let advice = match root.get("advice") {
        Some(field) => field.table().and_then(|table| entries(&table, |_, field| field.lines())),
        None => Some(BTreeMap::new()),
    };
    Some(NoticeSettings { elements, date, subject, statements: statements?, advice: advice? })
}

fn subjects(field: &Field<'_>) -> Option<BTreeMap<String, String>> {
    entries(&field.table()?, |key, field| {
        is_language_or_refuse(field, key)?;
        let subject = field.line()?;
        if subject.chars().count() > SUBJECT_CHARACTERS_MAX {
            field.refuse("subject-too-long", format!("a subject has at most {SUBJECT_CHARACTERS_MAX} characters"));
            return None;
        }
        Some(subject)
    })
}

/// Reads `[statements.LANGUAGE] ELEMENT = "…"` into element → language → statement.
fn statements(
    table: &Table<'_>,
    languages: Option<&Languages>,
) -> Option<BTreeMap<String, BTreeMap<String, Statement>>> {
    let by_language = entries(table, |language, field| {
        if let Some(languages) = languages
            && !languages.offered.iter().any(|offered| offered == language)
        {
            field.refuse("unknown-language", format!("`{language}` is not among the languages offered"));
            return None;
        }
        entries(&field.table()?, |_, field| Some(Statement { text: field.text()?, span: field.span() }))
    })?;
    let mut by_element: BTreeMap<String, BTreeMap<String, Statement>> = BTreeMap::new();
    for (language, statements) in by_language {
        for (element, statement) in statements {
            by_element.entry(element).or_default().insert(language.clone(), statement);
        }
    }
    Some(by_element)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{approval::ApprovalRule, recipient::Residence};

    const WHOLE: &str = r#"
[incident]
id = "x-2026"
occurred = 2020-10-12
discovered = { from = 2020-10-13, to = 2020-10-19 }
contained = 2020-10-19T08:00:00Z

[organisation]
legal_name = "Kestrel Lane Books Ltd"
known_as = "Kestrel Lane"
from = "Kestrel Lane <privacy@kestrel-lane.example>"
postal_address = ["1 Kestrel Lane", "Leeds"]
website = "kestrel-lane.example"

[[organisation.elsewhere]]
residence = ["GB", "US-CA"]
legal_name = "Kestrel Lane UK Ltd"
known_as = "Kestrel Lane"
from = "privacy@kestrel-lane.example"
postal_address = ["London"]
website = "kestrel-lane.example/uk"
authority = "ICO"
contact = { email = "help-uk@kestrel-lane.example", report_fakes_to = "fakes@kestrel-lane.example" }

[facts]
exposure = "disclosed"
culprits = "one"
culprit_role = "employee"
holder = { en = "a seller of address lists" }
people_affected = "unknown"
nothing_else = { by = "A. Ash, head of security", on = 2020-10-21 }
police_told = 2020-10-20
authority_told = { not_told = "no authority has a say" }

[data]
categories = ["email", "loyalty_number"]
[data.words.loyalty_number]
en = "your loyalty card number"

[contact]
email = "help@kestrel-lane.example"
report_fakes_to = "fakes@kestrel-lane.example"

[statements.en]
what_we_did = "We **fired** them."

[approval]
none = "a test"
"#;

    #[test]
    fn a_whole_incident_is_read() {
        let (incident, findings) = read("incident.toml", WHOLE.as_bytes());
        assert_eq!(findings, []);
        let incident = incident.unwrap();
        assert_eq!(incident.clock.occurred.known(), Some(&When::On(jiff::civil::date(2020, 10, 12))));
        assert!(incident.facts.people_affected.is_unknown());
        assert_eq!(incident.roles, [Role::Owner]);
        assert_eq!(incident.organisation.return_path_domain, "kestrel-lane.example");
        let gb = Residence { country: "GB".into(), region: String::new() };
        let texas = Residence { country: "US".into(), region: "TX".into() };
        assert_eq!(incident.entity_for(&gb).1.legal_name, "Kestrel Lane UK Ltd");
        assert_eq!(incident.entity_for(&gb).1.contact.email.expose(), "help-uk@kestrel-lane.example");
        assert_eq!(incident.entity_for(&texas).0, 0);
        assert_eq!(incident.entity_for(&texas).1.contact.email.expose(), "help@kestrel-lane.example");
        assert_eq!(incident.notice.statements["what_we_did"]["en"].text, "We **fired** them.");
        assert_eq!(incident.approval, Some(ApprovalRule::NotNeeded { reason: "a test".into() }));
        assert_eq!(incident.language_for("en-GB"), "en");
        assert_eq!(incident.language_for("fr"), "en");
    }

    /// What some laws alone ask for, added to the incident above.
    const ASKED: &str = r#"
[measures]
mitigation = ["passwords_reset", { en = "We call you.", de = "Wir rufen Sie an." }]
prevention = ["second_factor"]

[offer]
kind = "credit_monitoring"
provider = "Dunlin Watch"
months = 24
until = 2026-12-31
website = "dunlin-watch.example"
code_column = "offer code"

[contacts.attorneys_general]
MD = { name = "A", address = "B", phone = "1", website = "a.example" }
"#;

    fn asked() -> String {
        let facts = "[facts]\ncause = \"phishing\"\nplace = { en = \"Leeds\" }\nmisuse = \"none_seen\"\n\
                     delayed_by_police = false\ndelay_reason = { en = \"x\" }\n";
        let words = "[data.consequences.loyalty_number]\nen = \"Strangers can spend your points.\"\n[data.words";
        WHOLE
            .replacen("[facts]\n", facts, 1)
            .replacen("[data.words", words, 1)
            .replacen("contained = ", "exposed = { from = 2020-10-12, to = 2020-10-19 }\ncontained = ", 1)
            .replacen("[contact]\n", "[contact]\ntoll_free = \"0800 1\"\n", 1)
            .replacen("website = \"kestrel-lane.example\"", "website = \"kestrel-lane.example\"\nparent = \"K Group\"\ndpo = { email = \"dpo@kestrel-lane.example\" }", 1)
            + ASKED
    }

    #[test]
    fn what_some_laws_alone_ask_for_is_read() {
        use crate::incident::{Cause, Measure, Misuse, Mitigation, OfferCode};
        let (incident, findings) = read("incident.toml", asked().as_bytes());
        assert_eq!(findings, []);
        let incident = incident.unwrap();
        assert_eq!(incident.facts.cause, Some(Fact::Known(Cause::Phishing)));
        assert_eq!(incident.facts.misuse, Some(Fact::Known(Misuse::NoneSeen)));
        assert_eq!(incident.facts.delayed_by_police, Some(false));
        assert_eq!(incident.measures.mitigation[0], Measure::Known(Mitigation::PasswordsReset));
        assert!(matches!(&incident.measures.mitigation[1], Measure::Own(words) if words.len() == 2));
        let offer = incident.offer.as_ref().unwrap();
        assert_eq!((offer.months, offer.code.clone()), (24, Some(OfferCode::Column("offer code".to_owned()))));
        assert_eq!(incident.organisation.parent.as_deref(), Some("K Group"));
        assert_eq!(incident.organisation.contact.toll_free.as_deref(), Some("0800 1"));
        assert_eq!(incident.categories[1].consequence["en"], "Strangers can spend your points.");
        assert_eq!(incident.contacts.attorneys_general["MD"].name, "A");
        assert_eq!(incident.contacts.attorneys_general.len(), 52, "the shipped ones are there too");
        assert!(incident.clock.exposed.is_some());
    }

    #[test]
    fn slips_in_what_some_laws_ask_for_are_found_at_their_place() {
        for (from, to, code) in [
            ("\"phishing\"", "\"fishing\"", "unknown-word"),
            ("\"phishing\"", "2020-01-01", "wrong-fact"),
            ("\"none_seen\"", "\"none\"", "unknown-value"),
            ("delayed_by_police = false", "delayed_by_police = \"no\"", "wrong-type"),
            ("\"second_factor\"", "\"encrypted\"", "unknown-word"),
            ("months = 24", "months = 1", "unknown-value"),
            ("website = \"dunlin-watch.example\"\n", "", "missing-key"),
            ("code_column = ", "code = \"x\"\ncode_column = ", "twice"),
            ("{ email = \"dpo@", "{ mail = \"dpo@", "missing-key"),
            ("exposed = { from = 2020-10-12", "exposed = { from = 2020-10-30", "dates-reversed"),
            ("place = { en", "place = { english-words", "unknown-value"),
        ] {
            let text = asked();
            assert!(text.contains(from), "{from}");
            let (incident, findings) = read("incident.toml", text.replacen(from, to, 1).as_bytes());
            assert!(incident.is_none(), "{to}");
            assert!(findings.iter().any(|finding| finding.code == code), "{to}: {findings:#?}");
        }
        let (unknown, findings) = read("incident.toml", asked().replace("\"phishing\"", "\"unknown\"").as_bytes());
        assert_eq!((unknown.unwrap().facts.cause, findings.len()), (Some(Fact::Unknown), 0));
    }

    #[test]
    fn a_language_is_offered_with_or_without_its_region() {
        let offered = |tags: &[&str]| Languages {
            default: "en".to_owned(),
            offered: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        for (tags, wanted, given) in [
            (&["en", "de"][..], "de-AT", Some("de")),
            (&["en", "de-CH"], "de-AT", Some("de-CH")),
            (&["en", "de", "de-CH"], "DE-ch", Some("de-CH")),
            (&["en", "de"], "it", None),
        ] {
            assert_eq!(offered(tags).of(wanted), given, "{wanted}");
            assert_eq!(offered(tags).offers(wanted), given.is_some());
        }
        assert!(offered(&["en"]).offers(""), "who names none is content");
    }

    #[test]
    fn each_slip_is_one_finding_at_its_place() {
        for (from, to, code, at) in [
            ("id = \"x-2026\"", "id = \"X 2026\"", "incident-id", "\"X 2026\""),
            ("known_as", "roles = [\"controler\"]\nknown_as", "unknown-word", "\"controler\""),
            ("occurred = 2020-10-12", "occurred = \"last week\"", "wrong-fact", "\"last week\""),
            ("occurred = 2020-10-12", "", "missing-key", "[incident]"),
            ("culprits = \"one\"", "culprits = \"two\"", "unknown-value", "\"two\""),
            ("exposure = ", "exposed = ", "missing-key", "[facts]"),
            ("to = 2020-10-19", "to = 2020-10-01", "dates-reversed", "{ from"),
            ("<privacy@", "<no-reply@", "noreply", "\"Kestrel"),
            ("\"GB\"", "\"UK\"", "unknown-value", "[\"UK\""),
            ("website = \"kestrel-lane.example\"", "website = \"https://a.example\"", "website", "\"https"),
            ("police_told = 2020-10-20", "police_told = \"unknown\"", "wrong-fact", "\"unknown\""),
            ("\"email\", ", "\"e-mail\", ", "unknown-category", "\"e-mail\""),
            ("[statements.en]", "[statements.de]", "unknown-language", ""),
            ("none = \"a test\"", "", "empty-value", "[approval]"),
        ] {
            assert!(WHOLE.contains(from), "{from}");
            let text = WHOLE.replacen(from, to, 1);
            let (incident, findings) = read("incident.toml", text.as_bytes());
            assert_eq!(incident, None, "{to}");
            let finding = findings.iter().find(|f| f.code == code).unwrap_or_else(|| panic!("{to}: {findings:?}"));
            assert!(text[finding.place.span.clone().unwrap()].starts_with(at), "{to}: {finding:?}");
        }
    }

    #[test]
    fn an_empty_file_names_every_section_that_is_missing() {
        let (_, findings) = read("incident.toml", b"");
        let sections = ["incident", "organisation", "facts", "data", "contact"];
        assert_eq!(findings.len(), sections.len());
        for section in sections {
            assert!(
                findings.iter().any(|f| f.message.starts_with(&format!("`{section}` is missing"))),
                "{section}"
            );
        }
    }
}
