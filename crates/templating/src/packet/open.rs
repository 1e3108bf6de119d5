//! What whoever decides looks at first: everything that is open in a plan, the gravest first.
//!
//! It counts what the rest of the record says, and decides nothing.

use super::{
    law::{PacketLaw, PacketOwed, PacketRule, PacketStanding},
    number,
    record::Record,
};
use forthwith_core::law::Answer;
use serde::{Deserialize, Serialize};

/// One thing that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenRecord {
    /// `stop` where the plan must not go out like this, `look` where a person looks first.
    pub weight: String,
    pub says: String,
    /// Where it stands on page one: the name of a place, and the number of its section.
    pub at: String,
    pub section: u8,
}

/// Returns everything that is open.
pub(super) fn open(record: &Record) -> Vec<OpenRecord> {
    let mut open = Vec::new();
    stops(record, &mut open);
    looks(record, &mut open);
    open
}

/// Where things stand on page one: a place, and the number of its section there.
type At = (&'static str, u8);
const FACTS: At = ("facts", 2);
const ROWS: At = ("rows", 3);
const LAW: At = ("law", 5);
const OWED: At = ("owed", 5);
const FINDINGS: At = ("findings", 6);
const SIGN: At = ("sign", 8);

/// Reasons for which people get no e-mail of whom whoever decides must know, and what is said of one and of many.
const UNTOLD: [(&str, &str, &str); 4] = [
    (
        "left-out",
        "person is told nothing because somebody decided so. The reason stands in the private part.",
        "people are told nothing because somebody decided so. The reasons stand in the private part.",
    ),
    (
        "suppressed",
        "person gets no e-mail because the address stands on a list of those not to write to. Another way is needed.",
        "people get no e-mail because their addresses stand on a list of those not to write to. Another way is needed.",
    ),
    (
        "blocked",
        "person gets no e-mail because the login of the mailbox was taken: whoever has it would read the notice. \
         No decision lifts this; another way is needed.",
        "people get no e-mail because the logins of their mailboxes were taken: whoever has them would read the \
         notices. No decision lifts this; another way is needed.",
    ),
    (
        "needs-smtputf8",
        "person gets no e-mail because not every server takes mail for such an address. Another way is needed.",
        "people get no e-mail because not every server takes mail for such addresses. Another way is needed.",
    ),
];

fn add(open: &mut Vec<OpenRecord>, weight: &str, says: impl Into<String>, (at, section): At) {
    open.push(OpenRecord { weight: weight.to_owned(), says: says.into(), at: at.to_owned(), section });
}

fn stops(record: &Record, open: &mut Vec<OpenRecord>) {
    let list = &record.list;
    if !list.adds_up {
        let says = format!(
            "These counts do not add up: {} rows are not {} planned and {} withheld, or the wordings' readers are \
             not the people planned. Do not release this plan; it is a fault of the program.",
            number(list.rows),
            number(list.planned),
            number(list.withheld)
        );
        add(open, "stop", says, ROWS);
    }
    if record.approval.state != "not-needed" {
        add(open, "stop", record.approval.says.as_str(), SIGN);
    }
    let Some(law) = &record.law else { return };
    let unmet = counted(law, |rule| rule.standing == PacketStanding::NotMet);
    if unmet > 0 {
        let says = said(unmet, "rule is not met", "rules are not met");
        add(open, "stop", format!("{says} as the wordings stand."), LAW);
    }
    let uncovered = law.coverage.none + law.coverage.several;
    if uncovered > 0 {
        let says =
            said(uncovered, "row has no wording, or more than one", "rows have no wording, or more than one");
        add(open, "stop", format!("{says}."), LAW);
    }
}

fn looks(record: &Record, open: &mut Vec<OpenRecord>) {
    let mut look = |says: String, at: At| add(open, "look", says, at);
    if record.approval.state == "not-needed" {
        look(record.approval.says.clone(), SIGN);
    }
    match &record.law {
        None => look(
            "No rule of law was applied. Whether a law asks for these notices, what it asks them to say and what \
             else is owed is not looked at in this packet."
                .to_owned(),
            LAW,
        ),
        Some(law) => looks_at(law, &mut look),
    }
    let silent = |state: &str| record.facts.iter().filter(|fact| fact.state == state).count() as u64;
    if silent("unknown") > 0 {
        look(
            said(
                silent("unknown"),
                "fact is unknown; the notices say so.",
                "facts are unknown; the notices say so.",
            ),
            FACTS,
        );
    }
    if silent("not-told") > 0 {
        look(
            said(
                silent("not-told"),
                "fact is not told, for the reason given.",
                "facts are not told, for the reasons given.",
            ),
            FACTS,
        );
    }
    for (why, one, many) in UNTOLD {
        let rows = record.list.reasons.iter().filter(|reason| reason.reason == why);
        let people: u64 = rows.map(|reason| reason.rows).sum();
        if people > 0 {
            look(said(people, one, many), ROWS);
        }
    }
    let warned = |finding: &&super::findings::FindingRecord| finding.gravity != "note";
    let found = record.findings.iter().chain(record.variants.iter().flat_map(|variant| &variant.findings));
    let found = found.filter(warned).count() as u64;
    let in_rows: u64 =
        record.findings_in_rows.iter().filter(|rows| rows.gravity != "note").map(|rows| rows.rows).sum();
    if found > 0 {
        look(
            said(found, "warning about incident, list or words.", "warnings about incident, list and words."),
            FINDINGS,
        );
    }
    if in_rows > 0 {
        look(said(in_rows, "warning about a single row.", "warnings about single rows."), FINDINGS);
    }
}

/// Looks at the law alone: what waits for a person, what nobody has confirmed, and what is owed beside the notices.
fn looks_at(law: &PacketLaw, look: &mut impl FnMut(String, At)) {
    let undecided = counted(law, PacketRule::is_open);
    if undecided > 0 {
        let says = said(undecided, "rule waits", "rules wait");
        look(format!("{says} for a person's decision: no program can tell."), LAW);
    }
    if law.unverified > 0 {
        let of = format!("{} of {} rules", number(law.unverified), number(law.rules));
        look(format!("Nobody has confirmed {of} against their source."), LAW);
    }
    let beside = |answer| {
        let is_meant = |owed: &&PacketOwed| owed.kind != "individual" && owed.counted > 0 && owed.owed == answer;
        law.owed.iter().filter(is_meant).count() as u64
    };
    let (owed, perhaps) = (beside(Answer::Yes), beside(Answer::Unknown));
    if owed > 0 {
        let says = said(owed, "duty stands beside these notices", "duties stand beside these notices");
        look(format!("{says}: to authorities, bureaus or media, or by letter."), OWED);
    }
    if perhaps > 0 {
        let says = said(perhaps, "more duty depends", "more duties depend");
        look(format!("{says} on people of whom not enough is known."), OWED);
    }
}

fn counted(law: &PacketLaw, counts: impl Fn(&PacketRule) -> bool) -> u64 {
    law.regimes.iter().flat_map(super::law::PacketRegime::rules).filter(|rule| counts(rule)).count() as u64
}

fn said(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}
