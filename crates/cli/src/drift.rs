//! What differs between the inputs as they are and as they were frozen, down to the line, the word and the row.
//!
//! It names no person: of rows it says which, of the settings of the list which lines. What a difference means is its
//! caller's matter.

pub mod laws;
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
use forthwith_core::{affected::read_settings, digest::Digest, law};
use forthwith_ledger::sqlite::{CurrentPlan, LedgerReader};

/// What differs from the frozen inputs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// What is there and differs, by name.
    pub changed: Vec<String>,
    /// What is gone: no drift, the frozen one is used.
    pub gone: Vec<String>,
    /// What is worth a look, and holds nothing back: people were told already, and the plan cannot be replaced.
    pub look: Vec<String>,
}

/// Compares the folder with its frozen plan.
pub fn of(folder: &Folder, plan: &CurrentPlan, reader: &LedgerReader) -> Result<Drift, CommandError> {
    let mut now = inputs::verbatim(folder)?;
    let settings = plan.frozen.inputs.get(AFFECTED).and_then(|bytes| read_settings(AFFECTED, bytes.expose()).0);
    let settings = settings.unwrap_or_default();
    now.extend(known::now(folder, &settings)?);
    let list_now = list::digest(folder, &plan.frozen.list.0)?;
    let mut drift = between(&now, list_now, &plan.frozen.inputs, &plan.frozen.list);
    drift.changed.extend(laws::changed(&plan.frozen.manifest, law::FILES));
    let new = laws::newly_reaching(&plan.frozen, reader)?;
    if plan.first_offer_at.is_none() {
        drift.changed.extend(new);
    } else {
        drift.look.extend(new);
    }
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
    use crate::{
        freezing,
        ledgers::{self, Stage},
        terminal::Format,
    };
    use forthwith_core::{key::PlanKey, plan::Manifest, private::Private};
    use jiff::Timestamp;
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
        assert_eq!(laws::changed(&text, &[("us-ca", "as read"), ("us-ma", "m"), ("us-vt", "v")]), [""; 0]);
        assert_eq!(
            laws::changed(&text, &[("us-ca", "as read."), ("us-ma", "m")]),
            ["the law us-ca changed with the program"]
        );
        assert_eq!(laws::changed(&text, &[("us-ca", "as read")]), ["the law us-ma is not known to this program"]);
        assert_eq!(laws::changed("rows 3\n", law::FILES), [""; 0], "a plan to which no law was applied");
    }

    /// Freezes an example as a program would have that does not stand on `law`, with what it knew of laws, and returns
    /// what this one says of it before anybody was told and after.
    fn frozen_without(law: &str, known: impl Fn(&mut Verbatim)) -> (Drift, Drift) {
        let temporary = tempfile::tempdir().unwrap();
        let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/amazon-2020-10");
        for name in ["incident.toml", "affected.toml", "affected.csv"] {
            std::fs::copy(example.join(name), temporary.path().join(name)).unwrap();
        }
        let folder = Folder::find(temporary.path()).unwrap();
        let (out, at, key) = (Out::new(Format::Human, true), Timestamp::UNIX_EPOCH, PlanKey::new([7; 32]));
        let mut prepared = freezing::prepare(&folder, &key, out, at).unwrap();
        let line = format!("{}{law} ", forthwith_core::plan::LAW);
        let manifest = &mut prepared.plan.manifest;
        let kept = manifest.lines().filter(|stands| !stands.starts_with(&line));
        *manifest = kept.flat_map(|stands| [stands, "\n"]).collect();
        prepared.plan.digest = Digest::of(manifest.as_bytes());
        known(&mut prepared.plan.inputs);
        let mut ledger = ledgers::open(&folder, Stage::Real, "notify", at).unwrap();
        freezing::freeze(&prepared, &folder, &key, &mut ledger, out, at).unwrap();
        let reader = ledger.reader().unwrap();
        let plan = reader.current_plan().unwrap().unwrap();
        let begun = CurrentPlan { first_offer_at: Some(at), ..plan.clone() };
        (of(&folder, &plan, &reader).unwrap(), of(&folder, &begun, &reader).unwrap())
    }

    #[test]
    fn a_law_that_newly_reaches_somebody_is_drift_until_people_were_told_and_then_worth_a_look() {
        let new = ["the law uk-gdpr is new in this program and reaches people of this plan"];
        let without = |inputs: &mut Verbatim| {
            let bytes = inputs.remove(laws::KNOWN).unwrap();
            let text = String::from_utf8(bytes.expose().clone()).unwrap();
            let known: Vec<_> = text.lines().filter(|line| !line.starts_with("uk-gdpr ")).collect();
            assert_eq!(known.len() + 1, law::FILES.len());
            inputs.insert(laws::KNOWN.to_owned(), Private::new(known.join("\n").into_bytes()));
        };
        let changed = |inputs: &mut Verbatim| {
            let text = String::from_utf8(inputs[laws::KNOWN].expose().clone()).unwrap();
            let text = text.replace("uk-gdpr sha256:", "uk-gdpr sha256:f");
            inputs.insert(laws::KNOWN.to_owned(), Private::new(text.into_bytes()));
        };
        // A ledger that was frozen before they were kept.
        let none = |inputs: &mut Verbatim| _ = inputs.remove(laws::KNOWN);
        let ways: [&dyn Fn(&mut Verbatim); 3] = [&without, &changed, &none];
        for way in ways {
            let (before, after) = frozen_without("uk-gdpr", way);
            assert_eq!((before.changed, before.look), (new.map(str::to_owned).to_vec(), vec![]));
            assert_eq!((after.changed, after.look), (vec![], new.map(str::to_owned).to_vec()));
        }
        // A law that reaches nobody here, and one that was known and reached nobody, change nothing.
        let other = |inputs: &mut Verbatim| {
            let text = String::from_utf8(inputs[laws::KNOWN].expose().clone()).unwrap();
            let text = text.replace("jp-appi sha256:", "jp-appi sha256:f");
            inputs.insert(laws::KNOWN.to_owned(), Private::new(text.into_bytes()));
        };
        let (before, after) = frozen_without("none", other);
        assert_eq!((before, after), (Drift::default(), Drift::default()));
    }
}
