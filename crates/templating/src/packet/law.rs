//! What the law part of a packet shows, as plain data: which rule asks for what, and where it stands.
//!
//! Nothing is judged here. Whoever applies the rules fills it in; a packet without it says that no rule was applied.

use forthwith_core::law::Answer;
use serde::{Deserialize, Serialize};

/// The rules that were applied to a plan, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketLaw {
    /// The day of the rules as they were applied: `2026-11-23`.
    pub rules_of: String,
    /// How many rules were applied.
    pub rules: u64,
    /// How many of them nobody has confirmed against their source.
    pub unverified: u64,
    /// That every row has exactly one wording.
    pub coverage: PacketCoverage,
    /// Every regime that asks for a notice to somebody on the list.
    pub regimes: Vec<PacketRegime>,
    /// Those that may ask for one, or would and do not.
    pub aside: Vec<PacketAside>,
    /// Every decision that is recorded, with the regimes that it is about.
    pub decisions: Vec<PacketRecorded>,
    /// By when people must be told, and what is owed beside the notices: to authorities, bureaus, media, by letter.
    pub owed: Vec<PacketOwed>,
}

/// How the rows of the list fall on wordings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketCoverage {
    /// Rows that were looked at.
    pub rows: u64,
    /// Rows with exactly one wording.
    pub exactly_one: u64,
    /// Rows with none: people who would be told nothing.
    pub none: u64,
    /// Rows with two or more.
    pub several: u64,
    /// Keys of wordings that were prepared and that nobody gets.
    pub unreached: Vec<String>,
}

/// One law that reaches people on the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketRegime {
    /// Its id: `us-ca`.
    pub id: String,
    /// What it is called: `California, Civil Code 1798.82`.
    pub title: String,
    /// How many people on the list it is about.
    pub people: u64,
    /// Whether it asks for these notices at all.
    pub duty: PacketRule,
    /// Whether e-mail may carry them, where it says something of ways.
    pub channel: Option<PacketRule>,
    /// What it asks of their words, and what it forbids.
    pub elements: Vec<PacketRule>,
}

/// One law that asks for no notice to people whom it reaches, or of whom nobody can tell whether it reaches them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketAside {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// How many people on the list.
    pub people: u64,
    /// Whether nobody can tell, in place of that it does not ask.
    pub is_open: bool,
    /// The facts that decided, and the decision.
    pub why: String,
}

/// A decision that is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketRecorded {
    /// The decision.
    pub decision: PacketDecision,
    /// The regimes that it names, or those that asked; none where nobody asked.
    pub regimes: Vec<String>,
}

/// One thing that a rule asks for, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketRule {
    /// What is asked, as one phrase: `says when it happened`, `does not say how many live in the state`.
    pub asks: String,
    /// The element that it is about, where it is one: `date_of_breach`.
    pub element: Option<String>,
    /// Keys of the wordings that it is about; empty means all that its people get.
    pub variants: Vec<String>,
    /// Law, section and date of the text.
    pub citation: String,
    /// Where it stands.
    pub standing: PacketStanding,
    /// The fact that decided: `occurred = 2020-10-05 to 2020-10-09`.
    pub fact: String,
    /// Whether somebody confirmed the rule against its source.
    pub is_verified: bool,
    /// What a person decided about it, where one did.
    pub decision: Option<PacketDecision>,
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PacketStanding {
    /// What is asked for is there.
    Met,
    /// It is not.
    NotMet,
    /// No program can tell: a person decides.
    Decide,
}

/// What a person decided about a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketDecision {
    /// On what: `is its test of harm met`.
    pub question: String,
    /// Who.
    pub by: String,
    /// When, as recorded.
    pub on: String,
    /// What, and why.
    pub reason: String,
}

/// Something that laws want besides what the notices say: to whom, and by when. The notices' own dates are among it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketOwed {
    /// The law: `us-ca`.
    pub regime: String,
    /// To whom, in a word: `individual`, `letter`, `regulator`, `credit_bureaus`, `media`, `other`.
    pub kind: String,
    /// To whom: `Attorney General of California`.
    pub to: String,
    /// What: `a sample of the notice, and the number of residents`.
    pub what: String,
    /// Whether it is owed; unknown where it depends on people of whom not enough is known.
    pub owed: Answer,
    /// How many people on the list count for it for certain.
    pub counted: u64,
    /// By when, as an absolute moment; `None` where no moment can be told.
    pub by: Option<String>,
    /// The same where it counts: `end of 2 October 2026, America/Los_Angeles`.
    pub by_local: Option<String>,
    /// The duty that runs underneath, as the law words it.
    pub soft: Option<String>,
    /// What a person must know besides.
    pub says: Option<String>,
    /// The events that the moment waits for.
    pub waits: Option<String>,
    /// The fact that decided.
    pub fact: String,
    /// What a person decides before it is owed.
    pub asks: Vec<String>,
    /// What would move the date.
    pub moves: Vec<String>,
    /// Law, section and date of the text.
    pub citation: String,
    /// Whether somebody confirmed the rule against its source.
    pub is_verified: bool,
}

impl PacketRegime {
    /// Returns every rule of the regime.
    pub fn rules(&self) -> impl Iterator<Item = &PacketRule> {
        std::iter::once(&self.duty).chain(&self.channel).chain(&self.elements)
    }
}

impl PacketRule {
    /// Returns whether a person has still to decide.
    pub fn is_open(&self) -> bool {
        self.standing == PacketStanding::Decide && self.decision.is_none()
    }
}
