//! The last question before people are told: the number of notices, asked with everything that it rests on.

use super::Ready;
use crate::{
    args::NotifyArgs,
    exit::{CommandError, Exit},
    ledgers::Stage,
    pacing::Reckoning,
    terminal::{Out, grouped, note},
};
use forthwith_core::delivery::Delivery;
use std::io::{self, BufRead as _, IsTerminal as _};

/// Octets of an answer that are read: a number, and room for a slip.
const ANSWER_OCTETS_MAX: u64 = 64;

/// Confirms that `N` notices go out, by `--confirm` or by asking on a terminal. A rehearsal needs neither.
///
/// # Errors
///
/// Exit 4 where the number is wrong, or nobody can be asked.
pub fn confirm(args: &NotifyArgs, ready: &Ready, delivery: &Delivery, out: Out) -> Result<(), CommandError> {
    let planned = ready.plan.planned;
    let missing = if ready.stage == Stage::Real { delivery.ready.missing() } else { Vec::new() };
    for (key, why) in &missing {
        note(&format!("NOT READY  {why}: [ready] {key} in delivery.toml"));
    }
    if let Some(confirmed) = args.confirm {
        if confirmed != planned {
            return Err(wrong(&confirmed.to_string(), planned));
        }
        for line in ready.reckoning.iter().flat_map(Reckoning::lines) {
            out.message(line);
        }
        return Ok(());
    }
    if ready.stage == Stage::Rehearsal {
        return Ok(());
    }
    if !(io::stdin().is_terminal() && out.is_interactive) {
        return Err(CommandError::new(Exit::NotReleased, "nobody confirmed the number of notices")
            .hint(format!("--confirm {planned} confirms it without a terminal")));
    }
    if !missing.is_empty() {
        let answer = ask("Type yes to tell people all the same, anything else to stop:")?;
        if !answer.eq_ignore_ascii_case("yes") {
            return Err(CommandError::new(Exit::NotReleased, "stopped: not everything is ready")
                .hint("[ready] in delivery.toml says who has seen to it, and when")
                .hint("nothing was handed over"));
        }
    }
    for line in facts(ready, delivery) {
        note(&line);
    }
    let answer = ask(&format!(
        "Type the number of notices ({}) to hand them over, anything else to stop:",
        grouped(planned)
    ))?;
    let number = answer.replace([',', '.', ' ', '\''], "");
    if number == planned.to_string() { Ok(()) } else { Err(wrong(&answer, planned)) }
}

/// Asks on the terminal, and returns the line that was typed.
fn ask(question: &str) -> Result<String, CommandError> {
    note(question);
    let mut answer = String::new();
    let stdin = io::stdin().lock();
    let mut stdin = io::Read::take(stdin, ANSWER_OCTETS_MAX);
    stdin
        .read_line(&mut answer)
        .map_err(|error| CommandError::new(Exit::NotReleased, "the answer cannot be read").because(error))?;
    Ok(answer.trim().to_owned())
}

fn wrong(answer: &str, planned: u64) -> CommandError {
    CommandError::new(Exit::NotReleased, format!("\"{answer}\" is not the number of notices, which is {planned}"))
        .hint("nothing was handed over")
}

fn facts(ready: &Ready, delivery: &Delivery) -> Vec<String> {
    let from =
        ready.inputs.incident.as_ref().map(|incident| incident.organisation.from.address.expose().to_owned());
    let mut facts = vec![
        "About to tell people.".to_owned(),
        format!("  notices  {}", grouped(ready.plan.planned)),
        format!("  relay    {}", delivery.relay),
        format!("  From     {}", from.unwrap_or_default()),
        format!("  plan     {}", ready.plan.frozen.digest),
    ];
    facts.extend(ready.reckoning.iter().flat_map(Reckoning::lines));
    facts
}
