//! Opens a line to the relay: TCP, TLS, greeting, EHLO, STARTTLS, AUTH, each within its time.
//!
//! STARTTLS is done here rather than by lettre, so that no octet that came in clear is ever taken for one
//! that came protected. It knows nothing of notices.

use crate::{
    auth::Credentials,
    extensions::Extensions,
    reply::{Fault, ReplyReader},
    session::Session,
    tls::{HandshakeError, SetUpTlsError, Tls, TlsFacts},
    wire::{Tap, Transport, Wire},
};
use forthwith_core::{
    delivery::{Security, Server, Timeouts},
    engine::Failure,
    private::Private,
    verdict::{Answer, Reply, Stage, Verdict, judge},
};
use lettre::transport::smtp::{client::AsyncSmtpConnection, extension::ClientId};
use std::{future::Future, io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Octets read at once while a dialogue is opened.
const READ_OCTETS: usize = 4 * 1024;
/// Addresses of one host name that are tried: more than a relay has in one family.
const ADDRESSES_MAX: usize = 16;

/// What is said where a line is not protected although the relay agreed to it.
const CLEAR_AFTER_STARTTLS: &str =
    "octets in clear followed the reply to STARTTLS: somebody on the way may have put them there";

/// What the system answers where the run (`EMFILE`) or the machine (`ENFILE`) has too many files open.
const TOO_MANY_FILES: [i32; 2] = [24, 23];

/// Octets in the name for EHLO: a domain (RFC 5321 section 4.5.3.1.2).
const NAME_OCTETS_MAX: usize = 255;

/// Why no line can be opened with these settings. None was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetUpError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] SetUpTlsError),
    /// The name could end the command.
    #[error("the name for EHLO is neither a host name nor an address literal")]
    EhloName,
}

/// Opens lines to one relay.
pub(crate) struct Dialer {
    server: Server,
    credentials: Option<Credentials>,
    tls: Option<Tls>,
    timeouts: Timeouts,
}

/// What is recorded of an open line.
#[derive(Clone, Debug)]
pub(crate) struct LineFacts {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<TlsFacts>,
    /// What the relay said first.
    pub(crate) greeting: Reply,
    /// Its answer to the last EHLO.
    pub(crate) ehlo: Reply,
}

impl Dialer {
    /// Returns the dialer of `server`, having read what TLS needs.
    ///
    /// `password` goes with the server's login; without one no AUTH is tried.
    pub(crate) fn new(
        server: Server,
        password: Option<Private<String>>,
        timeouts: Timeouts,
    ) -> Result<Self, SetUpError> {
        let is_name = |name: &String| name.bytes().all(|byte| byte.is_ascii_graphic()) && !name.is_empty();
        if !server.ehlo_name.iter().all(|name| is_name(name) && name.len() <= NAME_OCTETS_MAX) {
            return Err(SetUpError::EhloName);
        }
        let tls = match server.security {
            Security::Plaintext => None,
            Security::ImplicitTls | Security::StartTls => Some(Tls::new(&server.host, server.ca_file.as_deref())?),
        };
        let credentials = server
            .login
            .as_ref()
            .zip(password)
            .map(|(login, password)| Credentials { user: Private::new(login.user.clone()), password });
        Ok(Self { server, credentials, tls, timeouts })
    }

    /// Opens line `number` and logs in. Nothing is left open on a failure.
    pub(crate) async fn dial(&self, number: u64) -> Result<(Session, LineFacts), Failure> {
        let (mut session, facts) = self.reach(number).await?;
        self.log_in(&mut session).await?;
        Ok((session, facts))
    }

    /// Speaks over a stream that is open already, and logs in.
    #[cfg(any(test, feature = "outside"))]
    pub(crate) async fn converse<S: Transport + 'static>(
        &self,
        mut stream: S,
        address: SocketAddr,
    ) -> Result<Session, Failure> {
        self.greet(&mut stream).await?;
        let (mut session, _) = self.open(stream, address, self.ehlo_name(None), 1).await?;
        self.log_in(&mut session).await?;
        Ok(session)
    }

    /// Opens line `number`, up to the answer to EHLO. Nothing is left open on a failure.
    pub(crate) async fn reach(&self, number: u64) -> Result<(Session, LineFacts), Failure> {
        let (mut tcp, address) = self.connect().await?;
        self.refuse_clear_text(address)?;
        let name = self.ehlo_name(tcp.local_addr().ok());
        let (session, ehlo, greeting, tls) = match (self.server.security, &self.tls) {
            (Security::ImplicitTls, Some(tls)) => {
                let (mut stream, facts) = self.protect(tls, tcp, Stage::Connect).await?;
                let greeting = self.greet(&mut stream).await?;
                let (session, ehlo) = self.open(stream, address, name, number).await?;
                (session, ehlo, greeting, Some(facts))
            }
            (Security::StartTls, Some(tls)) => {
                let (tcp, greeting) = self.start_tls(tcp, &name).await?;
                let (stream, facts) = self.protect(tls, tcp, Stage::StartTls).await?;
                let (session, ehlo) = self.open(stream, address, name, number).await?;
                (session, ehlo, greeting, Some(facts))
            }
            _ => {
                let greeting = self.greet(&mut tcp).await?;
                let (session, ehlo) = self.open(tcp, address, name, number).await?;
                (session, ehlo, greeting, None)
            }
        };
        Ok((session, LineFacts { address, tls, greeting, ehlo }))
    }

    async fn connect(&self) -> Result<(TcpStream, SocketAddr), Failure> {
        let lost = |why: String| Failure::judged(Stage::Connect, Answer::Lost(why));
        let connecting = async {
            let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
            let addresses = tokio::net::lookup_host((self.server.host.as_str(), self.server.port)).await?;
            for address in addresses.take(ADDRESSES_MAX) {
                match TcpStream::connect(address).await {
                    // Nagle's rule against delayed acknowledgements costs 40 ms a message.
                    Ok(tcp) => return tcp.set_nodelay(true).map(|()| (tcp, address)),
                    Err(error) => failure = error,
                }
            }
            Err(failure)
        };
        match timeout(self.timeouts.connect, connecting).await {
            Ok(connected) => connected.map_err(|error| lost(why_not(&error))),
            Err(_) => Err(lost(format!("no connection within {}", seconds(self.timeouts.connect)))),
        }
    }

    /// Refuses a line whose notices or password anybody on the way could read.
    fn refuse_clear_text(&self, address: SocketAddr) -> Result<(), Failure> {
        if self.server.security != Security::Plaintext || address.ip().is_loopback() {
            return Ok(());
        }
        if !self.server.allow_plaintext {
            return Err(Failure::hopeless(
                Stage::Connect,
                "the relay is not on this machine, and plaintext is not allowed: use smtps:// or smtp+starttls://, \
                 or set allow_plaintext",
            ));
        }
        if self.server.login.is_some() {
            return Err(Failure::hopeless(
                Stage::Connect,
                "a password is never sent without TLS beyond this machine: use smtps:// or smtp+starttls://",
            ));
        }
        Ok(())
    }

    async fn protect<S>(
        &self,
        tls: &Tls,
        stream: S,
        stage: Stage,
    ) -> Result<(tokio_rustls::client::TlsStream<S>, TlsFacts), Failure>
    where
        S: Transport,
    {
        match timeout(self.timeouts.connect, tls.handshake(stream)).await {
            Ok(Ok(protected)) => Ok(protected),
            Ok(Err(HandshakeError::Refused(why))) => Err(Failure::hopeless(stage, why)),
            Ok(Err(HandshakeError::NotTls)) if stage == Stage::StartTls => {
                Err(Failure::hopeless(stage, CLEAR_AFTER_STARTTLS))
            }
            Ok(Err(HandshakeError::NotTls)) => Err(Failure::hopeless(
                stage,
                format!(
                    "{} does not speak TLS at once on this port: smtp+starttls:// may be meant",
                    self.server.host
                ),
            )),
            Ok(Err(HandshakeError::Line(error))) => {
                Err(Failure::judged(stage, Answer::Lost(format!("the line broke in the TLS handshake: {error}"))))
            }
            Err(_) => {
                let why = format!("no TLS handshake within {}", seconds(self.timeouts.connect));
                Err(Failure::judged(stage, Answer::Lost(why)))
            }
        }
    }

    /// Speaks up to the positive reply to STARTTLS. Any octet after it in clear is an attack (CVE-2011-0411
    /// is the class), and the line is closed.
    async fn start_tls(&self, mut tcp: TcpStream, name: &str) -> Result<(TcpStream, Reply), Failure> {
        let (limit, auth) = (self.timeouts.greeting, self.timeouts.auth);
        let greeting = self.greet(&mut tcp).await?;
        let ehlo = format!("EHLO {name}\r\n");
        let answer = heard(Stage::Ehlo, limit, speak(&mut tcp, &ehlo)).await?;
        if !Extensions::read(&answer).starttls {
            return Err(Failure::hopeless(
                Stage::StartTls,
                "the relay does not offer STARTTLS, or somebody on the way has taken the offer out",
            ));
        }
        match heard(Stage::StartTls, auth, speak(&mut tcp, "STARTTLS\r\n")).await {
            Err(Failure { answer: Answer::Lost(why), .. }) if why == Fault::Unasked.to_string() => {
                Err(Failure::hopeless(Stage::StartTls, CLEAR_AFTER_STARTTLS))
            }
            other => other.map(|_| (tcp, greeting)),
        }
    }

    /// Waits for the relay's greeting.
    async fn greet<S: Transport>(&self, stream: &mut S) -> Result<Reply, Failure> {
        heard(Stage::Greeting, self.timeouts.greeting, read_reply(stream)).await
    }

    /// Gives a greeted line to lettre, which says EHLO.
    async fn open<S: Transport + 'static>(
        &self,
        stream: S,
        address: SocketAddr,
        name: String,
        number: u64,
    ) -> Result<(Session, Reply), Failure> {
        let tap = Tap::default();
        tap.expect(1);
        let wire = Wire::greeted(stream, address, tap.clone());
        let name = ClientId::Domain(name);
        let opening = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &name);
        let opened = timeout(self.timeouts.greeting, opening).await;
        let (ehlo, connection) = match (tap.take_reply(), opened) {
            (Some(reply), Ok(Ok(connection))) if judged_good(Stage::Ehlo, &reply) => (reply, connection),
            (Some(reply), _) => return Err(Failure::judged(Stage::Ehlo, Answer::Reply(reply))),
            (None, Err(_)) => {
                let why = format!("no reply within {}", seconds(self.timeouts.greeting));
                return Err(Failure::judged(Stage::Ehlo, Answer::Lost(why)));
            }
            (None, Ok(_)) => {
                let why = tap.fault().map_or("the relay closed the line".to_owned(), |fault| fault.to_string());
                return Err(Failure::judged(Stage::Ehlo, Answer::Lost(why)));
            }
        };
        let session = Session::new(
            connection,
            tap,
            Extensions::read(&ehlo),
            self.timeouts,
            number,
            self.server.messages_per_connection,
        );
        Ok((session, ehlo))
    }

    /// Logs in, where the settings have a login.
    pub(crate) async fn log_in(&self, session: &mut Session) -> Result<(), Failure> {
        let Some(credentials) = &self.credentials else { return Ok(()) };
        let Some(lines) = credentials.lines(session.offers()) else {
            return Err(Failure::hopeless(
                Stage::Auth,
                "the relay offers neither AUTH PLAIN nor AUTH LOGIN, and the settings have a login",
            ));
        };
        let last = lines.len() - 1;
        for (index, line) in lines.iter().enumerate() {
            let answer = session.ask(line, self.timeouts.auth).await;
            let is_good = match &answer {
                Answer::Reply(reply) if index < last => reply.code == 334,
                Answer::Reply(reply) => reply.code / 100 == 2,
                Answer::Lost(_) => false,
            };
            if is_good {
                continue;
            }
            if judge(Stage::Auth, &answer) == Verdict::Good {
                return Err(Failure::hopeless(Stage::Auth, "the relay does not follow the login that it offers"));
            }
            return Err(Failure::judged(Stage::Auth, answer));
        }
        Ok(())
    }

    /// Returns the name for EHLO: the one that is set, or an address literal (RFC 5321 section 4.1.3).
    fn ehlo_name(&self, local: Option<SocketAddr>) -> String {
        if let Some(name) = &self.server.ehlo_name {
            return name.clone();
        }
        match local {
            Some(SocketAddr::V6(address)) => format!("[IPv6:{}]", address.ip()),
            Some(SocketAddr::V4(address)) => format!("[{}]", address.ip()),
            None => "[127.0.0.1]".to_owned(),
        }
    }
}

/// Waits for `reply`, and turns all but a positive one into the failure that it is.
async fn heard(
    stage: Stage,
    limit: Duration,
    reply: impl Future<Output = Result<Reply, String>>,
) -> Result<Reply, Failure> {
    let answer = match timeout(limit, reply).await {
        Ok(Ok(reply)) if judged_good(stage, &reply) => return Ok(reply),
        Ok(Ok(reply)) => Answer::Reply(reply),
        Ok(Err(why)) => Answer::Lost(why),
        Err(_) => Answer::Lost(format!("no reply within {}", seconds(limit))),
    };
    Err(Failure::judged(stage, answer))
}

async fn speak<S: Transport>(stream: &mut S, command: &str) -> Result<Reply, String> {
    let written = stream.write_all(command.as_bytes()).await;
    written.map_err(|error| format!("the line broke: {error}"))?;
    read_reply(stream).await
}

/// Reads one reply, after which nothing may follow: we have not spoken yet.
async fn read_reply<S: Transport>(stream: &mut S) -> Result<Reply, String> {
    let (mut reader, mut bytes) = (ReplyReader::default(), [0; READ_OCTETS]);
    loop {
        let received = stream.read(&mut bytes).await.map_err(|error| format!("the line broke: {error}"))?;
        if received == 0 {
            return Err("the relay closed the line".to_owned());
        }
        let mut rest = &bytes[..received];
        while !rest.is_empty() {
            let (taken, line) = reader.take(rest).map_err(|fault| fault.to_string())?;
            rest = &rest[taken..];
            let Some(reply) = line.and_then(|line| line.reply) else { continue };
            return if rest.is_empty() { Ok(reply) } else { Err(Fault::Unasked.to_string()) };
        }
    }
}

fn judged_good(stage: Stage, reply: &Reply) -> bool {
    judge(stage, &Answer::Reply(reply.clone())) == Verdict::Good
}

fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

/// Returns why there is no connection; where that is this machine's doing, what to do.
fn why_not(error: &io::Error) -> String {
    if error.raw_os_error().is_some_and(|code| TOO_MANY_FILES.contains(&code)) {
        return format!("{error}: raise `ulimit -n` on this machine, or set fewer `connections`");
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_open_files_are_no_fault_of_the_relay() {
        for code in TOO_MANY_FILES {
            let why = why_not(&io::Error::from_raw_os_error(code));
            assert!(why.contains("oo many open files") && why.contains("ulimit -n"), "{why}");
        }
        assert!(!why_not(&io::Error::from_raw_os_error(111)).contains("ulimit"));
    }
}
