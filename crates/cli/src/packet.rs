//! The packet as files: what counsel reads, written whole or not at all.

use crate::{
    approvals::{Gathered, STATEMENT},
    checking::Reached,
    exit::{CommandError, Exit},
    folder::Folder,
    freezing::Prepared,
    ledgers, secret,
    whole::Whole,
};
use forthwith_core::{
    approval::Judgement,
    incident::Incident,
    key::PlanKey,
    merged::Merged,
    notice::Withheld,
    plan::{Fate, FrozenPlan, FrozenRow, Planned},
    private::Private,
    recipient::Recipient,
    variant::Variant,
};
use forthwith_ledger::sqlite::{CurrentPlan, LedgerReader};
use forthwith_templating::{
    RenderError, Words,
    packet::{
        self, Before, PacketExemplar, PacketFacts, PacketMerged, PacketNotice, PacketPerson, PacketTiming,
        PacketVariant, PacketWithheld,
    },
};
use jiff::Timestamp;
use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// How the name of a packet begins that is not whole yet.
const HALF: &str = ".packet-";
/// What the packet keeps of the one before it, so that a dry run that changes nothing still says what had changed.
const BEFORE: &str = "before.json";
/// Octets of an earlier packet's record that are read: some thousand wordings.
const RECORD_OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// The page of who released the plan: it changes after the freezing, and is bound by no digest.
const APPROVALS: &str = "approvals.html";

/// Returns the packet's folder.
pub fn path(folder: &Folder) -> PathBuf {
    folder.out().join("packet")
}

/// Writes the packet of the plan that was just frozen, in place of an earlier one, and returns its folder.
pub fn write(
    folder: &Folder,
    prepared: &Prepared,
    key: &PlanKey,
    reader: &LedgerReader,
    timing: &PacketTiming,
) -> Result<PathBuf, CommandError> {
    let facts = facts(folder, prepared, key, reader)?;
    let path = path(folder);
    let before = before(&path, &prepared.plan.digest.to_string());
    let mut pages = packet::pages(&facts);
    pages.extend(packet::pages_beside(&facts, timing, before.as_deref().map_or(Before::None, Before::Record)));
    pages.extend(before.map(|record| (BEFORE.to_owned(), record)));
    let judgement = judgement(&facts, reader)?;
    let approvals = packet::approvals(&facts.incident, &facts.digest, judgement.as_ref());
    pages.insert(APPROVALS.to_owned(), approvals);
    let cannot = |error: io::Error| {
        CommandError::new(Exit::Cannot, format!("cannot write the packet {}", path.display()))
            .because(error)
            .hint("the plan is frozen; run the dry run again once there is room")
    };
    forget_halves(&folder.out()).map_err(cannot)?;
    // It is made beside the old one, so that nobody reads half of two packets.
    let new = tempfile::Builder::new().prefix(HALF).tempdir_in(folder.out()).map_err(cannot)?;
    for (name, bytes) in &pages {
        let page = new.path().join(name);
        if let Some(parent) = page.parent() {
            fs::create_dir_all(parent).map_err(cannot)?;
        }
        fs::write(&page, bytes).map_err(cannot)?;
        fs::File::open(&page).and_then(|file| file.sync_all()).map_err(cannot)?;
    }
    replace(new, &path).map_err(cannot)?;
    secret::sync_folder(&folder.out()).map_err(cannot)?;
    Ok(path)
}

/// Returns what was recorded about the plan that stands, judged now; `None` where nobody has to release it.
fn judgement(facts: &PacketFacts, reader: &LedgerReader) -> Result<Option<Judgement>, CommandError> {
    let plan = reader.current_plan().map_err(ledgers::failed)?;
    let Some((plan, rule)) = plan.as_ref().zip(facts.incident.approval.as_ref()) else { return Ok(None) };
    let gathered = Gathered::of(reader, plan, &facts.incident, None)?;
    Ok(gathered.grounds(Timestamp::now()).judge(rule))
}

/// Writes the page of who released the plan anew, where the packet is there and is this plan's.
pub fn write_approvals(
    folder: &Folder,
    plan: &CurrentPlan,
    incident: &Incident,
    judgement: Option<&Judgement>,
) -> Result<(), CommandError> {
    let path = path(folder);
    if fs::read(path.join("manifest.txt")).ok().as_deref() != Some(plan.frozen.manifest.as_bytes()) {
        return Ok(());
    }
    let page = path.join(APPROVALS);
    let mut file = Whole::create(folder, &page, true)?;
    file.write_all(&packet::approvals(incident, &plan.frozen.digest, judgement))
        .map_err(|error| crate::whole::cannot(&page, error))?;
    file.keep()
}

/// Returns the record of the packet before this one: the one that stands in `path`, or where that is the same plan's,
/// the one that it was compared with.
fn before(path: &Path, digest: &str) -> Option<Vec<u8>> {
    let standing = read_record(&path.join(packet::RECORD))?;
    let record: serde_json::Value = serde_json::from_slice(&standing).unwrap_or_default();
    if record["digest"] == digest { read_record(&path.join(BEFORE)) } else { Some(standing) }
}

/// Reads a record; `None` where there is none. One that cannot be read is shown as such, and not as none.
fn read_record(path: &Path) -> Option<Vec<u8>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        // No link is followed, and no pipe is waited for.
        Ok(found) if found.is_file() && found.len() <= RECORD_OCTETS_MAX => {}
        _ => return Some(Vec::new()),
    }
    Some(fs::read(path).unwrap_or_default())
}

/// Removes what dry runs that were killed left behind.
fn forget_halves(out: &Path) -> io::Result<()> {
    for entry in fs::read_dir(out)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(HALF) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn replace(new: tempfile::TempDir, path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(new.keep(), path)
}

fn facts(
    folder: &Folder,
    prepared: &Prepared,
    key: &PlanKey,
    reader: &LedgerReader,
) -> Result<PacketFacts, CommandError> {
    let checked = &prepared.checked;
    let refused = || CommandError::new(Exit::Refused, "the inputs are refused");
    let (incident, _, words) = checked.inputs.whole().ok_or_else(refused)?;
    let variants = checked.variants.iter().map(|(variant, reached)| packet_variant(words, key, variant, reached));
    let variants = variants.collect::<Result<_, RenderError>>().map_err(|error| {
        CommandError::new(Exit::Refused, "a sample of the notice cannot be rendered").because(error)
    })?;
    let withheld: Result<Vec<_>, _> = reader.withheld_rows().collect();
    let withheld = withheld.map_err(ledgers::failed)?;
    let merged: Result<Vec<_>, _> = withheld.iter().filter_map(|row| merged_row(row, reader).transpose()).collect();
    Ok(PacketFacts {
        manifest: prepared.plan.manifest.clone(),
        statement: statement_of(&prepared.plan),
        digest: prepared.plan.digest,
        incident: incident.clone(),
        list_name: folder.list.clone().unwrap_or_default(),
        rows: checked.tally.counts.rows,
        planned: checked.tally.counts.planned,
        variants,
        merged: merged?,
        beside: checked.beside(),
        withheld: withheld.into_iter().filter_map(withheld_row).collect(),
        findings: checked.inputs.findings.iter().chain(&checked.tally.findings).cloned().collect(),
        totals: checked.row_totals(),
        law: checked.law.as_ref().map(|law| law.packet(checked)),
    })
}

fn statement_of(plan: &FrozenPlan) -> String {
    let bytes = plan.inputs.get(STATEMENT).map(|bytes| String::from_utf8_lossy(bytes.expose()).into_owned());
    bytes.unwrap_or_default()
}

fn packet_variant(
    words: &Words,
    key: &PlanKey,
    variant: &Variant,
    reached: &Reached,
) -> Result<PacketVariant, RenderError> {
    let exemplar = |(recipient, traits): (&Recipient, _)| {
        let message = words.render(key, &key.token(recipient.row), recipient, None)?.bytes;
        let notice = PacketNotice { parts: words.parts(recipient)?, message };
        Ok(PacketExemplar { row: recipient.row, name: recipient.name.clone(), traits, notice })
    };
    Ok(PacketVariant {
        variant: variant.clone(),
        count: reached.count,
        residences: reached.residences.clone(),
        sample: PacketNotice { parts: words.sample(variant)?, message: words.sample_message(key, variant)?.bytes },
        public: words.public(variant)?,
        exemplars: reached.exemplars.people().into_iter().map(exemplar).collect::<Result<_, RenderError>>()?,
        findings: reached.findings.clone(),
    })
}

fn withheld_row(row: FrozenRow) -> Option<PacketWithheld> {
    let FrozenRow { row, line, fate: Fate::Withheld { reason, note, id, address, name } } = row else {
        return None;
    };
    Some(PacketWithheld { row, line, reason, note, id, address, name })
}

/// Returns a row that was merged into another one, with the person whose notice stands for it.
fn merged_row(row: &FrozenRow, reader: &LedgerReader) -> Result<Option<PacketMerged>, CommandError> {
    let Fate::Withheld { reason: Withheld::Duplicate, note, .. } = &row.fate else { return Ok(None) };
    let Some(merged) = Merged::read(note) else { return Ok(None) };
    let into = reader.frozen_row(merged.into).map_err(ledgers::failed)?;
    let into = into.ok_or_else(|| {
        let message = format!("row {} was merged into row {}, which the plan does not have", row.row, merged.into);
        CommandError::new(Exit::Ledger, message)
    })?;
    Ok(Some(PacketMerged { person: person(row), into: person(&into), merged }))
}

fn person(frozen: &FrozenRow) -> PacketPerson {
    let (id, address, name) = match &frozen.fate {
        Fate::Planned(Planned { recipient, .. }) => {
            (&recipient.id, &Private::new(recipient.address.expose().to_owned()), &recipient.name)
        }
        Fate::Withheld { id, address, name, .. } => (id, address, name),
    };
    let (id, address, name) = (id.clone(), address.clone(), name.clone());
    PacketPerson { row: frozen.row, line: frozen.line, id, address, name }
}
