//! `forthwith approve`: releases the frozen plan by a signature or by a paper that was witnessed, or takes that back;
//! asked for nothing, it shows where the release stands and how to sign. What counts is the core's to say.

use crate::{
    approvals::{self, Gathered},
    args::ApproveArgs,
    exit::{CommandError, Exit},
    folder::{Folder, open_file},
    ledgers::{self, Stage},
    packet, releases, signing,
    terminal::{Out, note},
};
use forthwith_core::{
    approval::{
        Act, ApprovalRule, Judgement, NAMESPACE, NotApproved, NotCounted, Recorded, SIGNATURE_OCTETS_MAX,
        Signature, SignatureRefused, are_plain_words_of, is_role, plain_words,
    },
    digest::Hashing,
    incident::Incident,
};
use forthwith_ledger::sqlite::{ActError, BesideError, CurrentPlan, NewAct, OpenLedgerError, record_act};
use jiff::Timestamp;
use serde_json::json;
use std::{
    io::{self, BufRead as _, IsTerminal as _, Read as _},
    path::Path,
};

/// Octets of the words that are typed from a paper: eight of at most seven letters, and room for slips.
const ANSWER_OCTETS_MAX: u64 = 256;
/// Octets of a paper's file that are read at a time.
const BLOCK: usize = 64 * 1_024;
/// The event that an act has before it is recorded.
const NOT_YET: &str = "now";

/// Runs the command.
pub fn run(args: &ApproveArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let now = Timestamp::now();
    let (reader, plan) = ledgers::look(&folder, Stage::Real)?;
    let incident = approvals::frozen_incident(&plan)?;
    let rule = incident.approval.as_ref();
    let rule = rule.ok_or_else(|| approvals::refusal(NotApproved::NoRule, &folder))?;
    let outside = approvals::outside(&folder, &args.signers, out)?;
    let gathered = Gathered::of(&reader, &plan, &incident, outside.clone())?;
    let at_hand = AtHand { args, folder: &folder, plan: &plan, incident: &incident, rule, now, out };
    if gathered.grounds(now).judge(rule).is_none() {
        return Err(nobody_asked(&folder));
    }
    let Some(act) = at_hand.act(&gathered)? else { return Ok(at_hand.show(&gathered)) };
    let gathered = if let Some(already) = at_hand.refused(&act, &gathered)? {
        out.line(already);
        gathered
    } else {
        at_hand.record(&act, &gathered)?;
        Gathered::of(&reader, &plan, &incident, outside)?
    };
    at_hand.tell(&act, &gathered)
}

fn nobody_asked(folder: &Folder) -> CommandError {
    let path = folder.path.display();
    CommandError::new(Exit::Usage, "incident.toml says that nobody has to release this plan: [approval] none")
        .hint("name signers there to change that, and freeze the plan anew (docs/approval.md)")
        .hint(format!("`forthwith stop {path} --reason TEXT` ends a notify that goes on"))
}

/// What the command works with.
struct AtHand<'a> {
    args: &'a ApproveArgs,
    folder: &'a Folder,
    plan: &'a CurrentPlan,
    incident: &'a Incident,
    rule: &'a ApprovalRule,
    now: Timestamp,
    out: Out,
}

impl AtHand<'_> {
    /// Returns what is to be recorded; `None` where nothing is asked for.
    fn act(&self, gathered: &Gathered) -> Result<Option<Act>, CommandError> {
        let args = self.args;
        if let Some(key) = &args.key {
            let signature = signing::sign(key, args.passphrase_file.as_deref(), &gathered.statement)?;
            return Ok(Some(Act::Signed { signature, made_here: true }));
        }
        if let Some(path) = &args.signature {
            return read_signature(path).map(|signature| Some(Act::Signed { signature, made_here: false }));
        }
        if let Some(witness) = &args.witnessed_by {
            return self.witnessed(witness).map(Some);
        }
        if args.withdraw {
            let by = args.by.clone().unwrap_or_else(ledgers::account);
            let reason = args.reason.clone().filter(|reason| !reason.trim().is_empty());
            let reason = reason
                .ok_or_else(|| CommandError::new(Exit::Usage, "a withdrawal needs a reason: --reason TEXT"))?;
            return Ok(Some(Act::Withdrawn { by, reason }));
        }
        Ok(None)
    }

    fn witnessed(&self, witness: &str) -> Result<Act, CommandError> {
        let args = self.args;
        // clap asks for all of them together.
        let role = args.role.clone().unwrap_or_default();
        let signed_by = args.signed_by.clone().unwrap_or_default();
        let path = args.document.clone().unwrap_or_default();
        if [witness, &signed_by].iter().any(|name| name.trim().is_empty()) {
            return Err(CommandError::new(Exit::Usage, "a name is missing: who signed, and who saw it"));
        }
        if !is_role(&role) {
            let message = format!("\"{role}\" is no role: a-z 0-9 -, such as counsel or privacy");
            return Err(CommandError::new(Exit::Usage, message));
        }
        let document = digest_of(&path)?;
        let words_compared = self.compare_words()?;
        let document_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Act::Witnessed { signed_by, role, witness: witness.to_owned(), document_name, document, words_compared })
    }

    /// Compares the words on the paper with the plan's: as given, or as typed on a terminal.
    fn compare_words(&self) -> Result<bool, CommandError> {
        let digest = &self.plan.frozen.digest;
        let typed = match &self.args.words {
            Some(words) => words.clone(),
            None if io::stdin().is_terminal() && self.out.is_interactive => {
                note("Type the eight words that stand on the signed paper:");
                let mut typed = String::new();
                let stdin = io::stdin().lock();
                stdin.take(ANSWER_OCTETS_MAX).read_line(&mut typed).map_err(|error| {
                    CommandError::new(Exit::NotReleased, "the answer cannot be read").because(error)
                })?;
                typed
            }
            None => {
                self.out
                    .message("The words on the paper were not compared with the plan's: --words \"…\" does that.");
                return Ok(false);
            }
        };
        if are_plain_words_of(&typed, digest) {
            return Ok(true);
        }
        Err(CommandError::new(
            Exit::NotReleased,
            "these are not the words of this plan: the paper is for another one",
        )
        .hint(format!("this plan's are: {}", plain_words(digest)))
        .hint("print the packet's statement, and have that one signed"))
    }

    /// Refuses an act that would not count, before anything is recorded. Returns what to say where it is recorded
    /// already, and counts.
    fn refused(&self, act: &Act, gathered: &Gathered) -> Result<Option<String>, CommandError> {
        if matches!(act, Act::Withdrawn { .. }) {
            return Ok(None);
        }
        let mut records = gathered.records.clone();
        records.push(Recorded {
            event: NOT_YET.to_owned(),
            plan: self.plan.number,
            at: self.now,
            seen: self.now,
            withdraws: false,
            act: Some(act.clone()),
        });
        let grounds = gathered.grounds(self.now);
        let judgement = forthwith_core::approval::Grounds { records: &records, ..grounds }.judge(self.rule);
        let judgement = judgement.unwrap_or_default();
        let Some(aside) = judgement.set_aside.iter().find(|aside| aside.event == NOT_YET) else { return Ok(None) };
        if aside.why == NotCounted::Replayed && is_counted(act, gathered, &judgement) {
            return Ok(Some("This signature is recorded already, and counts.".to_owned()));
        }
        Err(self.why_not(act, &aside.why, gathered))
    }

    fn why_not(&self, act: &Act, why: &NotCounted, gathered: &Gathered) -> CommandError {
        let error = CommandError::new(Exit::NotReleased, "nothing was recorded").because(why.clone());
        match (act, why) {
            (Act::Signed { signature, .. }, NotCounted::Signature(SignatureRefused::OtherBytes)) => {
                let over = self.over_what(signature, gathered);
                over.into_iter().fold(error, CommandError::hint).hint(self.command())
            }
            (_, NotCounted::Signature(_)) => error.hint(self.command()),
            (_, NotCounted::Replayed) => {
                error.hint("--key signs again, here and now: a key in an agent is named by its .pub file")
            }
            (_, NotCounted::ClockSetBack { .. }) => {
                error.hint("set the clock right; `forthwith doctor` looks at it")
            }
            (_, NotCounted::OtherKey { .. }) => {
                error.hint("[approval] signers in incident.toml, or --signers FILE, name whose keys count")
            }
            _ => error,
        }
    }

    /// Says which other file the signature is over, where that is one that we know.
    fn over_what(&self, signature: &str, gathered: &Gathered) -> Option<String> {
        let read = Signature::read(signature.as_bytes()).ok()?;
        let is_over = |bytes: &[u8]| read.check(&read.key(), bytes).is_ok();
        if is_over(self.plan.frozen.manifest.as_bytes()) {
            return Some("it is over manifest.txt; statement.txt is what is signed".to_owned());
        }
        let text = String::from_utf8_lossy(&gathered.statement);
        if is_over(text.trim_end().as_bytes()) || is_over(text.replace('\n', "\r\n").as_bytes()) {
            return Some(
                "it is over a copy of the statement with other line ends: sign the file itself".to_owned(),
            );
        }
        let earlier = releases::statements(self.folder);
        let digest = earlier.into_iter().find(|(_, bytes)| is_over(bytes)).map(|(digest, _)| digest)?;
        Some(format!("it is over the statement of the plan {digest}…, which another one replaced"))
    }

    /// Returns the command that signs anywhere.
    fn command(&self) -> String {
        let statement = packet::path(self.folder).join("statement.txt");
        format!("ssh-keygen -Y sign -f KEY -n {NAMESPACE} {}", statement.display())
    }

    fn record(&self, act: &Act, gathered: &Gathered) -> Result<(), CommandError> {
        releases::keep(self.folder, self.plan, self.rule, act, gathered, self.now)?;
        let new = NewAct {
            plan: self.plan.frozen.digest,
            kind: act.kind(),
            facts: act.facts(),
            private: act.private(),
            ends_run: matches!(act, Act::Withdrawn { .. }),
        };
        let path = Stage::Real.ledger(self.folder);
        let head = record_act(&path, &ledgers::identity("approve", self.now), &new);
        head.map(drop).map_err(|error| match error {
            ActError::Beside(BesideError::Open(OpenLedgerError::Missing { .. })) => {
                ledgers::no_plan(self.folder, Stage::Real)
            }
            ActError::Beside(BesideError::Open(error)) => ledgers::unusable(error),
            ActError::Beside(BesideError::Ledger(error)) => ledgers::failed(error),
            error => CommandError::new(Exit::NotReleased, "nothing was recorded")
                .because(error)
                .hint("read the new packet, and sign its statement"),
        })
    }

    /// Tells where the release stands after the act.
    fn tell(&self, act: &Act, gathered: &Gathered) -> Result<Exit, CommandError> {
        let judgement = gathered.grounds(self.now).judge(self.rule).unwrap_or_default();
        packet::write_approvals(self.folder, self.plan, self.incident, Some(&judgement))?;
        let mut report = self.report(&judgement);
        report["recorded"] = json!(act.kind());
        self.out.json(&report);
        let path = self.folder.path.display();
        if let Act::Withdrawn { .. } = act {
            self.out.line("Withdrawn: every release of this plan recorded so far is void.");
            self.out
                .line("A notify that goes on begins nothing new, waits for open replies, and ends with exit 4.");
            self.out.line(format!("See how it ended: forthwith status {path}"));
            return Ok(Exit::Done);
        }
        self.out.line(approvals::line(&judgement));
        for line in approvals::lines(&judgement) {
            self.out.line(line);
        }
        if judgement.is_released() {
            self.out.line(format!("Next: forthwith notify {path}"));
        }
        Ok(Exit::Done)
    }

    /// Shows what is asked for, where it stands, and how to sign.
    fn show(&self, gathered: &Gathered) -> Exit {
        let judgement = gathered.grounds(self.now).judge(self.rule).unwrap_or_default();
        self.out.json(&self.report(&judgement));
        let (out, path) = (self.out, self.folder.path.display());
        out.verbatim(&crate::terminal::safe(&String::from_utf8_lossy(&gathered.statement)));
        out.line(format!("\n{}", approvals::line(&judgement)));
        for line in approvals::lines(&judgement) {
            out.line(line);
        }
        if !judgement.is_released() {
            out.line("\nTo sign, with a key on this machine:");
            out.line(format!("  forthwith approve {path} --key KEY"));
            out.line("with a key elsewhere, in an agent or in hardware:");
            out.line(format!("  {}", self.command()));
            out.line(format!("  forthwith approve {path} --signature statement.txt.sig"));
            if matches!(self.rule, ApprovalRule::Asked(asked) if asked.witnessed) {
                out.line("on paper, recorded by whoever sees it signed:");
                out.line(format!(
                    "  forthwith approve {path} --witnessed-by NAME --for NAME --role ROLE --document FILE"
                ));
            }
        }
        if judgement.is_released() { Exit::Done } else { Exit::NotReleased }
    }

    fn report(&self, judgement: &Judgement) -> serde_json::Value {
        json!({
            "digest": self.plan.frozen.digest.to_string(),
            "words": plain_words(&self.plan.frozen.digest),
            "statement": packet::path(self.folder).join("statement.txt").to_string_lossy(),
            "approval": approvals::json(judgement),
        })
    }
}

/// Returns whether the signature of `act` was recorded before, and counts.
fn is_counted(act: &Act, gathered: &Gathered, judgement: &Judgement) -> bool {
    let trace = |act: &Act| match act {
        Act::Signed { signature, .. } => Signature::read(signature.as_bytes()).ok().map(|read| read.trace()),
        Act::Witnessed { .. } | Act::Withdrawn { .. } => None,
    };
    let ours = trace(act);
    let same = gathered.records.iter().filter(|record| record.act.as_ref().is_some_and(|act| trace(act) == ours));
    same.into_iter().any(|record| judgement.counted.iter().any(|counted| counted.event == record.event))
}

fn read_signature(path: &Path) -> Result<String, CommandError> {
    let cannot = |error: io::Error| {
        CommandError::new(Exit::Cannot, format!("cannot read the signature {}", path.display())).because(error)
    };
    let mut bytes = Vec::new();
    // One octet over the limit is read, so that too much is seen.
    let file = open_file(path).map_err(cannot)?;
    file.take(SIGNATURE_OCTETS_MAX as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn digest_of(path: &Path) -> Result<forthwith_core::digest::Digest, CommandError> {
    let cannot = |error: io::Error| {
        CommandError::new(Exit::Cannot, format!("cannot read the paper's file {}", path.display()))
            .because(error)
            .hint("--document names a scan or photograph of the signed page; only its hash is kept")
    };
    let mut file = open_file(path).map_err(cannot)?;
    let (mut hashing, mut block) = (Hashing::default(), vec![0; BLOCK]);
    loop {
        match file.read(&mut block).map_err(cannot)? {
            0 => return Ok(hashing.finish()),
            octets => hashing.add(&block[..octets]),
        }
    }
}
