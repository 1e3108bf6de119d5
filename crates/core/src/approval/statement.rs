//! The statement: the exact bytes that are signed to release a plan, with a key or on paper.
//!
//! It says what the plan's digest binds, in lines that a person can read and no value can forge. No clock: the same
//! plan has the same statement. Who signed is not in it.

use super::{
    rule::{ApprovalRule, Asked, span},
    words::plain_words,
};
use crate::{address::is_unseen, digest::Digest, incident::Incident};
use std::fmt::Write as _;

/// The first line: what it is, and the version of its form. A change of the form is a new number.
const FIRST_LINE: &str = "forthwith approval statement 1";
/// Columns of a name, so that values stand under each other on paper.
const NAME_COLUMNS: usize = 14;

/// Returns the statement of the plan whose manifest this is.
pub fn statement(manifest: &str, digest: &Digest, incident: &Incident) -> String {
    let mut text = format!(
        "{FIRST_LINE}\n\n\
         I release the plan below: each notice in it, word for word, to the person\n\
         that it is for, and nothing else.\n\n"
    );
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:NAME_COLUMNS$} {}", on_one_line(value));
    };
    let of =
        |name: &str| manifest.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap_or("");
    line("incident", of("incident"));
    line("organisation", &incident.organisation.legal_name);
    line("plan", &digest.to_string());
    line("in words", &plain_words(digest));
    line("affected list", of("affected-list"));
    line("rows", of("rows"));
    line("notices", of("planned"));
    for (reason, count) in manifest.lines().filter_map(|line| line.strip_prefix("withheld.")?.split_once(' ')) {
        line("withheld", &format!("{count} {reason}"));
    }
    line("deadline", of("deadline"));
    match &incident.approval {
        None => line("needed", "nobody is named: incident.toml has no [approval]"),
        Some(ApprovalRule::NotNeeded { reason }) => line("needed", &format!("nobody: {reason}")),
        Some(ApprovalRule::Asked(asked)) => rule(asked, line),
    }
    text.push_str("\nThe plan is the SHA-256 of out/packet/manifest.txt; the manifest binds the rest.\n");
    text
}

fn rule(asked: &Asked, mut line: impl FnMut(&str, &str)) {
    line("needed", &if asked.needed == 1 { "1 person".to_owned() } else { format!("{} people", asked.needed) });
    for role in &asked.roles {
        line("role", role);
    }
    line("valid for", &format!("{} from when it is recorded", span(asked.valid_for)));
    line("on paper", if asked.witnessed { "counts before a witness" } else { "does not count" });
    for signer in &asked.signers {
        let roles: Vec<_> = signer.roles.iter().map(String::as_str).collect();
        let roles = if roles.is_empty() { String::new() } else { format!(" ({})", roles.join(", ")) };
        line("signer", &format!("{}{roles} {}", signer.names.join(", "), signer.key.fingerprint()));
    }
}

/// Returns `value` with everything spelled out that would end a line, hide, or turn the direction of the text.
fn on_one_line(value: &str) -> String {
    let mut line = String::with_capacity(value.len());
    for c in value.chars() {
        if is_unseen(c) && !matches!(c, '\u{200c}' | '\u{200d}') {
            line.extend(c.escape_unicode());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident;

    const MANIFEST: &str = "forthwith-manifest 1\nincident kestrel-2020-10\nincident.toml sha256:aa\naffected-list sha256:bb\n\
        template.incident 9\nsetting.subject.en rows 7\ndeadline none\nrows 1403\nplanned 1400\nwithheld.duplicate 2\n\
        withheld.no-address 1\nkey-commitment sha256:cc\nnotices sha256:dd\n";

    fn example(approval: &str) -> Incident {
        let text = include_str!("../../../../examples/amazon-2020-10/incident.toml");
        let (before, _) = text.split_once("[approval]").unwrap();
        let (incident, findings) = incident::read("incident.toml", format!("{before}{approval}").as_bytes());
        incident.unwrap_or_else(|| panic!("{findings:?}"))
    }

    #[test]
    fn the_statement_is_these_bytes() {
        let approval = "[approval]\nneeded = 2\nroles = [\"counsel\"]\nwitnessed = false\nsigners = ['ada@firm.example,role:counsel \
            ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti']\n";
        let said = statement(MANIFEST, &Digest::of(b"plan"), &example(approval));
        assert_eq!(said, include_str!("statement.golden.txt"));
        assert!(said.lines().all(|line| line.trim_end() == line));
    }

    #[test]
    fn every_line_of_the_rule_and_every_count_changes_it() {
        let with = |manifest: &str, approval: &str| statement(manifest, &Digest::of(b"plan"), &example(approval));
        let plain = with(MANIFEST, "[approval]\nneeded = 1\n");
        for approval in [
            "",
            "[approval]\nnone = \"a drill\"\n",
            "[approval]\nneeded = 2\n",
            "[approval]\nroles = [\"counsel\"]\n",
            "[approval]\nneeded = 1\nvalid_for = \"8 d\"\n",
            "[approval]\nneeded = 1\nwitnessed = false\n",
        ] {
            assert_ne!(with(MANIFEST, approval), plain, "{approval}");
        }
        for (from, to) in
            [("planned 1400", "planned 1401"), ("duplicate 2", "duplicate 3"), ("deadline none", "deadline x")]
        {
            assert_ne!(with(&MANIFEST.replace(from, to), "[approval]\nneeded = 1\n"), plain, "{to}");
        }
    }

    #[test]
    fn no_value_forges_a_line() {
        let mut incident = example("[approval]\nneeded = 1\n");
        incident.organisation.legal_name = "A\nplan sha256:00\u{202e}\r".to_owned();
        let said = statement(MANIFEST, &Digest::of(b"plan"), &incident);
        assert_eq!(said.lines().filter(|line| line.starts_with("plan ")).count(), 1);
        assert!(said.contains("A\\u{a}plan sha256:00\\u{202e}\\u{d}\n"), "{said}");
    }
}
