//! Finds the programs that tests drive: Postfix's sink, strace, ssh-keygen, Python.
//!
//! A test whose program is absent says so on stderr, past the capture of the test harness, and ends. Under
//! `FORTHWITH_REQUIRE_TOOLS=1`, which `cargo xtask test` sets, it fails instead: there a skip is a defect.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Set to `1`, it makes the absence of a program a failure.
pub const REQUIRE_TOOLS: &str = "FORTHWITH_REQUIRE_TOOLS";

/// A program that tests drive, and the Debian package that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its name: `smtp-sink`.
    pub program: &'static str,
    /// The package.
    pub package: &'static str,
    /// What tests need it for.
    pub purpose: &'static str,
}

/// Every program that tests may ask for; those of `cargo xtask test --full` are beside them.
pub const TOOLS: [Tool; 14] = [
    Tool { program: "smtp-sink", package: "postfix", purpose: "the independent recorder" },
    Tool { program: "smtp-source", package: "postfix", purpose: "the sender that the benchmark is held against" },
    Tool { program: "postfix", package: "postfix", purpose: "a real relay" },
    Tool { program: "ssh-keygen", package: "openssh-client", purpose: "the other reader and maker of signatures" },
    Tool { program: "script", package: "bsdutils", purpose: "a terminal on which questions are asked" },
    Tool { program: "strace", package: "strace", purpose: "the proofs over system calls" },
    Tool { program: "mkfs.ext4", package: "e2fsprogs", purpose: "a disk of its own for the power cuts" },
    Tool { program: "xfs_io", package: "xfsprogs", purpose: "cutting that disk's power" },
    Tool { program: "faketime", package: "faketime", purpose: "changing the clock under a run" },
    Tool { program: "chromium", package: "chromium", purpose: "the packet, as a browser shows and prints it" },
    Tool { program: "npm", package: "npm", purpose: "fetching axe-core, which looks at pages" },
    Tool { program: "spamassassin", package: "spamassassin", purpose: "the filter that notices must pass" },
    Tool { program: "python3", package: "python3", purpose: "the independent message parser" },
    Tool { program: "icalendar", package: "python3-icalendar", purpose: "the independent reader of calendars" },
];

/// What only `cargo xtask test --full` asks for: half a gigabyte is too much for every run.
pub const FULL_TOOLS: [Tool; 1] = [Tool {
    program: "soffice",
    package: "libreoffice-calc-nogui",
    purpose: "the writer of lists that many people use",
}];

/// Where system programs are that an ordinary account does not have in its PATH.
const SYSTEM_FOLDERS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Returns where the program `name` is, or `None` after saying on stderr that a test is skipped.
///
/// # Panics
///
/// Where the program is absent and `FORTHWITH_REQUIRE_TOOLS` is `1`, and where `TOOLS` does not name it.
pub fn require(name: &str) -> Option<PathBuf> {
    let is_listed = |tools: &[Tool]| tools.iter().any(|tool| tool.program == name);
    let is_full = is_listed(&FULL_TOOLS);
    assert!(is_full || is_listed(&TOOLS), "{name} is asked for, but not in TOOLS");
    let found = find(name);
    if found.is_none() {
        let full = if is_full { " --full" } else { "" };
        skip(&format!("{name} is not installed: `cargo xtask test{full}` installs what the tests need"));
    }
    found
}

/// Says on stderr that the running test is skipped, and why.
///
/// # Panics
///
/// Where `FORTHWITH_REQUIRE_TOOLS` is `1`.
pub fn skip(reason: &str) {
    assert!(env::var_os(REQUIRE_TOOLS).is_none_or(|value| value != "1"), "{reason}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Written to the descriptor itself: the harness hides what `eprintln` says in a test that passes.
    let _ = writeln!(io::stderr(), "SKIPPED {test}: {reason}");
}

/// Returns where the program `name` is: in PATH, or in a folder of system programs.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(SYSTEM_FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

/// Returns whether this process is root's, to whom permission bits mean nothing and who alone can start
/// Postfix.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The numbers of a system account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its own.
    pub user: u32,
    /// Its first group's.
    pub group: u32,
}

/// Returns the numbers of the account `name`, from /etc/passwd.
pub fn account(name: &str) -> io::Result<Account> {
    let accounts = fs::read_to_string("/etc/passwd")?;
    let found = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some(name);
        let (user, group) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        is_it.then_some(Account { user, group })
    });
    found.ok_or_else(|| io::Error::other(format!("there is no account called {name}")))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read() {
        assert_eq!(account("root").unwrap(), Account { user: 0, group: 0 });
        assert!(account("nobody-of-that-name").is_err());
    }

    #[test]
    fn a_program_is_found_and_a_plain_file_is_none() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-of-that-name"), None);
        assert!(!is_program(Path::new("/etc/passwd")));
        assert!(!is_program(Path::new("/etc")));
    }
}
