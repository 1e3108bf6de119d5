//! `forthwith test-send`: one marked sample of a wording, with invented data, to an address that delivery.toml names.
//!
//! It is no notice: no plan, ledger or count knows of it, and it needs no release.

use super::notify::relay_settings;
use crate::{
    args::TestSendArgs,
    checking,
    commands::{refuse, refuse_settings},
    exit::{CommandError, Exit},
    folder::{DELIVERY, Folder},
    password,
    terminal::{Out, without_addresses},
};
use forthwith_core::{
    address::Address,
    affected::Wanted,
    delivery::{Delivery, Relay, Server},
    key::PlanKey,
    message::Message,
    sample,
    verdict::{Answer, Reply, Stage},
};
use forthwith_sender::{Trial, TrialFailure, try_out};
use jiff::Timestamp;
use serde_json::json;

/// Runs the command.
pub fn run(args: &TestSendArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let delivery = relay_settings(args.relay.as_deref(), &folder, out)?;
    let to = allowed(&args.to, &delivery)?;
    let Relay::Server(server) = delivery.relay.clone() else {
        let message = "the relay is the built-in inbox: a sample is to be looked at where notices will be";
        return Err(CommandError::new(Exit::Usage, message)
            .hint(format!("name the relay in {DELIVERY}, or with --relay smtps://HOST")));
    };
    // A key of its own, so that no notice has the sample's token or Message-ID.
    let key = key()?;
    let message = message(args, &folder, &server, &key, &to, out)?;
    let trial = Trial {
        server,
        password: password::read(&delivery.relay)?,
        timeouts: delivery.timeouts,
        to: &to,
        token: &key.token(1),
        message: &message,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::new(Exit::Cannot, "cannot start the runtime").because(error))?;
    let reply = runtime.block_on(try_out(trial)).map_err(failed)?;
    tell(args, &delivery, &reply, out);
    Ok(Exit::Done)
}

/// Returns the address, where delivery.toml lets samples go to it.
fn allowed(to: &str, delivery: &Delivery) -> Result<Address, CommandError> {
    let address = Address::parse(to)
        .map_err(|error| CommandError::new(Exit::Usage, format!("\"{to}\" is no address")).because(error))?;
    if delivery.test_to.iter().any(|allowed| allowed.expose() == address.expose()) {
        return Ok(address);
    }
    let message = format!("{DELIVERY} does not let a sample go to {to}");
    Err(CommandError::new(Exit::NotReleased, message)
        .hint(format!("name those who look at samples there: [test] to = [\"{to}\"]")))
}

fn key() -> Result<PlanKey, CommandError> {
    let mut bytes = [0; PlanKey::OCTETS];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| CommandError::new(Exit::Cannot, "the system gives no random octets").because(error))?;
    Ok(PlanKey::new(bytes))
}

/// Reads the folder as it is now, and renders the sample.
fn message(
    args: &TestSendArgs,
    folder: &Folder,
    server: &Server,
    key: &PlanKey,
    to: &Address,
    out: Out,
) -> Result<Message, CommandError> {
    let checked = checking::check(folder, out, Wanted::Remarkable, |_| Ok(()))?;
    let Some((incident, _, words)) = checked.inputs.whole() else { return Err(refuse(&checked, out, folder)) };
    let leftovers = sample::leftovers(incident);
    if !server.is_loopback() && !leftovers.is_empty() {
        return Err(refuse_settings(&leftovers, &checked.inputs.sources, out));
    }
    let variant = checked.variants.keys().find(|variant| variant.to_string() == args.variant);
    let variant = variant.ok_or_else(|| {
        let path = folder.path.display();
        CommandError::new(Exit::Usage, format!("no notice has the variant \"{}\"", args.variant))
            .hint(format!("`forthwith preview {path}` lists them"))
    })?;
    words
        .trial(key, variant, to, Timestamp::now())
        .map_err(|error| CommandError::new(Exit::Refused, "the sample cannot be rendered").because(error))
}

fn failed(failure: TrialFailure) -> CommandError {
    let error = CommandError::new(Exit::Relay, failure.to_string());
    match failure {
        TrialFailure::SetUp(_) => error.hint("mend [relay] in delivery.toml; nothing was connected"),
        TrialFailure::Gate(_) => CommandError::new(Exit::Cannot, failure.to_string()),
        TrialFailure::Reached(failure) => error.because(said(failure.stage, &failure.answer)),
        TrialFailure::Refused(Stage::Dot, Answer::Lost(why)) => error
            .because(said(Stage::Dot, &Answer::Lost(why)))
            .hint("the line broke at the final dot: it may have been taken all the same; look for it"),
        TrialFailure::Refused(stage, answer) => error.because(said(stage, &answer)),
    }
}

fn said(stage: Stage, answer: &Answer) -> String {
    let what = match answer {
        Answer::Reply(reply) => reply.text(),
        Answer::Lost(why) => why.clone(),
    };
    format!("at {stage}: {}", without_addresses(&what))
}

fn tell(args: &TestSendArgs, delivery: &Delivery, reply: &Reply, out: Out) {
    out.json(&json!({
        "variant": args.variant, "to": args.to, "relay": delivery.relay.to_string(), "accepted": true,
        "reply": reply.text(),
    }));
    out.line(format!("A sample of {} was accepted by {} for {}.", args.variant, delivery.relay, args.to));
    out.line(format!("It said: {}", reply.text()));
    out.line(
        "Its subject begins with [TEST], and its data are invented. Nobody was told, and no count knows of it.",
    );
}
