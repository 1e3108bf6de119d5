//! `forthwith resolve`: settles notices in doubt, bounced or expired, by a named person with a reason.

use crate::{
    args::{ResolveArgs, ResolvedState},
    exit::{CommandError, Exit},
    folder::Folder,
    ledgers::{self, Stage},
    summary::Summary,
    terminal::{Out, counted, note, without_addresses},
};
use forthwith_core::{address::Address, notice::Token, state::State};
use forthwith_ledger::sqlite::{Decision, LedgerReader, NoticeView, ResolveError, Which};
use jiff::Timestamp;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

/// Octets of an answer that are read.
const ANSWER_OCTETS_MAX: u64 = 64;
/// Notices that are shown one by one before the question.
const SHOWN_MAX: usize = 20;

/// Runs the command.
pub fn run(args: &ResolveArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let stage = Stage::of(args.rehearsal);
    if args.let_stand && args.state != ResolvedState::InDoubt {
        let message = "only what is in doubt can be let stand; bounced and expired notices rest as they are";
        return Err(CommandError::new(Exit::Usage, message));
    }
    if args.reason.trim().is_empty() {
        return Err(CommandError::new(Exit::Usage, "a decision needs a reason: --reason TEXT"));
    }
    let now = Timestamp::now();
    let (_, plan) = ledgers::look(&folder, stage)?;
    // The lock is held from choosing to recording: what is shown is what is settled.
    let mut ledger = ledgers::open(&folder, stage, "resolve", now)?;
    let reader = ledger.reader().map_err(ledgers::unusable)?;
    let settled = choose(args, &reader).and_then(|chosen| {
        ask(args, &chosen, out)?;
        let tokens: Vec<Token> = chosen.into_iter().map(|notice| notice.token).collect();
        let decision = if args.resend { Decision::Resend } else { Decision::LetStand };
        let by = args.by.clone().unwrap_or_else(ledgers::account);
        ledger.resolve(&tokens, decision, &by, &args.reason, now).map_err(refused)
    });
    let how = if settled.is_ok() { "done" } else { "refused" };
    ledger.end(Timestamp::now(), how).map_err(ledgers::failed)?;
    let settled = settled?;
    let summary = Summary::read(&reader, &plan, stage)?;
    let mut report = summary.json();
    report["resolved"] = serde_json::json!(settled);
    out.json(&report);
    let notices = counted(settled, "notice");
    if args.resend {
        out.line(format!("{notices} will be told again: forthwith notify {}", folder.path.display()));
    } else {
        out.line(format!("{notices} let stand. They are not told again."));
    }
    for line in summary.lines() {
        out.line(line);
    }
    Ok(Exit::Done)
}

fn which(state: ResolvedState) -> (Which, &'static str) {
    match state {
        ResolvedState::InDoubt => (Which::InDoubt, "in doubt"),
        ResolvedState::Bounced => (Which::In(State::Bounced), "bounced"),
        ResolvedState::Expired => (Which::In(State::Expired), "expired"),
    }
}

fn choose(args: &ResolveArgs, reader: &LedgerReader) -> Result<Vec<NoticeView>, CommandError> {
    let (which, words) = which(args.state);
    let all: Result<Vec<_>, _> = reader.notices(which).map_err(ledgers::failed)?.collect();
    let all = all.map_err(ledgers::failed)?;
    for id in &args.ids {
        if !all.iter().any(|notice| is_meant(notice, id)) {
            let message = format!("no notice of \"{id}\" is {words}");
            return Err(CommandError::new(Exit::Usage, message).hint("`forthwith explain` tells where they stand"));
        }
    }
    let chosen: Vec<_> = if args.ids.is_empty() {
        all
    } else {
        all.into_iter().filter(|notice| args.ids.iter().any(|id| is_meant(notice, id))).collect()
    };
    if chosen.is_empty() {
        return Err(CommandError::new(Exit::Usage, format!("no notice is {words}: there is nothing to settle")));
    }
    Ok(chosen)
}

fn is_meant(notice: &NoticeView, id: &str) -> bool {
    let is_address = |address: &Address| {
        address.expose() == id || Address::parse(id).is_ok_and(|asked| asked.expose() == address.expose())
    };
    let is_person = notice
        .recipient
        .as_ref()
        .is_some_and(|recipient| recipient.id.expose() == id || is_address(&recipient.address));
    is_person || notice.token.as_str() == id
}

/// Shows what is to be settled and asks, unless the ids or the number were given.
fn ask(args: &ResolveArgs, chosen: &[NoticeView], out: Out) -> Result<(), CommandError> {
    let count = chosen.len() as u64;
    if let Some(confirmed) = args.confirm {
        if confirmed == count {
            return Ok(());
        }
        let message = format!("{confirmed} were confirmed, and {}", counted(count, "notice"));
        return Err(CommandError::new(Exit::NotReleased, message).hint("nothing was settled"));
    }
    if !args.ids.is_empty() {
        return Ok(());
    }
    let action = if args.resend { "told AGAIN" } else { "let stand" };
    note(&format!("{} would be {action}:", counted(count, "notice")));
    for notice in chosen.iter().take(SHOWN_MAX) {
        let why = notice.why.as_ref().map_or("the run was killed", |why| why.expose().as_str());
        note(&format!("  row {} {}: {}", notice.row, notice.token, without_addresses(why)));
    }
    if chosen.len() > SHOWN_MAX {
        note(&format!("  … and {} more", chosen.len() - SHOWN_MAX));
    }
    if !(io::stdin().is_terminal() && out.is_interactive) {
        return Err(CommandError::new(Exit::NotReleased, "nobody confirmed the decision")
            .hint(format!("--confirm {count} settles all of them, --id ID chosen ones")));
    }
    note(&format!("Type {count} to settle them, anything else to stop:"));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .take(ANSWER_OCTETS_MAX)
        .read_line(&mut answer)
        .map_err(|error| CommandError::new(Exit::NotReleased, "the answer cannot be read").because(error))?;
    if answer.trim() == count.to_string() {
        return Ok(());
    }
    Err(CommandError::new(Exit::NotReleased, "not confirmed: nothing was settled"))
}

fn refused(error: ResolveError) -> CommandError {
    match error {
        ResolveError::Ledger(error) => ledgers::failed(error),
        error => CommandError::new(Exit::Usage, "nothing was settled").because(error),
    }
}
