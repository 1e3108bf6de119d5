//! Reads the file of a regime into a `Regime`.
//!
//! Each part reads all of its keys before it is put together, so that one reading shows every finding. A word that
//! no vocabulary has is refused with its nearest neighbour; what a file says about the law is not judged.

mod applies;
mod content;
mod fields;
mod manner;
mod obligations;

use super::{
    Area, Check, Condition, ContentRule, Effect, Effective, Exception, Language, Obligation, Regime, Remark,
    Verified,
};
use crate::{
    document::{self, Field, Table},
    finding::Finding,
};
use fields::{basis, each};
pub(crate) use fields::{word, words};
use std::collections::BTreeSet;

/// Reads the file of a regime.
///
/// Returns the regime, unless anything refuses the file, and every finding in the order of the file.
pub fn read(file: &str, bytes: &[u8]) -> (Option<Regime>, Vec<Finding>) {
    document::read(file, bytes, regime)
}

fn regime(root: &Table<'_>) -> Option<Regime> {
    let id = root.need("id", "the name of the file without its ending").and_then(|field| id(&field));
    let title = root.need("title", "what the regime is called").and_then(|field| field.line());
    let citation = root.need("citation", "the law and its sections").and_then(|field| field.line());
    let revision = root.need("revision", "the day on which the file was last brought up to the law");
    let revision = revision.and_then(|field| field.date());
    let effective = root.need("effective", "{ from, to }: when the rules hold; {} where nobody knows");
    let effective = effective.and_then(|field| read_effective(&field));
    let status = root.optional("status", Field::line);
    let verified = root.need("verified", "\"unverified\", or { read, on } or { counsel, on }");
    let verified = verified.and_then(|field| read_verified(&field));
    let place = root.optional("place", area);
    let applies = root.need("applies", "a table that says to whom the regime applies");
    let applies = applies.and_then(|field| applies::applies(&field));
    let obligations = root.need("obligation", "tables that say who is to be told");
    let obligations = obligations.and_then(|field| each(&field, obligations::obligation));
    let content = root.optional("content", |field| each(field, content::rule));
    let format = root.optional("format", content::format);
    let manner = root.optional("manner", manner::manner);
    let hold = root.optional("hold", manner::hold);
    let language = root.optional("language", language);
    let exceptions = root.optional("exception", |field| each(field, exception));
    let records = root.optional("records", remark);
    let penalty = root.optional("penalty", remark);
    let notes = root.optional("notes", Field::lines);
    let regime = Regime {
        id: id?,
        title: title?,
        citation: citation?,
        revision: revision?,
        effective: effective?,
        status: status?,
        verified: verified?,
        place: place?,
        applies: applies?,
        obligations: obligations?,
        content: content?.unwrap_or_default(),
        format: format?,
        manner: manner?,
        hold: hold?,
        language: language?,
        exceptions: exceptions?.unwrap_or_default(),
        records: records?,
        penalty: penalty?,
        notes: notes?.unwrap_or_default(),
    };
    hangs_together(root, &regime).then_some(regime)
}

fn id(field: &Field<'_>) -> Option<String> {
    let id = field.line()?;
    let fits = !id.starts_with('-')
        && !id.ends_with('-')
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        field.refuse("regime-id", "an id has characters of a-z 0-9 -, such as us-vt");
        return None;
    }
    // A file that is moved without its id would be found by neither.
    let expected = field.file().rsplit('/').next().unwrap_or_default();
    if expected != format!("{id}.toml") {
        field.refuse("regime-id", format!("the file of `{id}` is called {id}.toml"));
        return None;
    }
    Some(id)
}

fn read_effective(field: &Field<'_>) -> Option<Effective> {
    field.read_table(|table| {
        let from = table.optional("from", Field::date);
        let to = table.optional("to", Field::date);
        let effective = Effective { from: from?, to: to? };
        if effective.from.zip(effective.to).is_some_and(|(from, to)| from > to) {
            table.refuse("dates-reversed", "`from` is later than `to`");
            return None;
        }
        Some(effective)
    })
}

fn read_verified(field: &Field<'_>) -> Option<Verified> {
    if field.is_text() {
        return field.one_of(&[("unverified", ())]).map(|()| Verified::Unverified);
    }
    field.read_table(|table| {
        let (read, counsel) = (table.get("read"), table.get("counsel"));
        let on = table.need("on", "the day of the check").and_then(|field| field.date());
        let check = |by: Field<'_>| Some(Check { by: by.line()?, on: on? });
        match (read, counsel) {
            (Some(by), None) => check(by).map(Verified::Read),
            (None, Some(by)) => check(by).map(Verified::Counsel),
            _ => {
                table.refuse("one-of-these", "either `read` or `counsel` says who checked the file");
                None
            }
        }
    })
}

fn area(field: &Field<'_>) -> Option<Area> {
    let code = field.line()?;
    let area = Area::parse(&code);
    if area.is_none() {
        field.refuse("unknown-value", format!("`{code}` is not a country (ISO 3166-1, GB) or a region (US-CA)"));
    }
    area
}

fn remark(field: &Field<'_>) -> Option<Remark> {
    field.read_table(|table| {
        let says = table.need("says", "the rule in words").and_then(|field| field.line());
        let basis = basis(table);
        Some(Remark { says: says?, basis: basis? })
    })
}

fn language(field: &Field<'_>) -> Option<Language> {
    field.read_table(|table| {
        let languages = table.optional("languages", |field| {
            let tags = field.lines()?;
            let wrong = tags.iter().find(|tag| !crate::affected::is_language(tag));
            if let Some(tag) = wrong {
                field.refuse("unknown-value", format!("`{tag}` is not a language tag (BCP 47), such as fr"));
            }
            wrong.is_none().then_some(tags)
        });
        let says = table.need("says", "the rule in words").and_then(|field| field.line());
        let basis = basis(table);
        Some(Language { languages: languages?.unwrap_or_default(), says: says?, basis: basis? })
    })
}

fn exception(field: &Field<'_>) -> Option<Exception> {
    field.read_table(|table| {
        let kind = table.need("kind", "why the duty is lifted").and_then(|field| word(&field));
        let lifts = table.need("lifts", "everything, individual_notice or content").and_then(|field| word(&field));
        let keeps = table.optional("keeps", Field::lines);
        let roles = table.optional("roles", words);
        let says = table.need("says", "what must be so").and_then(|field| field.line());
        let basis = basis(table);
        Some(Exception {
            kind: kind?,
            lifts: lifts?,
            keeps: keeps?.unwrap_or_default(),
            roles: roles?.unwrap_or_default(),
            says: says?,
            basis: basis?,
        })
    })
}

/// Reports what each part cannot know of the others: ids that nobody has or two have, and rules that no notice can
/// keep.
fn hangs_together(root: &Table<'_>, regime: &Regime) -> bool {
    let mut wrong = Vec::new();
    let ids: Vec<&str> = regime.obligations.iter().map(|obligation| obligation.id.as_str()).collect();
    let mut seen = BTreeSet::new();
    for id in ids.iter().filter(|id| !seen.insert(**id)) {
        wrong.push(("twice", format!("two obligations have the id `{id}`")));
    }
    let ordered =
        |obligation: &Obligation| Some((obligation.id.clone(), obligation.sequence.as_ref()?.other.clone()));
    for (id, other) in regime.obligations.iter().filter_map(ordered) {
        if id == other || !ids.contains(&other.as_str()) {
            wrong.push((
                "unknown-obligation",
                format!("`{id}` is ordered to `{other}`, which is no other obligation"),
            ));
        }
    }
    for id in regime.exceptions.iter().flat_map(|exception| &exception.keeps) {
        if !ids.contains(&id.as_str()) {
            wrong.push(("unknown-obligation", format!("an exception keeps `{id}`, which is no obligation")));
        }
    }
    if regime.individual().is_some() && regime.manner.is_none() {
        wrong.push(("missing-key", "`manner` is missing: which way a notice to a person goes".to_owned()));
    }
    for rule in &regime.content {
        wrong.extend(clash(regime, rule).map(|message| ("clash", message)));
    }
    for (code, message) in &wrong {
        root.refuse(code, message.clone());
    }
    wrong.is_empty()
}

/// Returns how a rule that always holds clashes with what the same regime always forbids. Between two regimes a
/// clash is a matter of a recipient, and no fault of a file.
fn clash(regime: &Regime, rule: &ContentRule) -> Option<String> {
    let (Effect::Require(required) | Effect::PerRecipient(required)) = &rule.effect else { return None };
    if rule.when != Condition::Always {
        return None;
    }
    let always = regime.content.iter().filter(|other| other.when == Condition::Always);
    let forbidden = always.filter_map(|other| match &other.effect {
        Effect::Forbid(forbidden) => Some(forbidden),
        _ => None,
    });
    let clash = forbidden.flatten().find_map(|forbidden| {
        let element = forbidden.elements().iter().find(|element| required.contains(element))?;
        Some((element, forbidden))
    });
    clash.map(|(element, forbidden)| format!("`{element}` is required, and says what `{forbidden}` forbids"))
}

#[cfg(test)]
mod tests;
