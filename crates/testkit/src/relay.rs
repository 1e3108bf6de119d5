//! A relay that does what a test tells it to: refuses, hangs up, resets, stalls or talks nonsense at any stage.
//!
//! Everything that it receives is kept before it answers, so that its record is what really arrived. It runs
//! on threads of its own, on loopback, and ends when it is dropped. It judges nothing.

pub mod certificate;
mod line;
mod talk;

use crate::recorded::{Recorded, path_address};
use certificate::Certificate;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::JoinHandle,
    time::Duration,
};

/// The longest that a relay waits for its client, and the longest stall: no test takes so long.
pub const SILENCE_MAX: Duration = crate::server::HANG_MAX;

/// Where in the dialogue a relay is asked what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// A client has connected; nothing was said, and TLS has not begun.
    Connect,
    /// The greeting is due.
    Greeting,
    /// EHLO was received.
    Ehlo,
    /// STARTTLS was received.
    StartTls,
    /// AUTH was received, or a further line of it.
    Auth,
    /// MAIL was received.
    Mail,
    /// RCPT was received.
    Rcpt,
    /// DATA was received.
    Data,
    /// The first line of content was received.
    Content,
    /// The final dot was received, and the message is in the record.
    Dot,
    /// RSET was received.
    Rset,
    /// QUIT was received.
    Quit,
}

/// What a relay is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// Where in the dialogue.
    pub at: At,
    /// Which line, counted from 0 in the order of acceptance.
    pub line: usize,
    /// How many times the relay was at this place before, over all lines.
    pub times: usize,
    /// The command, without its line end.
    pub command: &'a str,
    /// At the dot, the message as it was meant: dots unstuffed, without the final one.
    pub message: &'a [u8],
}

/// What a relay does.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers with this text, one reply; CRLF is added at its end.
    Say(String),
    /// Writes exactly these octets.
    Write(Vec<u8>),
    /// Writes these octets one by one, and waits so long after each.
    Trickle(Vec<u8>, Duration),
    /// Waits.
    Wait(Duration),
    /// Closes the line.
    Close,
    /// Resets the line, so that the client's next read fails.
    Reset,
    /// Says nothing more until the relay ends, or [`SILENCE_MAX`] passes.
    Stall,
    /// Does these in turn.
    Several(Vec<Act>),
}

impl Act {
    /// Answers with `text`.
    pub fn say(text: &str) -> Self {
        Self::Say(text.to_owned())
    }
}

/// How a relay protects its lines.
#[derive(Clone, Debug)]
pub enum Protection {
    /// Not at all.
    None,
    /// TLS from the first octet.
    Implicit(Certificate),
    /// STARTTLS, which is offered.
    StartTls(Certificate),
}

type Decide = dyn Fn(&Moment<'_>) -> Option<Act> + Send + Sync;

/// What a relay offers and does.
pub struct Script {
    extensions: Vec<String>,
    protection: Protection,
    misanswer: Option<Vec<u8>>,
    login: Option<(String, String)>,
    decide: Box<Decide>,
}

impl Script {
    /// Returns a relay that accepts everything and offers `extensions`, a line of the EHLO answer each.
    pub fn new<'a>(extensions: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            extensions: extensions.into_iter().map(str::to_owned).collect(),
            protection: Protection::None,
            misanswer: None,
            login: None,
            decide: Box::new(|_| None),
        }
    }

    /// Protects the relay's lines.
    #[must_use]
    pub fn protected(mut self, protection: Protection) -> Self {
        self.protection = protection;
        self
    }

    /// Where TLS is due, answers the client's first octets with these alone, and reads what follows.
    #[must_use]
    pub fn misanswering(mut self, octets: &[u8]) -> Self {
        self.misanswer = Some(octets.to_vec());
        self
    }

    /// Takes this user and password alone, by AUTH PLAIN or LOGIN; anything else gets 535.
    #[must_use]
    pub fn login(mut self, user: &str, password: &str) -> Self {
        self.login = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Does what `decide` says; where it says nothing, the relay accepts.
    #[must_use]
    pub fn on(mut self, decide: impl Fn(&Moment<'_>) -> Option<Act> + Send + Sync + 'static) -> Self {
        self.decide = Box::new(decide);
        self
    }

    /// Does `act` every time at `at`.
    #[must_use]
    pub fn always(self, at: At, act: Act) -> Self {
        self.on(move |moment| (moment.at == at).then(|| act.clone()))
    }

    /// Does `act` the first `times` times at `at`.
    #[must_use]
    pub fn first(self, times: usize, at: At, act: Act) -> Self {
        self.on(move |moment| (moment.at == at && moment.times < times).then(|| act.clone()))
    }
}

/// A message that a relay received, whatever it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The line, counted from 0.
    pub line: usize,
    /// The MAIL command.
    pub mail: String,
    /// The RCPT command.
    pub rcpt: String,
    /// The message: dots unstuffed, without the final one.
    pub message: Vec<u8>,
}

/// A running relay.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

/// What the threads of a relay share.
pub(crate) struct Shared {
    script: Script,
    ended: AtomicBool,
    times: [AtomicUsize; 12],
    received: Mutex<Vec<Received>>,
    said: Mutex<Vec<Said>>,
    sockets: Mutex<Vec<TcpStream>>,
    talking: Talking,
}

/// How many lines are still read or answered. What a client wrote before it hung up may wait to be read.
#[derive(Default)]
struct Talking {
    lines: Mutex<usize>,
    one_less: Condvar,
}

impl Talking {
    fn begin(&self) {
        *locked(&self.lines) += 1;
    }

    fn end(&self) {
        *locked(&self.lines) -= 1;
        self.one_less.notify_all();
    }

    /// Waits until no line is talking, at most [`SILENCE_MAX`].
    fn wait_until_none(&self) {
        let lines = locked(&self.lines);
        let waited = self.one_less.wait_timeout_while(lines, SILENCE_MAX, |lines| *lines > 0);
        drop(waited.expect("no thread of the relay panics while it holds a lock"));
    }
}

/// What a client wrote on one line.
#[derive(Clone, Debug, Default)]
struct Said {
    clear: Vec<u8>,
    protected: Vec<u8>,
    wire: Vec<u8>,
}

impl Relay {
    /// Starts a relay on a free port of 127.0.0.1.
    pub fn start(script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script,
            ended: AtomicBool::new(false),
            times: std::array::from_fn(|_| AtomicUsize::new(0)),
            received: Mutex::default(),
            said: Mutex::default(),
            sockets: Mutex::default(),
            talking: Talking::default(),
        });
        let for_thread = Arc::clone(&shared);
        let listening = Some(std::thread::spawn(move || listen(&listener, &for_thread)));
        Ok(Self { address, shared, listening })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what it received, in the order of the final dots.
    pub fn received(&self) -> Vec<Received> {
        locked(&self.shared.received).clone()
    }

    /// Returns the same as other recorders have it.
    pub fn recorded(&self) -> Vec<Recorded> {
        let path = |command: &str| path_address(command.split_once(':').map_or("", |(_, path)| path));
        let recorded = |received: Received| Recorded {
            mail_from: path(&received.mail),
            recipients: vec![path(&received.rcpt)],
            message: received.message,
        };
        self.received().into_iter().map(recorded).collect()
    }

    /// Returns the address as `--relay` takes it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Returns what each client wrote that anybody on the way could read, a line each. Waits until every
    /// line has ended or stalls: a client that says QUIT and leaves may be ahead of what was read.
    pub fn clear(&self) -> Vec<Vec<u8>> {
        self.shared.talking.wait_until_none();
        locked(&self.shared.said).iter().map(|said| said.clear.clone()).collect()
    }

    /// Returns what each client wrote under TLS, a line each; waits like [`Relay::clear`].
    pub fn protected(&self) -> Vec<Vec<u8>> {
        self.shared.talking.wait_until_none();
        locked(&self.shared.said).iter().map(|said| said.protected.clone()).collect()
    }

    /// Returns every octet that each client wrote, as anybody on the way sees it: in clear, shaking hands or
    /// protected. A line each; waits like [`Relay::clear`].
    pub fn wire(&self) -> Vec<Vec<u8>> {
        self.shared.talking.wait_until_none();
        locked(&self.shared.said).iter().map(|said| said.wire.clone()).collect()
    }

    /// Returns how often the relay was at `at`.
    pub fn times(&self, at: At) -> usize {
        self.shared.times[at as usize].load(SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        for socket in locked(&self.shared.sockets).drain(..) {
            // One that is closed already is as it should be.
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
        // Wakes the listener, which then sees the end.
        let _ = TcpStream::connect(self.address);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for line in 0.. {
        let Ok((socket, _)) = listener.accept() else { break };
        if shared.ended.load(SeqCst) {
            break;
        }
        if let Ok(clone) = socket.try_clone() {
            locked(&shared.sockets).push(clone);
        }
        locked(&shared.said).push(Said::default());
        shared.talking.begin();
        let shared = Arc::clone(shared);
        threads.push(std::thread::spawn(move || talk::talk(&shared, line, socket)));
    }
    for thread in threads {
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no thread of the relay panics while it holds a lock")
}
