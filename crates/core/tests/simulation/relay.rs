//! The model of a relay: it accepts, refuses, loses the line at any stage, and loses replies to what it took.
//!
//! It keeps its own record of what it took, when each MAIL arrived and whom it refused for good; the checker
//! believes nothing else.

use super::chance::Chance;
use forthwith_core::verdict::{Answer, Reply, Stage, Verdict, judge};

/// What a relay knows in the end.
#[derive(Debug)]
pub struct Relay {
    /// Of every thousand answers, how many are not the good one.
    trouble: u64,
    /// The refusal that this relay is fond of: what blows the fuse comes again and again.
    favourite: &'static str,
    /// Where it says that most of the time, if it has such a place.
    sore: Option<Stage>,
    /// What it took, by notice, in order: responsibility is its own from then on, whoever hears of it.
    pub took: Vec<i64>,
    /// Notices that it refused for good, or meant to.
    pub refused: Vec<i64>,
    /// When each MAIL arrived, in milliseconds of elapsed time, and for which notice.
    pub mails: Vec<(i64, i64)>,
    /// How often the reply to a dot was lost, cut off, or none that is one.
    pub spoiled_dots: usize,
}

/// Refusals, for now and for good, of the person, of us, and of the dialogue.
const REFUSALS: [&str; 8] = [
    "421 4.3.2 closing",
    "450 4.2.1 mailbox busy",
    "451 4.7.1 greylisted",
    "452 4.5.3 too many",
    "550 5.1.1 no such user",
    "554 5.7.1 policy",
    "552 5.3.4 too big",
    "500 5.5.2 syntax",
];

impl Relay {
    /// Returns a relay whose ways are drawn from `chance`.
    pub fn new(chance: &mut Chance) -> Self {
        let (trouble, favourite) = (chance.one_of(&[0, 20, 100, 300]), chance.one_of(&REFUSALS));
        let sore = chance.one_of(&[None, None, None, Some(Stage::Rcpt), Some(Stage::Data), Some(Stage::Dot)]);
        Self { trouble, favourite, sore, took: Vec::new(), refused: Vec::new(), mails: Vec::new(), spoiled_dots: 0 }
    }

    /// Makes it accept everything from now on.
    pub fn calm_down(&mut self) {
        self.trouble = 0;
        self.sore = None;
    }

    /// Returns whether something other than the good answer comes next.
    pub fn is_trouble(&self, chance: &mut Chance) -> bool {
        chance.hits(self.trouble)
    }

    /// Answers at `stage`, up to the content, about `notice`.
    pub fn answer(&mut self, stage: Stage, notice: i64, chance: &mut Chance) -> Answer {
        if !self.is_sore(stage, chance) && !self.is_trouble(chance) {
            return reply(good(stage));
        }
        let answer = self.bad(stage, chance);
        self.note_refusal(stage, notice, &answer);
        answer
    }

    /// Breaks into the content about `notice`.
    pub fn interrupt(&mut self, notice: i64, chance: &mut Chance) -> Answer {
        let answer = self.bad(Stage::Content, chance);
        self.note_refusal(Stage::Content, notice, &answer);
        answer
    }

    /// Answers the dot about `notice`: takes it or not, and says so or not.
    pub fn answer_dot(&mut self, notice: i64, chance: &mut Chance) -> Answer {
        let is_sore = self.is_sore(Stage::Dot, chance);
        if !is_sore && !self.is_trouble(chance) {
            self.took.push(notice);
            return reply(good(Stage::Dot));
        }
        if is_sore || chance.hits(500) {
            let answer = self.bad(Stage::Dot, chance);
            self.note_refusal(Stage::Dot, notice, &answer);
            self.spoiled_dots += usize::from(judge(Stage::Dot, &answer) == Verdict::InDoubt);
            return answer;
        }
        self.took.push(notice);
        self.spoiled_dots += 1;
        lost("the reply was lost")
    }

    /// Goes on alone after the client died with its dot on the way: it may have arrived.
    pub fn abandoned(&mut self, notice: i64, chance: &mut Chance) {
        if chance.hits(500) {
            self.took.push(notice);
        }
    }

    fn is_sore(&self, stage: Stage, chance: &mut Chance) -> bool {
        self.sore == Some(stage) && chance.hits(700)
    }

    fn bad(&self, stage: Stage, chance: &mut Chance) -> Answer {
        if self.sore == Some(stage) && chance.hits(900) {
            return reply(self.favourite);
        }
        match chance.below(10) {
            0..=2 => lost("reset"),
            3 => reply(if stage == Stage::Data { "250 2.0.0 what" } else { "354 what" }),
            4 => reply("999 what"),
            5..=7 => reply(self.favourite),
            _ => reply(chance.one_of(&REFUSALS)),
        }
    }

    fn note_refusal(&mut self, stage: Stage, notice: i64, answer: &Answer) {
        if judge(stage, answer) == Verdict::Bounced {
            self.refused.push(notice);
        }
    }
}

fn good(stage: Stage) -> &'static str {
    match stage {
        Stage::Data => "354 go on",
        _ => "250 2.0.0 ok",
    }
}

fn reply(text: &str) -> Answer {
    let code = text[..3].parse().expect("a reply begins with digits");
    Answer::Reply(Reply::new(code, format!("{text}\r\n").into_bytes()))
}

/// Returns the answer of a line that broke.
pub fn lost(why: &str) -> Answer {
    Answer::Lost(why.to_owned())
}
