//! A proxy that hands bytes on later: a long line on loopback, as wide as one likes.
//!
//! Each piece is handed on once its time has come, however many are under way: it adds latency and takes no
//! bandwidth. It runs on threads of its own and ends when it is dropped.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// Octets handed on at a time.
const PIECE_OCTETS: usize = 64 * 1024;

/// A running proxy.
#[derive(Debug)]
pub struct Delay {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Delay {
    /// Starts a proxy to `server` through which a question and its answer take `round_trip` longer.
    pub fn start(server: SocketAddrV4, round_trip: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        thread::spawn(move || {
            for client in listener.incoming() {
                if ends.load(SeqCst) {
                    return;
                }
                // A client that hung up already needs no line.
                let _ = client.and_then(|client| hand_on(&client, server, round_trip / 2));
            }
        });
        Ok(Self { address, is_over })
    }

    /// Returns the address as `--relay` takes it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        self.is_over.store(true, SeqCst);
        // Wakes the thread that waits for a client.
        let _ = TcpStream::connect(self.address);
    }
}

fn hand_on(client: &TcpStream, server: SocketAddrV4, delay: Duration) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    for (from, to) in [(client, &server), (&server, client)] {
        to.set_nodelay(true)?;
        let (from, to) = (from.try_clone()?, to.try_clone()?);
        let (pieces, due) = mpsc::channel();
        thread::spawn(move || take(from, &pieces, delay));
        thread::spawn(move || give(to, &due));
    }
    Ok(())
}

/// Takes pieces, and says when each is due, until the line ends.
fn take(mut from: TcpStream, pieces: &mpsc::Sender<(Instant, Vec<u8>)>, delay: Duration) {
    let mut piece = vec![0; PIECE_OCTETS];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        if pieces.send((Instant::now() + delay, piece[..count].to_vec())).is_err() {
            return;
        }
    }
}

/// Gives each piece when it is due, and then ends the line.
fn give(mut to: TcpStream, due: &mpsc::Receiver<(Instant, Vec<u8>)>) {
    while let Ok((at, piece)) = due.recv() {
        thread::sleep(at.saturating_duration_since(Instant::now()));
        if to.write_all(&piece).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_together_arrives_together_and_in_order() {
        let echo = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let SocketAddr::V4(server) = echo.local_addr().unwrap() else { panic!("it listens on 127.0.0.1") };
        thread::spawn(move || {
            let (mut from, _) = echo.accept().unwrap();
            let mut to = from.try_clone().unwrap();
            io::copy(&mut from, &mut to).unwrap();
            to.shutdown(Shutdown::Write).unwrap();
        });
        let round_trip = Duration::from_millis(100);
        let delay = Delay::start(server, round_trip).unwrap();
        let mut client = TcpStream::connect(delay.address).unwrap();
        client.set_nodelay(true).unwrap();
        let start = Instant::now();
        let said: Vec<u8> = (0..=255).collect();
        for octet in &said {
            client.write_all(&[*octet]).unwrap();
        }
        client.shutdown(Shutdown::Write).unwrap();
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).unwrap();
        let took = start.elapsed();
        assert_eq!(heard, said);
        assert!(took >= round_trip, "{took:?}");
        // One after the other they would take 25 s.
        assert!(took < round_trip * 128, "{took:?}");
    }
}
