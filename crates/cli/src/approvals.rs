//! What is known of the release of a plan, gathered for the core to judge and told to people: the statement, what was
//! recorded, the signers that are kept outside the folder. It decides nothing.

use crate::{
    args::SignersArgs,
    commands::refuse_settings,
    exit::{CommandError, Exit},
    findings::Sources,
    folder::{Folder, INCIDENT, open_file},
    ledgers,
    terminal::Out,
};
use forthwith_core::{
    approval::{
        APPROVED, Act, Counted, Grounds, How, Judgement, Lacking, NotApproved, Recorded, SetAside, Signer,
        WITHDRAWN, read_signers, statement,
    },
    document::DOCUMENT_OCTETS_MAX,
    incident::{self, Incident},
};
use forthwith_ledger::sqlite::{ActView, CurrentPlan, LedgerReader};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{io::Read as _, path::Path};

/// The name under which the statement is frozen beside the inputs: a newer program may word it otherwise, and what
/// was signed stays what it was.
pub const STATEMENT: &str = "statement to sign";

/// What a release is judged by, as it was gathered.
pub struct Gathered {
    /// The statement of the plan.
    pub statement: Vec<u8>,
    /// What was recorded, of every plan.
    pub records: Vec<Recorded>,
    outside: Option<Vec<Signer>>,
    plan: i64,
}

impl Gathered {
    /// Gathers what the ledger knows of the plan; `outside` are signers that are kept outside the folder.
    pub fn of(
        reader: &LedgerReader,
        plan: &CurrentPlan,
        incident: &Incident,
        outside: Option<Vec<Signer>>,
    ) -> Result<Self, CommandError> {
        let acts = reader.acts(&[APPROVED, WITHDRAWN]).map_err(ledgers::failed)?;
        let records = acts.into_iter().map(recorded).collect();
        Ok(Self { statement: statement_of(plan, incident), records, outside, plan: plan.number })
    }

    /// Returns it as the core takes it.
    pub fn grounds(&self, now: Timestamp) -> Grounds<'_> {
        let Self { statement, records, outside, plan } = self;
        Grounds { outside: outside.as_deref(), statement, plan: *plan, records, now }
    }
}

/// Returns the incident as it was frozen.
pub fn frozen_incident(plan: &CurrentPlan) -> Result<Incident, CommandError> {
    let bytes = plan.frozen.inputs.get(INCIDENT);
    let incident = bytes.and_then(|bytes| incident::read(INCIDENT, bytes.expose()).0);
    incident.ok_or_else(|| {
        CommandError::new(Exit::NotReleased, "this version of forthwith refuses the incident.toml that was frozen")
            .hint("go on with the version that froze the plan")
    })
}

/// Returns who withdrew the release of `plan` after `run` began, and why, where somebody did.
pub fn withdrawn_after(
    reader: &LedgerReader,
    plan: i64,
    run: i64,
) -> Result<Option<(String, String)>, CommandError> {
    let acts = reader.acts(&[WITHDRAWN]).map_err(ledgers::failed)?;
    let last = acts.into_iter().rfind(|act| act.plan == plan && act.event.0 > run);
    Ok(last.map(|act| match recorded(act).act {
        Some(Act::Withdrawn { by, reason }) => (by, reason),
        _ => ("somebody".to_owned(), "the reason was purged".to_owned()),
    }))
}

/// Returns the statement of a plan: as it was frozen, or made now where an earlier build froze it.
fn statement_of(plan: &CurrentPlan, incident: &Incident) -> Vec<u8> {
    let frozen = &plan.frozen;
    let kept = frozen.inputs.get(STATEMENT).map(|bytes| bytes.expose().clone());
    kept.unwrap_or_else(|| statement(&frozen.manifest, &frozen.digest, incident).into_bytes())
}

fn recorded(act: ActView) -> Recorded {
    let (run, number) = act.event;
    Recorded {
        event: format!("{run}.{number}"),
        plan: act.plan,
        at: act.at,
        seen: act.seen,
        withdraws: act.kind == WITHDRAWN,
        act: act.private.and_then(|bytes| Act::read(bytes.expose())),
    }
}

/// Reads the signers that `--signers` names, where it was given.
///
/// # Errors
///
/// Exit 1 where the file cannot be read, 2 where it lies in the incident folder, 3 where it is refused.
pub fn outside(folder: &Folder, args: &SignersArgs, out: Out) -> Result<Option<Vec<Signer>>, CommandError> {
    args.signers.as_ref().map(|path| read_outside(folder, path, out)).transpose()
}

fn read_outside(folder: &Folder, path: &Path, out: Out) -> Result<Vec<Signer>, CommandError> {
    let shown = path.display().to_string();
    let cannot = |error: std::io::Error| {
        CommandError::new(Exit::Cannot, format!("cannot read the file of signers {shown}"))
            .because(error)
            .hint("it is a file in the form of OpenSSH's allowed signers, one key a line")
    };
    let file = open_file(path).map_err(cannot)?;
    let is_inside = match (path.canonicalize(), folder.path.canonicalize()) {
        (Ok(file), Ok(folder)) => file.starts_with(folder),
        _ => false,
    };
    if is_inside {
        let message = format!("the file of signers {shown} lies in the incident folder");
        return Err(CommandError::new(Exit::Usage, message)
            .hint("keep it where whoever writes into the folder cannot: /etc/forthwith/signers"));
    }
    let mut bytes = Vec::new();
    // One octet over the limit is read, so that too much is seen.
    file.take(DOCUMENT_OCTETS_MAX as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
    let (signers, findings) = read_signers(&shown, &bytes);
    if findings.is_empty() {
        return Ok(signers);
    }
    let sources = Sources::from([(shown, String::from_utf8_lossy(&bytes).into_owned())]);
    Err(refuse_settings(&findings, &sources, out))
}

/// Returns the error of a plan that is not released, with everything that does not count and why.
pub fn refusal(error: NotApproved, folder: &Folder) -> CommandError {
    let path = folder.path.display();
    let refused = CommandError::new(Exit::NotReleased, error.to_string());
    let rehearsal = "a rehearsal needs no release: --relay inbox";
    match error {
        NotApproved::NoRule => refused
            .hint("[approval] in incident.toml names who signs (docs/approval.md)")
            .hint(
                "[approval] none = \"why nobody has to release it\" goes on without, and is printed in the packet",
            )
            .hint(rehearsal),
        NotApproved::Lacking(judgement) => {
            let refused = refused.with_report(json!({ "approval": json(&judgement) }));
            let aside = judgement.set_aside.iter().map(|aside| format!("does not count: {}", aside_told(aside)));
            let refused = aside.fold(refused, CommandError::hint);
            refused.hint(format!("`forthwith approve {path}` shows what is signed, and how")).hint(rehearsal)
        }
    }
}

/// Returns what the release rests on, a line for each person.
pub fn lines(judgement: &Judgement) -> Vec<String> {
    let counted = judgement.counted.iter().map(counted_told);
    let aside = judgement.set_aside.iter().map(|aside| format!("  does not count: {}", aside_told(aside)));
    counted.chain(aside).chain(judgement.lacking.iter().map(|lacking| format!("  lacking: {lacking}"))).collect()
}

/// Returns it in a line: released by whom and how, or what is lacking.
pub fn line(judgement: &Judgement) -> String {
    if judgement.is_released() {
        let by = judgement.counted.iter().map(|one| format!("{} by {}", one.how.told(), one.names[0]));
        let until = judgement.until().map(|until| format!("; counts until {until:.0}")).unwrap_or_default();
        return format!("Released: {}{until}", by.collect::<Vec<_>>().join(", "));
    }
    let lacking = judgement.lacking.iter().map(ToString::to_string).collect::<Vec<_>>();
    format!("NOT RELEASED: {}", lacking.join("; "))
}

fn counted_told(one: &Counted) -> String {
    let roles: Vec<_> = one.roles.iter().map(String::as_str).collect();
    let roles = if roles.is_empty() { String::new() } else { format!(" ({})", roles.join(", ")) };
    let with = match &one.how {
        How::Signed { fingerprint } => format!(" {fingerprint}"),
        How::Witnessed { witness } => format!(" by {witness}"),
    };
    let how = one.how.told();
    format!("  {}{roles}: {how}{with}, recorded {:.0}, counts until {:.0}", one.names[0], one.at, one.until)
}

fn aside_told(aside: &SetAside) -> String {
    let who = aside.who.as_ref().map(|who| format!(" of {who}")).unwrap_or_default();
    format!("the release{who} recorded {:.0}: {}", aside.at, aside.why)
}

/// Returns it for programs.
pub fn json(judgement: &Judgement) -> Value {
    let counted = judgement.counted.iter().map(|one| {
        json!({
            "name": one.names[0], "roles": one.roles, "how": one.how.told(), "event": one.event,
            "at": one.at.to_string(), "until": one.until.to_string(),
            "key": match &one.how { How::Signed { fingerprint } => json!(fingerprint), How::Witnessed { .. } => Value::Null },
            "witness": match &one.how { How::Witnessed { witness } => json!(witness), How::Signed { .. } => Value::Null },
        })
    });
    let aside = judgement.set_aside.iter().map(|aside| {
        json!({ "name": aside.who, "event": aside.event, "at": aside.at.to_string(), "why": aside.why.to_string() })
    });
    json!({
        "released": judgement.is_released(),
        "until": judgement.until().map(|until| until.to_string()),
        "counted": counted.collect::<Vec<_>>(),
        "set_aside": aside.collect::<Vec<_>>(),
        "lacking": judgement.lacking.iter().map(Lacking::to_string).collect::<Vec<_>>(),
    })
}
