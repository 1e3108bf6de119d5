//! What differs between the inputs as they are and as they were frozen, down to the line, the word and the row.
//!
//! It names no person: of rows it says which, of the settings of the list which lines. What a difference means is its
//! caller's matter.

mod lines;
mod rows;

use crate::{
    exit::CommandError,
    folder::{AFFECTED, Folder, INCIDENT},
    freezing::is_no_input,
    inputs::{self, TEMPLATES, Verbatim},
    known::{
        self,
        waves::{self, TOLD_BEFORE},
    },
    list,
    terminal::{Out, counted},
};
use forthwith_core::{affected::read_settings, digest::Digest, law, plan::LAW};
use forthwith_ledger::sqlite::{CurrentPlan, LedgerReader};

/// What differs from the frozen inputs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// What is there and differs, by name.
    pub changed: Vec<String>,
    /// What is gone: no drift, the frozen one is used.
    pub gone: Vec<String>,
}

/// Compares the folder with its frozen plan.
pub fn of(folder: &Folder, plan: &CurrentPlan, reader: &LedgerReader) -> Result<Drift, CommandError> {
    let mut now = inputs::verbatim(folder)?;
    let settings = plan.frozen.inputs.get(AFFECTED).and_then(|bytes| read_settings(AFFECTED, bytes.expose()).0);
    let settings = settings.unwrap_or_default();
    now.extend(known::now(folder, &settings)?);
    let list_now = list::digest(folder, &plan.frozen.list.0)?;
    let mut drift = between(&now, list_now, &plan.frozen.inputs, &plan.frozen.list);
    drift.changed.extend(laws(&plan.frozen.manifest, law::FILES));
    if folder.list.as_ref().is_some_and(|list| *list != plan.frozen.list.0) {
        drift.changed.push(format!("the list is {} now", folder.list.as_deref().unwrap_or_default()));
    }
    // Once people were told, an earlier wave that went on matters where it concerns somebody still to be told.
    let is_wave = |name: &String| name.starts_with(TOLD_BEFORE);
    if plan.first_offer_at.is_some() && drift.changed.iter().any(is_wave) {
        let concerned = waves::concerned(folder, &settings, reader)?;
        if concerned == 0 {
            drift.changed.retain(|name| !is_wave(name));
        } else {
            let notices = counted(concerned, "notice");
            drift
                .changed
                .push(format!("{notices} still queued here may be told there: look at both with `status`"));
        }
    }
    Ok(drift)
}

fn between(now: &Verbatim, list_now: Option<Digest>, frozen: &Verbatim, list: &(String, Digest)) -> Drift {
    let mut drift = Drift::default();
    let frozen: Verbatim = frozen.clone().into_iter().filter(|(name, _)| !is_no_input(name)).collect();
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

/// Returns the laws of a manifest whose files are others in this program. What was released stood on them.
fn laws(manifest: &str, files: &[(&str, &str)]) -> Vec<String> {
    let frozen = manifest.lines().filter_map(|line| line.strip_prefix(LAW)?.split_once(' '));
    let changed = frozen.filter_map(|(id, digest)| {
        let file = files.iter().find(|(known, _)| *known == id);
        match file.map(|(_, text)| Digest::of(text.as_bytes()).to_string()) {
            Some(now) if now == digest => None,
            Some(_) => Some(format!("the law {id} changed with the program")),
            None => Some(format!("the law {id} is not known to this program")),
        }
    });
    changed.collect()
}

/// Returns every difference, a line each: words of incident.toml and templates, lines of affected.toml, rows of the
/// list. It reads the list again.
pub fn differences(folder: &Folder, plan: &CurrentPlan, reader: &LedgerReader, out: Out) -> Vec<String> {
    let mut differences = Vec::new();
    let Ok(now) = inputs::verbatim(folder) else { return differences };
    for (name, bytes) in &now {
        let before = plan.frozen.inputs.get(name).filter(|before| *before != bytes);
        let Some(before) = before else { continue };
        let shows_words = name == INCIDENT || name.starts_with(TEMPLATES);
        let [before, now] = [before, bytes].map(|bytes| String::from_utf8_lossy(bytes.expose()));
        differences
            .extend(lines::between(&before, &now, shows_words).into_iter().map(|line| format!("{name} {line}")));
    }
    let list = &plan.frozen.list;
    if list::digest(folder, &list.0).is_ok_and(|digest| digest.is_some_and(|digest| digest != list.1)) {
        let rows = rows::between(folder, reader, out)
            .unwrap_or_else(|_| vec!["cannot be read as it is now: `forthwith check` says why".to_owned()]);
        differences.extend(rows.into_iter().map(|line| format!("{} {line}", list.0)));
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use forthwith_core::{plan::Manifest, private::Private};
    use std::collections::BTreeMap;

    fn verbatim(entries: &[(&str, &str)]) -> Verbatim {
        entries.iter().map(|(name, text)| ((*name).to_owned(), Private::new(text.as_bytes().to_vec()))).collect()
    }

    #[test]
    fn what_is_gone_is_no_drift() {
        let frozen = verbatim(&[("incident.toml", "a"), ("templates/x.md", "b"), ("statement to sign", "s")]);
        let list = ("affected.csv".to_owned(), Digest::of(b"l"));
        let inputs = verbatim(&[("incident.toml", "a"), ("templates/x.md", "b")]);
        let same = between(&inputs, Some(list.1), &frozen, &list);
        assert_eq!(same, Drift::default());
        let gone = between(&verbatim(&[("incident.toml", "a")]), None, &frozen, &list);
        assert_eq!(
            (gone.changed, gone.gone),
            (vec![], vec!["templates/x.md".to_owned(), "affected.csv".to_owned()])
        );
        let now = verbatim(&[("incident.toml", "A"), ("templates/x.md", "b"), ("templates/y.md", "c")]);
        let changed = between(&now, Some(Digest::of(b"m")), &frozen, &list);
        assert_eq!(changed.changed, ["incident.toml changed", "templates/y.md is new", "affected.csv changed"]);
    }

    #[test]
    fn a_law_that_changed_with_the_program_is_drift() {
        let manifest = Manifest {
            incident_id: "x".to_owned(),
            incident: Digest::of(b""),
            list_settings: None,
            list: Digest::of(b""),
            beside: Vec::new(),
            templates: BTreeMap::new(),
            law: BTreeMap::from([
                ("us-ca".to_owned(), Digest::of(b"as read")),
                ("us-ma".to_owned(), Digest::of(b"m")),
            ]),
            settings: BTreeMap::new(),
            deadline: None,
            rows: 1,
            planned: 1,
            withheld: BTreeMap::new(),
            key: Digest::of(b""),
            notices: Digest::of(b""),
        };
        let text = manifest.text();
        assert_eq!(laws(&text, &[("us-ca", "as read"), ("us-ma", "m"), ("us-vt", "v")]), [""; 0]);
        assert_eq!(
            laws(&text, &[("us-ca", "as read."), ("us-ma", "m")]),
            ["the law us-ca changed with the program"]
        );
        assert_eq!(laws(&text, &[("us-ca", "as read")]), ["the law us-ma is not known to this program"]);
        assert_eq!(laws("rows 3\n", law::FILES), [""; 0], "a plan to which no law was applied");
    }
}
