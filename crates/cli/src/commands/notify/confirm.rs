//! The last question before people are told: the number of notices, asked with everything that it rests on.

use super::Ready;
use crate::{
    args::NotifyArgs,
    exit::{CommandError, Exit},
    ledgers::Stage,
    progress::span,
    terminal::{Out, grouped, note},
};
use forthwith_core::delivery::{Delivery, Limit};
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
    if let Some(confirmed) = args.confirm {
        return if confirmed == planned { Ok(()) } else { Err(wrong(&confirmed.to_string(), planned)) };
    }
    if ready.stage == Stage::Rehearsal {
        return Ok(());
    }
    if !(io::stdin().is_terminal() && out.is_interactive) {
        return Err(CommandError::new(Exit::NotReleased, "nobody confirmed the number of notices")
            .hint(format!("--confirm {planned} confirms it without a terminal")));
    }
    for line in facts(ready, delivery) {
        note(&line);
    }
    note(&format!("Type the number of notices ({}) to hand them over, anything else to stop:", grouped(planned)));
    let mut answer = String::new();
    let stdin = io::stdin().lock();
    let mut stdin = io::Read::take(stdin, ANSWER_OCTETS_MAX);
    stdin
        .read_line(&mut answer)
        .map_err(|error| CommandError::new(Exit::NotReleased, "the answer cannot be read").because(error))?;
    let number = answer.trim().replace([',', '.', ' ', '\''], "");
    if number == planned.to_string() { Ok(()) } else { Err(wrong(answer.trim(), planned)) }
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
        format!("  takes    {}", expected(ready.plan.planned, &delivery.limits)),
    ];
    if let Some(preset) = delivery.preset {
        facts.push(format!("Accepted by {} does not mean more than that: {}.", preset.title, preset.not_meant));
    }
    facts
}

/// Returns how long the pace alone makes `notices` take.
pub fn expected(notices: u64, limits: &[Limit]) -> String {
    let slowest = limits.iter().map(|limit| {
        // The first window's worth goes at once; each further one waits for the window to pass.
        let windows = notices.saturating_sub(1) / u64::from(limit.attempts);
        windows.saturating_mul(limit.window.as_secs())
    });
    match slowest.max() {
        None => "as long as the relay does: no rate is set".to_owned(),
        Some(seconds) => format!("about {} at the rate set", span(seconds.max(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_slowest_limit_tells_how_long_it_takes() {
        let limit = |attempts, seconds| Limit { attempts, window: Duration::from_secs(seconds) };
        assert_eq!(expected(1_201, &[limit(20, 1)]), "about 1 min 0 s at the rate set");
        assert_eq!(expected(20, &[limit(20, 1)]), "about 1 s at the rate set");
        assert_eq!(expected(10_001, &[limit(20, 1), limit(5_000, 3_600)]), "about 2 h 0 min at the rate set");
        assert!(expected(5, &[]).starts_with("as long as"));
    }
}
