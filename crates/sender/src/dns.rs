//! Asks the DNS about the domains of a sender. What the answers mean is decided in the core.
//!
//! It asks the servers of /etc/resolv.conf, or one that is named. Nothing that it is told is trusted further than
//! to be shown.

use domain::{
    base::{Name, Rtype, iana::Rcode},
    rdata::{Mx as MxData, Txt},
    resolv::stub::{
        Answer, StubResolver,
        conf::{ResolvConf, ServerConf, Transport},
    },
};
use forthwith_core::doctor::{Domain, Mx, Seen};
use std::{net::SocketAddr, str::FromStr as _, sync::OnceLock, time::Duration};

/// How long one question waits for its answer.
const ANSWER_MAX: Duration = Duration::from_millis(2_500);
/// How often a question is asked: packets get lost.
const TIMES_ASKED: u32 = 2;
/// Domains above the From's that are asked for a policy: names have few labels, and the root none (RFC 9989 stops
/// at eight queries).
const ANCESTORS_MAX: usize = 8;
/// Records of one answer that are read.
const RECORDS_MAX: usize = 100;

/// The domains of one sender.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SenderDomains {
    /// The domain of the From.
    pub from: String,
    /// The domain of the return path.
    pub return_path: String,
}

/// A way to the DNS.
pub struct Dns {
    resolver: StubResolver,
    server: Option<SocketAddr>,
    /// Why nothing is asked any more: nobody answered.
    silence: OnceLock<String>,
}

impl Dns {
    /// Returns the way that the system's settings name, or the one to `server`.
    pub fn new(server: Option<SocketAddr>) -> Self {
        let mut settings = match server {
            None => ResolvConf::default(),
            Some(_) => ResolvConf::new(),
        };
        settings.servers.extend(server.map(|server| ServerConf::new(server, Transport::UdpTcp)));
        settings.options.timeout = ANSWER_MAX;
        Self { resolver: StubResolver::from_conf(settings), server, silence: OnceLock::new() }
    }

    /// Asks all that concerns one sender; `selectors` name the DKIM keys that its relay signs with.
    ///
    /// It needs a tokio runtime. Where nobody answers a question, none is asked after it.
    pub async fn look_up(&self, sender: &SenderDomains, selectors: &[String]) -> Domain {
        let SenderDomains { from, return_path } = sender;
        let mut keys = Vec::new();
        for selector in selectors {
            keys.push((selector.clone(), self.txt(&format!("{selector}._domainkey.{from}")).await));
        }
        Domain {
            from: from.clone(),
            return_path: return_path.clone(),
            spf: self.txt(return_path).await,
            keys,
            keys_exist: self.txt(&format!("_domainkey.{from}")).await,
            policies: self.policies(from).await,
            exchangers: self.exchangers(return_path).await,
            address: self.address(return_path).await,
        }
    }

    async fn policies(&self, from: &str) -> Vec<(String, Seen<Vec<String>>)> {
        let mut policies = Vec::new();
        let mut domain = from;
        for _ in 0..ANCESTORS_MAX {
            let name = format!("_dmarc.{domain}");
            let seen = self.txt(&name).await;
            let is_end = matches!(&seen, Seen::Found(_) | Seen::Silent(_));
            policies.push((name, seen));
            match domain.split_once('.') {
                // A single label is a registry's.
                Some((_, above)) if !is_end && above.contains('.') => domain = above,
                _ => break,
            }
        }
        policies
    }

    async fn txt(&self, name: &str) -> Seen<Vec<String>> {
        self.records(name, Rtype::TXT, |answer| {
            let section = answer.answer().ok()?;
            let texts = section.limit_to_in::<Txt<_>>().take(RECORDS_MAX).filter_map(Result::ok).map(|record| {
                let octets: Vec<u8> = record.data().iter().flatten().copied().collect();
                String::from_utf8_lossy(&octets).into_owned()
            });
            Some(texts.collect())
        })
        .await
    }

    async fn exchangers(&self, name: &str) -> Seen<Vec<Mx>> {
        self.records(name, Rtype::MX, |answer| {
            let section = answer.answer().ok()?;
            let hosts = section.limit_to_in::<MxData<_>>().take(RECORDS_MAX).filter_map(Result::ok).map(|record| {
                let host = record.data().exchange();
                let host = if host.is_root() { String::new() } else { host.to_string() };
                Mx { preference: record.data().preference(), host }
            });
            Some(hosts.collect())
        })
        .await
    }

    async fn address(&self, name: &str) -> Seen<()> {
        for kind in [Rtype::A, Rtype::AAAA] {
            let seen = self.records(name, kind, |answer| {
                let section = answer.answer().ok()?;
                let is_there = section.filter_map(Result::ok).any(|record| record.rtype() == kind);
                Some(if is_there { vec![()] } else { Vec::new() })
            });
            match seen.await {
                Seen::Found(_) => return Seen::Found(()),
                Seen::Nothing => {}
                Seen::NoName => return Seen::NoName,
                Seen::Silent(why) => return Seen::Silent(why),
            }
        }
        Seen::Nothing
    }

    /// Asks one question, and returns what `read` makes of the answer: `None` where it is broken.
    async fn records<T>(&self, name: &str, kind: Rtype, read: impl Fn(&Answer) -> Option<Vec<T>>) -> Seen<Vec<T>> {
        let Ok(question) = Name::<Vec<u8>>::from_str(name) else {
            return Seen::Silent("it is no name that the DNS can hold".to_owned());
        };
        if let Some(why) = self.silence.get() {
            return Seen::Silent(why.clone());
        }
        let mut why = "nobody answers".to_owned();
        for _ in 0..TIMES_ASKED {
            let answer = match self.resolver.query((question.clone(), kind)).await {
                Ok(answer) => answer,
                Err(error) if error.kind() == std::io::ErrorKind::TimedOut => continue,
                Err(error) => {
                    why = error.to_string();
                    continue;
                }
            };
            return match answer.header().rcode() {
                Rcode::NXDOMAIN => Seen::NoName,
                Rcode::NOERROR => match read(&answer) {
                    Some(records) if records.is_empty() => Seen::Nothing,
                    Some(records) => Seen::Found(records),
                    None => Seen::Silent("the answer cannot be read".to_owned()),
                },
                other => Seen::Silent(format!("the server answers {other}")),
            };
        }
        let why = match self.server {
            Some(server) => format!("{why} at {server}"),
            None => why,
        };
        Seen::Silent(self.silence.get_or_init(|| why).clone())
    }
}
