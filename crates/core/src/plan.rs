//! The plan: every row of one freezing of the inputs, and the manifest whose digest counsel releases.

use crate::{
    digest::{Digest, Hashing},
    notice::{Token, Withheld},
    private::Private,
    recipient::Recipient,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, fmt::Write as _};

/// The version of the manifest's form. A change of the form is a new number, never a new meaning of an old one.
pub const MANIFEST_FORMAT: u32 = 1;

/// What the lines of the manifest begin with that name a law; its id and the digest of its file follow.
pub const LAW: &str = "law.";

/// A frozen plan without its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenPlan {
    /// SHA-256 of the manifest.
    pub digest: Digest,
    /// The manifest, byte for byte as `out/packet/manifest.txt` has it.
    pub manifest: String,
    /// When it was frozen.
    pub frozen_at: Timestamp,
    /// The incident's short name.
    pub incident: String,
    /// What was read, verbatim, by name: incident.toml, affected.toml, each template that replaced or added one.
    pub inputs: BTreeMap<String, Private<Vec<u8>>>,
    /// The name of the affected list in the incident folder, and the SHA-256 of its bytes.
    pub list: (String, Digest),
}

impl FrozenPlan {
    /// Returns the incident's deadline as the manifest has it, where one is set.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.manifest.lines().find_map(|line| line.strip_prefix("deadline "))?.parse().ok()
    }
}

/// One row of the affected list as it was frozen. A plan has no refused rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenRow {
    /// The data row, counted from 1.
    pub row: u64,
    /// The physical line where the row starts, counted from 1.
    pub line: u64,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every row of a plan is planned: a box each would cost more")]
pub enum Fate {
    /// A notice is owed.
    Planned(Planned),
    /// No notice; the row is kept, and why.
    Withheld {
        /// The reason that programs know.
        reason: Withheld,
        /// More words: the operator's reason for leaving out, the row that a duplicate repeats.
        note: String,
        /// The id column, for finding the person.
        id: Private<String>,
        /// The address column as it was written.
        address: Private<String>,
        /// The name column.
        name: Private<String>,
    },
}

/// A notice that is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The person.
    pub recipient: Recipient,
    /// The notice's public name.
    pub token: Token,
    /// Its place in the keyed order: sort by it.
    pub order: u64,
    /// The key of its variant.
    pub variant: String,
    /// SHA-256 over its message with the Date value masked.
    pub content: Digest,
}

/// Everything that the plan's digest binds, in the order of the manifest.
///
/// Not in it, on purpose: the time of freezing, delivery.toml, relay, pace and program version. A newer
/// program that renders the same bytes goes on with the same plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The incident's short name.
    pub incident_id: String,
    /// incident.toml.
    pub incident: Digest,
    /// affected.toml, where there is one.
    pub list_settings: Option<Digest>,
    /// The affected list's bytes.
    pub list: Digest,
    /// What else decided about people, in the order of affected.toml.
    pub beside: Vec<Beside>,
    /// Each template used, by name.
    pub templates: BTreeMap<String, Digest>,
    /// The file of each law that reaches somebody on the list, by its id.
    pub law: BTreeMap<String, Digest>,
    /// Content settings, by name: From, Reply-To, return path and subjects, in clear.
    pub settings: BTreeMap<String, String>,
    /// The deadline, where one is set.
    pub deadline: Option<Timestamp>,
    /// Rows of the list.
    pub rows: u64,
    /// Notices owed.
    pub planned: u64,
    /// Rows withheld, by reason.
    pub withheld: BTreeMap<&'static str, u64>,
    /// The commitment to the plan's key.
    pub key: Digest,
    /// One digest over all content digests in row order.
    pub notices: Digest,
}

/// A source beside the list that decided about its people: an earlier ledger, a list of who is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// What it is: `told-before`.
    pub kind: &'static str,
    /// Its path, as affected.toml has it.
    pub name: String,
    /// SHA-256 over what it says.
    pub digest: Digest,
}

impl Manifest {
    /// Returns the manifest: LF lines `name value`, in fixed order.
    ///
    /// Values are put on one line: a line end or backslash in one is written `\n`, `\r` or `\\`.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: &str| {
            let value = value.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
            let _ = writeln!(out, "{name} {value}");
        };
        line("forthwith-manifest", &MANIFEST_FORMAT.to_string());
        line("incident", &self.incident_id);
        line("incident.toml", &self.incident.to_string());
        if let Some(digest) = self.list_settings {
            line("affected.toml", &digest.to_string());
        }
        line("affected-list", &self.list.to_string());
        for Beside { kind, name, digest } in &self.beside {
            line(kind, &format!("{digest} {name}"));
        }
        for (name, digest) in &self.templates {
            line(&format!("template.{name}"), &digest.to_string());
        }
        for (id, digest) in &self.law {
            line(&format!("{LAW}{id}"), &digest.to_string());
        }
        for (name, value) in &self.settings {
            line(&format!("setting.{name}"), value);
        }
        line("deadline", &self.deadline.map_or_else(|| "none".to_owned(), |at| at.to_string()));
        line("rows", &self.rows.to_string());
        line("planned", &self.planned.to_string());
        for (reason, count) in &self.withheld {
            line(&format!("withheld.{reason}"), &count.to_string());
        }
        line("key-commitment", &self.key.to_string());
        line("notices", &self.notices.to_string());
        out
    }

    /// Returns the plan's digest: SHA-256 of the manifest's text.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text().as_bytes())
    }
}

/// Makes one digest over the content digests of a plan: SHA-256 of lines `ROW TOKEN HEX`, in row order.
#[derive(Default)]
pub struct NoticesDigest(Hashing);

impl NoticesDigest {
    /// Adds the next row's notice.
    pub fn add(&mut self, row: u64, token: &Token, content: &Digest) {
        self.0.add(format!("{row} {token} {}\n", content.hex()).as_bytes());
    }

    /// Returns the digest.
    pub fn finish(self) -> Digest {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let digest = Digest::of(b"");
        Manifest {
            incident_id: "x".to_owned(),
            incident: digest,
            list_settings: None,
            list: digest,
            beside: Vec::new(),
            templates: BTreeMap::from([("closing".to_owned(), digest)]),
            law: BTreeMap::new(),
            settings: BTreeMap::from([("subject.en".to_owned(), "a\nplanned 9".to_owned())]),
            deadline: None,
            rows: 3,
            planned: 2,
            withheld: BTreeMap::from([("duplicate", 1)]),
            key: digest,
            notices: digest,
        }
    }

    #[test]
    fn a_value_cannot_forge_a_line() {
        let text = manifest().text();
        assert_eq!(text.lines().filter(|l| l.starts_with("planned ")).count(), 1);
        assert!(text.contains("setting.subject.en a\\nplanned 9\n"));
        assert!(text.ends_with('\n') && !text.contains('\r'));
    }

    #[test]
    fn the_digest_binds_every_line() {
        let plain = manifest();
        let mut changed = plain.clone();
        changed.planned = 3;
        assert_ne!(plain.digest(), changed.digest());
        changed = plain.clone();
        changed.list_settings = Some(Digest::of(b""));
        assert_ne!(plain.digest(), changed.digest());
        changed = plain.clone();
        changed.beside =
            vec![Beside { kind: "told-before", name: "../a\nrows 9".to_owned(), digest: Digest::of(b"") }];
        assert_ne!(plain.digest(), changed.digest());
        assert_eq!(changed.text().lines().filter(|line| line.starts_with("rows ")).count(), 1);
        changed = plain.clone();
        changed.law = BTreeMap::from([("us-ca".to_owned(), Digest::of(b""))]);
        assert_ne!(plain.digest(), changed.digest());
    }
}
