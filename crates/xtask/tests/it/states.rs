//! docs/states.md holds the tables of core's state.rs and verdict.rs, letter by letter.

use crate::tree::read;
use forthwith_core::{
    state::{Happening, State},
    verdict::{Answer, Reply, Stage, Verdict, judge},
};

const HAPPENINGS: [Happening; 12] = [
    Happening::Offered,
    Happening::Accepted,
    Happening::Deferred,
    Happening::Bounced,
    Happening::Requeued,
    Happening::Doubted,
    Happening::Restored,
    Happening::ResolvedResend,
    Happening::ResolvedLetStand,
    Happening::Expired,
    Happening::ProvedAccepted,
    Happening::ProvedNotAccepted,
];

/// Answers that stand for every answer: what heads the column, and the reply; `None` is a lost line.
const ANSWERS: [(&str, Option<&str>); 8] = [
    ("4yz", Some("451 4.3.0 later")),
    ("421", Some("421 bye")),
    ("5yz", Some("550 5.1.1 no")),
    ("5yz, x.7.x", Some("550 5.7.1 no")),
    ("554, bare", Some("554 no")),
    ("552", Some("552 5.2.2 no")),
    ("another 2yz", Some("252 hm")),
    ("line lost", None),
];

#[test]
fn the_page_holds_the_table_of_states() {
    let row = |state: State| {
        let next =
            HAPPENINGS.map(|happening| state.next(happening).map_or("-".to_owned(), |next| format!("{next:?}")));
        format!("| **{state:?}** | {} |", next.join(" | "))
    };
    let head = format!("| from | {} |", HAPPENINGS.map(|happening| format!("{happening:?}")).join(" | "));
    require_table(head, State::ALL.map(row).into());
}

#[test]
fn the_page_holds_the_table_of_verdicts() {
    let row = |stage: Stage| {
        let verdicts = ANSWERS.map(|(_, text)| words(judge(stage, &answer(text))));
        format!("| {stage} | {} |", verdicts.join(" | "))
    };
    let head = format!("| stage | {} |", ANSWERS.map(|(name, _)| name).join(" | "));
    require_table(head, Stage::ALL.map(row).into());
}

/// Says what the page lacks, with the table as it is to stand there.
fn require_table(head: String, rows: Vec<String>) {
    let rule = "|---".repeat(head.matches(" | ").count() + 1) + "|";
    let table = [vec![head, rule], rows].concat().join("\n");
    let page = read("docs/states.md");
    assert!(page.contains(&table), "docs/states.md must hold this table:\n\n{table}\n");
}

fn answer(text: Option<&str>) -> Answer {
    let Some(text) = text else { return Answer::Lost("closed".to_owned()) };
    Answer::Reply(Reply::new(text[..3].parse().unwrap(), format!("{text}\r\n").into_bytes()))
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::PauseRelay => "pause the relay",
        Verdict::StopRun => "stop, exit 7",
        Verdict::QueuedAgain => "queued again",
        Verdict::Deferred => "deferred",
        Verdict::Bounced => "bounced",
        Verdict::InDoubt => "**in doubt**",
    }
}
