//! Reads what a notice says and how it looks.

use super::fields::{basis, each, flag, kinds, one_key, small, word, words};
use crate::{
    document::Field,
    law::{Condition, ContentRule, Effect, Element, Format, Heading, Word},
};
use std::collections::BTreeSet;

/// Conditions within conditions: more than a reviewer can follow.
const NESTED_MAX: usize = 4;

pub(super) fn rule(field: &Field<'_>) -> Option<ContentRule> {
    field.read_table(|table| {
        let when = table.optional("when", |field| condition(field, NESTED_MAX));
        let effects = [
            "require",
            "if_known",
            "per_recipient",
            "one_of",
            "replace_with",
            "advise",
            "credit_monitoring_months",
            "forbid",
        ];
        let effect = one_key(table, &effects).and_then(|(key, field)| effect(key, &field));
        let says = table.optional("says", Field::line);
        let basis = basis(table);
        Some(ContentRule { when: when?.unwrap_or(Condition::Always), effect: effect?, says: says?, basis: basis? })
    })
}

fn effect(key: &str, field: &Field<'_>) -> Option<Effect> {
    match key {
        "require" => words(field).map(Effect::Require),
        "if_known" => words(field).map(Effect::IfKnown),
        "per_recipient" => words(field).map(Effect::PerRecipient),
        "one_of" => words(field).map(Effect::OneOf),
        "replace_with" => words(field).map(Effect::ReplaceWith),
        "advise" => words(field).map(Effect::Advise),
        "credit_monitoring_months" => small(field).map(|months| Effect::CreditMonitoring { months }),
        _ => words(field).map(Effect::Forbid),
    }
}

/// Reads a condition, which may hold others, at most `depth` deep.
pub(super) fn condition(field: &Field<'_>, depth: usize) -> Option<Condition> {
    let Some(deeper) = depth.checked_sub(1) else {
        field.refuse("too-deep", format!("conditions may stand at most {NESTED_MAX} deep in each other"));
        return None;
    };
    let keys = ["data_has", "data_only", "role", "sender_was_source", "decided", "all", "any_of", "not"];
    field.read_table(|table| {
        let (key, field) = one_key(table, &keys)?;
        let inner = |field: &Field<'_>| condition(field, deeper);
        match key {
            "data_has" => kinds(&field).map(Condition::DataHas),
            "data_only" => words(&field).map(Condition::DataOnly),
            "role" => word(&field).map(Condition::Role),
            "sender_was_source" => field.truth().map(|is_source| {
                let condition = Condition::SenderWasSource;
                if is_source { condition } else { Condition::Not(Box::new(condition)) }
            }),
            "decided" => field.line().map(Condition::Decided),
            "all" => each(&field, inner).map(Condition::All),
            "any_of" => each(&field, inner).map(Condition::AnyOf),
            _ => inner(&field).map(|condition| Condition::Not(Box::new(condition))),
        }
    })
}

/// Reads the condition of a way that an e-mail may go.
pub(super) fn outer_condition(field: &Field<'_>) -> Option<Condition> {
    condition(field, NESTED_MAX)
}

pub(super) fn format(field: &Field<'_>) -> Option<Format> {
    field.read_table(|table| {
        let title = table.optional("title", Field::line);
        let headings = table.optional("heading", |field| {
            let headings = each(field, heading)?;
            let mut seen = BTreeSet::new();
            let again =
                headings.iter().flat_map(|heading| &heading.elements).find(|element| !seen.insert(**element));
            if let Some(element) = again {
                field.refuse("twice", format!("the element `{}` stands under two headings", element.word()));
            }
            again.is_none().then_some(headings)
        });
        let min_points = table.optional("min_points", small);
        let plain_language = flag(table, "plain_language");
        let conspicuous = flag(table, "conspicuous");
        let dedicated = flag(table, "dedicated");
        let says = table.optional("says", Field::line);
        let basis = basis(table);
        Some(Format {
            title: title?,
            headings: headings?.unwrap_or_default(),
            min_points: min_points?,
            plain_language: plain_language?,
            conspicuous: conspicuous?,
            dedicated: dedicated?,
            says: says?,
            basis: basis?,
        })
    })
}

fn heading(field: &Field<'_>) -> Option<Heading> {
    field.read_table(|table| {
        let title = table.need("title", "the words of the heading").and_then(|field| field.line());
        let elements = table.need("elements", "the elements under it").and_then(|field| words::<Element>(&field));
        Some(Heading { title: title?, elements: elements? })
    })
}
