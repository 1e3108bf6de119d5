//! `forthwith completions`: prints completions for a shell.

use crate::{
    args::Cli,
    exit::{CommandError, Exit},
};
use clap::CommandFactory as _;
use std::io::Write as _;

/// Runs the command.
pub fn run(shell: clap_complete::Shell) -> Result<Exit, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "forthwith", &mut script);
    let written = std::io::stdout().lock().write_all(&script);
    written.map_err(|error| CommandError::new(Exit::Cannot, "cannot write to standard output").because(error))?;
    Ok(Exit::Done)
}
