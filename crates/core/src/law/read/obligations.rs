//! Reads who is to be told, from how many people on, and by when.

use super::{
    applies::harm,
    fields::{basis, each, flag, one_key, small, word},
};
use crate::{
    document::{Field, Table},
    law::{Addressee, Deadline, Obligation, Order, Period, Sequence, Start, Threshold, Word},
};

pub(super) fn obligation(field: &Field<'_>) -> Option<Obligation> {
    field.read_table(|table| {
        let id = table.need("id", "a short name, such as individual or ag").and_then(|field| field.line());
        let to = table.need("to", "who is to be told").and_then(|field| word(&field));
        let who = table.optional("who", Field::lines);
        let threshold = table.optional("threshold", |field| field.read_table(threshold));
        let deadline = deadline(table);
        let sequence = table.optional("sequence", |field| field.read_table(sequence));
        let harm = table.optional("harm", harm);
        let include = table.optional("include", Field::lines);
        let says = table.optional("says", Field::line);
        let basis = basis(table);
        let (to, who) = (to?, who?.unwrap_or_default());
        if matches!(to, Addressee::Regulator | Addressee::Other) && who.is_empty() {
            table.refuse("missing-key", "`who` is missing: the names of those who are to be told");
            return None;
        }
        Some(Obligation {
            id: id?,
            to,
            who,
            threshold: threshold?,
            deadline: deadline?,
            sequence: sequence?,
            harm: harm?,
            include: include?.unwrap_or_default(),
            says: says?,
            basis: basis?,
        })
    })
}

pub(super) fn threshold(table: &Table<'_>) -> Option<Threshold> {
    let scope = table.need("scope", "which people are counted").and_then(|field| word(&field));
    let op = table.need("op", "\">\", \">=\" or \"<\"").and_then(|field| word(&field));
    let n = table.need("n", "a number of people").and_then(|field| field.number());
    Some(Threshold { scope: scope?, op: op?, n: n? })
}

fn deadline(table: &Table<'_>) -> Option<Deadline> {
    let within = table.optional("within", period);
    let start = table.optional("clock", start);
    let from_year_end = flag(table, "from_year_end");
    let soft = table.optional("soft", Field::line);
    let extensions = table.optional("extensions", Field::lines);
    let phased = flag(table, "phased");
    let deadline = Deadline {
        within: within?,
        start: start?,
        from_year_end: from_year_end?,
        soft: soft?,
        extensions: extensions?.unwrap_or_default(),
        phased: phased?,
    };
    if deadline.within.is_some() && deadline.start.is_none() {
        table.refuse("missing-key", "`clock` is missing: the event from which `within` is counted");
        return None;
    }
    Some(deadline)
}

pub(super) fn period(field: &Field<'_>) -> Option<Period> {
    field.read_table(|table| {
        let n = table.need("n", "how many").and_then(|field| small(&field));
        let unit =
            table.need("unit", "hours, calendar_days, business_days or months").and_then(|field| word(&field));
        Some(Period { n: n?, unit: unit? })
    })
}

fn start(field: &Field<'_>) -> Option<Start> {
    if field.is_text() {
        return word(field).map(Start::At);
    }
    field.read_table(|table| {
        let (rule, events) = one_key(table, &["earliest_of", "latest_of"])?;
        let events = each(&events, word)?;
        Some(if rule == "earliest_of" { Start::EarliestOf(events) } else { Start::LatestOf(events) })
    })
}

fn sequence(table: &Table<'_>) -> Option<Sequence> {
    let keys: Vec<&str> = Order::ALL.iter().map(|order| order.word()).collect();
    let (key, other) = one_key(table, &keys)?;
    Some(Sequence { order: Order::from_word(key)?, other: other.line()? })
}
