//! A proxy that hands bytes on to a real server and cuts the line at a final dot: before it, right after it, or
//! once the server has answered it.
//!
//! It knows nothing of SMTP but the five octets that end a message. It runs on threads of its own, on loopback,
//! and ends when it is dropped.

use crate::server::HANG_MAX;
use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

/// What ends a message (RFC 5321 section 4.1.1.4).
const DOT: &[u8] = b"\r\n.\r\n";
/// Octets of the dot that half of it lacks.
const HALF_OCTETS: usize = b"\r\n".len();
/// Octets handed on at a time.
const PIECE_OCTETS: usize = 16_384;

/// Where a line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server gets everything but the dot.
    BeforeDot,
    /// The server gets the dot without the CRLF that ends it.
    HalfDot,
    /// The server gets the dot, and nobody reads what it answers.
    AtDot,
    /// The server gets the dot and its answer is read, but not handed on.
    AfterReply,
}

/// Holds every line at its final dot until it is opened, so that a test decides how long a run goes on.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets every line go on, now and later.
    pub fn open(&self) {
        *self.0.0.lock().expect("nothing panics while it holds the gate") = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open, at most [`HANG_MAX`].
    fn wait(&self) {
        let is_open = self.0.0.lock().expect("nothing panics while it holds the gate");
        let waited = self.0.1.wait_timeout_while(is_open, HANG_MAX, |is_open| !*is_open);
        drop(waited.expect("nothing panics while it holds the gate"));
    }
}

/// A running proxy.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Proxy {
    /// Starts a proxy to `server`. `cut` is asked at each final dot, with how many there were before over all
    /// lines, and says where that line is cut; `None` lets it go on.
    pub fn start(
        server: SocketAddrV4,
        cut: impl Fn(usize) -> Option<Cut> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let (ends, dots, cut) = (Arc::clone(&is_over), Arc::new(AtomicUsize::new(0)), Arc::new(cut));
        thread::spawn(move || {
            for client in listener.incoming() {
                if ends.load(SeqCst) {
                    return;
                }
                let (dots, cut) = (Arc::clone(&dots), Arc::clone(&cut));
                let Ok(client) = client else { continue };
                // A line that breaks is what the proxy is for.
                thread::spawn(move || hand_on(&client, server, &dots, &*cut));
            }
        });
        Ok(Self { address, is_over })
    }

    /// Starts a proxy to `server` that cuts nothing, and hands no final dot on before `gate` is open.
    pub fn behind(gate: &Gate, server: SocketAddrV4) -> io::Result<Self> {
        let gate = gate.clone();
        Self::start(server, move |_| {
            gate.wait();
            None
        })
    }

    /// Returns the address as `--relay` takes it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_over.store(true, SeqCst);
        // Wakes the thread that waits for a client.
        let _ = TcpStream::connect(self.address);
    }
}

fn hand_on(
    mut client: &TcpStream,
    server: SocketAddrV4,
    dots: &AtomicUsize,
    cut: &dyn Fn(usize) -> Option<Cut>,
) -> io::Result<()> {
    let mut server = TcpStream::connect(server)?;
    for stream in [client, &server] {
        stream.set_read_timeout(Some(HANG_MAX))?;
        stream.set_nodelay(true)?;
    }
    let is_mute = Arc::new(AtomicBool::new(false));
    let back = {
        let (mut from, mut to, is_mute) = (server.try_clone()?, client.try_clone()?, Arc::clone(&is_mute));
        thread::spawn(move || answer(&mut from, &mut to, &is_mute))
    };
    let mut seen = 0;
    let mut piece = vec![0; PIECE_OCTETS];
    let mut is_cut = None;
    while is_cut.is_none() {
        let count = client.read(&mut piece)?;
        if count == 0 {
            break;
        }
        let mut start = 0;
        for at in 0..count {
            seen = step(seen, piece[at]);
            if seen < DOT.len() {
                continue;
            }
            // A dialogue goes on behind the dot: its CRLF may begin no other.
            seen = 0;
            is_cut = cut(dots.fetch_add(1, SeqCst));
            if let Some(place) = is_cut {
                is_mute.store(true, SeqCst);
                let kept_back = match place {
                    Cut::BeforeDot => DOT.len(),
                    Cut::HalfDot => HALF_OCTETS,
                    Cut::AtDot | Cut::AfterReply => 0,
                };
                server.write_all(&piece[start..(at + 1).saturating_sub(kept_back).max(start)])?;
                start = count;
                break;
            }
        }
        server.write_all(&piece[start..count])?;
    }
    if is_cut == Some(Cut::AfterReply) {
        // The server's answer ends the other thread.
        let _ = back.join();
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
    Ok(())
}

/// Hands answers on, until one comes that nobody may hear.
fn answer(from: &mut TcpStream, to: &mut TcpStream, is_mute: &AtomicBool) -> io::Result<()> {
    let mut piece = vec![0; PIECE_OCTETS];
    loop {
        let count = from.read(&mut piece)?;
        if count == 0 || is_mute.load(SeqCst) {
            return to.shutdown(Shutdown::Both);
        }
        to.write_all(&piece[..count])?;
    }
}

/// Returns how many octets of the dot were seen once `octet` follows `seen` of them.
fn step(seen: usize, octet: u8) -> usize {
    match (DOT[seen] == octet, octet) {
        (true, _) => seen + 1,
        (false, b'\r') => 1,
        (false, _) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::{At, Relay, Script};
    use crate::sink::tests::hand_over;

    const CONTENT: &[u8] = b"Subject: x\r\n\r\nhi\r\n.\r\n";

    fn through(cut: Option<Cut>) -> (bool, usize) {
        let relay = Relay::start(Script::new([])).unwrap();
        let SocketAddr::V4(server) = relay.address() else { panic!("it listens on 127.0.0.1") };
        let proxy = Proxy::start(server, move |dots| cut.filter(|_| dots == 0)).unwrap();
        let SocketAddr::V4(address) = proxy.address else { panic!("it listens on 127.0.0.1") };
        let reply = hand_over(address, "ada@example.org", CONTENT).unwrap_or_default();
        // The second is not cut: it shows that the first has been dealt with.
        assert!(hand_over(address, "ben@example.org", CONTENT).unwrap().starts_with("250"));
        crate::server::wait_until(HANG_MAX, || relay.received().len() == 2);
        (reply.starts_with("250"), relay.received().len() - 1)
    }

    #[test]
    fn a_line_is_cut_where_it_was_asked() {
        assert_eq!(through(None), (true, 1));
        assert_eq!(through(Some(Cut::AtDot)), (false, 1));
        assert_eq!(through(Some(Cut::AfterReply)), (false, 1));
    }

    #[test]
    fn before_the_whole_dot_nothing_is_taken() {
        for (cut, last) in [(Cut::BeforeDot, &b"hi"[..]), (Cut::HalfDot, b"hi\r\n.")] {
            let relay = Relay::start(Script::new([])).unwrap();
            let SocketAddr::V4(server) = relay.address() else { panic!("it listens on 127.0.0.1") };
            let proxy = Proxy::start(server, move |_| Some(cut)).unwrap();
            let SocketAddr::V4(address) = proxy.address else { panic!("it listens on 127.0.0.1") };
            assert_eq!(hand_over(address, "ada@example.org", CONTENT).unwrap_or_default(), "");
            assert_eq!(relay.received().len(), 0);
            let clear = relay.clear().concat();
            assert!(clear.ends_with(last), "{cut:?}: {}", String::from_utf8_lossy(&clear));
        }
    }

    #[test]
    fn no_dot_passes_a_gate_that_is_shut() {
        let relay = Relay::start(Script::new([])).unwrap();
        let SocketAddr::V4(server) = relay.address() else { panic!("it listens on 127.0.0.1") };
        let gate = Gate::default();
        let proxy = Proxy::behind(&gate, server).unwrap();
        let SocketAddr::V4(address) = proxy.address else { panic!("it listens on 127.0.0.1") };
        let sent = thread::spawn(move || hand_over(address, "ada@example.org", CONTENT).unwrap());
        assert!(crate::server::wait_until(HANG_MAX, || relay.times(At::Data) == 1));
        assert_eq!(relay.received().len(), 0);
        gate.open();
        assert!(sent.join().unwrap().starts_with("250"));
        assert_eq!(relay.received().len(), 1);
    }

    #[test]
    fn the_dot_is_found_wherever_pieces_end() {
        let count = |text: &[u8]| {
            let mut seen = 0;
            text.iter()
                .filter(|octet| {
                    seen = step(seen, **octet);
                    let is_dot = seen == DOT.len();
                    seen %= DOT.len();
                    is_dot
                })
                .count()
        };
        assert_eq!(count(b"a\r\n.\r\nb\r\n.\r\n"), 2);
        assert_eq!(count(b"a\r\n..\r\n\r\r\n.\r\n"), 1);
        assert_eq!(count(b"a\n.\n.\r\n\r\n.\n"), 0);
    }
}
