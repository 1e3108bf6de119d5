//! The model of a relay: it accepts, refuses, loses the line at any stage, loses replies to what it took, and asks
//! for less beyond a pace or a quota that it tells nobody.
//!
//! It keeps its own record of what it took, when each MAIL arrived and whom it refused for good; the checker
//! believes nothing else.

use super::chance::Chance;
use forthwith_core::verdict::{Answer, Reply, Stage, Verdict, judge};
use jiff::Timestamp;
use std::collections::BTreeMap;

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
    /// Every MAIL that arrived.
    pub mails: Vec<Mail>,
    /// How often the reply to a dot was lost, cut off, or none that is one.
    pub spoiled_dots: usize,
    /// The pace and the quota that it has in mind and tells nobody.
    bounds: Vec<Bound>,
    /// Where it asks for less in the transaction under way of each notice, and with which words.
    asks: BTreeMap<i64, (Stage, &'static str)>,
}

/// A MAIL that arrived.
#[derive(Clone, Copy, Debug)]
pub struct Mail {
    /// When, in milliseconds of elapsed time.
    pub elapsed: i64,
    /// What the clock showed.
    pub shown: Timestamp,
    /// For which notice.
    pub notice: i64,
}

/// So many MAILs in a window, and what the relay says beyond.
#[derive(Debug)]
struct Bound {
    most: usize,
    /// In milliseconds.
    window: i64,
    stage: Stage,
    says: &'static str,
    /// Whether it says so at MAIL as well, now and then.
    also_at_mail: bool,
    /// The MAILs that count, in milliseconds of elapsed time.
    counted: Vec<i64>,
    /// Whether those count too that are refused.
    counts_refused: bool,
}

/// What a relay says that is asked too fast; the first may stand at MAIL too.
const SLOWER: [&str; 3] = [
    "450 4.7.1 too much mail from you",
    "454 4.7.0 Throttling failure: Maximum sending rate exceeded.",
    "421 4.7.28 an unusual rate of mail",
];
/// What it says when a quota is used up.
const QUOTA: [&str; 4] = [
    "454 Throttling failure: Daily message quota exceeded.",
    "550 5.4.5 Daily user sending limit exceeded",
    "452 4.5.3 limit of messages per day exceeded, try again in 2 hours",
    "421 4.7.0 daily quota exceeded, retry after 8 hours",
];
/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

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
        Self {
            trouble,
            favourite,
            sore,
            took: Vec::new(),
            refused: Vec::new(),
            mails: Vec::new(),
            spoiled_dots: 0,
            bounds: Vec::new(),
            asks: BTreeMap::new(),
        }
    }

    /// Gives it a pace and a quota, perhaps; where `may_take_nothing`, also such that it never takes anything.
    pub fn bind(&mut self, may_take_nothing: bool, chance: &mut Chance) {
        let small = |chance: &mut Chance| 1 + chance.index(6);
        if chance.hits(80) {
            let (most, says) = (small(chance), chance.one_of(&SLOWER));
            let window = chance.one_of(&[1_000, 10_000, 60_000]);
            self.bounds.push(Bound::new(most, window, says, chance));
        }
        if chance.hits(30) {
            let (most, says) = (small(chance), chance.one_of(&QUOTA));
            self.bounds.push(Bound::new(most, DAY, says, chance));
        }
        if may_take_nothing && chance.hits(20) {
            let says = if chance.hits(500) { chance.one_of(&SLOWER) } else { chance.one_of(&QUOTA) };
            self.bounds.push(Bound::new(0, DAY, says, chance));
        }
    }

    /// Returns whether it has a pace or a quota in mind.
    pub fn is_bound(&self) -> bool {
        !self.bounds.is_empty()
    }

    /// Returns whether its pace is such that it never takes anything.
    pub fn takes_nothing(&self) -> bool {
        self.bounds.iter().any(|bound| bound.most == 0)
    }

    /// Gives up such a pace: somebody called its operator.
    pub fn relent(&mut self) {
        self.bounds.retain(|bound| bound.most > 0);
    }

    /// Hears a MAIL, and makes up its mind about the transaction.
    pub fn hear_mail(&mut self, mail: Mail, chance: &mut Chance) {
        self.mails.push(mail);
        self.asks.remove(&mail.notice);
        for bound in &mut self.bounds {
            if let Some(ask) = bound.ask(mail.elapsed, chance) {
                self.asks.entry(mail.notice).or_insert(ask);
            }
        }
    }

    /// Returns what it says at `stage` because it is asked too much.
    fn asks_at(&self, stage: Stage, notice: i64) -> Option<Answer> {
        self.asks.get(&notice).filter(|(at, _)| *at == stage).map(|(_, says)| reply(says))
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
        if let Some(asks) = self.asks_at(stage, notice) {
            return asks;
        }
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
        if let Some(asks) = self.asks_at(Stage::Dot, notice) {
            return asks;
        }
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
        if chance.hits(500) && self.asks_at(Stage::Dot, notice).is_none() {
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

impl Bound {
    fn new(most: usize, window: i64, says: &'static str, chance: &mut Chance) -> Self {
        let stage = chance.one_of(&[Stage::Rcpt, Stage::Data, Stage::Dot]);
        let (also_at_mail, counts_refused) = (chance.hits(300), window < DAY && chance.hits(300));
        Self { most, window, stage, says, also_at_mail, counted: Vec::new(), counts_refused }
    }

    /// Returns where it asks for less in the transaction that begins, and how, where it is one too many.
    fn ask(&mut self, elapsed: i64, chance: &mut Chance) -> Option<(Stage, &'static str)> {
        self.counted.retain(|at| elapsed - at < self.window);
        let is_too_much = self.counted.len() >= self.most;
        if !is_too_much || self.counts_refused {
            self.counted.push(elapsed);
        }
        if !is_too_much {
            return None;
        }
        let at_mail = self.also_at_mail && chance.hits(300);
        Some(if at_mail { (Stage::Mail, SLOWER[0]) } else { (self.stage, self.says) })
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
