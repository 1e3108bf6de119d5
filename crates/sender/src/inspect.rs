//! Looks at a relay without handing anything over: a line up to EHLO and AUTH, a MAIL and RCPT of the sender to
//! itself that is taken back with RSET, and as many further lines as a run would open.
//!
//! DATA is never said. What was seen is judged in the core.

use crate::{
    certificate::read_chain,
    dial::{Dialer, LineFacts},
    dns::SenderDomains,
    extensions::keywords,
    session::Session,
};
use forthwith_core::{
    address::Address,
    delivery::{Server, Timeouts},
    doctor::{Probe, RelayFacts, Tls},
    engine::Failure,
    private::Private,
    verdict::{Answer, Stage, Verdict, judge},
};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// The longest that anything may take here. A run is more patient (RFC 5321 section 4.5.3.2); whoever looks wants to
/// know that the relay is slow.
const STAGE_MAX: Duration = Duration::from_secs(30);
/// The local part of the return path in MAIL: of the form that notices have, and no notice's.
const LOCAL_PART: &str = "bounce+doctor";

/// What is looked at.
pub struct Looked<'a> {
    /// The relay.
    pub server: Server,
    /// The password of its login; without one no AUTH is tried.
    pub password: Option<Private<String>>,
    /// How long each stage may take; 30 s at most are waited.
    pub timeouts: Timeouts,
    /// Lines that are opened at once.
    pub lines: u32,
    /// Each sender: its From, and the domain of its return path.
    pub senders: &'a [(Address, SenderDomains)],
}

/// Looks at a relay, and returns what was seen. Every line is closed afterwards, and nothing was handed over.
///
/// It needs a tokio runtime with time and I/O.
pub async fn inspect(looked: Looked<'_>) -> RelayFacts {
    let mut facts = RelayFacts {
        address: None,
        greeting: None,
        tls: None,
        offers: None,
        failure: None,
        is_logged_in: false,
        probes: Vec::new(),
        lines_open: 0,
        line_refused: None,
    };
    let has_password = looked.password.is_some() && looked.server.login.is_some();
    let dialer = match Dialer::new(looked.server, looked.password, at_most(looked.timeouts)) {
        Ok(dialer) => Arc::new(dialer),
        Err(error) => {
            facts.failure = Some(Failure::hopeless(Stage::Connect, error.to_string()));
            return facts;
        }
    };
    let mut session = match dialer.reach(1).await {
        Ok((session, line)) => {
            note(&mut facts, line);
            session
        }
        Err(failure) => {
            facts.failure = Some(failure);
            return facts;
        }
    };
    match dialer.log_in(&mut session).await {
        Ok(()) => facts.is_logged_in = has_password,
        Err(failure) => {
            facts.failure = Some(failure);
            session.quit().await;
            return facts;
        }
    }
    facts.probes = probe(&mut session, looked.senders).await;
    let others = open_others(&dialer, looked.lines.max(1) - 1, &mut facts.line_refused).await;
    facts.lines_open = u32::try_from(1 + others.len()).unwrap_or(u32::MAX);
    for session in others.into_iter().chain([session]) {
        session.quit().await;
    }
    facts
}

fn note(facts: &mut RelayFacts, line: LineFacts) {
    facts.address = Some(line.address.to_string());
    facts.greeting = Some(line.greeting);
    facts.tls = line.tls.map(|tls| Tls { chain: read_chain(&tls.chain), version: tls.version });
    facts.offers = Some(keywords(&line.ehlo));
}

fn at_most(timeouts: Timeouts) -> Timeouts {
    Timeouts {
        connect: timeouts.connect.min(STAGE_MAX),
        greeting: timeouts.greeting.min(STAGE_MAX),
        auth: timeouts.auth.min(STAGE_MAX),
        mail: timeouts.mail.min(STAGE_MAX),
        rcpt: timeouts.rcpt.min(STAGE_MAX),
        ..timeouts
    }
}

/// Begins a transaction of each sender to itself and takes it back, until the line is lost.
async fn probe(session: &mut Session, senders: &[(Address, SenderDomains)]) -> Vec<Probe> {
    let mut probes = Vec::new();
    for (from, SenderDomains { from: from_domain, return_path }) in senders {
        let mail = session.ask(&format!("MAIL FROM:<{LOCAL_PART}@{return_path}>\r\n"), STAGE_MAX).await;
        let (mut rcpt, mut reset) = (None, None);
        if judge(Stage::Mail, &mail) == Verdict::Good {
            rcpt = Some(session.ask(&format!("RCPT TO:<{}>\r\n", from.expose()), STAGE_MAX).await);
            reset = Some(session.ask("RSET\r\n", STAGE_MAX).await);
        }
        let is_lost = [Some(&mail), rcpt.as_ref(), reset.as_ref()]
            .into_iter()
            .flatten()
            .any(|answer| matches!(answer, Answer::Lost(_)) || matches!(answer, Answer::Reply(r) if r.code == 421));
        let (return_path_domain, from_domain) = (return_path.clone(), from_domain.clone());
        probes.push(Probe { return_path_domain, from_domain, mail, rcpt });
        if is_lost {
            break;
        }
    }
    probes
}

/// Opens `count` more lines at once, and returns those that opened; `refused` gets one reason why others did not.
async fn open_others(dialer: &Arc<Dialer>, count: u32, refused: &mut Option<Failure>) -> Vec<Session> {
    let mut dialling = JoinSet::new();
    for number in 0..count {
        let dialer = Arc::clone(dialer);
        dialling.spawn(async move { dialer.dial(u64::from(number) + 2).await });
    }
    let mut open = Vec::new();
    while let Some(dialled) = dialling.join_next().await {
        match dialled {
            Ok(Ok((session, _))) => open.push(session),
            Ok(Err(failure)) => *refused = Some(failure),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    open
}
