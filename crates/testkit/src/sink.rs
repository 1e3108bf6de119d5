//! Postfix's `smtp-sink` as an independent recorder: one file for every message that it took to the dot.
//!
//! It writes nothing for a message whose dot did not come. Its fault switches (`-q .`: keep the message and
//! hang up without a reply) make the exact in-doubt case, from code that is not ours.

use crate::{
    recorded::Recorded,
    server::{HANG_MAX, Server, free_port, wait_until},
    tools,
};
use std::{fs, io, net::SocketAddrV4, path::Path};

/// Connections that may wait to be accepted: more than any test opens at once.
const BACKLOG: &str = "256";
/// The account that the sink runs as, where it is started by root: it refuses to run as root itself.
const ACCOUNT: &str = "nobody";
/// `TIME_WAIT` and LISTEN in the table of connections: no connection that the sink still holds.
const IDLE_STATES: [&str; 2] = ["06", "0A"];

/// Whether a sink keeps what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Every message, in a file of its own.
    Messages,
    /// Nothing: for measuring speed.
    Nothing,
}

/// A running `smtp-sink` on loopback. Dropping it stops it and removes what it kept.
#[derive(Debug)]
pub struct Sink {
    server: Server,
    folder: tempfile::TempDir,
}

impl Sink {
    /// Starts `program`, the `smtp-sink` that `tools::require` found, with more `switches`: `["-q", "."]`.
    pub fn start(program: &Path, keep: Keep, switches: &[&str]) -> io::Result<Self> {
        Self::start_on(program, free_port()?, keep, switches)
    }

    /// Starts `program` on a given port of 127.0.0.1, so that a sink can come back where one went away.
    pub fn start_on(program: &Path, port: u16, keep: Keep, switches: &[&str]) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("forthwith-sink-").tempdir()?;
        let mut arguments: Vec<String> = switches.iter().map(|&switch| switch.to_owned()).collect();
        if tools::is_root() {
            std::os::unix::fs::chown(folder.path(), Some(tools::account(ACCOUNT)?.user), None)?;
            arguments.extend(["-u".to_owned(), ACCOUNT.to_owned()]);
        }
        if keep == Keep::Messages {
            arguments.extend(["-d".to_owned(), format!("{}/m.", folder.path().display())]);
        }
        arguments.extend([format!("127.0.0.1:{port}"), BACKLOG.to_owned()]);
        Ok(Self { server: Server::start(program, &arguments, port)?, folder })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddrV4 {
        self.server.address()
    }

    /// Returns the address as `--relay` takes it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address())
    }

    /// Returns every message taken so far, in the order of its file's random name.
    ///
    /// Waits until the sink has done with every connection: a file that is being written would be read in part.
    /// An error where that takes longer than [`HANG_MAX`].
    pub fn recorded(&self) -> io::Result<Vec<Recorded>> {
        if !wait_until(HANG_MAX, || self.is_quiet().unwrap_or(false)) {
            return Err(io::Error::other("a connection to the sink stays open"));
        }
        let mut files: Vec<_> =
            fs::read_dir(self.folder.path())?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        files.sort();
        files.iter().map(|file| Recorded::from_dump(&fs::read_to_string(file)?)).collect()
    }

    /// Throws away what was taken so far, so that one sink can serve many stories in turn. Waits as
    /// [`Sink::recorded`] does.
    pub fn forget(&self) -> io::Result<()> {
        self.recorded()?;
        fs::read_dir(self.folder.path())?.try_for_each(|entry| fs::remove_file(entry?.path()))
    }

    /// Returns whether the sink holds no connection, as the system's table of them says (proc(5)).
    fn is_quiet(&self) -> io::Result<bool> {
        let here = format!(":{:04X}", self.address().port());
        let table = fs::read_to_string("/proc/net/tcp")?;
        Ok(!table.lines().any(|line| {
            let mut columns = line.split_whitespace().skip(1);
            let is_here = columns.next().is_some_and(|local| local.ends_with(&here));
            is_here && columns.nth(1).is_some_and(|state| !IDLE_STATES.contains(&state))
        }))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::{
        io::{BufReader, Write as _},
        net::TcpStream,
    };

    /// Speaks one transaction and returns the reply to its dot; empty where the line was closed.
    pub(crate) fn hand_over(address: SocketAddrV4, recipient: &str, content: &[u8]) -> io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(HANG_MAX))?;
        let mut replies = BufReader::new(stream.try_clone()?);
        read_reply(&mut replies)?;
        for command in
            ["EHLO client.test", "MAIL FROM:<bounce+x@example.org>", &format!("RCPT TO:<{recipient}>"), "DATA"]
        {
            stream.write_all(format!("{command}\r\n").as_bytes())?;
            let reply = read_reply(&mut replies)?;
            if !reply.starts_with(['2', '3']) {
                return Ok(reply);
            }
        }
        stream.write_all(content)?;
        let reply = read_reply(&mut replies)?;
        let _ = stream.write_all(b"QUIT\r\n");
        Ok(reply)
    }

    fn read_reply(replies: &mut impl io::BufRead) -> io::Result<String> {
        loop {
            let mut line = String::new();
            replies.read_line(&mut line)?;
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line);
            }
        }
    }

    #[test]
    fn a_message_comes_back_as_it_was_handed_over() {
        let Some(program) = tools::require("smtp-sink") else { return };
        let sink = Sink::start(&program, Keep::Messages, &[]).unwrap();
        let content = b"Received: forged\r\nSubject: x\r\n\r\n..dot\r\nlast\r\n\r\n.\r\n";
        let reply = hand_over(sink.address(), "ada@example.org", content).unwrap();
        assert!(reply.starts_with("250"), "{reply}");
        let expected = Recorded {
            mail_from: "bounce+x@example.org".to_owned(),
            recipients: vec!["ada@example.org".to_owned()],
            message: b"Received: forged\r\nSubject: x\r\n\r\n.dot\r\nlast\r\n\r\n".to_vec(),
        };
        assert_eq!(sink.recorded().unwrap(), [expected]);
        sink.forget().unwrap();
        assert_eq!(sink.recorded().unwrap(), []);
    }

    #[test]
    fn without_its_dot_nothing_is_recorded_and_after_it_silence_is_doubt() {
        let Some(program) = tools::require("smtp-sink") else { return };
        let sink = Sink::start(&program, Keep::Messages, &["-q", "."]).unwrap();
        let reply = hand_over(sink.address(), "ada@example.org", b"Subject: x\r\n\r\nhi\r\n.\r\n").unwrap();
        assert_eq!(reply, "");
        assert_eq!(sink.recorded().unwrap().len(), 1);
        let mut stream = TcpStream::connect(sink.address()).unwrap();
        stream.write_all(b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\nhalf").unwrap();
        drop(stream);
        assert_eq!(sink.recorded().unwrap().len(), 1);
    }
}
