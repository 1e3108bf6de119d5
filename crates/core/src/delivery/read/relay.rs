//! Reads the relay of delivery.toml: a URL, or the table `[relay]`.

use super::{PATIENCE_DEFAULT, ParseSettingError, duration};
use crate::{
    delivery::{Login, PRESETS, PasswordSource, Preset, Queue, Relay, Security, Server},
    document::{Field, Table},
};
use std::{path::PathBuf, time::Duration};

/// The largest limit on a relay's queue: every count reads as many lines.
const QUEUE_LIMIT_MAX: u64 = 1_000_000;
/// Messages over one line: more is no limit.
const MESSAGES_PER_CONNECTION_MAX: u64 = 100_000;
/// What lists the queue of a Postfix as JSON lines, where Postfix puts it on every Linux.
const QUEUE_COMMAND: [&str; 2] = ["/usr/sbin/postqueue", "-j"];

/// What `relay` says.
pub(super) struct RelayTable {
    pub(super) relay: Relay,
    pub(super) patience: Duration,
    pub(super) queue: Option<Queue>,
    pub(super) preset: Option<&'static Preset>,
}

impl RelayTable {
    /// Reads `relay`, which is a URL or a table.
    pub(super) fn read(field: &Field<'_>) -> Option<Self> {
        if field.is_text() {
            let relay = relay_url(field)?;
            suggest(field, &relay);
            return Some(Self { relay, patience: PATIENCE_DEFAULT, queue: None, preset: None });
        }
        let table = field.table()?;
        let relay = table.need("url", "smtps://HOST, smtp+starttls://HOST, smtp://127.0.0.1, or inbox");
        let preset = preset(&table);
        let relay = relay.and_then(|field| {
            let relay = relay_url(&field)?;
            if preset == Some(None) {
                suggest(&field, &relay);
            }
            Some(relay)
        });
        let patience = table.get("patience").map_or(Some(PATIENCE_DEFAULT), |field| duration(&field));
        let allow_plaintext = table.get("allow_plaintext").map_or(Some(false), |field| field.truth());
        let ca_file =
            table.get("ca_file").map_or(Some(None), |field| field.line().map(|path| Some(PathBuf::from(path))));
        let ehlo_name = table.get("ehlo_name").map_or(Some(None), |field| ehlo_name(&field).map(Some));
        let login = login(&table);
        let queue = queue(&table);
        let messages = table.get("messages_per_connection").map_or(Some(None), |field| messages(&field).map(Some));
        table.finish();
        let (preset, messages) = (preset?, messages?);
        let (mut relay, login, ca_file, ehlo_name) = (relay?, login?, ca_file?, ehlo_name?);
        let is_server = matches!(relay, Relay::Server(_));
        if let Relay::Server(server) = &mut relay {
            server.allow_plaintext = allow_plaintext?;
            server.login = login;
            server.ca_file = ca_file;
            server.ehlo_name = ehlo_name;
            server.messages_per_connection = messages.or(preset.and_then(|preset| preset.messages_per_connection));
        }
        Some(Self { relay, patience: patience?, queue: queue?.filter(|_| is_server), preset })
    }
}

fn relay_url(field: &Field<'_>) -> Option<Relay> {
    parse_relay(&field.line()?).map_err(|error| field.refuse("relay", error.to_string())).ok()
}

fn preset(table: &Table<'_>) -> Option<Option<&'static Preset>> {
    let Some(field) = table.get("preset") else { return Some(None) };
    let names = PRESETS.each_ref().map(|preset| (preset.name, preset.name));
    field.one_of(&names).map(Preset::named)
}

/// Says that the host is a provider's of which more is known; it is never used unasked.
fn suggest(field: &Field<'_>, relay: &Relay) {
    if let Some(known) = Preset::of_host(relay) {
        let message = format!("this is {}, and how it wants its mail is known", known.title);
        field.note(
            "relay-preset",
            message,
            format!("set [relay] preset = \"{}\"; docs/relays.md says what it does", known.name),
        );
    }
}

fn messages(field: &Field<'_>) -> Option<u32> {
    let number = field.number()?;
    if !(1..=MESSAGES_PER_CONNECTION_MAX).contains(&number) {
        field.refuse("unknown-value", format!("messages per connection are 1 to {MESSAGES_PER_CONNECTION_MAX}"));
        return None;
    }
    u32::try_from(number).ok()
}

fn ehlo_name(field: &Field<'_>) -> Option<String> {
    let name = field.line()?;
    let fits = name.len() <= 255 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.[]:".contains(&b));
    if !fits {
        field.refuse(
            "unknown-value",
            "an EHLO name is a host name or an address literal (RFC 5321 section 4.1.1.1)",
        );
    }
    fits.then_some(name)
}

fn login(table: &Table<'_>) -> Option<Option<Login>> {
    let user = table.get("user").map(|field| field.line());
    let file = table.get("password_file").map(|field| field.line().map(|p| PasswordSource::File(PathBuf::from(p))));
    let command = table.get("password_command").map(|field| field.lines().map(PasswordSource::Command));
    if let Some(field) = table.get("password") {
        let hint = "put it in a file of mode 0600 and name it: password_file = \"…\"";
        field.refuse_with("password-in-clear", "a password does not stand in a settings file", hint);
        return None;
    }
    match (user, file, command) {
        (None, None, None) => Some(None),
        (Some(user), Some(password), None) | (Some(user), None, Some(password)) => {
            Some(Some(Login { user: user?, password: password? }))
        }
        _ => {
            table.refuse("login", "a login is `user` and one of `password_file` and `password_command`");
            None
        }
    }
}

/// Reads `queue_limit` and `queue_command`.
fn queue(table: &Table<'_>) -> Option<Option<Queue>> {
    let limit = table.get("queue_limit").map(|field| {
        let limit = field.number()?;
        if !(1..=QUEUE_LIMIT_MAX).contains(&limit) {
            field.refuse("unknown-value", format!("a queue limit is 1 to {QUEUE_LIMIT_MAX} messages"));
            return None;
        }
        Some(limit)
    });
    let command = table.get("queue_command").map(|field| {
        let words = field.lines()?;
        if words.is_empty() {
            field.refuse("unknown-value", "a command is a program and its arguments");
            return None;
        }
        Some(words)
    });
    let own = || QUEUE_COMMAND.map(str::to_owned).to_vec();
    match (limit, command) {
        (None, None) => Some(None),
        (Some(limit), command) => {
            Some(Some(Queue { limit: limit?, command: command.unwrap_or_else(|| Some(own()))? }))
        }
        (None, Some(_)) => {
            table.refuse("queue", "queue_command counts for a queue_limit, and there is none");
            None
        }
    }
}

/// Reads `inbox`, `smtps://HOST[:465]`, `smtp+starttls://HOST[:587]` or `smtp://HOST[:25]`.
pub fn parse_relay(text: &str) -> Result<Relay, ParseSettingError> {
    if text == "inbox" {
        return Ok(Relay::Inbox);
    }
    let refuse = |why: &str| {
        let forms = "smtps://HOST, smtp+starttls://HOST, smtp://HOST (plaintext, loopback), or inbox";
        ParseSettingError(format!("{why}; write {forms}"))
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(|| refuse("this is not a relay"))?;
    let (security, default_port) = match scheme {
        "smtps" => (Security::ImplicitTls, 465),
        "smtp+starttls" => (Security::StartTls, 587),
        "smtp" => (Security::Plaintext, 25),
        _ => return Err(refuse("the scheme before :// is not known")),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains('@') {
        return Err(refuse("a login does not stand in a relay's URL: it goes into [relay] user and password_file"));
    }
    let (host, port) = split_port(rest).ok_or_else(|| refuse("the host or port cannot be read"))?;
    let is_name = |host: &str| {
        !host.is_empty()
            && host.len() <= 253
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    if !is_name(&host) && host.parse::<std::net::IpAddr>().is_err() {
        return Err(refuse("the host is not a name or an address"));
    }
    Ok(Relay::Server(Server {
        host,
        port: port.unwrap_or(default_port),
        security,
        allow_plaintext: false,
        ca_file: None,
        login: None,
        ehlo_name: None,
        messages_per_connection: None,
    }))
}

/// Splits `host`, `host:port`, `[v6]` and `[v6]:port`.
fn split_port(text: &str) -> Option<(String, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port.parse().ok()?),
            None if rest.is_empty() => None,
            None => return None,
        };
        return Some((host.to_owned(), port));
    }
    match text.split_once(':') {
        Some((host, port)) => Some((host.to_owned(), Some(port.parse().ok().filter(|port| *port != 0)?))),
        None => Some((text.to_owned(), None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays() {
        for (text, shown) in [
            ("inbox", "inbox"),
            ("smtps://mail.example.org", "smtps://mail.example.org:465"),
            ("smtp+starttls://mail.example.org:2525", "smtp+starttls://mail.example.org:2525"),
            ("smtp://127.0.0.1:2599/", "smtp://127.0.0.1:2599"),
            ("smtp://[::1]:25", "smtp://[::1]:25"),
            ("smtps://[::1]", "smtps://[::1]:465"),
        ] {
            assert_eq!(parse_relay(text).unwrap().to_string(), shown);
        }
        for bad in [
            "",
            "mail.example.org",
            "http://x.y",
            "smtps://",
            "smtps://u:p@x.y",
            "smtp://x:0",
            "smtp://x:99999",
            "smtp://a b",
            "smtp://[::1",
            "smtp://[::1]x",
        ] {
            assert!(parse_relay(bad).is_err(), "{bad}");
        }
        let Relay::Server(server) = parse_relay("smtp://[::1]:25").unwrap() else { panic!() };
        assert!(server.is_loopback());
        let Relay::Server(server) = parse_relay("smtp://192.0.2.1").unwrap() else { panic!() };
        assert!(!server.is_loopback());
    }

    #[test]
    fn a_preset_fills_in_what_nobody_set() {
        let of = |before: &str, lines: &str| {
            let text = format!("{before}\n[relay]\n{lines}\n");
            let (delivery, findings) = crate::delivery::read("delivery.toml", text.as_bytes());
            let delivery = delivery.unwrap_or_else(|| panic!("{findings:?}"));
            let Relay::Server(server) = &delivery.relay else { panic!() };
            let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
            (delivery.connections, server.messages_per_connection, delivery.limits.len(), codes)
        };
        let mailgun = "url = \"smtps://smtp.mailgun.org\"\npreset = \"mailgun\"";
        assert_eq!(of("", mailgun), (32, Some(3), 0, vec![]));
        let own = format!("{mailgun}\nmessages_per_connection = 2");
        assert_eq!(of("connections = 5\nrate = \"1/s\"", &own), (5, Some(2), 1, vec![]));
        // Known by its name, and not applied.
        assert_eq!(of("", "url = \"smtps://smtp.mailgun.org\""), (4, None, 0, vec!["relay-preset"]));
        let exchange = "url = \"smtp+starttls://smtp.office365.com\"\npreset = \"exchange-online\"";
        assert_eq!(of("", exchange), (3, None, 2, vec![]));
        assert_eq!(of("rate = \"unlimited\"", exchange), (3, None, 0, vec![]));
        let (_, findings) = crate::delivery::read("delivery.toml", b"relay = \"smtps://smtp.sendgrid.net\"");
        assert_eq!((findings[0].code, findings[0].gravity), ("relay-preset", crate::finding::Gravity::Note));
        for (line, code) in
            [("preset = \"gmail\"", "unknown-value"), ("messages_per_connection = 0", "unknown-value")]
        {
            let text = format!("[relay]\nurl = \"smtp://127.0.0.1\"\n{line}");
            let (delivery, findings) = crate::delivery::read("delivery.toml", text.as_bytes());
            assert_eq!((delivery, findings[0].code), (None, code), "{line}");
        }
    }

    #[test]
    fn a_limit_on_the_relays_queue() {
        let of = |lines: &str| {
            let text = format!("[relay]\nurl = \"smtp://127.0.0.1\"\n{lines}\n");
            let (delivery, findings) = crate::delivery::read("delivery.toml", text.as_bytes());
            (delivery.map(|delivery| delivery.queue), findings.first().map(|finding| finding.code))
        };
        let own = Queue { limit: 5_000, command: QUEUE_COMMAND.map(str::to_owned).to_vec() };
        assert_eq!(of("queue_limit = 5000"), (Some(Some(own)), None));
        let named = Queue { limit: 1, command: ["a", "b"].map(str::to_owned).to_vec() };
        assert_eq!(of("queue_limit = 1\nqueue_command = [\"a\", \"b\"]"), (Some(Some(named)), None));
        assert_eq!(of(""), (Some(None), None));
        for (lines, code) in [
            ("queue_limit = 0", "unknown-value"),
            ("queue_limit = 1000001", "unknown-value"),
            ("queue_limit = 5\nqueue_command = []", "unknown-value"),
            ("queue_command = [\"a\"]", "queue"),
        ] {
            assert_eq!(of(lines), (None, Some(code)), "{lines}");
        }
    }
}
