//! Reads which way a notice goes, what stands in for it, and what a hold does.

use super::{
    content::outer_condition,
    fields::{basis, each, flag, small, word, words},
    obligations::period,
};
use crate::{
    document::{Field, Table},
    law::{
        Alternative, Comparator, Condition, ConsentKind, Eligible, Email, Ground, Hold, Leg, Mailbox, Manner,
        Substitute,
    },
};

pub(super) fn manner(field: &Field<'_>) -> Option<Manner> {
    field.read_table(|table| {
        let email = table.need("email", "a table that says when an e-mail alone is enough");
        let email = email.and_then(|field| field.read_table(email_of));
        let mailbox = table.optional("mailbox", |field| field.read_table(mailbox));
        let fallback = table.optional("fallback", words);
        let substitute = table.optional("substitute", |field| each(field, substitute));
        Some(Manner {
            email: email?,
            mailbox: mailbox?,
            fallback: fallback?.unwrap_or_default(),
            substitute: substitute?.unwrap_or_default(),
        })
    })
}

fn email_of(table: &Table<'_>) -> Option<Email> {
    let tier = table.need("tier", "E1, E2, E3, E4 or E5").and_then(|field| word(&field));
    let allow_if = table.need("allow_if", "tables, each a way in which an e-mail alone is enough");
    let allow_if = allow_if.and_then(|field| each(&field, alternative));
    let says = table.optional("says", Field::line);
    let basis = basis(table);
    Some(Email { tier: tier?, allow_if: allow_if?, says: says?, basis: basis? })
}

fn alternative(field: &Field<'_>) -> Option<Alternative> {
    field.read_table(|table| {
        let mut grounds = Vec::new();
        let mut is_good = true;
        let flags = [
            ("address", Ground::Address),
            ("relationship", Ground::Relationship),
            ("primary_channel", Ground::PrimaryChannel),
            ("online_business", Ground::OnlineBusiness),
        ];
        for (key, ground) in flags {
            match flag(table, key) {
                Some(true) => grounds.push(ground),
                Some(false) => {}
                None => is_good = false,
            }
        }
        let consent = table.optional("consent", consent);
        let when = table.optional("when", outer_condition);
        let require = table.optional("require", words);
        let forbid = table.optional("forbid", words);
        let log_each = flag(table, "log_each");
        let must_accompany = table.optional("must_accompany", words);
        grounds.extend(consent?.map(Ground::Consent));
        if grounds.is_empty() && is_good {
            table.refuse("missing-key", "a way says what must be so: address, relationship, primary_channel, …");
        }
        (is_good && !grounds.is_empty()).then_some(())?;
        Some(Alternative {
            grounds,
            when: when?.unwrap_or(Condition::Always),
            require: require?.unwrap_or_default(),
            forbid: forbid?.unwrap_or_default(),
            log_each: log_each?,
            must_accompany: must_accompany?.unwrap_or_default(),
        })
    })
}

fn consent(field: &Field<'_>) -> Option<ConsentKind> {
    let kind = word(field)?;
    if kind == ConsentKind::None {
        field.refuse("unknown-word", "a consent to nothing lets nothing be enough; leave the key out");
        return None;
    }
    Some(kind)
}

fn mailbox(table: &Table<'_>) -> Option<Mailbox> {
    let never = table.need("never", "any, furnished_by_sender or furnished_unverified").and_then(|f| word(&f));
    let instead = table.optional("instead", words);
    let basis = basis(table);
    Some(Mailbox { never: never?, instead: instead?.unwrap_or_default(), basis: basis? })
}

fn substitute(field: &Field<'_>) -> Option<Substitute> {
    field.read_table(|table| {
        let eligible = eligible(table);
        let legs = table.need("legs", "the ways that stand in, each a table or a word");
        let legs = legs.and_then(|field| each(&field, leg));
        let legs_needed = table.optional("legs_needed", |field| Some((field.clone(), small(field)?)));
        let unreachable_only = flag(table, "unreachable_only");
        let show_to = table.optional("show_to", Field::line);
        let says = table.optional("says", Field::line);
        let basis = basis(table);
        let legs = legs?;
        let legs_needed = match legs_needed? {
            None => legs.len(),
            Some((_, n)) if (1..=legs.len()).contains(&(n as usize)) => n as usize,
            Some((field, _)) => {
                field.refuse("unknown-value", format!("`legs_needed` is from 1 to {}", legs.len()));
                return None;
            }
        };
        Some(Substitute {
            eligible: eligible?,
            legs_needed,
            legs,
            unreachable_only: unreachable_only?,
            show_to: show_to?,
            says: says?,
            basis: basis?,
        })
    })
}

fn eligible(table: &Table<'_>) -> Option<Vec<Eligible>> {
    let cost = table.optional("cost_over", Field::number);
    let people = table.optional("people_over", Field::number);
    let unreachable = table.optional("unreachable", |field| {
        field.read_table(|table| {
            let op = table.need("op", "\">\", \">=\" or \"<\"").and_then(|field| word::<Comparator>(&field));
            let n = table.need("n", "a number of people").and_then(|field| field.number());
            Some(Eligible::Unreachable { op: op?, n: n? })
        })
    });
    let decided = table.optional("decided", Field::line);
    let mut eligible = Vec::new();
    eligible.extend(cost?.map(Eligible::CostOver));
    eligible.extend(people?.map(Eligible::PeopleOver));
    eligible.extend(unreachable?);
    eligible.extend(decided?.map(Eligible::Decided));
    if eligible.is_empty() {
        let message = "what allows it is missing: cost_over, people_over, unreachable or decided";
        table.refuse("missing-key", message);
        return None;
    }
    Some(eligible)
}

fn leg(field: &Field<'_>) -> Option<Leg> {
    if field.is_text() {
        return word(field).map(|channel| Leg { channel, days: None, says: None });
    }
    field.read_table(|table| {
        let channel = table.need("channel", "by which way").and_then(|field| word(&field));
        let days = table.optional("days", small);
        let says = table.optional("says", Field::line);
        Some(Leg { channel: channel?, days: days?, says: says? })
    })
}

pub(super) fn hold(field: &Field<'_>) -> Option<Hold> {
    field.read_table(|table| {
        let mode = table.need("mode", "may or shall").and_then(|field| word(&field));
        let request = table.need("request", "any, written or oral_documented").and_then(|field| word(&field));
        let oral_days_max = table.optional("oral_days_max", small);
        let after_release = table.optional("after_release", period);
        let says = table.optional("says", Field::line);
        let basis = basis(table);
        Some(Hold {
            mode: mode?,
            request: request?,
            oral_days_max: oral_days_max?,
            after_release: after_release?,
            says: says?,
            basis: basis?,
        })
    })
}
