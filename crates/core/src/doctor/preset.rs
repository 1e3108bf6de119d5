//! What is known of a well-known relay, beside how delivery.toml would use it.

use super::Observation;
use crate::delivery::{Delivery, Limit, Preset, Relay};

/// Judges how `delivery` would use its relay for `people`, by what is known of that relay.
pub fn preset(delivery: &Delivery, people: u64) -> Vec<Observation> {
    let Relay::Server(server) = &delivery.relay else { return Vec::new() };
    let known = Preset::of_host(&delivery.relay);
    let Some(preset) = delivery.preset else {
        return known.map(|known| suggest(&server.host, known)).into_iter().collect();
    };
    let mut seen = vec![acceptance(preset)];
    seen.extend(lines(preset, delivery.connections));
    seen.extend(rate(preset, &delivery.limits));
    seen.extend(message_id(preset));
    seen.extend(preset.unfit(people).map(|found| {
        let means = "people would be told days after the first ones, or not at all";
        Observation::broken("relay.unfit", found, means, "use a relay that is made for bulk mail")
    }));
    seen
}

fn suggest(host: &str, known: &Preset) -> Observation {
    let found = format!("{host} is {}", known.title);
    let means = "what it allows is known, and is not used: nobody asked for it";
    Observation::look("relay.preset", found, means, format!("set [relay] preset = \"{}\"", known.name))
}

fn acceptance(preset: &Preset) -> Observation {
    let found = format!("preset \"{}\": {}", preset.name, preset.title);
    Observation::ok(
        "relay.acceptance",
        found,
        format!("accepted does not mean more than that: {}", preset.not_meant),
    )
}

fn lines(preset: &Preset, connections: u32) -> Option<Observation> {
    let most = preset.connections.filter(|most| connections > *most)?;
    let found = format!("{connections} connections; {} is known to do best with {most}", preset.title);
    let means = "what is set wins; the relay may refuse or slow down the others";
    Some(Observation::look(
        "relay.preset-connections",
        found,
        means,
        "take `connections` out, or keep it knowingly",
    ))
}

fn rate(preset: &Preset, limits: &[Limit]) -> Option<Observation> {
    let about = "relay.preset-rate";
    if preset.has_own_rate && limits.is_empty() {
        let found = format!("no rate is set, and {} has one for each account", preset.title);
        let means = "beyond it notices are deferred, and the run pauses and tries again";
        return Some(Observation::look(
            about,
            found,
            means,
            "set `rate` to what the account allows: rate = \"14/s\"",
        ));
    }
    // A window of the preset is kept where one of ours, no longer, allows no more of it in its time.
    let allows =
        |limit: &Limit, window: u128| u128::from(limit.attempts) * window.div_ceil(limit.window.as_millis().max(1));
    let exceeded = preset.limits.iter().find(|most| {
        let window = most.window.as_millis();
        !limits.iter().any(|limit| allows(limit, window) <= u128::from(most.attempts))
    })?;
    let found = format!("the rate set is above {} in {} s", exceeded.attempts, exceeded.window.as_secs());
    let means = format!("{} refuses or delays what goes beyond it", preset.title);
    Some(Observation::look(about, found, means, "take `rate` out, or keep it knowingly"))
}

fn message_id(preset: &Preset) -> Option<Observation> {
    let found = preset.message_id_in_words()?;
    let means = "notices are known by X-Forthwith-ID, and by the id in the relay's 250, which the ledger keeps";
    Some(Observation::ok("relay.message-id", found, means))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Mark;

    fn seen(text: &str, people: u64) -> Vec<(&'static str, Mark)> {
        let (delivery, findings) = crate::delivery::read("delivery.toml", text.as_bytes());
        let delivery = delivery.unwrap_or_else(|| panic!("{findings:?}"));
        preset(&delivery, people).into_iter().map(|seen| (seen.about, seen.mark)).collect()
    }

    const SES: &str = "url = \"smtps://email-smtp.eu-west-1.amazonaws.com\"\n";
    const EXCHANGE: &str = "url = \"smtp+starttls://smtp.office365.com\"\npreset = \"exchange-online\"\n";

    #[test]
    fn a_preset_is_suggested_and_one_that_is_set_is_held_against_the_settings() {
        let (ok, look, broken) = (Mark::Ok, Mark::Look, Mark::Broken);
        assert_eq!(seen(&format!("[relay]\n{SES}"), 9), [("relay.preset", look)]);
        assert_eq!(seen("relay = \"smtps://relay.example.org\"", 9), []);
        assert_eq!(seen("relay = \"inbox\"", 9), []);
        let ses = format!("[relay]\n{SES}preset = \"ses\"\n");
        let known = [("relay.acceptance", ok), ("relay.preset-rate", look), ("relay.message-id", ok)];
        assert_eq!(seen(&ses, 9), known);
        assert_eq!(seen(&format!("rate = \"50/s\"\n{ses}"), 9), [known[0], known[2]]);

        let known = [("relay.acceptance", ok), ("relay.message-id", ok)];
        assert_eq!(seen(&format!("[relay]\n{EXCHANGE}"), 10_000), known);
        assert_eq!(seen(&format!("[relay]\n{EXCHANGE}"), 10_001), [known[0], known[1], ("relay.unfit", broken)]);
        assert_eq!(
            seen(&format!("connections = 4\nrate = \"1/s\"\n[relay]\n{EXCHANGE}"), 9),
            [known[0], ("relay.preset-connections", look), ("relay.preset-rate", look), known[1]]
        );
        assert_eq!(seen(&format!("rate = [\"10/min\", \"10/h\"]\n[relay]\n{EXCHANGE}"), 9), known);
    }
}
