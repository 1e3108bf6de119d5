//! Runs a program under strace and reads what it asked of the system, call by call.
//!
//! Two proofs rest on it: that a dry run opens no network socket, and (in `strace/order.rs`) that no final dot
//! leaves before its offer is on disk. Only what `TRACED` names is seen.

mod order;

pub use order::{Disorder, HandOver, Order, prove_order};

use crate::server::HANG_MAX;
use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    process::{Command, Output},
};

/// The calls that are traced: whatever opens the network, writes a file or a socket, or syncs.
///
/// `io_uring` would pass all of them by; that it is not set up is part of what is looked at.
pub const TRACED: &str = "socket,connect,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,\
                          fdatasync,fsync,sync_file_range,msync,io_uring_setup";

/// Octets of a string that strace prints: more than a page of the ledger, or what one write of ours holds.
pub const STRING_OCTETS_MAX: usize = 65_536;

/// One system call, from its entry to its return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The thread that made it.
    pub thread: u32,
    /// `pwrite64`.
    pub name: String,
    /// What stands between the parentheses.
    pub arguments: String,
    /// What it returned; `None` where it never did.
    pub result: Option<i64>,
    /// The line of the trace in which it was entered. Of two calls, one surely came first only where it had
    /// ended before the other was entered.
    pub begun: usize,
    /// The line in which it had returned; the end of the trace where it never did.
    pub ended: usize,
}

/// Why a trace cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseTraceError {
    /// A line has none of the forms that strace writes.
    #[error("line {line} of the trace is not understood: {text}")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// Its beginning.
        text: String,
    },
    /// A call returned that was never entered.
    #[error("line {line} of the trace resumes a call that was not begun")]
    Resumed {
        /// The line, counted from 1.
        line: usize,
    },
}

/// Runs `command` under `strace` with every thread and child followed, and returns what it printed and did.
pub fn run(strace: &Path, command: &Command) -> io::Result<(Output, Vec<Call>)> {
    run_with(strace, command, "", &[])
}

/// Runs `command` as [`run`] does, with a fault in calls that are named as well as traced (strace(1), "inject"):
/// `fdatasync:error=EIO:when=3` makes the third of each thread fail, `openat:signal=KILL:when=3` kills the
/// program before the third.
///
/// A program that was killed leaves the exit status of a death by signal.
pub fn run_with_fault(strace: &Path, command: &Command, fault: &str) -> io::Result<(Output, Vec<Call>)> {
    let calls = fault.split_once(':').map_or(fault, |(calls, _)| calls);
    run_with(strace, command, calls, &["-e", &format!("inject={fault}")])
}

/// Runs `command` as [`run`] does, and traces `calls` as well: `openat,close`.
pub fn run_and_trace(strace: &Path, command: &Command, calls: &str) -> io::Result<(Output, Vec<Call>)> {
    run_with(strace, command, calls, &[])
}

fn run_with(
    strace: &Path,
    command: &Command,
    more_calls: &str,
    switches: &[&str],
) -> io::Result<(Output, Vec<Call>)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("trace");
    let calls = [TRACED, more_calls].join(",");
    let mut traced = Command::new("timeout");
    traced.args(["--kill-after=5", &HANG_MAX.as_secs().to_string()]).arg(strace);
    traced.args(["-f", "-yy", "-s"]).arg(STRING_OCTETS_MAX.to_string());
    traced.args(["-e", &format!("trace={}", calls.trim_end_matches(','))]);
    traced.args(switches).arg("-o").arg(&file).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        traced.current_dir(folder);
    }
    let output = traced.output()?;
    let calls = parse(&fs::read_to_string(&file)?).map_err(io::Error::other)?;
    Ok((output, calls))
}

/// Reads what `strace -f -yy -o FILE` wrote: calls in the order in which they were entered.
pub fn parse(trace: &str) -> Result<Vec<Call>, ParseTraceError> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: BTreeMap<u32, usize> = BTreeMap::new();
    for (line, text) in trace.lines().enumerate() {
        let not_understood =
            || ParseTraceError::Line { line: line + 1, text: text.chars().take(80).collect::<String>() };
        let (thread, rest) = text.split_once(' ').ok_or_else(not_understood)?;
        let thread: u32 = thread.parse().map_err(|_| not_understood())?;
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let at = open.remove(&thread).ok_or(ParseTraceError::Resumed { line: line + 1 })?;
            let (_, tail) = resumed.split_once(" resumed>").ok_or_else(not_understood)?;
            let (arguments, result) = split_result(tail).ok_or_else(not_understood)?;
            calls[at].arguments.push_str(arguments);
            (calls[at].result, calls[at].ended) = (result, line);
            continue;
        }
        let (name, tail) = rest.split_once('(').ok_or_else(not_understood)?;
        let mut call = Call {
            thread,
            name: name.into(),
            arguments: String::new(),
            result: None,
            begun: line,
            ended: usize::MAX,
        };
        if let Some(arguments) = tail.strip_suffix("<unfinished ...>") {
            arguments.trim_end().clone_into(&mut call.arguments);
            open.insert(thread, calls.len());
        } else {
            let (arguments, result) = split_result(tail).ok_or_else(not_understood)?;
            arguments.clone_into(&mut call.arguments);
            (call.result, call.ended) = (result, line);
        }
        calls.push(call);
    }
    Ok(calls)
}

/// Splits `ARGUMENTS) = 7 </what>` at its last `) = `: an argument may hold that text, a result cannot.
fn split_result(tail: &str) -> Option<(&str, Option<i64>)> {
    let at = tail.rmatch_indices(')').find(|(at, _)| tail[at + 1..].trim_start().starts_with("= "))?.0;
    let result = tail[at + 1..].trim_start().strip_prefix("= ")?;
    let end = result.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(result.len());
    Some((&tail[..at], result[..end].parse().ok()))
}

impl Call {
    /// Returns what the call's first argument, a descriptor, stands for: a path, or `TCP:[a->b]`.
    pub fn target(&self) -> Option<&str> {
        let (number, rest) = self.arguments.split_once('<')?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let end = rest.find(">,").or_else(|| rest.len().checked_sub(1).filter(|_| rest.ends_with('>')))?;
        Some(&rest[..end])
    }

    /// Returns the octets that the call wrote: those that it was given, up to the number that it returned.
    /// `None` where strace cut them short.
    pub fn written(&self) -> Option<Vec<u8>> {
        let taken = usize::try_from(self.result.unwrap_or(0)).unwrap_or(0);
        let mut octets = Vec::new();
        let mut rest = self.arguments.as_str();
        while let Some(at) = rest.find('"') {
            let (text, after) = unquote(&rest[at + 1..])?;
            octets.extend(text);
            if octets.len() < taken && after.starts_with("...") {
                return None;
            }
            rest = after;
        }
        octets.truncate(taken);
        Some(octets)
    }

    /// Returns whether the call opens or uses the network: a socket of the internet families, any `connect`,
    /// or an `io_uring`, through which either could be done unseen.
    pub fn is_network(&self) -> bool {
        match self.name.as_str() {
            "socket" => self.arguments.starts_with("AF_INET"),
            "connect" | "io_uring_setup" => true,
            _ => false,
        }
    }
}

/// Reads a string as C writes it, up to its closing quote, and returns it with what follows the quote.
fn unquote(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut octets = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => return Some((octets, &text[at..])),
            b'\\' => {
                let (octet, length) = unescape(&bytes[at..])?;
                octets.push(octet);
                at += length;
            }
            _ => octets.push(byte),
        }
    }
    None
}

/// Reads what follows a backslash: the octet, and how many characters wrote it.
fn unescape(bytes: &[u8]) -> Option<(u8, usize)> {
    let digits = bytes.iter().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
    if digits > 0 {
        let text = std::str::from_utf8(&bytes[..digits]).ok()?;
        return Some((u8::from_str_radix(text, 8).ok()?, digits));
    }
    let octet = match bytes.first()? {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'v' => 0x0b,
        b'f' => 0x0c,
        other => *other,
    };
    Some((octet, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools;

    /// From strace 6.1, ports and numbers as they were.
    const RECORDED: &str = r#"17862 pwrite64(3</tmp/w/x.sqlite-wal>, "\0\1\177tok\n\"q\\\3778", 12, 0) = 12
17862 fdatasync(3</tmp/w/x.sqlite-wal>) = 0
17862 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4<TCP:[29515]>
17862 connect(5<TCP:[29516]>, {sa_family=AF_INET, sin_port=htons(54727), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress)
17862 writev(5<TCP:[127.0.0.1:56150->127.0.0.1:54727]>, [{iov_base="ab", iov_len=2}, {iov_base="cd", iov_len=2}], 2) = 3
17862 sendmsg(5<TCP:[127.0.0.1:56150->127.0.0.1:54727]>, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="ef", iov_len=2}, {iov_base="gh", iov_len=2}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 4
17903 fdatasync(3</tmp/w/x.sqlite-wal> <unfinished ...>
17862 sendto(5<TCP:[127.0.0.1:56150->127.0.0.1:54727]>, "a) = 2", 6, 0, NULL, 0) = 6
17903 <... fdatasync resumed>)          = 0
17873 write(1<pipe:[29479]>, "\n", 1)   = 1
17862 write(2</dev/null<char 1:3>>, "long"..., 70000) = 70000
17903 write(5<TCP:[127.0.0.1:56150->127.0.0.1:54727]>, "late", 4 <unfinished ...>
17862 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=17863} ---
17903 +++ killed by SIGKILL +++
"#;

    #[test]
    fn recorded_calls_are_read() {
        let calls = parse(RECORDED).unwrap();
        let names: Vec<_> = calls.iter().map(|call| call.name.as_str()).collect();
        let expected = [
            "pwrite64",
            "fdatasync",
            "socket",
            "connect",
            "writev",
            "sendmsg",
            "fdatasync",
            "sendto",
            "write",
            "write",
            "write",
        ];
        assert_eq!(names, expected);
        assert_eq!(calls[0].target(), Some("/tmp/w/x.sqlite-wal"));
        assert_eq!(calls[0].written().unwrap(), b"\0\x01\x7ftok\n\"q\\\xff8");
        assert_eq!(calls[1].target(), Some("/tmp/w/x.sqlite-wal"));
        assert_eq!(calls[3].result, Some(-1));
        assert_eq!(calls[4].written().unwrap(), b"abc", "three of four octets were taken");
        assert_eq!(calls[5].written().unwrap(), b"efgh");
        assert_eq!(calls[7].written().unwrap(), b"a) = 2");
        assert_eq!(calls[7].target(), Some("TCP:[127.0.0.1:56150->127.0.0.1:54727]"));
        assert_eq!(calls[9].target(), Some("/dev/null<char 1:3>"));
    }

    #[test]
    fn a_resumed_call_spans_the_calls_between() {
        let calls = parse(RECORDED).unwrap();
        let (sync, send) = (&calls[6], &calls[7]);
        assert!(sync.begun < send.begun && send.ended < sync.ended);
        assert_eq!((sync.result, sync.target()), (Some(0), Some("/tmp/w/x.sqlite-wal")));
    }

    #[test]
    fn what_was_cut_short_or_never_returned_is_not_taken_for_whole() {
        let calls = parse(RECORDED).unwrap();
        assert_eq!(calls[9].written(), None);
        let last = calls.last().unwrap();
        assert_eq!((last.result, last.ended, last.written()), (None, usize::MAX, Some(vec![])));
    }

    #[test]
    fn network_calls_are_told_from_others() {
        let calls = parse(RECORDED).unwrap();
        assert_eq!(calls.iter().filter(|call| call.is_network()).count(), 2);
        let unix = parse("1 socket(AF_UNIX, SOCK_STREAM, 0) = 3<UNIX-STREAM:[1]>\n").unwrap();
        assert!(!unix[0].is_network());
    }

    #[test]
    fn other_text_is_an_error_with_its_line() {
        assert_eq!(
            parse("1 +++ exited with 0 +++\nhello\n").unwrap_err().to_string(),
            "line 2 of the trace is not understood: hello"
        );
        assert_eq!(parse("1 <... write resumed>) = 1\n"), Err(ParseTraceError::Resumed { line: 1 }));
    }

    #[test]
    fn a_real_program_is_traced() {
        let Some(strace) = tools::require("strace") else { return };
        let mut command = Command::new("sh");
        command.args(["-c", "echo seen"]);
        let (output, calls) = run(&strace, &command).unwrap();
        assert_eq!(output.stdout, b"seen\n");
        assert!(calls.iter().any(|call| call.name == "write" && call.written().unwrap() == b"seen\n"));
        assert!(!calls.iter().any(Call::is_network));
    }
}
