//! Reads delivery.toml, and the few forms that its values share with the command line.

mod calendar;
mod domains;
mod relay;

pub use relay::parse_relay;

use super::{Delivery, Limit, Readiness, Timeouts};
use crate::{
    address::Address,
    document::{self, Field, Table},
    domains::Domains,
    fact::Determination,
    finding::Finding,
    ramp::Ramp,
};
use relay::RelayTable;
use std::time::Duration;

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
/// Addresses that get samples: the people who look at them, and no list.
const TEST_ADDRESSES_MAX: usize = 20;
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
    let relay = relay.and_then(|field| RelayTable::read(&field));
    // What is set beside a preset wins.
    let preset = relay.as_ref().and_then(|relay| relay.preset);
    let connections = match root.get("connections") {
        Some(field) => connections(&field),
        None => Some(preset.and_then(|preset| preset.connections).unwrap_or(CONNECTIONS_DEFAULT)),
    };
    let limits = match root.get("rate") {
        Some(field) => limits(&field),
        None => Some(preset.map_or(&[][..], |preset| preset.limits).to_vec()),
    };
    let domains = root.get("domains").map_or(Some(Domains::default()), |field| domains::groups(&field));
    let calendar = calendar::calendar(root);
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
    let ready = match root.get("ready") {
        Some(field) => field.table().and_then(|table| ready(&table)),
        None => Some(Readiness::default()),
    };
    let test_to = match root.get("test") {
        Some(field) => field.table().and_then(|table| test_to(&table)),
        None => Some(Vec::new()),
    };
    let RelayTable { relay, patience, queue, preset } = relay?;
    let (give_up_after, margin) = retry?;
    Some(Delivery {
        relay,
        queue,
        preset,
        connections: connections?,
        limits: limits?,
        domains: domains?,
        calendar: calendar?,
        patience,
        timeouts: timeouts?,
        ramp: ramp?,
        give_up_after,
        margin,
        ready: ready?,
        test_to: test_to?,
    })
}

fn ready(table: &Table<'_>) -> Option<Readiness> {
    let said = |key| table.get(key).map_or(Some(None), |field| Determination::read(&field).map(Some));
    let (statement_live, help_desk_briefed) = (said("statement_live"), said("help_desk_briefed"));
    table.finish();
    Some(Readiness { statement_live: statement_live?, help_desk_briefed: help_desk_briefed? })
}

fn test_to(table: &Table<'_>) -> Option<Vec<Address>> {
    let field = table.need("to", "the addresses that may get a marked sample");
    table.finish();
    let items = field?.items()?;
    if items.len() > TEST_ADDRESSES_MAX {
        table.refuse("too-many", format!("at most {TEST_ADDRESSES_MAX} addresses get samples"));
        return None;
    }
    let address = |item: &Field<'_>| match Address::parse(&item.line()?) {
        Ok(address) => Some(address),
        Err(error) => {
            item.refuse("address-syntax", format!("this is no address: {error}"));
            None
        }
    };
    let addresses: Vec<_> = items.iter().map(address).collect();
    addresses.into_iter().collect()
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

pub(crate) fn parse_duration(text: &str) -> Result<Duration, ParseSettingError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Relay;

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
    fn who_says_that_all_is_ready_and_who_gets_samples() {
        let text = "relay = \"inbox\"\n[ready]\nstatement_live = { by = \"Bo Birch, web\", on = 2026-11-01 }\n\
                    [test]\nto = [\"ada@firm.example\"]\n";
        let (delivery, findings) = read("delivery.toml", text.as_bytes());
        assert_eq!(findings, []);
        let delivery = delivery.unwrap();
        assert_eq!(delivery.ready.statement_live.as_ref().unwrap().by, "Bo Birch, web");
        let missing: Vec<_> = delivery.ready.missing().into_iter().map(|(key, _)| key).collect();
        assert_eq!(missing, ["help_desk_briefed"]);
        assert_eq!(delivery.test_to[0].expose(), "ada@firm.example");
        assert_eq!(Readiness::default().missing().len(), 2);
    }

    #[test]
    fn slips() {
        for (text, code) in [
            ("relay = \"inbox\"\n[ready]\nstatement_live = true", "wrong-type"),
            ("relay = \"inbox\"\n[ready]\nstatement_live = { by = \"x\" }", "missing-key"),
            ("relay = \"inbox\"\n[ready]\nhelp_desk = { by = \"x\", on = 2026-11-01 }", "unknown-key"),
            ("relay = \"inbox\"\n[test]\nto = [\"nobody\"]", "address-syntax"),
            ("relay = \"inbox\"\n[test]", "missing-key"),
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
