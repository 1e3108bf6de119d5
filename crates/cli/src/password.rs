//! Where the relay's password comes from: a file that only its owner reads, or what a command prints.

use crate::{
    exit::{CommandError, Exit},
    folder::open_file,
};
use forthwith_core::{
    delivery::{PasswordSource, Relay},
    private::Private,
};
use std::{
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::{Command, Stdio},
};

/// Octets of a password: more is not one.
const PASSWORD_OCTETS_MAX: u64 = 4096;

/// Reads the password of the relay's login; `None` where it has none.
///
/// # Errors
///
/// Exit 7: without it the relay would refuse us. The error never holds what was read.
pub fn read(relay: &Relay) -> Result<Option<Private<String>>, CommandError> {
    let Relay::Server(server) = relay else { return Ok(None) };
    let Some(login) = &server.login else { return Ok(None) };
    let text = match &login.password {
        PasswordSource::File(path) => from_file(path)?,
        PasswordSource::Command(words) => from_command(words)?,
    };
    let password = text.lines().next().unwrap_or_default();
    if password.is_empty() {
        return Err(cannot("the password is empty"));
    }
    Ok(Some(Private::new(password.to_owned())))
}

fn cannot(message: impl Into<String>) -> CommandError {
    CommandError::new(Exit::Relay, message).hint("nothing was connected")
}

fn from_file(path: &Path) -> Result<String, CommandError> {
    let shown = path.display();
    let failed = |error: io::Error| cannot(format!("cannot read the password file {shown}")).because(error);
    let file = open_file(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode();
    if mode & 0o077 != 0 {
        return Err(cannot(format!("others can read the password file {shown}")).hint(format!("chmod 600 {shown}")));
    }
    let mut text = String::new();
    file.take(PASSWORD_OCTETS_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn from_command(words: &[String]) -> Result<String, CommandError> {
    let Some((program, arguments)) = words.split_first() else { return Err(cannot("password_command is empty")) };
    let failed = |error: io::Error| cannot(format!("cannot run the password command `{program}`")).because(error);
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut text = String::new();
    let read = child.stdout.take().map(|stdout| stdout.take(PASSWORD_OCTETS_MAX).read_to_string(&mut text));
    let status = child.wait().map_err(failed)?;
    read.transpose().map_err(failed)?;
    if !status.success() {
        return Err(cannot(format!("the password command `{program}` ended with {status}")));
    }
    Ok(text)
}
