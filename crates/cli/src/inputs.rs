//! Everything that an incident folder says, read and checked, with every finding.

use crate::{
    exit::CommandError,
    findings::Sources,
    folder::{AFFECTED, DELIVERY, Folder, INCIDENT},
    freezing,
};
use forthwith_core::{
    affected::{Known, ListSettings, read_settings},
    duty::Duties,
    finding::{Finding, Place, any_refused},
    incident::{self, Incident},
    law,
    plan::{Beside, FrozenPlan},
    private::Private,
};
use forthwith_templating::{ByDuty, Words, own_elements};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The part of a template's input name before its file name.
pub const TEMPLATES: &str = "templates/";

/// The inputs of a plan, verbatim: what the ledger keeps, and what is compared with it for drift.
pub type Verbatim = BTreeMap<String, Private<Vec<u8>>>;

/// What the inputs mean. Parts are missing while their file is refused.
pub struct Inputs {
    /// incident.toml.
    pub incident: Option<Incident>,
    /// affected.toml.
    pub list: Option<ListSettings>,
    /// What laws want for each person; `None` where the incident has no [law] table.
    pub duties: Option<Arc<Duties>>,
    /// The words: shipped, the folder's own, and the incident's statements.
    pub words: Option<Words>,
    /// Every finding so far.
    pub findings: Vec<Finding>,
    /// The texts that findings point into.
    pub sources: Sources,
    /// The list's columns that are nobody's but the templates'.
    pub columns: Vec<String>,
    /// Those of them that the words read: two rows that differ in one of them are not duplicates.
    pub read_columns: BTreeSet<String>,
    /// The bytes that all this was read from.
    pub verbatim: Verbatim,
    /// What is known of people before their list is read.
    pub known: Known,
    /// The sources of that, in the order of affected.toml.
    pub beside: Vec<Beside>,
    /// Where the records of earlier ledgers stood, a line each.
    pub heads: String,
}

/// Reads the settings and templates of a folder as they are now.
pub fn verbatim(folder: &Folder) -> Result<Verbatim, CommandError> {
    let mut inputs = Verbatim::new();
    for name in [INCIDENT, AFFECTED] {
        if let Some(bytes) = folder.read_settings(name)? {
            inputs.insert(name.to_owned(), Private::new(bytes));
        }
    }
    for (name, bytes) in folder.read_templates()? {
        inputs.insert(format!("{TEMPLATES}{name}"), Private::new(bytes));
    }
    Ok(inputs)
}

impl Inputs {
    /// Reads what `verbatim` means, for a list whose further columns `columns` tells once the settings are
    /// known. A plan in the ledger is read by the same way as a folder.
    pub fn read(verbatim: Verbatim, columns: impl FnOnce(&ListSettings) -> Vec<String>) -> Self {
        let mut findings = Vec::new();
        let mut sources = Sources::new();
        let mut own = BTreeMap::new();
        for (name, bytes) in &verbatim {
            let text = String::from_utf8_lossy(bytes.expose()).into_owned();
            let text = text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned);
            if let Some(file) = name.strip_prefix(TEMPLATES) {
                if std::str::from_utf8(bytes.expose()).is_err() {
                    let finding = Finding::refused("not-utf8", Place::file(name), "the template is not UTF-8");
                    findings.push(finding.hint("save it as UTF-8"));
                }
                own.insert(file.to_owned(), text.clone());
            }
            sources.insert(name.clone(), text);
        }
        let incident = if let Some(bytes) = verbatim.get(INCIDENT) {
            keep(&mut findings, incident::read(INCIDENT, bytes.expose()))
        } else {
            let finding = Finding::refused("no-incident", Place::file(INCIDENT), "incident.toml is missing");
            findings.push(finding.hint("`forthwith new DIR` makes a folder with a sample of it"));
            None
        };
        let list = match verbatim.get(AFFECTED) {
            Some(bytes) => keep(&mut findings, read_settings(AFFECTED, bytes.expose())),
            None => Some(ListSettings::default()),
        };
        let columns = list.as_ref().map(columns).unwrap_or_default();
        let bound = incident.as_ref().filter(|incident| incident.law.is_stated);
        let duties = bound.map(|incident| Arc::new(Duties::new(incident, law::shipped(), own_elements(incident))));
        let words = incident.as_ref().and_then(|incident| {
            let columns = columns.iter().map(String::as_str);
            let words = match &duties {
                Some(duties) => {
                    Words::arranged(incident, &own, columns, Box::new(ByDuty::new(incident, Arc::clone(duties))))
                }
                None => Words::with_columns(incident, &own, columns),
            };
            keep(&mut findings, words)
        });
        let read_columns = words.as_ref().map(Words::columns_read).unwrap_or_default();
        Self {
            incident,
            list,
            duties,
            words,
            findings,
            sources,
            columns,
            read_columns,
            verbatim,
            known: Known::default(),
            beside: Vec::new(),
            heads: String::new(),
        }
    }

    /// Returns whether anything so far refuses the inputs.
    pub fn is_refused(&self) -> bool {
        any_refused(&self.findings)
    }

    /// Returns incident, settings and words where nothing refuses them.
    pub fn whole(&self) -> Option<(&Incident, &ListSettings, &Words)> {
        if self.is_refused() {
            return None;
        }
        Some((self.incident.as_ref()?, self.list.as_ref()?, self.words.as_ref()?))
    }
}

/// Reads what the inputs of a frozen plan mean.
pub fn frozen(plan: &FrozenPlan) -> Inputs {
    let columns =
        plan.inputs.get(freezing::COLUMNS).map(|bytes| String::from_utf8_lossy(bytes.expose()).into_owned());
    let columns = columns.unwrap_or_default();
    Inputs::read(plan.inputs.clone(), |_| columns.lines().map(str::to_owned).collect())
}

fn keep<T>(findings: &mut Vec<Finding>, (value, more): (T, Vec<Finding>)) -> T {
    findings.extend(more);
    value
}

/// Reads delivery.toml; `None` and findings where it is refused, `None` alone where it is missing.
pub fn delivery(
    folder: &Folder,
) -> Result<(Option<forthwith_core::delivery::Delivery>, Vec<Finding>, Sources), CommandError> {
    let Some(bytes) = folder.read_settings(DELIVERY)? else { return Ok((None, Vec::new(), Sources::new())) };
    let (delivery, findings) = forthwith_core::delivery::read(DELIVERY, &bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok((delivery, findings, Sources::from([(DELIVERY.to_owned(), without_values(&text))])))
}

/// Returns delivery.toml as findings may show it: keys and tables, each value as so many asterisks.
///
/// A password that stands where none belongs is one of the mistakes that are shown, and standard error often
/// ends in a log. Octets stay where they were.
fn without_values(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let kept = match line.split_once('=') {
            _ if line.starts_with('[') => line.trim_end().len(),
            Some((key, _)) => key.len() + "=".len(),
            None => 0,
        };
        let (kept, hidden) = line.split_at(kept);
        shown.push_str(kept);
        for c in hidden.chars() {
            if c.is_ascii_whitespace() {
                shown.push(c);
            } else {
                shown.extend(std::iter::repeat_n('*', c.len_utf8()));
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_and_octets_stay_where_they_were() {
        let text = "[relay]\r\nurl = \"smtps://u:pass@x\"\nwörd=\"pässword\" # pass\n  pass\n";
        let shown = without_values(text);
        assert_eq!(shown.len(), text.len());
        assert_eq!(shown, "[relay]\r\nurl = ******************\nwörd=*********** * ****\n  ****\n");
    }
}
