//! Where the relay's password comes from: a file that only its owner reads, or what a command prints.

use crate::{
    child,
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
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Octets of a password: more is not one.
const PASSWORD_OCTETS_MAX: u64 = 4096;
/// The longest that the password command may take: somebody may have to unlock a store, or touch a key.
const COMMAND_MAX: Duration = Duration::from_mins(1);

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
        PasswordSource::Command(words) => from_command(words, COMMAND_MAX)?,
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

fn from_command(words: &[String], longest: Duration) -> Result<String, CommandError> {
    let Some((program, arguments)) = words.split_first() else { return Err(cannot("password_command is empty")) };
    let failed = |error: io::Error| cannot(format!("cannot run the password command `{program}`")).because(error);
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let deadline = Instant::now() + longest;
    let (tell, told) = mpsc::channel();
    let stdout = child.stdout.take();
    // It may close its output late, or never: it is read on a thread of its own.
    thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.map(|stdout| stdout.take(PASSWORD_OCTETS_MAX).read_to_string(&mut text)).transpose();
        let _ = tell.send(read.map(|_| text));
    });
    let read = told.recv_timeout(longest);
    let (Ok(read), Some(status)) = (read, child::wait(&mut child, deadline)) else {
        let message = format!("the password command `{program}` took longer than {} s", longest.as_secs());
        return Err(cannot(message).hint("it must print the password and end, without asking anybody"));
    };
    let text = read.map_err(failed)?;
    if !status.success() {
        return Err(cannot(format!("the password command `{program}` ended with {status}")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(script: &str, longest: Duration) -> Result<String, String> {
        let words = ["/bin/sh", "-c", script].map(str::to_owned);
        from_command(&words, longest).map_err(|error| error.message)
    }

    #[test]
    fn a_command_that_takes_too_long_is_not_waited_for() {
        let short = Duration::from_secs(1);
        for script in ["sleep 100", "echo x; exec sleep 100", "exec >&-; exec sleep 100"] {
            let error = by(script, short).unwrap_err();
            assert!(error.contains("took longer than 1 s"), "{script}: {error}");
        }
        assert_eq!(by("echo secret", COMMAND_MAX), Ok("secret\n".to_owned()));
        assert!(by("echo x; exit 3", COMMAND_MAX).unwrap_err().contains("ended with"));
    }
}
