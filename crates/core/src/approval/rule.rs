//! What `[approval]` in incident.toml asks for: who, how many, as what, for how long, and whether paper counts.

use super::signers::{SIGNERS_MAX, Signer, is_role, read_signer, unlike};
use crate::{
    delivery::parse_duration,
    document::{Field, Table},
};
use std::{collections::BTreeSet, time::Duration};

/// People whose release is needed: more are never found in the night on which it matters.
const NEEDED_MAX: u64 = 20;
/// Roles that are asked for: each is another person.
const ROLES_MAX: usize = 8;
/// How long a release counts where nobody says: the longest deadlines of the law are weeks, and facts change sooner.
const VALID_FOR_DEFAULT: Duration = Duration::from_hours(7 * 24);

/// Who must release a plan before it goes to a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApprovalRule {
    /// Nobody, for this reason; it is printed on page one of the packet.
    NotNeeded {
        /// Why.
        reason: String,
    },
    /// People, by their signatures.
    Asked(Asked),
}

/// The release that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How many people, at least one.
    pub needed: u32,
    /// The roles that must be among them, each by another person.
    pub roles: Vec<String>,
    /// How long a release counts, from when it is recorded.
    pub valid_for: Duration,
    /// Whether a signature on paper counts that somebody witnesses.
    pub witnessed: bool,
    /// Whose keys count.
    pub signers: Vec<Signer>,
}

impl Asked {
    /// Returns the rule of a plan that nobody in its folder has to release, where signers are kept outside: one of
    /// them.
    pub fn of_one() -> Self {
        Self { needed: 1, roles: Vec::new(), valid_for: VALID_FOR_DEFAULT, witnessed: false, signers: Vec::new() }
    }

    /// Returns the rule as one sentence, without a full stop.
    pub fn told(&self) -> String {
        let people = if self.needed == 1 { "1 person".to_owned() } else { format!("{} people", self.needed) };
        let roles = match self.roles.as_slice() {
            [] => String::new(),
            roles => format!(", among them {}", roles.join(" and ")),
        };
        let paper = if self.witnessed { ", or on paper before a witness" } else { "" };
        format!("{people}{roles}, each with a key{paper}; a release counts for {}", span(self.valid_for))
    }
}

/// Returns a time as settings write it: `7 d`, `36 h`.
pub fn span(time: Duration) -> String {
    let ms = time.as_millis();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)];
    let whole = units.iter().find(|(_, unit)| ms >= *unit && ms.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{ms} ms"), |(name, unit)| format!("{} {name}", ms / unit))
}

/// Reads `[approval]`. The caller finishes the table.
pub(crate) fn read(table: &Table<'_>) -> Option<ApprovalRule> {
    if let Some(none) = table.get("none") {
        return none.line().map(|reason| ApprovalRule::NotNeeded { reason });
    }
    let roles = table.get("roles").map_or(Some(Vec::new()), |field| roles(&field));
    let needed = table.get("needed").map_or(Some(None), |field| needed(&field).map(Some));
    let valid_for = match table.get("valid_for") {
        Some(field) => {
            parse_duration(&field.line()?).map_err(|error| field.refuse("duration", error.to_string())).ok()
        }
        None => Some(VALID_FOR_DEFAULT),
    };
    let witnessed = table.get("witnessed").map_or(Some(true), |field| field.truth());
    let given = table.get("signers");
    let signers = given.as_ref().map_or(Some(Vec::new()), signers);
    if table.is_empty() {
        table.refuse("empty-value", "[approval] names signers, or says `none = \"why\"`");
        return None;
    }
    let roles = roles?;
    let least = u32::try_from(roles.len()).unwrap_or(u32::MAX).max(1);
    let needed = needed?.map_or(least, |needed| needed.max(least));
    let asked = Asked { needed, roles, valid_for: valid_for?, witnessed: witnessed?, signers: signers? };
    if let Some(field) = given {
        look_ahead(&field, &asked);
    }
    Some(ApprovalRule::Asked(asked))
}

fn needed(field: &Field<'_>) -> Option<u32> {
    let number = field.number()?;
    if !(1..=NEEDED_MAX).contains(&number) {
        let hint = "`none = \"why\"` instead of the rest says that nobody has to";
        field.refuse_with("unknown-value", format!("1 to {NEEDED_MAX} people release a plan"), hint);
        return None;
    }
    u32::try_from(number).ok()
}

fn roles(field: &Field<'_>) -> Option<Vec<String>> {
    let roles = field.lines()?;
    let distinct: BTreeSet<_> = roles.iter().collect();
    let why = if roles.len() > ROLES_MAX {
        Some(format!("at most {ROLES_MAX} roles"))
    } else if let Some(role) = roles.iter().find(|role| !is_role(role)) {
        Some(format!("`{role}` is no role: a-z 0-9 -, such as counsel or privacy"))
    } else {
        (distinct.len() < roles.len())
            .then(|| "each role stands there once; `needed` asks for more people".to_owned())
    };
    if let Some(why) = why {
        field.refuse("signer-role", why);
        return None;
    }
    Some(roles)
}

fn signers(field: &Field<'_>) -> Option<Vec<Signer>> {
    let items = field.items()?;
    if items.len() > SIGNERS_MAX {
        field.refuse("too-many", format!("at most {SIGNERS_MAX} signers"));
        return None;
    }
    let mut signers = Vec::with_capacity(items.len());
    let mut is_whole = true;
    for item in items {
        let Some(line) = item.line() else {
            is_whole = false;
            continue;
        };
        match read_signer(&line).and_then(|signer| unlike(&signers, &signer).map(|()| signer)) {
            Ok(signer) => signers.push(signer),
            Err(refused) => {
                item.refuse_with(refused.code, refused.message, refused.hint);
                is_whole = false;
            }
        }
    }
    is_whole.then_some(signers)
}

/// Warns of what these signers alone can never release.
fn look_ahead(field: &Field<'_>, asked: &Asked) {
    const HINT: &str = "name them here, keep them in a file for --signers, or let paper count: witnessed = true";
    for signer in asked.signers.iter().filter(|signer| !signer.may_sign_in(super::signers::NAMESPACE)) {
        let message = format!("the line of {} lets its key sign for other things only", signer.name());
        field.warn("signer-namespace", message, "leave namespaces out, or name forthwith-approval@v1 in it");
    }
    if asked.witnessed {
        return;
    }
    for role in asked.roles.iter().filter(|role| !asked.signers.iter().any(|signer| signer.roles.contains(*role))) {
        field.warn("signer-role", format!("nobody here can sign as {role}"), HINT);
    }
}
