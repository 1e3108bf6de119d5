//! A DNS server on loopback that knows the records of one test, and nothing else.
//!
//! It answers what it knows, NXDOMAIN for names at and below which it knows nothing, and what a test orders where it
//! is to misbehave. It runs on a thread of its own and ends when it is dropped.

use domain::base::{Message, MessageBuilder, Name, Rtype, ToName as _, iana::Rcode, name::ParsedName};
use domain::rdata::{A, Mx, Txt};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    str::FromStr as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How often the server looks whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Octets of a question: a stub asks in one small packet.
const QUESTION_OCTETS_MAX: usize = 1232;
/// Seconds that an answer may be kept.
const TTL: u32 = 60;

/// A record.
#[derive(Clone, Debug)]
pub enum Record {
    /// Text, in one character string for every 255 octets.
    Txt(String),
    /// A mail exchanger; `.` for a null MX.
    Mx(u16, String),
    /// An address.
    A(Ipv4Addr),
}

/// What a server does with questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Answers them.
    Answers,
    /// Says nothing.
    Silent,
    /// Answers SERVFAIL.
    Fails,
}

/// A running server.
pub struct DnsServer {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl DnsServer {
    /// Starts a server on a free port of 127.0.0.1 that knows `records`, by name.
    pub fn start<'a>(records: impl IntoIterator<Item = (&'a str, Record)>, manner: Manner) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(LOOK_AGAIN))?;
        let address = socket.local_addr()?;
        let records: Vec<_> = records
            .into_iter()
            .map(|(name, record)| (Name::from_str(name).expect("a test names names"), record))
            .collect();
        let (ended, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (is_ended, asking) = (Arc::clone(&ended), Arc::clone(&asked));
        let thread = Some(std::thread::spawn(move || {
            let mut octets = [0; QUESTION_OCTETS_MAX];
            while !is_ended.load(SeqCst) {
                let Ok((length, client)) = socket.recv_from(&mut octets) else { continue };
                let Ok(question) = Message::from_octets(&octets[..length]) else { continue };
                let Ok(asked) = question.sole_question() else { continue };
                asking.lock().expect("nothing panics while it holds the list").push(asked.to_string());
                if let Some(answer) = answer(&question, &records, manner) {
                    // A client that is gone needs no answer.
                    let _ = socket.send_to(&answer, client);
                }
            }
        }));
        Ok(Self { address, ended, asked, thread })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns every question so far, as `NAME. CLASS TYPE`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nothing panics while it holds the list").clone()
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.ended.store(true, SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(question: &Message<&[u8]>, records: &[(Name<Vec<u8>>, Record)], manner: Manner) -> Option<Vec<u8>> {
    let asked = question.sole_question().ok()?;
    let name: &ParsedName<_> = asked.qname();
    let code = match manner {
        Manner::Silent => return None,
        Manner::Fails => Rcode::SERVFAIL,
        Manner::Answers if records.iter().any(|(known, _)| known.ends_with(name)) => Rcode::NOERROR,
        Manner::Answers => Rcode::NXDOMAIN,
    };
    let mut builder = MessageBuilder::new_vec().start_answer(question, code).ok()?;
    let known = records.iter().filter(|(known, _)| manner == Manner::Answers && known.name_eq(name));
    for (known, record) in known {
        match (asked.qtype(), record) {
            (Rtype::TXT, Record::Txt(text)) => {
                let data = Txt::<Vec<u8>>::build_from_slice(text.as_bytes()).ok()?;
                builder.push((known, TTL, data)).ok()?;
            }
            (Rtype::MX, Record::Mx(preference, host)) => {
                let host = Name::<Vec<u8>>::from_str(host).ok()?;
                builder.push((known, TTL, Mx::new(*preference, host))).ok()?;
            }
            (Rtype::A, Record::A(address)) => builder.push((known, TTL, A::new(*address))).ok()?,
            _ => {}
        }
    }
    Some(builder.finish())
}
