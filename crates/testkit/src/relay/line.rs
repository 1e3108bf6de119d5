//! One line of a scripted relay: octets in and out, in clear or under TLS, each one kept.

use super::{SILENCE_MAX, Shared, locked};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};

/// Octets read at once.
const READ_OCTETS: usize = 16 * 1024;
/// Octets in one line of a client: more than any sane one has.
const LINE_OCTETS_MAX: usize = 64 * 1024;

/// A line.
pub(super) struct Line<'a> {
    shared: &'a Shared,
    number: usize,
    stream: Stream<'a>,
    unread: Vec<u8>,
}

enum Stream<'a> {
    Clear(Wire<'a>),
    Protected(Box<StreamOwned<ServerConnection, Wire<'a>>>),
}

/// A socket that keeps what is read from it: what anybody on the way sees.
struct Wire<'a> {
    shared: &'a Shared,
    number: usize,
    socket: TcpStream,
}

impl Read for Wire<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.socket.read(bytes)?;
        locked(&self.shared.said)[self.number].wire.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

impl<'a> Line<'a> {
    pub(super) fn new(shared: &'a Shared, number: usize, socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(SILENCE_MAX))?;
        Ok(Self { shared, number, stream: Stream::Clear(Wire { shared, number, socket }), unread: Vec::new() })
    }

    /// Shakes hands as the server. What was read in clear and not looked at is thrown away.
    pub(super) fn protect(self, config: Arc<ServerConfig>) -> io::Result<Self> {
        let Stream::Clear(socket) = self.stream else { return Err(io::Error::other("already under TLS")) };
        let connection = ServerConnection::new(config).map_err(io::Error::other)?;
        let mut stream = Box::new(StreamOwned::new(connection, socket));
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self { stream: Stream::Protected(stream), unread: Vec::new(), ..self })
    }

    /// Answers the client's first octets with `octets` instead of shaking hands, and reads until it leaves.
    pub(super) fn misanswer(mut self, octets: &[u8]) -> io::Result<()> {
        let mut bytes = [0; READ_OCTETS];
        let mut is_answered = false;
        while self.read(&mut bytes)? > 0 {
            if !std::mem::replace(&mut is_answered, true) {
                self.write(octets)?;
            }
        }
        Ok(())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Clear(socket) => socket.write_all(bytes),
            Stream::Protected(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }

    /// Returns the next line with its line end, or `None` where the client has closed.
    pub(super) fn read_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let rest = self.unread.split_off(end + 1);
                return Ok(Some(std::mem::replace(&mut self.unread, rest)));
            }
            if self.unread.len() > LINE_OCTETS_MAX {
                return Err(io::Error::other("the client's line does not end"));
            }
            let mut bytes = [0; READ_OCTETS];
            let count = self.read(&mut bytes)?;
            if count == 0 {
                return Ok(None);
            }
            self.keep(&bytes[..count]);
            self.unread.extend_from_slice(&bytes[..count]);
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Clear(socket) => socket.read(bytes),
            Stream::Protected(stream) => stream.read(bytes),
        }
    }

    fn keep(&self, bytes: &[u8]) {
        let said = &mut locked(&self.shared.said)[self.number];
        match &self.stream {
            Stream::Clear(_) => said.clear.extend_from_slice(bytes),
            Stream::Protected(_) => said.protected.extend_from_slice(bytes),
        }
    }

    /// Closes the line for both sides: other handles to the socket do not keep it open.
    pub(super) fn close(&self) {
        let _ = self.socket().shutdown(std::net::Shutdown::Both);
    }

    /// Makes closing the line a reset: a linger of zero throws away what was not read.
    pub(super) fn reset(&self) -> io::Result<()> {
        let socket = self.socket();
        rustix::net::sockopt::set_socket_linger(socket, Some(std::time::Duration::ZERO))?;
        // The handle that would let the relay end this line must not keep it open.
        let address = socket.peer_addr()?;
        locked(&self.shared.sockets).retain(|other| other.peer_addr().ok() != Some(address));
        Ok(())
    }

    fn socket(&self) -> &TcpStream {
        match &self.stream {
            Stream::Clear(wire) => &wire.socket,
            Stream::Protected(stream) => &stream.sock.socket,
        }
    }
}
