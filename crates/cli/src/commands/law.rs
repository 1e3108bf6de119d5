//! `forthwith law`: shows the regimes as the program understands them. It decides nothing, and says of no notice that
//! it meets a law.

mod page;

use crate::{
    args::LawArgs,
    exit::{CommandError, Exit},
    terminal::Out,
};
use forthwith_core::{
    document::nearest,
    law::{self, Regime, Tally, Word},
};
use serde_json::{Value, json};

/// What stands under every answer.
const UNCONFIRMED: &str =
    "Nothing here was confirmed by counsel, and it is no legal advice. How each rule was read stands beside it.";

/// Runs the command.
pub fn run(args: &LawArgs, out: Out) -> Result<Exit, CommandError> {
    match &args.id {
        Some(id) => one(found(id)?, out),
        None => all(out),
    }
    Ok(Exit::Done)
}

fn found(id: &str) -> Result<&'static Regime, CommandError> {
    law::regime(&id.to_ascii_lowercase()).ok_or_else(|| {
        let known = law::shipped().iter().map(|regime| regime.id.as_str());
        let next = match nearest(id, known) {
            Some(near) => format!("is `{near}` meant? `forthwith law` lists all of them"),
            None => "`forthwith law` lists all of them".to_owned(),
        };
        CommandError::new(Exit::Usage, format!("there is no regime `{id}`")).hint(next)
    })
}

fn one(regime: &Regime, out: Out) {
    out.json(&whole(regime));
    for line in page::lines(regime) {
        out.line(line);
    }
    out.line("");
    out.line(UNCONFIRMED);
}

/// Returns a regime whole, with how far it was read.
fn whole(regime: &Regime) -> Value {
    let mut value = serde_json::to_value(regime).expect("a regime is plain data");
    value["tally"] = json!(regime.tally());
    value
}

fn all(out: Out) {
    let regimes = law::shipped();
    let short = |regime: &Regime| {
        json!({
            "id": regime.id,
            "title": regime.title,
            "citation": regime.citation,
            "revision": regime.revision,
            "effective": regime.effective,
            "verified": regime.verified,
            "email_tier": regime.manner.as_ref().map(|manner| manner.email.tier),
            "tally": regime.tally(),
        })
    };
    let total = regimes.iter().map(Regime::tally).fold(Tally::default(), |sum, tally| sum + tally);
    out.json(&json!({ "regimes": regimes.iter().map(short).collect::<Vec<_>>(), "tally": total }));
    let width = regimes.iter().map(|regime| regime.id.len()).max().unwrap_or_default();
    for regime in regimes {
        let tier = regime.manner.as_ref().map_or("--", |manner| manner.email.tier.word());
        let people = page::people_within(regime);
        out.line(format!("{:width$}  {tier}  {people:18}  {}", regime.id, regime.title));
    }
    out.line("");
    out.line(format!(
        "{} regimes; {} of {} rules unverified: {} written down from the law itself, {} from what others write about \
it, {} from memory.",
        regimes.len(),
        total.unverified,
        total.rules,
        total.read,
        total.secondary,
        total.recalled
    ));
    out.line("E1 to E5: how much each asks for before an e-mail alone is enough. Look at one: forthwith law us-vt");
    out.line(UNCONFIRMED);
}
