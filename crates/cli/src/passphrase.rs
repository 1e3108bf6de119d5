//! A key's passphrase: typed on the terminal without being shown, or the first line of a file that only its owner
//! reads.

use crate::{
    exit::{CommandError, Exit},
    folder::open_file,
};
use forthwith_core::private::Private;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

/// Octets of a passphrase: more is not one.
const OCTETS_MAX: u64 = 1_024;
/// What ends the typing: a line end.
const ENDS: [u8; 2] = [b'\n', b'\r'];
/// Control-C, control-D and nothing at all: whoever types them does not want to go on.
const GIVES_UP: [u8; 2] = [3, 4];
/// What takes back one octet: backspace, as terminals send it.
const TAKES_BACK: [u8; 2] = [8, 127];

/// A passphrase.
pub type Secret = Private<String>;

/// Reads the first line of a file that only its owner can read.
pub fn from_file(path: &Path) -> Result<Secret, CommandError> {
    let shown = path.display();
    let cannot = |error: io::Error| CommandError::new(Exit::Cannot, format!("cannot read {shown}")).because(error);
    let file = open_file(path).map_err(cannot)?;
    if file.metadata().map_err(cannot)?.mode() & 0o077 != 0 {
        return Err(CommandError::new(Exit::Cannot, format!("others can read the passphrase in {shown}"))
            .hint(format!("chmod 600 {shown}")));
    }
    let mut text = String::new();
    file.take(OCTETS_MAX).read_to_string(&mut text).map_err(cannot)?;
    Ok(Private::new(text.lines().next().unwrap_or_default().to_owned()))
}

/// Asks for it on the terminal of this process, whatever standard input is.
///
/// # Errors
///
/// Exit 4 where there is no terminal, or whoever sits there gives up.
pub fn ask(question: &str) -> Result<Secret, CommandError> {
    let nobody = || {
        CommandError::new(Exit::NotReleased, "the key has a passphrase, and there is no terminal to ask for it")
            .hint("--passphrase-file FILE reads it from a file of mode 0600")
    };
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(|_| nobody())?;
    let quiet = Quiet::new(terminal).map_err(|_| nobody())?;
    let typed = quiet.ask(question).map_err(|error| {
        CommandError::new(Exit::NotReleased, "no passphrase was typed").because(error).hint("nothing was signed")
    })?;
    Ok(Private::new(typed))
}

/// A terminal that shows nothing of what is typed, until it is dropped.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn new(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        // Signals are read as octets: one that ended us here would leave the terminal mute.
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }

    fn ask(&self, question: &str) -> io::Result<String> {
        let mut terminal = &self.terminal;
        terminal.write_all(question.as_bytes())?;
        let typed = read_line(terminal.take(OCTETS_MAX));
        terminal.write_all(b"\n")?;
        typed
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// Reads what is typed up to a line end.
fn read_line(typed: impl io::Read) -> io::Result<String> {
    let mut line = Vec::new();
    // One octet at a time: what is typed after the line is not ours to take.
    #[expect(clippy::unbuffered_bytes, reason = "a buffer would take more than the line")]
    for octet in typed.bytes() {
        match octet? {
            octet if ENDS.contains(&octet) => {
                return String::from_utf8(line).map_err(|_| io::ErrorKind::InvalidData.into());
            }
            octet if GIVES_UP.contains(&octet) => return Err(io::ErrorKind::Interrupted.into()),
            octet if TAKES_BACK.contains(&octet) => {
                // A character may be several octets: those that go on one go with it.
                while line.pop().is_some_and(|octet| octet & 0xc0 == 0x80) {}
            }
            octet => line.push(octet),
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_edited_and_can_be_given_up() {
        let read = |typed: &str| read_line(typed.as_bytes()).map_err(|error| error.kind());
        assert_eq!(read("secret\nmore"), Ok("secret".to_owned()));
        assert_eq!(read("sé\u{7f}ecrex\u{8}t\r"), Ok("secret".to_owned()));
        assert_eq!(read("\n"), Ok(String::new()));
        assert_eq!(read("sec\u{3}ret\n"), Err(io::ErrorKind::Interrupted));
        assert_eq!(read("secret"), Err(io::ErrorKind::UnexpectedEof));
    }
}
