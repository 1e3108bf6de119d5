//! The packet as files: what counsel reads, written whole or not at all.

use crate::{
    checking::Reached,
    exit::{CommandError, Exit},
    folder::Folder,
    freezing::Prepared,
    ledgers, secret,
};
use forthwith_core::{
    key::PlanKey,
    merged::Merged,
    notice::Withheld,
    plan::{Fate, FrozenRow, Planned},
    private::Private,
    recipient::Recipient,
    variant::Variant,
};
use forthwith_ledger::sqlite::LedgerReader;
use forthwith_templating::{
    RenderError, Words,
    packet::{
        self, Before, PacketExemplar, PacketFacts, PacketMerged, PacketNotice, PacketPerson, PacketTiming,
        PacketVariant, PacketWithheld,
    },
};
use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// How the name of a packet begins that is not whole yet.
const HALF: &str = ".packet-";
/// What the packet keeps of the one before it, so that a dry run that changes nothing still says what had changed.
const BEFORE: &str = "before.json";
/// Octets of an earlier packet's record that are read: some thousand wordings.
const RECORD_OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// Writes the packet of the plan that was just frozen, in place of an earlier one, and returns its folder.
pub fn write(
    folder: &Folder,
    prepared: &Prepared,
    key: &PlanKey,
    reader: &LedgerReader,
    timing: &PacketTiming,
) -> Result<PathBuf, CommandError> {
    let facts = facts(folder, prepared, key, reader)?;
    let path = folder.out().join("packet");
    let before = before(&path, &prepared.plan.digest.to_string());
    let mut pages = packet::pages(&facts);
    pages.extend(packet::pages_beside(&facts, timing, before.as_deref().map_or(Before::None, Before::Record)));
    pages.extend(before.map(|record| (BEFORE.to_owned(), record)));
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

/// Returns the record of the packet before this one: the one that stands in `path`, or where that is the same plan's,
/// the one that it was compared with.
fn before(path: &Path, digest: &str) -> Option<Vec<u8>> {
    let standing = read_record(&path.join(packet::RECORD))?;
    let record: serde_json::Value = serde_json::from_slice(&standing).unwrap_or_default();
    if record["digest"] == digest { read_record(&path.join(BEFORE)) } else { Some(standing) }
}

/// Reads a record; `None` where there is none. One that cannot be read is shown as such, and not as none.
fn read_record(path: &Path) -> Option<Vec<u8>> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(_) => return Some(Vec::new()),
        Ok(file) => file,
    };
    let mut record = Vec::new();
    let read = file.take(RECORD_OCTETS_MAX).read_to_end(&mut record);
    Some(if read.is_ok() { record } else { Vec::new() })
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
        digest_words: Vec::new(),
        law: checked.law.as_ref().map(|law| law.packet(checked)),
    })
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
