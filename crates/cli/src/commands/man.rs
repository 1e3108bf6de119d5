//! `forthwith man`: prints the manual page.

use crate::{
    args::Cli,
    exit::{CommandError, Exit},
};
use clap::CommandFactory as _;

/// Runs the command.
pub fn run() -> Result<Exit, CommandError> {
    let page = clap_mangen::Man::new(Cli::command());
    let written = page.render(&mut std::io::stdout().lock());
    written.map_err(|error| CommandError::new(Exit::Cannot, "cannot write to standard output").because(error))?;
    Ok(Exit::Done)
}
