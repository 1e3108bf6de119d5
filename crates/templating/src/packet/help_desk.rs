//! What the help desk answers before the first notice goes out, and what stands on the organisation's own site.
//!
//! Both say what the plan says and no more, and name nobody.

use super::{
    PacketFacts, PacketTiming, number,
    record::{Record, SenderRecord},
    samples::with_lf,
};
use forthwith_core::{fact::Fact, incident::Incident};
use serde::Serialize;
use tera::Context;

/// Of so many people who are told, one may call: an assumption for the arithmetic, and said as one.
const ONE_CALL_IN: u64 = 100;

/// A question that callers ask, and what is answered.
#[derive(Serialize)]
struct Answer {
    asked: &'static str,
    answers: Vec<String>,
}

/// What the templates read of an hour.
#[derive(Serialize)]
struct HourView<'a> {
    from: &'a str,
    notices: u64,
    calls: u64,
}

/// Returns what the help desk's page shows.
pub(super) fn context(facts: &PacketFacts, record: &Record, timing: &PacketTiming) -> Context {
    let mut context = Context::new();
    context.insert("answers", &answers(&facts.incident, record));
    let hours = timing.hours.iter().map(|hour| HourView {
        from: &hour.from_local,
        notices: hour.notices,
        calls: hour.notices.div_ceil(ONE_CALL_IN),
    });
    context.insert("hours", &hours.collect::<Vec<_>>());
    context.insert("one_call_in", &ONE_CALL_IN);
    context.insert("timing", timing);
    context
}

/// Returns what the public statement says of each wording, beside the record.
pub(super) fn statement(facts: &PacketFacts, record: &Record) -> Context {
    let mut context = Context::new();
    let texts: Vec<_> = facts.variants.iter().map(|variant| with_lf(&variant.public.text)).collect();
    context.insert("texts", &texts);
    let is_told = !matches!(facts.incident.facts.people_affected, Fact::NotTold { .. });
    context.insert("number_is_told", &is_told);
    context.insert("senders", &writing(record));
    context.insert("occurred", &told(&record.facts, "When it happened"));
    context.insert("discovered", &told(&record.facts, "When it was found"));
    context
}

/// Returns the entities that write to anybody.
fn writing(record: &Record) -> Vec<&SenderRecord> {
    record.senders.iter().filter(|sender| sender.people > 0).collect()
}

/// Returns a fact as the public may read it; `None` where it is not told.
fn told(facts: &[super::facts::FactRecord], name: &str) -> Option<String> {
    let fact = facts.iter().find(|fact| fact.name == name)?;
    match fact.state.as_str() {
        "known" => Some(fact.value.clone()),
        "unknown" => Some("not known".to_owned()),
        _ => None,
    }
}

fn answers(incident: &Incident, record: &Record) -> Vec<Answer> {
    vec![
        Answer { asked: "Is this message genuine?", answers: genuine(record) },
        Answer { asked: "Am I the only one?", answers: vec![only_me(incident, record)] },
        Answer { asked: "Who has my data now?", answers: vec![who_has_it(incident)] },
        Answer { asked: "What should I do now?", answers: what_now() },
        Answer { asked: "Why did I get no message?", answers: why_not_me(record) },
    ]
}

fn genuine(record: &Record) -> Vec<String> {
    let mut answers = vec![
        "It is, if it comes from a sender named here and says word for word what the text of its wording says below. \
         Anything else is a fake."
            .to_owned(),
        "Let the caller type the website into the browser: the same text stands there. Never ask a caller to open a \
         link of a message, or for a password, a code or a card number."
            .to_owned(),
    ];
    answers.extend(writing(record).into_iter().map(|sender| {
        let SenderRecord { from, website, report_fakes_to, .. } = sender;
        format!("Sender {from}; website {website}; fakes go to {report_fakes_to}.")
    }));
    answers
}

fn only_me(incident: &Incident, record: &Record) -> String {
    match &incident.facts.people_affected {
        Fact::Known(1) => "Yes: one person is affected.".to_owned(),
        Fact::Known(people) => format!("No. {} people are affected.", number(*people)),
        Fact::Unknown if record.list.planned == 1 => "How many people are affected is not known yet.".to_owned(),
        Fact::Unknown => "No. How many people are affected is not known yet.".to_owned(),
        Fact::NotTold { .. } => {
            "How many people are affected is not told. Pass the question on; name no number, and no number of notices."
                .to_owned()
        }
    }
}

fn who_has_it(incident: &Incident) -> String {
    match &incident.facts.holder {
        Fact::Known(words) => {
            let words = words.get("en").or_else(|| words.get(&incident.languages.default));
            let words = words.or_else(|| words_of_any(&incident.facts.holder)).map_or("", String::as_str);
            format!("As far as we know: {words}. The notice says so too.")
        }
        Fact::Unknown => "That is not known. The notice says so too.".to_owned(),
        Fact::NotTold { .. } => "That is not told. Pass the question on, and guess nothing.".to_owned(),
    }
}

fn words_of_any(holder: &Fact<std::collections::BTreeMap<String, String>>) -> Option<&String> {
    holder.known().and_then(|words| words.values().next())
}

fn what_now() -> Vec<String> {
    vec![
        "The steps stand in the notice, most urgent first. Ask which data the message names, find that wording below, \
         and read its steps out as they stand."
            .to_owned(),
        "Promise nothing that the notice does not: what it says was reviewed, word for word.".to_owned(),
    ]
}

fn why_not_me(record: &Record) -> Vec<String> {
    let mut answers = vec![
        "Whoever is not on the list of people affected gets no message. Never read the list out, and never say of \
         anybody else whether they are on it."
            .to_owned(),
        "The message may have gone to another address of the caller's, or to their spam folder; it may still be on \
         its way, until the last notice has gone out."
            .to_owned(),
    ];
    if record.list.withheld > 0 {
        let reasons = record.list.reasons.iter().map(|reason| format!("{}: {}", reason.means, number(reason.rows)));
        answers.push(format!(
            "Some rows of the list get no e-mail ({}). Whoever is among them is told in another way, was told before, \
             or has been decided about by name: the operator can look a person up.",
            reasons.collect::<Vec<_>>().join("; ")
        ));
    }
    answers
}
