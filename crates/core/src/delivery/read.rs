//! Reads delivery.toml, and the few forms that its values share with the command line.

use super::{Delivery, Limit, Login, PasswordSource, Relay, Security, Server, Timeouts};
use crate::{
    document::{self, Field, Table},
    finding::Finding,
    ramp::Ramp,
};
use std::{path::PathBuf, time::Duration};

/// Connections at once: more than any relay allows one client.
const CONNECTIONS_MAX: u64 = 256;
/// Connections where nobody says: what a relay that knows nothing of us accepts.
pub(super) const CONNECTIONS_DEFAULT: u32 = 4;
/// Attempts in one window of a limit: each is remembered for as long as the window is.
const LIMIT_ATTEMPTS_MAX: u32 = 1_000_000;
/// How long a relay that was reached may be away.
pub(super) const PATIENCE_DEFAULT: Duration = Duration::from_mins(15);
/// How long a notice is tried: RFC 5321 section 4.5.4.1 says at least 4 to 5 days.
pub(super) const GIVE_UP_DEFAULT: Duration = Duration::from_hours(96);
/// How long before the deadline a notice that is refused for now is given up: see [`Delivery::margin`].
pub(super) const MARGIN_DEFAULT: Duration = Duration::from_hours(12);
/// How long a rate of the ramp holds where nobody says.
const DOUBLE_EVERY_DEFAULT: Duration = Duration::from_mins(10);
/// The longest time that a setting may name.
const DURATION_MAX: Duration = Duration::from_hours(1440);

/// Why a value on the command line or in delivery.toml is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseSettingError(String);

/// Reads delivery.toml.
///
/// Returns the settings, unless anything refuses the file, and every finding in the order of the file.
pub fn read(file: &str, bytes: &[u8]) -> (Option<Delivery>, Vec<Finding>) {
    document::read(file, bytes, delivery)
}

fn delivery(root: &Table<'_>) -> Option<Delivery> {
    let relay = root.need("relay", "\"inbox\" for a rehearsal, or a table with `url`");
    let relay = relay.and_then(|field| relay_setting(&field));
    let connections = match root.get("connections") {
        Some(field) => connections(&field),
        None => Some(CONNECTIONS_DEFAULT),
    };
    let limits = match root.get("rate") {
        Some(field) => limits(&field),
        None => Some(Vec::new()),
    };
    let timeouts = match root.get("timeouts") {
        Some(field) => field.table().and_then(|table| timeouts(&table)),
        None => Some(Timeouts::default()),
    };
    let retry = match root.get("retry") {
        Some(field) => field.table().and_then(|table| giving_up(&table)),
        None => Some((GIVE_UP_DEFAULT, MARGIN_DEFAULT)),
    };
    let ramp = match root.get("ramp") {
        Some(field) => field.table().and_then(|table| ramp(&table)).map(Some),
        None => Some(None),
    };
    let (relay, patience) = relay?;
    let (give_up_after, margin) = retry?;
    Some(Delivery {
        relay,
        connections: connections?,
        limits: limits?,
        patience,
        timeouts: timeouts?,
        ramp: ramp?,
        give_up_after,
        margin,
    })
}

fn giving_up(table: &Table<'_>) -> Option<(Duration, Duration)> {
    let after = table.get("give_up_after").map_or(Some(GIVE_UP_DEFAULT), |field| duration(&field));
    let margin = table.get("margin").map_or(Some(MARGIN_DEFAULT), |field| duration(&field));
    table.finish();
    Some((after?, margin?))
}

fn ramp(table: &Table<'_>) -> Option<Ramp> {
    let from = table.need("from", "the first rate: \"1/s\" or \"100/h\"").and_then(|field| {
        match parse_rate(&field.line()?) {
            Ok(Some(limit)) => return Some(limit),
            Ok(None) => field.refuse("rate", "a ramp begins with a rate: write 1/s or 100/h".to_owned()),
            Err(error) => field.refuse("rate", error.to_string()),
        }
        None
    });
    let double_every = table.get("double_every").map_or(Some(DOUBLE_EVERY_DEFAULT), |field| duration(&field));
    table.finish();
    Some(Ramp { from: from?, double_every: double_every? })
}

fn relay_setting(field: &Field<'_>) -> Option<(Relay, Duration)> {
    if field.is_text() {
        return relay_url(field).map(|relay| (relay, PATIENCE_DEFAULT));
    }
    let table = field.table()?;
    let relay = table.need("url", "smtps://HOST, smtp+starttls://HOST, smtp://127.0.0.1, or inbox");
    let relay = relay.and_then(|field| relay_url(&field));
    let patience = table.get("patience").map_or(Some(PATIENCE_DEFAULT), |field| duration(&field));
    let allow_plaintext = table.get("allow_plaintext").map_or(Some(false), |field| field.truth());
    let ca_file =
        table.get("ca_file").map_or(Some(None), |field| field.line().map(|path| Some(PathBuf::from(path))));
    let ehlo_name = table.get("ehlo_name").map_or(Some(None), |field| ehlo_name(&field).map(Some));
    let login = login(&table);
    table.finish();
    let (mut relay, login, ca_file, ehlo_name) = (relay?, login?, ca_file?, ehlo_name?);
    if let Relay::Server(server) = &mut relay {
        server.allow_plaintext = allow_plaintext?;
        server.login = login;
        server.ca_file = ca_file;
        server.ehlo_name = ehlo_name;
    }
    Some((relay, patience?))
}

fn relay_url(field: &Field<'_>) -> Option<Relay> {
    parse_relay(&field.line()?).map_err(|error| field.refuse("relay", error.to_string())).ok()
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

fn connections(field: &Field<'_>) -> Option<u32> {
    let number = field.number()?;
    if !(1..=CONNECTIONS_MAX).contains(&number) {
        field.refuse("unknown-value", format!("connections are 1 to {CONNECTIONS_MAX}"));
        return None;
    }
    u32::try_from(number).ok()
}

fn limits(field: &Field<'_>) -> Option<Vec<Limit>> {
    let texts = if field.is_text() { vec![field.line()?] } else { field.lines()? };
    let parsed: Result<Vec<_>, _> = texts.iter().map(|text| parse_rate(text)).collect();
    match parsed {
        Ok(limits) => Some(limits.into_iter().flatten().collect()),
        Err(error) => {
            field.refuse("rate", error.to_string());
            None
        }
    }
}

fn timeouts(table: &Table<'_>) -> Option<Timeouts> {
    let defaults = Timeouts::default();
    let of = |key, default| table.get(key).map_or(Some(default), |field| duration(&field));
    let connect = of("connect", defaults.connect);
    let greeting = of("greeting", defaults.greeting);
    let auth = of("auth", defaults.auth);
    let mail = of("mail", defaults.mail);
    let rcpt = of("rcpt", defaults.rcpt);
    let data = of("data", defaults.data);
    let content = of("content", defaults.content);
    let dot = of("dot", defaults.dot);
    if let (Some(field), Some(dot)) = (table.get("dot"), dot)
        && dot < defaults.dot
    {
        let message = "a limit on the final dot below 10 min makes doubts (RFC 5321 section 4.5.3.2.6)";
        field.warn("short-dot", message, "leave it out unless this is a test");
    }
    table.finish();
    Some(Timeouts {
        connect: connect?,
        greeting: greeting?,
        auth: auth?,
        mail: mail?,
        rcpt: rcpt?,
        data: data?,
        content: content?,
        dot: dot?,
    })
}

fn duration(field: &Field<'_>) -> Option<Duration> {
    parse_duration(&field.line()?).map_err(|error| field.refuse("duration", error.to_string())).ok()
}

fn parse_duration(text: &str) -> Result<Duration, ParseSettingError> {
    let refuse = || ParseSettingError(format!("`{text}` is not a time: write 500 ms, 10 s, 15 min, 2 h or 4 d"));
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| refuse())?;
    let ms: u64 = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(refuse()),
    };
    let duration = number.checked_mul(ms).map(Duration::from_millis).ok_or_else(refuse)?;
    if duration.is_zero() || duration > DURATION_MAX {
        return Err(ParseSettingError(format!("`{text}` is out of bounds: more than nothing, at most 60 d")));
    }
    Ok(duration)
}

/// Reads `20/s`, `30/min`, `5000/h`, `50000/d`, or `unlimited` (which is no limit).
pub fn parse_rate(text: &str) -> Result<Option<Limit>, ParseSettingError> {
    if text == "unlimited" {
        return Ok(None);
    }
    let refuse =
        || ParseSettingError(format!("`{text}` is not a rate: write 20/s, 30/min, 5000/h, 50000/d or unlimited"));
    let (attempts, unit) = text.split_once('/').ok_or_else(refuse)?;
    let attempts: u32 = attempts.trim().parse().map_err(|_| refuse())?;
    let seconds = match unit.trim() {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(refuse()),
    };
    if !(1..=LIMIT_ATTEMPTS_MAX).contains(&attempts) {
        return Err(ParseSettingError(format!("`{text}`: a rate allows 1 to {LIMIT_ATTEMPTS_MAX} attempts")));
    }
    Ok(Some(Limit { attempts, window: Duration::from_secs(seconds) }))
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
    fn rates_and_times() {
        assert_eq!(parse_rate("unlimited"), Ok(None));
        assert_eq!(parse_rate("20/s"), Ok(Some(Limit { attempts: 20, window: Duration::from_secs(1) })));
        assert_eq!(parse_rate("50000/d").unwrap().unwrap().window, Duration::from_hours(24));
        for bad in ["", "0/s", "20", "20/w", "-1/s", "1000001/s", "a/s"] {
            assert!(parse_rate(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_duration("10 s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse_duration("4d"), Ok(Duration::from_hours(96)));
        for bad in ["", "10", "s", "0 s", "61 d", "99999999999999999999 s", "18446744073709551615 d", "1.5 h"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_relay_table_and_its_login() {
        let text = "connections = 8\nrate = [\"20/s\", \"5000/h\"]\n[relay]\nurl = \"smtps://m.example.org\"\n\
            user = \"u\"\npassword_command = [\"pass\", \"show\", \"relay\"]\npatience = \"1 min\"\n";
        let (delivery, findings) = read("delivery.toml", text.as_bytes());
        assert_eq!(findings, []);
        let delivery = delivery.unwrap();
        assert_eq!((delivery.connections, delivery.limits.len(), delivery.patience.as_secs()), (8, 2, 60));
        let Relay::Server(server) = delivery.relay else { panic!() };
        assert_eq!(server.login.unwrap().user, "u");
    }

    #[test]
    fn a_ramp_and_when_to_give_up() {
        let text = "relay = \"inbox\"\nramp = { from = \"100/h\", double_every = \"1 h\" }\nretry = { margin = \"2 d\" }\n";
        let (delivery, findings) = read("delivery.toml", text.as_bytes());
        assert_eq!(findings, []);
        let delivery = delivery.unwrap();
        let ramp = delivery.ramp.unwrap();
        assert_eq!((ramp.from.attempts, ramp.double_every), (100, Duration::from_hours(1)));
        assert_eq!((delivery.give_up_after, delivery.margin), (GIVE_UP_DEFAULT, Duration::from_hours(48)));
        let (delivery, _) = read("delivery.toml", b"relay = \"inbox\"\nramp = { from = \"1/s\" }\n");
        assert_eq!(delivery.unwrap().ramp.unwrap().double_every, DOUBLE_EVERY_DEFAULT);
    }

    #[test]
    fn slips() {
        for (text, code) in [
            ("relay = \"inbox\"\nramp = { double_every = \"1 h\" }", "missing-key"),
            ("relay = \"inbox\"\nramp = { from = \"unlimited\" }", "rate"),
            ("relay = \"inbox\"\nretry = { margin = \"soon\" }", "duration"),
            ("", "missing-key"),
            ("relay = \"mail.example.org\"", "relay"),
            ("relay = \"inbox\"\nconnections = 0", "unknown-value"),
            ("relay = \"inbox\"\nrate = \"fast\"", "rate"),
            ("relay = \"inbox\"\nrelais = 1", "unknown-key"),
            ("relay = { url = \"inbox\", password = \"x\" }", "password-in-clear"),
            ("relay = { url = \"inbox\", user = \"x\" }", "login"),
            ("relay = \"inbox\"\ntimeouts = { dot = \"never\" }", "duration"),
        ] {
            let (delivery, findings) = read("delivery.toml", text.as_bytes());
            assert_eq!((delivery, findings.first().map(|f| f.code)), (None, Some(code)), "{text}");
        }
        let (delivery, findings) = read("delivery.toml", b"relay = \"inbox\"\ntimeouts = { dot = \"1 s\" }");
        assert!(delivery.is_some() && findings[0].code == "short-dot");
    }
}
