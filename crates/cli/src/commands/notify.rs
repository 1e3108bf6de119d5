//! `forthwith notify`: the dry run, the rehearsal, and the run that tells people.

pub mod backlog;
mod confirm;
mod dry_run;
mod ending;
mod run;

use crate::{
    approvals::{self, Gathered},
    args::NotifyArgs,
    commands::refuse_settings,
    drift::{self, Drift, laws},
    exit::{CommandError, Exit},
    folder::{DELIVERY, Folder},
    freezing::{self, Prepared},
    holding,
    inputs::{self, Inputs},
    ledgers::{self, Stage},
    pacing::{Moments, Reckoning},
    secret,
    terminal::{Out, note},
};
use forthwith_core::{
    approval::{self, Judgement, Release},
    calendar::Calendar,
    delivery::{Delivery, Relay, parse_rate, parse_relay},
    key::PlanKey,
    sample,
};
use forthwith_ledger::{
    Append, Ledger as _, Outcome, RunEvent,
    sqlite::{CurrentPlan, LedgerReader, SqliteLedger},
};
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;

/// Runs the command.
pub fn run(args: &NotifyArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?.declared(&args.reading)?;
    if args.dry_run {
        return dry_run::run(&folder, args.as_of, out);
    }
    let mut delivery = delivery(args, &folder, out)?;
    let stage = if delivery.relay == Relay::Inbox { Stage::Rehearsal } else { Stage::Real };
    if stage == Stage::Rehearsal {
        // Nobody is told, so nobody waits for the hour either.
        delivery.calendar = Calendar::default();
    }
    if args.fresh {
        forget_rehearsal(stage, &folder)?;
    }
    let now = Timestamp::now();
    // The lock comes first: a second notify ends here, before anything is read, asked or connected.
    let mut ledger = match stage {
        Stage::Rehearsal => ledgers::open(&folder, stage, "notify", now)?,
        Stage::Real => {
            ledgers::look(&folder, stage)?;
            ledgers::open(&folder, stage, "notify", now)?
        }
    };
    let ready = not_held(&folder, stage, &ledger, now);
    let ready = ready.and_then(|()| get_ready(&folder, stage, &mut ledger, out, now));
    let ready = ready.and_then(|mut ready| {
        let reader = ledger.reader().map_err(ledgers::unusable)?;
        let released = release(args, &folder, &ready, &delivery, &reader, now, out)?;
        if let Some(why) = delivery.preset.and_then(|preset| preset.unfit(ready.plan.planned)) {
            note(&format!("UNFIT  {why}. `forthwith doctor` says what to do."));
        }
        let queue = delivery.queue.as_ref().map(backlog::first).transpose()?;
        ready.reckoning = reckon(args, &ready, &ledger, &delivery, now, out)?;
        confirm::confirm(args, &ready, &delivery, out)?;
        use_release(&mut ledger, &ready, released.as_ref(), now)?;
        Ok((ready, queue))
    });
    match ready {
        Ok((ready, queue)) => run::run(args, &folder, ready, (delivery, queue), ledger, out),
        Err(error) => Err(not_begun(ledger, error)),
    }
}

/// Ends the record of a run that attempted nothing, and returns why.
fn not_begun(ledger: SqliteLedger, error: CommandError) -> CommandError {
    // What is asked for next time is in the error; the record says only that nothing was done.
    let _ = ledger.end(Timestamp::now(), "not begun");
    error
}

/// Everything that is known before the first connection.
pub struct Ready {
    /// The frozen plan.
    pub plan: CurrentPlan,
    /// What its inputs mean.
    pub inputs: Inputs,
    /// Its key.
    pub key: PlanKey,
    /// Whether people are told.
    pub stage: Stage,
    /// When the last of them is, by the pace; `None` for a rehearsal, or where nothing is left.
    pub reckoning: Option<Reckoning>,
}

fn delivery(args: &NotifyArgs, folder: &Folder, out: Out) -> Result<Delivery, CommandError> {
    let mut delivery = relay_settings(args.relay.as_deref(), folder, out)?;
    if let Some(connections) = args.connections {
        delivery.connections = connections;
    }
    if !args.rate.is_empty() {
        let limits: Result<Vec<_>, _> = args.rate.iter().map(|rate| parse_rate(rate)).collect();
        delivery.limits = limits.map_err(|error| usage(&error))?.into_iter().flatten().collect();
    }
    Ok(delivery)
}

fn usage(error: &dyn std::fmt::Display) -> CommandError {
    CommandError::new(Exit::Usage, error.to_string())
}

/// Reads delivery.toml, and puts the relay in it that was asked for, if one was.
///
/// # Errors
///
/// Exit 2 where that is no relay, 3 where delivery.toml is refused, or is missing and no relay was asked for.
pub fn relay_settings(asked: Option<&str>, folder: &Folder, out: Out) -> Result<Delivery, CommandError> {
    let (delivery, findings, sources) = inputs::delivery(folder)?;
    let is_missing = delivery.is_none() && findings.is_empty();
    if !findings.is_empty() {
        let shown = refuse_settings(&findings, &sources, out);
        if delivery.is_none() {
            return Err(shown);
        }
    }
    let asked = asked.map(parse_relay).transpose().map_err(|error| usage(&error))?;
    let mut delivery = match delivery {
        Some(delivery) => delivery,
        None if is_missing && asked.is_some() => Delivery::default(),
        None => {
            let message = format!("there is no {} in {}: it names the relay", DELIVERY, folder.path.display());
            let hint = "write relay = \"inbox\" into it to rehearse, or name one with --relay";
            return Err(CommandError::new(Exit::Refused, message).hint(hint));
        }
    };
    if let Some(relay) = asked {
        if relay.host() != delivery.relay.host() {
            // Queue and preset are another relay's. Its pace stays, as one of ours would.
            (delivery.queue, delivery.preset) = (None, None);
        }
        delivery.relay = override_relay(relay, &delivery.relay);
    }
    Ok(delivery)
}

/// Takes over what delivery.toml says of the same host; a login never goes to another one.
fn override_relay(asked: Relay, configured: &Relay) -> Relay {
    let (Relay::Server(mut asked), Relay::Server(configured)) = (asked.clone(), configured) else { return asked };
    if asked.host == configured.host {
        asked.login.clone_from(&configured.login);
        asked.allow_plaintext = configured.allow_plaintext;
        asked.messages_per_connection = configured.messages_per_connection;
    }
    asked.ca_file.clone_from(&configured.ca_file);
    asked.ehlo_name.clone_from(&configured.ehlo_name);
    Relay::Server(asked)
}

fn forget_rehearsal(stage: Stage, folder: &Folder) -> Result<(), CommandError> {
    if stage == Stage::Real {
        return Err(CommandError::new(Exit::Usage, "--fresh is for a rehearsal: a real run is never forgotten"));
    }
    let path = stage.folder(folder);
    // The lock is taken so that no rehearsal loses its ledger while it runs.
    let held = ledgers::open(folder, stage, "forget", Timestamp::now())?;
    std::fs::remove_dir_all(&path).map_err(|error| {
        CommandError::new(Exit::Cannot, format!("cannot remove {}", path.display())).because(error)
    })?;
    drop(held);
    Ok(())
}

/// Checks that no hold stands. A hold that is recorded from now on drains this run: it has begun.
fn not_held(folder: &Folder, stage: Stage, ledger: &SqliteLedger, now: Timestamp) -> Result<(), CommandError> {
    let reader = ledger.reader().map_err(ledgers::unusable)?;
    let holds = holding::standing(&reader, stage, now)?;
    holding::refusal(&holds, folder).map_or(Ok(()), Err)
}

/// Finds the frozen plan and checks that the inputs did not drift from it. A rehearsal freezes its own.
fn get_ready(
    folder: &Folder,
    stage: Stage,
    ledger: &mut SqliteLedger,
    out: Out,
    now: Timestamp,
) -> Result<Ready, CommandError> {
    let reader = ledger.reader().map_err(ledgers::unusable)?;
    let plan = reader.current_plan().map_err(ledgers::failed)?;
    let drift = plan.as_ref().map(|plan| drift::of(folder, plan, &reader)).transpose()?;
    let plan = match (plan, drift) {
        (Some(plan), Some(drift)) if drift.changed.is_empty() => {
            for name in &drift.gone {
                out.message(format!("{name} is gone; going on with it as it was frozen"));
            }
            for look in &drift.look {
                out.message(format!("LOOK  {look}: the plan stands, as people were told by it; ask counsel"));
            }
            plan
        }
        (Some(plan), Some(drift)) if stage == Stage::Real || plan.first_offer_at.is_some() => {
            let differences = drift::differences(folder, &plan, &reader, out);
            for difference in &differences {
                note(&format!("  {difference}"));
            }
            return Err(drifted(&drift, folder, stage, &plan).with_report(json!({ "differences": differences })));
        }
        _ if stage == Stage::Rehearsal => freeze_anew(folder, ledger, &reader, out, now)?,
        _ => return Err(CommandError::new(Exit::NotReleased, "there is no plan")),
    };
    let key = secret::load(folder)?.ok_or_else(secret::gone)?;
    let commitment = format!("key-commitment {}", key.commitment());
    if !plan.frozen.manifest.lines().any(|line| line == commitment) {
        return Err(CommandError::new(Exit::Ledger, "out/plan.key is not the key that this plan was frozen with")
            .hint("put the right one back from your backup; nothing was connected"));
    }
    let inputs = inputs::frozen(&plan.frozen);
    if inputs.whole().is_none() {
        let message = "this version of forthwith refuses the inputs that were frozen";
        return Err(
            CommandError::new(Exit::NotReleased, message).hint("go on with the version that froze the plan")
        );
    }
    Ok(Ready { plan, inputs, key, stage, reckoning: None })
}

fn freeze_anew(
    folder: &Folder,
    ledger: &mut SqliteLedger,
    reader: &LedgerReader,
    out: Out,
    now: Timestamp,
) -> Result<CurrentPlan, CommandError> {
    let key = secret::load_or_make(folder)?;
    let prepared: Prepared = freezing::prepare(folder, &key, out, now)?;
    freezing::freeze(&prepared, folder, &key, ledger, out, now)?;
    let plan = reader.current_plan().map_err(ledgers::failed)?;
    plan.ok_or_else(|| CommandError::new(Exit::Ledger, "the plan that was just frozen is not there"))
}

fn drifted(drift: &Drift, folder: &Folder, stage: Stage, plan: &CurrentPlan) -> CommandError {
    let path = folder.path.display();
    let what = drift.changed.join(", ");
    let error = CommandError::new(Exit::NotReleased, format!("the inputs are not those that were frozen: {what}"));
    match (stage, plan.first_offer_at) {
        (Stage::Rehearsal, _) => {
            error.hint(format!("`forthwith notify {path} --fresh` throws this rehearsal away and begins anew"))
        }
        (Stage::Real, None) => {
            error.hint(format!("`forthwith notify {path} --dry-run` freezes them as they are now"))
        }
        (Stage::Real, Some(_)) if drift.changed.iter().all(|what| laws::is_of_a_law(what)) => {
            error.hint("go on with the version of forthwith that froze the plan: what was released stood on its texts of the laws")
        }
        (Stage::Real, Some(_)) => error
            .hint("put the files back as they were, or take them away: the frozen ones are in the ledger")
            .hint("more people are a second wave: an incident folder of its own"),
    }
}

/// Works out when the last notice goes out, before anything is connected.
///
/// # Errors
///
/// Exit 4 where that is after the deadline and nobody said `--late`. A deadline that has passed is said and holds
/// nobody up: no pace would meet it, and whoever is told late is told all the same.
fn reckon(
    args: &NotifyArgs,
    ready: &Ready,
    ledger: &SqliteLedger,
    delivery: &Delivery,
    now: Timestamp,
    out: Out,
) -> Result<Option<Reckoning>, CommandError> {
    let reader = ledger.reader().map_err(ledgers::unusable)?;
    let counts = reader.counts().map_err(ledgers::failed)?;
    let left = counts.queued + counts.deferred;
    if ready.stage == Stage::Rehearsal || left == 0 {
        return Ok(None);
    }
    let deadline = ready.plan.frozen.deadline();
    let begun = ready.plan.first_offer_at;
    let reckoning =
        Reckoning::new(&reader, ledger.run(), left, delivery.clone(), None, Moments { now, deadline, begun })?;
    match reckoning.too_late() {
        Some(why) if reckoning.has_passed() => out.message(format!("LATE  {why}: every hour counts")),
        Some(why) if args.late => out.message(format!("{why}: going on, as --late says")),
        Some(why) => {
            for line in reckoning.lines() {
                out.message(line);
            }
            let error = CommandError::new(Exit::NotReleased, why);
            let error = reckoning.remedies().into_iter().fold(error, CommandError::hint);
            return Err(error.hint("--late hands over all the same: late is better than never"));
        }
        None => {}
    }
    Ok(Some(reckoning))
}

/// Checks that the plan may go to this relay: released, and no sample text in it. Returns who released it.
///
/// Where nothing is left to attempt nothing is asked for: nobody else is told.
fn release(
    args: &NotifyArgs,
    folder: &Folder,
    ready: &Ready,
    delivery: &Delivery,
    reader: &LedgerReader,
    now: Timestamp,
    out: Out,
) -> Result<Option<Judgement>, CommandError> {
    let Some((incident, ..)) = ready.inputs.whole() else { return Ok(None) };
    let Relay::Server(server) = &delivery.relay else { return Ok(None) };
    let counts = reader.counts().map_err(ledgers::failed)?;
    let mut released = None;
    if counts.queued + counts.deferred > 0 {
        let gathered =
            Gathered::of(reader, &ready.plan, incident, approvals::outside(folder, &args.signers, out)?)?;
        let release = approval::release(incident, &delivery.relay, &gathered.grounds(now));
        if let Release::Approved(judgement) = release.map_err(|error| approvals::refusal(error, folder))? {
            out.message(approvals::line(&judgement));
            released = Some(judgement);
        }
    }
    let leftovers = sample::leftovers(incident);
    if server.is_loopback() || leftovers.is_empty() {
        return Ok(released);
    }
    Err(refuse_settings(&leftovers, &ready.inputs.sources, out))
}

/// Records which releases this run goes out under: the first one uses them, and they stay good for its plan.
fn use_release(
    ledger: &mut SqliteLedger,
    ready: &Ready,
    released: Option<&Judgement>,
    now: Timestamp,
) -> Result<(), CommandError> {
    let Some(judgement) = released else { return Ok(()) };
    let mut facts = BTreeMap::from([
        ("digest", ready.plan.frozen.digest.hex()),
        ("plan", ready.plan.number.to_string()),
        ("releases", judgement.counted.iter().map(|one| one.event.as_str()).collect::<Vec<_>>().join(",")),
        ("how", judgement.counted.iter().map(|one| one.how.told()).collect::<Vec<_>>().join(", ")),
    ]);
    facts.extend(judgement.until().map(|until| ("until", until.to_string())));
    let event = RunEvent { at: now, kind: "approval-used", facts, private: None };
    match ledger.commit(&[Append::Run(event)]).map_err(ledgers::failed)?.as_slice() {
        [Outcome::Durable] => Ok(()),
        _ => Err(CommandError::new(Exit::Ledger, "another run has taken over the ledger")),
    }
}
