//! The stream beneath lettre's connection: it reads the relay's replies itself, keeps them raw, and knows
//! exactly how many octets of a message have gone out.
//!
//! lettre only steers: it is told of each reply line in a form that it can parse, and what is concluded comes
//! from the replies kept here. What lettre flushes leaves in one write, content and final dot together. It sets
//! no deadlines.

use crate::reply::{Fault, ReplyReader};
use forthwith_core::verdict::Reply;
use lettre::transport::smtp::client::AsyncTokioStream;
use std::{
    collections::VecDeque,
    fmt, io,
    mem::MaybeUninit,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Octets read from the relay at once.
const READ_OCTETS: usize = 4 * 1024;
/// Octets that are kept of what is no whole reply: enough to see what a relay speaks instead of SMTP.
const UNREADABLE_KEPT_MAX: usize = 4 * 1024;

/// What `Wire` needs of a stream.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Transport for S {}

/// What the session sees of a wire that lettre owns. Clones see the same.
#[derive(Clone, Default)]
pub(crate) struct Tap(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    replies: VecDeque<Reply>,
    owed: u32,
    is_inside_reply: bool,
    fault: Option<Fault>,
    unreadable: Vec<u8>,
    written: u64,
    dot_at: Option<u64>,
}

impl Tap {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().expect("nothing panics while it holds the tap")
    }

    /// Says that `replies` more answers are due to what is written next.
    pub(crate) fn expect(&self, replies: u32) {
        self.seen().owed += replies;
    }

    /// Takes the oldest reply that was not taken yet.
    pub(crate) fn take_reply(&self) -> Option<Reply> {
        self.seen().replies.pop_front()
    }

    /// Returns why the line is of no use, where the relay sent what is not a reply.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.seen().fault
    }

    /// Takes the beginning of what came last and is no whole reply. Empty where there is nothing of the kind.
    pub(crate) fn take_unreadable(&self) -> Vec<u8> {
        std::mem::take(&mut self.seen().unreadable)
    }

    /// Returns whether nothing was received that was not asked for.
    pub(crate) fn is_quiet(&self) -> bool {
        let seen = self.seen();
        seen.fault.is_none() && seen.replies.is_empty() && !seen.is_inside_reply && seen.owed == 0
    }

    /// Begins a message whose final dot follows `content` octets: from here what goes out is counted.
    pub(crate) fn begin_message(&self, content: usize) {
        let mut seen = self.seen();
        (seen.written, seen.dot_at) = (0, Some(content as u64));
    }

    /// Returns whether any octet of the final dot may have gone out.
    pub(crate) fn is_dot_out(&self) -> bool {
        let seen = self.seen();
        seen.dot_at.is_some_and(|dot_at| seen.written > dot_at)
    }

    /// Returns how many octets of the message have gone out.
    pub(crate) fn written(&self) -> u64 {
        self.seen().written
    }

    /// Forgets the message that was under way.
    pub(crate) fn end_message(&self) {
        self.seen().dot_at = None;
    }
}

/// A stream to a relay.
pub(crate) struct Wire<S> {
    stream: S,
    peer: SocketAddr,
    tap: Tap,
    reader: ReplyReader,
    steering: Vec<u8>,
    steered: usize,
    held: Vec<u8>,
    sent: usize,
}

impl<S: Transport> Wire<S> {
    /// Returns a wire over `stream`, whose greeting has been read and was positive: lettre waits for one.
    pub(crate) fn greeted(stream: S, peer: SocketAddr, tap: Tap) -> Self {
        let steering = b"220 x\r\n".to_vec();
        let reader = ReplyReader::default();
        Self { stream, peer, tap, reader, steering, steered: 0, held: Vec::new(), sent: 0 }
    }

    /// Reads lines out of `bytes`, keeps the replies, and writes down for lettre what it needs of each.
    fn receive(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut seen = self.tap.0.lock().expect("nothing panics while it holds the tap");
        seen.unreadable.clear();
        let received = read_lines(&mut seen, &mut self.reader, &mut self.steering, bytes);
        // Of a reply that nobody asked for, nothing is left here, and it is kept already.
        let unfinished = self.reader.unfinished();
        seen.unreadable.extend_from_slice(&unfinished[..unfinished.len().min(UNREADABLE_KEPT_MAX)]);
        received
    }

    /// Writes what is held.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.held.len() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.held[self.sent..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += written;
            self.tap.seen().written += written as u64;
        }
        self.held.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

fn read_lines(
    seen: &mut Seen,
    reader: &mut ReplyReader,
    steering: &mut Vec<u8>,
    mut bytes: &[u8],
) -> Result<(), Fault> {
    while !bytes.is_empty() {
        let (taken, line) = reader.take(bytes)?;
        bytes = &bytes[taken..];
        seen.is_inside_reply = reader.is_inside();
        let Some(line) = line else { continue };
        steer(steering, line.code, line.reply.is_some());
        if let Some(reply) = line.reply {
            if let Some(owed) = seen.owed.checked_sub(1) {
                seen.owed = owed;
                seen.replies.push_back(reply);
            } else {
                seen.unreadable = reply.raw;
                seen.unreadable.truncate(UNREADABLE_KEPT_MAX);
                return Err(Fault::Unasked);
            }
        }
    }
    Ok(())
}

/// Writes a reply line of `code` as lettre can parse it: its parser knows 200 to 559, and needs a text.
fn steer(steering: &mut Vec<u8>, code: u16, is_last: bool) {
    let (class, category, detail) = (code / 100, code / 10 % 10, code % 10);
    let class = if (2..=5).contains(&class) { class } else { 5 };
    let code = 100 * class + 10 * category.min(5) + detail;
    let end = if is_last { ' ' } else { '-' };
    steering.extend_from_slice(format!("{code}{end}x\r\n").as_bytes());
}

impl<S: Transport> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        loop {
            if wire.steered < wire.steering.len() {
                let rest = &wire.steering[wire.steered..];
                let count = rest.len().min(buffer.remaining());
                buffer.put_slice(&rest[..count]);
                wire.steered += count;
                return Poll::Ready(Ok(()));
            }
            wire.steering.clear();
            wire.steered = 0;
            let mut bytes = [const { MaybeUninit::uninit() }; READ_OCTETS];
            let mut received = ReadBuf::uninit(&mut bytes);
            ready!(Pin::new(&mut wire.stream).poll_read(context, &mut received))?;
            if received.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            if let Err(fault) = wire.receive(received.filled()) {
                wire.tap.seen().fault.get_or_insert(fault);
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault)));
            }
        }
    }
}

impl<S: Transport> AsyncWrite for Wire<S> {
    /// Holds what is written until it is flushed: lettre flushes each command, and a message whole.
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().held.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(wire.poll_drain(context))?;
        Pin::new(&mut wire.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl<S: Transport> AsyncTokioStream for Wire<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S> fmt::Debug for Wire<S> {
    /// Shows the peer alone: what was written and read is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("peer", &self.peer).finish_non_exhaustive()
    }
}
