//! `forthwith explain`: one person's whole story; also for somebody withheld or not on the list.

use crate::{
    approvals::{self, Gathered},
    args::ExplainArgs,
    course,
    exit::{CommandError, Exit},
    folder::Folder,
    holding, inputs, lawful,
    ledgers::{self, Stage},
    summary::in_words,
    terminal::Out,
};
use forthwith_core::{
    address::Address,
    approval::ApprovalRule,
    notice::Token,
    plan::{Fate, Planned},
    reconcile::{Onward, Passage},
    retry::GiveUp,
    state::State,
};
use forthwith_ledger::sqlite::{CurrentPlan, EventView, LedgerReader, Story, Which};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Runs the command.
pub fn run(args: &ExplainArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let stage = Stage::of(args.rehearsal);
    let (reader, plan) = ledgers::look(&folder, stage)?;
    let mut stories = reader.stories(&args.who).map_err(ledgers::failed)?;
    // An address of the list is kept with its domain in A-label form, and may be asked for as it was written.
    if let (true, Ok(address)) = (stories.is_empty(), Address::parse(&args.who)) {
        stories = reader.stories(address.expose()).map_err(ledgers::failed)?;
    }
    let doubts = doubts(&reader, &stories)?;
    let give_up =
        GiveUp { after: Some(course::settings(&folder).give_up_after), at: course::give_up_at(&folder, &plan) };
    let released = released(&reader, &plan, stage)?;
    let duties = inputs::frozen(&plan.frozen).duties;
    let duty = |story: &Story| match &story.row.fate {
        Fate::Planned(planned) => duties.as_ref().map(|duties| duties.of(&planned.recipient)),
        Fate::Withheld { .. } => None,
    };
    let report = |story: &Story| {
        let mut report = report(story, &doubts);
        report["law"] = duty(story).map_or(Value::Null, |duty| lawful::about_report(&duty));
        report["give_up_at"] = json!(given_up(give_up, story).map(|at| at.to_string()));
        report
    };
    let holds = holding::standing(&reader, stage, Timestamp::now())?;
    let reports: Vec<_> = stories.iter().map(report).collect();
    out.json(&json!({ "who": args.who, "stories": reports, "released": released, "holds": holding::json(&holds) }));
    for line in holding::lines(&holds) {
        out.line(line);
    }
    if stage == Stage::Rehearsal {
        out.line("Rehearsal: captured here, nobody was told");
    }
    if stories.is_empty() {
        let list = &plan.frozen.list.0;
        out.line(format!(
            "Nobody by \"{}\" is in {list}, as it was frozen {:.0}.",
            args.who, plan.frozen.frozen_at
        ));
        out.line(
            "No notice is owed to them by this plan. An id, an address, a row number or a token finds a person.",
        );
        return Ok(Exit::Done);
    }
    if let Some(released) = &released {
        out.line(released);
    }
    for story in &stories {
        let law = duty(story).map_or_else(Vec::new, |duty| lawful::about(&duty));
        for line in told(story, law, &doubts, stage) {
            out.line(line);
        }
        if let Some(at) = given_up(give_up, story) {
            out.line(format!("  If the relay still refuses it, it is given up {at:.0}\n"));
        }
    }
    Ok(Exit::Done)
}

/// Returns who released the plan that the person's notice is of, and how; `None` for a rehearsal.
fn released(reader: &LedgerReader, plan: &CurrentPlan, stage: Stage) -> Result<Option<String>, CommandError> {
    if stage == Stage::Rehearsal {
        return Ok(None);
    }
    // Where this version cannot read it, the story is told all the same.
    let Ok(incident) = approvals::frozen_incident(plan) else { return Ok(None) };
    let gathered = Gathered::of(reader, plan, &incident, None)?;
    Ok(Some(match &incident.approval {
        None => "NOT RELEASED: incident.toml has no [approval]".to_owned(),
        Some(ApprovalRule::NotNeeded { reason }) => format!("Nobody had to release the plan: {reason}"),
        Some(rule) => {
            let judgement = gathered.grounds(Timestamp::now()).judge(rule).unwrap_or_default();
            [vec![approvals::line(&judgement)], approvals::lines(&judgement)].concat().join("\n")
        }
    }))
}

/// Returns when the story's notice is given up, where it is refused for now.
fn given_up(give_up: GiveUp, story: &Story) -> Option<Timestamp> {
    let standing = &story.notice.as_ref()?.standing;
    let (first_offer, _) = standing.offer.filter(|_| standing.state == State::Deferred)?;
    give_up.of(first_offer)
}

fn told(story: &Story, law: Vec<String>, doubts: &BTreeSet<Token>, stage: Stage) -> Vec<String> {
    let row = &story.row;
    let mut lines = vec![format!("Row {} of the list, line {}", row.row, row.line)];
    match &row.fate {
        Fate::Withheld { reason, note, id, address, name } => {
            lines.push(person(id.expose(), name.expose(), address.expose()));
            lines.push(format!("  withheld: {}", in_words(*reason)));
            if !note.is_empty() {
                lines.push(format!("  {note}"));
            }
        }
        Fate::Planned(planned) => {
            let recipient = &planned.recipient;
            lines.push(person(recipient.id.expose(), recipient.name.expose(), recipient.address.expose()));
            lines.extend(about(planned));
            lines.extend(law);
        }
    }
    if let Some(notice) = &story.notice {
        lines.push(format!("  notice {}, number {} in order", notice.token, notice.position));
        lines.push(format!("  {}", state_in_words(notice.standing.state, doubts.contains(&notice.token), stage)));
        lines.extend(notice.onward.iter().flat_map(onward));
        lines.extend(notice.events.iter().map(event));
    }
    lines.push(String::new());
    lines
}

/// Returns which of the stories' notices are in doubt: offered, and nobody will read the reply.
fn doubts(reader: &LedgerReader, stories: &[Story]) -> Result<BTreeSet<Token>, CommandError> {
    let is_offered = |story: &Story| story.notice.as_ref().is_some_and(|n| n.standing.state == State::Offered);
    if !stories.iter().any(is_offered) {
        return Ok(BTreeSet::new());
    }
    let tokens = reader.notices(Which::InDoubt).map_err(ledgers::failed)?.map(|notice| notice.map(|n| n.token));
    tokens.collect::<Result<_, _>>().map_err(ledgers::failed)
}

fn person(id: &str, name: &str, address: &str) -> String {
    let id = if id.is_empty() { "no id" } else { id };
    let name = if name.is_empty() { "no name" } else { name };
    let address = if address.is_empty() { "no address" } else { address };
    format!("  {id} · {name} · {address}")
}

fn about(planned: &Planned) -> Vec<String> {
    let recipient = &planned.recipient;
    let language = match recipient.language.as_str() {
        "" => String::new(),
        language => format!(", language {language}"),
    };
    vec![
        format!("  residence {}{language}", recipient.residence.code()),
        format!("  exposed: {}", recipient.data.join(", ")),
        format!("  variant {}", planned.variant),
        format!("  message {}", planned.content),
    ]
}

fn event(event: &EventView) -> String {
    let facts: Vec<_> = event.facts.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let told = event.told.as_ref().map(|told| format!(" — {}", told.expose())).unwrap_or_default();
    format!("    {:.3}  {}  {}{told}", event.at, event.kind, facts.join(", "))
}

/// What the relay did with it, in its own words; no proof that anybody read it.
fn onward(onward: &Onward) -> Vec<String> {
    let passage = match onward.passage {
        Passage::PassedOn => "left the relay",
        Passage::Waiting => "waits at the relay",
        Passage::Returned => "the relay gave up",
    };
    let at = onward.at.map(|at| format!(" {at:.0}")).unwrap_or_default();
    let mut lines = vec![format!("  {passage}{at}: {} {} — {}", onward.relay, onward.dsn, onward.reply.expose())];
    if onward.is_complained {
        lines.push("  somebody complained of it as unwanted".to_owned());
    }
    let ids: Vec<_> = onward.ids.iter().map(String::as_str).collect();
    match ids.len() {
        0 => {}
        1 => lines.push(format!("  the provider took it as {}", ids[0])),
        many => lines.push(format!("  TAKEN {many} TIMES by the provider, as {}", ids.join(", "))),
    }
    lines
}

fn state_in_words(state: State, doubted: bool, run: Stage) -> &'static str {
    match state {
        State::Queued => "queued: nothing was handed over",
        State::Deferred => "deferred: refused for now, tried again",
        State::Offered if doubted => "in doubt: the line broke or the run was killed at the final dot",
        State::Offered => "in flight: its run waits for the reply",
        State::Accepted if run == Stage::Rehearsal => "accepted by the built-in inbox",
        State::Accepted => "accepted by the relay (not: delivered)",
        State::Bounced => "bounced: the relay refused it for good",
        State::LetStand => "let stand: may or may not have been told, by decision",
        State::Expired => "expired: given up",
        State::Withheld => "withheld",
    }
}

fn report(story: &Story, doubts: &BTreeSet<Token>) -> Value {
    let row = &story.row;
    let mut value = json!({ "row": row.row, "line": row.line });
    match &row.fate {
        Fate::Withheld { reason, note, id, address, name } => {
            value["withheld"] = json!(reason.reason());
            value["note"] = json!(note);
            value["id"] = json!(id.expose());
            value["email"] = json!(address.expose());
            value["name"] = json!(name.expose());
        }
        Fate::Planned(planned) => {
            let recipient = &planned.recipient;
            value["id"] = json!(recipient.id.expose());
            value["email"] = json!(recipient.address.expose());
            value["name"] = json!(recipient.name.expose());
            value["residence"] = json!(recipient.residence.code());
            value["data"] = json!(recipient.data);
            value["variant"] = json!(planned.variant);
            value["content"] = json!(planned.content.to_string());
        }
    }
    if let Some(notice) = &story.notice {
        value["token"] = json!(notice.token.as_str());
        value["state"] = json!(notice.standing.state);
        value["in_doubt"] = json!(doubts.contains(&notice.token));
        value["onward"] = json!(notice.onward);
        value["events"] = notice.events.iter().map(event_report).collect();
    }
    value
}

fn event_report(event: &EventView) -> Value {
    json!({
        "run": event.run, "seq": event.seq, "at": event.at.to_string(), "kind": event.kind,
        "facts": event.facts, "told": event.told.as_ref().map(forthwith_core::private::Private::expose),
    })
}
