//! How a run ended: what the operator reads, what programs read, and the exit code.

use crate::{
    exit::{CommandError, Exit},
    folder::Folder,
    holding,
    ledgers::Stage,
    pacing,
    summary::Summary,
    terminal::{Out, counted, without_addresses},
};
use forthwith_core::{digest::Digest, engine::Failure, verdict::Answer};
use forthwith_ledger::LedgerError;
use forthwith_sender::Ended;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// What is told of a run beside where its plan stands.
pub struct Done<'e> {
    /// Why it ended.
    pub ended: &'e Ended,
    /// The head of its record.
    pub head: Digest,
    /// Transactions of the ledger.
    pub commits: u64,
    /// Transactions whose MAIL was written.
    pub attempts: u64,
    /// How long it took.
    pub seconds: f64,
    /// Whether there was nothing to do, and no connection was opened.
    pub was_at_rest: bool,
    /// What was forecast before it began.
    pub forecast: Value,
    /// Who withdrew the release while it went on, and why.
    pub withdrawn: Option<(String, String)>,
}

/// Tells how the run ended, and returns the exit code.
pub fn tell(summary: &Summary, done: &Done<'_>, folder: &Folder, zone: &TimeZone, out: Out) -> Exit {
    let error = withdrawn(done, folder).or_else(|| failure(done.ended, folder));
    let error = error.or_else(|| held(done.ended, summary, folder));
    let exit = error.as_ref().map_or_else(|| exit(done.ended, summary), |error| error.exit);
    let mut report = summary.json();
    report["ended"] = json!(done.in_short());
    report["head"] = json!(done.head.to_string());
    report["commits"] = json!(done.commits);
    report["attempts"] = json!(done.attempts);
    report["seconds"] = json!(done.seconds);
    report["exit"] = json!(exit as u8);
    report["forecast"] = done.forecast.clone();
    if let Ended::Resting(rest) = done.ended {
        report["rests"] = pacing::resting_json(rest);
    }
    if let Some(error) = &error {
        report["error"] = json!(error.chain());
        report["hints"] = json!(error.hints);
    }
    out.json(&report);
    for line in summary.lines() {
        out.line(line);
    }
    out.line(format!("\nPlan                {}\nHead of the record  {}", summary.digest, done.head));
    for line in next_steps(summary, done, folder, zone) {
        out.line(line);
    }
    if let Some(error) = error {
        // JSON is out already: the error goes to standard error alone.
        crate::report(&error, Out { format: crate::terminal::Format::Human, ..out });
    }
    exit
}

/// Returns the error of a run that a hold drained.
fn held(ended: &Ended, summary: &Summary, folder: &Folder) -> Option<CommandError> {
    matches!(ended, Ended::Stopped).then(|| holding::refusal(&summary.holds, folder)).flatten()
}

impl Done<'_> {
    /// Returns why the run ended, in a word for programs and the record.
    pub fn in_short(&self) -> &'static str {
        if self.is_withdrawn() { "withdrawn" } else { in_short(self.ended) }
    }

    /// Returns whether the withdrawal is what ended it: one that had nothing left to do is done.
    fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_some() && *self.ended == Ended::Stopped
    }
}

/// Returns the error of a run whose release was withdrawn under it.
fn withdrawn(done: &Done<'_>, folder: &Folder) -> Option<CommandError> {
    let (by, reason) = done.withdrawn.as_ref().filter(|_| done.is_withdrawn())?;
    let path = folder.path.display();
    let message = format!("the release was withdrawn by {by}: {reason}");
    let error = CommandError::new(Exit::NotReleased, message);
    Some(
        error
            .hint("open replies were waited for; what was accepted stays accepted")
            .hint(format!("to go on, it is released anew: forthwith approve {path}")),
    )
}

fn exit(ended: &Ended, summary: &Summary) -> Exit {
    match ended {
        Ended::Done => summary.exit(),
        _ => Exit::Incomplete,
    }
}

fn in_short(ended: &Ended) -> &'static str {
    match ended {
        Ended::Done => "done",
        Ended::Stopped => "stopped",
        Ended::LimitReached => "limit-reached",
        Ended::OnlyLaterRetries { .. } => "only-later-retries",
        Ended::RelayBacklog => "relay-backlog",
        Ended::Resting(_) => "resting",
        Ended::QuotaUsedUp { .. } => "quota-used-up",
        Ended::RelayUnreachable(_) => "relay-unreachable",
        Ended::RelayRefuses(_) => "relay-refuses",
        Ended::FuseBlown { .. } => "fuse-blown",
        Ended::RecordingStopped(_) => "recording-stopped",
        Ended::Fenced => "fenced",
        Ended::ContentChanged { .. } => "content-changed",
        Ended::GateRefused { .. } => "gate-refused",
        Ended::RenderFailed { .. } => "render-failed",
        Ended::CannotSetUp { .. } => "cannot-set-up",
    }
}

fn next_steps(summary: &Summary, done: &Done<'_>, folder: &Folder, zone: &TimeZone) -> Vec<String> {
    let path = folder.path.display();
    let mut lines = vec![String::new()];
    let counts = &summary.counts;
    if done.was_at_rest {
        lines.push(if counts.accepted == summary.planned {
            "All are accepted already: no connection was opened.".to_owned()
        } else {
            "Nothing is left to attempt: no connection was opened.".to_owned()
        });
    }
    if summary.stage == Stage::Rehearsal {
        let inbox = summary.stage.folder(folder).join("inbox");
        lines.push(format!("Read the messages in {}", inbox.display()));
    }
    match done.ended {
        Ended::Stopped if !summary.holds.is_empty() => {}
        Ended::Stopped if done.is_withdrawn() => lines.push("Stopped: the release was withdrawn.".to_owned()),
        Ended::Stopped => {
            lines.push(format!("Stopped. `forthwith notify {path}` goes on with {}.", super::run::left(summary)));
        }
        Ended::LimitReached => lines.push(format!(
            "The limit is reached. `forthwith notify {path}` goes on with {}.",
            super::run::left(summary)
        )),
        Ended::OnlyLaterRetries { next } => {
            lines.push(format!(
                "Only later retries are left, the first due {next:.0}: `forthwith notify {path}` makes them"
            ));
        }
        Ended::RelayBacklog => lines.push(format!(
            "The relay's own queue is too long, or cannot be counted: `forthwith notify {path}` goes on with {}.",
            super::run::left(summary)
        )),
        Ended::Resting(rest) => lines.push(format!(
            "{}. `forthwith notify {path}` then goes on with {}.",
            pacing::resting(rest, zone),
            super::run::left(summary)
        )),
        Ended::QuotaUsedUp { next } => lines.push(format!(
            "The relay's quota is used up, probably until {next:.0}: `forthwith notify {path}` goes on with {}.",
            super::run::left(summary)
        )),
        Ended::FuseBlown { reply, .. } => lines.push(format!("The relay said at last: {}", reply.text())),
        _ => {}
    }
    let flag = if summary.stage == Stage::Rehearsal { " --rehearsal" } else { "" };
    if counts.in_doubt > 0 {
        let doubts = counted(counts.in_doubt, "notice");
        lines.push(format!("Next: settle the {doubts} in doubt: forthwith status {path}{flag}"));
    }
    if counts.bounced + counts.expired > 0 {
        lines
            .push(format!("Next: reach those who could not be told in another way: forthwith status {path}{flag}"));
    }
    if summary.stage == Stage::Rehearsal && summary.exit() == Exit::Done {
        lines.push(format!("Next: the packet for legal review: forthwith notify {path} --dry-run"));
    }
    lines
}

/// Returns the error that a run ended with, where it did.
fn failure(ended: &Ended, folder: &Folder) -> Option<CommandError> {
    let path = folder.path.display();
    let again = format!("`forthwith notify {path}` goes on where this run stopped");
    let changed = "the message is not the one that was frozen and released";
    Some(match ended {
        Ended::Done
        | Ended::Stopped
        | Ended::LimitReached
        | Ended::OnlyLaterRetries { .. }
        | Ended::RelayBacklog
        | Ended::Resting(_)
        | Ended::QuotaUsedUp { .. } => return None,
        Ended::RelayUnreachable(failure) => {
            CommandError::new(Exit::Relay, format!("the relay cannot be reached: {}", told(failure))).hint(again)
        }
        Ended::RelayRefuses(failure) => CommandError::new(Exit::Relay, format!("the relay refuses us: {}", told(failure)))
            .hint("no notice was judged; mend delivery.toml or ask the relay's operator")
            .hint(again),
        // What the relay said may quote an address: it is on standard output, and no log gets it.
        Ended::FuseBlown { likeness, restored, .. } => {
            CommandError::new(Exit::Relay, format!("the run stopped itself: too many refusals were alike ({likeness})"))
                .hint(format!("{} went back to the queue", counted(*restored as u64, "refused notice")))
                .hint(again)
        }
        Ended::RecordingStopped(why) => CommandError::new(Exit::Ledger, format!("the ledger failed: {why}"))
            .hint("nothing was handed over after that; what was open is in doubt")
            .hint(again),
        Ended::Fenced => CommandError::new(Exit::Ledger, "another run has taken over the ledger"),
        Ended::ContentChanged { token } => CommandError::new(Exit::NotReleased, format!("notice {token}: {changed}"))
            .hint("nothing more was offered; a newer program may make other bytes: go on with the one that froze the plan"),
        Ended::GateRefused { token, why } | Ended::RenderFailed { token, why } => {
            CommandError::new(Exit::Cannot, format!("notice {token} was not offered: {why}"))
        }
        Ended::CannotSetUp { why } => CommandError::new(Exit::Relay, format!("the connection cannot be set up: {why}"))
            .hint("nothing was connected; mend [relay] in delivery.toml")
            .hint(again),
    })
}

fn told(failure: &Failure) -> String {
    let what = match &failure.answer {
        Answer::Reply(reply) => reply.text(),
        Answer::Lost(why) => why.clone(),
    };
    format!("at {}: {}", failure.stage, without_addresses(&what))
}

/// Returns the error of a run whose ledger failed.
pub fn recording_failed(error: LedgerError) -> CommandError {
    CommandError::new(Exit::Ledger, "the ledger failed; nothing was handed over after that")
        .because(error)
        .hint("what was offered and not answered is in doubt; make room or mend the disk, then run notify again")
}
