//! From a folder to a frozen plan: everybody is rendered, what is planned gets its digests, and the ledger
//! keeps it whole.
//!
//! The list is read twice, so that it is never held: once to check and render, once to freeze. If it changes
//! in between, nothing is frozen.

use crate::{
    checking::{self, Checked},
    commands::refuse,
    exit::{CommandError, Exit},
    folder::Folder,
    inputs::{Inputs, Verbatim},
    list,
    terminal::Out,
};
use forthwith_core::{
    affected::{Fated, Row},
    digest::Digest,
    finding::{Finding, Place},
    incident::Incident,
    key::PlanKey,
    plan::{Fate, FrozenPlan, FrozenRow, Manifest, NoticesDigest, Planned},
    private::Private,
    recipient::Recipient,
    variant::Variant,
};
use forthwith_ledger::sqlite::{Freeze, FreezeError, SqliteLedger};
use forthwith_templating::Words;
use jiff::Timestamp;
use std::{num::NonZero, thread};

/// Notices rendered between two looks at the list.
const BATCH: usize = 2048;

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
    let mut rendering = Rendering {
        key,
        list: folder.list.as_deref().unwrap_or_default(),
        batch: Vec::new(),
        contents: Vec::new(),
        notices: NoticesDigest::default(),
        findings: Vec::new(),
    };
    let mut checked = checking::check(folder, out, |inputs, row| {
        if let Fated::Planned(recipient) = &row.fate {
            rendering.add(inputs, (**recipient).clone());
        }
        Ok(())
    })?;
    rendering.flush(&checked.inputs);
    checked.inputs.findings.append(&mut rendering.findings);
    if checked.is_refused() {
        return Err(refuse(&checked, out, folder));
    }
    let Some((incident, _, words)) = checked.inputs.whole() else { return Err(refuse(&checked, out, folder)) };
    let manifest = manifest(&checked, incident, words, key, rendering.notices.finish());
    let plan = FrozenPlan {
        digest: manifest.digest(),
        manifest: manifest.text(),
        frozen_at: now,
        incident: incident.id.clone(),
        inputs: frozen_inputs(&checked.inputs),
        list: (folder.list.clone().unwrap_or_default(), checked.tally.digest),
    };
    Ok(Prepared { plan, checked, contents: rendering.contents })
}

/// The name under which the list's further columns are frozen beside the inputs.
pub const COLUMNS: &str = "columns of the list";

/// Returns what the ledger keeps of the inputs: enough to go on when every file is gone.
fn frozen_inputs(inputs: &Inputs) -> Verbatim {
    let mut frozen = inputs.verbatim.clone();
    frozen.insert(COLUMNS.to_owned(), Private::new(inputs.columns.join("\n").into_bytes()));
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
        templates: words.sources(),
        settings: words.settings(),
        deadline: incident.deadline,
        rows: counts.rows,
        planned: counts.planned,
        withheld: counts.withheld.clone(),
        key: key.commitment(),
        notices,
    }
}

/// Renders planned notices, batch by batch, on every core.
struct Rendering<'k> {
    key: &'k PlanKey,
    list: &'k str,
    batch: Vec<Recipient>,
    contents: Vec<Digest>,
    notices: NoticesDigest,
    findings: Vec<Finding>,
}

impl Rendering<'_> {
    fn add(&mut self, inputs: &Inputs, recipient: Recipient) {
        self.batch.push(recipient);
        if self.batch.len() >= BATCH {
            self.flush(inputs);
        }
    }

    fn flush(&mut self, inputs: &Inputs) {
        let batch = std::mem::take(&mut self.batch);
        // Where the words themselves are refused, there is nothing to render, and a finding says so already.
        let Some(words) = &inputs.words else { return };
        let rendered = on_every_core(&batch, |recipient| {
            let token = self.key.token(recipient.row);
            words.render(self.key, &token, recipient, None).map(|message| (token, message.content))
        });
        for (recipient, result) in batch.iter().zip(rendered) {
            match result {
                Ok((token, content)) => {
                    self.notices.add(recipient.row, &token, &content);
                    self.contents.push(content);
                }
                Err(error) => {
                    let place =
                        Place { row: Some(recipient.row), line: Some(recipient.line), ..Place::file(self.list) };
                    let message = format!("the notice for this row cannot be rendered: {error}");
                    self.findings.push(Finding::refused("not-rendered", place, message));
                }
            }
        }
    }
}

/// Maps `items` on every core, in order.
fn on_every_core<T: Sync, R: Send>(items: &[T], map: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(cores).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> =
            items.chunks(share).map(|chunk| scope.spawn(|| chunk.iter().map(&map).collect::<Vec<_>>())).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("rendering does not panic")).collect()
    })
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
    let Some((incident, ..)) = prepared.checked.inputs.whole() else {
        return Err(CommandError::new(Exit::Refused, "the inputs are refused"));
    };
    let list = list::open(folder, &prepared.checked.inputs, out)?
        .map_err(|_| CommandError::new(Exit::Cannot, "the list changed while it was read").hint("run it again"))?;
    let mut rows = FrozenRows::new(list, incident, key, prepared);
    let frozen = ledger.freeze(&prepared.plan, rows.by_ref(), now);
    if let Some(error) = rows.failure {
        return Err(error);
    }
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

/// The rows of the list as the ledger keeps them.
struct FrozenRows<'a> {
    list: Option<list::Reader<'a>>,
    incident: &'a Incident,
    key: &'a PlanKey,
    contents: std::slice::Iter<'a, Digest>,
    /// One row is held back until the list has proven to be the one that was rendered.
    held: Option<FrozenRow>,
    expected: Digest,
    failure: Option<CommandError>,
}

impl<'a> FrozenRows<'a> {
    fn new(list: list::Reader<'a>, incident: &'a Incident, key: &'a PlanKey, prepared: &'a Prepared) -> Self {
        let (contents, expected) = (prepared.contents.iter(), prepared.plan.list.1);
        Self { list: Some(list), incident, key, contents, held: None, expected, failure: None }
    }

    fn read(&mut self) -> Result<Option<FrozenRow>, CommandError> {
        let Some(list) = &mut self.list else { return Ok(None) };
        if let Some(row) = list.read()? {
            return self.frozen(row).map(Some);
        }
        let tally = self.list.take().map(list::Reader::finish).transpose()?;
        if tally.is_none_or(|tally| tally.digest != self.expected) {
            return Err(changed());
        }
        Ok(None)
    }

    fn frozen(&mut self, row: Row) -> Result<FrozenRow, CommandError> {
        let fate = match row.fate {
            Fated::Planned(recipient) => {
                let content = *self.contents.next().ok_or_else(changed)?;
                let variant = Variant::of(self.incident, &recipient).to_string();
                let token = self.key.token(row.row);
                Fate::Planned(Planned {
                    recipient: *recipient,
                    token,
                    order: self.key.order(row.row),
                    variant,
                    content,
                })
            }
            Fated::Withheld { reason, note, id, address, name } => {
                Fate::Withheld { reason, note, id, address, name }
            }
            Fated::Refused => return Err(changed()),
        };
        Ok(FrozenRow { row: row.row, line: row.line, fate })
    }
}

fn changed() -> CommandError {
    CommandError::new(Exit::Cannot, "the list changed while it was read").hint("nothing was frozen: run it again")
}

impl Iterator for FrozenRows<'_> {
    type Item = FrozenRow;

    fn next(&mut self) -> Option<FrozenRow> {
        if self.held.is_none() {
            self.held = self.read_or_fail();
        }
        let next = self.read_or_fail();
        // A list that failed loses its last row, so that the ledger finds fewer than the manifest says.
        let held = self.held.take().filter(|_| self.failure.is_none());
        self.held = next;
        held
    }
}

impl FrozenRows<'_> {
    fn read_or_fail(&mut self) -> Option<FrozenRow> {
        self.read().unwrap_or_else(|error| {
            self.failure = Some(error);
            self.list = None;
            None
        })
    }
}

/// Returns what differs between the inputs as they are and as they were frozen, by name. What is gone does not
/// differ: it is named apart.
pub fn drift(now: &Verbatim, list_now: Option<Digest>, frozen: &Verbatim, list: &(String, Digest)) -> Drift {
    let mut drift = Drift::default();
    let frozen: Verbatim = frozen.clone().into_iter().filter(|(name, _)| name != COLUMNS).collect();
    for (name, bytes) in now {
        match frozen.get(name) {
            Some(before) if before == bytes => {}
            Some(_) => drift.changed.push(format!("{name} changed")),
            None => drift.changed.push(format!("{name} is new")),
        }
    }
    drift.gone.extend(frozen.keys().filter(|name| !now.contains_key(*name)).cloned());
    match list_now {
        Some(digest) if digest != list.1 => drift.changed.push(format!("{} changed", list.0)),
        Some(_) => {}
        None => drift.gone.push(list.0.clone()),
    }
    drift
}

/// What differs from the frozen inputs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// What is there and differs.
    pub changed: Vec<String>,
    /// What is gone.
    pub gone: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verbatim(entries: &[(&str, &str)]) -> Verbatim {
        entries.iter().map(|(name, text)| ((*name).to_owned(), Private::new(text.as_bytes().to_vec()))).collect()
    }

    #[test]
    fn what_is_gone_is_no_drift() {
        let frozen = verbatim(&[("incident.toml", "a"), ("templates/x.md", "b")]);
        let list = ("affected.csv".to_owned(), Digest::of(b"l"));
        let same = drift(&frozen, Some(list.1), &frozen, &list);
        assert_eq!(same, Drift::default());
        let gone = drift(&verbatim(&[("incident.toml", "a")]), None, &frozen, &list);
        assert_eq!(
            (gone.changed, gone.gone),
            (vec![], vec!["templates/x.md".to_owned(), "affected.csv".to_owned()])
        );
        let now = verbatim(&[("incident.toml", "A"), ("templates/x.md", "b"), ("templates/y.md", "c")]);
        let changed = drift(&now, Some(Digest::of(b"m")), &frozen, &list);
        assert_eq!(changed.changed, ["incident.toml changed", "templates/y.md is new", "affected.csv changed"]);
    }

    #[test]
    fn every_core_keeps_the_order() {
        let items: Vec<u32> = (0..1000).collect();
        assert_eq!(on_every_core(&items, |i| i * 2), items.iter().map(|i| i * 2).collect::<Vec<_>>());
        assert_eq!(on_every_core(&[] as &[u32], |i| *i), Vec::<u32>::new());
    }
}
