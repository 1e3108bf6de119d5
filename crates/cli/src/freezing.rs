//! From a folder to a frozen plan: everybody is rendered, what is planned gets its digests, and the ledger
//! keeps it whole.
//!
//! The list is read twice, so that it is never held: once to check and render, once to freeze. If it changes
//! in between, nothing is frozen.

use crate::{
    approvals::STATEMENT,
    checking::{self, Checked},
    commands::refuse,
    drift::laws::{self, KNOWN},
    exit::{CommandError, Exit},
    folder::Folder,
    inputs::{Inputs, Verbatim},
    known::{self, HEADS},
    lawful::Lawful,
    list::{self, Given, changed},
    ordered::{self, Feed, Gone},
    stopping,
    terminal::Out,
};
use forthwith_core::{
    affected::{AsRead, Fated, Row, Wanted},
    approval::statement,
    digest::Digest,
    finding::{Finding, Place},
    incident::Incident,
    key::PlanKey,
    notice::Token,
    plan::{Fate, FrozenPlan, FrozenRow, Manifest, NoticesDigest, Planned},
    private::Private,
    recipient::Recipient,
};
use forthwith_ledger::sqlite::{Freeze, FreezeError, SealedRow, SqliteLedger};
use forthwith_templating::Words;
use jiff::Timestamp;

/// A plan that is ready to be frozen.
pub struct Prepared {
    /// The plan without its rows.
    pub plan: FrozenPlan,
    /// What was checked on the way.
    pub checked: Checked,
    /// The content digest of each planned notice, in row order.
    contents: Vec<Digest>,
}

/// Reads, checks and renders everything.
///
/// # Errors
///
/// Exit 3 where anything is refused, after its findings were shown. Nothing is written in any case.
pub fn prepare(folder: &Folder, key: &PlanKey, out: Out, now: Timestamp) -> Result<Prepared, CommandError> {
    prepare_on(ordered::cores(), folder, key, out, now)
}

/// Does what [`prepare`] does with so many workers: how many there are changes nothing of what comes out.
fn prepare_on(
    workers: usize,
    folder: &Folder,
    key: &PlanKey,
    out: Out,
    now: Timestamp,
) -> Result<Prepared, CommandError> {
    let mut inputs = checking::inputs(folder, out)?;
    let mut rendered = Rendered::default();
    let (read, ()) = ordered::through(
        workers,
        |feed| {
            checking::people(folder, &inputs, out, "reading and rendering", Wanted::Every, |as_read| {
                stopping::look()?;
                match as_read.row.fate {
                    Fated::Planned(recipient) => feed.give(*recipient).map_err(|Gone| changed()),
                    _ => Ok(()),
                }
            })
        },
        |batch| render(inputs.words.as_ref(), key, folder.list.as_deref().unwrap_or_default(), batch),
        |drain| drain.flatten().for_each(|notice| rendered.add(notice)),
    );
    let people = read?;
    inputs.findings.append(&mut rendered.findings);
    let checked = Checked::new(inputs, people, now);
    if checked.is_refused() {
        return Err(refuse(&checked, out, folder));
    }
    let Some((incident, _, words)) = checked.inputs.whole() else { return Err(refuse(&checked, out, folder)) };
    let manifest = manifest(&checked, incident, words, key, rendered.notices.finish());
    let (digest, manifest) = (manifest.digest(), manifest.text());
    let mut inputs = frozen_inputs(&checked.inputs);
    inputs.insert(STATEMENT.to_owned(), Private::new(statement(&manifest, &digest, incident).into_bytes()));
    let plan = FrozenPlan {
        digest,
        manifest,
        frozen_at: now,
        incident: incident.id.clone(),
        inputs,
        list: (folder.list.clone().unwrap_or_default(), checked.tally.digest),
    };
    Ok(Prepared { plan, checked, contents: rendered.contents })
}

/// The name under which the list's further columns are frozen beside the inputs.
pub const COLUMNS: &str = "columns of the list";

/// Returns what the ledger keeps of the inputs: enough to go on when every file is gone.
fn frozen_inputs(inputs: &Inputs) -> Verbatim {
    let mut frozen = inputs.verbatim.clone();
    frozen.insert(COLUMNS.to_owned(), Private::new(inputs.columns.join("\n").into_bytes()));
    frozen.extend(known::frozen(inputs));
    frozen.insert(KNOWN.to_owned(), laws::known());
    frozen
}

fn manifest(checked: &Checked, incident: &Incident, words: &Words, key: &PlanKey, notices: Digest) -> Manifest {
    let input = |name: &str| checked.inputs.verbatim.get(name).map(|bytes| Digest::of(bytes.expose()));
    let counts = &checked.tally.counts;
    Manifest {
        incident_id: incident.id.clone(),
        incident: input(crate::folder::INCIDENT).unwrap_or_else(|| Digest::of(b"")),
        list_settings: input(crate::folder::AFFECTED),
        list: checked.tally.digest,
        beside: checked.inputs.beside.clone(),
        templates: words.sources(),
        law: checked.law.as_ref().map(Lawful::digests).unwrap_or_default(),
        settings: words.settings(),
        deadline: incident.deadline,
        rows: counts.rows,
        planned: counts.planned,
        withheld: counts.withheld.clone(),
        key: key.commitment(),
        notices,
    }
}

/// A notice of the row with this number that was rendered, or why it cannot be.
type Notice = Result<(u64, Token, Digest), Finding>;

/// Renders a batch of notices. Where the words themselves are refused, there is nothing to render, and a finding
/// says so already.
fn render(words: Option<&Words>, key: &PlanKey, list: &str, batch: Vec<Recipient>) -> Vec<Option<Notice>> {
    let render = |recipient: Recipient| {
        let token = key.token(recipient.row);
        let notice = match words?.render(key, &token, &recipient, None) {
            Ok(message) => Ok((recipient.row, token, message.content)),
            Err(error) => {
                let place = Place { row: Some(recipient.row), line: Some(recipient.line), ..Place::file(list) };
                let message = format!("the notice for this row cannot be rendered: {error}");
                Err(Finding::refused("not-rendered", place, message))
            }
        };
        Some(notice)
    };
    batch.into_iter().map(render).collect()
}

/// What was rendered so far, in row order.
#[derive(Default)]
struct Rendered {
    contents: Vec<Digest>,
    notices: NoticesDigest,
    findings: Vec<Finding>,
}

impl Rendered {
    fn add(&mut self, notice: Notice) {
        match notice {
            Ok((row, token, content)) => {
                self.notices.add(row, &token, &content);
                self.contents.push(content);
            }
            Err(finding) => self.findings.push(finding),
        }
    }
}

/// Freezes the plan into `ledger`.
///
/// # Errors
///
/// Exit 4 where another plan stands that was offered already; nothing is written then.
pub fn freeze(
    prepared: &Prepared,
    folder: &Folder,
    key: &PlanKey,
    ledger: &mut SqliteLedger,
    out: Out,
    now: Timestamp,
) -> Result<Freeze, CommandError> {
    let Some((_, _, words)) = prepared.checked.inputs.whole() else {
        return Err(CommandError::new(Exit::Refused, "the inputs are refused"));
    };
    let (fed, frozen) = ordered::through(
        ordered::cores(),
        |feed| feed_rows(folder, prepared, out, feed),
        |batch| SealedRow::seal(batch.into_iter().map(|(row, content)| frozen_row(words, key, row, content))),
        |drain| ledger.freeze_sealed(&prepared.plan, drain, now),
    );
    fed?;
    frozen.map_err(|error| match error {
        FreezeError::Offered { .. } => {
            CommandError::new(Exit::NotReleased, "this incident's plan stands: its notices were offered already")
                .because(error)
                .hint("more people are a second wave: an incident folder of its own")
        }
        FreezeError::Contradiction { .. } => CommandError::new(Exit::Cannot, "the list changed while it was read")
            .because(error)
            .hint("run it again"),
        FreezeError::Ledger(error) => CommandError::new(Exit::Ledger, "the plan was not frozen").because(error),
    })
}

/// A row that is not refused, with the content digest of its notice where one is owed.
type Fed = (Row, Option<Digest>);

/// Feeds the rows of the list, each planned one with the digest of what was rendered for it.
///
/// The last row is held back until the list has proven to be the one that was rendered: one that changed loses it,
/// so that the ledger finds fewer rows than the manifest says.
fn feed_rows(folder: &Folder, prepared: &Prepared, out: Out, feed: &mut Feed<Fed>) -> Result<(), CommandError> {
    let mut contents = prepared.contents.iter().copied();
    let mut held: Option<Fed> = None;
    let mut is_gone = false;
    let tally = list::read(folder, &prepared.checked.inputs, out, "freezing", Wanted::Every, |given| {
        stopping::look()?;
        let Given::Row(AsRead { row, .. }) = given else { return Err(changed()) };
        let content = match row.fate {
            Fated::Planned(_) => Some(contents.next().ok_or_else(changed)?),
            Fated::Withheld { .. } => None,
            Fated::Refused => return Err(changed()),
        };
        if let Some(before) = held.replace((row, content))
            && let Err(Gone) = feed.give(before)
        {
            // The ledger has stopped taking rows, or never began; it says why.
            is_gone = true;
            return Err(changed());
        }
        Ok(())
    });
    if is_gone {
        return Ok(());
    }
    if tally?.digest != prepared.plan.list.1 {
        return Err(changed());
    }
    if let Some(last) = held {
        // As above.
        let _ = feed.give(last);
    }
    Ok(())
}

/// Returns a row as it will be frozen.
fn frozen_row(words: &Words, key: &PlanKey, row: Row, content: Option<Digest>) -> FrozenRow {
    let fate = match (row.fate, content) {
        (Fated::Planned(recipient), Some(content)) => {
            let variant = words.variant(&recipient).to_string();
            let (token, order) = (key.token(row.row), key.order(row.row));
            Fate::Planned(Planned { recipient: *recipient, token, order, variant, content })
        }
        (Fated::Withheld { reason, note, id, address, name }, None) => {
            Fate::Withheld { reason, note, id, address, name }
        }
        _ => unreachable!("a row is fed with a digest where it is planned, and without one where it is withheld"),
    };
    FrozenRow { row: row.row, line: row.line, fate }
}

/// Returns whether something that is frozen beside the inputs is none itself: it derives from them.
pub fn is_no_input(name: &str) -> bool {
    [COLUMNS, HEADS, STATEMENT, KNOWN].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Format;
    use std::path::Path;

    #[test]
    fn a_plan_is_the_same_for_any_number_of_workers() {
        let folder = tempfile::tempdir().unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/amazon-2020-10");
        std::fs::copy(example.join("incident.toml"), folder.path().join("incident.toml")).unwrap();
        let rows = (1..=1_500).map(|i| format!("C{i},p{i}@example.org,Ada {i}\n"));
        let list = format!("id,email,name\n{}", rows.collect::<String>());
        std::fs::write(folder.path().join("affected.csv"), list).unwrap();
        let folder = Folder::find(folder.path()).unwrap();
        let prepared = |workers| {
            let out = Out::new(Format::Human, true);
            let key = PlanKey::new([7; 32]);
            prepare_on(workers, &folder, &key, out, Timestamp::UNIX_EPOCH).unwrap()
        };
        let one = prepared(1);
        assert_eq!(one.contents.len(), 1_500);
        for workers in [2, 3, 8] {
            let many = prepared(workers);
            assert_eq!(many.plan, one.plan, "{workers} workers");
            assert_eq!(many.contents, one.contents, "{workers} workers");
        }
    }
}
