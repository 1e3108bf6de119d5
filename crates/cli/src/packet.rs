//! The packet as files: what counsel reads, written whole or not at all.

use crate::{
    exit::{CommandError, Exit},
    folder::Folder,
    freezing::Prepared,
    ledgers, secret,
};
use forthwith_core::{
    merged::Merged,
    notice::Withheld,
    plan::{Fate, FrozenRow, Planned},
    private::Private,
};
use forthwith_ledger::sqlite::LedgerReader;
use forthwith_templating::packet::{self, PacketFacts, PacketMerged, PacketPerson, PacketVariant, PacketWithheld};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// How the name of a packet begins that is not whole yet.
const HALF: &str = ".packet-";

/// Writes the packet of the plan that was just frozen, in place of an earlier one, and returns its folder.
pub fn write(folder: &Folder, prepared: &Prepared, reader: &LedgerReader) -> Result<PathBuf, CommandError> {
    let pages = packet::pages(&facts(folder, prepared, reader)?);
    let path = folder.out().join("packet");
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

fn facts(folder: &Folder, prepared: &Prepared, reader: &LedgerReader) -> Result<PacketFacts, CommandError> {
    let checked = &prepared.checked;
    let refused = || CommandError::new(Exit::Refused, "the inputs are refused");
    let (incident, _, words) = checked.inputs.whole().ok_or_else(refused)?;
    let variant = |(variant, reached): (&_, &crate::checking::Reached)| {
        let sample = words.sample(variant).map_err(|error| {
            CommandError::new(Exit::Refused, "a sample of the notice cannot be rendered").because(error)
        })?;
        Ok(PacketVariant {
            variant: Clone::clone(variant),
            count: reached.count,
            residences: reached.residences.clone(),
            sample,
            findings: reached.findings.clone(),
        })
    };
    let variants = checked.variants.iter().map(variant).collect::<Result<Vec<_>, CommandError>>()?;
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
