//! `forthwith doctor`: looks at the relay, at the sender's DNS records and at this machine before anybody is told.
//! It hands nothing over and writes nothing.

mod machine;

use crate::{
    args::DoctorArgs,
    commands::{notify::backlog, refuse_settings},
    exit::{CommandError, Exit},
    folder::{Folder, INCIDENT},
    inputs::{self, Inputs},
    password,
    terminal::{Out, counted},
};
use forthwith_core::{
    address::Address,
    delivery::{Delivery, PasswordSource, Relay, Server},
    doctor::{self, Domain, Mark, Observation, RelayFacts},
    incident::Incident,
    private::Private,
    sample,
    verdict::Reply,
};
use forthwith_sender::{Dns, Looked, SenderDomains, inspect};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Senders that are looked at: an organisation writes as few.
const SENDERS_MAX: usize = 16;
/// Selectors that are asked for: a relay signs with one or two.
const SELECTORS_MAX: usize = 16;
/// How what is about the relay begins.
const RELAY: &str = "relay.";

/// What was seen of one thing.
struct Group {
    /// `Relay smtps://…`, `Domain example.org`, `This machine`.
    title: String,
    observations: Vec<Observation>,
}

/// Runs the command.
pub fn run(args: &DoctorArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let delivery = super::notify::relay_settings(args.relay.as_deref(), &folder, out)?;
    let incident = incident(&folder, out)?;
    let senders = senders(&incident);
    let mut about_relay = Vec::new();
    let password = password_of(&delivery, &mut about_relay);
    out.message(format!("Looking at {} and {} …", delivery.relay, counted(senders.len() as u64, "sender")));
    let now = Timestamp::now();
    let (facts, domains) = look(args, &delivery, password, &senders)?;
    let greeting = facts.as_ref().and_then(|facts| facts.greeting.as_ref()).map(Reply::text);
    let machine = machine::look(&folder, &delivery, greeting, now);
    about_relay.extend(queue_of(&delivery));
    about_relay.extend(doctor::preset(&delivery, machine.notices));
    let mut groups = vec![relay(&delivery, &incident, facts.as_ref(), about_relay, now)];
    groups.extend(
        domains
            .iter()
            .map(|domain| Group { title: format!("Domain {}", domain.from), observations: doctor::domain(domain) }),
    );
    groups.push(Group { title: "This machine".to_owned(), observations: doctor::machine(&machine) });
    Ok(report(&delivery, &groups, out))
}

fn incident(folder: &Folder, out: Out) -> Result<Incident, CommandError> {
    // Of the columns of the list nothing is needed here, and what templates say of them is not asked.
    let inputs = Inputs::read(inputs::verbatim(folder)?, |_| Vec::new());
    let findings: Vec<_> = inputs.findings.into_iter().filter(|finding| finding.place.file == INCIDENT).collect();
    inputs.incident.ok_or_else(|| refuse_settings(&findings, &inputs.sources, out))
}

/// Returns every From with its domains, each once, the organisation's own first.
fn senders(incident: &Incident) -> Vec<(Address, SenderDomains)> {
    let entities = [&incident.organisation].into_iter().chain(incident.elsewhere.iter().map(|e| &e.entity));
    let mut senders = Vec::new();
    for entity in entities {
        let (from, return_path) = (entity.from.address.domain().to_owned(), entity.return_path_domain.clone());
        let sender = (entity.from.address.clone(), SenderDomains { from, return_path });
        if !senders.contains(&sender) && senders.len() < SENDERS_MAX {
            senders.push(sender);
        }
    }
    senders
}

/// Reads the password as a run would, and says what came of it.
fn password_of(delivery: &Delivery, seen: &mut Vec<Observation>) -> Option<Private<String>> {
    let about = "relay.password";
    let Relay::Server(Server { login: Some(login), .. }) = &delivery.relay else { return None };
    match password::read(&delivery.relay) {
        Ok(password) => {
            let found = match &login.password {
                PasswordSource::File(path) => format!("read from {}, which nobody else reads", path.display()),
                PasswordSource::Command(_) => "printed by password_command".to_owned(),
            };
            seen.push(Observation::ok(about, found, "it is in no setting, argument or log"));
            password
        }
        Err(error) => {
            let to_do = error.hints.last().cloned().unwrap_or_default();
            seen.push(Observation::broken(about, error.chain(), "`notify` would end with exit 7", to_do));
            None
        }
    }
}

/// Counts the relay's own queue as a run would before its start.
fn queue_of(delivery: &Delivery) -> Option<Observation> {
    let about = "relay.queue";
    let queue = delivery.queue.as_ref()?;
    Some(match backlog::first(queue) {
        Ok(messages) if messages.all > queue.limit => {
            let found = format!("more than {} messages in the relay's own queue", queue.limit);
            let means = "a run waits until it is shorter";
            Observation::look(about, found, means, "look where they are to go, with `postqueue -p`")
        }
        Ok(messages) => {
            let found = format!("{} in the relay's own queue", counted(messages.all, "message"));
            Observation::ok(about, found, format!("a run waits while there are more than {}", queue.limit))
        }
        Err(error) => {
            let to_do = error.hints.first().cloned().unwrap_or_default();
            Observation::broken(about, error.chain(), "`notify` would end with exit 1", to_do)
        }
    })
}

/// Looks at the relay and asks the DNS, at the same time.
fn look(
    args: &DoctorArgs,
    delivery: &Delivery,
    password: Option<Private<String>>,
    senders: &[(Address, SenderDomains)],
) -> Result<(Option<RelayFacts>, Vec<Domain>), CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::new(Exit::Cannot, "cannot start the runtime").because(error))?;
    let selectors = &args.dkim_selector[..args.dkim_selector.len().min(SELECTORS_MAX)];
    let seen = runtime.block_on(async {
        let relay = async {
            let Relay::Server(server) = &delivery.relay else { return None };
            let (server, timeouts, lines) = (server.clone(), delivery.timeouts, delivery.connections);
            Some(inspect(Looked { server, password, timeouts, lines, senders }).await)
        };
        let names = async {
            let dns = Dns::new(args.dns);
            let mut domains = Vec::new();
            for (_, sender) in senders {
                domains.push(dns.look_up(sender, selectors).await);
            }
            domains
        };
        tokio::join!(relay, names)
    });
    runtime.shutdown_background();
    Ok(seen)
}

fn relay(
    delivery: &Delivery,
    incident: &Incident,
    facts: Option<&RelayFacts>,
    mut observations: Vec<Observation>,
    now: Timestamp,
) -> Group {
    let title = format!("Relay {}", delivery.relay);
    let (Relay::Server(server), Some(facts)) = (&delivery.relay, facts) else {
        let found = "relay = \"inbox\": a rehearsal on this machine";
        let means = "nobody is told, and no server is looked at; --relay URL looks at one";
        return Group { title, observations: vec![Observation::ok("relay.inbox", found, means)] };
    };
    observations.extend(doctor::relay(server, facts, delivery.connections, delivery.give_up_after, now));
    let leftovers = sample::leftovers(incident);
    if let Some(first) = leftovers.first().filter(|_| !server.is_loopback()) {
        let found = format!("{}, and {} of its kind", first.message, counted(leftovers.len() as u64 - 1, "more"));
        let means = "while sample text stands there, nothing goes to a relay beyond this machine";
        observations.push(Observation::broken("incident.sample", found, means, "put in what is true"));
    }
    Group { title, observations }
}

fn report(delivery: &Delivery, groups: &[Group], out: Out) -> Exit {
    let all = || groups.iter().flat_map(|group| &group.observations);
    let [ok, look, broken] =
        [Mark::Ok, Mark::Look, Mark::Broken].map(|mark| all().filter(|seen| seen.mark == mark).count() as u64);
    let is_relay = all().any(|seen| seen.mark == Mark::Broken && seen.about.starts_with(RELAY));
    let exit = match broken {
        0 => Exit::Done,
        _ if is_relay => Exit::Relay,
        _ => Exit::Cannot,
    };
    out.json(&json!({
        "relay": delivery.relay.to_string(),
        "ok": ok, "look": look, "broken": broken,
        "observations": groups.iter().flat_map(as_json).collect::<Vec<_>>(),
        "exit": exit as u8,
    }));
    for group in groups {
        out.line(format!("{}\n", group.title));
        for seen in &group.observations {
            out.line(format!("  {:<6}  {}\n          {}", seen.mark, one_line(&seen.found), seen.means));
            if let Some(to_do) = &seen.to_do {
                out.line(format!("          next: {to_do}"));
            }
        }
        out.line("");
    }
    out.line(format!(
        "{broken} broken, {look} to look at, {ok} ok. Nothing was handed over, and nothing was written."
    ));
    exit
}

fn as_json(group: &Group) -> impl Iterator<Item = Value> {
    group.observations.iter().map(|seen| {
        let mut value = json!(seen);
        value["of"] = json!(group.title);
        value
    })
}

/// Returns what a relay or the DNS said as one line: it makes no lines of ours.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
