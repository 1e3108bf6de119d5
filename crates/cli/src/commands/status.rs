//! `forthwith status`: counts by state, pace, time left and what needs a person; also while a run goes on.

use crate::{
    approvals::{self, Gathered},
    args::StatusArgs,
    course,
    exit::{CommandError, Exit},
    folder::Folder,
    inputs,
    ledgers::{self, Stage},
    pacing::{self, Moments, Reckoning},
    progress::{span, time_left},
    summary::Summary,
    terminal::{Out, counted},
};
use forthwith_core::{
    approval::ApprovalRule,
    calendar::{Calendar, Rest},
    delivery::Limit,
    state::State,
    throttle::Change,
};
use forthwith_ledger::sqlite::{CurrentPlan, LedgerReader, RunView, Waiting, Which};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The time over which the pace is reckoned.
const PACE_OVER: SignedDuration = SignedDuration::from_secs(60);
/// Notices that are shown one by one.
const SHOWN_MAX: usize = 10;

/// Runs the command.
pub fn run(args: &StatusArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let now = Timestamp::now();
    let stage = Stage::of(args.rehearsal);
    let (reader, plan) = ledgers::look(&folder, stage)?;
    let summary = Summary::read(&reader, &plan, stage)?;
    let run = reader.last_run(Some("notify")).map_err(ledgers::failed)?;
    let recent = reader.accepted_since(now - PACE_OVER).map_err(ledgers::failed)?;
    let is_running = run.as_ref().is_some_and(|run| run.is_alive);
    let waiting = match run.as_ref().filter(|run| run.is_alive) {
        Some(run) => reader.waiting(run.run).map_err(ledgers::failed)?,
        None => None,
    };
    let measured = u32::try_from(recent).ok().filter(|recent| is_running && *recent > 0);
    let measured = measured.map(|attempts| Limit { attempts, window: PACE_OVER.unsigned_abs() });
    let ahead = ahead(&folder, &summary, &reader, &plan, measured, now)?;
    let mut value = report(&summary, run.as_ref(), recent, ahead.as_ref());
    value["waiting"] = json!(waiting.as_ref().map(|waiting| json!({
        "since": waiting.since.to_string(), "kind": waiting.kind, "facts": waiting.facts,
    })));
    let pace_asked = course::last_pace(&reader)?.map(|(change, _)| change).filter(|change| change.holds(now));
    let give_up_at = course::give_up_at(&folder, &plan);
    value["pace"] = pace_asked.as_ref().map_or(Value::Null, pace_json);
    let release = release(args, &folder, &reader, &plan, stage, (now, out))?;
    value["approval"] = release.as_ref().map_or(Value::Null, |(_, report)| report.clone());
    value["give_up_at"] = json!(give_up_at.map(|at| at.to_string()));
    out.json(&value);
    for line in summary.lines() {
        out.line(line);
    }
    for line in release.iter().flat_map(|(lines, _)| lines) {
        out.line(line);
    }
    out.line(pace(&summary, is_running, recent));
    if let Some(waiting) = &waiting {
        out.line(waits(waiting));
    }
    if let Some(Ahead { rest, calendar, reckoning }) = &ahead {
        if let Some(rest) = rest {
            out.line(pacing::resting(rest, &calendar.zone));
        }
        out.line(format!("The last notice goes out: {}", reckoning.end()));
    }
    if let Some(change) = &pace_asked {
        out.line(format!("The relay asked for less at {:.0}: {}", change.at, change.told()));
    }
    if let Some(run) = &run {
        out.line(about_run(run));
    }
    let deadline = deadline(&plan, now);
    match &deadline {
        Some((deadline, Apart::Left(left))) => out.line(format!("Deadline {deadline}: {left} left")),
        Some((deadline, Apart::Ago(ago))) => out.line(format!("Deadline {deadline}: {ago} ago")),
        None => {}
    }
    // Afterwards only the plan's limit counts, and where nothing is left to attempt nothing expires.
    if let Some(at) = give_up_at.filter(|at| now < *at && summary.counts.queued + summary.counts.deferred > 0) {
        out.line(format!("Who the relay still refuses for now expires {at:.0} at the latest, for another way"));
    }
    show_doubts(&reader, &summary, &folder, deadline.as_ref().map(|(_, apart)| apart), out)?;
    show_untold(&reader, "Bounced", State::Bounced, summary.counts.bounced, out)?;
    show_untold(&reader, "Expired", State::Expired, summary.counts.expired, out)?;
    Ok(Exit::Done)
}

/// Returns who released the plan, for people and for programs; `None` for a rehearsal, which needs no release.
fn release(
    args: &StatusArgs,
    folder: &Folder,
    reader: &LedgerReader,
    plan: &CurrentPlan,
    stage: Stage,
    (now, out): (Timestamp, Out),
) -> Result<Option<(Vec<String>, Value)>, CommandError> {
    if stage == Stage::Rehearsal {
        return Ok(None);
    }
    // Where this version cannot read it, the counts are told all the same.
    let Ok(incident) = approvals::frozen_incident(plan) else { return Ok(None) };
    let Some(rule) = &incident.approval else {
        return Ok(Some((vec!["NOT RELEASED: incident.toml has no [approval]".to_owned()], Value::Null)));
    };
    let gathered = Gathered::of(reader, plan, &incident, approvals::outside(folder, &args.signers, out)?)?;
    let Some(judgement) = gathered.grounds(now).judge(rule) else {
        let ApprovalRule::NotNeeded { reason } = rule else { return Ok(None) };
        let report = json!({ "released": true, "none": reason });
        return Ok(Some((vec![format!("Nobody has to release it: {reason}")], report)));
    };
    let mut lines = vec![approvals::line(&judgement)];
    if !judgement.is_released() || !judgement.set_aside.is_empty() {
        lines.extend(approvals::lines(&judgement));
    }
    Ok(Some((lines, approvals::json(&judgement))))
}

fn report(summary: &Summary, run: Option<&RunView>, recent: u64, ahead: Option<&Ahead>) -> Value {
    let mut report = summary.json();
    report["running"] = json!(run.is_some_and(|run| run.is_alive));
    report["left_relay"] = summary.left_relay_json();
    report["accepted_last_minute"] = json!(recent);
    report["rests"] = ahead.and_then(|ahead| ahead.rest.as_ref()).map_or(Value::Null, pacing::resting_json);
    report["forecast"] = ahead.map_or(Value::Null, |ahead| ahead.reckoning.json());
    report["last_run"] = json!(run.map(|run| json!({
        "run": run.run,
        "started_at": run.started_at.to_string(),
        "ended_at": run.ended.as_ref().map(|(at, _)| at.to_string()),
        "ended": run.ended.as_ref().map(|(_, how)| how),
        "head": run.head.to_string(),
    })));
    report
}

/// What delivery.toml makes of now and of the time left.
struct Ahead {
    rest: Option<Rest>,
    calendar: Calendar,
    reckoning: Reckoning,
}

/// Returns what lies ahead, where anything is left to attempt and delivery.toml can be read. A rehearsal never
/// rests and has no deadline.
fn ahead(
    folder: &Folder,
    summary: &Summary,
    reader: &LedgerReader,
    plan: &CurrentPlan,
    measured: Option<Limit>,
    now: Timestamp,
) -> Result<Option<Ahead>, CommandError> {
    if summary.stage == Stage::Rehearsal || summary.is_at_rest() {
        return Ok(None);
    }
    let Some(delivery) = inputs::delivery(folder)?.0 else { return Ok(None) };
    let calendar = delivery.calendar.clone();
    let today = match calendar.per_day {
        Some(_) => reader.attempt_times_since(calendar.day(now).0).map_err(ledgers::failed)?.len(),
        None => 0,
    };
    let left = summary.counts.queued + summary.counts.deferred;
    let deadline = plan.frozen.deadline();
    let begun = plan.first_offer_at;
    let reckoning = Reckoning::new(reader, i64::MAX, left, delivery, measured, Moments { now, deadline, begun })?;
    Ok(Some(Ahead { rest: calendar.rest(now, today as u64), calendar, reckoning }))
}

#[expect(clippy::cast_precision_loss, reason = "a pace is shown without digits behind the point")]
fn pace(summary: &Summary, is_running: bool, recent: u64) -> String {
    let left = summary.counts.queued + summary.counts.deferred;
    match (is_running, left) {
        (true, _) => {
            let pace = recent as f64 / PACE_OVER.as_secs_f64();
            format!("\nA run goes on: {recent} accepted in the last minute, {} left", time_left(left, pace))
        }
        (false, 0) => "\nNo run goes on, and nothing is left to attempt.".to_owned(),
        (false, left) => {
            format!("\nNo run goes on; {} to attempt: `forthwith notify` goes on", counted(left, "notice"))
        }
    }
}

fn waits(waiting: &Waiting) -> String {
    let of = |name: &str| waiting.facts.get(name).map_or("?", String::as_str);
    let since = waiting.since;
    match waiting.kind.as_str() {
        "queue-full" => format!(
            "WAITS since {since:.0}: {} messages in the relay's own queue, {} of them deferred; it goes on at {}",
            of("messages"),
            of("deferred"),
            of("resume-at")
        ),
        _ => format!("WAITS since {since:.0}: the relay's own queue cannot be counted: {}", of("why")),
    }
}

/// The pace that the relay asked for, as it was recorded last.
fn pace_json(change: &Change) -> Value {
    json!({
        "since": change.at.to_string(),
        "old": change.old.to_string(),
        "new": change.new.to_string(),
        "full": change.full.to_string(),
        "why": change.why.word(),
        "until": change.until.map(|until| until.to_string()),
    })
}

fn about_run(run: &RunView) -> String {
    let ended = match &run.ended {
        Some((at, how)) => format!("ended {at:.0}: {how}"),
        None if run.is_alive => "goes on".to_owned(),
        None => "did not end: it was killed, or its record failed".to_owned(),
    };
    format!("Last run {}, started {:.0}, {ended}\nHead of its record: {}", run.run, run.started_at, run.head)
}

/// How far the deadline of a plan is.
enum Apart {
    Left(String),
    Ago(String),
}

/// Returns the deadline and how far it is from now; `None` where the plan has none.
fn deadline(plan: &CurrentPlan, now: Timestamp) -> Option<(Timestamp, Apart)> {
    let deadline = plan.frozen.deadline()?;
    let seconds = deadline.as_second() - now.as_second();
    let apart = span(seconds.unsigned_abs());
    Some((deadline, if seconds >= 0 { Apart::Left(apart) } else { Apart::Ago(apart) }))
}

/// Returns what the deadline means for those in doubt: nobody is tried again by itself, so that only a person can see
/// to it that they are told in time.
fn about_doubts(apart: &Apart) -> String {
    match apart {
        Apart::Left(left) => format!(
            "The deadline is in {left}: whoever of them was not told has to be by then, and nobody is told again unless a person decides so."
        ),
        Apart::Ago(ago) => format!("The deadline was {ago} ago: whoever of them was not told is told late."),
    }
}

fn show_doubts(
    reader: &LedgerReader,
    summary: &Summary,
    folder: &Folder,
    deadline: Option<&Apart>,
    out: Out,
) -> Result<(), CommandError> {
    if summary.counts.in_doubt == 0 {
        return Ok(());
    }
    out.line("\nIn doubt:");
    for notice in reader.notices(Which::InDoubt).map_err(ledgers::failed)?.take(SHOWN_MAX) {
        let notice = notice.map_err(ledgers::failed)?;
        let why = notice.why.as_ref().map_or("the run was killed", |why| why.expose().as_str());
        out.line(format!("  row {} {} since {:.0}: {why}", notice.row, notice.token, notice.since));
    }
    if let Some(apart) = deadline {
        out.line(about_doubts(apart));
    }
    let path = folder.path.display();
    out.line("The relay's own record settles them where it is a Postfix or Amazon SES:");
    out.line(format!("  forthwith reconcile {path} --postfix-log FILE"));
    out.line(format!("  forthwith reconcile {path} --events FILE"));
    out.line("Otherwise look for their tokens in its log, then settle each:");
    out.line(format!("  forthwith resolve {path} --let-stand --id TOKEN --reason \"the relay's log shows it\""));
    out.line(format!("  forthwith resolve {path} --resend --id TOKEN --reason \"not in the relay's log\""));
    Ok(())
}

/// Shows who was not told by e-mail and has to be in another way.
fn show_untold(reader: &LedgerReader, name: &str, state: State, count: u64, out: Out) -> Result<(), CommandError> {
    if count == 0 {
        return Ok(());
    }
    out.line(format!("\n{name}:"));
    for notice in reader.notices(Which::In(state)).map_err(ledgers::failed)?.take(SHOWN_MAX) {
        let notice = notice.map_err(ledgers::failed)?;
        let why =
            notice.why.as_ref().map_or("refused for now until its time was over", |why| why.expose().as_str());
        out.line(format!("  row {} {}: {why}", notice.row, notice.token));
    }
    Ok(())
}
