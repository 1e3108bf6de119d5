//! A real Postfix on loopback, from a folder of its own: it takes mail for every address and keeps each
//! message in a file.
//!
//! Nothing of the machine's own Postfix is read or changed. Only root can start one; it runs without a chroot,
//! resolves no names, relays nothing onwards and is gone when dropped, or with its bounded life.

use crate::{
    recorded::{Recorded, path_address, split_recorders_fields, with_crlf},
    server::{HANG_MAX, LIFE_SECONDS_MAX, Server, free_port, wait_until},
    tools,
};
use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{SocketAddrV4, TcpStream},
    path::{Path, PathBuf},
    process::Command,
};

/// The account that Postfix's package makes for its daemons.
const ACCOUNT: &str = "postfix";
/// What Postfix puts before each message that it keeps.
const POSTFIX_FIELDS: [&str; 4] = ["Return-Path", "X-Original-To", "Delivered-To", "Received"];

/// What main.cf holds; `FOLDER`, `USER` and `GROUP` are filled in.
const MAIN_CF: &str = "compatibility_level = 3.6
queue_directory = FOLDER/spool
data_directory = FOLDER/data
maillog_file = FOLDER/maillog
maillog_file_prefixes = FOLDER
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtpd_peername_lookup = no
myhostname = relay.test
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = static:every
virtual_mailbox_maps = static:every/
virtual_mailbox_base = FOLDER/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:USER
virtual_gid_maps = static:GROUP
";

/// What master.cf holds: what it takes to receive, queue and keep, none of it in a chroot.
const MASTER_CF: &str = "127.0.0.1:PORT inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
showq unix n - n - - showq
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
discard unix - - n - - discard
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

/// A running Postfix. Dropping it stops it and removes its folder.
#[derive(Debug)]
pub struct Postfix {
    server: Server,
    folder: tempfile::TempDir,
}

impl Postfix {
    /// Starts `program`, the `postfix` that `tools::require` found, with more lines for main.cf: none, or
    /// `smtpd_discard_ehlo_keywords = pipelining`.
    pub fn start(program: &Path, settings: &[&str]) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("forthwith-postfix-").tempdir()?;
        let port = free_port()?;
        lay_out(folder.path(), port, settings)?;
        let config = folder.path().join("etc");
        // It makes the queue's folders, with the owners that the daemons insist on.
        let checked = Command::new(program).arg("-c").arg(&config).arg("check").output()?;
        if !checked.status.success() {
            let text = String::from_utf8_lossy(&checked.stderr).into_owned();
            return Err(io::Error::other(format!("postfix check: {text}")));
        }
        let master = PathBuf::from(default_setting("daemon_directory")?).join("master");
        // With `-d` it stays in the group of processes that `Server` ends as one.
        let arguments = ["-c".into(), config.into_os_string(), "-d".into(), "-e".into(), life().into()];
        let server = Server::start(&master, &arguments, port)?;
        Ok(Self { server, folder })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddrV4 {
        self.server.address()
    }

    /// Returns the address as `--relay` takes it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address())
    }

    /// Waits until `count` messages lie in files, and returns all that do: fewer where a minute was not enough.
    pub fn delivered(&self, count: usize) -> io::Result<Vec<Recorded>> {
        wait_until(HANG_MAX, || self.files().is_ok_and(|files| files.len() >= count));
        self.files()?.iter().map(|file| parse_delivered(&fs::read_to_string(file)?)).collect()
    }

    /// Returns the files of the messages delivered so far: header fields of Postfix's own, then the message
    /// with LF line ends.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let folder = self.folder.path().join("mail/every/new");
        if !folder.exists() {
            return Ok(vec![]);
        }
        let mut files: Vec<_> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        files.sort();
        Ok(files)
    }

    /// Returns what Postfix logged so far.
    pub fn log(&self) -> io::Result<String> {
        fs::read_to_string(self.log_file())
    }

    /// Returns the file that Postfix logs to.
    pub fn log_file(&self) -> PathBuf {
        self.folder.path().join("maillog")
    }

    /// Returns the command that lists its queue, a JSON object on a line for each message.
    pub fn queue_command(&self) -> Vec<String> {
        let postqueue = tools::find("postqueue").unwrap_or_else(|| "postqueue".into());
        let words = [postqueue, "-c".into(), self.config(), "-j".into()];
        words.map(|word| word.to_string_lossy().into_owned()).to_vec()
    }

    /// Returns how many messages are in its queue.
    pub fn queued(&self) -> io::Result<usize> {
        let command = self.queue_command();
        let output = Command::new(&command[0]).args(&command[1..]).output()?;
        if !output.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().count())
    }

    /// Throws away every message in its queue.
    pub fn empty_queue(&self) -> io::Result<()> {
        let program = tools::find("postsuper").ok_or_else(|| io::Error::other("postsuper is not installed"))?;
        let output = Command::new(program).arg("-c").arg(self.config()).args(["-d", "ALL"]).output()?;
        let said = || io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned());
        if output.status.success() { Ok(()) } else { Err(said()) }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("etc")
    }

    /// Connects and hangs up, which Postfix logs.
    pub fn knock(&self) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address())?;
        stream.set_read_timeout(Some(HANG_MAX))?;
        stream.write_all(b"QUIT\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

/// Returns a setting as it was compiled into the installed Postfix: `mail_version`, `daemon_directory`.
pub fn default_setting(name: &str) -> io::Result<String> {
    let postconf = tools::find("postconf").ok_or_else(|| io::Error::other("postconf is not installed"))?;
    let output = Command::new(postconf).args(["-d", "-h", name]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn life() -> String {
    LIFE_SECONDS_MAX.to_string()
}

fn lay_out(folder: &Path, port: u16, settings: &[&str]) -> io::Result<()> {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    // Daemons that are not root's must reach their sockets below it.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let tools::Account { user, group } = tools::account(ACCOUNT)?;
    for name in ["etc", "spool", "data", "mail"] {
        fs::create_dir(folder.join(name))?;
    }
    for name in ["data", "mail"] {
        chown(folder.join(name), Some(user), Some(group))?;
    }
    let mut main_cf = MAIN_CF
        .replace("FOLDER", &folder.display().to_string())
        .replace("USER", &user.to_string())
        .replace("GROUP", &group.to_string());
    for setting in settings {
        main_cf.push_str(setting);
        main_cf.push('\n');
    }
    fs::write(folder.join("etc/main.cf"), main_cf)?;
    fs::write(folder.join("etc/master.cf"), MASTER_CF.replace("PORT", &port.to_string()))
}

/// Reads one file of the mailbox: Postfix's fields, then the message.
fn parse_delivered(text: &str) -> io::Result<Recorded> {
    let (fields, message) = split_recorders_fields(text, &POSTFIX_FIELDS);
    let of_name =
        |name: &str| fields.iter().find(|(field, _)| *field == name).map(|(_, value)| path_address(value));
    let missing = || io::Error::other("a delivered message lacks a field of Postfix's own");
    Ok(Recorded {
        mail_from: of_name("Return-Path").ok_or_else(missing)?,
        recipients: vec![of_name("X-Original-To").ok_or_else(missing)?],
        message: with_crlf(message),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::tests::hand_over;

    #[test]
    fn a_message_through_postfix_lies_in_a_file_as_it_was_handed_over() {
        let Some(program) = tools::require("postfix") else { return };
        if !tools::is_root() {
            tools::skip("Postfix starts as root alone");
            return;
        }
        let postfix = Postfix::start(&program, &[]).unwrap();
        let message = "Date: Mon, 23 Nov 2026 18:00:00 +0000\r\nFrom: a@example.org\r\n\
                       Message-ID: <x@example.org>\r\nSubject: x\r\n\r\n.dot\r\nlast\r\n\r\n";
        let content = format!("{}.\r\n", message.replace("\r\n.", "\r\n.."));
        let reply = hand_over(postfix.address(), "ada@b.example", content.as_bytes()).unwrap();
        assert!(reply.starts_with("250"), "{reply}");
        let expected = Recorded {
            mail_from: "bounce+x@example.org".to_owned(),
            recipients: vec!["ada@b.example".to_owned()],
            message: message.as_bytes().to_vec(),
        };
        let delivered = postfix.delivered(1).unwrap();
        assert_eq!(delivered, [expected], "{}", postfix.log().unwrap());
        let address = postfix.address();
        drop(postfix);
        assert!(std::net::TcpStream::connect(address).is_err(), "it stopped with its owner");
    }
}
