//! Reads to whom a regime applies.

use super::fields::{basis, each, flag, kinds, word, words};
use crate::{
    document::{Field, Table},
    law::{Applies, DataTrigger, Decided, Harm, HarmKind, Pattern},
};

pub(super) fn applies(field: &Field<'_>) -> Option<Applies> {
    field.read_table(|table| {
        let residence = table.need("residence", "where people live, such as [\"US-CA\"], [\"EEA\"] or [\"any\"]");
        let residence = residence.and_then(|field| each(&field, pattern));
        let residence_except = table.optional("residence_except", |field| each(field, pattern));
        let roles = table.optional("roles", words);
        let roles_except = table.optional("roles_except", words);
        let act = table.need("act", "what must have happened to the data").and_then(|field| word(&field));
        let data = table.need("data", "a table that says which data").and_then(|field| field.read_table(data));
        let harm = table.need("harm", "the test of harm, or \"none\"").and_then(|field| harm(&field));
        let basis = basis(table);
        Some(Applies {
            residence: residence?,
            residence_except: residence_except?.unwrap_or_default(),
            roles: roles?.unwrap_or_default(),
            roles_except: roles_except?.unwrap_or_default(),
            act: act?,
            data: data?,
            harm: harm?,
            basis: basis?,
        })
    })
}

fn pattern(field: &Field<'_>) -> Option<Pattern> {
    let text = field.line()?;
    let pattern = Pattern::parse(&text);
    if pattern.is_none() {
        let message = format!("`{text}` is no residence");
        field.refuse_with("unknown-residence", message, "write a country (GB), a region (US-CA), EEA or any");
    }
    pattern
}

fn data(table: &Table<'_>) -> Option<DataTrigger> {
    let any_of = table.optional("any_of", kinds);
    let if_decided = table.optional("if_decided", |field| field.read_table(decided));
    let unless_encrypted = flag(table, "unless_encrypted");
    let trigger = DataTrigger {
        any_of: any_of?.unwrap_or_default(),
        if_decided: if_decided?,
        unless_encrypted: unless_encrypted?,
    };
    if trigger.any_of.is_empty() && trigger.if_decided.is_none() {
        table.refuse("missing-key", "`any_of` or `if_decided` says which data brings the regime into play");
        return None;
    }
    Some(trigger)
}

fn decided(table: &Table<'_>) -> Option<Decided> {
    let question = table.need("question", "what a person has to answer").and_then(|field| field.line());
    let any_of = table.need("any_of", "sets of kinds of data").and_then(|field| kinds(&field));
    Some(Decided { question: question?, any_of: any_of? })
}

/// Reads a test of harm: its word, or a table with its word and what else there is to know.
pub(super) fn harm(field: &Field<'_>) -> Option<Harm> {
    if field.is_text() {
        return word::<HarmKind>(field).map(|kind| Harm { kind, says: None });
    }
    field.read_table(|table| {
        let kind = table.need("kind", "which test of harm").and_then(|field| word(&field));
        let says = table.optional("says", Field::line);
        Some(Harm { kind: kind?, says: says? })
    })
}
