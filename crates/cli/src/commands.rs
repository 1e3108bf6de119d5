//! One command, one file. Here they are told apart, and nothing else.

mod approve;
mod check;
mod completions;
mod deadlines;
mod doctor;
mod explain;
mod hold;
mod law;
mod man;
mod new;
mod notify;
mod preview;
mod reconcile;
mod release;
mod resolve;
mod status;
mod stop;
mod test_send;
mod verify;

use crate::{
    args::{Cli, Command},
    exit::{CommandError, Exit},
    terminal::Out,
};

/// Does what the command line asks.
pub fn run(cli: &Cli, out: Out) -> Result<Exit, CommandError> {
    match &cli.command {
        Command::New(args) => new::run(args, out),
        Command::Check(args) => check::run(args, out),
        Command::Preview(args) => preview::run(args, out),
        Command::Notify(args) => notify::run(args, out),
        Command::Approve(args) => approve::run(args, out),
        Command::TestSend(args) => test_send::run(args, out),
        Command::Stop(args) => stop::run(args, out),
        Command::Deadlines(args) => deadlines::run(args, out),
        Command::Hold(args) => hold::run(args, out),
        Command::Release(args) => release::run(args, out),
        Command::Status(args) => status::run(args, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Resolve(args) => resolve::run(args, out),
        Command::Reconcile(args) => reconcile::run(args, out),
        Command::Doctor(args) => doctor::run(args, out),
        Command::Verify(args) => verify::run(args, out),
        Command::Law(args) => law::run(args, out),
        Command::Completions { shell } => completions::run(*shell),
        Command::Man => man::run(),
    }
}

pub use check::{refuse, refuse_settings, report as check_report, summary as check_summary};
