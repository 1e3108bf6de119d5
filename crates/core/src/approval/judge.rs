//! Whether what was recorded releases a plan: who counts, who does not and why, and what is lacking.
//!
//! It is asked at the start of each run, with the time. It reads no clock and keeps nothing.

use super::{
    act::{Act, Recorded},
    rule::Asked,
    signature::{Signature, SignatureRefused},
    signers::{NAMESPACE, Signer, is_same_person},
};
use crate::digest::Digest;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How far a clock may stand before what the ledger has seen: time servers step a clock by less, people by more.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_mins(2);

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What is asked for.
    pub asked: &'a Asked,
    /// Signers that are kept outside the incident folder, where there are any: what they say of a key or a person
    /// holds, whatever the folder says, and without a key of theirs nothing is released.
    pub outside: Option<&'a [Signer]>,
    /// The statement of the plan.
    pub statement: &'a [u8],
    /// The plan's number in the ledger.
    pub plan: i64,
    /// The time.
    pub now: Timestamp,
}

/// Why an act does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCounted {
    /// The signature is none of this plan.
    #[error(transparent)]
    Signature(#[from] SignatureRefused),
    /// Nobody named has this key.
    #[error("nobody who is named has the key {fingerprint}")]
    OtherKey {
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// The key's line lets it sign for other things.
    #[error("the line of {name} lets this key sign for other things only: its namespaces leave {NAMESPACE} out")]
    OtherUse {
        /// Whose.
        name: String,
    },
    /// The key does not count yet.
    #[error("the key of {name} counts from {from} on")]
    KeyTooEarly {
        /// Whose.
        name: String,
        /// From when on.
        from: Timestamp,
    },
    /// The key does not count any more.
    #[error("the key of {name} counted until {until}")]
    KeyLapsed {
        /// Whose.
        name: String,
        /// Until when.
        until: Timestamp,
    },
    /// It is too old.
    #[error("it counted until {until}: sign again")]
    Lapsed {
        /// Until when.
        until: Timestamp,
    },
    /// The clock stands before something that the ledger has seen.
    #[error("the clock was set back: it says {now:.0}, and the ledger has seen {seen:.0}")]
    ClockSetBack {
        /// What the clock says.
        now: Timestamp,
        /// What was seen.
        seen: Timestamp,
    },
    /// It was taken back.
    #[error("it was withdrawn at {at:.0} by {by}")]
    Withdrawn {
        /// When.
        at: Timestamp,
        /// By whom.
        by: String,
    },
    /// It was for a plan that another one replaced.
    #[error("it was for a plan that was replaced since")]
    Superseded,
    /// The same signature was handed in before.
    #[error("the very same signature was recorded before: only a new one counts anew")]
    Replayed,
    /// The person has signed again since, in the same way.
    #[error("the same person signed again since")]
    Renewed,
    /// The person counts already, by another key or paper.
    #[error("{name} signed twice, and is one person")]
    SamePerson {
        /// Who.
        name: String,
    },
    /// Paper does not count.
    #[error("a signature on paper does not count: the rule asks for keys (witnessed = false)")]
    PaperForbidden,
    /// Somebody named signed on paper as what they are not.
    #[error("{name} is not named as {role}")]
    OtherRole {
        /// Who.
        name: String,
        /// As what.
        role: String,
    },
    /// Nobody witnesses their own signature.
    #[error("{name} cannot be the own witness")]
    OwnWitness {
        /// Who.
        name: String,
    },
    /// What was recorded was deleted since.
    #[error("who it was has been purged")]
    Purged,
}

/// How somebody signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// With a key.
    Signed {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// On paper.
    Witnessed {
        /// Who saw it.
        witness: String,
    },
}

impl How {
    /// Returns it in the words that packet, `status` and `explain` use.
    pub fn told(&self) -> &'static str {
        match self {
            Self::Signed { .. } => "signed with a key",
            Self::Witnessed { .. } => "witnessed",
        }
    }
}

/// Somebody whose release counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The event that records it.
    pub event: String,
    /// The names of the person; the first stands for them.
    pub names: Vec<String>,
    /// As what.
    pub roles: BTreeSet<String>,
    /// How.
    pub how: How,
    /// When it was recorded.
    pub at: Timestamp,
    /// Until when it counts.
    pub until: Timestamp,
    is_outside: bool,
}

/// An act that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The event that records it.
    pub event: String,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who it says it is by, where that is known.
    pub who: Option<String>,
    /// Why it does not count.
    pub why: NotCounted,
}

/// What a plan lacks to be released.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lacking {
    /// Too few people.
    #[error("{have} of {needed} releases")]
    People {
        /// How many count.
        have: u32,
        /// How many are needed.
        needed: u32,
    },
    /// Nobody signed as one of these, who does not stand for another role already.
    #[error("nobody released it as {}", .roles.join(", nor as "))]
    Roles {
        /// The roles.
        roles: Vec<String>,
    },
    /// None of the signers that are kept outside signed with a key.
    #[error("nobody in the file of signers outside the folder signed it with a key")]
    Outside,
}

/// What was recorded, judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Whose release counts, in the order of recording.
    pub counted: Vec<Counted>,
    /// What does not count, in the order of recording.
    pub set_aside: Vec<SetAside>,
    /// What is lacking; nothing releases the plan.
    pub lacking: Vec<Lacking>,
}

impl Judgement {
    /// Returns whether the plan is released.
    pub fn is_released(&self) -> bool {
        self.lacking.is_empty()
    }

    /// Returns until when everything does that counts now, where the plan is released.
    pub fn until(&self) -> Option<Timestamp> {
        self.counted.iter().map(|counted| counted.until).min().filter(|_| self.is_released())
    }
}

/// Judges what was recorded, in the order of recording, of every plan of the ledger.
pub fn judge(question: &Question<'_>, records: &[Recorded]) -> Judgement {
    let mut judgement = Judgement::default();
    let signers = effective_signers(&question.asked.signers, question.outside);
    let of_plan = |record: &Recorded| record.plan == question.plan;
    let last_withdrawal = records.iter().rposition(|record| record.withdraws && of_plan(record));
    let mut traces = BTreeSet::new();
    for (nth, record) in records.iter().enumerate().filter(|(_, record)| !record.withdraws) {
        let is_known = trace(record).is_some_and(|trace| !traces.insert(trace));
        if !of_plan(record) {
            continue;
        }
        let withdrawal = last_withdrawal.filter(|last| nth < *last).map(|last| &records[last]);
        match weigh(question, &signers, record, is_known, withdrawal) {
            Ok(counted) => admit(&mut judgement, counted),
            Err(why) => {
                let who = record.act.as_ref().and_then(|act| who(act, &signers));
                judgement.set_aside.push(SetAside { event: record.event.clone(), at: record.at, who, why });
            }
        }
    }
    judgement.lacking = lacking(question, &judgement.counted);
    judgement
}

/// Returns the signers of both sources, and whether each is of the file outside. Where the folder speaks of a key or a
/// person that the file has, the file alone is heard.
pub(super) fn effective_signers<'a>(
    inside: &'a [Signer],
    outside: Option<&'a [Signer]>,
) -> Vec<(&'a Signer, bool)> {
    let outside = outside.unwrap_or_default();
    let is_outside = |signer: &Signer| {
        outside.iter().any(|other| other.key == signer.key || is_same_person(&other.names, &signer.names))
    };
    let inside = inside.iter().filter(|signer| !is_outside(signer));
    outside.iter().map(|signer| (signer, true)).chain(inside.map(|signer| (signer, false))).collect()
}

fn trace(record: &Recorded) -> Option<Digest> {
    match record.act.as_ref()? {
        Act::Signed { signature, .. } => Signature::read(signature.as_bytes()).ok().map(|read| read.trace()),
        Act::Witnessed { .. } | Act::Withdrawn { .. } => None,
    }
}

fn who(act: &Act, signers: &[(&Signer, bool)]) -> Option<String> {
    match act {
        Act::Signed { signature, .. } => {
            let key = Signature::read(signature.as_bytes()).ok()?.key();
            signers.iter().find(|(signer, _)| signer.key == key).map(|(signer, _)| signer.name().to_owned())
        }
        Act::Witnessed { signed_by, .. } => Some(signed_by.clone()),
        Act::Withdrawn { by, .. } => Some(by.clone()),
    }
}

/// Returns whom one act counts for, or why it does not count. Whether the person counts already is not looked at.
fn weigh(
    question: &Question<'_>,
    signers: &[(&Signer, bool)],
    record: &Recorded,
    is_known: bool,
    withdrawal: Option<&Recorded>,
) -> Result<Counted, NotCounted> {
    let Some(act) = &record.act else { return Err(NotCounted::Purged) };
    if let Some(withdrawal) = withdrawal {
        let by = withdrawal.act.as_ref().and_then(|act| who(act, signers));
        return Err(NotCounted::Withdrawn { at: withdrawal.at, by: by.unwrap_or_else(|| "somebody".to_owned()) });
    }
    let now = steady(question.now, record)?;
    let counted = match act {
        Act::Signed { made_here: false, .. } if is_known => return Err(NotCounted::Replayed),
        Act::Signed { signature, .. } => signed(question, signers, signature, now)?,
        Act::Witnessed { signed_by, role, witness, .. } => {
            witnessed(question, signers, (signed_by, role, witness))?
        }
        Act::Withdrawn { .. } => return Err(NotCounted::Purged),
    };
    let lapses = after(record.at, question.asked.valid_for);
    if now >= lapses {
        return Err(NotCounted::Lapsed { until: lapses });
    }
    let until = counted.until.min(lapses);
    Ok(Counted { event: record.event.clone(), at: record.at, until, ..counted })
}

/// Returns the time that holds: the clock's, or what the ledger has seen where that is a little later.
fn steady(now: Timestamp, record: &Recorded) -> Result<Timestamp, NotCounted> {
    let seen = record.seen.max(record.at);
    if seen.duration_since(now) > CLOCK_SLACK {
        return Err(NotCounted::ClockSetBack { now, seen });
    }
    Ok(now.max(seen))
}

fn after(at: Timestamp, time: Duration) -> Timestamp {
    at.checked_add(time).unwrap_or(Timestamp::MAX)
}

fn signed(
    question: &Question<'_>,
    signers: &[(&Signer, bool)],
    signature: &str,
    now: Timestamp,
) -> Result<Counted, NotCounted> {
    let signature = Signature::read(signature.as_bytes())?;
    let key = signature.key();
    let found = signers.iter().find(|(signer, _)| signer.key == key);
    let Some((signer, is_outside)) = found else {
        return Err(NotCounted::OtherKey { fingerprint: key.fingerprint() });
    };
    // The key of the list, and not the one that the signature brings.
    signature.check(&signer.key, question.statement)?;
    may_sign(signer, now)?;
    Ok(Counted {
        event: String::new(),
        names: signer.names.clone(),
        roles: signer.roles.clone(),
        how: How::Signed { fingerprint: signer.key.fingerprint() },
        at: now,
        until: signer.valid_before.unwrap_or(Timestamp::MAX),
        is_outside: *is_outside,
    })
}

/// Checks that the key of `signer` counts for a release at `now`.
fn may_sign(signer: &Signer, now: Timestamp) -> Result<(), NotCounted> {
    let name = || signer.name().to_owned();
    if !signer.may_sign_in(NAMESPACE) {
        return Err(NotCounted::OtherUse { name: name() });
    }
    if let Some(from) = signer.valid_after.filter(|from| now < *from) {
        return Err(NotCounted::KeyTooEarly { name: name(), from });
    }
    match signer.valid_before.filter(|until| now >= *until) {
        Some(until) => Err(NotCounted::KeyLapsed { name: name(), until }),
        None => Ok(()),
    }
}

fn witnessed(
    question: &Question<'_>,
    signers: &[(&Signer, bool)],
    (signed_by, role, witness): (&String, &String, &String),
) -> Result<Counted, NotCounted> {
    if !question.asked.witnessed {
        return Err(NotCounted::PaperForbidden);
    }
    let by = std::slice::from_ref(signed_by);
    let same = signers.iter().filter(|(signer, _)| is_same_person(&signer.names, by));
    let listed: Vec<_> = same.map(|(signer, _)| *signer).collect();
    let names: Vec<_> = by.iter().chain(listed.iter().flat_map(|signer| &signer.names)).cloned().collect();
    if is_same_person(&names, std::slice::from_ref(witness)) {
        return Err(NotCounted::OwnWitness { name: signed_by.clone() });
    }
    if !listed.is_empty() && !listed.iter().any(|signer| signer.roles.contains(role)) {
        return Err(NotCounted::OtherRole { name: signed_by.clone(), role: role.clone() });
    }
    Ok(Counted {
        event: String::new(),
        names,
        roles: BTreeSet::from([role.clone()]),
        how: How::Witnessed { witness: witness.clone() },
        at: question.now,
        until: Timestamp::MAX,
        is_outside: false,
    })
}

/// Lets one more count: in place of the same person's earlier act, where there is one.
fn admit(judgement: &mut Judgement, counted: Counted) {
    let earlier = judgement.counted.iter().position(|before| is_same_person(&before.names, &counted.names));
    let Some(earlier) = earlier else { return judgement.counted.push(counted) };
    let before = judgement.counted.remove(earlier);
    let why = if before.how == counted.how {
        NotCounted::Renewed
    } else {
        NotCounted::SamePerson { name: before.names[0].clone() }
    };
    let who = Some(before.names[0].clone());
    judgement.set_aside.push(SetAside { event: before.event, at: before.at, who, why });
    judgement.counted.push(counted);
}

fn lacking(question: &Question<'_>, counted: &[Counted]) -> Vec<Lacking> {
    let mut lacking = Vec::new();
    let have = u32::try_from(counted.len()).unwrap_or(u32::MAX);
    let needed = question.asked.needed;
    if have < needed {
        lacking.push(Lacking::People { have, needed });
    }
    let roles = open_roles(&question.asked.roles, counted);
    if !roles.is_empty() {
        lacking.push(Lacking::Roles { roles });
    }
    let by_outside = |counted: &Counted| counted.is_outside;
    if question.outside.is_some() && !counted.iter().any(by_outside) {
        lacking.push(Lacking::Outside);
    }
    lacking
}

/// Returns the roles that stay open when as many as can be are each given to another person.
fn open_roles(roles: &[String], counted: &[Counted]) -> Vec<String> {
    let mut given = BTreeMap::new();
    let open = roles.iter().filter(|role| !give(role, counted, &mut given, &mut BTreeSet::new()));
    open.cloned().collect()
}

/// Gives `role` to a person, moving others where that makes room (an augmenting path). Roles and people are few.
fn give<'a>(
    role: &'a String,
    counted: &[Counted],
    given: &mut BTreeMap<usize, &'a String>,
    tried: &mut BTreeSet<usize>,
) -> bool {
    for (person, one) in counted.iter().enumerate() {
        if !one.roles.contains(role) || !tried.insert(person) {
            continue;
        }
        let holds = given.get(&person).copied();
        if holds.is_none_or(|other| give(other, counted, given, tried)) {
            given.insert(person, role);
            return true;
        }
    }
    false
}
