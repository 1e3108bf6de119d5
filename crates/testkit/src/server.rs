//! A server that a test starts: it listens on loopback, is given a bounded life, and ends with its owner.
//!
//! `timeout` of coreutils stands between, so that a server ends even where the test is killed and cannot drop
//! anything.

use std::{
    io,
    net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long anything may take before it is taken to hang. Only what is wrong is waited for so long: a machine may
/// have twenty other things to do, and a proof that fails for want of cores proves nothing.
pub const HANG_MAX: Duration = Duration::from_mins(10);
/// The longest life of a server: no proof at full size keeps one so long.
pub const LIFE_SECONDS_MAX: u32 = 2 * 60 * 60;
/// How long a server may take to end once it was asked to, before it is killed.
const STOP_SECONDS_MAX: u32 = 10;
/// How often a start is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts `program` and waits until something accepts connections on `port` of 127.0.0.1.
    ///
    /// Fails where the program ends before, or is not there within [`HANG_MAX`]; nothing is left running.
    pub fn start<S: AsRef<std::ffi::OsStr>>(program: &Path, arguments: &[S], port: u16) -> io::Result<Self> {
        let child = Command::new("timeout")
            .arg(format!("--kill-after={STOP_SECONDS_MAX}"))
            .arg(LIFE_SECONDS_MAX.to_string())
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut server = Self { child, port };
        let start = Instant::now();
        while TcpStream::connect(server.address()).is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(io::Error::other(format!("{} ended with {status} at start", program.display())));
            }
            if start.elapsed() > HANG_MAX {
                return Err(io::Error::other(format!("{} did not listen in time", program.display())));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(server)
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port)
    }

    /// Returns the process that the server runs under.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // `timeout` passes the signal on to the server; it cannot pass on a kill.
        let process = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let asked = process.map(|process| rustix::process::kill_process(process, rustix::process::Signal::TERM));
        if !matches!(asked, Some(Ok(()))) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Returns a port of 127.0.0.1 that was free a moment ago.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Asks `is_done` again and again until it answers yes, at most for `limit`; returns its last answer.
pub fn wait_until(limit: Duration, mut is_done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if is_done() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_at_once_is_an_error() {
        let port = free_port().unwrap();
        let error = Server::start(Path::new("false"), &[""; 0], port).unwrap_err();
        assert!(error.to_string().contains("ended with"), "{error}");
    }
}
