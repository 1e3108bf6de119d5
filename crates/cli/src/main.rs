//! The command line of forthwith: it asks and reports. What is decided is decided in `forthwith-core`, what is
//! said in `forthwith-templating`, what is done in `forthwith-sender`, what is remembered in `forthwith-ledger`.

mod approvals;
mod args;
mod checking;
mod child;
mod commands;
mod course;
mod crash;
mod dated;
mod drift;
mod exit;
mod findings;
mod folder;
mod freezing;
mod holding;
mod inputs;
mod known;
mod lawful;
mod ledgers;
mod list;
mod ordered;
mod pacing;
mod packet;
mod passphrase;
mod password;
mod progress;
mod releases;
mod secret;
mod signing;
mod stopping;
mod summary;
mod terminal;
mod whole;

use clap::Parser as _;
use exit::{CommandError, Exit};
use std::{panic::catch_unwind, process::ExitCode};
use terminal::{Format, Out, note};

fn main() -> ExitCode {
    crash::leave_nothing();
    // Everything that is made is personal data or names it: nobody else reads it.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // What there is to say of a panic has been said.
    catch_unwind(run).unwrap_or_else(|_| Exit::Cannot.into())
}

fn run() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => return answer(&said),
    };
    let out = Out::new(cli.format, cli.quiet);
    match commands::run(&cli, out) {
        Ok(exit) => exit.into(),
        Err(error) => {
            report(&error, out);
            error.exit.into()
        }
    }
}

/// Prints what clap has to say: help on standard output; or what is wrong with the arguments, which it quotes.
fn answer(said: &clap::Error) -> ExitCode {
    if said.use_stderr() {
        note(said.render().to_string().trim_end());
    } else {
        // Nothing can be done about a standard output that is gone.
        let _ = said.print();
    }
    u8::try_from(said.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn report(error: &CommandError, out: Out) {
    note(&format!("error: {}", error.chain()));
    for hint in &error.hints {
        note(&format!("  next: {hint}"));
    }
    if out.format == Format::Json {
        let mut report = serde_json::Value::Object(error.report.clone());
        report["error"] = error.chain().into();
        report["hints"] = error.hints.clone().into();
        report["exit"] = (error.exit as u8).into();
        out.json(&report);
    }
}
